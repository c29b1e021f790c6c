/*
 * test_java_properties.c - the Java client's settings become librdkafka's, or a line that says why
 * not; no value of a secret is ever told.
 */
#include "tests/support/test.h"

#include "lib/kafka/jaas.h"
#include "lib/kafka/java_properties.h"

#define SECRET         "hunter2"
#define PLAIN(options) ("org.apache.kafka.common.security.plain.PlainLoginModule required " options)
#define SCRAM(options) ("org.apache.kafka.common.security.scram.ScramLoginModule required " options)

struct fixture {
    struct arena      *arena;
    struct java_output out;
    struct err         err;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->arena = arena_new(4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    mem_free(f);
    return 0;
}

/* pairs: name, value, ..., NULL. given: "name=value" or NULL. */
static bool translate(struct fixture *f, const char *const *pairs, const char *given)
{
    struct java_property p[16];
    struct java_input    in = { .properties = p, .given = &given, .prefix = "P." };

    in.n_given = given ? 1 : 0;
    for (; pairs[2 * in.n]; in.n++)
        p[in.n] = (struct java_property){ pairs[2 * in.n], pairs[2 * in.n + 1], "f.yml:7" };
    f->err = ERR_INIT;
    return java_properties_translate(&in, f->arena, &f->out, &f->err);
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL, NULL                                                                    \
    }
#define TRANSLATE(f, ...)       translate(f, LIST(__VA_ARGS__), NULL)
#define GIVEN(f, property, ...) translate(f, LIST(__VA_ARGS__), property)

/* "a=1 b=2": all that came out, in order. */
static void assert_out(const struct fixture *f, const char *expected)
{
    char   text[1000] = "";
    size_t n = 0;

    if (f->err.kind != ERR_NONE)
        fail_msg("%s", f->err.msg);
    for (size_t i = 0; i < f->out.n; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? " " : "",
                              f->out.properties[i].text);
    assert_string_equal(text, expected);
}

static void assert_refused(const struct fixture *f, const char *message, const char *hint)
{
    assert_int_equal(f->err.kind, ERR_USAGE);
    assert_string_equal(f->err.msg, message);
    if (!strstr(f->err.hint, hint))
        fail_msg("hint: %s", f->err.hint);
    assert_null(strstr(f->err.msg, SECRET));
    assert_null(strstr(f->err.hint, SECRET));
}

/* ---- JAAS --------------------------------------------------------------------------------- */

static void jaas_is_read_as_java_reads_it(void **state)
{
    static const struct {
        const char *text;
        const char *username;
        const char *password;
    } cases[] = {
        { "a.B required username=\"u\" password=\"p\";", "u", "p" },
        { "a.B required\n  username='u'\n  password=p;\n", "u", "p" },
        { "a.B REQUIRED username = \"u v\" password=\"a=b;c\" ;", "u v", "a=b;c" },
        { "a.B required username=\"a\\\"b\" password=\"c\\\\d\\te\";", "a\"b", "c\\d\te" },
        { "a.B required username=\"\\101\\60\" password=\"'\\477\";", "A0", "''7" },
        { "a.B required /* no */ username=\"u\" // x\n password=\"//p\";", "u", "//p" },
        { "a.B sufficient username=\"\" password=\"\xc3\xa9\"; /* end", "", "\xc3\xa9" },
        { "a.B optional debug=true username=u password=p;", "u", "p" },
    };
    struct fixture *f = *state;
    struct jaas     j;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!jaas_parse(cases[i].text, f->arena, &j, &f->err))
            fail_msg("%s: %s", cases[i].text, f->err.msg);
        assert_string_equal(j.module, "a.B");
        assert_string_equal(jaas_get(&j, "username"), cases[i].username);
        assert_string_equal(jaas_get(&j, "password"), cases[i].password);
        assert_null(jaas_get(&j, "other"));
    }
}

static void bad_jaas_is_refused_without_showing_it(void **state)
{
    static const char *const cases[] = {
        "",
        ";",
        "a.B",
        "a.B username=\"" SECRET "\";",
        "a.B required username=\"u\" password=\"" SECRET "\"",
        "a.B required password=\"" SECRET ";",
        "a.B required password=\"" SECRET "\\",
        "a.B required password=\"" SECRET "\n\";",
        "a.B required password \"" SECRET "\";",
        "a.B required password=;",
        "a.B required; " SECRET " required;",
        "a.B required password=\"" SECRET "\\0\";",
    };
    struct fixture *f = *state;
    struct jaas     j;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f->err = ERR_INIT;
        assert_false(jaas_parse(cases[i], f->arena, &j, &f->err));
        assert_int_equal(f->err.kind, ERR_USAGE);
        assert_null(strstr(f->err.msg, SECRET));
    }
}

static void jaas_has_a_limit_of_options(void **state)
{
    struct fixture *f = *state;
    struct jaas     j;
    char            text[400] = "a.B required";

    for (int i = 0; i < JAAS_MAX_OPTIONS; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), " a=b");
    text[strlen(text) + 1] = '\0';
    text[strlen(text)] = ';';
    assert_true(jaas_parse(text, f->arena, &j, &f->err));
    (void)snprintf(text + strlen(text) - 1, 8, " a=b;");
    assert_false(jaas_parse(text, f->arena, &j, &f->err));
}

/* ---- translations ------------------------------------------------------------------------- */

static void brokers_and_the_largest_record_come_out_by_themselves(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, "bootstrap.servers", "a:1,b:2", "max.request.size", "2000"));
    assert_out(f, "");
    assert_string_equal(f->out.brokers.value, "a:1,b:2");
    assert_string_equal(f->out.brokers.where, "f.yml:7");
    assert_int_equal(f->out.max_request_bytes, 2000);
    assert_int_equal(f->out.n_notes, 0);
    assert_false(TRANSLATE(f, "max.request.size", "999"));
    assert_false(TRANSLATE(f, "max.request.size", "10m"));
    assert_refused(
        f, "f.yml:7: P.max.request.size: not a number of bytes between 1000 and 1000000000", "");
}

static void plain_and_scram_logins_come_out_of_jaas(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN",
                          "sasl.jaas.config", PLAIN("username=\"ann\" password=\"a b\";")));
    assert_out(f, "security.protocol=SASL_PLAINTEXT sasl.mechanism=PLAIN sasl.username=ann "
                  "sasl.password=a b");
    assert_true(TRANSLATE(f, "security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-512",
                          "sasl.jaas.config", SCRAM("username=ann password='b';")));
    assert_out(f, "security.protocol=SASL_SSL sasl.mechanism=SCRAM-SHA-512 sasl.username=ann "
                  "sasl.password=b");
    assert_string_equal(f->out.properties[3].where, "f.yml:7");
}

static void a_login_that_cannot_be_used_says_why(void **state)
{
    struct fixture *f = *state;

#define LOGIN "security.protocol", "SASL_SSL", "sasl.mechanism"
    assert_false(TRANSLATE(f, LOGIN, "PLAIN", "sasl.jaas.config", ("x.Y required a=" SECRET ";")));
    assert_refused(f,
                   "f.yml:7: P.sasl.jaas.config: the login module is neither PlainLoginModule "
                   "nor ScramLoginModule",
                   "-X sasl.username");
    assert_false(TRANSLATE(f, LOGIN, "PLAIN", "sasl.jaas.config", PLAIN("password=" SECRET ";")));
    assert_refused(f, "f.yml:7: P.sasl.jaas.config: username or password is missing", "");
    assert_false(TRANSLATE(f, LOGIN, "PLAIN", "sasl.jaas.config", PLAIN("password=\"" SECRET)));
    assert_refused(f, "f.yml:7: P.sasl.jaas.config: an option is not written name=\"value\"", "");
    assert_false(TRANSLATE(f, LOGIN, "SCRAM-SHA-256", "sasl.jaas.config",
                           SCRAM("username=u password=" SECRET " tokenauth=true;")));
    assert_refused(f,
                   "f.yml:7: P.sasl.jaas.config: tokenauth: librdkafka cannot log in with "
                   "delegation tokens",
                   "of a user");
    assert_false(TRANSLATE(f, LOGIN, "OAUTHBEARER"));
    assert_non_null(strstr(f->err.msg, "must be built with OIDC"));
    assert_false(TRANSLATE(f, LOGIN, "AWS_MSK_IAM"));
    assert_refused(f,
                   "f.yml:7: P.sasl.mechanism: librdkafka has PLAIN, SCRAM-SHA-256, "
                   "SCRAM-SHA-512 and GSSAPI",
                   "");
}

static void kerberos_takes_keytab_and_principal_and_is_told(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, LOGIN, "GSSAPI", "sasl.kerberos.service.name", "kafka",
                          "sasl.jaas.config",
                          ("com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true "
                           "keyTab=\"/k\" principal=\"p@R\";")));
    assert_out(f,
               "security.protocol=SASL_SSL sasl.mechanism=GSSAPI sasl.kerberos.service.name=kafka "
               "sasl.kerberos.keytab=/k sasl.kerberos.principal=p@R");
    assert_int_equal(f->out.n_notes, 1);
    assert_non_null(strstr(f->out.notes[0], "libsasl2-modules-gssapi-mit"));
}

static void tls_checks_names_unless_told_not_to(void **state)
{
    struct fixture *f = *state;

#define ALGORITHM "ssl.endpoint.identification.algorithm"
    assert_true(TRANSLATE(f, "security.protocol", "SSL", ALGORITHM, ""));
    assert_out(f, "security.protocol=SSL " ALGORITHM "=none");
    assert_true(TRANSLATE(f, "security.protocol", "SSL", ALGORITHM, "https"));
    assert_out(f, "security.protocol=SSL " ALGORITHM "=https");
    assert_true(TRANSLATE(f, "security.protocol", "SSL"));
    assert_out(f, "security.protocol=SSL");
}

static void pem_stores_are_taken_and_others_name_the_line_that_converts(void **state)
{
    struct fixture *f = *state;

#define TRUST                                                                                      \
    "security.protocol", "SSL", "ssl.truststore.password", SECRET, "ssl.truststore.location"
    assert_true(TRANSLATE(f, TRUST, "/ca.pem", "ssl.truststore.type", "PEM"));
    assert_out(f, "security.protocol=SSL ssl.ca.location=/ca.pem");
    assert_true(TRANSLATE(f, "security.protocol", "SSL", "ssl.truststore.type", "PEM",
                          "ssl.truststore.certificates", "C"));
    assert_out(f, "security.protocol=SSL ssl.ca.pem=C");
    assert_false(TRANSLATE(f, TRUST, "/ca.jks"));
    assert_refused(f,
                   "f.yml:7: P.ssl.truststore.location: librdkafka reads no trust store of type "
                   "JKS, only PEM",
                   "keytool -list -rfc -keystore /ca.jks > ca.pem");
    assert_false(TRANSLATE(f, TRUST, "/ca.p12", "ssl.truststore.type", "pkcs12"));
    assert_refused(f,
                   "f.yml:7: P.ssl.truststore.location: librdkafka reads no trust store of type "
                   "PKCS12, only PEM",
                   "openssl pkcs12 -in /ca.p12 -nokeys -out ca.pem");
}

static void key_stores_are_taken_as_pem_and_pkcs12(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, "security.protocol", "SSL", "ssl.keystore.type", "PKCS12",
                          "ssl.keystore.location", "/k.p12", "ssl.keystore.password", "p"));
    assert_out(f, "security.protocol=SSL ssl.keystore.location=/k.p12 ssl.keystore.password=p");
    assert_true(TRANSLATE(f, "security.protocol", "SSL", "ssl.keystore.type", "PEM",
                          "ssl.keystore.location", "/k.pem", "ssl.key.password", "p"));
    assert_out(f, "security.protocol=SSL ssl.certificate.location=/k.pem ssl.key.location=/k.pem "
                  "ssl.key.password=p");
    assert_true(TRANSLATE(f, "security.protocol", "SSL", "ssl.keystore.type", "PEM",
                          "ssl.keystore.certificate.chain", "C", "ssl.keystore.key", "K"));
    assert_out(f, "security.protocol=SSL ssl.certificate.pem=C ssl.key.pem=K");
    assert_false(TRANSLATE(f, "security.protocol", "SSL", "ssl.keystore.location", "/k.jks",
                           "ssl.keystore.password", SECRET));
    assert_refused(f,
                   "f.yml:7: P.ssl.keystore.location: librdkafka reads no key store of type JKS, "
                   "only PKCS12 and PEM",
                   "keytool -importkeystore -srckeystore /k.jks");
}

static void what_another_protocol_needs_is_not_looked_at(void **state)
{
    struct fixture *f = *state;

    assert_true(
        TRANSLATE(f, "ssl.truststore.location", "/ca.jks", "sasl.mechanism", "OAUTHBEARER"));
    assert_out(f, "");
    assert_int_equal(f->out.n_notes, 0);
}

static void what_is_given_anyway_is_not_translated(void **state)
{
    struct fixture *f = *state;

    assert_true(GIVEN(f, "ssl.ca.location=/mine.pem", TRUST, "/ca.jks"));
    assert_out(f, "security.protocol=SSL");
    assert_true(GIVEN(f, "security.protocol=PLAINTEXT", TRUST, "/ca.jks"));
    assert_out(f, "");
    assert_true(GIVEN(f, "sasl.mechanism=PLAIN", LOGIN, "OAUTHBEARER"));
    assert_out(f, "security.protocol=SASL_SSL");
    assert_true(GIVEN(f, "sasl.username=me", LOGIN, "PLAIN", "sasl.jaas.config",
                      PLAIN("username=u password=p;")));
    assert_out(f, "security.protocol=SASL_SSL sasl.mechanism=PLAIN sasl.password=p");
}

static void javas_own_properties_are_left_out_and_told_once(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, "key.serializer", SECRET, "interceptor.classes", "x",
                          "metric.reporters", "y", "acks", "0"));
    assert_out(f, "");
    assert_int_equal(f->out.n_notes, 1);
    assert_string_equal(f->out.notes[0],
                        "properties of Kafka's Java client that are left out: "
                        "key.serializer interceptor.classes metric.reporters acks");
}

static void a_value_that_librdkafka_refuses_is_told_with_its_place(void **state)
{
    struct fixture *f = *state;

    assert_false(TRANSLATE(f, "security.protocol", "TLS"));
    assert_non_null(strstr(f->err.msg, "f.yml:7: P.security.protocol: Invalid value"));
}

static void the_last_of_several_values_wins(void **state)
{
    struct fixture *f = *state;

    assert_true(TRANSLATE(f, "bootstrap.servers", "a:1", "bootstrap.servers", "b:2"));
    assert_string_equal(f->out.brokers.value, "b:2");
}

static void passwords_keys_and_logins_are_secrets(void **state)
{
    (void)state;
    assert_true(kafka_property_is_secret("sasl.password"));
    assert_true(kafka_property_is_secret("sasl.username"));
    assert_true(kafka_property_is_secret("ssl.key.pem"));
    assert_true(kafka_property_is_secret("ssl.keystore.password"));
    assert_false(kafka_property_is_secret("security.protocol"));
    assert_false(kafka_property_is_secret("ssl.ca.location"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jaas_is_read_as_java_reads_it),
        TEST(bad_jaas_is_refused_without_showing_it),
        TEST(jaas_has_a_limit_of_options),
        TEST(brokers_and_the_largest_record_come_out_by_themselves),
        TEST(plain_and_scram_logins_come_out_of_jaas),
        TEST(a_login_that_cannot_be_used_says_why),
        TEST(kerberos_takes_keytab_and_principal_and_is_told),
        TEST(tls_checks_names_unless_told_not_to),
        TEST(pem_stores_are_taken_and_others_name_the_line_that_converts),
        TEST(key_stores_are_taken_as_pem_and_pkcs12),
        TEST(what_another_protocol_needs_is_not_looked_at),
        TEST(what_is_given_anyway_is_not_translated),
        TEST(javas_own_properties_are_left_out_and_told_once),
        TEST(a_value_that_librdkafka_refuses_is_told_with_its_place),
        TEST(the_last_of_several_values_wins),
        TEST(passwords_keys_and_logins_are_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
