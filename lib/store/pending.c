/*
 * pending.c - see pending.h.
 *
 * DESIGN. One pass with one question to the judge for each document. What it cannot answer yet is
 * put aside: whole documents that need a revision, which are few, because revisions repeat; ids of
 * parents, which are read again. A store is asked for things by id only between two documents, and
 * by the thread that reads, so the judge has one owner. A store that cannot be asked meanwhile is
 * read twice: first for the keys of the revisions, then for the documents. So is one whose logs are
 * looked at.
 */
#include "lib/store/children.h"

#include "lib/base/map.h"

#define LISTENER_CODES (CODE_BIT(CODE_LISTENER_PENDING) | CODE_BIT(CODE_LISTENER_STUCK))

struct pass {
    const struct pending_conf *conf;
    struct pending_stats      *stats;
    struct projector          *projector; /* finds what it will skip */
    struct map                *asked;     /* revisions that were looked up or wait to be */
    struct id_list             wanted;    /* keys of revisions */
    struct batch             **aside;     /* documents that wait for one of them */
    size_t                     n_aside, room_aside;
    size_t                     aside_bytes;
    bool                       ended;   /* of the executions that are named */
    struct id_list             parents; /* that wait for the next round */
    struct children           *children;
    struct id_list             ids;    /* with_logs: of the pending executions */
    struct map                *newest; /* and the newest date of each, struct instant */
};

/* Show every document that the query selects. */
static bool read_all(struct pass *p, const struct store_query *query, struct tally *tally,
                     document_fn fn, struct err *err)
{
    const struct pending_conf *c = p->conf;
    struct showing             what = { c->store, query, c->jobs, tally, c->stop };

    return pipeline_show(&what, fn, p, err);
}

/* ---- look-ups -------------------------------------------------------------------------------- */

static bool take_revision(void *ctx, const char *place, const struct document *doc,
                          const struct projection *p, struct err *err)
{
    struct pass *pass = ctx;

    (void)place;
    (void)p;
    (void)err;
    judge_add_revision(pass->conf->judge, doc->id, doc->value);
    pass->stats->revisions++;
    return true;
}

static bool take_template(void *ctx, const char *place, const struct document *doc,
                          const struct projection *p, struct err *err)
{
    struct pass *pass = ctx;

    (void)place;
    (void)p;
    (void)err;
    judge_add_template(pass->conf->judge, doc->id, doc->value);
    pass->stats->templates++;
    return true;
}

bool pending_look_up(const struct look_up *all, document_fn fn, void *ctx, struct err *err)
{
    const struct pending_conf *c = all->conf;

    for (size_t at = 0; at < all->n; at += STORE_MAX_IDS) {
        size_t             n = all->n - at < STORE_MAX_IDS ? all->n - at : STORE_MAX_IDS;
        struct store_query q = {
            .kind = all->kind,
            .executions = EXECUTIONS_ALL,
            .ids = all->ids + at,
            .n_ids = n,
        };
        struct showing what = { c->store, &q, c->jobs, NULL, c->stop };

        all->stats->lookups++;
        if (!pipeline_show(&what, fn, ctx, err))
            return false;
    }
    return true;
}

static bool look_up_ids(struct pass *p, enum kind kind, const struct slice *ids, size_t n,
                        document_fn fn, struct err *err)
{
    struct look_up all = { p->conf, p->stats, kind, ids, n };

    return pending_look_up(&all, fn, p, err);
}

static bool look_up(struct pass *p, enum kind kind, const struct id_list *keys, document_fn fn,
                    struct err *err)
{
    return look_up_ids(p, kind, keys->items, keys->n, fn, err);
}

/* Templates may name templates: until none is wanted. */
static bool look_up_templates(struct pass *p, struct err *err)
{
    struct id_list keys;
    struct slice   key;
    bool           ok = true;

    id_list_init(&keys);
    do {
        id_list_clear(&keys);
        while (judge_next_template(p->conf->judge, &key))
            id_list_add(&keys, key);
        ok = look_up(p, KIND_TEMPLATE, &keys, take_template, err);
        for (size_t i = 0; ok && i < keys.n; i++)
            judge_add_template(p->conf->judge, keys.items[i], slice_of(NULL, 0));
    } while (ok && keys.n > 0);
    id_list_free(&keys);
    return ok;
}

static bool look_up_revisions(struct pass *p, struct err *err)
{
    if (!look_up(p, KIND_FLOW, &p->wanted, take_revision, err))
        return false;
    for (size_t i = 0; i < p->wanted.n; i++)
        judge_add_revision(p->conf->judge, p->wanted.items[i], slice_of(NULL, 0));
    id_list_clear(&p->wanted);
    return look_up_templates(p, err);
}

/* ---- documents ------------------------------------------------------------------------------- */

static void set_aside(struct pass *p, const char *place, const struct document *doc)
{
    struct batch *last = p->n_aside > 0 ? p->aside[p->n_aside - 1] : NULL;

    if (!last || batch_full(last) || strcmp(last->place, place) != 0) {
        if (p->n_aside == p->room_aside) {
            p->room_aside = p->room_aside > 0 ? p->room_aside * 2 : 32;
            p->aside = mem_realloc(p->aside, p->room_aside * sizeof(*p->aside));
        }
        last = batch_new();
        last->place = arena_str(last->arena, slice_str(place));
        p->aside[p->n_aside++] = last;
    }
    batch_add(last, doc);
    p->aside_bytes += doc->value.n;
}

static bool work_aside(struct pass *p, struct err *err);

/* A document that waits: its revision is asked for once, however many wait for it. */
static bool wait_for_revision(struct pass *p, const char *place, const struct document *doc,
                              struct slice key, struct err *err)
{
    void **place_of = map_put(p->asked, &key);

    if (!*place_of) {
        *place_of = p;
        id_list_add(&p->wanted, key);
    }
    set_aside(p, place, doc);
    if (p->aside_bytes < PENDING_WAIT_BYTES && p->wanted.n < STORE_MAX_IDS)
        return true;
    return work_aside(p, err);
}

static void note_parent(struct pass *p, const struct document *doc, const struct execution *e)
{
    id_list_add(&p->parents, doc->id);
    children_of(p->children, doc->id, e);
}

/* A document that has a fault of its own is skipped, so nobody would release what it holds. */
static void look_for_faults(struct pass *p, const struct document *doc, struct judgement *j)
{
    struct projection out;

    project(p->projector, KIND_EXECUTION, doc, &out);
    if (out.outcome == PROJECT_SKIPPED)
        judge_refuse(j, out.reason == REASON_TOO_LARGE, out.detail);
}

static bool judge_one(void *ctx, const char *place, const struct document *doc,
                      const struct projection *projection, struct err *err)
{
    struct pass               *p = ctx;
    const struct pending_conf *conf = p->conf;
    struct judgement           j;

    (void)projection;
    switch (judge(conf->judge, doc, &j)) {
    case JUDGE_UNREADABLE: p->stats->unreadable++; return true;
    case JUDGE_NEEDS_REVISION: return wait_for_revision(p, place, doc, j.wanted, err);
    case JUDGE_NEEDS_CHILDREN: note_parent(p, doc, &j.execution); return true;
    case JUDGE_DONE: break;
    }
    if (p->ended && !(j.finding.codes & LISTENER_CODES && judge_sees_first(conf->judge, doc->id)))
        return true;
    if (j.emit)
        look_for_faults(p, doc, &j);
    p->stats->executions++;
    judge_keep(conf->judge, &j);
    return !conf->on_judged || conf->on_judged(conf->ctx, place, doc, &j, err);
}

/* The revisions that are waited for, then who waits. */
static bool work_aside(struct pass *p, struct err *err)
{
    struct batch **aside = p->aside;
    size_t         n = p->n_aside;
    bool           ok = look_up_revisions(p, err);

    p->aside = NULL;
    p->n_aside = p->room_aside = p->aside_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; ok && k < aside[i]->n; k++)
            ok = judge_one(p, aside[i]->place, &aside[i]->docs[k], NULL, err);
        batch_free(aside[i]);
    }
    mem_free(aside);
    return ok;
}

/* ---- parents --------------------------------------------------------------------------------- */

/* One round over the parents that wait. Those that wait on for a child of theirs which is a parent
 * itself are the list of the next round. */
static bool work_round(struct pass *p, struct err *err)
{
    struct id_list parents = p->parents;
    bool           ok;

    id_list_init(&p->parents);
    ok = look_up(p, KIND_EXECUTION, &parents, judge_one, err);
    if (p->parents.n == parents.n)
        judge_stop_waiting(p->conf->judge); /* they wait for each other, or are gone */
    id_list_free(&parents);
    return ok;
}

static bool work_parents(struct pass *p, struct err *err)
{
    bool ok = children_find(p->children, err);

    p->stats->parents = p->parents.n;
    judge_children_known(p->conf->judge);
    while (ok && p->parents.n > 0)
        ok = work_round(p, err);
    return ok;
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* What a document knows last, to be compared with what logs know. */
static void note_newest(struct pass *p, const struct execution *e)
{
    struct slice    id = e->id;
    struct instant *at;
    void          **place;

    if (!id.p)
        return;
    place = map_put(p->newest, &id);
    if (*place)
        return;
    at = *place = arena_alloc(p->ids.arena, sizeof(*at));
    *at = e->newest;
    id_list_add(&p->ids, id);
}

static void take_log_time(void *ctx, struct slice id, struct instant at)
{
    struct pass          *p = ctx;
    const struct instant *newest = map_get(p->newest, id);

    if (!newest || instant_compare(at, *newest) <= 0)
        return;
    p->stats->stale++;
    judge_add_stale(p->conf->judge, id);
}

/* D01: log lines of task runs that are later than anything in the document. */
static bool ask_logs(struct pass *p, struct err *err)
{
    struct store *store = p->conf->store;

    for (size_t at = 0; store->log_newest && at < p->ids.n; at += STORE_MAX_IDS) {
        size_t left = p->ids.n - at;

        p->stats->lookups++;
        if (!store->log_newest(store, p->ids.items + at,
                               left < STORE_MAX_IDS ? left : STORE_MAX_IDS, take_log_time, p, err))
            return false;
    }
    return true;
}

static void take_run(void *ctx, const struct store_run *run)
{
    struct pass *p = ctx;

    p->stats->runs++;
    judge_add_run(p->conf->judge, run->what, run->id, run->date);
}

static bool ask_runner(struct pass *p, struct err *err)
{
    struct store *store = p->conf->store;

    return !store->runs || store->runs(store, take_run, p, err);
}

/* The first of two passes. */
static bool note_wanted(void *ctx, const char *place, const struct document *doc,
                        const struct projection *projection, struct err *err)
{
    struct pass      *p = ctx;
    struct judgement  j;
    enum judge_answer answer = judge(p->conf->judge, doc, &j);
    void            **asked;

    (void)place;
    (void)projection;
    (void)err;
    if (p->conf->scope->with_logs && answer != JUDGE_UNREADABLE && j.execution.has_newest)
        note_newest(p, &j.execution);
    if (answer != JUDGE_NEEDS_REVISION)
        return true;
    asked = map_put(p->asked, &j.wanted);
    if (!*asked)
        id_list_add(&p->wanted, j.wanted);
    *asked = p;
    return true;
}

static bool run_pass(struct pass *p, struct err *err)
{
    struct store_query q = survey_query(p->conf->scope, KIND_EXECUTION);

    q.executions = EXECUTIONS_PENDING;
    if (!ask_runner(p, err))
        return false;
    if ((p->conf->store->sequential || p->conf->scope->with_logs) &&
        !(read_all(p, &q, NULL, note_wanted, err) && look_up_revisions(p, err) && ask_logs(p, err)))
        return false;
    return read_all(p, &q, p->conf->tally, judge_one, err) && work_aside(p, err) &&
           work_parents(p, err);
}

static void begin(struct pass *p)
{
    struct project_options any = { .executions = EXECUTIONS_ALL };

    p->children = children_new(p->conf, p->stats);
    p->projector = projector_new(p->conf->layout, &any, NULL, NULL);
    p->asked = map_new();
    p->newest = map_new();
    id_list_init(&p->wanted);
    id_list_init(&p->parents);
    id_list_init(&p->ids);
}

static void end(struct pass *p)
{
    for (size_t i = 0; i < p->n_aside; i++)
        batch_free(p->aside[i]);
    mem_free(p->aside);
    id_list_free(&p->wanted);
    id_list_free(&p->parents);
    id_list_free(&p->ids);
    map_free(p->newest);
    map_free(p->asked);
    children_free(p->children);
    projector_free(p->projector);
}

bool pending_run(const struct pending_conf *conf, struct pending_stats *stats, struct err *err)
{
    struct pass           p = { .conf = conf, .stats = stats };
    const struct id_list *ended;
    bool                  ok;

    memset(stats, 0, sizeof(*stats));
    begin(&p);
    ok = run_pass(&p, err);
    ended = children_ended(p.children);
    ok = ok && (ended->n == 0 || pending_run_ended(conf, ended->items, ended->n, stats, err));
    end(&p);
    return ok;
}

bool pending_run_ended(const struct pending_conf *conf, const struct slice *ids, size_t n,
                       struct pending_stats *stats, struct err *err)
{
    struct pass p = { .conf = conf, .stats = stats, .ended = true };
    bool        ok = true;

    begin(&p);
    if (conf->store->sequential)
        ok =
            look_up_ids(&p, KIND_EXECUTION, ids, n, note_wanted, err) && look_up_revisions(&p, err);
    ok = ok && look_up_ids(&p, KIND_EXECUTION, ids, n, judge_one, err) && work_aside(&p, err);
    end(&p);
    return ok;
}
