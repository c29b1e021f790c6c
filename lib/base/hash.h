/*
 * hash.h - 64- and 128-bit hashes (the one door to xxhash).
 *
 * DIGEST_VERSION names the whole recipe (seeds here, canonical form in lib/kestra/compare.h): a
 * report carries it, and digests of two versions are never compared (design part 8).
 */
#ifndef REQUEUE_HASH_H
#define REQUEUE_HASH_H

#include "lib/base/base.h"

#define DIGEST_VERSION 2

struct digest {
    uint64_t lo;
    uint64_t hi;
};

uint64_t hash64(struct slice s);

/* XXH3-128 with the fixed seed of DIGEST_VERSION, mixed with tag so that equal bytes of different
 * meaning (a string "1", a number 1) differ. */
struct digest digest_bytes(uint64_t tag, struct slice s);

/* The digest of a record's bytes as they are (a rebuild's proof). */
#define DIGEST_TAG_RAW 0x7261772d62797465u /* "raw-byte" */

/* One to one for a given tag. */
struct digest digest_tagged(uint64_t tag, struct digest d);

/* Two digests into one; order matters. */
struct digest digest_pair(uint64_t tag, struct digest a, struct digest b);

/* Of a member's name: half of a member. Not mixed, so do not add it up. */
struct digest digest_name(struct slice name);

/* Name and value in one, for less than a pair of digests; tag is the value's, as for digest_bytes.
 */
struct digest digest_member(uint64_t tag, struct digest name, struct slice value);

/* a + b modulo 2^128: order does not matter and equal summands do not cancel (XOR would). */
static inline struct digest digest_add(struct digest a, struct digest b)
{
    struct digest sum = { a.lo + b.lo, a.hi + b.hi };

    sum.hi += sum.lo < a.lo ? 1 : 0;
    return sum;
}

static inline bool digest_eq(struct digest a, struct digest b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

/* 32 lower-case hex digits and a NUL. */
void digest_hex(struct digest d, char out[33]);

#endif
