/*
 * client.c - one handle of librdkafka: settings, and what its connections say.
 */
#include "lib/kafka/client_internal.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define FIRST_CONTACT_MS 10000 /* a cluster that never answered is not waited for any longer */
#define ALL_DOWN_MS      2000  /* nor one whose every broker refuses the connection */
#define FIRST_SLICE_MS   500
#define LAST_SLICE_MS    4000

/* What our promises rest on: -X may not change it. */
static const char *const held_settings[] = {
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "transactional.id",
    "delivery.report.only.error",
    "allow.auto.create.topics",
    "isolation.level",
    "enable.partition.eof",
    "auto.offset.reset",
    "group.id",
};

static const struct client_setting common_settings[] = {
    { "client.id", "requeue" },
    { "allow.auto.create.topics", "false" },
    { "socket.connection.setup.timeout.ms", "5000" },
    { "api.version.request.timeout.ms", "5000" },
    { "reconnect.backoff.max.ms", "500" }, /* a broker that restarts is found again at once */
    { NULL, NULL },
};

int64_t client_elapsed_ms(int64_t since)
{
    return (clock_mono_ns() - since) / 1000000;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    log_msg(LOG_DEBUG, "librdkafka %d %s: %s", level, facility, text);
}

/* Cut "[protocol://]HOST:PORT/ID: TEXT (after 3ms in state CONNECT)" into HOST:PORT and TEXT. */
static void split_reason(const char *reason, struct slice *where, struct slice *text)
{
    const char *colon = strstr(reason, ": ");
    const char *slash = colon ? memchr(reason, '/', (size_t)(colon - reason)) : NULL;
    const char *protocol = strstr(reason, "://");
    const char *from = reason;
    const char *to = colon;
    const char *after;

    *where = slice_of(NULL, 0);
    *text = slice_str(reason);
    if (protocol && colon && protocol < colon) {
        from = protocol + 3;
        slash = memchr(from, '/', (size_t)(colon - from));
    }
    if (slash) {
        to = slash;
        *where = slice_of(from, (size_t)(to - from));
        *text = slice_str(colon + 2);
    }
    after = strstr(text->p, " (after ");
    if (after)
        text->n = (size_t)(after - text->p);
}

/* librdkafka's text with the parts in front that only repeat the address replaced by our words. */
static void put_why(struct client *c, struct slice text, rd_kafka_resp_err_t code)
{
    static const struct {
        const char *begin;
        const char *words;
    } known[] = {
        { "Connect to ", "cannot connect" },
        { "Failed to resolve ", "cannot resolve the name" },
        { "SSL handshake failed", "TLS handshake failed" },
    };
    size_t i;

    for (i = 0; i < COUNT_OF(known); i++) {
        size_t      n = strlen(known[i].begin);
        const char *colon;

        if (text.n < n || strncmp(text.p, known[i].begin, n) != 0)
            continue;
        colon = memmem(text.p, text.n, ": ", 2);
        if (!colon)
            break;
        text = slice_of(colon + 2, text.n - (size_t)(colon + 2 - text.p));
        (void)snprintf(c->why, sizeof(c->why), "%s: %.*s", known[i].words, SLICE_ARG(text));
        return;
    }
    if (memmem(text.p, text.n, "setup timed out", 15))
        (void)snprintf(c->why, sizeof(c->why), "cannot connect: no answer within 5 s");
    else if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        (void)snprintf(c->why, sizeof(c->why), "login refused: %.*s", SLICE_ARG(text));
    else
        (void)snprintf(c->why, sizeof(c->why), "%.*s", SLICE_ARG(text));
}

static bool is_login(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
}

/* Runs in the client's own thread, inside rd_kafka_poll() and the like. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct client *c = opaque;
    struct slice   where;
    struct slice   text;

    (void)rk;
    log_msg(LOG_DEBUG, "librdkafka error %s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)code),
            reason);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        c->fatal = true;
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        c->down = true;
        return;
    }
    /* A refused login shows as a closed connection too: keep the better reason. */
    if (is_login(c->trouble) && !is_login((rd_kafka_resp_err_t)code))
        return;
    c->trouble = (rd_kafka_resp_err_t)code;
    split_reason(reason, &where, &text);
    put_why(c, text, c->trouble);
    if (where.n > 0 && !memmem(c->brokers, strlen(c->brokers), where.p, where.n))
        (void)snprintf(c->where, sizeof(c->where), "%.*s", SLICE_ARG(where));
    else
        (void)snprintf(c->where, sizeof(c->where), "%s", c->brokers);
}

static bool is_secret(const char *name)
{
    return strstr(name, "password") || strstr(name, "pem") || strstr(name, "sasl.username") ||
           strstr(name, "secret") || strstr(name, "oauthbearer.config");
}

static bool is_held(const char *name)
{
    size_t i;

    for (i = 0; i < COUNT_OF(held_settings); i++)
        if (strcmp(name, held_settings[i]) == 0)
            return true;
    return false;
}

static bool set_prop(rd_kafka_conf_t *rc, const char *prop, struct err *err)
{
    const char *eq = strchr(prop, '=');
    char        reason[300];
    char       *name;
    bool        ok = true;

    if (!eq || eq == prop) {
        (void)err_set(err, ERR_USAGE, "-X: a property is written name=value");
        return false;
    }
    name = mem_strndup(prop, (size_t)(eq - prop));
    if (is_held(name)) {
        (void)err_set(err, ERR_USAGE, "-X %s: requeue sets this property itself", name);
        ok = err_hint(err, "what requeue proves rests on it: leave it out");
    } else if (rd_kafka_conf_set(rc, name, eq + 1, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) {
        (void)err_set(err, ERR_USAGE, "-X %s: %s", name,
                      is_secret(name) ? "librdkafka refuses the value" : reason);
        ok = err_hint(err, "the names are in librdkafka's CONFIGURATION.md");
    }
    mem_free(name);
    return ok;
}

/* Our own settings. One that this librdkafka does not know was added later: it does without. */
static bool set_all(rd_kafka_conf_t *rc, const struct client_setting *settings, struct err *err)
{
    for (; settings && settings->name; settings++) {
        char                reason[300];
        rd_kafka_conf_res_t res =
            rd_kafka_conf_set(rc, settings->name, settings->value, reason, sizeof(reason));

        if (res == RD_KAFKA_CONF_INVALID)
            return err_set(err, ERR_BUG, "librdkafka refuses %s=%s: %s", settings->name,
                           settings->value, reason);
    }
    return true;
}

static bool fill_conf(rd_kafka_conf_t *rc, const struct kafka_conf *conf,
                      const struct client_setting *settings, struct err *err)
{
    char   reason[300];
    size_t i;

    if (!set_all(rc, common_settings, err))
        return false;
    if (rd_kafka_conf_set(rc, "bootstrap.servers", conf->brokers, reason, sizeof(reason)) !=
        RD_KAFKA_CONF_OK)
        return err_set(err, ERR_USAGE, "--kafka %s: %s", conf->brokers, reason);
    if (!set_all(rc, settings, err))
        return false;
    for (i = 0; i < conf->n_props; i++)
        if (!set_prop(rc, conf->props[i], err))
            return false;
    return true;
}

bool client_open(struct client *c, const struct kafka_conf *conf, rd_kafka_type_t type,
                 const struct client_setting *settings, client_report_fn report, struct err *err)
{
    rd_kafka_conf_t *rc = rd_kafka_conf_new();
    void            *owner = c->owner;
    char             reason[300];
    size_t           size = sizeof(c->brokers);

    *c = (struct client){ .owner = owner };
    c->stop = conf->stop;
    c->timeout_ms = conf->timeout_ms ? conf->timeout_ms : KAFKA_TIMEOUT_MS;
    if (!fill_conf(rc, conf, settings, err)) {
        rd_kafka_conf_destroy(rc);
        return false;
    }
    if (rd_kafka_conf_get(rc, "bootstrap.servers", c->brokers, &size) != RD_KAFKA_CONF_OK)
        (void)snprintf(c->brokers, sizeof(c->brokers), "%.*s", (int)sizeof(c->brokers) - 1,
                       conf->brokers);
    rd_kafka_conf_set_opaque(rc, c);
    rd_kafka_conf_set_log_cb(rc, on_log);
    rd_kafka_conf_set_error_cb(rc, on_error);
    if (report)
        rd_kafka_conf_set_dr_msg_cb(rc, report);
    c->rk = rd_kafka_new(type, rc, reason, sizeof(reason));
    if (!c->rk) {
        rd_kafka_conf_destroy(rc);
        return err_set(err, ERR_USAGE, "kafka settings: %s", reason);
    }
    return true;
}

void client_close(struct client *c)
{
    if (c->rk)
        rd_kafka_destroy(c->rk);
    c->rk = NULL;
}

void client_answered(struct client *c)
{
    c->answered = true;
    c->down = false;
    c->trouble = RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool client_hopeless(const struct client *c, int64_t since)
{
    int64_t ms = client_elapsed_ms(since);

    if (is_login(c->trouble))
        return true;
    if (c->down && ms >= ALL_DOWN_MS)
        return true;
    return ms >= c->timeout_ms || (!c->answered && ms >= FIRST_CONTACT_MS);
}

bool client_go_on(const struct client *c, struct err *err, const char *what)
{
    if (stop_asked(c->stop))
        return err_set(err, ERR_STOPPED, "stopped while %s", what);
    return true;
}

/* A slow cluster gets more time for its answer; one that cannot be reached gets none. */
static int next_slice(const struct client *c, int slice_ms)
{
    return c->down || slice_ms >= LAST_SLICE_MS ? slice_ms : slice_ms * 2;
}

bool client_metadata(struct client *c, const struct rd_kafka_metadata **out, struct err *err)
{
    int64_t since = clock_mono_ns();
    int     slice_ms = FIRST_SLICE_MS;

    for (;;) {
        /* All topics, never one by name: that could create it. */
        rd_kafka_resp_err_t code = rd_kafka_metadata(c->rk, 1, NULL, out, slice_ms);

        (void)rd_kafka_poll(c->rk, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            client_answered(c);
            return true;
        }
        if (!client_go_on(c, err, "asking Kafka for its topics"))
            return false;
        if (client_hopeless(c, since))
            return client_fail(c, err, code, NULL, "list topics");
        slice_ms = next_slice(c, slice_ms);
    }
}

static bool may_pass(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           code == RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR ||
           code == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH;
}

/* One try. The broker reads a "timestamp" of -2 or -1 as the beginning or the end. */
static rd_kafka_resp_err_t ask_offsets(struct client *c, const char *topic, int n, int64_t which,
                                       int64_t *out, int slice_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    rd_kafka_resp_err_t              code;
    int                              i;

    for (i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = which;
    code = rd_kafka_offsets_for_times(c->rk, list, slice_ms);
    for (i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < n; i++) {
        const rd_kafka_topic_partition_t *tp = rd_kafka_topic_partition_list_find(list, topic, i);

        if (!tp || (tp->err == RD_KAFKA_RESP_ERR_NO_ERROR && tp->offset < 0))
            code = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
        else if (tp->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            code = tp->err;
        else
            out[i] = tp->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

bool client_offsets(struct client *c, const char *topic, int n, int64_t which, int64_t *out,
                    struct err *err)
{
    int64_t since = clock_mono_ns();
    int     slice_ms = FIRST_SLICE_MS;

    if (n <= 0)
        return true;
    for (;;) {
        rd_kafka_resp_err_t code = ask_offsets(c, topic, n, which, out, slice_ms);

        (void)rd_kafka_poll(c->rk, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            client_answered(c);
            return true;
        }
        if (!client_go_on(c, err, "asking Kafka for offsets"))
            return false;
        if (!may_pass(code) || client_hopeless(c, since))
            return client_fail(c, err, code, NULL, "offsets of %s", topic);
        clock_sleep_ms(50);
        slice_ms = next_slice(c, slice_ms);
    }
}
