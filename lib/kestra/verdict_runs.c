/* verdict_runs.c - open task runs, their roles, and what becomes of them. */
#include "lib/kestra/verdict_impl.h"

/* ---- roles ---- */

static void note(struct look *k, size_t run, enum role role)
{
    k->out->notes[k->out->n_notes++] = (struct run_note){ run, role, k->step.map.task[run] };
    k->by_role[role]++;
}

static const struct task *task_of(const struct look *k, size_t run)
{
    uint32_t task = k->step.map.task[run];

    return task == TASK_NONE ? NULL : &k->t->tasks[task];
}

static bool is_call(const struct task *t)
{
    return t->type == TASK_SUBFLOW || t->type == TASK_FOR_EACH_ITEM;
}

static void note_running(struct look *k, size_t i, const struct task *t)
{
    uint8_t result = k->step.runs[i].result;

    if (is_call(t))
        note(k, i, ROLE_CALL);
    else if (!task_is_flowable(t->type))
        note(k, i, ROLE_LOST);
    else if (result == RESULT_PAUSES)
        note(k, i, ROLE_PAUSE);
    else if (result == RESULT_ENDS || k->step.now == STATE_KILLING)
        note(k, i, ROLE_RESULT);
    else if (t->type == TASK_WORKER)
        note(k, i, ROLE_WORKER);
}

static void note_created(struct look *k, size_t i, const struct task *t)
{
    if (is_call(t))
        note(k, i, ROLE_CALL);
    else if (t->type == TASK_PAUSE)
        note(k, i, ROLE_PAUSE);
    else if (t->type == TASK_WORKER || !task_is_flowable(t->type))
        note(k, i, ROLE_OPEN);
    else
        note(k, i, ROLE_RESULT);
}

/* Kestra asks only for the task runs of listeners themselves; what is left open below one that has
 * ended is a leftover as others are (E36). */
static bool is_of_open_listener(const struct look *k, size_t run)
{
    size_t top = run;

    for (unsigned n = 0; k->e->runs[top].parent != RUN_NONE && n < FLOW_TREE_MAX_DEPTH; n++)
        top = k->e->runs[top].parent;
    return task_is_listener(k->t, k->step.map.task[run]) &&
           (k->step.ended & STATE_BIT(k->e->runs[top].state.current)) == 0;
}

static void note_run(struct look *k, size_t i)
{
    enum state         state = k->e->runs[i].state.current;
    const struct task *t = task_of(k, i);
    bool               created = state_is_created(state);

    if (state == STATE_RETRYING) {
        note(k, i, ROLE_RETRYING);
        return;
    }
    if (state == STATE_PAUSED) {
        if (t && (t->type == TASK_PAUSE || t->type == TASK_LOOP_UNTIL))
            note(k, i, ROLE_PAUSE);
        return;
    }
    if (!created && !state_is_running(state)) {
        if (!t)
            fits(k, ROW_E32);
        return;
    }
    if (!t)
        note(k, i, ROLE_STRANGER);
    else if (k->listening && is_of_open_listener(k, i))
        note(k, i, ROLE_LISTENER);
    else if (created)
        note_created(k, i, t);
    else
        note_running(k, i, t);
}

enum progress progress_of(struct look *k, uint32_t task)
{
    if (!k->progress) {
        k->progress = arena_alloc(k->a, (size_t)k->t->n_tasks + 1);
        memset(k->progress, TASK_TO_COME, k->t->n_tasks);
        for (size_t i = 0; i < k->e->n_runs; i++) {
            uint32_t of = k->step.map.task[i];
            bool     ended = (k->step.ended & STATE_BIT(k->e->runs[i].state.current)) != 0;

            if (of != TASK_NONE && k->progress[of] != TASK_OPEN)
                k->progress[of] = ended ? TASK_DONE : TASK_OPEN;
        }
    }
    return (enum progress)k->progress[task];
}

void look_at_runs(struct look *k)
{
    k->out->notes = arena_alloc(k->a, k->e->n_runs * sizeof(*k->out->notes) + 1);
    for (size_t i = 0; i < k->e->n_runs; i++)
        note_run(k, i);
    k->out->lost = k->by_role[ROLE_LOST] > 0 || k->by_role[ROLE_WORKER] > 0;
}

/* ---- rows of what is not joined, or lost ---- */

/* The flowable that a run is a child of; NULL: none. */
static const struct task *parent_task(const struct look *k, size_t run)
{
    size_t p = k->e->runs[run].parent;

    return p == RUN_NONE ? NULL : task_of(k, p);
}

static void row_of_open(struct look *k, size_t run, const struct task *t)
{
    const struct task *parent = parent_task(k, run);

    if (t->type == TASK_WORKER)
        fits(k, ROW_E16);
    else if (!parent)
        fits(k, ROW_E07);
    else if (parent->type == TASK_PARALLEL || parent->type == TASK_EACH_PARALLEL ||
             parent->type == TASK_DAG)
        fits(k, ROW_E14);
    else
        fits(k, ROW_E13);
}

const struct run_known *known_of(const struct look *k, size_t run)
{
    static const struct run_known nothing;
    struct slice                  id = k->e->runs[run].id;
    const struct run_known *known = k->f->run_known && id.p ? k->f->run_known(k->f->ctx, id) : NULL;

    return known ? known : &nothing;
}

static void look_at_open(struct look *k, size_t run, const struct task *t)
{
    bool                    moot = k->step.runs[run].moot;
    const struct run_known *known = known_of(k, run);

    if (known->taken || known->ended) {
        k->out->taken = true;
        detail(k, "a worker had begun task run %.*s, which waits by the document",
               SLICE_ARG(k->e->runs[run].id));
    }
    if (!k->f->exact || k->out->taken)
        give(k, CODE_TASK_MAY_RERUN);
    if (k->paused || k->step.registered == ANSWER_UNKNOWN)
        return;
    if (k->step.registered == ANSWER_YES) {
        /* With the execution, all that is open ends; but not its listeners, which start then. */
        k->moot_open += moot || (k->ends && !task_is_listener(k->t, k->step.map.task[run]));
        if (!k->step.restarted && k->step.next == ANSWER_YES)
            fits(k, ROW_E08);
        return;
    }
    give(k, CODE_TASKRUN_NOT_JOINED);
    cure(k, REMEDY_R_WRAP);
    row_of_open(k, run, t);
}

static void look_at_lost(struct look *k, size_t run, const struct task *t, enum role role)
{
    const struct task *parent = parent_task(k, run);

    cure(k, REMEDY_RERUN_LOST);
    cure(k, REMEDY_FAIL_LOST);
    if (known_of(k, run)->ended)
        detail(k, "task run %.*s has ended, its result waits in the store's queue",
               SLICE_ARG(k->e->runs[run].id));
    if (role == ROLE_WORKER) {
        give(k, CODE_WORKER_GROUP_LOST);
        fits(k, ROW_E17);
        return;
    }
    give(k, CODE_TASKRUN_LOST);
    fits(k, ROW_E09);
    if (t->has_retry)
        fits(k, ROW_E30);
    if (parent && parent->concurrent > 0)
        fits(k, ROW_E15);
}

static void look_at_result(struct look *k, size_t run, const struct task *t)
{
    bool created = state_is_created(k->e->runs[run].state.current);

    if (k->step.registered != ANSWER_NO || k->paused)
        return;
    give(k, CODE_FLOWABLE_NOT_JOINED);
    cure(k, REMEDY_R_WRAP);
    if (t->type == TASK_PAUSE && (created || k->step.runs[run].result == RESULT_PAUSES))
        fits(k, ROW_E22);
    else
        fits(k, created ? ROW_E10 : ROW_E12);
}

static void look_at_stranger(struct look *k, size_t run)
{
    give(k, CODE_TASK_NOT_IN_REVISION);
    fits(k, ROW_F04);
    cure(k, REMEDY_START_AGAIN);
    detail(k, "task %.*s is not in revision %lld", SLICE_ARG(k->e->runs[run].task_id),
           (long long)k->e->revision);
}

/* Only a JDBC runner keeps it where it can be read. */
static void tell_due(struct look *k, size_t run)
{
    struct slice due = known_of(k, run)->due;

    if (due.p)
        detail(k, "its delay was to end at %.*s", (int)(due.n < 40 ? due.n : 40), due.p);
}

static void look_at_retry(struct look *k, size_t run)
{
    tell_due(k, run);
    give(k, CODE_RETRY_DELAY_LOST);
    fits(k, ROW_H08);
    cure(k, REMEDY_RERUN_LOST);
}

static void look_at_note(struct look *k, const struct run_note *n, const struct task *t)
{
    switch (n->role) {
    case ROLE_LOST:
    case ROLE_WORKER: look_at_lost(k, n->run, t, n->role); break;
    case ROLE_OPEN: look_at_open(k, n->run, t); break;
    case ROLE_RESULT: look_at_result(k, n->run, t); break;
    case ROLE_PAUSE:
        if (k->e->runs[n->run].state.current != STATE_PAUSED)
            look_at_result(k, n->run, t);
        break;
    case ROLE_CALL:
    case ROLE_RETRYING:
    case ROLE_STRANGER:
    case ROLE_LISTENER:
    case ROLE_COUNT: break;
    }
}

static bool is_open(enum state state)
{
    return state_is_created(state) || state_is_running(state);
}

/* A flowable that itself, or whose next child, is sent beside what is open below what ends. */
static bool sends_more(const struct look *k, size_t run)
{
    enum state         state = k->e->runs[run].state.current;
    const struct task *t = task_of(k, run);

    if (!k->step.runs[run].moot || !is_open(state) || !t || t->type == TASK_WORKER ||
        !task_is_flowable(t->type))
        return false;
    for (size_t c = k->step.map.first_child[run]; c != RUN_NONE; c = k->step.map.next_child[c])
        if (is_open(k->e->runs[c].state.current))
            return false; /* it waits */
    return true;
}

static void look_at_moot(struct look *k)
{
    bool repeats = k->moot_open > (k->ends ? 0 : 1);

    for (size_t i = 0; i < k->e->n_runs && k->moot_open == 1 && !repeats; i++)
        repeats = sends_more(k, i);
    /* It ends at once, and what is still open is sent again with every pass (seen B.3). */
    if (!repeats)
        return;
    give(k, CODE_TASKRUN_NOT_JOINED);
    cure(k, REMEDY_R_WRAP);
}

void look_at_unjoined(struct look *k)
{
    for (size_t i = 0; i < k->out->n_notes; i++) {
        const struct run_note *n = &k->out->notes[i];

        if (n->role == ROLE_RETRYING)
            look_at_retry(k, n->run);
        else if (n->task == TASK_NONE)
            look_at_stranger(k, n->run);
        else
            look_at_note(k, n, &k->t->tasks[n->task]);
    }
    look_at_moot(k);
}

/* ---- pauses ---- */

static void look_at_pause(struct look *k, const struct task *t)
{
    bool timed = t && (t->has_delay || t->type == TASK_LOOP_UNTIL);

    /* What is not PAUSED as a whole can become it, and then waits for a person as it always did. */
    if (!timed && !k->paused)
        return;
    if (t && t->type == TASK_LOOP_UNTIL)
        fits(k, ROW_H07);
    else
        fits(k, t && t->has_delay ? ROW_E24 : ROW_E23);
    cure(k, REMEDY_RESUME_BY_HAND);
    if (!timed) {
        give(k, CODE_PAUSE_MANUAL);
        return;
    }
    give(k, CODE_PAUSE_DELAY_LOST);
    if (t->type == TASK_PAUSE)
        cure(k, REMEDY_REARM_PAUSE);
}

/* Open beside the pause; if the pass registers, only what nobody answers for. */
static bool is_sibling(const struct look *k, const struct run_note *n)
{
    enum state state = k->e->runs[n->run].state.current;

    if (n->role == ROLE_LOST || n->role == ROLE_WORKER)
        return true;
    return k->step.registered != ANSWER_YES && state != STATE_PAUSED && n->role != ROLE_STRANGER &&
           n->role != ROLE_LISTENER;
}

static void look_at_siblings(struct look *k)
{
    for (size_t i = 0; i < k->out->n_notes; i++) {
        const struct run_note *n = &k->out->notes[i];

        if (!is_sibling(k, n))
            continue;
        give(k, CODE_PAUSE_SIBLING_OPEN);
        if (n->role == ROLE_LOST)
            fits(k, ROW_E26);
        else if (state_is_created(k->e->runs[n->run].state.current))
            fits(k, ROW_E25);
    }
}

void look_at_pauses(struct look *k)
{
    bool any = false;

    for (size_t i = 0; i < k->out->n_notes; i++) {
        const struct run_note *n = &k->out->notes[i];

        if (n->role != ROLE_PAUSE || k->e->runs[n->run].state.current != STATE_PAUSED)
            continue;
        look_at_pause(k, &k->t->tasks[n->task]);
        if (given(k, CODE_PAUSE_DELAY_LOST))
            tell_due(k, n->run);
        any = true;
    }
    if (!k->paused)
        return;
    if (!any) /* paused as a whole, from outside */
        look_at_pause(k, NULL);
    if (!k->l->executor.paused_ends)
        fits(k, ROW_H06);
    look_at_siblings(k);
}

/* ---- templates ---- */

/* Reached only after a failure or the end: it may never be needed. */
static bool is_aside(const struct flow_tree *t, uint32_t task)
{
    for (unsigned depth = 0; depth <= FLOW_TREE_MAX_DEPTH && task != TASK_NONE; depth++) {
        enum branch_kind kind = t->branches[t->tasks[task].branch].kind;

        if (kind == BRANCH_ERRORS || kind == BRANCH_LISTENERS)
            return true;
        task = t->tasks[task].parent;
    }
    return false;
}

static bool template_is_needed(struct look *k, uint32_t task)
{
    const struct task *t = &k->t->tasks[task];
    enum progress      progress;

    if (t->type != TASK_TEMPLATE || t->n_branches > 0)
        return false;
    progress = progress_of(k, task);
    return progress == TASK_OPEN || (progress == TASK_TO_COME && !is_aside(k->t, task));
}

void look_at_templates(struct look *k)
{
    bool found = false;

    for (uint32_t i = 0; i < k->t->n_tasks && k->t->n_missing > 0 && !found; i++)
        found = template_is_needed(k, i);
    if (!found)
        return;
    give(k, CODE_TEMPLATE_MISSING);
    fits(k, ROW_F06);
    fits(k, ROW_F08);
    cure(k, REMEDY_SUPPLY_TEMPLATE);
    detail(k, "template %.*s is not there", SLICE_ARG(k->t->missing[0]));
}
