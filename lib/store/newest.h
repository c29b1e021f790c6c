/*
 * newest.h - the newest time in documents: what store.newest() is made of where there is no SQL.
 *
 * Pure; one thread at a time. What cannot be read has no time.
 */
#ifndef REQUEUE_NEWEST_H
#define REQUEUE_NEWEST_H

#include "lib/store/store.h"

enum newest_of { NEWEST_EXECUTION, NEWEST_TRIGGER, NEWEST_LOG };

/* All not known, in the order of enum newest_of. */
void newest_init(struct store_newest out[STORE_NEWEST_COUNT]);

/* A date text: kept when it is one and is later than what is there (of equals the first). */
void newest_take(struct store_newest *n, struct slice text);

/* An execution: the dates of its own histories and of those of its task runs; nothing of what is
 * deleted. */
void newest_take_execution(struct store_newest *n, struct slice json);
/* Top-level members that are dates: of triggers and log lines. */
void newest_take_members(struct store_newest *n, enum newest_of what, const struct document *doc);

#endif
