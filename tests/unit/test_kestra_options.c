/*
 * test_kestra_options.c - Kestra's configuration as options: what it sets, what wins over it, where
 * each value is said to be from, and that no secret is shown.
 */
#include "tests/support/test.h"

#include "cli/commands.h"

#include <sys/stat.h>
#include <unistd.h>

#define MAX_WORDS 16

static const char search_file[] = "kestra:\n"
                                  "  queue: {type: kafka}\n"
                                  "  repository: {type: elasticsearch}\n"
                                  "  kafka:\n"
                                  "    client:\n"
                                  "      properties:\n"
                                  "        bootstrap.servers: k1:9092\n"
                                  "        security.protocol: SASL_PLAINTEXT\n"
                                  "        sasl.mechanism: PLAIN\n"
                                  "        sasl.jaas.config: 'a.PlainLoginModule required "
                                  "username=\"who-is-it\" password=\"hunter2\";'\n"
                                  "        key.serializer: x\n"
                                  "    defaults:\n"
                                  "      topicPrefix: t_\n"
                                  "      consumer-prefix: c_\n"
                                  "      topic: {partitions: 3, replication-factor: 2}\n"
                                  "  elasticsearch:\n"
                                  "    client:\n"
                                  "      httpHosts: [https://e1:9201, 'https://e2']\n"
                                  "      path-prefix: es\n"
                                  "      basic-auth: {username: elastic, password: hunter2}\n"
                                  "      default-headers: ['X-Key: hunter2']\n"
                                  "      trust-all-ssl: true\n"
                                  "    defaults: {indice-prefix: i_}\n"
                                  "    indices: {executions: {index: my_executions}}\n";

static const char postgres_file[] =
    "datasources:\n"
    "  postgres:\n"
    "    url: jdbc:postgresql://db/kestra?currentSchema=ks&reWriteBatchedInserts=true\n"
    "    username: kestra\n"
    "    password: hunter2\n"
    "kestra:\n"
    "  repository: {type: postgres}\n"
    "  jdbc: {tables: {executions: {table: my_executions}, flows: {table: flows}}}\n"
    "  kafka: {client: {properties: {bootstrap.servers: 'k1:9092'}}}\n";

struct fixture {
    struct config *c;
    struct err     err;
    char           file[64];
    char           home[64];
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    for (const struct opt *o = options_table; o->name; o++)
        if (o->env)
            (void)unsetenv(o->env);
    (void)unsetenv("KESTRA_CONFIGURATION");
    (void)setenv("HOME", "/nonexistent", 1);
    f->c = mem_alloc(sizeof(*f->c));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    options_release(f->c);
    if (f->file[0])
        (void)unlink(f->file);
    mem_free(f->c);
    mem_free(f);
    return 0;
}

static void write_file(struct fixture *f, const char *text)
{
    int fd;

    if (f->file[0])
        (void)unlink(f->file);
    (void)snprintf(f->file, sizeof(f->file), "/tmp/requeue-config-XXXXXX");
    fd = mkstemp(f->file);
    assert_true(fd != -1);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

/* "requeue COMMAND" and the words, which end with NULL. */
static bool parse(struct fixture *f, const char *command, const char *const *words)
{
    char *argv[MAX_WORDS + 2] = { (char *)(uintptr_t) "requeue", (char *)(uintptr_t)command };
    int   argc = 2;

    for (size_t i = 0; words[i] && i < MAX_WORDS; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    options_release(f->c);
    f->err = ERR_INIT;
    return options_parse(argc, argv, f->c, &f->err);
}

#define WORDS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define PARSE(f, cmd, ...) parse(f, cmd, WORDS("-c", (f)->file, __VA_ARGS__))
#define PARSED(f, cmd, ...)                                                                        \
    do {                                                                                           \
        if (!PARSE(f, cmd, __VA_ARGS__))                                                           \
            fail_msg("%s", (f)->err.msg);                                                          \
    } while (0)

static const char *origin(const struct fixture *f, const char *option)
{
    for (size_t i = 0; options_table[i].name; i++)
        if (strcmp(options_table[i].name, option) == 0)
            return f->c->origins[i];
    return "no such option";
}

static void assert_origin(const struct fixture *f, const char *option, int line)
{
    char expected[128];

    (void)snprintf(expected, sizeof(expected), "%s:%d", f->file, line);
    assert_string_equal(origin(f, option), expected);
}

/* ---- what a file sets --------------------------------------------------------------------- */

static void a_file_names_search_store_and_kafka(void **state)
{
    struct fixture *f = *state;

    write_file(f, search_file);
    PARSED(f, "plan", "--quiet");
    assert_string_equal(f->c->store, "https://e1:9201,e2:443/es");
    assert_origin(f, "store", 18);
    assert_string_equal(f->c->store_user, "elastic");
    assert_string_equal(f->c->password, "hunter2");
    assert_int_equal(f->c->store_headers.n, 1);
    assert_true(f->c->insecure);
    assert_string_equal(f->c->index_prefix, "i_");
    assert_int_equal(f->c->indices.n, 1);
    assert_string_equal(f->c->indices.items[0], "execution=my_executions");
    assert_string_equal(f->c->kafka, "k1:9092");
    assert_origin(f, "kafka", 7);
    assert_int_equal(f->c->props.n, 4);
    assert_string_equal(f->c->props.items[3], "sasl.password=hunter2");
    assert_string_equal(f->c->topic_prefix, "t_");
    assert_string_equal(f->c->consumer_prefix, "c_");
    assert_int_equal(f->c->topics.all.partitions, 3);
    assert_int_equal(f->c->topics.all.replication, 2);
    assert_int_equal(f->c->notes.n, 1);
}

static void a_file_names_the_database_of_kestra(void **state)
{
    struct fixture *f = *state;

    write_file(f, postgres_file);
    PARSED(f, "plan", "--quiet");
    assert_string_equal(f->c->store, "postgres://kestra:hunter2@db:5432/kestra");
    assert_string_equal(f->c->schema, "ks");
    assert_int_equal(f->c->tables.n, 1);
    assert_string_equal(f->c->tables.items[0], "executions=my_executions");
    assert_null(f->c->store_user);
    assert_int_equal(f->c->notes.n, 1);
    assert_non_null(strstr(f->c->notes.items[0], "reWriteBatchedInserts"));
}

static void a_command_without_kafka_looks_at_no_property(void **state)
{
    struct fixture *f = *state;

    write_file(f, "kestra: {kafka: {client: {properties: {max.request.size: x}}}}\n");
    assert_true(PARSE(f, "executions", "--store=postgres://"));
    assert_false(PARSE(f, "plan", "--store=postgres://"));
    assert_non_null(strstr(f->err.msg, ":1: kestra.kafka.client.properties.max.request.size"));
}

static void another_repository_is_refused_unless_a_store_is_given(void **state)
{
    struct fixture *f = *state;

    write_file(f, "kestra:\n  repository:\n    type: h2\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1"));
    assert_non_null(strstr(f->err.msg, ":3: kestra.repository.type is h2: requeue reads"));
    assert_true(PARSE(f, "plan", "--kafka=k:1", "--store=postgres://"));
}

static void what_a_repository_needs_is_asked_for(void **state)
{
    struct fixture *f = *state;

    write_file(f, "kestra: {repository: {type: postgres}}\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1"));
    assert_non_null(strstr(f->err.msg, "datasources.postgres.url is not set"));
    write_file(f, "kestra: {repository: {type: elasticsearch}}\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1"));
    assert_non_null(strstr(f->err.msg, "http-hosts is not set"));
    write_file(f, "other: 1\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1"));
    assert_string_equal(f->err.msg, "--store is missing");
}

static void a_key_of_ours_in_the_file_is_an_error_with_a_suggestion(void **state)
{
    struct fixture *f = *state;

    write_file(f, "requeue:\n  topicPrefix: x\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1", "--store=postgres://"));
    assert_non_null(strstr(f->err.msg, ":2: requeue.topicPrefix: Kestra's file has no settings"));
    assert_string_equal(f->err.hint,
                        "say --topic-prefix, or set the variable REQUEUE_TOPIC_PREFIX");
    write_file(f, "requeue: {top-prefix: x}\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1", "--store=postgres://"));
    assert_string_equal(f->err.hint, "did you mean the option --topic-prefix?");
    write_file(f, "requeue: {nothing: x}\n");
    assert_false(PARSE(f, "plan", "--kafka=k:1", "--store=postgres://"));
    assert_string_equal(f->err.hint, "requeue help plan lists its options");
}

static void hosts_of_a_search_store_have_one_scheme_and_a_port(void **state)
{
    static const struct {
        const char *hosts;
        const char *store; /* NULL: refused */
    } cases[] = { { "http://a", "http://a:80" },
                  { "a:9200", "http://a:9200" },
                  { "'http://a:1/,http://[::1]'", "http://a:1,[::1]:80" },
                  { "[http://a, https://b]", NULL },
                  { "ftp://a", NULL } };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[300];

        (void)snprintf(
            text, sizeof(text),
            "kestra:\n  repository: {type: elasticsearch}\n  elasticsearch:\n    client:\n"
            "      http-hosts: %s\n",
            cases[i].hosts);
        write_file(f, text);
        assert_int_equal(PARSE(f, "plan", "--kafka=k:1"), cases[i].store != NULL);
        if (cases[i].store)
            assert_string_equal(f->c->store, cases[i].store);
        else
            assert_non_null(strstr(f->err.msg, ":5: kestra.elasticsearch.client.http-hosts"));
    }
}

/* ---- what wins ---------------------------------------------------------------------------- */

static void options_and_variables_win_over_the_file(void **state)
{
    struct fixture *f = *state;

    write_file(f, search_file);
    (void)setenv("REQUEUE_TOPIC_PREFIX", "variable_", 1);
    PARSED(f, "plan", "--kafka=other:1", "--store-user=me", "--consumer-prefix=own_",
           "--index=execution=x", "-X", "sasl.username=mine");
    assert_string_equal(f->c->kafka, "other:1");
    assert_null(origin(f, "kafka"));
    assert_string_equal(f->c->topic_prefix, "variable_");
    assert_string_equal(f->c->consumer_prefix, "own_");
    assert_string_equal(f->c->store_user, "me");
    assert_null(f->c->password);
    assert_string_equal(f->c->indices.items[0], "execution=x");
    assert_int_equal(f->c->indices.n, 1);
    assert_int_equal(f->c->props.n, 4);
    assert_string_equal(f->c->props.items[2], "sasl.password=hunter2");
    assert_string_equal(f->c->props.items[3], "sasl.username=mine");
}

static void a_given_store_takes_nothing_that_belongs_to_another_kind_of_store(void **state)
{
    struct fixture *f = *state;

    write_file(f, search_file);
    PARSED(f, "plan", "--store=postgres://u@h/d");
    assert_null(f->c->store_user);
    assert_null(f->c->password);
    assert_null(f->c->index_prefix);
    assert_false(f->c->insecure);
    write_file(f, postgres_file);
    PARSED(f, "plan", "--store=http://u:p@e:9200");
    assert_null(f->c->schema);
    assert_int_equal(f->c->tables.n, 0);
}

static bool noted(const struct fixture *f, const char *text)
{
    for (size_t i = 0; i < f->c->notes.n; i++)
        if (strstr(f->c->notes.items[i], text))
            return true;
    return false;
}

static void the_files_login_goes_to_a_given_store_but_never_unencrypted(void **state)
{
    struct fixture *f = *state;

    write_file(f, search_file);
    PARSED(f, "plan", "--store=https://other:9200");
    assert_string_equal(f->c->store_user, "elastic");
    assert_string_equal(f->c->password, "hunter2");
    assert_true(noted(f, "the login of Kestra's file is used for the store of --store"));
    PARSED(f, "plan", "--store=http://other:9200");
    assert_null(f->c->store_user);
    assert_null(f->c->password);
    assert_int_equal(f->c->store_headers.n, 0);
    assert_string_equal(f->c->index_prefix, "i_");
    assert_true(noted(f, "login and headers are not sent to --store by http"));
}

static void lists_are_taken_where_one_text_is_usual(void **state)
{
    struct fixture *f = *state;

    write_file(f, "kestra:\n"
                  "  kafka:\n"
                  "    client: {properties: {bootstrap.servers: [k1:9092, k2:9092, null]}}\n"
                  "    topics: {execution: {properties: {cleanup.policy: [compact, delete]}}}\n"
                  "  elasticsearch: {indices: {logs: {index: my_logs}}}\n");
    PARSED(f, "plan", "--store=http://e:9200");
    assert_string_equal(f->c->kafka, "k1:9092,k2:9092");
    assert_origin(f, "kafka", 3);
    assert_string_equal(f->c->topics.topics[0].configs[0].value, "compact,delete");
    assert_int_equal(f->c->indices.n, 1);
    assert_string_equal(f->c->indices.items[0], "log=my_logs");
}

static void a_value_that_an_option_replaces_is_not_looked_at(void **state)
{
    struct fixture *f = *state;

    write_file(f, "kestra:\n  repository: {type: postgres}\n"
                  "datasources: {postgres: {url: '${RQT_NONE}'}}\n");
    assert_true(PARSE(f, "plan", "--kafka=k:1", "--store=postgres://"));
    assert_false(PARSE(f, "plan", "--kafka=k:1"));
    assert_non_null(strstr(f->err.msg, ":3: ${RQT_NONE} has no value and no default"));
}

static void later_files_win_and_all_win_over_the_inline_one(void **state)
{
    struct fixture *f = *state;
    char            first[64];

    write_file(f, search_file);
    memcpy(first, f->file, sizeof(first));
    f->file[0] = '\0';
    write_file(f, "kestra: {kafka: {defaults: {topic-prefix: later_}}}\n");
    (void)setenv("KESTRA_CONFIGURATION",
                 "kestra:\n  kafka:\n    defaults: {topic-prefix: inline_}\n"
                 "  elasticsearch: {indices: {triggers: {index: my_triggers}}}\n",
                 1);
    assert_true(parse(f, "plan", WORDS("-c", first, "-c", f->file)));
    assert_string_equal(f->c->topic_prefix, "later_");
    assert_origin(f, "topic-prefix", 1);
    assert_int_equal(f->c->indices.n, 2);
    assert_string_equal(origin(f, "consumer-prefix") + strlen(first), ":14");
    assert_true(parse(f, "plan", WORDS("--store=postgres://", "--kafka=k:1")));
    assert_string_equal(f->c->topic_prefix, "inline_");
    assert_string_equal(origin(f, "topic-prefix"), "KESTRA_CONFIGURATION:3");
    (void)unlink(first);
}

static void kestras_own_file_is_used_when_nothing_else_is_said(void **state)
{
    struct fixture *f = *state;
    char            home[] = "/tmp/requeue-home-XXXXXX";
    char            folder[64];
    char            path[128];
    FILE           *file;

    assert_non_null(mkdtemp(home));
    (void)snprintf(folder, sizeof(folder), "%s/.kestra", home);
    (void)snprintf(path, sizeof(path), "%s/config.yml", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(postgres_file, file) >= 0);
    assert_int_equal(fclose(file), 0);
    (void)setenv("HOME", home, 1);
    assert_true(parse(f, "plan", WORDS("--quiet")));
    assert_string_equal(f->c->kafka, "k1:9092");
    assert_non_null(strstr(f->c->notes.items[0], path));
    assert_false(parse(f, "plan", WORDS("--kafka=k:1")));
    assert_string_equal(f->err.msg, "--store is missing");
    write_file(f, "a: 1\n");
    assert_false(PARSE(f, "plan", "--quiet"));
    assert_string_equal(f->err.msg, "--store is missing");
    (void)unlink(path);
    (void)rmdir(folder);
    (void)rmdir(home);
}

/* ---- config ------------------------------------------------------------------------------- */

/* What command_config writes. */
static void shown(struct fixture *f, struct buf *out)
{
    char    path[] = "/tmp/requeue-shown-XXXXXX";
    int     fd = mkstemp(path);
    int     stdout_fd = dup(STDOUT_FILENO);
    char    part[4096];
    ssize_t n;

    assert_true(fd != -1 && stdout_fd != -1);
    (void)fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    assert_int_equal(command_config(f->c), EXIT_DONE);
    assert_int_equal(dup2(stdout_fd, STDOUT_FILENO), STDOUT_FILENO);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    buf_init(out, 1u << 20);
    while ((n = read(fd, part, sizeof(part))) > 0)
        assert_true(buf_append(out, slice_of(part, (size_t)n)));
    (void)close(fd);
    (void)close(stdout_fd);
    (void)unlink(path);
}

static void assert_line(const char *text, const char *name, const char *value, const char *where)
{
    char line[400];
    int  n = snprintf(line, sizeof(line), "\n%-28s %-44s %s", name, value, where);

    assert_true(n > 0 && (size_t)n < sizeof(line));
    if (!strstr(text, line))
        fail_msg("no line '%s' in:\n%s", line + 1, text);
}

static void every_value_is_shown_with_its_origin(void **state)
{
    struct fixture *f = *state;
    struct buf      out;
    char            where[128];

    write_file(f, search_file);
    (void)setenv("REQUEUE_JOBS", "3", 1);
    (void)setenv("REQUEUE_KINDS", "flow", 1);
    (void)setenv("KESTRA_KAFKA_DEFAULTS_CONSUMERPREFIX", "x", 1);
    (void)setenv("KESTRA_KAFKA_DEFAULTS_CONSUMER_PREFIX", "v_", 1);
    PARSED(f, "config", "--kinds=trigger", "-X", "a.b=c");
    (void)unsetenv("KESTRA_KAFKA_DEFAULTS_CONSUMERPREFIX");
    (void)unsetenv("KESTRA_KAFKA_DEFAULTS_CONSUMER_PREFIX");
    shown(f, &out);
    (void)snprintf(where, sizeof(where), "%s:18", f->file);
    assert_line(out.p, "store", "https://e1:9201,e2:443/es", where);
    assert_line(out.p, "jobs", "3", "variable REQUEUE_JOBS\n");
    assert_line(out.p, "kinds", "trigger", "option\n");
    assert_line(out.p, "property", "a.b=c", "option\n");
    assert_line(out.p, "unlock", "dead", "built-in\n");
    assert_line(out.p, "max-age", "30d", "built-in\n");
    assert_line(out.p, "layout", "-", "built-in\n");
    assert_line(out.p, "consumer-prefix", "v_", "variable KESTRA_KAFKA_DEFAULTS_CONSUMER_PREFIX\n");
    (void)snprintf(where, sizeof(where), "%s:15", f->file);
    assert_line(out.p, "topic *: partitions", "3", where);
    buf_release(&out);
}

static void no_secret_is_ever_shown(void **state)
{
    static const char *const formats[] = { "--format=text", "--format=json" };
    static const char *const stores[] = { "--store=postgres://u:hunter2@h/d?a=b",
                                          "--store=postgres://h/d?user=u&password=hunter2&a=b",
                                          "--store=https://u:hunter2@x:hunter2@h:1" };
    struct fixture          *f = *state;
    struct buf               out;

    for (size_t i = 0; i < 2 * (COUNT_OF(stores) + 2); i++) {
        size_t which = i / 2;

        write_file(f, which == 0 ? search_file : postgres_file);
        PARSED(f, "config", formats[i % 2], "-X", "ssl.key.password=hunter2",
               which >= 2 ? stores[which - 2] : "--quiet");
        shown(f, &out);
        assert_null(strstr(out.p, "hunter2"));
        assert_null(strstr(out.p, "who-is-it"));
        assert_non_null(strstr(out.p, "***"));
        buf_release(&out);
    }
}

static void config_needs_neither_store_nor_kafka(void **state)
{
    struct fixture *f = *state;
    struct buf      out;

    assert_true(parse(f, "config", WORDS("--format=json")));
    shown(f, &out);
    assert_non_null(strstr(out.p, "\"schema_version\""));
    buf_release(&out);
    (void)setenv("REQUEUE_STORE_PASSWORD", "hunter2", 1);
    assert_false(parse(f, "config", WORDS("--format=json")));
    assert_string_equal(f->err.msg, "a password of the store is given, but no user");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_names_search_store_and_kafka),
        TEST(a_file_names_the_database_of_kestra),
        TEST(a_command_without_kafka_looks_at_no_property),
        TEST(another_repository_is_refused_unless_a_store_is_given),
        TEST(what_a_repository_needs_is_asked_for),
        TEST(a_key_of_ours_in_the_file_is_an_error_with_a_suggestion),
        TEST(hosts_of_a_search_store_have_one_scheme_and_a_port),
        TEST(options_and_variables_win_over_the_file),
        TEST(a_given_store_takes_nothing_that_belongs_to_another_kind_of_store),
        TEST(the_files_login_goes_to_a_given_store_but_never_unencrypted),
        TEST(lists_are_taken_where_one_text_is_usual),
        TEST(a_value_that_an_option_replaces_is_not_looked_at),
        TEST(later_files_win_and_all_win_over_the_inline_one),
        TEST(kestras_own_file_is_used_when_nothing_else_is_said),
        TEST(every_value_is_shown_with_its_origin),
        TEST(no_secret_is_ever_shown),
        TEST(config_needs_neither_store_nor_kafka),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
