/*
 * test_layout.c - the layouts that we ship say what data-model says, and a wrong one is refused
 * with its line.
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
};

#define FOUR    "SUCCESS,WARNING,FAILED,KILLED"
#define FIVE    FOUR ",CANCELLED"
#define SIX     FIVE ",RETRIED"
#define SEVEN   SIX ",SKIPPED"
#define LOCKS_4 "executionId,evaluateRunningDate,executionCurrentState"
#define WORKERS "worker_instance"
#define SERVERS "service_instance"

static const struct band_facts facts[] = {
    { "A", true, false, false, FOUR, "executionId", "", NULL },
    { "B1", true, false, false, FOUR, "executionId", "", NULL },
    { "B2", true, false, false, FOUR, "executionId", "", NULL },
    { "B3", true, false, false, FOUR, "executionId", "", NULL },
    { "B4", true, false, false, FOUR, LOCKS_4, "/inputs", NULL },
    { "B5", true, false, false, FOUR, LOCKS_4, "/inputs", NULL },
    { "B6", true, false, false, FOUR, LOCKS_4, "/inputs", WORKERS },
    { "C", true, true, false, FIVE, LOCKS_4, "/inputs", WORKERS },
    { "D", true, true, false, FIVE, LOCKS_4, "/inputs", WORKERS },
    { "E", true, true, false, FIVE, LOCKS_4, "/inputs,/outputs", WORKERS },
    { "F", true, true, false, SIX, LOCKS_4, "/inputs,/outputs", SERVERS },
    { "G", false, true, false, SIX, LOCKS_4, "/inputs,/outputs", SERVERS },
    { "H1", false, true, false, SIX, LOCKS_4 ",workerId", "/inputs,/outputs", SERVERS },
    { "H2", false, true, false, SIX, LOCKS_4 ",workerId", "/inputs,/outputs", SERVERS },
    { "I", false, true, true, SEVEN, "executionId,evaluateRunningDate,workerId", "/inputs,/outputs",
      SERVERS },
    { "J", false, true, true, SEVEN, "executionId,evaluateRunningDate,workerId", "/inputs,/outputs",
      SERVERS },
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
            assert_int_equal(l->kinds[k].has_tenant, want->tenant);
        if (want->liveness)
            assert_string_equal(l->liveness.table, want->liveness);
        else
            assert_null(l->liveness.table);
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
        [KIND_EXECUTION] = "id",
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

/* data-model 4.3, 4.5, 3.3. */
static void tables_and_columns_are_those_of_the_migrations(void **state)
{
    static const struct {
        const char *table;
        bool        deleted, source;
        const char *drop;
    } want[] = {
        [KIND_FLOW_LAST] = { "flows", true, true, "sourceCode,labelsMap" },
        [KIND_FLOW] = { "flows", true, true, "sourceCode,labelsMap" },
        [KIND_TEMPLATE] = { "templates", true, false, "" },
        [KIND_TRIGGER] = { "triggers", false, false, "" },
        [KIND_EXECUTION] = { "executions", true, false, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        for (size_t k = 0; k < KIND_COUNT; k++) {
            const struct kind_layout *kind = &shipped[i]->kinds[k];

            assert_string_equal(kind->table, want[k].table);
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
    for (size_t i = KIND_COUNT; i < l->n_topics; i++)
        assert_int_equal(l->topics[i].kind, KIND_COUNT);
}

static void bands_from_b1_on_declare_the_topics_of_the_kinds(void **state)
{
    (void)state;
    for (size_t b = 1; b < COUNT_OF(bands); b++)
        for (size_t i = 0; i < shipped[b]->n_topics; i++)
            check_topic(shipped[b], &shipped[b]->topics[i], &topics_of_a[i]);
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
    "states: { terminal: [SUCCESS] }\n"
#define KINDS                                                                                      \
    "kinds:\n"                                                                                     \
    "  execution:\n"                                                                               \
    "    table: executions\n"                                                                      \
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
    layout_free(l);
    layout_free(NULL);
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
    assert_list(l->terminal.items, l->terminal.n, "FAILED");
    assert_null(l->liveness.table);
    assert_int_equal(l->plain_max, 0); /* what a file is for is not inherited */
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
    assert_string_equal(err.msg, "base.yml:18: sibling: there is no topic \"nobody\"");
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
          "T.yml:18: the key \"partition\" is not known; nearest: partitions, inclusion" },
        { TOP KINDS TOPICS "    configz:\n      a: b\n",
          "T.yml:18: the key \"configz\" is not known; nearest: configs, " },
        { TOP KINDS "    compare: { date: [/x] }\n" TOPICS,
          "T.yml:14: the key \"date\" is not known; nearest: dates, " },
        { TOP KINDS "  flows: {}\n" TOPICS,
          "T.yml:14: the kind \"flows\" is not known; nearest: flow, " },
        { TOP KINDS TOPICS "  x: { name: x, kind: excution }\n",
          "T.yml:18: the kind \"excution\" is not known; nearest: execution, " },
        { TOP KINDS TOPICS "a_key_that_is_longer_than_any_word_that_a_layout_knows: 3\n",
          "T.yml:18: the key" },
        { "", "T.yml:1: name is missing" },
        { "name: T\n", "T.yml:1: releases is missing" },
        { TOP KINDS, "T.yml:1: topics is missing" },
        { TOP TOPICS, "T.yml:1: kinds is missing" },
        { TOP "kinds:\n  execution: { table: t }\n" TOPICS, "T.yml:11: execution: key is missing" },
        { TOP KINDS TOPICS "  x: {}\n", "T.yml:18: x: name is missing" },
        { TOP KINDS TOPICS "liveness: { table: t }\n", "T.yml:18: liveness: state is missing" },
        { TOP "kinds:\n  execution: { table: t, key: { separator: _, parts: [{}] } }\n" TOPICS,
          "T.yml:11: member is missing" },
        { TOP "kinds: {}\ntopics: {}\n", "T.yml:10: no kind is enabled" },
        { TOP "kinds:\n  execution:\n    enabled: false\n    table: t\n"
              "    key: { separator: _, parts: [{ member: id }] }\ntopics: {}\n",
          "T.yml:10: no kind is enabled" },
        { "- a\n", "T.yml:1: a layout is a mapping" },
        { "text", "T.yml:1: a layout is a mapping" },
        { "a: [\n", "T.yml:" },
        { "name: T\nname: T\n", "T.yml:2: the key \"name\" is there already" },
        { TOP KINDS TOPICS "  execution: { name: x }\n",
          "T.yml:18: the key \"execution\" is there already" },
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
          "T.yml:18: partitions must be a whole number" },
        { TOP KINDS TOPICS "    partitions: \"3\"\n", "T.yml:18: partitions must be a whole" },
        { TOP KINDS TOPICS "    partitions: -1\n", "T.yml:18: partitions must be a whole number" },
        { TOP KINDS TOPICS "    partitions: 0\n", "T.yml:18: partitions must be from 1 to" },
        { TOP KINDS TOPICS "    partitions: 100001\n", "T.yml:18: partitions must be from 1 to" },
        { TOP KINDS TOPICS "    partitions: 99999999999999999999\n", "T.yml:18: partitions must" },
        { TOP KINDS TOPICS "    partitions: [3]\n", "T.yml:18: partitions must be one value" },
        { TOP KINDS TOPICS "    partitions:\n", "T.yml:18: partitions has no value" },
        { TOP KINDS TOPICS "    replication: 32768\n", "T.yml:18: replication must be from 1 to" },
        { TOP KINDS TOPICS "    assumed: yes\n", "T.yml:18: assumed must be true or false" },
        { TOP KINDS TOPICS "    assumed: \"true\"\n", "T.yml:18: assumed must be true or false" },
        { TOP KINDS TOPICS "    configs: [a]\n", "T.yml:18: configs must be a mapping" },
        { TOP KINDS TOPICS "    configs:\n      a:\n", "T.yml:19: a has no value" },
        { TOP KINDS TOPICS "    configs: { a: [1] }\n", "T.yml:18: a must be one value" },
        { TOP KINDS TOPICS "    sibling: {}\n", "T.yml:18: sibling must be one value, not a map" },
        { TOP KINDS TOPICS "  x: text\n", "T.yml:18: x must be a mapping (key: value), not one" },
        { TOP KINDS TOPICS "flyway: { plain: 3 }\n", "T.yml:18: plain must be a list" },
        { TOP KINDS TOPICS "flyway: { plain: [3] }\n",
          "T.yml:18: plain must be [lowest, highest]" },
        { TOP KINDS TOPICS "flyway: { minor: [4, 3] }\n", "T.yml:18: minor: 4 is above 3" },
        { TOP KINDS TOPICS "flyway: { minor: [0, 3] }\n", "T.yml:18: minor must be from 1" },
        { TOP KINDS TOPICS "reset: { groups: { a: b } }\n", "T.yml:18: groups must be a list" },
        { TOP KINDS TOPICS "reset: { groups: [[a]] }\n",
          "T.yml:18: an item of the list must be one value, not a list" },
        { TOP KINDS TOPICS "reset: { groups: [null] }\n", "T.yml:18: an item of the list has no" },
        { TOP KINDS TOPICS "reset: { groups: [a,\n a] }\n",
          "T.yml:19: \"a\" is in the list twice" },
        { TOP KINDS TOPICS "reset: { groups: [\"{prefix}a\"] }\n",
          "T.yml:18: an item of the list: \"{prefix}\" is none of" },
        { TOP "topics: []\n" KINDS, "T.yml:10: topics must be a mapping" },
        { TOP "kinds: []\n" TOPICS, "T.yml:10: kinds must be a mapping" },
        { TOP KINDS "    drop: sourceCode\n" TOPICS, "T.yml:14: drop must be a list" },
        { TOP KINDS "    unlock: [\"\"]\n" TOPICS, "T.yml:14: an item of the list has no value" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

static void keys_paths_and_states_are_checked(void **state)
{
#define KEY(parts)                                                                                 \
    TOP "kinds:\n  execution:\n    table: t\n    key:\n      separator: _\n" parts TOPICS
    static const struct refusal                                                    cases[] = {
                                                           { KEY("      parts: []\n"), "T.yml:15: a key has 1 to 4 parts, not 0" },
                                                           { KEY("      parts: [{ member: a }, { member: b }, { member: c }, { member: d },\n"
                                                                                                                    "        { member: e }]\n"),
                                                             "T.yml:15: a key has 1 to 4 parts, not 5" },
                                                           { KEY("      parts:\n        - { member: a }\n        - { member: b, missing: ignore }\n"),
                                                             "T.yml:17: missing: \"ignore\" is not known; nearest: refuse, " },
                                                           { KEY("      parts: { member: a }\n"), "T.yml:15: parts must be a list" },
                                                           { KEY("      parts: [a]\n"), "T.yml:15: an item of the list must be a mapping" },
                                                           { TOP KINDS "    compare:\n      dates:\n        - /a\n        - b/c\n" TOPICS,
                                                             "T.yml:17: the path \"b/c\" must begin with /" },
                                                           { TOP KINDS "    compare: { dates: [/a//b] }\n" TOPICS,
                                                             "T.yml:14: the path \"/a//b\" has an empty part" },
                                                           { TOP KINDS "    compare: { states: [/] }\n" TOPICS, "T.yml:14: the path \"/\" has an" },
                                                           { TOP KINDS "    compare: { labels: [/a/] }\n" TOPICS, "T.yml:14: the path \"/a/\" has" },
                                                           { TOP KINDS "    compare: { verbatim: [/a/*b] }\n" TOPICS,
                                                             "T.yml:14: the path \"/a/*b\": * stands alone" },
                                                           { TOP KINDS "    compare: { absent_false: [x] }\n" TOPICS,
                                                             "T.yml:14: the path \"x\" must" },
                                                           { "states:\n  terminal:\n    - SUCCESS\n    - PAUSED\n"
                                                                                                                "name: T\nreleases: x\ninclusion: non_null\npartitions: 1\nreplication: 1\n"
                                                                                                                "message_max_bytes: 1024\ntopic_prefix: a\nconsumer_prefix: b\n" KINDS TOPICS,
                                                             "T.yml:4: PAUSED is never terminal" },
                                                           { "states: { terminal: [success] }\n"
                                                                                                                "name: T\nreleases: x\ninclusion: non_null\npartitions: 1\nreplication: 1\n"
                                                                                                                "message_max_bytes: 1024\ntopic_prefix: a\nconsumer_prefix: b\n" KINDS TOPICS,
                                                             "T.yml:1: \"success\" is no state" },
                                                           { "states: { terminal: [] }\n"
                                                                                                                "name: T\nreleases: x\ninclusion: non_null\npartitions: 1\nreplication: 1\n"
                                                                                                                "message_max_bytes: 1024\ntopic_prefix: a\nconsumer_prefix: b\n" KINDS TOPICS,
                                                             "T.yml:1: terminal: no state ends an execution" },
                                                           { "inclusion: non_nul\nname: T\nreleases: x\n",
                                                             "T.yml:1: inclusion: \"non_nul\" is not known; nearest: non_null, non_empty" },
    };

    (void)state;
    assert_refused(cases, COUNT_OF(cases));
}

static void topics_are_checked_against_each_other(void **state)
{
    static const struct refusal cases[] = {
        { TOP KINDS "topics: {}\n", "T.yml:11: the kind execution has no topic" },
        { TOP KINDS TOPICS "  two:\n    name: two\n    kind: execution\n",
          "T.yml:20: execution and two are both topics of the kind execution" },
        { TOP KINDS TOPICS "  two: { name: two, kind: flow }\n",
          "T.yml:18: kind: the layout has no flow" },
        { TOP KINDS TOPICS "  two:\n    name: t_execution\n",
          "T.yml:19: execution and two are both named \"t_execution\"" },
        { TOP KINDS TOPICS "  two: { name: \"{tpic_prefix}two\" }\n",
          "T.yml:18: name: \"{tpic_prefix}\" is none of {topic_prefix}, {consumer_prefix}" },
        { TOP KINDS TOPICS "  two: { name: \"two{topic_prefix\" }\n",
          "T.yml:18: name: \"{topic_prefix\" is none of" },
        { TOP KINDS TOPICS "  two: { name: \"two}\" }\n", "T.yml:18: name: \"}\" is none of" },
        { TOP KINDS TOPICS "  two: { name: \"a b\" }\n", "T.yml:18: \"a b\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"\xc3\xa9\" }\n", "T.yml:18: \"" },
        { TOP KINDS TOPICS "  two: { name: \"..\" }\n", "T.yml:18: \"..\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"{consumer_prefix}\" }\n",
          "T.yml:18: \"\" is no topic name" },
        { TOP KINDS TOPICS "  two: { name: \"\" }\n", "T.yml:18: name has no value" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: three }\n",
          "T.yml:18: sibling: there is no topic \"three\"" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: two }\n",
          "T.yml:18: sibling: two names itself" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: execution }\n"
                           "  three: { name: three, sibling: two }\n",
          "T.yml:19: sibling: two follows execution itself; name that one" },
        { TOP KINDS TOPICS "  two: { name: two, sibling: execution, partitions: 4 }\n",
          "T.yml:18: two must have as many partitions as its sibling execution" },
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
    assert_string_equal(err.msg, "T.yml:18: a topic name of 250 characters; Kafka takes 249");
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
    assert_string_equal(err.msg, "T.yml:14: 257 topics; at most 256");
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
        cmocka_unit_test(every_band_names_itself_and_is_complete),
        cmocka_unit_test(each_band_differs_as_the_data_model_says),
        cmocka_unit_test(keys_are_those_of_the_data_model),
        cmocka_unit_test(tables_and_columns_are_those_of_the_migrations),
        cmocka_unit_test(comparison_knows_the_dates_of_each_band),
        cmocka_unit_test(band_a_declares_all_topics_with_their_configs),
        cmocka_unit_test(bands_from_b1_on_declare_the_topics_of_the_kinds),
        cmocka_unit_test(prefixes_go_where_they_belong),
        cmocka_unit_test(a_running_server_is_seen_from_0_12_on),
        cmocka_unit_test(paused_and_unknown_states_are_pending),
        cmocka_unit_test(a_band_is_found_by_its_migrations),
        cmocka_unit_test(no_two_bands_claim_one_history),
        cmocka_unit_test(the_smallest_layout_has_the_defaults),
        cmocka_unit_test(extends_merges_mappings_and_replaces_the_rest),
        cmocka_unit_test(a_message_points_to_the_file_that_wrote_the_line),
        cmocka_unit_test(what_is_unknown_or_missing_is_refused),
        cmocka_unit_test(wrong_types_and_values_are_refused),
        cmocka_unit_test(keys_paths_and_states_are_checked),
        cmocka_unit_test(topics_are_checked_against_each_other),
        cmocka_unit_test(a_topic_name_has_kafkas_limit),
        cmocka_unit_test(the_number_of_topics_has_a_limit),
        cmocka_unit_test(files_that_extend_each_other_are_refused),
        cmocka_unit_test(a_chain_of_files_has_a_limit),
        cmocka_unit_test(a_file_that_is_not_there_is_named_with_the_line_that_wants_it),
        cmocka_unit_test(a_layout_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(a_layout_with_bytes_changed_never_does_harm),
    };

    return cmocka_run_group_tests(tests, load_all, free_all);
}
