/*
 * layout_read.c - the tables of a layout file: which members there are and where they go.
 */
#include "lib/kestra/layout_fields.h"

#define AT(struct_, member)         .at = offsetof(struct struct_, member)
#define AT2(struct_, first, second) AT(struct_, first), .at_n = offsetof(struct struct_, second)
#define TEXT(struct_, member)       .type = FIELD_TEXT, AT(struct_, member)
#define BOOL(struct_, member)       .type = FIELD_BOOL, AT(struct_, member)
#define INT(struct_, member, low, high)                                                            \
    .type = FIELD_INT, AT(struct_, member), .min = (low), .max = (high)
#define LIST(struct_, member, check)                                                               \
    .type = FIELD_LIST, AT2(struct_, member, n_##member), .item = check
#define STRINGS(struct_, first, second, check)                                                     \
    .type = FIELD_LIST, AT2(struct_, first, second), .item = check
#define SUB(reader) .type = FIELD_SUB, .sub = reader
#define MUST        .mandatory = true

#define MAX_TOPICS 256 /* each is compared with all others */

/* ---- key templates ------------------------------------------------------------------------ */

static bool read_key_null(struct place at, const struct entry *e, struct err *err)
{
    const char      *words[] = { "refuse", "skip", "minus-one" };
    struct key_part *part = at.into;

    if (!entry_is_text(e, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(e->text, words[i]) == 0) {
            part->null = (enum key_null)i;
            return true;
        }
    return entry_unknown(e, "missing:", e->text, words, COUNT_OF(words), err);
}

static bool read_key_parts(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "member", MUST, TEXT(key_part, member) },
        { .name = "missing", SUB(read_key_null) },
    };
    struct key_template *key = at.into;

    if (!entry_is_type(e, YAML_SEQUENCE, err))
        return false;
    if (e->n == 0 || e->n > LAYOUT_MAX_KEY_PARTS)
        return entry_err(err, e, "a key has 1 to %d parts, not %zu", LAYOUT_MAX_KEY_PARTS, e->n);
    key->n_parts = 0;
    for (const struct entry *item = e->first; item; item = item->next) {
        struct place into = { at.layout, &key->parts[key->n_parts++] };

        if (!fields_read(into, item, fields, COUNT_OF(fields), err))
            return false;
    }
    return true;
}

static bool read_key(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "separator", MUST, TEXT(key_template, separator) },
        { .name = "parts", MUST, SUB(read_key_parts) },
    };
    struct kind_layout *kind = at.into;
    struct place        into = { at.layout, &kind->key };

    return fields_read(into, e, fields, COUNT_OF(fields), err);
}

/* ---- kinds -------------------------------------------------------------------------------- */

static bool read_compare(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "dates", LIST(kind_layout, dates, entry_is_pattern) },
        { .name = "states", LIST(kind_layout, states, entry_is_pattern) },
        { .name = "labels", LIST(kind_layout, labels, entry_is_pattern) },
        { .name = "verbatim", LIST(kind_layout, verbatim, entry_is_pattern) },
        { .name = "absent_false",
          .type = FIELD_LIST,
          AT2(kind_layout, absent_false, n_false),
          .item = entry_is_pattern },
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_staging(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "tenants", STRINGS(staging_layout, tenants.items, tenants.n, entry_is_path) },
        { .name = "namespaces",
          STRINGS(staging_layout, namespaces.items, namespaces.n, entry_is_path) },
        { .name = "off", STRINGS(staging_layout, off.items, off.n, entry_is_path) },
        { .name = "disable", STRINGS(staging_layout, disable.items, disable.n, entry_is_path) },
        { .name = "keys", STRINGS(staging_layout, keys.items, keys.n, entry_is_path) },
        { .name = "clear", STRINGS(staging_layout, clear.items, clear.n, entry_is_path) },
        { .name = "fixed", STRINGS(staging_layout, fixed.items, fixed.n, entry_is_path) },
        { .name = "whole", STRINGS(staging_layout, whole.items, whole.n, entry_is_path) },
        { .name = "mask", STRINGS(staging_layout, mask.items, mask.n, entry_is_path) },
        { .name = "pass", STRINGS(staging_layout, pass.items, pass.n, entry_is_path) },
        { .name = "members", STRINGS(staging_layout, members.items, members.n, entry_is_path) },
        { .name = "mask_rest", BOOL(staging_layout, mask_rest) },
    };
    struct kind_layout *kind = at.into;
    struct place        into = { at.layout, &kind->staging };

    return fields_read(into, e, fields, COUNT_OF(fields), err);
}

static bool read_kind(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "enabled", BOOL(kind_layout, enabled) },
        { .name = "table", MUST, TEXT(kind_layout, table) },
        { .name = "index", .type = FIELD_INDEX, MUST, AT(kind_layout, index) },
        { .name = "source_member", TEXT(kind_layout, source_member) },
        { .name = "has_deleted", BOOL(kind_layout, has_deleted) },
        { .name = "has_tenant", BOOL(kind_layout, has_tenant) },
        { .name = "has_source", BOOL(kind_layout, has_source) },
        { .name = "add_source", BOOL(kind_layout, add_source) },
        { .name = "key", MUST, SUB(read_key) },
        { .name = "drop", LIST(kind_layout, drop, entry_is_text) },
        { .name = "unlock", LIST(kind_layout, unlock, entry_is_text) },
        { .name = "required", LIST(kind_layout, required, entry_is_text) },
        { .name = "compare", SUB(read_compare) },
        { .name = "staging", SUB(read_staging) },
    };
    struct kind_layout *kind = at.into;

    kind->enabled = true;
    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool find_kind(const struct entry *e, const char *word, enum kind *out, struct err *err)
{
    const char *names[KIND_COUNT];

    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kind_name((enum kind)i);
        if (strcmp(names[i], word) == 0) {
            *out = (enum kind)i;
            return true;
        }
    }
    return entry_unknown(e, "the kind", word, names, KIND_COUNT, err);
}

static bool read_kinds(struct place at, const struct entry *e, struct err *err)
{
    if (!entry_is_type(e, YAML_MAPPING, err))
        return false;
    for (const struct entry *member = e->first; member; member = member->next) {
        enum kind    kind = KIND_COUNT;
        struct place into = { at.layout, NULL };

        if (!find_kind(member, member->key, &kind, err))
            return false;
        if (!kind_is_stored(kind))
            return entry_err(err, member, "%s is in no store: only its topic is declared",
                             kind_name(kind));
        into.into = &at.layout->kinds[kind];
        if (!read_kind(into, member, err))
            return false;
    }
    return true;
}

/* ---- topics ------------------------------------------------------------------------------- */

static bool read_topic_kind(struct place at, const struct entry *e, struct err *err)
{
    struct topic_layout *topic = at.into;

    return entry_is_text(e, err) && find_kind(e, e->text, &topic->kind, err);
}

static bool read_configs(struct place at, const struct entry *e, struct err *err)
{
    struct topic_layout *topic = at.into;

    if (!entry_is_type(e, YAML_MAPPING, err))
        return false;
    topic->configs = arena_alloc(at.layout->arena, (e->n + 1) * sizeof(*topic->configs));
    for (const struct entry *member = e->first; member; member = member->next) {
        if (!entry_is_text(member, err))
            return false;
        topic->configs[topic->n_configs++] = (struct topic_config){ member->key, member->text };
    }
    return true;
}

static bool read_topic(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "name", .type = FIELD_NAME, MUST, AT(topic_layout, name) },
        { .name = "sibling", TEXT(topic_layout, sibling) },
        { .name = "kind", SUB(read_topic_kind) },
        { .name = "assumed", BOOL(topic_layout, assumed) },
        { .name = "partitions", INT(topic_layout, partitions, 1, 100000) },
        { .name = "replication", INT(topic_layout, replication, 1, 32767) },
        { .name = "configs", SUB(read_configs) },
    };
    struct topic_layout *topic = at.into;

    *topic = (struct topic_layout){
        .id = e->key,
        .kind = KIND_COUNT,
        .assumed = at.layout->assumed,
    };
    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_topics(struct place at, const struct entry *e, struct err *err)
{
    struct layout *l = at.layout;

    if (!entry_is_type(e, YAML_MAPPING, err))
        return false;
    if (e->n > MAX_TOPICS)
        return entry_err(err, e, "%zu topics; at most %d", e->n, MAX_TOPICS);
    l->topics = arena_alloc(l->arena, (e->n + 1) * sizeof(*l->topics));
    for (const struct entry *member = e->first; member; member = member->next) {
        struct place into = { l, &l->topics[l->n_topics++] };

        if (!read_topic(into, member, err))
            return false;
    }
    return true;
}

/* ---- the layout --------------------------------------------------------------------------- */

static bool read_inclusion(struct place at, const struct entry *e, struct err *err)
{
    const char *words[] = { "non_empty", "non_null" };

    if (!entry_is_text(e, err))
        return false;
    at.layout->drop_empty = strcmp(e->text, words[0]) == 0;
    if (at.layout->drop_empty || strcmp(e->text, words[1]) == 0)
        return true;
    return entry_unknown(e, "inclusion:", e->text, words, COUNT_OF(words), err);
}

static bool read_flyway(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "plain",
          .type = FIELD_RANGE,
          AT2(layout, plain_min, plain_max),
          .min = 1,
          .max = 999999 },
        { .name = "minor",
          .type = FIELD_RANGE,
          AT2(layout, minor_min, minor_max),
          .min = 1,
          .max = 999999 },
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_states(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "terminal",
          MUST,
          STRINGS(layout, terminal.items, terminal.n, entry_is_terminal_state) },
        { .name = "known", MUST, STRINGS(layout, known.items, known.n, entry_is_state) },
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_executor(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "paused_ends", BOOL(executor_layout, paused_ends) },
        { .name = "subflow_runs", BOOL(executor_layout, subflow_runs) },
        { .name = "subflow_waits", BOOL(executor_layout, subflow_waits) },
        { .name = "kills_at_once", BOOL(executor_layout, kills_at_once) },
        { .name = "skips_terminal", BOOL(executor_layout, skips_terminal) },
        { .name = "refires_terminal", BOOL(executor_layout, refires_terminal) },
        { .name = "items_split", BOOL(executor_layout, items_split) },
        { .name = "poison_number", BOOL(executor_layout, poison_number) },
        { .name = "parent_task_run", BOOL(executor_layout, parent_task_run) },
    };
    struct place into = { at.layout, &at.layout->executor };

    return fields_read(into, e, fields, COUNT_OF(fields), err);
}

#define CLASSES(name_, type)                                                                       \
    {                                                                                              \
        .name = (name_), STRINGS(layout, tasks[type].items, tasks[type].n, entry_is_class)         \
    }

static bool read_tasks(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        CLASSES("sequential", TASK_SEQUENTIAL),
        CLASSES("parallel", TASK_PARALLEL),
        CLASSES("each-sequential", TASK_EACH_SEQUENTIAL),
        CLASSES("each-parallel", TASK_EACH_PARALLEL),
        CLASSES("for-each", TASK_FOR_EACH),
        CLASSES("for-each-item", TASK_FOR_EACH_ITEM),
        CLASSES("switch", TASK_SWITCH),
        CLASSES("if", TASK_IF),
        CLASSES("allow-failure", TASK_ALLOW_FAILURE),
        CLASSES("worker", TASK_WORKER),
        CLASSES("dag", TASK_DAG),
        CLASSES("loop-until", TASK_LOOP_UNTIL),
        CLASSES("pause", TASK_PAUSE),
        CLASSES("subflow", TASK_SUBFLOW),
        CLASSES("template", TASK_TEMPLATE),
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_staging_names(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "webhooks",
          STRINGS(layout, staging.webhooks.items, staging.webhooks.n, entry_is_class) },
        { .name = "packages",
          STRINGS(layout, staging.packages.items, staging.packages.n, entry_is_class) },
        { .name = "filter_fields",
          STRINGS(layout, staging.filter_fields.items, staging.filter_fields.n, entry_is_text) },
        { .name = "filter_types",
          STRINGS(layout, staging.filter_types.items, staging.filter_types.n, entry_is_text) },
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

static bool read_liveness(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "table", MUST, TEXT(liveness_layout, table) },
        { .name = "state", MUST, TEXT(liveness_layout, state) },
        { .name = "live", MUST, STRINGS(liveness_layout, live.items, live.n, entry_is_text) },
        { .name = "heartbeat", MUST, TEXT(liveness_layout, heartbeat) },
        { .name = "type", TEXT(liveness_layout, type) },
    };
    struct place into = { at.layout, &at.layout->liveness };

    return fields_read(into, e, fields, COUNT_OF(fields), err);
}

static bool read_reset(struct place at, const struct entry *e, struct err *err)
{
    static const struct field fields[] = {
        { .name = "groups", STRINGS(layout, reset_groups.items, reset_groups.n, entry_is_name) },
        { .name = "changelogs",
          STRINGS(layout, reset_changelogs.items, reset_changelogs.n, entry_is_name) },
        { .name = "directories",
          STRINGS(layout, reset_directories.items, reset_directories.n, entry_is_name) },
    };

    return fields_read(at, e, fields, COUNT_OF(fields), err);
}

bool layout_read(const struct entry *root, struct layout *l, struct err *err)
{
    static const struct field fields[] = {
        { .name = "name", MUST, TEXT(layout, name) },
        { .name = "releases", MUST, TEXT(layout, releases) },
        { .name = "assumed", BOOL(layout, assumed) },
        { .name = "inclusion", MUST, SUB(read_inclusion) },
        { .name = "partitions", MUST, INT(layout, partitions, 1, 100000) },
        { .name = "replication", MUST, INT(layout, replication, 1, 32767) },
        { .name = "message_max_bytes",
          .type = FIELD_SIZE,
          MUST,
          AT(layout, message_max_bytes),
          .min = 1024,
          .max = 1000000000 },
        { .name = "topic_prefix", .type = FIELD_PREFIX, MUST, AT(layout, topic_prefix) },
        { .name = "consumer_prefix", .type = FIELD_PREFIX, MUST, AT(layout, consumer_prefix) },
        { .name = "index_prefix", .type = FIELD_PREFIX, MUST, AT(layout, index_prefix) },
        { .name = "flyway", SUB(read_flyway) },
        { .name = "evidence", STRINGS(layout, evidence.items, evidence.n, entry_is_text) },
        { .name = "hints", STRINGS(layout, hints.items, hints.n, entry_is_text) },
        { .name = "states", MUST, SUB(read_states) },
        { .name = "executor", MUST, SUB(read_executor) },
        { .name = "tasks", MUST, SUB(read_tasks) },
        { .name = "kinds", MUST, SUB(read_kinds) },
        { .name = "topics", MUST, SUB(read_topics) },
        { .name = "staging", SUB(read_staging_names) },
        { .name = "liveness", SUB(read_liveness) },
        { .name = "reset", SUB(read_reset) },
    };
    struct place at = { l, l };

    return fields_read(at, root, fields, COUNT_OF(fields), err);
}
