/*
 * test_options.c - the one option table, and what contradicts itself.
 */
#include "tests/support/test.h"

#include "cli/options.h"
#include "lib/kestra/verdict.h"

#include <unistd.h>

struct line {
    int   argc;
    char *argv[16];
};

static bool parse(struct config *c, struct err *err, const char *const *words)
{
    struct line l = { 1, { (char *)(uintptr_t) "requeue" } };

    for (size_t i = 0; words[i]; i++)
        l.argv[l.argc++] = (char *)(uintptr_t)words[i];
    *err = ERR_INIT;
    return options_parse(l.argc, l.argv, c, err);
}

#define PARSE(c, err, ...) parse(c, err, (const char *const[]){ __VA_ARGS__, NULL })
#define ENDS               "--store", "postgres://", "--kafka", "k:1"

static void every_option_has_a_help_line_without_full_stop_and_at_least_one_command(void **state)
{
    (void)state;
    for (const struct opt *o = options_table; o->name; o++) {
        size_t n = strlen(o->help);

        assert_true(n > 0);
        assert_int_not_equal(o->help[n - 1], '.');
        assert_int_not_equal(o->commands, 0);
        assert_true(o->type == OPT_FLAG || o->type == OPT_SET ? o->arg == NULL : o->arg != NULL);
    }
}

static void names_and_letters_are_unique(void **state)
{
    (void)state;
    for (const struct opt *a = options_table; a->name; a++)
        for (const struct opt *b = a + 1; b->name; b++) {
            assert_string_not_equal(a->name, b->name);
            assert_true(a->letter == 0 || a->letter != b->letter);
        }
}

static void defaults_are_those_of_the_manual(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "rebuild", ENDS));
    assert_int_equal(c.scope.project.executions, EXECUTIONS_RESUMABLE);
    assert_int_equal(c.scope.project.unlock, UNLOCK_DEAD);
    assert_int_equal(c.scope.project.recover.mode, RECOVER_NONE);
    assert_int_equal(c.scope.project.recover.lost, LOST_RERUN);
    assert_int_equal(c.scope.project.max_age_s, 30 * 86400);
    assert_false(c.scope.project.has_now);
    assert_false(c.scope.with_logs);
    assert_false(c.has_lost_at);
    assert_false(c.fail_on_blocked);
    assert_int_equal(c.mode, MODE_NEW);
    assert_int_equal(c.jobs, 2);
    assert_true(scope_has(&c.scope, KIND_EXECUTION));
    assert_true(scope_has(&c.scope, KIND_FLOW_LAST));
}

static void audit_means_all_executions_and_no_unlock(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "verify", ENDS, "--audit"));
    assert_int_equal(c.scope.project.executions, EXECUTIONS_ALL);
    assert_int_equal(c.scope.project.unlock, UNLOCK_NONE);
    assert_true(scope_has(&c.scope, KIND_EXECUTION));
}

static void each_word_of_executions_unlock_and_recover_has_its_mode(void **state)
{
    static const struct {
        const char          *word;
        enum executions_mode mode;
    } executions[] = { { "none", EXECUTIONS_NONE },
                       { "resumable", EXECUTIONS_RESUMABLE },
                       { "pending", EXECUTIONS_PENDING },
                       { "all", EXECUTIONS_ALL } };
    static const struct {
        const char      *word;
        enum unlock_mode mode;
    } unlocks[] = { { "none", UNLOCK_NONE }, { "dead", UNLOCK_DEAD }, { "all", UNLOCK_ALL } };
    static const struct {
        const char       *word;
        enum recover_mode mode;
    } recovers[] = { { "none", RECOVER_NONE }, { "safe", RECOVER_SAFE }, { "all", RECOVER_ALL } };
    struct config c;
    struct err    err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(executions); i++) {
        assert_true(PARSE(&c, &err, "plan", ENDS, "--executions", executions[i].word));
        assert_int_equal(c.scope.project.executions, executions[i].mode);
        assert_int_equal(scope_has(&c.scope, KIND_EXECUTION),
                         executions[i].mode != EXECUTIONS_NONE);
    }
    for (size_t i = 0; i < COUNT_OF(unlocks); i++) {
        assert_true(PARSE(&c, &err, "plan", ENDS, "--unlock", unlocks[i].word));
        assert_int_equal(c.scope.project.unlock, unlocks[i].mode);
    }
    for (size_t i = 0; i < COUNT_OF(recovers); i++) {
        assert_true(PARSE(&c, &err, "plan", ENDS, "--recover", recovers[i].word));
        assert_int_equal(c.scope.project.recover.mode, recovers[i].mode);
    }
    assert_true(PARSE(&c, &err, "plan", ENDS, "--recover", "all", "--lost-tasks", "fail"));
    assert_int_equal(c.scope.project.recover.lost, LOST_FAIL);
}

static void ages_and_times_become_seconds_and_instants(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "plan", ENDS, "--max-age", "2h", "--now",
                      "2024-12-10T09:00:00+01:00", "--lost-at", "2024-12-10T07:59:00Z"));
    assert_int_equal(c.scope.project.max_age_s, 7200);
    assert_true(c.scope.project.has_now);
    assert_int_equal(c.scope.project.now.s, 1733817600);
    assert_true(c.has_lost_at);
    assert_int_equal(c.lost_instant.s, 1733817540);
    /* A limit below a second is no "no limit". */
    assert_true(PARSE(&c, &err, "plan", ENDS, "--max-age", "1ms"));
    assert_int_equal(c.scope.project.max_age_s, 1);
    assert_true(PARSE(&c, &err, "plan", ENDS, "--max-age", "0"));
    assert_int_equal(c.scope.project.max_age_s, 0);
}

static void executions_needs_no_kafka_and_reads_flows_and_executions(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "executions", "--store", "postgres://"));
    assert_int_equal(c.scope.kinds,
                     KIND_BIT(KIND_FLOW_LAST) | KIND_BIT(KIND_FLOW) | KIND_BIT(KIND_EXECUTION));
    assert_int_equal(c.list_verdicts, 0);
    assert_int_equal(c.list_codes, 0);
    assert_true(PARSE(&c, &err, "executions", "--store", "postgres://", "--verdict",
                      "blocked,needs-action", "--code", "taskrun-lost,pause-manual", "--fail-on",
                      "blocked"));
    assert_int_equal(c.list_verdicts, 1u << VERDICT_BLOCKED | 1u << VERDICT_NEEDS_ACTION);
    assert_int_equal(c.list_codes, CODE_BIT(CODE_TASKRUN_LOST) | CODE_BIT(CODE_PAUSE_MANUAL));
    assert_true(c.fail_on_blocked);
}

static void contradictions_are_refused_with_both_options_named(void **state)
{
    static const struct {
        const char *words[6];
        const char *says;
    } cases[] = {
        { { "rebuild", "--append", "--resume" }, "exclude each other" },
        { { "rebuild", "--recreate", "--append" }, "exclude each other" },
        { { "rebuild", "--recreate", "--no-recreate" }, "exclude each other" },
        { { "rebuild", "--confirm", "x" }, "--recreate" },
        { { "verify", "--audit", "--executions", "none" }, "--executions all" },
        { { "verify", "--audit", "--unlock", "all" }, "--unlock none" },
        { { "verify", "--strict" }, "--audit" },
        { { "verify", "--live" }, "--audit" },
        { { "rebuild", "--kinds", "execution", "--executions", "none" }, "no kind is left" },
        { { "verify", "--audit", "--unlock", "dead" }, "--unlock none" },
        { { "verify", "--audit", "--recover", "safe" }, "--recover safe" },
        { { "rebuild", "--lost-tasks", "rerun" }, "--lost-tasks rerun belongs to --recover all" },
        { { "rebuild", "--lost-tasks=fail", "--recover=safe" }, "belongs to --recover all" },
        { { "rebuild", "--recover=safe", "--executions=none" }, "--executions none sends none" },
        { { "rebuild", "--recover", "all", "--kinds", "flow" }, "--kinds flow has none" },
        { { "plan", "--now", "noon" }, "--now" },
        { { "plan", "--lost-at", "noon" }, "--lost-at" },
        { { "plan", "--max-age", "old" }, "--max-age" },
        { { "plan", "--verdict", "blocked" }, "verdict" },
        { { "rebuild", "--kinds", "flows" }, "flows" },
        { { "rebuild", "--since", "yesterday" }, "--since" },
        { { "rebuild", "--since=2024-12-10T08:00:00Z", "--until=2024-12-10T09:00:00+01:00" },
          "nothing is selected" },
        { { "rebuild", "--since=2024-12-11T00:00:00Z", "--until=2024-12-10T00:00:00Z" },
          "is not before --until 2024-12-10T00:00:00.000Z" },
        { { "rebuild", "--plan=a.json", "--report=a.json" }, "--plan and --report" },
        { { "verify", "--like=a.json", "--report=a.json" }, "--like and --report" },
        { { "plan", "--output=a.json", "--report=a.json" }, "--output and --report" },
        { { "plan", "--store", "--quiet" }, "--store" },
        { { "verify", "--recreate" }, "recreate" },
        { { "rebuild", "--jobs", "0" }, "--jobs" },
        { { "rebuild", "--executions", "some" }, "some" },
        { { "rebiuld" }, "rebiuld" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char   *words[16] = { NULL };
        size_t        n = 0;
        struct config c;
        struct err    err;

        while (cases[i].words[n]) {
            words[n] = cases[i].words[n];
            n++;
        }
        words[n] = "--store=postgres://";
        words[n + 1] = "--kafka=k:1";
        assert_false(parse(&c, &err, words));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_non_null(strstr(err.msg, cases[i].says));
    }
}

static void what_only_executions_lists_is_checked(void **state)
{
    static const struct {
        const char *option;
        const char *says;
        const char *hints;
    } cases[] = {
        { "--verdict=bad", "'bad' is no verdict", "needs-action" },
        { "--verdict=blocked,", "'' is no verdict", "blocked" },
        { "--code=taskrun-lost,task-lost", "'task-lost' is no code", "requeue help codes" },
        { "--code=", "'' is no code", "requeue help codes" },
        { "--executions=none", "nothing to judge", "leave it out" },
    };
    struct config c;
    struct err    err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_false(PARSE(&c, &err, "executions", "--store=postgres://", cases[i].option));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_non_null(strstr(err.msg, cases[i].says));
        assert_non_null(strstr(err.hint, cases[i].hints));
    }
    assert_false(PARSE(&c, &err, "executions", "--store=postgres://", "--kafka=k:1"));
    assert_int_equal(err.kind, ERR_USAGE);
}

static void a_missing_store_or_kafka_is_named_with_an_example(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_false(PARSE(&c, &err, "plan", "--kafka", "k:1"));
    assert_non_null(strstr(err.msg, "--store"));
    assert_non_null(strstr(err.hint, "postgres://"));
    assert_non_null(strstr(err.hint, "http://"));
    assert_false(PARSE(&c, &err, "plan", "--store", "postgres://"));
    assert_non_null(strstr(err.msg, "--kafka"));
}

static void brokers_are_told_from_other_words(void **state)
{
    static const char *const good[] = {
        "k",          "k:1",   "10.0.0.5:9092,10.0.0.6:9092", "k:65535, l:1",
        "[::1]:9092", "[::1]", "SASL_SSL://k:9093",           "ssl://k"
    };
    static const char *const bad[] = { "",        ",",     "k:1,",     "k:",         "k:0",
                                       "k:65536", "k:x",   "a b:9092", "http://k:1", ":9092",
                                       "k:1/x",   "u@k:1", "k:1;l:2",  "kafka://k:1" };
    struct config            c;
    struct err               err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(PARSE(&c, &err, "plan", "--store", "postgres://", "--kafka", good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char option[64];

        (void)snprintf(option, sizeof(option), "--kafka=%s", bad[i]);
        assert_false(PARSE(&c, &err, "plan", "--store", "postgres://", option));
        assert_int_equal(err.kind, ERR_USAGE);
        assert_non_null(strstr(err.msg, "--kafka"));
        assert_true(err.hint[0] != '\0');
    }
}

static void no_password_is_told_again(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_false(PARSE(&c, &err, "postgres://u:swordfish@h/d"));
    assert_null(strstr(err.msg, "swordfish"));
    assert_false(PARSE(&c, &err, "plan", ENDS, "postgres://u:swordfish@h/d"));
    assert_null(strstr(err.msg, "swordfish"));
    assert_false(PARSE(&c, &err, "plan", "--store=postgres://", "--kafka=u:swordfish@h:1"));
    assert_null(strstr(err.msg, "swordfish"));
}

static void the_names_of_kestras_own_command_are_understood(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "rebuild", ENDS, "--no-flows", "--no-templates", "--no-recreate",
                      "--no-triggers-execution-id"));
    assert_int_equal(c.scope.kinds, KIND_BIT(KIND_TRIGGER) | KIND_BIT(KIND_EXECUTION));
    assert_int_equal(c.scope.project.unlock, UNLOCK_ALL);
}

static void times_become_what_the_store_compares(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "rebuild", ENDS, "--executions", "all", "--since",
                      "2024-12-10T09:00:00+01:00"));
    assert_string_equal(c.scope.since, "2024-12-10T08:00:00.000Z");
}

static void states_and_ids_are_lists_of_the_scope(void **state)
{
    static const char text[] = " id-1\r\n\n id-2 \nid-3";
    struct config     c;
    struct err        err;
    char              file[] = "/tmp/requeue-ids-XXXXXX";
    int               fd = mkstemp(file);

    (void)state;
    assert_true(fd != -1);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
    assert_true(PARSE(&c, &err, "verify", ENDS, "--states=running,PAUSED", "--ids", file));
    assert_int_equal(c.scope.states.n, 2);
    assert_string_equal(c.scope.states.items[0], "RUNNING");
    assert_string_equal(c.scope.states.items[1], "PAUSED");
    assert_int_equal(c.scope.ids.n, 3);
    assert_string_equal(c.scope.ids.items[0], "id-1");
    assert_string_equal(c.scope.ids.items[1], "id-2");
    assert_string_equal(c.scope.ids.items[2], "id-3");
    assert_true(scope_is_partial(&c.scope));
    options_release(&c);
    assert_int_equal(truncate(file, 0), 0);
    assert_false(PARSE(&c, &err, "verify", ENDS, "--ids", file));
    assert_non_null(strstr(err.msg, "names none"));
    options_release(&c);
    (void)unlink(file);
    assert_false(PARSE(&c, &err, "verify", ENDS, "--ids", file));
    assert_non_null(strstr(err.msg, "option --ids"));
    options_release(&c);
    assert_false(PARSE(&c, &err, "verify", ENDS, "--states=RUNNING,RUNING"));
    assert_string_equal(err.msg, "option --states: 'RUNING' is no state of an execution");
    assert_non_null(strstr(err.hint, "CREATED, RUNNING, PAUSED"));
    options_release(&c);
    assert_false(PARSE(&c, &err, "check", ENDS, "--states=RUNNING"));
    options_release(&c);
}

static void help_of_a_command_may_be_asked_with_an_option(void **state)
{
    struct config c;
    struct err    err;

    (void)state;
    assert_true(PARSE(&c, &err, "rebuild", "--help"));
    assert_int_equal(c.command, COMMAND_HELP);
    assert_string_equal(c.operands.items[0], "rebuild");
}

static void options_may_stand_before_the_command(void **state)
{
    struct config c;
    struct err    err = ERR_INIT;

    (void)state;
    assert_true(PARSE(&c, &err, "--jobs", "3", "-q", "plan", ENDS));
    assert_int_equal(c.command, COMMAND_PLAN);
    assert_int_equal(c.jobs, 3);
    assert_true(c.quiet);
    assert_string_equal(c.kafka, "k:1");
    options_release(&c);
    assert_false(PARSE(&c, &err, "--jobs", "3", "paln", ENDS));
    assert_string_equal(err.msg, "'paln' is not a command");
    err = ERR_INIT;
    assert_false(PARSE(&c, &err, "--jobs", "plan", ENDS));
    assert_string_equal(err.msg, "'--jobs' is not a command");
    err = ERR_INIT;
    assert_true(PARSE(&c, &err, "--help", "plan"));
    assert_int_equal(c.command, COMMAND_HELP);
    assert_string_equal(c.operands.items[0], "plan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_has_a_help_line_without_full_stop_and_at_least_one_command),
        cmocka_unit_test(names_and_letters_are_unique),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(audit_means_all_executions_and_no_unlock),
        cmocka_unit_test(each_word_of_executions_unlock_and_recover_has_its_mode),
        cmocka_unit_test(ages_and_times_become_seconds_and_instants),
        cmocka_unit_test(executions_needs_no_kafka_and_reads_flows_and_executions),
        cmocka_unit_test(contradictions_are_refused_with_both_options_named),
        cmocka_unit_test(what_only_executions_lists_is_checked),
        cmocka_unit_test(a_missing_store_or_kafka_is_named_with_an_example),
        cmocka_unit_test(brokers_are_told_from_other_words),
        cmocka_unit_test(no_password_is_told_again),
        cmocka_unit_test(the_names_of_kestras_own_command_are_understood),
        cmocka_unit_test(times_become_what_the_store_compares),
        cmocka_unit_test(states_and_ids_are_lists_of_the_scope),
        cmocka_unit_test(help_of_a_command_may_be_asked_with_an_option),
        cmocka_unit_test(options_may_stand_before_the_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
