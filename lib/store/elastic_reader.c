/*
 * elastic_reader.c - readers of a search store (elastic_internal.h).
 *
 * DESIGN. A reader is a slice with a connection and a thread of its own. The thread fetches a page
 * and cuts it while the one before it is being handed out:
 *
 *   fetcher:  [free] -> ask the server, cut, look up copies -> [full]
 *   read():                                  [full] -> batches -> [free]
 *
 * Two pages, so memory is two pages a reader, whatever is slower. All slices are opened before the
 * first page is worked on, one after the other: without a point in time that is the window in which
 * a writer would be seen by some of them only.
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/clock.h"
#include "lib/base/queue.h"
#include "lib/store/select.h"

#define PAGES 2

struct es_reader {
    struct store_reader base; /* first member */
    struct es_store    *store;
    struct store_query  query;
    struct es_slice     slice;
    char                doing[48]; /* "reading executions" */
    struct queue       *free;
    struct queue       *full;
    struct thread      *fetcher;
    bool                failed; /* the fetcher's, read after `full` is closed */
    struct err          failure;
    atomic_bool         cancelled;

    struct selector *selector; /* the reader's own thread */
    bool             selects;  /* by tenant, namespace, time or parents */
    struct es_page  *page;     /* being handed out */
};

/* ---- the fetcher ------------------------------------------------------------------------ */

static void fetch_all(void *arg)
{
    struct es_reader *r = arg;
    struct es_page   *page;
    bool              end = false;

    while (!end && (page = queue_pop(r->free))) {
        if (!es_slice_page(&r->slice, page, &end, &r->failure)) {
            r->failed = true;
            es_page_free(page);
            break;
        }
        if (!queue_push(r->full, page)) {
            es_page_free(page);
            break;
        }
    }
    queue_close(r->full);
}

/* ---- handing out ------------------------------------------------------------------------ */

/* Names that live as long as the store: a batch keeps its place. */
static const char *place_of(const struct es_reader *r, struct slice index)
{
    const struct es_kind *k = &r->store->kinds[r->slice.kind];

    for (size_t i = 0; i < k->n_indices; i++)
        if (slice_eq(slice_str(k->indices[i]), index))
            return k->indices[i];
    return k->expression;
}

static bool next_page(struct es_reader *r, bool *end, struct err *err)
{
    r->page = queue_pop(r->full);
    *end = !r->page;
    if (r->page)
        return true;
    if (atomic_load(&r->cancelled) || stop_asked(r->store->conf->stop))
        return err_set(err, ERR_STOPPED, "stopped while %s", r->doing);
    if (r->failed)
        *err = r->failure;
    return !r->failed;
}

static void give_page_back(struct es_reader *r)
{
    if (!queue_push(r->free, r->page))
        es_page_free(r->page);
    r->page = NULL;
}

/* Is the next hit for this batch? False: the batch is full for it, or of another index. */
static bool add_hit(struct es_reader *r, struct batch *into, const struct hit *hit)
{
    struct document doc = { .id = hit->id, .value = hit->source, .trusted = hit->trusted };
    const char     *place;

    if (r->selects) {
        struct selection what = selector_look(r->selector, &doc);

        if (what.outside || (r->query.parents && !what.selected))
            return true;
    }
    place = place_of(r, hit->index);
    /* What is larger than a batch travels alone. */
    if (into->n > 0 && (place != into->place || doc.id.n + doc.value.n > BATCH_MAX_BYTES))
        return false;
    selector_source(r->selector, &doc);
    into->place = place;
    batch_add(into, &doc);
    return true;
}

static bool reader_read(struct store_reader *base, struct batch *into, bool *end, struct err *err)
{
    struct es_reader *r = (struct es_reader *)base;

    *end = false;
    into->place = r->store->kinds[r->slice.kind].expression;
    while (!batch_full(into)) {
        struct es_page *p = r->page;

        if (!p) {
            if (!next_page(r, end, err))
                return false;
            if (*end)
                return true;
            continue;
        }
        for (; p->at < p->hits.n && !batch_full(into); p->at++)
            if (p->keep[p->at] && !add_hit(r, into, &p->hits.hits[p->at]))
                return true;
        if (p->at == p->hits.n)
            give_page_back(r);
    }
    return true;
}

/* ---- life ------------------------------------------------------------------------------- */

static void reader_cancel(struct store_reader *base)
{
    struct es_reader *r = (struct es_reader *)base;

    atomic_store(&r->cancelled, true);
    http_cancel(r->slice.http);
    queue_abort(r->free);
    queue_abort(r->full);
}

static void free_page(void *page)
{
    es_page_free(page);
}

static void reader_close(struct store_reader *base)
{
    struct es_reader *r = (struct es_reader *)base;

    /* Not read to the end: the fetcher may wait for a server. */
    http_cancel(r->slice.http);
    queue_abort(r->free);
    queue_abort(r->full);
    if (r->fetcher)
        thread_join(r->fetcher);
    es_page_free(r->page);
    queue_free(r->free, free_page);
    queue_free(r->full, free_page);
    es_slice_release(&r->slice);
    http_close(r->slice.http);
    selector_free(r->selector);
    if (atomic_load(&r->store->was_reopened))
        r->store->base.grade = 'C';
    mem_free(r);
}

/* The first page is asked for here, so that all slices begin before any goes on. */
static bool begin(struct es_reader *r, struct err *err)
{
    struct es_page *page = es_page_new();
    bool            end = false;

    if (!es_slice_page(&r->slice, page, &end, err) || !queue_push(r->full, page)) {
        es_page_free(page);
        return false;
    }
    if (end) {
        queue_close(r->full);
        return true;
    }
    for (size_t i = 1; i < PAGES; i++) {
        page = es_page_new();
        if (!queue_push(r->free, page))
            es_page_free(page);
    }
    r->fetcher = thread_start(fetch_all, r);
    return true;
}

/* The slice's part of `shared` is given back, also on failure. */
static bool open_reader(struct es_shared *shared, const struct store_query *q, unsigned number,
                        struct store_reader **out, struct err *err)
{
    struct es_store  *s = shared->store;
    struct es_reader *r = mem_alloc(sizeof(*r));
    struct http      *http = NULL;

    if (!es_open_http(s->conf, &http, err)) {
        es_shared_release(shared);
        mem_free(r);
        return false;
    }
    r->base = (struct store_reader){ reader_read, reader_cancel, reader_close };
    r->store = s;
    r->query = *q;
    (void)snprintf(r->doing, sizeof(r->doing), "reading %ss", kind_name(q->kind));
    es_slice_init(&r->slice, shared, &r->query, http, r->doing, number);
    r->free = queue_new(PAGES);
    r->full = queue_new(PAGES);
    r->selector = selector_new(s->layout, &r->query);
    r->selects = q->tenant || q->namespace || q->since || q->until || q->parents;
    if (begin(r, err)) {
        *out = &r->base;
        return true;
    }
    reader_close(&r->base);
    return false;
}

/* At most as many as are allowed; one where there is little to read. A scroll is cut by shards
 * only: within a shard it would be cut by _id, for which the server goes through all ids again and
 * again, so that two slices of one shard are slower than one. A point in time has no such price. */
static unsigned slices_for(const struct es_store *s, const struct es_kind *k,
                           const struct store_query *q, size_t max)
{
    size_t n = max < ES_MAX_SLICES ? max : ES_MAX_SLICES;

    if (q->ids || k->docs < ES_FEW_DOCS || n == 0)
        return 1;
    if (s->pit != ES_PIT_ELASTIC || !s->uses_pit)
        n = n < k->shards ? n : k->shards;
    return n > 0 ? (unsigned)n : 1;
}

bool es_open_readers(struct store *base, const struct store_query *q, size_t max,
                     struct store_reader **out, size_t *n, struct err *err)
{
    struct es_store  *s = (struct es_store *)base;
    enum kind         kind = kind_stored(q->kind);
    struct es_asker   a = es_own(s, "opening a point in time");
    struct es_kind   *k = &s->kinds[kind];
    unsigned          of;
    int64_t           began;
    struct es_shared *shared;

    *n = 0;
    if (!s->layout || !s->layout->kinds[kind].enabled || !store_query_fits(q))
        return err_set(err, ERR_BUG, "the store was asked to read %ss in a way it cannot",
                       kind_name(q->kind));
    if (!es_check_kind(s, q, err) ||
        (s->uses_pit && k->pit.n == 0 && !es_open_pit(s, &a, kind, &k->pit, err)))
        return false;
    of = slices_for(s, k, q, max);
    began = clock_mono_ns();
    shared = es_shared_new(s, of);
    for (unsigned i = 0; i < of; i++) {
        if (!open_reader(shared, q, i, &out[i], err)) {
            for (unsigned j = i + 1; j < of; j++)
                es_shared_release(shared);
            for (unsigned j = 0; j < i; j++)
                out[j]->close(out[j]);
            return false;
        }
    }
    if (!s->uses_pit && !q->ids && s->base.window_ns < clock_mono_ns() - began)
        s->base.window_ns = clock_mono_ns() - began;
    *n = of;
    return true;
}
