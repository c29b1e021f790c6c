/* verdict_document.c - what the document alone tells (restartability 1.7, E40, D03, D04). */
#include "lib/kestra/verdict_impl.h"

/* ---- sound or not ---- */

static bool invalid(struct look *k, const char *what)
{
    give(k, CODE_EXECUTION_INVALID);
    cure(k, REMEDY_START_AGAIN);
    k->out->poison = true;
    detail(k, "%s", what);
    return false;
}

static bool empty_histories(const struct run_state *s)
{
    return s->has_histories && s->n_histories == 0;
}

static bool run_is_sound(struct look *k, size_t i, unsigned ended)
{
    const struct task_run *run = &k->e->runs[i];
    bool                   open = (ended & STATE_BIT(run->state.current)) == 0;
    char                   what[64];

    if (run->state.current == STATE_ABSENT)
        (void)snprintf(what, sizeof(what), "task run %zu has no state", i);
    else if (empty_histories(&run->state) || empty_histories(&run->last_attempt))
        (void)snprintf(what, sizeof(what), "task run %zu has an empty list of histories", i);
    else if (open && (!run->id.p || !run->task_id.p))
        (void)snprintf(what, sizeof(what), "task run %zu is open and has no %s", i,
                       run->id.p ? "taskId" : "id");
    else
        return true;
    return invalid(k, what);
}

static bool is_sound(struct look *k)
{
    const struct execution *e = k->e;
    unsigned                ended = states_ended(k->l);
    char                    what[64];

    if (!e->id.p || !e->namespace.p || !e->flow_id.p)
        return invalid(k, "no id, namespace or flowId");
    if (!e->has_revision)
        return invalid(k, "no flowRevision");
    if (e->state.current == STATE_ABSENT)
        return invalid(k, "no state");
    if (empty_histories(&e->state) && e->state.current != STATE_CREATED)
        return invalid(k, "its list of histories is empty");
    if (e->broken_run != RUN_NONE) {
        (void)snprintf(what, sizeof(what), "task run %zu is broken", e->broken_run);
        return invalid(k, what);
    }
    for (size_t i = 0; i < e->n_runs; i++)
        if (!run_is_sound(k, i, ended))
            return false;
    return true;
}

/* ---- states that the version does not know ---- */

static unsigned states_known(const struct layout *l)
{
    unsigned known = STATE_BIT(STATE_ABSENT);

    for (size_t i = 0; i < l->known.n; i++)
        known |= STATE_BIT(state_parse(slice_str(l->known.items[i])));
    return known & ~STATE_BIT(STATE_UNKNOWN);
}

static unsigned states_of(const struct run_state *s)
{
    unsigned seen = STATE_BIT(s->current);

    for (size_t i = 0; i < s->n_histories; i++)
        seen |= STATE_BIT(s->histories[i].state);
    return seen;
}

static bool is_supported(struct look *k)
{
    const struct execution *e = k->e;
    unsigned                strange = states_of(&e->state);

    for (size_t i = 0; i < e->n_runs; i++)
        strange |= states_of(&e->runs[i].state) | states_of(&e->runs[i].last_attempt);
    strange &= ~states_known(k->l);
    if (strange == 0 || k->l->known.n == 0)
        return true;
    give(k, CODE_STATE_UNSUPPORTED);
    fits(k, ROW_E40);
    cure(k, REMEDY_START_AGAIN);
    k->out->poison = true;
    for (unsigned s = 0; s < STATE_COUNT; s++)
        if (strange & STATE_BIT(s))
            detail(k, "Kestra %s does not know the state %s", k->l->releases,
                   s == STATE_UNKNOWN ? "that it names" : state_name((enum state)s));
    return false;
}

/* ---- the rest ---- */

static bool revision_is_there(struct look *k)
{
    bool missing =
        k->f->revision == REVISION_MISSING || (k->f->revision == REVISION_PRESENT && !k->t);

    if (k->f->revision == REVISION_PRESENT && k->t)
        return true;
    /* Of what has ended nobody needs to look the flow up, but to be told that it is gone. */
    if (k->listening && k->f->revision == REVISION_PRESENT)
        return false;
    give(k, missing ? CODE_FLOW_REVISION_MISSING : CODE_FLOW_UNREADABLE);
    fits(k, missing ? ROW_F01 : ROW_F05);
    if (missing)
        fits(k, ROW_H16);
    cure(k, REMEDY_SUPPLY_FLOW);
    k->out->poison = true;
    if (missing)
        detail(k, "flow %.*s.%.*s has no revision %lld", SLICE_ARG(k->e->namespace),
               SLICE_ARG(k->e->flow_id), (long long)k->e->revision);
    else
        detail(k, "%s", k->f->revision_detail ? k->f->revision_detail : "the flow is unreadable");
    return false;
}

bool look_at_document(struct look *k)
{
    bool sound = is_sound(k);

    sound = is_supported(k) && sound;
    if (k->e->big_integer && k->l->executor.poison_number) {
        give(k, CODE_POISON_NUMBER);
        cure(k, REMEDY_START_AGAIN);
        k->out->poison = true;
    }
    if (k->e->duplicate_run != RUN_NONE) {
        give(k, CODE_EXECUTION_INVALID);
        cure(k, REMEDY_START_AGAIN);
        detail(k, "task run %zu has the id of an earlier one", k->e->duplicate_run);
    }
    if (k->f->record_max > 0 && k->f->record_bytes > k->f->record_max) {
        give(k, CODE_RECORD_TOO_LARGE);
        fits(k, ROW_D04);
        cure(k, REMEDY_RAISE_LIMITS);
        detail(k, "%llu bytes, at most %llu", (unsigned long long)k->f->record_bytes,
               (unsigned long long)k->f->record_max);
    }
    if (k->e->storage_uri) {
        give(k, CODE_STORAGE_UNCHECKED);
        fits(k, ROW_F10);
    }
    return revision_is_there(k) && sound;
}

/* Facts that make a pending execution a matter for a person, or only tell. */
void look_at_age(struct look *k)
{
    const struct facts *f = k->f;

    if (f->stale) {
        give(k, CODE_SOURCE_STALE);
        fits(k, ROW_D01);
    }
    if (f->flow_deleted) {
        give(k, CODE_FLOW_DELETED);
        fits(k, ROW_F02);
    }
    if (f->flow_disabled) {
        give(k, CODE_FLOW_DISABLED);
        fits(k, ROW_F03);
    }
    if (f->max_age_s <= 0 || !f->has_newest || !k->e->has_newest ||
        f->newest.s - k->e->newest.s <= f->max_age_s)
        return;
    give(k, CODE_EXECUTION_OLD);
    fits(k, ROW_D03);
    cure(k, REMEDY_MAX_AGE);
}
