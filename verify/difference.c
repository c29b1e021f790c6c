/*
 * difference.c - see difference.h.
 *
 * DESIGN. Both sides come in the order of (hash of the key, key), so all entries of a key, on
 * either side and in any partition, are at hand together. They are gathered before the key is
 * classified, so the order of the classes is one chain of ifs.
 */
#include "verify/difference.h"

#include "lib/kestra/key.h"

#include <assert.h>

/* How many keys between two looks at the stop flag. */
#define STOP_STEP 4096

/* What the topic holds of one key, over all partitions. */
struct key_state {
    const struct side_entry *own;         /* in the partition of the key; also a tombstone */
    const struct side_entry *other;       /* live elsewhere: the one of the lowest partition */
    const struct side_entry *undecodable; /* live: its own partition first, then the lowest */
    const struct side_entry *any;
    uint64_t                 records;
};

/* A pass over both sides. */
struct pass {
    const struct comparison  *conf;
    struct comparison_counts *counts;
    struct side              *topic;
    size_t                    n;        /* steps */
    struct side_entry         expected; /* the next one of each side; key.p NULL: none left */
    struct side_entry         next;
    struct side_entry         key; /* the key at hand; its text is in text */
    struct buf                text;
    struct side_entry         wanted; /* what is expected of the key at hand */
    struct side_entry        *held;   /* its entries in the topic, by partition */
    size_t                    n_held;
    size_t                    capacity;
};

const char *difference_name(enum difference_class c)
{
    static const char *const names[DIFF_CLASS_COUNT] = {
        [DIFF_UNDECODABLE] = "undecodable",
        [DIFF_DUPLICATED] = "duplicated",
        [DIFF_MISPLACED] = "misplaced",
        [DIFF_MISSING] = "missing",
        [DIFF_EXTRA] = "extra",
        [DIFF_STALE] = "stale",
        [DIFF_CHANGED] = "changed",
    };

    return c < DIFF_CLASS_COUNT ? names[c] : "none";
}

struct slice candidate_key(const struct candidate *c)
{
    const struct side_entry *e = c->expected ? c->expected : c->topic;

    assert(e); /* a key is on one side at least */
    return e->key;
}

static bool is_live(const struct side_entry *e)
{
    return e && (e->flags & SIDE_GONE) == 0;
}

static void gather(const struct pass *p, int32_t own, struct key_state *state)
{
    memset(state, 0, sizeof(*state));
    for (size_t i = 0; i < p->n_held; i++) {
        const struct side_entry *e = &p->held[i];

        if (!state->any)
            state->any = e;
        state->records += e->records;
        if (e->partition == own)
            state->own = e;
        else if (is_live(e) && !state->other)
            state->other = e;
        if (e->flags & SIDE_UNDECODABLE && (!state->undecodable || e->partition == own))
            state->undecodable = e;
    }
}

/* The executor acts on every record of an execution, so in a proof a second one is a difference. */
static bool is_duplicated(const struct comparison *c, const struct key_state *state)
{
    if (is_live(state->own) && state->other)
        return true;
    return c->raw && c->kind == KIND_EXECUTION && state->records > 1;
}

/* The class of one key, the first that fits; DIFF_CLASS_COUNT: both sides agree. */
static struct candidate classify(const struct comparison *c, const struct side_entry *expected,
                                 const struct key_state *state)
{
    struct candidate k = { .class = DIFF_CLASS_COUNT, .expected = expected, .topic = state->own };

    if (state->undecodable) {
        k.class = DIFF_UNDECODABLE;
        k.topic = state->undecodable;
    } else if (is_duplicated(c, state)) {
        k.class = DIFF_DUPLICATED;
        k.topic = state->other ? state->other : state->any;
    } else if (state->other) {
        k.class = DIFF_MISPLACED;
        k.topic = state->other;
    } else if (expected && !is_live(state->own)) {
        k.class = DIFF_MISSING;
    } else if (!expected && is_live(state->own)) {
        k.class = DIFF_EXTRA;
    } else if (expected && state->own && !digest_eq(expected->value, state->own->value)) {
        k.class = DIFF_CHANGED;
    }
    return k;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static bool check_stop(const struct comparison *c, size_t n, struct err *err)
{
    if (n % STOP_STEP != 0 || !stop_asked(c->stop))
        return true;
    return err_set(err, ERR_STOPPED, "stopped while comparing");
}

/* The store's next key that is not settled. */
static bool next_expected(struct pass *p, struct side *expected, struct err *err)
{
    do {
        if (!check_stop(p->conf, ++p->n, err) || !side_next(expected, &p->expected, err))
            return false;
    } while (p->expected.key.p && glance_has(&p->conf->settled, p->expected.hash));
    return true;
}

/* The lower of the next keys becomes the one at hand. */
static bool choose_key(struct pass *p, struct err *err)
{
    bool from_topic =
        !p->expected.key.p || (p->next.key.p && side_order(&p->next, &p->expected) < 0);

    p->key = from_topic ? p->next : p->expected;
    buf_clear(&p->text);
    if (!buf_append(&p->text, p->key.key))
        return err_set(err, ERR_BUG, "a key of %zu bytes", p->key.key.n);
    p->key.key = slice_of(p->text.n > 0 ? p->text.p : "", p->text.n);
    return true;
}

/* What is expected of the key at hand; wanted.key.p NULL: nothing is known of it. */
static bool take_expected(struct pass *p, struct side *expected, struct err *err)
{
    p->wanted = (struct side_entry){ .key = { NULL, 0 } };
    if (!p->expected.key.p || side_order(&p->expected, &p->key) != 0)
        return true;
    p->wanted = p->expected;
    p->wanted.key = p->key.key;
    return next_expected(p, expected, err);
}

static bool take_topic(struct pass *p, struct err *err)
{
    p->n_held = 0;
    while (p->next.key.p && side_order(&p->next, &p->key) == 0) {
        if (p->n_held == p->capacity) {
            p->capacity = p->capacity * 2 + 8;
            p->held = mem_realloc(p->held, p->capacity * sizeof(*p->held));
        }
        p->held[p->n_held] = p->next;
        p->held[p->n_held++].key = p->key.key;
        p->counts->superseded += p->next.records - 1;
        p->counts->keys += is_live(&p->next) ? 1 : 0;
        if (!side_next(p->topic, &p->next, err))
            return false;
    }
    return true;
}

/* What is expected, if it is: NULL also for a record that the broker refused, which may not be
 * there, and for a key that several documents gave. */
static bool find_wanted(struct pass *p, const struct side_entry **out, struct err *err)
{
    struct candidate k = { .expected = &p->wanted };
    bool             collides = p->wanted.records > 1 && !p->conf->raw;

    *out = NULL;
    if (collides)
        return p->conf->on_collision(p->conf->ctx, &k, err);
    if (p->wanted.key.p && p->wanted.records > 0 && (p->wanted.flags & SIDE_FAILED) == 0) {
        p->counts->expected++;
        if (p->conf->sums.store)
            sums_add(&p->conf->sums.store[p->wanted.partition], p->key.key, p->wanted.value);
        *out = &p->wanted;
    }
    return true;
}

static void sum_topic(const struct pass *p)
{
    for (size_t i = 0; i < p->n_held; i++) {
        const struct side_entry *e = &p->held[i];

        if (is_live(e) && e->partition < p->conf->n_partitions)
            sums_add(&p->conf->sums.topic[e->partition], p->key.key, e->value);
    }
}

static bool compare_key(struct pass *p, struct err *err)
{
    const struct comparison *c = p->conf;
    const struct side_entry *wanted;
    struct key_state         state;
    struct candidate         k;

    if (!find_wanted(p, &wanted, err))
        return false;
    if (c->sums.topic)
        sum_topic(p);
    gather(p, p->wanted.key.p ? p->wanted.partition : key_partition(p->key.key, c->n_partitions),
           &state);
    if (c->keys_only_ours && !p->wanted.key.p) {
        p->counts->outside += is_live(state.own) || state.other ? 1 : 0;
        return true;
    }
    k = classify(c, wanted, &state);
    return k.class == DIFF_CLASS_COUNT || c->on_candidate(c->ctx, &k, err);
}

static bool run_pass(struct pass *p, struct side *expected, struct err *err)
{
    if (!side_rewind(expected, err) || !side_rewind(p->topic, err) ||
        !next_expected(p, expected, err) || !side_next(p->topic, &p->next, err))
        return false;
    while (p->expected.key.p || p->next.key.p) {
        if (!check_stop(p->conf, ++p->n, err) || !choose_key(p, err) ||
            !take_expected(p, expected, err) || !take_topic(p, err) || !compare_key(p, err))
            return false;
    }
    return true;
}

bool difference_find(const struct comparison *c, struct side *expected, struct side *topic,
                     struct comparison_counts *counts, struct err *err)
{
    struct pass p = { .conf = c, .counts = counts, .topic = topic };
    bool        ok;

    buf_init(&p.text, SIZE_MAX);
    ok = run_pass(&p, expected, err);
    side_rest(expected);
    side_rest(topic);
    buf_release(&p.text);
    mem_free(p.held);
    return ok;
}
