/* test_verdict_rules.c - the decision table is whole, tested row by row, and documented. */
#include "tests/support/test.h"
#include "tests/support/verdict_doc.h"

#include "lib/base/file.h"

static const char *root(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): main thread, and nobody changes the environment */
    const char *given = getenv("REQUEUE_ROOT");

    return given ? given : ".";
}

/* ---- the table ---------------------------------------------------------------------------- */

static void the_table_has_every_row_of_part_2_in_order(void **state)
{
    static const struct {
        char     letter;
        unsigned n;
    } parts[] = { { 'E', 41 }, { 'H', 17 }, { 'F', 11 }, { 'T', 14 }, { 'D', 5 } };
    unsigned row = 0;
    char     id[8];

    (void)state;
    for (size_t p = 0; p < COUNT_OF(parts); p++) {
        for (unsigned i = 1; i <= parts[p].n; i++, row++) {
            (void)snprintf(id, sizeof(id), "%c%02u", parts[p].letter, i);
            assert_in_range(row, 0, ROW_COUNT - 1);
            assert_string_equal(verdict_rules[row].id, id);
            assert_non_null(verdict_rules[row].situation);
            assert_non_null(verdict_rules[row].note);
        }
    }
    assert_int_equal(row, ROW_COUNT);
    assert_true(ROW_COUNT <= 128);
}

static void every_row_that_is_decided_has_its_test(void **state)
{
    struct buf tests;
    bool       whole = true;

    (void)state;
    buf_init(&tests, 4u << 20);
    verdict_doc_tests(root(), &tests);
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        const struct rule *r = &verdict_rules[row];

        if (r->by != BY_NOBODY && !verdict_doc_test(buf_slice(&tests), r).p) {
            print_error("no test of row %s\n", r->id);
            whole = false;
        }
    }
    buf_release(&tests);
    assert_true(whole);
}

static void a_test_is_found_by_the_id_of_its_row(void **state)
{
    const struct slice tests = SLICE("static void test_E011_x(void)\nstatic void test_E01_y(v)");

    (void)state;
    assert_true(slice_eq(verdict_doc_test(tests, &verdict_rules[ROW_E01]), SLICE("test_E01_y")));
    assert_null(verdict_doc_test(tests, &verdict_rules[ROW_E02]).p);
}

static void the_page_is_what_the_table_says(void **state)
{
    struct buf tests;
    struct buf page;
    struct buf there;
    struct err err = ERR_INIT;
    char       path[4096];

    (void)state;
    buf_init(&tests, 4u << 20);
    buf_init(&page, 4u << 20);
    buf_init(&there, 4u << 20);
    verdict_doc_tests(root(), &tests);
    verdict_doc(buf_slice(&tests), &page);
    (void)snprintf(path, sizeof(path), "%s/docs/verdicts.md", root());
    if (!file_read(path, &there, &err))
        fail_msg("%s", err.msg);
    if (!slice_eq(buf_slice(&page), buf_slice(&there)))
        fail_msg("docs/verdicts.md is not current: tests/tools/verdict_table prints it");
    buf_release(&there);
    buf_release(&page);
    buf_release(&tests);
}

/* ---- names -------------------------------------------------------------------------------- */

static void every_code_has_a_name_a_text_and_is_found_by_it(void **state)
{
    enum code code;

    (void)state;
    assert_true(CODE_COUNT <= 64);
    for (unsigned c = 0; c < CODE_COUNT; c++) {
        assert_non_null(code_name((enum code)c));
        assert_non_null(code_text((enum code)c));
        assert_true(code_parse(code_name((enum code)c), &code));
        assert_int_equal(code, c);
    }
    assert_false(code_parse("no-such-code", &code));
    for (unsigned r = 0; r < REMEDY_COUNT; r++) {
        assert_non_null(remedy_name((enum remedy)r));
        assert_non_null(remedy_how((enum remedy)r));
    }
    for (unsigned r = 0; r < ROLE_COUNT; r++)
        assert_non_null(role_name((enum role)r));
    assert_string_equal(verdict_name(VERDICT_NEEDS_ACTION), "needs-action");
}

static void a_row_says_from_which_to_which_verdict_it_goes(void **state)
{
    enum verdict best;
    enum verdict worst;

    (void)state;
    rule_verdicts(&verdict_rules[ROW_E02], &best, &worst);
    assert_int_equal(best, VERDICT_RESUMES);
    assert_int_equal(worst, VERDICT_BLOCKED);
    rule_verdicts(&verdict_rules[ROW_E34], &best, &worst);
    assert_int_equal(best, VERDICT_RESUMES);
    assert_int_equal(worst, VERDICT_UNDECIDED);
    rule_verdicts(&verdict_rules[ROW_E26], &best, &worst);
    assert_int_equal(best, VERDICT_BLOCKED);
    assert_int_equal(worst, VERDICT_BLOCKED);
    rule_verdicts(&verdict_rules[ROW_E01], &best, &worst);
    assert_int_equal(worst, VERDICT_RESUMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_every_row_of_part_2_in_order),
        cmocka_unit_test(every_row_that_is_decided_has_its_test),
        cmocka_unit_test(a_test_is_found_by_the_id_of_its_row),
        cmocka_unit_test(the_page_is_what_the_table_says),
        cmocka_unit_test(every_code_has_a_name_a_text_and_is_found_by_it),
        cmocka_unit_test(a_row_says_from_which_to_which_verdict_it_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
