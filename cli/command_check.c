/*
 * command_check.c - check and topics: look at everything, change nothing.
 *
 * check reaches the store and Kafka and tells both, even when one of them fails; it asks the broker
 * whether absent topics could be created (validate only). topics shows the layout's topic table
 * against the cluster.
 */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/shown.h"

static void topic_state_line(const struct plan *p, const struct topic_plan *t, struct buf *out)
{
    buf_add(out, "  %-44s %3d x %d  %-8s %s%s\n", t->name, t->partitions, t->replication,
            t->exists ? "present" : "absent",
            t->layout->kind == KIND_COUNT ? "" : kind_name(t->layout->kind),
            plan_assumed_mark(p, t));
    if (t->note[0])
        buf_add(out, "      %s\n", t->note);
    for (size_t i = 0; i < t->n_drift; i++)
        buf_add(out, "      %s is %s, the layout wants %s\n", t->drift[i].name,
                t->drift_is[i] ? t->drift_is[i] : "not set", t->drift[i].value);
}

/* What the store holds, and who else is at work. */
static void life_text(const struct run *r, struct buf *out)
{
    const struct plan *p = &r->plan;

    for (int k = 0; k < KIND_COUNT; k++)
        if (p->topic_of[k])
            buf_add(out, "  %-10s %llu in the store\n", kind_name((enum kind)k),
                    (unsigned long long)(k == KIND_FLOW_LAST && p->survey.flows
                                             ? flow_index_count(p->survey.flows)
                                             : p->survey.counts[k].total));
    if (r->executions_unknown)
        buf_add(out, "  pending executions: not known, no index of them can be read\n");
    else
        buf_add(out, "  pending executions: %llu\n", (unsigned long long)r->executions.pending);
    if (plan_unseen_text(r))
        buf_add(out, "  warning: %s\n", plan_unseen_text(r));
    if (p->other_clients > 0) {
        buf_add(out, "  warning: ");
        plan_clients_text(p, out);
        buf_add(out, "\n");
    }
    for (size_t i = 0; i < p->n_servers; i++) {
        char age[SHOWN_AGE];

        shown_age(p->servers[i].age_s, age);
        if (p->servers[i].age_s < PLAN_HEARTBEAT_LIMIT_S)
            buf_add(out, "  server %s in state %s, last heartbeat %s ago: Kestra is running\n",
                    p->servers[i].type, p->servers[i].state, age);
    }
    for (size_t i = 0; i < p->n_groups; i++)
        buf_add(out, "  consumer group %s has %d member%s: Kestra is running\n", p->groups[i].name,
                p->groups[i].members, p->groups[i].members == 1 ? "" : "s");
}

static void state_text(const struct run *r, struct buf *out)
{
    const struct session *s = r->session;
    const struct plan    *p = &r->plan;

    buf_add(out, "store   %s %s at %s\n", s->info.product, s->info.version, s->info.place);
    plan_places_text(s, "        ", out);
    buf_add(out, "layout  band %s, Kestra %s, %s%s\n", s->layout->name, s->layout->releases, s->why,
            s->layout->assumed ? "; its topic names are assumed: nobody has published them" : "");
    buf_add(out, "kafka   cluster %s, %u %s, at %s\n", p->cluster.id, p->cluster.brokers,
            p->cluster.brokers == 1 ? "broker" : "brokers", p->cluster.address);
    if (s->conf->command == COMMAND_CHECK)
        life_text(r, out);
    buf_add(out, "topics  partitions x replication\n");
    for (size_t i = 0; i < p->n_topics; i++)
        topic_state_line(p, &p->topics[i], out);
}

static size_t drifting(const struct plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_topics; i++)
        n += p->topics[i].n_drift > 0 || p->topics[i].action == TOPIC_REFUSE ? 1 : 0;
    return n;
}

static enum exit_status print_state(struct run *r)
{
    struct buf  out = { 0 };
    size_t      drift = drifting(&r->plan);
    const char *name = r->session->conf->command == COMMAND_CHECK ? "CHECK" : "TOPICS";

    progress_end(&r->session->progress);
    run_judge(r);
    r->exit = exit_worse(r->exit, drift > 0 ? EXIT_DIFFERENT : EXIT_DONE);
    if (drift > 0)
        (void)snprintf(r->verdict, sizeof(r->verdict), "%s: %zu topics differ from the layout",
                       name, drift);
    else
        (void)snprintf(r->verdict, sizeof(r->verdict), "%s: good", name);
    buf_init(&out, 16u << 20);
    if (strcmp(r->session->conf->format, "json") == 0) {
        report_json(r, &out);
    } else {
        if (!r->session->conf->quiet)
            state_text(r, &out);
        buf_add(&out, "%s\n", r->verdict);
    }
    if (!say_result(buf_slice(&out)))
        r->exit = exit_worse(r->exit, EXIT_USAGE);
    buf_release(&out);
    return r->exit;
}

/* Both ends are tried, so that one run tells everything that is wrong. */
static bool open_both(struct session *s, enum exit_status *status)
{
    struct err     store_err = ERR_INIT;
    struct err     kafka_err = ERR_INIT;
    struct cluster cluster;
    bool           store_ok = session_open_store(s, &store_err);
    bool           kafka_ok =
        session_open_kafka(s, &kafka_err) && admin_cluster(s->admin, &cluster, &kafka_err);

    if (!store_ok)
        *status = exit_worse(*status, command_fail(&store_err));
    if (!kafka_ok)
        *status = exit_worse(*status, command_fail(&kafka_err));
    return store_ok && kafka_ok;
}

static enum exit_status look(struct session *s, bool rehearse)
{
    struct run       r;
    struct err       err = ERR_INIT;
    struct plan_conf pc;
    enum exit_status status = EXIT_DONE;
    bool             ok;

    if (!open_both(s, &status))
        return status;
    if (!run_open(&r, s, &err))
        return command_fail(&err);
    pc = command_plan_conf(s, &r);
    /* Records in topics and a running Kestra are told, they are nothing against checking. */
    pc.mode = MODE_APPEND;
    pc.kestra_running = true;
    ok = rehearse ? plan_make(&pc, &r.plan, &err) : plan_observe(&pc, &r.plan, &err);
    r.planned = ok;
    ok = ok && command_count_executions(&r, &err);
    status = ok ? print_state(&r) : command_fail(&err);
    run_release(&r);
    return status;
}

enum exit_status command_check(struct session *s)
{
    return look(s, true);
}

enum exit_status command_topics(struct session *s)
{
    return look(s, false);
}
