/*
 * test.h - what every test program includes first: cmocka with what it needs, and random numbers.
 *
 * A test's name is a sentence: abort_wakes_a_blocked_pusher. Never assert off the main thread:
 * cmocka jumps out of a failed assertion, so a thread returns what it saw and the test asserts
 * after the join.
 */
#ifndef REQUEUE_TEST_H
#define REQUEUE_TEST_H

#include "lib/base/base.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* The seed of a randomised test: REQUEUE_TEST_SEED, or the clock. Printed, so that a failure can be
 * run again. */
static inline uint64_t test_seed(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char     *given = getenv("REQUEUE_TEST_SEED");
    struct timespec now = { 0 };
    uint64_t        seed;

    if (given) {
        seed = strtoull(given, NULL, 10);
    } else {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        seed = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }
    (void)fprintf(stderr, "REQUEUE_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* The next of a sequence of random numbers (splitmix64); state starts as the seed. */
static inline uint64_t test_rand(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A random number below n, which is not 0. */
static inline size_t test_below(uint64_t *state, size_t n)
{
    return (size_t)(test_rand(state) % n);
}

#endif
