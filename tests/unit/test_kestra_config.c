/*
 * test_kestra_config.c - Kestra's configuration: relaxed names, placeholders, merging, variables.
 */
#include "tests/support/test.h"

#include "cli/kestra_config.h"
#include "cli/kestra_name.h"

struct fixture {
    struct kestra_config *kc;
    struct err            err;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->kc = kestra_config_new();
    f->err = ERR_INIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    kestra_config_free(f->kc);
    mem_free(f);
    return 0;
}

static void add(struct fixture *f, const char *name, const char *text)
{
    if (!kestra_config_add(f->kc, slice_str(text), name, &f->err))
        fail_msg("%s", f->err.msg);
}

static const char *get(struct fixture *f, const char *name)
{
    struct kestra_value v;

    if (!kestra_config_get(f->kc, name, &v, &f->err))
        fail_msg("%s", f->err.msg);
    return v.text;
}

static void assert_refused(struct fixture *f, const char *name, const char *message)
{
    struct kestra_value v;

    assert_false(kestra_config_get(f->kc, name, &v, &f->err));
    assert_int_equal(f->err.kind, ERR_USAGE);
    assert_string_equal(f->err.msg, message);
}

/* ---- names -------------------------------------------------------------------------------- */

static void kebab_camel_snake_and_upper_case_are_one_name(void **state)
{
    static const char *const names[] = { "topic-prefix", "topicPrefix", "topic_prefix",
                                         "TOPIC_PREFIX", "TopicPrefix" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_true(kestra_name_is(names[i], "topic-prefix"));
    assert_false(kestra_name_is("topic.prefix", "topic-prefix"));
    assert_false(kestra_name_is("topic-prefixes", "topic-prefix"));
    assert_false(kestra_name_is("topic", "topic-prefix"));
    assert_string_equal(kestra_name_behind("a.b-C.d.E", "a.bC"), "d.E");
    assert_null(kestra_name_behind("a.bcd", "a.bc"));
    assert_null(kestra_name_behind("a.bc-d", "a.bc"));
    assert_null(kestra_name_behind("a.bc", "a.bc"));
}

static void a_value_is_found_by_each_spelling_of_its_name(void **state)
{
    struct fixture *f = *state;

    add(f, "a.yml",
        "kestra:\n  kafka:\n    defaults: {topicPrefix: p_}\n"
        "kestra.elasticsearch.defaults.indice-prefix: i_\n"
        "datasources: {postgres: {DRIVER_CLASS_NAME: d}}\n");
    assert_string_equal(get(f, "kestra.kafka.defaults.topic-prefix"), "p_");
    assert_string_equal(get(f, "kestra.elasticsearch.defaults.indice-prefix"), "i_");
    assert_string_equal(get(f, "datasources.postgres.driver-class-name"), "d");
    assert_null(get(f, "kestra.kafka.defaults"));
    assert_null(get(f, "kestra.nothing"));
}

static void a_value_says_its_file_and_line(void **state)
{
    struct fixture     *f = *state;
    struct kestra_value v;

    add(f, "a.yml", "kestra:\n  queue:\n    type: kafka\n");
    assert_true(kestra_config_get(f->kc, "kestra.queue.type", &v, &f->err));
    assert_string_equal(v.where, "a.yml:3");
}

/* ---- merging ------------------------------------------------------------------------------ */

static void the_later_source_wins_value_by_value(void **state)
{
    struct fixture     *f = *state;
    struct kestra_value v;

    add(f, "a.yml", "a: {b: 1, topicPrefix: first, d: 3}\n");
    add(f, "b.yml", "a:\n  topic-prefix: second\n  d: null\n");
    assert_string_equal(get(f, "a.b"), "1");
    assert_true(kestra_config_get(f->kc, "a.topic-prefix", &v, &f->err));
    assert_string_equal(v.text, "second");
    assert_string_equal(v.where, "b.yml:2");
    assert_null(get(f, "a.d"));
}

static void a_null_is_none_but_an_empty_text_is_one(void **state)
{
    struct fixture *f = *state;

    add(f, "a.yml", "a: ''\nb: ~\nc:\nd: null\ne: 'null'\n");
    assert_string_equal(get(f, "a"), "");
    assert_null(get(f, "b"));
    assert_null(get(f, "c"));
    assert_null(get(f, "d"));
    assert_string_equal(get(f, "e"), "null");
}

static void a_list_is_one_value_and_may_be_a_text_with_commas(void **state)
{
    struct fixture    *f = *state;
    struct kestra_list l;

    add(f, "a.yml", "hosts: [http://a, http://b]\nother: 'x , y,'\n");
    add(f, "b.yml", "hosts:\n  - http://c\n");
    assert_true(kestra_config_list(f->kc, "hosts", &l, &f->err));
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].text, "http://c");
    assert_string_equal(l.items[0].where, "b.yml:2");
    assert_true(kestra_config_list(f->kc, "other", &l, &f->err));
    assert_int_equal(l.n, 2);
    assert_string_equal(l.items[0].text, "x");
    assert_string_equal(l.items[1].text, "y");
    assert_true(kestra_config_list(f->kc, "none", &l, &f->err));
    assert_int_equal(l.n, 0);
    assert_refused(f, "hosts", "b.yml:1: one value is expected, not a list");
}

static void what_is_below_a_name_is_merged_and_keeps_its_spelling(void **state)
{
    struct fixture       *f = *state;
    struct kestra_entries e;

    add(f, "a.yml", "p:\n  properties:\n    ssl.key: 1\n    ssl: {other: 2}\n    gone: 3\n");
    add(f, "b.yml", "p: {properties: {ssl.key: 4, gone: ~}}\n");
    e = kestra_config_below(f->kc, "p.properties");
    assert_int_equal(e.n, 2);
    for (size_t i = 0; i < e.n; i++) {
        struct kestra_value v;

        assert_true(kestra_config_expand(f->kc, &e.items[i], &v, &f->err));
        if (strcmp(e.items[i].name, "ssl.key") == 0)
            assert_string_equal(v.text, "4");
        else
            assert_string_equal(e.items[i].name, "ssl.other");
    }
}

static void what_is_no_mapping_is_refused(void **state)
{
    struct fixture *f = *state;

    assert_false(kestra_config_add(f->kc, SLICE("- a\n"), "a.yml", &f->err));
    assert_string_equal(f->err.msg, "a.yml:1: Kestra's configuration is a mapping (key: value)");
    assert_false(kestra_config_add(f->kc, SLICE("a: 'x\n"), "b.yml", &f->err));
    assert_memory_equal(f->err.msg, "b.yml:", 6);
    assert_false(kestra_config_add_file(f->kc, "/nonexistent/c.yml", &f->err));
    assert_non_null(strstr(f->err.msg, "/nonexistent/c.yml"));
}

/* ---- variables and placeholders ----------------------------------------------------------- */

static void a_variable_of_kestra_wins_over_all_files(void **state)
{
    struct fixture       *f = *state;
    struct kestra_value   v;
    struct kestra_entries e;

    add(f, "a.yml", "rqt:\n  topic-prefix: file\n  props: {ssl.key: file}\n");
    (void)setenv("RQT_TOPIC_PREFIX", "${variable}", 1);
    (void)setenv("RQT_PROPS_SSL_KEY", "other", 1);
    (void)setenv("RQT_PROPS_EMPTY", "", 1);
    assert_true(kestra_config_get(f->kc, "rqt.topic-prefix", &v, &f->err));
    e = kestra_config_below(f->kc, "rqt.props");
    (void)unsetenv("RQT_TOPIC_PREFIX");
    (void)unsetenv("RQT_PROPS_EMPTY");
    assert_string_equal(v.text, "${variable}");
    assert_string_equal(v.where, "variable RQT_TOPIC_PREFIX");
    assert_int_equal(e.n, 1);
    assert_string_equal(e.items[0].name, "ssl.key");
    assert_string_equal(e.items[0].raw, "other");
    (void)unsetenv("RQT_PROPS_SSL_KEY");
}

static void placeholders_take_variables_names_and_defaults(void **state)
{
    static const struct {
        const char *text;
        const char *value;
    } cases[] = {
        { "${RQT_A}", "one" },
        { "x${RQT_A}y${RQT_A}", "xoneyone" },
        { "${rqt.a}", "one" },
        { "${RQT_NONE:default}", "default" },
        { "${RQT_NONE:}", "" },
        { "${RQT_NONE:RQT_A:default}", "one" },
        { "${RQT_NONE:RQT_NIL:default}", "default" },
        { "${RQT_NONE:`http://h:1`}", "http://h:1" },
        { "${RQT_NONE:${RQT_A}}", "one" },
        { "${RQT_NONE:a${RQT_NIL:b${RQT_A}}c}", "abonec" },
        { "${own.other-name}", "two" },
        { "${own.otherName:three}", "two" },
        { "${own.chain}", "two!" },
        { "${kestra.kafka.defaults.topic-prefix}execution", "kestra_execution" },
        { "$ {RQT_A} $5 }", "$ {RQT_A} $5 }" },
    };
    struct fixture *f = *state;

    add(f, "own.yml", "own: {otherName: two, chain: '${own.other-name}!'}\n");
    (void)setenv("RQT_A", "one", 1);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[200];

        (void)snprintf(text, sizeof(text), "v: '%s'\n", cases[i].text);
        if (!kestra_config_add(f->kc, slice_str(text), "a.yml", &f->err))
            fail_msg("%s", f->err.msg);
        assert_string_equal(get(f, "v"), cases[i].value);
    }
    (void)unsetenv("RQT_A");
}

static void a_missing_variable_is_an_error_only_when_the_value_is_used(void **state)
{
    struct fixture *f = *state;

    add(f, "a.yml", "a: 1\nb: ${RQT_NONE}\nc: 'pa${ss w}'\nd: 'se${cret'\n");
    assert_string_equal(get(f, "a"), "1");
    assert_refused(f, "b", "a.yml:2: ${RQT_NONE} has no value and no default");
    assert_non_null(strstr(f->err.hint, "RQT_NONE"));
    assert_refused(f, "c", "a.yml:3: a ${...} in the value names nothing");
    assert_refused(f, "d", "a.yml:4: a ${ has no }");
}

static void placeholders_that_lead_to_each_other_end(void **state)
{
    struct fixture *f = *state;

    add(f, "a.yml", "a: ${b}\nb: 'x${a}'\n");
    assert_refused(f, "a", "a.yml:1: ${...} lead to each other more than 16 deep");
}

static void a_value_has_a_largest_size(void **state)
{
    struct fixture *f = *state;
    char           *text = mem_alloc(40100);

    (void)snprintf(text, 8, "b: '");
    memset(text + 4, 'x', 40000);
    (void)snprintf(text + 40004, 32, "'\na: ${b}${b}\n");
    add(f, "a.yml", text);
    mem_free(text);
    assert_refused(f, "a", "a.yml:2: the value is longer than 65536 bytes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kebab_camel_snake_and_upper_case_are_one_name),
        TEST(a_value_is_found_by_each_spelling_of_its_name),
        TEST(a_value_says_its_file_and_line),
        TEST(the_later_source_wins_value_by_value),
        TEST(a_null_is_none_but_an_empty_text_is_one),
        TEST(a_list_is_one_value_and_may_be_a_text_with_commas),
        TEST(what_is_below_a_name_is_merged_and_keeps_its_spelling),
        TEST(what_is_no_mapping_is_refused),
        TEST(a_variable_of_kestra_wins_over_all_files),
        TEST(placeholders_take_variables_names_and_defaults),
        TEST(a_missing_variable_is_an_error_only_when_the_value_is_used),
        TEST(placeholders_that_lead_to_each_other_end),
        TEST(a_value_has_a_largest_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
