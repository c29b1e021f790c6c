/* test_splice.c - byte ranges of a text replaced. */
#include "tests/support/test.h"

#include "lib/base/splice.h"

#define MAX_EDITS 40

static void expect(const char *text, const struct splice *edits, size_t n, const char *wanted)
{
    struct arena *a = arena_new(256);
    struct slice  got = splice_apply(slice_str(text), edits, n, a);

    assert_int_equal(got.n, strlen(wanted));
    assert_memory_equal(got.p, wanted, got.n);
    arena_free(a);
}

static void ranges_are_replaced_removed_and_inserted(void **state)
{
    static const struct splice edits[] = {
        { 0, 1, { "A", 1 } },
        { 2, 2, { "++", 2 } },
        { 3, 5, { "", 0 } },
        { 6, 6, { "!", 1 } },
    };

    (void)state;
    expect("abcdef", edits, COUNT_OF(edits), "Ab++cf!");
    expect("abcdef", edits, 0, "abcdef");
    expect("", NULL, 0, "");
}

static void ranges_may_touch_and_all_may_go(void **state)
{
    static const struct splice edits[] = { { 0, 2, { NULL, 0 } }, { 2, 3, { NULL, 0 } } };

    (void)state;
    expect("abc", edits, COUNT_OF(edits), "");
}

static void sorting_keeps_the_order_of_one_place(void **state)
{
    struct splice edits[] = {
        { 5, 5, { "1", 1 } }, { 5, 5, { "2", 1 } }, { 0, 0, { "3", 1 } },
        { 5, 5, { "4", 1 } }, { 0, 0, { "5", 1 } },
    };

    (void)state;
    splice_sort(edits, COUNT_OF(edits));
    expect("abcdef", edits, COUNT_OF(edits), "35abcde124f");
}

/* Against a second way to do it: the edits one by one, from the last to the first. */
static void any_edits_in_any_order(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct arena *a = arena_new(4096);
        size_t        n = test_below(&seed, MAX_EDITS);
        struct splice edits[MAX_EDITS];
        char          text[200];
        char          wanted[200 + MAX_EDITS * 2 + 1];
        size_t        at = 0;
        size_t        length;
        struct slice  got;

        for (size_t i = 0; i < n; i++) {
            at += test_below(&seed, 4);
            edits[i].from = at;
            at += test_below(&seed, 2);
            edits[i].to = at;
            edits[i].text = slice_of("<>", test_below(&seed, 3));
        }
        length = at + test_below(&seed, 10);
        for (size_t i = 0; i < length; i++)
            text[i] = (char)('a' + test_below(&seed, 26));
        memcpy(wanted, text, length);
        wanted[length] = '\0';
        for (size_t i = n; i-- > 0;) {
            char   rest[sizeof(wanted)];
            size_t rest_n = strlen(wanted + edits[i].to);

            memcpy(rest, wanted + edits[i].to, rest_n + 1);
            memcpy(wanted + edits[i].from, edits[i].text.p, edits[i].text.n);
            memcpy(wanted + edits[i].from + edits[i].text.n, rest, rest_n + 1);
        }
        for (size_t i = n; i > 1; i--) { /* only where the order of one place stays */
            size_t j = i - 1;

            if (test_below(&seed, 2) == 0 && edits[j].from != edits[j - 1].from) {
                struct splice other = edits[j];

                edits[j] = edits[j - 1];
                edits[j - 1] = other;
            }
        }
        splice_sort(edits, n);
        got = splice_apply(slice_of(text, length), edits, n, a);
        assert_int_equal(got.n, strlen(wanted));
        assert_memory_equal(got.p, wanted, got.n);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_replaced_removed_and_inserted),
        cmocka_unit_test(ranges_may_touch_and_all_may_go),
        cmocka_unit_test(sorting_keeps_the_order_of_one_place),
        cmocka_unit_test(any_edits_in_any_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
