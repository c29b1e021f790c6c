/* verdict_rules.c - the decision table (verdict_rules.h). */
#include "lib/kestra/verdict_rules.h"

#define C(code) CODE_BIT(CODE_##code)

/* clang-format off */
const struct rule verdict_rules[ROW_COUNT] = {
    /* ---- 2.2 executions ---- */
    [ROW_E01] = { "E01", "CREATED, no task runs", 0, BANDS_ALL, BY_VERDICT, "resumes from the first task" },
    [ROW_E02] = { "E02", "CREATED with task runs", 0, BANDS_ALL, BY_VERDICT, "abnormal; judged like RUNNING with the same task runs", C(RESUMES) | C(TASKRUN_NOT_JOINED) },
    [ROW_E03] = { "E03", "RUNNING, no task runs", 0, BANDS_ALL, BY_VERDICT, "resumes from the first task" },
    [ROW_E04] = { "E04", "RUNNING, every task run of the current branch ended, the next task not created", 0, BANDS_ALL, BY_VERDICT, "resumes; a real Kestra 0.6 never leaves it so" },
    [ROW_E05] = { "E05", "all tasks done, the end not computed", C(FLOW_TRIGGER_REFIRE), BANDS_REFIRES, BY_VERDICT, "ends with the right state; flow triggers start twice" },
    [ROW_E06] = { "E06", "a task FAILED, the errors branch not started", 0, BANDS_ALL, BY_VERDICT, "resumes into the errors branch" },
    [ROW_E07] = { "E07", "leaf task run CREATED, nothing else to compute", C(TASKRUN_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs, and a worker runs the task for nothing" },
    [ROW_E08] = { "E08", "leaf CREATED, and another flowable has a next task", 0, BANDS_ALL, BY_VERDICT, "resumes; a Parallel itself computes no next task while a child of it is CREATED" },
    [ROW_E09] = { "E09", "leaf task run RUNNING", C(TASKRUN_LOST), BANDS_ALL, BY_VERDICT, "hangs: nothing sends it again" },
    [ROW_E10] = { "E10", "flowable CREATED", C(FLOWABLE_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs: its RUNNING result is dropped" },
    [ROW_E11] = { "E11", "flowable RUNNING without children, or its last child ended and another follows", 0, BANDS_ALL, BY_VERDICT, "resumes; not a Worker (E17)" },
    [ROW_E12] = { "E12", "flowable RUNNING, all its children ended", C(FLOWABLE_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs: its own result is dropped" },
    [ROW_E13] = { "E13", "Sequential, Switch, AllowFailure, Each: the current child CREATED", C(TASKRUN_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs as E07" },
    [ROW_E14] = { "E14", "Parallel, EachParallel without a limit: some children CREATED", C(TASKRUN_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs, and all CREATED children run for nothing" },
    [ROW_E15] = { "E15", "Parallel with `concurrent`: a child was lost", C(TASKRUN_LOST), BANDS_ALL, BY_VERDICT, "starts children while slots remain, then hangs" },
    [ROW_E16] = { "E16", "Worker CREATED", C(TASKRUN_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs; its whole sequence runs for nothing" },
    [ROW_E17] = { "E17", "Worker RUNNING, not all children ended", C(WORKER_GROUP_LOST), BANDS_ALL, BY_VERDICT, "hangs; when all children ended it is E12" },
    [ROW_E18] = { "E18", "subflow call CREATED, wait, and its child exists", C(SUBFLOW_DUPLICATE) | C(SUBFLOW_LINK_LOST), BANDS_CALL_CREATED, BY_VERDICT, "a second child starts; the parent hears of neither" },
    [ROW_E19] = { "E19", "subflow call CREATED, wait, no child", C(SUBFLOW_NOT_JOINED), BANDS_CALL_CREATED, BY_VERDICT, "the child starts, the parent hangs" },
    [ROW_E20] = { "E20", "subflow call CREATED, no wait", 0, BANDS_CALL_CREATED, BY_VERDICT, "a second child starts; or the child starts and the parent hangs", C(SUBFLOW_DUPLICATE) | C(SUBFLOW_NOT_JOINED) },
    [ROW_E21] = { "E21", "a waiting call's child is pending", C(SUBFLOW_LINK_LOST), BANDS_ALL, BY_VERDICT, "the child follows its own rows, the parent is never told" },
    [ROW_E22] = { "E22", "Pause CREATED, or RUNNING and not yet PAUSED", C(FLOWABLE_NOT_JOINED), BANDS_ALL, BY_VERDICT, "hangs" },
    [ROW_E23] = { "E23", "PAUSED, no delay, no open sibling", C(PAUSE_MANUAL), BANDS_ALL, BY_VERDICT, "waits; a resume by hand works and reads the store: not emitted" },
    [ROW_E24] = { "E24", "PAUSED, with a delay", C(PAUSE_DELAY_LOST), BANDS_ALL, BY_VERDICT, "never resumes by itself" },
    [ROW_E25] = { "E25", "PAUSED with a CREATED sibling", C(PAUSE_SIBLING_OPEN), BANDS_ALL, BY_VERDICT, "the sibling runs for nothing, and is not sent again at the resume" },
    [ROW_E26] = { "E26", "PAUSED with a RUNNING sibling", C(PAUSE_SIBLING_OPEN) | C(TASKRUN_LOST), BANDS_ALL, BY_VERDICT, "hangs after the resume" },
    [ROW_E27] = { "E27", "RESTARTED", 0, BANDS_ALL, BY_VERDICT, "registered at once: resumes unless a task was lost" },
    [ROW_E28] = { "E28", "KILLING, nothing open", C(FLOW_TRIGGER_REFIRE), BANDS_KILL_WAITS, BY_VERDICT, "becomes KILLED; flow triggers start once more" },
    [ROW_E29] = { "E29", "KILLING with an open task run or flowable", C(KILLING_STUCK), BANDS_KILL_WAITS, BY_VERDICT, "hangs in KILLING" },
    [ROW_E30] = { "E30", "task with `retry` RUNNING", C(TASKRUN_LOST), BANDS_ALL, BY_VERDICT, "as E09; its schedule of retries is gone too" },
    [ROW_E31] = { "E31", "task with `timeout` RUNNING", C(TASKRUN_LOST), BANDS_ALL, BY_VERDICT, "as E09 and told as it: only the worker's thread knew the timeout" },
    [ROW_E32] = { "E32", "ended task runs whose tasks are not in the flow (dynamic)", 0, BANDS_ALL, BY_VERDICT, "harmless" },
    [ROW_E33] = { "E33", "ended, listeners done or none", C(TERMINAL_NOT_EMITTED), BANDS_ALL, BY_VERDICT, "flow triggers would start again" },
    [ROW_E34] = { "E34", "ended, a listener not started", C(LISTENER_PENDING), BANDS_ALL, BY_VERDICT, "emitted: the listener runs; with conditions nobody knows whether", C(LISTENER_PENDING) | C(FLOWABLE_UNDECIDABLE) },
    [ROW_E35] = { "E35", "ended, a listener CREATED or RUNNING", C(LISTENER_STUCK), BANDS_ALL, BY_VERDICT, "never counts as ended with its listeners" },
    [ROW_E36] = { "E36", "ended, with CREATED leftovers of a Parallel", C(TERMINAL_NOT_EMITTED), BANDS_ALL, BY_VERDICT, "the leftovers would run again" },
    [ROW_E37] = { "E37", "FAILED though tasks remain and none of them failed", C(TERMINAL_NOT_EMITTED), BANDS_ALL, BY_VERDICT, "the remaining tasks would run, flow triggers fire at each step" },
    [ROW_E38] = { "E38", "ended, and a parent still waits for it", C(SUBFLOW_LINK_LOST), BANDS_ALL, BY_VERDICT, "told of the parent" },
    [ROW_E39] = { "E39", "deleted", C(DELETED_NOT_EMITTED), BANDS_ALL, BY_VERDICT, "an ended one that is deleted would start flow triggers again" },
    [ROW_E40] = { "E40", "a state name that the version does not know", C(STATE_UNSUPPORTED), BANDS_ALL, BY_VERDICT, "the executor skips the record" },
    [ROW_E41] = { "E41", "its end is computed, and a trigger had started it", 0, BANDS_ALL, BY_VERDICT, "Kestra unlocks the trigger: its lock is kept" },

    /* ---- 2.3 later versions ---- */
    [ROW_H01] = { "H01", "any open execution, JDBC runner", 0, BANDS_ALL, BY_NOBODY, "a JDBC runner resumes from its queues, not from a topic (seen A.2)" },
    [ROW_H02] = { "H02", "ended with its listeners, from 0.13", C(TERMINAL_NOT_EMITTED), BANDS_SKIPS_TERMINAL, BY_VERDICT, "the executor does not process it: no leftovers run" },
    [ROW_H03] = { "H03", "flow triggers, from 0.19", 0, BANDS_SILENT, BY_VERDICT, "an end computed in the first pass starts them once" },
    [ROW_H04] = { "H04", "subflow call RUNNING, from 0.12", C(SUBFLOW_LINK_LOST), BANDS_CALL_RUNS, BY_VERDICT, "waits for ever; a CREATED one starts its child and is registered" },
    [ROW_H05] = { "H05", "ForEachItem RUNNING", C(SUBFLOW_LINK_LOST), BANDS_CALL_RUNS, BY_VERDICT, "each child needs its link; one lost child is enough to wait for ever" },
    [ROW_H06] = { "H06", "PAUSED, from 0.8", 0, BANDS_PAUSED_WAITS, BY_VERDICT, "has not ended; waits, with a delay or timeout for ever", C(PAUSE_MANUAL) | C(PAUSE_DELAY_LOST) },
    [ROW_H07] = { "H07", "WaitFor, LoopUntil PAUSED", C(PAUSE_DELAY_LOST), BANDS_PAUSED_WAITS, BY_VERDICT, "waits until it is resumed by hand" },
    [ROW_H08] = { "H08", "RETRYING", C(RETRY_DELAY_LOST), BANDS_ALL, BY_VERDICT, "hangs" },
    [ROW_H09] = { "H09", "RETRIED", C(TERMINAL_NOT_EMITTED), BANDS_ALL, BY_VERDICT, "ended; whether its successor had been started is not in the document" },
    [ROW_H10] = { "H10", "QUEUED", C(QUEUED_LOST), BANDS_ALL, BY_VERDICT, "waits until it is unqueued" },
    [ROW_H11] = { "H11", "hangs or waits, and its flow has a concurrency limit", C(CONCURRENCY_SLOT_HELD), BANDS_ALL, BY_VERDICT, "holds a slot for ever" },
    [ROW_H12] = { "H12", "CREATED with a scheduleDate", 0, BANDS_ALL, BY_VERDICT, "its delay is registered again" },
    [ROW_H13] = { "H13", "RUNNING, and its flow has an SLA", C(SLA_LOST), BANDS_ALL, BY_VERDICT, "monitors are made only while it is CREATED" },
    [ROW_H14] = { "H14", "KILLING, from 0.14", 0, BANDS_KILL_AT_ONCE, BY_VERDICT, "becomes KILLED at the next pass" },
    [ROW_H15] = { "H15", "an expression that cannot be rendered", 0, BANDS_ALL, BY_NOBODY, "only Kestra renders expressions; up to 0.12 the execution fails, later the flowable" },
    [ROW_H16] = { "H16", "flow missing, JDBC runner", C(FLOW_REVISION_MISSING), BANDS_ALL, BY_VERDICT, "the process exits; told as F01" },
    [ROW_H17] = { "H17", "the closed Kafka executor, from 0.7.1", 0, BANDS_ALL, BY_NOBODY, "not visible; the rows of 0.6 are assumed" },

    /* ---- 2.4 dependencies ---- */
    [ROW_F01] = { "F01", "its exact flow revision is missing", C(FLOW_REVISION_MISSING), BANDS_ALL, BY_VERDICT, "one of these stops the executor for all, ended ones too: never emitted" },
    [ROW_F02] = { "F02", "flow deleted, the revision is there", C(FLOW_DELETED), BANDS_ALL, BY_VERDICT, "resumes: revisions of deleted flows are sent" },
    [ROW_F03] = { "F03", "flow disabled", C(FLOW_DISABLED), BANDS_ALL, BY_VERDICT, "what exists goes on" },
    [ROW_F04] = { "F04", "an open task run's task is not in the revision", C(TASK_NOT_IN_REVISION), BANDS_ALL, BY_VERDICT, "fails" },
    [ROW_F05] = { "F05", "flow not readable", C(FLOW_UNREADABLE), BANDS_ALL, BY_VERDICT, "as F01; plugins that the target lacks are not known to us" },
    [ROW_F06] = { "F06", "a template is missing that is still needed", C(TEMPLATE_MISSING), BANDS_ALL, BY_VERDICT, "fails when it gets there" },
    [ROW_F07] = { "F07", "template changed since", 0, BANDS_ALL, BY_NOBODY, "what it was is not kept; F04 when ids vanished" },
    [ROW_F08] = { "F08", "template deleted", C(TEMPLATE_MISSING), BANDS_ALL, BY_VERDICT, "as F06: a search store keeps nothing of it" },
    [ROW_F09] = { "F09", "subflow target missing or disabled", C(SUBFLOW_TARGET_MISSING), BANDS_ALL, BY_VERDICT, "the call fails; unknown when the target is an expression" },
    [ROW_F10] = { "F10", "kestra:// addresses in it", C(STORAGE_UNCHECKED), BANDS_ALL, BY_VERDICT, "a task that reads a lost file fails later" },
    [ROW_F11] = { "F11", "task states in internal storage", 0, BANDS_ALL, BY_NOBODY, "they are not in the store" },

    /* ---- 2.5 triggers, windows, staleness ---- */
    [ROW_T01] = { "T01", "trigger locked by an execution that is not there", 0, BANDS_ALL, BY_LOCKS, "unlocked" },
    [ROW_T02] = { "T02", "trigger locked by an execution that has ended", 0, BANDS_ALL, BY_LOCKS, "unlocked" },
    [ROW_T03] = { "T03", "trigger locked by an execution that resumes", 0, BANDS_ALL, BY_LOCKS, "the lock is kept" },
    [ROW_T04] = { "T04", "trigger locked by an execution that does not resume", 0, BANDS_ALL, BY_LOCKS, "unlocked" },
    [ROW_T05] = { "T05", "trigger locked by a PAUSED execution", 0, BANDS_ALL, BY_LOCKS, "unlocked, as Kestra does at the pause" },
    [ROW_T06] = { "T06", "trigger older than an execution that it started", 0, BANDS_ALL, BY_LOCKS, "told: the tick runs again; of pending executions only, ended ones are not read for it" },
    [ROW_T07] = { "T07", "ticks missed until now", 0, BANDS_ALL, BY_NOBODY, "they are made up for by rules of the version and the trigger" },
    [ROW_T08] = { "T08", "no trigger row for an enabled schedule", 0, BANDS_ALL, BY_STORE, "nothing is made up: what the store has is sent" },
    [ROW_T09] = { "T09", "trigger of a flow that was deleted and made again", 0, BANDS_ALL, BY_STORE, "flow-last is sent first" },
    [ROW_T10] = { "T10", "trigger of a flow that is gone", 0, BANDS_ALL, BY_STORE, "sent as it is; unused" },
    [ROW_T11] = { "T11", "trigger with evaluateRunningDate", 0, BANDS_ALL, BY_LOCKS, "unlocked; the lock of an execution that goes on stays" },
    [ROW_T12] = { "T12", "windows of multiple conditions", 0, BANDS_ALL, BY_NOBODY, "they were only in Kafka" },
    [ROW_T13] = { "T13", "a flow trigger was being evaluated", 0, BANDS_ALL, BY_NOBODY, "its evaluation was only in Kafka" },
    [ROW_T14] = { "T14", "a wrong revision in flow-last", 0, BANDS_ALL, BY_STORE, "flow-last is sent first, the highest revision of each flow" },
    [ROW_D01] = { "D01", "the store knows more than the document", C(SOURCE_STALE), BANDS_ALL, BY_VERDICT, "done tasks run again" },
    [ROW_D02] = { "D02", "execution only in Kafka", C(EXECUTION_LOST), BANDS_ALL, BY_STORE, "told where a link or, with --with-logs, a log line names it; else there is no trace of it" },
    [ROW_D03] = { "D03", "very old pending execution", C(EXECUTION_OLD), BANDS_ALL, BY_VERDICT, "it would come alive again" },
    [ROW_D04] = { "D04", "record larger than Kafka takes", C(RECORD_TOO_LARGE), BANDS_ALL, BY_VERDICT, "cannot be sent" },
    [ROW_D05] = { "D05", "killed just before the loss", 0, BANDS_ALL, BY_NOBODY, "the request was only in Kafka" },
};
/* clang-format on */

#undef C

const char *rule_by_name(enum rule_by by)
{
    static const char *const names[] = { "verdict", "locks", "store", "not decidable" };

    return names[by];
}

bool bands_have(enum rule_bands bands, const struct executor_layout *x)
{
    switch (bands) {
    case BANDS_ALL: return true;
    case BANDS_PAUSED_ENDS: return x->paused_ends;
    case BANDS_PAUSED_WAITS: return !x->paused_ends;
    case BANDS_CALL_CREATED: return !x->subflow_runs;
    case BANDS_CALL_RUNS: return x->subflow_runs;
    case BANDS_SKIPS_TERMINAL: return x->skips_terminal;
    case BANDS_KILL_WAITS: return !x->kills_at_once;
    case BANDS_KILL_AT_ONCE: return x->kills_at_once;
    case BANDS_REFIRES: return x->refires_terminal;
    case BANDS_SILENT: return !x->refires_terminal;
    }
    return false;
}

void rule_verdicts(const struct rule *r, enum verdict *best, enum verdict *worst)
{
    enum verdict least = VERDICT_COUNT; /* of either */

    *worst = VERDICT_RESUMES;
    for (unsigned c = 0; c < CODE_COUNT; c++)
        if ((r->codes & CODE_BIT(c)) && code_verdict((enum code)c) > *worst)
            *worst = code_verdict((enum code)c);
    *best = *worst;
    for (unsigned c = 0; c < CODE_COUNT; c++) {
        if (!(r->either & CODE_BIT(c)))
            continue;
        if (code_verdict((enum code)c) < least)
            least = code_verdict((enum code)c);
        if (code_verdict((enum code)c) > *worst)
            *worst = code_verdict((enum code)c);
    }
    if (r->either && least > *best)
        *best = least;
}
