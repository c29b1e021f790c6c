/*
 * topic_overrides.h - topics that Kestra's configuration names or shapes otherwise than the layout.
 */
#ifndef REQUEUE_TOPIC_OVERRIDES_H
#define REQUEUE_TOPIC_OVERRIDES_H

#include "cli/kestra_config.h"
#include "lib/kestra/layout.h"

#define TOPIC_MAX_CONFIGS 24

/* Of one topic, or of all of them. */
struct topic_override {
    const char         *id;          /* kestra.kafka.topics.ID, as it is written; NULL: all */
    const char         *where;       /* "FILE:LINE" of one of its settings */
    const char         *name;        /* NULL: the layout's */
    int                 partitions;  /* 0: the layout's */
    int                 replication; /* 0: the layout's */
    size_t              n_configs;
    struct topic_config configs[TOPIC_MAX_CONFIGS];
};

/* All zero: nothing is otherwise. */
struct topic_overrides {
    uint64_t               message_max_bytes; /* max.request.size of Kestra; 0: the layout's */
    const char            *message_max_where;
    struct topic_override  all;
    size_t                 n;
    struct topic_override *topics;
};

/* kestra.kafka.defaults.topic.*, kestra.kafka.topics.* and kestra.kafka.defaults.topics.* (as the
 * documentation has it; the former wins). Lives as long as kc. ERR_USAGE. */
MUST_CHECK bool topic_overrides_read(struct kestra_config *kc, struct topic_overrides *out,
                                     struct err *err);

/* Change a layout that nobody reads yet; topics that it does not have are ignored. Two topics of
 * one name are ERR_USAGE. */
MUST_CHECK bool topic_overrides_apply(const struct topic_overrides *o, struct layout *l,
                                      const char *topic_prefix, const char *consumer_prefix,
                                      struct err *err);

#endif
