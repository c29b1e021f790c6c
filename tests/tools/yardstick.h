/*
 * yardstick.h - what the yardsticks share: how to give up, and how long the work took.
 *
 * Like them it uses nothing of the program that they are compared with.
 */
#ifndef REQUEUE_YARDSTICK_H
#define REQUEUE_YARDSTICK_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* "PROGRAM: ..." to stderr, and exit 1. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fprintf(stderr, "%s: ", program_invocation_short_name);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static inline double seconds(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of the whole process, all its threads; in seconds. */
struct took {
    double wall;
    double cpu;
};

static inline struct took took_begin(void)
{
    return (struct took){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

/* What took_begin began, until now. */
static inline struct took took_end(struct took begun)
{
    return (struct took){ seconds(CLOCK_MONOTONIC) - begun.wall,
                          seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu };
}

/* The beginning of the line of JSON that scripts/bench reads: more members may follow, then "}\n".
 */
static inline void took_print(struct took t, long records, size_t bytes)
{
    (void)printf("{\"records\": %ld, \"bytes\": %zu, \"seconds\": %.3f, \"cpu_seconds\": %.3f",
                 records, bytes, t.wall, t.cpu);
}

#endif
