/*
 * test_judging_locks.c - locks of triggers, on a dump as the store: rows T01 to T14 of the decision
 * table (lib/store/locks.h, lib/kestra/trigger_lock.h).
 */
#include "tests/support/judging_world.h"
#include "tests/support/layout_files.h"

/* ---- locks ----------------------------------------------------------------------------------- */

/* A trigger that waits for that execution: it is told by this row, unlocked or not, and so sent. */
static void locked_by(struct world *w, const char *id, const char *row, bool unlocked)
{
    char text[64];

    (void)snprintf(text, sizeof(text), ",\"executionId\":\"%s\"", id);
    trigger(w, "t", text);
    must_run(w);
    (void)snprintf(text, sizeof(text), "n_f_t %s%s", row, unlocked ? " unlocked" : "");
    says(&w->locks, text);
    assert_int_equal(lines(&w->locks), 1);
    assert_int_equal(w->stats.locks.locked, 1);
    assert_int_equal(w->stats.locks.unlocked, unlocked);
    assert_int_equal(strstr(records(w, KIND_TRIGGER), "\"executionId\"") == NULL, unlocked);
}

static void test_T01_lock_of_a_missing_execution_is_released(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    locked_by(w, "never-there", "T01", true);
}

static void test_T02_lock_of_an_ended_execution_is_released(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "ended", "f", "SUCCESS", "", "");
    locked_by(w, "ended", "T02", true);
}

static void test_T03_lock_of_what_resumes_is_kept(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    locked_by(w, "created", "T03", false);
}

static void test_T04_lock_of_what_hangs_is_released(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    locked_by(w, "open", "T04", true);
}

static void test_T05_lock_of_a_paused_execution_is_released(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "paused", "f", "PAUSED", run_of("a", "PAUSED"), "");
    locked_by(w, "paused", "T05", true);
}

static void a_trigger_without_a_lock_is_not_told(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    trigger(w, "free", "");
    must_run(w);
    assert_int_equal(lines(&w->locks), 0);
    assert_int_equal(w->stats.locks.locked, 0);
}

/* ---- triggers as they are ---- */

static void test_T08_no_row_is_made_up(void **state)
{
    struct world *w = *state;

    file_world_hit(w->files, FLOWS, "n_s_1",
                   "{\"id\":\"s\",\"namespace\":\"n\",\"revision\":1,\"disabled\":false,"
                   "\"deleted\":false,\"tasks\":[{\"id\":\"a\",\"type\":\"" BASH "\"}],"
                   "\"triggers\":[{\"id\":\"t\",\"type\":"
                   "\"io.kestra.core.models.triggers.types.Schedule\",\"cron\":\"0 0 * * *\"}]}");
    must_run(w);
    assert_string_equal(records(w, KIND_TRIGGER), "");
}

/* A flow's last revision, deleted or not, is known before any other is read: so no trigger of it is
 * taken for one that was removed. */
static void test_T09_flow_last_is_sent_before_flows_and_triggers(void **state)
{
    (void)state;
    assert_true(KIND_FLOW_LAST < KIND_FLOW);
    assert_true(KIND_FLOW < KIND_TRIGGER);
    assert_true(KIND_TRIGGER < KIND_EXECUTION);
}

static void test_T10_trigger_of_a_flow_that_is_gone_is_sent(void **state)
{
    struct world *w = *state;

    two_steps(w, "another");
    trigger(w, "t", "");
    must_run(w);
    assert_true(text_begins(records(w, KIND_TRIGGER), "n_f_t={"));
}

static void test_T14_flow_last_is_the_highest_revision(void **state)
{
    struct world *w = *state;

    for (int i = 1; i <= 10; i++)
        flow(w, "f", i == 10 ? 2 : i == 2 ? 10 : i, "{\"id\":\"a\",\"type\":\"" BASH "\"}");
    must_run(w);
    assert_true(text_begins(records(w, KIND_FLOW_LAST), "n_f={"));
    assert_non_null(strstr(w->files->keeper.text.p, "\"revision\":10,"));
    assert_int_equal(lines(&w->files->keeper.text), 1);
}

/* ---- what a recovery makes of locks ---- */

static void a_lock_of_what_is_recovered_is_kept(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "t", ",\"executionId\":\"open\"");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->locks, "n_f_t T03");
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"open\""));
}

/* T02: a record that has ended releases nothing, also when recovery ended it. */
static void a_lock_of_what_recovery_ends_is_dead(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "killing", "f", "KILLING", run_of("a", "RUNNING"), "");
    trigger(w, "k", ",\"executionId\":\"killing\"");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "o", ",\"executionId\":\"open\"");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "killing blocked sent rewritten");
    says(&w->locks, "n_f_k T04 unlocked");
    says(&w->locks, "n_f_o T03");
    assert_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"killing\""));
}

static void without_executions_every_lock_is_dead(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"created\"");
    w->scope.project.executions = EXECUTIONS_NONE;
    w->scope.kinds = KIND_BIT(KIND_TRIGGER);
    must_run(w);
    says(&w->locks, "n_f_t T04 unlocked");
    assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
}

static void unlock_all_and_none_ask_nobody(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"created\"");
    w->scope.project.unlock = UNLOCK_ALL;
    must_run(w);
    says(&w->locks, "n_f_t T03 unlocked");
    assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
    w->scope.project.unlock = UNLOCK_NONE;
    must_run(w);
    says(&w->locks, "n_f_t T03");
    assert_int_equal(w->stats.locks.kept, 0);
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"created\""));
}

static void a_dead_lock_that_is_kept_is_told(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"gone\"");
    trigger(w, "u", ",\"executionId\":\"created\"");
    w->scope.project.unlock = UNLOCK_NONE;
    must_run(w);
    says(&w->locks, "n_f_t T01");
    says(&w->locks, "n_f_u T03");
    assert_int_equal(w->stats.locks.locked, 2);
    assert_int_equal(w->stats.locks.unlocked, 0);
    assert_int_equal(w->stats.locks.kept, 1);
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"gone\""));
    /* Nobody who wants no executions has them read for that. */
    w->scope.kinds = KIND_BIT(KIND_TRIGGER);
    must_run(w);
    assert_int_equal(lines(&w->locks), 0);
    assert_false(w->stats.ran);
}

/* Judged to go on, and then it is no record: nobody would release what it holds. */
static void a_lock_of_what_is_skipped_is_dead(void **state)
{
    static const char *const modes[] = { "as resumable", "as pending", "as all" };
    struct world            *w = *state;
    char                     json[2048];

    two_steps(w, "f");
    file_world_hit(w->files, EXECUTIONS, "stored-as-this",
                   write_execution(json, "named-so", "f", "CREATED", "", "").p);
    trigger(w, "key", ",\"executionId\":\"named-so\"");
    (void)write_execution(json, "faulty", "f", "CREATED", "", "");
    memcpy(strstr(json, "\"deleted\":false"), "\"deleted\":99999", 15);
    file_world_hit(w->files, EXECUTIONS, "faulty", json);
    trigger(w, "member", ",\"executionId\":\"faulty\"");
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        w->scope.project.executions = (enum executions_mode)(EXECUTIONS_RESUMABLE + (int)i);
        must_run(w);
        says(&w->told, "stored-as-this blocked");
        says(&w->told, "faulty blocked");
        assert_true(w->codes & CODE_BIT(CODE_EXECUTION_INVALID));
        says(&w->locks, "n_f_key T01 unlocked");
        says(&w->locks, "n_f_member T04 unlocked");
        assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
        assert_string_equal(strstr(records(w, KIND_EXECUTION), "faulty=") ? modes[i] : "", "");
    }
}

/* D04: a record that grows above the limit by its rewriting is told by the verdicts. */
static void what_is_rewritten_above_the_limit_is_not_promised(void **state)
{
    struct world *w = *state;
    char          json[2048];

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "t", ",\"executionId\":\"open\"");
    w->files->layout->message_max_bytes =
        write_execution(json, "open", "f", "RUNNING", run_of("a", "CREATED"), "").n + 40;
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "open blocked");
    says(&w->locks, "n_f_t T04 unlocked");
    assert_string_equal(records(w, KIND_EXECUTION), "");
    w->files->layout->message_max_bytes += 1000;
    must_run(w);
    says(&w->told, "open blocked sent rewritten");
    says(&w->locks, "n_f_t T03");
    w->files->layout->message_max_bytes -= 1041;
    must_run(w);
    assert_true(w->codes & CODE_BIT(CODE_RECORD_TOO_LARGE));
}

/* T11: of a lock that is kept, only what says that it was being evaluated goes. */
static void test_T11_evaluation_that_nobody_finishes_is_taken_away(void **state)
{
    struct world *w = *state;

    layout_free(w->files->layout);
    w->files->layout = layout_file("H1");
    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t",
            ",\"executionId\":\"created\",\"evaluateRunningDate\":"
            "\"2024-03-01T09:00:00Z\",\"workerId\":\"w\"");
    trigger(w, "u", ",\"evaluateRunningDate\":\"2024-03-01T09:00:00Z\"");
    trigger(w, "v", ",\"workerId\":\"w\"");
    must_run(w);
    says(&w->locks, "n_f_t T11 unlocked held");
    says(&w->locks, "n_f_u T11 unlocked");
    assert_int_equal(lines(&w->locks), 2);
    (void)records(w, KIND_TRIGGER);
    assert_null(strstr(w->files->keeper.text.p, "evaluateRunningDate"));
    assert_non_null(strstr(w->files->keeper.text.p, "\"executionId\":\"created\""));
}

static void test_T06_tick_that_was_executed_and_not_noted_is_told(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "",
              "\"trigger\":{\"id\":\"t\",\"type\":\"x\",\"variables\":{\"date\":"
              "\"2024-03-01T09:30:00Z\"}},");
    trigger(w, "t", "");
    trigger(w, "other", "");
    must_run(w);
    says(&w->locks, "n_f_t  behind");
    assert_int_equal(lines(&w->locks), 1);
    assert_int_equal(w->stats.locks.behind, 1);
    assert_int_equal(w->stats.locks.locked, 0);
}

/* restartability E34, E35: it has ended, but its listener has not run. */
static void an_ended_execution_whose_listener_is_open_goes_back(void **state)
{
    struct world *w = *state;

    file_world_hit(w->files, FLOWS, "n_l_1",
                   "{\"id\":\"l\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,\"tasks\":"
                   "[{\"id\":\"a\",\"type\":\"" BASH
                   "\"}],\"listeners\":[{\"tasks\":[{\"id\":\"b\","
                   "\"type\":\"" BASH "\"}]}]}");
    two_steps(w, "f");
    execution(w, "unheard", "l", "SUCCESS", run_of("a", "SUCCESS"), "");
    execution(w, "nobody", "l", "SUCCESS", run_of("a", "SUCCESS"), "");
    execution(w, "plain", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    trigger(w, "t", ",\"executionId\":\"unheard\"");
    trigger(w, "u", ",\"executionId\":\"plain\"");
    for (int parallel = 0; parallel < 2; parallel++) {
        const char *text;

        w->parallel = parallel == 1;
        must_run(w);
        says(&w->told, "unheard resumes sent");
        assert_int_equal(lines(&w->told), 1);
        says(&w->locks, "n_f_t T03");
        says(&w->locks, "n_f_u T02 unlocked");
        text = records(w, KIND_EXECUTION);
        assert_true(text_begins(text, "unheard={"));
        assert_null(strstr(text, "nobody="));
        assert_null(strstr(text, "plain="));
    }
}

static void many_locks_are_looked_up_in_bulk(void **state)
{
    struct world *w = *state;
    char          id[32];
    char          lock[64];

    two_steps(w, "f");
    for (int i = 0; i < 2500; i++) {
        (void)snprintf(id, sizeof(id), "e%d", i);
        if (i % 2 == 0)
            execution(w, id, "f", "SUCCESS", "", "");
        (void)snprintf(lock, sizeof(lock), ",\"executionId\":\"%s\"", id);
        (void)snprintf(id, sizeof(id), "t%d", i);
        trigger(w, id, lock);
    }
    must_run(w);
    assert_int_equal(w->stats.locks.by_code[LOCK_TERMINAL], 1250);
    assert_int_equal(w->stats.locks.by_code[LOCK_MISSING], 1250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGING_TEST(test_T01_lock_of_a_missing_execution_is_released),
        JUDGING_TEST(test_T02_lock_of_an_ended_execution_is_released),
        JUDGING_TEST(test_T03_lock_of_what_resumes_is_kept),
        JUDGING_TEST(test_T04_lock_of_what_hangs_is_released),
        JUDGING_TEST(test_T05_lock_of_a_paused_execution_is_released),
        JUDGING_TEST(a_trigger_without_a_lock_is_not_told),
        JUDGING_TEST(test_T08_no_row_is_made_up),
        JUDGING_TEST(test_T09_flow_last_is_sent_before_flows_and_triggers),
        JUDGING_TEST(test_T10_trigger_of_a_flow_that_is_gone_is_sent),
        JUDGING_TEST(test_T14_flow_last_is_the_highest_revision),
        JUDGING_TEST(a_lock_of_what_is_recovered_is_kept),
        JUDGING_TEST(a_lock_of_what_recovery_ends_is_dead),
        JUDGING_TEST(without_executions_every_lock_is_dead),
        JUDGING_TEST(unlock_all_and_none_ask_nobody),
        JUDGING_TEST(a_dead_lock_that_is_kept_is_told),
        JUDGING_TEST(a_lock_of_what_is_skipped_is_dead),
        JUDGING_TEST(what_is_rewritten_above_the_limit_is_not_promised),
        JUDGING_TEST(test_T11_evaluation_that_nobody_finishes_is_taken_away),
        JUDGING_TEST(test_T06_tick_that_was_executed_and_not_noted_is_told),
        JUDGING_TEST(an_ended_execution_whose_listener_is_open_goes_back),
        JUDGING_TEST(many_locks_are_looked_up_in_bulk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
