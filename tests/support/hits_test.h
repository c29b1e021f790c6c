/*
 * hits_test.h - what the tests of lib/store/hits share: an arena as a test's state, and texts.
 */
#ifndef REQUEUE_HITS_TEST_H
#define REQUEUE_HITS_TEST_H

#include "tests/support/test.h"

#include "lib/store/hits.h"

#define NO_LIMIT ((size_t)1 << 40) /* of a buffer */

/* A test whose *state is an arena of its own. */
#define HITS_TEST(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

static inline void assert_text(struct slice s, const char *text)
{
    assert_non_null(s.p);
    assert_int_equal(s.n, strlen(text));
    assert_memory_equal(s.p, text, s.n);
}

static inline int arena_setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static inline int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

#endif
