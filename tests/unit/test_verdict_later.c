/*
 * test_verdict_later.c - what later Kestras do otherwise: rows H02 to H16 of the decision table.
 * (H04 and H05 are in test_verdict_call.c.)
 */
#include "tests/support/verdict_world.h"

#define AGAIN CODE(TASK_MAY_RERUN)

static void test_H02_ended_ones_are_not_processed(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(FAILED, RUN("a", FAILED) "," RUN("b", CREATED)));
    assert_false(row_has(&w->f.rows, ROW_H02));
    world_band(w, "C");
    judge(w, ABC, EXEC(FAILED, RUN("a", FAILED) "," RUN("b", CREATED)));
    CHECK(w, ROW_H02, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
}

static void test_H03_flow_triggers_start_once(void **state)
{
    struct world *w = *state;

    world_band(w, "I");
    judge(w, FLOW(LEAF("a")), EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_H03, VERDICT_RESUMES, 0);
    assert_false(row_has(&w->f.rows, ROW_E05));
}

static void test_H06_paused_has_not_ended(void **state)
{
    static const char *const flow = FLOW(PAUSE("p", LEAF("x")) "," LEAF("z"));
    struct world            *w = *state;

    world_band(w, "B2");
    judge(w, flow, EXEC(PAUSED, RUN("p", PAUSED)));
    CHECK(w, ROW_H06, VERDICT_NEEDS_ACTION, CODE(PAUSE_MANUAL));
    judge(w, FLOW(PAUSE_FOR("p", LEAF("x"))), EXEC(PAUSED, RUN("p", PAUSED)));
    CHECK(w, ROW_H06, VERDICT_NEEDS_ACTION, CODE(PAUSE_DELAY_LOST));
    judge(w, FLOW(TASK("p", "flows.Pause", ",\"timeout\":\"PT1H\"")),
          EXEC(PAUSED, RUN("p", PAUSED)));
    CHECK(w, ROW_H06, VERDICT_NEEDS_ACTION, CODE(PAUSE_DELAY_LOST));
    /* A flow with an errors branch does not run it. */
    judge(w, FLOW_OF(ON_ERROR(LEAF("err")), PAUSE("p", LEAF("x"))), EXEC(PAUSED, RUN("p", PAUSED)));
    assert_false(w->f.registered);
    world_band(w, "A");
    judge(w, FLOW_OF(ON_ERROR(LEAF("err")), PAUSE("p", LEAF("x"))), EXEC(PAUSED, RUN("p", PAUSED)));
    assert_true(w->f.registered);
    assert_false(row_has(&w->f.rows, ROW_H06));
}

static void test_H07_loop_until_waits(void **state)
{
    static const char *const flow =
        FLOW(TASK("w", "flows.WaitFor", ",\"condition\":\"{{ x }}\",\"tasks\":[" LEAF("x") "]"));
    struct world *w = *state;

    world_band(w, "I");
    judge(w, flow, EXEC(PAUSED, RUN("w", PAUSED) "," UNDER("w", "x", SUCCESS)));
    CHECK(w, ROW_H07, VERDICT_NEEDS_ACTION, CODE(PAUSE_DELAY_LOST));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_RESUME_BY_HAND));
    /* Whether it goes round again is an expression's matter, but a result it gets. */
    judge(w, flow, EXEC(RUNNING, RUN("w", RUNNING) "," UNDER("w", "x", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, flow, EXEC(RUNNING, RUN("w", RUNNING)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
}

static void test_H08_retry_delay_is_lost(void **state)
{
    struct world *w = *state;

    world_band(w, "F");
    judge(w, ABC, EXEC(RETRYING, RUN("a", RETRYING)));
    CHECK(w, ROW_H08, VERDICT_BLOCKED, CODE(RETRY_DELAY_LOST));
    assert_int_equal(w->f.notes[0].role, ROLE_RETRYING);
    judge(w, ABC, EXEC(RETRYING, RUN("a", FAILED)));
    CHECK(w, ROW_H08, VERDICT_BLOCKED, CODE(RETRY_DELAY_LOST));
    assert_true(can(w, REMEDY_RERUN_LOST));
}

static void test_H09_retried_has_ended(void **state)
{
    struct world *w = *state;

    world_band(w, "F");
    judge(w, ABC, EXEC(RETRIED, RUN("a", FAILED)));
    CHECK(w, ROW_H09, VERDICT_NEEDS_ACTION, CODE(TERMINAL_NOT_EMITTED));
}

static void test_H10_queue_is_lost(void **state)
{
    struct world *w = *state;

    world_band(w, "C");
    judge(w, FLOW_OF("\"concurrency\":{\"limit\":1},", LEAF("a")), EXEC(QUEUED, ""));
    CHECK(w, ROW_H10, VERDICT_NEEDS_ACTION, CODE(QUEUED_LOST) | CODE(CONCURRENCY_SLOT_HELD));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_UNQUEUE));
    assert_false(w->f.registered);
}

static void test_H11_slot_is_held_by_what_hangs(void **state)
{
    static const char *const flow =
        FLOW_OF("\"concurrency\":{\"limit\":1},", LEAF("a") "," LEAF("b"));
    struct world *w = *state;

    world_band(w, "I");
    judge(w, flow, EXEC(RUNNING, RUN("a", RUNNING)));
    CHECK(w, ROW_H11, VERDICT_BLOCKED, CODE(TASKRUN_LOST) | CODE(CONCURRENCY_SLOT_HELD));
    judge(w, flow, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(SUCCESS, RUN("a", SUCCESS)));
    assert_false(row_has(&w->f.rows, ROW_H11));
}

static void test_H12_scheduled_for_later(void **state)
{
    struct world *w = *state;

    world_band(w, "I");
    judge(w, ABC, EXEC_OF(CREATED, "\"scheduleDate\":\"2030-01-01T00:00:00Z\",", ""));
    CHECK(w, ROW_H12, VERDICT_RESUMES, 0);
}

static void test_H13_sla_is_lost_once_it_runs(void **state)
{
    static const char *const flow =
        FLOW_OF("\"sla\":[{\"id\":\"s\",\"type\":\"MAX_DURATION\"}],", LEAF("a") "," LEAF("b"));
    struct world *w = *state;

    world_band(w, "I");
    judge(w, flow, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_H13, VERDICT_RESUMES, CODE(SLA_LOST));
    judge(w, flow, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
}

static void test_H14_killing_ends_at_once(void **state)
{
    struct world *w = *state;

    world_band(w, "D");
    judge(w, ABC, EXEC(KILLING, RUN("a", SUCCESS) "," RUN("b", RUNNING)));
    CHECK(w, ROW_H14, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
    world_band(w, "I");
    judge(w, ABC, EXEC(KILLING, RUN("a", CREATED)));
    CHECK(w, ROW_H14, VERDICT_RESUMES, 0);
    world_band(w, "C");
    judge(w, ABC, EXEC(KILLING, RUN("a", CREATED)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED, CODE(KILLING_STUCK));
}

static void test_H16_missing_flow_is_told_as_F01(void **state)
{
    struct world *w = *state;

    world_band(w, "I");
    w->facts.revision = REVISION_MISSING;
    judge(w, NULL, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_H16, VERDICT_BLOCKED, CODE(FLOW_REVISION_MISSING));
    assert_true(row_has(&w->f.rows, ROW_F01));
    assert_true(w->f.poison);
}

/* ---- tasks of later versions -------------------------------------------------------------- */

static void a_dag_starts_what_has_nothing_to_wait_for(void **state)
{
    static const char *const flow =
        FLOW(TASK("d", "flows.Dag",
                  ",\"tasks\":[{\"task\":" LEAF("x") "},{\"task\":" LEAF(
                      "y") ",\"dependsOn\":[\"x\"]}]") "," LEAF("z"));
    struct world *w = *state;

    world_band(w, "I");
    judge(w, flow, EXEC(RUNNING, RUN("d", RUNNING)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("d", RUNNING) "," UNDER("d", "x", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    /* y waits for x. */
    judge(w, flow, EXEC(RUNNING, RUN("d", RUNNING) "," UNDER("d", "x", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    assert_false(w->f.registered);
    judge(
        w, flow,
        EXEC(RUNNING, RUN("d", RUNNING) "," UNDER("d", "x", SUCCESS) "," UNDER("d", "y", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
}

static void an_if_shows_by_its_children_which_way_it_went(void **state)
{
    static const char *const flow = FLOW(TASK("i", "flows.If",
                                              ",\"condition\":\"{{ x }}\",\"then\":[" LEAF(
                                                  "a") "],\"else\":[" LEAF("b") "," LEAF("c") "]"));
    struct world            *w = *state;

    world_band(w, "I");
    judge(w, flow, EXEC(RUNNING, RUN("i", RUNNING) "," UNDER("i", "a", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, flow, EXEC(RUNNING, RUN("i", RUNNING) "," UNDER("i", "b", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("i", RUNNING)));
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
}

/* clang-format off */
#define FOR_EACH(limit, values)                                                                    \
    FLOW("{\"id\":\"e\",\"type\":\"io.kestra.plugin.core.flow.ForEach\",\"concurrencyLimit\":" limit \
         ",\"values\":" values ",\"tasks\":[" LEAF("x") "," LEAF("y") "]}," LEAF("z"))
#define SAYS "\"{{ x }}\""
/* clang-format on */

/* Its tasks come one after another for each value, for some values at once. */
static void a_for_each_has_a_slot_for_each_value(void **state)
{
    static const char *const one_created =
        EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", CREATED));
    static const char *const first_ended =
        EXEC(RUNNING,
             RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "x", "2", SUCCESS));
    static const char *const all_ended =
        EXEC(RUNNING,
             RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "y", "1", SUCCESS));
    struct world *w = *state;

    world_band(w, "I");
    judge(w, FOR_EACH("2", "[1,2,3]"), one_created);
    CHECK(w, ROW_E08, VERDICT_RESUMES, CODE(TASK_MAY_RERUN));
    judge(w, FOR_EACH("2", "[1,2,3]"),
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", CREATED) "," ITEM("e", "x", "2",
                                                                                    CREATED)));
    CHECK(w, ROW_E14, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | CODE(TASK_MAY_RERUN));
    /* Of an expression nobody knows whether there are more values, but what one of them lacks. */
    judge(w, FOR_EACH("0", SAYS), first_ended);
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, FOR_EACH("0", SAYS), all_ended);
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
    judge(w, FOR_EACH("2", "[1]"), all_ended);
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, FOR_EACH("2", "[1,2]"), all_ended);
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
}

static void a_pause_without_tasks_is_done_when_it_was_resumed(void **state)
{
    struct world *w = *state;

    world_band(w, "I");
    judge(w, FLOW(TASK("p", "flows.Pause", "") "," LEAF("z")), EXEC(RUNNING, RUN("p", RESUMED)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_true(can(w, REMEDY_R_WRAP));
    judge(w, FLOW(TASK("p", "flows.Pause", "") "," LEAF("z")), EXEC(RESTARTED, RUN("p", RESUMED)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, 0);
}

static void a_finally_branch_comes_after_all(void **state)
{
    static const char *const flow =
        FLOW_OF(ON_ERROR(LEAF("err")) "\"finally\":[" LEAF("fin") "],", LEAF("a"));
    struct world *w = *state;

    world_band(w, "J");
    judge(w, flow, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E06, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("a", FAILED)));
    CHECK(w, ROW_E06, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("a", FAILED) "," RUN("err", SUCCESS)));
    CHECK(w, ROW_E06, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("a", FAILED) "," RUN("err", SUCCESS) "," RUN("fin", SUCCESS)));
    CHECK(w, ROW_H03, VERDICT_RESUMES, 0);
    /* Once it has begun, nothing before it counts. */
    judge(w,
          FLOW_OF(ON_ERROR(LEAF("err") "," LEAF("e2")) "\"finally\":[" LEAF("fin") "],", LEAF("a")),
          EXEC(RUNNING, RUN("a", FAILED) "," RUN("err", SUCCESS) "," RUN("fin", SUCCESS)));
    CHECK(w, ROW_H03, VERDICT_RESUMES, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_H02_ended_ones_are_not_processed),
        TEST(test_H03_flow_triggers_start_once),
        TEST(test_H06_paused_has_not_ended),
        TEST(test_H07_loop_until_waits),
        TEST(test_H08_retry_delay_is_lost),
        TEST(test_H09_retried_has_ended),
        TEST(test_H10_queue_is_lost),
        TEST(test_H11_slot_is_held_by_what_hangs),
        TEST(test_H12_scheduled_for_later),
        TEST(test_H13_sla_is_lost_once_it_runs),
        TEST(test_H14_killing_ends_at_once),
        TEST(test_H16_missing_flow_is_told_as_F01),
        TEST(a_dag_starts_what_has_nothing_to_wait_for),
        TEST(an_if_shows_by_its_children_which_way_it_went),
        TEST(a_for_each_has_a_slot_for_each_value),
        TEST(a_pause_without_tasks_is_done_when_it_was_resumed),
        TEST(a_finally_branch_comes_after_all),
    };

    return RUN_TESTS(tests);
}
