/*
 * Reading from a search server that has faults: every document once, or an error, never less in
 * silence, and no context left behind.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/store/elastic_internal.h"
#include "lib/store/pipeline.h"
#include "tests/support/fake_search.h"
#include "tests/support/http_world.h"
#include "tests/support/layout_files.h"

#define MAX_DOCS 2000
#define N_DOCS   250
#define PAGE     40
#define MANY     100000u /* more than one slice is worth it */
#define FOREVER  1000000u

/* ---- world -------------------------------------------------------------------------------- */

struct world {
    struct sink             sink; /* first member */
    struct fake_search     *server;
    struct search_settings *faults;
    struct layout          *layout;
    struct store_conf       conf;
    struct store           *store;
    struct store_info       info;
    struct store_query      query;
    struct tally            tally;
    struct stop             stop;
    struct err              err;
    char                    url[128];
    unsigned                seen[MAX_DOCS];
    size_t                  n;
    size_t                  stops_after; /* records; 0: never */
    size_t                  fails_after;
    char                    last[512]; /* value */
    char                    skipped[128];
    unsigned                jobs;
};

static bool put(struct sink *sink, const struct record *rec, enum reason *refused, struct err *err)
{
    struct world *w = (struct world *)sink;
    size_t        i = rec->key.n > 1 ? (size_t)strtoul(rec->key.p + 1, NULL, 10) : 0;

    (void)refused;
    if (i < MAX_DOCS)
        w->seen[i]++;
    (void)snprintf(w->last, sizeof(w->last), "%.*s", SLICE_ARG(rec->value));
    if (++w->n == w->fails_after)
        return err_set(err, ERR_KAFKA, "the sink failed");
    if (w->n == w->stops_after)
        stop_ask(&w->stop);
    return true;
}

static void note_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct world *w = ctx;

    (void)doc;
    (void)snprintf(w->skipped, sizeof(w->skipped), "%s %s", place, reason_name(p->reason));
}

static void add(struct world *w, const char *index, const char *id, const char *namespace,
                const char *state, const char *date)
{
    char json[512];

    (void)snprintf(json, sizeof(json),
                   "{\"id\":\"%s\",\"namespace\":\"%s\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"deleted\":false,\"state\":{\"current\":\"%s\",\"startDate\":\"%s\","
                   "\"histories\":[{\"state\":\"CREATED\",\"date\":\"%s\"}]}}",
                   id, namespace, state, date, date);
    fake_search_add(w->server, index, id, json);
}

static void add_many(struct world *w, const char *index, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "e%u", i);
        add(w, index, id, "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    }
}

static struct world *begin(const char *distribution, const char *version)
{
    struct world *w = mem_alloc(sizeof(*w));

    thread_block_signals(); /* SIGPIPE is ignored */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    w->sink.put = put;
    w->server = fake_search_start(distribution, version);
    w->faults = fake_search_settings(w->server);
    w->faults->page_cap = PAGE;
    w->layout = layout_file("I");
    w->query = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    w->jobs = 1;
    (void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", fake_search_port(w->server));
    w->conf = (struct store_conf){ .url = w->url, .jobs = 4, .stop = &w->stop };
    return w;
}

static int begin_scroll(void **state)
{
    *state = begin(NULL, "7.10.2");
    return 0;
}

static int begin_opensearch(void **state)
{
    *state = begin("opensearch", "2.19.6");
    return 0;
}

static int begin_pit(void **state)
{
    *state = begin(NULL, "8.2.3");
    return 0;
}

static void close_store(struct world *w)
{
    if (w->store)
        w->store->close(w->store);
    w->store = NULL;
}

static int end(void **state)
{
    struct world *w = *state;

    close_store(w);
    fake_search_end(w->server);
    layout_free(w->layout);
    mem_free(w);
    return 0;
}

static bool open_store(struct world *w)
{
    if (w->store)
        return true;
    if (!store_open(&w->conf, &w->store, &w->err) ||
        !w->store->describe(w->store, &w->info, &w->err) ||
        !w->store->use(w->store, w->layout, &w->err))
        return false;
    ((struct es_store *)w->store)->pause_ms = 1;
    return true;
}

static bool run(struct world *w)
{
    struct project_options options = { w->query.executions, UNLOCK_NONE };
    struct pipeline        p = { .store = NULL,
                                 .query = &w->query,
                                 .jobs = w->jobs,
                                 .sink = &w->sink,
                                 .tally = &w->tally,
                                 .stop = &w->stop,
                                 .on_skip = note_skip,
                                 .ctx = w };
    bool                   ok;

    memset(w->seen, 0, sizeof(w->seen));
    w->n = 0;
    w->tally = (struct tally){ 0 };
    if (!open_store(w))
        return false;
    p.store = w->store;
    p.projector = projector_new(w->layout, &options, NULL, NULL);
    ok = pipeline_run(&p, &w->err);
    projector_free(p.projector);
    return ok;
}

static void assert_each_once(const struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->seen[i] != 1)
            fail_msg("document %zu came %u times", i, w->seen[i]);
    assert_int_equal(w->n, n);
}

static void assert_nothing_left(struct world *w)
{
    close_store(w);
    assert_int_equal(fake_search_open(w->server), 0);
}

static void runs(struct world *w, size_t n)
{
    if (!run(w))
        fail_msg("%s (%s)", w->err.msg, w->err.hint);
    assert_each_once(w, n);
}

static void fails(struct world *w, const char *why)
{
    assert_false(run(w));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_text_has(w->err.msg, why);
}

static bool is_pit(const struct world *w)
{
    return w->info.version[0] == '8';
}

static void spoil(struct world *w, enum search_ask what, unsigned from, unsigned n, int status,
                  const char *body)
{
    w->faults->spoil =
        (struct search_spoil){ .what = what, .from = from, .n = n, .status = status, .body = body };
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void all_documents_come_once_and_no_context_is_left(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    runs(w, N_DOCS);
    assert_int_equal(w->store->grade, is_pit(w) ? 'B' : 'C');
    assert_nothing_left(w);
}

static void three_slices_give_all_documents_once(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->count_lie = MANY;
    w->jobs = 3;
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

static void a_429_is_waited_for(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    spoil(w, ASK_PAGE, 3, 1, 429,
          "{\"error\":{\"root_cause\":[],\"type\":\"es_rejected_execution_exception\","
          "\"reason\":\"queue is full\"},\"status\":429}");
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

static void an_expired_context_is_opened_anew_and_each_document_comes_once(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 4, .n = 1, .expire = true };
    runs(w, N_DOCS);
    assert_int_equal(w->store->grade, 'C');
    assert_nothing_left(w);
}

/* Slices of another point in time are not the same documents: one slice reads all that is left. */
static void slices_that_lose_their_context_give_all_documents_once(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->count_lie = MANY;
    w->jobs = 3;
    for (unsigned page = 1; page < 7; page++) {
        w->faults->spoil = (struct search_spoil){
            .what = ASK_PAGE,
            .from = fake_search_asked(w->server, ASK_PAGE) + page,
            .n = 1,
            .expire = true,
        };
        runs(w, N_DOCS);
        assert_nothing_left(w);
    }
}

struct cut {
    size_t        at;
    enum fake_end end;
};

static void cut_it(void *ctx, struct fake_answer *a)
{
    const struct cut *c = ctx;

    a->cut_at = c->at;
    a->end = c->end;
}

static void a_page_cut_anywhere_loses_nothing(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    for (size_t at = 0; at < 10000; at += 701) {
        struct cut c = { at, at % 2 ? FAKE_RESET : FAKE_CLOSE };

        w->faults->spoil =
            (struct search_spoil){ .what = ASK_PAGE,
                                   .from = fake_search_asked(w->server, ASK_PAGE) + 3,
                                   .n = 1,
                                   .change = cut_it,
                                   .ctx = &c };
        runs(w, N_DOCS);
        w->faults->spoil.n = 0;
    }
    assert_nothing_left(w);
}

static void a_page_that_comes_twice_counts_once(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 3, .n = 1, .repeat = true };
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

static void a_page_that_always_fails_to_come_is_an_error(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_PAGE, .from = 2, .n = FOREVER, .skip = true };
    fails(w, "were promised");
    assert_nothing_left(w);
}

/* ---- answers that are a part --------------------------------------------------------------- */

static void replace(struct fake_answer *a, const char *old, const char *new)
{
    char  *at = strstr(a->body.p, old);
    size_t n = strlen(old);

    if (at && strlen(new) == n)
        memcpy(at, new, n);
}

static void one_shard_failed(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    replace(a, "\"failed\":0", "\"failed\":1");
}

static void one_shard_is_silent(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    replace(a, "\"successful\":3", "\"successful\":2");
}

/* Of the successful ones, some are skipped: the two numbers do not add up. */
static void one_is_silent_one_skipped(void *ctx, struct fake_answer *a)
{
    one_shard_is_silent(ctx, a);
    replace(a, "\"skipped\":0", "\"skipped\":1");
}

static void one_is_skipped(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    replace(a, "\"skipped\":0", "\"skipped\":1");
}

static void search_timed_out(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    replace(a, "\"timed_out\":false", "\"timed_out\":true ");
}

static void a_part_is_never_taken_for_the_whole(void **state)
{
    static void (*const parts[])(void *, struct fake_answer *) = {
        one_shard_failed, one_shard_is_silent, one_is_silent_one_skipped, search_timed_out
    };
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        w->faults->spoil =
            (struct search_spoil){ .what = ASK_PAGE,
                                   .from = fake_search_asked(w->server, ASK_PAGE) + 2,
                                   .n = 1,
                                   .change = parts[i] };
        runs(w, N_DOCS);
        w->faults->spoil.n = FOREVER;
        fails(w, parts[i] == search_timed_out ? "timed out" : "did not answer");
        assert_nothing_left(w);
        w->faults->spoil.n = 0;
    }
}

static void a_skipped_shard_is_no_fault(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 1, .n = FOREVER, .change = one_is_skipped
    };
    runs(w, N_DOCS);
}

/* ---- too much at a time -------------------------------------------------------------------- */

static void pages_shrink_where_the_server_has_too_little_memory(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->page_cap = 0;
    w->faults->size_max = 50;
    w->faults->too_big.status = 429;
    w->faults->too_big.body =
        "{\"error\":{\"root_cause\":[{\"type\":\"circuit_breaking_exception\","
        "\"reason\":\"Data too large\"}],\"type\":"
        "\"circuit_breaking_exception\",\"reason\":\"Data too large\"},"
        "\"status\":429}";
    runs(w, N_DOCS);
    /* What was too large once is not asked for at every page. */
    assert_true(fake_search_asked(w->server, ASK_PAGE) < 20);
    w->faults->too_big.status = 413;
    w->faults->too_big.body = "";
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

static void pages_shrink_where_an_answer_is_above_the_limit(void **state)
{
    struct world   *w = *state;
    struct es_slice s;
    struct es_page *page = es_page_new();
    struct http    *http = NULL;
    size_t          n = 0;
    bool            is_end = false;

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->page_cap = 0;
    http_answer_release(&page->answer);
    http_answer_init(&page->answer, 20000);
    w->query.executions = EXECUTIONS_ALL;
    assert_true(run(w)); /* opens the point in time */
    assert_true(es_open_http(&w->conf, &http, &w->err));
    es_slice_init(&s, es_shared_new((struct es_store *)w->store, 1), &w->query, http, "reading", 0);
    while (!is_end) {
        if (!es_slice_page(&s, page, &is_end, &w->err))
            fail_msg("%s", w->err.msg);
        for (size_t i = 0; i < page->hits.n; i++)
            n += page->keep[i];
    }
    assert_int_equal(n, N_DOCS);
    es_slice_release(&s);
    http_close(http);
    es_page_free(page);
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void fall_silent(void *ctx, struct fake_answer *a)
{
    a->cut_at = 300;
    a->end = FAKE_SILENT;
    stop_ask(ctx);
}

static void a_stop_ends_the_wait_for_a_silent_server(void **state)
{
    struct world *w = *state;
    int64_t       since = clock_mono_ns();

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 3, .n = 1, .change = fall_silent, .ctx = &w->stop
    };
    assert_false(run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(http_world_ms_since(since) < 3000);
    assert_nothing_left(w);
}

struct two_falls {
    struct world *w;
    bool          had_one;
};

/* The first time incomplete, later silent. */
static void break_then_fall_silent(void *ctx, struct fake_answer *a)
{
    struct two_falls *x = ctx;

    if (x->had_one) {
        fall_silent(&x->w->stop, a);
        return;
    }
    x->had_one = true;
    one_shard_failed(NULL, a);
    x->w->faults->spoil.from++;
}

static void a_stop_is_seen_also_after_a_restart(void **state)
{
    struct world    *w = *state;
    struct two_falls x = { w, false };
    int64_t          since = clock_mono_ns();

    add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 1, .n = 1, .change = break_then_fall_silent, .ctx = &x
    };
    assert_false(run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(http_world_ms_since(since) < 3000);
    /* A scroll whose id never came cannot be given back: it expires. */
    close_store(w);
    assert_int_equal(fake_search_open(w->server), is_pit(w) ? 0 : 1);
}

static void after_a_stop_or_an_error_no_context_is_left(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->fails_after = 50;
    assert_false(run(w));
    assert_int_equal(w->err.kind, ERR_KAFKA);
    assert_nothing_left(w);
    w->fails_after = 0;
    spoil(w, ASK_PAGE, fake_search_asked(w->server, ASK_PAGE) + 2, FOREVER, 400,
          "{\"error\":{\"type\":\"parsing_exception\",\"reason\":\"no\"},\"status\":400}");
    fails(w, "parsing_exception");
    w->faults->spoil.n = 0;
    assert_nothing_left(w);
    w->stops_after = 50;
    assert_false(run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_nothing_left(w);
}

static void a_cancelled_reader_leaves_no_context(void **state)
{
    struct world        *w = *state;
    struct store_reader *reader;
    struct batch        *batch = batch_new();
    size_t               n;
    bool                 is_end = false;
    bool                 ok = true;

    add_many(w, "kestra_executions", N_DOCS);
    assert_true(open_store(w));
    assert_true(w->store->open_readers(w->store, &w->query, 1, &reader, &n, &w->err));
    reader->cancel(reader);
    while (ok && !is_end) {
        batch_clear(batch);
        ok = reader->read(reader, batch, &is_end, &w->err);
    }
    assert_false(ok);
    assert_int_equal(w->err.kind, ERR_STOPPED);
    reader->close(reader);
    batch_free(batch);
    assert_nothing_left(w);
}

/* ---- servers that cannot be used ----------------------------------------------------------- */

static void fails_to_open(struct world *w, const char *why)
{
    close_store(w);
    assert_false(open_store(w));
    assert_text_has(w->err.msg, why);
    close_store(w);
}

static void become_html(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    buf_clear(&a->headers);
    buf_add(&a->headers, "Content-Type: text/html\r\n");
}

static void who_answers_is_told_from_a_search_server(void **state)
{
    struct world *w = *state;

    spoil(w, ASK_ANY, 1, 1, 401,
          "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":401}");
    fails_to_open(w, "password refused");
    w->faults->spoil.status = 403;
    fails_to_open(w, "no right");
    spoil(w, ASK_ANY, 1, 1, 200, "<html>hello</html>");
    w->faults->spoil.change = become_html;
    fails_to_open(w, "neither Elasticsearch nor OpenSearch");
    w->faults->spoil.status = 404;
    fails_to_open(w, "as no search server does");
    spoil(w, ASK_ANY, 1, 1, 200, "{\"name\":\"x\"}");
    fails_to_open(w, "neither Elasticsearch nor OpenSearch");
    spoil(w, ASK_ANY, 1, 1, 200, "{\"cluster_uuid\":\"u\",\"version\":{\"number\":\"6.8.1\"}}");
    fails_to_open(w, "too old");
    spoil(w, ASK_ANY, 1, 1, 200, "{\"cluster_uuid\":\"_na_\",\"version\":{\"number\":\"7.10.2\"}}");
    fails_to_open(w, "not joined");
}

static void without_the_right_to_refresh_it_reads_on(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", 5);
    spoil(w, ASK_REFRESH, 1, FOREVER, 403,
          "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":403}");
    runs(w, 5);
}

static void indices_that_cannot_be_read_are_named(void **state)
{
    struct world        *w = *state;
    struct search_index *x;

    (void)fake_search_index(w->server, "shop_orders");
    fails_to_open(w, "there is no index kestra_flows");
    assert_text_has(w->err.hint, "shop_orders");
    (void)fake_search_index(w->server, "kestra_triggers");
    fails(w, "there is no index kestra_executions");
    assert_text_has(w->err.hint, "kestra_triggers");
    close_store(w);
    x = fake_search_index(w->server, "kestra_executions");
    x->status = "close";
    fails_to_open(w, "kestra_executions is closed");
    x->status = "open";
    x->health = "red";
    fails_to_open(w, "kestra_executions is red");
}

static void a_mapping_that_is_not_kestras_is_refused(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", 5);
    w->faults->mapping = "{\"namespace\":{\"text\":{}},\"state.current\":{\"keyword\":{}}}";
    w->query.namespace = "n";
    fails(w, "does not map the field namespace as keyword");
    w->query.namespace = NULL;
    runs(w, 5);
}

static void hits_without_source_are_an_error(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions", 5);
    w->faults->no_source = true;
    fails(w, "a hit has no _source");
    assert_nothing_left(w);
}

static void an_id_that_is_not_the_key_is_skipped_by_name(void **state)
{
    struct world *w = *state;

    fake_search_add(w->server, "kestra_executions", "other",
                    "{\"id\":\"e1\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                    "\"state\":{\"current\":\"RUNNING\"}}");
    assert_true(run(w));
    assert_int_equal(w->n, 0);
    assert_string_equal(w->skipped, "kestra_executions key-mismatch");
}

static void too_many_scrolls_are_told_at_once(void **state)
{
    static const char text[] =
        "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":\"Trying to create too many "
        "scroll contexts. Must be less than or equal to: [2].\"}],\"type\":"
        "\"search_phase_execution_exception\",\"reason\":\"all shards failed\"},\"status\":500}";
    struct world *w = *state;

    add_many(w, "kestra_executions", 5);
    spoil(w, ASK_PAGE, 1, FOREVER, 500, text);
    fails(w, "too many scroll contexts");
    assert_text_has(w->err.hint, "--jobs 1");
    w->faults->spoil.status = 429;
    fails(w, "too many scroll contexts");
    assert_int_equal(fake_search_asked(w->server, ASK_PAGE), 2);
}

/* ---- several indices ------------------------------------------------------------------------ */

static void only_the_latest_of_copies_counts(void **state)
{
    static const char old[] = "kestra_executions-2024-03-01";
    static const char new[] = "kestra_executions-2024-03-02";
    struct world *w = *state;

    add(w, old, "e0", "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, new, "e0", "n", "SUCCESS", "2024-03-02T10:00:00.000Z");
    runs(w, 0);
    /* Both pending: the later one, whichever index it is in. */
    add(w, old, "e1", "n", "RUNNING", "2024-03-02T11:00:00.000Z");
    add(w, new, "e1", "n", "PAUSED", "2024-03-01T11:00:00.000Z");
    assert_true(run(w));
    assert_int_equal(w->n, 1);
    assert_text_has(w->last, "\"RUNNING\"");
    /* A tie: the index whose name sorts last. */
    add(w, old, "e2", "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, new, "e2", "n", "PAUSED", "2024-03-01T10:00:00.000Z");
    w->query.ids = &SLICE("e2");
    w->query.n_ids = 1;
    assert_true(run(w));
    assert_int_equal(w->n, 1);
    assert_text_has(w->last, "\"PAUSED\"");
    assert_nothing_left(w);
}

static void a_context_that_expires_while_copies_are_looked_up_is_opened_anew(void **state)
{
    struct world *w = *state;

    add_many(w, "kestra_executions-1", N_DOCS);
    add(w, "kestra_executions-2", "e7", "n", "RUNNING", "2024-03-09T10:00:00.000Z");
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_COPIES, .from = 3, .n = 1, .expire = true };
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

/* ---- selection ------------------------------------------------------------------------------ */

static void what_the_server_selects_too_much_is_left_out(void **state)
{
    struct world *w = *state;

    add(w, "kestra_executions", "e0", "a.b", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, "kestra_executions", "e1", "a.b.c", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, "kestra_executions", "e2", "A.B", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, "kestra_executions", "e3", "a.bc", "RUNNING", "2024-03-01T10:00:00.000Z");
    w->query.namespace = "a.b";
    runs(w, 2);
    w->query.namespace = NULL;
    add(w, "kestra_executions", "e4", "n", "RUNNING", "2024-03-02T10:00:00.000Z");
    w->query.until = "2024-03-02T10:00:00.000Z";
    runs(w, 4);
    w->query.until = NULL;
    w->query.since = "2024-03-02T10:00:00.000Z";
    assert_true(run(w));
    assert_int_equal(w->n, 1);
    assert_int_equal(w->seen[4], 1);
}

static void documents_are_looked_up_by_ids(void **state)
{
    const struct slice ids[] = { SLICE("e0"), SLICE("e1"), SLICE("missing") };
    struct world      *w = *state;

    add_many(w, "kestra_executions", N_DOCS);
    w->query.ids = ids;
    w->query.n_ids = COUNT_OF(ids);
    runs(w, 2);
    assert_nothing_left(w);
}

static void counts_are_those_of_the_selection(void **state)
{
    struct world       *w = *state;
    struct store_counts c;

    add(w, "kestra_executions", "e0", "a", "RUNNING", "2024-03-01T10:00:00.000Z");
    add(w, "kestra_executions", "e1", "a", "SUCCESS", "2024-03-01T10:00:00.000Z");
    add(w, "kestra_executions", "e2", "b", "RUNNING", "2024-03-01T10:00:00.000Z");
    w->query.namespace = "a";
    assert_true(open_store(w));
    for (unsigned i = 0; i < 2; i++) {
        assert_true(w->store->count(w->store, &w->query, &c, &w->err));
        assert_int_equal(c.total, 3);
        assert_int_equal(c.outside, 1);
        assert_int_equal(c.terminal, 1);
        assert_int_equal(c.pending, 1);
        assert_int_equal(c.selected, 1);
    }
}

static void a_point_in_time_that_expires_between_two_counts_is_opened_anew(void **state)
{
    struct world       *w = *state;
    struct store_counts c;

    add_many(w, "kestra_executions", N_DOCS);
    assert_true(open_store(w));
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_TOTAL, .from = 3, .n = 1, .expire = true };
    if (!w->store->count(w->store, &w->query, &c, &w->err))
        fail_msg("%s", w->err.msg);
    assert_int_equal(c.selected, N_DOCS);
    assert_int_equal(w->store->grade, 'C');
    runs(w, N_DOCS);
    assert_nothing_left(w);
}

#define WITH(t, way)                                                                               \
    {                                                                                              \
#t " (" #way ")", t, begin_##way, end, NULL                                                \
    }
#define EACH(t) WITH(t, scroll), WITH(t, opensearch), WITH(t, pit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(all_documents_come_once_and_no_context_is_left),
        EACH(three_slices_give_all_documents_once),
        EACH(a_429_is_waited_for),
        EACH(an_expired_context_is_opened_anew_and_each_document_comes_once),
        EACH(slices_that_lose_their_context_give_all_documents_once),
        WITH(a_page_cut_anywhere_loses_nothing, scroll),
        WITH(a_page_cut_anywhere_loses_nothing, pit),
        EACH(a_page_that_comes_twice_counts_once),
        WITH(a_page_that_always_fails_to_come_is_an_error, scroll),
        WITH(a_page_that_always_fails_to_come_is_an_error, pit),
        EACH(a_part_is_never_taken_for_the_whole),
        EACH(a_skipped_shard_is_no_fault),
        EACH(pages_shrink_where_the_server_has_too_little_memory),
        EACH(pages_shrink_where_an_answer_is_above_the_limit),
        EACH(a_stop_ends_the_wait_for_a_silent_server),
        EACH(a_stop_is_seen_also_after_a_restart),
        EACH(after_a_stop_or_an_error_no_context_is_left),
        EACH(a_cancelled_reader_leaves_no_context),
        WITH(who_answers_is_told_from_a_search_server, scroll),
        EACH(without_the_right_to_refresh_it_reads_on),
        EACH(indices_that_cannot_be_read_are_named),
        EACH(a_mapping_that_is_not_kestras_is_refused),
        EACH(hits_without_source_are_an_error),
        EACH(an_id_that_is_not_the_key_is_skipped_by_name),
        WITH(too_many_scrolls_are_told_at_once, scroll),
        WITH(too_many_scrolls_are_told_at_once, opensearch),
        EACH(only_the_latest_of_copies_counts),
        EACH(a_context_that_expires_while_copies_are_looked_up_is_opened_anew),
        EACH(what_the_server_selects_too_much_is_left_out),
        EACH(documents_are_looked_up_by_ids),
        EACH(counts_are_those_of_the_selection),
        WITH(a_point_in_time_that_expires_between_two_counts_is_opened_anew, pit),
    };

    return cmocka_run_group_tests_name("elastic", tests, NULL, NULL);
}
