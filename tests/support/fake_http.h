/*
 * fake_http.h - a scripted HTTP/1.1 server on 127.0.0.1, with good and with bad manners.
 *
 * A callback answers each request; it runs in the server's thread, so it must not assert (it may
 * note what it saw, the test looks after fake_http_end() or through the functions below):
 *
 *     static void answer(void *ctx, const struct fake_request *r, struct fake_answer *a)
 *     {
 *         if (r->number == 1)
 *             a->status = 429;
 *         else
 *             fake_http_say(a, "{\"took\":%d}", 5);
 *     }
 *     ...
 *     struct fake_http *f = fake_http_start(answer, ctx);
 *     (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", fake_http_port(f));
 *     ...
 *     assert_int_equal(fake_http_count(f), 2);
 *     fake_http_end(f);
 *
 * Connections are served side by side (FAKE_HTTP_MAX_CONNECTIONS), the requests of each one by one,
 * kept alive unless told otherwise. Bytes that are no HTTP (a TLS hello) get a 400 and the end of
 * the connection, as real servers do it; they are not recorded.
 */
#ifndef REQUEUE_FAKE_HTTP_H
#define REQUEUE_FAKE_HTTP_H

#include "lib/base/buf.h"

#define FAKE_HTTP_MAX_CONNECTIONS 64
#define FAKE_HTTP_MAX_REQUESTS    8192        /* recorded; later ones are answered, not recorded */
#define FAKE_HTTP_MAX_BYTES       (64u << 20) /* of a request, and of an answer */

/* Texts live until fake_http_end(). */
struct fake_request {
    unsigned     number;     /* 1 for the first request of the server */
    unsigned     connection; /* 1 for the first connection */
    const char  *method;
    const char  *path; /* with its query */
    const char  *head; /* request line and headers as they came, without the empty line */
    struct slice body;
};

/* What becomes of the connection when `cut_at` bytes, or else the whole answer, are sent. */
enum fake_end {
    FAKE_KEEP,   /* kept alive; after a cut: closed */
    FAKE_CLOSE,  /* closed; the answer says "Connection: close" */
    FAKE_RESET,  /* closed by RST: the client sees "connection reset" */
    FAKE_SILENT, /* held open, not one byte more */
};

/* All zero but status 200, cut_at SIZE_MAX and the two empty bufs when the callback gets it. */
struct fake_answer {
    int        status;
    struct buf headers; /* more of them, each "Name: value\r\n"; Content-Type is JSON unless here */
    struct buf body;

    unsigned      delay_ms; /* before the first byte */
    unsigned      byte_us;  /* the pause after each byte; 0: all at once */
    size_t        cut_at;   /* bytes of the answer, its head included, that are sent at all */
    enum fake_end end;
    long          length_lie; /* Content-Length is so much more (or, negative, less) than sent */
    size_t        chunk;      /* sent in chunks of so many bytes, without Content-Length; 0: not */
    bool          raw;        /* `body` is all that is sent: no status line, no headers */
    bool          no_length;  /* neither Content-Length nor chunks, as HTTP/1.0; with FAKE_CLOSE */
};

typedef void (*fake_http_fn)(void *ctx, const struct fake_request *r, struct fake_answer *a);

struct fake_http;

/* Starting and ending are for the main thread; failures fail the test. answer NULL: 200 and "{}".
 */
struct fake_http *fake_http_start(fake_http_fn answer, void *ctx);
void              fake_http_end(struct fake_http *f); /* NULL is allowed */
int               fake_http_port(const struct fake_http *f);

/* Any thread, at any time. Requests are counted when they came whole, before they are answered. */
unsigned fake_http_count(const struct fake_http *f);       /* requests */
unsigned fake_http_connections(const struct fake_http *f); /* ever accepted */
/* Request `number` (from 1); NULL: there was none. */
const struct fake_request *fake_http_request(const struct fake_http *f, unsigned number);
/* The value of a header in r->head ("authorization", any case), or an empty slice with p NULL. */
struct slice fake_http_header(const struct fake_request *r, const char *name);

/* For callbacks: append to the body. Beyond the limit the process aborts. */
void fake_http_say(struct fake_answer *a, const char *fmt, ...) PRINTF(2, 3); /* < 4096 bytes */
void fake_http_add(struct fake_answer *a, struct slice bytes);

#endif
