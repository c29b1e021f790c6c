/*
 * java_properties.c - see java_properties.h.
 *
 * DESIGN: only what a connection and a login need is translated, name by name. What is left of the
 * input afterwards is listed in one note: an unknown name is more likely to be one of Java's own
 * (serializers, interceptors, metrics) than something we should have known.
 */
#include "lib/kafka/java_properties.h"

#include "lib/base/buf.h"
#include "lib/kafka/jaas.h"

#include <librdkafka/rdkafka.h>
#include <strings.h>

#define NOTE_BYTES 500
#define JAAS       "sasl.jaas.config"

struct work {
    const struct java_input *in;
    struct arena            *arena;
    struct java_output      *out;
    rd_kafka_conf_t         *scratch; /* tells which values librdkafka refuses */
    struct err              *err;
};

/* What we look at; the rest is left out. */
static const char *const known_names[] = {
    "bootstrap.servers",
    "security.protocol",
    "sasl.mechanism",
    JAAS,
    "sasl.kerberos.service.name",
    "ssl.endpoint.identification.algorithm",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password", /* a PEM trust store has none */
    "ssl.truststore.certificates",
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.key.password",
    "max.request.size",
};

/* ---- in and out --------------------------------------------------------------------------- */

static const struct java_property *get(const struct work *w, const char *name)
{
    for (size_t i = w->in->n; i > 0; i--)
        if (strcmp(w->in->properties[i - 1].name, name) == 0)
            return &w->in->properties[i - 1];
    return NULL;
}

static const char *value_of(const struct work *w, const char *name, const char *otherwise)
{
    const struct java_property *p = get(w, name);

    return p ? p->value : otherwise;
}

/* Is this property of librdkafka given anyway? */
static bool is_given(const struct work *w, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < w->in->n_given; i++)
        if (strncmp(w->in->given[i], name, n) == 0 && w->in->given[i][n] == '=')
            return true;
    return false;
}

static bool fail(const struct work *w, const struct java_property *p, const char *what)
{
    return err_set(w->err, ERR_USAGE, "%s: %s%s: %s", p->where, w->in->prefix, p->name, what);
}

bool kafka_property_is_secret(const char *name)
{
    static const char *const parts[] = { "password", "pem",  "sasl.username",     "secret",
                                         "token",    "jaas", "oauthbearer.config" };

    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (strcasestr(name, parts[i]))
            return true;
    return false;
}

/* p: where it comes from. */
static bool emit(struct work *w, const char *name, const char *value, const struct java_property *p)
{
    struct java_output *out = w->out;
    char                reason[300];
    size_t              room = strlen(name) + strlen(value) + 2;
    char               *text;

    if (is_given(w, name))
        return true;
    if (rd_kafka_conf_set(w->scratch, name, value, reason, sizeof(reason)) != RD_KAFKA_CONF_OK) {
        reason[strcspn(reason, "\n")] = '\0';
        return fail(w, p, kafka_property_is_secret(name) ? "librdkafka refuses the value" : reason);
    }
    if (out->n == JAVA_PROPERTIES_MAX)
        return err_set(w->err, ERR_BUG, "too many properties for librdkafka");
    text = arena_alloc(w->arena, room);
    (void)snprintf(text, room, "%s=%s", name, value);
    out->properties[out->n++] = (struct kafka_property){ text, p->where };
    return true;
}

/* The value of a Java name under one of librdkafka's, when it is said. */
static bool copy(struct work *w, const char *java, const char *name)
{
    const struct java_property *p = get(w, java);

    return !p || emit(w, name, p->value, p);
}

static void note(struct work *w, const char *text)
{
    if (w->out->n_notes < JAVA_NOTES_MAX)
        w->out->notes[w->out->n_notes++] = arena_str(w->arena, slice_str(text));
}

/* ---- SASL --------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool plain_login(struct work *w, const struct jaas *j, const struct java_property *p)
{
    const char *user = jaas_get(j, "username");
    const char *password = jaas_get(j, "password");
    const char *token = jaas_get(j, "tokenauth");

    if (!ends_with(j->module, "PlainLoginModule") && !ends_with(j->module, "ScramLoginModule")) {
        (void)fail(w, p, "the login module is neither PlainLoginModule nor ScramLoginModule");
        return err_hint(w->err, "say -X sasl.username=... -X sasl.password=...");
    }
    if (token && strcasecmp(token, "true") == 0) {
        (void)fail(w, p, "tokenauth: librdkafka cannot log in with delegation tokens");
        return err_hint(w->err, "say -X sasl.username=... -X sasl.password=... of a user");
    }
    if (!user || !password)
        return fail(w, p, "username or password is missing");
    return emit(w, "sasl.username", user, p) && emit(w, "sasl.password", password, p);
}

/* librdkafka calls kinit itself, with a keytab. */
static bool kerberos_login(struct work *w, const struct jaas *j, const struct java_property *p)
{
    static const struct {
        const char *java;
        const char *name;
    } names[] = { { "keyTab", "sasl.kerberos.keytab" },
                  { "principal", "sasl.kerberos.principal" },
                  { "serviceName", "sasl.kerberos.service.name" } };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *value = jaas_get(j, names[i].java);

        if (value && !emit(w, names[i].name, value, p))
            return false;
    }
    return true;
}

static bool no_oauth(struct work *w, const struct java_property *mechanism)
{
    (void)fail(w, mechanism,
               "OAUTHBEARER: librdkafka must be built with OIDC for it (2.0.2 of Debian is not), "
               "and cannot run Java's login module");
    return err_hint(w->err,
                    "name a listener with another login: --kafka, -X security.protocol=..., "
                    "-X sasl.mechanism=...");
}

static bool is_mechanism(const char *mechanism, const char *begin)
{
    return strncasecmp(mechanism, begin, strlen(begin)) == 0;
}

static bool translate_sasl(struct work *w)
{
    const struct java_property *mechanism = get(w, "sasl.mechanism");
    const struct java_property *config = get(w, JAAS);
    const char                 *name = mechanism ? mechanism->value : "GSSAPI";
    bool                        kerberos = is_mechanism(name, "GSSAPI");
    struct jaas                 jaas = { .n = 0 };

    if (is_given(w, "sasl.mechanism") || is_given(w, "sasl.mechanisms"))
        return true;
    if (is_mechanism(name, "OAUTHBEARER"))
        return no_oauth(w, mechanism);
    if (!kerberos && !is_mechanism(name, "PLAIN") && !is_mechanism(name, "SCRAM-"))
        return fail(w, mechanism, "librdkafka has PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and GSSAPI");
    if (!copy(w, "sasl.mechanism", "sasl.mechanism"))
        return false;
    if (!java_property_is_needed(w->in, JAAS))
        config = NULL;
    if (config && !jaas_parse(config->value, w->arena, &jaas, w->err))
        return err_wrap(w->err, "%s: %s%s", config->where, w->in->prefix, config->name);
    if (!kerberos)
        return !config || plain_login(w, &jaas, config);
    note(w, "sasl.mechanism GSSAPI: librdkafka calls kinit with a keytab, so krb5-user and "
            "libsasl2-modules-gssapi-mit must be installed; see -X sasl.kerberos.kinit.cmd");
    return copy(w, "sasl.kerberos.service.name", "sasl.kerberos.service.name") &&
           (!config || kerberos_login(w, &jaas, config));
}

/* ---- TLS ---------------------------------------------------------------------------------- */

static bool trust_given(const struct work *w)
{
    return is_given(w, "ssl.ca.location") || is_given(w, "ssl.ca.pem") ||
           is_given(w, "enable.ssl.certificate.verification");
}

static bool translate_trust(struct work *w)
{
    const struct java_property *location = get(w, "ssl.truststore.location");
    const char                 *type = value_of(w, "ssl.truststore.type", "JKS");

    if (trust_given(w))
        return true;
    if (strcasecmp(type, "PEM") == 0)
        return copy(w, "ssl.truststore.location", "ssl.ca.location") &&
               copy(w, "ssl.truststore.certificates", "ssl.ca.pem");
    if (!location)
        return true;
    if (strcasecmp(type, "PKCS12") == 0) {
        (void)fail(w, location, "librdkafka reads no trust store of type PKCS12, only PEM");
        return err_hint(w->err,
                        "openssl pkcs12 -in %.120s -nokeys -out ca.pem makes one; then say "
                        "-X ssl.ca.location=ca.pem",
                        location->value);
    }
    (void)fail(w, location, "librdkafka reads no trust store of type JKS, only PEM");
    return err_hint(w->err,
                    "keytool -list -rfc -keystore %.120s > ca.pem makes one; then say "
                    "-X ssl.ca.location=ca.pem",
                    location->value);
}

static bool translate_pem_key(struct work *w, const struct java_property *location)
{
    if (location && (!emit(w, "ssl.certificate.location", location->value, location) ||
                     !emit(w, "ssl.key.location", location->value, location)))
        return false;
    return copy(w, "ssl.keystore.certificate.chain", "ssl.certificate.pem") &&
           copy(w, "ssl.keystore.key", "ssl.key.pem") &&
           copy(w, "ssl.key.password", "ssl.key.password");
}

static bool translate_key(struct work *w)
{
    const struct java_property *location = get(w, "ssl.keystore.location");
    const char                 *type = value_of(w, "ssl.keystore.type", "JKS");

    if (is_given(w, "ssl.keystore.location") || is_given(w, "ssl.certificate.location") ||
        is_given(w, "ssl.certificate.pem"))
        return true;
    if (strcasecmp(type, "PEM") == 0)
        return translate_pem_key(w, location);
    if (strcasecmp(type, "PKCS12") == 0)
        return copy(w, "ssl.keystore.location", "ssl.keystore.location") &&
               copy(w, "ssl.keystore.password", "ssl.keystore.password");
    if (!location)
        return true;
    (void)fail(w, location, "librdkafka reads no key store of type JKS, only PKCS12 and PEM");
    return err_hint(w->err,
                    "keytool -importkeystore -srckeystore %.80s -destkeystore client.p12 "
                    "-deststoretype PKCS12 makes one; then say -X ssl.keystore.location=client.p12 "
                    "-X ssl.keystore.password=...",
                    location->value);
}

static bool translate_tls(struct work *w)
{
    const struct java_property *check = get(w, "ssl.endpoint.identification.algorithm");

    if (check && !emit(w, check->name, *check->value ? check->value : "none", check))
        return false;
    return translate_trust(w) && translate_key(w);
}

/* ---- the rest ----------------------------------------------------------------------------- */

static bool translate_size(struct work *w)
{
    const struct java_property *p = get(w, "max.request.size");
    char                       *end;
    unsigned long long          bytes;

    if (!p)
        return true;
    bytes = strtoull(p->value, &end, 10);
    /* The limits of librdkafka's message.max.bytes, which it becomes. */
    if (end == p->value || *end != '\0' || bytes < 1000 || bytes > 1000000000)
        return fail(w, p, "not a number of bytes between 1000 and 1000000000");
    w->out->max_request_bytes = bytes;
    w->out->max_request_where = p->where;
    return true;
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(known_names); i++)
        if (strcmp(known_names[i], name) == 0)
            return true;
    return false;
}

bool java_property_is_needed(const struct java_input *in, const char *name)
{
    const struct work w = { .in = in };

    if (strcmp(name, JAAS) == 0)
        return !is_given(&w, "sasl.mechanism") &&
               !(is_given(&w, "sasl.username") && is_given(&w, "sasl.password"));
    return is_known(name) && strcmp(name, "ssl.truststore.password") != 0;
}

static void note_left_out(struct work *w)
{
    struct buf b;
    bool       any = false;
    bool       all = true;

    buf_init(&b, NOTE_BYTES);
    buf_add(&b, "properties of Kafka's Java client that are left out:");
    for (size_t i = 0; i < w->in->n; i++) {
        const char *name = w->in->properties[i].name;

        if (is_known(name))
            continue;
        all = all && b.n + strlen(name) + 8 < NOTE_BYTES && buf_printf(&b, " %s", name);
        any = true;
    }
    if (!all)
        buf_add(&b, " ...");
    if (any)
        note(w, b.p);
    buf_release(&b);
}

static bool translate(struct work *w)
{
    const struct java_property *brokers = get(w, "bootstrap.servers");
    const char                 *protocol = value_of(w, "security.protocol", "PLAINTEXT");

    for (size_t i = 0; i < w->in->n_given; i++)
        if (strncasecmp(w->in->given[i], "security.protocol=", 18) == 0)
            protocol = w->in->given[i] + 18;
    if (brokers)
        w->out->brokers = *brokers;
    if (!copy(w, "security.protocol", "security.protocol") || !translate_size(w))
        return false;
    /* As for Java, what belongs to another protocol is not looked at. */
    if (is_mechanism(protocol, "SASL_") && !translate_sasl(w))
        return false;
    if (strcasestr(protocol, "SSL") && !translate_tls(w))
        return false;
    note_left_out(w);
    return true;
}

bool java_properties_translate(const struct java_input *in, struct arena *a,
                               struct java_output *out, struct err *err)
{
    struct work w = { .in = in, .arena = a, .out = out, .err = err };
    bool        ok;

    *out = (struct java_output){ .n = 0 };
    w.scratch = rd_kafka_conf_new();
    ok = translate(&w);
    rd_kafka_conf_destroy(w.scratch);
    return ok;
}
