/*
 * producer_fail.c - a record that was not delivered, in words.
 */
#include "lib/kafka/producer_internal.h"

#include "lib/base/mem.h"
#include "lib/kafka/admin.h"

#include <inttypes.h>

#define LOOK_MS 3000 /* what is asked of the cluster only to explain a failure */

void producer_note_failure(struct producer *p, const rd_kafka_message_t *m)
{
    p->n_failed++;
    if (p->failure.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    p->failure.code = m->err;
    p->failure.lot = m->_private;
    p->failure.partition = m->partition;
    if (m->key)
        (void)snprintf(p->failure.key, sizeof(p->failure.key), "%.*s",
                       SLICE_ARG(slice_of(m->key, m->key_len)));
}

/* In-sync replicas and leader of a partition; false: not known. */
static bool look_at_partition(struct producer *p, const char *topic, int32_t partition,
                              int *in_sync, int *leader)
{
    const struct rd_kafka_metadata *md;
    bool                            found = false;
    int                             i;
    int                             j;

    if (rd_kafka_metadata(p->client.rk, 1, NULL, &md, LOOK_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    for (i = 0; i < md->topic_cnt; i++) {
        if (strcmp(md->topics[i].topic, topic) != 0)
            continue;
        for (j = 0; j < md->topics[i].partition_cnt; j++)
            if (md->topics[i].partitions[j].id == partition) {
                *in_sync = md->topics[i].partitions[j].isr_cnt;
                *leader = md->topics[i].partitions[j].leader;
                found = true;
            }
    }
    rd_kafka_metadata_destroy(md);
    return found;
}

static int min_in_sync(struct producer *p, const char *topic)
{
    struct kafka_conf  conf = p->kafka;
    struct arena      *arena = arena_new(16384);
    struct admin      *a = NULL;
    struct topic_state t;
    struct err         ignored = ERR_INIT;
    int                min = 0;
    size_t             i;

    conf.timeout_ms = LOOK_MS;
    if (admin_open(&conf, &a, &ignored) && admin_topics(a, &topic, 1, true, arena, &t, &ignored))
        for (i = 0; i < t.n_settings; i++)
            if (strcmp(t.settings[i].name, "min.insync.replicas") == 0 && t.settings[i].value)
                min = (int)strtol(t.settings[i].value, NULL, 10);
    admin_close(a);
    arena_free(arena);
    return min;
}

/* librdkafka tries again until the time is over and then says only that: look for the reason. The
 * partition first: a broker that waits in vain for its replicas lets requests time out, librdkafka
 * then drops the connection and calls all brokers down, though this one answers. */
static void explain_time_out(struct producer *p, char *out, size_t size)
{
    const struct failure *f = &p->failure;
    char                  limit[24] = "";
    size_t                limit_size = sizeof(limit);
    int                   in_sync = 0;
    int                   leader = 0;
    int                   min;
    int                   n;
    bool                  known;

    (void)rd_kafka_conf_get(rd_kafka_conf(p->client.rk), "message.timeout.ms", limit, &limit_size);
    n = snprintf(out, size, "not acknowledged within %ld s", strtol(limit, NULL, 10) / 1000);
    known = look_at_partition(p, f->lot->pub.name, f->partition, &in_sync, &leader);
    min = known ? min_in_sync(p, f->lot->pub.name) : 0;
    if (known && leader == -1)
        (void)snprintf(out + n, size - (size_t)n, ": the partition has no leader");
    else if (in_sync < min)
        (void)snprintf(out + n, size - (size_t)n,
                       ": min.insync.replicas is %d, but %d replica%s in sync", min, in_sync,
                       in_sync == 1 ? " is" : "s are");
    else if (p->client.down && p->client.trouble != RD_KAFKA_RESP_ERR_NO_ERROR)
        (void)snprintf(out + n, size - (size_t)n, ": %s: %s", p->client.where, p->client.why);
}

bool producer_tell_failure(struct producer *p, struct err *err)
{
    const struct failure *f = &p->failure;
    char                  reason[640];

    if (p->client.fatal && !producer_curable(p->client.rk))
        return producer_tell_fatal(p, p->client.rk, err);
    if (f->code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        explain_time_out(p, reason, sizeof(reason));
    else if (f->code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        (void)snprintf(reason, sizeof(reason), "no right to write to the topic");
    else
        (void)snprintf(reason, sizeof(reason), "%s", client_words(f->code));
    (void)err_set(err, ERR_KAFKA,
                  "kafka %s: topic %s [%d], key %s: %s (%" PRIu64 " record%s failed)",
                  p->client.brokers, f->lot->pub.name, (int)f->partition, f->key, reason,
                  p->n_failed, p->n_failed == 1 ? "" : "s");
    if (f->code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        (void)client_hint_right(&p->client, err, "Write", f->lot->pub.name);
    else if (f->code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        (void)err_hint(err, "what was acknowledged is kept: when all brokers are back, go on with "
                            "--resume");
    return false;
}

bool producer_tell_fatal(struct producer *p, rd_kafka_t *rk, struct err *err)
{
    char                reason[512] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, reason, sizeof(reason));

    if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
        (void)err_set(err, ERR_KAFKA,
                      "kafka %s: no right to write to any topic (before Kafka 3.0: or no right "
                      "IdempotentWrite on the cluster)",
                      p->client.brokers);
        return client_hint_right(&p->client, err, "Write", p->lots ? p->lots->pub.name : "NAME");
    }
    return err_set(err, ERR_KAFKA, "kafka %s: %s: %s", p->client.brokers, client_words(code),
                   reason);
}
