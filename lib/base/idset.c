/*
 * idset.c - see idset.h. Open addressing with linear probing, at most three quarters full; the
 * lowest byte of an entry's second half is the round, and an entry of two zeros is empty.
 */
#include "lib/base/idset.h"

#include "lib/base/mem.h"

#define FIRST_ROOM 1024
#define ROUND_MASK ((uint64_t)0xff)

struct idset {
    struct digest *room;
    size_t         n_room; /* a power of two */
    size_t         n;
};

struct idset *idset_new(void)
{
    struct idset *s = mem_alloc(sizeof(*s));

    s->n_room = FIRST_ROOM;
    s->room = mem_array(s->n_room, sizeof(*s->room));
    return s;
}

void idset_free(struct idset *s)
{
    if (!s)
        return;
    mem_free(s->room);
    mem_free(s);
}

/* Where id is, or where it goes; the round plays no part. */
static struct digest *find(const struct idset *s, struct digest id)
{
    size_t at = (size_t)id.lo & (s->n_room - 1);

    for (;; at = (at + 1) & (s->n_room - 1)) {
        struct digest *e = &s->room[at];

        if ((e->lo == 0 && e->hi == 0) ||
            (e->lo == id.lo && (e->hi & ~ROUND_MASK) == (id.hi & ~ROUND_MASK)))
            return e;
    }
}

static void grow(struct idset *s)
{
    struct idset bigger = { .n_room = s->n_room * 2, .n = s->n };

    bigger.room = mem_array(bigger.n_room, sizeof(*bigger.room));
    for (size_t i = 0; i < s->n_room; i++) {
        if (s->room[i].lo != 0 || s->room[i].hi != 0)
            *find(&bigger, s->room[i]) = s->room[i];
    }
    mem_free(s->room);
    *s = bigger;
}

/* Never empty, whatever the round. */
static struct digest not_zero(struct digest id)
{
    if (id.lo == 0)
        id.lo = 1;
    return id;
}

bool idset_has(const struct idset *s, struct digest id)
{
    const struct digest *e = find(s, not_zero(id));

    return e->lo != 0 || e->hi != 0;
}

enum idset_answer idset_see(struct idset *s, struct digest id, unsigned round)
{
    uint64_t          mark = round & ROUND_MASK;
    struct digest    *e;
    enum idset_answer answer = IDSET_NEW;

    id = not_zero(id);
    if (s->n >= s->n_room / 4 * 3)
        grow(s);
    e = find(s, id);
    if (e->lo == 0 && e->hi == 0)
        s->n++;
    else
        answer = (e->hi & ROUND_MASK) == mark ? IDSET_AGAIN : IDSET_BEFORE;
    e->lo = id.lo;
    e->hi = (id.hi & ~ROUND_MASK) | mark;
    return answer;
}

size_t idset_count(const struct idset *s)
{
    return s->n;
}

size_t idset_bytes(const struct idset *s)
{
    return s->n_room * sizeof(*s->room);
}
