/*
 * planter.c - see planter.h.
 */
#include "tests/support/planter.h"

#include "lib/base/mem.h"
#include "tests/support/test.h"

#include <librdkafka/rdkafka.h>

#define WAIT_MS 30000

struct planter {
    rd_kafka_t         *rk;
    rd_kafka_resp_err_t failed; /* the first delivery that did */
};

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct planter *p = opaque;
    int64_t        *offset = m->_private;

    (void)rk;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR && p->failed == RD_KAFKA_RESP_ERR_NO_ERROR)
        p->failed = m->err;
    if (offset)
        *offset = m->offset;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];

    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
        fail_msg("%s", text);
}

static void must(rd_kafka_error_t *error)
{
    if (error)
        fail_msg("%s", rd_kafka_error_string(error));
}

struct planter *planter_open(const char *brokers, const char *transactional_id)
{
    struct planter  *p = mem_alloc(sizeof(*p));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char             text[256];

    set(conf, "bootstrap.servers", brokers);
    set(conf, "linger.ms", "5");
    set(conf, "message.max.bytes", "10485760");
    set(conf, "enable.idempotence", "true");
    if (transactional_id)
        set(conf, "transactional.id", transactional_id);
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (!p->rk)
        fail_msg("%s", text);
    if (transactional_id)
        must(rd_kafka_init_transactions(p->rk, WAIT_MS));
    return p;
}

void planter_close(struct planter *p)
{
    if (!p)
        return;
    rd_kafka_destroy(p->rk);
    mem_free(p);
}

/* librdkafka takes what it only reads as void *: it gets a copy of its own. */
static void *copy(struct slice s)
{
    return s.p ? mem_strndup(s.p, s.n) : NULL;
}

static rd_kafka_vu_t bytes(rd_kafka_vtype_t type, void *p, size_t n)
{
    rd_kafka_vu_t v = { .vtype = type };

    v.u.mem.ptr = p;
    v.u.mem.size = n;
    return v;
}

/* Into the queue, as soon as it has room. */
static rd_kafka_resp_err_t produce(struct planter *p, const rd_kafka_vu_t *args, size_t n)
{
    rd_kafka_resp_err_t code;

    do {
        rd_kafka_error_t *error = rd_kafka_produceva(p->rk, args, n);

        code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
        if (error)
            rd_kafka_error_destroy(error);
        (void)rd_kafka_poll(p->rk, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    return code;
}

void planter_put(struct planter *p, const char *topic, int32_t partition, struct slice key,
                 struct slice value, int64_t *offset)
{
    void         *k = copy(key);
    void         *v = copy(value);
    rd_kafka_vu_t args[] = {
        { .vtype = RD_KAFKA_VTYPE_TOPIC, .u = { .cstr = topic } },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u = { .i32 = partition } },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u = { .i = RD_KAFKA_MSG_F_COPY } },
        { .vtype = RD_KAFKA_VTYPE_OPAQUE, .u = { .ptr = offset } },
        bytes(RD_KAFKA_VTYPE_KEY, k, key.n),
        bytes(RD_KAFKA_VTYPE_VALUE, v, value.n),
    };
    rd_kafka_resp_err_t code;

    if (offset)
        *offset = -1;
    code = produce(p, args, COUNT_OF(args));
    mem_free(k);
    mem_free(v);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("produce to %s: %s", topic, rd_kafka_err2str(code));
}

void planter_flush(struct planter *p)
{
    if (rd_kafka_flush(p->rk, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        p->failed != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("not delivered: %s", rd_kafka_err2str(p->failed));
}

void planter_begin(struct planter *p)
{
    must(rd_kafka_begin_transaction(p->rk));
}

void planter_abort(struct planter *p)
{
    must(rd_kafka_abort_transaction(p->rk, WAIT_MS));
}

bool planter_commit(struct planter *p)
{
    rd_kafka_error_t *error = rd_kafka_commit_transaction(p->rk, WAIT_MS);
    bool              ok = !error;

    if (error)
        rd_kafka_error_destroy(error);
    return ok;
}
