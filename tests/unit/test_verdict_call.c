/*
 * test_verdict_call.c - verdicts on executions that call subflows: rows E18 to E21, E38, H04, H05,
 * F09.
 */
#include "tests/support/verdict_world.h"

static const struct child pending_child = { .id = { "C", 1 },
                                            .task_id = { "call", 4 },
                                            .state = STATE_RUNNING };
static const struct child ended_child = {
    .id = { "C", 1 }, .task_id = { "call", 4 }, .state = STATE_SUCCESS, .ended = true
};

static void with_child(struct world *w, const struct child *c)
{
    w->facts.children = c;
    w->facts.n_children = c ? 1 : 0;
}

#define WAITS    FLOW(CALL("call", WAIT) "," LEAF("z"))
#define NO_WAITS FLOW(CALL("call", NO_WAIT) "," LEAF("z"))

static void test_E18_child_of_a_waiting_call_would_start_twice(void **state)
{
    const uint64_t codes = CODE(SUBFLOW_DUPLICATE) | CODE(SUBFLOW_LINK_LOST);
    struct world  *w = *state;

    with_child(w, &pending_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_E18, VERDICT_BLOCKED, codes);
    assert_int_equal(w->f.notes[0].role, ROLE_CALL);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_LINK_SUBFLOW));
    with_child(w, &ended_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_E18, VERDICT_BLOCKED, codes);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_FINISH_SUBFLOW));
    /* Registered or not: a second child is a second child. */
    judge(w, WAITS, EXEC(RESTARTED, RUN("call", CREATED)));
    CHECK(w, ROW_E18, VERDICT_BLOCKED, codes);
}

static void a_call_with_outputs_cannot_be_finished_for_it(void **state)
{
    struct world *w = *state;

    with_child(w, &ended_child);
    judge(w, FLOW(CALL("call", WAIT ",\"outputs\":{\"o\":\"{{ outputs.x }}\"}")),
          EXEC(RUNNING, RUN("call", CREATED)));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_LINK_SUBFLOW));
}

static void test_E19_child_would_start_and_not_be_heard(void **state)
{
    struct world *w = *state;

    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_E19, VERDICT_BLOCKED, CODE(SUBFLOW_NOT_JOINED));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_R_WRAP));
    judge(w, WAITS, EXEC(RESTARTED, RUN("call", CREATED)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, 0);
}

static void a_call_at_the_end_of_its_execution_is_not_heard(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(LEAF("a") "," CALL("call", WAIT)),
          EXEC(RUNNING, RUN("a", FAILED) "," RUN("call", CREATED)));
    CHECK(w, ROW_E19, VERDICT_BLOCKED, CODE(SUBFLOW_NOT_JOINED) | CODE(FLOW_TRIGGER_REFIRE));
}

static void children_that_nobody_looked_for_block(void **state)
{
    struct world *w = *state;

    w->facts.children_known = false;
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_non_null(strstr(w->f.detail, "not looked for"));
}

static void test_E20_call_that_does_not_wait(void **state)
{
    struct world *w = *state;

    judge(w, NO_WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_E20, VERDICT_BLOCKED, CODE(SUBFLOW_NOT_JOINED));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_R_WRAP));
    with_child(w, &pending_child);
    judge(w, NO_WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_E20, VERDICT_BLOCKED, CODE(SUBFLOW_DUPLICATE));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_FINISH_SUBFLOW));
}

static void test_E21_pending_child_of_a_waiting_call(void **state)
{
    struct world *w = *state;

    with_child(w, &pending_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, ROW_E21, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_LINK_SUBFLOW));
    assert_false(row_has(&w->f.rows, ROW_E38));
}

static void test_E38_ended_child_of_a_waiting_call(void **state)
{
    struct world *w = *state;

    with_child(w, &ended_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, ROW_E38, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_FINISH_SUBFLOW));
}

static void a_running_call_without_a_child_starts_again(void **state)
{
    struct world *w = *state;

    judge(w, WAITS, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_RERUN_LOST));
}

static void test_H04_running_call_waits_for_ever(void **state)
{
    struct world *w = *state;

    world_band(w, "B6");
    with_child(w, &pending_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, ROW_H04, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_LINK_SUBFLOW));
    /* CREATED: it has not been started, and starting it registers the parent. */
    with_child(w, NULL);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, NO_ROW, VERDICT_RESUMES, 0);
    assert_true(w->f.registered);
    w->facts.children_known = false;
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, NO_ROW, VERDICT_RESUMES, 0);
    /* Unless the document is behind. */
    w->facts.children_known = true;
    with_child(w, &pending_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_H04, VERDICT_BLOCKED, CODE(SUBFLOW_DUPLICATE) | CODE(SUBFLOW_LINK_LOST));
}

static void test_H05_for_each_item_cannot_be_linked(void **state)
{
    static const char *const flow =
        FLOW(TASK("call", "flows.ForEachItem",
                  ",\"items\":\"{{ inputs.f }}\",\"namespace\":\"n\",\"flowId\":\"sub\""));
    struct world *w = *state;

    world_band(w, "D");
    with_child(w, &ended_child);
    judge(w, flow, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, ROW_H05, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST));
    assert_int_equal(w->f.notes[0].role, ROLE_CALL);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_START_AGAIN));
}

/* Only n.sub is there. */
static bool is_there(void *ctx, struct slice tenant, struct slice namespace, struct slice id)
{
    (*(size_t *)ctx)++;
    return tenant.n == 0 && slice_eq(namespace, SLICE("n")) && slice_eq(id, SLICE("sub"));
}

static void test_F09_target_of_a_call_is_missing(void **state)
{
    static const char *const flow =
        FLOW(TASK("call", "flows.Flow", ",\"namespace\":\"n\",\"flowId\":\"gone\"" WAIT));
    struct world *w = *state;
    size_t        asked = 0;

    w->facts.flow_exists = is_there;
    w->facts.ctx = &asked;
    judge(w, flow, EXEC(RUNNING, RUN("call", CREATED)));
    CHECK(w, ROW_F09, VERDICT_RESUMES, CODE(SUBFLOW_TARGET_MISSING));
    assert_true(w->f.registered); /* by its exception */
    assert_true(can(w, REMEDY_SUPPLY_FLOW));
    assert_non_null(strstr(w->f.detail, "n.gone"));
    judge(w, flow, EXEC(CREATED, ""));
    CHECK(w, ROW_F09, VERDICT_RESUMES, CODE(SUBFLOW_TARGET_MISSING));
    judge(w, flow, EXEC(RUNNING, RUN("call", SUCCESS)));
    assert_false(row_has(&w->f.rows, ROW_F09));
    judge(w, WAITS, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    assert_true(asked > 2);
}

static bool is_there_for_t(void *ctx, struct slice tenant, struct slice namespace, struct slice id)
{
    (void)ctx;
    (void)namespace;
    (void)id;
    return slice_eq(tenant, SLICE("t"));
}

static void a_target_is_looked_for_where_the_call_says(void **state)
{
    struct world *w = *state;

    world_band(w, "I");
    w->facts.flow_exists = is_there_for_t;
    judge(w, FLOW_OF("\"tenantId\":\"t\",", CALL("call", WAIT)),
          EXEC_OF(CREATED, "\"tenantId\":\"t\",", ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    judge(w, FLOW_OF("\"tenantId\":\"t\",", CALL("call", WAIT ",\"tenantId\":\"u\"")),
          EXEC_OF(CREATED, "\"tenantId\":\"t\",", ""));
    CHECK(w, ROW_F09, VERDICT_RESUMES, CODE(SUBFLOW_TARGET_MISSING));
    judge(w, FLOW(CALL("call", WAIT)), EXEC_OF(CREATED, "\"tenantId\":\"t\",", ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
}

static void a_restarted_call_starts_a_new_child_by_right(void **state)
{
    struct child  failed = ended_child;
    struct world *w = *state;

    failed.state = STATE_FAILED;
    with_child(w, &failed);
    judge(w, WAITS, EXEC(RESTARTED, RUN("call", RESTARTED)));
    CHECK(w, ROW_E27, VERDICT_RESUMES, 0);
    /* One that succeeded would have ended the call. */
    with_child(w, &ended_child);
    judge(w, WAITS, EXEC(RESTARTED, RUN("call", RESTARTED)));
    CHECK(w, ROW_E18, VERDICT_BLOCKED, CODE(SUBFLOW_DUPLICATE) | CODE(SUBFLOW_LINK_LOST));
}

static void a_child_belongs_to_the_call_that_names_it(void **state)
{
    static const char *const flow = FLOW(EACH("e", "[1, 2]", CALL("call", WAIT)));
    struct world            *w = *state;

    with_child(w, &ended_child);
    judge(w, flow,
          EXEC(RUNNING, RUN("e", RUNNING) "," RUN_OF(
                            "r1", "call", SUCCESS,
                            ",\"parentTaskRunId\":\"r-e\",\"outputs\":{"
                            "\"executionId\":\"C\"}") "," ITEM("e", "call", "2", CREATED)));
    CHECK(w, ROW_E19, VERDICT_BLOCKED, CODE(SUBFLOW_NOT_JOINED));
}

static void a_child_that_the_document_does_not_know_yet(void **state)
{
    struct world *w = *state;

    with_child(w, &pending_child);
    judge(w, FLOW(LEAF("a") "," CALL("call", WAIT)), EXEC(RUNNING, RUN("a", SUCCESS)));
    CHECK(w, ROW_D01, VERDICT_BLOCKED, CODE(SUBFLOW_DUPLICATE) | CODE(SOURCE_STALE));
    /* A killing that becomes FAILED instead goes on with the Parallel, and calls once more. */
    judge(w, FLOW(LEAF("a") "," PAR("p", CALL("call", WAIT))),
          EXEC(KILLING, RUN("a", FAILED) "," RUN("p", RUNNING)));
    CHECK(w, ROW_E29, VERDICT_BLOCKED,
          CODE(SUBFLOW_DUPLICATE) | CODE(SOURCE_STALE) | CODE(KILLING_STUCK));
    assert_true(can(w, REMEDY_KILL_OPEN));
}

static void a_cycle_of_subflows_is_blocked(void **state)
{
    struct world *w = *state;

    w->facts.cycle = true;
    with_child(w, &pending_child);
    judge(w, WAITS, EXEC(RUNNING, RUN("call", RUNNING)));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(SUBFLOW_LINK_LOST) | CODE(SUBFLOW_CYCLE));
}

static void a_subflow_with_an_expression_is_undecided(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(TASK("call", "flows.Flow", ",\"namespace\":\"n\",\"flowId\":\"{{ x }}\"" WAIT)),
          EXEC(RESTARTED, RUN("call", CREATED)));
    CHECK(w, ROW_E27, VERDICT_UNDECIDED, CODE(FLOWABLE_UNDECIDABLE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_E18_child_of_a_waiting_call_would_start_twice),
        TEST(a_call_with_outputs_cannot_be_finished_for_it),
        TEST(test_E19_child_would_start_and_not_be_heard),
        TEST(a_call_at_the_end_of_its_execution_is_not_heard),
        TEST(children_that_nobody_looked_for_block),
        TEST(test_E20_call_that_does_not_wait),
        TEST(test_E21_pending_child_of_a_waiting_call),
        TEST(test_E38_ended_child_of_a_waiting_call),
        TEST(a_running_call_without_a_child_starts_again),
        TEST(test_H04_running_call_waits_for_ever),
        TEST(test_H05_for_each_item_cannot_be_linked),
        TEST(test_F09_target_of_a_call_is_missing),
        TEST(a_target_is_looked_for_where_the_call_says),
        TEST(a_restarted_call_starts_a_new_child_by_right),
        TEST(a_child_belongs_to_the_call_that_names_it),
        TEST(a_child_that_the_document_does_not_know_yet),
        TEST(a_cycle_of_subflows_is_blocked),
        TEST(a_subflow_with_an_expression_is_undecided),
    };

    return RUN_TESTS(tests);
}
