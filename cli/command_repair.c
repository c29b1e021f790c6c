/*
 * command_repair.c - repair: send only what the report of a verify names, then verify that.
 *
 * DESIGN. Store and topics are compared anew, for the named keys alone (verify_conf.only): what
 * differs now is decided on, what does not is right already. The store's side of that comparison is
 * the expectation of the proof, too. Each named key is known to it, also when the store does not
 * have it, so that it is told as extra while all other keys of the topic are passed over.
 *
 *   lines -> repair_list -> verify (only) -> repair_decide -> sender (only) -> verify (only)
 */
#include "cli/commands.h"

#include "cli/like.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/kestra/key.h"

#include <sys/stat.h>

struct repair {
    struct session         *s;
    struct run             *r;
    struct arena           *words;  /* of the report */
    const struct json_node *report; /* beside the lines; NULL: none */
    struct repair_list      list;
    struct side            *expected[KIND_COUNT];
    struct keyset          *only[KIND_COUNT]; /* what is to be sent */
    struct keyset          *tombstones[KIND_COUNT];
    int64_t                *known[KIND_COUNT]; /* the ends beyond which records are others' */
    bool                    unsure[KIND_COUNT];
    bool                    proving; /* the second comparison, after sending */
};

/* ---- the report ---------------------------------------------------------------------------- */

static bool same_inode(const char *a, const char *b)
{
    struct stat x;
    struct stat y;

    return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* What is read may not be written over. Before any file is opened for writing. */
static bool check_files(const struct config *c, struct err *err)
{
    char *lines = c->report ? run_beside(c->report, "differences") : NULL;
    char *beside = repair_report_of(c->from);
    bool  same = same_inode(lines, c->from) || same_inode(c->report, c->from) ||
                same_inode(c->report, beside);

    mem_free(lines);
    mem_free(beside);
    if (!same)
        return true;
    (void)err_set(err, ERR_USAGE, "--report %s would write over what --from %s reads", c->report,
                  c->from);
    return err_hint(err, "give --report another name");
}

static bool differs_in(const struct json_node *n, const char *is)
{
    return n && n->type == JSON_STRING && is && !slice_eq(n->text, slice_str(is));
}

static bool other(const char *what, const struct config *c, struct err *err)
{
    (void)err_set(err, ERR_REFUSED, "the report %s is of another %s", c->like, what);
    return err_hint(err, "make a new one of this %s: requeue verify --report FILE", what);
}

/* The options of the report beside the lines shape what is expected, as with verify --like. */
static bool take_options(struct repair *p, struct config *c, struct err *err)
{
    const char             *prefix = c->topic_prefix;
    char                   *beside = c->like ? NULL : repair_report_of(c->from);
    const struct json_node *audit;
    bool                    ok;

    if (beside)
        c->like = arena_str(p->words, slice_str(beside));
    mem_free(beside);
    if (!c->like) {
        log_msg(LOG_WARN,
                "no report lies beside %s: the options of the command line say what is "
                "expected",
                c->from);
        return true;
    }
    ok = like_apply(c, p->words, &p->report, err);
    if (ok && differs_in(json_get(json_get(p->report, "options"), "topic_prefix"), prefix))
        return other("topic prefix", c, err);
    audit = json_get(json_get(p->report, "options"), "audit");
    c->audit = audit && audit->type == JSON_BOOL && slice_eq(audit->text, SLICE("true"));
    return ok && options_derive(c, err);
}

/* Kinds of the report that this run does not handle are left, and told. */
static bool check_topics(struct repair *p, struct err *err)
{
    const struct plan *plan = &p->r->plan;

    for (int k = 0; k < KIND_COUNT; k++) {
        const struct topic_plan *t = plan->topic_of[k];
        const char              *named = p->list.topics[k];

        if (!named || !t)
            continue;
        if (strcmp(named, t->name) != 0) {
            (void)err_set(err, ERR_REFUSED, "%s tells of topic %s, but the %s topic is %s",
                          p->s->conf->from, named, kind_name((enum kind)k), t->name);
            return err_hint(err, "give the --topic-prefix that the verify was given");
        }
        if (!t->exists)
            return admin_fail_absent(p->s->admin, t->name, "requeue rebuild makes it", err);
    }
    return true;
}

static void mark_unhandled(struct repair *p)
{
    for (size_t i = 0; i < p->list.n; i++) {
        struct repair_item *item = &p->list.items[i];

        if (p->r->plan.topic_of[item->kind])
            continue;
        item->differs = true;
        item->stays = true;
        item->decision = (struct repair_decision){ REPAIR_KEEP, REPAIR_WHY_SCOPE };
    }
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool handles(const struct repair *p, enum kind kind)
{
    return p->r->plan.topic_of[kind] && p->list.keys[kind];
}

static struct repair_may may_of(const struct repair *p, enum kind kind)
{
    return (struct repair_may){ .partitions = p->r->plan.topic_of[kind]->partitions,
                                .tombstones = p->s->conf->allow_tombstones,
                                .unsure = p->unsure[kind],
                                .audit = p->s->conf->audit };
}

static void note_first(struct repair *p, struct repair_item *item, const struct difference *d)
{
    struct repair_may may = may_of(p, d->kind);

    item->differs = true;
    item->decision = repair_decide(d, &may);
    if (item->decision.action == REPAIR_SEND)
        (void)keyset_put(p->only[d->kind], d->key, 0);
    else if (item->decision.action == REPAIR_TOMBSTONE)
        (void)keyset_put(p->tombstones[d->kind], d->key, 0);
}

static bool take_difference(void *ctx, const struct difference *d, struct err *err)
{
    struct repair      *p = ctx;
    struct repair_item *item = repair_list_find(&p->list, d);
    struct repair_may   may = may_of(p, d->kind);

    if (!item)
        return true; /* a record without a key that nobody named */
    if (!p->proving)
        note_first(p, item, d);
    if (p->proving) {
        item->stays = true;
        item->differs = true; /* also what began to differ meanwhile */
        item->decision.why = repair_decide(d, &may).why;
    }
    return p->proving == p->s->conf->execute ? run_on_difference(p->r, d, err) : true;
}

static struct verify_conf conf_of(struct repair *p, enum kind kind)
{
    struct verify_conf v = run_verify_conf(p->r);

    v.only = p->list.keys[kind];
    v.keys_only_ours = true; /* others are not even folded */
    v.find_newer = true;
    v.on_skip = NULL;
    v.on_difference = take_difference;
    v.ctx = p;
    return v;
}

/* Documents that give no record may be those of a named key; then nothing is known of it. */
static bool leaves_out(const struct repair *p, enum kind kind)
{
    const struct tally *t = &p->s->verify_tallies[kind];

    return scope_is_partial(&p->s->conf->scope) ||
           atomic_load(&t->read) != atomic_load(&t->records);
}

static bool expect_absence(struct repair *p, enum kind kind, struct err *err)
{
    const struct keyset_entry *e;
    size_t                     at = 0;
    int                        n = p->r->plan.topic_of[kind]->partitions;

    while ((e = keyset_next(p->list.keys[kind], &at))) {
        struct slice      key = slice_of(e->key, e->key_len);
        struct side_entry known = { .partition = key_partition(key, n), .key = key };

        if (!side_put(p->expected[kind], &known, err))
            return false;
    }
    return true;
}

/* The topics, as far as the keys are named. What has grown beyond the known ends is another
 * writer's. */
static bool compare(struct repair *p, enum kind kind, struct err *err)
{
    struct run        *r = p->r;
    struct verify_conf v = conf_of(p, kind);
    size_t             n = (size_t)v.partitions[kind];
    bool               ok;

    if (!r->ends[kind])
        r->ends[kind] = mem_array(n, sizeof(*r->ends[kind]));
    progress_phase(&p->s->progress, p->proving ? "proving" : "reading topic", kind_name(kind),
                   &p->s->consumed, NULL, 0);
    ok = verify_topic(&v, kind, p->expected[kind], false, NULL, &r->verified[kind], r->ends[kind],
                      err);
    for (size_t i = 0; ok && p->known[kind] && i < n; i++)
        r->foreign += run_beyond(r->ends[kind][i].high, p->known[kind][i]);
    if (!p->known[kind])
        p->known[kind] = mem_array(n, sizeof(*p->known[kind]));
    for (size_t i = 0; ok && i < n; i++)
        p->known[kind][i] = r->ends[kind][i].high;
    return ok;
}

static bool look_at(struct repair *p, enum kind kind, struct err *err)
{
    struct session    *s = p->s;
    struct verify_conf v = conf_of(p, kind);
    int64_t            t0 = clock_mono_ns();
    bool               ok;

    p->expected[kind] = run_ledger_new(p->r, kind);
    p->only[kind] = keyset_new();
    p->tombstones[kind] = keyset_new();
    progress_phase(&s->progress, "reading store", kind_name(kind), &s->verify_tallies[kind].read,
                   &s->verify_tallies[kind].read_bytes, p->r->plan.survey.counts[kind].selected);
    ok = verify_store_side(&v, kind, p->expected[kind], err);
    if (ok) {
        p->unsure[kind] = leaves_out(p, kind);
        ok = expect_absence(p, kind, err) && compare(p, kind, err);
    }
    p->r->seconds[kind] += (double)(clock_mono_ns() - t0) / 1e9;
    p->r->was_verified[kind] = ok;
    if (ok && !s->conf->execute)
        run_note_topic(p->r, kind);
    return ok;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* Of all skips those of named documents, and what the broker refuses. */
static void tell_skip(void *ctx, const struct skip *skip)
{
    struct repair *p = ctx;

    if (p->only[skip->kind] && keyset_find(p->only[skip->kind], skip->id, NULL))
        run_on_skip(p->r, skip);
}

static bool send_kind(struct repair *p, struct sender *sender, enum kind kind, struct err *err)
{
    struct run      *r = p->r;
    size_t           n = (size_t)r->plan.topic_of[kind]->partitions;
    int64_t         *from = mem_array(n, sizeof(*from));
    int64_t         *until = mem_array(n, sizeof(*until));
    struct send_task task = { .kind = kind,
                              .topic = r->plan.topic_of[kind],
                              .tally = &p->s->tallies[kind],
                              .only = p->only[kind],
                              .tombstones = p->tombstones[kind],
                              .from = from,
                              .until = until };
    bool             ok;

    progress_phase(&p->s->progress, "sending", kind_name(kind), &p->s->tallies[kind].read,
                   &p->s->tallies[kind].read_bytes, r->plan.survey.counts[kind].selected);
    r->sent_any = true;
    r->was_sent[kind] = true;
    ok = sender_send(sender, &task, &r->sent[kind], err);
    r->seconds[kind] += (double)r->sent[kind].ns / 1e9;
    r->foreign += r->sent[kind].foreign;
    for (size_t i = 0; ok && i < n; i++) {
        r->foreign += run_beyond(from[i], p->known[kind][i]);
        p->known[kind][i] = until[i];
    }
    mem_free(from);
    mem_free(until);
    return ok;
}

static bool has_work(const struct repair *p, enum kind kind)
{
    return handles(p, kind) && keyset_count(p->only[kind]) + keyset_count(p->tombstones[kind]) > 0;
}

static bool send_all(struct repair *p, struct err *err)
{
    struct send_conf conf = run_send_conf(p->r, tell_skip, p);
    struct sender   *sender = NULL;
    bool             ok = true;

    for (int k = 0; ok && k < KIND_COUNT; k++) {
        if (!has_work(p, (enum kind)k))
            continue;
        ok =
            (sender || sender_open(&conf, &sender, err)) && send_kind(p, sender, (enum kind)k, err);
    }
    sender_close(sender);
    return ok;
}

static bool prove(struct repair *p, struct err *err)
{
    p->proving = true;
    for (int k = 0; k < KIND_COUNT; k++) {
        int64_t t0 = clock_mono_ns();
        bool    ok = !handles(p, (enum kind)k) || compare(p, (enum kind)k, err);

        p->r->seconds[k] += (double)(clock_mono_ns() - t0) / 1e9;
        if (!ok)
            return false;
        run_note_topic(p->r, (enum kind)k);
    }
    p->r->repaired = true;
    return true;
}

/* ---- the command --------------------------------------------------------------------------- */

static bool plan_it(struct repair *p, struct err *err)
{
    struct session  *s = p->s;
    struct run      *r = p->r;
    struct plan_conf pc;

    if (!session_open_store(s, err))
        return false;
    if (p->report &&
        differs_in(json_get(json_get(p->report, "store"), "identity"), s->info.identity))
        return other("store", s->conf, err);
    if (!session_open_kafka(s, err))
        return false;
    progress_phase(&s->progress, "surveying", "flow", &s->survey_tally.read,
                   &s->survey_tally.read_bytes, 0);
    pc = command_plan_conf(s, r);
    pc.mode = MODE_APPEND; /* topics that hold records are what a repair is for */
    pc.on_skip = NULL;
    if (!plan_make(&pc, &r->plan, err) || !command_count_executions(r, err))
        return false;
    if (p->report && differs_in(json_get(p->report, "cluster"), r->plan.cluster.id))
        return other("Kafka cluster", s->conf, err);
    if (!check_topics(p, err))
        return false;
    r->planned = true;
    return true;
}

static bool make(struct repair *p, struct err *err)
{
    struct key_need need = { "to be sent", p->list.n, repair_list_bytes(&p->list),
                             "rebuild with --recreate" };

    if (!plan_it(p, err))
        return false;
    p->r->repair = &p->list;
    if (!run_keys_fit(p->r, &need, err))
        return false;
    mark_unhandled(p);
    /* A dry run shows what it would do all the same. */
    if (p->r->plan.n_refusals > 0 && p->s->conf->execute)
        return true;
    for (int k = 0; k < KIND_COUNT; k++)
        if (handles(p, (enum kind)k) && !look_at(p, (enum kind)k, err))
            return false;
    return !p->s->conf->execute || (send_all(p, err) && prove(p, err));
}

static void release(struct repair *p)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        side_free(p->expected[k]);
        keyset_free(p->only[k]);
        keyset_free(p->tombstones[k]);
        mem_free(p->known[k]);
    }
    repair_list_release(&p->list);
    arena_free(p->words);
}

enum exit_status command_repair(struct session *s)
{
    const struct config *given = s->conf;
    struct config        conf = *given;
    struct run           r;
    struct repair        p = { .s = s, .r = &r, .words = arena_new(1u << 16) };
    struct err           err = ERR_INIT;
    enum exit_status     status;

    s->conf = &conf;
    if (!check_files(&conf, &err)) {
        status = command_fail(&err);
    } else {
        if (!run_open(&r, s, &err) || !repair_list_read(conf.from, &p.list, &err) ||
            !take_options(&p, &conf, &err) || !make(&p, &err))
            r.err = err;
        status = run_finish(&r);
    }
    s->conf = given;
    release(&p);
    return status;
}
