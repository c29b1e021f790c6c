/* test_hits_line.c - one hit by itself, and answers that are errors. */
#include "tests/support/hits_test.h"

/* ---- lines ---- */

static void a_line_is_a_hit(void **state)
{
    struct err err = ERR_INIT;
    struct hit h;

    assert_true(hits_cut_line(SLICE("{\"_index\":\"kestra_templates\",\"_type\":\"_doc\",\"_id\":"
                                    "\"t\\u0031\",\"_score\":1,\"_source\":{\"d\":1.50}}\r\n"),
                              *state, &h, &err));
    assert_text(h.index, "kestra_templates");
    assert_text(h.id, "t1");
    assert_text(h.source, "{\"d\":1.50}");
    assert_true(h.trusted);
    assert_null(h.sort.p);
}

static void a_line_that_is_no_object_is_refused(void **state)
{
    static const char *const bad[] = { "",    " ", "[]", "5", "{", "{\"_id\":1}", "{\"_source\":5}",
                                       "{}{}" };
    struct hit               h;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_INIT;

        if (hits_cut_line(slice_str(bad[i]), *state, &h, &err))
            fail_msg("was taken: %s", bad[i]);
        assert_int_equal(err.kind, ERR_DATA);
    }
}

/* ---- errors ---- */

static void assert_error(const char *page, const char *type, const char *outer, const char *reason)
{
    struct hits_error e;

    assert_true(hits_cut_error(slice_str(page), &e));
    assert_string_equal(e.type, type);
    assert_string_equal(e.outer, outer);
    assert_string_equal(e.reason, reason);
}

static void an_error_is_told_by_its_root_cause(void **state)
{
    (void)state;
    assert_error(
        "{\"error\":{\"root_cause\":[{\"type\":\"search_context_missing_exception\","
        "\"reason\":\"No search context found for id [71]\"},{\"type\":\"other\"}],\"type\""
        ":\"search_phase_execution_exception\",\"reason\":\"all shards failed\","
        "\"caused_by\":{\"type\":\"third\"}},\"status\":404}",
        "search_context_missing_exception", "search_phase_execution_exception",
        "No search context found for id [71]");
    assert_error("{\"error\":{\"root_cause\":[],\"type\":\"search_phase_execution_exception\","
                 "\"reason\":\"\",\"phase\":\"query\"},\"status\":503}",
                 "search_phase_execution_exception", "search_phase_execution_exception", "");
    assert_error("{\"error\":{\"root_cause\":[{\"type\":\"a\",\"reason\":null}],\"type\":\"b\","
                 "\"reason\":\"c\"}}",
                 "a", "b", "c");
}

static void an_error_may_be_a_text(void **state)
{
    (void)state;
    assert_error("{\"error\":\"Incorrect HTTP method for uri [/_search]\",\"status\":405}", "", "",
                 "Incorrect HTTP method for uri [/_search]");
    assert_error("{\"succeeded\":true,\"num_freed\":0}", "", "", "");
}

static void a_reason_is_one_line_and_cut(void **state)
{
    struct hits_error e;
    struct buf        page;

    (void)state;
    assert_error("{\"error\":{\"root_cause\":[{\"type\":\"json_e_o_f_exception\",\"reason\":"
                 "\"Unexpected end\\n at [Source: x\\u001b]\"}],\"type\":\"t\"}}",
                 "json_e_o_f_exception", "t", "Unexpected end at [Source: x?]");
    buf_init(&page, NO_LIMIT);
    buf_add(&page, "{\"error\":\"");
    for (int i = 0; i < 1000; i++)
        buf_add(&page, "\xc3\xa9");
    buf_add(&page, "\"}");
    assert_true(hits_cut_error(buf_slice(&page), &e));
    assert_true(utf8_valid(slice_str(e.reason)));
    assert_string_equal(e.reason + strlen(e.reason) - 3, "...");
    buf_release(&page);
}

static void what_is_no_json_is_no_error_answer(void **state)
{
    static const char *const bad[] = { "", "<html>", "{\"error\":", "{\"error\":\"\xff\"}" };
    struct hits_error        e;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        memset(&e, 'x', sizeof(e));
        assert_false(hits_cut_error(slice_str(bad[i]), &e));
        assert_string_equal(e.type, "");
        assert_string_equal(e.outer, "");
        assert_string_equal(e.reason, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HITS_TEST(a_line_is_a_hit),
        HITS_TEST(a_line_that_is_no_object_is_refused),
        HITS_TEST(an_error_is_told_by_its_root_cause),
        HITS_TEST(an_error_may_be_a_text),
        HITS_TEST(a_reason_is_one_line_and_cut),
        HITS_TEST(what_is_no_json_is_no_error_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
