/*
 * test_json_edit.c - members cut out and added, all other bytes as they are.
 */
#include "tests/support/json_proof.h"

static const char nasty[] =
    " {\"id\": \"a\\\"b\\\\\", \"\\u0069ds\":[1,-2.50e+3,{\"id\":\"inner\"},[]],\r\n\t"
    "\"state\" :{\"current\":\"\xe6\x97\xa5\xf0\x9f\x98\x80\\ud83d\\ude00\\n\",\"histories\":[{}]} "
    ","
    "\"n\":null,\"t\":true,\"f\":false,\"x\":1E-9,\"\":{\"\":\"\\\\\"},\"last\":0} \n";

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
