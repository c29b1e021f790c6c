/* store.c - which store a URL names. */
#include "lib/store/store.h"

#define SUPPORTED "postgres://..., postgresql://... and file:PATH"

struct scheme {
    const char *name;
    bool (*open)(const struct store_conf *conf, struct store **out, struct err *err);
};

static const struct scheme schemes[] = {
    { "postgres", postgres_open },
    { "postgresql", postgres_open },
};

/* A URL may hold a password: nothing but its scheme is ever shown. */
static bool refuse(const char *url, size_t n, struct err *err)
{
    if (strncmp(url, "jdbc:postgresql:", strlen("jdbc:postgresql:")) == 0)
        (void)err_set(err, ERR_USAGE, "the store's URL is one of JDBC");
    else if (n > 0)
        (void)err_set(err, ERR_USAGE, "the store's URL begins with \"%.*s://\", which is no store",
                      SLICE_ARG(slice_of(url, n)));
    else
        (void)err_set(err, ERR_USAGE, "the store is not named by a URL");
    return err_hint(err, "stores are %s, for example postgresql://user@host:5432/kestra",
                    SUPPORTED);
}

bool store_open(const struct store_conf *conf, struct store **out, struct err *err)
{
    const char *url = conf->url ? conf->url : "";
    const char *colon = strstr(url, "://");
    size_t      n = colon ? (size_t)(colon - url) : 0;

    if (strncmp(url, "file:", strlen("file:")) == 0)
        return file_open(conf, out, err);
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (slice_eq(slice_of(url, n), slice_str(schemes[i].name)))
            return schemes[i].open(conf, out, err);
    }
    return refuse(url, n, err);
}
