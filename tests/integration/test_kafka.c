/*
 * test_kafka.c - lib/kafka against a real broker. Each test is named after the trap it guards.
 *
 * Needs REQUEUE_TEST_KAFKA=HOST:PORT of a cluster of one broker with auto-creation on
 * (scripts/with-kafka).
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/thread.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/consumer.h"
#include "lib/kafka/producer.h"
#include "tests/support/rawkafka.h"

#include <unistd.h>

#define MAX_TOPICS 8

struct fixture {
    struct kafka_conf conf;
    struct stop       stop;
    struct admin     *admin;
    struct arena     *arena;
    unsigned          n_names;
    char              names[MAX_TOPICS][64];
    struct err        err;
};

static const char *broker(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    return getenv("REQUEUE_TEST_KAFKA");
}

static int begin(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->conf.brokers = broker();
    f->conf.stop = &f->stop;
    f->arena = arena_new(65536);
    if (!admin_open(&f->conf, &f->admin, &f->err)) {
        (void)fprintf(stderr, "%s\n", f->err.msg);
        return -1;
    }
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;

    admin_close(f->admin);
    arena_free(f->arena);
    mem_free(f);
    return 0;
}

/* Of an expression that fills f->err: fail with its message. */
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

/* A name nobody used before. */
static const char *new_name(struct fixture *f)
{
    char *name = f->names[f->n_names++];

    assert_true(f->n_names <= MAX_TOPICS);
    (void)snprintf(name, sizeof(f->names[0]), "rq-%d-%lld", (int)getpid(),
                   (long long)clock_mono_ns());
    return name;
}

static const char *new_topic(struct fixture *f, int partitions, const struct topic_value *configs,
                             size_t n_configs)
{
    struct topic_wish w = { .name = new_name(f),
                            .partitions = partitions,
                            .replication = 1,
                            .n_configs = n_configs,
                            .configs = configs };

    check(f, admin_create(f->admin, &w, 1, false, &f->err));
    return w.name;
}

static struct topic_state describe(struct fixture *f, const char *name)
{
    struct topic_state t;

    check(f, admin_topics(f->admin, &name, 1, true, f->arena, &t, &f->err));
    return t;
}

static const struct topic_setting *setting(const struct topic_state *t, const char *name)
{
    size_t i;

    for (i = 0; i < t->n_settings; i++)
        if (strcmp(t->settings[i].name, name) == 0)
            return &t->settings[i];
    fail_msg("no setting %s", name);
    return NULL;
}

/* ---- sending and reading --------------------------------------------------------------- */

struct refusals {
    unsigned n;
    char     key[64];
};

static void on_too_large(void *ctx, const char *topic, int32_t partition, struct slice key)
{
    struct refusals *r = ctx;

    (void)topic;
    (void)partition;
    r->n++;
    (void)snprintf(r->key, sizeof(r->key), "%.*s", SLICE_ARG(key));
}

struct sending {
    struct producer       *p;
    struct producer_topic *t;
    struct refusals        refusals;
};

static void sending_begin(struct fixture *f, struct sending *s, const char *topic, int partitions)
{
    struct producer_conf pc = { .message_max_bytes = 10485760,
                                .on_too_large = on_too_large,
                                .ctx = &s->refusals };

    *s = (struct sending){ .p = NULL };
    check(f, producer_open(&f->conf, &pc, &s->p, &f->err));
    check(f, producer_add_topic(s->p, topic, partitions, &s->t, &f->err));
}

static void sending_end(struct fixture *f, struct sending *s)
{
    check(f, producer_drain(s->p, &f->err));
    producer_close(s->p);
}

static void send_one(struct fixture *f, struct sending *s, int32_t partition, struct slice key,
                     struct slice value)
{
    check(f, producer_send(s->p, s->t, partition, key, value, &f->err) == SEND_OK);
}

/* Keys PREFIX0 …, round the partitions. */
static void send_many(struct fixture *f, struct sending *s, const char *prefix, unsigned n,
                      struct slice value)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        char key[64];

        (void)snprintf(key, sizeof(key), "%s%u", prefix, i);
        send_one(f, s, (int32_t)(i % (unsigned)s->t->n_partitions), slice_str(key), value);
    }
}

static void send_all(struct fixture *f, const char *topic, int partitions, const char *prefix,
                     unsigned n, struct slice value)
{
    struct sending s;

    sending_begin(f, &s, topic, partitions);
    send_many(f, &s, prefix, n, value);
    check(f, producer_drain(s.p, &f->err));
    assert_int_equal(s.t->delivered, n);
    producer_close(s.p);
}

struct seen {
    unsigned        n;
    unsigned        tombstones;
    unsigned        null_keys;
    uint64_t        bytes;
    int64_t         last; /* offset */
    int64_t         timestamp_ms;
    struct fixture *f; /* for callbacks that do something */
    const char     *topic;
};

static bool on_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct seen *s = ctx;

    (void)err;
    s->n++;
    s->tombstones += rec->value.p == NULL ? 1 : 0;
    s->null_keys += rec->key.p == NULL ? 1 : 0;
    s->bytes += rec->key.n + rec->value.n;
    s->last = rec->offset;
    s->timestamp_ms = rec->timestamp_ms;
    return true;
}

/* From the start to the last stable offset. */
static bool read_topic(struct fixture *f, const char *topic, int partitions, topic_record_fn fn,
                       struct seen *s)
{
    struct partition_ends ends[64];
    struct topic_range    ranges[64];
    int                   i;

    assert_true(partitions <= 64);
    check(f, admin_ends(f->admin, topic, partitions, ends, &f->err));
    for (i = 0; i < partitions; i++)
        ranges[i] = (struct topic_range){ i, ends[i].start, ends[i].stable };
    return topic_read(&f->conf, topic, ranges, (size_t)partitions, fn, s, &f->err);
}

static int64_t ms_since(int64_t since)
{
    return (clock_mono_ns() - since) / 1000000;
}

/* ---- topics ---------------------------------------------------------------------------- */

static void the_cluster_says_who_it_is(void **state)
{
    struct fixture *f = *state;
    struct cluster  c;

    check(f, admin_cluster(f->admin, &c, &f->err));
    assert_true(strlen(c.id) > 10);
    assert_int_equal(c.brokers, 1);
    assert_string_equal(c.address, broker());
}

static void asking_for_an_absent_topic_does_not_create_it(void **state)
{
    struct fixture        *f = *state;
    const char            *name = new_name(f);
    struct topic_range     range = { 0, 0, 1 };
    struct producer_conf   pc = { .message_max_bytes = 1000000 };
    struct kafka_conf      quick = f->conf;
    struct seen            seen = { .n = 0 };
    struct partition_ends  ends;
    struct producer       *p;
    struct producer_topic *t;
    struct topic_state     state_of;

    assert_false(describe(f, name).exists);
    quick.timeout_ms = 1500;
    assert_false(topic_read(&quick, name, &range, 1, on_record, &seen, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    check(f, producer_open(&quick, &pc, &p, &f->err));
    assert_false(producer_add_topic(p, name, 1, &t, &f->err));
    producer_close(p);
    admin_close(f->admin);
    check(f, admin_open(&quick, &f->admin, &f->err));
    assert_false(admin_ends(f->admin, name, 1, &ends, &f->err));
    check(f, admin_topics(f->admin, &name, 1, false, f->arena, &state_of, &f->err));
    assert_false(state_of.exists);
    assert_int_equal(state_of.replication, -1);
}

static void a_new_topic_is_described_as_wished(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value configs[] = { { "cleanup.policy", "compact" },
                                           { "max.message.bytes", "2000000" } };
    const char              *name = new_topic(f, 7, configs, 2);
    struct topic_state       t = describe(f, name);

    assert_true(t.exists);
    assert_false(t.offline);
    assert_int_equal(t.partitions, 7);
    assert_int_equal(t.replication, 1);
    assert_string_equal(setting(&t, "cleanup.policy")->value, "compact");
    assert_true(setting(&t, "cleanup.policy")->dynamic);
    assert_false(setting(&t, "retention.ms")->dynamic);
}

static void validate_only_creates_nothing(void **state)
{
    struct fixture   *f = *state;
    struct topic_wish w = { .name = new_name(f), .partitions = 1, .replication = 1 };

    check(f, admin_create(f->admin, &w, 1, true, &f->err));
    assert_false(describe(f, w.name).exists);
}

static void replication_above_the_brokers_is_told_with_both_numbers(void **state)
{
    struct fixture   *f = *state;
    struct topic_wish w[] = { { .name = new_name(f), .partitions = 1, .replication = 1 },
                              { .name = new_name(f), .partitions = 1, .replication = 3 } };

    assert_false(admin_create(f->admin, w, 2, true, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, w[1].name);
    assert_has(f->err.msg, "replication 3 but the cluster has 1 broker");
    assert_false(admin_create(f->admin, &w[1], 1, false, &f->err));
    assert_has(f->err.msg, "replication 3 but the cluster has 1 broker");
    assert_false(describe(f, w[1].name).exists);
}

static void a_wrong_config_is_refused_by_name(void **state)
{
    struct fixture    *f = *state;
    struct topic_value bad = { "cleanup.policy", "shred" };
    struct topic_wish  w = {
         .name = new_name(f), .partitions = 1, .replication = 1, .n_configs = 1, .configs = &bad
    };

    assert_false(admin_create(f->admin, &w, 1, true, &f->err));
    assert_has(f->err.msg, w.name);
    assert_has(f->err.msg, "shred");
}

static void creating_a_topic_that_is_there_is_refused(void **state)
{
    struct fixture   *f = *state;
    struct topic_wish w = { .name = new_topic(f, 1, NULL, 0), .partitions = 1, .replication = 1 };

    assert_false(admin_create(f->admin, &w, 1, false, &f->err));
    assert_has(f->err.msg, "exists");
}

static void delete_then_create_at_once_gives_a_new_empty_topic(void **state)
{
    struct fixture       *f = *state;
    const char           *name = new_topic(f, 4, NULL, 0);
    struct topic_wish     w = { .name = name, .partitions = 2, .replication = 1 };
    struct partition_ends ends[2];
    int                   round;

    for (round = 0; round < 3; round++) {
        send_all(f, name, round == 0 ? 4 : 2, "k", 100, SLICE("value"));
        check(f, admin_delete(f->admin, &name, 1, &f->err));
        assert_false(describe(f, name).exists);
        check(f, admin_create(f->admin, &w, 1, false, &f->err));
        assert_int_equal(describe(f, name).partitions, 2);
        check(f, admin_ends(f->admin, name, 2, ends, &f->err));
        assert_int_equal(ends[0].high + ends[1].high, 0);
    }
}

static void deleting_an_absent_topic_is_no_error(void **state)
{
    struct fixture *f = *state;
    const char     *name = new_name(f);

    check(f, admin_delete(f->admin, &name, 1, &f->err));
}

static void alter_keeps_the_other_overrides(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value before[] = { { "cleanup.policy", "compact" },
                                          { "segment.ms", "3600000" },
                                          { "max.message.bytes", "2000000" } };
    const struct topic_value change[] = { { "max.message.bytes", "3000000" },
                                          { "min.compaction.lag.ms", "77" } };
    struct topic_wish w = { .name = new_topic(f, 1, before, 3), .n_configs = 2, .configs = change };
    struct topic_state t;

    check(f, admin_alter(f->admin, &w, &f->err));
    t = describe(f, w.name);
    assert_string_equal(setting(&t, "cleanup.policy")->value, "compact");
    assert_string_equal(setting(&t, "segment.ms")->value, "3600000");
    assert_string_equal(setting(&t, "max.message.bytes")->value, "3000000");
    assert_string_equal(setting(&t, "min.compaction.lag.ms")->value, "77");
    assert_false(setting(&t, "retention.ms")->dynamic);
}

static void groups_are_told_with_their_members(void **state)
{
    struct fixture     *f = *state;
    const char         *topic = new_topic(f, 1, NULL, 0);
    const char         *group = new_name(f);
    struct group_state *g;
    size_t              n;
    bool                all = false;
    void               *member = raw_join(broker(), group, topic);

    check(f, admin_groups(f->admin, group, f->arena, &g, &n, &all, &f->err));
    assert_int_equal(n, 1);
    assert_string_equal(g[0].name, group);
    assert_string_equal(g[0].state, "Stable");
    assert_int_equal(g[0].members, 1);
    assert_true(all); /* the broker has no access rules */
    raw_leave(member);
    check(f, admin_groups(f->admin, group, f->arena, &g, &n, &all, &f->err));
    assert_true(n == 0 || g[0].members == 0);
    check(f, admin_groups(f->admin, "no-such-prefix", f->arena, &g, &n, &all, &f->err));
    assert_int_equal(n, 0);
}

static void the_ends_of_240_partitions_are_asked_within_a_second(void **state)
{
    struct fixture       *f = *state;
    const char           *name = new_topic(f, 16, NULL, 0);
    struct partition_ends ends[16];
    int64_t               since = clock_mono_ns();
    int                   i;

    for (i = 0; i < 15; i++)
        check(f, admin_ends(f->admin, name, 16, ends, &f->err));
    assert_true(ms_since(since) < 1000);
}

/* ---- reading --------------------------------------------------------------------------- */

static void null_keys_tombstones_and_empty_texts_come_back_as_they_were(void **state)
{
    struct fixture *f = *state;
    const char     *topic = new_topic(f, 1, NULL, 0);
    struct seen     seen = { .n = 0 };
    struct sending  s;

    sending_begin(f, &s, topic, 1);
    send_one(f, &s, 0, SLICE("key"), SLICE("value"));
    send_one(f, &s, 0, slice_of(NULL, 0), SLICE("no key"));
    send_one(f, &s, 0, SLICE("tombstone"), slice_of(NULL, 0));
    send_one(f, &s, 0, SLICE(""), SLICE("empty key"));
    send_one(f, &s, 0, SLICE("empty value"), SLICE(""));
    sending_end(f, &s);
    check(f, read_topic(f, topic, 1, on_record, &seen));
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.null_keys, 1);
    assert_int_equal(seen.tombstones, 1);
    assert_int_equal(seen.bytes, 3 + 5 + 6 + 9 + 9 + 11);
    assert_true(llabs(seen.timestamp_ms - (int64_t)time(NULL) * 1000) < 60000);
}

static bool check_order(void *ctx, const struct topic_record *rec, struct err *err)
{
    int64_t *next = ctx;

    if (rec->offset != next[rec->partition])
        return err_set(err, ERR_BUG, "partition %d: offset %lld instead of %lld",
                       (int)rec->partition, (long long)rec->offset,
                       (long long)next[rec->partition]);
    next[rec->partition]++;
    return true;
}

static void every_range_is_read_from_its_start_to_its_end_and_no_further(void **state)
{
    struct fixture    *f = *state;
    const char        *topic = new_topic(f, 4, NULL, 0);
    struct topic_range ranges[] = {
        { 0, 100, 900 }, { 1, 0, 0 }, { 2, 0, 2500 }, { 3, 2499, 2500 }
    };
    int64_t next[] = { 100, 0, 0, 2499 };

    send_all(f, topic, 4, "k", 10000, SLICE("value"));
    check(f, topic_read(&f->conf, topic, ranges, 4, check_order, next, &f->err));
    assert_int_equal(next[0], 900);
    assert_int_equal(next[1], 0);
    assert_int_equal(next[2], 2500);
    assert_int_equal(next[3], 2500);
}

/* A transaction's end is answered before its control records are written. */
static void await_high(struct fixture *f, const char *topic, int64_t high)
{
    struct partition_ends ends = { .high = 0 };
    int64_t               since = clock_mono_ns();

    while (ends.high != high && ms_since(since) < 10000) {
        clock_sleep_ms(20);
        check(f, admin_ends(f->admin, topic, 1, &ends, &f->err));
    }
    assert_int_equal(ends.high, high);
}

static void a_tail_of_control_records_ends_the_read(void **state)
{
    struct fixture       *f = *state;
    const char           *topic = new_topic(f, 2, NULL, 0);
    struct seen           seen = { .n = 0 };
    struct partition_ends ends[2];
    int                   i;

    for (i = 0; i < 3; i++)
        (void)raw_transaction(broker(), topic, 0, "committed", 49, RAW_COMMIT);
    await_high(f, topic, 150);
    check(f, admin_ends(f->admin, topic, 2, ends, &f->err));
    assert_int_equal(ends[0].stable, 150);
    check(f, read_topic(f, topic, 2, on_record, &seen));
    assert_int_equal(seen.n, 147);
    assert_int_equal(seen.last, 148);
}

static void an_aborted_transaction_at_the_end_is_not_read_and_ends_the_read(void **state)
{
    struct fixture *f = *state;
    const char     *topic = new_topic(f, 1, NULL, 0);
    struct seen     seen = { .n = 0 };
    int64_t         since;

    (void)raw_transaction(broker(), topic, 0, "committed", 10, RAW_COMMIT);
    (void)raw_transaction(broker(), topic, 0, "aborted", 1000, RAW_ABORT);
    await_high(f, topic, 1012);
    since = clock_mono_ns();
    check(f, read_topic(f, topic, 1, on_record, &seen));
    assert_int_equal(seen.n, 10);
    assert_true(ms_since(since) < 3000);
}

static void an_open_transaction_holds_the_stable_end_below_the_high_watermark(void **state)
{
    struct fixture       *f = *state;
    const char           *topic = new_topic(f, 1, NULL, 0);
    struct seen           seen = { .n = 0 };
    struct partition_ends ends;
    void                 *open;

    send_all(f, topic, 1, "before", 5, SLICE("value"));
    open = raw_transaction(broker(), topic, 0, "open", 20, RAW_OPEN);
    send_all(f, topic, 1, "behind", 5, SLICE("value"));
    check(f, admin_ends(f->admin, topic, 1, &ends, &f->err));
    assert_int_equal(ends.start, 0);
    assert_int_equal(ends.stable, 5);
    assert_int_equal(ends.high, 30);
    check(f, read_topic(f, topic, 1, on_record, &seen));
    assert_int_equal(seen.n, 5);
    raw_close(open);
}

static void a_compacted_topic_is_read_to_its_end(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value configs[] = { { "cleanup.policy", "compact" },
                                           { "segment.ms", "100" },
                                           { "min.cleanable.dirty.ratio", "0.001" },
                                           { "delete.retention.ms", "0" } };
    const char              *topic = new_topic(f, 1, configs, 4);
    int64_t                  since = clock_mono_ns();
    struct seen              seen;
    unsigned                 round;

    /* The last records are tombstones, so that compaction also empties the tail. */
    do {
        for (round = 0; round < 4; round++) {
            send_all(f, topic, 1, "k", 50, SLICE("value"));
            clock_sleep_ms(150);
        }
        send_all(f, topic, 1, "k", 50, slice_of(NULL, 0));
        clock_sleep_ms(1500);
        seen = (struct seen){ .n = 0 };
        check(f, read_topic(f, topic, 1, on_record, &seen));
    } while (seen.n >= 250 && ms_since(since) < 60000);
    assert_true(seen.n < 250);
}

static void reading_ends_though_somebody_goes_on_writing(void **state)
{
    struct fixture *f = *state;
    const char     *topic = new_topic(f, 3, NULL, 0);
    struct seen     seen = { .n = 0 };
    bool            ok;
    void           *writer;
    int64_t         since;

    send_all(f, topic, 3, "k", 3000, SLICE("value"));
    writer = raw_writer_start(broker(), topic, 3);
    clock_sleep_ms(100);
    since = clock_mono_ns();
    ok = read_topic(f, topic, 3, on_record, &seen);
    raw_writer_stop(writer);
    check(f, ok);
    assert_true(seen.n >= 3000);
    assert_true(ms_since(since) < 5000);
}

static void records_removed_before_the_read_are_a_gap_in_words(void **state)
{
    struct fixture    *f = *state;
    const char        *topic = new_topic(f, 1, NULL, 0);
    struct topic_range range = { 0, 0, 100 };
    struct seen        seen = { .n = 0 };
    char               words[200];

    send_all(f, topic, 1, "k", 100, SLICE("value"));
    raw_delete_records(broker(), topic, 0, 40);
    assert_false(topic_read(&f->conf, topic, &range, 1, on_record, &seen, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    (void)snprintf(
        words, sizeof(words),
        "records of %s [0] from offset 0 on were removed while reading (log start is now "
        "40)",
        topic);
    assert_has(f->err.msg, words);
    assert_int_equal(seen.n, 0);
}

static bool remove_ahead(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct seen *s = ctx;

    if (rec->offset == 0)
        raw_delete_records(broker(), s->topic, 0, 900);
    return on_record(ctx, rec, err);
}

static void records_removed_during_the_read_are_a_gap_in_words(void **state)
{
    static const char *const props[] = { "queued.max.messages.kbytes=100",
                                         "fetch.message.max.bytes=20000" };
    struct fixture          *f = *state;
    const struct topic_value plain = { "compression.type", "uncompressed" };
    const char              *topic = new_topic(f, 1, &plain, 1);
    struct seen              seen = { .n = 0, .f = f, .topic = topic };
    char                    *value = mem_alloc(10000);

    send_all(f, topic, 1, "k", 1000, slice_of(value, 10000));
    f->conf.props = props;
    f->conf.n_props = 2;
    assert_false(read_topic(f, topic, 1, remove_ahead, &seen));
    mem_free(value);
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, "were removed while reading (log start is now 900)");
    assert_in_range(seen.n, 1, 899);
}

/* ---- sending --------------------------------------------------------------------------- */

/* Bytes that lz4 does not make smaller. */
static char *noise(size_t n)
{
    char    *bytes = mem_alloc(n);
    uint64_t seed = 42;
    size_t   i;

    for (i = 0; i < n; i++)
        bytes[i] = (char)(test_rand(&seed) & 0xff);
    return bytes;
}

static void a_record_that_is_too_large_is_refused_alone(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value small = { "max.message.bytes", "100000" };
    const char              *topic = new_topic(f, 2, &small, 1);
    char                    *large = noise(200000);
    struct seen              seen = { .n = 0 };
    struct sending           s;

    sending_begin(f, &s, topic, 2);
    send_many(f, &s, "before", 1000, SLICE("value"));
    send_one(f, &s, 0, SLICE("large"), slice_of(large, 200000));
    send_many(f, &s, "behind", 1000, SLICE("value"));
    check(f, producer_drain(s.p, &f->err));
    assert_int_equal(s.refusals.n, 1);
    assert_string_equal(s.refusals.key, "large");
    assert_int_equal(s.t->sent, 2001);
    assert_int_equal(s.t->delivered, 2000);
    assert_int_equal(s.t->too_large, 1);
    assert_int_equal(s.t->acked[0] + s.t->acked[1], 2000);
    assert_int_equal(producer_restarts(s.p), 0);
    producer_close(s.p);
    mem_free(large);
    check(f, read_topic(f, topic, 2, on_record, &seen));
    assert_int_equal(seen.n, 2000);
}

static void a_batch_that_is_too_large_only_as_a_whole_arrives(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value small = { "max.message.bytes", "20000" };
    const char              *topic = new_topic(f, 2, &small, 1);
    char                    *value = noise(5000);
    struct seen              seen = { .n = 0 };
    struct sending           s;

    sending_begin(f, &s, topic, 2);
    send_many(f, &s, "k", 500, slice_of(value, 5000));
    check(f, producer_drain(s.p, &f->err));
    assert_int_equal(s.refusals.n, 0);
    assert_int_equal(s.t->delivered, 500);
    assert_int_equal(s.t->too_large, 0);
    producer_close(s.p);
    mem_free(value);
    check(f, read_topic(f, topic, 2, on_record, &seen));
    assert_int_equal(seen.n, 500);
}

static void a_record_above_the_clients_limit_is_told_and_one_below_it_arrives(void **state)
{
    struct fixture *f = *state;
    const char     *topic = new_topic(f, 1, NULL, 0);
    char           *large = noise(10485760);
    struct seen     seen = { .n = 0 };
    struct sending  s;

    sending_begin(f, &s, topic, 1);
    assert_int_equal(producer_send(s.p, s.t, 0, SLICE("k"), slice_of(large, 10485760), &f->err),
                     SEND_TOO_LARGE);
    send_one(f, &s, 0, SLICE("k"), slice_of(large, 10000000));
    check(f, producer_drain(s.p, &f->err));
    assert_int_equal(s.t->sent, 1);
    assert_int_equal(s.t->delivered, 1);
    producer_close(s.p);
    mem_free(large);
    check(f, read_topic(f, topic, 1, on_record, &seen));
    assert_int_equal(seen.bytes, 10000001);
}

static void offsets_and_counts_are_those_of_the_log(void **state)
{
    struct fixture       *f = *state;
    const char           *topic = new_topic(f, 3, NULL, 0);
    struct partition_ends ends[3];
    struct sending        s;
    int                   i;

    send_all(f, topic, 3, "old", 30, SLICE("value"));
    sending_begin(f, &s, topic, 3);
    send_many(f, &s, "key", 5000, SLICE("value"));
    check(f, producer_drain(s.p, &f->err));
    check(f, admin_ends(f->admin, topic, 3, ends, &f->err));
    for (i = 0; i < 3; i++) {
        assert_int_equal(s.t->last_offset[i], ends[i].high - 1);
        assert_int_equal(s.t->acked[i], ends[i].high - 10);
    }
    assert_int_equal(s.t->delivered, 5000);
    assert_int_equal(s.t->bytes, 5 * 5000 + 5000 * 3 + 10 + 90 * 2 + 900 * 3 + 4000 * 4);
    producer_close(s.p);
}

static void a_record_without_a_key_in_a_compacted_topic_fails_in_words(void **state)
{
    struct fixture          *f = *state;
    const struct topic_value compact = { "cleanup.policy", "compact" };
    const char              *topic = new_topic(f, 1, &compact, 1);
    struct sending           s;

    sending_begin(f, &s, topic, 1);
    send_one(f, &s, 0, slice_of(NULL, 0), SLICE("value"));
    assert_false(producer_drain(s.p, &f->err));
    assert_has(f->err.msg, "a compacted topic takes none without a key");
    producer_close(s.p);
}

static void a_topic_deleted_while_sending_fails_in_words(void **state)
{
    static const char *const props[] = { "message.timeout.ms=4000" };
    struct fixture          *f = *state;
    const char              *topic = new_topic(f, 1, NULL, 0);
    struct sending           s;

    f->conf.props = props;
    f->conf.n_props = 1;
    sending_begin(f, &s, topic, 1);
    send_many(f, &s, "k", 10, SLICE("value"));
    check(f, producer_drain(s.p, &f->err));
    check(f, admin_delete(f->admin, &topic, 1, &f->err));
    send_many(f, &s, "more", 10, SLICE("value"));
    assert_false(producer_drain(s.p, &f->err));
    assert_int_equal(f->err.kind, ERR_KAFKA);
    assert_has(f->err.msg, topic);
    assert_int_equal(s.t->delivered, 10);
    producer_close(s.p);
    assert_false(describe(f, topic).exists);
}

/* kafka-node kill and then start; called in a thread of its own. */
static void restart_broker(void *arg)
{
    const char *dir = arg;
    char        line[600];

    clock_sleep_ms(300);
    (void)snprintf(line, sizeof(line),
                   "scripts/kafka-node kill '%s' && sleep 1 && scripts/kafka-node start '%s'", dir,
                   dir);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe,cert-env33-c): a test, and nobody changes signals */
    if (system(line) != 0)
        abort();
}

struct one_shot {
    uint8_t *seen; /* by number of the key */
    unsigned repeated;
};

static bool count_once(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct one_shot *o = ctx;
    char             key[32];
    unsigned long    i;

    (void)err;
    (void)snprintf(key, sizeof(key), "%.*s", SLICE_ARG(rec->key));
    i = strtoul(key + 1, NULL, 10);
    o->repeated += o->seen[i] ? 1 : 0;
    o->seen[i] = 1;
    return true;
}

static void a_broker_killed_while_sending_loses_and_repeats_nothing(void **state)
{
    enum { N = 300000, PARTS = 8 };
    struct fixture       *f = *state;
    const char           *topic;
    char                 *value;
    struct one_shot       once = { .repeated = 0 };
    struct partition_ends ends[PARTS];
    struct topic_range    ranges[PARTS];
    struct thread        *killer;
    struct sending        s;
    unsigned              i;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *dir = getenv("REQUEUE_TEST_KAFKA_DIR");

    if (!dir) /* a broker that is not ours to kill */
        skip();
    topic = new_topic(f, PARTS, NULL, 0);
    value = noise(N + 2000);
    once.seen = mem_alloc(N);
    sending_begin(f, &s, topic, PARTS);
    killer = thread_start(restart_broker, (void *)(uintptr_t)dir);
    for (i = 0; i < N; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "K%u", i);
        send_one(f, &s, (int32_t)(i % PARTS), slice_str(key), slice_of(value + i, 2000));
        if (i % 1000 == 0)
            clock_sleep_ms(2); /* so that it is not over before the broker dies */
    }
    check(f, producer_drain(s.p, &f->err));
    thread_join(killer);
    assert_int_equal(s.t->delivered, N);
    producer_close(s.p);
    check(f, admin_ends(f->admin, topic, PARTS, ends, &f->err));
    for (i = 0; i < PARTS; i++)
        ranges[i] = (struct topic_range){ (int32_t)i, ends[i].start, ends[i].stable };
    check(f, topic_read(&f->conf, topic, ranges, PARTS, count_once, &once, &f->err));
    for (i = 0; i < N; i++)
        if (!once.seen[i])
            fail_msg("key K%u is lost", i);
    assert_int_equal(once.repeated, 0);
    check(f, admin_delete(f->admin, &topic, 1, &f->err));
    mem_free(once.seen);
    mem_free(value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_cluster_says_who_it_is),
        TEST(asking_for_an_absent_topic_does_not_create_it),
        TEST(a_new_topic_is_described_as_wished),
        TEST(validate_only_creates_nothing),
        TEST(replication_above_the_brokers_is_told_with_both_numbers),
        TEST(a_wrong_config_is_refused_by_name),
        TEST(creating_a_topic_that_is_there_is_refused),
        TEST(delete_then_create_at_once_gives_a_new_empty_topic),
        TEST(deleting_an_absent_topic_is_no_error),
        TEST(alter_keeps_the_other_overrides),
        TEST(groups_are_told_with_their_members),
        TEST(the_ends_of_240_partitions_are_asked_within_a_second),
        TEST(null_keys_tombstones_and_empty_texts_come_back_as_they_were),
        TEST(every_range_is_read_from_its_start_to_its_end_and_no_further),
        TEST(a_tail_of_control_records_ends_the_read),
        TEST(an_aborted_transaction_at_the_end_is_not_read_and_ends_the_read),
        TEST(an_open_transaction_holds_the_stable_end_below_the_high_watermark),
        TEST(a_compacted_topic_is_read_to_its_end),
        TEST(reading_ends_though_somebody_goes_on_writing),
        TEST(records_removed_before_the_read_are_a_gap_in_words),
        TEST(records_removed_during_the_read_are_a_gap_in_words),
        TEST(a_record_that_is_too_large_is_refused_alone),
        TEST(a_batch_that_is_too_large_only_as_a_whole_arrives),
        TEST(a_record_above_the_clients_limit_is_told_and_one_below_it_arrives),
        TEST(offsets_and_counts_are_those_of_the_log),
        TEST(a_record_without_a_key_in_a_compacted_topic_fails_in_words),
        TEST(a_topic_deleted_while_sending_fails_in_words),
        TEST(a_broker_killed_while_sending_loses_and_repeats_nothing),
    };

    if (!broker()) {
        (void)fprintf(stderr, "REQUEUE_TEST_KAFKA is not set: run under scripts/with-kafka\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
