/*
 * test_postgres_session.c - the PostgreSQL store's connections: how many, what they see of a
 * database that changes, how they are stopped, where their settings come from, what they say of the
 * server.
 */
#include "tests/support/test.h"

#include "tests/support/layout_files.h"
#include "tests/support/pg_world.h"

#include "lib/base/clock.h"
#include "lib/store/postgres_internal.h"

#include <sys/stat.h>
#include <unistd.h>

#define EXECUTIONS "SELECT key, value::text FROM executions WHERE NOT deleted"
#define FLOWS      "SELECT key, value::text, source_code FROM flows"
#define TEMPLATES  "SELECT key, value::text FROM templates WHERE NOT deleted"
#define TRIGGERS   "SELECT key, value::text FROM triggers"

/* ---- connections ---------------------------------------------------------------------- */

static void one_job_is_one_connection(void **state)
{
    struct pg_world     *w = pg_world_of(state);
    struct store_query   q = { .kind = KIND_FLOW };
    struct store_counts  n;
    struct err           err = ERR_INIT;
    struct store_reader *r;

    w->conf.jobs = 1;
    use_store(w);
    assert_int_equal(db_connections(&w->db), 1);
    r = open_reader(w, &q);
    assert_int_equal(db_connections(&w->db), 1);
    /* It is taken. */
    assert_false(w->store->count(w->store, &q, &n, &err));
    assert_int_equal(err.kind, ERR_BUG);
    r->close(r);
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(db_connections(&w->db), 1);
}

static void there_are_never_more_connections_than_jobs(void **state)
{
    struct pg_world     *w = pg_world_of(state);
    struct store_query   q = { .kind = KIND_FLOW };
    struct store_reader *r[4];
    struct store_reader *one_more;
    struct err           err = ERR_INIT;
    size_t               n = 0;

    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        w->conf.jobs = jobs;
        use_store(w);
        for (unsigned i = 0; i < jobs; i++) {
            r[i] = open_reader(w, &q);
            assert_true(db_connections(&w->db) <= (int64_t)jobs);
        }
        assert_false(w->store->open_readers(w->store, &q, 1, &one_more, &n, &err));
        assert_int_equal(err.kind, ERR_BUG);
        for (unsigned i = 0; i < jobs; i++) {
            must(docs_read_all(&w->got, r[i], &err), &err);
            assert_int_equal(w->got.n, PG_WORLD_ROWS);
            r[i]->close(r[i]);
        }
        assert_int_equal(db_connections(&w->db), jobs);
        close_store(w);
        db_wait_connections(&w->db, 0);
    }
}

static void connections_are_used_again(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    char              *before;
    char              *after;

    use_store(w);
    read_docs(w, &q);
#define PIDS                                                                                       \
    "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE datname ="         \
    " current_database() AND application_name = 'requeue' AND backend_type = 'client backend'"
    before = db_text(&w->db, PIDS);
    for (int i = 0; i < 20; i++)
        read_docs(w, &q);
    after = db_text(&w->db, PIDS);
    assert_string_equal(before, after);
    mem_free(before);
    mem_free(after);
}

static void a_store_closed_in_the_middle_of_a_read_leaves_nothing_behind(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_large(w);
    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct store_reader *r;
        struct batch        *b = batch_new();
        struct err           err = ERR_INIT;
        bool                 end = false;

        w->conf.jobs = jobs;
        use_store(w);
        r = open_reader(w, &q);
        must(r->read(r, b, &end, &err), &err);
        assert_false(end);
        assert_true(b->n > 0);
        r->close(r);
        close_store(w);
        batch_free(b);
        db_wait_connections(&w->db, 0);
    }
}

static void a_reader_closed_early_does_not_spoil_the_snapshot(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_large(w);
    for (unsigned jobs = 1; jobs <= 2; jobs++) {
        struct batch *b = batch_new();
        struct err    err = ERR_INIT;

        w->conf.jobs = jobs;
        use_store(w);
        docs_sql(&w->expected, &w->db, EXECUTIONS);
        for (int i = 0; i < 5; i++) {
            struct store_reader *r = open_reader(w, &q);
            bool                 end = false;

            if (i % 2 == 0)
                must(r->read(r, b, &end, &err), &err);
            batch_clear(b);
            r->close(r);
        }
        batch_free(b);
        db_sql(&w->db, "UPDATE executions SET value = value || '{\"new\": true}'");
        read_docs(w, &q);
        docs_assert_equal(&w->got, &w->expected);
        close_store(w);
    }
}

/* ---- one instant ---------------------------------------------------------------------- */

static void change_all(struct pg_world *w, const char *kind)
{
    db_sqlf(&w->db, "DELETE FROM %ss WHERE key LIKE '%%1'", kind);
    db_sqlf(&w->db, "INSERT INTO %ss (key, value) SELECT 'new-' || key, value FROM %ss LIMIT 7",
            kind, kind);
    db_sqlf(&w->db, "UPDATE %ss SET value = value || '{\"changed\": true, \"namespace\": \"z\"}'",
            kind);
}

static void all_kinds_and_connections_see_one_instant(void **state)
{
    static const struct {
        enum kind   kind;
        const char *sql;
    } kinds[] = { { KIND_FLOW, FLOWS },
                  { KIND_TEMPLATE, TEMPLATES },
                  { KIND_TRIGGER, TRIGGERS },
                  { KIND_EXECUTION, EXECUTIONS } };
    struct pg_world *w = pg_world_of(state);

    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct docs expected[COUNT_OF(kinds)];

        w->conf.jobs = jobs;
        use_store(w);
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            docs_init(&expected[i]);
            docs_sql(&expected[i], &w->db, kinds[i].sql);
        }
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
            struct store_query  q = { .kind = kinds[i].kind, .executions = EXECUTIONS_ALL };
            struct store_counts n;
            struct err          err = ERR_INIT;

            change_all(w, kind_name(kinds[i].kind));
            read_docs(w, &q);
            docs_assert_equal(&w->got, &expected[i]);
            must(w->store->count(w->store, &q, &n, &err), &err);
            assert_int_equal(n.selected, expected[i].n);
            docs_release(&expected[i]);
        }
        close_store(w);
        db_sql(&w->db,
               "DELETE FROM executions WHERE key LIKE 'new%'; DELETE FROM flows WHERE key LIKE"
               " 'new%'; DELETE FROM templates WHERE key LIKE 'new%';"
               "DELETE FROM triggers WHERE key LIKE 'new%'");
    }
}

static void two_readers_at_once_see_one_instant(void **state)
{
    struct pg_world     *w = pg_world_of(state);
    struct store_query   flows = { .kind = KIND_FLOW };
    struct store_query   executions = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct store_reader *r[2];
    struct err           err = ERR_INIT;

    use_store(w);
    r[0] = open_reader(w, &executions);
    docs_sql(&w->expected, &w->db, FLOWS);
    db_sql(&w->db, "DELETE FROM flows");
    r[1] = open_reader(w, &flows);
    must(docs_read_all(&w->got, r[1], &err), &err);
    docs_assert_equal(&w->got, &w->expected);
    docs_sql(&w->expected, &w->db, EXECUTIONS);
    must(docs_read_all(&w->got, r[0], &err), &err);
    docs_assert_equal(&w->got, &w->expected);
    r[0]->close(r[0]);
    r[1]->close(r[1]);
}

/* A table emptied between the snapshot and its reading would look empty: the lock forbids it. */
static void schema_changes_wait_until_the_store_is_closed(void **state)
{
    struct pg_world *w = pg_world_of(state);
    PGresult        *res;

    use_store(w);
    db_sql(&w->db, "SET lock_timeout = '100ms'");
    res = PQexec(w->db.pg, "TRUNCATE templates");
    assert_string_equal(PQresultErrorField(res, PG_DIAG_SQLSTATE), "55P03");
    PQclear(res);
    res = PQexec(w->db.pg, "ALTER TABLE executions DROP state_current");
    assert_string_equal(PQresultErrorField(res, PG_DIAG_SQLSTATE), "55P03");
    PQclear(res);
    close_store(w);
    db_sql(&w->db, "TRUNCATE templates");
}

/* ---- settings ------------------------------------------------------------------------- */

static void time_limits_of_database_and_role_do_not_hold_for_us(void **state)
{
    static const char *const settings[] = {
        "statement_timeout = '1ms'",
        "idle_in_transaction_session_timeout = '1ms'",
        "lock_timeout = '1ms'",
        "default_transaction_read_only = on",
        "default_transaction_isolation = 'serializable'",
        "client_encoding = 'LATIN1'",
        "standard_conforming_strings = off",
        "max_parallel_workers_per_gather = 0",
    };
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_large(w);
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        db_sqlf(&w->db, "ALTER DATABASE %s SET %s", w->db.name, settings[i]);
    docs_sql(&w->expected, &w->db, EXECUTIONS);
    for (int i = 0; i < 6; i++) {
        struct store_info info;
        struct err        err = ERR_INIT;

        must(store_open(&w->conf, &w->store, &err), &err);
        must(w->store->describe(w->store, &info, &err), &err);
        must(w->store->use(w->store, w->layout, &err), &err);
        clock_sleep_ms(10);
        read_docs(w, &q);
        docs_assert_equal(&w->got, &w->expected);
        close_store(w);
    }
    assert_true(w->expected.n > 1000);
}

static void the_connection_says_who_we_are_and_writes_nothing(void **state)
{
    struct pg_world *w = pg_world_of(state);
    char            *text;

    use_store(w);
    text = db_text(&w->db, "SELECT application_name || ' ' || state FROM pg_stat_activity WHERE"
                           " datname = current_database() AND pid <> pg_backend_pid()"
                           " AND backend_type = 'client backend'");
    assert_string_equal(text, "requeue idle in transaction");
    mem_free(text);
}

/* ---- stopping ------------------------------------------------------------------------- */

struct canceller {
    struct store_reader *reader;
    struct stop         *stop;
    int64_t              at_ns;
};

static void cancel_later(void *arg)
{
    struct canceller *c = arg;

    clock_sleep_ms(300);
    c->at_ns = clock_mono_ns();
    if (c->reader)
        c->reader->cancel(c->reader);
    else
        stop_ask(c->stop);
}

static void assert_soon_after(int64_t at_ns)
{
    int64_t ms = (clock_mono_ns() - at_ns) / 1000000;

    assert_true(at_ns != 0);
    assert_in_range(ms, 0, 1000);
}

/* A kind whose rows take ages. */
static void make_slow(struct pg_world *w)
{
    static const char *overrides[] = { "executions=slow" };

    db_sql(&w->db, "CREATE VIEW slow AS SELECT * FROM executions WHERE key <> pg_sleep(30)::text");
    w->conf.tables = (struct strings){ 1, overrides };
}

static void a_cancel_from_another_thread_ends_a_read_within_a_second(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_slow(w);
    for (unsigned jobs = 1; jobs <= 2; jobs++) {
        struct canceller c = { .stop = NULL };
        struct batch    *b = batch_new();
        struct err       err = ERR_INIT;
        struct thread   *t;
        bool             end = false;
        bool             ok;

        w->conf.jobs = jobs;
        use_store(w);
        c.reader = open_reader(w, &q);
        t = thread_start(cancel_later, &c);
        ok = c.reader->read(c.reader, b, &end, &err);
        thread_join(t);
        assert_false(ok);
        assert_false(end);
        assert_int_equal(err.kind, ERR_STOPPED);
        assert_soon_after(c.at_ns);
        /* The query ends as well, and the store can go on. */
        c.reader->close(c.reader);
        assert_soon_after(c.at_ns);
        assert_int_equal(db_number(&w->db, "SELECT count(*) FROM pg_stat_activity WHERE state ="
                                           " 'active' AND query LIKE '%COPY%' AND datname ="
                                           " current_database() AND pid <> pg_backend_pid()"),
                         0);
        q.kind = KIND_FLOW;
        read_docs(w, &q);
        assert_int_equal(w->got.n, PG_WORLD_ROWS);
        q.kind = KIND_EXECUTION;
        close_store(w);
        batch_free(b);
    }
}

static void a_stop_ends_a_read_and_a_count_within_a_second(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_slow(w);
    for (int round = 0; round < 2; round++) {
        struct canceller    c = { .stop = &w->stop };
        struct store_counts n;
        struct err          err = ERR_INIT;
        struct thread      *t;
        bool                ok;

        atomic_store(&w->stop.asked, false);
        use_store(w);
        t = thread_start(cancel_later, &c);
        ok = round == 0 ? docs_read(&w->got, w->store, &q, &err)
                        : w->store->count(w->store, &q, &n, &err);
        thread_join(t);
        assert_false(ok);
        assert_int_equal(err.kind, ERR_STOPPED);
        assert_soon_after(c.at_ns);
        close_store(w);
        assert_soon_after(c.at_ns);
        db_wait_connections(&w->db, 0);
    }
}

/* ---- what the database is ------------------------------------------------------------- */

static void a_database_is_described(void **state)
{
    struct pg_world  *w = pg_world_of(state);
    struct store_info info;
    struct err        err = ERR_INIT;
    char *version = db_text(&w->db, "SELECT split_part(current_setting('server_version'),"
                                    " ' ', 1)");

    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &info, &err), &err);
    assert_string_equal(info.product, "PostgreSQL");
    assert_string_equal(info.version, version);
    assert_int_equal(info.grade, 'A');
    assert_string_equal(info.place, strrchr(w->db.url, '@') + 1);
    assert_int_equal(info.n_versions, 25);
    assert_true(layout_matches_flyway(w->layout, info.versions, info.n_versions));
    mem_free(version);
}

static void a_database_keeps_its_identity_and_shares_it_with_no_other(void **state)
{
    struct pg_world  *w = pg_world_of(state);
    struct store_info a;
    struct store_info b;
    struct err        err = ERR_INIT;

    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &a, &err), &err);
    must(w->store->use(w->store, w->layout, &err), &err);
    close_store(w);
    w->conf.jobs = 1;
    db_sql(&w->db, "DELETE FROM flows");
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &b, &err), &err);
    close_store(w);
    assert_string_equal(a.identity, b.identity);
    /* The same name again is another database. */
    pg_world_renew(w);
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &b, &err), &err);
    assert_string_not_equal(a.identity, b.identity);
    assert_non_null(strstr(b.identity, w->db.name));
}

static void a_database_without_a_history_has_no_versions(void **state)
{
    struct pg_world  *w = pg_world_of(state);
    struct store_info info;
    struct err        err = ERR_INIT;

    db_sql(&w->db, "DROP TABLE flyway_schema_history");
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &info, &err), &err);
    assert_int_equal(info.n_versions, 0);
}

static void tables_are_found_in_another_schema_and_under_other_names(void **state)
{
    static const char *overrides[] = { "flow=My \"Flows\"", "executions=arch.ive",
                                       "template=templates" };
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    struct store_info  info;
    struct err         err = ERR_INIT;

    db_sql(
        &w->db,
        "CREATE SCHEMA \"Kestra's\"; CREATE SCHEMA arch;"
        "ALTER TABLE flows SET SCHEMA \"Kestra's\"; ALTER TABLE templates SET SCHEMA \"Kestra's\";"
        "ALTER TABLE triggers SET SCHEMA \"Kestra's\"; ALTER TABLE executions SET SCHEMA arch;"
        "ALTER TABLE service_instance SET SCHEMA \"Kestra's\";"
        "ALTER TABLE flyway_schema_history SET SCHEMA \"Kestra's\";"
        "ALTER TABLE \"Kestra's\".flows RENAME TO \"My \"\"Flows\"\"\";"
        "ALTER TABLE arch.executions RENAME TO ive");
    w->conf.schema = "Kestra's";
    w->conf.tables = (struct strings){ 3, overrides };
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &info, &err), &err);
    assert_int_equal(info.n_versions, 25);
    must(w->store->use(w->store, w->layout, &err), &err);
    read_docs(w, &q);
    assert_int_equal(w->got.n, PG_WORLD_ROWS);
    q = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    read_docs(w, &q);
    assert_true(w->got.n > PG_WORLD_ROWS / 2);
}

static void batches_say_the_table_they_come_from(void **state)
{
    struct pg_world     *w = pg_world_of(state);
    struct store_query   q = { .kind = KIND_FLOW_LAST };
    struct store_reader *r;
    struct batch        *b = batch_new();
    struct err           err = ERR_INIT;
    bool                 end;

    w->conf.schema = "public";
    use_store(w);
    r = open_reader(w, &q);
    must(r->read(r, b, &end, &err), &err);
    assert_string_equal(b->place, "public.flows");
    r->close(r);
    batch_free(b);
}

static void a_search_path_in_the_url_is_followed(void **state)
{
    struct pg_world *w = pg_world_of(state);
    char             url[512];

    db_sql(&w->db, "CREATE SCHEMA k; ALTER TABLE flows SET SCHEMA k");
    (void)snprintf(url, sizeof(url), "%s?options=-csearch_path%%3Dk,public", w->db.url);
    w->conf.url = url;
    use_store(w);
}

/* ---- servers -------------------------------------------------------------------------- */

static void live_servers_are_told_with_the_age_of_their_heartbeat(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct store_server servers[STORE_MAX_SERVERS];
    unsigned            clients = 99;
    struct err          err = ERR_INIT;
    size_t              n = 99;

#define BEAT(age) "to_char(now() - interval '" age "', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    db_sql(&w->db, "SET timezone = 'UTC';"
                   "INSERT INTO service_instance SELECT i, jsonb_build_object('type', t, 'state', "
                   "s, 'updatedAt',"
                   " b) FROM (VALUES ('1', 'EXECUTOR', 'RUNNING', " BEAT(
                       "5 s") "),"
                              " ('2', 'WORKER', 'TERMINATED_GRACEFULLY', " BEAT(
                                  "1 s") "),"
                                         " ('3', 'WORKER', 'TERMINATING', " BEAT(
                                             "400 d") "),"
                                                      " ('4', 'SCHEDULER', 'EMPTY', " BEAT(
                                                          "1 s") "),"
                                                                 " ('5', 'INDEXER', 'RUNNING', "
                                                                 "'yesterday')) v(i, t, s, b)");
    /* Another time zone must not make it older or younger. */
    db_sqlf(&w->db, "ALTER DATABASE %s SET timezone = 'Asia/Kolkata'", w->db.name);
    use_store(w);
    must(w->store->servers(w->store, servers, &n, &clients, &err), &err);
    assert_int_equal(n, 3);
    assert_int_equal(clients, 0);
    assert_string_equal(servers[0].type, "INDEXER"); /* unreadable: as if it were of now */
    assert_int_equal(servers[0].age_s, 0);
    assert_string_equal(servers[1].type, "EXECUTOR");
    assert_string_equal(servers[1].state, "RUNNING");
    assert_in_range(servers[1].age_s, 5, 20);
    assert_string_equal(servers[2].state, "TERMINATING");
    assert_in_range(servers[2].age_s, 400 * 86400, 400 * 86400 + 20);
}

static void connections_of_kestras_driver_are_counted(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct store_server servers[STORE_MAX_SERVERS];
    unsigned            clients = 0;
    char                url[512];
    PGconn             *others[2];
    struct err          err = ERR_INIT;
    size_t              n;

    (void)snprintf(url, sizeof(url), "%s?application_name=PostgreSQL%%20JDBC%%20Driver", w->db.url);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        others[i] = PQconnectdb(url);
    use_store(w);
    must(w->store->servers(w->store, servers, &n, &clients, &err), &err);
    assert_int_equal(n, 0);
    assert_int_equal(clients, 2);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        PQfinish(others[i]);
}

static void a_band_without_heartbeats_has_no_servers(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct store_server servers[STORE_MAX_SERVERS];
    unsigned            clients = 0;
    struct err          err = ERR_INIT;
    size_t              n = 99;

    layout_free(w->layout);
    w->layout = layout_file("A");
    db_sql(&w->db, "DROP TABLE service_instance");
    use_store(w);
    must(w->store->servers(w->store, servers, &n, &clients, &err), &err);
    assert_int_equal(n, 0);
}

/* ---- URLs ----------------------------------------------------------------------------- */

struct parts {
    char host[64];
    char port[16];
};

static struct parts server_parts(void)
{
    struct parts p;
    const char  *at = strrchr(db_server(), '@') + 1;
    const char  *colon = strchr(at, ':');

    (void)snprintf(p.host, sizeof(p.host), "%.*s", (int)(colon - at), at);
    (void)snprintf(p.port, sizeof(p.port), "%s", colon + 1);
    return p;
}

/* Environment variables are set here only, before any thread. */
static void set(const char *name, const char *value)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void what_the_url_leaves_out_comes_from_the_environment(void **state)
{
    static const char *const names[] = { "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD" };
    struct pg_world         *w = pg_world_of(state);
    struct parts             p = server_parts();

    set("PGHOST", p.host);
    set("PGPORT", p.port);
    set("PGUSER", "requeue_pw");
    set("PGPASSWORD", "right");
    set("PGDATABASE", w->db.name);
    w->conf.url = "postgres://";
    use_store(w);
    close_store(w);
    (void)snprintf(w->url, sizeof(w->url), "postgresql:///%s?user=postgres", w->db.name);
    w->conf.url = w->url;
    use_store(w);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        set(names[i], NULL);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void passwords_and_services_come_from_libpqs_own_files(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct parts     p = server_parts();
    char             folder[] = "/tmp/requeue-test.XXXXXX";
    char             path[2][64];
    char             text[512];
    char             url[256];

    assert_non_null(mkdtemp(folder));
    (void)snprintf(path[0], sizeof(path[0]), "%s/pgpass", folder);
    (void)snprintf(path[1], sizeof(path[1]), "%s/services", folder);
    (void)snprintf(text, sizeof(text), "%s:%s:*:requeue_pw:right\n", p.host, p.port);
    write_file(path[0], text);
    assert_int_equal(chmod(path[0], 0600), 0);
    (void)snprintf(text, sizeof(text), "[kestra]\nhost=%s\nport=%s\ndbname=%s\nuser=requeue_pw\n",
                   p.host, p.port, w->db.name);
    write_file(path[1], text);
    set("PGPASSFILE", path[0]);
    set("PGSERVICEFILE", path[1]);
    (void)snprintf(url, sizeof(url), "postgres://requeue_pw@%s:%s/%s", p.host, p.port, w->db.name);
    w->conf.url = url;
    use_store(w);
    close_store(w);
    w->conf.url = "postgres://?service=kestra";
    use_store(w);
    set("PGPASSFILE", NULL);
    set("PGSERVICEFILE", NULL);
    assert_int_equal(unlink(path[0]) + unlink(path[1]) + rmdir(folder), 0);
}

static void a_list_of_hosts_is_tried_in_order(void **state)
{
    struct pg_world  *w = pg_world_of(state);
    struct parts      p = server_parts();
    struct store_info info;
    struct err        err = ERR_INIT;
    char              url[256];
    char              place[256];

    (void)snprintf(url, sizeof(url), "postgres://postgres@127.0.0.1:1,%s:%s/%s", p.host, p.port,
                   w->db.name);
    w->conf.url = url;
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &info, &err), &err);
    (void)snprintf(place, sizeof(place), "%s:%s/%s", p.host, p.port, w->db.name);
    assert_string_equal(info.place, place);
}

static void a_unix_socket_is_a_place_too(void **state)
{
    struct pg_world  *w = pg_world_of(state);
    struct parts      p = server_parts();
    struct store_info info;
    struct err        err = ERR_INIT;
    char             *folder = db_text(&w->db, "SELECT split_part(current_setting("
                                                           "'unix_socket_directories'), ',', 1)");
    char              url[512];
    char              place[512];

    (void)snprintf(url, sizeof(url), "postgres://postgres@:%s/%s?host=%s", p.port, w->db.name,
                   folder);
    w->conf.url = url;
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &info, &err), &err);
    (void)snprintf(place, sizeof(place), "%s:%s/%s", folder, p.port, w->db.name);
    assert_string_equal(info.place, place);
    mem_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(one_job_is_one_connection),
        PG_TEST(there_are_never_more_connections_than_jobs),
        PG_TEST(connections_are_used_again),
        PG_TEST(a_store_closed_in_the_middle_of_a_read_leaves_nothing_behind),
        PG_TEST(a_reader_closed_early_does_not_spoil_the_snapshot),
        PG_TEST(all_kinds_and_connections_see_one_instant),
        PG_TEST(two_readers_at_once_see_one_instant),
        PG_TEST(schema_changes_wait_until_the_store_is_closed),
        PG_TEST(time_limits_of_database_and_role_do_not_hold_for_us),
        PG_TEST(the_connection_says_who_we_are_and_writes_nothing),
        PG_TEST(a_cancel_from_another_thread_ends_a_read_within_a_second),
        PG_TEST(a_stop_ends_a_read_and_a_count_within_a_second),
        PG_TEST(a_database_is_described),
        PG_TEST(a_database_keeps_its_identity_and_shares_it_with_no_other),
        PG_TEST(a_database_without_a_history_has_no_versions),
        PG_TEST(tables_are_found_in_another_schema_and_under_other_names),
        PG_TEST(batches_say_the_table_they_come_from),
        PG_TEST(a_search_path_in_the_url_is_followed),
        PG_TEST(live_servers_are_told_with_the_age_of_their_heartbeat),
        PG_TEST(connections_of_kestras_driver_are_counted),
        PG_TEST(a_band_without_heartbeats_has_no_servers),
        PG_TEST(what_the_url_leaves_out_comes_from_the_environment),
        PG_TEST(passwords_and_services_come_from_libpqs_own_files),
        PG_TEST(a_list_of_hosts_is_tried_in_order),
        PG_TEST(a_unix_socket_is_a_place_too),
    };

    return PG_RUN(tests);
}
