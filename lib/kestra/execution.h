/*
 * execution.h - an execution as the executor sees it: state, task runs, trigger; and where each of
 * them stands in the document, so that a repair can be spliced in.
 *
 * Reading never fails for what is missing: that is a flag, and a verdict makes something of it
 * (kestra/restartability.md 1.7). It fails only for what is no JSON object. Pure; everything lives
 * in the caller's arena or is borrowed from the document.
 */
#ifndef REQUEUE_EXECUTION_H
#define REQUEUE_EXECUTION_H

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"

/* kestra/data-model.md 5.5. */
enum state {
    STATE_ABSENT,  /* no member `state`, no `current`, or not a text */
    STATE_UNKNOWN, /* a name that no Kestra has */
    STATE_CREATED,
    STATE_RUNNING,
    STATE_PAUSED,
    STATE_RESTARTED,
    STATE_KILLING,
    STATE_SUCCESS,
    STATE_WARNING,
    STATE_FAILED,
    STATE_KILLED,
    STATE_CANCELLED,
    STATE_QUEUED,
    STATE_RETRYING,
    STATE_RETRIED,
    STATE_SKIPPED,
    STATE_COUNT,
};

const char *state_name(enum state state); /* "RUNNING"; "absent", "unknown" */
enum state  state_parse(struct slice name);

struct history {
    enum state   state;
    struct slice date; /* text, unescaped; n 0: none */
};

/* A state object of an execution, a task run or an attempt. */
struct run_state {
    enum state            current;
    struct slice          name;          /* as it is spelled, unescaped; p NULL: absent */
    struct slice          raw;           /* the state object's bytes; p NULL: absent */
    struct slice          current_raw;   /* the bytes of the value of `current`, with quotes */
    struct slice          histories_raw; /* the list's bytes; p NULL: absent */
    bool                  has_histories; /* `histories` is a list (an empty one too) */
    size_t                n_histories;
    const struct history *histories;
};

#define RUN_NONE SIZE_MAX

struct task_run {
    struct slice     id; /* p NULL: absent */
    struct slice     task_id;
    struct slice     parent_id; /* p NULL: at the top level of the flow */
    struct slice     value;     /* of an Each: which item; p NULL: none */
    struct run_state state;
    size_t           n_attempts;
    struct slice     attempts_raw;      /* the list's bytes; p NULL: absent */
    struct run_state last_attempt;      /* all absent: none */
    struct slice     outputs_raw;       /* p NULL: absent */
    struct slice     outputs_value;     /* outputs.value, unescaped (Switch); p NULL: none */
    struct slice     outputs_execution; /* outputs.executionId (subflow); p NULL: none */
    struct slice     raw;               /* the whole object */
    bool             dynamic;           /* from 0.20: not of the flow */
    /* Index of the (first) run whose id is parent_id; RUN_NONE: no such run. Climbing always ends:
     * one link of a circle is cut, and that run is a broken one. */
    size_t parent;
};

struct execution {
    struct slice     raw;                            /* the document */
    struct slice     id, tenant, namespace, flow_id; /* unescaped; p NULL: absent, null, no text */
    bool             has_revision;
    int64_t          revision;
    struct run_state state;
    bool             deleted;
    bool             has_runs; /* taskRunList is a list */
    struct slice     runs_raw; /* its bytes; p NULL: absent */
    size_t           n_runs;
    struct task_run *runs;          /* in the order of the document */
    size_t           duplicate_run; /* a run whose id an earlier one has; RUN_NONE */
    size_t           broken_run; /* the first that is no object, has no id or is its own ancestor */
    struct slice     trigger_type, trigger_id;
    struct slice     parent_execution; /* trigger.variables.executionId: of a subflow */
    struct slice     trigger_date;     /* trigger.variables.date */
    struct slice     schedule_date;    /* from 0.19; p NULL: none */
    bool             has_newest;
    struct instant   newest; /* the latest history date of the execution and its task runs */
    struct slice     newest_text;
    bool             big_integer; /* an integer literal outside Java's long (seen A.3) */
    bool             storage_uri; /* some string begins with kestra:// (F10) */
};

#define EXECUTION_MAX_RUNS 1000000

/* Texts that cannot be unescaped (U+0000, half a surrogate pair) are given as they are spelled.
 * ERR_DATA: no JSON object, nested deeper than JSON_MAX_DEPTH, or more than EXECUTION_MAX_RUNS task
 * runs. */
MUST_CHECK bool execution_read(struct slice doc, struct arena *a, struct execution *out,
                               struct err *err);

/* The same for a document whose giver guarantees valid JSON (PostgreSQL's jsonb, struct
 * document.trusted): nothing is proven, which takes a third of the time. Of any other bytes,
 * anything may come out, safely: also something that is no part of a valid document. */
MUST_CHECK bool execution_read_trusted(struct slice doc, struct arena *a, struct execution *out,
                                       struct err *err);

#endif
