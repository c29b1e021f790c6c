/*
 * recover_call.c - open subflow calls: which child is whose, and what becomes of the call
 * (kestra/restartability.md 2.2 E18 to E21, 2.6 link-subflow and finish-subflow).
 *
 * DESIGN: a wrong link gives a parent another child's answer, so a child is taken for a call's only
 * when nothing else could be meant; else the parent stays where it is.
 */
#include "lib/kestra/recover_impl.h"

enum match {
    MATCH_NONE, /* the call has no child */
    MATCH_ONE,
    MATCH_DOUBT,
};

static bool was_answered(const struct task_run *run)
{
    for (size_t i = 0; i < run->state.n_histories; i++)
        if (state_ended(run->state.histories[i].state))
            return true;
    return false;
}

/* Is it the child that another task run, or this one in an earlier life, already had? */
static bool is_taken(const struct plan *p, size_t run, const struct child *child)
{
    for (size_t i = 0; i < p->e->n_runs; i++) {
        const struct task_run *r = &p->e->runs[i];

        if (r->outputs_execution.p && slice_eq(r->outputs_execution, child->id) &&
            (i != run || was_answered(r)))
            return true;
    }
    return false;
}

static bool other_call(const struct plan *p, const struct run_note *note)
{
    for (size_t i = 0; i < p->finding->n_notes; i++) {
        const struct run_note *n = &p->finding->notes[i];

        if (n->role == ROLE_CALL && n->run != note->run &&
            slice_eq(p->e->runs[n->run].task_id, p->e->runs[note->run].task_id))
            return true;
    }
    return false;
}

/* Is the child certainly this call's (*certain), or may it be? */
static bool may_be_its(const struct plan *p, const struct run_note *note, const struct child *child,
                       bool *certain)
{
    const struct task_run *run = &p->e->runs[note->run];

    *certain = true;
    if (is_taken(p, note->run, child))
        return false;
    if (child->run_id.p)
        return slice_eq(child->run_id, run->id);
    if (run->outputs_execution.p && !was_answered(run))
        return slice_eq(child->id, run->outputs_execution);
    *certain = false;
    return slice_eq(child->task_id, run->task_id);
}

static enum match find_child(const struct plan *p, const struct run_note *note,
                             const struct child **out)
{
    const struct task_run *run = &p->e->runs[note->run];
    size_t                 n = 0;
    bool                   all_certain = true;

    for (size_t i = 0; i < p->facts->n_children; i++) {
        bool certain;

        if (!may_be_its(p, note, &p->facts->children[i], &certain))
            continue;
        n++;
        all_certain = all_certain && certain;
        *out = &p->facts->children[i];
    }
    if (n == 0)
        return MATCH_NONE;
    if (n > 1)
        return MATCH_DOUBT;
    if (all_certain)
        return MATCH_ONE;
    return run->value.p || was_answered(run) || other_call(p, note) ? MATCH_DOUBT : MATCH_ONE;
}

/* The state that Kestra would have given the call. */
static enum state answer_of(const struct task *task, const struct child *child)
{
    bool transmitted = child->state == STATE_FAILED || child->state == STATE_KILLED ||
                       child->state == STATE_WARNING || child->state == STATE_PAUSED;

    return task->transmit_failed && transmitted ? child->state : STATE_SUCCESS;
}

static void finish(struct plan *p, size_t run, const struct task *task, const struct child *child)
{
    if (task->has_outputs) {
        p->refused = true; /* they are expressions over the child's outputs */
        return;
    }
    p->runs[run].child = child;
    p->runs[run].answered = true;
    p->runs[run].ended = true;
    p->remedies |= REMEDY_BIT(REMEDY_FINISH_SUBFLOW);
    plan_turn(p, run, answer_of(task, child));
}

static void link_to(struct plan *p, size_t run, const struct task *task, const struct child *child)
{
    if (!child->json.p || task->json.n == 0) {
        p->refused = true;
        return;
    }
    p->runs[run].child = child;
    p->runs[run].link = true;
    /* As in Kestra's own later releases; a CREATED call would be dispatched again. */
    if (p->e->runs[run].state.current != STATE_RUNNING)
        plan_turn(p, run, STATE_RUNNING);
}

/* Nobody waits: the call had ended the moment its child was there. */
static void let_go(struct plan *p, size_t run, const struct child *child)
{
    p->runs[run].child = child;
    p->runs[run].answered = true;
    p->remedies |= REMEDY_BIT(REMEDY_FINISH_SUBFLOW);
    plan_turn(p, run, STATE_SUCCESS);
}

static bool has_ended(const struct plan *p, const struct child *child)
{
    return child->ended || (p->l->executor.paused_ends && child->state == STATE_PAUSED);
}

static void plan_childless(struct plan *p, const struct run_note *note)
{
    enum state state = p->e->runs[note->run].state.current;

    if (state == STATE_CREATED || state == STATE_RESTARTED)
        return; /* registered, it starts its child (E19) */
    if (state != STATE_RUNNING || p->tree->tasks[note->task].type == TASK_FOR_EACH_ITEM)
        p->refused = true; /* some of a file's items may have run */
    else
        plan_lost(p, note->run); /* its child is gone with Kafka */
}

void plan_call(struct plan *p, const struct run_note *note)
{
    const struct child *child = NULL;
    enum match          match = MATCH_DOUBT;
    const struct task  *task;

    if (note->task == TASK_NONE || !p->facts->children_known) {
        p->refused = true;
        return;
    }
    task = &p->tree->tasks[note->task];
    match = find_child(p, note, &child);
    if (match == MATCH_NONE) {
        plan_childless(p, note);
        return;
    }
    p->priced = true;
    if (match == MATCH_DOUBT || task->type != TASK_SUBFLOW)
        p->refused = true;
    else if (!task->wait)
        let_go(p, note->run, child);
    else if (has_ended(p, child))
        finish(p, note->run, task, child);
    else
        link_to(p, note->run, task, child);
}
