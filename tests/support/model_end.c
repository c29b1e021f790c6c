#include "tests/support/model_end.h"

#include "tests/support/test.h"

/* What is looked at, while it is. */
struct look {
    const struct model_case *m;
    const struct execution  *e;
    const struct flow_tree  *tree;
    struct model_end         out;
};

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

static const struct task *task_of(const struct look *s, struct slice id)
{
    uint32_t task = flow_tree_find(s->tree, id);

    return task == TASK_NONE ? NULL : &s->tree->tasks[task];
}

static bool is_listener(const struct look *s, struct slice id)
{
    const struct task *t = task_of(s, id);

    while (t && t->parent != TASK_NONE)
        t = &s->tree->tasks[t->parent];
    return t && s->tree->branches[t->branch].kind == BRANCH_LISTENERS;
}

/* Is a flowable above the run ended in the end? Then nothing waits for the run. */
static bool is_moot(const struct look *s, size_t run)
{
    for (size_t p = s->e->runs[run].parent; p != RUN_NONE; p = s->e->runs[p].parent)
        if (state_has_ended(state_of(s->m->runs[p])))
            return true;
    return state_has_ended(s->m->final);
}

/* Roles that are read again here, so that a finding does not vouch for itself. */
static void ask_role(struct look *s, size_t i, const struct task *task)
{
    const struct task_run *run = &s->e->runs[i];
    const struct task     *above = NULL;
    enum state             was = run->state.current;
    bool                   created = was == STATE_CREATED || was == STATE_RESTARTED;

    if (run->parent != RUN_NONE)
        above = task_of(s, s->e->runs[run->parent].task_id);
    s->out.lost |= is_open(was) && !created &&
                   (!task || task->type == TASK_WORKER || !task_is_flowable(task->type));
    s->out.worker_child |= created && above && above->type == TASK_WORKER;
    s->out.moves |= created && !is_listener(s, run->task_id);
    s->out.again |= created && count_of(s->m->dispatched, s->m->n_dispatched, run->task_id) > 1;
    s->out.twice |= created && count_of(s->m->created, s->m->n_created, run->task_id) > 1;
    s->out.waits |= created;
}

/* The listener's own: what is open below one that has ended is waited for by nothing. */
static const struct task_run *top_of(const struct look *s, size_t run)
{
    while (s->e->runs[run].parent != RUN_NONE)
        run = s->e->runs[run].parent;
    return &s->e->runs[run];
}

/* The runs of the document come first among those of the end, in the same order. */
static void ask_run(struct look *s, size_t i)
{
    const struct task_run *run = &s->e->runs[i];
    const struct task     *task = task_of(s, run->task_id);
    enum state             was = run->state.current, end = state_of(s->m->runs[i]);

    s->out.left_open |= is_open(end) && !is_moot(s, i);
    s->out.listener_open |=
        is_open(was) && is_listener(s, run->task_id) && is_open(top_of(s, i)->state.current);
    ask_role(s, i, task);
    if (!task)
        return;
    s->out.timer_lost |= task->type == TASK_PAUSE && task->has_delay && was == STATE_PAUSED &&
                         end == STATE_PAUSED && !is_moot(s, i);
    s->out.calls_gone |= task->type == TASK_SUBFLOW &&
                         slice_eq(task->sub_flow, SLICE(MODEL_FLOW_GONE)) &&
                         (was == STATE_CREATED || was == STATE_RESTARTED);
}

struct model_end model_end_of(const struct model_case *m, const struct execution *e,
                              const struct flow_tree *tree)
{
    struct look s = { .m = m, .e = e, .tree = tree };

    s.out.was = e->state.current;
    s.out.missing = m->waits > 0;
    s.out.rests = !m->looped && (state_has_ended(m->final) || m->final == STATE_PAUSED);
    for (size_t i = 0; i < m->n_created; i++)
        s.out.twice |= has_child(m, m->created[i]);
    for (size_t i = 0; i < e->n_runs; i++)
        ask_run(&s, i);
    for (size_t i = e->n_runs; i < m->n_runs; i++) {
        const bool listener = is_listener(&s, task_id_of(m->runs[i]));

        s.out.listener_starts |= listener;
        s.out.moves |= !listener;
    }
    s.out.clean = s.out.rests && m->dropped == 0 && !m->task_failure && !s.out.again &&
                  !s.out.twice && !s.out.left_open && !(m->call_failure && s.out.calls_gone);
    return s.out;
}
