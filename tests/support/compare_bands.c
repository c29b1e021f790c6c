/*
 * compare_bands.c - two bands by hand, and comparisons that check themselves.
 */
#include "tests/support/compare_bands.h"

static const char *dates[] = { "/scheduleDate", "/days/*", "/state/histories/*/date",
                               "/taskRunList/*/state/histories/*/date",
                               "/taskRunList/*/attempts/*/state/histories/*/date" };
static const char *states[] = { "/state", "/taskRunList/*/state",
                                "/taskRunList/*/attempts/*/state" };
static const char *labels[] = { "/labels", "/backfill/labels" };
static const char *verbatim[] = { "/inputs", "/outputs" };
static const char *absent_false[] = { "/disabled", "/deep/disabled" };

void bands_fill_layout(struct layout *l, bool drop_empty)
{
    struct kind_layout *k = &l->kinds[KIND_EXECUTION];

    l->drop_empty = drop_empty;
    k->dates = dates;
    k->n_dates = COUNT_OF(dates);
    k->states = states;
    k->n_states = COUNT_OF(states);
    k->labels = labels;
    k->n_labels = COUNT_OF(labels);
    k->verbatim = verbatim;
    k->n_verbatim = COUNT_OF(verbatim);
    k->absent_false = absent_false;
    k->n_false = COUNT_OF(absent_false);
}

int bands_set_up(void **state)
{
    struct bands *b = mem_alloc(sizeof(*b));

    bands_fill_layout(&b->keep, false);
    bands_fill_layout(&b->drop, true);
    b->of_keep = comparer_new(&b->keep, KIND_EXECUTION);
    b->of_drop = comparer_new(&b->drop, KIND_EXECUTION);
    *state = b;
    return 0;
}

int bands_tear_down(void **state)
{
    struct bands *b = *state;

    comparer_free(b->of_keep);
    comparer_free(b->of_drop);
    mem_free(b);
    return 0;
}

struct slice bands_json(const char *text, struct buf *room)
{
    buf_clear(room);
    for (const char *p = text; *p; p++)
        assert_true(buf_append_char(room, *p == '\'' ? '"' : *p));
    return buf_slice(room);
}

struct digest bands_digest(struct comparer *c, struct slice value)
{
    struct err    err = ERR_INIT;
    struct digest d = { 0, 0 };

    if (!comparer_digest(c, value, &d, &err))
        fail_msg("%.*s: %s", SLICE_ARG(value), err.msg);
    return d;
}

/* Are they equal? Digest and explanation say the same, in both directions. */
bool bands_says_same(struct comparer *c, struct slice store, struct slice topic)
{
    bool                    same = digest_eq(bands_digest(c, store), bands_digest(c, topic));
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;

    for (int turn = 0; turn < 2; turn++) {
        struct slice one = turn ? topic : store;
        struct slice other = turn ? store : topic;
        size_t       n = 77;
        bool         more = true;

        assert_true(comparer_explain(c, one, other, a, out, &n, &more, &err));
        if ((n == 0) != same || (n == 0 && more))
            fail_msg("digests are %s, differences %zu:\n%.*s\n%.*s", same ? "equal" : "different",
                     n, SLICE_ARG(one), SLICE_ARG(other));
    }
    arena_free(a);
    return same;
}
