/*
 * glance.h - a first look at a topic: which parts of it hold the store's very bytes?
 *
 * Of a topic that a rebuild filled, all or nearly all. The look keeps sums only (lib/base/parts.h)
 * and digests nothing canonically, so it costs little more than reading the topic. Only when parts
 * differ the topic is read again, and only the keys of these are folded and compared.
 *
 * Exact: a part is settled when as many records with the same keys, partitions and bytes went into
 * both sums, and each of its keys comes once from the store. So it does in the topic.
 */
#ifndef REQUEUE_GLANCE_H
#define REQUEUE_GLANCE_H

#include "verify/verify.h"

struct fold;
struct comparison;
struct comparison_counts;

/* Which keys are settled. */
struct glance {
    struct parts *store; /* NULL: none */
    struct parts *topic;
};

static inline bool glance_has(const struct glance *g, uint64_t hash)
{
    return g && g->store && parts_same(g->store, g->topic, hash);
}

static inline bool glance_has_all(const struct glance *g)
{
    return g->store && parts_all_same(g->store, g->topic);
}

/* Reads what fold_topic would read, all of it or until it shows that most values have other bytes,
 * as those that Kestra wrote: then out stays empty. It also stays so without side_parts. */
MUST_CHECK bool glance_topic(const struct fold *f, const struct side *expected, struct glance *out,
                             struct fold_stats *stats, struct err *err);

/* One pass over the store's side: keys of c->settled are added to counts and sums. Parts that hold
 * a key twice, or one that is not expected, are settled no longer. */
MUST_CHECK bool glance_settle(const struct comparison *c, struct side *expected,
                              struct comparison_counts *counts, struct err *err);

void glance_release(struct glance *g);

#endif
