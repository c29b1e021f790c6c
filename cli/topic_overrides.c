/*
 * topic_overrides.c - see topic_overrides.h.
 */
#include "cli/topic_overrides.h"

#include "cli/kestra_name.h"

#define MAX_PARTITIONS  100000
#define MAX_REPLICATION 32767 /* Kafka has 16 bits for it */

/* ---- read --------------------------------------------------------------------------------- */

static bool take_number(struct kestra_value v, const char *name, int max, int *out, struct err *err)
{
    char *end;
    long  n;

    if (!v.text)
        return true;
    n = strtol(v.text, &end, 10);
    if (end == v.text || *end != '\0' || n < 1 || n > max)
        return err_set(err, ERR_USAGE, "%s: %s is no number between 1 and %d", v.where, name, max);
    *out = (int)n;
    return true;
}

static bool add_config(struct topic_override *t, const char *name, struct kestra_value v,
                       struct err *err)
{
    size_t i = 0;

    while (i < t->n_configs && strcmp(t->configs[i].name, name) != 0)
        i++;
    if (i == TOPIC_MAX_CONFIGS)
        return err_set(err, ERR_USAGE, "%s: more than %d properties of a topic", v.where,
                       TOPIC_MAX_CONFIGS);
    t->configs[i] = (struct topic_config){ name, v.text };
    t->n_configs += i == t->n_configs ? 1 : 0;
    return true;
}

/* One setting of a topic: name stands behind the topic's key. What is not known is Kestra's. */
static bool take_setting(struct topic_override *t, const char *name, struct kestra_value v,
                         struct err *err)
{
    const char *config = kestra_name_behind(name, "properties");

    t->where = v.where;
    if (config)
        return add_config(t, config, v, err);
    if (kestra_name_is(name, "partitions"))
        return take_number(v, "partitions", MAX_PARTITIONS, &t->partitions, err);
    /* A variable cannot say where a dot is and where a hyphen. */
    if (kestra_name_is(name, "replication-factor") || kestra_name_is(name, "replication.factor"))
        return take_number(v, "replication-factor", MAX_REPLICATION, &t->replication, err);
    if (kestra_name_is(name, "name"))
        t->name = v.text;
    return true;
}

static struct topic_override *topic_of(struct topic_overrides *o, const char *id)
{
    size_t i = 0;

    while (i < o->n && !kestra_name_is(o->topics[i].id, id))
        i++;
    if (i == o->n) {
        memset(&o->topics[i], 0, sizeof(o->topics[i]));
        o->topics[i].id = id;
        o->n++;
    }
    return &o->topics[i];
}

/* The topic whose key a setting begins with, and the setting's own name; NULL: it has none. */
static struct topic_override *split_name(struct kestra_config *kc, struct topic_overrides *o,
                                         const char **name)
{
    size_t      n = strcspn(*name, ".");
    const char *id = arena_str(kestra_config_arena(kc), slice_of(*name, n));

    if ((*name)[n] != '.')
        return NULL;
    *name += n + 1;
    return topic_of(o, id);
}

/* all: the settings are those of every topic. */
static bool take_settings(struct kestra_config *kc, struct kestra_entries e, bool all,
                          struct topic_overrides *o, struct err *err)
{
    for (size_t i = 0; i < e.n; i++) {
        const char            *name = e.items[i].name;
        struct topic_override *t = all ? &o->all : split_name(kc, o, &name);
        struct kestra_value    v;

        if (t &&
            (!kestra_config_expand(kc, &e.items[i], &v, err) || !take_setting(t, name, v, err)))
            return false;
    }
    return true;
}

bool topic_overrides_read(struct kestra_config *kc, struct topic_overrides *out, struct err *err)
{
    struct kestra_entries all = kestra_config_below(kc, "kestra.kafka.defaults.topic");
    struct kestra_entries documented = kestra_config_below(kc, "kestra.kafka.defaults.topics");
    struct kestra_entries topics = kestra_config_below(kc, "kestra.kafka.topics");

    *out = (struct topic_overrides){ .n = 0 };
    out->topics =
        arena_alloc(kestra_config_arena(kc), (documented.n + topics.n + 1) * sizeof(*out->topics));
    return take_settings(kc, all, true, out, err) &&
           take_settings(kc, documented, false, out, err) &&
           take_settings(kc, topics, false, out, err);
}

/* ---- apply -------------------------------------------------------------------------------- */

/* Set the properties of o in t, those it has already only when `replace`. */
static void merge_configs(const struct topic_override *o, bool replace, struct topic_layout *t,
                          struct arena *a)
{
    size_t               room = t->n_configs + o->n_configs + 1;
    struct topic_config *configs = arena_alloc(a, room * sizeof(*configs));
    size_t               n = t->n_configs;

    if (n > 0)
        memcpy(configs, t->configs, n * sizeof(*configs));
    for (size_t i = 0; i < o->n_configs; i++) {
        size_t k = 0;

        while (k < n && strcmp(configs[k].name, o->configs[i].name) != 0)
            k++;
        if (k == n || replace)
            configs[k] = o->configs[i];
        n += k == n ? 1 : 0;
    }
    t->configs = configs;
    t->n_configs = n;
}

static void apply_one(const struct topic_override *o, struct topic_layout *t, struct arena *a)
{
    if (o->name) {
        t->name = o->name;
        t->assumed = false; /* whoever runs it has said it */
    }
    if (o->partitions > 0)
        t->partitions = o->partitions;
    if (o->replication > 0)
        t->replication = o->replication;
    merge_configs(o, true, t, a);
}

static bool check_names(const struct topic_overrides *o, const struct layout *l,
                        const char *topic_prefix, const char *consumer_prefix, struct err *err)
{
    const char **names = arena_alloc(l->arena, (l->n_topics + 1) * sizeof(*names));

    for (size_t i = 0; i < l->n_topics; i++) {
        names[i] = layout_name(l->topics[i].name, topic_prefix, consumer_prefix, l->arena);
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return err_set(err, ERR_USAGE, "%s: %s and %s would be one topic, %.100s",
                               o->topics[0].where, l->topics[k].id, l->topics[i].id, names[i]);
    }
    return true;
}

bool topic_overrides_apply(const struct topic_overrides *o, struct layout *l,
                           const char *topic_prefix, const char *consumer_prefix, struct err *err)
{
    if (o->message_max_bytes > 0)
        l->message_max_bytes = o->message_max_bytes;
    if (o->all.partitions > 0)
        l->partitions = o->all.partitions;
    if (o->all.replication > 0)
        l->replication = o->all.replication;
    for (size_t i = 0; i < l->n_topics; i++) {
        struct topic_layout *t = &l->topics[i];

        merge_configs(&o->all, false, t, l->arena);
        for (size_t k = 0; k < o->n; k++)
            if (kestra_name_is(o->topics[k].id, t->id))
                apply_one(&o->topics[k], t, l->arena);
    }
    return o->n == 0 || check_names(o, l, topic_prefix, consumer_prefix, err);
}
