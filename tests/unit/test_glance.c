/*
 * test_glance.c - sums by parts, and that a first look by them changes nothing of what a comparison
 * finds: against the comparison without one, over random sides.
 */
#include "tests/support/test.h"

#include "lib/kestra/key.h"
#include "verify/difference.h"

#define N_PARTITIONS 3
#define N_KEYS       300 /* over 4096 parts: some share one */
#define MAX_RECORDS  ((size_t)N_KEYS * 3)
#define ROUNDS       60

static struct digest value_of(uint64_t n)
{
    return digest_bytes(DIGEST_TAG_RAW, slice_of((const char *)&n, sizeof(n)));
}

/* ---- parts --------------------------------------------------------------------------------- */

static void parts_take_the_memory_they_are_given_and_no_less_than_a_few(void **state)
{
    struct parts *few = parts_new(0);
    struct parts *many = parts_new((size_t)1 << 20);

    (void)state;
    assert_int_equal(parts_index(few, UINT64_MAX), PARTS_MIN - 1);
    assert_int_equal(parts_index(few, 0), 0);
    assert_int_equal(parts_index(many, UINT64_MAX), (1u << 16) - 1);
    parts_free(few);
    parts_free(many);
}

static void equal_records_make_equal_parts_in_any_order(void **state)
{
    struct parts *a = parts_new(0);
    struct parts *b = parts_like(a);
    uint64_t      hash = (uint64_t)5 << 60;

    (void)state;
    assert_true(parts_all_same(a, b));
    parts_add(a, hash, 0, value_of(1));
    parts_add(a, hash + 1, 1, value_of(2));
    assert_false(parts_same(a, b, hash));
    assert_true(parts_same(a, b, 0));
    parts_add(b, hash + 1, 1, value_of(2));
    parts_add(b, hash, 0, value_of(1));
    assert_true(parts_same(a, b, hash));
    assert_true(parts_all_same(a, b));
    parts_free(a);
    parts_free(b);
}

/* Two records of one part each way, which a weaker sum would confuse. */
static void expect_other(uint64_t hash_a, int32_t at_a, uint64_t value_a, uint64_t hash_b,
                         int32_t at_b, uint64_t value_b)
{
    struct parts *a = parts_new(0);
    struct parts *b = parts_like(a);

    parts_add(a, 1, 0, value_of(1));
    parts_add(a, 2, 1, value_of(2));
    parts_add(b, hash_a, at_a, value_of(value_a));
    parts_add(b, hash_b, at_b, value_of(value_b));
    assert_false(parts_same(a, b, 1));
    assert_false(parts_all_same(a, b));
    parts_free(a);
    parts_free(b);
}

static void what_is_exchanged_between_two_records_is_seen(void **state)
{
    (void)state;
    expect_other(1, 0, 2, 2, 1, 1); /* values */
    expect_other(1, 1, 1, 2, 0, 2); /* partitions */
    expect_other(1, 0, 1, 1, 0, 1); /* one twice, one not at all */
    expect_other(1, 0, 1, 3, 1, 2); /* another key */
}

static void what_is_spoilt_stays_so(void **state)
{
    struct parts *a = parts_new(0);
    struct parts *b = parts_like(a);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        parts_spoil(b, 7);
        assert_false(parts_same(a, b, 7));
    }
    assert_true(parts_same(a, b, UINT64_MAX));
    parts_free(a);
    parts_free(b);
}

static void values_of_a_few_keys_are_remembered_whatever_the_order(void **state)
{
    const uint64_t low = 9 + 1024;
    const uint64_t high = 9 + 2 * 1024;
    struct parts  *p = parts_new(0);
    struct parts  *q = parts_new(0);

    (void)state;
    parts_add(p, low, 0, value_of(1));
    parts_add(p, high, 0, value_of(2));
    parts_add(q, high, 0, value_of(2));
    parts_add(q, low, 0, value_of(1));
    assert_int_equal(parts_remember(p, low, value_of(1)), PARTS_THIS_VALUE);
    assert_int_equal(parts_remember(p, high, value_of(2)), PARTS_UNKNOWN);
    assert_int_equal(parts_remember(q, low, value_of(1)), PARTS_THIS_VALUE);
    assert_int_equal(parts_remember(q, high, value_of(2)), PARTS_UNKNOWN);
    parts_free(q);
    assert_int_equal(parts_remember(p, low, value_of(2)), PARTS_OTHER_VALUE);
    parts_add(p, low, 0, value_of(2)); /* once more */
    assert_int_equal(parts_remember(p, low, value_of(2)), PARTS_THIS_VALUE);
    parts_free(p);
}

/* ---- with a first look and without --------------------------------------------------------- */

struct found {
    enum difference_class class;
    char    key[16];
    int64_t offset; /* -1: none */
};

/* All that a comparison says. */
struct told {
    struct found             found[MAX_RECORDS];
    size_t                   n_found;
    uint64_t                 n_collisions;
    struct comparison_counts counts;
    struct partition_sum     store[N_PARTITIONS];
    struct partition_sum     topic[N_PARTITIONS];
};

struct world {
    struct spill      spill;
    struct side      *expected;
    struct parts     *looked; /* what a look at the topic gives */
    struct comparison conf;
    struct side_entry records[MAX_RECORDS];
    size_t            n_records;
    struct told       with, without;
    struct told      *told;
    char              keys[N_KEYS][16];
};

static bool note_candidate(void *ctx, const struct candidate *c, struct err *err)
{
    struct told  *t = ((struct world *)ctx)->told;
    struct found *f = &t->found[t->n_found++];

    (void)err;
    assert_true(t->n_found <= MAX_RECORDS);
    f->class = c->class;
    f->offset = c->topic ? c->topic->offset : -1;
    (void)snprintf(f->key, sizeof(f->key), "%.*s", SLICE_ARG(candidate_key(c)));
    return true;
}

static bool note_collision(void *ctx, const struct candidate *c, struct err *err)
{
    (void)err;
    ((struct world *)ctx)->told->n_collisions += c->expected->records - 1;
    return true;
}

static void put(struct world *w, struct side *side, struct side_entry e)
{
    struct err err;

    (void)w;
    assert_true(side_put(side, &e, &err));
}

static void expect(struct world *w, const char *key, uint64_t value, uint32_t records,
                   uint32_t flags)
{
    struct slice k = slice_str(key);

    put(w, w->expected,
        (struct side_entry){ .value = { value, 0 },
                             .partition = key_partition(k, N_PARTITIONS),
                             .records = records,
                             .flags = flags,
                             .key = k,
                             .stands = value_of(value) });
}

/* value 0: a tombstone */
static void record(struct world *w, const char *key, int32_t partition, uint64_t value)
{
    struct slice       k = slice_str(key);
    struct side_entry *e = &w->records[w->n_records];

    assert_true(w->n_records < MAX_RECORDS);
    *e = (struct side_entry){ .value = { value, 0 },
                              .offset = (int64_t)w->n_records++,
                              .partition = partition,
                              .records = 1,
                              .flags = value == 0 ? SIDE_GONE : 0,
                              .key = k };
    if (value == 0)
        parts_spoil(w->looked, hash64(k));
    else
        parts_add(w->looked, hash64(k), partition, value_of(value));
}

/* Most keys are equal on both sides; each way of being different comes a few times. */
static void plant(struct world *w, const char *key, uint64_t *rand)
{
    int32_t  own = key_partition(slice_str(key), N_PARTITIONS);
    int32_t  away = (own + 1) % N_PARTITIONS;
    uint64_t value = 1 + test_below(rand, 3);

    switch (test_below(rand, 60)) {
    case 0: expect(w, key, value, 1, 0); return;
    case 1: record(w, key, own, value); return;
    case 2:
        expect(w, key, value, 1, 0);
        record(w, key, own, value);
        record(w, key, away, value);
        return;
    case 3:
        expect(w, key, value, 1, 0);
        record(w, key, away, value);
        return;
    case 4: /* twice on both sides */
        expect(w, key, value, 1, 0);
        expect(w, key, value + 1, 1, 0);
        record(w, key, own, value);
        record(w, key, own, value + 1);
        return;
    case 5: /* sent, refused, and there all the same */
        expect(w, key, value, 1, 0);
        expect(w, key, 0, 0, SIDE_FAILED);
        record(w, key, own, value);
        return;
    case 6: expect(w, key, 0, 0, 0); return; /* only known */
    case 7:
        expect(w, key, value, 1, 0);
        record(w, key, own, value);
        record(w, key, own, 0);
        return;
    case 8:
        expect(w, key, value, 1, 0);
        record(w, key, own, value + 1);
        record(w, key, own, value);
        return;
    case 9:
        expect(w, key, value, 1, 0);
        record(w, key, own, value + 1);
        return;
    default:
        expect(w, key, value, 1, 0);
        record(w, key, own, value);
        return;
    }
}

static void compare(struct world *w, struct told *told, struct glance settled)
{
    struct side *topic = side_new(0, &w->spill);
    struct err   err;

    w->told = told;
    w->conf.settled = settled;
    w->conf.sums = (struct kind_sums){ told->store, told->topic };
    assert_true(glance_settle(&w->conf, w->expected, &told->counts, &err));
    for (size_t i = 0; i < w->n_records; i++)
        if (!glance_has(&settled, hash64(w->records[i].key)))
            put(w, topic, w->records[i]);
    assert_true(difference_find(&w->conf, w->expected, topic, &told->counts, &err));
    side_free(topic);
}

static void assert_same_told(const struct told *a, const struct told *b)
{
    assert_int_equal(a->n_found, b->n_found);
    for (size_t i = 0; i < a->n_found; i++) {
        assert_string_equal(a->found[i].key, b->found[i].key);
        assert_int_equal(a->found[i].class, b->found[i].class);
        assert_int_equal(a->found[i].offset, b->found[i].offset);
    }
    assert_int_equal(a->n_collisions, b->n_collisions);
    assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
    assert_memory_equal(a->store, b->store, sizeof(a->store));
    assert_memory_equal(a->topic, b->topic, sizeof(a->topic));
}

static struct world *new_world(void)
{
    struct world *w = mem_alloc(sizeof(*w));

    w->spill.dir = "/tmp";
    w->expected = side_new_summed(0, &w->spill);
    w->looked = parts_like(side_parts(w->expected));
    w->conf = (struct comparison){ .n_partitions = N_PARTITIONS,
                                   .on_candidate = note_candidate,
                                   .on_collision = note_collision,
                                   .ctx = w };
    return w;
}

static void free_world(struct world *w)
{
    side_free(w->expected);
    parts_free(w->looked);
    mem_free(w);
}

static uint64_t count_settled(const struct world *w)
{
    const struct glance g = { side_parts(w->expected), w->looked };
    uint64_t            n = 0;

    for (size_t i = 0; i < w->n_records; i++)
        n += glance_has(&g, hash64(w->records[i].key)) ? 1 : 0;
    return n;
}

static void one_round(uint64_t *rand)
{
    struct world *w = new_world();

    w->conf.kind = test_below(rand, 2) ? KIND_EXECUTION : KIND_TRIGGER;
    w->conf.raw = test_below(rand, 2);
    w->conf.keys_only_ours = test_below(rand, 2);
    for (size_t i = 0; i < N_KEYS; i++) {
        (void)snprintf(w->keys[i], sizeof(w->keys[i]), "k%llx",
                       (unsigned long long)(test_rand(rand) >> 20));
        plant(w, w->keys[i], rand);
    }
    compare(w, &w->without, (struct glance){ NULL, NULL });
    compare(w, &w->with, (struct glance){ side_parts(w->expected), w->looked });
    assert_same_told(&w->with, &w->without);
    assert_true(w->with.n_found > 0);
    assert_true(count_settled(w) > N_KEYS / 2); /* else nothing was tried */
    free_world(w);
}

static void a_first_look_changes_nothing_of_what_is_found(void **state)
{
    uint64_t rand = test_seed();

    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        one_round(&rand);
}

static void a_key_that_comes_twice_from_both_sides_is_not_settled(void **state)
{
    struct world *w = new_world();

    (void)state;
    for (uint64_t value = 1; value <= 2; value++) {
        expect(w, "twice", value, 1, 0);
        record(w, "twice", key_partition(SLICE("twice"), N_PARTITIONS), value);
    }
    assert_int_equal(count_settled(w), 2);
    compare(w, &w->with, (struct glance){ side_parts(w->expected), w->looked });
    assert_int_equal(count_settled(w), 0);
    assert_int_equal(w->with.n_collisions, 1);
    assert_int_equal(w->with.n_found, 1);
    assert_int_equal(w->with.found[0].class, DIFF_EXTRA);
    assert_int_equal(w->with.counts.expected, 0);
    free_world(w);
}

static void a_stop_ends_the_settling(void **state)
{
    struct world            *w = new_world();
    const struct stop        stop = { true };
    struct glance            g = { side_parts(w->expected), w->looked };
    struct comparison_counts counts = { 0 };
    struct err               err;
    char                     key[16];

    (void)state;
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(key, sizeof(key), "key-%d", i);
        expect(w, key, 1, 1, 0);
    }
    w->conf.settled = g;
    w->conf.stop = &stop;
    assert_false(glance_settle(&w->conf, w->expected, &counts, &err));
    assert_int_equal(err.kind, ERR_STOPPED);
    free_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_take_the_memory_they_are_given_and_no_less_than_a_few),
        cmocka_unit_test(equal_records_make_equal_parts_in_any_order),
        cmocka_unit_test(what_is_exchanged_between_two_records_is_seen),
        cmocka_unit_test(what_is_spoilt_stays_so),
        cmocka_unit_test(values_of_a_few_keys_are_remembered_whatever_the_order),
        cmocka_unit_test(a_first_look_changes_nothing_of_what_is_found),
        cmocka_unit_test(a_key_that_comes_twice_from_both_sides_is_not_settled),
        cmocka_unit_test(a_stop_ends_the_settling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
