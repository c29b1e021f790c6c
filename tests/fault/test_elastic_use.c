/* Search servers and indices that cannot be used: each is told, with what to do. */
#include "tests/support/test.h"

#include "tests/support/search_world.h"

static void fails_to_open(struct search_world *w, const char *why)
{
    search_world_close(w);
    assert_false(search_world_open(w));
    assert_text_has(w->err.msg, why);
    search_world_close(w);
}

static void become_html(void *ctx, struct fake_answer *a)
{
    (void)ctx;
    buf_clear(&a->headers);
    buf_add(&a->headers, "Content-Type: text/html\r\n");
}

static void who_answers_is_told_from_a_search_server(void **state)
{
    struct search_world *w = *state;

    search_world_spoil(
        w, ASK_ANY, 1, 1, 401,
        "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":401}");
    fails_to_open(w, "password refused");
    w->faults->spoil.status = 403;
    fails_to_open(w, "no right");
    search_world_spoil(w, ASK_ANY, 1, 1, 200, "<html>hello</html>");
    w->faults->spoil.change = become_html;
    fails_to_open(w, "neither Elasticsearch nor OpenSearch");
    w->faults->spoil.status = 404;
    fails_to_open(w, "as no search server does");
    search_world_spoil(w, ASK_ANY, 1, 1, 200, "{\"name\":\"x\"}");
    fails_to_open(w, "neither Elasticsearch nor OpenSearch");
    search_world_spoil(w, ASK_ANY, 1, 1, 200,
                       "{\"cluster_uuid\":\"u\",\"version\":{\"number\":\"6.8.1\"}}");
    fails_to_open(w, "too old");
    search_world_spoil(w, ASK_ANY, 1, 1, 200,
                       "{\"cluster_uuid\":\"_na_\",\"version\":{\"number\":\"7.10.2\"}}");
    fails_to_open(w, "not joined");
}

static void without_the_right_to_refresh_it_reads_on(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 5);
    search_world_spoil(
        w, ASK_REFRESH, 1, FOR_EVER, 403,
        "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":403}");
    search_world_runs(w, 5);
}

static void indices_that_cannot_be_read_are_named(void **state)
{
    struct search_world *w = *state;
    struct search_index *x;

    (void)fake_search_index(w->server, "shop_orders");
    fails_to_open(w, "there is no index kestra_flows");
    assert_text_has(w->err.hint, "shop_orders");
    (void)fake_search_index(w->server, "kestra_triggers");
    search_world_fails(w, "there is no index kestra_executions");
    assert_text_has(w->err.hint, "kestra_triggers");
    search_world_close(w);
    x = fake_search_index(w->server, "kestra_executions");
    x->status = "close";
    search_world_fails(w, "kestra_executions is closed");
    assert_text_has(w->err.hint, "POST /kestra_executions/_open");
    search_world_close(w);
    x->status = "open";
    x->health = "red";
    search_world_fails(w, "kestra_executions is red");
    assert_text_has(w->err.hint, "_cluster/allocation/explain");
}

/* Of several, the one that is in the way. */
static void one_closed_index_of_several_is_named(void **state)
{
    struct search_world *w = *state;
    struct store_counts  c;

    search_world_add_many(w, "kestra_executions-1", 3);
    fake_search_index(w->server, "kestra_executions-2")->status = "close";
    (void)fake_search_index(w->server, "kestra_executions-3");
    search_world_fails(w, "kestra_executions-2 is closed");
    assert_false(w->store->count(w->store, &w->query, &c, &w->err));
    assert_text_has(w->err.msg, "kestra_executions-2 is closed");
}

static const struct store_place *place_of(const struct search_world *w, enum kind kind)
{
    for (size_t i = 0; i < w->store->n_places; i++)
        if (w->store->places[i].kind == kind)
            return &w->store->places[i];
    fail_msg("no place of %ss", kind_name(kind));
    return NULL;
}

static void an_index_that_cannot_be_read_concerns_its_kind_only(void **state)
{
    struct search_world *w = *state;
    struct search_index *x;
    struct store_query   triggers = { .kind = KIND_TRIGGER };
    struct store_counts  c;

    search_world_add_many(w, "kestra_executions", 3);
    x = fake_search_index(w->server, "kestra_triggers");
    x->status = "close";
    search_world_runs(w, 3);
    assert_int_equal(place_of(w, KIND_EXECUTION)->health, STORE_GREEN);
    assert_int_equal(place_of(w, KIND_TRIGGER)->health, STORE_CLOSED);
    assert_string_equal(place_of(w, KIND_TRIGGER)->worst, "kestra_triggers");
    assert_false(w->store->count(w->store, &triggers, &c, &w->err));
    assert_text_has(w->err.msg, "kestra_triggers is closed");
    search_world_assert_nothing_left(w);
    x->status = "open";
    x->health = "red";
    search_world_runs(w, 3);
    assert_int_equal(place_of(w, KIND_TRIGGER)->health, STORE_RED);
    assert_false(w->store->count(w->store, &triggers, &c, &w->err));
    assert_text_has(w->err.msg, "kestra_triggers is red");
    search_world_assert_nothing_left(w);
    x->health = "yellow";
    search_world_runs(w, 3);
    assert_int_equal(place_of(w, KIND_TRIGGER)->health, STORE_YELLOW);
    assert_true(w->store->count(w->store, &triggers, &c, &w->err));
    /* Nothing but the list was asked of it while it was closed or red. */
    assert_int_equal(fake_search_asked(w->server, ASK_REFRESH), 3 + 1);
}

/* Where members are looked for, an index that cannot answer is one without them. */
static void a_red_index_is_not_asked_for_members(void **state)
{
    struct search_world *w = *state;
    bool                 is_there = true;

    fake_search_add(w->server, "kestra_triggers", "t", "{\"id\":\"t\",\"workerId\":\"w\"}");
    assert_true(search_world_open(w));
    assert_true(w->store->has(w->store, w->layout, "member:trigger.workerId", &is_there, &w->err));
    assert_true(is_there);
    search_world_close(w);
    fake_search_index(w->server, "kestra_triggers")->health = "red";
    search_world_spoil(w, ASK_PAGE, 1, FOR_EVER, 400, "{}");
    assert_true(search_world_open(w));
    assert_true(w->store->has(w->store, w->layout, "member:trigger.workerId", &is_there, &w->err));
    assert_false(is_there);
}

static void a_mapping_that_is_not_kestras_is_refused(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 5);
    w->faults->mapping = "{\"namespace\":{\"text\":{}},\"state.current\":{\"keyword\":{}}}";
    w->query.namespace = "n";
    search_world_fails(w, "does not map the field namespace as keyword");
    w->query.namespace = NULL;
    search_world_runs(w, 5);
}

static void hits_without_source_are_an_error(void **state)
{
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 5);
    w->faults->no_source = true;
    search_world_fails(w, "a hit has no _source");
    search_world_assert_nothing_left(w);
}

static void an_id_that_is_not_the_key_is_skipped_by_name(void **state)
{
    struct search_world *w = *state;

    fake_search_add(w->server, "kestra_executions", "other",
                    "{\"id\":\"e1\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                    "\"state\":{\"current\":\"RUNNING\"}}");
    assert_true(search_world_run(w));
    assert_int_equal(w->n, 0);
    assert_string_equal(w->skipped, "kestra_executions key-mismatch");
}

static void too_many_scrolls_are_told_at_once(void **state)
{
    static const char text[] =
        "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":\"Trying to create too many "
        "scroll contexts. Must be less than or equal to: [2].\"}],\"type\":"
        "\"search_phase_execution_exception\",\"reason\":\"all shards failed\"},\"status\":500}";
    struct search_world *w = *state;

    search_world_add_many(w, "kestra_executions", 5);
    search_world_spoil(w, ASK_PAGE, 1, FOR_EVER, 500, text);
    search_world_fails(w, "too many scroll contexts");
    assert_text_has(w->err.hint, "--jobs 1");
    w->faults->spoil.status = 429;
    search_world_fails(w, "too many scroll contexts");
    assert_int_equal(fake_search_asked(w->server, ASK_PAGE), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(who_answers_is_told_from_a_search_server, scroll),
        EACH(without_the_right_to_refresh_it_reads_on),
        EACH(indices_that_cannot_be_read_are_named),
        EACH(one_closed_index_of_several_is_named),
        EACH(an_index_that_cannot_be_read_concerns_its_kind_only),
        WITH(a_red_index_is_not_asked_for_members, scroll),
        EACH(a_mapping_that_is_not_kestras_is_refused),
        EACH(hits_without_source_are_an_error),
        EACH(an_id_that_is_not_the_key_is_skipped_by_name),
        WITH(too_many_scrolls_are_told_at_once, scroll),
        WITH(too_many_scrolls_are_told_at_once, opensearch),
    };

    return cmocka_run_group_tests_name("elastic, of use", tests, NULL, NULL);
}
