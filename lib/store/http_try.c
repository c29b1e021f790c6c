/*
 * http_try.c - one try of a request (see http_internal.h).
 *
 * DESIGN. One easy handle, driven through a multi handle: curl_multi_poll ends early when
 * http_cancel wakes it and at the latest after HTTP_TICK_MS, so a silent server holds nobody up.
 *
 * libcurl by itself sends a request a second time when a kept-alive connection turns out to be dead
 * before the first byte of the answer. The server may have worked on the first one all the same,
 * and a scroll would lose a page. So on_request counts the sendings and refuses the second one of a
 * request that is not repeatable.
 *
 * A connection that ends within the head of an answer is no error to libcurl, hence `head_done`.
 * HTTP/0.9 is let in because then the first bytes are ours to look at: TLS and other foreign
 * servers get their own line.
 */
#include "lib/store/http_internal.h"

#include <ctype.h>

/* ---- callbacks of libcurl ------------------------------------------------------------- */

static int on_request(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
    struct http_attempt *t = ctx;

    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (t->n_sent > 0 && !t->request->repeatable)
        return CURL_PREREQFUNC_ABORT;
    t->n_sent++;
    return CURL_PREREQFUNC_OK;
}

static void take_content_type(struct http_answer *answer, struct slice s)
{
    size_t n = 0;

    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s = slice_of(s.p + 1, s.n - 1);
    while (n < s.n && n + 1 < sizeof(answer->content_type) && s.p[n] > ' ' && s.p[n] != ';') {
        answer->content_type[n] = (char)tolower((unsigned char)s.p[n]);
        n++;
    }
    answer->content_type[n] = '\0';
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    static const char    type[] = "content-type:";
    struct http_attempt *t = ctx;
    size_t               n_type = sizeof(type) - 1;

    n *= size;
    if (n >= 5 && memcmp(p, "HTTP/", 5) == 0) {
        t->has_status = true;
        t->head_done = false;
        t->answer->content_type[0] = '\0';
    } else if (n > n_type && strncasecmp(p, type, n_type) == 0) {
        take_content_type(t->answer, slice_of(p + n_type, n - n_type));
    } else if (n > 0 && (p[0] == '\r' || p[0] == '\n')) {
        t->head_done = true;
    }
    return n;
}

static enum http_oddity judge(const char *p, size_t n)
{
    if (n >= 2 && (p[0] == 0x15 || p[0] == 0x16) && p[1] == 3)
        return HTTP_ODD_TLS;
    return memcmp(p, "HTTP/", n < 5 ? n : 5) == 0 ? HTTP_ODD_CUT : HTTP_ODD_FOREIGN;
}

/* Less than n: the transfer ends with CURLE_WRITE_ERROR. */
static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct http_attempt *t = ctx;
    struct buf          *b = &t->answer->body;

    n *= size;
    if (!t->has_status && n > 0)
        t->oddity = judge(p, n);
    else if (n > t->max_body - b->n || !buf_append(b, slice_of(p, n)))
        t->oddity = HTTP_ODD_LARGE;
    return t->oddity == HTTP_ODD_NONE ? n : 0;
}

void http_set_callbacks(struct http *h)
{
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_PREREQFUNCTION, on_request));
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_PREREQDATA, &h->attempt));
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_HEADERFUNCTION, on_header));
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, &h->attempt));
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, on_body));
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, &h->attempt));
}

/* ---- one try -------------------------------------------------------------------------- */

static void set_method(struct http *h, const struct http_request *r)
{
    bool head = strcmp(r->method, "HEAD") == 0;
    bool bodiless = r->body.n == 0 && (strcmp(r->method, "GET") == 0 || head);

    /* GET and HEAD take back what an earlier request set. */
    http_set_long(h, CURLOPT_HTTPGET, 1);
    if (head)
        http_set_long(h, CURLOPT_NOBODY, 1);
    if (!bodiless) {
        http_set_long(h, CURLOPT_POST, 1);
        http_keep(h, curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, r->body.n > 0 ? r->body.p : ""));
        http_set_size(h, CURLOPT_POSTFIELDSIZE_LARGE, r->body.n);
    }
    http_set_text(h, CURLOPT_CUSTOMREQUEST, head ? NULL : r->method);
    http_set_size(h, CURLOPT_MAXFILESIZE_LARGE, head ? 0 : h->attempt.max_body);
}

bool http_tell_stopped(const struct http *h, struct err *err)
{
    return err_set(err, ERR_STOPPED, "search server %s: stopped", h->url.places[h->current]);
}

static bool prepare(struct http *h, const struct http_request *r, struct http_answer *answer,
                    int64_t left_ms, struct err *err)
{
    size_t     limit = h->conf.max_body > 0 ? h->conf.max_body : HTTP_MAX_BODY;
    int64_t    request_ms = (int64_t)HTTP_REQUEST_S * 1000;
    struct buf url;

    buf_clear(&answer->body);
    answer->status = 0;
    answer->content_type[0] = '\0';
    h->attempt = (struct http_attempt){ .request = r, .answer = answer };
    h->attempt.max_body = limit < answer->body.limit ? limit : answer->body.limit;
    h->said[0] = '\0';
    h->too_large = false;

    buf_init(&url, SIZE_MAX);
    buf_add(&url, "%s%s%s", h->url.places[h->current], h->url.prefix, r->path);
    http_set_text(h, CURLOPT_URL, url.p);
    buf_release(&url);
    set_method(h, r);
    if (left_ms > request_ms)
        left_ms = request_ms;
    http_set_long(h, CURLOPT_TIMEOUT_MS, (long)left_ms);
    return http_check_options(h, err);
}

/* Until the transfer is done: its result in *code. False: ended before. */
static bool drive(struct http *h, CURLcode *code)
{
    int running = 1;

    while (!http_ended(h)) {
        CURLMcode mc = curl_multi_perform(h->multi, &running);
        int       n_left;
        CURLMsg  *m = curl_multi_info_read(h->multi, &n_left);

        if (m && m->msg == CURLMSG_DONE) {
            *code = m->data.result;
            return true;
        }
        if (mc == CURLM_OK)
            mc = curl_multi_poll(h->multi, NULL, 0, HTTP_TICK_MS, NULL);
        if (mc != CURLM_OK || running == 0) {
            *code = CURLE_FAILED_INIT;
            return true;
        }
    }
    return false;
}

/* What proxies and servers say when plain HTTP comes to their TLS port, in a proper answer. */
static bool is_to_tls(const struct http *h, const struct http_answer *answer)
{
    static const char *const words[] = { "sent to HTTPS port", "to an HTTPS server" };
    bool                     found = false;

    if (h->url.tls || answer->status != 400)
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        found = found || strstr(answer->body.p, words[i]);
    return found;
}

/* Is it a whole answer? */
static bool examine(struct http *h, CURLcode code)
{
    struct http_attempt *t = &h->attempt;
    long                 status = 0;

    (void)curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    t->answer->status = (int)status;
    if (code == CURLE_FILESIZE_EXCEEDED)
        t->oddity = HTTP_ODD_LARGE;
    else if (code == CURLE_OK && (status < 200 || !t->head_done))
        t->oddity = HTTP_ODD_CUT;
    else if (code == CURLE_OK && is_to_tls(h, t->answer))
        t->oddity = HTTP_ODD_TO_TLS;
    h->too_large = t->oddity == HTTP_ODD_LARGE;
    return code == CURLE_OK && t->oddity == HTTP_ODD_NONE;
}

static bool tell_failure(const struct http *h, CURLcode code, int64_t since_ms, struct err *err)
{
    const struct http_attempt *t = &h->attempt;
    long                       os_error = 0;
    struct http_failure        f = {
               .place = h->url.places[h->current],
               .n_hosts = h->url.n_hosts,
               .request = t->request,
               .oddity = t->oddity,
               .code = code,
               .said = h->said,
               .tls = h->url.tls,
               .sent = t->n_sent > 0,
               .n_body = t->answer->body.n,
               .max_body = t->max_body,
               .waited_ms = (unsigned)(http_now_ms() - since_ms),
    };

    (void)curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &os_error);
    f.os_error = (int)os_error;
    return http_failure_tell(&f, err);
}

bool http_try(struct http *h, const struct http_request *r, struct http_answer *answer,
              int64_t left_ms, struct err *err)
{
    int64_t  since_ms = http_now_ms();
    CURLcode code = CURLE_OK;
    bool     done;

    if (!prepare(h, r, answer, left_ms, err))
        return false;
    if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
        return err_set(err, ERR_BUG, "libcurl takes no request");
    done = drive(h, &code);
    /* Closes the connection when the answer is not whole. */
    (void)curl_multi_remove_handle(h->multi, h->easy);
    if (!done)
        return http_tell_stopped(h, err);
    if (!examine(h, code))
        return tell_failure(h, code, since_ms, err);
    h->answered = h->current;
    return true;
}
