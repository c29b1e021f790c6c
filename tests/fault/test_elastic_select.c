/* What is selected in a search store: of copies the latest, of documents those asked for, counts.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/store/elastic_internal.h"
#include "tests/support/search_world.h"

/* ---- several indices ------------------------------------------------------------------------ */

static void only_the_latest_of_copies_counts(void **state)
{
    static const char old[] = "kestra_executions-2024-03-01";
    static const char new[] = "kestra_executions-2024-03-02";
    struct search_world *w = *state;

    search_world_add(w, old, "e0", "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, new, "e0", "n", "SUCCESS", "2024-03-02T10:00:00.000Z");
    search_world_runs(w, 0);
    /* Both pending: the later one, whichever index it is in. */
    search_world_add(w, old, "e1", "n", "RUNNING", "2024-03-02T11:00:00.000Z");
    search_world_add(w, new, "e1", "n", "PAUSED", "2024-03-01T11:00:00.000Z");
    assert_true(search_world_run(w));
    assert_int_equal(w->n, 1);
    assert_text_has(w->last, "\"RUNNING\"");
    /* A tie: the index whose name sorts last. */
    search_world_add(w, old, "e2", "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, new, "e2", "n", "PAUSED", "2024-03-01T10:00:00.000Z");
    w->query.ids = &SLICE("e2");
    w->query.n_ids = 1;
    assert_true(search_world_run(w));
    assert_int_equal(w->n, 1);
    assert_text_has(w->last, "\"PAUSED\"");
    search_world_assert_nothing_left(w);
}

static void a_context_that_expires_while_copies_are_looked_up_is_opened_anew(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions-1", N_DOCS);
    search_world_add(w, "kestra_executions-2", "e7", "n", "RUNNING", "2024-03-09T10:00:00.000Z");
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_COPIES, .from = 3, .n = 1, .expire = true };
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

/* It pauses like any other request that is made again: 50 ms, then 100 ms. */
static void a_look_up_of_copies_pauses_before_it_is_made_again(void **state)
{
    struct search_world *w = *state;
    int64_t              since;

    search_world_add_many(w, "kestra_executions-1", 3);
    search_world_add(w, "kestra_executions-2", "e1", "n", "RUNNING", "2024-03-09T10:00:00.000Z");
    assert_true(search_world_open(w));
    ((struct es_store *)w->store)->pause_ms = 50;
    w->faults->spoil = (struct search_spoil){
        .what = ASK_COPIES, .from = 1, .n = 2, .change = search_world_lose_shard
    };
    since = clock_mono_ns();
    search_world_runs(w, 3);
    assert_in_range(http_world_ms_since(since), 150, 3000);
    search_world_assert_nothing_left(w);
}

static void a_look_up_of_copies_that_always_fails_is_an_error(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions-1", 3);
    search_world_add(w, "kestra_executions-2", "e1", "n", "RUNNING", "2024-03-09T10:00:00.000Z");
    w->faults->spoil = (struct search_spoil){
        .what = ASK_COPIES, .from = 1, .n = FOR_EVER, .change = search_world_lose_shard
    };
    search_world_fails(w, "given up after 9 tries");
    assert_int_equal(fake_search_asked(w->server, ASK_COPIES), 9);
    search_world_assert_nothing_left(w);
}

/* ---- selection ------------------------------------------------------------------------------ */

static void what_the_server_selects_too_much_is_left_out(void **state)
{
    struct search_world *w = *state;

    search_world_add(w, "kestra_executions", "e0", "a.b", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, "kestra_executions", "e1", "a.b.c", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, "kestra_executions", "e2", "A.B", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, "kestra_executions", "e3", "a.bc", "RUNNING", "2024-03-01T10:00:00.000Z");
    w->query.namespace = "a.b";
    search_world_runs(w, 2);
    w->query.namespace = NULL;
    search_world_add(w, "kestra_executions", "e4", "n", "RUNNING", "2024-03-02T10:00:00.000Z");
    w->query.until = "2024-03-02T10:00:00.000Z";
    search_world_runs(w, 4);
    w->query.until = NULL;
    w->query.since = "2024-03-02T10:00:00.000Z";
    assert_true(search_world_run(w));
    assert_int_equal(w->n, 1);
    assert_int_equal(w->seen[4], 1);
}

static void documents_are_looked_up_by_ids(void **state)
{
    const struct slice   ids[] = { SLICE("e0"), SLICE("e1"), SLICE("missing") };
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->query.ids = ids;
    w->query.n_ids = COUNT_OF(ids);
    search_world_runs(w, 2);
    search_world_assert_nothing_left(w);
}

static void counts_are_those_of_the_selection(void **state)
{
    struct search_world *w = *state;
    struct store_counts  c;

    search_world_add(w, "kestra_executions", "e0", "a", "RUNNING", "2024-03-01T10:00:00.000Z");
    search_world_add(w, "kestra_executions", "e1", "a", "SUCCESS", "2024-03-01T10:00:00.000Z");
    search_world_add(w, "kestra_executions", "e2", "b", "RUNNING", "2024-03-01T10:00:00.000Z");
    w->query.namespace = "a";
    assert_true(search_world_open(w));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(w->store->count(w->store, &w->query, &c, &w->err));
        assert_int_equal(c.total, 3);
        assert_int_equal(c.outside, 1);
        assert_int_equal(c.terminal, 1);
        assert_int_equal(c.pending, 1);
        assert_int_equal(c.selected, 1);
    }
}

/* What the fields are does not change: it is asked once for a kind, not for each question. */
static void the_mapping_of_a_kind_is_asked_once(void **state)
{
    struct search_world *w = *state;
    struct store_counts  c;
    struct store_query   triggers = { .kind = KIND_TRIGGER };

    search_world_add_many(w, "kestra_executions", 3);
    (void)fake_search_index(w->server, "kestra_triggers");
    assert_true(search_world_open(w));
    assert_true(w->store->count(w->store, &w->query, &c, &w->err));
    search_world_runs(w, 3);
    w->query.namespace = "n";
    assert_true(w->store->count(w->store, &w->query, &c, &w->err));
    search_world_runs(w, 3);
    w->query.ids = &SLICE("e1");
    w->query.n_ids = 1;
    assert_true(search_world_run(w));
    assert_int_equal(fake_search_asked(w->server, ASK_MAPPING), 1);
    assert_true(w->store->count(w->store, &triggers, &c, &w->err));
    assert_true(w->store->count(w->store, &triggers, &c, &w->err));
    assert_int_equal(fake_search_asked(w->server, ASK_MAPPING), 2);
}

static void a_mapping_that_could_not_be_had_is_asked_for_again(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 3);
    search_world_spoil(w, ASK_MAPPING, 1, 1, 400,
                       "{\"error\":{\"type\":\"parsing_exception\",\"reason\":\"no\"},"
                       "\"status\":400}");
    search_world_fails(w, "parsing_exception");
    search_world_runs(w, 3);
}

static void a_point_in_time_that_expires_between_two_counts_is_opened_anew(void **state)
{
    struct search_world *w = *state;
    struct store_counts  c;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    assert_true(search_world_open(w));
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_TOTAL, .from = 3, .n = 1, .expire = true };
    if (!w->store->count(w->store, &w->query, &c, &w->err))
        fail_msg("%s", w->err.msg);
    assert_int_equal(c.selected, N_DOCS);
    assert_int_equal(w->store->grade, 'C');
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(only_the_latest_of_copies_counts),
        EACH(a_context_that_expires_while_copies_are_looked_up_is_opened_anew),
        EACH(a_look_up_of_copies_pauses_before_it_is_made_again),
        EACH(a_look_up_of_copies_that_always_fails_is_an_error),
        EACH(what_the_server_selects_too_much_is_left_out),
        EACH(documents_are_looked_up_by_ids),
        EACH(counts_are_those_of_the_selection),
        EACH(the_mapping_of_a_kind_is_asked_once),
        EACH(a_mapping_that_could_not_be_had_is_asked_for_again),
        WITH(a_point_in_time_that_expires_between_two_counts_is_opened_anew, pit),
    };

    return cmocka_run_group_tests_name("elastic, selected", tests, NULL, NULL);
}
