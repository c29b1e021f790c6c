/*
 * trigger_lock.h - a trigger's lock, and whether anybody will ever release it.
 *
 * A schedule whose row names an execution does not fire until that one has ended under the eyes of
 * a running executor (kestra/restartability.md 1.3); rows T01 to T06, T11 of 2.5. Pure.
 */
#ifndef REQUEUE_TRIGGER_LOCK_H
#define REQUEUE_TRIGGER_LOCK_H

#include "lib/kestra/execution.h"
#include "lib/kestra/layout.h"

enum lock_code {
    LOCK_NONE,       /* no lock */
    LOCK_HELD,       /* T03: its execution goes on and releases it */
    LOCK_MISSING,    /* T01: the execution is not in the store */
    LOCK_TERMINAL,   /* T02: it has ended */
    LOCK_PAUSED,     /* T05: it waits for a person; in normal life the lock was released */
    LOCK_PENDING,    /* T04: it is pending and is not sent, or sent as KILLED */
    LOCK_EVALUATING, /* T11: evaluateRunningDate is set, nobody evaluates it any more */
    LOCK_CODE_COUNT,
};

/* "trigger-locked-missing", ...: restartability 6.1. */
const char *lock_code_name(enum lock_code c);
const char *lock_code_row(enum lock_code c); /* "T01" */
bool        lock_code_is_dead(enum lock_code c);

/* What a trigger's document says. Unescaped; p NULL: absent, null or no text. */
struct trigger {
    struct slice tenant, namespace, flow, id;
    struct slice execution;  /* executionId */
    struct slice evaluating; /* evaluateRunningDate */
    struct slice date;       /* of its last tick */
};

/* Texts live in a or are borrowed from doc. ERR_DATA: no JSON object. */
MUST_CHECK bool trigger_read(struct slice doc, bool trusted, struct arena *a, struct trigger *out,
                             struct err *err);

/* The lock's code. releases: judge_releases(). found: the store has it, in `state`. */
enum lock_code lock_code_of(const struct layout *l, const struct trigger *t, bool releases,
                            bool found, enum state state);

/* T06 is no lock; its code and its row. */
#define LOCK_BEHIND_NAME "trigger-date-stale"
#define LOCK_BEHIND_ROW  "T06"

/* T06: has an execution of a later tick than the trigger's date? newest: its tick, p NULL: none */
bool trigger_is_behind(const struct trigger *t, struct slice newest);

#endif
