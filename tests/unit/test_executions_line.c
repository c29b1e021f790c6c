/*
 * test_executions_line.c - one execution as a JSON line and as text; the files they go to.
 */
#include "tests/support/judgements.h"
#include "tests/support/test.h"

#include "cli/executions.h"
#include "lib/kestra/verdict_rules.h"

#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    struct judgement_made m;
    struct buf            out;
    struct buf            expected;
};

static int set_up(void **state)
{
    struct fixture *fx = mem_alloc(sizeof(*fx));

    buf_init(&fx->out, 1u << 20);
    buf_init(&fx->expected, 1u << 20);
    *state = fx;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fx = *state;

    buf_release(&fx->out);
    buf_release(&fx->expected);
    mem_free(fx);
    return 0;
}

static void write_line(struct fixture *fx, const char *originals)
{
    struct execution_line l = {
        .place = "executions", .key = fx->m.doc.id, .j = &fx->m.j, .originals = originals
    };

    buf_clear(&fx->out);
    execution_json(&l, &fx->out);
}

static void write_text(struct fixture *fx)
{
    struct execution_line l = { .place = "executions", .key = fx->m.doc.id, .j = &fx->m.j };

    buf_clear(&fx->out);
    execution_text(&l, &fx->out);
}

static void write_remedy(struct fixture *fx, enum remedy r)
{
    struct execution_line l = { .place = "executions", .key = fx->m.doc.id, .j = &fx->m.j };

    buf_clear(&fx->out);
    remedy_text(&l, r, &fx->out);
}

static void the_members_of_a_line_have_one_order(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "e1");
    fx->m.j.finding.rows.bits[0] = 1;
    fx->m.j.finding.rows.bits[1] = 1;
    (void)snprintf(fx->m.j.finding.detail, sizeof(fx->m.j.finding.detail), "load is gone");
    write_line(fx, "r.originals.jsonl");
    buf_add(&fx->expected,
            "{\"id\":\"e1\",\"tenant\":null,\"namespace\":\"lab\",\"flow\":\"etl\",\"revision\":3,"
            "\"state\":\"RUNNING\",\"age\":3600,\"verdict\":\"blocked\","
            "\"codes\":[\"taskrun-lost\",\"task-may-rerun\"],\"rows\":[\"%s\",\"%s\"],"
            "\"task_runs\":[{\"id\":\"r1\",\"task\":\"load\",\"value\":\"one\",\"role\":\"lost\","
            "\"state\":\"RUNNING\"}],\"remedies\":["
            "{\"name\":\"rerun-lost\","
            "\"how\":\"requeue rebuild --recover all --lost-tasks rerun\"},"
            "{\"name\":\"fail-lost\",\"how\":\"requeue rebuild --recover all --lost-tasks fail\"}],"
            "\"needs\":\"all\",\"emitted\":false,\"detail\":\"load is gone\","
            "\"store\":\"executions/e1\"}\n",
            verdict_rules[0].id, verdict_rules[64].id);
    assert_string_equal(fx->out.p, fx->expected.p);
}

static void what_is_absent_is_null(void **state)
{
    struct fixture   *fx = *state;
    struct execution *e;

    judgement_lost(&fx->m, "e1");
    e = &fx->m.j.execution;
    e->id = e->namespace = e->flow_id = e->state.name = slice_of(NULL, 0);
    e->has_revision = false;
    fx->m.j.has_age = false;
    fx->m.runs[1].id = fx->m.runs[1].value = slice_of(NULL, 0);
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "{\"id\":null,\"tenant\":null,\"namespace\":null,\"flow\":"
                                      "null,\"revision\":null,\"state\":null,\"age\":null,"));
    assert_non_null(strstr(fx->out.p, "[{\"id\":null,\"task\":\"load\",\"value\":null,"));
    assert_non_null(strstr(fx->out.p, "\"store\":\"executions/e1\""));
}

static void an_ended_execution_has_codes_and_no_verdict(void **state)
{
    struct fixture *fx = *state;

    judgement_resumes(&fx->m, "e1");
    fx->m.j.ended = true;
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "\"verdict\":null,\"codes\":[\"resumes\"]"));
}

static void of_a_lost_execution_there_is_a_name_only(void **state)
{
    struct fixture *fx = *state;

    judgement_named(&fx->m, "gone");
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "\"id\":\"gone\",\"tenant\":null,\"namespace\":\"lab\","
                                      "\"flow\":null,\"revision\":null,\"state\":null,\"age\":null,"
                                      "\"verdict\":\"blocked\",\"codes\":[\"execution-lost\"],"
                                      "\"rows\":[\"D02\"],\"task_runs\":[]"));
    assert_non_null(strstr(fx->out.p, "\"needs\":\"never\",\"emitted\":false"));
}

static void strings_of_documents_cannot_leave_their_line(void **state)
{
    struct fixture         *fx = *state;
    struct arena           *a = arena_new(4096);
    const struct json_node *root;
    struct err              err = ERR_INIT;

    judgement_lost(&fx->m, "e\"1\n{\\");
    fx->m.runs[1].task_id = SLICE("a\r\nb");
    write_line(fx, NULL);
    assert_ptr_equal(memchr(fx->out.p, '\n', fx->out.n), fx->out.p + fx->out.n - 1);
    assert_null(memchr(fx->out.p, '\r', fx->out.n));
    assert_true(json_tree(slice_of(fx->out.p, fx->out.n), a, &root, &err));
    assert_true(slice_eq(json_get(root, "id")->text, SLICE("e\"1\n{\\")));
    assert_true(slice_eq(json_get(root, "store")->text, SLICE("executions/e\"1\n{\\")));
    assert_true(
        slice_eq(json_get(json_get(root, "task_runs")->first, "task")->text, SLICE("a\r\nb")));
    arena_free(a);
}

static void a_rewritten_execution_tells_its_changes_and_where_its_original_is(void **state)
{
    struct fixture *fx = *state;

    judgement_rewritten(&fx->m, "e1", "{}");
    write_line(fx, "r.originals.jsonl");
    assert_non_null(strstr(
        fx->out.p,
        "\"needs\":\"safe\",\"emitted\":true,\"detail\":\"\",\"store\":\"executions/e1\","
        "\"recovered\":{\"remedies\":[\"r-wrap\"],\"hazards\":[\"task-may-rerun\"],\"changes\":["
        "{\"path\":\"/state/current\",\"before\":\"RUNNING\",\"after\":\"RESTARTED\"},"
        "{\"path\":\"/state/histories/1\",\"before\":null,"
        "\"after\":{\"state\":\"RESTARTED\", \"date\":\"x\"}}],"
        "\"original\":\"r.originals.jsonl\"}}\n"));
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "\"original\":null}}\n"));
    /* It could be rewritten, and is not sent. */
    fx->m.j.emit = false;
    write_line(fx, NULL);
    assert_null(strstr(fx->out.p, "recovered"));
}

static void a_line_beyond_the_limit_is_told_without_its_lists(void **state)
{
    struct fixture *fx = *state;
    static char     large[4096];

    judgement_rewritten(&fx->m, "e1", "{}");
    memset(large, '1', sizeof(large));
    fx->m.changes[1].after = slice_of(large, sizeof(large));
    buf_release(&fx->out);
    buf_init(&fx->out, 2048);
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "\"task_runs\":null,"));
    assert_null(strstr(fx->out.p, "recovered"));
    assert_memory_equal(fx->out.p + fx->out.n - 2, "}\n", 2);
}

static void an_option_is_named_with_the_level_that_is_needed(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "e1");
    write_remedy(fx, REMEDY_RERUN_LOST);
    assert_string_equal(fx->out.p, "requeue rebuild --recover all --lost-tasks rerun");
    write_remedy(fx, REMEDY_FAIL_LOST);
    assert_string_equal(fx->out.p, "requeue rebuild --recover all --lost-tasks fail");
    write_remedy(fx, REMEDY_R_WRAP);
    assert_string_equal(fx->out.p, "requeue rebuild --recover all");
    fx->m.j.needs = RECOVER_SAFE;
    write_remedy(fx, REMEDY_R_WRAP);
    assert_string_equal(fx->out.p, "requeue rebuild --recover safe");
    /* No option is told where none helps. */
    fx->m.j.needs = -1;
    write_remedy(fx, REMEDY_SUPPLY_FLOW);
    assert_string_equal(fx->out.p, remedy_how(REMEDY_SUPPLY_FLOW));
}

static void a_call_of_the_api_has_the_id_as_a_segment_of_its_path(void **state)
{
    struct fixture *fx = *state;

    judgement_paused(&fx->m, "3Zk9a");
    write_remedy(fx, REMEDY_RESUME_BY_HAND);
    assert_non_null(strstr(fx->out.p, ": POST /api/v1/executions/3Zk9a/resume (a Kestra without "
                                      "that call: POST /api/v1/executions/3Zk9a/state with "
                                      "{\"taskRunId\":\"r1\",\"state\":\"RUNNING\"})"));
    fx->m.j.finding.n_notes = 0;
    write_remedy(fx, REMEDY_RESUME_BY_HAND);
    assert_non_null(strstr(fx->out.p, "/3Zk9a/resume"));
    assert_null(strstr(fx->out.p, "taskRunId"));
    write_remedy(fx, REMEDY_UNQUEUE);
    assert_non_null(strstr(fx->out.p, ": POST /api/v1/executions/3Zk9a/unqueue"));
    judgement_paused(&fx->m, "a/../b?\033[1m");
    write_remedy(fx, REMEDY_RESUME_BY_HAND);
    assert_non_null(strstr(fx->out.p, "/api/v1/executions/a%2F..%2Fb%3F%1B%5B1m/resume"));
    fx->m.j.execution.id = slice_of(NULL, 0);
    write_remedy(fx, REMEDY_RESUME_BY_HAND);
    assert_string_equal(fx->out.p, remedy_how(REMEDY_RESUME_BY_HAND));
}

/* Who resumes it without would wait for ever (kestra/seen-on-real-kestra.md B.6). */
static void what_must_come_before_a_resume_is_told_with_it(void **state)
{
    struct fixture *fx = *state;

    judgement_paused(&fx->m, "3Zk9a");
    fx->m.j.needs = -1;
    fx->m.j.finding.remedies = REMEDY_BIT(REMEDY_RESUME_BY_HAND);
    fx->m.j.recovery.advice = "before it is resumed, do this";
    write_text(fx);
    assert_non_null(strstr(fx->out.p, "; but before it is resumed, do this\n"));
    write_line(fx, NULL);
    assert_non_null(strstr(fx->out.p, "; but before it is resumed, do this\"}"));
    write_remedy(fx, REMEDY_UNQUEUE);
    assert_null(strstr(fx->out.p, "do this"));
}

static void text_tells_the_verdict_the_task_runs_and_the_way_back(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "e1");
    write_text(fx);
    assert_string_equal(fx->out.p,
                        "  blocked      e1  lab.etl revision 3  RUNNING  1h: taskrun-lost, "
                        "task-may-rerun\n"
                        "      lost load[one] (r1)\n"
                        "      --recover all brings it back\n");
    judgement_resumes(&fx->m, "e2");
    fx->m.j.execution.tenant = SLICE("acme");
    write_text(fx);
    assert_string_equal(fx->out.p,
                        "  resumes      e2  acme/lab.etl revision 3  CREATED  1h: resumes\n");
    judgement_paused(&fx->m, "e3");
    write_text(fx);
    assert_non_null(strstr(fx->out.p, "\n      do: "));
    assert_non_null(strstr(fx->out.p, "/e3/"));
    judgement_rewritten(&fx->m, "e4", "{}");
    write_text(fx);
    assert_non_null(strstr(fx->out.p, "\n      rewritten: r-wrap, 2 changes\n"));
}

static void nothing_of_a_document_reaches_the_terminal_as_a_command(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "e\033[2Je");
    fx->m.j.execution.namespace = SLICE("l\nab");
    fx->m.j.execution.flow_id = SLICE("\xc2\x9b"
                                      "31m");
    fx->m.j.execution.state.name = SLICE("RUN\rNING");
    fx->m.runs[1].task_id = SLICE("lo\bad");
    fx->m.runs[1].value = SLICE("\x07");
    fx->m.runs[1].id = SLICE("r\x7f");
    fx->m.notes[0].role = ROLE_PAUSE;
    fx->m.j.needs = -1;
    fx->m.j.finding.remedies = REMEDY_BIT(REMEDY_RESUME_BY_HAND);
    (void)snprintf(fx->m.j.finding.detail, sizeof(fx->m.j.finding.detail), "a\033b");
    write_text(fx);
    for (size_t i = 0; i < fx->out.n; i++)
        assert_true(fx->out.p[i] == '\n' ||
                    ((unsigned char)fx->out.p[i] >= 0x20 && (unsigned char)fx->out.p[i] != 0x7f));
    assert_null(strstr(fx->out.p, "\xc2\x9b"));
    assert_non_null(strstr(fx->out.p, "e?[2Je  l?ab."));
    assert_non_null(strstr(fx->out.p, "/e%1B%5B2Je/resume"));
}

/* ---- files --------------------------------------------------------------------------------- */

struct files {
    char                   dir[32];
    char                   lines[64];
    char                   originals[64];
    struct executions_list x;
};

static void open_files(struct files *f)
{
    static const struct recover_options safe = { RECOVER_SAFE, LOST_RERUN };
    struct err                          err = ERR_INIT;

    (void)snprintf(f->dir, sizeof(f->dir), "/tmp/requeue-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->lines, sizeof(f->lines), "%s/r.executions.jsonl", f->dir);
    (void)snprintf(f->originals, sizeof(f->originals), "%s/r.originals.jsonl", f->dir);
    executions_init(&f->x, &safe);
    f->x.lines_name = mem_strdup(f->lines);
    f->x.originals_name = mem_strdup(f->originals);
    assert_true(outfile_open(f->lines, &f->x.lines_file, &err));
    assert_true(outfile_open(f->originals, &f->x.originals_file, &err));
}

static void close_files(struct files *f, struct buf *lines, struct buf *originals)
{
    struct err err = ERR_INIT;

    assert_true(outfile_close(f->x.lines_file, &err));
    assert_true(outfile_close(f->x.originals_file, &err));
    assert_true(file_read(f->lines, lines, &err));
    assert_true(file_read(f->originals, originals, &err));
    executions_release(&f->x);
}

static void remove_files(const struct files *f)
{
    assert_int_equal(unlink(f->lines), 0);
    assert_int_equal(unlink(f->originals), 0);
    assert_int_equal(rmdir(f->dir), 0);
}

static void the_originals_of_rewritten_executions_are_kept_and_of_no_other(void **state)
{
    struct fixture *fx = *state;
    struct files    f;
    struct stat     st;

    open_files(&f);
    judgement_resumes(&fx->m, "as-it-is");
    execution_note(&f.x, "executions", &fx->m.doc, &fx->m.j);
    judgement_rewritten(&fx->m, "e1", "{\"id\" : \"e1\",\r\n \"n\": 1.50}");
    execution_note(&f.x, "executions", &fx->m.doc, &fx->m.j);
    judgement_rewritten(&fx->m, "not-sent", "{}");
    fx->m.j.emit = false;
    execution_note(&f.x, "executions", &fx->m.doc, &fx->m.j);
    close_files(&f, &fx->out, &fx->expected);
    assert_string_equal(fx->expected.p,
                        "{\"id\":\"e1\",\"value\":{\"id\" : \"e1\",   \"n\": 1.50}}\n");
    assert_int_equal(stat(f.originals, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_non_null(strstr(fx->out.p, "r.originals.jsonl\"}}\n"));
    remove_files(&f);
}

static void every_execution_is_in_the_file_whatever_is_shown(void **state)
{
    struct fixture *fx = *state;
    struct files    f;
    size_t          lines = 0;

    open_files(&f);
    f.x.max_shown = 1;
    f.x.verdicts = 1u << VERDICT_BLOCKED;
    for (int i = 0; i < 3; i++) {
        judgement_lost(&fx->m, "lost");
        execution_note(&f.x, "executions", &fx->m.doc, &fx->m.j);
        judgement_paused(&fx->m, "paused");
        execution_note(&f.x, "executions", &fx->m.doc, &fx->m.j);
    }
    assert_int_equal(f.x.matched, 3);
    assert_int_equal(f.x.n_shown, 1);
    assert_int_equal(f.x.sum.pending, 6);
    assert_null(strstr(f.x.shown.p, "paused"));
    close_files(&f, &fx->out, &fx->expected);
    for (size_t i = 0; i < fx->out.n; i++)
        lines += fx->out.p[i] == '\n' ? 1 : 0;
    assert_int_equal(lines, 6);
    remove_files(&f);
}

static void a_code_chooses_too_and_both_filters_must_fit(void **state)
{
    struct fixture              *fx = *state;
    const struct recover_options none = { RECOVER_NONE, LOST_RERUN };
    struct executions_list       x;

    executions_init(&x, &none);
    x.max_shown = SIZE_MAX;
    x.codes = CODE_BIT(CODE_PAUSE_MANUAL) | CODE_BIT(CODE_TASKRUN_LOST);
    judgement_lost(&fx->m, "lost");
    execution_note(&x, "executions", &fx->m.doc, &fx->m.j);
    judgement_resumes(&fx->m, "resumes");
    execution_note(&x, "executions", &fx->m.doc, &fx->m.j);
    x.verdicts = 1u << VERDICT_NEEDS_ACTION;
    judgement_lost(&fx->m, "lost2");
    execution_note(&x, "executions", &fx->m.doc, &fx->m.j);
    judgement_paused(&fx->m, "paused");
    execution_note(&x, "executions", &fx->m.doc, &fx->m.j);
    assert_int_equal(x.matched, 2);
    assert_non_null(strstr(x.shown.p, " lost  "));
    assert_non_null(strstr(x.shown.p, " paused  "));
    assert_null(strstr(x.shown.p, "resumes  lab"));
    assert_null(strstr(x.shown.p, "lost2"));
    executions_release(&x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_members_of_a_line_have_one_order),
        TEST(what_is_absent_is_null),
        TEST(an_ended_execution_has_codes_and_no_verdict),
        TEST(of_a_lost_execution_there_is_a_name_only),
        TEST(strings_of_documents_cannot_leave_their_line),
        TEST(a_rewritten_execution_tells_its_changes_and_where_its_original_is),
        TEST(a_line_beyond_the_limit_is_told_without_its_lists),
        TEST(an_option_is_named_with_the_level_that_is_needed),
        TEST(a_call_of_the_api_has_the_id_as_a_segment_of_its_path),
        TEST(what_must_come_before_a_resume_is_told_with_it),
        TEST(text_tells_the_verdict_the_task_runs_and_the_way_back),
        TEST(nothing_of_a_document_reaches_the_terminal_as_a_command),
        TEST(the_originals_of_rewritten_executions_are_kept_and_of_no_other),
        TEST(every_execution_is_in_the_file_whatever_is_shown),
        TEST(a_code_chooses_too_and_both_filters_must_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
