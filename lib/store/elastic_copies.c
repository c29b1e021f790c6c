/*
 * elastic_copies.c - a kind in several indices: which copy of a document counts
 * (elastic_internal.h).
 *
 * With dated indices one execution can be in two (data-model 7.3): yesterday's copy says RUNNING,
 * today's says that it ended. The filter finds the first and not the second, so every id of a page
 * is looked up over all indices, whatever its state, and only the latest copy (lib/kestra/latest.h)
 * is handed out. Two steps, because copies are rare: where is the id (without documents), and, for
 * those that are in two places, the documents.
 *
 * By _id and not by the member id: it is what the server itself keeps unique, and every index has
 * it, whatever its mapping.
 */
#include "lib/store/elastic_internal.h"

#include "lib/kestra/latest.h"

#define IDS_AT_ONCE  1000
#define DOCS_AT_ONCE 100

/* An id of the page that has copies elsewhere. */
struct copied {
    size_t        at;    /* in the page */
    struct slice  index; /* where the latest copy is, as far as known */
    struct latest latest;
};

/* Hits of a page are in no order, so they are found by a small hash of their ids. */
struct id_table {
    size_t  n_room;
    size_t *room; /* 1 + place in the page; 0: empty */
};

struct lookup {
    struct es_slice *slice;
    struct es_page  *page;
    struct id_table  table; /* of the page */
    struct arena    *arena; /* of this page's answers */
    size_t           n;
    struct copied   *copied;
    bool            *is_copied; /* by place in the page */
};

/* All copies of n ids, at most ES_PAGE_HITS. */
static enum es_outcome ask_copies(struct es_slice *s, const struct slice *ids, size_t n,
                                  bool with_source, struct arena *arena, struct hits_page *out,
                                  struct err *err)
{
    struct json_writer  w;
    struct es_asker     a = { s->store, s->http, &s->lookup, s->doing };
    struct http_request r = { .method = "POST", .repeatable = true };
    enum es_outcome     o;

    buf_clear(&s->body);
    json_writer_init(&w, &s->body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, ES_PAGE_HITS);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, true);
    if (!with_source) {
        json_key(&w, "_source");
        json_put_bool(&w, false);
    }
    json_key(&w, "query");
    es_put_ids(&w, ids, n);
    if (s->store->uses_pit) {
        es_put_pit(&w, buf_slice(&s->pit));
    }
    json_close(&w, '}');
    if (!json_writer_ok(&w)) {
        (void)err_set(err, ERR_STORE, "%s, %s: ids that are too long", s->store->name, s->doing);
        return n > 1 ? ES_TOO_BIG : ES_FAILED;
    }
    r.path = es_search_path(s->store, s->kind, "allow_partial_search_results=false", arena);
    r.body = buf_slice(&s->body);
    o = es_ask(&a, &r, err);
    if (o != ES_OK)
        return o;
    if (!hits_cut(buf_slice(&s->lookup.body), arena, out, err)) {
        err->kind = ERR_STORE;
        (void)err_wrap(err, "%s, %s", s->store->name, s->doing);
        return ES_AGAIN;
    }
    o = es_check_page(&a, out, err);
    if (o == ES_OK && (!out->has_total || (uint64_t)out->total != out->n)) {
        (void)err_set(err, ERR_STORE, "%s, %s: one search cannot show all copies of %zu documents",
                      s->store->name, s->doing, n);
        return n > 1 ? ES_TOO_BIG : ES_FAILED;
    }
    return o;
}

static struct id_table table_of(const struct es_page *page, struct arena *a)
{
    struct id_table t = { .n_room = 64 };

    while (t.n_room < page->hits.n * 2)
        t.n_room *= 2;
    t.room = arena_alloc(a, t.n_room * sizeof(*t.room));
    memset(t.room, 0, t.n_room * sizeof(*t.room));
    for (size_t i = 0; i < page->hits.n; i++) {
        size_t at = (size_t)hash64(page->hits.hits[i].id) & (t.n_room - 1);

        while (t.room[at] != 0)
            at = (at + 1) & (t.n_room - 1);
        t.room[at] = i + 1;
    }
    return t;
}

/* Every hit of the page with that id (two of its hits may be copies of each other). */
static void each_of_id(struct lookup *l, const struct hit *copy,
                       void (*fn)(struct lookup *, size_t at, const struct hit *copy))
{
    const struct hits_page *page = &l->page->hits;
    size_t                  at = (size_t)hash64(copy->id) & (l->table.n_room - 1);

    for (; l->table.room[at] != 0; at = (at + 1) & (l->table.n_room - 1)) {
        size_t i = l->table.room[at] - 1;

        if (slice_eq(page->hits[i].id, copy->id))
            fn(l, i, copy);
    }
}

/* An id that is in an index other than the page's hit has copies. */
static void note_copied(struct lookup *l, size_t at, const struct hit *copy)
{
    const struct hit *own = &l->page->hits.hits[at];

    if (slice_eq(own->index, copy->index) || l->is_copied[at])
        return;
    l->is_copied[at] = true;
    l->copied[l->n++] = (struct copied){
        .at = at,
        .index = own->index,
        .latest = latest_of(own->source, own->trusted),
    };
}

static void weigh(struct lookup *l, size_t at, const struct hit *copy)
{
    struct latest latest = latest_of(copy->source, copy->trusted);

    for (size_t i = 0; i < l->n; i++) {
        struct copied *c = &l->copied[i];

        if (c->at != at || slice_eq(c->index, copy->index) ||
            latest_compare(&c->latest, c->index, &latest, copy->index) >= 0)
            continue;
        c->latest = latest;
        c->index = arena_copy(l->page->arena, copy->index);
    }
}

static void take_places(struct lookup *l, const struct hits_page *hits)
{
    for (size_t i = 0; i < hits->n; i++)
        each_of_id(l, &hits->hits[i], note_copied);
}

static void take_documents(struct lookup *l, const struct hits_page *hits)
{
    for (size_t i = 0; i < hits->n; i++)
        if (hits->hits[i].source.p)
            each_of_id(l, &hits->hits[i], weigh);
}

/* A look-up is small and has no place to lose: what fails is asked for again, or for less of it. */
static bool look_up(struct lookup *l, const struct slice *ids, size_t n, bool with_source,
                    struct err *err)
{
    struct hits_page hits;
    size_t           at = 0;
    size_t           step = with_source ? DOCS_AT_ONCE : IDS_AT_ONCE;
    unsigned         tries = 0;

    while (at < n) {
        size_t          count = n - at < step ? n - at : step;
        enum es_outcome o;

        arena_reset(l->arena);
        o = ask_copies(l->slice, ids + at, count, with_source, l->arena, &hits, err);
        if (o == ES_OK && with_source)
            take_documents(l, &hits);
        else if (o == ES_OK)
            take_places(l, &hits);
        if (o == ES_OK)
            at += count;
        else if (o == ES_TOO_BIG && count > 1)
            step = count / 2;
        else if ((o != ES_AGAIN && o != ES_LOST) || !es_slice_try_again(l->slice, &tries, err) ||
                 (o == ES_LOST && !es_slice_reopen(l->slice, err)))
            return false;
    }
    return true;
}

bool es_keep_latest(struct es_slice *s, struct es_page *page, struct err *err)
{
    struct lookup l = { .slice = s, .page = page };
    struct slice *ids;
    size_t        n = 0;
    bool          ok;

    if (page->hits.n == 0)
        return true;
    ids = arena_alloc(page->arena, page->hits.n * sizeof(*ids));
    l.copied = arena_alloc(page->arena, page->hits.n * sizeof(*l.copied));
    l.is_copied = arena_alloc(page->arena, page->hits.n * sizeof(*l.is_copied));
    memset(l.is_copied, 0, page->hits.n * sizeof(*l.is_copied));
    l.arena = arena_new(1u << 16);
    l.table = table_of(page, page->arena);
    for (size_t i = 0; i < page->hits.n; i++)
        if (page->keep[i])
            ids[n++] = page->hits.hits[i].id;
    ok = look_up(&l, ids, n, false, err);
    for (size_t i = 0; i < l.n; i++)
        ids[i] = page->hits.hits[l.copied[i].at].id;
    ok = ok && look_up(&l, ids, l.n, true, err);
    for (size_t i = 0; ok && i < l.n; i++) {
        const struct copied *c = &l.copied[i];

        if (!slice_eq(c->index, page->hits.hits[c->at].index))
            page->keep[c->at] = false;
    }
    arena_free(l.arena);
    return ok;
}
