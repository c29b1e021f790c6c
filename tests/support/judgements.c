/*
 * judgements.c - see judgements.h.
 */
#include "tests/support/judgements.h"

#include "lib/kestra/verdict_rules.h"

static void name_state(struct run_state *s, enum state state, const char *name)
{
    s->current = state;
    s->name = slice_str(name);
}

static void make(struct judgement_made *m, const char *id, enum state state, const char *name)
{
    struct execution *e = &m->j.execution;

    memset(m, 0, sizeof(*m));
    e->id = slice_str(id);
    e->namespace = SLICE("lab");
    e->flow_id = SLICE("etl");
    e->has_revision = true;
    e->revision = 3;
    name_state(&e->state, state, name);
    e->runs = m->runs;
    e->n_runs = COUNT_OF(m->runs);
    m->runs[0].id = SLICE("r0");
    m->runs[0].task_id = SLICE("extract");
    name_state(&m->runs[0].state, STATE_SUCCESS, "SUCCESS");
    m->runs[1].id = SLICE("r1");
    m->runs[1].task_id = SLICE("load");
    m->runs[1].value = SLICE("one");
    name_state(&m->runs[1].state, STATE_RUNNING, "RUNNING");
    e->has_newest = true;
    e->newest = (struct instant){ .s = 1733817600 };
    m->j.has_age = true;
    m->j.age_s = 3600;
    m->j.finding.notes = m->notes;
    m->j.recovery.changes = m->changes;
    m->doc = (struct document){ .id = slice_str(id), .value = SLICE("{}") };
    e->raw = m->doc.value;
}

void judgement_lost(struct judgement_made *m, const char *id)
{
    struct finding *f = &m->j.finding;

    make(m, id, STATE_RUNNING, "RUNNING");
    f->verdict = VERDICT_BLOCKED;
    f->codes = CODE_BIT(CODE_TASKRUN_LOST) | CODE_BIT(CODE_TASK_MAY_RERUN);
    f->remedies = REMEDY_BIT(REMEDY_RERUN_LOST) | REMEDY_BIT(REMEDY_FAIL_LOST);
    f->lost = true;
    f->n_notes = 1;
    m->notes[0] = (struct run_note){ .run = 1, .role = ROLE_LOST, .task = TASK_NONE };
    m->j.needs = RECOVER_ALL;
}

void judgement_resumes(struct judgement_made *m, const char *id)
{
    make(m, id, STATE_CREATED, "CREATED");
    m->j.execution.n_runs = 0;
    m->j.finding.verdict = VERDICT_RESUMES;
    m->j.finding.codes = CODE_BIT(CODE_RESUMES);
    m->j.finding.registered = true;
    m->j.needs = RECOVER_NONE;
    m->j.emit = true;
    m->j.recovery.emit = true;
    m->j.recovery.value = m->doc.value;
}

void judgement_rewritten(struct judgement_made *m, const char *id, const char *doc)
{
    struct finding *f = &m->j.finding;

    make(m, id, STATE_RUNNING, "RUNNING");
    m->doc.value = slice_str(doc);
    m->j.execution.raw = m->doc.value;
    f->verdict = VERDICT_BLOCKED;
    f->codes = CODE_BIT(CODE_TASKRUN_NOT_JOINED) | CODE_BIT(CODE_TASK_MAY_RERUN);
    f->remedies = REMEDY_BIT(REMEDY_R_WRAP);
    f->n_notes = 1;
    m->notes[0] = (struct run_note){ .run = 1, .role = ROLE_OPEN, .task = TASK_NONE };
    m->j.needs = RECOVER_SAFE;
    m->j.emit = true;
    m->j.recovery = (struct recovery){ .emit = true,
                                       .changed = true,
                                       .remedies = REMEDY_BIT(REMEDY_R_WRAP),
                                       .hazards = CODE_BIT(CODE_TASK_MAY_RERUN),
                                       .value = SLICE("{\"rewritten\":true}"),
                                       .n_changes = 2,
                                       .changes = m->changes };
    m->changes[0] =
        (struct change){ "/state/current", SLICE("\"RUNNING\""), SLICE("\"RESTARTED\"") };
    m->changes[1] = (struct change){ "/state/histories/1",
                                     { NULL, 0 },
                                     SLICE("{\"state\":\"RESTARTED\",\n\"date\":\"x\"}") };
}

void judgement_paused(struct judgement_made *m, const char *id)
{
    make(m, id, STATE_PAUSED, "PAUSED");
    m->j.finding.verdict = VERDICT_NEEDS_ACTION;
    m->j.finding.codes = CODE_BIT(CODE_PAUSE_MANUAL);
    m->j.finding.remedies = REMEDY_BIT(REMEDY_RESUME_BY_HAND);
    m->j.finding.n_notes = 1;
    m->notes[0] = (struct run_note){ .run = 1, .role = ROLE_PAUSE, .task = TASK_NONE };
    m->j.needs = -1;
}

void judgement_named(struct judgement_made *m, const char *id)
{
    memset(m, 0, sizeof(*m));
    m->doc = (struct document){ .id = slice_str(id) };
    m->j.lost = true;
    m->j.needs = -1;
    m->j.execution.id = m->doc.id;
    m->j.execution.namespace = SLICE("lab");
    m->j.finding.verdict = VERDICT_BLOCKED;
    m->j.finding.codes = CODE_BIT(CODE_EXECUTION_LOST);
    m->j.finding.remedies = REMEDY_BIT(REMEDY_START_AGAIN);
    row_add(&m->j.finding.rows, ROW_D02);
}
