/*
 * test_staging.c - what a document becomes in staging: rules, paths, masks, names, sources.
 */
#include "tests/support/test.h"

#include "lib/base/file.h"
#include "tests/support/json_proof.h"
#include "tests/support/sample_docs.h"
#include "tests/support/staging_doc.h"
#include "tests/support/staging_world.h"

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

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

static void without_a_seed_every_run_has_its_own(void **state)
{
    static const char doc[] = "{\"triggers\":[{\"key\":\"S\",\"type\":"
                              "\"io.kestra.plugin.core.trigger.Webhook\"}]}";
    struct world      w;
    struct world      v;
    struct slice      a;

    (void)state;
    assert_true(open_seeded(&w, "I", NULL, NULL));
    assert_true(open_seeded(&v, "I", NULL, NULL));
    a = become(&w, KIND_FLOW, SLICE(doc));
    assert_false(slice_eq(a, become(&v, KIND_FLOW, SLICE(doc))));
    assert_string_not_equal(staging_seed_digest(w.staging), staging_seed_digest(v.staging));
    close_world(&v);
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

/* `id` and `type` of a task stay whatever masks it; those of what is sent to a customer do not. */
static void of_a_masked_part_only_the_structure_of_tasks_stays(void **state)
{
    static const char doc[] =
        "{\"tasks\":[{\"id\":\"t\",\"type\":\"io.kestra.X\",\"body\":{\"id\":\"SECRET\",\"type\":"
        "\"SECRET\",\"deep\":[{\"id\":\"SECRET\"}],\"task\":{\"id\":\"u\",\"type\":\"a.b.Task\"}}}]"
        "}";
    static const char after[] =
        "{\"tasks\":[{\"id\":\"t\",\"type\":\"io.kestra.X\",\"body\":{\"id\":\"T\",\"type\":\"T\","
        "\"deep\":[{\"id\":\"T\"}],\"task\":{\"id\":\"u\",\"type\":\"a.b.Task\"}}}]}";
    struct world w;
    struct slice out;

    (void)state;
    expect("I", "mask: [{ kind: flow, path: /tasks/**/body, do: text, text: T }]", KIND_FLOW, doc,
           after);
    expect(
        "I", "mask: [{ kind: flow, path: /tasks/**, do: text, text: T }]", KIND_FLOW,
        "{\"tasks\":[{\"id\":\"t\",\"type\":\"io.kestra.X\"},{\"id\":\"SECRET\",\"type\":\"x\"}]}",
        "{\"tasks\":[{\"id\":\"t\",\"type\":\"io.kestra.X\"},{\"id\":\"T\",\"type\":\"T\"}]}");
    expect("I", "mask: [{ kind: flow, path: /tasks/**/body/id, do: text, text: T }]", KIND_FLOW,
           "{\"tasks\":[{\"body\":{\"id\":\"SECRET\",\"type\":\"x\"}}]}",
           "{\"tasks\":[{\"body\":{\"id\":\"T\",\"type\":\"x\"}}]}");
    open_world(&w, "I", "mask: [{ kind: flow, path: /tasks/**/body/*, do: drop }]");
    out = become(&w, KIND_FLOW, SLICE(doc));
    assert_null(memmem(out.p, out.n, "SECRET", 6));
    close_world(&w);
}

static void a_key_that_is_no_webhooks_is_masked_like_the_rest(void **state)
{
    static const char doc[] =
        "{\"triggers\":[{\"type\":\"org.example.Poll\",\"key\":\"SECRET\",\"disabled\":true},"
        "{\"key\":\"SECRET\",\"disabled\":true}]}";

    (void)state;
    expect("I", "mask: [{ kind: flow, path: /triggers/*/key, do: text, text: T }]", KIND_FLOW, doc,
           "{\"triggers\":[{\"type\":\"org.example.Poll\",\"key\":\"T\",\"disabled\":true},"
           "{\"key\":\"T\",\"disabled\":true}]}");
    expect("I", "mask: [{ kind: flow, path: /triggers/*/key, do: drop }]", KIND_FLOW,
           "{\"triggers\":[{\"key\":{\"a\":\"SECRET\"},\"disabled\":true}]}",
           "{\"triggers\":[{\"disabled\":true}]}");
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
    static const char doc[] = "{\"variables\":[0,-12,0.5,9223372036854775807,1e5,\"kestra:///a/b\","
                              "\"jdbc:postgresql://h/d\"]}";
    struct world      w;
    struct slice      out;

    (void)state;
    open_world(&w, "I", rules);
    out = become(&w, KIND_FLOW, SLICE(doc));
    assert_int_equal(out.n, strlen(doc)); /* each has its length */
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

/* Labels are a map up to 0.10; the system's own are labels like all others. */
static void labels_keep_their_keys_and_lose_their_values(void **state)
{
    static const char *const docs[] = {
        "{\"labels\":{\"system.correlationId\":\"SECRET\",\"team\":\"SECRET\"}}",
        "{\"labels\":[{\"key\":\"system.correlationId\",\"value\":\"SECRET\"},{\"key\":\"team\","
        "\"value\":\"SECRET\"}]}",
    };

    (void)state;
    for (size_t b = 0; b < COUNT_OF(bands); b++)
        for (size_t i = 0; i < COUNT_OF(docs); i++) {
            struct world w;
            struct slice out;

            open_world(&w, bands[b], NULL);
            out = become(&w, KIND_EXECUTION, slice_str(docs[i]));
            assert_non_null(memmem(out.p, out.n, "\"system.correlationId\"", 22));
            assert_non_null(memmem(out.p, out.n, "\"team\"", 6));
            assert_null(memmem(out.p, out.n, "SECRET", 6));
            close_world(&w);
        }
}

/* ---- rules that match nothing ---------------------------------------------------------------- */

/* The nearest to the one rule of the file. */
static void expect_near(const char *path, const char *expected)
{
    static const char doc[] =
        "{\"id\":\"f\",\"variables\":{\"password\":\"1\",\"list\":[{\"name\":\"x\"}]},\"tasks\":[{"
        "\"id\":\"t\",\"options\":{\"header\":1}}]}";
    struct world             w;
    struct staging_rule_info info;
    struct buf               rules = { 0 };
    struct buf               near = { 0 };

    buf_init(&rules, 1024);
    buf_init(&near, 1024);
    buf_add(&rules, "mask: [{ kind: flow, path: %s, do: pseudonym }]", path);
    open_world(&w, "I", rules.p);
    (void)become(&w, KIND_FLOW, SLICE(doc));
    for (size_t i = 0; i < staging_rules(w.staging); i++)
        if (staging_rule_info(w.staging, i, &info) && info.line > 0)
            staging_near(w.staging, i, &near);
    if (strcmp(near.n > 0 ? near.p : "", expected) != 0)
        fail_msg("%s: the nearest is %s, expected %s", path, near.n > 0 ? near.p : "none",
                 expected);
    close_world(&w);
    buf_release(&rules);
    buf_release(&near);
}

static void the_nearest_path_that_matches_is_known(void **state)
{
    (void)state;
    expect_near("/variable", "/variables");
    expect_near("/variables/pasword", "/variables/password");
    expect_near("/variabels/password", "/variables");
    expect_near("/variables/list/*/nam", "/variables/list/*/name");
    expect_near("/tasks/**/heder", "/tasks/**/header");
    expect_near("/tasks/*/option/header", "/tasks/*/options");
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
    expect_refused("mask:\n  - { kind: execution, path: /scheduleDate, do: text, text: x }\n",
                   "would break /scheduleDate");
    expect_refused("mask:\n  - { kind: trigger, path: /nextExecutionDate, do: pseudonym }\n",
                   "would break /nextExecutionDate");
    expect_refused("mask:\n  - { kind: execution, path: /state/histories, do: drop }\n",
                   "would break /state/histories");
    expect_refused("mask:\n  - { kind: flow, path: /tasks/*, do: drop }\n", "would break /tasks/*");
    expect_refused("mask:\n  - { kind: flow, path: /tasks/**/retry/type, do: text, text: x }\n",
                   "would break /tasks/**/retry/type");
    expect_refused("mask:\n  - { kind: flow, path: /pluginDefaults/*/type, do: drop }\n",
                   "would break /pluginDefaults/**/type");
    expect_refused("mask:\n  - { kind: flow, path: /triggers/*/conditions/*/type, do: drop }\n",
                   "would break /triggers/*/conditions/*/type");
}

/* It takes all that is mandatory in it along. */
static void what_is_not_mandatory_may_be_dropped_whole(void **state)
{
    (void)state;
    expect("I",
           "mask:\n  - { kind: flow, path: /triggers, do: drop }\n"
           "  - { kind: flow, path: /listeners, do: drop }\n"
           "  - { kind: flow, path: /tasks/**/retry, do: drop }\n",
           KIND_FLOW,
           "{\"id\":\"f\",\"triggers\":[{\"id\":\"t\",\"type\":\"T\"}],\"tasks\":[{\"id\":\"a\","
           "\"retry\":{\"type\":\"constant\"}}],\"listeners\":[]}",
           "{\"id\":\"f\",\"tasks\":[{\"id\":\"a\"}]}");
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

#define NAMES                                                                                      \
    "tenants: [{ from: acme, to: acme-stg }]\n"                                                    \
    "namespaces:\n  - { from: prod, to: stg }\n  - { from: prod.shared, to: prod.shared }\n"

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
        cmocka_unit_test(without_a_seed_every_run_has_its_own),
        cmocka_unit_test(of_a_masked_part_only_the_structure_of_tasks_stays),
        cmocka_unit_test(a_key_that_is_no_webhooks_is_masked_like_the_rest),
        cmocka_unit_test(labels_keep_their_keys_and_lose_their_values),
        cmocka_unit_test(the_nearest_path_that_matches_is_known),
        cmocka_unit_test(what_is_not_mandatory_may_be_dropped_whole),
        cmocka_unit_test(dropped_members_take_their_commas_along),
        cmocka_unit_test(items_are_dropped_like_members),
        cmocka_unit_test(a_fixed_text_leaves_numbers_numbers),
        cmocka_unit_test(the_last_rule_that_fits_wins),
        cmocka_unit_test(a_name_spelled_with_escapes_is_found),
        cmocka_unit_test(pseudonyms_depend_on_seed_and_text_alone),
        cmocka_unit_test(numbers_stay_numbers_and_uris_keep_their_scheme),
        cmocka_unit_test(of_an_execution_only_structure_passes),
        cmocka_unit_test(bad_rules_are_refused_with_their_line),
        cmocka_unit_test(names_that_would_become_one_are_refused),
        cmocka_unit_test(a_short_seed_is_refused),
        cmocka_unit_test(every_band_stages_the_real_documents),
        cmocka_unit_test(the_table_in_the_docs_is_current),
        cmocka_unit_test(random_documents_stay_json_and_untouched_members_keep_their_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
