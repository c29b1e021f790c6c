/* verdict_names.c - names, texts and weights of codes and remedies (verdict.h). */
#include "lib/kestra/verdict.h"

struct code_row {
    const char  *name;
    enum verdict verdict;
    const char  *text;
};

/* clang-format off */
static const struct code_row codes[CODE_COUNT] = {
    [CODE_RESUMES]                = { "resumes", VERDICT_RESUMES, "its first pass changes it, nothing was lost: it goes on" },
    [CODE_FLOW_REVISION_MISSING]  = { "flow-revision-missing", VERDICT_BLOCKED, "its flow revision is not in the store: emitted, it would stop the executor for all" },
    [CODE_FLOW_UNREADABLE]        = { "flow-unreadable", VERDICT_BLOCKED, "its flow revision cannot be read: emitted, it would stop the executor for all" },
    [CODE_EXECUTION_INVALID]      = { "execution-invalid", VERDICT_BLOCKED, "the document lacks what an executor cannot do without" },
    [CODE_POISON_NUMBER]          = { "poison-number", VERDICT_BLOCKED, "it holds an integer outside 64 bits, which ends a Kestra of this version" },
    [CODE_STATE_UNSUPPORTED]      = { "state-unsupported", VERDICT_BLOCKED, "a state in it is unknown to this version, which skips the record" },
    [CODE_RECORD_TOO_LARGE]       = { "record-too-large", VERDICT_BLOCKED, "it is larger than a record may be" },
    [CODE_EXECUTION_LOST]         = { "execution-lost", VERDICT_BLOCKED, "it existed only in Kafka" },
    [CODE_TASKRUN_LOST]           = { "taskrun-lost", VERDICT_BLOCKED, "a task was running on a worker, and nobody will ever answer for it" },
    [CODE_WORKER_GROUP_LOST]      = { "worker-group-lost", VERDICT_BLOCKED, "a Worker (WorkingDirectory) was running its tasks as one job, which is gone" },
    [CODE_TASKRUN_NOT_JOINED]     = { "taskrun-not-joined", VERDICT_BLOCKED, "a waiting task would run at once and its result be thrown away" },
    [CODE_FLOWABLE_NOT_JOINED]    = { "flowable-not-joined", VERDICT_BLOCKED, "the result of a flowable task is pending and would be thrown away" },
    [CODE_FLOWABLE_UNDECIDABLE]   = { "flowable-undecidable", VERDICT_UNDECIDED, "what comes next rests on an expression that only Kestra can render" },
    [CODE_SUBFLOW_DUPLICATE]      = { "subflow-duplicate", VERDICT_BLOCKED, "its subflow has been started, and would be started again" },
    [CODE_SUBFLOW_LINK_LOST]      = { "subflow-link-lost", VERDICT_BLOCKED, "it waits for a subflow that can no longer tell it its end" },
    [CODE_SUBFLOW_NOT_JOINED]     = { "subflow-not-joined", VERDICT_BLOCKED, "its subflow would start, and its answer be thrown away" },
    [CODE_SUBFLOW_CYCLE]          = { "subflow-cycle", VERDICT_BLOCKED, "it waits, over subflows, for itself" },
    [CODE_PAUSE_DELAY_LOST]       = { "pause-delay-lost", VERDICT_NEEDS_ACTION, "it is paused, and the timer that ends its pause is gone" },
    [CODE_PAUSE_MANUAL]           = { "pause-manual", VERDICT_NEEDS_ACTION, "it waits for a person to resume it; that works without being emitted" },
    [CODE_PAUSE_SIBLING_OPEN]     = { "pause-sibling-open", VERDICT_BLOCKED, "it is paused while other tasks of it were open: after a resume it would hang" },
    [CODE_KILLING_STUCK]          = { "killing-stuck", VERDICT_BLOCKED, "it was being killed with tasks open, and would stay so for ever" },
    [CODE_RETRY_DELAY_LOST]       = { "retry-delay-lost", VERDICT_BLOCKED, "it waits for a retry whose timer is gone" },
    [CODE_QUEUED_LOST]            = { "queued-lost", VERDICT_NEEDS_ACTION, "it waits in a queue that is gone" },
    [CODE_LISTENER_STUCK]         = { "listener-stuck", VERDICT_BLOCKED, "it has ended, but a listener of it is open and would never end" },
    [CODE_LISTENER_PENDING]       = { "listener-pending", VERDICT_RESUMES, "it has ended, and its listeners are still to start" },
    [CODE_TASK_NOT_IN_REVISION]   = { "task-not-in-revision", VERDICT_BLOCKED, "an open task is not in its flow revision: it would fail" },
    [CODE_TEMPLATE_MISSING]       = { "template-missing", VERDICT_BLOCKED, "a template it still needs is not in the store: it would fail" },
    [CODE_SUBFLOW_TARGET_MISSING] = { "subflow-target-missing", VERDICT_RESUMES, "the flow that it calls is missing, deleted or disabled: the call fails" },
    [CODE_STORAGE_UNCHECKED]      = { "storage-unchecked", VERDICT_RESUMES, "it names files in Kestra's internal storage, which nobody looked for" },
    [CODE_SOURCE_STALE]           = { "source-stale", VERDICT_NEEDS_ACTION, "the store knows more of it than its document: tasks may run again" },
    [CODE_TASK_MAY_RERUN]         = { "task-may-rerun", VERDICT_RESUMES, "a waiting task is sent at once, and may have run after the store's last news" },
    [CODE_EXECUTION_OLD]          = { "execution-old", VERDICT_NEEDS_ACTION, "its last change is older than --max-age: it may be a relic" },
    [CODE_FLOW_TRIGGER_REFIRE]    = { "flow-trigger-refire", VERDICT_RESUMES, "its end may start flow triggers a second time" },
    [CODE_TERMINAL_NOT_EMITTED]   = { "terminal-not-emitted", VERDICT_NEEDS_ACTION, "it has ended: emitted, it would only start flow triggers again" },
    [CODE_DELETED_NOT_EMITTED]    = { "deleted-not-emitted", VERDICT_NEEDS_ACTION, "it is deleted" },
    [CODE_FLOW_DISABLED]          = { "flow-disabled", VERDICT_RESUMES, "its flow is disabled; executions that exist go on" },
    [CODE_FLOW_DELETED]           = { "flow-deleted", VERDICT_RESUMES, "its flow is deleted; its revision is there, so it goes on" },
    [CODE_CONCURRENCY_SLOT_HELD]  = { "concurrency-slot-held", VERDICT_RESUMES, "it holds a slot of its flow's concurrency limit while it hangs" },
    [CODE_SLA_LOST]               = { "sla-lost", VERDICT_RESUMES, "its SLA is no longer watched" },
};

static const struct { const char *name, *how; } remedies[REMEDY_COUNT] = {
    [REMEDY_R_WRAP]          = { "r-wrap", "--recover safe rewrites its state to RESTARTED" },
    [REMEDY_RERUN_LOST]      = { "rerun-lost", "--recover all --lost-tasks rerun runs lost tasks again" },
    [REMEDY_FAIL_LOST]       = { "fail-lost", "--recover all --lost-tasks fail sets lost tasks to FAILED" },
    [REMEDY_LINK_SUBFLOW]    = { "link-subflow", "--recover all links the subflow to its parent again" },
    [REMEDY_FINISH_SUBFLOW]  = { "finish-subflow", "--recover all gives the parent the end of its subflow" },
    [REMEDY_REARM_PAUSE]     = { "rearm-pause", "--recover all starts the pause again, with its whole delay" },
    [REMEDY_KILL_OPEN]       = { "kill-open", "--recover all completes the killing" },
    [REMEDY_LISTENER_DROP]   = { "listener-drop", "--recover all starts the listener again" },
    [REMEDY_SUPPLY_FLOW]     = { "supply-flow", "put the flow into the store, then rebuild" },
    [REMEDY_SUPPLY_TEMPLATE] = { "supply-template", "put the template into the store, then rebuild" },
    [REMEDY_RESUME_BY_HAND]  = { "resume-by-hand", "resume it in Kestra after the rebuild" },
    [REMEDY_UNQUEUE]         = { "unqueue", "unqueue or force-run it in Kestra after the rebuild" },
    [REMEDY_RAISE_LIMITS]    = { "raise-limits", "raise message.max.bytes and max.request.size, then rebuild" },
    [REMEDY_MAX_AGE]         = { "max-age", "raise --max-age if it is still wanted" },
    [REMEDY_START_AGAIN]     = { "start-again", "start a new execution by hand" },
};
/* clang-format on */

const char *verdict_name(enum verdict v)
{
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_RESUMES] = "resumes",
        [VERDICT_UNDECIDED] = "undecided",
        [VERDICT_NEEDS_ACTION] = "needs-action",
        [VERDICT_BLOCKED] = "blocked",
    };

    return names[v];
}

const char *code_name(enum code code)
{
    return codes[code].name;
}

const char *code_text(enum code code)
{
    return codes[code].text;
}

enum verdict code_verdict(enum code code)
{
    return codes[code].verdict;
}

bool code_parse(const char *name, enum code *out)
{
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        if (strcmp(codes[i].name, name) == 0) {
            *out = (enum code)i;
            return true;
        }
    }
    return false;
}

const char *remedy_name(enum remedy r)
{
    return remedies[r].name;
}

const char *remedy_how(enum remedy r)
{
    return remedies[r].how;
}

const char *role_name(enum role r)
{
    static const char *const names[ROLE_COUNT] = {
        [ROLE_LOST] = "lost",         [ROLE_WORKER] = "worker",     [ROLE_OPEN] = "open",
        [ROLE_RESULT] = "result",     [ROLE_CALL] = "call",         [ROLE_PAUSE] = "pause",
        [ROLE_RETRYING] = "retrying", [ROLE_STRANGER] = "stranger", [ROLE_LISTENER] = "listener",
    };

    return names[r];
}
