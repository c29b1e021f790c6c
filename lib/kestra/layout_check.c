/*
 * layout_check.c - what the members of a layout must say together.
 */
#include "lib/kestra/layout_fields.h"

#define TOPIC_NAME_MAX 249 /* Kafka's own limit */

static const char kafka_letters[] = "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789._-";

/* The entry of a topic's member, or of the topic itself, for its line. */
static const struct entry *topic_entry(const struct entry *root, const struct topic_layout *t,
                                       const char *member)
{
    const struct entry *topic = entry_get(entry_get(root, "topics"), t->id);
    const struct entry *e = entry_get(topic, member);

    return e ? e : topic;
}

static const struct topic_layout *topic_by_id(const struct layout *l, const char *id)
{
    for (size_t i = 0; i < l->n_topics; i++)
        if (strcmp(l->topics[i].id, id) == 0)
            return &l->topics[i];
    return NULL;
}

/* The name that the layout's own prefixes give must be one that Kafka takes. */
static bool check_name(const struct entry *e, const char *name, struct err *err)
{
    size_t n = strlen(name);

    if (name[strspn(name, kafka_letters)] != '\0')
        return entry_err(err, e, "\"%s\" is no topic name: letters, digits, dot, _ and - only",
                         name);
    if (n > TOPIC_NAME_MAX)
        return entry_err(err, e, "a topic name of %zu characters; Kafka takes %d", n,
                         TOPIC_NAME_MAX);
    if (n == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return entry_err(err, e, "\"%s\" is no topic name", name);
    return true;
}

/* A topic follows another one directly, so that a family has one head and no circle. */
static bool check_sibling(const struct entry *root, const struct layout *l,
                          const struct topic_layout *t, struct err *err)
{
    const struct entry        *e = topic_entry(root, t, "sibling");
    const struct topic_layout *head;

    if (!t->sibling)
        return true;
    head = topic_by_id(l, t->sibling);
    if (!head)
        return entry_err(err, e, "sibling: there is no topic \"%s\"", t->sibling);
    if (head == t)
        return entry_err(err, e, "sibling: %s names itself", t->id);
    if (head->sibling)
        return entry_err(err, e, "sibling: %s follows %s itself; name that one", head->id,
                         head->sibling);
    if (t->partitions != 0 &&
        t->partitions != (head->partitions ? head->partitions : l->partitions))
        return entry_err(err, topic_entry(root, t, "partitions"),
                         "%s must have as many partitions as its sibling %s", t->id, head->id);
    return true;
}

static bool check_kind(const struct entry *root, const struct layout *l,
                       const struct topic_layout *t, struct err *err)
{
    const struct entry *e = topic_entry(root, t, "kind");

    if (t->kind == KIND_COUNT)
        return true;
    if (!l->kinds[t->kind].enabled)
        return entry_err(err, e, "kind: the layout has no %s", kind_name(t->kind));
    return true;
}

/* No two topics fill the same kind or have the same name. names: of all topics, with prefixes. */
static bool check_pairs(const struct entry *root, const struct layout *l, const char *const *names,
                        size_t which, struct err *err)
{
    const struct topic_layout *t = &l->topics[which];

    for (size_t i = 0; i < which; i++) {
        const struct topic_layout *other = &l->topics[i];

        if (t->kind != KIND_COUNT && t->kind == other->kind)
            return entry_err(err, topic_entry(root, t, "kind"),
                             "%s and %s are both topics of the kind %s", other->id, t->id,
                             kind_name(t->kind));
        if (strcmp(names[which], names[i]) == 0)
            return entry_err(err, topic_entry(root, t, "name"), "%s and %s are both named \"%s\"",
                             other->id, t->id, names[which]);
    }
    return true;
}

static bool check_kinds_have_topics(const struct entry *root, const struct layout *l,
                                    struct err *err)
{
    const struct entry *kinds = entry_get(root, "kinds");
    size_t              n = 0;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!l->kinds[i].enabled)
            continue;
        n++;
        if (!layout_topic_of(l, (enum kind)i))
            return entry_err(err, entry_get(kinds, kind_name((enum kind)i)),
                             "the kind %s has no topic", kind_name((enum kind)i));
    }
    if (n == 0)
        return entry_err(err, kinds, "no kind is enabled");
    if (l->kinds[KIND_FLOW].enabled != l->kinds[KIND_FLOW_LAST].enabled)
        return entry_err(err, kinds,
                         "flow and flow-last go together: the one is projected from the other");
    return true;
}

/* "member:execution.labels": a kind that this layout has, and a member. */
static bool check_hint(const struct entry *e, const struct layout *l, struct err *err)
{
    static const char word[] = "member:";
    const char       *names[KIND_COUNT];
    char              kind[64];
    const char       *name = e->text + sizeof(word) - 1;
    const char       *dot = strchr(e->text, '.');

    if (strncmp(e->text, word, sizeof(word) - 1) != 0 || !dot || dot == name || dot[1] == '\0')
        return entry_err(err, e, "the hint \"%s\" is not member:KIND.MEMBER", e->text);
    (void)snprintf(kind, sizeof(kind), "%.*s", (int)(dot - name), name);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kind_name((enum kind)i);
        if (strcmp(names[i], kind) != 0)
            continue;
        return l->kinds[i].enabled ||
               entry_err(err, e, "the hint \"%s\": the layout has no %s", e->text, kind);
    }
    return entry_unknown(e, "the kind", kind, names, KIND_COUNT, err);
}

static bool check_hints(const struct entry *root, const struct layout *l, struct err *err)
{
    const struct entry *hints = entry_get(root, "hints");

    for (const struct entry *e = hints ? hints->first : NULL; e; e = e->next)
        if (!check_hint(e, l, err))
            return false;
    return true;
}

/* A layout that has the topic has the kind: nothing else is to be said of it. */
static void enable_links(struct layout *l)
{
    struct kind_layout *links = &l->kinds[KIND_SUBFLOW_LINK];

    for (size_t i = 0; i < l->n_topics; i++)
        links->enabled = links->enabled || l->topics[i].kind == KIND_SUBFLOW_LINK;
    links->key.separator = "_";
    links->key.n_parts = 1;
    links->key.parts[0] = (struct key_part){ "id", KEY_NULL_REFUSE };
}

static bool is_in(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

static bool check_states(const struct entry *root, const struct layout *l, struct err *err)
{
    const struct entry *states = entry_get(root, "states");

    if (l->terminal.n == 0)
        return entry_err(err, states, "terminal: no state ends an execution");
    for (size_t i = 0; i < l->terminal.n; i++)
        if (!is_in(&l->known, l->terminal.items[i]))
            return entry_err(err, states, "terminal: %s is not among the known states",
                             l->terminal.items[i]);
    return true;
}

/* A class is one type of task. */
static bool check_tasks(const struct entry *root, const struct layout *l, struct err *err)
{
    const struct entry *tasks = entry_get(root, "tasks");

    for (const struct entry *list = tasks->first; list; list = list->next)
        for (const struct entry *e = list->first; e; e = e->next) {
            size_t types = 0;

            for (size_t i = 0; i < TASK_TYPE_COUNT; i++)
                types += is_in(&l->tasks[i], e->text) ? 1 : 0;
            if (types > 1)
                return entry_err(err, e, "%s is in two lists of tasks", e->text);
        }
    return true;
}

bool layout_check(const struct entry *root, struct layout *l, struct err *err)
{
    const char **names = arena_alloc(l->arena, (l->n_topics + 1) * sizeof(*names));

    enable_links(l);
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct topic_layout *t = &l->topics[i];

        names[i] = layout_name(t->name, l->topic_prefix, l->consumer_prefix, l->arena);
        if (!check_name(topic_entry(root, t, "name"), names[i], err) ||
            !check_sibling(root, l, t, err) || !check_kind(root, l, t, err) ||
            !check_pairs(root, l, names, i, err))
            return false;
    }
    return check_states(root, l, err) && check_tasks(root, l, err) &&
           check_kinds_have_topics(root, l, err) && check_hints(root, l, err);
}
