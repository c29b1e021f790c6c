/*
 * kestra_db.h - databases on a real PostgreSQL, made for one test, and what plain SQL says of them.
 *
 * The server is that of $REQUEUE_TEST_POSTGRES (scripts/with-postgres). Everything fails the test
 * on an error and is for the main thread only, except db_later.
 */
#ifndef REQUEUE_KESTRA_DB_H
#define REQUEUE_KESTRA_DB_H

#include "lib/base/mem.h"
#include "lib/base/thread.h"
#include "lib/store/store.h"

#include <libpq-fe.h>

struct db {
    char    name[64];
    char    url[256];
    PGconn *pg; /* of the test itself, in this database; application_name "test" */
};

/* "postgres://postgres@127.0.0.1:5432", without a database; NULL: there is no server. */
const char *db_server(void);

/* A new empty database, or a copy of another one that nobody is connected to. One of that name is
 * dropped before. */
void db_create(struct db *d, const char *name, const char *template);
void db_leave(struct db *d); /* closes d->pg only */
void db_drop(struct db *d);  /* with whoever is connected to it; an all-zero db is allowed */

/* Tables of a Kestra 0.20 with generated columns, as its own migrations make them as far as matters
 * here, and a Flyway history. Empty. */
void db_make_tables(struct db *d);

/* Fill them: n executions, flows, templates and triggers in several tenants, namespaces and states.
 */
void db_fill(struct db *d, unsigned n);

/* One of tests/data/ as a new database: "kestra-0.6". */
void db_load_sample(struct db *d, const char *sample);

void    db_sql(struct db *d, const char *sql);
void    db_sqlf(struct db *d, const char *fmt, ...) PRINTF(2, 3);
int64_t db_number(struct db *d, const char *sql); /* the first cell of the first row */
char   *db_text(struct db *d, const char *sql);   /* the same; mem_free it */

/* Connections to this database, other than the test's own and workers of parallel plans. */
int64_t db_connections(struct db *d);
/* Wait until there are n, for some seconds at most. */
void db_wait_connections(struct db *d, int64_t n);

/* Run sql after a while, from a thread and a connection of its own, again and again until it gives
 * a row that says true. Join with db_later_end(), which says whether it did. */
struct later {
    struct thread *thread;
    struct stop    stop;
    unsigned       after_ms;
    char           url[320];
    char           sql[512];
    bool           done;
};
void db_later(struct later *l, const struct db *d, unsigned after_ms, const char *fmt, ...)
    PRINTF(4, 5);
bool db_later_end(struct later *l);

/* ---- documents ------------------------------------------------------------------------ */

struct docs {
    struct arena    *arena;
    size_t           n;
    size_t           capacity;
    struct document *all; /* sorted by id */
    size_t           n_batches;
};

void docs_init(struct docs *d);
void docs_clear(struct docs *d);
void docs_release(struct docs *d);

/* What a store hands out for a query; false with *err otherwise. */
MUST_CHECK bool docs_read(struct docs *d, struct store *s, const struct store_query *q,
                          struct err *err);
/* The same from a reader that is open already, which stays open. */
MUST_CHECK bool docs_read_all(struct docs *d, struct store_reader *r, struct err *err);

/* What plain SQL says: key, value::text and perhaps source_code. */
void docs_sql(struct docs *d, struct db *db, const char *sql);

/* Are these the same documents? Says the first difference. */
void docs_assert_equal(const struct docs *a, const struct docs *b);

#endif
