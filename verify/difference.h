/*
 * difference.h - two sides compared: which keys differ, and in which class (design part 8).
 *
 * Looks at digests and places only, does no I/O. What the values say (stale against changed; in a
 * raw proof also undecodable) is found by verify/explain.h.
 */
#ifndef REQUEUE_DIFFERENCE_H
#define REQUEUE_DIFFERENCE_H

#include "verify/glance.h"

/* A key that differs. */
struct candidate {
    enum difference_class class;
    bool                     read;     /* scratch of explain.c: the topic's value is wanted */
    const struct side_entry *expected; /* NULL: the store's side has no such key */
    const struct side_entry *topic;    /* the record to show (missing: a tombstone); NULL: none */
};

struct slice candidate_key(const struct candidate *c);

/* Told once per key that differs. All borrowed for the call. */
typedef bool (*candidate_fn)(void *ctx, const struct candidate *c, struct err *err);

struct comparison {
    enum kind          kind;
    int32_t            n_partitions;
    bool               raw;            /* a proof: an execution key may have one record only */
    bool               keys_only_ours; /* keys that are not expected are counted, no difference */
    const struct stop *stop;
    struct glance      settled; /* its keys are passed over on the store's side */
    struct kind_sums   sums;    /* added to: what is expected, and what the topic holds live; an
                                   undecodable value has a digest of zero */
    candidate_fn on_candidate;
    candidate_fn on_collision; /* an expected key that several documents gave, which makes it
                                  unexpected; not in a proof, where the last one counts */
    void *ctx;
};

/* What was found in passing. */
struct comparison_counts {
    uint64_t expected;
    uint64_t keys; /* live ones of the topic, by partition */
    uint64_t superseded;
    uint64_t outside; /* live keys that keys_only_ours leaves out */
};

/* Compare every key of both sides; each gives no candidate or one. One pass over each side, in the
 * order of the keys' hashes. Counts are added to what is there. */
MUST_CHECK bool difference_find(const struct comparison *c, struct side *expected,
                                struct side *topic, struct comparison_counts *counts,
                                struct err *err);

#endif
