/*
 * explain.h - look at the values of the keys that differ, say how they differ, and tell each one.
 *
 * All candidates are told, never a sample, in the order of the topic. Memory: conf->memory / 4 for
 * the candidates (those that do not fit are spilled), a chunk of at most EXPLAIN_CHUNK keys and
 * about EXPLAIN_BYTES of the topic's values, whatever differs.
 */
#ifndef REQUEUE_EXPLAIN_H
#define REQUEUE_EXPLAIN_H

#include "verify/difference.h"

#define EXPLAIN_CHUNK STORE_MAX_IDS
#define EXPLAIN_BYTES (16u << 20)
/* Records of the topic that are read past rather than starting another read. */
#define EXPLAIN_MAX_GAP 20000

struct explanation {
    const struct verify_conf *conf;
    enum kind                 kind;
    bool                      raw;
    struct comparer          *comparer; /* of this kind, nobody else uses it during a call */
    struct verify_result     *result;   /* differences and explained are counted there */
    struct sorter            *found;    /* of explain_add; NULL before; explain_release frees it */
};

/* A candidate_fn; ctx is a struct explanation. Copies. */
MUST_CHECK bool explain_add(void *ctx, const struct candidate *c, struct err *err);

/* Explain and tell what was added. Nothing was added: nothing is done. */
MUST_CHECK bool explain_all(struct explanation *x, struct err *err);
void            explain_release(struct explanation *x); /* without telling */

/* Count one finished difference and tell it. */
MUST_CHECK bool explain_tell(const struct verify_conf *conf, struct verify_result *out,
                             const struct difference *d, struct err *err);

#endif
