/*
 * send.h - documents of a kind into its topic, and the ledger of deliveries (design part 7).
 *
 * A kind is done when every record is acknowledged; then the growth of each partition must equal
 * what was acknowledged: more means another writer.
 */
#ifndef REQUEUE_SEND_H
#define REQUEUE_SEND_H

#include "lib/base/keyset.h"
#include "lib/base/side.h"
#include "lib/kafka/producer.h"
#include "rebuild/plan.h"

struct send_conf {
    struct store            *store;
    const struct layout     *layout;
    const struct scope      *scope;
    const struct survey     *survey;
    struct admin            *admin;
    const struct kafka_conf *kafka;
    unsigned                 jobs;
    const struct stop       *stop;
    const char *const       *places; /* of each kind in the store, for skips; NULL: its tables */
    skip_fn                  on_skip;
    void                    *ctx;
};

struct sent {
    uint64_t sent; /* taken by the producer */
    uint64_t acknowledged;
    uint64_t bytes;     /* acknowledged, keys and values */
    uint64_t too_large; /* refused by the broker: skipped */
    uint64_t foreign;   /* records that appeared beside ours: another writer */
    unsigned restarts;  /* cured fatal errors of the producer */
    int64_t  ns;
};

struct sender;

/* Open the producer. The topics exist. */
MUST_CHECK bool sender_open(const struct send_conf *conf, struct sender **out, struct err *err);
void            sender_close(struct sender *s); /* NULL is allowed */

/* One kind to send. */
struct send_task {
    enum kind                kind;
    const struct topic_plan *topic;
    struct tally            *tally;
    struct side *expected; /* NULL, or filled with key, partition and raw digest of every
                                record sent: the ledger. With `only` it has been filled before.
                                What the broker refuses is marked there, SIDE_FAILED */
    const struct keyset
        *only; /* NULL, or the keys to send, others are passed over: resume, repair */
    const struct keyset *tombstones; /* NULL, or keys that get a null value, after the others;
                                        then with an empty `only` the store is not read */
    int64_t *from;  /* NULL, or gets each partition's end before the first record: the
                       proof of an append begins there */
    int64_t *until; /* NULL, or gets each partition's end after the last one, when all went well:
                       what grows from there on is another writer's */
};

/* Send one kind and wait for every acknowledgement. On an error *out holds what is known so far. */
MUST_CHECK bool sender_send(struct sender *s, const struct send_task *task, struct sent *out,
                            struct err *err);

#endif
