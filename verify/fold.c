/*
 * fold.c - see fold.h.
 */
#include "verify/fold.h"

/* The progress display looks a few times a second: no need to bump its counter for every record. */
#define CONSUMED_STEP 256

struct folding {
    const struct fold *f;
    struct keyset     *out;
    struct fold_stats *stats;
    uint64_t           untold; /* records that f->consumed does not have yet */
    struct err         why;    /* scratch: a value that is no JSON object is no failure */
};

static void tell_consumed(struct folding *s)
{
    if (s->f->consumed)
        (void)atomic_fetch_add_explicit(s->f->consumed, s->untold, memory_order_relaxed);
    s->untold = 0;
}

/* What the store says of this key in the very same bytes. Their digest is known then: most values
 * of a topic that we filled ourselves. */
static const struct keyset_entry *find_same_bytes(const struct folding      *s,
                                                  const struct topic_record *rec)
{
    uint64_t                   bytes = hash64(rec->value);
    const struct keyset_entry *e = NULL;

    if (!s->f->expected)
        return NULL;
    do {
        e = keyset_find(s->f->expected, rec->key, e);
    } while (e && e->bytes != bytes);
    return e;
}

static bool digest_value(struct folding *s, const struct topic_record *rec, struct keyset_entry *e,
                         struct err *err)
{
    struct slice               value = rec->value;
    const struct keyset_entry *same;

    e->value = (struct digest){ 0, 0 };
    if (!value.p) {
        e->flags = KEYSET_GONE;
        s->stats->tombstones++;
        return true;
    }
    if (!s->f->comparer) {
        e->value = digest_bytes(DIGEST_TAG_RAW, value);
        return true;
    }
    same = find_same_bytes(s, rec);
    if (same) {
        e->value = same->value;
        s->stats->same_bytes++;
        return true;
    }
    if (comparer_digest(s->f->comparer, value, &e->value, &s->why))
        return true;
    if (s->why.kind != ERR_DATA) {
        *err = s->why;
        return false;
    }
    e->value = (struct digest){ 0, 0 };
    e->flags = KEYSET_UNDECODABLE;
    return true;
}

static bool fold_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct folding      *s = ctx;
    struct keyset_entry *e;

    s->stats->records++;
    s->stats->bytes += rec->value.n;
    if (++s->untold == CONSUMED_STEP)
        tell_consumed(s);
    if (!rec->key.p || !utf8_valid(rec->key))
        return s->f->on_undecodable(s->f->ctx, rec->partition, rec->offset, rec->key, err);
    if (s->f->only && !keyset_find(s->f->only, rec->key, NULL))
        return true;
    e = keyset_put(s->out, rec->key, rec->partition);
    if (e->records > 0)
        s->stats->superseded++;
    if (e->records < UINT32_MAX)
        e->records++;
    if (rec->offset < e->offset)
        return true;
    e->offset = rec->offset;
    e->flags = 0;
    return digest_value(s, rec, e, err);
}

static uint64_t live_keys(const struct keyset *ks)
{
    const struct keyset_entry *e;
    size_t                     at = 0;
    uint64_t                   n = 0;

    while ((e = keyset_next(ks, &at)))
        n += e->flags & KEYSET_GONE ? 0 : 1;
    return n;
}

bool fold_topic(const struct fold *f, struct keyset *out, struct fold_stats *stats, struct err *err)
{
    struct folding s = { .f = f, .out = out, .stats = stats };
    bool           ok;

    memset(stats, 0, sizeof(*stats));
    for (size_t i = 0; i < f->n_ranges; i++)
        stats->span += f->ranges[i].end - f->ranges[i].start;
    ok = topic_read(f->kafka, f->topic, f->ranges, f->n_ranges, fold_record, &s, err);
    tell_consumed(&s);
    stats->keys = live_keys(out);
    return ok;
}
