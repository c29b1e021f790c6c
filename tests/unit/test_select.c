/* test_select.c - does a document belong to a query, and what is it? */
#include "tests/support/test.h"

#include "lib/store/select.h"
#include "tests/support/layout_files.h"

static int layout_setup(void **state)
{
    struct layout *l = layout_file("I");

    l->kinds[KIND_FLOW].source_member = "sourceCode";
    *state = l;
    return 0;
}

static int layout_teardown(void **state)
{
    layout_free(*state);
    return 0;
}

static struct selection look_as(const struct layout *l, const struct store_query *q,
                                const char *json, bool trusted)
{
    struct selector *s = selector_new(l, q);
    struct document  doc = { .id = SLICE("x"), .value = slice_str(json), .trusted = trusted };
    struct selection what = selector_look(s, &doc);

    selector_free(s);
    return what;
}

/* Trusted or not must not make a difference. */
static struct selection look(const struct layout *l, const struct store_query *q, const char *json)
{
    struct selection what = look_as(l, q, json, false);
    struct selection trusted = look_as(l, q, json, true);

    assert_memory_equal(&what, &trusted, sizeof(what));
    return what;
}

static bool is_in(const struct layout *l, const struct store_query *q, const char *json)
{
    struct selection what = look(l, q, json);

    assert_true(what.outside ? !what.selected : what.selected);
    return what.selected;
}

static void a_namespace_means_those_below_too(void **state)
{
    const struct store_query q = { .kind = KIND_FLOW, .namespace = "io.kestra" };

    assert_true(is_in(*state, &q, "{\"namespace\":\"io.kestra\"}"));
    assert_true(is_in(*state, &q, "{\"namespace\":\"io.kestra.tests\"}"));
    assert_true(is_in(*state, &q, "{\"namespace\":\"io.\\u006bestra\"}"));
    assert_false(is_in(*state, &q, "{\"namespace\":\"io.kestrax\"}"));
    assert_false(is_in(*state, &q, "{\"namespace\":\"io\"}"));
    assert_false(is_in(*state, &q, "{\"namespace\":null}"));
    assert_false(is_in(*state, &q, "{}"));
}

static void a_tenant_is_a_name_or_none(void **state)
{
    struct store_query q = { .kind = KIND_TRIGGER };
    struct layout     *l = *state;

    l->kinds[KIND_TRIGGER].has_tenant = true;
    assert_true(is_in(l, &q, "{\"tenantId\":\"a\"}"));
    q.tenant = "a";
    assert_true(is_in(l, &q, "{\"tenantId\":\"a\"}"));
    assert_false(is_in(l, &q, "{\"tenantId\":\"b\"}"));
    assert_false(is_in(l, &q, "{}"));
    q.tenant = "";
    assert_true(is_in(l, &q, "{}"));
    assert_true(is_in(l, &q, "{\"tenantId\":null}"));
    assert_false(is_in(l, &q, "{\"tenantId\":\"a\"}"));
    l->kinds[KIND_TRIGGER].has_tenant = false;
    assert_true(is_in(l, &q, "{\"tenantId\":\"a\"}"));
    q.tenant = "a";
    assert_false(is_in(l, &q, "{\"tenantId\":\"a\"}"));
}

static void time_is_that_of_the_start(void **state)
{
    struct store_query q = { .kind = KIND_EXECUTION,
                             .executions = EXECUTIONS_ALL,
                             .since = "2024-01-02T00:00:00.500Z",
                             .until = "2024-01-03T00:00:00.000Z" };

    assert_true(is_in(*state, &q, "{\"state\":{\"startDate\":\"2024-01-02T00:00:00.5Z\"}}"));
    assert_true(
        is_in(*state, &q, "{\"state\":{\"startDate\":\"2024-01-02T23:59:59.999999999Z\"}}"));
    assert_true(is_in(*state, &q, "{\"state\":{\"startDate\":\"2024-01-03T00:30:00+01:00\"}}"));
    assert_false(is_in(*state, &q, "{\"state\":{\"startDate\":\"2024-01-02T00:00:00.499999Z\"}}"));
    assert_false(is_in(*state, &q, "{\"state\":{\"startDate\":\"2024-01-03T00:00:00Z\"}}"));
    assert_false(is_in(*state, &q, "{\"state\":{\"startDate\":null}}"));
    assert_false(is_in(*state, &q, "{\"state\":{}}"));
    q.kind = KIND_TEMPLATE;
    assert_true(is_in(*state, &q, "{}"));
}

static void states_and_ids_select_executions_by_the_rules(void **state)
{
    const char        *states[] = { "RUNNING", "SUCCESS" };
    const char        *ids[] = { "other", "x" };
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };

    q.states = (struct strings){ 2, states };
    assert_true(is_in(*state, &q, "{\"state\":{\"current\":\"RUNNING\"}}"));
    assert_true(is_in(*state, &q, "{\"state\":{\"current\":\"R\\u0055NNING\"}}"));
    assert_false(is_in(*state, &q, "{\"state\":{\"current\":\"RUN\"}}"));
    assert_false(is_in(*state, &q, "{\"state\":{\"current\":null}}"));
    /* Within, but left out by rule. */
    assert_true(look(*state, &q, "{\"state\":{\"current\":\"SUCCESS\"}}").terminal);
    q.only = (struct strings){ 1, ids };
    assert_false(is_in(*state, &q, "{\"state\":{\"current\":\"RUNNING\"}}"));
    q.kind = KIND_TRIGGER;
    assert_true(is_in(*state, &q, "{}"));
}

static void an_execution_is_deleted_terminal_or_pending(void **state)
{
    const struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct selection         what;

    what = look(*state, &q, "{\"state\":{\"current\":\"RUNNING\"},\"deleted\":false}");
    assert_true(what.pending && what.selected && !what.terminal && !what.deleted);
    what = look(*state, &q, "{\"state\":{\"current\":\"SUCCESS\"},\"deleted\":false}");
    assert_true(what.terminal && !what.selected && !what.pending);
    what = look(*state, &q, "{\"state\":{\"current\":\"S\\u0055CCESS\"}}");
    assert_true(what.terminal);
    what = look(*state, &q, "{\"state\":{\"current\":\"SUCCESS\"},\"deleted\":true}");
    assert_true(what.deleted && !what.terminal && !what.selected && !what.pending);
    what = look(*state, &q, "{}");
    assert_true(what.pending && what.selected);
}

static void paused_is_pending_in_every_band(void **state)
{
    const struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct layout           *a = layout_file("A");

    (void)state;
    assert_true(look(a, &q, "{\"state\":{\"current\":\"PAUSED\"}}").pending);
    layout_free(a);
}

static void the_mode_says_which_executions(void **state)
{
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_NONE };

    assert_false(look(*state, &q, "{\"state\":{\"current\":\"RUNNING\"}}").selected);
    q.executions = EXECUTIONS_ALL;
    assert_true(look(*state, &q, "{\"state\":{\"current\":\"SUCCESS\"}}").selected);
    assert_false(look(*state, &q, "{\"deleted\":true}").selected);
}

static void who_asks_for_ids_gets_what_is_there(void **state)
{
    const struct slice other[] = { SLICE("y") };
    const struct slice both[] = { SLICE("y"), SLICE("x") };
    struct store_query q = { .kind = KIND_EXECUTION, .ids = other, .n_ids = 1 };

    assert_true(look(*state, &q, "{}").outside);
    q.n_ids = 0;
    assert_true(look(*state, &q, "{}").outside);
    q.ids = both;
    q.n_ids = 2;
    assert_true(look(*state, &q, "{\"deleted\":true}").selected);
    assert_true(look(*state, &q, "{\"state\":{\"current\":\"SUCCESS\"}}").selected);
}

static void children_are_found_by_the_id_of_their_parent(void **state)
{
    const struct slice parents[] = { SLICE("p1"), SLICE("p2") };
    struct store_query q = {
        .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING, .parents = parents, .n_parents = 2
    };
    const char *const child = "{\"trigger\":{\"variables\":{\"executionId\":\"p1\"}},"
                              "\"state\":{\"current\":\"SUCCESS\"}}";

    assert_true(look(*state, &q, child).terminal);
    assert_true(look(*state, &q, child).selected);
    assert_true(is_in(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":\"p\\u0032\"}}}"));
    assert_true(
        look(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":\"p1\"}},\"deleted\":true}")
            .deleted);
    assert_false(
        look(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":\"p1\"}},\"deleted\":true}")
            .selected);
    assert_true(look(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":\"p3\"}}}").outside);
    assert_true(look(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":null}}}").outside);
    assert_true(look(*state, &q, "{\"trigger\":{\"variables\":[\"p1\"]}}").outside);
    assert_true(look(*state, &q, "{\"trigger\":{\"executionId\":\"p1\"}}").outside);
    assert_true(look(*state, &q, "{\"executionId\":\"p1\"}").outside);
    assert_true(look_as(*state, &q, "{\"trigger\":", false).outside);
    q.executions = EXECUTIONS_NONE;
    assert_true(look(*state, &q, child).selected);
    q.since = "2024-01-02T00:00:00.000Z";
    assert_true(look(*state, &q, child).outside);
    q.since = NULL;
    q.n_parents = 0;
    assert_true(look(*state, &q, child).outside);
    q.kind = KIND_TRIGGER;
    assert_true(is_in(*state, &q, "{}"));
}

static void a_child_is_of_one_of_the_types(void **state)
{
    const struct slice parents[] = { SLICE("p") };
    const char        *types[] = { "a.Subflow", "a.Each" };
    struct store_query q = {
        .kind = KIND_EXECUTION, .parents = parents, .n_parents = 1, .child_types = { 2, types }
    };
    static const struct {
        const char *type;
        bool        fits;
    } cases[] = {
        { "\"a.Subflow\"", true },      { "\"a.Each\"", true },   { "\"a.Each$Item\"", true },
        { "\"a.Each\\u0024x\"", true }, { "\"a.Eachx\"", false }, { "\"a.Eac\"", false },
        { "\"A.EACH\"", false },        { "null", false },        { "[\"a.Each\"]", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char json[160];

        (void)snprintf(json, sizeof(json),
                       "{\"trigger\":{\"type\":%s,\"variables\":{\"executionId\":\"p\"}}}",
                       cases[i].type);
        assert_int_equal(is_in(*state, &q, json), cases[i].fits);
    }
    assert_false(is_in(*state, &q, "{\"trigger\":{\"variables\":{\"executionId\":\"p\"}}}"));
}

static void a_few_that_ended_come_beside_the_pending_ones(void **state)
{
    const struct slice also[] = { SLICE("w"), SLICE("x") };
    struct store_query q = {
        .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING, .also = also, .n_also = 2
    };
    const char *const ended = "{\"namespace\":\"n\",\"state\":{\"current\":\"FAILED\"}}";
    struct selection  what = look(*state, &q, ended);

    assert_true(what.terminal && what.selected && !what.pending);
    what = look(*state, &q, "{\"state\":{\"current\":\"RUNNING\"}}");
    assert_true(what.pending && what.selected && !what.terminal);
    assert_false(look(*state, &q, "{\"deleted\":true}").selected);
    q.n_also = 1;
    assert_false(look(*state, &q, ended).selected);
    q.n_also = 2;
    q.namespace = "other";
    assert_true(look(*state, &q, ended).outside);
    q.namespace = NULL;
    q.executions = EXECUTIONS_NONE;
    assert_false(look(*state, &q, ended).selected);
}

static void a_deleted_template_is_left_out_and_a_deleted_flow_is_not(void **state)
{
    struct store_query q = { .kind = KIND_TEMPLATE };

    assert_false(look(*state, &q, "{\"deleted\":true}").selected);
    q.kind = KIND_FLOW_LAST;
    assert_true(look(*state, &q, "{\"deleted\":true}").selected);
    assert_false(look(*state, &q, "{\"deleted\":true}").deleted);
}

static void any_member_that_is_set_locks_a_trigger(void **state)
{
    const struct store_query q = { .kind = KIND_TRIGGER };
    const struct layout     *l = *state;
    const struct kind_layout kl = l->kinds[KIND_TRIGGER];
    char                     json[128];

    assert_true(kl.n_unlock > 0);
    for (size_t i = 0; i < kl.n_unlock; i++) {
        (void)snprintf(json, sizeof(json), "{\"%s\":\"x\"}", kl.unlock[i]);
        assert_true(look(l, &q, json).locked);
        (void)snprintf(json, sizeof(json), "{\"%s\":null}", kl.unlock[i]);
        assert_false(look(l, &q, json).locked);
    }
    assert_false(look(l, &q, "{\"x\":{\"executionId\":\"y\"}}").locked);
}

static void what_cannot_be_read_is_handed_out(void **state)
{
    const struct store_query q = { .kind = KIND_EXECUTION,
                                   .namespace = "a",
                                   .executions = EXECUTIONS_PENDING };
    struct selection         what = look_as(*state, &q, "{\"a\":", false);

    assert_true(what.selected && what.pending && !what.outside);
}

static void documents_are_counted(void **state)
{
    const struct store_query q = { .kind = KIND_EXECUTION,
                                   .namespace = "a",
                                   .executions = EXECUTIONS_PENDING };
    static const char *const docs[] = {
        "{\"namespace\":\"a\",\"state\":{\"current\":\"RUNNING\"}}",
        "{\"namespace\":\"a\",\"state\":{\"current\":\"SUCCESS\"}}",
        "{\"namespace\":\"a\",\"state\":{\"current\":\"FAILED\"}}",
        "{\"namespace\":\"a\",\"deleted\":true}",
        "{\"namespace\":\"b\",\"state\":{\"current\":\"RUNNING\"}}",
    };
    struct store_counts counts = { 0 };

    for (size_t i = 0; i < COUNT_OF(docs); i++) {
        struct selection what = look(*state, &q, docs[i]);

        selection_count(&what, &counts);
    }
    assert_int_equal(counts.total, 5);
    assert_int_equal(counts.outside, 1);
    assert_int_equal(counts.deleted, 1);
    assert_int_equal(counts.terminal, 2);
    assert_int_equal(counts.pending, 1);
    assert_int_equal(counts.selected, 1);
    assert_int_equal(counts.locked, 0);
}

static void assert_source(struct selector *s, const char *json, const char *expected)
{
    struct document doc = { .value = slice_str(json), .source = SLICE("old") };

    selector_source(s, &doc);
    if (!expected) {
        assert_null(doc.source.p);
        return;
    }
    assert_int_equal(doc.source.n, strlen(expected));
    assert_memory_equal(doc.source.p, expected, doc.source.n);
}

static void the_source_comes_out_of_its_member(void **state)
{
    const struct store_query q = { .kind = KIND_FLOW_LAST };
    struct layout           *l = *state;
    struct selector         *s;

    assert_true(l->kinds[KIND_FLOW_LAST].add_source && l->kinds[KIND_FLOW].add_source);
    s = selector_new(l, &q);
    assert_source(s, "{\"id\":\"f\",\"sourceCode\":\"id: f\\nx: \\\"\\u00e9\\\"\"}",
                  "id: f\nx: \"\xc3\xa9\"");
    assert_source(s, "{\"sourceCode\":\"\"}", "");
    assert_source(s, "{\"sourceCode\":null}", NULL);
    assert_source(s, "{\"sourceCode\":5}", NULL);
    assert_source(s, "{\"sourceCode\":\"\\ud800\"}", NULL);
    assert_source(s, "{}", NULL);
    assert_source(s, "{", NULL);
    selector_free(s);
    l->kinds[KIND_FLOW_LAST].add_source = false;
    s = selector_new(l, &q);
    assert_source(s, "{\"sourceCode\":\"x\"}", NULL);
    selector_free(s);
}

#define SELECT_TEST(f) cmocka_unit_test_setup_teardown(f, layout_setup, layout_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SELECT_TEST(a_namespace_means_those_below_too),
        SELECT_TEST(a_tenant_is_a_name_or_none),
        SELECT_TEST(time_is_that_of_the_start),
        SELECT_TEST(states_and_ids_select_executions_by_the_rules),
        SELECT_TEST(an_execution_is_deleted_terminal_or_pending),
        SELECT_TEST(paused_is_pending_in_every_band),
        SELECT_TEST(the_mode_says_which_executions),
        SELECT_TEST(who_asks_for_ids_gets_what_is_there),
        SELECT_TEST(children_are_found_by_the_id_of_their_parent),
        SELECT_TEST(a_child_is_of_one_of_the_types),
        SELECT_TEST(a_few_that_ended_come_beside_the_pending_ones),
        SELECT_TEST(a_deleted_template_is_left_out_and_a_deleted_flow_is_not),
        SELECT_TEST(any_member_that_is_set_locks_a_trigger),
        SELECT_TEST(what_cannot_be_read_is_handed_out),
        SELECT_TEST(documents_are_counted),
        SELECT_TEST(the_source_comes_out_of_its_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
