/* test_keyset.c - entries per key and partition: against a plain model, and in few bytes. */
#include "tests/support/test.h"

#include "lib/base/keyset.h"
#include "lib/base/mem.h"

#include <malloc.h>

/* A sanitizer makes everything slow: a million keys are for the release flavour. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC false /* the sanitizer's, which mallinfo2 does not see */
#define MANY       200000u
#else
#define OWN_MALLOC true
#define MANY       1000000u
#endif

static void a_new_entry_is_zeroed(void **state)
{
    struct keyset             *ks = keyset_new();
    const struct keyset_entry *e = keyset_put(ks, SLICE("key"), 3);

    (void)state;
    assert_int_equal(e->offset, -1);
    assert_int_equal(e->records, 0);
    assert_int_equal(e->partition, 3);
    assert_int_equal(e->key_len, 3);
    assert_memory_equal(e->key, "key", 3);
    keyset_free(ks);
}

static void the_same_key_and_partition_give_the_same_entry(void **state)
{
    struct keyset       *ks = keyset_new();
    struct keyset_entry *e = keyset_put(ks, SLICE("key"), 0);

    (void)state;
    assert_ptr_equal(keyset_put(ks, SLICE("key"), 0), e);
    assert_ptr_not_equal(keyset_put(ks, SLICE("key"), 1), e);
    assert_ptr_not_equal(keyset_put(ks, SLICE("ke"), 0), e);
    assert_int_equal(keyset_count(ks), 3);
    keyset_free(ks);
}

static void the_key_is_copied(void **state)
{
    struct keyset             *ks = keyset_new();
    char                       key[] = "abc";
    const struct keyset_entry *e = keyset_put(ks, slice_str(key), 0);

    (void)state;
    key[0] = 'x';
    assert_memory_equal(e->key, "abc", 3);
    assert_null(keyset_find(ks, slice_str(key), NULL));
    keyset_free(ks);
}

static void find_yields_each_partition_of_a_key_once(void **state)
{
    struct keyset             *ks = keyset_new();
    const struct keyset_entry *e = NULL;
    unsigned                   seen = 0;
    int                        n = 0;

    (void)state;
    for (int32_t p = 0; p < 16; p++) {
        (void)keyset_put(ks, SLICE("wanted"), p);
        (void)keyset_put(ks, SLICE("other"), p);
    }
    while ((e = keyset_find(ks, SLICE("wanted"), e))) {
        assert_memory_equal(e->key, "wanted", 6);
        seen |= 1u << e->partition;
        n++;
    }
    assert_int_equal(n, 16);
    assert_int_equal(seen, 0xffff);
    assert_null(keyset_find(ks, SLICE("absent"), NULL));
    keyset_free(ks);
}

static void keys_may_be_empty_binary_or_huge(void **state)
{
    struct keyset             *ks = keyset_new();
    char                      *huge = mem_alloc(100000);
    const struct keyset_entry *e;

    (void)state;
    (void)keyset_put(ks, slice_of(NULL, 0), 1);
    (void)keyset_put(ks, slice_of("\0", 1), 2);
    (void)keyset_put(ks, slice_of(huge, 100000), 3);
    (void)keyset_put(ks, slice_of("\0\0", 2), 4);
    e = keyset_find(ks, SLICE(""), NULL);
    assert_non_null(e);
    assert_int_equal(e->partition, 1);
    e = keyset_find(ks, slice_of(huge, 1), NULL);
    assert_non_null(e);
    assert_int_equal(e->partition, 2);
    e = keyset_find(ks, slice_of(huge, 100000), NULL);
    assert_non_null(e);
    assert_int_equal(e->partition, 3);
    assert_true(keyset_bytes(ks) > 100000);
    mem_free(huge);
    keyset_free(ks);
}

static void next_walks_in_the_order_of_putting(void **state)
{
    struct keyset             *ks = keyset_new();
    size_t                     at = 0;
    const struct keyset_entry *e;

    (void)state;
    assert_null(keyset_next(ks, &at));
    for (int32_t i = 0; i < 10000; i++)
        (void)keyset_put(ks, slice_of((const char *)&i, sizeof(i)), i % 7);
    for (int32_t i = 0; i < 10000; i++) {
        e = keyset_next(ks, &at);
        assert_non_null(e);
        assert_int_equal(e->partition, i % 7);
        assert_memory_equal(e->key, &i, sizeof(i));
    }
    assert_null(keyset_next(ks, &at));
    assert_null(keyset_next(ks, &at));
    keyset_free(ks);
}

/* The index knows 32 bits of a key's hash: the key itself has to decide. */
static void keys_of_equal_hash_stay_apart(void **state)
{
    struct slice               a = SLICE("key-21360");
    struct slice               b = SLICE("key-174197");
    struct keyset             *ks = keyset_new();
    const struct keyset_entry *of_a;
    const struct keyset_entry *of_b;

    (void)state;
    assert_int_equal((uint32_t)hash64(a), (uint32_t)hash64(b));
    of_a = keyset_put(ks, a, 0);
    assert_null(keyset_find(ks, b, NULL));
    of_b = keyset_put(ks, b, 0);
    assert_ptr_not_equal(of_a, of_b);
    assert_ptr_equal(keyset_find(ks, a, NULL), of_a);
    assert_ptr_equal(keyset_find(ks, b, NULL), of_b);
    assert_null(keyset_find(ks, a, of_a));
    assert_null(keyset_find(ks, b, of_b));
    keyset_free(ks);
}

static void an_empty_set_finds_nothing(void **state)
{
    struct keyset *ks = keyset_new();

    (void)state;
    assert_null(keyset_find(ks, SLICE("x"), NULL));
    assert_int_equal(keyset_count(ks), 0);
    keyset_free(ks);
    keyset_free(NULL);
}

/* ---- against a model ----------------------------------------------------------------------- */

#define MODEL_KEYS       3000
#define MODEL_PARTITIONS 4

struct model {
    const struct keyset_entry *entries[MODEL_KEYS][MODEL_PARTITIONS];
    uint32_t                   records[MODEL_KEYS][MODEL_PARTITIONS];
    size_t                     n;
};

/* Key i: of any length from 1 to 40 bytes, and different for each i. */
static struct slice model_key(size_t i, char out[48])
{
    int n = snprintf(out, 48, "%zu_%.*s", i, (int)(i % 35),
                     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq");

    return slice_of(out, (size_t)n);
}

static void model_put(struct model *m, struct keyset *ks, uint64_t *rng)
{
    char                 key[48];
    size_t               i = test_below(rng, MODEL_KEYS);
    size_t               p = test_below(rng, MODEL_PARTITIONS);
    struct keyset_entry *e = keyset_put(ks, model_key(i, key), (int32_t)p);

    if (m->entries[i][p]) {
        assert_ptr_equal(e, m->entries[i][p]);
    } else {
        m->entries[i][p] = e;
        m->n++;
    }
    assert_int_equal(e->records, m->records[i][p]);
    e->records = ++m->records[i][p];
}

static void model_find(const struct model *m, const struct keyset *ks, size_t i)
{
    char                       key[48];
    const struct keyset_entry *e = NULL;
    size_t                     n = 0;

    while ((e = keyset_find(ks, model_key(i, key), e))) {
        assert_in_range((uintmax_t)e->partition, 0, MODEL_PARTITIONS - 1);
        assert_ptr_equal(e, m->entries[i][e->partition]);
        assert_int_equal(e->records, m->records[i][e->partition]);
        n++;
    }
    for (size_t p = 0; p < MODEL_PARTITIONS; p++)
        n -= m->entries[i][p] ? 1 : 0;
    assert_int_equal(n, 0);
}

static void model_walk(const struct model *m, const struct keyset *ks)
{
    size_t at = 0;
    size_t n = 0;

    for (const struct keyset_entry *e; (e = keyset_next(ks, &at)); n++) {
        /* The number in front is the key's number in the model. */
        char   digits[16] = { 0 };
        size_t i;

        memcpy(digits, e->key, strcspn(e->key, "_"));
        i = strtoul(digits, NULL, 10);
        assert_ptr_equal(m->entries[i][e->partition], e);
    }
    assert_int_equal(n, m->n);
    assert_int_equal(keyset_count(ks), m->n);
}

static void random_work_equals_the_model(void **state)
{
    uint64_t       rng = test_seed();
    struct model  *m = mem_alloc(sizeof(*m));
    struct keyset *ks = keyset_new();

    (void)state;
    for (int step = 0; step < 60000; step++) {
        model_put(m, ks, &rng);
        model_find(m, ks, test_below(&rng, MODEL_KEYS));
        if (step % 10000 == 0)
            model_walk(m, ks);
    }
    for (size_t i = 0; i < MODEL_KEYS; i++)
        model_find(m, ks, i);
    model_walk(m, ks);
    keyset_free(ks);
    mem_free(m);
}

/* ---- memory -------------------------------------------------------------------------------- */

/* As many bytes as Kestra's ids have. */
static struct slice key_of_22(unsigned i, char out[32])
{
    (void)snprintf(out, 32, "%08xabcdefghijklmn", i);
    return slice_of(out, 22);
}

static size_t from_the_system(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void many_keys_fit_the_budget_at_every_size(void **state)
{
    size_t         before = from_the_system();
    struct keyset *ks = keyset_new();
    double         worst = 0;
    double         real;
    char           key[32];

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        double per_key;

        (void)keyset_put(ks, key_of_22(i, key), (int32_t)(i % 16));
        /* Small sets are ruled by the first chunk and block, which nobody minds. */
        per_key = i < 100000 ? 0 : (double)keyset_bytes(ks) / (i + 1);
        worst = per_key > worst ? per_key : worst;
    }
    real = (double)(from_the_system() - before) / MANY;
    print_message("keyset: %.1f bytes a key at %u keys of 22 bytes, %.1f at the worst size\n",
                  (double)keyset_bytes(ks) / MANY, MANY, worst);
    assert_true(worst <= KEYSET_MAX_BYTES_PER_KEY);
    if (OWN_MALLOC) {
        print_message("keyset: %.1f bytes a key by malloc's own count\n", real);
        assert_true(real <= KEYSET_MAX_BYTES_PER_KEY);
        assert_true(real <= (double)keyset_bytes(ks) / MANY * 1.01);
    }
    for (unsigned i = 0; i < MANY; i += 997) {
        const struct keyset_entry *e = keyset_find(ks, key_of_22(i, key), NULL);

        assert_non_null(e);
        assert_int_equal(e->partition, i % 16);
        assert_null(keyset_find(ks, key_of_22(i, key), e));
    }
    keyset_free(ks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_entry_is_zeroed),
        cmocka_unit_test(the_same_key_and_partition_give_the_same_entry),
        cmocka_unit_test(the_key_is_copied),
        cmocka_unit_test(find_yields_each_partition_of_a_key_once),
        cmocka_unit_test(keys_may_be_empty_binary_or_huge),
        cmocka_unit_test(next_walks_in_the_order_of_putting),
        cmocka_unit_test(keys_of_equal_hash_stay_apart),
        cmocka_unit_test(an_empty_set_finds_nothing),
        cmocka_unit_test(random_work_equals_the_model),
        cmocka_unit_test(many_keys_fit_the_budget_at_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
