/*
 * test_verdict_model.c - verdicts against a model of the executor, over ten thousand executions
 * that no table foresaw (tests/data/model-cases.ndjson.gz; tests/support/model_cases.py).
 *
 * The model restates the executor of Kestra 0.6: what it does with an execution that is sent as it
 * is to fresh topics, while workers answer every task with success. model_end.h says what is meant
 * by "clean" and the other words. A verdict agrees when
 *
 *   the flow revision is missing: it is blocked, poison, and has the code;
 *   else, of what has not ended:
 *     registered is what the model's first pass says;
 *     a task that was not found gives task-not-in-revision;
 *     a second child, or a task that runs for nothing, is never told to resume;
 *   of one that is CREATED, RUNNING, RESTARTED or KILLING:
 *     clean                            resumes
 *     clean, but a timer is lost       needs-action
 *     clean, but KILLING gets PAUSED   anything but resumes
 *     it calls a flow that is missing  any, with subflow-target-missing
 *     else                             blocked
 *   of one that is PAUSED:
 *     it never resumes, and is blocked if (and only if) it would hang or drop results when it was
 *     sent and a person resumed it;
 *   of one that has ended:
 *     listener-pending if (and only if) listeners start, nothing else does, and all is clean;
 *     blocked if a listener is open, and not one that goes on.
 *
 * Where Kestra does something else than the model, or where the verdict is careful on purpose, a
 * row of `exceptions` says so. An exception that fits nothing fails the test too.
 */
#include "tests/support/model_end.h"
#include "tests/support/test.h"

#include "lib/base/file.h"
#include "lib/store/filelines.h"
#include "tests/support/layout_files.h"

#define CASES 10000
#define SHOWN 40 /* disagreements that are printed */

/* A case, and what is said about it. */
struct seen {
    struct model_case model;
    struct execution  execution;
    struct flow_tree *tree;
    struct model_end  end;
    struct finding    finding;
};

/* What is done to each finding first, to see that a wrong one is noticed. */
enum how { AS_IT_IS, ALL_RESUME, ALL_BLOCKED, ALL_FORGOTTEN, HOW_COUNT };

struct tally {
    size_t cases, disagreements;
    size_t excused[16];
    size_t verdicts[VERDICT_COUNT];
};

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

    if (s->end.calls_gone && s->model.call_failure)
        return has(s, CODE_SUBFLOW_TARGET_MISSING) ? NULL : "a missing flow is called: its code";
    if (s->end.clean && s->end.was == STATE_KILLING && s->model.final == STATE_PAUSED)
        return s->finding.verdict != VERDICT_RESUMES ? NULL : "not killed but PAUSED: not resumes";
    if (s->end.clean)
        expected = s->end.timer_lost ? VERDICT_NEEDS_ACTION : VERDICT_RESUMES;
    if (s->finding.verdict == expected)
        return NULL;
    return !s->end.clean       ? "hangs or harms: blocked"
           : s->end.timer_lost ? "a timer is lost: needs-action"
                               : "clean: resumes";
}

static const char *of_paused(const struct seen *s)
{
    const struct model_resumed *r = &s->model.sent;
    const bool                  rests = state_has_ended(r->final) || r->final == STATE_PAUSED;
    const bool                  hangs =
        !rests || r->dropped > 0 || s->model.dropped > 0 || s->model.task_failure || s->end.twice;

    if (s->finding.verdict == VERDICT_RESUMES)
        return "PAUSED: never resumes";
    if (!s->model.has_resumed || hangs == (s->finding.verdict == VERDICT_BLOCKED))
        return NULL;
    return hangs ? "PAUSED, hangs when resumed: blocked" : "PAUSED, can be resumed: not blocked";
}

static const char *of_ended(const struct seen *s)
{
    const bool sent = has(s, CODE_LISTENER_PENDING);
    const bool well = s->end.clean && s->end.listener_starts && !s->end.moves;

    if (s->end.listener_open && !(sent && well) && s->finding.verdict != VERDICT_BLOCKED)
        return "an open listener: blocked";
    if (s->end.listener_open || well == sent)
        return NULL;
    return sent ? "no listener starts, or not well" : "listeners start: listener-pending";
}

static const char *of_codes(const struct seen *s)
{
    const struct model_case *m = &s->model;

    if (s->end.missing || state_has_ended(s->end.was))
        return NULL;
    if (s->finding.registered != m->registered)
        return m->registered ? "registered" : "not registered";
    if (m->task_failure && !has(s, CODE_TASK_NOT_IN_REVISION))
        return "a task was not found: task-not-in-revision";
    if (s->end.twice && s->finding.verdict == VERDICT_RESUMES)
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
    if (s->end.missing)
        return of_missing(s);
    if (state_has_ended(s->end.was))
        return of_ended(s);
    return s->end.was == STATE_PAUSED ? of_paused(s) : of_going(s);
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
    return s->end.was == STATE_KILLING && !s->model.registered && s->finding.registered &&
           has(s, CODE_TASK_NOT_IN_REVISION) && s->finding.verdict == VERDICT_BLOCKED;
}

static bool lost_yet_ends(const struct seen *s)
{
    return (s->end.clean || s->end.was == STATE_PAUSED) && s->end.lost &&
           s->finding.verdict == VERDICT_BLOCKED &&
           (s->finding.lost || has(s, CODE_SUBFLOW_LINK_LOST));
}

static bool child_of_worker(const struct seen *s)
{
    return s->end.clean && s->end.worker_child && has(s, CODE_WORKER_GROUP_LOST);
}

/* Its end and the open task are of one pass. Only then, and only if nothing is purged (KILLED, or
 * listeners are to run), the task runs once. */
static bool open_at_its_end(const struct seen *s)
{
    return s->end.clean && s->end.waits && s->finding.registered &&
           (has(s, CODE_TASKRUN_NOT_JOINED) || has(s, CODE_SUBFLOW_NOT_JOINED) ||
            has(s, CODE_KILLING_STUCK));
}

static bool child_without_call(const struct seen *s)
{
    return s->end.clean && has(s, CODE_SOURCE_STALE) && s->model.n_children > 0;
}

/* AllowFailure and killing take PAUSED for an end and go on. */
static bool pause_passed_over(const struct seen *s)
{
    return s->end.clean && !s->end.timer_lost && has(s, CODE_PAUSE_DELAY_LOST) &&
           s->finding.verdict == VERDICT_NEEDS_ACTION;
}

/* Runs of a flowable whose task is unknown are nobody's, and still sent; their tasks run again. */
static bool below_a_stranger(const struct seen *s)
{
    for (size_t i = 0; i < s->execution.n_runs; i++) {
        size_t p = s->execution.runs[i].parent;

        if (p != RUN_NONE && s->end.again &&
            flow_tree_find(s->tree, s->execution.runs[p].task_id) == TASK_NONE)
            return true;
    }
    return false;
}

static bool is_pause(const struct seen *s, struct slice id)
{
    uint32_t task = flow_tree_find(s->tree, id);

    return task != TASK_NONE && s->tree->tasks[task].type == TASK_PAUSE;
}

/* "task:STATE" */
static bool is_paused_pause(const struct seen *s, struct slice run)
{
    static const char suffix[] = ":PAUSED";
    const size_t      n = sizeof(suffix) - 1;

    return run.n > n && memcmp(run.p + run.n - n, suffix, n) == 0 &&
           is_pause(s, slice_of(run.p, run.n - n));
}

/* A flow with several Pauses hangs RUNNING while one of them is PAUSED. (Of one that was PAUSED the
 * file does not tell the task runs after the resume.) */
static bool paused_again(const struct seen *s)
{
    const bool was_paused = s->end.was == STATE_PAUSED;
    enum state final = was_paused ? s->model.sent.final : s->model.final;
    size_t     pauses = 0;
    bool       paused = was_paused;

    for (uint32_t i = 0; i < s->tree->n_tasks; i++)
        pauses += s->tree->tasks[i].type == TASK_PAUSE;
    for (size_t i = 0; i < s->model.n_runs; i++)
        paused |= is_paused_pause(s, s->model.runs[i]);
    return final == STATE_RUNNING && paused && pauses > 1 && !s->end.lost &&
           s->model.dropped == 0 && s->model.sent.dropped == 0;
}

static const struct exception exceptions[] = {
    { "killing-stranger", "the model does not look up CREATED tasks while killing; Kestra does",
      killing_stranger },
    { "child-of-worker", "run alone it would lack its Worker's folder; no Kestra leaves it so",
      child_of_worker },
    { "lost-yet-ends", "what lost a task is never sent by itself, even where its end does not wait",
      lost_yet_ends },
    { "open-at-its-end", "where nothing is purged an open task runs once; nobody counts on it",
      open_at_its_end },
    { "child-without-call", "the document is older than a child; that the call never comes is luck",
      child_without_call },
    { "pause-passed-over",
      "what holds the Pause goes on without it; the verdict waits all the same",
      pause_passed_over },
    { "below-a-stranger", "children of a task run whose task is unknown; no Kestra leaves it so",
      below_a_stranger },
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
    return !slice_eq(id, SLICE(MODEL_FLOW_GONE));
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

static void show(uint64_t line, const struct seen *s, const char *why)
{
    const struct finding *f = &s->finding;

    (void)fprintf(stderr, "line %llu, %s, %.*s: %s; model %s%s, verdict %s%s, codes",
                  (unsigned long long)line, state_name(s->end.was), (int)s->model.made.n,
                  s->model.made.p, why, state_name(s->model.final),
                  s->model.registered ? " registered" : "", verdict_name(f->verdict),
                  f->registered ? " registered" : "");
    for (int c = 0; c < CODE_COUNT; c++)
        if (f->codes & CODE_BIT(c))
            (void)fprintf(stderr, " %s", code_name((enum code)c));
    (void)fprintf(stderr, "\n");
}

static void spoil(struct finding *f, enum how how)
{
    switch (how) {
    case AS_IT_IS: break;
    case ALL_RESUME: f->verdict = VERDICT_RESUMES; break;
    case ALL_BLOCKED: f->verdict = VERDICT_BLOCKED; break;
    case ALL_FORGOTTEN: f->registered = !f->registered; break;
    case HOW_COUNT: break;
    }
}

static void count(uint64_t line, const struct seen *seen, enum how how, struct tally *t)
{
    struct seen s = *seen;
    const char *why;

    spoil(&s.finding, how);
    t->cases++;
    t->verdicts[s.finding.verdict]++;
    why = disagreement(&s);
    if (!why || excused(&s, t))
        return;
    t->disagreements++;
    if (how == AS_IT_IS && t->disagreements <= SHOWN)
        show(line, &s, why);
}

static void look_at(uint64_t number, struct slice line, const struct layout *l, struct arena *a,
                    struct tally *tallies)
{
    struct seen s = { 0 };
    struct err  err = ERR_INIT;

    if (!model_case_read(line, a, &s.model, &err))
        fail_msg("%s", err.msg);
    judge_case(l, &s, a);
    s.end = model_end_of(&s.model, &s.execution, s.tree);
    for (int how = 0; how < HOW_COUNT; how++)
        count(number, &s, (enum how)how, &tallies[how]);
    flow_tree_free(s.tree);
}

static int look_at_all(void **state)
{
    static struct tally tallies[HOW_COUNT];
    struct layout      *l = layout_file("A");
    struct arena       *a = arena_new(1 << 16);
    struct filelines   *lines = NULL;
    struct err          err = ERR_INIT;
    struct slice        line;
    char                path[4096];
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *root = getenv("REQUEUE_ROOT");

    *state = tallies;
    (void)snprintf(path, sizeof(path), "%s/tests/data/model-cases.ndjson.gz", root ? root : ".");
    if (!filelines_open(path, &lines, &err))
        fail_msg("%s", err.msg);
    for (;;) {
        if (!filelines_next(lines, &line, &err))
            fail_msg("%s", err.msg);
        if (!line.p)
            break;
        look_at(filelines_number(lines), line, l, a, tallies);
        arena_reset(a);
    }
    filelines_close(lines);
    arena_free(a);
    layout_free(l);
    return 0;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void verdicts_agree_with_the_model(void **state)
{
    const struct tally *t = (const struct tally *)*state + AS_IT_IS;

    for (int v = 0; v < VERDICT_COUNT; v++)
        (void)fprintf(stderr, "%s: %zu\n", verdict_name((enum verdict)v), t->verdicts[v]);
    for (size_t i = 0; exceptions[i].name; i++)
        (void)fprintf(stderr, "exception %s: %zu (%s)\n", exceptions[i].name, t->excused[i],
                      exceptions[i].reason);
    assert_int_equal(t->cases, CASES);
    assert_int_equal(t->disagreements, 0);
    for (size_t i = 0; exceptions[i].name; i++)
        assert_int_not_equal(t->excused[i], 0);
}

static void every_exception_is_explained(void **state)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *root = getenv("REQUEUE_ROOT");
    struct buf  docs;
    struct err  err = ERR_INIT;
    char        text[4096];

    (void)state;
    buf_init(&docs, 4u << 20);
    (void)snprintf(text, sizeof(text), "%s/docs/architecture.md", root ? root : ".");
    if (!file_read(text, &docs, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; exceptions[i].name; i++) {
        (void)snprintf(text, sizeof(text), "\n| `%s` | ", exceptions[i].name);
        if (!memmem(docs.p, docs.n, text, strlen(text)))
            fail_msg("docs/architecture.md does not explain %s", exceptions[i].name);
    }
    buf_release(&docs);
}

static void wrong_verdicts_are_noticed(void **state)
{
    const struct tally *t = *state;

    assert_true(t[ALL_RESUME].disagreements > CASES / 3);
    assert_true(t[ALL_BLOCKED].disagreements > CASES / 8);
    assert_true(t[ALL_FORGOTTEN].disagreements > CASES - CASES / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_agree_with_the_model),
        cmocka_unit_test(every_exception_is_explained),
        cmocka_unit_test(wrong_verdicts_are_noticed),
    };

    return cmocka_run_group_tests(tests, look_at_all, NULL);
}
