/*
 * progress.c - see progress.h.
 */
#include "cli/progress.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <unistd.h>

#define NS_PER_S      1000000000.0
#define REDRAW_NS     200000000LL
#define LINE_EVERY_NS 10000000000LL

void progress_init(struct progress *p, bool shown)
{
    memset(p, 0, sizeof(*p));
    p->shown = shown;
    p->terminal = isatty(STDERR_FILENO) == 1;
    p->drawn_ns = clock_mono_ns();
}

void progress_phase(struct progress *p, const char *verb, const char *noun,
                    atomic_uint_fast64_t *done, atomic_uint_fast64_t *bytes, uint64_t total)
{
    atomic_store(&p->verb, NULL);
    atomic_store(&p->noun, noun);
    atomic_store(&p->done, done);
    atomic_store(&p->bytes, bytes);
    atomic_store(&p->total, total);
    atomic_store(&p->done_base, done ? atomic_load(done) : 0);
    atomic_store(&p->bytes_base, bytes ? atomic_load(bytes) : 0);
    atomic_store(&p->started_ns, clock_mono_ns());
    atomic_store(&p->verb, verb);
}

void progress_end(struct progress *p)
{
    atomic_store(&p->verb, NULL);
    if (p->shown && p->terminal)
        log_raw(STDERR_FILENO, slice_of("", 0), true);
}

static void add_eta(struct buf *b, uint64_t done, uint64_t total, double rate)
{
    uint64_t left_s;

    if (total == 0 || done > total || rate <= 0)
        return;
    left_s = (uint64_t)((double)(total - done) / rate + 0.5);
    buf_add(b, "  ETA %llu:%02llu", (unsigned long long)(left_s / 60),
            (unsigned long long)(left_s % 60));
}

static void render(struct progress *p, const char *verb, int64_t now, struct buf *b)
{
    atomic_uint_fast64_t *done_at = atomic_load(&p->done);
    atomic_uint_fast64_t *bytes_at = atomic_load(&p->bytes);
    double                seconds = (double)(now - atomic_load(&p->started_ns)) / NS_PER_S;
    uint64_t              total = atomic_load(&p->total);
    uint64_t              done = 0;
    double                rate;

    buf_add(b, "%s %s", verb, atomic_load(&p->noun));
    if (!done_at)
        return;
    done = atomic_load(done_at) - atomic_load(&p->done_base);
    rate = seconds > 0 ? (double)done / seconds : 0;
    buf_add(b, ": %llu", (unsigned long long)done);
    if (total > 0)
        buf_add(b, "/%llu  %llu%%", (unsigned long long)total,
                (unsigned long long)(done >= total ? 100 : done * 100 / total));
    buf_add(b, "  %.0f/s", rate);
    if (bytes_at && seconds > 0)
        buf_add(b, "  %.1f MB/s",
                (double)(atomic_load(bytes_at) - atomic_load(&p->bytes_base)) / 1e6 / seconds);
    add_eta(b, done, total, rate);
}

void progress_tick(struct progress *p)
{
    const char *verb = atomic_load(&p->verb);
    int64_t     now = clock_mono_ns();
    struct buf  b = { 0 };

    if (!p->shown || !verb || now - p->drawn_ns < (p->terminal ? REDRAW_NS : LINE_EVERY_NS))
        return;
    p->drawn_ns = now;
    buf_init(&b, 512);
    render(p, verb, now, &b);
    if (!p->terminal)
        buf_add(&b, "\n");
    log_raw(STDERR_FILENO, buf_slice(&b), p->terminal);
    buf_release(&b);
}
