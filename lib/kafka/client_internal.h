/*
 * client_internal.h - what the files of lib/kafka share: one handle of librdkafka, its settings,
 * and the words for its errors.
 *
 * librdkafka tells a broken connection only to its error callback; the call that waits for an
 * answer just times out. So a client remembers the last trouble of its connections, and
 * client_fail() tells that instead of the time-out.
 *
 * One thread per client, except where a comment says otherwise.
 */
#ifndef REQUEUE_KAFKA_CLIENT_INTERNAL_H
#define REQUEUE_KAFKA_CLIENT_INTERNAL_H

#include "lib/kafka/client.h"

#include <librdkafka/rdkafka.h>

struct client {
    rd_kafka_t         *rk; /* NULL: not open */
    const struct stop  *stop;
    void               *owner; /* for the delivery callback */
    unsigned            timeout_ms;
    bool                answered;     /* a broker of this handle has ever answered */
    bool                down;         /* no broker is connected, since the last answer */
    bool                fatal;        /* the handle is dead: rd_kafka_fatal_error() knows why */
    rd_kafka_resp_err_t trouble;      /* last trouble since the last answer; 0: none */
    char                brokers[200]; /* as configured, for messages */
    char                where[200];   /* the broker that trouble is about */
    const char         *hint;         /* what to do about it; NULL: the usual */
    char                why[300];     /* trouble in words */
};

struct client_setting {
    const char *name; /* NULL ends a list */
    const char *value;
};

typedef void (*client_report_fn)(rd_kafka_t *rk, const rd_kafka_message_t *m, void *client);

/* Open a handle: common settings, then `settings`, then -X. report may be NULL. Nothing is sent
 * yet. c must not move while it is open. */
MUST_CHECK bool client_open(struct client *c, const struct kafka_conf *conf, rd_kafka_type_t type,
                            const struct client_setting *settings, client_report_fn report,
                            struct err *err);
void            client_close(struct client *c); /* a closed or all-zero client is allowed */

/* A broker has answered: what was remembered of its connections is over. */
void client_answered(struct client *c);

/* Is waiting any longer pointless? since: when the wait began, clock_mono_ns(). */
bool client_hopeless(const struct client *c, int64_t since);

/* Fill err for a request that failed with `code`: "kafka BROKERS: WHAT: reason". When the code says
 * only that no answer came, the trouble of the connection is told. detail: the broker's own words,
 * or NULL. Returns false. */
bool client_fail(const struct client *c, struct err *err, rd_kafka_resp_err_t code,
                 const char *detail, const char *fmt, ...) PRINTF(5, 6);

/* The same for a topic that was not created because of its replication. n_brokers: those that the
 * cluster lists. When they would do, one of them is not ready: the controller, which decides, does
 * not count one that has just started or does not answer it. */
bool client_fail_replication(const struct client *c, struct err *err, const char *topic,
                             int replication, int n_brokers, const char *detail);

/* Fill the hint of err for a right that is missing: which one, on what, and the line that grants
 * it. topic NULL: the cluster. Returns false. */
bool client_hint_right(const struct client *c, struct err *err, const char *operation,
                       const char *topic);

/* ERR_STOPPED when stop is asked, with what was going on; true otherwise. */
MUST_CHECK bool client_go_on(const struct client *c, struct err *err, const char *what);

/* The code in our words. */
const char *client_words(rd_kafka_resp_err_t code);

/* The full listing of topics; owned by the caller (rd_kafka_metadata_destroy). */
MUST_CHECK bool client_metadata(struct client *c, const struct rd_kafka_metadata **out,
                                struct err *err);

/* The first offset (RD_KAFKA_OFFSET_BEGINNING) or the end (RD_KAFKA_OFFSET_END) of each partition
 * 0 … n - 1, one request a broker. The end is the last stable offset or the high watermark, as the
 * handle's isolation.level says. */
MUST_CHECK bool client_offsets(struct client *c, const char *topic, int n, int64_t which,
                               int64_t *out, struct err *err);

/* The same for partitions first … first + n - 1, tried once. From any thread. */
rd_kafka_resp_err_t client_ask_offsets(rd_kafka_t *rk, const char *topic, int32_t first, int n,
                                       int64_t which, int64_t *out, int limit_ms);

/* Milliseconds from clock_mono_ns() `since` to now. */
int64_t client_elapsed_ms(int64_t since);

#endif
