/* test_newest.c - the newest time in executions, triggers and log lines. */
#include "tests/support/test.h"

#include "lib/store/newest.h"

#define HISTORIES(date) "\"histories\":[{\"state\":\"CREATED\",\"date\":\"" date "\"}]"

static struct store_newest out[STORE_NEWEST_COUNT];

static int setup(void **state)
{
    (void)state;
    newest_init(out);
    return 0;
}

static const char *of_execution(const char *json)
{
    newest_init(out);
    newest_take_execution(&out[NEWEST_EXECUTION], slice_str(json));
    return out[NEWEST_EXECUTION].known ? out[NEWEST_EXECUTION].text : "none";
}

static void an_execution_is_as_new_as_its_newest_history(void **state)
{
    (void)state;
    assert_string_equal(of_execution("{\"state\":{" HISTORIES("2024-01-02T00:00:00.5Z") "}}"),
                        "2024-01-02T00:00:00.5Z");
    assert_string_equal(
        of_execution("{\"state\":{\"histories\":[{\"date\":\"2024-01-02T00:00:01Z\"}"
                     ",{\"date\":\"2024-01-02T00:00:00Z\"},{\"date\":null},5]}}"),
        "2024-01-02T00:00:01Z");
    /* By instant, not by text. */
    assert_string_equal(
        of_execution("{\"state\":{\"histories\":[{\"date\":\"2024-01-02T00:30:00Z\"}"
                     ",{\"date\":\"2024-01-02T01:00:00+01:00\"}]}}"),
        "2024-01-02T00:30:00Z");
}

static void histories_of_task_runs_count_too(void **state)
{
    static const char of_a_run[] =
        "{\"taskRunList\":[{\"state\":{\"histories\":[{\"date\":\"2024-01-03T00:00:00Z\"}]}},"
        "{\"state\":{\"histories\":[{\"date\":\"2024-01-01T00:00:00Z\"}]}}],"
        "\"state\":{\"histories\":[{\"date\":\"2024-01-02T00:00:00Z\"}]}}";
    static const char of_its_own[] =
        "{\"taskRunList\":null,\"state\":{\"histories\":[{\"date\":\"2024-01-02T00:00:00Z\"}]}}";

    (void)state;
    assert_string_equal(of_execution(of_a_run), "2024-01-03T00:00:00Z");
    assert_string_equal(of_execution(of_its_own), "2024-01-02T00:00:00Z");
}

static void dates_elsewhere_are_none(void **state)
{
    (void)state;
    assert_string_equal(of_execution("{\"inputs\":{" HISTORIES("2099-01-01T00:00:00Z") "}}"),
                        "none");
    assert_string_equal(
        of_execution("{\"date\":\"2099-01-01T00:00:00Z\"," HISTORIES("2099-01-01T00:00:00Z") "}"),
        "none");
    assert_string_equal(of_execution("{\"taskRunList\":[{\"outputs\":{\"state\":{" HISTORIES(
                            "2099-01-01T00:00:00Z") "}}}]}"),
                        "none");
    assert_string_equal(
        of_execution("{\"taskRunList\":[{\"outputs\":{" HISTORIES("2099-01-01T00:00:00Z") "}}]}"),
        "none");
    assert_string_equal(of_execution("{\"state\":{\"histories\":[{\"date\":{\"date\":"
                                     "\"2099-01-01T00:00:00Z\"}}]}}"),
                        "none");
    assert_string_equal(of_execution("{\"state\":[{" HISTORIES("2099-01-01T00:00:00Z") "}]}"),
                        "none");
}

static void what_is_deleted_or_broken_says_nothing(void **state)
{
    (void)state;
    assert_string_equal(
        of_execution("{\"state\":{" HISTORIES("2024-01-02T00:00:00Z") "},\"deleted\":true}"),
        "none");
    assert_string_equal(
        of_execution("{\"state\":{" HISTORIES("2024-01-02T00:00:00Z") "},\"deleted\":false}"),
        "2024-01-02T00:00:00Z");
    assert_string_equal(of_execution("{\"state\":{" HISTORIES("2024-01-02T00:00:00Z") "}"), "none");
    assert_string_equal(of_execution("{\"state\":{" HISTORIES("yesterday") "}}"), "none");
}

static void what_was_known_stays_until_something_newer_comes(void **state)
{
    struct store_newest *n = &out[NEWEST_EXECUTION];

    (void)state;
    newest_take(n, SLICE("2024-01-02T00:00:00.000Z"));
    newest_take_execution(n, SLICE("{\"state\":{" HISTORIES("2024-01-01T00:00:00Z") "}}"));
    assert_string_equal(n->text, "2024-01-02T00:00:00.000Z");
    /* The first of equals. */
    newest_take(n, SLICE("2024-01-02T00:00:00Z"));
    assert_string_equal(n->text, "2024-01-02T00:00:00.000Z");
    newest_take(n, SLICE("2024-01-02T00:00:00.001Z"));
    assert_string_equal(n->text, "2024-01-02T00:00:00.001Z");
    assert_int_equal(n->at.ns, 1000000);
    newest_take(n, SLICE("2024-01-02T09:00:00Z[A/"
                         "Name/That/Is/Too/Long/For/The/Room/That/There/Is/For/A/Date]"));
    assert_string_equal(n->text, "2024-01-02T00:00:00.001Z");
}

static void triggers_and_logs_have_their_own_members(void **state)
{
    const struct document trigger = {
        .value =
            SLICE("{\"date\":\"2024-01-01T00:00:00Z\",\"updatedDate\":\"2024-01-01T00:00:01Z\","
                  "\"timestamp\":\"2099-01-01T00:00:00Z\"}"),
    };
    const struct document bare = { .value = SLICE("{\"date\":\"2024-01-01T02:00:00+01:00\"}") };
    const struct document log = {
        .value =
            SLICE("{\"date\":\"2099-01-01T00:00:00Z\",\"timestamp\":\"2024-01-01T00:00:02Z\"}"),
    };

    (void)state;
    newest_take_members(&out[NEWEST_TRIGGER], NEWEST_TRIGGER, &trigger);
    assert_string_equal(out[NEWEST_TRIGGER].text, "2024-01-01T00:00:01Z");
    newest_take_members(&out[NEWEST_TRIGGER], NEWEST_TRIGGER, &bare);
    assert_string_equal(out[NEWEST_TRIGGER].text, "2024-01-01T02:00:00+01:00");
    newest_take_members(&out[NEWEST_LOG], NEWEST_LOG, &log);
    assert_string_equal(out[NEWEST_LOG].text, "2024-01-01T00:00:02Z");
    assert_string_equal(out[NEWEST_LOG].what, "log");
    assert_false(out[NEWEST_EXECUTION].known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_execution_is_as_new_as_its_newest_history, setup),
        cmocka_unit_test_setup(histories_of_task_runs_count_too, setup),
        cmocka_unit_test_setup(dates_elsewhere_are_none, setup),
        cmocka_unit_test_setup(what_is_deleted_or_broken_says_nothing, setup),
        cmocka_unit_test_setup(what_was_known_stays_until_something_newer_comes, setup),
        cmocka_unit_test_setup(triggers_and_logs_have_their_own_members, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
