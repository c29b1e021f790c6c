/*
 * command_executions.c - executions: a verdict for each pending execution. Needs no Kafka, changes
 * nothing.
 */
#include "cli/commands.h"

#include "lib/store/pending.h"

static bool judge_all(struct session *s, struct run *r, struct judge *judge, struct err *err)
{
    struct pending_stats stats;
    struct pending_conf  conf = { .store = s->store,
                                  .layout = s->layout,
                                  .scope = &s->conf->scope,
                                  .places = s->places,
                                  .jobs = (unsigned)s->conf->jobs,
                                  .stop = &s->stop,
                                  .tally = &s->tallies[KIND_EXECUTION],
                                  .judge = judge,
                                  .on_judged = run_on_judged,
                                  .on_skip = run_on_skip,
                                  .ctx = r };

    progress_phase(&s->progress, "judging", kind_name(KIND_EXECUTION),
                   &s->tallies[KIND_EXECUTION].read, &s->tallies[KIND_EXECUTION].read_bytes,
                   r->executions.pending);
    return pending_run(&conf, &stats, err);
}

static bool make(struct session *s, struct run *r, struct err *err)
{
    struct judge_options options;
    struct judge        *judge;
    bool                 ok;

    if (!session_open_store(s, err))
        return false;
    progress_phase(&s->progress, "surveying", "flow", &s->survey_tally.read,
                   &s->survey_tally.read_bytes, 0);
    if (!survey_run(s->store, s->layout, &s->conf->scope, (unsigned)s->conf->jobs, &s->stop,
                    &s->survey_tally, run_on_skip, r, &r->plan.survey, err) ||
        !command_count_executions(r, err))
        return false;
    options = run_judge_options(s);
    judge = judge_new(s->layout, &options, r->plan.survey.flows);
    ok = judge_all(s, r, judge, err);
    judge_free(judge);
    r->planned = ok;
    r->was_judged = ok;
    return ok;
}

enum exit_status command_executions(struct session *s)
{
    struct run r;
    struct err err = ERR_INIT;

    if (!run_open(&r, s, &err) || !make(s, &r, &err))
        r.err = err;
    return run_finish(&r);
}
