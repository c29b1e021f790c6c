/* test_logline.c - what a log line says of task runs and of the executions that they started. */
#include "tests/support/test.h"

#include "lib/store/logline.h"

static struct arena *arena;

static bool line_of(const char *json, struct log_line *out)
{
    struct document doc = { .value = slice_str(json), .trusted = true };
    struct log_line again;
    bool            ok = log_line_read(&doc, arena, out);

    /* Trusted or not must not make a difference. */
    doc.trusted = false;
    assert_int_equal(log_line_read(&doc, arena, &again), ok);
    assert_true(slice_eq(again.child, out->child) && slice_eq(again.run, out->run));
    return ok;
}

/* A line with this message, as it stands in JSON; "" when it tells of no child. */
static const char *child_of(const char *message)
{
    struct log_line line;
    char            json[512];

    (void)snprintf(json, sizeof(json),
                   "{\"executionId\":\"p\",\"taskRunId\":\"r\",\"message\":\"%s\"}", message);
    assert_true(line_of(json, &line));
    assert_true(slice_eq(line.execution, SLICE("p")) && slice_eq(line.run, SLICE("r")));
    return line.child.p ? arena_str(arena, line.child) : "";
}

static void the_first_words_of_a_subflow_name_its_execution(void **state)
{
    (void)state;
    assert_string_equal(child_of("Create new execution for flow 'lab.core'.child' with id "
                                 "'2Vwjr7FqWK7RRwoOg8u2Pf' from task 'call' and taskrun 'x'"),
                        "2Vwjr7FqWK7RRwoOg8u2Pf");
    assert_string_equal(child_of("Created new execution [[link execution=\\\"abc\\\" "
                                 "flowId=\\\"f\\\" namespace=\\\"n\\\"]]"),
                        "abc");
}

static void other_messages_name_none(void **state)
{
    (void)state;
    assert_string_equal(child_of("hello"), "");
    assert_string_equal(child_of(""), "");
    assert_string_equal(child_of("x Create new execution for flow 'n'.f' with id 'i' from"), "");
    assert_string_equal(child_of("Create new execution for flow 'n'.f'"), "");
    assert_string_equal(child_of("Create new execution for flow 'n'.f' with id 'i"), "");
    assert_string_equal(child_of("Create new execution for flow 'n'.f' with id '' from"), "");
    assert_string_equal(child_of("Created new execution [[link id=\\\"i\\\"]]"), "");
    assert_string_equal(child_of("Created new execution [[link execution=\\\"i]]"), "");
    assert_string_equal(child_of("Created new execution [[link execution=\\\"\\ud800\\\"]]"), "");
}

static void a_line_without_a_task_run_is_evidence_of_nothing(void **state)
{
    struct log_line line;

    (void)state;
    assert_false(line_of("{\"executionId\":\"p\",\"timestamp\":\"2024-01-01T00:00:00Z\"}", &line));
    assert_false(line_of("{\"executionId\":\"p\",\"taskRunId\":null}", &line));
    assert_false(line_of("{\"executionId\":\"p\",\"taskRunId\":\"\"}", &line));
    assert_false(line_of("{\"taskRunId\":\"r\"}", &line));
    assert_false(line_of("{\"executionId\":7,\"taskRunId\":\"r\"}", &line));
    assert_false(line_of("[]", &line));
}

static void the_time_is_that_of_the_line(void **state)
{
    struct log_line line;
    struct instant  expected;

    (void)state;
    assert_true(instant_parse(SLICE("2024-01-01T00:00:00.123456789Z"), &expected));
    assert_true(line_of("{\"executionId\":\"p\\u0020\",\"taskRunId\":\"r\","
                        "\"timestamp\":\"2024-01-01T01:00:00.123456789+01:00\"}",
                        &line));
    assert_true(line.has_time);
    assert_int_equal(instant_compare(line.at, expected), 0);
    assert_true(slice_eq(line.execution, SLICE("p ")));
    assert_true(
        line_of("{\"executionId\":\"p\",\"taskRunId\":\"r\",\"timestamp\":\"now\"}", &line));
    assert_false(line.has_time);
    assert_true(line_of("{\"executionId\":\"p\",\"taskRunId\":\"r\"}", &line));
    assert_false(line.has_time);
}

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_words_of_a_subflow_name_its_execution),
        cmocka_unit_test(other_messages_name_none),
        cmocka_unit_test(a_line_without_a_task_run_is_evidence_of_nothing),
        cmocka_unit_test(the_time_is_that_of_the_line),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
