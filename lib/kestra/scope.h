/*
 * scope.h - what a run is about: which entities, in which shape.
 *
 * Shared by plan, rebuild and verify: what shapes the expectation shapes the sending (design part
 * 8). Filled once from options, then only read. Strings are borrowed.
 */
#ifndef REQUEUE_SCOPE_H
#define REQUEUE_SCOPE_H

#include "lib/kestra/project.h"
#include "lib/kestra/recover.h"

struct scope {
    unsigned    kinds;            /* set of KIND_BIT() */
    const char *tenant;           /* NULL: all; "": only documents without one */
    const char *namespace;        /* NULL: all; N selects N and N.* */
    const char            *since; /* executions by start; RFC 3339 UTC with ms, NULL: open */
    const char            *until; /* exclusive */
    struct project_options project;

    /* What shapes the judgement of executions, and by it what is sent (lib/kestra/judge.h). */
    struct recover_options recover;
    int64_t                max_age_s; /* 0: no limit */
    bool                   has_now;   /* else the newest time of the store */
    struct instant         now;
    bool                   with_logs; /* logs are asked what documents do not know */
};

static inline bool scope_has(const struct scope *s, enum kind kind)
{
    return (s->kinds & KIND_BIT(kind)) != 0;
}

/* Nothing but kinds was selected: the topics should hold exactly this and nothing else. A partial
 * scope (one tenant, one namespace, a time range) leaves other keys of the topics out of the
 * comparison. */
static inline bool scope_is_partial(const struct scope *s)
{
    return s->tenant || s->namespace || s->since || s->until;
}

#endif
