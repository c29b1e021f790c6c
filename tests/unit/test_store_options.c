/*
 * test_store_options.c - which options belong to which store, and that no secret is told or taken
 * from the command line.
 */
#include "tests/support/test.h"

#include "cli/session.h"
#include "cli/store_options.h"

#include <unistd.h>

#define MAX_WORDS 16

/* "requeue plan --kafka k:1" and the words, which end with NULL. */
static bool parse(struct config *c, struct err *err, const char *const *words)
{
    char *argv[MAX_WORDS + 4];
    int   argc = 0;

    argv[argc++] = (char *)(uintptr_t) "requeue";
    argv[argc++] = (char *)(uintptr_t) "plan";
    argv[argc++] = (char *)(uintptr_t) "--kafka=k:1";
    for (size_t i = 0; words[i] && i < MAX_WORDS; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    *err = ERR_INIT;
    return options_parse(argc, argv, c, err);
}

#define PARSE(c, err, ...) parse(c, err, (const char *const[]){ __VA_ARGS__, NULL })
#define SEARCH             "--store=https://es:9200"

static int clear_environment(void **state)
{
    (void)state;
    for (const struct opt *o = options_table; o->name; o++)
        if (o->env)
            (void)unsetenv(o->env);
    return 0;
}

/* A file of the test with this text; the name is good until the next call. */
static const char *file_of(const char *text, size_t n)
{
    static char name[] = "/tmp/requeue-secret-XXXXXX";
    static char option[128];
    int         fd;

    memcpy(name + sizeof(name) - 7, "XXXXXX", 6);
    fd = mkstemp(name);
    assert_true(fd != -1);
    assert_int_equal(write(fd, text, n), n);
    (void)close(fd);
    (void)snprintf(option, sizeof(option), "--store-password-file=%s", name);
    return option;
}

static void remove_file(const char *option)
{
    (void)unlink(strchr(option, '=') + 1);
}

static void urls_name_their_store(void **state)
{
    (void)state;
    assert_int_equal(store_type_of("postgres://"), STORE_POSTGRES);
    assert_int_equal(store_type_of("postgresql://u@h/d"), STORE_POSTGRES);
    assert_int_equal(store_type_of("http://es:9200"), STORE_SEARCH);
    assert_int_equal(store_type_of("https://a,b:9200/p"), STORE_SEARCH);
    assert_int_equal(store_type_of("file:dump.json"), STORE_FILE);
    assert_int_equal(store_type_of("file:///dump.json"), STORE_FILE);
    assert_int_equal(store_type_of("http:es"), STORE_UNKNOWN);
    assert_int_equal(store_type_of("mysql://"), STORE_UNKNOWN);
    assert_int_equal(store_type_of(""), STORE_UNKNOWN);
    assert_int_equal(store_type_of(NULL), STORE_UNKNOWN);
}

static void an_unknown_store_is_refused_with_all_that_there_are(void **state)
{
    static const char *const urls[] = { "mysql://u:swordfish@h", "jdbc:postgresql://h/d", "es:9200",
                                        "", NULL };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct store_conf conf = { .url = urls[i] };
        struct store     *s = NULL;
        struct err        err = ERR_INIT;

        assert_false(store_open(&conf, &s, &err));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_null(strstr(err.msg, "swordfish"));
        assert_non_null(strstr(err.hint, "postgresql://"));
        assert_non_null(strstr(err.hint, "http(s)://"));
        assert_non_null(strstr(err.hint, "file:PATH"));
    }
}

static void a_search_store_takes_its_options(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, SEARCH));
    assert_string_equal(c.read, "auto");
    assert_null(c.index_prefix);
    assert_null(c.password);
    assert_null(c.api_key);
    if (!PARSE(&c, &err, SEARCH, "--index=execution=my_*", "--index", "flow=f", "--index-prefix=",
               "--read=pit", "--store-user=me", "--store-header=X-A: b", "--store-ca=ca.pem",
               "--store-cert=c.pem", "--store-key=k.pem", "--insecure", "--gzip"))
        fail_msg("%s", err.msg);
    assert_int_equal(c.indices.n, 2);
    assert_string_equal(c.indices.items[0], "execution=my_*");
    assert_string_equal(c.index_prefix, "");
    assert_string_equal(c.read, "pit");
    assert_string_equal(c.store_user, "me");
    assert_int_equal(c.store_headers.n, 1);
    assert_string_equal(c.store_key, "k.pem");
    assert_true(c.insecure && c.gzip);
    assert_true(PARSE(&c, &err, "--store=file:d", "--index=flow=f", "--index-prefix=x_"));
}

static void options_of_another_store_are_refused(void **state)
{
    static const struct {
        const char *store, *option, *says;
    } cases[] = {
        { "--store=postgres://", "--index=flow=x", "--index belongs to a search store or" },
        { "--store=postgres://", "--index-prefix=x", "variable REQUEUE_INDEX_PREFIX belongs" },
        { "--store=postgresql://h/d", "--read=scroll", "--read belongs to a search store" },
        { "--store=postgres://", "--read=auto", "--read" },
        { "--store=postgres://", "--store-user=me", "--store-user" },
        { "--store=postgres://", "--store-password-file=x", "--store-password-file" },
        { "--store=postgres://", "--store-api-key-file=x", "--store-api-key-file" },
        { "--store=postgres://", "--store-header=a: b", "--store-header" },
        { "--store=postgres://", "--store-ca=x", "--store-ca" },
        { "--store=postgres://", "--store-cert=x", "--store-cert" },
        { "--store=postgres://", "--store-key=x", "--store-key" },
        { "--store=postgres://", "--insecure", "--insecure" },
        { "--store=postgres://", "--gzip", "--gzip" },
        { SEARCH, "--schema=s", "--schema or variable REQUEUE_SCHEMA belongs to a PostgreSQL" },
        { "--store=http://h", "--table=flows=x", "--table belongs to a PostgreSQL store" },
        { "--store=file:d", "--table=flows=x", "--table" },
        { "--store=file:d", "--schema=x", "--schema" },
        { "--store=file:d", "--read=pit", "--read belongs to a search store (http, https)" },
        { "--store=file:d", "--gzip", "--gzip" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config c;
        struct err    err;

        assert_false(PARSE(&c, &err, cases[i].store, cases[i].option));
        assert_int_equal(err.kind, ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, cases[i].says);
    }
}

static void a_variable_of_another_store_is_refused_too(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    (void)setenv("REQUEUE_STORE_PASSWORD", "swordfish", 1);
    assert_false(PARSE(&c, &err, "--store=postgres://"));
    assert_non_null(strstr(err.msg, "REQUEUE_STORE_PASSWORD"));
    assert_null(strstr(err.msg, "swordfish"));
    assert_non_null(strstr(err.hint, "PGPASSWORD"));
}

static void values_are_checked_and_secrets_are_not_shown(void **state)
{
    static const struct {
        const char *options[2];
        const char *says;
    } cases[] = {
        { { "--index=flow" }, "'flow' is not KIND=NAME" },
        { { "--index=flow=" }, "'flow=' is not KIND=NAME" },
        { { "--index==x" }, "is not KIND=NAME" },
        { { "--index=flows=x" }, "'flows' is no kind" },
        { { "--index=flow-last=x" }, "flow-last is read where flow is" },
        { { "--index=flow=x", "--index=flow=y" }, "flow is given twice" },
        { { "--index=log=x", "--index=log=y" }, "log is given twice" },
        { { "--read=fast" }, "--read" },
        { { "--store-header=swordfish" }, "is not \"Name: value\"" },
        { { "--store-header=: swordfish" }, "is not \"Name: value\"" },
        { { "--store-header=A b: swordfish" }, "is not \"Name: value\"" },
        { { "--store-header=A: swordfish\r\nB: c" }, "A has more than one line" },
        { { "--store-user=me:swordfish" }, "a user has no ':'" },
        { { "--store-cert=c.pem" }, "--store-cert and --store-key" },
        { { "--store-key=k.pem" }, "--store-cert and --store-key" },
        { { "--store-password-file=/nowhere/pw" }, "option --store-password-file: cannot open" },
        { { "--store-api-key-file=/nowhere/key" }, "option --store-api-key-file: cannot open" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config c;
        struct err    err;

        assert_false(PARSE(&c, &err, SEARCH, cases[i].options[0], cases[i].options[1]));
        assert_int_equal(err.kind, ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, cases[i].says);
        assert_null(strstr(err.msg, "swordfish"));
        assert_null(strstr(err.hint, "swordfish"));
    }
}

static void a_secret_comes_from_a_file_or_the_environment(void **state)
{
    const char   *option = file_of("sword fish \r\n", 13);
    struct config c;
    struct err    err;

    (void)state;
    (void)setenv("REQUEUE_STORE_PASSWORD", "other", 1);
    (void)setenv("REQUEUE_STORE_USER", "me", 1);
    assert_true(PARSE(&c, &err, SEARCH));
    assert_string_equal(c.password, "other");
    assert_string_equal(c.store_user, "me");
    assert_true(PARSE(&c, &err, SEARCH, option)); /* an argument goes before the environment */
    assert_string_equal(c.password, "sword fish ");
    remove_file(option);
    (void)clear_environment(NULL);
    (void)setenv("REQUEUE_STORE_API_KEY", "a2V5", 1);
    assert_true(PARSE(&c, &err, SEARCH));
    assert_string_equal(c.api_key, "a2V5");
    assert_null(c.password);
}

static void a_file_that_holds_no_secret_is_refused(void **state)
{
    static char large[SECRET_MAX + 1];
    static const struct {
        const char *text;
        size_t      n;
        const char *says;
    } cases[] = {
        { "", 0, "is empty" },
        { "\n", 1, "is empty" },
        { "\r\n\n", 3, "is empty" },
        { "swordfish\nsecond", 16, "holds more than one line" },
        { "sword\0fish", 10, "holds a byte 0" },
        { large, sizeof(large), "is larger than" },
    };

    (void)state;
    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char   *option = file_of(cases[i].text, cases[i].n);
        struct config c;
        struct err    err;

        assert_false(PARSE(&c, &err, SEARCH, "--store-user=me", option));
        assert_int_equal(err.kind, ERR_USAGE);
        if (!strstr(err.msg, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, cases[i].says);
        assert_null(strstr(err.msg, "fish"));
        remove_file(option);
    }
}

static void logins_exclude_each_other(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    (void)setenv("REQUEUE_STORE_PASSWORD", "swordfish", 1);
    assert_false(PARSE(&c, &err, SEARCH));
    assert_non_null(strstr(err.msg, "but no user"));
    assert_true(PARSE(&c, &err, "--store=https://me@es:9200"));
    assert_true(PARSE(&c, &err, SEARCH, "--store-user=me"));
    (void)setenv("REQUEUE_STORE_API_KEY", "a2V5", 1);
    assert_false(PARSE(&c, &err, SEARCH, "--store-user=me"));
    assert_non_null(strstr(err.msg, "exclude each other"));
    (void)unsetenv("REQUEUE_STORE_PASSWORD");
    assert_false(PARSE(&c, &err, SEARCH, "--store-user=me"));
    assert_true(PARSE(&c, &err, SEARCH));
}

static void a_session_hands_the_options_to_the_store(void **state)
{
    struct session                 *s = mem_alloc(sizeof(*s));
    const struct store_search_conf *search = &s->store_conf.search;
    struct config                   c;
    struct err                      err;

    (void)state;
    (void)setenv("REQUEUE_STORE_PASSWORD", "swordfish", 1);
    assert_true(PARSE(&c, &err, SEARCH, "--index=flow=f", "--index-prefix=p_", "--read=scroll",
                      "--store-user=me", "--store-header=A: b", "--store-ca=ca.pem", "--gzip"));
    session_init(s, &c);
    assert_string_equal(s->store_conf.url, "https://es:9200");
    assert_int_equal(search->indices.n, 1);
    assert_string_equal(search->indices.items[0], "flow=f");
    assert_string_equal(search->index_prefix, "p_");
    assert_int_equal(search->read, STORE_READ_SCROLL);
    assert_string_equal(search->user, "me");
    assert_string_equal(search->password, "swordfish");
    assert_null(search->api_key);
    assert_string_equal(search->headers.items[0], "A: b");
    assert_string_equal(search->ca_file, "ca.pem");
    assert_null(search->cert_file);
    assert_true(search->gzip && !search->insecure);
    session_close(s);
    mem_free(s);
}

static void help_and_manual_say_where_a_secret_comes_from(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1u << 18);
    opt_help(options_table, 1u << COMMAND_PLAN, 300, &b);
    assert_non_null(strstr(b.p, "--store-password-file FILE"));
    assert_non_null(strstr(b.p, "(or the secret itself in $REQUEUE_STORE_PASSWORD)"));
    assert_non_null(strstr(b.p, "file:PATH"));
    assert_null(strstr(b.p, "--store-password "));
    buf_clear(&b);
    for (const struct opt *o = options_table; o->name; o++)
        opt_man(o, &b);
    assert_non_null(strstr(b.p, "the secret itself:\n.Ev REQUEUE_STORE_API_KEY ."));
    buf_release(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, clear_environment, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(urls_name_their_store),
        TEST(an_unknown_store_is_refused_with_all_that_there_are),
        TEST(a_search_store_takes_its_options),
        TEST(options_of_another_store_are_refused),
        TEST(a_variable_of_another_store_is_refused_too),
        TEST(values_are_checked_and_secrets_are_not_shown),
        TEST(a_secret_comes_from_a_file_or_the_environment),
        TEST(a_file_that_holds_no_secret_is_refused),
        TEST(logins_exclude_each_other),
        TEST(a_session_hands_the_options_to_the_store),
        TEST(help_and_manual_say_where_a_secret_comes_from),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
