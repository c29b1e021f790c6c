/*
 * fold.c - see fold.h.
 */
#include "verify/fold.h"

/* The progress display looks a few times a second: no need to bump its counter for every record. */
#define CONSUMED_STEP 256

struct reading {
    const struct fold *f;
    topic_record_fn    fn;
    void              *ctx;
    struct fold_stats *stats;
    uint64_t           untold; /* records that f->consumed does not have yet */
};

static void tell_consumed(struct reading *r)
{
    if (r->f->consumed)
        (void)atomic_fetch_add_explicit(r->f->consumed, r->untold, memory_order_relaxed);
    r->untold = 0;
}

static bool count_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct reading *r = ctx;

    r->stats->records++;
    r->stats->bytes += rec->value.n;
    if (++r->untold == CONSUMED_STEP)
        tell_consumed(r);
    return r->fn(r->ctx, rec, err);
}

bool fold_read(const struct fold *f, topic_record_fn fn, void *ctx, struct fold_stats *stats,
               struct err *err)
{
    struct reading r = { .f = f, .fn = fn, .ctx = ctx, .stats = stats };
    bool           ok;

    memset(stats, 0, sizeof(*stats));
    for (size_t i = 0; i < f->n_ranges; i++)
        stats->span += f->ranges[i].end - f->ranges[i].start;
    ok = topic_read(f->kafka, f->topic, f->ranges, f->n_ranges, count_record, &r, err);
    tell_consumed(&r);
    return ok;
}

struct folding {
    const struct fold *f;
    struct side       *out;
    struct fold_stats *stats;
    struct err         why; /* scratch: a value that is no JSON object is no failure */
};

static bool digest_value(struct folding *s, struct slice value, struct side_entry *e,
                         struct err *err)
{
    if (!value.p) {
        e->flags = SIDE_GONE;
        s->stats->tombstones++;
        return true;
    }
    if (!s->f->comparer) {
        e->value = digest_bytes(DIGEST_TAG_RAW, value);
        return true;
    }
    if (comparer_digest(s->f->comparer, value, &e->value, &s->why))
        return true;
    if (s->why.kind != ERR_DATA) {
        *err = s->why;
        return false;
    }
    e->value = (struct digest){ 0, 0 };
    e->flags = SIDE_UNDECODABLE;
    return true;
}

static bool fold_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct folding   *s = ctx;
    struct side_entry e = {
        .offset = rec->offset, .partition = rec->partition, .records = 1, .key = rec->key
    };

    if (!rec->key.p || !utf8_valid(rec->key))
        return s->f->on_undecodable(s->f->ctx, rec->partition, rec->offset, rec->key, err);
    if (s->f->only && !keyset_find(s->f->only, rec->key, NULL))
        return true;
    if (glance_has(s->f->settled, hash64(rec->key))) {
        s->stats->same_bytes++;
        return true;
    }
    return digest_value(s, rec->value, &e, err) && side_put(s->out, &e, err);
}

bool fold_topic(const struct fold *f, struct side *out, struct fold_stats *stats, struct err *err)
{
    struct folding s = { .f = f, .out = out, .stats = stats };

    return fold_read(f, fold_record, &s, stats, err);
}
