/*
 * model_case.h - one line of tests/data/model-cases.ndjson.gz: an execution and what a model of the
 * Kestra 0.6 executor makes of it. tests/support/model_cases.py writes the file and says what each
 * member means.
 */
#ifndef REQUEUE_MODEL_CASE_H
#define REQUEUE_MODEL_CASE_H

#include "lib/base/json.h"
#include "lib/kestra/verdict.h"

struct model_resumed {
    enum state final;
    int64_t    dropped;
};

struct model_case {
    struct slice         line, flow, execution; /* JSON, borrowed from the line */
    struct slice         made;                  /* "life", or the changes: "leaf+call" */
    size_t               n_children;
    struct child        *children;
    bool                 registered;
    enum state           final;
    size_t               n_runs, n_dispatched, n_created;
    struct slice        *runs;       /* "task:STATE" at the end */
    struct slice        *dispatched; /* task ids; a task that ran twice stands twice */
    struct slice        *created;    /* task ids */
    int64_t              dropped, flowtrig, waits, timers;
    bool                 looped;       /* the model never came to rest */
    bool                 task_failure; /* "Can't find task" */
    bool                 call_failure; /* "Unable to find subflow" */
    bool                 has_resumed;  /* a PAUSED execution that a person can resume */
    struct model_resumed alone;        /* without having been sent */
    struct model_resumed sent;
};

/* line: borrowed by out; everything else is in a. ERR_DATA: no such line. */
MUST_CHECK bool model_case_read(struct slice line, struct arena *a, struct model_case *out,
                                struct err *err);

/* The states that no executor of 0.6 leaves by itself, PAUSED not among them. */
bool state_has_ended(enum state state);

#endif
