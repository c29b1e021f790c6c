/*
 * parts.h - what a side holds, summed part by part: of two sides, equal parts hold the same.
 *
 * The range of the keys' hashes is cut into a power of two of equal parts. Each has a 128-bit sum
 * of what was added to it (a sum, never XOR), in whatever order. Keys in the order of their hashes
 * come part by part. One owner at a time.
 */
#ifndef REQUEUE_PARTS_H
#define REQUEUE_PARTS_H

#include "lib/base/hash.h"

struct parts;

/* As many as fit into memory bytes, at least PARTS_MIN; all empty. */
#define PARTS_MIN 4096
struct parts *parts_new(size_t memory);
struct parts *parts_like(const struct parts *p); /* as many, all empty */
void          parts_free(struct parts *p);       /* NULL is allowed */
size_t        parts_bytes(const struct parts *p);

uint64_t parts_index(const struct parts *p, uint64_t hash); /* never falls when hash rises */

/* A record: the hash of its key, where it is, the digest of its value as it stands. */
void parts_add(struct parts *p, uint64_t hash, int32_t partition, struct digest value);
void parts_spoil(struct parts *p, uint64_t hash); /* this part is like no other any more */

/* Of two that have as many. */
bool parts_same(struct parts *a, struct parts *b, uint64_t hash);
bool parts_all_same(struct parts *a, struct parts *b);

/* Of a few keys the values are kept, too: of which ones does not depend on the order. */
enum parts_memory { PARTS_UNKNOWN, PARTS_OTHER_VALUE, PARTS_THIS_VALUE };
enum parts_memory parts_remember(const struct parts *p, uint64_t hash, struct digest value);

#endif
