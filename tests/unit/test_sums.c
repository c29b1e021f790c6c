/*
 * test_sums.c - what a sum over a partition may not lose; each case is a trap that somebody fell
 * into.
 */
#include "tests/support/test.h"

#include "lib/base/sha256.h"
#include "lib/kestra/compare.h"
#include "tests/support/compare_bands.h"
#include "verify/sums.h"

static struct digest value_of(const char *text)
{
    return digest_bytes(1, slice_str(text));
}

/* keys and values in turn, NULL ends. */
static struct partition_sum sum_of(const char *const *pairs)
{
    struct partition_sum s = { 0 };

    for (; *pairs; pairs += 2)
        sums_add(&s, slice_str(pairs[0]), value_of(pairs[1]));
    return s;
}

#define SUM(...) sum_of((const char *const[]){ __VA_ARGS__, NULL })

static bool same(struct partition_sum a, struct partition_sum b)
{
    return digest_eq(a.sum, b.sum);
}

static void the_order_does_not_matter(void **state)
{
    (void)state;
    assert_true(same(SUM("a", "1", "b", "2"), SUM("b", "2", "a", "1")));
}

static void two_keys_with_their_values_exchanged_are_another_sum(void **state)
{
    (void)state;
    assert_false(same(SUM("a", "1", "b", "2"), SUM("a", "2", "b", "1")));
}

static void what_stands_in_the_key_is_not_what_stands_in_the_value(void **state)
{
    (void)state;
    assert_false(same(SUM("a", "b|c"), SUM("a|b", "c")));
    assert_false(same(SUM("", "ab"), SUM("ab", "")));
}

/* XOR would give zero for both. */
static void pairs_that_xor_would_cancel_are_seen(void **state)
{
    (void)state;
    assert_false(same(SUM("a", "1", "a", "1"), SUM("b", "2", "b", "2")));
    assert_false(
        digest_eq(SUM("a", "1", "a", "1", "b", "2", "b", "2").sum, (struct digest){ 0, 0 }));
    assert_int_equal(SUM("a", "1", "a", "1").keys, 2);
}

static void duplicates_do_not_cancel(void **state)
{
    (void)state;
    assert_false(same(SUM("a", "1", "a", "1", "a", "1"), SUM("a", "1")));
}

/* ---- the same traps within a document ------------------------------------------------------- */

static void members_keep_name_and_value_apart(void **state)
{
    const struct bands *b = *state;

    assert_false(bands_says_same(b->of_keep, SLICE("{\"a\":\"b|c\"}"), SLICE("{\"a|b\":\"c\"}")));
    assert_false(bands_says_same(b->of_keep, SLICE("{\"a\":\"b\",\"c\":\"d\"}"),
                                 SLICE("{\"a\":\"d\",\"c\":\"b\"}")));
}

static void null_is_not_empty_unless_the_band_drops_both(void **state)
{
    const struct bands *b = *state;

    assert_false(bands_says_same(b->of_keep, SLICE("{\"a\":null}"), SLICE("{\"a\":\"\"}")));
    assert_true(bands_says_same(b->of_drop, SLICE("{\"a\":null}"), SLICE("{\"a\":\"\"}")));
    assert_false(bands_says_same(b->of_drop, SLICE("{\"a\":[null]}"), SLICE("{\"a\":[\"\"]}")));
}

static void equal_labels_do_not_cancel(void **state)
{
    const struct bands *b = *state;
    struct slice        twice = SLICE("{\"labels\":[{\"key\":\"k\",\"value\":\"v\"},"
                                             "{\"key\":\"k\",\"value\":\"v\"}]}");

    assert_false(bands_says_same(b->of_keep, twice, SLICE("{\"labels\":[]}")));
    assert_false(bands_says_same(b->of_keep, twice,
                                 SLICE("{\"labels\":[{\"key\":\"k\",\"value\":\"v\"}]}")));
}

static void sha256_is_that_of_the_standard(void **state)
{
    char hex[65];

    (void)state;
    sha256_hex(SLICE("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex(slice_of("", 0), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_does_not_matter),
        cmocka_unit_test(two_keys_with_their_values_exchanged_are_another_sum),
        cmocka_unit_test(what_stands_in_the_key_is_not_what_stands_in_the_value),
        cmocka_unit_test(pairs_that_xor_would_cancel_are_seen),
        cmocka_unit_test(duplicates_do_not_cancel),
        BANDS_TEST(members_keep_name_and_value_apart),
        BANDS_TEST(null_is_not_empty_unless_the_band_drops_both),
        BANDS_TEST(equal_labels_do_not_cancel),
        cmocka_unit_test(sha256_is_that_of_the_standard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
