/*
 * test_executions_text.c - the counts of executions, and the texts made of them.
 */
#include "tests/support/judgements.h"
#include "tests/support/test.h"

#include "cli/executions.h"
#include "cli/shown.h"

struct fixture {
    struct judgement_made     m;
    struct executions_summary s;
    struct executions_list    x;
    struct buf                out;
};

static int set_up(void **state)
{
    const struct recover_options none = { RECOVER_NONE, LOST_RERUN };
    struct fixture              *fx = mem_alloc(sizeof(*fx));

    buf_init(&fx->out, 1u << 20);
    executions_init(&fx->x, &none);
    fx->x.max_shown = 2;
    *state = fx;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fx = *state;

    buf_release(&fx->out);
    executions_release(&fx->x);
    mem_free(fx);
    return 0;
}

static void has(const struct fixture *fx, const char *text)
{
    if (!strstr(fx->out.p, text))
        print_message("is:\n%s\nshould have: %s\n", fx->out.p, text);
    assert_non_null(strstr(fx->out.p, text));
}

static void note(struct fixture *fx, enum recover_mode mode)
{
    summary_note(&fx->s, &fx->m.j, mode);
}

/* ---- counts -------------------------------------------------------------------------------- */

static void counts_are_by_verdict_code_need_and_remedy(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "a");
    note(fx, RECOVER_SAFE);
    note(fx, RECOVER_SAFE);
    judgement_resumes(&fx->m, "b");
    note(fx, RECOVER_SAFE);
    judgement_rewritten(&fx->m, "c", "{}");
    note(fx, RECOVER_SAFE);
    judgement_paused(&fx->m, "d");
    fx->m.j.execution.newest.s += 5;
    note(fx, RECOVER_SAFE);
    assert_int_equal(fx->s.pending, 5);
    assert_int_equal(fx->s.emitted, 2);
    assert_int_equal(fx->s.rewritten, 1);
    assert_int_equal(fx->s.by_verdict[VERDICT_BLOCKED], 3);
    assert_int_equal(fx->s.by_verdict[VERDICT_RESUMES], 1);
    assert_int_equal(fx->s.by_verdict[VERDICT_NEEDS_ACTION], 1);
    assert_int_equal(fx->s.by_code[CODE_TASKRUN_LOST], 2);
    assert_int_equal(fx->s.by_code[CODE_TASK_MAY_RERUN], 3);
    assert_int_equal(fx->s.by_needs[NEEDS_NONE], 1);
    assert_int_equal(fx->s.by_needs[NEEDS_SAFE], 1);
    assert_int_equal(fx->s.by_needs[NEEDS_ALL], 2);
    assert_int_equal(fx->s.by_needs[NEEDS_NEVER], 1);
    assert_int_equal(fx->s.needs_code[NEEDS_ALL][CODE_TASK_MAY_RERUN], 2);
    assert_int_equal(fx->s.needs_remedy[NEEDS_ALL][REMEDY_RERUN_LOST], 2);
    assert_int_equal(fx->s.applied[REMEDY_R_WRAP], 1);
    assert_int_equal(fx->s.hazards[CODE_TASK_MAY_RERUN], 1);
    assert_true(fx->s.has_newest);
    assert_int_equal(fx->s.newest.s, 1733817605);
}

static void what_has_ended_is_counted_by_its_codes_alone(void **state)
{
    struct fixture *fx = *state;

    judgement_resumes(&fx->m, "a");
    fx->m.j.ended = true;
    note(fx, RECOVER_NONE);
    assert_int_equal(fx->s.pending, 0);
    assert_int_equal(fx->s.ended, 1);
    assert_int_equal(fx->s.emitted, 0);
    assert_int_equal(fx->s.by_verdict[VERDICT_RESUMES], 0);
    assert_int_equal(fx->s.by_code[CODE_RESUMES], 1);
}

/* It is not pending: there is no document of it. */
static void what_is_lost_is_counted_by_its_code_alone(void **state)
{
    struct fixture *fx = *state;

    judgement_named(&fx->m, "gone");
    note(fx, RECOVER_NONE);
    assert_int_equal(fx->s.pending, 0);
    assert_int_equal(fx->s.lost, 1);
    assert_int_equal(fx->s.by_verdict[VERDICT_BLOCKED], 0);
    assert_int_equal(fx->s.by_code[CODE_EXECUTION_LOST], 1);
    assert_int_equal(fx->s.stay_blocked, 0);
    fx->x.sum = fx->s;
    executions_text(&fx->x, &fx->out);
    has(fx, "execution-lost                    1  blocked       gone (?)\n");
    has(fx,
        "1 lost: logs or links name it and the store has not: start again by hand what is still "
        "wanted\n");
}

static void what_stays_blocked_depends_on_the_mode(void **state)
{
    static const struct {
        int               needs;
        enum recover_mode mode;
        uint64_t          stays;
    } cases[] = {
        { RECOVER_SAFE, RECOVER_NONE, 1 },
        { RECOVER_SAFE, RECOVER_SAFE, 0 },
        { RECOVER_SAFE, RECOVER_ALL, 0 },
        { RECOVER_ALL, RECOVER_NONE, 1 },
        { RECOVER_ALL, RECOVER_SAFE, 1 },
        { RECOVER_ALL, RECOVER_ALL, 0 },
        { -1, RECOVER_ALL, 1 },
        { -1, RECOVER_NONE, 1 },
    };
    struct fixture *fx = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        memset(&fx->s, 0, sizeof(fx->s));
        judgement_lost(&fx->m, "a");
        fx->m.j.needs = cases[i].needs;
        note(fx, cases[i].mode);
        assert_int_equal(fx->s.stay_blocked, cases[i].stays);
        /* Who waits for a person is not blocked. */
        judgement_paused(&fx->m, "b");
        note(fx, cases[i].mode);
        assert_int_equal(fx->s.stay_blocked, cases[i].stays);
    }
}

static void the_three_oldest_are_kept_in_whatever_order_they_come(void **state)
{
    struct fixture *fx = *state;
    uint64_t        seed = test_seed();

    for (int round = 0; round < 200; round++) {
        int order[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };

        memset(&fx->s, 0, sizeof(fx->s));
        for (size_t i = 8; i > 1; i--) {
            size_t k = test_below(&seed, i);
            int    t = order[i - 1];

            order[i - 1] = order[k];
            order[k] = t;
        }
        for (size_t i = 0; i < 8; i++) {
            char id[2] = { (char)('a' + order[i]), '\0' };

            judgement_lost(&fx->m, id);
            fx->m.j.age_s = INT64_C(100) * order[i];
            fx->m.j.has_age = order[i] != 7; /* of unknown age: never before another */
            note(fx, RECOVER_NONE);
        }
        assert_string_equal(fx->s.oldest[CODE_TASKRUN_LOST][0].id, "g");
        assert_string_equal(fx->s.oldest[CODE_TASKRUN_LOST][1].id, "f");
        assert_string_equal(fx->s.oldest[CODE_TASKRUN_LOST][2].id, "e");
    }
}

static void an_id_that_is_kept_is_cut_and_fit_for_a_terminal(void **state)
{
    struct fixture *fx = *state;
    char            id[200];

    memset(id, 'x', sizeof(id));
    id[1] = '\033';
    id[sizeof(id) - 1] = '\0';
    judgement_lost(&fx->m, id);
    note(fx, RECOVER_NONE);
    assert_memory_equal(fx->s.oldest[CODE_TASKRUN_LOST][0].id, "x?xx", 4);
    assert_int_equal(strlen(fx->s.oldest[CODE_TASKRUN_LOST][0].id), EXECUTIONS_ID_MAX + 3);
}

static void the_members_of_the_report_are_json_with_all_counts(void **state)
{
    struct fixture         *fx = *state;
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    struct json_writer      w;
    const struct json_node *root;
    const struct json_node *all;

    judgement_lost(&fx->m, "a\"b");
    note(fx, RECOVER_NONE);
    json_writer_init(&w, &fx->out, true);
    json_open(&w, '{');
    summary_members(&fx->s, &w);
    json_close(&w, '}');
    assert_true(json_writer_ok(&w));
    assert_true(json_tree(buf_slice(&fx->out), a, &root, &err));
    assert_true(slice_eq(json_get(root, "pending")->text, SLICE("1")));
    assert_true(slice_eq(json_get(json_get(root, "by_verdict"), "blocked")->text, SLICE("1")));
    assert_int_equal(json_get(root, "by_verdict")->n, VERDICT_COUNT);
    assert_true(slice_eq(json_get(json_get(root, "by_code"), "taskrun-lost")->text, SLICE("1")));
    assert_int_equal(json_get(root, "by_code")->n, 2);
    all = json_get(json_get(root, "levels"), "all");
    assert_true(slice_eq(json_get(all, "executions")->text, SLICE("1")));
    assert_int_equal(json_get(all, "hazards")->n, 1);
    assert_true(slice_eq(json_get(json_get(all, "remedies"), "fail-lost")->text, SLICE("1")));
    assert_true(
        slice_eq(json_get(json_get(root, "oldest"), "taskrun-lost")->first->text, SLICE("a\"b")));
    arena_free(a);
}

/* ---- requeue executions -------------------------------------------------------------------- */

static void list(struct fixture *fx)
{
    execution_note(&fx->x, "executions", &fx->m.doc, &fx->m.j);
}

static void a_store_without_pending_executions_has_nothing_to_bring_back(void **state)
{
    struct fixture *fx = *state;

    executions_text(&fx->x, &fx->out);
    assert_string_equal(fx->out.p, "no execution is pending: there is nothing to bring back\n");
}

static void the_table_has_codes_with_numbers_and_the_oldest_first(void **state)
{
    struct fixture *fx = *state;

    judgement_lost(&fx->m, "young");
    list(fx);
    judgement_lost(&fx->m, "old");
    fx->m.j.age_s = 2 * 86400 + 3 * 3600;
    list(fx);
    executions_text(&fx->x, &fx->out);
    has(fx, "pending               2\n");
    has(fx, "\n  blocked             2  ");
    has(fx, "\ntaskrun-lost                      2  blocked       old (2d 3h), young (1h)\n");
    assert_null(strstr(fx->out.p, "pause-manual"));
}

static void the_list_ends_with_where_the_rest_is(void **state)
{
    struct fixture *fx = *state;

    for (int i = 0; i < 5; i++) {
        judgement_lost(&fx->m, "e");
        list(fx);
    }
    executions_text(&fx->x, &fx->out);
    has(fx, "  and 3 more: --verdict, --code or --namespace list all of theirs");
    buf_clear(&fx->out);
    fx->x.lines_name = mem_strdup("r.executions.jsonl");
    executions_text(&fx->x, &fx->out);
    has(fx, "  and 3 more, all in r.executions.jsonl\n");
}

static void what_resumes_is_left_out_of_a_list_that_was_not_asked_for_it(void **state)
{
    struct fixture *fx = *state;

    fx->x.leave_resuming = true;
    judgement_resumes(&fx->m, "good");
    list(fx);
    judgement_lost(&fx->m, "bad");
    list(fx);
    executions_text(&fx->x, &fx->out);
    has(fx, "  blocked      bad  ");
    has(fx, "--verdict resumes lists them\n");
    assert_null(strstr(fx->out.p, "  resumes      good"));
    assert_int_equal(fx->x.sum.pending, 2);
}

static void a_filter_says_how_many_it_fits(void **state)
{
    struct fixture *fx = *state;

    fx->x.codes = CODE_BIT(CODE_PAUSE_MANUAL);
    judgement_lost(&fx->m, "e");
    list(fx);
    judgement_paused(&fx->m, "p");
    list(fx);
    executions_text(&fx->x, &fx->out);
    has(fx, "\n1 of 2 match --verdict and --code\n");
}

static void the_last_lines_say_what_to_do_next(void **state)
{
    struct fixture *fx = *state;

    judgement_resumes(&fx->m, "a");
    list(fx);
    judgement_rewritten(&fx->m, "b", "{}");
    list(fx);
    judgement_lost(&fx->m, "c");
    list(fx);
    judgement_paused(&fx->m, "d");
    list(fx);
    executions_text(&fx->x, &fx->out);
    has(fx, "\n1 comes back unchanged: requeue rebuild sends them");
    has(fx, "\n1 comes back with requeue rebuild --recover safe:");
    has(fx, "\n1 comes back with requeue rebuild --recover all:");
    has(fx, "\n1 comes back by no option;");
    has(fx, "\n  1 resume-by-hand: ");
}

/* ---- plan ---------------------------------------------------------------------------------- */

static void a_plan_tells_how_many_come_back_at_each_level(void **state)
{
    struct fixture *fx = *state;

    judgement_resumes(&fx->m, "a");
    note(fx, RECOVER_NONE);
    judgement_rewritten(&fx->m, "b", "{}");
    note(fx, RECOVER_NONE);
    note(fx, RECOVER_NONE);
    judgement_lost(&fx->m, "c");
    note(fx, RECOVER_NONE);
    judgement_paused(&fx->m, "d");
    note(fx, RECOVER_NONE);
    executions_plan_text(&fx->s, RECOVER_SAFE, &fx->out);
    has(fx, "executions: pending 5 · come back as they are 1 · with --recover safe 3 (chosen) · "
            "with --recover all 4 · cannot 1\n");
    has(fx, "\n  1 as they are\n");
    has(fx, "\n  +2 --recover safe: no task was lost;");
    has(fx, "\n    2 task-may-rerun: ");
    has(fx, "\n  +1 --recover all: it has a price\n    1 rerun-lost: ");
    has(fx, "\n    1 fail-lost: or they fail,");
    has(fx, "\n    1 task-may-rerun: ");
    has(fx, "\n  1 cannot: ");
    /* What is cured is no hazard. */
    assert_null(strstr(fx->out.p, "taskrun-lost"));
}

static void a_plan_without_pending_executions_says_nothing_of_them(void **state)
{
    struct fixture *fx = *state;

    executions_plan_text(&fx->s, RECOVER_ALL, &fx->out);
    assert_int_equal(fx->out.n, 0);
}

/* ---- the loss ------------------------------------------------------------------------------ */

#define T0 1733817600 /* 2024-12-10T08:00:00Z */

static void tell_loss(struct fixture *fx, int64_t lost_s, int32_t lost_ns)
{
    const struct loss l = { .has_newest = true,
                            .newest = { .s = T0 },
                            .has_lost_at = true,
                            .lost_at = { .s = lost_s, .ns = lost_ns },
                            .pending = 12 };

    buf_clear(&fx->out);
    executions_loss_text(&l, &fx->out);
}

static void without_the_time_of_the_loss_it_is_asked_for(void **state)
{
    struct fixture   *fx = *state;
    const struct loss nothing = { .pending = 1 };
    const struct loss newest = {
        .has_newest = true, .newest = { .s = T0 }, .newest_of = "log", .pending = 1
    };

    executions_loss_text(&nothing, &fx->out);
    has(fx, "no time to compare");
    buf_clear(&fx->out);
    executions_loss_text(&newest, &fx->out);
    has(fx, ", of a log line, is 2024-12-10T08:00:00.000Z:");
    has(fx, "--lost-at TIME");
}

static void what_happened_before_the_loss_is_unknown(void **state)
{
    struct fixture *fx = *state;

    tell_loss(fx, T0 + 90, 0);
    has(fx, ", of an execution, is 2024-12-10T08:00:00.000Z, 1m 30s before the loss at "
            "2024-12-10T08:01:30.000Z");
    has(fx, "started since are lost");
    has(fx, "of the 12 pending executions tasks may have ended since");
    tell_loss(fx, T0, 220000000);
    has(fx, "220 ms before the loss");
}

static void a_loss_before_the_newest_time_is_doubted(void **state)
{
    struct fixture *fx = *state;

    tell_loss(fx, T0 - 3600, 0);
    has(fx, "the loss was at 2024-12-10T07:00:00.000Z, 1h before it: either");
    assert_null(strstr(fx->out.p, "are lost"));
    tell_loss(fx, T0, 0);
    has(fx, "0 ms before it");
    /* The ends of time. */
    tell_loss(fx, INT64_MIN, 0);
    has(fx, "before it: either");
    tell_loss(fx, INT64_MAX / 2, 0);
    has(fx, "started since are lost");
}

/* ---- help ---------------------------------------------------------------------------------- */

static void every_code_has_its_row(void **state)
{
    struct fixture *fx = *state;
    char            row[96];

    executions_codes_text(&fx->out);
    for (int c = 0; c < CODE_COUNT; c++) {
        const char *found;

        (void)snprintf(row, sizeof(row), "\n| `%s` | %s | ", code_name((enum code)c),
                       verdict_name(code_verdict((enum code)c)));
        has(fx, row);
        found = strstr(fx->out.p, row) + strlen(row);
        assert_null(strstr(found, row));
    }
}

/* The table between the two marks is that of `requeue help codes`. */
static void the_runbook_has_the_same_table(void **state)
{
    static const char begin[] = "<!-- requeue help codes -->\n";
    struct fixture   *fx = *state;
    struct buf        book = { 0 };
    struct err        err = ERR_INIT;
    char              path[4096];
    const char       *table;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *root = getenv("REQUEUE_ROOT");

    (void)snprintf(path, sizeof(path), "%s/docs/runbook.md", root ? root : ".");
    buf_init(&book, 1u << 20);
    assert_true(file_read(path, &book, &err));
    executions_codes_text(&fx->out);
    table = strstr(book.p, begin);
    assert_non_null(table);
    table += sizeof(begin) - 1;
    if (strncmp(table, fx->out.p, fx->out.n) != 0)
        print_message("put the result of `requeue help codes` into docs/runbook.md\n");
    assert_int_equal(strncmp(table, fx->out.p, fx->out.n), 0);
    assert_int_equal(strncmp(table + fx->out.n, "<!-- end -->", 12), 0);
    buf_release(&book);
}

static void ages_have_their_two_largest_units(void **state)
{
    static const struct {
        int64_t     s;
        const char *text;
    } cases[] = { { 0, "0s" },          { 59, "59s" },
                  { 60, "1m" },         { 61, "1m 1s" },
                  { 3600, "1h" },       { 3661, "1h 1m" },
                  { 86399, "23h 59m" }, { 86400 * 400 + 7200, "400d 2h" },
                  { -90, "-1m 30s" } };
    char age[SHOWN_AGE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        shown_age(cases[i].s, age);
        assert_string_equal(age, cases[i].text);
    }
    shown_age(INT64_MIN, age);
    assert_int_equal(age[0], '-');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_are_by_verdict_code_need_and_remedy),
        TEST(what_has_ended_is_counted_by_its_codes_alone),
        TEST(what_is_lost_is_counted_by_its_code_alone),
        TEST(what_stays_blocked_depends_on_the_mode),
        TEST(the_three_oldest_are_kept_in_whatever_order_they_come),
        TEST(an_id_that_is_kept_is_cut_and_fit_for_a_terminal),
        TEST(the_members_of_the_report_are_json_with_all_counts),
        TEST(a_store_without_pending_executions_has_nothing_to_bring_back),
        TEST(the_table_has_codes_with_numbers_and_the_oldest_first),
        TEST(the_list_ends_with_where_the_rest_is),
        TEST(what_resumes_is_left_out_of_a_list_that_was_not_asked_for_it),
        TEST(a_filter_says_how_many_it_fits),
        TEST(the_last_lines_say_what_to_do_next),
        TEST(a_plan_tells_how_many_come_back_at_each_level),
        TEST(a_plan_without_pending_executions_says_nothing_of_them),
        TEST(without_the_time_of_the_loss_it_is_asked_for),
        TEST(what_happened_before_the_loss_is_unknown),
        TEST(a_loss_before_the_newest_time_is_doubted),
        TEST(every_code_has_its_row),
        TEST(the_runbook_has_the_same_table),
        TEST(ages_have_their_two_largest_units),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
