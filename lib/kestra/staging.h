/*
 * staging.h - what a document of production becomes in staging: neutral, renamed, masked.
 *
 * Rules come from three places. The layout says, per band and kind, what keeps a document from
 * doing anything by itself, which members name a tenant or namespace, and what of an execution is
 * masked unless a rule lets it pass. RULES.yml adds names and masks (staging_parse). A seed keys
 * every pseudonym and webhook key: same seed, same input, same output, in every document.
 *
 * The document is never printed again: the walk (staging_walk.c) makes edits, splice.h applies
 * them, every byte outside of an edit stays. Only the source code of a flow that is touched is
 * written anew, from the flow itself: comments and old texts may hold anything.
 *
 * Pure, but for the counts. A staging has one owner thread at a time, a stager too.
 */
#ifndef REQUEUE_STAGING_H
#define REQUEUE_STAGING_H

#include "lib/kestra/layout.h"

#define STAGING_SEED_MIN_BYTES 16  /* a shorter one is guessed from the digest in the report */
#define STAGING_MAX_RULES      500 /* of one file, each sort */

struct staging;

/* text: RULES.yml, name: for messages; text.p NULL: neutral only. seed.p NULL: a random one.
 * ERR_USAGE: "NAME:LINE: ...". The result is not bound: */
MUST_CHECK bool staging_parse(struct slice text, const char *name, struct slice seed,
                              struct staging **out, struct err *err);
/* To what a band's documents are like; again for another layout. Refuses (ERR_USAGE) rules that
 * would break a key or a mandatory member. layout is borrowed from then on. */
MUST_CHECK bool staging_bind(struct staging *s, const struct layout *layout, struct err *err);
void            staging_free(struct staging *s); /* NULL is allowed */

bool        staging_has_rules(const struct staging *s);    /* RULES.yml, not only neutral */
bool        staging_renames(const struct staging *s);      /* some rule renames */
bool        staging_is_seeded(const struct staging *s);    /* the seed was given */
const char *staging_seed_digest(const struct staging *s);  /* 16 hex digits, tell nothing of it */
const char *staging_rules_digest(const struct staging *s); /* of RULES.yml; "" without one */

/* ---- one document ------------------------------------------------------------------------ */

enum staging_name { STAGING_NAMESPACE, STAGING_TENANT };

/* A name that was left as it is although it, or a part of the text, would be renamed elsewhere. */
struct staging_left {
    enum kind    kind;
    struct slice key;  /* of the record */
    const char  *path; /* JSON pointer; never a value */
    const char  *why;  /* "expression": inside {{ }}; "text"; "type": of a task that is not Kestra's
                          own; "above": a namespace that holds it; "name": of a member */
};
typedef void (*staging_left_fn)(void *ctx, const struct staging_left *left);
/* Who wants to know; told for all kinds but flow-last, which says the same as flow. */
void staging_on_left(struct staging *s, staging_left_fn fn, void *ctx);

struct stager;

struct stager *stager_new(struct staging *s); /* of a bound one */
/* A pass that only looks: what it does is neither counted nor told. */
void stager_quiet(struct stager *g);
void stager_free(struct stager *g); /* NULL is allowed */

/* A member that names a tenant or namespace, as it will be. Valid until the next stager_begin. */
struct json_value stager_name(struct stager *g, enum staging_name what, struct json_value v);

/* A new document: what was handed out for the last one is gone. */
void stager_begin(struct stager *g);
/* The document's value in staging; doc itself where nothing changes. doc is known to be JSON. key:
 * of the record, for what is left. ERR_DATA: nested too deep. Valid until stager_begin. */
MUST_CHECK bool stager_apply(struct stager *g, enum kind kind, struct slice key, struct slice doc,
                             struct slice *out, struct err *err);
/* The source code of a flow, as YAML made of its value, without what Kestra does not write there.
 */
MUST_CHECK bool stager_source(struct stager *g, struct slice flow, struct slice *out,
                              struct err *err);

/* ---- what was done ----------------------------------------------------------------------- */

struct staging_rule_info {
    const char *text;              /* "mask execution /inputs: pseudonym" */
    unsigned    line;              /* in RULES.yml; 0: of the layout */
    unsigned    kinds;             /* KIND_BIT() */
    uint64_t    count[KIND_COUNT]; /* values changed, by the last whole pass over each kind */
    uint64_t    seen[KIND_COUNT];  /* values it was applied to, also those that stayed */
};

size_t staging_rules(const struct staging *s);
/* False: not one for people. */
bool staging_rule_info(const struct staging *s, size_t i, struct staging_rule_info *out);
/* Of a rule that matched nothing: the nearest path that would have; empty: not known. out is
 * replaced. */
void     staging_near(const struct staging *s, size_t i, struct buf *out);
uint64_t staging_left_count(const struct staging *s); /* staging_left in the last passes */

#endif
