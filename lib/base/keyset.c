/*
 * keyset.c - what one side of a comparison says, per key and partition.
 *
 * DESIGN: entries live in chunks that never move, in the order they were put; key texts are packed
 * into blocks without alignment. The index is open addressing with linear probing over slots of 32
 * bits of hash64(key) and the entry's number, so that a foreign slot is passed without a look at
 * its entry. Only the key is hashed: the entries of a key in all partitions are in one run of
 * slots. To grow, the old index is freed first and the new one filled from the entries: the peak
 * never holds both.
 */
#include "lib/base/keyset.h"

#include "lib/base/mem.h"

#include <assert.h>

#define CHUNK_ENTRIES 4096
#define TEXT_BYTES    ((size_t)64 * 1024)
#define FIRST_SLOTS   1024 /* a power of two */

struct slot {
    uint32_t hash;
    uint32_t number; /* of the entry, from 1; 0: free */
};

/* A block of packed key texts; a key that is larger than one gets its own. */
struct text {
    struct text *next;
    char         bytes[];
};

struct keyset {
    size_t                count;
    size_t                held;
    size_t                n_slots; /* a power of two */
    struct slot          *slots;
    size_t                max_chunks;
    struct keyset_entry **chunks;
    struct text          *texts;
    char                 *text_at; /* the free end of the last ordinary block */
    size_t                text_left;
};

struct keyset *keyset_new(void)
{
    struct keyset *ks = mem_alloc(sizeof(*ks));

    ks->n_slots = FIRST_SLOTS;
    ks->slots = mem_array(ks->n_slots, sizeof(*ks->slots));
    ks->held = sizeof(*ks) + ks->n_slots * sizeof(*ks->slots);
    return ks;
}

static size_t chunk_count(const struct keyset *ks)
{
    return (ks->count + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;
}

void keyset_free(struct keyset *ks)
{
    if (!ks)
        return;
    for (size_t i = 0; i < chunk_count(ks); i++)
        mem_free(ks->chunks[i]);
    while (ks->texts) {
        struct text *next = ks->texts->next;

        mem_free(ks->texts);
        ks->texts = next;
    }
    mem_free(ks->chunks);
    mem_free(ks->slots);
    mem_free(ks);
}

size_t keyset_count(const struct keyset *ks)
{
    return ks->count;
}

size_t keyset_bytes(const struct keyset *ks)
{
    return ks->held;
}

static struct keyset_entry *entry_at(const struct keyset *ks, size_t i)
{
    return &ks->chunks[i / CHUNK_ENTRIES][i % CHUNK_ENTRIES];
}

static bool has_key(const struct keyset_entry *e, struct slice key)
{
    return slice_eq(slice_of(e->key, e->key_len), key);
}

static void index_entry(struct keyset *ks, uint32_t hash, size_t i)
{
    size_t at = hash & (ks->n_slots - 1);

    while (ks->slots[at].number != 0)
        at = (at + 1) & (ks->n_slots - 1);
    ks->slots[at] = (struct slot){ hash, (uint32_t)(i + 1) };
}

/* At most three quarters of the slots are taken. */
static void grow_index(struct keyset *ks)
{
    if (ks->count + 1 <= ks->n_slots / 4 * 3)
        return;
    mem_free(ks->slots);
    ks->held += ks->n_slots * sizeof(*ks->slots);
    ks->n_slots *= 2;
    ks->slots = mem_array(ks->n_slots, sizeof(*ks->slots));
    for (size_t i = 0; i < ks->count; i++) {
        const struct keyset_entry *e = entry_at(ks, i);

        index_entry(ks, (uint32_t)hash64(slice_of(e->key, e->key_len)), i);
    }
}

static char *text_block(struct keyset *ks, size_t bytes)
{
    struct text *t = mem_realloc(NULL, sizeof(*t) + bytes);

    t->next = ks->texts;
    ks->texts = t;
    ks->held += sizeof(*t) + bytes;
    return t->bytes;
}

static const char *copy_text(struct keyset *ks, struct slice key)
{
    char *p;

    if (key.n > TEXT_BYTES / 4) {
        p = text_block(ks, key.n);
    } else {
        if (key.n > ks->text_left || !ks->text_at) {
            ks->text_at = text_block(ks, TEXT_BYTES);
            ks->text_left = TEXT_BYTES;
        }
        p = ks->text_at;
        ks->text_at += key.n;
        ks->text_left -= key.n;
    }
    if (key.n > 0)
        memcpy(p, key.p, key.n);
    return p;
}

/* The next entry, in a new chunk if need be. */
static struct keyset_entry *new_entry(struct keyset *ks)
{
    size_t n_chunks = chunk_count(ks);

    assert(ks->count < UINT32_MAX - 1);
    if (ks->count % CHUNK_ENTRIES == 0) {
        if (n_chunks == ks->max_chunks) {
            size_t more = ks->max_chunks + ks->max_chunks / 2 + 16;

            ks->chunks = mem_realloc(ks->chunks, more * sizeof(struct keyset_entry *));
            ks->held += (more - ks->max_chunks) * sizeof(struct keyset_entry *);
            ks->max_chunks = more;
        }
        ks->chunks[n_chunks] = mem_array(CHUNK_ENTRIES, sizeof(struct keyset_entry));
        ks->held += CHUNK_ENTRIES * sizeof(struct keyset_entry);
    }
    return entry_at(ks, ks->count++);
}

/* The first entry of key from slot *at on, and *at its slot; NULL: no more. */
static struct keyset_entry *probe(const struct keyset *ks, struct slice key, size_t *at,
                                  uint32_t hash)
{
    for (;; *at = (*at + 1) & (ks->n_slots - 1)) {
        const struct slot   *s = &ks->slots[*at];
        struct keyset_entry *e;

        if (s->number == 0)
            return NULL;
        if (s->hash != hash)
            continue;
        e = entry_at(ks, s->number - 1);
        if (has_key(e, key))
            return e;
    }
}

struct keyset_entry *keyset_put(struct keyset *ks, struct slice key, int32_t partition)
{
    uint32_t             hash = (uint32_t)hash64(key);
    size_t               mask = ks->n_slots - 1;
    size_t               at = hash & mask;
    struct keyset_entry *e;

    assert(key.n <= UINT32_MAX);
    while ((e = probe(ks, key, &at, hash))) {
        if (e->partition == partition)
            return e;
        at = (at + 1) & mask;
    }
    grow_index(ks);
    e = new_entry(ks);
    e->key = copy_text(ks, key);
    e->key_len = (uint32_t)key.n;
    e->partition = partition;
    e->offset = -1;
    index_entry(ks, hash, ks->count - 1);
    return e;
}

struct keyset_entry *keyset_find(const struct keyset *ks, struct slice key,
                                 const struct keyset_entry *prev)
{
    uint32_t             hash = (uint32_t)hash64(key);
    size_t               mask = ks->n_slots - 1;
    size_t               at = hash & mask;
    bool                 passed = !prev;
    struct keyset_entry *e;

    while ((e = probe(ks, key, &at, hash))) {
        if (passed)
            return e;
        passed = e == prev;
        at = (at + 1) & mask;
    }
    return NULL;
}

struct keyset_entry *keyset_next(const struct keyset *ks, size_t *at)
{
    return *at < ks->count ? entry_at(ks, (*at)++) : NULL;
}
