/*
 * clock.h - clocks, RFC 3339 instants and durations. (Not "time.h": that name belongs to C.)
 */
#ifndef REQUEUE_CLOCK_H
#define REQUEUE_CLOCK_H

#include "lib/base/base.h"

/* A point in time: seconds since 1970-01-01T00:00:00Z (negative before) and 0..999,999,999 ns. */
struct instant {
    int64_t s;
    int32_t ns;
};

/* Parse the date texts that Kestra writes: YYYY-MM-DDTHH:MM[:SS[.fraction]] with 'Z' or an offset
 * +HH:MM / +HHMM / +HH, optionally followed by [Zone/Name] (ignored). Fractions of up to 9 digits;
 * more are cut. False: not such a text (nothing else is touched). */
bool instant_parse(struct slice text, struct instant *out);

int  instant_compare(struct instant a, struct instant b); /* <0, 0, >0 */
void instant_format(struct instant t, char out[32]); /* 2024-12-10T08:00:01.220Z: UTC, ms, cut */

/* b - a in nanoseconds; saturates at the ends of int64_t. */
int64_t instant_diff_ns(struct instant a, struct instant b);

struct instant clock_now(void);     /* the wall clock */
int64_t        clock_mono_ns(void); /* never goes back; for rates and waits */
int64_t        clock_cpu_ns(void);  /* what all threads of the process have used so far */
void           clock_sleep_ms(unsigned ms);

/* "250ms", "30s", "5m", "2h", "30d", or a bare number of seconds -> milliseconds. */
bool duration_parse(const char *text, uint64_t *out_ms);

#endif
