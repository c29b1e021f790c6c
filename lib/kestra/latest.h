/*
 * latest.h - which of two copies of one execution is the later one.
 *
 * A search store with dated indices may hold an execution twice (data-model 7.3). Its histories
 * only grow, so the copy with the latest date of a history counts; then the one with more
 * histories; then the one whose index name sorts last. Pure.
 */
#ifndef REQUEUE_LATEST_H
#define REQUEUE_LATEST_H

#include "lib/base/clock.h"

struct latest {
    bool           known; /* a date was found; else the copy is earlier than any with one */
    struct instant date;  /* the latest of state.histories[].date */
    size_t         n;     /* histories */
};

/* Of the execution's JSON. Never fails: what cannot be read has no date and no histories. */
struct latest latest_of(struct slice execution, bool trusted);

/* <0: a is the earlier copy, >0: the later one, 0: the indices have one name as well. */
int latest_compare(const struct latest *a, struct slice index_a, const struct latest *b,
                   struct slice index_b);

#endif
