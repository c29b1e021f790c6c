/* kestra_db.c - see kestra_db.h. */
#include "tests/support/test.h"

#include "tests/support/kestra_db.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"

#include <stdarg.h>
#include <unistd.h>

const char *db_server(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes this variable */
    return getenv("REQUEUE_TEST_POSTGRES");
}

static PGconn *connect_to(const char *name)
{
    char    url[256];
    PGconn *pg;

    (void)snprintf(url, sizeof(url), "%s/%s?application_name=test&client_encoding=UTF8",
                   db_server(), name);
    pg = PQconnectdb(url);
    if (PQstatus(pg) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(pg));
    return pg;
}

static PGresult *query(PGconn *pg, const char *sql)
{
    PGresult *res = PQexec(pg, sql);

    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(res));
    return res;
}

static void on_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

/* ---- databases ------------------------------------------------------------------------ */

void db_create(struct db *d, const char *name, const char *template)
{
    char    sql[256];
    PGconn *pg = connect_to("postgres");

    (void)PQsetNoticeReceiver(pg, on_notice, NULL);
    (void)snprintf(d->name, sizeof(d->name), "%s", name);
    (void)snprintf(d->url, sizeof(d->url), "%s/%s", db_server(), name);
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", name);
    PQclear(query(pg, sql));
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE \"%s\" TEMPLATE %s", name,
                   template ? template : "template0");
    PQclear(query(pg, sql));
    PQfinish(pg);
    d->pg = connect_to(name);
    (void)PQsetNoticeReceiver(d->pg, on_notice, NULL);
}

void db_leave(struct db *d)
{
    PQfinish(d->pg);
    d->pg = NULL;
}

void db_drop(struct db *d)
{
    char    sql[256];
    PGconn *pg;

    if (!d->name[0])
        return;
    db_leave(d);
    pg = connect_to("postgres");
    (void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", d->name);
    PQclear(query(pg, sql));
    PQfinish(pg);
    d->name[0] = '\0';
}

void db_load_sample(struct db *d, const char *sample)
{
    char command[256];

    (void)snprintf(d->name, sizeof(d->name), "requeue_test_%ld_sample", (long)getpid());
    (void)snprintf(d->url, sizeof(d->url), "%s/%s", db_server(), d->name);
    (void)snprintf(command, sizeof(command), "scripts/load-sample %s %s > /dev/null", sample,
                   d->name);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    assert_int_equal(system(command), 0);
    d->pg = connect_to(d->name);
    (void)PQsetNoticeReceiver(d->pg, on_notice, NULL);
}

void db_sql(struct db *d, const char *sql)
{
    PQclear(query(d->pg, sql));
}

void db_sqlf(struct db *d, const char *fmt, ...)
{
    char    sql[4096];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(sql, sizeof(sql), fmt, args);
    va_end(args);
    db_sql(d, sql);
}

int64_t db_number(struct db *d, const char *sql)
{
    PGresult *res = query(d->pg, sql);
    int64_t   n;

    assert_int_equal(PQntuples(res), 1);
    n = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return n;
}

char *db_text(struct db *d, const char *sql)
{
    PGresult *res = query(d->pg, sql);
    char     *text;

    assert_int_equal(PQntuples(res), 1);
    text = mem_strdup(PQgetvalue(res, 0, 0));
    PQclear(res);
    return text;
}

int64_t db_connections(struct db *d)
{
    return db_number(d, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND backend_type = 'client backend' AND application_name <> 'test'");
}

void db_wait_connections(struct db *d, int64_t n)
{
    for (int i = 0; i < 500 && db_connections(d) != n; i++)
        clock_sleep_ms(10);
    assert_int_equal(db_connections(d), n);
}

/* ---- Kestra's tables ------------------------------------------------------------------ */

static const char tables_sql[] =
    "CREATE TYPE state_type AS ENUM ('CREATED', 'RUNNING', 'PAUSED', 'RESTARTED', 'KILLING', "
    "'SUCCESS',"
    " 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'QUEUED', 'RETRYING', 'RETRIED');"
    "CREATE FUNCTION state_fromtext(text) RETURNS state_type LANGUAGE SQL IMMUTABLE"
    " RETURN CAST($1 AS state_type);"
    "CREATE TABLE flows (key varchar(250) PRIMARY KEY, value jsonb NOT NULL,"
    " deleted bool NOT NULL GENERATED ALWAYS AS (CAST(value ->> 'deleted' AS bool)) STORED,"
    " namespace varchar(150) NOT NULL GENERATED ALWAYS AS (value ->> 'namespace') STORED,"
    " tenant_id varchar(250) GENERATED ALWAYS AS (value ->> 'tenantId') STORED,"
    " source_code text);"
    "CREATE TABLE templates (key varchar(250) PRIMARY KEY, value jsonb NOT NULL,"
    " deleted bool NOT NULL GENERATED ALWAYS AS (CAST(value ->> 'deleted' AS bool)) STORED,"
    " namespace varchar(150) NOT NULL GENERATED ALWAYS AS (value ->> 'namespace') STORED,"
    " tenant_id varchar(250) GENERATED ALWAYS AS (value ->> 'tenantId') STORED);"
    "CREATE TABLE triggers (key varchar(250) PRIMARY KEY, value jsonb NOT NULL,"
    " namespace varchar(150) NOT NULL GENERATED ALWAYS AS (value ->> 'namespace') STORED,"
    " tenant_id varchar(250) GENERATED ALWAYS AS (value ->> 'tenantId') STORED);"
    "CREATE TABLE executions (key varchar(250) PRIMARY KEY, value jsonb NOT NULL,"
    " deleted bool NOT NULL GENERATED ALWAYS AS (CAST(value ->> 'deleted' AS bool)) STORED,"
    " namespace varchar(150) NOT NULL GENERATED ALWAYS AS (value ->> 'namespace') STORED,"
    " state_current state_type NOT NULL"
    " GENERATED ALWAYS AS (state_fromtext(value #>> '{state,current}')) STORED,"
    " tenant_id varchar(250) GENERATED ALWAYS AS (value ->> 'tenantId') STORED);"
    "CREATE INDEX executions_state_current ON executions (deleted, tenant_id, state_current);"
    "CREATE INDEX executions_namespace ON executions (deleted, tenant_id, namespace);"
    "CREATE TABLE service_instance (key varchar(250) PRIMARY KEY, value jsonb NOT NULL);"
    "CREATE TABLE flyway_schema_history (installed_rank integer PRIMARY KEY, version varchar(50),"
    " description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL,"
    " checksum integer, installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL"
    " DEFAULT now(), execution_time integer NOT NULL, success boolean NOT NULL);"
    "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script,"
    " installed_by, execution_time, success) SELECT i, '1.' || i, 'd', 'SQL', 'V1_' || i || '.sql',"
    " 'kestra', 1, true FROM generate_series(1, 25) i;";

void db_make_tables(struct db *d)
{
    db_sql(d, tables_sql);
}

/* Members that all kinds share; i is the row's number. Tenants: none, "t1", "t2". */
#define COMMON                                                                                     \
    "'tenantId', (ARRAY[NULL, NULL, 't1', 't2'])[1 + i %% 4], 'namespace',"                        \
    " (ARRAY['a', 'a.b', 'a.b.c', 'ab', 'a_b', 'a%%', 'b.a', 'Ä', 'Ä.ö'])[1 + i %% 9],"         \
    " 'deleted', i %% 7 = 0, 'id', 'id' || i"

void db_fill(struct db *d, unsigned n)
{
    db_sqlf(
        d,
        "INSERT INTO executions (key, value) SELECT 'exec-' || i, jsonb_strip_nulls("
        "jsonb_build_object(" COMMON ", 'flowId', 'f', 'flowRevision', 1, 'state',"
        " jsonb_build_object('current', (enum_range(NULL::state_type))[1 + i %% 13], 'startDate',"
        " to_char(timestamp '2024-12-10 08:00' + i * interval '1.001 s',"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), 'duration', i / 7.0)))"
        " FROM generate_series(1, %u) i",
        n);
    db_sqlf(d,
            "INSERT INTO flows (key, value, source_code) SELECT 'flow-' || i, jsonb_strip_nulls("
            "jsonb_build_object(" COMMON ", 'revision', i)),"
            " CASE i %% 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'id: f' || i || E'\\n# é' END"
            " FROM generate_series(1, %u) i",
            n);
    db_sqlf(d,
            "INSERT INTO templates (key, value) SELECT 'template-' || i, jsonb_strip_nulls("
            "jsonb_build_object(" COMMON ")) FROM generate_series(1, %u) i",
            n);
    db_sqlf(d,
            "INSERT INTO triggers (key, value) SELECT 'trigger-' || i,"
            " jsonb_build_object(" COMMON ", 'executionId', CASE i %% 5 WHEN 0 THEN 'x' END)"
            " || CASE i %% 11 WHEN 0 THEN '{\"workerId\": \"w\"}'::jsonb ELSE '{}' END"
            " FROM generate_series(1, %u) i",
            n);
    db_sql(d, "ANALYZE");
}

/* ---- later ------------------------------------------------------------------------------ */

static void later_main(void *arg)
{
    struct later *l = arg;
    PGconn       *pg = PQconnectdb(l->url);

    (void)PQsetNoticeReceiver(pg, on_notice, NULL);
    clock_sleep_ms(l->after_ms);
    for (int i = 0; i < 1000 && !l->done && !stop_asked(&l->stop); i++) {
        PGresult *res = PQexec(pg, l->sql);

        l->done = PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) > 0 &&
                  strcmp(PQgetvalue(res, 0, 0), "t") == 0;
        PQclear(res);
        clock_sleep_ms(10);
    }
    PQfinish(pg);
}

void db_later(struct later *l, const struct db *d, unsigned after_ms, const char *fmt, ...)
{
    va_list args;

    *l = (struct later){ .after_ms = after_ms };
    (void)snprintf(l->url, sizeof(l->url), "%s?application_name=test", d->url);
    va_start(args, fmt);
    (void)vsnprintf(l->sql, sizeof(l->sql), fmt, args);
    va_end(args);
    l->thread = thread_start(later_main, l);
}

bool db_later_end(struct later *l)
{
    stop_ask(&l->stop);
    thread_join(l->thread);
    return l->done;
}

/* ---- documents ------------------------------------------------------------------------ */

void docs_init(struct docs *d)
{
    *d = (struct docs){ .arena = arena_new((size_t)1 << 20) };
}

void docs_clear(struct docs *d)
{
    d->n = 0;
    d->n_batches = 0;
    arena_reset(d->arena);
}

void docs_release(struct docs *d)
{
    arena_free(d->arena);
    mem_free(d->all);
}

static void add(struct docs *d, const struct document *doc)
{
    if (d->n == d->capacity) {
        d->capacity = d->capacity ? 2 * d->capacity : 1024;
        d->all = mem_realloc(d->all, d->capacity * sizeof(*d->all));
    }
    d->all[d->n++] = (struct document){
        .id = arena_copy(d->arena, doc->id),
        .value = arena_copy(d->arena, doc->value),
        .source = arena_copy(d->arena, doc->source),
        .trusted = doc->trusted,
    };
}

static int by_id(const void *a, const void *b)
{
    struct slice x = ((const struct document *)a)->id;
    struct slice y = ((const struct document *)b)->id;
    int          c = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

    return c != 0 ? c : (x.n > y.n) - (x.n < y.n);
}

static void sort(struct docs *d)
{
    if (d->n > 0)
        qsort(d->all, d->n, sizeof(*d->all), by_id);
}

bool docs_read_all(struct docs *d, struct store_reader *r, struct err *err)
{
    struct batch *b = batch_new();
    bool          end = false;
    bool          ok = true;

    docs_clear(d);
    while (ok && !end) {
        batch_clear(b);
        ok = r->read(r, b, &end, err);
        for (size_t i = 0; ok && i < b->n; i++)
            add(d, &b->docs[i]);
        d->n_batches++;
    }
    batch_free(b);
    sort(d);
    return ok;
}

bool docs_read(struct docs *d, struct store *s, const struct store_query *q, struct err *err)
{
    struct store_reader *r = NULL;
    size_t               n = 0;
    bool                 ok;

    docs_clear(d);
    if (!s->open_readers(s, q, 1, &r, &n, err))
        return false;
    ok = docs_read_all(d, r, err);
    r->close(r);
    return ok;
}

static struct slice field(const PGresult *res, int row, int column)
{
    if (PQgetisnull(res, row, column))
        return slice_of(NULL, 0);
    return slice_of(PQgetvalue(res, row, column), (size_t)PQgetlength(res, row, column));
}

void docs_sql(struct docs *d, struct db *db, const char *sql)
{
    PGresult *res = query(db->pg, sql);

    docs_clear(d);
    for (int i = 0; i < PQntuples(res); i++) {
        struct document doc = { .id = field(res, i, 0), .value = field(res, i, 1) };

        if (PQnfields(res) > 2)
            doc.source = field(res, i, 2);
        add(d, &doc);
    }
    PQclear(res);
    sort(d);
}

static bool same(struct slice a, struct slice b)
{
    return (a.p == NULL) == (b.p == NULL) && slice_eq(a, b);
}

void docs_assert_equal(const struct docs *a, const struct docs *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        const struct document *x = &a->all[i];
        const struct document *y = &b->all[i];

        if (!same(x->id, y->id) || !same(x->value, y->value) || !same(x->source, y->source))
            fail_msg("document %zu: %.*s %.*s is not %.*s %.*s", i, SLICE_ARG(x->id),
                     SLICE_ARG(x->value), SLICE_ARG(y->id), SLICE_ARG(y->value));
    }
    assert_int_equal(a->n, b->n);
}
