/*
 * compare.h - canonical comparison: when do two spellings say the same?
 *
 * The rules of data-model 5.10, by band (struct layout: drop_empty) and kind (struct kind_layout:
 * dates, states, labels, verbatim, absent_false):
 *
 *   1 member order and white space never matter; lists are in order
 *   2 numbers by decimal value: 90.0 = 90.000000000 = 9E1, never through a double
 *   3 known date members as instants, cut to milliseconds (the JDBC store's precision); no other
 *     text is a date
 *   4 duration, startDate and endDate of a state are computed: outside the digest, checked against
 *     its histories (startDate the first date, endDate the last; duration at most 1 ms off last -
 *     first with two entries or more, anything with one; all dates cut to milliseconds); one that
 *     disagrees with its histories goes into the digest as it is
 *   5 absent = null; with drop_empty absent = "" = [] = {} too, also inside maps, except below
 *     `verbatim` members, where every entry counts; elements of lists always count
 *   6 labels: {"k": "v"} = [{"key": "k", "value": "v"}], a set of pairs in which duplicates count;
 *     a list with anything else in it is an ordinary list
 *   7 members of absent_false: absent = false
 *
 * One pass, no tree, memory O(depth + longest text): the digest of an object is the sum (mod 2^128,
 * never XOR) over its members of hash(name, value), closed with the count; a list is folded in
 * order; every part carries a type tag and its length. DIGEST_VERSION of lib/base/hash.h names the
 * recipe.
 */
#ifndef REQUEUE_COMPARE_H
#define REQUEUE_COMPARE_H

#include "lib/base/hash.h"
#include "lib/kestra/layout.h"

struct comparer;

/* One per thread and kind. Borrows layout. */
struct comparer *comparer_new(const struct layout *layout, enum kind kind);
void             comparer_free(struct comparer *c); /* NULL is allowed */

/* ERR_DATA when value is no JSON object. One that is nested deeper than JSON_MAX_DEPTH, or has half
 * a surrogate pair, is compared by its bytes. */
MUST_CHECK bool comparer_digest(struct comparer *c, struct slice value, struct digest *out,
                                struct err *err);

/* One path at which two values differ; a side's text is raw JSON, p NULL when the member is absent.
 */
struct value_difference {
    struct slice path; /* JSON pointer, "/state/current"; "" is the whole document */
    struct slice store;
    struct slice topic;
};

/* Tell every difference of two JSON objects by the same rules, in path order; equal digests give
 * none, and different ones at least one. Values longer than COMPARE_MAX_VALUE bytes are cut on a
 * character boundary in a JSON string that ends in "...". After COMPARE_MAX_PATHS the rest is left
 * out and *more is true. Slices live in a. */
#define COMPARE_MAX_VALUE 2048
#define COMPARE_MAX_PATHS 200
MUST_CHECK bool comparer_explain(struct comparer *c, struct slice store, struct slice topic,
                                 struct arena *a, struct value_difference *out, size_t *n,
                                 bool       *more,
                                 struct err *err); /* out has COMPARE_MAX_PATHS entries */

/* Is the topic's value an older one of the same entity? (class `stale`, design part 8)
 * flow-last: a lower revision. execution: its histories are a strict prefix of the store's.
 * trigger: an earlier updatedDate, else (either has none) an earlier date. Other kinds: never. */
bool comparer_stale(struct comparer *c, struct slice store, struct slice topic);
/* The other way round, for explanations in an audit: the topic is newer than the store. */
bool comparer_newer(struct comparer *c, struct slice store, struct slice topic);

#endif
