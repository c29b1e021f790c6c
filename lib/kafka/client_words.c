/*
 * client_words.c - Kafka's error codes as sentences, with what to do next.
 */
#include "lib/kafka/client_internal.h"

#include <stdarg.h>

#define HINT_WAIT "wait until all brokers are back, then run it again"

static const char usual_hint[] = "check --kafka and that the broker runs";

const char *client_words(rd_kafka_resp_err_t code)
{
    static const struct {
        rd_kafka_resp_err_t code;
        const char         *words;
    } table[] = {
        { RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer in time" },
        { RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, "no answer in time" },
        { RD_KAFKA_RESP_ERR__TRANSPORT, "the connection broke" },
        { RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "no broker can be reached" },
        { RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "not acknowledged in time" },
        { RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "there is no such topic, or no right to see it" },
        { RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
          "there is no such topic or partition, or no right to see it" },
        { RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
          "there is no such topic or partition, or no right to see it" },
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "no right to do this with the topic" },
        { RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "no right to do this in the cluster" },
        { RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "no right to see the group" },
        { RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "the topic exists already" },
        { RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "too few replicas are in sync" },
        { RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, "too few replicas are in sync" },
        { RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "larger than the topic's max.message.bytes" },
        { RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, "the cluster has delete.topic.enable=false" },
        { RD_KAFKA_RESP_ERR_INVALID_RECORD,
          "the broker refuses the record (a compacted topic takes none without a key)" },
        { RD_KAFKA_RESP_ERR__BAD_MSG, "its bytes are damaged (wrong CRC or format)" },
        { RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
          "a partition has no leader, or too few replicas in sync to know its end" },
    };
    size_t i;

    for (i = 0; i < COUNT_OF(table); i++)
        if (table[i].code == code)
            return table[i].words;
    return rd_kafka_err2str(code);
}

/* Codes that say no more than that no answer came. */
static bool is_silence(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__SSL ||
           code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT;
}

/* Codes of a cluster that is not whole at the moment. */
static bool is_passing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS ||
           code == RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND;
}

bool client_fail(const struct client *c, struct err *err, rd_kafka_resp_err_t code,
                 const char *detail, const char *fmt, ...)
{
    bool    silence = is_silence(code);
    char    what[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    if (silence && c->trouble != RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (c->answered)
            (void)err_set(err, ERR_KAFKA, "kafka %s: %s: %s", c->where, what, c->why);
        else
            (void)err_set(err, ERR_KAFKA, "kafka %s: %s", c->where, c->why);
        (void)err_hint(err, "%s", c->hint ? c->hint : usual_hint);
    } else if (silence) {
        (void)err_set(err, ERR_KAFKA, "kafka %s: %s: %s", c->brokers, what, client_words(code));
        (void)err_hint(err, "%s", usual_hint);
    } else {
        (void)err_set(err, ERR_KAFKA, "kafka %s: %s: %s", c->brokers, what,
                      detail && *detail ? detail : client_words(code));
        if (is_passing(code))
            (void)err_hint(err, "%s", HINT_WAIT);
    }
    err->retriable = silence || is_passing(code);
    return false;
}

bool client_hint_right(const struct client *c, struct err *err, const char *operation,
                       const char *topic)
{
    return err_hint(err,
                    "grant %s on %s%s: kafka-acls.sh --bootstrap-server %.*s --add "
                    "--allow-principal User:NAME --operation %s %s%s",
                    operation, topic ? "topic " : "the cluster", topic ? topic : "",
                    (int)strcspn(c->brokers, ","), c->brokers, operation,
                    topic ? "--topic " : "--cluster", topic ? topic : "");
}

bool client_fail_replication(const struct client *c, struct err *err, const char *topic,
                             int replication, int n_brokers, const char *detail)
{
    if (replication > n_brokers) {
        (void)err_set(err, ERR_KAFKA,
                      "kafka %s: create topic %s: replication %d but the cluster has %d broker%s",
                      c->brokers, topic, replication, n_brokers, n_brokers == 1 ? "" : "s");
        return err_hint(err, "wait for the other brokers, or give another replication in a layout "
                             "file (--layout)");
    }
    (void)err_set(
        err, ERR_KAFKA,
        "kafka %s: create topic %s: a broker is not ready (replication %d, and the cluster "
        "lists %d broker%s): %s",
        c->brokers, topic, replication, n_brokers, n_brokers == 1 ? "" : "s",
        detail && *detail ? detail : client_words(RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR));
    (void)err_hint(err, "wait a moment until every broker has started, then run it again");
    err->retriable = true;
    return false;
}
