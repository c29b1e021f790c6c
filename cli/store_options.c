/*
 * store_options.c - see store_options.h.
 */
#include "cli/store_options.h"

#include "lib/base/file.h"
#include "lib/store/store.h"

#define BIT(type)    (1u << (type))
#define DATABASE     BIT(STORE_POSTGRES)
#define SEARCH       BIT(STORE_SEARCH)
#define WITH_INDICES (SEARCH | BIT(STORE_FILE))

/* Options that not every store has a use for. */
static const struct belonging {
    const char *name;
    unsigned    stores;
    const char *hint; /* for those who come with it to another store; NULL: nothing to say */
} belongings[] = {
    { "schema", DATABASE, "--index-prefix and --index say where a search store has them" },
    { "table", DATABASE, "--index KIND=NAME is the same for a search store" },
    { "index", WITH_INDICES, "--table TABLE=NAME is the same for PostgreSQL" },
    { "index-prefix", WITH_INDICES, NULL },
    { "read", SEARCH, NULL },
    { "store-user", SEARCH, "for PostgreSQL the user stands in the URL, or in PGUSER" },
    { "store-password-file", SEARCH, "PostgreSQL has PGPASSWORD and ~/.pgpass" },
    { "store-api-key-file", SEARCH, NULL },
    { "store-header", SEARCH, NULL },
    { "store-ca", SEARCH, "PostgreSQL has PGSSLROOTCERT and the parameter sslrootcert" },
    { "store-cert", SEARCH, "PostgreSQL has PGSSLCERT and the parameter sslcert" },
    { "store-key", SEARCH, "PostgreSQL has PGSSLKEY and the parameter sslkey" },
    { "insecure", SEARCH, "PostgreSQL has PGSSLMODE and the parameter sslmode" },
    { "gzip", SEARCH, NULL },
};

static const char *stores_text(unsigned stores)
{
    if (stores == DATABASE)
        return "a PostgreSQL store";
    return stores == SEARCH ? "a search store (http, https)" : "a search store or a file of one";
}

static const struct belonging *belonging_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(belongings); i++)
        if (strcmp(belongings[i].name, name) == 0)
            return &belongings[i];
    return NULL;
}

static bool check_belongings(enum store_type type, const bool *given, struct err *err)
{
    for (size_t i = 0; options_table[i].name; i++) {
        const struct opt       *o = &options_table[i];
        const struct belonging *b = given[i] ? belonging_of(o->name) : NULL;

        if (!b || b->stores & BIT(type))
            continue;
        (void)err_set(err, ERR_USAGE, "option --%s%s%s belongs to %s, which --store does not name",
                      o->name, o->env ? " or variable " : "", o->env ? o->env : "",
                      stores_text(b->stores));
        return b->hint ? err_hint(err, "%s", b->hint) : false;
    }
    return true;
}

/* ---- values ------------------------------------------------------------------------------- */

/* KIND=NAME; *kind is the one it names, KIND_COUNT for logs. */
static bool check_index(const char *item, size_t *kind, struct err *err)
{
    size_t n = strcspn(item, "=");

    if (n == 0 || item[n] == '\0' || item[n + 1] == '\0')
        return err_set(err, ERR_USAGE, "option --index: '%s' is not KIND=NAME", item);
    for (*kind = 0; *kind < KIND_COUNT; (*kind)++)
        if (slice_eq(slice_of(item, n), slice_str(kind_name((enum kind)(*kind)))))
            break;
    if (*kind == KIND_FLOW_LAST)
        return err_set(err, ERR_USAGE,
                       "option --index: flow-last is read where flow is; name that one");
    if (*kind < KIND_COUNT || slice_eq(slice_of(item, n), slice_str("log")))
        return true;
    (void)err_set(err, ERR_USAGE, "option --index: '%.*s' is no kind", (int)n, item);
    return err_hint(err, "what has an index is flow, template, trigger, execution and log");
}

static bool check_indices(const struct opt_list *list, struct err *err)
{
    bool seen[KIND_COUNT + 1] = { false };

    for (size_t i = 0; i < list->n; i++) {
        size_t kind = KIND_COUNT;

        if (!check_index(list->items[i], &kind, err))
            return false;
        if (seen[kind])
            return err_set(err, ERR_USAGE, "option --index: %s is given twice",
                           kind < KIND_COUNT ? kind_name((enum kind)kind) : "log");
        seen[kind] = true;
    }
    return true;
}

/* "Name: value". The value may be a secret: only the name is shown. */
static bool check_header(const char *item, struct err *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t n = strspn(item, letters);

    if (n == 0 || item[n] != ':')
        return err_set(err, ERR_USAGE, "option --store-header: it is not \"Name: value\"");
    if (strpbrk(item, "\r\n"))
        return err_set(err, ERR_USAGE, "option --store-header: %.*s has more than one line", (int)n,
                       item);
    return true;
}

static bool check_headers(const struct opt_list *list, struct err *err)
{
    for (size_t i = 0; i < list->n; i++)
        if (!check_header(list->items[i], err))
            return false;
    return true;
}

/* ---- secrets ------------------------------------------------------------------------------ */

/* Refuse a secret by where it comes from. */
static bool bad_secret(const struct opt_secret *s, const char *option, const char *variable,
                       const char *what, struct err *err)
{
    if (s->file)
        return err_set(err, ERR_USAGE, "option --%s: %s %s", option, s->file, what);
    return err_set(err, ERR_USAGE, "environment variable %s %s", variable, what);
}

bool take_secret(const struct opt_secret *s, const char *option, const char *variable,
                 char into[SECRET_MAX + 1], const char **out, struct err *err)
{
    struct buf b;
    bool       ok = true;

    *out = s->value;
    if (s->file) {
        buf_init(&b, SECRET_MAX);
        ok = file_read(s->file, &b, err);
        if (!ok)
            (void)err_wrap(err, "option --%s", option);
        while (b.n > 0 && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
            b.n--;
        if (b.n > 0)
            memcpy(into, b.p, b.n);
        into[b.n] = '\0';
        *out = into;
        if (ok && strlen(into) != b.n)
            ok = bad_secret(s, option, variable, "holds a byte 0", err);
        buf_release(&b);
    }
    if (!ok || !*out)
        return ok;
    if (**out == '\0')
        return bad_secret(s, option, variable, "is empty", err);
    if (strpbrk(*out, "\r\n"))
        return bad_secret(s, option, variable, "holds more than one line", err);
    return true;
}

static bool check_login(const struct config *c, struct err *err)
{
    if (c->store_user && strchr(c->store_user, ':')) {
        (void)err_set(err, ERR_USAGE, "option --store-user: a user has no ':' in its name");
        return err_hint(err, "a password comes from --store-password-file or "
                             "$REQUEUE_STORE_PASSWORD, never from the command line");
    }
    if (c->api_key && (c->store_user || c->password))
        return err_set(err, ERR_USAGE,
                       "an API key and a user or password of the store exclude each other");
    if (c->password && !c->store_user && !(c->store && strchr(c->store, '@'))) {
        (void)err_set(err, ERR_USAGE, "a password of the store is given, but no user");
        return err_hint(err, "name it with --store-user");
    }
    if (!c->store_cert != !c->store_key)
        return err_set(err, ERR_USAGE, "--store-cert and --store-key belong together");
    return true;
}

bool store_options_check(struct config *c, const bool *given, struct err *err)
{
    enum store_type type = store_type_of(c->store);

    /* A store that nobody knows is refused when it is opened, with all that there are. */
    if (type != STORE_UNKNOWN && !check_belongings(type, given, err))
        return false;
    return check_indices(&c->indices, err) && check_headers(&c->store_headers, err) &&
           take_secret(&c->store_password, "store-password-file", "REQUEUE_STORE_PASSWORD",
                       c->password_buf, &c->password, err) &&
           take_secret(&c->store_api_key, "store-api-key-file", "REQUEUE_STORE_API_KEY",
                       c->api_key_buf, &c->api_key, err) &&
           check_login(c, err);
}
