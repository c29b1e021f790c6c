/*
 * test_staging_names.c - staging: names of tenants and namespaces in every place, those that are
 * left, and the source code that is written anew.
 */
#include "tests/support/test.h"

#include "tests/support/staging_world.h"

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

/* ---- names ----------------------------------------------------------------------------------- */

#define NAMES                                                                                      \
    "tenants: [{ from: acme, to: acme-stg }]\n"                                                    \
    "namespaces:\n  - { from: prod, to: stg }\n  - { from: prod.shared, to: prod.shared }\n"

static void names_are_renamed_by_their_longest_prefix(void **state)
{
    (void)state;
    expect("I", NAMES, KIND_EXECUTION,
           "{\"tenantId\":\"acme\",\"namespace\":\"prod.eu\",\"taskRunList\":[{\"tenantId\":"
           "\"acme\",\"namespace\":\"prod.shared.x\"}]}",
           "{\"tenantId\":\"acme-stg\",\"namespace\":\"stg.eu\",\"taskRunList\":[{\"tenantId\":"
           "\"acme-stg\",\"namespace\":\"prod.shared.x\"}]}");
    expect("I", NAMES, KIND_TRIGGER, "{\"namespace\":\"production\",\"disabled\":true}",
           "{\"namespace\":\"production\",\"disabled\":true}");
}

static void count_left(void *ctx, const struct staging_left *left)
{
    struct buf *b = ctx;

    buf_add(b, "%s %s\n", left->path, left->why);
}

static void only_kestras_own_tasks_are_renamed_the_rest_is_listed(void **state)
{
    static const char doc[] =
        "{\"namespace\":\"prod\",\"tasks\":[{\"namespace\":\"prod\",\"flowId\":\"f\",\"type\":"
        "\"io.kestra.plugin.core.flow.Subflow\"},{\"type\":\"io.kestra.plugin.kubernetes."
        "PodCreate\","
        "\"namespace\":\"prod\"},{\"type\":\"x.Y\",\"cmd\":\"{{ kv('k','prod') }} \"},{\"t\":\"in "
        "prod "
        "only\"}],\"triggers\":[{\"type\":\"io.kestra.plugin.core.trigger.Flow\",\"disabled\":true,"
        "\"preconditions\":{\"flows\":[{\"namespace\":\"prod.a\"}]}}]}";
    static const char expected[] =
        "{\"namespace\":\"stg\",\"tasks\":[{\"namespace\":\"stg\",\"flowId\":\"f\",\"type\":"
        "\"io.kestra.plugin.core.flow.Subflow\"},{\"type\":\"io.kestra.plugin.kubernetes."
        "PodCreate\","
        "\"namespace\":\"prod\"},{\"type\":\"x.Y\",\"cmd\":\"{{ kv('k','prod') }} \"},{\"t\":\"in "
        "prod "
        "only\"}],\"triggers\":[{\"type\":\"io.kestra.plugin.core.trigger.Flow\",\"disabled\":true,"
        "\"preconditions\":{\"flows\":[{\"namespace\":\"stg.a\"}]}}]}";
    struct world w;
    struct buf   left = { 0 };
    struct slice out;

    (void)state;
    buf_init(&left, 4096);
    open_world(&w, "J", NAMES);
    staging_on_left(w.staging, count_left, &left);
    out = become(&w, KIND_FLOW, slice_str(doc));
    if (!slice_eq(out, slice_str(expected)))
        fail_msg("%.*s", SLICE_ARG(out));
    assert_string_equal(left.p,
                        "/tasks/1/namespace type\n/tasks/2/cmd expression\n/tasks/3/t text\n");
    close_world(&w);
    buf_release(&left);
}

/* ---- sources --------------------------------------------------------------------------------- */

static void a_source_is_written_from_the_flow(void **state)
{
    static const char doc[] =
        "{\"tenantId\":\"t\",\"id\":\"f\",\"revision\":2,\"inputs\":[],\"y\":null,\"tasks\":[{"
        "\"id\":\"a\",\"list\":[[1,2],{\"x\":{}}],\"cmd\":\"l1\\nl2 \\\"q\\\"\"},3],\"source\":"
        "{\"a\":[1]},\"deleted\":false,\"last\":true}";
    static const char expected[] =
        "id: \"f\"\ninputs: []\n\"y\": null\ntasks: \n  - id: \"a\"\n    "
        "list: \n      - - 1\n        - 2\n      - x: {}\n    cmd: "
        "\"l1\\nl2 \\\"q\\\"\"\n  - 3\nlast: true\n";
    struct world w;
    struct slice out;

    (void)state;
    open_world(&w, "I", NULL);
    stager_begin(w.stager);
    assert_true(stager_source(w.stager, slice_str(doc), &out, &w.err));
    if (!slice_eq(out, slice_str(expected)))
        fail_msg("%.*s", SLICE_ARG(out));
    close_world(&w);
}

/* What doc has that is left: lines "PATH WHY". */
static void expect_left(const char *rules, enum kind kind, const char *doc, const char *expected)
{
    struct world w;
    struct buf   left = { 0 };

    buf_init(&left, 4096);
    open_world(&w, "J", rules);
    staging_on_left(w.staging, count_left, &left);
    (void)become(&w, kind, slice_str(doc));
    if (strcmp(left.n > 0 ? left.p : "", expected) != 0)
        fail_msg("%s\nleft %s\nexpected %s", doc, left.n > 0 ? left.p : "nothing", expected);
    close_world(&w);
    buf_release(&left);
}

/* Every class, of the names before 0.17 and after, that names a namespace or a tenant. */
static void no_task_or_condition_of_any_release_keeps_a_name(void **state)
{
    static const char *const parts[] = {
        "\"tasks\":[{\"type\":\"io.kestra.core.tasks.flows.Flow\",\"namespace\":\"prod\"}]",
        "\"tasks\":[{\"namespace\":\"prod.a\",\"type\":\"io.kestra.core.tasks.flows.Subflow\"}]",
        "\"tasks\":[{\"type\":\"io.kestra.plugin.core.flow.Subflow\",\"namespace\":\"prod\"}]",
        "\"tasks\":[{\"type\":\"io.kestra.plugin.core.flow.ForEachItem\",\"namespace\":\"prod\"}]",
        "\"tasks\":[{\"type\":\"io.kestra.core.tasks.flows.Template\",\"tenantId\":\"acme\","
        "\"namespace\":\"prod\"}]",
        "\"tasks\":[{\"type\":\"io.kestra.core.tasks.flows.If\",\"then\":[{\"type\":"
        "\"io.kestra.core.tasks.flows.Flow\",\"namespace\":\"prod\"}]}]",
        "\"errors\":[{\"type\":\"io.kestra.plugin.core.execution.Count\",\"flows\":[{\"namespace\":"
        "\"prod\"}],\"namespaces\":[\"prod\",\"prod.b\"]}]",
        "\"tasks\":[{\"type\":\"io.kestra.plugin.scripts.python.Script\",\"namespaceFiles\":{"
        "\"namespaces\":[\"prod\"]}}]",
        "\"triggers\":[{\"type\":\"io.kestra.core.models.triggers.types.Flow\",\"conditions\":[{"
        "\"type\":\"io.kestra.core.models.conditions.types.ExecutionFlowCondition\",\"namespace\":"
        "\"prod\"},{\"type\":\"io.kestra.core.models.conditions.types."
        "ExecutionNamespaceCondition\","
        "\"namespace\":\"prod\",\"prefix\":true}]}]",
        "\"triggers\":[{\"type\":\"io.kestra.core.models.triggers.types.Flow\",\"conditions\":[{"
        "\"type\":\"io.kestra.core.models.conditions.types.MultipleCondition\",\"conditions\":{"
        "\"a\":{"
        "\"type\":\"io.kestra.core.models.conditions.types.ExecutionFlowCondition\",\"namespace\":"
        "\"prod\"}}}]}]",
        "\"triggers\":[{\"conditions\":[{\"type\":\"io.kestra.plugin.core.condition."
        "ExecutionFlow\","
        "\"namespace\":\"prod\"},{\"type\":\"io.kestra.plugin.core.condition.ExecutionNamespace\","
        "\"namespace\":\"prod\",\"comparison\":\"PREFIX\"},{\"type\":"
        "\"io.kestra.plugin.core.condition.FlowNamespaceCondition\",\"namespace\":\"prod\"},{"
        "\"type\":"
        "\"io.kestra.plugin.core.condition.FlowFilters\",\"upstreamFlows\":[{\"namespace\":"
        "\"prod\"}]"
        "}],\"type\":\"io.kestra.plugin.core.trigger.Flow\"}]",
        "\"triggers\":[{\"type\":\"io.kestra.plugin.core.trigger.Flow\",\"conditions\":[{\"type\":"
        "\"io.kestra.plugin.core.condition.AdvancedExecutionsCondition\",\"preconditions\":[{"
        "\"filters\":"
        "[{\"field\":\"NAMESPACE\",\"type\":\"EQUAL_TO\",\"value\":\"prod\"}]}]}]}]",
        "\"triggers\":[{\"type\":\"io.kestra.plugin.core.trigger.Flow\",\"preconditions\":{"
        "\"flows\":[{"
        "\"namespace\":\"prod\"}],\"where\":[{\"filters\":[{\"values\":[\"prod\",\"prod.c\"],"
        "\"field\":\"NAMESPACE\",\"type\":\"IN\"}]}]}}]",
        "\"triggers\":[{\"type\":\"io.kestra.plugin.core.trigger.Flow\",\"dependsOn\":[{"
        "\"namespace\":"
        "\"prod\"}]}]",
    };

    (void)state;
    for (size_t b = 0; b < COUNT_OF(bands); b++)
        for (size_t i = 0; i < COUNT_OF(parts); i++) {
            struct world w;
            struct buf   doc = { 0 };
            struct buf   left = { 0 };
            struct slice out;

            buf_init(&doc, 4096);
            buf_init(&left, 4096);
            buf_add(&doc, "{\"namespace\":\"prod\",%s}", parts[i]);
            open_world(&w, bands[b], NAMES);
            staging_on_left(w.staging, count_left, &left);
            out = become(&w, KIND_FLOW, buf_slice(&doc));
            if (memmem(out.p, out.n, "prod", 4) || memmem(out.p, out.n, "\"acme\"", 6) ||
                left.n > 0)
                fail_msg("band %s: %.*s\nleft: %s", bands[b], SLICE_ARG(out),
                         left.n > 0 ? left.p : "");
            close_world(&w);
            buf_release(&doc);
            buf_release(&left);
        }
}

static void what_cannot_be_renamed_with_certainty_is_listed(void **state)
{
    (void)state;
    expect_left(NAMES, KIND_FLOW, "{\"variables\":{\"a\":\"{{ 'prod' }}\",\"b\":\"production\"}}",
                "/variables/a expression\n");
    /* Escapes: a line feed before it, its own letters. */
    expect_left(NAMES, KIND_FLOW, "{\"variables\":{\"a\":\"x\\nprod\",\"b\":\"pr\\u006fd\"}}",
                "/variables/a text\n/variables/b text\n");
    expect_left(
        "namespaces: [{ from: io.prod, to: io.stg }]", KIND_FLOW,
        "{\"variables\":{\"a\":\"kestra:///io/prod/f/x.ion\",\"b\":\"kestra:///io/product\"}}",
        "/variables/a text\n");
    expect_left(NAMES, KIND_FLOW, "{\"variables\":{\"prod\":1,\"a/b\":\"prod\"}}",
                "/variables/prod name\n/variables/a~1b text\n");
    /* Filters of other fields, or that look for a part of the name. */
    expect_left(NAMES, KIND_FLOW,
                "{\"triggers\":[{\"disabled\":true,\"type\":\"io.kestra.plugin.core.trigger.Flow\","
                "\"preconditions\":{\"where\":[{\"filters\":[{\"field\":\"FLOW_ID\",\"type\":"
                "\"EQUAL_TO\",\"value\":\"prod\"},{\"field\":\"NAMESPACE\",\"type\":\"CONTAINS\","
                "\"value\":\"prod\"}]}]}}]}",
                "/triggers/0/preconditions/where/0/filters/0/value text\n"
                "/triggers/0/preconditions/where/0/filters/1/value text\n");
    /* A condition on all that is below a namespace, of which only a part is renamed. */
    expect_left(
        "namespaces: [{ from: io.prod, to: io.stg }]", KIND_FLOW,
        "{\"namespace\":\"io\",\"tasks\":[{\"type\":\"io.kestra.core.X\",\"namespace\":\"io\"}"
        "]}",
        "/tasks/0/namespace above\n");
    /* What the projection cuts out gets nowhere. */
    expect_left(NAMES, KIND_FLOW,
                "{\"source\":\"prod\",\"sourceCode\":\"prod\",\"labelsMap\":[{\"key\":\"prod\"}]}",
                "");
}

/* A rule lets it pass its mask, so nothing else has looked at it. */
static void what_a_rule_keeps_is_looked_at(void **state)
{
    static const char rules[] =
        NAMES "mask:\n"
              "  - { kind: flow, path: /variables, do: pseudonym }\n"
              "  - { kind: flow, path: /variables/kept, do: keep }\n"
              "  - { kind: execution, path: /inputs, do: keep }\n"
              "  - { kind: execution, path: /trigger/variables, do: keep }\n";

    (void)state;
    expect_left(rules, KIND_FLOW,
                "{\"variables\":{\"masked\":\"prod\",\"kept\":[\"prod\",{\"x\":\"{{ prod }}\"}]}}",
                "/variables/kept/0 text\n/variables/kept/1/x expression\n");
    expect_left(rules, KIND_EXECUTION,
                "{\"namespace\":\"prod\",\"inputs\":{\"a\":{\"b\":\"in prod\"}},\"outputs\":{\"o\":"
                "\"prod\"},\"labels\":[{\"key\":\"prod\",\"value\":\"prod\"}]}",
                "/inputs/a/b text\n/labels/0/key text\n");
    expect("J", rules, KIND_EXECUTION,
           "{\"namespace\":\"prod\",\"trigger\":{\"id\":\"t\",\"type\":"
           "\"io.kestra.plugin.core.trigger.Flow\",\"variables\":{\"namespace\":\"prod\"}}}",
           "{\"namespace\":\"stg\",\"trigger\":{\"id\":\"t\",\"type\":"
           "\"io.kestra.plugin.core.trigger.Flow\",\"variables\":{\"namespace\":\"stg\"}}}");
}

/* ---- sources, more --------------------------------------------------------------------------- */

static void expect_source(const char *doc, const char *expected)
{
    struct world w;
    struct slice out;

    open_world(&w, "I", NULL);
    stager_begin(w.stager);
    assert_true(stager_source(w.stager, slice_str(doc), &out, &w.err));
    if (!slice_eq(out, slice_str(expected)))
        fail_msg("%.*s", SLICE_ARG(out));
    close_world(&w);
}

/* YAML knows more ends of a line than JSON, refuses control characters, and wants a point and a
 * sign in numbers with an exponent. */
static void a_source_says_in_yaml_what_the_flow_says_in_json(void **state)
{
    (void)state;
    expect_source("{\"a\":\"x\xe2\x80\xa8y\xe2\x80\xa9\xc2\x85\xef\xbb\xbf\"}",
                  "a: \"x\\u2028y\\u2029\\u0085\\ufeff\"\n");
    expect_source("{\"a\":\"\x7f\xc2\x9f\xef\xbf\xbf\"}", "a: \"\\u007f\\u009f\\uffff\"\n");
    expect_source("{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0\"}",
                  "a: \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0\"\n");
    expect_source("{\"a\":[1E-9,-2e5,1.5e+3,0.5],\"tenantId\":1e5}",
                  "a: \n  - 1.0e-9\n  - -2.0e+5\n  - 1.5e+3\n  - 0.5\n");
}

static void sources_that_were_written_are_counted(void **state)
{
    struct world             w;
    struct slice             out;
    struct staging_rule_info info;
    uint64_t                 n = 0;

    (void)state;
    open_world(&w, "I", NULL);
    (void)become(&w, KIND_FLOW, SLICE("{\"id\":\"f\"}"));
    assert_true(stager_source(w.stager, SLICE("{\"id\":\"f\"}"), &out, &w.err));
    stager_free(w.stager);
    w.stager = NULL;
    for (size_t i = 0; i < staging_rules(w.staging); i++)
        if (staging_rule_info(w.staging, i, &info) && strncmp(info.text, "source: ", 8) == 0)
            n += info.count[KIND_FLOW];
    assert_int_equal(n, 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_renamed_by_their_longest_prefix),
        cmocka_unit_test(only_kestras_own_tasks_are_renamed_the_rest_is_listed),
        cmocka_unit_test(no_task_or_condition_of_any_release_keeps_a_name),
        cmocka_unit_test(what_cannot_be_renamed_with_certainty_is_listed),
        cmocka_unit_test(what_a_rule_keeps_is_looked_at),
        cmocka_unit_test(a_source_is_written_from_the_flow),
        cmocka_unit_test(a_source_says_in_yaml_what_the_flow_says_in_json),
        cmocka_unit_test(sources_that_were_written_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
