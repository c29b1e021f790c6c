/*
 * progress.h - what is going on, for the person who waits (design part 12).
 *
 * The command's thread says which phase it is in; the supervisor draws: on a terminal one line a
 * phase, redrawn, as wide as the terminal is at that moment, and left standing when the phase ends;
 * else a line of log every ten seconds. Everything shared is atomic.
 *
 * No terminal: stderr is a pipe or a file, TERM is "dumb", or CI is set (logs of build servers keep
 * every redrawn line).
 */
#ifndef REQUEUE_PROGRESS_H
#define REQUEUE_PROGRESS_H

#include "lib/store/pipeline.h"

struct progress {
    bool                            shown; /* set before the threads start */
    bool                            terminal;
    unsigned                        columns;    /* of COLUMNS; 0: not said */
    atomic_uint_fast64_t            generation; /* odd while a phase is being set */
    _Atomic(const char *)           verb;       /* "sending"; NULL: nothing to show */
    _Atomic(const char *)           noun;       /* "execution" */
    _Atomic(atomic_uint_fast64_t *) done;       /* counters of the phase; they grow elsewhere */
    _Atomic(atomic_uint_fast64_t *) bytes;      /* NULL: bytes are not counted */
    atomic_uint_fast64_t            total;      /* 0: unknown */
    atomic_uint_fast64_t            done_base;  /* values when the phase began */
    atomic_uint_fast64_t            bytes_base;
    atomic_int_fast64_t             started_ns;
    atomic_uint_fast64_t            drawn;    /* the generation that was drawn last */
    int64_t                         drawn_ns; /* supervisor only */
};

/* One look at a phase. */
struct progress_view {
    const char *verb; /* NULL: no phase */
    const char *noun;
    bool        counted;   /* done is known */
    bool        has_bytes; /* bytes too */
    uint64_t    done, total, bytes;
    double      seconds;
};

/* shown: --quiet and --no-progress were not given. Reads TERM, CI and COLUMNS. */
void progress_init(struct progress *p, bool shown);

/* Command's thread: a phase begins. Texts are string constants. */
void progress_phase(struct progress *p, const char *verb, const char *noun,
                    atomic_uint_fast64_t *done, atomic_uint_fast64_t *bytes, uint64_t total);
void progress_end(struct progress *p);

/* Supervisor: draw when it is time; now by clock_mono_ns(). */
void progress_tick(struct progress *p, int64_t now);

/* False: a phase is being set right now. Any thread. */
bool progress_look(struct progress *p, int64_t now, struct progress_view *out);

/* The line of a terminal: never more than width characters, what matters least is left out first.
 * Pure; ASCII. */
void progress_bar(const struct progress_view *v, unsigned width, struct buf *out);
/* The same as a sentence for a log, all of it. */
void progress_sentence(const struct progress_view *v, struct buf *out);

#endif
