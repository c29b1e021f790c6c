/*
 * explain.c - see explain.h.
 *
 * DESIGN. Two sources have to meet at each key, and neither may be held whole. The topic's values
 * come in offset order: candidates whose value is wanted are sorted by (partition, offset), and
 * stretches without a large gap are one contiguous read each. What was read goes into a chunk
 * (chunk.h), which asks the store when it is full. Any number of candidates is sorted (sorter.h);
 * a lot of them at a time is in memory.
 *
 *   candidates --sort--> [ not read | partition 0 | partition 1 | ... ] -> lots
 *   stretch of a lot -> topic_read -> take_record -> chunk_add -> the store by ids -> told
 *
 * Chunks do not end with a stretch, so a few scattered keys cost one look-up in the store.
 */
#include "verify/explain.h"

#include "verify/chunk.h"

#include <assert.h>

/* A candidate as a record of the sorter; the key comes behind it. */
struct found {
    enum difference_class class;
    bool              read, expected, topic;
    struct side_entry store_side;
    struct side_entry topic_side;
};

/* A part of the candidates. */
struct lot {
    struct candidate *items;
    struct found     *found; /* what the items point to */
    size_t            n;
    size_t            max;
    struct arena     *keys;
    size_t            key_bytes;
};

/* One contiguous read. */
struct stretch {
    struct chunk           *chunk;
    const struct candidate *next; /* the next record wanted */
    const struct candidate *end;
};

bool explain_tell(const struct verify_conf *conf, struct verify_result *out,
                  const struct difference *d, struct err *err)
{
    if (d->explained)
        out->explained[d->class]++;
    else
        out->differences[d->class]++;
    return !conf->on_difference || conf->on_difference(conf->ctx, d, err);
}

/* A record that was folded may be gone since: compacted away, or aged out. */
static bool add_vanished(struct stretch *s, int64_t before, struct err *err)
{
    while (s->next < s->end && s->next->topic->offset < before) {
        if (!chunk_add(s->chunk, s->next++, (struct slice){ NULL, 0 }, -1, err))
            return false;
    }
    return true;
}

static bool take_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct stretch *s = ctx;

    if (!add_vanished(s, rec->offset, err))
        return false;
    if (s->next == s->end || s->next->topic->offset != rec->offset)
        return true;
    return chunk_add(s->chunk, s->next++, rec->value, rec->timestamp_ms, err);
}

/* Not before the topic begins by now: nobody could read there. */
static bool read_stretch(const struct explanation *x, struct stretch *s, struct err *err)
{
    const char              *topic = x->conf->topics[x->kind];
    const struct side_entry *first = s->next->topic;
    const struct side_entry *last = s->end[-1].topic;
    int64_t                  start;
    struct topic_range       range;

    assert(first && last);
    start = x->result->log ? x->result->log[first->partition].start : 0;
    range = (struct topic_range){ first->partition, first->offset, last->offset + 1 };
    range.start = range.start > start ? range.start : start;
    return (range.start >= range.end ||
            topic_read(x->conf->kafka, topic, &range, 1, take_record, s, err)) &&
           add_vanished(s, INT64_MAX, err);
}

static bool same_stretch(const struct candidate *a, const struct candidate *b)
{
    assert(a->topic && b->topic); /* only what has a record is read */
    return a->topic->partition == b->topic->partition &&
           b->topic->offset - a->topic->offset <= EXPLAIN_MAX_GAP;
}

/* ---- the order of work ---------------------------------------------------------------------- */

/* The topic's value is wanted to compare it, to see in a proof whether it is an object, and for
 * the identity of an entity that the store does not have; its time to tell the record's age. */
static bool wants_value(const struct verify_conf *conf, bool raw, const struct candidate *c)
{
    if (conf->find_ages && c->topic)
        return true;
    if (conf->no_lookups || !c->topic || c->topic->flags & (SIDE_GONE | SIDE_UNDECODABLE))
        return false;
    if (conf->find_newer && c->class == DIFF_MISPLACED)
        return true;
    return raw || !c->expected || c->class == DIFF_CHANGED;
}

static int order_of_work(struct slice a, struct slice b)
{
    struct found x;
    struct found y;

    memcpy(&x, a.p, sizeof(x));
    memcpy(&y, b.p, sizeof(y));
    if (x.read != y.read)
        return x.read ? 1 : -1;
    if (!x.read)
        return slice_order(slice_of(a.p + sizeof(x), a.n - sizeof(x)),
                           slice_of(b.p + sizeof(y), b.n - sizeof(y)));
    if (x.topic_side.partition != y.topic_side.partition)
        return x.topic_side.partition < y.topic_side.partition ? -1 : 1;
    return x.topic_side.offset < y.topic_side.offset ? -1
                                                     : x.topic_side.offset > y.topic_side.offset;
}

/* The same order, as far as 64 bits tell. */
static uint64_t rank_of_work(const struct found *f, struct slice key)
{
    uint64_t rank = 0;

    if (f->read) {
        uint64_t offset = (uint64_t)f->topic_side.offset >> 16;

        return UINT64_C(1) << 63 | (uint64_t)f->topic_side.partition << 32 |
               (offset < UINT32_MAX ? offset : UINT32_MAX);
    }
    for (size_t i = 0; i < 8; i++)
        rank = rank << 8 | (i < key.n ? (unsigned char)key.p[i] : 0);
    return rank >> 1;
}

bool explain_add(void *ctx, const struct candidate *c, struct err *err)
{
    struct explanation *x = ctx;
    struct slice        key = candidate_key(c);
    struct found        f;

    memset(&f, 0, sizeof(f)); /* its padding is written to a file */
    f.class = c->class;
    f.read = wants_value(x->conf, x->raw, c);
    f.expected = c->expected != NULL;
    f.topic = c->topic != NULL;
    if (c->expected)
        f.store_side = *c->expected;
    if (c->topic)
        f.topic_side = *c->topic;
    if (!x->found) {
        struct sorter_conf conf = { .memory = x->conf->memory / 8,
                                    .spill = x->conf->spill,
                                    .order = order_of_work };

        x->found = sorter_new(&conf);
    }
    return sorter_put(x->found, rank_of_work(&f, key), slice_of((const char *)&f, sizeof(f)), key,
                      err);
}

static void add_to_lot(struct lot *lot, struct slice data)
{
    struct found     *f = &lot->found[lot->n];
    struct candidate *c = &lot->items[lot->n++];
    struct slice key = arena_copy(lot->keys, slice_of(data.p + sizeof(*f), data.n - sizeof(*f)));

    memcpy(f, data.p, sizeof(*f));
    f->store_side.key = f->topic_side.key = key;
    *c = (struct candidate){ .class = f->class,
                             .read = f->read,
                             .expected = f->expected ? &f->store_side : NULL,
                             .topic = f->topic ? &f->topic_side : NULL };
    lot->key_bytes += key.n;
}

/* n is 0 at the end. */
static bool next_lot(struct explanation *x, struct lot *lot, struct err *err)
{
    struct ranked r = { .data = SLICE("") };

    lot->n = 0;
    lot->key_bytes = 0;
    arena_reset(lot->keys);
    while (r.data.p && lot->n < lot->max && lot->key_bytes < x->conf->memory / 16) {
        if (!sorter_next(x->found, &r, err))
            return false;
        if (r.data.p)
            add_to_lot(lot, r.data);
    }
    return true;
}

static bool explain_lot(const struct explanation *x, const struct lot *lot, struct chunk *chunk,
                        struct err *err)
{
    size_t i = 0;

    for (; i < lot->n && !lot->items[i].read; i++) {
        if (!chunk_add(chunk, &lot->items[i], (struct slice){ NULL, 0 }, -1, err))
            return false;
    }
    while (i < lot->n) {
        struct stretch s = { .chunk = chunk, .next = &lot->items[i] };

        for (i++; i < lot->n && same_stretch(&lot->items[i - 1], &lot->items[i]); i++)
            ;
        s.end = &lot->items[i];
        if (!read_stretch(x, &s, err))
            return false;
    }
    return chunk_flush(chunk, err);
}

static bool explain_lots(struct explanation *x, struct lot *lot, struct chunk *chunk,
                         struct err *err)
{
    do {
        if (!next_lot(x, lot, err) || !explain_lot(x, lot, chunk, err))
            return false;
    } while (lot->n > 0);
    return true;
}

bool explain_all(struct explanation *x, struct err *err)
{
    struct lot    lot = { .max = x->conf->memory / 16 /
                                 (sizeof(struct found) + sizeof(struct candidate)) };
    struct chunk *chunk;
    bool          ok;

    if (!x->found)
        return true;
    if (lot.max > sorter_count(x->found))
        lot.max = (size_t)sorter_count(x->found);
    if (lot.max < EXPLAIN_CHUNK)
        lot.max = EXPLAIN_CHUNK;
    if (!sorter_rewind(x->found, err))
        return false;
    lot.items = mem_array(lot.max, sizeof(*lot.items));
    lot.found = mem_array(lot.max, sizeof(*lot.found));
    lot.keys = arena_new((size_t)64 * 1024);
    chunk = chunk_new(x->conf, x->kind, x->raw, x->comparer, x->result);
    ok = explain_lots(x, &lot, chunk, err);
    chunk_free(chunk);
    arena_free(lot.keys);
    mem_free(lot.items);
    mem_free(lot.found);
    return ok;
}

void explain_release(struct explanation *x)
{
    sorter_free(x->found);
    x->found = NULL;
}
