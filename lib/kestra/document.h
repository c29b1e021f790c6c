/*
 * document.h - what a store hands out: documents, in batches that live and die together.
 */
#ifndef REQUEUE_DOCUMENT_H
#define REQUEUE_DOCUMENT_H

#include "lib/base/mem.h"
#include "lib/kestra/kind.h"

struct document {
    struct slice id;      /* the store's own key: primary key, _id */
    struct slice value;   /* the JSON as stored; p NULL: SQL null */
    struct slice source;  /* store-only source code (data-model 4.3 source_code); p NULL: none */
    bool         trusted; /* the store guarantees valid JSON without repeated members (jsonb) */
};

#define BATCH_MAX_DOCS  1024
#define BATCH_MAX_BYTES (1u << 20) /* aimed at; a larger document travels alone */

/* Slices of docs live in arena. One owner thread at a time; ownership moves with the batch. */
struct batch {
    struct arena   *arena;
    const char     *place; /* where the documents were read, for addresses: table or index name */
    size_t          n;
    size_t          bytes; /* of ids, values and sources */
    struct document docs[BATCH_MAX_DOCS];
};

struct batch *batch_new(void);
void          batch_clear(struct batch *b);
void          batch_free(struct batch *b); /* NULL is allowed */
bool          batch_full(const struct batch *b);

/* Copy a document into the batch; the batch must not be full. */
void batch_add(struct batch *b, const struct document *doc);

#endif
