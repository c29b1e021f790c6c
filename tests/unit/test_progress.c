/*
 * test_progress.c - what the person who waits sees: on terminals of any width, and in a log.
 */
#include "tests/support/capture.h"
#include "tests/support/test.h"

#include "cli/progress.h"
#include "cli/shown.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/thread.h"

#include <unistd.h>

#define S 1000000000LL

static const struct progress_view half = { .verb = "sending",
                                           .noun = "execution",
                                           .counted = true,
                                           .has_bytes = true,
                                           .done = 123456,
                                           .total = 200000,
                                           .bytes = 456000000,
                                           .seconds = 10 };

static void assert_bar(const struct progress_view *v, unsigned width, const char *expected)
{
    struct buf b;

    buf_init(&b, 4096);
    progress_bar(v, width, &b);
    assert_string_equal(b.p, expected);
    buf_release(&b);
}

static void what_matters_least_is_left_out_first(void **state)
{
    (void)state;
    assert_bar(&half, 199,
               "sending execution  [==================>           ]   61%  123,456/200,000  12.3k/s"
               "  45.6 MB/s  ETA 0:06");
    assert_bar(&half, 79,
               "sending execution  [===> ]   61%  123,456/200,000  12.3k/s  45.6 MB/s  ETA 0:06");
    assert_bar(&half, 70, "sending execution   61%  123,456/200,000  12.3k/s  45.6 MB/s  ETA 0:06");
    assert_bar(&half, 39, "sending execution   61%  ETA 0:06");
    assert_bar(&half, 10, "sending ex");
    assert_bar(&half, 0, "");
}

static void only_what_is_known_is_told(void **state)
{
    struct progress_view v = half;

    (void)state;
    v.total = 0;
    assert_bar(&v, 79, "sending execution  123,456  12.3k/s  45.6 MB/s");
    v.has_bytes = false;
    assert_bar(&v, 79, "sending execution  123,456  12.3k/s");
    v.counted = false;
    assert_bar(&v, 79, "sending execution");
    v = (struct progress_view){ .verb = "waiting", .noun = "" };
    assert_bar(&v, 79, "waiting");
    v = half;
    v.done = 0;
    v.bytes = 0;
    assert_bar(&v, 79,
               "sending execution  [                          ]    0%  0/200,000  0/s  0.0 MB/s");
    v.done = 200000;
    v.seconds = 0;
    assert_bar(&v, 64, "sending execution  [=====]  100%  200,000/200,000  0/s  0.0 MB/s");
}

/* A store that is written to gives more than it counted. */
static void more_than_the_total_is_no_more_than_all(void **state)
{
    struct progress_view v = half;

    (void)state;
    v.done = 200001;
    v.has_bytes = false;
    assert_bar(&v, 52, "sending execution  100%  200,001/200,000  20.0k/s");
}

static void a_long_wait_is_told_in_hours(void **state)
{
    struct progress_view v = half;

    (void)state;
    v.done = 100;
    v.has_bytes = false;
    assert_bar(&v, 70, "sending execution  [           ]    0%  100/200,000  10/s  ETA 5:33:10");
}

static void no_line_is_wider_than_its_terminal(void **state)
{
    static const char *const nouns[] = { "", "flow", "subflow-link", "execution" };
    uint64_t                 seed = test_seed();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        unsigned             width = (unsigned)test_below(&seed, 250);
        struct progress_view v = { .verb = test_below(&seed, 4)
                                               ? "reading topic"
                                               : "waiting for the topics to settle",
                                   .noun = nouns[test_below(&seed, COUNT_OF(nouns))],
                                   .counted = test_below(&seed, 8) > 0,
                                   .has_bytes = test_below(&seed, 2) > 0,
                                   .done = test_rand(&seed) >> test_below(&seed, 64),
                                   .total = test_rand(&seed) >> test_below(&seed, 64),
                                   .bytes = test_rand(&seed) >> test_below(&seed, 64),
                                   .seconds = (double)test_below(&seed, 100000) / 7 };
        struct buf           b;

        buf_init(&b, 4096);
        progress_bar(&v, width, &b);
        assert_true(b.n <= width);
        for (size_t j = 0; j < b.n; j++)
            assert_in_range(b.p[j], ' ', '~');
        progress_sentence(&v, &b);
        buf_release(&b);
    }
}

static void a_log_gets_a_sentence(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4096);
    progress_sentence(&half, &b);
    assert_string_equal(b.p, "sending execution: 123,456/200,000 (61%), 12.3k/s, 45.6 MB/s, "
                             "ETA 0:06");
    buf_release(&b);
}

static void counts_are_grouped_by_thousands(void **state)
{
    char text[SHOWN_COUNT];

    (void)state;
    shown_count(0, text);
    assert_string_equal(text, "0");
    shown_count(999, text);
    assert_string_equal(text, "999");
    shown_count(1000, text);
    assert_string_equal(text, "1,000");
    shown_count(UINT64_MAX, text);
    assert_string_equal(text, "18,446,744,073,709,551,615");
}

/* ---- on stderr ---------------------------------------------------------------------------- */

struct world {
    struct capture       screen;
    struct progress      progress;
    atomic_uint_fast64_t done, bytes;
};

static int setup(void **state)
{
    *state = mem_alloc(sizeof(struct world));
    log_setup(LOG_INFO, false);
    (void)unsetenv("COLUMNS");
    (void)unsetenv("CI");
    (void)setenv("TERM", "xterm", 1);
    return 0;
}

/* Without the line of the test before. */
static void clean(void)
{
    (void)log_raw(STDERR_FILENO, SLICE(""), false);
}

static int teardown(void **state)
{
    mem_free(*state);
    clean();
    log_setup(LOG_WARN, false);
    return 0;
}

/* A phase whose rates do not depend on the clock: nothing is done yet. */
static void begin(struct world *w, const char *noun)
{
    progress_phase(&w->progress, "sending", noun, &w->done, &w->bytes, 1000);
}

static void without_a_terminal_there_is_a_line_every_ten_seconds(void **state)
{
    struct world *w = *state;
    int64_t       now = clock_mono_ns();

    capture_start(&w->screen);
    progress_init(&w->progress, true);
    begin(w, "flow");
    for (int i = 0; i < 250; i++)
        progress_tick(&w->progress, now + i * S / 10);
    progress_end(&w->progress);
    capture_end(&w->screen);
    assert_int_equal(w->screen.n, 2);
    assert_string_equal(w->screen.writes[0],
                        "requeue: sending flow: 0/1,000 (0%), 0/s, 0.0 MB/s\n");
    assert_string_equal(w->screen.writes[1], w->screen.writes[0]);
}

static void lines_of_a_json_log_are_json(void **state)
{
    struct world *w = *state;

    log_setup(LOG_INFO, true);
    capture_start(&w->screen);
    progress_init(&w->progress, true);
    begin(w, "flow");
    progress_tick(&w->progress, clock_mono_ns() + 11 * S);
    capture_end(&w->screen);
    assert_int_equal(w->screen.n, 1);
    assert_int_equal(w->screen.writes[0][0], '{');
    assert_non_null(strstr(w->screen.writes[0], "\"message\":\"sending flow: 0/1,000 (0%)"));
}

static void nothing_is_shown_when_it_is_not_wanted(void **state)
{
    struct world *w = *state;

    capture_start(&w->screen);
    progress_init(&w->progress, false);
    begin(w, "flow");
    progress_tick(&w->progress, clock_mono_ns() + 11 * S);
    progress_end(&w->progress);
    capture_end(&w->screen);
    assert_int_equal(w->screen.n, 0);
}

/* The widest line between two of ERASE or line feed. */
static size_t widest(const char *text)
{
    size_t most = 0;

    while (*text) {
        size_t n = strcspn(text, "\r\n");

        most = n > most ? n : most;
        text += n;
        text += strspn(text, "\r\n");
        if (strncmp(text, "\033[K", 3) == 0)
            text += 3;
    }
    return most;
}

static void a_line_fits_the_terminal_it_is_drawn_on(void **state)
{
    static const unsigned widths[] = { 1, 20, 40, 80, 200 };
    static const size_t   drawn[] = { 0, 19, 35, 79, 84 };

    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        struct world *w = *state;

        if (!capture_terminal(&w->screen, widths[i]))
            skip();
        progress_init(&w->progress, true);
        begin(w, "subflow-link");
        progress_tick(&w->progress, clock_mono_ns() + S);
        capture_end(&w->screen);
        clean();
        assert_int_equal(w->screen.n, drawn[i] > 0);
        assert_int_equal(drawn[i] > 0 ? widest(w->screen.writes[0]) : 0, drawn[i]);
    }
}

static void a_terminal_may_change_its_width_meanwhile(void **state)
{
    struct world *w = *state;
    int64_t       now = clock_mono_ns();

    if (!capture_terminal(&w->screen, 80))
        skip();
    progress_init(&w->progress, true);
    begin(w, "flow");
    progress_tick(&w->progress, now + S);
    capture_resize(&w->screen, 40);
    progress_tick(&w->progress, now + 2 * S);
    capture_end(&w->screen);
    assert_string_equal(
        w->screen.writes[0],
        "sending flow  [                              ]    0%  0/1,000  0/s  0.0 MB/s\r\033[K"
        "sending flow    0%  0/1,000  0/s");
}

static void a_terminal_without_a_width_is_as_wide_as_columns_says(void **state)
{
    struct world *w = *state;

    (void)setenv("COLUMNS", "20", 1);
    if (!capture_terminal(&w->screen, 0))
        skip();
    progress_init(&w->progress, true);
    begin(w, "flow");
    progress_tick(&w->progress, clock_mono_ns() + S);
    capture_end(&w->screen);
    assert_string_equal(w->screen.writes[0], "sending flow    0%");
}

static void a_phase_that_was_drawn_leaves_its_last_line(void **state)
{
    struct world *w = *state;

    if (!capture_terminal(&w->screen, 20))
        skip();
    progress_init(&w->progress, true);
    begin(w, "flow");
    progress_tick(&w->progress, clock_mono_ns() + S);
    atomic_store(&w->done, 1000);
    begin(w, "trigger"); /* over before it is drawn */
    begin(w, "execution");
    progress_end(&w->progress);
    capture_end(&w->screen);
    assert_string_equal(w->screen.writes[0], "sending flow    0%\r\033[K"
                                             "sending flow  100%\n");
}

static void a_build_server_gets_lines_of_a_log_even_on_a_terminal(void **state)
{
    static const char *const variables[][2] = { { "CI", "true" }, { "TERM", "dumb" } };

    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        struct world *w = *state;

        (void)setenv(variables[i][0], variables[i][1], 1);
        if (!capture_terminal(&w->screen, 80))
            skip();
        progress_init(&w->progress, true);
        begin(w, "flow");
        progress_tick(&w->progress, clock_mono_ns() + S);
        progress_tick(&w->progress, clock_mono_ns() + 11 * S);
        capture_end(&w->screen);
        assert_string_equal(w->screen.writes[0],
                            "requeue: sending flow: 0/1,000 (0%), 0/s, 0.0 MB/s\n");
        (void)unsetenv("CI");
    }
}

/* ---- two threads -------------------------------------------------------------------------- */

struct setter {
    struct progress     *p;
    atomic_uint_fast64_t low, high;
    atomic_bool          ended;
};

static void set_phases(void *arg)
{
    struct setter *s = arg;

    for (int i = 0; i < 20000; i++)
        if (i % 2)
            progress_phase(s->p, "low", "low", &s->low, NULL, 1);
        else
            progress_phase(s->p, "high", "high", &s->high, NULL, 2);
    atomic_store(&s->ended, true);
}

/* Half of one phase and half of the other once gave a count of 2 to the 64. */
static void a_look_sees_one_phase_not_parts_of_two(void **state)
{
    struct world        *w = *state;
    struct setter        s = { .p = &w->progress, .high = 1000 };
    struct thread       *t = thread_start(set_phases, &s);
    uint64_t             wrong = 0;
    struct progress_view v;

    while (!atomic_load(&s.ended))
        if (progress_look(&w->progress, 0, &v) && v.verb)
            wrong += v.done != 0 || strcmp(v.verb, v.noun) != 0 ||
                     v.total != (strcmp(v.verb, "low") == 0 ? 1 : 2);
    thread_join(t);
    assert_int_equal(wrong, 0);
    assert_true(progress_look(&w->progress, 0, &v));
    assert_string_equal(v.noun, "low");
}

int main(void)
{
#define WITH(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matters_least_is_left_out_first),
        cmocka_unit_test(only_what_is_known_is_told),
        cmocka_unit_test(more_than_the_total_is_no_more_than_all),
        cmocka_unit_test(a_long_wait_is_told_in_hours),
        cmocka_unit_test(no_line_is_wider_than_its_terminal),
        cmocka_unit_test(a_log_gets_a_sentence),
        cmocka_unit_test(counts_are_grouped_by_thousands),
        WITH(without_a_terminal_there_is_a_line_every_ten_seconds),
        WITH(lines_of_a_json_log_are_json),
        WITH(nothing_is_shown_when_it_is_not_wanted),
        WITH(a_line_fits_the_terminal_it_is_drawn_on),
        WITH(a_terminal_may_change_its_width_meanwhile),
        WITH(a_terminal_without_a_width_is_as_wide_as_columns_says),
        WITH(a_phase_that_was_drawn_leaves_its_last_line),
        WITH(a_build_server_gets_lines_of_a_log_even_on_a_terminal),
        WITH(a_look_sees_one_phase_not_parts_of_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
