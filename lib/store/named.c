/* named.c - see named.h. What logs name is kept until all lines were read, some 200 bytes each. */
#include "lib/store/named.h"

#include "lib/base/map.h"
#include "lib/store/id_list.h"

#define PLACE_LOGS "logs"

struct name {
    struct store_name of;
    bool              found;
};

struct pass {
    const struct pending_conf *conf;
    struct pending_stats      *stats;
    struct map                *names; /* struct name, by execution */
    struct id_list             ids;   /* of all of them; its arena has the names */
    struct id_list             ended; /* with a task run open */
};

/* ---- lost ------------------------------------------------------------------------------------ */

bool named_lost(const struct pending_conf *conf, const char *place, const struct store_name *name,
                struct pending_stats *stats, struct err *err)
{
    struct document  doc = { .id = name->execution };
    struct judgement j;

    if (!judge_tell_lost(conf->judge, name->execution, &j))
        return true;
    j.execution.tenant = name->tenant;
    j.execution.namespace = name->namespace;
    j.execution.flow_id = name->flow;
    stats->lost++;
    return !conf->on_judged || conf->on_judged(conf->ctx, place, &doc, &j, err);
}

bool named_has_open_run(const struct layout *l, const struct execution *e)
{
    if (!layout_is_terminal(l, e->state.name))
        return false;
    for (size_t i = 0; i < e->n_runs; i++)
        if (!layout_is_terminal(l, e->runs[i].state.name))
            return true;
    return false;
}

/* ---- what logs name -------------------------------------------------------------------------- */

static struct slice copy(struct pass *p, struct slice s)
{
    return s.p ? arena_copy(p->ids.arena, s) : s;
}

static void take_name(void *ctx, const struct store_name *name)
{
    struct pass        *p = ctx;
    const struct scope *scope = p->conf->scope;
    struct slice        id = name->execution;
    struct name        *kept;
    void              **place;

    if (!scope_selects(scope->tenant, scope->namespace, name->tenant, name->namespace))
        return;
    place = map_put(p->names, &id);
    if (*place)
        return;
    kept = *place = arena_alloc(p->ids.arena, sizeof(*kept));
    *kept = (struct name){
        .of = { id, copy(p, name->tenant), copy(p, name->namespace), copy(p, name->flow) },
    };
    id_list_add(&p->ids, id);
    p->stats->named++;
}

static bool note_found(void *ctx, const char *place, const struct document *doc,
                       const struct projection *projection, struct err *err)
{
    struct pass     *p = ctx;
    struct name     *name = map_get(p->names, doc->id);
    struct arena    *a = arena_new(16384);
    struct execution e;
    struct err       why;

    (void)place;
    (void)projection;
    (void)err;
    if (name)
        name->found = true;
    if (doc->value.p && execution_read(doc->value, a, &e, &why) && !e.deleted &&
        named_has_open_run(p->conf->layout, &e))
        id_list_add(&p->ended, doc->id);
    arena_free(a);
    return true;
}

static bool tell_lost(struct pass *p, struct err *err)
{
    for (size_t i = 0; i < p->ids.n; i++) {
        const struct name *name = map_get(p->names, p->ids.items[i]);

        if (!name->found && !named_lost(p->conf, PLACE_LOGS, &name->of, p->stats, err))
            return false;
    }
    return true;
}

/* Parts of a selection that a log line does not tell. */
static bool is_partial(const struct scope *s)
{
    return s->since || s->until || s->states.n > 0 || s->ids.n > 0;
}

bool named_run(const struct pending_conf *conf, const struct instant *newest,
               struct pending_stats *stats, struct err *err)
{
    struct pass    p = { .conf = conf, .stats = stats };
    struct store  *store = conf->store;
    struct instant since;
    struct look_up all = { conf, stats, KIND_EXECUTION, NULL, 0 };
    bool           ok;

    if (!conf->scope->with_logs || !store->log_names || !newest || is_partial(conf->scope))
        return true;
    since = (struct instant){ newest->s - NAMED_WINDOW_S, 0 };
    p.names = map_new();
    id_list_init(&p.ids);
    id_list_init(&p.ended);
    stats->lookups++;
    ok = store->log_names(store, since, take_name, &p, err);
    all.ids = p.ids.items;
    all.n = p.ids.n;
    ok = ok && pending_look_up(&all, note_found, &p, err) && tell_lost(&p, err) &&
         (p.ended.n == 0 || pending_run_ended(conf, p.ended.items, p.ended.n, stats, err));
    id_list_free(&p.ended);
    id_list_free(&p.ids);
    map_free(p.names);
    return ok;
}
