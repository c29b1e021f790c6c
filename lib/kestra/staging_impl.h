/*
 * staging_impl.h - what the staging*.c files share; no other file includes it.
 *
 * staging_rules.c reads RULES.yml, staging.c binds rules to a layout (a tree of paths for each
 * kind), staging_walk.c goes through a document, staging_edit.c makes edits, staging_type.c those
 * that hang on the type of an object, staging_value.c new values, staging_source.c writes a flow as
 * YAML.
 */
#ifndef REQUEUE_STAGING_IMPL_H
#define REQUEUE_STAGING_IMPL_H

#include "lib/base/hmac.h"
#include "lib/base/splice.h"
#include "lib/kestra/staging.h"

enum stage_act {
    STAGE_PASS,      /* stays, as far as it is a scalar */
    STAGE_KEEP,      /* stays with all that is in it: a rule says so */
    STAGE_PSEUDONYM, /* keyed, same input same output */
    STAGE_TEXT,      /* a fixed text */
    STAGE_DROP,      /* the member goes */
    STAGE_TRUE,      /* becomes true, is added where it is not */
    STAGE_KEY,       /* a webhook's key */
    STAGE_NAMESPACE, /* renamed */
    STAGE_TENANT,
    STAGE_FIXED, /* like PASS, and no rule may say otherwise */
    STAGE_CUT,   /* the projection cuts it out: nobody has to look into it */
};

struct stage_rule {
    enum stage_act act;
    const char    *text; /* for people */
    const char    *path;
    unsigned       line; /* 0: of the layout */
    unsigned       kinds;
    bool           by_class; /* FIXED at any depth: only in an object whose type is a class */
    struct slice   with;     /* TEXT: as a JSON string */
    uint64_t       count[KIND_COUNT], seen[KIND_COUNT];
};

/* A place in the documents of a kind. The children of `**` are reached from any depth below. */
struct stage_node {
    struct slice       name; /* p NULL: * or ** */
    struct stage_node *next, *first, *any, *deep;
    bool               loops; /* is a ** */
    /* Where a rule of the file names a member: others that documents have there, for the nearest.
     */
    size_t        n_others;
    struct slice *others; /* NULL: no such rule */
    int           rule;   /* its index; -1: none */
    int           sure;   /* the same without one that hangs on the type of the object */
    bool          met;    /* some document has it */
};

#define STAGE_MAX_OTHERS 64

struct rename {
    struct slice from, to;
    struct slice slashed; /* from, as a path of Kestra's storage spells it; p NULL: no dot in it */
    const char  *from_text;
    int          rule;
    unsigned     line;
};

struct renames {
    size_t         n;
    struct rename *items;
};

struct staging {
    struct arena        *arena;
    const char          *name;
    bool                 has_rules, seeded, disable_flows, masks;
    char                 seed_digest[17], rules_digest[33];
    struct hmac         *hmac;
    struct renames       renames[2];  /* by enum staging_name */
    size_t               n_own;       /* rules of the file; the bound ones follow */
    int                  source_rule; /* counts sources that were written anew */
    size_t               n_rules, cap;
    struct stage_rule   *rules;
    struct arena        *bound; /* what staging_bind makes */
    const struct layout *layout;
    struct stage_node   *roots[KIND_COUNT];
    staging_left_fn      on_left;
    void                *left_ctx;
    uint64_t             left[KIND_COUNT];
};

/* A container on the way down. */
struct stage_frame {
    size_t       set, n_set; /* its nodes, in stager.active */
    int          mode;       /* the rule that covers it and what is in it; -1: none */
    unsigned     below;      /* levels below the last place that a path spells */
    bool         skip;       /* dropped, or nothing to do inside */
    bool         list;
    struct slice name;  /* in its object */
    size_t       index; /* in its list */
    size_t       n;     /* values so far */
    struct slice type;  /* its member `type`; p NULL: none so far */
    struct slice field; /* likewise: what a filter looks at */
    size_t       first_candidate;
    bool         any_kept;
    size_t       kept_end;  /* end of the last value that stays */
    size_t       drop_from; /* begin of those that go before any that stays; SIZE_MAX: none */
    size_t       last_end;
    int          insert; /* a member that is to be true; -1: none */
    struct slice insert_name;
    bool         insert_seen;
};

enum stage_question {
    ASK_OWN,     /* a name in a task or condition of Kestra's own? */
    ASK_FILTER,  /* a value that is compared with a namespace? */
    ASK_WEBHOOK, /* the key of a webhook? */
    ASK_NO_TASK, /* the id of what is no task, trigger or condition at all? */
};

/* An edit that hangs on the type of the object around it. */
struct stage_candidate {
    enum stage_question ask;
    struct splice       edit; /* when the answer is yes */
    int                 rule;
    struct slice        otherwise; /* what it becomes else; p NULL: it stays */
    int                 other_rule;
    const char         *path; /* of a name */
    const char         *why;  /* it is left, then */
};

struct stager {
    struct staging *s;
    struct arena   *arena; /* of the document at hand */
    struct buf      text, quoted;

    enum kind               kind;
    struct slice            key, doc;
    bool                    renames; /* texts are searched for names */
    size_t                  n_edits, cap_edits;
    struct splice          *edits;
    size_t                  n_active, cap_active;
    struct stage_node     **active;
    size_t                  n_frames, cap_frames;
    struct stage_frame     *frames;
    size_t                  n_candidates, cap_candidates;
    struct stage_candidate *candidates;

    uint64_t (*count)[KIND_COUNT]; /* per rule */
    uint64_t (*seen)[KIND_COUNT];
    uint64_t left[KIND_COUNT];
    bool     ran[KIND_COUNT];
    bool     quiet;
};

/* staging_rules.c */
MUST_CHECK bool staging_read_rules(struct staging *s, struct slice text, struct err *err);

/* staging.c */
int         staging_add_rule(struct staging *s, const struct stage_rule *rule);
const char *staging_act_name(enum stage_act act);

/* The next part of a path, which stands at its slash and goes on behind the part. */
static inline struct slice stage_next_part(const char **path)
{
    const char *p = *path + 1;
    size_t      n = strcspn(p, "/");

    *path = p + n;
    return slice_of(p, n);
}

static inline size_t stage_offset(const struct stager *g, const char *p)
{
    return (size_t)(p - g->doc.p);
}

static inline struct stage_frame *stage_top(struct stager *g)
{
    return &g->frames[g->n_frames - 1];
}

static inline const struct stage_rule *stage_rule_of(const struct stager *g, int rule)
{
    return rule < 0 ? NULL : &g->s->rules[rule];
}

/* staging_edit.c: room for one item more behind n. */
void *stage_grow(void *items, size_t n, size_t *cap, size_t size);
void  stage_edit(struct stager *g, size_t from, size_t to, struct slice text);
void  stage_note(struct stager *g, int rule, bool changed);
bool  stage_is_masking(const struct stage_rule *r);
/* A value that is no container, in the frame on top. rule: what it is under, -1: nothing; other:
 * what it would be under if no rule hung on the type of the object. */
void stage_scalar(struct stager *g, struct slice name, struct json_value v, int rule, int other);
/* The value at hand, named so in the frame on top, as a JSON pointer in the arena. */
const char *stage_path(struct stager *g, struct slice name);

/* staging_type.c: what hangs on the type of an object, and names that stay. */
void stage_ask(struct stager *g, enum stage_question ask, struct json_value v,
               struct stage_candidate c);
/* The object that f was is over: what hung on its type is done or left. */
void stage_settle(struct stager *g, const struct stage_frame *f);
bool stage_is_class(struct slice text); /* a.package.Class */
/* A text, or a member's name, that no rule changes: does it hold a name that is renamed elsewhere?
 */
void stage_look(struct stager *g, struct slice name, struct json_value v);
void stage_look_name(struct stager *g, struct slice name);

/* staging_value.c: as JSON, in the stager's arena. p NULL: it stays as it is. */
struct slice stage_pseudonym(struct stager *g, struct json_value v);
struct slice stage_member_name(struct stager *g, struct slice name);
struct slice stage_webhook_key(struct stager *g, struct json_value v);
struct slice stage_rename(struct stager *g, enum staging_name what, struct json_value v, int *rule);
/* Does text hold one of the names that are renamed, as a word? */
bool stage_holds_name(const struct stager *g, struct slice text);
/* Is text a namespace above one that is renamed? */
bool stage_is_above_name(const struct stager *g, struct slice text);
/* What a string says; borrowed from v or in the arena. */
struct slice stage_text(struct stager *g, struct json_value v);

#endif
