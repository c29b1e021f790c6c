/* fake_search_query.c - does a document match a query? (fake_search_internal.h) */
#include "tests/support/fake_search_internal.h"

#include <strings.h>

struct looked_at {
    const char             *id;
    const struct json_node *root;
};

static const struct json_node *member(const struct json_node *root, struct slice path)
{
    char  name[64];
    char *dot;

    (void)snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
    dot = strchr(name, '.');
    if (dot)
        *dot = '\0';
    root = json_get(root, name);
    root = dot ? json_get(root, dot + 1) : root;
    return root && root->type != JSON_NULL ? root : NULL;
}

static bool equals(struct slice a, struct slice b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool is_in(struct slice text, const struct json_node *list)
{
    for (const struct json_node *v = list ? list->first : NULL; v; v = v->next)
        if (equals(v->text, text))
            return true;
    return false;
}

static bool in_range(struct slice text, const struct json_node *range)
{
    const struct json_node *from = json_get(range, "gte");
    const struct json_node *to = json_get(range, "lt");
    char                    value[64];

    /* Dates of the tests have one form. */
    (void)snprintf(value, sizeof(value), "%.*s", SLICE_ARG(text));
    return (!from || strncmp(value, from->text.p, from->text.n) >= 0) &&
           (!to || strncmp(value, to->text.p, to->text.n) < 0);
}

static bool matches_field(const struct json_node *how, const struct looked_at *x)
{
    const struct json_node *field = how->first->first;
    const struct json_node *v;

    if (slice_eq(how->first->name, SLICE("exists")))
        return member(x->root, field->text) != NULL;
    v = member(x->root, field->name);
    if (!v)
        return false;
    if (slice_eq(how->first->name, SLICE("term")))
        return equals(v->text, field->text);
    if (slice_eq(how->first->name, SLICE("prefix")))
        return v->text.n >= field->text.n &&
               strncasecmp(v->text.p, field->text.p, field->text.n) == 0;
    if (slice_eq(how->first->name, SLICE("terms")))
        return is_in(v->text, field);
    return slice_eq(how->first->name, SLICE("range")) && in_range(v->text, field);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the query */
static bool matches(const struct json_node *query, const struct looked_at *x)
{
    const struct json_node *b = json_get(query, "bool");
    const struct json_node *list;
    bool                    any = false;

    if (!query || !query->first)
        return true;
    if (json_get(query, "match_none"))
        return false;
    if (json_get(query, "ids"))
        return is_in(slice_str(x->id), json_get(json_get(query, "ids"), "values"));
    if (!b)
        return matches_field(query, x);
    list = json_get(b, "filter");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        if (!matches(q, x))
            return false;
    list = json_get(b, "must_not");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        if (matches(q, x))
            return false;
    list = json_get(b, "should");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        any = any || matches(q, x);
    return any || !list;
}

bool fake_matches(const struct json_node *query, const char *id, const struct json_node *document)
{
    const struct looked_at x = { id, document };

    return matches(query, &x);
}
