/*
 * test_json_write.c - the writer.
 */
#include "tests/support/json_proof.h"

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

static void a_text_that_is_not_there_is_null(void **state)
{
    struct json_writer w;
    struct buf         out;

    (void)state;
    buf_init(&out, NO_LIMIT);
    json_writer_init(&w, &out, false);
    json_open(&w, '{');
    json_put_member(&w, "a", SLICE("x"));
    json_put_member(&w, "b", SLICE(""));
    json_put_member(&w, "c", slice_of(NULL, 0));
    json_close(&w, '}');
    assert_string_equal(out.p, "{\"a\":\"x\",\"b\":\"\",\"c\":null}");
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
        cmocka_unit_test(the_writer_keeps_track_of_commas_and_nesting),
        cmocka_unit_test(a_text_that_is_not_there_is_null),
        cmocka_unit_test(pretty_output_is_indented_by_two_spaces),
        cmocka_unit_test(a_writer_that_passed_the_limit_says_so),
        cmocka_unit_test(whatever_is_written_is_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
