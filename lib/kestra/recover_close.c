/*
 * recover_close.c - the FAILED rule (kestra/seen-on-real-kestra.md B.3).
 *
 * DESIGN: when a child of a Parallel is FAILED, the execution may be FAILED at once; its end purges
 * the memory of what was dispatched, and every later pass sends the open siblings again (a task was
 * seen to run four times). One open sibling answers before that; two or more do not. So they are
 * closed with the one that failed; a restart by a person runs each of them once. What stands
 * between the FAILED child and the end of the execution (an errors branch, AllowFailure, a
 * sequential flowable) gives them time: there nothing was ever repeated.
 */
#include "lib/kestra/recover_impl.h"

/* Children of a task run, as the plan leaves them. */
struct kin {
    uint32_t open, failed;
};

static bool is_parallel(enum task_type type)
{
    return type == TASK_PARALLEL || type == TASK_EACH_PARALLEL || type == TASK_DAG;
}

static bool has_errors(const struct flow_tree *tree, uint32_t task)
{
    const struct branch *errors = flow_tree_branch(tree, task, BRANCH_ERRORS);

    return errors && errors->n > 0;
}

/* Would a FAILED child of this flowable make the execution FAILED at once? A flowable that already
 * is FAILED gives nobody time, whatever it is. */
static bool fails_at_once(const struct plan *p, size_t run)
{
    if (has_errors(p->tree, TASK_NONE))
        return false;
    for (unsigned n = 0; run != RUN_NONE; n++) {
        enum state state = plan_state(p, run);
        uint32_t   task = plan_task(p, run);

        if (n == RUN_MAX_UP || (state_ended(state) && state != STATE_FAILED))
            return false;
        if (state != STATE_FAILED &&
            (task == TASK_NONE || !is_parallel(p->tree->tasks[task].type) ||
             has_errors(p->tree, task)))
            return false;
        run = p->e->runs[run].parent;
    }
    return true;
}

/* Are the open children of this run in danger? Of one that is FAILED each is: the execution ends
 * in the very pass that sends them. */
static bool has_danger(const struct plan *p, size_t run, const struct kin *kin)
{
    bool failed = plan_state(p, run) == STATE_FAILED;

    if (failed ? kin->open == 0 : kin->failed == 0 || kin->open < 2)
        return false;
    return fails_at_once(p, run);
}

static bool any_failed(const struct plan *p)
{
    for (size_t i = 0; i < p->e->n_runs; i++)
        if (plan_state(p, i) == STATE_FAILED)
            return true;
    return false;
}

/* Children as they will be. */
static struct kin *count_children(const struct plan *p)
{
    struct kin *kin = arena_alloc(p->arena, p->e->n_runs * sizeof(*kin));

    memset(kin, 0, p->e->n_runs * sizeof(*kin));
    for (size_t i = 0; i < p->e->n_runs; i++) {
        size_t parent = p->e->runs[i].parent;

        if (parent == RUN_NONE)
            continue;
        kin[parent].failed += plan_state(p, i) == STATE_FAILED;
        kin[parent].open += !state_ended(plan_state(p, i));
    }
    return kin;
}

static void close_run(struct plan *p, size_t run)
{
    struct run_plan *r = &p->runs[run];

    if (state_ended(plan_state(p, run)))
        return;
    r->reset = false;
    r->link = false;
    plan_turn(p, run, STATE_FAILED);
}

void plan_close_siblings(struct plan *p)
{
    const struct execution *e = p->e;
    const struct kin       *kin;
    bool                   *closes;
    bool                    any = false;

    if (!any_failed(p))
        return;
    kin = count_children(p);
    closes = arena_alloc(p->arena, e->n_runs * sizeof(*closes));
    for (size_t i = 0; i < e->n_runs; i++) {
        closes[i] = has_danger(p, i, &kin[i]);
        any = any || closes[i];
    }
    for (size_t i = 0; any && i < e->n_runs; i++) {
        size_t up = e->runs[i].parent;

        for (unsigned n = 0; up != RUN_NONE && n < RUN_MAX_UP && !closes[up]; n++)
            up = e->runs[up].parent;
        if (up != RUN_NONE && closes[up])
            close_run(p, i);
    }
}
