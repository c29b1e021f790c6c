/*
 * consumer.h - all records of a topic between captured offsets (design part 6).
 *
 * assign() at explicit offsets, read_committed, never a group, nothing is committed. The end is
 * reached by position, never by idleness or by the last record's offset (a tail of control records
 * or compacted ones has none). A helper thread keeps the fetcher awake (performance.md C.2: the
 * one-second stall).
 */
#ifndef REQUEUE_KAFKA_CONSUMER_H
#define REQUEUE_KAFKA_CONSUMER_H

#include "lib/base/base.h"
#include "lib/kafka/client.h"

struct topic_range {
    int32_t partition;
    int64_t start; /* first offset wanted */
    int64_t end;   /* one past the last; start == end: nothing to read */
};

struct topic_record {
    int32_t      partition;
    int64_t      offset;
    int64_t      timestamp_ms; /* -1: none */
    struct slice key;          /* p NULL: null key */
    struct slice value;        /* p NULL: tombstone */
};

/* Called for every record in partition order (partitions interleave), in the calling thread. False
 * with *err filled ends the read. Slices are borrowed for the call. */
typedef bool (*topic_record_fn)(void *ctx, const struct topic_record *rec, struct err *err);

/* Returns true when every range was read to its end. ERR_KAFKA when records were removed under us
 * (the log start moved past the position: "gap"), the broker went away for longer than the timeout
 * without progress, or a record's CRC is wrong. */
MUST_CHECK bool topic_read(const struct kafka_conf *conf, const char *topic,
                           const struct topic_range *ranges, size_t n, topic_record_fn fn,
                           void *ctx, struct err *err);

#endif
