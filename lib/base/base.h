/*
 * base.h - what every file of the house includes first: attributes, slices, and the calls we ban.
 *
 * Knows nothing of Kestra, stores or Kafka. Nothing here allocates.
 */
#ifndef REQUEUE_BASE_H
#define REQUEUE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN          __attribute__((noreturn))
#define NOINLINE          __attribute__((noinline)) /* what is rare stays out of what is not */
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

/* Borrowed bytes, passed by value. Not NUL-terminated; p may be NULL only when n is 0. */
struct slice {
    const char *p;
    size_t      n;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

static inline struct slice slice_of(const char *p, size_t n)
{
    return (struct slice){ p, n };
}

static inline struct slice slice_str(const char *s)
{
    return (struct slice){ s, strlen(s) };
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* For printf's "%.*s": two arguments, the length cut to what an int can hold. */
#define SLICE_ARG(s) (int)((s).n > 4096 ? 4096 : (s).n), (s).p

/* Calls that are too easy to get wrong: using one is a compile error. */
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atof gmtime localtime ctime               asctime

#endif
