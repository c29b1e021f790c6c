/* test_index_names.c - in which indices a kind's documents are. */
#include "tests/support/test.h"

#include "lib/store/index_names.h"

struct names {
    struct layout            layout;
    struct store_search_conf conf;
    struct arena            *arena;
};

static int names_setup(void **state)
{
    struct names *n = mem_alloc(sizeof(*n));

    n->arena = arena_new(1024);
    n->layout.index_prefix = "kestra_";
    n->layout.kinds[KIND_FLOW].index = "{index_prefix}flows_revisions";
    n->layout.kinds[KIND_EXECUTION].index = "{index_prefix}executions";
    *state = n;
    return 0;
}

static int names_teardown(void **state)
{
    struct names *n = *state;

    arena_free(n->arena);
    mem_free(n);
    return 0;
}

static const char *name_of(struct names *n, enum kind kind)
{
    return index_name_of(&n->layout, kind, &n->conf, n->arena);
}

static bool matches(const char *expression, const char *name)
{
    return index_name_matches(expression, slice_str(name));
}

static void a_kind_has_the_layouts_index(void **state)
{
    struct names *n = *state;

    assert_string_equal(name_of(n, KIND_FLOW), "kestra_flows_revisions");
    assert_string_equal(name_of(n, KIND_FLOW_LAST), "kestra_flows_revisions");
    assert_string_equal(name_of(n, KIND_EXECUTION), "kestra_executions");
    assert_null(name_of(n, KIND_TEMPLATE));
}

static void a_prefix_of_the_configuration_counts_more(void **state)
{
    struct names *n = *state;

    n->conf.index_prefix = "";
    assert_string_equal(name_of(n, KIND_EXECUTION), "executions");
    n->conf.index_prefix = "uat_";
    assert_string_equal(name_of(n, KIND_EXECUTION), "uat_executions");
    n->layout.kinds[KIND_EXECUTION].index = "{index_prefix}e,{index_prefix}f";
    assert_string_equal(name_of(n, KIND_EXECUTION), "uat_e,uat_f");
}

static void an_override_counts_most(void **state)
{
    static const char *items[] = { "execution=my_{index_prefix}e*,other", "flow=f", "template=t" };
    struct names      *n = *state;
    struct err         err = ERR_INIT;

    n->conf.indices = (struct strings){ COUNT_OF(items), items };
    assert_true(index_names_check(&n->conf, &err));
    assert_string_equal(name_of(n, KIND_EXECUTION), "my_kestra_e*,other");
    assert_string_equal(name_of(n, KIND_FLOW_LAST), "f");
    assert_string_equal(name_of(n, KIND_TEMPLATE), "t");
    assert_null(name_of(n, KIND_TRIGGER));
}

static void an_override_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = { "", "execution", "execution=", "=x", "none=x", "logs=x" };
    struct names            *n = *state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *items[] = { "flow=f", bad[i] };
        struct err  err = ERR_INIT;

        n->conf.indices = (struct strings){ COUNT_OF(items), items };
        assert_false(index_names_check(&n->conf, &err));
        assert_int_equal(err.kind, ERR_USAGE);
    }
}

static void a_name_means_itself_and_its_dated_indices(void **state)
{
    (void)state;
    assert_true(matches("kestra_executions", "kestra_executions"));
    assert_true(matches("kestra_executions", "kestra_executions-2024-03-01"));
    assert_true(matches("kestra_executions", "kestra_executions-1"));
    assert_false(matches("kestra_executions", "kestra_executions-"));
    assert_false(matches("kestra_executions", "kestra_executions_old"));
    assert_false(matches("kestra_executions", "kestra_execution"));
    assert_false(matches("kestra_executions", "my_kestra_executions"));
    assert_false(matches("kestra_flows", "kestra_flows_revisions"));
    assert_false(matches("kestra_executions", ""));
}

static void a_star_is_any_characters(void **state)
{
    (void)state;
    assert_true(matches("*", "x"));
    assert_true(matches("*", ""));
    assert_true(matches("k*_executions", "kestra_executions"));
    assert_true(matches("k*_executions", "k_x_executions-7"));
    assert_true(matches("*a*b", "aab"));
    assert_true(matches("*a*b", "xaxbxxb"));
    assert_false(matches("*a*b", "xbxa"));
    assert_true(matches("a**c", "abbc"));
    assert_true(matches("kestra_executions*", "kestra_executions_old"));
    assert_false(matches("k*_executions", "kestra_logs"));
    assert_false(matches("*-", "a"));
}

static void any_of_several_names_will_do(void **state)
{
    (void)state;
    assert_true(matches("a,b*,c", "a"));
    assert_true(matches("a,b*,c", "bx"));
    assert_true(matches("a,b*,c", "c-1"));
    assert_false(matches("a,b*,c", "d"));
    assert_false(matches("a,,c", ""));
    assert_false(matches("", ""));
    assert_false(matches(",", "x"));
    assert_false(matches("a,b", "a,b"));
}

#define NAMES_TEST(f) cmocka_unit_test_setup_teardown(f, names_setup, names_teardown)

static void a_hint_names_a_kind_and_a_member(void **state)
{
    const char *member = NULL;

    (void)state;
    assert_int_equal(index_hint_parse("member:execution.labels", &member), KIND_EXECUTION);
    assert_string_equal(member, "labels");
    assert_int_equal(index_hint_parse("member:flow-last.source", &member), KIND_FLOW);
    assert_int_equal(index_hint_parse("member:flows.source", &member), KIND_COUNT);
    assert_int_equal(index_hint_parse("member:flow.", &member), KIND_COUNT);
    assert_int_equal(index_hint_parse("member:flow", &member), KIND_COUNT);
    assert_int_equal(index_hint_parse("table:flows", &member), KIND_COUNT);
}

static void log_lines_have_a_name_although_they_are_no_kind(void **state)
{
    static const char       *items[] = { "execution=x", "log={index_prefix}lines*" };
    struct store_search_conf conf = { .index_prefix = NULL };
    struct layout            layout = { .index_prefix = "kestra_" };
    struct arena            *a = arena_new(256);
    struct err               err = ERR_INIT;

    (void)state;
    assert_string_equal(index_name_of_logs(&layout, &conf, a), "kestra_logs");
    conf.index_prefix = "uat_";
    assert_string_equal(index_name_of_logs(&layout, &conf, a), "uat_logs");
    conf.indices = (struct strings){ 2, items };
    assert_true(index_names_check(&conf, &err));
    assert_string_equal(index_name_of_logs(&layout, &conf, a), "uat_lines*");
    items[1] = "logs=x";
    assert_false(index_names_check(&conf, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    items[1] = "log=";
    assert_false(index_names_check(&conf, &err));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_lines_have_a_name_although_they_are_no_kind),
        NAMES_TEST(a_kind_has_the_layouts_index),
        NAMES_TEST(a_prefix_of_the_configuration_counts_more),
        NAMES_TEST(an_override_counts_most),
        NAMES_TEST(an_override_that_is_none_is_refused),
        NAMES_TEST(a_name_means_itself_and_its_dated_indices),
        NAMES_TEST(a_star_is_any_characters),
        NAMES_TEST(any_of_several_names_will_do),
        cmocka_unit_test(a_hint_names_a_kind_and_a_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
