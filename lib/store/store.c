/* store.c - which store a URL names. */
#include "lib/store/store.h"

typedef bool (*store_opener)(const struct store_conf *conf, struct store **out, struct err *err);

static const struct scheme {
    const char     *prefix;
    enum store_type type;
} schemes[] = {
    { "postgres://", STORE_POSTGRES }, { "postgresql://", STORE_POSTGRES },
    { "http://", STORE_SEARCH },       { "https://", STORE_SEARCH },
    { "file:", STORE_FILE },
};

static const store_opener openers[STORE_TYPE_COUNT] = {
    [STORE_POSTGRES] = postgres_open,
    [STORE_SEARCH] = elastic_open,
    [STORE_FILE] = file_open,
};

enum store_type store_type_of(const char *url)
{
    for (size_t i = 0; url && i < COUNT_OF(schemes); i++)
        if (strncmp(url, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return schemes[i].type;
    return STORE_UNKNOWN;
}

const char *store_health_name(enum store_health health)
{
    switch (health) {
    case STORE_GREEN: return "green";
    case STORE_YELLOW: return "yellow";
    case STORE_RED: return "red";
    case STORE_CLOSED: break;
    }
    return "closed";
}

/* A URL may hold a password: nothing but its scheme is ever shown. */
static bool refuse(const char *url, struct err *err)
{
    const char *colon = strstr(url, "://");
    size_t      n = colon ? (size_t)(colon - url) : 0;

    if (strncmp(url, "jdbc:postgresql:", strlen("jdbc:postgresql:")) == 0)
        (void)err_set(err, ERR_USAGE, "the store's URL is one of JDBC");
    else if (n > 0)
        (void)err_set(err, ERR_USAGE, "the store's URL begins with \"%.*s://\", which is no store",
                      SLICE_ARG(slice_of(url, n)));
    else
        (void)err_set(err, ERR_USAGE, "the store is not named by a URL");
    return err_hint(err, "stores are postgresql://user@host:5432/kestra (or postgres://...), "
                         "http(s)://host:9200 of an Elasticsearch or OpenSearch, and file:PATH of "
                         "what elasticdump wrote");
}

bool store_open(const struct store_conf *conf, struct store **out, struct err *err)
{
    const char  *url = conf->url ? conf->url : "";
    store_opener open = openers[store_type_of(url)];

    return open ? open(conf, out, err) : refuse(url, err);
}

bool store_query_fits(const struct store_query *q)
{
    return q->n_ids <= STORE_MAX_IDS && q->n_also <= STORE_MAX_IDS &&
           q->n_parents <= STORE_MAX_PARENTS;
}
