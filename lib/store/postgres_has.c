/*
 * postgres_has.c - is a table, a column or a member there? Tells bands apart where the migration
 * history is missing (struct layout, evidence).
 */
#include "lib/store/postgres_internal.h"

#define SAMPLE_ROWS 10000 /* of a table, in search of a member */

static bool write_column(struct pg_store *s, const struct pg_table *t, const char *column,
                         struct buf *sql, struct err *err)
{
    buf_add(sql, "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE NOT attisdropped AND "
                 "attrelid = ");
    if (!pg_sql_regclass(s->slots[0].conn.pg, t, sql, err))
        return false;
    buf_add(sql, " AND attname = ");
    if (!pg_sql_literal(s->slots[0].conn.pg, slice_str(column), sql, err))
        return false;
    buf_add(sql, ")");
    return true;
}

static bool write_member(struct pg_store *s, const struct pg_table *t, const char *member,
                         struct buf *sql, struct err *err)
{
    buf_add(sql,
            "SELECT EXISTS (SELECT FROM (SELECT value::jsonb AS v FROM %s LIMIT %d) sample "
            "WHERE jsonb_exists(v, ",
            t->sql, SAMPLE_ROWS);
    if (!pg_sql_literal(s->slots[0].conn.pg, slice_str(member), sql, err))
        return false;
    buf_add(sql, "))");
    return true;
}

/* "column:triggers.worker_id" -> its query. */
static bool write_question(struct pg_store *s, const char *what, struct buf *sql, struct err *err)
{
    const char     *colon = strchr(what, ':');
    const char     *name = colon ? colon + 1 : "";
    const char     *dot = strchr(name, '.');
    size_t          table_n = dot ? (size_t)(dot - name) : strlen(name);
    const char     *table = arena_str(s->arena, slice_of(name, table_n));
    struct pg_table t = pg_table_name(s->conf, NULL, table, s->arena);

    if (strncmp(what, "table:", 6) == 0 && !dot) {
        buf_add(sql, "SELECT ");
        if (!pg_sql_regclass(s->slots[0].conn.pg, &t, sql, err))
            return false;
        buf_add(sql, " IS NOT NULL");
        return true;
    }
    if (strncmp(what, "column:", 7) == 0 && dot)
        return write_column(s, &t, dot + 1, sql, err);
    if (strncmp(what, "member:", 7) == 0 && dot)
        return write_member(s, &t, dot + 1, sql, err);
    (void)err_set(err, ERR_USAGE, "evidence '%s' cannot be understood", what);
    return err_hint(err, "it is table:T, column:T.C or member:T.M (schemas/README.md)");
}

bool pg_has(struct store *base, const struct layout *layout, const char *what, bool *out,
            struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    PGresult        *res = NULL;
    struct buf       sql;
    bool             ok;

    (void)layout; /* evidence names tables and columns itself */
    if (!pg_check_free(s, "a look at the schema", err) ||
        !pg_begin(&s->slots[0].conn, 1, NULL, err))
        return false;
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = write_question(s, what, &sql, err) &&
         pg_store_run(s, &sql, "looking for what tells its band", &res, err);
    if (ok)
        *out = pg_is_true(res, 0, 0);
    PQclear(res);
    pg_rollback(&s->slots[0].conn);
    buf_release(&sql);
    return ok;
}
