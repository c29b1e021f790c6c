/*
 * report.c - the report as JSON; its shape is schemas/report.schema.json, and a test holds the two
 * together.
 */
#include "cli/proof.h"
#include "cli/selection.h"

#include "cli/staging_text.h"
#include "lib/base/clock.h"
#include "lib/base/sha256.h"

#define SCHEMA_VERSION 1

static void put_time(struct json_writer *w, const char *name, struct instant t)
{
    char text[32];

    instant_format(t, text);
    json_key(w, name);
    json_put_str(w, text);
}

static void put_str(struct json_writer *w, const char *name, const char *value)
{
    json_key(w, name);
    json_put_str(w, value);
}

static void put_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, name);
    json_put_bool(w, value);
}

static void places_json(struct json_writer *w, const struct store *store)
{
    json_key(w, "indices");
    json_open(w, '[');
    for (size_t i = 0; i < store->n_places; i++) {
        const struct store_place *p = &store->places[i];

        json_open(w, '{');
        put_str(w, "kind", kind_name(p->kind));
        put_str(w, "asked", p->expression);
        json_key(w, "found");
        json_open(w, '[');
        for (size_t j = 0; j < p->n_indices; j++)
            json_put_str(w, p->indices[j]);
        json_close(w, ']');
        put_str(w, "health", p->n_indices == 0 ? NULL : store_health_name(p->health));
        json_put_member_uint(w, "documents", p->docs);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void store_json(struct json_writer *w, const struct session *s)
{
    char grade[2] = { s->info.grade, '\0' };

    json_key(w, "store");
    json_open(w, '{');
    put_str(w, "product", s->info.product);
    put_str(w, "version", s->info.version);
    put_str(w, "place", s->info.place);
    put_str(w, "identity", s->info.identity);
    put_str(w, "grade", grade[0] ? grade : NULL);
    if (s->store && s->store->window_ns > 0) {
        json_key(w, "window_ms");
        json_put_fixed(w, (double)s->store->window_ns / 1e6, 3);
    }
    if (s->store && s->store->n_places > 0)
        places_json(w, s->store);
    json_close(w, '}');
    json_key(w, "layout");
    if (!s->layout) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    put_str(w, "band", s->layout->name);
    put_str(w, "releases", s->layout->releases);
    put_str(w, "chosen", s->why);
    put_bool(w, "assumed", s->layout->assumed);
    json_close(w, '}');
}

static void kinds_json(struct json_writer *w, unsigned kinds)
{
    json_key(w, "kinds");
    json_open(w, '[');
    for (int k = 0; k < KIND_COUNT; k++)
        if (kinds & KIND_BIT(k))
            json_put_str(w, kind_name((enum kind)k));
    json_close(w, ']');
}

/* What verify --like reads. */
void report_options(struct json_writer *w, const struct session *s)
{
    const struct config *c = s->conf;

    json_open(w, '{');
    kinds_json(w, c->scope.kinds);
    put_str(w, "executions", c->executions);
    put_str(w, "unlock", c->unlock);
    put_str(w, "recover", c->recover);
    put_str(w, "lost_tasks", c->lost_tasks);
    json_key(w, "max_age_s");
    json_put_int(w, c->scope.project.max_age_s);
    if (c->scope.project.has_now)
        put_time(w, "now", c->scope.project.now);
    else
        put_str(w, "now", NULL);
    put_bool(w, "with_logs", c->scope.with_logs);
    put_str(w, "tenant", c->tenant);
    put_str(w, "namespace", c->namespace);
    put_str(w, "since", c->scope.since);
    put_str(w, "until", c->scope.until);
    selection_json(w, c);
    staging_options_json(c, w);
    put_str(w, "topic_prefix", s->topic_prefix);
    put_str(w, "consumer_prefix", s->consumer_prefix);
    put_bool(w, "audit", c->audit);
    put_bool(w, "strict", c->strict);
    put_bool(w, "live", c->live);
    json_put_member_uint(w, "settle_ms", c->live ? c->settle : 0);
    json_close(w, '}');
}

static void reasons_json(struct json_writer *w, const struct run *r, enum kind kind, bool skips)
{
    json_key(w, skips ? "skipped_by_reason" : "left_out_by_reason");
    json_open(w, '{');
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++)
        if (reason_is_skip((enum reason)i) == skips && run_reason(r, kind, (enum reason)i) > 0)
            json_put_member_uint(w, reason_name((enum reason)i),
                                 run_reason(r, kind, (enum reason)i));
    json_close(w, '}');
}

static void classes_json(struct json_writer *w, const char *name, const uint64_t *counts)
{
    json_key(w, name);
    json_open(w, '{');
    for (int i = 0; i < DIFF_CLASS_COUNT; i++)
        json_put_member_uint(w, difference_name((enum difference_class)i), counts[i]);
    json_close(w, '}');
}

static void rules_json(struct json_writer *w, const struct explained_count *c)
{
    json_key(w, "explained_by");
    json_open(w, '{');
    for (size_t i = 0; i < RUN_MAX_RULES && c[i].rule; i++)
        json_put_member_uint(w, c[i].rule, c[i].n);
    json_close(w, '}');
}

static void ends_json(struct json_writer *w, const struct run *r, enum kind kind)
{
    json_key(w, "ends");
    json_open(w, '[');
    for (int i = 0; r->ends[kind] && i < r->plan.topic_of[kind]->partitions; i++)
        json_put_int(w, r->ends[kind][i].stable);
    json_close(w, ']');
}

/* Partitions whose last stable offset stayed below their high watermark. */
static void open_json(struct json_writer *w, const struct run *r, enum kind kind)
{
    const struct partition_ends *ends = r->ends[kind];

    json_key(w, "open");
    json_open(w, '[');
    for (int i = 0; ends && i < r->plan.topic_of[kind]->partitions; i++) {
        if (ends[i].stable >= ends[i].high)
            continue;
        json_open(w, '{');
        json_put_member_int(w, "partition", i);
        json_put_member_int(w, "stable", ends[i].stable);
        json_put_member_int(w, "high", ends[i].high);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void gap_json(struct json_writer *w, const struct log_gap *gap)
{
    json_key(w, "gap");
    if (gap->partitions == 0) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    json_put_member_uint(w, "partitions", gap->partitions);
    json_put_member_int(w, "offsets", gap->offsets);
    json_put_member_int(w, "partition", gap->first);
    json_put_member_int(w, "from", gap->from);
    json_put_member_int(w, "to", gap->to);
    json_close(w, '}');
}

static void topic_side_json(struct json_writer *w, const struct run *r, enum kind kind)
{
    const struct verify_result *v = &r->verified[kind];

    json_key(w, "topic");
    if (!r->was_verified[kind]) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    put_str(w, "name", r->plan.topic_of[kind]->name);
    json_put_member_uint(w, "records", v->topic.records);
    json_put_member_uint(w, "keys", v->topic.keys);
    json_put_member_uint(w, "tombstones", v->topic.tombstones);
    json_put_member_uint(w, "superseded", v->topic.superseded);
    json_put_member_uint(w, "bytes", v->topic.bytes);
    json_key(w, "offset_span");
    json_put_int(w, v->topic.span);
    json_put_member_uint(w, "outside", v->outside);
    json_put_member_uint(w, "open_transactions", v->open_transactions);
    open_json(w, r, kind);
    gap_json(w, &v->gap);
    json_put_member_uint(w, "memory_bytes", v->memory_bytes);
    json_put_member_uint(w, "disk_bytes", v->disk_bytes);
    json_key(w, "seconds");
    json_put_fixed(w, (double)v->topic_ns / 1e9, 3);
    json_key(w, "cpu_seconds");
    json_put_fixed(w, (double)v->topic_cpu_ns / 1e9, 3);
    json_key(w, "compare_seconds");
    json_put_fixed(w, (double)v->compare_ns / 1e9, 3);
    ends_json(w, r, kind);
    json_close(w, '}');
}

static void kind_json(struct json_writer *w, const struct run *r, enum kind kind)
{
    const struct tally *t = run_tally(r, kind);
    struct row          row = run_row(r, kind);

    if (!row.shown)
        return;
    json_key(w, kind_name(kind));
    json_open(w, '{');
    json_put_member_uint(w, "read", row.read);
    json_put_member_uint(w, "records", atomic_load(&t->records));
    json_put_member_uint(w, "bytes", row.bytes);
    json_put_member_uint(w, "left_out", row.left_out);
    reasons_json(w, r, kind, false);
    json_put_member_uint(w, "skipped", row.skipped);
    reasons_json(w, r, kind, true);
    json_put_member_uint(w, "locked", atomic_load(&t->locked));
    json_put_member_uint(w, "unlocked", atomic_load(&t->unlocked));
    json_put_member_uint(w, "sent", row.sent);
    json_put_member_uint(w, "acknowledged", row.acknowledged);
    json_put_member_uint(w, "other_writer", r->sent[kind].foreign);
    json_key(w, "seconds");
    json_put_fixed(w, row.seconds, 3);
    topic_side_json(w, r, kind);
    classes_json(w, "differences", r->verified[kind].differences);
    classes_json(w, "explained", r->verified[kind].explained);
    rules_json(w, r->explained_by[kind]);
    json_close(w, '}');
}

static void stored_json(struct json_writer *w, const struct run *r)
{
    if (r->executions_unknown) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    json_put_member_uint(w, "total", r->executions.total);
    json_put_member_uint(w, "pending", r->executions.pending);
    json_put_member_uint(w, "terminal", r->executions.terminal);
    json_put_member_uint(w, "deleted", r->executions.deleted);
    json_close(w, '}');
}

static void totals_json(struct json_writer *w, const struct run *r)
{
    json_put_member_uint(w, "differences", r->differences);
    json_put_member_uint(w, "explained", r->explained);
    json_put_member_uint(w, "skipped", r->skipped);
    json_put_member_uint(w, "other_writer", r->foreign);
    put_bool(w, "proven", run_is_proven(r));
    json_key(w, "executions_in_store");
    stored_json(w, r);
    put_str(w, "differences_file", r->differences_name);
    put_str(w, "skipped_file", r->skipped_name);
    json_key(w, "error");
    if (r->err.kind == ERR_NONE) {
        json_put_null(w);
    } else {
        json_open(w, '{');
        put_str(w, "message", r->err.msg);
        put_str(w, "hint", r->err.hint[0] ? r->err.hint : NULL);
        json_close(w, '}');
    }
}

static void newest_json(struct json_writer *w, const struct judging_stats *s)
{
    json_key(w, "newest_of");
    json_open(w, '{');
    for (size_t i = 0; i < s->n_newest; i++)
        if (s->newest[i].known)
            put_time(w, s->newest[i].what, s->newest[i].at);
        else
            put_str(w, s->newest[i].what, NULL);
    json_close(w, '}');
}

/* Rows that are told apart share a code: T03 and T04, T02 and T05. */
static void lock_codes_json(struct json_writer *w, const uint64_t *by_code)
{
    uint64_t left[LOCK_CODE_COUNT];

    memcpy(left, by_code, sizeof(left));
    json_key(w, "by_code");
    json_open(w, '{');
    for (int c = LOCK_NONE + 1; c < LOCK_CODE_COUNT; c++) {
        const char *name = lock_code_name((enum lock_code)c);

        for (int d = c + 1; d < LOCK_CODE_COUNT; d++)
            if (strcmp(lock_code_name((enum lock_code)d), name) == 0) {
                left[c] += left[d];
                left[d] = 0;
            }
        if (left[c] > 0)
            json_put_member_uint(w, name, left[c]);
    }
    json_close(w, '}');
}

static void locks_json(struct json_writer *w, const struct locks_stats *s)
{
    json_key(w, "locks");
    json_open(w, '{');
    json_put_member_uint(w, "locked", s->locked);
    json_put_member_uint(w, "unlocked", s->unlocked);
    json_put_member_uint(w, "kept", s->kept);
    json_put_member_uint(w, "behind", s->behind);
    lock_codes_json(w, s->by_code);
    json_close(w, '}');
}

static void looked_up_json(struct json_writer *w, const struct pending_stats *p)
{
    json_key(w, "looked_up");
    json_open(w, '{');
    json_put_member_uint(w, "revisions", p->revisions);
    json_put_member_uint(w, "templates", p->templates);
    json_put_member_uint(w, "parents", p->parents);
    json_put_member_uint(w, "children", p->children);
    json_put_member_uint(w, "links", p->links);
    json_put_member_uint(w, "task_runs", p->runs);
    json_put_member_uint(w, "stale", p->stale);
    json_put_member_uint(w, "named", p->named);
    json_put_member_uint(w, "requests", p->lookups);
    json_close(w, '}');
}

static void live_json(struct json_writer *w, const struct live_count *n)
{
    json_key(w, "live");
    json_open(w, '{');
    json_put_member_uint(w, "rounds", n->rounds);
    json_put_member_uint(w, "differed", n->differed);
    json_put_member_uint(w, "agreed", n->differed - n->stayed - n->changing);
    json_put_member_uint(w, "stayed", n->stayed);
    json_put_member_uint(w, "changing", n->changing);
    json_close(w, '}');
}

/* Of the pending executions; null where they were not judged. */
static void executions_json(struct json_writer *w, const struct run *r)
{
    struct loss loss = run_loss(r);

    json_key(w, "executions");
    if (!r->was_judged) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    summary_members(&r->judged.sum, w);
    json_put_member_uint(w, "unreadable", r->plan.judged.pending.unreadable);
    looked_up_json(w, &r->plan.judged.pending);
    if (loss.has_newest)
        put_time(w, "newest", loss.newest);
    else
        put_str(w, "newest", NULL);
    if (loss.has_lost_at)
        put_time(w, "lost_at", loss.lost_at);
    else
        put_str(w, "lost_at", NULL);
    newest_json(w, &r->plan.judged);
    locks_json(w, &r->plan.judged.locks);
    put_str(w, "executions_file", r->judged.lines_name);
    put_str(w, "originals_file", r->judged.originals_name);
    put_str(w, "locks_file", r->locks_name);
    json_close(w, '}');
}

/* How to check it: cli/proof.h. */
static void seal_json(struct json_writer *w, const struct run *r)
{
    struct buf text = { 0 };
    char       hex[65];

    buf_init(&text, 16u << 20);
    proof_json(r, &text);
    sha256_hex(buf_slice(&text), hex);
    json_key(w, "proof");
    json_put_raw(w, buf_slice(&text));
    put_str(w, "seal", hex);
    buf_release(&text);
}

void report_json(const struct run *r, struct buf *out)
{
    const struct session *s = r->session;
    struct json_writer    w;

    json_writer_init(&w, out, true);
    json_open(&w, '{');
    json_put_member_uint(&w, "schema_version", SCHEMA_VERSION);
    json_put_member_uint(&w, "digest_version", DIGEST_VERSION);
    put_str(&w, "tool", "requeue " REQUEUE_VERSION);
    put_str(&w, "command", command_name(s->conf->command));
    put_str(&w, "verdict", r->verdict);
    json_key(&w, "exit_status");
    json_put_int(&w, r->exit);
    put_time(&w, "started", r->started);
    put_time(&w, "finished", r->finished);
    json_key(&w, "seconds");
    json_put_fixed(&w, (double)(r->finished_ns - r->started_ns) / 1e9, 3);
    store_json(&w, s);
    put_str(&w, "cluster", r->plan.cluster.id[0] ? r->plan.cluster.id : NULL);
    if (s->layout) {
        json_key(&w, "options");
        report_options(&w, s);
    }
    totals_json(&w, r);
    executions_json(&w, r);
    if (r->live.was)
        live_json(&w, &r->live);
    if (s->conf->scope.project.staging)
        staging_json(s->conf, r->staging_name, &w);
    if (r->repair)
        repair_json(r, &w);
    json_key(&w, "results");
    json_open(&w, '{');
    for (int k = 0; r->planned && k < KIND_COUNT; k++)
        kind_json(&w, r, (enum kind)k);
    json_close(&w, '}');
    json_key(&w, "plan");
    json_open(&w, '{');
    if (r->planned && r->plan.digest[0])
        plan_members(r, &w);
    json_close(&w, '}');
    seal_json(&w, r);
    json_close(&w, '}');
    (void)json_writer_ok(&w);
    buf_add(out, "\n");
}
