/*
 * admin_change.c - create, delete and alter topics, and wait until the cluster shows it.
 *
 * An answer "done" is not the end: other brokers learn of it later, and a new topic has no leaders
 * for a moment. So every change is waited for in the full listing.
 */
#include "lib/kafka/admin_internal.h"

#include "lib/base/clock.h"

#define GONE_TIMES 3    /* readings in a row without the topic before it counts as deleted */
#define HIDDEN_MS  3000 /* when nothing was deleted, a topic that is not shown is not waited for */

static bool late(const struct admin *a, int64_t since)
{
    return client_elapsed_ms(since) >= a->client.timeout_ms;
}

static const char **names_of(const struct topic_wish *wishes, size_t n)
{
    const char **names = mem_array(n, sizeof(*names));
    size_t       i;

    for (i = 0; i < n; i++)
        names[i] = wishes[i].name;
    return names;
}

/* ---- create ---------------------------------------------------------------------------- */

static rd_kafka_NewTopic_t *new_topic(const struct topic_wish *w, struct err *err)
{
    char                 reason[200];
    rd_kafka_NewTopic_t *nt =
        rd_kafka_NewTopic_new(w->name, w->partitions, w->replication, reason, sizeof(reason));
    size_t i;

    if (!nt) {
        (void)err_set(err, ERR_KAFKA, "create topic %s: %s", w->name, reason);
        return NULL;
    }
    for (i = 0; i < w->n_configs; i++)
        /* It only fails for an empty name, which the broker refuses too. */
        (void)rd_kafka_NewTopic_set_config(nt, w->configs[i].name, w->configs[i].value);
    return nt;
}

static bool tell_create(struct admin *a, const struct topic_wish *w, rd_kafka_resp_err_t code,
                        const char *detail, struct err *err)
{
    const struct rd_kafka_metadata *md;
    int                             brokers;

    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
        (void)client_fail(&a->client, err, code, "no right to create topics", "create topic %s",
                          w->name);
        return client_hint_right(&a->client, err, "Create", w->name);
    }
    if (code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR) {
        if (!client_metadata(&a->client, &md, err))
            return false;
        brokers = md->broker_cnt;
        rd_kafka_metadata_destroy(md);
        return client_fail_replication(&a->client, err, w->name, w->replication, brokers, detail);
    }
    if (code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION)
        return client_fail(&a->client, err, code, NULL, "create topic %s: against a policy: %s",
                           w->name, detail ? detail : "");
    return client_fail(&a->client, err, code, detail, "create topic %s", w->name);
}

/* A topic that was just deleted is on the way out for a while: not listed, but existing. */
static bool still_leaving(struct admin *a, const char *name, bool *leaving, struct err *err)
{
    struct topic_state state;

    if (!admin_shapes(a, &name, 1, &state, err))
        return false;
    *leaving = !state.exists;
    return true;
}

static bool tell_hidden(struct admin *a, const struct topic_wish *w, struct err *err)
{
    (void)err_set(err, ERR_KAFKA,
                  "kafka %s: create topic %s: it exists, but is not shown to us: no right to "
                  "describe it, or it is still being deleted",
                  a->client.brokers, w->name);
    return client_hint_right(&a->client, err, "Describe", w->name);
}

/* What the broker said of each wish; done[i] is set for those created. */
static bool take_created(struct admin *a, rd_kafka_event_t *ev, const struct topic_wish *wishes,
                         size_t n, bool validate_only, bool *done, struct err *err)
{
    const rd_kafka_topic_result_t **results;
    size_t                          n_results;
    size_t                          i;
    size_t                          j;
    bool                            leaving = false;

    results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n_results);
    for (i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
        const char         *detail = NULL;

        for (j = 0; j < n_results && !done[i]; j++)
            if (strcmp(rd_kafka_topic_result_name(results[j]), wishes[i].name) == 0) {
                code = rd_kafka_topic_result_error(results[j]);
                detail = rd_kafka_topic_result_error_string(results[j]);
                done[i] = code == RD_KAFKA_RESP_ERR_NO_ERROR;
                break;
            }
        if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS &&
            !still_leaving(a, wishes[i].name, &leaving, err))
            return false;
        /* The right to create is looked at first. */
        if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && validate_only && !leaving) {
            done[i] = true;
            continue;
        }
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
            !(code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS && leaving))
            return tell_create(a, &wishes[i], code, detail, err);
    }
    return true;
}

/* One request for all that are not done yet. */
static bool ask_create(struct admin *a, const struct topic_wish *wishes, size_t n,
                       bool validate_only, bool *done, struct err *err)
{
    rd_kafka_NewTopic_t    **topics = mem_array(n, sizeof(rd_kafka_NewTopic_t *));
    rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t        *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t        *ev = NULL;
    size_t                   n_topics = 0;
    char                     reason[200];
    size_t                   i;
    bool                     ok = true;

    (void)rd_kafka_AdminOptions_set_validate_only(options, validate_only, reason, sizeof(reason));
    for (i = 0; i < n && ok; i++) {
        if (done[i])
            continue;
        topics[n_topics] = new_topic(&wishes[i], err);
        ok = topics[n_topics] != NULL;
        n_topics += ok ? 1 : 0;
    }
    if (ok) {
        rd_kafka_CreateTopics(a->client.rk, topics, n_topics, options, queue);
        ok = admin_await(a, queue, "creating topics", &ev, err) &&
             take_created(a, ev, wishes, n, validate_only, done, err);
    }
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_NewTopic_destroy_array(topics, n_topics);
    mem_free(topics);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

static bool has_shape(const struct topic_state *t, const struct topic_wish *w)
{
    return t->exists && !t->offline && t->partitions > 0 &&
           (w->partitions <= 0 || t->partitions == w->partitions) &&
           (w->replication <= 0 || t->replication == w->replication);
}

static bool await_shapes(struct admin *a, const struct topic_wish *wishes, size_t n,
                         struct err *err)
{
    const char        **names = names_of(wishes, n);
    struct topic_state *states = mem_array(n, sizeof(*states));
    int64_t             since = clock_mono_ns();
    size_t              i = 0;
    bool                ok = true;

    while (ok && i < n) {
        ok = admin_shapes(a, names, n, states, err);
        for (i = 0; ok && i < n && has_shape(&states[i], &wishes[i]); i++)
            ;
        if (!ok || i == n)
            break;
        if (late(a, since))
            ok =
                err_set(err, ERR_KAFKA,
                        "kafka %s: topic %s was created, but is not described with %d partitions, "
                        "%d replicas and a leader for each of them",
                        a->client.brokers, names[i], wishes[i].partitions, wishes[i].replication) ||
                err_hint(err, "the brokers are busy or ill: see their logs, then run it again; "
                              "empty topics that are there are used");
        else
            ok = client_go_on(&a->client, err, "waiting for new topics");
        clock_sleep_ms(ADMIN_TICK_MS / 2);
    }
    mem_free(states);
    mem_free(names);
    return ok;
}

bool admin_create(struct admin *a, const struct topic_wish *wishes, size_t n, bool validate_only,
                  struct err *err)
{
    bool   *done = mem_array(n, sizeof(*done));
    int64_t since = clock_mono_ns();
    size_t  i = 0;
    bool    ok = true;

    while (ok && i < n) {
        ok = ask_create(a, wishes, n, validate_only, done, err);
        for (i = 0; ok && i < n && done[i]; i++)
            ;
        if (!ok || i == n)
            break;
        if (late(a, since) || (validate_only && client_elapsed_ms(since) >= HIDDEN_MS))
            ok = tell_hidden(a, &wishes[i], err);
        else
            ok = client_go_on(&a->client, err, "creating topics");
        clock_sleep_ms(ADMIN_TICK_MS);
    }
    mem_free(done);
    return ok && (validate_only || await_shapes(a, wishes, n, err));
}

/* ---- delete ---------------------------------------------------------------------------- */

static bool take_deleted(struct admin *a, rd_kafka_event_t *ev, struct err *err)
{
    const rd_kafka_topic_result_t **results;
    size_t                          n;
    size_t                          i;

    results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ev), &n);
    for (i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char         *name = rd_kafka_topic_result_name(results[i]);

        if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            (void)client_fail(&a->client, err, code, "no right to delete the topic",
                              "delete topic %s", name);
            return client_hint_right(&a->client, err, "Delete", name);
        }
        if (code == RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED)
            return client_fail(&a->client, err, code, NULL, "delete topic %s", name);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return client_fail(&a->client, err, code,
                               rd_kafka_topic_result_error_string(results[i]), "delete topic %s",
                               name);
    }
    return true;
}

static bool await_gone(struct admin *a, const char *const *names, size_t n, struct err *err)
{
    struct topic_state *states = mem_array(n, sizeof(*states));
    int64_t             since = clock_mono_ns();
    unsigned            times = 0;
    size_t              i;
    bool                ok = true;

    for (;;) {
        ok = admin_shapes(a, names, n, states, err);
        for (i = 0; ok && i < n && !states[i].exists; i++)
            ;
        times = ok && i == n ? times + 1 : 0;
        if (!ok || times == GONE_TIMES)
            break;
        if (i < n && late(a, since)) {
            ok = err_set(err, ERR_KAFKA, "kafka %s: topic %s was deleted, but is still listed",
                         a->client.brokers, names[i]);
            break;
        }
        ok = client_go_on(&a->client, err, "waiting for deleted topics");
        if (!ok)
            break;
        clock_sleep_ms(ADMIN_TICK_MS);
    }
    mem_free(states);
    return ok;
}

bool admin_delete(struct admin *a, const char *const *names, size_t n, struct err *err)
{
    rd_kafka_DeleteTopic_t **topics = mem_array(n, sizeof(rd_kafka_DeleteTopic_t *));
    rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_queue_t        *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t        *ev = NULL;
    size_t                   i;
    bool                     ok = true;

    for (i = 0; i < n; i++)
        topics[i] = rd_kafka_DeleteTopic_new(names[i]);
    if (n > 0) {
        rd_kafka_DeleteTopics(a->client.rk, topics, n, options, queue);
        ok = admin_await(a, queue, "deleting topics", &ev, err) && take_deleted(a, ev, err) &&
             await_gone(a, names, n, err);
    }
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_DeleteTopic_destroy_array(topics, n);
    mem_free(topics);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

/* ---- alter ----------------------------------------------------------------------------- */

static const struct topic_value *wished(const struct topic_wish *w, const char *name)
{
    size_t i;

    for (i = 0; i < w->n_configs; i++)
        if (strcmp(w->configs[i].name, name) == 0)
            return &w->configs[i];
    return NULL;
}

static const struct topic_setting *setting_of(const struct topic_state *t, const char *name)
{
    size_t i;

    for (i = 0; i < t->n_settings; i++)
        if (strcmp(t->settings[i].name, name) == 0)
            return &t->settings[i];
    return NULL;
}

static bool describe_one(struct admin *a, const char *name, struct arena *arena,
                         struct topic_state *out, struct err *err)
{
    if (!admin_topics(a, &name, 1, true, arena, out, err))
        return false;
    if (!out->exists)
        return err_set(err, ERR_KAFKA, "kafka %s: alter topic %s: there is no such topic",
                       a->client.brokers, name);
    return true;
}

static bool take_altered(struct admin *a, rd_kafka_event_t *ev, const char *name, struct err *err)
{
    const rd_kafka_ConfigResource_t **res;
    rd_kafka_resp_err_t               code;
    size_t                            n;

    res = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(ev), &n);
    code = n == 1 ? rd_kafka_ConfigResource_error(res[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        (void)client_fail(&a->client, err, code, "no right to alter its configuration", "topic %s",
                          name);
        return client_hint_right(&a->client, err, "AlterConfigs", name);
    }
    return client_fail(&a->client, err, code,
                       n == 1 ? rd_kafka_ConfigResource_error_string(res[0]) : NULL,
                       "alter topic %s", name);
}

/* The protocol call replaces all overrides, so those that stay are sent along. */
static bool ask_alter(struct admin *a, const struct topic_wish *w, const struct topic_state *now,
                      struct err *err)
{
    rd_kafka_ConfigResource_t *res = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, w->name);
    rd_kafka_AdminOptions_t   *options = admin_options(a, RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
    rd_kafka_queue_t          *queue = rd_kafka_queue_new(a->client.rk);
    rd_kafka_event_t          *ev = NULL;
    size_t                     i;
    bool                       ok;

    for (i = 0; i < now->n_settings; i++)
        if (now->settings[i].dynamic && now->settings[i].value && !wished(w, now->settings[i].name))
            (void)rd_kafka_ConfigResource_set_config(res, now->settings[i].name,
                                                     now->settings[i].value);
    for (i = 0; i < w->n_configs; i++)
        (void)rd_kafka_ConfigResource_set_config(res, w->configs[i].name, w->configs[i].value);
    rd_kafka_AlterConfigs(a->client.rk, &res, 1, options, queue);
    ok = admin_await(a, queue, "altering a topic", &ev, err) && take_altered(a, ev, w->name, err);
    if (ev)
        rd_kafka_event_destroy(ev);
    rd_kafka_ConfigResource_destroy(res);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return ok;
}

/* Does the broker show the wished values? */
static bool shows(const struct topic_state *t, const struct topic_wish *w)
{
    size_t i;

    for (i = 0; i < w->n_configs; i++) {
        const struct topic_setting *s = setting_of(t, w->configs[i].name);

        if (!s || !s->value || strcmp(s->value, w->configs[i].value) != 0)
            return false;
    }
    return true;
}

static bool await_values(struct admin *a, const struct topic_wish *w, struct arena *arena,
                         struct err *err)
{
    int64_t            since = clock_mono_ns();
    struct topic_state now;

    for (;;) {
        arena_reset(arena);
        if (!describe_one(a, w->name, arena, &now, err))
            return false;
        if (shows(&now, w))
            return true;
        if (late(a, since))
            return err_set(err, ERR_KAFKA,
                           "kafka %s: topic %s was altered, but does not show the new values",
                           a->client.brokers, w->name);
        if (!client_go_on(&a->client, err, "altering a topic"))
            return false;
        clock_sleep_ms(ADMIN_TICK_MS);
    }
}

bool admin_alter(struct admin *a, const struct topic_wish *wish, struct err *err)
{
    struct arena      *arena = arena_new(16384);
    struct topic_state now;
    bool               ok;

    ok = describe_one(a, wish->name, arena, &now, err) && ask_alter(a, wish, &now, err) &&
         await_values(a, wish, arena, err);
    arena_free(arena);
    return ok;
}
