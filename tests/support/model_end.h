/*
 * model_end.h - what becomes of an execution, read out of a model's answer (model_case.h): does it
 * come to rest, and does it do so cleanly?
 *
 * Roles of task runs (a leaf that is lost, a call that starts, ...) are read here anew from flow
 * and document, so that the verdict that is tested does not vouch for itself.
 */
#ifndef REQUEUE_MODEL_END_H
#define REQUEUE_MODEL_END_H

#include "tests/support/model_case.h"

/* The flow that no store has: calls of it fail. */
#define MODEL_FLOW_GONE "gone"

struct model_end {
    enum state was;     /* of the document */
    bool       missing; /* the executor waited for a flow revision that is not there */
    bool       rests;   /* nothing moves any more, and the state is terminal or PAUSED */
    bool       clean;   /* see model_end_of() */

    bool again;           /* a task run of the document is sent to workers twice */
    bool twice;           /* a second child is started for a call */
    bool left_open;       /* a task run that something waits for is open at the end */
    bool timer_lost;      /* a Pause with a delay was PAUSED and still is */
    bool calls_gone;      /* a call of MODEL_FLOW_GONE was about to start */
    bool lost;            /* a leaf, Worker or call was running */
    bool waits;           /* a task run was CREATED or RESTARTED */
    bool worker_child;    /* one of them in a Worker */
    bool listener_open;   /* a task run of a listener that had not ended was open */
    bool listener_starts; /* one is new */
    bool moves;           /* more than listeners: open task runs start, or others are new */
};

/* clean: it rests; no result was dropped; the executor did not fail for a task that it could not
 * find; no open task run was sent twice, no second child started, and nothing that anything waits
 * for is open. What a flow does later by itself, and would do undisturbed too, is no matter.
 * Main thread only (it asserts). */
struct model_end model_end_of(const struct model_case *m, const struct execution *e,
                              const struct flow_tree *tree);

#endif
