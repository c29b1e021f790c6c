/* test_json_walk.c - the upper levels of a text, as they stand. */
#include "tests/support/test.h"

#include "lib/base/json.h"

#define NO_LIMIT ((size_t)1 << 40)

/* What was told, one event a word: "(1:a{" enter, ")1:a}" leave, "=2:b\"x\"/0" value and height. */
struct told {
    struct buf text;
    size_t     n;
    size_t     stop_after; /* events; 0: never */
    struct err err;
};

static bool tell(struct told *t, const char *sign, unsigned depth, struct slice name,
                 struct slice what)
{
    if (t->text.n > 0)
        assert_true(buf_append_char(&t->text, ' '));
    assert_true(buf_printf(&t->text, "%s%u:", sign, depth));
    assert_true(name.p ? buf_append(&t->text, name) : buf_append_char(&t->text, '-'));
    assert_true(buf_append(&t->text, what));
    t->n++;
    if (t->n != t->stop_after)
        return true;
    return err_set(&t->err, ERR_DATA, "enough");
}

static bool tell_enter(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    return tell(ctx, "(", depth, name, type == JSON_OBJECT ? SLICE("{") : SLICE("["));
}

static bool tell_leave(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    return tell(ctx, ")", depth, name, type == JSON_OBJECT ? SLICE("}") : SLICE("]"));
}

static bool tell_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                       size_t height)
{
    struct told *t = ctx;
    bool         go_on = tell(t, "=", depth, name, v.raw);

    assert_int_equal(height > 0, v.type == JSON_OBJECT || v.type == JSON_ARRAY);
    assert_true(buf_printf(&t->text, "/%zu", height));
    return go_on;
}

static bool walk(const char *json, unsigned depth, struct told *t, struct err *err)
{
    const struct json_walk w = { depth, tell_enter, tell_leave, tell_value };

    buf_clear(&t->text);
    t->n = 0;
    return json_walk(slice_str(json), &w, t, err);
}

static void assert_told(const char *json, unsigned depth, const char *expected)
{
    struct told t = { 0 };
    struct err  err = ERR_INIT;

    buf_init(&t.text, NO_LIMIT);
    if (!walk(json, depth, &t, &err))
        fail_msg("%s: %s", json, err.msg);
    assert_string_equal(t.text.n > 0 ? t.text.p : "", expected);
    buf_release(&t.text);
}

static void assert_refused(const char *json, const char *why)
{
    struct told t = { 0 };
    struct err  err = ERR_INIT;

    buf_init(&t.text, NO_LIMIT);
    assert_false(walk(json, 2, &t, &err));
    assert_int_equal(err.kind, ERR_DATA);
    if (!strstr(err.msg, why))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
    buf_release(&t.text);
}

/* ---- tests ---- */

static void each_value_is_told_with_its_bytes(void **state)
{
    (void)state;
    assert_told("{\"a\":90.000000000,\"b\":[1,{\"c\":2}],\"d\":{}}", 1,
                "(0:-{ =1:a90.000000000/0 =1:b[1,{\"c\":2}]/2 =1:d{}/1 )0:-}");
    assert_told("{\"a\":1,\"b\":[1,{\"c\":2}]}", 2,
                "(0:-{ =1:a1/0 (1:b[ =2:-1/0 =2:-{\"c\":2}/1 )1:b] =1:b[1,{\"c\":2}]/2 )0:-}");
    assert_told("[true,null,\"x\\\"]\",[[]],-1e9]", 1,
                "(0:-[ =1:-true/0 =1:-null/0 =1:-\"x\\\"]\"/0 =1:-[[]]/2 =1:--1e9/0 )0:-]");
}

static void white_space_is_no_part_of_a_value(void **state)
{
    (void)state;
    assert_told(" { \"a\" : 1 , \"b\"\t:\n[ 1 , 2 ] ,\r\"c\" : \"\" } ", 2,
                "(0:-{ =1:a1/0 (1:b[ =2:-1/0 =2:-2/0 )1:b] =1:b[ 1 , 2 ]/1 =1:c\"\"/0 )0:-}");
}

static void a_name_comes_as_it_stands(void **state)
{
    (void)state;
    assert_told("{\"\\u0061\\\"{\":1,\"\":2,\"a\":{\"\\\\\":3}}", 2,
                "(0:-{ =1:\\u0061\\\"{1/0 =1:2/0 (1:a{ =2:\\\\3/0 )1:a} =1:a{\"\\\\\":3}/1 )0:-}");
}

static void brackets_in_strings_are_none(void **state)
{
    (void)state;
    assert_told("{\"a\":\"}]{[,:\",\"b\":[\"\\\\\",\"\\\\\\\"]\"]}", 1,
                "(0:-{ =1:a\"}]{[,:\"/0 =1:b[\"\\\\\",\"\\\\\\\"]\"]/1 )0:-}");
}

static void a_scalar_alone_has_nothing_to_tell(void **state)
{
    (void)state;
    assert_told("1", 1, "");
    assert_told(" \"x\" ", 3, "");
    assert_told("{}", 3, "(0:-{ )0:-}");
}

static void height_counts_the_levels_inside(void **state)
{
    (void)state;
    assert_told("[[[[]],[]],[],1]", 1, "(0:-[ =1:-[[[]],[]]/3 =1:-[]/1 =1:-1/0 )0:-]");
    assert_told("[[[[]],[]],[]]", 2,
                "(0:-[ (1:-[ =2:-[[]]/2 =2:-[]/1 )1:-] =1:-[[[]],[]]/3 (1:-[ )1:-] =1:-[]/1 )0:-]");
}

static void callbacks_may_be_missing(void **state)
{
    struct told            t = { 0 };
    struct err             err = ERR_INIT;
    const struct json_walk none = { .max_depth = 2 };
    const struct json_walk values = { .max_depth = 2, .value = tell_value };

    (void)state;
    buf_init(&t.text, NO_LIMIT);
    assert_true(json_walk(SLICE("{\"a\":[1]}"), &none, &t, &err));
    assert_int_equal(t.n, 0);
    assert_true(json_walk(SLICE("{\"a\":[1]}"), &values, &t, &err));
    assert_string_equal(t.text.p, "=2:-1/0 =1:a[1]/1");
    buf_release(&t.text);
}

static void a_callback_gives_up_with_its_own_error(void **state)
{
    struct told t = { .err = ERR_INIT };
    struct err  err = ERR_INIT;

    (void)state;
    buf_init(&t.text, NO_LIMIT);
    for (t.stop_after = 1; t.stop_after <= 9; t.stop_after++) {
        assert_false(walk("{\"a\":1,\"b\":[1,{\"c\":2}]}", 2, &t, &err));
        assert_int_equal(err.kind, ERR_NONE);
        assert_string_equal(t.err.msg, "enough");
        assert_int_equal(t.n, t.stop_after);
        if (t.stop_after == 8)
            break;
    }
    buf_release(&t.text);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    assert_refused("", "");
    assert_refused("{\"a\":1", "");
    assert_refused("{\"a\":1}}", "");
    assert_refused("{\"a\":1} x", "");
    assert_refused("{\"a\" 1}", "");
    assert_refused("{\"a\":{\"b\":{\"c\":nul}}}", "");
    assert_refused("{\"a\":{\"b\":{\"c\":\"\\q\"}}}", "");
    assert_refused("{\"a\":\v1}", "control character");
    assert_refused("{\"a\":{\"b\":{\"c\":\"\xc0\x80\"}}}", "not UTF-8");
    assert_refused("{\"a\":{\"b\":{\"c\":\"\xed\xa0\x80\"}}}", "not UTF-8");
}

static void text_below_is_deeper_than_other_readers_go(void **state)
{
    const struct json_walk w = { 1, NULL, NULL, tell_value };
    struct told            t = { 0 };
    struct buf             deep;
    struct err             err = ERR_INIT;

    (void)state;
    buf_init(&t.text, NO_LIMIT);
    buf_init(&deep, NO_LIMIT);
    assert_true(buf_append_char(&deep, '['));
    for (size_t n = 1; n <= JSON_WALK_MAX_NESTING; n++)
        assert_true(buf_append_char(&deep, '['));
    assert_false(json_walk(buf_slice(&deep), &w, &t, &err));
    assert_non_null(strstr(err.msg, "nested deeper than 1000000 levels"));
    deep.n = (size_t)10 * JSON_MAX_DEPTH;
    for (size_t n = deep.n; n > 0; n--)
        assert_true(buf_append_char(&deep, ']'));
    assert_true(json_walk(buf_slice(&deep), &w, &t, &err));
    assert_string_equal(t.text.p + t.text.n - 5, "/2559");
    buf_release(&deep);
    buf_release(&t.text);
}

/* ---- random texts against the other reader ---- */

/* "d:t " for each value of depth 1 to max, at its end. */
struct trace {
    struct buf text;
    unsigned   depth;
    unsigned   max;
};

static bool trace_put(struct trace *t, unsigned depth, enum json_type type)
{
    if (depth >= 1 && depth <= t->max)
        assert_true(buf_printf(&t->text, "%u:%d ", depth, (int)type));
    return true;
}

static bool trace_null(void *ctx)
{
    struct trace *t = ctx;

    return trace_put(t, t->depth, JSON_NULL);
}

static bool trace_boolean(void *ctx, bool value)
{
    struct trace *t = ctx;

    (void)value;
    return trace_put(t, t->depth, JSON_BOOL);
}

static bool trace_number(void *ctx, struct slice spelled)
{
    struct trace *t = ctx;

    (void)spelled;
    return trace_put(t, t->depth, JSON_NUMBER);
}

static bool trace_string(void *ctx, struct slice text)
{
    struct trace *t = ctx;

    (void)text;
    return trace_put(t, t->depth, JSON_STRING);
}

static bool trace_start(void *ctx)
{
    ((struct trace *)ctx)->depth++;
    return true;
}

static bool trace_end_object(void *ctx)
{
    struct trace *t = ctx;

    return trace_put(t, --t->depth, JSON_OBJECT);
}

static bool trace_end_array(void *ctx)
{
    struct trace *t = ctx;

    return trace_put(t, --t->depth, JSON_ARRAY);
}

static bool trace_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                        size_t height)
{
    const struct json_walk none = { .max_depth = 1 };
    struct err             err = ERR_INIT;

    (void)name;
    (void)height;
    assert_true(json_walk(v.raw, &none, NULL, &err)); /* a value by itself */
    return trace_put(ctx, depth, v.type);
}

static void put_random(uint64_t *seed, struct buf *out, unsigned depth)
{
    static const char *const scalars[] = { "null",     "true", "-0.50", "\"\"",         "1e9",
                                           "\"\\\\\"", " 7 ",  "\"}\"", "\"\\u0041,\"", "false" };
    size_t                   n = test_below(seed, 4);
    bool                     object = test_below(seed, 2) == 0;

    if (depth > 6 || test_below(seed, 4) == 0) {
        assert_true(buf_append(out, slice_str(scalars[test_below(seed, COUNT_OF(scalars))])));
        return;
    }
    assert_true(buf_append_char(out, object ? '{' : '['));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            assert_true(buf_append(out, test_below(seed, 2) ? SLICE(",") : SLICE(" , ")));
        if (object)
            assert_true(
                buf_append(out, test_below(seed, 2) ? SLICE("\"a\":") : SLICE("\"\\\"\" : ")));
        put_random(seed, out, depth + 1);
    }
    assert_true(buf_append_char(out, object ? '}' : ']'));
}

static size_t rounds(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *given = getenv("REQUEUE_TEST_ROUNDS");

    return given ? strtoul(given, NULL, 10) : 20000;
}

/* In memory of exactly its size, so that a sanitizer sees who reads on. */
static void check_text(struct slice text, unsigned max, struct trace *a, struct trace *b)
{
    static const struct json_events events = {
        trace_null, trace_boolean,    trace_number, trace_string,    trace_start,
        NULL,       trace_end_object, trace_start,  trace_end_array,
    };
    const struct json_walk w = { max, NULL, NULL, trace_value };
    char                  *copy = mem_realloc(mem_strndup(text.p, text.n), text.n + (text.n == 0));
    struct slice           doc = slice_of(copy, text.n);
    struct err             err = ERR_INIT;
    bool                   parsed;

    buf_clear(&a->text);
    buf_clear(&b->text);
    a->depth = 0;
    a->max = b->max = max;
    parsed = json_parse(doc, &events, a, &err);
    if (!parsed && strstr(err.msg, "surrogate"))
        parsed = true; /* names and texts are not decoded by a walk */
    else
        assert_int_equal(json_walk(doc, &w, b, &err), parsed);
    if (parsed && err.kind == ERR_NONE)
        assert_true(slice_eq(buf_slice(&a->text), buf_slice(&b->text)));
    mem_free(copy);
}

static void random_texts_are_told_as_the_other_reader_tells_them(void **state)
{
    uint64_t     seed = test_seed();
    struct trace a = { 0 };
    struct trace b = { 0 };
    struct buf   text;

    (void)state;
    buf_init(&text, NO_LIMIT);
    buf_init(&a.text, NO_LIMIT);
    buf_init(&b.text, NO_LIMIT);
    for (size_t i = rounds(); i > 0; i--) {
        unsigned max = (unsigned)(1 + test_below(&seed, JSON_WALK_MAX_DEPTH));

        buf_clear(&text);
        put_random(&seed, &text, 0);
        check_text(buf_slice(&text), max, &a, &b);
        for (size_t k = test_below(&seed, 3); k > 0 && text.n > 0; k--)
            text.p[test_below(&seed, text.n)] = "{}[],:\"\\0 a"[test_below(&seed, 11)];
        check_text(slice_of(text.p, test_below(&seed, text.n + 1)), max, &a, &b);
        check_text(buf_slice(&text), max, &a, &b);
    }
    buf_release(&text);
    buf_release(&a.text);
    buf_release(&b.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_told_with_its_bytes),
        cmocka_unit_test(white_space_is_no_part_of_a_value),
        cmocka_unit_test(a_name_comes_as_it_stands),
        cmocka_unit_test(brackets_in_strings_are_none),
        cmocka_unit_test(a_scalar_alone_has_nothing_to_tell),
        cmocka_unit_test(height_counts_the_levels_inside),
        cmocka_unit_test(callbacks_may_be_missing),
        cmocka_unit_test(a_callback_gives_up_with_its_own_error),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(text_below_is_deeper_than_other_readers_go),
        cmocka_unit_test(random_texts_are_told_as_the_other_reader_tells_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
