/* children.c - see children.h. */
#include "lib/store/children.h"

#include "lib/base/map.h"

struct list {
    struct slice *items;
    size_t        n, room;
};

struct children {
    const struct pending_conf *conf;
    struct pending_stats      *stats;
    struct arena              *arena;   /* of what is kept */
    struct list                parents; /* of all tenants; none where they are asked for apart */
    struct map                *tenants; /* struct list of parents, by tenant; "": of none */
    bool                       has_oldest;
    struct instant             oldest; /* start of the oldest parent: no child is older */
    struct strings             types;
    struct arena              *scratch; /* of one child */
};

static void add_class_names(struct strings *to, const struct strings *from)
{
    for (size_t i = 0; i < from->n; i++)
        to->items[to->n++] = from->items[i];
}

struct children *children_new(const struct pending_conf *conf, struct pending_stats *stats)
{
    const struct strings *calls = &conf->layout->tasks[TASK_SUBFLOW];
    const struct strings *items = &conf->layout->tasks[TASK_FOR_EACH_ITEM];
    struct children      *c = mem_alloc(sizeof(*c));

    c->conf = conf;
    c->stats = stats;
    c->tenants = map_new();
    c->arena = arena_new(16384);
    c->scratch = arena_new(16384);
    /* What trigger.type says of a child. */
    c->types.items = mem_array(calls->n + items->n, sizeof(*c->types.items));
    add_class_names(&c->types, calls);
    add_class_names(&c->types, items);
    return c;
}

void children_free(struct children *c)
{
    size_t at = 0;
    void **place;

    if (!c)
        return;
    while ((place = map_next(c->tenants, &at, NULL)))
        mem_free(((struct list *)*place)->items);
    map_free(c->tenants);
    mem_free(c->parents.items);
    arena_free(c->arena);
    arena_free(c->scratch);
    mem_free(c->types.items);
    mem_free(c);
}

/* The parents of that tenant. */
static struct list *list_of(struct children *c, struct slice tenant)
{
    struct slice key = tenant.p ? tenant : SLICE("");
    void       **place = map_put(c->tenants, &key);

    if (!*place) {
        *place = arena_alloc(c->arena, sizeof(struct list));
        memset(*place, 0, sizeof(struct list));
    }
    return *place;
}

void children_of(struct children *c, struct slice id, const struct execution *parent)
{
    struct list   *l = c->conf->store->finds_parents ? list_of(c, parent->tenant) : &c->parents;
    struct instant start;

    if (l->n == l->room) {
        l->room = l->room > 0 ? l->room * 2 : 16;
        l->items = mem_realloc(l->items, l->room * sizeof(*l->items));
    }
    l->items[l->n++] = arena_copy(c->arena, id);
    if (parent->state.n_histories == 0 || !instant_parse(parent->state.histories[0].date, &start))
        start = (struct instant){ 0 };
    if (!c->has_oldest || instant_compare(start, c->oldest) < 0)
        c->oldest = start;
    c->has_oldest = true;
}

static bool take_child(void *ctx, const char *place, const struct document *doc,
                       const struct projection *projection, struct err *err)
{
    struct children *c = ctx;
    struct execution e;
    struct err       why;

    (void)place;
    (void)projection;
    (void)err;
    arena_reset(c->scratch);
    if ((doc->trusted ? execution_read_trusted : execution_read)(doc->value, c->scratch, &e,
                                                                 &why) &&
        e.parent_execution.p && e.id.p && !e.deleted) {
        struct child child = {
            .id = e.id,
            .task_id = e.trigger_id,
            .state = e.state.current,
            .ended = layout_is_terminal(c->conf->layout, e.state.name),
        };

        /* Only a link that is sent holds the child itself. */
        child.json = c->conf->scope->project.recover.mode == RECOVER_ALL ? doc->value : SLICE("{}");
        child.trusted = doc->trusted;
        judge_add_child(c->conf->judge, e.parent_execution, &child);
        c->stats->children++;
    }
    return true;
}

static void take_link(void *ctx, const struct store_link *link)
{
    struct children *c = ctx;

    c->stats->links++;
    judge_add_link(c->conf->judge, link->parent, link->child, link->run);
}

/* The next of them, at most max; 0: no more. */
static size_t next_part(const struct list *parents, size_t at, size_t max)
{
    size_t left = parents->n - at;

    return left < max ? left : max;
}

/* tenant: NULL for any. */
static bool find_children(struct children *c, const char *tenant, const struct list *parents,
                          struct err *err)
{
    const struct pending_conf *conf = c->conf;
    size_t                     max = conf->store->finds_parents ? STORE_MAX_IDS : STORE_MAX_PARENTS;
    char                       since[32];
    size_t                     n;

    instant_format(c->oldest, since);
    for (size_t at = 0; (n = next_part(parents, at, max)) > 0; at += n) {
        struct store_query q = {
            .kind = KIND_EXECUTION,
            .tenant = tenant,
            .executions = EXECUTIONS_ALL,
            .since = since,
            .child_types = c->types,
            .parents = parents->items + at,
            .n_parents = n,
        };
        struct showing what = { conf->store, &q, conf->jobs, NULL, conf->stop };

        c->stats->lookups++;
        if (!pipeline_show(&what, take_child, c, err))
            return false;
    }
    return true;
}

/* Tables tell them for nothing, logs have to be searched. */
static bool find_links(struct children *c, const struct list *parents, struct err *err)
{
    struct store *store = c->conf->store;
    size_t        n;

    if (!store->links || (!store->has_links && !c->conf->scope->with_logs))
        return true;
    for (size_t at = 0; (n = next_part(parents, at, STORE_MAX_IDS)) > 0; at += n) {
        c->stats->lookups++;
        if (!store->links(store, parents->items + at, n, take_link, c, err))
            return false;
    }
    return true;
}

bool children_find(struct children *c, struct err *err)
{
    size_t       at = 0;
    bool         ok = find_children(c, NULL, &c->parents, err);
    struct slice tenant;
    void       **place;

    while (ok && (place = map_next(c->tenants, &at, &tenant)))
        ok = find_children(c, arena_str(c->arena, tenant), *place, err);
    at = 0;
    ok = ok && find_links(c, &c->parents, err);
    while (ok && (place = map_next(c->tenants, &at, NULL)))
        ok = find_links(c, *place, err);
    return ok;
}
