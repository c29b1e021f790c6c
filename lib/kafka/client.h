/*
 * client.h - connection settings and what every Kafka handle of ours shares.
 *
 * All errors are ERR_KAFKA (or ERR_USAGE for a property that librdkafka refuses, ERR_STOPPED);
 * librdkafka's own log lines go through lib/base/log.h at debug level, the errors that matter come
 * back as struct err: "unreachable" is told once, with the brokers' addresses and the last
 * transport error, not as a stream of log lines.
 */
#ifndef REQUEUE_KAFKA_CLIENT_H
#define REQUEUE_KAFKA_CLIENT_H

#include "lib/base/err.h"
#include "lib/base/thread.h"

struct kafka_conf {
    const char        *brokers;    /* HOST:PORT,… */
    size_t             n_props;    /* -X name=value, applied last: they win */
    const char *const *props;      /* "name=value" */
    unsigned           timeout_ms; /* for one request of ours; 0: KAFKA_TIMEOUT_MS */
    const struct stop *stop;
};

#define KAFKA_TIMEOUT_MS 30000

#endif
