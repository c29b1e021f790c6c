/*
 * command_executions.c - executions: a verdict for each pending execution. Needs no Kafka, changes
 * nothing.
 */
#include "cli/commands.h"

#include "lib/store/judging.h"

static bool judge_all(struct session *s, struct run *r, struct err *err)
{
    struct judging_conf j = { .pending = run_pending_conf(r), .on_lock = run_on_lock };

    progress_phase(&s->progress, "judging", kind_name(KIND_EXECUTION),
                   &s->tallies[KIND_EXECUTION].read, &s->tallies[KIND_EXECUTION].read_bytes,
                   r->executions.pending);
    j.pending.tally = &s->tallies[KIND_EXECUTION];
    return judging_run(&j, &r->plan.survey, &r->plan.judged, err);
}

static bool make(struct session *s, struct run *r, struct err *err)
{
    if (!session_open_store(s, err))
        return false;
    progress_phase(&s->progress, "surveying", "flow", &s->survey_tally.read,
                   &s->survey_tally.read_bytes, 0);
    if (!survey_run(s->store, s->layout, &s->conf->scope, (unsigned)s->conf->jobs, &s->stop,
                    &s->survey_tally, run_on_skip, r, &r->plan.survey, err) ||
        !command_count_executions(r, err))
        return false;
    r->planned = r->was_judged = judge_all(s, r, err);
    return r->planned;
}

enum exit_status command_executions(struct session *s)
{
    struct run r;
    struct err err = ERR_INIT;

    if (!run_open(&r, s, &err) || !make(s, &r, &err))
        r.err = err;
    return run_finish(&r);
}
