/*
 * locks.c - see locks.h. Locked triggers are kept (some 300 bytes each) until all were read; then
 * the executions that they name are looked up, STORE_MAX_IDS at a time.
 */
#include "lib/store/locks.h"

#include "lib/base/map.h"

struct kept {
    struct trigger trigger;
    struct slice   key;
    const char    *place;
    struct slice   behind;
};

struct pass {
    const struct pending_conf *conf;
    struct locks_stats        *stats;
    struct pending_stats      *pending;
    bool                       judges_ended;
    lock_fn                    fn;
    struct arena              *arena; /* of what is kept */
    struct kept               *kept;
    size_t                     n_kept, room;
    struct map                *found; /* enum state + 1 by execution id */
};

static bool read_all(struct pass *p, const struct store_query *q, document_fn fn, struct err *err)
{
    struct showing what = { p->conf->store, q, p->conf->jobs, NULL, p->conf->stop };

    return pipeline_show(&what, fn, p, err);
}

static bool note_state(void *ctx, const char *place, const struct document *doc,
                       const struct projection *projection, struct err *err)
{
    struct pass     *p = ctx;
    struct arena    *a = arena_new(16384);
    struct execution e;
    struct err       why;
    struct slice     id = doc->id;

    (void)place;
    (void)projection;
    (void)err;
    /* What cannot be read is there, and nobody knows in what state: pending. */
    if (!execution_read(doc->value, a, &e, &why))
        e.state.current = STATE_UNKNOWN;
    *map_put(p->found, &id) = (void *)(uintptr_t)(e.state.current + 1);
    arena_free(a);
    return true;
}

/* Of those that have ended, some are sent all the same; their locks are held then. */
static bool judge_ended_ones(struct pass *p, struct err *err)
{
    const struct pending_conf *conf = p->conf;
    struct slice              *ids = mem_array(map_count(p->found) + 1, sizeof(*ids));
    size_t                     n = 0;
    size_t                     at = 0;
    void                     **state;
    bool                       ok = true;

    while ((state = map_next(p->found, &at, &ids[n]))) {
        const char *name = state_name((enum state)((uintptr_t)*state - 1));

        n += layout_is_terminal(conf->layout, slice_str(name)) ? 1 : 0;
    }
    if (n > 0 && p->judges_ended)
        ok = pending_run_ended(conf, ids, n, p->pending, err);
    mem_free(ids);
    return ok;
}

/* The executions that kept[from .. n) name. */
static bool look_up(struct pass *p, size_t from, size_t n, struct err *err)
{
    struct slice       ids[STORE_MAX_IDS];
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .ids = ids };

    for (size_t i = from; i < n; i++) {
        struct slice id = p->kept[i].trigger.execution;

        if (id.p && !judge_releases(p->conf->judge, id))
            ids[q.n_ids++] = id;
    }
    return q.n_ids == 0 || read_all(p, &q, note_state, err);
}

static bool is_unlocked(const struct pass *p, enum lock_code code)
{
    switch (p->conf->scope->project.unlock) {
    case UNLOCK_NONE: return false;
    case UNLOCK_DEAD: return lock_code_is_dead(code);
    case UNLOCK_ALL: return code != LOCK_NONE;
    }
    return false;
}

static bool tell(struct pass *p, const struct kept *k, struct err *err)
{
    struct slice id = k->trigger.execution;
    bool         releases = id.p && judge_releases(p->conf->judge, id);
    uintptr_t    found = id.p ? (uintptr_t)map_get(p->found, id) : 0;
    enum state   state = found > 0 ? (enum state)(found - 1) : STATE_ABSENT;
    struct lock  lock = {
         .key = k->key,
         .place = k->place,
         .trigger = &k->trigger,
         .code = lock_code_of(p->conf->layout, &k->trigger, releases, found > 0, state),
         .behind = k->behind,
    };

    lock.unlocked = is_unlocked(p, lock.code);
    lock.held = lock.unlocked && releases && p->conf->scope->project.unlock == UNLOCK_DEAD;
    p->stats->locked += lock.code != LOCK_NONE ? 1 : 0;
    p->stats->unlocked += lock.unlocked ? 1 : 0;
    p->stats->kept += lock_code_is_dead(lock.code) && !lock.unlocked ? 1 : 0;
    p->stats->behind += lock.behind.p ? 1 : 0;
    p->stats->by_code[lock.code]++;
    return !p->fn || p->fn(p->conf->ctx, &lock, err);
}

static bool work_kept(struct pass *p, struct err *err)
{
    for (size_t from = 0; from < p->n_kept; from += STORE_MAX_IDS) {
        size_t n = p->n_kept - from < STORE_MAX_IDS ? p->n_kept : from + STORE_MAX_IDS;

        if (!look_up(p, from, n, err))
            return false;
    }
    if (!judge_ended_ones(p, err))
        return false;
    for (size_t i = 0; i < p->n_kept; i++)
        if (!tell(p, &p->kept[i], err))
            return false;
    return true;
}

static struct slice copy(struct pass *p, struct slice s)
{
    return s.p ? arena_copy(p->arena, s) : s;
}

static bool take_trigger(void *ctx, const char *place, const struct document *doc,
                         const struct projection *projection, struct err *err)
{
    struct pass   *p = ctx;
    struct kept   *k;
    struct trigger t;
    struct err     why;
    struct slice   tick;

    (void)projection;
    (void)err;
    if (!doc->value.p || !trigger_read(doc->value, doc->trusted, p->arena, &t, &why))
        return true; /* the projection names it */
    tick = judge_newest_tick(p->conf->judge, t.tenant, t.namespace, t.flow, t.id);
    if (!trigger_is_behind(&t, tick))
        tick = slice_of(NULL, 0);
    if (!t.execution.p && !t.evaluating.p && !tick.p)
        return true;
    if (p->n_kept == p->room) {
        p->room = p->room > 0 ? p->room * 2 : 64;
        p->kept = mem_realloc(p->kept, p->room * sizeof(*p->kept));
    }
    k = &p->kept[p->n_kept++];
    k->trigger = (struct trigger){
        copy(p, t.tenant),    copy(p, t.namespace),  copy(p, t.flow), copy(p, t.id),
        copy(p, t.execution), copy(p, t.evaluating), copy(p, t.date),
    };
    k->key = copy(p, doc->id);
    k->place = arena_str(p->arena, slice_str(place));
    k->behind = copy(p, tick);
    return true;
}

bool locks_run(const struct pending_conf *conf, lock_fn fn, struct pending_stats *pending,
               struct locks_stats *stats, struct err *err)
{
    struct pass        p = { .conf = conf, .stats = stats, .pending = pending, .fn = fn };
    struct store_query q = survey_query(conf->scope, KIND_TRIGGER);
    bool               ok;

    memset(stats, 0, sizeof(*stats));
    p.judges_ended = scope_has(conf->scope, KIND_EXECUTION) && scope_judges(conf->scope);
    p.arena = arena_new(65536);
    p.found = map_new();
    ok = read_all(&p, &q, take_trigger, err) && work_kept(&p, err);
    map_free(p.found);
    arena_free(p.arena);
    mem_free(p.kept);
    return ok;
}
