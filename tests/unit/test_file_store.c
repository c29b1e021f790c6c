/* test_file_store.c - a dump as a store: what comes out of it. */
#include "tests/support/file_world.h"
#include "tests/support/test.h"

/* ---- what comes out ------------------------------------------------------------------------ */

static void each_kind_comes_out_of_its_index(void **state)
{
    struct file_world *w = *state;

    file_world_hit(w, "kestra_logs", "l", "{\"message\":\"x\"}");
    file_world_hit(w, FLOWS, "n_f_1",
                   "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false}");
    file_world_hit(w, "kestra_flows", "n_f", "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1}");
    file_world_hit(w, TEMPLATES, "n_t", "{\"id\":\"t\",\"namespace\":\"n\",\"deleted\":false}");
    file_world_hit(w, TRIGGERS, "n_f_s",
                   "{\"namespace\":\"n\",\"flowId\":\"f\",\"triggerId\":\"s\",\"date\":"
                   "\"2024-01-01T00:00:00Z\"}");
    file_world_execution(w, EXECUTIONS, "e1", "RUNNING", "2024-01-01T00:00:00.123456789Z");
    file_world_execution(w, EXECUTIONS, "e2", "SUCCESS", "2024-01-01T00:00:00Z");
    file_world_written(w);
    assert_string_equal(file_world_records(w, KIND_FLOW),
                        "n_f_1={\"id\":\"f\",\"namespace\":\"n\",\"revision\""
                        ":1,\"deleted\":false}\n");
    assert_string_equal(file_world_records(w, KIND_TEMPLATE),
                        "n_t={\"id\":\"t\",\"namespace\":\"n\",\"deleted\":false}\n");
    assert_non_null(strstr(file_world_records(w, KIND_TRIGGER), "n_f_s={\"namespace\":\"n\""));
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "e1={\"id\":\"e1\""));
    assert_non_null(strstr(w->keeper.text.p, "\"duration\":90.000000000,"));
    assert_null(strstr(w->keeper.text.p, "e2="));
    assert_int_equal(atomic_load(&w->tally.read), 1);
}

static void a_packed_dump_says_the_same(void **state)
{
    struct file_world *w = *state;
    char              *plain;

    for (int i = 0; i < 5000; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "e%d", i);
        file_world_execution(w, EXECUTIONS, id, "RUNNING", "2024-01-01T00:00:00Z");
    }
    file_world_written(w);
    plain = mem_strdup(file_world_records(w, KIND_EXECUTION));
    assert_int_equal(atomic_load(&w->tally.records), 5000);
    dump_file_pack(&w->file);
    file_world_must(w, file_world_open(w));
    assert_string_equal(file_world_records(w, KIND_EXECUTION), plain);
    mem_free(plain);
}

static void the_source_goes_where_the_topic_wants_it(void **state)
{
    struct file_world *w = *state;

    file_world_hit(
        w, FLOWS, "n_f_1",
        "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,\"sourceCode\":"
        "\"id: f\\n# \\u00e9\",\"labelsMap\":[]}");
    file_world_written(w);
    assert_string_equal(file_world_records(w, KIND_FLOW),
                        "n_f_1={\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,"
                        "\"source\":\"id: f\\n# \xc3\xa9\"}\n");
    w->layout->kinds[KIND_FLOW].add_source = false;
    file_world_must(w, file_world_open(w));
    assert_string_equal(
        file_world_records(w, KIND_FLOW),
        "n_f_1={\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false}\n");
}

static void a_document_too_deep_is_skipped_alone(void **state)
{
    struct file_world *w = *state;
    struct buf         deep;

    buf_init(&deep, 65536);
    buf_add(&deep, "{\"x\":");
    for (int i = 0; i < 300; i++)
        buf_add(&deep, "[");
    for (int i = 0; i < 300; i++)
        buf_add(&deep, "]");
    buf_add(&deep, "}");
    file_world_hit(w, EXECUTIONS, "deep", deep.p);
    file_world_execution(w, EXECUTIONS, "e1", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION),
                            "! kestra_executions/deep: unreadable\ne1="));
    buf_release(&deep);
}

static void indices_and_prefix_may_be_others(void **state)
{
    static const char *items[] = { "execution=mine*,other" };
    struct file_world *w = *state;

    file_world_execution(w, "mine_1", "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "other-2024", "b", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "uat_executions", "c", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "d", "RUNNING", "2024-01-01T00:00:00Z");
    w->conf.search.index_prefix = "uat_";
    file_world_written(w);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "c="));
    assert_int_equal(atomic_load(&w->tally.records), 1);
    w->conf.search.indices = (struct strings){ 1, items };
    file_world_must(w, file_world_open(w));
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "a="));
    assert_non_null(strstr(w->keeper.text.p, "\nb="));
    assert_int_equal(atomic_load(&w->tally.records), 2);
}

static void a_dump_of_something_else_is_refused(void **state)
{
    struct file_world *w = *state;

    file_world_execution(w, "mine", "a", "RUNNING", "2024-01-01T00:00:00Z");
    dump_file_write(&w->file, SIZE_MAX);
    file_world_fails(w, "none of its 1 indices (the first is mine)");
    assert_non_null(strstr(w->err.hint, "--index execution=NAME"));
}

static void an_index_override_that_is_none_is_refused(void **state)
{
    static const char *items[] = { "executions=x" };
    struct file_world *w = *state;

    w->conf.search.indices = (struct strings){ 1, items };
    assert_false(file_world_open(w));
    assert_int_equal(w->err.kind, ERR_USAGE);
}

static void a_batch_is_of_one_index(void **state)
{
    struct file_world   *w = *state;
    struct store_reader *r;
    struct batch        *b = batch_new();
    size_t               n = 0;
    bool                 end = false;

    file_world_execution(w, "kestra_executions-1", "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "b", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-2", "c", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "d", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    file_world_must(w, w->store->open_readers(w->store, &w->query, 4, &r, &n, &w->err));
    assert_int_equal(n, 1);
    file_world_must(w, r->read(r, b, &end, &w->err));
    assert_int_equal(b->n, 2);
    assert_string_equal(b->place, "kestra_executions-1");
    assert_false(end);
    batch_clear(b);
    file_world_must(w, r->read(r, b, &end, &w->err));
    assert_int_equal(b->n, 1);
    assert_string_equal(b->place, "kestra_executions-2");
    batch_clear(b);
    file_world_must(w, r->read(r, b, &end, &w->err));
    assert_string_equal(b->place, "kestra_executions-1");
    assert_true(end);
    batch_free(b);
    r->close(r);
}

/* ---- selection, counts, look-ups ------------------------------------------------------------- */

static void counts_are_those_of_what_is_read(void **state)
{
    struct file_world  *w = *state;
    struct store_counts c;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "b", "SUCCESS", "2024-01-02T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "c", "CREATED", "2024-01-03T00:00:00Z");
    file_world_hit(w, EXECUTIONS, "d",
                   "{\"id\":\"d\",\"deleted\":true,\"state\":{\"startDate\":"
                   "\"2024-01-03T00:00:00Z\"}}");
    file_world_hit(w, TRIGGERS, "n_f_s",
                   "{\"namespace\":\"n\",\"flowId\":\"f\",\"triggerId\":\"s\","
                   "\"executionId\":\"a\"}");
    file_world_written(w);
    c = file_world_count(w, KIND_EXECUTION);
    assert_true(c.total == 4 && c.outside == 0 && c.deleted == 1 && c.terminal == 1);
    assert_true(c.pending == 2 && c.selected == 2);
    c = file_world_count(w, KIND_TRIGGER);
    assert_true(c.total == 1 && c.locked == 1 && c.selected == 1);
    c = file_world_count(w, KIND_FLOW_LAST);
    assert_true(c.total == 0 && c.selected == 0);
    w->query.since = "2024-01-02T00:00:00.000Z";
    c = file_world_count(w, KIND_EXECUTION);
    assert_true(c.total == 4 && c.outside == 1 && c.pending == 1 && c.selected == 1);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "c="));
    assert_int_equal(atomic_load(&w->tally.read), 1);
}

static void documents_are_looked_up_by_id(void **state)
{
    const struct slice ids[] = { SLICE("b"), SLICE("nobody"), SLICE("q\"\n") };
    struct file_world *w = *state;

    w->options.executions = EXECUTIONS_ALL;
    w->query.ids = ids;
    w->query.n_ids = COUNT_OF(ids);
    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "b", "SUCCESS", "2024-01-02T00:00:00Z");
    file_world_hit(w, EXECUTIONS, "q\"\n",
                   "{\"id\":\"q\\\"\\n\",\"namespace\":\"n\",\"flowId\":\"f\","
                   "\"flowRevision\":1,\"state\":{\"current\":\"X\"},\"deleted\":false}");
    file_world_written(w);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "b="));
    assert_non_null(strstr(w->keeper.text.p, "\nq\"\n="));
    assert_int_equal(atomic_load(&w->tally.records), 2);
    w->query.n_ids = 0;
    assert_string_equal(file_world_records(w, KIND_EXECUTION), "");
}

static void a_hint_is_looked_for_in_the_documents_of_its_kind(void **state)
{
    struct file_world *w = *state;
    bool               there = false;

    file_world_hit(w, FLOWS, "f", "{\"tenantId\":null,\"x\":{\"y\":1}}");
    file_world_hit(w, TEMPLATES, "t", "{\"z\":1}");
    dump_file_write(&w->file, SIZE_MAX);
    file_world_must(w, store_open(&w->conf, &w->store, &w->err));
    file_world_must(w, w->store->has(w->store, w->layout, "member:flow.tenantId", &there, &w->err));
    assert_true(there);
    file_world_must(w, w->store->has(w->store, w->layout, "member:flow-last.x", &there, &w->err));
    assert_true(there);
    file_world_must(w, w->store->has(w->store, w->layout, "member:flow.y", &there, &w->err));
    assert_false(there);
    file_world_must(w, w->store->has(w->store, w->layout, "member:flow.z", &there, &w->err));
    assert_false(there);
    file_world_must(w, w->store->has(w->store, w->layout, "member:execution.id", &there, &w->err));
    assert_false(there);
    assert_false(w->store->has(w->store, w->layout, "table:flows", &there, &w->err));
    assert_int_equal(w->err.kind, ERR_USAGE);
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void the_latest_copy_of_an_execution_counts(void **state)
{
    struct file_world *w = *state;

    file_world_execution(w, "kestra_executions-2", "a", "RUNNING", "2024-01-02T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "a", "CREATED", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "b", "CREATED", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "c", "CREATED", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-2", "c", "SUCCESS", "2024-01-01T00:00:01Z");
    file_world_execution(w, "kestra_executions-2", "d", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, "kestra_executions-1", "d", "CREATED", "2024-01-01T00:00:00Z");
    file_world_written(w);
    (void)file_world_records(w, KIND_EXECUTION);
    assert_int_equal(atomic_load(&w->tally.records), 3);
    assert_non_null(strstr(w->keeper.text.p, "a={\"id\":\"a\""));
    assert_non_null(strstr(w->keeper.text.p, "2024-01-02T00:00:00Z"));
    assert_non_null(strstr(w->keeper.text.p, "b={"));
    assert_null(strstr(w->keeper.text.p, "c={"));
    assert_non_null(strstr(w->keeper.text.p, "d={"));
    assert_int_equal(file_world_count(w, KIND_EXECUTION).total, 4);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).terminal, 1);
}

static void of_other_copies_the_later_line_counts(void **state)
{
    struct file_world *w = *state;

    file_world_hit(w, TEMPLATES, "n_t",
                   "{\"id\":\"t\",\"namespace\":\"n\",\"deleted\":false,\"v\":1}");
    file_world_execution(w, EXECUTIONS, "a", "CREATED", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "n_t", "CREATED", "2024-01-01T00:00:00Z");
    file_world_hit(w, TEMPLATES, "n_t",
                   "{\"id\":\"t\",\"namespace\":\"n\",\"deleted\":false,\"v\":2}");
    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    assert_string_equal(file_world_records(w, KIND_TEMPLATE),
                        "n_t={\"id\":\"t\",\"namespace\":\"n\",\"deleted\":false,\"v\":2}\n");
    assert_int_equal(file_world_count(w, KIND_TEMPLATE).total, 1);
    (void)file_world_records(w, KIND_EXECUTION);
    assert_int_equal(atomic_load(&w->tally.records), 2);
    assert_non_null(strstr(w->keeper.text.p, "RUNNING"));
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, file_world_setup, file_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(each_kind_comes_out_of_its_index),
        STORE_TEST(a_packed_dump_says_the_same),
        STORE_TEST(the_source_goes_where_the_topic_wants_it),
        STORE_TEST(a_document_too_deep_is_skipped_alone),
        STORE_TEST(indices_and_prefix_may_be_others),
        STORE_TEST(a_dump_of_something_else_is_refused),
        STORE_TEST(an_index_override_that_is_none_is_refused),
        STORE_TEST(a_batch_is_of_one_index),
        STORE_TEST(counts_are_those_of_what_is_read),
        STORE_TEST(documents_are_looked_up_by_id),
        STORE_TEST(a_hint_is_looked_for_in_the_documents_of_its_kind),
        STORE_TEST(the_latest_copy_of_an_execution_counts),
        STORE_TEST(of_other_copies_the_later_line_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
