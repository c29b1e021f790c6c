/*
 * yardstick_topics.c - topics made and taken away between two measurements.
 *
 *   yardstick_topics create TOPIC PARTITIONS   and wait until each partition has a leader
 *   yardstick_topics delete PREFIX             all topics whose names begin so, and wait until they
 * are gone
 *
 * The brokers are those of $REQUEUE_TEST_KAFKA.
 */
#include "tests/tools/yardstick.h"

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS    30000
#define STEP_MS    20
#define MAX_TOPICS 1000

static rd_kafka_t *open_client(void)
{
    const char      *brokers = getenv("REQUEUE_TEST_KAFKA");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char             why[256];
    rd_kafka_t      *rk;

    if (!brokers)
        die("REQUEUE_TEST_KAFKA is not set");
    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) != RD_KAFKA_CONF_OK)
        die("%s", why);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!rk)
        die("%s", why);
    return rk;
}

static const struct rd_kafka_metadata *list_topics(rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *all;
    /* The whole list: to ask for one topic could create it. */
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 1, NULL, &all, WAIT_MS);

    if (code)
        die("metadata: %s", rd_kafka_err2str(code));
    return all;
}

static void check_results(rd_kafka_event_t *event, const rd_kafka_topic_result_t **results,
                          size_t n)
{
    if (!event)
        die("no answer");
    if (rd_kafka_event_error(event))
        die("%s", rd_kafka_event_error_string(event));
    for (size_t i = 0; i < n; i++) {
        if (rd_kafka_topic_result_error(results[i]))
            die("%s: %s", rd_kafka_topic_result_name(results[i]),
                rd_kafka_err2str(rd_kafka_topic_result_error(results[i])));
    }
}

/* ---- create -------------------------------------------------------------------------------- */

static bool has_leaders(rd_kafka_t *rk, const char *topic, int partitions)
{
    const struct rd_kafka_metadata *all = list_topics(rk);
    int                             led = 0;

    for (int i = 0; i < all->topic_cnt; i++) {
        if (strcmp(all->topics[i].topic, topic) != 0)
            continue;
        for (int j = 0; j < all->topics[i].partition_cnt; j++)
            led += all->topics[i].partitions[j].leader != -1 ? 1 : 0;
    }
    rd_kafka_metadata_destroy(all);
    return led == partitions;
}

static void create(const char *topic, int partitions)
{
    rd_kafka_t          *rk = open_client();
    rd_kafka_queue_t    *queue = rd_kafka_queue_new(rk);
    char                 why[256];
    rd_kafka_NewTopic_t *nt = rd_kafka_NewTopic_new(topic, partitions, 1, why, sizeof(why));
    rd_kafka_event_t    *event;
    const rd_kafka_topic_result_t **results = NULL;
    size_t                          n = 0;

    if (!nt)
        die("%s", why);
    rd_kafka_CreateTopics(rk, &nt, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event)
        results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    check_results(event, results, n);
    for (int i = 0; !has_leaders(rk, topic, partitions); i++) {
        if (i == WAIT_MS / STEP_MS)
            die("%s has no leaders", topic);
        (void)usleep(STEP_MS * 1000);
    }
}

/* ---- delete -------------------------------------------------------------------------------- */

/* The topics of the prefix; with `out` NULL only how many. */
static size_t find(rd_kafka_t *rk, const char *prefix, rd_kafka_DeleteTopic_t **out)
{
    const struct rd_kafka_metadata *all = list_topics(rk);
    size_t                          n = 0;

    for (int i = 0; i < all->topic_cnt && n < MAX_TOPICS; i++) {
        const char *name = all->topics[i].topic;

        if (strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        if (out)
            out[n] = rd_kafka_DeleteTopic_new(name);
        n++;
    }
    rd_kafka_metadata_destroy(all);
    return n;
}

static void delete (const char *prefix)
{
    static rd_kafka_DeleteTopic_t  *topics[MAX_TOPICS];
    rd_kafka_t                     *rk = open_client();
    rd_kafka_queue_t               *queue = rd_kafka_queue_new(rk);
    rd_kafka_event_t               *event;
    const rd_kafka_topic_result_t **results = NULL;
    size_t                          n = find(rk, prefix, topics);

    if (n == 0)
        return;
    rd_kafka_DeleteTopics(rk, topics, n, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    n = 0;
    if (event)
        results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
    check_results(event, results, n);
    for (int i = 0; find(rk, prefix, NULL) > 0; i++) {
        if (i == WAIT_MS / STEP_MS)
            die("topics %s... do not go away", prefix);
        (void)usleep(STEP_MS * 1000);
    }
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "create") == 0 && argc == 4)
        create(argv[2], (int)strtol(argv[3], NULL, 10));
    else if (strcmp(command, "delete") == 0 && argc == 3)
        delete (argv[2]);
    else
        die("usage: yardstick_topics create TOPIC PARTITIONS | delete PREFIX");
    /* The client is not destroyed: nothing is in flight. */
    _exit(0);
}
