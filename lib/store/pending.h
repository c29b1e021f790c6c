/*
 * pending.h - the pass over the pending executions: reads them once, fetches what judging them
 * needs (flow revisions, templates, children), and hands out a judgement for each.
 *
 * Nothing is kept of an execution but what the judge keeps. Executions whose revision is not there
 * yet wait (at most PENDING_WAIT_BYTES of them) until a look-up of up to STORE_MAX_IDS revisions
 * is worth it; parents with open subflows are read again at the end, when their children are known.
 * Terminal documents are never streamed.
 */
#ifndef REQUEUE_PENDING_H
#define REQUEUE_PENDING_H

#include "lib/kestra/judge.h"
#include "lib/store/survey.h"

#define PENDING_WAIT_BYTES (16u << 20)

/* Each pending execution, once, in no order; place: table or index where it was read. False ends
 * the run, *err set. */
typedef bool (*judged_fn)(void *ctx, const char *place, const struct document *doc,
                          const struct judgement *j, struct err *err);

struct pending_conf {
    struct store        *store;
    const struct layout *layout;
    const struct scope  *scope;
    unsigned             jobs;
    const struct stop   *stop;
    struct tally        *tally; /* NULL: nobody looks */
    struct judge        *judge;
    judged_fn            on_judged; /* NULL: nobody looks */
    void                *ctx;
};

/* Counted, for the plan: nothing is read in silence. */
struct pending_stats {
    uint64_t executions; /* judged */
    uint64_t unreadable; /* no JSON object; the projection names them */
    uint64_t revisions;  /* looked up */
    uint64_t templates;  /* likewise */
    uint64_t parents;    /* with an open subflow */
    uint64_t children;   /* found */
    uint64_t links;      /* of a child to its parent's task run, known to tables or logs */
    uint64_t runs;       /* task runs of which a runner's tables know something */
    uint64_t stale;      /* executions of which logs know more than their documents */
    uint64_t named;      /* executions that log lines name */
    uint64_t lost;       /* executions that lines or links name and that are not there */
    uint64_t lookups;    /* requests for any of these */
};

MUST_CHECK bool pending_run(const struct pending_conf *conf, struct pending_stats *stats,
                            struct err *err);

/* The same for ended executions that somebody names: handed out and kept are only those of which a
 * listener is open (rows E34, E35). After pending_run. */
MUST_CHECK bool pending_run_ended(const struct pending_conf *conf, const struct slice *ids,
                                  size_t n, struct pending_stats *stats, struct err *err);

/* Documents of a kind by their ids, however many, each look-up counted in stats; what is not there
 * is not shown. */
struct look_up {
    const struct pending_conf *conf;
    struct pending_stats      *stats;
    enum kind                  kind;
    const struct slice        *ids;
    size_t                     n;
};
MUST_CHECK bool pending_look_up(const struct look_up *all, document_fn fn, void *ctx,
                                struct err *err);

#endif
