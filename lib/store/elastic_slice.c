/*
 * elastic_slice.c - one slice of a kind, page by page (elastic_internal.h).
 *
 * DESIGN. There are two ways to read. A point in time with search_after: the place is in the
 * request, so a page that was lost is asked for again. A scroll: the place is in the server and
 * moves with each request, so when an answer is lost, or is not whole, a page may be lost; then the
 * scroll is given up and the slice read again from its beginning, in a new round. The same is done
 * when a context expired. What was handed out is known by its digest and not handed out again: each
 * document counts once.
 *
 * Slices are cut by shard, and within a shard by _id (scrolls) or by the order of documents (points
 * in time). The former has the same documents in every round. The latter has not: when such a point
 * in time is lost, one slice takes over and reads everything, and the others are done.
 *
 * The end of a round is believed only when as many documents came as the first page of its context
 * promised.
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/clock.h"
#include "lib/base/queue.h"

#include <inttypes.h>

#define PAUSE_MAX_MS 5000
#define ID_TAG       0x65732d69642d2d2du /* "es-id---" */

/* ---- pages ------------------------------------------------------------------------------ */

struct es_page *es_page_new(void)
{
    struct es_page *p = mem_alloc(sizeof(*p));

    http_answer_init(&p->answer, 0);
    p->arena = arena_new(1u << 18);
    return p;
}

void es_page_free(struct es_page *p)
{
    if (!p)
        return;
    http_answer_release(&p->answer);
    arena_free(p->arena);
    mem_free(p);
}

/* ---- what slices share ---------------------------------------------------------------- */

static char token;

struct es_shared *es_shared_new(struct es_store *store, unsigned of)
{
    struct es_shared *s = mem_alloc(sizeof(*s));

    s->lock = queue_new(1);
    s->seen = idset_new();
    s->store = store;
    s->of = of;
    s->n_slices = of;
    if (!queue_push(s->lock, &token))
        abort(); /* it is empty and open */
    return s;
}

void es_shared_release(struct es_shared *s)
{
    if (--s->n_slices > 0)
        return;
    queue_free(s->lock, NULL);
    idset_free(s->seen);
    mem_free(s);
}

static void lock(struct es_shared *s)
{
    if (!queue_pop(s->lock))
        abort(); /* nobody closes or aborts it */
}

static void unlock(struct es_shared *s)
{
    if (!queue_push(s->lock, &token))
        abort();
}

/* ---- the request ------------------------------------------------------------------------ */

static struct es_asker asker(const struct es_slice *s, struct http_answer *answer)
{
    return (struct es_asker){ s->store, s->http, answer, s->doing };
}

static void put_slice(const struct es_slice *s, struct json_writer *w)
{
    if (s->of < 2)
        return;
    json_key(w, "slice");
    json_open(w, '{');
    json_key(w, "id");
    json_put_uint(w, s->number);
    json_key(w, "max");
    json_put_uint(w, s->of);
    json_close(w, '}');
}

static void put_order(struct json_writer *w, const char *field)
{
    json_open(w, '{');
    json_key(w, field);
    json_put_str(w, "asc");
    json_close(w, '}');
}

static void put_sort(const struct es_slice *s, struct json_writer *w)
{
    json_key(w, "sort");
    json_open(w, '[');
    if (!s->store->uses_pit) {
        json_put_str(w, "_doc");
    } else {
        /* OpenSearch knows no _shard_doc, and loses documents where a sort has ties: copies in
         * several indices have one _id. */
        bool other = s->store->pit == ES_PIT_OPENSEARCH;

        put_order(w, other ? "_id" : "_shard_doc");
        if (other && s->store->kinds[s->kind].n_indices > 1)
            put_order(w, "_index");
    }
    json_close(w, ']');
    if (s->after.n > 0) {
        json_key(w, "search_after");
        json_put_raw(w, buf_slice(&s->after));
    }
}

/* A search: the first page of a scroll, or any page of a point in time. */
static bool write_search(struct es_slice *s, struct err *err)
{
    struct json_writer w;

    buf_clear(&s->body);
    json_writer_init(&w, &s->body, false);
    json_open(&w, '{');
    json_key(&w, "size");
    json_put_uint(&w, s->size);
    json_key(&w, "track_total_hits");
    json_put_bool(&w, s->after.n == 0);
    json_key(&w, "query");
    if (!es_put_query(&w, s->store, s->query, ES_WANTED))
        return err_set(err, ERR_USAGE, "the selection is too long for a query");
    put_slice(s, &w);
    if (s->store->uses_pit)
        es_put_pit(&w, buf_slice(&s->pit));
    put_sort(s, &w);
    json_close(&w, '}');
    return json_writer_ok(&w) || err_set(err, ERR_USAGE, "the selection is too long for a query");
}

static bool write_scroll(struct es_slice *s)
{
    struct json_writer w;

    buf_clear(&s->body);
    json_writer_init(&w, &s->body, false);
    json_open(&w, '{');
    json_key(&w, "scroll");
    json_put_str(&w, ES_SCROLL_KEEP);
    json_key(&w, "scroll_id");
    json_put_text(&w, buf_slice(&s->scroll));
    json_close(&w, '}');
    return json_writer_ok(&w);
}

/* The page's arena holds the path. */
static enum es_outcome ask_page(struct es_slice *s, struct es_page *page, struct err *err)
{
    struct es_asker     a = asker(s, &page->answer);
    struct http_request r = { .method = "POST" };
    bool                goes_on = s->scroll.n > 0;
    const char         *how = "allow_partial_search_results=false";

    if (goes_on) {
        if (!write_scroll(s))
            return ES_FAILED;
        r.path = "/_search/scroll";
    } else {
        if (!write_search(s, err))
            return ES_FAILED;
        if (!s->store->uses_pit)
            how = "scroll=" ES_SCROLL_KEEP "&allow_partial_search_results=false";
        r.path = es_search_path(s->store, s->kind, how, page->arena);
        /* A scroll that nobody knows of expires by itself; reading goes on in another. */
        r.repeatable = true;
    }
    r.body = buf_slice(&s->body);
    return es_ask(&a, &r, err);
}

/* ---- the answer ------------------------------------------------------------------------- */

static bool keep_text(struct buf *into, struct slice text)
{
    buf_clear(into);
    return buf_append(into, text);
}

/* Where the next page is. */
static enum es_outcome take_place(struct es_slice *s, const struct hits_page *hits, struct err *err)
{
    bool ok = true;

    if (!s->store->uses_pit) {
        ok = hits->scroll_id.n > 0 && keep_text(&s->scroll, hits->scroll_id);
    } else {
        ok = hits->pit_id.n == 0 || keep_text(&s->pit, hits->pit_id);
        if (hits->n > 0)
            ok = ok && hits->hits[hits->n - 1].sort.n > 0 &&
                 keep_text(&s->after, hits->hits[hits->n - 1].sort);
    }
    if (ok)
        return ES_OK;
    (void)err_set(err, ERR_STORE, "%s, %s: its answer does not say where the next page is",
                  s->store->name, s->doing);
    return ES_FAILED;
}

/* A context of now may have lost an index that the run began with, deleted or closed, and then
 * promises fewer documents and keeps its promise. */
static bool has_all_shards(const struct es_slice *s, const struct hits_page *hits, struct err *err)
{
    unsigned shards = s->store->kinds[s->kind].shards;

    if (hits->shards_total >= (int64_t)shards)
        return true;
    (void)err_set(err, ERR_STORE, "%s, %s: %lld shards of %s answered, %u were there before",
                  s->store->name, s->doing, (long long)hits->shards_total,
                  s->store->kinds[s->kind].expression, shards);
    return err_hint(err, "a part would be taken for the whole: was an index deleted, closed or "
                         "hidden meanwhile? Run this again when nobody does");
}

static enum es_outcome take_total(struct es_slice *s, const struct hits_page *hits, struct err *err)
{
    if (s->has_total)
        return ES_OK;
    if (!has_all_shards(s, hits, err))
        return ES_FAILED;
    if (!hits->has_total || !hits->total_exact || hits->total < 0) {
        (void)err_set(err, ERR_STORE,
                      "%s, %s: its first page does not say how many documents there are",
                      s->store->name, s->doing);
        return ES_FAILED;
    }
    s->total = (uint64_t)hits->total;
    s->has_total = true;
    return ES_OK;
}

static bool check_hit(const struct es_slice *s, const struct hit *hit, struct err *err)
{
    if (hit->source.p && hit->id.p && hit->index.p)
        return true;
    (void)err_set(err, ERR_STORE, "%s, %s: a hit has no %s", s->store->name, s->doing,
                  !hit->id.p      ? "_id"
                  : !hit->index.p ? "_index"
                                  : "_source");
    return err_hint(err, "an index whose mapping says _source: {enabled: false} cannot be read");
}

/* Each document once in this round, and handed out once in all. */
static enum es_outcome take_hits(struct es_slice *s, struct es_page *page, struct err *err)
{
    struct hits_page *hits = &page->hits;

    page->keep = arena_alloc(page->arena, (hits->n + 1) * sizeof(*page->keep));
    for (size_t i = 0; i < hits->n; i++)
        if (!check_hit(s, &hits->hits[i], err))
            return ES_FAILED;
    lock(s->shared);
    for (size_t i = 0; i < hits->n; i++) {
        const struct hit *hit = &hits->hits[i];
        struct digest     id =
            digest_pair(ID_TAG, digest_bytes(ID_TAG, hit->index), digest_bytes(ID_TAG, hit->id));
        enum idset_answer seen = idset_see(s->shared->seen, id, s->round);

        page->keep[i] = seen == IDSET_NEW;
        s->n_read += seen == IDSET_AGAIN ? 0 : 1;
    }
    unlock(s->shared);
    return ES_OK;
}

static enum es_outcome read_page(struct es_slice *s, struct es_page *page, struct err *err)
{
    struct es_asker a = asker(s, &page->answer);
    enum es_outcome o = ask_page(s, page, err);
    struct err      why;

    if (o != ES_OK)
        return o;
    if (!hits_cut(buf_slice(&page->answer.body), page->arena, &page->hits, &why)) {
        (void)err_set(err, ERR_STORE, "%s, %s: its answer is broken: %s", s->store->name, s->doing,
                      why.msg);
        return ES_AGAIN;
    }
    /* First of all, so that a page that is not whole leaves no scroll behind. */
    if (!s->store->uses_pit && page->hits.scroll_id.n > 0 &&
        !keep_text(&s->scroll, page->hits.scroll_id))
        return ES_FAILED;
    o = es_check_page(&a, &page->hits, err);
    if (o == ES_OK)
        o = take_total(s, &page->hits, err);
    if (o == ES_OK)
        o = take_place(s, &page->hits, err);
    /* Last: what was seen is handed out. */
    return o == ES_OK ? take_hits(s, page, err) : o;
}

/* ---- again ------------------------------------------------------------------------------ */

/* A cancel or stop that comes meanwhile has to be seen: es_release would undo it. */
static bool drop_scroll(struct es_slice *s, struct err *err)
{
    if (!es_give_back(s->store, s->http, &s->lookup, false, buf_slice(&s->scroll), err))
        return false;
    buf_clear(&s->scroll);
    return true;
}

/* The kind's point in time is gone. Is it this slice that goes on, in one of its own? */
static bool take_over(struct es_slice *s)
{
    bool mine = true;

    if (s->own_pit || s->of <= s->store->kinds[s->kind].shards)
        return true;
    lock(s->shared);
    mine = !s->shared->taken_over;
    s->shared->taken_over = true;
    unlock(s->shared);
    s->of = 1;
    s->number = 0;
    return mine;
}

/* From the beginning of the slice, in a context of now. */
static bool start_round(struct es_slice *s, bool pit_is_gone, struct err *err)
{
    struct es_asker a = asker(s, &s->lookup);

    buf_clear(&s->after);
    s->has_total = false;
    s->n_read = 0;
    lock(s->shared);
    s->round = ++s->shared->rounds;
    unlock(s->shared);
    if (!s->store->uses_pit)
        return drop_scroll(s, err);
    if (!pit_is_gone)
        return true;
    atomic_store(&s->store->was_reopened, true);
    s->is_over = !take_over(s);
    /* It may be there all the same: the round fell short. */
    if (s->own_pit && !es_give_back(s->store, s->http, &s->lookup, true, buf_slice(&s->pit), err))
        return false;
    /* Also when it is over: copies of the page at hand may still have to be looked up. */
    s->own_pit = true;
    buf_clear(&s->pit);
    return es_open_pit(s->store, &a, s->kind, &s->pit, err);
}

bool es_slice_reopen(struct es_slice *s, struct err *err)
{
    return start_round(s, true, err);
}

static bool pause_before(const struct es_slice *s, unsigned tries, struct err *err)
{
    unsigned ms = s->store->pause_ms << (tries < 7 ? tries : 7);

    ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
    for (; ms > 0; ms -= ms < 50 ? ms : 50) {
        if (stop_asked(s->store->conf->stop))
            return err_set(err, ERR_STOPPED, "stopped while %s", s->doing);
        clock_sleep_ms(ms < 50 ? ms : 50);
    }
    return true;
}

bool es_slice_try_again(const struct es_slice *s, unsigned *tries, struct err *err)
{
    if (*tries == ES_RESTARTS)
        return err_wrap(err, "given up after %u tries", *tries + 1);
    return pause_before(s, (*tries)++, err);
}

/* What is to be done about an answer that is of no use; false: give up with *err. */
static bool recover_slice(struct es_slice *s, enum es_outcome outcome, struct err *err)
{
    if (outcome == ES_FAILED)
        return false;
    if (outcome == ES_TOO_BIG && s->size > 1) {
        s->size = s->size > 4 ? s->size / 4 : 1;
        s->max_size = s->size;
        return s->store->uses_pit || start_round(s, false, err);
    }
    if (!es_slice_try_again(s, &s->restarts, err))
        return false;
    /* With a point in time the same page is asked for again, unless it is gone. */
    if (s->store->uses_pit && outcome != ES_LOST)
        return true;
    return start_round(s, outcome == ES_LOST, err);
}

/* Only a point in time can change the size on its way. */
static void fit_size(struct es_slice *s, const struct es_page *page)
{
    double mean;
    double size;

    if (!s->store->uses_pit || page->hits.n == 0)
        return;
    mean = (double)page->answer.body.n / (double)page->hits.n;
    size = (double)ES_PAGE_BYTES / mean;
    s->size = size < 1 ? 1 : size > s->max_size ? s->max_size : (unsigned)size;
}

/* Nothing more comes, or nothing more was promised: is everything here? */
static enum es_outcome check_end(const struct es_slice *s, const struct es_page *page, bool *end,
                                 struct err *err)
{
    *end = page->hits.n == 0 || s->n_read >= s->total;
    if (!*end || s->n_read == s->total)
        return ES_OK;
    *end = false;
    (void)err_set(err, ERR_STORE, "%s, %s: %" PRIu64 " documents came, %" PRIu64 " were promised",
                  s->store->name, s->doing, s->n_read, s->total);
    (void)err_hint(err, "a part would be taken for the whole: is somebody deleting or closing "
                        "indices?");
    return s->n_read < s->total ? ES_LOST : ES_FAILED;
}

/* Nothing: another slice reads what is left. */
static void make_empty(struct es_page *page)
{
    arena_reset(page->arena);
    page->at = 0;
    page->hits = (struct hits_page){ .n = 0 };
}

bool es_slice_page(struct es_slice *s, struct es_page *page, bool *end, struct err *err)
{
    enum es_outcome o = ES_AGAIN;

    while (o != ES_OK) {
        struct err failure = ERR_INIT;

        make_empty(page);
        *end = s->is_over;
        if (*end)
            return true;
        o = read_page(s, page, &failure);
        if (o == ES_OK)
            o = check_end(s, page, end, &failure);
        if (o == ES_OK)
            break;
        *err = failure;
        if (!recover_slice(s, o, err))
            return false;
    }
    if (s->n_read > s->furthest) {
        s->furthest = s->n_read;
        s->restarts = 0;
    }
    fit_size(s, page);
    return s->store->kinds[s->kind].n_indices < 2 || es_keep_latest(s, page, err);
}

/* ---- beginning and end ------------------------------------------------------------------ */

void es_slice_init(struct es_slice *s, struct es_shared *shared, const struct store_query *query,
                   struct http *http, const char *doing, unsigned number)
{
    const struct es_kind *k;
    double                size;

    *s = (struct es_slice){
        .store = shared->store,
        .query = query,
        .kind = kind_stored(query->kind),
        .http = http,
        .doing = doing,
        .number = number,
        .of = shared->of,
        .max_size = ES_PAGE_HITS,
        .shared = shared,
    };
    k = &s->store->kinds[s->kind];
    size = k->mean_bytes > 0 ? (double)ES_PAGE_BYTES / k->mean_bytes : ES_FIRST_HITS;
    s->size = size < 1 ? 1 : size > ES_PAGE_HITS ? ES_PAGE_HITS : (unsigned)size;
    buf_init(&s->scroll, ES_BODY_BYTES);
    buf_init(&s->pit, ES_BODY_BYTES);
    buf_init(&s->after, ES_BODY_BYTES);
    buf_init(&s->body, ES_BODY_BYTES);
    http_answer_init(&s->lookup, 0);
    if (k->pit.n > 0)
        buf_add(&s->pit, "%s", k->pit.p);
}

void es_slice_release(struct es_slice *s)
{
    es_release(s->store, s->http, &s->lookup, false, buf_slice(&s->scroll));
    if (s->own_pit)
        es_release(s->store, s->http, &s->lookup, true, buf_slice(&s->pit));
    buf_release(&s->scroll);
    buf_release(&s->pit);
    buf_release(&s->after);
    buf_release(&s->body);
    http_answer_release(&s->lookup);
    es_shared_release(s->shared);
}
