/* Tests of lib/base/idset.h. */
#include "tests/support/test.h"

#include "lib/base/idset.h"

static struct digest id_of(uint64_t n)
{
    return digest_bytes(1, slice_of((const char *)&n, sizeof(n)));
}

static void an_id_is_new_once(void **state)
{
    struct idset *s = idset_new();

    (void)state;
    assert_int_equal(idset_see(s, id_of(1), 0), IDSET_NEW);
    assert_int_equal(idset_see(s, id_of(1), 0), IDSET_AGAIN);
    assert_int_equal(idset_see(s, id_of(2), 0), IDSET_NEW);
    assert_int_equal(idset_count(s), 2);
    idset_free(s);
}

static void a_later_round_tells_what_earlier_ones_saw(void **state)
{
    struct idset *s = idset_new();

    (void)state;
    (void)idset_see(s, id_of(1), 0);
    assert_int_equal(idset_see(s, id_of(1), 1), IDSET_BEFORE);
    assert_int_equal(idset_see(s, id_of(1), 1), IDSET_AGAIN);
    assert_int_equal(idset_see(s, id_of(1), 2), IDSET_BEFORE);
    assert_int_equal(idset_count(s), 1);
    idset_free(s);
}

static void asking_changes_nothing(void **state)
{
    struct idset *s = idset_new();

    (void)state;
    assert_false(idset_has(s, id_of(1)));
    assert_false(idset_has(s, (struct digest){ 0, 0 }));
    (void)idset_see(s, id_of(1), 3);
    (void)idset_see(s, (struct digest){ 0, 0 }, 0);
    assert_true(idset_has(s, id_of(1)));
    assert_true(idset_has(s, (struct digest){ 0, 0 }));
    assert_int_equal(idset_count(s), 2);
    idset_free(s);
}

static void a_digest_of_zeros_is_an_id_like_others(void **state)
{
    struct idset *s = idset_new();

    (void)state;
    assert_int_equal(idset_see(s, (struct digest){ 0, 0 }, 0), IDSET_NEW);
    assert_int_equal(idset_see(s, (struct digest){ 0, 0 }, 0), IDSET_AGAIN);
    assert_int_equal(idset_see(s, (struct digest){ 0, 0 }, 1), IDSET_BEFORE);
    idset_free(s);
}

static void a_hundred_thousand_ids_are_all_known_and_no_others(void **state)
{
    struct idset *s = idset_new();
    size_t        wrong = 0;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++)
        wrong += idset_see(s, id_of(i), 0) != IDSET_NEW;
    for (uint64_t i = 0; i < 100000; i++)
        wrong += idset_see(s, id_of(i), 1) != IDSET_BEFORE;
    for (uint64_t i = 100000; i < 101000; i++)
        wrong += idset_see(s, id_of(i), 1) != IDSET_NEW;
    assert_int_equal(wrong, 0);
    assert_int_equal(idset_count(s), 101000);
    assert_true(idset_bytes(s) <= idset_count(s) * IDSET_MAX_BYTES_PER_ID);
    idset_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_new_once),
        cmocka_unit_test(asking_changes_nothing),
        cmocka_unit_test(a_later_round_tells_what_earlier_ones_saw),
        cmocka_unit_test(a_digest_of_zeros_is_an_id_like_others),
        cmocka_unit_test(a_hundred_thousand_ids_are_all_known_and_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
