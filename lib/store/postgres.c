/*
 * postgres.c - the PostgreSQL store: opening and closing, counting, who else works with the
 * database.
 *
 * Connections: slots[0] is the store's own; readers take others as long as there are some.
 */
#include "lib/store/postgres_internal.h"

#include "lib/base/clock.h"

/* ---- helpers -------------------------------------------------------------------------- */

bool pg_store_run(struct pg_store *s, struct buf *sql, const char *doing, PGresult **out,
                  struct err *err)
{
    bool ok = pg_run(&s->slots[0].conn, sql->p, doing, out, err);

    buf_clear(sql);
    return ok;
}

bool pg_check_free(struct pg_store *s, const char *doing, struct err *err)
{
    if (!atomic_load(&s->slots[0].busy))
        return true;
    return err_set(err, ERR_BUG, "%s while the store's only connection is being read from", doing);
}

/* ---- count ---------------------------------------------------------------------------- */

/* One group of rows: which they are, and how many. */
static void add_group(const PGresult *res, int row, const struct store_query *q,
                      struct store_counts *out)
{
    uint64_t n = strtoull(pg_cell(res, row, 5), NULL, 10);
    bool     is_execution = q->kind == KIND_EXECUTION;
    bool     also = pg_is_true(res, row, 4);
    bool     pending;

    out->total += n;
    if (!pg_is_true(res, row, 0)) {
        out->outside += n;
        return;
    }
    if (pg_is_true(res, row, 3))
        out->locked += n;
    if (pg_is_true(res, row, 1)) {
        out->deleted += n;
        return;
    }
    pending = is_execution && !pg_is_true(res, row, 2);
    if (pending)
        out->pending += n;
    else if (is_execution)
        out->terminal += n;
    if (!is_execution || q->executions == EXECUTIONS_ALL || q->parents ||
        (q->executions == EXECUTIONS_PENDING && (pending || also)))
        out->selected += n;
}

static bool pg_count(struct store *base, const struct store_query *q, struct store_counts *out,
                     struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    enum kind        kind = kind_stored(q->kind);
    PGresult        *res = NULL;
    char             doing[48];
    struct buf       sql;
    bool             ok;

    memset(out, 0, sizeof(*out));
    (void)snprintf(doing, sizeof(doing), "counting %ss", kind_name(kind));
    if (!pg_check_free(s, doing, err))
        return false;
    if (!s->layout || !s->layout->kinds[kind].enabled)
        return err_set(err, ERR_BUG, "the store was asked to count %ss, which it does not have",
                       kind_name(kind));
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = pg_sql_count(s->slots[0].conn.pg, s->layout, &s->tables[kind], q, &sql, err) &&
         pg_store_run(s, &sql, doing, &res, err);
    for (int i = 0; ok && i < PQntuples(res); i++)
        add_group(res, i, q, out);
    PQclear(res);
    buf_release(&sql);
    return ok;
}

/* ---- servers -------------------------------------------------------------------------- */

/* A heartbeat that cannot be read counts as one of now: rather ask once too often. */
static int64_t age_of(const char *heartbeat, struct instant now)
{
    struct instant beat;

    if (!instant_parse(slice_str(heartbeat), &beat))
        return 0;
    return now.s - beat.s;
}

static bool put_member(struct pg_store *s, const char *member, struct buf *sql, struct err *err)
{
    buf_add(sql, s->liveness.json ? "value ->> " : "value::jsonb ->> ");
    return pg_sql_literal(s->slots[0].conn.pg, slice_str(member), sql, err);
}

static bool write_liveness(struct pg_store *s, struct buf *sql, struct err *err)
{
    const struct liveness_layout *l = &s->layout->liveness;
    PGconn                       *pg = s->slots[0].conn.pg;

    /* now() is when the snapshot was taken, which is also as young as a heartbeat can be in it. */
    buf_add(sql, "SELECT to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), ");
    if (!put_member(s, l->state, sql, err))
        return false;
    buf_add(sql, ", ");
    if (!put_member(s, l->heartbeat, sql, err))
        return false;
    buf_add(sql, ", ");
    if (l->type && !put_member(s, l->type, sql, err))
        return false;
    buf_add(sql, "%s FROM %s WHERE ", l->type ? "" : "NULL", s->liveness.sql);
    if (!put_member(s, l->state, sql, err))
        return false;
    buf_add(sql, " IN (");
    if (!pg_sql_list(pg, &l->live, sql, err))
        return false;
    buf_add(sql, ") ORDER BY 3 DESC NULLS FIRST LIMIT %d", STORE_MAX_SERVERS);
    return true;
}

static bool read_servers(struct pg_store *s, struct buf *sql, struct store_server *out, size_t *n,
                         struct err *err)
{
    PGresult      *res = NULL;
    struct instant now = { 0 };

    *n = 0;
    if (!s->layout->liveness.table || s->layout->liveness.live.n == 0)
        return true;
    if (!write_liveness(s, sql, err) ||
        !pg_store_run(s, sql, "looking for running servers", &res, err))
        return false;
    for (int i = 0; i < PQntuples(res) && *n < STORE_MAX_SERVERS; i++) {
        struct store_server *server = &out[(*n)++];

        (void)instant_parse(slice_str(pg_cell(res, i, 0)), &now);
        (void)snprintf(server->state, sizeof(server->state), "%s", pg_cell(res, i, 1));
        (void)snprintf(server->type, sizeof(server->type), "%s", pg_cell(res, i, 3));
        server->age_s = age_of(pg_cell(res, i, 2), now);
    }
    PQclear(res);
    return true;
}

/* Connections that bear the name of Kestra's driver; none when we may not look. */
static bool count_clients(struct pg_store *s, struct buf *sql, unsigned *out, struct err *err)
{
    PGresult *res = NULL;
    bool      allowed;

    *out = 0;
    buf_add(sql, "SELECT has_table_privilege('pg_catalog.pg_stat_activity', 'select')");
    if (!pg_store_run(s, sql, "looking for other clients", &res, err))
        return false;
    allowed = pg_is_true(res, 0, 0);
    PQclear(res);
    if (!allowed)
        return true;
    buf_add(sql,
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'PostgreSQL JDBC Driver%%'");
    if (!pg_store_run(s, sql, "looking for other clients", &res, err))
        return false;
    *out = (unsigned)strtoul(pg_cell(res, 0, 0), NULL, 10);
    PQclear(res);
    return true;
}

static bool pg_servers(struct store *base, struct store_server *out, size_t *n,
                       unsigned *other_clients, struct err *err)
{
    struct pg_store *s = (struct pg_store *)base;
    struct buf       sql;
    bool             ok;

    if (!pg_check_free(s, "a look for running servers", err))
        return false;
    if (!s->layout)
        return err_set(err, ERR_BUG, "the store was asked for servers before it was in use");
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = read_servers(s, &sql, out, n, err) && count_clients(s, &sql, other_clients, err);
    buf_release(&sql);
    return ok;
}

/* ---- opening and closing -------------------------------------------------------------- */

static void pg_close(struct store *base)
{
    struct pg_store *s = (struct pg_store *)base;

    /* The store's own last: the others stand on its snapshot. */
    for (unsigned i = s->n_slots; i > 0; i--)
        pg_disconnect(&s->slots[i - 1].conn);
    arena_free(s->arena);
    mem_free(s->slots);
    mem_free(s);
}

static bool bad_url(struct slice why, struct err *err)
{
    (void)err_set(err, ERR_USAGE, "the store's URL cannot be understood%s%.*s",
                  why.n > 0 ? ": " : "", SLICE_ARG(why));
    return err_hint(err, "postgresql://user@host:5432/database; what it leaves out comes from PG* "
                         "variables, the password from PGPASSWORD or ~/.pgpass");
}

/* An @ behind the host part: libpq would take the end of a password for a host, and tell it. */
static bool has_stray_at(const char *url)
{
    const char *p = strstr(url, "://") + 3;
    size_t      n = strcspn(p, "@/");

    if (p[n] == '@')
        p += n + 1;
    n = strcspn(p, "@?");
    return p[n] == '@';
}

static bool check_url(const char *url, struct err *err)
{
    PQconninfoOption *options;
    char             *why = NULL;
    bool              ok;

    if (!url || !strstr(url, "://"))
        return bad_url(slice_str(""), err);
    if (has_stray_at(url)) {
        (void)bad_url(slice_str("it has an @ too many"), err);
        return err_hint(err, "in a user name or password write @ as %%40, / as %%2F, : as %%3A");
    }
    options = PQconninfoParse(url, &why);
    ok = options != NULL;
    /* libpq quotes what it does not understand, which may be a password: only what is before. */
    if (!ok)
        (void)bad_url(slice_of(why, strcspn(why, strpbrk(url, "@?") ? ":\"\n" : "\n")), err);
    PQconninfoFree(options);
    PQfreemem(why);
    return ok;
}

static bool check_conf(const struct store_conf *conf, struct err *err)
{
    for (size_t i = 0; i < conf->tables.n; i++) {
        const char *item = conf->tables.items[i];
        const char *equals = strchr(item, '=');

        if (!equals || equals == item || !equals[1])
            return err_set(err, ERR_USAGE, "option --table: \"%s\" is not TABLE=NAME", item) ||
                   err_hint(err, "for example --table executions=other_schema.executions");
    }
    return check_url(conf->url, err);
}

bool postgres_open(const struct store_conf *conf, struct store **out, struct err *err)
{
    struct pg_store *s;

    if (!check_conf(conf, err))
        return false;
    s = mem_alloc(sizeof(*s));
    s->base = (struct store){
        .describe = pg_describe,
        .has = pg_has,
        .use = pg_use,
        .count = pg_count,
        .open_readers = pg_open_readers,
        .servers = pg_servers,
        .newest = pg_newest,
        .links = pg_links,
        .runs = pg_runs,
        .log_newest = pg_log_newest,
        .close = pg_close,
    };
    s->conf = conf;
    s->arena = arena_new(4096);
    s->n_slots = conf->jobs > 0 ? conf->jobs : 1;
    s->slots = mem_array(s->n_slots, sizeof(*s->slots));
    if (!pg_connect(conf, &s->slots[0].conn, err)) {
        pg_close(&s->base);
        return false;
    }
    *out = &s->base;
    return true;
}
