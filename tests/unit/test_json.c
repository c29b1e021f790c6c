/*
 * test_json.c - JSON as bytes: what is refused, byte ranges, edits, events, trees and the writer.
 */
#include "tests/support/test.h"

#include "lib/base/json.h"

#define NO_LIMIT (64u << 20)

static const struct json_events no_events;

static bool is_json(struct slice doc)
{
    struct err err = ERR_INIT;
    bool       ok = json_parse(doc, &no_events, NULL, &err);

    assert_int_equal(err.kind, ok ? ERR_NONE : ERR_DATA);
    assert_false(err.retriable);
    assert_true(ok || strstr(err.msg, "byte"));
    return ok;
}

static void fill(struct buf *b, const char *piece, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(buf_append(b, slice_str(piece)));
}

/* ---- what a document is ---- */

static void whole_values_of_each_type_are_documents(void **state)
{
    static const char *const good[] = {
        "null",  "true",     "false",      "0",         "-0",          "-1.5",
        "1E+9",  "1e-9",     "\"\"",       "\"a\"",     "{}",          "[]",
        " [ ] ", "\t{\n}\r", "[1,[2,{}]]", "{\"\":{}}", "\"\\u00e9\"", "\"\\ud83d\\ude00\""
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (!is_json(slice_str(good[i])))
            fail_msg("refused: %s", good[i]);
}

static void what_is_not_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "nul",
        "nulll",
        "tru e",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "-",
        "NaN",
        "Infinity",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\t\"",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{}{}",
        "{} x",
        "1 2",
        "[] ]",
        "/* c */ 1",
        "// c\n1",
        "[1]//",
        "\xef\xbb\xbf{}",
        "\x0c{}",
        "{\x0b}",
        "{\"a\":\f1}",
        "[]\v",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (is_json(slice_str(bad[i])))
            fail_msg("accepted: %s", bad[i]);
    assert_false(is_json(slice_of("{}\0", 3)));
    assert_false(is_json(slice_of("\"\0\"", 3)));
    assert_false(is_json(slice_of(NULL, 0)));
}

static void an_error_tells_the_byte_where_it_is(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_false(json_parse(slice_str("{\"a\": nope}"), &no_events, NULL, &err));
    assert_non_null(strstr(err.msg, "byte 7"));
    assert_false(json_parse(slice_str("{\"a\": 1"), &no_events, NULL, &err));
    assert_non_null(strstr(err.msg, "byte 7"));
    assert_false(json_parse(slice_str("[\"abc\xc0\x80\"]"), &no_events, NULL, &err));
    assert_string_equal(err.msg, "JSON: byte 5: not UTF-8");
    assert_null(strchr(err.msg, '\n'));
}

static void make_nested(struct buf *b, size_t depth)
{
    buf_clear(b);
    fill(b, "[", depth);
    fill(b, "]", depth);
}

static void nesting_is_capped_at_json_max_depth(void **state)
{
    struct err err = ERR_INIT;
    struct buf b;

    (void)state;
    buf_init(&b, NO_LIMIT);
    make_nested(&b, JSON_MAX_DEPTH);
    assert_true(is_json(buf_slice(&b)));
    make_nested(&b, JSON_MAX_DEPTH + 1);
    assert_false(json_parse(buf_slice(&b), &no_events, NULL, &err));
    assert_string_equal(err.msg, "JSON: byte 256: nested deeper than 256 levels");
    make_nested(&b, 1000000);
    assert_false(is_json(buf_slice(&b)));
    buf_release(&b);
}

static void nesting_in_a_member_is_capped_for_find_and_edit_too(void **state)
{
    const struct json_path path = { "a", NULL };
    struct json_value      found;
    struct err             err = ERR_INIT;
    struct buf             b;
    struct buf             out;

    (void)state;
    buf_init(&b, NO_LIMIT);
    buf_init(&out, NO_LIMIT);
    for (size_t extra = 0; extra < 2; extra++) {
        buf_clear(&b);
        fill(&b, "{\"a\":", 1);
        fill(&b, "[", JSON_MAX_DEPTH - 1 + extra);
        fill(&b, "]", JSON_MAX_DEPTH - 1 + extra);
        fill(&b, "}", 1);
        assert_int_equal(json_find(buf_slice(&b), &path, 1, JSON_FIND_ALL, &found, &err), !extra);
        assert_int_equal(json_edit(buf_slice(&b), NULL, 0, NULL, 0, &out, &err), !extra);
    }
    assert_int_equal(err.kind, ERR_DATA);
    buf_release(&b);
    buf_release(&out);
}

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

static const char nasty[] =
    " {\"id\": \"a\\\"b\\\\\", \"\\u0069ds\":[1,-2.50e+3,{\"id\":\"inner\"},[]],\r\n\t"
    "\"state\" :{\"current\":\"\xe6\x97\xa5\xf0\x9f\x98\x80\\ud83d\\ude00\\n\",\"histories\":[{}]} "
    ","
    "\"n\":null,\"t\":true,\"f\":false,\"x\":1E-9,\"\":{\"\":\"\\\\\"},\"last\":0} \n";

static void a_document_cut_anywhere_is_refused(void **state)
{
    const struct json_path path = { "last", NULL };
    struct json_value      found;
    struct err             err = ERR_INIT;
    struct buf             out;
    size_t                 end = sizeof(nasty) - 1;

    (void)state;
    buf_init(&out, NO_LIMIT);
    while (nasty[end - 1] != '}')
        end--;
    for (size_t n = 0; n < sizeof(nasty); n++) {
        bool whole = n >= end;
        /* A copy of its own, so that reading behind the end is seen. */
        char        *copy = mem_strndup(nasty, n);
        struct slice doc = slice_of(copy, n);

        assert_int_equal(is_json(doc), whole);
        assert_int_equal(json_find(doc, &path, 1, JSON_FIND_ALL, &found, &err), whole);
        buf_clear(&out);
        assert_int_equal(json_edit(doc, NULL, 0, NULL, 0, &out, &err), whole);
        assert_int_equal(out.n, whole ? n : 0);
        mem_free(copy);
    }
    buf_release(&out);
}

/* ---- json_find ---- */

static void expect_found(struct json_value v, enum json_type type, const char *raw)
{
    assert_int_equal(v.type, type);
    if (!raw) {
        assert_null(v.raw.p);
        assert_int_equal(v.raw.n, 0);
        return;
    }
    if (!slice_eq(v.raw, slice_str(raw)))
        fail_msg("found %.*s instead of %s", SLICE_ARG(v.raw), raw);
}

static struct json_value find(const char *doc, const char *name, const char *sub)
{
    struct json_path  path = { name, sub };
    struct json_value all;
    struct json_value trusted;
    struct err        err = ERR_INIT;

    assert_true(json_find(slice_str(doc), &path, 1, JSON_FIND_ALL, &all, &err));
    assert_true(json_find(slice_str(doc), &path, 1, JSON_FIND_TRUSTED, &trusted, &err));
    assert_int_equal(all.type, trusted.type);
    assert_true(slice_eq(all.raw, trusted.raw));
    return all;
}

static void members_are_found_as_bytes_and_type(void **state)
{
    (void)state;
    expect_found(find(nasty, "id", NULL), JSON_STRING, "\"a\\\"b\\\\\"");
    expect_found(find(nasty, "ids", NULL), JSON_ARRAY, "[1,-2.50e+3,{\"id\":\"inner\"},[]]");
    expect_found(find(nasty, "n", NULL), JSON_NULL, "null");
    expect_found(find(nasty, "t", NULL), JSON_BOOL, "true");
    expect_found(find(nasty, "f", NULL), JSON_BOOL, "false");
    expect_found(find(nasty, "x", NULL), JSON_NUMBER, "1E-9");
    expect_found(find(nasty, "last", NULL), JSON_NUMBER, "0");
    expect_found(find(nasty, "", NULL), JSON_OBJECT, "{\"\":\"\\\\\"}");
    expect_found(find(nasty, "", ""), JSON_STRING, "\"\\\\\"");
    expect_found(find(nasty, "state", "histories"), JSON_ARRAY, "[{}]");
    expect_found(find(nasty, "current", NULL), JSON_ABSENT, NULL);
    expect_found(find(nasty, "nothing", NULL), JSON_ABSENT, NULL);
    expect_found(find(nasty, "state", "nothing"), JSON_ABSENT, NULL);
    expect_found(find("{}", "id", NULL), JSON_ABSENT, NULL);
}

static void a_name_written_with_escapes_is_found(void **state)
{
    (void)state;
    expect_found(find("{\"\\u0069d\":1}", "id", NULL), JSON_NUMBER, "1");
    expect_found(find("{\"\\u0073tate\":{\"curren\\u0074\" : 2 }}", "state", "current"),
                 JSON_NUMBER, "2");
    expect_found(find("{\"a\\\"b\":1}", "a\"b", NULL), JSON_NUMBER, "1");
    expect_found(find("{\"id\\u0000\":1}", "id", NULL), JSON_ABSENT, NULL);
}

static void members_further_down_are_not_mistaken_for_top_level_ones(void **state)
{
    const char *doc = "{\"a\":{\"id\":1,\"b\":{\"id\":2,\"sub\":3}},\"l\":[{\"id\":4,\"sub\":5}]}";

    (void)state;
    expect_found(find(doc, "id", NULL), JSON_ABSENT, NULL);
    expect_found(find(doc, "a", "id"), JSON_NUMBER, "1");
    expect_found(find(doc, "a", "sub"), JSON_ABSENT, NULL);
    expect_found(find(doc, "l", "sub"), JSON_ABSENT, NULL);
    expect_found(find(doc, "b", "id"), JSON_ABSENT, NULL);
}

static void a_sub_of_something_other_than_an_object_is_absent(void **state)
{
    (void)state;
    expect_found(find("{\"a\":null}", "a", "b"), JSON_ABSENT, NULL);
    expect_found(find("{\"a\":\"b\"}", "a", "b"), JSON_ABSENT, NULL);
    expect_found(find("{\"a\":[{\"b\":1}]}", "a", "b"), JSON_ABSENT, NULL);
    expect_found(find("{\"a\":[[{\"b\":1}]],\"c\":{\"b\":1}}", "a", "b"), JSON_ABSENT, NULL);
}

static void of_repeated_members_the_last_one_counts(void **state)
{
    struct json_path  paths[] = { { "a", NULL }, { "a", "b" } };
    struct json_value found[2];
    struct err        err = ERR_INIT;

    (void)state;
    assert_true(json_find(SLICE("{\"a\":1,\"a\":{\"b\":1,\"b\":[2]}}"), paths, 2, JSON_FIND_ALL,
                          found, &err));
    expect_found(found[0], JSON_OBJECT, "{\"b\":1,\"b\":[2]}");
    expect_found(found[1], JSON_ARRAY, "[2]");
    assert_true(
        json_find(SLICE("{\"a\":{\"b\":1},\"a\":\"x\"}"), paths, 2, JSON_FIND_ALL, found, &err));
    expect_found(found[0], JSON_STRING, "\"x\"");
    expect_found(found[1], JSON_ABSENT, NULL);
    assert_true(json_find(SLICE("{\"a\":{\"b\":[1]},\"a\":{\"c\":1}}"), paths, 2, JSON_FIND_ALL,
                          found, &err));
    expect_found(found[1], JSON_ABSENT, NULL);
}

static void a_member_and_its_own_member_are_found_together(void **state)
{
    struct json_path  paths[] = { { "s", "x" }, { "s", NULL }, { "s", "x" }, { "s", "y" } };
    struct json_value found[4];
    struct err        err = ERR_INIT;

    (void)state;
    for (unsigned flags = 0; flags < 2; flags++) {
        assert_true(json_find(SLICE("{\"s\":{\"x\":[[1]],\"y\":{\"x\":0}},\"z\":0}"), paths, 4,
                              (enum json_find_flags)flags, found, &err));
        expect_found(found[0], JSON_ARRAY, "[[1]]");
        expect_found(found[1], JSON_OBJECT, "{\"x\":[[1]],\"y\":{\"x\":0}}");
        expect_found(found[2], JSON_ARRAY, "[[1]]");
        expect_found(found[3], JSON_OBJECT, "{\"x\":0}");
    }
}

static void find_proves_the_whole_document_unless_trusted(void **state)
{
    static const char *const broken[] = { "{\"id\":1,\"x\":tru}", "{\"id\":1} }", "{\"id\":1",
                                          "{\"id\":1,\"x\":\"\xff\"}" };
    const struct json_path   path = { "id", NULL };
    struct json_value        found;
    struct err               err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_false(json_find(slice_str(broken[i]), &path, 1, JSON_FIND_ALL, &found, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_true(json_find(slice_str(broken[i]), &path, 1, JSON_FIND_TRUSTED, &found, &err));
        expect_found(found, JSON_NUMBER, "1");
    }
}

static void trusted_find_stops_also_behind_a_list_or_object(void **state)
{
    const struct json_path paths[] = { { "id", NULL }, { "s", "x" }, { "o", NULL } };
    struct json_value      found[3];
    struct err             err = ERR_INIT;

    (void)state;
    assert_true(json_find(SLICE("{\"id\":[1],\"s\":null,\"o\":{}, broken"), paths, 3,
                          JSON_FIND_TRUSTED, found, &err));
    expect_found(found[0], JSON_ARRAY, "[1]");
    expect_found(found[1], JSON_ABSENT, NULL);
    expect_found(found[2], JSON_OBJECT, "{}");
    assert_true(json_find(SLICE("{\"id\":[1],\"o\":0,\"s\":{\"y\":1}, broken"), paths, 3,
                          JSON_FIND_TRUSTED, found, &err));
    expect_found(found[1], JSON_ABSENT, NULL);
    assert_false(
        json_find(SLICE("{\"id\":[1],\"o\":0, broken"), paths, 3, JSON_FIND_TRUSTED, found, &err));
}

static void find_wants_an_object(void **state)
{
    static const char *const others[] = { "", "  ", "null", "[{\"id\":1}]", "\"id\"", "1", "x" };
    const struct json_path   path = { "id", NULL };
    struct json_value        found;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct err err = ERR_INIT;

        assert_false(json_find(slice_str(others[i]), &path, 1, JSON_FIND_ALL, &found, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_false(json_find(slice_str(others[i]), &path, 1, JSON_FIND_TRUSTED, &found, &err));
    }
}

static void sixteen_paths_are_found_at_once(void **state)
{
    static const char names[] = "abcdefghijklmnop";
    char              text[16][2];
    struct json_path  paths[16];
    struct json_value found[16];
    struct err        err = ERR_INIT;
    struct buf        doc;

    (void)state;
    buf_init(&doc, NO_LIMIT);
    buf_add(&doc, "{");
    for (size_t i = 0; i < 16; i++) {
        text[i][0] = names[i];
        text[i][1] = '\0';
        paths[i] = (struct json_path){ text[i], NULL };
        buf_add(&doc, "%s\"%s\": %zu", i > 0 ? " , " : "", text[i], i * i);
    }
    buf_add(&doc, "}");
    assert_true(json_find(buf_slice(&doc), paths, 16, JSON_FIND_TRUSTED, found, &err));
    for (size_t i = 0; i < 16; i++) {
        char expected[8];

        (void)snprintf(expected, sizeof(expected), "%zu", i * i);
        expect_found(found[i], JSON_NUMBER, expected);
    }
    buf_release(&doc);
}

/* ---- json_text, json_quote ---- */

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

/* ---- json_edit ---- */

static void expect_edit(const char *doc, const char *drop, const char *add, const char *expected)
{
    struct json_member member = { add, SLICE("7") };
    struct err         err = ERR_INIT;
    struct buf         out;

    buf_init(&out, NO_LIMIT);
    buf_add(&out, ">");
    if (!json_edit(slice_str(doc), &drop, drop ? 1 : 0, &member, add ? 1 : 0, &out, &err))
        fail_msg("%s: %s", doc, err.msg);
    assert_string_equal(out.p + 1, expected);
    assert_true(is_json(slice_of(out.p + 1, out.n - 1)));
    buf_release(&out);
}

static void an_edit_without_effect_copies_every_byte(void **state)
{
    (void)state;
    expect_edit(nasty, NULL, NULL, nasty);
    expect_edit(nasty, "nothing", "last", nasty);
    expect_edit(" { } ", "x", NULL, " { } ");
}

static void a_member_is_cut_with_one_comma(void **state)
{
    (void)state;
    expect_edit("{\"a\":1,\"b\":2,\"c\":3}", "a", NULL, "{\"b\":2,\"c\":3}");
    expect_edit("{\"a\":1,\"b\":2,\"c\":3}", "b", NULL, "{\"a\":1,\"c\":3}");
    expect_edit("{\"a\":1,\"b\":2,\"c\":3}", "c", NULL, "{\"a\":1,\"b\":2}");
    expect_edit("{\"a\":1}", "a", NULL, "{}");
    expect_edit("{\"a\": 1, \"b\": 2, \"c\": 3}", "a", NULL, "{\"b\": 2, \"c\": 3}");
    expect_edit("{\"a\": 1, \"b\": 2, \"c\": 3}", "b", NULL, "{\"a\": 1, \"c\": 3}");
    expect_edit("{\"a\": 1, \"b\": 2, \"c\": 3}", "c", NULL, "{\"a\": 1, \"b\": 2}");
    expect_edit("{ \"a\" : [1,{\"a\":2}] , \"b\" : \"}\" }", "a", NULL, "{ \"b\" : \"}\" }");
    expect_edit("{ \"b\" : \"}\" , \"a\" : [1,{\"a\":2}] }", "a", NULL, "{ \"b\" : \"}\" }");
}

static void repeated_members_are_all_cut(void **state)
{
    (void)state;
    expect_edit("{\"a\":1,\"a\":2,\"b\":3,\"\\u0061\":4}", "a", NULL, "{\"b\":3}");
    expect_edit("{\"a\":1,\"a\":2}", "a", NULL, "{}");
    expect_edit("{\"b\":0,\"a\":1,\"c\":0,\"a\":2}", "a", NULL, "{\"b\":0,\"c\":0}");
}

static void members_of_members_are_never_cut(void **state)
{
    (void)state;
    expect_edit("{\"x\":{\"a\":1},\"l\":[{\"a\":1}]}", "a", NULL,
                "{\"x\":{\"a\":1},\"l\":[{\"a\":1}]}");
}

static void names_with_quotes_and_backslashes_are_cut_whole(void **state)
{
    (void)state;
    expect_edit("{\"x\":1,\"a\\\\\":2,\"y\":3}", "a\\", NULL, "{\"x\":1,\"y\":3}");
    expect_edit("{\"x\":1,\"\\\"\\\\\\\"\":2,\"y\":3}", "\"\\\"", NULL, "{\"x\":1,\"y\":3}");
    expect_edit("{\"\\\\\":2,\"y\":3}", "\\", NULL, "{\"y\":3}");
    expect_edit("{\"\":2,\"y\":3}", "", NULL, "{\"y\":3}");
}

static void a_member_is_added_only_when_it_is_not_there(void **state)
{
    (void)state;
    expect_edit("{}", NULL, "n", "{\"n\":7}");
    expect_edit(" { } ", NULL, "n", " { \"n\":7} ");
    expect_edit("{\"a\": 1 } ", NULL, "n", "{\"a\": 1,\"n\":7 } ");
    expect_edit("{\"a\":{\"n\":1}}", NULL, "n", "{\"a\":{\"n\":1},\"n\":7}");
    expect_edit("{\"\\u006e\":null}", NULL, "n", "{\"\\u006e\":null}");
    expect_edit("{\"a\":1}", "a", "n", "{\"n\":7}");
    expect_edit("{\"a\":1,\"b\":2}", "b", "x\"y", "{\"a\":1,\"x\\\"y\":7}");
}

static void a_member_that_is_cut_and_added_is_replaced(void **state)
{
    (void)state;
    expect_edit("{\"n\":1,\"b\":2}", "n", "n", "{\"b\":2,\"n\":7}");
    expect_edit("{\"n\":1}", "n", "n", "{\"n\":7}");
    expect_edit("{\"b\":2}", "n", "n", "{\"b\":2,\"n\":7}");
}

static void an_edit_proves_the_document(void **state)
{
    static const char *const broken[] = { "",           "[]",         "null",
                                          "{\"a\":1,}", "{\"a\":01}", "{\"a\":1}}",
                                          "{",          "{\"a\"",     "{\"a\":\"\xff\"}" };
    struct buf               out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    buf_add(&out, "before");
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        struct err err = ERR_INIT;

        assert_false(json_edit(slice_str(broken[i]), NULL, 0, NULL, 0, &out, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_string_equal(out.p, "before");
    }
    buf_release(&out);
}

static void an_edit_that_does_not_fit_appends_nothing(void **state)
{
    static const char  doc[] = "{\"a\":1,\"b\":2}";
    const char        *drop = "a";
    struct json_member add = { "c", SLICE("[3]") };
    size_t             n = strlen("{\"b\":2,\"c\":[3]}");

    (void)state;
    for (size_t limit = 0; limit <= n; limit++) {
        struct err err = ERR_INIT;
        struct buf out;

        buf_init(&out, limit);
        assert_int_equal(json_edit(slice_str(doc), &drop, 1, &add, 1, &out, &err), limit == n);
        assert_int_equal(out.n, limit == n ? n : 0);
        assert_int_equal(err.kind, limit == n ? ERR_NONE : ERR_DATA);
        buf_release(&out);
    }
}

/* A random object as pieces, from which the model's answer is put together. */
struct model {
    size_t      n;
    const char *name[8]; /* what the piece is called, unescaped */
    const char *key[8];
    const char *value[8];
    const char *space[4];
};

static const char *pick_space(uint64_t *seed)
{
    static const char *const spaces[] = { "", " ", "\n\t", "  \r\n" };

    return spaces[test_below(seed, COUNT_OF(spaces))];
}

static void model_random(struct model *m, uint64_t *seed)
{
    static const struct {
        const char *name;
        const char *key;
    } keys[] = { { "a", "\"a\"" },       { "b", "\"b\"" },
                 { "b", "\"\\u0062\"" }, { "\"", "\"\\\"\"" },
                 { "\\", "\"\\\\\"" },   { "", "\"\"" },
                 { "c,d", "\"c,d\"" },   { "\xc3\xa9", "\"\\u00e9\"" } };
    static const char *const values[] = { "1",           "-2.50e+3", "null",
                                          "\"x,\\\"}\"", "[]",       "{ \"a\" : [ {} ]}",
                                          "[[1] , {}]",  "\"\\\\\"", "\"\xe6\x97\xa5\"" };

    m->n = test_below(seed, COUNT_OF(m->name) + 1);
    for (size_t i = 0; i < m->n; i++) {
        size_t k = test_below(seed, COUNT_OF(keys));

        m->name[i] = keys[k].name;
        m->key[i] = keys[k].key;
        m->value[i] = values[test_below(seed, COUNT_OF(values))];
    }
    for (size_t i = 0; i < COUNT_OF(m->space); i++)
        m->space[i] = pick_space(seed);
}

static bool contains(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The document without `drop` and with `add` as the header says it. */
static void model_print(const struct model *m, const char *const *drop, size_t n_drop,
                        const char *add, struct buf *out)
{
    bool first = true;
    bool there = false;

    buf_add(out, "%s{%s", m->space[0], m->space[1]);
    for (size_t i = 0; i < m->n; i++) {
        if (contains(drop, n_drop, m->name[i]))
            continue;
        there = there || (add && strcmp(add, m->name[i]) == 0);
        if (!first)
            buf_add(out, "%s,%s", m->space[2], m->space[3]);
        buf_add(out, "%s%s:%s%s", m->key[i], m->space[2], m->space[3], m->value[i]);
        first = false;
    }
    if (add && !there)
        buf_add(out, "%s\"%s\":[7]", first ? "" : ",", add);
    buf_add(out, "%s}%s", m->n > 0 ? m->space[1] : "", m->space[0]);
}

static void random_edits_agree_with_a_naive_model(void **state)
{
    static const char *const names[] = { "a", "b", "\"", "\\", "", "c,d", "\xc3\xa9", "zz" };
    uint64_t                 seed = test_seed();
    struct buf               doc;
    struct buf               expected;
    struct buf               out;

    (void)state;
    buf_init(&doc, NO_LIMIT);
    buf_init(&expected, NO_LIMIT);
    buf_init(&out, NO_LIMIT);
    for (int round = 0; round < 50000; round++) {
        struct model       m;
        const char        *drop[COUNT_OF(names)];
        size_t             n_drop = 0;
        struct json_member add = { test_below(&seed, 2) ? "a" : "zz", SLICE("[7]") };
        size_t             n_add = test_below(&seed, 2);
        struct err         err = ERR_INIT;

        model_random(&m, &seed);
        for (size_t i = 0; i < COUNT_OF(names); i++)
            if (test_below(&seed, 3) == 0)
                drop[n_drop++] = names[i];
        buf_clear(&doc);
        buf_clear(&expected);
        buf_clear(&out);
        model_print(&m, NULL, 0, NULL, &doc);
        model_print(&m, drop, n_drop, n_add ? add.name : NULL, &expected);
        if (!json_edit(buf_slice(&doc), drop, n_drop, &add, n_add, &out, &err))
            fail_msg("%s: %s", doc.p, err.msg);
        if (!slice_eq(buf_slice(&out), buf_slice(&expected)))
            fail_msg("%s\n  gave     %s\n  expected %s", doc.p, out.p, expected.p);
    }
    buf_release(&doc);
    buf_release(&expected);
    buf_release(&out);
}

static void random_finds_agree_with_a_naive_model(void **state)
{
    static const char *const names[] = { "a", "b", "\"", "\\", "", "c,d", "\xc3\xa9", "zz" };
    uint64_t                 seed = test_seed();
    struct buf               doc;

    (void)state;
    buf_init(&doc, NO_LIMIT);
    for (int round = 0; round < 20000; round++) {
        struct model      m;
        struct json_path  paths[COUNT_OF(names)];
        struct json_value found[COUNT_OF(names)];
        struct err        err = ERR_INIT;

        model_random(&m, &seed);
        buf_clear(&doc);
        model_print(&m, NULL, 0, NULL, &doc);
        for (size_t i = 0; i < COUNT_OF(names); i++)
            paths[i] = (struct json_path){ names[i], NULL };
        assert_true(json_find(buf_slice(&doc), paths, COUNT_OF(names), JSON_FIND_ALL, found, &err));
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            const char *expected = NULL;

            for (size_t k = 0; k < m.n; k++)
                if (strcmp(m.name[k], names[i]) == 0)
                    expected = m.value[k];
            assert_int_equal(found[i].type != JSON_ABSENT, expected != NULL);
            assert_true(!expected || slice_eq(found[i].raw, slice_str(expected)));
        }
    }
    buf_release(&doc);
}

/* ---- json_parse ---- */

static bool log_null(void *ctx)
{
    buf_add(ctx, "null ");
    return true;
}

static bool log_boolean(void *ctx, bool value)
{
    buf_add(ctx, "%s ", value ? "true" : "false");
    return true;
}

static bool log_number(void *ctx, struct slice spelled)
{
    buf_add(ctx, "#%.*s ", SLICE_ARG(spelled));
    return true;
}

static bool log_string(void *ctx, struct slice text)
{
    buf_add(ctx, "'%.*s' ", SLICE_ARG(text));
    return true;
}

static bool log_key(void *ctx, struct slice name)
{
    buf_add(ctx, "%.*s: ", SLICE_ARG(name));
    return true;
}

static bool log_start_object(void *ctx)
{
    buf_add(ctx, "{ ");
    return true;
}

static bool log_end_object(void *ctx)
{
    buf_add(ctx, "} ");
    return true;
}

static bool log_start_array(void *ctx)
{
    buf_add(ctx, "[ ");
    return true;
}

static bool log_end_array(void *ctx)
{
    buf_add(ctx, "] ");
    return true;
}

static const struct json_events log_events = {
    log_null, log_boolean,    log_number,      log_string,    log_start_object,
    log_key,  log_end_object, log_start_array, log_end_array,
};

static void events_come_in_order_with_texts_unescaped(void **state)
{
    struct err err = ERR_INIT;
    struct buf seen;

    (void)state;
    buf_init(&seen, NO_LIMIT);
    assert_true(json_parse(slice_str("{\"a\\u00e9\": [1.50, null ,true,false, \"x\\n\"], \"\":{}}"),
                           &log_events, &seen, &err));
    assert_string_equal(seen.p, "{ a\xc3\xa9: [ #1.50 null true false 'x\n' ] : { } } ");
    buf_clear(&seen);
    assert_true(json_parse(SLICE("12"), &log_events, &seen, &err));
    assert_string_equal(seen.p, "#12 ");
    buf_release(&seen);
}

static bool stop_at_five(void *ctx, struct slice spelled)
{
    if (!slice_eq(spelled, SLICE("5")))
        return true;
    return err_set(ctx, ERR_BUG, "five");
}

static void a_callback_that_gives_up_ends_the_parse_with_its_own_error(void **state)
{
    const struct json_events events = { .number = stop_at_five };
    struct err               err = ERR_INIT;

    (void)state;
    assert_false(json_parse(SLICE("[1,2,5,broken"), &events, &err, &err));
    assert_int_equal(err.kind, ERR_BUG);
    assert_string_equal(err.msg, "five");
}

static void half_a_surrogate_pair_is_refused_where_texts_are_given(void **state)
{
    static const char *const bad[] = {
        "\"\\ud800\"",          "\"\\udfff\"",
        "\"x\\uD800y\"",        "\"\\ud800\\u0041\"",
        "\"\\ud800\\ud800\"",   "[\"?\\n\",\"\\udC00\"]",
        "{\"\\ud83d\":1}",      "{\"a\":\"\\ud83d\\ude00\\ud83d\"}",
        "\"\\ud800\\\\udc00\"", "\"\\ud800\\n\"",
    };
    static const char *const good[] = {
        "\"?\\n\"",    "\"\\ud83d\\ude00\"", "\"\\\\ud800?\\n\"",
        "\"\\ufffd\"", "\"\\uf000\"",        "[\"?\",\"\\u00e9?\"]"
    };
    struct buf seen;

    (void)state;
    buf_init(&seen, NO_LIMIT);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err = ERR_INIT;

        if (json_parse(slice_str(bad[i]), &log_events, &seen, &err))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.kind, ERR_DATA);
        assert_non_null(strstr(err.msg, "half a surrogate pair"));
    }
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct err err = ERR_INIT;

        if (!json_parse(slice_str(good[i]), &log_events, &seen, &err))
            fail_msg("refused: %s: %s", good[i], err.msg);
    }
    buf_release(&seen);
}

static void long_strings_and_numbers_come_whole(void **state)
{
    struct json_path  path = { "s", NULL };
    struct json_value found;
    struct err        err = ERR_INIT;
    struct buf        doc;
    struct buf        seen;

    (void)state;
    buf_init(&doc, NO_LIMIT);
    buf_init(&seen, NO_LIMIT);
    fill(&doc, "{\"n\":-", 1);
    fill(&doc, "1234567890", 30);
    fill(&doc, ".5e-77,\"s\":\"", 1);
    fill(&doc, "0123456789abcde\\n", 65536);
    fill(&doc, "\"}", 1);
    assert_true(json_find(buf_slice(&doc), &path, 1, JSON_FIND_ALL, &found, &err));
    assert_int_equal(found.raw.n, 65536 * 17 + 2);
    assert_true(json_text(found, &seen, &err));
    assert_int_equal(seen.n, 1 << 20);
    path.name = "n";
    assert_true(json_find(buf_slice(&doc), &path, 1, JSON_FIND_ALL, &found, &err));
    assert_int_equal(found.raw.n, 1 + 300 + 6);
    buf_release(&doc);
    buf_release(&seen);
}

/* ---- json_tree ---- */

static void a_tree_holds_members_in_order_and_texts_unescaped(void **state)
{
    const struct json_node *root;
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;

    (void)state;
    assert_true(json_tree(slice_str("{\"a\":[1.50,\"x\\u00e9\",null,false,{}],\"b\":{\"c\":true}}"),
                          a, &root, &err));
    assert_int_equal(root->type, JSON_OBJECT);
    assert_int_equal(root->n, 2);
    assert_true(slice_eq(root->first->name, SLICE("a")));
    assert_int_equal(root->first->n, 5);
    assert_int_equal(root->first->first->type, JSON_NUMBER);
    assert_true(slice_eq(root->first->first->text, SLICE("1.50")));
    assert_true(slice_eq(root->first->first->next->text, SLICE("x\xc3\xa9")));
    assert_int_equal(root->first->first->next->next->type, JSON_NULL);
    assert_true(slice_eq(root->first->first->next->next->next->text, SLICE("false")));
    assert_true(slice_eq(json_get(json_get(root, "b"), "c")->text, SLICE("true")));
    assert_null(root->first->next->next);
    arena_free(a);
}

static void looking_up_what_is_not_there_gives_null_and_chains(void **state)
{
    const struct json_node *root;
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;

    (void)state;
    assert_true(json_tree(SLICE("{\"a\":1,\"b\":2,\"a\":3}"), a, &root, &err));
    assert_true(slice_eq(json_get(root, "a")->text, SLICE("3")));
    assert_null(json_get(json_get(json_get(root, "a"), "b"), "c"));
    assert_null(json_get(NULL, "a"));
    assert_false(json_tree(SLICE("{\"a\":1"), a, &root, &err));
    assert_int_equal(err.kind, ERR_DATA);
    arena_free(a);
}

/* ---- json_writer ---- */

static void write_sample(struct json_writer *w)
{
    json_open(w, '{');
    json_key(w, "text");
    json_put_text(w, SLICE("a\"\xff"));
    json_key_slice(w, SLICE("k\n"));
    json_put_str(w, NULL);
    json_key(w, "list");
    json_open(w, '[');
    json_put_int(w, INT64_MIN);
    json_put_uint(w, UINT64_MAX);
    json_put_fixed(w, 1.0 / 3, 3);
    json_put_fixed(w, 1e300 * 1e300, 3);
    json_put_bool(w, true);
    json_put_bool(w, false);
    json_put_null(w);
    json_put_raw(w, SLICE("{\"r\": 1.50}"));
    json_open(w, '[');
    json_close(w, ']');
    json_open(w, '{');
    json_close(w, '}');
    json_close(w, ']');
    json_key(w, "s");
    json_put_str(w, "t");
    json_close(w, '}');
}

static void the_writer_keeps_track_of_commas_and_nesting(void **state)
{
    struct json_writer w;
    struct buf         out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    json_writer_init(&w, &out, false);
    write_sample(&w);
    assert_true(json_writer_ok(&w));
    assert_string_equal(
        out.p, "{\"text\":\"a\\\"\xef\xbf\xbd\",\"k\\n\":null,\"list\":[-9223372036854775808,"
               "18446744073709551615,0.333,null,true,false,null,{\"r\": 1.50},[],{}],"
               "\"s\":\"t\"}");
    assert_true(is_json(buf_slice(&out)));
    buf_release(&out);
}

static void pretty_output_is_indented_by_two_spaces(void **state)
{
    struct json_writer w;
    struct buf         out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    json_writer_init(&w, &out, true);
    json_open(&w, '{');
    json_key(&w, "a");
    json_open(&w, '[');
    json_put_int(&w, 1);
    json_open(&w, '{');
    json_close(&w, '}');
    json_close(&w, ']');
    json_key(&w, "b");
    json_put_null(&w);
    json_close(&w, '}');
    assert_string_equal(out.p, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": null\n}");
    buf_clear(&out);
    json_writer_init(&w, &out, true);
    write_sample(&w);
    assert_true(is_json(buf_slice(&out)));
    buf_release(&out);
}

static void a_writer_that_passed_the_limit_says_so(void **state)
{
    struct json_writer w;
    struct buf         whole;

    (void)state;
    buf_init(&whole, NO_LIMIT);
    json_writer_init(&w, &whole, false);
    write_sample(&w);
    for (size_t limit = 0; limit <= whole.n; limit++) {
        struct buf out;

        buf_init(&out, limit);
        json_writer_init(&w, &out, false);
        write_sample(&w);
        assert_int_equal(json_writer_ok(&w), limit == whole.n);
        assert_true(out.n <= limit);
        buf_release(&out);
    }
    buf_release(&whole);
}

static void write_random(struct json_writer *w, uint64_t *seed, unsigned depth)
{
    size_t n = test_below(seed, 4);

    switch (test_below(seed, depth > 5 ? 3 : 6)) {
    case 0: json_put_int(w, (int64_t)test_rand(seed)); break;
    case 1: json_put_str(w, n > 2 ? NULL : "x\"\\\xc3"); break;
    case 2: json_put_fixed(w, (double)test_below(seed, 1000) / 7, (int)test_below(seed, 10)); break;
    case 3:
    case 4:
        json_open(w, '{');
        for (size_t i = 0; i < n; i++) {
            json_key(w, i % 2 ? "a" : "\t");
            write_random(w, seed, depth + 1);
        }
        json_close(w, '}');
        break;
    default:
        json_open(w, '[');
        for (size_t i = 0; i < n; i++)
            write_random(w, seed, depth + 1);
        json_close(w, ']');
        break;
    }
}

static void whatever_is_written_is_json(void **state)
{
    uint64_t   seed = test_seed();
    struct buf out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    for (int round = 0; round < 5000; round++) {
        struct json_writer w;

        buf_clear(&out);
        json_writer_init(&w, &out, round % 2 != 0);
        write_random(&w, &seed, 0);
        assert_true(json_writer_ok(&w));
        if (!is_json(buf_slice(&out)))
            fail_msg("%s", out.p);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_values_of_each_type_are_documents),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(an_error_tells_the_byte_where_it_is),
        cmocka_unit_test(nesting_is_capped_at_json_max_depth),
        cmocka_unit_test(nesting_in_a_member_is_capped_for_find_and_edit_too),
        cmocka_unit_test(utf8_is_strict_at_every_offset),
        cmocka_unit_test(strings_and_names_that_are_not_utf8_are_refused),
        cmocka_unit_test(a_document_cut_anywhere_is_refused),
        cmocka_unit_test(members_are_found_as_bytes_and_type),
        cmocka_unit_test(a_name_written_with_escapes_is_found),
        cmocka_unit_test(members_further_down_are_not_mistaken_for_top_level_ones),
        cmocka_unit_test(a_sub_of_something_other_than_an_object_is_absent),
        cmocka_unit_test(of_repeated_members_the_last_one_counts),
        cmocka_unit_test(a_member_and_its_own_member_are_found_together),
        cmocka_unit_test(find_proves_the_whole_document_unless_trusted),
        cmocka_unit_test(trusted_find_stops_also_behind_a_list_or_object),
        cmocka_unit_test(find_wants_an_object),
        cmocka_unit_test(sixteen_paths_are_found_at_once),
        cmocka_unit_test(text_is_unescaped),
        cmocka_unit_test(text_refuses_what_is_no_text_and_leaves_out_alone),
        cmocka_unit_test(text_of_another_type_is_refused),
        cmocka_unit_test(text_longer_than_the_limit_is_refused),
        cmocka_unit_test(quote_escapes_only_what_must_be),
        cmocka_unit_test(quote_that_does_not_fit_appends_nothing),
        cmocka_unit_test(any_bytes_survive_quote_and_text_when_they_are_utf8),
        cmocka_unit_test(an_edit_without_effect_copies_every_byte),
        cmocka_unit_test(a_member_is_cut_with_one_comma),
        cmocka_unit_test(repeated_members_are_all_cut),
        cmocka_unit_test(members_of_members_are_never_cut),
        cmocka_unit_test(names_with_quotes_and_backslashes_are_cut_whole),
        cmocka_unit_test(a_member_is_added_only_when_it_is_not_there),
        cmocka_unit_test(a_member_that_is_cut_and_added_is_replaced),
        cmocka_unit_test(an_edit_proves_the_document),
        cmocka_unit_test(an_edit_that_does_not_fit_appends_nothing),
        cmocka_unit_test(random_edits_agree_with_a_naive_model),
        cmocka_unit_test(random_finds_agree_with_a_naive_model),
        cmocka_unit_test(events_come_in_order_with_texts_unescaped),
        cmocka_unit_test(a_callback_that_gives_up_ends_the_parse_with_its_own_error),
        cmocka_unit_test(half_a_surrogate_pair_is_refused_where_texts_are_given),
        cmocka_unit_test(long_strings_and_numbers_come_whole),
        cmocka_unit_test(a_tree_holds_members_in_order_and_texts_unescaped),
        cmocka_unit_test(looking_up_what_is_not_there_gives_null_and_chains),
        cmocka_unit_test(the_writer_keeps_track_of_commas_and_nesting),
        cmocka_unit_test(pretty_output_is_indented_by_two_spaces),
        cmocka_unit_test(a_writer_that_passed_the_limit_says_so),
        cmocka_unit_test(whatever_is_written_is_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
