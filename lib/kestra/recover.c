/*
 * recover.c - whether an execution is brought back, and in which mode (recover.h).
 *
 * DESIGN: the plan knows no mode: it says what would have to be done, and whether that has a price.
 * So the lowest mode that helps is a question to the same plan that is carried out.
 */
#include "lib/kestra/recover_impl.h"

/* No rewriting helps: something outside the document is missing, or a person has to decide. */
#define CODES_NEVER                                                                                \
    (CODE_BIT(CODE_FLOW_REVISION_MISSING) | CODE_BIT(CODE_FLOW_UNREADABLE) |                       \
     CODE_BIT(CODE_EXECUTION_INVALID) | CODE_BIT(CODE_POISON_NUMBER) |                             \
     CODE_BIT(CODE_STATE_UNSUPPORTED) | CODE_BIT(CODE_RECORD_TOO_LARGE) |                          \
     CODE_BIT(CODE_EXECUTION_LOST) | CODE_BIT(CODE_SUBFLOW_CYCLE) | CODE_BIT(CODE_QUEUED_LOST) |   \
     CODE_BIT(CODE_TASK_NOT_IN_REVISION) | CODE_BIT(CODE_TEMPLATE_MISSING) |                       \
     CODE_BIT(CODE_EXECUTION_OLD) | CODE_BIT(CODE_TERMINAL_NOT_EMITTED) |                          \
     CODE_BIT(CODE_DELETED_NOT_EMITTED))

/* What stays a risk although the execution comes back. */
#define CODES_HAZARD                                                                               \
    (CODE_BIT(CODE_TASK_MAY_RERUN) | CODE_BIT(CODE_SUBFLOW_TARGET_MISSING) |                       \
     CODE_BIT(CODE_STORAGE_UNCHECKED) | CODE_BIT(CODE_SOURCE_STALE) |                              \
     CODE_BIT(CODE_FLOW_TRIGGER_REFIRE) | CODE_BIT(CODE_SLA_LOST))

bool code_is_hazard(enum code code)
{
    return (CODES_HAZARD & CODE_BIT(code)) != 0;
}

bool state_ended(enum state state)
{
    switch (state) {
    case STATE_SUCCESS:
    case STATE_WARNING:
    case STATE_FAILED:
    case STATE_KILLED:
    case STATE_CANCELLED:
    case STATE_RETRIED:
    case STATE_SKIPPED: return true;
    case STATE_ABSENT:
    case STATE_UNKNOWN:
    case STATE_CREATED:
    case STATE_RUNNING:
    case STATE_PAUSED:
    case STATE_RESTARTED:
    case STATE_KILLING:
    case STATE_QUEUED:
    case STATE_RETRYING:
    case STATE_COUNT: break;
    }
    return false;
}

enum state plan_state(const struct plan *p, size_t run)
{
    switch (p->runs[run].fate) {
    case FATE_TURNS: return p->runs[run].state;
    case FATE_REARMED: return STATE_RUNNING;
    case FATE_STAYS:
    case FATE_DROPPED: break;
    }
    return p->e->runs[run].state.current;
}

uint32_t plan_task(const struct plan *p, size_t run)
{
    struct run_plan *r = &p->runs[run];

    if (!r->task_known)
        r->task = flow_tree_find(p->tree, p->e->runs[run].task_id);
    r->task_known = true;
    return r->task;
}

enum task_type plan_type(const struct plan *p, size_t run)
{
    uint32_t task = plan_task(p, run);

    return task == TASK_NONE ? TASK_LEAF : p->tree->tasks[task].type;
}

void plan_turn(struct plan *p, size_t run, enum state state)
{
    p->runs[run].fate = FATE_TURNS;
    p->runs[run].state = state;
    p->edited = true;
}

static bool can_be_planned(const struct plan *p)
{
    return p->tree && !p->finding->poison && !p->e->deleted && !p->facts->cycle &&
           !(p->finding->codes & CODES_NEVER) && p->e->broken_run == RUN_NONE &&
           p->e->duplicate_run == RUN_NONE;
}

static void plan_by_state(struct plan *p)
{
    switch (p->e->state.current) {
    case STATE_CREATED:
    case STATE_RUNNING:
    case STATE_RESTARTED:
    case STATE_RETRYING: plan_running(p); break;
    case STATE_PAUSED: plan_paused(p); break;
    case STATE_KILLING: plan_killing(p); break;
    case STATE_SUCCESS:
    case STATE_WARNING:
    case STATE_FAILED:
    case STATE_KILLED:
    case STATE_CANCELLED:
    case STATE_RETRIED:
    case STATE_SKIPPED: plan_ended(p); break;
    case STATE_ABSENT:
    case STATE_UNKNOWN:
    case STATE_QUEUED: /* only Kestra's API lets it out (kestra/restartability.md 2.3 H10) */
    case STATE_COUNT: p->refused = true; break;
    }
}

static void plan_make(struct plan *p)
{
    p->hazards = p->finding->codes & CODES_HAZARD;
    if (!can_be_planned(p)) {
        p->refused = true;
        return;
    }
    p->runs = arena_alloc(p->arena, (p->e->n_runs + 1) * sizeof(*p->runs));
    memset(p->runs, 0, p->e->n_runs * sizeof(*p->runs));
    for (size_t i = 0; i < p->finding->n_notes; i++) {
        const struct run_note *note = &p->finding->notes[i];

        p->runs[note->run].task = note->task;
        p->runs[note->run].task_known = true;
    }
    /* Safe is safe only as far as the store is current; here it is known not to be. */
    p->priced = (p->finding->codes & CODE_BIT(CODE_SOURCE_STALE)) || p->finding->taken;
    plan_by_state(p);
    /* A history entry needs a date, and any other than one of the document's would make the result
     * depend on when it was made. */
    if ((p->edited || p->execution != STATE_ABSENT) && !p->e->has_newest)
        p->refused = true;
}

static bool fits(const struct plan *p, size_t value)
{
    uint64_t around =
        p->facts->record_bytes > p->e->raw.n ? p->facts->record_bytes - p->e->raw.n : 0;

    return p->facts->record_max == 0 || value + around <= p->facts->record_max;
}

/* What no record can bring: the store is what Kestra's API reads when a person resumes it (seen
 * B.6). */
static const char *advice_for(const struct execution *e, const struct finding *finding)
{
    bool lost = (finding->codes & CODE_BIT(CODE_TASKRUN_LOST)) ||
                (finding->codes & CODE_BIT(CODE_WORKER_GROUP_LOST));

    if (e->state.current == STATE_PAUSED && lost && (finding->codes & CODE_BIT(CODE_PAUSE_MANUAL)))
        return "before it is resumed, set the state of its lost task runs to RESTARTED in the "
               "store, or it waits for them for ever";
    return NULL;
}

static void send_as_it_is(const struct finding *finding, struct recovery *out)
{
    out->emit = true;
    out->hazards = finding->codes & CODES_HAZARD;
}

/* NOLINTNEXTLINE(readability-function-size): what is asked, what is known of it, and the answer */
void recover(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
             const struct facts *facts, const struct finding *finding,
             const struct recover_options *options, struct arena *a, struct recovery *out)
{
    struct plan p = {
        .l = l,
        .e = e,
        .tree = tree,
        .facts = facts,
        .finding = finding,
        .options = options,
        .arena = a,
    };

    *out = (struct recovery){ .value = e->raw, .advice = advice_for(e, finding) };
    if (finding->poison)
        return;
    if (finding->verdict == VERDICT_RESUMES) {
        send_as_it_is(finding, out);
        return;
    }
    if (options->mode == RECOVER_NONE)
        return;
    plan_make(&p);
    if (p.refused || (p.priced && options->mode != RECOVER_ALL))
        return;
    plan_write(&p, out);
    if (!fits(&p, out->value.n)) {
        *out = (struct recovery){ .value = e->raw };
        return;
    }
    out->emit = true;
    out->remedies = p.remedies;
    out->hazards = p.hazards;
}

/* plan_write() adds less for one state: at most two histories, whose dates are spelled with
 * escapes only. */
#define STATE_ADDS(newest_text) (1024 + (size_t)12 * (newest_text).n)

/* Does it fit? It is written only where that is not clear before. */
static bool would_fit(const struct plan *p)
{
    struct recovery written = { .value = p->e->raw };
    size_t          most = p->e->raw.n + STATE_ADDS(p->e->newest_text);
    bool            clear = true;

    for (size_t i = 0; i < p->e->n_runs; i++) {
        if (p->runs[i].fate == FATE_TURNS) /* and its last attempt */
            most += 2 * STATE_ADDS(p->e->newest_text);
        clear = clear && p->runs[i].fate != FATE_REARMED && !p->runs[i].child;
    }
    if (clear && fits(p, most))
        return true;
    plan_write(p, &written);
    return fits(p, written.value.n);
}

int recover_needs(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
                  const struct facts *facts, const struct finding *finding, struct arena *a)
{
    static const struct recover_options options = { RECOVER_ALL, LOST_RERUN };
    struct plan                         p = {
                                .l = l,
                                .e = e,
                                .tree = tree,
                                .facts = facts,
                                .finding = finding,
                                .options = &options,
                                .arena = a,
    };

    if (finding->poison)
        return -1;
    if (finding->verdict == VERDICT_RESUMES)
        return RECOVER_NONE;
    plan_make(&p);
    if (p.refused || !would_fit(&p))
        return -1;
    return p.priced ? RECOVER_ALL : RECOVER_SAFE;
}
