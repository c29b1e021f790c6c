/*
 * command_verify.c - verify: store against topics, key by key (design part 8).
 */
#include "cli/commands.h"
#include "cli/like.h"
#include "cli/live.h"

#include "lib/base/clock.h"

static bool verify_one(struct run *r, struct live *live, enum kind kind, struct err *err)
{
    struct session    *s = r->session;
    struct verify_conf v = run_verify_conf(r);
    struct side       *expected = verify_side_new(&v);
    int64_t            t0 = clock_mono_ns();
    bool               ok;

    live_watch(live, &v);
    run_want_partitions(r, kind);
    run_expect_keys(r, kind, 2);
    progress_phase(&s->progress, "reading store", kind_name(kind), &s->verify_tallies[kind].read,
                   &s->verify_tallies[kind].read_bytes, r->plan.survey.counts[kind].selected);
    ok = verify_store_side(&v, kind, expected, err);
    if (ok) {
        progress_phase(&s->progress, "reading topic", kind_name(kind), &s->consumed, NULL,
                       side_count(expected));
        ok = verify_topic(&v, kind, expected, false, NULL, &r->verified[kind], r->ends[kind], err);
    }
    r->was_verified[kind] = ok;
    live_compared(live, kind);
    run_note_topic(r, kind);
    r->seconds[kind] = (double)(clock_mono_ns() - t0) / 1e9;
    side_free(expected);
    return ok;
}

static bool need_topics(struct session *s, const struct plan *plan, struct err *err)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        const struct topic_plan *t = plan->topic_of[k];

        if (!t || t->exists)
            continue;
        return admin_fail_absent(
            s->admin, t->name,
            "requeue rebuild makes it; or is it named with another --topic-prefix?", err);
    }
    return true;
}

static bool verify_all(struct run *r, struct err *err)
{
    struct live *live = live_new(r);
    bool         ok = true;

    for (int k = 0; ok && k < KIND_COUNT; k++)
        ok = !r->plan.topic_of[k] || verify_one(r, live, (enum kind)k, err);
    ok = ok && live_settle(live, err);
    live_free(live);
    return ok;
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
        !need_topics(s, &r->plan, err))
        return false;
    r->planned = true;
    return verify_all(r, err);
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
    if (conf.like)
        conf.scope.project.staging = NULL; /* the report says */
    if (!run_open(&r, s, &err) || (conf.like && !like_apply(&conf, words, NULL, &err)) ||
        !make(s, &r, &err))
        r.err = err;
    status = run_finish(&r);
    s->conf = given;
    if (conf.scope.project.staging != given->scope.project.staging)
        staging_free(conf.scope.project.staging);
    arena_free(words);
    return status;
}
