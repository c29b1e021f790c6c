/* test_latest.c - the later of two copies of one execution. */
#include "tests/support/test.h"

#include "lib/kestra/latest.h"

#define STATE(histories) "{\"id\":\"x\",\"state\":{\"current\":\"A\",\"histories\":" histories "}}"

static struct latest of(const char *json)
{
    return latest_of(slice_str(json), false);
}

static int order(const char *a, const char *index_a, const char *b, const char *index_b)
{
    struct latest x = of(a);
    struct latest y = of(b);
    int           forth = latest_compare(&x, slice_str(index_a), &y, slice_str(index_b));
    int           back = latest_compare(&y, slice_str(index_b), &x, slice_str(index_a));

    assert_true((forth > 0) == (back < 0) && (forth < 0) == (back > 0));
    return forth;
}

static void the_latest_date_of_all_histories_is_found(void **state)
{
    struct latest l = of(STATE("[{\"state\":\"A\",\"date\":\"2024-01-02T00:00:00.000000001Z\"},"
                               "{\"date\":\"2024-01-01T23:00:00-02:00\",\"state\":\"B\"},"
                               "{\"state\":\"C\",\"date\":\"2024-01-01T00:00:00Z\"}]"));
    char          text[32];

    (void)state;
    assert_true(l.known);
    assert_int_equal(l.n, 3);
    instant_format(l.date, text);
    assert_string_equal(text, "2024-01-02T01:00:00.000Z");
}

static void trusted_or_not_says_the_same(void **state)
{
    static const char json[] = STATE("[{\"date\":\"2024-01-02T00:00:00Z\"}]");
    struct latest     l = latest_of(slice_str(json), true);

    (void)state;
    assert_true(l.known);
    assert_int_equal(l.n, 1);
    assert_int_equal(instant_compare(l.date, of(json).date), 0);
}

static void dates_elsewhere_do_not_count(void **state)
{
    (void)state;
    assert_false(of("{\"date\":\"2024-01-02T00:00:00Z\",\"state\":{\"date\":"
                    "\"2024-01-02T00:00:00Z\"}}")
                     .known);
    assert_false(of(STATE("[{\"x\":{\"date\":\"2024-01-02T00:00:00Z\"}}]")).known);
}

static void what_cannot_be_read_has_no_date(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"state\":null}",
        "{\"state\":{\"histories\":{}}}",
        "{\"state\":{\"histories\":[]}}",
        "{\"state\":{\"histories\":[{\"date\":null}",
        STATE("[[]]"),
        STATE("[{\"date\":5},{\"date\":\"yesterday\"},{\"date\":\"\\ud800\"}]"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(of(bad[i]).known);
    assert_int_equal(of(STATE("[{\"date\":5}]")).n, 1);
    assert_int_equal(of("{").n, 0);
}

static void the_later_date_decides_first(void **state)
{
    (void)state;
    assert_true(order(STATE("[{\"date\":\"2024-01-02T00:00:00.5Z\"}]"), "a",
                      STATE("[{\"date\":\"2024-01-02T00:00:00Z\"},{\"date\":\"2024-01-02T00:00:00"
                            "Z\"}]"),
                      "b") > 0);
    assert_true(order(STATE("[{\"date\":\"1960-01-02T00:00:00Z\"}]"), "a", STATE("[]"), "b") > 0);
}

static void then_the_number_of_histories(void **state)
{
    (void)state;
    assert_true(order(STATE("[{\"date\":\"2024-01-02T00:00:00Z\"}]"), "b",
                      STATE("[{\"date\":\"2024-01-01T00:00:00Z\"},{\"date\":\"2024-01-02T01:00:00"
                            "+01:00\"}]"),
                      "a") < 0);
}

static void then_the_name_that_sorts_last(void **state)
{
    static const char json[] = STATE("[{\"date\":\"2024-01-02T00:00:00Z\"}]");

    (void)state;
    assert_true(order(json, "e-2024-01-02", json, "e-2024-01-01") > 0);
    assert_true(order(json, "e", json, "e-1") < 0);
    assert_int_equal(order(json, "e", json, "e"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_date_of_all_histories_is_found),
        cmocka_unit_test(trusted_or_not_says_the_same),
        cmocka_unit_test(dates_elsewhere_do_not_count),
        cmocka_unit_test(what_cannot_be_read_has_no_date),
        cmocka_unit_test(the_later_date_decides_first),
        cmocka_unit_test(then_the_number_of_histories),
        cmocka_unit_test(then_the_name_that_sorts_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
