/*
 * progress_text.c - a phase as the line of a terminal and as a sentence; see progress.h.
 */
#include "cli/progress.h"
#include "cli/shown.h"

#define PART    64 /* bytes of one part of the line */
#define BAR_MIN 6  /* with its brackets */
#define BAR_MAX 32
#define GAP     2 /* blanks before each part */

enum part { NAME, BAR, PERCENT, COUNT, RATE, MEGABYTES, ETA, PARTS };

struct line {
    char     text[PARTS][PART]; /* "": not known */
    unsigned percent;
};

/* 950, 12.3k, 4.5M: how fast, not how many. */
static void rate_text(double rate, char out[PART])
{
    if (rate < 1000)
        (void)snprintf(out, PART, "%.0f/s", rate);
    else if (rate < 1e6)
        (void)snprintf(out, PART, "%.1fk/s", rate / 1e3);
    else
        (void)snprintf(out, PART, "%.1fM/s", rate / 1e6);
}

static void eta_text(double seconds, char out[PART])
{
    unsigned long long s = seconds < 1e9 ? (unsigned long long)(seconds + 0.5) : 1000000000ULL;

    if (s >= 3600)
        (void)snprintf(out, PART, "ETA %llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    else
        (void)snprintf(out, PART, "ETA %llu:%02llu", s / 60, s % 60);
}

static void count_text(const struct progress_view *v, char out[PART])
{
    char done[SHOWN_COUNT];
    char total[SHOWN_COUNT];

    shown_count(v->done, done);
    shown_count(v->total, total);
    (void)snprintf(out, PART, "%s%s%s", done, v->total > 0 ? "/" : "", v->total > 0 ? total : "");
}

/* A total is a count of before: of a store that grows, more may come. */
static void fill(const struct progress_view *v, struct line *l)
{
    double rate = v->seconds > 0 ? (double)v->done / v->seconds : 0;

    memset(l, 0, sizeof(*l));
    (void)snprintf(l->text[NAME], PART, "%s%s%s", v->verb, *v->noun ? " " : "", v->noun);
    if (!v->counted)
        return;
    count_text(v, l->text[COUNT]);
    rate_text(rate, l->text[RATE]);
    if (v->has_bytes)
        (void)snprintf(l->text[MEGABYTES], PART, "%.1f MB/s",
                       v->seconds > 0 ? (double)v->bytes / 1e6 / v->seconds : 0.0);
    if (v->total == 0)
        return;
    l->percent = v->done >= v->total ? 100 : (unsigned)((double)v->done * 100.0 / (double)v->total);
    (void)snprintf(l->text[PERCENT], PART, "%3u%%", l->percent);
    if (v->done < v->total && v->done > 0 && rate > 0)
        eta_text((double)(v->total - v->done) / rate, l->text[ETA]);
}

static void add_bar(unsigned size, unsigned percent, struct buf *out)
{
    unsigned inside = size - 2;
    unsigned full = inside * percent / 100;

    buf_add(out, "[");
    for (unsigned i = 0; i < inside; i++)
        buf_add(out, "%c", i < full ? '=' : i == full && percent > 0 ? '>' : ' ');
    buf_add(out, "]");
}

/* Which parts there is room for, the most telling first; what is left is for the bar. */
static unsigned choose(const struct line *l, unsigned width, bool chosen[PARTS])
{
    static const enum part order[] = { PERCENT, ETA, COUNT, RATE, MEGABYTES };
    unsigned               used = (unsigned)strlen(l->text[NAME]);
    unsigned               left;

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        unsigned n = (unsigned)strlen(l->text[order[i]]);

        chosen[order[i]] = n > 0 && used + GAP + n <= width;
        used += chosen[order[i]] ? GAP + n : 0;
    }
    left = width > used + GAP ? width - used - GAP : 0;
    chosen[BAR] = chosen[PERCENT] && left >= BAR_MIN;
    return left < BAR_MAX ? left : BAR_MAX;
}

void progress_bar(const struct progress_view *v, unsigned width, struct buf *out)
{
    bool        chosen[PARTS] = { false };
    struct line l;
    unsigned    bar;

    fill(v, &l);
    bar = choose(&l, width, chosen);
    buf_add(out, "%.*s", (int)width, l.text[NAME]);
    for (int p = NAME + 1; p < PARTS; p++) {
        if (!chosen[p])
            continue;
        buf_add(out, "%*s", GAP, "");
        if (p == BAR)
            add_bar(bar, l.percent, out);
        else
            buf_add(out, "%s", l.text[p]);
    }
}

void progress_sentence(const struct progress_view *v, struct buf *out)
{
    const char *before = ": ";
    struct line l;

    fill(v, &l);
    buf_add(out, "%s", l.text[NAME]);
    for (int p = COUNT; p < PARTS; p++) {
        if (l.text[p][0] == '\0')
            continue;
        buf_add(out, "%s%s", before, l.text[p]);
        if (p == COUNT && l.text[PERCENT][0])
            buf_add(out, " (%u%%)", l.percent);
        before = ", ";
    }
}
