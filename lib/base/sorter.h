/*
 * sorter.h - records in order, any number of them, in a bounded piece of memory.
 *
 * Records go in in any order and come out by rank, then by order(). What does not fit into the
 * memory is spilled to sorted runs (spill.h), which are merged while they are read. Records that
 * are equal (rank and order()) can be combined into one: then each comes out once.
 *
 * It may be read as often as wanted, and more may be put after a reading.
 * Memory: conf.memory; while it is read and something was spilled, RUN_BUFFER a run instead, of
 * which there are at most SORTER_FAN_IN - 1 for each power of SORTER_FAN_IN. A record that is
 * larger than conf.memory takes what it needs. One owner at a time.
 */
#ifndef REQUEUE_SORTER_H
#define REQUEUE_SORTER_H

#include "lib/base/spill.h"

#define SORTER_FAN_IN     32
#define SORTER_MIN_MEMORY ((size_t)64 * 1024)

struct sorter_conf {
    size_t        memory; /* at least SORTER_MIN_MEMORY is taken */
    struct spill *spill;
    int (*order)(struct slice a, struct slice b); /* of records of one rank */
    /* Make one of two equal records, in the place of the first, whose size stays. Which two of
     * many come together, and in which order, is left open. NULL: all stay. */
    void (*combine)(char *into, struct slice other);
};

struct sorter;

struct sorter *sorter_new(const struct sorter_conf *conf);
void           sorter_free(struct sorter *s); /* NULL is allowed */

/* The record is head and tail, one behind the other; both are copied. */
MUST_CHECK bool sorter_put(struct sorter *s, uint64_t rank, struct slice head, struct slice tail,
                           struct err *err);

/* Begin to read, at the first record. */
MUST_CHECK bool sorter_rewind(struct sorter *s, struct err *err);
/* out->data is aligned for any type and valid until the next call; p NULL: no more. */
MUST_CHECK bool sorter_next(struct sorter *s, struct ranked *out, struct err *err);
/* Done with reading for now: frees what only reading needs. */
void sorter_rest(struct sorter *s);

uint64_t sorter_count(const struct sorter *s); /* records that were put */
size_t sorter_bytes(const struct sorter *s); /* the most memory it ever held, without RUN_BUFFERs */

#endif
