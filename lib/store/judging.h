/*
 * judging.h - everything a run must know to judge executions and locks, in the order in which it
 * can be known: how new the store is, the pending executions, the locks of triggers.
 *
 * After the survey, before anything is sent or compared. Fills survey->judge, which the projections
 * of rebuild and verify ask from then on.
 */
#ifndef REQUEUE_JUDGING_H
#define REQUEUE_JUDGING_H

#include "lib/store/locks.h"
#include "lib/store/named.h"

struct judging_conf {
    struct pending_conf pending; /* its judge is made here */
    lock_fn             on_lock; /* NULL: nobody looks; gets pending.ctx */
};

#define JUDGING_NEWEST 8

struct judging_stats {
    bool                 ran;
    size_t               n_newest; /* how new each part of the store is (seen B.7) */
    struct store_newest  newest[JUDGING_NEWEST];
    struct pending_stats pending;
    struct locks_stats   locks;
};

MUST_CHECK bool judging_run(const struct judging_conf *conf, struct survey *survey,
                            struct judging_stats *stats, struct err *err);

#endif
