/*
 * execution_members.c - which member of an execution goes where: tables only.
 */
#include "lib/kestra/execution_impl.h"

#define NAME(text) .name = { (text), sizeof(text) - 1 }
#define TEXT(text, struct_, member_)                                                               \
    {                                                                                              \
        NAME(text), MEMBER_TEXT, offsetof(struct struct_, member_), 0                              \
    }
#define BOOL(text, struct_, member_)                                                               \
    {                                                                                              \
        NAME(text), MEMBER_BOOL, offsetof(struct struct_, member_), 0                              \
    }
#define OPENS(text, kind_, place_)                                                                 \
    {                                                                                              \
        NAME(text), kind_, 0, place_                                                               \
    }
#define STATE(struct_, member_)                                                                    \
    {                                                                                              \
        NAME("state"), MEMBER_OBJECT, offsetof(struct struct_, member_), PLACE_STATE               \
    }
#define PLAIN(text, kind_)                                                                         \
    {                                                                                              \
        NAME(text), kind_, 0, 0                                                                    \
    }

static const struct member of_doc[] = {
    TEXT("id", execution, id),
    TEXT("tenantId", execution, tenant),
    TEXT("namespace", execution, namespace),
    TEXT("flowId", execution, flow_id),
    PLAIN("flowRevision", MEMBER_REVISION),
    OPENS("taskRunList", MEMBER_LIST, PLACE_RUNS),
    STATE(execution, state),
    OPENS("trigger", MEMBER_OBJECT, PLACE_TRIGGER),
    TEXT("scheduleDate", execution, schedule_date),
    BOOL("deleted", execution, deleted),
};
static const struct member of_state[] = {
    PLAIN("current", MEMBER_CURRENT),
    OPENS("histories", MEMBER_LIST, PLACE_HISTORIES),
};
static const struct member of_history[] = {
    PLAIN("state", MEMBER_WHEN),
    TEXT("date", history, date),
};
static const struct member of_run[] = {
    TEXT("id", task_run, id),
    TEXT("taskId", task_run, task_id),
    TEXT("parentTaskRunId", task_run, parent_id),
    TEXT("value", task_run, value),
    STATE(task_run, state),
    OPENS("attempts", MEMBER_LIST, PLACE_ATTEMPTS),
    OPENS("outputs", MEMBER_OBJECT, PLACE_OUTPUTS),
    BOOL("dynamic", task_run, dynamic),
};
static const struct member of_attempt[] = { STATE(task_run, last_attempt) };
static const struct member of_outputs[] = {
    TEXT("value", task_run, outputs_value),
    TEXT("executionId", task_run, outputs_execution),
};
static const struct member of_trigger[] = {
    TEXT("id", execution, trigger_id),
    TEXT("type", execution, trigger_type),
    OPENS("variables", MEMBER_OBJECT, PLACE_VARIABLES),
};
static const struct member of_variables[] = {
    TEXT("executionId", execution, parent_execution),
    TEXT("date", execution, trigger_date),
};

const struct place execution_places[PLACE_COUNT] = {
    [PLACE_DOC] = { of_doc, COUNT_OF(of_doc), 0 },
    [PLACE_STATE] = { of_state, COUNT_OF(of_state), 0 },
    [PLACE_HISTORIES] = { NULL, 0, PLACE_HISTORY },
    [PLACE_HISTORY] = { of_history, COUNT_OF(of_history), 0 },
    [PLACE_RUNS] = { NULL, 0, PLACE_RUN },
    [PLACE_RUN] = { of_run, COUNT_OF(of_run), 0 },
    [PLACE_ATTEMPTS] = { NULL, 0, PLACE_ATTEMPT },
    [PLACE_ATTEMPT] = { of_attempt, COUNT_OF(of_attempt), 0 },
    [PLACE_OUTPUTS] = { of_outputs, COUNT_OF(of_outputs), 0 },
    [PLACE_TRIGGER] = { of_trigger, COUNT_OF(of_trigger), 0 },
    [PLACE_VARIABLES] = { of_variables, COUNT_OF(of_variables), 0 },
};

const struct member *execution_member(unsigned place, struct slice name)
{
    const struct member *members = execution_places[place].members;

    for (size_t i = 0; i < execution_places[place].n; i++)
        if (name.n == members[i].name.n && name.n > 0 && name.p[0] == members[i].name.p[0] &&
            memcmp(name.p, members[i].name.p, name.n) == 0)
            return &members[i];
    return NULL;
}
