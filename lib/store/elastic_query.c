/*
 * elastic_query.c - the bodies of searches (elastic_internal.h).
 *
 * What is pushed down may select too much, never too little: Kestra's keyword fields are normalised
 * (lower case, without accents), so the reader looks at each document again (select.h).
 * es_check_kind has made sure that a field asked for is mapped as Kestra maps it: a term of a field
 * that is not finds nothing, and says so to nobody.
 */
#include "lib/store/elastic_internal.h"

static void put_term(struct json_writer *w, const char *how, const char *field, const char *value)
{
    json_open(w, '{');
    json_key(w, how);
    json_open(w, '{');
    json_key(w, field);
    json_put_str(w, value);
    json_close(w, '}');
    json_close(w, '}');
}

static void put_true(struct json_writer *w, const char *field)
{
    json_open(w, '{');
    json_key(w, "term");
    json_open(w, '{');
    json_key(w, field);
    json_put_bool(w, true);
    json_close(w, '}');
    json_close(w, '}');
}

static void put_exists(struct json_writer *w, const char *field)
{
    put_term(w, "exists", "field", field);
}

/* {"bool": {"how": [ */
static void open_bool(struct json_writer *w, const char *how)
{
    json_open(w, '{');
    json_key(w, "bool");
    json_open(w, '{');
    json_key(w, how);
    json_open(w, '[');
}

static void close_bool(struct json_writer *w)
{
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
}

void es_put_ids(struct json_writer *w, const struct slice *ids, size_t n)
{
    json_open(w, '{');
    json_key(w, "ids");
    json_open(w, '{');
    json_key(w, "values");
    json_open(w, '[');
    for (size_t i = 0; i < n; i++)
        json_put_text(w, ids[i]);
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
}

void es_put_pit(struct json_writer *w, struct slice id)
{
    json_key(w, "pit");
    json_open(w, '{');
    json_key(w, "id");
    json_put_text(w, id);
    json_key(w, "keep_alive");
    json_put_str(w, ES_PIT_KEEP);
    json_close(w, '}');
}

/* ---- conditions --------------------------------------------------------------------------- */

struct query_writer {
    struct json_writer       *w;
    const struct es_store    *store;
    const struct store_query *q;
    const struct kind_layout *kl;
    enum kind                 kind;
};

static void put_nothing(struct json_writer *w)
{
    json_open(w, '{');
    json_key(w, "match_none");
    json_open(w, '{');
    json_close(w, '}');
    json_close(w, '}');
}

static void put_tenant(const struct query_writer *x)
{
    const char *tenant = x->q->tenant;

    if (!tenant)
        return;
    if (!x->kl->has_tenant) {
        if (tenant[0])
            put_nothing(x->w);
        return;
    }
    if (tenant[0]) {
        put_term(x->w, "term", "tenantId", tenant);
        return;
    }
    open_bool(x->w, "must_not");
    put_exists(x->w, "tenantId");
    close_bool(x->w);
}

static bool put_namespace(const struct query_writer *x)
{
    const char *name = x->q->namespace;
    struct buf  below;
    bool        ok;

    if (!name)
        return true;
    buf_init(&below, ES_BODY_BYTES);
    ok = buf_printf(&below, "%s.", name);
    open_bool(x->w, "should");
    put_term(x->w, "term", "namespace", name);
    if (ok)
        put_term(x->w, "prefix", "namespace", below.p);
    close_bool(x->w);
    buf_release(&below);
    return ok;
}

static void put_time(const struct query_writer *x)
{
    if (x->kind != KIND_EXECUTION || (!x->q->since && !x->q->until))
        return;
    json_open(x->w, '{');
    json_key(x->w, "range");
    json_open(x->w, '{');
    json_key(x->w, "state.startDate");
    json_open(x->w, '{');
    if (x->q->since) {
        json_key(x->w, "gte");
        json_put_str(x->w, x->q->since);
    }
    if (x->q->until) {
        json_key(x->w, "lt");
        json_put_str(x->w, x->q->until);
    }
    json_close(x->w, '}');
    json_close(x->w, '}');
    json_close(x->w, '}');
}

/* Executions in one of these states; without: but for this one. */
static void put_state_terms(struct json_writer *w, const struct strings *states,
                            const char *without)
{
    json_open(w, '{');
    json_key(w, "terms");
    json_open(w, '{');
    json_key(w, "state.current");
    json_open(w, '[');
    for (size_t i = 0; i < states->n; i++)
        if (!without || strcmp(states->items[i], without) != 0)
            json_put_str(w, states->items[i]);
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
}

static void put_states(const struct query_writer *x)
{
    if (x->kind == KIND_EXECUTION && x->q->states.n > 0)
        put_state_terms(x->w, &x->q->states, NULL);
}

static void put_only(const struct query_writer *x)
{
    const struct strings *only = &x->q->only;
    struct slice         *ids;

    if (x->kind != KIND_EXECUTION || only->n == 0)
        return;
    ids = mem_array(only->n, sizeof(*ids));
    for (size_t i = 0; i < only->n; i++)
        ids[i] = slice_str(only->items[i]);
    es_put_ids(x->w, ids, only->n);
    mem_free(ids);
}

/* The states that end an execution; PAUSED is pending whatever the band calls it. */
static void put_terminal(const struct query_writer *x)
{
    put_state_terms(x->w, &x->store->layout->terminal, "PAUSED");
}

/* What ends an execution, but for those that are wanted besides. */
static void put_ended(const struct query_writer *x)
{
    if (!x->q->also) {
        put_terminal(x);
        return;
    }
    json_open(x->w, '{');
    json_key(x->w, "bool");
    json_open(x->w, '{');
    json_key(x->w, "filter");
    json_open(x->w, '[');
    put_terminal(x);
    json_close(x->w, ']');
    json_key(x->w, "must_not");
    json_open(x->w, '[');
    es_put_ids(x->w, x->q->also, x->q->n_also);
    json_close(x->w, ']');
    json_close(x->w, '}');
    json_close(x->w, '}');
}

/* trigger.variables is not indexed: only the types of children narrow. The reader does the rest. */
static bool put_children(const struct query_writer *x)
{
    const struct strings *types = &x->q->child_types;
    struct buf            inner;
    bool                  ok = true;

    if (!x->q->parents || x->kind != KIND_EXECUTION || types->n == 0 ||
        !x->store->kinds[x->kind].has_field[ES_TRIGGER_TYPE])
        return true;
    buf_init(&inner, ES_BODY_BYTES);
    open_bool(x->w, "should");
    for (size_t i = 0; ok && i < types->n; i++) {
        buf_clear(&inner);
        ok = buf_printf(&inner, "%s$", types->items[i]);
        put_term(x->w, "term", "trigger.type", types->items[i]);
        put_term(x->w, "prefix", "trigger.type", inner.p);
    }
    close_bool(x->w);
    buf_release(&inner);
    return ok;
}

static bool has_live_rule(const struct query_writer *x)
{
    return (x->kind == KIND_EXECUTION || x->kind == KIND_TEMPLATE) &&
           x->store->kinds[x->kind].has_deleted;
}

static void put_locked(const struct query_writer *x)
{
    open_bool(x->w, "should");
    for (size_t i = 0; i < x->kl->n_unlock; i++)
        put_exists(x->w, x->kl->unlock[i]);
    close_bool(x->w);
}

/* What has to hold, beside the selection. */
static void put_part(const struct query_writer *x, enum es_part part)
{
    if (part == ES_DELETED)
        put_true(x->w, "deleted");
    if (part == ES_TERMINAL)
        put_terminal(x);
    if (part == ES_LOCKED)
        put_locked(x);
    if (part == ES_WANTED && !x->q->ids && !x->q->parents && x->kind == KIND_EXECUTION &&
        x->q->executions == EXECUTIONS_NONE)
        put_nothing(x->w);
}

/* What must not hold. */
static void put_excluded(const struct query_writer *x, enum es_part part)
{
    if (part != ES_TERMINAL && (part != ES_WANTED || x->q->ids))
        return;
    if (has_live_rule(x))
        put_true(x->w, "deleted");
    if (part == ES_WANTED && x->kind == KIND_EXECUTION && !x->q->parents &&
        x->q->executions == EXECUTIONS_PENDING)
        put_ended(x);
}

bool es_put_query(struct json_writer *w, const struct es_store *s, const struct store_query *q,
                  enum es_part part)
{
    struct query_writer x = { w, s, q, &s->layout->kinds[q->kind], kind_stored(q->kind) };
    bool                ok = true;

    json_open(w, '{');
    json_key(w, "bool");
    json_open(w, '{');
    json_key(w, "filter");
    json_open(w, '[');
    if (part != ES_ALL) {
        put_tenant(&x);
        ok = put_namespace(&x) && put_children(&x);
        put_time(&x);
        put_states(&x);
        put_only(&x);
        if (q->ids)
            es_put_ids(w, q->ids, q->n_ids);
        put_part(&x, part);
    }
    json_close(w, ']');
    json_key(w, "must_not");
    json_open(w, '[');
    put_excluded(&x, part);
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
    return ok && json_writer_ok(w);
}
