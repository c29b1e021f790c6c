/* fake_http.c - see fake_http.h. One thread serves all connections by poll(2). */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/thread.h"
#include "tests/support/fake_http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 10

struct connection {
    int           fd; /* -1: free */
    unsigned      number;
    struct buf    in;
    struct buf    out;
    size_t        n_sent;
    bool          answering;
    bool          silent;
    enum fake_end end;
    unsigned      byte_us;
    int64_t       next_us; /* nothing is sent before */
};

struct fake_http {
    fake_http_fn      answer;
    void             *ctx;
    int               fd;
    int               port;
    struct thread    *thread;
    struct stop       stop;
    struct connection connections[FAKE_HTTP_MAX_CONNECTIONS];
    struct arena     *arena; /* of the server's thread: what is recorded */
    atomic_uint       n_requests;
    atomic_uint       n_connections;
    /* Each is written before n_requests says that it is there. */
    struct fake_request requests[FAKE_HTTP_MAX_REQUESTS];
};

static int64_t now_us(void)
{
    return clock_mono_ns() / 1000;
}

/* ---- the answer ----------------------------------------------------------------------- */

static void add_bytes(struct buf *b, struct slice s)
{
    if (!buf_append(b, s))
        abort();
}

void fake_http_say(struct fake_answer *a, const char *fmt, ...)
{
    char    text[4096];
    va_list args;
    int     n;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof(text))
        abort();
    add_bytes(&a->body, slice_of(text, (size_t)n));
}

void fake_http_add(struct fake_answer *a, struct slice bytes)
{
    add_bytes(&a->body, bytes);
}

static void add_head(struct buf *out, const struct fake_answer *a)
{
    buf_add(out, "HTTP/1.1 %d Scripted\r\n", a->status);
    if (!strcasestr(a->headers.p, "Content-Type:"))
        buf_add(out, "Content-Type: application/json; charset=UTF-8\r\n");
    buf_add(out, "%s", a->headers.p);
    if (a->chunk > 0)
        buf_add(out, "Transfer-Encoding: chunked\r\n");
    else if (!a->no_length)
        buf_add(out, "Content-Length: %ld\r\n", (long)a->body.n + a->length_lie);
    if (a->end == FAKE_CLOSE)
        buf_add(out, "Connection: close\r\n");
    buf_add(out, "\r\n");
}

static void add_body(struct buf *out, const struct fake_answer *a)
{
    size_t at = 0;

    if (a->chunk == 0)
        add_bytes(out, buf_slice(&a->body));
    while (a->chunk > 0 && at < a->body.n) {
        size_t n = a->body.n - at < a->chunk ? a->body.n - at : a->chunk;

        buf_add(out, "%zx\r\n", n);
        add_bytes(out, slice_of(a->body.p + at, n));
        add_bytes(out, SLICE("\r\n"));
        at += n;
    }
    if (a->chunk > 0)
        add_bytes(out, SLICE("0\r\n\r\n"));
}

static void answer_request(struct fake_http *f, struct connection *c, const struct fake_request *r)
{
    struct fake_answer a = { .status = 200, .cut_at = SIZE_MAX };

    buf_init(&a.headers, FAKE_HTTP_MAX_BYTES);
    buf_init(&a.body, FAKE_HTTP_MAX_BYTES);
    if (f->answer)
        f->answer(f->ctx, r, &a);
    else
        fake_http_say(&a, "{}");
    buf_clear(&c->out);
    if (!a.raw)
        add_head(&c->out, &a);
    if (a.raw)
        add_bytes(&c->out, buf_slice(&a.body));
    else if (strcmp(r->method, "HEAD") != 0)
        add_body(&c->out, &a);
    c->end = a.end;
    if (a.cut_at < c->out.n) {
        c->out.n = a.cut_at;
        if (a.end == FAKE_KEEP)
            c->end = FAKE_CLOSE;
    }
    c->n_sent = 0;
    c->answering = true;
    c->byte_us = a.byte_us;
    c->next_us = now_us() + (int64_t)a.delay_ms * 1000;
    buf_release(&a.headers);
    buf_release(&a.body);
}

/* ---- the request ---------------------------------------------------------------------- */

struct slice fake_http_header(const struct fake_request *r, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1;
        line += strspn(line, " ");
        return slice_of(line, strcspn(line, "\r"));
    }
    return slice_of(NULL, 0);
}

static struct slice word(const char **at)
{
    struct slice s = slice_of(*at, strcspn(*at, " \r"));

    *at += s.n + (s.p[s.n] == ' ' ? 1 : 0);
    return s;
}

/* Is there a whole request at the start of c->in? Then it is taken out and answered. */
static void take_request(struct fake_http *f, struct connection *c)
{
    const char          *end = memmem(c->in.p, c->in.n, "\r\n\r\n", 4);
    unsigned             n = atomic_load(&f->n_requests);
    struct fake_request  other;
    struct fake_request *r = n < FAKE_HTTP_MAX_REQUESTS ? &f->requests[n] : &other;
    struct slice         length;
    const char          *at;
    size_t               n_head;
    size_t               n_body;

    if (!end || c->answering)
        return;
    n_head = (size_t)(end - c->in.p);
    *r = (struct fake_request){ .number = n + 1, .connection = c->number };
    r->head = arena_str(f->arena, slice_of(c->in.p, n_head));
    length = fake_http_header(r, "content-length");
    n_body = length.n > 0 ? strtoul(length.p, NULL, 10) : 0;
    if (c->in.n - n_head - 4 < n_body)
        return;
    at = r->head;
    r->method = arena_str(f->arena, word(&at));
    r->path = arena_str(f->arena, word(&at));
    r->body = slice_str(arena_str(f->arena, slice_of(c->in.p + n_head + 4, n_body)));
    r->body.n = n_body;
    c->in.n -= n_head + 4 + n_body;
    memmove(c->in.p, c->in.p + n_head + 4 + n_body, c->in.n);
    atomic_fetch_add(&f->n_requests, 1);
    answer_request(f, c, r);
}

/* ---- connections ---------------------------------------------------------------------- */

static void close_connection(struct connection *c, bool reset)
{
    struct linger at_once = { 1, 0 };

    if (reset)
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(c->fd);
    buf_release(&c->in);
    buf_release(&c->out);
    c->fd = -1;
}

static void accept_one(struct fake_http *f)
{
    int fd = accept4(f->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int on = 1;

    for (size_t i = 0; i < FAKE_HTTP_MAX_CONNECTIONS && fd != -1; i++) {
        struct connection *c = &f->connections[i];

        if (c->fd != -1)
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        *c = (struct connection){ .fd = fd, .number = atomic_fetch_add(&f->n_connections, 1) + 1 };
        buf_init(&c->in, FAKE_HTTP_MAX_BYTES);
        buf_init(&c->out, 2 * (size_t)FAKE_HTTP_MAX_BYTES);
        return;
    }
    if (fd != -1)
        (void)close(fd);
}

static void receive(struct fake_http *f, struct connection *c)
{
    char    bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n <= 0 || !buf_append(&c->in, slice_of(bytes, (size_t)n))) {
        close_connection(c, false);
        return;
    }
    if (!isalpha((unsigned char)c->in.p[0]) && !c->answering) {
        buf_add(&c->out, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        c->answering = true;
        c->end = FAKE_CLOSE;
        return;
    }
    take_request(f, c);
}

static void finish(struct fake_http *f, struct connection *c)
{
    if (c->end == FAKE_SILENT) {
        c->silent = true;
    } else if (c->end != FAKE_KEEP) {
        close_connection(c, c->end == FAKE_RESET);
    } else {
        c->answering = false;
        take_request(f, c);
    }
}

static void transmit(struct fake_http *f, struct connection *c)
{
    size_t  left = c->out.n - c->n_sent;
    ssize_t n = 0;

    if (c->byte_us > 0 && left > 1)
        left = 1;
    if (left > 0)
        n = send(c->fd, c->out.p + c->n_sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n == -1) {
        close_connection(c, false);
        return;
    }
    c->n_sent += (size_t)n;
    c->next_us = now_us() + c->byte_us;
    if (c->n_sent == c->out.n)
        finish(f, c);
}

/* What to wait for, and how long until a paused connection goes on. */
static struct pollfd interest(const struct connection *c, int64_t *wait_us)
{
    struct pollfd p = { c->fd, POLLIN, 0 };
    int64_t       left_us = c->next_us - now_us();

    if (c->fd == -1 || !c->answering || c->silent)
        return p;
    if (left_us <= 0)
        p.events |= POLLOUT;
    else if (left_us < *wait_us)
        *wait_us = left_us;
    return p;
}

static void serve(void *arg)
{
    struct fake_http *f = arg;

    while (!stop_asked(&f->stop)) {
        struct pollfd   fds[1 + FAKE_HTTP_MAX_CONNECTIONS] = { { f->fd, POLLIN, 0 } };
        int64_t         wait_us = (int64_t)TICK_MS * 1000;
        struct timespec wait;

        for (size_t i = 0; i < FAKE_HTTP_MAX_CONNECTIONS; i++)
            fds[1 + i] = interest(&f->connections[i], &wait_us);
        wait = (struct timespec){ 0, (long)wait_us * 1000 };
        (void)ppoll(fds, COUNT_OF(fds), &wait, NULL);
        for (size_t i = 0; i < FAKE_HTTP_MAX_CONNECTIONS; i++) {
            struct connection *c = &f->connections[i];

            if (fds[1 + i].revents & (POLLIN | POLLHUP | POLLERR))
                receive(f, c);
            if (c->fd != -1 && fds[1 + i].revents & POLLOUT)
                transmit(f, c);
        }
        if (fds[0].revents)
            accept_one(f);
    }
    for (size_t i = 0; i < FAKE_HTTP_MAX_CONNECTIONS; i++) {
        if (f->connections[i].fd != -1)
            close_connection(&f->connections[i], false);
    }
}

/* ---- life ----------------------------------------------------------------------------- */

struct fake_http *fake_http_start(fake_http_fn answer, void *ctx)
{
    struct fake_http  *f = mem_alloc(sizeof(*f));
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          n = sizeof(at);

    f->answer = answer;
    f->ctx = ctx;
    f->arena = arena_new(65536);
    for (size_t i = 0; i < FAKE_HTTP_MAX_CONNECTIONS; i++)
        f->connections[i].fd = -1;
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_not_equal(f->fd, -1);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(f->fd, FAKE_HTTP_MAX_CONNECTIONS), 0);
    assert_int_equal(getsockname(f->fd, (struct sockaddr *)&at, &n), 0);
    f->port = ntohs(at.sin_port);
    f->thread = thread_start(serve, f);
    return f;
}

void fake_http_end(struct fake_http *f)
{
    if (!f)
        return;
    stop_ask(&f->stop);
    thread_join(f->thread);
    (void)close(f->fd);
    arena_free(f->arena);
    mem_free(f);
}

int fake_http_port(const struct fake_http *f)
{
    return f->port;
}

unsigned fake_http_count(const struct fake_http *f)
{
    return atomic_load(&f->n_requests);
}

unsigned fake_http_connections(const struct fake_http *f)
{
    return atomic_load(&f->n_connections);
}

const struct fake_request *fake_http_request(const struct fake_http *f, unsigned number)
{
    unsigned n = fake_http_count(f);

    if (number == 0 || number > n || number > FAKE_HTTP_MAX_REQUESTS)
        return NULL;
    return &f->requests[number - 1];
}
