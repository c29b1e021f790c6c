/* hash.c - 64- and 128-bit hashes, the one door to xxhash. */
#include "lib/base/hash.h"

#include <endian.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* For what is called for every token: with constant seeds, xxhash becomes a third shorter. */
#define ALL_INLINE __attribute__((flatten))

/* Changing one of these changes every digest: raise DIGEST_VERSION. */
#define SEED_BYTES 0x7265717565756531u /* "requeue1" */
#define SEED_PAIR  0x7265717565756532u /* "requeue2": a pair is never a text of 32 bytes */
#define SEED_NAME  0x7265717565756533u /* "requeue3": {"a": "b"} is not {"b": "a"} */

uint64_t hash64(struct slice s)
{
    return XXH3_64bits(s.p, s.n);
}

/* The finaliser of splitmix64: one to one, and far from linear, so that sums of digests do not
 * cancel. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* One to one for a given tag: nothing of the 128 bits is lost. */
static struct digest with_tag(uint64_t tag, XXH128_hash_t h)
{
    uint64_t t = mix(tag + 0x9e3779b97f4a7c15u);

    return (struct digest){ mix(h.low64 ^ t), mix(h.high64 + t) };
}

struct digest digest_bytes(uint64_t tag, struct slice s)
{
    return with_tag(tag, XXH3_128bits_withSeed(s.p, s.n, SEED_BYTES));
}

struct digest digest_tagged(uint64_t tag, struct digest d)
{
    return with_tag(tag, (XXH128_hash_t){ .low64 = d.lo, .high64 = d.hi });
}

struct digest digest_pair(uint64_t tag, struct digest a, struct digest b)
{
    const uint64_t words[] = { htole64(a.lo), htole64(a.hi), htole64(b.lo), htole64(b.hi) };

    return with_tag(tag, XXH3_128bits_withSeed(words, sizeof(words), SEED_PAIR));
}

ALL_INLINE struct digest digest_name(struct slice name)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(name.p, name.n, SEED_NAME);

    return (struct digest){ h.low64, h.high64 };
}

ALL_INLINE struct digest digest_member(uint64_t tag, struct digest name, struct slice value)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(value.p, value.n, SEED_BYTES);

    h.low64 ^= name.lo;
    h.high64 += name.hi;
    return with_tag(tag, h);
}

void digest_hex(struct digest d, char out[33])
{
    (void)snprintf(out, 33, "%016llx%016llx", (unsigned long long)d.hi, (unsigned long long)d.lo);
}
