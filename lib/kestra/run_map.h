/*
 * run_map.h - which task each task run of an execution is of, and which runs stand below which.
 *
 * Made once for a judgement, so that nothing after it searches: a look-up is O(1), making it
 * costs O(runs). Everything lives in the caller's arena. Pure.
 */
#ifndef REQUEUE_RUN_MAP_H
#define REQUEUE_RUN_MAP_H

#include "lib/kestra/execution.h"
#include "lib/kestra/flow_tree.h"

struct run_map {
    const struct execution *e;
    const struct flow_tree *t;
    /* By run; TASK_NONE where there is none. */
    uint32_t *task; /* as Kestra's findTaskByTaskId answers */
    uint32_t *slot; /* of the tasks of its parent run's flowable (TASK_NONE: not one of them) */
    uint32_t *own; /* of the flow's own tasks, errors, finally, listeners; as Kestra, which does not
                      ask for the parent there */
    /* By run; RUN_NONE ends a chain. Children are in the order of the document. */
    size_t *first_child;
    size_t *next_child;
};

void run_map_make(const struct execution *e, const struct flow_tree *t, struct arena *a,
                  struct run_map *out);

/* Is the task one of the flow's listeners, or below one? */
bool task_is_listener(const struct flow_tree *t, uint32_t task);

#endif
