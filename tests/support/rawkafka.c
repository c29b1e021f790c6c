/* rawkafka.c - see rawkafka.h. */
#include "tests/support/rawkafka.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/thread.h"

#include <librdkafka/rdkafka.h>

#define LIMIT_MS 30000

static void must(bool ok, const char *what, const char *why)
{
    if (ok)
        return;
    (void)fprintf(stderr, "rawkafka: %s: %s\n", what, why);
    abort();
}

static void must_not(rd_kafka_error_t *error, const char *what)
{
    must(!error, what, error ? rd_kafka_error_string(error) : "");
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char reason[200];

    must(rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK, name,
         reason);
}

static rd_kafka_t *open_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char        reason[200];
    rd_kafka_t *rk;

    set(conf, "log_level", "3");
    rk = rd_kafka_new(type, conf, reason, sizeof(reason));
    must(rk, "rd_kafka_new", reason);
    return rk;
}

static void put(rd_kafka_t *rk, const char *topic, int32_t partition, const char *key,
                const char *value)
{
    rd_kafka_resp_err_t code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, strlen(key)),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_END);

    must(code == RD_KAFKA_RESP_ERR_NO_ERROR, "produce", rd_kafka_err2str(code));
}

static void flush(rd_kafka_t *rk)
{
    int64_t since = clock_mono_ns();

    while (rd_kafka_outq_len(rk) > 0) {
        must(clock_mono_ns() - since < (int64_t)LIMIT_MS * 1000000, "flush", "too slow");
        (void)rd_kafka_flush(rk, 100);
    }
}

void *raw_transaction(const char *brokers, const char *topic, int32_t partition, const char *prefix,
                      unsigned n, enum raw_end end)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t      *rk;
    char             text[64];
    unsigned         i;

    (void)snprintf(text, sizeof(text), "requeue-test-%lld", (long long)clock_mono_ns());
    set(conf, "bootstrap.servers", brokers);
    set(conf, "transactional.id", text);
    set(conf, "linger.ms", "0");
    rk = open_handle(RD_KAFKA_PRODUCER, conf);
    must_not(rd_kafka_init_transactions(rk, LIMIT_MS), "init_transactions");
    must_not(rd_kafka_begin_transaction(rk), "begin_transaction");
    for (i = 0; i < n; i++) {
        (void)snprintf(text, sizeof(text), "%s%u", prefix, i);
        put(rk, topic, partition, text, "in a transaction");
    }
    flush(rk);
    if (end == RAW_OPEN)
        return rk;
    if (end == RAW_COMMIT)
        must_not(rd_kafka_commit_transaction(rk, LIMIT_MS), "commit_transaction");
    else
        must_not(rd_kafka_abort_transaction(rk, LIMIT_MS), "abort_transaction");
    rd_kafka_destroy(rk);
    return NULL;
}

void raw_close(void *handle)
{
    must_not(rd_kafka_abort_transaction(handle, LIMIT_MS), "abort_transaction");
    rd_kafka_destroy(handle);
}

void raw_delete_records(const char *brokers, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_conf_t                       *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t       *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_list_t *answer;
    rd_kafka_DeleteRecords_t              *ask;
    rd_kafka_queue_t                      *queue;
    rd_kafka_event_t                      *ev;
    rd_kafka_t                            *rk;

    set(conf, "bootstrap.servers", brokers);
    rk = open_handle(RD_KAFKA_PRODUCER, conf);
    queue = rd_kafka_queue_new(rk);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    ask = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(rk, &ask, 1, NULL, queue);
    ev = rd_kafka_queue_poll(queue, LIMIT_MS);
    must(ev, "DeleteRecords", "no answer");
    must(rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR_NO_ERROR, "DeleteRecords",
         rd_kafka_event_error_string(ev));
    answer = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(ev));
    must(answer->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR, "DeleteRecords",
         rd_kafka_err2str(answer->elems[0].err));
    rd_kafka_event_destroy(ev);
    rd_kafka_DeleteRecords_destroy(ask);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

void *raw_join(const char *brokers, const char *group, const char *topic)
{
    rd_kafka_conf_t                 *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_t                      *rk;
    int64_t                          since = clock_mono_ns();
    int                              assigned = 0;

    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", group);
    rk = open_handle(RD_KAFKA_CONSUMER, conf);
    (void)rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA);
    must(rd_kafka_subscribe(rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR, "subscribe", topic);
    rd_kafka_topic_partition_list_destroy(list);
    while (assigned == 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);

        if (m)
            rd_kafka_message_destroy(m);
        must(clock_mono_ns() - since < (int64_t)LIMIT_MS * 1000000, "join", "too slow");
        list = NULL;
        if (rd_kafka_assignment(rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
            assigned = list->cnt;
        if (list)
            rd_kafka_topic_partition_list_destroy(list);
    }
    return rk;
}

void raw_leave(void *handle)
{
    (void)rd_kafka_consumer_close(handle);
    rd_kafka_destroy(handle);
}

struct writer {
    struct thread *thread;
    struct stop    stop;
    rd_kafka_t    *rk;
    const char    *topic;
    int32_t        n;
};

static void write_on(void *arg)
{
    struct writer *w = arg;
    int32_t        i;

    while (!stop_asked(&w->stop)) {
        for (i = 0; i < w->n; i++)
            put(w->rk, w->topic, i, "writer",
                "0123456789012345678901234567890123456789012345678901234567890123456789");
        (void)rd_kafka_poll(w->rk, 2);
    }
}

void *raw_writer_start(const char *brokers, const char *topic, int32_t n)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct writer   *w = mem_alloc(sizeof(*w));

    set(conf, "bootstrap.servers", brokers);
    set(conf, "linger.ms", "0");
    w->rk = open_handle(RD_KAFKA_PRODUCER, conf);
    w->topic = topic;
    w->n = n;
    w->thread = thread_start(write_on, w);
    return w;
}

void raw_writer_stop(void *writer)
{
    struct writer *w = writer;

    stop_ask(&w->stop);
    thread_join(w->thread);
    flush(w->rk);
    rd_kafka_destroy(w->rk);
    mem_free(w);
}
