/*
 * producer.c - the way of a record: into the queue, and back as a delivery report.
 *
 * DESIGN: the only truth is the delivery report. A report ends in one of four ways: acknowledged
 * (counted), too large (held, to be sent alone before it is believed), unsure (the handle is dead:
 * held, to be looked for in the topic), failed for good (the first is told). Everything runs in
 * the caller's thread: librdkafka calls report() only inside rd_kafka_poll().
 *
 * No RD_KAFKA_MSG_F_BLOCK: a message leaves the queue when its report is served, and a blocked
 * producer would serve none.
 */
#include "lib/kafka/producer_internal.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <inttypes.h>

#define POLL_EVERY      128
#define FULL_WAIT_MS    10
#define OUTAGE_MS       1000 /* before it is told that no broker is there */
#define DRAIN_TICK_MS   100
#define STOP_WAIT_MS    10000                      /* for reports after stop was asked */
#define TOO_LARGE_BYTES ((size_t)16 * 1024 * 1024) /* held at most before they are sent alone */

static void report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

#define TEXT_OF(number) TEXT(number)
#define TEXT(number)    #number

bool producer_open_main(struct producer *p, struct err *err)
{
    const struct client_setting settings[] = {
        { "acks", "all" },
        { "enable.idempotence", "true" },
        { "compression.codec", "lz4" },
        { "linger.ms", "50" },
        { "batch.size", "1000000" },
        { "batch.num.messages", "10000" },
        { "queue.buffering.max.kbytes", TEXT_OF(PRODUCER_QUEUE_KB) },
        { "queue.buffering.max.messages", "100000" },
        { "message.max.bytes", p->message_max },
        { "message.timeout.ms", "120000" },
        { NULL, NULL },
    };
    struct lot *lot;

    if (!client_open(&p->client, &p->kafka, RD_KAFKA_PRODUCER, settings, report, err))
        return false;
    for (lot = p->lots; lot; lot = lot->next) {
        lot->many = rd_kafka_topic_new(p->client.rk, lot->pub.name, NULL);
        if (!lot->many)
            return client_fail(&p->client, err, rd_kafka_last_error(), NULL, "topic %s",
                               lot->pub.name);
    }
    return true;
}

bool producer_open_alone(struct producer *p, struct err *err)
{
    const struct client_setting settings[] = {
        { "acks", "all" },
        { "enable.idempotence", "true" },
        { "compression.codec", "lz4" },
        { "linger.ms", "0" },
        { "batch.num.messages", "1" },
        { "max.in.flight.requests.per.connection", "1" },
        { "queue.buffering.max.kbytes", TEXT_OF(PRODUCER_QUEUE_KB) },
        { "message.max.bytes", p->message_max },
        { "message.timeout.ms", "120000" },
        { NULL, NULL },
    };
    struct lot *lot;

    if (!client_open(&p->alone, &p->kafka, RD_KAFKA_PRODUCER, settings, report, err))
        return false;
    for (lot = p->lots; lot; lot = lot->next) {
        lot->alone = rd_kafka_topic_new(p->alone.rk, lot->pub.name, NULL);
        if (!lot->alone)
            return client_fail(&p->alone, err, rd_kafka_last_error(), NULL, "topic %s",
                               lot->pub.name);
    }
    return true;
}

void producer_close_main(struct producer *p)
{
    struct lot *lot;

    for (lot = p->lots; lot; lot = lot->next) {
        if (lot->many)
            rd_kafka_topic_destroy(lot->many);
        lot->many = NULL;
    }
    client_close(&p->client);
}

void producer_close_alone(struct producer *p)
{
    struct lot *lot;

    for (lot = p->lots; lot; lot = lot->next) {
        if (lot->alone)
            rd_kafka_topic_destroy(lot->alone);
        lot->alone = NULL;
    }
    client_close(&p->alone);
}

bool producer_open(const struct kafka_conf *conf, const struct producer_conf *pc,
                   struct producer **out, struct err *err)
{
    struct producer *p = mem_alloc(sizeof(*p));

    p->kafka = *conf;
    p->conf = *pc;
    p->client.owner = p;
    p->alone.owner = p;
    (void)snprintf(p->message_max, sizeof(p->message_max), "%" PRIu64, pc->message_max_bytes);
    if (!producer_open_main(p, err)) {
        producer_close(p);
        return false;
    }
    *out = p;
    return true;
}

void producer_close(struct producer *p)
{
    if (!p)
        return;
    producer_close_main(p);
    producer_close_alone(p);
    while (p->lots) {
        struct lot *lot = p->lots;

        p->lots = lot->next;
        mem_free(lot->pub.acked);
        mem_free(lot->pub.last_offset);
        mem_free(lot->base);
        /* The name is a copy of ours, const only for the caller. */
        mem_free((void *)(uintptr_t)lot->pub.name);
        mem_free(lot);
    }
    held_drop(&p->too_large);
    held_drop(&p->unsure);
    mem_free(p);
}

bool producer_add_topic(struct producer *p, const char *name, int n_partitions,
                        struct producer_topic **out, struct err *err)
{
    struct lot *lot = mem_alloc(sizeof(*lot));
    int         i;

    lot->pub.name = mem_strdup(name);
    lot->pub.n_partitions = n_partitions;
    lot->pub.acked = mem_array((size_t)n_partitions, sizeof(*lot->pub.acked));
    lot->pub.last_offset = mem_array((size_t)n_partitions, sizeof(*lot->pub.last_offset));
    lot->base = mem_array((size_t)n_partitions, sizeof(*lot->base));
    for (i = 0; i < n_partitions; i++)
        lot->pub.last_offset[i] = -1;
    lot->next = p->lots;
    p->lots = lot; /* from here on producer_close() frees it */
    lot->many = rd_kafka_topic_new(p->client.rk, name, NULL);
    if (!lot->many)
        return client_fail(&p->client, err, rd_kafka_last_error(), NULL, "topic %s", name);
    if (p->alone.rk)
        producer_close_alone(p); /* it is opened again with all topics */
    if (!client_offsets(&p->client, name, n_partitions, RD_KAFKA_OFFSET_END, lot->base, err))
        return false;
    *out = &lot->pub;
    return true;
}

unsigned producer_restarts(const struct producer *p)
{
    return p->restarts;
}

/* ---- reports --------------------------------------------------------------------------- */

void producer_acked(struct lot *lot, int32_t partition, int64_t offset, size_t bytes)
{
    lot->pub.delivered++;
    lot->pub.bytes += bytes;
    if (partition < 0 || partition >= lot->pub.n_partitions)
        return;
    lot->pub.acked[partition]++;
    /* An acknowledgement of a repeated request may come without an offset. */
    if (offset > lot->pub.last_offset[partition])
        lot->pub.last_offset[partition] = offset;
}

/* Refused by itself: this time it is true. */
static void refused(struct producer *p, struct lot *lot, const rd_kafka_message_t *m)
{
    lot->pub.too_large++;
    if (p->conf.on_too_large)
        p->conf.on_too_large(p->conf.ctx, lot->pub.name, m->partition,
                             slice_of(m->key, m->key_len));
}

/* Errors after which a record may or may not be in the topic, though the handle goes on. */
static bool is_unsure(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING;
}

static void report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct client   *c = opaque;
    struct producer *p = c->owner;
    struct lot      *lot = m->_private;

    p->reports++;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer_acked(lot, m->partition, m->offset, m->len + m->key_len);
        client_answered(c);
    } else if (p->giving_up) {
        p->n_failed++;
    } else if (m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && c == &p->alone) {
        refused(p, lot, m);
    } else if (m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        held_add(&p->too_large, m);
    } else if (is_unsure(m->err) || producer_curable(rk)) {
        held_add(&p->unsure, m);
    } else {
        /* Never rd_kafka_message_errstr(): for a report it answers with the payload. */
        producer_note_failure(p, m);
    }
}

/* ---- send ------------------------------------------------------------------------------ */

rd_kafka_resp_err_t producer_put(rd_kafka_topic_t *rkt, struct lot *lot, int32_t partition,
                                 struct slice key, struct slice value)
{
    /* librdkafka takes a pointer to what it may not change when it copies. */
    void *payload = (void *)(uintptr_t)value.p;

    if (rd_kafka_produce(rkt, partition, RD_KAFKA_MSG_F_COPY, payload, value.n, key.p, key.n,
                         lot) == -1)
        return rd_kafka_last_error();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* librdkafka tries again for message.timeout.ms: two minutes in which a person should know why
 * nothing moves. Not in the first moment, whose reason is only that a connection broke. */
static void tell_outage(struct producer *p)
{
    const struct client *c = &p->client;

    if (!c->down) {
        if (p->told_down)
            log_msg(LOG_INFO, "kafka %s is back", c->brokers);
        p->down_since = 0;
        p->told_down = false;
    } else if (p->down_since == 0) {
        p->down_since = clock_mono_ns();
    } else if (!p->told_down && client_elapsed_ms(p->down_since) >= OUTAGE_MS) {
        log_msg(LOG_WARN, "kafka %s: %s; trying again until it is back", c->where, c->why);
        p->told_down = true;
    }
}

/* Is there anything to be done before the next record? */
static bool look_after(struct producer *p, struct err *err)
{
    tell_outage(p);
    if (p->ended.kind != ERR_NONE) {
        *err = p->ended;
        return false;
    }
    if (p->failure.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return producer_tell_failure(p, err);
    if (!client_go_on(&p->client, err, "sending"))
        return false;
    if ((p->client.fatal || p->unsure.n > 0) && !producer_cure(p, err))
        return false;
    if (p->too_large.bytes > TOO_LARGE_BYTES && !producer_resend_alone(p, err))
        return false;
    return true;
}

enum send_result producer_send(struct producer *p, struct producer_topic *t, int32_t partition,
                               struct slice key, struct slice value, struct err *err)
{
    struct lot *lot = (struct lot *)t;

    for (;;) {
        rd_kafka_resp_err_t code;

        if (!look_after(p, err))
            return SEND_FAILED;
        code = producer_put(lot->many, lot, partition, key, value);
        switch ((int)code) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            t->sent++;
            if (++p->unpolled >= POLL_EVERY) {
                p->unpolled = 0;
                (void)rd_kafka_poll(p->client.rk, 0);
            }
            return SEND_OK;
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return SEND_TOO_LARGE;
        case RD_KAFKA_RESP_ERR__QUEUE_FULL: (void)rd_kafka_poll(p->client.rk, FULL_WAIT_MS); break;
        case RD_KAFKA_RESP_ERR__FATAL: p->client.fatal = true; break;
        default:
            (void)client_fail(&p->client, err, code, NULL, "send to %s [%d], key %.*s", t->name,
                              (int)partition, SLICE_ARG(key));
            return SEND_FAILED;
        }
    }
}

/* ---- drain ----------------------------------------------------------------------------- */

bool producer_empty(struct producer *p, struct client *c, int64_t limit_ms)
{
    uint64_t seen = p->reports;
    int64_t  last = clock_mono_ns();

    while (rd_kafka_outq_len(c->rk) > 0) {
        (void)rd_kafka_poll(c->rk, DRAIN_TICK_MS);
        if (p->reports != seen) {
            seen = p->reports;
            last = clock_mono_ns();
        } else if (client_elapsed_ms(last) >= limit_ms) {
            return false;
        }
    }
    return true;
}

/* Stop was asked and no report comes any more: count what is lost. */
static bool abandon(struct producer *p, struct err *err)
{
    uint64_t lost;

    p->giving_up = true;
    (void)rd_kafka_purge(p->client.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)producer_empty(p, &p->client, STOP_WAIT_MS);
    lost = p->n_failed + p->unsure.n + p->too_large.n + (uint64_t)rd_kafka_outq_len(p->client.rk);
    if (lost == 0)
        return true;
    return err_set(err, ERR_STOPPED, "stopped: %" PRIu64 " records were sent but not acknowledged",
                   lost);
}

/* Like producer_empty, but as long as it takes: every record is reported in the end. */
static bool await_reports(struct producer *p)
{
    while (rd_kafka_outq_len(p->client.rk) > 0 && !p->client.fatal) {
        tell_outage(p);
        if (stop_asked(p->client.stop))
            return producer_empty(p, &p->client, STOP_WAIT_MS);
        /* Polls too, and lets no batch wait for linger.ms. */
        (void)rd_kafka_flush(p->client.rk, DRAIN_TICK_MS);
    }
    return true;
}

bool producer_drain(struct producer *p, struct err *err)
{
    for (;;) {
        if (p->ended.kind != ERR_NONE) {
            *err = p->ended;
            return false;
        }
        (void)rd_kafka_poll(p->client.rk, 0);
        if (!await_reports(p))
            return abandon(p, err);
        if (p->failure.code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return producer_tell_failure(p, err);
        if (stop_asked(p->client.stop))
            return abandon(p, err);
        if (p->client.fatal || p->unsure.n > 0) {
            if (!producer_cure(p, err))
                return false;
        } else if (p->too_large.n > 0) {
            if (!producer_resend_alone(p, err))
                return false;
        } else if (rd_kafka_outq_len(p->client.rk) == 0) {
            return true;
        }
    }
}
