/*
 * pipeline.h - documents through the house: readers -> batches -> projection -> sink.
 *
 * One reader thread a store reader fills batches (a bounded number, recycled); the calling thread
 * projects each document and puts the records into the sink. plan, rebuild and verify differ only
 * in the sink; who only looks at documents (lib/store/pending.c) has neither projector nor sink.
 * Follow one document: store_reader.read (postgres.c) -> pipeline.c -> project.c -> sink.
 *
 * Subflow links, which are in no store, come from the projector's judge and are projected already.
 *
 * With store.max_rate the calling thread waits between batches, and the readers for it.
 *
 * Memory: PIPELINE_BATCHES batches of about BATCH_MAX_BYTES, whatever is slower.
 * Errors: the first one wins, wherever it happened; everything is joined and freed before return.
 */
#ifndef REQUEUE_PIPELINE_H
#define REQUEUE_PIPELINE_H

#include "lib/store/store.h"

#define PIPELINE_BATCHES 8

/* Where records go. Locality: the thread that called pipeline_run. */
struct sink {
    /* ERR_* ends the run. A skip reason in *refused (untouched otherwise; REASON_TOO_LARGE: the
     * record cannot be sent): the document is skipped for it, the run goes on; return true. */
    bool (*put)(struct sink *s, const struct record *rec, enum reason *refused, struct err *err);
};

/* Counters of one kind's run; read by the progress display while they grow (relaxed atomics). */
struct tally {
    atomic_uint_fast64_t read;       /* documents */
    atomic_uint_fast64_t read_bytes; /* of values */
    atomic_uint_fast64_t records;    /* given to the sink */
    atomic_uint_fast64_t record_bytes;
    atomic_uint_fast64_t locked;                /* triggers with a lock */
    atomic_uint_fast64_t unlocked;              /* of those, blanked */
    atomic_uint_fast64_t reasons[REASON_COUNT]; /* left out and skipped */
};

/* Shown a document; p is NULL when there is no projector. False ends the run, *err set. */
typedef bool (*document_fn)(void *ctx, const char *place, const struct document *doc,
                            const struct projection *p, struct err *err);

struct pipeline {
    struct store             *store;
    const struct store_query *query;
    struct projector         *projector; /* NULL: documents are only shown to on_document */
    unsigned                  jobs;
    struct sink              *sink;
    struct tally             *tally;
    const struct stop        *stop;
    document_fn               on_document; /* before the sink; NULL: nobody looks */
    /* Every skipped document: place and id of the store, key as far as it is known (NULL: not
     * wanted). */
    void (*on_skip)(void *ctx, const char *place, const struct document *doc,
                    const struct projection *p);
    void *ctx;
};

/* Show every document that a query selects, as it is: no projector, no sink. tally may be NULL.
 * What is asked for by ids comes over one reader. */
struct showing {
    struct store             *store;
    const struct store_query *query;
    unsigned                  jobs;
    struct tally             *tally;
    const struct stop        *stop;
};
MUST_CHECK bool pipeline_show(const struct showing *what, document_fn fn, void *ctx,
                              struct err *err);

MUST_CHECK bool pipeline_run(struct pipeline *p, struct err *err);

#endif
