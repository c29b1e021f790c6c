/*
 * test_postgres_facts.c - evidence for verdicts out of PostgreSQL: newest times, children, links,
 * logs.
 */
#include "tests/support/test.h"

#include "tests/support/layout_files.h"
#include "tests/support/pg_world.h"

#include "lib/base/clock.h"

#define CHILDREN                                                                                   \
    "SELECT key, value::text FROM executions WHERE value ->> 'deleted' = 'false'"                  \
    " AND value #>> '{trigger,variables,executionId}' IN ('exec-1', 'exec-2', 'it''s')"

static const struct slice parents[] = { { "exec-1", 6 }, { "exec-2", 6 }, { "it's", 4 } };

/* Every third execution is the child of one of five, by one of four types. */
static void make_children(struct pg_world *w)
{
    db_sql(&w->db,
           "UPDATE executions SET value = value || jsonb_build_object('trigger',"
           " jsonb_build_object('type', (ARRAY['t.Subflow', 't.Flow', 't.Each$Item', 't.Eachx'])"
           "[1 + substr(key, 6)::int / 3 % 4], 'variables', jsonb_build_object('executionId',"
           " (ARRAY['exec-1', 'exec-2', 'it''s', 'exec-3', 'none'])[1 + substr(key, 6)::int / 3"
           " % 5])))"
           " WHERE substr(key, 6)::int % 3 = 0; ANALYZE executions");
}

/* ---- children, also ------------------------------------------------------------------------- */

#define TYPED CHILDREN " AND value #>> '{trigger,type}' IN ('t.Subflow', 't.Each$Item')"
#define SINCE " AND value #>> '{state,startDate}' >= '2024-12-10T08:10:00.000Z'"

static void children_are_exactly_those_of_plain_sql(void **state)
{
    static const char *types[] = { "t.Subflow", "t.Each" };
    struct pg_world   *w = pg_world_of(state);
    struct err         err = ERR_INIT;

    make_children(w);
    /* With and without the column that bands from 0.13 have. */
    for (int i = 0; i < 2; i++) {
        struct store_query  q = { .kind = KIND_EXECUTION,
                                  .executions = EXECUTIONS_PENDING,
                                  .parents = parents,
                                  .n_parents = COUNT_OF(parents) };
        struct store_counts n;

        use_store(w);
        read_docs(w, &q);
        docs_sql(&w->expected, &w->db, CHILDREN);
        docs_assert_equal(&w->got, &w->expected);
        assert_true(w->got.n > 100);
        must(w->store->count(w->store, &q, &n, &err), &err);
        assert_int_equal(n.selected, w->got.n);
        q.child_types = (struct strings){ COUNT_OF(types), types };
        q.since = "2024-12-10T08:10:00.000Z";
        read_docs(w, &q);
        /* Parents that are indexed make `since` a burden: it is overlooked. */
        docs_sql(&w->expected, &w->db, i == 0 ? TYPED SINCE : TYPED);
        docs_assert_equal(&w->got, &w->expected);
        assert_true(w->got.n > 10);
        q.n_parents = 0;
        read_docs(w, &q);
        assert_int_equal(w->got.n, 0);
        close_store(w);
        db_sql(&w->db, "ALTER TABLE executions ADD IF NOT EXISTS trigger_execution_id varchar(150)"
                       " GENERATED ALWAYS AS (value #>> '{trigger,variables,executionId}') STORED");
    }
}

static void those_that_ended_come_beside_the_pending_ones_once(void **state)
{
    static const struct slice also[] = { { "exec-6", 6 },  { "exec-6", 6 },  { "exec-1", 6 },
                                         { "exec-7", 6 },  { "exec-19", 7 }, { "exec-32", 7 },
                                         { "no such", 7 }, { "it's", 4 } };
    struct pg_world          *w = pg_world_of(state);
    struct store_query        q = { .kind = KIND_EXECUTION,
                                    .executions = EXECUTIONS_PENDING,
                                    .also = also,
                                    .n_also = COUNT_OF(also) };
    struct store_counts       with;
    struct store_counts       without;
    struct err                err = ERR_INIT;

    use_store(w);
    read_docs(w, &q);
    docs_sql(&w->expected, &w->db,
             "SELECT key, value::text FROM executions WHERE value ->> 'deleted' = 'false' AND"
             " (value #>> '{state,current}' NOT IN ('SUCCESS', 'WARNING', 'FAILED', 'KILLED',"
             " 'CANCELLED', 'RETRIED', 'SKIPPED') OR key IN ('exec-6', 'exec-1', 'exec-7',"
             " 'exec-19', 'exec-32'))");
    docs_assert_equal(&w->got, &w->expected);
    must(w->store->count(w->store, &q, &with, &err), &err);
    assert_int_equal(with.selected, w->got.n);
    q.also = NULL;
    q.n_also = 0;
    must(w->store->count(w->store, &q, &without, &err), &err);
    assert_int_equal(with.pending, without.pending);
    assert_int_equal(with.terminal, without.terminal);
    assert_int_equal(with.selected, without.selected + 3);
}

/* ---- newest --------------------------------------------------------------------------------- */

static const struct store_newest *newest_of(struct pg_world *w)
{
    static struct store_newest out[STORE_NEWEST_COUNT];
    struct err                 err = ERR_INIT;
    size_t                     n = 0;

    must(w->store->newest(w->store, out, &n, &err), &err);
    assert_int_equal(n, STORE_NEWEST_COUNT);
    return out;
}

static const char *text_of(const struct store_newest *newest)
{
    return newest->known ? newest->text : "unknown";
}

static void what_is_not_there_is_not_known(void **state)
{
    struct pg_world           *w = pg_world_of(state);
    const struct store_newest *newest;
    struct store_query         q = { .kind = KIND_TEMPLATE };

    /* No start_date, no end_date, no dates, no table of logs. */
    use_store(w);
    newest = newest_of(w);
    assert_string_equal(text_of(&newest[0]), "unknown");
    assert_string_equal(text_of(&newest[1]), "unknown");
    assert_string_equal(text_of(&newest[2]), "unknown");
    /* The snapshot is as good as before. */
    read_docs(w, &q);
    assert_true(w->got.n > 0);
}

#define MORE_COLUMNS                                                                               \
    "ALTER TABLE executions ADD start_date timestamp, ADD end_date timestamp;"                     \
    "CREATE INDEX s ON executions (deleted, tenant_id, start_date);"                               \
    "CREATE INDEX e ON executions (deleted, tenant_id, end_date);"

static void the_newest_execution_is_found_in_its_value(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db, MORE_COLUMNS "UPDATE executions SET start_date = '2024-12-10',"
                                " end_date = '2024-12-10';"
                                "UPDATE executions SET end_date = '2025-01-01', value = value ||"
                                " '{\"state\": {\"current\": \"SUCCESS\", \"histories\": ["
                                "{\"date\": \"2024-12-11T00:00:00.001Z\"}, {\"date\": 5}, 7,"
                                "{\"date\": \"zzz\"}]}, \"taskRunList\": null}'"
                                " WHERE key = 'exec-1'");
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[0]), "2024-12-11T00:00:00.001Z");
    close_store(w);
    /* A running one whose tasks are what is new; in a tenant of its own. */
    db_sql(&w->db,
           "UPDATE executions SET start_date = '2025-01-01', value = value ||"
           " '{\"tenantId\": \"t9\", \"deleted\": false, \"state\": {\"current\":"
           " \"RUNNING\", \"histories\": [{\"date\": \"2024-12-11T00:00:00.000Z\"}]},"
           " \"taskRunList\": [{\"state\": {\"histories\": {}}}, {\"state\": {\"histories\":"
           " [{\"date\": \"2024-12-12T00:00:00.002Z\"}]}}]}' WHERE key = 'exec-2'");
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[0]), "2024-12-12T00:00:00.002Z");
    close_store(w);
    db_sql(&w->db, "UPDATE executions SET value = value || '{\"deleted\": true}'"
                   " WHERE key = 'exec-2'");
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[0]), "2024-12-11T00:00:00.001Z");
}

static void a_trigger_is_as_new_as_its_latest_instant(void **state)
{
    struct pg_world *w = pg_world_of(state);

    db_sql(&w->db,
           "UPDATE triggers SET value = value || '{\"date\": \"2024-12-10T23:00:00.000Z\"}'"
           " WHERE key = 'trigger-1';"
           "UPDATE triggers SET value = value || '{\"date\": \"2024-12-11T01:30:00.000+02:00\"}'"
           " WHERE key = 'trigger-2';"
           "UPDATE triggers SET value = value || '{\"date\": \"2024-12-10T20:00:00.000-05:00\"}'"
           " WHERE key = 'trigger-3';"
           "UPDATE triggers SET value = value || '{\"updatedDate\": \"2024-12-11T00:59:59.999Z\"}'"
           " WHERE key = 'trigger-4';"
           "UPDATE triggers SET value = value || '{\"date\": \"tomorrow\"}'"
           " WHERE key = 'trigger-5'");
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[1]), "2024-12-10T20:00:00.000-05:00");
}

static void make_logs(struct pg_world *w)
{
    db_sql(&w->db,
           "CREATE TABLE logs (key varchar(30) PRIMARY KEY, value jsonb NOT NULL,"
           " deleted bool NOT NULL GENERATED ALWAYS AS (CAST(value ->> 'deleted' AS bool)) STORED,"
           " execution_id varchar(150) GENERATED ALWAYS AS (value ->> 'executionId') STORED,"
           " taskrun_id varchar(150) GENERATED ALWAYS AS (value ->> 'taskRunId') STORED,"
           " timestamp timestamptz);"
           "INSERT INTO logs (key, value, timestamp) SELECT i, jsonb_build_object('deleted', false,"
           " 'executionId', 'exec-' || i % 4, 'taskRunId', CASE WHEN i < 95 THEN 'r' END,"
           " 'timestamp', '2024-12-10T08:00:' || lpad((i / 2)::text, 2, '0') || '.5'), now()"
           " FROM generate_series(0, 99) i;"
           "UPDATE logs SET value = jsonb_set(value, '{timestamp}', to_jsonb((value ->>"
           " 'timestamp') || '00Z'))");
}

static void logs_tell_their_newest_line(void **state)
{
    struct pg_world *w = pg_world_of(state);

    make_logs(w);
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[2]), "2024-12-10T08:00:49.500Z");
}

static void a_right_that_is_missing_is_no_error(void **state)
{
    struct pg_world   *w = pg_world_of(state);
    struct store_query q = { .kind = KIND_TEMPLATE };

    make_logs(w);
    db_sql(&w->db, "GRANT SELECT ON flows, templates, triggers, executions, service_instance,"
                   " flyway_schema_history TO requeue_none");
    (void)snprintf(w->url, sizeof(w->url), "postgres://requeue_none@%s:%d/%s", w->host, w->port,
                   w->db.name);
    w->conf.url = w->url;
    use_store(w);
    assert_string_equal(text_of(&newest_of(w)[2]), "unknown");
    read_docs(w, &q);
    assert_true(w->got.n > 0);
}

/* ---- links, logs ---------------------------------------------------------------------------- */

static void keep_link(void *ctx, const struct store_link *link)
{
    buf_add(ctx, "%.*s<%.*s/%.*s ", SLICE_ARG(link->child), SLICE_ARG(link->parent),
            SLICE_ARG(link->run));
}

static void keep_time(void *ctx, struct slice id, struct instant at)
{
    char text[32];

    instant_format(at, text);
    buf_add(ctx, "%.*s=%s ", SLICE_ARG(id), text);
}

static void links_come_from_the_table_of_their_band(void **state)
{
    static const char *tables[] = { "subflow_executions=other" };
    struct pg_world   *w = pg_world_of(state);
    struct err         err = ERR_INIT;
    struct buf         said;

    buf_init(&said, 4096);
    use_store(w);
    must(w->store->links(w->store, parents, 3, keep_link, &said, &err), &err);
    assert_int_equal(said.n, 0);
    close_store(w);
    db_sql(
        &w->db,
        "CREATE TABLE workertaskexecutions (key varchar(250) PRIMARY KEY, value jsonb NOT NULL);"
        "INSERT INTO workertaskexecutions VALUES"
        " ('c1', '{\"taskRun\": {\"id\": \"r1\", \"executionId\": \"exec-1\"}}'),"
        " ('c2', '{\"taskRun\": {\"id\": \"r2\", \"executionId\": \"exec-3\"}}'),"
        " ('c3', '{\"taskRun\": {\"executionId\": \"exec-1\"}}'), ('c4', '[]');"
        "CREATE TABLE other AS SELECT 'c5'::varchar AS key, '{\"parentTaskRun\": {\"id\": \"r5\","
        " \"executionId\": \"it''s\"}}'::jsonb AS value");
    w->conf.tables = (struct strings){ 1, tables };
    use_store(w);
    must(w->store->links(w->store, parents, 3, keep_link, &said, &err), &err);
    assert_string_equal(said.p, "c1<exec-1/r1 c5<it's/r5 ");
    buf_release(&said);
}

static void keep_run(void *ctx, const struct store_run *run)
{
    static const char *const names[] = { "taken", "ended", "due" };

    buf_add(ctx, "%.*s:%s%.*s ", SLICE_ARG(run->id), names[run->what], (int)run->date.n,
            run->date.p ? run->date.p : "");
}

static void a_runners_tables_tell_what_was_under_way(void **state)
{
    struct pg_world *w = pg_world_of(state);
    struct err       err = ERR_INIT;
    struct buf       said;

    buf_init(&said, 4096);
    use_store(w);
    must(w->store->runs(w->store, keep_run, &said, &err), &err);
    assert_int_equal(said.n, 0);
    close_store(w);
    db_sql(
        &w->db,
        "CREATE TABLE worker_job_running (key varchar(250) PRIMARY KEY, value jsonb NOT NULL);"
        "INSERT INTO worker_job_running VALUES ('j', '{\"taskRun\": {\"id\": \"r1\"}}'),"
        " ('t', '{\"type\": \"trigger\"}');"
        "CREATE TABLE executordelayed (key varchar(250) PRIMARY KEY, value jsonb NOT NULL);"
        "INSERT INTO executordelayed VALUES ('d', '{\"executionId\": \"e\", \"taskRunId\":"
        " \"r2\", \"date\": \"D\"}'), ('e', '{\"executionId\": \"e2\", \"date\": \"F\"}');"
        "CREATE TYPE queue_type AS ENUM ('io.kestra.core.runners.WorkerTaskResult', 'log');"
        "CREATE TABLE queues (type queue_type, value jsonb, consumer_executor boolean);"
        "INSERT INTO queues SELECT t::queue_type, jsonb_build_object('taskRun',"
        " jsonb_build_object('id', id, 'state', jsonb_build_object('current', s))), c FROM (VALUES"
        " ('io.kestra.core.runners.WorkerTaskResult', 'r3', 'WARNING', false),"
        " ('io.kestra.core.runners.WorkerTaskResult', 'r4', 'RUNNING', false),"
        " ('io.kestra.core.runners.WorkerTaskResult', 'r5', 'SUCCESS', true),"
        " ('io.kestra.core.runners.WorkerTaskResult', 'r6', 'PAUSED', false),"
        " ('log', 'r7', 'SUCCESS', false)) v (t, id, s, c)");
    use_store(w);
    must(w->store->runs(w->store, keep_run, &said, &err), &err);
    assert_string_equal(said.p, "r1:taken r2:dueD e2:dueF r3:ended r4:taken ");
    close_store(w);
    /* A queue of another version tells nothing, and the snapshot is as good as before. */
    buf_clear(&said);
    db_sql(&w->db, "ALTER TABLE queues DROP consumer_executor; DROP TABLE executordelayed");
    use_store(w);
    must(w->store->runs(w->store, keep_run, &said, &err), &err);
    assert_string_equal(said.p, "r1:taken ");
    buf_release(&said);
}

static void logs_of_task_runs_tell_how_new_an_execution_is(void **state)
{
    static const struct slice ids[] = { { "exec-2", 6 }, { "exec-9", 6 } };
    struct pg_world          *w = pg_world_of(state);
    struct err                err = ERR_INIT;
    struct buf                said;

    buf_init(&said, 4096);
    use_store(w);
    must(w->store->log_newest(w->store, ids, 2, keep_time, &said, &err), &err);
    assert_int_equal(said.n, 0);
    close_store(w);
    make_logs(w);
    use_store(w);
    must(w->store->log_newest(w->store, ids, 2, keep_time, &said, &err), &err);
    /* exec-2 has a later line, number 98, which names no task run. */
    assert_string_equal(said.p, "exec-2=2024-12-10T08:00:47.500Z ");
    buf_release(&said);
}

static void a_stop_ends_the_search_for_evidence(void **state)
{
    struct pg_world    *w = pg_world_of(state);
    struct store_newest out[STORE_NEWEST_COUNT];
    struct err          err = ERR_INIT;
    size_t              n;

    make_logs(w);
    use_store(w);
    stop_ask(&w->stop);
    assert_false(w->store->newest(w->store, out, &n, &err));
    assert_int_equal(err.kind, ERR_STOPPED);
    assert_false(w->store->log_newest(w->store, parents, 1, keep_time, NULL, &err));
    assert_int_equal(err.kind, ERR_STOPPED);
}

/* ---- databases of real Kestras -------------------------------------------------------------- */

static void real_kestras_tell_what_plain_sql_says(void **state)
{
    static const struct {
        const char *name;
        const char *layout;
        const char *links;
    } samples[] = { { "kestra-0.6", "A", "workertaskexecutions" },
                    { "kestra-up-0.6-0.16", "F", "subflow_executions" },
                    { "kestra-0.20", "I", "subflow_executions" } };
    struct pg_world *w = pg_world_of(state);

    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        const struct store_newest *newest;
        struct slice               parent;
        struct buf                 said;
        struct err                 err = ERR_INIT;
        char                      *expected[4];
        char                       sql[512];

        buf_init(&said, 65536);
        db_drop(&w->db);
        db_load_sample(&w->db, samples[i].name);
        expected[0] = db_text(&w->db, "SELECT max((h ->> 'date') COLLATE \"C\") FROM executions,"
                                      " jsonb_path_query(value, '$.**.histories[*]') h"
                                      " WHERE NOT deleted");
        expected[1] =
            db_text(&w->db, "SELECT to_char(max(greatest((value ->> 'date')::timestamptz,"
                            " (value ->> 'updatedDate')::timestamptz)) AT TIME ZONE 'UTC',"
                            " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM triggers");
        expected[2] = db_text(&w->db, "SELECT max(value ->> 'timestamp') FROM logs");
        (void)snprintf(sql, sizeof(sql),
                       "SELECT value #>> '{execution,trigger,variables,executionId}' FROM %s"
                       " ORDER BY key LIMIT 1",
                       samples[i].links);
        expected[3] = db_text(&w->db, sql);
        layout_free(w->layout);
        w->layout = layout_file(samples[i].layout);
        use_store(w);
        newest = newest_of(w);
        for (size_t k = 0; k < STORE_NEWEST_COUNT; k++) {
            char text[32];

            instant_format(newest[k].at, text);
            assert_true(newest[k].known);
            assert_string_equal(text, expected[k]);
        }
        parent = slice_str(expected[3]);
        must(w->store->links(w->store, &parent, 1, keep_link, &said, &err), &err);
        assert_non_null(strchr(said.p, '<'));
        assert_non_null(strstr(said.p, expected[3]));
        close_store(w);
        for (size_t k = 0; k < COUNT_OF(expected); k++)
            mem_free(expected[k]);
        buf_release(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PG_TEST(children_are_exactly_those_of_plain_sql),
        PG_TEST(those_that_ended_come_beside_the_pending_ones_once),
        PG_TEST(what_is_not_there_is_not_known),
        PG_TEST(the_newest_execution_is_found_in_its_value),
        PG_TEST(a_trigger_is_as_new_as_its_latest_instant),
        PG_TEST(logs_tell_their_newest_line),
        PG_TEST(a_right_that_is_missing_is_no_error),
        PG_TEST(links_come_from_the_table_of_their_band),
        PG_TEST(a_runners_tables_tell_what_was_under_way),
        PG_TEST(logs_of_task_runs_tell_how_new_an_execution_is),
        PG_TEST(a_stop_ends_the_search_for_evidence),
        PG_TEST(real_kestras_tell_what_plain_sql_says),
    };

    return PG_RUN(tests);
}
