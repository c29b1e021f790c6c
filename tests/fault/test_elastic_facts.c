/* Evidence out of a search server that has faults: all of it, or an error; no context left. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "tests/support/search_world.h"

#define LOGS    "kestra_logs"
#define N_LINES 250

static const char mapping[] =
    "{\"executionId\":{\"keyword\":{}},\"taskRunId\":{\"keyword\":{}},\"timestamp\":{\"date\":{}},"
    "\"state.current\":{\"keyword\":{}},\"state.startDate\":{\"date\":{}},"
    "\"deleted\":{\"boolean\":{}},\"taskRunList\":{\"nested\":{}},"
    "\"taskRunList.state.histories.date\":{\"date\":{}}}";

static void add_line(struct search_world *w, const char *execution, unsigned i)
{
    char id[32];
    char json[512];

    (void)snprintf(id, sizeof(id), "l%u", i);
    (void)snprintf(
        json, sizeof(json),
        "{\"executionId\":\"%s\",\"taskRunId\":\"r%u\",\"message\":\"Create new execution "
        "for flow 'n'.f' with id 'c%u' from task 't' and taskrun 'x'\"}",
        execution, i, i);
    fake_search_add(w->server, LOGS, id, json);
}

/* A pending execution, and log lines: of p, of another one, and of one called P. */
static void fill(struct search_world *w)
{
    search_world_add_many(w, "kestra_executions", 1);
    w->faults->mapping = mapping;
    for (unsigned i = 0; i < N_LINES; i++)
        add_line(w, i % 5 == 1 ? "other" : i % 5 == 2 ? "P" : "p", i);
    if (!search_world_open(w))
        fail_msg("%s", w->err.msg);
}

static const struct slice parents[] = { { "p", 1 }, { "q", 1 } };

static unsigned times[N_LINES];

static void see_link(void *ctx, const struct store_link *link)
{
    unsigned long i = strtoul(link->child.p + 1, NULL, 10);

    (void)ctx;
    assert_true(slice_eq(link->parent, SLICE("p")));
    assert_int_equal(strtoul(link->run.p + 1, NULL, 10), i);
    assert_true(i < N_LINES);
    times[i]++;
}

static bool ask_links(struct search_world *w)
{
    w->err = ERR_INIT;
    memset(times, 0, sizeof(times));
    return w->store->links(w->store, parents, COUNT_OF(parents), see_link, NULL, &w->err);
}

/* Each link of p, at most so often, and nothing is left. */
static void assert_links(struct search_world *w, unsigned most)
{
    if (!ask_links(w))
        fail_msg("%s", w->err.msg);
    for (unsigned i = 0; i < N_LINES; i++) {
        if (i % 5 == 1 || i % 5 == 2)
            assert_int_equal(times[i], 0);
        else
            assert_in_range(times[i], 1, most);
    }
    search_world_assert_nothing_left(w);
}

static void links_come_once_over_many_pages(void **state)
{
    struct search_world *w = *state;

    fill(w);
    assert_links(w, 1);
}

static void a_place_that_is_lost_is_read_again(void **state)
{
    struct search_world *w = *state;

    fill(w);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 3, .n = 1, .expire = true };
    assert_links(w, 2);
}

static void a_page_that_is_lost_is_missed(void **state)
{
    struct search_world *w = *state;

    fill(w);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 3, .n = 1, .skip = true };
    assert_links(w, 2);
}

static void a_part_is_not_taken_for_the_whole(void **state)
{
    struct search_world *w = *state;

    fill(w);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 2, .n = 1, .change = search_world_lose_shard
    };
    assert_links(w, 2);
}

static void a_server_without_memory_is_asked_for_less(void **state)
{
    struct search_world *w = *state;

    fill(w);
    w->faults->size_max = 300;
    w->faults->too_big = (struct search_spoil){
        .status = 429,
        .body = "{\"error\":{\"root_cause\":[{\"type\":\"circuit_breaking_exception\",\"reason\":"
                "\"x\"}],\"type\":\"circuit_breaking_exception\",\"reason\":\"x\"},\"status\":429}",
    };
    assert_links(w, 1);
}

static void a_failure_that_lasts_is_told(void **state)
{
    struct search_world *w = *state;

    fill(w);
    search_world_spoil(
        w, ASK_PAGE, 3, FOR_EVER, 400,
        "{\"error\":{\"type\":\"parsing_exception\",\"reason\":\"no\"},\"status\":400}");
    assert_false(ask_links(w));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "looking at logs"));
    assert_non_null(strstr(w->err.msg, "parsing_exception"));
    search_world_assert_nothing_left(w);
}

static void fall_silent(void *ctx, struct fake_answer *a)
{
    a->cut_at = 100;
    a->end = FAKE_SILENT;
    stop_ask(ctx);
}

static void a_stop_is_seen_and_no_context_is_left(void **state)
{
    struct search_world *w = *state;
    int64_t              since = clock_mono_ns();

    fill(w);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 3, .n = 1, .change = fall_silent, .ctx = &w->stop
    };
    assert_false(ask_links(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(http_world_ms_since(since) < 3000);
    search_world_assert_nothing_left(w);
}

static void without_an_index_of_logs_links_are_refused(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 1);
    if (!search_world_open(w))
        fail_msg("%s", w->err.msg);
    assert_false(ask_links(w));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "there is no index kestra_logs"));
}

/* ---- aggregations ------------------------------------------------------------------------- */

#define SHARDS(n)                                                                                  \
    "{\"timed_out\":false,\"_shards\":{\"total\":3,\"successful\":" #n ",\"skipped\":0,"           \
    "\"failed\":0},\"hits\":{\"hits\":[]},\"aggregations\":"

static const struct store_newest *newest_of(struct search_world *w, const char *body)
{
    static struct store_newest out[STORE_NEWEST_COUNT];
    size_t                     n = 0;

    search_world_spoil(w, ASK_TOTAL, 1, FOR_EVER, 200, body);
    w->err = ERR_INIT;
    if (!w->store->newest(w->store, out, &n, &w->err))
        return NULL;
    assert_int_equal(n, STORE_NEWEST_COUNT);
    return out;
}

static void the_latest_of_all_fields_is_newest(void **state)
{
    struct search_world       *w = *state;
    const struct store_newest *newest;

    fill(w);
    newest = newest_of(w, SHARDS(3) "{\"state.startDate\":{\"value\":1.7E12},\"taskRunList\":"
                                    "{\"doc_count\":1,\"taskRunList.state.histories.date\":"
                                    "{\"value\":1.700000000001E12}},\"timestamp\":"
                                    "{\"value\":-1.0}}}");
    assert_non_null(newest);
    assert_string_equal(newest[0].text, "2023-11-14T22:13:20.001Z");
    assert_int_equal(newest[0].at.ns, 1000000);
    assert_string_equal(newest[2].text, "1969-12-31T23:59:59.999Z");
    /* There is no index of triggers here. */
    assert_false(newest[1].known);
}

static void no_date_is_not_known(void **state)
{
    static const char *const values[] = { "null", "1e300", "\"x\"", "{}", "-1e300" };
    struct search_world     *w = *state;

    fill(w);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct store_newest *newest;
        char                       body[512];

        (void)snprintf(body, sizeof(body),
                       SHARDS(3) "{\"state.startDate\":{\"value\":%s},\"timestamp\":{}}}",
                       values[i]);
        newest = newest_of(w, body);
        assert_non_null(newest);
        assert_false(newest[0].known || newest[2].known);
    }
}

static void a_part_tells_no_newest_time(void **state)
{
    struct search_world *w = *state;

    fill(w);
    assert_null(newest_of(w, SHARDS(2) "{\"state.startDate\":{\"value\":1.7E12}}}"));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "1 of 3 shards did not answer"));
}

static void what_must_not_be_looked_at_is_not_known(void **state)
{
    struct search_world *w = *state;
    struct store_newest  out[STORE_NEWEST_COUNT];
    size_t               n = 0;

    fill(w);
    search_world_spoil(
        w, ASK_TOTAL, 1, FOR_EVER, 403,
        "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":403}");
    assert_true(w->store->newest(w->store, out, &n, &w->err));
    assert_int_equal(w->err.kind, ERR_NONE);
    assert_false(out[0].known || out[1].known || out[2].known);
    w->faults->spoil.status = 400;
    assert_false(w->store->newest(w->store, out, &n, &w->err));
    assert_int_equal(w->err.kind, ERR_STORE);
}

static void keep_time(void *ctx, struct slice id, struct instant at)
{
    char text[32];

    instant_format(at, text);
    buf_add(ctx, "%.*s=%s ", SLICE_ARG(id), text);
}

static void times_belong_to_the_ids_that_were_asked_for(void **state)
{
    static const struct slice ids[] = { { "aB", 2 }, { "Cd", 2 }, { "ef", 2 } };
    struct search_world      *w = *state;
    struct buf                said;

    fill(w);
    buf_init(&said, 4096);
    search_world_spoil(w, ASK_TOTAL, 1, FOR_EVER, 200,
                       SHARDS(3) "{\"ids\":{\"buckets\":[{\"key\":\"cd\",\"at\":{\"value\":1.7E12}"
                                 "},{\"key\":\"ab\",\"at\":{\"value\":0}},{\"key\":\"ef\",\"at\":"
                                 "{\"value\":null}},{\"key\":\"x\",\"at\":{\"value\":1}}]}}}");
    assert_true(w->store->log_newest(w->store, ids, 3, keep_time, &said, &w->err));
    assert_string_equal(said.p, "Cd=2023-11-14T22:13:20.000Z aB=1970-01-01T00:00:00.000Z ");
    buf_release(&said);
}

/* ---- names ---- */

/* n buckets, as of a page; the key in lower case, the line as it is. */
static void put_names(struct buf *out, unsigned n, const char *last)
{
    buf_clear(out);
    buf_add(out, SHARDS(3) "{\"ids\":{\"after_key\":{\"id\":\"%s\"},\"buckets\":[", last);
    for (unsigned i = 0; i < n; i++)
        buf_add(out,
                "%s{\"key\":{\"id\":\"e%u\"},\"one\":{\"hits\":{\"hits\":[{\"_source\":"
                "{\"executionId\":\"E%u\",\"namespace\":\"n\"}}]}}}",
                i > 0 ? "," : "", i, i);
    buf_add(out, "]}}}");
}

static void count_name(void *ctx, const struct store_name *name)
{
    unsigned *n = ctx;

    assert_int_equal(name->execution.p[0], 'E');
    assert_true(slice_eq(name->namespace, SLICE("n")));
    assert_null(name->tenant.p);
    assert_null(name->flow.p);
    ++*n;
}

static void names_are_those_of_the_lines(void **state)
{
    struct search_world *w = *state;
    struct buf           body;
    unsigned             n = 0;

    fill(w);
    buf_init(&body, 1u << 20);
    put_names(&body, 999, "e998");
    search_world_spoil(w, ASK_TOTAL, 1, FOR_EVER, 200, body.p);
    assert_true(w->store->log_names(w->store, (struct instant){ 0, 0 }, count_name, &n, &w->err));
    assert_int_equal(n, 999);
    /* A whole page is followed by another one, which here is none. */
    put_names(&body, 1000, "e999");
    search_world_spoil(w, ASK_TOTAL, fake_search_asked(w->server, ASK_TOTAL) + 1, 1, 200, body.p);
    n = 0;
    assert_true(w->store->log_names(w->store, (struct instant){ 0, 0 }, count_name, &n, &w->err));
    assert_int_equal(n, 1000);
    buf_release(&body);
}

static void names_that_come_again_and_again_end(void **state)
{
    struct search_world *w = *state;
    struct buf           body;
    unsigned             n = 0;

    fill(w);
    buf_init(&body, 1u << 20);
    put_names(&body, 1000, "e999");
    search_world_spoil(w, ASK_TOTAL, 1, FOR_EVER, 200, body.p);
    assert_false(w->store->log_names(w->store, (struct instant){ 0, 0 }, count_name, &n, &w->err));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "the same page came again"));
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(links_come_once_over_many_pages),
        EACH(a_place_that_is_lost_is_read_again),
        EACH(a_page_that_is_lost_is_missed),
        EACH(a_part_is_not_taken_for_the_whole),
        EACH(a_server_without_memory_is_asked_for_less),
        EACH(a_failure_that_lasts_is_told),
        EACH(a_stop_is_seen_and_no_context_is_left),
        EACH(without_an_index_of_logs_links_are_refused),
        WITH(the_latest_of_all_fields_is_newest, pit),
        WITH(no_date_is_not_known, pit),
        WITH(a_part_tells_no_newest_time, pit),
        WITH(what_must_not_be_looked_at_is_not_known, pit),
        WITH(times_belong_to_the_ids_that_were_asked_for, pit),
        WITH(names_are_those_of_the_lines, pit),
        WITH(names_that_come_again_and_again_end, pit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
