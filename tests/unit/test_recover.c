/* test_recover.c - executions brought back: registered, or with their lost tasks. */
#include "tests/support/recover_world.h"

#define LINEAR TASKS(LEAF("a") "," LEAF("b") "," LEAF("c"))
#define SEQ    TASKS(FLOWABLE("s", "Sequential", LEAF("x") "," LEAF("y")) "," LEAF("z"))
#define D      "2026-01-01T00:00:02.001Z"

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
                        "[{\"state\":\"RUNNING\",\"date\":\"2026-01-01T00:00:00.001Z\"},"
                        "{\"state\":\"RESTARTED\",\"date\":\"2026-01-01T00:00:00.001Z\"}]\n");
    assert_int_equal(w->after.state.n_histories, 2);
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

/* By the document it waits; by a runner's tables it is a lost task, and those have a price. */
static void a_waiting_task_that_was_begun_is_not_safe(void **state)
{
    struct recover_world *w = world_new("A", LINEAR);

    (void)state;
    w->taken = true;
    world_run(w, "a", "a", NULL, "CREATED");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:CREATED");
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

/* As seen: a person restarted it after its errors branch had run, and it ends at once; what is open
 * is sent more than once. */
static void what_ends_at_once_with_an_open_task_has_a_price(void **state)
{
    struct recover_world *w =
        world_new("A", TASKS(LEAF("a") "," LEAF("b")) ",\"errors\":[" LEAF("err") "]");

    (void)state;
    w->real = true;
    world_execution(w, "RESTARTED");
    world_run(w, "a", "a", NULL, "RESTARTED");
    world_run(w, "err", "err", NULL, "SUCCESS");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:RESTARTED err:SUCCESS");
    assert_true(w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN));
    assert_false(w->r.changed);
    world_free(w);
}

static void so_it_has_with_an_open_call(void **state)
{
    struct recover_world *w = world_new(
        "A", TASKS("{\"id\":\"a\",\"type\":\"io.kestra.core.tasks.flows.Flow\","
                   "\"namespace\":\"n\",\"flowId\":\"s\"}") ",\"errors\":[" LEAF("err") "]");

    (void)state;
    w->real = true;
    world_execution(w, "RESTARTED");
    world_run(w, "a", "a", NULL, "RESTARTED");
    world_run(w, "err", "err", NULL, "SUCCESS");
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED a:RESTARTED err:SUCCESS");
    world_free(w);
}

/* Here the end takes some passes more, in which nothing was seen to repeat. */
static void what_ends_later_has_none(void **state)
{
    struct recover_world *w = world_new(
        "A", TASKS(FLOWABLE("s", "Sequential",
                            FLOWABLE("p", "Parallel", LEAF("x") "," LEAF("y") "," LEAF("w")))));

    (void)state;
    w->real = true;
    world_execution(w, "RESTARTED");
    world_run(w, "s", "s", NULL, "RUNNING");
    world_run(w, "p", "p", "s", "RUNNING");
    world_run(w, "x", "x", "p", "FAILED");
    world_run(w, "y", "y", "p", "RESTARTED");
    world_run(w, "w", "w", "p", "CREATED");
    world_expect(w, RECOVER_SAFE, LOST_RERUN,
                 "RESTARTED s:RUNNING p:RUNNING x:FAILED y:RESTARTED w:CREATED");
    assert_true(w->finding.codes & CODE_BIT(CODE_TASKRUN_NOT_JOINED));
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
        cmocka_unit_test(a_waiting_task_that_was_begun_is_not_safe),
        cmocka_unit_test(queued_waits_for_kestras_api),
        cmocka_unit_test(a_lost_task_runs_again),
        cmocka_unit_test(or_it_fails_with_its_last_attempt),
        cmocka_unit_test(an_attempt_that_has_ended_stays),
        cmocka_unit_test(a_restarted_execution_with_a_lost_task_gets_no_second_entry),
        cmocka_unit_test(what_ends_at_once_with_an_open_task_has_a_price),
        cmocka_unit_test(so_it_has_with_an_open_call),
        cmocka_unit_test(what_ends_later_has_none),
        cmocka_unit_test(nested_tasks_run_again_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
