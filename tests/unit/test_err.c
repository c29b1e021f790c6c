/* test_err.c - errors that travel. */
#include "tests/support/test.h"

#include "lib/base/err.h"

static void set_fills_everything_and_returns_false(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_false(err_set(&err, ERR_STORE, "cannot read %s: %d", "flows", 42));
    assert_int_equal(err.kind, ERR_STORE);
    assert_false(err.retriable);
    assert_string_equal(err.msg, "cannot read flows: 42");
    assert_string_equal(err.hint, "");
}

static void set_replaces_an_older_error_with_its_hint(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_STORE, "first");
    err.retriable = true;
    (void)err_hint(&err, "do this");
    (void)err_set(&err, ERR_KAFKA, "second after %s", err.msg);
    assert_int_equal(err.kind, ERR_KAFKA);
    assert_false(err.retriable);
    assert_string_equal(err.msg, "second after first");
    assert_string_equal(err.hint, "");
}

static void wrap_puts_context_in_front_and_keeps_the_rest(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_DATA, "no key");
    err.retriable = true;
    (void)err_hint(&err, "look");
    assert_false(err_wrap(&err, "document %d", 7));
    assert_string_equal(err.msg, "document 7: no key");
    assert_int_equal(err.kind, ERR_DATA);
    assert_true(err.retriable);
    assert_string_equal(err.hint, "look");
}

static void wrap_with_a_blank_at_the_end_adds_no_colon(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_DATA, "no key");
    (void)err_wrap(&err, "flows: ");
    assert_string_equal(err.msg, "flows: no key");
    (void)err_wrap(&err, "%s", "");
    assert_string_equal(err.msg, "flows: no key");
}

static void wrap_may_use_the_message_it_wraps(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_DATA, "a");
    (void)err_wrap(&err, "%s", err.msg);
    assert_string_equal(err.msg, "a: a");
}

static void a_message_that_just_fits_is_whole(void **state)
{
    struct err err = ERR_INIT;
    char       text[sizeof(err.msg)];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)err_set(&err, ERR_BUG, "%s", text);
    assert_string_equal(err.msg, text);
}

static void one_byte_more_is_cut_with_dots(void **state)
{
    struct err err = ERR_INIT;
    char       text[sizeof(err.msg) + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)err_set(&err, ERR_BUG, "%s", text);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + sizeof(err.msg) - 5, "x...");
}

static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct err err = ERR_INIT;
        char       text[1024] = { 0 };

        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3); /* the euro sign */
        (void)err_set(&err, ERR_BUG, "%s", text);
        assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
        assert_int_equal((strlen(err.msg) - 3 - shift) % 3, 0);
        assert_true(strlen(err.msg) < sizeof(err.msg));
        assert_true(strlen(err.msg) > sizeof(err.msg) - 4);
    }
}

static void wrapping_until_it_is_full_keeps_the_front(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_DATA, "the end");
    for (int i = 0; i < 200; i++)
        (void)err_wrap(&err, "level %d", i);
    assert_true(strncmp(err.msg, "level 199: level 198: ", 22) == 0);
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_string_equal(err.msg + sizeof(err.msg) - 4, "...");
}

static void a_long_hint_is_cut_with_dots(void **state)
{
    struct err err = ERR_INIT;
    char       text[sizeof(err.hint) * 2];

    (void)state;
    memset(text, 'h', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    (void)err_set(&err, ERR_USAGE, "m");
    assert_false(err_hint(&err, "%s", text));
    assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
    assert_string_equal(err.hint + sizeof(err.hint) - 4, "...");
}

static void control_characters_become_question_marks(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_STORE,
                  "a\nb\tc\x1b[2Jd\x7f"
                  "e");
    assert_string_equal(err.msg, "a?b?c?[2Jd?e");
    /* U+009B is a terminal's ESC [ in one character; the same bytes inside others stay. */
    (void)err_set(&err, ERR_STORE,
                  "\xc2\x9b"
                  "31m \xc3\x9b \xe2\x82\x9b \xc2\xa0");
    assert_string_equal(err.msg, "??31m \xc3\x9b \xe2\x82\x9b \xc2\xa0");
}

static void utf8_stays_as_it_is(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    (void)err_set(&err, ERR_STORE, "%s", "d\xc3\xa9j\xc3\xa0 vu \xf0\x9f\x98\x80");
    assert_string_equal(err.msg, "d\xc3\xa9j\xc3\xa0 vu \xf0\x9f\x98\x80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything_and_returns_false),
        cmocka_unit_test(set_replaces_an_older_error_with_its_hint),
        cmocka_unit_test(wrap_puts_context_in_front_and_keeps_the_rest),
        cmocka_unit_test(wrap_with_a_blank_at_the_end_adds_no_colon),
        cmocka_unit_test(wrap_may_use_the_message_it_wraps),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(one_byte_more_is_cut_with_dots),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(wrapping_until_it_is_full_keeps_the_front),
        cmocka_unit_test(a_long_hint_is_cut_with_dots),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(utf8_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
