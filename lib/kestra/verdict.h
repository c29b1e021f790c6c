/*
 * verdict.h - what becomes of an execution that is re-emitted to a fresh topic, and why.
 *
 * A pure function: execution + tree of its exact flow revision + facts -> verdict, codes, rows,
 * task runs, remedies. It follows kestra/restartability.md part 2 (rows) and 6.1 (codes), corrected
 * by kestra/seen-on-real-kestra.md B. verdict_rules.c holds the rows in one table; step.c simulates
 * one pass of the executor. Thread-safety: none needed, no state.
 */
#ifndef REQUEUE_VERDICT_H
#define REQUEUE_VERDICT_H

#include "lib/kestra/execution.h"
#include "lib/kestra/flow_tree.h"

/* From good to bad: the worst code decides (design part 9). */
enum verdict {
    VERDICT_RESUMES,      /* emitted as it is, it goes on to its end */
    VERDICT_UNDECIDED,    /* the outcome rests on an expression */
    VERDICT_NEEDS_ACTION, /* it waits, or must not start by itself: a person decides */
    VERDICT_BLOCKED,      /* it hangs, fails, repeats work, or harms others */
    VERDICT_COUNT,
};
const char *verdict_name(enum verdict v); /* "resumes", "undecided", "needs-action", "blocked" */

/* restartability 6.1, those of executions. The names in reports are the same in kebab-case. */
enum code {
    CODE_RESUMES,
    CODE_FLOW_REVISION_MISSING,
    CODE_FLOW_UNREADABLE,
    CODE_EXECUTION_INVALID,
    CODE_POISON_NUMBER,
    CODE_STATE_UNSUPPORTED,
    CODE_RECORD_TOO_LARGE,
    CODE_EXECUTION_LOST,
    CODE_TASKRUN_LOST,
    CODE_WORKER_GROUP_LOST,
    CODE_TASKRUN_NOT_JOINED,
    CODE_FLOWABLE_NOT_JOINED,
    CODE_FLOWABLE_UNDECIDABLE,
    CODE_SUBFLOW_DUPLICATE,
    CODE_SUBFLOW_LINK_LOST,
    CODE_SUBFLOW_NOT_JOINED,
    CODE_SUBFLOW_CYCLE, /* ours: executions that wait for each other */
    CODE_PAUSE_DELAY_LOST,
    CODE_PAUSE_MANUAL,
    CODE_PAUSE_SIBLING_OPEN,
    CODE_KILLING_STUCK,
    CODE_RETRY_DELAY_LOST,
    CODE_QUEUED_LOST,
    CODE_LISTENER_STUCK,
    CODE_LISTENER_PENDING,
    CODE_TASK_NOT_IN_REVISION,
    CODE_TEMPLATE_MISSING,
    CODE_SUBFLOW_TARGET_MISSING,
    CODE_STORAGE_UNCHECKED,
    CODE_SOURCE_STALE,
    CODE_TASK_MAY_RERUN,
    CODE_EXECUTION_OLD,
    CODE_FLOW_TRIGGER_REFIRE,
    CODE_TERMINAL_NOT_EMITTED,
    CODE_DELETED_NOT_EMITTED,
    CODE_FLOW_DISABLED,
    CODE_FLOW_DELETED,
    CODE_CONCURRENCY_SLOT_HELD,
    CODE_SLA_LOST,
    CODE_COUNT, /* at most 64 */
};
#define CODE_BIT(code) (UINT64_C(1) << (code))

const char  *code_name(enum code code);
const char  *code_text(enum code code);    /* one sentence: what it means */
enum verdict code_verdict(enum code code); /* what it alone makes of an execution */
bool         code_parse(const char *name, enum code *out);

/* Remedies (restartability 2.6; corrected in seen B.3). */
enum remedy {
    REMEDY_R_WRAP,
    REMEDY_RERUN_LOST,
    REMEDY_FAIL_LOST,
    REMEDY_LINK_SUBFLOW,
    REMEDY_FINISH_SUBFLOW,
    REMEDY_REARM_PAUSE,
    REMEDY_KILL_OPEN,
    REMEDY_LISTENER_DROP,
    REMEDY_SUPPLY_FLOW,
    REMEDY_SUPPLY_TEMPLATE,
    REMEDY_RESUME_BY_HAND, /* Kestra's API, after the rebuild */
    REMEDY_UNQUEUE,        /* Kestra's API */
    REMEDY_RAISE_LIMITS,   /* max.request.size, message.max.bytes */
    REMEDY_MAX_AGE,        /* --max-age */
    REMEDY_START_AGAIN,    /* by hand: nothing else helps */
    REMEDY_COUNT,
};
#define REMEDY_BIT(remedy) (1u << (remedy))
const char *remedy_name(enum remedy r); /* "r-wrap" */
const char *remedy_how(enum remedy r);  /* the option or API call that does it */

/* What a task run is in a finding. */
enum role {
    ROLE_LOST,     /* leaf RUNNING: nobody will ever answer */
    ROLE_WORKER,   /* Worker/WorkingDirectory RUNNING: its job is gone */
    ROLE_OPEN,     /* leaf CREATED or RESTARTED: dispatched at once */
    ROLE_RESULT,   /* flowable whose own result is pending */
    ROLE_CALL,     /* subflow task run that is open */
    ROLE_PAUSE,    /* Pause that is PAUSED, or waits to be */
    ROLE_RETRYING, /* its delay is lost */
    ROLE_STRANGER, /* open, and its task is not in the revision */
    ROLE_LISTENER, /* of a listener, open */
    ROLE_COUNT,
};
const char *role_name(enum role r);

struct run_note {
    size_t    run; /* index in execution.runs */
    enum role role;
    uint32_t  task; /* in the tree; TASK_NONE */
};

/* A child execution that names this one as its parent (trigger.variables.executionId). */
struct child {
    struct slice id;
    struct slice task_id; /* trigger.id: the parent's task */
    struct slice run_id;  /* the parent's task run, when links or logs tell it; p NULL: unknown */
    enum state   state;
    bool         ended;
    struct slice json; /* the child's document, for a link record; p NULL: not read */
    bool         trusted;
};

/* What the tables of a JDBC runner know of a task run beside its document
 * (kestra/restartability.md part 5); of a call, also links of a child that is lost. */
enum run_fact {
    RUN_TAKEN, /* a worker had begun it; it had started its child */
    RUN_ENDED, /* its end waits in the queue */
    RUN_DUE,   /* when its delay was to end */
};

struct run_known {
    bool         taken, ended;
    struct slice due; /* RFC 3339; p NULL: unknown */
};

enum revision_fact { REVISION_PRESENT, REVISION_MISSING, REVISION_UNREADABLE };

/* All that is not in the document. Borrowed. */
struct facts {
    enum revision_fact  revision;
    const char         *revision_detail; /* unreadable: why */
    bool                flow_deleted;    /* F02: the flow's highest revision is deleted */
    bool                flow_disabled;   /* F03 */
    size_t              n_children;
    const struct child *children;
    bool                children_known; /* children were looked for */
    bool                cycle;          /* it waits, over subflows, for itself */
    bool                stale;          /* D01: logs know more than the document */
    bool                exact;          /* the source cannot be stale (JDBC runner) */
    uint64_t            record_bytes;
    uint64_t            record_max; /* 0: no limit known */
    bool                has_newest;
    struct instant      newest;    /* --now, or the newest history date of all */
    int64_t             max_age_s; /* 0: no limit */
    /* F09: is there such a flow (its last revision neither deleted nor disabled)? NULL: unknown */
    bool (*flow_exists)(void *ctx, struct slice tenant, struct slice namespace, struct slice id);
    /* id: of a task run, or of an execution that is delayed as a whole. NULL, or answers NULL:
     * nothing is known. */
    const struct run_known *(*run_known)(void *ctx, struct slice id);
    void *ctx;
};

/* Rows of restartability 2.2-2.5 that concern an execution. A bit set: verdict_rules.h names them.
 */
struct row_set {
    uint64_t bits[2];
};

struct finding {
    enum verdict     verdict;
    uint64_t         codes;      /* CODE_BIT() */
    struct row_set   rows;       /* which rows of the decision table fitted */
    unsigned         remedies;   /* REMEDY_BIT(): what would bring it back */
    bool             registered; /* its first pass changes it (restartability 1.1) */
    bool             poison;     /* never to be emitted, by any option */
    bool             lost;       /* some task was lost */
    bool             taken;      /* one that waits by the document had been begun */
    size_t           n_notes;
    struct run_note *notes;       /* in the caller's arena, in the order of the runs */
    char             detail[160]; /* one line for people where codes are not enough; may be "" */
};

/* tree: NULL unless facts->revision is REVISION_PRESENT. */
void verdict_of(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
                const struct facts *facts, struct arena *a, struct finding *out);

#endif
