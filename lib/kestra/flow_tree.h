/*
 * flow_tree.h - the tasks of one flow revision, as the executor walks them.
 *
 * Compact: some 200 bytes a task and the texts that are asked for. Built once from the revision's
 * JSON, then read-only for any thread. Pure.
 *
 * A Template task stays in the tree and behaves as a Sequential over the tasks and the errors of
 * its template; with a template that is missing (absent, deleted, unreadable) it has no branches.
 * Where ForEachItem is split (layout, items_split) it is a TASK_SEQUENTIAL over three tasks:
 * ID_split (a leaf), ID_items (TASK_FOR_EACH_ITEM) and ID_merge (a leaf).
 */
#ifndef REQUEUE_FLOW_TREE_H
#define REQUEUE_FLOW_TREE_H

#include "lib/kestra/layout.h"
#include "lib/kestra/task_type.h"

#define TASK_NONE           UINT32_MAX
#define FLOW_TREE_MAX_TASKS 100000u
#define FLOW_TREE_MAX_DEPTH 200u

enum branch_kind {
    BRANCH_TASKS,     /* of the flow, of a flowable; of an If: `then`; of a Dag: its tasks */
    BRANCH_CASE,      /* of a Switch: name is the case's value */
    BRANCH_DEFAULTS,  /* of a Switch */
    BRANCH_ELSE,      /* of an If */
    BRANCH_ERRORS,    /* of the flow or a flowable */
    BRANCH_FINALLY,   /* likewise; of later Kestras */
    BRANCH_LISTENERS, /* of the flow: all tasks of all listeners, in order */
};

struct branch {
    enum branch_kind kind;
    struct slice     name;  /* of a BRANCH_CASE */
    uint32_t         first; /* its tasks are tasks[first .. first + n) */
    uint32_t         n;
};

struct task {
    struct slice   id;
    enum task_type type;
    uint32_t       parent;       /* the flowable it is in; TASK_NONE: of the flow itself */
    uint32_t       branch;       /* the branch it is in: index in flow_tree.branches */
    uint32_t       first_branch; /* its own branches are branches[first_branch .. + n_branches) */
    uint32_t       n_branches;
    uint32_t       concurrent;      /* Parallel, EachParallel, Dag, ForEach; 0: no limit */
    bool           wait;            /* subflow; default: layout, subflow_waits; ForEachItem: true */
    bool           transmit_failed; /* likewise */
    bool           has_outputs;     /* subflow: `outputs` are to be rendered */
    bool           has_delay;       /* Pause with delay, duration or timeout; LoopUntil: always */
    bool           disabled;
    bool           has_retry;
    bool           conditional; /* listener task: its listener has conditions; task: runIf */
    bool           listed;      /* Each: its values are written as a list, without expressions */
    uint32_t       n_values;    /* then: how many different ones; Kestra runs each once */
    bool           by_value;    /* ForEach as TASK_EACH_PARALLEL: concurrent counts values */
    struct slice   sub_tenant;  /* subflow, ForEachItem: of the task, else of the flow */
    struct slice   sub_namespace, sub_flow; /* texts as written; p NULL: absent */
    bool           sub_dynamic;             /* one of the three holds an expression */
    int64_t        sub_revision;            /* -1: the last one */
    struct slice   json; /* subflow: the task as JSON, written anew, for link records; else empty */
    uint32_t       depends_first, n_depends; /* Dag children: indices in flow_tree.depends */
};

struct flow_tree {
    struct slice    tenant, namespace, id;
    int64_t         revision;
    bool            deleted, disabled;
    bool            has_concurrency;  /* from 0.13 */
    bool            has_sla;          /* from 0.20 */
    bool            has_flow_trigger; /* some enabled trigger is a Flow trigger (core classes) */
    uint32_t        n_tasks;
    struct task    *tasks;
    uint32_t        n_branches; /* the flow's own are the first n_own */
    uint32_t        n_own;
    struct branch  *branches;
    const uint32_t *depends;
    uint32_t        n_missing; /* templates that were not there */
    struct slice   *missing;   /* their keys */
    uint32_t        id_mask;
    const uint32_t *by_id; /* hash table of flow_tree_find: index + 1; 0: free */
    struct arena   *arena; /* owns the above */
};

/* Gives the JSON of a template; false: it is not there. key: as the layout's kind template keys it.
 */
typedef bool (*template_source)(void *ctx, struct slice key, struct slice *out);

/* The keys of the templates that the JSON of a revision, or of a template, names, each once, in a.
 * ERR_DATA as flow_tree_build. */
MUST_CHECK bool flow_tree_templates(const struct layout *l, struct slice json, struct arena *a,
                                    size_t *n, struct slice **keys, struct err *err);

/* ERR_DATA when the JSON is no flow: unreadable, a task without id or type, a Dag's task that
 * depends on none of its tasks, too many tasks, too deep (as is a cycle of templates). source NULL:
 * no template is there. Nothing in *out is borrowed from json. */
MUST_CHECK bool flow_tree_build(const struct layout *l, struct slice json, template_source source,
                                void *ctx, struct flow_tree **out, struct err *err);
void            flow_tree_free(struct flow_tree *t); /* NULL is allowed */

/* The task of that id: the first in the order tasks, errors, (finally,) listeners, depth first, as
 * Kestra's findTaskByTaskId; TASK_NONE. ID_items is found by its older names ID_item and
 * ID_executable too. */
uint32_t flow_tree_find(const struct flow_tree *t, struct slice id);

/* A branch of a task (TASK_NONE: of the flow); NULL: it has none. */
const struct branch *flow_tree_branch(const struct flow_tree *t, uint32_t task,
                                      enum branch_kind kind);

static inline bool task_is_flowable(enum task_type type)
{
    return type != TASK_LEAF && type != TASK_SUBFLOW && type != TASK_FOR_EACH_ITEM;
}

#endif
