#include "tests/support/test.h"

#include "lib/kestra/project.h"
#include "tests/support/layout_files.h"

#include <inttypes.h>

#define EXECUTION(id, state, more)                                                                 \
    "{\"id\": \"" id "\", \"state\": {\"current\": \"" state "\", \"histories\": []}, "            \
    "\"deleted\": false, \"namespace\": \"io.a\", \"flowId\": \"f\", \"flowRevision\": 1" more "}"

#define FLOW(ns, id, revision, more)                                                               \
    "{\"id\": \"" id "\", \"namespace\": \"" ns "\", \"revision\": " revision ", "                 \
    "\"disabled\": false, \"deleted\": false, \"tasks\": [{\"id\": \"t\", \"type\": \"x\"}]" more  \
    "}"

#define TEMPLATE(more)                                                                             \
    "{\"id\": \"t\", \"namespace\": \"io.a\", \"tasks\": [{\"id\": \"t\", \"type\": \"x\"}]" more  \
    "}"

#define TRIGGER(more)                                                                              \
    "{\"namespace\": \"io.a\", \"flowId\": \"f\", \"flowRevision\": 1, \"triggerId\": \"s\", "     \
    "\"date\": \"2024-12-10T08:00:00.000Z\"" more "}"

/* ---- fixture ------------------------------------------------------------------------------- */

struct fixture {
    struct layout         *layout;
    struct flow_index     *index;
    struct project_options options;
    struct projector      *first;  /* without the index */
    struct projector      *later;  /* with it */
    const char            *source; /* of the next documents; NULL: none */
    struct document        doc;
    struct projection      out;
};

static void drop_projectors(struct fixture *fx)
{
    projector_free(fx->first);
    projector_free(fx->later);
    fx->first = NULL;
    fx->later = NULL;
}

static void make_projectors(struct fixture *fx)
{
    drop_projectors(fx);
    fx->first = projector_new(fx->layout, &fx->options, NULL, NULL);
    fx->later = projector_new(fx->layout, &fx->options, fx->index, NULL);
}

static void use_layout(struct fixture *fx, const char *name)
{
    drop_projectors(fx);
    layout_free(fx->layout);
    fx->layout = layout_file(name);
    make_projectors(fx);
}

static void use_options(struct fixture *fx, enum executions_mode executions,
                        enum unlock_mode unlock)
{
    fx->options = (struct project_options){ .executions = executions, .unlock = unlock };
    make_projectors(fx);
}

static int setup(void **state)
{
    struct fixture *fx = mem_alloc(sizeof(*fx));

    fx->options = (struct project_options){ .executions = EXECUTIONS_ALL };
    fx->index = flow_index_new();
    use_layout(fx, "I");
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    drop_projectors(fx);
    flow_index_free(fx->index);
    layout_free(fx->layout);
    mem_free(fx);
    return 0;
}

static char *copy(struct slice s)
{
    return mem_strndup(s.n > 0 ? s.p : "", s.n);
}

static struct document document_of(const struct fixture *fx, const char *id, struct slice json,
                                   bool trusted)
{
    return (struct document){
        .id = slice_str(id),
        .value = json,
        .source = fx->source ? slice_str(fx->source) : slice_of(NULL, 0),
        .trusted = trusted,
    };
}

/* Whether or not the store vouches for the JSON makes no difference to good JSON: project both. */
static void run_on(struct fixture *fx, struct projector *p, enum kind kind, const char *id,
                   struct slice json)
{
    struct projection strict;
    char             *key;
    char             *value;

    fx->doc = document_of(fx, id, json, false);
    project(p, kind, &fx->doc, &strict);
    key = copy(strict.record.key);
    value = copy(strict.record.value);
    fx->doc.trusted = true;
    project(p, kind, &fx->doc, &fx->out);
    assert_int_equal(fx->out.outcome, strict.outcome);
    assert_int_equal(fx->out.reason, strict.reason);
    assert_int_equal(fx->out.locked, strict.locked);
    assert_int_equal(fx->out.was_unlocked, strict.was_unlocked);
    assert_int_equal(fx->out.revision, strict.revision);
    assert_string_equal(fx->out.detail, strict.detail);
    assert_true(slice_eq(fx->out.record.key, slice_str(key)));
    assert_true(slice_eq(fx->out.record.value, slice_str(value)));
    mem_free(key);
    mem_free(value);
}

static void run(struct fixture *fx, enum kind kind, const char *id, const char *json)
{
    run_on(fx, fx->first, kind, id, slice_str(json));
}

static void run_later(struct fixture *fx, enum kind kind, const char *id, const char *json)
{
    run_on(fx, fx->later, kind, id, slice_str(json));
}

/* What a survey does with each flow revision. */
static void tell_index(struct fixture *fx, const char *id, const char *json)
{
    run(fx, KIND_FLOW, id, json);
    if (fx->out.flow_key.n > 0)
        flow_index_add(fx->index, fx->out.flow_key, fx->out.flow_identity, fx->out.revision,
                       fx->out.outcome == PROJECT_SKIPPED, fx->out.flow_flags);
}

static void assert_slice(struct slice s, const char *expected)
{
    char *text = copy(s);

    assert_string_equal(text, expected);
    mem_free(text);
}

static void assert_record(const struct fixture *fx, const char *key, const char *value)
{
    if (fx->out.outcome != PROJECT_RECORD)
        fail_msg("%s: %s", reason_name(fx->out.reason), fx->out.detail);
    assert_int_equal(fx->out.reason, REASON_NONE);
    assert_string_equal(fx->out.detail, "");
    assert_ptr_equal(fx->out.record.doc, &fx->doc);
    assert_slice(fx->out.record.key, key);
    assert_slice(fx->out.record.value, value);
}

/* A record whose value is the document's bytes where they lie, not a copy. */
static void assert_passed_on(const struct fixture *fx, const char *key)
{
    if (fx->out.outcome != PROJECT_RECORD)
        fail_msg("%s: %s", reason_name(fx->out.reason), fx->out.detail);
    assert_slice(fx->out.record.key, key);
    assert_ptr_equal(fx->out.record.value.p, fx->doc.value.p);
    assert_int_equal(fx->out.record.value.n, fx->doc.value.n);
}

static void assert_left_out(const struct fixture *fx, enum reason reason)
{
    assert_string_equal(reason_name(fx->out.reason), reason_name(reason));
    assert_int_equal(fx->out.outcome, PROJECT_LEFT_OUT);
    assert_false(reason_is_skip(reason));
}

static void assert_skipped(const struct fixture *fx, enum reason reason, const char *part)
{
    assert_string_equal(reason_name(fx->out.reason), reason_name(reason));
    assert_int_equal(fx->out.outcome, PROJECT_SKIPPED);
    assert_true(reason_is_skip(reason));
    if (!strstr(fx->out.detail, part))
        fail_msg("\"%s\" is not in \"%s\"", part, fx->out.detail);
    assert_true(strlen(fx->out.detail) < sizeof(fx->out.detail));
}

/* ---- values -------------------------------------------------------------------------------- */

static void a_value_without_changes_is_passed_on_as_the_same_bytes(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RUNNING", ""));
    assert_passed_on(fx, "e1");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
    run(fx, KIND_TEMPLATE, "io.a_t", TEMPLATE(", \"deleted\": false"));
    assert_passed_on(fx, "io.a_t");
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": \"e1\""));
    assert_passed_on(fx, "io.a_f_s");
}

static void unknown_members_and_odd_white_space_survive(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1",
        " { \"new\" : [ {} , null ] ,\n\t\"id\":\"e1\",\"state\":{\"current\":\"RUNNING\"},"
        "\"flowId\":\"f\",\"namespace\":\"n\",\"flowRevision\":1,\"deleted\":false }\r\n");
    assert_passed_on(fx, "e1");
}

static void numbers_of_300_digits_survive(void **state)
{
    struct fixture *fx = *state;
    char            digits[301];
    char            json[1024];
    char            expected[1024];

    memset(digits, '7', 300);
    digits[300] = '\0';
    (void)snprintf(json, sizeof(json), FLOW("io.a", "f", "1", ", \"n\": [%s, 1E-9, 90.000000000]"),
                   digits);
    (void)snprintf(expected, sizeof(expected),
                   FLOW("io.a", "f", "1",
                        ", \"n\": [%s, 1E-9, 90.000000000]"
                        ",\"source\":\"id: f\""),
                   digits);
    fx->source = "id: f";
    run(fx, KIND_FLOW, "io.a_f_1", json);
    assert_record(fx, "io.a_f_1", expected);
}

static void the_same_document_gives_flow_and_flow_last_the_same_value(void **state)
{
    struct fixture *fx = *state;
    const char     *json = FLOW("io.a", "f", "3", "");
    char           *value;

    fx->source = "id: f\n";
    tell_index(fx, "io.a_f_3", json);
    run_later(fx, KIND_FLOW, "io.a_f_3", json);
    value = copy(fx->out.record.value);
    run_later(fx, KIND_FLOW_LAST, "io.a_f_3", json);
    assert_record(fx, "io.a_f", value);
    mem_free(value);
}

static void the_source_is_put_in_exactly_once(void **state)
{
    struct fixture *fx = *state;

    fx->source = "id: f\n\"x\"\t\xC3\xA9\\";
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_record(fx, "io.a_f_1",
                  FLOW("io.a", "f", "1", ",\"source\":\"id: f\\n\\\"x\\\"\\t\xC3\xA9\\\\\""));
    /* A deleted row of 0.20 has it in the value as well as in the column. */
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"source\": \"id: old\""));
    assert_passed_on(fx, "io.a_f_1");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"so\\u0075rce\": \"id: old\""));
    assert_passed_on(fx, "io.a_f_1");
}

static void a_source_that_is_null_is_replaced(void **state)
{
    struct fixture *fx = *state;

    fx->source = "id: f";
    run(fx, KIND_FLOW, "io.a_f_1",
        "{\"source\": null, \"id\": \"f\", \"namespace\": \"io.a\", \"revision\": 1, "
        "\"disabled\": false, \"deleted\": false, \"tasks\": [1]}");
    assert_record(fx, "io.a_f_1",
                  "{\"id\": \"f\", \"namespace\": \"io.a\", \"revision\": 1, "
                  "\"disabled\": false, \"deleted\": false, \"tasks\": [1],\"source\":\"id: f\"}");
}

static void an_empty_source_is_a_source(void **state)
{
    struct fixture *fx = *state;

    fx->source = "";
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_record(fx, "io.a_f_1", FLOW("io.a", "f", "1", ",\"source\":\"\""));
}

static void a_flow_without_any_source_is_sent_without_one(void **state)
{
    struct fixture *fx = *state;

    fx->source = NULL;
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
}

static void a_source_inside_a_task_is_not_the_flows_source(void **state)
{
    struct fixture *fx = *state;

    fx->source = "s";
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"x\": {\"source\": \"inner\"}"));
    assert_record(fx, "io.a_f_1",
                  FLOW("io.a", "f", "1", ", \"x\": {\"source\": \"inner\"},\"source\":\"s\""));
}

static void bands_whose_queue_has_no_source_get_none(void **state)
{
    struct fixture *fx = *state;

    fx->source = "id: f";
    use_layout(fx, "F");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
    use_layout(fx, "A");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
}

static void a_deleted_row_of_an_upgraded_store_gets_its_source(void **state)
{
    struct fixture *fx = *state;

    fx->source = "id: f";
    run(fx, KIND_FLOW, "io.a_f_2",
        "{\"id\": \"f\", \"deleted\": true, \"namespace\": \"io.a\", \"revision\": 2, "
        "\"disabled\": false, \"tasks\": []}");
    assert_record(fx, "io.a_f_2",
                  "{\"id\": \"f\", \"deleted\": true, \"namespace\": \"io.a\", \"revision\": 2, "
                  "\"disabled\": false, \"tasks\": [],\"source\":\"id: f\"}");
}

/* Members that only a store has: layouts for PostgreSQL name none, so the test brings its own. */
static void members_of_the_store_alone_are_cut_out(void **state)
{
    struct fixture *fx = *state;
    const char     *drop[] = { "sourceCode", "labelsMap" };

    fx->layout->kinds[KIND_FLOW].drop = drop;
    fx->layout->kinds[KIND_FLOW].n_drop = COUNT_OF(drop);
    make_projectors(fx);
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
    run(fx, KIND_FLOW, "io.a_f_1",
        FLOW("io.a", "f", "1", ", \"sourceCode\": \"}\", \"x\": 1.50, \"labelsMap\": null"));
    assert_record(fx, "io.a_f_1", FLOW("io.a", "f", "1", ", \"x\": 1.50"));
    fx->source = "s";
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"sourceCode\": {\"a\": [1]}"));
    assert_record(fx, "io.a_f_1", FLOW("io.a", "f", "1", ",\"source\":\"s\""));
}

static void more_members_than_one_search_takes_are_all_found(void **state)
{
    struct fixture *fx = *state;
    const char     *drop[40];
    char            names[40][8];
    char            json[2048] = "";
    size_t          n = 0;

    for (size_t i = 0; i < COUNT_OF(drop); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "m%02zu", i);
        drop[i] = names[i];
        n += (size_t)snprintf(json + n, sizeof(json) - n, ", \"m%02zu\": %zu", i, i);
    }
    fx->layout->kinds[KIND_TEMPLATE].drop = drop;
    fx->layout->kinds[KIND_TEMPLATE].n_drop = COUNT_OF(drop);
    make_projectors(fx);
    for (size_t i = 0; i < COUNT_OF(drop); i++) {
        (void)snprintf(json, sizeof(json), TEMPLATE(", \"deleted\": false, \"m%02zu\": 1"), i);
        run(fx, KIND_TEMPLATE, "io.a_t", json);
        assert_record(fx, "io.a_t", TEMPLATE(", \"deleted\": false"));
    }
}

/* ---- triggers ------------------------------------------------------------------------------ */

static void a_locked_trigger_keeps_its_lock_unless_asked(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": \"e1\""));
    assert_passed_on(fx, "io.a_f_s");
    assert_true(fx->out.locked);
    assert_false(fx->out.was_unlocked);
}

static void unlock_all_cuts_every_lock_of_the_band(void **state)
{
    struct fixture *fx = *state;

    use_options(fx, EXECUTIONS_ALL, UNLOCK_ALL);
    for (size_t i = 0; i < fx->layout->kinds[KIND_TRIGGER].n_unlock; i++) {
        const char *name = fx->layout->kinds[KIND_TRIGGER].unlock[i];
        char        json[512];

        (void)snprintf(json, sizeof(json), TRIGGER(", \"%s\": \"x\", \"n\": 1.0"), name);
        run(fx, KIND_TRIGGER, "io.a_f_s", json);
        assert_record(fx, "io.a_f_s", TRIGGER(", \"n\": 1.0"));
        assert_true(fx->out.locked);
        assert_true(fx->out.was_unlocked);
    }
    run(fx, KIND_TRIGGER, "io.a_f_s",
        TRIGGER(", \"executionId\": \"e1\", \"evaluateRunningDate\": null"));
    assert_record(fx, "io.a_f_s", TRIGGER(""));
}

static void each_band_knows_its_own_locks(void **state)
{
    struct fixture *fx = *state;

    use_options(fx, EXECUTIONS_ALL, UNLOCK_ALL);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"workerId\": \"w\""));
    assert_record(fx, "io.a_f_s", TRIGGER(""));
    use_layout(fx, "A");
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"workerId\": \"w\""));
    assert_passed_on(fx, "io.a_f_s");
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": \"e1\""));
    assert_record(fx, "io.a_f_s", TRIGGER(""));
}

static void a_trigger_without_a_lock_is_passed_on_by_unlock_all(void **state)
{
    struct fixture *fx = *state;

    use_options(fx, EXECUTIONS_ALL, UNLOCK_ALL);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": null"));
    assert_passed_on(fx, "io.a_f_s");
    assert_false(fx->out.locked);
    assert_false(fx->out.was_unlocked);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(""));
    assert_passed_on(fx, "io.a_f_s");
}

/* ---- executions ---------------------------------------------------------------------------- */

static void pending_leaves_out_every_terminal_state_and_no_other(void **state)
{
    struct fixture          *fx = *state;
    static const char *const pending[] = { "CREATED", "RUNNING", "PAUSED",   "RESTARTED",
                                           "KILLING", "QUEUED",  "RETRYING", "NEVER_HEARD_OF",
                                           "",        "success", "SUCCESS ", "\\ud800" };
    char                     json[512];

    use_options(fx, EXECUTIONS_PENDING, UNLOCK_NONE);
    for (size_t i = 0; i < COUNT_OF(pending); i++) {
        (void)snprintf(json, sizeof(json), EXECUTION("e1", "%s", ""), pending[i]);
        run(fx, KIND_EXECUTION, "e1", json);
        assert_passed_on(fx, "e1");
    }
    for (size_t i = 0; i < fx->layout->terminal.n; i++) {
        (void)snprintf(json, sizeof(json), EXECUTION("e1", "%s", ""),
                       fx->layout->terminal.items[i]);
        run(fx, KIND_EXECUTION, "e1", json);
        assert_left_out(fx, REASON_TERMINAL);
    }
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "SU\\u0043CESS", ""));
    assert_left_out(fx, REASON_TERMINAL);
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RETRIED", ""));
    assert_left_out(fx, REASON_TERMINAL);
    use_layout(fx, "A");
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RETRIED", ""));
    assert_passed_on(fx, "e1");
}

static void paused_is_pending_even_if_the_layout_calls_it_terminal(void **state)
{
    struct fixture *fx = *state;
    const char     *terminal[] = { "SUCCESS", "PAUSED" };

    fx->layout->terminal = (struct strings){ COUNT_OF(terminal), terminal };
    use_options(fx, EXECUTIONS_PENDING, UNLOCK_NONE);
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "PAUSED", ""));
    assert_passed_on(fx, "e1");
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "SUCCESS", ""));
    assert_left_out(fx, REASON_TERMINAL);
}

static void executions_all_sends_terminal_ones_too(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "SUCCESS", ""));
    assert_passed_on(fx, "e1");
}

static void executions_none_selects_no_execution_and_touches_nothing_else(void **state)
{
    struct fixture *fx = *state;

    use_options(fx, EXECUTIONS_NONE, UNLOCK_NONE);
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RUNNING", ""));
    assert_left_out(fx, REASON_NOT_SELECTED);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(""));
    assert_passed_on(fx, "io.a_f_s");
}

#define DELETED_EXECUTION                                                                          \
    "{\"id\": \"e1\", \"state\": {\"current\": \"RUNNING\"}, \"deleted\": true}"

static void a_deleted_execution_is_always_left_out(void **state)
{
    struct fixture                   *fx = *state;
    static const enum executions_mode modes[] = { EXECUTIONS_NONE, EXECUTIONS_PENDING,
                                                  EXECUTIONS_ALL };

    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        use_options(fx, modes[i], UNLOCK_NONE);
        run(fx, KIND_EXECUTION, "e1", DELETED_EXECUTION);
        assert_left_out(fx, REASON_DELETED);
    }
}

static void what_is_left_out_by_rule_has_no_faults(void **state)
{
    struct fixture *fx = *state;

    use_options(fx, EXECUTIONS_PENDING, UNLOCK_NONE);
    run(fx, KIND_EXECUTION, "another key", DELETED_EXECUTION);
    assert_left_out(fx, REASON_DELETED);
    run(fx, KIND_EXECUTION, "another key", EXECUTION("e1", "SUCCESS", ""));
    assert_left_out(fx, REASON_TERMINAL);
    run(fx, KIND_TEMPLATE, "another key", TEMPLATE(", \"deleted\": true"));
    assert_left_out(fx, REASON_DELETED);
}

static void an_execution_has_no_tenant_in_its_key(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RUNNING", ", \"tenantId\": \"acme\""));
    assert_passed_on(fx, "e1");
}

/* The hot path: a trusted document is not read further than needed, so what follows may be
 * anything. */
static void a_trusted_execution_is_not_parsed_to_its_end(void **state)
{
    struct fixture *fx = *state;

    fx->layout->kinds[KIND_EXECUTION].n_required = 0;
    make_projectors(fx);
    fx->doc = document_of(fx, "e1",
                          SLICE("{\"id\": \"e1\", \"state\": {\"current\": \"RUNNING\"}, "
                                "\"deleted\": false, \"taskRunList\": [[[[!!!!"),
                          true);
    project(fx->first, KIND_EXECUTION, &fx->doc, &fx->out);
    assert_passed_on(fx, "e1");
    fx->doc.trusted = false;
    project(fx->first, KIND_EXECUTION, &fx->doc, &fx->out);
    assert_skipped(fx, REASON_UNREADABLE, "");
}

/* ---- templates ----------------------------------------------------------------------------- */

static void only_live_templates_are_sent(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_TEMPLATE, "io.a_t", TEMPLATE(", \"deleted\": true"));
    assert_left_out(fx, REASON_DELETED);
    run(fx, KIND_TEMPLATE, "acme_io.a_t", TEMPLATE(", \"deleted\": false, \"tenantId\": \"acme\""));
    assert_passed_on(fx, "acme_io.a_t");
}

/* ---- keys ---------------------------------------------------------------------------------- */

static void a_tenant_stands_first_and_none_leaves_no_trace(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "acme_io.a_f_1", FLOW("io.a", "f", "1", ", \"tenantId\": \"acme\""));
    assert_passed_on(fx, "acme_io.a_f_1");
    assert_slice(fx->out.flow_key, "acme_io.a_f");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"tenantId\": null"));
    assert_passed_on(fx, "io.a_f_1");
    assert_slice(fx->out.flow_key, "io.a_f");
    run(fx, KIND_TRIGGER, "acme_io.a_f_s", TRIGGER(", \"tenantId\": \"acme\""));
    assert_passed_on(fx, "acme_io.a_f_s");
}

static void a_band_without_tenants_ignores_the_member(void **state)
{
    struct fixture *fx = *state;

    use_layout(fx, "A");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"tenantId\": \"acme\""));
    assert_passed_on(fx, "io.a_f_1");
}

static void keys_are_text_whatever_its_spelling(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "\xC3\xA9.\xE6\x97\xA5_\xF0\x9F\x98\x80_1",
        FLOW("\\u00e9.\xE6\x97\xA5", "\\ud83d\\ude00", "1", ""));
    assert_passed_on(fx, "\xC3\xA9.\xE6\x97\xA5_\xF0\x9F\x98\x80_1");
    run(fx, KIND_EXECUTION, "e\"\\/1", EXECUTION("e\\\"\\\\\\/1", "RUNNING", ""));
    assert_passed_on(fx, "e\"\\/1");
}

/* Restartability 1.7: it stops the executor of all. Other revisions of its flow may go. */
static void a_flow_without_a_revision_is_poison_and_is_skipped(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "io.a_f_-1", FLOW("io.a", "f", "null", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "member revision is null");
    tell_index(fx, "io.a_f_-1", FLOW("io.a", "f", "null", ""));
    run_later(fx, KIND_FLOW_LAST, "io.a_f_-1", FLOW("io.a", "f", "null", ""));
    assert_int_equal(fx->out.outcome, PROJECT_SKIPPED);
    tell_index(fx, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f");
}

static void a_stored_key_that_the_members_do_not_give_is_a_mismatch(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "io.a_f_2", FLOW("io.a", "f", "1", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"io.a_f_1\"");
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"io.a_f_2\"");
    run(fx, KIND_EXECUTION, "", EXECUTION("e1", "RUNNING", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"\"");
    run(fx, KIND_EXECUTION, "e1 ", EXECUTION("e1", "RUNNING", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"e1 \"");
    run(fx, KIND_TRIGGER, "acme_io.a_f_s", TRIGGER(""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"io.a_f_s\"");
    run(fx, KIND_TEMPLATE, "io.a_T", TEMPLATE(", \"deleted\": false"));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"io.a_T\"");
}

static void a_flow_last_is_held_against_the_stored_flow_key(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f");
    run(fx, KIND_FLOW_LAST, "io.a_f", FLOW("io.a", "f", "1", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"io.a_f_1\"");
}

static void long_keys_are_shown_cut_between_characters(void **state)
{
    struct fixture *fx = *state;
    char            id[301];
    char            json[1024];

    for (size_t i = 0; i < 300; i += 2)
        memcpy(id + i, "\xC3\xA9", 2);
    id[300] = '\0';
    id[0] = 'x'; /* now the middle of a character lies where an even number of bytes is cut */
    id[1] = 'y';
    for (int shift = 0; shift < 2; shift++) {
        (void)snprintf(json, sizeof(json), EXECUTION("%s", "RUNNING", ""), id + shift);
        run(fx, KIND_EXECUTION, id, json);
        if (shift == 0) {
            assert_passed_on(fx, id);
            continue;
        }
        assert_skipped(fx, REASON_KEY_MISMATCH, "...");
        assert_true(utf8_valid(slice_str(fx->out.detail)));
    }
}

static void a_detail_is_one_line_without_control_characters(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION,
        "e\n\x1B[31m\x7F\xC2\x9B"
        "31m",
        EXECUTION("e1", "RUNNING", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"e??[31m???31m\"");
    run(fx, KIND_EXECUTION, "e1", EXECUTION("e\\u001b\\n", "RUNNING", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "\"e??\"");
}

static void a_key_above_every_limit_is_too_large(void **state)
{
    struct fixture *fx = *state;
    char           *id = mem_alloc(KEY_MAX_BYTES + 2);
    char           *json = mem_alloc(KEY_MAX_BYTES + 1024);

    memset(id, 'a', KEY_MAX_BYTES + 1);
    (void)snprintf(json, KEY_MAX_BYTES + 1024, EXECUTION("%s", "RUNNING", ""), id);
    run(fx, KIND_EXECUTION, id, json);
    assert_skipped(fx, REASON_TOO_LARGE, "key");
    id[KEY_MAX_BYTES] = '\0';
    (void)snprintf(json, KEY_MAX_BYTES + 1024, EXECUTION("%s", "RUNNING", ""), id);
    run(fx, KIND_EXECUTION, id, json);
    assert_passed_on(fx, id);
    mem_free(id);
    mem_free(json);
}

/* ---- mandatory members --------------------------------------------------------------------- */

struct member {
    const char *name;
    const char *good;
    bool        takes_null; /* absent and null are allowed */
    bool        takes[7];   /* by enum json_type: a value of that type is no fault */
};

#define ANY_TYPE                                                                                   \
    {                                                                                              \
        false, false, true, true, true, true, true                                                 \
    }
#define A_STRING                                                                                   \
    {                                                                                              \
        false, false, false, false, true, false, false                                             \
    }
#define A_NUMBER                                                                                   \
    {                                                                                              \
        false, false, false, true, false, false, false                                             \
    }
#define A_BOOL                                                                                     \
    {                                                                                              \
        false, false, true, false, false, false, false                                             \
    }

/* The object of all members, with member `odd` replaced (or left out, when odd_value is NULL). */
static void write_object(const struct member *members, size_t n, size_t odd, const char *odd_value,
                         char *out, size_t max)
{
    size_t at = (size_t)snprintf(out, max, "{");

    for (size_t i = 0; i < n; i++) {
        const char *value = i == odd ? odd_value : members[i].good;

        if (value)
            at += (size_t)snprintf(out + at, max - at, "%s\"%s\": %s", at > 1 ? ", " : "",
                                   members[i].name, value);
    }
    (void)snprintf(out + at, max - at, "}");
}

/* Replace each member by each type. The faults must name the member. */
static void check_types(struct fixture *fx, enum kind kind, const char *id,
                        const struct member *members, size_t n)
{
    static const char *const values[] = { NULL, "null", "true", "17", "\"text\"", "{}", "[]" };
    static const char *const types[] = { "absent", "null",   "boolean", "number",
                                         "string", "object", "array" };
    char                     json[1024];

    for (size_t i = 0; i < n; i++) {
        if (members[i].good[0] == '{')
            continue; /* what counts of an object is inside it */
        for (size_t type = 0; type < COUNT_OF(values); type++) {
            bool null_is_good = members[i].takes_null && (type == JSON_ABSENT || type == JSON_NULL);

            write_object(members, n, i, values[type], json, sizeof(json));
            run(fx, kind, id, json);
            if (null_is_good || members[i].takes[type]) {
                assert_true(fx->out.reason == REASON_NONE || fx->out.reason == REASON_DELETED ||
                            fx->out.reason == REASON_KEY_MISMATCH);
                continue;
            }
            assert_skipped(fx, REASON_MISSING_FIELD, members[i].name);
            assert_skipped(fx, REASON_MISSING_FIELD, types[type]);
        }
    }
}

/* Every member that the layout requires must be in the table. */
static void check_required(const struct fixture *fx, enum kind kind, const struct member *members,
                           size_t n)
{
    const struct kind_layout *kl = &fx->layout->kinds[kind];

    for (size_t i = 0; i < kl->n_required; i++) {
        bool there = false;

        for (size_t k = 0; k < n; k++)
            there =
                there || (strcmp(kl->required[i], members[k].name) == 0 && !members[k].takes_null);
        if (!there)
            fail_msg("%s: the layout requires %s, the test does not", kind_name(kind),
                     kl->required[i]);
    }
}

static void each_mandatory_member_of_an_execution_is_checked(void **state)
{
    struct fixture            *fx = *state;
    static const struct member members[] = {
        { "id", "\"e1\"", false, A_STRING },
        { "deleted", "false", false, A_BOOL },
        { "state", "{\"current\": \"RUNNING\"}", false, { false } },
        { "namespace", "\"io.a\"", false, ANY_TYPE },
        { "flowId", "\"f\"", false, ANY_TYPE },
        { "flowRevision", "1", false, ANY_TYPE },
    };

    check_required(fx, KIND_EXECUTION, members, COUNT_OF(members));
    check_types(fx, KIND_EXECUTION, "e1", members, COUNT_OF(members));
}

static void the_current_state_of_an_execution_is_a_string(void **state)
{
    struct fixture          *fx = *state;
    static const char *const bad[] = { "{}",
                                       "{\"current\": null}",
                                       "{\"current\": 1}",
                                       "{\"current\": {\"current\": \"RUNNING\"}}",
                                       "{\"current\": [\"RUNNING\"]}",
                                       "{\"Current\": \"RUNNING\"}",
                                       "[\"RUNNING\"]",
                                       "\"RUNNING\"" };
    char                     json[256];

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        (void)snprintf(json, sizeof(json),
                       "{\"id\": \"e1\", \"namespace\": \"n\", \"flowId\": \"f\", "
                       "\"flowRevision\": 1, \"state\": %s, \"deleted\": false}",
                       bad[i]);
        run(fx, KIND_EXECUTION, "e1", json);
        assert_skipped(fx, REASON_MISSING_FIELD, "state.current");
    }
}

static void each_mandatory_member_of_a_flow_is_checked(void **state)
{
    struct fixture            *fx = *state;
    static const struct member members[] = {
        { "tenantId", "\"acme\"", true, A_STRING }, { "namespace", "\"io.a\"", false, A_STRING },
        { "id", "\"f\"", false, A_STRING },         { "revision", "1", true, A_NUMBER },
        { "deleted", "false", false, A_BOOL },      { "tasks", "[{}]", true, ANY_TYPE },
    };

    check_types(fx, KIND_FLOW, "acme_io.a_f_1", members, COUNT_OF(members));
    check_types(fx, KIND_FLOW_LAST, "acme_io.a_f_1", members, COUNT_OF(members));
}

static void each_mandatory_member_of_a_template_is_checked(void **state)
{
    struct fixture            *fx = *state;
    static const struct member members[] = {
        { "tenantId", "\"acme\"", true, A_STRING },
        { "namespace", "\"io.a\"", false, A_STRING },
        { "id", "\"t\"", false, A_STRING },
        { "deleted", "false", false, A_BOOL },
    };

    check_types(fx, KIND_TEMPLATE, "acme_io.a_t", members, COUNT_OF(members));
}

static void each_mandatory_member_of_a_trigger_is_checked(void **state)
{
    struct fixture            *fx = *state;
    static const struct member members[] = {
        { "tenantId", "\"acme\"", true, A_STRING },
        { "namespace", "\"io.a\"", false, A_STRING },
        { "flowId", "\"f\"", false, A_STRING },
        { "triggerId", "\"s\"", false, A_STRING },
        { "date", "\"2024-12-10T08:00:00.000Z\"", true, ANY_TYPE },
    };

    check_types(fx, KIND_TRIGGER, "acme_io.a_f_s", members, COUNT_OF(members));
}

static void members_that_the_layout_requires_must_be_there(void **state)
{
    struct fixture *fx = *state;
    const char     *required[] = { "date" };

    fx->layout->kinds[KIND_TRIGGER].required = required;
    fx->layout->kinds[KIND_TRIGGER].n_required = COUNT_OF(required);
    make_projectors(fx);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(""));
    assert_passed_on(fx, "io.a_f_s");
    run(fx, KIND_TRIGGER, "io.a_f_s",
        "{\"namespace\": \"io.a\", \"flowId\": \"f\", \"triggerId\": \"s\"}");
    assert_skipped(fx, REASON_MISSING_FIELD, "date is absent");
    run(fx, KIND_TRIGGER, "io.a_f_s",
        "{\"namespace\": \"io.a\", \"flowId\": \"f\", \"triggerId\": \"s\", \"date\": null}");
    assert_skipped(fx, REASON_MISSING_FIELD, "date is null");
}

static void a_revision_is_an_integer_of_64_bits(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "io.a_f_9223372036854775807", FLOW("io.a", "f", "9223372036854775807", ""));
    assert_passed_on(fx, "io.a_f_9223372036854775807");
    assert_true(fx->out.revision == INT64_MAX);
    run(fx, KIND_FLOW, "io.a_f_9223372036854775808", FLOW("io.a", "f", "9223372036854775808", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "revision");
    /* It may be the highest: the index takes it for that, and the flow stays out whole. */
    assert_true(slice_eq(fx->out.flow_key, SLICE("io.a_f")));
    assert_true(fx->out.revision == INT64_MAX);
    run(fx, KIND_FLOW, "io.a_f_1.0", FLOW("io.a", "f", "1.0", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "revision");
    run(fx, KIND_FLOW, "io.a_f_1e0", FLOW("io.a", "f", "1e0", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "revision");
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "\"1\"", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "revision");
}

/* ---- unreadable ---------------------------------------------------------------------------- */

static void what_is_not_a_json_object_is_unreadable(void **state)
{
    struct fixture          *fx = *state;
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "[]",
        "\"\"",
        "17",
        "{",
        "{\"id\": \"f\"",
        "{]",
        "{} {}",
        "{\"a\": 01}",
        "\xEF\xBB\xBF{}",
        "{\"a\": \"\xC0\x80\"}",
        "{\"a\": \"\xED\xA0\x80\"}",
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            fx->doc = document_of(fx, "io.a_f_1", slice_str(bad[i]), false);
            project(fx->first, (enum kind)kind, &fx->doc, &fx->out);
            assert_skipped(fx, REASON_UNREADABLE, "");
            assert_true(strlen(fx->out.detail) > 0);
            assert_int_equal(fx->out.flow_key.n, 0);
            assert_int_equal(fx->out.flow_identity.n, 0);
        }
    }
}

static void an_sql_null_is_unreadable(void **state)
{
    struct fixture *fx = *state;

    run_on(fx, fx->first, KIND_FLOW, "io.a_f_1", slice_of(NULL, 0));
    assert_skipped(fx, REASON_UNREADABLE, "null");
}

static void a_trusted_value_that_is_no_object_is_unreadable(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1", "[\"e1\"]");
    assert_skipped(fx, REASON_UNREADABLE, "object");
    run(fx, KIND_EXECUTION, "e1", "null");
    assert_skipped(fx, REASON_UNREADABLE, "object");
}

static void nesting_above_the_limit_is_unreadable(void **state)
{
    struct fixture *fx = *state;
    char            deep[2 * JSON_MAX_DEPTH + 1];
    char            json[2 * JSON_MAX_DEPTH + 512];

    memset(deep, '[', JSON_MAX_DEPTH);
    memset(deep + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
    deep[sizeof(deep) - 1] = '\0';
    (void)snprintf(json, sizeof(json), FLOW("io.a", "f", "1", ", \"x\": %s"), deep);
    run(fx, KIND_FLOW, "io.a_f_1", json);
    assert_skipped(fx, REASON_UNREADABLE, "nested");
}

static void of_repeated_members_the_last_one_counts(void **state)
{
    struct fixture *fx = *state;

    fx->doc = document_of(fx, "e2", SLICE(EXECUTION("e1", "SUCCESS", ", \"id\": \"e2\"")), false);
    project(fx->first, KIND_EXECUTION, &fx->doc, &fx->out);
    assert_passed_on(fx, "e2");
}

/* ---- size ---------------------------------------------------------------------------------- */

/* A trigger whose key and value take exactly n bytes. */
static char *trigger_of_size(size_t n)
{
    struct slice head = SLICE("{\"namespace\": \"io.a\", \"flowId\": \"f\", \"flowRevision\": 1, "
                              "\"triggerId\": \"s\", \"date\": \"2024-12-10T08:00:00.000Z\", "
                              "\"x\": \"");
    char        *json;

    n -= strlen("io.a_f_s");
    json = mem_alloc(n + 1);
    memset(json, 'x', n);
    memcpy(json, head.p, head.n);
    memcpy(json + n - 2, "\"}", 3);
    return json;
}

static void a_record_may_be_exactly_as_large_as_the_layout_says(void **state)
{
    struct fixture *fx = *state;
    char           *json = trigger_of_size(fx->layout->message_max_bytes);

    assert_true(fx->layout->message_max_bytes == 10u << 20);
    run(fx, KIND_TRIGGER, "io.a_f_s", json);
    assert_passed_on(fx, "io.a_f_s");
    assert_int_equal(fx->out.record.key.n + fx->out.record.value.n, fx->layout->message_max_bytes);
    mem_free(json);
}

static void one_byte_more_is_too_large(void **state)
{
    struct fixture *fx = *state;
    char           *json = trigger_of_size(fx->layout->message_max_bytes + 1);

    run(fx, KIND_TRIGGER, "io.a_f_s", json);
    assert_skipped(fx, REASON_TOO_LARGE, "10485761");
    assert_skipped(fx, REASON_TOO_LARGE, "10485760");
    mem_free(json);
}

static void the_size_that_counts_is_that_after_the_changes(void **state)
{
    struct fixture *fx = *state;
    const char     *json = FLOW("io.a", "f", "1", "");
    size_t          bare = strlen(json) + strlen("io.a_f_1");
    size_t          spliced = strlen(",\"source\":\"12345\"");

    fx->source = "12345";
    fx->layout->message_max_bytes = bare + spliced;
    run(fx, KIND_FLOW, "io.a_f_1", json);
    assert_record(fx, "io.a_f_1", FLOW("io.a", "f", "1", ",\"source\":\"12345\""));
    fx->layout->message_max_bytes--;
    run(fx, KIND_FLOW, "io.a_f_1", json);
    assert_skipped(fx, REASON_TOO_LARGE, "bytes");
    assert_slice(fx->out.flow_key, "io.a_f");

    use_options(fx, EXECUTIONS_ALL, UNLOCK_ALL);
    fx->layout->message_max_bytes = strlen(TRIGGER("")) + strlen("io.a_f_s");
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": \"e1\""));
    assert_record(fx, "io.a_f_s", TRIGGER(""));
}

static void a_large_source_does_not_stay_in_memory_or_in_the_next_value(void **state)
{
    struct fixture *fx = *state;
    char           *source = mem_alloc((20u << 20) + 1);

    memset(source, '\n', 20u << 20);
    fx->source = source;
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_skipped(fx, REASON_TOO_LARGE, "bytes");
    fx->source = "s";
    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_record(fx, "io.a_f_1", FLOW("io.a", "f", "1", ",\"source\":\"s\""));
    mem_free(source);
}

/* ---- flows: what one revision means for the others ------------------------------------------ */

static void a_skipped_revision_still_tells_the_index_its_flow(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "7", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "");
    assert_slice(fx->out.flow_key, "io.a_f");
    assert_int_equal(fx->out.revision, 7);
    assert_true(fx->out.flow_identity.n > 0);
    run(fx, KIND_FLOW, "io.a_f_7",
        "{\"id\": \"f\", \"namespace\": \"io.a\", \"revision\": 7, \"deleted\": \"no\"}");
    assert_skipped(fx, REASON_MISSING_FIELD, "deleted");
    assert_slice(fx->out.flow_key, "io.a_f");
    assert_int_equal(fx->out.revision, 7);
    run(fx, KIND_FLOW, "io.a_f_7", FLOW("io.a", "", "7", ""));
    assert_skipped(fx, REASON_MISSING_FIELD, "id");
    assert_int_equal(fx->out.flow_key.n, 0);
    assert_int_equal(fx->out.flow_identity.n, 0);
    assert_int_equal(fx->out.revision, -1);
}

static void other_kinds_tell_the_index_nothing(void **state)
{
    struct fixture *fx = *state;

    run(fx, KIND_EXECUTION, "e1", EXECUTION("e1", "RUNNING", ""));
    assert_int_equal(fx->out.flow_key.n, 0);
    run(fx, KIND_TRIGGER, "io.a_f_s", TRIGGER(""));
    assert_int_equal(fx->out.flow_key.n, 0);
}

static void of_40_revisions_flow_gets_all_and_flow_last_the_highest(void **state)
{
    struct fixture *fx = *state;
    size_t          last = 0;

    for (int pass = 0; pass < 3; pass++) {
        for (int i = 0; i < 40; i++) {
            int  revision = 1 + (i * 7 + 3) % 40; /* each once, 40 somewhere in the middle */
            char id[64];
            char json[512];

            (void)snprintf(id, sizeof(id), "io.a_f_%d", revision);
            (void)snprintf(json, sizeof(json), FLOW("io.a", "f", "%d", ""), revision);
            if (pass == 0) {
                tell_index(fx, id, json);
                continue;
            }
            run_later(fx, pass == 1 ? KIND_FLOW_LAST : KIND_FLOW, id, json);
            if (pass == 2)
                assert_passed_on(fx, id);
            else if (revision == 40)
                assert_passed_on(fx, "io.a_f");
            else
                assert_left_out(fx, REASON_OLD_REVISION);
            last += pass == 1 && fx->out.outcome == PROJECT_RECORD ? 1 : 0;
        }
    }
    assert_int_equal(last, 1);
}

#define DELETED_FLOW(revision)                                                                     \
    "{\"id\": \"f\", \"deleted\": true, \"namespace\": \"io.a\", \"revision\": " revision ", "     \
    "\"disabled\": false, \"tasks\": [{}]}"

static void deleted_revisions_are_sent_like_others(void **state)
{
    struct fixture *fx = *state;

    tell_index(fx, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    tell_index(fx, "io.a_f_2", DELETED_FLOW("2"));
    run_later(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
    run_later(fx, KIND_FLOW, "io.a_f_2", DELETED_FLOW("2"));
    assert_passed_on(fx, "io.a_f_2");
    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_left_out(fx, REASON_OLD_REVISION);
    run_later(fx, KIND_FLOW_LAST, "io.a_f_2", DELETED_FLOW("2"));
    assert_passed_on(fx, "io.a_f");
}

static void a_flow_that_was_deleted_and_made_again_ends_with_the_new_one(void **state)
{
    struct fixture *fx = *state;

    tell_index(fx, "io.a_f_3", FLOW("io.a", "f", "3", ""));
    tell_index(fx, "io.a_f_2", DELETED_FLOW("2"));
    tell_index(fx, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    run_later(fx, KIND_FLOW_LAST, "io.a_f_2", DELETED_FLOW("2"));
    assert_left_out(fx, REASON_OLD_REVISION);
    run_later(fx, KIND_FLOW_LAST, "io.a_f_3", FLOW("io.a", "f", "3", ""));
    assert_passed_on(fx, "io.a_f");
    run_later(fx, KIND_FLOW, "io.a_f_2", DELETED_FLOW("2"));
    assert_passed_on(fx, "io.a_f_2");
}

static void a_faulty_highest_revision_keeps_the_whole_flow_out(void **state)
{
    struct fixture *fx = *state;
    const char     *broken = "{\"id\": \"f\", \"namespace\": \"io.a\", \"revision\": 2}";

    tell_index(fx, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    tell_index(fx, "io.a_f_2", broken);
    tell_index(fx, "io.a_g_1", FLOW("io.a", "g", "1", ""));
    run_later(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_left_out(fx, REASON_FLOW_OUT);
    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_left_out(fx, REASON_FLOW_OUT);
    run_later(fx, KIND_FLOW, "io.a_f_2", broken);
    assert_skipped(fx, REASON_MISSING_FIELD, "deleted");
    run_later(fx, KIND_FLOW_LAST, "io.a_f_2", broken);
    assert_skipped(fx, REASON_MISSING_FIELD, "deleted");
    run_later(fx, KIND_FLOW_LAST, "io.a_g_1", FLOW("io.a", "g", "1", ""));
    assert_passed_on(fx, "io.a_g");
}

static void a_faulty_older_revision_keeps_nothing_else_out(void **state)
{
    struct fixture *fx = *state;
    const char     *broken = "{\"id\": \"f\", \"namespace\": \"io.a\", \"revision\": 1}";

    tell_index(fx, "io.a_f_1", broken);
    tell_index(fx, "io.a_f_2", FLOW("io.a", "f", "2", ""));
    run_later(fx, KIND_FLOW, "io.a_f_1", broken);
    assert_skipped(fx, REASON_MISSING_FIELD, "deleted");
    run_later(fx, KIND_FLOW, "io.a_f_2", FLOW("io.a", "f", "2", ""));
    assert_passed_on(fx, "io.a_f_2");
    /* To flow-last it is an older revision like any other. */
    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", broken);
    assert_left_out(fx, REASON_OLD_REVISION);
    run_later(fx, KIND_FLOW_LAST, "io.a_f_2", FLOW("io.a", "f", "2", ""));
    assert_passed_on(fx, "io.a_f");
}

static void a_revision_too_large_to_send_keeps_its_flow_out(void **state)
{
    struct fixture *fx = *state;
    const char     *large = FLOW("io.a", "f", "2", ", \"x\": \"................................\"");

    fx->layout->message_max_bytes = strlen(large);
    tell_index(fx, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    tell_index(fx, "io.a_f_2", large);
    run_later(fx, KIND_FLOW, "io.a_f_2", large);
    assert_skipped(fx, REASON_TOO_LARGE, "");
    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_left_out(fx, REASON_FLOW_OUT);
}

static void two_flows_of_one_key_are_both_skipped(void **state)
{
    struct fixture *fx = *state;

    tell_index(fx, "a_b_c_1", FLOW("a_b", "c", "1", ""));
    assert_passed_on(fx, "a_b_c_1"); /* the first pass cannot know yet */
    tell_index(fx, "a_b_c_2", FLOW("a", "b_c", "2", ""));
    assert_int_equal(flow_index_state(fx->index, SLICE("a_b_c")), FLOW_COLLISION);
    for (int kind = KIND_FLOW_LAST; kind <= KIND_FLOW; kind++) {
        run_later(fx, (enum kind)kind, "a_b_c_1", FLOW("a_b", "c", "1", ""));
        assert_skipped(fx, REASON_KEY_COLLISION, "a_b_c");
        run_later(fx, (enum kind)kind, "a_b_c_2", FLOW("a", "b_c", "2", ""));
        assert_skipped(fx, REASON_KEY_COLLISION, "a_b_c");
    }
    /* A document with a fault of its own is named for that one, in every pass. */
    run_later(fx, KIND_FLOW, "other", FLOW("a", "b_c", "2", ""));
    assert_skipped(fx, REASON_KEY_MISMATCH, "other");
}

static void a_tenant_can_collide_with_a_namespace(void **state)
{
    struct fixture *fx = *state;

    tell_index(fx, "a_b_f_1", FLOW("b", "f", "1", ", \"tenantId\": \"a\""));
    tell_index(fx, "a_b_f_2", FLOW("a_b", "f", "2", ""));
    assert_int_equal(flow_index_state(fx->index, SLICE("a_b_f")), FLOW_COLLISION);
}

static void revisions_of_one_flow_do_not_collide(void **state)
{
    struct fixture *fx = *state;

    tell_index(fx, "a_b_c_1", FLOW("a_b", "c", "1", ""));
    tell_index(fx, "a_b_c_2", FLOW("a\\u005fb", "c", "2", ", \"tenantId\": null"));
    assert_int_equal(flow_index_state(fx->index, SLICE("a_b_c")), FLOW_OK);
    assert_int_equal(flow_index_last(fx->index, SLICE("a_b_c")), 2);
}

static void a_flow_that_the_index_does_not_know_is_no_last_one(void **state)
{
    struct fixture *fx = *state;

    run_later(fx, KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_left_out(fx, REASON_OLD_REVISION);
    run_later(fx, KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ""));
    assert_passed_on(fx, "io.a_f_1");
}

/* ---- names --------------------------------------------------------------------------------- */

static void every_reason_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        const char *name = reason_name((enum reason)i);

        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, reason_name((enum reason)k));
    }
    assert_false(reason_is_skip(REASON_NONE));
    assert_false(reason_is_skip(REASON_FLOW_OUT));
    assert_false(reason_is_skip(REASON_COUNT));
}

/* ---- anything ------------------------------------------------------------------------------ */

static void damage(char *json, size_t n, uint64_t *seed)
{
    static const char bytes[] = "{}[]\",:\\ntu0e\x80\xC3";
    size_t            hits = 1 + test_below(seed, 3);

    for (size_t i = 0; i < hits; i++)
        json[test_below(seed, n)] = bytes[test_below(seed, sizeof(bytes))];
}

/* Whatever a document is made of: a record is an object under its stored key, a skip has a reason.
 */
static void damaged_documents_give_a_record_or_a_reason(void **state)
{
    struct fixture *fx = *state;
    struct {
        enum kind   kind;
        const char *id;
        const char *json;
    } docs[] = {
        { KIND_EXECUTION, "e1", EXECUTION("e1", "RUNNING", ", \"x\": [1, {\"y\": null}]") },
        { KIND_FLOW, "io.a_f_1", FLOW("io.a", "f", "1", ", \"tenantId\": null") },
        { KIND_FLOW_LAST, "io.a_f_1", FLOW("io.a", "f", "1", ", \"source\": \"s\"") },
        { KIND_TEMPLATE, "io.a_t", TEMPLATE(", \"deleted\": false") },
        { KIND_TRIGGER, "io.a_f_s", TRIGGER(", \"executionId\": \"e1\"") },
    };
    uint64_t seed = test_seed();

    fx->source = "id: f\n";
    use_options(fx, EXECUTIONS_PENDING, UNLOCK_ALL);
    for (size_t round = 0; round < 20000; round++) {
        size_t            i = test_below(&seed, COUNT_OF(docs));
        size_t            n = strlen(docs[i].json);
        char             *json = mem_strdup(docs[i].json); /* its own block: an overrun is seen */
        struct json_path  path = { "id", NULL };
        struct json_value found;
        struct err        err = ERR_INIT;

        damage(json, n, &seed);
        fx->doc = document_of(fx, docs[i].id, slice_of(json, n), false);
        project(fx->first, docs[i].kind, &fx->doc, &fx->out);
        if (fx->out.outcome == PROJECT_RECORD)
            assert_true(json_find(fx->out.record.value, &path, 1, JSON_FIND_ALL, &found, &err));
        else
            assert_int_not_equal(fx->out.reason, REASON_NONE);
        if (fx->out.outcome == PROJECT_RECORD && docs[i].kind != KIND_FLOW_LAST)
            assert_slice(fx->out.record.key, docs[i].id);
        if (fx->out.outcome == PROJECT_SKIPPED)
            assert_true(strlen(fx->out.detail) > 0);
        mem_free(json);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_value_without_changes_is_passed_on_as_the_same_bytes),
        T(unknown_members_and_odd_white_space_survive),
        T(numbers_of_300_digits_survive),
        T(the_same_document_gives_flow_and_flow_last_the_same_value),
        T(the_source_is_put_in_exactly_once),
        T(a_source_that_is_null_is_replaced),
        T(an_empty_source_is_a_source),
        T(a_flow_without_any_source_is_sent_without_one),
        T(a_source_inside_a_task_is_not_the_flows_source),
        T(bands_whose_queue_has_no_source_get_none),
        T(a_deleted_row_of_an_upgraded_store_gets_its_source),
        T(members_of_the_store_alone_are_cut_out),
        T(more_members_than_one_search_takes_are_all_found),
        T(a_locked_trigger_keeps_its_lock_unless_asked),
        T(unlock_all_cuts_every_lock_of_the_band),
        T(each_band_knows_its_own_locks),
        T(a_trigger_without_a_lock_is_passed_on_by_unlock_all),
        T(pending_leaves_out_every_terminal_state_and_no_other),
        T(paused_is_pending_even_if_the_layout_calls_it_terminal),
        T(executions_all_sends_terminal_ones_too),
        T(executions_none_selects_no_execution_and_touches_nothing_else),
        T(a_deleted_execution_is_always_left_out),
        T(what_is_left_out_by_rule_has_no_faults),
        T(an_execution_has_no_tenant_in_its_key),
        T(a_trusted_execution_is_not_parsed_to_its_end),
        T(only_live_templates_are_sent),
        T(a_tenant_stands_first_and_none_leaves_no_trace),
        T(a_band_without_tenants_ignores_the_member),
        T(keys_are_text_whatever_its_spelling),
        T(a_flow_without_a_revision_is_poison_and_is_skipped),
        T(a_stored_key_that_the_members_do_not_give_is_a_mismatch),
        T(a_flow_last_is_held_against_the_stored_flow_key),
        T(long_keys_are_shown_cut_between_characters),
        T(a_detail_is_one_line_without_control_characters),
        T(a_key_above_every_limit_is_too_large),
        T(each_mandatory_member_of_an_execution_is_checked),
        T(the_current_state_of_an_execution_is_a_string),
        T(each_mandatory_member_of_a_flow_is_checked),
        T(each_mandatory_member_of_a_template_is_checked),
        T(each_mandatory_member_of_a_trigger_is_checked),
        T(members_that_the_layout_requires_must_be_there),
        T(a_revision_is_an_integer_of_64_bits),
        T(what_is_not_a_json_object_is_unreadable),
        T(an_sql_null_is_unreadable),
        T(a_trusted_value_that_is_no_object_is_unreadable),
        T(nesting_above_the_limit_is_unreadable),
        T(of_repeated_members_the_last_one_counts),
        T(a_record_may_be_exactly_as_large_as_the_layout_says),
        T(one_byte_more_is_too_large),
        T(the_size_that_counts_is_that_after_the_changes),
        T(a_large_source_does_not_stay_in_memory_or_in_the_next_value),
        T(a_skipped_revision_still_tells_the_index_its_flow),
        T(other_kinds_tell_the_index_nothing),
        T(of_40_revisions_flow_gets_all_and_flow_last_the_highest),
        T(deleted_revisions_are_sent_like_others),
        T(a_flow_that_was_deleted_and_made_again_ends_with_the_new_one),
        T(a_faulty_highest_revision_keeps_the_whole_flow_out),
        T(a_faulty_older_revision_keeps_nothing_else_out),
        T(a_revision_too_large_to_send_keeps_its_flow_out),
        T(two_flows_of_one_key_are_both_skipped),
        T(a_tenant_can_collide_with_a_namespace),
        T(revisions_of_one_flow_do_not_collide),
        T(a_flow_that_the_index_does_not_know_is_no_last_one),
        T(every_reason_has_its_own_name),
        T(damaged_documents_give_a_record_or_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
