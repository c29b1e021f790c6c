/*
 * chunk.h - a bounded number of keys that differ, on their way to being told.
 *
 * A candidate and, where wanted, its value in the topic go in; when the chunk is full the store is
 * asked for its documents by id, each one that arrives is projected, compared, told and forgotten.
 * What no document came for is told with what is known. Memory: EXPLAIN_CHUNK keys and about
 * EXPLAIN_BYTES of values.
 */
#ifndef REQUEUE_CHUNK_H
#define REQUEUE_CHUNK_H

#include "verify/explain.h"

struct chunk;

/* All borrowed until chunk_free. */
struct chunk *chunk_new(const struct verify_conf *conf, enum kind kind, bool raw,
                        struct comparer *comparer, struct verify_result *result);
void          chunk_free(struct chunk *x); /* what was not flushed is not told */

/* value: of the topic, copied; p NULL: a tombstone, not read, or no longer there. time_ms: of its
 * record; -1: not known. */
MUST_CHECK bool chunk_add(struct chunk *x, const struct candidate *c, struct slice value,
                          int64_t time_ms, struct err *err);
MUST_CHECK bool chunk_flush(struct chunk *x, struct err *err);

#endif
