/* test_postgres_error.c - what PostgreSQL says, as one line and a hint. */
#include "tests/support/test.h"

#include "lib/store/postgres_error.h"

static const struct {
    const char *state;
    const char *text;
    const char *says;
    const char *hint; /* NULL: none is expected */
    bool        retriable;
} queries[] = {
    { "40001", "canceling statement due to conflict with recovery", "the standby had to cancel",
      "hot_standby_feedback", true },
    { "40001", "terminating connection due to conflict with recovery", "the standby had to cancel",
      "max_standby_streaming_delay", true },
    { "40001", "storniere Anfrage wegen Konflikt mit der Wiederherstellung",
      "the standby had to cancel", "hot_standby_feedback", true },
    { "57014", "canceling statement due to user request", "cancelled the query", "--resume", true },
    { "57P01", "terminating connection due to administrator command", "an administrator",
      "--resume", true },
    { "57P02", "terminating connection because of crash of another server process", "crashed",
      "log", true },
    { "57P03", "the database system is starting up", "takes no connections", "try again", true },
    { "57P05", "terminating connection due to idle-session timeout", "idle", "idle_session_timeout",
      true },
    { "25P03", "terminating connection due to idle-in-transaction timeout", "transaction was idle",
      "--resume", true },
    { "25P04", "terminating connection due to transaction timeout", "took too long",
      "transaction_timeout", true },
    { "72000", "snapshot too old", "old_snapshot_threshold", "old_snapshot_threshold", true },
    { "55P03", "canceling statement due to lock timeout", "locked by another session", "migration",
      true },
    { "42501", "permission denied for table executions", "permission denied for table executions",
      "GRANT SELECT", false },
    { "42501", "query would be affected by row-level security policy for table \"flows\"",
      "row-level security", "BYPASSRLS", false },
    { "53300", "sorry, too many clients already", "too many clients", "--jobs 1", true },
    { "XX001", "missing chunk number 0 for toast value 16403 in pg_toast_16390", "missing chunk",
      "pg_amcheck", false },
    { "08P01", "transaction blocks not allowed in statement pooling mode", "statement pooling",
      "the server itself", false },
    { "08P01", "idle transaction timeout", "idle transaction timeout", "time limit of the proxy",
      true },
    { "08006", "connection to client lost", "connection to client lost", "--resume", true },
    { "22P05", "something nobody thought of", "something nobody thought of (22P05)", NULL, false },
    { "", "server closed the connection unexpectedly\n\tThis probably means ...\n",
      "the server closed the connection", "--resume", true },
};

static void every_way_to_fail_has_one_line_and_a_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        struct pg_failure f = { queries[i].state, queries[i].text, "h:5432/kestra",
                                "reading executions", false };
        struct err        err = ERR_INIT;

        assert_false(pg_failure_tell(&f, &err));
        assert_int_equal(err.kind, ERR_STORE);
        assert_int_equal(err.retriable, queries[i].retriable);
        assert_ptr_equal(strstr(err.msg, "PostgreSQL h:5432/kestra, reading executions: "),
                         err.msg);
        if (!strstr(err.msg, queries[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, queries[i].says);
        if (queries[i].hint && !strstr(err.hint, queries[i].hint))
            fail_msg("the hint \"%s\" does not say \"%s\"", err.hint, queries[i].hint);
        if (!queries[i].hint)
            assert_string_equal(err.hint, "");
        assert_null(strchr(err.msg, '\n'));
    }
}

static void behind_a_proxy_a_lost_connection_points_at_the_proxy(void **state)
{
    struct pg_failure f = { "", "server closed the connection unexpectedly", "h:6432/kestra",
                            "reading flows", true };
    struct err        err = ERR_INIT;

    (void)state;
    assert_false(pg_failure_tell(&f, &err));
    assert_non_null(strstr(err.hint, "proxy"));
}

#define AT       "connection to server at \"10.0.0.1\", port 5432 failed: "
#define LOCATION "\nLOCATION:  auth_failed, auth.c:324\n"

static const struct {
    const char *text;
    const char *says;
    const char *hint;
    bool        retriable;
} connections[] = {
    { AT "FATAL:  28P01: password authentication failed for user \"k\"" LOCATION,
      ": password authentication failed for user \"k\" (28P01)", "PGPASSWORD", false },
    { AT "FATAL:  3D000: database \"x\" does not exist" LOCATION, "database \"x\" does not exist",
      "PGDATABASE", false },
    { AT "FATAL:  3D000: Datenbank »x« existiert nicht" LOCATION, "existiert nicht", "PGDATABASE",
      false },
    { AT "FATAL:  28000: role \"x\" does not exist" LOCATION, "role \"x\" does not exist", "PGUSER",
      false },
    { AT "FATAL:  28000: no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", no "
         "encryption" LOCATION,
      "no pg_hba.conf entry", "sslmode", false },
    { AT "FATAL:  53300: sorry, too many clients already" LOCATION, "too many clients", "--jobs 1",
      true },
    { AT "FATAL:  57P03: the database system is starting up" LOCATION, "takes no connections",
      "try again", true },
    { AT "FATAL:  08P01: unsupported startup parameter: options\n",
      "unsupported startup parameter: options", "proxy", false },
    { AT "fe_sendauth: no password supplied\n", "a password is needed", "PGPASSWORD", false },
    { AT "Connection refused\n\tIs the server running on that host and accepting TCP/IP"
         " connections?\n",
      "PostgreSQL 10.0.0.1:5432/x, connecting: Connection refused", "is the server running", true },
    { "could not translate host name \"nix\" to address: Name or service not known\n",
      "could not translate host name \"nix\"", "PGHOST", false },
    { AT "server does not support SSL, but SSL was required\n", "SSL was required", "sslmode",
      false },
    { "definition of service \"kestra\" not found\n", "definition of service", "PGSERVICE", false },
    { "invalid integer value \"secret\" for connection option \"port\"\n", "a port", "URL", false },
    { AT "something new\n", "something new", "network", true },
};

static void a_connection_that_fails_has_one_line_and_a_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(connections); i++) {
        struct pg_failure f = { "", connections[i].text, "10.0.0.1:5432/x", "connecting", false };
        struct err        err = ERR_INIT;

        assert_false(pg_failure_tell_connect(&f, &err));
        assert_int_equal(err.kind, ERR_STORE);
        assert_int_equal(err.retriable, connections[i].retriable);
        if (!strstr(err.msg, connections[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, connections[i].says);
        if (!strstr(err.hint, connections[i].hint))
            fail_msg("the hint \"%s\" does not say \"%s\"", err.hint, connections[i].hint);
        assert_null(strstr(err.msg, "LOCATION"));
        assert_null(strstr(err.msg, "secret"));
    }
}

static void of_several_hosts_each_is_told(void **state)
{
    struct pg_failure f = { .sqlstate = "",
                            .text =
                                "connection to server at \"a\" (1.1.1.1), port 1 failed: Connection"
                                " refused\n\tIs the server running?\nconnection to server at"
                                " \"b\" (2.2.2.2), port 2 failed: No route to host\n\tIs it?\n",
                            .place = "b:2/x",
                            .doing = "connecting" };
    struct err        err = ERR_INIT;

    (void)state;
    assert_false(pg_failure_tell_connect(&f, &err));
    assert_non_null(strstr(err.msg, "\"a\" (1.1.1.1), port 1 failed: Connection refused; "));
    assert_non_null(strstr(err.msg, "\"b\" (2.2.2.2), port 2 failed: No route to host"));
    assert_null(strstr(err.msg, "Is it"));
}

static void a_message_of_any_length_is_one_line(void **state)
{
    char              text[4096];
    struct pg_failure f = { "", text, "h:1/x", "connecting", false };
    struct err        err = ERR_INIT;

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n += 97) {
        memset(text, 'x', n);
        text[n] = '\0';
        for (size_t i = 50; i < n; i += 50)
            text[i] = '\n';
        assert_false(pg_failure_tell_connect(&f, &err));
        assert_null(strchr(err.msg, '\n'));
        f.sqlstate = "22000";
        assert_false(pg_failure_tell(&f, &err));
        f.sqlstate = "";
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_fail_has_one_line_and_a_hint),
        cmocka_unit_test(behind_a_proxy_a_lost_connection_points_at_the_proxy),
        cmocka_unit_test(a_connection_that_fails_has_one_line_and_a_hint),
        cmocka_unit_test(of_several_hosts_each_is_told),
        cmocka_unit_test(a_message_of_any_length_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
