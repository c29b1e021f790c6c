/*
 * test_postgres_errors.c - how the PostgreSQL store fails: one line that says what, a hint that
 * says what next, never a short read that looks like a complete one, never a password.
 */
#include "tests/support/test.h"

#include "tests/support/pg_world.h"
#include "tests/support/relay.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers -------------------------------------------------------------------------- */

/* A URL of the test's database for another user, through another port; `rest` is appended. */
static const char *url_of(struct pg_world *w, const char *user, int port, const char *rest)
{
    (void)snprintf(w->url, sizeof(w->url), "postgres://%s@%s:%d/%s%s", user, w->host, port,
                   w->db.name, rest);
    return w->url;
}

/* The error is of that kind; its message and its hint say these things. */
static void assert_says(const struct err *err, enum err_kind kind, const char *says,
                        const char *hint)
{
    if (err->kind != kind)
        fail_msg("kind %d, not %d: %s", (int)err->kind, (int)kind, err->msg);
    if (!strstr(err->msg, says))
        fail_msg("\"%s\" does not say \"%s\"", err->msg, says);
    if (!strstr(err->hint, hint))
        fail_msg("the hint \"%s\" does not say \"%s\"", err->hint, hint);
    assert_null(strstr(err->msg, "s3cret"));
    assert_null(strstr(err->hint, "s3cret"));
}

static void assert_no_open(struct pg_world *w, const char *url, enum err_kind kind,
                           const char *says, const char *hint)
{
    struct err err = ERR_INIT;

    w->conf.url = url;
    print_message("%s\n", url);
    assert_false(store_open(&w->conf, &w->store, &err));
    assert_says(&err, kind, says, hint);
}

/* ---- URLs ----------------------------------------------------------------------------- */

static void urls_that_name_no_store_are_refused_with_those_that_do(void **state)
{
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        { "mysql://u:s3cret@h/d", "\"mysql://\"" },
        { "POSTGRES://u:s3cret@h/d", "\"POSTGRES://\"" },
        { "jdbc:postgresql://h:5432/d?user=u&password=s3cret", "one of JDBC" },
        { "host=h password=s3cret", "not named by a URL" },
        { "postgres:u:s3cret@h", "not named by a URL" },
        { "", "not named by a URL" },
        { NULL, "not named by a URL" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct store_conf conf = { .url = cases[i].url, .jobs = 1 };
        struct store     *s = NULL;
        struct err        err = ERR_INIT;

        assert_false(store_open(&conf, &s, &err));
        assert_says(&err, ERR_USAGE, cases[i].says, "postgres://");
        assert_non_null(strstr(err.hint, "postgresql://"));
    }
}

static void urls_that_cannot_be_understood_are_not_repeated(void **state)
{
    static const char *const urls[] = {
        "postgres://u:s3cret@p@h/d",       /* an @ in the password */
        "postgres://u:p/s3cret@h/d",       /* a / in the password */
        "postgres://u:p@h/d?nix=s3cret",   /* no such parameter */
        "postgres://u:s3cret%zz@h/d",      /* no such escape */
        "postgres://u:p@[::1/d?s3cret",    /* a bracket missing */
        "postgres://h/d?password=s3cret=", /* a = too many */
        "postgres://h/d?s3cret",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct store_conf conf = { .url = urls[i], .jobs = 1 };
        struct store     *s = NULL;
        struct err        err = ERR_INIT;

        assert_false(store_open(&conf, &s, &err));
        assert_says(&err, ERR_USAGE, "cannot be understood", "");
        assert_true(strlen(err.hint) > 20);
    }
}

static void a_forgotten_at_does_not_give_the_password_away(void **state)
{
    struct store_conf conf = { .url = "postgres://u:s3cret/d", .jobs = 1 };
    struct store     *s = NULL;
    struct err        err = ERR_INIT;

    (void)state;
    assert_false(store_open(&conf, &s, &err));
    assert_says(&err, ERR_STORE, "a port", "user:password@host:port");
}

static void table_overrides_are_checked(void **state)
{
    static const char *const bad[] = { "flow", "=x", "flow=", "" };
    static const char       *unknown[] = { "flow=flows", "flws=x" };
    struct pg_world         *w = pg_world_of(state);
    struct err               err = ERR_INIT;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const char *items[] = { bad[i] };

        w->conf.tables = (struct strings){ 1, items };
        assert_no_open(w, w->db.url, ERR_USAGE, "is not TABLE=NAME", "");
    }
    w->conf.tables = (struct strings){ 2, unknown };
    open_store(w);
    assert_false(w->store->use(w->store, w->layout, &err));
    assert_says(&err, ERR_USAGE, "\"flws\"", "");
}

/* ---- connecting ----------------------------------------------------------------------- */

static void a_server_that_cannot_be_reached_is_named(void **state)
{
    struct pg_world *w = pg_world_of(state);

    assert_no_open(w, "postgres://u:s3cret@127.0.0.1:1/d", ERR_STORE,
                   "127.0.0.1:1/d, connecting: Connection refused", "is the server running");
    assert_no_open(w, "postgres://u:s3cret@no-such-host.invalid/d", ERR_STORE,
                   "no-such-host.invalid", "PGHOST");
    assert_no_open(w, "postgres:///d?host=/no/such/folder", ERR_STORE, "/no/such/folder", "socket");
    assert_no_open(w, "postgres://127.0.0.1:1,127.0.0.1:2/d", ERR_STORE, "port 1 failed",
                   "running");
}

static void who_may_not_in_is_told_why(void **state)
{
    static const struct {
        const char *user;
        const char *rest;
        const char *says;
        const char *hint;
    } cases[] = {
        { "requeue_pw:s3cret", "", "password authentication failed for user \"requeue_pw\"",
          "PGPASSWORD" },
        { "requeue_pw", "", "a password is needed", "~/.pgpass" },
        { "postgres:s3cret", "_none", "_none\" does not exist", "PGDATABASE" },
        { "requeue_nobody", "", "role \"requeue_nobody\" does not exist", "PGUSER" },
        { "postgres", "?sslmode=require", "SSL", "sslmode" },
        { "postgres", "?target_session_attrs=standby", "hot standby", "target_session_attrs" },
        { "postgres", "?service=no_such", "no_such", "PGSERVICE" },
        { "postgres", "?options=-cno_such%3D1", "no_such", "" },
    };
    struct pg_world *w = pg_world_of(state);

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_no_open(w, url_of(w, cases[i].user, w->port, cases[i].rest), ERR_STORE,
                       cases[i].says, cases[i].hint);
}

static void too_many_connections_are_told(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    struct err         err = ERR_INIT;

    db_sql(&w->db, "DROP ROLE IF EXISTS requeue_test_limit;"
                   "CREATE ROLE requeue_test_limit LOGIN CONNECTION LIMIT 1;"
                   "GRANT pg_read_all_data TO requeue_test_limit");
    w->conf.url = url_of(w, "requeue_test_limit", w->port, "");
    use_store(w);
    /* The reader's connection is the second one. */
    assert_false(docs_read(&w->got, w->store, &q, &err));
    assert_says(&err, ERR_STORE, "too many connections", "--jobs 1");
    close_store(w);
    db_wait_connections(&w->db, 0); /* the server counts one until it has noticed its end */
    w->conf.jobs = 1;
    use_store(w);
    must(docs_read(&w->got, w->store, &q, &err), &err);
    close_store(w);
    db_wait_connections(&w->db, 0);
    db_sql(&w->db, "DROP ROLE requeue_test_limit");
}

/* One message of the server's side of the protocol: type, length, content. */
static void put_message(struct buf *b, char type, struct slice content)
{
    size_t        n = content.n + 4;
    unsigned char length[4] = { 0, 0, (unsigned char)(n >> 8), (unsigned char)n };

    assert_true(buf_append_char(b, type) && buf_append(b, slice_of((const char *)length, 4)) &&
                buf_append(b, content));
}

/* What a server or proxy says that is of no use to us. */
static void assert_answer(struct pg_world *w, struct slice answer, const char *says,
                          const char *hint)
{
    struct relay r = { .answer = answer, .hold = true };

    relay_start(&r);
    (void)snprintf(w->url, sizeof(w->url), "postgres://u:s3cret@127.0.0.1:%d/d?sslmode=disable",
                   r.port);
    assert_no_open(w, w->url, ERR_STORE, says, hint);
    relay_end(&r);
}

static void answers_of_proxies_and_old_servers_are_understood(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct buf       b;

    buf_init(&b, 1024);
    put_message(&b, 'E',
                SLICE("SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"));
    assert_answer(w, buf_slice(&b), "unsupported startup parameter: options", "proxy");
    buf_clear(&b);
    put_message(&b, 'R', SLICE("\0\0\0\0"));
    put_message(&b, 'S', SLICE("server_version\0009.6.24\0"));
    put_message(&b, 'Z', slice_of("I", 1));
    assert_answer(w, buf_slice(&b), "version 9.6.24: at least 10", "");
    assert_answer(w, SLICE("HTTP/1.1 400 Bad Request\r\n\r\n"), "PostgreSQL 127.0.0.1:", "");
    buf_release(&b);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct relay     r = { .hold = true };
    int64_t          before = clock_mono_ns();

    relay_start(&r);
    (void)snprintf(w->url, sizeof(w->url),
                   "postgres://u:s3cret@127.0.0.1:%d/d?sslmode=disable&connect_timeout=1", r.port);
    assert_no_open(w, w->url, ERR_STORE, "no answer within 1 second", "connect_timeout");
    assert_in_range((clock_mono_ns() - before) / 1000000, 900, 5000);
    relay_end(&r);
}

/* A port of ours that answers nobody: its queue of connections is full. */
struct dead_port {
    int fds[6];
    int port;
};

static void dead_port_open(struct dead_port *d)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          n = sizeof(at);

    d->fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(d->fds[0], (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(d->fds[0], 0), 0);
    assert_int_equal(getsockname(d->fds[0], (struct sockaddr *)&at, &n), 0);
    d->port = ntohs(at.sin_port);
    for (size_t i = 1; i < COUNT_OF(d->fds); i++) {
        d->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(d->fds[i], (struct sockaddr *)&at, n);
    }
}

static void dead_port_close(struct dead_port *d)
{
    for (size_t i = 0; i < COUNT_OF(d->fds); i++)
        (void)close(d->fds[i]);
}

static void a_dead_host_of_a_list_is_passed_over(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct dead_port d;

    dead_port_open(&d);
    (void)snprintf(w->url, sizeof(w->url),
                   "postgres://postgres@127.0.0.1:%d,%s:%d/%s?connect_timeout=1", d.port, w->host,
                   w->port, w->db.name);
    w->conf.url = w->url;
    open_store(w);
    close_store(w);
    (void)snprintf(w->url, sizeof(w->url), "postgres://127.0.0.1:%d/d?connect_timeout=1", d.port);
    assert_no_open(w, w->url, ERR_STORE, "connecting: ", "network");
    dead_port_close(&d);
}

static void ask_to_stop(void *arg)
{
    clock_sleep_ms(300);
    stop_ask(arg);
}

static void a_stop_ends_the_wait_for_a_connection(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct relay     r = { .hold = true };
    struct thread   *t;
    int64_t          before = clock_mono_ns();
    struct err       err = ERR_INIT;
    bool             ok;

    relay_start(&r);
    (void)snprintf(w->url, sizeof(w->url), "postgres://u@127.0.0.1:%d/d?sslmode=disable", r.port);
    w->conf.url = w->url;
    t = thread_start(ask_to_stop, &w->stop);
    ok = store_open(&w->conf, &w->store, &err);
    thread_join(t);
    relay_end(&r);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_STOPPED);
    assert_in_range((clock_mono_ns() - before) / 1000000, 0, 1300);
}

/* ---- is it Kestra's database? --------------------------------------------------------- */

static void assert_no_description(struct pg_world *w, const char *says, const char *hint)
{
    struct store_info info;
    struct err        err = ERR_INIT;

    open_store(w);
    assert_false(w->store->describe(w->store, &info, &err));
    assert_says(&err, ERR_STORE, says, hint);
    close_store(w);
}

static void a_database_that_is_not_kestras_is_named(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db, "ALTER TABLE executions RENAME TO executions_old");
    assert_no_description(w, "\" is not Kestra's: no table executions", "URL");
    db_sql(&w->db, "DROP TABLE flows");
    assert_no_description(w, "no table flows, no table executions", "--schema");
    w->conf.schema = "nix";
    assert_no_description(w, "no table nix.flows, no table nix.executions", "--schema");
}

static void the_schema_where_kestras_tables_are_is_pointed_out(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db,
           "CREATE SCHEMA k; ALTER TABLE flows SET SCHEMA k; ALTER TABLE executions SET SCHEMA k");
    assert_no_description(w, "no table flows", "its schema \"k\"");
}

static void a_failed_migration_is_named(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db, "UPDATE flyway_schema_history SET success = false WHERE version = '1.25'");
    assert_no_description(w, "half migrated: migration 1.25 (V1_25.sql)", "finish its migrations");
}

static void assert_no_use(struct pg_world *w, enum err_kind kind, const char *says,
                          const char *hint)
{
    struct err err = ERR_INIT;

    open_store(w);
    assert_false(w->store->use(w->store, w->layout, &err));
    assert_says(&err, kind, says, hint);
    close_store(w);
    db_wait_connections(&w->db, 0);
}

static void what_a_layout_needs_and_the_database_lacks_is_named(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db, "ALTER TABLE executions DROP tenant_id; ALTER TABLE flows DROP source_code;"
                   "DROP TABLE service_instance; ALTER TABLE templates RENAME TO old_templates");
    assert_no_use(w, ERR_STORE,
                  "column flows.source_code, table templates, column"
                  " executions.tenant_id, table service_instance",
                  "--layout");
    db_sql(&w->db, "ALTER TABLE triggers DROP namespace");
    assert_no_use(w, ERR_STORE, "half migrated, or not of Kestra 0.20.x", "--layout");
}

static void missing_rights_are_named(void **state)
{
    struct pg_world *w = pg_world_of(state);

    w->conf.url = url_of(w, "requeue_none", w->port, "");
    assert_no_description(w, "permission denied for table flyway_schema_history", "GRANT SELECT");
    db_sql(&w->db, "GRANT SELECT ON flyway_schema_history, flows, templates TO requeue_none");
    assert_no_use(w, ERR_STORE, "permission denied for table", "GRANT SELECT");
    w->conf.schema = "hidden";
    db_sql(&w->db, "CREATE SCHEMA hidden");
    assert_no_description(w, "permission denied for schema hidden", "USAGE");
}

static void rows_that_a_policy_hides_are_not_left_out_in_silence(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    struct err         err = ERR_INIT;

    db_sql(&w->db, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO requeue_none;"
                   "ALTER TABLE flows ENABLE ROW LEVEL SECURITY;"
                   "CREATE POLICY p ON flows USING (namespace = 'a')");
    w->conf.url = url_of(w, "requeue_none", w->port, "");
    use_store(w);
    assert_false(docs_read(&w->got, w->store, &q, &err));
    assert_says(&err, ERR_STORE, "row-level security", "BYPASSRLS");
}

/* ---- failures in the middle ----------------------------------------------------------- */

#define READER                                                                                     \
    "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'requeue'"    \
    " AND backend_type = 'client backend' AND query LIKE 'COPY%' AND state = 'active'"

/* Read a little, let the server do something, read on: an error, and never an end. */
static void assert_read_fails(struct pg_world *w, const char *sql, const char *says,
                              const char *hint)
{
    struct store_query   q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct store_reader *r = NULL;
    struct batch        *b = batch_new();
    struct err           err = ERR_INIT;
    bool                 end = false;
    size_t               n = 0;

    must(w->store->open_readers(w->store, &q, 1, &r, &n, &err), &err);
    must(r->read(r, b, &end, &err), &err);
    assert_false(end);
    assert_int_equal(db_number(&w->db, sql), 1);
    do {
        batch_clear(b);
    } while (r->read(r, b, &end, &err) && !end);
    assert_false(end);
    assert_says(&err, ERR_STORE, says, hint);
    r->close(r);
    batch_free(b);
}

static void a_reader_whose_connection_is_ended_fails_and_says_so(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    struct err         err = ERR_INIT;

    make_large(w);
    use_store(w);
    assert_read_fails(w, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) " READER ") x",
                      "reading executions: the server ended the connection: an administrator",
                      "--resume");
    /* The snapshot is the store's own connection's: a new reader goes on from there. */
    must(docs_read(&w->got, w->store, &q, &err), &err);
    assert_int_equal(w->got.n, PG_WORLD_ROWS);
}

static void with_one_job_the_snapshot_is_lost_with_the_connection(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct store_query  q = { .kind = KIND_FLOW };
    struct store_counts n;
    struct err          err = ERR_INIT;

    make_large(w);
    w->conf.jobs = 1;
    use_store(w);
    assert_read_fails(w, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) " READER ") x",
                      "an administrator", "--resume");
    /* Another connection would see another instant. */
    assert_false(docs_read(&w->got, w->store, &q, &err));
    assert_says(&err, ERR_STORE, "the server closed the connection", "");
    assert_false(w->store->count(w->store, &q, &n, &err));
    assert_int_equal(err.kind, ERR_STORE);
}

static void a_query_that_somebody_cancels_fails_and_says_so(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    struct err         err = ERR_INIT;

    make_large(w);
    for (unsigned jobs = 1; jobs <= 2; jobs++) {
        w->conf.jobs = jobs;
        use_store(w);
        assert_read_fails(w, "SELECT count(*) FROM (SELECT pg_cancel_backend(pid) " READER ") x",
                          "reading executions: somebody cancelled the query", "--resume");
        must(docs_read(&w->got, w->store, &q, &err), &err);
        assert_int_equal(w->got.n, PG_WORLD_ROWS);
        close_store(w);
    }
}

static void a_count_that_is_ended_fails_and_says_so(void **state)
{
    static const char  *overrides[] = { "flow=slow" };
    struct pg_world    *w = pg_world_of(state);
    struct store_query  q = { .kind = KIND_FLOW };
    struct store_counts n;
    struct later        l;
    struct err          err = ERR_INIT;
    bool                ok;

    db_sql(&w->db, "CREATE VIEW slow AS SELECT * FROM flows WHERE key <> pg_sleep(30)::text");
    w->conf.tables = (struct strings){ 1, overrides };
    use_store(w);
    db_later(
        &l, &w->db, 100,
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE '%%GROUP BY%%' AND state = 'active' AND pid <> pg_backend_pid()");
    ok = w->store->count(w->store, &q, &n, &err);
    assert_true(db_later_end(&l));
    assert_false(ok);
    assert_says(&err, ERR_STORE, "counting flows: somebody cancelled", "");
}

static void a_row_that_the_server_cannot_read_ends_the_read(void **state)
{
    static const char *overrides[] = { "executions=broken" };
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct err         err = ERR_INIT;

    db_sql(&w->db,
           "CREATE FUNCTION fail_at(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
           " IF $1 LIKE '%999' THEN RAISE EXCEPTION 'missing chunk number 0 for toast value 1'"
           " USING ERRCODE = 'XX001'; END IF; RETURN $1; END $$;"
           "CREATE VIEW broken AS SELECT fail_at(key) AS key, value, deleted, namespace,"
           " state_current, tenant_id FROM executions");
    w->conf.tables = (struct strings){ 1, overrides };
    use_store(w);
    assert_false(docs_read(&w->got, w->store, &q, &err));
    assert_says(&err, ERR_STORE, "reading executions: missing chunk number 0", "pg_amcheck");
}

/* The network breaks after every number of bytes: an error always, and a complete read only when
 * all bytes have come. */
static void a_connection_cut_anywhere_is_never_taken_for_the_end(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_TEMPLATE };
    size_t             whole = SIZE_MAX;
    uint64_t           seed = test_seed();
    int                n_failed = 0;

    db_sql(&w->db, "DELETE FROM templates WHERE key NOT LIKE '%9'");
    w->conf.jobs = 1;
    for (int round = 0; round < 40; round++) {
        struct relay r = { .to_port = w->port };
        struct err   err = ERR_INIT;
        bool         ok;

        /* The first round measures. */
        r.limit = round == 0 ? SIZE_MAX : 1 + test_below(&seed, whole);
        relay_start(&r);
        w->conf.url = url_of(w, "postgres", r.port, "?sslmode=disable");
        ok = store_open(&w->conf, &w->store, &err);
        if (ok) {
            ok = w->store->use(w->store, w->layout, &err) && docs_read(&w->got, w->store, &q, &err);
            close_store(w);
        }
        relay_end(&r);
        if (round == 0)
            whole = r.n_forwarded;
        if (!ok)
            assert_int_equal(err.kind, ERR_STORE);
        else
            assert_int_equal(w->got.n,
                             db_number(&w->db, "SELECT count(*) FROM templates WHERE NOT deleted"));
        n_failed += !ok;
    }
    assert_true(n_failed > 30);
}

static void a_connection_lost_without_a_word_is_told(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct relay       r = { .to_port = w->port, .limit = 200000 };
    struct err         err = ERR_INIT;

    make_large(w);
    relay_start(&r);
    w->conf.url = url_of(w, "postgres", r.port, "?sslmode=disable");
    use_store(w);
    assert_false(docs_read(&w->got, w->store, &q, &err));
    assert_says(&err, ERR_STORE, "reading executions: the server closed the connection",
                "--resume");
    close_store(w);
    relay_end(&r);
}

static void a_network_in_silence_can_be_left_at_any_time(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct relay       r = { .to_port = w->port, .limit = 200000, .hold = true };
    struct thread     *t;
    struct err         err = ERR_INIT;
    int64_t            before;
    bool               ok;

    make_large(w);
    relay_start(&r);
    w->conf.url = url_of(w, "postgres", r.port, "?sslmode=disable");
    use_store(w);
    before = clock_mono_ns();
    t = thread_start(ask_to_stop, &w->stop);
    ok = docs_read(&w->got, w->store, &q, &err);
    thread_join(t);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_STOPPED);
    close_store(w);
    /* The farewell has a time limit, too. */
    assert_in_range((clock_mono_ns() - before) / 1000000, 0, 15000);
    relay_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_name_no_store_are_refused_with_those_that_do),
        cmocka_unit_test(urls_that_cannot_be_understood_are_not_repeated),
        cmocka_unit_test(a_forgotten_at_does_not_give_the_password_away),
        PG_TEST(table_overrides_are_checked),
        PG_TEST(a_server_that_cannot_be_reached_is_named),
        PG_TEST(who_may_not_in_is_told_why),
        PG_TEST(too_many_connections_are_told),
        PG_TEST(answers_of_proxies_and_old_servers_are_understood),
        PG_TEST(a_server_that_says_nothing_is_given_up),
        PG_TEST(a_dead_host_of_a_list_is_passed_over),
        PG_TEST(a_stop_ends_the_wait_for_a_connection),
        PG_TEST(a_database_that_is_not_kestras_is_named),
        PG_TEST(the_schema_where_kestras_tables_are_is_pointed_out),
        PG_TEST(a_failed_migration_is_named),
        PG_TEST(what_a_layout_needs_and_the_database_lacks_is_named),
        PG_TEST(missing_rights_are_named),
        PG_TEST(rows_that_a_policy_hides_are_not_left_out_in_silence),
        PG_TEST(a_reader_whose_connection_is_ended_fails_and_says_so),
        PG_TEST(with_one_job_the_snapshot_is_lost_with_the_connection),
        PG_TEST(a_query_that_somebody_cancels_fails_and_says_so),
        PG_TEST(a_count_that_is_ended_fails_and_says_so),
        PG_TEST(a_row_that_the_server_cannot_read_ends_the_read),
        PG_TEST(a_connection_cut_anywhere_is_never_taken_for_the_end),
        PG_TEST(a_connection_lost_without_a_word_is_told),
        PG_TEST(a_network_in_silence_can_be_left_at_any_time),
    };

    return PG_RUN(tests);
}
