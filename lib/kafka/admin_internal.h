/*
 * admin_internal.h - what admin.c and admin_change.c share.
 */
#ifndef REQUEUE_KAFKA_ADMIN_INTERNAL_H
#define REQUEUE_KAFKA_ADMIN_INTERNAL_H

#include "lib/kafka/admin.h"
#include "lib/kafka/client_internal.h"

#define ADMIN_TICK_MS 100 /* how often stop is looked at, and a change that has to show */

struct admin {
    struct client     client;      /* read_committed: ends are last stable offsets */
    struct client     uncommitted; /* opened by the first admin_ends: ends are high watermarks */
    struct kafka_conf conf;
};

/* Options of one request, with our time-out. */
rd_kafka_AdminOptions_t *admin_options(struct admin *a, rd_kafka_admin_op_t op);

/* Wait for the answer on queue; *out is the caller's. what: "creating topics". Errors of single
 * items are in the event, not looked at here. */
MUST_CHECK bool admin_await(struct admin *a, rd_kafka_queue_t *queue, const char *what,
                            rd_kafka_event_t **out, struct err *err);

/* admin_topics without settings and without an arena: names are borrowed. */
MUST_CHECK bool admin_shapes(struct admin *a, const char *const *names, size_t n,
                             struct topic_state *out, struct err *err);

/* Describe the settings of those that exist. */
MUST_CHECK bool admin_settings(struct admin *a, struct topic_state *topics, size_t n,
                               struct arena *arena, struct err *err);

#endif
