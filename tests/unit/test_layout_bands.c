/*
 * test_layout_bands.c - the layouts that we ship say what data-model says, and each is found by its
 * migrations.
 */
#include "tests/support/test.h"

#include "lib/base/file.h"
#include "lib/kestra/layout.h"

#include <limits.h>

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

/* ---- the shipped files -------------------------------------------------------------------- */

/* $REQUEUE_SCHEMAS, or schemas/layouts in the checkout (make says where that is). */
static void folder(char out[PATH_MAX])
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *schemas = getenv("REQUEUE_SCHEMAS");
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): as above */
    const char *root = getenv("REQUEUE_ROOT");

    if (schemas)
        (void)snprintf(out, PATH_MAX, "%s", schemas);
    else
        (void)snprintf(out, PATH_MAX, "%s/schemas/layouts", root ? root : ".");
}

static bool load_shipped(void *ctx, const char *name, struct arena *a, struct buf *out,
                         const char **file, struct err *err)
{
    char dir[PATH_MAX];
    char path[PATH_MAX + 80];

    (void)ctx;
    folder(dir);
    (void)snprintf(path, sizeof(path), "%s/%.64s.yml", dir, name);
    *file = arena_str(a, slice_str(path));
    return file_read(path, out, err);
}

/* Band i of bands[]. */
static struct layout *shipped[COUNT_OF(bands)];

static int load_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++) {
        struct err err = ERR_INIT;

        if (!layout_load(bands[i], load_shipped, NULL, &shipped[i], &err)) {
            print_error("%s\n", err.msg);
            return -1;
        }
    }
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        layout_free(shipped[i]);
    return 0;
}

static const struct layout *band(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        if (strcmp(bands[i], name) == 0)
            return shipped[i];
    fail_msg("no band %s", name);
    return NULL;
}

/* "a,b" from the items of a list; the buffer is the caller's. */
static const char *joined(const char *const *items, size_t n, char out[1024])
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, 1024 - at, "%s%s", i ? "," : "", items[i]);
    return out;
}

#define assert_list(items, n, expected)                                                            \
    do {                                                                                           \
        char joined_items[1024];                                                                   \
        assert_string_equal(joined((const char *const *)(items), n, joined_items), expected);      \
    } while (0)

static void every_band_names_itself_and_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++) {
        const struct layout *l = shipped[i];
        const char          *end = strrchr(l->file, '/');

        assert_string_equal(l->name, bands[i]);
        assert_non_null(end);
        assert_memory_equal(end + 1, bands[i], strlen(bands[i]));
        assert_true(strlen(l->releases) > 0);
        assert_string_equal(l->topic_prefix, "kestra_");
        assert_string_equal(l->consumer_prefix, "kestra_");
        assert_string_equal(l->index_prefix, "kestra_");
        assert_int_equal(l->partitions, 16);
        assert_int_equal(l->replication, 1);
        assert_int_equal(l->message_max_bytes, 10485760);
        assert_int_equal(l->assumed, strcmp(l->name, "A") != 0);
        assert_int_equal(l->n_topics, l->assumed ? KIND_COUNT : 15);
        assert_int_equal(l->reset_groups.n, 10);
        assert_int_equal(l->reset_changelogs.n, 7);
        assert_int_equal(l->reset_directories.n, 8);
        for (size_t t = 0; t < l->n_topics; t++)
            assert_int_equal(l->topics[t].assumed, l->assumed);
        for (size_t k = 0; k < KIND_COUNT; k++) {
            assert_true(l->kinds[k].enabled);
            assert_non_null(layout_topic_of(l, (enum kind)k));
            assert_int_equal(layout_topic_of(l, (enum kind)k)->kind, k);
        }
        assert_null(layout_topic_of(l, KIND_COUNT));
    }
}

/* What differs between the bands (data-model 5.5, 5.6, 6.1, 6.2). */
struct band_facts {
    const char *name;
    bool        drop_empty, tenant, add_source;
    const char *terminal;
    const char *unlock;
    const char *verbatim;
    const char *liveness;
    const char *hints;
};

#define FOUR    "SUCCESS,WARNING,FAILED,KILLED"
#define FIVE    FOUR ",CANCELLED"
#define SIX     FIVE ",RETRIED"
#define SEVEN   SIX ",SKIPPED"
#define LOCKS_4 "executionId,evaluateRunningDate,executionCurrentState"
#define WORKERS "worker_instance"
#define SERVERS "service_instance"

static const struct band_facts facts[] = {
    { "A", true, false, false, FOUR, "executionId", "", NULL, "member:flow.tasks" },
    { "B1", true, false, false, FOUR, "executionId", "", NULL, "" },
    { "B2", true, false, false, FOUR, "executionId", "", NULL, "member:execution.originalId" },
    { "B3", true, false, false, FOUR, "executionId", "", NULL, "member:execution.labels" },
    { "B4", true, false, false, FOUR, LOCKS_4, "/inputs", NULL,
      "member:trigger.executionCurrentState" },
    { "B5", true, false, false, FOUR, LOCKS_4, "/inputs", NULL, "" },
    { "B6", true, false, false, FOUR, LOCKS_4, "/inputs", WORKERS, "" },
    { "C", true, true, false, FIVE, LOCKS_4, "/inputs", WORKERS, "member:flow.tenantId" },
    { "D", true, true, false, FIVE, LOCKS_4, "/inputs", WORKERS, "" },
    { "E", true, true, false, FIVE, LOCKS_4, "/inputs,/outputs", WORKERS,
      "member:trigger.nextExecutionDate" },
    { "F", true, true, false, SIX, LOCKS_4, "/inputs,/outputs", SERVERS,
      "member:execution.metadata" },
    { "G", false, true, false, SIX, LOCKS_4, "/inputs,/outputs", SERVERS,
      "member:flow.pluginDefaults" },
    { "H1", false, true, false, SIX, LOCKS_4 ",workerId", "/inputs,/outputs", SERVERS,
      "member:trigger.workerId" },
    { "H2", false, true, false, SIX, LOCKS_4 ",workerId", "/inputs,/outputs", SERVERS,
      "member:execution.scheduleDate" },
    { "I", false, true, true, SEVEN, "executionId,evaluateRunningDate,workerId", "/inputs,/outputs",
      SERVERS, "member:flow.source" },
    { "J", false, true, true, SEVEN, "executionId,evaluateRunningDate,workerId", "/inputs,/outputs",
      SERVERS, "" },
};

static void each_band_differs_as_the_data_model_says(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(facts), COUNT_OF(bands));
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct band_facts  *want = &facts[i];
        const struct layout      *l = band(want->name);
        const struct kind_layout *trigger = &l->kinds[KIND_TRIGGER];
        const struct kind_layout *execution = &l->kinds[KIND_EXECUTION];

        assert_int_equal(l->drop_empty, want->drop_empty);
        assert_list(l->terminal.items, l->terminal.n, want->terminal);
        assert_list(trigger->unlock, trigger->n_unlock, want->unlock);
        assert_list(execution->verbatim, execution->n_verbatim, want->verbatim);
        assert_int_equal(l->kinds[KIND_FLOW].add_source, want->add_source);
        assert_int_equal(l->kinds[KIND_FLOW_LAST].add_source, want->add_source);
        for (size_t k = 0; k < KIND_COUNT; k++)
            if (kind_is_stored((enum kind)k))
                assert_int_equal(l->kinds[k].has_tenant, want->tenant);
        assert_list(l->hints.items, l->hints.n, want->hints);
        if (want->liveness)
            assert_string_equal(l->liveness.table, want->liveness);
        else
            assert_null(l->liveness.table);
    }
}

#define NINE     "CREATED,RUNNING,PAUSED,RESTARTED,KILLING,SUCCESS,WARNING,FAILED,KILLED"
#define ELEVEN   NINE ",CANCELLED,QUEUED"
#define THIRTEEN ELEVEN ",RETRYING,RETRIED"

/* restartability 0 and 2.3, data-model 5.5. p: paused_ends, s: subflow_runs, w: subflow_waits, k:
 * kills_at_once, t: skips_terminal, r: refires_terminal, i: items_split, n: poison_number, l:
 * parent_task_run. */
static const struct executor_facts {
    const char *name;
    const char *flags;
    const char *known;
} executors[] = {
    { "A", "p----r-n-", NINE },
    { "B1", "p----r-n-", NINE },
    { "B2", "-----r-n-", NINE },
    { "B3", "-----r-n-", NINE },
    { "B4", "-----r-n-", NINE },
    { "B5", "-----r-n-", NINE },
    { "B6", "-s---r-n-", NINE },
    { "C", "-s--tr-n-", ELEVEN },
    { "D", "-s-ktr-nl", ELEVEN },
    { "E", "-s-ktr-nl", ELEVEN },
    { "F", "-s-ktrinl", THIRTEEN },
    { "G", "-swktrinl", THIRTEEN },
    { "H1", "-swktrinl", THIRTEEN },
    { "H2", "-swktrinl", THIRTEEN },
    { "I", "-swkt-i-l", THIRTEEN ",SKIPPED" },
    { "J", "-swkt-i-l", THIRTEEN ",SKIPPED" },
};

static void each_band_decides_as_its_executor(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(executors), COUNT_OF(bands));
    for (size_t i = 0; i < COUNT_OF(executors); i++) {
        const struct layout          *l = band(executors[i].name);
        const struct executor_layout *e = &l->executor;
        char                          flags[16];

        (void)snprintf(flags, sizeof(flags), "%c%c%c%c%c%c%c%c%c", e->paused_ends ? 'p' : '-',
                       e->subflow_runs ? 's' : '-', e->subflow_waits ? 'w' : '-',
                       e->kills_at_once ? 'k' : '-', e->skips_terminal ? 't' : '-',
                       e->refires_terminal ? 'r' : '-', e->items_split ? 'i' : '-',
                       e->poison_number ? 'n' : '-', e->parent_task_run ? 'l' : '-');
        assert_string_equal(flags, executors[i].flags);
        assert_list(l->known.items, l->known.n, executors[i].known);
    }
}

/* data-model 5.6: old and new class names occur in one store. */
static void every_band_knows_old_and_new_classes(void **state)
{
    static const struct {
        const char    *name;
        enum task_type type;
    } classes[] = {
        { "Sequential", TASK_SEQUENTIAL },
        { "Parallel", TASK_PARALLEL },
        { "EachSequential", TASK_EACH_SEQUENTIAL },
        { "EachParallel", TASK_EACH_PARALLEL },
        { "ForEachItem", TASK_FOR_EACH_ITEM },
        { "Switch", TASK_SWITCH },
        { "If", TASK_IF },
        { "AllowFailure", TASK_ALLOW_FAILURE },
        { "Worker", TASK_WORKER },
        { "WorkingDirectory", TASK_WORKER },
        { "Dag", TASK_DAG },
        { "WaitFor", TASK_LOOP_UNTIL },
        { "Pause", TASK_PAUSE },
        { "Flow", TASK_SUBFLOW },
        { "Subflow", TASK_SUBFLOW },
        { "Template", TASK_TEMPLATE },
    };
    static const char *const packages[] = { "io.kestra.core.tasks.flows.",
                                            "io.kestra.plugin.core.flow." };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++) {
        const struct layout *l = shipped[i];

        for (size_t k = 0; k < COUNT_OF(classes) * COUNT_OF(packages); k++) {
            char name[64];

            (void)snprintf(name, sizeof(name), "%s%s", packages[k % 2], classes[k / 2].name);
            assert_int_equal(layout_task_type(l, slice_str(name)), classes[k / 2].type);
        }
        assert_int_equal(layout_task_type(l, SLICE("io.kestra.plugin.core.flow.ForEach")),
                         TASK_FOR_EACH);
        assert_int_equal(layout_task_type(l, SLICE("io.kestra.plugin.core.flow.LoopUntil")),
                         TASK_LOOP_UNTIL);
        assert_int_equal(layout_task_type(l, SLICE("io.kestra.plugin.core.log.Log")), TASK_LEAF);
    }
}

/* "namespace_id_revision=-1", tenantId in front as "tenantId?". */
static const char *key_text(const struct key_template *t, char out[256])
{
    static const char *const marks[] = { "", "?", "=-1" };
    size_t                   at = 0;

    for (size_t i = 0; i < t->n_parts; i++)
        at += (size_t)snprintf(out + at, 256 - at, "%s%s%s", i ? t->separator : "",
                               t->parts[i].member, marks[t->parts[i].null]);
    return out;
}

/* data-model 5.4. */
static void keys_are_those_of_the_data_model(void **state)
{
    static const char *const keys[] = {
        [KIND_FLOW_LAST] = "namespace_id", [KIND_FLOW] = "namespace_id_revision=-1",
        [KIND_TEMPLATE] = "namespace_id",  [KIND_TRIGGER] = "namespace_flowId_triggerId",
        [KIND_SUBFLOW_LINK] = "id",        [KIND_EXECUTION] = "id",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        for (size_t k = 0; k < KIND_COUNT; k++) {
            bool tenant = shipped[i]->kinds[k].has_tenant && k != KIND_EXECUTION;
            char want[256];
            char text[256];

            (void)snprintf(want, sizeof(want), "%s%s", tenant ? "tenantId?_" : "", keys[k]);
            assert_string_equal(key_text(&shipped[i]->kinds[k].key, text), want);
        }
}

/* data-model 3.1, 3.3, 4.3, 4.5. */
static void tables_and_indices_are_those_of_kestra(void **state)
{
    static const struct {
        const char *table, *index;
        bool        deleted, source;
        const char *drop;
    } want[] = {
        [KIND_FLOW_LAST] = { "flows", "{index_prefix}flows_revisions", true, true,
                             "sourceCode,labelsMap" },
        [KIND_FLOW] = { "flows", "{index_prefix}flows_revisions", true, true,
                        "sourceCode,labelsMap" },
        [KIND_TEMPLATE] = { "templates", "{index_prefix}templates", true, false, "" },
        [KIND_TRIGGER] = { "triggers", "{index_prefix}triggers", false, false, "" },
        [KIND_EXECUTION] = { "executions", "{index_prefix}executions", true, false, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        for (size_t k = 0; k < KIND_COUNT; k++) {
            const struct kind_layout *kind = &shipped[i]->kinds[k];

            if (!kind_is_stored((enum kind)k)) {
                assert_true(kind->enabled);
                assert_null(kind->table);
                assert_null(kind->index);
                continue;
            }
            assert_string_equal(kind->table, want[k].table);
            assert_string_equal(kind->index, want[k].index);
            if (want[k].source)
                assert_string_equal(kind->source_member, "sourceCode");
            else
                assert_null(kind->source_member);
            assert_int_equal(kind->has_deleted, want[k].deleted);
            assert_int_equal(kind->has_source, want[k].source);
            assert_list(kind->drop, kind->n_drop, want[k].drop);
        }
}

#define STATE_DATES                                                                                \
    "/state/histories/*/date,/taskRunList/*/state/histories/*/date,"                               \
    "/taskRunList/*/attempts/*/state/histories/*/date"
#define TRIGGER_DATES                                                                              \
    "/date,/nextExecutionDate,/updatedDate,/evaluateRunningDate,/backfill/start,/backfill/end,"    \
    "/backfill/currentDate,/backfill/previousNextExecutionDate"

/* data-model 5.2, 5.6, 5.10. */
static void comparison_knows_the_dates_of_each_band(void **state)
{
    static const struct {
        const char *band;
        const char *trigger;
        const char *execution;
    } want[] = {
        { "A", "/date,/updatedDate", STATE_DATES },
        { "B3", "/date,/updatedDate", STATE_DATES },
        { "B4", "/date,/updatedDate,/evaluateRunningDate", STATE_DATES },
        { "D", "/date,/updatedDate,/evaluateRunningDate", STATE_DATES },
        { "E", TRIGGER_DATES, STATE_DATES },
        { "F", TRIGGER_DATES, STATE_DATES ",/metadata/originalCreatedDate" },
        { "H1", TRIGGER_DATES, STATE_DATES ",/metadata/originalCreatedDate" },
        { "H2", TRIGGER_DATES, STATE_DATES ",/metadata/originalCreatedDate,/scheduleDate" },
        { "I", TRIGGER_DATES, STATE_DATES ",/metadata/originalCreatedDate,/scheduleDate" },
        { "J", TRIGGER_DATES, STATE_DATES ",/metadata/originalCreatedDate,/scheduleDate" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        const struct kind_layout *t = &band(want[i].band)->kinds[KIND_TRIGGER];
        const struct kind_layout *e = &band(want[i].band)->kinds[KIND_EXECUTION];

        assert_list(t->dates, t->n_dates, want[i].trigger);
        assert_list(e->dates, e->n_dates, want[i].execution);
        assert_list(e->states, e->n_states,
                    "/state,/taskRunList/*/state,/taskRunList/*/attempts/*/state");
        assert_list(e->labels, e->n_labels, "/labels");
        assert_list(e->required, e->n_required, "namespace,flowId,flowRevision,state");
        assert_list(t->absent_false, t->n_false, want[i].band[0] >= 'E' ? "/disabled" : "");
        assert_list(t->labels, t->n_labels, want[i].band[0] >= 'E' ? "/backfill/labels" : "");
    }
}

static const char *config(const struct topic_layout *t, const char *name)
{
    for (size_t i = 0; i < t->n_configs; i++)
        if (strcmp(t->configs[i].name, name) == 0)
            return t->configs[i].value;
    return "";
}

/* data-model 2.2, as a real Kestra 0.6.0 creates them. */
struct topic_facts {
    const char *id, *name, *sibling;
    const char *policy, *retention, *segment, *lag, *delete_retention;
    size_t      n_configs;
};

#define DAY   "86400000"
#define TEN_M "10485760"
static const struct topic_facts topics_of_a[] = {
    { "execution", "kestra_execution", NULL, "compact", "-1", "", DAY, "", 3 },
    { "flow", "kestra_flow", NULL, "compact", "-1", TEN_M, "", "", 3 },
    { "flowlast", "kestra_flow_last", NULL, "compact", "-1", TEN_M, "", "", 3 },
    { "template", "kestra_template", NULL, "compact", "-1", TEN_M, "", "", 3 },
    { "trigger", "kestra_trigger", NULL, "compact", "", "", DAY, DAY, 3 },
    { "executor", "kestra_executor_main-executor-changelog", "execution", "delete,compact", "", "",
      DAY, DAY, 3 },
    { "killed", "kestra_executor_killed", "execution", "delete,compact", "", "", DAY, DAY, 3 },
    { "executorflowtrigger", "kestra_executor_flowtrigger", NULL, "delete,compact", "", "", DAY,
      DAY, 3 },
    { "executorworkertaskexecution", "kestra_executor_workertaskexecution", "execution",
      "delete,compact", "", "", DAY, DAY, 3 },
    { "workertask", "kestra_workertask", "execution", "delete,compact", "", "", DAY, DAY, 3 },
    { "workertaskresult", "kestra_workertaskresult", "execution", "delete,compact", "", "", DAY,
      DAY, 3 },
    { "workerinstance", "kestra_workerinstance", NULL, "compact", "", "", DAY, DAY, 3 },
    { "executorworkerinstance", "kestra_executor_workerinstance", NULL, "compact", "", "", DAY, DAY,
      3 },
    { "workertaskrunning", "kestra_workertaskrunning", "execution", "delete,compact", "", "", DAY,
      DAY, 3 },
    { "logentry", "kestra_logs", NULL, "delete", "", "", "", "", 1 },
};

static void check_topic(const struct layout *l, const struct topic_layout *t,
                        const struct topic_facts *want)
{
    assert_string_equal(t->id, want->id);
    assert_string_equal(layout_name(t->name, l->topic_prefix, l->consumer_prefix, l->arena),
                        want->name);
    if (want->sibling)
        assert_string_equal(t->sibling, want->sibling);
    else
        assert_null(t->sibling);
    assert_int_equal(t->partitions, 0);
    assert_int_equal(t->replication, 0);
    assert_int_equal(t->n_configs, want->n_configs);
    assert_string_equal(config(t, "cleanup.policy"), want->policy);
    assert_string_equal(config(t, "retention.ms"), want->retention);
    assert_string_equal(config(t, "segment.bytes"), want->segment);
    assert_string_equal(config(t, "min.compaction.lag.ms"), want->lag);
    assert_string_equal(config(t, "delete.retention.ms"), want->delete_retention);
}

static void band_a_declares_all_topics_with_their_configs(void **state)
{
    const struct layout *l = band("A");

    (void)state;
    assert_int_equal(l->n_topics, COUNT_OF(topics_of_a));
    for (size_t i = 0; i < l->n_topics; i++)
        check_topic(l, &l->topics[i], &topics_of_a[i]);
    for (size_t i = 0; i < l->n_topics; i++)
        if (strcmp(l->topics[i].id, "executorworkertaskexecution") == 0)
            assert_int_equal(l->topics[i].kind, KIND_SUBFLOW_LINK);
        else
            assert_int_equal(l->topics[i].kind == KIND_COUNT, i >= 5);
}

static const struct topic_facts *facts_of(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(topics_of_a); i++)
        if (strcmp(topics_of_a[i].id, id) == 0)
            return &topics_of_a[i];
    fail_msg("band A has no topic %s", id);
    return NULL;
}

static void bands_from_b1_on_declare_the_topics_of_the_kinds(void **state)
{
    (void)state;
    for (size_t b = 1; b < COUNT_OF(bands); b++) {
        assert_int_equal(shipped[b]->n_topics, KIND_COUNT);
        for (size_t i = 0; i < shipped[b]->n_topics; i++)
            check_topic(shipped[b], &shipped[b]->topics[i], facts_of(shipped[b]->topics[i].id));
    }
}

/* data-model 2.1: the changelog follows the consumer prefix, all others the topic prefix. */
static void prefixes_go_where_they_belong(void **state)
{
    const struct layout *l = band("A");
    struct arena        *a = arena_new(1024);

    (void)state;
    assert_string_equal(layout_name(l->topics[0].name, "t-", "c-", a), "t-execution");
    assert_string_equal(layout_name(l->topics[5].name, "t-", "c-", a),
                        "c-executor_main-executor-changelog");
    assert_string_equal(layout_name(l->reset_groups.items[0], "t-", "c-", a), "c-executor_main");
    assert_string_equal(layout_name(l->reset_directories.items[7], "", "", a),
                        "<state.dir>/scheduler_state");
    assert_string_equal(
        layout_name("{topic_prefix}{consumer_prefix}x{topic_prefix}{y", "long one", "", a),
        "long onexlong one{y");
    assert_string_equal(layout_name("", "a", "b", a), "");
    arena_free(a);
}

static void a_running_server_is_seen_from_0_12_on(void **state)
{
    const struct liveness_layout *workers = &band("B6")->liveness;
    const struct liveness_layout *servers = &band("I")->liveness;

    (void)state;
    assert_string_equal(workers->state, "status");
    assert_list(workers->live.items, workers->live.n, "UP");
    assert_string_equal(workers->heartbeat, "heartbeatDate");
    assert_null(workers->type);
    assert_string_equal(servers->state, "state");
    assert_list(servers->live.items, servers->live.n,
                "CREATED,RUNNING,ERROR,DISCONNECTED,TERMINATING");
    assert_string_equal(servers->heartbeat, "updatedAt");
    assert_string_equal(servers->type, "type");
}

static void paused_and_unknown_states_are_pending(void **state)
{
    static const char *const pending[] = { "CREATED", "RUNNING", "PAUSED",   "RESTARTED",
                                           "KILLING", "QUEUED",  "RETRYING", "",
                                           "success", "SUCCES",  "SUCCESSS", "NEW_STATE" };

    (void)state;
    for (size_t b = 0; b < COUNT_OF(bands); b++) {
        for (size_t i = 0; i < COUNT_OF(pending); i++)
            assert_false(layout_is_terminal(shipped[b], slice_str(pending[i])));
        assert_true(layout_is_terminal(shipped[b], SLICE("KILLED")));
    }
    assert_false(layout_is_terminal(band("B6"), SLICE("CANCELLED")));
    assert_true(layout_is_terminal(band("C"), SLICE("CANCELLED")));
    assert_false(layout_is_terminal(band("E"), SLICE("RETRIED")));
    assert_true(layout_is_terminal(band("F"), SLICE("RETRIED")));
    assert_false(layout_is_terminal(band("H2"), SLICE("SKIPPED")));
    assert_true(layout_is_terminal(band("I"), SLICE("SKIPPED")));
}

/* ---- bands from migrations ---------------------------------------------------------------- */

#define MAX_VERSIONS 40

/* The names of all bands that a history, given as words, belongs to: "A", "" or "A,B1". */
static const char *bands_of(const char *history, char out[1024])
{
    const char *versions[MAX_VERSIONS];
    const char *names[COUNT_OF(bands)];
    char        text[512];
    size_t      n = 0;
    size_t      found = 0;

    (void)snprintf(text, sizeof(text), "%s", history);
    for (char *p = text; *p && n < MAX_VERSIONS; p += strspn(p, " ")) {
        size_t length = strcspn(p, " ");
        bool   end = p[length] == '\0';

        versions[n++] = *p == '-' ? NULL : p;
        p[length] = '\0';
        p += length + (end ? 0 : 1);
    }
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        if (layout_matches_flyway(shipped[i], versions, n))
            names[found++] = bands[i];
    return joined(names, found, out);
}

#define TO_13 "1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 1.10 1.12"
#define TO_16 TO_13 " 1.13 1.14 1.15 1.16"
#define TO_21 TO_16 " 1.17 1.18 1.19 1.20 1.21"

/* data-model 4.4 and 6.2: a fresh database of each release, and upgraded ones. */
static void a_band_is_found_by_its_migrations(void **state)
{
    static const struct {
        const char *history;
        const char *bands;
    } cases[] = {
        { "1", "A" },
        { "1 2 3", "A" },
        { "1 2 3 5 6", "B1" },
        { "1 2 3 5", "B1" },
        { "1 2 3 5 7 12 13", "B3" },
        { "1 2 3 5 6 7", "B3" },
        { "1 2 3 5 7 12", "B3" },
        { "1 2 3 5 7 12 13 14 17", "B4" },
        { "1 2 3 5 7 12 14", "B4" },
        { "1 2 3 5 7 12 14 17 18", "B5" },
        { "1 2 3 5 7 12 14 17 18 19 20 21 22", "B5" },
        { "1.1", "B6" },
        { "1.1 1.2", "B6" },
        { "1.1 1.2 1.3", "C" },
        { TO_13, "C" },
        { TO_13 " 1.13", "D" },
        { TO_13 " 1.13 1.14", "D" },
        { TO_13 " 1.13 1.14 1.15", "E" },
        { TO_16, "F" },
        { TO_16 " 1.17", "F" },
        { TO_16 " 1.17 1.18 1.19", "F" },
        { TO_16 " 1.17 1.18 1.19 1.20", "G" },
        { TO_21, "H2" },
        { TO_21 " 1.22", "I" },
        { TO_21 " 1.22 1.23 1.24 1.25", "I" },
        { TO_21 " 1.22 1.23 1.24 1.25 1.26", "J" },
        { TO_21 " 1.22 1.23 1.24 1.25 1.26 1.27", "J" },
        { TO_21 " 1.40", "J" },
        /* upgraded: the plain numbers stay in the history */
        { "1 2 3 " TO_16, "F" },
        { "1 2 3 " TO_16 " 1.17 1.18 1.19", "F" },
        { "1 2 3 5 7 12 14 17 18 19 20 21 22 1.1 1.2", "B6" },
        { "1 2 3 " TO_21 " 1.22 1.23 1.24 1.25", "I" },
        { "22 3 1.1", "B6" },
        /* any order, repeatable migrations without a version */
        { "1.9 1.10 1.2 1.12 1.1", "C" },
        { "- 3 - 1 2 -", "A" },
        { "- 1.24 -", "I" },
        /* no band */
        { "", "" },
        { "- -", "" },
        { "4", "" },
        { "23", "" },
        { "99", "" },
        { "0", "" },
        { "1.0", "" },
        { "2.1", "" },
        { "1.1 2.0", "" },
        { "1.24.1", "" },
        { "1.x", "" },
        { "1.", "" },
        { "x", "" },
        { "1.9999999999", "" },
        { "20230101120000", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char found[1024];

        if (strcmp(bands_of(cases[i].history, found), cases[i].bands) != 0)
            fail_msg("\"%s\" is \"%s\", not \"%s\"", cases[i].history, found, cases[i].bands);
    }
}

/* Whatever a store's history is, at most one band claims it: detection does not depend on an order.
 */
static void no_two_bands_claim_one_history(void **state)
{
    (void)state;
    for (int i = 1; i <= 60; i++) {
        char plain[16];
        char minor[16];
        char found[1024];

        (void)snprintf(plain, sizeof(plain), "%d", i);
        (void)snprintf(minor, sizeof(minor), "1.%d", i);
        assert_null(strchr(bands_of(plain, found), ','));
        assert_null(strchr(bands_of(minor, found), ','));
        assert_true(strlen(found) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_band_names_itself_and_is_complete),
        cmocka_unit_test(each_band_differs_as_the_data_model_says),
        cmocka_unit_test(each_band_decides_as_its_executor),
        cmocka_unit_test(every_band_knows_old_and_new_classes),
        cmocka_unit_test(keys_are_those_of_the_data_model),
        cmocka_unit_test(tables_and_indices_are_those_of_kestra),
        cmocka_unit_test(comparison_knows_the_dates_of_each_band),
        cmocka_unit_test(band_a_declares_all_topics_with_their_configs),
        cmocka_unit_test(bands_from_b1_on_declare_the_topics_of_the_kinds),
        cmocka_unit_test(prefixes_go_where_they_belong),
        cmocka_unit_test(a_running_server_is_seen_from_0_12_on),
        cmocka_unit_test(paused_and_unknown_states_are_pending),
        cmocka_unit_test(a_band_is_found_by_its_migrations),
        cmocka_unit_test(no_two_bands_claim_one_history),
    };

    return cmocka_run_group_tests(tests, load_all, free_all);
}
