/*
 * step.h - one pass of Kestra's executor over (execution, flow), without a state store: what it
 * would compute from the document alone (kestra/restartability.md 1.1, 1.2, 2.1).
 *
 * Written from the 0.6 executor; what later bands do otherwise is asked of the layout's executor
 * flags. What rests on a rendered expression is answered with "unknown", never guessed. Pure.
 */
#ifndef REQUEUE_STEP_H
#define REQUEUE_STEP_H

#include "lib/kestra/run_map.h"

enum answer { ANSWER_NO, ANSWER_UNKNOWN, ANSWER_YES };

/* What a flowable's task run would be given as its own result in this pass. */
enum result {
    RESULT_NONE,    /* it waits for its children, or it is no running flowable */
    RESULT_UNKNOWN, /* rests on an expression */
    RESULT_ENDS,
    RESULT_PAUSES, /* a Pause that turns PAUSED */
};

struct step_run {
    uint8_t result; /* enum result */
    bool    moot;   /* some flowable above it ends in this pass, whatever becomes of it */
};

struct step {
    struct run_map map;
    unsigned       ended;  /* states that count as ended, as bits STATE_BIT() */
    unsigned       failed; /* likewise, failed */

    bool        restarted;   /* G1: the record is RESTARTED */
    enum answer next;        /* G2: some next task run is computed; the or of those below */
    enum answer next_own;    /* of the flow's own tasks */
    bool        next_errors; /* ... which is of its errors or finally branch */
    bool        own_left;    /* ... some have no run yet, computed now or not */
    enum answer next_child;  /* inside a running flowable */
    enum answer next_listener;
    enum answer next_late; /* inside a running flowable of a listener */
    bool        end;       /* G3: the final state is computed */
    enum state  end_state;
    bool        killed; /* G4 */
    bool        raises; /* G5: an exception: an open task run's task is not in the flow */
    bool        calls;  /* a subflow starts and its task run turns RUNNING at once (from 0.12) */
    enum answer registered;

    struct step_run *runs;

    /* Private to step.c and step_list.c. */
    const struct execution *e;
    const struct flow_tree *t;
    enum state              now;   /* the execution's state as the pass goes on */
    uint32_t               *alive; /* by branch: tasks that are not disabled; UINT32_MAX: not yet */
    uint8_t                *marks; /* by task: scratch, all 0 between uses */
    uint64_t                budget; /* steps that searches may still take; then: unknown */
};

#define STATE_BIT(state) (1u << (state))

static inline bool state_is_created(enum state s)
{
    return s == STATE_CREATED || s == STATE_RESTARTED;
}

static inline bool state_is_running(enum state s)
{
    return s == STATE_RUNNING || s == STATE_KILLING;
}

/* The states that a band counts as ended; PAUSED is one of them only with paused_ends. */
unsigned states_ended(const struct layout *l);

/* For an execution that has a state and whose flow is there. Everything lives in a. */
void step_make(const struct layout *l, const struct execution *e, const struct flow_tree *t,
               struct arena *a, struct step *out);

#endif
