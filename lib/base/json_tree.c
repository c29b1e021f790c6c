/*
 * json_tree.c - a small document as a tree, built from json_parse's events.
 */
#include "lib/base/json.h"

struct tree_frame {
    struct json_node *node;
    struct json_node *last; /* child */
};

struct tree_builder {
    struct arena     *arena;
    struct json_node *root;
    struct slice      name; /* of the member whose value comes next */
    size_t            depth;
    struct tree_frame frames[JSON_MAX_DEPTH];
};

static struct json_node *add_node(struct tree_builder *t, enum json_type type, struct slice text)
{
    struct json_node  *node = arena_alloc(t->arena, sizeof(*node));
    struct tree_frame *up;

    memset(node, 0, sizeof(*node));
    node->type = type;
    node->text = text;
    if (t->depth == 0) {
        t->root = node;
        return node;
    }
    up = &t->frames[t->depth - 1];
    if (up->node->type == JSON_OBJECT)
        node->name = t->name;
    if (up->last)
        up->last->next = node;
    else
        up->node->first = node;
    up->last = node;
    up->node->n++;
    return node;
}

static void open_node(struct tree_builder *t, enum json_type type)
{
    struct json_node *node = add_node(t, type, slice_of(NULL, 0));

    t->frames[t->depth++] = (struct tree_frame){ node, NULL }; /* json_parse caps the depth */
}

static bool tree_null(void *ctx)
{
    (void)add_node(ctx, JSON_NULL, SLICE("null"));
    return true;
}

static bool tree_boolean(void *ctx, bool value)
{
    (void)add_node(ctx, JSON_BOOL, value ? SLICE("true") : SLICE("false"));
    return true;
}

static bool tree_number(void *ctx, struct slice spelled)
{
    struct tree_builder *t = ctx;

    (void)add_node(t, JSON_NUMBER, arena_copy(t->arena, spelled));
    return true;
}

static bool tree_string(void *ctx, struct slice text)
{
    struct tree_builder *t = ctx;

    (void)add_node(t, JSON_STRING, arena_copy(t->arena, text));
    return true;
}

static bool tree_start_object(void *ctx)
{
    open_node(ctx, JSON_OBJECT);
    return true;
}

static bool tree_start_array(void *ctx)
{
    open_node(ctx, JSON_ARRAY);
    return true;
}

static bool tree_key(void *ctx, struct slice name)
{
    struct tree_builder *t = ctx;

    t->name = arena_copy(t->arena, name);
    return true;
}

static bool tree_end(void *ctx)
{
    struct tree_builder *t = ctx;

    t->depth--;
    return true;
}

bool json_tree(struct slice doc, struct arena *a, const struct json_node **root, struct err *err)
{
    static const struct json_events events = {
        .null = tree_null,
        .boolean = tree_boolean,
        .number = tree_number,
        .string = tree_string,
        .start_object = tree_start_object,
        .key = tree_key,
        .end_object = tree_end,
        .start_array = tree_start_array,
        .end_array = tree_end,
    };
    struct tree_builder t;

    t.arena = a;
    t.root = NULL;
    t.name = slice_of(NULL, 0);
    t.depth = 0;
    if (!json_parse(doc, &events, &t, err))
        return false;
    *root = t.root;
    return true;
}

const struct json_node *json_get(const struct json_node *node, const char *name)
{
    const struct json_node *found = NULL;
    struct slice            wanted = slice_str(name);

    if (!node || node->type != JSON_OBJECT)
        return NULL;
    for (const struct json_node *child = node->first; child; child = child->next)
        if (slice_eq(child->name, wanted))
            found = child;
    return found;
}
