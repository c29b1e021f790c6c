/* mockkafka.c - see mockkafka.h. */
#include "tests/support/mockkafka.h"

#include "lib/base/mem.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

struct mockkafka {
    rd_kafka_t              *rk; /* the mock lives inside a handle */
    rd_kafka_mock_cluster_t *cluster;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "mockkafka: %s failed\n", what);
    abort();
}

static void ignore_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

struct mockkafka *mockkafka_new(int brokers)
{
    struct mockkafka *m = mem_alloc(sizeof(*m));
    rd_kafka_conf_t  *conf = rd_kafka_conf_new();
    char              reason[200];

    rd_kafka_conf_set_log_cb(conf, ignore_log);
    m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    must(m->rk, "rd_kafka_new");
    m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
    must(m->cluster, "rd_kafka_mock_cluster_new");
    return m;
}

void mockkafka_free(struct mockkafka *m)
{
    if (!m)
        return;
    rd_kafka_mock_cluster_destroy(m->cluster);
    rd_kafka_destroy(m->rk);
    mem_free(m);
}

const char *mockkafka_address(const struct mockkafka *m)
{
    return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

void mockkafka_topic(struct mockkafka *m, const char *topic, int partitions)
{
    must(rd_kafka_mock_topic_create(m->cluster, topic, partitions, 1) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "rd_kafka_mock_topic_create");
}

/* Always by broker: a broker that once had its own list never looks at the cluster's. */
static void push(struct mockkafka *m, enum mock_request request, enum mock_error error,
                 int delay_ms)
{
    must(rd_kafka_mock_broker_push_request_error_rtts(m->cluster, 1, (int16_t)request, 1,
                                                      (rd_kafka_resp_err_t)error,
                                                      delay_ms) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "rd_kafka_mock_broker_push_request_error_rtts");
}

void mockkafka_fail(struct mockkafka *m, enum mock_request request, enum mock_error error, int n)
{
    int i;

    for (i = 0; i < n; i++)
        push(m, request, error, 0);
}

void mockkafka_delay(struct mockkafka *m, enum mock_request request, int delay_ms)
{
    push(m, request, MOCK_NONE, delay_ms);
}

void mockkafka_rtt(struct mockkafka *m, int ms)
{
    must(rd_kafka_mock_broker_set_rtt(m->cluster, -1, ms) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "rd_kafka_mock_broker_set_rtt");
}

void mockkafka_down(struct mockkafka *m)
{
    must(rd_kafka_mock_broker_set_down(m->cluster, -1) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "rd_kafka_mock_broker_set_down");
}

void mockkafka_up(struct mockkafka *m)
{
    must(rd_kafka_mock_broker_set_up(m->cluster, -1) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "rd_kafka_mock_broker_set_up");
}
