/*
 * test_json.c - what a document is, its events and its tree.
 */
#include "tests/support/json_proof.h"

static const struct json_events no_events;

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_values_of_each_type_are_documents),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(an_error_tells_the_byte_where_it_is),
        cmocka_unit_test(nesting_is_capped_at_json_max_depth),
        cmocka_unit_test(nesting_in_a_member_is_capped_for_find_and_edit_too),
        cmocka_unit_test(events_come_in_order_with_texts_unescaped),
        cmocka_unit_test(a_callback_that_gives_up_ends_the_parse_with_its_own_error),
        cmocka_unit_test(half_a_surrogate_pair_is_refused_where_texts_are_given),
        cmocka_unit_test(long_strings_and_numbers_come_whole),
        cmocka_unit_test(a_tree_holds_members_in_order_and_texts_unescaped),
        cmocka_unit_test(looking_up_what_is_not_there_gives_null_and_chains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
