/*
 * recover_plan.c - what becomes of each task run (recover_impl.h; kestra/restartability.md 2.6,
 * kestra/seen-on-real-kestra.md B.3 and B.6).
 */
#include "lib/kestra/recover_impl.h"
#include "lib/kestra/step_list.h"

#define ROLE_BIT(role) (1u << (role))

static unsigned roles_of(const struct finding *finding)
{
    unsigned roles = 0;

    for (size_t i = 0; i < finding->n_notes; i++)
        roles |= ROLE_BIT(finding->notes[i].role);
    return roles;
}

/* A risk only where an ended record starts flow triggers again (2.3 H03). */
static void may_refire(struct plan *p)
{
    if (p->l->executor.refires_terminal)
        p->hazards |= CODE_BIT(CODE_FLOW_TRIGGER_REFIRE);
}

/* ---- Workers --------------------------------------------------------------------------------- */

static bool any_open(unsigned states)
{
    for (unsigned i = 0; i < STATE_COUNT; i++)
        if ((states & STATE_BIT(i)) && !state_ended((enum state)i))
            return true;
    return false;
}

static struct step *step_of(struct plan *p)
{
    if (!p->step) {
        p->step = arena_alloc(p->arena, sizeof(*p->step));
        step_make(p->l, p->e, p->tree, p->arena, p->step);
    }
    return p->step;
}

/* The job of a Worker ends with its last task or with the first that is FAILED; the executor asks
 * for no other state, and only after tasks of the Worker's own (KILLED is no failure, a task run
 * whose task is unknown none of its tasks). Then only the Worker's own result is pending, which
 * registering brings (B.3: do not reset that one). A Worker without children, or with some of them
 * yet to come, gets none from the executor: it is lost. Asked for each task run below it, so the
 * answer is kept. */
static const struct run_plan *job_of(struct plan *p, size_t run)
{
    struct run_plan *r = &p->runs[run];
    struct step     *s = step_of(p);
    struct level     level;
    struct tally     tasks;
    struct list      now;

    if (r->job_known)
        return r;
    level = level_of(s, run);
    tasks = level_tally(s, &level, level.tasks);
    now = list_now(s, &level);
    r->job_known = true;
    r->job_open = any_open(tasks.states);
    r->job_done = (tasks.states & s->failed) != 0 ||
                  (now.size > 0 && !now.unknown && list_ended(&now) == ANSWER_YES);
    return r;
}

static bool is_lost_worker(struct plan *p, size_t run)
{
    return state_is_running(p->e->runs[run].state.current) && !job_of(p, run)->job_done;
}

static void plan_worker(struct plan *p, size_t run)
{
    if (!is_lost_worker(p, run))
        return;
    p->priced = true;
    if (p->options->lost == LOST_RERUN) {
        p->runs[run].reset = true;
        plan_turn(p, run, STATE_RESTARTED);
    } else if (job_of(p, run)->job_open) {
        p->runs[run].fails_inside = true;
        p->edited = true;
    } else {
        plan_turn(p, run, STATE_FAILED);
    }
}

/* The Worker that runs this task in its job; RUN_NONE: none does. */
static size_t worker_above(struct plan *p, size_t run)
{
    size_t up = p->e->runs[run].parent;

    for (unsigned n = 0; up != RUN_NONE && n < RUN_MAX_UP; n++) {
        if (plan_type(p, up) == TASK_WORKER)
            return is_lost_worker(p, up) ? up : RUN_NONE;
        up = p->e->runs[up].parent;
    }
    return RUN_NONE;
}

/* After the siblings were closed: what is below a Worker follows it. */
static void plan_inside_workers(struct plan *p)
{
    for (size_t i = 0; i < p->e->n_runs; i++) {
        size_t parent = p->e->runs[i].parent;
        size_t up = parent;

        if (parent != RUN_NONE && p->runs[parent].fails_inside &&
            !state_ended(p->e->runs[i].state.current))
            plan_turn(p, i, STATE_FAILED);
        for (unsigned n = 0; up != RUN_NONE && n < RUN_MAX_UP && !p->runs[up].reset; n++)
            up = p->e->runs[up].parent;
        if (up != RUN_NONE && p->runs[up].reset)
            p->runs[i].fate = FATE_DROPPED;
    }
}

/* A job that a failed child had ended goes on when that child does not stay so: the Worker, which
 * was taken for done, would hang. No Kestra leaves such a document; it is not repaired. */
static bool opens_job(struct plan *p)
{
    for (size_t i = 0; i < p->e->n_runs; i++) {
        size_t up = p->e->runs[i].parent;

        if (up == RUN_NONE || !p->runs[up].job_known || !p->runs[up].job_done ||
            p->runs[i].fate == FATE_DROPPED)
            continue;
        if ((step_of(p)->failed & STATE_BIT(p->e->runs[i].state.current)) &&
            !(step_of(p)->failed & STATE_BIT(plan_state(p, i))))
            return true;
    }
    return false;
}

/* ---- lost, paused, retrying ------------------------------------------------------------------ */

void plan_lost(struct plan *p, size_t run)
{
    size_t worker = worker_above(p, run);

    p->priced = true;
    if (p->options->lost == LOST_FAIL)
        plan_turn(p, run, STATE_FAILED);
    else if (worker != RUN_NONE)
        plan_worker(p, worker);
    else
        plan_turn(p, run, STATE_RESTARTED);
}

/* A Pause that already is PAUSED. The executor registers a delay only for one that turns PAUSED,
 * so it goes one step back. */
static void plan_pause(struct plan *p, const struct run_note *note)
{
    const struct task *task = note->task == TASK_NONE ? NULL : &p->tree->tasks[note->task];
    size_t             up = p->e->runs[note->run].parent;

    if (p->e->runs[note->run].state.current != STATE_PAUSED)
        return; /* it will turn PAUSED once the execution is registered */
    if (!task || task->type != TASK_PAUSE) {
        p->refused = true; /* what wakes a loop nobody has seen */
        return;
    }
    if (!task->has_delay)
        return; /* a person resumes it */
    p->runs[note->run].fate = FATE_REARMED;
    p->edited = true;
    p->priced = true;
    p->remedies |= REMEDY_BIT(REMEDY_REARM_PAUSE);
    may_refire(p);
    for (unsigned n = 0; up != RUN_NONE && n < RUN_MAX_UP; n++) {
        if (p->e->runs[up].state.current != STATE_RUNNING)
            plan_turn(p, up, STATE_RUNNING);
        up = p->e->runs[up].parent;
    }
}

static void plan_note(struct plan *p, const struct run_note *note)
{
    enum state state = p->e->runs[note->run].state.current;

    switch (note->role) {
    case ROLE_LOST: plan_lost(p, note->run); break;
    case ROLE_WORKER: plan_worker(p, note->run); break;
    case ROLE_PAUSE: plan_pause(p, note); break;
    case ROLE_RETRYING: /* what the lost delay would have done (2.3 H08) */
        p->priced = true;
        plan_turn(p, note->run, STATE_CREATED);
        break;
    case ROLE_LISTENER: /* of an execution that was restarted meanwhile */
        if (state == STATE_RUNNING)
            plan_lost(p, note->run);
        break;
    case ROLE_STRANGER: p->refused = true; break;
    case ROLE_CALL: /* plan_calls() */
    case ROLE_OPEN:
    case ROLE_RESULT:
    case ROLE_COUNT: break;
    }
}

/* A code says that something is wrong, and no task run was named: there is nothing to repair. */
static bool nothing_named(const struct plan *p, unsigned roles)
{
    static const struct {
        uint64_t codes;
        unsigned roles;
    } pairs[] = {
        { CODE_BIT(CODE_TASKRUN_LOST) | CODE_BIT(CODE_WORKER_GROUP_LOST),
          ROLE_BIT(ROLE_LOST) | ROLE_BIT(ROLE_WORKER) | ROLE_BIT(ROLE_LISTENER) },
        { CODE_BIT(CODE_SUBFLOW_DUPLICATE) | CODE_BIT(CODE_SUBFLOW_LINK_LOST),
          ROLE_BIT(ROLE_CALL) },
        { CODE_BIT(CODE_RETRY_DELAY_LOST), ROLE_BIT(ROLE_RETRYING) },
        { CODE_BIT(CODE_PAUSE_DELAY_LOST), ROLE_BIT(ROLE_PAUSE) },
    };

    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if ((p->finding->codes & pairs[i].codes) && !(roles & pairs[i].roles))
            return true;
    return false;
}

static bool is_lost(struct plan *p, const struct run_note *note)
{
    switch (note->role) {
    case ROLE_LOST: return true;
    case ROLE_WORKER: return is_lost_worker(p, note->run);
    case ROLE_CALL:
    case ROLE_LISTENER: return p->e->runs[note->run].state.current == STATE_RUNNING;
    case ROLE_OPEN:
    case ROLE_RESULT:
    case ROLE_PAUSE:
    case ROLE_RETRYING:
    case ROLE_STRANGER:
    case ROLE_COUNT: break;
    }
    return false;
}

/* After the siblings were closed: what really is done. */
static void name_remedy(struct plan *p, const struct run_note *note)
{
    const struct run_plan *r = &p->runs[note->run];
    bool                   turns = r->fate == FATE_TURNS;

    if (r->link)
        p->remedies |= REMEDY_BIT(REMEDY_LINK_SUBFLOW);
    if (!is_lost(p, note))
        return;
    if (turns && r->state == STATE_RESTARTED) {
        p->remedies |= REMEDY_BIT(REMEDY_RERUN_LOST);
        p->hazards |= CODE_BIT(CODE_TASK_MAY_RERUN);
    }
    if (turns && r->state == STATE_FAILED && !r->answered) {
        p->remedies |= REMEDY_BIT(REMEDY_FAIL_LOST);
        may_refire(p);
    }
}

static void plan_notes(struct plan *p)
{
    if (nothing_named(p, roles_of(p->finding))) {
        p->refused = true;
        return;
    }
    for (size_t i = 0; i < p->finding->n_notes; i++)
        plan_note(p, &p->finding->notes[i]);
    if (p->facts->n_children > 0 || (roles_of(p->finding) & ROLE_BIT(ROLE_CALL)))
        plan_calls(p);
    if (p->refused)
        return;
    plan_close_siblings(p);
    if (p->edited)
        plan_inside_workers(p);
    if (opens_job(p))
        p->refused = true;
    for (size_t i = 0; i < p->finding->n_notes; i++)
        name_remedy(p, &p->finding->notes[i]);
}

/* ---- by the state of the execution ----------------------------------------------------------- */

static void wrap(struct plan *p)
{
    p->execution = STATE_RESTARTED;
    p->remedies |= REMEDY_BIT(REMEDY_R_WRAP);
}

static bool is_sent(const struct plan *p, const struct run_note *note)
{
    return (note->role == ROLE_OPEN || note->role == ROLE_CALL) &&
           state_is_created(plan_state(p, note->run));
}

/* An execution that ends in its first pass, registered or not, sends what is open in that pass and
 * again when it reads its own end. (A person restarted it, and its errors branch had run.) The
 * finding says so by a code for what is not joined although it is registered. */
static void look_at_end(struct plan *p)
{
    uint64_t     codes = CODE_BIT(CODE_TASKRUN_NOT_JOINED) | CODE_BIT(CODE_SUBFLOW_NOT_JOINED);
    struct step *step;
    bool         sent = false;

    if (!p->finding->registered || !(p->finding->codes & codes))
        return;
    for (size_t i = 0; i < p->finding->n_notes && !sent; i++)
        sent = is_sent(p, &p->finding->notes[i]);
    if (!sent)
        return;
    step = step_of(p);
    if (!step->end || step->end_state == STATE_PAUSED)
        return;
    p->priced = true;
    p->hazards |= CODE_BIT(CODE_TASK_MAY_RERUN);
}

void plan_running(struct plan *p)
{
    enum state state = p->e->state.current;

    plan_notes(p);
    look_at_end(p);
    /* A retry of the whole flow: what its delay would do is Kestra's secret. */
    if (state == STATE_RETRYING && !(roles_of(p->finding) & ROLE_BIT(ROLE_RETRYING)))
        p->refused = true;
    if (state == STATE_RESTARTED || (state == STATE_CREATED && p->e->n_runs == 0))
        return; /* reading it registers it, or computes its first task */
    wrap(p);
}

/* Registered, a PAUSED one pauses again: only with a delay that is armed. The one that a person
 * resumes is found in the store (2.2 E23); but one that is still RUNNING has to get to its pause
 * first, and is registered like others. */
void plan_paused(struct plan *p)
{
    plan_notes(p);
    if ((p->finding->codes & CODE_BIT(CODE_PAUSE_MANUAL)) ||
        !(p->remedies & REMEDY_BIT(REMEDY_REARM_PAUSE)))
        p->refused = true;
    wrap(p);
}

void plan_killing(struct plan *p)
{
    if (!(p->finding->codes & CODE_BIT(CODE_KILLING_STUCK)))
        return; /* it ends at its first pass */
    for (size_t i = 0; i < p->e->n_runs; i++)
        if (!state_ended(p->e->runs[i].state.current))
            plan_turn(p, i, STATE_KILLED);
    p->execution = STATE_KILLED;
    p->priced = true;
    p->remedies |= REMEDY_BIT(REMEDY_KILL_OPEN);
    may_refire(p);
}

/* The top of a listener's task run; all of it goes, so that it starts again as it did before. */
static size_t top_of(const struct execution *e, size_t run)
{
    for (unsigned n = 0; e->runs[run].parent != RUN_NONE && n < RUN_MAX_UP; n++)
        run = e->runs[run].parent;
    return run;
}

/* E36: the record would dispatch it, or what follows it, for nothing; or fail for want of its task
 * (F04). A lost one just stays. */
static bool is_leftover(const struct plan *p, size_t run)
{
    enum state state = p->e->runs[run].state.current;

    if (state_ended(state))
        return false;
    return state != STATE_RUNNING || plan_task(p, run) == TASK_NONE ||
           task_is_flowable(plan_type(p, run));
}

/* Up to 0.11 a call stays CREATED while its child runs. */
static bool may_have_begun(struct plan *p, size_t run)
{
    enum task_type type = plan_type(p, run);
    bool           calls = type == TASK_SUBFLOW || type == TASK_FOR_EACH_ITEM;

    return p->e->runs[run].state.current != STATE_CREATED ||
           (calls && !p->l->executor.subflow_runs);
}

void plan_ended(struct plan *p)
{
    const struct execution *e = p->e;

    if (!(p->finding->codes & CODE_BIT(CODE_LISTENER_STUCK)))
        p->refused = true;
    for (size_t i = 0; i < p->finding->n_notes; i++)
        if (p->finding->notes[i].role == ROLE_LISTENER)
            p->runs[top_of(e, p->finding->notes[i].run)].reset = true;
    for (size_t i = 0; i < e->n_runs; i++) {
        if (p->runs[top_of(e, i)].reset) {
            p->runs[i].fate = FATE_DROPPED;
            p->edited = true;
            p->priced = p->priced || may_have_begun(p, i);
        } else if (is_leftover(p, i)) {
            p->refused = true;
        }
    }
    if (!p->edited)
        p->refused = true;
    if (p->priced)
        p->hazards |= CODE_BIT(CODE_TASK_MAY_RERUN);
    p->remedies |= REMEDY_BIT(REMEDY_LISTENER_DROP);
}
