/*
 * json_known.c - the walk over a text that is known to be JSON (json_walk_known).
 *
 * DESIGN: a cursor that goes from token to token and looks only at what says where the next one is.
 * What the walk does not want is passed over by json_skip_nested(), 64 bytes at a time. An
 * execution of 3 KB takes 1 to 2 us so, with yajl 10.
 *
 * It proves nothing: wherever a byte is not what JSON has there, it stops and says so. Any bytes
 * are safe: the cursor only grows, and nothing is read at or behind the text's end.
 */
#include "lib/base/json_cursor.h"

#include <assert.h>

#include "lib/base/json_impl.h"

struct walker {
    struct json_cursor      c;
    const struct json_walk *walk;
    json_wants_fn           wants;
    void                   *ctx;
    bool                    stopped; /* by a callback */
};

bool json_pass_odd_string(struct json_cursor *c, size_t at)
{
    struct slice doc = c->doc;

    for (;; at++) {
        const char *quote = memchr(doc.p + at, '"', doc.n - at);

        if (!quote)
            return false;
        at = (size_t)(quote - doc.p);
        if (doc.p[at - 1] != '\\' || !json_is_escaped(doc, at))
            break;
    }
    c->at = at + 1;
    return true;
}

bool json_pass_nested(struct json_cursor *c, unsigned depth)
{
    c->at = json_skip_nested(c->doc, c->at, depth);
    return c->at < c->doc.n; /* another bracket is around it */
}

static bool told(struct walker *w, bool goes_on)
{
    w->stopped = w->stopped || !goes_on;
    return goes_on;
}

static bool pass_inside(struct walker *w, unsigned depth, enum json_type type);

/* The object or list at the cursor. */
static bool pass_container(struct walker *w, unsigned depth, struct slice name, enum json_type type)
{
    const struct json_walk *walk = w->walk;

    if (depth == walk->max_depth)
        return json_pass_nested(&w->c, depth);
    if (walk->enter && !told(w, walk->enter(w->ctx, depth, name, type)))
        return false;
    if (depth > 0 && w->wants && !w->wants(w->ctx, depth)) {
        if (!json_pass_nested(&w->c, depth))
            return false;
    } else if (!pass_inside(w, depth, type)) {
        return false;
    }
    return !walk->leave || told(w, walk->leave(w->ctx, depth, name, type));
}

static bool pass_value(struct walker *w, unsigned depth, struct slice name)
{
    struct json_cursor *c = &w->c;
    size_t              from = c->at;
    char                first = json_peek(c);
    bool                nested = first == '{' || first == '[';
    struct json_value   v = { .type = first == '"' ? JSON_STRING : json_type_at(first) };

    if (nested ? !pass_container(w, depth, name, v.type) : !json_pass_scalar(c))
        return false;
    if (depth == 0)
        return true;
    if (c->at >= c->doc.n) /* the bracket around it is missing */
        return false;
    v.raw = slice_of(c->doc.p + from, c->at - from);
    return !w->walk->value || told(w, w->walk->value(w->ctx, depth, name, v, 0));
}

/* What is between the bracket at the cursor, of depth `depth`, and its like; over both. */
static bool pass_inside(struct walker *w, unsigned depth, enum json_type type)
{
    const char   end = type == JSON_OBJECT ? '}' : ']';
    struct slice name = { NULL, 0 };
    bool         more;

    json_pass_open(&w->c, end, &more);
    while (more) {
        if (type == JSON_OBJECT && !json_pass_name(&w->c, &name))
            return false;
        if (!pass_value(w, depth + 1, name) || !json_pass_next(&w->c, end, &more))
            return false;
    }
    return true;
}

enum json_known json_walk_known(struct slice doc, const struct json_walk *walk, json_wants_fn wants,
                                void *ctx)
{
    struct walker w = { .c = { doc, 0 }, .walk = walk, .wants = wants, .ctx = ctx };
    char          first = json_peek_token(&w.c);

    assert(walk->max_depth >= 1 && walk->max_depth <= JSON_WALK_MAX_DEPTH);
    if (first != '{' && first != '[')
        return JSON_KNOWN_UNSURE;
    if (!pass_value(&w, 0, slice_of(NULL, 0)))
        return w.stopped ? JSON_KNOWN_STOPPED : JSON_KNOWN_UNSURE;
    (void)json_peek_token(&w.c);
    return w.c.at == doc.n ? JSON_KNOWN_DONE : JSON_KNOWN_UNSURE;
}
