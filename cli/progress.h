/*
 * progress.h - what is going on, for the person who waits (design part 12).
 *
 * The command's thread says which phase it is in; the supervisor draws: on a terminal one line,
 * redrawn; else one line every ten seconds. Everything shared is atomic.
 */
#ifndef REQUEUE_PROGRESS_H
#define REQUEUE_PROGRESS_H

#include "lib/store/pipeline.h"

struct progress {
    bool                            shown; /* set before the threads start */
    bool                            terminal;
    _Atomic(const char *)           verb;      /* "sending"; NULL: nothing to show */
    _Atomic(const char *)           noun;      /* "execution" */
    _Atomic(atomic_uint_fast64_t *) done;      /* counters of the phase; they grow elsewhere */
    _Atomic(atomic_uint_fast64_t *) bytes;     /* NULL: bytes are not counted */
    atomic_uint_fast64_t            total;     /* 0: unknown */
    atomic_uint_fast64_t            done_base; /* values when the phase began */
    atomic_uint_fast64_t            bytes_base;
    atomic_int_fast64_t             started_ns;
    int64_t                         drawn_ns; /* supervisor only */
};

void progress_init(struct progress *p, bool shown);

/* Command's thread: a phase begins. Texts are string constants. */
void progress_phase(struct progress *p, const char *verb, const char *noun,
                    atomic_uint_fast64_t *done, atomic_uint_fast64_t *bytes, uint64_t total);
void progress_end(struct progress *p);

/* Supervisor: draw when it is time. */
void progress_tick(struct progress *p);

#endif
