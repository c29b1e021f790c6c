/*
 * live.h - an audit beside a Kestra that runs: the keys that differ are read again (design part 8).
 *
 * Store and topics cannot be read in one instant, so on a live system every key that changes
 * meanwhile differs. After the settling time exactly the differing keys are read again on both
 * sides: in the store by id through a new connection, in the topics from the records that are
 * known. Of a key that still differs,
 *
 *   - when one of its sides has not moved since the last reading, the other one had the whole
 *     settling time to follow: it stays, and is told;
 *   - when both have moved, it is read once more, at most LIVE_ROUNDS times; then it is told as
 *     explained: still-changing.
 *
 * What an audit explains is told at once (with --strict it is read again, too). Memory: an entry
 * for each key that differs at first.
 */
#ifndef REQUEUE_LIVE_H
#define REQUEUE_LIVE_H

#include "cli/run.h"

#define LIVE_ROUNDS 5

struct live;

/* NULL without --live. r is borrowed until live_free. */
struct live *live_new(struct run *r);
void         live_free(struct live *l); /* NULL is allowed */

/* Before verify_topic: the differences of this pass go to l. NULL is allowed. */
void live_watch(struct live *l, struct verify_conf *conf);
/* After it: where the topic ended. NULL is allowed. */
void live_compared(struct live *l, enum kind kind);

/* After all kinds were compared: settle, and tell what stays. NULL is allowed. */
MUST_CHECK bool live_settle(struct live *l, struct err *err);

#endif
