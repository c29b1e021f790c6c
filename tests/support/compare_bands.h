/*
 * compare_bands.h - two bands by hand, and comparisons that check themselves.
 *
 * Every comparison is made by digest and by explanation, in both directions, and they must agree.
 * JSON is written with ' for ", to be readable.
 */
#ifndef REQUEUE_TEST_COMPARE_BANDS_H
#define REQUEUE_TEST_COMPARE_BANDS_H

#include "tests/support/test.h"

#include "lib/kestra/compare.h"

#define NO_LIMIT (64u << 20)

/* A band that keeps empty values, and one that drops them; comparers of its executions. */
struct bands {
    struct layout    keep;
    struct layout    drop;
    struct comparer *of_keep;
    struct comparer *of_drop;
};

/* cmocka's setup and teardown: *state is a struct bands. */
int bands_set_up(void **state);
int bands_tear_down(void **state);

/* The layout of the two. */
void bands_fill_layout(struct layout *l, bool drop_empty);

/* text with " for ', in room. */
struct slice bands_json(const char *text, struct buf *room);

struct digest bands_digest(struct comparer *c, struct slice value);

bool bands_says_same(struct comparer *c, struct slice store, struct slice topic);

#define BANDS_TEST(name) cmocka_unit_test_setup_teardown(name, bands_set_up, bands_tear_down)

#endif
