/*
 * fake_store.h - a store over documents in memory, with the faults that a real one has.
 *
 * The documents are dealt out to its readers in turn. What the readers did is in the counters.
 * Threads: as store.h says; the counters may be read while readers work.
 */
#ifndef REQUEUE_FAKE_STORE_H
#define REQUEUE_FAKE_STORE_H

#include "lib/store/store.h"

#define FAKE_PLACE       "fake_table"
#define FAKE_MAX_BATCHES 64

struct fake_store_conf {
    const struct document *docs; /* borrowed until close */
    size_t                 n_docs;
    size_t                 n_readers; /* opened, unless fewer are asked for; 0: as many as asked */
    size_t                 docs_a_read; /* at most so many; 0: until the batch is full */
    unsigned               delay_ms;    /* before each read */
    bool                   open_fails;  /* open_readers() returns an error */
    size_t                 fails;       /* this reader fails: 1 is the first; 0: none */
    size_t                 fails_after; /* when it has handed out so many documents */
    bool                   endless;     /* the documents come again and again until cancelled */
    bool                   hangs;       /* after the last document a reader waits to be cancelled */
    bool                   ends_late;   /* the end comes by itself, with an empty batch */
    bool                   reads_nothing; /* now and then a read returns an empty batch */
};

struct fake_store {
    struct store           store; /* first member */
    struct fake_store_conf conf;
    atomic_size_t          opened;
    atomic_size_t          closed;
    atomic_size_t          cancelled;
    atomic_size_t          handed_out; /* documents */
    atomic_size_t          n_batches;  /* different batches that readers were given, after close */
    const struct batch    *batches[FAKE_MAX_BATCHES];
};

/* conf is copied. Nothing to release. */
void fake_store_init(struct fake_store *f, const struct fake_store_conf *conf);

#endif
