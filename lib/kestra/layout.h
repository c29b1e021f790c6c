/*
 * layout.h - what one band of Kestra versions looks like: topics, keys, members, tables, states.
 *
 * A layout is data (schemas/layouts/NAME.yml, described in schemas/README.md); a new Kestra version
 * is a new file, no C. A file may say `extends: OTHER`: mappings are merged member by member, the
 * extending file wins; sequences and scalars are replaced whole. Facts come from
 * kestra/data-model.md (parts 2, 4, 5 and 6); each layout file says which.
 *
 * No I/O here: the caller gives the texts through a loader. A loaded layout is immutable and may be
 * read by any thread. Errors: ERR_USAGE with "FILE:LINE: ...".
 */
#ifndef REQUEUE_LAYOUT_H
#define REQUEUE_LAYOUT_H

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/kestra/kind.h"
#include "lib/kestra/task_type.h"

#define LAYOUT_MAX_KEY_PARTS 4
#define LAYOUT_MAX_EXTENDS   12

/* What a key does with a member that is null or absent (data-model 5.4). */
enum key_null {
    KEY_NULL_REFUSE, /* the member is mandatory: the document is skipped */
    KEY_NULL_SKIP,   /* the part is left out with its separator: the tenant, from 0.13 */
    KEY_NULL_MINUS1, /* "-1": a flow without a revision */
};

struct key_part {
    const char   *member; /* top-level member name */
    enum key_null null;
};

/* Parts joined by separator: [tenantId_]namespace_id_revision. */
struct key_template {
    const char     *separator;
    size_t          n_parts;
    struct key_part parts[LAYOUT_MAX_KEY_PARTS];
};

struct topic_config {
    const char *name;
    const char *value;
};

/* One topic that the layout declares (data-model 2.2). */
struct topic_layout {
    const char *id;          /* Kestra's configuration key: "execution", "flowlast" */
    const char *name;        /* template with {topic_prefix} and {consumer_prefix} */
    const char *sibling;     /* id of the topic whose partition count this one shares; NULL: none */
    enum kind   kind;        /* the kind that fills it; KIND_COUNT: created and left empty */
    bool        assumed;     /* nobody has published this name (design part 6) */
    int         partitions;  /* 0: the layout's default */
    int         replication; /* 0: the layout's default */
    size_t      n_configs;
    struct topic_config *configs;
};

struct strings {
    size_t       n;
    const char **items;
};

/* What becomes of a kind in a staging copy (lib/kestra/staging.h). All are paths: names with a
 * slash before each, * for any one member or item, ** for any number of levels. */
struct staging_layout {
    struct strings tenants, namespaces; /* members that name one: renamed by rules */
    struct strings off;                 /* neutral: becomes true, is added where it is missing */
    struct strings disable;             /* likewise, but only when the rules disable flows */
    struct strings keys;                /* neutral: keys of webhooks */
    struct strings clear;               /* neutral: taken away */
    struct strings fixed;               /* Kestra cannot read the document without: never masked */
    struct strings whole;               /* hold such: never taken away */
    struct strings mask;                /* masked unless a rule says otherwise */
    struct strings pass;                /* not masked unless a rule says so */
    struct strings members;             /* for the table in the docs: members that releases have */
    bool           mask_rest;           /* what no path names is masked too */
};

/* Everything about one kind that is not the topic. */
struct kind_layout {
    bool                enabled;       /* false: this band has no such kind */
    const char         *table;         /* PostgreSQL table */
    const char         *index;         /* index, alias or wildcard; may begin with {index_prefix} */
    const char         *source_member; /* where a search store keeps the source code; NULL: none */
    bool                has_deleted;   /* documents carry the member `deleted` */
    bool                has_tenant;    /* column tenant_id and member tenantId exist */
    bool                has_source;    /* column source_code exists */
    bool                add_source;    /* the topic's value carries `source` (from 0.20) */
    struct key_template key;
    size_t              n_drop; /* members that only a store has: cut out */
    const char        **drop;
    size_t              n_unlock; /* members that --unlock blanks (data-model 6.2) */
    const char        **unlock;
    size_t              n_required; /* further mandatory members (for skips) */
    const char        **required;

    /* Comparison (data-model 5.10); patterns are paths "/taskRunList/ * /state" (without blanks)
     * where
     * * stands for every element of a list. */
    size_t       n_dates; /* members compared as instants */
    const char **dates;
    size_t       n_states; /* state objects: duration, startDate, endDate are computed */
    const char **states;
    size_t       n_labels; /* map or list of {key, value} */
    const char **labels;
    size_t       n_verbatim; /* inside these, empty and null entries count (5.2) */
    const char **verbatim;
    size_t       n_false; /* members where absent means false */
    const char **absent_false;

    struct staging_layout staging;
};

/* A table in which servers leave a heartbeat (design part 7: Kestra must be stopped). */
struct liveness_layout {
    const char    *table;     /* NULL: this band has none */
    const char    *state;     /* top-level member of value */
    struct strings live;      /* its values that mean a running server */
    const char    *heartbeat; /* top-level member of value: RFC 3339 */
    const char    *type;      /* top-level member that names the server's kind; NULL: none */
};

/* How the executor of a band decides (kestra/restartability.md 0 and 2.3). */
struct executor_layout {
    bool paused_ends;      /* PAUSED counts as ended and failed (A, B1) */
    bool subflow_runs;     /* a subflow's task run is RUNNING at once (from 0.12, H04) */
    bool subflow_waits;    /* `wait` and `transmitFailed` are true by default (from 0.17) */
    bool kills_at_once;    /* KILLING ends at the next pass (from 0.14, H14) */
    bool skips_terminal;   /* a terminal execution is not processed (from 0.13, H02) */
    bool refires_terminal; /* a terminal record starts flow triggers again (up to 0.18, H03) */
    bool items_split;      /* ForEachItem is a flowable of three tasks (from 0.16) */
    bool poison_number;    /* an integer outside Java's long stops the server (up to 0.18) */
    bool parent_task_run;  /* link records say parentTaskRun, parentTask (from 0.14) */
};

struct layout {
    const char *name;       /* band: "A", "B1", ... "J" */
    const char *releases;   /* "0.20.x", for people */
    const char *file;       /* for messages */
    bool        assumed;    /* topic names of this band are nobody's publication */
    bool        drop_empty; /* inclusion NON_EMPTY: absent = "" = [] = {} (up to 0.16) */
    int         partitions;
    int         replication;
    uint64_t    message_max_bytes; /* the largest record Kestra's producers may send */
    const char *topic_prefix;      /* defaults, with their separators */
    const char *consumer_prefix;
    const char *index_prefix;

    /* flyway_schema_history of this band (data-model 6.2): a plain integer history reaches
     * plain_max; a history with 1.x rows has its highest x in [minor_min, minor_max]. 0: none. */
    int plain_min, plain_max, minor_min, minor_max;

    /* What a store of this band has and one of the band before has not, for stores without a
     * migration history: "table:T", "column:T.C" or "member:T.M" (some document of table T has the
     * top-level member M). Empty: never guessed. */
    struct strings evidence;
    /* The same for search stores, which have no migrations and no tables: "member:KIND.M" (some
     * document of that kind has the top-level member M). Absence proves nothing (data-model 6.2),
     * so a band found by hints is a guess. Empty: never guessed. */
    struct strings hints;

    struct strings terminal; /* states; anything else is pending, and PAUSED always is */
    struct strings known;    /* states that this band's Kestra can read (E40); all of them */

    struct executor_layout executor;
    struct strings         tasks[TASK_TYPE_COUNT]; /* class names, old and new; none of a leaf */

    /* A staging copy: classes of webhook triggers; beginnings of the classes whose member
     * `namespace` is one of Kestra's; what filters of flow triggers look at when they compare a
     * namespace, and how, when it is a name or the beginning of one. */
    struct {
        struct strings webhooks, packages, filter_fields, filter_types;
    } staging;

    size_t                 n_topics;
    struct topic_layout   *topics;
    struct kind_layout     kinds[KIND_COUNT];
    struct liveness_layout liveness;

    /* What must be reset before Kestra starts (restartability 4.2); names with {consumer_prefix}.
     */
    struct strings reset_groups;
    struct strings reset_changelogs;
    struct strings reset_directories;

    struct arena *arena; /* owns all of the above */
};

/* Gives the text of layout `name` (a band name or, for a name with '/' or ending in .yml, a file):
 * appends it to out and says in *file what to call it in messages (lives as long as the layout: may
 * be allocated from a). False with *err filled: ERR_USAGE. */
typedef bool (*layout_loader)(void *ctx, const char *name, struct arena *a, struct buf *out,
                              const char **file, struct err *err);

MUST_CHECK bool layout_load(const char *name, layout_loader loader, void *ctx, struct layout **out,
                            struct err *err);
void            layout_free(struct layout *l); /* NULL is allowed */

/* Does a Flyway history belong to this band? versions: the `version` column of the successful rows,
 * any order ("1", "22", "1.24"); NULL items are skipped (repeatable migrations have none). The rule
 * of data-model 6.2: if any 1.x row exists the highest x decides, else the highest plain number. */
bool layout_matches_flyway(const struct layout *l, const char *const *versions, size_t n);

/* Does that state end an execution? PAUSED never does, whatever the band calls it. */
bool layout_is_terminal(const struct layout *l, struct slice state);
bool layout_knows_state(const struct layout *l, struct slice state); /* E40 */

/* TASK_LEAF for a class that no list of `tasks` names. */
enum task_type layout_task_type(const struct layout *l, struct slice class_name);

/* The topic that a kind fills; never NULL for an enabled kind. */
const struct topic_layout *layout_topic_of(const struct layout *l, enum kind kind);

/* Replace {topic_prefix} and {consumer_prefix} in a name; the result lives in a. */
const char *layout_name(const char *pattern, const char *topic_prefix, const char *consumer_prefix,
                        struct arena *a);

#endif
