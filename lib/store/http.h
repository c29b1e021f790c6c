/*
 * http.h - requests to a search server (the one door to libcurl).
 *
 * A client is one connection that is kept alive; it belongs to one thread at a time, only
 * http_cancel() may be called from another. A body is taken whole, up to a limit, before anybody
 * looks at it (performance.md D, A.2: pieces of a page cost more than the page).
 *
 * What is tried again here, with growing, jittered pauses inside http_request.limit_s: a host that
 * cannot be reached (the next one of the list at once, then all of them again), an answer that
 * breaks off or does not come, and the answers 429, 502, 503 and 504 and, of a 500,
 * es_rejected_execution_exception. A request that is not `repeatable` (a scroll moves on with each
 * page) is sent again only while it cannot have been worked on: no connection, or 429. Any other
 * answer is given to the caller as it is, whatever its status; so is the last one when the limit is
 * over (503 and its body say more than we could), with http_answer.tries. A redirect is an answer.
 * An outage of more than a second is logged once, as a warning. Not tried again is a 429 for which
 * waiting is no cure: a circuit breaker (ask for less at a time), too many scrolls.
 *
 * A name that cannot be resolved and a port that nobody listens at may be there in a moment, so
 * both are tried until the limit: the first request to a server that a person has just typed should
 * bring a short limit_s.
 *
 * An answer is whole: what is shorter than its Content-Length, or ends within its head or before
 * its last chunk, is an error (retriable). Two things are not seen here, but by whoever reads the
 * JSON: the end of an answer with neither length nor chunks (HTTP/1.0) is where the connection
 * ends, and libcurl does not mind a gzip that was cut short before it was framed.
 *
 * Errors: ERR_STORE (retriable when the same call may succeed later), ERR_USAGE for a URL or file
 * that cannot be used, ERR_STOPPED. Messages name scheme, host and port, and never a user, a
 * password, a key, a header or the query of a URL. Each says what to do where it can be known: TLS
 * spoken to a plain port and plain to a TLS port, an unknown issuer, a wrong host name, no route.
 *
 * A proxy that the environment names (http_proxy, https_proxy, all_proxy, but for no_proxy) is
 * used, as curl does. The process has to ignore SIGPIPE (thread_block_signals does).
 */
#ifndef REQUEUE_HTTP_H
#define REQUEUE_HTTP_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/thread.h"
#include "lib/kestra/layout.h" /* struct strings */

#define HTTP_MAX_HOSTS      16
#define HTTP_MAX_BODY       (256u << 20) /* of an answer, decompressed */
#define HTTP_CONNECT_MS     10000
#define HTTP_REQUEST_S      120 /* one try: from sending to the last byte */
#define HTTP_SILENCE_S      60  /* not one byte in so many seconds is the end of a try */
#define HTTP_LIMIT_S        300 /* all tries of one request */
#define HTTP_PAUSE_FIRST_MS 200 /* doubled up to HTTP_PAUSE_MAX_MS, each times 0.5 to 1.5 */
#define HTTP_PAUSE_MAX_MS   10000

/* What it points to is borrowed until http_close. */
struct http_conf {
    /* http(s)://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]...][/PREFIX]; port 9200 unless said, an
     * IPv6 address in brackets. USER and PASSWORD are percent-decoded. */
    const char        *url;
    const char        *user; /* instead of the URL's; NULL: that one */
    const char        *password;
    const char        *api_key;   /* sent as "Authorization: ApiKey ..." instead of a password */
    struct strings     headers;   /* "Name: value", sent with each request */
    const char        *ca_file;   /* PEM; NULL: the system's */
    const char        *cert_file; /* PEM client certificate; NULL: none */
    const char        *key_file;  /* NULL: in cert_file; a pass phrase is ERR_USAGE */
    bool               insecure;  /* certificates are not checked */
    bool               gzip;      /* ask for compressed answers: for slow links only */
    size_t             max_body;  /* 0: HTTP_MAX_BODY; the answer's own limit holds as well */
    unsigned           limit_s;   /* 0: HTTP_LIMIT_S */
    const struct stop *stop;
};

struct http_request {
    const char  *method; /* "GET", "POST", "PUT", "DELETE", "HEAD" */
    const char  *path;   /* "/kestra_flows/_search?size=1", put behind the prefix */
    struct slice body;   /* JSON; n 0: none */
    bool         repeatable;
    unsigned     limit_s; /* all tries; 0: the client's */
};

struct http_answer {
    int        status;           /* also when http_send failed; 0: none came */
    struct buf body;             /* initialised by http_answer_init; emptied by each http_send */
    char       content_type[64]; /* lower case, without parameters; "" when there was none */
    unsigned   tries;            /* how often it was sent, or tried to */
};

void http_answer_init(struct http_answer *a, size_t max_body); /* 0: HTTP_MAX_BODY */
void http_answer_release(struct http_answer *a);

struct http;

/* Check the URL and the files; nothing is sent yet. */
MUST_CHECK bool http_open(const struct http_conf *conf, struct http **out, struct err *err);

/* Send and take the whole answer. An answer above the limit is ERR_STORE that says so, with *status
 * of the answer set (the caller may ask for smaller pages). */
MUST_CHECK bool http_send(struct http *h, const struct http_request *request,
                          struct http_answer *answer, struct err *err);

/* Was the last failure of http_send an answer above the limit? */
bool http_too_large(const struct http *h);

/* Any thread: a request in progress, and every later one, ends soon with ERR_STOPPED. */
void http_cancel(struct http *h);
/* After a cancel: requests may be sent again (to release what the server holds). stop is no longer
 * looked at. Call it in the client's own thread. */
void http_uncancel(struct http *h);

/* "https://es-1:9200", of the host that answered last, or the first one. */
const char *http_place(const struct http *h);

void http_close(struct http *h); /* NULL is allowed */

#endif
