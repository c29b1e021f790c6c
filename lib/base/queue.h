/*
 * queue.h - a bounded queue of pointers between threads.
 *
 * Bounded in items, so memory stays flat whichever side is slower. The queue owns an item from a
 * successful queue_push() until the queue_pop() that returns it. Thread-safety: any number of
 * pushers and poppers.
 */
#ifndef REQUEUE_QUEUE_H
#define REQUEUE_QUEUE_H

#include "lib/base/base.h"

struct queue;

struct queue *queue_new(size_t max_items);

/* Free the queue and, with free_item, whatever is still in it. No thread may be inside a queue
 * call. NULL is allowed. */
void queue_free(struct queue *q, void (*free_item)(void *item));

/* Wait for room, then hand over item. False: closed or aborted, item is still the caller's. */
MUST_CHECK bool queue_push(struct queue *q, void *item);

/* Wait for an item. NULL: closed and empty, or aborted. */
MUST_CHECK void *queue_pop(struct queue *q);

/* Like queue_pop, but gives up after timeout_ms with NULL and *timed_out true. */
MUST_CHECK void *queue_pop_wait(struct queue *q, unsigned timeout_ms, bool *timed_out);

void queue_close(struct queue *q); /* no more pushes; poppers drain it */
void queue_abort(struct queue *q); /* wake everyone; pushes fail, pops return NULL now */

#endif
