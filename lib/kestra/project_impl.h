/*
 * project_impl.h - what the project*.c files share; no other file includes it.
 *
 * project.c asks the questions in their order, project_find.c looks into the document,
 * project_build.c makes key and value.
 */
#ifndef REQUEUE_PROJECT_IMPL_H
#define REQUEUE_PROJECT_IMPL_H

#include "lib/kestra/judge.h"
#include "lib/kestra/project.h"

#define PROJECT_OUT_MAX_BYTES (1u << 30) /* PostgreSQL has no larger value */

/* What is looked for in the documents of one kind. */
struct search {
    size_t             n;
    struct json_path  *paths;
    struct json_value *found;  /* of the document at hand */
    const char       **cut;    /* "source", the layout's drop, its unlock members */
    size_t             n_free; /* unlock members that a lock which is kept does not need */
};

struct projector {
    const struct layout     *layout;
    struct project_options   options;
    const struct flow_index *index;
    struct judge            *judge;
    struct judgement        *judgement; /* of the execution at hand, when judged is set */
    bool                     judged;    /* and it is sent */
    struct arena            *arena;     /* owns what is in searches */
    struct search            searches[KIND_COUNT];

    struct stager *stager; /* NULL: not for staging */

    /* Of the document at hand. */
    struct buf key;      /* what the store should have as its key */
    struct buf new_key;  /* staging: the record's */
    struct buf flow_key; /* flows: the flow-last key */
    struct buf identity; /* flows: see flow_index_add */
    struct buf text;     /* scratch for one unescaped string */
    struct buf quoted;   /* the source as a JSON string */
    struct buf value;    /* the record's value, when it is not the document's */
    struct err err;      /* here because it is too large to be cleared for each document */
};

/* One call of project(). */
struct job {
    struct projector         *p;
    enum kind                 kind;
    const struct kind_layout *layout;
    const struct search      *search;
    const struct document    *doc;
    struct projection        *out;
};

static inline bool project_is_flow(enum kind kind)
{
    return kind == KIND_FLOW || kind == KIND_FLOW_LAST;
}

/* The template of the key by which the store keeps documents of this kind. */
static inline const struct key_template *project_stored_key(const struct layout *l, enum kind kind)
{
    return &l->kinds[kind_stored(kind)].key;
}

static inline const struct key_template *project_flow_key(const struct layout *l)
{
    return &l->kinds[KIND_FLOW_LAST].key;
}

static inline bool project_is_true(struct json_value v)
{
    return v.type == JSON_BOOL && slice_eq(v.raw, SLICE("true"));
}

static inline bool project_is_set(struct json_value v)
{
    return v.type != JSON_ABSENT && v.type != JSON_NULL;
}

/* project.c: a fault of the document. False, for `return project_skip(...)`. */
bool project_skip(struct projection *out, enum reason reason, const char *fmt, ...) PRINTF(3, 4);

/* project_find.c: what is to be looked for in documents of a kind, once for each projector. */
void project_prepare(struct projector *p, enum kind kind);

/* Search the document at hand; false: it is unreadable and skipped. */
MUST_CHECK bool project_find(const struct job *j);

/* What the search found; a path that was not searched for is an absent member. */
struct json_value project_found(const struct job *j, const char *name, const char *sub);

/* The same as it will be in staging, where it names a tenant or namespace. */
struct json_value project_named(const struct job *j, const char *name);

/* project_build.c: the record's key and what the index wants to know of a flow; false: skipped. */
MUST_CHECK bool project_build_keys(const struct job *j);

/* The record's value; false: skipped. */
MUST_CHECK bool project_build_value(const struct job *j);

#endif
