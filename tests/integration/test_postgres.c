/*
 * test_postgres.c - what the PostgreSQL store hands out is exactly what is in the database.
 *
 * How it holds its connections is in test_postgres_session.c, how it fails in
 * test_postgres_errors.c.
 */
#include "tests/support/test.h"

#include "tests/support/layout_files.h"
#include "tests/support/pg_world.h"

#include "lib/base/clock.h"
#include "lib/store/postgres_internal.h"

#include <sys/stat.h>
#include <unistd.h>

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

static const char *some_states[] = { "RUNNING", "SUCCESS" };
static const char *some_names[] = { "exec-1", "exec-2", "exec-3", "it's \\" };

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
    { { .kind = KIND_EXECUTION,
        .executions = EXECUTIONS_PENDING,
        .also = some_ids,
        .n_also = COUNT_OF(some_ids) },
      "SELECT key, value::text FROM executions WHERE value ->> 'deleted' = 'false' AND"
      " (value #>> '{state,current}' NOT IN ('SUCCESS', 'WARNING', 'FAILED', 'KILLED',"
      " 'CANCELLED', 'RETRIED', 'SKIPPED') OR key IN ('exec-1', 'exec-2', 'exec-3'))" },
    { { .kind = KIND_EXECUTION,
        .executions = EXECUTIONS_PENDING,
        .states = { 2, some_states },
        .only = { 4, some_names } },
      PENDING " AND value #>> '{state,current}' IN ('RUNNING', 'SUCCESS') AND key IN ('exec-1',"
              " 'exec-2', 'exec-3', 'it''s \\')" },
    { { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .states = { 2, some_states } },
      EXECUTIONS " AND value #>> '{state,current}' IN ('RUNNING', 'SUCCESS')" },
    { { .kind = KIND_FLOW, .states = { 2, some_states }, .only = { 4, some_names } }, FLOWS },
    { { .kind = KIND_EXECUTION, .parents = some_ids, .n_parents = COUNT_OF(some_ids) },
      EXECUTIONS " AND value #>> '{trigger,variables,executionId}' IN ('exec-1', 'it''s \\')" },
};

static void every_selection_hands_out_exactly_what_plain_sql_says(void **state)
{
    struct pg_world *w = pg_world_of(state);

    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        w->conf.jobs = jobs;
        use_store(w);
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
    assert_true(w->expected.n > 10 && w->expected.n < PG_WORLD_ROWS / 4);
}

static void what_is_handed_out_is_what_was_counted_as_selected(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct err       err = ERR_INIT;

    use_store(w);
    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        struct store_counts n;

        read_docs(w, &selections[i].query);
        must(w->store->count(w->store, &selections[i].query, &n, &err), &err);
        assert_int_equal(n.selected, w->got.n);
        assert_int_equal(n.total, PG_WORLD_ROWS);
        assert_true(n.outside + n.deleted + n.selected <= n.total);
    }
}

static void counts_are_those_of_plain_sql(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct err          err = ERR_INIT;
    struct store_query  q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct store_counts n;

#define COUNT(where)                                                                               \
    db_number(&w->db, "SELECT count(*) FROM executions WHERE value ->> 'tenantId' = 't1'" where)
    use_store(w);
    q.tenant = "t1";
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(n.total, PG_WORLD_ROWS);
    assert_int_equal(n.outside, PG_WORLD_ROWS - COUNT(""));
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
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW, .tenant = "" };

    layout_free(w->layout);
    w->layout = layout_file("A");
    db_sql(&w->db, "ALTER TABLE flows DROP tenant_id; ALTER TABLE templates DROP tenant_id;"
                   "ALTER TABLE triggers DROP tenant_id; ALTER TABLE executions DROP tenant_id");
    use_store(w);
    read_docs(w, &q);
    assert_int_equal(w->got.n, PG_WORLD_ROWS);
    q.tenant = "t1";
    read_docs(w, &q);
    assert_int_equal(w->got.n, 0);
}

static void paused_executions_are_pending_whatever_the_layout_says(void **state)
{
    static const char  *states[] = { "SUCCESS", "PAUSED" };
    struct pg_world    *w = pg_world_of(state);
    struct err          err = ERR_INIT;
    struct store_query  q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    struct store_counts n;

    w->layout->terminal = (struct strings){ 2, states };
    use_store(w);
    must(w->store->count(w->store, &q, &n, &err), &err);
    assert_int_equal(n.terminal,
                     db_number(&w->db, "SELECT count(*) FROM executions WHERE NOT deleted"
                                       " AND state_current = 'SUCCESS'"));
}

/* ---- plans ---------------------------------------------------------------------------- */

/* The plan of the very text that a reader sends, under a reader's settings. */
static char *plan_of(struct pg_world *w, unsigned jobs, const struct store_query *q)
{
    struct store_conf conf = { .url = w->db.url, .jobs = jobs };
    enum kind         kind = kind_stored(q->kind);
    struct pg_conn    c;
    struct err        err = ERR_INIT;
    struct arena     *a = arena_new(1024);
    struct pg_table   t = pg_table_name(&conf, kind_name(kind), w->layout->kinds[kind].table, a);
    PGresult         *res = NULL;
    struct buf        b;

    t.jsonb = t.json = true;
    t.has_parent = q->parents != NULL;
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
    struct pg_world *w = pg_world_of(state);

    for (size_t i = 0; i < COUNT_OF(selections); i++) {
        const struct store_query *q = &selections[i].query;
        /* Few are looked up in the index. */
        bool        is_empty = q->ids || q->only.n > 0 || q->executions == EXECUTIONS_NONE;
        char       *plan;
        const char *gather;

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
    struct pg_world *w = pg_world_of(state);
    char            *plan = plan_of(w, 1, &selections[0].query);

    assert_null(strstr(plan, "Gather"));
    mem_free(plan);
}

static void ids_are_looked_up_in_the_index(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = {
        .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL, .ids = some_ids, .n_ids = 3
    };
    char *plan = plan_of(w, 2, &q);

    assert_non_null(strstr(plan, "executions_pkey"));
    mem_free(plan);
}

/* Kestra's index of parents begins with `deleted` and the tenant, and all of it is used: else each
 * question reads the table (0.7 s of a million executions, and 20 ms with the index). */
static void children_are_looked_up_in_the_whole_index(void **state)
{
    static const char *const tenants[] = { "", "t1" };
    static const char *const conditions[] = { "(executions.tenant_id IS NULL)",
                                              "((executions.tenant_id)::text = 't1'::text)" };
    struct pg_world         *w = pg_world_of(state);
    struct store_query       q = { .kind = KIND_EXECUTION,
                                   .executions = EXECUTIONS_ALL,
                                   .since = "2024-12-10T08:10:00.000Z",
                                   .parents = some_ids,
                                   .n_parents = 3 };

    db_sql(&w->db, "ALTER TABLE executions ADD trigger_execution_id varchar(150)"
                   " GENERATED ALWAYS AS (value #>> '{trigger,variables,executionId}') STORED;"
                   "CREATE INDEX executions_trigger_execution_id ON executions"
                   " (deleted, tenant_id, trigger_execution_id);"
                   /* The table is so small that reading it is cheaper. */
                   "DO $$BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) ||"
                   " ' SET enable_seqscan = off'; END$$; ANALYZE executions");
    for (size_t i = 0; i < COUNT_OF(tenants); i++) {
        char *plan;

        q.tenant = tenants[i];
        plan = plan_of(w, 2, &q);
        if (!strstr(plan, "Index Cond: ((executions.deleted = false) AND ") ||
            !strstr(plan, conditions[i]) ||
            !strstr(plan, " AND ((executions.trigger_execution_id)::text = ANY ("))
            fail_msg("not the whole index: %s", plan);
        mem_free(plan);
    }
}

/* ---- values --------------------------------------------------------------------------- */

static void large_values_come_whole_and_alone(void **state)
{
    struct pg_world     *w = pg_world_of(state);
    struct store_query   q = { .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    struct store_reader *r;
    struct batch        *b = batch_new();
    struct err           err = ERR_INIT;
    bool                 end = false;
    int                  n_large = 0;

    db_sql(&w->db,
           "UPDATE executions SET value = value || jsonb_build_object('big', repeat('0123456789',"
           " 1048576)) WHERE key IN ('exec-5', 'exec-500', 'exec-1002')");
    use_store(w);
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
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_TEMPLATE };

    db_sql(&w->db,
           "DELETE FROM templates;"
           "INSERT INTO templates SELECT k, jsonb_build_object('namespace', k, 'deleted', false,"
           " 'id', k || E'\\u0001\\n\\t\"\\\\') FROM unnest(ARRAY['ключ', '鍵', 'مفتاح', "
           "'🗝️',"
           " 'a\\b', 'it''s', 'a\"b', ' ', '', E'tab\\t', E'line\\n', repeat('é', 120)]) k");
    use_store(w);
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
    struct pg_world   *w = pg_world_of(state);
    struct slice      *ids = mem_array(STORE_MAX_IDS, sizeof(*ids));
    struct store_query q = { .kind = KIND_TEMPLATE, .ids = ids, .n_ids = STORE_MAX_IDS };

    db_sql(&w->db,
           "DELETE FROM templates;"
           "INSERT INTO templates SELECT repeat('''', 245) || i, jsonb_build_object('namespace',"
           " 'n', 'deleted', false) FROM generate_series(1, 1500) i");
    docs_sql(&w->expected, &w->db, TEMPLATES " AND length(key) <= 248 ORDER BY key LIMIT 1000");
    for (size_t i = 0; i < STORE_MAX_IDS; i++)
        ids[i] = i < w->expected.n ? w->expected.all[i].id : SLICE("none");
    use_store(w);
    read_docs(w, &q);
    docs_assert_equal(&w->got, &w->expected);
    mem_free(ids);
}

static void empty_tables_are_read_to_their_end(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db, "TRUNCATE flows, templates, triggers, executions");
    use_store(w);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct store_query  q = { .kind = kind, .executions = EXECUTIONS_ALL };
        struct store_counts n;
        struct err          err = ERR_INIT;

        if (!kind_is_stored(kind))
            continue;
        read_docs(w, &q);
        assert_int_equal(w->got.n, 0);
        assert_int_equal(w->got.n_batches, 1);
        must(w->store->count(w->store, &q, &n, &err), &err);
        assert_int_equal(n.total + n.selected, 0);
    }
}

static void a_missing_source_is_told_from_an_empty_one(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_FLOW };
    size_t             n_null = 0;
    size_t             n_empty = 0;

    use_store(w);
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
    struct pg_world         *w = pg_world_of(state);
    struct store_query       q = { .kind = KIND_TRIGGER };
    struct store_counts      n;
    struct err               err = ERR_INIT;

    use_store(w);
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
        use_store(w);
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
    struct pg_world *w = pg_world_of(state);

    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        struct store_server servers[STORE_MAX_SERVERS];
        struct store_info   info;
        struct err          err = ERR_INIT;
        unsigned            clients = 0;
        size_t              n = 0;

        db_drop(&w->db);
        db_load_sample(&w->db, samples[i].name);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(every_selection_hands_out_exactly_what_plain_sql_says),
        PG_TEST(what_is_handed_out_is_what_was_counted_as_selected),
        PG_TEST(counts_are_those_of_plain_sql),
        PG_TEST(without_tenants_every_document_has_none),
        PG_TEST(paused_executions_are_pending_whatever_the_layout_says),
        PG_TEST(every_selection_is_read_by_workers),
        PG_TEST(with_one_job_there_are_no_workers),
        PG_TEST(ids_are_looked_up_in_the_index),
        PG_TEST(children_are_looked_up_in_the_whole_index),
        PG_TEST(large_values_come_whole_and_alone),
        PG_TEST(keys_and_values_of_all_scripts_come_as_they_are),
        PG_TEST(a_thousand_ids_of_the_longest_kind_can_be_looked_up),
        PG_TEST(empty_tables_are_read_to_their_end),
        PG_TEST(a_missing_source_is_told_from_an_empty_one),
        PG_TEST(only_jsonb_is_trusted),
        PG_TEST(databases_of_real_kestras_are_read_as_plain_sql_says),
    };

    return PG_RUN(tests);
}
