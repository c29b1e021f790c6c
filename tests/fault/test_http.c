/*
 * test_http.c - requests to a search server: what is sent, what is taken, what is tried again.
 *
 * Broken answers are test_http_broken.c, TLS is test_http_tls.c.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tests/support/http_world.h"

#include <zlib.h>

static struct slice header(struct http_world *w, unsigned number, const char *name)
{
    const struct fake_request *r = fake_http_request(w->server, number);

    assert_non_null(r);
    return fake_http_header(r, name);
}

static void assert_header(struct http_world *w, const char *name, const char *value)
{
    struct slice s = header(w, fake_http_count(w->server), name);

    if (!slice_eq(s, slice_str(value)))
        fail_msg("%s is \"%.*s\" instead of \"%s\"", name, SLICE_ARG(s), value);
}

static void assert_body(const struct http_world *w, const char *body)
{
    assert_string_equal(w->answer.body.p, body);
    assert_int_equal(w->answer.body.n, strlen(body));
}

/* ---- requests ------------------------------------------------------------------------- */

static void a_request_is_sent_and_its_answer_taken(void **state)
{
    struct http_world         *w = *state;
    const struct fake_request *r;

    http_world_check(w, http_world_post(w, "/kestra_flows/_search?size=1", "{\"a\":1}", false));
    assert_int_equal(w->answer.status, 200);
    assert_body(w, "{\"took\":5}");
    assert_string_equal(w->answer.content_type, "application/json");
    assert_int_equal(w->answer.tries, 1);
    r = fake_http_request(w->server, 1);
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->path, "/kestra_flows/_search?size=1");
    assert_true(slice_eq(r->body, SLICE("{\"a\":1}")));
    assert_header(w, "content-type", "application/json");
    assert_null(header(w, 1, "authorization").p);
    assert_null(header(w, 1, "accept-encoding").p);
    assert_string_equal(http_place(w->h), w->url);
}

static void every_method_is_sent_as_it_is_called(void **state)
{
    static const struct {
        const char *method;
        const char *body;
    } cases[] = {
        { "GET", "" },    { "POST", "{}" },          { "HEAD", "" },
        { "POST", "" },   { "DELETE", "{\"a\":1}" }, { "GET", "" },
        { "DELETE", "" }, { "PUT", "{}" },           { "GET", "{}" },
        { "HEAD", "" },
    };
    struct http_world *w = *state;

    http_world_open(w, NULL);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        struct http_request        r = { cases[i].method, "/x", slice_str(cases[i].body), true, 0 };
        const struct fake_request *seen;

        http_world_check(w, http_send(w->h, &r, &w->answer, &w->err));
        seen = fake_http_request(w->server, i + 1);
        assert_string_equal(seen->method, cases[i].method);
        assert_true(slice_eq(seen->body, slice_str(cases[i].body)));
        assert_body(w, strcmp(cases[i].method, "HEAD") == 0 ? "" : w->body);
    }
    assert_int_equal(fake_http_connections(w->server), 1);
}

static void one_connection_is_kept_alive(void **state)
{
    struct http_world *w = *state;

    for (int i = 0; i < 50; i++)
        http_world_check(w, http_world_post(w, "/_search/scroll", "{}", false));
    assert_int_equal(fake_http_count(w->server), 50);
    assert_int_equal(fake_http_connections(w->server), 1);
}

static void user_and_password_of_the_url_are_decoded(void **state)
{
    struct http_world *w = *state;

    (void)snprintf(w->url, sizeof(w->url), "http://el%%20astic:p%%40ss%%2Fw:rd@127.0.0.1:%d/",
                   fake_http_port(w->server));
    http_world_open(w, w->url);
    http_world_check(w, http_world_get(w, "/"));
    /* el astic:p@ss/w:rd */
    assert_header(w, "authorization", "Basic ZWwgYXN0aWM6cEBzcy93OnJk");
    assert_null(strchr(http_place(w->h), '@'));
}

static void user_and_password_of_the_conf_win(void **state)
{
    struct http_world *w = *state;

    (void)snprintf(w->url, sizeof(w->url), "http://other:one@127.0.0.1:%d",
                   fake_http_port(w->server));
    w->conf.user = "u";
    w->conf.password = "p";
    http_world_open(w, w->url);
    http_world_check(w, http_world_get(w, "/"));
    assert_header(w, "authorization", "Basic dTpw");
}

static void an_api_key_and_extra_headers_are_sent(void **state)
{
    static const char *extra[] = { "X-Tenant: blue", "x-token:abc" };
    struct http_world *w = *state;

    (void)snprintf(w->url, sizeof(w->url), "http://user:one@127.0.0.1:%d",
                   fake_http_port(w->server));
    w->conf.api_key = "a2V5";
    w->conf.headers = (struct strings){ COUNT_OF(extra), extra };
    http_world_open(w, w->url);
    http_world_check(w, http_world_get(w, "/"));
    assert_header(w, "authorization", "ApiKey a2V5");
    assert_header(w, "x-tenant", "blue");
    assert_header(w, "x-token", "abc");
}

static void the_path_is_put_behind_the_prefix(void **state)
{
    struct http_world *w = *state;

    (void)snprintf(w->url, sizeof(w->url), "HTTP://127.0.0.1:%d/es/one//",
                   fake_http_port(w->server));
    http_world_open(w, w->url);
    http_world_check(w, http_world_get(w, "/_cat/../x?y=%2F"));
    assert_string_equal(fake_http_request(w->server, 1)->path, "/es/one/_cat/../x?y=%2F");
}

static void what_cannot_be_a_url_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "localhost:9200",
        "ftp://h",
        "http://",
        "http://h:0",
        "http://h:65536",
        "http://h:92x",
        "http://a,,b",
        "http://a b",
        "http://u:hush%zz@h",
        "http://u:hush%0a@h",
        "http://u:hush/more@h",
        "http://u:7/hush@h",
        "http://u:hush?@h",
        "http://u:hush#@h",
        "http://h/x?pretty",
        "http://[::1:9200",
        "http://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
    };
    struct http_world *w = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->conf.url = cases[i];
        if (http_open(&w->conf, &w->h, &w->err))
            fail_msg("\"%s\" is taken", cases[i]);
        assert_int_equal(w->err.kind, ERR_USAGE);
        assert_null(strstr(w->err.msg, "hush"));
        assert_text_has(w->err.hint, "https://USER:PASSWORD@HOST:PORT");
        w->h = NULL;
    }
}

static void the_port_is_9200_unless_said(void **state)
{
    static const struct {
        const char *url;
        const char *place;
    } cases[] = {
        { "https://es-1", "https://es-1:9200" },
        { "https://u:p@es-1,es-2:9201/x", "https://es-1:9200" },
        { "http://[::1]", "http://[::1]:9200" },
        { "http://[fe80::1]:80", "http://[fe80::1]:80" },
    };
    struct http_world *w = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        http_world_open(w, cases[i].url);
        assert_string_equal(http_place(w->h), cases[i].place);
        http_world_close(w);
    }
}

static void headers_that_are_none_are_refused_unquoted(void **state)
{
    static const char *cases[] = { "hush", "hush :x", ": hush", "X-Hush:", "X: hush\r\nY: z" };
    struct http_world *w = *state;

    w->conf.url = "http://h";
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->conf.headers = (struct strings){ 1, &cases[i] };
        assert_false(http_open(&w->conf, &w->h, &w->err));
        assert_int_equal(w->err.kind, ERR_USAGE);
        assert_null(strcasestr(w->err.msg, "hush"));
    }
    w->h = NULL;
}

/* ---- answers -------------------------------------------------------------------------- */

static void gzip_script(struct http_world *w, struct fake_answer *a)
{
    z_stream z = { 0 };
    char     packed[4096];

    buf_add(&a->headers, "Content-Encoding: gzip\r\n");
    (void)deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)a->body.p;
    z.avail_in = (uInt)a->body.n;
    z.next_out = (Bytef *)packed;
    z.avail_out = sizeof(packed);
    (void)deflate(&z, Z_FINISH);
    buf_clear(&a->body);
    fake_http_add(a, slice_of(packed, z.total_out - w->cut_at));
    a->length_lie = (long)w->cut_at;
    a->end = w->cut_at > 0 ? FAKE_CLOSE : FAKE_KEEP;
    (void)deflateEnd(&z);
}

static void a_compressed_answer_is_asked_for_and_read(void **state)
{
    struct http_world *w = *state;

    w->conf.gzip = true;
    w->n_bad = FOR_EVER;
    w->script = gzip_script;
    http_world_check(w, http_world_get(w, "/"));
    assert_header(w, "accept-encoding", "gzip");
    assert_body(w, "{\"took\":5}");
}

static void a_compressed_answer_cut_short_is_an_error(void **state)
{
    struct http_world *w = *state;

    w->conf.gzip = true;
    w->n_bad = FOR_EVER;
    w->script = gzip_script;
    for (w->cut_at = 1; w->cut_at < 28; w->cut_at++) {
        if (http_world_post(w, "/", "{}", false))
            fail_msg("%zu bytes are missing and nobody says so", w->cut_at);
        assert_int_equal(w->err.kind, ERR_STORE);
        assert_true(w->err.retriable);
    }
}

static void chunked_script(struct http_world *w, struct fake_answer *a)
{
    a->chunk = w->cut_at;
}

static void chunks_are_put_together(void **state)
{
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->script = chunked_script;
    for (w->cut_at = 1; w->cut_at < 15; w->cut_at++) {
        http_world_check(w, http_world_get(w, "/"));
        assert_body(w, w->body);
    }
    assert_int_equal(fake_http_connections(w->server), 1);
}

static void too_large_script(struct http_world *w, struct fake_answer *a)
{
    char filling[1000];

    memset(filling, ' ', sizeof(filling));
    for (int i = 0; i < 300; i++)
        fake_http_add(a, slice_of(filling, sizeof(filling)));
    a->chunk = w->cut_at;
    if (w->conf.gzip)
        gzip_script(w, a);
}

/* With a length, in chunks, and compressed to next to nothing. */
static void an_answer_above_the_limit_is_told(void **state)
{
    struct http_world *w = *state;

    w->conf.max_body = 200000;
    w->n_bad = 3;
    w->script = too_large_script;
    for (int i = 0; i < 3; i++) {
        w->cut_at = i == 1 ? 8192 : 0;
        w->conf.gzip = i == 2;
        http_world_open(w, NULL);
        assert_false(http_world_post(w, "/", "{}", true));
        assert_true(http_too_large(w->h));
        assert_int_equal(w->err.kind, ERR_STORE);
        assert_false(w->err.retriable);
        assert_text_has(w->err.msg, "larger than 200000 bytes");
        assert_int_equal(w->answer.status, 200);
        assert_int_equal(w->answer.tries, 1);
        if (i < 2)
            http_world_close(w);
    }
    http_world_check(w, http_world_get(w, "/"));
    assert_false(http_too_large(w->h));
    assert_body(w, w->body);
}

static void the_answers_own_limit_holds_as_well(void **state)
{
    struct http_world *w = *state;

    http_answer_release(&w->answer);
    http_answer_init(&w->answer, strlen(w->body) - 1);
    assert_false(http_world_get(w, "/"));
    assert_true(http_too_large(w->h));
    http_answer_release(&w->answer);
    http_answer_init(&w->answer, strlen(w->body));
    http_world_check(w, http_world_get(w, "/"));
}

static void other_answers_are_given_as_they_are(void **state)
{
    static const int   cases[] = { 201, 204, 301, 400, 401, 404, 409, 413, 500, 501 };
    struct http_world *w = *state;

    w->n_bad = FOR_EVER;
    w->bad_body = "";
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->bad_status = cases[i];
        http_world_check(w, http_world_get(w, "/"));
        assert_int_equal(w->answer.status, cases[i]);
        assert_int_equal(w->answer.tries, 1);
    }
}

/* ---- tried again ---------------------------------------------------------------------- */

static void too_many_requests_are_sent_again_after_a_pause(void **state)
{
    struct http_world *w = *state;
    int64_t            since = clock_mono_ns();

    w->n_bad = 2;
    w->bad_status = 429;
    http_world_check(w, http_world_post(w, "/_search/scroll", "{}", false));
    assert_int_equal(w->answer.status, 200);
    assert_int_equal(w->answer.tries, 3);
    /* 200 and 400 ms, each times 0.5 to 1.5 */
    assert_in_range(http_world_ms_since(since), 290, 1500);
    assert_int_equal(fake_http_connections(w->server), 1);
}

static void a_busy_server_is_given_as_it_is_when_the_limit_is_over(void **state)
{
    struct http_world  *w = *state;
    struct http_request r = { "GET", "/", { NULL, 0 }, true, 1 };
    int64_t             since = clock_mono_ns();

    w->n_bad = FOR_EVER;
    w->bad_status = 503;
    w->bad_body = "{\"error\":\"no master\"}";
    http_world_open(w, NULL);
    http_world_check(w, http_send(w->h, &r, &w->answer, &w->err));
    assert_int_equal(w->answer.status, 503);
    assert_body(w, w->bad_body);
    assert_in_range(w->answer.tries, 2, 5);
    assert_in_range(http_world_ms_since(since), 100, 1100);
}

static void a_rejected_execution_is_tried_again(void **state)
{
    struct http_world *w = *state;

    w->n_bad = 1;
    w->bad_status = 500;
    w->bad_body = "{\"error\":{\"type\":\"es_rejected_execution_exception\"}}";
    http_world_check(w, http_world_get(w, "/"));
    assert_int_equal(w->answer.status, 200);
    assert_int_equal(w->answer.tries, 2);
}

static void gateway_errors_are_tried_again_only_when_that_is_safe(void **state)
{
    static const int   cases[] = { 502, 503, 504 };
    struct http_world *w = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->bad_status = cases[i];
        w->n_bad = fake_http_count(w->server) + 1;
        http_world_check(w, http_world_get(w, "/"));
        assert_int_equal(w->answer.status, 200);
        assert_int_equal(w->answer.tries, 2);
        w->n_bad = fake_http_count(w->server) + 1;
        http_world_check(w, http_world_post(w, "/_search/scroll", "{}", false));
        assert_int_equal(w->answer.status, cases[i]);
        assert_int_equal(w->answer.tries, 1);
    }
    assert_int_equal(fake_http_count(w->server), 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_world_begin, http_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_sent_and_its_answer_taken),
        TEST(every_method_is_sent_as_it_is_called),
        TEST(one_connection_is_kept_alive),
        TEST(user_and_password_of_the_url_are_decoded),
        TEST(user_and_password_of_the_conf_win),
        TEST(an_api_key_and_extra_headers_are_sent),
        TEST(the_path_is_put_behind_the_prefix),
        TEST(what_cannot_be_a_url_is_refused),
        TEST(the_port_is_9200_unless_said),
        TEST(headers_that_are_none_are_refused_unquoted),
        TEST(a_compressed_answer_is_asked_for_and_read),
        TEST(a_compressed_answer_cut_short_is_an_error),
        TEST(chunks_are_put_together),
        TEST(an_answer_above_the_limit_is_told),
        TEST(the_answers_own_limit_holds_as_well),
        TEST(other_answers_are_given_as_they_are),
        TEST(too_many_requests_are_sent_again_after_a_pause),
        TEST(a_busy_server_is_given_as_it_is_when_the_limit_is_over),
        TEST(a_rejected_execution_is_tried_again),
        TEST(gateway_errors_are_tried_again_only_when_that_is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
