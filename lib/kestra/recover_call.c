/*
 * recover_call.c - open subflow calls: which child is whose, and what becomes of the call
 * (kestra/restartability.md 2.2 E18 to E21, 2.6 link-subflow and finish-subflow).
 *
 * DESIGN: a wrong link gives a parent another child's answer, so a child is taken for a call's only
 * when nothing else could be meant; else the parent stays where it is. Children are looked up in
 * sorted lists, made once: an Each may have thousands of them.
 */
#include "lib/kestra/recover_impl.h"

enum match {
    MATCH_NONE, /* the call has no child */
    MATCH_ONE,
    MATCH_DOUBT,
};

/* ---- sorted lists ---------------------------------------------------------------------------- */

struct entry {
    struct slice key;
    size_t       at;
};

struct entries {
    size_t        n;
    struct entry *items;
};

struct calls {
    struct entries by_id, by_run, by_task; /* children that are not taken, by their member */
    struct entries open;                   /* runs of open calls, by task id */
};

static int compare_keys(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int    order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    int                 order = compare_keys(x->key, y->key);

    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static void entries_init(struct entries *list, size_t room, struct arena *a)
{
    list->items = arena_alloc(a, (room + 1) * sizeof(*list->items));
    list->n = 0;
}

static void entries_add(struct entries *list, struct slice key, size_t at)
{
    list->items[list->n++] = (struct entry){ key, at };
}

static void entries_sort(struct entries *list)
{
    if (list->n > 1)
        qsort(list->items, list->n, sizeof(*list->items), compare_entries);
}

/* The first entry of that key; NULL: none. */
static const struct entry *entries_find(const struct entries *list, struct slice key)
{
    size_t low = 0;
    size_t high = list->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (compare_keys(list->items[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < list->n && slice_eq(list->items[low].key, key) ? &list->items[low] : NULL;
}

static bool has_second(const struct entries *list, const struct entry *first)
{
    return first + 1 < list->items + list->n && slice_eq(first[1].key, first->key);
}

/* ---- whose child it is ----------------------------------------------------------------------- */

/* In an earlier life, before a restart or a retry. */
static bool was_answered(const struct task_run *run)
{
    for (size_t i = 0; i < run->state.n_histories; i++)
        if (state_ended(run->state.histories[i].state) ||
            run->state.histories[i].state == STATE_RETRYING)
            return true;
    return false;
}

/* Children that an answered call had name themselves in its outputs: they are nobody else's. */
static void find_taken(const struct plan *p, const struct entries *by_id, bool *taken)
{
    for (size_t i = 0; i < p->e->n_runs; i++) {
        const struct task_run *r = &p->e->runs[i];
        const struct entry    *child;

        if (!r->outputs_execution.p || !(state_ended(r->state.current) || was_answered(r)))
            continue;
        child = entries_find(by_id, r->outputs_execution);
        if (child)
            taken[child->at] = true;
    }
}

static void list_children(const struct plan *p, struct calls *c)
{
    size_t         n = p->facts->n_children;
    bool          *taken = arena_alloc(p->arena, n + 1);
    struct entries all;

    memset(taken, 0, n);
    entries_init(&all, n, p->arena);
    for (size_t i = 0; i < n; i++)
        entries_add(&all, p->facts->children[i].id, i);
    entries_sort(&all);
    find_taken(p, &all, taken);
    entries_init(&c->by_id, n, p->arena);
    entries_init(&c->by_run, n, p->arena);
    entries_init(&c->by_task, n, p->arena);
    for (size_t i = 0; i < n; i++) {
        const struct child *child = &p->facts->children[i];

        if (taken[i])
            continue;
        entries_add(&c->by_id, child->id, i);
        if (child->run_id.p)
            entries_add(&c->by_run, child->run_id, i);
        else
            entries_add(&c->by_task, child->task_id, i);
    }
    entries_sort(&c->by_id);
    entries_sort(&c->by_run);
    entries_sort(&c->by_task);
}

static void list_calls(const struct plan *p, struct calls *c)
{
    entries_init(&c->open, p->finding->n_notes, p->arena);
    for (size_t i = 0; i < p->finding->n_notes; i++)
        if (p->finding->notes[i].role == ROLE_CALL)
            entries_add(&c->open, p->e->runs[p->finding->notes[i].run].task_id,
                        p->finding->notes[i].run);
    entries_sort(&c->open);
}

static enum match take(const struct entries *list, const struct entry *found, size_t *out)
{
    *out = found->at;
    return has_second(list, found) ? MATCH_DOUBT : MATCH_ONE;
}

static enum match find_child(const struct plan *p, const struct calls *c, size_t run, size_t *out)
{
    const struct task_run *r = &p->e->runs[run];
    const struct entry    *found = entries_find(&c->by_run, r->id);

    if (found)
        return take(&c->by_run, found, out);
    if (r->outputs_execution.p && !was_answered(r)) {
        found = entries_find(&c->by_id, r->outputs_execution);
        return found ? take(&c->by_id, found, out) : MATCH_NONE;
    }
    found = entries_find(&c->by_task, r->task_id);
    if (!found)
        return MATCH_NONE;
    /* Only the task is known: good enough for the one child of the one call. */
    if (r->value.p || was_answered(r) || has_second(&c->open, entries_find(&c->open, r->task_id)))
        return MATCH_DOUBT;
    return take(&c->by_task, found, out);
}

/* A child of a call that the document does not know yet: the document is older than that, and the
 * call would start a second one. */
static bool has_child_ahead(const struct plan *p)
{
    bool *reached = arena_alloc(p->arena, (size_t)p->tree->n_tasks + 1);

    memset(reached, 0, p->tree->n_tasks);
    for (size_t i = 0; i < p->e->n_runs; i++)
        if (plan_task(p, i) != TASK_NONE)
            reached[plan_task(p, i)] = true;
    for (size_t i = 0; i < p->facts->n_children; i++) {
        uint32_t task = flow_tree_find(p->tree, p->facts->children[i].task_id);

        if (task != TASK_NONE && p->tree->tasks[task].type == TASK_SUBFLOW && !reached[task])
            return true;
    }
    return false;
}

/* ---- what becomes of the call ---------------------------------------------------------------- */

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

static void plan_call(struct plan *p, const struct calls *c, const struct run_note *note)
{
    const struct child *child;
    const struct task  *task;
    enum match          match;
    size_t              at = 0;

    if (note->task == TASK_NONE || !p->facts->children_known) {
        p->refused = true;
        return;
    }
    task = &p->tree->tasks[note->task];
    match = find_child(p, c, note->run, &at);
    if (match == MATCH_NONE) {
        plan_childless(p, note);
        return;
    }
    p->priced = true;
    child = &p->facts->children[at];
    if (match == MATCH_DOUBT || task->type != TASK_SUBFLOW)
        p->refused = true;
    else if (!task->wait)
        let_go(p, note->run, child);
    else if (has_ended(p, child))
        finish(p, note->run, task, child);
    else
        link_to(p, note->run, task, child);
}

void plan_calls(struct plan *p)
{
    struct calls c;

    if (p->facts->n_children > 0 && has_child_ahead(p)) {
        p->refused = true;
        return;
    }
    list_children(p, &c);
    list_calls(p, &c);
    for (size_t i = 0; i < p->finding->n_notes && !p->refused; i++)
        if (p->finding->notes[i].role == ROLE_CALL)
            plan_call(p, &c, &p->finding->notes[i]);
}
