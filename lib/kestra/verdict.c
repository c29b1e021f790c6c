/*
 * verdict.c - the verdict on an execution (verdict.h), by the procedure of
 * kestra/restartability.md 2.1.
 */
#include "lib/kestra/verdict.h"

#include "lib/kestra/verdict_impl.h"

#include <stdarg.h>

void detail(struct look *k, const char *fmt, ...)
{
    char   *text = k->out->detail;
    size_t  size = sizeof(k->out->detail);
    va_list args;
    int     n;

    if (text[0])
        return;
    va_start(args, fmt);
    n = vsnprintf(text, size, fmt, args);
    va_end(args);
    if (n >= (int)size)
        text_cut(text, size);
    text_clean(text, strlen(text));
}

/* ---- how it goes on ---- */

/* Rows of what the first pass computes (restartability 1.1). */
static void rows_of_step(struct look *k)
{
    const struct step *s = &k->step;
    bool               runs = k->e->n_runs > 0;

    if (s->restarted)
        fits(k, ROW_E27);
    if (k->e->state.current == STATE_CREATED)
        fits(k, runs ? ROW_E02 : ROW_E01);
    if (k->e->state.current == STATE_CREATED && k->e->schedule_date.p)
        fits(k, ROW_H12);
    if (k->e->state.current == STATE_RUNNING && !runs)
        fits(k, ROW_E03);
    if (s->next_own == ANSWER_YES && runs)
        fits(k, s->next_errors ? ROW_E06 : ROW_E04);
    if (s->next_child == ANSWER_YES)
        fits(k, ROW_E11);
    if (!k->ends)
        return;
    if (k->e->trigger_id.p)
        fits(k, ROW_E41);
    fits(k, k->l->executor.refires_terminal ? ROW_E05 : ROW_H03);
    if (k->l->executor.refires_terminal)
        give(k, CODE_FLOW_TRIGGER_REFIRE);
}

static void look_at_killing(struct look *k)
{
    bool harmless;

    if (k->by_role[ROLE_STRANGER] > 0)
        look_at_unjoined(k);
    /* An end that is computed instead of the killing sends what is CREATED to workers, and starts
     * what comes next; and what becomes PAUSED instead has forgotten that it was to be killed. */
    if (k->ends)
        look_at_ahead(k);
    harmless =
        k->by_role[ROLE_OPEN] + k->by_role[ROLE_CALL] == 0 && !given(k, CODE_SUBFLOW_DUPLICATE);
    if (k->step.killed || (k->ends && harmless)) {
        fits(k, k->l->executor.kills_at_once ? ROW_H14 : ROW_E28);
        if (k->l->executor.refires_terminal)
            give(k, CODE_FLOW_TRIGGER_REFIRE);
        return;
    }
    give(k, CODE_KILLING_STUCK);
    fits(k, ROW_E29);
    cure(k, REMEDY_KILL_OPEN);
}

static void look_at_waiting(struct look *k)
{
    if (k->e->state.current == STATE_QUEUED) {
        give(k, CODE_QUEUED_LOST);
        fits(k, ROW_H10);
        cure(k, REMEDY_UNQUEUE);
    }
    if (k->e->state.current == STATE_RETRYING) {
        give(k, CODE_RETRY_DELAY_LOST);
        fits(k, ROW_H08);
        cure(k, REMEDY_RERUN_LOST);
    }
}

static void look_at_progress(struct look *k)
{
    look_at_targets(k);
    rows_of_step(k);
    look_at_unjoined(k);
    look_at_calls(k);
    look_at_pauses(k);
    look_at_waiting(k);
    if (k->step.registered == ANSWER_UNKNOWN) {
        give(k, CODE_FLOWABLE_UNDECIDABLE);
        cure(k, REMEDY_R_WRAP);
    }
}

static enum verdict worst(uint64_t codes)
{
    enum verdict v = VERDICT_RESUMES;

    for (unsigned c = 0; c < CODE_COUNT; c++)
        if ((codes & CODE_BIT(c)) && code_verdict((enum code)c) > v)
            v = code_verdict((enum code)c);
    return v;
}

/* Nothing is open and nothing follows: the document is not one that a Kestra leaves. */
static void look_at_deadlock(struct look *k)
{
    if (k->step.registered != ANSWER_NO || worst(k->out->codes) != VERDICT_RESUMES)
        return;
    give(k, CODE_EXECUTION_INVALID);
    cure(k, REMEDY_START_AGAIN);
    detail(k, "nothing follows from its task runs");
}

static void look_at_pending(struct look *k)
{
    step_make(k->l, k->e, k->t, k->a, &k->step);
    k->paused = k->e->state.current == STATE_PAUSED;
    k->ends = k->step.end && k->step.end_state != STATE_PAUSED;
    look_at_runs(k);
    look_at_templates(k);
    if (k->e->state.current == STATE_KILLING)
        look_at_killing(k);
    else
        look_at_progress(k);
    look_at_deadlock(k);
    if (k->f->cycle) {
        give(k, CODE_SUBFLOW_CYCLE);
        cure(k, REMEDY_START_AGAIN);
    }
    if (k->t->has_sla && k->e->state.current == STATE_RUNNING) {
        give(k, CODE_SLA_LOST);
        fits(k, ROW_H13);
    }
    k->out->registered = k->step.registered == ANSWER_YES;
}

/* ---- what has ended ---- */

static bool has_leftovers(const struct look *k)
{
    for (size_t i = 0; i < k->out->n_notes; i++)
        if (k->out->notes[i].role != ROLE_LISTENER &&
            state_is_created(k->e->runs[k->out->notes[i].run].state.current))
            return true;
    return false;
}

/* A flowable of the flow's own that is open, and tasks to come: the listeners register the
 * execution, so the flowable gets its result, and the flow goes on after its end (E37). */
static bool goes_on_after_its_end(const struct look *k)
{
    for (size_t i = 0; k->step.own_left && i < k->e->n_runs; i++)
        if (k->step.runs[i].result != RESULT_NONE && !task_is_listener(k->t, k->step.map.task[i]))
            return true;
    return false;
}

/* A listener that is open hangs, unless it is a flowable with a next task. */
static bool listener_hangs(const struct look *k)
{
    for (size_t i = 0; i < k->out->n_notes; i++) {
        const struct run_note *n = &k->out->notes[i];
        bool                   waits;

        if (n->role != ROLE_LISTENER)
            continue;
        waits = k->step.next_late == ANSWER_YES && task_is_flowable(k->t->tasks[n->task].type);
        if (!waits || !state_is_running(k->e->runs[n->run].state.current))
            return true;
    }
    return false;
}

static void look_at_listeners(struct look *k)
{
    const struct step *s = &k->step;
    bool               ended_early =
        s->next_own != ANSWER_NO || s->next_child != ANSWER_NO || goes_on_after_its_end(k);

    /* Where a task is not found, nothing goes on. */
    if (k->by_role[ROLE_LISTENER] > 0 && (s->raises || listener_hangs(k))) {
        give(k, CODE_LISTENER_STUCK);
        fits(k, ROW_E35);
        cure(k, REMEDY_LISTENER_DROP);
        return;
    }
    /* What would run besides the listener is worse than the listener is good. */
    if (has_leftovers(k))
        fits(k, ROW_E36);
    if (ended_early)
        fits(k, ROW_E37);
    if (ended_early || s->raises || has_leftovers(k) ||
        (s->next_listener == ANSWER_NO && k->by_role[ROLE_LISTENER] == 0))
        return;
    give(k, CODE_LISTENER_PENDING);
    fits(k, ROW_E34);
    if (s->next_listener == ANSWER_UNKNOWN)
        give(k, CODE_FLOWABLE_UNDECIDABLE);
}

static void look_at_ended(struct look *k, bool sound)
{
    bool silent = true;

    if (sound) {
        step_make(k->l, k->e, k->t, k->a, &k->step);
        look_at_runs(k);
        look_at_listeners(k);
        silent = !given(k, CODE_LISTENER_STUCK) && !given(k, CODE_LISTENER_PENDING);
        k->out->registered = !silent && k->step.registered == ANSWER_YES;
    }
    if (!silent)
        return;
    if (k->e->state.current == STATE_RETRIED)
        fits(k, ROW_H09);
    give(k, CODE_TERMINAL_NOT_EMITTED);
    fits(k, ROW_E33);
    if (k->l->executor.skips_terminal)
        fits(k, ROW_H02);
}

/* ---- the whole ---- */

static void look_at_all(struct look *k)
{
    bool sound = look_at_document(k);

    if (k->e->deleted) {
        give(k, CODE_DELETED_NOT_EMITTED);
        fits(k, ROW_E39);
        return;
    }
    if (k->listening) {
        look_at_ended(k, sound);
        return;
    }
    look_at_age(k);
    if (sound)
        look_at_pending(k);
}

void verdict_of(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
                const struct facts *facts, struct arena *a, struct finding *out)
{
    struct look k = { .l = l, .e = e, .t = tree, .f = facts, .a = a, .out = out };

    *out = (struct finding){ 0 };
    k.listening = layout_is_terminal(l, e->state.name);
    look_at_all(&k);
    out->verdict = worst(out->codes);
    if (tree && tree->has_concurrency && out->verdict != VERDICT_RESUMES && !k.listening &&
        !e->deleted) {
        give(&k, CODE_CONCURRENCY_SLOT_HELD);
        fits(&k, ROW_H11);
    }
    if (out->verdict == VERDICT_RESUMES && !k.listening)
        give(&k, CODE_RESUMES);
}
