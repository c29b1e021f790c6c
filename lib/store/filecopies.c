/*
 * filecopies.c - which copy of a document counts (filecopies.h).
 *
 * DESIGN: hashes tell which ids may have come again; two ids with one hash are weighed for nothing.
 * What is weighed is kept by kind and whole id.
 */
#include "lib/store/filecopies.h"

#include "lib/base/hash.h"
#include "lib/base/keyset.h"
#include "lib/kestra/latest.h"

#define FIRST_SLOTS 1024

/* Open addressing, half full at most; 0 is an empty slot. */
struct hashes {
    uint64_t *slots;
    size_t    n_slots; /* a power of two */
    size_t    n;
};

/* The copy that counts so far. */
struct copy {
    uint64_t      line;
    struct latest latest;
    struct slice  index;
};

struct file_copies {
    struct hashes  seen;
    struct hashes  again;
    struct keyset *ids;  /* offset: its copy; partition: its kind */
    struct copy   *best; /* by offset */
    size_t         n_best;
    size_t         cap_best;
};

/* ---- hashes -------------------------------------------------------------------------------- */

static size_t find_slot(const struct hashes *h, uint64_t hash)
{
    size_t at = (size_t)hash & (h->n_slots - 1);

    while (h->slots[at] != 0 && h->slots[at] != hash)
        at = (at + 1) & (h->n_slots - 1);
    return at;
}

static bool has_hash(const struct hashes *h, uint64_t hash)
{
    return h->n > 0 && h->slots[find_slot(h, hash)] == hash;
}

static void grow(struct hashes *h)
{
    struct hashes old = *h;

    h->n_slots = old.n_slots > 0 ? 2 * old.n_slots : FIRST_SLOTS;
    h->slots = mem_array(h->n_slots, sizeof(*h->slots));
    for (size_t i = 0; i < old.n_slots; i++) {
        if (old.slots[i] != 0)
            h->slots[find_slot(h, old.slots[i])] = old.slots[i];
    }
    mem_free(old.slots);
}

/* False: it was there. */
static bool put_hash(struct hashes *h, uint64_t hash)
{
    size_t at;

    if (2 * (h->n + 1) > h->n_slots)
        grow(h);
    at = find_slot(h, hash);
    if (h->slots[at] == hash)
        return false;
    h->slots[at] = hash;
    h->n++;
    return true;
}

static uint64_t hash_of(enum kind kind, struct slice id)
{
    uint64_t hash = hash64(id) ^ ((uint64_t)kind + 1) * 0x9e3779b97f4a7c15u;

    return hash != 0 ? hash : 1;
}

/* ---- copies -------------------------------------------------------------------------------- */

struct file_copies *copies_new(void)
{
    struct file_copies *c = mem_alloc(sizeof(*c));

    c->ids = keyset_new();
    return c;
}

void copies_free(struct file_copies *c)
{
    if (!c)
        return;
    mem_free(c->seen.slots);
    mem_free(c->again.slots);
    keyset_free(c->ids);
    mem_free(c->best);
    mem_free(c);
}

void copies_see(struct file_copies *c, enum kind kind, struct slice id)
{
    uint64_t hash = hash_of(kind, id);

    if (!put_hash(&c->seen, hash))
        (void)put_hash(&c->again, hash);
}

bool copies_any(struct file_copies *c)
{
    mem_free(c->seen.slots);
    c->seen = (struct hashes){ 0 };
    return c->again.n > 0;
}

/* The entry of an id that was weighed, or NULL. */
static const struct keyset_entry *find(const struct file_copies *c, enum kind kind, struct slice id)
{
    const struct keyset_entry *e = keyset_find(c->ids, id, NULL);

    while (e && e->partition != (int32_t)kind)
        e = keyset_find(c->ids, id, e);
    return e;
}

void copies_weigh(struct file_copies *c, enum kind kind, const struct document *doc,
                  struct slice index, uint64_t line)
{
    struct copy          copy = { .line = line, .index = index };
    struct keyset_entry *e;

    if (!has_hash(&c->again, hash_of(kind, doc->id)))
        return;
    if (kind == KIND_EXECUTION)
        copy.latest = latest_of(doc->value, doc->trusted);
    e = keyset_put(c->ids, doc->id, (int32_t)kind);
    if (e->offset < 0) {
        if (c->n_best == c->cap_best) {
            c->cap_best = c->cap_best > 0 ? 2 * c->cap_best : 64;
            c->best = mem_realloc(c->best, c->cap_best * sizeof(*c->best));
        }
        e->offset = (int64_t)c->n_best++;
    } else if (kind == KIND_EXECUTION &&
               latest_compare(&copy.latest, index, &c->best[e->offset].latest,
                              c->best[e->offset].index) < 0) {
        return;
    }
    c->best[e->offset] = copy;
}

bool copies_counts(const struct file_copies *c, enum kind kind, struct slice id, uint64_t line)
{
    const struct keyset_entry *e;

    if (!has_hash(&c->again, hash_of(kind, id)))
        return true;
    e = find(c, kind, id);
    return !e || c->best[e->offset].line == line;
}
