/* test_kind.c - the names of kinds. */
#include "tests/support/test.h"

#include "lib/kestra/kind.h"

static void kinds_are_sent_flow_last_first_and_executions_last(void **state)
{
    (void)state;
    assert_string_equal(kind_name(KIND_FLOW_LAST), "flow-last");
    assert_string_equal(kind_name(KIND_FLOW), "flow");
    assert_string_equal(kind_name(KIND_TEMPLATE), "template");
    assert_string_equal(kind_name(KIND_TRIGGER), "trigger");
    assert_string_equal(kind_name(KIND_EXECUTION), "execution");
    assert_string_equal(kind_name(KIND_COUNT), "none");
    assert_true(KIND_FLOW_LAST < KIND_FLOW);
    assert_int_equal(KIND_EXECUTION, KIND_COUNT - 1);
}

static void lists_become_sets(void **state)
{
    static const struct {
        const char *text;
        unsigned    set;
    } cases[] = {
        { "all", KIND_ALL },
        { "flow", KIND_BIT(KIND_FLOW) | KIND_BIT(KIND_FLOW_LAST) },
        { "flow-last", KIND_BIT(KIND_FLOW_LAST) },
        { "template", KIND_BIT(KIND_TEMPLATE) },
        { "execution,trigger", KIND_BIT(KIND_EXECUTION) | KIND_BIT(KIND_TRIGGER) },
        { "trigger,trigger", KIND_BIT(KIND_TRIGGER) },
        { "flow,template,trigger,execution", KIND_ALL & ~KIND_BIT(KIND_SUBFLOW_LINK) },
        { "trigger,all", KIND_ALL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_INIT;
        unsigned   set = 0;

        assert_true(kind_parse_list(cases[i].text, &set, &err));
        assert_int_equal(set, cases[i].set);
        assert_int_equal(err.kind, ERR_NONE);
    }
}

static void unknown_words_are_named_with_the_known_ones(void **state)
{
    static const struct {
        const char *text;
        const char *msg;
    } cases[] = {
        { "flows", "unknown kind 'flows'" },
        { "", "unknown kind ''" },
        { "flow,", "unknown kind ''" },
        { ",flow", "unknown kind ''" },
        { "flow,,all", "unknown kind ''" },
        { "Flow", "unknown kind 'Flow'" },
        { " flow", "unknown kind ' flow'" },
        { "none", "unknown kind 'none'" },
        { "subflow-link", "unknown kind 'subflow-link'" },
        { "all,x\ny", "unknown kind 'x?y'" },
        { "flow-", "unknown kind 'flow-'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_INIT;
        unsigned   set = 77;

        assert_false(kind_parse_list(cases[i].text, &set, &err));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(set, 77);
        for (unsigned k = 0; k < KIND_COUNT; k++)
            if (kind_is_stored((enum kind)k))
                assert_non_null(strstr(err.hint, kind_name((enum kind)k)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_sent_flow_last_first_and_executions_last),
        cmocka_unit_test(lists_become_sets),
        cmocka_unit_test(unknown_words_are_named_with_the_known_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
