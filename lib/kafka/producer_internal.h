/*
 * producer_internal.h - what producer.c (the way of a record), producer_cure.c (what is done for
 * records that came back) and producer_fail.c (failures in words) share.
 */
#ifndef REQUEUE_KAFKA_PRODUCER_INTERNAL_H
#define REQUEUE_KAFKA_PRODUCER_INTERNAL_H

#include "lib/kafka/client_internal.h"
#include "lib/kafka/producer.h"

/* A record that came back, kept to be sent again. */
struct held {
    struct held *next;
    struct lot  *lot;
    int32_t      partition;
    bool         no_key;
    bool         no_value;
    size_t       key_n;
    size_t       value_n;
    char         bytes[]; /* key, then value */
};

struct held_list {
    struct held *first;
    struct held *last;
    size_t       n;
    size_t       bytes;
};

/* What we know of a topic. */
struct lot {
    struct producer_topic pub; /* first: the caller holds a pointer to it */
    struct lot           *next;
    int64_t              *base;  /* end of each partition when the topic was added */
    rd_kafka_topic_t     *many;  /* at the main handle */
    rd_kafka_topic_t     *alone; /* at the handle for single records; NULL when it is closed */
};

struct failure {
    rd_kafka_resp_err_t code; /* 0: none */
    const struct lot   *lot;
    int32_t             partition;
    char                key[100];
};

struct producer {
    struct client        client; /* the main handle */
    struct client        alone;  /* one record a batch, one batch in flight; opened when needed */
    struct kafka_conf    kafka;
    struct producer_conf conf;
    struct lot          *lots;
    struct held_list     too_large; /* refused as too large, perhaps only for their company */
    struct held_list     unsure;    /* nobody knows whether they landed */
    struct failure       failure;   /* the first for good */
    struct err           ended;     /* a cure did not succeed: all further calls say so */
    uint64_t             n_failed;
    uint64_t             reports; /* all delivery reports: shows progress */
    unsigned             unpolled;
    unsigned             restarts;
    int64_t              down_since; /* clock_mono_ns() when no broker was connected; 0: one is */
    bool                 told_down;  /* and that was logged */
    bool                 giving_up;  /* stop was asked: what comes back now is lost */
    char                 message_max[24];
};

/* ---- producer.c */

bool producer_open_main(struct producer *p, struct err *err);
bool producer_open_alone(struct producer *p, struct err *err);
void producer_close_main(struct producer *p);
void producer_close_alone(struct producer *p);

/* Hand one record to librdkafka. */
rd_kafka_resp_err_t producer_put(rd_kafka_topic_t *rkt, struct lot *lot, int32_t partition,
                                 struct slice key, struct slice value);

/* Wait until c holds no record any more. False: no report came for limit_ms. */
bool producer_empty(struct producer *p, struct client *c, int64_t limit_ms);

/* Count an acknowledged record. */
void producer_acked(struct lot *lot, int32_t partition, int64_t offset, size_t bytes);

/* ---- producer_cure.c */

void held_add(struct held_list *list, const rd_kafka_message_t *m);
void held_drop(struct held_list *list);

/* Is this handle's fatal error one that a new handle cures? */
bool producer_curable(rd_kafka_t *rk);

/* A new handle; read back which of the unsure records landed, send the others again. */
MUST_CHECK bool producer_cure(struct producer *p, struct err *err);

/* Send each of the too large records by itself, and wait for them. */
MUST_CHECK bool producer_resend_alone(struct producer *p, struct err *err);

/* ---- producer_fail.c */

void producer_note_failure(struct producer *p, const rd_kafka_message_t *m);

/* The first failure in words; returns false. */
bool producer_tell_failure(struct producer *p, struct err *err);

/* The fatal error of a handle in words; returns false. */
bool producer_tell_fatal(struct producer *p, rd_kafka_t *rk, struct err *err);

#endif
