/* test_map.c - lib/base/map.h. */
#include "lib/base/map.h"

#include "tests/support/test.h"

#define MANY 10000

static int numbers[MANY];

static struct slice name_of(size_t i, char text[32])
{
    (void)snprintf(text, 32, "key-%zu", i);
    return slice_str(text);
}

static void fill(struct map *m)
{
    char text[32];

    for (size_t i = 0; i < MANY; i++) {
        struct slice key = name_of(i, text);

        *map_put(m, &key) = &numbers[i];
    }
}

static void test_what_was_put_is_found_and_nothing_else(void **state)
{
    struct map *m = map_new();
    char        text[32];

    (void)state;
    assert_null(map_get(m, SLICE("key-0")));
    fill(m);
    fill(m); /* the second time changes nothing */
    assert_int_equal(map_count(m), MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(map_get(m, name_of(i, text)), &numbers[i]);
    assert_null(map_get(m, SLICE("key-")));
    assert_null(map_get(m, SLICE("")));
    map_free(m);
}

static void test_entries_come_in_the_order_of_putting(void **state)
{
    struct map  *m = map_new();
    size_t       at = 0;
    size_t       n = 0;
    struct slice key;
    char         text[32];
    void       **value;

    (void)state;
    fill(m);
    while ((value = map_next(m, &at, &key))) {
        assert_ptr_equal(*value, &numbers[n]);
        assert_true(slice_eq(key, name_of(n, text)));
        n++;
    }
    assert_int_equal(n, MANY);
    map_free(m);
}

static void test_a_key_is_copied(void **state)
{
    struct map  *m = map_new();
    char         text[] = "abc";
    struct slice key = slice_of(text, 3);

    (void)state;
    *map_put(m, &key) = &numbers[1];
    text[0] = 'x';
    assert_true(slice_eq(key, SLICE("abc")));
    assert_ptr_equal(map_get(m, SLICE("abc")), &numbers[1]);
    map_free(m);
    map_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_put_is_found_and_nothing_else),
        cmocka_unit_test(test_entries_come_in_the_order_of_putting),
        cmocka_unit_test(test_a_key_is_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
