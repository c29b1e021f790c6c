/*
 * command_verify.c - verify: store against topics, key by key (design part 8).
 */
#include "cli/commands.h"

#include "lib/base/clock.h"

/* --like REPORT.json: expect what that run was asked for. Its words stay in `a`, which lives as
 * long as the session. */
static const char *like_word(const struct json_node *options, const char *name, struct arena *a)
{
    const struct json_node *n = json_get(options, name);

    return n && n->type == JSON_STRING ? arena_str(a, n->text) : NULL;
}

/* A number of seconds; `otherwise` when the report has none. In milliseconds, as an option. */
static uint64_t like_seconds(const struct json_node *options, const char *name, uint64_t otherwise)
{
    const struct json_node *n = json_get(options, name);
    char                    digits[20];
    uint64_t                ms;

    if (!n || n->type != JSON_NUMBER || n->text.n >= sizeof(digits))
        return otherwise;
    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(n->text));
    return duration_parse(digits, &ms) ? ms : otherwise;
}

/* How executions were judged; reports of before have none of it: nothing was rewritten. */
static void apply_like_judging(struct config *c, const struct json_node *o, struct arena *a)
{
    const struct json_node *logs = json_get(o, "with_logs");
    const char             *recover = like_word(o, "recover", a);
    const char             *lost = like_word(o, "lost_tasks", a);

    c->recover = recover ? recover : "none";
    c->lost_tasks = lost ? lost : "rerun";
    c->max_age = like_seconds(o, "max_age_s", c->max_age);
    c->now = like_word(o, "now", a);
    c->with_logs = logs && logs->type == JSON_BOOL && slice_eq(logs->text, SLICE("true"));
}

/* As --kinds would name them: links follow from the other options (scope_derive). */
static const char *like_kinds(const struct json_node *options, struct arena *a)
{
    const struct json_node *kinds = json_get(options, "kinds");
    struct buf              b = { 0 };
    const char             *text;

    buf_init(&b, 4096);
    for (const struct json_node *k = kinds ? kinds->first : NULL; k; k = k->next)
        if (!slice_eq(k->text, slice_str(kind_name(KIND_SUBFLOW_LINK))))
            buf_add(&b, "%s%.*s", b.n ? "," : "", SLICE_ARG(k->text));
    text = b.n ? arena_str(a, buf_slice(&b)) : NULL;
    buf_release(&b);
    return text;
}

static bool apply_like(struct config *c, struct arena *a, struct err *err)
{
    struct buf              text = { 0 };
    const struct json_node *root;
    const struct json_node *o;
    bool                    ok;

    buf_init(&text, 64u << 20);
    ok = file_read(c->like, &text, err);
    if (ok && !json_tree(buf_slice(&text), a, &root, err)) {
        err->kind = ERR_USAGE;
        ok = err_wrap(err, "report %s", c->like);
    }
    if (ok) {
        o = json_get(root, "options");
        c->kinds = like_kinds(o, a);
        c->executions = like_word(o, "executions", a);
        c->unlock = like_word(o, "unlock", a);
        if (!c->kinds || !c->executions || !c->unlock)
            ok = err_set(err, ERR_USAGE, "%s is no report of requeue: it has no options", c->like);
    }
    if (ok) {
        apply_like_judging(c, o, a);
        c->tenant = like_word(o, "tenant", a);
        c->namespace = like_word(o, "namespace", a);
        c->since = like_word(o, "since", a);
        c->until = like_word(o, "until", a);
        c->topic_prefix = like_word(o, "topic_prefix", a);
        c->consumer_prefix = like_word(o, "consumer_prefix", a);
        c->no_flows = c->no_templates = c->no_triggers = false;
        ok = options_derive(c, err);
    }
    buf_release(&text);
    return ok;
}

static bool verify_one(struct session *s, struct run *r, enum kind kind, struct err *err)
{
    struct verify_conf v = run_verify_conf(r);
    struct keyset     *expected = keyset_new();
    int64_t            t0 = clock_mono_ns();
    bool               ok;

    r->ends[kind] = mem_array((size_t)v.partitions[kind], sizeof(*r->ends[kind]));
    progress_phase(&s->progress, "reading store", kind_name(kind), &s->verify_tallies[kind].read,
                   &s->verify_tallies[kind].read_bytes, r->plan.survey.counts[kind].selected);
    ok = verify_store_side(&v, kind, expected, err);
    if (ok) {
        progress_phase(&s->progress, "reading topic", kind_name(kind), &s->consumed, NULL,
                       keyset_count(expected));
        ok = verify_topic(&v, kind, expected, false, NULL, &r->verified[kind], r->ends[kind], err);
    }
    r->was_verified[kind] = ok;
    r->open_transactions += r->verified[kind].open_transactions;
    r->seconds[kind] = (double)(clock_mono_ns() - t0) / 1e9;
    keyset_free(expected);
    return ok;
}

static bool need_topics(const struct plan *plan, struct err *err)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        const struct topic_plan *t = plan->topic_of[k];

        if (!t || t->exists)
            continue;
        (void)err_set(err, ERR_KAFKA, "topic %s does not exist", t->name);
        return err_hint(err,
                        "requeue rebuild makes it; or is it named with another --topic-prefix?");
    }
    return true;
}

static bool make(struct session *s, struct run *r, struct err *err)
{
    struct plan_conf pc;

    if (!session_open_store(s, err) || !session_open_kafka(s, err))
        return false;
    progress_phase(&s->progress, "surveying", "flow", &s->survey_tally.read,
                   &s->survey_tally.read_bytes, 0);
    pc = command_plan_conf(s, r);
    if (!plan_observe(&pc, &r->plan, err) || !command_count_executions(r, err) ||
        !need_topics(&r->plan, err))
        return false;
    r->planned = true;
    for (int k = 0; k < KIND_COUNT; k++)
        if (r->plan.topic_of[k] && !verify_one(s, r, (enum kind)k, err))
            return false;
    return true;
}

enum exit_status command_verify(struct session *s)
{
    const struct config *given = s->conf;
    struct config        conf = *given;
    struct arena        *words = arena_new(1u << 16);
    struct run           r;
    struct err           err = ERR_INIT;
    enum exit_status     status;

    s->conf = &conf;
    if (!run_open(&r, s, &err) || (conf.like && !apply_like(&conf, words, &err)) ||
        !make(s, &r, &err))
        r.err = err;
    status = run_finish(&r);
    s->conf = given;
    arena_free(words);
    return status;
}
