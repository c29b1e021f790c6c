/* test_buf.c - bytes being built, with a limit. */
#include "tests/support/test.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"

static void an_empty_buf_is_an_empty_string(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    assert_string_equal(b.p, "");
    assert_true(buf_append(&b, slice_of(NULL, 0)));
    buf_clear(&b);
    assert_string_equal(b.p, "");
    assert_int_equal(buf_slice(&b).n, 0);
    buf_release(&b);
}

static void the_limit_can_be_reached_and_not_passed(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 5);
    assert_true(buf_append(&b, SLICE("abc")));
    assert_false(buf_append(&b, SLICE("def")));
    assert_string_equal(b.p, "abc");
    assert_int_equal(b.n, 3);
    assert_true(buf_append_char(&b, 'd'));
    assert_true(buf_append(&b, SLICE("e")));
    assert_false(buf_append_char(&b, 'f'));
    assert_true(buf_append(&b, SLICE("")));
    assert_string_equal(b.p, "abcde");
    buf_release(&b);
}

static void printf_that_passes_the_limit_changes_nothing(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 8);
    assert_false(buf_printf(&b, "%s", "123456789"));
    assert_string_equal(b.p, "");
    assert_true(buf_printf(&b, "%d-", 42));
    assert_false(buf_printf(&b, "%s", "123456"));
    assert_string_equal(b.p, "42-");
    assert_int_equal(b.n, 3);
    assert_true(buf_printf(&b, "%s", "12345"));
    assert_string_equal(b.p, "42-12345");
    assert_true(buf_printf(&b, "%s", ""));
    buf_release(&b);
}

static void printf_grows_as_needed(void **state)
{
    struct buf b;
    char       expected[4000] = { 0 };
    size_t     n = 0;

    (void)state;
    buf_init(&b, sizeof(expected));
    for (int i = 0; i < 500; i++) {
        assert_true(buf_printf(&b, "%d,", i));
        n += (size_t)snprintf(expected + n, sizeof(expected) - n, "%d,", i);
    }
    assert_string_equal(b.p, expected);
    buf_release(&b);
}

static void bytes_of_any_value_are_kept_and_a_nul_follows(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 100);
    assert_true(buf_append(&b, slice_of("a\0b\xff", 4)));
    assert_int_equal(b.n, 4);
    assert_memory_equal(b.p, "a\0b\xff", 5);
    buf_release(&b);
}

static void clear_keeps_the_memory_and_release_gives_it_back(void **state)
{
    struct buf b;
    size_t     cap;

    (void)state;
    buf_init(&b, 1000);
    buf_add(&b, "%0500d", 7);
    cap = b.cap;
    buf_clear(&b);
    assert_string_equal(b.p, "");
    assert_int_equal(b.cap, cap);
    buf_release(&b);
    assert_int_equal(b.cap, 0);
    assert_string_equal(b.p, "");
    buf_release(&b);
}

static void an_all_zero_buf_can_be_released(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_release(&b);
    assert_string_equal(b.p, "");
}

static void an_unlimited_buf_does_not_overflow(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, SIZE_MAX);
    assert_true(buf_append(&b, SLICE("x")));
    assert_false(buf_append(&b, slice_of("x", SIZE_MAX)));
    assert_false(buf_append(&b, slice_of("x", SIZE_MAX - 1)));
    assert_string_equal(b.p, "x");
    buf_release(&b);
}

static void random_appends_equal_a_plain_array(void **state)
{
    uint64_t   rng = test_seed();
    size_t     limit = 1 + test_below(&rng, 20000);
    char      *model = mem_alloc(limit);
    size_t     n = 0;
    struct buf b;

    (void)state;
    buf_init(&b, limit);
    for (int i = 0; i < 2000; i++) {
        char   piece[64];
        size_t len = test_below(&rng, sizeof(piece));
        bool   fits = len <= limit - n;

        for (size_t k = 0; k < len; k++)
            piece[k] = (char)test_rand(&rng);
        assert_int_equal(buf_append(&b, slice_of(piece, len)), fits);
        if (fits) {
            memcpy(model + n, piece, len);
            n += len;
        }
        assert_int_equal(b.n, n);
        assert_int_equal(b.p[n], 0);
    }
    assert_memory_equal(b.p, model, n);
    mem_free(model);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buf_is_an_empty_string),
        cmocka_unit_test(the_limit_can_be_reached_and_not_passed),
        cmocka_unit_test(printf_that_passes_the_limit_changes_nothing),
        cmocka_unit_test(printf_grows_as_needed),
        cmocka_unit_test(bytes_of_any_value_are_kept_and_a_nul_follows),
        cmocka_unit_test(clear_keeps_the_memory_and_release_gives_it_back),
        cmocka_unit_test(an_all_zero_buf_can_be_released),
        cmocka_unit_test(an_unlimited_buf_does_not_overflow),
        cmocka_unit_test(random_appends_equal_a_plain_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
