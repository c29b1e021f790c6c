/*
 * execution_options.c - see execution_options.h.
 */
#include "cli/execution_options.h"

#include "lib/kestra/verdict.h"

static bool is(const char *word, const char *is_this)
{
    return word && strcmp(word, is_this) == 0;
}

/* "safe" or "all" was said. */
static bool recovers(const struct config *c)
{
    return c->recover && !is(c->recover, "none");
}

bool execution_options_check(const struct config *c, struct err *err)
{
    if (c->command == COMMAND_EXECUTIONS && is(c->executions, "none")) {
        (void)err_set(err, ERR_USAGE, "--executions none leaves nothing to judge");
        return err_hint(err, "leave it out: requeue executions sends nothing");
    }
    if (recovers(c) && is(c->executions, "none"))
        return err_set(err, ERR_USAGE,
                       "--recover %s rewrites executions, but --executions none sends none",
                       c->recover);
    if (recovers(c) && c->audit)
        return err_set(err, ERR_USAGE,
                       "--audit expects executions as the store has them, not "
                       "--recover %s",
                       c->recover);
    if (c->lost_tasks_given && !is(c->recover, "all"))
        return err_set(err, ERR_USAGE, "--lost-tasks %s belongs to --recover all", c->lost_tasks);
    return true;
}

static enum executions_mode executions_mode_of(const char *word)
{
    if (is(word, "resumable"))
        return EXECUTIONS_RESUMABLE;
    if (is(word, "pending"))
        return EXECUTIONS_PENDING;
    return is(word, "all") ? EXECUTIONS_ALL : EXECUTIONS_NONE;
}

static enum unlock_mode unlock_mode_of(const char *word)
{
    if (is(word, "dead"))
        return UNLOCK_DEAD;
    return is(word, "all") ? UNLOCK_ALL : UNLOCK_NONE;
}

static enum recover_mode recover_mode_of(const char *word)
{
    if (is(word, "safe"))
        return RECOVER_SAFE;
    return is(word, "all") ? RECOVER_ALL : RECOVER_NONE;
}

static bool add_verdict(const char *name, void *set)
{
    unsigned *verdicts = set;

    for (int v = 0; v < VERDICT_COUNT; v++)
        if (is(name, verdict_name((enum verdict)v))) {
            *verdicts |= 1u << v;
            return true;
        }
    return false;
}

static bool add_code(const char *name, void *set)
{
    uint64_t *codes = set;
    enum code code;

    if (!code_parse(name, &code))
        return false;
    *codes |= CODE_BIT(code);
    return true;
}

/* "a,b": each part is added to set; the first that is no name is told in *wrong. */
static bool add_names(const char *list, bool (*add)(const char *name, void *set), void *set,
                      char wrong[64])
{
    bool more = true;

    while (more) {
        size_t n = strcspn(list, ",");

        (void)snprintf(wrong, 64, "%.*s", n > 63 ? 63 : (int)n, list);
        if (!add(wrong, set))
            return false;
        more = list[n] == ',';
        list += n + 1;
    }
    return true;
}

static bool derive_filters(struct config *c, struct err *err)
{
    char wrong[64];

    c->list_verdicts = 0;
    c->list_codes = 0;
    if (c->verdicts && !add_names(c->verdicts, add_verdict, &c->list_verdicts, wrong)) {
        (void)err_set(err, ERR_USAGE, "option --verdict: '%s' is no verdict", wrong);
        return err_hint(err, "there are %s, %s, %s and %s", verdict_name(VERDICT_RESUMES),
                        verdict_name(VERDICT_UNDECIDED), verdict_name(VERDICT_NEEDS_ACTION),
                        verdict_name(VERDICT_BLOCKED));
    }
    if (c->codes && !add_names(c->codes, add_code, &c->list_codes, wrong)) {
        (void)err_set(err, ERR_USAGE, "option --code: '%s' is no code", wrong);
        return err_hint(err, "requeue help codes lists them");
    }
    return true;
}

bool execution_options_derive(struct config *c, struct err *err)
{
    struct scope *s = &c->scope;

    s->project.executions = executions_mode_of(c->executions);
    s->project.unlock = unlock_mode_of(c->unlock);
    s->project.recover.mode = recover_mode_of(c->recover);
    s->project.recover.lost = is(c->lost_tasks, "fail") ? LOST_FAIL : LOST_RERUN;
    /* A limit is a limit, however short. */
    s->project.max_age_s = (int64_t)(c->max_age / 1000 + (c->max_age % 1000 > 0 ? 1 : 0));
    s->with_logs = c->with_logs;
    s->project.has_now = c->now != NULL;
    c->has_lost_at = c->lost_at != NULL;
    c->fail_on_blocked = is(c->fail_on, "blocked");
    if (c->now && !options_time("now", c->now, &s->project.now, err))
        return false;
    if (c->lost_at && !options_time("lost-at", c->lost_at, &c->lost_instant, err))
        return false;
    return derive_filters(c, err);
}
