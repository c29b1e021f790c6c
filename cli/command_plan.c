/*
 * command_plan.c - plan: everything a rebuild would do, up to the first record.
 *
 * After the plan itself a dry run: the same readers and the same projection as rebuild, with
 * nothing behind them, so that what would be skipped and how much there is to send is known, not
 * guessed.
 */
#include "cli/commands.h"

#include "lib/base/clock.h"

struct plan_conf command_plan_conf(struct session *s, struct run *r)
{
    const struct config *c = s->conf;
    /* What they tell are differences. */
    bool compares = c->command == COMMAND_VERIFY || c->command == COMMAND_REPAIR;

    return (struct plan_conf){
        .store = s->store,
        .info = &s->info,
        .layout = s->layout,
        .scope = &c->scope,
        .admin = s->admin,
        .topic_prefix = s->topic_prefix,
        .consumer_prefix = s->consumer_prefix,
        .production_prefix = c->kestra_prefix ? c->kestra_prefix : s->layout->topic_prefix,
        .production_groups = c->kestra_groups ? c->kestra_groups : s->layout->consumer_prefix,
        .mode = c->mode,
        .confirm = c->confirm,
        .alter = c->alter,
        .kestra_running = c->kestra_running,
        .jobs = (unsigned)c->jobs,
        .stop = &s->stop,
        .tally = &s->survey_tally,
        .on_skip = run_on_skip,
        .judge = !c->audit && c->command != COMMAND_CHECK && c->command != COMMAND_TOPICS,
        .on_judged = compares ? NULL : run_on_judged,
        .on_lock = compares ? NULL : run_on_lock,
        .ctx = r
    };
}

/* Executions that are not selected are only counted, which is no reason to end a run: their index
 * may be missing, closed or red. */
static bool cannot_be_counted(const struct session *s)
{
    if (scope_has(&s->conf->scope, KIND_EXECUTION))
        return false;
    for (size_t i = 0; i < s->store->n_places; i++) {
        const struct store_place *p = &s->store->places[i];

        if (p->kind == KIND_EXECUTION)
            return p->n_indices == 0 || p->health >= STORE_RED;
    }
    return false;
}

bool command_count_executions(struct run *r, struct err *err)
{
    struct session    *s = r->session;
    struct store_query q = survey_query(&s->conf->scope, KIND_EXECUTION);

    if (!s->layout->kinds[KIND_EXECUTION].enabled)
        return true;
    if (scope_has(&s->conf->scope, KIND_EXECUTION)) {
        r->executions = r->plan.survey.counts[KIND_EXECUTION]; /* the same question */
        return true;
    }
    r->executions_unknown = cannot_be_counted(s);
    return r->executions_unknown || s->store->count(s->store, &q, &r->executions, err);
}

struct dry {
    struct run *run;
    enum kind   kind;
};

static void tell_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct dry *d = ctx;
    struct skip skip = {
        .kind = d->kind, .reason = p->reason, .place = place, .id = doc->id, .detail = p->detail
    };

    run_on_skip(d->run, &skip);
}

static bool dry_run(struct run *r, enum kind kind, struct err *err)
{
    struct session    *s = r->session;
    struct dry         d = { r, kind };
    struct store_query q = survey_query_of(&r->plan.survey, &s->conf->scope, kind);
    struct projector  *projector = survey_projector(&r->plan.survey, s->layout, &s->conf->scope);
    bool               flows = kind == KIND_FLOW || kind == KIND_FLOW_LAST; /* told by the survey */
    struct pipeline    p = { .store = s->store,
                             .query = &q,
                             .projector = projector,
                             .jobs = (unsigned)s->conf->jobs,
                             .tally = &s->tallies[kind],
                             .stop = &s->stop,
                             .on_skip = flows ? NULL : tell_skip,
                             .ctx = &d };
    int64_t            t0 = clock_mono_ns();
    bool               ok;

    progress_phase(&s->progress, "reading", kind_name(kind), &s->tallies[kind].read,
                   &s->tallies[kind].read_bytes, r->plan.survey.counts[kind].selected);
    ok = pipeline_run(&p, err);
    r->seconds[kind] = (double)(clock_mono_ns() - t0) / 1e9;
    projector_free(projector);
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
    if (!plan_make(&pc, &r->plan, err) || !command_count_executions(r, err))
        return false;
    r->planned = true;
    for (int k = 0; k < KIND_COUNT; k++)
        if (r->plan.topic_of[k] && !dry_run(r, (enum kind)k, err))
            return false;
    return true;
}

enum exit_status command_plan(struct session *s)
{
    struct run r;
    struct err err = ERR_INIT;

    if (!run_open(&r, s, &err) || !make(s, &r, &err))
        r.err = err;
    return run_finish(&r);
}
