/*
 * producer_cure.c - records that came back: looked for in the topic and sent again, or sent alone.
 *
 * DESIGN. After a fatal idempotence error nobody can say whether the records in flight were
 * written. So the handle is closed, and once the partitions have stopped growing (a request of the
 * old handle may still be in the broker's hands) their tails are read: a record whose key is there
 * landed, the others are sent again. Records without a key cannot be told apart and are not cured.
 */
#include "lib/kafka/producer_internal.h"

#include "lib/base/clock.h"
#include "lib/base/keyset.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kafka/consumer.h"

#define LAST_REPORTS_MS 5000 /* for true reports of what is in flight when the handle is dead */
#define STILL_MS        1000 /* ends that do not change for so long are settled */
#define SETTLE_MS       30000
#define FULL_WAIT_MS    10

/* ---- held records ---------------------------------------------------------------------- */

static void held_push(struct held_list *list, struct held *h)
{
    h->next = NULL;
    if (list->last)
        list->last->next = h;
    else
        list->first = h;
    list->last = h;
    list->n++;
    list->bytes += sizeof(*h) + h->key_n + h->value_n;
}

static struct held *held_pop(struct held_list *list)
{
    struct held *h = list->first;

    if (!h)
        return NULL;
    list->first = h->next;
    if (!list->first)
        list->last = NULL;
    list->n--;
    list->bytes -= sizeof(*h) + h->key_n + h->value_n;
    return h;
}

void held_add(struct held_list *list, const rd_kafka_message_t *m)
{
    struct held *h = mem_alloc(sizeof(*h) + m->key_len + m->len);

    h->lot = m->_private;
    h->partition = m->partition;
    h->no_key = m->key == NULL;
    h->no_value = m->payload == NULL;
    h->key_n = m->key_len;
    h->value_n = m->len;
    if (m->key && m->key_len > 0)
        memcpy(h->bytes, m->key, m->key_len);
    if (m->payload && m->len > 0)
        memcpy(h->bytes + m->key_len, m->payload, m->len);
    held_push(list, h);
}

void held_drop(struct held_list *list)
{
    struct held *h;

    while ((h = held_pop(list)))
        mem_free(h);
}

static struct slice held_key(const struct held *h)
{
    return slice_of(h->no_key ? NULL : h->bytes, h->key_n);
}

static struct slice held_value(const struct held *h)
{
    return slice_of(h->no_value ? NULL : h->bytes + h->key_n, h->value_n);
}

/* ---- read back ------------------------------------------------------------------------- */

/* Wait until the partitions of the topic have stopped growing. */
static bool settle(struct producer *p, const struct lot *lot, int64_t *ends, struct err *err)
{
    int      n = lot->pub.n_partitions;
    int64_t *before = mem_array((size_t)n, sizeof(*before));
    int64_t  since = clock_mono_ns();
    int64_t  still = since;
    bool     ok;

    ok = client_offsets(&p->client, lot->pub.name, n, RD_KAFKA_OFFSET_END, ends, err);
    while (ok && client_elapsed_ms(still) < STILL_MS) {
        memcpy(before, ends, (size_t)n * sizeof(*ends));
        clock_sleep_ms(100);
        ok = client_go_on(&p->client, err, "waiting for a topic to settle") &&
             client_offsets(&p->client, lot->pub.name, n, RD_KAFKA_OFFSET_END, ends, err);
        if (ok && memcmp(before, ends, (size_t)n * sizeof(*ends)) != 0)
            still = clock_mono_ns();
        if (ok && client_elapsed_ms(since) > SETTLE_MS)
            ok = err_set(err, ERR_KAFKA,
                         "kafka %s: topic %s still grows though nothing is sent: somebody else "
                         "writes to it",
                         p->client.brokers, lot->pub.name);
    }
    mem_free(before);
    return ok;
}

static struct keyset_entry *entry_of(const struct keyset *ks, struct slice key, int32_t partition)
{
    struct keyset_entry *e = NULL;

    while ((e = keyset_find(ks, key, e)))
        if (e->partition == partition)
            return e;
    return NULL;
}

static bool on_tail(void *ctx, const struct topic_record *rec, struct err *err)
{
    struct keyset_entry *e = rec->key.p ? entry_of(ctx, rec->key, rec->partition) : NULL;

    (void)err;
    if (e) {
        e->records++;
        e->offset = rec->offset;
    }
    return true;
}

/* Read what the partitions hold behind the last record that was acknowledged. */
static bool read_tails(struct producer *p, const struct lot *lot, struct keyset *unsure,
                       const bool *concerned, struct err *err)
{
    int                 n = lot->pub.n_partitions;
    int64_t            *ends = mem_array((size_t)n, sizeof(*ends));
    struct topic_range *ranges = mem_array((size_t)n, sizeof(*ranges));
    size_t              n_ranges = 0;
    int                 i;
    bool                ok = settle(p, lot, ends, err);

    for (i = 0; ok && i < n; i++) {
        int64_t start = lot->pub.last_offset[i] + 1;

        if (start < lot->base[i])
            start = lot->base[i];
        if (concerned[i])
            ranges[n_ranges++] = (struct topic_range){ i, start, ends[i] };
    }
    ok = ok && topic_read(&p->kafka, lot->pub.name, ranges, n_ranges, on_tail, unsure, err);
    mem_free(ranges);
    mem_free(ends);
    return ok;
}

/* Take the records of one topic that landed out of the list of unsure ones. */
static void take_landed(struct producer *p, const struct lot *lot, const struct keyset *unsure)
{
    struct held_list kept = { .first = NULL };
    struct held     *h;

    while ((h = held_pop(&p->unsure))) {
        struct keyset_entry *e = h->lot == lot ? entry_of(unsure, held_key(h), h->partition) : NULL;

        if (!e || e->records == 0) {
            held_push(&kept, h);
            continue;
        }
        e->records--;
        producer_acked(h->lot, h->partition, e->offset, h->key_n + h->value_n);
        mem_free(h);
    }
    p->unsure = kept;
}

static bool find_landed(struct producer *p, const struct lot *lot, struct err *err)
{
    struct keyset     *unsure = keyset_new();
    bool              *concerned = mem_array((size_t)lot->pub.n_partitions, sizeof(*concerned));
    const struct held *h;
    bool               ok = true;

    for (h = p->unsure.first; h; h = h->next) {
        if (h->lot != lot || h->partition < 0 || h->partition >= lot->pub.n_partitions)
            continue;
        concerned[h->partition] = true;
        (void)keyset_put(unsure, held_key(h), h->partition);
    }
    if (keyset_count(unsure) > 0) {
        ok = read_tails(p, lot, unsure, concerned, err);
        if (ok)
            take_landed(p, lot, unsure);
    }
    mem_free(concerned);
    keyset_free(unsure);
    return ok;
}

/* ---- cure ------------------------------------------------------------------------------ */

bool producer_curable(rd_kafka_t *rk)
{
    switch ((int)rd_kafka_fatal_error(rk, NULL, 0)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION: return false;
    default: return true;
    }
}

/* Get every record out of a dead handle: true reports first, then what nobody knows. */
static void empty_handle(struct producer *p, struct client *c)
{
    if (!c->rk)
        return;
    if (!producer_empty(p, c, LAST_REPORTS_MS)) {
        (void)rd_kafka_purge(c->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)producer_empty(p, c, LAST_REPORTS_MS);
    }
}

static bool all_have_keys(struct producer *p, struct err *err)
{
    const struct held *h;

    for (h = p->unsure.first; h; h = h->next)
        if (h->no_key)
            return err_set(
                err, ERR_KAFKA,
                "kafka %s: topic %s [%d]: nobody knows whether a record without a key was "
                "written",
                p->client.brokers, h->lot->pub.name, (int)h->partition);
    return true;
}

/* Send again what did not land. Records that do not fit any more stay unsure. */
static bool resend(struct producer *p, struct err *err)
{
    struct held_list todo = p->unsure;
    struct held     *h;
    bool             ok = true;

    p->unsure = (struct held_list){ .first = NULL };
    while (ok && (h = held_pop(&todo))) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;

        while (ok && code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            code = producer_put(h->lot->many, h->lot, h->partition, held_key(h), held_value(h));
            if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                (void)rd_kafka_poll(p->client.rk, FULL_WAIT_MS);
            ok = client_go_on(&p->client, err, "sending again");
        }
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            mem_free(h);
            continue;
        }
        held_push(&p->unsure, h);
        if (code == RD_KAFKA_RESP_ERR__FATAL)
            p->client.fatal = true;
        else if (ok)
            ok = client_fail(&p->client, err, code, NULL, "send again to %s", h->lot->pub.name);
        if (p->client.fatal)
            break;
    }
    while ((h = held_pop(&todo)))
        held_push(&p->unsure, h);
    return ok;
}

/* A new handle in place of the dead ones, and every unsure record in the topic or in its queue. */
static bool start_again(struct producer *p, struct err *err)
{
    struct lot *lot;
    bool        ok;

    producer_close_main(p);
    producer_close_alone(p);
    ok = producer_open_main(p, err) && all_have_keys(p, err);
    for (lot = p->lots; ok && lot; lot = lot->next)
        ok = find_landed(p, lot, err);
    ok = ok && resend(p, err);
    if (!ok && err->kind != ERR_STOPPED)
        p->ended = *err;
    return ok;
}

bool producer_cure(struct producer *p, struct err *err)
{
    rd_kafka_t *dead = p->client.fatal ? p->client.rk : NULL;

    if (dead && !producer_curable(dead))
        return producer_tell_fatal(p, dead, err);
    empty_handle(p, &p->client);
    empty_handle(p, &p->alone);
    if (p->failure.code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return producer_tell_failure(p, err);
    if (p->restarts == PRODUCER_MAX_RESTARTS && dead)
        return producer_tell_fatal(p, dead, err);
    if (p->restarts == PRODUCER_MAX_RESTARTS)
        return err_set(err, ERR_KAFKA, "kafka %s: the producer lost its place %u times",
                       p->client.brokers, p->restarts + 1);
    p->restarts++;
    log_msg(LOG_WARN,
            "kafka: the producer lost its place; looking which of %zu records were written, then "
            "sending the others again (restart %u of %d)",
            p->unsure.n, p->restarts, PRODUCER_MAX_RESTARTS);
    return start_again(p, err);
}

/* ---- alone ----------------------------------------------------------------------------- */

bool producer_resend_alone(struct producer *p, struct err *err)
{
    struct held *h;

    if (!p->alone.rk && !producer_open_alone(p, err)) {
        producer_close_alone(p);
        return false;
    }
    while ((h = held_pop(&p->too_large))) {
        rd_kafka_resp_err_t code =
            producer_put(h->lot->alone, h->lot, h->partition, held_key(h), held_value(h));

        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            mem_free(h);
            continue;
        }
        held_push(code == RD_KAFKA_RESP_ERR__FATAL ? &p->unsure : &p->too_large, h);
        if (code == RD_KAFKA_RESP_ERR__FATAL)
            continue;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return client_fail(&p->alone, err, code, NULL, "send to %s", h->lot->pub.name);
        (void)rd_kafka_poll(p->alone.rk, FULL_WAIT_MS);
        if (!client_go_on(&p->client, err, "sending"))
            return false;
    }
    while (rd_kafka_outq_len(p->alone.rk) > 0) {
        if (stop_asked(p->client.stop) && !producer_empty(p, &p->alone, 10000))
            return client_go_on(&p->client, err, "sending");
        (void)rd_kafka_poll(p->alone.rk, 100);
    }
    return p->failure.code == RD_KAFKA_RESP_ERR_NO_ERROR || producer_tell_failure(p, err);
}
