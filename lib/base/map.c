/*
 * map.c - see map.h. Open addressing with linear probing over pointers to entries in an arena, at
 * most half full; a list of the entries keeps their order.
 */
#include "lib/base/map.h"

#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define FIRST_ROOM  64 /* a power of two, as every table */
#define ARENA_BYTES 16384

struct map_entry {
    uint64_t     hash;
    struct slice key;
    void        *value;
};

struct map {
    struct arena      *arena;
    struct map_entry **room;
    size_t             n_room;
    struct map_entry **order;
    size_t             n;
};

struct map *map_new(void)
{
    struct map *m = mem_alloc(sizeof(*m));

    m->arena = arena_new(ARENA_BYTES);
    m->n_room = FIRST_ROOM;
    m->room = mem_array(m->n_room, sizeof(struct map_entry *));
    m->order = mem_array(m->n_room / 2, sizeof(struct map_entry *));
    return m;
}

void map_free(struct map *m)
{
    if (!m)
        return;
    arena_free(m->arena);
    mem_free(m->room);
    mem_free(m->order);
    mem_free(m);
}

static struct map_entry **find(const struct map *m, struct slice key, uint64_t hash)
{
    size_t at = (size_t)hash & (m->n_room - 1);

    while (m->room[at] && (m->room[at]->hash != hash || !slice_eq(m->room[at]->key, key)))
        at = (at + 1) & (m->n_room - 1);
    return &m->room[at];
}

static void grow(struct map *m)
{
    m->n_room *= 2;
    mem_free(m->room);
    m->room = mem_array(m->n_room, sizeof(struct map_entry *));
    m->order = mem_realloc(m->order, m->n_room / 2 * sizeof(struct map_entry *));
    for (size_t i = 0; i < m->n; i++)
        *find(m, m->order[i]->key, m->order[i]->hash) = m->order[i];
}

void **map_put(struct map *m, struct slice *key)
{
    uint64_t          hash = hash64(*key);
    struct map_entry *e = *find(m, *key, hash);

    if (!e) {
        if (m->n == m->n_room / 2)
            grow(m);
        e = arena_alloc(m->arena, sizeof(*e));
        *e = (struct map_entry){ .hash = hash, .key = arena_copy(m->arena, *key) };
        *find(m, *key, hash) = e;
        m->order[m->n++] = e;
    }
    *key = e->key;
    return &e->value;
}

void *map_get(const struct map *m, struct slice key)
{
    const struct map_entry *e = *find(m, key, hash64(key));

    return e ? e->value : NULL;
}

size_t map_count(const struct map *m)
{
    return m->n;
}

void **map_next(const struct map *m, size_t *at, struct slice *key)
{
    struct map_entry *e;

    if (*at >= m->n)
        return NULL;
    e = m->order[(*at)++];
    if (key)
        *key = e->key;
    return &e->value;
}
