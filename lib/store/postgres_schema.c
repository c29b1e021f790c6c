/*
 * postgres_schema.c - is it Kestra's database, of which version, and as its layout says?
 *
 * DESIGN. describe() looks around in a transaction of its own. use() then begins the one
 * transaction in which all else happens. It locks the tables before it takes its snapshot: a table
 * that is truncated or rewritten between the two would look empty to the snapshot. The lock is the
 * weakest there is (it is what reading takes) and only keeps schema changes away until the end.
 */
#include "lib/store/postgres_internal.h"

#define FLYWAY "flyway_schema_history"

static const char *database(const struct pg_store *s)
{
    return PQdb(s->slots[0].conn.pg);
}

/* ---- describe ------------------------------------------------------------------------- */

static bool describe_server(struct pg_store *s, struct buf *sql, struct store_info *out,
                            bool *has_identifier, struct err *err)
{
    struct pg_conn *c = &s->slots[0].conn;
    PGresult       *res = NULL;

    buf_add(sql, "SELECT d.oid, current_setting('server_version'), pg_backend_pid(),"
                 " has_function_privilege('pg_catalog.pg_control_system()', 'execute')"
                 " FROM pg_catalog.pg_database d WHERE d.datname = current_database()");
    if (!pg_store_run(s, sql, "looking at the server", &res, err))
        return false;
    (void)snprintf(out->product, sizeof(out->product), "PostgreSQL");
    out->has_tables = true;
    /* "15.20 (Debian 15.20-0+deb12u1)": the packager's part is of no use here. */
    (void)snprintf(out->version, sizeof(out->version), "%.*s",
                   (int)strcspn(pg_cell(res, 0, 1), " "), pg_cell(res, 0, 1));
    (void)snprintf(out->place, sizeof(out->place), "%s", c->place);
    (void)snprintf(out->identity, sizeof(out->identity), "%s/%s", pg_cell(res, 0, 0), database(s));
    /* A pooler makes up the process number that it tells its clients. */
    c->proxy = strtol(pg_cell(res, 0, 2), NULL, 10) != PQbackendPID(c->pg);
    *has_identifier = pg_is_true(res, 0, 3);
    PQclear(res);
    return true;
}

static bool describe_cluster(struct pg_store *s, struct buf *sql, struct store_info *out,
                             struct err *err)
{
    char      rest[sizeof(out->identity)];
    PGresult *res = NULL;

    buf_add(sql, "SELECT system_identifier FROM pg_catalog.pg_control_system()");
    if (!pg_store_run(s, sql, "looking at the server", &res, err))
        return false;
    memcpy(rest, out->identity, sizeof(rest));
    (void)snprintf(out->identity, sizeof(out->identity), "%s/%.*s", pg_cell(res, 0, 0),
                   (int)sizeof(out->identity) - 32, rest);
    PQclear(res);
    return true;
}

/* Which of the tables are there? */
static bool find_tables(struct pg_store *s, const struct pg_table *tables, size_t n, bool *there,
                        struct buf *sql, struct err *err)
{
    PGresult *res = NULL;

    buf_add(sql, "SELECT true");
    for (size_t i = 0; i < n; i++) {
        buf_add(sql, ", to_regclass(");
        if (!pg_sql_literal(s->slots[0].conn.pg, slice_str(tables[i].sql), sql, err))
            return false;
        buf_add(sql, ") IS NOT NULL");
    }
    if (!pg_store_run(s, sql, "looking for Kestra's tables", &res, err))
        return false;
    for (size_t i = 0; i < n; i++)
        there[i] = pg_is_true(res, 0, (int)i + 1);
    PQclear(res);
    return true;
}

/* Where else may Kestra's tables be? The name of one such schema, or NULL. */
static const char *find_schema(struct pg_store *s, struct buf *sql)
{
    struct err  ignored = ERR_INIT;
    const char *found = NULL;
    PGresult   *res = NULL;

    buf_add(sql, "SELECT min(schemaname) FROM pg_catalog.pg_tables"
                 " WHERE tablename = 'executions' AND schemaname IN"
                 " (SELECT schemaname FROM pg_catalog.pg_tables WHERE tablename = 'flows')");
    if (!pg_store_run(s, sql, "looking for Kestra's tables", &res, &ignored))
        return NULL;
    if (!PQgetisnull(res, 0, 0))
        found = arena_str(s->arena, slice_str(pg_cell(res, 0, 0)));
    PQclear(res);
    return found;
}

static bool not_kestra(struct pg_store *s, const struct pg_table *flows, bool has_flows,
                       const struct pg_table *executions, bool has_executions, struct buf *sql,
                       struct err *err)
{
    const char *schema = find_schema(s, sql);

    (void)err_set(err, ERR_STORE,
                  "PostgreSQL %s: the database \"%s\" is not Kestra's: no table %s%s%s",
                  s->slots[0].conn.place, database(s), has_flows ? "" : flows->place,
                  !has_flows && !has_executions ? ", no table " : "",
                  has_executions ? "" : executions->place);
    if (schema)
        return err_hint(err, "its schema \"%s\" has such tables: name it with --schema %s", schema,
                        schema);
    return err_hint(err, "name Kestra's database in the URL, and its schema with --schema");
}

static bool failed_migration(struct pg_store *s, const PGresult *res, int row, struct err *err)
{
    (void)err_set(err, ERR_STORE,
                  "PostgreSQL %s: half migrated: migration %s (%s) of Kestra's schema has failed",
                  s->slots[0].conn.place, PQgetisnull(res, row, 0) ? "?" : pg_cell(res, row, 0),
                  pg_cell(res, row, 2));
    return err_hint(err, "let Kestra finish its migrations first, or restore the database");
}

static bool read_history(struct pg_store *s, const struct pg_table *flyway, struct buf *sql,
                         struct store_info *out, struct err *err)
{
    PGresult *res = NULL;
    bool      ok = true;

    buf_add(sql, "SELECT version, success, script FROM %s ORDER BY success, installed_rank DESC",
            flyway->sql);
    if (!pg_store_run(s, sql, "reading the history of its migrations", &res, err))
        return false;
    out->n_versions = 0;
    for (int i = 0; i < PQntuples(res) && ok; i++) {
        if (!pg_is_true(res, i, 1))
            ok = failed_migration(s, res, i, err);
        else if (!PQgetisnull(res, i, 0) && out->n_versions < STORE_MAX_VERSIONS)
            out->versions[out->n_versions++] = arena_str(s->arena, slice_str(pg_cell(res, i, 0)));
    }
    PQclear(res);
    return ok;
}

static bool describe_schema(struct pg_store *s, struct buf *sql, struct store_info *out,
                            struct err *err)
{
    struct pg_table tables[3] = {
        pg_table_name(s->conf, kind_name(KIND_FLOW), "flows", s->arena),
        pg_table_name(s->conf, kind_name(KIND_EXECUTION), "executions", s->arena),
        pg_table_name(s->conf, NULL, FLYWAY, s->arena),
    };
    bool there[3];

    if (!find_tables(s, tables, 3, there, sql, err))
        return false;
    if (!there[0] || !there[1])
        return not_kestra(s, &tables[0], there[0], &tables[1], there[1], sql, err);
    return !there[2] || read_history(s, &tables[2], sql, out, err);
}

bool pg_describe(struct store *base, struct store_info *out, struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    bool             has_identifier = false;
    struct buf       sql;
    bool             ok;

    if (!pg_check_free(s, "a look at the server", err) ||
        !pg_begin(&s->slots[0].conn, 1, NULL, err))
        return false;
    memset(out, 0, sizeof(*out));
    out->grade = 'A';
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = describe_server(s, &sql, out, &has_identifier, err) &&
         (!has_identifier || describe_cluster(s, &sql, out, err)) &&
         describe_schema(s, &sql, out, err);
    pg_rollback(&s->slots[0].conn);
    buf_release(&sql);
    return ok;
}

/* ---- use ------------------------------------------------------------------------------ */

/* What is missing, for one message. */
struct missing {
    struct buf text;
    size_t     n;
};

static void add_missing(struct missing *m, const char *what, const char *table, const char *column)
{
    if (m->text.n > 400)
        return;
    buf_add(&m->text, "%s%s %s%s%s", m->n > 0 ? ", " : "", what, table, column ? "." : "",
            column ? column : "");
    m->n++;
}

static bool has_column(const PGresult *res, const char *name, const char **type)
{
    for (int i = 0; i < PQntuples(res); i++) {
        if (strcmp(pg_cell(res, i, 0), name) == 0) {
            *type = pg_cell(res, i, 1);
            return true;
        }
    }
    return false;
}

/* The columns that reading and counting a kind need; ends with NULL. */
static void needed_columns(enum kind kind, const struct kind_layout *kl, const char *out[8])
{
    size_t n = 0;

    out[n++] = "key";
    out[n++] = "value";
    out[n++] = "namespace";
    if (kl->has_tenant)
        out[n++] = "tenant_id";
    if (kl->has_source)
        out[n++] = "source_code";
    if (kind == KIND_EXECUTION)
        out[n++] = "state_current";
    if (kind == KIND_EXECUTION || kind == KIND_TEMPLATE)
        out[n++] = "deleted";
    out[n] = NULL;
}

static bool check_table(struct pg_store *s, struct pg_table *t, const char *const *columns,
                        struct missing *m, struct buf *sql, struct err *err)
{
    PGresult   *res = NULL;
    const char *type = "";

    buf_add(sql, "SELECT attname, format_type(atttypid, NULL) FROM pg_catalog.pg_attribute"
                 " WHERE attnum > 0 AND NOT attisdropped AND attrelid = to_regclass(");
    if (!pg_sql_literal(s->slots[0].conn.pg, slice_str(t->sql), sql, err))
        return false;
    buf_add(sql, ")");
    if (!pg_store_run(s, sql, "looking at Kestra's tables", &res, err))
        return false;
    if (PQntuples(res) == 0)
        add_missing(m, "table", t->place, NULL);
    t->has_parent = has_column(res, "trigger_execution_id", &type);
    for (size_t i = 0; columns[i] && PQntuples(res) > 0; i++) {
        if (!has_column(res, columns[i], &type))
            add_missing(m, "column", t->place, columns[i]);
        else if (strcmp(columns[i], "value") == 0) {
            t->jsonb = strcmp(type, "jsonb") == 0;
            t->json = t->jsonb || strcmp(type, "json") == 0;
        }
    }
    PQclear(res);
    return true;
}

static bool is_read_from(const struct layout *layout, enum kind kind)
{
    return kind != KIND_FLOW_LAST && layout->kinds[kind].enabled && layout->kinds[kind].table;
}

/* Name the tables by the layout and look whether they are as it says. */
static bool check_layout(struct pg_store *s, const struct layout *layout, struct missing *m,
                         struct buf *sql, struct err *err)
{
    const char *columns[8];

    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        if (!is_read_from(layout, kind))
            continue;
        s->tables[kind] =
            pg_table_name(s->conf, kind_name(kind), layout->kinds[kind].table, s->arena);
        needed_columns(kind, &layout->kinds[kind], columns);
        if (!check_table(s, &s->tables[kind], columns, m, sql, err))
            return false;
    }
    if (!layout->liveness.table)
        return true;
    s->liveness = pg_table_name(s->conf, NULL, layout->liveness.table, s->arena);
    columns[0] = "value";
    columns[1] = NULL;
    return check_table(s, &s->liveness, columns, m, sql, err);
}

static bool other_schema(struct pg_store *s, const struct layout *layout, const struct missing *m,
                         struct err *err)
{
    (void)err_set(
        err, ERR_STORE, "PostgreSQL %s: half migrated, or not of Kestra %s: missing are %s",
        s->slots[0].conn.place, layout->releases ? layout->releases : layout->name, m->text.p);
    return err_hint(err, "let Kestra finish its migrations, or name the right band with --layout");
}

/* Tables that no layout names. */
static bool is_optional(struct slice name)
{
    static const char *const names[] = { FLYWAY,  PG_LOGS,   PG_LINKS, PG_LINKS_OLD,
                                         PG_JOBS, PG_DELAYS, PG_QUEUES };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (slice_eq(name, slice_str(names[i])))
            return true;
    }
    return false;
}

/* An override that names nothing would be left out in silence. */
static bool check_overrides(const struct pg_store *s, const struct layout *layout, struct err *err)
{
    for (size_t i = 0; i < s->conf->tables.n; i++) {
        const char  *item = s->conf->tables.items[i];
        struct slice name = slice_of(item, strcspn(item, "="));
        bool         known = is_optional(name);

        for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
            if (is_read_from(layout, kind))
                known = known || slice_eq(name, slice_str(kind_name(kind))) ||
                        slice_eq(name, slice_str(layout->kinds[kind].table));
        }
        if (layout->liveness.table)
            known = known || slice_eq(name, slice_str(layout->liveness.table));
        if (!known)
            return err_set(err, ERR_USAGE,
                           "option --table: Kestra %s has no table \"%.*s\" that is read",
                           layout->releases ? layout->releases : layout->name, SLICE_ARG(name)) ||
                   err_hint(err, "name a kind or a table: flow, flows, template, templates, "
                                 "trigger, triggers, execution, executions, service_instance");
    }
    return true;
}

static bool lock_tables(struct pg_store *s, const struct layout *layout, struct buf *sql,
                        struct err *err)
{
    const char *before = "LOCK TABLE ";

    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        if (!is_read_from(layout, kind))
            continue;
        buf_add(sql, "%s%s", before, s->tables[kind].sql);
        before = ", ";
    }
    buf_add(sql, " IN ACCESS SHARE MODE");
    return pg_store_run(s, sql, "locking Kestra's tables against schema changes", NULL, err);
}

/* Begin the transaction that lasts until close(). With `share` its snapshot is exported. */
static bool take_snapshot(struct pg_store *s, const struct layout *layout, bool share,
                          struct buf *sql, struct err *err)
{
    PGresult *res = NULL;

    if (!pg_begin(&s->slots[0].conn, s->conf->jobs, NULL, err) || !lock_tables(s, layout, sql, err))
        return false;
    buf_add(sql, "SELECT %s", share ? "pg_export_snapshot()" : "1");
    if (!pg_store_run(s, sql, "taking a snapshot", &res, err))
        return false;
    if (share) {
        s->snapshot = arena_str(s->arena, slice_str(pg_cell(res, 0, 0)));
        (void)snprintf(s->base.snapshot, sizeof(s->base.snapshot), "%s", s->snapshot);
    }
    PQclear(res);
    return true;
}

bool pg_use(struct store *base, const struct layout *layout, struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    struct pg_conn  *c = &s->slots[0].conn;
    struct missing   m = { .n = 0 };
    struct buf       sql;
    bool             ok;

    buf_init(&sql, PG_MAX_SQL_BYTES);
    buf_init(&m.text, PG_MAX_SQL_BYTES);
    ok = check_overrides(s, layout, err) && pg_begin(c, 1, NULL, err) &&
         check_layout(s, layout, &m, &sql, err);
    pg_rollback(c);
    if (ok && m.n > 0)
        ok = other_schema(s, layout, &m, err);
    if (ok)
        ok = take_snapshot(s, layout, s->n_slots > 1, &sql, err);
    /* Where the server exports none, one connection reads everything. */
    if (!ok && s->n_slots > 1 && PQstatus(c->pg) == CONNECTION_OK &&
        (strcmp(c->state, "0A000") == 0 || strcmp(c->state, "25006") == 0)) {
        pg_rollback(c);
        ok = take_snapshot(s, layout, false, &sql, err);
    }
    if (ok) {
        s->layout = layout;
        s->base.grade = 'A';
        s->base.has_links = true;
        s->base.finds_parents = s->tables[KIND_EXECUTION].has_parent;
        s->base.sequential = s->snapshot == NULL;
    }
    buf_release(&sql);
    buf_release(&m.text);
    return ok;
}
