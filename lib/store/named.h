/*
 * named.h - executions that log lines and links name: those that the store has not (D02), and those
 * that have ended with a listener open (E35). They are looked up by id; nothing is streamed.
 *
 * After pending_run, before locks_run. Only with --with-logs, where the store has logs.
 */
#ifndef REQUEUE_NAMED_H
#define REQUEUE_NAMED_H

#include "lib/store/pending.h"

/* Log lines older than this before the newest time of any execution are not asked: what the store
 * does not know happened later, and a listener that runs writes. */
#define NAMED_WINDOW_S 600

/* newest: the newest time of any execution in the store. Counted in stats. */
MUST_CHECK bool named_run(const struct pending_conf *conf, const struct instant *newest,
                          struct pending_stats *stats, struct err *err);

/* An execution of that name is not in the store: told once, as lost (conf->on_judged). place: where
 * it is named. */
MUST_CHECK bool named_lost(const struct pending_conf *conf, const char *place,
                           const struct store_name *name, struct pending_stats *stats,
                           struct err *err);

/* Has it ended, and is a task run of it open? Then it may be that of a listener. */
bool named_has_open_run(const struct layout *l, const struct execution *e);

#endif
