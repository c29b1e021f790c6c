/* test_recover.c - executions brought back: registering, lost tasks, Workers, pauses, kills. */
#include "tests/support/recover_world.h"

#define LINEAR TASKS(LEAF("a") "," LEAF("b") "," LEAF("c"))
#define SEQ    TASKS(FLOWABLE("s", "Sequential", LEAF("x") "," LEAF("y")) "," LEAF("z"))
#define WORKER TASKS(FLOWABLE("w", "Worker", LEAF("x") "," LEAF("y")) "," LEAF("z"))
#define PAUSE  TASKS(LEAF("a") "," FLOWABLE("p", "Pause", LEAF("x")) "," LEAF("z"))
#define DELAYED                                                                                    \
    TASKS(FLOWABLE("s", "Sequential", FLOWABLE_WITH("p", "Pause", "\"delay\":90.0", LEAF("x"))))

#define D "2026-01-01T00:00:02.001Z"

/* ---- registering (restartability 2.6 R-wrap) ------------------------------------------------- */

static void a_running_execution_becomes_restarted(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "SUCCESS");
    world_run(w, "b", "b", NULL, "CREATED");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED a:SUCCESS b:CREATED");
    assert_string_equal(world_changes(w),
                        "/state/current: \"RUNNING\" -> \"RESTARTED\"\n"
                        "/state/histories/2: none -> {\"state\":\"RESTARTED\",\"date\":\"" D
                        "\"}\n");
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP));
    assert_int_equal(world_needs(w), RECOVER_SAFE);
    world_free(w);
}

/* All other bytes stay: the same document, built with the new state, has the same text. */
static void the_spelling_of_the_document_is_kept(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        struct recover_world *w = world_new("A", LINEAR);

        w->spaced = way & 1;
        w->runs_first = way & 2;
        world_run(w, "a", "a", NULL, "SUCCESS");
        world_run(w, "b", "b", NULL, "CREATED");
        world_recover(w, RECOVER_SAFE, LOST_RERUN);
        w->execution.current = "RESTARTED";
        w->execution.dates[2] = D;
        w->execution.past[w->execution.n_past++] = "RESTARTED";
        assert_true(slice_eq(w->r.value, world_document(w)));
        world_free(w);
    }
}

static void a_state_without_histories_gets_a_list(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "CREATED");
    w->execution.n_past = 0;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED a:CREATED");
    assert_string_equal(world_changes(w),
                        "/state/current: \"RUNNING\" -> \"RESTARTED\"\n"
                        "/state/histories: none -> "
                        "[{\"state\":\"RESTARTED\",\"date\":\"2026-01-01T00:00:00.001Z\"}]\n");
    assert_int_equal(w->after.state.n_histories, 1);
    world_free(w);
}

/* Any other date than one of the document's would make the result depend on when it was made. */
static void without_any_date_nothing_is_rewritten(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "CREATED")->n_past = 0;
    w->execution.n_past = 0;
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    assert_int_equal(world_needs(w), -1);
    world_free(w);
}

static void what_resumes_is_sent_as_it_is(void **state)
{
    static const enum recover_mode modes[] = { RECOVER_NONE, RECOVER_SAFE, RECOVER_ALL };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct recover_world *w = world_new("A", LINEAR);

        world_execution(w, "RESTARTED");
        world_run(w, "a", "a", NULL, "RESTARTED");
        w->verdict = VERDICT_RESUMES;
        w->codes = CODE_BIT(CODE_STORAGE_UNCHECKED);
        world_expect(w, modes[i], LOST_RERUN, "RESTARTED a:RESTARTED");
        assert_true(slice_eq(w->r.value, w->doc));
        assert_int_equal(w->r.hazards, CODE_BIT(CODE_STORAGE_UNCHECKED));
        assert_int_equal(world_needs(w), RECOVER_NONE);
        world_free(w);
    }
}

static void without_recovery_nothing_else_is_sent(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "CREATED");
    world_expect(w, RECOVER_NONE, LOST_RERUN, NULL);
    world_free(w);
}

/* E02: the executor itself sets RUNNING together with the first task run. */
static void created_with_task_runs_is_registered(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_execution(w, "CREATED");
    world_run(w, "a", "a", NULL, "CREATED");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED a:CREATED");
    world_free(w);
}

static void created_without_task_runs_is_never_rewritten(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_execution(w, "CREATED");
    w->codes = CODE_BIT(CODE_SOURCE_STALE);
    w->verdict = VERDICT_NEEDS_ACTION;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "CREATED");
    assert_false(w->r.changed);
    assert_true(w->r.hazards & CODE_BIT(CODE_SOURCE_STALE));
    world_free(w);
}

static void undecided_is_registered_too(void **state)
{
    struct recover_world *w = world_new("A", TASKS(FLOWABLE("e", "EachSequential", LEAF("x"))));

    (void)state;
    world_run(w, "e", "e", NULL, "RUNNING");
    world_run(w, "x", "x", "e", "SUCCESS");
    w->verdict = VERDICT_UNDECIDED;
    w->codes = CODE_BIT(CODE_FLOWABLE_UNDECIDABLE);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED e:RUNNING x:SUCCESS");
    world_free(w);
}

/* ---- never ----------------------------------------------------------------------------------- */

static void what_no_rewriting_cures_is_never_sent(void **state)
{
    static const enum code never[] = {
        CODE_FLOW_REVISION_MISSING,
        CODE_FLOW_UNREADABLE,
        CODE_EXECUTION_INVALID,
        CODE_POISON_NUMBER,
        CODE_STATE_UNSUPPORTED,
        CODE_RECORD_TOO_LARGE,
        CODE_EXECUTION_LOST,
        CODE_SUBFLOW_CYCLE,
        CODE_PAUSE_MANUAL,
        CODE_QUEUED_LOST,
        CODE_TASK_NOT_IN_REVISION,
        CODE_TEMPLATE_MISSING,
        CODE_EXECUTION_OLD,
        CODE_TERMINAL_NOT_EMITTED,
        CODE_DELETED_NOT_EMITTED,
        /* and these when no task run is named */
        CODE_TASKRUN_LOST,
        CODE_WORKER_GROUP_LOST,
        CODE_SUBFLOW_DUPLICATE,
        CODE_SUBFLOW_LINK_LOST,
        CODE_RETRY_DELAY_LOST,
        CODE_PAUSE_DELAY_LOST,
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(never); i++) {
        struct recover_world *w = world_new("A", LINEAR);

        world_run(w, "a", "a", NULL, "CREATED");
        w->codes = CODE_BIT(never[i]);
        world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
        assert_int_equal(world_needs(w), -1);
        world_free(w);
    }
}

static void poison_is_not_even_sent_when_it_would_resume(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    w->poison = true;
    w->verdict = VERDICT_RESUMES;
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

static void a_record_that_grows_too_large_is_not_sent(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "CREATED");
    world_recover(w, RECOVER_SAFE, LOST_RERUN);
    w->facts.record_bytes = w->doc.n + 100;
    w->facts.record_max = w->r.value.n + 100;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED a:CREATED");
    w->facts.record_max--;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_free(w);
}

static void queued_waits_for_kestras_api(void **state)
{
    struct recover_world *w = world_new("F", LINEAR);

    (void)state;
    world_execution(w, "QUEUED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* ---- lost tasks ------------------------------------------------------------------------------ */

static void a_lost_task_runs_again(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "RUNNING")->attempt = "RUNNING";
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:RESTARTED");
    assert_int_equal(w->after.runs[0].last_attempt.current, STATE_RUNNING);
    assert_int_equal(w->after.runs[0].state.n_histories, 3);
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP) | REMEDY_BIT(REMEDY_RERUN_LOST));
    assert_true(w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN));
    assert_int_equal(world_needs(w), RECOVER_ALL);
    world_free(w);
}

static void or_it_fails_with_its_last_attempt(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);
    struct world_run     *a = world_run(w, "a", "a", NULL, "RUNNING");

    (void)state;
    a->attempt = "RUNNING";
    a->attempt_past = "CREATED";
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED a:FAILED");
    assert_int_equal(w->after.runs[0].last_attempt.current, STATE_FAILED);
    assert_string_equal(world_changes(w),
                        "/state/current: \"RUNNING\" -> \"RESTARTED\"\n"
                        "/state/histories/2: none -> "
                        "{\"state\":\"RESTARTED\",\"date\":\"2026-01-01T00:00:01.001Z\"}\n"
                        "/taskRunList/0/state/current: \"RUNNING\" -> \"FAILED\"\n"
                        "/taskRunList/0/state/histories/2: none -> "
                        "{\"state\":\"FAILED\",\"date\":\"2026-01-01T00:00:01.001Z\"}\n"
                        "/taskRunList/0/attempts/0/state/current: \"RUNNING\" -> \"FAILED\"\n"
                        "/taskRunList/0/attempts/0/state/histories/2: none -> "
                        "{\"state\":\"FAILED\",\"date\":\"2026-01-01T00:00:01.001Z\"}\n");
    assert_true(w->r.hazards & CODE_BIT(CODE_FLOW_TRIGGER_REFIRE));
    assert_true(w->r.remedies & REMEDY_BIT(REMEDY_FAIL_LOST));
    world_free(w);
}

static void an_attempt_that_has_ended_stays(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_run(w, "a", "a", NULL, "RUNNING")->attempt = "SUCCESS";
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED a:FAILED");
    assert_int_equal(w->after.runs[0].last_attempt.current, STATE_SUCCESS);
    world_free(w);
}

/* E26: a paused execution was resumed while a sibling's worker was gone. */
static void a_restarted_execution_with_a_lost_task_gets_no_second_entry(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    world_execution(w, "RESTARTED");
    world_run(w, "a", "a", NULL, "RUNNING");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:RESTARTED");
    assert_int_equal(w->after.state.n_histories, w->before.state.n_histories);
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_RERUN_LOST));
    world_free(w);
}

static void nested_tasks_run_again_alone(void **state)
{
    struct recover_world *w = world_new("A", SEQ);

    (void)state;
    world_run(w, "s", "s", NULL, "RUNNING");
    world_run(w, "x", "x", "s", "RUNNING");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED s:RUNNING x:RESTARTED");
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED s:RUNNING x:FAILED");
    world_free(w);
}

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

static void of_a_worker_with_an_open_child_the_child_fails(void **state)
{
    struct recover_world *w = world_new("A", WORKER);

    (void)state;
    world_run(w, "w", "w", NULL, "RUNNING");
    world_run(w, "x", "x", "w", "SUCCESS");
    world_run(w, "y", "y", "w", "RUNNING");
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
    world_run(w, "a", "a", NULL, "SUCCESS");
    world_run(w, "p", "p", NULL, "PAUSED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_run(w, "z", "z", NULL, "RUNNING"); /* nor with a lost sibling */
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
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_execution_becomes_restarted),
        cmocka_unit_test(the_spelling_of_the_document_is_kept),
        cmocka_unit_test(a_state_without_histories_gets_a_list),
        cmocka_unit_test(without_any_date_nothing_is_rewritten),
        cmocka_unit_test(what_resumes_is_sent_as_it_is),
        cmocka_unit_test(without_recovery_nothing_else_is_sent),
        cmocka_unit_test(created_with_task_runs_is_registered),
        cmocka_unit_test(created_without_task_runs_is_never_rewritten),
        cmocka_unit_test(undecided_is_registered_too),
        cmocka_unit_test(what_no_rewriting_cures_is_never_sent),
        cmocka_unit_test(poison_is_not_even_sent_when_it_would_resume),
        cmocka_unit_test(a_record_that_grows_too_large_is_not_sent),
        cmocka_unit_test(queued_waits_for_kestras_api),
        cmocka_unit_test(a_lost_task_runs_again),
        cmocka_unit_test(or_it_fails_with_its_last_attempt),
        cmocka_unit_test(an_attempt_that_has_ended_stays),
        cmocka_unit_test(a_restarted_execution_with_a_lost_task_gets_no_second_entry),
        cmocka_unit_test(nested_tasks_run_again_alone),
        cmocka_unit_test(a_lost_worker_starts_again_without_its_children),
        cmocka_unit_test(a_worker_without_children_is_lost),
        cmocka_unit_test(a_worker_between_two_children_is_lost),
        cmocka_unit_test(a_worker_whose_children_have_all_ended_is_only_registered),
        cmocka_unit_test(a_worker_whose_first_child_failed_is_only_registered),
        cmocka_unit_test(of_a_worker_with_an_open_child_the_child_fails),
        cmocka_unit_test(dropped_runs_leave_a_list),
        cmocka_unit_test(a_pause_with_a_delay_goes_one_step_back),
        cmocka_unit_test(a_pause_without_histories_gets_them),
        cmocka_unit_test(a_manual_pause_is_never_sent),
        cmocka_unit_test(a_pause_that_is_about_to_pause_is_only_registered),
        cmocka_unit_test(paused_without_any_pause_stays_where_it_is),
        cmocka_unit_test(a_retry_does_what_its_delay_would_have_done),
        cmocka_unit_test(a_retry_of_the_whole_flow_is_left_to_a_person),
        cmocka_unit_test(a_stuck_kill_is_completed),
        cmocka_unit_test(where_ended_records_fire_no_triggers_there_is_no_such_risk),
        cmocka_unit_test(a_listener_that_was_not_started_is_dropped_safely),
        cmocka_unit_test(a_listener_that_ran_may_run_twice),
        cmocka_unit_test(an_ended_execution_with_leftovers_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
