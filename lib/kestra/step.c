/*
 * step.c - one pass of the executor (step.h), in the order of ExecutorService.process:
 * handleRestart, handleEnd, handleKilling, handleNext, handleChildNext, handleListeners,
 * handleWorkerTask, handleChildWorkerTaskResult, handleFlowTask (kestra/restartability.md 1.2).
 */
#include "lib/kestra/step.h"

#include "lib/kestra/step_list.h"

/* Searches that a hostile flow could make quadratic stop here. */
#define STEP_BUDGET UINT64_C(20000000)

static enum answer answer_or(enum answer a, enum answer b)
{
    return a > b ? a : b;
}

unsigned states_ended(const struct layout *l)
{
    unsigned ended = l->executor.paused_ends ? STATE_BIT(STATE_PAUSED) : 0;

    for (size_t i = 0; i < l->terminal.n; i++)
        ended |= STATE_BIT(state_parse(slice_str(l->terminal.items[i])));
    return ended & ~STATE_BIT(STATE_UNKNOWN);
}

/* ---- flowables ---- */

/* A Pause pauses once: when it runs for the first time, not when it was resumed. */
static bool pauses_now(const struct run_state *state)
{
    size_t n = state->n_histories;

    return state->current == STATE_RUNNING &&
           (n < 2 || state->histories[n - 2].state != STATE_PAUSED);
}

static const struct task *flowable_of(const struct step *s, size_t run)
{
    uint32_t task = s->map.task[run];

    if (task == TASK_NONE)
        return NULL;
    if (s->t->tasks[task].type == TASK_TEMPLATE)
        return s->t->tasks[task].n_branches > 0 ? &s->t->tasks[task] : NULL;
    return task_is_flowable(s->t->tasks[task].type) ? &s->t->tasks[task] : NULL;
}

static enum answer child_next(struct step *s, size_t run, const struct task *task,
                              const struct level *l, const struct list *now)
{
    if (task->type == TASK_PAUSE && pauses_now(&s->e->runs[run].state))
        return ANSWER_NO;
    /* A worker runs its children in one job: the executor adds none of them, only those of its
     * errors branch (seen B.4, E11). */
    if (task->type == TASK_WORKER)
        return level_tally(s, l, l->tasks).states & s->failed ? list_next(now) : ANSWER_NO;
    if (task->type == TASK_PARALLEL || task->type == TASK_EACH_PARALLEL || task->type == TASK_DAG)
        return list_next_parallel(s, l, now, task);
    return list_next(now);
}

/* Kestra's resolveState. */
static void resolve(struct step *s, size_t run, const struct task *task, const struct level *l,
                    const struct list *now)
{
    struct step_run *r = &s->runs[run];
    struct tally     tasks = level_tally(s, l, l->tasks);
    enum answer      ended = list_ended(now);

    if (task->type == TASK_PAUSE && pauses_now(&s->e->runs[run].state)) {
        r->result = RESULT_PAUSES;
        return;
    }
    /* Resumed, a Pause without tasks (of later Kestras) is done. */
    if (task->type == TASK_PAUSE && !l->tasks) {
        r->result = RESULT_ENDS;
        return;
    }
    /* Nothing to do: only a failure ends it, when there is no errors branch. A Switch that has no
     * case for its value fails. */
    if (now->size == 0 && !now->unknown)
        ended = tasks.states & s->failed || (l->nothing && now->is_tasks) ? ANSWER_YES : ANSWER_NO;
    if (now->unknown)
        ended = ANSWER_UNKNOWN;
    /* A LoopUntil that has gone round gets a result in any case: its end, or the wait before the
     * next round. */
    if (ended != ANSWER_NO)
        r->result = ended == ANSWER_YES ? RESULT_ENDS : RESULT_UNKNOWN;
}

/* What running flowables compute: their next children and their own result. */
static void step_flowables(struct step *s, bool nexts)
{
    for (size_t i = 0; i < s->e->n_runs; i++) {
        const struct task *task;
        enum answer       *next;
        struct level       l;
        struct list        now;

        if (!state_is_running(s->e->runs[i].state.current))
            continue;
        task = flowable_of(s, i);
        if (!task)
            continue;
        l = level_of(s, i);
        now = list_now(s, &l);
        next = task_is_listener(s->t, s->map.task[i]) ? &s->next_late : &s->next_child;
        if (nexts)
            *next = answer_or(*next, child_next(s, i, task, &l, &now));
        resolve(s, i, task, &l, &now);
    }
}

/* ---- the execution ---- */

static void step_end(struct step *s, const struct level *flow, const struct list *now)
{
    if (now->unknown || list_ended(now) != ANSWER_YES)
        return;
    s->end = true;
    s->end_state = guess_state(level_tally(s, flow, flow->tasks).states);
    s->now = s->end_state;
}

/* Up to 0.13 a killing waits for every running task of the flow and every created one. */
static void step_kill(struct step *s, const struct layout *l, const struct list *now)
{
    if (s->now != STATE_KILLING)
        return;
    for (size_t i = 0; i < s->e->n_runs && !l->executor.kills_at_once; i++)
        if (state_is_created(s->e->runs[i].state.current))
            return;
    if (now->tally.running > 0 && !l->executor.kills_at_once)
        return;
    s->killed = true;
    s->now = STATE_KILLED;
}

static void step_next(struct step *s, const struct layout *l)
{
    struct level flow = level_of(s, RUN_NONE);
    struct list  now = list_now(s, &flow);
    bool         may_end = !(s->ended & STATE_BIT(s->now)) && s->now != STATE_PAUSED &&
                   s->now != STATE_RETRYING && s->now != STATE_QUEUED;
    bool nexts;

    if (may_end)
        step_end(s, &flow, &now);
    step_kill(s, l, &now);
    nexts = s->now != STATE_KILLING && s->now != STATE_KILLED && s->now != STATE_QUEUED;
    if (nexts) {
        s->next_own = list_next(&now);
        s->own_left = now.tally.n < now.size || now.open || now.unknown;
        s->next_errors = s->next_own != ANSWER_NO && !now.is_tasks;
    }
    step_flowables(s, nexts);
}

static void step_listeners(struct step *s)
{
    const struct branch *branch = flow_tree_branch(s->t, TASK_NONE, BRANCH_LISTENERS);
    struct level         flow = { .run = RUN_NONE, .tasks = branch };
    struct list          now;

    if (!branch || !(s->ended & STATE_BIT(s->now)))
        return;
    now = list_plain(s, &flow);
    if (now.tally.created > 0 || now.tally.running > 0)
        return;
    s->next_listener = now.tally.n < now.size ? ANSWER_YES : ANSWER_NO;
    for (uint32_t i = branch->first; i < branch->first + branch->n; i++)
        if (s->t->tasks[i].conditional && s->next_listener == ANSWER_YES)
            s->next_listener = ANSWER_UNKNOWN;
}

/* Open task runs whose tasks are not in the flow, and subflows that start. */
static void step_tasks(struct step *s, const struct layout *l)
{
    for (size_t i = 0; i < s->e->n_runs; i++) {
        enum state     state = s->e->runs[i].state.current;
        uint32_t       task = s->map.task[i];
        enum task_type type;

        if (!state_is_created(state) && !state_is_running(state))
            continue;
        if (task == TASK_NONE) {
            s->raises = true;
            continue;
        }
        type = s->t->tasks[task].type;
        if (type == TASK_TEMPLATE && s->t->tasks[task].n_branches == 0 && state_is_running(state))
            s->raises = true; /* "Can't find flow template" */
        if (l->executor.subflow_runs && state_is_created(state) && s->now != STATE_KILLING &&
            (type == TASK_SUBFLOW || type == TASK_FOR_EACH_ITEM))
            s->calls = true;
    }
}

/* ---- below a flowable that ends ---- */

enum { MOOT_NEW, MOOT_NO, MOOT_YES };

static bool ends_now(const struct step *s, size_t run)
{
    return s->runs[run].result == RESULT_ENDS;
}

/* Marks one run and what is above it; each run is looked at once. */
static void mark_moot(struct step *s, uint8_t *known, size_t run)
{
    size_t  chain[FLOW_TREE_MAX_DEPTH];
    size_t  n = 0;
    uint8_t moot = MOOT_NO;
    size_t  p = run;

    while (p != RUN_NONE && known[p] == MOOT_NEW && n < COUNT_OF(chain)) {
        chain[n++] = p;
        p = s->e->runs[p].parent;
    }
    if (p != RUN_NONE && known[p] != MOOT_NEW)
        moot = known[p] == MOOT_YES || ends_now(s, p) ? MOOT_YES : MOOT_NO;
    while (n-- > 0) {
        known[chain[n]] = moot;
        s->runs[chain[n]].moot = moot == MOOT_YES;
        if (ends_now(s, chain[n]))
            moot = MOOT_YES;
    }
}

static void step_moot(struct step *s, struct arena *a)
{
    uint8_t *known;
    bool     any = false;

    for (size_t i = 0; i < s->e->n_runs && !any; i++)
        any = ends_now(s, i);
    if (!any)
        return;
    known = arena_alloc(a, s->e->n_runs);
    memset(known, MOOT_NEW, s->e->n_runs);
    for (size_t i = 0; i < s->e->n_runs; i++)
        if (known[i] == MOOT_NEW)
            mark_moot(s, known, i);
}

void step_make(const struct layout *l, const struct execution *e, const struct flow_tree *t,
               struct arena *a, struct step *out)
{
    *out = (struct step){ .e = e, .t = t, .now = e->state.current, .budget = STEP_BUDGET };
    out->ended = states_ended(l);
    out->failed = STATE_BIT(STATE_FAILED);
    if (l->executor.paused_ends)
        out->failed |= STATE_BIT(STATE_PAUSED);
    run_map_make(e, t, a, &out->map);
    out->runs = arena_alloc(a, e->n_runs * sizeof(*out->runs) + 1);
    memset(out->runs, 0, e->n_runs * sizeof(*out->runs));
    out->alive = arena_alloc(a, t->n_branches * sizeof(*out->alive) + 1);
    memset(out->alive, 0xff, t->n_branches * sizeof(*out->alive));
    out->marks = arena_alloc(a, (size_t)t->n_tasks + 1);
    memset(out->marks, 0, t->n_tasks);

    out->restarted = out->now == STATE_RESTARTED;
    if (out->restarted)
        out->now = STATE_RUNNING;
    /* From 0.8 a paused execution is not processed (H06). */
    if (out->now != STATE_PAUSED || l->executor.paused_ends) {
        step_next(out, l);
        step_listeners(out);
        step_tasks(out, l);
    }
    step_moot(out, a);
    out->next = answer_or(answer_or(out->next_own, out->next_child),
                          answer_or(out->next_listener, out->next_late));
    out->registered = out->next;
    if (out->restarted || out->end || out->killed || out->raises || out->calls)
        out->registered = ANSWER_YES;
}
