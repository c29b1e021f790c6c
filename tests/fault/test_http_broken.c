/*
 * test_http_broken.c - requests to servers that cannot be reached, break off, are silent, or speak
 * something else; and that no message tells a secret.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tests/support/http_world.h"

#include <fcntl.h>
#include <unistd.h>

/* The scripted answer is a head of 92 bytes and a body of 10. */
#define WITHIN_BODY 97

static void assert_failed(const struct http_world *w, bool retriable, const char *says)
{
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_int_equal(w->err.retriable, retriable);
    assert_text_has(w->err.msg, says);
    assert_text_has(w->err.msg, "search server http");
}

/* The client's URL: a dead port, then (with more) the server. */
static void open_dead(struct http_world *w, bool more)
{
    int n = snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", http_world_dead_port());

    if (more)
        (void)snprintf(w->url + n, sizeof(w->url) - (size_t)n, ",127.0.0.1:%d",
                       fake_http_port(w->server));
    http_world_open(w, w->url);
}

/* ---- no connection -------------------------------------------------------------------- */

static void the_next_host_is_asked_at_once_and_kept(void **state)
{
    struct http_world *w = *state;
    int64_t            since = clock_mono_ns();

    open_dead(w, true);
    for (unsigned i = 0; i < 3; i++) {
        http_world_check(w, http_world_post(w, "/_search/scroll", "{}", false));
        assert_int_equal(w->answer.tries, i == 0 ? 2 : 1);
    }
    assert_true(http_world_ms_since(since) < 100);
    assert_int_equal(fake_http_count(w->server), 3);
    assert_int_equal(fake_http_connections(w->server), 1);
    assert_text_has(strrchr(w->url, ':'), strrchr(http_place(w->h), ':'));
}

static void a_host_that_nobody_listens_at_is_tried_until_the_limit(void **state)
{
    struct http_world *w = *state;
    int64_t            since = clock_mono_ns();

    w->conf.limit_s = 1;
    open_dead(w, false);
    assert_false(http_world_post(w, "/x/_search?secret=1", "{}", false));
    assert_failed(w, true, "POST /x/_search: cannot be reached: Connection refused");
    assert_text_has(w->err.msg, w->url);
    assert_text_has(w->err.hint, "check host and port");
    assert_in_range(w->answer.tries, 2, 5);
    assert_in_range(http_world_ms_since(since), 100, 1500);
    assert_int_equal(w->answer.status, 0);
}

static void a_host_without_an_address_is_told(void **state)
{
    struct http_world *w = *state;

    w->conf.limit_s = 1;
    http_world_open(w, "http://no-such-host.invalid:9200");
    assert_false(http_world_get(w, "/"));
    assert_failed(w, true, "the name of the host cannot be resolved");
}

/* ---- broken answers ------------------------------------------------------------------- */

static void cut_script(struct http_world *w, struct fake_answer *a)
{
    a->cut_at = w->cut_at;
    a->end = w->reset ? FAKE_RESET : FAKE_KEEP;
    a->chunk = w->chunk;
}

/* How long the scripted answer is: cut ever later until a request comes through. */
static void break_at_every_byte(struct http_world *w, bool reset, size_t chunk)
{
    unsigned n_seen;

    w->reset = reset;
    w->chunk = chunk;
    w->script = cut_script;
    for (w->cut_at = 0; w->cut_at < 1000; w->cut_at++) {
        n_seen = fake_http_count(w->server);
        w->n_bad = n_seen + 1;
        if (http_world_post(w, "/_search/scroll", "{}", false))
            break;
        assert_int_equal(w->err.kind, ERR_STORE);
        if (!w->err.retriable)
            fail_msg("cut at %zu is not retriable: %s", w->cut_at, w->err.msg);
        assert_int_equal(w->answer.tries, 1);
        assert_int_equal(fake_http_count(w->server), n_seen + 1);
        /* On a connection that is kept alive and has answered already. */
        http_world_check(w, http_world_get(w, "/"));
        n_seen = fake_http_count(w->server);
        w->n_bad = n_seen + 1;
        assert_false(http_world_post(w, "/_search/scroll", "{}", false));
        assert_int_equal(fake_http_count(w->server), n_seen + 1);
    }
    assert_in_range(w->cut_at, 100, 999);
    assert_string_equal(w->answer.body.p, w->body);
}

static void an_answer_cut_at_any_byte_is_no_success(void **state)
{
    break_at_every_byte(*state, false, 0);
}

static void an_answer_reset_at_any_byte_is_no_success(void **state)
{
    break_at_every_byte(*state, true, 0);
}

static void chunks_cut_at_any_byte_are_no_success(void **state)
{
    break_at_every_byte(*state, false, 3);
}

/* Each costs a pause of 100 to 300 ms, so not each byte. */
static void a_broken_answer_is_asked_for_again(void **state)
{
    static const size_t cases[] = { 0, 1, 5, 12, 20, 60, 91, 92, 101 };
    struct http_world  *w = *state;

    w->script = cut_script;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->reset = i % 2 == 1;
        w->cut_at = cases[i];
        w->n_bad = fake_http_count(w->server) + 1;
        http_world_check(w, http_world_post(w, "/_search", "{}", true));
        assert_string_equal(w->answer.body.p, w->body);
        assert_int_equal(w->answer.tries, 2);
        assert_int_equal(fake_http_count(w->server), w->n_bad + 1);
    }
}

static void a_cut_answer_says_how_much_came(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = cut_script;
    w->cut_at = WITHIN_BODY;
    assert_false(http_world_post(w, "/_search/scroll", "{}", false));
    assert_failed(w, true, "the answer was cut short after 5 bytes");
}

static void length_script(struct http_world *w, struct fake_answer *a)
{
    a->length_lie = w->lie;
    a->end = w->lie > 0 ? FAKE_CLOSE : FAKE_KEEP;
}

static void a_length_above_what_comes_is_an_error(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = length_script;
    w->lie = 1;
    assert_false(http_world_post(w, "/", "{}", false));
    assert_failed(w, true, "the answer was cut short after 10 bytes");
}

static void a_length_below_what_comes_spoils_no_later_answer(void **state)
{
    struct http_world *w = *state;

    w->n_bad = 1;
    w->script = length_script;
    w->lie = -4;
    http_world_check(w, http_world_get(w, "/"));
    assert_int_equal(w->answer.body.n, strlen(w->body) - 4);
    for (int i = 0; i < 3; i++) {
        http_world_check(w, http_world_post(w, "/", "{}", false));
        assert_string_equal(w->answer.body.p, w->body);
    }
}

static void slow_script(struct http_world *w, struct fake_answer *a)
{
    (void)w;
    a->byte_us = 1000;
    a->delay_ms = 100;
}

static void a_slow_answer_is_waited_for(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = slow_script;
    http_world_check(w, http_world_post(w, "/", "{}", false));
    assert_string_equal(w->answer.body.p, w->body);
}

static void no_length_script(struct http_world *w, struct fake_answer *a)
{
    (void)w;
    a->no_length = true;
    a->end = FAKE_CLOSE;
}

static void an_answer_without_length_ends_with_its_connection(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = no_length_script;
    for (int i = 0; i < 3; i++) {
        http_world_check(w, http_world_post(w, "/", "{}", false));
        assert_string_equal(w->answer.body.p, w->body);
    }
}

/* ---- silence -------------------------------------------------------------------------- */

static void silent_script(struct http_world *w, struct fake_answer *a)
{
    a->cut_at = w->cut_at;
    a->end = FAKE_SILENT;
}

/* Ends what the main thread waits for, in `after_ms`. */
struct ender {
    struct http_world *w;
    unsigned           after_ms;
    bool               by_cancel;
};

static void end_it(void *arg)
{
    const struct ender *e = arg;

    clock_sleep_ms(e->after_ms);
    if (e->by_cancel)
        http_cancel(e->w->h);
    else
        stop_ask(&e->w->stop);
}

/* How many ms after stop or cancel http_send came back. */
static int64_t ms_to_end(struct http_world *w, bool by_cancel)
{
    struct ender   e = { w, 300, by_cancel };
    int64_t        since = clock_mono_ns();
    struct thread *t;

    if (!w->h)
        http_world_open(w, NULL);
    t = thread_start(end_it, &e);
    assert_false(http_world_get(w, "/"));
    thread_join(t);
    assert_int_equal(w->err.kind, ERR_STOPPED);
    return http_world_ms_since(since) - e.after_ms;
}

static void stop_and_cancel_end_the_wait_for_a_silent_server(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = silent_script;
    for (int i = 0; i < 4; i++) {
        w->cut_at = i < 2 ? 0 : WITHIN_BODY; /* before the first byte, and within the body */
        assert_in_range(ms_to_end(w, i % 2 == 0), 0, 250);
        stop_ask(&w->stop);
        assert_false(http_world_get(w, "/"));
        assert_int_equal(w->err.kind, ERR_STOPPED);
        w->stop = (struct stop){ false };
        http_world_close(w);
    }
}

static void stop_and_cancel_end_the_pause_between_tries(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->bad_status = 429;
    assert_in_range(ms_to_end(w, true), 0, 250);
    http_uncancel(w->h);
    http_world_close(w);
    assert_in_range(ms_to_end(w, false), 0, 250);
}

static void after_a_cancel_the_client_can_be_used_again(void **state)
{
    struct http_world *w = *state;

    http_world_check(w, http_world_get(w, "/"));
    http_cancel(w->h);
    assert_false(http_world_get(w, "/"));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    stop_ask(&w->stop);
    http_uncancel(w->h);
    http_world_check(w, http_world_get(w, "/"));
    http_cancel(w->h);
    assert_false(http_world_get(w, "/"));
    assert_int_equal(fake_http_count(w->server), 2);
}

static void a_silent_server_is_told_when_the_limit_is_over(void **state)
{
    struct http_world *w = *state;

    w->conf.limit_s = 1;
    w->n_bad = FOR_EVER;
    w->script = silent_script;
    assert_false(http_world_get(w, "/"));
    assert_failed(w, true, "no answer within 1 s");
    w->cut_at = WITHIN_BODY;
    assert_false(http_world_get(w, "/"));
    assert_failed(w, true, "the answer was not whole within 1 s");
}

/* ---- other languages ------------------------------------------------------------------ */

static void raw_script(struct http_world *w, struct fake_answer *a)
{
    (void)w;
    a->raw = true;
    a->end = FAKE_CLOSE;
}

static void plain_http_to_a_port_with_tls_is_told(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = raw_script;
    w->bad_body = "\x15\x03\x01\x02\x46\x01"; /* an alert, its NULs left out */
    assert_false(http_world_get(w, "/"));
    assert_failed(w, false, "the port speaks TLS");
    assert_text_has(w->err.hint, "write https:// instead");
    assert_int_equal(w->answer.tries, 1);

    w->script = NULL;
    w->bad_status = 400;
    w->bad_body = "<center>The plain HTTP request was sent to HTTPS port</center>";
    assert_false(http_world_get(w, "/"));
    assert_failed(w, false, "the port speaks TLS");

    /* Elasticsearch just hangs up. */
    http_world_close(w);
    w->script = cut_script;
    assert_false(http_world_post(w, "/", "{}", false));
    assert_failed(w, true, "closed the connection without an answer");
    assert_text_has(w->err.hint, "write https:// instead");
}

static void tls_to_a_plain_port_is_told(void **state)
{
    struct http_world *w = *state;

    (void)snprintf(w->url, sizeof(w->url), "https://127.0.0.1:%d", fake_http_port(w->server));
    http_world_open(w, w->url);
    assert_false(http_world_get(w, "/"));
    assert_failed(w, false, "the port does not speak TLS");
    assert_text_has(w->err.hint, "write http:// instead");
    assert_int_equal(w->answer.tries, 1);
}

static void a_server_that_speaks_no_http_is_told(void **state)
{
    static const char *const cases[] = { "SSH-2.0-OpenSSH_9.2\r\n", "E", "<html>", "ICY 200 OK\r\n",
                                         "HTTQ/1.1 200 OK\r\n\r\n{}" };
    struct http_world       *w = *state;

    w->n_bad = FOR_EVER;
    w->script = raw_script;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->bad_body = cases[i];
        assert_false(http_world_get(w, "/"));
        assert_failed(w, false, "what answers there is no HTTP server");
        assert_int_equal(w->answer.tries, 1);
    }
}

/* ---- secrets -------------------------------------------------------------------------- */

static int to_file(const char *path)
{
    int old = dup(STDERR_FILENO);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd != -1 && old != -1);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    (void)close(fd);
    return old;
}

/* What was logged, and all there is to say of the last failure. */
static void assert_no_secret(const struct http_world *w, const char *path)
{
    char    text[8192] = "";
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    (void)close(fd);
    assert_true(n >= 0);
    assert_null(strstr(text, "hush"));
    assert_null(strstr(w->err.msg, "hush"));
    assert_null(strstr(w->err.hint, "hush"));
    assert_null(strstr(http_place(w->h), "hush"));
}

static void no_message_tells_a_secret(void **state)
{
    static const char *extra[] = { "X-Token: hush-5" };
    struct http_world *w = *state;
    char               path[] = "/tmp/requeue-http-log-XXXXXX";
    int                fd = mkstemp(path);
    int                old;

    assert_int_not_equal(fd, -1);
    (void)close(fd);
    w->conf.headers = (struct strings){ 1, extra };
    w->conf.limit_s = 2;
    w->n_bad = FOR_EVER;
    w->script = cut_script;
    for (int i = 0; i < 3; i++) {
        w->conf.api_key = i == 1 ? "hush-3" : NULL;
        w->conf.user = i == 2 ? "hush-6" : NULL;
        w->conf.password = i == 2 ? "hush-7" : NULL;
        (void)snprintf(w->url, sizeof(w->url), "http://hush-1:hush-2@127.0.0.1:%d",
                       i == 1 ? http_world_dead_port() : fake_http_port(w->server));
        http_world_open(w, w->url);
        old = to_file(path);
        assert_false(http_world_get(w, "/x/_search?q=hush-4"));
        (void)dup2(old, STDERR_FILENO);
        (void)close(old);
        assert_no_secret(w, path);
        http_world_close(w);
    }
    (void)unlink(path);
    http_world_open(w, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_world_begin, http_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_next_host_is_asked_at_once_and_kept),
        TEST(a_host_that_nobody_listens_at_is_tried_until_the_limit),
        TEST(a_host_without_an_address_is_told),
        TEST(an_answer_cut_at_any_byte_is_no_success),
        TEST(an_answer_reset_at_any_byte_is_no_success),
        TEST(chunks_cut_at_any_byte_are_no_success),
        TEST(a_broken_answer_is_asked_for_again),
        TEST(a_cut_answer_says_how_much_came),
        TEST(a_length_above_what_comes_is_an_error),
        TEST(a_length_below_what_comes_spoils_no_later_answer),
        TEST(a_slow_answer_is_waited_for),
        TEST(an_answer_without_length_ends_with_its_connection),
        TEST(stop_and_cancel_end_the_wait_for_a_silent_server),
        TEST(stop_and_cancel_end_the_pause_between_tries),
        TEST(after_a_cancel_the_client_can_be_used_again),
        TEST(a_silent_server_is_told_when_the_limit_is_over),
        TEST(plain_http_to_a_port_with_tls_is_told),
        TEST(tls_to_a_plain_port_is_told),
        TEST(a_server_that_speaks_no_http_is_told),
        TEST(no_message_tells_a_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
