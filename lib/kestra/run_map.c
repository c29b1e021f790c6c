/*
 * run_map.c - task runs and their tasks (run_map.h).
 *
 * DESIGN: a flow of ten tasks is searched faster than it is indexed, so the index of task ids is
 * made only when runs times tasks are many. It holds each task twice: under its id (the first in
 * Kestra's order wins) and under its parent and id (two templates may bring the same ids).
 */
#include "lib/kestra/run_map.h"

#include "lib/base/hash.h"

#define SEARCH_AT_MOST 4096u
#define ANYWHERE       (TASK_NONE - 1) /* a scope: the first task of that id in the whole flow */

struct entry {
    uint32_t scope; /* ANYWHERE, or the parent task (TASK_NONE: the flow) */
    uint32_t task;  /* TASK_NONE: free */
};

struct index {
    const struct flow_tree *t;
    size_t                  mask; /* number of entries - 1; a power of two, at most half full */
    struct entry           *entries;
};

static struct entry *entry_of(const struct index *x, uint32_t scope, struct slice id)
{
    uint64_t h = hash64(id) + scope * UINT64_C(0x9e3779b97f4a7c15);
    size_t   i = (size_t)(h ^ (h >> 32)) & x->mask;

    while (x->entries[i].task != TASK_NONE &&
           (x->entries[i].scope != scope || !slice_eq(x->t->tasks[x->entries[i].task].id, id)))
        i = (i + 1) & x->mask;
    return &x->entries[i];
}

static void add(struct index *x, uint32_t scope, uint32_t task)
{
    struct entry *e = entry_of(x, scope, x->t->tasks[task].id);

    if (e->task == TASK_NONE)
        *e = (struct entry){ scope, task };
}

/* Depth first, as Kestra looks; no deeper than a tree can be. */
/* NOLINTNEXTLINE(misc-no-recursion): at most FLOW_TREE_MAX_DEPTH levels */
static void add_branches(struct index *x, uint32_t first, uint32_t n, unsigned depth)
{
    if (depth > FLOW_TREE_MAX_DEPTH)
        return;
    for (uint32_t b = first; b < first + n; b++) {
        const struct branch *branch = &x->t->branches[b];

        for (uint32_t i = branch->first; i < branch->first + branch->n; i++) {
            add(x, ANYWHERE, i);
            add(x, x->t->tasks[i].parent, i);
            add_branches(x, x->t->tasks[i].first_branch, x->t->tasks[i].n_branches, depth + 1);
        }
    }
}

static void index_make(struct index *x, const struct flow_tree *t, struct arena *a)
{
    size_t n = 64;

    while (n < (size_t)t->n_tasks * 4)
        n *= 2;
    x->t = t;
    x->mask = n - 1;
    x->entries = arena_alloc(a, n * sizeof(*x->entries));
    for (size_t i = 0; i < n; i++)
        x->entries[i].task = TASK_NONE;
    add_branches(x, 0, t->n_own, 0);
}

static uint32_t find_among(const struct flow_tree *t, uint32_t parent, struct slice id)
{
    uint32_t first = parent == TASK_NONE ? 0 : t->tasks[parent].first_branch;
    uint32_t n = parent == TASK_NONE ? t->n_own : t->tasks[parent].n_branches;

    for (uint32_t b = first; b < first + n; b++)
        for (uint32_t i = t->branches[b].first; i < t->branches[b].first + t->branches[b].n; i++)
            if (slice_eq(t->tasks[i].id, id))
                return i;
    return TASK_NONE;
}

/* x NULL: there is no index. */
static uint32_t find(const struct index *x, const struct flow_tree *t, uint32_t scope,
                     struct slice id)
{
    if (!id.p)
        return TASK_NONE;
    if (x)
        return entry_of(x, scope, id)->task;
    return scope == ANYWHERE ? flow_tree_find(t, id) : find_among(t, scope, id);
}

/* Its task among those of the level that parent opens; most often the one that was found. */
static uint32_t find_slot(const struct index *x, const struct flow_tree *t, uint32_t parent,
                          uint32_t found, struct slice id)
{
    if (found == TASK_NONE || t->tasks[found].parent == parent)
        return found;
    return find(x, t, parent, id);
}

static void map_run(struct run_map *m, const struct index *x, size_t i)
{
    const struct task_run *run = &m->e->runs[i];
    size_t                 p = run->parent;
    uint32_t               task = m->task[i];
    bool top = task != TASK_NONE && (p == RUN_NONE || m->t->tasks[task].parent == TASK_NONE);

    m->own[i] = top ? find_slot(x, m->t, TASK_NONE, task, run->task_id) : TASK_NONE;
    m->slot[i] = TASK_NONE;
    if (p != RUN_NONE && m->task[p] != TASK_NONE)
        m->slot[i] = find_slot(x, m->t, m->task[p], task, run->task_id);
}

static void chain_children(struct run_map *m)
{
    size_t n = m->e->n_runs;

    for (size_t i = 0; i < n; i++)
        m->first_child[i] = RUN_NONE;
    for (size_t i = n; i-- > 0;) {
        size_t p = m->e->runs[i].parent;

        m->next_child[i] = RUN_NONE;
        if (p < n) {
            m->next_child[i] = m->first_child[p];
            m->first_child[p] = i;
        }
    }
}

void run_map_make(const struct execution *e, const struct flow_tree *t, struct arena *a,
                  struct run_map *out)
{
    size_t       n = e->n_runs;
    struct index index;
    bool         many = (uint64_t)n * t->n_tasks > SEARCH_AT_MOST;

    *out = (struct run_map){ .e = e, .t = t };
    out->task = arena_alloc(a, 3 * n * sizeof(uint32_t) + 1);
    out->slot = out->task + n;
    out->own = out->slot + n;
    out->first_child = arena_alloc(a, 2 * n * sizeof(size_t) + 1);
    out->next_child = out->first_child + n;
    if (many)
        index_make(&index, t, a);
    for (size_t i = 0; i < n; i++)
        out->task[i] = find(many ? &index : NULL, t, ANYWHERE, e->runs[i].task_id);
    for (size_t i = 0; i < n; i++)
        map_run(out, many ? &index : NULL, i);
    chain_children(out);
}

bool task_is_listener(const struct flow_tree *t, uint32_t task)
{
    for (unsigned depth = 0; depth <= FLOW_TREE_MAX_DEPTH && task != TASK_NONE; depth++) {
        if (t->tasks[task].parent == TASK_NONE)
            return t->branches[t->tasks[task].branch].kind == BRANCH_LISTENERS;
        task = t->tasks[task].parent;
    }
    return false;
}
