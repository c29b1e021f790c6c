/*
 * Reading from a search server that has faults: every document once, or an error, never less in
 * silence, and no context left behind.
 */
#include "tests/support/test.h"

#include "lib/store/elastic_internal.h"
#include "tests/support/search_world.h"

/* ---- all of it ---------------------------------------------------------------------------- */

static void all_documents_come_once_and_no_context_is_left(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    search_world_runs(w, N_DOCS);
    assert_int_equal(w->store->grade, search_world_is_pit(w) ? 'B' : 'C');
    search_world_assert_nothing_left(w);
}

static void three_slices_give_all_documents_once(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->count_lie = MANY;
    w->jobs = 3;
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

static void a_429_is_waited_for(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    search_world_spoil(w, ASK_PAGE, 3, 1, 429,
                       "{\"error\":{\"root_cause\":[],\"type\":\"es_rejected_execution_exception\","
                       "\"reason\":\"queue is full\"},\"status\":429}");
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

static void an_expired_context_is_opened_anew_and_each_document_comes_once(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 4, .n = 1, .expire = true };
    search_world_runs(w, N_DOCS);
    assert_int_equal(w->store->grade, 'C');
    search_world_assert_nothing_left(w);
}

/* Slices of another point in time are not the same documents: one slice reads all that is left. */
static void slices_that_lose_their_context_give_all_documents_once(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->count_lie = MANY;
    w->jobs = 3;
    for (unsigned page = 1; page < 7; page++) {
        w->faults->spoil = (struct search_spoil){
            .what = ASK_PAGE,
            .from = fake_search_asked(w->server, ASK_PAGE) + page,
            .n = 1,
            .expire = true,
        };
        search_world_runs(w, N_DOCS);
        search_world_assert_nothing_left(w);
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
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    for (size_t at = 0; at < 10000; at += 701) {
        struct cut c = { at, at % 2 ? FAKE_RESET : FAKE_CLOSE };

        w->faults->spoil =
            (struct search_spoil){ .what = ASK_PAGE,
                                   .from = fake_search_asked(w->server, ASK_PAGE) + 3,
                                   .n = 1,
                                   .change = cut_it,
                                   .ctx = &c };
        search_world_runs(w, N_DOCS);
        w->faults->spoil.n = 0;
    }
    search_world_assert_nothing_left(w);
}

static void a_page_that_comes_twice_counts_once(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE, .from = 3, .n = 1, .repeat = true };
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

static void a_page_that_always_fails_to_come_is_an_error(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil =
        (struct search_spoil){ .what = ASK_PAGE, .from = 2, .n = FOR_EVER, .skip = true };
    search_world_fails(w, "were promised");
    search_world_assert_nothing_left(w);
}

/* ---- answers that are a part --------------------------------------------------------------- */

static void one_shard_is_silent(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    search_world_replace(a, "\"successful\":3", "\"successful\":2");
}

/* Of the successful ones, some are skipped: the two numbers do not add up. */
static void one_is_silent_one_skipped(void *ctx, struct fake_answer *a)
{
    one_shard_is_silent(ctx, a);
    search_world_replace(a, "\"skipped\":0", "\"skipped\":1");
}

static void one_is_skipped(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    search_world_replace(a, "\"skipped\":0", "\"skipped\":1");
}

static void search_timed_out(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    search_world_replace(a, "\"timed_out\":false", "\"timed_out\":true ");
}

static void a_part_is_never_taken_for_the_whole(void **state)
{
    static void (*const parts[])(void *, struct fake_answer *) = {
        search_world_lose_shard, one_shard_is_silent, one_is_silent_one_skipped, search_timed_out
    };
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        w->faults->spoil =
            (struct search_spoil){ .what = ASK_PAGE,
                                   .from = fake_search_asked(w->server, ASK_PAGE) + 2,
                                   .n = 1,
                                   .change = parts[i] };
        search_world_runs(w, N_DOCS);
        w->faults->spoil.n = FOR_EVER;
        search_world_fails(w, parts[i] == search_timed_out ? "timed out" : "did not answer");
        search_world_assert_nothing_left(w);
        w->faults->spoil.n = 0;
    }
}

static void lose_all_shards(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    search_world_replace(a, "\"total\":3,\"successful\":3", "\"total\":0,\"successful\":0");
}

/* A context that is opened anew after an index was deleted or closed promises what is left. */
static void an_index_that_is_gone_meanwhile_is_an_error(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 1, .n = FOR_EVER, .change = lose_all_shards
    };
    search_world_fails(w, "were there before");
    assert_non_null(strstr(w->err.hint, "deleted, closed or hidden"));
    search_world_assert_nothing_left(w);
}

static void lose_a_shard_every_second_time(void *ctx, struct fake_answer *a)
{
    unsigned *n = ctx;

    if (++*n % 2 == 0)
        search_world_lose_shard(NULL, a);
}

/* What counts is how often it failed since it last got further. */
static void pages_that_fail_now_and_then_do_not_add_up(void **state)
{
    struct search_world *w = *state;
    unsigned             n = 0;

    search_world_add_many(w, "kestra_executions", SEARCH_WORLD_MAX_DOCS);
    w->faults->spoil = (struct search_spoil){ .what = ASK_PAGE,
                                              .from = 1,
                                              .n = FOR_EVER,
                                              .change = lose_a_shard_every_second_time,
                                              .ctx = &n };
    search_world_runs(w, SEARCH_WORLD_MAX_DOCS);
    assert_true(n / 2 > ES_RESTARTS);
    search_world_assert_nothing_left(w);
}

static void a_skipped_shard_is_no_fault(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 1, .n = FOR_EVER, .change = one_is_skipped
    };
    search_world_runs(w, N_DOCS);
}

/* ---- too much at a time -------------------------------------------------------------------- */

static void pages_shrink_where_the_server_has_too_little_memory(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->page_cap = 0;
    w->faults->size_max = 50;
    w->faults->too_big.status = 429;
    w->faults->too_big.body =
        "{\"error\":{\"root_cause\":[{\"type\":\"circuit_breaking_exception\","
        "\"reason\":\"Data too large\"}],\"type\":"
        "\"circuit_breaking_exception\",\"reason\":\"Data too large\"},"
        "\"status\":429}";
    search_world_runs(w, N_DOCS);
    /* What was too large once is not asked for at every page. */
    assert_true(fake_search_asked(w->server, ASK_PAGE) < 20);
    w->faults->too_big.status = 413;
    w->faults->too_big.body = "";
    search_world_runs(w, N_DOCS);
    search_world_assert_nothing_left(w);
}

static void pages_shrink_where_an_answer_is_above_the_limit(void **state)
{
    struct search_world *w = *state;
    struct es_slice      s;
    struct es_page      *page = es_page_new();
    struct http         *http = NULL;
    size_t               n = 0;
    bool                 is_end = false;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->page_cap = 0;
    http_answer_release(&page->answer);
    http_answer_init(&page->answer, 20000);
    w->query.executions = EXECUTIONS_ALL;
    assert_true(search_world_run(w)); /* opens the point in time */
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
        EACH(an_index_that_is_gone_meanwhile_is_an_error),
        WITH(pages_that_fail_now_and_then_do_not_add_up, pit),
        WITH(pages_that_fail_now_and_then_do_not_add_up, opensearch_pit),
        EACH(a_skipped_shard_is_no_fault),
        EACH(pages_shrink_where_the_server_has_too_little_memory),
        EACH(pages_shrink_where_an_answer_is_above_the_limit),
    };

    return cmocka_run_group_tests_name("elastic", tests, NULL, NULL);
}
