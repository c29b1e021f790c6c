/*
 * test_survey.c - what is known of the store before the first record: flow index, skips, counts.
 */
#include "tests/support/test.h"

#include "lib/store/survey.h"
#include "tests/support/kind_store.h"
#include "tests/support/layout_files.h"

#define MAX_SKIPS 64

/* What on_skip was told, as text that outlives the call. */
struct told {
    enum kind   kind;
    enum reason reason;
    char        place[32];
    char        id[64];
    bool        has_detail;
};

struct house {
    struct kind_store store;
    struct layout    *layout;
    struct scope      scope;
    struct tally      tally;
    struct stop       stop;
    bool              stop_when_told;
    struct survey     survey;
    struct arena     *arena;
    size_t            n_told;
    struct told       told[MAX_SKIPS];
    struct err        err;
};

static int set_up(void **state)
{
    struct house *h = mem_alloc(sizeof(*h));

    kind_store_init(&h->store);
    h->layout = layout_file("A");
    h->scope.kinds = KIND_ALL;
    h->arena = arena_new(4096);
    *state = h;
    return 0;
}

static int tear_down(void **state)
{
    struct house *h = *state;

    survey_release(&h->survey);
    kind_store_release(&h->store);
    layout_free(h->layout);
    arena_free(h->arena);
    mem_free(h);
    return 0;
}

static void note_skip(void *ctx, const struct skip *skip)
{
    struct house *h = ctx;
    struct told  *t = &h->told[h->n_told < MAX_SKIPS ? h->n_told++ : 0];

    t->kind = skip->kind;
    t->reason = skip->reason;
    (void)snprintf(t->place, sizeof(t->place), "%s", skip->place);
    (void)snprintf(t->id, sizeof(t->id), "%.*s", SLICE_ARG(skip->id));
    t->has_detail = skip->detail[0] != '\0';
    if (h->stop_when_told)
        stop_ask(&h->stop);
}

/* Told exactly once, for this reason. */
static void assert_told(const struct house *h, const char *id, enum reason reason)
{
    size_t times = 0;

    for (size_t i = 0; i < h->n_told; i++) {
        if (strcmp(h->told[i].id, id) != 0)
            continue;
        assert_string_equal(reason_name(h->told[i].reason), reason_name(reason));
        times++;
    }
    assert_int_equal(times, 1);
}

static void add_text(struct house *h, enum kind kind, const char *id, const char *value)
{
    struct document doc = {
        .id = arena_copy(h->arena, slice_str(id)),
        .value = arena_copy(h->arena, slice_str(value)),
    };

    kind_store_add(&h->store, kind, &doc);
}

/* A healthy revision, kept under the id that its members give. */
static void add_flow(struct house *h, const char *namespace, const char *id, int revision)
{
    char key[128];
    char value[512];

    (void)snprintf(key, sizeof(key), "%s_%s_%d", namespace, id, revision);
    (void)snprintf(value, sizeof(value),
                   "{\"id\":\"%s\",\"namespace\":\"%s\",\"revision\":%d,\"tasks\":[],"
                   "\"disabled\":false,\"deleted\":false}",
                   id, namespace, revision);
    add_text(h, KIND_FLOW, key, value);
}

static bool run(struct house *h)
{
    return survey_run(&h->store.store, h->layout, &h->scope, 2, &h->stop, &h->tally, note_skip, h,
                      &h->survey, &h->err);
}

static void the_highest_revision_of_each_flow_is_known(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "one", 2);
    add_flow(h, "ns", "one", 10);
    add_flow(h, "ns", "one", 9);
    add_flow(h, "ns", "two", 1);
    assert_true(run(h));
    assert_int_equal(flow_index_count(h->survey.flows), 2);
    assert_int_equal(flow_index_last(h->survey.flows, SLICE("ns_one")), 10);
    assert_int_equal(flow_index_last(h->survey.flows, SLICE("ns_two")), 1);
    assert_int_equal(flow_index_state(h->survey.flows, SLICE("ns_one")), FLOW_OK);
    assert_int_equal(flow_index_state(h->survey.flows, SLICE("ns_three")), FLOW_UNKNOWN);
    assert_int_equal(h->n_told, 0);
    assert_int_equal(h->survey.flow_skips, 0);
}

static void flows_without_collisions_are_read_once(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "one", 1);
    assert_true(run(h));
    assert_int_equal(h->store.n_opens, 1);
    assert_int_equal(h->store.last.kind, KIND_FLOW);
}

static void a_revision_that_is_skipped_is_told_with_its_place_and_id(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "good", 1);
    add_text(h, KIND_FLOW, "ns_bad_1", "{\"id\":\"bad\",");
    add_text(h, KIND_FLOW, "ns_wrong_7",
             "{\"id\":\"wrong\",\"namespace\":\"ns\",\"revision\":8,\"deleted\":false}");
    assert_true(run(h));
    assert_int_equal(h->n_told, 2);
    assert_int_equal(h->survey.flow_skips, 2);
    assert_told(h, "ns_bad_1", REASON_UNREADABLE);
    assert_told(h, "ns_wrong_7", REASON_KEY_MISMATCH);
    for (size_t i = 0; i < h->n_told; i++) {
        assert_int_equal(h->told[i].kind, KIND_FLOW);
        assert_string_equal(h->told[i].place, FAKE_PLACE);
        assert_true(h->told[i].has_detail);
    }
}

static void a_flow_whose_highest_revision_is_skipped_is_broken(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "f", 1);
    add_text(h, KIND_FLOW, "ns_f_2", "{\"id\":\"f\",\"namespace\":\"ns\",\"revision\":2}");
    add_flow(h, "ns", "g", 2);
    add_text(h, KIND_FLOW, "ns_g_1", "{\"id\":\"g\",\"namespace\":\"ns\",\"revision\":1}");
    assert_true(run(h));
    assert_told(h, "ns_f_2", REASON_MISSING_FIELD);
    assert_int_equal(flow_index_state(h->survey.flows, SLICE("ns_f")), FLOW_BROKEN);
    assert_int_equal(flow_index_state(h->survey.flows, SLICE("ns_g")), FLOW_OK);
}

static void every_revision_of_two_flows_that_share_a_key_is_told_once(void **state)
{
    struct house *h = *state;

    add_flow(h, "a_b", "c", 1);
    add_flow(h, "a", "b_c", 2);
    add_flow(h, "a", "b_c", 3);
    add_flow(h, "a", "other", 1);
    assert_true(run(h));
    assert_int_equal(h->n_told, 3);
    assert_int_equal(h->survey.flow_skips, 3);
    assert_told(h, "a_b_c_1", REASON_KEY_COLLISION);
    assert_told(h, "a_b_c_2", REASON_KEY_COLLISION);
    assert_told(h, "a_b_c_3", REASON_KEY_COLLISION);
    assert_int_equal(flow_index_state(h->survey.flows, SLICE("a_b_c")), FLOW_COLLISION);
    assert_int_equal(h->store.n_opens, 2);
}

static void a_faulty_revision_of_a_colliding_flow_is_told_for_its_own_fault_only(void **state)
{
    struct house *h = *state;

    add_flow(h, "a_b", "c", 1);
    add_flow(h, "a", "b_c", 2);
    add_text(h, KIND_FLOW, "a_b_c_3", "{\"id\":\"b_c\",\"namespace\":\"a\",\"revision\":3}");
    add_text(h, KIND_FLOW, "broken", "[]");
    assert_true(run(h));
    assert_int_equal(h->n_told, 4);
    assert_told(h, "a_b_c_1", REASON_KEY_COLLISION);
    assert_told(h, "a_b_c_2", REASON_KEY_COLLISION);
    assert_told(h, "a_b_c_3", REASON_MISSING_FIELD);
    assert_told(h, "broken", REASON_UNREADABLE);
}

static void the_tally_counts_a_revision_once_though_it_is_read_twice(void **state)
{
    struct house *h = *state;

    add_flow(h, "a_b", "c", 1);
    add_flow(h, "a", "b_c", 2);
    assert_true(run(h));
    assert_int_equal(atomic_load(&h->tally.read), 2);
}

static void skips_may_go_untold(void **state)
{
    struct house *h = *state;

    add_text(h, KIND_FLOW, "x", "no json");
    add_flow(h, "a_b", "c", 1);
    add_flow(h, "a", "b_c", 2);
    assert_true(survey_run(&h->store.store, h->layout, &h->scope, 1, NULL, NULL, NULL, NULL,
                           &h->survey, &h->err));
    assert_int_equal(h->survey.flow_skips, 3);
}

static void kinds_in_scope_are_counted_without_reading_them(void **state)
{
    struct house *h = *state;

    add_text(h, KIND_EXECUTION, "e", "{}");
    add_text(h, KIND_TRIGGER, "t", "{}");
    add_text(h, KIND_TRIGGER, "u", "{}");
    h->scope.kinds = KIND_BIT(KIND_EXECUTION) | KIND_BIT(KIND_TRIGGER);
    assert_true(run(h));
    assert_int_equal(h->store.n_opens, 0);
    assert_null(h->survey.flows);
    assert_int_equal(h->survey.counts[KIND_EXECUTION].total, 1);
    assert_int_equal(h->survey.counts[KIND_TRIGGER].total, 2);
    assert_int_equal(h->store.n_counts[KIND_EXECUTION], 1);
    assert_int_equal(h->store.n_counts[KIND_TRIGGER], 1);
    assert_int_equal(h->store.n_counts[KIND_TEMPLATE], 0);
    assert_int_equal(h->store.n_counts[KIND_FLOW], 0);
}

static void a_kind_that_the_band_does_not_have_is_not_counted(void **state)
{
    struct house *h = *state;

    h->layout->kinds[KIND_TEMPLATE].enabled = false;
    assert_true(run(h));
    assert_int_equal(h->store.n_counts[KIND_TEMPLATE], 0);
    assert_int_equal(h->store.n_counts[KIND_EXECUTION], 1);
}

static void flow_last_alone_needs_the_index_too(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "one", 4);
    h->scope.kinds = KIND_BIT(KIND_FLOW_LAST);
    assert_true(run(h));
    assert_int_equal(flow_index_last(h->survey.flows, SLICE("ns_one")), 4);
}

static void a_store_that_fails_leaves_no_index_behind(void **state)
{
    struct house *h = *state;

    for (int i = 1; i <= 20; i++)
        add_flow(h, "ns", "f", i);
    h->store.faults = (struct fake_store_conf){ .fails = 1, .fails_after = 5, .docs_a_read = 2 };
    assert_false(run(h));
    assert_int_equal(h->err.kind, ERR_STORE);
    assert_null(h->survey.flows);
    assert_int_equal(atomic_load(&h->store.readers.opened), atomic_load(&h->store.readers.closed));
}

static void a_store_that_cannot_be_read_is_an_error(void **state)
{
    struct house *h = *state;

    h->store.faults.open_fails = true;
    assert_false(run(h));
    assert_int_equal(h->err.kind, ERR_STORE);
}

static void a_stop_ends_the_survey(void **state)
{
    struct house *h = *state;

    add_flow(h, "ns", "one", 1);
    stop_ask(&h->stop);
    assert_false(run(h));
    assert_int_equal(h->err.kind, ERR_STOPPED);
    assert_null(h->survey.flows);
}

static void a_stop_ends_a_pass_whose_reader_never_comes_back(void **state)
{
    struct house *h = *state;

    add_text(h, KIND_FLOW, "x", "no json");
    h->stop_when_told = true;
    h->store.faults.hangs = true;
    assert_false(run(h));
    assert_int_equal(h->err.kind, ERR_STOPPED);
    assert_int_equal(h->n_told, 1);
    assert_null(h->survey.flows);
}

static void a_query_carries_what_the_scope_selects(void **state)
{
    struct scope scope = {
        .kinds = KIND_ALL,
        .tenant = "acme",
        .namespace = "io.kestra",
        .since = "2024-01-01T00:00:00.000Z",
        .until = "2025-01-01T00:00:00.000Z",
        .project = { .executions = EXECUTIONS_PENDING, .unlock = UNLOCK_ALL },
    };
    struct store_query q = survey_query(&scope, KIND_EXECUTION);

    (void)state;
    assert_int_equal(q.kind, KIND_EXECUTION);
    assert_string_equal(q.tenant, "acme");
    assert_string_equal(q.namespace, "io.kestra");
    assert_string_equal(q.since, scope.since);
    assert_string_equal(q.until, scope.until);
    assert_int_equal(q.executions, EXECUTIONS_PENDING);
    assert_null(q.ids);
    assert_int_equal(q.n_ids, 0);
}

static void only_executions_are_selected_by_time(void **state)
{
    struct scope       scope = { .kinds = KIND_ALL, .since = "2024-01-01T00:00:00.000Z" };
    struct store_query q = survey_query(&scope, KIND_TRIGGER);

    (void)state;
    assert_null(q.since);
    assert_null(q.until);
    assert_null(q.tenant);
}

static void an_empty_survey_can_be_released(void **state)
{
    struct survey s = { .flows = NULL };

    (void)state;
    survey_release(&s);
    survey_release(&s);
    assert_null(s.flows);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_highest_revision_of_each_flow_is_known),
        CASE(flows_without_collisions_are_read_once),
        CASE(a_revision_that_is_skipped_is_told_with_its_place_and_id),
        CASE(a_flow_whose_highest_revision_is_skipped_is_broken),
        CASE(every_revision_of_two_flows_that_share_a_key_is_told_once),
        CASE(a_faulty_revision_of_a_colliding_flow_is_told_for_its_own_fault_only),
        CASE(the_tally_counts_a_revision_once_though_it_is_read_twice),
        CASE(skips_may_go_untold),
        CASE(kinds_in_scope_are_counted_without_reading_them),
        CASE(a_kind_that_the_band_does_not_have_is_not_counted),
        CASE(flow_last_alone_needs_the_index_too),
        CASE(a_store_that_fails_leaves_no_index_behind),
        CASE(a_store_that_cannot_be_read_is_an_error),
        CASE(a_stop_ends_the_survey),
        CASE(a_stop_ends_a_pass_whose_reader_never_comes_back),
        cmocka_unit_test(a_query_carries_what_the_scope_selects),
        cmocka_unit_test(only_executions_are_selected_by_time),
        cmocka_unit_test(an_empty_survey_can_be_released),
    };

    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
