/*
 * test_verdict_model.c - verdicts against a model of the executor, over ten thousand executions that
 * no table foresaw (tests/data/model-cases.ndjson.gz; tests/support/model_cases.py).
 *
 * The model restates the executor of Kestra 0.6: what it does with the execution when it is sent
 * as it is to fresh topics, and workers answer every task with success. When does a verdict agree?
 *
 *   known     the model's first pass changes the execution          <-> finding.registered
 *   missing   the model waited for a flow revision                  <-> blocked and poison
 *   rests     nothing moves any more and the state is terminal or PAUSED
 *   clean     rests; no result was dropped; the executor did not fail; no task ran twice; no
 *             subflow was started for a call that has a child; no task run stays open
 *
 *   of an execution that is CREATED, RUNNING, RESTARTED or KILLING:
 *     clean                                  <-> resumes
 *     does not rest, or not cleanly          <-> blocked
 *     only a call of a missing flow failed    -> resumes, with subflow-target-missing
 *   of one that is PAUSED:
 *     never resumes; blocked                 <-> sent and then resumed by a person, it does not rest
 *                                                or results are dropped
 *   of one that has ended:
 *     resumes                                <-> listeners start and all of them end
 *     blocked                                <-> a listener was open and did not end
 *     else neither
 *
 * and for all of them: a task id that the model did not find has task-not-in-revision, a second child
 * has subflow-duplicate, and tasks that workers ran for an executor that did not know the execution
 * have a code that says so.
 *
 * Where a real Kestra was seen to do something else than the model, or where the verdict is careful
 * on purpose, a rule of `exceptions` says so. An exception that fits nothing fails the test too.
 */
#include "tests/support/model_case.h"
#include "tests/support/test.h"

#include "lib/store/filelines.h"
#include "tests/support/layout_files.h"

#define CASES 10000
#define SHOWN 40000 /* disagreements that are printed */

/* A case, and what is asked about it. */
struct seen {
    struct model_case model;
    struct execution  execution;
    struct flow_tree *tree;
    struct finding    finding;
    enum state        was;
    bool              missing, rests, clean;
    bool              again; /* a task run of the document is sent to workers twice */
    bool              twice; /* a second child is started */
    bool              waits; /* a task run is CREATED or RESTARTED */
    bool              left_open;    /* a task run that something waits for is open at the end */
    bool              timer_lost;   /* a Pause with a delay was PAUSED and still is */
    bool              calls_gone;   /* a call of a missing flow is about to start */
    bool              lost;         /* a leaf, Worker or call was running */
    bool              worker_child; /* a child of a running Worker waits to start */
    bool              listener_open, listener_starts;
    bool              moves;        /* of an ended one: more than its listeners */
};

struct tally {
    size_t cases, disagreements;
    size_t excused[16];
    size_t verdicts[VERDICT_COUNT];
    bool   quiet;
};

/* ---- what the model says ------------------------------------------------------------------- */

static size_t count_of(const struct slice *texts, size_t n, struct slice text)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++)
        found += slice_eq(texts[i], text);
    return found;
}

static bool has_child(const struct model_case *m, struct slice task)
{
    for (size_t i = 0; i < m->n_children; i++)
        if (slice_eq(m->children[i].task_id, task))
            return true;
    return false;
}

/* "task:STATE" */
static enum state state_of(struct slice run)
{
    const char *colon = memchr(run.p, ':', run.n);

    assert_non_null(colon);
    return state_parse(slice_of(colon + 1, run.n - (size_t)(colon + 1 - run.p)));
}

static struct slice task_id_of(struct slice run)
{
    const char *colon = memchr(run.p, ':', run.n);

    assert_non_null(colon);
    return slice_of(run.p, (size_t)(colon - run.p));
}

static bool is_open(enum state state)
{
    return !state_has_ended(state) && state != STATE_PAUSED;
}

static const struct task *task_of(const struct seen *s, struct slice id)
{
    uint32_t task = flow_tree_find(s->tree, id);

    return task == TASK_NONE ? NULL : &s->tree->tasks[task];
}

static bool is_listener(const struct seen *s, struct slice id)
{
    const struct task *t = task_of(s, id);

    while (t && t->parent != TASK_NONE)
        t = &s->tree->tasks[t->parent];
    return t && s->tree->branches[t->branch].kind == BRANCH_LISTENERS;
}

/* Is a flowable above the run ended in the end? Then nothing waits for the run. */
static bool is_moot(const struct seen *s, size_t run)
{
    for (size_t p = s->execution.runs[run].parent; p != RUN_NONE; p = s->execution.runs[p].parent)
        if (state_has_ended(state_of(s->model.runs[p])))
            return true;
    return state_has_ended(s->model.final);
}

/* Roles that are read again here, so that a finding does not vouch for itself. */
static void ask_role(struct seen *s, size_t i, const struct task *task)
{
    const struct task_run *run = &s->execution.runs[i];
    const struct task     *above = NULL;
    enum state             was = run->state.current;
    bool                   created = was == STATE_CREATED || was == STATE_RESTARTED;

    if (run->parent != RUN_NONE)
        above = task_of(s, s->execution.runs[run->parent].task_id);
    s->lost |= is_open(was) && !created &&
               (!task || task->type == TASK_WORKER || !task_is_flowable(task->type));
    s->worker_child |= created && above && above->type == TASK_WORKER;
    s->moves |= created && !is_listener(s, run->task_id);
    s->again |= created && count_of(s->model.dispatched, s->model.n_dispatched, run->task_id) > 1;
    s->twice |= created && count_of(s->model.created, s->model.n_created, run->task_id) > 1;
    s->waits |= created;
}

/* The runs of the document come first among those of the end, in the same order. */
static void ask_run(struct seen *s, size_t i)
{
    const struct task_run *run = &s->execution.runs[i];
    const struct task     *task = task_of(s, run->task_id);
    enum state             was = run->state.current, end = state_of(s->model.runs[i]);

    s->left_open |= is_open(end) && !is_moot(s, i);
    s->listener_open |= is_open(was) && is_listener(s, run->task_id);
    ask_role(s, i, task);
    if (!task)
        return;
    s->timer_lost |= task->type == TASK_PAUSE && task->has_delay && was == STATE_PAUSED &&
                     end == STATE_PAUSED && !is_moot(s, i);
    s->calls_gone |= task->type == TASK_SUBFLOW && slice_eq(task->sub_flow, SLICE("gone")) &&
                     (was == STATE_CREATED || was == STATE_RESTARTED);
}

static void ask(struct seen *s)
{
    const struct model_case *m = &s->model;

    s->was = s->execution.state.current;
    s->missing = m->waits > 0;
    s->rests = !m->looped && (state_has_ended(m->final) || m->final == STATE_PAUSED);
    for (size_t i = 0; i < m->n_created; i++)
        s->twice |= has_child(m, m->created[i]);
    for (size_t i = 0; i < s->execution.n_runs; i++)
        ask_run(s, i);
    for (size_t i = s->execution.n_runs; i < m->n_runs; i++) {
        const bool listener = is_listener(s, task_id_of(m->runs[i]));

        s->listener_starts |= listener;
        s->moves |= !listener;
    }
    s->clean = s->rests && m->dropped == 0 && !m->task_failure && !s->again && !s->twice &&
               !s->left_open && !(m->call_failure && s->calls_gone);
}

/* ---- when a verdict agrees ----------------------------------------------------------------- */

static bool has(const struct seen *s, enum code code)
{
    return (s->finding.codes & CODE_BIT(code)) != 0;
}

/* NULL: it agrees; else what it does not agree about. */
static const char *of_missing(const struct seen *s)
{
    if (s->finding.verdict != VERDICT_BLOCKED || !s->finding.poison)
        return "the revision is missing: blocked and poison";
    if (!has(s, s->execution.has_revision ? CODE_FLOW_REVISION_MISSING : CODE_EXECUTION_INVALID))
        return "the revision is missing: its code";
    return NULL;
}

static const char *of_going(const struct seen *s)
{
    enum verdict expected = VERDICT_BLOCKED;

    if (s->calls_gone && s->model.call_failure)
        return has(s, CODE_SUBFLOW_TARGET_MISSING) ? NULL : "a missing flow is called: its code";
    if (s->clean && s->was == STATE_KILLING && s->model.final == STATE_PAUSED)
        return s->finding.verdict != VERDICT_RESUMES ? NULL : "not killed but PAUSED: not resumes";
    if (s->clean)
        expected = s->timer_lost ? VERDICT_NEEDS_ACTION : VERDICT_RESUMES;
    if (s->finding.verdict == expected)
        return NULL;
    return !s->clean ? "hangs or harms: blocked" : s->timer_lost ? "a timer is lost: needs-action"
                                                                : "clean: resumes";
}

static const char *of_paused(const struct seen *s)
{
    const struct model_resumed *r = &s->model.sent;
    const bool blocked = s->finding.verdict == VERDICT_BLOCKED;
    const bool rests = state_has_ended(r->final) || r->final == STATE_PAUSED;

    if (s->finding.verdict == VERDICT_RESUMES)
        return "PAUSED: never resumes";
    if (!s->model.has_resumed)
        return NULL;
    if (rests && r->dropped == 0 && s->model.dropped == 0 && !blocked)
        return NULL;
    return blocked ? NULL : "PAUSED, hangs when resumed: blocked";
}

static const char *of_ended(const struct seen *s)
{
    const bool sent = has(s, CODE_LISTENER_PENDING);

    if (s->listener_open && s->finding.verdict != VERDICT_BLOCKED)
        return "an open listener: blocked";
    if (s->listener_open || (s->clean && s->listener_starts && !s->moves) == sent)
        return NULL;
    return sent ? "no listener starts, or not well" : "listeners start: listener-pending";
}

static const char *of_codes(const struct seen *s)
{
    const struct model_case *m = &s->model;

    if (s->missing || state_has_ended(s->was))
        return NULL;
    if (s->finding.registered != m->registered)
        return m->registered ? "registered" : "not registered";
    if (m->task_failure && !has(s, CODE_TASK_NOT_IN_REVISION))
        return "a task was not found: task-not-in-revision";
    if (s->twice && s->finding.verdict == VERDICT_RESUMES)
        return "a second child starts: not resumes";
    if (!m->registered && m->n_dispatched > 0 && s->finding.verdict != VERDICT_BLOCKED)
        return "tasks run for nothing: blocked";
    return NULL;
}

static const char *disagreement(const struct seen *s)
{
    const char *why = of_codes(s);

    if (why)
        return why;
    if (s->missing)
        return of_missing(s);
    if (state_has_ended(s->was))
        return of_ended(s);
    return s->was == STATE_PAUSED ? of_paused(s) : of_going(s);
}

/* ---- where they may differ ----------------------------------------------------------------- */

struct exception {
    const char *name;
    const char *reason;
    bool (*fits)(const struct seen *s);
};

/* handleChildWorkerCreatedKilling looks the task up, and the exception registers; the model does
 * not look. */
static bool killing_stranger(const struct seen *s)
{
    return s->was == STATE_KILLING && !s->model.registered && s->finding.registered &&
           has(s, CODE_TASK_NOT_IN_REVISION) && s->finding.verdict == VERDICT_BLOCKED;
}

static bool lost_yet_ends(const struct seen *s)
{
    return s->clean && s->lost && s->finding.verdict == VERDICT_BLOCKED &&
           (s->finding.lost || has(s, CODE_SUBFLOW_LINK_LOST));
}

static bool child_of_worker(const struct seen *s)
{
    return s->clean && s->worker_child && has(s, CODE_WORKER_GROUP_LOST);
}

/* Its end and the open task are of one pass. Only then, and only if nothing is purged (KILLED, or
 * listeners are to run), the task runs once. */
static bool open_at_its_end(const struct seen *s)
{
    return s->clean && s->waits && s->finding.registered &&
           (has(s, CODE_TASKRUN_NOT_JOINED) || has(s, CODE_KILLING_STUCK));
}

static bool child_without_call(const struct seen *s)
{
    return s->clean && has(s, CODE_SOURCE_STALE) && s->model.n_children > 0;
}

/* Does a flowable that was paused before hold a Pause that is PAUSED at the end? */
static bool paused_again(const struct seen *s)
{
    const struct model_resumed *r = &s->model.sent;
    enum state                  final = s->was == STATE_PAUSED ? r->final : s->model.final;
    size_t                      pauses = 0;

    for (uint32_t i = 0; i < s->tree->n_tasks; i++)
        pauses += s->tree->tasks[i].type == TASK_PAUSE;
    return final == STATE_RUNNING && pauses > 1 && !s->lost && s->model.dropped == 0 &&
           r->dropped == 0;
}

static const struct exception exceptions[] = {
    { "killing-stranger", "the model does not look up CREATED tasks while killing; Kestra does",
      killing_stranger },
    { "lost-yet-ends", "what lost a task is never sent by itself, even where its end does not wait",
      lost_yet_ends },
    { "child-of-worker", "run alone it would lack its Worker's folder; no Kestra leaves it so",
      child_of_worker },
    { "open-at-its-end", "where nothing is purged an open task runs once; nobody counts on it",
      open_at_its_end },
    { "child-without-call", "the document is older than a child; that the call never comes is luck",
      child_without_call },
    { "paused-again",
      "a flowable pauses a second time: its result is taken for a repetition, undisturbed too",
      paused_again },
    { NULL, NULL, NULL },
};

static bool excused(const struct seen *s, struct tally *t)
{
    for (size_t i = 0; exceptions[i].name; i++) {
        if (exceptions[i].fits(s)) {
            t->excused[i]++;
            return true;
        }
    }
    return false;
}

/* ---- the file ------------------------------------------------------------------------------ */

static bool flow_exists(void *ctx, struct slice tenant, struct slice namespace, struct slice id)
{
    (void)ctx;
    (void)tenant;
    (void)namespace;
    return !slice_eq(id, SLICE("gone"));
}

static void judge_case(const struct layout *l, struct seen *s, struct arena *a)
{
    struct facts facts = { .n_children = s->model.n_children,
                           .children = s->model.children,
                           .children_known = true,
                           .record_bytes = s->model.execution.n,
                           .flow_exists = flow_exists };
    struct err   err = ERR_INIT;

    if (!execution_read(s->model.execution, a, &s->execution, &err) ||
        !flow_tree_build(l, s->model.flow, NULL, NULL, &s->tree, &err))
        fail_msg("%s", err.msg);
    if (!s->execution.has_revision || s->execution.revision != s->tree->revision)
        facts.revision = REVISION_MISSING;
    verdict_of(l, &s->execution, facts.revision == REVISION_PRESENT ? s->tree : NULL, &facts, a,
               &s->finding);
}

static void show(uint64_t line, const struct seen *s, const char *why, const struct tally *t)
{
    const struct finding *f = &s->finding;

    if (t->quiet || t->disagreements > SHOWN)
        return;
    (void)fprintf(stderr, "line %llu, %s, %.*s: %s; model %s%s, verdict %s%s, codes",
                  (unsigned long long)line, state_name(s->was), (int)s->model.made.n,
                  s->model.made.p, why, state_name(s->model.final),
                  s->model.registered ? " registered" : "", verdict_name(f->verdict),
                  f->registered ? " registered" : "");
    for (int c = 0; c < CODE_COUNT; c++)
        if (f->codes & CODE_BIT(c))
            (void)fprintf(stderr, " %s", code_name((enum code)c));
    (void)fprintf(stderr, "\n");
}

/* spoil: what a test does to a finding, to see that it is noticed; NULL. */
static void count(uint64_t line, struct seen *s, void (*spoil)(struct finding *), struct tally *t)
{
    const char *why;

    if (spoil)
        spoil(&s->finding);
    ask(s);
    t->cases++;
    t->verdicts[s->finding.verdict]++;
    why = disagreement(s);
    if (why && !excused(s, t)) {
        t->disagreements++;
        show(line, s, why, t);
    }
}

static struct tally all_cases(const char *layout, void (*spoil)(struct finding *))
{
    struct tally      t = { .quiet = spoil != NULL };
    struct layout    *l = layout_file(layout);
    struct arena     *a = arena_new(1 << 16);
    struct filelines *lines = NULL;
    struct err        err = ERR_INIT;
    struct slice      line;
    char              path[4096];
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *root = getenv("REQUEUE_ROOT");

    (void)snprintf(path, sizeof(path), "%s/tests/data/model-cases.ndjson.gz", root ? root : ".");
    if (!filelines_open(path, &lines, &err))
        fail_msg("%s", err.msg);
    for (;;) {
        struct seen s = { 0 };

        if (!filelines_next(lines, &line, &err))
            fail_msg("%s", err.msg);
        if (!line.p)
            break;
        if (!model_case_read(line, a, &s.model, &err))
            fail_msg("%s", err.msg);
        judge_case(l, &s, a);
        count(filelines_number(lines), &s, spoil, &t);
        flow_tree_free(s.tree);
        arena_reset(a);
    }
    filelines_close(lines);
    arena_free(a);
    layout_free(l);
    return t;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void verdicts_agree_with_the_model(void **state)
{
    const struct tally t = all_cases("A", NULL);

    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++)
        (void)fprintf(stderr, "%s: %zu\n", verdict_name((enum verdict)v), t.verdicts[v]);
    for (size_t i = 0; exceptions[i].name; i++)
        (void)fprintf(stderr, "exception %s: %zu (%s)\n", exceptions[i].name, t.excused[i],
                      exceptions[i].reason);
    assert_int_equal(t.cases, CASES);
    assert_int_equal(t.disagreements, 0);
    for (size_t i = 0; exceptions[i].name; i++)
        assert_int_not_equal(t.excused[i], 0);
}

static void resume_all(struct finding *f)
{
    f->verdict = VERDICT_RESUMES;
}

static void block_all(struct finding *f)
{
    f->verdict = VERDICT_BLOCKED;
}

static void forget_all(struct finding *f)
{
    f->registered = !f->registered;
}

static void wrong_verdicts_are_noticed(void **state)
{
    (void)state;
    assert_true(all_cases("A", resume_all).disagreements > CASES / 3);
    assert_true(all_cases("A", block_all).disagreements > CASES / 8);
    assert_true(all_cases("A", forget_all).disagreements > CASES * 8 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_agree_with_the_model),
        cmocka_unit_test(wrong_verdicts_are_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
