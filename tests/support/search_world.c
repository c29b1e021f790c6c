/* search_world.c - see search_world.h. */
#include "tests/support/search_world.h"

#include "lib/store/elastic_internal.h"
#include "lib/store/pipeline.h"
#include "tests/support/layout_files.h"
#include "tests/support/test.h"

static bool put(struct sink *sink, const struct record *rec, enum reason *refused, struct err *err)
{
    struct search_world *w = (struct search_world *)sink;
    size_t               i = rec->key.n > 1 ? (size_t)strtoul(rec->key.p + 1, NULL, 10) : 0;

    (void)refused;
    if (i < SEARCH_WORLD_MAX_DOCS)
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
    struct search_world *w = ctx;

    (void)doc;
    (void)snprintf(w->skipped, sizeof(w->skipped), "%s %s", place, reason_name(p->reason));
}

void search_world_add(struct search_world *w, const char *index, const char *id,
                      const char *namespace, const char *state, const char *date)
{
    char json[512];

    (void)snprintf(json, sizeof(json),
                   "{\"id\":\"%s\",\"namespace\":\"%s\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"deleted\":false,\"state\":{\"current\":\"%s\",\"startDate\":\"%s\","
                   "\"histories\":[{\"state\":\"CREATED\",\"date\":\"%s\"}]}}",
                   id, namespace, state, date, date);
    fake_search_add(w->server, index, id, json);
}

void search_world_add_many(struct search_world *w, const char *index, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "e%u", i);
        search_world_add(w, index, id, "n", "RUNNING", "2024-03-01T10:00:00.000Z");
    }
}

static struct search_world *begin(const char *distribution, const char *version)
{
    struct search_world *w = mem_alloc(sizeof(*w));

    thread_block_signals(); /* SIGPIPE is ignored */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    w->sink.put = put;
    w->server = fake_search_start(distribution, version);
    w->faults = fake_search_settings(w->server);
    w->faults->page_cap = SEARCH_WORLD_PAGE;
    w->layout = layout_file("I");
    w->query = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    w->jobs = 1;
    (void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", fake_search_port(w->server));
    w->conf = (struct store_conf){ .url = w->url, .jobs = 4, .stop = &w->stop };
    return w;
}

int search_world_begin_scroll(void **state)
{
    *state = begin(NULL, "7.10.2");
    return 0;
}

int search_world_begin_opensearch(void **state)
{
    *state = begin("opensearch", "2.19.6");
    return 0;
}

int search_world_begin_opensearch_pit(void **state)
{
    struct search_world *w = begin("opensearch", "2.19.6");

    w->conf.search.read = STORE_READ_PIT;
    *state = w;
    return 0;
}

int search_world_begin_pit(void **state)
{
    *state = begin(NULL, "8.2.3");
    return 0;
}

void search_world_close(struct search_world *w)
{
    if (w->store)
        w->store->close(w->store);
    w->store = NULL;
}

int search_world_end(void **state)
{
    struct search_world *w = *state;

    search_world_close(w);
    fake_search_end(w->server);
    layout_free(w->layout);
    mem_free(w);
    return 0;
}

bool search_world_open(struct search_world *w)
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

bool search_world_run(struct search_world *w)
{
    struct project_options options = { .executions = w->query.executions };
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
    if (!search_world_open(w))
        return false;
    p.store = w->store;
    p.projector = projector_new(w->layout, &options, NULL, NULL);
    ok = pipeline_run(&p, &w->err);
    projector_free(p.projector);
    return ok;
}

static void assert_each_once(const struct search_world *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (w->seen[i] != 1)
            fail_msg("document %zu came %u times", i, w->seen[i]);
    assert_int_equal(w->n, n);
}

void search_world_assert_nothing_left(struct search_world *w)
{
    search_world_close(w);
    assert_int_equal(fake_search_open(w->server), 0);
}

void search_world_runs(struct search_world *w, size_t n)
{
    if (!search_world_run(w))
        fail_msg("%s (%s)", w->err.msg, w->err.hint);
    assert_each_once(w, n);
}

void search_world_fails(struct search_world *w, const char *why)
{
    assert_false(search_world_run(w));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_text_has(w->err.msg, why);
}

bool search_world_is_pit(const struct search_world *w)
{
    return w->info.version[0] == '8' || w->conf.search.read == STORE_READ_PIT;
}

void search_world_spoil(struct search_world *w, enum search_ask what, unsigned from, unsigned n,
                        int status, const char *body)
{
    w->faults->spoil =
        (struct search_spoil){ .what = what, .from = from, .n = n, .status = status, .body = body };
}

void search_world_replace(struct fake_answer *a, const char *old, const char *new)
{
    char  *at = strstr(a->body.p, old);
    size_t n = strlen(old);

    if (at && strlen(new) == n)
        memcpy(at, new, n);
}

void search_world_lose_shard(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    search_world_replace(a, "\"failed\":0", "\"failed\":1");
}
