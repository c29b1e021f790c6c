/*
 * kestra_store.c - the store's part of kestra_apply: which one Kestra has, and how to log in.
 */
#include "cli/jdbc_url.h"
#include "cli/kestra_internal.h"
#include "lib/base/buf.h"
#include "lib/store/store.h"

#include <strings.h>

#define CLIENT   "kestra.elasticsearch.client."
#define INDICES  "kestra.elasticsearch.indices."
#define TABLES   "kestra.jdbc.tables."
#define SOURCE   "datasources.postgres."
#define MAX_NAME 80
#define NOT_HERE "name the file that has it with one more -c, or the store with --store"

/* ---- PostgreSQL --------------------------------------------------------------------------- */

static bool find_postgres(struct apply *ap)
{
    struct config      *c = ap->conf;
    struct arena       *a = kestra_config_arena(ap->kc);
    struct kestra_value url;
    struct kestra_value user;
    struct kestra_value password;
    struct jdbc_source  source;

    if (!kestra_config_get(ap->kc, SOURCE "url", &url, ap->err))
        return false;
    if (!url.text) {
        (void)err_set(ap->err, ERR_USAGE,
                      "%s: kestra.repository.type is postgres, but " SOURCE "url is not set",
                      ap->conf->kestra_files.items[0]);
        return err_hint(ap->err, NOT_HERE);
    }
    if (!kestra_config_get(ap->kc, SOURCE "username", &user, ap->err) ||
        !kestra_config_get(ap->kc, SOURCE "password", &password, ap->err))
        return false;
    if (!jdbc_url_translate(url.text, user.text, password.text, a, &source, ap->err))
        return err_wrap(ap->err, "%s: " SOURCE "url", url.where);
    kestra_set(ap, "store", &c->store, (struct kestra_value){ source.url, url.where });
    kestra_set(ap, "schema", &c->schema, (struct kestra_value){ source.schema, url.where });
    if (source.left_out)
        kestra_note(ap, "%s: parameters of the JDBC URL that are left out: %.400s", url.where,
                    source.left_out);
    return true;
}

/* Add "KEY=VALUE" for what is named otherwise than as a matter of course. */
static bool add_name(struct apply *ap, const char *name, const char *key, const char *option,
                     struct opt_list *list)
{
    size_t              i = kestra_option(option);
    struct kestra_value v;
    char               *item;
    size_t              room;

    if (ap->given[i])
        return true;
    if (!kestra_config_get(ap->kc, name, &v, ap->err))
        return false;
    if (!v.text || *v.text == '\0' || strcmp(v.text, key) == 0 || list->n == OPT_LIST_MAX)
        return true;
    room = strlen(key) + strlen(v.text) + 2;
    item = arena_alloc(kestra_config_arena(ap->kc), room);
    (void)snprintf(item, room, "%s=%s", key, v.text);
    list->items[list->n++] = item;
    ap->conf->origins[i] = v.where;
    return true;
}

static bool apply_tables(struct apply *ap)
{
    static const char *const tables[] = { "flows", "executions", "templates", "triggers", "logs" };
    char                     name[MAX_NAME];

    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        (void)snprintf(name, sizeof(name), TABLES "%s.table", tables[i]);
        if (!add_name(ap, name, tables[i], "table", &ap->conf->tables))
            return false;
    }
    return true;
}

/* ---- search store ------------------------------------------------------------------------- */

/* SCHEME://HOST:PORT as Kestra's client reads it: http when no scheme is said, and its port. */
static bool add_host(struct apply *ap, struct kestra_value v, bool *tls, struct buf *url)
{
    const char *mark = strstr(v.text, "://");
    const char *host = mark ? mark + 3 : v.text;
    size_t      n = strcspn(host, "/");
    const char *port = memrchr(host, ':', n);
    bool        has_port = port && !memchr(port, ']', n - (size_t)(port - host));
    bool        https = mark && strncasecmp(v.text, "https://", 8) == 0;

    if (mark && !https && strncasecmp(v.text, "http://", 7) != 0)
        return err_set(ap->err, ERR_USAGE, "%s: " CLIENT "http-hosts: neither http nor https",
                       v.where);
    if (url->n > 0 && https != *tls)
        return err_set(ap->err, ERR_USAGE, "%s: " CLIENT "http-hosts: http and https are mixed",
                       v.where);
    *tls = https;
    if (!buf_printf(url, "%s%.*s%s", url->n == 0 ? (https ? "https://" : "http://") : ",",
                    (int)(n > 4096 ? 4096 : n), host,
                    has_port ? ""
                    : https  ? ":443"
                             : ":80"))
        return err_set(ap->err, ERR_USAGE, "%s: " CLIENT "http-hosts: too long", v.where);
    return true;
}

static bool find_search(struct apply *ap)
{
    struct config      *c = ap->conf;
    struct kestra_list  hosts;
    struct kestra_value prefix;
    struct buf          url;
    bool                tls = false;
    bool                ok = true;

    if (!kestra_config_list(ap->kc, CLIENT "http-hosts", &hosts, ap->err) ||
        !kestra_config_get(ap->kc, CLIENT "path-prefix", &prefix, ap->err))
        return false;
    if (hosts.n == 0) {
        (void)err_set(ap->err, ERR_USAGE,
                      "%s: kestra.repository.type is elasticsearch, but " CLIENT
                      "http-hosts is not set",
                      ap->conf->kestra_files.items[0]);
        return err_hint(ap->err, NOT_HERE);
    }
    buf_init(&url, 65536);
    for (size_t i = 0; ok && i < hosts.n; i++)
        ok = add_host(ap, hosts.items[i], &tls, &url);
    if (ok && prefix.text && *prefix.text != '\0')
        ok = buf_printf(&url, "%s%s", *prefix.text == '/' ? "" : "/", prefix.text) ||
             err_set(ap->err, ERR_USAGE, "%s: " CLIENT "path-prefix: too long", prefix.where);
    if (ok)
        kestra_set(ap, "store", &c->store,
                   (struct kestra_value){ arena_str(kestra_config_arena(ap->kc), buf_slice(&url)),
                                          hosts.items[0].where });
    buf_release(&url);
    return ok;
}

/* What the file says to be let in is sent where --store says, too, but never unencrypted when
 * Kestra itself does not. */
static bool may_be_sent(struct apply *ap, bool *out)
{
    struct kestra_list hosts;

    *out = true;
    if (!kestra_given(ap, "store") || strncasecmp(ap->conf->store, "http://", 7) != 0)
        return true;
    if (!kestra_config_list(ap->kc, CLIENT "http-hosts", &hosts, ap->err))
        return false;
    *out = hosts.n == 0 || strncasecmp(hosts.items[0].text, "https://", 8) != 0;
    if (!*out)
        kestra_note(ap,
                    "%s: Kestra reaches its store by https, so its login and headers are not sent "
                    "to --store by http",
                    hosts.items[0].where);
    return true;
}

/* User and password are one setting: never the user of one and the password of another. */
static bool apply_login(struct apply *ap)
{
    struct config      *c = ap->conf;
    struct kestra_value user;
    struct kestra_value password;

    if (kestra_given(ap, "store-user") || kestra_given(ap, "store-password-file") ||
        kestra_given(ap, "store-api-key-file") || strchr(c->store, '@'))
        return true;
    if (!kestra_config_get(ap->kc, CLIENT "basic-auth.username", &user, ap->err) ||
        !kestra_config_get(ap->kc, CLIENT "basic-auth.password", &password, ap->err))
        return false;
    if (!user.text || *user.text == '\0')
        return true;
    if (kestra_given(ap, "store"))
        kestra_note(ap, "%s: the login of Kestra's file is used for the store of --store",
                    user.where);
    kestra_set(ap, "store-user", &c->store_user, user);
    if (password.text && *password.text != '\0') {
        c->store_password.value = password.text;
        c->origins[kestra_option("store-password-file")] = password.where;
    }
    return true;
}

static bool apply_headers(struct apply *ap)
{
    struct config     *c = ap->conf;
    size_t             option = kestra_option("store-header");
    struct kestra_list headers;

    if (ap->given[option])
        return true;
    if (!kestra_config_list(ap->kc, CLIENT "default-headers", &headers, ap->err))
        return false;
    for (size_t i = 0; i < headers.n && i < OPT_LIST_MAX; i++) {
        c->store_headers.items[c->store_headers.n++] = headers.items[i].text;
        c->origins[option] = headers.items[i].where;
    }
    return true;
}

static bool apply_trust(struct apply *ap)
{
    struct kestra_value all;

    if (kestra_given(ap, "insecure") || kestra_given(ap, "store-ca"))
        return true;
    if (!kestra_config_get(ap->kc, CLIENT "trust-all-ssl", &all, ap->err))
        return false;
    if (all.text && strcasecmp(all.text, "true") == 0) {
        ap->conf->insecure = true;
        ap->conf->origins[kestra_option("insecure")] = all.where;
    }
    return true;
}

static bool apply_indices(struct apply *ap)
{
    /* Flows are read where their revisions are (kestra/data-model.md 3.1). */
    static const struct {
        const char *name;
        const char *kind;
    } indices[] = { { "flows-revisions", "flow" },
                    { "templates", "template" },
                    { "triggers", "trigger" },
                    { "executions", "execution" },
                    { "logs", "log" } };
    struct config *c = ap->conf;
    char           name[MAX_NAME];

    if (!kestra_take(ap, "kestra.elasticsearch.defaults.indice-prefix", "index-prefix",
                     &c->index_prefix))
        return false;
    for (size_t i = 0; i < COUNT_OF(indices); i++) {
        (void)snprintf(name, sizeof(name), INDICES "%s.index", indices[i].name);
        if (!add_name(ap, name, indices[i].kind, "index", &c->indices))
            return false;
    }
    return true;
}

/* ---- which one ---------------------------------------------------------------------------- */

static bool find_store(struct apply *ap)
{
    struct kestra_value type;

    if (!kestra_config_get(ap->kc, "kestra.repository.type", &type, ap->err))
        return false;
    if (!type.text)
        return true;
    if (strcasecmp(type.text, "postgres") == 0)
        return find_postgres(ap);
    if (strcasecmp(type.text, "elasticsearch") == 0)
        return find_search(ap);
    (void)err_set(ap->err, ERR_USAGE,
                  "%s: kestra.repository.type is %.40s: requeue reads postgres and elasticsearch",
                  type.where, type.text);
    return err_hint(ap->err, "name another store with --store");
}

bool kestra_apply_store(struct apply *ap)
{
    enum store_type type;
    bool            sent;

    if (!kestra_given(ap, "store") && !find_store(ap))
        return false;
    type = store_type_of(ap->conf->store);
    if (type == STORE_POSTGRES)
        return apply_tables(ap);
    if (type == STORE_SEARCH &&
        (!may_be_sent(ap, &sent) || (sent && (!apply_login(ap) || !apply_headers(ap))) ||
         !apply_trust(ap)))
        return false;
    return (type != STORE_SEARCH && type != STORE_FILE) || apply_indices(ap);
}
