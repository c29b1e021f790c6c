/* test_hits.c - answers of search servers, cut into hits. */
#include "tests/support/hits_test.h"

/* As Elasticsearch 7.10 answers the first page of a scroll. */
static const char scroll_7_10[] =
    "{\"_scroll_id\":\"FGluY2x1ZGU==\",\"took\":4,\"timed_out\":false,\"_shards\":{\"total\":2,"
    "\"successful\":2,\"skipped\":0,\"failed\":0},\"hits\":{\"total\":{\"value\":2535,\"relation\":"
    "\"eq\"},\"max_score\":null,\"hits\":[{\"_index\":\"kestra_executions\",\"_type\":\"_doc\","
    "\"_id\":\"2Sg7\",\"_score\":null,\"_source\":{\"id\": \"2Sg7\", \"state\":{\"duration\":"
    "90.000000000}},\"sort\":[0]},{\"_index\":\"kestra_executions\",\"_type\":\"_doc\",\"_id\":"
    "\"a\\\"\\u00e9\\\\b\",\"_score\":null,\"_source\":{},\"sort\":[ 1, \"x\" ]}]}}";

/* 7.17 with a shard that failed without a reason; type and reason in another order than 8.2. */
static const char failed_7_17[] =
    "{\"took\":3,\"timed_out\":true,\"_shards\":{\"total\":3,\"successful\":2,\"skipped\":1,"
    "\"failed\":1,\"failures\":[{\"shard\":0,\"index\":\"t_red\",\"node\":null,\"reason\":{\"type\""
    ":\"no_shard_available_action_exception\",\"reason\":null,\"index_uuid\":\"eKI\",\"shard\":"
    "\"0\"}}]},\"hits\":{\"total\":{\"value\":10000,\"relation\":\"gte\"},\"max_score\":1.0,"
    "\"hits\":[]}}";

static const char failed_7_10[] =
    "{\"_shards\":{\"total\":2,\"successful\":1,\"skipped\":0,\"failed\":1,\"failures\":[{\"shard\""
    ":1,\"index\":\"t_b\",\"node\":\"m6G\",\"reason\":{\"type\":\"exception\",\"reason\":\"Trying "
    "to create too many scroll contexts.\"}},{\"reason\":{\"type\":\"second\"}}]},\"hits\":"
    "{\"hits\":[]}}";

/* 8.2.3 with a point in time: no _type, the id comes again with each page, sort has _shard_doc. */
static const char pit_8_2[] =
    "{\"pit_id\":\"46ToAwMDaWR4\",\"took\":17,\"timed_out\":false,\"_shards\":{\"total\":1,"
    "\"successful\":1,\"skipped\":0,\"failed\":0},\"hits\":{\"max_score\":null,\"hits\":["
    "{\"_index\":\"kestra_flows_revisions\",\"_id\":\"io.kestra_f_1\",\"_score\":null,\"_source\":"
    "{\"id\":\"f\"},\"sort\":[4294967298]},"
    "{\"_index\":\"kestra_flows_revisions\",\"_id\":\"gone\",\"_score\":null,\"sort\":"
    "[4294967299]}]}}";

/* OpenSearch 2.x: skipped shards, and what other searches would add. */
static const char opensearch_2[] =
    "{ \"took\" : 6, \"timed_out\" : false, \"terminated_early\" : false,\n \"_shards\" : { \"total"
    "\" : 3, \"successful\" : 3, \"skipped\" : 2, \"failed\" : 0 },\n \"hits\" : { \"total\" : 17, "
    "\"max_score\" : 1.0, \"hits\" : [ { \"_index\" : \"t_b\", \"_id\" : \"i1\", \"_score\" : 1.0, "
    "\"_source\" : {\"k\": \"k1\", \"hits\": {\"hits\": [{\"_id\": \"inner\"}]}}, \"inner_hits\" : "
    "{\"x\": {\"hits\": {\"total\": 1, \"hits\": [{\"_id\": \"y\"}]}}} } ] },\n \"aggregations\" : "
    "{ \"hits\" : { \"hits\" : [1] } } }\n";

static const char *const pages[] = { scroll_7_10, failed_7_17, failed_7_10, pit_8_2, opensearch_2 };

static bool cut_bad(const char *page, struct hits_page *out, struct arena *a, struct err *err)
{
    return hits_cut(slice_str(page), a, out, err);
}

static void cut(const char *page, struct arena *a, struct hits_page *out)
{
    struct err err = ERR_INIT;

    if (!hits_cut(slice_str(page), a, out, &err))
        fail_msg("%s", err.msg);
}

/* ---- answers ---- */

static void a_page_of_a_scroll_is_cut(void **state)
{
    struct hits_page p;

    cut(scroll_7_10, *state, &p);
    assert_text(p.scroll_id, "FGluY2x1ZGU==");
    assert_null(p.pit_id.p);
    assert_false(p.timed_out);
    assert_true(p.has_shards);
    assert_int_equal(p.shards_total, 2);
    assert_int_equal(p.shards_successful, 2);
    assert_int_equal(p.shards_failed, 0);
    assert_null(p.shard_failure.p);
    assert_true(p.has_total && p.total_exact);
    assert_int_equal(p.total, 2535);
    assert_int_equal(p.n, 2);
    assert_text(p.hits[0].index, "kestra_executions");
    assert_text(p.hits[0].id, "2Sg7");
    assert_true(p.hits[0].trusted);
}

static void numbers_and_blanks_stay_as_they_are(void **state)
{
    struct hits_page p;

    cut(scroll_7_10, *state, &p);
    assert_text(p.hits[0].source, "{\"id\": \"2Sg7\", \"state\":{\"duration\":90.000000000}}");
    assert_true(p.hits[0].source.p > scroll_7_10);
    assert_text(p.hits[1].source, "{}");
    assert_text(p.hits[0].sort, "[0]");
    assert_text(p.hits[1].sort, "[ 1, \"x\" ]");
}

static void an_id_is_unescaped(void **state)
{
    struct hits_page p;

    cut(scroll_7_10, *state, &p);
    assert_text(p.hits[1].id, "a\"\xc3\xa9\\b");
}

static void a_failed_shard_is_told_with_its_reason(void **state)
{
    struct hits_page p;

    cut(failed_7_10, *state, &p);
    assert_int_equal(p.shards_failed, 1);
    assert_text(p.shard_failure, "exception: Trying to create too many scroll contexts.");
    assert_false(p.has_total);
    cut(failed_7_17, *state, &p);
    assert_text(p.shard_failure, "no_shard_available_action_exception");
    assert_int_equal(p.shards_skipped, 1);
    assert_true(p.timed_out);
}

static void a_total_that_is_a_bound_is_not_exact(void **state)
{
    struct hits_page p;

    cut(failed_7_17, *state, &p);
    assert_true(p.has_total);
    assert_false(p.total_exact);
    assert_int_equal(p.total, 10000);
    assert_int_equal(p.n, 0);
}

static void a_page_of_a_point_in_time_is_cut(void **state)
{
    struct hits_page p;

    cut(pit_8_2, *state, &p);
    assert_text(p.pit_id, "46ToAwMDaWR4");
    assert_null(p.scroll_id.p);
    assert_int_equal(p.n, 2);
    assert_text(p.hits[0].sort, "[4294967298]");
    assert_text(p.hits[0].id, "io.kestra_f_1");
}

static void a_hit_without_a_source_has_none(void **state)
{
    struct hits_page p;

    cut(pit_8_2, *state, &p);
    assert_text(p.hits[1].id, "gone");
    assert_null(p.hits[1].source.p);
    assert_false(p.hits[1].trusted);
    cut("{\"hits\":{\"hits\":[{\"_source\":null},{}]}}", *state, &p);
    assert_int_equal(p.n, 2);
    assert_null(p.hits[0].source.p);
    assert_null(p.hits[1].id.p);
    assert_null(p.hits[1].index.p);
    assert_null(p.hits[1].sort.p);
}

static void hits_within_documents_are_no_hits(void **state)
{
    struct hits_page p;

    cut(opensearch_2, *state, &p);
    assert_true(p.has_total && p.total_exact);
    assert_int_equal(p.total, 17);
    assert_int_equal(p.shards_skipped, 2);
    assert_int_equal(p.n, 1);
    assert_text(p.hits[0].id, "i1");
    assert_text(p.hits[0].source, "{\"k\": \"k1\", \"hits\": {\"hits\": [{\"_id\": \"inner\"}]}}");
}

static void many_hits_come_in_their_order(void **state)
{
    struct hits_page p;
    struct buf       page;
    char             id[16];

    buf_init(&page, NO_LIMIT);
    buf_add(&page, "{\"hits\":{\"hits\":[");
    for (unsigned i = 0; i < 3000; i++)
        buf_add(&page, "%s{\"_id\":\"%u\",\"_source\":{}}", i > 0 ? "," : "", i);
    buf_add(&page, "]}}");
    cut(page.p, *state, &p);
    assert_int_equal(p.n, 3000);
    for (unsigned i = 0; i < 3000; i++) {
        (void)snprintf(id, sizeof(id), "%u", i);
        assert_text(p.hits[i].id, id);
    }
    buf_release(&page);
}

static void a_document_nested_too_deep_spoils_no_other(void **state)
{
    struct hits_page p;
    struct buf       page;

    buf_init(&page, NO_LIMIT);
    buf_add(&page, "{\"hits\":{\"hits\":[{\"_id\":\"a\",\"_source\":{\"x\":");
    for (int i = 0; i < 300; i++)
        buf_add(&page, "[");
    for (int i = 0; i < 300; i++)
        buf_add(&page, "]");
    buf_add(&page, "}},{\"_id\":\"b\",\"_source\":{\"x\":");
    for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
        buf_add(&page, "[");
    for (int i = 0; i < JSON_MAX_DEPTH - 1; i++)
        buf_add(&page, "]");
    buf_add(&page, "}}]}}");
    cut(page.p, *state, &p);
    assert_int_equal(p.n, 2);
    assert_false(p.hits[0].trusted);
    assert_int_equal(p.hits[0].source.n, 300 * 2 + 6);
    assert_true(p.hits[1].trusted);
    buf_release(&page);
}

static void an_answer_that_is_no_page_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "<html>502 Bad Gateway</html>",
        "null",
        "[]",
        "{}",
        "{\"hits\":[]}",
        "{\"hits\":{}}",
        "{\"hits\":{\"hits\":{}}}",
        "{\"hits\":{\"hits\":null}}",
        "{\"hits\":{\"hits\":[1]}}",
        "{\"hits\":{\"hits\":[[]]}}",
        "{\"hits\":{\"hits\":[{\"_source\":[]}]}}",
        "{\"hits\":{\"hits\":[{\"_source\":\"x\"}]}}",
        "{\"hits\":{\"hits\":[{\"_id\":5}]}}",
        "{\"hits\":{\"hits\":[{\"_id\":\"\\ud800\"}]}}",
        "{\"hits\":{\"hits\":[{\"_index\":{}}]}}",
        "{\"hits\":{\"hits\":[{\"sort\":1}]}}",
        "{\"hits\":{\"hits\":[],\"hits\":[]}}",
        "{\"hits\":{\"hits\":[],\"total\":-1}}",
        "{\"hits\":{\"hits\":[],\"total\":1.5}}",
        "{\"hits\":{\"hits\":[],\"total\":9999999999999999999}}",
        "{\"hits\":{\"hits\":[],\"total\":{}}}",
        "{\"hits\":{\"hits\":[],\"total\":{\"value\":\"1\"}}}",
        "{\"hits\":{\"hits\":[]},\"timed_out\":1}",
        "{\"hits\":{\"hits\":[]},\"_shards\":1}",
        "{\"hits\":{\"hits\":[]},\"_shards\":{\"failed\":null}}",
        "{\"hits\":{\"hits\":[]},\"_scroll_id\":7}",
        "{\"hits\":{\"hits\":[]}}}",
        "{\"hits\":{\"hits\":[{\"_source\":{\"a\":\"\xff\"}}]}}",
        "{\"error\":\"no handler found for uri [/x]\"}",
    };
    struct hits_page p;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_INIT;

        if (cut_bad(bad[i], &p, *state, &err))
            fail_msg("was taken: %s", bad[i]);
        assert_int_equal(err.kind, ERR_DATA);
        assert_true(err.msg[0] != '\0');
    }
}

/* ---- cut short, and mutated ---- */

/* In memory of exactly its size, copied in pieces as a client takes it off the wire. */
static char *copy_in_pieces(struct slice page, size_t piece)
{
    char *copy = mem_alloc(page.n);

    for (size_t at = 0; at < page.n; at += piece)
        memcpy(copy + at, page.p + at, page.n - at < piece ? page.n - at : piece);
    return copy;
}

static void a_page_in_pieces_of_any_size_gives_the_same_hits(void **state)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct hits_page whole;

        cut(pages[i], *state, &whole);
        for (size_t piece = 1; piece <= 31; piece++) {
            struct slice     page = slice_str(pages[i]);
            char            *copy = copy_in_pieces(page, piece);
            struct err       err = ERR_INIT;
            struct hits_page p;

            assert_true(hits_cut(slice_of(copy, page.n), *state, &p, &err));
            assert_int_equal(p.n, whole.n);
            assert_int_equal(p.total, whole.total);
            for (size_t k = 0; k < p.n; k++) {
                assert_true(slice_eq(p.hits[k].id, whole.hits[k].id));
                assert_true(slice_eq(p.hits[k].source, whole.hits[k].source));
                assert_true(slice_eq(p.hits[k].sort, whole.hits[k].sort));
            }
            mem_free(copy);
        }
    }
}

static void a_page_cut_short_anywhere_is_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct slice page = slice_str(pages[i]);

        while (page.p[page.n - 1] == '\n')
            page.n--;
        for (size_t n = 0; n < page.n; n++) {
            char             *copy = copy_in_pieces(slice_of(page.p, n), 16);
            struct err        err = ERR_INIT;
            struct hits_page  p;
            struct hits_error e;

            assert_false(hits_cut(slice_of(copy, n), *state, &p, &err));
            assert_int_equal(err.kind, ERR_DATA);
            assert_false(hits_cut_error(slice_of(copy, n), &e));
            mem_free(copy);
        }
    }
}

static size_t rounds(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *given = getenv("REQUEUE_TEST_ROUNDS");

    return given ? strtoul(given, NULL, 10) : 20000;
}

static void mutate(uint64_t *seed, char *page, size_t *n)
{
    static const char *const tokens[] = { "{",  "}",    "[",    "]",        ":",       ",",
                                          "\"", "\\",   "null", "\"hits\"", "_source", "\\u0000",
                                          "\\", "\xff", "1e9",  "\"_id\"" };
    const char              *token = tokens[test_below(seed, COUNT_OF(tokens))];
    size_t                   at = test_below(seed, *n);
    size_t                   gone = test_below(seed, 8);

    switch (test_below(seed, 3)) {
    case 0: page[at] = (char)test_below(seed, 256); break;
    case 1:
        gone = gone < *n - at ? gone : *n - at - 1;
        memmove(page + at, page + at + gone, *n - at - gone);
        *n -= gone;
        break;
    default:
        for (size_t i = 0; token[i] && at + i < *n; i++)
            page[at + i] = token[i];
        break;
    }
}

/* Whatever was taken lies in the page or the arena, and is what it is said to be. */
static void check_page(struct slice page, struct arena *a)
{
    const struct json_events nothing = { 0 };
    struct hits_page         p;
    struct hits_error        e;
    struct hit               h;
    struct err               err = ERR_INIT;

    (void)hits_cut_error(page, &e);
    assert_true(utf8_valid(slice_str(e.reason)));
    if (hits_cut_line(page, a, &h, &err) && h.source.p)
        assert_true(h.source.p >= page.p && h.source.p + h.source.n <= page.p + page.n);
    if (!hits_cut(page, a, &p, &err)) {
        assert_int_equal(err.kind, ERR_DATA);
        return;
    }
    for (size_t i = 0; i < p.n; i++) {
        const struct hit *hit = &p.hits[i];

        assert_true(utf8_valid(hit->id) && utf8_valid(hit->index));
        if (hit->source.p)
            assert_int_equal(json_parse(hit->source, &nothing, NULL, &err), hit->trusted);
        if (hit->sort.p)
            assert_true(json_parse(hit->sort, &nothing, NULL, &err));
    }
}

static void mutated_pages_are_refused_or_understood(void **state)
{
    uint64_t seed = test_seed();

    for (size_t i = rounds(); i > 0; i--) {
        struct slice page = slice_str(pages[test_below(&seed, COUNT_OF(pages))]);
        char        *copy = copy_in_pieces(page, 1 + test_below(&seed, 31));

        for (size_t k = 1 + test_below(&seed, 3); k > 0; k--)
            mutate(&seed, copy, &page.n);
        copy = mem_realloc(copy, page.n);
        check_page(slice_of(copy, page.n), *state);
        mem_free(copy);
        arena_reset(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HITS_TEST(a_page_of_a_scroll_is_cut),
        HITS_TEST(numbers_and_blanks_stay_as_they_are),
        HITS_TEST(an_id_is_unescaped),
        HITS_TEST(a_failed_shard_is_told_with_its_reason),
        HITS_TEST(a_total_that_is_a_bound_is_not_exact),
        HITS_TEST(a_page_of_a_point_in_time_is_cut),
        HITS_TEST(a_hit_without_a_source_has_none),
        HITS_TEST(hits_within_documents_are_no_hits),
        HITS_TEST(many_hits_come_in_their_order),
        HITS_TEST(a_document_nested_too_deep_spoils_no_other),
        HITS_TEST(an_answer_that_is_no_page_is_refused),
        HITS_TEST(a_page_in_pieces_of_any_size_gives_the_same_hits),
        HITS_TEST(a_page_cut_short_anywhere_is_refused),
        HITS_TEST(mutated_pages_are_refused_or_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
