/*
 * difference.c - see difference.h.
 *
 * DESIGN. First every expected key is looked up in the topic's set, and the entries found are
 * marked; then the unmarked ones are the keys that nobody expected. All entries of a key are
 * gathered before it is classified, so the order of the classes is one chain of ifs.
 */
#include "verify/difference.h"

#include "lib/kestra/key.h"

#include <assert.h>

/* How many keys between two looks at the stop flag. */
#define STOP_STEP 4096

/* What the topic holds of one key, over all partitions. */
struct key_state {
    const struct keyset_entry *own;         /* in the partition of the key; also a tombstone */
    const struct keyset_entry *other;       /* live elsewhere: the one of the lowest partition */
    const struct keyset_entry *undecodable; /* live: its own partition first, then the lowest */
    const struct keyset_entry *any;
    uint64_t                   records;
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
    const struct keyset_entry *e = c->expected ? c->expected : c->topic;

    assert(e); /* a key is on one side at least */
    return slice_of(e->key, e->key_len);
}

int slice_order(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int    order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

void candidates_release(struct candidates *c)
{
    mem_free(c->items);
    *c = (struct candidates){ .items = NULL };
}

static void add_candidate(struct candidates *out, const struct candidate *c)
{
    if (out->n == out->capacity) {
        out->capacity = out->capacity > 0 ? out->capacity * 2 : 64;
        out->items = mem_realloc(out->items, out->capacity * sizeof(*out->items));
    }
    out->items[out->n++] = *c;
}

static bool is_live(const struct keyset_entry *e)
{
    return e && (e->flags & KEYSET_GONE) == 0;
}

static const struct keyset_entry *lower(const struct keyset_entry *a, const struct keyset_entry *b)
{
    return !a || b->partition < a->partition ? b : a;
}

static void gather(const struct keyset *topic, struct slice key, int32_t own,
                   struct key_state *state)
{
    struct keyset_entry *e = NULL;

    memset(state, 0, sizeof(*state));
    while ((e = keyset_find(topic, key, e))) {
        e->flags |= KEYSET_SEEN;
        state->any = lower(state->any, e);
        state->records += e->records;
        if (e->partition == own)
            state->own = e;
        else if (is_live(e))
            state->other = lower(state->other, e);
        if (e->flags & KEYSET_UNDECODABLE)
            state->undecodable = lower(state->undecodable, e);
    }
    if (state->own && state->own->flags & KEYSET_UNDECODABLE)
        state->undecodable = state->own;
}

/* The executor acts on every record of an execution, so in a proof a second one is a difference. */
static bool is_duplicated(const struct comparison *c, const struct key_state *state)
{
    if (is_live(state->own) && state->other)
        return true;
    return c->raw && c->kind == KIND_EXECUTION && state->records > 1;
}

/* The class of one key, the first that fits; DIFF_CLASS_COUNT: both sides agree. */
static struct candidate classify(const struct comparison *c, const struct keyset_entry *expected,
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

static void compare_key(const struct comparison *c, const struct keyset_entry *expected,
                        const struct key_state *state, struct candidates *out)
{
    struct candidate k = classify(c, expected, state);

    if (k.class != DIFF_CLASS_COUNT)
        add_candidate(out, &k);
}

static bool check_stop(const struct comparison *c, size_t n, struct err *err)
{
    if (n % STOP_STEP != 0 || !stop_asked(c->stop))
        return true;
    return err_set(err, ERR_STOPPED, "stopped while comparing");
}

static bool compare_expected(const struct comparison *c, const struct keyset *expected,
                             const struct keyset *topic, struct candidates *out, struct err *err)
{
    const struct keyset_entry *e;
    struct key_state           state;
    size_t                     at = 0;

    for (size_t n = 1; (e = keyset_next(expected, &at)) != NULL; n++) {
        if (!check_stop(c, n, err))
            return false;
        gather(topic, slice_of(e->key, e->key_len), e->partition, &state);
        /* A record that the broker refused: absent is right, and so it counts as not expected. */
        compare_key(c, e->flags & KEYSET_FAILED ? NULL : e, &state, out);
    }
    return true;
}

static bool compare_others(const struct comparison *c, const struct keyset *topic,
                           struct candidates *out, uint64_t *outside, struct err *err)
{
    const struct keyset_entry *e;
    struct key_state           state;
    size_t                     at = 0;

    for (size_t n = 1; (e = keyset_next(topic, &at)) != NULL; n++) {
        struct slice key = slice_of(e->key, e->key_len);

        if (!check_stop(c, n, err))
            return false;
        if (e->flags & KEYSET_SEEN)
            continue;
        gather(topic, key, key_partition(key, c->n_partitions), &state);
        if (!c->keys_only_ours)
            compare_key(c, NULL, &state, out);
        else if (is_live(state.own) || state.other)
            ++*outside;
    }
    return true;
}

bool difference_find(const struct comparison *c, const struct keyset *expected,
                     struct keyset *topic, struct candidates *out, uint64_t *outside,
                     struct err *err)
{
    *outside = 0;
    return compare_expected(c, expected, topic, out, err) &&
           compare_others(c, topic, out, outside, err);
}
