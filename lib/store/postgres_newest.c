/*
 * postgres_newest.c - the newest times in a PostgreSQL store (postgres_internal.h).
 *
 * DESIGN. The exact times are in `value`; start_date, end_date and timestamp are generated in the
 * time zone of whoever wrote the row, and wrong after a restore under another one (data-model 4.3).
 * But they are what is indexed: they say where to look, and `value` of the rows found says what is
 * there. Where no index helps, a large table is not looked at: a scan would take minutes.
 */
#include "lib/store/postgres_internal.h"

#include "lib/store/newest.h"

#define PLACES        1000 /* rows looked at, by each column */
#define PLACES_TENANT 100  /* of each tenant */
#define SMALL_BYTES   (64 << 20)
/* What looks like a date; a regular expression would take longer than all the rest. */
#define IS_DATE(d) "(" d ") LIKE '____-__-__T__:__%%' AND (" d ") COLLATE \"C\" < ':'"
#define LIST_OF(value)                                                                             \
    " jsonb_array_elements(CASE jsonb_typeof(" value ") WHEN 'array' THEN " value " ELSE '[]' "    \
    "END) "

/* The dates d of an execution p: of its own histories, and of those of its task runs. */
#define OWN_DATES "SELECT h ->> 'date' FROM" LIST_OF("(p.value::jsonb #> '{state,histories}')") "h"
#define RUN_DATES                                                                                  \
    "SELECT h ->> 'date' FROM" LIST_OF("(p.value::jsonb -> 'taskRunList')") "r," LIST_OF(          \
        "(r #> '{state,histories}')") "h"
#define DATES " CROSS JOIN LATERAL (" OWN_DATES " UNION ALL " RUN_DATES ") x(d)"

/* How the newest rows by a column can be found. */
enum order {
    ORDER_NONE,    /* not at all */
    ORDER_PLAIN,   /* by an index on it, or on deleted and it; or the table is small */
    ORDER_TENANTS, /* by an index on deleted, tenant_id and it */
};

bool pg_run_optional(struct pg_store *s, struct buf *sql, const char *doing, PGresult **out,
                     struct err *err)
{
    struct pg_conn *c = &s->slots[0].conn;
    bool            is_free = pg_run(c, "SAVEPOINT requeue_facts", doing, NULL, err);

    *out = NULL;
    if (!is_free) {
        buf_clear(sql);
        return false;
    }
    if (pg_store_run(s, sql, doing, out, err))
        return pg_run(c, "RELEASE SAVEPOINT requeue_facts", doing, NULL, err);
    /* Class 42: no such table, column or function, or no right to read it. */
    if (strncmp(c->state, "42", 2) != 0)
        return false;
    *err = ERR_INIT;
    return pg_run(c, "ROLLBACK TO SAVEPOINT requeue_facts; RELEASE SAVEPOINT requeue_facts", doing,
                  NULL, err);
}

/* ---- where to look ----------------------------------------------------------------------- */

struct place {
    struct pg_store       *s;
    const struct pg_table *t;
    struct buf            *sql;
    struct err            *err;
    const char            *doing;
};

static bool begins_with(const char *columns, const char *first, const char *column)
{
    size_t n = strlen(first);
    size_t m = strlen(column);

    return strncmp(columns, first, n) == 0 && strncmp(columns + n, column, m) == 0 &&
           columns[n + m] == ',';
}

static enum order order_of(const PGresult *res, const char *column)
{
    enum order best = ORDER_NONE;

    for (int i = 0; i < PQntuples(res); i++) {
        const char *columns = pg_cell(res, i, 1);

        if (strtoll(pg_cell(res, i, 0), NULL, 10) <= SMALL_BYTES ||
            begins_with(columns, "", column) || begins_with(columns, "deleted,", column))
            return ORDER_PLAIN;
        if (begins_with(columns, "deleted,tenant_id,", column))
            best = ORDER_TENANTS;
    }
    return best;
}

/* One row for each index, at least one for a table that is there: its size, and its columns, each
 * with a comma behind it. */
static bool read_indices(const struct place *p, PGresult **out)
{
    buf_add(p->sql,
            "SELECT pg_relation_size(c.oid), array_to_string(ARRAY(SELECT a.attname || ',' FROM"
            " unnest(i.indkey::int2[]) WITH ORDINALITY k(n, o) JOIN pg_catalog.pg_attribute a"
            " ON a.attrelid = c.oid AND a.attnum = k.n ORDER BY k.o), '')"
            " FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i"
            " ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL WHERE c.oid = ");
    return pg_sql_regclass(p->s->slots[0].conn.pg, p->t, p->sql, p->err) &&
           pg_store_run(p->s, p->sql, p->doing, out, p->err);
}

/* (value of the newest rows by `column` where `filter`). Ordered by tenant_id too although it is
 * null in all of them: else the planner does not see that the index is in that order. */
static void put_places(const struct place *p, enum order order, const char *column,
                       const char *filter)
{
    bool tenants = order == ORDER_TENANTS;

    buf_add(p->sql,
            "(SELECT value FROM %s WHERE NOT deleted%s AND %s IS NOT NULL%s ORDER BY %s%s DESC"
            " LIMIT %d)",
            p->t->sql, tenants ? " AND tenant_id IS NULL" : "", column, filter,
            tenants ? "tenant_id DESC, " : "", column, PLACES);
    if (!tenants)
        return;
    buf_add(p->sql,
            " UNION ALL (SELECT x.value FROM tenants CROSS JOIN LATERAL (SELECT value FROM %s"
            " WHERE NOT deleted AND tenant_id = tenants.t AND %s IS NOT NULL%s ORDER BY %s DESC"
            " LIMIT %d) x)",
            p->t->sql, column, filter, column, PLACES_TENANT);
}

/* One step in the index for each tenant. */
static void put_tenants(const struct place *p)
{
    buf_add(p->sql,
            "WITH RECURSIVE tenants(t) AS ((SELECT tenant_id FROM %s WHERE NOT deleted"
            " AND tenant_id IS NOT NULL ORDER BY tenant_id LIMIT 1) UNION ALL"
            " SELECT (SELECT tenant_id FROM %s WHERE NOT deleted AND tenant_id > tenants.t"
            " ORDER BY tenant_id LIMIT 1) FROM tenants WHERE tenants.t IS NOT NULL) ",
            p->t->sql, p->t->sql);
}

/* ---- executions -------------------------------------------------------------------------- */

/* " AND state_current IN (...)" by the labels that the column's type has; an index is only used for
 * its own type, and a label that it does not have is an error. Empty: it is no such type. */
static bool read_pending(const struct place *p, struct buf *filter)
{
    PGresult   *res = NULL;
    const char *before = " AND state_current IN (";
    bool        ok;

    buf_add(p->sql, "SELECT e.enumlabel FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_enum e"
                    " ON e.enumtypid = a.atttypid WHERE a.attname = 'state_current'"
                    " AND a.attrelid = ");
    ok = pg_sql_regclass(p->s->slots[0].conn.pg, p->t, p->sql, p->err) &&
         pg_store_run(p->s, p->sql, p->doing, &res, p->err);
    for (int i = 0; ok && i < PQntuples(res); i++) {
        if (layout_is_terminal(p->s->layout, slice_str(pg_cell(res, i, 0))))
            continue;
        buf_add(filter, "%s", before);
        ok = pg_sql_literal(p->s->slots[0].conn.pg, slice_str(pg_cell(res, i, 0)), filter, p->err);
        before = ", ";
    }
    if (ok && filter->n > 0)
        buf_add(filter, ")");
    PQclear(res);
    return ok;
}

static void put_executions(const struct place *p, enum order end, enum order start,
                           const char *pending)
{
    if (end == ORDER_TENANTS || start == ORDER_TENANTS)
        put_tenants(p);
    buf_add(p->sql, "SELECT max(d COLLATE \"C\") FROM (");
    put_places(p, end, "end_date", "");
    buf_add(p->sql, " UNION ALL ");
    put_places(p, start, "start_date", "");
    if (*pending) {
        buf_add(p->sql, " UNION ALL ");
        put_places(p, start, "start_date", pending);
    }
    buf_add(p->sql, ") p" DATES " WHERE " IS_DATE("d"));
}

static bool take_rows(PGresult *res, struct store_newest *out)
{
    for (int i = 0; i < PQntuples(res); i++)
        newest_take(out, slice_str(pg_cell(res, i, 0)));
    PQclear(res);
    return true;
}

static bool newest_execution(const struct place *p, struct store_newest *out)
{
    PGresult  *indices = NULL;
    PGresult  *res = NULL;
    enum order end;
    enum order start;
    struct buf pending;
    bool       ok;

    if (!read_indices(p, &indices))
        return false;
    end = order_of(indices, "end_date");
    start = order_of(indices, "start_date");
    PQclear(indices);
    if (end == ORDER_NONE || start == ORDER_NONE)
        return true;
    buf_init(&pending, PG_MAX_SQL_BYTES);
    ok = read_pending(p, &pending);
    if (ok) {
        put_executions(p, end, start, pending.p);
        ok = pg_run_optional(p->s, p->sql, p->doing, &res, p->err);
    }
    buf_release(&pending);
    return ok && (!res || take_rows(res, out));
}

/* ---- triggers and logs ------------------------------------------------------------------- */

/* Their dates have the offset of the schedule's time zone. Among those of one offset the order of
 * the texts is that of time; of the few that are left the latest is found here. */
static bool newest_trigger(const struct place *p, struct store_newest *out)
{
    PGresult *res = NULL;

    buf_add(p->sql,
            "SELECT max(d COLLATE \"C\") FROM (SELECT value::jsonb ->> 'date' FROM %s UNION ALL"
            " SELECT value::jsonb ->> 'updatedDate' FROM %s) x(d) WHERE " IS_DATE(
                "d") " GROUP BY substring(d from '[Z+-][^T]*$')",
            p->t->sql, p->t->sql);
    return pg_run_optional(p->s, p->sql, p->doing, &res, p->err) && (!res || take_rows(res, out));
}

static bool newest_log(const struct place *p, struct store_newest *out)
{
    PGresult  *res = NULL;
    enum order order;

    if (!read_indices(p, &res))
        return false;
    order = order_of(res, "timestamp");
    PQclear(res);
    if (order == ORDER_NONE)
        return true;
    if (order == ORDER_TENANTS)
        put_tenants(p);
    buf_add(p->sql, "SELECT max((value::jsonb ->> 'timestamp') COLLATE \"C\") FROM (");
    put_places(p, order, "\"timestamp\"", "");
    buf_add(p->sql, ") p WHERE " IS_DATE("value::jsonb ->> 'timestamp'"));
    return pg_run_optional(p->s, p->sql, p->doing, &res, p->err) && (!res || take_rows(res, out));
}

bool pg_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    struct pg_table  logs;
    struct place     p = { .s = s, .err = err, .doing = "looking for the newest time" };
    struct buf       sql;
    bool             ok;

    *n = 0;
    if (!pg_check_free(s, p.doing, err))
        return false;
    if (!s->layout)
        return err_set(err, ERR_BUG, "the store was asked for evidence before it was in use");
    newest_init(out);
    buf_init(&sql, PG_MAX_SQL_BYTES);
    p.sql = &sql;
    p.t = &s->tables[KIND_EXECUTION];
    ok = !p.t->sql || newest_execution(&p, &out[NEWEST_EXECUTION]);
    p.t = &s->tables[KIND_TRIGGER];
    ok = ok && (!p.t->sql || newest_trigger(&p, &out[NEWEST_TRIGGER]));
    logs = pg_table_name(s->conf, NULL, PG_LOGS, s->arena);
    p.t = &logs;
    ok = ok && newest_log(&p, &out[NEWEST_LOG]);
    buf_release(&sql);
    *n = ok ? STORE_NEWEST_COUNT : 0;
    return ok;
}
