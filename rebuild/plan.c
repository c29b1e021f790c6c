/*
 * plan.c - see plan.h.
 *
 * DESIGN. The plan is made in the order of cost: the cluster, the state of every declared topic in
 * one listing, what each of them needs, who is running, and at last the survey of the store.
 * Nothing stops at the first refusal: a person at three in the morning wants all of them at once.
 */
#include "rebuild/plan_impl.h"

#include "lib/base/hash.h"

void plan_refuse(struct plan *plan, const char *text)
{
    if (plan->n_refusals < PLAN_MAX_REFUSALS)
        plan->refusals[plan->n_refusals++] = text;
}

static struct strings prefixed(const struct planner *pl, const struct strings *patterns)
{
    struct arena  *a = pl->plan->arena;
    struct strings out = { patterns->n, NULL };

    out.items = arena_alloc(a, (patterns->n + 1) * sizeof(*out.items));
    for (size_t i = 0; i < patterns->n; i++)
        out.items[i] =
            layout_name(patterns->items[i], pl->conf->topic_prefix, pl->conf->consumer_prefix, a);
    return out;
}

static bool among(const struct strings *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->items[i], name) == 0)
            return true;
    return false;
}

/* One refusal for all signs of a running Kestra of one sort; signs is empty when there are none. */
static void refuse_running(struct planner *pl, const char *what, const struct buf *signs)
{
    struct plan *plan = pl->plan;
    struct buf   line = { 0 };

    if (signs->n == 0 || pl->conf->kestra_running)
        return;
    buf_init(&line, 1u << 16);
    buf_add(&line,
            "Kestra is running: %s %s; stop every server (web servers cannot be seen here), or "
            "insist with --kestra-running",
            what, signs->p);
    plan_refuse(plan, plan_text_of(plan->arena, &line));
    buf_release(&line);
}

/* Staging's topics have a prefix of their own, its groups are named as production's. */
static bool shares_groups(const struct plan_conf *c)
{
    return c->scope->project.staging && strcmp(c->topic_prefix, c->production_prefix) != 0 &&
           strcmp(c->consumer_prefix, c->production_groups) == 0;
}

static void refuse_shared(struct planner *pl, const char *group)
{
    struct buf line = { 0 };

    buf_init(&line, 1u << 12);
    buf_add(&line,
            "staging: consumer group %s is there and named as production's; give staging a "
            "--consumer-prefix of its own",
            group);
    plan_refuse(pl->plan, plan_text_of(pl->plan->arena, &line));
    buf_release(&line);
}

/* Consumer groups of the layout that have members: a Kestra server is connected to this Kafka. */
static bool check_groups(struct planner *pl, struct err *err)
{
    struct plan        *plan = pl->plan;
    struct group_state *groups;
    size_t              n;
    struct buf          signs = { 0 };

    if (!admin_groups(pl->conf->admin, pl->conf->consumer_prefix, plan->arena, &groups, &n,
                      &plan->groups_known, err))
        return false;
    plan->groups = arena_alloc(plan->arena, (n + 1) * sizeof(*plan->groups));
    for (size_t i = 0; i < n && shares_groups(pl->conf); i++)
        if (among(&plan->reset_groups, groups[i].name)) {
            refuse_shared(pl, groups[i].name);
            return true;
        }
    buf_init(&signs, 1u << 15);
    for (size_t i = 0; i < n; i++) {
        if (groups[i].members == 0 || !among(&plan->reset_groups, groups[i].name))
            continue;
        plan->groups[plan->n_groups++] = groups[i];
        buf_add(&signs, "%s%s (%d member%s)", signs.n > 0 ? ", " : "", groups[i].name,
                groups[i].members, groups[i].members == 1 ? "" : "s");
    }
    refuse_running(pl, plan->n_groups == 1 ? "consumer group" : "consumer groups", &signs);
    buf_release(&signs);
    return true;
}

static bool check_servers(struct planner *pl, struct err *err)
{
    struct plan  *plan = pl->plan;
    struct store *store = pl->conf->store;
    struct buf    signs = { 0 };

    if (!store->servers(store, plan->servers, &plan->n_servers, &plan->other_clients, err))
        return false;
    buf_init(&signs, 1u << 15);
    for (size_t i = 0; i < plan->n_servers; i++) {
        const struct store_server *s = &plan->servers[i];

        if (s->age_s < PLAN_HEARTBEAT_LIMIT_S)
            buf_add(&signs, "%s%s (%s, %lld s ago)", signs.n > 0 ? ", " : "", s->type, s->state,
                    (long long)s->age_s);
    }
    refuse_running(pl, "heartbeats of", &signs);
    buf_release(&signs);
    return true;
}

static bool is_productions(const struct planner *pl, const struct topic_plan *t)
{
    const char *name = layout_name(t->layout->name, pl->conf->production_prefix,
                                   pl->conf->production_groups, pl->plan->arena);

    return t->exists && strcmp(name, t->name) == 0;
}

/* A staging copy never goes where production's records are, not even with --recreate, and not into
 * an empty topic beside one that holds some. */
static bool check_staging(struct planner *pl, struct err *err)
{
    struct plan *plan = pl->plan;
    struct buf   line = { 0 };

    if (!pl->conf->scope->project.staging)
        return true;
    buf_init(&line, 1u << 12);
    for (size_t i = 0; i < plan->n_topics && line.n == 0; i++) {
        struct topic_plan *t = &plan->topics[i];

        if (!is_productions(pl, t))
            continue;
        if (!t->filled && !plan_count_records(pl, t, err)) {
            buf_release(&line);
            return false;
        }
        if (t->records > 0)
            buf_add(&line,
                    "staging: topic %s holds records and is named as production's; give staging a "
                    "--topic-prefix and a --consumer-prefix of its own",
                    t->name);
    }
    if (line.n > 0)
        plan_refuse(plan, plan_text_of(plan->arena, &line));
    buf_release(&line);
    return true;
}

static void seal_strings(struct buf *b, const char *name, const struct strings *list)
{
    for (size_t i = 0; i < list->n; i++)
        buf_add(b, "%s %s\n", name, list->items[i]);
}

static void seal_staging(const struct staging *s, struct buf *b)
{
    if (s)
        buf_add(b, "staging %s %s\n", staging_rules_digest(s),
                staging_is_seeded(s) ? staging_seed_digest(s) : "random");
}

/* What `rebuild --plan` compares: the cluster, the topics as they are, the store, and what is
 * asked. */
static void seal(struct planner *pl)
{
    const struct plan_conf *conf = pl->conf;
    struct plan            *plan = pl->plan;
    struct buf              b = { 0 };

    buf_init(&b, 8u << 20);
    buf_add(&b,
            "cluster %s\nstore %s\nlayout %s\nkinds %u tenant %s namespace %s since %s until %s\n",
            plan->cluster.id, conf->info->identity, conf->layout->name, conf->scope->kinds,
            conf->scope->tenant ? conf->scope->tenant : "*",
            conf->scope->namespace ? conf->scope->namespace : "*",
            conf->scope->since ? conf->scope->since : "*",
            conf->scope->until ? conf->scope->until : "*");
    seal_strings(&b, "states", &conf->scope->states);
    seal_strings(&b, "ids", &conf->scope->ids);
    buf_add(&b, "executions %d unlock %d mode %d alter %d\n", (int)conf->scope->project.executions,
            (int)conf->scope->project.unlock, (int)conf->mode, conf->alter ? 1 : 0);
    buf_add(&b, "recover %d lost %d max age %lld now %d %lld.%09d logs %d\n",
            (int)conf->scope->project.recover.mode, (int)conf->scope->project.recover.lost,
            (long long)conf->scope->project.max_age_s, conf->scope->project.has_now ? 1 : 0,
            (long long)conf->scope->project.now.s, (int)conf->scope->project.now.ns,
            conf->scope->with_logs ? 1 : 0);
    seal_staging(conf->scope->project.staging, &b);
    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];

        buf_add(&b, "topic %s %d %d %d %llu %zu\n", t->name, t->exists ? 1 : 0, t->partitions,
                t->replication, (unsigned long long)t->records, t->n_drift);
    }
    digest_hex(digest_bytes(0, buf_slice(&b)), plan->digest);
    buf_release(&b);
}

static void plan_init(struct planner *pl)
{
    const struct layout *l = pl->conf->layout;
    struct plan         *plan = pl->plan;

    memset(plan, 0, sizeof(*plan));
    plan->arena = arena_new(1u << 16);
    plan->reset_groups = prefixed(pl, &l->reset_groups);
    plan->reset_changelogs = prefixed(pl, &l->reset_changelogs);
    plan->reset_directories = prefixed(pl, &l->reset_directories);
    plan_name_topics(pl);
}

static bool take_survey(const struct planner *pl, struct err *err)
{
    const struct plan_conf *c = pl->conf;
    struct judging_conf     j = { .pending = { .store = c->store,
                                               .layout = c->layout,
                                               .scope = c->scope,
                                               .jobs = c->jobs,
                                               .stop = c->stop,
                                               .on_judged = c->on_judged,
                                               .ctx = c->ctx },
                                  .on_lock = c->on_lock };

    return survey_run(c->store, c->layout, c->scope, c->jobs, c->stop, c->tally, c->on_skip, c->ctx,
                      &pl->plan->survey, err) &&
           (!c->judge || judging_run(&j, &pl->plan->survey, &pl->plan->judged, err));
}

bool plan_make(const struct plan_conf *conf, struct plan *out, struct err *err)
{
    struct planner pl = { .conf = conf, .plan = out };

    plan_init(&pl);
    if (!plan_check_names(&pl, err) || !admin_cluster(conf->admin, &out->cluster, err) ||
        !plan_each_topic(&pl, err) || !check_groups(&pl, err) || !check_servers(&pl, err) ||
        !check_staging(&pl, err))
        return false;
    seal(&pl);
    return take_survey(&pl, err);
}

bool plan_observe(const struct plan_conf *conf, struct plan *out, struct err *err)
{
    struct planner pl = { .conf = conf, .plan = out };

    plan_init(&pl);
    if (!plan_check_names(&pl, err) || !admin_cluster(conf->admin, &out->cluster, err) ||
        !plan_describe_topics(&pl, err))
        return false;
    plan_look_at_topics(&pl);
    return take_survey(&pl, err);
}

void plan_release(struct plan *p)
{
    survey_release(&p->survey);
    arena_free(p->arena);
    memset(p, 0, sizeof(*p));
}
