#include "tests/support/model_case.h"

bool state_has_ended(enum state state)
{
    return state == STATE_SUCCESS || state == STATE_WARNING || state == STATE_FAILED ||
           state == STATE_KILLED;
}

static struct slice text_of(const struct json_node *node)
{
    return node ? node->text : (struct slice){ NULL, 0 };
}

static int64_t number_of(const struct json_node *node)
{
    char   text[24] = "";
    size_t n = node ? node->text.n : 0;

    if (n > 0 && n < sizeof(text))
        memcpy(text, node->text.p, n);
    return strtoll(text, NULL, 10);
}

static size_t texts_of(const struct json_node *list, struct arena *a, struct slice **out)
{
    size_t n = list ? list->n : 0, i = 0;

    *out = arena_alloc(a, (n + 1) * sizeof(**out));
    for (const struct json_node *item = list ? list->first : NULL; item; item = item->next)
        (*out)[i++] = item->text;
    return n;
}

static void read_children(const struct json_node *list, struct arena *a, struct model_case *c)
{
    size_t i = 0;

    c->n_children = list ? list->n : 0;
    c->children = arena_alloc(a, (c->n_children + 1) * sizeof(*c->children));
    for (const struct json_node *item = list ? list->first : NULL; item; item = item->next) {
        const struct json_node *execution = json_get(item, "execution");
        struct child           *child = &c->children[i++];

        *child = (struct child){
            .id = text_of(json_get(execution, "id")),
            .task_id = text_of(json_get(json_get(execution, "trigger"), "id")),
            .run_id = text_of(json_get(item, "run")),
            .state = state_parse(text_of(json_get(json_get(execution, "state"), "current"))),
        };
        child->ended = state_has_ended(child->state);
    }
}

static void read_log(const struct json_node *list, struct model_case *c)
{
    for (const struct json_node *item = list ? list->first : NULL; item; item = item->next) {
        const struct slice t = item->text;

        c->looped |= slice_eq(t, SLICE("LOOP"));
        c->task_failure |= memmem(t.p, t.n, "Can't find task", 15) != NULL;
        c->call_failure |= memmem(t.p, t.n, "Unable to find subflow", 22) != NULL;
    }
}

static struct model_resumed read_resumed(const struct json_node *node)
{
    return (struct model_resumed){ .final = state_parse(text_of(json_get(node, "final"))),
                                   .dropped = number_of(json_get(node, "dropped")) };
}

static void read_answer(const struct json_node *root, struct arena *a, struct model_case *c)
{
    const struct json_node *resumed = json_get(root, "resumed");

    c->made = text_of(json_get(root, "from"));
    c->registered = slice_eq(text_of(json_get(root, "registered")), SLICE("true"));
    c->final = state_parse(text_of(json_get(root, "final")));
    c->n_runs = texts_of(json_get(root, "runs"), a, &c->runs);
    c->n_dispatched = texts_of(json_get(root, "dispatched"), a, &c->dispatched);
    c->n_created = texts_of(json_get(root, "created"), a, &c->created);
    c->dropped = number_of(json_get(root, "dropped"));
    c->flowtrig = number_of(json_get(root, "flowtrig"));
    c->waits = number_of(json_get(root, "waits"));
    c->timers = number_of(json_get(root, "timers"));
    read_log(json_get(root, "log"), c);
    c->has_resumed = resumed != NULL;
    c->alone = read_resumed(json_get(resumed, "alone"));
    c->sent = read_resumed(json_get(resumed, "sent"));
}

bool model_case_read(struct slice line, struct arena *a, struct model_case *out, struct err *err)
{
    static const struct json_path paths[] = { { "flow", NULL }, { "execution", NULL } };
    const struct json_node       *root;
    struct json_value             found[2];

    *out = (struct model_case){ .line = line };
    if (!json_find(line, paths, 2, JSON_FIND_ALL, found, err) || !json_tree(line, a, &root, err))
        return false;
    if (found[0].type != JSON_OBJECT || found[1].type != JSON_OBJECT)
        return err_set(err, ERR_DATA, "a case has a flow and an execution");
    out->flow = found[0].raw;
    out->execution = found[1].raw;
    read_children(json_get(root, "children"), a, out);
    read_answer(root, a, out);
    return true;
}
