/* queue.c - a bounded queue of pointers between threads: a ring under one mutex. */
#include "lib/base/queue.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

struct queue {
    pthread_mutex_t lock; /* protects all below */
    pthread_cond_t  not_full;
    pthread_cond_t  not_empty;
    bool            closed;
    bool            aborted;
    size_t          max;
    size_t          head; /* the oldest item */
    size_t          n;
    void           *items[];
};

/* An error of pthread is a bug of ours: a mutex that does not exist, a lock held twice. */
static void must(int rc)
{
    if (rc != 0)
        abort();
}

struct queue *queue_new(size_t max_items)
{
    struct queue      *q;
    pthread_condattr_t attr;

    assert(max_items > 0 && max_items < SIZE_MAX / sizeof(void *) / 2);
    q = mem_alloc(sizeof(*q) + max_items * sizeof(void *));
    q->max = max_items;
    must(pthread_mutex_init(&q->lock, NULL));
    must(pthread_condattr_init(&attr));
    must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must(pthread_cond_init(&q->not_full, NULL));
    must(pthread_cond_init(&q->not_empty, &attr));
    must(pthread_condattr_destroy(&attr));
    return q;
}

/* Lock held. */
static void *take(struct queue *q)
{
    void *item = q->items[q->head];

    q->head = (q->head + 1) % q->max;
    q->n--;
    return item;
}

void queue_free(struct queue *q, void (*free_item)(void *item))
{
    if (!q)
        return;
    while (q->n > 0) {
        void *item = take(q);

        if (free_item)
            free_item(item);
    }
    must(pthread_cond_destroy(&q->not_full));
    must(pthread_cond_destroy(&q->not_empty));
    must(pthread_mutex_destroy(&q->lock));
    mem_free(q);
}

bool queue_push(struct queue *q, void *item)
{
    bool open;

    assert(item);
    must(pthread_mutex_lock(&q->lock));
    while (q->n == q->max && !q->closed && !q->aborted)
        must(pthread_cond_wait(&q->not_full, &q->lock));
    open = !q->closed && !q->aborted;
    if (open) {
        q->items[(q->head + q->n) % q->max] = item;
        q->n++;
        must(pthread_cond_signal(&q->not_empty));
    }
    must(pthread_mutex_unlock(&q->lock));
    return open;
}

/* Wait for an item until `deadline` (NULL: for ever). */
static void *pop(struct queue *q, const struct timespec *deadline, bool *timed_out)
{
    void *item = NULL;
    int   rc = 0;

    must(pthread_mutex_lock(&q->lock));
    while (q->n == 0 && !q->closed && !q->aborted && rc != ETIMEDOUT) {
        rc = deadline ? pthread_cond_timedwait(&q->not_empty, &q->lock, deadline)
                      : pthread_cond_wait(&q->not_empty, &q->lock);
        must(rc == ETIMEDOUT ? 0 : rc);
    }
    if (q->n > 0 && !q->aborted) {
        item = take(q);
        must(pthread_cond_signal(&q->not_full));
    }
    *timed_out = !item && !q->closed && !q->aborted;
    must(pthread_mutex_unlock(&q->lock));
    return item;
}

void *queue_pop(struct queue *q)
{
    bool timed_out;

    return pop(q, NULL, &timed_out);
}

void *queue_pop_wait(struct queue *q, unsigned timeout_ms, bool *timed_out)
{
    int64_t         at = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    struct timespec deadline = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };

    return pop(q, &deadline, timed_out);
}

static void end(struct queue *q, bool *how)
{
    must(pthread_mutex_lock(&q->lock));
    *how = true;
    must(pthread_cond_broadcast(&q->not_full));
    must(pthread_cond_broadcast(&q->not_empty));
    must(pthread_mutex_unlock(&q->lock));
}

void queue_close(struct queue *q)
{
    end(q, &q->closed);
}

void queue_abort(struct queue *q)
{
    end(q, &q->aborted);
}
