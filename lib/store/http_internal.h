/*
 * http_internal.h - what the files of http share: the client, its URL, one try, how failures are
 * told.
 */
#ifndef REQUEUE_HTTP_INTERNAL_H
#define REQUEUE_HTTP_INTERNAL_H

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/store/http.h"

#include <curl/curl.h>

#define HTTP_TICK_MS 100 /* so often each wait looks whether it was ended */

/* ---- http_url.c ------------------------------------------------------------------------- */

/* All texts live in the arena that http_url_parse was given. */
struct http_url {
    bool        tls;
    const char *user;                   /* percent-decoded; NULL: none */
    const char *password;               /* the same */
    const char *prefix;                 /* "" or "/path", with no slash at its end */
    size_t      n_hosts;                /* at least 1 */
    const char *places[HTTP_MAX_HOSTS]; /* "https://es-1:9200" */
};

/* ERR_USAGE. As nobody knows where in a wrong URL the password is, messages never quote it. */
MUST_CHECK bool http_url_parse(const char *text, struct arena *a, struct http_url *out,
                               struct err *err);

/* ---- the client ------------------------------------------------------------------------- */

/* What an answer turned out to be though libcurl had nothing against it. */
enum http_oddity {
    HTTP_ODD_NONE,
    HTTP_ODD_CUT,     /* the connection ended within the head */
    HTTP_ODD_TLS,     /* the first bytes are TLS */
    HTTP_ODD_FOREIGN, /* the first bytes are no HTTP */
    HTTP_ODD_TO_TLS,  /* 400: "plain HTTP request was sent to HTTPS port", in some words */
    HTTP_ODD_LARGE,   /* above the limit */
};

/* The try in progress. */
struct http_attempt {
    const struct http_request *request;
    struct http_answer        *answer;
    size_t                     max_body;
    unsigned                   n_sent;
    bool                       has_status; /* a line "HTTP/..." came */
    bool                       head_done;  /* and the empty line behind its headers */
    enum http_oddity           oddity;
};

struct http {
    struct http_conf    conf;
    struct arena       *arena;
    struct http_url     url;
    CURLM              *multi;
    CURL               *easy;
    struct curl_slist  *headers;
    CURLcode            refused;  /* the first refusal of an option */
    size_t              current;  /* host */
    size_t              answered; /* host */
    const struct stop  *stop;     /* NULL after http_uncancel */
    atomic_bool         cancelled;
    bool                too_large;
    bool                told; /* the outage in progress was logged */
    uint64_t            random;
    struct http_attempt attempt;
    char                said[CURL_ERROR_SIZE];
};

static inline int64_t http_now_ms(void)
{
    return clock_mono_ns() / 1000000;
}

static inline bool http_ended(const struct http *h)
{
    return stop_asked(h->stop) || atomic_load_explicit(&h->cancelled, memory_order_relaxed);
}

/* ---- http_setup.c ----------------------------------------------------------------------- */

MUST_CHECK bool http_check_conf(const struct http_conf *conf, struct err *err);

/* Settings of the easy handle. The first one that libcurl refuses is kept for http_check_options.
 */
void            http_keep(struct http *h, CURLcode rc);
void            http_set_long(struct http *h, CURLoption option, long value);
void            http_set_size(struct http *h, CURLoption option, size_t value);
void            http_set_text(struct http *h, CURLoption option, const char *value);
MUST_CHECK bool http_check_options(const struct http *h, struct err *err);

/* All that stays the same for each request, but the callbacks. */
void http_set_all(struct http *h);

/* ---- http_try.c ------------------------------------------------------------------------- */

void http_set_callbacks(struct http *h);

/* Send once, take the whole answer. h->attempt says afterwards whether it was sent. */
MUST_CHECK bool http_try(struct http *h, const struct http_request *r, struct http_answer *answer,
                         int64_t left_ms, struct err *err);

/* ERR_STOPPED; returns false. */
bool http_tell_stopped(const struct http *h, struct err *err);

/* ---- http_error.c ----------------------------------------------------------------------- */

/* One try that gave no answer. */
struct http_failure {
    const char                *place;
    size_t                     n_hosts;
    const struct http_request *request;
    enum http_oddity           oddity; /* HTTP_ODD_NONE: code says it */
    CURLcode                   code;
    const char                *said;     /* libcurl's own words; may be "" */
    int                        os_error; /* errno of connect; 0: unknown */
    bool                       tls;
    bool                       sent; /* the request went out, or may have */
    uint64_t                   n_body;
    size_t                     max_body;
    unsigned                   waited_ms;
};

/* Fill *err; retriable says whether the same may succeed later. Returns false. */
bool http_failure_tell(const struct http_failure *f, struct err *err);

#endif
