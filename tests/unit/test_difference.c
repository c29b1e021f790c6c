/*
 * test_difference.c - the comparison of two sides, class by class and against a naive model; the
 * rules that explain differences in an audit.
 */
#include "tests/support/test.h"

#include "lib/kestra/key.h"
#include "verify/audit.h"
#include "verify/difference.h"

#define N_PARTITIONS 4

#define MAX_FOUND 64

/* A candidate, copied. */
struct found {
    enum difference_class class;
    char              key[16];
    bool              expected, has_topic;
    struct side_entry topic;
};

struct sides {
    struct spill             spill;
    struct side             *expected;
    struct side             *topic;
    struct comparison        conf;
    struct found            *found;
    size_t                   n_found;
    size_t                   n_collisions;
    struct comparison_counts counts;
    struct err               err;
};

static bool note_candidate(void *ctx, const struct candidate *c, struct err *err)
{
    struct sides *s = ctx;
    struct found *f = &s->found[s->n_found++];

    (void)err;
    assert_true(s->n_found <= MAX_FOUND);
    *f = (struct found){ .class = c->class,
                         .expected = c->expected != NULL,
                         .has_topic = c->topic != NULL };
    (void)snprintf(f->key, sizeof(f->key), "%.*s", SLICE_ARG(candidate_key(c)));
    if (c->topic)
        f->topic = *c->topic;
    return true;
}

static bool note_collision(void *ctx, const struct candidate *c, struct err *err)
{
    struct sides *s = ctx;

    (void)err;
    s->n_collisions += c->expected->records - 1;
    return true;
}

static int set_up(void **state)
{
    struct sides *s = mem_alloc(sizeof(*s));

    s->spill.dir = "/tmp";
    s->expected = side_new(0, &s->spill);
    s->topic = side_new(0, &s->spill);
    s->found = mem_array(MAX_FOUND, sizeof(*s->found));
    s->conf = (struct comparison){ .kind = KIND_FLOW,
                                   .n_partitions = N_PARTITIONS,
                                   .on_candidate = note_candidate,
                                   .on_collision = note_collision,
                                   .ctx = s };
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct sides *s = *state;

    side_free(s->expected);
    side_free(s->topic);
    mem_free(s->found);
    mem_free(s);
    return 0;
}

static int32_t own(const char *key)
{
    return key_partition(slice_str(key), N_PARTITIONS);
}

/* The partition `by` places behind the key's own. */
static int32_t elsewhere(const char *key, int by)
{
    return (own(key) + by) % N_PARTITIONS;
}

static void expect_marked(struct sides *s, const char *key, uint64_t value, unsigned flags)
{
    struct side_entry e = { .value = { .lo = value },
                            .partition = own(key),
                            .records = 1,
                            .flags = flags,
                            .key = slice_str(key) };

    assert_true(side_put(s->expected, &e, &s->err));
}

static void expect(struct sides *s, const char *key, uint64_t value)
{
    expect_marked(s, key, value, 0);
}

static void records(struct sides *s, const char *key, int32_t partition, uint64_t value,
                    unsigned flags, unsigned n)
{
    struct side_entry e = { .value = { .lo = value },
                            .offset = 100 + partition,
                            .partition = partition,
                            .records = n,
                            .flags = flags,
                            .key = slice_str(key) };

    assert_true(side_put(s->topic, &e, &s->err));
}

static void record(struct sides *s, const char *key, int32_t partition, uint64_t value,
                   unsigned flags)
{
    records(s, key, partition, value, flags, 1);
}

static void find(struct sides *s)
{
    s->n_found = s->n_collisions = 0;
    s->counts = (struct comparison_counts){ 0 };
    assert_true(difference_find(&s->conf, s->expected, s->topic, &s->counts, &s->err));
}

/* Exactly one key differs: this one, in this class, shown at this partition (-1: nowhere). */
static void assert_only(struct sides *s, const char *key, enum difference_class class,
                        int32_t partition)
{
    const struct found *f = s->found;

    find(s);
    assert_int_equal(s->n_found, 1);
    assert_string_equal(f->key, key);
    assert_string_equal(difference_name(f->class), difference_name(class));
    assert_int_equal(f->has_topic, partition >= 0);
    if (partition >= 0)
        assert_int_equal(f->topic.partition, partition);
}

static void equal_sides_have_no_difference(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    expect(s, "b", 2);
    record(s, "b", own("b"), 2, 0);
    record(s, "a", own("a"), 1, 0);
    find(s);
    assert_int_equal(s->n_found, 0);
    assert_int_equal(s->counts.outside, 0);
}

static void two_empty_sides_have_no_difference(void **state)
{
    struct sides *s = *state;

    find(s);
    assert_int_equal(s->n_found, 0);
}

static void another_digest_is_changed(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 2, 0);
    assert_only(s, "a", DIFF_CHANGED, own("a"));
}

static void a_key_that_the_topic_lacks_is_missing(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    assert_only(s, "a", DIFF_MISSING, -1);
}

static void a_key_whose_last_record_is_a_tombstone_is_missing_and_shown_there(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 0, SIDE_GONE);
    assert_only(s, "a", DIFF_MISSING, own("a"));
    assert_int_equal(s->found[0].topic.flags & SIDE_GONE, SIDE_GONE);
}

static void a_tombstone_in_a_foreign_partition_is_no_record_of_a_missing_key(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", elsewhere("a", 1), 0, SIDE_GONE);
    assert_only(s, "a", DIFF_MISSING, -1);
}

static void a_key_that_nobody_expected_is_extra(void **state)
{
    struct sides *s = *state;

    record(s, "a", own("a"), 1, 0);
    assert_only(s, "a", DIFF_EXTRA, own("a"));
    assert_false(s->found[0].expected);
}

static void a_tombstone_that_nobody_expected_is_no_difference(void **state)
{
    struct sides *s = *state;

    record(s, "a", own("a"), 0, SIDE_GONE);
    record(s, "b", elsewhere("b", 2), 0, SIDE_GONE);
    find(s);
    assert_int_equal(s->n_found, 0);
}

static void a_key_in_another_partition_only_is_misplaced(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", elsewhere("a", 2), 1, 0);
    assert_only(s, "a", DIFF_MISPLACED, elsewhere("a", 2));
}

static void a_misplaced_key_with_another_value_is_misplaced(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 1, SIDE_GONE);
    record(s, "a", elsewhere("a", 1), 2, 0);
    assert_only(s, "a", DIFF_MISPLACED, elsewhere("a", 1));
}

static void an_unexpected_key_in_a_wrong_partition_is_misplaced(void **state)
{
    struct sides *s = *state;

    record(s, "a", elsewhere("a", 3), 1, 0);
    assert_only(s, "a", DIFF_MISPLACED, elsewhere("a", 3));
}

static void a_key_in_its_own_and_another_partition_is_duplicated(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 1, 0);
    record(s, "a", elsewhere("a", 1), 1, 0);
    assert_only(s, "a", DIFF_DUPLICATED, elsewhere("a", 1));
}

static void a_tombstone_in_another_partition_makes_no_duplicate(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 1, 0);
    record(s, "a", elsewhere("a", 1), 1, SIDE_GONE);
    find(s);
    assert_int_equal(s->n_found, 0);
}

static void the_lowest_of_several_foreign_partitions_is_shown(void **state)
{
    struct sides *s = *state;
    int32_t       lowest = own("a") == 0 ? 1 : 0;

    expect(s, "a", 1);
    for (int by = N_PARTITIONS - 1; by > 0; by--)
        record(s, "a", elsewhere("a", by), 1, 0);
    assert_only(s, "a", DIFF_MISPLACED, lowest);
}

static void a_value_that_is_no_object_is_undecodable_before_anything_else(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    record(s, "a", own("a"), 1, 0);
    record(s, "a", elsewhere("a", 1), 0, SIDE_UNDECODABLE);
    assert_only(s, "a", DIFF_UNDECODABLE, elsewhere("a", 1));
}

static void an_undecodable_value_of_an_unexpected_key_is_undecodable(void **state)
{
    struct sides *s = *state;

    record(s, "a", own("a"), 0, SIDE_UNDECODABLE);
    record(s, "a", elsewhere("a", 1), 0, SIDE_UNDECODABLE);
    assert_only(s, "a", DIFF_UNDECODABLE, own("a"));
}

static void of_several_undecodable_values_the_one_at_home_is_shown(void **state)
{
    struct sides *s = *state;
    char          key[16] = "k";

    for (int i = 0; own(key) != N_PARTITIONS - 1; i++)
        (void)snprintf(key, sizeof(key), "k%d", i);
    expect(s, key, 1);
    for (int32_t p = 0; p < N_PARTITIONS; p++)
        record(s, key, p, 0, SIDE_UNDECODABLE);
    assert_only(s, key, DIFF_UNDECODABLE, N_PARTITIONS - 1);
}

static void a_second_record_of_an_execution_is_duplicated_in_a_proof(void **state)
{
    struct sides *s = *state;

    s->conf.kind = KIND_EXECUTION;
    s->conf.raw = true;
    expect(s, "a", 1);
    records(s, "a", own("a"), 1, 0, 2);
    assert_only(s, "a", DIFF_DUPLICATED, own("a"));
}

static void records_of_one_execution_count_over_all_partitions_in_a_proof(void **state)
{
    struct sides *s = *state;

    s->conf.kind = KIND_EXECUTION;
    s->conf.raw = true;
    expect(s, "a", 1);
    record(s, "a", own("a"), 1, 0);
    record(s, "a", elsewhere("a", 1), 1, SIDE_GONE);
    assert_only(s, "a", DIFF_DUPLICATED,
                elsewhere("a", 1) < own("a") ? elsewhere("a", 1) : own("a"));
}

static void a_second_record_is_superseded_and_no_difference_elsewhere(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    records(s, "a", own("a"), 1, 0, 2);
    find(s);
    s->conf.raw = true; /* a proof, of another kind */
    find(s);
    s->conf.kind = KIND_EXECUTION;
    s->conf.raw = false; /* executions, but no proof */
    find(s);
    assert_int_equal(s->n_found, 0);
}

static void a_record_that_the_broker_refused_is_not_expected(void **state)
{
    struct sides *s = *state;

    expect_marked(s, "a", 1, SIDE_FAILED);
    find(s);
    assert_int_equal(s->n_found, 0);
}

static void a_refused_record_that_is_there_is_extra_even_among_foreign_keys(void **state)
{
    struct sides *s = *state;

    s->conf.keys_only_ours = true;
    expect_marked(s, "a", 1, SIDE_FAILED);
    record(s, "a", own("a"), 1, 0);
    assert_only(s, "a", DIFF_EXTRA, own("a"));
    assert_false(s->found[0].expected);
    assert_int_equal(s->counts.outside, 0);
}

static void keys_of_others_are_counted_and_no_difference_when_asked(void **state)
{
    struct sides *s = *state;

    s->conf.keys_only_ours = true;
    record(s, "a", own("a"), 1, 0);
    record(s, "b", elsewhere("b", 1), 1, 0);
    record(s, "c", own("c"), 1, SIDE_UNDECODABLE);
    record(s, "d", own("d"), 1, SIDE_GONE);
    record(s, "e", own("e"), 1, 0);
    record(s, "e", elsewhere("e", 1), 1, 0);
    find(s);
    assert_int_equal(s->n_found, 0);
    assert_int_equal(s->counts.outside, 4);
}

static void keys_of_ours_differ_also_when_others_are_left_out(void **state)
{
    struct sides *s = *state;

    s->conf.keys_only_ours = true;
    expect(s, "a", 1);
    record(s, "a", elsewhere("a", 1), 1, 0);
    record(s, "b", own("b"), 1, 0);
    assert_only(s, "a", DIFF_MISPLACED, elsewhere("a", 1));
    assert_int_equal(s->counts.outside, 1);
}

static void a_key_of_two_documents_is_not_expected_and_told(void **state)
{
    struct sides *s = *state;

    expect(s, "a", 1);
    expect(s, "a", 1);
    expect(s, "a", 2);
    find(s);
    assert_int_equal(s->n_collisions, 2);
    assert_int_equal(s->n_found, 0);
    assert_int_equal(s->counts.expected, 0);
    record(s, "a", own("a"), 1, 0);
    assert_only(s, "a", DIFF_EXTRA, own("a"));
}

static void in_a_proof_the_last_record_of_a_key_is_expected(void **state)
{
    struct sides     *s = *state;
    struct side_entry e = { .partition = own("a"), .records = 1, .key = SLICE("a") };

    s->conf.raw = true;
    for (e.offset = 0; e.offset < 3; e.offset++) {
        e.value.lo = 10 + (uint64_t)e.offset;
        assert_true(side_put(s->expected, &e, &s->err));
    }
    record(s, "a", own("a"), 12, 0);
    find(s);
    assert_int_equal(s->n_found, 0);
    assert_int_equal(s->n_collisions, 0);
}

/* A repair's: the store does not have it, and the topic may hold it or not. */
static void a_key_that_is_only_known_is_extra_when_it_is_there(void **state)
{
    struct sides     *s = *state;
    struct side_entry known = { .partition = own("a"), .key = SLICE("a") };

    s->conf.keys_only_ours = true;
    assert_true(side_put(s->expected, &known, &s->err));
    find(s);
    assert_int_equal(s->n_found, 0);
    record(s, "a", own("a"), 1, 0);
    assert_only(s, "a", DIFF_EXTRA, own("a"));
    expect(s, "a", 1);
    find(s);
    assert_int_equal(s->n_found, 0);
}

static void each_side_has_one_sum_a_partition_of_what_is_live(void **state)
{
    struct sides        *s = *state;
    struct partition_sum store[N_PARTITIONS] = { { 0 } };
    struct partition_sum topic[N_PARTITIONS] = { { 0 } };
    struct partition_sum want = { 0 };

    s->conf.sums = (struct kind_sums){ store, topic };
    expect(s, "a", 1);
    expect_marked(s, "refused", 2, SIDE_FAILED);
    record(s, "a", own("a"), 1, 0);
    record(s, "a", elsewhere("a", 1), 0, SIDE_GONE);
    assert_true(own("a") < N_PARTITIONS);
    find(s);
    sums_add(&want, SLICE("a"), (struct digest){ .lo = 1 });
    for (int p = 0; p < N_PARTITIONS; p++) {
        assert_int_equal(store[p].keys, p == own("a"));
        assert_int_equal(topic[p].keys, p == own("a"));
    }
    assert_true(digest_eq(store[own("a")].sum, want.sum));
    assert_true(digest_eq(topic[own("a")].sum, want.sum));
}

static void a_stop_ends_the_comparison(void **state)
{
    struct sides *s = *state;
    struct stop   stop = { false };
    char          key[16];

    for (int i = 0; i < 10000; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        record(s, key, own(key), 1, 0);
    }
    stop_ask(&stop);
    s->conf.keys_only_ours = true; /* none of them is noted */
    s->conf.stop = &stop;
    assert_false(difference_find(&s->conf, s->expected, s->topic, &s->counts, &s->err));
    assert_int_equal(s->err.kind, ERR_STOPPED);
}

/* ---- against a model ----------------------------------------------------------------------- */

#define MODEL_KEYS   40
#define MODEL_ROUNDS 400

/* Everything that both sides say of one key, in plain arrays. */
struct model_key {
    bool     expected, failed;
    uint64_t value;
    bool     has[N_PARTITIONS], gone[N_PARTITIONS], undecodable[N_PARTITIONS];
    uint64_t values[N_PARTITIONS];
    unsigned records[N_PARTITIONS];
};

static void fill_model(struct model_key *m, uint64_t *rand)
{
    memset(m, 0, sizeof(*m));
    m->expected = test_below(rand, 4) != 0;
    m->failed = m->expected && test_below(rand, 10) == 0;
    m->value = test_below(rand, 2);
    for (int p = 0; p < N_PARTITIONS; p++) {
        m->has[p] = test_below(rand, 3) == 0;
        m->gone[p] = test_below(rand, 3) == 0;
        m->undecodable[p] = !m->gone[p] && test_below(rand, 6) == 0;
        m->values[p] = test_below(rand, 2);
        m->records[p] = 1 + (unsigned)(test_below(rand, 4) == 0);
    }
}

static void plant(struct sides *s, const char *key, const struct model_key *m)
{
    if (m->expected)
        expect_marked(s, key, m->value, m->failed ? SIDE_FAILED : 0);
    for (int32_t p = 0; p < N_PARTITIONS; p++) {
        unsigned flags =
            (m->gone[p] ? SIDE_GONE : 0u) | (m->undecodable[p] ? SIDE_UNDECODABLE : 0u);

        if (m->has[p])
            records(s, key, p, m->values[p], flags, m->records[p]);
    }
}

/* The words of the design, one after the other. *outside is raised for a key of others. */
static enum difference_class model_class(const struct comparison *conf, const struct model_key *m,
                                         int32_t at_home, uint64_t *outside)
{
    bool     wanted = m->expected && !m->failed;
    bool     home = m->has[at_home] && !m->gone[at_home];
    bool     away = false, undecodable = false;
    unsigned records = 0;

    for (int32_t p = 0; p < N_PARTITIONS; p++) {
        away = away || (p != at_home && m->has[p] && !m->gone[p]);
        undecodable = undecodable || (m->has[p] && m->undecodable[p]);
        records += m->has[p] ? m->records[p] : 0;
    }
    if (conf->keys_only_ours && !m->expected) {
        *outside += home || away ? 1 : 0;
        return DIFF_CLASS_COUNT;
    }
    if (undecodable)
        return DIFF_UNDECODABLE;
    if ((home && away) || (conf->raw && conf->kind == KIND_EXECUTION && records > 1))
        return DIFF_DUPLICATED;
    if (away)
        return DIFF_MISPLACED;
    if (wanted && !home)
        return DIFF_MISSING;
    if (!wanted && home)
        return DIFF_EXTRA;
    if (wanted && m->value != m->values[at_home])
        return DIFF_CHANGED;
    return DIFF_CLASS_COUNT;
}

/* The class found for a key; DIFF_CLASS_COUNT: it was not among the candidates. */
static enum difference_class found_class(const struct sides *s, const char *key, unsigned *times)
{
    enum difference_class class = DIFF_CLASS_COUNT;

    *times = 0;
    for (size_t i = 0; i < s->n_found; i++) {
        if (strcmp(s->found[i].key, key) == 0) {
            class = s->found[i].class;
            ++*times;
        }
    }
    return class;
}

static void one_round(uint64_t *rand)
{
    void            *state = NULL;
    struct sides    *s;
    struct model_key keys[MODEL_KEYS];
    char             names[MODEL_KEYS][16];
    uint64_t         outside = 0;

    (void)set_up(&state);
    s = state;
    s->conf.kind = test_below(rand, 2) ? KIND_EXECUTION : KIND_TRIGGER;
    s->conf.raw = test_below(rand, 2);
    s->conf.keys_only_ours = test_below(rand, 2);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "key-%zu", i);
        fill_model(&keys[i], rand);
        plant(s, names[i], &keys[i]);
    }
    find(s);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        unsigned times;
        enum difference_class class = found_class(s, names[i], &times);

        assert_int_equal(class, model_class(&s->conf, &keys[i], own(names[i]), &outside));
        assert_int_equal(times, class == DIFF_CLASS_COUNT ? 0 : 1);
    }
    assert_int_equal(s->counts.outside, outside);
    (void)tear_down(&state);
}

static void random_sides_differ_as_a_naive_model_says(void **state)
{
    uint64_t rand = test_seed();

    (void)state;
    for (int i = 0; i < MODEL_ROUNDS; i++)
        one_round(&rand);
}

/* ---- audit --------------------------------------------------------------------------------- */

static void each_rule_of_an_audit_explains_its_case_and_no_other(void **state)
{
    static const struct {
        enum kind kind;
        enum difference_class class;
        unsigned    facts;
        const char *name;
    } cases[] = {
        { KIND_EXECUTION, DIFF_EXTRA, 0, "execution-purged" },
        { KIND_EXECUTION, DIFF_EXTRA, FACT_TOPIC_DELETED, "execution-deleted" },
        { KIND_EXECUTION, DIFF_EXTRA, FACT_TOPIC_DELETED | FACT_STORE_DELETED,
          "execution-deleted" },
        { KIND_EXECUTION, DIFF_EXTRA, FACT_STORE_DELETED, NULL },
        { KIND_EXECUTION, DIFF_EXTRA, FACT_STORE_OTHER, NULL },
        { KIND_EXECUTION, DIFF_EXTRA, FACT_TOPIC_DELETED | FACT_STORE_OTHER, NULL },
        { KIND_EXECUTION, DIFF_MISSING, FACT_TOMBSTONE, NULL },
        { KIND_EXECUTION, DIFF_CHANGED, 0, NULL },
        { KIND_EXECUTION, DIFF_CHANGED, FACT_TOPIC_NEWER, "topic-newer" },
        { KIND_EXECUTION, DIFF_STALE, 0, NULL },
        { KIND_TEMPLATE, DIFF_EXTRA, 0, "template-deleted" },
        { KIND_TEMPLATE, DIFF_EXTRA, FACT_STORE_DELETED, "template-deleted" },
        { KIND_TEMPLATE, DIFF_EXTRA, FACT_STORE_OTHER, NULL },
        { KIND_TRIGGER, DIFF_MISSING, FACT_TOMBSTONE, "trigger-tombstone" },
        { KIND_TRIGGER, DIFF_MISSING, 0, NULL },
        { KIND_TRIGGER, DIFF_EXTRA, 0, NULL },
        { KIND_TRIGGER, DIFF_CHANGED, FACT_TOPIC_NEWER, "topic-newer" },
        { KIND_FLOW, DIFF_EXTRA, 0, "flow-revision-removed" },
        { KIND_FLOW, DIFF_EXTRA, FACT_STORE_OTHER, NULL },
        { KIND_FLOW_LAST, DIFF_EXTRA, 0, "flow-revision-removed" },
        { KIND_FLOW_LAST, DIFF_EXTRA, FACT_STORE_OTHER, NULL },
        { KIND_FLOW_LAST, DIFF_CHANGED, FACT_TOPIC_NEWER, "topic-newer" },
        { KIND_FLOW, DIFF_MISSING, FACT_TOMBSTONE, NULL },
        { KIND_FLOW, DIFF_MISPLACED, 0, NULL },
        { KIND_FLOW, DIFF_DUPLICATED, 0, NULL },
        { KIND_FLOW, DIFF_UNDECODABLE, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = audit_explain(cases[i].kind, cases[i].class, cases[i].facts);

        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
        else
            assert_null(name);
    }
}

static void an_audit_asks_the_store_for_extra_keys_only(void **state)
{
    (void)state;
    assert_true(audit_asks_store(KIND_EXECUTION, DIFF_EXTRA));
    assert_true(audit_asks_store(KIND_TEMPLATE, DIFF_EXTRA));
    assert_true(audit_asks_store(KIND_FLOW, DIFF_EXTRA));
    assert_false(audit_asks_store(KIND_TRIGGER, DIFF_EXTRA));
    assert_false(audit_asks_store(KIND_TRIGGER, DIFF_MISSING));
    assert_false(audit_asks_store(KIND_EXECUTION, DIFF_MISPLACED));
}

static void every_class_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < DIFF_CLASS_COUNT; i++)
        assert_true(strlen(difference_name((enum difference_class)i)) > 4);
    assert_string_equal(difference_name(DIFF_CLASS_COUNT), "none");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(equal_sides_have_no_difference),
        CASE(two_empty_sides_have_no_difference),
        CASE(another_digest_is_changed),
        CASE(a_key_that_the_topic_lacks_is_missing),
        CASE(a_key_whose_last_record_is_a_tombstone_is_missing_and_shown_there),
        CASE(a_tombstone_in_a_foreign_partition_is_no_record_of_a_missing_key),
        CASE(a_key_that_nobody_expected_is_extra),
        CASE(a_tombstone_that_nobody_expected_is_no_difference),
        CASE(a_key_in_another_partition_only_is_misplaced),
        CASE(a_misplaced_key_with_another_value_is_misplaced),
        CASE(an_unexpected_key_in_a_wrong_partition_is_misplaced),
        CASE(a_key_in_its_own_and_another_partition_is_duplicated),
        CASE(a_tombstone_in_another_partition_makes_no_duplicate),
        CASE(the_lowest_of_several_foreign_partitions_is_shown),
        CASE(a_value_that_is_no_object_is_undecodable_before_anything_else),
        CASE(an_undecodable_value_of_an_unexpected_key_is_undecodable),
        CASE(of_several_undecodable_values_the_one_at_home_is_shown),
        CASE(a_second_record_of_an_execution_is_duplicated_in_a_proof),
        CASE(records_of_one_execution_count_over_all_partitions_in_a_proof),
        CASE(a_second_record_is_superseded_and_no_difference_elsewhere),
        CASE(a_record_that_the_broker_refused_is_not_expected),
        CASE(a_refused_record_that_is_there_is_extra_even_among_foreign_keys),
        CASE(keys_of_others_are_counted_and_no_difference_when_asked),
        CASE(keys_of_ours_differ_also_when_others_are_left_out),
        CASE(a_key_of_two_documents_is_not_expected_and_told),
        CASE(in_a_proof_the_last_record_of_a_key_is_expected),
        CASE(a_key_that_is_only_known_is_extra_when_it_is_there),
        CASE(each_side_has_one_sum_a_partition_of_what_is_live),
        CASE(a_stop_ends_the_comparison),
        cmocka_unit_test(random_sides_differ_as_a_naive_model_says),
        cmocka_unit_test(each_rule_of_an_audit_explains_its_case_and_no_other),
        cmocka_unit_test(an_audit_asks_the_store_for_extra_keys_only),
        cmocka_unit_test(every_class_has_a_name),
    };

    return cmocka_run_group_tests_name("difference", tests, NULL, NULL);
}
