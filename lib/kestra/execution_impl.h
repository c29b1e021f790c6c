/*
 * execution_impl.h - what the execution*.c files share; no other file includes it.
 */
#ifndef REQUEUE_EXECUTION_IMPL_H
#define REQUEUE_EXECUTION_IMPL_H

#include "lib/kestra/execution.h"

/* ---- members (execution_members.c) ---- */

/* What a container is; unsigned where it is kept, because most switches care for few. */
enum {
    PLACE_OTHER,
    PLACE_DOC,
    PLACE_STATE,
    PLACE_HISTORIES,
    PLACE_HISTORY,
    PLACE_RUNS,
    PLACE_RUN,
    PLACE_ATTEMPTS,
    PLACE_ATTEMPT,
    PLACE_OUTPUTS,
    PLACE_TRIGGER,
    PLACE_VARIABLES,
    PLACE_COUNT,
};

enum member_kind {
    MEMBER_TEXT,     /* a slice at `at` of what the place fills */
    MEMBER_BOOL,     /* a bool there */
    MEMBER_REVISION, /* an integer */
    MEMBER_CURRENT,  /* a state's name */
    MEMBER_WHEN,     /* a history's state */
    MEMBER_OBJECT,   /* opens `place`, which fills what is there */
    MEMBER_LIST,     /* likewise */
};

struct member {
    struct slice     name;
    enum member_kind kind;
    size_t           at;
    unsigned         place;
};

struct place {
    const struct member *members;
    size_t               n;
    unsigned             item; /* of a list: what an item that is an object is */
};

extern const struct place execution_places[];

/* The member of that name as it is spelled; NULL: it goes nowhere. */
const struct member *execution_member(unsigned place, struct slice name);

/* ---- after the walk (execution_scan.c) ---- */

/* Fill big_integer and storage_uri. e->raw is known to be JSON. */
void execution_scan(struct execution *e);

/* Fill duplicate_run, broken_run and the parents of all runs. Linear in the number of runs. */
void execution_link(struct execution *e);

#endif
