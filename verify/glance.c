/*
 * glance.c - see glance.h.
 */
#include "verify/glance.h"

#include "verify/difference.h"
#include "verify/fold.h"

/* How many keys between two looks at the stop flag. */
#define STOP_STEP 4096

/* Of the few keys whose values the store's parts remember, so many are met before it is judged. */
#define ENOUGH_MET 64

/* ---- the topic ----------------------------------------------------------------------------- */

struct look {
    struct parts *store;
    struct parts *topic;
    uint64_t      met; /* records of keys that are remembered */
    uint64_t      other;
    bool          in_vain;
};

static bool look_at(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct look  *l = ctx;
    uint64_t      hash = hash64(rec->key);
    struct digest value;

    if (!rec->key.p || !rec->value.p) {
        parts_spoil(l->topic, hash);
        return true;
    }
    value = digest_bytes(DIGEST_TAG_RAW, rec->value);
    parts_add(l->topic, hash, rec->partition, value);
    switch (parts_remember(l->store, hash, value)) {
    case PARTS_UNKNOWN: return true;
    case PARTS_OTHER_VALUE: l->other++; break;
    case PARTS_THIS_VALUE: break;
    }
    l->in_vain = ++l->met >= ENOUGH_MET && l->other > l->met / 2;
    return !l->in_vain || err_set(err, ERR_STOPPED, "seen enough");
}

bool glance_topic(const struct fold *f, const struct side *expected, struct glance *out,
                  struct fold_stats *stats, struct err *err)
{
    struct look l = { .store = side_parts(expected) };
    bool        ok;

    *out = (struct glance){ NULL, NULL };
    if (!l.store)
        return true;
    l.topic = parts_like(l.store);
    ok = fold_read(f, look_at, &l, stats, err) || l.in_vain;
    if (ok && !l.in_vain)
        *out = (struct glance){ l.store, l.topic };
    else
        parts_free(l.topic);
    return ok;
}

void glance_release(struct glance *g)
{
    parts_free(g->topic);
    *g = (struct glance){ NULL, NULL };
}

/* ---- the store ----------------------------------------------------------------------------- */

struct settled_key {
    int32_t       partition;
    struct digest share; /* of its partition's sum */
};

/* The keys of the part at hand: a later one may show that it is not settled. */
struct settling {
    const struct comparison  *conf;
    struct comparison_counts *counts;
    struct settled_key       *keys;
    size_t                    n;
    size_t                    capacity;
    uint64_t                  part;
};

static void count_part(struct settling *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct settled_key *k = &s->keys[i];

        s->counts->expected++;
        s->counts->keys++;
        if (s->conf->sums.store)
            sums_add_share(&s->conf->sums.store[k->partition], k->share);
        if (s->conf->sums.topic)
            sums_add_share(&s->conf->sums.topic[k->partition], k->share);
    }
    s->n = 0;
}

static void take_key(struct settling *s, const struct side_entry *e)
{
    if (!glance_has(&s->conf->settled, e->hash) || e->records == 0)
        return;
    if (e->records > 1 || e->flags & SIDE_FAILED) {
        parts_spoil(s->conf->settled.topic, e->hash);
        s->n = 0;
        return;
    }
    if (s->n == s->capacity) {
        s->capacity = s->capacity * 2 + 64;
        s->keys = mem_realloc(s->keys, s->capacity * sizeof(*s->keys));
    }
    s->keys[s->n++] = (struct settled_key){ e->partition, sums_share(e->key, e->value) };
}

static bool settle_all(struct settling *s, struct side *expected, struct err *err)
{
    const struct parts *parts = s->conf->settled.store;
    struct side_entry   e;

    if (!side_rewind(expected, err))
        return false;
    for (uint64_t n = 1;; n++) {
        if (n % STOP_STEP == 0 && stop_asked(s->conf->stop))
            return err_set(err, ERR_STOPPED, "stopped while comparing");
        if (!side_next(expected, &e, err))
            return false;
        if (!e.key.p || parts_index(parts, e.hash) != s->part)
            count_part(s);
        if (!e.key.p)
            return true;
        s->part = parts_index(parts, e.hash);
        take_key(s, &e);
    }
}

bool glance_settle(const struct comparison *c, struct side *expected,
                   struct comparison_counts *counts, struct err *err)
{
    struct settling s = { .conf = c, .counts = counts };
    bool            ok = !c->settled.store || settle_all(&s, expected, err);

    side_rest(expected);
    mem_free(s.keys);
    return ok;
}
