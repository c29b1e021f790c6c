/*
 * json_walk.c - the values of the upper levels of a text, as they stand.
 *
 * DESIGN: yajl is asked for nothing but the brackets, so it calls for no scalar and decodes no
 * string or name, and what lies deeper than the walk costs a counter for each bracket. What stands
 * between two brackets of the upper levels (names, scalars) is gone through by hand at the second
 * of them: yajl has been there and has proven it. `at` is how far that has come.
 */
#include "lib/base/json.h"

#include <assert.h>

#include "lib/base/json_impl.h"

/* An object or list that is open and told. */
struct walk_level {
    size_t         from; /* of its bracket */
    struct slice   name;
    enum json_type type;
    size_t         deepest; /* of what came before it: walker.deepest */
};

struct walker {
    struct json_reader      r;
    const struct json_walk *walk;
    void                   *ctx;
    size_t                  at;
    size_t                  deepest; /* nesting reached inside the innermost told level */
    struct walk_level       levels[JSON_WALK_MAX_DEPTH + 1]; /* by depth */
};

static bool tell_value(struct walker *w, size_t depth, struct slice name, struct json_value v,
                       size_t height)
{
    return !w->walk->value || w->walk->value(w->ctx, (unsigned)depth, name, v, height);
}

/* The name that starts at w->at, with the colon; empty in a list. */
static struct slice take_name(struct walker *w, enum json_type inside)
{
    struct slice doc = w->r.doc;
    size_t       from = w->at;
    size_t       end;

    if (inside != JSON_OBJECT)
        return slice_of(NULL, 0);
    end = json_scalar_end(doc, from);
    w->at = json_value_start(doc, end);
    return slice_of(doc.p + from + 1, end - from - 2);
}

/* Tell the scalars of the innermost open level from w->at up to the bracket at `to`; *name is what
 * the bracket's own value is called, when it opens one. */
static bool tell_scalars(struct walker *w, size_t to, struct slice *name)
{
    struct slice      doc = w->r.doc;
    size_t            depth = w->r.depth;
    enum json_type    inside;
    struct json_value v;

    *name = slice_of(NULL, 0);
    if (depth == 0)
        return true;
    inside = w->levels[depth - 1].type;
    while (w->at < to) {
        w->at = json_skip_space(doc, w->at);
        if (w->at < to && doc.p[w->at] == ',')
            w->at = json_skip_space(doc, w->at + 1);
        if (w->at >= to)
            break;
        *name = take_name(w, inside);
        if (w->at >= to)
            break;
        v.type = json_type_at(doc.p[w->at]);
        v.raw = slice_of(doc.p + w->at, json_scalar_end(doc, w->at) - w->at);
        w->at += v.raw.n;
        if (!tell_value(w, depth, *name, v, 0))
            return false;
    }
    return true;
}

static int walk_open(void *ctx, enum json_type type)
{
    struct walker     *w = ctx;
    size_t             depth = w->r.depth;
    size_t             from;
    struct walk_level *level;

    if (depth <= w->walk->max_depth) {
        from = json_token_end(&w->r) - 1;
        level = &w->levels[depth];
        if (!tell_scalars(w, from, &level->name))
            return 0;
        level->from = from;
        level->type = type;
        level->deepest = w->deepest;
        w->deepest = depth;
        w->at = from + 1;
        if (depth < w->walk->max_depth && w->walk->enter &&
            !w->walk->enter(w->ctx, (unsigned)depth, level->name, type))
            return 0;
    }
    if (!json_descend(&w->r))
        return 0;
    if (w->r.depth > w->deepest)
        w->deepest = w->r.depth;
    return 1;
}

static int walk_open_object(void *ctx)
{
    return walk_open(ctx, JSON_OBJECT);
}

static int walk_open_array(void *ctx)
{
    return walk_open(ctx, JSON_ARRAY);
}

static int walk_close(void *ctx)
{
    struct walker           *w = ctx;
    size_t                   depth = w->r.depth - 1;
    const struct walk_level *level;
    struct json_value        v;
    struct slice             none;
    size_t                   end;
    size_t                   height;

    if (depth > w->walk->max_depth) {
        w->r.depth--;
        return 1;
    }
    end = json_token_end(&w->r);
    level = &w->levels[depth];
    if (depth < w->walk->max_depth && !tell_scalars(w, end - 1, &none))
        return 0;
    w->r.depth--;
    w->at = end;
    height = w->deepest - depth;
    if (level->deepest > w->deepest)
        w->deepest = level->deepest;
    if (depth < w->walk->max_depth && w->walk->leave &&
        !w->walk->leave(w->ctx, (unsigned)depth, level->name, level->type))
        return 0;
    v = (struct json_value){ level->type, slice_of(w->r.doc.p + level->from, end - level->from) };
    return depth == 0 || tell_value(w, depth, level->name, v, height);
}

bool json_walk(struct slice doc, const struct json_walk *walk, void *ctx, struct err *err)
{
    static const struct json_callbacks callbacks = {
        .open_object = walk_open_object,
        .close_object = walk_close,
        .open_array = walk_open_array,
        .close_array = walk_close,
    };
    struct walker w = { .r = { .doc = doc, .max_nesting = JSON_WALK_MAX_NESTING },
                        .walk = walk,
                        .ctx = ctx };

    assert(walk->max_depth >= 1 && walk->max_depth <= JSON_WALK_MAX_DEPTH);
    return json_read(&w.r, &callbacks, false, err) == JSON_WHOLE;
}
