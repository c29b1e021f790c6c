/*
 * explain.c - see explain.h.
 *
 * DESIGN. Two sources have to meet at each key, and neither may be held whole. The topic's values
 * come in offset order: candidates whose value is wanted are sorted by (partition, offset), and
 * stretches without a large gap are one contiguous read each. What was read goes into a chunk
 * (chunk.h), which asks the store when it is full.
 *
 *   candidates --sort--> [ not read | partition 0 | partition 1 | ... ]
 *   stretch -> topic_read -> take_record -> chunk_add -> the store by ids -> told
 *
 * Chunks do not end with a stretch, so a few scattered keys cost one look-up in the store.
 */
#include "verify/explain.h"

#include "verify/chunk.h"

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

static bool read_stretch(const struct verify_conf *conf, const char *topic, struct stretch *s,
                         struct err *err)
{
    struct topic_range range = {
        .partition = s->next->topic->partition,
        .start = s->next->topic->offset,
        .end = s->end[-1].topic->offset + 1,
    };

    return topic_read(conf->kafka, topic, &range, 1, take_record, s, err) &&
           add_vanished(s, INT64_MAX, err);
}

static bool same_stretch(const struct candidate *a, const struct candidate *b)
{
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
    if (conf->no_lookups || !c->topic || c->topic->flags & (KEYSET_GONE | KEYSET_UNDECODABLE))
        return false;
    if (conf->find_newer && c->class == DIFF_MISPLACED)
        return true;
    return raw || !c->expected || c->class == DIFF_CHANGED;
}

static int order_of_work(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;

    if (x->read != y->read)
        return x->read ? 1 : -1;
    if (!x->read)
        return slice_order(candidate_key(x), candidate_key(y));
    if (x->topic->partition != y->topic->partition)
        return x->topic->partition < y->topic->partition ? -1 : 1;
    return x->topic->offset < y->topic->offset ? -1 : x->topic->offset > y->topic->offset;
}

static bool explain_sorted(const struct verify_conf *conf, const char *topic,
                           const struct candidates *c, struct chunk *chunk, struct err *err)
{
    size_t i = 0;

    for (; i < c->n && !c->items[i].read; i++) {
        if (!chunk_add(chunk, &c->items[i], (struct slice){ NULL, 0 }, -1, err))
            return false;
    }
    while (i < c->n) {
        struct stretch s = { .chunk = chunk, .next = &c->items[i] };

        for (i++; i < c->n && same_stretch(&c->items[i - 1], &c->items[i]); i++)
            ;
        s.end = &c->items[i];
        if (!read_stretch(conf, topic, &s, err))
            return false;
    }
    return chunk_flush(chunk, err);
}

bool explain_candidates(const struct verify_conf *conf, enum kind kind, bool raw,
                        struct comparer *comparer, struct candidates *c, struct verify_result *out,
                        struct err *err)
{
    struct chunk *chunk;
    bool          ok;

    if (c->n == 0)
        return true;
    for (size_t i = 0; i < c->n; i++)
        c->items[i].read = wants_value(conf, raw, &c->items[i]);
    qsort(c->items, c->n, sizeof(c->items[0]), order_of_work);
    chunk = chunk_new(conf, kind, raw, comparer, out);
    ok = explain_sorted(conf, conf->topics[kind], c, chunk, err);
    chunk_free(chunk);
    return ok;
}
