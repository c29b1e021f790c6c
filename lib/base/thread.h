/*
 * thread.h - threads, the stop flag and signals (a door to pthread).
 *
 * No signal handler anywhere: SIGINT and SIGTERM are blocked before the first thread and taken by
 * the supervisor with thread_wait_signal(), which is also its clock.
 */
#ifndef REQUEUE_THREAD_H
#define REQUEUE_THREAD_H

#include "lib/base/base.h"

#include <stdatomic.h>

struct thread;

/* Run fn(arg) in a new thread. The caller joins it exactly once; join frees the handle. Aborts when
 * the system gives no thread (as out of memory does). */
struct thread *thread_start(void (*fn)(void *arg), void *arg) MUST_CHECK;
void           thread_join(struct thread *t);

/* Set once by whoever wants the run to end (a signal, the first error), read by every loop. */
struct stop {
    atomic_bool asked;
};

static inline void stop_ask(struct stop *s)
{
    atomic_store_explicit(&s->asked, true, memory_order_relaxed);
}

static inline bool stop_asked(const struct stop *s)
{
    return s && atomic_load_explicit(&s->asked, memory_order_relaxed);
}

/* What is to happen once in the life of the process, whichever thread comes first: a static,
 * all-zero struct. */
struct once {
    bool done; /* read and written by thread_once alone */
};

/* Call fn unless an earlier call did; returns when fn has returned. fn must not call thread_once.
 * For the set-up of libraries that have one for the whole process. */
void thread_once(struct once *o, void (*fn)(void));

/* Block SIGINT and SIGTERM in this thread and all it starts; ignore SIGPIPE. Before any thread. */
void thread_block_signals(void);

/* Wait up to timeout_ms for SIGINT or SIGTERM: its number, or 0. Supervisor only. */
int thread_wait_signal(unsigned timeout_ms);

#endif
