/*
 * test_verdict_hostile.c - documents that nobody should write: a verdict for each, never a crash,
 * and never a time that grows faster than the document.
 */
#include "tests/support/verdict_world.h"

#include "tests/support/sample_docs.h"

#include "lib/base/clock.h"

#define AGAIN CODE(TASK_MAY_RERUN)

/* ---- odd ones ----------------------------------------------------------------------------- */

static void two_task_runs_with_one_id(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS) "," RUN("a", SUCCESS)));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(EXECUTION_INVALID));
    assert_false(w->f.poison);
    assert_string_equal(w->f.detail, "task run 1 has the id of an earlier one");
}

static void task_runs_that_are_each_others_parents(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(SEQ("s", LEAF("x"))),
          EXEC(RUNNING, UNDER("x", "s", RUNNING) "," UNDER("s", "x", RUNNING)));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(EXECUTION_INVALID));
    assert_true(w->f.poison);
}

static void a_task_run_whose_parent_is_not_there(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(SEQ("s", LEAF("x"))), EXEC(RUNNING, UNDER("s", "x", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
}

static void a_document_that_nothing_follows_from(void **state)
{
    struct world *w = *state;

    /* One task run too many: the executor counts them, and never comes to the end. */
    judge(w, FLOW(LEAF("a")), EXEC(RUNNING, RUN("a", SUCCESS) "," RUN_OF("r2", "a", SUCCESS, "")));
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(EXECUTION_INVALID));
    assert_string_equal(w->f.detail, "nothing follows from its task runs");
    assert_false(w->f.poison);
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN_OF("r", "\\u001b[2Jno\\npe", CREATED, "")));
    CHECK(w, ROW_F04, VERDICT_BLOCKED, CODE(TASK_NOT_IN_REVISION));
    for (const char *p = w->f.detail; *p; p++)
        assert_true((unsigned char)*p >= ' ');
}

static void a_long_text_is_cut(void **state)
{
    char          name[512];
    char          exec[2048];
    struct world *w = *state;

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    (void)snprintf(exec, sizeof(exec),
                   EXEC(RUNNING, "{\"id\":\"r\",\"taskId\":\"%s\",\"state\":" ST_CREATED "}"),
                   name);
    judge(w, ABC, exec);
    CHECK(w, ROW_F04, VERDICT_BLOCKED, CODE(TASK_NOT_IN_REVISION));
    assert_int_equal(strlen(w->f.detail), sizeof(w->f.detail) - 1);
}

/* ---- deep and long ------------------------------------------------------------------------ */

/* depth Sequentials one in another, then what is inside. */
static void deep_flow(struct buf *out, unsigned depth)
{
    buf_add(out, "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"tasks\":[");
    for (unsigned i = 0; i < depth; i++)
        buf_add(out, "{\"id\":\"s%u\",\"type\":\"" CORE "flows.Sequential\",\"tasks\":[", i);
    buf_add(out, LEAF("x"));
    for (unsigned i = 0; i < depth; i++)
        buf_add(out, "]}");
    buf_add(out, "]}");
}

static void deep_exec(struct buf *out, unsigned depth, const char *leaf)
{
    buf_add(out, "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                 "\"state\":" ST_RUNNING ",\"taskRunList\":[");
    for (unsigned i = 0; i < depth; i++)
        buf_add(
            out,
            "{\"id\":\"r%u\",\"taskId\":\"s%u\",\"parentTaskRunId\":\"r%d\",\"state\":" ST_RUNNING
            "},",
            i, i, (int)i - 1);
    buf_add(out, "{\"id\":\"rx\",\"taskId\":\"x\",\"parentTaskRunId\":\"r%u\",\"state\":%s}]}",
            depth - 1, leaf);
}

/* As deep as a JSON text may be (each level of tasks is two of JSON). */
static void a_flow_as_deep_as_it_gets(void **state)
{
    const unsigned depth = 120;
    struct world  *w = *state;
    struct buf     flow;
    struct buf     exec;

    buf_init(&flow, 1u << 20);
    buf_init(&exec, 1u << 20);
    deep_flow(&flow, depth);
    deep_exec(&exec, depth, ST_SUCCESS);
    judge(w, flow.p, exec.p);
    CHECK(w, ROW_E12, VERDICT_BLOCKED, CODE(FLOWABLE_NOT_JOINED));
    assert_int_equal(w->f.notes[0].run, depth - 1);
    assert_int_equal(w->f.n_notes, 1);
    buf_release(&exec);
    buf_release(&flow);
}

static double judge_seconds(struct world *w, const struct buf *flow, const struct buf *exec)
{
    int64_t begin;

    judge(w, flow->p, exec->p);
    begin = clock_cpu_ns();
    verdict_of(w->l, &w->e, w->tree, &w->facts, w->a, &w->f);
    return (double)(clock_cpu_ns() - begin) / 1e9;
}

/* n task runs below one Parallel of n tasks, all CREATED but one. */
static double wide(struct world *w, unsigned n)
{
    struct buf flow;
    struct buf exec;
    double     seconds;

    buf_init(&flow, 64u << 20);
    buf_init(&exec, 256u << 20);
    buf_add(&flow, "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"tasks\":[{\"id\":\"p\","
                   "\"type\":\"" CORE "flows.Parallel\",\"tasks\":[");
    buf_add(&exec, "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"state\":" ST_RUNNING ",\"taskRunList\":[" RUN("p", RUNNING));
    for (unsigned i = 0; i < n; i++) {
        buf_add(&flow, "%s{\"id\":\"t%u\",\"type\":\"x\"}", i ? "," : "", i);
        buf_add(&exec,
                ",{\"id\":\"r%u\",\"taskId\":\"t%u\",\"parentTaskRunId\":\"r-p\",\"state\":%s}", i,
                i, i ? ST_CREATED : ST_SUCCESS);
    }
    buf_add(&flow, "]}]}");
    buf_add(&exec, "]}");
    seconds = judge_seconds(w, &flow, &exec);
    CHECK(w, ROW_E14, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_int_equal(w->f.n_notes, n - 1);
    buf_release(&exec);
    buf_release(&flow);
    return seconds;
}

/* n calls of one task in an Each, and n children of which none says whose it is. */
static double many_children(struct world *w, unsigned n)
{
    struct child *children = mem_array(n, sizeof(*children));
    struct buf    flow;
    struct buf    exec;
    double        seconds;

    buf_init(&flow, 64u << 20);
    buf_init(&exec, 256u << 20);
    buf_add(&flow, "%s", FLOW(EACH("e", "{{ x }}", CALL("call", WAIT))));
    buf_add(&exec, "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"state\":" ST_RUNNING ",\"taskRunList\":[" RUN("e", RUNNING));
    for (unsigned i = 0; i < n; i++) {
        children[i] = (struct child){
            .id = { "C", 1 }, .task_id = { "call", 4 }, .state = STATE_FAILED, .ended = true
        };
        buf_add(&exec,
                ",{\"id\":\"r%u\",\"taskId\":\"call\",\"parentTaskRunId\":\"r-e\",\"state\":%s}", i,
                ST_RESTARTED);
    }
    buf_add(&exec, "]}");
    w->facts.children = children;
    w->facts.n_children = n;
    seconds = judge_seconds(w, &flow, &exec);
    assert_int_equal(w->f.verdict, VERDICT_BLOCKED);
    buf_release(&exec);
    buf_release(&flow);
    mem_free(children);
    return seconds;
}

static void the_time_grows_with_the_document_only(void **state)
{
    struct world *w = *state;
    double        first = wide(w, 2000);
    double        second = wide(w, 64000);

    print_message("%.3f ms for 2,000 task runs, %.3f ms for 64,000\n", first * 1e3, second * 1e3);
    /* Linear would be 32 times; quadratic 1,024. */
    assert_true(second < first * 200 + 0.05);
    second = many_children(w, 50000);
    print_message("%.3f ms for 50,000 calls and children that do not fit\n", second * 1e3);
    assert_true(second < 20);
}

/* n runs of one Dag of n tasks, each with a child running: what comes next would take n * n steps.
 */
static void a_search_that_takes_too_long_is_undecided(void **state)
{
    const unsigned n = 10000;
    struct world  *w = *state;
    struct buf     flow;
    struct buf     exec;
    double         seconds;

    buf_init(&flow, 64u << 20);
    buf_init(&exec, 64u << 20);
    world_band(w, "I");
    buf_add(&flow, "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"tasks\":[{\"id\":\"d\","
                   "\"type\":\"" CORE "flows.Dag\",\"tasks\":[{\"task\":" LEAF("x") "}");
    buf_add(&exec,
            "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,\"state\":%s,"
            "\"taskRunList\":[" RUN("a", SUCCESS),
            ST_RUNNING);
    for (unsigned i = 0; i < n; i++) {
        buf_add(&flow, ",{\"task\":{\"id\":\"t%u\",\"type\":\"x\"},\"dependsOn\":[\"x\"]}", i);
        buf_add(&exec, ",{\"id\":\"d%u\",\"taskId\":\"d\",\"state\":%s}", i, ST_RUNNING);
        buf_add(&exec,
                ",{\"id\":\"x%u\",\"taskId\":\"x\",\"parentTaskRunId\":\"d%u\",\"state\":%s}", i, i,
                ST_RUNNING);
    }
    buf_add(&flow, "]}]}");
    buf_add(&exec, "]}");
    seconds = judge_seconds(w, &flow, &exec);
    print_message("%.3f ms for %u runs of a Dag of %u tasks\n", seconds * 1e3, n, n);
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST) | CODE(FLOWABLE_UNDECIDABLE));
    assert_true(seconds < 20);
    buf_release(&exec);
    buf_release(&flow);
}

/* Ten task runs of a flow as flows are. */
static void a_verdict_costs_microseconds(void **state)
{
    static const char *const flow = FLOW(LEAF("a") "," SEQ(
        "s", LEAF("b") "," LEAF("c") "," PAR(
                 "p", LEAF("d") "," LEAF("e"))) "," WORKER("k", LEAF("f")) "," LEAF("g"));
    static const char *const exec = EXEC(
        RUNNING,
        RUN("a", SUCCESS) "," RUN("s", SUCCESS) "," UNDER("s", "b", SUCCESS) "," UNDER("s", "c", SUCCESS) "," UNDER(
            "s", "p",
            SUCCESS) "," UNDER("p", "d",
                               SUCCESS) "," UNDER("p", "e",
                                                  SUCCESS) "," RUN("k",
                                                                   SUCCESS) "," UNDER("k", "f",
                                                                                      SUCCESS) "," RUN("g",
                                                                                                       CREATED));
    const unsigned rounds = 20000;
    struct world  *w = *state;
    struct arena  *a = arena_new(1 << 16);
    double         us;
    int64_t        begin;

    judge(w, flow, exec);
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    begin = clock_cpu_ns();
    for (unsigned i = 0; i < rounds; i++) {
        arena_reset(a);
        verdict_of(w->l, &w->e, w->tree, &w->facts, a, &w->f);
    }
    us = (double)(clock_cpu_ns() - begin) / 1e3 / rounds;
    print_message("%.2f us a verdict\n", us);
    assert_true(us < 200); /* 3 on a machine with nothing else to do; sanitizers take more */
    arena_free(a);
}

/* ---- real ones ---------------------------------------------------------------------------- */

/* Each execution of the sample against each flow of it, right or wrong, in each band. */
static void no_execution_is_too_much_for_any_flow(void **state)
{
    static const char *const every[] = { "A", "B6", "D", "J" };
    struct world            *w = *state;
    struct arena            *a = arena_new(1 << 20);
    struct slice            *execs;
    struct slice            *flows;
    size_t                   n_execs = sample_docs(SAMPLE_SEARCH, "kestra_executions", a, &execs);
    size_t n_flows = sample_docs(SAMPLE_SEARCH, "kestra_flows_revisions", a, &flows);
    size_t judged = 0;

    for (size_t b = 0; b < COUNT_OF(every); b++) {
        world_band(w, every[b]);
        for (size_t i = 0; i < n_execs * n_flows; i += 37, judged++) {
            judge(w, arena_str(a, flows[i % n_flows]), arena_str(a, execs[i / n_flows]));
            assert_true(w->f.codes != 0);
        }
    }
    assert_true(judged > 500);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_task_runs_with_one_id),
        TEST(task_runs_that_are_each_others_parents),
        TEST(a_task_run_whose_parent_is_not_there),
        TEST(a_document_that_nothing_follows_from),
        TEST(control_characters_do_not_reach_a_terminal),
        TEST(a_long_text_is_cut),
        TEST(a_flow_as_deep_as_it_gets),
        TEST(the_time_grows_with_the_document_only),
        TEST(a_search_that_takes_too_long_is_undecided),
        TEST(a_verdict_costs_microseconds),
        TEST(no_execution_is_too_much_for_any_flow),
    };

    return RUN_TESTS(tests);
}
