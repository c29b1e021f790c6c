/*
 * plan.c - see plan.h.
 *
 * DESIGN. The plan is made in the order of cost: the cluster, the state of every declared topic in
 * one listing, what each of them needs, who is running, and at last the survey of the store.
 * Nothing stops at the first refusal: a person at three in the morning wants all of them at once.
 */
#include "rebuild/plan.h"

#include "lib/base/hash.h"
#include "rebuild/topics.h"

#define MAX_TOPIC_NAME 249

struct planner {
    const struct plan_conf *conf;
    struct plan            *plan;
    struct topic_state     *states; /* one per topic of the plan */
    size_t                  n_full; /* topics that are refused because they hold records */
};

static void refuse(struct plan *plan, const char *text)
{
    if (plan->n_refusals < PLAN_MAX_REFUSALS)
        plan->refusals[plan->n_refusals++] = text;
}

static const char *arena_text(struct arena *a, const struct buf *b)
{
    return arena_str(a, buf_slice(b));
}

/* The names of all declared topics with the prefixes of this run, and which kind fills which. A
 * topic for links whose name nobody has published is none of ours unless there are links. */
static void name_topics(struct planner *pl)
{
    const struct plan_conf *conf = pl->conf;
    const struct layout    *l = conf->layout;
    struct plan            *plan = pl->plan;

    plan->topics = arena_alloc(plan->arena, l->n_topics * sizeof(*plan->topics));
    memset(plan->topics, 0, l->n_topics * sizeof(*plan->topics));
    for (size_t i = 0; i < l->n_topics; i++) {
        struct topic_plan         *t = &plan->topics[plan->n_topics];
        const struct topic_layout *tl = &l->topics[i];
        bool                       filled = tl->kind != KIND_COUNT && l->kinds[tl->kind].enabled &&
                      scope_has(conf->scope, tl->kind);

        if (tl->kind == KIND_SUBFLOW_LINK && tl->assumed && !filled)
            continue;
        plan->n_topics++;
        t->layout = tl;
        t->name = layout_name(tl->name, conf->topic_prefix, conf->consumer_prefix, plan->arena);
        t->filled = filled;
        if (t->filled)
            plan->topic_of[tl->kind] = t;
    }
}

/* Kafka's rule for names, told here because the reason is an option or a layout. */
static bool check_names(const struct planner *pl, struct err *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    for (size_t i = 0; i < pl->plan->n_topics; i++) {
        const char *name = pl->plan->topics[i].name;
        size_t      n = strlen(name);

        if (n <= MAX_TOPIC_NAME && name[strspn(name, allowed)] == '\0')
            continue;
        (void)err_set(err, ERR_USAGE,
                      "topic name %.60s%s: Kafka allows at most %d letters, digits, dots, "
                      "underscores and hyphens",
                      name, n > 60 ? "..." : "", MAX_TOPIC_NAME);
        return err_hint(err, "see --topic-prefix and --consumer-prefix");
    }
    return true;
}

static bool describe_topics(struct planner *pl, struct err *err)
{
    struct plan *plan = pl->plan;
    const char **names = arena_alloc(plan->arena, plan->n_topics * sizeof(*names));

    pl->states = arena_alloc(plan->arena, plan->n_topics * sizeof(*pl->states));
    memset(pl->states, 0, plan->n_topics * sizeof(*pl->states));
    for (size_t i = 0; i < plan->n_topics; i++)
        names[i] = plan->topics[i].name;
    return admin_topics(pl->conf->admin, names, plan->n_topics, true, plan->arena, pl->states, err);
}

static const char *copartition_group(const struct topic_layout *t)
{
    return t->sibling ? t->sibling : t->id;
}

/* Kestra joins execution, killed, worker and link topics partition by partition, so an absent topic
 * gets the shape of a present sibling; only without one, the layout's. */
static void wanted_shape(const struct planner *pl, size_t which, int *partitions, int *replication)
{
    const struct layout       *l = pl->conf->layout;
    const struct plan         *plan = pl->plan;
    const struct topic_layout *tl = plan->topics[which].layout;

    *partitions = tl->partitions ? tl->partitions : l->partitions;
    *replication = tl->replication ? tl->replication : l->replication;
    for (size_t i = 0; i < plan->n_topics; i++) {
        if (i == which || !pl->states[i].exists)
            continue;
        if (strcmp(copartition_group(plan->topics[i].layout), copartition_group(tl)) != 0)
            continue;
        *partitions = pl->states[i].partitions;
        if (pl->states[i].replication > 0)
            *replication = pl->states[i].replication;
        return;
    }
}

static const char *setting_value(const struct topic_state *s, const char *name)
{
    for (size_t i = 0; i < s->n_settings; i++)
        if (strcmp(s->settings[i].name, name) == 0)
            return s->settings[i].value;
    return NULL;
}

static void find_drift(struct planner *pl, struct topic_plan *t, const struct topic_state *s)
{
    struct arena *a = pl->plan->arena;
    size_t        max = t->layout->n_configs;

    t->drift = arena_alloc(a, (max + 1) * sizeof(*t->drift));
    t->drift_is = arena_alloc(a, (max + 1) * sizeof(*t->drift_is));
    for (size_t i = 0; i < max; i++) {
        const struct topic_config *c = &t->layout->configs[i];
        const char                *is = setting_value(s, c->name);

        if (is && strcmp(is, c->value) == 0)
            continue;
        t->drift[t->n_drift] = (struct topic_value){ c->name, c->value };
        t->drift_is[t->n_drift++] = is;
    }
    t->alter = pl->conf->alter && t->n_drift > 0;
}

static bool count_records(struct planner *pl, struct topic_plan *t, struct err *err)
{
    struct partition_ends *ends = mem_array((size_t)t->partitions, sizeof(*ends));
    bool                   ok = admin_ends(pl->conf->admin, t->name, t->partitions, ends, err);

    for (int i = 0; ok && i < t->partitions; i++)
        t->records += (uint64_t)(ends[i].high - ends[i].start);
    mem_free(ends);
    return ok;
}

static void refuse_topic(struct plan *plan, struct topic_plan *t, const char *what)
{
    struct buf line = { 0 };

    t->action = TOPIC_REFUSE;
    buf_init(&line, 1024);
    (void)snprintf(t->note, sizeof(t->note), "%s", what);
    buf_add(&line, "topic %s %s", t->name, what);
    refuse(plan, arena_text(plan->arena, &line));
    buf_release(&line);
}

/* A topic that is there with another shape: false when it was refused. */
static bool check_shape(struct planner *pl, struct topic_plan *t, const struct topic_state *s,
                        int partitions, int replication)
{
    char shape[80];
    char what[sizeof(t->note)];

    if (s->partitions != partitions)
        (void)snprintf(shape, sizeof(shape), "has %d partitions where %d are wanted%s",
                       s->partitions, partitions, t->layout->sibling ? " as in its siblings" : "");
    else if (s->replication > 0 && s->replication != replication)
        (void)snprintf(shape, sizeof(shape), "has replication %d where %d is wanted",
                       s->replication, replication);
    else
        return true;
    if (t->filled)
        (void)snprintf(what, sizeof(what), "%s; recreate it (--recreate --confirm %s)", shape,
                       pl->plan->cluster.id);
    else
        (void)snprintf(what, sizeof(what),
                       "%s; it is left empty, so --recreate does not touch it: delete it, or give "
                       "its shape in a layout file",
                       shape);
    refuse_topic(pl->plan, t, what);
    return false;
}

/* One refusal for all topics that hold records: they have one cause, and one way out. */
static void refuse_full(struct planner *pl)
{
    struct plan *plan = pl->plan;
    const char  *before = pl->n_full == 1 ? "topic" : "topics";
    struct buf   line = { 0 };

    if (pl->n_full == 0)
        return;
    buf_init(&line, 1u << 16);
    for (size_t i = 0; i < plan->n_topics; i++)
        if (plan->topics[i].full) {
            buf_add(&line, "%s %s (up to %llu record%s)", before, plan->topics[i].name,
                    (unsigned long long)plan->topics[i].records,
                    plan->topics[i].records == 1 ? "" : "s");
            before = ",";
        }
    buf_add(&line,
            " %s not empty; continue an interrupted rebuild (--resume), send behind what is there "
            "(--append), or delete it (--recreate --confirm %s)",
            pl->n_full == 1 ? "is" : "are", plan->cluster.id);
    refuse(plan, arena_text(plan->arena, &line));
    buf_release(&line);
}

static void decide_filled(struct planner *pl, struct topic_plan *t)
{
    t->action = TOPIC_USE;
    if (t->records == 0 || pl->conf->mode != MODE_NEW)
        return;
    t->action = TOPIC_REFUSE;
    t->full = true;
    pl->n_full++;
    (void)snprintf(t->note, sizeof(t->note), "is not empty (up to %llu records)",
                   (unsigned long long)t->records);
}

/* Brokers that are down: it could be neither counted nor written to. */
static bool check_health(const struct topic_plan *t, const struct topic_state *s, struct err *err)
{
    const char *setting = setting_value(s, "min.insync.replicas");
    long        wanted = setting ? strtol(setting, NULL, 10) : 1;

    if (s->offline)
        (void)err_set(err, ERR_KAFKA, "topic %s has a partition without a leader", t->name);
    else if (s->in_sync < wanted && s->in_sync < s->replication)
        (void)err_set(err, ERR_KAFKA,
                      "topic %s cannot be written to: min.insync.replicas is %ld, but a partition "
                      "has %d of %d replicas in sync",
                      t->name, wanted, s->in_sync, s->replication);
    else
        return true;
    return err_hint(err, "wait until all brokers are back, then run it again");
}

static bool plan_topic(struct planner *pl, size_t i, struct err *err)
{
    struct topic_plan        *t = &pl->plan->topics[i];
    const struct topic_state *s = &pl->states[i];
    int                       partitions;
    int                       replication;

    wanted_shape(pl, i, &partitions, &replication);
    t->exists = s->exists;
    t->partitions = s->exists ? s->partitions : partitions;
    t->replication = s->exists ? s->replication : replication;
    if (!s->exists) {
        t->action = TOPIC_CREATE;
        return true;
    }
    if (!check_health(t, s, err))
        return false;
    find_drift(pl, t, s);
    t->action = TOPIC_USE;
    if (t->filled && !count_records(pl, t, err))
        return false;
    if (t->filled && pl->conf->mode == MODE_RECREATE) {
        t->partitions = partitions;
        t->replication = replication;
        t->action = TOPIC_RECREATE;
        return true;
    }
    if (check_shape(pl, t, s, partitions, replication) && t->filled)
        decide_filled(pl, t);
    return true;
}

static bool check_replication(const struct planner *pl, const struct topic_plan *t, struct err *err)
{
    unsigned n = pl->plan->cluster.brokers;

    if (t->replication <= 0 || (unsigned)t->replication <= n)
        return true;
    (void)err_set(err, ERR_KAFKA,
                  "topic %s cannot be created: replication %d but the cluster has %u broker%s",
                  t->name, t->replication, n, n == 1 ? "" : "s");
    return err_hint(err, "wait for the other brokers, or give another replication in a layout "
                         "file (--layout)");
}

/* Asks the broker whether it would create what is absent or to be recreated: rights and replication
 * are told before anything is touched. Of a topic that is there only the right is looked at. */
static bool rehearse_creation(struct planner *pl, struct err *err)
{
    struct plan       *plan = pl->plan;
    struct topic_wish *wishes = mem_array(plan->n_topics + 1, sizeof(*wishes));
    size_t             n = 0;
    bool               ok = true;

    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];

        if (t->action != TOPIC_CREATE && t->action != TOPIC_RECREATE)
            continue;
        ok = ok && check_replication(pl, t, err);
        wishes[n++] = topics_wish(t, plan->arena);
    }
    if (ok && n > 0)
        ok = admin_create(pl->conf->admin, wishes, n, true, err);
    mem_free(wishes);
    return ok;
}

static void check_confirm(struct planner *pl)
{
    const struct plan_conf *conf = pl->conf;
    struct plan            *plan = pl->plan;
    struct buf              line = { 0 };

    if (conf->mode != MODE_RECREATE)
        return;
    if (conf->confirm && strcmp(conf->confirm, plan->cluster.id) == 0)
        return;
    buf_init(&line, 1024);
    if (conf->confirm)
        buf_add(&line, "--confirm %s is not this cluster's id; ", conf->confirm);
    buf_add(&line, "--recreate deletes topics of cluster %s: say so with --confirm %s",
            plan->cluster.id, plan->cluster.id);
    refuse(plan, arena_text(plan->arena, &line));
    buf_release(&line);
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
    refuse(plan, arena_text(plan->arena, &line));
    buf_release(&line);
}

/* Consumer groups of the layout that have members: a Kestra server is connected to this Kafka. */
static bool check_groups(struct planner *pl, struct err *err)
{
    struct plan        *plan = pl->plan;
    struct group_state *groups;
    size_t              n;
    struct buf          signs = { 0 };

    if (!admin_groups(pl->conf->admin, pl->conf->consumer_prefix, plan->arena, &groups, &n, err))
        return false;
    plan->groups = arena_alloc(plan->arena, (n + 1) * sizeof(*plan->groups));
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

/* What `rebuild --plan` compares: the cluster, the topics as they are, the store, and what is
 * asked. */
static void seal(struct planner *pl)
{
    const struct plan_conf *conf = pl->conf;
    struct plan            *plan = pl->plan;
    struct buf              b = { 0 };

    buf_init(&b, 1u << 20);
    buf_add(&b,
            "cluster %s\nstore %s\nlayout %s\nkinds %u tenant %s namespace %s since %s until %s\n",
            plan->cluster.id, conf->info->identity, conf->layout->name, conf->scope->kinds,
            conf->scope->tenant ? conf->scope->tenant : "*",
            conf->scope->namespace ? conf->scope->namespace : "*",
            conf->scope->since ? conf->scope->since : "*",
            conf->scope->until ? conf->scope->until : "*");
    buf_add(&b, "executions %d unlock %d mode %d alter %d\n", (int)conf->scope->project.executions,
            (int)conf->scope->project.unlock, (int)conf->mode, conf->alter ? 1 : 0);
    buf_add(&b, "recover %d lost %d max age %lld now %d %lld.%09d logs %d\n",
            (int)conf->scope->project.recover.mode, (int)conf->scope->project.recover.lost,
            (long long)conf->scope->project.max_age_s, conf->scope->project.has_now ? 1 : 0,
            (long long)conf->scope->project.now.s, (int)conf->scope->project.now.ns,
            conf->scope->with_logs ? 1 : 0);
    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];

        buf_add(&b, "topic %s %d %d %d %llu %zu\n", t->name, t->exists ? 1 : 0, t->partitions,
                t->replication, (unsigned long long)t->records, t->n_drift);
    }
    digest_hex(digest_bytes(0, buf_slice(&b)), plan->digest);
    buf_release(&b);
}

static bool plan_topics(struct planner *pl, struct err *err)
{
    if (!describe_topics(pl, err))
        return false;
    for (size_t i = 0; i < pl->plan->n_topics; i++)
        if (!plan_topic(pl, i, err))
            return false;
    refuse_full(pl);
    check_confirm(pl);
    return rehearse_creation(pl, err);
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
    name_topics(pl);
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
    if (!check_names(&pl, err) || !admin_cluster(conf->admin, &out->cluster, err) ||
        !plan_topics(&pl, err) || !check_groups(&pl, err) || !check_servers(&pl, err))
        return false;
    seal(&pl);
    return take_survey(&pl, err);
}

bool plan_observe(const struct plan_conf *conf, struct plan *out, struct err *err)
{
    struct planner pl = { .conf = conf, .plan = out };

    plan_init(&pl);
    if (!check_names(&pl, err) || !admin_cluster(conf->admin, &out->cluster, err) ||
        !describe_topics(&pl, err))
        return false;
    for (size_t i = 0; i < out->n_topics; i++) {
        struct topic_plan *t = &out->topics[i];

        t->exists = pl.states[i].exists;
        wanted_shape(&pl, i, &t->partitions, &t->replication);
        if (!t->exists)
            continue;
        t->partitions = pl.states[i].partitions;
        t->replication = pl.states[i].replication;
        find_drift(&pl, t, &pl.states[i]);
    }
    return take_survey(&pl, err);
}

void plan_release(struct plan *p)
{
    survey_release(&p->survey);
    arena_free(p->arena);
    memset(p, 0, sizeof(*p));
}
