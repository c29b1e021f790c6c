/*
 * sums.h - what a partition says, in one number: how many keys, and the sum of their digests.
 *
 * A sum modulo 2^128, never XOR: it has no order, and equal summands do not cancel. A summand is
 * the digest of a key together with that of its value (lib/base/hash.h), so neither can take from
 * the other. Two partitions with equal count and sum say the same, whatever their offsets are.
 */
#ifndef REQUEUE_SUMS_H
#define REQUEUE_SUMS_H

#include "lib/base/hash.h"

struct partition_sum {
    uint64_t      keys; /* live ones */
    struct digest sum;
};

/* One entry a partition; the caller's arrays, or NULL: not wanted. */
struct kind_sums {
    struct partition_sum *store, *topic;
};

struct digest sums_share(struct slice key, struct digest value);
void          sums_add_share(struct partition_sum *s, struct digest share);
void          sums_add(struct partition_sum *s, struct slice key, struct digest value);

#endif
