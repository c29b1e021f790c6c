/* A search store that is stopped, cancelled or failed: at once, and no context left behind. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "tests/support/search_world.h"

static void fall_silent(void *ctx, struct fake_answer *a)
{
    a->cut_at = 300;
    a->end = FAKE_SILENT;
    stop_ask(ctx);
}

static void a_stop_ends_the_wait_for_a_silent_server(void **state)
{
    struct search_world *w = *state;
    int64_t              since = clock_mono_ns();

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 3, .n = 1, .change = fall_silent, .ctx = &w->stop
    };
    assert_false(search_world_run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(http_world_ms_since(since) < 3000);
    search_world_assert_nothing_left(w);
}

struct two_falls {
    struct search_world *w;
    bool                 had_one;
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
    search_world_lose_shard(NULL, a);
    x->w->faults->spoil.from++;
}

static void a_stop_is_seen_also_after_a_restart(void **state)
{
    struct search_world *w = *state;
    struct two_falls     x = { w, false };
    int64_t              since = clock_mono_ns();

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->faults->spoil = (struct search_spoil){
        .what = ASK_PAGE, .from = 1, .n = 1, .change = break_then_fall_silent, .ctx = &x
    };
    assert_false(search_world_run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(http_world_ms_since(since) < 3000);
    /* A scroll whose id never came cannot be given back: it expires. */
    search_world_close(w);
    assert_int_equal(fake_search_open(w->server), search_world_is_pit(w) ? 0 : 1);
}

static void after_a_stop_or_an_error_no_context_is_left(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    w->fails_after = 50;
    assert_false(search_world_run(w));
    assert_int_equal(w->err.kind, ERR_KAFKA);
    search_world_assert_nothing_left(w);
    w->fails_after = 0;
    search_world_spoil(
        w, ASK_PAGE, fake_search_asked(w->server, ASK_PAGE) + 2, FOR_EVER, 400,
        "{\"error\":{\"type\":\"parsing_exception\",\"reason\":\"no\"},\"status\":400}");
    search_world_fails(w, "parsing_exception");
    w->faults->spoil.n = 0;
    search_world_assert_nothing_left(w);
    w->stops_after = 50;
    assert_false(search_world_run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    search_world_assert_nothing_left(w);
}

static void a_cancelled_reader_leaves_no_context(void **state)
{
    struct search_world *w = *state;
    struct store_reader *reader;
    struct batch        *batch = batch_new();
    size_t               n;
    bool                 is_end = false;
    bool                 ok = true;

    search_world_add_many(w, "kestra_executions", N_DOCS);
    assert_true(search_world_open(w));
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
    search_world_assert_nothing_left(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_stop_ends_the_wait_for_a_silent_server),
        EACH(a_stop_is_seen_also_after_a_restart),
        EACH(after_a_stop_or_an_error_no_context_is_left),
        EACH(a_cancelled_reader_leaves_no_context),
    };

    return cmocka_run_group_tests_name("elastic, stopped", tests, NULL, NULL);
}
