/*
 * admin.h - topics and groups of a cluster: describe, create, delete, alter (design part 6).
 *
 * Reading never creates anything: metadata is always asked for all topics at once, because asking
 * for one absent topic by name can create it on a broker with auto-creation (a test proves that
 * ours does not). One handle, one thread.
 */
#ifndef REQUEUE_KAFKA_ADMIN_H
#define REQUEUE_KAFKA_ADMIN_H

#include "lib/base/mem.h"
#include "lib/kafka/client.h"

struct admin;

MUST_CHECK bool admin_open(const struct kafka_conf *conf, struct admin **out, struct err *err);
void            admin_close(struct admin *a); /* NULL is allowed */

struct cluster {
    char     id[64];
    unsigned brokers;
    char     address[128]; /* of the broker that answered */
};

/* Also the reachability test: wrong address, TLS and SASL failures are told here, once, in words.
 */
MUST_CHECK bool admin_cluster(struct admin *a, struct cluster *out, struct err *err);

struct topic_setting {
    const char *name;
    const char *value;
    bool        dynamic; /* set on the topic itself, not a broker or built-in default */
};

struct topic_state {
    const char           *name;
    bool                  exists;
    int                   partitions;
    int                   replication; /* of partition 0; -1 when unknown */
    int                   in_sync;     /* the fewest replicas in sync of any partition */
    bool                  offline;     /* a partition has no leader */
    size_t                n_settings;
    struct topic_setting *settings; /* all of the topic's settings; none when described without */
};

/* The state of the named topics, in the order of names; all memory in arena. settings: also
 * describe their configuration. */
MUST_CHECK bool admin_topics(struct admin *a, const char *const *names, size_t n, bool settings,
                             struct arena *arena, struct topic_state *out, struct err *err);

/* Fill err (ERR_KAFKA) for a topic that is not in the listing although it is needed: it does not
 * exist, or is not shown to us for want of a right. hint: what to do when it does not exist.
 * Returns false. */
bool admin_fail_absent(struct admin *a, const char *name, const char *hint, struct err *err);

struct topic_value {
    const char *name;
    const char *value;
};

struct topic_wish {
    const char               *name;
    int                       partitions;
    int                       replication;
    size_t                    n_configs;
    const struct topic_value *configs;
};

/* Create topics and wait until every one is described with the wished shape and a leader for every
 * partition. validate_only: ask the broker whether it would (rights, replication above the number
 * of brokers, bad config; of a topic that is there already, only the right to create it), change
 * nothing. The error names the first topic that fails. Topics of one call are created all or as
 * many as the broker did: which is not told, so describe again. */
MUST_CHECK bool admin_create(struct admin *a, const struct topic_wish *wishes, size_t n,
                             bool validate_only, struct err *err);

/* Delete topics and wait on evidence that each is gone (no longer in the full listing, three times
 * in a row). */
MUST_CHECK bool admin_delete(struct admin *a, const char *const *names, size_t n, struct err *err);

/* Set configs of an existing topic. The protocol call resets all other overrides, so the topic's
 * dynamic settings are described and sent along; waits until the broker shows the new values. */
MUST_CHECK bool admin_alter(struct admin *a, const struct topic_wish *wish, struct err *err);

struct group_state {
    const char *name;
    const char *state; /* "Stable", "Empty" */
    int         members;
};

/* The consumer groups whose name starts with prefix. A broker with access rules leaves those out
 * that we have no right to describe, silently: *all is false when that may have happened. */
MUST_CHECK bool admin_groups(struct admin *a, const char *prefix, struct arena *arena,
                             struct group_state **out, size_t *n, bool *all, struct err *err);

/* The offsets of one partition. High watermark and last stable offset come from two handles with
 * different isolation (design part 6); both are >= start. */
struct partition_ends {
    int64_t start;
    int64_t stable; /* last stable offset: where a read_committed reader ends */
    int64_t high;
};

/* ends has n_partitions entries, n_partitions as admin_topics told. */
MUST_CHECK bool admin_ends(struct admin *a, const char *topic, int n_partitions,
                           struct partition_ends *ends, struct err *err);

#endif
