/* execution_state.c - the states of executions and task runs, and their names. */
#include "lib/kestra/execution.h"

static const struct slice state_names[STATE_COUNT] = {
    [STATE_ABSENT] = { "absent", 6 },   [STATE_UNKNOWN] = { "unknown", 7 },
    [STATE_CREATED] = { "CREATED", 7 }, [STATE_RUNNING] = { "RUNNING", 7 },
    [STATE_PAUSED] = { "PAUSED", 6 },   [STATE_RESTARTED] = { "RESTARTED", 9 },
    [STATE_KILLING] = { "KILLING", 7 }, [STATE_SUCCESS] = { "SUCCESS", 7 },
    [STATE_WARNING] = { "WARNING", 7 }, [STATE_FAILED] = { "FAILED", 6 },
    [STATE_KILLED] = { "KILLED", 6 },   [STATE_CANCELLED] = { "CANCELLED", 9 },
    [STATE_QUEUED] = { "QUEUED", 6 },   [STATE_RETRYING] = { "RETRYING", 8 },
    [STATE_RETRIED] = { "RETRIED", 7 }, [STATE_SKIPPED] = { "SKIPPED", 7 },
};

const char *state_name(enum state state)
{
    return state < STATE_COUNT ? state_names[state].p : state_names[STATE_UNKNOWN].p;
}

enum state state_parse(struct slice name)
{
    if (!name.p)
        return STATE_ABSENT;
    for (size_t i = STATE_CREATED; i < STATE_COUNT; i++)
        if (name.n == state_names[i].n && name.p[0] == state_names[i].p[0] &&
            slice_eq(name, state_names[i]))
            return (enum state)i;
    return STATE_UNKNOWN;
}
