/* step_list.c - the lists of tasks an executor walks (step_list.h). */
#include "lib/kestra/step_list.h"

/* So many branches are looked through without counting: more has only a Switch. */
#define FEW 8u

static bool spend(struct step *s, uint64_t n)
{
    if (s->budget < n) {
        s->budget = 0;
        return false;
    }
    s->budget -= n;
    return true;
}

/* ---- levels ---- */

static size_t level_first(const struct step *s, size_t run)
{
    if (run != RUN_NONE)
        return s->map.first_child[run];
    return s->e->n_runs > 0 ? 0 : RUN_NONE;
}

static size_t level_next(const struct step *s, size_t run, size_t i)
{
    if (run != RUN_NONE)
        return s->map.next_child[i];
    return i + 1 < s->e->n_runs ? i + 1 : RUN_NONE;
}

/* The branch of the flowable that its present children are of; NULL: it has none. */
static const struct branch *branch_of_children(const struct step *s, size_t run)
{
    for (size_t i = level_first(s, run); i != RUN_NONE; i = level_next(s, run, i)) {
        uint32_t             slot = s->map.slot[i];
        const struct branch *b;

        if (slot == TASK_NONE)
            continue;
        b = &s->t->branches[s->t->tasks[slot].branch];
        if (b->kind != BRANCH_ERRORS && b->kind != BRANCH_FINALLY)
            return b;
    }
    return NULL;
}

/* A Switch keeps its rendered value in its outputs. *known: then it is known which branch it is,
 * or that there is none. */
static const struct branch *branch_of_value(struct step *s, const struct task *task,
                                            struct slice value, bool *known)
{
    *known = value.p && spend(s, task->n_branches);
    if (!*known)
        return NULL;
    for (uint32_t b = task->first_branch; b < task->first_branch + task->n_branches; b++)
        if (s->t->branches[b].kind == BRANCH_CASE && slice_eq(s->t->branches[b].name, value))
            return &s->t->branches[b];
    return flow_tree_branch(s->t, (uint32_t)(task - s->t->tasks), BRANCH_DEFAULTS);
}

/* Switch and If: the branch that an expression chose. */
static void choose_branch(struct step *s, const struct task *task, struct level *l)
{
    bool known = false;

    l->tasks = NULL;
    if (task->type == TASK_SWITCH)
        l->tasks = branch_of_value(s, task, s->e->runs[l->run].outputs_value, &known);
    if (!l->tasks)
        l->tasks = branch_of_children(s, l->run);
    l->nothing = known && !l->tasks;
    l->unknown = !l->tasks && !known;
}

struct level level_of(struct step *s, size_t run)
{
    uint32_t           index = run == RUN_NONE ? TASK_NONE : s->map.task[run];
    const struct task *task = index == TASK_NONE ? NULL : &s->t->tasks[index];
    struct level       l = { .run = run, .values_known = true, .values = 1 };

    if (task && task->n_branches > FEW && !spend(s, task->n_branches)) {
        l.unknown = true;
        return l;
    }
    l.tasks = flow_tree_branch(s->t, index, BRANCH_TASKS);
    l.errors = flow_tree_branch(s->t, index, BRANCH_ERRORS);
    l.finally = flow_tree_branch(s->t, index, BRANCH_FINALLY);
    if (!task)
        return l;
    if (task->type == TASK_SWITCH || task->type == TASK_IF)
        choose_branch(s, task, &l);
    if (task->type == TASK_EACH_SEQUENTIAL || task->type == TASK_EACH_PARALLEL) {
        l.each = true;
        l.values_known = task->listed;
        l.values = task->listed ? task->n_values : 1;
        l.by_value = task->by_value;
        l.at_once = task->type == TASK_EACH_PARALLEL && task->concurrent == 0 && !l.by_value;
    }
    return l;
}

static bool slot_is_in(const struct step *s, uint32_t slot, const struct branch *b)
{
    return slot != TASK_NONE && slot >= b->first && slot - b->first < b->n &&
           !s->t->tasks[slot].disabled;
}

struct tally level_tally(const struct step *s, const struct level *l, const struct branch *branch)
{
    const uint32_t *slots = l->run == RUN_NONE ? s->map.own : s->map.slot;
    struct tally    t = { 0 };

    if (!branch)
        return t;
    for (size_t i = level_first(s, l->run); i != RUN_NONE; i = level_next(s, l->run, i)) {
        enum state state = s->e->runs[i].state.current;

        if (!slot_is_in(s, slots[i], branch))
            continue;
        t.n++;
        t.states |= STATE_BIT(state);
        t.created += state_is_created(state) ? 1 : 0;
        t.running += state_is_running(state) ? 1 : 0;
        if (s->ended & STATE_BIT(state)) {
            t.ended++;
            t.last_ended = t.n;
        }
    }
    return t;
}

/* ---- lists ---- */

static uint32_t tasks_alive(struct step *s, const struct branch *b)
{
    uint32_t *alive = &s->alive[b - s->t->branches];

    if (*alive != UINT32_MAX)
        return *alive;
    *alive = 0;
    for (uint32_t i = b->first; i < b->first + b->n; i++)
        *alive += s->t->tasks[i].disabled ? 0 : 1;
    return *alive;
}

/* A value's first task run comes before its others, so there are as many values as of these. */
static size_t values_begun(const struct step *s, const struct level *l, const struct branch *branch)
{
    uint32_t first = branch->first;
    size_t   n = 0;

    while (first < branch->first + branch->n && s->t->tasks[first].disabled)
        first++;
    for (size_t i = level_first(s, l->run); i != RUN_NONE; i = level_next(s, l->run, i))
        n += s->map.slot[i] == first ? 1 : 0;
    return n;
}

static struct list list_of(struct step *s, const struct level *l, const struct branch *branch,
                           struct tally tally)
{
    struct list list = { .branch = branch, .tally = tally, .is_tasks = branch == l->tasks };

    if (!branch)
        return list;
    list.round = tasks_alive(s, branch);
    list.size = list.round;
    if (l->each && list.is_tasks) {
        list.size = list.round * l->values;
        list.open = !l->values_known && list.round > 0;
        if (list.open && l->by_value)
            list.uneven = tally.n < values_begun(s, l, branch) * list.round;
        if (list.open && l->at_once && tally.n > 0 && tally.n % list.round == 0) {
            list.size = tally.n;
            list.open = false;
        }
    }
    return list;
}

enum answer list_ended(const struct list *list)
{
    const struct tally *t = &list->tally;

    if (!list->open)
        return t->ended == list->size ? ANSWER_YES : ANSWER_NO;
    /* A value more may come, whenever those that are there are done. */
    return !list->uneven && t->n > 0 && t->ended == t->n && t->n % list->round == 0 ? ANSWER_UNKNOWN
                                                                                    : ANSWER_NO;
}

struct list list_plain(struct step *s, const struct level *l)
{
    return list_of(s, l, l->tasks, level_tally(s, l, l->tasks));
}

/* Kestra's findTaskDependingFlowState. */
struct list list_now(struct step *s, const struct level *l)
{
    struct tally tasks = level_tally(s, l, l->tasks);
    struct tally errors = level_tally(s, l, l->errors);
    struct tally last = level_tally(s, l, l->finally);
    struct list  normal = list_of(s, l, l->tasks, tasks);
    bool         failed = errors.n > 0 || (tasks.states & s->failed) != 0;
    struct list  on_error = list_of(s, l, l->errors, errors);
    enum answer  done;

    normal.unknown = l->unknown;
    on_error.is_tasks = false;
    if (!l->finally)
        return failed ? on_error : normal;
    if (last.n == 0 && failed && l->errors && list_ended(&on_error) != ANSWER_YES)
        return on_error;
    done = failed || last.n > 0 ? ANSWER_YES : list_ended(&normal);
    if (done == ANSWER_NO)
        return normal;
    on_error = list_of(s, l, l->finally, last);
    on_error.is_tasks = false;
    on_error.unknown = done == ANSWER_UNKNOWN || (l->unknown && !failed && last.n == 0);
    return on_error;
}

enum answer list_next(const struct list *list)
{
    const struct tally *t = &list->tally;

    if (list->unknown)
        return ANSWER_UNKNOWN;
    if (list->size == 0)
        return ANSWER_NO;
    if (t->n == 0)
        return ANSWER_YES;
    if (t->created > 0 || t->running > 0 || t->ended == 0)
        return ANSWER_NO;
    if (list->open)
        return t->last_ended % list->round != 0 ? ANSWER_YES : ANSWER_UNKNOWN;
    return t->last_ended < list->size ? ANSWER_YES : ANSWER_NO;
}

/* Marks of the tasks of a branch that have a run (1), or a run that has ended (3); or takes them
 * away again. Returns how many have one. */
static size_t mark_children(struct step *s, const struct level *l, const struct branch *branch,
                            bool set)
{
    size_t n = 0;

    for (size_t i = level_first(s, l->run); i != RUN_NONE; i = level_next(s, l->run, i)) {
        uint32_t slot = s->map.slot[i];

        if (!slot_is_in(s, slot, branch))
            continue;
        n += set && s->marks[slot] == 0 ? 1 : 0;
        if (!set)
            s->marks[slot] = 0;
        else
            s->marks[slot] |= s->ended & STATE_BIT(s->e->runs[i].state.current) ? 3 : 1;
    }
    return n;
}

/* Is there a task without a run whose dependencies have all ended? */
static enum answer dag_has_next(struct step *s, const struct branch *branch)
{
    for (uint32_t i = branch->first; i < branch->first + branch->n; i++) {
        const struct task *t = &s->t->tasks[i];
        uint32_t           done = 0;

        if (t->disabled || s->marks[i] != 0)
            continue;
        if (!spend(s, 1 + (uint64_t)t->n_depends))
            return ANSWER_UNKNOWN;
        while (done < t->n_depends && s->marks[s->t->depends[t->depends_first + done]] == 3)
            done++;
        if (done == t->n_depends)
            return ANSWER_YES;
    }
    return ANSWER_NO;
}

/* Is there a task of the list that has no run yet? */
static enum answer has_missing(struct step *s, const struct level *l, const struct list *list,
                               enum task_type type)
{
    size_t      found;
    enum answer missing;

    if (list->open) /* nobody knows for how many values */
        return list->uneven || list->tally.n % list->round != 0 || list->tally.n == 0
                   ? ANSWER_YES
                   : ANSWER_UNKNOWN;
    if (l->each && list->is_tasks)
        return list->tally.n < list->size ? ANSWER_YES : ANSWER_NO;
    found = mark_children(s, l, list->branch, true);
    missing = found < list->size ? ANSWER_YES : ANSWER_NO;
    if (missing == ANSWER_YES && type == TASK_DAG && list->is_tasks)
        missing = dag_has_next(s, list->branch);
    (void)mark_children(s, l, list->branch, false);
    return missing;
}

enum answer list_next_parallel(struct step *s, const struct level *l, const struct list *list,
                               const struct task *task)
{
    const struct tally *t = &list->tally;

    if (list->unknown)
        return ANSWER_UNKNOWN;
    if (list->size == 0)
        return ANSWER_NO;
    /* A ForEach has a slot for each value, and looks at nothing but how many have not ended. */
    if (l->by_value && list->is_tasks)
        return task->concurrent > 0 && t->n - t->ended >= task->concurrent
                   ? ANSWER_NO
                   : has_missing(s, l, list, task->type);
    if (t->created > 0)
        return ANSWER_NO;
    /* A free slot of `concurrent` counts only while no child is CREATED (seen B.4, E08). */
    if (task->concurrent > 0 && t->running >= task->concurrent)
        return ANSWER_NO;
    return has_missing(s, l, list, task->type);
}

enum state guess_state(unsigned states)
{
    static const enum state order[] = { STATE_KILLED, STATE_FAILED, STATE_WARNING, STATE_PAUSED };

    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (states & STATE_BIT(order[i]))
            return order[i];
    return STATE_SUCCESS;
}
