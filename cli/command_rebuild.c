/*
 * command_rebuild.c - rebuild: plan, topics, send, prove (design part 7).
 *
 * DESIGN. The ledger of what was sent (struct side per kind: key, partition, digest) is the
 * expectation of the proof, so the store is read once. With --resume the ledger is made first, from
 * the store; the difference to the topics is what is sent.
 */
#include "cli/commands.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "rebuild/resume.h"
#include "rebuild/topics.h"

struct rebuild {
    struct session  *s;
    struct run      *r;
    struct send_conf send;
    struct side     *expected[KIND_COUNT]; /* NULL: not proven */
    struct keyset   *only[KIND_COUNT];     /* resume: the keys to send */
    int64_t         *from[KIND_COUNT];     /* the ends before the first record */
    int64_t         *until[KIND_COUNT]; /* the ends that we know of; beyond are others' records */
    uint64_t         refused;           /* resume: keys of executions that forbid it */

    struct arena           *plan_arena; /* NULL: no --plan */
    const struct json_node *plan_file;  /* what it says; in plan_arena */
};

/* Before anything else, because a wrong name should cost no time. */
static bool read_plan_file(struct rebuild *b, struct err *err)
{
    const char *path = b->s->conf->plan;
    struct buf  text = { 0 };
    bool        ok;

    if (!path)
        return true;
    b->plan_arena = arena_new(1u << 16);
    buf_init(&text, 64u << 20);
    ok = file_read(path, &text, err) ||
         (err_wrap(err, "option --plan") || err_hint(err, "requeue plan -o %s writes one", path));
    if (ok && !json_tree(buf_slice(&text), b->plan_arena, &b->plan_file, err)) {
        err->kind = ERR_USAGE;
        ok = err_wrap(err, "plan %s", path) ||
             err_hint(err, "it is damaged: requeue plan -o %s writes a new one", path);
    }
    if (ok && !json_get(json_get(b->plan_file, "plan"), "digest")) {
        (void)err_set(err, ERR_USAGE, "%s is no plan: it has no digest", path);
        ok = err_hint(err, "requeue plan -o %s writes one", path);
    }
    buf_release(&text);
    return ok;
}

static bool says(const struct json_node *n, const char *text)
{
    return n && n->type == JSON_STRING && slice_eq(n->text, slice_str(text));
}

/* --plan: the world must still be as the plan saw it. */
static bool check_plan_file(const struct rebuild *b, struct err *err)
{
    const struct json_node *f = b->plan_file;
    const struct session   *s = b->s;
    const char             *what = "the topics or the options are not those";

    if (!f || says(json_get(json_get(f, "plan"), "digest"), b->r->plan.digest))
        return true;
    if (!says(json_get(f, "cluster"), b->r->plan.cluster.id))
        what = "the Kafka cluster is not that";
    else if (!says(json_get(json_get(f, "store"), "identity"), s->info.identity))
        what = "the store is not that";
    (void)err_set(err, ERR_REFUSED, "%s of plan %s", what, s->conf->plan);
    return err_hint(err,
                    "give rebuild the options of the plan, or look at a new one: requeue plan "
                    "-o %s",
                    s->conf->plan);
}

/* In an append the topic holds other records too, and its proof reads only what was added. */
static struct verify_conf proof_conf(struct rebuild *b)
{
    struct verify_conf v = run_verify_conf(b->r);

    v.on_skip = NULL; /* told while sending */
    v.audit = false;
    v.keys_only_ours = v.keys_only_ours || b->s->conf->mode == MODE_APPEND;
    return v;
}

/* What --resume finds in a topic, decided as a repair decides it. */
static bool take_for_resume(void *ctx, const struct difference *d, struct err *err)
{
    struct rebuild   *b = ctx;
    bool              repeats = d->kind == KIND_EXECUTION;
    struct repair_may may = { .partitions = b->r->plan.topic_of[d->kind]->partitions };
    struct key_need   need;

    /* A duplicated one may be wrong in its own partition, too: that much is made right. */
    if (repair_decide(d, &may).action == REPAIR_SEND ||
        (!repeats && d->class == DIFF_DUPLICATED && d->table)) {
        (void)keyset_put(b->only[d->kind], d->key, 0);
        need = (struct key_need){ "to be sent", keyset_count(b->only[d->kind]),
                                  keyset_bytes(b->only[d->kind]), "rebuild with --recreate" };
        return run_keys_fit(b->r, &need, err);
    }
    if (!repeats)
        return true; /* an extra or stray record: the proof lists it */
    b->refused++;
    return run_on_difference(b->r, d, err);
}

static void know_ends(struct rebuild *b, enum kind kind, const struct partition_ends *ends)
{
    size_t n = (size_t)b->r->plan.topic_of[kind]->partitions;

    b->until[kind] = mem_array(n, sizeof(*b->until[kind]));
    for (size_t i = 0; i < n; i++)
        b->until[kind][i] = ends[i].high;
}

/* Who writes to a topic from here on, until its kind is sent, is seen. A topic that the plan saw
 * empty, or that was just made, holds nothing yet. */
static bool look_at_ends(struct rebuild *b, enum kind kind, struct err *err)
{
    const struct topic_plan *t = b->r->plan.topic_of[kind];
    struct partition_ends   *ends = mem_array((size_t)t->partitions, sizeof(*ends));
    bool                     empty = b->s->conf->mode != MODE_APPEND;
    bool                     ok = admin_ends(b->s->admin, t->name, t->partitions, ends, err);

    for (int i = 0; ok && empty && i < t->partitions; i++)
        b->r->foreign += run_beyond(ends[i].high, ends[i].start);
    if (ok)
        know_ends(b, kind, ends);
    mem_free(ends);
    return ok;
}

static bool prepare_send(struct rebuild *b, struct err *err)
{
    for (int k = 0; k < KIND_COUNT; k++)
        if (b->r->plan.topic_of[k] && !look_at_ends(b, (enum kind)k, err))
            return false;
    return true;
}

static bool resume_kind(struct rebuild *b, enum kind kind, struct err *err)
{
    struct session        *s = b->s;
    struct verify_conf     v = proof_conf(b);
    struct partition_ends *ends = mem_array((size_t)v.partitions[kind], sizeof(*ends));
    struct verify_result   result;
    bool                   ok;

    v.no_lookups = true;
    v.on_difference = take_for_resume;
    v.ctx = b;
    b->expected[kind] = run_ledger_new(b->r, kind);
    b->only[kind] = keyset_new();
    progress_phase(&s->progress, "comparing", kind_name(kind), &s->verify_tallies[kind].read,
                   &s->verify_tallies[kind].read_bytes, b->r->plan.survey.counts[kind].selected);
    ok = resume_expect(&b->send, kind, b->r->plan.topic_of[kind], &s->verify_tallies[kind],
                       b->expected[kind], err) &&
         verify_topic(&v, kind, b->expected[kind], true, NULL, &result, ends, err);
    if (ok)
        know_ends(b, kind, ends);
    mem_free(ends);
    return ok;
}

/* The command that makes the executions' topic anew: with all that decides what it will hold. */
static bool hint_recreate(const struct rebuild *b, struct err *err)
{
    const struct config *c = b->s->conf;
    struct buf           line;

    buf_init(&line, 4096);
    buf_add(&line, "requeue rebuild --kinds execution --executions %s", c->executions);
    if (b->s->conf->scope.project.recover.mode != RECOVER_NONE)
        buf_add(&line, " --recover %s", c->recover);
    if (c->lost_tasks_given)
        buf_add(&line, " --lost-tasks %s", c->lost_tasks);
    if (c->max_age_given && c->max_age == 0)
        buf_add(&line, " --max-age 0");
    else if (c->max_age_given)
        buf_add(&line, " --max-age %llums", (unsigned long long)c->max_age);
    if (c->now)
        buf_add(&line, " --now %s", c->now);
    buf_add(&line, " --recreate --confirm %s", b->r->plan.cluster.id);
    (void)err_hint(err, "%.*s", SLICE_ARG(buf_slice(&line)));
    buf_release(&line);
    return false;
}

static bool prepare_resume(struct rebuild *b, struct err *err)
{
    const struct plan *plan = &b->r->plan;

    progress_phase(&b->s->progress, "waiting for the topics to settle", "", NULL, NULL, 0);
    if (!resume_settle(b->s->admin, plan, &b->s->stop, err))
        return false;
    for (int k = 0; k < KIND_COUNT; k++)
        if (plan->topic_of[k] && !resume_kind(b, (enum kind)k, err))
            return false;
    if (b->refused == 0)
        return true;
    (void)err_set(
        err, ERR_REFUSED,
        "%llu executions in topic %s are changed, extra or repeated: sending again could run "
        "them twice",
        (unsigned long long)b->refused, plan->topic_of[KIND_EXECUTION]->name);
    return hint_recreate(b, err);
}

static bool send_kind(struct rebuild *b, struct sender *sender, enum kind kind, struct err *err)
{
    struct session  *s = b->s;
    struct run      *r = b->r;
    struct send_task task = { .kind = kind,
                              .topic = r->plan.topic_of[kind],
                              .tally = &s->tallies[kind],
                              .only = b->only[kind] };
    size_t           n = (size_t)task.topic->partitions;
    int64_t         *known = b->until[kind];
    bool             ok;

    /* A resumed run already has its expectation: that of the whole topic. */
    if (!b->expected[kind] && !s->conf->no_verify)
        b->expected[kind] = run_ledger_new(r, kind);
    task.expected = b->expected[kind];
    task.from = b->from[kind] = mem_array(n, sizeof(*task.from));
    task.until = b->until[kind] = mem_array(n, sizeof(*task.until));
    progress_phase(&s->progress, "sending", kind_name(kind), &s->tallies[kind].read,
                   &s->tallies[kind].read_bytes, r->plan.survey.counts[kind].selected);
    r->sent_any = true;
    r->was_sent[kind] = true;
    ok = sender_send(sender, &task, &r->sent[kind], err);
    r->seconds[kind] += (double)r->sent[kind].ns / 1e9;
    r->foreign += r->sent[kind].foreign;
    for (size_t i = 0; ok && i < n; i++)
        r->foreign += run_beyond(task.from[i], known[i]);
    mem_free(known);
    return ok;
}

static bool send_all(struct rebuild *b, struct err *err)
{
    struct sender *sender;
    bool           ok = true;

    if (!sender_open(&b->send, &sender, err))
        return false;
    for (int k = 0; ok && k < KIND_COUNT; k++)
        if (b->r->plan.topic_of[k])
            ok = send_kind(b, sender, (enum kind)k, err);
    sender_close(sender);
    return ok;
}

/* From the last acknowledgement of a kind until now, the end of everything, nobody may have written
 * either: not while later kinds were sent, and not while they were proven. */
static bool check_growth(struct rebuild *b, enum kind kind, struct err *err)
{
    const struct topic_plan *t = b->r->plan.topic_of[kind];
    struct partition_ends   *now = mem_array((size_t)t->partitions, sizeof(*now));
    bool                     ok = admin_ends(b->s->admin, t->name, t->partitions, now, err);

    for (int i = 0; ok && i < t->partitions; i++)
        b->r->foreign += run_beyond(now[i].high, b->until[kind][i]);
    mem_free(now);
    return ok;
}

static bool prove_kind(struct rebuild *b, enum kind kind, struct err *err)
{
    struct session    *s = b->s;
    struct run        *r = b->r;
    struct verify_conf v = proof_conf(b);
    bool               append = s->conf->mode == MODE_APPEND;
    int64_t            t0 = clock_mono_ns();
    bool               ok;

    run_want_partitions(r, kind);
    progress_phase(&s->progress, "proving", kind_name(kind), &s->consumed, NULL,
                   side_count(b->expected[kind]));
    ok = verify_topic(&v, kind, b->expected[kind], true, append ? b->from[kind] : NULL,
                      &r->verified[kind], r->ends[kind], err);
    r->was_verified[kind] = ok;
    run_note_topic(r, kind);
    r->seconds[kind] += (double)(clock_mono_ns() - t0) / 1e9;
    return ok;
}

static bool prove_all(struct rebuild *b, struct err *err)
{
    const struct plan *plan = &b->r->plan;

    b->r->unproven = b->s->conf->no_verify;
    for (int k = 0; k < KIND_COUNT; k++)
        if (plan->topic_of[k] && !b->r->unproven && !prove_kind(b, (enum kind)k, err))
            return false;
    for (int k = 0; k < KIND_COUNT; k++)
        if (plan->topic_of[k] && !check_growth(b, (enum kind)k, err))
            return false;
    return true;
}

static bool plan_it(struct rebuild *b, struct err *err)
{
    struct session  *s = b->s;
    struct run      *r = b->r;
    struct plan_conf pc;

    if (!session_open_store(s, err) || !session_open_kafka(s, err))
        return false;
    progress_phase(&s->progress, "surveying", "flow", &s->survey_tally.read,
                   &s->survey_tally.read_bytes, 0);
    pc = command_plan_conf(s, r);
    if (!plan_make(&pc, &r->plan, err) || !command_count_executions(r, err))
        return false;
    r->planned = true;
    b->send = run_send_conf(r, run_on_skip, r);
    return true;
}

/* Not refused: it may be a person's tool, or a pool that closes late. */
static void warn_of_servers(const struct rebuild *b)
{
    const char *unseen = plan_unseen_text(b->r);
    struct buf  text = { 0 };

    if (unseen)
        log_msg(LOG_WARN, "%s", unseen);
    if (b->r->plan.other_clients == 0)
        return;
    buf_init(&text, 1024);
    plan_clients_text(&b->r->plan, &text);
    log_msg(LOG_WARN, "%s", text.p);
    buf_release(&text);
}

static bool apply_topics(struct rebuild *b, struct err *err)
{
    const struct plan *plan = &b->r->plan;

    for (size_t i = 0; i < plan->n_topics; i++)
        if (plan->topics[i].action != TOPIC_USE || plan->topics[i].alter)
            b->r->touched = true;
    return topics_apply(b->s->admin, plan, err);
}

static bool make(struct rebuild *b, struct err *err)
{
    if (!read_plan_file(b, err) || !plan_it(b, err))
        return false;
    if (b->r->plan.n_refusals > 0)
        return true; /* told as what they are, all of them */
    warn_of_servers(b);
    return check_plan_file(b, err) && apply_topics(b, err) &&
           (b->s->conf->mode == MODE_RESUME ? prepare_resume(b, err) : prepare_send(b, err)) &&
           send_all(b, err) && prove_all(b, err);
}

enum exit_status command_rebuild(struct session *s)
{
    struct run       r;
    struct rebuild   b = { .s = s, .r = &r };
    struct err       err = ERR_INIT;
    enum exit_status status;

    if (!run_open(&r, s, &err) || !make(&b, &err))
        r.err = err;
    status = run_finish(&r);
    for (int k = 0; k < KIND_COUNT; k++) {
        side_free(b.expected[k]);
        keyset_free(b.only[k]);
        mem_free(b.from[k]);
        mem_free(b.until[k]);
    }
    arena_free(b.plan_arena);
    return status;
}
