/*
 * verdict_call.c - calls of subflows and the executions that they started (restartability E18-E21,
 * E38, H04, H05, F09).
 *
 * A child names its parent execution and the parent's task, but not the task run: in an Each
 * several calls of one task are told apart by what the ended ones wrote into their outputs; of the
 * others each takes a child that no other has.
 */
#include "lib/kestra/verdict_impl.h"

#include "lib/base/hash.h"

#define NO_CHILD UINT32_MAX
/* Only a hostile store has so many calls and children that do not fit each other. */
#define SEARCH_BUDGET UINT64_C(10000000)

enum key { KEY_ID, KEY_RUN, KEY_TASK, KEY_COUNT };

/* Children by id, by task run, by task; chained in their order. */
struct children {
    const struct facts *f;
    size_t              mask;
    uint32_t           *first[KEY_COUNT]; /* by hash */
    uint32_t           *next[KEY_COUNT];  /* by child */
    bool               *taken;
    uint64_t            budget; /* steps that searches may still take */
};

static struct slice key_of(const struct child *c, enum key key)
{
    static const struct slice none = { NULL, 0 };

    if (key == KEY_ID)
        return c->id;
    if (key == KEY_RUN)
        return c->run_id;
    return c->run_id.p ? none : c->task_id; /* whose run is known is no other run's */
}

static void children_make(struct look *k, struct children *x)
{
    size_t n = k->f->n_children;
    size_t size = 16;

    while (size < n * 2)
        size *= 2;
    x->f = k->f;
    x->budget = SEARCH_BUDGET;
    x->mask = size - 1;
    x->taken = arena_alloc(k->a, n + 1);
    memset(x->taken, 0, n);
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        x->first[key] = arena_alloc(k->a, size * sizeof(uint32_t));
        x->next[key] = arena_alloc(k->a, n * sizeof(uint32_t) + 1);
        memset(x->first[key], 0xff, size * sizeof(uint32_t));
        for (size_t i = n; i-- > 0;) {
            struct slice text = key_of(&k->f->children[i], (enum key)key);
            size_t       at = (size_t)hash64(text) & x->mask;

            if (!text.p)
                continue;
            x->next[key][i] = x->first[key][at];
            x->first[key][at] = (uint32_t)i;
        }
    }
}

/* A call that was restarted starts a new child by right: those that ended badly are of its last
 * life. */
static bool is_of_last_life(const struct task_run *run, const struct child *c)
{
    return run->state.current == STATE_RESTARTED && c->ended && c->state != STATE_SUCCESS;
}

/* The first child of that key that nobody has taken; it is taken then. What is passed over once is
 * taken out of the chain, so that all calls of one task together walk it once. */
static const struct child *take(struct children *x, enum key key, struct slice text,
                                const struct task_run *run)
{
    uint32_t *link;

    if (!text.p)
        return NULL;
    link = &x->first[key][(size_t)hash64(text) & x->mask];
    while (*link != NO_CHILD && x->budget > 0) {
        uint32_t            i = *link;
        const struct child *c = &x->f->children[i];

        if (x->taken[i]) {
            *link = x->next[key][i];
            continue;
        }
        x->budget--;
        if (slice_eq(key_of(c, key), text) && !is_of_last_life(run, c)) {
            x->taken[i] = true;
            return c;
        }
        link = &x->next[key][i];
    }
    return NULL;
}

/* Children that a task run names in its outputs are that run's. */
static void take_named(struct look *k, struct children *x)
{
    for (size_t i = 0; i < k->e->n_runs; i++)
        if (k->step.ended & STATE_BIT(k->e->runs[i].state.current))
            (void)take(x, KEY_ID, k->e->runs[i].outputs_execution, &k->e->runs[i]);
}

static const struct child *child_of(struct children *x, const struct task_run *run)
{
    const struct child *c = take(x, KEY_ID, run->outputs_execution, run);

    if (!c)
        c = take(x, KEY_RUN, run->id, run);
    return c ? c : take(x, KEY_TASK, run->task_id, run);
}

/* ---- what becomes of a call ---- */

static void link_lost(struct look *k, const struct task *t, const struct child *c)
{
    give(k, CODE_SUBFLOW_LINK_LOST);
    if (k->l->executor.subflow_runs)
        fits(k, t->type == TASK_FOR_EACH_ITEM ? ROW_H05 : ROW_H04);
    if (!k->f->children_known) {
        detail(k, "the subflow of task %.*s was not looked for", SLICE_ARG(t->id));
        return;
    }
    if (t->type == TASK_FOR_EACH_ITEM) {
        cure(k, REMEDY_START_AGAIN);
        return;
    }
    if (!c) {
        cure(k, REMEDY_RERUN_LOST);
        detail(k, "the subflow of task %.*s is not in the store", SLICE_ARG(t->id));
        return;
    }
    fits(k, c->ended ? ROW_E38 : ROW_E21);
    cure(k, c->ended && !t->has_outputs ? REMEDY_FINISH_SUBFLOW : REMEDY_LINK_SUBFLOW);
}

static void call_twice(struct look *k, const struct task *t, const struct child *c)
{
    give(k, CODE_SUBFLOW_DUPLICATE);
    detail(k, "task %.*s has started execution %.*s", SLICE_ARG(t->id), SLICE_ARG(c->id));
    if (k->l->executor.subflow_runs || t->wait) {
        link_lost(k, t, c);
        if (!k->l->executor.subflow_runs)
            fits(k, ROW_E18);
        return;
    }
    fits(k, ROW_E20);
    cure(k, REMEDY_FINISH_SUBFLOW);
}

static void look_at_call(struct look *k, struct children *x, const struct run_note *n)
{
    const struct task_run *run = &k->e->runs[n->run];
    const struct task     *t = &k->t->tasks[n->task];
    const struct child    *c = NULL;

    if (k->f->children_known && k->f->n_children > 0)
        c = child_of(x, run);
    if (state_is_running(run->state.current) || (x->f && x->budget == 0)) {
        link_lost(k, t, c);
        return;
    }
    if (c) {
        call_twice(k, t, c);
        return;
    }
    /* CREATED means not started yet only where starting makes it RUNNING at once. */
    if (!k->f->children_known && !k->l->executor.subflow_runs) {
        link_lost(k, t, NULL);
        return;
    }
    if (known_of(k, n->run)->taken) {
        k->out->taken = true;
        give(k, CODE_TASK_MAY_RERUN);
        detail(k, "task %.*s had started an execution that is lost", SLICE_ARG(t->id));
    }
    if (t->sub_dynamic)
        give(k, CODE_FLOWABLE_UNDECIDABLE);
    /* An execution that ends in this pass hears no answer either. */
    if ((k->step.registered != ANSWER_NO && !k->ends) || k->paused)
        return;
    give(k, CODE_SUBFLOW_NOT_JOINED);
    cure(k, REMEDY_R_WRAP);
    fits(k, t->wait ? ROW_E19 : ROW_E20);
}

/* A child of a call that the document does not know yet: reality was ahead of it (D01). */
void look_at_ahead(struct look *k)
{
    for (size_t i = 0; k->f->children_known && i < k->f->n_children; i++) {
        const struct child *c = &k->f->children[i];
        uint32_t            task = flow_tree_find(k->t, c->task_id);

        if (task == TASK_NONE || k->t->tasks[task].type != TASK_SUBFLOW ||
            progress_of(k, task) != TASK_TO_COME)
            continue;
        give(k, CODE_SUBFLOW_DUPLICATE);
        give(k, CODE_SOURCE_STALE);
        fits(k, ROW_D01);
        cure(k, REMEDY_START_AGAIN);
        detail(k, "execution %.*s was started by task %.*s, which the document has not reached",
               SLICE_ARG(c->id), SLICE_ARG(c->task_id));
    }
}

void look_at_calls(struct look *k)
{
    struct children x = { 0 };

    if (k->f->children_known && k->f->n_children > 0) {
        children_make(k, &x);
        take_named(k, &x);
    }
    for (size_t i = 0; i < k->out->n_notes; i++)
        if (k->out->notes[i].role == ROLE_CALL)
            look_at_call(k, &x, &k->out->notes[i]);
    look_at_ahead(k);
}

/* ---- where calls go ---- */

static bool target_is_missing(const struct look *k, const struct task *t)
{
    struct slice tenant = t->sub_tenant.p ? t->sub_tenant : k->e->tenant;

    return (t->type == TASK_SUBFLOW || t->type == TASK_FOR_EACH_ITEM) && !t->sub_dynamic &&
           !t->disabled && !k->f->flow_exists(k->f->ctx, tenant, t->sub_namespace, t->sub_flow);
}

void look_at_targets(struct look *k)
{
    if (!k->f->flow_exists)
        return;
    for (uint32_t i = 0; i < k->t->n_tasks; i++) {
        const struct task *t = &k->t->tasks[i];

        if (!target_is_missing(k, t) || progress_of(k, i) == TASK_DONE)
            continue;
        give(k, CODE_SUBFLOW_TARGET_MISSING);
        fits(k, ROW_F09);
        cure(k, REMEDY_SUPPLY_FLOW);
        detail(k, "task %.*s calls %.*s.%.*s, which is not there", SLICE_ARG(t->id),
               SLICE_ARG(t->sub_namespace), SLICE_ARG(t->sub_flow));
    }
    if (!given(k, CODE_SUBFLOW_TARGET_MISSING))
        return;
    /* The exception of a call that is due changes the execution. */
    for (size_t i = 0; i < k->out->n_notes; i++) {
        const struct run_note *n = &k->out->notes[i];

        if (n->role == ROLE_CALL && state_is_created(k->e->runs[n->run].state.current) &&
            target_is_missing(k, &k->t->tasks[n->task])) {
            k->step.raises = true;
            k->step.registered = ANSWER_YES;
        }
    }
}
