/* trigger_lock.c - see trigger_lock.h. */
#include "lib/kestra/trigger_lock.h"

#define TEXT_MAX_BYTES 4096

static const struct {
    const char *name, *row;
    bool        dead;
} codes[LOCK_CODE_COUNT] = {
    [LOCK_NONE] = { "none", "", false },
    [LOCK_HELD] = { "trigger-locked-pending", "T03", false },
    [LOCK_MISSING] = { "trigger-locked-missing", "T01", true },
    [LOCK_TERMINAL] = { "trigger-locked-terminal", "T02", true },
    [LOCK_PAUSED] = { "trigger-locked-terminal", "T05", true },
    [LOCK_PENDING] = { "trigger-locked-pending", "T04", true },
    [LOCK_EVALUATING] = { "trigger-evaluating", "T11", true },
};

const char *lock_code_name(enum lock_code c)
{
    return codes[c].name;
}

const char *lock_code_row(enum lock_code c)
{
    return codes[c].row;
}

bool lock_code_is_dead(enum lock_code c)
{
    return codes[c].dead;
}

bool trigger_read(struct slice doc, bool trusted, struct arena *a, struct trigger *out,
                  struct err *err)
{
    static const struct json_path paths[] = {
        { "tenantId", NULL },  { "namespace", NULL },   { "flowId", NULL },
        { "triggerId", NULL }, { "executionId", NULL }, { "evaluateRunningDate", NULL },
        { "date", NULL },
    };
    struct slice *const texts[COUNT_OF(paths)] = {
        &out->tenant,    &out->namespace,  &out->flow, &out->id,
        &out->execution, &out->evaluating, &out->date,
    };
    struct json_value found[COUNT_OF(paths)];

    if (!json_find(doc, paths, COUNT_OF(paths), trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL, found,
                   err))
        return false;
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        *texts[i] = json_text_in(found[i], TEXT_MAX_BYTES, a);
    return true;
}

enum lock_code lock_code_of(const struct layout *l, const struct trigger *t, bool releases,
                            bool found, enum state state)
{
    if (!t->execution.p)
        return t->evaluating.p ? LOCK_EVALUATING : LOCK_NONE;
    if (releases)
        return t->evaluating.p ? LOCK_EVALUATING : LOCK_HELD;
    if (!found)
        return LOCK_MISSING;
    if (state == STATE_PAUSED)
        return LOCK_PAUSED;
    return layout_is_terminal(l, slice_str(state_name(state))) ? LOCK_TERMINAL : LOCK_PENDING;
}

bool trigger_is_behind(const struct trigger *t, struct slice newest)
{
    struct instant tick, date;

    return newest.p && t->date.p && instant_parse(newest, &tick) && instant_parse(t->date, &date) &&
           instant_compare(tick, date) > 0;
}
