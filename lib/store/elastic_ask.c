/*
 * elastic_ask.c - one request to a search server, and what is wrong with its answer
 * (elastic_internal.h).
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/log.h"

struct es_asker es_own(struct es_store *s, const char *doing)
{
    return (struct es_asker){ s, s->http, &s->answer, doing };
}

/* ---- what went wrong -------------------------------------------------------------------- */

static const char *server_name(const struct es_asker *a)
{
    return a->store->name ? a->store->name : http_place(a->http);
}

static bool says(const struct hits_error *e, const char *word)
{
    return strstr(e->type, word) || strstr(e->outer, word) || strstr(e->reason, word);
}

static const char *or_none(const char *text)
{
    return text[0] ? text : "no reason given";
}

static enum es_outcome refused_login(const struct es_asker *a, int status, const char *reason,
                                     struct err *err)
{
    if (status == 403) {
        (void)err_set(err, ERR_STORE, "%s, %s: no right to do that: %s", server_name(a), a->doing,
                      or_none(reason));
        (void)err_hint(err, "requeue needs the privileges monitor, view_index_metadata and read on "
                            "Kestra's indices");
        return ES_FAILED;
    }
    (void)err_set(err, ERR_STORE, "%s, %s: user or password refused (HTTP %d)", server_name(a),
                  a->doing, status);
    (void)err_hint(err, "--store-user with REQUEUE_STORE_PASSWORD or --store-password-file, or an "
                        "API key by REQUEUE_STORE_API_KEY");
    return ES_FAILED;
}

/* An answer that no search server gives, or that says nothing. */
static enum es_outcome odd_answer(const struct es_asker *a, struct err *err)
{
    const struct http_answer *r = a->answer;

    (void)err_set(err, ERR_STORE, "%s, %s: answered HTTP %d with %s, as no search server does",
                  server_name(a), a->doing, r->status,
                  r->content_type[0] ? r->content_type : "no content");
    (void)err_hint(err, "is it Elasticsearch or OpenSearch, with the right port and path prefix?");
    return r->status == 413 ? ES_TOO_BIG : ES_FAILED;
}

static enum es_outcome failed_request(const struct es_asker *a, const struct hits_error *e,
                                      struct err *err)
{
    int status = a->answer->status;

    (void)err_set(err, ERR_STORE, "%s, %s: HTTP %d, %s: %s", server_name(a), a->doing, status,
                  or_none(e->type), or_none(e->reason));
    err->retriable = status == 429 || status >= 500;
    /* The first thing asked: who it is. */
    if (!a->store->name && !err->retriable)
        (void)err_hint(err, "is the URL right, with its port and path prefix?");
    if (says(e, "too many scroll contexts") || says(e, "max_open_scroll_context")) {
        (void)err_hint(err, "other readers hold scrolls open: wait for them, raise "
                            "search.max_open_scroll_context, or take one slice with --jobs 1");
        return ES_FAILED;
    }
    if (says(e, "search_context_missing_exception"))
        return ES_LOST;
    if (says(e, "circuit_breaking_exception") || status == 413) {
        (void)err_hint(err, "the server has too little memory for its answers: give it more heap, "
                            "or take one slice with --jobs 1");
        return ES_TOO_BIG;
    }
    if (says(e, "index_closed_exception"))
        (void)err_hint(err, "open the index and run it again");
    if (says(e, "index_not_found_exception"))
        (void)err_hint(err, "it was there before: is somebody deleting or restoring indices?");
    return err->retriable ? ES_AGAIN : ES_FAILED;
}

enum es_outcome es_ask(const struct es_asker *a, const struct http_request *request,
                       struct err *err)
{
    struct hits_error e;

    if (!http_send(a->http, request, a->answer, err)) {
        if (err->kind != ERR_STORE)
            return ES_FAILED;
        (void)err_wrap(err, "%s", a->doing);
        if (http_too_large(a->http))
            return ES_TOO_BIG;
        return err->retriable ? ES_AGAIN : ES_FAILED;
    }
    if (a->answer->status >= 200 && a->answer->status < 300)
        return ES_OK;
    (void)hits_cut_error(buf_slice(&a->answer->body), &e);
    if (a->answer->status == 401 || a->answer->status == 403)
        return refused_login(a, a->answer->status, e.reason, err);
    if (!e.type[0] && !e.reason[0])
        return odd_answer(a, err);
    return failed_request(a, &e, err);
}

bool es_request(const struct es_asker *a, const char *method, const char *path, struct slice body,
                struct err *err)
{
    struct http_request r = { .method = method, .path = path, .body = body, .repeatable = true };

    return es_ask(a, &r, err) == ES_OK;
}

bool es_request_tree(const struct es_asker *a, const char *method, const char *path,
                     struct slice body, struct arena *arena, const struct json_node **root,
                     struct err *err)
{
    struct err why;

    if (!es_request(a, method, path, body, err))
        return false;
    if (json_tree(buf_slice(&a->answer->body), arena, root, &why))
        return true;
    (void)odd_answer(a, err);
    return false;
}

struct slice es_text(const struct json_node *object, const char *name)
{
    const struct json_node *v = json_get(object, name);

    if (!v || v->type == JSON_NULL || v->type == JSON_OBJECT || v->type == JSON_ARRAY)
        return slice_of("", 0);
    return v->text;
}

static bool lacks_memory(struct slice failure)
{
    static const char breaker[] = "circuit_breaking_exception";

    return failure.p && memmem(failure.p, failure.n, breaker, sizeof(breaker) - 1);
}

enum es_outcome es_check_page(const struct es_asker *a, const struct hits_page *page,
                              struct err *err)
{
    if (page->timed_out) {
        (void)err_set(err, ERR_STORE, "%s, %s: the search timed out there, its answer is a part",
                      server_name(a), a->doing);
        (void)err_hint(err, "raise search.default_search_timeout, or try again when the server "
                            "has less to do");
        return ES_AGAIN;
    }
    /* Skipped shards (nothing in them can match) are among the successful ones. */
    if (page->has_shards && page->shards_failed == 0 &&
        page->shards_successful >= page->shards_total)
        return ES_OK;
    if (!page->has_shards) {
        (void)odd_answer(a, err);
        return ES_FAILED;
    }
    (void)err_set(err, ERR_STORE, "%s, %s: %lld of %lld shards did not answer%s%.*s",
                  server_name(a), a->doing,
                  (long long)(page->shards_total - page->shards_successful),
                  (long long)page->shards_total, page->shard_failure.p ? ": " : "",
                  SLICE_ARG(page->shard_failure));
    (void)err_hint(err, "a part would be taken for the whole: see GET _cluster/allocation/explain");
    return lacks_memory(page->shard_failure) ? ES_TOO_BIG : ES_AGAIN;
}

/* ---- giving back ------------------------------------------------------------------------ */

static struct slice release_body(struct es_store *s, bool is_pit, struct slice id, struct buf *out)
{
    struct json_writer w;
    bool               as_list = is_pit && s->pit == ES_PIT_OPENSEARCH;

    buf_init(out, ES_BODY_BYTES);
    json_writer_init(&w, out, false);
    json_open(&w, '{');
    json_key(&w, !is_pit ? "scroll_id" : as_list ? "pit_id" : "id");
    if (as_list)
        json_open(&w, '[');
    json_put_text(&w, id);
    if (as_list)
        json_close(&w, ']');
    json_close(&w, '}');
    return buf_slice(out);
}

bool es_give_back(struct es_store *s, struct http *http, struct http_answer *answer, bool is_pit,
                  struct slice id, struct err *err)
{
    struct buf          body;
    struct http_request r = { .method = "DELETE", .limit_s = ES_RELEASE_S, .repeatable = true };
    bool                ok;

    if (id.n == 0)
        return true;
    r.body = release_body(s, is_pit, id, &body);
    r.path = !is_pit                       ? "/_search/scroll"
             : s->pit == ES_PIT_OPENSEARCH ? "/_search/point_in_time"
                                           : "/_pit";
    /* One that is gone by itself is 404: just as well. */
    ok = http_send(http, &r, answer, err);
    buf_release(&body);
    if (ok || err->kind == ERR_STOPPED)
        return ok;
    log_msg(LOG_INFO, "a %s stays open on the server until it expires: %s",
            is_pit ? "point in time" : "scroll", err->msg);
    return true;
}

void es_release(struct es_store *s, struct http *http, struct http_answer *answer, bool is_pit,
                struct slice id)
{
    struct err ignored;

    if (id.n == 0)
        return;
    http_uncancel(http);
    if (!es_give_back(s, http, answer, is_pit, id, &ignored))
        return; /* not after http_uncancel */
}

const char *es_path_text(struct slice text, struct arena *a)
{
    static const char hex[] = "0123456789ABCDEF";
    char             *out = arena_alloc(a, 3 * text.n + 1);
    size_t            n = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && strchr("-_.*,", c));

        if (plain) {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '%';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
    }
    out[n] = '\0';
    return out;
}

const char *es_index_path(const char *expression, const char *rest, struct arena *a)
{
    struct buf  path;
    const char *text;

    buf_init(&path, SIZE_MAX);
    buf_add(&path, "/%s%s", es_path_text(slice_str(expression), a), rest);
    text = arena_str(a, buf_slice(&path));
    buf_release(&path);
    return text;
}
