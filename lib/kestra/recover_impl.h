/*
 * recover_impl.h - what the recover*.c files share; no other file includes it.
 *
 * recover.c decides whether and in which mode, recover_plan.c what becomes of each task run,
 * recover_close.c closes the siblings of a FAILED one, recover_call.c looks after subflows,
 * recover_write.c writes it into the document.
 */
#ifndef REQUEUE_RECOVER_IMPL_H
#define REQUEUE_RECOVER_IMPL_H

#include "lib/kestra/recover.h"
#include "lib/kestra/step.h"

/* Ancestors of a task run that are looked at: a document may name them in a circle. */
#define RUN_MAX_UP 1000u

enum fate {
    FATE_STAYS,
    FATE_DROPPED, /* out of taskRunList */
    FATE_TURNS,   /* into `state`, with a history entry */
    FATE_REARMED, /* a Pause: RUNNING, and its histories are CREATED, RUNNING */
};

struct run_plan {
    enum fate  fate;
    enum state state; /* FATE_TURNS: into this */
    uint32_t   task;  /* in the tree, when task_known */
    bool       task_known;
    bool       reset;        /* a Worker that starts again: what is below it is dropped */
    bool       fails_inside; /* a Worker whose open children fail */
    bool       job_known, job_done, job_open; /* a Worker's: asked, ended, some task open */
    bool       link;                          /* a link record names child and this run */
    bool       answered; /* outputs are child's id, and with `ended` its state */
    bool       ended;
    const struct child *child;
};

struct plan {
    const struct layout          *l;
    const struct execution       *e;
    const struct flow_tree       *tree;
    const struct facts           *facts;
    const struct finding         *finding;
    const struct recover_options *options;
    struct arena                 *arena;

    struct run_plan *runs;      /* by the index of execution.runs */
    struct step     *step;      /* of the document as it was; NULL until somebody asks */
    enum state       execution; /* what it becomes; STATE_ABSENT: as it is */
    unsigned         remedies;
    uint64_t         hazards;
    bool             edited;  /* some run changes */
    bool             priced;  /* only RECOVER_ALL does it */
    bool             refused; /* no mode does */
};

/* Ended in every band that knows it. PAUSED is not: only band A and B1 count it so, and there too
 * it goes on (kestra/data-model.md 5.5). */
bool state_ended(enum state state);

/* The state that a run has after the plan. */
enum state plan_state(const struct plan *p, size_t run);

/* The task of a run; TASK_NONE: not in the tree. */
uint32_t       plan_task(const struct plan *p, size_t run);
enum task_type plan_type(const struct plan *p, size_t run); /* TASK_LEAF for TASK_NONE */

void plan_turn(struct plan *p, size_t run, enum state state);

/* ---- recover_plan.c ---- */
void plan_running(struct plan *p);
void plan_paused(struct plan *p);
void plan_killing(struct plan *p);
void plan_ended(struct plan *p);

/* ---- recover_close.c: the FAILED rule of seen B.3 ---- */
void plan_close_siblings(struct plan *p);

/* ---- recover_call.c ---- */
void plan_calls(struct plan *p);
/* A leaf or call that nobody will answer: again, or FAILED (recover_plan.c). */
void plan_lost(struct plan *p, size_t run);

/* ---- recover_write.c ---- */
/* Needs execution.has_newest. */
void plan_write(const struct plan *p, struct recovery *out);

#endif
