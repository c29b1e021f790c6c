/*
 * test_judging.c - the passes that fill a judge (lib/store/judging.h), on a dump as the store; and
 * what the projection then makes of executions and locks (lib/kestra/judge.h).
 */
#include "tests/support/file_world.h"
#include "tests/support/layout_files.h"
#include "tests/support/test.h"

#include "lib/store/judging.h"

#include <unistd.h>

#define BASH        "io.kestra.core.tasks.scripts.Bash"
#define FLOWS_CLASS "io.kestra.core.tasks.flows."

struct world {
    struct file_world   *files;
    struct scope         scope;
    struct survey        survey;
    struct judging_stats stats;
    struct err           err;
    struct buf           told;     /* a line for each execution, in no order */
    struct buf           locks;    /* a line for each lock */
    uint64_t             codes;    /* of all executions */
    bool                 parallel; /* as a store that can be asked while it is read */
};

static int setup(void **state)
{
    struct world *w = mem_alloc(sizeof(*w));
    void         *files = NULL;

    (void)file_world_setup(&files);
    w->files = files;
    layout_free(w->files->layout);
    w->files->layout = layout_file("A");
    w->scope = (struct scope){
        .kinds = KIND_ALL & ~KIND_BIT(KIND_SUBFLOW_LINK),
        .project = { .executions = EXECUTIONS_RESUMABLE, .unlock = UNLOCK_DEAD },
    };
    buf_init(&w->told, 1u << 24);
    buf_init(&w->locks, 1u << 20);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    void         *files = w->files;

    survey_release(&w->survey);
    buf_release(&w->told);
    buf_release(&w->locks);
    (void)file_world_teardown(&files);
    mem_free(w);
    return 0;
}

/* ---- what is in the store -------------------------------------------------------------------- */

static void flow(struct world *w, const char *id, int revision, const char *tasks)
{
    char key[64];
    char json[2048];

    (void)snprintf(key, sizeof(key), "n_%s_%d", id, revision);
    (void)snprintf(json, sizeof(json),
                   "{\"id\":\"%s\",\"namespace\":\"n\",\"revision\":%d,\"disabled\":false,"
                   "\"deleted\":false,\"tasks\":[%s]}",
                   id, revision, tasks);
    file_world_hit(w->files, FLOWS, key, json);
}

static void two_steps(struct world *w, const char *id)
{
    flow(w, id, 1, "{\"id\":\"a\",\"type\":\"" BASH "\"},{\"id\":\"b\",\"type\":\"" BASH "\"}");
}

/* runs: of taskRunList; more: members before the state, with a comma behind. */
static struct slice execution_json(char json[2048], const char *id, const char *flow_id,
                                   const char *state, const char *runs, const char *more)
{
    (void)snprintf(json, 2048,
                   "{\"id\":\"%s\",\"namespace\":\"n\",\"flowId\":\"%s\",\"flowRevision\":1,%s"
                   "\"taskRunList\":[%s],\"state\":{\"current\":\"%s\",\"startDate\":"
                   "\"2024-03-01T10:00:00.000Z\",\"histories\":[{\"state\":\"CREATED\",\"date\":"
                   "\"2024-03-01T10:00:00.000Z\"},{\"state\":\"%s\",\"date\":"
                   "\"2024-03-01T10:00:01.000Z\"}]},\"deleted\":false}",
                   id, flow_id, more, runs, state, state);
    return slice_str(json);
}

static void execution(struct world *w, const char *id, const char *flow_id, const char *state,
                      const char *runs, const char *more)
{
    char json[2048];

    (void)execution_json(json, id, flow_id, state, runs, more);
    file_world_hit(w->files, EXECUTIONS, id, json);
}

static const char *run_of(const char *task, const char *state)
{
    static char json[4][512];
    static int  next;

    next = (next + 1) % 4;
    (void)snprintf(json[next], sizeof(json[next]),
                   "{\"id\":\"r-%s\",\"taskId\":\"%s\",\"state\":{\"current\":\"%s\",\"histories\":"
                   "[{\"state\":\"CREATED\",\"date\":\"2024-03-01T10:00:00.500Z\"}]}}",
                   task, task, state);
    return json[next];
}

static void pending(struct world *w, const char *id, const char *flow_id, const char *task,
                    const char *state)
{
    execution(w, id, flow_id, "RUNNING", task ? run_of(task, state) : "", "");
}

static void trigger(struct world *w, const char *id, const char *members)
{
    char key[64];
    char json[512];

    (void)snprintf(key, sizeof(key), "n_f_%s", id);
    (void)snprintf(json, sizeof(json),
                   "{\"namespace\":\"n\",\"flowId\":\"f\",\"triggerId\":\"%s\",\"date\":"
                   "\"2024-03-01T09:00:00Z\"%s}",
                   id, members);
    file_world_hit(w->files, TRIGGERS, key, json);
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool tell(void *ctx, const char *place, const struct document *doc,
                 const struct judgement *j, struct err *err)
{
    struct world *w = ctx;

    (void)err;
    assert_string_equal(place, EXECUTIONS);
    w->codes |= j->finding.codes;
    buf_add(&w->told, "%.*s %s%s%s\n", SLICE_ARG(doc->id), verdict_name(j->finding.verdict),
            j->emit ? " sent" : "", j->recovery.changed ? " rewritten" : "");
    return true;
}

static bool tell_lock(void *ctx, const struct lock *lock, struct err *err)
{
    struct world *w = ctx;

    (void)err;
    buf_add(&w->locks, "%.*s %s%s%s%s\n", SLICE_ARG(lock->key), lock_code_row(lock->code),
            lock->unlocked ? " unlocked" : "", lock->held ? " held" : "",
            lock->behind.p ? " behind" : "");
    return true;
}

static bool run(struct world *w)
{
    struct file_world  *f = w->files;
    struct judging_conf conf = { .pending = { .layout = f->layout,
                                              .scope = &w->scope,
                                              .jobs = 2,
                                              .on_judged = tell,
                                              .ctx = w },
                                 .on_lock = tell_lock };

    if (!f->store)
        file_world_written(f);
    f->store->sequential = !w->parallel;
    conf.pending.store = f->store;
    survey_release(&w->survey);
    buf_clear(&w->told);
    buf_clear(&w->locks);
    w->codes = 0;
    scope_derive(&w->scope);
    return survey_run(f->store, f->layout, &w->scope, 2, NULL, NULL, NULL, NULL, &w->survey,
                      &w->err) &&
           judging_run(&conf, &w->survey, &w->stats, &w->err);
}

static void must_run(struct world *w)
{
    if (!run(w))
        fail_msg("%s", w->err.msg);
}

static void says(const struct buf *told, const char *line)
{
    struct buf whole = { 0 };

    buf_init(&whole, 256);
    buf_add(&whole, "%s\n", line);
    if (!strstr(told->p, whole.p))
        fail_msg("no line \"%s\" in\n%s", line, told->p);
    buf_release(&whole);
}

static unsigned lines(const struct buf *told)
{
    unsigned n = 0;

    for (size_t i = 0; i < told->n; i++)
        n += told->p[i] == '\n' ? 1 : 0;
    return n;
}

/* The records of a kind as the topics would have them. */
static const char *records(struct world *w, enum kind kind)
{
    struct file_world *f = w->files;
    struct store_query q = survey_query_of(&w->survey, &w->scope, kind);
    struct projector  *p =
        projector_new(f->layout, &w->scope.project, w->survey.flows, w->survey.judge);
    struct tally    tally = { 0 };
    struct pipeline line = { .store = f->store,
                             .query = &q,
                             .projector = p,
                             .jobs = 1,
                             .sink = &f->keeper.sink,
                             .tally = &tally };

    buf_clear(&f->keeper.text);
    file_world_must(f, pipeline_run(&line, &f->err));
    projector_free(p);
    return f->keeper.text.n > 0 ? f->keeper.text.p : "";
}

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
    doc.value = execution_json(json, "first", "f", "CREATED", "", "");
    project(p, KIND_EXECUTION, &doc, &out);
    assert_int_equal(out.outcome, PROJECT_RECORD);
    doc.id = SLICE("second");
    doc.value = execution_json(json, "second", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
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

#define STARTED_BY(parent)                                                                         \
    "\"trigger\":{\"id\":\"call\",\"type\":\"" FLOWS_CLASS                                         \
    "Flow\",\"variables\":{\"executionId\":\"" parent "\"}},"

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

/* ---- locks ----------------------------------------------------------------------------------- */

static void locks_are_released_when_nobody_else_will(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    pending(w, "open", "f", "a", "CREATED");
    execution(w, "paused", "f", "PAUSED", run_of("a", "PAUSED"), "");
    execution(w, "ended", "f", "SUCCESS", "", "");
    trigger(w, "free", "");
    trigger(w, "held", ",\"executionId\":\"created\"");
    trigger(w, "t01", ",\"executionId\":\"never-there\"");
    trigger(w, "t02", ",\"executionId\":\"ended\"");
    trigger(w, "t04", ",\"executionId\":\"open\"");
    trigger(w, "t05", ",\"executionId\":\"paused\"");
    must_run(w);
    says(&w->locks, "n_f_held T03");
    says(&w->locks, "n_f_t01 T01 unlocked");
    says(&w->locks, "n_f_t02 T02 unlocked");
    says(&w->locks, "n_f_t04 T04 unlocked");
    says(&w->locks, "n_f_t05 T05 unlocked");
    assert_int_equal(lines(&w->locks), 5);
    assert_int_equal(w->stats.locks.locked, 5);
    assert_int_equal(w->stats.locks.unlocked, 4);
    (void)records(w, KIND_TRIGGER);
    assert_non_null(strstr(w->files->keeper.text.p, "\"executionId\":\"created\""));
    assert_null(strstr(w->files->keeper.text.p, "\"never-there\""));
    assert_null(strstr(w->files->keeper.text.p, "\"ended\""));
    assert_null(strstr(w->files->keeper.text.p, "\"open\""));
    assert_null(strstr(w->files->keeper.text.p, "\"paused\""));
}

static void a_lock_of_what_is_recovered_is_kept(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "t", ",\"executionId\":\"open\"");
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->locks, "n_f_t T03");
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"open\""));
}

/* T02: a record that has ended releases nothing, also when recovery ended it. */
static void a_lock_of_what_recovery_ends_is_dead(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "killing", "f", "KILLING", run_of("a", "RUNNING"), "");
    trigger(w, "k", ",\"executionId\":\"killing\"");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "o", ",\"executionId\":\"open\"");
    w->scope.project.recover.mode = RECOVER_ALL;
    must_run(w);
    says(&w->told, "killing blocked sent rewritten");
    says(&w->locks, "n_f_k T04 unlocked");
    says(&w->locks, "n_f_o T03");
    assert_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"killing\""));
}

static void without_executions_every_lock_is_dead(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"created\"");
    w->scope.project.executions = EXECUTIONS_NONE;
    w->scope.kinds = KIND_BIT(KIND_TRIGGER);
    must_run(w);
    says(&w->locks, "n_f_t T04 unlocked");
    assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
}

static void unlock_all_and_none_ask_nobody(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"created\"");
    w->scope.project.unlock = UNLOCK_ALL;
    must_run(w);
    says(&w->locks, "n_f_t T03 unlocked");
    assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
    w->scope.project.unlock = UNLOCK_NONE;
    must_run(w);
    says(&w->locks, "n_f_t T03");
    assert_int_equal(w->stats.locks.kept, 0);
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"created\""));
}

static void a_dead_lock_that_is_kept_is_told(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t", ",\"executionId\":\"gone\"");
    trigger(w, "u", ",\"executionId\":\"created\"");
    w->scope.project.unlock = UNLOCK_NONE;
    must_run(w);
    says(&w->locks, "n_f_t T01");
    says(&w->locks, "n_f_u T03");
    assert_int_equal(w->stats.locks.locked, 2);
    assert_int_equal(w->stats.locks.unlocked, 0);
    assert_int_equal(w->stats.locks.kept, 1);
    assert_non_null(strstr(records(w, KIND_TRIGGER), "\"executionId\":\"gone\""));
    /* Nobody who wants no executions has them read for that. */
    w->scope.kinds = KIND_BIT(KIND_TRIGGER);
    must_run(w);
    assert_int_equal(lines(&w->locks), 0);
    assert_false(w->stats.ran);
}

/* Judged to go on, and then it is no record: nobody would release what it holds. */
static void a_lock_of_what_is_skipped_is_dead(void **state)
{
    static const char *const modes[] = { "as resumable", "as pending", "as all" };
    struct world            *w = *state;
    char                     json[2048];

    two_steps(w, "f");
    file_world_hit(w->files, EXECUTIONS, "stored-as-this",
                   execution_json(json, "named-so", "f", "CREATED", "", "").p);
    trigger(w, "key", ",\"executionId\":\"named-so\"");
    (void)execution_json(json, "faulty", "f", "CREATED", "", "");
    memcpy(strstr(json, "\"deleted\":false"), "\"deleted\":99999", 15);
    file_world_hit(w->files, EXECUTIONS, "faulty", json);
    trigger(w, "member", ",\"executionId\":\"faulty\"");
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        w->scope.project.executions = (enum executions_mode)(EXECUTIONS_RESUMABLE + (int)i);
        must_run(w);
        says(&w->told, "stored-as-this blocked");
        says(&w->told, "faulty blocked");
        assert_true(w->codes & CODE_BIT(CODE_EXECUTION_INVALID));
        says(&w->locks, "n_f_key T01 unlocked");
        says(&w->locks, "n_f_member T04 unlocked");
        assert_null(strstr(records(w, KIND_TRIGGER), "executionId"));
        assert_string_equal(strstr(records(w, KIND_EXECUTION), "faulty=") ? modes[i] : "", "");
    }
}

/* D04: a record that grows above the limit by its rewriting is told by the verdicts. */
static void what_is_rewritten_above_the_limit_is_not_promised(void **state)
{
    struct world *w = *state;
    char          json[2048];

    two_steps(w, "f");
    pending(w, "open", "f", "a", "CREATED");
    trigger(w, "t", ",\"executionId\":\"open\"");
    w->files->layout->message_max_bytes =
        execution_json(json, "open", "f", "RUNNING", run_of("a", "CREATED"), "").n + 40;
    w->scope.project.recover.mode = RECOVER_SAFE;
    must_run(w);
    says(&w->told, "open blocked");
    says(&w->locks, "n_f_t T04 unlocked");
    assert_string_equal(records(w, KIND_EXECUTION), "");
    w->files->layout->message_max_bytes += 1000;
    must_run(w);
    says(&w->told, "open blocked sent rewritten");
    says(&w->locks, "n_f_t T03");
    w->files->layout->message_max_bytes -= 1041;
    must_run(w);
    assert_true(w->codes & CODE_BIT(CODE_RECORD_TOO_LARGE));
}

/* T11: of a lock that is kept, only what says that it was being evaluated goes. */
static void an_evaluation_that_nobody_finishes_is_taken_away(void **state)
{
    struct world *w = *state;

    layout_free(w->files->layout);
    w->files->layout = layout_file("H1");
    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "", "");
    trigger(w, "t",
            ",\"executionId\":\"created\",\"evaluateRunningDate\":"
            "\"2024-03-01T09:00:00Z\",\"workerId\":\"w\"");
    trigger(w, "u", ",\"evaluateRunningDate\":\"2024-03-01T09:00:00Z\"");
    trigger(w, "v", ",\"workerId\":\"w\"");
    must_run(w);
    says(&w->locks, "n_f_t T11 unlocked held");
    says(&w->locks, "n_f_u T11 unlocked");
    assert_int_equal(lines(&w->locks), 2);
    (void)records(w, KIND_TRIGGER);
    assert_null(strstr(w->files->keeper.text.p, "evaluateRunningDate"));
    assert_non_null(strstr(w->files->keeper.text.p, "\"executionId\":\"created\""));
}

static void a_tick_that_was_executed_and_not_noted_is_told(void **state)
{
    struct world *w = *state;

    two_steps(w, "f");
    execution(w, "created", "f", "CREATED", "",
              "\"trigger\":{\"id\":\"t\",\"type\":\"x\",\"variables\":{\"date\":"
              "\"2024-03-01T09:30:00Z\"}},");
    trigger(w, "t", "");
    trigger(w, "other", "");
    must_run(w);
    says(&w->locks, "n_f_t  behind");
    assert_int_equal(lines(&w->locks), 1);
    assert_int_equal(w->stats.locks.behind, 1);
    assert_int_equal(w->stats.locks.locked, 0);
}

/* restartability E34, E35: it has ended, but its listener has not run. */
static void an_ended_execution_whose_listener_is_open_goes_back(void **state)
{
    struct world *w = *state;

    file_world_hit(w->files, FLOWS, "n_l_1",
                   "{\"id\":\"l\",\"namespace\":\"n\",\"revision\":1,\"deleted\":false,\"tasks\":"
                   "[{\"id\":\"a\",\"type\":\"" BASH
                   "\"}],\"listeners\":[{\"tasks\":[{\"id\":\"b\","
                   "\"type\":\"" BASH "\"}]}]}");
    two_steps(w, "f");
    execution(w, "unheard", "l", "SUCCESS", run_of("a", "SUCCESS"), "");
    execution(w, "nobody", "l", "SUCCESS", run_of("a", "SUCCESS"), "");
    execution(w, "plain", "f", "SUCCESS", run_of("a", "SUCCESS"), "");
    trigger(w, "t", ",\"executionId\":\"unheard\"");
    trigger(w, "u", ",\"executionId\":\"plain\"");
    for (int parallel = 0; parallel < 2; parallel++) {
        const char *text;

        w->parallel = parallel == 1;
        must_run(w);
        says(&w->told, "unheard resumes sent");
        assert_int_equal(lines(&w->told), 1);
        says(&w->locks, "n_f_t T03");
        says(&w->locks, "n_f_u T02 unlocked");
        text = records(w, KIND_EXECUTION);
        assert_true(text_begins(text, "unheard={"));
        assert_null(strstr(text, "nobody="));
        assert_null(strstr(text, "plain="));
    }
}

static void many_locks_are_looked_up_in_bulk(void **state)
{
    struct world *w = *state;
    char          id[32];
    char          lock[64];

    two_steps(w, "f");
    for (int i = 0; i < 2500; i++) {
        (void)snprintf(id, sizeof(id), "e%d", i);
        if (i % 2 == 0)
            execution(w, id, "f", "SUCCESS", "", "");
        (void)snprintf(lock, sizeof(lock), ",\"executionId\":\"%s\"", id);
        (void)snprintf(id, sizeof(id), "t%d", i);
        trigger(w, id, lock);
    }
    must_run(w);
    assert_int_equal(w->stats.locks.by_code[LOCK_TERMINAL], 1250);
    assert_int_equal(w->stats.locks.by_code[LOCK_MISSING], 1250);
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
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_pending_execution_is_judged_once),
        T(only_what_resumes_is_sent),
        T(what_is_recovered_is_sent_in_its_new_form),
        T(an_execution_without_its_flow_revision_is_sent_by_no_option),
        T(what_names_a_revision_that_was_refused_is_not_sent),
        T(a_poison_document_is_sent_by_no_option),
        T(each_document_has_its_own_value),
        T(a_flow_that_stays_out_keeps_its_executions_out),
        T(pending_ones_are_all_sent_when_asked_for),
        T(old_executions_stay_out_and_age_is_counted_from_the_newest),
        T(many_revisions_are_fetched_in_bulk),
        T(templates_are_fetched_with_the_templates_they_name),
        T(a_template_that_is_not_there_is_looked_for_once),
        T(a_parent_without_a_child_starts_it),
        T(a_parent_is_linked_to_its_child),
        T(a_chain_of_parents_is_judged_from_its_end),
        T(a_parent_of_a_child_that_stays_behind_stays_behind_too),
        T(a_child_of_another_parent_is_nobodys_business),
        T(executions_that_wait_for_each_other_end_nothing),
        T(a_subflow_is_missed_only_where_flows_were_looked_at),
        T(a_subflow_of_another_namespace_is_not_missed),
        T(all_parents_are_asked_about_at_once_or_by_tenant),
        T(locks_are_released_when_nobody_else_will),
        T(a_lock_of_what_is_recovered_is_kept),
        T(a_lock_of_what_recovery_ends_is_dead),
        T(without_executions_every_lock_is_dead),
        T(unlock_all_and_none_ask_nobody),
        T(a_dead_lock_that_is_kept_is_told),
        T(a_lock_of_what_is_skipped_is_dead),
        T(what_is_rewritten_above_the_limit_is_not_promised),
        T(an_evaluation_that_nobody_finishes_is_taken_away),
        T(a_tick_that_was_executed_and_not_noted_is_told),
        T(an_ended_execution_whose_listener_is_open_goes_back),
        T(many_locks_are_looked_up_in_bulk),
        T(a_parent_may_have_very_many_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
