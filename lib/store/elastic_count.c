/*
 * elastic_count.c - counts of a kind, without handing documents out (elastic_internal.h).
 *
 * In a point in time they are of the same instant as the reading. In several indices copies of one
 * document are counted each: which of them counts is only known when they are read.
 */
#include "lib/store/elastic_internal.h"

/* The body of a search that counts. */
static bool write_count(struct es_store *s, const struct store_query *q, enum es_part part,
                        struct buf *body)
{
    struct json_writer w;

    json_writer_init(&w, body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, 0);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, true);
    json_key(&w, "query");
    if (!es_put_query(&w, s, q, part))
        return false;
    if (s->uses_pit)
        es_put_pit(&w, buf_slice(&s->kinds[kind_stored(q->kind)].pit));
    json_close(&w, '}');
    return json_writer_ok(&w);
}

static enum es_outcome ask_count(struct es_store *s, const struct store_query *q, enum es_part part,
                                 uint64_t *out, struct err *err)
{
    enum kind           kind = kind_stored(q->kind);
    struct es_asker     a = es_own(s, "counting documents");
    struct arena       *arena = arena_new(1u << 12);
    struct http_request r = { .method = "POST", .repeatable = true };
    struct hits_page    hits = { 0 };
    struct buf          body;
    enum es_outcome     o = ES_FAILED;

    buf_init(&body, ES_BODY_BYTES);
    if (write_count(s, q, part, &body)) {
        r.body = buf_slice(&body);
        r.path = es_search_path(s, kind, "allow_partial_search_results=false", arena);
        o = es_ask(&a, &r, err);
    } else {
        (void)err_set(err, ERR_USAGE, "the selection is too long for a query");
    }
    if (o == ES_OK && !hits_cut(buf_slice(&a.answer->body), arena, &hits, err)) {
        err->kind = ERR_STORE;
        (void)err_wrap(err, "%s, counting documents", s->name);
        o = ES_FAILED;
    }
    if (o == ES_OK)
        o = es_check_page(&a, &hits, err);
    if (o == ES_OK && (!hits.has_total || !hits.total_exact)) {
        (void)err_set(err, ERR_STORE, "%s, counting documents: its answer has no exact total",
                      s->name);
        o = ES_FAILED;
    }
    *out = (uint64_t)hits.total;
    buf_release(&body);
    arena_free(arena);
    return o;
}

/* A point in time that expired is opened anew, once: then the instant is another one. */
static bool count_part(struct es_store *s, const struct store_query *q, enum es_part part,
                       uint64_t *out, struct err *err)
{
    enum kind       kind = kind_stored(q->kind);
    struct es_asker a = es_own(s, "opening a point in time");
    enum es_outcome o = ask_count(s, q, part, out, err);

    if (o != ES_LOST || !s->uses_pit)
        return o == ES_OK;
    atomic_store(&s->was_reopened, true);
    s->base.grade = 'C';
    buf_clear(&s->kinds[kind].pit);
    return es_open_pit(s, &a, kind, &s->kinds[kind].pit, err) &&
           ask_count(s, q, part, out, err) == ES_OK;
}

bool es_count(struct store *base, const struct store_query *q, struct store_counts *out,
              struct err *err)
{
    struct es_store *s = (struct es_store *)base;
    enum kind        kind = kind_stored(q->kind);
    bool             is_execution = kind == KIND_EXECUTION;
    struct es_asker  a = es_own(s, "opening a point in time");
    struct es_kind  *k = &s->kinds[kind];
    uint64_t         within = 0;

    memset(out, 0, sizeof(*out));
    if (!s->layout || !s->layout->kinds[kind].enabled)
        return err_set(err, ERR_BUG, "the store was asked to count %ss, which it does not have",
                       kind_name(kind));
    if (!es_check_kind(s, q, err) ||
        (s->uses_pit && k->pit.n == 0 && !es_open_pit(s, &a, kind, &k->pit, err)))
        return false;
    if (!count_part(s, q, ES_ALL, &out->total, err) ||
        !count_part(s, q, ES_SELECTED, &within, err) ||
        !count_part(s, q, ES_WANTED, &out->selected, err))
        return false;
    if ((is_execution || kind == KIND_TEMPLATE) && k->has_deleted &&
        !count_part(s, q, ES_DELETED, &out->deleted, err))
        return false;
    if (is_execution && !count_part(s, q, ES_TERMINAL, &out->terminal, err))
        return false;
    if (kind == KIND_TRIGGER && s->layout->kinds[kind].n_unlock > 0 &&
        !count_part(s, q, ES_LOCKED, &out->locked, err))
        return false;
    /* Without a point in time the counts are of different instants. */
    out->outside = out->total > within ? out->total - within : 0;
    if (is_execution && within > out->deleted + out->terminal)
        out->pending = within - out->deleted - out->terminal;
    return true;
}
