/*
 * yardstick_consume.c - how fast librdkafka hands a topic out, with nothing done to its records.
 *
 *   yardstick_consume TOPIC
 *
 * Reads all partitions from their beginnings to the ends of now, with the settings of
 * lib/kafka/consumer.c, and counts. Like there, a second thread keeps the fetcher awake: librdkafka
 * before 2.2 looks only once a second whether its full queue has room again. The brokers are those
 * of $REQUEUE_TEST_KAFKA. Prints one line of JSON: wall and CPU time of the whole. It uses nothing
 * of the program that it is compared with.
 */
#include "tests/tools/yardstick.h"

#include <librdkafka/rdkafka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#define WAIT_MS        30000
#define KICK_US        10000
#define MAX_PARTITIONS 1024

struct counted {
    long    records;
    size_t  bytes;
    int     left;                /* partitions not yet at their end */
    int64_t end[MAX_PARTITIONS]; /* 0: at its end */
};

struct kicker {
    rd_kafka_t *rk;
    const char *topic;
    atomic_bool stop;
};

static rd_kafka_t *open_consumer(void)
{
    static const char *const settings[][2] = {
        { "allow.auto.create.topics", "false" },
        { "isolation.level", "read_committed" },
        { "enable.partition.eof", "true" },
        { "auto.offset.reset", "error" },
        { "enable.auto.commit", "false" },
        { "enable.auto.offset.store", "false" },
        { "check.crcs", "true" },
        { "queued.max.messages.kbytes", "32768" },
        { "queued.min.messages", "1000000" },
        { "fetch.wait.max.ms", "10" },
    };
    const char      *brokers = getenv("REQUEUE_TEST_KAFKA");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char             why[256];
    rd_kafka_t      *rk;

    if (!brokers)
        die("REQUEUE_TEST_KAFKA is not set");
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) != RD_KAFKA_CONF_OK)
        die("%s", why);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof(why)) !=
            RD_KAFKA_CONF_OK)
            die("%s", why);
    }
    rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk)
        die("%s", why);
    return rk;
}

/* Any request wakes the broker's thread, which then sees that its queue has room. */
static void *kick(void *arg)
{
    struct kicker *k = arg;
    int64_t        low;
    int64_t        high;

    while (!atomic_load(&k->stop)) {
        (void)rd_kafka_query_watermark_offsets(k->rk, k->topic, 0, &low, &high, WAIT_MS);
        (void)usleep(KICK_US);
    }
    return NULL;
}

static void take(rd_kafka_message_t *m, void *opaque)
{
    struct counted *c = opaque;
    int64_t         next = m->offset + 1;

    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        next = m->offset;
    else if (m->err)
        die("read: %s", rd_kafka_message_errstr(m));
    else if (m->offset < c->end[m->partition]) {
        c->records++;
        c->bytes += m->key_len + m->len;
    }
    if (c->end[m->partition] > 0 && next >= c->end[m->partition]) {
        c->end[m->partition] = 0;
        c->left--;
    }
}

/* Start all partitions that have anything; how many partitions there are. */
static int start(rd_kafka_t *rk, rd_kafka_topic_t *topic, rd_kafka_queue_t *queue,
                 struct counted *c)
{
    const struct rd_kafka_metadata *md;
    const char                     *name = rd_kafka_topic_name(topic);
    rd_kafka_resp_err_t             code = rd_kafka_metadata(rk, 0, topic, &md, WAIT_MS);
    int                             n;

    if (code)
        die("metadata: %s", rd_kafka_err2str(code));
    n = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(md);
    if (n == 0 || n > MAX_PARTITIONS)
        die("topic %s has %d partitions", name, n);
    for (int i = 0; i < n; i++) {
        int64_t low;

        code = rd_kafka_query_watermark_offsets(rk, name, i, &low, &c->end[i], WAIT_MS);
        if (code)
            die("offsets: %s", rd_kafka_err2str(code));
        if (c->end[i] == low) {
            c->end[i] = 0;
            continue;
        }
        c->left++;
        if (rd_kafka_consume_start_queue(topic, i, low, queue) == -1)
            die("read: %s", rd_kafka_err2str(rd_kafka_last_error()));
    }
    return n;
}

static void read_all(const char *name, struct counted *c)
{
    rd_kafka_t       *rk = open_consumer();
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    struct kicker     k = { .rk = rk, .topic = name };
    pthread_t         thread;

    (void)start(rk, topic, queue, c);
    if (pthread_create(&thread, NULL, kick, &k) != 0)
        die("no second thread");
    while (c->left > 0) {
        (void)rd_kafka_consume_callback_queue(queue, 100, take, c);
        (void)rd_kafka_poll(rk, 0);
    }
    atomic_store(&k.stop, true);
    (void)pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static struct counted c;
    struct took           began = took_begin();

    if (argc != 2)
        die("usage: yardstick_consume TOPIC");
    read_all(argv[1], &c);
    took_print(took_end(began), c.records, c.bytes);
    (void)puts("}");
    (void)fflush(stdout);
    /* Not destroyed: that would wait for the fetches in flight. */
    _exit(0);
}
