/*
 * sums.h - what a partition says, in one number: how many keys, and the sum of their digests.
 *
 * A sum modulo 2^128, never XOR: it has no order, and equal summands do not cancel. A summand is
 * the digest of a key together with that of its value (lib/base/hash.h), so neither can take from
 * the other. Two partitions with equal count and sum say the same, whatever their offsets are.
 */
#ifndef REQUEUE_SUMS_H
#define REQUEUE_SUMS_H

#include "lib/base/keyset.h"

struct partition_sum {
    uint64_t      keys; /* live ones */
    struct digest sum;
};

void sums_add(struct partition_sum *s, struct slice key, struct digest value);

/* All live entries of a set into one sum a partition; those that are not expected (KEYSET_FAILED)
 * are none, and an undecodable one counts with a digest of zero. out has n_partitions entries,
 * cleared first. */
void sums_of(const struct keyset *ks, struct partition_sum *out, size_t n_partitions);

#endif
