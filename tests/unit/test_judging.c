/*
 * test_judging.c - the passes that fill a judge (lib/store/judging.h), on a dump as the store; and
 * what the projection then makes of executions (lib/kestra/judge.h). Locks: test_judging_locks.c.
 */
#include "tests/support/judging_world.h"
#include "tests/support/layout_files.h"

#include <unistd.h>

/* ---- executions ------------------------------------------------------------------------------ */

static void each_pending_execution_is_judged_once(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    pending(w, "open", "f", "a", "CREATED");
    pending(w, "lost", "f", "a", "RUNNING");
    execution(w, "ended", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    for (int parallel = 0; parallel < 2; parallel++) {
        w->parallel = parallel == 1;
        must_run(w);
        says(&w->told, "created resumes sent");
        says(&w->told, "open blocked");
        says(&w->told, "lost blocked");
        assert_int_equal(lines(&w->told), 3);
        assert_int_equal(w->stats.pending.executions, 3);
        assert_int_equal(w->stats.pending.revisions, 1);
        assert_int_equal(w->stats.pending.parents, 0);
    }
}

static void only_what_resumes_is_sent(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    pending(w, "open", "f", "a", "CREATED");
    must_run(w);
    assert_true(text_begins(records(w, KIND_EXECUTION), "created={"));
    assert_null(strstr(w->files->keeper.text.p, "\nopen="));
}

static void what_is_recovered_is_sent_in_its_new_form(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    pending(w, "lost", "f", "a", "RUNNING");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "open blocked sent rewritten");
    says(&w->told, "lost blocked");
    assert_true(text_begins(records(w, KIND_EXECUTION), "open={"));
    assert_non_null(strstr(w->files->keeper.text.p, "\"state\":{\"current\":\"RESTARTED\""));
    assert_null(strstr(w->files->keeper.text.p, "lost="));

    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "lost blocked sent rewritten");
}

/* seen-on-real-kestra.md B.4 F01: one of them stops the executor of all. */
static void an_execution_without_its_flow_revision_is_sent_by_no_option(void **state)
{
    struct world *w = *state;
    const char   *text;

    two_steps(w, "f");
    execution(w, "orphan", "gone", "CREATED", "", "");
    execution(w, "done", "gone", "SUCCESS", "", "");
    execution(w, "well", "f", "SUCCESS", "", "");
    w->scope.project.recover.mode = RECOVER_ALL;
    for (int mode = EXECUTIONS_RESUMABLE; mode <= EXECUTIONS_ALL; mode++) {
        w->scope.project.executions = (enum executions_mode)mode;
        must_run(w);
        says(&w->told, "orphan blocked");
        text = records(w, KIND_EXECUTION);
        assert_null(strstr(text, "orphan="));
        assert_null(strstr(text, "done="));
        assert_int_equal(strstr(text, "well=") != NULL, mode == EXECUTIONS_ALL);
    }
}

/* A broker may take smaller records than the layout says. */
static void what_names_a_revision_that_was_refused_is_not_sent(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    two_steps(w, "g");
    execution(w, "created", "f", "CREATED", "", "");
    execution(w, "done", "f", "SUCCESS", "", "");
    execution(w, "other", "g", "CREATED", "", "");
    w->scope.project.executions = EXECUTIONS_ALL;
    must_run(w);
    says(&w->told, "created resumes sent");
    judge_lose_revision(w->survey.judge, SLICE("n_f_1"));
    assert_true(text_begins(records(w, KIND_EXECUTION), "other={"));
    assert_null(strstr(w->files->keeper.text.p, "created="));
    assert_null(strstr(w->files->keeper.text.p, "done="));
}

/* Nor is what shuts the executor's stream down (kestra/restartability.md 1.7), ended or not. */
static void a_poison_document_is_sent_by_no_option(void **state)
{
    static const char *const stateless = "{\"id\":\"r\",\"taskId\":\"a\"}";
    struct world            *w = *state;
    const char              *text;

    two_steps(w, "f");
    execution(w, "open", "f", "RUNNING", stateless, "");
    execution(w, "done", "f", "SUCCESS", stateless, "");
    execution(w, "well", "f", "SUCCESS", "", "");
    w->scope.project.recover.mode = RECOVER_ALL;
    for (int mode = EXECUTIONS_RESUMABLE; mode <= EXECUTIONS_ALL; mode++) {
        w->scope.project.executions = (enum executions_mode)mode;
        must_run(w);
        text = records(w, KIND_EXECUTION);
        assert_null(strstr(text, "open="));
        assert_null(strstr(text, "done="));
        assert_int_equal(strstr(text, "well=") != NULL, mode == EXECUTIONS_ALL);
    }
}

/* Two task runs of one id, a task that its flow has not, subflows that wait for each other: none of
 * them is anything that a Kestra could go on with. */
static void a_document_that_makes_no_sense_is_sent_by_no_option(void **state)
{
    struct world *w = *state;
    char          twice[1100];

    two_steps(w, "f");
    flow(w, "c", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"c\",\"wait\":true}");
    (void)snprintf(twice, sizeof(twice), "%s,%s", run_of("a", "SUCCESS"), run_of("a", "SUCCESS"));
    execution(w, "twice", "f", "RUNNING", twice, "");
    execution(w, "was-twice", "f", "SUCCESS", twice, "");
    pending(w, "strange", "f", "nowhere", "CREATED");
    execution(w, "one", "c", "RUNNING", run_of("call", "CREATED"), STARTED_BY("two"));
    execution(w, "two", "c", "RUNNING", run_of("call", "CREATED"), STARTED_BY("one"));
    execution(w, "well", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    w->scope.project.recover.mode = RECOVER_ALL;
    for (int mode = EXECUTIONS_RESUMABLE; mode <= EXECUTIONS_ALL; mode++) {
        w->scope.project.executions = (enum executions_mode)mode;
        must_run(w);
        says(&w->told, "twice blocked");
        says(&w->told, "strange blocked");
        says(&w->told, "one blocked");
        says(&w->told, "two blocked");
        assert_int_equal(text_begins(records(w, KIND_EXECUTION), "well={"), mode == EXECUTIONS_ALL);
        assert_int_equal(lines(&w->files->keeper.text), mode == EXECUTIONS_ALL ? 1 : 0);
    }
}

/* Tasks in tasks, deeper than any flow that can be read: its executions go nowhere. */
static void a_flow_two_hundred_deep_is_a_verdict(void **state)
{
    struct world *w = *state;
    struct buf    json;

    buf_init(&json, 1u << 20);
    buf_add(&json, "{\"id\":\"d\",\"namespace\":\"n\",\"revision\":1,\"disabled\":false,"
                   "\"deleted\":false,\"tasks\":[");
    for (int i = 0; i < 200; i++)
        buf_add(&json, "{\"id\":\"s%d\",\"type\":\"" FLOWS_CLASS "Sequential\",\"tasks\":[", i);
    buf_add(&json, "{\"id\":\"a\",\"type\":\"" BASH "\"}");
    for (int i = 0; i < 200; i++)
        buf_add(&json, "]}");
    buf_add(&json, "]}");
    file_world_hit(w->files, FLOWS, "n_d_1", json.p);
    execution(w, "deep", "d", "CREATED", "", "");
    for (int mode = EXECUTIONS_RESUMABLE; mode <= EXECUTIONS_ALL; mode++) {
        w->scope.project.executions = (enum executions_mode)mode;
        must_run(w);
        says(&w->told, "deep blocked");
        assert_string_equal(records(w, KIND_EXECUTION), "");
    }
    buf_release(&json);
}

/* Subflows in subflows: each parent goes back when its child does. */
static void a_chain_of_two_hundred_parents_is_judged(void **state)
{
    struct world *w = *state;
    char          id[16];
    char          more[256];

    flow(w, "c", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"c\",\"wait\":true}");
    for (int i = 0; i < 200; i++) {
        (void)snprintf(id, sizeof(id), "e%d", i);
        (void)snprintf(more, sizeof(more),
                       "\"trigger\":{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
                       "Flow\",\"variables\":{\"executionId\":\"e%d\"}},",
                       i - 1);
        execution(w, id, "c", "RUNNING", run_of("call", "CREATED"), more);
    }
    must_run(w);
    assert_int_equal(lines(&w->told), 200);
    says(&w->told, "e0 blocked");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    assert_int_equal(lines(&w->told), 200);
    says(&w->told, "e0 blocked sent rewritten");
    says(&w->told, "e199 blocked sent rewritten");
}

/* Batches are used again, so documents come to lie where others lay: what was judged of one must
 * not be taken for another. */
static void each_document_has_its_own_value(void **state)
{
    struct world     *w = *state;
    char              json[2048];
    struct projector *p;
    struct document   doc = { .id = SLICE("first") };
    struct projection out;

    two_steps(w, "f");
    w->scope.project.executions = EXECUTIONS_ALL;
    must_run(w);
    p = projector_new(w->files->layout, &w->scope.project, w->survey.flows, w->survey.judge);
    judge_add_revision(w->survey.judge, SLICE("n_f_1"),
                       SLICE("{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"tasks\":"
                             "[{\"id\":\"a\",\"type\":\"" BASH "\"}]}"));
    doc.value = write_execution(json, "first", "f", "CREATED", "", "");
    project(p, KIND_EXECUTION, &doc, &out);
    assert_int_equal(out.outcome, PROJECT_RECORD);
    doc.id = SLICE("second");
    doc.value = write_execution(json, "second", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    project(p, KIND_EXECUTION, &doc, &out);
    assert_int_equal(out.outcome, PROJECT_RECORD);
    assert_true(slice_eq(out.record.value, doc.value));
    projector_free(p);
}

static void a_flow_that_stays_out_keeps_its_executions_out(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    file_world_hit(
        w->files, FLOWS, "n_f_2",
        "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":2,\"tasks\":[]}"); /* no deleted */
    execution(w, "created", "f", "CREATED", "", "");
    must_run(w);
    says(&w->told, "created blocked");
}

static void pending_ones_are_all_sent_when_asked_for(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    w->scope.project.executions = EXECUTIONS_PENDING;
    must_run(w);
    says(&w->told, "open blocked sent");
    assert_true(text_begins(records(w, KIND_EXECUTION), "open={"));
}

static void old_executions_stay_out_and_age_is_counted_from_the_newest(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    w->scope.project.max_age_s = 3600;
    must_run(w);
    says(&w->told, "created resumes sent"); /* however long ago that was */
    w->scope.project.has_now = true;
    assert_true(instant_parse(SLICE("2024-03-01T11:00:02Z"), &w->scope.project.now));
    must_run(w);
    says(&w->told, "created needs-action");
    w->scope.project.max_age_s = 0;
    must_run(w);
    says(&w->told, "created resumes sent");
}

static void many_revisions_are_fetched_in_bulk(void **state)
{
    struct world *w = *state;
    char          name[32];

    for (int i = 0; i < 2500; i++) {
        (void)snprintf(name, sizeof(name), "f%d", i);
        two_steps(w, name);
        (void)snprintf(name + 16, 16, "e%d", i);
        execution(w, name + 16, name, "CREATED", "", "");
    }
    for (int parallel = 0; parallel < 2; parallel++) {
        w->parallel = parallel == 1;
        must_run(w);
        assert_int_equal(w->stats.pending.executions, 2500);
        assert_int_equal(w->stats.pending.revisions, 2500);
        assert_int_equal(w->stats.pending.lookups, 3);
        assert_int_equal(lines(&w->told), 2500);
        assert_null(strstr(w->told.p, "blocked"));
    }
}

/* Runs of the flow's Template task and of the template's first task. */
static void in_template(struct world *w)
{
    execution(w, "open", "f", "RUNNING",
              "{\"id\":\"r-t\",\"taskId\":\"t\",\"state\":{\"current\":\"RUNNING\",\"histories\":"
              "[{\"state\":\"CREATED\",\"date\":\"2024-03-01T10:00:00.500Z\"}]}},"
              "{\"id\":\"r-x\",\"taskId\":\"x\",\"parentTaskRunId\":\"r-t\",\"state\":{\"current\":"
              "\"CREATED\",\"histories\":[{\"state\":\"CREATED\",\"date\":"
              "\"2024-03-01T10:00:00.600Z\"}]}}",
              "");
}

#define CALL_TEMPLATE(id, name)                                                                    \
    "{\"id\":\"" id "\",\"type\":\"" FLOWS_CLASS                                                   \
    "Template\",\"namespace\":\"n\",\"templateId\":\"" name "\"}"

static void templates_are_fetched_with_the_templates_they_name(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1, CALL_TEMPLATE("t", "outer"));
    file_world_hit(w->files, TEMPLATES, "n_outer",
                   "{\"id\":\"outer\",\"namespace\":\"n\",\"tasks\":[{\"id\":\"x\",\"type\":\"" BASH
                   "\"}," CALL_TEMPLATE("i", "inner") "],\"deleted\":false}");
    file_world_hit(w->files, TEMPLATES, "n_inner",
                   "{\"id\":\"inner\",\"namespace\":\"n\",\"tasks\":[{\"id\":\"y\",\"type\":\"" BASH
                   "\"}],\"deleted\":false}");
    in_template(w);
    must_run(w);
    assert_int_equal(w->stats.pending.templates, 2);
    says(&w->told, "open blocked");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "open blocked sent rewritten"); /* its task is known */
}

static void a_template_that_is_not_there_is_looked_for_once(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1, CALL_TEMPLATE("t", "gone"));
    in_template(w);
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    assert_int_equal(w->stats.pending.templates, 0);
    assert_int_equal(w->stats.pending.lookups, 2);
    says(&w->told, "open blocked");
}

/* ---- subflows -------------------------------------------------------------------------------- */

static void parent_and_child(struct world *w)
{
    two_steps(w, "sub");
    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"sub\",\"wait\":true}");
    pending(w, "parent", "f", "call", "CREATED");
}

static void a_parent_without_a_child_starts_it(void **state)
{
    struct world *w = *state;

    parent_and_child(w);
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    assert_int_equal(w->stats.pending.parents, 1);
    assert_int_equal(w->stats.pending.children, 0);
    says(&w->told, "parent blocked sent rewritten");
}

static void a_parent_is_linked_to_its_child(void **state)
{
    struct world      *w = *state;
    const struct link *links;

    parent_and_child(w);
    execution(w, "child", "sub", "CREATED", "", STARTED_BY("parent"));
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    assert_int_equal(w->stats.pending.children, 1);
    says(&w->told, "parent blocked sent rewritten");
    assert_int_equal(judge_links(w->survey.judge, &links), 1);
    assert_true(slice_eq(links[0].child, SLICE("child")));
    assert_true(slice_eq(links[0].parent, SLICE("parent")));
    assert_true(text_begins(records(w, KIND_SUBFLOW_LINK), "child={"));
    assert_non_null(strstr(w->files->keeper.text.p, "\"execution\":{\"id\":\"child\""));
    assert_true(scope_has(&w->scope, KIND_SUBFLOW_LINK));

    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    assert_int_equal(judge_links(w->survey.judge, &links), 0);
    says(&w->told, "parent blocked");
    assert_false(scope_has(&w->scope, KIND_SUBFLOW_LINK));
}

/* A grandchild, its parent, and that one's parent: who is linked is judged after whom it waits for.
 */
static void a_chain_of_parents_is_judged_from_its_end(void **state)
{
    struct world      *w = *state;
    const struct link *links;

    parent_and_child(w);
    execution(w, "child", "f", "RUNNING", run_of("call", "CREATED"), STARTED_BY("parent"));
    execution(w, "grandchild", "sub", "CREATED", "", STARTED_BY("child"));
    w->scope.project.recover.mode = RECOVER_ALL;
    for (int parallel = 0; parallel < 2; parallel++) {
        w->parallel = parallel == 1;
        must_run(w);
        says(&w->told, "grandchild resumes sent");
        says(&w->told, "child blocked sent rewritten");
        says(&w->told, "parent blocked sent rewritten");
        assert_int_equal(lines(&w->told), 3);
        assert_int_equal(judge_links(w->survey.judge, &links), 2);
        assert_int_equal(w->stats.pending.parents, 2);
    }
}

static void a_parent_of_a_child_that_stays_behind_stays_behind_too(void **state)
{
    struct world      *w = *state;
    const struct link *links;

    parent_and_child(w);
    execution(w, "child", "gone", "CREATED", "", STARTED_BY("parent"));
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "child blocked");
    says(&w->told, "parent blocked");
    assert_int_equal(judge_links(w->survey.judge, &links), 0);
    assert_null(strstr(records(w, KIND_EXECUTION), "parent="));
}

static void a_child_of_another_parent_is_nobodys_business(void **state)
{
    struct world *w = *state;

    parent_and_child(w);
    execution(w, "child", "sub", "SUCCESS", "", STARTED_BY("another"));
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    assert_int_equal(w->stats.pending.children, 0);
    says(&w->told, "parent blocked sent rewritten");
}

static void executions_that_wait_for_each_other_end_nothing(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n\",\"flowId\":\"f\",\"wait\":true}");
    execution(w, "one", "f", "RUNNING", run_of("call", "CREATED"), STARTED_BY("two"));
    execution(w, "two", "f", "RUNNING", run_of("call", "CREATED"), STARTED_BY("one"));
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "one blocked");
    says(&w->told, "two blocked");
}

/* F09: in a scope of one namespace the flows of that one are known, those of others are not. */
static void a_subflow_is_missed_only_where_flows_were_looked_at(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"n.below\",\"flowId\":\"gone\",\"wait\":true}");
    pending(w, "within", "f", "call", "CREATED");
    w->scope.namespace = "n";
    must_run(w);
    assert_true(w->codes & CODE_BIT(CODE_SUBFLOW_TARGET_MISSING));
}

static void a_subflow_of_another_namespace_is_not_missed(void **state)
{
    struct world *w = *state;

    flow(w, "f", 1,
         "{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
         "Flow\",\"namespace\":\"nn\",\"flowId\":\"gone\",\"wait\":true}");
    pending(w, "beyond", "f", "call", "CREATED");
    w->scope.namespace = "n";
    must_run(w);
    assert_int_equal(lines(&w->told), 1);
    assert_false(w->codes & CODE_BIT(CODE_SUBFLOW_TARGET_MISSING));
    w->scope.namespace = NULL;
    must_run(w);
    assert_true(w->codes & CODE_BIT(CODE_SUBFLOW_TARGET_MISSING));
}

/* A search store and a file read all subflows for each question; an index takes a part at a time,
 * of one tenant. */
static void all_parents_are_asked_about_at_once_or_by_tenant(void **state)
{
    static const char *const tenants[] = { "", "\"tenantId\":\"one\",", "\"tenantId\":\"two\"," };
    struct world            *w = *state;
    char                     id[32];
    uint64_t                 at_once;

    layout_free(w->files->layout);
    w->files->layout = layout_file("H1");
    for (size_t t = 0; t < COUNT_OF(tenants); t++) {
        char key[64];
        char json[1024];

        (void)snprintf(key, sizeof(key), "%sn_f_1", t == 0 ? "" : t == 1 ? "one_" : "two_");
        (void)snprintf(json, sizeof(json),
                       "{%s\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,"
                       "\"tasks\":[{\"id\":\"call\",\"type\":\"" FLOWS_CLASS
                       "Flow\",\"namespace\":\"n\",\"flowId\":\"f\",\"wait\":true}]}",
                       tenants[t]);
        file_world_hit(w->files, FLOWS, key, json);
    }
    for (int i = 0; i < 2100; i++) {
        char more[256];

        (void)snprintf(id, sizeof(id), "p%d", i);
        execution(w, id, "f", "RUNNING", run_of("call", "RUNNING"), tenants[i % 3]);
        (void)snprintf(more, sizeof(more), "%s" STARTED_BY("p%d"), tenants[i % 3], i);
        (void)snprintf(id, sizeof(id), "c%d", i);
        execution(w, id, "f", "SUCCESS", "", more);
    }
    must_run(w);
    assert_int_equal(w->stats.pending.parents, 2100);
    assert_int_equal(w->stats.pending.children, 2100);
    at_once = w->stats.pending.lookups;
    w->files->store->finds_parents = true;
    must_run(w);
    assert_int_equal(w->stats.pending.children, 2100);
    assert_int_equal(w->stats.pending.lookups, at_once + 2);
}

/* A file, or an Each, of many items: adding a child must not look at all others. (It took minutes;
 * an alarm ends the test.) */
static void a_parent_may_have_very_many_children(void **state)
{
    struct world *w = *state;
    char          id[32];
    struct child  child = { .task_id = SLICE("call"), .state = STATE_RUNNING };

    two_steps(w, "f");
    must_run(w);
    alarm(20);
    for (int i = 0; i < 300000; i++) {
        (void)snprintf(id, sizeof(id), "child-%06d", i % 150000);
        child.id = slice_str(id);
        judge_add_child(w->survey.judge, SLICE("parent"), &child);
        judge_add_link(w->survey.judge, SLICE("parent"), child.id, SLICE("run"));
    }
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JUDGING_TEST(each_pending_execution_is_judged_once),
        JUDGING_TEST(only_what_resumes_is_sent),
        JUDGING_TEST(what_is_recovered_is_sent_in_its_new_form),
        JUDGING_TEST(an_execution_without_its_flow_revision_is_sent_by_no_option),
        JUDGING_TEST(what_names_a_revision_that_was_refused_is_not_sent),
        JUDGING_TEST(a_poison_document_is_sent_by_no_option),
        JUDGING_TEST(a_document_that_makes_no_sense_is_sent_by_no_option),
        JUDGING_TEST(a_flow_two_hundred_deep_is_a_verdict),
        JUDGING_TEST(a_chain_of_two_hundred_parents_is_judged),
        JUDGING_TEST(each_document_has_its_own_value),
        JUDGING_TEST(a_flow_that_stays_out_keeps_its_executions_out),
        JUDGING_TEST(pending_ones_are_all_sent_when_asked_for),
        JUDGING_TEST(old_executions_stay_out_and_age_is_counted_from_the_newest),
        JUDGING_TEST(many_revisions_are_fetched_in_bulk),
        JUDGING_TEST(templates_are_fetched_with_the_templates_they_name),
        JUDGING_TEST(a_template_that_is_not_there_is_looked_for_once),
        JUDGING_TEST(a_parent_without_a_child_starts_it),
        JUDGING_TEST(a_parent_is_linked_to_its_child),
        JUDGING_TEST(a_chain_of_parents_is_judged_from_its_end),
        JUDGING_TEST(a_parent_of_a_child_that_stays_behind_stays_behind_too),
        JUDGING_TEST(a_child_of_another_parent_is_nobodys_business),
        JUDGING_TEST(executions_that_wait_for_each_other_end_nothing),
        JUDGING_TEST(a_subflow_is_missed_only_where_flows_were_looked_at),
        JUDGING_TEST(a_subflow_of_another_namespace_is_not_missed),
        JUDGING_TEST(all_parents_are_asked_about_at_once_or_by_tenant),
        JUDGING_TEST(a_parent_may_have_very_many_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
