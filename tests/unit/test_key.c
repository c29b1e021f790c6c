/*
 * test_key.c - record keys, and the partition of each.
 */
#include "tests/support/test.h"

#include "lib/kestra/key.h"

/* ---- keys --------------------------------------------------------------------------------- */

static const struct key_template flow_a = {
    .separator = "_",
    .n_parts = 3,
    .parts = { { "namespace", KEY_NULL_REFUSE },
               { "id", KEY_NULL_REFUSE },
               { "revision", KEY_NULL_MINUS1 } },
};
static const struct key_template flow_c = {
    .separator = "_",
    .n_parts = 4,
    .parts = { { "tenantId", KEY_NULL_SKIP },
               { "namespace", KEY_NULL_REFUSE },
               { "id", KEY_NULL_REFUSE },
               { "revision", KEY_NULL_MINUS1 } },
};
static const struct key_template execution = {
    .separator = "_",
    .n_parts = 1,
    .parts = { { "id", KEY_NULL_REFUSE } },
};

struct fixture {
    struct buf key;
    struct err err;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    buf_init(&f->key, 16384);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buf_release(&f->key);
    mem_free(f);
    return 0;
}

/* The value that a raw JSON text is; NULL: absent. Only as much as the tests need. */
static struct json_value value(const char *raw)
{
    struct json_value v = { JSON_NUMBER, { NULL, 0 } };

    if (!raw)
        return (struct json_value){ JSON_ABSENT, { NULL, 0 } };
    v.raw = slice_str(raw);
    switch (raw[0]) {
    case '"': v.type = JSON_STRING; break;
    case 'n': v.type = JSON_NULL; break;
    case 't':
    case 'f': v.type = JSON_BOOL; break;
    case '{': v.type = JSON_OBJECT; break;
    case '[': v.type = JSON_ARRAY; break;
    default: break;
    }
    return v;
}

static bool build(struct fixture *f, const struct key_template *t, const char *const *raw)
{
    struct json_value values[LAYOUT_MAX_KEY_PARTS];

    for (size_t i = 0; i < t->n_parts; i++)
        values[i] = value(raw[i]);
    buf_clear(&f->key);
    f->err = ERR_INIT;
    return key_build(t, values, &f->key, &f->err);
}

struct key_case {
    const struct key_template *key;
    const char                *raw[LAYOUT_MAX_KEY_PARTS];
    const char                *expected; /* the key, or a part of the message */
};

/* data-model 5.4 and 5.9. */
static void keys_are_those_that_kestra_builds(void **state)
{
    static const struct key_case cases[] = {
        { &flow_a, { "\"io.kestra.tests\"", "\"full\"", "1" }, "io.kestra.tests_full_1" },
        { &flow_a, { "\"io.kestra.tests\"", "\"each\"", NULL }, "io.kestra.tests_each_-1" },
        { &flow_a, { "\"io.kestra.tests\"", "\"each\"", "null" }, "io.kestra.tests_each_-1" },
        { &flow_a, { "\"n\"", "\"i\"", "0" }, "n_i_0" },
        { &flow_a,
          { "\"n\"", "\"i\"", "123456789012345678901234567890" },
          "n_i_123456789012345678901234567890" },
        { &flow_a, { "\"a_b\"", "\"c\"", "1" }, "a_b_c_1" },
        { &flow_a, { "\"a\"", "\"b_c\"", "1" }, "a_b_c_1" },
        { &flow_a, { "\"n\"", "\"\\u00e9t\xc3\xa9\"", "1" }, "n_\xc3\xa9t\xc3\xa9_1" },
        { &flow_c, { "\"acme\"", "\"n\"", "\"i\"", "7" }, "acme_n_i_7" },
        { &flow_c, { NULL, "\"n\"", "\"i\"", "7" }, "n_i_7" },
        { &flow_c, { "null", "\"n\"", "\"i\"", NULL }, "n_i_-1" },
        { &execution, { "\"2Sg7ZnkAFD6aEYq2UqhUe1\"" }, "2Sg7ZnkAFD6aEYq2UqhUe1" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!build(f, cases[i].key, cases[i].raw))
            fail_msg("%s: %s", cases[i].expected, f->err.msg);
        assert_string_equal(f->key.p, cases[i].expected);
    }
}

static void a_member_that_will_not_do_is_named(void **state)
{
    static const struct key_case cases[] = {
        { &flow_a, { NULL, "\"i\"", "1" }, "namespace is absent" },
        { &flow_a, { "null", "\"i\"", "1" }, "namespace is null" },
        { &flow_a, { "\"\"", "\"i\"", "1" }, "namespace is empty" },
        { &flow_a, { "\"n\"", "5", "1" }, "id is a number, not a string" },
        { &flow_a, { "\"n\"", "true", "1" }, "id is a boolean, not a string" },
        { &flow_a, { "\"n\"", "{}", "1" }, "id is an object, not a string" },
        { &flow_a, { "\"n\"", "[]", "1" }, "id is an array, not a string" },
        { &flow_a, { "\"n\"", "\"a\\u0000b\"", "1" }, "member id" },
        { &flow_a, { "\"n\"", "\"i\"", "\"1\"" }, "revision is a string, not an integer" },
        { &flow_a, { "\"n\"", "\"i\"", "1.0" }, "revision is 1.0, not an integer" },
        { &flow_a, { "\"n\"", "\"i\"", "1e3" }, "revision is 1e3, not an integer" },
        { &flow_a, { "\"n\"", "\"i\"", "-1" }, "revision is -1, not an integer" },
        { &flow_a, { "\"n\"", "\"i\"", "-0" }, "revision is -0, not an integer" },
        { &flow_c, { "\"\"", "\"n\"", "\"i\"", "1" }, "tenantId is empty" },
        { &flow_c, { "3", "\"n\"", "\"i\"", "1" }, "tenantId is a number" },
        { &execution, { NULL }, "id is absent" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(build(f, cases[i].key, cases[i].raw));
        assert_int_equal(f->err.kind, ERR_DATA);
        if (!strstr(f->err.msg, cases[i].expected))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].expected, f->err.msg);
        assert_int_equal(f->key.n, 0);
    }
}

static void a_key_follows_what_the_buffer_holds_and_a_failure_leaves_it(void **state)
{
    static const char *const good[] = { "\"n\"", "\"i\"", "1" };
    struct fixture          *f = *state;
    struct json_value        values[3];

    for (size_t i = 0; i < 3; i++)
        values[i] = value(good[i]);
    buf_clear(&f->key);
    assert_true(buf_append(&f->key, SLICE("before:")));
    assert_true(key_build(&flow_a, values, &f->key, &f->err));
    assert_string_equal(f->key.p, "before:n_i_1");
    values[2] = value("1.5");
    assert_false(key_build(&flow_a, values, &f->key, &f->err));
    assert_string_equal(f->key.p, "before:n_i_1");
    assert_int_equal(f->key.n, strlen("before:n_i_1"));
}

static void a_key_has_a_limit(void **state)
{
    struct fixture   *f = *state;
    char             *text = mem_alloc(7 * (size_t)KEY_MAX_BYTES);
    struct json_value v = { JSON_STRING, { text, KEY_MAX_BYTES + 2 } };

    memset(text, 'x', 7 * (size_t)KEY_MAX_BYTES);
    text[0] = '"';
    text[KEY_MAX_BYTES + 1] = '"';
    buf_clear(&f->key);
    assert_true(key_build(&execution, &v, &f->key, &f->err));
    assert_int_equal(f->key.n, KEY_MAX_BYTES);
    buf_clear(&f->key);
    for (size_t n = KEY_MAX_BYTES + 1; n < 7 * (size_t)KEY_MAX_BYTES - 2;
         n += 6 * KEY_MAX_BYTES - 9) {
        memset(text + 1, 'x', 7 * (size_t)KEY_MAX_BYTES - 1);
        text[n + 1] = '"';
        v.raw.n = n + 2;
        assert_false(key_build(&execution, &v, &f->key, &f->err));
        assert_int_equal(f->err.kind, ERR_DATA);
        assert_non_null(strstr(f->err.msg, "longer than 4096 bytes"));
        assert_int_equal(f->key.n, 0);
    }
    mem_free(text);
}

static void a_full_buffer_is_an_error(void **state)
{
    static const char *const raw[] = { "\"nnnn\"", "\"i\"", "1" };
    struct json_value        values[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        values[i] = value(raw[i]);
    for (size_t limit = 1; limit <= 8; limit++) {
        struct err err = ERR_INIT;
        struct buf b;

        buf_init(&b, limit);
        assert_true(key_build(&flow_a, values, &b, &err) == (limit == 8));
        assert_int_equal(err.kind, limit == 8 ? ERR_NONE : ERR_DATA);
        assert_int_equal(b.n, limit == 8 ? 8 : 0);
        buf_release(&b);
    }
}

static void a_key_without_any_part_is_refused(void **state)
{
    static const struct key_template t = { "_", 1, { { "tenantId", KEY_NULL_SKIP } } };
    static const char *const         raw[] = { "null" };
    struct fixture                  *f = *state;

    assert_false(build(f, &t, raw));
    assert_int_equal(f->err.kind, ERR_DATA);
}

/* ---- partitions --------------------------------------------------------------------------- */

/* data-model 2.9. */
static void partitions_are_those_that_kafka_computes(void **state)
{
    static const struct {
        const char *key;
        uint32_t    hash;
        int32_t     of_16, of_6;
    } cases[] = {
        { "io.kestra.tests_full_1", 0x445a5798u, 8, 4 },
        { "io.kestra.tests_full_2", 0x62707aeeu, 14, 0 },
        { "io.kestra.tests_full", 0xaa56c9f5u, 5, 1 },
        { "io.kestra.tests_each_-1", 0x0a061c8fu, 15, 1 },
        { "acme_io.kestra.tests_full_1", 0x1e21d5f5u, 5, 5 },
        { "io.kestra.tests_with-schedule_daily", 0x0c2861c0u, 0, 2 },
        { "2Sg7ZnkAFD6aEYq2UqhUe1", 0x5575d2a8u, 8, 4 },
        { "io.kestra.tests_\xc3\xa9t\xc3\xa9_1", 0xdeb84a29u, 9, 3 },
        { "a", 0xa2d0b27cu, 12, 4 },
        { "io.kestra.tests_my_flow_with_underscores_10", 0xb262a016u, 6, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct slice key = slice_str(cases[i].key);

        assert_int_equal(key_murmur2(key), cases[i].hash);
        assert_int_equal(key_partition(key, 16), cases[i].of_16);
        assert_int_equal(key_partition(key, 6), cases[i].of_6);
        assert_int_equal(key_partition(key, 1), 0);
    }
}

/* The vectors that librdkafka publishes (its unit test of the hash) and those of Java's UtilsTest.
 */
static void the_hash_has_the_published_values(void **state)
{
    static const struct {
        const char *key;
        uint32_t    hash;
    } cases[] = {
        { "kafka", 0xd067cf64u },
        { "giberish123456789", 0x8f552b0cu },
        { "1234", 0x9fc97b14u },
        { "", 0x106e08d9u },
        { "21", (uint32_t)-973932308 },
        { "foobar", (uint32_t)-790332482 },
        { "a-little-bit-long-string", (uint32_t)-985981536 },
        { "a-little-bit-longer-string", (uint32_t)-1486304829 },
        { "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", (uint32_t)-58897971 },
        { "abc", 479470107u },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(key_murmur2(slice_str(cases[i].key)), cases[i].hash);
    assert_int_equal(key_murmur2((struct slice){ NULL, 0 }), 0x106e08d9u);
}

static void the_hash_does_not_care_where_the_bytes_are(void **state)
{
    static const char text[] = "io.kestra.tests_\xc3\xa9t\xc3\xa9_1";
    char              room[64];

    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        memcpy(room + shift, text, sizeof(text));
        assert_int_equal(key_murmur2(slice_of(room + shift, sizeof(text) - 1)), 0xdeb84a29u);
    }
}

static void a_partition_is_always_one_of_those_there_are(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        uint64_t key = test_rand(&seed);
        int32_t  n = (int32_t)(1 + test_below(&seed, INT32_MAX));
        int32_t  p = key_partition(slice_of((const char *)&key, sizeof(key)), n);

        assert_true(p >= 0 && p < n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_that_kestra_builds),
        cmocka_unit_test(a_member_that_will_not_do_is_named),
        cmocka_unit_test(a_key_follows_what_the_buffer_holds_and_a_failure_leaves_it),
        cmocka_unit_test(a_key_has_a_limit),
        cmocka_unit_test(a_full_buffer_is_an_error),
        cmocka_unit_test(a_key_without_any_part_is_refused),
        cmocka_unit_test(partitions_are_those_that_kafka_computes),
        cmocka_unit_test(the_hash_has_the_published_values),
        cmocka_unit_test(the_hash_does_not_care_where_the_bytes_are),
        cmocka_unit_test(a_partition_is_always_one_of_those_there_are),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
