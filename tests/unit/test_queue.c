/* test_queue.c - a bounded queue between threads. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/queue.h"
#include "lib/base/thread.h"

static int numbers[1000];

static void items_come_out_in_the_order_they_went_in(void **state)
{
    struct queue *q = queue_new(7);

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 7; i++)
            assert_true(queue_push(q, &numbers[i]));
        for (int i = 0; i < 5; i++)
            assert_ptr_equal(queue_pop(q), &numbers[i]);
        assert_true(queue_push(q, &numbers[7]));
        assert_ptr_equal(queue_pop(q), &numbers[5]);
        assert_ptr_equal(queue_pop(q), &numbers[6]);
        assert_ptr_equal(queue_pop(q), &numbers[7]);
    }
    queue_free(q, NULL);
}

static void a_closed_queue_is_drained_and_takes_nothing(void **state)
{
    struct queue *q = queue_new(4);

    (void)state;
    assert_true(queue_push(q, &numbers[0]));
    assert_true(queue_push(q, &numbers[1]));
    queue_close(q);
    assert_false(queue_push(q, &numbers[2]));
    assert_ptr_equal(queue_pop(q), &numbers[0]);
    assert_ptr_equal(queue_pop(q), &numbers[1]);
    assert_null(queue_pop(q));
    assert_null(queue_pop(q));
    queue_free(q, NULL);
}

static void an_aborted_queue_gives_and_takes_nothing(void **state)
{
    struct queue *q = queue_new(4);
    bool          timed_out = true;

    (void)state;
    assert_true(queue_push(q, &numbers[0]));
    queue_abort(q);
    assert_false(queue_push(q, &numbers[1]));
    assert_null(queue_pop(q));
    assert_null(queue_pop_wait(q, 10000, &timed_out));
    assert_false(timed_out);
    queue_free(q, NULL);
}

static void free_frees_what_is_left(void **state)
{
    struct queue *q = queue_new(4);

    (void)state;
    assert_true(queue_push(q, mem_alloc(10)));
    assert_true(queue_push(q, mem_alloc(10)));
    queue_abort(q);
    queue_free(q, mem_free); /* AddressSanitizer would see a leak */
    queue_free(NULL, NULL);
}

static void a_wait_for_an_item_ends_after_its_time(void **state)
{
    struct queue *q = queue_new(4);
    bool          timed_out = false;
    int64_t       before = clock_mono_ns();

    (void)state;
    assert_null(queue_pop_wait(q, 30, &timed_out));
    assert_true(timed_out);
    assert_true(clock_mono_ns() - before >= 30000000);
    assert_null(queue_pop_wait(q, 0, &timed_out));
    assert_true(timed_out);
    assert_true(queue_push(q, &numbers[3]));
    assert_ptr_equal(queue_pop_wait(q, 10000, &timed_out), &numbers[3]);
    assert_false(timed_out);
    queue_close(q);
    assert_null(queue_pop_wait(q, 10000, &timed_out));
    assert_false(timed_out);
    queue_free(q, NULL);
}

/* ---- with threads: they write down what they saw, and the test looks after the join --------- */

struct side {
    struct queue *q;
    bool          pushed;
    void         *popped;
};

static void push_one(void *arg)
{
    struct side *s = arg;

    s->pushed = queue_push(s->q, &numbers[9]);
}

static void pop_one(void *arg)
{
    struct side *s = arg;

    s->popped = queue_pop(s->q);
}

static void abort_wakes_a_blocked_pusher(void **state)
{
    struct side    s = { .q = queue_new(1), .pushed = true };
    struct thread *t;

    (void)state;
    assert_true(queue_push(s.q, &numbers[0]));
    t = thread_start(push_one, &s);
    clock_sleep_ms(20);
    queue_abort(s.q);
    thread_join(t);
    assert_false(s.pushed);
    queue_free(s.q, NULL);
}

static void close_wakes_a_blocked_pusher(void **state)
{
    struct side    s = { .q = queue_new(1), .pushed = true };
    struct thread *t;

    (void)state;
    assert_true(queue_push(s.q, &numbers[0]));
    t = thread_start(push_one, &s);
    clock_sleep_ms(20);
    queue_close(s.q);
    thread_join(t);
    assert_false(s.pushed);
    queue_free(s.q, NULL);
}

static void abort_and_close_wake_all_blocked_poppers(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct queue  *q = queue_new(1);
        struct side    s[3];
        struct thread *t[3];

        for (int i = 0; i < 3; i++) {
            s[i] = (struct side){ .q = q, .popped = &numbers[1] };
            t[i] = thread_start(pop_one, &s[i]);
        }
        clock_sleep_ms(20);
        if (how == 0)
            queue_abort(q);
        else
            queue_close(q);
        for (int i = 0; i < 3; i++) {
            thread_join(t[i]);
            assert_null(s[i].popped);
        }
        queue_free(q, NULL);
    }
}

static void room_wakes_a_blocked_pusher(void **state)
{
    struct side    s = { .q = queue_new(1) };
    struct thread *t;

    (void)state;
    assert_true(queue_push(s.q, &numbers[0]));
    t = thread_start(push_one, &s);
    clock_sleep_ms(20);
    assert_ptr_equal(queue_pop(s.q), &numbers[0]);
    assert_ptr_equal(queue_pop(s.q), &numbers[9]);
    thread_join(t);
    assert_true(s.pushed);
    queue_free(s.q, NULL);
}

#define PUSHERS 4
#define POPPERS 3
#define ITEMS   5000 /* of each pusher */

struct worker {
    struct queue *q;
    size_t        first;
    unsigned      n;
    uint64_t      sum;
    bool          failed;
};

/* Items are numbers dressed as pointers. */
static void push_many(void *arg)
{
    struct worker *w = arg;

    for (size_t i = 0; i < ITEMS; i++) {
        if (!queue_push(w->q, (void *)(uintptr_t)(w->first + i)))
            w->failed = true;
    }
}

static void pop_many(void *arg)
{
    struct worker *w = arg;
    void          *item;

    while ((item = queue_pop(w->q))) {
        w->sum += (uintptr_t)item;
        w->n++;
    }
}

static void many_threads_lose_and_double_nothing(void **state)
{
    struct queue  *q = queue_new(3);
    struct worker  w[PUSHERS + POPPERS];
    struct thread *t[PUSHERS + POPPERS];
    uint64_t       sum = 0;
    unsigned       n = 0;

    (void)state;
    for (size_t i = 0; i < PUSHERS + POPPERS; i++) {
        w[i] = (struct worker){ .q = q, .first = 1 + i * ITEMS };
        t[i] = thread_start(i < PUSHERS ? push_many : pop_many, &w[i]);
    }
    for (size_t i = 0; i < PUSHERS + POPPERS; i++) {
        if (i == PUSHERS)
            queue_close(q);
        thread_join(t[i]);
        assert_false(w[i].failed);
        sum += w[i].sum;
        n += w[i].n;
    }
    assert_int_equal(n, PUSHERS * ITEMS);
    assert_int_equal(sum, (uint64_t)PUSHERS * ITEMS * (PUSHERS * ITEMS + 1) / 2);
    queue_free(q, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(a_closed_queue_is_drained_and_takes_nothing),
        cmocka_unit_test(an_aborted_queue_gives_and_takes_nothing),
        cmocka_unit_test(free_frees_what_is_left),
        cmocka_unit_test(a_wait_for_an_item_ends_after_its_time),
        cmocka_unit_test(abort_wakes_a_blocked_pusher),
        cmocka_unit_test(close_wakes_a_blocked_pusher),
        cmocka_unit_test(abort_and_close_wake_all_blocked_poppers),
        cmocka_unit_test(room_wakes_a_blocked_pusher),
        cmocka_unit_test(many_threads_lose_and_double_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
