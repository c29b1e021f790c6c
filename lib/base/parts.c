/*
 * parts.c - see parts.h.
 *
 * DESIGN. The sums are more than a processor keeps at hand, and hashes go anywhere: a sum that is
 * to be added to is called for, and a few others are dealt with before it comes.
 */
#include "lib/base/parts.h"

#include "lib/base/mem.h"

#define N_SAMPLES 1024
#define N_WAITING 16

/* Of all keys that have its place, the one of the lowest hash: which ones are remembered must not
 * depend on the order they come in, for a store may hand out last what changed last. */
struct sample {
    uint64_t hash;  /* 0: none yet */
    uint64_t value; /* half of its digest is enough to guess from */
};

/* All zero: nothing waits, because adding it changes nothing. */
struct waiting {
    uint64_t      index;
    struct digest share;
};

struct parts {
    struct digest *sums;
    unsigned       bits; /* of a hash, that say which part */
    unsigned       next; /* of waiting: the one that waits longest */
    bool           waits;
    struct waiting waiting[N_WAITING];
    struct sample  samples[N_SAMPLES];
};

static struct parts *make(unsigned bits)
{
    struct parts *p = mem_alloc(sizeof(*p));

    p->bits = bits;
    p->sums = mem_array((size_t)1 << bits, sizeof(*p->sums));
    return p;
}

struct parts *parts_new(size_t memory)
{
    unsigned bits = 12;

    while (bits < 32 && ((size_t)2 << bits) * sizeof(struct digest) <= memory)
        bits++;
    return make(bits);
}

struct parts *parts_like(const struct parts *p)
{
    return make(p->bits);
}

void parts_free(struct parts *p)
{
    if (!p)
        return;
    mem_free(p->sums);
    mem_free(p);
}

size_t parts_bytes(const struct parts *p)
{
    return p ? sizeof(*p) + ((size_t)1 << p->bits) * sizeof(*p->sums) : 0;
}

uint64_t parts_index(const struct parts *p, uint64_t hash)
{
    return hash >> (64 - p->bits);
}

static void add(struct parts *p, uint64_t hash, struct digest share)
{
    struct waiting *w = &p->waiting[p->next];
    struct digest  *sum = &p->sums[w->index];

    *sum = digest_add(*sum, w->share);
    *w = (struct waiting){ parts_index(p, hash), share };
    __builtin_prefetch(&p->sums[w->index], 1);
    p->next = (p->next + 1) % N_WAITING;
    p->waits = true;
}

static void let_none_wait(struct parts *p)
{
    if (!p->waits)
        return;
    for (size_t i = 0; i < N_WAITING; i++)
        add(p, 0, (struct digest){ 0, 0 });
    p->waits = false;
}

void parts_add(struct parts *p, uint64_t hash, int32_t partition, struct digest value)
{
    struct sample *s = &p->samples[hash % N_SAMPLES];

    add(p, hash, digest_tagged(hash ^ (uint64_t)(uint32_t)partition << 32, value));
    if (s->hash == 0 || hash <= s->hash)
        *s = (struct sample){ hash, value.lo };
}

/* However often: a multiple of an odd number is zero after 2^128 times only. */
void parts_spoil(struct parts *p, uint64_t hash)
{
    add(p, hash, (struct digest){ 0x9e3779b97f4a7c15u, 0xd1b54a32d192ed03u });
}

bool parts_same(struct parts *a, struct parts *b, uint64_t hash)
{
    let_none_wait(a);
    let_none_wait(b);
    return digest_eq(a->sums[parts_index(a, hash)], b->sums[parts_index(b, hash)]);
}

bool parts_all_same(struct parts *a, struct parts *b)
{
    let_none_wait(a);
    let_none_wait(b);
    return memcmp(a->sums, b->sums, ((size_t)1 << a->bits) * sizeof(*a->sums)) == 0;
}

enum parts_memory parts_remember(const struct parts *p, uint64_t hash, struct digest value)
{
    const struct sample *s = &p->samples[hash % N_SAMPLES];

    if (s->hash != hash)
        return PARTS_UNKNOWN;
    return s->value == value.lo ? PARTS_THIS_VALUE : PARTS_OTHER_VALUE;
}
