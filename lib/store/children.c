/* children.c - see children.h. */
#include "lib/store/children.h"

#include "lib/base/map.h"
#include "lib/store/named.h"

/* A link of a child that was not among those of its parent. */
struct stray {
    struct slice parent, run;
    bool         found, taken;
};

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
    struct id_list             ended;
    struct id_list             strays; /* children that only links name */
    struct map                *stray;  /* struct stray, by child */
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
    c->stray = map_new();
    id_list_init(&c->ended);
    id_list_init(&c->strays);
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
    map_free(c->stray);
    id_list_free(&c->ended);
    id_list_free(&c->strays);
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

/* parent: p NULL for the one that the document names. False: it is no child that counts. */
static bool add_child(struct children *c, const struct document *doc, struct slice parent)
{
    struct execution e;
    struct err       why;
    bool             ok;

    arena_reset(c->scratch);
    ok = doc->value.p &&
         (doc->trusted ? execution_read_trusted : execution_read)(doc->value, c->scratch, &e, &why);
    if (ok && !parent.p)
        parent = e.parent_execution;
    ok = ok && parent.p && e.id.p && !e.deleted;
    if (ok) {
        struct child child = {
            .id = e.id,
            .task_id = e.trigger_id,
            .state = e.state.current,
            .ended = layout_is_terminal(c->conf->layout, e.state.name),
        };

        /* Only a link that is sent holds the child itself. */
        child.json = c->conf->scope->project.recover.mode == RECOVER_ALL ? doc->value : SLICE("{}");
        child.trusted = doc->trusted;
        judge_add_child(c->conf->judge, parent, &child);
        c->stats->children++;
        if (named_has_open_run(c->conf->layout, &e))
            id_list_add(&c->ended, e.id);
    }
    return ok;
}

static bool take_child(void *ctx, const char *place, const struct document *doc,
                       const struct projection *projection, struct err *err)
{
    (void)place;
    (void)projection;
    (void)err;
    (void)add_child(ctx, doc, slice_of(NULL, 0));
    return true;
}

/* ---- links ----------------------------------------------------------------------------------- */

static void take_link(void *ctx, const struct store_link *link)
{
    struct children *c = ctx;
    struct slice     child = link->child;
    struct stray    *s;
    void           **place;

    c->stats->links++;
    if (judge_add_link(c->conf->judge, link->parent, child, link->run))
        return;
    place = map_put(c->stray, &child);
    if (*place)
        return;
    s = *place = arena_alloc(c->arena, sizeof(*s));
    *s = (struct stray){ .parent = arena_copy(c->arena, link->parent),
                         .run = arena_copy(c->arena, link->run) };
    id_list_add(&c->strays, child);
}

static bool take_stray(void *ctx, const char *place, const struct document *doc,
                       const struct projection *projection, struct err *err)
{
    struct children *c = ctx;
    struct stray    *s = map_get(c->stray, doc->id);

    (void)place;
    (void)projection;
    (void)err;
    if (!s || s->found)
        return true;
    s->found = true;
    s->taken =
        add_child(c, doc, s->parent) && judge_add_link(c->conf->judge, s->parent, doc->id, s->run);
    return true;
}

/* Children that only links name are there all the same, or they are lost and their calls had begun.
 */
static bool find_strays(struct children *c, struct err *err)
{
    struct look_up all = { c->conf, c->stats, KIND_EXECUTION, c->strays.items, c->strays.n };

    if (!pending_look_up(&all, take_stray, c, err))
        return false;
    for (size_t i = 0; i < c->strays.n; i++) {
        const struct stray *s = map_get(c->stray, c->strays.items[i]);
        struct store_name   name = { .execution = c->strays.items[i] };

        if (!s->taken)
            judge_add_run(c->conf->judge, RUN_TAKEN, s->run, slice_of(NULL, 0));
        if (!s->found && !named_lost(c->conf, "links", &name, c->stats, err))
            return false;
    }
    return true;
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
    return ok && find_strays(c, err);
}

const struct id_list *children_ended(const struct children *c)
{
    return &c->ended;
}
