/*
 * test_consumer.c - reading a topic from librdkafka's mock cluster, with failures on purpose.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/thread.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/producer.h"
#include "tests/support/mockkafka.h"

#define TOPIC      "topic"
#define PARTITIONS 8
#define MAX_PROPS  4

struct fixture {
    struct mockkafka     *mock;
    struct kafka_conf     conf;
    struct stop           stop;
    const char           *props[MAX_PROPS];
    struct err            err;
    struct partition_ends ends[PARTITIONS];
    struct topic_range    ranges[PARTITIONS];
    int64_t               next[PARTITIONS]; /* offset expected next */
    unsigned              n;                /* records seen */
    unsigned              act_at;           /* do something when n gets here */
    unsigned              slow_us;          /* work for one record */
};

static int begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->mock = mockkafka_new(1);
    mockkafka_topic(f->mock, TOPIC, PARTITIONS);
    f->conf.brokers = mockkafka_address(f->mock);
    f->conf.props = f->props;
    f->conf.stop = &f->stop;
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    mockkafka_free(f->mock);
    mem_free(f);
    return 0;
}

static void check(const struct fixture *f, bool ok)
{
    if (!ok)
        fail_msg("%s (%s)", f->err.msg, f->err.hint);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static int64_t ms_since(int64_t since)
{
    return (clock_mono_ns() - since) / 1000000;
}

static void find_ends(struct fixture *f)
{
    struct admin *a;
    int           i;

    check(f, admin_open(&f->conf, &a, &f->err));
    check(f, admin_ends(a, TOPIC, PARTITIONS, f->ends, &f->err));
    admin_close(a);
    for (i = 0; i < PARTITIONS; i++) {
        f->ranges[i] = (struct topic_range){ i, f->ends[i].start, f->ends[i].stable };
        f->next[i] = f->ends[i].start;
    }
}

/* n records of `size` bytes that do not compress, round the first `partitions` partitions. */
static void fill(struct fixture *f, int partitions, unsigned n, size_t size)
{
    struct producer_conf   pc = { .message_max_bytes = 10485760 };
    size_t                 n_noise = size + 1000003;
    char                  *noise = mem_alloc(n_noise);
    uint64_t               seed = 7;
    struct producer       *p;
    struct producer_topic *t;
    unsigned               i;

    for (i = 0; i < n_noise; i++)
        noise[i] = (char)(test_rand(&seed) & 0xff);
    check(f, producer_open(&f->conf, &pc, &p, &f->err));
    check(f, producer_add_topic(p, TOPIC, PARTITIONS, &t, &f->err));
    for (i = 0; i < n; i++)
        check(f, producer_send(p, t, (int32_t)(i % (unsigned)partitions), SLICE("key"),
                               slice_of(noise + (size_t)i * size % 1000003, size),
                               &f->err) == SEND_OK);
    check(f, producer_drain(p, &f->err));
    producer_close(p);
    mem_free(noise);
    find_ends(f);
}

static bool on_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct fixture *f = ctx;
    int64_t         since = clock_mono_ns();

    if (rec->offset != f->next[rec->partition])
        return err_set(err, ERR_BUG, "partition %d: offset %lld instead of %lld",
                       (int)rec->partition, (long long)rec->offset,
                       (long long)f->next[rec->partition]);
    f->next[rec->partition]++;
    f->n++;
    while (f->slow_us && clock_mono_ns() - since < (int64_t)f->slow_us * 1000)
        ;
    return true;
}

static bool read_all(struct fixture *f, topic_record_fn fn)
{
    return topic_read(&f->conf, TOPIC, f->ranges, PARTITIONS, fn, f, &f->err);
}

/* ---- ends ------------------------------------------------------------------------------ */

static void nothing_to_read_asks_no_broker(void **state)
{
    struct fixture    *f = *state;
    struct topic_range ranges[] = { { 0, 0, 0 }, { 1, 17, 17 }, { 2, 5, 3 } };
    int64_t            since = clock_mono_ns();

    f->conf.brokers = "127.0.0.1:9";
    check(f, topic_read(&f->conf, TOPIC, ranges, 3, on_record, f, &f->err));
    check(f, topic_read(&f->conf, TOPIC, NULL, 0, on_record, f, &f->err));
    assert_true(ms_since(since) < 100);
}

static void the_read_ends_though_some_partitions_are_empty(void **state)
{
    struct fixture *f = *state;

    fill(f, 3, 3000, 10);
    check(f, read_all(f, on_record));
    assert_int_equal(f->n, 3000);
}

static void a_range_ends_in_the_middle_of_a_batch(void **state)
{
    struct fixture *f = *state;
    int             i;

    fill(f, PARTITIONS, 8000, 10);
    for (i = 0; i < PARTITIONS; i++) {
        f->ranges[i].start = i;
        f->ranges[i].end = 500 + i;
        f->next[i] = i;
    }
    check(f, read_all(f, on_record));
    assert_int_equal(f->n, 500 * PARTITIONS);
}

static void an_end_that_the_log_does_not_have_is_told(void **state)
{
    struct fixture *f = *state;

    fill(f, 1, 100, 10);
    f->ranges[0].end = 200;
    f->conf.timeout_ms = 1500;
    assert_false(read_all(f, on_record));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, TOPIC " [0]: the log ends at offset 100, before its end of 200");
    assert_int_equal(f->n, 100);
}

/* ---- failures -------------------------------------------------------------------------- */

static void removed_records_are_a_gap_in_words(void **state)
{
    struct fixture *f = *state;

    /* The mock drops the oldest beyond 5 MiB. */
    fill(f, 1, 800, 10000);
    assert_true(f->ends[0].start > 0);
    f->ranges[0].start = 0;
    assert_false(read_all(f, on_record));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, "records of " TOPIC " [0] from offset 0 on were removed while reading "
                           "(log start is now ");
}

static void a_broken_connection_is_opened_again(void **state)
{
    struct fixture *f = *state;

    fill(f, PARTITIONS, 8000, 100);
    mockkafka_fail(f->mock, MOCK_FETCH, MOCK_DISCONNECT, 2);
    check(f, read_all(f, on_record));
    assert_int_equal(f->n, 8000);
}

static bool break_down(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct fixture *f = ctx;

    if (f->n == f->act_at)
        mockkafka_down(f->mock);
    return on_record(ctx, rec, err);
}

static void a_broker_that_stays_away_is_told_after_the_time_out(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    f->props[0] = "queued.max.messages.kbytes=100"; /* so that the rest has to be fetched */
    f->conf.n_props = 1;
    fill(f, PARTITIONS, 3000, 10000);
    f->conf.timeout_ms = 2000;
    f->act_at = 10;
    since = clock_mono_ns();
    assert_false(read_all(f, break_down));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg,
               "read " TOPIC ": nothing came for 2 s: cannot connect: Connection refused");
    assert_true(f->n < 3000);
    assert_in_range(ms_since(since), 2000, 10000);
}

static void no_broker_at_all_is_told(void **state)
{
    struct fixture    *f = *state;
    struct topic_range range = { 0, 0, 1 };

    f->conf.brokers = "127.0.0.1:9";
    f->conf.timeout_ms = 2000;
    assert_false(topic_read(&f->conf, TOPIC, &range, 1, on_record, f, &f->err));
    assert_string_equal(f->err.msg, "kafka 127.0.0.1:9: cannot connect: Connection refused");
}

static void no_right_to_read_is_told(void **state)
{
    struct fixture *f = *state;

    fill(f, 1, 10, 10);
    mockkafka_fail(f->mock, MOCK_FETCH, MOCK_TOPIC_AUTHORIZATION_FAILED, 100);
    assert_false(read_all(f, on_record));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, "no right to read the topic");
}

static bool refuse(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct fixture *f = ctx;

    if (f->n == f->act_at)
        return err_set(err, ERR_DATA, "enough at offset %lld", (long long)rec->offset);
    return on_record(ctx, rec, err);
}

static void the_callbacks_error_ends_the_read(void **state)
{
    struct fixture *f = *state;

    fill(f, 1, 1000, 10);
    f->act_at = 123;
    assert_false(read_all(f, refuse));
    assert_int_equal(f->err.kind, ERR_DATA);
    assert_string_equal(f->err.msg, "enough at offset 123");
    assert_int_equal(f->n, 123);
}

static bool ask_stop(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct fixture *f = ctx;

    if (f->n == f->act_at)
        stop_ask(&f->stop);
    return on_record(ctx, rec, err);
}

static void stop_in_the_middle_ends_the_read(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    f->props[0] = "queued.max.messages.kbytes=100";
    f->conf.n_props = 1;
    fill(f, PARTITIONS, 3000, 10000);
    f->act_at = 10;
    since = clock_mono_ns();
    assert_false(read_all(f, ask_stop));
    assert_int_equal(f->err.kind, ERR_STOPPED);
    assert_true(f->n < 3000);
    assert_true(ms_since(since) < 3000);
}

static void stop_ends_the_wait_for_a_dead_broker(void **state)
{
    struct fixture *f = *state;
    int64_t         since = clock_mono_ns();

    fill(f, 1, 10, 10);
    mockkafka_down(f->mock);
    stop_ask(&f->stop);
    assert_false(read_all(f, on_record));
    assert_int_equal(f->err.kind, ERR_STOPPED);
    assert_true(ms_since(since) < 3000);
}

/* ---- speed ----------------------------------------------------------------------------- */

/* Without the kicker the fetcher looks at a full queue once a second: for these 32 MB in answers of
 * 1 MB that makes half a minute. */
static void a_slow_reader_is_not_stalled_by_its_full_queue(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    f->props[0] = "queued.max.messages.kbytes=1024";
    f->props[1] = "fetch.max.bytes=1000000";
    f->conf.n_props = 2;
    fill(f, PARTITIONS, 3200, 10000);
    assert_int_equal(f->ends[0].start, 0);
    f->slow_us = 200;
    since = clock_mono_ns();
    check(f, read_all(f, on_record));
    assert_int_equal(f->n, 3200);
    assert_true(ms_since(since) < 15000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_to_read_asks_no_broker),
        TEST(the_read_ends_though_some_partitions_are_empty),
        TEST(a_range_ends_in_the_middle_of_a_batch),
        TEST(an_end_that_the_log_does_not_have_is_told),
        TEST(removed_records_are_a_gap_in_words),
        TEST(a_broken_connection_is_opened_again),
        TEST(a_broker_that_stays_away_is_told_after_the_time_out),
        TEST(no_broker_at_all_is_told),
        TEST(no_right_to_read_is_told),
        TEST(the_callbacks_error_ends_the_read),
        TEST(stop_in_the_middle_ends_the_read),
        TEST(stop_ends_the_wait_for_a_dead_broker),
        TEST(a_slow_reader_is_not_stalled_by_its_full_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
