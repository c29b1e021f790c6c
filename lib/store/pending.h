/*
 * pending.h - the pass over the pending executions: reads them once, fetches what judging them
 * needs (flow revisions, templates, children), and hands out a judgement for each.
 *
 * Nothing is kept of an execution but what the judge keeps. Executions whose revision is not there
 * yet wait (at most PENDING_WAIT_BYTES of them) until a look-up of up to STORE_MAX_IDS revisions
 * is worth it; parents with open subflows are judged at the end, when their children are known.
 * Terminal documents are never streamed.
 */
#ifndef REQUEUE_PENDING_H
#define REQUEUE_PENDING_H

#include "lib/kestra/judge.h"
#include "lib/store/survey.h"

#define PENDING_WAIT_BYTES (16u << 20)

struct pending_conf {
    struct store        *store;
    const struct layout *layout;
    const struct scope  *scope;
    const char *const   *places; /* by kind: table or index, for addresses */
    unsigned             jobs;
    const struct stop   *stop;
    struct tally        *tally; /* NULL: nobody looks */
    struct judge        *judge;
    /* Each pending execution, once; place: where it was read. False ends the run, *err set. */
    bool (*on_judged)(void *ctx, const char *place, const struct document *doc,
                      const struct judgement *j, struct err *err);
    /* A document that is no JSON object. */
    skip_fn on_skip;
    void   *ctx;
};

/* Counted, for the plan: nothing is read in silence. */
struct pending_stats {
    uint64_t executions; /* judged */
    uint64_t revisions;  /* looked up */
    uint64_t templates;
    uint64_t parents;  /* with an open subflow */
    uint64_t children; /* found */
    uint64_t lookups;  /* requests */
};

MUST_CHECK bool pending_run(const struct pending_conf *conf, struct pending_stats *stats,
                            struct err *err);

#endif
