/*
 * plan_topics.c - the topics of a plan: their names, how they are, and what each of them needs.
 */
#include "rebuild/plan_impl.h"

#include "rebuild/topics.h"

#define MAX_TOPIC_NAME 249

/* The names of all declared topics with the prefixes of this run, and which kind fills which. A
 * topic for links whose name nobody has published is none of ours unless there are links. */
void plan_name_topics(struct planner *pl)
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
bool plan_check_names(const struct planner *pl, struct err *err)
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

bool plan_describe_topics(struct planner *pl, struct err *err)
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

/* Of a topic that only compacts, retention.ms means nothing. */
static int64_t retention_of(const struct topic_state *s)
{
    const char *policy = setting_value(s, "cleanup.policy");
    const char *retention = setting_value(s, "retention.ms");
    int64_t     ms = 0;

    if (policy && retention && strstr(policy, "delete"))
        ms = strtoll(retention, NULL, 10);
    return ms > 0 ? ms : 0;
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
    t->retention_ms = retention_of(s);
}

bool plan_count_records(struct planner *pl, struct topic_plan *t, struct err *err)
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
    plan_refuse(plan, plan_text_of(plan->arena, &line));
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
            "(--append), or delete %s (--recreate --confirm %s)",
            pl->n_full == 1 ? "is" : "are", pl->n_full == 1 ? "it" : "them", plan->cluster.id);
    plan_refuse(plan, plan_text_of(plan->arena, &line));
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
    if (t->filled && !plan_count_records(pl, t, err))
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
    plan_refuse(plan, plan_text_of(plan->arena, &line));
    buf_release(&line);
}

bool plan_each_topic(struct planner *pl, struct err *err)
{
    if (!plan_describe_topics(pl, err))
        return false;
    for (size_t i = 0; i < pl->plan->n_topics; i++)
        if (!plan_topic(pl, i, err))
            return false;
    refuse_full(pl);
    check_confirm(pl);
    return rehearse_creation(pl, err);
}

void plan_look_at_topics(struct planner *pl)
{
    struct plan *plan = pl->plan;

    for (size_t i = 0; i < plan->n_topics; i++) {
        struct topic_plan *t = &plan->topics[i];

        t->exists = pl->states[i].exists;
        wanted_shape(pl, i, &t->partitions, &t->replication);
        if (!t->exists)
            continue;
        t->partitions = pl->states[i].partitions;
        t->replication = pl->states[i].replication;
        find_drift(pl, t, &pl->states[i]);
    }
}
