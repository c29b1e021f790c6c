/*
 * test_staging.c - what a document becomes in staging: rules, paths, masks, names, sources.
 */
#include "tests/support/test.h"

#include "lib/base/file.h"
#include "lib/kestra/staging.h"
#include "tests/support/json_proof.h"
#include "tests/support/layout_files.h"
#include "tests/support/sample_docs.h"
#include "tests/support/staging_doc.h"

#define SEED "0123456789abcdef"

struct world {
    struct layout  *layout;
    struct staging *staging;
    struct stager  *stager;
    struct err      err;
};

static bool open_seeded(struct world *w, const char *band, const char *rules, const char *seed)
{
    struct slice text = rules ? slice_str(rules) : slice_of(NULL, 0);

    *w = (struct world){ .layout = layout_file(band) };
    if (!staging_parse(text, "rules.yml", slice_str(seed), &w->staging, &w->err) ||
        !staging_bind(w->staging, w->layout, &w->err))
        return false;
    w->stager = stager_new(w->staging);
    return true;
}

static void open_world(struct world *w, const char *band, const char *rules)
{
    if (!open_seeded(w, band, rules, SEED))
        fail_msg("%s", w->err.msg);
}

static void close_world(struct world *w)
{
    stager_free(w->stager);
    staging_free(w->staging);
    layout_free(w->layout);
}

/* Valid until the next call. */
static struct slice become(struct world *w, enum kind kind, struct slice doc)
{
    struct slice out = { NULL, 0 };

    stager_begin(w->stager);
    if (!stager_apply(w->stager, kind, SLICE("key"), doc, &out, &w->err))
        fail_msg("%.*s: %s", SLICE_ARG(doc), w->err.msg);
    if (!is_json(out))
        fail_msg("no JSON: %.*s", SLICE_ARG(out));
    return out;
}

static void expect(const char *band, const char *rules, enum kind kind, const char *doc,
                   const char *expected)
{
    struct world w;
    struct slice out;

    open_world(&w, band, rules);
    out = become(&w, kind, slice_str(doc));
    if (!slice_eq(out, slice_str(expected)))
        fail_msg("%s\nbecame   %.*s\nexpected %s", doc, SLICE_ARG(out), expected);
    close_world(&w);
}

static void expect_refused(const char *rules, const char *message)
{
    struct world w;

    if (open_seeded(&w, "I", rules, SEED))
        fail_msg("not refused: %s", rules);
    assert_int_equal(w.err.kind, ERR_USAGE);
    if (!strstr(w.err.msg, message))
        fail_msg("%s\ndoes not say: %s", w.err.msg, message);
    close_world(&w);
}

/* ---- neutral --------------------------------------------------------------------------------- */

static void every_trigger_of_a_flow_is_disabled(void **state)
{
    (void)state;
    expect("A", NULL, KIND_FLOW,
           "{\"id\":\"f\", \"triggers\":[{\"id\":\"a\"},{\"disabled\":false,\"id\":\"b\"},{},"
           "{\"disabled\": true}], \"disabled\":false}",
           "{\"id\":\"f\", \"triggers\":[{\"id\":\"a\",\"disabled\":true},"
           "{\"disabled\":true,\"id\":\"b\"},{\"disabled\":true},{\"disabled\": true}], "
           "\"disabled\":false}");
}

static void flows_are_disabled_when_the_rules_say_so(void **state)
{
    (void)state;
    expect("I", "flows: disabled", KIND_FLOW, "{\"id\":\"f\",\"disabled\":false}",
           "{\"id\":\"f\",\"disabled\":true}");
}

static void a_triggers_state_is_disabled_where_it_can_be(void **state)
{
    (void)state;
    expect("D", NULL, KIND_TRIGGER, "{\"triggerId\":\"t\"}", "{\"triggerId\":\"t\"}");
    expect("E", NULL, KIND_TRIGGER,
           "{\"triggerId\":\"t\",\"backfill\":{\"start\":\"x\"},\"disabled\":false}",
           "{\"triggerId\":\"t\",\"disabled\":true}");
    expect("J", NULL, KIND_TRIGGER, "{\"backfill\":{}}", "{\"disabled\":true}");
}

static void only_a_webhooks_key_is_made_anew(void **state)
{
    static const char doc[] = "{\"triggers\":[{\"key\":\"S1\",\"disabled\":true,"
                              "\"type\":\"io.kestra.plugin.core.trigger.Webhook\"},"
                              "{\"type\":\"org.example.Other\",\"key\":\"S2\",\"disabled\":true}]}";
    struct world      w;
    struct slice      out;

    (void)state;
    open_world(&w, "I", NULL);
    out = become(&w, KIND_FLOW, slice_str(doc));
    assert_null(memmem(out.p, out.n, "S1", 2));
    assert_non_null(memmem(out.p, out.n, "\"key\":\"S2\"", 10));
    close_world(&w);
}

/* ---- masks ----------------------------------------------------------------------------------- */

static void dropped_members_take_their_commas_along(void **state)
{
    static const char rules[] = "mask:\n  - { kind: flow, path: /*/x, do: drop }\n";

    (void)state;
    expect("I", rules, KIND_FLOW, "{\"v\":{\"x\":1,\"a\":2,\"x\":{\"y\":[1]},\"x\":3,\"b\":4}}",
           "{\"v\":{\"a\":2,\"b\":4}}");
    expect("I", rules, KIND_FLOW, "{\"v\":{\"a\":2 , \"x\" : 1 , \"x\":2 }}", "{\"v\":{\"a\":2 }}");
    expect("I", rules, KIND_FLOW, "{\"v\":{ \"x\":1 , \"x\":2 , \"a\":3}}", "{\"v\":{ \"a\":3}}");
    expect("I", rules, KIND_FLOW, "{\"v\":{\"x\":1,\"x\":2}}", "{\"v\":{}}");
}

static void items_are_dropped_like_members(void **state)
{
    (void)state;
    expect("I", "mask:\n  - { kind: flow, path: /labels/*, do: drop }\n", KIND_FLOW,
           "{\"labels\":[1,[2],{}],\"id\":\"f\"}", "{\"labels\":[],\"id\":\"f\"}");
}

static void a_fixed_text_leaves_numbers_numbers(void **state)
{
    (void)state;
    expect("I", "mask:\n  - { kind: flow, path: /variables, do: text, text: 'a \"b\"' }\n",
           KIND_FLOW, "{\"variables\":{\"a\":\"s\",\"b\":12.5,\"c\":[true,null,\"\",[\"t\"]]}}",
           "{\"variables\":{\"a\":\"a \\\"b\\\"\",\"b\":0,\"c\":[true,null,\"\",[\"a "
           "\\\"b\\\"\"]]}}");
}

static void the_last_rule_that_fits_wins(void **state)
{
    static const char rules[] = "mask:\n"
                                "  - { kind: flow, path: /variables/**, do: text, text: X }\n"
                                "  - { kind: flow, path: /variables/**/keep, do: keep }\n"
                                "  - { kind: flow, path: /variables/a/keep, do: drop }\n";

    (void)state;
    expect("I", rules, KIND_FLOW,
           "{\"variables\":{\"keep\":\"1\",\"a\":{\"keep\":2,\"b\":\"3\"},\"c\":[{\"keep\":{\"d\":"
           "\"4\"}}]}}",
           "{\"variables\":{\"keep\":\"1\",\"a\":{\"b\":\"X\"},\"c\":[{\"keep\":{\"d\":\"4\"}}]}}");
}

static void a_name_spelled_with_escapes_is_found(void **state)
{
    (void)state;
    expect("I", "mask:\n  - { kind: flow, path: /variables/pass, do: text, text: X }\n", KIND_FLOW,
           "{\"vari\\u0061bles\":{\"p\\u0061ss\":\"s\"}}",
           "{\"vari\\u0061bles\":{\"p\\u0061ss\":\"X\"}}");
}

static void pseudonyms_depend_on_seed_and_text_alone(void **state)
{
    static const char rules[] = "mask:\n  - { kind: flow, path: /variables, do: pseudonym }\n";
    struct world      w;
    struct world      v;
    struct slice      a;
    struct slice      b;

    (void)state;
    open_world(&w, "I", rules);
    open_world(&v, "A", rules);
    a = become(&w, KIND_FLOW, SLICE("{\"variables\":{\"a\":\"Alice\",\"n\":4711}}"));
    b = become(&v, KIND_FLOW, SLICE("{\"variables\":{\"a\":\"\\u0041lice\",\"n\":4711}}"));
    assert_true(slice_eq(a, b));
    close_world(&v);
    assert_true(open_seeded(&v, "A", rules, "another seed, as long"));
    b = become(&v, KIND_FLOW, SLICE("{\"variables\":{\"a\":\"Alice\",\"n\":4711}}"));
    assert_false(slice_eq(a, b));
    assert_int_equal(a.n, b.n);
    close_world(&v);
    close_world(&w);
}

static void numbers_stay_numbers_and_uris_keep_their_scheme(void **state)
{
    static const char rules[] = "mask:\n  - { kind: flow, path: /variables/*, do: pseudonym }\n";
    struct world      w;
    struct slice      out;

    (void)state;
    open_world(&w, "I", rules);
    out = become(&w, KIND_FLOW,
                 SLICE("{\"variables\":[0,-12,0.5,9223372036854775807,1e5,\"kestra:///a/b\","
                       "\"jdbc:postgresql://h/d\"]}"));
    assert_non_null(memmem(out.p, out.n, "\"kestra:///", 11));
    assert_non_null(memmem(out.p, out.n, "\"jdbc:postgresql://", 18));
    assert_non_null(memmem(out.p, out.n, "e5,", 3));
    close_world(&w);
}

/* ---- executions ------------------------------------------------------------------------------ */

static void of_an_execution_only_structure_passes(void **state)
{
    static const char doc[] =
        "{\"id\":\"e\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":3,\"state\":{"
        "\"current\":\"SUCCESS\",\"SECRET\":\"SECRET\"},\"new\":\"SECRET\",\"labels\":[{\"key\":"
        "\"team\",\"value\":\"SECRET\"}],\"inputs\":{\"who\":\"SECRET\",\"deep\":{\"SECRET\":{"
        "\"SECRET\":[[\"SECRET\",{\"SECRET\":1}]]}}},\"taskRunList\":[{\"id\":\"r\",\"value\":"
        "\"SECRET\",\"outputs\":{\"o\":\"SECRET\"},\"SECRET\":{\"SECRET\":1},\"attempts\":[{"
        "\"logFile\":\"kestra:///SECRET\"}]}],\"trigger\":{\"id\":\"t\",\"variables\":{\"a\":"
        "\"SECRET\"}}}";
    static const char *const stay[] = {
        "\"flowRevision\":3", "\"current\":\"SUCCESS\"", "\"key\":\"team\"",      "\"who\":",
        "\"id\":\"r\"",       "\"outputs\":{\"o\":",     "\"logFile\":\"kestra:", "\"id\":\"t\""
    };
    struct world w;
    struct slice out;
    struct slice rest;

    (void)state;
    open_world(&w, "J", "mask: []");
    out = rest = become(&w, KIND_EXECUTION, slice_str(doc));
    for (size_t i = 0; i < COUNT_OF(stay); i++)
        if (!memmem(out.p, out.n, stay[i], strlen(stay[i])))
            fail_msg("%s is gone: %.*s", stay[i], SLICE_ARG(out));
    /* Names that a structure of Kestra's has stay; the two here are in such. */
    for (int n = 0; n < 2; n++) {
        const char *hit = memmem(rest.p, rest.n, "\"SECRET\":", 9);

        assert_non_null(hit);
        rest = slice_of(hit + 9, rest.n - (size_t)(hit + 9 - rest.p));
        if (n == 1)
            assert_null(memmem(rest.p, rest.n, "SECRET", 6));
    }
    close_world(&w);
}

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

/* ---- rules that are refused ------------------------------------------------------------------ */

static void bad_rules_are_refused_with_their_line(void **state)
{
    (void)state;
    expect_refused("masks: []\n", "rules.yml:1: the rule \"masks\" is not known; nearest: mask");
    expect_refused("mask:\n  - { kind: flows, path: /a, do: keep }\n",
                   "rules.yml:2: the kind \"flows\" is not known; nearest: flow");
    expect_refused("mask:\n  - { kind: flow, path: /a, do: mask }\n",
                   "the action \"mask\" is not known");
    expect_refused("mask:\n  - { kind: flow, path: a, do: keep }\n", "must begin with /");
    expect_refused("mask:\n  - { kind: flow, path: /a/***, do: keep }\n", "stand alone");
    expect_refused("mask:\n  - { kind: flow, path: /a, do: text }\n", "text: belongs to do: text");
    expect_refused("mask:\n  - { kind: flow, path: /a, do: drop, text: x }\n",
                   "text: belongs to do: text");
    expect_refused("mask:\n  - { kind: flow, do: drop }\n", "path is missing");
    expect_refused("flows: enabled\n", "can only be \"disabled\"");
    expect_refused("mask:\n  - { kind: flow, path: /id, do: drop }\n", "would break /id");
    expect_refused("mask:\n  - { kind: flow, path: /namespace, do: pseudonym }\n",
                   "would break /namespace");
    expect_refused("mask:\n  - { kind: flow, path: /**, do: drop }\n", "would break /");
    expect_refused("mask:\n  - { kind: trigger, path: /triggerId, do: text, text: x }\n",
                   "would break /triggerId");
    expect_refused("mask:\n  - { kind: execution, path: /state, do: drop }\n",
                   "would break /state");
    expect_refused("mask:\n  - { kind: execution, path: /taskRunList, do: drop }\n",
                   "would break /taskRunList");
    expect_refused("mask:\n  - { kind: execution, path: /taskRunList/*/state/current, do: text, "
                   "text: x }\n",
                   "would break /taskRunList/*/state/current");
}

static void names_that_would_become_one_are_refused(void **state)
{
    struct world w;

    (void)state;
    expect_refused("namespaces: [{ from: a, to: x }, { from: b, to: x }]\n",
                   "would become the same names");
    expect_refused("namespaces: [{ from: a, to: x }, { from: b, to: x.y }]\n",
                   "would become the same names");
    expect_refused("namespaces: [{ from: a, to: x }, { from: a, to: y }]\n", "renamed twice");
    open_world(&w, "I", "namespaces: [{ from: a, to: x }, { from: a.b, to: x.b }]\n");
    close_world(&w);
}

static void a_short_seed_is_refused(void **state)
{
    struct world w;

    (void)state;
    assert_false(open_seeded(&w, "I", NULL, "short"));
    assert_non_null(strstr(w.err.msg, "5 bytes: at least 16"));
    close_world(&w);
}

/* ---- real and random documents --------------------------------------------------------------- */

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

static void every_band_stages_the_real_documents(void **state)
{
    static const struct {
        const char *index;
        enum kind   kind;
    } kinds[] = { { "kestra_flows_revisions", KIND_FLOW },
                  { "kestra_templates", KIND_TEMPLATE },
                  { "kestra_triggers", KIND_TRIGGER },
                  { "kestra_executions", KIND_EXECUTION } };
    struct arena *a = arena_new(1u << 20);

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct slice *docs;
        size_t        n = sample_docs(SAMPLE_SEARCH, kinds[k].index, a, &docs);

        for (size_t b = 0; b < COUNT_OF(bands); b++) {
            struct world w;

            open_world(&w, bands[b], "namespaces: [{ from: lab.core, to: stg }]\n");
            for (size_t i = 0; i < n; i++) {
                struct slice out = become(&w, kinds[k].kind, docs[i]);

                assert_null(memmem(out.p, out.n, "\"namespace\":\"lab.core\"", 22));
            }
            close_world(&w);
        }
    }
    arena_free(a);
}

static void the_table_in_the_docs_is_current(void **state)
{
    const char *root = getenv("REQUEUE_ROOT"); /* NOLINT(concurrency-mt-unsafe): one thread */
    struct buf  page = { 0 };
    struct buf  there = { 0 };
    struct err  err = ERR_INIT;
    char        path[4096];

    (void)state;
    buf_init(&page, 4u << 20);
    buf_init(&there, 4u << 20);
    staging_doc(&page);
    (void)snprintf(path, sizeof(path), "%s/docs/staging.md", root ? root : ".");
    if (!file_read(path, &there, &err))
        fail_msg("%s", err.msg);
    if (!slice_eq(buf_slice(&page), buf_slice(&there)))
        fail_msg("docs/staging.md is not current: tests/tools/staging_table prints it");
    buf_release(&there);
    buf_release(&page);
}

struct maker {
    uint64_t   seed;
    struct buf b;
};

static void make_value(struct maker *m, unsigned depth);

static void make_name(struct maker *m)
{
    static const char *const names[] = { "id",       "namespace",   "tasks",
                                         "type",     "inputs",      "a",
                                         "x",        "state",       "key",
                                         "triggers", "labels",      "value",
                                         "outputs",  "disabled",    "n\\u0061mespace",
                                         "\\\"",     "taskRunList", "backfill" };

    buf_add(&m->b, "\"%s\"", names[test_below(&m->seed, COUNT_OF(names))]);
}

static void make_list(struct maker *m, unsigned depth, bool object)
{
    static const char *const gaps[] = { "", "", "", " ", "\n\t" };
    size_t                   n = test_below(&m->seed, 5);

    buf_add(&m->b, "%c", object ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        buf_add(&m->b, "%s%s", i > 0 ? "," : "", gaps[test_below(&m->seed, COUNT_OF(gaps))]);
        if (object) {
            make_name(m);
            buf_add(&m->b, "%s:", gaps[test_below(&m->seed, COUNT_OF(gaps))]);
        }
        make_value(m, depth + 1);
        buf_add(&m->b, "%s", gaps[test_below(&m->seed, COUNT_OF(gaps))]);
    }
    buf_add(&m->b, "%c", object ? '}' : ']');
}

static void make_value(struct maker *m, unsigned depth)
{
    static const char *const scalars[] = { "null",
                                           "true",
                                           "false",
                                           "0",
                                           "-1.5e-9",
                                           "9223372036854775807",
                                           "\"\"",
                                           "\"prod\"",
                                           "\"prod.a.b\"",
                                           "\"\\ud800\"",
                                           "\"\\u0000\"",
                                           "\"s3://b/k\"",
                                           "\"x\"",
                                           "\"{{ prod }}\"",
                                           "\"\xc3\xa9\\n\\\"\"",
                                           "\"io.kestra.plugin.core.trigger.Webhook\"" };
    size_t                   what = test_below(&m->seed, 10);

    if (what < 4 && depth < 20)
        make_list(m, depth, what < 3);
    else
        buf_add(&m->b, "%s", scalars[test_below(&m->seed, COUNT_OF(scalars))]);
}

/* Without rules for it, not a byte of a flow's other members changes. */
static void random_documents_stay_json_and_untouched_members_keep_their_bytes(void **state)
{
    static const char rules[] =
        NAMES "mask:\n"
              "  - { kind: flow, path: /**/x, do: drop }\n"
              "  - { kind: flow, path: /labels/**, do: pseudonym }\n"
              "  - { kind: flow, path: /inputs/*, do: text, text: T }\n"
              "  - { kind: execution, path: /**/a, do: drop }\n"
              "  - { kind: execution, path: /inputs/a/*/value, do: keep }\n";
    static const enum kind kinds[] = { KIND_FLOW, KIND_TEMPLATE, KIND_TRIGGER, KIND_EXECUTION };
    static const char      tail[] = ",\"untouched\" : {\"a\":[1.50, \"\\u0041\" ,{ }]}}";
    struct maker           m = { .seed = test_seed() };
    struct world           w;

    (void)state;
    buf_init(&m.b, 1u << 24);
    open_world(&w, "J", rules);
    for (int round = 0; round < 20000; round++) {
        struct slice out;

        buf_clear(&m.b);
        make_list(&m, 0, true);
        m.b.n--;
        while (m.b.n > 0 && strchr(" \n\t", m.b.p[m.b.n - 1]))
            m.b.n--;
        buf_add(&m.b, "%s", m.b.p[m.b.n - 1] == '{' ? tail + 1 : tail);
        if (!is_json(buf_slice(&m.b)))
            fail_msg("made no JSON: %s", m.b.p);
        out = become(&w, kinds[round % 4], buf_slice(&m.b));
        if (kinds[round % 4] != KIND_EXECUTION && !memmem(out.p, out.n, tail + 1, sizeof(tail) - 3))
            fail_msg("%s\nbecame %.*s", m.b.p, SLICE_ARG(out));
    }
    close_world(&w);
    buf_release(&m.b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trigger_of_a_flow_is_disabled),
        cmocka_unit_test(flows_are_disabled_when_the_rules_say_so),
        cmocka_unit_test(a_triggers_state_is_disabled_where_it_can_be),
        cmocka_unit_test(only_a_webhooks_key_is_made_anew),
        cmocka_unit_test(dropped_members_take_their_commas_along),
        cmocka_unit_test(items_are_dropped_like_members),
        cmocka_unit_test(a_fixed_text_leaves_numbers_numbers),
        cmocka_unit_test(the_last_rule_that_fits_wins),
        cmocka_unit_test(a_name_spelled_with_escapes_is_found),
        cmocka_unit_test(pseudonyms_depend_on_seed_and_text_alone),
        cmocka_unit_test(numbers_stay_numbers_and_uris_keep_their_scheme),
        cmocka_unit_test(of_an_execution_only_structure_passes),
        cmocka_unit_test(names_are_renamed_by_their_longest_prefix),
        cmocka_unit_test(only_kestras_own_tasks_are_renamed_the_rest_is_listed),
        cmocka_unit_test(a_source_is_written_from_the_flow),
        cmocka_unit_test(bad_rules_are_refused_with_their_line),
        cmocka_unit_test(names_that_would_become_one_are_refused),
        cmocka_unit_test(a_short_seed_is_refused),
        cmocka_unit_test(every_band_stages_the_real_documents),
        cmocka_unit_test(the_table_in_the_docs_is_current),
        cmocka_unit_test(random_documents_stay_json_and_untouched_members_keep_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
