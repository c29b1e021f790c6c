/*
 * postgres_links.c - which task run started which execution, and what logs know, out of the tables
 * of the JDBC runner (kestra/restartability.md 5; postgres_internal.h).
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
