/*
 * http_setup.c - what http_open checks, and what it tells libcurl once for all requests (see
 * http_internal.h).
 */
#include "lib/base/file.h"
#include "lib/store/http_internal.h"

#include <ctype.h>

#define PEM_MAX_BYTES (4u << 20)

/* ---- options of libcurl --------------------------------------------------------------- */

void http_keep(struct http *h, CURLcode rc)
{
    if (rc != CURLE_OK && h->refused == CURLE_OK)
        h->refused = rc;
}

void http_set_long(struct http *h, CURLoption option, long value)
{
    http_keep(h, curl_easy_setopt(h->easy, option, value));
}

void http_set_size(struct http *h, CURLoption option, size_t value)
{
    http_keep(h, curl_easy_setopt(h->easy, option, (curl_off_t)value));
}

void http_set_text(struct http *h, CURLoption option, const char *value)
{
    http_keep(h, curl_easy_setopt(h->easy, option, value));
}

bool http_check_options(const struct http *h, struct err *err)
{
    if (h->refused == CURLE_OK)
        return true;
    return err_set(err, ERR_BUG, "libcurl %s refuses an option: %s",
                   curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(h->refused));
}

/* ---- checks --------------------------------------------------------------------------- */

static bool check_pem(const char *path, const char *what, struct err *err)
{
    struct buf text;
    bool       ok = true;

    if (!path)
        return true;
    buf_init(&text, PEM_MAX_BYTES);
    if (!file_read(path, &text, err)) {
        ok = err_wrap(err, "%s", what) ||
             err_hint(err, "--store-ca, --store-cert and --store-key name files: is it there, and "
                           "may you read it?");
    } else if (!strstr(text.p, "-----BEGIN ")) {
        ok = err_set(err, ERR_USAGE, "%s %s: this is no PEM file", what, path);
        (void)err_hint(err, "openssl converts other forms (openssl pkcs12, openssl x509)");
    } else if (strstr(text.p, "ENCRYPTED")) {
        ok = err_set(err, ERR_USAGE, "%s %s: the key has a pass phrase", what, path);
        (void)err_hint(err, "write it without one: openssl pkey -in FILE -out FILE");
    }
    buf_release(&text);
    return ok;
}

static bool check_files(const struct http_conf *conf, struct err *err)
{
    if (conf->key_file && !conf->cert_file)
        return err_set(err, ERR_USAGE, "a client key without its certificate");
    return check_pem(conf->ca_file, "file of authorities", err) &&
           check_pem(conf->cert_file, "client certificate", err) &&
           check_pem(conf->key_file, "client key", err);
}

static bool has_control(const char *s)
{
    while (*s && !iscntrl((unsigned char)*s))
        s++;
    return *s != '\0';
}

/* Messages do not quote it: a header is where tokens are. */
static bool check_headers(const struct http_conf *conf, struct err *err)
{
    if (conf->api_key && has_control(conf->api_key))
        return err_set(err, ERR_USAGE, "the API key holds a control character");
    for (size_t i = 0; i < conf->headers.n; i++) {
        const char *s = conf->headers.items[i];
        size_t      n = strcspn(s, ":; \t");

        /* libcurl takes a header without a value for the wish to leave it out. */
        if (n == 0 || s[n] != ':' || s[n + 1 + strspn(s + n + 1, " \t")] == '\0' || has_control(s))
            return err_set(err, ERR_USAGE, "extra header number %zu is not of the form NAME: VALUE",
                           i + 1);
    }
    return true;
}

/* ---- settings ------------------------------------------------------------------------- */

static void add_header(struct http *h, const char *line)
{
    struct curl_slist *longer = curl_slist_append(h->headers, line);

    if (!longer)
        abort(); /* out of memory */
    h->headers = longer;
}

static void set_headers(struct http *h)
{
    const struct strings *extra = &h->conf.headers;

    add_header(h, "Accept: application/json");
    add_header(h, "Content-Type: application/json");
    add_header(h, "Expect:"); /* no waiting for 100 before a body is sent */
    for (size_t i = 0; i < extra->n; i++)
        add_header(h, extra->items[i]);
    if (h->conf.api_key) {
        struct buf line;

        buf_init(&line, SIZE_MAX);
        buf_add(&line, "Authorization: ApiKey %s", h->conf.api_key);
        add_header(h, line.p);
        buf_release(&line);
    }
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers));
    http_set_text(h, CURLOPT_USERAGENT, "requeue/" REQUEUE_VERSION);
}

static void set_identity(struct http *h)
{
    const struct http_conf *conf = &h->conf;
    const char             *user = conf->user ? conf->user : h->url.user;
    const char             *password = conf->password ? conf->password : h->url.password;

    if (user && !conf->api_key) {
        http_set_long(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        http_set_text(h, CURLOPT_USERNAME, user);
        http_set_text(h, CURLOPT_PASSWORD, password ? password : "");
    }
    if (conf->ca_file)
        http_set_text(h, CURLOPT_CAINFO, conf->ca_file);
    if (conf->cert_file) {
        http_set_text(h, CURLOPT_SSLCERT, conf->cert_file);
        http_set_text(h, CURLOPT_SSLKEY, conf->key_file ? conf->key_file : conf->cert_file);
        http_set_text(h, CURLOPT_KEYPASSWD, ""); /* else OpenSSL asks the terminal */
    }
    http_set_long(h, CURLOPT_SSL_VERIFYPEER, conf->insecure ? 0 : 1);
    http_set_long(h, CURLOPT_SSL_VERIFYHOST, conf->insecure ? 0 : 2);
}

static void set_transfer(struct http *h)
{
    http_set_long(h, CURLOPT_NOSIGNAL, 1);
    http_set_long(h, CURLOPT_BUFFERSIZE, 65536);
    http_set_long(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    http_set_long(h, CURLOPT_HTTP09_ALLOWED, 1);
    http_set_text(h, CURLOPT_PROTOCOLS_STR, "http,https");
    http_set_long(h, CURLOPT_FOLLOWLOCATION, 0);
    http_set_long(h, CURLOPT_PATH_AS_IS, 1);
    http_set_long(h, CURLOPT_TCP_KEEPALIVE, 1);
    http_set_long(h, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    http_set_long(h, CURLOPT_QUICK_EXIT, 1); /* does not wait for a name server when stopped */
    http_set_long(h, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_MS);
    http_set_long(h, CURLOPT_LOW_SPEED_LIMIT, 1);
    http_set_long(h, CURLOPT_LOW_SPEED_TIME, HTTP_SILENCE_S);
    if (h->conf.gzip)
        http_set_text(h, CURLOPT_ACCEPT_ENCODING, "gzip");
    http_keep(h, curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->said));
}

bool http_check_conf(const struct http_conf *conf, struct err *err)
{
    return check_files(conf, err) && check_headers(conf, err);
}

void http_set_all(struct http *h)
{
    set_headers(h);
    set_identity(h);
    set_transfer(h);
}
