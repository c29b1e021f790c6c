/*
 * test_jdbc_url.c - what Java's driver understands, libpq gets in its own words.
 */
#include "tests/support/test.h"

#include "cli/jdbc_url.h"

struct fixture {
    struct arena      *arena;
    struct jdbc_source out;
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

static const char *url_of(struct fixture *f, const char *jdbc, const char *user, const char *pw)
{
    f->err = ERR_INIT;
    if (!jdbc_url_translate(jdbc, user, pw, f->arena, &f->out, &f->err))
        fail_msg("%s", f->err.msg);
    return f->out.url;
}

static void hosts_and_ports_that_java_takes_for_granted_are_written_out(void **state)
{
    static const struct {
        const char *jdbc;
        const char *url;
    } cases[] = {
        { "jdbc:postgresql://h:1/d", "postgres://h:1/d" },
        { "jdbc:postgresql://h/d", "postgres://h:5432/d" },
        { "jdbc:postgresql://a:1,b,c:3/d", "postgres://a:1,b:5432,c:3/d" },
        { "jdbc:postgresql://[::1]/d", "postgres://[::1]:5432/d" },
        { "jdbc:postgresql://[::1]:7/d", "postgres://[::1]:7/d" },
        { "jdbc:postgresql:d", "postgres://localhost:5432/d" },
        { "jdbc:postgresql:/d", "postgres://localhost:5432/d" },
        { "jdbc:postgresql:///d?", "postgres://localhost:5432/d" },
        { "jdbc:postgresql://h", "postgres://h:5432/" },
        { "jdbc:postgresql://h?sslmode=disable", "postgres://h:5432/?sslmode=disable" },
        { "jdbc:postgresql://h/d%2Fe", "postgres://h:5432/d%2Fe" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(url_of(f, cases[i].jdbc, NULL, NULL), cases[i].url);
}

static void user_and_password_are_encoded(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(url_of(f, "jdbc:postgresql://h/d", "a b", "p@:/?#%+\xc3\xa9"),
                        "postgres://a%20b:p%40%3A%2F%3F%23%25%2B%C3%A9@h:5432/d");
    assert_string_equal(url_of(f, "jdbc:postgresql://h/d", "a", NULL), "postgres://a@h:5432/d");
    assert_string_equal(url_of(f, "jdbc:postgresql://h/d?user=u%40&password=w", "a", "b"),
                        "postgres://u%40:w@h:5432/d");
}

static void parameters_get_libpqs_names(void **state)
{
    static const struct {
        const char *java;
        const char *libpq;
    } cases[] = {
        { "sslmode=verify-ca&sslrootcert=/a b", "sslmode=verify-ca&sslrootcert=%2Fa%20b" },
        { "ssl=true", "sslmode=verify-full" },
        { "ssl", "sslmode=verify-full" },
        { "ssl=false", "" },
        { "ssl=true&sslmode=require", "sslmode=require" },
        { "ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory", "sslmode=require" },
        { "connectTimeout=5", "connect_timeout=5" },
        { "targetServerType=primary", "target_session_attrs=read-write" },
        { "targetServerType=preferSecondary", "target_session_attrs=prefer-standby" },
        { "ApplicationName=kestra", "" },
        { "currentSchema=a,b", "options=-c%20search_path%3Da%2Cb" },
        { "currentSchema=a", "" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char        jdbc[200];
        const char *url;

        (void)snprintf(jdbc, sizeof(jdbc), "jdbc:postgresql://h/d?%s", cases[i].java);
        url = url_of(f, jdbc, NULL, NULL);
        assert_memory_equal(url, "postgres://h:5432/d", 19);
        assert_string_equal(url[19] == '?' ? url + 20 : url + 19, cases[i].libpq);
        assert_null(f->out.left_out);
    }
    assert_string_equal(f->out.schema, "a");
}

static void parameters_of_no_use_are_named_without_their_values(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(url_of(f,
                               "jdbc:postgresql://h/d?prepareThreshold=0&&sslpassword=hunter2"
                               "&targetServerType=weird",
                               NULL, NULL),
                        "postgres://h:5432/d");
    assert_string_equal(f->out.left_out, "prepareThreshold sslpassword targetServerType");
}

static void other_urls_are_refused_without_showing_them(void **state)
{
    static const char *const cases[] = { "jdbc:mysql://hunter2/d", "postgres://u:hunter2@h/d", "",
                                         "jdbc:postgresql://u:hunter2@h/d",
                                         "jdbc:postgresql://u%3Ahunter2/d" };
    struct fixture          *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        f->err = ERR_INIT;
        assert_false(jdbc_url_translate(cases[i], NULL, NULL, f->arena, &f->out, &f->err));
        assert_int_equal(f->err.kind, ERR_USAGE);
        assert_null(strstr(f->err.msg, "hunter2"));
    }
}

static void the_longest_values_fit(void **state)
{
    struct fixture *f = *state;
    char           *text = mem_alloc(65536);
    char           *url = mem_alloc(40000);

    memset(text, '/', 65535);
    memset(url, '/', 32768);
    memcpy(url, "jdbc:postgresql://h/d?options=", 30);
    assert_int_equal(strlen(url_of(f, url, text, text)), 3 * (2 * 65535 + 32738) + 30);
    url[32768] = 'x';
    assert_false(jdbc_url_translate(url, NULL, NULL, f->arena, &f->out, &f->err));
    mem_free(text);
    mem_free(url);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hosts_and_ports_that_java_takes_for_granted_are_written_out),
        TEST(user_and_password_are_encoded),
        TEST(parameters_get_libpqs_names),
        TEST(parameters_of_no_use_are_named_without_their_values),
        TEST(other_urls_are_refused_without_showing_them),
        TEST(the_longest_values_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
