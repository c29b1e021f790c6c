/* test_clock.c - instants and durations. */
#include "tests/support/test.h"

#include "lib/base/clock.h"

static void dates_as_kestra_writes_them_are_instants(void **state)
{
    static const struct {
        const char    *text;
        struct instant t;
    } cases[] = {
        { "1970-01-01T00:00:00Z", { 0, 0 } },
        { "1970-01-01T00:00Z", { 0, 0 } },
        { "1969-12-31T23:59:59.999999999Z", { -1, 999999999 } },
        { "2024-12-10T08:00:01.220Z", { 1733817601, 220000000 } },
        { "2024-12-10T08:00:01.22Z", { 1733817601, 220000000 } },
        { "2024-12-10T08:00:01.220000000Z", { 1733817601, 220000000 } },
        { "2024-12-10T08:00:01.1234567899Z", { 1733817601, 123456789 } },
        { "2024-12-10T08:00:01.0000000009Z", { 1733817601, 0 } },
        { "2024-12-10T09:00:01+01:00", { 1733817601, 0 } },
        { "2024-12-10T09:00:01+0100", { 1733817601, 0 } },
        { "2024-12-10T09:00:01+01", { 1733817601, 0 } },
        { "2024-12-10T02:30:01-05:30", { 1733817601, 0 } },
        { "2024-12-10T08:00:01-00:00", { 1733817601, 0 } },
        { "2024-12-11T07:59:01+23:59", { 1733817601, 0 } },
        { "2024-12-10T09:00:01+01:00[Europe/Paris]", { 1733817601, 0 } },
        { "2024-12-10T08:00:01Z[UTC]", { 1733817601, 0 } },
        { "2024-12-10T08:00:01Z[Etc/GMT+0]", { 1733817601, 0 } },
        { "2024-02-29T00:00:00Z", { 1709164800, 0 } },
        { "2000-02-29T00:00:00Z", { 951782400, 0 } },
        { "0000-01-01T00:00:00Z", { -62167219200, 0 } },
        { "9999-12-31T23:59:59Z", { 253402300799, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct instant t = { 42, 42 };

        if (!instant_parse(slice_str(cases[i].text), &t))
            fail_msg("%s is refused", cases[i].text);
        if (instant_compare(t, cases[i].t) != 0)
            fail_msg("%s is %lld.%09d", cases[i].text, (long long)t.s, (int)t.ns);
    }
}

static void other_texts_are_no_instants(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "2024",
        "2024-12-10",
        "2024-12-10T",
        "2024-12-10T08",
        "2024-12-10T08:00",
        "2024-12-10T08:00:01",
        "2024-12-10 08:00:01Z",
        "2024-12-10t08:00:01z",
        "2024-12-10T08:00:01.Z",
        "2024-12-10T08:00:01,5Z",
        "2024-12-10T08:00:1Z",
        "2024-12-10T8:00:01Z",
        "2024-1-10T08:00:01Z",
        "24-12-10T08:00:01Z",
        "-2024-12-10T08:00:01Z",
        "-0001-12-10T08:00:01Z",
        "+2024-12-10T08:00:01Z",
        "12024-12-10T08:00:01Z",
        "2024-00-10T08:00:01Z",
        "2024-13-10T08:00:01Z",
        "2024-12-00T08:00:01Z",
        "2024-12-32T08:00:01Z",
        "2024-11-31T08:00:01Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-12-10T24:00:00Z",
        "2024-12-10T23:60:00Z",
        "2024-12-31T23:59:60Z",
        "2024-12-10T08:00:01Zx",
        "2024-12-10T08:00:01Z ",
        " 2024-12-10T08:00:01Z",
        "2024-12-10T08:00:01+1:00",
        "2024-12-10T08:00:01+01:",
        "2024-12-10T08:00:01+01:0",
        "2024-12-10T08:00:01+010",
        "2024-12-10T08:00:01+01:60",
        "2024-12-10T08:00:01+24:00",
        "2024-12-10T08:00:01+01:00:00",
        "2024-12-10T08:00:01+",
        "2024-12-10T08:00:01Z[",
        "2024-12-10T08:00:01Z[]",
        "2024-12-10T08:00:01Z[UTC",
        "2024-12-10T08:00:01Z[UTC]x",
        "2024-12-10T08:00:01Z[UTC][UTC]",
        "2024-12-10T08:00:01[UTC]",
        "2024-12-1\xd9\xa0T08:00:01Z",
        "P1D",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct instant t = { 42, 42 };

        if (instant_parse(slice_str(cases[i]), &t))
            fail_msg("'%s' is accepted", cases[i]);
        assert_true(t.s == 42 && t.ns == 42);
    }
    assert_false(instant_parse(slice_of(NULL, 0), &(struct instant){ 0, 0 }));
    /* A NUL inside does not end it. */
    assert_false(instant_parse(slice_of("2024-12-10T08:00:01Z\0", 21), &(struct instant){ 0, 0 }));
}

static void every_cut_of_a_date_is_refused_without_reading_on(void **state)
{
    static const char text[] = "2024-12-10T09:00:01.5+01:00[Europe/Paris]";
    struct instant    t;

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char *exact = malloc(n ? n : 1); /* so that AddressSanitizer sees a step too far */
        bool  ok;

        assert_non_null(exact);
        memcpy(exact, text, n);
        ok = instant_parse(slice_of(exact, n), &t);
        free(exact);
        /* Whole dates in it: ...+01, ...+01:00 */
        assert_int_equal(ok, n == 24 || n == 27);
    }
}

static void parsing_and_formatting_agree_with_the_c_library(void **state)
{
    uint64_t rng = test_seed();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        /* Years 0 to 9999. */
        int64_t        s = -62167219200 + (int64_t)(test_rand(&rng) % 315569520000u);
        time_t         c = (time_t)s;
        struct instant t = { s, (int32_t)test_below(&rng, 1000000000) };
        struct instant back;
        struct tm      tm;
        char           text[32];

        instant_format(t, text);
        assert_int_equal(strlen(text), 24);
        assert_true(instant_parse(slice_str(text), &back));
        assert_true(back.s == s);
        assert_int_equal(back.ns, t.ns / 1000000 * 1000000);
        assert_non_null(gmtime_r(&c, &tm));
        assert_int_equal(strtol(text, NULL, 10), tm.tm_year + 1900);
        assert_int_equal(strtol(text + 11, NULL, 10), tm.tm_hour);
    }
}

static void formatting_cuts_milliseconds(void **state)
{
    char text[32];

    (void)state;
    instant_format((struct instant){ 1733817601, 220999999 }, text);
    assert_string_equal(text, "2024-12-10T08:00:01.220Z");
    instant_format((struct instant){ -1, 999999999 }, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    instant_format((struct instant){ 0, 0 }, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
}

static void years_beyond_four_digits_have_a_sign_and_always_fit(void **state)
{
    char text[32];

    (void)state;
    instant_format((struct instant){ 253402300800, 0 }, text);
    assert_string_equal(text, "+10000-01-01T00:00:00.000Z");
    instant_format((struct instant){ -62167219201, 0 }, text);
    assert_string_equal(text, "-0001-12-31T23:59:59.000Z");
    instant_format((struct instant){ INT64_MAX, 999999999 }, text);
    assert_string_equal(text, "+1000000000-12-31T23:59:59.999Z");
    instant_format((struct instant){ INT64_MIN, 0 }, text);
    assert_string_equal(text, "-1000000000-01-01T00:00:00.000Z");
}

static void instants_are_ordered(void **state)
{
    (void)state;
    assert_true(instant_compare((struct instant){ 1, 0 }, (struct instant){ 2, 0 }) < 0);
    assert_true(instant_compare((struct instant){ -1, 5 }, (struct instant){ -2, 9 }) > 0);
    assert_true(instant_compare((struct instant){ 1, 5 }, (struct instant){ 1, 6 }) < 0);
    assert_true(instant_compare((struct instant){ 1, 7 }, (struct instant){ 1, 6 }) > 0);
    assert_int_equal(instant_compare((struct instant){ 1, 6 }, (struct instant){ 1, 6 }), 0);
}

static void differences_are_exact_and_saturate(void **state)
{
    static const struct {
        struct instant a;
        struct instant b;
        int64_t        ns;
    } cases[] = {
        { { 0, 0 }, { 0, 0 }, 0 },
        { { 0, 0 }, { 1, 1 }, 1000000001 },
        { { 1, 1 }, { 0, 0 }, -1000000001 },
        { { 0, 999999999 }, { 1, 0 }, 1 },
        { { 1, 0 }, { 0, 999999999 }, -1 },
        { { 0, 0 }, { 9223372036, 854775807 }, INT64_MAX },
        { { 0, 0 }, { 9223372036, 854775806 }, INT64_MAX - 1 },
        { { 0, 0 }, { 9223372036, 854775808 }, INT64_MAX },
        { { 0, 999999999 }, { 9223372037, 0 }, 9223372036000000001 },
        { { 9223372037, 0 }, { 0, 999999999 }, -9223372036000000001 },
        { { 9223372036, 854775808 }, { 0, 0 }, INT64_MIN },
        { { 9223372036, 854775807 }, { 0, 0 }, -INT64_MAX },
        { { INT64_MIN, 0 }, { INT64_MAX, 0 }, INT64_MAX },
        { { INT64_MAX, 0 }, { INT64_MIN, 0 }, INT64_MIN },
        { { INT64_MIN, 999999999 }, { INT64_MIN, 0 }, -999999999 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(instant_diff_ns(cases[i].a, cases[i].b) == cases[i].ns);
}

static void durations_have_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t    ms;
    } cases[] = {
        { "250ms", 250 },
        { "30s", 30000 },
        { "30", 30000 },
        { "5m", 300000 },
        { "2h", 7200000 },
        { "30d", 2592000000 },
        { "0", 0 },
        { "18446744073709551615ms", UINT64_MAX },
        { "213503982334d", 18446744073657600000u },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t ms = 0;

        assert_true(duration_parse(cases[i].text, &ms));
        assert_true(ms == cases[i].ms);
    }
}

static void other_texts_are_no_durations(void **state)
{
    static const char *const cases[] = {
        "",
        "s",
        "ms",
        "-1s",
        "+1s",
        " 1s",
        "1 s",
        "1s ",
        "1.5h",
        "1S",
        "1h30m",
        "1w",
        "1mss",
        "0x10",
        "PT5M",
        "five",
        "1\xc2\xb5",
        "213503982335d",
        "18446744073709551616ms",
        "18446744073709551615s",
        "99999999999999999999999999",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t ms = 42;

        if (duration_parse(cases[i], &ms))
            fail_msg("'%s' is accepted", cases[i]);
    }
}

static void clocks_go_forward(void **state)
{
    int64_t        mono = clock_mono_ns();
    struct instant now = clock_now();

    (void)state;
    clock_sleep_ms(20);
    assert_true(clock_mono_ns() - mono >= 20000000);
    assert_true(now.s > 1700000000);
    assert_in_range((uintmax_t)now.ns, 0, 999999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_as_kestra_writes_them_are_instants),
        cmocka_unit_test(other_texts_are_no_instants),
        cmocka_unit_test(every_cut_of_a_date_is_refused_without_reading_on),
        cmocka_unit_test(parsing_and_formatting_agree_with_the_c_library),
        cmocka_unit_test(formatting_cuts_milliseconds),
        cmocka_unit_test(years_beyond_four_digits_have_a_sign_and_always_fit),
        cmocka_unit_test(instants_are_ordered),
        cmocka_unit_test(differences_are_exact_and_saturate),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(other_texts_are_no_durations),
        cmocka_unit_test(clocks_go_forward),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
