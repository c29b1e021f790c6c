/*
 * test_verdict.c - verdicts on running executions: rows E01 to E17 and E22 of the decision table.
 *
 * A test of a row begins with the row's id; tests/unit/test_verdict_rules.c sees to it that each
 * row has one.
 */
#include "tests/support/verdict_world.h"

#define AGAIN CODE(TASK_MAY_RERUN)

static void test_E01_created_resumes(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    assert_true(w->f.registered);
    assert_int_equal(w->f.n_notes, 0);
}

static void test_E02_created_with_task_runs_is_like_running(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(CREATED, RUN("a", CREATED)));
    CHECK(w, ROW_E02, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_true(can(w, REMEDY_R_WRAP));
    judge(w, ABC, EXEC(CREATED, RUN("a", SUCCESS)));
    CHECK(w, ROW_E02, VERDICT_RESUMES, 0);
}

static void test_E03_running_without_task_runs_resumes(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, ""));
    CHECK(w, ROW_E03, VERDICT_RESUMES, 0);
}

static void test_E04_next_task_is_computed(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
    assert_true(w->f.registered);
    judge(w, ABC, EXEC(RUNNING, RUN("a", WARNING) "," RUN("b", SUCCESS)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
}

static void test_E05_end_is_computed_and_fires_twice(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(LEAF("a")), EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E05, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
    /* A failure without an errors branch is an end as well. */
    judge(w, ABC, EXEC(RUNNING, RUN("a", FAILED)));
    CHECK(w, ROW_E05, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
}

static void an_end_with_open_tasks_runs_them_over_and_over(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", FAILED) "," RUN("b", CREATED)));
    CHECK(w, ROW_E05, VERDICT_BLOCKED,
          CODE(FLOW_TRIGGER_REFIRE) | CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

#define BESIDE(kid) FLOW(PAR("p", LEAF("x") "," LEAF("y") "," kid) "," LEAF("z"))
/* clang-format off */
#define FAILING(runs)                                                                              \
    EXEC(RESTARTED, RUN("p", RUNNING) "," UNDER("p", "x", FAILED) "," UNDER("p", "y", CREATED) "" runs "")
/* clang-format on */

/* Seen B.3: of one task the answer comes before the end, of two or more not. */
static void what_is_sent_below_a_failed_parallel_must_be_one_task(void **state)
{
    struct world *w = *state;

    judge(w, BESIDE(SEQ("s", LEAF("k"))), FAILING(""));
    CHECK(w, ROW_E27, VERDICT_RESUMES, AGAIN);
    judge(w, BESIDE(SEQ("s", LEAF("k"))), FAILING("," UNDER("p", "s", SUCCESS)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, AGAIN);
    judge(w, BESIDE(LEAF("s")), FAILING("," UNDER("p", "s", CREATED)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    judge(w, BESIDE(SEQ("s", LEAF("k"))), FAILING("," UNDER("p", "s", CREATED)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    judge(w, BESIDE(SEQ("s", LEAF("k"))), FAILING("," UNDER("p", "s", RUNNING)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    /* One that waits for a task that was lost sends nothing. */
    judge(w, BESIDE(SEQ("s", LEAF("k"))),
          FAILING("," UNDER("p", "s", RUNNING) "," UNDER("s", "k", RUNNING)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_LOST) | AGAIN);
}

static void a_listener_is_none_of_them(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(LISTEN(LEAF("l")), LEAF("a")),
          EXEC(RUNNING, RUN("a", SUCCESS) "," RUN("l", CREATED)));
    CHECK(w, ROW_E05, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE) | AGAIN);
}

static void test_E06_errors_branch_starts(void **state)
{
    struct world *w = *state;

    judge(w, FLOW_OF(ON_ERROR(LEAF("err")), LEAF("a") "," LEAF("b")),
          EXEC(RUNNING, RUN("a", FAILED)));
    CHECK(w, ROW_E06, VERDICT_RESUMES, 0);
    assert_false(row_has(&w->f.rows, ROW_E04));
}

static void test_E07_leaf_created_hangs(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS) "," RUN("b", CREATED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_false(w->f.registered);
    assert_false(w->f.lost);
    assert_int_equal(w->f.n_notes, 1);
    assert_int_equal(w->f.notes[0].run, 1);
    assert_int_equal(w->f.notes[0].role, ROLE_OPEN);
    assert_int_equal(w->f.notes[0].task, flow_tree_find(w->tree, SLICE("b")));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_R_WRAP));
    /* RESTARTED counts as created. */
    judge(w, ABC, EXEC(RUNNING, RUN("a", RESTARTED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

static void a_store_that_is_never_stale_lets_nothing_run_twice(void **state)
{
    struct world *w = *state;

    w->facts.exact = true;
    judge(w, ABC, EXEC(RUNNING, RUN("a", CREATED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED));
}

static void test_E08_created_leaf_goes_along_with_another_next(void **state)
{
    static const char *const flow =
        FLOW(PAR("p", SEQ("s", LEAF("x") "," LEAF("y")) "," LEAF("w")) "," LEAF("z"));
    struct world *w = *state;

    judge(w, flow,
          EXEC(RUNNING, RUN("p", RUNNING) "," UNDER("p", "s", RUNNING) "," UNDER(
                            "p", "w", CREATED) "," UNDER("s", "x", SUCCESS)));
    CHECK(w, ROW_E08, VERDICT_RESUMES, AGAIN);
    assert_true(row_has(&w->f.rows, ROW_E11));
}

static void a_free_slot_of_a_parallel_does_not_register(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAR_OF("p", "2", LEAF("x") "," LEAF("y") "," LEAF("w"))),
          EXEC(RUNNING, RUN("p", RUNNING) "," UNDER("p", "x", CREATED)));
    CHECK(w, ROW_E14, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

static void test_E09_running_leaf_is_lost(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    assert_true(w->f.lost);
    assert_int_equal(w->f.notes[0].role, ROLE_LOST);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_RERUN_LOST) | REMEDY_BIT(REMEDY_FAIL_LOST));
}

static void test_E10_flowable_created_hangs(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(SEQ("s", LEAF("x"))), EXEC(RUNNING, RUN("s", CREATED)));
    CHECK(w, ROW_E10, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_int_equal(w->f.notes[0].role, ROLE_RESULT);
    assert_true(can(w, REMEDY_R_WRAP));
}

static void test_E11_flowable_computes_its_next_child(void **state)
{
    static const char *const flow = FLOW(SEQ("s", LEAF("x") "," LEAF("y")) "," LEAF("z"));
    struct world            *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("s", RUNNING)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, flow, EXEC(RUNNING, RUN("s", RUNNING) "," UNDER("s", "x", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, FLOW(PAR("p", LEAF("x") "," LEAF("y"))), EXEC(RUNNING, RUN("p", RUNNING)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    /* Seen: not for a Worker. */
    judge(w, FLOW(WORKER("k", LEAF("x") "," LEAF("y"))), EXEC(RUNNING, RUN("k", RUNNING)));
    CHECK(w, ROW_E17, VERDICT_BLOCKED, CODE(WORKER_GROUP_LOST));
}

static void test_E12_result_of_a_flowable_is_dropped(void **state)
{
    struct world *w = *state;

    judge(
        w, FLOW(SEQ("s", LEAF("x") "," LEAF("y")) "," LEAF("z")),
        EXEC(RUNNING, RUN("s", RUNNING) "," UNDER("s", "x", SUCCESS) "," UNDER("s", "y", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_int_equal(w->f.notes[0].run, 0);
    /* A failed child ends it at once. */
    judge(w, FLOW(SEQ("s", LEAF("x") "," LEAF("y"))),
          EXEC(RUNNING, RUN("s", RUNNING) "," UNDER("s", "x", FAILED)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    /* All that a worker had to do is done: its own result is pending, as any flowable's. */
    judge(w, FLOW(WORKER("k", LEAF("x"))),
          EXEC(RUNNING, RUN("k", RUNNING) "," UNDER("k", "x", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_false(w->f.lost);
}

static void test_E13_current_child_created(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(SEQ("s", LEAF("x") "," LEAF("y"))),
          EXEC(RUNNING, RUN("s", RUNNING) "," UNDER("s", "x", CREATED)));
    CHECK(w, ROW_E13, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    judge(w, FLOW(EACH("e", "[1, 2]", LEAF("x") "," LEAF("y"))),
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "y", "1",
                                                                                    CREATED)));
    CHECK(w, ROW_E13, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

static void test_E14_children_of_a_parallel_created(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAR("p", LEAF("x") "," LEAF("y") "," LEAF("w"))),
          EXEC(RUNNING, RUN("p", RUNNING) "," UNDER("p", "x", SUCCESS) "," UNDER(
                            "p", "y", CREATED) "," UNDER("p", "w", CREATED)));
    CHECK(w, ROW_E14, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_int_equal(w->f.n_notes, 2);
}

static void test_E15_lost_child_of_a_limited_parallel(void **state)
{
    static const char *const flow = FLOW(PAR_OF("p", "2", LEAF("x") "," LEAF("y") "," LEAF("w")));
    struct world            *w = *state;

    judge(
        w, flow,
        EXEC(RUNNING, RUN("p", RUNNING) "," UNDER("p", "x", RUNNING) "," UNDER("p", "y", SUCCESS)));
    CHECK(w, ROW_E15, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    assert_true(w->f.registered); /* it starts w, and then hangs */
    judge(
        w, flow,
        EXEC(RUNNING, RUN("p", RUNNING) "," UNDER("p", "x", RUNNING) "," UNDER("p", "y", RUNNING)));
    CHECK(w, ROW_E15, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    assert_false(w->f.registered);
}

static void test_E16_worker_created(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(WORKER("k", LEAF("x"))), EXEC(RUNNING, RUN("k", CREATED)));
    CHECK(w, ROW_E16, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_int_equal(w->f.notes[0].role, ROLE_OPEN);
}

static void test_E17_worker_running_is_lost(void **state)
{
    static const char *const flow = FLOW(WORKER("k", LEAF("x") "," LEAF("y")));
    struct world            *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("k", RUNNING) "," UNDER("k", "x", SUCCESS)));
    CHECK(w, ROW_E17, VERDICT_BLOCKED, CODE(WORKER_GROUP_LOST));
    assert_true(w->f.lost);
    assert_int_equal(w->f.notes[0].role, ROLE_WORKER);
    assert_true(can(w, REMEDY_RERUN_LOST));
    judge(w, flow, EXEC(RESTARTED, RUN("k", RUNNING) "," UNDER("k", "x", RUNNING)));
    CHECK(w, ROW_E17, VERDICT_BLOCKED, CODE(WORKER_GROUP_LOST) | CODE(TASKRUN_LOST));
}

static void test_E22_pause_before_it_pauses(void **state)
{
    static const char *const flow = FLOW(PAUSE("p", LEAF("x")) "," LEAF("z"));
    struct world            *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("p", CREATED)));
    CHECK(w, ROW_E22, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_int_equal(w->f.notes[0].role, ROLE_PAUSE);
    judge(w, flow, EXEC(RUNNING, RUN("p", RUNNING)));
    CHECK(w, ROW_E22, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    /* Resumed once, it is a flowable like others. */
    judge(w, flow, EXEC(RUNNING, RUN("p", RESUMED)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
}

/* ---- what an expression decides ----------------------------------------------------------- */

static void an_each_over_an_expression_is_undecided_between_its_values(void **state)
{
    static const char *const flow =
        FLOW(EACH("e", "{{ outputs.list }}", LEAF("x") "," LEAF("y")) "," LEAF("z"));
    struct world *w = *state;

    judge(w, flow,
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "y", "1",
                                                                                    SUCCESS)));
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
    assert_true(can(w, REMEDY_R_WRAP));
    assert_false(w->f.registered);
    assert_int_equal(w->f.n_notes, 0); /* nor is it known that it has ended */
    /* Within a value it is certain what comes next. */
    judge(w, flow, EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    /* So it is when it fails, or is registered anyhow. */
    judge(w, flow, EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", FAILED)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, flow,
          EXEC(RESTARTED, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "y", "1",
                                                                                      SUCCESS)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, 0);
}

#define EACH_AT_ONCE(more)                                                                         \
    FLOW(TASK("e", "flows.EachParallel",                                                           \
              ",\"value\":\"{{ x }}\"" more ",\"tasks\":[" SEQ("s", LEAF("x")) "]") "," LEAF("z"))

static void an_each_that_starts_all_at_once_has_all_its_children(void **state)
{
    static const char *const exec =
        EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "s", "1", RUNNING) "," RUN_OF(
                          "x1", "x", SUCCESS, ",\"parentTaskRunId\":\"r-s-1\""));
    struct world *w = *state;

    judge(w, EACH_AT_ONCE(""), exec);
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, EACH_AT_ONCE(",\"concurrent\":2"), exec);
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
    judge(w, EACH_AT_ONCE(",\"concurrent\":1"), exec);
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, EACH_AT_ONCE(""), EXEC(RUNNING, RUN("e", RUNNING)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    /* So when all that are there have ended, it has ended too. */
    judge(w, EACH_AT_ONCE(""),
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "s", "1", SUCCESS) "," ITEM("e", "s", "2",
                                                                                    SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    judge(w, EACH_AT_ONCE(",\"concurrent\":2"),
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "s", "1", SUCCESS) "," ITEM("e", "s", "2",
                                                                                    SUCCESS)));
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
}

static void an_each_over_a_written_list_is_decided(void **state)
{
    static const char *const flow = FLOW(EACH("e", "[1, 2]", LEAF("x")) "," LEAF("z"));
    struct world            *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, flow,
          EXEC(RUNNING, RUN("e", RUNNING) "," ITEM("e", "x", "1", SUCCESS) "," ITEM("e", "x", "2",
                                                                                    SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
}

#define SWITCH                                                                                     \
    FLOW(TASK("s", "flows.Switch",                                                                 \
              ",\"value\":\"{{ x }}\",\"cases\":{\"A\":[" LEAF("a") "," LEAF("b") "],"             \
                                                                                  "\"B\":[" LEAF(  \
                                                                                      "c") "]}"))

static void a_switch_follows_the_value_in_its_outputs(void **state)
{
    struct world *w = *state;

    judge(w, SWITCH, EXEC(RUNNING, RUN_OF("r-s", "s", RUNNING, ",\"outputs\":{\"value\":\"A\"}")));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, SWITCH,
          EXEC(RUNNING, RUN_OF("r-s", "s", RUNNING,
                               ",\"outputs\":{\"value\":\"B\"}") "," UNDER("s", "c", SUCCESS)));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    /* Without it, its children show which case it was. */
    judge(w, SWITCH, EXEC(RUNNING, RUN("s", RUNNING) "," UNDER("s", "a", SUCCESS)));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge(w, SWITCH, EXEC(RUNNING, RUN("s", RUNNING)));
    CHECK(w, NO_ROW, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
}

/* Kestra makes it FAILED: "No task found". */
static void a_switch_without_a_case_for_its_value_fails(void **state)
{
    struct world *w = *state;

    judge(w, SWITCH, EXEC(RUNNING, RUN_OF("r-s", "s", RUNNING, ",\"outputs\":{\"value\":\"C\"}")));
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_int_equal(w->f.notes[0].role, ROLE_RESULT);
}

/* ---- more of the executor ----------------------------------------------------------------- */

static void a_worker_that_failed_runs_its_errors_branch(void **state)
{
    static const char *const flow =
        FLOW(TASK("k", "flows.Worker",
                  ",\"tasks\":[" LEAF("x") "," LEAF("y") "],\"errors\":[" LEAF("e") "]"));
    struct world *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("k", RUNNING) "," UNDER("k", "x", FAILED)));
    CHECK(w, ROW_E11, VERDICT_BLOCKED, CODE(WORKER_GROUP_LOST));
    assert_true(w->f.registered);
}

static void a_failure_that_is_allowed_does_not_end_the_flow(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(OVER("al", "AllowFailure", LEAF("x")) "," LEAF("z")),
          EXEC(RUNNING, RUN("al", WARNING) "," UNDER("al", "x", FAILED)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
}

static void disabled_tasks_do_not_count(void **state)
{
    static const char *const flow =
        FLOW(LEAF("a") "," TASK("b", "debugs.Return", ",\"disabled\":true"));
    struct world *w = *state;

    judge(w, flow, EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_E05, VERDICT_RESUMES, CODE(FLOW_TRIGGER_REFIRE));
}

static void a_lost_task_below_a_parallel_that_failed_is_lost_all_the_same(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAR("p", LEAF("x") "," LEAF("y"))),
          EXEC(RESTARTED,
               RUN("p", RUNNING) "," UNDER("p", "x", FAILED) "," UNDER("p", "y", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
}

static void open_children_of_a_parallel_that_failed_are_sent_again_and_again(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAR("p", LEAF("x") "," LEAF("y") "," LEAF("z"))),
          EXEC(RESTARTED, RUN("p", RUNNING) "," UNDER("p", "x", FAILED) "," UNDER(
                              "p", "y", CREATED) "," UNDER("p", "z", CREATED)));
    CHECK(w, ROW_E27, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_E01_created_resumes),
        TEST(test_E02_created_with_task_runs_is_like_running),
        TEST(test_E03_running_without_task_runs_resumes),
        TEST(test_E04_next_task_is_computed),
        TEST(test_E05_end_is_computed_and_fires_twice),
        TEST(an_end_with_open_tasks_runs_them_over_and_over),
        TEST(what_is_sent_below_a_failed_parallel_must_be_one_task),
        TEST(a_listener_is_none_of_them),
        TEST(test_E06_errors_branch_starts),
        TEST(test_E07_leaf_created_hangs),
        TEST(a_store_that_is_never_stale_lets_nothing_run_twice),
        TEST(test_E08_created_leaf_goes_along_with_another_next),
        TEST(a_free_slot_of_a_parallel_does_not_register),
        TEST(test_E09_running_leaf_is_lost),
        TEST(test_E10_flowable_created_hangs),
        TEST(test_E11_flowable_computes_its_next_child),
        TEST(test_E12_result_of_a_flowable_is_dropped),
        TEST(test_E13_current_child_created),
        TEST(test_E14_children_of_a_parallel_created),
        TEST(test_E15_lost_child_of_a_limited_parallel),
        TEST(test_E16_worker_created),
        TEST(test_E17_worker_running_is_lost),
        TEST(test_E22_pause_before_it_pauses),
        TEST(an_each_over_an_expression_is_undecided_between_its_values),
        TEST(an_each_that_starts_all_at_once_has_all_its_children),
        TEST(an_each_over_a_written_list_is_decided),
        TEST(a_switch_follows_the_value_in_its_outputs),
        TEST(a_switch_without_a_case_for_its_value_fails),
        TEST(a_worker_that_failed_runs_its_errors_branch),
        TEST(a_failure_that_is_allowed_does_not_end_the_flow),
        TEST(disabled_tasks_do_not_count),
        TEST(a_lost_task_below_a_parallel_that_failed_is_lost_all_the_same),
        TEST(open_children_of_a_parallel_that_failed_are_sent_again_and_again),
    };

    return RUN_TESTS(tests);
}
