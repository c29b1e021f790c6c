/* test_execution.c - an execution as the executor sees it. */
#include "tests/support/test.h"

#include "lib/kestra/execution.h"
#include "tests/support/sample_docs.h"

static int arena_setup(void **state)
{
    *state = arena_new(65536);
    return 0;
}

static int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct execution read_slice(void **state, struct slice doc)
{
    struct execution e;
    struct err       err = ERR_INIT;

    if (!execution_read(doc, *state, &e, &err))
        fail_msg("%s", err.msg);
    return e;
}

static struct execution read_text(void **state, const char *doc)
{
    return read_slice(state, slice_str(doc));
}

/* NULL: p must be NULL. */
static void assert_text(struct slice got, const char *expected)
{
    if (!expected) {
        assert_null(got.p);
        return;
    }
    if (!got.p || !slice_eq(got, slice_str(expected)))
        fail_msg("\"%.*s\", not \"%s\"", SLICE_ARG(got), expected);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static const char whole[] =
    "{ \"id\": \"E\", \"tenantId\": \"T\", \"namespace\": \"n.s\", \"flowId\": \"f\","
    " \"flowRevision\": 3, \"inputs\": {\"state\": {\"current\": \"no\"}}, \"taskRunList\":"
    " [{\"id\": \"1\", \"taskId\": \"seq\", \"state\": {\"current\":\"RUNNING\",\"histories\":"
    "[{\"state\":\"CREATED\",\"date\":\"2024-01-01T00:00:00Z\"},"
    "{\"state\":\"RUNNING\",\"date\":\"2024-01-01T00:00:09.5Z\"}]}},"
    " {\"id\":\"2\",\"taskId\":\"x\",\"parentTaskRunId\":\"1\",\"value\":\"v\",\"dynamic\":true,"
    "\"attempts\":[{\"state\":{\"current\":\"FAILED\"}},"
    "{\"state\":{\"current\":\"KILLED\",\"histories\":[]},\"logFile\":\"l\"}],"
    "\"outputs\":{\"value\":\"a\\\"b\",\"executionId\":\"C\",\"deep\":{\"value\":\"no\"}},"
    "\"state\":{\"current\":\"KILLED\"}}],"
    " \"state\": {\"current\": \"RUNNING\", \"histories\": [{\"state\": \"CREATED\"},"
    "{\"state\": \"SLEEPING\", \"date\": \"2024-01-01T00:00:01Z\"}, 7], \"duration\": 1.5},"
    " \"trigger\": {\"id\":\"t\",\"type\":\"c.Flow\",\"variables\":{\"executionId\":\"P\","
    "\"date\":\"2024-02-02T00:00:00+02:00\"}}, \"scheduleDate\": \"2025-01-01T00:00:00Z\","
    " \"deleted\": true }";

static void all_members_of_an_execution_are_read(void **state)
{
    struct execution e = read_text(state, whole);

    assert_true(slice_eq(e.raw, slice_str(whole)));
    assert_text(e.id, "E");
    assert_text(e.tenant, "T");
    assert_text(e.namespace, "n.s");
    assert_text(e.flow_id, "f");
    assert_true(e.has_revision);
    assert_int_equal(e.revision, 3);
    assert_true(e.deleted);
    assert_text(e.trigger_type, "c.Flow");
    assert_text(e.trigger_id, "t");
    assert_text(e.parent_execution, "P");
    assert_text(e.trigger_date, "2024-02-02T00:00:00+02:00");
    assert_text(e.schedule_date, "2025-01-01T00:00:00Z");
    assert_true(e.has_newest);
    assert_text(e.newest_text, "2024-01-01T00:00:09.5Z");
    assert_int_equal(e.newest.ns, 500000000);
    assert_int_equal(e.duplicate_run, RUN_NONE);
    assert_int_equal(e.broken_run, RUN_NONE);
    assert_false(e.big_integer);
    assert_false(e.storage_uri);
}

static void a_state_says_its_name_its_histories_and_where_they_stand(void **state)
{
    struct execution        e = read_text(state, whole);
    const struct run_state *s = &e.state;

    assert_int_equal(s->current, STATE_RUNNING);
    assert_text(s->name, "RUNNING");
    assert_text(s->current_raw, "\"RUNNING\"");
    assert_int_equal(s->raw.p[0], '{');
    assert_memory_equal(s->raw.p + s->raw.n - 4, "1.5}", 4);
    assert_true(s->has_histories);
    assert_int_equal(s->n_histories, 3);
    assert_int_equal(s->histories[0].state, STATE_CREATED);
    assert_text(s->histories[0].date, NULL);
    assert_int_equal(s->histories[1].state, STATE_UNKNOWN);
    assert_text(s->histories[1].date, "2024-01-01T00:00:01Z");
    assert_int_equal(s->histories[2].state, STATE_ABSENT);
    assert_int_equal(s->histories_raw.p[0], '[');
    assert_memory_equal(s->histories_raw.p + s->histories_raw.n - 5, "}, 7]", 5);
}

static void all_members_of_a_task_run_are_read(void **state)
{
    struct execution       e = read_text(state, whole);
    const struct task_run *run;

    assert_true(e.has_runs);
    assert_int_equal(e.runs_raw.p[0], '[');
    assert_int_equal(e.n_runs, 2);
    run = &e.runs[0];
    assert_text(run->task_id, "seq");
    assert_text(run->parent_id, NULL);
    assert_text(run->value, NULL);
    assert_text(run->attempts_raw, NULL);
    assert_text(run->outputs_raw, NULL);
    assert_int_equal(run->last_attempt.current, STATE_ABSENT);
    assert_int_equal(run->parent, RUN_NONE);
    assert_int_equal(run->state.n_histories, 2);
    assert_false(run->dynamic);
    run = &e.runs[1];
    assert_text(run->id, "2");
    assert_text(run->parent_id, "1");
    assert_int_equal(run->parent, 0);
    assert_text(run->value, "v");
    assert_true(run->dynamic);
    assert_int_equal(run->n_attempts, 2);
    assert_int_equal(run->attempts_raw.p[0], '[');
    assert_int_equal(run->last_attempt.current, STATE_KILLED);
    assert_text(run->last_attempt.raw, "{\"current\":\"KILLED\",\"histories\":[]}");
    assert_true(run->last_attempt.has_histories);
    assert_text(run->outputs_value, "a\"b");
    assert_text(run->outputs_execution, "C");
    assert_int_equal(run->outputs_raw.p[0], '{');
    assert_text(run->state.raw, "{\"current\":\"KILLED\"}");
    assert_false(run->state.has_histories);
    assert_memory_equal(run->raw.p, "{\"id\":\"2\"", 9);
    assert_memory_equal(run->raw.p + run->raw.n - 3, "\"}}", 3);
}

static void an_empty_object_has_nothing(void **state)
{
    struct execution e = read_text(state, "{}");

    assert_text(e.id, NULL);
    assert_text(e.tenant, NULL);
    assert_text(e.runs_raw, NULL);
    assert_text(e.state.raw, NULL);
    assert_text(e.state.name, NULL);
    assert_false(e.has_revision || e.has_runs || e.has_newest || e.deleted);
    assert_int_equal(e.state.current, STATE_ABSENT);
    assert_int_equal(e.n_runs, 0);
    assert_int_equal(e.broken_run, RUN_NONE);
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const docs[] = { "",
                                        "  ",
                                        "[]",
                                        "null",
                                        "7",
                                        "\"a\"",
                                        "{",
                                        "{}{}",
                                        "{\"id\":}",
                                        "[{\"id\":\"E\"}]",
                                        "{\"id\":\"\xff\"}" };

    for (size_t i = 0; i < COUNT_OF(docs); i++) {
        struct execution e;
        struct err       err = ERR_INIT;

        assert_false(execution_read(slice_str(docs[i]), *state, &e, &err));
        assert_int_equal(err.kind, ERR_DATA);
    }
}

static void every_state_has_its_name(void **state)
{
    (void)state;
    for (size_t i = STATE_CREATED; i < STATE_COUNT; i++)
        assert_int_equal(state_parse(slice_str(state_name((enum state)i))), i);
    assert_int_equal(state_parse(slice_of(NULL, 0)), STATE_ABSENT);
    assert_int_equal(state_parse(SLICE("")), STATE_UNKNOWN);
    assert_int_equal(state_parse(SLICE("absent")), STATE_UNKNOWN);
    assert_int_equal(state_parse(SLICE("running")), STATE_UNKNOWN);
    assert_int_equal(state_parse(SLICE("RUNNING ")), STATE_UNKNOWN);
    assert_string_equal(state_name(STATE_ABSENT), "absent");
    assert_string_equal(state_name(STATE_UNKNOWN), "unknown");
    assert_string_equal(state_name(STATE_COUNT), "unknown");
}

/* ---- odd members -------------------------------------------------------------------------- */

static void a_state_that_is_none_is_absent(void **state)
{
    static const char *const docs[] = {
        "{\"state\":null}",
        "{\"state\":\"RUNNING\"}",
        "{\"state\":[{\"current\":\"RUNNING\"}]}",
        "{\"state\":{\"current\":\"RUNNING\",\"histories\":[{}]},\"state\":null}",
    };
    struct execution e;

    for (size_t i = 0; i < COUNT_OF(docs); i++) {
        e = read_text(state, docs[i]);
        assert_int_equal(e.state.current, STATE_ABSENT);
        assert_text(e.state.raw, NULL);
        assert_text(e.state.histories_raw, NULL);
        assert_int_equal(e.state.n_histories, 0);
    }
    e = read_text(state, "{\"state\":{\"current\":null,\"histories\":{}}}");
    assert_int_equal(e.state.current, STATE_ABSENT);
    assert_text(e.state.name, NULL);
    assert_text(e.state.current_raw, "null");
    assert_false(e.state.has_histories);
    assert_text(e.state.raw, "{\"current\":null,\"histories\":{}}");
    e = read_text(state, "{\"state\":{\"current\":\"BREAKPOINT\"}}");
    assert_int_equal(e.state.current, STATE_UNKNOWN);
    assert_text(e.state.name, "BREAKPOINT");
}

static void of_repeated_members_the_last_counts(void **state)
{
    struct execution e = read_text(
        state, "{\"id\":\"a\",\"id\":\"b\",\"flowRevision\":1,\"flowRevision\":\"x\","
               "\"taskRunList\":[{\"id\":\"1\"},{\"id\":\"1\"}],"
               "\"state\":{\"current\":\"FAILED\",\"histories\":[{\"state\":\"FAILED\"}]},"
               "\"state\":{\"current\":\"RUNNING\"},"
               "\"taskRunList\":[{\"id\":\"2\",\"id\":\"3\",\"attempts\":[{},{}],\"attempts\":[],"
               "\"outputs\":{\"value\":\"v\"},\"outputs\":{}}],"
               "\"trigger\":{\"id\":\"t\",\"variables\":{\"date\":\"d\"}},"
               "\"trigger\":{\"type\":\"y\",\"variables\":{\"executionId\":\"p\"},"
               "\"variables\":{}},\"deleted\":true,\"deleted\":false}");

    assert_text(e.id, "b");
    assert_false(e.has_revision);
    assert_int_equal(e.n_runs, 1);
    assert_text(e.runs[0].id, "3");
    assert_int_equal(e.runs[0].n_attempts, 0);
    assert_text(e.runs[0].attempts_raw, "[]");
    assert_text(e.runs[0].outputs_raw, "{}");
    assert_text(e.runs[0].outputs_value, NULL);
    assert_int_equal(e.duplicate_run, RUN_NONE);
    assert_int_equal(e.state.current, STATE_RUNNING);
    assert_false(e.state.has_histories);
    assert_int_equal(e.state.n_histories, 0);
    assert_text(e.trigger_id, NULL);
    assert_text(e.trigger_type, "y");
    assert_text(e.trigger_date, NULL);
    assert_text(e.parent_execution, NULL);
    assert_false(e.deleted);
    e = read_text(state, "{\"state\":{\"histories\":[{},{}],\"histories\":[{}]},"
                         "\"taskRunList\":[{}],\"taskRunList\":null}");
    assert_int_equal(e.state.n_histories, 1);
    assert_false(e.has_runs);
    assert_text(e.runs_raw, NULL);
    assert_int_equal(e.broken_run, RUN_NONE);
}

static void escapes_are_undone_in_texts_and_names(void **state)
{
    struct execution e = read_text(
        state, "{\"\\u0069d\":\"a\\u002fb\\n\",\"st\\u0061te\":{\"current\":\"R\\u0055NNING\"},"
               "\"flowId\":\"x\\u0000\",\"namespace\":\"\\ud800\"}");

    assert_text(e.id, "a/b\n");
    assert_int_equal(e.state.current, STATE_RUNNING);
    assert_text(e.state.current_raw, "\"R\\u0055NNING\"");
    assert_text(e.flow_id, "x\\u0000"); /* cannot be read: as it is spelled */
    assert_text(e.namespace, "\\ud800");
}

static void a_text_that_is_none_is_absent_and_an_empty_one_is_there(void **state)
{
    struct execution e = read_text(state, "{\"id\":null,\"tenantId\":7,\"namespace\":[],"
                                          "\"flowId\":\"\",\"trigger\":{\"id\":true}}");

    assert_text(e.id, NULL);
    assert_text(e.tenant, NULL);
    assert_text(e.namespace, NULL);
    assert_text(e.trigger_id, NULL);
    assert_text(e.flow_id, "");
}

static void a_revision_is_an_integer(void **state)
{
    static const struct {
        const char *doc;
        bool        has;
        int64_t     revision;
    } cases[] = {
        { "{\"flowRevision\":0}", true, 0 },
        { "{\"flowRevision\":-4}", true, -4 },
        { "{\"flowRevision\":2147483648}", true, 2147483648 },
        { "{\"flowRevision\":1.0}", false, 0 },
        { "{\"flowRevision\":1e2}", false, 0 },
        { "{\"flowRevision\":\"1\"}", false, 0 },
        { "{\"flowRevision\":null}", false, 0 },
        { "{\"flowRevision\":12345678901234567890}", false, 0 },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct execution e = read_text(state, cases[i].doc);

        assert_int_equal(e.has_revision, cases[i].has);
        assert_int_equal(e.revision, cases[i].revision);
    }
}

static void the_newest_date_is_that_of_the_execution_or_a_task_run(void **state)
{
    struct execution e = read_text(
        state,
        "{\"state\":{\"histories\":[{\"date\":\"2024-01-01T00:00:00Z\"},{\"date\":\"soon\"}]},"
        "\"taskRunList\":[{\"id\":\"1\",\"state\":{\"histories\":["
        "{\"date\":\"2024-01-01T10:00:00+02:00\"},{\"date\":\"2024-01-01T07:59:00Z\"}]},"
        "\"attempts\":[{\"state\":{\"histories\":[{\"date\":\"2025-01-01T00:00:00Z\"}]}}]}]}");

    assert_true(e.has_newest);
    assert_text(e.newest_text, "2024-01-01T10:00:00+02:00");
    assert_int_equal(e.newest.s, 1704096000);
}

/* ---- runs --------------------------------------------------------------------------------- */

static void a_list_of_task_runs_that_is_none_has_no_runs(void **state)
{
    static const char *const docs[] = { "{\"taskRunList\":null}", "{\"taskRunList\":{\"id\":1}}",
                                        "{\"taskRunList\":\"x\"}" };
    struct execution         e;

    for (size_t i = 0; i < COUNT_OF(docs); i++) {
        e = read_text(state, docs[i]);
        assert_false(e.has_runs);
        assert_int_equal(e.n_runs, 0);
        assert_text(e.runs_raw, NULL);
    }
    e = read_text(state, "{\"taskRunList\":[ ]}");
    assert_true(e.has_runs);
    assert_text(e.runs_raw, "[ ]");
}

static void a_task_run_that_is_none_is_told(void **state)
{
    static const char *const broken[] = { "null",         "7", "\"x\"", "[{\"id\":\"9\"}]", "{}",
                                          "{\"id\":null}" };

    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        char             doc[128];
        struct execution e;

        (void)snprintf(doc, sizeof(doc), "{\"taskRunList\":[{\"id\":\"1\"},%s,{\"id\":\"2\"}]}",
                       broken[i]);
        e = read_text(state, doc);
        assert_int_equal(e.n_runs, 3);
        assert_int_equal(e.broken_run, 1);
        assert_text(e.runs[1].raw, broken[i]);
        assert_text(e.runs[1].id, NULL);
        assert_text(e.runs[2].id, "2");
    }
}

static void an_attempt_that_is_none_leaves_no_state(void **state)
{
    struct execution e = read_text(
        state, "{\"taskRunList\":[{\"id\":\"1\",\"attempts\":[{\"state\":{\"current\":\"FAILED\"}},"
               "null]},{\"id\":\"2\",\"attempts\":{\"state\":{}}}]}");

    assert_int_equal(e.runs[0].n_attempts, 2);
    assert_int_equal(e.runs[0].last_attempt.current, STATE_ABSENT);
    assert_text(e.runs[0].last_attempt.raw, NULL);
    assert_int_equal(e.runs[1].n_attempts, 0);
    assert_text(e.runs[1].attempts_raw, NULL);
}

/* n runs; run i has the parent that parent() says, RUN_NONE for none. */
static struct slice doc_of_runs(struct arena *a, size_t n, size_t (*parent)(size_t i, size_t n))
{
    struct buf   doc;
    struct slice copy;

    buf_init(&doc, (size_t)64 << 20);
    buf_add(&doc, "{\"taskRunList\":[");
    for (size_t i = 0; i < n; i++) {
        buf_add(&doc, "%s{\"id\":\"run-%zu\"", i > 0 ? "," : "", i);
        if (parent(i, n) != RUN_NONE)
            buf_add(&doc, ",\"parentTaskRunId\":\"run-%zu\"", parent(i, n));
        buf_add(&doc, "}");
    }
    buf_add(&doc, "]}");
    copy = arena_copy(a, buf_slice(&doc));
    buf_release(&doc);
    return copy;
}

static size_t parent_before(size_t i, size_t n)
{
    (void)n;
    return i == 0 ? RUN_NONE : (i - 1) / 2;
}

static size_t parent_behind(size_t i, size_t n)
{
    return i + 1 == n ? RUN_NONE : i + 1;
}

static size_t parent_in_circle(size_t i, size_t n)
{
    return (i + 1) % n;
}

static size_t parent_is_gone(size_t i, size_t n)
{
    return i + n;
}

static void parents_are_found_wherever_they_stand(void **state)
{
    static const size_t sizes[] = { 1, 2, 16, 17, 100, 3000 };

    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        size_t           n = sizes[k];
        struct execution e = read_slice(state, doc_of_runs(*state, n, parent_before));

        for (size_t i = 0; i < n; i++)
            assert_int_equal(e.runs[i].parent, parent_before(i, n));
        e = read_slice(state, doc_of_runs(*state, n, parent_behind));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(e.runs[i].parent, parent_behind(i, n));
        assert_int_equal(e.broken_run, RUN_NONE);
        e = read_slice(state, doc_of_runs(*state, n, parent_is_gone));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(e.runs[i].parent, RUN_NONE);
    }
}

static void whoever_climbs_from_parent_to_parent_arrives(void **state)
{
    static const size_t sizes[] = { 1, 2, 16, 17, 1000 };

    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct execution e = read_slice(state, doc_of_runs(*state, sizes[k], parent_in_circle));

        assert_true(e.broken_run < sizes[k]);
        assert_true(e.runs[e.broken_run].parent_id.p);
        for (size_t i = 0; i < e.n_runs; i++) {
            size_t steps = 0;

            for (size_t at = i; at != RUN_NONE; at = e.runs[at].parent)
                assert_true(steps++ < e.n_runs);
        }
    }
}

static void the_first_run_of_an_id_is_the_parent_and_the_second_is_told(void **state)
{
    struct execution e =
        read_text(state, "{\"taskRunList\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"a\"},"
                         "{\"id\":\"b\"},{\"id\":\"c\",\"parentTaskRunId\":\"a\"}]}");

    assert_int_equal(e.duplicate_run, 2);
    assert_int_equal(e.runs[4].parent, 0);
}

static void a_hundred_thousand_runs_are_no_matter_of_squares(void **state)
{
    struct slice     doc = doc_of_runs(*state, 100000, parent_behind);
    int64_t          from = clock_cpu_ns();
    struct execution e = read_slice(state, doc);

    assert_int_equal(e.n_runs, 100000);
    assert_int_equal(e.runs[99998].parent, 99999);
    assert_true(clock_cpu_ns() - from < INT64_C(5000000000)); /* 0.1 s; squares: minutes */
}

static void more_runs_than_the_limit_are_refused(void **state)
{
    struct buf       doc;
    struct execution e;
    struct err       err = ERR_INIT;

    buf_init(&doc, (size_t)8 << 20);
    buf_add(&doc, "{\"taskRunList\":[0");
    for (size_t i = 0; i < EXECUTION_MAX_RUNS; i++)
        assert_true(buf_append(&doc, SLICE(",0")));
    buf_add(&doc, "]}");
    assert_false(execution_read(buf_slice(&doc), *state, &e, &err));
    assert_int_equal(err.kind, ERR_DATA);
    assert_string_equal(err.msg, "execution: more than 1000000 task runs");
    buf_release(&doc);
}

static void nesting_has_the_limit_of_all_documents(void **state)
{
    for (size_t depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH; depth++) {
        struct buf       doc;
        struct execution e;
        struct err       err = ERR_INIT;

        buf_init(&doc, 4096);
        buf_add(&doc, "{\"id\":\"E\",\"inputs\":");
        for (size_t i = 0; i < depth; i++)
            buf_add(&doc, "[");
        for (size_t i = 0; i < depth; i++)
            buf_add(&doc, "]");
        buf_add(&doc, "}");
        assert_int_equal(execution_read(buf_slice(&doc), *state, &e, &err), depth < JSON_MAX_DEPTH);
        assert_int_equal(err.kind, depth < JSON_MAX_DEPTH ? ERR_NONE : ERR_DATA);
        buf_release(&doc);
    }
}

/* ---- what is anywhere --------------------------------------------------------------------- */

static void an_integer_outside_javas_long_is_told(void **state)
{
    static const struct {
        const char *value;
        bool        big;
    } cases[] = {
        { "9223372036854775807", false },
        { "9223372036854775808", true },
        { "-9223372036854775808", false },
        { "-9223372036854775809", true },
        { "10000000000000000000", true },
        { "9223372036854775808.0", false },
        { "9223372036854775808e0", false },
        { "99999999999999999999E+2", false },
        { "0.99999999999999999999999", false },
        { "1E99999999999999999999", false },
        { "\"9223372036854775808\"", false },
        { "[[[[[[[[[[[[9223372036854775808]]]]]]]]]]]]", true },
        { "{\"a\":1,\"b\": 9223372036854775808 }", true },
        { "\"\\\\\",\"c\":9223372036854775808", true },
        { "\"\\\",9223372036854775808\"", false },
        { "[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3]", false },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char doc[128];

        (void)snprintf(doc, sizeof(doc), "{\"inputs\":%s}", cases[i].value);
        if (read_text(state, doc).big_integer != cases[i].big)
            fail_msg("%s", cases[i].value);
    }
}

static void a_text_that_begins_with_the_scheme_of_the_storage_is_told(void **state)
{
    static const struct {
        const char *value;
        bool        uri;
    } cases[] = {
        { "\"kestra:///a/b\"", true },
        { "\"kestra://\"", true },
        { "\"kestra:\\/\\/\\/a\"", true },
        { "\"\\u006bestra:\\u002F/a\"", true },
        { "[[[[[[[[[[\"kestra:///a\"]]]]]]]]]]", true },
        { "\" kestra:///a\"", false },
        { "\"see kestra:///a\"", false },
        { "\"kestra:/a\"", false },
        { "\"kestra:/\"", false },
        { "\"Kestra:///\"", false },
        { "{\"kestra:///a\" : 1}", false },
        { "{\"kestra:///a\":\"kestra:///a\"}", true },
        { "\"\\\"kestra:///a\"", false },
        { "\"\\\\\",\"c\":\"kestra:///\"", true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char doc[128];

        (void)snprintf(doc, sizeof(doc), "{\"inputs\":%s}", cases[i].value);
        if (read_text(state, doc).storage_uri != cases[i].uri)
            fail_msg("%s", cases[i].value);
    }
}

/* ---- real and broken ---------------------------------------------------------------------- */

static void real_executions_are_read(void **state)
{
    struct slice *docs;
    size_t        n = sample_docs(SAMPLE_SEARCH, "kestra_executions", *state, &docs);
    size_t        by_state[STATE_COUNT] = { 0 };
    size_t        children = 0;

    for (size_t i = 0; i < n; i++) {
        struct execution e = read_slice(state, docs[i]);

        by_state[e.state.current]++;
        children += e.parent_execution.p ? 1 : 0;
        assert_true(e.id.p && e.flow_id.p && e.has_revision && e.has_newest);
        assert_int_equal(e.broken_run, RUN_NONE);
        for (size_t k = 0; k < e.n_runs; k++) {
            const struct task_run *run = &e.runs[k];

            assert_true(run->task_id.p && run->state.n_histories > 0);
            assert_int_equal(run->parent == RUN_NONE, run->parent_id.p == NULL);
        }
    }
    assert_int_equal(n, 146);
    assert_int_equal(by_state[STATE_SUCCESS], 138);
    assert_int_equal(by_state[STATE_FAILED], 4);
    assert_int_equal(by_state[STATE_WARNING], 2);
    assert_int_equal(by_state[STATE_KILLED], 1);
    assert_int_equal(by_state[STATE_RUNNING], 1);
    assert_true(children > 0);
}

static bool read_copy(struct arena *a, const char *bytes, size_t n)
{
    char            *copy = mem_strndup(bytes, n); /* its end is seen by AddressSanitizer */
    struct execution e;
    struct err       err = ERR_INIT;
    bool             ok = execution_read(slice_of(copy, n), a, &e, &err);

    assert_int_equal(err.kind, ok ? ERR_NONE : ERR_DATA);
    mem_free(copy);
    arena_reset(a);
    return ok;
}

static void a_document_cut_anywhere_is_refused(void **state)
{
    struct arena *a = arena_new(4096);

    (void)state;
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        assert_false(read_copy(a, whole, n));
    assert_true(read_copy(a, whole, sizeof(whole) - 1));
    arena_free(a);
}

static void documents_with_bytes_changed_do_no_harm(void **state)
{
    static const char letters[] = "az09-:,[]{}\"\\\n";
    uint64_t          seed = test_seed();
    struct slice     *docs;
    size_t            n = sample_docs(SAMPLE_SEARCH, "kestra_executions", *state, &docs);
    struct arena     *a = arena_new(65536);
    size_t            good = 0;

    for (size_t round = 0; round < 20000; round++) {
        struct slice doc = docs[test_below(&seed, n)];
        char        *copy = mem_strndup(doc.p, doc.n);
        size_t       end = test_below(&seed, 4) == 0 ? test_below(&seed, doc.n) : doc.n;

        for (size_t i = test_below(&seed, 3) + 1; i > 0; i--)
            copy[test_below(&seed, doc.n)] = letters[test_below(&seed, sizeof(letters) - 1)];
        good += read_copy(a, copy, end) ? 1 : 0;
        mem_free(copy);
    }
    assert_true(good > 1000); /* a digit of a date, a letter of a text */
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_of_an_execution_are_read),
        cmocka_unit_test(a_state_says_its_name_its_histories_and_where_they_stand),
        cmocka_unit_test(all_members_of_a_task_run_are_read),
        cmocka_unit_test(an_empty_object_has_nothing),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(every_state_has_its_name),
        cmocka_unit_test(a_state_that_is_none_is_absent),
        cmocka_unit_test(of_repeated_members_the_last_counts),
        cmocka_unit_test(escapes_are_undone_in_texts_and_names),
        cmocka_unit_test(a_text_that_is_none_is_absent_and_an_empty_one_is_there),
        cmocka_unit_test(a_revision_is_an_integer),
        cmocka_unit_test(the_newest_date_is_that_of_the_execution_or_a_task_run),
        cmocka_unit_test(a_list_of_task_runs_that_is_none_has_no_runs),
        cmocka_unit_test(a_task_run_that_is_none_is_told),
        cmocka_unit_test(an_attempt_that_is_none_leaves_no_state),
        cmocka_unit_test(parents_are_found_wherever_they_stand),
        cmocka_unit_test(whoever_climbs_from_parent_to_parent_arrives),
        cmocka_unit_test(the_first_run_of_an_id_is_the_parent_and_the_second_is_told),
        cmocka_unit_test(a_hundred_thousand_runs_are_no_matter_of_squares),
        cmocka_unit_test(more_runs_than_the_limit_are_refused),
        cmocka_unit_test(nesting_has_the_limit_of_all_documents),
        cmocka_unit_test(an_integer_outside_javas_long_is_told),
        cmocka_unit_test(a_text_that_begins_with_the_scheme_of_the_storage_is_told),
        cmocka_unit_test(real_executions_are_read),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(documents_with_bytes_changed_do_no_harm),
    };

    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
