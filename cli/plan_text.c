/*
 * plan_text.c - a plan as text and as JSON.
 */
#include "cli/run.h"
#include "cli/shown.h"

#include <inttypes.h>

static const char *action_name(enum topic_action a)
{
    switch (a) {
    case TOPIC_CREATE: return "create";
    case TOPIC_USE: return "use";
    case TOPIC_RECREATE: return "recreate";
    case TOPIC_REFUSE: return "refuse";
    }
    return "?";
}

static size_t assumed_names(const struct plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_topics; i++)
        n += p->topics[i].layout->assumed ? 1 : 0;
    return n;
}

const char *plan_assumed_mark(const struct plan *p, const struct topic_plan *t)
{
    return t->layout->assumed && assumed_names(p) < p->n_topics ? "  (assumed name)" : "";
}

static void assumed_line(const struct plan *p, struct buf *out)
{
    if (assumed_names(p) == 0)
        return;
    buf_add(out,
            "%s names are assumed, nobody has published them: compare them with those you had; "
            "-c, --topic-prefix and --layout FILE set others\n",
            assumed_names(p) == p->n_topics ? "these" : "the marked");
}

static void topic_line(const struct plan *p, const struct topic_plan *t, struct buf *out)
{
    buf_add(out, "%-9s %-44s %4d x %d  %s%s\n", action_name(t->action), t->name, t->partitions,
            t->replication, t->filled ? kind_name(t->layout->kind) : "(left empty)",
            plan_assumed_mark(p, t));
    for (size_t i = 0; i < t->n_drift; i++)
        buf_add(out, "            %s is %s, the layout wants %s%s\n", t->drift[i].name,
                t->drift_is[i] ? t->drift_is[i] : "not set", t->drift[i].value,
                t->alter ? " (will be set)" : " (--alter sets it)");
}

static void kind_line(const struct run *r, enum kind kind, struct buf *out)
{
    const struct tally *t = run_tally(r, kind);
    struct row          row = run_row(r, kind);

    if (!row.shown)
        return;
    buf_add(out,
            "%-10s %12" PRIu64 " records %10.1f MB  %9" PRIu64 " left out %8" PRIu64 " skipped\n",
            kind_name(kind), (uint64_t)atomic_load(&t->records), (double)row.bytes / 1e6,
            row.left_out, row.skipped);
}

void plan_clients_text(const struct plan *p, struct buf *out)
{
    buf_add(out,
            "%u connection%s of Kestra's database driver %s open: make sure that every server is "
            "stopped",
            p->other_clients, p->other_clients == 1 ? "" : "s",
            p->other_clients == 1 ? "is" : "are");
}

const char *plan_unseen_text(const struct run *r)
{
    if (!r->plan.groups_known)
        return "no consumer group of Kestra is shown to us, which may be for want of a right: "
               "grant "
               "Describe on the cluster (kafka-acls.sh --add --allow-principal User:NAME "
               "--operation Describe --cluster), or make sure that every server is stopped";
    if (r->session->info.has_tables)
        return NULL;
    return "this store shows no servers of Kestra, only consumer groups tell of them: make sure "
           "that every server is stopped, the indexer too";
}

#define SHOWN_INDICES 4

/* What an alias or a wildcard stands for. */
static void found_indices(const struct store_place *p, struct buf *out)
{
    if (p->n_indices == 1 && strcmp(p->indices[0], p->expression) == 0)
        return;
    buf_add(out, " = ");
    for (size_t i = 0; i < p->n_indices && i < SHOWN_INDICES; i++)
        buf_add(out, "%s%s", i ? ", " : "", p->indices[i]);
    if (p->n_indices > SHOWN_INDICES)
        buf_add(out, " and %zu more", p->n_indices - SHOWN_INDICES);
}

void plan_places_text(const struct session *s, const char *indent, struct buf *out)
{
    for (size_t i = 0; i < s->store->n_places; i++) {
        const struct store_place *p = &s->store->places[i];

        buf_add(out, "%s%-10s%s", indent, kind_name(p->kind), p->expression);
        if (p->n_indices == 0) {
            buf_add(out, ": there is no such index\n");
            continue;
        }
        found_indices(p, out);
        if (p->health >= STORE_RED)
            buf_add(out, ": cannot be read: index %s is %s\n", p->worst,
                    store_health_name(p->health));
        else
            buf_add(out, ": %llu documents, %s\n", (unsigned long long)p->docs,
                    p->health == STORE_YELLOW ? "yellow (replicas are missing)" : "green");
    }
}

static void server_lines(const struct run *r, struct buf *out)
{
    const char *unseen = plan_unseen_text(r);

    if (unseen)
        buf_add(out, "warning: %s\n", unseen);
    for (size_t i = 0; i < r->plan.n_servers; i++) {
        const struct store_server *server = &r->plan.servers[i];
        char                       age[SHOWN_AGE];

        shown_age(server->age_s, age);
        buf_add(out, "server %s in state %s, last heartbeat %s ago%s\n", server->type,
                server->state, age, server->age_s < PLAN_HEARTBEAT_LIMIT_S ? "" : " (stopped)");
    }
    if (r->plan.other_clients > 0) {
        buf_add(out, "warning: ");
        plan_clients_text(&r->plan, out);
        buf_add(out, "\n");
    }
}

void plan_text(const struct run *r, struct buf *out)
{
    const struct session *s = r->session;
    double                seconds = 0;

    buf_add(out, "store      %s %s at %s, band %s (%s), %s\n", s->info.product, s->info.version,
            s->info.place, s->layout->name, s->layout->releases, s->why);
    plan_places_text(s, "           ", out);
    buf_add(out, "kafka      cluster %s, %u %s\n\n", r->plan.cluster.id, r->plan.cluster.brokers,
            r->plan.cluster.brokers == 1 ? "broker" : "brokers");
    for (size_t i = 0; i < r->plan.n_topics; i++)
        topic_line(&r->plan, &r->plan.topics[i], out);
    assumed_line(&r->plan, out);
    buf_add(out, "\n");
    for (int k = 0; k < KIND_COUNT; k++) {
        kind_line(r, (enum kind)k, out);
        seconds += r->seconds[k];
    }
    buf_add(out, "reading took %.1f s; sending and proving will take about %.1f s\n", seconds,
            2 * seconds + 1);
    server_lines(r, out);
}

static void topic_json(struct json_writer *w, const struct topic_plan *t)
{
    json_open(w, '{');
    json_key(w, "name");
    json_put_str(w, t->name);
    json_key(w, "kind");
    json_put_str(w, t->filled ? kind_name(t->layout->kind) : NULL);
    json_key(w, "action");
    json_put_str(w, action_name(t->action));
    json_key(w, "exists");
    json_put_bool(w, t->exists);
    json_key(w, "partitions");
    json_put_int(w, t->partitions);
    json_key(w, "replication");
    json_put_int(w, t->replication);
    json_key(w, "records_at_most");
    json_put_uint(w, t->records);
    json_key(w, "assumed");
    json_put_bool(w, t->layout->assumed);
    json_key(w, "note");
    json_put_str(w, t->note[0] ? t->note : NULL);
    json_key(w, "drift");
    json_open(w, '[');
    for (size_t i = 0; i < t->n_drift; i++) {
        json_open(w, '{');
        json_key(w, "config");
        json_put_str(w, t->drift[i].name);
        json_key(w, "is");
        json_put_str(w, t->drift_is[i]);
        json_key(w, "wanted");
        json_put_str(w, t->drift[i].value);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_close(w, '}');
}

static void strings_json(struct json_writer *w, const char *name, const char *const *items,
                         size_t n)
{
    json_key(w, name);
    json_open(w, '[');
    for (size_t i = 0; i < n; i++)
        json_put_str(w, items[i]);
    json_close(w, ']');
}

static void servers_json(struct json_writer *w, const struct plan *p)
{
    json_key(w, "servers");
    json_open(w, '[');
    for (size_t i = 0; i < p->n_servers; i++) {
        json_open(w, '{');
        json_key(w, "type");
        json_put_str(w, p->servers[i].type);
        json_key(w, "state");
        json_put_str(w, p->servers[i].state);
        json_key(w, "heartbeat_age_s");
        json_put_int(w, p->servers[i].age_s);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void plan_members(const struct run *r, struct json_writer *w)
{
    const struct plan *p = &r->plan;

    json_key(w, "digest");
    json_put_str(w, p->digest);
    json_key(w, "topics");
    json_open(w, '[');
    for (size_t i = 0; i < p->n_topics; i++)
        topic_json(w, &p->topics[i]);
    json_close(w, ']');
    strings_json(w, "refusals", p->refusals, p->n_refusals);
    servers_json(w, p);
    json_key(w, "reset");
    json_open(w, '{');
    strings_json(w, "groups", p->reset_groups.items, p->reset_groups.n);
    strings_json(w, "topics", p->reset_changelogs.items, p->reset_changelogs.n);
    strings_json(w, "directories", p->reset_directories.items, p->reset_directories.n);
    json_close(w, '}');
}
