/* thread.c - threads, the stop flag and signals. */
#include "lib/base/thread.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <pthread.h>
#include <signal.h>

struct thread {
    pthread_t id;
    void (*fn)(void *arg);
    void *arg;
};

static void *run(void *context)
{
    const struct thread *t = context;

    t->fn(t->arg);
    return NULL;
}

struct thread *thread_start(void (*fn)(void *arg), void *arg)
{
    struct thread *t = mem_alloc(sizeof(*t));
    int            rc;

    t->fn = fn;
    t->arg = arg;
    rc = pthread_create(&t->id, NULL, run, t);
    if (rc != 0) {
        log_msg(LOG_ERROR, "the system gives no thread (error %d): see its limits of processes",
                rc);
        abort();
    }
    return t;
}

void thread_join(struct thread *t)
{
    if (pthread_join(t->id, NULL) != 0)
        abort();
    mem_free(t);
}

void thread_once(struct once *o, void (*fn)(void))
{
    /* One for all: it is taken a few times in the life of a process. */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* protects each `done` */

    if (pthread_mutex_lock(&lock) != 0)
        abort();
    if (!o->done)
        fn();
    o->done = true;
    if (pthread_mutex_unlock(&lock) != 0)
        abort();
}

static sigset_t ending_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    return set;
}

void thread_block_signals(void)
{
    sigset_t set = ending_signals();

    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        abort();
}

int thread_wait_signal(unsigned timeout_ms)
{
    sigset_t        set = ending_signals();
    struct timespec limit = { .tv_sec = timeout_ms / 1000,
                              .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };
    int             sig = sigtimedwait(&set, NULL, &limit);

    /* -1: the time is over, or another signal came between; the caller is a loop. */
    return sig == -1 ? 0 : sig;
}
