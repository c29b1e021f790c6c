/*
 * consumer.c - all records of a topic between captured offsets.
 *
 * DESIGN: the simple consumer (rd_kafka_consume_start_queue) with all partitions on one queue,
 * because the balanced one cannot be had without a group, and a group would look for its
 * coordinator and have the cluster create its offsets topic.
 *
 * A partition is at its end when a record at or behind the end is seen, when the record before it
 * was, or when the broker says "end of partition" at or behind it: only the last says so for a tail
 * of control records, of aborted ones, or of records that compaction removed. With read_committed
 * that end is the last stable offset; ends that were captured are never behind it.
 *
 * Before version 2.2, librdkafka's fetcher looks only once a second whether its full queue has room
 * again, unless another request wakes it: the kicker asks for offsets, one partition per broker.
 */
#include "lib/kafka/consumer.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/kafka/client_internal.h"

#define KICK_MS          10
#define KICK_LIMIT_MS    500 /* how long a dead broker may hold the kicker */
#define LEADERS_LIMIT_MS 1000
#define GAP_LIMIT_MS     5000
#define SERVE_MS         100 /* how often stop is looked at when nothing comes */
#define MAX_KICKS        64  /* brokers */

static const struct client_setting reader_settings[] = {
    { "isolation.level", "read_committed" },
    { "enable.partition.eof", "true" },
    { "auto.offset.reset", "error" }, /* a gap is an error, never a jump */
    { "enable.auto.commit", "false" },
    { "enable.auto.offset.store", "false" },
    { "check.crcs", "true" },
    { "queued.max.messages.kbytes", "16384" },
    { "queued.min.messages", "50000" }, /* each takes some 400 bytes beside its own */
    { "fetch.wait.max.ms", "10" },
    { "fetch.max.bytes", "1048576" }, /* compressed: what one answer adds to a full queue */
    { "fetch.error.backoff.ms", "100" },
    { "fetch.queue.backoff.ms", "10" }, /* since 2.2 */
    { NULL, NULL },
};

struct lane {
    const struct topic_range *range;
    int64_t                   next; /* first offset not yet told */
    int64_t                   eof;  /* where the broker said "end of partition"; -1: not yet */
    bool                      started;
    bool                      done;
    bool                      overrun; /* records behind the end arrive: somebody writes */
};

struct reader {
    struct client      client;
    rd_kafka_topic_t  *rkt;
    rd_kafka_queue_t  *queue;
    const char        *topic;
    struct lane       *lanes;
    size_t             n_lanes;
    int32_t           *lane_of; /* by partition; -1: not wanted */
    int32_t            n_partitions;
    size_t             left;     /* lanes not done */
    uint64_t           progress; /* changes whenever something arrived */
    topic_record_fn    fn;
    void              *ctx;
    struct err        *err;
    bool               failed; /* *err is set */
    const struct lane *gap;    /* the broker refused its position */
};

struct kicker {
    struct thread       *thread;
    const struct reader *reader;
    atomic_bool          stop;
    size_t               n;
    int32_t              partition[MAX_KICKS]; /* one per leader */
    int32_t              leader[MAX_KICKS];
};

static void add_kick(struct kicker *k, int32_t partition, int32_t leader)
{
    size_t i;

    for (i = 0; i < k->n; i++)
        if (k->leader[i] == leader)
            return;
    if (k->n == MAX_KICKS)
        return;
    k->partition[k->n] = partition;
    k->leader[k->n] = leader;
    k->n++;
}

/* One wanted partition per broker; when the leaders cannot be had, one for all. */
static void find_leaders(struct kicker *k)
{
    const struct reader            *r = k->reader;
    const struct rd_kafka_metadata *md = NULL;
    int                             i;

    if (rd_kafka_metadata(r->client.rk, 0, r->rkt, &md, LEADERS_LIMIT_MS) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        md->topic_cnt == 1)
        for (i = 0; i < md->topics[0].partition_cnt; i++) {
            const struct rd_kafka_metadata_partition *p = &md->topics[0].partitions[i];

            if (p->id < r->n_partitions && r->lane_of[p->id] != -1 && p->leader != -1)
                add_kick(k, p->id, p->leader);
        }
    if (md)
        rd_kafka_metadata_destroy(md);
    if (k->n == 0)
        add_kick(k, r->lanes[0].range->partition, -1);
}

/* The kicker's thread. Of the reader it uses only what does not change while it runs. */
static void kick(void *arg)
{
    struct kicker       *k = arg;
    const struct reader *r = k->reader;

    find_leaders(k);
    while (!atomic_load_explicit(&k->stop, memory_order_relaxed)) {
        size_t i;

        for (i = 0; i < k->n; i++) {
            int64_t offset;

            /* Only its arrival at the broker's thread matters. */
            (void)client_ask_offsets(r->client.rk, r->topic, k->partition[i], 1,
                                     RD_KAFKA_OFFSET_BEGINNING, &offset, KICK_LIMIT_MS);
        }
        clock_sleep_ms(KICK_MS);
    }
}

static void kicker_start(struct kicker *k, const struct reader *r)
{
    *k = (struct kicker){ .reader = r };
    atomic_init(&k->stop, false);
    k->thread = thread_start(kick, k);
}

static void kicker_end(struct kicker *k)
{
    atomic_store_explicit(&k->stop, true, memory_order_relaxed);
    thread_join(k->thread);
}

static void give_up(struct reader *r)
{
    r->failed = true;
    rd_kafka_yield(r->client.rk);
}

static void lane_done(struct reader *r, struct lane *l)
{
    if (l->done)
        return;
    l->done = true;
    r->left--;
    if (r->left == 0)
        rd_kafka_yield(r->client.rk);
}

static void on_record(struct reader *r, struct lane *l, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    struct topic_record       rec = { .partition = m->partition, .offset = m->offset };

    if (m->offset < l->next)
        return;
    if (m->offset >= l->range->end) {
        l->overrun = true;
        lane_done(r, l);
        return;
    }
    rec.timestamp_ms = rd_kafka_message_timestamp(m, &type);
    rec.key = slice_of(m->key, m->key_len);
    rec.value = slice_of(m->payload, m->len);
    if (!r->fn(r->ctx, &rec, r->err)) {
        give_up(r);
        return;
    }
    l->next = m->offset + 1;
    if (l->next >= l->range->end)
        lane_done(r, l);
}

static void on_event(struct reader *r, struct lane *l, const rd_kafka_message_t *m)
{
    switch ((int)m->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        l->eof = m->offset;
        if (m->offset >= l->range->end)
            lane_done(r, l);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        r->gap = l;
        give_up(r);
        return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        (void)client_fail(&r->client, r->err, m->err, "no right to read the topic", "read %s",
                          r->topic);
        (void)client_hint_right(&r->client, r->err, "Read", r->topic);
        give_up(r);
        return;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        (void)client_fail(&r->client, r->err, m->err, NULL, "read %s [%d] from offset %lld on",
                          r->topic, (int)m->partition, (long long)l->next);
        give_up(r);
        return;
    default:
        /* It passes, or nothing comes any more and the time-out tells. */
        r->client.trouble = m->err;
        r->client.hint = NULL;
        (void)snprintf(r->client.why, sizeof(r->client.why), "%s", client_words(m->err));
        (void)snprintf(r->client.where, sizeof(r->client.where), "%s", r->client.brokers);
    }
}

static void on_message(rd_kafka_message_t *m, void *opaque)
{
    struct reader *r = opaque;
    struct lane   *l;

    if (r->failed || m->partition < 0 || m->partition >= r->n_partitions ||
        r->lane_of[m->partition] == -1)
        return;
    l = &r->lanes[r->lane_of[m->partition]];
    if (l->done) {
        l->overrun = l->overrun || m->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        return;
    }
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        r->progress++;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        on_record(r, l, m);
    else
        on_event(r, l, m);
}

/* Say which records are missing, and where the log begins now. */
static void tell_gap(struct reader *r)
{
    const struct lane *l = r->gap;
    int64_t            low = -1;
    int64_t            high = -1;

    (void)client_ask_offsets(r->client.rk, r->topic, l->range->partition, 1,
                             RD_KAFKA_OFFSET_BEGINNING, &low, GAP_LIMIT_MS);
    (void)client_ask_offsets(r->client.rk, r->topic, l->range->partition, 1, RD_KAFKA_OFFSET_END,
                             &high, GAP_LIMIT_MS);
    if (low > l->next)
        (void)err_set(
            r->err, ERR_KAFKA,
            "records of %s [%d] from offset %lld on were removed while reading (log start "
            "is now %lld)",
            r->topic, (int)l->range->partition, (long long)l->next, (long long)low);
    else
        (void)err_set(r->err, ERR_KAFKA,
                      "records of %s [%d] from offset %lld on were removed while reading (the log "
                      "ends at %lld now: was the topic deleted and created again?)",
                      r->topic, (int)l->range->partition, (long long)l->next, (long long)high);
    (void)err_hint(r->err, "run again; see the topic's cleanup.policy, retention.ms and "
                           "retention.bytes");
}

/* Nothing came for the whole time-out. */
static void tell_silence(struct reader *r)
{
    unsigned s = r->client.timeout_ms / 1000;
    size_t   i;

    for (i = 0; i < r->n_lanes && r->lanes[i].done; i++)
        ;
    if (i < r->n_lanes && r->lanes[i].eof != -1 && !r->client.down) {
        const struct lane *l = &r->lanes[i];

        (void)err_set(r->err, ERR_KAFKA,
                      "kafka %s: read %s [%d]: the log ends at offset %lld, before its end of %lld "
                      "when reading began",
                      r->client.brokers, r->topic, (int)l->range->partition, (long long)l->eof,
                      (long long)l->range->end);
        return;
    }
    (void)client_fail(&r->client, r->err, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL,
                      "read %s: nothing came for %u s", r->topic, s);
}

static void lane_stop(struct reader *r, struct lane *l)
{
    if (l->started)
        (void)rd_kafka_consume_stop(r->rkt, l->range->partition);
    l->started = false;
}

static bool serve(struct reader *r)
{
    int64_t  last = clock_mono_ns();
    uint64_t seen = 0;
    size_t   i;

    while (r->left > 0 && !r->failed) {
        if (!client_go_on(&r->client, r->err, "reading a topic"))
            return false;
        (void)rd_kafka_consume_callback_queue(r->queue, SERVE_MS, on_message, r);
        (void)rd_kafka_poll(r->client.rk, 0);
        for (i = 0; i < r->n_lanes; i++)
            if (r->lanes[i].overrun)
                lane_stop(r, &r->lanes[i]);
        if (r->progress != seen) {
            seen = r->progress;
            last = clock_mono_ns();
            client_answered(&r->client);
        } else if (r->left > 0 && !r->failed && client_elapsed_ms(last) >= r->client.timeout_ms) {
            tell_silence(r);
            return false;
        }
    }
    if (r->gap)
        tell_gap(r);
    return !r->failed;
}

static bool start_lanes(struct reader *r)
{
    size_t i;

    r->queue = rd_kafka_queue_new(r->client.rk);
    r->rkt = rd_kafka_topic_new(r->client.rk, r->topic, NULL);
    if (!r->rkt)
        return client_fail(&r->client, r->err, rd_kafka_last_error(), NULL, "read %s", r->topic);
    for (i = 0; i < r->n_lanes; i++) {
        struct lane *l = &r->lanes[i];

        if (rd_kafka_consume_start_queue(r->rkt, l->range->partition, l->range->start, r->queue) ==
            -1)
            return client_fail(&r->client, r->err, rd_kafka_last_error(), NULL, "read %s [%d]",
                               r->topic, (int)l->range->partition);
        l->started = true;
    }
    return true;
}

/* The ranges that have anything to read. */
static void take_ranges(struct reader *r, const struct topic_range *ranges, size_t n)
{
    size_t i;

    r->lanes = mem_array(n, sizeof(*r->lanes));
    for (i = 0; i < n; i++) {
        if (ranges[i].start >= ranges[i].end)
            continue;
        r->lanes[r->n_lanes++] =
            (struct lane){ .range = &ranges[i], .next = ranges[i].start, .eof = -1 };
        if (ranges[i].partition >= r->n_partitions)
            r->n_partitions = ranges[i].partition + 1;
    }
    r->left = r->n_lanes;
    r->lane_of = mem_array((size_t)r->n_partitions, sizeof(*r->lane_of));
    for (i = 0; i < (size_t)r->n_partitions; i++)
        r->lane_of[i] = -1;
    for (i = 0; i < r->n_lanes; i++)
        r->lane_of[r->lanes[i].range->partition] = (int32_t)i;
}

static void reader_release(struct reader *r)
{
    size_t i;

    for (i = 0; i < r->n_lanes; i++)
        lane_stop(r, &r->lanes[i]);
    if (r->rkt)
        rd_kafka_topic_destroy(r->rkt);
    if (r->queue)
        rd_kafka_queue_destroy(r->queue);
    client_close(&r->client);
    mem_free(r->lanes);
    mem_free(r->lane_of);
}

bool topic_read(const struct kafka_conf *conf, const char *topic, const struct topic_range *ranges,
                size_t n, topic_record_fn fn, void *ctx, struct err *err)
{
    struct reader r = { .topic = topic, .fn = fn, .ctx = ctx, .err = err };
    struct kicker kicker = { .thread = NULL };
    bool          ok = true;

    take_ranges(&r, ranges, n);
    if (r.n_lanes == 0)
        goto out;
    ok = client_open(&r.client, conf, RD_KAFKA_CONSUMER, reader_settings, NULL, err) &&
         start_lanes(&r);
    if (!ok)
        goto out;
    kicker_start(&kicker, &r);
    ok = serve(&r);
    kicker_end(&kicker);
out:
    reader_release(&r);
    return ok;
}
