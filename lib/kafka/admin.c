/*
 * admin.c - what a cluster holds: topics, their configuration, groups, offsets.
 *
 * Changes are in admin_change.c.
 */
#include "lib/kafka/admin_internal.h"

#include "lib/base/clock.h"

static const struct client_setting committed_settings[] = {
    { "isolation.level", "read_committed" },
    /* Known topics are refreshed by name otherwise, and we delete some. */
    { "topic.metadata.refresh.interval.ms", "-1" },
    { NULL, NULL },
};

static const struct client_setting uncommitted_settings[] = {
    { "isolation.level", "read_uncommitted" },
    { "topic.metadata.refresh.interval.ms", "-1" },
    { NULL, NULL },
};

bool admin_open(const struct kafka_conf *conf, struct admin **out, struct err *err)
{
    struct admin *a = mem_alloc(sizeof(*a));

    a->conf = *conf;
    if (!client_open(&a->client, conf, RD_KAFKA_CONSUMER, committed_settings, NULL, err)) {
        admin_close(a);
        return false;
    }
    *out = a;
    return true;
}

void admin_close(struct admin *a)
{
    if (!a)
        return;
    client_close(&a->client);
    client_close(&a->uncommitted);
    mem_free(a);
}

/* Wait for an answer, whatever it says. */
static bool admin_event(struct admin *a, rd_kafka_queue_t *queue, const char *what,
                        rd_kafka_event_t **out, struct err *err)
{
    int64_t since = clock_mono_ns();

    for (;;) {
        *out = rd_kafka_queue_poll(queue, ADMIN_TICK_MS);
        (void)rd_kafka_poll(a->client.rk, 0);
        if (*out)
            return true;
        if (!client_go_on(&a->client, err, what))
            return false;
        if (client_hopeless(&a->client, since))
            return client_fail(&a->client, err, RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, "%s", what);
    }
}

bool admin_await(struct admin *a, rd_kafka_queue_t *queue, const char *what, rd_kafka_event_t **out,
                 struct err *err)
{
    rd_kafka_event_t   *ev;
    rd_kafka_resp_err_t code;

    if (!admin_event(a, queue, what, &ev, err))
        return false;
    code = rd_kafka_event_error(ev);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)client_fail(&a->client, err, code, rd_kafka_event_error_string(ev), "%s", what);
        rd_kafka_event_destroy(ev);
        return false;
    }
    client_answered(&a->client);
    *out = ev;
    return true;
}

rd_kafka_AdminOptions_t *admin_options(struct admin *a, rd_kafka_admin_op_t op)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->client.rk, op);
    char                     reason[200];

    /* The range of the property is wider than ours can be. */
    (void)rd_kafka_AdminOptions_set_request_timeout(options, (int)a->client.timeout_ms, reason,
                                                    sizeof(reason));
    return options;
}

/* HOST:PORT of "[protocol://]HOST:PORT/ID". */
static void put_address(char *out, size_t size, const char *name)
{
    const char *protocol = strstr(name, "://");
    const char *from = protocol ? protocol + 3 : name;
    const char *slash = strrchr(from, '/');

    (void)snprintf(out, size, "%.*s", slash ? (int)(slash - from) : (int)strlen(from), from);
}

bool admin_cluster(struct admin *a, struct cluster *out, struct err *err)
{
    const struct rd_kafka_metadata *md;
    char                           *id;

    if (!client_metadata(&a->client, &md, err))
        return false;
    *out = (struct cluster){ .brokers = (unsigned)md->broker_cnt };
    put_address(out->address, sizeof(out->address), md->orig_broker_name);
    rd_kafka_metadata_destroy(md);
    id = rd_kafka_clusterid(a->client.rk, (int)a->client.timeout_ms);
    if (id) {
        (void)snprintf(out->id, sizeof(out->id), "%s", id);
        rd_kafka_mem_free(a->client.rk, id);
    }
    return true;
}

/* ---- topics ---------------------------------------------------------------------------- */

static void fill_shape(struct topic_state *t, const struct rd_kafka_metadata_topic *mt)
{
    int i;

    t->exists = mt->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    t->partitions = mt->partition_cnt;
    t->replication = mt->partition_cnt > 0 ? mt->partitions[0].replica_cnt : -1;
    t->in_sync = t->replication;
    for (i = 0; i < mt->partition_cnt; i++) {
        if (mt->partitions[i].leader == -1)
            t->offline = true;
        if (mt->partitions[i].isr_cnt < t->in_sync)
            t->in_sync = mt->partitions[i].isr_cnt;
    }
}

bool admin_shapes(struct admin *a, const char *const *names, size_t n, struct topic_state *out,
                  struct err *err)
{
    const struct rd_kafka_metadata *md;
    size_t                          i;
    int                             j;

    if (!client_metadata(&a->client, &md, err))
        return false;
    for (i = 0; i < n; i++) {
        out[i] = (struct topic_state){ .name = names[i], .replication = -1 };
        for (j = 0; j < md->topic_cnt; j++)
            if (strcmp(md->topics[j].topic, names[i]) == 0)
                fill_shape(&out[i], &md->topics[j]);
    }
    rd_kafka_metadata_destroy(md);
    return true;
}

static bool is_dynamic(const rd_kafka_ConfigEntry_t *e)
{
    rd_kafka_ConfigSource_t source = rd_kafka_ConfigEntry_source(e);

    if (source == RD_KAFKA_CONFIG_SOURCE_UNKNOWN_CONFIG) /* before Kafka 1.1 */
        return rd_kafka_ConfigEntry_is_default(e) == 0;
    return source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
}

static void fill_settings(struct topic_state *t, const rd_kafka_ConfigResource_t *res,
                          struct arena *arena)
{
    const rd_kafka_ConfigEntry_t **entries;
    size_t                         n;
    size_t                         i;

    entries = rd_kafka_ConfigResource_configs(res, &n);
    t->settings = arena_alloc(arena, n * sizeof(*t->settings));
    t->n_settings = n;
    for (i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);

        t->settings[i] = (struct topic_setting){
            .name = arena_str(arena, slice_str(rd_kafka_ConfigEntry_name(entries[i]))),
            .value = value ? arena_str(arena, slice_str(value)) : NULL,
            .dynamic = is_dynamic(entries[i]),
        };
    }
}

static bool take_settings(struct admin *a, rd_kafka_event_t *ev, struct topic_state *topics,
                          size_t n, struct arena *arena, struct err *err)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(ev);
    const rd_kafka_ConfigResource_t        **res;
    size_t                                   n_res;
    size_t                                   i;
    size_t                                   j;

    res = rd_kafka_DescribeConfigs_result_resources(result, &n_res);
    for (i = 0; i < n_res; i++) {
        rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(res[i]);
        const char         *name = rd_kafka_ConfigResource_name(res[i]);

        for (j = 0; j < n && strcmp(topics[j].name, name) != 0; j++)
            ;
        if (j == n)
            continue;
        if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            (void)client_fail(&a->client, err, code, "no right to describe its configuration",
                              "topic %s", name);
            return client_hint_right(&a->client, err, "DescribeConfigs", name);
        }
        if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) /* deleted in this moment */
            topics[j].exists = false;
        else if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return client_fail(&a->client, err, code, rd_kafka_ConfigResource_error_string(res[i]),
                               "describe topic %s", name);
        else
            fill_settings(&topics[j], res[i], arena);
    }
    return true;
}

bool admin_settings(struct admin *a, struct topic_state *topics, size_t n, struct arena *arena,
                    struct err *err)
{
    rd_kafka_ConfigResource_t **ask = mem_array(n, sizeof(rd_kafka_ConfigResource_t *));
    rd_kafka_AdminOptions_t    *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t           *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t           *ev = NULL;
    size_t                      n_ask = 0;
    size_t                      i;
    bool                        ok = true;

    for (i = 0; i < n; i++)
        if (topics[i].exists)
            ask[n_ask++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i].name);
    if (n_ask > 0) {
        rd_kafka_DescribeConfigs(a->client.rk, ask, n_ask, options, queue);
        ok = admin_await(a, queue, "describing topics", &ev, err) &&
             take_settings(a, ev, topics, n, arena, err);
    }
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_ConfigResource_destroy_array(ask, n_ask);
    mem_free(ask);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

bool admin_topics(struct admin *a, const char *const *names, size_t n, bool settings,
                  struct arena *arena, struct topic_state *out, struct err *err)
{
    size_t i;

    if (!admin_shapes(a, names, n, out, err))
        return false;
    for (i = 0; i < n; i++)
        out[i].name = arena_str(arena, slice_str(names[i]));
    return !settings || admin_settings(a, out, n, arena, err);
}

/* What the broker says of a topic's configuration, which it tells without showing the topic. */
static bool ask_settings(struct admin *a, const char *name, rd_kafka_resp_err_t *code,
                         struct err *err)
{
    rd_kafka_ConfigResource_t *ask = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_AdminOptions_t   *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t          *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t          *ev = NULL;
    size_t                     n;
    bool                       ok;

    rd_kafka_DescribeConfigs(a->client.rk, &ask, 1, options, queue);
    ok = admin_await(a, queue, "describing a topic", &ev, err);
    if (ok) {
        const rd_kafka_ConfigResource_t **res = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(ev), &n);

        *code = n == 1 ? rd_kafka_ConfigResource_error(res[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        rd_kafka_event_destroy(ev);
    }
    rd_kafka_ConfigResource_destroy(ask);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

bool admin_fail_absent(struct admin *a, const char *name, const char *hint, struct err *err)
{
    rd_kafka_resp_err_t code;

    if (!ask_settings(a, name, &code, err))
        return false;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)err_set(err, ERR_KAFKA, "kafka %s: topic %s exists, but is not shown to us",
                      a->client.brokers, name);
        return client_hint_right(&a->client, err, "Describe", name);
    }
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        (void)err_set(err, ERR_KAFKA,
                      "kafka %s: topic %s does not exist, or there is no right to see it",
                      a->client.brokers, name);
        return client_hint_right(&a->client, err, "Describe", name);
    }
    (void)err_set(err, ERR_KAFKA, "kafka %s: topic %s does not exist", a->client.brokers, name);
    return err_hint(err, "%s", hint);
}

/* ---- groups and offsets ---------------------------------------------------------------- */

/* A cluster that lets anybody in has no rules that could hide anything. */
static bool is_open(const struct admin *a)
{
    char   protocol[32] = "";
    size_t size = sizeof(protocol);

    return rd_kafka_conf_get(rd_kafka_conf(a->client.rk), "security.protocol", protocol, &size) ==
               RD_KAFKA_CONF_OK &&
           strcmp(protocol, "plaintext") == 0;
}

/* Are we surely shown every group? Describe on the cluster decides it, and so does it of access
 * rules: who is told one is told all groups. Version 2.0.2 keeps an error of this answer to itself,
 * so no rule may mean no right as well as a cluster without rules. */
static bool sees_all_groups(struct admin *a, bool *all, struct err *err)
{
    rd_kafka_AclBinding_t *filter = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_BROKER, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, NULL, 0);
    rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBEACLS);
    rd_kafka_queue_t        *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t        *ev = NULL;
    size_t                   n = 0;
    bool                     ok;

    rd_kafka_DescribeAcls(a->client.rk, filter, options, queue);
    ok = admin_event(a, queue, "asking for the right to see groups", &ev, err);
    if (ok && rd_kafka_event_error(ev) == RD_KAFKA_RESP_ERR_NO_ERROR)
        (void)rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(ev), &n);
    *all = n > 0;
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_AclBinding_destroy(filter);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

static bool list_groups(struct admin *a, const struct rd_kafka_group_list **out, struct err *err)
{
    int64_t             since = clock_mono_ns();
    rd_kafka_resp_err_t code;

    for (;;) {
        *out = NULL;
        code = rd_kafka_list_groups(a->client.rk, NULL, out, (int)a->client.timeout_ms);
        (void)rd_kafka_poll(a->client.rk, 0);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return true;
        if (*out)
            rd_kafka_group_list_destroy(*out);
        if (!client_go_on(&a->client, err, "listing groups"))
            return false;
        /* A broker that has just started reads its groups first. */
        if ((code != RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS &&
             code != RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE) ||
            client_hopeless(&a->client, since))
            return client_fail(&a->client, err, code, NULL, "list groups");
        clock_sleep_ms(ADMIN_TICK_MS);
    }
}

bool admin_groups(struct admin *a, const char *prefix, struct arena *arena,
                  struct group_state **out, size_t *n, bool *all, struct err *err)
{
    const struct rd_kafka_group_list *list;
    int                               i;

    *all = is_open(a);
    if ((!*all && !sees_all_groups(a, all, err)) || !list_groups(a, &list, err))
        return false;
    *out = arena_alloc(arena, (size_t)list->group_cnt * sizeof(**out));
    *n = 0;
    for (i = 0; i < list->group_cnt; i++) {
        const struct rd_kafka_group_info *g = &list->groups[i];

        if (strncmp(g->group, prefix, strlen(prefix)) != 0)
            continue;
        (*out)[(*n)++] = (struct group_state){
            .name = arena_str(arena, slice_str(g->group)),
            .state = arena_str(arena, slice_str(g->state ? g->state : "")),
            .members = g->member_cnt,
        };
    }
    rd_kafka_group_list_destroy(list);
    /* Who is shown some of a prefix may describe that prefix, as rules are written. */
    *all = *all || *n > 0;
    return true;
}

bool admin_ends(struct admin *a, const char *topic, int n_partitions, struct partition_ends *ends,
                struct err *err)
{
    int64_t *start = mem_array((size_t)n_partitions, sizeof(*start));
    int64_t *stable = mem_array((size_t)n_partitions, sizeof(*stable));
    int64_t *high = mem_array((size_t)n_partitions, sizeof(*high));
    int      i;
    bool     ok;

    ok = a->uncommitted.rk ||
         client_open(&a->uncommitted, &a->conf, RD_KAFKA_CONSUMER, uncommitted_settings, NULL, err);
    /* In this order, because all three may grow between the questions. */
    ok = ok &&
         client_offsets(&a->client, topic, n_partitions, RD_KAFKA_OFFSET_BEGINNING, start, err) &&
         client_offsets(&a->client, topic, n_partitions, RD_KAFKA_OFFSET_END, stable, err) &&
         client_offsets(&a->uncommitted, topic, n_partitions, RD_KAFKA_OFFSET_END, high, err);
    for (i = 0; ok && i < n_partitions; i++)
        ends[i] = (struct partition_ends){ start[i], stable[i], high[i] };
    mem_free(start);
    mem_free(stable);
    mem_free(high);
    return ok;
}
