/* http_url.c - the URL of a search server, taken apart (see http_internal.h). */
#include "lib/store/http_internal.h"

#include <ctype.h>

#define PORT "9200"

static bool wrong(struct err *err, const char *why)
{
    (void)err_set(err, ERR_USAGE, "the URL of the search server cannot be used: %s", why);
    return err_hint(err, "write it as https://USER:PASSWORD@HOST:PORT, with special characters of "
                         "user and password percent-encoded (@ is %%40, / is %%2F)");
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: a % without two hex digits, or a control character. */
static const char *decode(struct slice s, struct arena *a)
{
    char  *out = arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '%') {
            int high = i + 1 < s.n ? hex_value(s.p[i + 1]) : -1;
            int low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (iscntrl((unsigned char)c))
            return NULL;
        out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

/* USER[:PASSWORD] */
static bool take_user(struct slice s, struct arena *a, struct http_url *out, struct err *err)
{
    const char  *colon = memchr(s.p, ':', s.n);
    struct slice user = slice_of(s.p, colon ? (size_t)(colon - s.p) : s.n);

    out->user = decode(user, a);
    if (colon)
        out->password = decode(slice_of(colon + 1, s.n - user.n - 1), a);
    if (!out->user || (colon && !out->password))
        return wrong(err, "user or password holds a % that begins no character");
    return true;
}

static bool is_port(struct slice s)
{
    unsigned long value = 0;

    if (s.n < 1 || s.n > 5)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!isdigit((unsigned char)s.p[i]))
            return false;
        value = value * 10 + (unsigned long)(s.p[i] - '0');
    }
    return value >= 1 && value <= 65535;
}

static bool is_host(struct slice s)
{
    bool v6 = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

    for (size_t i = v6 ? 1 : 0; i < s.n - (v6 ? 1 : 0); i++) {
        unsigned char c = (unsigned char)s.p[i];

        /* Bytes above 0x7f: an international name, libcurl's business. */
        if (v6 ? !isxdigit(c) && c != ':' && c != '.'
               : c < 0x80 && !isalnum(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return s.n > 0;
}

/* HOST[:PORT]; the port is what follows the last colon that is not within brackets. */
static bool take_host(struct slice s, struct arena *a, struct http_url *out, struct err *err)
{
    const char  *scheme = out->tls ? "https" : "http";
    size_t       n = s.n;
    struct slice port = SLICE(PORT);
    char         place[512];
    int          length;

    while (n > 0 && s.p[n - 1] != ':' && s.p[n - 1] != ']')
        n--;
    if (n > 0 && s.p[n - 1] == ':') {
        port = slice_of(s.p + n, s.n - n);
        s.n = n - 1;
    }
    if (out->n_hosts == HTTP_MAX_HOSTS)
        return wrong(err, "it names too many hosts");
    if (!is_port(port))
        return wrong(err, "a port is no number from 1 to 65535");
    length =
        snprintf(place, sizeof(place), "%s://%.*s:%.*s", scheme, SLICE_ARG(s), SLICE_ARG(port));
    if (!is_host(s) || length < 0 || (size_t)length >= sizeof(place))
        return wrong(err, "a host name is empty or none");
    out->places[out->n_hosts++] = arena_str(a, slice_str(place));
    return true;
}

static bool take_hosts(struct slice s, struct arena *a, struct http_url *out, struct err *err)
{
    for (;;) {
        const char *comma = s.n > 0 ? memchr(s.p, ',', s.n) : NULL;
        size_t      n = comma ? (size_t)(comma - s.p) : s.n;

        if (!take_host(slice_of(s.p, n), a, out, err))
            return false;
        if (!comma)
            return true;
        s = slice_of(comma + 1, s.n - n - 1);
    }
}

static bool take_prefix(struct slice s, struct arena *a, struct http_url *out, struct err *err)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        /* A password with a slash in it would be taken for a path, and shown as a host. */
        if (c == '@')
            return wrong(err, "there is an @ behind the first / after the host");
        if (c == '?' || c == '#')
            return wrong(err, "a ? or # does not belong into it");
        if (c <= ' ' || c >= 0x7f)
            return wrong(err, "its path holds a character that has to be percent-encoded");
    }
    while (s.n > 0 && s.p[s.n - 1] == '/')
        s.n--;
    out->prefix = arena_str(a, s);
    return true;
}

bool http_url_parse(const char *text, struct arena *a, struct http_url *out, struct err *err)
{
    bool         tls = strncasecmp(text, "https://", 8) == 0;
    struct slice authority;
    const char  *at;

    *out = (struct http_url){ .tls = tls };
    if (!tls && strncasecmp(text, "http://", 7) != 0)
        return wrong(err, "it does not begin with http:// or https://");
    text += tls ? 8 : 7;
    authority = slice_of(text, strcspn(text, "/?#"));
    at = memrchr(authority.p, '@', authority.n);
    /* The path first: it finds out when what looks like a host is a piece of a password. */
    if (!take_prefix(slice_str(text + authority.n), a, out, err))
        return false;
    if (at) {
        size_t n = (size_t)(at - authority.p);

        if (!take_user(slice_of(authority.p, n), a, out, err))
            return false;
        authority = slice_of(at + 1, authority.n - n - 1);
    }
    return take_hosts(authority, a, out, err);
}
