/*
 * flow_tree_task.c - what a flow and its tasks say about themselves.
 */
#include "lib/base/map.h"
#include "lib/kestra/flow_tree_impl.h"

/* ---- members ------------------------------------------------------------------------------ */

struct slice flow_text(const struct json_node *node, const char *name)
{
    const struct json_node *member = json_get(node, name);

    if (!member || member->type != JSON_STRING)
        return slice_of(NULL, 0);
    return member->text.p ? member->text : SLICE("");
}

bool flow_true(const struct json_node *node, const char *name)
{
    const struct json_node *member = json_get(node, name);

    return member && member->type == JSON_BOOL && member->text.p[0] == 't';
}

/* A boolean that has a default. */
static bool flag(const struct json_node *node, const char *name, bool otherwise)
{
    const struct json_node *member = json_get(node, name);

    return member && member->type == JSON_BOOL ? member->text.p[0] == 't' : otherwise;
}

static bool is_there(const struct json_node *node, const char *name)
{
    const struct json_node *member = json_get(node, name);

    return member && member->type != JSON_NULL;
}

/* A whole number from 0 to INT32_MAX. */
static int64_t number(const struct json_node *node, const char *name, int64_t otherwise)
{
    const struct json_node *member = json_get(node, name);
    int64_t                 value = 0;

    if (!member || member->type != JSON_NUMBER)
        return otherwise;
    for (size_t i = 0; i < member->text.n; i++) {
        if (member->text.p[i] < '0' || member->text.p[i] > '9')
            return otherwise;
        value = value * 10 + (member->text.p[i] - '0');
        if (value > INT32_MAX)
            return otherwise;
    }
    return value;
}

static bool has_expression(struct slice text)
{
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == '{' && strchr("{%#", text.p[i + 1]) && text.p[i + 1] != '\0')
            return true;
    return false;
}

/* ---- JSON written anew -------------------------------------------------------------------- */

static void write_node(struct json_writer *w, const struct json_node *node)
{
    switch (node->type) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        json_open(w, node->type == JSON_OBJECT ? '{' : '[');
        for (const struct json_node *c = node->first; c; c = c->next) {
            if (node->type == JSON_OBJECT)
                json_key_slice(w, c->name);
            write_node(w, c);
        }
        json_close(w, node->type == JSON_OBJECT ? '}' : ']');
        break;
    case JSON_STRING: json_put_text(w, node->text); break;
    case JSON_ABSENT: break;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER: json_put_raw(w, node->text); break;
    }
}

/* p NULL: longer than any document. */
static struct slice written(const struct json_node *node, struct arena *a)
{
    struct buf         out;
    struct json_writer w;
    struct slice       copy = { NULL, 0 };

    buf_init(&out, (size_t)256 << 20);
    json_writer_init(&w, &out, false);
    write_node(&w, node);
    if (json_writer_ok(&w))
        copy = arena_copy(a, buf_slice(&out));
    buf_release(&out);
    return copy;
}

/* ---- Each --------------------------------------------------------------------------------- */

/* How many different values a list has; false when that depends on expressions, or when Kestra
 * would refuse one of them (null). */
static bool count_values(const struct json_node *list, struct arena *a, uint32_t *n)
{
    struct map *seen = map_new();
    bool        ok = true;

    for (const struct json_node *v = list->first; v && ok; v = v->next) {
        struct slice text = written(v, a);

        ok = v->type != JSON_NULL && text.p && !has_expression(text);
        if (ok)
            (void)map_put(seen, &text);
    }
    *n = (uint32_t)map_count(seen);
    map_free(seen);
    return ok;
}

/* The values of an Each: a list, or a text that holds one. */
static void read_values(const struct json_node *values, struct task *t)
{
    struct arena           *a;
    const struct json_node *list = NULL;
    struct err              ignored = ERR_INIT;

    if (!values)
        return;
    a = arena_new(4096);
    if (values->type == JSON_ARRAY)
        list = values;
    else if (values->type == JSON_STRING && !has_expression(values->text) &&
             !json_tree(values->text, a, &list, &ignored))
        list = NULL;
    if (list && list->type == JSON_ARRAY)
        t->listed = count_values(list, a, &t->n_values);
    if (!t->listed)
        t->n_values = 0;
    arena_free(a);
}

static void read_each(const struct json_node *node, struct task *t)
{
    const struct json_node *values = json_get(node, t->type == TASK_FOR_EACH ? "values" : "value");
    int64_t                 limit;

    read_values(values, t);
    if (t->type != TASK_FOR_EACH) {
        t->concurrent = (uint32_t)number(node, "concurrent", 0);
        return;
    }
    limit = number(node, "concurrencyLimit", 1);
    t->type = limit == 1 ? TASK_EACH_SEQUENTIAL : TASK_EACH_PARALLEL;
    t->concurrent = limit == 1 ? 0 : (uint32_t)limit;
    t->by_value = limit != 1;
}

/* ---- subflows ----------------------------------------------------------------------------- */

static struct slice copy_text(struct arena *a, struct slice text)
{
    return text.p ? arena_copy(a, text) : text;
}

static void read_subflow(const struct json_node *node, struct slice tenant, bool waits,
                         struct arena *a, struct task *t)
{
    const struct json_node *of = json_get(node, "subflow"); /* ForEachItem of 0.13 */
    const struct json_node *outputs = json_get(node, "outputs");
    struct slice            own = flow_text(node, "tenantId");

    if (!of || of->type != JSON_OBJECT)
        of = node;
    t->wait = flag(of, "wait", waits);
    t->transmit_failed = flag(of, "transmitFailed", waits);
    t->has_outputs = outputs && outputs->type == JSON_OBJECT && outputs->n > 0;
    t->sub_tenant = copy_text(a, own.p ? own : tenant);
    t->sub_namespace = copy_text(a, flow_text(of, "namespace"));
    t->sub_flow = copy_text(a, flow_text(of, "flowId"));
    t->sub_dynamic = has_expression(t->sub_tenant) || has_expression(t->sub_namespace) ||
                     has_expression(t->sub_flow);
    t->sub_revision = number(of, "revision", -1);
    t->json = written(node, a);
}

/* ---- tasks -------------------------------------------------------------------------------- */

void flow_task_members(const struct layout *l, const struct json_node *node, struct slice tenant,
                       struct arena *a, struct task *t)
{
    struct slice run_if = flow_text(node, "runIf");

    t->disabled = flow_true(node, "disabled");
    t->has_retry = is_there(node, "retry");
    t->conditional = t->conditional || (run_if.p && !slice_eq(run_if, SLICE("true")));
    switch (t->type) {
    case TASK_PARALLEL:
    case TASK_DAG: t->concurrent = (uint32_t)number(node, "concurrent", 0); break;
    case TASK_EACH_SEQUENTIAL:
    case TASK_EACH_PARALLEL:
    case TASK_FOR_EACH: read_each(node, t); break;
    case TASK_PAUSE:
        t->has_delay =
            is_there(node, "delay") || is_there(node, "timeout") || is_there(node, "pauseDuration");
        break;
    case TASK_LOOP_UNTIL: t->has_delay = true; break;
    case TASK_SUBFLOW: read_subflow(node, tenant, l->executor.subflow_waits, a, t); break;
    case TASK_FOR_EACH_ITEM: read_subflow(node, tenant, true, a, t); break;
    case TASK_LEAF:
    case TASK_SEQUENTIAL:
    case TASK_SWITCH:
    case TASK_IF:
    case TASK_ALLOW_FAILURE:
    case TASK_WORKER:
    case TASK_TEMPLATE:
    case TASK_TYPE_COUNT: break;
    }
}

/* ---- templates ---------------------------------------------------------------------------- */

static bool append_part(struct buf *key, const char *separator, struct slice part)
{
    return (key->n == 0 || buf_append(key, slice_str(separator))) && buf_append(key, part);
}

struct slice template_key(const struct layout *l, const struct json_node *node, struct slice tenant,
                          struct arena *a)
{
    static const struct key_template plain = { .separator = "_",
                                               .n_parts = 2,
                                               .parts = { { "namespace", 0 }, { "id", 0 } } };
    const struct kind_layout        *kind = &l->kinds[KIND_TEMPLATE];
    const struct key_template       *t = kind->enabled ? &kind->key : &plain;
    struct slice                     key = { NULL, 0 };
    struct buf                       text;
    bool                             ok = true;

    buf_init(&text, 65536);
    for (size_t i = 0; i < t->n_parts && ok; i++) {
        const char  *member = t->parts[i].member;
        struct slice part = flow_text(node, strcmp(member, "id") == 0 ? "templateId" : member);

        if (strcmp(member, "tenantId") == 0 && !part.p)
            part = tenant;
        if (part.p)
            ok = append_part(&text, t->separator, part);
        else
            ok = t->parts[i].null == KEY_NULL_SKIP;
    }
    if (ok && text.n > 0)
        key = arena_copy(a, buf_slice(&text));
    buf_release(&text);
    return key;
}

/* ---- the flow ----------------------------------------------------------------------------- */

static bool is_flow_trigger(const struct json_node *trigger)
{
    struct slice type = flow_text(trigger, "type");

    return !flow_true(trigger, "disabled") &&
           (slice_eq(type, SLICE("io.kestra.core.models.triggers.types.Flow")) ||
            slice_eq(type, SLICE("io.kestra.plugin.core.trigger.Flow")));
}

static bool has_object(const struct json_node *node, const char *name)
{
    const struct json_node *member = json_get(node, name);

    return member && member->n > 0;
}

void flow_members(const struct json_node *root, struct flow_tree *t)
{
    const struct json_node *revision = json_get(root, "revision");
    const struct json_node *triggers = json_get(root, "triggers");
    struct slice            texts[] = { flow_text(root, "tenantId"), flow_text(root, "namespace"),
                                        flow_text(root, "id") };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i].p)
            texts[i] = arena_copy(t->arena, texts[i]);
    t->tenant = texts[0];
    t->namespace = texts[1];
    t->id = texts[2];
    if (revision && revision->type == JSON_NUMBER && revision->text.n < 19)
        t->revision = strtoll(arena_str(t->arena, revision->text), NULL, 10);
    t->deleted = flow_true(root, "deleted");
    t->disabled = flow_true(root, "disabled");
    t->has_concurrency = has_object(root, "concurrency");
    t->has_sla = has_object(root, "sla");
    for (const struct json_node *g = triggers ? triggers->first : NULL; g; g = g->next)
        t->has_flow_trigger = t->has_flow_trigger || is_flow_trigger(g);
}
