/* test_flow_tree.c - the tasks of a flow revision, as the executor walks them. */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/kestra/flow_tree.h"
#include "tests/support/layout_files.h"
#include "tests/support/sample_docs.h"

/* Layouts: 0.6, 0.15, 0.16, 0.20. */
static struct layout *a, *e, *f, *i;

static int load_layouts(void **state)
{
    (void)state;
    a = layout_file("A");
    e = layout_file("E");
    f = layout_file("F");
    i = layout_file("I");
    return 0;
}

static int free_layouts(void **state)
{
    (void)state;
    layout_free(a);
    layout_free(e);
    layout_free(f);
    layout_free(i);
    return 0;
}

#define OLD "io.kestra.core.tasks.flows."
#define NEW "io.kestra.plugin.core.flow."

/* 'x' is written as a leaf; quotes of JSON are ' here. */
static char *json_of(const char *text)
{
    char *json = mem_strdup(text);

    for (char *p = json; *p; p++)
        if (*p == '\'')
            *p = '"';
    return json;
}

#define LEAF(id)        "{'id':'" id "','type':'io.kestra.core.tasks.debugs.Return'}"
#define TASK(id, class) "{'id':'" id "','type':'" class "',"
#define FLOW(tasks)     "{'id':'fl','namespace':'n.s','revision':3,'tasks':[" tasks "]}"

/* Templates in memory; ends with a NULL key. */
struct template
{
    const char *key;
    const char *text;
    unsigned    asked;
};

static bool from_memory(void *ctx, struct slice key, struct slice *out)
{
    static char *last; /* lives until the next one */

    for (struct template *t = ctx; t->key; t++)
        if (slice_eq(slice_str(t->key), key)) {
            t->asked++;
            mem_free(last);
            last = json_of(t->text);
            *out = slice_str(last);
            return true;
        }
    return false;
}

static struct flow_tree *build_with(const struct layout *l, const char *text,
                                    struct template *templates)
{
    char             *json = json_of(text);
    struct flow_tree *t = NULL;
    struct err        err = ERR_INIT;
    bool              ok =
        flow_tree_build(l, slice_str(json), templates ? from_memory : NULL, templates, &t, &err);

    mem_free(json);
    if (!ok)
        fail_msg("%s", err.msg);
    return t;
}

static struct flow_tree *build(const struct layout *l, const char *text)
{
    return build_with(l, text, NULL);
}

static void assert_refused(const char *text, const char *why)
{
    char             *json = json_of(text);
    struct flow_tree *t = NULL;
    struct err        err = ERR_INIT;
    bool              ok = flow_tree_build(i, slice_str(json), NULL, NULL, &t, &err);

    mem_free(json);
    assert_false(ok);
    assert_int_equal(err.kind, ERR_DATA);
    if (strncmp(err.msg, why, strlen(why)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", err.msg, why);
}

static void assert_text(struct slice got, const char *expected)
{
    if (!expected) {
        assert_null(got.p);
        return;
    }
    if (!got.p || !slice_eq(got, slice_str(expected)))
        fail_msg("\"%.*s\", not \"%s\"", SLICE_ARG(got), expected);
}

static const struct task *task_of(const struct flow_tree *t, const char *id)
{
    uint32_t at = flow_tree_find(t, slice_str(id));

    if (at == TASK_NONE)
        fail_msg("no task %s", id);
    return &t->tasks[at];
}

/* ---- trees as text ------------------------------------------------------------------------ */

static const char *const branch_names[] = { "tasks",  "case",    "defaults", "else",
                                            "errors", "finally", "listeners" };
static const char *const type_names[] = { "",      "seq",   "par", "eachseq", "eachpar", "foreach",
                                          "items", "sw",    "if",  "allow",   "worker",  "dag",
                                          "until", "pause", "sub", "tpl" };

static void write_branches(const struct flow_tree *t, uint32_t parent, uint32_t first, uint32_t n,
                           struct buf *out)
{
    for (uint32_t k = first; k < first + n; k++) {
        const struct branch *b = &t->branches[k];

        buf_add(out, " %s", branch_names[b->kind]);
        if (b->kind == BRANCH_CASE)
            buf_add(out, "(%.*s)", SLICE_ARG(b->name));
        buf_add(out, "[");
        for (uint32_t m = b->first; m < b->first + b->n; m++) {
            const struct task *task = &t->tasks[m];

            assert_int_equal(task->parent, parent);
            assert_int_equal(task->branch, k);
            buf_add(out, "%s%.*s%s%s", m > b->first ? " " : "", SLICE_ARG(task->id),
                    task->type == TASK_LEAF ? "" : ":", type_names[task->type]);
            if (task->n_branches > 0) {
                buf_add(out, "{");
                write_branches(t, m, task->first_branch, task->n_branches, out);
                buf_add(out, " }");
            }
        }
        buf_add(out, "]");
    }
}

static void assert_tree(const struct flow_tree *t, const char *expected)
{
    struct buf text;

    buf_init(&text, (size_t)1 << 20);
    write_branches(t, TASK_NONE, 0, t->n_own, &text);
    assert_string_equal(text.n > 0 ? text.p : "", expected);
    buf_release(&text);
}

static void assert_flow(const struct layout *l, const char *text, const char *expected)
{
    struct flow_tree *t = build(l, text);

    assert_tree(t, expected);
    flow_tree_free(t);
}

/* ---- flows -------------------------------------------------------------------------------- */

static void a_flow_says_what_it_is(void **state)
{
    struct flow_tree *t =
        build(i, "{'id':'a\\u0062','namespace':'n.s','tenantId':'ten','revision':12,"
                 "'deleted':true,'disabled':true,'concurrency':{'limit':1},'sla':[{'id':'s'}],"
                 "'triggers':[{'type':'io.kestra.plugin.core.trigger.Schedule'},"
                 "{'type':'io.kestra.plugin.core.trigger.Flow'}]}");

    (void)state;
    assert_text(t->id, "ab");
    assert_text(t->namespace, "n.s");
    assert_text(t->tenant, "ten");
    assert_int_equal(t->revision, 12);
    assert_true(t->deleted && t->disabled && t->has_concurrency && t->has_sla);
    assert_true(t->has_flow_trigger);
    assert_int_equal(t->n_tasks, 0);
    assert_tree(t, "");
    assert_int_equal(flow_tree_find(t, SLICE("x")), TASK_NONE);
    assert_null(flow_tree_branch(t, TASK_NONE, BRANCH_TASKS));
    flow_tree_free(t);
    t = build(a, "{'tasks':[" LEAF("x") "],'triggers':[{'disabled':true,"
                                        "'type':'io.kestra.core.models.triggers.types.Flow'}]}");
    assert_text(t->tenant, NULL);
    assert_false(t->deleted || t->disabled || t->has_concurrency || t->has_sla);
    assert_false(t->has_flow_trigger);
    assert_int_equal(t->n_missing, 0);
    flow_tree_free(t);
    t = build(a, "{'triggers':[{'type':'io.kestra.core.models.triggers.types.Flow'}]}");
    assert_true(t->has_flow_trigger);
    flow_tree_free(t);
    flow_tree_free(NULL);
}

static void branches_stand_as_the_executor_walks_them(void **state)
{
    (void)state;
    assert_flow(
        a,
        "{'errors':[" LEAF("err") "],'finally':[" LEAF("fin") "],'tasks':[" LEAF("x") "," TASK("s", OLD "Sequential") "'errors':[" LEAF("se") "],'tasks':[" LEAF(
            "s1") "," TASK("p", OLD
                           "Parallel") "'tasks':[" LEAF("p1") "," LEAF("p2") "]}]}," LEAF("y") "],'"
                                                                                               "lis"
                                                                                               "ten"
                                                                                               "ers"
                                                                                               "':["
                                                                                               "{'"
                                                                                               "tas"
                                                                                               "ks'"
                                                                                               ":"
                                                                                               "[" LEAF("l1") "," LEAF("l2") "]},{'tasks':[" LEAF(
                                                                                                   "l3") "]}]}",
        " tasks[x s:seq{ tasks[s1 p:par{ tasks[p1 p2] }] errors[se] } y] errors[err]"
        " finally[fin] listeners[l1 l2 l3]");
    assert_flow(a, "{'tasks':null,'errors':[],'listeners':[{'tasks':null},{}]}", " listeners[]");
}

static void each_flowable_has_its_branches(void **state)
{
    (void)state;
    assert_flow(
        i,
        FLOW(TASK("sw", NEW "Switch") "'cases':{'b':[" LEAF("b1") "," LEAF("b2") "],'':[" LEAF(
            "c1") "],'n':null},'defaults':[" LEAF("d") "],'errors':[" LEAF("er") "]}"),
        " tasks[sw:sw{ case(b)[b1 b2] case()[c1] defaults[d] errors[er] }]");
    assert_flow(i,
                FLOW(TASK("if", NEW "If") "'then':[" LEAF("t") "],'else':[" LEAF(
                    "e") "],'finally':[" LEAF("fi") "]}"),
                " tasks[if:if{ tasks[t] else[e] finally[fi] }]");
    assert_flow(
        i,
        FLOW(TASK("af", NEW "AllowFailure") "'tasks':[" LEAF("x") "]}," TASK(
            "wd", NEW
            "Wor"
            "kin"
            "gDi"
            "rec"
            "tor"
            "y") "'tasks':[" LEAF("y") "]}," TASK("w", OLD
                                                  "Worker") "'tasks':[" LEAF("z") "]}," TASK("lu",
                                                                                             NEW
                                                                                             "LoopU"
                                                                                             "ntil") "'tasks':[" LEAF("u") "]}," TASK("wf",
                                                                                                                                      OLD
                                                                                                                                      "WaitFor") "'task"
                                                                                                                                                 "s':"
                                                                                                                                                 "[" LEAF("v") "]}," TASK("pa", NEW "Pause") "'tasks':[" LEAF(
                                                                                                                                                     "q") "]}," TASK("p2",
                                                                                                                                                                     NEW
                                                                                                                                                                     "Pause") "'delay':1.0}"),
        " tasks[af:allow{ tasks[x] } wd:worker{ tasks[y] } w:worker{ tasks[z] }"
        " lu:until{ tasks[u] } wf:until{ tasks[v] } pa:pause{ tasks[q] } p2:pause]");
    /* What is no flowable has none, whatever its members are called. */
    assert_flow(i,
                FLOW("{'id':'r','type':'c.R','tasks':[{}],'errors':7}," TASK(
                    "su", NEW "Subflow") "'errors':[{}]}"),
                " tasks[r su:sub]");
}

static void a_dag_knows_what_depends_on_what(void **state)
{
    struct flow_tree *t = build(
        i, FLOW(LEAF("x") "," TASK(
               "dag", NEW "Dag") "'concurrent':2,'tasks':["
                                 "{'task':" LEAF("d1") ",'dependsOn':['d3','d2']},{'task':" LEAF(
                                     "d2") "},"
                                           "{'task':" LEAF("d3") ",'dependsOn':['d2']}]}"));
    const struct task *d1;

    (void)state;
    assert_tree(t, " tasks[x dag:dag{ tasks[d1 d2 d3] }]");
    assert_int_equal(task_of(t, "dag")->concurrent, 2);
    d1 = task_of(t, "d1");
    assert_int_equal(d1->n_depends, 2);
    assert_int_equal(t->depends[d1->depends_first], flow_tree_find(t, SLICE("d3")));
    assert_int_equal(t->depends[d1->depends_first + 1], flow_tree_find(t, SLICE("d2")));
    assert_int_equal(task_of(t, "d2")->n_depends, 0);
    assert_int_equal(t->depends[task_of(t, "d3")->depends_first], flow_tree_find(t, SLICE("d2")));
    flow_tree_free(t);
    assert_refused(
        FLOW(TASK("g", NEW "Dag") "'tasks':[{'task':" LEAF("d") ",'dependsOn':['y']}]}," LEAF("y")),
        "flow: a task depends on a task that is not there: d");
    assert_refused(FLOW(TASK("g", NEW "Dag") "'tasks':[" LEAF("d") "]}"),
                   "flow: a Dag's task that is none");
}

static void the_values_of_an_each_are_counted_where_they_are_written(void **state)
{
    static const struct {
        const char *value;
        bool        listed;
        uint32_t    n;
    } cases[] = {
        { "['a','b',1]", true, 3 },
        { "[]", true, 0 },
        { "['a','b','a',{'k':1},{'k':1}]", true, 3 }, /* each value once */
        { "['1',1]", true, 2 },
        { "'[\\\"a\\\", 2]'", true, 2 },
        { "' [1,[2],{}] '", true, 3 },
        { "'{{ inputs.list }}'", false, 0 },
        { "'[\\\"{{ a }}\\\"]'", false, 0 },
        { "'[1,{% if x %}2{% endif %}]'", false, 0 },
        { "['a','{{ x }}']", false, 0 },
        { "['a',null]", false, 0 },
        { "'[1,'", false, 0 },
        { "'text'", false, 0 },
        { "'{}'", false, 0 },
        { "{'a':1}", false, 0 },
        { "7", false, 0 },
        { "null", false, 0 },
    };

    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        char               text[300];
        struct flow_tree  *t;
        const struct task *task;

        (void)snprintf(text, sizeof(text),
                       FLOW(TASK("e", OLD "EachSequential") "'value':%s,'tasks':[" LEAF("x") "]}"),
                       cases[k].value);
        t = build(a, text);
        assert_tree(t, " tasks[e:eachseq{ tasks[x] }]");
        task = task_of(t, "e");
        if (task->listed != cases[k].listed || task->n_values != cases[k].n)
            fail_msg("%s: %d %u", cases[k].value, task->listed, task->n_values);
        flow_tree_free(t);
    }
}

static void for_each_is_sequential_unless_its_limit_says_otherwise(void **state)
{
    static const struct {
        const char    *member;
        enum task_type type;
        uint32_t       concurrent;
    } cases[] = {
        { "", TASK_EACH_SEQUENTIAL, 0 },
        { ",'concurrencyLimit':1", TASK_EACH_SEQUENTIAL, 0 },
        { ",'concurrencyLimit':0", TASK_EACH_PARALLEL, 0 },
        { ",'concurrencyLimit':3", TASK_EACH_PARALLEL, 3 },
        { ",'concurrencyLimit':null", TASK_EACH_SEQUENTIAL, 0 },
        { ",'concurrencyLimit':99999999999999999999", TASK_EACH_SEQUENTIAL, 0 },
    };
    struct flow_tree *t;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        char text[300];

        (void)snprintf(text, sizeof(text),
                       FLOW(TASK("e", NEW "ForEach") "'values':[1,2],'tasks':[" LEAF("x") "]%s}"),
                       cases[k].member);
        t = build(i, text);
        assert_int_equal(task_of(t, "e")->type, cases[k].type);
        assert_int_equal(task_of(t, "e")->concurrent, cases[k].concurrent);
        assert_int_equal(task_of(t, "e")->n_values, 2);
        flow_tree_free(t);
    }
    t = build(a, FLOW(TASK("e", OLD "EachParallel") "'concurrent':4,'value':'[1]'}," TASK(
                     "p", OLD "Parallel") "'concurrent':5}," TASK("q", OLD
                                                                  "Parallel") "'concurrent':-5}"));
    assert_int_equal(task_of(t, "e")->concurrent, 4);
    assert_int_equal(task_of(t, "p")->concurrent, 5);
    assert_int_equal(task_of(t, "q")->concurrent, 0);
    flow_tree_free(t);
}

static void tasks_say_what_makes_them_wait_or_stay_out(void **state)
{
    struct flow_tree
        *
            t =
                build(
                    i,
                    "{'tasks':[" TASK("p0", NEW "Pause") "'delay':null}," TASK("p1", NEW "Pause") "'delay':5.0}," TASK(
                        "p2", NEW
                        "Pause") "'timeout':'PT1S'}," TASK("p3", NEW
                                                           "Pause") "'pauseDuration':'PT1S'}"
                                                                    "," TASK(
                                                                        "lu", NEW
                                                                        "WaitFor") "'x':1},"
                                                                                   "{'id':'r'"
                                                                                   ",'type':'"
                                                                                   "c.R'"
                                                                                   ",'"
                                                                                   "disabled'"
                                                                                   ":true,'"
                                                                                   "retry':{'"
                                                                                   "type':'"
                                                                                   "constant'"
                                                                                   "},"
                                                                                   "'runIf':'"
                                                                                   "{{ x "
                                                                                   "}}'},{'"
                                                                                   "id':'s','"
                                                                                   "type':"
                                                                                   "'c.R','"
                                                                                   "runIf':'"
                                                                                   "true','"
                                                                                   "delay':1}"
                                                                                   "],"
                                                                                   "'listener"
                                                                                   "s':[{'"
                                                                                   "tasks':"
                                                                                   "[" LEAF(
                                                                                       "l1") "]},{'"
                                                                                             "condi"
                                                                                             "ti"
                                                                                             "ons':"
                                                                                             "[{"
                                                                                             "'type"
                                                                                             "':"
                                                                                             "'c.C'"
                                                                                             "}]"
                                                                                             ",'"
                                                                                             "tasks"
                                                                                             "':"
                                                                                             "[" LEAF("l2") "]},{'conditions':[],'tasks':[" LEAF(
                                                                                                 "l"
                                                                                                 "3") "]}]}");

    (void)state;
    assert_false(task_of(t, "p0")->has_delay);
    assert_true(task_of(t, "p1")->has_delay);
    assert_true(task_of(t, "p2")->has_delay);
    assert_true(task_of(t, "p3")->has_delay);
    assert_true(task_of(t, "lu")->has_delay);
    assert_false(task_of(t, "s")->has_delay);
    assert_true(task_of(t, "r")->disabled && task_of(t, "r")->has_retry);
    assert_true(task_of(t, "r")->conditional);
    assert_false(task_of(t, "s")->disabled || task_of(t, "s")->has_retry);
    assert_false(task_of(t, "s")->conditional);
    assert_false(task_of(t, "l1")->conditional);
    assert_true(task_of(t, "l2")->conditional);
    assert_false(task_of(t, "l3")->conditional);
    flow_tree_free(t);
}

/* ---- subflows ----------------------------------------------------------------------------- */

static void a_subflow_waits_as_its_release_does(void **state)
{
    static const char text[] = FLOW(TASK("d", OLD "Flow") "'namespace':'n','flowId':'q'}," TASK(
        "y", NEW
        "Subflow") "'wait':true,'transmitFailed':true}," TASK("n", OLD
                                                              "Subflow") "'wait':false,'"
                                                                         "transmitFailed':false}");
    struct flow_tree *t = build(f, text);

    (void)state;
    assert_false(task_of(t, "d")->wait || task_of(t, "d")->transmit_failed);
    assert_true(task_of(t, "y")->wait && task_of(t, "y")->transmit_failed);
    assert_false(task_of(t, "n")->wait || task_of(t, "n")->transmit_failed);
    flow_tree_free(t);
    t = build(i, text);
    assert_true(task_of(t, "d")->wait && task_of(t, "d")->transmit_failed);
    assert_true(task_of(t, "y")->wait && task_of(t, "y")->transmit_failed);
    assert_false(task_of(t, "n")->wait || task_of(t, "n")->transmit_failed);
    flow_tree_free(t);
}

static void a_subflow_names_its_flow_and_keeps_its_json(void **state)
{
    static const char text[] = "{'id':'fl','namespace':'n.s','tenantId':'ten','tasks':[" TASK(
        "c",
        NEW "Subflow") "'namespace':'x.y','flowId':'child',"
                       "'revision':4,'inputs':{'a':[1.50,null,true,'\\u0001\\\\']},"
                       "'outputs':{'o':'{{ o }}'}}," TASK(
                           "d",
                           NEW "Subflow") "'tenantId':'own','namespace':"
                                          "'{{ flow.namespace }}','flowId':'c','outputs':{}}," TASK(
                                              "n", NEW "Subflow") "'flowId':7}," LEAF("x") "]}";
    struct flow_tree  *t = build(i, text);
    const struct task *c = task_of(t, "c");

    (void)state;
    assert_text(c->sub_tenant, "ten");
    assert_text(c->sub_namespace, "x.y");
    assert_text(c->sub_flow, "child");
    assert_int_equal(c->sub_revision, 4);
    assert_true(c->has_outputs);
    assert_false(c->sub_dynamic);
    assert_text(c->json,
                "{\"id\":\"c\",\"type\":\"io.kestra.plugin.core.flow.Subflow\","
                "\"namespace\":\"x.y\",\"flowId\":\"child\",\"revision\":4,\"inputs\":"
                "{\"a\":[1.50,null,true,\"\\u0001\\\\\"]},\"outputs\":{\"o\":\"{{ o }}\"}}");
    c = task_of(t, "d");
    assert_text(c->sub_tenant, "own");
    assert_true(c->sub_dynamic);
    assert_false(c->has_outputs);
    assert_int_equal(c->sub_revision, -1);
    c = task_of(t, "n");
    assert_text(c->sub_namespace, NULL);
    assert_text(c->sub_flow, NULL);
    assert_text(task_of(t, "x")->json, NULL);
    flow_tree_free(t);
}

static void for_each_item_is_a_call_and_later_three_tasks(void **state)
{
    static const char text[] =
        FLOW(TASK("it", OLD "ForEachItem") "'namespace':'n','flowId':'q','errors':[" LEAF(
            "er") "],'transmitFailed':false}," LEAF("x_item"));
    struct flow_tree  *t = build(e, text);
    const struct task *item;

    (void)state;
    assert_tree(t, " tasks[it:items x_item]");
    item = task_of(t, "it");
    assert_true(item->wait);
    assert_false(item->transmit_failed);
    assert_text(item->sub_flow, "q");
    assert_int_equal(flow_tree_find(t, SLICE("it_items")), TASK_NONE);
    flow_tree_free(t);

    t = build(f, text);
    assert_tree(t, " tasks[it:seq{ tasks[it_split it_items:items it_merge] errors[er] } x_item]");
    item = task_of(t, "it_items");
    assert_true(item->wait);
    assert_text(item->sub_flow, "q");
    assert_text(task_of(t, "it")->sub_flow, NULL);
    assert_ptr_equal(task_of(t, "it_item"), item); /* as earlier releases called it */
    assert_ptr_equal(task_of(t, "it_executable"), item);
    assert_int_equal(flow_tree_find(t, SLICE("x_executable")), TASK_NONE);
    assert_int_equal(flow_tree_find(t, SLICE("_item")), TASK_NONE);
    flow_tree_free(t);

    t = build(e,
              FLOW(TASK("it", OLD
                        "ForEachItem") "'subflow':{'namespace':'n','flowId':'old','wait':false}}"));
    assert_text(task_of(t, "it")->sub_flow, "old");
    assert_false(task_of(t, "it")->wait);
    assert_true(task_of(t, "it")->transmit_failed);
    flow_tree_free(t);
}

/* ---- templates ---------------------------------------------------------------------------- */

#define TEMPLATE(id, name) TASK(id, OLD "Template") "'namespace':'n','templateId':'" name "'}"

static void a_template_is_in_the_place_of_its_task(void **state)
{
    struct template templates[] = {
        { "n_one",
          "{'id':'one','tasks':[" LEAF("t1") "," TEMPLATE("in",
                                                          "two") "],'errors':[" LEAF("te") "]}",
          0 },
        { "n_two", "{'id':'two','tasks':[" LEAF("t2") "]}", 0 },
        { NULL, NULL, 0 },
    };
    struct flow_tree *t = build_with(
        a, FLOW(LEAF("x") "," TEMPLATE("tp", "one") "," TEMPLATE("tq", "two")), templates);

    (void)state;
    assert_tree(t,
                " tasks[x tp:tpl{ tasks[t1 in:tpl{ tasks[t2] }] errors[te] } tq:tpl{ tasks[t2] }]");
    assert_int_equal(t->n_missing, 0);
    assert_int_equal(templates[0].asked, 1);
    assert_int_equal(templates[1].asked, 1); /* two places, read once */
    assert_int_equal(t->tasks[task_of(t, "t2")->parent].id.n, 2);
    assert_text(t->tasks[task_of(t, "t2")->parent].id, "in"); /* the first, depth first */
    assert_true(task_is_flowable(TASK_TEMPLATE));
    flow_tree_free(t);
}

static void a_template_that_is_not_there_is_told_by_its_key(void **state)
{
    struct template templates[] = {
        { "n_gone", "{'tasks':[" LEAF("g") "],'deleted':true}", 0 },
        { "n_bad", "{'tasks':", 0 },
        { "n_list", "[]", 0 },
        { NULL, NULL, 0 },
    };
    struct flow_tree *t = build_with(
        a,
        FLOW(TEMPLATE("a", "gone") "," TEMPLATE("b", "bad") "," TEMPLATE("c", "list") "," TEMPLATE(
            "d", "none") "," TEMPLATE("e", "none") "," TASK("f",
                                                            OLD "Template") "'namespace':'n'}"),
        templates);

    (void)state;
    assert_tree(t, " tasks[a:tpl b:tpl c:tpl d:tpl e:tpl f:tpl]");
    assert_int_equal(t->n_missing, 5);
    assert_text(t->missing[0], "n_gone");
    assert_text(t->missing[1], "n_bad");
    assert_text(t->missing[2], "n_list");
    assert_text(t->missing[3], "n_none");
    assert_text(t->missing[4], "");
    flow_tree_free(t);
}

static void a_template_key_follows_the_layout(void **state)
{
    static const char own[] = "{'tenantId':'ten','tasks':[" TEMPLATE("a", "t") "," TASK(
        "b", NEW "Template") "'tenantId':'u','namespace':'n',"
                             "'templateId':'t'}," TEMPLATE("c", "t") "]}";
    struct arena *arena = arena_new(1024);
    char         *json = json_of(own);
    struct slice *keys;
    struct err    err = ERR_INIT;
    size_t        n;

    (void)state;
    assert_true(flow_tree_templates(i, slice_str(json), arena, &n, &keys, &err));
    assert_int_equal(n, 2);
    assert_text(keys[0], "ten_n_t");
    assert_text(keys[1], "u_n_t");
    assert_true(flow_tree_templates(a, slice_str(json), arena, &n, &keys, &err));
    assert_int_equal(n, 1);
    assert_text(keys[0], "n_t");
    assert_true(flow_tree_templates(i, SLICE("{\"tasks\":[]}"), arena, &n, &keys, &err));
    assert_int_equal(n, 0);
    assert_false(flow_tree_templates(i, SLICE("{\"tasks\":[{}]}"), arena, &n, &keys, &err));
    assert_int_equal(err.kind, ERR_DATA);
    mem_free(json);
    arena_free(arena);
}

static void templates_in_a_circle_or_without_end_are_refused(void **state)
{
    struct template circle[] = {
        { "n_one", "{'tasks':[" TEMPLATE("a", "two") "]}", 0 },
        { "n_two", "{'tasks':[" TEMPLATE("b", "one") "]}", 0 },
        { NULL, NULL, 0 },
    };
    struct template bomb[] = {
        { "n_one", "{'tasks':[" TEMPLATE("a", "one") "," TEMPLATE("b", "one") "]}", 0 },
        { NULL, NULL, 0 },
    };
    char             *json = json_of(FLOW(TEMPLATE("x", "one")));
    struct flow_tree *t = NULL;
    struct err        err = ERR_INIT;

    (void)state;
    assert_false(flow_tree_build(a, slice_str(json), from_memory, circle, &t, &err));
    assert_string_equal(err.msg, "flow: tasks nested deeper than 200");
    assert_false(flow_tree_build(a, slice_str(json), from_memory, bomb, &t, &err));
    assert_int_equal(err.kind, ERR_DATA);
    mem_free(json);
}

/* ---- looking up --------------------------------------------------------------------------- */

static void of_two_tasks_of_an_id_the_first_is_found(void **state)
{
    struct flow_tree *t =
        build(a, "{'errors':[" LEAF("x") "," LEAF("only") "],'tasks':[" TASK(
                     "s", OLD "Sequential") "'tasks':[" LEAF("x") "]}," LEAF("x") "]}");
    uint32_t at = flow_tree_find(t, SLICE("x"));

    (void)state;
    assert_text(t->tasks[t->tasks[at].parent].id, "s");
    assert_int_equal(t->branches[task_of(t, "only")->branch].kind, BRANCH_ERRORS);
    assert_int_equal(flow_tree_find(t, slice_of(NULL, 0)), TASK_NONE);
    assert_int_equal(flow_tree_find(t, SLICE("")), TASK_NONE);
    assert_int_equal(flow_tree_branch(t, TASK_NONE, BRANCH_ERRORS)->n, 2);
    assert_int_equal(flow_tree_branch(t, flow_tree_find(t, SLICE("s")), BRANCH_TASKS)->n, 1);
    assert_null(flow_tree_branch(t, at, BRANCH_TASKS));
    flow_tree_free(t);
}

/* ---- refused ------------------------------------------------------------------------------ */

static void what_is_no_flow_is_refused(void **state)
{
    (void)state;
    assert_refused("", "JSON: ");
    assert_refused("[]", "flow: no JSON object");
    assert_refused("{'tasks':[", "JSON: ");
    assert_refused("{'tasks':{}}", "flow: no list of tasks: tasks");
    assert_refused("{'listeners':7}", "flow: no list of tasks: listeners");
    assert_refused(FLOW("7"), "flow: a task that is no object");
    assert_refused(FLOW("{'type':'c.R'}"), "flow: a task without id");
    assert_refused(FLOW("{'id':7,'type':'c.R'}"), "flow: a task without id");
    assert_refused(FLOW("{'id':'x'}"), "flow: a task without type: x");
    assert_refused("{'listeners':[{'tasks':[{'id':'x'}]}]}", "flow: a task without type: x");
    assert_refused(FLOW(TASK("s", NEW "Switch") "'cases':[]}"),
                   "flow: cases that are no object: s");
    assert_refused(FLOW(TASK("s", NEW "Switch") "'cases':{'c':7}}"),
                   "flow: a case that is no list: c");
    assert_refused(FLOW(TASK("s", NEW "Sequential") "'errors':{}}"),
                   "flow: no list of tasks: errors");
}

static void add_tasks(struct buf *json, size_t n)
{
    buf_add(json, "{\"tasks\":[{\"id\":\"d\",\"type\":\"" NEW "Dag\",\"tasks\":[");
    for (size_t k = 1; k < n; k++)
        buf_add(json, "%s{\"task\":{\"id\":\"t%zu\",\"type\":\"c.R\"},\"dependsOn\":[\"t%zu\"]}",
                k > 1 ? "," : "", k, n - k);
    buf_add(json, "]}]}");
}

static void the_number_of_tasks_has_a_limit_and_no_squares(void **state)
{
    struct flow_tree *t = NULL;
    struct err        err = ERR_INIT;
    struct buf        json;
    int64_t           from;

    (void)state;
    buf_init(&json, (size_t)64 << 20);
    add_tasks(&json, FLOW_TREE_MAX_TASKS);
    from = clock_cpu_ns();
    assert_true(flow_tree_build(i, buf_slice(&json), NULL, NULL, &t, &err));
    for (size_t k = 1; k < FLOW_TREE_MAX_TASKS; k++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "t%zu", k);
        assert_int_equal(flow_tree_find(t, slice_str(id)), k);
    }
    assert_true(clock_cpu_ns() - from < INT64_C(10000000000)); /* 0.3 s; squares: minutes */
    flow_tree_free(t);
    buf_clear(&json);
    add_tasks(&json, FLOW_TREE_MAX_TASKS + 1);
    assert_false(flow_tree_build(i, buf_slice(&json), NULL, NULL, &t, &err));
    assert_string_equal(err.msg, "flow: more than 100000 tasks");
    buf_release(&json);
}

/* ---- real and broken ---------------------------------------------------------------------- */

static void real_flows_become_trees(void **state)
{
    static const struct {
        const char *file, *from;
        size_t      n;
    } sources[] = {
        { SAMPLE_SEARCH, "kestra_flows_revisions", 48 },
        { SAMPLE_KAFKA, "kestra_flow", 48 },
        { SAMPLE_KAFKA, "kestra_flow_last", 48 },
    };
    struct arena *arena = arena_new(65536);

    (void)state;
    for (size_t s = 0; s < COUNT_OF(sources); s++) {
        struct slice *docs;
        size_t        n = sample_docs(sources[s].file, sources[s].from, arena, &docs);
        size_t        types[TASK_TYPE_COUNT] = { 0 };

        assert_int_equal(n, sources[s].n);
        for (size_t k = 0; k < n; k++) {
            struct flow_tree *t = NULL;
            struct err        err = ERR_INIT;

            if (!flow_tree_build(a, docs[k], NULL, NULL, &t, &err))
                fail_msg("%s: %.*s", err.msg, SLICE_ARG(docs[k]));
            assert_true(t->id.p && t->namespace.p && t->revision > 0 && t->n_tasks > 0);
            for (uint32_t m = 0; m < t->n_tasks; m++) {
                types[t->tasks[m].type]++;
                assert_int_not_equal(flow_tree_find(t, t->tasks[m].id), TASK_NONE);
            }
            flow_tree_free(t);
        }
        assert_true(types[TASK_LEAF] > 48 && types[TASK_SWITCH] > 0 && types[TASK_PAUSE] > 0);
        assert_true(types[TASK_EACH_PARALLEL] > 0 && types[TASK_SUBFLOW] > 0);
        assert_true(types[TASK_TEMPLATE] > 0 && types[TASK_WORKER] > 0);
    }
    arena_free(arena);
}

static bool build_copy(struct slice bytes)
{
    char             *copy = mem_strndup(bytes.p, bytes.n);
    struct flow_tree *t = NULL;
    struct err        err = ERR_INIT;
    bool              ok = flow_tree_build(f, slice_of(copy, bytes.n), NULL, NULL, &t, &err);

    mem_free(copy);
    assert_int_equal(err.kind, ok ? ERR_NONE : ERR_DATA);
    if (ok) {
        struct buf text;

        buf_init(&text, (size_t)1 << 24);
        write_branches(t, TASK_NONE, 0, t->n_own, &text);
        buf_release(&text);
        flow_tree_free(t);
    }
    return ok;
}

/* Every kind of task, for the tests that break it. */
static const char everything[] = "{'id':'f','namespace':'n','revision':1,'tasks':[" TASK("sw", NEW "Switch") "'cases':{'b':[" LEAF("b1") "]},'defaults':[" LEAF("d") "]}," TASK("if", NEW "If") "'then':[" LEAF(
    "t") "],'else':[" LEAF("e") "]}," TASK("g", NEW "Dag") "'tasks"
                                                           "':[{'"
                                                           "task'"
                                                           ":" LEAF("d1") "},{'task':" LEAF("d2") ",'dependsOn':['d1']}]}," TASK("ea", NEW "ForEach") "'values':[1,2],'tasks':[" LEAF("x") "]}," TASK(
                                                               "it", NEW
                                                               "ForEachItem") "'namespace':'n',"
                                                                              "'flowId':'q'}"
                                                                              "," TASK(
                                                                                  "tp", NEW
                                                                                  "Templat"
                                                                                  "e") "'n"
                                                                                       "am"
                                                                                       "es"
                                                                                       "pa"
                                                                                       "ce"
                                                                                       "':"
                                                                                       "'n"
                                                                                       "',"
                                                                                       "'t"
                                                                                       "em"
                                                                                       "pl"
                                                                                       "at"
                                                                                       "eI"
                                                                                       "d'"
                                                                                       ":'"
                                                                                       "q'"
                                                                                       "}"
                                                                                       "," TASK(
                                                                                           "su", NEW
                                                                                           "Subflo"
                                                                                           "w") "'n"
                                                                                                "am"
                                                                                                "es"
                                                                                                "pa"
                                                                                                "ce"
                                                                                                "':"
                                                                                                "'n"
                                                                                                "',"
                                                                                                "'f"
                                                                                                "lo"
                                                                                                "wI"
                                                                                                "d'"
                                                                                                ":'"
                                                                                                "q'"
                                                                                                "}]"
                                                                                                ","
                                                                                                "'l"
                                                                                                "is"
                                                                                                "te"
                                                                                                "ne"
                                                                                                "rs"
                                                                                                "':"
                                                                                                "[{"
                                                                                                "'c"
                                                                                                "on"
                                                                                                "di"
                                                                                                "ti"
                                                                                                "on"
                                                                                                "s'"
                                                                                                ":["
                                                                                                "{}"
                                                                                                "],"
                                                                                                "'t"
                                                                                                "as"
                                                                                                "ks"
                                                                                                "':"
                                                                                                "[" LEAF("l") "]}],'errors':[" LEAF(
                                                                                                    "er") "]}";

static void flows_that_are_cut_or_changed_do_no_harm(void **state)
{
    static const char letters[] = "az09-:,[]{}\"\\\n";
    uint64_t          seed = test_seed();
    struct arena     *arena = arena_new(65536);
    char             *json = json_of(everything);
    struct slice     *docs;
    size_t            n = sample_docs(SAMPLE_SEARCH, "kestra_flows_revisions", arena, &docs);
    size_t            good = 0;

    (void)state;
    docs[n++] = slice_str(json);
    assert_true(build_copy(docs[n - 1]));
    for (size_t k = 0; k < docs[n - 1].n; k++)
        assert_false(build_copy(slice_of(json, k)));
    for (size_t round = 0; round < 20000; round++) {
        struct slice doc = docs[test_below(&seed, 2) == 0 ? n - 1 : test_below(&seed, n)];
        char        *copy = mem_strndup(doc.p, doc.n);
        size_t       end = test_below(&seed, 4) == 0 ? test_below(&seed, doc.n) : doc.n;

        for (size_t k = test_below(&seed, 3) + 1; k > 0; k--)
            copy[test_below(&seed, doc.n)] = letters[test_below(&seed, sizeof(letters) - 1)];
        good += build_copy(slice_of(copy, end)) ? 1 : 0;
        mem_free(copy);
    }
    assert_true(good > 1000);
    mem_free(json);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flow_says_what_it_is),
        cmocka_unit_test(branches_stand_as_the_executor_walks_them),
        cmocka_unit_test(each_flowable_has_its_branches),
        cmocka_unit_test(a_dag_knows_what_depends_on_what),
        cmocka_unit_test(the_values_of_an_each_are_counted_where_they_are_written),
        cmocka_unit_test(for_each_is_sequential_unless_its_limit_says_otherwise),
        cmocka_unit_test(tasks_say_what_makes_them_wait_or_stay_out),
        cmocka_unit_test(a_subflow_waits_as_its_release_does),
        cmocka_unit_test(a_subflow_names_its_flow_and_keeps_its_json),
        cmocka_unit_test(for_each_item_is_a_call_and_later_three_tasks),
        cmocka_unit_test(a_template_is_in_the_place_of_its_task),
        cmocka_unit_test(a_template_that_is_not_there_is_told_by_its_key),
        cmocka_unit_test(a_template_key_follows_the_layout),
        cmocka_unit_test(templates_in_a_circle_or_without_end_are_refused),
        cmocka_unit_test(of_two_tasks_of_an_id_the_first_is_found),
        cmocka_unit_test(what_is_no_flow_is_refused),
        cmocka_unit_test(the_number_of_tasks_has_a_limit_and_no_squares),
        cmocka_unit_test(real_flows_become_trees),
        cmocka_unit_test(flows_that_are_cut_or_changed_do_no_harm),
    };

    return cmocka_run_group_tests(tests, load_layouts, free_layouts);
}
