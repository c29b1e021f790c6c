/* test_recover_close.c - the FAILED rule: siblings of a failed task (seen on real ones, B.3). */
#include "tests/support/recover_world.h"

#define XYW LEAF("x") "," LEAF("y") "," LEAF("w")

/* A flowable p with children x, y, w in these states. */
static struct recover_world *three(const char *flow, const char *x, const char *y, const char *w3)
{
    struct recover_world *w = world_new("A", flow);

    world_run(w, "p", "p", NULL, "RUNNING");
    world_run(w, "x", "x", "p", x);
    world_run(w, "y", "y", "p", y);
    world_run(w, "w", "w", "p", w3);
    return w;
}

static const char *const parallels[] = {
    TASKS(FLOWABLE("p", "Parallel", XYW)),
    TASKS(FLOWABLE_WITH("p", "Parallel", "\"concurrent\":3", XYW)),
    TASKS(FLOWABLE_WITH("p", "EachParallel", "\"value\":\"[1]\"", XYW)),
    TASKS(FLOWABLE("p", "Parallel", XYW)) ",\"errors\":[]",
};

/* The execution is FAILED at once, and each later pass would send the open ones again. */
static void two_open_siblings_are_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(parallels); i++) {
        struct recover_world *w = three(parallels[i], "FAILED", "CREATED", "CREATED");

        world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:FAILED w:FAILED");
        assert_int_equal(w->after.runs[2].state.n_histories, 2);
        assert_int_equal(w->after.runs[2].state.histories[1].state, STATE_FAILED);
        assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP));
        world_free(w);
    }
}

static void one_open_sibling_is_not(void **state)
{
    struct recover_world *w = three(parallels[0], "FAILED", "CREATED", "SUCCESS");

    (void)state;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:CREATED w:SUCCESS");
    world_free(w);
    w = three(parallels[0], "FAILED", "RUNNING", "SUCCESS");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:RESTARTED w:SUCCESS");
    world_free(w);
}

static void lost_siblings_of_a_failed_one_do_not_run_again(void **state)
{
    struct recover_world *w = three(parallels[0], "FAILED", "RUNNING", "RUNNING");

    (void)state;
    w->runs[2].attempt = "RUNNING";
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:FAILED w:FAILED");
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP) | REMEDY_BIT(REMEDY_FAIL_LOST));
    assert_int_equal(w->after.runs[2].last_attempt.current, STATE_FAILED);
    assert_false(w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN));
    world_free(w);
}

static void failing_a_lost_one_closes_its_siblings(void **state)
{
    struct recover_world *w = three(parallels[0], "RUNNING", "CREATED", "CREATED");

    (void)state;
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED p:RUNNING x:FAILED y:FAILED w:FAILED");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED p:RUNNING x:RESTARTED y:CREATED w:CREATED");
    world_free(w);
    w = three(parallels[0], "RUNNING", "RUNNING", "CREATED"); /* one open one is left */
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED p:RUNNING x:FAILED y:FAILED w:CREATED");
    world_free(w);
}

static void what_gives_the_siblings_time_keeps_them(void **state)
{
    static const char *const flows[] = {
        TASKS(FLOWABLE("p", "Parallel", XYW)) ",\"errors\":[" LEAF("err") "]",
        TASKS(FLOWABLE_WITH("p", "Parallel", "\"errors\":[" LEAF("err") "]", XYW)),
        TASKS(FLOWABLE("p", "Sequential", XYW)),
        TASKS(FLOWABLE("p", "AllowFailure", XYW)),
        TASKS(FLOWABLE_WITH("p", "EachSequential", "\"value\":\"[1]\"", XYW)),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(flows); i++) {
        struct recover_world *w = three(flows[i], "FAILED", "RUNNING", "RUNNING");

        world_expect(w, RECOVER_ALL, LOST_RERUN,
                     "RESTARTED p:RUNNING x:FAILED y:RESTARTED w:RESTARTED");
        world_free(w);
    }
}

static void so_does_what_it_sits_in(void **state)
{
    static const char *const flows[] = {
        TASKS(FLOWABLE("o", "AllowFailure", FLOWABLE("p", "Parallel", XYW))),
        TASKS(FLOWABLE("o", "Sequential", FLOWABLE("p", "Parallel", XYW))),
        TASKS(FLOWABLE_WITH("o", "Parallel", "\"errors\":[" LEAF("err") "]",
                            FLOWABLE("p", "Parallel", XYW))),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(flows); i++) {
        struct recover_world *w = three(flows[i], "FAILED", "RUNNING", "RUNNING");

        world_run(w, "o", "o", NULL, "RUNNING");
        w->runs[0].parent = "o";
        world_expect(w, RECOVER_ALL, LOST_RERUN,
                     "RESTARTED p:RUNNING x:FAILED y:RESTARTED w:RESTARTED o:RUNNING");
        world_free(w);
    }
}

#define NESTED                                                                                     \
    TASKS(FLOWABLE("o", "Parallel",                                                                \
                   FLOWABLE("p", "Parallel",                                                       \
                            LEAF("x") "," FLOWABLE("s", "Sequential", LEAF("y")) "," FLOWABLE(     \
                                "k", "Worker", LEAF("v") "," LEAF("u"))) "," LEAF("z")))

/* Flowables and Workers below it too; what is above or beside it not. */
static void everything_below_is_closed_and_nothing_above(void **state)
{
    struct recover_world *w = world_new("A", NESTED);

    (void)state;
    world_run(w, "o", "o", NULL, "RUNNING");
    world_run(w, "p", "p", "o", "RUNNING");
    world_run(w, "x", "x", "p", "FAILED");
    world_run(w, "s", "s", "p", "RUNNING");
    world_run(w, "y", "y", "s", "CREATED");
    world_run(w, "k", "k", "p", "RUNNING");
    world_run(w, "v", "v", "k", "SUCCESS");
    world_run(w, "u", "u", "k", "RUNNING");
    world_run(w, "z", "z", "o", "CREATED");
    world_expect(w, RECOVER_ALL, LOST_RERUN,
                 "RESTARTED o:RUNNING p:RUNNING x:FAILED s:FAILED y:FAILED k:FAILED v:SUCCESS "
                 "u:FAILED z:CREATED");
    world_expect(w, RECOVER_ALL, LOST_FAIL,
                 "RESTARTED o:RUNNING p:RUNNING x:FAILED s:FAILED y:FAILED k:FAILED v:SUCCESS "
                 "u:FAILED z:CREATED");
    world_free(w);
}

/* Nobody is KILLED: the executor goes on with the next task after a KILLED one. */
static void a_call_among_them_gets_no_link(void **state)
{
    static const char *const flow = TASKS(FLOWABLE(
        "p", "Parallel",
        LEAF("x") "," LEAF("y") ",{\"id\":\"w\",\"type\":\"io.kestra.core.tasks.flows.Flow\","
                                "\"namespace\":\"n\",\"flowId\":\"sub\",\"wait\":true}"));
    struct recover_world    *w = three(flow, "FAILED", "CREATED", "CREATED");

    (void)state;
    world_child(w, "c1", "w", STATE_RUNNING);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:FAILED w:FAILED");
    assert_int_equal(w->r.n_links, 0);
    assert_false(w->r.remedies & REMEDY_BIT(REMEDY_LINK_SUBFLOW));
    world_free(w);
}

/* An answer that fails its call is a FAILED child like any other. */
static void a_transmitted_failure_closes_too(void **state)
{
    static const char *const flow =
        TASKS(FLOWABLE("p", "Parallel",
                       LEAF("x") "," LEAF("y") ",{\"id\":\"w\",\"type\":"
                                               "\"io.kestra.core.tasks.flows.Flow\",\"namespace\":"
                                               "\"n\",\"flowId\":\"sub\",\"wait\":true,"
                                               "\"transmitFailed\":true}"));
    struct recover_world *w = three(flow, "CREATED", "CREATED", "CREATED");

    (void)state;
    world_child(w, "c1", "w", STATE_FAILED);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED p:RUNNING x:FAILED y:FAILED w:FAILED");
    assert_true(slice_eq(w->after.runs[3].outputs_execution, SLICE("c1")));
    world_free(w);
}

static void other_states_close_nothing(void **state)
{
    static const char *const ends[] = { "KILLED", "WARNING", "SUCCESS" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct recover_world *w = three(parallels[0], ends[i], "CREATED", "CREATED");

        world_recover(w, RECOVER_SAFE, LOST_RERUN);
        assert_true(w->r.emit);
        assert_int_equal(w->r.n_changes, 2);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_open_siblings_are_closed),
        cmocka_unit_test(one_open_sibling_is_not),
        cmocka_unit_test(lost_siblings_of_a_failed_one_do_not_run_again),
        cmocka_unit_test(failing_a_lost_one_closes_its_siblings),
        cmocka_unit_test(what_gives_the_siblings_time_keeps_them),
        cmocka_unit_test(so_does_what_it_sits_in),
        cmocka_unit_test(everything_below_is_closed_and_nothing_above),
        cmocka_unit_test(a_call_among_them_gets_no_link),
        cmocka_unit_test(a_transmitted_failure_closes_too),
        cmocka_unit_test(other_states_close_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
