/* test_file_store_faults.c - a dump as a store: what it is, and what is wrong with it. */
#include "tests/support/file_world.h"
#include "tests/support/test.h"

/* ---- what it is ------------------------------------------------------------------------------ */

static void a_file_is_described(void **state)
{
    struct file_world  *w = *state;
    struct store_info   info;
    struct store_server servers[STORE_MAX_SERVERS];
    char                identity[sizeof(info.identity)];
    size_t              n = 1;
    unsigned            others = 1;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    file_world_must(w, w->store->describe(w->store, &info, &w->err));
    assert_string_equal(info.product, "file");
    assert_string_equal(info.version, "");
    assert_string_equal(info.place, w->file.path);
    assert_int_equal(info.grade, 'C');
    assert_false(info.has_tables);
    assert_int_equal(info.n_versions, 0);
    memcpy(identity, info.identity, sizeof(identity));
    file_world_must(w, file_world_open(w));
    file_world_must(w, w->store->describe(w->store, &info, &w->err));
    assert_string_equal(info.identity, identity);
    file_world_must(w, w->store->servers(w->store, servers, &n, &others, &w->err));
    assert_true(n == 0 && others == 0);
    file_world_execution(w, EXECUTIONS, "b", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    file_world_must(w, w->store->describe(w->store, &info, &w->err));
    assert_string_not_equal(info.identity, identity);
}

static void assert_grade(struct file_world *w, char described, char used)
{
    struct store_info info;

    file_world_written(w);
    file_world_must(w, w->store->describe(w->store, &info, &w->err));
    assert_int_equal(info.grade, described);
    assert_int_equal(w->store->grade, used);
}

static void the_first_line_may_say_the_grade(void **state)
{
    struct file_world *w = *state;

    buf_add(&w->file.text, "\n{\"requeue\":{\"grade\":\"B\"}}\n");
    assert_grade(w, 'B', 'B');
    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    assert_grade(w, 'B', 'B');
    assert_int_equal(file_world_count(w, KIND_EXECUTION).total, 1);
    /* A dump put together from several. */
    buf_add(&w->file.text, "{\"requeue\":{\"grade\":\"B\"}}\n");
    assert_grade(w, 'B', 'C');
    buf_clear(&w->file.text);
    buf_add(&w->file.text, "{\"requeue\":{\"grade\":\"A\"}}\n");
    dump_file_write(&w->file, SIZE_MAX);
    file_world_fails(w, ":1: requeue.grade is none of");
}

static void an_empty_file_has_no_documents(void **state)
{
    struct file_world *w = *state;

    assert_grade(w, 'C', 'C');
    assert_string_equal(file_world_records(w, KIND_EXECUTION), "");
    assert_int_equal(file_world_count(w, KIND_FLOW).total, 0);
    buf_add(&w->file.text, "\n \r\n");
    file_world_written(w);
    assert_string_equal(file_world_records(w, KIND_EXECUTION), "");
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void a_broken_line_is_named_before_anything_is_read(void **state)
{
    static const char *const bad[] = {
        "{\"_index\":\"kestra_logs\",\"_id\":\"x\",\"_source\":{",
        "{\"_index\":\"kestra_logs\",\"_id\":\"x\"}",
        "{\"_index\":\"kestra_logs\",\"_source\":{}}",
        "{\"_id\":\"x\",\"_source\":{}}",
        "{\"_index\":\"kestra_logs\",\"_id\":\"x\",\"_source\":null}",
        "{\"_index\":\"kestra_logs\",\"_id\":\"x\",\"_source\":[]}",
        "{\"_index\":\"kestra_logs\",\"_id\":7,\"_source\":{}}",
        "{\"index\":{\"_index\":\"kestra_logs\",\"_id\":\"x\"}}",
        "{\"kestra_flows\":{\"mappings\":{}}}",
        "[]",
        "<html>",
        "\xef\xbb\xbf{}",
    };
    struct file_world *w = *state;
    char               where[300];

    (void)snprintf(where, sizeof(where), "%s:2: ", w->file.path);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        buf_clear(&w->file.text);
        file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
        buf_add(&w->file.text, "%s\n", bad[i]);
        file_world_execution(w, EXECUTIONS, "b", "RUNNING", "2024-01-01T00:00:00Z");
        dump_file_write(&w->file, SIZE_MAX);
        buf_clear(&w->keeper.text);
        file_world_fails(w, where);
        assert_true(w->err.hint[0] != '\0');
        assert_int_equal(w->keeper.text.n, 0);
    }
}

static void a_dump_cut_anywhere_is_refused_unless_between_lines(void **state)
{
    struct file_world *w = *state;
    size_t             first;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    first = w->file.text.n;
    file_world_execution(w, EXECUTIONS, "b", "RUNNING", "2024-01-01T00:00:00Z");
    for (size_t n = first - 1; n < w->file.text.n; n++) {
        dump_file_write(&w->file, n);
        /* Up to a line's end, with its newline or without. */
        if (n <= first || n == w->file.text.n - 1)
            file_world_must(w, file_world_open(w));
        else
            file_world_fails(w, ":2: JSON: ");
    }
}

static void a_file_that_changes_is_refused(void **state)
{
    struct file_world *w = *state;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    file_world_execution(w, EXECUTIONS, "b", "RUNNING", "2024-01-01T00:00:00Z");
    dump_file_write(&w->file, SIZE_MAX);
    assert_false(file_world_run(w));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "changed since it was opened"));
}

static void what_cannot_be_opened_is_refused(void **state)
{
    static const struct {
        const char   *url;
        enum err_kind kind;
        const char   *why;
    } cases[] = {
        { "file:/nowhere/x.json", ERR_STORE, "/nowhere/x.json: cannot be opened: No such file" },
        { "file:///nowhere/x.json", ERR_STORE, "/nowhere/x.json: cannot be opened" },
        { "file:/", ERR_STORE, "a directory" },
        { "file:", ERR_USAGE, "names no file" },
        { "file://", ERR_USAGE, "names no file" },
        { "file://host/x", ERR_USAGE, "names no file" },
    };
    struct file_world *w = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->conf.url = cases[i].url;
        assert_false(file_world_open(w));
        assert_int_equal(w->err.kind, cases[i].kind);
        if (!strstr(w->err.msg, cases[i].why))
            fail_msg("\"%s\" does not say \"%s\"", w->err.msg, cases[i].why);
        assert_true(w->err.hint[0] != '\0');
    }
}

static void a_stop_ends_every_pass(void **state)
{
    struct file_world  *w = *state;
    struct stop         stop = { 0 };
    struct store_counts c;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    w->conf.stop = &stop;
    file_world_written(w);
    stop_ask(&stop);
    assert_false(w->store->count(w->store, &w->query, &c, &w->err));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    w->err = ERR_INIT;
    assert_false(file_world_run(w));
    assert_int_equal(w->err.kind, ERR_STOPPED);
}

static void a_cancelled_reader_stops(void **state)
{
    struct file_world   *w = *state;
    struct store_reader *r;
    struct batch        *b = batch_new();
    size_t               n = 0;
    bool                 end = false;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    file_world_must(w, w->store->open_readers(w->store, &w->query, 1, &r, &n, &w->err));
    r->cancel(r);
    assert_false(r->read(r, b, &end, &w->err));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    r->close(r);
    batch_free(b);
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, file_world_setup, file_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_file_is_described),
        STORE_TEST(the_first_line_may_say_the_grade),
        STORE_TEST(an_empty_file_has_no_documents),
        STORE_TEST(a_broken_line_is_named_before_anything_is_read),
        STORE_TEST(a_dump_cut_anywhere_is_refused_unless_between_lines),
        STORE_TEST(a_file_that_changes_is_refused),
        STORE_TEST(what_cannot_be_opened_is_refused),
        STORE_TEST(a_stop_ends_every_pass),
        STORE_TEST(a_cancelled_reader_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
