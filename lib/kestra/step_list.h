/*
 * step_list.h - the lists of tasks an executor walks: which one counts now, what of it is done,
 * whether something comes next (Kestra's FlowableUtils). For step.c, and for recover_plan.c, which
 * asks it of Workers.
 */
#ifndef REQUEUE_STEP_LIST_H
#define REQUEUE_STEP_LIST_H

#include "lib/kestra/step.h"

/* One level of tasks: the flow's own, or what a flowable's task run opens. */
struct level {
    size_t               run; /* the flowable's; RUN_NONE: the flow */
    const struct branch *tasks, *errors, *finally;
    bool                 each;         /* tasks are repeated for each value */
    bool                 values_known; /* of an each */
    size_t               values;
    bool                 unknown;  /* which branch counts rests on an expression */
    bool                 at_once;  /* of an each: the first pass makes all its task runs */
    bool                 by_value; /* of a ForEach: a value's tasks come one after another */
    bool                 nothing;  /* a Switch: its value has no case, and there are no defaults */
};

/* Task runs of a branch, counted. */
struct tally {
    size_t   n, ended, created, running;
    size_t   last_ended; /* its place among the n, from 1; 0: none */
    unsigned states;     /* seen, as STATE_BIT() */
};

/* The branch that counts now. */
struct list {
    const struct branch *branch; /* NULL: none */
    struct tally         tally;
    size_t               size;     /* task runs it will have in the end */
    size_t               round;    /* of an each: how many a value has; else size */
    bool                 open;     /* size is at least that, it rests on an expression */
    bool                 uneven;   /* of a ForEach: some value has not all its task runs */
    bool                 is_tasks; /* neither errors nor finally */
    bool                 unknown;  /* it may be another one */
};

/* The level of a flowable's task run; run RUN_NONE: of the flow. */
struct level level_of(struct step *s, size_t run);
struct list  list_now(struct step *s, const struct level *l);
/* All of a level's tasks, whatever failed: listeners. */
struct list  list_plain(struct step *s, const struct level *l);
struct tally level_tally(const struct step *s, const struct level *l, const struct branch *branch);

/* Have all task runs of the list ended? */
enum answer list_ended(const struct list *list);
/* Is a next task run computed, one after the other; all at once. */
enum answer list_next(const struct list *list);
enum answer list_next_parallel(struct step *s, const struct level *l, const struct list *list,
                               const struct task *task);
/* Kestra's guessFinalState over the states that were seen. */
enum state guess_state(unsigned states);

#endif
