/*
 * progress.c - which phase a run is in, and when that is drawn; see progress.h.
 */
#include "cli/progress.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NS_PER_S        1000000000.0
#define REDRAW_NS       200000000LL
#define LINE_EVERY_NS   10000000000LL
#define DEFAULT_COLUMNS 80
#define MAX_COLUMNS     1000
#define LINE_MAX_BYTES  2048

/* Before the threads start. */
static const char *variable(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody calls setenv */
    const char *value = getenv(name);

    return value ? value : "";
}

static bool draws_on_terminal(void)
{
    const char *ci = variable("CI");

    return isatty(STDERR_FILENO) == 1 && strcmp(variable("TERM"), "dumb") != 0 &&
           (*ci == '\0' || strcmp(ci, "false") == 0);
}

void progress_init(struct progress *p, bool shown)
{
    unsigned long columns = strtoul(variable("COLUMNS"), NULL, 10);

    memset(p, 0, sizeof(*p));
    p->shown = shown;
    p->terminal = draws_on_terminal();
    p->columns = columns <= MAX_COLUMNS ? (unsigned)columns : 0;
    p->drawn_ns = clock_mono_ns();
}

/* Asked for each line: the window may have another size by now. */
static unsigned columns_now(const struct progress *p)
{
    struct winsize size = { 0 };

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
    return p->columns > 0 ? p->columns : DEFAULT_COLUMNS;
}

bool progress_look(struct progress *p, int64_t now, struct progress_view *out)
{
    uint64_t              generation = atomic_load(&p->generation);
    atomic_uint_fast64_t *done = atomic_load(&p->done);
    atomic_uint_fast64_t *bytes = atomic_load(&p->bytes);

    *out =
        (struct progress_view){ .verb = atomic_load(&p->verb),
                                .noun = atomic_load(&p->noun),
                                .counted = done != NULL,
                                .has_bytes = bytes != NULL,
                                .total = atomic_load(&p->total),
                                .seconds = (double)(now - atomic_load(&p->started_ns)) / NS_PER_S };
    if (done)
        out->done = atomic_load(done) - atomic_load(&p->done_base);
    if (bytes)
        out->bytes = atomic_load(bytes) - atomic_load(&p->bytes_base);
    return generation % 2 == 0 && generation == atomic_load(&p->generation);
}

/* One column stays free: a full line would make some terminals wrap. */
static void draw(const struct progress *p, const struct progress_view *v, bool transient)
{
    struct buf b;

    buf_init(&b, LINE_MAX_BYTES);
    progress_bar(v, columns_now(p) - 1, &b);
    if (!transient)
        buf_add(&b, "\n");
    (void)log_raw(STDERR_FILENO, buf_slice(&b), transient);
    buf_release(&b);
}

/* What was never drawn, because it was over at once, leaves no line. */
static void leave(struct progress *p)
{
    struct progress_view v;

    if (!p->shown || !p->terminal || atomic_load(&p->drawn) != atomic_load(&p->generation) ||
        !progress_look(p, clock_mono_ns(), &v) || !v.verb)
        return;
    draw(p, &v, false);
}

void progress_phase(struct progress *p, const char *verb, const char *noun,
                    atomic_uint_fast64_t *done, atomic_uint_fast64_t *bytes, uint64_t total)
{
    leave(p);
    (void)atomic_fetch_add(&p->generation, 1);
    atomic_store(&p->verb, verb);
    atomic_store(&p->noun, noun);
    atomic_store(&p->done, done);
    atomic_store(&p->bytes, bytes);
    atomic_store(&p->total, total);
    atomic_store(&p->done_base, done ? atomic_load(done) : 0);
    atomic_store(&p->bytes_base, bytes ? atomic_load(bytes) : 0);
    atomic_store(&p->started_ns, clock_mono_ns());
    (void)atomic_fetch_add(&p->generation, 1);
}

void progress_end(struct progress *p)
{
    progress_phase(p, NULL, NULL, NULL, NULL, 0);
    if (p->shown && p->terminal)
        (void)log_raw(STDERR_FILENO, slice_of("", 0), true);
}

void progress_tick(struct progress *p, int64_t now)
{
    struct progress_view v;
    struct buf           b;

    if (!p->shown || now - p->drawn_ns < (p->terminal ? REDRAW_NS : LINE_EVERY_NS) ||
        !progress_look(p, now, &v) || !v.verb)
        return;
    p->drawn_ns = now;
    if (p->terminal) {
        atomic_store(&p->drawn, atomic_load(&p->generation));
        draw(p, &v, true);
        return;
    }
    buf_init(&b, LINE_MAX_BYTES);
    progress_sentence(&v, &b);
    log_msg(LOG_INFO, "%s", b.p);
    buf_release(&b);
}
