/*
 * executions_codes.c - the table of all codes, for help and for the runbook.
 */
#include "cli/executions.h"

#include "lib/base/json.h"

#define R(name) REMEDY_BIT(REMEDY_##name)

/* What brings an execution with that code back, or what a person can do; 0: nothing is to be done.
 * kestra/restartability.md 6.1. */
static const unsigned remedies_of[CODE_COUNT] = {
    [CODE_FLOW_REVISION_MISSING] = R(SUPPLY_FLOW),
    [CODE_FLOW_UNREADABLE] = R(SUPPLY_FLOW),
    [CODE_EXECUTION_INVALID] = R(START_AGAIN),
    [CODE_POISON_NUMBER] = R(START_AGAIN),
    [CODE_STATE_UNSUPPORTED] = R(START_AGAIN),
    [CODE_RECORD_TOO_LARGE] = R(RAISE_LIMITS),
    [CODE_EXECUTION_LOST] = R(START_AGAIN),
    [CODE_TASKRUN_LOST] = R(RERUN_LOST) | R(FAIL_LOST),
    [CODE_WORKER_GROUP_LOST] = R(RERUN_LOST) | R(FAIL_LOST),
    [CODE_TASKRUN_NOT_JOINED] = R(R_WRAP),
    [CODE_FLOWABLE_NOT_JOINED] = R(R_WRAP),
    [CODE_FLOWABLE_UNDECIDABLE] = R(R_WRAP),
    [CODE_SUBFLOW_DUPLICATE] = R(LINK_SUBFLOW) | R(FINISH_SUBFLOW),
    [CODE_SUBFLOW_LINK_LOST] = R(LINK_SUBFLOW) | R(FINISH_SUBFLOW),
    [CODE_SUBFLOW_NOT_JOINED] = R(R_WRAP),
    [CODE_SUBFLOW_CYCLE] = R(START_AGAIN),
    [CODE_PAUSE_DELAY_LOST] = R(REARM_PAUSE) | R(RESUME_BY_HAND),
    [CODE_PAUSE_MANUAL] = R(RESUME_BY_HAND),
    [CODE_PAUSE_SIBLING_OPEN] = R(RERUN_LOST),
    [CODE_KILLING_STUCK] = R(KILL_OPEN),
    [CODE_RETRY_DELAY_LOST] = R(RERUN_LOST),
    [CODE_QUEUED_LOST] = R(UNQUEUE),
    [CODE_LISTENER_STUCK] = R(LISTENER_DROP),
    [CODE_TASK_NOT_IN_REVISION] = R(START_AGAIN),
    [CODE_TEMPLATE_MISSING] = R(SUPPLY_TEMPLATE),
    [CODE_SUBFLOW_TARGET_MISSING] = R(SUPPLY_FLOW),
    [CODE_EXECUTION_OLD] = R(MAX_AGE),
};

/* A bar would end a cell. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        buf_add(out, "%s%c", *text == '|' ? "\\" : "", *text);
}

static void add_remedies(struct buf *out, unsigned remedies)
{
    const char *before = "";

    for (int r = 0; r < REMEDY_COUNT; r++)
        if (remedies & REMEDY_BIT(r)) {
            buf_add(out, "%s`%s`: ", before, remedy_name((enum remedy)r));
            add_cell(out, remedy_how((enum remedy)r));
            before = "; ";
        }
}

void executions_codes_text(struct buf *out)
{
    buf_add(out, "| code | alone it is | what it means | what to do |\n"
                 "| --- | --- | --- | --- |\n");
    for (int v = VERDICT_COUNT - 1; v >= 0; v--)
        for (int c = 0; c < CODE_COUNT; c++) {
            if ((int)code_verdict((enum code)c) != v)
                continue;
            buf_add(out, "| `%s` | %s | ", code_name((enum code)c),
                    verdict_name(code_verdict((enum code)c)));
            add_cell(out, code_text((enum code)c));
            buf_add(out, " | ");
            add_remedies(out, remedies_of[c]);
            buf_add(out, " |\n");
        }
}

void executions_codes_json(struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out, false);
    json_open(&w, '{');
    for (int c = 0; c < CODE_COUNT; c++) {
        json_key(&w, code_name((enum code)c));
        json_open(&w, '{');
        json_key(&w, "verdict");
        json_put_str(&w, verdict_name(code_verdict((enum code)c)));
        json_key(&w, "text");
        json_put_str(&w, code_text((enum code)c));
        json_close(&w, '}');
    }
    json_close(&w, '}');
}
