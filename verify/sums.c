/*
 * sums.c - see sums.h.
 */
#include "verify/sums.h"

#define TAG_KEY  0x73756d2d6b657900u /* "sum-key" */
#define TAG_PAIR 0x73756d2d70616972u /* "sum-pair" */

void sums_add(struct partition_sum *s, struct slice key, struct digest value)
{
    s->keys++;
    s->sum = digest_add(s->sum, digest_pair(TAG_PAIR, digest_bytes(TAG_KEY, key), value));
}

void sums_of(const struct keyset *ks, struct partition_sum *out, size_t n_partitions)
{
    const struct keyset_entry *e;
    size_t                     at = 0;

    memset(out, 0, n_partitions * sizeof(*out));
    while ((e = keyset_next(ks, &at)))
        if ((e->flags & (KEYSET_GONE | KEYSET_FAILED)) == 0 && (size_t)e->partition < n_partitions)
            sums_add(&out[e->partition], slice_of(e->key, e->key_len), e->value);
}
