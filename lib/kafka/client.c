/*
 * client.c - one handle of librdkafka: settings, and what its connections say.
 */
#include "lib/kafka/client_internal.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/kafka/java_properties.h"

#define FIRST_CONTACT_MS 10000 /* a cluster that never answered is not waited for any longer */
#define ALL_DOWN_MS      2000  /* nor one whose every broker refuses the connection */
#define UNKNOWN_MS       3000  /* nor a topic that is not there */
#define FIRST_SLICE_MS   500
#define LAST_SLICE_MS    4000
#define FIRST_PAUSE_MS   5 /* a topic that was just created has its leaders in a moment */
#define LAST_PAUSE_MS    80

#define HINT_OWN_CERTIFICATE                                                                       \
    "give a client certificate: -X ssl.keystore.location of a PKCS12 file, or "                    \
    "ssl.certificate.location and ssl.key.location"

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

/* A line of librdkafka's, "[protocol://]HOST:PORT/ID: TEXT (after 3ms in state CONNECT)". */
struct reason {
    struct slice where;     /* HOST:PORT; p NULL: not of that form */
    bool         bootstrap; /* the address is one of --kafka, not one the cluster told */
    struct slice text;
};

static struct reason split_reason(const char *line)
{
    struct reason r = { .text = slice_str(line) };
    const char   *protocol = strstr(line, "://");
    const char   *from = protocol ? protocol + 3 : line;
    const char   *colon = strstr(from, ": ");
    const char   *slash = colon ? memchr(from, '/', (size_t)(colon - from)) : NULL;
    const char   *after;

    if (slash) {
        r.where = slice_of(from, (size_t)(slash - from));
        r.bootstrap = strncmp(slash, "/bootstrap", 10) == 0;
        r.text = slice_str(colon + 2);
    }
    after = strstr(r.text.p, " (after ");
    if (after)
        r.text.n = (size_t)(after - r.text.p);
    return r;
}

/* librdkafka lists the mechanisms of a listener that has none. */
static bool takes_no_login(struct slice text)
{
    static const char end[] = "supported mechanisms:";
    size_t            n = sizeof(end) - 1;

    while (text.n > 0 && text.p[text.n - 1] == ' ')
        text.n--;
    return text.n >= n && memcmp(text.p + text.n - n, end, n) == 0;
}

/* librdkafka's text in our words where we know better ones. */
static void put_why(struct client *c, struct slice text)
{
    static const struct {
        const char *part;  /* of librdkafka's text */
        const char *words; /* NULL: the text as it is */
        bool        rest;  /* what follows the first colon is said too */
        const char *hint;  /* NULL: the usual one */
    } known[] = {
        { "Connect to ", "cannot connect", true, NULL },
        { "setup timed out", "cannot connect: no answer", false, NULL },
        { "Failed to resolve ", "cannot resolve the name", true, NULL },
        { "alert bad certificate", "the broker refuses our certificate, or wants one", false,
          HINT_OWN_CERTIFICATE },
        { "alert certificate required", "the broker wants a certificate of ours", false,
          HINT_OWN_CERTIFICATE },
        { "SSL handshake failed", "TLS handshake failed", true,
          "check -X security.protocol, ssl.ca.location and the broker's certificate" },
        { "Disconnected while requesting ApiVersion", "it closes the connection at once", false,
          "check -X security.protocol: the listener may want TLS" },
        { "security.protocol is correctly configured", "it closes the connection at once", false,
          "check -X security.protocol: the listener may want a login" },
        { "SASL", NULL, false,
          "check user, password and mechanism: -X sasl.username, sasl.password, sasl.mechanism, or "
          "sasl.jaas.config in Kestra's file" },
        { "Invalid response size", "what answers there does not speak Kafka's protocol", false,
          "check the port, and -X security.protocol: the listener may want TLS" },
        { "ApiVersionRequest failed", "it takes connections, but does not answer", false,
          "check the port, and -X security.protocol: the listener may want TLS" },
    };
    size_t i;

    c->hint = NULL;
    if (takes_no_login(text)) {
        c->hint = "check -X security.protocol: this listener wants none";
        (void)snprintf(c->why, sizeof(c->why), "login refused: the listener knows no logins");
        return;
    }
    for (i = 0; i < COUNT_OF(known); i++) {
        const char *colon = memmem(text.p, text.n, ": ", 2);

        if (!memmem(text.p, text.n, known[i].part, strlen(known[i].part)))
            continue;
        c->hint = known[i].hint;
        if (!known[i].words)
            break;
        if (known[i].rest && colon)
            (void)snprintf(c->why, sizeof(c->why), "%s: %.*s", known[i].words,
                           (int)(text.n - (size_t)(colon + 2 - text.p)), colon + 2);
        else
            (void)snprintf(c->why, sizeof(c->why), "%s", known[i].words);
        return;
    }
    (void)snprintf(c->why, sizeof(c->why), "%s%.*s",
                   c->trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION ? "login refused: " : "",
                   SLICE_ARG(text));
}

static bool is_login(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__SSL || code == RD_KAFKA_RESP_ERR__AUTHENTICATION;
}

/* Runs in the client's own thread, inside rd_kafka_poll() and the like. */
static void on_error(rd_kafka_t *rk, int code, const char *line, void *opaque)
{
    struct client *c = opaque;
    struct reason  r;

    (void)rk;
    log_msg(LOG_DEBUG, "librdkafka error %s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)code),
            line);
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
    r = split_reason(line);
    put_why(c, r.text);
    if (!r.where.p || r.bootstrap || memmem(c->brokers, strlen(c->brokers), r.where.p, r.where.n)) {
        (void)snprintf(c->where, sizeof(c->where), "%s", c->brokers);
        return;
    }
    (void)snprintf(c->where, sizeof(c->where), "%.*s", SLICE_ARG(r.where));
    if (!c->hint)
        c->hint = "this address is not in --kafka: the cluster names it (advertised.listeners)";
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
        return err_hint(err, "for example -X security.protocol=SSL");
    }
    name = mem_strndup(prop, (size_t)(eq - prop));
    if (is_held(name)) {
        (void)err_set(err, ERR_USAGE, "-X %s: requeue sets this property itself", name);
        ok = err_hint(err, "what requeue proves rests on it: leave it out");
    } else if (rd_kafka_conf_set(rc, name, eq + 1, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) {
        reason[strcspn(reason, "\n")] = '\0';
        (void)err_set(err, ERR_USAGE, "-X %s: %s", name,
                      kafka_property_is_secret(name) ? "librdkafka refuses the value" : reason);
        ok = err_hint(err, "names and values are in librdkafka's CONFIGURATION.md");
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
    if (conf->brokers && rd_kafka_conf_set(rc, "bootstrap.servers", conf->brokers, reason,
                                           sizeof(reason)) != RD_KAFKA_CONF_OK)
        return err_set(err, ERR_USAGE, "--kafka %s: %s", conf->brokers, reason);
    if (!set_all(rc, settings, err))
        return false;
    for (i = 0; i < conf->n_props; i++)
        if (!set_prop(rc, conf->props[i], err))
            return false;
    return true;
}

/* What librdkafka says of settings that do not go together. */
static bool tell_settings(const char *reason, struct err *err)
{
    (void)err_set(err, ERR_USAGE, "-X: %s", reason);
    if (strstr(reason, "kerberos"))
        return err_hint(err, "without -X sasl.mechanism it is Kerberos (GSSAPI): say PLAIN or "
                             "SCRAM-SHA-512, for example");
    if (strstr(reason, "mac verify failure"))
        return err_hint(err, "its password is another one: see ssl.keystore.password");
    if (strstr(reason, ".location"))
        return err_hint(err, "is the file there, may it be read, and is it PEM?");
    return err_hint(err, "see what -X says");
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
    (void)rd_kafka_conf_get(rc, "bootstrap.servers", c->brokers, &size);
    if (size > sizeof(c->brokers)) /* cut: it is only for messages */
        memcpy(c->brokers + sizeof(c->brokers) - 4, "...", 4);
    if (c->brokers[0] == '\0') {
        rd_kafka_conf_destroy(rc);
        (void)err_set(err, ERR_USAGE, "no Kafka broker is named");
        return err_hint(err, "say --kafka HOST:PORT");
    }
    rd_kafka_conf_set_opaque(rc, c);
    rd_kafka_conf_set_log_cb(rc, on_log);
    rd_kafka_conf_set_error_cb(rc, on_error);
    if (report)
        rd_kafka_conf_set_dr_msg_cb(rc, report);
    c->rk = rd_kafka_new(type, rc, reason, sizeof(reason));
    if (!c->rk) {
        rd_kafka_conf_destroy(rc);
        return tell_settings(reason, err);
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

/* Not known yet, or not at all: a broker learns of a new topic a little later than we. */
static bool is_unknown(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static bool may_pass(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR ||
           code == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH;
}

rd_kafka_resp_err_t client_ask_offsets(rd_kafka_t *rk, const char *topic, int32_t first, int n,
                                       int64_t which, int64_t *out, int limit_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    rd_kafka_resp_err_t              code;
    int                              i;

    for (i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(list, topic, first + i)->offset = which;
    /* The broker reads a "timestamp" of -2 or -1 as the beginning or the end. This call keeps its
     * time-out; rd_kafka_query_watermark_offsets() may hang for socket.timeout.ms. */
    code = rd_kafka_offsets_for_times(rk, list, limit_ms);
    for (i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < n; i++) {
        const rd_kafka_topic_partition_t *tp =
            rd_kafka_topic_partition_list_find(list, topic, first + i);

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
    int64_t  since = clock_mono_ns();
    int      slice_ms = FIRST_SLICE_MS;
    unsigned pause_ms = FIRST_PAUSE_MS;

    if (n <= 0)
        return true;
    for (;;) {
        rd_kafka_resp_err_t code = client_ask_offsets(c->rk, topic, 0, n, which, out, slice_ms);

        (void)rd_kafka_poll(c->rk, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            client_answered(c);
            return true;
        }
        if (!client_go_on(c, err, "asking Kafka for offsets"))
            return false;
        if (is_unknown(code) ? client_elapsed_ms(since) >= UNKNOWN_MS
                             : !may_pass(code) || client_hopeless(c, since)) {
            (void)client_fail(c, err, code, NULL, "offsets of %s", topic);
            return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                       ? client_hint_right(c, err, "Describe", topic)
                       : false;
        }
        clock_sleep_ms(pause_ms);
        pause_ms = pause_ms < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
        slice_ms = next_slice(c, slice_ms);
    }
}
