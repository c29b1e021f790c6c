/*
 * test_json_find.c - members as byte ranges.
 */
#include "tests/support/json_proof.h"

static const char nasty[] =
    " {\"id\": \"a\\\"b\\\\\", \"\\u0069ds\":[1,-2.50e+3,{\"id\":\"inner\"},[]],\r\n\t"
    "\"state\" :{\"current\":\"\xe6\x97\xa5\xf0\x9f\x98\x80\\ud83d\\ude00\\n\",\"histories\":[{}]} "
    ","
    "\"n\":null,\"t\":true,\"f\":false,\"x\":1E-9,\"\":{\"\":\"\\\\\"},\"last\":0} \n";

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
    doc = "{\"a\":{\"x\":1},\"b\":{\"id\":2},\"c\":[[{\"id\":3}]]}";
    expect_found(find(doc, "a", "id"), JSON_ABSENT, NULL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
