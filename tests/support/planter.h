/*
 * planter.h - put records of any shape exactly where a test wants them, and learn their offsets.
 *
 * Fails the test (or the set-up) on any error. Main thread only, except planter_commit.
 */
#ifndef REQUEUE_PLANTER_H
#define REQUEUE_PLANTER_H

#include "lib/base/base.h"

struct planter;

/* transactional_id: NULL for plain records. */
struct planter *planter_open(const char *brokers, const char *transactional_id);
void            planter_close(struct planter *p); /* NULL is allowed */

/* key.p NULL: no key. value.p NULL: a tombstone. *offset (NULL: not wanted) is filled by
 * planter_flush at the latest and must live until then. */
void planter_put(struct planter *p, const char *topic, int32_t partition, struct slice key,
                 struct slice value, int64_t *offset);

/* Wait until every record is delivered. */
void planter_flush(struct planter *p);

void planter_begin(struct planter *p);
void planter_abort(struct planter *p);
/* Any thread; false instead of a failed test. */
MUST_CHECK bool planter_commit(struct planter *p);

#endif
