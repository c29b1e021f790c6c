/*
 * http.c - see http.h: a client's life, and when a request is tried again. One try is http_try.c.
 */
#include "lib/store/http.h"

#include "lib/base/log.h"
#include "lib/store/http_internal.h"

#define OUTAGE_MS 1000 /* before it is told that a request is tried again */

/* All tries of one request. */
struct round {
    int64_t  began_ms;
    int64_t  ends_ms;
    unsigned pause_ms;
    int64_t  pause_ends_ms;
    size_t   n_unreached; /* hosts in a row that took no request */
    bool     hope;        /* one of those failures may pass */
};

/* ---- all tries ------------------------------------------------------------------------ */

/* A 429 that waiting does not cure: ask for less at a time, or give up. */
static bool is_too_much(const struct http_answer *a)
{
    return strstr(a->body.p, "circuit_breaking_exception") ||
           strstr(a->body.p, "too many scroll contexts");
}

/* An answer that asks for another try. */
static bool is_busy(const struct http_request *r, const struct http_answer *a)
{
    if (a->status == 429)
        return !is_too_much(a);
    if (!r->repeatable)
        return false;
    return a->status == 502 || a->status == 503 || a->status == 504 ||
           (a->status == 500 && strstr(a->body.p, "es_rejected_execution_exception"));
}

/* 0.5 to 1.5 times ms (splitmix64). */
static unsigned jitter(struct http *h, unsigned ms)
{
    uint64_t z = (h->random += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ms / 2 + (unsigned)((z ^ (z >> 31)) % (ms + 1));
}

static void tell_outage(struct http *h, const struct round *w, const struct http_answer *answer,
                        const struct err *why)
{
    unsigned left_s = (unsigned)((w->ends_ms - http_now_ms()) / 1000);

    if (h->told || http_now_ms() - w->began_ms < OUTAGE_MS)
        return;
    h->told = true;
    if (why->kind == ERR_NONE)
        log_msg(LOG_WARN, "search server %s answers %d; trying again for up to %u s", http_place(h),
                answer->status, left_s);
    else
        log_msg(LOG_WARN, "%s; trying again for up to %u s", why->msg, left_s);
}

/* Until when to wait before the next try. False: the time of the request would be over. */
static bool set_pause(struct http *h, struct round *w)
{
    w->pause_ends_ms = http_now_ms() + jitter(h, w->pause_ms);
    w->pause_ms = w->pause_ms < HTTP_PAUSE_MAX_MS / 2 ? w->pause_ms * 2 : HTTP_PAUSE_MAX_MS;
    return w->pause_ends_ms < w->ends_ms && !http_ended(h);
}

static void rest(struct http *h, int64_t until_ms)
{
    for (int64_t left = until_ms - http_now_ms(); left > 0; left = until_ms - http_now_ms()) {
        if (http_ended(h))
            return;
        (void)curl_multi_poll(h->multi, NULL, 0, left < HTTP_TICK_MS ? (int)left : HTTP_TICK_MS,
                              NULL);
    }
}

/* After a failure: may the request be sent again? *at_once: to the next host, with no pause. */
static bool may_repeat(struct http *h, struct round *w, const struct http_request *r,
                       struct err *why, bool *at_once)
{
    bool hope;

    *at_once = false;
    if (why->kind != ERR_STORE)
        return false;
    if (why->retriable || h->attempt.n_sent == 0)
        h->current = (h->current + 1) % h->url.n_hosts;
    if (h->attempt.n_sent > 0) {
        w->n_unreached = 0;
        w->hope = false;
        return why->retriable && r->repeatable;
    }
    w->hope = w->hope || why->retriable;
    hope = why->retriable = w->hope;
    w->n_unreached++;
    *at_once = w->n_unreached < h->url.n_hosts;
    if (*at_once)
        return true;
    w->n_unreached = 0;
    w->hope = false;
    return hope;
}

bool http_send(struct http *h, const struct http_request *request, struct http_answer *answer,
               struct err *err)
{
    unsigned     limit_s = request->limit_s > 0 ? request->limit_s : h->conf.limit_s;
    struct round w = { .began_ms = http_now_ms(), .pause_ms = HTTP_PAUSE_FIRST_MS };

    w.ends_ms = w.began_ms + (int64_t)(limit_s > 0 ? limit_s : HTTP_LIMIT_S) * 1000;
    answer->tries = 0;
    for (;;) {
        struct err why = ERR_INIT;
        int64_t    left_ms = w.ends_ms - http_now_ms();
        bool       at_once = false;
        bool       got;
        bool       again;

        answer->tries++;
        got = http_try(h, request, answer, left_ms > 1 ? left_ms : 1, &why);
        again = got ? is_busy(request, answer) : may_repeat(h, &w, request, &why, &at_once);
        answer->tries += h->attempt.n_sent > 1 ? h->attempt.n_sent - 1 : 0; /* libcurl's own */
        if (!again)
            h->told = h->told && !got;
        if (again && at_once && http_now_ms() < w.ends_ms)
            continue;
        if (again && !at_once && set_pause(h, &w)) {
            tell_outage(h, &w, answer, &why);
            rest(h, w.pause_ends_ms);
            continue;
        }
        if (http_ended(h))
            return got && !again ? true : http_tell_stopped(h, err);
        if (!got)
            *err = why;
        return got;
    }
}

/* ---- a client's life ------------------------------------------------------------------- */

static void start_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        log_msg(LOG_ERROR, "libcurl cannot be started");
        abort();
    }
}

bool http_open(const struct http_conf *conf, struct http **out, struct err *err)
{
    static struct once once;
    struct http       *h = mem_alloc(sizeof(*h));

    h->conf = *conf;
    h->stop = conf->stop;
    h->random = (uint64_t)clock_mono_ns() ^ (uintptr_t)h;
    h->arena = arena_new(1024);
    if (!http_url_parse(conf->url, h->arena, &h->url, err) || !http_check_conf(conf, err))
        goto fail;
    thread_once(&once, start_curl);
    h->multi = curl_multi_init();
    h->easy = curl_easy_init();
    if (!h->multi || !h->easy)
        abort(); /* out of memory */
    (void)curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 1L);
    http_set_all(h);
    http_set_callbacks(h);
    if (!http_check_options(h, err))
        goto fail;
    *out = h;
    return true;
fail:
    http_close(h);
    return false;
}

void http_close(struct http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->easy);
    (void)curl_multi_cleanup(h->multi);
    curl_slist_free_all(h->headers);
    arena_free(h->arena);
    mem_free(h);
}

void http_answer_init(struct http_answer *a, size_t max_body)
{
    *a = (struct http_answer){ .status = 0 };
    buf_init(&a->body, max_body > 0 ? max_body : HTTP_MAX_BODY);
}

void http_answer_release(struct http_answer *a)
{
    buf_release(&a->body);
}

bool http_too_large(const struct http *h)
{
    return h->too_large;
}

void http_cancel(struct http *h)
{
    atomic_store_explicit(&h->cancelled, true, memory_order_relaxed);
    (void)curl_multi_wakeup(h->multi);
}

void http_uncancel(struct http *h)
{
    atomic_store_explicit(&h->cancelled, false, memory_order_relaxed);
    h->stop = NULL;
}

const char *http_place(const struct http *h)
{
    return h->url.places[h->answered];
}
