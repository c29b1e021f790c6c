/*
 * fold.h - the topic's side: all records of a topic folded to the last one per key and partition.
 *
 * read_committed; a tombstone makes a key absent (SIDE_GONE); records of aborted transactions are
 * never seen. Counts are of records read, never end minus start.
 */
#ifndef REQUEUE_FOLD_H
#define REQUEUE_FOLD_H

#include "verify/glance.h"

/* A record that has no usable key: told at once, because no key stands for it. */
typedef bool (*undecodable_fn)(void *ctx, int32_t partition, int64_t offset, struct slice key,
                               struct err *err);

struct fold {
    const struct kafka_conf  *kafka;
    const char               *topic;
    const struct topic_range *ranges;
    size_t                    n_ranges;
    struct comparer          *comparer; /* NULL: digests of raw bytes */
    const struct glance      *settled;  /* NULL, or keys that are only counted */
    const struct keyset      *only;     /* NULL, or the keys to fold: others are only counted */
    undecodable_fn            on_undecodable;
    void                     *ctx;
    atomic_uint_fast64_t     *consumed; /* NULL: nobody looks */
};

/* stats->keys and superseded stay 0: difference_find counts them. */
MUST_CHECK bool fold_topic(const struct fold *f, struct side *out, struct fold_stats *stats,
                           struct err *err);

/* Only read and count, and hand every record to fn. */
MUST_CHECK bool fold_read(const struct fold *f, topic_record_fn fn, void *ctx,
                          struct fold_stats *stats, struct err *err);

#endif
