/*
 * explain.h - look at the values of the keys that differ, say how they differ, and tell each one.
 *
 * All candidates are told, never a sample. Memory: a chunk of at most EXPLAIN_CHUNK keys and about
 * EXPLAIN_BYTES of the topic's values, whatever differs.
 */
#ifndef REQUEUE_EXPLAIN_H
#define REQUEUE_EXPLAIN_H

#include "verify/difference.h"

#define EXPLAIN_CHUNK STORE_MAX_IDS
#define EXPLAIN_BYTES (16u << 20)
/* Records of the topic that are read past rather than starting another read. */
#define EXPLAIN_MAX_GAP 20000

/* Sorts c. Counts in out->differences and out->explained. c's keysets must not change meanwhile.
 * comparer: of this kind, nobody else uses it during the call. */
MUST_CHECK bool explain_candidates(const struct verify_conf *conf, enum kind kind, bool raw,
                                   struct comparer *comparer, struct candidates *c,
                                   struct verify_result *out, struct err *err);

/* Count one finished difference and tell it. */
MUST_CHECK bool explain_tell(const struct verify_conf *conf, struct verify_result *out,
                             const struct difference *d, struct err *err);

#endif
