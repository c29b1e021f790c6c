/*
 * postgres_error.h - what PostgreSQL says, as one line and a hint (for lib/store/postgres*.c).
 *
 * Pure: SQLSTATE and text in, struct err out; no libpq. Server messages may come in any language,
 * so what is decided is decided by SQLSTATE wherever there is one.
 */
#ifndef REQUEUE_POSTGRES_ERROR_H
#define REQUEUE_POSTGRES_ERROR_H

#include "lib/base/err.h"

struct pg_failure {
    const char *sqlstate; /* five characters, or "" when there is none */
    const char *text;     /* what the server or libpq said; the first line counts */
    const char *place;    /* "127.0.0.1:5432/kestra" */
    const char *doing;    /* "reading executions" */
    bool        proxy;    /* the connection goes through a pooling proxy */
};

/* Fill *err with ERR_STORE; returns false. */
bool pg_failure_tell(const struct pg_failure *f, struct err *err);

/* A connection that could not be made. text: libpq's message with verbosity PQERRORS_VERBOSE, which
 * puts the SQLSTATE into it; sqlstate is ignored. */
bool pg_failure_tell_connect(const struct pg_failure *f, struct err *err);

#endif
