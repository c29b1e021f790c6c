/* test_recover_calls.c - subflow calls: linked, finished, or left alone when in doubt. */
#include "tests/support/recover_world.h"

#define CALL(id, more)                                                                             \
    "{\"id\":\"" id "\",\"type\":\"io.kestra.core.tasks.flows.Flow\",\"namespace\":\"n\","         \
    "\"flowId\":\"sub\"" more "}"
#define WAITS ",\"wait\":true"

#define ONE(more) TASKS(CALL("call", more) "," LEAF("z"))

/* A RUNNING execution with one open call. */
static struct recover_world *calling(const char *band, const char *flow, const char *state)
{
    struct recover_world *w = world_new(band, flow);

    world_run(w, "r", "call", NULL, state);
    return w;
}

/* E19 */
static void a_call_without_a_child_starts_it_once_registered(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED r:CREATED");
    assert_int_equal(w->r.n_links, 0);
    w->facts.children_known = false;
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* H04: there was a child, and Kafka was the only one to know. */
static void a_running_call_whose_child_is_gone_is_lost(void **state)
{
    struct recover_world *w = calling("C", ONE(WAITS), "RUNNING");

    (void)state;
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RESTARTED");
    assert_true(w->r.hazards & CODE_BIT(CODE_TASK_MAY_RERUN));
    world_expect(w, RECOVER_ALL, LOST_FAIL, "RESTARTED r:FAILED");
    world_free(w);
}

/* E18, E21 */
static void a_waiting_parent_is_linked_to_its_pending_child(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_child(w, "c1", "call", STATE_RUNNING);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, NULL);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP) | REMEDY_BIT(REMEDY_LINK_SUBFLOW));
    assert_int_equal(w->r.n_links, 1);
    assert_true(slice_eq(w->r.links[0].child, SLICE("c1")));
    assert_true(slice_eq(w->r.links[0].parent, SLICE("e")));
    assert_int_equal(world_needs(w), RECOVER_ALL);
    world_free(w);
}

/* The record holds the task run as it is in the new document, or Kestra would take the child's
 * answer for an old one. */
static void a_link_holds_the_rewritten_task_run(void **state)
{
    static const char *const bands[] = { "A", "C", "D", "I" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++) {
        struct recover_world  *w = calling(bands[i], ONE(WAITS), "CREATED");
        bool                   old = i < 2;
        const struct json_path paths[] = { { old ? "taskRun" : "parentTaskRun", NULL },
                                           { old ? "task" : "parentTask", "flowId" },
                                           { "execution", "id" } };
        struct json_value      found[COUNT_OF(paths)];
        struct err             err = ERR_INIT;

        w->spaced = i & 1;
        world_run(w, "other", "z", NULL, "SUCCESS");
        world_child(w, "c1", "call", STATE_RUNNING);
        world_recover(w, RECOVER_ALL, LOST_RERUN);
        assert_int_equal(w->r.n_links, 1);
        assert_true(json_find(w->r.links[0].value, paths, 3, JSON_FIND_ALL, found, &err));
        assert_true(slice_eq(found[0].raw, w->after.runs[0].raw));
        assert_true(slice_eq(found[1].raw, SLICE("\"sub\"")));
        assert_true(slice_eq(found[2].raw, SLICE("\"child\"")));
        world_free(w);
    }
}

static void a_call_that_runs_already_is_only_linked(void **state)
{
    struct recover_world *w = calling("C", ONE(WAITS), "RUNNING");

    (void)state;
    world_child(w, "c1", "call", STATE_CREATED);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    assert_int_equal(w->r.n_changes, 2);
    assert_int_equal(w->r.n_links, 1);
    world_free(w);
}

static void without_the_childs_document_there_is_no_link(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_child(w, "c1", "call", STATE_RUNNING)->json = slice_of(NULL, 0);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

/* E38 */
static void the_parent_of_an_ended_child_goes_on(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_child(w, "c\"1", "call", STATE_FAILED);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:SUCCESS");
    assert_true(slice_eq(w->after.runs[0].outputs_raw,
                         SLICE("{\"executionId\":\"c\\\"1\",\"state\":\"FAILED\"}")));
    assert_int_equal(w->r.remedies, REMEDY_BIT(REMEDY_R_WRAP) | REMEDY_BIT(REMEDY_FINISH_SUBFLOW));
    assert_int_equal(w->r.n_links, 0);
    w->spaced = true;
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:SUCCESS");
    assert_true(slice_eq(w->after.runs[0].outputs_raw,
                         SLICE("{\"state\": \"FAILED\", \"executionId\": \"c\\\"1\"}")));
    world_free(w);
}

static void outputs_that_are_there_are_replaced(void **state)
{
    static const char *const outputs[] = { "\"outputs\":{\"a\":[1]}", "\"outputs\":null",
                                           "\"outputs\":{},\"outputs\":{ }" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(outputs); i++) {
        struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

        w->runs[0].extra = outputs[i];
        world_child(w, "c1", "call", STATE_SUCCESS);
        world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:SUCCESS");
        assert_true(slice_eq(w->after.runs[0].outputs_raw,
                             SLICE("{\"executionId\":\"c1\",\"state\":\"SUCCESS\"}")));
        assert_non_null(w->r.changes[w->r.n_changes - 1].before.p);
        world_free(w);
    }
}

static void a_failure_is_transmitted_where_the_flow_says_so(void **state)
{
    static const struct {
        enum state  child;
        const char *after;
    } cases[] = {
        { STATE_SUCCESS, "RESTARTED r:SUCCESS" }, { STATE_WARNING, "RESTARTED r:WARNING" },
        { STATE_FAILED, "RESTARTED r:FAILED" },   { STATE_KILLED, "RESTARTED r:KILLED" },
        { STATE_PAUSED, "RESTARTED r:PAUSED" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct recover_world *w = calling("A", ONE(WAITS ",\"transmitFailed\":true"), "CREATED");

        world_child(w, "c1", "call", cases[i].child);
        world_expect(w, RECOVER_ALL, LOST_RERUN, cases[i].after);
        assert_false(w->r.remedies & REMEDY_BIT(REMEDY_FAIL_LOST));
        world_free(w);
    }
}

/* From 0.8 a paused child has not ended: its parent waits on. */
static void a_paused_child_is_linked_where_pausing_is_no_end(void **state)
{
    struct recover_world *w = calling("B4", ONE(WAITS ",\"transmitFailed\":true"), "CREATED");

    (void)state;
    world_child(w, "c1", "call", STATE_PAUSED);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    assert_int_equal(w->r.n_links, 1);
    world_free(w);
}

static void outputs_to_be_rendered_are_impossible(void **state)
{
    struct recover_world *w =
        calling("A", ONE(WAITS ",\"outputs\":{\"o\":\"{{outputs.out.value}}\"}"), "CREATED");

    (void)state;
    world_child(w, "c1", "call", STATE_SUCCESS);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    assert_int_equal(world_needs(w), -1);
    w->children[0].ended = false; /* while it runs, Kestra will render them itself */
    w->children[0].state = STATE_RUNNING;
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    world_free(w);
}

/* E20 */
static void a_call_that_does_not_wait_has_succeeded(void **state)
{
    static const enum state children[] = { STATE_RUNNING, STATE_FAILED };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        struct recover_world *w = calling("A", ONE(",\"wait\":false"), "CREATED");

        world_child(w, "c1", "call", children[i]);
        world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:SUCCESS");
        assert_true(slice_eq(w->after.runs[0].outputs_raw, SLICE("{\"executionId\":\"c1\"}")));
        assert_int_equal(w->r.n_links, 0);
        world_free(w);
    }
}

/* ---- in doubt -------------------------------------------------------------------------------- */

static void two_children_of_one_call_are_too_many(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_child(w, "c1", "call", STATE_RUNNING);
    world_child(w, "c2", "call", STATE_RUNNING);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    w->children[0].run_id = SLICE("r"); /* logs or links say which run was theirs */
    w->children[1].run_id = SLICE("another");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    assert_true(slice_eq(w->r.links[0].child, SLICE("c1")));
    w->children[1].run_id = SLICE("r");
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

static void values_of_an_each_need_the_task_run(void **state)
{
    struct recover_world *w =
        world_new("A", TASKS(FLOWABLE("e", "EachParallel", CALL("call", WAITS))));

    (void)state;
    world_run(w, "e", "e", NULL, "RUNNING");
    world_run(w, "r1", "call", "e", "CREATED")->value = "v1";
    world_run(w, "r2", "call", "e", "CREATED")->value = "v2";
    world_child(w, "c1", "call", STATE_RUNNING);
    world_child(w, "c2", "call", STATE_SUCCESS);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    w->children[0].run_id = SLICE("r2");
    w->children[1].run_id = SLICE("r1");
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED e:RUNNING r1:SUCCESS r2:RUNNING");
    assert_int_equal(w->r.n_links, 1);
    w->n_children = 1; /* only one of them was started */
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED e:RUNNING r1:CREATED r2:RUNNING");
    world_free(w);
}

/* Two calls of one task, and a child that may be either's. */
static void two_calls_of_one_task_share_a_doubt(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_run(w, "r2", "call", NULL, "CREATED");
    world_child(w, "c1", "call", STATE_RUNNING);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

static void a_child_of_another_task_or_run_is_none_of_ours(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "CREATED");

    (void)state;
    world_run(w, "before", "call", NULL, "SUCCESS")->extra = "\"outputs\":{\"executionId\":\"c2\"}";
    world_child(w, "c1", "else", STATE_RUNNING);
    world_child(w, "c2", "call", STATE_SUCCESS);
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED r:CREATED before:SUCCESS");
    world_free(w);
}

/* A person restarted the parent: the child of its first life has answered already. */
static void the_child_of_an_earlier_life_does_not_count(void **state)
{
    struct recover_world *w = calling("A", ONE(WAITS), "FAILED");

    (void)state;
    w->runs[0].current = "RESTARTED";
    w->runs[0].past[w->runs[0].n_past++] = "RESTARTED";
    world_child(w, "c1", "call", STATE_FAILED);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL); /* nobody says that it was that one */
    w->runs[0].extra = "\"outputs\":{\"executionId\":\"c1\"}";
    world_expect(w, RECOVER_SAFE, LOST_RERUN, "RESTARTED r:RESTARTED");
    world_free(w);
}

static void the_outputs_name_the_child_of_a_running_call(void **state)
{
    struct recover_world *w = calling("C", ONE(WAITS), "RUNNING");

    (void)state;
    w->runs[0].extra = "\"outputs\":{\"executionId\":\"c2\"}";
    world_child(w, "c1", "call", STATE_RUNNING);
    world_child(w, "c2", "call", STATE_RUNNING);
    world_expect(w, RECOVER_ALL, LOST_RERUN, "RESTARTED r:RUNNING");
    assert_true(slice_eq(w->r.links[0].child, SLICE("c2")));
    world_free(w);
}

static void items_of_a_file_are_left_alone(void **state)
{
    static const char *const flow = TASKS(
        "{\"id\":\"call\",\"type\":\"io.kestra.core.tasks.flows.ForEachItem\",\"items\":\"x\","
        "\"namespace\":\"n\",\"flowId\":\"sub\"}");
    struct recover_world *w = calling("D", flow, "RUNNING");

    (void)state;
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_child(w, "c1", "call", STATE_RUNNING);
    world_expect(w, RECOVER_ALL, LOST_RERUN, NULL);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_without_a_child_starts_it_once_registered),
        cmocka_unit_test(a_running_call_whose_child_is_gone_is_lost),
        cmocka_unit_test(a_waiting_parent_is_linked_to_its_pending_child),
        cmocka_unit_test(a_link_holds_the_rewritten_task_run),
        cmocka_unit_test(a_call_that_runs_already_is_only_linked),
        cmocka_unit_test(without_the_childs_document_there_is_no_link),
        cmocka_unit_test(the_parent_of_an_ended_child_goes_on),
        cmocka_unit_test(outputs_that_are_there_are_replaced),
        cmocka_unit_test(a_failure_is_transmitted_where_the_flow_says_so),
        cmocka_unit_test(a_paused_child_is_linked_where_pausing_is_no_end),
        cmocka_unit_test(outputs_to_be_rendered_are_impossible),
        cmocka_unit_test(a_call_that_does_not_wait_has_succeeded),
        cmocka_unit_test(two_children_of_one_call_are_too_many),
        cmocka_unit_test(values_of_an_each_need_the_task_run),
        cmocka_unit_test(two_calls_of_one_task_share_a_doubt),
        cmocka_unit_test(a_child_of_another_task_or_run_is_none_of_ours),
        cmocka_unit_test(the_child_of_an_earlier_life_does_not_count),
        cmocka_unit_test(the_outputs_name_the_child_of_a_running_call),
        cmocka_unit_test(items_of_a_file_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
