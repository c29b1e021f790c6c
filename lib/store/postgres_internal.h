/*
 * postgres_internal.h - what the files lib/store/postgres*.c share; nobody else includes it, except
 * tests.
 *
 *     postgres.c         the store: open, close, count, servers
 *     postgres_schema.c  describe and use: is it Kestra's database, is it as the layout says?
 *     postgres_has.c     has: a table, a column, a member, for stores without a migration history
 *     postgres_reader.c  its readers: one COPY each
 *     postgres_newest.c  newest: the newest times, found by indexed columns
 *     postgres_links.c   links, runs and log_newest: the runner's own tables
 *     postgres_sql.c     the texts of the queries
 *     postgres_connect.c a connection: making it
 *     postgres_conn.c    using it: transaction, query, wait, cancel
 *     postgres_error.c   what went wrong, in one line
 */
#ifndef REQUEUE_POSTGRES_INTERNAL_H
#define REQUEUE_POSTGRES_INTERNAL_H

#include "lib/base/buf.h"
#include "lib/store/store.h"

#include <libpq-fe.h>

/* ---- connections (postgres_connect.c, postgres_conn.c) -------------------------------- */

/* One connection. It belongs to one thread at a time. */
struct pg_conn {
    PGconn            *pg;           /* NULL: not connected */
    const struct stop *stop;         /* borrowed; NULL: nobody stops it */
    int64_t            deadline_ns;  /* clock_mono_ns() at which every wait gives up; 0: never */
    int64_t            cancelled_ns; /* when a cancel was asked for last */
    int                version;      /* 150004 */
    bool               proxy;        /* goes through a pooling proxy */
    char               state[6];     /* SQLSTATE of the last failure */
    char               place[256];   /* "127.0.0.1:5432/kestra" */
};

/* Connect. What the URL does not say comes from PG* variables, service files and ~/.pgpass. */
MUST_CHECK bool pg_connect(const struct store_conf *conf, struct pg_conn *c, struct err *err);

/* Leave what is running (cancelled) and run sql, in a few seconds at most, whatever stop says.
 * False: the connection is of no use any more. */
MUST_CHECK bool pg_leave(struct pg_conn *c, const char *sql);

void pg_drop(struct pg_conn *c);       /* close it as it is; c may be unconnected */
void pg_disconnect(struct pg_conn *c); /* leave, roll back, close; c may be unconnected */

/* Run one or more statements without parameters; *out (may be NULL) is the last one's result, which
 * the caller clears. doing: for messages, "counting executions". */
MUST_CHECK bool pg_run(struct pg_conn *c, const char *sql, const char *doing, PGresult **out,
                       struct err *err);

/* Begin the read-only transaction in which everything happens; all settings are local to it, so
 * that poolers may hand the server's connection on afterwards. snapshot: to import, or NULL. */
MUST_CHECK bool pg_begin(struct pg_conn *c, unsigned jobs, const char *snapshot, struct err *err);
void            pg_rollback(struct pg_conn *c); /* ends the transaction, whatever its state */

/* Wait for `events` (POLLIN, POLLOUT) and take in what came. ERR_STOPPED after stop or *cancelled.
 */
MUST_CHECK bool pg_wait(struct pg_conn *c, short events, const atomic_bool *cancelled,
                        const char *doing, struct err *err);

/* The next result, waited for; NULL: no more, or a failure (then *err is set). */
PGresult *pg_next_result(struct pg_conn *c, const atomic_bool *cancelled, const char *doing,
                         struct err *err);

bool pg_stopped(const char *doing, struct err *err); /* ERR_STOPPED; returns false */

/* Fill *err from res (NULL: from the connection); returns false. */
bool pg_fail(struct pg_conn *c, const PGresult *res, const char *doing, struct err *err);

/* ---- SQL (postgres_sql.c) ------------------------------------------------------------- */

#define PG_MAX_SQL_BYTES ((size_t)64 << 20) /* STORE_MAX_PARENTS keys of 250 characters */

/* A table by its effective name. Strings live in the store's arena. */
struct pg_table {
    const char *sql;        /* quoted: "public"."flows" */
    const char *place;      /* as people write it: public.flows */
    bool        jsonb;      /* column value is jsonb: valid, without repeated members */
    bool        json;       /* column value is json or jsonb, else it is some kind of text */
    bool        has_parent; /* executions, from 0.13: column trigger_execution_id */
};

/* The effective name of what Kestra calls `table` and we call `kind` (NULL: no kind), with the
 * overrides "NAME=[SCHEMA.]TABLE" and the schema of conf. */
struct pg_table pg_table_name(const struct store_conf *conf, const char *kind, const char *table,
                              struct arena *a);

/* Append the query that hands out what q selects: key, value as text, and source_code if there is
 * one. ERR_USAGE when a text of the selection is not UTF-8. */
MUST_CHECK bool pg_sql_select(PGconn *pg, const struct layout *layout, const struct pg_table *t,
                              const struct store_query *q, struct buf *out, struct err *err);

/* Append the query whose rows are: selected, deleted, terminal, locked, also (all bool), how many.
 */
MUST_CHECK bool pg_sql_count(PGconn *pg, const struct layout *layout, const struct pg_table *t,
                             const struct store_query *q, struct buf *out, struct err *err);

/* Append a text as an SQL literal, or a list of them with ", " between. */
MUST_CHECK bool pg_sql_literal(PGconn *pg, struct slice text, struct buf *out, struct err *err);
/* " IN ('a', 'b')"; n > 0. */
MUST_CHECK bool pg_sql_in(PGconn *pg, const struct slice *texts, size_t n, struct buf *out,
                          struct err *err);
/* "to_regclass('schema.table')", NULL to the server when there is no such table. */
MUST_CHECK bool pg_sql_regclass(PGconn *pg, const struct pg_table *t, struct buf *out,
                                struct err *err);
MUST_CHECK bool pg_sql_list(PGconn *pg, const struct strings *list, struct buf *out,
                            struct err *err);

/* ---- the store (postgres.c, postgres_reader.c) ---------------------------------------- */

/* A connection that a reader can have. slots[0] is the store's own. */
struct pg_slot {
    struct pg_conn conn;
    atomic_bool    busy; /* a reader has it */
};

struct pg_store {
    struct store             base; /* first member */
    const struct store_conf *conf;
    const struct layout     *layout; /* since use() */
    struct arena            *arena;
    struct pg_table          tables[KIND_COUNT];
    struct pg_table          liveness;
    const char              *snapshot; /* exported; NULL: only slots[0] sees it */
    unsigned                 n_slots;
    struct pg_slot          *slots;
};

static inline const char *pg_cell(const PGresult *res, int row, int column)
{
    return PQgetvalue(res, row, column);
}

static inline bool pg_is_true(const PGresult *res, int row, int column)
{
    return PQgetvalue(res, row, column)[0] == 't';
}

/* Run the query in sql on the store's own connection; sql is then empty again. */
MUST_CHECK bool pg_store_run(struct pg_store *s, struct buf *sql, const char *doing, PGresult **out,
                             struct err *err);

/* ERR_BUG when a reader has the store's own connection, which is so when there is no other. */
MUST_CHECK bool pg_check_free(struct pg_store *s, const char *doing, struct err *err);

/* Tables that are used when they are there; --table may name them. */
#define PG_LOGS      "logs"
#define PG_LINKS_OLD "workertaskexecutions" /* up to 0.13 */
#define PG_LINKS     "subflow_executions"
#define PG_JOBS      "worker_job_running" /* from 0.12 */
#define PG_DELAYS    "executordelayed"
#define PG_QUEUES    "queues"

/* The same where a table, a column or a right may be missing: then *out is NULL. */
MUST_CHECK bool pg_run_optional(struct pg_store *s, struct buf *sql, const char *doing,
                                PGresult **out, struct err *err);

/* postgres_newest.c and postgres_links.c */
bool pg_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err);
bool pg_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
              void *ctx, struct err *err);
bool pg_runs(struct store *base, store_run_fn fn, void *ctx, struct err *err);
bool pg_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                   void *ctx, struct err *err);

/* postgres_schema.c and postgres_reader.c: what the store's function table has. */
bool pg_has(struct store *base, const struct layout *layout, const char *what, bool *out,
            struct err *err);
bool pg_describe(struct store *s, struct store_info *out, struct err *err);
bool pg_use(struct store *s, const struct layout *layout, struct err *err);
bool pg_open_readers(struct store *s, const struct store_query *q, size_t max,
                     struct store_reader **out, size_t *n, struct err *err);

#endif
