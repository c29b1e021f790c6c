/* http_world.c - see http_world.h. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tests/support/http_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
    struct http_world *w = ctx;
    bool               bad = r->number <= w->n_bad;

    if (bad && w->bad_status)
        a->status = w->bad_status;
    fake_http_say(a, "%s", bad && w->bad_body ? w->bad_body : w->body);
    if (bad && w->script)
        w->script(w, a);
}

int http_world_begin(void **state)
{
    struct http_world *w = mem_alloc(sizeof(*w));

    thread_block_signals(); /* SIGPIPE is ignored */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    w->body = "{\"took\":5}";
    w->conf.stop = &w->stop;
    w->conf.limit_s = 10;
    http_answer_init(&w->answer, 0);
    w->server = fake_http_start(answer, w);
    *state = w;
    return 0;
}

int http_world_end(void **state)
{
    struct http_world *w = *state;

    http_close(w->h);
    http_answer_release(&w->answer);
    fake_http_end(w->server);
    mem_free(w);
    return 0;
}

void http_world_open(struct http_world *w, const char *url)
{
    if (!url) {
        (void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", fake_http_port(w->server));
        url = w->url;
    }
    w->conf.url = url;
    http_world_check(w, http_open(&w->conf, &w->h, &w->err));
}

void http_world_close(struct http_world *w)
{
    http_close(w->h);
    w->h = NULL;
}

bool http_world_get(struct http_world *w, const char *path)
{
    struct http_request r = { .method = "GET", .path = path, .repeatable = true };

    if (!w->h)
        http_world_open(w, NULL);
    return http_send(w->h, &r, &w->answer, &w->err);
}

bool http_world_post(struct http_world *w, const char *path, const char *body, bool repeatable)
{
    struct http_request r = { "POST", path, slice_str(body), repeatable, 0 };

    if (!w->h)
        http_world_open(w, NULL);
    return http_send(w->h, &r, &w->answer, &w->err);
}

void http_world_check(const struct http_world *w, bool ok)
{
    if (!ok)
        fail_msg("%s (%s)", w->err.msg, w->err.hint);
}

void assert_text_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

int http_world_dead_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          n = sizeof(at);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_not_equal(fd, -1);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

int64_t http_world_ms_since(int64_t since_ns)
{
    return (clock_mono_ns() - since_ns) / 1000000;
}
