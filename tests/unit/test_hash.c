/* test_hash.c - hashes and digests. */
#include "tests/support/test.h"

#include "lib/base/hash.h"

static void hash64_is_xxh3(void **state)
{
    (void)state;
    /* The published value of XXH3-64 of nothing. */
    assert_true(hash64(SLICE("")) == UINT64_C(0x2d06800538d394c2));
    assert_true(hash64(slice_of(NULL, 0)) == hash64(SLICE("")));
    assert_true(hash64(SLICE("a")) != hash64(SLICE("b")));
}

static void digest_version_2_gives_these_digests(void **state)
{
    char hex[33];

    (void)state;
    /* Reports hold digests: when this test fails, DIGEST_VERSION has to be raised. */
    assert_int_equal(DIGEST_VERSION, 2);
    digest_hex(digest_bytes(1, SLICE("")), hex);
    assert_string_equal(hex, "1b3f91b4d37cd80af3e51c4556f00834");
    digest_hex(digest_bytes(DIGEST_TAG_RAW, SLICE("{\"id\": \"hello\"}")), hex);
    assert_string_equal(hex, "a95f297a205529f37d8db18803cb424b");
    digest_hex(digest_pair(2, (struct digest){ 1, 2 }, (struct digest){ 3, 4 }), hex);
    assert_string_equal(hex, "a9da168cb8cdc411c2b81372bc46f9d4");
    digest_hex(digest_name(SLICE("state")), hex);
    assert_string_equal(hex, "17b790749516fa56a4b8b3a6d4a9d7ef");
    digest_hex(digest_member(2, (struct digest){ 1, 2 }, SLICE("RUNNING")), hex);
    assert_string_equal(hex, "598de56d8ea53afbce661abd5b8021fd");
}

static void equal_bytes_of_another_tag_differ(void **state)
{
    (void)state;
    for (uint64_t tag = 0; tag < 100; tag++) {
        struct digest a = digest_bytes(tag, SLICE("1"));
        struct digest b = digest_bytes(tag + 1, SLICE("1"));

        assert_true(a.lo != b.lo);
        assert_true(a.hi != b.hi);
    }
}

static void a_pair_is_not_its_bytes_and_has_an_order(void **state)
{
    struct digest a = digest_bytes(1, SLICE("a"));
    struct digest b = digest_bytes(1, SLICE("b"));
    uint64_t      words[] = { a.lo, a.hi, b.lo, b.hi };
    struct digest bytes = digest_bytes(1, slice_of((const char *)words, sizeof(words)));

    (void)state;
    assert_false(digest_eq(digest_pair(1, a, b), digest_pair(1, b, a)));
    assert_false(digest_eq(digest_pair(1, a, b), digest_pair(2, a, b)));
    assert_false(digest_eq(digest_pair(1, a, b), bytes));
    assert_true(digest_eq(digest_pair(1, a, b), digest_pair(1, a, b)));
}

static void a_member_is_its_name_its_tag_and_its_value(void **state)
{
    struct digest a = digest_name(SLICE("a"));
    struct digest b = digest_name(SLICE("b"));
    struct digest of_a = digest_member(1, a, SLICE("b"));

    (void)state;
    assert_false(digest_eq(a, digest_name(SLICE("aa"))));
    assert_true(digest_eq(of_a, digest_member(1, a, SLICE("b"))));
    assert_false(digest_eq(of_a, digest_member(1, b, SLICE("a"))));
    assert_false(digest_eq(of_a, digest_member(1, a, SLICE("a"))));
    assert_false(digest_eq(of_a, digest_member(2, a, SLICE("b"))));
    assert_false(digest_eq(of_a, digest_bytes(1, SLICE("b"))));
    assert_false(digest_eq(of_a, digest_pair(1, a, digest_bytes(1, SLICE("b")))));
}

/* What a sum must tell apart: which value belongs to which name. */
static void members_that_change_their_values_have_another_sum(void **state)
{
    uint64_t rng = test_seed();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char          text[2][40];
        struct slice  value[2];
        struct digest name[2];
        struct digest straight;
        struct digest crossed;

        for (int k = 0; k < 2; k++) {
            for (size_t at = 0; at < sizeof(text[k]); at++)
                text[k][at] = (char)test_rand(&rng);
            name[k] = digest_name(slice_of(text[k], 4 + test_below(&rng, 16)));
            value[k] = slice_of(text[k] + 20, 4 + test_below(&rng, 16));
        }
        straight =
            digest_add(digest_member(1, name[0], value[0]), digest_member(1, name[1], value[1]));
        crossed =
            digest_add(digest_member(1, name[0], value[1]), digest_member(1, name[1], value[0]));
        assert_true(straight.lo != crossed.lo);
        assert_true(straight.hi != crossed.hi);
    }
}

static void a_sum_has_no_order_and_carries(void **state)
{
    struct digest a = { UINT64_MAX, 1 };
    struct digest b = { 1, 2 };
    struct digest sum = digest_add(a, b);

    (void)state;
    assert_true(sum.lo == 0 && sum.hi == 4);
    assert_true(digest_eq(sum, digest_add(b, a)));
    /* What XOR would lose. */
    assert_false(digest_eq(digest_add(a, a), (struct digest){ 0, 0 }));
    sum = digest_add((struct digest){ UINT64_MAX, UINT64_MAX }, (struct digest){ 1, 0 });
    assert_true(digest_eq(sum, (struct digest){ 0, 0 }));
}

static void hex_has_32_digits_high_part_first(void **state)
{
    char hex[33];

    (void)state;
    digest_hex((struct digest){ .lo = 0xab, .hi = 0xcd }, hex);
    assert_string_equal(hex, "00000000000000cd00000000000000ab");
}

static void one_changed_bit_changes_the_digest_at_any_length(void **state)
{
    uint64_t rng = test_seed();
    char     text[600];

    (void)state;
    for (size_t n = 1; n <= sizeof(text); n++) {
        struct digest before;
        size_t        at = test_below(&rng, n);

        for (size_t i = 0; i < n; i++)
            text[i] = (char)test_rand(&rng);
        before = digest_bytes(7, slice_of(text, n));
        text[at] = (char)(text[at] ^ (1 << test_below(&rng, 8)));
        assert_false(digest_eq(before, digest_bytes(7, slice_of(text, n))));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash64_is_xxh3),
        cmocka_unit_test(digest_version_2_gives_these_digests),
        cmocka_unit_test(equal_bytes_of_another_tag_differ),
        cmocka_unit_test(a_pair_is_not_its_bytes_and_has_an_order),
        cmocka_unit_test(a_member_is_its_name_its_tag_and_its_value),
        cmocka_unit_test(members_that_change_their_values_have_another_sum),
        cmocka_unit_test(a_sum_has_no_order_and_carries),
        cmocka_unit_test(hex_has_32_digits_high_part_first),
        cmocka_unit_test(one_changed_bit_changes_the_digest_at_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
