/* test_file_facts.c - evidence for verdicts out of a dump: newest times, children, links, logs. */
#include "tests/support/file_world.h"
#include "tests/support/test.h"

#define LOGS "kestra_logs"

#define CHILD(id, type, parent, state)                                                             \
    "{\"id\":\"" id "\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,\"trigger\":"      \
    "{\"type\":\"" type "\",\"variables\":{\"executionId\":\"" parent "\"}},\"state\":"            \
    "{\"current\":\"" state "\",\"startDate\":\"2024-01-02T00:00:00Z\"},\"deleted\":false}"

#define LINE(parent, run, time, message)                                                           \
    "{\"executionId\":\"" parent "\",\"taskRunId\":\"" run "\",\"timestamp\":\"" time "\","        \
    "\"message\":\"" message "\"}"

/* ---- newest ---------------------------------------------------------------------------------- */

static const struct store_newest *newest_of(struct file_world *w)
{
    static struct store_newest out[STORE_NEWEST_COUNT];
    size_t                     n = 0;

    file_world_must(w, w->store->newest(w->store, out, &n, &w->err));
    assert_int_equal(n, STORE_NEWEST_COUNT);
    assert_string_equal(out[0].what, "execution");
    assert_string_equal(out[1].what, "trigger");
    assert_string_equal(out[2].what, "log");
    return out;
}

static void the_newest_times_are_those_of_what_counts(void **state)
{
    struct file_world         *w = *state;
    const struct store_newest *newest;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-03T00:00:00.123456789Z");
    file_world_execution(w, EXECUTIONS, "b", "SUCCESS", "2024-01-01T00:00:00Z");
    file_world_hit(w, TRIGGERS, "t", "{\"date\":\"2024-01-09T00:00:00Z\"}");
    file_world_hit(w, TRIGGERS, "t", "{\"date\":\"2024-01-04T00:00:00Z\"}");
    file_world_hit(w, LOGS, "l", "{\"timestamp\":\"2024-01-05T00:00:00Z\"}");
    file_world_hit(w, "other", "l", "{\"timestamp\":\"2024-02-05T00:00:00Z\"}");
    file_world_written(w);
    newest = newest_of(w);
    assert_string_equal(newest[0].text, "2024-01-03T00:00:00.123456789Z");
    assert_string_equal(newest[1].text, "2024-01-04T00:00:00Z");
    assert_string_equal(newest[2].text, "2024-01-05T00:00:00Z");
}

static void what_a_dump_does_not_hold_is_not_known(void **state)
{
    struct file_world         *w = *state;
    const struct store_newest *newest;

    file_world_hit(w, FLOWS, "n_f_1", "{\"id\":\"f\"}");
    file_world_hit(w, TRIGGERS, "t", "{}");
    file_world_written(w);
    newest = newest_of(w);
    assert_false(newest[0].known || newest[1].known || newest[2].known);
}

/* ---- children, also -------------------------------------------------------------------------- */

static void children_come_out_in_any_state(void **state)
{
    static const char *types[] = { "t.Subflow" };
    const struct slice parents[] = { SLICE("p"), SLICE("q") };
    struct file_world *w = *state;

    w->options.executions = EXECUTIONS_ALL;
    w->query.parents = parents;
    w->query.n_parents = COUNT_OF(parents);
    w->query.child_types = (struct strings){ 1, types };
    file_world_execution(w, EXECUTIONS, "p", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_hit(w, EXECUTIONS, "c1", CHILD("c1", "t.Subflow", "p", "SUCCESS"));
    file_world_hit(w, EXECUTIONS, "c2", CHILD("c2", "t.Subflow", "other", "SUCCESS"));
    file_world_hit(w, EXECUTIONS, "c3", CHILD("c3", "t.Flow", "p", "SUCCESS"));
    file_world_hit(w, EXECUTIONS, "c4", CHILD("c4", "t.Subflow", "q", "RUNNING"));
    file_world_written(w);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "c1="));
    assert_non_null(strstr(w->keeper.text.p, "\nc4="));
    assert_int_equal(atomic_load(&w->tally.records), 2);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).selected, 2);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).outside, 3);
}

static void those_that_ended_come_beside_the_pending_ones_once(void **state)
{
    const struct slice also[] = { SLICE("b"), SLICE("b"), SLICE("a"), SLICE("nobody") };
    struct file_world *w = *state;

    w->options.executions = EXECUTIONS_ALL;
    w->query.also = also;
    w->query.n_also = COUNT_OF(also);
    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "b", "SUCCESS", "2024-01-01T00:00:00Z");
    file_world_execution(w, EXECUTIONS, "c", "SUCCESS", "2024-01-01T00:00:00Z");
    file_world_written(w);
    assert_true(text_begins(file_world_records(w, KIND_EXECUTION), "a="));
    assert_non_null(strstr(w->keeper.text.p, "\nb="));
    assert_int_equal(atomic_load(&w->tally.records), 2);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).selected, 2);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).terminal, 2);
    assert_int_equal(file_world_count(w, KIND_EXECUTION).pending, 1);
}

static void lists_that_are_too_long_are_refused(void **state)
{
    static struct slice  ids[STORE_MAX_PARENTS + 1];
    struct file_world   *w = *state;
    struct store_reader *r;
    size_t               n;

    file_world_execution(w, EXECUTIONS, "a", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_written(w);
    w->query.also = ids;
    w->query.n_also = STORE_MAX_IDS + 1;
    assert_false(w->store->open_readers(w->store, &w->query, 1, &r, &n, &w->err));
    assert_int_equal(w->err.kind, ERR_BUG);
    w->query.n_also = 0;
    w->query.parents = ids;
    w->query.n_parents = COUNT_OF(ids);
    assert_false(w->store->open_readers(w->store, &w->query, 1, &r, &n, &w->err));
}

/* ---- logs ------------------------------------------------------------------------------------ */

static void keep_link(void *ctx, const struct store_link *link)
{
    buf_add(ctx, "%.*s<%.*s/%.*s ", SLICE_ARG(link->child), SLICE_ARG(link->parent),
            SLICE_ARG(link->run));
}

static void keep_time(void *ctx, struct slice id, struct instant at)
{
    char text[32];

    instant_format(at, text);
    buf_add(ctx, "%.*s=%s ", SLICE_ARG(id), text);
}

static void links_are_in_the_logs_of_the_parents(void **state)
{
    const struct slice ids[] = { SLICE("p"), SLICE("q"), SLICE("nobody") };
    struct file_world *w = *state;
    struct buf         said;

    buf_init(&said, 4096);
    file_world_hit(w, LOGS, "1",
                   LINE("p", "r1", "2024-01-01T00:00:01Z",
                        "Create new execution for flow 'n'.f' with id 'c1' from task 't' and "
                        "taskrun 'r1'"));
    file_world_hit(w, LOGS, "2", LINE("p", "r2", "2024-01-01T00:00:03.0005Z", "hello"));
    file_world_hit(w, LOGS, "3", LINE("p", "r2", "2024-01-01T00:00:02Z", "hello"));
    file_world_hit(w, "kestra_logs-2024", "4",
                   LINE("q", "r3", "2024-01-01T00:00:01Z",
                        "Created new execution [[link execution=\\\"c2\\\" flowId=\\\"f\\\"]]"));
    file_world_hit(w, LOGS, "5",
                   LINE("other", "r4", "2024-01-01T00:00:01Z",
                        "Created new execution [[link execution=\\\"c3\\\"]]"));
    file_world_hit(w, LOGS, "6", "{\"executionId\":\"q\",\"timestamp\":\"2024-02-01T00:00:00Z\"}");
    file_world_hit(w, FLOWS, "n_f_1", "{\"id\":\"f\"}");
    file_world_written(w);
    file_world_must(w, w->store->links(w->store, ids, 3, keep_link, &said, &w->err));
    assert_string_equal(said.p, "c1<p/r1 c2<q/r3 ");
    buf_clear(&said);
    file_world_must(w, w->store->log_newest(w->store, ids, 3, keep_time, &said, &w->err));
    assert_string_equal(said.p, "p=2024-01-01T00:00:03.000Z q=2024-01-01T00:00:01.000Z ");
    buf_release(&said);
}

static void a_dump_without_logs_says_so(void **state)
{
    static const char *items[] = { "log=mine" };
    const struct slice ids[] = { SLICE("p") };
    struct file_world *w = *state;
    struct buf         said;

    buf_init(&said, 4096);
    file_world_execution(w, EXECUTIONS, "p", "RUNNING", "2024-01-01T00:00:00Z");
    file_world_hit(w, "mine", "1", LINE("p", "r", "2024-01-01T00:00:01Z", "x"));
    file_world_written(w);
    assert_false(w->store->links(w->store, ids, 1, keep_link, &said, &w->err));
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_non_null(strstr(w->err.msg, "there is no index kestra_logs"));
    assert_non_null(strstr(w->err.hint, "--index log=NAME"));
    assert_false(newest_of(w)[2].known);
    w->conf.search.indices = (struct strings){ 1, items };
    file_world_must(w, file_world_open(w));
    file_world_must(w, w->store->log_newest(w->store, ids, 1, keep_time, &said, &w->err));
    assert_string_equal(said.p, "p=2024-01-01T00:00:01.000Z ");
    assert_true(newest_of(w)[2].known);
    buf_release(&said);
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, file_world_setup, file_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_newest_times_are_those_of_what_counts),
        STORE_TEST(what_a_dump_does_not_hold_is_not_known),
        STORE_TEST(children_come_out_in_any_state),
        STORE_TEST(those_that_ended_come_beside_the_pending_ones_once),
        STORE_TEST(lists_that_are_too_long_are_refused),
        STORE_TEST(links_are_in_the_logs_of_the_parents),
        STORE_TEST(a_dump_without_logs_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
