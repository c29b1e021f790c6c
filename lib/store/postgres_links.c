/*
 * postgres_links.c - which task run started which execution, what a runner knew of task runs, and
 * what logs know, out of the tables of the JDBC runner (kestra/restartability.md 5;
 * postgres_internal.h).
 */
#include "lib/store/postgres_internal.h"

/* The parent's task run was `taskRun` in workertaskexecutions, `parentTaskRun` since. */
#define OF_PARENT(member)                                                                          \
    "coalesce(value::jsonb #>> '{parentTaskRun," member "}', value::jsonb #>> "                    \
    "'{taskRun," member "}')"

#define PARENT OF_PARENT("executionId")
#define RUN    OF_PARENT("id")

static bool may_ask(struct pg_store *s, size_t n, const char *doing, struct err *err)
{
    if (!pg_check_free(s, doing, err))
        return false;
    return (s->layout && n <= STORE_MAX_IDS) ||
           err_set(err, ERR_BUG, "the store was asked for evidence in a way it cannot");
}

static struct slice cell(const PGresult *res, int row, int column)
{
    return slice_of(PQgetvalue(res, row, column), (size_t)PQgetlength(res, row, column));
}

/* Is it there? A missing table would be no error, but the server would log one. */
static bool find_table(struct pg_store *s, const struct pg_table *t, struct buf *sql, bool *there,
                       struct err *err)
{
    PGresult *res = NULL;

    buf_add(sql, "SELECT to_regclass(");
    if (!pg_sql_literal(s->slots[0].conn.pg, slice_str(t->sql), sql, err))
        return false;
    buf_add(sql, ") IS NOT NULL");
    if (!pg_store_run(s, sql, "looking for links of subflows", &res, err))
        return false;
    *there = pg_is_true(res, 0, 0);
    PQclear(res);
    return true;
}

/* Write sql, in which each @ stands for the table. */
static void put_table(struct buf *out, const char *sql, const char *table)
{
    for (; *sql != '\0'; sql++)
        if (*sql == '@')
            buf_add(out, "%s", table);
        else
            buf_add(out, "%c", *sql);
}

bool pg_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
              void *ctx, struct err *err)
{
    static const char *const names[] = { PG_LINKS_OLD, PG_LINKS };
    static const char        doing[] = "looking for links of subflows";
    struct pg_store         *s = (struct pg_store *)base;
    struct buf               sql;
    bool                     ok = may_ask(s, n, doing, err);

    if (!ok || n == 0)
        return ok;
    buf_init(&sql, PG_MAX_SQL_BYTES);
    for (size_t k = 0; ok && k < COUNT_OF(names); k++) {
        struct pg_table t = pg_table_name(s->conf, NULL, names[k], s->arena);
        PGresult       *res = NULL;
        bool            there = false;

        ok = find_table(s, &t, &sql, &there, err);
        if (!ok || !there)
            continue;
        buf_add(&sql,
                "SELECT key, " PARENT ", " RUN " FROM %s WHERE " RUN " IS NOT NULL AND " PARENT,
                t.sql);
        ok = pg_sql_in(s->slots[0].conn.pg, parents, n, &sql, err) &&
             pg_run_optional(s, &sql, doing, &res, err);
        for (int i = 0; ok && res && i < PQntuples(res); i++)
            fn(ctx, &(struct store_link){ cell(res, i, 0), cell(res, i, 1), cell(res, i, 2) });
        PQclear(res);
    }
    buf_release(&sql);
    return ok;
}

/* Rows: the id, a state that tells what is known (worker_job_running: none), a date. */
static const struct {
    const char *table, *sql;
} run_tables[] = {
    { PG_JOBS, "SELECT value::jsonb #>> '{taskRun,id}', 'RUNNING', NULL FROM @"
               " WHERE value::jsonb #>> '{taskRun,id}' IS NOT NULL" },
    { PG_DELAYS, "SELECT coalesce(value::jsonb ->> 'taskRunId', value::jsonb ->> 'executionId'),"
                 " NULL, value::jsonb ->> 'date' FROM @"
                 " WHERE value::jsonb ->> 'executionId' IS NOT NULL"
                 " AND value::jsonb ->> 'date' IS NOT NULL" },
    /* By the type's own value, whichever schema it is in: so the index is used, and a band that
     * has no such value gives no rows. Other types have rows of a week that no executor reads. */
    { PG_QUEUES, "SELECT value::jsonb #>> '{taskRun,id}', value::jsonb #>>"
                 " '{taskRun,state,current}', NULL FROM @ WHERE NOT consumer_executor AND type ="
                 " (SELECT t FROM unnest(enum_range((SELECT type FROM @ LIMIT 1))) t"
                 " WHERE t::text = 'io.kestra.core.runners.WorkerTaskResult')"
                 " AND value::jsonb #>> '{taskRun,id}' IS NOT NULL"
                 " AND value::jsonb #>> '{taskRun,state,current}' IS NOT NULL" },
};

/* What a row tells; false: nothing. */
static bool read_run(const PGresult *res, int row, struct store_run *out)
{
    static const char *const ends[] = { "SUCCESS", "WARNING", "FAILED", "KILLED", "SKIPPED" };

    *out =
        (struct store_run){ .what = RUN_DUE, .id = cell(res, row, 0), .date = cell(res, row, 2) };
    if (PQgetisnull(res, row, 1))
        return true;
    out->what = RUN_TAKEN;
    out->date = slice_of(NULL, 0);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (slice_eq(cell(res, row, 1), slice_str(ends[i])))
            out->what = RUN_ENDED;
    return out->what == RUN_ENDED || slice_eq(cell(res, row, 1), SLICE("RUNNING"));
}

bool pg_runs(struct store *base, store_run_fn fn, void *ctx, struct err *err)
{
    static const char doing[] = "looking at the runner's tables";
    struct pg_store  *s = (struct pg_store *)base;
    struct buf        sql;
    bool              ok = may_ask(s, 0, doing, err);

    buf_init(&sql, PG_MAX_SQL_BYTES);
    for (size_t k = 0; ok && k < COUNT_OF(run_tables); k++) {
        struct pg_table  t = pg_table_name(s->conf, NULL, run_tables[k].table, s->arena);
        PGresult        *res = NULL;
        bool             there = false;
        struct store_run run;

        ok = find_table(s, &t, &sql, &there, err);
        if (!ok || !there)
            continue;
        put_table(&sql, run_tables[k].sql, t.sql);
        ok = pg_run_optional(s, &sql, doing, &res, err);
        for (int i = 0; ok && res && i < PQntuples(res); i++)
            if (read_run(res, i, &run))
                fn(ctx, &run);
        PQclear(res);
    }
    buf_release(&sql);
    return ok;
}

bool pg_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                   void *ctx, struct err *err)
{
    static const char doing[] = "looking at logs";
    struct pg_store  *s = (struct pg_store *)base;
    struct pg_table   t;
    PGresult         *res = NULL;
    bool              there = false;
    struct buf        sql;
    bool              ok = may_ask(s, n, doing, err);

    if (!ok || n == 0)
        return ok;
    t = pg_table_name(s->conf, NULL, PG_LOGS, s->arena);
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = find_table(s, &t, &sql, &there, err);
    if (ok && there) {
        buf_add(&sql,
                "SELECT execution_id, max((value::jsonb ->> 'timestamp') COLLATE \"C\") FROM %s"
                " WHERE NOT deleted AND taskrun_id IS NOT NULL AND execution_id",
                t.sql);
        ok = pg_sql_in(s->slots[0].conn.pg, ids, n, &sql, err) &&
             buf_append(&sql, SLICE(" GROUP BY 1")) && pg_run_optional(s, &sql, doing, &res, err);
    }
    for (int i = 0; ok && res && i < PQntuples(res); i++) {
        struct instant at;

        if (instant_parse(cell(res, i, 1), &at))
            fn(ctx, cell(res, i, 0), at);
    }
    PQclear(res);
    buf_release(&sql);
    return ok;
}
