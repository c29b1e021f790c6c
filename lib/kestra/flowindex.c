/*
 * flowindex.c - for each flow its highest revision, and the flows that must stay out.
 *
 * DESIGN: an open-addressing table of pointers to entries in an arena; nothing is ever removed. The
 * table holds 8 bytes a slot and is at most half full, an entry 32 bytes, its key and its identity:
 * at 100 bytes a flow a million flows fit into the memory that a run may use. The identity is kept
 * as it is and not as a hash, so that no two flows are ever taken for one.
 */
#include "lib/kestra/flowindex.h"

#include "lib/base/hash.h"
#include "lib/base/idset.h"

#include <assert.h>

#define ARENA_BYTES  65536
#define SMALLEST_CAP 1024 /* a power of two, as every table */

struct flow {
    uint64_t hash;     /* of the key */
    int64_t  revision; /* the highest seen */
    uint32_t n_key;
    uint32_t n_identity;
    bool     skipped;   /* the highest revision is */
    uint8_t  flags;     /* of the highest revision */
    bool     collision; /* for good: two identities were seen */
    char     bytes[];   /* key, then identity */
};

struct flow_index {
    struct arena *arena;
    struct flow **slots;
    size_t        cap;
    size_t        n;
    struct idset *revisions; /* by their keys */
};

struct flow_index *flow_index_new(void)
{
    struct flow_index *x = mem_alloc(sizeof(*x));

    x->arena = arena_new(ARENA_BYTES);
    x->cap = SMALLEST_CAP;
    x->slots = mem_array(x->cap, sizeof(struct flow *));
    x->revisions = idset_new();
    return x;
}

void flow_index_free(struct flow_index *x)
{
    if (!x)
        return;
    arena_free(x->arena);
    mem_free(x->slots);
    idset_free(x->revisions);
    mem_free(x);
}

static struct slice flow_key(const struct flow *f)
{
    return slice_of(f->bytes, f->n_key);
}

static struct slice flow_identity(const struct flow *f)
{
    return slice_of(f->bytes + f->n_key, f->n_identity);
}

/* The slot of the key, or the empty one where it belongs. */
static struct flow **find(const struct flow_index *x, struct slice key, uint64_t hash)
{
    size_t i = (size_t)hash & (x->cap - 1);

    while (x->slots[i] && (x->slots[i]->hash != hash || !slice_eq(flow_key(x->slots[i]), key)))
        i = (i + 1) & (x->cap - 1);
    return &x->slots[i];
}

static void grow(struct flow_index *x)
{
    struct flow **old = x->slots;
    size_t        cap = x->cap;

    x->cap = cap * 2;
    x->slots = mem_array(x->cap, sizeof(struct flow *));
    for (size_t i = 0; i < cap; i++)
        if (old[i])
            *find(x, flow_key(old[i]), old[i]->hash) = old[i];
    mem_free(old);
}

static struct flow *flow_new(struct flow_index *x, struct slice key, struct slice identity,
                             uint64_t hash)
{
    struct flow *f = arena_alloc(x->arena, sizeof(*f) + key.n + identity.n);

    /* Keys and identities come from documents of limited size. */
    assert(key.n <= UINT32_MAX && identity.n <= UINT32_MAX);
    *f = (struct flow){
        .hash = hash,
        .n_key = (uint32_t)key.n,
        .n_identity = (uint32_t)identity.n,
    };
    if (key.n > 0)
        memcpy(f->bytes, key.p, key.n);
    if (identity.n > 0)
        memcpy(f->bytes + key.n, identity.p, identity.n);
    return f;
}

void flow_index_add(struct flow_index *x, struct slice key, struct slice identity, int64_t revision,
                    bool skipped, unsigned flags)
{
    uint64_t      hash = hash64(key);
    struct flow **slot = find(x, key, hash);
    struct flow  *f = *slot;

    if (!f) {
        f = flow_new(x, key, identity, hash);
        f->revision = revision;
        f->skipped = skipped;
        f->flags = (uint8_t)flags;
        *slot = f;
        if (++x->n > x->cap / 2)
            grow(x);
        return;
    }
    if (!slice_eq(flow_identity(f), identity))
        f->collision = true;
    if (revision > f->revision) {
        f->revision = revision;
        f->skipped = skipped;
        f->flags = (uint8_t)flags;
    } else if (revision == f->revision) {
        /* Two rows claim to be this revision: whichever is read first, the faulty one decides. */
        f->skipped = f->skipped || skipped;
    }
}

enum flow_state flow_index_state(const struct flow_index *x, struct slice key)
{
    const struct flow *f = *find(x, key, hash64(key));

    if (!f)
        return FLOW_UNKNOWN;
    if (f->collision)
        return FLOW_COLLISION;
    return f->skipped ? FLOW_BROKEN : FLOW_OK;
}

int64_t flow_index_last(const struct flow_index *x, struct slice key)
{
    const struct flow *f = *find(x, key, hash64(key));

    return f ? f->revision : -1;
}

unsigned flow_index_flags(const struct flow_index *x, struct slice key)
{
    const struct flow *f = *find(x, key, hash64(key));

    return f ? f->flags : 0;
}

void flow_index_note(struct flow_index *x, struct slice key)
{
    (void)idset_see(x->revisions, digest_bytes(DIGEST_TAG_RAW, key), 0);
}

bool flow_index_has(const struct flow_index *x, struct slice key)
{
    return idset_has(x->revisions, digest_bytes(DIGEST_TAG_RAW, key));
}

size_t flow_index_listeners(const struct flow_index *x)
{
    size_t n = 0;

    for (size_t i = 0; i < x->cap; i++)
        n += x->slots[i] && x->slots[i]->flags == FLOW_TRIGGERS ? 1 : 0;
    return n;
}

size_t flow_index_count(const struct flow_index *x)
{
    return x->n;
}
