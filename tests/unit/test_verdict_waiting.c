/*
 * test_verdict_waiting.c - verdicts on executions that wait, are killed, or have ended: rows E23 to
 * E37, E39 to E41.
 */
#include "tests/support/verdict_world.h"

#define AGAIN CODE(TASK_MAY_RERUN)

/* ---- pauses ------------------------------------------------------------------------------- */

static void test_E23_manual_pause(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAUSE("p", LEAF("x")) "," LEAF("z")), EXEC(PAUSED, RUN("p", PAUSED)));
    CHECK(w, ROW_E23, VERDICT_NEEDS_ACTION, CODE(PAUSE_MANUAL));
    assert_int_equal(w->f.notes[0].role, ROLE_PAUSE);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_RESUME_BY_HAND));
    /* Paused from outside: no task run shows it. */
    judge(w, ABC, EXEC(PAUSED, RUN("a", SUCCESS)));
    CHECK(w, ROW_E23, VERDICT_NEEDS_ACTION, CODE(PAUSE_MANUAL));
}

static void test_E24_pause_with_a_delay(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAUSE_FOR("p", LEAF("x")) "," LEAF("z")), EXEC(PAUSED, RUN("p", PAUSED)));
    CHECK(w, ROW_E24, VERDICT_NEEDS_ACTION, CODE(PAUSE_DELAY_LOST));
    assert_int_equal(w->f.remedies,
                     REMEDY_BIT(REMEDY_RESUME_BY_HAND) | REMEDY_BIT(REMEDY_REARM_PAUSE));
}

#define PAUSE_AND_LONG FLOW(PAR("p", PAUSE("pause", LEAF("x")) "," LEAF("long")) "," LEAF("z"))

static void what_its_first_pass_makes_paused(void **state)
{
    struct world *w = *state;

    /* It waits for a person then, as it would have: Kestra can resume it only from there. */
    judge(w, FLOW(PAUSE("p", LEAF("x")) "," LEAF("z")), EXEC(RUNNING, RUN("p", PAUSED)));
    CHECK(w, NO_ROW, VERDICT_RESUMES, 0);
    assert_true(w->f.registered);
    assert_false(row_has(&w->f.rows, ROW_E05));
    judge(w, FLOW(PAUSE_FOR("p", LEAF("x")) "," LEAF("z")), EXEC(RESTARTED, RUN("p", PAUSED)));
    CHECK(w, ROW_E24, VERDICT_NEEDS_ACTION, CODE(PAUSE_DELAY_LOST));
    /* Its siblings are heard: it is registered, and PAUSED purges nothing. */
    judge(
        w, FLOW(PAR("p", PAUSE("q", LEAF("x")) "," LEAF("y"))),
        EXEC(RESTARTED, RUN("p", PAUSED) "," UNDER("p", "q", PAUSED) "," UNDER("p", "y", CREATED)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, AGAIN);
}

static void test_E25_paused_with_a_created_sibling(void **state)
{
    struct world *w = *state;

    judge(w, PAUSE_AND_LONG,
          EXEC(PAUSED,
               RUN("p", PAUSED) "," UNDER("p", "pause", PAUSED) "," UNDER("p", "long", CREATED)));
    CHECK(w, ROW_E25, VERDICT_BLOCKED, CODE(PAUSE_MANUAL) | CODE(PAUSE_SIBLING_OPEN) | AGAIN);
    assert_false(w->f.lost);
    /* Not so when its first pass registers it: the errors branch counts a PAUSED task as failed. */
    judge(w, FLOW_OF(ON_ERROR(LEAF("err")), PAR("p", PAUSE("q", LEAF("x")) "," LEAF("y"))),
          EXEC(PAUSED, RUN("p", PAUSED) "," UNDER("p", "q", PAUSED) "," UNDER("p", "y", CREATED)));
    CHECK(w, ROW_E23, VERDICT_NEEDS_ACTION, CODE(PAUSE_MANUAL) | AGAIN);
}

static void test_E26_paused_with_a_lost_sibling(void **state)
{
    struct world *w = *state;

    judge(w, PAUSE_AND_LONG,
          EXEC(PAUSED,
               RUN("p", PAUSED) "," UNDER("p", "pause", PAUSED) "," UNDER("p", "long", RUNNING)));
    CHECK(w, ROW_E26, VERDICT_BLOCKED,
          CODE(PAUSE_MANUAL) | CODE(PAUSE_SIBLING_OPEN) | CODE(TASKRUN_LOST));
    assert_true(w->f.lost);
    assert_true(can(w, REMEDY_RERUN_LOST));
}

static void test_E27_restarted_resumes(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RESTARTED, RUN("a", SUCCESS) "," RUN("b", RESTARTED)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, AGAIN);
    assert_true(w->f.registered);
    judge(w, ABC, EXEC(RESTARTED, RUN("a", RUNNING)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
}

/* ---- killings ----------------------------------------------------------------------------- */

static void test_E28_killing_with_nothing_open(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(KILLING, RUN("a", SUCCESS) "," RUN("b", KILLED)));
    CHECK(w, ROW_E28, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
}

static void test_E29_killing_hangs(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(KILLING, RUN("a", SUCCESS) "," RUN("b", RUNNING)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_KILL_OPEN));
    assert_true(w->f.lost);
    judge(w, ABC, EXEC(KILLING, RUN("a", CREATED)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
    assert_false(w->f.lost);
    judge(w, FLOW(SEQ("s", LEAF("x"))),
          EXEC(KILLING, RUN("s", KILLING) "," UNDER("s", "x", KILLED)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
    assert_int_equal(w->f.notes[0].role, ROLE_RESULT);
}

static void a_killing_that_ends_otherwise_does_not_send_tasks(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(KILLING, RUN("a", FAILED) "," RUN("b", CREATED)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
    /* PAUSED, it would have escaped. */
    judge(w, FLOW(PAUSE("p", LEAF("x"))), EXEC(KILLING, RUN("p", PAUSED)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
}

/* ---- retries, timeouts, dynamic task runs ------------------------------------------------- */

static void test_E30_task_with_retry_is_lost(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(TASK("a", "debugs.Return", ",\"retry\":{\"type\":\"constant\"}")),
          EXEC(RUNNING, RUN("a", RUNNING)));
    CHECK(w, ROW_E30, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    judge(w, ABC, EXEC(RUNNING, RUN("a", RUNNING)));
    assert_false(row_has(&w->f.rows, ROW_E30));
}

static void test_E31_task_with_timeout_is_lost_as_others(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(TASK("a", "debugs.Return", ",\"timeout\":\"PT1M\"")),
          EXEC(RUNNING, RUN("a", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
}

static void test_E32_ended_dynamic_task_runs_are_harmless(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS) "," UNDER("a", "made-up", SUCCESS)));
    CHECK(w, ROW_E32, VERDICT_RESUMES, 0);
}

/* ---- ended -------------------------------------------------------------------------------- */

static void test_E33_ended_is_not_emitted(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(LEAF("a")), EXEC(SUCCESS, RUN("a", SUCCESS)));
    CHECK(w, ROW_E33, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
    judge(w, FLOW_OF(LISTEN(LEAF("l")), LEAF("a")),
          EXEC(FAILED, RUN("a", FAILED) "," RUN("l", SUCCESS)));
    CHECK(w, ROW_E33, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
    /* Nobody looks up the flow of what has ended. */
    judge(w, NULL, EXEC(KILLED, RUN("a", KILLED)));
    CHECK(w, ROW_E33, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
}

static void test_E34_listener_not_started(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(LISTEN(LEAF("l")), LEAF("a")), EXEC(SUCCESS, RUN("a", SUCCESS)));
    CHECK(w, ROW_E34, VERDICT_RESUMES, CODE(LISTENER_PENDING));
    assert_true(w->f.registered);
    judge(w, FLOW_OF(LISTEN(LEAF("l") "," LEAF("m")), LEAF("a")),
          EXEC(FAILED, RUN("a", FAILED) "," RUN("l", FAILED)));
    CHECK(w, ROW_E34, VERDICT_RESUMES, CODE(LISTENER_PENDING));
    judge(w, FLOW_OF(LISTEN_IF(LEAF("l")), LEAF("a")), EXEC(SUCCESS, RUN("a", SUCCESS)));
    CHECK(w, ROW_E34, VERDICT_UNDECIDED, CODE(LISTENER_PENDING) | CODE(FLOWABLE_UNDECIDABLE));
}

static void test_E35_listener_open(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(LISTEN(LEAF("l")), LEAF("a")),
          EXEC(SUCCESS, RUN("a", SUCCESS) "," RUN("l", CREATED)));
    CHECK(w, ROW_E35, VERDICT_BLOCKED, CODE(LISTENER_STUCK));
    assert_int_equal(w->f.notes[0].role, ROLE_LISTENER);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_LISTENER_DROP));
    judge(w, FLOW_OF(LISTEN(LEAF("l")), LEAF("a")),
          EXEC(SUCCESS, RUN("a", SUCCESS) "," RUN("l", RUNNING)));
    CHECK(w, ROW_E35, VERDICT_BLOCKED, CODE(LISTENER_STUCK));
    judge(w, FLOW_OF(LISTEN(SEQ("l", LEAF("x"))), LEAF("a")),
          EXEC(SUCCESS, RUN("a", SUCCESS) "," RUN("l", RUNNING) "," UNDER("l", "x", RUNNING)));
    CHECK(w, ROW_E35, VERDICT_BLOCKED, CODE(LISTENER_STUCK));
    /* A flowable one that has a next task goes on. */
    judge(w, FLOW_OF(LISTEN(SEQ("l", LEAF("x"))), LEAF("a")),
          EXEC(SUCCESS, RUN("a", SUCCESS) "," RUN("l", RUNNING)));
    CHECK(w, ROW_E34, VERDICT_RESUMES, CODE(LISTENER_PENDING));
}

/* Beside a listener that would go on: an open task run whose task is not in the flow. */
static void a_listener_does_not_go_on_beside_a_stranger(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(LISTEN(SEQ("l", LEAF("x"))), LEAF("a")),
          EXEC(SUCCESS, RUN("nowhere", RUNNING) "," RUN("a", SUCCESS) "," RUN("l", RUNNING)));
    CHECK(w, ROW_E35, VERDICT_BLOCKED, CODE(LISTENER_STUCK));
}

static void test_E36_leftovers_of_a_parallel(void **state)
{
    static const char *const flow = FLOW_OF(LISTEN(LEAF("l")), PAR("p", LEAF("x") "," LEAF("y")));
    struct world            *w = *state;

    judge(w, flow,
          EXEC(FAILED, RUN("p", FAILED) "," UNDER("p", "x", FAILED) "," UNDER("p", "y", CREATED)));
    CHECK(w, ROW_E36, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
}

/* Of listeners Kestra asks for their own task runs only; below one that has ended are leftovers. */
static void a_leftover_of_a_listener_is_no_open_listener(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(LISTEN(PAR("l", LEAF("x") "," LEAF("y"))), LEAF("a")),
          EXEC(SUCCESS, RUN("a", SUCCESS) "," RUN("l", FAILED) "," UNDER(
                            "l", "x", FAILED) "," UNDER("l", "y", CREATED)));
    CHECK(w, ROW_E36, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
}

static void test_E37_failed_with_tasks_to_come(void **state)
{
    struct world *w = *state;
    judge(w, ABC, EXEC(FAILED, RUN("a", SUCCESS)));
    CHECK(w, ROW_E37, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
    judge(w, FLOW_OF(LISTEN(LEAF("l")), SEQ("s", LEAF("x"))), EXEC(FAILED, RUN("s", RUNNING)));
    CHECK(w, ROW_E37, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
    /* The listener registers it, s gets its result, and b follows after the end. */
    judge(w, FLOW_OF(LISTEN(LEAF("l")), SEQ("s", LEAF("x")) "," LEAF("b")),
          EXEC(FAILED, RUN("s", RUNNING) "," UNDER("s", "x", SUCCESS)));
    CHECK(w, ROW_E37, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
    judge(w, FLOW_OF(LISTEN(LEAF("l")), SEQ("s", LEAF("x"))),
          EXEC(FAILED, RUN("s", RUNNING) "," UNDER("s", "x", SUCCESS)));
    CHECK(w, ROW_E34, VERDICT_RESUMES, CODE(LISTENER_PENDING));
}

static void test_E39_deleted(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC_OF(RUNNING, "\"deleted\":true,", RUN("a", CREATED)));
    CHECK(w, ROW_E39, VERDICT_NEEDS_ACTION, CODE(DELETED_NOT_EMITTED));
    judge(w, ABC, EXEC_OF(SUCCESS, "\"deleted\":true,", ""));
    CHECK(w, ROW_E39, VERDICT_NEEDS_ACTION, CODE(DELETED_NOT_EMITTED));
}

static void test_E40_state_that_the_version_does_not_know(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(QUEUED, ""));
    CHECK(w, ROW_E40, VERDICT_BLOCKED, CODE(STATE_UNSUPPORTED));
    assert_true(w->f.poison);
    assert_non_null(strstr(w->f.detail, "QUEUED"));
    judge(w, ABC, EXEC(RUNNING, RUN("a", RETRYING)));
    CHECK(w, ROW_E40, VERDICT_BLOCKED, CODE(STATE_UNSUPPORTED));
    assert_true(w->f.poison);
    /* In a history, too: it is read as the same type. */
    judge(w, ABC,
          "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,\"state\":" ST(
              "CREATED", H("QUEUED") ",") "}");
    CHECK(w, ROW_E40, VERDICT_BLOCKED, CODE(STATE_UNSUPPORTED));
    world_band(w, "J");
    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
}

static void test_E41_end_of_what_a_trigger_started(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(LEAF("a")),
          EXEC_OF(RUNNING, "\"trigger\":{\"id\":\"t\",\"type\":\"x\"},", RUN("a", SUCCESS)));
    CHECK(w, ROW_E41, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_E23_manual_pause),
        TEST(test_E24_pause_with_a_delay),
        TEST(what_its_first_pass_makes_paused),
        TEST(test_E25_paused_with_a_created_sibling),
        TEST(test_E26_paused_with_a_lost_sibling),
        TEST(test_E27_restarted_resumes),
        TEST(test_E28_killing_with_nothing_open),
        TEST(test_E29_killing_hangs),
        TEST(a_killing_that_ends_otherwise_does_not_send_tasks),
        TEST(test_E30_task_with_retry_is_lost),
        TEST(test_E31_task_with_timeout_is_lost_as_others),
        TEST(test_E32_ended_dynamic_task_runs_are_harmless),
        TEST(test_E33_ended_is_not_emitted),
        TEST(test_E34_listener_not_started),
        TEST(test_E35_listener_open),
        TEST(a_listener_does_not_go_on_beside_a_stranger),
        TEST(test_E36_leftovers_of_a_parallel),
        TEST(a_leftover_of_a_listener_is_no_open_listener),
        TEST(test_E37_failed_with_tasks_to_come),
        TEST(test_E39_deleted),
        TEST(test_E40_state_that_the_version_does_not_know),
        TEST(test_E41_end_of_what_a_trigger_started),
    };

    return RUN_TESTS(tests);
}
