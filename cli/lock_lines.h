/*
 * lock_lines.h - what is told of the triggers that an execution locks (lib/store/locks.h): a JSON
 * line for each beside the report, the first few as text.
 */
#ifndef REQUEUE_LOCK_LINES_H
#define REQUEUE_LOCK_LINES_H

#include "lib/base/file.h"
#include "lib/store/locks.h"

/* One line of NAME.locks.jsonl, with its line feed. What would pass out's limit is left out. */
void lock_json(const struct lock *l, struct buf *out);
/* The same for a person: one line. */
void lock_text(const struct lock *l, struct buf *out);

/* What became of the locks, one line; nothing when there are none. */
void locks_text(const struct locks_stats *s, struct buf *out);

#endif
