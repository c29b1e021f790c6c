/*
 * task_type.h - what a task is to the executor: a flowable of some sort, a subflow, or a leaf.
 *
 * The class names are data (layout, `tasks:`): old and new ones occur side by side in one store,
 * because stored flows are never rewritten (kestra/data-model.md 5.7). A class that no layout names
 * is a leaf: a worker runs it.
 */
#ifndef REQUEUE_TASK_TYPE_H
#define REQUEUE_TASK_TYPE_H

enum task_type {
    TASK_LEAF,
    TASK_SEQUENTIAL,
    TASK_PARALLEL,
    TASK_EACH_SEQUENTIAL, /* also ForEach with concurrencyLimit 1 */
    TASK_EACH_PARALLEL,   /* also ForEach otherwise */
    TASK_FOR_EACH,        /* only in layouts: the tree has one of the two above */
    TASK_FOR_EACH_ITEM,   /* starts one subflow for each batch of a file */
    TASK_SWITCH,
    TASK_IF,
    TASK_ALLOW_FAILURE,
    TASK_WORKER, /* Worker, later WorkingDirectory: a flowable that a worker runs as one job */
    TASK_DAG,
    TASK_LOOP_UNTIL, /* WaitFor, later LoopUntil */
    TASK_PAUSE,
    TASK_SUBFLOW,  /* Flow, later Subflow */
    TASK_TEMPLATE, /* as TASK_SEQUENTIAL, over the tasks of the template */
    TASK_TYPE_COUNT,
};

#endif
