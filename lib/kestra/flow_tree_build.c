/*
 * flow_tree_build.c - the tasks of a flow revision out of its JSON.
 *
 * DESIGN: the tasks of a branch stand side by side, and so do the branches of a task. So the slots
 * of a whole branch are taken before any of its tasks is looked into, and likewise for branches;
 * while the tree is built both live in arrays that grow, and what points into them is an index. The
 * JSON is read as a tree (json_tree) into an arena that is gone afterwards.
 */
#include <assert.h>

#include "lib/base/map.h"
#include "lib/kestra/flow_tree_impl.h"

/* Where a branch comes from, until its tasks are in their slots. */
struct spec {
    enum branch_kind        kind;
    struct slice            name;
    const struct json_node *list;     /* of tasks; of listeners; of a Dag's steps */
    const struct json_node *split_of; /* ForEachItem: it has three tasks of its own instead */
};

struct builder {
    const struct layout *l;
    template_source      source;
    void                *ctx;
    struct err          *err;
    struct arena        *scratch; /* JSON trees */
    struct flow_tree    *out;
    size_t               cap_tasks, cap_branches, cap_depends, cap_nodes;
    struct task         *tasks; /* out->n_tasks of them */
    struct branch       *branches;
    uint32_t            *depends;
    uint32_t             n_depends;
    /* Of each task: its JSON; with a template that is there, the template's. */
    const struct json_node **nodes;
    struct map              *templates; /* by key: struct body */
    size_t                   cap_missing;
    struct slice            *missing; /* out->n_missing of them */
};

/* Room for one more of n; the array may move. */
static void *room(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    *cap = *cap > 0 ? *cap * 2 : 16;
    return mem_realloc(array, *cap * size);
}

static bool no_flow(struct builder *b, const char *what, struct slice id)
{
    return err_set(b->err, ERR_DATA, "flow: %s%s%.*s", what, id.n > 0 ? ": " : "", SLICE_ARG(id));
}

/* ---- slots -------------------------------------------------------------------------------- */

static bool add_branch(struct builder *b, struct spec spec)
{
    struct flow_tree *t = b->out;

    if (t->n_branches == 2 * FLOW_TREE_MAX_TASKS)
        return no_flow(b, "too many branches", SLICE(""));
    b->branches = room(b->branches, t->n_branches, &b->cap_branches, sizeof(*b->branches));
    b->branches[t->n_branches++] = (struct branch){
        .kind = spec.kind,
        .name = spec.name.p ? arena_copy(t->arena, spec.name) : spec.name,
    };
    return true;
}

static bool add_task(struct builder *b, struct task task, const struct json_node *node)
{
    struct flow_tree *t = b->out;

    if (t->n_tasks == FLOW_TREE_MAX_TASKS)
        return err_set(b->err, ERR_DATA, "flow: more than %u tasks", FLOW_TREE_MAX_TASKS);
    b->tasks = room(b->tasks, t->n_tasks, &b->cap_tasks, sizeof(*b->tasks));
    b->nodes = room(b->nodes, t->n_tasks, &b->cap_nodes, sizeof(*b->nodes));
    b->tasks[t->n_tasks] = task;
    b->nodes[t->n_tasks++] = node;
    return true;
}

/* A task of the flow's JSON into the next slot. conditional: its listener has conditions. */
static bool take_task(struct builder *b, const struct json_node *node, uint32_t parent,
                      uint32_t branch, bool conditional)
{
    struct slice id = flow_text(node, "id");
    struct slice type = flow_text(node, "type");
    struct task  task = { .parent = parent, .branch = branch, .conditional = conditional };

    if (node->type != JSON_OBJECT)
        return no_flow(b, "a task that is no object", SLICE(""));
    if (!id.p)
        return no_flow(b, "a task without id", SLICE(""));
    if (!type.p)
        return no_flow(b, "a task without type", id);
    task.id = arena_copy(b->out->arena, id);
    task.type = layout_task_type(b->l, type);
    task.sub_revision = -1;
    flow_task_members(b->l, node, b->out->tenant, b->out->arena, &task);
    return add_task(b, task, node);
}

/* ---- Dag ---------------------------------------------------------------------------------- */

static bool add_depends(struct builder *b, const struct json_node *list, const struct map *ids,
                        uint32_t task)
{
    b->tasks[task].depends_first = b->n_depends;
    for (const struct json_node *d = list ? list->first : NULL; d; d = d->next) {
        const uint32_t *on = d->type == JSON_STRING ? map_get(ids, d->text) : NULL;

        if (!on)
            return no_flow(b, "a task depends on a task that is not there", b->tasks[task].id);
        if (b->n_depends == FLOW_TREE_MAX_TASKS * 10)
            return no_flow(b, "too many dependencies", b->tasks[task].id);
        b->depends = room(b->depends, b->n_depends, &b->cap_depends, sizeof(*b->depends));
        b->depends[b->n_depends++] = *on;
        b->tasks[task].n_depends++;
    }
    return true;
}

/* Of two tasks of one id the first one is meant. */
static void note_place(struct builder *b, struct map *ids, uint32_t task)
{
    struct slice id = b->tasks[task].id;
    void       **place = map_put(ids, &id);
    uint32_t    *at;

    if (*place)
        return;
    at = arena_alloc(b->scratch, sizeof(*at));
    *at = task;
    *place = at;
}

static bool fill_dag(struct builder *b, const struct json_node *list, uint32_t parent,
                     uint32_t branch)
{
    struct map *ids = map_new(); /* of the tasks: where each is */
    uint32_t    at = b->out->n_tasks;
    bool        ok = true;

    for (const struct json_node *step = list->first; step && ok; step = step->next) {
        const struct json_node *task = json_get(step, "task");

        ok = task ? take_task(b, task, parent, branch, false)
                  : no_flow(b, "a Dag's task that is none", SLICE(""));
        if (ok)
            note_place(b, ids, b->out->n_tasks - 1);
    }
    for (const struct json_node *step = list->first; step && ok; step = step->next) {
        const struct json_node *on = json_get(step, "dependsOn");

        ok = add_depends(b, on && on->type == JSON_ARRAY ? on : NULL, ids, at++);
    }
    map_free(ids);
    return ok;
}

/* ---- branches ----------------------------------------------------------------------------- */

static bool fill_listeners(struct builder *b, const struct json_node *list, uint32_t branch)
{
    for (const struct json_node *listener = list->first; listener; listener = listener->next) {
        const struct json_node *tasks = json_get(listener, "tasks");
        const struct json_node *conditions = json_get(listener, "conditions");

        if (!tasks || tasks->type != JSON_ARRAY)
            continue;
        for (const struct json_node *task = tasks->first; task; task = task->next)
            if (!take_task(b, task, TASK_NONE, branch, conditions && conditions->n > 0))
                return false;
    }
    return true;
}

/* The three tasks of a ForEachItem. The middle one is what the flow says of the whole. */
static bool fill_split(struct builder *b, const struct json_node *node, uint32_t parent,
                       uint32_t branch)
{
    static const struct {
        const char    *suffix;
        enum task_type type;
    } parts[] = {
        { "_split", TASK_LEAF },
        { "_items", TASK_FOR_EACH_ITEM },
        { "_merge", TASK_LEAF },
    };
    struct slice id = flow_text(node, "id");

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct task task = { .type = parts[i].type, .parent = parent, .branch = branch };
        size_t      n = strlen(parts[i].suffix);
        char       *text = arena_alloc(b->out->arena, id.n + n);

        memcpy(text, id.p, id.n);
        memcpy(text + id.n, parts[i].suffix, n);
        task.id = slice_of(text, id.n + n);
        task.sub_revision = -1;
        if (task.type == TASK_FOR_EACH_ITEM) {
            flow_task_members(b->l, node, b->out->tenant, b->out->arena, &task);
            task.conditional = false;
            task.disabled = false;
        }
        if (!add_task(b, task, NULL))
            return false;
    }
    return true;
}

/* Put the tasks of a branch into their slots. */
static bool fill(struct builder *b, struct spec spec, uint32_t parent, uint32_t branch)
{
    bool ok = true;

    assert(b->branches && branch < b->out->n_branches);
    b->branches[branch].first = b->out->n_tasks;
    if (spec.split_of)
        ok = fill_split(b, spec.split_of, parent, branch);
    else if (spec.kind == BRANCH_LISTENERS)
        ok = fill_listeners(b, spec.list, branch);
    else if (spec.kind == BRANCH_TASKS && parent != TASK_NONE && b->tasks[parent].type == TASK_DAG)
        ok = fill_dag(b, spec.list, parent, branch);
    else
        for (const struct json_node *task = spec.list->first; task && ok; task = task->next)
            ok = take_task(b, task, parent, branch, false);
    b->branches[branch].n = b->out->n_tasks - b->branches[branch].first;
    return ok;
}

struct specs {
    size_t       n, cap;
    struct spec *items;
};

static void push(struct specs *specs, struct spec spec)
{
    specs->items = room(specs->items, specs->n, &specs->cap, sizeof(*specs->items));
    specs->items[specs->n++] = spec;
}

/* The branch that a member is, if it is there and a list that holds something. */
static bool add_member(struct builder *b, struct specs *specs, const struct json_node *node,
                       const char *name, enum branch_kind kind)
{
    const struct json_node *list = json_get(node, name);

    if (!list || list->type == JSON_NULL)
        return true;
    if (list->type != JSON_ARRAY)
        return no_flow(b, "no list of tasks", slice_str(name));
    if (list->n > 0)
        push(specs, (struct spec){ .kind = kind, .list = list });
    return true;
}

static bool add_cases(struct builder *b, struct specs *specs, const struct json_node *node)
{
    const struct json_node *cases = json_get(node, "cases");

    if (!cases || cases->type == JSON_NULL)
        return true;
    if (cases->type != JSON_OBJECT)
        return no_flow(b, "cases that are no object", flow_text(node, "id"));
    for (const struct json_node *c = cases->first; c; c = c->next) {
        struct slice name = c->name.p ? c->name : SLICE("");

        if (c->type == JSON_NULL)
            continue;
        if (c->type != JSON_ARRAY)
            return no_flow(b, "a case that is no list", name);
        push(specs, (struct spec){ .kind = BRANCH_CASE, .name = name, .list = c });
    }
    return true;
}

/* ---- templates ---------------------------------------------------------------------------- */

static void add_missing(struct builder *b, struct slice key)
{
    b->missing = room(b->missing, b->out->n_missing, &b->cap_missing, sizeof(*b->missing));
    b->missing[b->out->n_missing++] = key;
}

/* A template that was asked for; node NULL: it is not there. */
struct body {
    const struct json_node *node;
};

/* The template's JSON, read once; NULL when it is not there (restartability 2.4 F06, F08). */
static const struct json_node *find_template(struct builder *b, const struct json_node *node)
{
    struct slice            key = template_key(b->l, node, b->out->tenant, b->out->arena);
    const struct json_node *body = NULL;
    struct err              ignored = ERR_INIT;
    struct slice            json;
    struct slice            name = key.p ? key : SLICE("");
    void                  **place = map_put(b->templates, &name);
    struct body            *known = *place;

    if (known)
        return known->node;
    if (key.p && b->source && b->source(b->ctx, key, &json) &&
        !json_tree(json, b->scratch, &body, &ignored))
        body = NULL;
    if (body && (body->type != JSON_OBJECT || flow_true(body, "deleted")))
        body = NULL;
    if (!body)
        add_missing(b, key.p ? key : SLICE(""));
    known = arena_alloc(b->scratch, sizeof(*known));
    known->node = body;
    *place = known;
    return body;
}

/* ---- the tree ----------------------------------------------------------------------------- */

/* What branches a task has, in the order in which they are searched. */
static bool task_specs(struct builder *b, uint32_t task, struct specs *specs)
{
    const struct json_node *node;
    struct task            *t;

    assert(task < b->out->n_tasks && b->nodes && b->tasks);
    node = b->nodes[task];
    t = &b->tasks[task];

    if (!node || !task_is_flowable(t->type)) {
        if (!node || t->type != TASK_FOR_EACH_ITEM || !b->l->executor.items_split)
            return true;
        *t = (struct task){ .id = t->id,
                            .type = TASK_SEQUENTIAL,
                            .parent = t->parent,
                            .branch = t->branch,
                            .disabled = t->disabled,
                            .has_retry = t->has_retry,
                            .conditional = t->conditional,
                            .sub_revision = -1 };
        push(specs, (struct spec){ .kind = BRANCH_TASKS, .split_of = node });
    } else if (t->type == TASK_TEMPLATE) {
        node = find_template(b, node);
        if (!node)
            return true;
    }
    return (specs->n > 0 ||
            add_member(b, specs, node, t->type == TASK_IF ? "then" : "tasks", BRANCH_TASKS)) &&
           (t->type != TASK_SWITCH || (add_cases(b, specs, node) &&
                                       add_member(b, specs, node, "defaults", BRANCH_DEFAULTS))) &&
           (t->type != TASK_IF || add_member(b, specs, node, "else", BRANCH_ELSE)) &&
           add_member(b, specs, node, "errors", BRANCH_ERRORS) &&
           add_member(b, specs, node, "finally", BRANCH_FINALLY);
}

static bool build_branches(struct builder *b, const struct specs *specs, uint32_t parent,
                           uint32_t depth);

static bool build_task(struct builder *b, uint32_t task, uint32_t depth)
{
    struct specs specs = { .n = 0 };
    bool         ok = task_specs(b, task, &specs) && build_branches(b, &specs, task, depth + 1);

    mem_free(specs.items);
    return ok;
}

/* The branches of a task (TASK_NONE: of the flow) and all that is in them. */
static bool build_branches(struct builder *b, const struct specs *specs, uint32_t parent,
                           uint32_t depth)
{
    uint32_t first = b->out->n_branches;

    if (depth > FLOW_TREE_MAX_DEPTH)
        return err_set(b->err, ERR_DATA, "flow: tasks nested deeper than %u", FLOW_TREE_MAX_DEPTH);
    for (size_t i = 0; i < specs->n; i++)
        if (!add_branch(b, specs->items[i]))
            return false;
    if (parent == TASK_NONE) {
        b->out->n_own = (uint32_t)specs->n;
    } else {
        b->tasks[parent].first_branch = first;
        b->tasks[parent].n_branches = (uint32_t)specs->n;
    }
    for (uint32_t i = 0; i < specs->n; i++)
        if (!fill(b, specs->items[i], parent, first + i))
            return false;
    for (uint32_t i = first; i < first + specs->n; i++)
        for (uint32_t k = 0; k < b->branches[i].n; k++)
            if (!build_task(b, b->branches[i].first + k, depth))
                return false;
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool build_flow(struct builder *b, const struct json_node *root)
{
    struct specs specs = { .n = 0 };
    bool         ok = true;

    flow_members(root, b->out);
    ok = add_member(b, &specs, root, "tasks", BRANCH_TASKS) &&
         add_member(b, &specs, root, "errors", BRANCH_ERRORS) &&
         add_member(b, &specs, root, "finally", BRANCH_FINALLY) &&
         add_member(b, &specs, root, "listeners", BRANCH_LISTENERS) &&
         build_branches(b, &specs, TASK_NONE, 0);
    mem_free(specs.items);
    return ok;
}

static void *settled(struct arena *a, const void *array, size_t n, size_t size)
{
    void *copy = arena_alloc(a, n * size);

    if (array && n > 0)
        memcpy(copy, array, n * size);
    return copy;
}

/* The arrays that grew, as they are for ever. */
static void settle(struct builder *b)
{
    struct flow_tree *t = b->out;

    t->tasks = settled(t->arena, b->tasks, t->n_tasks, sizeof(*t->tasks));
    t->branches = settled(t->arena, b->branches, t->n_branches, sizeof(*t->branches));
    t->depends = settled(t->arena, b->depends, b->n_depends, sizeof(*t->depends));
    t->missing = settled(t->arena, b->missing, t->n_missing, sizeof(*t->missing));
    flow_tree_index(t);
}

static void release(struct builder *b)
{
    mem_free(b->tasks);
    mem_free(b->branches);
    mem_free(b->depends);
    mem_free(b->missing);
    mem_free(b->nodes);
    map_free(b->templates);
    arena_free(b->scratch);
}

bool flow_tree_build(const struct layout *l, struct slice json, template_source source, void *ctx,
                     struct flow_tree **out, struct err *err)
{
    struct arena           *a = arena_new(4096);
    struct flow_tree       *t = arena_alloc(a, sizeof(*t));
    struct builder          b = { .l = l, .source = source, .ctx = ctx, .err = err, .out = t };
    const struct json_node *root = NULL;
    bool                    ok;

    *t = (struct flow_tree){ .arena = a };
    b.scratch = arena_new(65536);
    b.templates = map_new();
    ok = json_tree(json, b.scratch, &root, err);
    if (ok && root->type != JSON_OBJECT)
        ok = no_flow(&b, "no JSON object", SLICE(""));
    ok = ok && build_flow(&b, root);
    if (ok)
        settle(&b);
    release(&b);
    if (ok)
        *out = t;
    else
        flow_tree_free(t);
    return ok;
}
