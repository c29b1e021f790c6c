/*
 * flow_tree.c - looking up in a flow's tasks.
 */
#include "lib/kestra/flow_tree.h"

#include "lib/base/hash.h"
#include "lib/kestra/flow_tree_impl.h"

/* Where an id is in the table, or would be. */
static uint32_t slot_of(const struct flow_tree *t, const uint32_t *by_id, struct slice id)
{
    uint32_t at = (uint32_t)hash64(id) & t->id_mask;

    while (by_id[at] != 0 && !slice_eq(t->tasks[by_id[at] - 1].id, id))
        at = (at + 1) & t->id_mask;
    return at;
}

/* Depth first: of an id that is there twice, the first one stays. */
static void index_branches(const struct flow_tree *t, uint32_t *by_id, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        for (uint32_t k = 0; k < t->branches[i].n; k++) {
            uint32_t           at = t->branches[i].first + k;
            const struct task *task = &t->tasks[at];
            uint32_t           slot = slot_of(t, by_id, task->id);

            if (by_id[slot] == 0)
                by_id[slot] = at + 1;
            index_branches(t, by_id, task->first_branch, task->n_branches);
        }
}

void flow_tree_index(struct flow_tree *t)
{
    uint32_t  cap = 4;
    uint32_t *by_id;

    while (cap < t->n_tasks * 2)
        cap *= 2;
    by_id = arena_alloc(t->arena, cap * sizeof(*by_id));
    memset(by_id, 0, cap * sizeof(*by_id));
    t->id_mask = cap - 1;
    index_branches(t, by_id, 0, t->n_own);
    t->by_id = by_id;
}

static uint32_t find(const struct flow_tree *t, struct slice id)
{
    uint32_t slot = slot_of(t, t->by_id, id);

    return t->by_id[slot] == 0 ? TASK_NONE : t->by_id[slot] - 1;
}

/* The middle task of a ForEachItem by a name that an earlier release gave it. */
static uint32_t find_items(const struct flow_tree *t, struct slice id)
{
    static const struct slice suffixes[] = { { "_item", 5 }, { "_executable", 11 } };
    char                      name[512];

    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        struct slice suffix = suffixes[i];
        int          n;
        uint32_t     at;

        if (id.n <= suffix.n || id.n > sizeof(name) / 2 ||
            memcmp(id.p + id.n - suffix.n, suffix.p, suffix.n) != 0)
            continue;
        n = snprintf(name, sizeof(name), "%.*s_items", (int)(id.n - suffix.n), id.p);
        at = find(t, slice_of(name, (size_t)n));
        if (at != TASK_NONE && t->tasks[at].type == TASK_FOR_EACH_ITEM)
            return at;
    }
    return TASK_NONE;
}

uint32_t flow_tree_find(const struct flow_tree *t, struct slice id)
{
    uint32_t at;

    if (!id.p)
        return TASK_NONE;
    at = find(t, id);
    return at == TASK_NONE ? find_items(t, id) : at;
}

const struct branch *flow_tree_branch(const struct flow_tree *t, uint32_t task,
                                      enum branch_kind kind)
{
    uint32_t first = task == TASK_NONE ? 0 : t->tasks[task].first_branch;
    uint32_t n = task == TASK_NONE ? t->n_own : t->tasks[task].n_branches;

    for (uint32_t i = first; i < first + n; i++)
        if (t->branches[i].kind == kind)
            return &t->branches[i];
    return NULL;
}

/* ---- templates ---------------------------------------------------------------------------- */

bool flow_tree_templates(const struct layout *l, struct slice json, struct arena *a, size_t *n,
                         struct slice **keys, struct err *err)
{
    struct flow_tree *t = NULL;

    if (!flow_tree_build(l, json, NULL, NULL, &t, err))
        return false;
    *keys = arena_alloc(a, t->n_missing * sizeof(**keys));
    *n = t->n_missing;
    for (size_t i = 0; i < *n; i++)
        (*keys)[i] = arena_copy(a, t->missing[i]);
    flow_tree_free(t);
    return true;
}

void flow_tree_free(struct flow_tree *t)
{
    if (t)
        arena_free(t->arena);
}
