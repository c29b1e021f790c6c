/*
 * spill.h - runs: sorted records that do not fit into memory, in files without a name.
 *
 * A run is written once from its beginning to its end, then read from the beginning as often as
 * wanted. Its file has no name from its first byte on (mode 0600), so nothing is left behind,
 * however the process ends. Failures are ERR_OUTPUT; a full disk names the folder and what would
 * have been enough. One owner at a time.
 */
#ifndef REQUEUE_SPILL_H
#define REQUEUE_SPILL_H

#include "lib/base/err.h"

#define RUN_BUFFER ((size_t)64 * 1024) /* of a run that is being written or read */

/* What all runs of one job share. Zeroed but for dir. */
struct spill {
    const char *dir;
    uint64_t    bytes; /* of files, now */
    uint64_t    peak;
    uint64_t    runs; /* ever made */
    /* What "enough" is made of: records that were and will be put, and the bytes of those that
     * were. */
    uint64_t expected;
    uint64_t put;
    uint64_t put_bytes;
    uint64_t
        merge_from; /* bytes from which on runs are merged, beside which they take room twice */
};

/* A record: equal ranks are next to each other, and what is in it is its owner's. */
struct ranked {
    uint64_t     rank;
    struct slice data; /* p NULL: no more records */
};

/* Bytes that would be enough for all records that are expected; at least what is used. */
uint64_t spill_enough(const struct spill *s);

/* ERR_OUTPUT unless a file can be made in the folder. */
MUST_CHECK bool spill_check(const struct spill *s, struct err *err);

struct run;

MUST_CHECK bool run_create(struct spill *s, struct run **out, struct err *err);
MUST_CHECK bool run_write(struct run *r, struct ranked rec, struct err *err);
MUST_CHECK bool run_rewind(struct run *r, struct err *err); /* ends writing; read from the start */
/* data is valid until the next call. */
MUST_CHECK bool run_read(struct run *r, struct ranked *out, struct err *err);
void            run_rest(struct run *r); /* frees the buffer until run_rewind */
void            run_free(struct run *r); /* NULL is allowed; the disk is free then */

#endif
