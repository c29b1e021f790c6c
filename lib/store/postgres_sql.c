/*
 * postgres_sql.c - the texts of the PostgreSQL store's queries (postgres_internal.h).
 *
 * COPY takes no parameters, so everything is written into the text: names are quoted here, values
 * by PQescapeLiteral. Only generated columns and operators are used, never Kestra's own functions,
 * which would forbid a plan with workers; and nothing that needs `value`, except a time range,
 * parents and locks.
 */
#include "lib/store/postgres_internal.h"

#include <assert.h>

/* ---- names ---------------------------------------------------------------------------- */

static const char *quote_name(struct slice name, struct arena *a)
{
    char  *out = arena_alloc(a, 2 * name.n + 3);
    size_t n = 0;

    out[n++] = '"';
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"')
            out[n++] = '"';
        out[n++] = name.p[i];
    }
    out[n++] = '"';
    out[n] = '\0';
    return out;
}

/* What the overrides say for a name; p NULL: nothing. */
static struct slice find_override(const struct strings *tables, const char *name)
{
    for (size_t i = 0; name && i < tables->n; i++) {
        const char *equals = strchr(tables->items[i], '=');

        if (equals && slice_eq(slice_of(tables->items[i], (size_t)(equals - tables->items[i])),
                               slice_str(name)))
            return slice_str(equals + 1);
    }
    return slice_of(NULL, 0);
}

static char *join(struct arena *a, const char *first, const char *last)
{
    size_t n = strlen(first) + 1 + strlen(last) + 1;
    char  *out = arena_alloc(a, n);

    (void)snprintf(out, n, "%s.%s", first, last);
    return out;
}

struct pg_table pg_table_name(const struct store_conf *conf, const char *kind, const char *table,
                              struct arena *a)
{
    struct slice    name = find_override(&conf->tables, kind);
    struct slice    schema = conf->schema ? slice_str(conf->schema) : slice_of(NULL, 0);
    const char     *dot;
    struct pg_table t = { 0 };

    if (!name.p)
        name = find_override(&conf->tables, table);
    if (!name.p)
        name = slice_str(table);
    dot = memchr(name.p, '.', name.n);
    if (dot) {
        schema = slice_of(name.p, (size_t)(dot - name.p));
        name = slice_of(dot + 1, name.n - schema.n - 1);
    }
    t.sql = quote_name(name, a);
    t.place = arena_str(a, name);
    if (schema.p) {
        t.sql = join(a, quote_name(schema, a), t.sql);
        t.place = join(a, arena_str(a, schema), t.place);
    }
    return t;
}

/* ---- values --------------------------------------------------------------------------- */

static bool too_long(struct err *err)
{
    return err_set(err, ERR_USAGE, "the selection is too long for a query");
}

bool pg_sql_literal(PGconn *pg, struct slice text, struct buf *out, struct err *err)
{
    char *quoted = PQescapeLiteral(pg, text.p ? text.p : "", text.n);
    bool  ok;

    if (!quoted)
        return err_set(err, ERR_USAGE, "\"%.*s\" is not valid UTF-8: nothing can be selected by it",
                       SLICE_ARG(text)) ||
               err_hint(err, "mend the text in --tenant, --namespace or the file of --ids");
    ok = buf_append(out, slice_str(quoted));
    PQfreemem(quoted);
    return ok || too_long(err);
}

bool pg_sql_in(PGconn *pg, const struct slice *texts, size_t n, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!buf_append(out, i > 0 ? SLICE(", ") : SLICE(" IN (")))
            return too_long(err);
        if (!pg_sql_literal(pg, texts[i], out, err))
            return false;
    }
    return buf_append(out, SLICE(")")) || too_long(err);
}

bool pg_sql_regclass(PGconn *pg, const struct pg_table *t, struct buf *out, struct err *err)
{
    buf_add(out, "to_regclass(");
    if (!pg_sql_literal(pg, slice_str(t->sql), out, err))
        return false;
    buf_add(out, ")");
    return true;
}

bool pg_sql_list(PGconn *pg, const struct strings *list, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            buf_add(out, ", ");
        if (!pg_sql_literal(pg, slice_str(list->items[i]), out, err))
            return false;
    }
    return true;
}

/* ---- conditions ----------------------------------------------------------------------- */

/* What a query is written from. */
struct writer {
    PGconn                   *pg;
    const struct layout      *layout;
    const struct kind_layout *kind;
    const struct pg_table    *table;
    const struct store_query *query;
    struct buf               *out;
    struct err               *err;
};

static bool put(struct writer *w, const char *sql)
{
    return buf_append(w->out, slice_str(sql)) || too_long(w->err);
}

static bool put_literal(struct writer *w, const char *text)
{
    return pg_sql_literal(w->pg, slice_str(text), w->out, w->err);
}

static bool put_tenant(struct writer *w)
{
    const char *tenant = w->query->tenant;

    if (!tenant)
        return true;
    /* Where there are no tenants, every document is one without. */
    if (!w->kind->has_tenant)
        return put(w, tenant[0] ? " AND false" : "");
    if (!tenant[0])
        return put(w, " AND tenant_id IS NULL");
    return put(w, " AND tenant_id = ") && put_literal(w, tenant);
}

/* N and N.*; starts_with() is younger than PostgreSQL 10. */
static bool put_namespace(struct writer *w)
{
    const char *name = w->query->namespace;
    struct buf  below;
    bool        ok;

    if (!name)
        return true;
    buf_init(&below, PG_MAX_SQL_BYTES);
    ok = buf_append(&below, slice_str(name)) && buf_append_char(&below, '.');
    ok = (ok || too_long(w->err)) && put(w, " AND (namespace = ") && put_literal(w, name) &&
         put(w, " OR left(namespace, length(") && put_literal(w, below.p) && put(w, ")) = ") &&
         put_literal(w, below.p) && put(w, ")");
    buf_release(&below);
    return ok;
}

/* By text: start_date is wrong or shifted after a restore (data-model 4.3). */
static bool put_bound(struct writer *w, const char *operator, const char * bound)
{
    if (!bound || w->query->kind != KIND_EXECUTION)
        return true;
    return put(w, w->table->json ? " AND (value" : " AND (value::jsonb") &&
           put(w, " #>> '{state,startDate}') COLLATE \"C\" ") && put(w, operator) &&
           put_literal(w, bound);
}

/* expression IN (...) */
static bool put_in(struct writer *w, const char *expression, const struct slice *ids, size_t n)
{
    if (n == 0)
        return put(w, "false");
    return put(w, expression) && pg_sql_in(w->pg, ids, n, w->out, w->err);
}

static bool put_ids(struct writer *w)
{
    const struct store_query *q = w->query;

    if (!q->ids)
        return true;
    return put(w, " AND ") && put_in(w, "key", q->ids, q->n_ids);
}

/* Every row is looked at, for up to STORE_MAX_PARENTS of them: a table of them is hashed by every
 * version, a list only since PostgreSQL 14. */
static bool put_member_parents(struct writer *w)
{
    const struct store_query *q = w->query;

    if (q->n_parents == 0)
        return put(w, "false");
    if (!put(w, "value") || !put(w, w->table->json ? "" : "::jsonb") ||
        !put(w, " #>> '{trigger,variables,executionId}' IN (VALUES "))
        return false;
    for (size_t i = 0; i < q->n_parents; i++) {
        if (!put(w, i > 0 ? ", (" : "(") || !pg_sql_literal(w->pg, q->parents[i], w->out, w->err) ||
            !put(w, ")"))
            return false;
    }
    return put(w, ")");
}

static bool put_parents(struct writer *w)
{
    const struct store_query *q = w->query;
    const char               *cast = w->table->json ? "" : "::jsonb";

    if (!q->parents || q->kind != KIND_EXECUTION)
        return true;
    if (!put(w, " AND ") ||
        !(w->table->has_parent ? put_in(w, "trigger_execution_id", q->parents, q->n_parents)
                               : put_member_parents(w)))
        return false;
    if (q->child_types.n == 0)
        return true;
    /* NAME, or NAME$x. */
    return put(w, " AND split_part(value") && put(w, cast) &&
           put(w, " #>> '{trigger,type}', '$', 1) IN (") &&
           pg_sql_list(w->pg, &q->child_types, w->out, w->err) && put(w, ")");
}

/* Then `since` is a help that costs more than it gives: all documents would be unpacked for it. */
static bool is_by_parent(const struct writer *w)
{
    return w->query->parents && w->query->kind == KIND_EXECUTION && w->table->has_parent;
}

/* AND EXPRESSION IN (...), for executions. */
static bool put_among(struct writer *w, const char *expression, const struct strings *list)
{
    if (list->n == 0 || w->query->kind != KIND_EXECUTION)
        return true;
    return put(w, " AND ") && put(w, expression) && put(w, " IN (") &&
           pg_sql_list(w->pg, list, w->out, w->err) && put(w, ")");
}

/* true AND ... by tenant, namespace, time, states, ids and parents. */
static bool put_selection(struct writer *w)
{
    return put(w, "true") && put_tenant(w) && put_namespace(w) &&
           (is_by_parent(w) || put_bound(w, ">= ", w->query->since)) &&
           put_bound(w, "< ", w->query->until) &&
           put_among(w, "state_current::text", &w->query->states) &&
           put_among(w, "key", &w->query->only) && put_ids(w) && put_parents(w);
}

/* Has this execution ended? Never null, also where the state is. */
static bool put_terminal(struct writer *w)
{
    const struct strings *states = &w->layout->terminal;
    const char           *before = "(state_current::text IN (";

    for (size_t i = 0; i < states->n; i++) {
        /* PAUSED is pending whatever the band calls it. */
        if (strcmp(states->items[i], "PAUSED") == 0)
            continue;
        if (!put(w, before) || !put_literal(w, states->items[i]))
            return false;
        before = ", ";
    }
    return put(w, before[0] == '(' ? "false" : ")) IS TRUE");
}

static bool put_also(struct writer *w)
{
    return put_in(w, "key", w->query->also, w->query->also ? w->query->n_also : 0);
}

static bool has_live_rule(enum kind kind)
{
    return kind == KIND_EXECUTION || kind == KIND_TEMPLATE;
}

/* What is left out of the selected by rule. Who asks for ids wants to know what is there. */
static bool put_rules(struct writer *w)
{
    const struct store_query *q = w->query;

    if (q->ids)
        return true;
    /* The index of parents begins with `deleted`, and takes only this form for it. */
    if (is_by_parent(w))
        return put(w, " AND NOT deleted");
    if (has_live_rule(q->kind) && !put(w, " AND deleted IS NOT TRUE"))
        return false;
    if (q->kind != KIND_EXECUTION || q->executions == EXECUTIONS_ALL || q->parents)
        return true;
    if (q->executions == EXECUTIONS_NONE)
        return put(w, " AND false");
    return put(w, " AND (NOT (") && put_terminal(w) && put(w, ") OR ") && put_also(w) &&
           put(w, ")");
}

/* Is any member set that locks a trigger? */
static bool put_locked(struct writer *w)
{
    const char *before = "(";

    if (w->query->kind != KIND_TRIGGER || w->kind->n_unlock == 0)
        return put(w, "false");
    for (size_t i = 0; i < w->kind->n_unlock; i++) {
        if (!put(w, before) || !put(w, w->table->json ? "value" : "value::jsonb") ||
            !put(w, " ->> ") || !put_literal(w, w->kind->unlock[i]) || !put(w, " IS NOT NULL"))
            return false;
        before = " OR ";
    }
    return put(w, ")");
}

/* ---- queries -------------------------------------------------------------------------- */

static struct writer writer_of(PGconn *pg, const struct layout *layout, const struct pg_table *t,
                               const struct store_query *q, struct buf *out, struct err *err)
{
    return (struct writer){
        .pg = pg,
        .layout = layout,
        .kind = &layout->kinds[kind_stored(q->kind)],
        .table = t,
        .query = q,
        .out = out,
        .err = err,
    };
}

bool pg_sql_select(PGconn *pg, const struct layout *layout, const struct pg_table *t,
                   const struct store_query *q, struct buf *out, struct err *err)
{
    struct writer w = writer_of(pg, layout, t, q, out, err);

    return put(&w, "SELECT key, value::text") &&
           put(&w, w.kind->has_source ? ", source_code" : "") && put(&w, " FROM ") &&
           put(&w, t->sql) && put(&w, " WHERE ") && put_selection(&w) && put_rules(&w);
}

/* In two steps: rows are grouped by the columns as they are, which is twice as fast as asking each
 * row whether its state is one of a list; the groups are then told apart by what is asked. */
bool pg_sql_count(PGconn *pg, const struct layout *layout, const struct pg_table *t,
                  const struct store_query *q, struct buf *out, struct err *err)
{
    struct writer w = writer_of(pg, layout, t, q, out, err);

    return put(&w, "SELECT chosen, ") &&
           put(&w, has_live_rule(q->kind) ? "deleted IS TRUE, " : "false, ") &&
           (q->kind == KIND_EXECUTION ? put_terminal(&w) : put(&w, "false")) &&
           put(&w, ", locked, also, sum(n) FROM (SELECT (") && put_selection(&w) &&
           put(&w, ") IS TRUE AS chosen, ") &&
           put(&w, has_live_rule(q->kind) ? "deleted, " : "false AS deleted, ") &&
           put(&w, q->kind == KIND_EXECUTION ? "state_current, " : "false AS state_current, ") &&
           put_locked(&w) && put(&w, " AS locked, ") && put_also(&w) &&
           put(&w, " AS also, count(*) AS n FROM ") && put(&w, t->sql) &&
           put(&w, " GROUP BY 1, 2, 3, 4, 5) counted GROUP BY 1, 2, 3, 4, 5");
}
