/*
 * keyset.h - what one side of a comparison says: per key and partition, the digest of the last
 * value.
 *
 * Both sides of verify are keysets: the store's (one entry a key, from the projection) and the
 * topic's (records folded to the last one per key and partition). Rebuild fills one while it sends
 * and proves the topics against it. In memory: 48 bytes an entry, the key text, and 11 to 21 bytes
 * of index, at most KEYSET_MAX_BYTES_PER_KEY in all for keys of 22 bytes (sets below 100,000
 * entries may take more). A later version may spill to disk behind the same functions.
 * Thread-safety: one owner at a time.
 */
#ifndef REQUEUE_KEYSET_H
#define REQUEUE_KEYSET_H

#include "lib/base/hash.h"

#define KEYSET_MAX_BYTES_PER_KEY 96

enum keyset_flags {
    KEYSET_GONE = 1,        /* topic side: the last record is a tombstone */
    KEYSET_UNDECODABLE = 2, /* topic side: the last record's value is no JSON object */
    KEYSET_FAILED = 4,      /* rebuild: the broker refused the record as too large; not expected */
    KEYSET_SEEN = 8,        /* scratch of a comparison */
};

struct keyset_entry {
    struct digest value;
    union {
        int64_t  offset; /* topic side: of the last record */
        uint64_t bytes;  /* store side of verify: hash64 of the value as it stands */
    };
    const char *key; /* key_len bytes, owned by the set */
    uint32_t    key_len;
    int32_t     partition; /* where it is (topic) or belongs (store) */
    uint32_t    records;   /* records folded into this entry */
    uint8_t     flags;
};

struct keyset;

struct keyset *keyset_new(void);
void           keyset_free(struct keyset *ks); /* NULL is allowed */
size_t         keyset_count(const struct keyset *ks);
size_t         keyset_bytes(const struct keyset *ks); /* held from the system */

/* The entry of (key, partition); created zeroed (offset -1, records 0) when there was none. Valid
 * until keyset_free: entries never move. */
struct keyset_entry *keyset_put(struct keyset *ks, struct slice key, int32_t partition);

/* The entries of a key in any partition, one call each: start with prev NULL; NULL ends. */
struct keyset_entry *keyset_find(const struct keyset *ks, struct slice key,
                                 const struct keyset_entry *prev);

/* All entries in the order they were put: start with *at 0; NULL ends. */
struct keyset_entry *keyset_next(const struct keyset *ks, size_t *at);

#endif
