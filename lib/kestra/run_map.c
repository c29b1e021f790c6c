/*
 * run_map.c - task runs and their tasks (run_map.h).
 */
#include "lib/kestra/run_map.h"

/* Two templates may bring the same ids: then the task that Kestra finds first is not the one of
 * this level, and the level is searched. Only a hostile flow makes many such searches long. */
#define SEARCH_BUDGET UINT64_C(10000000)

static uint32_t find_among(const struct flow_tree *t, uint32_t parent, struct slice id,
                           uint64_t *budget)
{
    uint32_t first = parent == TASK_NONE ? 0 : t->tasks[parent].first_branch;
    uint32_t n = parent == TASK_NONE ? t->n_own : t->tasks[parent].n_branches;

    for (uint32_t b = first; b < first + n; b++) {
        for (uint32_t i = t->branches[b].first; i < t->branches[b].first + t->branches[b].n; i++) {
            if (slice_eq(t->tasks[i].id, id))
                return i;
            if (*budget == 0)
                return TASK_NONE;
            --*budget;
        }
    }
    return TASK_NONE;
}

/* Its task among those of the level that parent opens; most often the one that was found. */
static uint32_t find_slot(const struct run_map *m, uint32_t parent, size_t run, uint64_t *budget)
{
    uint32_t found = m->task[run];

    if (found == TASK_NONE || m->t->tasks[found].parent == parent)
        return found;
    return find_among(m->t, parent, m->e->runs[run].task_id, budget);
}

static void map_run(struct run_map *m, size_t i, uint64_t *budget)
{
    size_t   p = m->e->runs[i].parent;
    uint32_t task = m->task[i];
    bool     top = task != TASK_NONE && (p == RUN_NONE || m->t->tasks[task].parent == TASK_NONE);

    m->own[i] = top ? find_slot(m, TASK_NONE, i, budget) : TASK_NONE;
    m->slot[i] = TASK_NONE;
    if (p != RUN_NONE && m->task[p] != TASK_NONE)
        m->slot[i] = find_slot(m, m->task[p], i, budget);
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
    size_t   n = e->n_runs;
    uint64_t budget = SEARCH_BUDGET;

    *out = (struct run_map){ .e = e, .t = t };
    out->task = arena_alloc(a, 3 * n * sizeof(uint32_t) + 1);
    out->slot = out->task + n;
    out->own = out->slot + n;
    out->first_child = arena_alloc(a, 2 * n * sizeof(size_t) + 1);
    out->next_child = out->first_child + n;
    for (size_t i = 0; i < n; i++)
        out->task[i] = flow_tree_find(t, e->runs[i].task_id);
    for (size_t i = 0; i < n; i++)
        map_run(out, i, &budget);
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
