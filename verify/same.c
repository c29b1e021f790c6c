/*
 * same.c - see same.h.
 *
 * DESIGN. Open addressing with linear probing. The place comes from the upper bits of a mix of both
 * hashes, the mark is its lower 32 bits, so the marks of one place say nothing about each other.
 */
#include "verify/same.h"

#include "lib/base/mem.h"

struct same {
    uint32_t *marks;    /* 0: free */
    size_t    n_places; /* below 2^32 */
    size_t    n;
    size_t    most;
};

static uint64_t mix(uint64_t hash, uint64_t bytes)
{
    uint64_t x = (hash ^ (bytes * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;

    return x ^ (x >> 29);
}

static size_t place_of(const struct same *s, uint64_t x)
{
    return (size_t)(((x >> 32) * s->n_places) >> 32);
}

static uint32_t mark_of(uint64_t x)
{
    return (uint32_t)x != 0 ? (uint32_t)x : 1;
}

static void add(struct same *s, uint64_t x)
{
    size_t at = place_of(s, x);

    if (s->n == s->most)
        return;
    while (s->marks[at] != 0)
        at = at + 1 < s->n_places ? at + 1 : 0;
    s->marks[at] = mark_of(x);
    s->n++;
}

static bool fill(struct same *s, struct side *expected, struct err *err)
{
    struct side_entry e;
    bool              ok = side_rewind(expected, err);

    while (ok && (ok = side_next(expected, &e, err)) && e.key.p)
        if (e.records > 0)
            add(s, mix(e.hash, e.bytes));
    return ok;
}

bool same_new(struct side *expected, size_t memory, struct same **out, struct err *err)
{
    struct same *s = mem_alloc(sizeof(*s));
    uint64_t     wanted = side_count(expected) * 3 / 2 + 16;
    uint64_t     fit = memory / sizeof(*s->marks) + 1;
    bool         ok;

    if (fit > UINT32_MAX)
        fit = UINT32_MAX;
    s->n_places = (size_t)(wanted < fit ? wanted : fit);
    s->most = s->n_places / 4 * 3;
    s->marks = mem_array(s->n_places, sizeof(*s->marks));
    ok = fill(s, expected, err);
    side_rest(expected);
    *out = s;
    return ok;
}

void same_free(struct same *s)
{
    if (!s)
        return;
    mem_free(s->marks);
    mem_free(s);
}

bool same_has(const struct same *s, uint64_t hash, uint64_t bytes)
{
    uint64_t x = mix(hash, bytes);
    size_t   at;

    if (!s)
        return false;
    at = place_of(s, x);
    for (; s->marks[at] != 0; at = at + 1 < s->n_places ? at + 1 : 0)
        if (s->marks[at] == mark_of(x))
            return true;
    return false;
}

size_t same_bytes(const struct same *s)
{
    return s ? s->n_places * sizeof(*s->marks) : 0;
}
