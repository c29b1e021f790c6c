/*
 * test_verdict_facts.c - verdicts that rest on what is not in the document, and on documents that
 * no executor can take: rows F01 to F10, D01 to D04, poison (kestra/restartability.md 1.7).
 */
#include "tests/support/verdict_world.h"

#define AGAIN CODE(TASK_MAY_RERUN)

/* ---- a JDBC runner's tables --------------------------------------------------------------- */

static const struct run_known *known(void *ctx, struct slice id)
{
    static const struct run_known taken = { .taken = true };
    static const struct run_known ended = { .ended = true };
    static const struct run_known due = { .due = { "2026-01-01T00:10:00.000Z", 24 } };

    (void)ctx;
    if (slice_eq(id, SLICE("r-a")))
        return &taken;
    if (slice_eq(id, SLICE("r-b")))
        return &ended;
    return slice_eq(id, SLICE("r-p")) ? &due : NULL;
}

static void test_a_waiting_task_that_a_worker_had_begun_may_run_twice(void **state)
{
    struct world *w = *state;

    w->facts.exact = true;
    judge(w, ABC, EXEC(RUNNING, RUN("a", CREATED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED));
    assert_false(w->f.taken);
    w->facts.run_known = known;
    judge(w, ABC, EXEC(RUNNING, RUN("a", CREATED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
    assert_true(w->f.taken);
    assert_string_equal(w->f.detail,
                        "a worker had begun task run r-a, which waits by the document");
    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS) "," RUN("c", CREATED)));
    CHECK(w, ROW_E07, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED));
}

static void test_a_lost_task_whose_result_waits_has_ended(void **state)
{
    struct world *w = *state;

    w->facts.run_known = known;
    judge(w, ABC, EXEC(RUNNING, RUN("a", SUCCESS) "," RUN("b", RUNNING)));
    CHECK(w, ROW_E09, VERDICT_BLOCKED, CODE(TASKRUN_LOST));
    assert_string_equal(w->f.detail,
                        "task run r-b has ended, its result waits in the store's queue");
}

static void test_a_delay_is_told_where_a_table_keeps_it(void **state)
{
    struct world *w = *state;

    judge(w, FLOW(PAUSE_FOR("p", LEAF("a"))), EXEC(PAUSED, RUN("p", PAUSED)));
    assert_string_equal(w->f.detail, "");
    w->facts.run_known = known;
    judge(w, FLOW(PAUSE_FOR("p", LEAF("a"))), EXEC(PAUSED, RUN("p", PAUSED)));
    assert_true(w->f.codes & CODE(PAUSE_DELAY_LOST));
    assert_string_equal(w->f.detail, "its delay was to end at 2026-01-01T00:10:00.000Z");
}

/* ---- flows -------------------------------------------------------------------------------- */

static void test_F01_missing_revision_is_never_emitted(void **state)
{
    struct world *w = *state;

    w->facts.revision = REVISION_MISSING;
    judge(w, NULL, EXEC(CREATED, ""));
    CHECK(w, ROW_F01, VERDICT_BLOCKED, CODE(FLOW_REVISION_MISSING));
    assert_true(w->f.poison);
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_SUPPLY_FLOW));
    assert_string_equal(w->f.detail, "flow n.f has no revision 1");
    /* Seen: a terminal one stops the executor just as well; so would a deleted one. */
    judge(w, NULL, EXEC(SUCCESS, ""));
    CHECK(w, ROW_F01, VERDICT_BLOCKED, CODE(FLOW_REVISION_MISSING) | CODE(TERMINAL_NOT_EMITTED));
    assert_true(w->f.poison);
    judge(w, NULL, EXEC_OF(RUNNING, "\"deleted\":true,", ""));
    CHECK(w, ROW_F01, VERDICT_BLOCKED, CODE(FLOW_REVISION_MISSING) | CODE(DELETED_NOT_EMITTED));
    /* A caller without a tree has no revision, whatever it says. */
    w->facts.revision = REVISION_PRESENT;
    judge(w, NULL, EXEC(RUNNING, ""));
    CHECK(w, ROW_F01, VERDICT_BLOCKED, CODE(FLOW_REVISION_MISSING));
}

static void test_F02_flow_is_deleted(void **state)
{
    struct world *w = *state;

    w->facts.flow_deleted = true;
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_F02, VERDICT_RESUMES, CODE(FLOW_DELETED));
}

static void test_F03_flow_is_disabled(void **state)
{
    struct world *w = *state;

    w->facts.flow_disabled = true;
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_F03, VERDICT_RESUMES, CODE(FLOW_DISABLED));
}

static void test_F04_open_task_is_not_in_the_revision(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC(RUNNING, RUN("nope", CREATED)));
    CHECK(w, ROW_F04, VERDICT_BLOCKED, CODE(TASK_NOT_IN_REVISION));
    assert_true(w->f.registered); /* by its exception */
    assert_int_equal(w->f.notes[0].role, ROLE_STRANGER);
    assert_int_equal(w->f.notes[0].task, TASK_NONE);
    assert_string_equal(w->f.detail, "task nope is not in revision 1");
    judge(w, ABC, EXEC(RUNNING, RUN("nope", RUNNING)));
    CHECK(w, ROW_F04, VERDICT_BLOCKED, CODE(TASK_NOT_IN_REVISION));
    judge(w, ABC, EXEC(KILLING, RUN("nope", RUNNING)));
    CHECK(w, ROW_F04, VERDICT_BLOCKED, CODE(TASK_NOT_IN_REVISION) | CODE(FLOW_TRIGGER_REFIRE));
}

static void test_F05_flow_is_unreadable(void **state)
{
    struct world *w = *state;

    w->facts.revision = REVISION_UNREADABLE;
    w->facts.revision_detail = "a task without type";
    judge(w, NULL, EXEC(RUNNING, ""));
    CHECK(w, ROW_F05, VERDICT_BLOCKED, CODE(FLOW_UNREADABLE));
    assert_true(w->f.poison);
    assert_string_equal(w->f.detail, "a task without type");
}

#define TEMPLATE(id) TASK(id, "flows.Template", ",\"namespace\":\"n\",\"templateId\":\"t\"")

static const char *const templates[] = { "n_t",
                                         "{\"id\":\"t\",\"namespace\":\"n\",\"tasks\":[" LEAF(
                                             "x") "," LEAF("y") "],\"deleted\":false}",
                                         NULL };

static void test_F06_template_is_missing(void **state)
{
    static const char *const flow = FLOW(TEMPLATE("t1") "," LEAF("z"));
    struct world            *w = *state;

    judge(w, flow, EXEC(CREATED, ""));
    CHECK(w, ROW_F06, VERDICT_BLOCKED, CODE(TEMPLATE_MISSING));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_SUPPLY_TEMPLATE));
    judge(w, flow, EXEC(RUNNING, RUN("t1", RUNNING)));
    CHECK(w, ROW_F06, VERDICT_BLOCKED, CODE(TEMPLATE_MISSING));
    assert_true(w->f.registered);
    /* It is done with it. */
    judge(w, flow, EXEC(RUNNING, RUN("t1", SUCCESS)));
    CHECK(w, ROW_E04, VERDICT_RESUMES, 0);
    /* It may never need it. */
    judge(w, FLOW_OF(ON_ERROR(TEMPLATE("t1")), LEAF("a")), EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    judge_with(w, flow, templates, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
}

static void test_F08_deleted_template_is_missing(void **state)
{
    static const char *const deleted[] = {
        "n_t",
        "{\"id\":\"t\",\"namespace\":\"n\",\"tasks\":[" LEAF("x") "],\"deleted\":true}",
        NULL,
    };
    struct world *w = *state;

    judge_with(w, FLOW(TEMPLATE("t1")), deleted, EXEC(CREATED, ""));
    CHECK(w, ROW_F06, VERDICT_BLOCKED, CODE(TEMPLATE_MISSING));
    assert_true(row_has(&w->f.rows, ROW_F08));
}

static void a_template_that_is_used_twice_has_its_tasks_twice(void **state)
{
    static const char *const flow = FLOW(TEMPLATE("t1") "," TEMPLATE("t2"));
    struct world            *w = *state;

    judge_with(
        w, flow, templates,
        EXEC(RUNNING,
             RUN("t1", SUCCESS) "," UNDER("t1", "x", SUCCESS) "," UNDER("t1", "y", SUCCESS) "," RUN(
                 "t2", RUNNING) "," RUN_OF("x2", "x", SUCCESS, ",\"parentTaskRunId\":\"r-t2\"")));
    CHECK(w, ROW_E11, VERDICT_RESUMES, 0);
    judge_with(
        w, flow, templates,
        EXEC(RUNNING,
             RUN("t1", SUCCESS) "," UNDER("t1", "x", SUCCESS) "," UNDER("t1", "y", SUCCESS) "," RUN(
                 "t2",
                 RUNNING) "," RUN_OF("x2", "x", SUCCESS,
                                     ",\"parentTaskRunId\":\"r-t2\"") "," RUN_OF("y2", "y", CREATED,
                                                                                 ",\"parentTaskRunI"
                                                                                 "d\":\"r-t2\"")));
    CHECK(w, ROW_E13, VERDICT_BLOCKED, CODE(TASKRUN_NOT_JOINED) | AGAIN);
}

static void test_F10_addresses_of_the_storage(void **state)
{
    struct world *w = *state;

    judge(w, ABC, EXEC_OF(CREATED, "\"inputs\":{\"f\":\"kestra:///n/f/file\"},", ""));
    CHECK(w, ROW_F10, VERDICT_RESUMES, CODE(STORAGE_UNCHECKED));
}

/* ---- the store ---------------------------------------------------------------------------- */

static void test_D01_store_knows_more(void **state)
{
    struct world *w = *state;

    w->facts.stale = true;
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_D01, VERDICT_NEEDS_ACTION, CODE(SOURCE_STALE));
}

static void test_D03_very_old(void **state)
{
    struct world *w = *state;

    w->facts.has_newest = true;
    w->facts.max_age_s = 86400;
    assert_true(instant_parse(SLICE("2026-01-02T00:00:00Z"), &w->facts.newest));
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    w->facts.newest.s++;
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_D03, VERDICT_NEEDS_ACTION, CODE(EXECUTION_OLD));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_MAX_AGE));
    w->facts.max_age_s = 0;
    judge(w, ABC, EXEC(CREATED, ""));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
}

static void test_D04_too_large(void **state)
{
    static const char *const exec = EXEC(CREATED, "");
    struct world            *w = *state;

    w->facts.record_max = strlen(exec);
    judge(w, ABC, exec);
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    w->facts.record_max--;
    judge(w, ABC, exec);
    CHECK(w, ROW_D04, VERDICT_BLOCKED, CODE(RECORD_TOO_LARGE));
    assert_int_equal(w->f.remedies, REMEDY_BIT(REMEDY_RAISE_LIMITS));
}

/* ---- poison ------------------------------------------------------------------------------- */

#define BARE(members) "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\"," members "}"
#define REVISION      "\"flowRevision\":1,"

static void what_an_executor_cannot_do_without_is_poison(void **state)
{
    static const char *const docs[] = {
        BARE("\"state\":" ST_RUNNING),
        BARE(REVISION "\"labels\":{}"),
        BARE(REVISION "\"state\":{}"),
        BARE(REVISION "\"state\":null"),
        BARE(REVISION "\"state\":{\"current\":\"RUNNING\",\"histories\":[]}"),
        "{\"namespace\":\"n\",\"flowId\":\"f\"," REVISION "\"state\":" ST_RUNNING "}",
        "{\"id\":\"E\",\"flowId\":\"f\"," REVISION "\"state\":" ST_RUNNING "}",
        "{\"id\":\"E\",\"namespace\":\"n\"," REVISION "\"state\":" ST_RUNNING "}",
        EXEC(RUNNING, "{\"id\":\"r\",\"taskId\":\"a\"}"),
        EXEC(RUNNING, "{\"id\":\"r\",\"taskId\":\"a\",\"state\":{}}"),
        EXEC(RUNNING, "{\"id\":\"r\",\"state\":" ST_CREATED "}"),
        EXEC(RUNNING, "{\"taskId\":\"a\",\"state\":" ST_CREATED "}"),
        EXEC(RUNNING, "7"),
        EXEC(CREATED, "{\"id\":\"r\",\"taskId\":\"a\",\"state\":{\"current\":\"CREATED\","
                      "\"histories\":[]}}"),
        EXEC(RUNNING, RUN_OF("r", "a", CREATED,
                             ",\"attempts\":[{\"state\":{\"current\":\"RUNNING\",\"histories\":"
                             "[]}}]")),
        "{}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT_OF(docs); i++) {
        judge(w, ABC, docs[i]);
        if (w->f.codes != CODE(EXECUTION_INVALID) || w->f.verdict != VERDICT_BLOCKED ||
            !w->f.poison || !w->f.detail[0])
            fail_msg("%s", docs[i]);
    }
}

static void an_empty_list_of_histories_is_harmless_where_it_is_created(void **state)
{
    struct world *w = *state;

    judge(w, ABC, BARE(REVISION "\"state\":{\"current\":\"CREATED\",\"histories\":[]}"));
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
    /* One that is absent always. */
    judge(w, ABC, BARE(REVISION "\"state\":{\"current\":\"RUNNING\"}"));
    CHECK(w, ROW_E03, VERDICT_RESUMES, 0);
}

static void an_ended_document_can_be_poison_too(void **state)
{
    struct world *w = *state;

    judge(w, ABC, BARE("\"state\":" ST_SUCCESS));
    CHECK(w, ROW_E33, VERDICT_BLOCKED, CODE(EXECUTION_INVALID) | CODE(TERMINAL_NOT_EMITTED));
    assert_true(w->f.poison);
}

static void a_number_outside_64_bits_is_poison_up_to_0_18(void **state)
{
    static const char *const exec = EXEC_OF(CREATED, "\"inputs\":{\"n\":9223372036854775808},", "");
    struct world            *w = *state;

    judge(w, ABC, exec);
    CHECK(w, NO_ROW, VERDICT_BLOCKED, CODE(POISON_NUMBER));
    assert_true(w->f.poison);
    world_band(w, "I");
    judge(w, ABC, exec);
    CHECK(w, ROW_E01, VERDICT_RESUMES, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_F01_missing_revision_is_never_emitted),
        TEST(test_F02_flow_is_deleted),
        TEST(test_a_waiting_task_that_a_worker_had_begun_may_run_twice),
        TEST(test_a_lost_task_whose_result_waits_has_ended),
        TEST(test_a_delay_is_told_where_a_table_keeps_it),
        TEST(test_F03_flow_is_disabled),
        TEST(test_F04_open_task_is_not_in_the_revision),
        TEST(test_F05_flow_is_unreadable),
        TEST(test_F06_template_is_missing),
        TEST(test_F08_deleted_template_is_missing),
        TEST(a_template_that_is_used_twice_has_its_tasks_twice),
        TEST(test_F10_addresses_of_the_storage),
        TEST(test_D01_store_knows_more),
        TEST(test_D03_very_old),
        TEST(test_D04_too_large),
        TEST(what_an_executor_cannot_do_without_is_poison),
        TEST(an_empty_list_of_histories_is_harmless_where_it_is_created),
        TEST(an_ended_document_can_be_poison_too),
        TEST(a_number_outside_64_bits_is_poison_up_to_0_18),
    };

    return RUN_TESTS(tests);
}
