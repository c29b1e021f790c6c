/* test_recover_states.c - Workers, pauses, retries, kills and listeners brought back. */
#include "tests/support/recover_world.h"

#define LINEAR TASKS(LEAF("a") "," LEAF("b") "," LEAF("c"))
#define SEQ    TASKS(FLOWABLE("s", "Sequential", LEAF("x") "," LEAF("y")) "," LEAF("z"))
#define WORKER TASKS(FLOWABLE("w", "Worker", LEAF("x") "," LEAF("y")) "," LEAF("z"))
#define PAUSE  TASKS(LEAF("a") "," FLOWABLE("p", "Pause", LEAF("x")) "," LEAF("z"))
#define DELAYED                                                                                    \
    TASKS(FLOWABLE("s", "Sequential", FLOWABLE_WITH("p", "Pause", "\"delay\":90.0", LEAF("x"))))

/* ---- Workers --------------------------------------------------------------------------------- */

static void a_lost_worker_starts_again_without_its_children(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_run(w, "x", "x", "w", "SUCCESS");
    world_run(w, "y", "y", "w", "RUNNING");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED w:RESTARTED");
    assert_int_equal(w->r.n_changes, 6);
    assert_string_equal(w->r.changes[4].path, "/taskRunList/1");
    assert_null(w->r.changes[5].after.p);
    world_free(w);
}

/* E11 as seen: the executor gives a Worker no children, its job does. */
static void a_worker_without_children_is_lost(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED w:RESTARTED");
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED w:FAILED");
    world_free(w);
}

static void a_worker_between_two_children_is_lost(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_run(w, "x", "x", "w", "SUCCESS");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED w:RESTARTED");
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED w:FAILED x:SUCCESS");
    world_free(w);
}

static void a_worker_whose_children_have_all_ended_is_only_registered(void **state)
{
    static const char *const ends[][2] = { { "SUCCESS", "SUCCESS" }, { "SUCCESS", "FAILED" } };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct recover_world *w = world_new("A", WORKER);

        world_run(w, "w", "w", NULL, "RUNNING");
        world_run(w, "x", "x", "w", ends[i][0]);
        world_run(w, "y", "y", "w", ends[i][1]);
        world_recover(w, RECOVER_SAFE, LOST_RERUN);
        assert_true(w->r.emit);
        assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP));
        assert_int_equal(w->after.n_runs, 3);
        world_free(w);
    }
}

/* Of a job the first failing task is the last. */
static void a_worker_whose_first_child_failed_is_only_registered(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_run(w, "x", "x", "w", "FAILED");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED w:RUNNING x:FAILED");
    world_free(w);
}

/* R-wrap alone would leave each of these hanging: for the executor only a FAILED task, or all of
 * the Worker's own tasks, end a job. */
static void a_worker_whose_job_only_looks_done_is_lost(void **state)
{
    static const struct {
        const char *execution, *worker, *task, *child;
    } cases[] = {
        { "RUNNING", "RUNNING", "x", "KILLED" }, /* y never began */
        { "RUNNING", "RUNNING", "ghost", "SUCCESS" }, { "RUNNING", "RUNNING", "ghost", "FAILED" },
        { "RESTARTED", "RUNNING", "x", "KILLED" },    { "RESTARTED", "KILLING", "x", "SUCCESS" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recover_world *w = world_new("A", WORKER);

        w->real = true;
        world_execution(w, cases[i].execution);
        world_run(w, "w", "w", NULL, cases[i].worker);
        world_run(w, "g1", cases[i].task, "w", cases[i].child);
        if (strcmp(cases[i].task, "ghost") == 0)
            world_run(w, "g2", "spirit", "w", "SUCCESS");
        world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
        world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED w:RESTARTED");
        world_free(w);
    }
}

static void of_a_worker_with_an_open_child_the_child_fails(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_run(w, "x", "x", "w", "SUCCESS");
    world_run(w, "y", "y", "w", "RUNNING");
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED w:RUNNING x:SUCCESS y:FAILED");
    w->runs[2].current = "CREATED"; /* its job had not begun with it */
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED w:RUNNING x:SUCCESS y:FAILED");
    world_free(w);
}

/* Dropped runs take one comma with them, wherever they are. */
static void dropped_runs_leave_a_list(void **state)
{
    static const char *const flow = TASKS(
        FLOWABLE("p", "Parallel", FLOWABLE("w", "Worker", LEAF("x") "," LEAF("y")) "," LEAF("q")));

    (void)state;
    for (int spaced = 0; spaced < 2; spaced++) {
        struct recover_world *w = world_new("A", flow);

        w->spaced = spaced;
        world_run(w, "x", "x", "w", "SUCCESS");
        world_run(w, "y", "y", "w", "RUNNING");
        world_run(w, "w", "w", "p", "RUNNING");
        world_run(w, "x2", "x", "w", "SUCCESS");
        world_run(w, "x3", "x", "w", "SUCCESS");
        world_run(w, "p", "p", NULL, "RUNNING");
        world_run(w, "q", "q", "p", "CREATED");
        world_run(w, "x4", "x", "w", "SUCCESS");
        world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED w:RESTARTED p:RUNNING q:CREATED");
        world_free(w);
    }
}

/* ---- pauses ---------------------------------------------------------------------------------- */

static void a_pause_with_a_delay_goes_one_step_back(void **state)
{
    struct recover_world *w = world_new("A", DELAYED);

    (void)state;
    world_execution(w, "PAUSED");
    world_run(w, "s", "s", NULL, "PAUSED");
    world_run(w, "p", "p", "s", "PAUSED");
    w->codes = CODE_BIT(CODE_PAUSE_DELAY_LOST);
    w->verdict = VERDICT_NEEDS_ACTION;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED s:RUNNING p:RUNNING");
    assert_int_equal(w->after.runs[1].state.n_histories, 2);
    assert_int_equal(w->after.runs[1].state.histories[0].state, STATE_CREATED);
    assert_int_equal(w->after.runs[1].state.histories[1].state, STATE_RUNNING);
    assert_true(slice_eq(w->after.runs[1].state.histories[1].date,
                         w->before.runs[1].state.histories[1].date));
    assert_int_equal(w->after.runs[0].state.n_histories, 4);
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP) | REMEDY_BIT(REMEDY_REARM_PAUSE));
    assert_true(w->r.hazards & CODE_BIT(CODE_FLOW_TRIGGER_REFIRE));
    world_free(w);
}

static void a_pause_without_histories_gets_them(void **state)
{
    struct recover_world *w = world_new("A", DELAYED);

    (void)state;
    world_execution(w, "PAUSED");
    world_run(w, "s", "s", NULL, "PAUSED");
    world_run(w, "p", "p", "s", "PAUSED")->n_past = 0;
    w->codes = CODE_BIT(CODE_PAUSE_DELAY_LOST);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED s:RUNNING p:RUNNING");
    assert_int_equal(w->after.runs[1].state.n_histories, 2);
    world_free(w);
}

static void a_manual_pause_is_never_sent(void **state)
{
    struct recover_world *w = world_new("A", PAUSE);

    (void)state;
    world_execution(w, "PAUSED");
    w->codes = CODE_BIT(CODE_PAUSE_MANUAL);
    world_run(w, "a", "a", NULL, "SUCCESS");
    world_run(w, "p", "p", NULL, "PAUSED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    assert_null(w->r.advice);
    world_run(w, "z", "z", NULL, "RUNNING"); /* nor with a lost sibling */
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    assert_non_null(strstr(w->r.advice, "RESTARTED in the store"));
    world_expect(w, RECOVER_NONE, LOST_RERUN, NULL);
    assert_non_null(w->r.advice);
    world_free(w);
}

/* Nor with one that has a delay beside it: a person was to decide. */
static void one_manual_pause_of_two_is_enough(void **state)
{
    static const char *const flow =
        TASKS(FLOWABLE("o", "Parallel",
                       FLOWABLE_WITH("p", "Pause", "\"delay\":9.0",
                                     LEAF("x")) "," FLOWABLE("q", "Pause", LEAF("y"))));
    struct recover_world *w = world_new("A", flow);

    (void)state;
    world_execution(w, "PAUSED");
    world_run(w, "o", "o", NULL, "PAUSED");
    world_run(w, "p", "p", "o", "PAUSED");
    world_run(w, "q", "q", "o", "PAUSED");
    w->codes = CODE_BIT(CODE_PAUSE_DELAY_LOST) | CODE_BIT(CODE_PAUSE_MANUAL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    w->codes = CODE_BIT(CODE_PAUSE_DELAY_LOST);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED o:RUNNING p:RUNNING q:PAUSED");
    world_free(w);
}

/* It is not PAUSED yet, so nobody could resume it. */
static void an_execution_on_its_way_to_a_manual_pause_gets_there(void **state)
{
    struct recover_world *w =
        world_new("A", TASKS(FLOWABLE("s", "Sequential", FLOWABLE("p", "Pause", LEAF("x")))));

    (void)state;
    world_run(w, "s", "s", NULL, "RUNNING");
    world_run(w, "p", "p", "s", "PAUSED");
    w->codes = CODE_BIT(CODE_PAUSE_MANUAL);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED s:RUNNING p:PAUSED");
    assert_int_equal(w->r.n_changes, 2);
    world_free(w);
}

static void a_loop_that_waits_is_left_to_a_person(void **state)
{
    static const char *const flow =
        TASKS("{\"id\":\"l\",\"type\":\"io.kestra.plugin.core.flow.LoopUntil\",\"tasks\":[" LEAF(
            "x") "]}");
    struct recover_world *w = world_new("I", flow);

    (void)state;
    world_execution(w, "PAUSED");
    world_run(w, "l", "l", NULL, "PAUSED");
    w->codes = CODE_BIT(CODE_PAUSE_DELAY_LOST);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* E22: it has yet to turn PAUSED, and then its delay is registered. */
static void a_pause_that_is_about_to_pause_is_only_registered(void **state)
{
    struct recover_world *w = world_new("A", DELAYED);

    (void)state;
    world_run(w, "s", "s", NULL, "RUNNING");
    world_run(w, "p", "p", "s", "RUNNING");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED s:RUNNING p:RUNNING");
    assert_int_equal(w->r.n_changes, 2);
    world_free(w);
}

static void paused_without_any_pause_stays_where_it_is(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_execution(w, "PAUSED");
    world_run(w, "a", "a", NULL, "CREATED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* ---- retries --------------------------------------------------------------------------------- */

static void a_retry_does_what_its_delay_would_have_done(void **state)
{
    struct recover_world *w = world_new("F", LINEAR);

    (void)state;
    world_execution(w, "RETRYING");
    world_run(w, "a", "a", NULL, "RETRYING");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:CREATED");
    assert_int_equal(w->after.runs[0].state.n_histories, 4);
    world_free(w);
}

static void a_retry_of_the_whole_flow_is_left_to_a_person(void **state)
{
    struct recover_world *w = world_new("F", LINEAR);

    (void)state;
    world_execution(w, "RETRYING");
    world_run(w, "a", "a", NULL, "FAILED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* ---- killing --------------------------------------------------------------------------------- */

static void a_stuck_kill_is_completed(void **state)
{
    struct recover_world *w = world_new("A", SEQ);

    (void)state;
    world_execution(w, "KILLING");
    world_run(w, "s", "s", NULL, "RUNNING");
    world_run(w, "x", "x", "s", "SUCCESS");
    world_run(w, "y", "y", "s", "RUNNING");
    w->codes = CODE_BIT(CODE_KILLING_STUCK);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "KILLED s:KILLED x:SUCCESS y:KILLED");
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_KILL_OPEN));
    assert_true(w->r.hazards & CODE_BIT(CODE_FLOW_TRIGGER_REFIRE));
    assert_int_equal(w->after.state.n_histories, 4);
    world_free(w);
}

static void where_ended_records_fire_no_triggers_there_is_no_such_risk(void **state)
{
    struct recover_world *w = world_new("I", LINEAR);

    (void)state;
    world_execution(w, "KILLING");
    world_run(w, "a", "a", NULL, "RUNNING");
    w->codes = CODE_BIT(CODE_KILLING_STUCK);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "KILLED a:KILLED");
    assert_int_equal(w->r.hazards, 0);
    world_free(w);
}

/* ---- listeners ------------------------------------------------------------------------------- */

#define LISTENERS(tasks) TASKS(LEAF("a")) ",\"listeners\":[{\"tasks\":[" tasks "]}]"

static void a_listener_that_was_not_started_is_dropped_safely(void **state)
{
    struct recover_world *w = world_new("A", LISTENERS(LEAF("l") "," LEAF("m")));

    (void)state;
    world_execution(w, "SUCCESS");
    world_run(w, "a", "a", NULL, "SUCCESS");
    world_run(w, "l", "l", NULL, "SUCCESS");
    world_run(w, "m", "m", NULL, "CREATED");
    w->codes = CODE_BIT(CODE_LISTENER_STUCK);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "SUCCESS a:SUCCESS l:SUCCESS");
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_LISTENER_DROP));
    assert_int_equal(w->r.n_changes, 1);
    world_free(w);
}

/* Up to 0.11 a call is CREATED until its child has ended; dropped, it starts a second one. */
static void a_listener_that_calls_may_have_started_its_child(void **state)
{
    static const char *const bands[] = { "A", "F" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++) {
        struct recover_world *w = world_new(
            bands[i], LISTENERS("{\"id\":\"l\",\"type\":\"io.kestra.core.tasks.flows.Flow\","
                                "\"namespace\":\"n\",\"flowId\":\"s\"}"));

        world_execution(w, "SUCCESS");
        world_run(w, "a", "a", NULL, "SUCCESS");
        world_run(w, "l", "l", NULL, "CREATED");
        w->codes = CODE_BIT(CODE_LISTENER_STUCK);
        world_expect(w, RECOVER_SAFE, LOST_RERUN,
                     w->layout->executor.subflow_runs ? "SUCCESS a:SUCCESS" : NULL);
        world_expect(w, RECOVER_ALL, LOST_RERUN, "SUCCESS a:SUCCESS");
        assert_int_equal((w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN)) != 0,
                         !w->layout->executor.subflow_runs);
        world_free(w);
    }
}

static void a_listener_that_ran_may_run_twice(void **state)
{
    struct recover_world *w = world_new("A", LISTENERS(FLOWABLE("l", "Sequential", LEAF("x"))));

    (void)state;
    world_execution(w, "FAILED");
    world_run(w, "a", "a", NULL, "FAILED");
    world_run(w, "l", "l", NULL, "RUNNING");
    world_run(w, "x", "x", "l", "RUNNING");
    w->codes = CODE_BIT(CODE_LISTENER_STUCK);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "FAILED a:FAILED");
    assert_true(w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN));
    world_free(w);
}

/* E36: the record would dispatch the leftover, for nothing. */
static void an_ended_execution_with_leftovers_is_not_sent(void **state)
{
    struct recover_world *w = world_new("A", LISTENERS(LEAF("l")));

    (void)state;
    world_execution(w, "FAILED");
    world_run(w, "a", "a", NULL, "CREATED");
    world_run(w, "l", "l", NULL, "CREATED");
    w->codes = CODE_BIT(CODE_LISTENER_STUCK);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    w->runs[0].current = "RUNNING"; /* nobody sends a lost one: it just stays */
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "FAILED a:RUNNING");
    w->runs[0].task = "nowhere"; /* the executor would fail for want of its task */
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_worker_starts_again_without_its_children),
        cmocka_unit_test(a_worker_without_children_is_lost),
        cmocka_unit_test(a_worker_between_two_children_is_lost),
        cmocka_unit_test(a_worker_whose_children_have_all_ended_is_only_registered),
        cmocka_unit_test(a_worker_whose_first_child_failed_is_only_registered),
        cmocka_unit_test(a_worker_whose_job_only_looks_done_is_lost),
        cmocka_unit_test(of_a_worker_with_an_open_child_the_child_fails),
        cmocka_unit_test(dropped_runs_leave_a_list),
        cmocka_unit_test(a_pause_with_a_delay_goes_one_step_back),
        cmocka_unit_test(a_pause_without_histories_gets_them),
        cmocka_unit_test(a_manual_pause_is_never_sent),
        cmocka_unit_test(one_manual_pause_of_two_is_enough),
        cmocka_unit_test(an_execution_on_its_way_to_a_manual_pause_gets_there),
        cmocka_unit_test(a_loop_that_waits_is_left_to_a_person),
        cmocka_unit_test(a_pause_that_is_about_to_pause_is_only_registered),
        cmocka_unit_test(paused_without_any_pause_stays_where_it_is),
        cmocka_unit_test(a_retry_does_what_its_delay_would_have_done),
        cmocka_unit_test(a_retry_of_the_whole_flow_is_left_to_a_person),
        cmocka_unit_test(a_stuck_kill_is_completed),
        cmocka_unit_test(where_ended_records_fire_no_triggers_there_is_no_such_risk),
        cmocka_unit_test(a_listener_that_was_not_started_is_dropped_safely),
        cmocka_unit_test(a_listener_that_calls_may_have_started_its_child),
        cmocka_unit_test(a_listener_that_ran_may_run_twice),
        cmocka_unit_test(an_ended_execution_with_leftovers_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
