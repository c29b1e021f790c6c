/*
 * proof.c - see proof.h.
 */
#include "cli/proof.h"

#include "cli/selection.h"
#include "lib/base/sha256.h"

static void put_str(struct json_writer *w, const char *name, const char *value)
{
    json_key(w, name);
    json_put_str(w, value && value[0] ? value : NULL);
}

static void put_time(struct json_writer *w, const char *name, struct instant t)
{
    char text[32];

    instant_format(t, text);
    put_str(w, name, text);
}

static void put_sum(struct json_writer *w, const char *name, const struct partition_sum *s)
{
    char hex[33];

    digest_hex(s->sum, hex);
    json_key(w, name);
    json_open(w, '{');
    json_put_member_int(w, "keys", (int64_t)s->keys);
    put_str(w, "sum", hex);
    json_close(w, '}');
}

static void put_partitions(struct json_writer *w, const struct run *r, enum kind kind)
{
    const struct kind_sums *sums = &r->sums[kind];

    json_key(w, "partitions");
    json_open(w, '[');
    for (int i = 0; i < r->plan.topic_of[kind]->partitions; i++) {
        const struct partition_ends *e = &r->ends[kind][i];

        json_open(w, '{');
        json_put_member_int(w, "end", e->stable);
        json_put_member_int(w, "high", e->high);
        json_put_member_int(w, "start", e->start);
        put_sum(w, "store", &sums->store[i]);
        put_sum(w, "topic", &sums->topic[i]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_kind(struct json_writer *w, const struct run *r, enum kind kind)
{
    const struct topic_plan *t = r->plan.topic_of[kind];

    if (!t || !r->was_verified[kind] || !r->sums[kind].store)
        return;
    json_key(w, kind_name(kind));
    json_open(w, '{');
    put_str(w, "digests", r->session->conf->command == COMMAND_REBUILD ? "bytes" : "canonical");
    json_key(w, "made");
    json_put_bool(w, r->touched && (t->action == TOPIC_CREATE || t->action == TOPIC_RECREATE));
    put_partitions(w, r, kind);
    json_put_member_int(w, "replication", t->replication);
    put_str(w, "topic", t->name);
    json_close(w, '}');
}

static void put_kinds(struct json_writer *w, const struct run *r)
{
    /* By name. */
    static const enum kind order[] = { KIND_EXECUTION,    KIND_FLOW,     KIND_FLOW_LAST,
                                       KIND_SUBFLOW_LINK, KIND_TEMPLATE, KIND_TRIGGER };

    _Static_assert(COUNT_OF(order) == KIND_COUNT, "a kind has no proof");
    json_key(w, "kinds");
    json_open(w, '{');
    for (size_t i = 0; r->planned && i < COUNT_OF(order); i++)
        put_kind(w, r, order[i]);
    json_close(w, '}');
}

static void put_configuration(struct json_writer *w, const struct run *r)
{
    struct json_writer options;
    struct buf         text = { 0 };
    char               hex[65];

    buf_init(&text, 1u << 20);
    json_writer_init(&options, &text, false);
    if (r->session->layout)
        report_options(&options, r->session);
    sha256_hex(buf_slice(&text), hex);
    put_str(w, "configuration", r->session->layout ? hex : NULL);
    buf_release(&text);
}

/* What the verdict speaks of, and what it does not; one sentence. */
static void proof_scope(const struct run *r, struct buf *out)
{
    const struct config *c = r->session->conf;
    const char          *what = c->command == COMMAND_REPAIR ? "the named keys" : "every key";

    if (!scope_is_partial(&c->scope)) {
        buf_add(out, "%s of the compared kinds, in store and topics", what);
        return;
    }
    buf_add(out, "only what was selected in the store (");
    selection_list(c, out);
    buf_add(out,
            "), and its keys in the topics; nothing is said of other keys that the topics hold");
}

void proof_json(const struct run *r, struct buf *out)
{
    const struct session *s = r->session;
    struct json_writer    w;
    struct buf            scope = { 0 };
    char                  grade[2] = { s->info.grade, '\0' };

    buf_init(&scope, 1u << 16);
    proof_scope(r, &scope);
    json_writer_init(&w, out, false);
    json_open(&w, '{');
    put_str(&w, "cluster", r->plan.cluster.id);
    put_str(&w, "command", command_name(s->conf->command));
    put_configuration(&w, r);
    json_put_member_int(&w, "differences", (int64_t)r->differences);
    json_put_member_int(&w, "digest_version", DIGEST_VERSION);
    json_put_member_int(&w, "exit_status", r->exit);
    json_put_member_int(&w, "explained", (int64_t)r->explained);
    put_time(&w, "finished", r->finished);
    put_str(&w, "grade", grade);
    put_kinds(&w, r);
    put_str(&w, "scope", scope.p);
    json_put_member_int(&w, "skipped", (int64_t)r->skipped);
    put_str(&w, "snapshot", s->store ? s->store->snapshot : NULL);
    put_time(&w, "started", r->started);
    put_str(&w, "store", s->info.identity);
    put_str(&w, "tool", "requeue " REQUEUE_VERSION);
    put_str(&w, "verdict", r->verdict);
    json_close(&w, '}');
    (void)json_writer_ok(&w);
    buf_release(&scope);
}
