/*
 * jdbc_url.h - a data source of Kestra (jdbc:postgresql://...) as a URL for libpq.
 */
#ifndef REQUEUE_JDBC_URL_H
#define REQUEUE_JDBC_URL_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct jdbc_source {
    const char *url;      /* postgres://USER:PASSWORD@HOST:PORT,.../DB?...: a secret */
    const char *schema;   /* currentSchema when it is one name; NULL: not said */
    const char *left_out; /* parameters that libpq has no use for, "a b"; NULL: none */
};

/* user and password may be NULL; those in the URL win, as they do for Java's driver. What Java's
 * driver takes for granted (localhost, port 5432) is written out, so that PG* variables do not
 * change it. Everything lives in a. Errors: ERR_USAGE, without any part of the URL. */
MUST_CHECK bool jdbc_url_translate(const char *url, const char *user, const char *password,
                                   struct arena *a, struct jdbc_source *out, struct err *err);

#endif
