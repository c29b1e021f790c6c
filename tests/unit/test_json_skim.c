/*
 * test_json_skim.c - passing over 64 bytes at a time sees what a real parse sees.
 *
 * Random documents with everything that could turn the answer round at the edge of a block: runs of
 * backslashes, escaped quotes, brackets in strings, all at every offset.
 */
#include "tests/support/json_proof.h"

#include "lib/base/json_impl.h"

#define ROUNDS 20000

static const struct json_path paths[] = { { "id", NULL },         { "state", NULL },
                                          { "state", "current" }, { "state", "histories" },
                                          { "list", NULL },       { "late", NULL },
                                          { "nothing", NULL },    { "list", "current" },
                                          { "state", "current" } };

static void put_string(struct buf *b, uint64_t *seed)
{
    static const char *const pieces[] = { "a",     "\\\"",     "\\\\",    "\\\\\\\"",    "{",
                                          "}",     "[",        "]",       "\\n",         "\\u00e9",
                                          ":",     ",",        " ",       "longer text", "id",
                                          "state", "\xc3\xa9", "\\\\\\\\" };

    buf_add(b, "\"");
    for (size_t n = test_below(seed, 12); n > 0; n--)
        buf_add(b, "%s", pieces[test_below(seed, COUNT_OF(pieces))]);
    buf_add(b, "\"");
}

static void put_space(struct buf *b, uint64_t *seed)
{
    if (test_below(seed, 3) == 0)
        buf_add(b, "%.*s", (int)test_below(seed, 4), " \n\t ");
}

static void put_value(struct buf *b, uint64_t *seed, unsigned depth);

static void put_name(struct buf *b, uint64_t *seed, bool *used)
{
    static const char *const names[] = { "id", "state", "current", "histories", "list", "late" };
    size_t                   i = test_below(seed, COUNT_OF(names) + 2);

    if (i < COUNT_OF(names) && !used[i]) {
        used[i] = true;
        buf_add(b, "\"%s\"", names[i]);
    } else {
        buf_add(b, "\"x%llu\"", (unsigned long long)test_rand(seed));
    }
}

static void put_members(struct buf *b, uint64_t *seed, unsigned depth)
{
    bool   used[6] = { false };
    size_t n = test_below(seed, depth == 0 ? 9 : 5);

    buf_add(b, "{");
    put_space(b, seed);
    for (size_t i = 0; i < n; i++) {
        put_name(b, seed, used);
        put_space(b, seed);
        buf_add(b, ":");
        put_space(b, seed);
        put_value(b, seed, depth + 1);
        put_space(b, seed);
        if (i + 1 < n)
            buf_add(b, ",");
        put_space(b, seed);
    }
    buf_add(b, "}");
}

static void put_items(struct buf *b, uint64_t *seed, unsigned depth)
{
    size_t n = test_below(seed, 5);

    buf_add(b, "[");
    for (size_t i = 0; i < n; i++) {
        put_value(b, seed, depth + 1);
        put_space(b, seed);
        buf_add(b, "%s", i + 1 < n ? "," : "");
    }
    buf_add(b, "]");
}

static void put_value(struct buf *b, uint64_t *seed, unsigned depth)
{
    switch (test_below(seed, depth < 6 ? 7 : 4)) {
    case 0: buf_add(b, "null"); break;
    case 1: buf_add(b, "-1.5e%llu", (unsigned long long)test_below(seed, 1000)); break;
    case 2: buf_add(b, "false"); break;
    case 3: put_string(b, seed); break;
    case 4: put_items(b, seed, depth); break;
    default: put_members(b, seed, depth); break;
    }
}

static void expect_same(struct slice doc, const struct json_value *a, const struct json_value *b)
{
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        if (a[i].type != b[i].type || !slice_eq(a[i].raw, b[i].raw) || a[i].raw.p != b[i].raw.p)
            fail_msg("%s.%s in %.*s", paths[i].name, paths[i].sub ? paths[i].sub : "",
                     SLICE_ARG(doc));
}

static void it_finds_what_the_parser_finds(void **state)
{
    uint64_t          seed = test_seed();
    struct json_value skimmed[COUNT_OF(paths)];
    struct json_value parsed[COUNT_OF(paths)];
    struct buf        b;
    struct err        err = ERR_INIT;

    (void)state;
    buf_init(&b, NO_LIMIT);
    for (int i = 0; i < ROUNDS; i++) {
        struct slice doc;

        buf_clear(&b);
        put_space(&b, &seed);
        put_members(&b, &seed, 0);
        put_space(&b, &seed);
        doc = buf_slice(&b);
        assert_true(json_find(doc, paths, COUNT_OF(paths), JSON_FIND_ALL, parsed, &err));
        assert_true(json_skim(doc, paths, COUNT_OF(paths), skimmed));
        expect_same(doc, skimmed, parsed);
    }
    buf_release(&b);
}

/* n backslashes and a quote, the last of them at every place around the edges of two blocks. */
static void runs_of_backslashes_count_across_blocks(void **state)
{
    static const struct json_path late = { "late", NULL };
    struct json_value             found;
    struct buf                    b;

    (void)state;
    buf_init(&b, NO_LIMIT);
    for (int before = 0; before < 140; before++)
        for (int n = 0; n < 140; n++) {
            buf_clear(&b);
            buf_add(&b, "{\"a\":[\"%*s", before, "");
            for (int i = 0; i < n; i++)
                buf_add(&b, "\\");
            buf_add(&b, n % 2 == 1 ? "\"]}\"]" : "\"]");
            buf_add(&b, ",\"late\":1}");
            assert_true(json_skim(buf_slice(&b), &late, 1, &found));
            assert_int_equal(found.type, JSON_NUMBER);
        }
    buf_release(&b);
}

static bool skims(struct slice doc)
{
    static const struct json_path wanted[] = { { "a", NULL }, { "late", NULL } };
    struct json_value             found[COUNT_OF(wanted)];

    return json_skim(doc, wanted, COUNT_OF(wanted), found);
}

static void what_is_not_as_expected_is_left_to_the_parser(void **state)
{
    static const char *const odd[] = {
        "",
        " ",
        "{",
        "[]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":[1}",
        "{\"a\":[\"]",
        "{\"a\":1,}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1}{",
        "{\"\\u0061\":1}",
        "{a:1}",
        "\"a\"",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        if (skims(slice_str(odd[i])))
            fail_msg("%s", odd[i]);
    assert_true(skims(SLICE("{\"a\":1,\"late\":2, whatever")));
}

static void the_limit_of_nesting_is_the_parsers(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, NO_LIMIT);
    for (int depth = JSON_MAX_DEPTH - 3; depth < JSON_MAX_DEPTH + 3; depth++) {
        struct json_value found;
        struct json_path  late = { "late", NULL };
        struct err        err = ERR_INIT;

        buf_clear(&b);
        buf_add(&b, "{\"x\":");
        for (int i = 0; i < depth; i++)
            buf_add(&b, i % 2 ? "{\"k\":" : "[");
        buf_add(&b, "0");
        for (int i = depth - 1; i >= 0; i--)
            buf_add(&b, i % 2 ? "}" : "]");
        buf_add(&b, ",\"late\":1}");
        assert_int_equal(json_skim(buf_slice(&b), &late, 1, &found),
                         json_find(buf_slice(&b), &late, 1, JSON_FIND_ALL, &found, &err));
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_the_parser_finds),
        cmocka_unit_test(runs_of_backslashes_count_across_blocks),
        cmocka_unit_test(what_is_not_as_expected_is_left_to_the_parser),
        cmocka_unit_test(the_limit_of_nesting_is_the_parsers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
