/*
 * test_flowindex.c - the highest revision of each flow, and the flows that stay out.
 */
#include "tests/support/test.h"

#include "lib/kestra/flowindex.h"

static int setup(void **state)
{
    *state = flow_index_new();
    return 0;
}

static int teardown(void **state)
{
    flow_index_free(*state);
    return 0;
}

static void add(struct flow_index *x, const char *key, const char *identity, int64_t revision,
                bool skipped)
{
    flow_index_add(x, slice_str(key), slice_str(identity), revision, skipped, 0);
}

static enum flow_state state_of(const struct flow_index *x, const char *key)
{
    return flow_index_state(x, slice_str(key));
}

static int64_t last_of(const struct flow_index *x, const char *key)
{
    return flow_index_last(x, slice_str(key));
}

static void an_empty_index_knows_nothing(void **state)
{
    assert_int_equal(state_of(*state, "a"), FLOW_UNKNOWN);
    assert_int_equal(last_of(*state, "a"), -1);
    assert_int_equal(flow_index_count(*state), 0);
    flow_index_free(NULL);
}

static void the_highest_revision_counts_in_any_order(void **state)
{
    struct flow_index *x = *state;

    add(x, "n_up", "1n2up", 1, false);
    add(x, "n_up", "1n2up", 2, false);
    add(x, "n_up", "1n2up", 10, false);
    add(x, "n_down", "1n4down", 3, false);
    add(x, "n_down", "1n4down", 1, false);
    assert_int_equal(last_of(x, "n_up"), 10);
    assert_int_equal(last_of(x, "n_down"), 3);
    assert_int_equal(state_of(x, "n_up"), FLOW_OK);
    assert_int_equal(flow_index_count(x), 2);
}

static void a_flow_whose_highest_revision_is_skipped_is_broken(void **state)
{
    struct flow_index *x = *state;

    add(x, "last", "last", 1, false);
    add(x, "last", "last", 2, true);
    add(x, "last", "last", 1, false);
    assert_int_equal(state_of(x, "last"), FLOW_BROKEN);
    assert_int_equal(last_of(x, "last"), 2);
    add(x, "first", "first", 1, true);
    assert_int_equal(state_of(x, "first"), FLOW_BROKEN);
    add(x, "first", "first", 2, false);
    assert_int_equal(state_of(x, "first"), FLOW_OK);
}

static void a_flow_without_a_revision_is_minus_one(void **state)
{
    struct flow_index *x = *state;

    add(x, "a", "a", -1, false);
    assert_int_equal(last_of(x, "a"), -1);
    assert_int_equal(state_of(x, "a"), FLOW_OK);
    add(x, "a", "a", 0, true);
    assert_int_equal(last_of(x, "a"), 0);
    assert_int_equal(state_of(x, "a"), FLOW_BROKEN);
}

/* data-model 5.4: ("a_b", "c") and ("a", "b_c") share the key a_b_c. */
static void joined_keys_that_collide_are_seen_for_good(void **state)
{
    struct flow_index *x = *state;

    add(x, "a_b_c", "-3a_b1c", 1, false);
    assert_int_equal(state_of(x, "a_b_c"), FLOW_OK);
    add(x, "a_b_c", "-1a3b_c", 1, false);
    assert_int_equal(state_of(x, "a_b_c"), FLOW_COLLISION);
    add(x, "a_b_c", "-3a_b1c", 2, false);
    add(x, "a_b_c", "-3a_b1c", 3, true);
    assert_int_equal(state_of(x, "a_b_c"), FLOW_COLLISION);
    assert_int_equal(last_of(x, "a_b_c"), 3);
    assert_int_equal(flow_index_count(x), 1);
}

static void identities_of_any_bytes_are_compared_whole(void **state)
{
    struct flow_index *x = *state;
    struct slice       key = SLICE("k");

    flow_index_add(x, key, slice_of("a\0b", 3), 1, false, 0);
    flow_index_add(x, key, slice_of("a\0b", 3), 2, false, 0);
    assert_int_equal(flow_index_state(x, key), FLOW_OK);
    flow_index_add(x, key, slice_of("a\0c", 3), 2, false, 0);
    assert_int_equal(flow_index_state(x, key), FLOW_COLLISION);
    flow_index_add(x, slice_of("k\0", 2), (struct slice){ NULL, 0 }, 1, false, 0);
    flow_index_add(x, (struct slice){ NULL, 0 }, (struct slice){ NULL, 0 }, 7, false, 0);
    assert_int_equal(flow_index_count(x), 3);
    assert_int_equal(flow_index_last(x, (struct slice){ NULL, 0 }), 7);
}

/* Nothing is borrowed: what was given may be overwritten at once. */
static void keys_are_copied(void **state)
{
    char   key[8] = "flow";
    char   identity[8] = "flow";
    size_t n = 4;

    flow_index_add(*state, slice_of(key, n), slice_of(identity, n), 1, false, 0);
    memset(key, 'x', sizeof(key));
    memset(identity, 'y', sizeof(identity));
    add(*state, "flow", "flow", 2, false);
    assert_int_equal(state_of(*state, "flow"), FLOW_OK);
    assert_int_equal(last_of(*state, "flow"), 2);
}

#define MANY 20000

/* What the index must say, kept in the plainest way. */
struct model {
    int64_t last;
    bool    skipped;
    bool    collision;
    bool    seen;
};

static void model_add(struct model *m, int64_t revision, bool skipped, bool other)
{
    if (!m->seen || revision > m->last) {
        m->last = revision;
        m->skipped = skipped;
    } else if (revision == m->last) {
        m->skipped = m->skipped || skipped;
    }
    m->collision = m->collision || other;
    m->seen = true;
}

static enum flow_state model_state(const struct model *m)
{
    if (!m->seen)
        return FLOW_UNKNOWN;
    if (m->collision)
        return FLOW_COLLISION;
    return m->skipped ? FLOW_BROKEN : FLOW_OK;
}

static void many_flows_in_random_order_are_all_right(void **state)
{
    struct flow_index *x = *state;
    struct model      *models = mem_array(MANY, sizeof(*models));
    uint64_t           seed = test_seed();
    size_t             n = 0;

    for (size_t round = 0; round < 3 * (size_t)MANY; round++) {
        size_t  i = test_below(&seed, MANY);
        int64_t revision = (int64_t)test_below(&seed, 6) - 1;
        bool    skipped = test_below(&seed, 5) == 0;
        bool    other = models[i].seen && test_below(&seed, 10) == 0;
        char    key[32];

        (void)snprintf(key, sizeof(key), "io.kestra_flow_%zu", i);
        add(x, key, other ? "another" : key, revision, skipped);
        n += models[i].seen ? 0 : 1;
        model_add(&models[i], revision, skipped, other);
    }
    assert_int_equal(flow_index_count(x), n);
    for (size_t i = 0; i < MANY; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "io.kestra_flow_%zu", i);
        assert_int_equal(state_of(x, key), model_state(&models[i]));
        assert_int_equal(last_of(x, key), models[i].seen ? models[i].last : -1);
    }
    mem_free(models);
}

static void of_two_rows_with_one_revision_the_skipped_one_decides(void **state)
{
    add(*state, "k", "a", 3, false);
    add(*state, "k", "a", 3, true);
    assert_int_equal(state_of(*state, "k"), FLOW_BROKEN);
    add(*state, "l", "b", 3, true);
    add(*state, "l", "b", 3, false);
    assert_int_equal(state_of(*state, "l"), FLOW_BROKEN);
}

static void the_highest_revision_says_what_the_flow_is(void **state)
{
    struct flow_index *x = *state;
    struct slice       key = SLICE("n_f");

    flow_index_add(x, key, key, 2, false, FLOW_DELETED);
    flow_index_add(x, key, key, 1, false, FLOW_DISABLED);
    assert_int_equal(flow_index_flags(x, key), FLOW_DELETED);
    flow_index_add(x, key, key, 3, false, 0);
    assert_int_equal(flow_index_flags(x, key), 0);
    assert_int_equal(flow_index_flags(x, SLICE("other")), 0);
}

static void flows_that_listen_are_counted(void **state)
{
    struct flow_index *x = *state;

    flow_index_add(x, SLICE("a"), SLICE("a"), 1, false, FLOW_TRIGGERS);
    flow_index_add(x, SLICE("b"), SLICE("b"), 1, false, FLOW_TRIGGERS);
    flow_index_add(x, SLICE("b"), SLICE("b"), 2, false, 0);
    flow_index_add(x, SLICE("c"), SLICE("c"), 1, false, FLOW_TRIGGERS | FLOW_DISABLED);
    flow_index_add(x, SLICE("d"), SLICE("d"), 1, false, FLOW_TRIGGERS | FLOW_DELETED);
    assert_int_equal(flow_index_listeners(x), 1);
}

static void a_revision_is_there_once_it_was_noted(void **state)
{
    struct flow_index *x = *state;

    assert_false(flow_index_has(x, SLICE("n_f_1")));
    flow_index_note(x, SLICE("n_f_1"));
    assert_true(flow_index_has(x, SLICE("n_f_1")));
    assert_false(flow_index_has(x, SLICE("n_f_2")));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_index_knows_nothing),
        TEST(the_highest_revision_counts_in_any_order),
        TEST(a_flow_whose_highest_revision_is_skipped_is_broken),
        TEST(of_two_rows_with_one_revision_the_skipped_one_decides),
        TEST(a_flow_without_a_revision_is_minus_one),
        TEST(the_highest_revision_says_what_the_flow_is),
        TEST(a_revision_is_there_once_it_was_noted),
        TEST(flows_that_listen_are_counted),
        TEST(joined_keys_that_collide_are_seen_for_good),
        TEST(identities_of_any_bytes_are_compared_whole),
        TEST(keys_are_copied),
        TEST(many_flows_in_random_order_are_all_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
