/*
 * yardstick_produce.c - how fast librdkafka takes these records, with nothing else to do.
 *
 *   yardstick_produce TOPIC COUNT < ROWS
 *
 * ROWS is what COPY (SELECT key, value::text ...) TO STDOUT (FORMAT binary) wrote. All of it is
 * read into memory first; then COUNT records are sent, from the first row again when there are no
 * more, with the settings of lib/kafka/producer.c, each to the partition that Kafka's own clients
 * would choose. The brokers are those of $REQUEUE_TEST_KAFKA, and the topic has to be there. Prints
 * one line of JSON: wall and CPU time from opening the producer to the last acknowledgement. It
 * uses nothing of the program that it is compared with.
 */
#include "tests/tools/yardstick.h"

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <string.h>

#define WAIT_MS     30000
#define POLL_EVERY  128
#define HEADER      19 /* bytes: signature, flags, an extension of length 0 */
#define FIRST_BYTES ((size_t)64 << 20)

struct row {
    const unsigned char *key;
    const unsigned char *value;
    size_t               n_key;
    size_t               n_value;
};

static long acknowledged;

/* ---- rows ---------------------------------------------------------------------------------- */

static unsigned char *read_all(size_t *n)
{
    size_t         room = FIRST_BYTES;
    unsigned char *bytes = malloc(room);
    size_t         got;

    *n = 0;
    while (bytes && (got = fread(bytes + *n, 1, room - *n, stdin)) > 0) {
        *n += got;
        if (*n < room)
            continue;
        room *= 2;
        bytes = realloc(bytes, room);
    }
    if (!bytes)
        die("out of memory");
    return bytes;
}

static size_t take_length(const unsigned char *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static struct row *cut_rows(const unsigned char *bytes, size_t n, long *n_rows)
{
    const unsigned char *at = bytes + HEADER;
    const unsigned char *end = bytes + n;
    size_t               room = 1024;
    struct row          *rows = malloc(room * sizeof(*rows));

    *n_rows = 0;
    while (rows && at + 10 <= end && at[0] == 0 && at[1] == 2) {
        struct row *r = &rows[*n_rows];

        r->n_key = take_length(at + 2);
        r->key = at + 6;
        r->n_value = take_length(r->key + r->n_key);
        r->value = r->key + r->n_key + 4;
        at = r->value + r->n_value;
        if ((size_t)++ * n_rows == room) {
            room *= 2;
            rows = realloc(rows, room * sizeof(*rows));
        }
    }
    if (!rows)
        die("out of memory");
    if (*n_rows == 0 || at + 2 != end || at[0] != 0xFF || at[1] != 0xFF)
        die("stdin is no COPY in binary format of two columns, or breaks off");
    return rows;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (m->err)
        die("a record failed: %s", rd_kafka_err2str(m->err));
    acknowledged++;
}

static rd_kafka_t *open_producer(void)
{
    static const char *const settings[][2] = {
        { "allow.auto.create.topics", "false" },
        { "acks", "all" },
        { "enable.idempotence", "true" },
        { "compression.codec", "lz4" },
        { "linger.ms", "50" },
        { "batch.size", "1000000" },
        { "batch.num.messages", "10000" },
        { "queue.buffering.max.kbytes", "65536" },
        { "queue.buffering.max.messages", "100000" },
        { "message.max.bytes", "10486784" },
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
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!rk)
        die("%s", why);
    return rk;
}

static int count_partitions(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t             code = rd_kafka_metadata(rk, 0, topic, &md, WAIT_MS);
    int                             n;

    if (code)
        die("metadata: %s", rd_kafka_err2str(code));
    n = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(md);
    if (n == 0)
        die("topic %s does not exist", rd_kafka_topic_name(topic));
    return n;
}

static void send_row(rd_kafka_t *rk, rd_kafka_topic_t *topic, int n_partitions, const struct row *r)
{
    int32_t partition =
        rd_kafka_msg_partitioner_murmur2(topic, r->key, r->n_key, n_partitions, NULL, NULL);
    /* librdkafka takes a pointer to what it may not change when it copies. */
    void *value = (void *)(uintptr_t)r->value;

    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value, r->n_value, r->key,
                            r->n_key, NULL) == -1) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die("a record was refused: %s", rd_kafka_err2str(rd_kafka_last_error()));
        (void)rd_kafka_poll(rk, 10);
    }
}

static size_t send_all(const char *name, const struct row *rows, long n_rows, long count)
{
    rd_kafka_t       *rk = open_producer();
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    int               n_partitions = count_partitions(rk, topic);
    size_t            bytes = 0;

    for (long i = 0; i < count; i++) {
        const struct row *r = &rows[i % n_rows];

        send_row(rk, topic, n_partitions, r);
        bytes += r->n_key + r->n_value;
        if (i % POLL_EVERY == 0)
            (void)rd_kafka_poll(rk, 0);
    }
    while (acknowledged < count)
        (void)rd_kafka_poll(rk, 100);
    rd_kafka_topic_destroy(topic);
    return bytes;
}

int main(int argc, char **argv)
{
    long           count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    long           n_rows;
    size_t         n;
    size_t         bytes;
    unsigned char *all;
    struct row    *rows;
    struct took    took;

    if (count <= 0)
        die("usage: yardstick_produce TOPIC COUNT < ROWS");
    all = read_all(&n);
    rows = cut_rows(all, n, &n_rows);
    took = took_begin();
    bytes = send_all(argv[1], rows, n_rows, count);
    took_print(took_end(took), acknowledged, bytes);
    (void)puts("}");
    free(rows);
    free(all);
    return 0;
}
