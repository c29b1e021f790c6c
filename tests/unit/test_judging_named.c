/*
 * test_judging_named.c - executions that log lines and links name, on a dump as the store
 * (lib/store/named.h, lib/store/children.h): those that are lost (D02), and those that have ended
 * with a listener open (E35).
 */
#include "tests/support/judging_world.h"

#define LOGS "kestra_logs"

/* The newest time in an execution is 10:00:01. */
#define SOON   "2024-03-01T10:00:03.000Z"
#define BEFORE "2024-03-01T09:55:00.000Z"
#define LONG   "2024-03-01T09:40:00.000Z"

static void log_line(struct world *w, const char *namespace, const char *execution, const char *run,
                     const char *time, const char *message)
{
    static int n;
    char       id[32];
    char       json[1024];

    (void)snprintf(id, sizeof(id), "l%d", n++);
    (void)snprintf(json, sizeof(json),
                   "{\"namespace\":\"%s\",\"flowId\":\"f\",\"executionId\":\"%s\",%s%s%s"
                   "\"timestamp\":\"%s\",\"message\":\"%s\"}",
                   namespace, execution, run ? "\"taskRunId\":\"" : "", run ? run : "",
                   run ? "\"," : "", time, message);
    file_world_hit(w->files, LOGS, id, json);
}

/* A flow with a listener, and an execution of it that has ended while the listener ran. */
static void unheard(struct world *w, const char *id, const char *more)
{
    char runs[1100];

    file_world_hit(w->files, FLOWS, "n_l_1",
                   "{\"id\":\"l\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,\"tasks\":"
                   "[{\"id\":\"a\",\"type\":\"" BASH
                   "\"}],\"listeners\":[{\"tasks\":[{\"id\":\"b\","
                   "\"type\":\"" BASH "\"}]}]}");
    (void)snprintf(runs, sizeof(runs), "%s,%s", run_of("a", "SUCCESS"), run_of("b", "RUNNING"));
    execution(w, id, "l", "SUCCESS", runs, more);
}

/* ---- lost ------------------------------------------------------------------------------------ */

static void test_D02_what_only_logs_name_is_lost(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    execution(w, "ended", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    log_line(w, "n", "open", "r-a", SOON, "x");
    log_line(w, "n", "ended", "r-a", SOON, "x");
    log_line(w, "n", "gone", "r1", SOON, "x");
    log_line(w, "n", "gone", "r2", SOON, "x");
    log_line(w, "n", "gone-just-before", "r", BEFORE, "x");
    log_line(w, "n", "long-gone", "r", LONG, "x");
    log_line(w, "n", "of-no-task", NULL, SOON, "x");
    must_run(w);
    says(&w->told, "open blocked");
    assert_int_equal(lines(&w->told), 1);
    w->scope.with_logs = true;
    must_run(w);
    says(&w->told, "gone blocked");
    says(&w->told, "gone-just-before blocked");
    assert_int_equal(lines(&w->told), 3);
    assert_true(w->codes & CODE_BIT(CODE_EXECUTION_LOST));
    assert_int_equal(w->stats.pending.named, 4);
    assert_int_equal(w->stats.pending.lost, 2);
    assert_int_equal(w->stats.pending.executions, 1);
    assert_null(strstr(records(w, KIND_EXECUTION), "gone"));
}

static void what_is_not_selected_is_not_missed(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    log_line(w, "n.below", "gone", "r", SOON, "x");
    log_line(w, "nn", "gone-elsewhere", "r", SOON, "x");
    w->scope.with_logs = true;
    w->scope.namespace = "n";
    must_run(w);
    says(&w->told, "gone blocked");
    assert_int_equal(lines(&w->told), 2);
    /* A log line tells neither the start nor the state of its execution. */
    w->scope.since = "2024-01-01T00:00:00.000Z";
    must_run(w);
    assert_int_equal(lines(&w->told), 1);
}

static void many_names_are_looked_up_in_bulk(void **state)
{
    struct world *w = *state;
    char          id[32];

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    for (int i = 0; i < 2500; i++) {
        (void)snprintf(id, sizeof(id), "e%d", i);
        if (i % 2 == 0)
            execution(w, id, "f", "SUCCESS", "", "");
        log_line(w, "n", id, "r", SOON, "x");
    }
    w->scope.with_logs = true;
    must_run(w);
    assert_int_equal(w->stats.pending.named, 2500);
    assert_int_equal(w->stats.pending.lost, 1250);
    assert_int_equal(lines(&w->told), 1251);
}

/* ---- ended, with a listener open ------------------------------------------------------------- */

static void an_open_listener_that_logs_name_is_told_once(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    unheard(w, "unheard", "");
    pending(w, "open", "f", "a", "CREATED");
    log_line(w, "n", "unheard", "r-b", SOON, "x");
    trigger(w, "t", ",\"executionId\":\"unheard\"");
    w->scope.with_logs = true;
    must_run(w);
    says(&w->told, "unheard blocked");
    assert_int_equal(lines(&w->told), 2);
    assert_true(w->codes & CODE_BIT(CODE_LISTENER_STUCK));
    says(&w->locks, "n_f_t T02 unlocked");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "unheard blocked sent rewritten");
    assert_int_equal(lines(&w->told), 2);
    says(&w->locks, "n_f_t T03");
    assert_non_null(strstr(records(w, KIND_EXECUTION), "unheard={"));
}

static void an_open_listener_of_a_subflow_is_told(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"l\",\"wait\":true}");
    unheard(w, "child", STARTED_BY("parent"));
    pending(w, "parent", "f", "call", "CREATED");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "parent blocked sent rewritten");
    says(&w->told, "child blocked sent rewritten");
    assert_int_equal(lines(&w->told), 2);
}

/* ---- links ----------------------------------------------------------------------------------- */

static void parent_of(struct world *w, const char *child)
{
    char message[256];

    two_steps(w, "sub");
    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"sub\",\"wait\":true}");
    pending(w, "parent", "f", "call", "CREATED");
    (void)snprintf(message, sizeof(message),
                   "Create new execution for flow 'n'.'sub' with id '%s' from task 'call' and "
                   "taskrun 'r-call'",
                   child);
    log_line(w, "n", "parent", "r-call", BEFORE, message);
    w->scope.with_logs = true;
}

/* Its call had begun: to start it again has a price. */
static void a_child_that_only_a_link_names_is_lost(void **state)
{
    struct world *w = *state;

    parent_of(w, "child");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "parent blocked");
    says(&w->told, "child blocked");
    assert_int_equal(lines(&w->told), 2);
    assert_int_equal(w->stats.pending.lost, 1);
    assert_true(w->codes & CODE_BIT(CODE_TASK_MAY_RERUN));
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "parent blocked sent rewritten");
    /* Without logs nobody knows that it had. */
    w->scope.with_logs = false;
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "parent blocked sent rewritten");
    assert_int_equal(lines(&w->told), 1);
}

/* It does not say whose child it is; the link does. */
static void a_child_that_a_link_names_is_looked_up(void **state)
{
    struct world *w = *state;

    parent_of(w, "child");
    execution(w, "child", "sub", "CREATED", "", "");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "child resumes sent");
    says(&w->told, "parent blocked sent rewritten");
    assert_int_equal(lines(&w->told), 2);
    assert_int_equal(w->stats.pending.children, 1);
    assert_non_null(strstr(records(w, KIND_SUBFLOW_LINK), "child={"));
}

static void a_child_that_is_deleted_is_not_lost(void **state)
{
    struct world *w = *state;

    parent_of(w, "child");
    file_world_hit(w->files, EXECUTIONS, "child",
                   "{\"id\":\"child\",\"namespace\":\"n\",\"flowId\":\"sub\",\"flowRevision\":1,"
                   "\"state\":{\"current\":\"SUCCESS\",\"histories\":[]},\"deleted\":true}");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "parent blocked");
    assert_int_equal(lines(&w->told), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGING_TEST(test_D02_what_only_logs_name_is_lost),
        JUDGING_TEST(what_is_not_selected_is_not_missed),
        JUDGING_TEST(many_names_are_looked_up_in_bulk),
        JUDGING_TEST(an_open_listener_that_logs_name_is_told_once),
        JUDGING_TEST(an_open_listener_of_a_subflow_is_told),
        JUDGING_TEST(a_child_that_only_a_link_names_is_lost),
        JUDGING_TEST(a_child_that_a_link_names_is_looked_up),
        JUDGING_TEST(a_child_that_is_deleted_is_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
