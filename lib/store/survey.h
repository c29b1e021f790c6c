/*
 * survey.h - what a run must know of the store before the first record: the flow index and the
 * counts.
 *
 * One pass over the flow revisions (only when flows are in scope, or
 * executions or locks are judged by them), one more when keys collide, so
 * that every skipped or colliding revision is named before anything is sent. Everything else is
 * counted by the store without reading documents.
 */
#ifndef REQUEUE_SURVEY_H
#define REQUEUE_SURVEY_H

#include "lib/kestra/judge.h"
#include "lib/kestra/scope.h"
#include "lib/store/pipeline.h"

/* A skipped document, told once. Slices are borrowed for the call. */
struct skip {
    enum kind    kind;
    enum reason  reason;
    const char  *place; /* table or index */
    struct slice id;    /* the store's key */
    const char  *detail;
};
typedef void (*skip_fn)(void *ctx, const struct skip *skip);

struct survey {
    struct store_counts counts[KIND_COUNT];
    struct flow_index  *flows;      /* NULL: nobody needs it */
    uint64_t            listeners;  /* flows that ended executions may start (Flow triggers) */
    uint64_t            flow_skips; /* revisions that were told as skipped */
    struct judge       *judge;      /* owned; NULL until the run has one: nothing is judged */
};

/* tally: of the flow pass, for progress. on_skip may be NULL. */
/* ERR_REFUSED when renaming for staging would make two documents one. */
MUST_CHECK bool survey_run(struct store *store, const struct layout *layout,
                           const struct scope *scope, unsigned jobs, const struct stop *stop,
                           struct tally *tally, skip_fn on_skip, void *ctx, struct survey *out,
                           struct err *err);
void            survey_release(struct survey *s);

/* The query that reads a kind within a scope. */
struct store_query survey_query(const struct scope *scope, enum kind kind);

/* The same with the ended executions that the judge lets go; and the projection of what it reads,
 * by all that the survey and the judge know. s NULL: nothing is known. */
struct store_query survey_query_of(const struct survey *s, const struct scope *scope,
                                   enum kind kind);
struct projector  *survey_projector(const struct survey *s, const struct layout *layout,
                                    const struct scope *scope);

#endif
