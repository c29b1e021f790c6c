/*
 * locks.h - the pass over the triggers: which are locked, by whom, and whether that one will ever
 * release them (lib/kestra/trigger_lock.h).
 *
 * After the pass over the executions (pending.h), because a lock is dead when its execution is not
 * sent. Executions that locks name and that are not sent are looked up by id, in bulk.
 */
#ifndef REQUEUE_LOCKS_H
#define REQUEUE_LOCKS_H

#include "lib/kestra/trigger_lock.h"
#include "lib/store/pending.h"

/* Told for each trigger that is locked or behind; borrowed for the call. */
struct lock {
    struct slice          key; /* the store's */
    const char           *place;
    const struct trigger *trigger;
    enum lock_code        code;
    bool                  unlocked; /* what this run makes of it: --unlock */
    bool                  held;     /* of what is unlocked, its execution's part stays (T11) */
    struct slice          behind;   /* T06: an execution's later tick; p NULL: not behind */
};
typedef bool (*lock_fn)(void *ctx, const struct lock *lock, struct err *err);

struct locks_stats {
    uint64_t locked;
    uint64_t unlocked;
    uint64_t kept; /* nobody will release them, and --unlock none leaves them so */
    uint64_t behind;
    uint64_t by_code[LOCK_CODE_COUNT];
};

/* conf as for pending_run, whose stats go on here: ended executions with an open listener that hold
 * a lock are judged and told too. fn gets conf->ctx; NULL: nobody looks. */
MUST_CHECK bool locks_run(const struct pending_conf *conf, lock_fn fn,
                          struct pending_stats *pending, struct locks_stats *stats,
                          struct err *err);

#endif
