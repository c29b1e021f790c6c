/* test_log.c - log lines and the progress line, as they arrive on stderr. */
#include "tests/support/capture.h"
#include "tests/support/test.h"

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int setup(void **state)
{
    *state = mem_alloc(sizeof(struct capture));
    log_setup(LOG_DEBUG, false);
    return 0;
}

static int teardown(void **state)
{
    mem_free(*state);
    log_setup(LOG_WARN, false);
    return 0;
}

static void each_line_is_one_write_with_its_level(void **state)
{
    struct capture *c = *state;

    capture_start(c);
    log_msg(LOG_ERROR, "no %s", "disk");
    log_msg(LOG_WARN, "try again");
    log_msg(LOG_INFO, "done");
    log_msg(LOG_DEBUG, "x = %d", 42);
    capture_end(c);
    assert_int_equal(c->n, 4);
    assert_string_equal(c->writes[0], "requeue: error: no disk\n");
    assert_string_equal(c->writes[1], "requeue: warning: try again\n");
    assert_string_equal(c->writes[2], "requeue: done\n");
    assert_string_equal(c->writes[3], "requeue: debug: x = 42\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    struct capture *c = *state;

    log_setup(LOG_WARN, false);
    capture_start(c);
    log_msg(LOG_DEBUG, "no");
    log_msg(LOG_INFO, "no");
    log_msg(LOG_WARN, "yes");
    log_msg(LOG_ERROR, "yes");
    capture_end(c);
    assert_int_equal(c->n, 2);
}

static void control_characters_cannot_reach_the_terminal(void **state)
{
    struct capture *c = *state;

    capture_start(c);
    log_msg(LOG_INFO, "a\x1b[2J\r\nb\xc2\x9b"
                      "c\n");
    log_msg(LOG_INFO, "d\xc3\xa9j\xc3\xa0\n\n");
    capture_end(c);
    assert_int_equal(c->n, 2);
    assert_string_equal(c->writes[0], "requeue: a?[2J??b??c\n");
    assert_string_equal(c->writes[1], "requeue: d\xc3\xa9j\xc3\xa0\n");
}

static void a_long_message_is_cut_with_dots(void **state)
{
    struct capture *c = *state;

    capture_start(c);
    log_msg(LOG_INFO, "%05000d", 1);
    log_msg(LOG_INFO, "%s", "");
    capture_end(c);
    assert_int_equal(c->n, 2);
    assert_true(strlen(c->writes[0]) > 2000);
    assert_string_equal(c->writes[0] + strlen(c->writes[0]) - 6, "00...\n");
    assert_string_equal(c->writes[1], "requeue: \n");
}

static const char *text_of(const struct json_node *node, const char *name)
{
    static char         text[4096];
    const struct slice *s = &json_get(node, name)->text;

    memcpy(text, s->p, s->n);
    text[s->n] = '\0';
    return text;
}

static void json_lines_are_objects_of_three_members(void **state)
{
    struct capture         *c = *state;
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    const struct json_node *root = NULL;

    log_setup(LOG_DEBUG, true);
    capture_start(c);
    log_msg(LOG_WARN, "a \"quoted\" \\ back\tslash, \xff and d\xc3\xa9j\xc3\xa0");
    log_msg(LOG_INFO, "done");
    capture_end(c);
    assert_int_equal(c->n, 2);
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(c->writes[i]);

        assert_int_equal(c->writes[i][n - 1], '\n');
        assert_true(json_tree(slice_of(c->writes[i], n - 1), a, &root, &err));
        assert_int_equal(root->n, 3);
        assert_int_equal(strlen(text_of(root, "time")), 24);
        assert_string_equal(text_of(root, "level"), i == 0 ? "warning" : "info");
        assert_string_equal(
            text_of(root, "message"),
            i == 0 ? "a \"quoted\" \\ back?slash, \xef\xbf\xbd and d\xc3\xa9j\xc3\xa0" : "done");
    }
    arena_free(a);
}

static void a_progress_line_is_erased_by_what_comes_next(void **state)
{
    struct capture *c = *state;

    capture_start(c);
    log_raw(STDERR_FILENO, SLICE("10 %"), true);
    log_raw(STDERR_FILENO, SLICE("20 %"), true);
    log_msg(LOG_WARN, "slow");
    log_raw(STDERR_FILENO, SLICE("30 %"), true);
    log_raw(STDERR_FILENO, SLICE("table\n"), false);
    log_raw(STDERR_FILENO, SLICE("more\n"), false);
    capture_end(c);
    assert_int_equal(c->n, 6);
    assert_string_equal(c->writes[0], "10 %");
    assert_string_equal(c->writes[1], "\r\033[K20 %");
    assert_string_equal(c->writes[2], "\r\033[Krequeue: warning: slow\n");
    assert_string_equal(c->writes[3], "30 %");
    assert_string_equal(c->writes[4], "\r\033[Ktable\n");
    assert_string_equal(c->writes[5], "more\n");
}

static void a_progress_line_is_erased_where_it_stands(void **state)
{
    struct capture *c = *state;
    char            out[64] = { 0 };
    int             ends[2];

    assert_int_equal(pipe(ends), 0);
    capture_start(c);
    log_raw(STDERR_FILENO, SLICE("10 %"), true);
    log_raw(ends[1], SLICE("result\n"), false);
    capture_end(c);
    assert_int_equal(read(ends[0], out, sizeof(out) - 1), 7);
    assert_string_equal(out, "result\n");
    assert_int_equal(c->n, 2);
    assert_string_equal(c->writes[1], "\r\033[K");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void errno_survives_a_log_line(void **state)
{
    struct capture *c = *state;
    int             after;

    capture_start(c);
    errno = ENOSPC;
    log_msg(LOG_ERROR, "x");
    assert_int_equal(log_raw(-1, SLICE("cannot be written"), false), EBADF);
    after = errno;
    capture_end(c);
    assert_int_equal(after, ENOSPC);
}

#define THREADS 4
#define LINES   300

static void log_many(void *arg)
{
    const char *who = arg;

    for (int i = 0; i < LINES; i++) {
        log_msg(LOG_INFO, "thread %s", who);
        log_raw(STDERR_FILENO, SLICE("progress"), true);
    }
}

/* Every line is whole: what is left without the erased progress lines is nothing but lines. */
static void lines_of_many_threads_never_mix(void **state)
{
    static const char *const names[THREADS] = { "aaaa", "bbbb", "cccc", "dddd" };
    struct thread           *t[THREADS];
    char                     path[] = "/tmp/requeue-test-XXXXXX";
    int                      fd = mkstemp(path);
    int                      real = dup(STDERR_FILENO);
    char                    *text = mem_alloc(1 << 20);
    ssize_t                  n;
    int                      lines = 0;

    (void)state;
    assert_int_not_equal(fd, -1);
    (void)unlink(path);
    (void)dup2(fd, STDERR_FILENO);
    for (size_t i = 0; i < THREADS; i++)
        t[i] = thread_start(log_many, (void *)(uintptr_t)names[i]);
    for (size_t i = 0; i < THREADS; i++)
        thread_join(t[i]);
    log_raw(STDERR_FILENO, SLICE(""), false); /* ends the last progress line */
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    n = pread(fd, text, (1 << 20) - 1, 0);
    (void)close(fd);
    assert_true(n > 0);
    for (const char *p = text; *p != '\0';) {
        if (strncmp(p, "progress\r\033[K", 12) == 0) {
            p += 12;
            continue;
        }
        assert_true(strncmp(p, "requeue: thread ", 16) == 0);
        p += 16;
        assert_int_equal(strspn(p, (char[]){ *p, '\0' }), 4);
        assert_int_equal(p[4], '\n');
        p += 5;
        lines++;
    }
    assert_int_equal(lines, THREADS * LINES);
    mem_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_is_one_write_with_its_level, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_above_the_level_are_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_cannot_reach_the_terminal, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_long_message_is_cut_with_dots, setup, teardown),
        cmocka_unit_test_setup_teardown(json_lines_are_objects_of_three_members, setup, teardown),
        cmocka_unit_test_setup_teardown(a_progress_line_is_erased_by_what_comes_next, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_progress_line_is_erased_where_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(errno_survives_a_log_line, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_many_threads_never_mix, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
