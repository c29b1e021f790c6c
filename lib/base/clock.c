/* clock.c - clocks, RFC 3339 instants and durations. */
#include "lib/base/clock.h"

#include <errno.h>
#include <limits.h>

#define NS_PER_S INT64_C(1000000000)

/* What is left of a text while it is parsed. */
struct rest {
    const char *p;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_char(struct rest *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* Exactly n digits that say min to max. */
static bool take_number(struct rest *r, int n, int min, int max, int *out)
{
    int value = 0;

    if (r->end - r->p < n)
        return false;
    for (int i = 0; i < n; i++, r->p++) {
        if (!is_digit(*r->p))
            return false;
        value = value * 10 + (*r->p - '0');
    }
    *out = value;
    return value >= min && value <= max;
}

static int days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool             leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to a date of the Gregorian calendar (year >= 0). Years begin in March here,
 * so that the leap day is the last one. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = year - (month <= 2 ? 1 : 0) + 400; /* 400 years are a whole cycle of 146,097 days */
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468 - 146097;
}

static bool take_date(struct rest *r, int64_t *days)
{
    int year;
    int month;
    int day;

    if (!take_number(r, 4, 0, 9999, &year) || !take_char(r, '-') ||
        !take_number(r, 2, 1, 12, &month) || !take_char(r, '-') ||
        !take_number(r, 2, 1, days_of_month(year, month), &day))
        return false;
    *days = days_since_epoch(year, month, day);
    return true;
}

/* The digits behind the point; those after the ninth are cut. */
static bool take_fraction(struct rest *r, int32_t *ns)
{
    int32_t unit = 100000000;

    *ns = 0;
    if (r->p == r->end || !is_digit(*r->p))
        return false;
    for (; r->p < r->end && is_digit(*r->p); r->p++) {
        *ns += (*r->p - '0') * unit;
        unit /= 10;
    }
    return true;
}

static bool take_time(struct rest *r, int *seconds, int32_t *ns)
{
    int hour;
    int minute;
    int second = 0;

    *ns = 0;
    if (!take_number(r, 2, 0, 23, &hour) || !take_char(r, ':') ||
        !take_number(r, 2, 0, 59, &minute))
        return false;
    if (take_char(r, ':')) {
        if (!take_number(r, 2, 0, 59, &second))
            return false;
        if (take_char(r, '.') && !take_fraction(r, ns))
            return false;
    }
    *seconds = (hour * 60 + minute) * 60 + second;
    return true;
}

/* Z, +HH:MM, +HHMM or +HH. */
static bool take_offset(struct rest *r, int *seconds)
{
    int sign = 1;
    int hours;
    int minutes = 0;

    *seconds = 0;
    if (take_char(r, 'Z'))
        return true;
    if (take_char(r, '-'))
        sign = -1;
    else if (!take_char(r, '+'))
        return false;
    if (!take_number(r, 2, 0, 23, &hours))
        return false;
    if (take_char(r, ':') || (r->p < r->end && is_digit(*r->p))) {
        if (!take_number(r, 2, 0, 59, &minutes))
            return false;
    }
    *seconds = sign * (hours * 60 + minutes) * 60;
    return true;
}

/* The end of the text, or [Zone/Name] and the end. */
static bool take_zone(struct rest *r)
{
    const char *start;

    if (r->p == r->end)
        return true;
    if (!take_char(r, '['))
        return false;
    start = r->p;
    while (r->p<r->end && * r->p> ' ' && *r->p != '[' && *r->p != ']')
        r->p++;
    return r->p > start && take_char(r, ']') && r->p == r->end;
}

bool instant_parse(struct slice text, struct instant *out)
{
    struct rest r = { text.p, text.p + text.n };
    int64_t     days;
    int         seconds;
    int32_t     ns;
    int         offset;

    if (text.n == 0 || !take_date(&r, &days) || !take_char(&r, 'T') ||
        !take_time(&r, &seconds, &ns) || !take_offset(&r, &offset) || !take_zone(&r))
        return false;
    out->s = days * 86400 + seconds - offset;
    out->ns = ns;
    return true;
}

int instant_compare(struct instant a, struct instant b)
{
    if (a.s != b.s)
        return a.s < b.s ? -1 : 1;
    return a.ns == b.ns ? 0 : a.ns < b.ns ? -1 : 1;
}

void instant_format(struct instant t, char out[32])
{
    /* What Java's years allow: beyond it the text would not fit. */
    const int64_t first = INT64_C(-31557014167219200);
    const int64_t last = INT64_C(31556889864403199);
    time_t        s = (time_t)(t.s < first ? first : t.s > last ? last : t.s);
    struct tm     tm = { 0 };
    long          year;
    const char   *sign;
    char          text[96];

    (void)gmtime_r(&s, &tm);
    year = tm.tm_year + 1900L;
    /* ISO 8601 wants a sign where four digits are not enough. */
    sign = year < 0 ? "-" : year > 9999 ? "+" : "";
    (void)snprintf(text, sizeof(text), "%s%04ld-%02d-%02dT%02d:%02d:%02d.%03dZ", sign,
                   year < 0 ? -year : year, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                   tm.tm_sec, t.ns / 1000000);
    memcpy(out, text, 31);
    out[31] = '\0';
}

int64_t instant_diff_ns(struct instant a, struct instant b)
{
    int64_t s;
    int64_t ns = (int64_t)b.ns - a.ns;
    int64_t diff;

    if (__builtin_sub_overflow(b.s, a.s, &s))
        return b.s < a.s ? INT64_MIN : INT64_MAX;
    /* Both parts get one sign: then what overflows is really too large. */
    if (s > 0 && ns < 0) {
        s--;
        ns += NS_PER_S;
    } else if (s < 0 && ns > 0) {
        s++;
        ns -= NS_PER_S;
    }
    if (__builtin_mul_overflow(s, NS_PER_S, &diff) || __builtin_add_overflow(diff, ns, &diff))
        return s < 0 ? INT64_MIN : INT64_MAX;
    return diff;
}

struct instant clock_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) == -1)
        abort();
    return (struct instant){ now.tv_sec, (int32_t)now.tv_nsec };
}

static int64_t ns_of(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) == -1)
        abort();
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return ns_of(CLOCK_MONOTONIC);
}

int64_t clock_cpu_ns(void)
{
    return ns_of(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_sleep_ms(unsigned ms)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        continue;
}

bool duration_parse(const char *text, uint64_t *out_ms)
{
    static const struct {
        const char *suffix;
        uint64_t    ms;
    } units[] = {
        { "ms", 1 },    { "s", 1000 },    { "", 1000 },
        { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
    };
    uint64_t    value = 0;
    const char *p = text;

    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    }
    if (p == text)
        return false;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(p, units[i].suffix) == 0)
            return !__builtin_mul_overflow(value, units[i].ms, out_ms);
    }
    return false;
}
