/*
 * test_producer.c - the producer against librdkafka's mock cluster, with failures on purpose.
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
#define PARTITIONS 4
#define MAX_PROPS  8
#define MAX_KEYS   5000

struct fixture {
    struct mockkafka      *mock;
    struct kafka_conf      conf;
    struct stop            stop;
    const char            *props[MAX_PROPS];
    struct producer       *p;
    struct producer_topic *t;
    struct err             err;
    unsigned               refused;
    unsigned               records[MAX_KEYS]; /* of key K<i>, when read back */
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

    producer_close(f->p);
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

static void with_prop(struct fixture *f, const char *prop)
{
    assert_true(f->conf.n_props < MAX_PROPS);
    f->props[f->conf.n_props++] = prop;
}

static void on_too_large(void *ctx, const char *topic, int32_t partition, struct slice key)
{
    struct fixture *f = ctx;

    (void)topic;
    (void)partition;
    (void)key;
    f->refused++;
}

static void open_producer(struct fixture *f)
{
    struct producer_conf pc = { .message_max_bytes = 10485760,
                                .on_too_large = on_too_large,
                                .ctx = f };

    check(f, producer_open(&f->conf, &pc, &f->p, &f->err));
    check(f, producer_add_topic(f->p, TOPIC, PARTITIONS, &f->t, &f->err));
}

/* Keys K<from> … K<to - 1>, key i to partition i % PARTITIONS. */
static bool send_keys(struct fixture *f, unsigned from, unsigned to)
{
    unsigned i;

    for (i = from; i < to; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "K%u", i);
        if (producer_send(f->p, f->t, (int32_t)(i % PARTITIONS), slice_str(key), SLICE("value"),
                          &f->err) != SEND_OK)
            return false;
    }
    return true;
}

static bool count_key(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct fixture *f = ctx;
    char            key[32];
    unsigned long   i;

    (void)snprintf(key, sizeof(key), "%.*s", SLICE_ARG(rec->key));
    i = strtoul(key + 1, NULL, 10);
    if (key[0] != 'K' || i >= MAX_KEYS || i % PARTITIONS != (unsigned long)rec->partition)
        return err_set(err, ERR_BUG, "key %s in partition %d", key, (int)rec->partition);
    f->records[i]++;
    return true;
}

/* Read everything back: each of the first n keys is there exactly once. */
static void assert_each_once(struct fixture *f, unsigned n)
{
    struct partition_ends ends[PARTITIONS];
    struct topic_range    ranges[PARTITIONS];
    struct admin         *a;
    unsigned              i;

    check(f, admin_open(&f->conf, &a, &f->err));
    check(f, admin_ends(a, TOPIC, PARTITIONS, ends, &f->err));
    admin_close(a);
    for (i = 0; i < PARTITIONS; i++)
        ranges[i] = (struct topic_range){ (int32_t)i, ends[i].start, ends[i].high };
    check(f, topic_read(&f->conf, TOPIC, ranges, PARTITIONS, count_key, f, &f->err));
    for (i = 0; i < n; i++)
        if (f->records[i] != 1)
            fail_msg("key K%u is there %u times", i, f->records[i]);
}

static void assert_all_delivered(struct fixture *f, unsigned n)
{
    check(f, producer_drain(f->p, &f->err));
    assert_int_equal(f->t->sent, n);
    assert_int_equal(f->t->delivered, n);
    assert_each_once(f, n);
}

/* ---- what librdkafka gets over by itself ----------------------------------------------- */

static void too_few_replicas_for_a_moment_is_tried_again(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_NOT_ENOUGH_REPLICAS, 3);
    check(f, send_keys(f, 0, 1000));
    assert_all_delivered(f, 1000);
    assert_int_equal(producer_restarts(f->p), 0);
}

static void a_broken_connection_is_opened_again(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_DISCONNECT, 2);
    check(f, send_keys(f, 0, 1000));
    assert_all_delivered(f, 1000);
}

static void a_slow_broker_only_takes_longer(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_rtt(f->mock, 400);
    check(f, send_keys(f, 0, 1000));
    assert_all_delivered(f, 1000);
}

static void a_broker_that_comes_back_gets_everything(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    check(f, send_keys(f, 0, 500));
    mockkafka_down(f->mock);
    check(f, send_keys(f, 500, 1000));
    clock_sleep_ms(1500);
    mockkafka_up(f->mock);
    assert_all_delivered(f, 1000);
}

/* ---- failures for good ----------------------------------------------------------------- */

static void no_right_to_write_fails_at_once_though_flush_says_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t         since = clock_mono_ns();

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_TOPIC_AUTHORIZATION_FAILED, 100);
    check(f, send_keys(f, 0, 100));
    assert_false(producer_drain(f->p, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, "topic " TOPIC " [");
    assert_has(f->err.msg, "key K");
    assert_has(f->err.msg, "no right to write to the topic");
    assert_int_equal(f->t->delivered, 0);
    assert_true(ms_since(since) < 5000);
}

static void a_dead_broker_is_told_when_the_message_time_out_is_over(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    with_prop(f, "message.timeout.ms=1500");
    open_producer(f);
    check(f, send_keys(f, 0, 10));
    check(f, producer_drain(f->p, &f->err));
    mockkafka_down(f->mock);
    since = clock_mono_ns();
    check(f, send_keys(f, 10, 100));
    assert_false(producer_drain(f->p, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, "not acknowledged within 1 s");
    assert_has(f->err.msg, "Connection refused");
    assert_has(f->err.msg, "(90 records failed)");
    assert_int_equal(f->t->delivered, 10);
    assert_in_range(ms_since(since), 1000, 10000);
}

static void too_few_replicas_for_good_fails_after_the_message_time_out(void **state)
{
    struct fixture *f = *state;

    with_prop(f, "message.timeout.ms=1500");
    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_NOT_ENOUGH_REPLICAS, 1000);
    check(f, send_keys(f, 0, 10));
    assert_false(producer_drain(f->p, &f->err));
    assert_has(f->err.msg, "not acknowledged within 1 s");
    assert_int_equal(f->t->delivered, 0);
}

static void after_a_failure_sending_says_so_too(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_TOPIC_AUTHORIZATION_FAILED, 100);
    check(f, send_keys(f, 0, 10));
    assert_false(producer_drain(f->p, &f->err));
    assert_false(send_keys(f, 10, 11));
    assert_has(f->err.msg, "no right to write to the topic");
    assert_int_equal(f->t->sent, 10);
}

/* ---- too large ------------------------------------------------------------------------- */

static void records_of_a_batch_that_is_too_large_are_sent_alone(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_MSG_SIZE_TOO_LARGE, 1);
    check(f, send_keys(f, 0, 1000));
    assert_all_delivered(f, 1000);
    assert_int_equal(f->refused, 0);
    assert_int_equal(f->t->too_large, 0);
}

static void a_record_refused_alone_is_told_and_the_others_arrive(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_MSG_SIZE_TOO_LARGE, 1);
    check(f, send_keys(f, 0, 1));
    clock_sleep_ms(500); /* the batch of this record is refused, and then the record alone */
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_MSG_SIZE_TOO_LARGE, 1);
    check(f, producer_drain(f->p, &f->err));
    assert_int_equal(f->refused, 1);
    assert_int_equal(f->t->too_large, 1);
    check(f, send_keys(f, 1, 100));
    check(f, producer_drain(f->p, &f->err));
    assert_int_equal(f->t->delivered, 99);
}

/* ---- fatal errors ---------------------------------------------------------------------- */

static void a_fatal_error_is_cured_without_loss_or_repetition(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    check(f, send_keys(f, 0, 500));
    check(f, producer_drain(f->p, &f->err));
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_OUT_OF_ORDER_SEQUENCE_NUMBER, 1);
    check(f, send_keys(f, 500, 2000));
    assert_all_delivered(f, 2000);
    assert_int_equal(producer_restarts(f->p), 1);
}

static void records_that_landed_unacknowledged_before_a_fatal_error_are_not_repeated(void **state)
{
    struct fixture *f = *state;

    with_prop(f, "linger.ms=5");
    open_producer(f);
    check(f, send_keys(f, 0, 100));
    check(f, producer_drain(f->p, &f->err));
    /* These requests are carried out, but the connection breaks before they are answered. */
    mockkafka_delay(f->mock, MOCK_PRODUCE, 60000);
    check(f, send_keys(f, 100, 400));
    clock_sleep_ms(300);
    mockkafka_down(f->mock);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_OUT_OF_ORDER_SEQUENCE_NUMBER, 4);
    mockkafka_up(f->mock);
    check(f, send_keys(f, 400, 1000));
    assert_all_delivered(f, 1000);
    assert_in_range(producer_restarts(f->p), 1, PRODUCER_MAX_RESTARTS);
}

static void fatal_errors_without_end_are_told(void **state)
{
    struct fixture *f = *state;
    bool            ok;

    open_producer(f);
    mockkafka_fail(f->mock, MOCK_PRODUCE, MOCK_OUT_OF_ORDER_SEQUENCE_NUMBER, 1000);
    ok = send_keys(f, 0, 100) && producer_drain(f->p, &f->err);
    assert_false(ok);
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_int_equal(producer_restarts(f->p), PRODUCER_MAX_RESTARTS);
    assert_int_equal(f->t->delivered, 0);
    /* and again, without a crash */
    assert_false(producer_drain(f->p, &f->err));
    assert_false(send_keys(f, 100, 101));
}

/* ---- stop and limits ------------------------------------------------------------------- */

static void stop_ends_sending_and_leaves_true_counts(void **state)
{
    struct fixture *f = *state;

    open_producer(f);
    check(f, send_keys(f, 0, 1000));
    stop_ask(&f->stop);
    assert_false(send_keys(f, 1000, 1001));
    assert_int_equal(f->err.kind, ERR_STOPPED);
    check(f, producer_drain(f->p, &f->err));
    assert_int_equal(f->t->delivered, 1000);
}

static void stop_with_a_dead_broker_gives_up_soon_and_counts_what_is_lost(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    open_producer(f);
    check(f, send_keys(f, 0, 100));
    check(f, producer_drain(f->p, &f->err));
    mockkafka_down(f->mock);
    check(f, send_keys(f, 100, 400));
    stop_ask(&f->stop);
    since = clock_mono_ns();
    assert_false(producer_drain(f->p, &f->err));
    assert_int_equal(f->err.kind, ERR_STOPPED);
    assert_has(f->err.msg, "300 records were sent but not acknowledged");
    assert_int_equal(f->t->delivered, 100);
    assert_true(ms_since(since) < 15000);
}

static void a_full_queue_is_waited_for(void **state)
{
    struct fixture *f = *state;

    with_prop(f, "queue.buffering.max.messages=100");
    open_producer(f);
    check(f, send_keys(f, 0, 2000));
    assert_all_delivered(f, 2000);
}

static void a_full_queue_lets_go_when_stop_is_asked(void **state)
{
    struct fixture *f = *state;

    with_prop(f, "queue.buffering.max.messages=100");
    open_producer(f);
    mockkafka_down(f->mock);
    check(f, send_keys(f, 0, 100));
    stop_ask(&f->stop);
    assert_false(send_keys(f, 100, 101));
    assert_int_equal(f->err.kind, ERR_STOPPED);
}

static void a_record_above_the_clients_limit_is_not_sent(void **state)
{
    struct fixture *f = *state;
    char           *large = mem_alloc(10485760);

    open_producer(f);
    assert_int_equal(producer_send(f->p, f->t, 0, SLICE("K4"), slice_of(large, 10485760), &f->err),
                     SEND_TOO_LARGE);
    mem_free(large);
    assert_int_equal(f->err.kind, ERR_NONE);
    check(f, send_keys(f, 0, 10));
    assert_all_delivered(f, 10);
}

static void closing_throws_away_what_was_not_sent(void **state)
{
    struct fixture *f = *state;
    int64_t         since;

    open_producer(f);
    mockkafka_down(f->mock);
    check(f, send_keys(f, 0, 1000));
    since = clock_mono_ns();
    producer_close(f->p);
    f->p = NULL;
    assert_true(ms_since(since) < 5000);
}

/* ---- settings -------------------------------------------------------------------------- */

static void a_property_is_checked_by_librdkafka_and_told_without_secrets(void **state)
{
    static const struct {
        const char *prop;
        const char *words;
    } cases[] = {
        { "no.such.property=1", "No such configuration property" },
        { "linger.ms=soon", "linger.ms" },
        { "linger.ms", "name=value" },
        { "=1", "name=value" },
        { "acks=1", "sets this property itself" },
        { "isolation.level=read_uncommitted", "sets this property itself" },
        { "compression.codec=swordfish", "compression.codec" },
        { "security.protocol=swordfish", "security.protocol" },
    };
    struct fixture      *f = *state;
    struct producer_conf pc = { .message_max_bytes = 1000000 };
    size_t               i;

    f->conf.n_props = 1;
    for (i = 0; i < COUNT_OF(cases); i++) {
        f->props[0] = cases[i].prop;
        assert_false(producer_open(&f->conf, &pc, &f->p, &f->err));
        assert_int_equal(f->err.kind, ERR_USAGE);
        assert_has(f->err.msg, cases[i].words);
    }
    f->props[0] = "ssl.key.pem=swordfish";
    if (!producer_open(&f->conf, &pc, &f->p, &f->err) && strstr(f->err.msg, "swordfish"))
        fail_msg("a secret is told: %s", f->err.msg);
}

static void an_unreachable_cluster_is_told_in_one_line_soon(void **state)
{
    struct fixture *f = *state;
    int64_t         since = clock_mono_ns();
    struct cluster  c;
    struct admin   *a;

    f->conf.brokers = "127.0.0.1:9";
    check(f, admin_open(&f->conf, &a, &f->err));
    assert_false(admin_cluster(a, &c, &f->err));
    admin_close(a);
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_string_equal(f->err.msg, "kafka 127.0.0.1:9: cannot connect: Connection refused");
    assert_string_equal(f->err.hint, "check --kafka and that the broker runs");
    assert_true(ms_since(since) < 5000);
}

static void a_name_that_is_none_is_told_in_one_line_soon(void **state)
{
    struct fixture *f = *state;
    int64_t         since = clock_mono_ns();
    struct cluster  c;
    struct admin   *a;

    f->conf.brokers = "no-such-host.invalid:9092";
    check(f, admin_open(&f->conf, &a, &f->err));
    assert_false(admin_cluster(a, &c, &f->err));
    admin_close(a);
    assert_has(f->err.msg, "kafka no-such-host.invalid:9092: cannot resolve the name: ");
    assert_true(ms_since(since) < 15000);
}

static void stop_ends_the_wait_for_an_unreachable_cluster(void **state)
{
    struct fixture *f = *state;
    struct cluster  c;
    struct admin   *a;

    f->conf.brokers = "127.0.0.1:9";
    stop_ask(&f->stop);
    check(f, admin_open(&f->conf, &a, &f->err));
    assert_false(admin_cluster(a, &c, &f->err));
    admin_close(a);
    assert_int_equal(f->err.kind, ERR_STOPPED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(too_few_replicas_for_a_moment_is_tried_again),
        TEST(a_broken_connection_is_opened_again),
        TEST(a_slow_broker_only_takes_longer),
        TEST(a_broker_that_comes_back_gets_everything),
        TEST(no_right_to_write_fails_at_once_though_flush_says_nothing),
        TEST(a_dead_broker_is_told_when_the_message_time_out_is_over),
        TEST(too_few_replicas_for_good_fails_after_the_message_time_out),
        TEST(after_a_failure_sending_says_so_too),
        TEST(records_of_a_batch_that_is_too_large_are_sent_alone),
        TEST(a_record_refused_alone_is_told_and_the_others_arrive),
        TEST(a_fatal_error_is_cured_without_loss_or_repetition),
        TEST(records_that_landed_unacknowledged_before_a_fatal_error_are_not_repeated),
        TEST(fatal_errors_without_end_are_told),
        TEST(stop_ends_sending_and_leaves_true_counts),
        TEST(stop_with_a_dead_broker_gives_up_soon_and_counts_what_is_lost),
        TEST(a_full_queue_is_waited_for),
        TEST(a_full_queue_lets_go_when_stop_is_asked),
        TEST(a_record_above_the_clients_limit_is_not_sent),
        TEST(closing_throws_away_what_was_not_sent),
        TEST(a_property_is_checked_by_librdkafka_and_told_without_secrets),
        TEST(an_unreachable_cluster_is_told_in_one_line_soon),
        TEST(a_name_that_is_none_is_told_in_one_line_soon),
        TEST(stop_ends_the_wait_for_an_unreachable_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
