/*
 * test_postgres.c - what the PostgreSQL store hands out is exactly what is in the database.
 *
 * How it fails is in test_postgres_errors.c.
 */
#include "tests/support/test.h"

#include "tests/support/kestra_db.h"
#include "tests/support/layout_files.h"

#include "lib/base/clock.h"
#include "lib/store/postgres_internal.h"

#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE "requeue_test_template"
#define N_ROWS   2000

/* One test's database, a copy of the template, and a store on it when the test opens one. */
struct world {
    struct db         db;
    struct store_conf conf;
    struct stop       stop;
    struct layout    *layout;
    struct store     *store;
    struct docs       got;
    struct docs       expected;
};

/* ---- set-up --------------------------------------------------------------------------- */

static int world_setup(void **state)
{
    struct world *w;

    if (!db_server())
        return 0;
    w = mem_alloc(sizeof(*w));
    db_create(&w->db, "requeue_test", TEMPLATE);
    w->conf = (struct store_conf){ .url = w->db.url, .jobs = 2, .stop = &w->stop };
    w->layout = layout_file("I");
    docs_init(&w->got);
    docs_init(&w->expected);
    *state = w;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *w = *state;

    if (!w)
        return 0;
    if (w->store)
        w->store->close(w->store);
    layout_free(w->layout);
    docs_release(&w->got);
    docs_release(&w->expected);
    db_drop(&w->db);
    mem_free(w);
    return 0;
}

/* The test's world; without a server the test is skipped. */
static struct world *world_of(void **state)
{
    if (!*state)
        skip();
    return *state;
}

static void must(bool ok, const struct err *err)
{
    if (!ok)
        fail_msg("%s (%s)", err->msg, err->hint);
}

static void open_store(struct world *w)
{
    struct err err = ERR_INIT;

    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->use(w->store, w->layout, &err), &err);
    assert_int_equal(w->store->grade, 'A');
}

static void close_store(struct world *w)
{
    w->store->close(w->store);
    w->store = NULL;
}

static void read_docs(struct world *w, const struct store_query *q)
{
    struct err err = ERR_INIT;

    must(docs_read(&w->got, w->store, q, &err), &err);
}

/* ---- selections ----------------------------------------------------------------------- */

#define EXECUTIONS "SELECT key, value::text FROM executions WHERE value ->> 'deleted' = 'false'"
#define PENDING                                                                                    \
    EXECUTIONS                                                                                     \
    " AND value #>> '{state,current}' NOT IN ('SUCCESS', 'WARNING', 'FAILED', 'KILLED',"           \
    " 'CANCELLED', 'RETRIED', 'SKIPPED')"
#define FLOWS     "SELECT key, value::text, source_code FROM flows WHERE true"
#define TEMPLATES "SELECT key, value::text FROM templates WHERE value ->> 'deleted' = 'false'"
#define TRIGGERS  "SELECT key, value::text FROM triggers WHERE true"

#define NO_TENANT " AND value ->> 'tenantId' IS NULL"
#define TENANT_T1 " AND value ->> 'tenantId' = 't1'"
#define BELOW_A   " AND (value ->> 'namespace' = 'a' OR value ->> 'namespace' LIKE 'a.%')"
#define BELOW_A2  " AND (value ->> 'namespace' = 'a%' OR value ->> 'namespace' LIKE 'a\\%.%')"
#define BELOW_AE  " AND (value ->> 'namespace' = 'Ä' OR value ->> 'namespace' LIKE 'Ä.%')"
#define TIME      "(value #>> '{state,startDate}')::timestamptz"

static const struct slice some_ids[] = {
    { "exec-1", 6 }, { "exec-2", 6 }, { "exec-3", 6 }, { "no such", 7 }, { "it's \\", 6 },
};

static const struct {
    struct store_query query;
    const char        *sql;
} selections[] = {
    { { .kind = KIND_FLOW }, FLOWS },
    { { .kind = KIND_FLOW_LAST }, FLOWS },
    { { .kind = KIND_FLOW, .tenant = "" }, FLOWS NO_TENANT },
    { { .kind = KIND_FLOW, .tenant = "t1" }, FLOWS TENANT_T1 },
    { { .kind = KIND_FLOW, .tenant = "t1", .namespace = "a" }, FLOWS TENANT_T1 BELOW_A },
    { { .kind = KIND_FLOW, .tenant = "no such" }, FLOWS " AND false" },
    { { .kind = KIND_FLOW, .since = "2024-12-10T08:10:00.000Z" }, FLOWS },
    { { .kind = KIND_TEMPLATE }, TEMPLATES },
    { { .kind = KIND_TEMPLATE, .tenant = "", .namespace = "a" }, TEMPLATES NO_TENANT BELOW_A },
    { { .kind = KIND_TRIGGER }, TRIGGERS },
    { { .kind = KIND_TRIGGER, .namespace = "a%" }, TRIGGERS BELOW_A2 },
    { { .kind = KIND_TRIGGER, .namespace = "Ä" }, TRIGGERS BELOW_AE },
    { { .kind = KIND_TRIGGER, .namespace = "a'; DROP TABLE flows; --" }, TRIGGERS " AND false" },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL }, EXECUTIONS },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING }, PENDING },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_NONE }, EXECUTIONS " AND false" },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING, .tenant = "", .namespace = "a" },
      PENDING NO_TENANT BELOW_A },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .since = "2024-12-10T08:10:00.600Z" },
      EXECUTIONS " AND " TIME " >= '2024-12-10T08:10:00.600Z'" },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .until = "2024-12-10T08:10:00.599Z" },
      EXECUTIONS " AND " TIME " < '2024-12-10T08:10:00.599Z'" },
    { { .kind = KIND_EXECUTION,
        .executions = EXECUTIONS_PENDING,
        .tenant = "t2",
        .namespace = "a.b",
        .since = "2024-12-10T08:01:00.000Z",
        .until = "2024-12-10T08:20:00.000Z" },
      PENDING " AND value ->> 'tenantId' = 't2' AND (value ->> 'namespace' = 'a.b' OR"
              " value ->> 'namespace' LIKE 'a.b.%') AND " TIME " >= '2024-12-10T08:01Z'"
              " AND " TIME " < '2024-12-10T08:20Z'" },
    { { .kind = KIND_EXECUTION,
        .executions = EXECUTIONS_ALL,
        .ids = some_ids,
        .n_ids = COUNT_OF(some_ids) },
      EXECUTIONS " AND key IN ('exec-1', 'exec-2', 'exec-3')" },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .ids = some_ids, .n_ids = 0 },
      EXECUTIONS " AND false" },
};

static void every_selection_hands_out_exactly_what_plain_sql_says(void **state)
{
    struct world *w = world_of(state);

    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        w->conf.jobs = jobs;
        open_store(w);
        for (size_t i = 0; i < COUNT_OF(selections); i++) {
            print_message("jobs %u: %s\n", jobs, selections[i].sql);
            read_docs(w, &selections[i].query);
            docs_sql(&w->expected, &w->db, selections[i].sql);
            docs_assert_equal(&w->got, &w->expected);
        }
        close_store(w);
    }
    /* The cases are worth something. */
    docs_sql(&w->expected, &w->db, selections[16].sql);
    assert_true(w->expected.n > 10 && w->expected.n < N_ROWS / 4);
}

static void what_is_handed_out_is_what_was_counted_as_selected(void **state)
{
    struct world *w = world_of(state);
    struct err    err = ERR_INIT;

    open_store(w);
    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        struct store_counts n;

        read_docs(w, &selections[i].query);
        must(w->store->count(w->store, &selections[i].query, &n, &err), &err);
        assert_int_equal(n.selected, w->got.n);
        assert_int_equal(n.total, N_ROWS);
        assert_true(n.outside + n.deleted + n.selected <= n.total);
    }
}

static void counts_are_those_of_plain_sql(void **state)
{
    struct world       *w = world_of(state);
    struct err          err = ERR_INIT;
    struct store_query  q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct store_counts n;

#define COUNT(where)                                                                               \
    db_number(&w->db, "SELECT count(*) FROM executions WHERE value ->> 'tenantId' = 't1'" where)
    open_store(w);
    q.tenant = "t1";
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(n.total, N_ROWS);
    assert_int_equal(n.outside, N_ROWS - COUNT(""));
    assert_int_equal(n.deleted, COUNT(" AND (value ->> 'deleted')::bool"));
    assert_int_equal(n.terminal,
                     COUNT(" AND NOT deleted AND state_current IN ('SUCCESS', 'WARNING',"
                           " 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED')"));
    assert_int_equal(n.pending, n.total - n.outside - n.deleted - n.terminal);
    assert_int_equal(n.selected, n.pending);
    assert_true(n.terminal > 0 && n.pending > 0 && n.deleted > 0);
    assert_int_equal(n.locked, 0);
#undef COUNT

    q = (struct store_query){ .kind = KIND_TRIGGER, .namespace = "a" };
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(n.locked,
                     db_number(&w->db, "SELECT count(*) FROM triggers WHERE (namespace = 'a' OR"
                                       " namespace LIKE 'a.%') AND (value ->> 'executionId'"
                                       " IS NOT NULL OR value ->> 'workerId' IS NOT NULL)"));
    assert_true(n.locked > 0 && n.locked < n.selected);
    assert_int_equal(n.deleted + n.terminal + n.pending, 0);
}

/* A band without tenants: all documents are without one. */
static void without_tenants_every_document_has_none(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_FLOW, .tenant = "" };

    layout_free(w->layout);
    w->layout = layout_file("A");
    db_sql(&w->db, "ALTER TABLE flows DROP tenant_id; ALTER TABLE templates DROP tenant_id;"
                   "ALTER TABLE triggers DROP tenant_id; ALTER TABLE executions DROP tenant_id");
    open_store(w);
    read_docs(w, &q);
    assert_int_equal(w->got.n, N_ROWS);
    q.tenant = "t1";
    read_docs(w, &q);
    assert_int_equal(w->got.n, 0);
}

static void paused_executions_are_pending_whatever_the_layout_says(void **state)
{
    static const char  *states[] = { "SUCCESS", "PAUSED" };
    struct world       *w = world_of(state);
    struct err          err = ERR_INIT;
    struct store_query  q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct store_counts n;

    w->layout->terminal = (struct strings){ 2, states };
    open_store(w);
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(n.terminal,
                     db_number(&w->db, "SELECT count(*) FROM executions WHERE NOT deleted"
                                       " AND state_current = 'SUCCESS'"));
}

/* ---- plans ---------------------------------------------------------------------------- */

/* The plan of the very text that a reader sends, under a reader's settings. */
static char *plan_of(struct world *w, unsigned jobs, const struct store_query *q)
{
    struct store_conf conf = { .url = w->db.url, .jobs = jobs };
    enum kind         kind = pg_stored_kind(q->kind);
    struct pg_conn    c;
    struct err        err = ERR_INIT;
    struct arena     *a = arena_new(1024);
    struct pg_table   t = pg_table_name(&conf, kind_name(kind), w->layout->kinds[kind].table, a);
    PGresult         *res = NULL;
    struct buf        b;

    t.jsonb = t.json = true;
    buf_init(&b, (size_t)1 << 20);
    must(pg_connect(&conf, &c, &err) && pg_begin(&c, jobs, NULL, &err), &err);
    buf_add(&b, "EXPLAIN (VERBOSE, COSTS OFF) ");
    must(pg_sql_select(c.pg, w->layout, &t, q, &b, &err), &err);
    must(pg_run(&c, b.p, "explaining", &res, &err), &err);
    buf_clear(&b);
    for (int i = 0; i < PQntuples(res); i++)
        buf_add(&b, "%s\n", PQgetvalue(res, i, 0));
    PQclear(res);
    pg_disconnect(&c);
    arena_free(a);
    return b.p;
}

static void every_selection_is_read_by_workers(void **state)
{
    struct world *w = world_of(state);

    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        const struct store_query *q = &selections[i].query;
        bool                      is_empty = q->ids || q->executions == EXECUTIONS_NONE;
        char                     *plan;
        const char               *gather;

        if (q->kind == KIND_EXECUTION && is_empty)
            continue;
        plan = plan_of(w, 2, q);
        gather = strstr(plan, "Gather");
        if (!gather || !strstr(plan, "Workers Planned: 1"))
            fail_msg("no workers: %s", plan);
        /* Below the Gather, so that it is the workers who turn values into text. */
        if (!strstr(gather + strlen("Gather"), "(value)::text") || strstr(plan, "Function"))
            fail_msg("the leader does the work: %s", plan);
        mem_free(plan);
    }
}

static void with_one_job_there_are_no_workers(void **state)
{
    struct world *w = world_of(state);
    char         *plan = plan_of(w, 1, &selections[0].query);

    assert_null(strstr(plan, "Gather"));
    mem_free(plan);
}

static void ids_are_looked_up_in_the_index(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = {
        .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .ids = some_ids, .n_ids = 3
    };
    char *plan = plan_of(w, 2, &q);

    assert_non_null(strstr(plan, "executions_pkey"));
    mem_free(plan);
}

/* ---- connections ---------------------------------------------------------------------- */

static struct store_reader *open_reader(struct world *w, const struct store_query *q)
{
    struct store_reader *r[4];
    struct err           err = ERR_INIT;
    size_t               n = 0;

    must(w->store->open_readers(w->store, q, COUNT_OF(r), r, &n, &err), &err);
    assert_int_equal(n, 1);
    return r[0];
}

static void one_job_is_one_connection(void **state)
{
    struct world        *w = world_of(state);
    struct store_query   q = { .kind = KIND_FLOW };
    struct store_counts  n;
    struct err           err = ERR_INIT;
    struct store_reader *r;

    w->conf.jobs = 1;
    open_store(w);
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
    struct world        *w = world_of(state);
    struct store_query   q = { .kind = KIND_FLOW };
    struct store_reader *r[4];
    struct store_reader *one_more;
    struct err           err = ERR_INIT;
    size_t               n = 0;

    for (unsigned jobs = 1; jobs <= 4; jobs++) {
        w->conf.jobs = jobs;
        open_store(w);
        for (unsigned i = 0; i < jobs; i++) {
            r[i] = open_reader(w, &q);
            assert_true(db_connections(&w->db) <= (int64_t)jobs);
        }
        assert_false(w->store->open_readers(w->store, &q, 1, &one_more, &n, &err));
        assert_int_equal(err.kind, ERR_BUG);
        for (unsigned i = 0; i < jobs; i++) {
            must(docs_read_all(&w->got, r[i], &err), &err);
            assert_int_equal(w->got.n, N_ROWS);
            r[i]->close(r[i]);
        }
        assert_int_equal(db_connections(&w->db), jobs);
        close_store(w);
        db_wait_connections(&w->db, 0);
    }
}

static void connections_are_used_again(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    char              *before;
    char              *after;

    open_store(w);
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

/* Enough that the server cannot get rid of it before it is read. */
static void make_large(struct world *w)
{
    db_sql(&w->db, "UPDATE executions SET value = value || jsonb_build_object('inputs', (SELECT"
                   " string_agg(md5(key || i), '') FROM generate_series(1, 300) i))");
}

static void a_store_closed_in_the_middle_of_a_read_leaves_nothing_behind(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_large(w);
    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct store_reader *r;
        struct batch        *b = batch_new();
        struct err           err = ERR_INIT;
        bool                 end = false;

        w->conf.jobs = jobs;
        open_store(w);
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
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_large(w);
    for (unsigned jobs = 1; jobs <= 2; jobs++) {
        struct batch *b = batch_new();
        struct err    err = ERR_INIT;

        w->conf.jobs = jobs;
        open_store(w);
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

static void change_all(struct world *w, const char *kind)
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
    struct world *w = world_of(state);

    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct docs expected[COUNT_OF(kinds)];

        w->conf.jobs = jobs;
        open_store(w);
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
    struct world        *w = world_of(state);
    struct store_query   flows = { .kind = KIND_FLOW };
    struct store_query   executions = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct store_reader *r[2];
    struct err           err = ERR_INIT;

    open_store(w);
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
    struct world *w = world_of(state);
    PGresult     *res;

    open_store(w);
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

/* ---- values --------------------------------------------------------------------------- */

static void large_values_come_whole_and_alone(void **state)
{
    struct world        *w = world_of(state);
    struct store_query   q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct store_reader *r;
    struct batch        *b = batch_new();
    struct err           err = ERR_INIT;
    bool                 end = false;
    int                  n_large = 0;

    db_sql(&w->db,
           "UPDATE executions SET value = value || jsonb_build_object('big', repeat('0123456789',"
           " 1048576)) WHERE key IN ('exec-5', 'exec-500', 'exec-1002')");
    open_store(w);
    read_docs(w, &q);
    docs_sql(&w->expected, &w->db, EXECUTIONS);
    docs_assert_equal(&w->got, &w->expected);

    r = open_reader(w, &q);
    while (!end) {
        batch_clear(b);
        must(r->read(r, b, &end, &err), &err);
        assert_string_equal(b->place, "executions");
        if (b->bytes > 10 * (size_t)1048576) {
            assert_int_equal(b->n, 1);
            n_large++;
        } else {
            assert_true(b->bytes < (size_t)2 * BATCH_MAX_BYTES);
        }
    }
    assert_int_equal(n_large, 3);
    r->close(r);
    batch_free(b);
}

static void keys_and_values_of_all_scripts_come_as_they_are(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_TEMPLATE };

    db_sql(&w->db,
           "DELETE FROM templates;"
           "INSERT INTO templates SELECT k, jsonb_build_object('namespace', k, 'deleted', false,"
           " 'id', k || E'\\u0001\\n\\t\"\\\\') FROM unnest(ARRAY['ключ', '鍵', 'مفتاح', "
           "'🗝️',"
           " 'a\\b', 'it''s', 'a\"b', ' ', '', E'tab\\t', E'line\\n', repeat('é', 120)]) k");
    open_store(w);
    read_docs(w, &q);
    docs_sql(&w->expected, &w->db, TEMPLATES);
    docs_assert_equal(&w->got, &w->expected);
    assert_int_equal(w->got.n, 12);
    for (size_t i = 0; i < w->expected.n; i++) {
        struct slice id = w->expected.all[i].id;

        q.ids = &id;
        q.n_ids = 1;
        read_docs(w, &q);
        assert_int_equal(w->got.n, 1);
        assert_true(slice_eq(w->got.all[0].id, id));
    }
}

static void a_thousand_ids_of_the_longest_kind_can_be_looked_up(void **state)
{
    struct world      *w = world_of(state);
    struct slice      *ids = mem_array(STORE_MAX_IDS, sizeof(*ids));
    struct store_query q = { .kind = KIND_TEMPLATE, .ids = ids, .n_ids = STORE_MAX_IDS };

    db_sql(&w->db,
           "DELETE FROM templates;"
           "INSERT INTO templates SELECT repeat('''', 245) || i, jsonb_build_object('namespace',"
           " 'n', 'deleted', false) FROM generate_series(1, 1500) i");
    docs_sql(&w->expected, &w->db, TEMPLATES " AND length(key) <= 248 ORDER BY key LIMIT 1000");
    for (size_t i = 0; i < STORE_MAX_IDS; i++)
        ids[i] = i < w->expected.n ? w->expected.all[i].id : SLICE("none");
    open_store(w);
    read_docs(w, &q);
    docs_assert_equal(&w->got, &w->expected);
    mem_free(ids);
}

static void empty_tables_are_read_to_their_end(void **state)
{
    struct world *w = world_of(state);

    db_sql(&w->db, "TRUNCATE flows, templates, triggers, executions");
    open_store(w);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct store_query  q = { .kind = kind, .executions = EXECUTIONS_ALL };
        struct store_counts n;
        struct err          err = ERR_INIT;

        read_docs(w, &q);
        assert_int_equal(w->got.n, 0);
        assert_int_equal(w->got.n_batches, 1);
        must(w->store->count(w->store, &q, &n, &err), &err);
        assert_int_equal(n.total + n.selected, 0);
    }
}

static void a_missing_source_is_told_from_an_empty_one(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    size_t             n_null = 0;
    size_t             n_empty = 0;

    open_store(w);
    read_docs(w, &q);
    for (size_t i = 0; i < w->got.n; i++) {
        n_null += w->got.all[i].source.p == NULL;
        n_empty += w->got.all[i].source.p != NULL && w->got.all[i].source.n == 0;
    }
    assert_int_equal(n_null,
                     db_number(&w->db, "SELECT count(*) FROM flows WHERE source_code IS NULL"));
    assert_int_equal(n_empty,
                     db_number(&w->db, "SELECT count(*) FROM flows WHERE source_code = ''"));
    assert_true(n_null > 0 && n_empty > 0);
}

static void only_jsonb_is_trusted(void **state)
{
    static const char *const types[] = { "json", "text" };
    struct world            *w = world_of(state);
    struct store_query       q = { .kind = KIND_TRIGGER };
    struct store_counts      n;
    struct err               err = ERR_INIT;

    open_store(w);
    read_docs(w, &q);
    assert_true(w->got.all[0].trusted);
    close_store(w);
    db_sql(&w->db, "ALTER TABLE triggers DROP namespace, DROP tenant_id, ADD namespace text,"
                   " ADD tenant_id text");
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        db_sqlf(&w->db, "ALTER TABLE triggers ALTER value TYPE %s USING value::text::%s", types[i],
                types[i]);
        db_sql(&w->db, "DELETE FROM triggers; INSERT INTO triggers (key, value) VALUES ('t',"
                       " '{ \"a\": 1e3, \"a\":2, \"executionId\" : \"x\"}')");
        open_store(w);
        read_docs(w, &q);
        assert_int_equal(w->got.n, 1);
        assert_false(w->got.all[0].trusted);
        assert_true(slice_eq(w->got.all[0].value,
                             slice_str("{ \"a\": 1e3, \"a\":2, \"executionId\" : \"x\"}")));
        must(w->store->count(w->store, &q, &n, &err), &err);
        assert_int_equal(n.locked, 1);
        close_store(w);
    }
}

/* ---- databases of real Kestras -------------------------------------------------------- */

static bool load_sample(const char *name, struct db *db)
{
    char command[256];

    (void)snprintf(db->name, sizeof(db->name), "requeue_test_sample");
    (void)snprintf(db->url, sizeof(db->url), "%s/%s", db_server(), db->name);
    (void)snprintf(command, sizeof(command), "scripts/load-sample %s %s > /dev/null", name,
                   db->name);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    if (system(command) != 0)
        return false;
    db->pg = PQconnectdb(db->url);
    return PQstatus(db->pg) == CONNECTION_OK;
}

static void databases_of_real_kestras_are_read_as_plain_sql_says(void **state)
{
    static const struct {
        const char *name;
        const char *layout;
        size_t      n_versions;
        size_t      n_servers;
    } samples[] = { { "kestra-0.6", "A", 3, 0 },
                    { "kestra-up-0.6-0.16", "F", 21, 4 },
                    { "kestra-0.20", "I", 24, 7 } };
    static const struct {
        enum kind   kind;
        const char *sql;
    } kinds[] = { { KIND_FLOW, FLOWS },
                  { KIND_TEMPLATE, TEMPLATES },
                  { KIND_TRIGGER, TRIGGERS },
                  { KIND_EXECUTION, EXECUTIONS } };
    struct world *w = world_of(state);

    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct store_server servers[STORE_MAX_SERVERS];
        struct store_info   info;
        struct err          err = ERR_INIT;
        unsigned            clients = 0;
        size_t              n = 0;

        db_drop(&w->db);
        assert_true(load_sample(samples[i].name, &w->db));
        layout_free(w->layout);
        w->layout = layout_file(samples[i].layout);
        must(store_open(&w->conf, &w->store, &err), &err);
        must(w->store->describe(w->store, &info, &err), &err);
        assert_int_equal(info.n_versions, samples[i].n_versions);
        assert_true(layout_matches_flyway(w->layout, info.versions, info.n_versions));
        must(w->store->use(w->store, w->layout, &err), &err);
        must(w->store->servers(w->store, servers, &n, &clients, &err), &err);
        assert_int_equal(n, samples[i].n_servers);
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
            struct store_query q = { .kind = kinds[k].kind, .executions = EXECUTIONS_ALL };

            read_docs(w, &q);
            docs_sql(&w->expected, &w->db, kinds[k].sql);
            docs_assert_equal(&w->got, &w->expected);
        }
        close_store(w);
    }
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
    struct world      *w = world_of(state);
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
    struct world *w = world_of(state);
    char         *text;

    open_store(w);
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
static void make_slow(struct world *w)
{
    static const char *overrides[] = { "executions=slow" };

    db_sql(&w->db, "CREATE VIEW slow AS SELECT * FROM executions WHERE key <> pg_sleep(30)::text");
    w->conf.tables = (struct strings){ 1, overrides };
}

static void a_cancel_from_another_thread_ends_a_read_within_a_second(void **state)
{
    struct world      *w = world_of(state);
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
        open_store(w);
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
        assert_int_equal(w->got.n, N_ROWS);
        q.kind = KIND_EXECUTION;
        close_store(w);
        batch_free(b);
    }
}

static void a_stop_ends_a_read_and_a_count_within_a_second(void **state)
{
    struct world      *w = world_of(state);
    struct store_query q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };

    make_slow(w);
    for (int round = 0; round < 2; round++) {
        struct canceller    c = { .stop = &w->stop };
        struct store_counts n;
        struct err          err = ERR_INIT;
        struct thread      *t;
        bool                ok;

        atomic_store(&w->stop.asked, false);
        open_store(w);
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
    struct world     *w = world_of(state);
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
    struct world     *w = world_of(state);
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
    db_drop(&w->db);
    db_create(&w->db, "requeue_test", TEMPLATE);
    must(store_open(&w->conf, &w->store, &err), &err);
    must(w->store->describe(w->store, &b, &err), &err);
    assert_string_not_equal(a.identity, b.identity);
    assert_non_null(strstr(b.identity, "/requeue_test"));
}

static void a_database_without_a_history_has_no_versions(void **state)
{
    struct world     *w = world_of(state);
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
    struct world      *w = world_of(state);
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
    assert_int_equal(w->got.n, N_ROWS);
    q = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    read_docs(w, &q);
    assert_true(w->got.n > N_ROWS / 2);
}

static void batches_say_the_table_they_come_from(void **state)
{
    struct world        *w = world_of(state);
    struct store_query   q = { .kind = KIND_FLOW_LAST };
    struct store_reader *r;
    struct batch        *b = batch_new();
    struct err           err = ERR_INIT;
    bool                 end;

    w->conf.schema = "public";
    open_store(w);
    r = open_reader(w, &q);
    must(r->read(r, b, &end, &err), &err);
    assert_string_equal(b->place, "public.flows");
    r->close(r);
    batch_free(b);
}

static void a_search_path_in_the_url_is_followed(void **state)
{
    struct world *w = world_of(state);
    char          url[512];

    db_sql(&w->db, "CREATE SCHEMA k; ALTER TABLE flows SET SCHEMA k");
    (void)snprintf(url, sizeof(url), "%s?options=-csearch_path%%3Dk,public", w->db.url);
    w->conf.url = url;
    open_store(w);
}

/* ---- servers -------------------------------------------------------------------------- */

static void live_servers_are_told_with_the_age_of_their_heartbeat(void **state)
{
    struct world       *w = world_of(state);
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
    open_store(w);
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
    struct world       *w = world_of(state);
    struct store_server servers[STORE_MAX_SERVERS];
    unsigned            clients = 0;
    char                url[512];
    PGconn             *others[2];
    struct err          err = ERR_INIT;
    size_t              n;

    (void)snprintf(url, sizeof(url), "%s?application_name=PostgreSQL%%20JDBC%%20Driver", w->db.url);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        others[i] = PQconnectdb(url);
    open_store(w);
    must(w->store->servers(w->store, servers, &n, &clients, &err), &err);
    assert_int_equal(n, 0);
    assert_int_equal(clients, 2);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        PQfinish(others[i]);
}

static void a_band_without_heartbeats_has_no_servers(void **state)
{
    struct world       *w = world_of(state);
    struct store_server servers[STORE_MAX_SERVERS];
    unsigned            clients = 0;
    struct err          err = ERR_INIT;
    size_t              n = 99;

    layout_free(w->layout);
    w->layout = layout_file("A");
    db_sql(&w->db, "DROP TABLE service_instance");
    open_store(w);
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
    struct world            *w = world_of(state);
    struct parts             p = server_parts();

    set("PGHOST", p.host);
    set("PGPORT", p.port);
    set("PGUSER", "requeue_pw");
    set("PGPASSWORD", "right");
    set("PGDATABASE", w->db.name);
    w->conf.url = "postgres://";
    open_store(w);
    close_store(w);
    w->conf.url = "postgresql:///requeue_test?user=postgres";
    open_store(w);
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
    struct world *w = world_of(state);
    struct parts  p = server_parts();
    char          folder[] = "/tmp/requeue-test.XXXXXX";
    char          path[2][64];
    char          text[512];
    char          url[256];

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
    open_store(w);
    close_store(w);
    w->conf.url = "postgres://?service=kestra";
    open_store(w);
    set("PGPASSFILE", NULL);
    set("PGSERVICEFILE", NULL);
    assert_int_equal(unlink(path[0]) + unlink(path[1]) + rmdir(folder), 0);
}

static void a_list_of_hosts_is_tried_in_order(void **state)
{
    struct world     *w = world_of(state);
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
    struct world     *w = world_of(state);
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

/* ---- all ------------------------------------------------------------------------------ */

static int group_setup(void **state)
{
    struct db d = { .pg = NULL };

    (void)state;
    if (!db_server()) {
        print_message("REQUEUE_TEST_POSTGRES is not set: run me under scripts/with-postgres\n");
        return 0;
    }
    db_create(&d, TEMPLATE, NULL);
    db_make_tables(&d);
    db_fill(&d, N_ROWS);
    db_leave(&d);
    return 0;
}

static int group_teardown(void **state)
{
    struct db d = { .name = TEMPLATE };

    (void)state;
    if (db_server())
        db_drop(&d);
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_selection_hands_out_exactly_what_plain_sql_says),
        TEST(what_is_handed_out_is_what_was_counted_as_selected),
        TEST(counts_are_those_of_plain_sql),
        TEST(without_tenants_every_document_has_none),
        TEST(paused_executions_are_pending_whatever_the_layout_says),
        TEST(every_selection_is_read_by_workers),
        TEST(with_one_job_there_are_no_workers),
        TEST(ids_are_looked_up_in_the_index),
        TEST(one_job_is_one_connection),
        TEST(there_are_never_more_connections_than_jobs),
        TEST(connections_are_used_again),
        TEST(a_store_closed_in_the_middle_of_a_read_leaves_nothing_behind),
        TEST(a_reader_closed_early_does_not_spoil_the_snapshot),
        TEST(all_kinds_and_connections_see_one_instant),
        TEST(two_readers_at_once_see_one_instant),
        TEST(schema_changes_wait_until_the_store_is_closed),
        TEST(large_values_come_whole_and_alone),
        TEST(keys_and_values_of_all_scripts_come_as_they_are),
        TEST(a_thousand_ids_of_the_longest_kind_can_be_looked_up),
        TEST(empty_tables_are_read_to_their_end),
        TEST(a_missing_source_is_told_from_an_empty_one),
        TEST(only_jsonb_is_trusted),
        TEST(databases_of_real_kestras_are_read_as_plain_sql_says),
        TEST(time_limits_of_database_and_role_do_not_hold_for_us),
        TEST(the_connection_says_who_we_are_and_writes_nothing),
        TEST(a_cancel_from_another_thread_ends_a_read_within_a_second),
        TEST(a_stop_ends_a_read_and_a_count_within_a_second),
        TEST(a_database_is_described),
        TEST(a_database_keeps_its_identity_and_shares_it_with_no_other),
        TEST(a_database_without_a_history_has_no_versions),
        TEST(tables_are_found_in_another_schema_and_under_other_names),
        TEST(batches_say_the_table_they_come_from),
        TEST(a_search_path_in_the_url_is_followed),
        TEST(live_servers_are_told_with_the_age_of_their_heartbeat),
        TEST(connections_of_kestras_driver_are_counted),
        TEST(a_band_without_heartbeats_has_no_servers),
        TEST(what_the_url_leaves_out_comes_from_the_environment),
        TEST(passwords_and_services_come_from_libpqs_own_files),
        TEST(a_list_of_hosts_is_tried_in_order),
        TEST(a_unix_socket_is_a_place_too),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
