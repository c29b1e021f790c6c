/*
 * elastic_newest.c - the newest times in a search store, by aggregations (elastic_internal.h).
 *
 * Only fields that every index maps as dates are asked for. Log lines, and whatever else there is
 * not, or no right to look at, are not known: evidence is no reason to fail.
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/log.h"
#include "lib/store/index_names.h"
#include "lib/store/newest.h"

#define RUNS       "taskRunList"
#define RUN_DATE   RUNS ".state.histories.date"
#define MAX_FIELDS 4

static const char *const fields_of[STORE_NEWEST_COUNT][MAX_FIELDS] = {
    [NEWEST_EXECUTION] = { "state.histories.date", "state.startDate", "state.endDate", RUN_DATE },
    [NEWEST_TRIGGER] = { "date", "updatedDate" },
    [NEWEST_LOG] = { "timestamp" },
};

/* What can be asked for. */
struct question {
    const char *expression;
    size_t      n;
    const char *fields[MAX_FIELDS];
    bool        nested;      /* task runs are documents of their own */
    bool        has_deleted; /* mapped as boolean */
};

/* True with *root NULL: it is not there, or not to be looked at. */
static bool ask_optional(struct es_store *s, const char *method, const char *path,
                         struct slice body, struct arena *arena, const struct json_node **root,
                         struct err *err)
{
    struct es_asker a = es_own(s, "looking for the newest time");

    *root = NULL;
    if (es_request_tree(&a, method, path, body, arena, root, err))
        return true;
    *root = NULL;
    if (a.answer->status != 404 && a.answer->status != 403)
        return false;
    log_msg(LOG_INFO, "%s", err->msg);
    *err = ERR_INIT;
    return true;
}

static bool look_at_mapping(struct es_store *s, enum newest_of what, struct question *q,
                            struct arena *arena, struct err *err)
{
    static const char rest[] = "/_field_caps?ignore_unavailable=true&allow_no_indices=true"
                               "&fields=deleted,date,updatedDate,timestamp," RUNS "," RUN_DATE
                               ",state.histories.date,state.startDate,state.endDate";
    const struct json_node *root;
    const struct json_node *caps;

    if (!ask_optional(s, "GET", es_index_path(q->expression, rest, arena), slice_of("", 0), arena,
                      &root, err))
        return false;
    caps = json_get(root, "fields");
    for (size_t i = 0; i < MAX_FIELDS && fields_of[what][i]; i++) {
        if (es_has_type(caps, fields_of[what][i], "date"))
            q->fields[q->n++] = fields_of[what][i];
    }
    q->nested = es_has_type(caps, RUNS, "nested");
    q->has_deleted = what == NEWEST_EXECUTION && es_has_type(caps, "deleted", "boolean");
    return true;
}

/* ---- the search ---------------------------------------------------------------------------- */

static void put_max(struct json_writer *w, const char *field)
{
    json_key(w, field);
    json_open(w, '{');
    json_key(w, "max");
    json_open(w, '{');
    json_key(w, "field");
    json_put_str(w, field);
    json_close(w, '}');
    json_close(w, '}');
}

static void put_max_of_runs(struct json_writer *w)
{
    json_key(w, RUNS);
    json_open(w, '{');
    json_key(w, "nested");
    json_open(w, '{');
    json_key(w, "path");
    json_put_str(w, RUNS);
    json_close(w, '}');
    json_key(w, "aggs");
    json_open(w, '{');
    put_max(w, RUN_DATE);
    json_close(w, '}');
    json_close(w, '}');
}

static bool is_of_runs(const char *field)
{
    return strncmp(field, RUNS ".", sizeof(RUNS)) == 0;
}

static bool write_search(const struct question *q, struct buf *body)
{
    static const char  live[] = "{\"bool\":{\"must_not\":[{\"term\":{\"deleted\":true}}]}}";
    struct json_writer w;

    json_writer_init(&w, body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, 0);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, false);
    if (q->has_deleted) {
        json_key(&w, "query");
        json_put_raw(&w, slice_str(live));
    }
    json_key(&w, "aggs");
    json_open(&w, '{');
    for (size_t i = 0; i < q->n; i++) {
        if (q->nested && is_of_runs(q->fields[i]))
            put_max_of_runs(&w);
        else
            put_max(&w, q->fields[i]);
    }
    json_close(&w, '}');
    json_close(&w, '}');
    return json_writer_ok(&w);
}

bool es_max_date(const struct json_node *aggregation, struct instant *out)
{
    struct slice text = es_text(aggregation, "value");
    char         digits[64];
    char        *end = digits;
    double       ms;

    if (text.n == 0 || text.n >= sizeof(digits))
        return false; /* null: there is no such document */
    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(text));
    ms = strtod(digits, &end);
    if (*end || !(ms >= -6e13 && ms <= 2.5e14)) /* years 0 to 9999 */
        return false;
    out->s = (int64_t)ms / 1000;
    out->ns = (int32_t)((int64_t)ms % 1000) * 1000000;
    if (out->ns < 0) {
        out->s--;
        out->ns += 1000000000;
    }
    return true;
}

static void take_max(const struct json_node *aggregation, struct store_newest *out)
{
    struct instant at;
    char           text[32];

    if (!es_max_date(aggregation, &at))
        return;
    instant_format(at, text);
    newest_take(out, slice_str(text));
}

/* The page is a whole one: nothing timed out, no shard failed. */
static bool check_whole(struct es_store *s, const char *doing, struct arena *arena, struct err *err)
{
    struct es_asker  a = es_own(s, doing);
    struct hits_page page;

    if (!hits_cut(buf_slice(&a.answer->body), arena, &page, err)) {
        err->kind = ERR_STORE;
        return err_wrap(err, "%s, %s", s->name, doing);
    }
    return es_check_page(&a, &page, err) == ES_OK;
}

bool es_ask_aggregations(struct es_store *s, const char *expression, struct slice body,
                         struct arena *arena, const struct json_node **out, struct err *err)
{
    static const char       rest[] = "/_search?ignore_unavailable=true"
                                     "&allow_partial_search_results=false";
    const struct json_node *root;

    *out = NULL;
    if (!ask_optional(s, "POST", es_index_path(expression, rest, arena), body, arena, &root, err))
        return false;
    if (!root)
        return true;
    *out = json_get(root, "aggregations");
    return check_whole(s, "looking for the newest time", arena, err);
}

static bool newest_of_kind(struct es_store *s, enum newest_of what, const char *expression,
                           struct store_newest *out, struct err *err)
{
    struct question         q = { .expression = expression };
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *found = NULL;
    struct buf              body;
    bool                    ok = look_at_mapping(s, what, &q, arena, err);

    buf_init(&body, ES_BODY_BYTES);
    if (ok && q.n > 0)
        ok = write_search(&q, &body) &&
             es_ask_aggregations(s, expression, buf_slice(&body), arena, &found, err);
    for (size_t i = 0; ok && found && i < q.n; i++) {
        bool in_runs = q.nested && is_of_runs(q.fields[i]);

        take_max(json_get(in_runs ? json_get(found, RUNS) : found, q.fields[i]), out);
    }
    buf_release(&body);
    arena_free(arena);
    return ok;
}

/* NULL: nobody knows what is in it. Whoever needs the kind itself is told. */
static const char *readable(const struct es_kind *k)
{
    return k->health < STORE_RED ? k->expression : NULL;
}

bool es_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err)
{
    struct es_store *s = (struct es_store *)base;
    const char      *of[STORE_NEWEST_COUNT];

    *n = 0;
    if (!s->layout)
        return err_set(err, ERR_BUG, "the store was asked for evidence before it was in use");
    of[NEWEST_EXECUTION] = readable(&s->kinds[KIND_EXECUTION]);
    of[NEWEST_TRIGGER] = readable(&s->kinds[KIND_TRIGGER]);
    of[NEWEST_LOG] = index_name_of_logs(s->layout, &s->conf->search, s->arena);
    newest_init(out);
    for (size_t i = 0; i < STORE_NEWEST_COUNT; i++) {
        if (of[i] && !newest_of_kind(s, (enum newest_of)i, of[i], &out[i], err))
            return false;
    }
    *n = STORE_NEWEST_COUNT;
    return true;
}
