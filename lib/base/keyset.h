/*
 * keyset.h - keys that are asked for one by one, each with a number or two and a digest.
 *
 * In memory: 48 bytes an entry, the key text, and 11 to 21 bytes of index, at most
 * KEYSET_MAX_BYTES_PER_KEY in all for keys of 22 bytes (sets below 100,000 entries may take more).
 * What grows with a whole store is in a side (side.h).
 * Thread-safety: one owner at a time.
 */
#ifndef REQUEUE_KEYSET_H
#define REQUEUE_KEYSET_H

#include "lib/base/hash.h"

#define KEYSET_MAX_BYTES_PER_KEY 96

struct keyset_entry {
    struct digest value;
    union {
        int64_t  offset;
        uint64_t bytes;
    };
    const char *key; /* key_len bytes, owned by the set */
    uint32_t    key_len;
    int32_t     partition;
    uint32_t    records;
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
