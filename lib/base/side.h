/*
 * side.h - what one side of a comparison says: per key and partition, the digest of the last value.
 *
 * Both sides of verify are such: the store's (one entry a key, from the projection) and the
 * topic's (records folded to the last one per key and partition). Rebuild fills one while it sends
 * and proves the topics against it. Any size, in the memory it was given: what does not fit is
 * spilled (sorter.h). Entries are put blindly, and those of one key and partition become one while
 * they are read: in the order of their hashes, so that two sides are compared in one pass.
 * Thread-safety: one owner at a time.
 */
#ifndef REQUEUE_SIDE_H
#define REQUEUE_SIDE_H

#include "lib/base/parts.h"
#include "lib/base/sorter.h"

enum side_flags {
    SIDE_GONE = 1,        /* topic side: the last record is a tombstone */
    SIDE_UNDECODABLE = 2, /* topic side: the last record's value is no JSON object */
    SIDE_FAILED = 4, /* rebuild: the broker refused the record as too large; not expected. One for
                        all: it stays when entries become one */
};

struct side_entry {
    struct digest value;
    int64_t  offset;    /* topic side: of the record. In a rebuild's ledger: the order of sending */
    int32_t  partition; /* where it is (topic) or belongs (store) */
    uint32_t records;   /* folded into this entry; 0: it only marks a key as known */
    uint32_t flags;     /* enum side_flags */
    struct slice  key;
    uint64_t      hash;   /* of the key; filled by side_put and side_next */
    struct digest stands; /* store side: of the value as it stands (DIGEST_TAG_RAW); not kept */
};

struct side;

struct side *side_new(size_t memory, struct spill *spill); /* spill is borrowed */
/* A store's side: has parts (parts.h), in an eighth of memory beside. */
struct side *side_new_summed(size_t memory, struct spill *spill);
void         side_free(struct side *s); /* NULL is allowed */

/* Of all entries with records that were put; NULL: not summed. */
struct parts *side_parts(const struct side *s);

/* Key and entry are copied. Of several entries with records the one of the highest offset counts,
 * and records add up; those without change nothing but flags that stay. */
MUST_CHECK bool side_put(struct side *s, struct side_entry *e, struct err *err);

/* Begin to read; as often as wanted, and more may be put afterwards. */
MUST_CHECK bool side_rewind(struct side *s, struct err *err);
/* The next in the order of (hash, key, partition); key.p NULL: no more. The key is valid until the
 * next call. */
MUST_CHECK bool side_next(struct side *s, struct side_entry *out, struct err *err);
void            side_rest(struct side *s); /* as sorter_rest */

/* By hash and key: <0, 0, >0. */
int side_order(const struct side_entry *a, const struct side_entry *b);
int slice_order(struct slice a, struct slice b); /* by bytes */

uint64_t side_count(const struct side *s); /* entries that were put */
size_t   side_bytes(const struct side *s); /* the most memory that it took */

#endif
