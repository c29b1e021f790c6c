/*
 * sums.c - see sums.h.
 */
#include "verify/sums.h"

#define TAG_KEY  0x73756d2d6b657900u /* "sum-key" */
#define TAG_PAIR 0x73756d2d70616972u /* "sum-pair" */

struct digest sums_share(struct slice key, struct digest value)
{
    return digest_pair(TAG_PAIR, digest_bytes(TAG_KEY, key), value);
}

void sums_add_share(struct partition_sum *s, struct digest share)
{
    s->keys++;
    s->sum = digest_add(s->sum, share);
}

void sums_add(struct partition_sum *s, struct slice key, struct digest value)
{
    sums_add_share(s, sums_share(key, value));
}
