/*
 * scope.h - what a run is about: which entities, in which shape.
 *
 * Shared by plan, rebuild and verify: what shapes the expectation shapes the sending (design part
 * 8). Filled once from options, then only read. Strings are borrowed.
 */
#ifndef REQUEUE_SCOPE_H
#define REQUEUE_SCOPE_H

#include "lib/kestra/project.h"

struct scope {
    unsigned    kinds;             /* set of KIND_BIT() */
    const char *tenant;            /* NULL: all; "": only documents without one */
    const char *namespace;         /* NULL: all; N selects N and N.* */
    const char            *since;  /* executions by start; RFC 3339 UTC with ms, NULL: open */
    const char            *until;  /* exclusive */
    struct strings         states; /* executions in one of these; n 0: in any */
    struct strings         ids;    /* executions with one of these; n 0: all */
    struct project_options project;

    bool with_logs; /* logs are asked what documents do not know */
};

static inline bool scope_has(const struct scope *s, enum kind kind)
{
    return (s->kinds & KIND_BIT(kind)) != 0;
}

/* Set the kinds that follow from others: links are sent when executions are recovered in every way.
 */
static inline void scope_derive(struct scope *s)
{
    s->kinds &= ~KIND_BIT(KIND_SUBFLOW_LINK);
    if (scope_has(s, KIND_EXECUTION) && s->project.executions != EXECUTIONS_NONE &&
        s->project.recover.mode == RECOVER_ALL)
        s->kinds |= KIND_BIT(KIND_SUBFLOW_LINK);
}

/* Must executions be judged: because they are sent, or because a trigger's lock may wait for one
 * that is not? */
static inline bool scope_judges(const struct scope *s)
{
    return scope_has(s, KIND_EXECUTION)
               ? s->project.executions != EXECUTIONS_NONE
               : scope_has(s, KIND_TRIGGER) && s->project.unlock == UNLOCK_DEAD &&
                     s->project.executions != EXECUTIONS_NONE;
}

/* A namespace selects itself and what is below it. */
static inline bool scope_is_within(struct slice of, const char *namespace)
{
    size_t n = strlen(namespace);

    return of.n >= n && memcmp(of.p, namespace, n) == 0 && (of.n == n || of.p[n] == '.');
}

/* Is a flow of this tenant (p NULL: none) and namespace selected by these two of a scope? */
static inline bool scope_selects(const char *tenant, const char *namespace, struct slice of_tenant,
                                 struct slice of_namespace)
{
    if (tenant && !slice_eq(of_tenant.p ? of_tenant : SLICE(""), slice_str(tenant)))
        return false;
    return !namespace || namespace[0] == '\0' || scope_is_within(of_namespace, namespace);
}

/* Nothing but kinds was selected: the topics should hold exactly this and nothing else. A partial
 * scope (one tenant, one namespace, a time range, states, ids) leaves other keys of the topics out
 * of the comparison. */
static inline bool scope_is_partial(const struct scope *s)
{
    return s->tenant || s->namespace || s->since || s->until || s->states.n > 0 || s->ids.n > 0;
}

#endif
