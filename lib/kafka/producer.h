/*
 * producer.h - records to topics; success is what delivery reports say (design part 6).
 *
 * Idempotent, acks=all, lz4, queue of PRODUCER_QUEUE_KB, allow.auto.create.topics=false; the
 * partition is always given. One producer, one thread: reports are served inside producer_send and
 * producer_drain, callbacks run there too.
 *
 * A fatal idempotence error (librdkafka 2.0.2 has a false one) is cured inside: a new handle is
 * opened, the tails of the partitions concerned are read back to see which of the undelivered
 * records landed after all, and only the others are sent again. So no record is sent twice and none
 * is lost; the cures are counted and limited to PRODUCER_MAX_RESTARTS.
 */
#ifndef REQUEUE_KAFKA_PRODUCER_H
#define REQUEUE_KAFKA_PRODUCER_H

#include "lib/base/base.h"
#include "lib/kafka/client.h"

#define PRODUCER_QUEUE_KB     65536
#define PRODUCER_MAX_RESTARTS 3

struct producer;

struct producer_conf {
    uint64_t message_max_bytes; /* the client's own limit for a record, uncompressed */
    /* A record that the broker refused as too large (it alone: the others go on). Called from
     * producer_send or producer_drain; key and value are borrowed for the call. */
    void (*on_too_large)(void *ctx, const char *topic, int32_t partition, struct slice key);
    void *ctx;
};

MUST_CHECK bool producer_open(const struct kafka_conf *conf, const struct producer_conf *pc,
                              struct producer **out, struct err *err);
/* Unsent records are thrown away. NULL is allowed. */
void producer_close(struct producer *p);

/* Per-topic counters: acked[i] is what partition i acknowledged. Lives as long as p. */
struct producer_topic {
    const char *name;
    int         n_partitions;
    uint64_t   *acked;       /* per partition */
    uint64_t    sent;        /* taken by producer_send */
    uint64_t    delivered;   /* acknowledged, all partitions */
    uint64_t    bytes;       /* of keys and values acknowledged */
    uint64_t    too_large;   /* refused by the broker */
    int64_t    *last_offset; /* per partition, of the last acknowledged record; -1: none */
};

MUST_CHECK bool producer_add_topic(struct producer *p, const char *name, int n_partitions,
                                   struct producer_topic **out, struct err *err);

enum send_result { SEND_OK, SEND_TOO_LARGE, SEND_FAILED };

/* Copy one record into the queue; waits while it is full. SEND_TOO_LARGE: above the client's limit,
 * not sent, *err untouched. SEND_FAILED: this or an earlier record failed for good (the message
 * names topic, partition, key and reason), or stop was asked (ERR_STOPPED). value.p NULL is a
 * tombstone. */
MUST_CHECK enum send_result producer_send(struct producer *p, struct producer_topic *t,
                                          int32_t partition, struct slice key, struct slice value,
                                          struct err *err);

/* Wait until every record is acknowledged or failed. On stop: waits for what is in flight (at most
 * the message timeout), so that the counters are true; returns ERR_STOPPED only if something was
 * lost. */
MUST_CHECK bool producer_drain(struct producer *p, struct err *err);

/* How often a fatal error was cured. */
unsigned producer_restarts(const struct producer *p);

#endif
