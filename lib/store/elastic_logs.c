/*
 * elastic_logs.c - log lines of a search store as evidence: links of subflows, the newest line of
 * an execution, the executions that lines name (elastic_internal.h; lib/store/logline.h says what a
 * line tells).
 *
 * DESIGN. Links are read by one scroll; when its place is lost it is read again from the beginning,
 * which tells some links twice. That is believed to be all when as many lines came as were
 * promised. Keyword fields may be normalised, so lines of other executions may come as well: they
 * are left out here.
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/keyset.h"
#include "lib/store/index_names.h"
#include "lib/store/logline.h"

#include <strings.h>

#define PAGE_LINES 1000
#define DOING      "looking at logs"

/* What of it is mapped as Kestra does. */
struct logs {
    const char *expression;
    bool        has_message; /* as text */
    bool        has_time;
};

static bool no_logs(const struct es_store *s, const char *expression, struct err *err)
{
    (void)err_set(err, ERR_STORE, "%s, %s: there is no index %s", s->name, DOING, expression);
    return err_hint(err, "name it with --index log=NAME, or do without --with-logs");
}

static bool wrong_mapping(const struct es_store *s, const char *expression, struct err *err)
{
    (void)err_set(err, ERR_STORE,
                  "%s, %s: %s does not map executionId and taskRunId as keywords, as Kestra does",
                  s->name, DOING, expression);
    return err_hint(err, "was the index made without Kestra's mapping? Restore it from a snapshot, "
                         "or do without --with-logs");
}

/* A wildcard that fits nothing is no error to the server. */
static bool has_no_index(const struct json_node *root)
{
    const struct json_node *indices = json_get(root, "indices");

    return indices && indices->type == JSON_ARRAY && indices->n == 0;
}

static bool find_logs(struct es_store *s, size_t n, struct logs *out, struct err *err)
{
    struct es_asker         a = es_own(s, DOING);
    struct arena           *arena;
    const struct json_node *root = NULL;
    const struct json_node *caps;
    const char             *path;
    bool                    ok;

    if (!s->layout || n > STORE_MAX_IDS)
        return err_set(err, ERR_BUG, "the store was asked for evidence in a way it cannot");
    out->expression = index_name_of_logs(s->layout, &s->conf->search, s->arena);
    arena = arena_new(1u << 12);
    path = es_index_path(out->expression,
                         "/_field_caps?fields=executionId,taskRunId,message,timestamp", arena);
    ok = es_request_tree(&a, "GET", path, slice_of("", 0), arena, &root, err);
    caps = json_get(root, "fields");
    if (ok ? has_no_index(root) : a.answer->status == 404)
        ok = no_logs(s, out->expression, err);
    else if (ok && (!es_has_type(caps, "executionId", "keyword") ||
                    !es_has_type(caps, "taskRunId", "keyword")))
        ok = wrong_mapping(s, out->expression, err);
    out->has_message = es_has_type(caps, "message", "text");
    out->has_time = es_has_type(caps, "timestamp", "date");
    arena_free(arena);
    return ok;
}

/* {"bool": {"filter": [lines of these executions that name a task run */
static void open_filter(struct json_writer *w, const struct slice *ids, size_t n)
{
    json_open(w, '{');
    json_key(w, "bool");
    json_open(w, '{');
    json_key(w, "filter");
    json_open(w, '[');
    json_put_raw(w, SLICE("{\"exists\":{\"field\":\"taskRunId\"}}"));
    json_open(w, '{');
    json_key(w, "terms");
    json_open(w, '{');
    json_key(w, "executionId");
    json_open(w, '[');
    for (size_t i = 0; i < n; i++)
        json_put_text(w, ids[i]);
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
}

static void close_filter(struct json_writer *w)
{
    json_close(w, ']');
    json_close(w, '}');
    json_close(w, '}');
}

/* ---- links --------------------------------------------------------------------------------- */

/* Reading the lines of some parents. */
struct line_reader {
    struct es_store   *s;
    struct http       *http; /* its own: after a stop the scroll is to be given back */
    struct http_answer answer;
    struct logs        logs;
    unsigned           size; /* of a page */
    struct keyset     *parents;
    struct buf         body;
    struct buf         scroll; /* id; n 0: none is open */
    struct arena      *arena;  /* of a page */
    uint64_t           n_read;
    uint64_t           total;
    store_link_fn      fn;
    void              *ctx;
};

static bool write_first(struct line_reader *r, const struct slice *parents, size_t n)
{
    struct json_writer w;

    buf_clear(&r->body);
    json_writer_init(&w, &r->body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, r->size);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, true);
    json_key(&w, "sort");
    json_put_raw(&w, SLICE("[\"_doc\"]"));
    json_key(&w, "_source");
    json_put_raw(&w, SLICE("[\"executionId\",\"taskRunId\",\"message\"]"));
    json_key(&w, "query");
    open_filter(&w, parents, n);
    /* Both ways to say it have these words, whatever the analyser makes of them. */
    if (r->logs.has_message)
        json_put_raw(&w, SLICE("{\"match\":{\"message\":{\"query\":\"new execution\","
                               "\"operator\":\"and\"}}}"));
    close_filter(&w);
    json_close(&w, '}');
    return json_writer_ok(&w);
}

static bool write_next(struct line_reader *r)
{
    struct json_writer w;

    buf_clear(&r->body);
    json_writer_init(&w, &r->body, false);
    json_open(&w, '{');
    json_key(&w, "scroll");
    json_put_str(&w, ES_SCROLL_KEEP);
    json_key(&w, "scroll_id");
    json_put_text(&w, buf_slice(&r->scroll));
    json_close(&w, '}');
    return json_writer_ok(&w);
}

static enum es_outcome ask_page(struct line_reader *r, struct hits_page *out, struct err *err)
{
    struct es_asker     a = { r->s, r->http, &r->answer, DOING };
    bool                is_first = r->scroll.n == 0;
    struct http_request q = { .method = "POST" }; /* an answer that was lost may have moved it on */
    enum es_outcome     o;

    arena_reset(r->arena);
    q.path = is_first ? es_index_path(r->logs.expression,
                                      "/_search?scroll=" ES_SCROLL_KEEP
                                      "&allow_partial_search_results=false",
                                      r->arena)
                      : "/_search/scroll";
    q.body = buf_slice(&r->body);
    o = es_ask(&a, &q, err);
    if (o != ES_OK)
        return o;
    if (!hits_cut(buf_slice(&a.answer->body), r->arena, out, err)) {
        err->kind = ERR_STORE;
        (void)err_wrap(err, "%s, %s", r->s->name, DOING);
        return ES_AGAIN;
    }
    /* Kept before anything else is looked at: it is to be given back. */
    if (out->scroll_id.n > 0) {
        buf_clear(&r->scroll);
        if (!buf_append(&r->scroll, out->scroll_id))
            return ES_FAILED;
    }
    return es_check_page(&a, out, err);
}

static void tell_page(struct line_reader *r, const struct hits_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        struct document doc = { .value = page->hits[i].source, .trusted = page->hits[i].trusted };
        struct log_line line;

        if (!doc.value.p || !log_line_read(&doc, r->arena, &line) || !line.child.p ||
            !keyset_find(r->parents, line.execution, NULL))
            continue;
        r->fn(r->ctx, &(struct store_link){ line.child, line.execution, line.run });
    }
    r->n_read += page->n;
}

/* From the first page to the last. */
static enum es_outcome read_lines(struct line_reader *r, const struct slice *parents, size_t n,
                                  struct err *err)
{
    struct hits_page page = { 0 };
    enum es_outcome  o;

    r->n_read = 0;
    if (!write_first(r, parents, n)) {
        (void)err_set(err, ERR_USAGE, "the selection is too long for a query");
        return ES_FAILED;
    }
    o = ask_page(r, &page, err);
    r->total = o == ES_OK ? (uint64_t)page.total : 0;
    while (o == ES_OK && page.n > 0) {
        tell_page(r, &page);
        if (!write_next(r))
            return ES_FAILED;
        o = ask_page(r, &page, err);
    }
    if (o != ES_OK || r->n_read == r->total)
        return o;
    (void)err_set(err, ERR_STORE, "%s, %s: %llu lines came, %llu were promised", r->s->name, DOING,
                  (unsigned long long)r->n_read, (unsigned long long)r->total);
    return ES_AGAIN;
}

static bool read_all_lines(struct line_reader *r, const struct slice *parents, size_t n,
                           struct err *err)
{
    enum es_outcome o = ES_AGAIN;

    for (unsigned tries = 0; o != ES_OK && tries <= ES_RESTARTS; tries++) {
        struct err ignored = ERR_INIT;

        o = read_lines(r, parents, n, err);
        if (o == ES_OK)
            break;
        if (o == ES_TOO_BIG && r->size > 1)
            r->size = r->size / 10 + 1;
        else if (o != ES_AGAIN && o != ES_LOST)
            break;
        if (!es_give_back(r->s, r->http, &r->answer, false, buf_slice(&r->scroll), &ignored))
            break;
        buf_clear(&r->scroll);
        clock_sleep_ms(r->s->pause_ms);
    }
    return o == ES_OK;
}

bool es_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
              void *ctx, struct err *err)
{
    struct es_store   *s = (struct es_store *)base;
    struct line_reader r = { .s = s, .size = PAGE_LINES, .fn = fn, .ctx = ctx };
    bool               ok;

    if (!find_logs(s, n, &r.logs, err))
        return false;
    if (n == 0)
        return true;
    if (!es_open_http(s->conf, &r.http, err))
        return false;
    http_answer_init(&r.answer, 0);
    r.parents = keyset_new();
    for (size_t i = 0; i < n; i++)
        (void)keyset_put(r.parents, parents[i], 0);
    r.arena = arena_new(1u << 14);
    buf_init(&r.body, ES_BODY_BYTES);
    buf_init(&r.scroll, ES_BODY_BYTES);
    ok = read_all_lines(&r, parents, n, err);
    es_release(s, r.http, &r.answer, false, buf_slice(&r.scroll));
    http_close(r.http);
    http_answer_release(&r.answer);
    keyset_free(r.parents);
    arena_free(r.arena);
    buf_release(&r.body);
    buf_release(&r.scroll);
    return ok;
}

/* ---- the newest line of executions ----------------------------------------------------------- */

static bool write_newest(const struct slice *ids, size_t n, struct buf *body)
{
    struct json_writer w;

    json_writer_init(&w, body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, 0);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, false);
    json_key(&w, "query");
    open_filter(&w, ids, n);
    close_filter(&w);
    json_key(&w, "aggs");
    json_open(&w, '{');
    json_key(&w, "ids");
    json_open(&w, '{');
    json_key(&w, "terms");
    json_open(&w, '{');
    json_key(&w, "field");
    json_put_str(&w, "executionId");
    json_key(&w, "size");
    json_put_uint(&w, n);
    json_close(&w, '}');
    json_key(&w, "aggs");
    json_put_raw(&w, SLICE("{\"at\":{\"max\":{\"field\":\"timestamp\"}}}"));
    json_close(&w, '}');
    json_close(&w, '}');
    json_close(&w, '}');
    return json_writer_ok(&w);
}

/* A key may be in lower case (Kestra's normaliser). Ids of one spelling but for that do not occur
 * (22 letters and digits at random). */
static bool is_key_of(struct slice key, struct slice id)
{
    return key.n == id.n && strncasecmp(key.p, id.p, id.n) == 0;
}

static void tell_newest(const struct json_node *found, const struct slice *ids, size_t n,
                        store_time_fn fn, void *ctx)
{
    const struct json_node *buckets = json_get(json_get(found, "ids"), "buckets");

    for (const struct json_node *b = buckets ? buckets->first : NULL; b; b = b->next) {
        struct slice   key = es_text(b, "key");
        struct instant at;

        if (!es_max_date(json_get(b, "at"), &at))
            continue;
        for (size_t i = 0; i < n; i++) {
            if (is_key_of(key, ids[i])) {
                fn(ctx, ids[i], at);
                break;
            }
        }
    }
}

bool es_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                   void *ctx, struct err *err)
{
    struct es_store        *s = (struct es_store *)base;
    const struct json_node *found = NULL;
    struct logs             logs = { .expression = NULL };
    struct arena           *arena;
    struct buf              body;
    bool                    ok;

    if (!find_logs(s, n, &logs, err))
        return false;
    if (n == 0 || !logs.has_time)
        return true;
    arena = arena_new(1u << 16);
    buf_init(&body, ES_BODY_BYTES);
    ok = write_newest(ids, n, &body) ||
         err_set(err, ERR_USAGE, "the selection is too long for a query");
    ok = ok && es_ask_aggregations(s, logs.expression, buf_slice(&body), arena, &found, err);
    if (ok)
        tell_newest(found, ids, n, fn, ctx);
    buf_release(&body);
    arena_free(arena);
    return ok;
}

/* ---- the executions that lines name ---------------------------------------------------------- */

#define PAGE_NAMES 1000

/* after: the id at which the last page ended, as JSON; p NULL: the first one. */
static bool write_names(struct instant since, struct slice after, struct buf *body)
{
    char from[32];

    instant_format(since, from);
    buf_clear(body);
    return buf_printf(body,
                      "{\"size\":0,\"track_total_hits\":false,\"query\":{\"bool\":{\"filter\":["
                      "{\"exists\":{\"field\":\"taskRunId\"}},"
                      "{\"range\":{\"timestamp\":{\"gte\":\"%s\"}}}]}},",
                      from) &&
           buf_printf(body,
                      "\"aggs\":{\"ids\":{\"composite\":{\"size\":%d,\"sources\":[{\"id\":"
                      "{\"terms\":{\"field\":\"executionId\"}}}]%s%.*s%s},",
                      PAGE_NAMES, after.p ? ",\"after\":{\"id\":" : "", SLICE_ARG(after),
                      after.p ? "}" : "") &&
           buf_append(body, SLICE("\"aggs\":{\"one\":{\"top_hits\":{\"size\":1,\"_source\":"
                                  "[\"executionId\",\"tenantId\",\"namespace\",\"flowId\"]}}}}}}"));
}

static struct slice told(const struct json_node *line, const char *name)
{
    struct slice text = es_text(line, name);

    return text.n > 0 ? text : slice_of(NULL, 0);
}

/* Of each bucket the line that stands for it: its key may be in lower case (Kestra's normaliser).
 * How many there were. */
static size_t tell_names(const struct json_node *buckets, store_name_fn fn, void *ctx)
{
    size_t n = 0;

    for (const struct json_node *b = buckets ? buckets->first : NULL; b; b = b->next, n++) {
        const struct json_node *hits = json_get(json_get(json_get(b, "one"), "hits"), "hits");
        const struct json_node *line = json_get(hits ? hits->first : NULL, "_source");
        struct store_name       name = { told(line, "executionId"), told(line, "tenantId"),
                                         told(line, "namespace"), told(line, "flowId") };

        if (name.execution.p)
            fn(ctx, &name);
    }
    return n;
}

/* Where the next page begins; false: the server does not move on. */
static bool move_on(const struct json_node *found, struct buf *after)
{
    struct buf last;
    bool       ok;

    buf_init(&last, ES_BODY_BYTES);
    ok = json_quote(es_text(json_get(found, "after_key"), "id"), &last) &&
         (!after->p || !last.p || !slice_eq(buf_slice(&last), buf_slice(after)));
    buf_clear(after);
    ok = ok && buf_append(after, buf_slice(&last));
    buf_release(&last);
    return ok;
}

bool es_log_names(struct store *base, struct instant since, store_name_fn fn, void *ctx,
                  struct err *err)
{
    struct es_store *s = (struct es_store *)base;
    struct logs      logs = { .expression = NULL };
    struct slice     none = { NULL, 0 };
    struct arena    *arena;
    struct buf       body, after;
    size_t           n = PAGE_NAMES;
    bool             ok = true;

    if (!find_logs(s, 0, &logs, err))
        return false;
    arena = arena_new(1u << 16);
    buf_init(&body, ES_BODY_BYTES);
    buf_init(&after, ES_BODY_BYTES);
    while (ok && logs.has_time && n == PAGE_NAMES) {
        const struct json_node *found = NULL;

        arena_reset(arena);
        ok = write_names(since, after.n > 0 ? buf_slice(&after) : none, &body) ||
             err_set(err, ERR_BUG, "a question about logs has no room");
        ok = ok && es_ask_aggregations(s, logs.expression, buf_slice(&body), arena, &found, err);
        if (!ok)
            break;
        found = json_get(found, "ids");
        n = tell_names(json_get(found, "buckets"), fn, ctx);
        ok = n < PAGE_NAMES || move_on(found, &after) ||
             err_set(err, ERR_STORE, "%s, %s: the same page came again", s->name, DOING);
    }
    buf_release(&body);
    buf_release(&after);
    arena_free(arena);
    return ok;
}
