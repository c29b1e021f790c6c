/*
 * jdbc_url.c - see jdbc_url.h.
 */
#include "cli/jdbc_url.h"

#include "lib/base/buf.h"

#include <ctype.h>
#include <strings.h>

#define JDBC    "jdbc:postgresql:"
#define MAX_URL ((size_t)32768)

/* Parameters with a name of libpq; their values have the same form. */
static const struct {
    const char *java;
    const char *libpq; /* NULL: known, and of no use */
} parameters[] = {
    { "sslmode", "sslmode" },
    { "sslrootcert", "sslrootcert" },
    { "sslcert", "sslcert" },
    { "sslkey", "sslkey" },
    { "connectTimeout", "connect_timeout" },
    { "options", "options" },
    { "channelBinding", "channel_binding" },
    { "gssEncMode", "gssencmode" },
    { "kerberosServerName", "krbsrvname" },
    { "ApplicationName", NULL },
};

static const struct {
    const char *java; /* of targetServerType */
    const char *libpq;
} targets[] = {
    { "any", "any" },
    { "primary", "read-write" },
    { "master", "read-write" },
    { "secondary", "standby" },
    { "slave", "standby" },
    { "preferSecondary", "prefer-standby" },
    { "preferSlave", "prefer-standby" },
};

struct work {
    struct arena       *arena;
    struct jdbc_source *out;
    const char         *user;
    const char         *password;
    struct buf          query;    /* "a=b&c=d" for libpq */
    struct buf          left_out; /* " a b" */
    bool                ssl;
    bool                no_check; /* sslfactory=...NonValidatingFactory */
    bool                has_sslmode;
};

/* ---- percent encoding --------------------------------------------------------------------- */

static void encode(struct buf *b, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buf_add(b, "%c", *text);
        else
            buf_add(b, "%%%02X", (unsigned)(unsigned char)*text);
}

static unsigned hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20u) - 'a' + 10;
}

static const char *decode(struct arena *a, struct slice s)
{
    char  *out = arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '%' && i + 2 < s.n && isxdigit((unsigned char)s.p[i + 1]) &&
            isxdigit((unsigned char)s.p[i + 2])) {
            out[n++] = (char)(16 * hex(s.p[i + 1]) + hex(s.p[i + 2]));
            i += 2;
        } else {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    out[n] = '\0';
    return out;
}

/* ---- parameters --------------------------------------------------------------------------- */

static void add_parameter(struct work *w, const char *name, const char *value)
{
    buf_add(&w->query, "%s%s=", w->query.n ? "&" : "", name);
    encode(&w->query, value);
}

/* A value that Java knows and we do not is left out, too. */
static bool take_target(struct work *w, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(targets); i++)
        if (strcasecmp(targets[i].java, value) == 0) {
            add_parameter(w, "target_session_attrs", targets[i].libpq);
            return true;
        }
    return false;
}

/* Those that are more than another name; false: none of them. */
static bool take_special(struct work *w, const char *name, const char *value)
{
    size_t n = strlen(value);

    if (strcmp(name, "user") == 0) {
        w->user = value;
    } else if (strcmp(name, "password") == 0) {
        w->password = value;
    } else if (strcmp(name, "ssl") == 0) {
        w->ssl = n == 0 || strcasecmp(value, "true") == 0;
    } else if (strcmp(name, "sslfactory") == 0) {
        w->no_check = n >= 20 && strcmp(value + n - 20, "NonValidatingFactory") == 0;
    } else if (strcmp(name, "currentSchema") == 0 && !strchr(value, ',')) {
        w->out->schema = value;
    } else if (strcmp(name, "currentSchema") == 0) {
        char *path = arena_alloc(w->arena, n + 32);

        (void)snprintf(path, n + 32, "-c search_path=%s", value);
        add_parameter(w, "options", path);
    } else {
        return strcmp(name, "targetServerType") == 0 && take_target(w, value);
    }
    return true;
}

static void take_parameter(struct work *w, struct slice item)
{
    const char *equals = memchr(item.p, '=', item.n);
    size_t      n = equals ? (size_t)(equals - item.p) : item.n;
    const char *name = arena_str(w->arena, slice_of(item.p, n));
    const char *value = equals ? decode(w->arena, slice_of(equals + 1, item.n - n - 1)) : "";

    if (take_special(w, name, value))
        return;
    for (size_t i = 0; i < COUNT_OF(parameters); i++) {
        if (strcmp(parameters[i].java, name) != 0)
            continue;
        w->has_sslmode |= strcmp(name, "sslmode") == 0;
        if (parameters[i].libpq)
            add_parameter(w, parameters[i].libpq, value);
        return;
    }
    buf_add(&w->left_out, "%s%s", w->left_out.n ? " " : "", name);
}

static void take_parameters(struct work *w, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "&");

        if (n > 0)
            take_parameter(w, slice_of(text, n));
        text += n;
        text += *text == '&' ? 1 : 0;
    }
    /* ssl=true alone means that certificate and name are checked. */
    if (w->ssl && !w->has_sslmode)
        add_parameter(w, "sslmode", w->no_check ? "require" : "verify-full");
}

/* ---- hosts -------------------------------------------------------------------------------- */

static bool add_hosts(struct buf *b, struct slice hosts, struct err *err)
{
    if (hosts.n > 0 && (memchr(hosts.p, '@', hosts.n) || memchr(hosts.p, '%', hosts.n)))
        return err_set(err, ERR_USAGE,
                       "the URL has a character in its hosts that belongs into no name (user and "
                       "password stand in keys of their own)");
    do {
        const char  *comma = hosts.n > 0 ? memchr(hosts.p, ',', hosts.n) : NULL;
        struct slice one = slice_of(hosts.p, comma ? (size_t)(comma - hosts.p) : hosts.n);
        const char  *port = one.n > 0 ? memrchr(one.p, ':', one.n) : NULL;
        bool         has_port = port && !memchr(port, ']', one.n - (size_t)(port - one.p));

        buf_add(b, "%.*s%s%s", SLICE_ARG(one), one.n ? "" : "localhost", has_port ? "" : ":5432");
        hosts = comma ? slice_of(comma + 1, hosts.n - one.n - 1) : slice_of(NULL, 0);
        if (comma)
            buf_add(b, ",");
    } while (hosts.n > 0);
    return true;
}

static bool build(struct work *w, const char *rest, struct err *err)
{
    struct slice hosts = slice_of(NULL, 0);
    size_t       path;
    const char  *query = strchr(rest, '?');
    struct buf   b;
    bool         ok;

    buf_init(&b, 40 * MAX_URL);
    take_parameters(w, query ? query + 1 : "");
    if (strncmp(rest, "//", 2) == 0) {
        hosts = slice_of(rest + 2, strcspn(rest + 2, "/?"));
        rest = hosts.p + hosts.n;
    }
    rest += *rest == '/' ? 1 : 0;
    path = strcspn(rest, "?");
    buf_add(&b, "postgres://");
    if (w->user)
        encode(&b, w->user);
    if (w->user && w->password) {
        buf_add(&b, ":");
        encode(&b, w->password);
    }
    if (w->user)
        buf_add(&b, "@");
    ok = add_hosts(&b, hosts, err);
    buf_add(&b, "/");
    encode(&b, decode(w->arena, slice_of(rest, path)));
    if (w->query.n > 0)
        buf_add(&b, "?%s", w->query.p);
    w->out->url = arena_str(w->arena, buf_slice(&b));
    buf_release(&b);
    return ok;
}

bool jdbc_url_translate(const char *url, const char *user, const char *password, struct arena *a,
                        struct jdbc_source *out, struct err *err)
{
    struct work w = { .arena = a, .out = out, .user = user, .password = password };
    bool        ok;

    *out = (struct jdbc_source){ NULL, NULL, NULL };
    if (strncmp(url, JDBC, strlen(JDBC)) != 0) {
        (void)err_set(err, ERR_USAGE, "the URL does not begin with " JDBC "//");
        return err_hint(err, "name the store with --store");
    }
    if (strlen(url) > MAX_URL)
        return err_set(err, ERR_USAGE, "the URL is longer than %zu bytes", MAX_URL);
    buf_init(&w.query, 8 * MAX_URL);
    buf_init(&w.left_out, 2 * MAX_URL);
    ok = build(&w, url + strlen(JDBC), err);
    if (w.left_out.n > 0)
        out->left_out = arena_str(a, buf_slice(&w.left_out));
    buf_release(&w.query);
    buf_release(&w.left_out);
    return ok;
}
