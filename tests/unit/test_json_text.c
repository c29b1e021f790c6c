/*
 * test_json_text.c - UTF-8, escapes and quotes.
 */
#include "tests/support/json_proof.h"

/* Texts between quotes, each with whether it is UTF-8. */
static const struct {
    const char *text;
    bool        good;
} utf8_cases[] = {
    { "plain", true },
    { "\x7f", true },
    { "\xc2\x80", true },
    { "\xc3\xa9t\xc3\xa9", true },
    { "\xdf\xbf", true },
    { "\xe0\xa0\x80", true },
    { "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", true },
    { "\xed\x9f\xbf", true },
    { "\xee\x80\x80", true },
    { "\xef\xbf\xbf", true },
    { "\xf0\x90\x80\x80", true },
    { "\xf0\x9f\x98\x80", true },
    { "\xf4\x8f\xbf\xbf", true },
    { "\x80", false },
    { "\xbf", false },
    { "\xc0\x80", false },
    { "\xc1\xbf", false },
    { "\xc2", false },
    { "\xc2 ", false },
    { "\xe0\x9f\xbf", false },
    { "\xe0\xa0", false },
    { "\xed\xa0\x80", false },
    { "\xed\xbf\xbf", false },
    { "\xf0\x8f\xbf\xbf", false },
    { "\xf0\x9f\x98", false },
    { "\xf4\x90\x80\x80", false },
    { "\xf5\x80\x80\x80", false },
    { "\xf7\xbf\xbf\xbf", false },
    { "\xfe", false },
    { "\xff", false },
};

static void utf8_is_strict_at_every_offset(void **state)
{
    char padding[80];

    (void)state;
    memset(padding, 'a', sizeof(padding));
    for (size_t i = 0; i < COUNT_OF(utf8_cases); i++) {
        size_t n = strlen(utf8_cases[i].text);

        for (size_t before = 0; before < 70; before++) {
            char   text[160];
            size_t after = (before * 7) % 70;

            memcpy(text, padding, before);
            memcpy(text + before, utf8_cases[i].text, n);
            memcpy(text + before + n, padding, after);
            if (utf8_valid(slice_of(text, before + n + after)) != utf8_cases[i].good)
                fail_msg("case %zu after %zu bytes", i, before);
        }
    }
    assert_true(utf8_valid(slice_of(NULL, 0)));
    assert_true(utf8_valid(slice_of("a\0b", 3)));
}

static void strings_and_names_that_are_not_utf8_are_refused(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, NO_LIMIT);
    for (size_t i = 0; i < COUNT_OF(utf8_cases); i++) {
        buf_clear(&b);
        buf_add(&b, "{\"k\":\"%s\"}", utf8_cases[i].text);
        assert_int_equal(is_json(buf_slice(&b)), utf8_cases[i].good);
        buf_clear(&b);
        buf_add(&b, "{\"%s\":1}", utf8_cases[i].text);
        assert_int_equal(is_json(buf_slice(&b)), utf8_cases[i].good);
    }
    buf_release(&b);
}

static bool text_of(const char *raw, struct buf *out, struct err *err)
{
    return json_text((struct json_value){ JSON_STRING, slice_str(raw) }, out, err);
}

static void text_is_unescaped(void **state)
{
    static const struct {
        const char *raw;
        const char *text;
    } cases[] = {
        { "\"\"", "" },
        { "\"abc\"", "abc" },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
        { "\"\\u0041\\u00e9\\u65e5\\uD83d\\uDE00.\"", "A\xc3\xa9\xe6\x97\xa5\xf0\x9f\x98\x80." },
        { "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
          "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
        { "\"\\udbff\\udfff\\ud800\\udc00\"", "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80" },
        { "\"\\\\ud800\"", "\\ud800" },
    };
    struct buf out;
    struct err err = ERR_INIT;

    (void)state;
    buf_init(&out, NO_LIMIT);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&out);
        buf_add(&out, "before ");
        assert_true(text_of(cases[i].raw, &out, &err));
        assert_string_equal(out.p + 7, cases[i].text);
    }
    buf_release(&out);
}

static void text_refuses_what_is_no_text_and_leaves_out_alone(void **state)
{
    static const char *const bad[] = {
        "\"a\\u0000\"",       "\"a\\ud800\"",       "\"a\\udc00\"",       "\"a\\ud800x\"",
        "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"", "\"\\udc00\\ud800\"", "\"a\\\"",
        "\"a\\x\"",           "\"a\\u12\"",         "\"a\\u12g4\"",       "\"\\ud800\\udc0\"",
    };
    struct buf out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    buf_add(&out, "before");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_INIT;

        assert_false(text_of(bad[i], &out, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_string_equal(out.p, "before");
    }
    buf_release(&out);
}

static void text_of_another_type_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    assert_false(json_text((struct json_value){ JSON_NUMBER, SLICE("12") }, &out, &err));
    assert_false(json_text((struct json_value){ JSON_ABSENT, { NULL, 0 } }, &out, &err));
    assert_int_equal(err.kind, ERR_DATA);
    buf_release(&out);
}

static void text_longer_than_the_limit_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    buf_init(&out, 4);
    assert_false(text_of("\"abc\\u00e9\"", &out, &err));
    assert_int_equal(err.kind, ERR_DATA);
    assert_int_equal(out.n, 0);
    assert_true(text_of("\"ab\\u00e9\"", &out, &err));
    buf_release(&out);
}

static void quote_escapes_only_what_must_be(void **state)
{
    static const struct {
        struct slice text;
        const char  *quoted;
    } cases[] = {
        { { "", 0 }, "\"\"" },
        { { "a/b'\x7f\xe2\x80\xa8\xf0\x9f\x98\x80", 12 },
          "\"a/b'\x7f\xe2\x80\xa8\xf0\x9f\x98\x80\"" },
        { { "\"\\\b\f\n\r\t\x01\x1f", 9 }, "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"" },
        { { "a\0b", 3 }, "\"a\\u0000b\"" },
        { { "\xff-\xc0\x80-\xed\xa0\x80", 8 },
          "\"\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { { "\xe6\x97", 2 }, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
    };
    struct buf out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&out);
        assert_true(json_quote(cases[i].text, &out));
        assert_string_equal(out.p, cases[i].quoted);
        assert_true(is_json(buf_slice(&out)));
    }
    buf_release(&out);
}

static void quote_that_does_not_fit_appends_nothing(void **state)
{
    struct buf out;

    (void)state;
    for (size_t limit = 0; limit < 11; limit++) {
        buf_init(&out, limit);
        assert_int_equal(json_quote(SLICE("ab\n\x01"), &out), false);
        assert_int_equal(out.n, 0);
        assert_string_equal(out.p, "");
        buf_release(&out);
    }
    buf_init(&out, 12);
    assert_true(json_quote(SLICE("ab\n\x01"), &out));
    buf_release(&out);
}

static void any_bytes_survive_quote_and_text_when_they_are_utf8(void **state)
{
    uint64_t   seed = test_seed();
    struct buf quoted;
    struct buf back;
    struct err err = ERR_INIT;

    (void)state;
    buf_init(&quoted, NO_LIMIT);
    buf_init(&back, NO_LIMIT);
    for (int round = 0; round < 20000; round++) {
        char         bytes[24];
        size_t       n = test_below(&seed, sizeof(bytes));
        struct slice text = slice_of(bytes, n);

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(test_rand(&seed) % (round % 2 ? 256 : 128));
        buf_clear(&quoted);
        buf_clear(&back);
        assert_true(json_quote(text, &quoted));
        assert_true(is_json(buf_slice(&quoted)));
        if (memchr(bytes, 0, n))
            continue;
        assert_true(json_text((struct json_value){ JSON_STRING, buf_slice(&quoted) }, &back, &err));
        assert_int_equal(slice_eq(buf_slice(&back), text), utf8_valid(text));
    }
    buf_release(&quoted);
    buf_release(&back);
}

static struct slice text_in(const char *raw, size_t max, struct arena *a)
{
    return json_text_in((struct json_value){ JSON_STRING, slice_str(raw) }, max, a);
}

static void a_text_is_borrowed_where_it_can_be(void **state)
{
    static const char plain[] = "\"abc\"";
    struct arena     *a = arena_new(1024);

    (void)state;
    assert_ptr_equal(text_in(plain, 8, a).p, plain + 1);
    assert_true(slice_eq(text_in(plain, 8, a), SLICE("abc")));
    assert_true(slice_eq(text_in("\"a\\nb\"", 8, a), SLICE("a\nb")));
    assert_non_null(text_in("\"\"", 8, a).p);
    assert_null(text_in("\"a\\n345678\"", 4, a).p);
    assert_null(text_in("\"\\ud800\"", 8, a).p);
    assert_null(json_text_in((struct json_value){ JSON_NUMBER, SLICE("12") }, 8, a).p);
    assert_null(json_text_in((struct json_value){ JSON_ABSENT, { NULL, 0 } }, 8, a).p);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_strict_at_every_offset),
        cmocka_unit_test(strings_and_names_that_are_not_utf8_are_refused),
        cmocka_unit_test(text_is_unescaped),
        cmocka_unit_test(text_refuses_what_is_no_text_and_leaves_out_alone),
        cmocka_unit_test(text_of_another_type_is_refused),
        cmocka_unit_test(text_longer_than_the_limit_is_refused),
        cmocka_unit_test(quote_escapes_only_what_must_be),
        cmocka_unit_test(quote_that_does_not_fit_appends_nothing),
        cmocka_unit_test(a_text_is_borrowed_where_it_can_be),
        cmocka_unit_test(any_bytes_survive_quote_and_text_when_they_are_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
