/*
 * test_layout.c - how layouts are read and merged, and that a wrong one is refused with its line.
 */
#include "tests/support/test.h"

#include "lib/kestra/layout.h"

/* ---- layouts made for the test ------------------------------------------------------------ */

/* A layout that is right: the tests below change it. */
#define TOP                                                                                        \
    "name: T\n"                                                                                    \
    "releases: test\n"                                                                             \
    "inclusion: non_null\n"                                                                        \
    "partitions: 3\n"                                                                              \
    "replication: 1\n"                                                                             \
    "message_max_bytes: 1048576\n"                                                                 \
    "topic_prefix: t_\n"                                                                           \
    "consumer_prefix: \"\"\n"                                                                      \
    "index_prefix: i_\n"                                                                           \
    "states: { terminal: [SUCCESS], known: [SUCCESS, FAILED] }\n"                                  \
    "executor: {}\n"                                                                               \
    "tasks: {}\n"
#define KINDS                                                                                      \
    "kinds:\n"                                                                                     \
    "  execution:\n"                                                                               \
    "    table: executions\n"                                                                      \
    "    index: \"{index_prefix}executions\"\n"                                                    \
    "    key: { separator: _, parts: [{ member: id }] }\n"
#define TOPICS                                                                                     \
    "topics:\n"                                                                                    \
    "  execution:\n"                                                                               \
    "    name: \"{topic_prefix}execution\"\n"                                                      \
    "    kind: execution\n"

struct file {
    const char *name;
    const char *text;
};

/* Files in memory; ends with a NULL name. */
static bool load_memory(void *ctx, const char *name, struct arena *a, struct buf *out,
                        const char **file, struct err *err)
{
    char path[80];

    for (const struct file *f = ctx; f->name; f++) {
        if (strcmp(f->name, name) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%.64s.yml", name);
        *file = arena_str(a, slice_str(path));
        return buf_append(out, slice_str(f->text)) || err_set(err, ERR_USAGE, "too large");
    }
    return err_set(err, ERR_USAGE, "there is no layout %s", name);
}

static struct layout *load_text(const char *text, struct err *err)
{
    struct file    files[] = { { "T", text }, { NULL, NULL } };
    struct layout *l = NULL;

    *err = ERR_INIT;
    return layout_load("T", load_memory, files, &l, err) ? l : NULL;
}

static void the_smallest_layout_has_the_defaults(void **state)
{
    struct err     err;
    struct layout *l = load_text(TOP KINDS TOPICS, &err);

    (void)state;
    if (!l) {
        fail_msg("%s", err.msg);
        return;
    }
    assert_string_equal(l->name, "T");
    assert_string_equal(l->file, "T.yml");
    assert_false(l->assumed);
    assert_false(l->drop_empty);
    assert_string_equal(l->consumer_prefix, "");
    assert_false(l->kinds[KIND_FLOW].enabled);
    assert_null(layout_topic_of(l, KIND_FLOW));
    assert_int_equal(l->topics[0].n_configs, 0);
    assert_int_equal(l->topics[0].partitions, 0);
    assert_null(l->topics[0].sibling);
    assert_int_equal(l->kinds[KIND_EXECUTION].key.parts[0].null, KEY_NULL_REFUSE);
    assert_int_equal(l->kinds[KIND_EXECUTION].n_unlock, 0);
    assert_null(l->liveness.table);
    assert_int_equal(l->reset_groups.n, 0);
    assert_int_equal(l->plain_max + l->minor_max, 0);
    assert_string_equal(l->index_prefix, "i_");
    assert_string_equal(l->kinds[KIND_EXECUTION].index, "{index_prefix}executions");
    assert_null(l->kinds[KIND_EXECUTION].source_member);
    assert_int_equal(l->evidence.n + l->hints.n, 0);
    layout_free(l);
    layout_free(NULL);
}

static const char *config(const struct topic_layout *t, const char *name)
{
    for (size_t i = 0; i < t->n_configs; i++)
        if (strcmp(t->configs[i].name, name) == 0)
            return t->configs[i].value;
    return "";
}

static void extends_merges_mappings_and_replaces_the_rest(void **state)
{
    struct file files[] = {
        { "T", "extends: middle\n"
               "name: T\n"
               "releases: mine\n"
               "assumed: true\n"
               "topics:\n"
               "  extra: { name: \"{topic_prefix}extra\", assumed: false }\n"
               "  execution: { configs: { a: 3, c: null }, partitions: 5 }\n"
               "states: { terminal: [FAILED] }\n" },
        { "middle", "extends: base\n"
                    "abstract: true\n"
                    "liveness: null\n"
                    "topics: { gone: ~, execution: { configs: { b: 2, c: 9 } } }\n" },
        { "base", TOP KINDS TOPICS "    configs: { a: 1, c: 1 }\n"
                                   "  gone: { name: gone }\n"
                                   "flyway: { plain: [1, 2] }\n"
                                   "evidence: [table:t]\n"
                                   "hints: [member:execution.x]\n"
                                   "liveness: { table: t, state: s, live: [UP], heartbeat: h }\n" },
        { NULL, NULL },
    };
    struct layout *l = NULL;
    struct err     err = ERR_INIT;

    (void)state;
    if (!layout_load("T", load_memory, files, &l, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(l->releases, "mine");
    assert_string_equal(l->file, "T.yml");
    assert_int_equal(l->n_topics, 2);
    assert_string_equal(l->topics[0].id, "execution");
    assert_int_equal(l->topics[0].partitions, 5);
    assert_true(l->topics[0].assumed);
    assert_int_equal(l->topics[0].n_configs, 2);
    assert_string_equal(config(&l->topics[0], "a"), "3");
    assert_string_equal(config(&l->topics[0], "b"), "2");
    assert_string_equal(l->topics[1].id, "extra");
    assert_false(l->topics[1].assumed);
    assert_int_equal(l->terminal.n, 1);
    assert_string_equal(l->terminal.items[0], "FAILED");
    assert_null(l->liveness.table);
    assert_int_equal(l->plain_max, 0); /* what a file is for is not inherited */
    assert_int_equal(l->evidence.n + l->hints.n, 0);
    layout_free(l);
}

static void a_message_points_to_the_file_that_wrote_the_line(void **state)
{
    struct file files[] = {
        { "T", "extends: base\nname: T\nreleases: x\n" },
        { "base", TOP KINDS TOPICS "    sibling: nobody\n" },
        { NULL, NULL },
    };
    struct layout *l = NULL;
    struct err     err = ERR_INIT;

    (void)state;
    assert_false(layout_load("T", load_memory, files, &l, &err));
    assert_string_equal(err.msg, "base.yml:22: sibling: there is no topic \"nobody\"");
}

struct refusal {
    const char *text;
    const char *message;
};

static void assert_refused(const struct refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err     err;
        struct layout *l = load_text(cases[i].text, &err);

        if (l)
            fail_msg("not refused: %s", cases[i].message);
        assert_int_equal(err.kind, ERR_USAGE);
        if (strncmp(err.msg, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", err.msg, cases[i].message);
    }
}

static void what_is_unknown_or_missing_is_refused(void **state)
{
    static const struct refusal cases[] = {
        { TOP KINDS TOPICS "partition: 3\n",
          "T.yml:22: the key \"partition\" is not known; nearest: partitions, inclusion" },
        { TOP KINDS TOPICS "    configz:\n      a: b\n",
          "T.yml:22: the key \"configz\" is not known; nearest: configs, " },
        { TOP KINDS "    compare: { date: [/x] }\n" TOPICS,
          "T.yml:18: the key \"date\" is not known; nearest: dates, " },
        { TOP KINDS "  flows: {}\n" TOPICS,
          "T.yml:18: the kind \"flows\" is not known; nearest: flow, " },
        { TOP KINDS TOPICS "  x: { name: x, kind: excution }\n",
          "T.yml:22: the kind \"excution\" is not known; nearest: execution, " },
        { TOP KINDS TOPICS "a_key_that_is_longer_than_any_word_that_a_layout_knows: 3\n",
          "T.yml:22: the key" },
        { "", "T.yml:1: name is missing" },
        { "name: T\n", "T.yml:1: releases is missing" },
        { TOP KINDS, "T.yml:1: topics is missing" },
        { TOP TOPICS, "T.yml:1: kinds is missing" },
        { TOP "kinds:\n  execution: { table: t, index: i }\n" TOPICS,
          "T.yml:14: execution: key is missing" },
        { TOP KINDS TOPICS "  x: {}\n", "T.yml:22: x: name is missing" },
        { TOP KINDS TOPICS "liveness: { table: t }\n", "T.yml:22: liveness: state is missing" },
        { TOP "kinds:\n  execution: { table: t, index: i, key: { separator: _, parts: [{}] } "
              "}\n" TOPICS,
          "T.yml:14: member is missing" },
        { TOP "kinds: {}\ntopics: {}\n", "T.yml:13: no kind is enabled" },
        { TOP "kinds:\n  execution:\n    enabled: false\n    table: t\n    index: i\n"
              "    key: { separator: _, parts: [{ member: id }] }\ntopics: {}\n",
          "T.yml:13: no kind is enabled" },
        { "- a\n", "T.yml:1: a layout is a mapping" },
        { "text", "T.yml:1: a layout is a mapping" },
        { "a: [\n", "T.yml:" },
        { "name: T\nname: T\n", "T.yml:2: the key \"name\" is there already" },
        { TOP KINDS TOPICS "  execution: { name: x }\n",
          "T.yml:22: the key \"execution\" is there already" },
        { "abstract: true\n", "T.yml:1: this file is only there for others" },
        { "abstract: maybe\n", "T.yml:1: abstract must be true" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

static void wrong_types_and_values_are_refused(void **state)
{
    static const struct refusal cases[] = {
        { TOP KINDS TOPICS "    partitions: many\n",
          "T.yml:22: partitions must be a whole number" },
        { TOP KINDS TOPICS "    partitions: \"3\"\n", "T.yml:22: partitions must be a whole" },
        { TOP KINDS TOPICS "    partitions: -1\n", "T.yml:22: partitions must be a whole number" },
        { TOP KINDS TOPICS "    partitions: 0\n", "T.yml:22: partitions must be from 1 to" },
        { TOP KINDS TOPICS "    partitions: 100001\n", "T.yml:22: partitions must be from 1 to" },
        { TOP KINDS TOPICS "    partitions: 99999999999999999999\n", "T.yml:22: partitions must" },
        { TOP KINDS TOPICS "    partitions: [3]\n", "T.yml:22: partitions must be one value" },
        { TOP KINDS TOPICS "    partitions:\n", "T.yml:22: partitions has no value" },
        { TOP KINDS TOPICS "    replication: 32768\n", "T.yml:22: replication must be from 1 to" },
        { TOP KINDS TOPICS "    assumed: yes\n", "T.yml:22: assumed must be true or false" },
        { TOP KINDS TOPICS "    assumed: \"true\"\n", "T.yml:22: assumed must be true or false" },
        { TOP KINDS TOPICS "    configs: [a]\n", "T.yml:22: configs must be a mapping" },
        { TOP KINDS TOPICS "    configs:\n      a:\n", "T.yml:23: a has no value" },
        { TOP KINDS TOPICS "    configs: { a: [1] }\n", "T.yml:22: a must be one value" },
        { TOP KINDS TOPICS "    sibling: {}\n", "T.yml:22: sibling must be one value, not a map" },
        { TOP KINDS TOPICS "  x: text\n", "T.yml:22: x must be a mapping (key: value), not one" },
        { TOP KINDS TOPICS "flyway: { plain: 3 }\n", "T.yml:22: plain must be a list" },
        { TOP KINDS TOPICS "flyway: { plain: [3] }\n",
          "T.yml:22: plain must be [lowest, highest]" },
        { TOP KINDS TOPICS "flyway: { minor: [4, 3] }\n", "T.yml:22: minor: 4 is above 3" },
        { TOP KINDS TOPICS "flyway: { minor: [0, 3] }\n", "T.yml:22: minor must be from 1" },
        { TOP KINDS TOPICS "reset: { groups: { a: b } }\n", "T.yml:22: groups must be a list" },
        { TOP KINDS TOPICS "reset: { groups: [[a]] }\n",
          "T.yml:22: an item of the list must be one value, not a list" },
        { TOP KINDS TOPICS "reset: { groups: [null] }\n", "T.yml:22: an item of the list has no" },
        { TOP KINDS TOPICS "reset: { groups: [~] }\n", "T.yml:22: an item of the list has no" },
        { TOP KINDS TOPICS "reset: { groups: [a,\n a] }\n",
          "T.yml:23: \"a\" is in the list twice" },
        { TOP KINDS TOPICS "reset: { groups: [\"{prefix}a\"] }\n",
          "T.yml:22: an item of the list: \"{prefix}\" is none of" },
        { TOP "topics: []\n" KINDS, "T.yml:13: topics must be a mapping" },
        { TOP "kinds: []\n" TOPICS, "T.yml:13: kinds must be a mapping" },
        { TOP KINDS "    drop: sourceCode\n" TOPICS, "T.yml:18: drop must be a list" },
        { TOP KINDS "    unlock: [\"\"]\n" TOPICS, "T.yml:18: an item of the list has no value" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

/* A layout that begins with its states. */
#define STATES(text)                                                                               \
    text "name: T\nreleases: x\ninclusion: non_null\npartitions: 1\nreplication: 1\n"              \
         "message_max_bytes: 1024\ntopic_prefix: a\nconsumer_prefix: b\nindex_prefix: c\n"         \
         "executor: {}\ntasks: {}\n" KINDS TOPICS

static void keys_paths_and_states_are_checked(void **state)
{
#define KEY(parts)                                                                                 \
    TOP "kinds:\n  execution:\n    table: t\n    index: i\n    key:\n      separator: _\n" parts   \
                                TOPICS
    static const struct refusal cases[] = {
        { KEY("      parts: []\n"), "T.yml:19: a key has 1 to 4 parts, not 0" },
        { KEY("      parts: [{ member: a }, { member: b }, { member: c }, { member: d },\n"
              "        { member: e }]\n"),
          "T.yml:19: a key has 1 to 4 parts, not 5" },
        { KEY("      parts:\n        - { member: a }\n        - { member: b, missing: ignore }\n"),
          "T.yml:21: missing: \"ignore\" is not known; nearest: refuse, " },
        { KEY("      parts: { member: a }\n"), "T.yml:19: parts must be a list" },
        { KEY("      parts: [a]\n"), "T.yml:19: an item of the list must be a mapping" },
        { TOP KINDS "    compare:\n      dates:\n        - /a\n        - b/c\n" TOPICS,
          "T.yml:21: the path \"b/c\" must begin with /" },
        { TOP KINDS "    compare: { dates: [/a//b] }\n" TOPICS,
          "T.yml:18: the path \"/a//b\" has an empty part" },
        { TOP KINDS "    compare: { states: [/] }\n" TOPICS, "T.yml:18: the path \"/\" has an" },
        { TOP KINDS "    compare: { labels: [/a/] }\n" TOPICS, "T.yml:18: the path \"/a/\" has" },
        { TOP KINDS "    compare: { verbatim: [/a/*b] }\n" TOPICS,
          "T.yml:18: the path \"/a/*b\": * stands alone" },
        { TOP KINDS "    compare: { absent_false: [x] }\n" TOPICS,
          "T.yml:18: the path \"x\" must" },
        { STATES("states:\n  terminal:\n    - SUCCESS\n    - PAUSED\n"),
          "T.yml:4: PAUSED is never terminal" },
        { STATES("states: { terminal: [success], known: [PAUSED] }\n"),
          "T.yml:1: \"success\" is no state" },
        { STATES("states: { terminal: [], known: [PAUSED] }\n"),
          "T.yml:1: terminal: no state ends an execution" },
        { STATES("states: { terminal: [FAILED] }\n"), "T.yml:1: states: known is missing" },
        { STATES("states: { terminal: [FAILED], known: [Failed] }\n"),
          "T.yml:1: \"Failed\" is no state" },
        { STATES("states: { terminal: [FAILED], known: [PAUSED] }\n"),
          "T.yml:1: terminal: FAILED is not among the known states" },
        { "inclusion: non_nul\nname: T\nreleases: x\n",
          "T.yml:1: inclusion: \"non_nul\" is not known; nearest: non_null, non_empty" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

/* The smallest layout with these lines in the place of its own `executor` and `tasks`. */
#define EXECUTOR(text)                                                                             \
    "name: T\nreleases: x\ninclusion: non_null\npartitions: 1\nreplication: 1\n"                   \
    "message_max_bytes: 1024\ntopic_prefix: a\nconsumer_prefix: b\nindex_prefix: c\n"              \
    "states: { terminal: [SUCCESS], known: [PAUSED, SUCCESS] }\n" KINDS TOPICS text

static void the_executor_and_its_tasks_are_read(void **state)
{
    static const char text[] =
        EXECUTOR("executor: { subflow_waits: true, poison_number: false }\n"
                 "tasks:\n  switch: [a.Switch, b.Switch]\n  loop-until: [b.Wait$1_For]\n");
    struct err     err;
    struct layout *l = load_text(text, &err);

    (void)state;
    if (!l) {
        fail_msg("%s", err.msg);
        return;
    }
    assert_true(l->executor.subflow_waits);
    assert_false(l->executor.poison_number || l->executor.paused_ends || l->executor.subflow_runs);
    assert_false(l->executor.kills_at_once || l->executor.skips_terminal);
    assert_int_equal(l->tasks[TASK_SWITCH].n, 2);
    assert_int_equal(layout_task_type(l, SLICE("b.Switch")), TASK_SWITCH);
    assert_int_equal(layout_task_type(l, SLICE("b.Wait$1_For")), TASK_LOOP_UNTIL);
    assert_int_equal(layout_task_type(l, SLICE("Switch")), TASK_LEAF);
    assert_int_equal(layout_task_type(l, SLICE("")), TASK_LEAF);
    assert_true(layout_knows_state(l, SLICE("PAUSED")));
    assert_false(layout_knows_state(l, SLICE("QUEUED")));
    assert_false(layout_is_terminal(l, SLICE("PAUSED")));
    layout_free(l);
}

static void the_executor_and_its_tasks_are_checked(void **state)
{
    static const struct refusal cases[] = {
        { EXECUTOR("executor: {}\n"), "T.yml:1: tasks is missing" },
        { EXECUTOR("tasks: {}\n"), "T.yml:1: executor is missing" },
        { EXECUTOR("executor: { subflow_wait: true }\ntasks: {}\n"),
          "T.yml:20: the key \"subflow_wait\" is not known; nearest: subflow_waits, " },
        { EXECUTOR("executor: { paused_ends: 1 }\ntasks: {}\n"),
          "T.yml:20: paused_ends must be true or false" },
        { EXECUTOR("executor: []\ntasks: {}\n"), "T.yml:20: executor must be a mapping" },
        { EXECUTOR("executor: {}\ntasks: { leaf: [a.B] }\n"),
          "T.yml:21: the key \"leaf\" is not known" },
        { EXECUTOR("executor: {}\ntasks: { foreach: [a.B] }\n"),
          "T.yml:21: the key \"foreach\" is not known; nearest: for-each, " },
        { EXECUTOR("executor: {}\ntasks: { if: a.B }\n"), "T.yml:21: if must be a list" },
        { EXECUTOR("executor: {}\ntasks: { if: [\"a.B c\"] }\n"),
          "T.yml:21: \"a.B c\" is no class" },
        { EXECUTOR("executor: {}\ntasks: { if: [If] }\n"), "T.yml:21: \"If\" is no class" },
        { EXECUTOR("executor: {}\ntasks: { if: [a.B, a.B] }\n"),
          "T.yml:21: \"a.B\" is in the list twice" },
        { EXECUTOR("executor: {}\ntasks:\n  if: [a.B]\n  dag: [a.C, a.B]\n"),
          "T.yml:22: a.B is in two lists of tasks" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

static void indices_and_hints_are_checked(void **state)
{
#define INDEX(text) TOP "kinds:\n  execution:\n    table: t\n    index: " text "\n" TOPICS
    static const struct refusal cases[] = {
        { TOP "kinds:\n  execution: { table: t, key: {} }\n" TOPICS,
          "T.yml:14: execution: index is missing" },
        { INDEX("\"{topic_prefix}executions\""),
          "T.yml:16: index: braces are for {index_prefix} at the beginning" },
        { INDEX("\"my_{index_prefix}executions\""), "T.yml:16: index: braces are for" },
        { INDEX("\"{index_prefix\""), "T.yml:16: index: braces are for" },
        { INDEX("\"{index_prefix}a}\""), "T.yml:16: index: braces are for" },
        { INDEX("\"a,b\""), "T.yml:16: index: no index has a ',' in its name" },
        { INDEX("\"a/_search\""), "T.yml:16: index: no index has a '/' in its name" },
        { INDEX("\"a?b\""), "T.yml:16: index: no index has a '?' in its name" },
        { INDEX("\"\""), "T.yml:16: index has no value" },
        { INDEX("[a]"), "T.yml:16: index must be one value, not a list" },
        { TOP KINDS "    source_member: [a]\n" TOPICS, "T.yml:18: source_member must be one" },
        { TOP KINDS TOPICS "index_prefx: a\n", "T.yml:22: the key \"index_prefx\" is not known" },
        { TOP KINDS TOPICS "hints: member:execution.labels\n", "T.yml:22: hints must be a list" },
        { TOP KINDS TOPICS "hints:\n  - member:execution.labels\n  - table:executions\n",
          "T.yml:24: the hint \"table:executions\" is not member:KIND.MEMBER" },
        { TOP KINDS TOPICS "hints: [member:execution]\n", "T.yml:22: the hint \"member:exec" },
        { TOP KINDS TOPICS "hints: [member:execution.]\n", "T.yml:22: the hint \"member:exec" },
        { TOP KINDS TOPICS "hints: [member:.labels]\n", "T.yml:22: the hint \"member:.labels" },
        { TOP KINDS TOPICS "hints: [\"m.x:\"]\n", "T.yml:22: the hint \"m.x:\" is not" },
        { TOP KINDS TOPICS "hints: [member:executions.labels]\n",
          "T.yml:22: the kind \"executions\" is not known; nearest: execution, " },
        { TOP KINDS TOPICS "hints: [member:flow.source]\n",
          "T.yml:22: the hint \"member:flow.source\": the layout has no flow" },
    };
    struct err     err;
    struct layout *l;

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
    l = load_text(TOP KINDS "    source_member: code\n" TOPICS
                            "hints: [member:execution.a.b, member:execution.c]\n",
                  &err);
    assert_non_null(l);
    assert_int_equal(l->hints.n, 2);
    assert_string_equal(l->hints.items[0], "member:execution.a.b");
    assert_string_equal(l->kinds[KIND_EXECUTION].source_member, "code");
    layout_free(l);
}

static void topics_are_checked_against_each_other(void **state)
{
    static const struct refusal cases[] = {
        { TOP KINDS "topics: {}\n", "T.yml:14: the kind execution has no topic" },
        { TOP KINDS TOPICS "  two:\n    name: two\n    kind: execution\n",
          "T.yml:24: execution and two are both topics of the kind execution" },
        { TOP KINDS TOPICS "  two: { name: two, kind: flow }\n",
          "T.yml:22: kind: the layout has no flow" },
        { TOP KINDS TOPICS "  two:\n    name: t_execution\n",
          "T.yml:23: execution and two are both named \"t_execution\"" },
        { TOP KINDS TOPICS "  two: { name: \"{tpic_prefix}two\" }\n",
          "T.yml:22: name: \"{tpic_prefix}\" is none of {topic_prefix}, {consumer_prefix}" },
        { TOP KINDS TOPICS "  two: { name: \"two{topic_prefix\" }\n",
          "T.yml:22: name: \"{topic_prefix\" is none of" },
        { TOP KINDS TOPICS "  two: { name: \"two}\" }\n", "T.yml:22: name: \"}\" is none of" },
        { TOP KINDS TOPICS "  two: { name: \"a b\" }\n", "T.yml:22: \"a b\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"\xc3\xa9\" }\n", "T.yml:22: \"" },
        { TOP KINDS TOPICS "  two: { name: \"..\" }\n", "T.yml:22: \"..\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"{consumer_prefix}\" }\n",
          "T.yml:22: \"\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"\" }\n", "T.yml:22: name has no value" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: three }\n",
          "T.yml:22: sibling: there is no topic \"three\"" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: two }\n",
          "T.yml:22: sibling: two names itself" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: execution }\n"
                           "  three: { name: three, sibling: two }\n",
          "T.yml:23: sibling: two follows execution itself; name that one" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: execution, partitions: 4 }\n",
          "T.yml:22: two must have as many partitions as its sibling execution" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

static void a_topic_name_has_kafkas_limit(void **state)
{
    char           text[2048];
    char           name[300];
    struct err     err;
    struct layout *l;

    (void)state;
    memset(name, 'x', sizeof(name));
    name[249] = '\0';
    (void)snprintf(text, sizeof(text), "%s  two: { name: %s }\n", TOP KINDS TOPICS, name);
    l = load_text(text, &err);
    assert_non_null(l);
    layout_free(l);
    (void)snprintf(text, sizeof(text), "%s  two: { name: %sx }\n", TOP KINDS TOPICS, name);
    assert_null(load_text(text, &err));
    assert_string_equal(err.msg, "T.yml:22: a topic name of 250 characters; Kafka takes 249");
}

static void the_number_of_topics_has_a_limit(void **state)
{
    struct buf text;
    struct err err;

    (void)state;
    buf_init(&text, 65536);
    buf_add(&text, "%s", TOP KINDS TOPICS);
    for (int i = 0; i < 256; i++)
        buf_add(&text, "  t%d: { name: t%d }\n", i, i);
    assert_null(load_text(text.p, &err));
    assert_string_equal(err.msg, "T.yml:18: 257 topics; at most 256");
    buf_release(&text);
}

/* ---- extends ------------------------------------------------------------------------------ */

static void files_that_extend_each_other_are_refused(void **state)
{
    struct file    self[] = { { "T", "name: T\nextends: T\n" }, { NULL, NULL } };
    struct file    circle[] = { { "T", "extends: U\n" },
                                { "U", "\nextends: V\n" },
                                { "V", "\n\nextends: T\n" },
                                { NULL, NULL } };
    struct layout *l = NULL;
    struct err     err = ERR_INIT;

    (void)state;
    assert_false(layout_load("T", load_memory, self, &l, &err));
    assert_string_equal(err.msg,
                        "T.yml:2: extends: T.yml is read already: the files extend each other");
    assert_false(layout_load("T", load_memory, circle, &l, &err));
    assert_string_equal(err.msg,
                        "V.yml:3: extends: T.yml is read already: the files extend each other");
}

/* "T" extends "1" extends "2" ... */
static bool load_chain(void *ctx, const char *name, struct arena *a, struct buf *out,
                       const char **file, struct err *err)
{
    long at = strtol(name, NULL, 10);

    (void)err;
    *file = arena_str(a, slice_str(name));
    if (at == *(const long *)ctx)
        return buf_append(out, slice_str(KINDS TOPICS));
    return buf_printf(out, "%sextends: %ld\n", at == 0 ? TOP : "", at + 1);
}

static void a_chain_of_files_has_a_limit(void **state)
{
    struct layout *l = NULL;
    struct err     err = ERR_INIT;
    long           length = LAYOUT_MAX_EXTENDS;

    (void)state;
    assert_true(layout_load("T", load_chain, &length, &l, &err));
    layout_free(l);
    length++;
    assert_false(layout_load("T", load_chain, &length, &l, &err));
    assert_string_equal(err.msg, "12:1: a chain of more than 12 files that extend each other");
}

static void a_file_that_is_not_there_is_named_with_the_line_that_wants_it(void **state)
{
    struct file    files[] = { { "T", "name: T\nextends: gone\n" }, { NULL, NULL } };
    struct layout *l = NULL;
    struct err     err = ERR_INIT;

    (void)state;
    assert_false(layout_load("T", load_memory, files, &l, &err));
    assert_string_equal(err.msg, "T.yml:2: extends: there is no layout gone");
    assert_false(layout_load("U", load_memory, files, &l, &err));
    assert_string_equal(err.msg, "there is no layout U");
    files[0].text = "extends: [a]\n";
    assert_false(layout_load("T", load_memory, files, &l, &err));
    assert_string_equal(err.msg, "T.yml:1: extends: must be the name of a layout");
}

/* ---- hostile input ------------------------------------------------------------------------ */

static const char whole[] =
    TOP           KINDS "    compare: { dates: [/a/*/b] }\n" TOPICS "    configs: { a: 1 }\n"
                        "flyway: { plain: [1, 2], minor: [1, 3] }\n"
                        "liveness: { table: t, state: s, live: [U], heartbeat: h }\n"
                        "hints: [member:execution.a]\n"
                        "reset: { groups: [\"{consumer_prefix}x\"] }\n";

static void a_layout_cut_at_any_byte_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(whole); n++) {
        char          *cut = mem_strndup(whole, n);
        struct err     err;
        struct layout *l = load_text(cut, &err);

        if (!l)
            assert_int_equal(err.kind, ERR_USAGE);
        layout_free(l);
        mem_free(cut);
    }
}

static void a_layout_with_bytes_changed_never_does_harm(void **state)
{
    static const char letters[] = "abz_019-:,[]{}/*\"' \n";
    uint64_t          seed = test_seed();

    (void)state;
    for (size_t round = 0; round < 5000; round++) {
        char           text[sizeof(whole)];
        struct err     err;
        struct layout *l;

        memcpy(text, whole, sizeof(whole));
        for (size_t i = test_below(&seed, 4) + 1; i > 0; i--)
            text[test_below(&seed, sizeof(whole) - 1)] =
                letters[test_below(&seed, sizeof(letters) - 1)];
        l = load_text(text, &err);
        if (!l)
            assert_int_equal(err.kind, ERR_USAGE);
        layout_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_layout_has_the_defaults),
        cmocka_unit_test(extends_merges_mappings_and_replaces_the_rest),
        cmocka_unit_test(a_message_points_to_the_file_that_wrote_the_line),
        cmocka_unit_test(what_is_unknown_or_missing_is_refused),
        cmocka_unit_test(wrong_types_and_values_are_refused),
        cmocka_unit_test(keys_paths_and_states_are_checked),
        cmocka_unit_test(the_executor_and_its_tasks_are_read),
        cmocka_unit_test(the_executor_and_its_tasks_are_checked),
        cmocka_unit_test(indices_and_hints_are_checked),
        cmocka_unit_test(topics_are_checked_against_each_other),
        cmocka_unit_test(a_topic_name_has_kafkas_limit),
        cmocka_unit_test(the_number_of_topics_has_a_limit),
        cmocka_unit_test(files_that_extend_each_other_are_refused),
        cmocka_unit_test(a_chain_of_files_has_a_limit),
        cmocka_unit_test(a_file_that_is_not_there_is_named_with_the_line_that_wants_it),
        cmocka_unit_test(a_layout_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(a_layout_with_bytes_changed_never_does_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
