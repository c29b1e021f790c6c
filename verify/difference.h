/*
 * difference.h - two keysets compared: which keys differ, and in which class (design part 8).
 *
 * Looks at digests and places only, does no I/O. What the values say (stale against changed; in a
 * raw proof also undecodable) is found by verify/explain.h.
 */
#ifndef REQUEUE_DIFFERENCE_H
#define REQUEUE_DIFFERENCE_H

#include "verify/verify.h"

/* A key that differs. Entries are borrowed from the keysets. */
struct candidate {
    enum difference_class class;
    bool                       read;     /* scratch of explain.c: the topic's value is wanted */
    const struct keyset_entry *expected; /* NULL: the store's side has no such key */
    const struct keyset_entry *topic;    /* the record to show (missing: a tombstone); NULL: none */
};

struct candidates {
    struct candidate *items;
    size_t            n;
    size_t            capacity;
};

struct slice candidate_key(const struct candidate *c);
int          slice_order(struct slice a, struct slice b); /* <0, 0, >0, by bytes */

void candidates_release(struct candidates *c); /* an all-zero one is allowed */

struct comparison {
    enum kind          kind;
    int32_t            n_partitions;
    bool               raw;            /* a proof: an execution key may have one record only */
    bool               keys_only_ours; /* keys that are not expected are counted, no difference */
    const struct stop *stop;
};

/* Compare every key of both sets; each gives no candidate or one. Candidates come in the order of
 * `expected`, then of `topic`. *outside counts the live keys that keys_only_ours leaves out.
 * The SEEN flags of topic are scratch. Fails with ERR_STOPPED only. */
MUST_CHECK bool difference_find(const struct comparison *c, const struct keyset *expected,
                                struct keyset *topic, struct candidates *out, uint64_t *outside,
                                struct err *err);

#endif
