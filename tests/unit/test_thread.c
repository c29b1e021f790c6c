/* test_thread.c - threads, the stop flag and signals. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void add_one(void *arg)
{
    *(int *)arg += 1;
}

static void join_waits_for_the_work(void **state)
{
    int n[8] = { 0 };

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct thread *t[8];

        for (size_t i = 0; i < COUNT_OF(t); i++)
            t[i] = thread_start(add_one, &n[i]);
        for (size_t i = 0; i < COUNT_OF(t); i++)
            thread_join(t[i]);
    }
    for (size_t i = 0; i < COUNT_OF(n); i++)
        assert_int_equal(n[i], 3);
}

static void spin_until_stopped(void *arg)
{
    const struct stop *s = arg;

    while (!stop_asked(s))
        clock_sleep_ms(1);
}

static void stop_is_seen_by_another_thread(void **state)
{
    struct stop    s = { false };
    struct thread *t;

    (void)state;
    assert_false(stop_asked(NULL));
    assert_false(stop_asked(&s));
    t = thread_start(spin_until_stopped, &s);
    stop_ask(&s);
    stop_ask(&s);
    thread_join(t);
    assert_true(stop_asked(&s));
}

static void signals_are_taken_one_by_one_by_who_waits(void **state)
{
    (void)state;
    assert_int_equal(thread_wait_signal(0), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(thread_wait_signal(10000), SIGTERM);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    assert_int_equal(thread_wait_signal(10000), SIGINT);
    assert_int_equal(thread_wait_signal(0), 0);
}

static void the_wait_for_a_signal_is_a_clock(void **state)
{
    int64_t before = clock_mono_ns();

    (void)state;
    assert_int_equal(thread_wait_signal(30), 0);
    assert_true(clock_mono_ns() - before >= 30000000);
}

static void signal_from_a_thread(void *arg)
{
    sigset_t blocked;

    (void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    *(bool *)arg = sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGTERM) == 1;
    (void)kill(getpid(), SIGINT);
}

static void threads_inherit_the_block(void **state)
{
    bool           blocked = false;
    struct thread *t = thread_start(signal_from_a_thread, &blocked);

    (void)state;
    assert_int_equal(thread_wait_signal(10000), SIGINT);
    thread_join(t);
    assert_true(blocked);
}

static void a_broken_pipe_is_an_error_and_no_death(void **state)
{
    int     ends[2];
    ssize_t n;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    n = write(ends[1], "x", 1);
    assert_int_equal(n, -1);
    assert_int_equal(errno, EPIPE);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_waits_for_the_work),
        cmocka_unit_test(stop_is_seen_by_another_thread),
        cmocka_unit_test(signals_are_taken_one_by_one_by_who_waits),
        cmocka_unit_test(the_wait_for_a_signal_is_a_clock),
        cmocka_unit_test(threads_inherit_the_block),
        cmocka_unit_test(a_broken_pipe_is_an_error_and_no_death),
    };

    thread_block_signals();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
