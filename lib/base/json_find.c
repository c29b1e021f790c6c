/*
 * json_find.c - members of a document as byte ranges.
 *
 * DESIGN: no callback on scalars is asked for: yajl then neither calls nor decodes, which makes
 * this hardly slower than yajl alone. At a wanted name the value's first byte is found by hand, and
 * of a scalar the last one too; that it is well formed is proven by the rest of the parse.
 *
 * A trusted document is skimmed first (json_skim.c), and comes here only when that does not know.
 */
#include "lib/base/json.h"

#include <assert.h>

#include "lib/base/json_impl.h"

size_t json_skip_space(struct slice doc, size_t at)
{
    while (at < doc.n && json_is_space(doc.p[at]))
        at++;
    return at;
}

size_t json_value_start(struct slice doc, size_t key_end)
{
    size_t at = json_skip_space(doc, key_end);

    if (at == doc.n || doc.p[at] != ':')
        return doc.n;
    return json_skip_space(doc, at + 1);
}

enum json_type json_type_at(char first)
{
    switch (first) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't':
    case 'f': return JSON_BOOL;
    case 'n': return JSON_NULL;
    default: return JSON_NUMBER;
    }
}

static size_t string_end(struct slice doc, size_t at)
{
    const char *quote = memchr(doc.p + at + 1, '"', doc.n - at - 1);

    while (quote && json_is_escaped(doc, (size_t)(quote - doc.p)))
        quote = memchr(quote + 1, '"', doc.n - (size_t)(quote + 1 - doc.p));
    return quote ? (size_t)(quote - doc.p) + 1 : doc.n;
}

size_t json_scalar_end(struct slice doc, size_t at)
{
    if (doc.p[at] == '"')
        return string_end(doc, at);
    while (at < doc.n && !json_is_space(doc.p[at]) && !strchr(",]}", doc.p[at]))
        at++;
    return at;
}

/* An object or list that is wanted as a whole and still open; bit i of a set is path i. */
struct wanted_range {
    unsigned paths;
    size_t   from;
};

struct finder {
    struct json_reader      r;
    const struct json_path *paths;
    size_t                  n_paths;
    size_t                  n_name[JSON_FIND_MAX_PATHS];
    struct json_value      *found;
    struct wanted_range     open[2]; /* a top-level member, a member of it */
    unsigned                inside;  /* paths whose first name is the top-level object we are in */
    unsigned                settled; /* paths whose answer is known if no member comes twice */
    unsigned                stop_at; /* settled paths at which to stop; 0: never */
};

static int find_go_on(const struct finder *f)
{
    return f->stop_at == 0 || f->settled != f->stop_at;
}

static void set_found(struct finder *f, unsigned paths, enum json_type type, size_t from, size_t to)
{
    for (size_t i = 0; i < f->n_paths; i++)
        if (paths & 1u << i)
            f->found[i] = (struct json_value){ type, slice_of(f->r.doc.p + from, to - from) };
    f->settled |= paths;
}

/* The value at `at` is what `paths` look for: take it now, or when it closes. */
static void take_value(struct finder *f, unsigned paths, size_t at, enum json_type type)
{
    if (paths == 0)
        return;
    if (type == JSON_OBJECT || type == JSON_ARRAY)
        f->open[f->r.depth - 1] = (struct wanted_range){ paths, at };
    else
        set_found(f, paths, type, at, json_scalar_end(f->r.doc, at));
}

static void find_top_level(struct finder *f, struct slice name)
{
    unsigned       whole = 0;
    unsigned       subs = 0;
    size_t         at;
    enum json_type type;

    f->inside = 0;
    for (size_t i = 0; i < f->n_paths; i++) {
        if (name.n != f->n_name[i] || memcmp(name.p, f->paths[i].name, name.n) != 0)
            continue;
        f->found[i] = (struct json_value){ 0 }; /* of repeated members the last counts */
        if (f->paths[i].sub)
            subs |= 1u << i;
        else
            whole |= 1u << i;
    }
    if ((whole | subs) == 0)
        return;
    at = json_value_start(f->r.doc, json_token_end(&f->r));
    if (at == f->r.doc.n)
        return;
    type = json_type_at(f->r.doc.p[at]);
    take_value(f, whole, at, type);
    if (type == JSON_OBJECT)
        f->inside = subs;
    else
        f->settled |= subs;
}

static void find_second_level(struct finder *f, struct slice name)
{
    unsigned paths = 0;
    size_t   at;

    for (size_t i = 0; i < f->n_paths; i++)
        if (f->inside & 1u << i && slice_eq(name, slice_str(f->paths[i].sub)))
            paths |= 1u << i;
    if (paths == 0)
        return;
    at = json_value_start(f->r.doc, json_token_end(&f->r));
    if (at < f->r.doc.n)
        take_value(f, paths, at, json_type_at(f->r.doc.p[at]));
}

static int find_key(void *ctx, const unsigned char *key, size_t n)
{
    struct finder *f = ctx;

    if (f->r.depth > 2 || (f->r.depth == 2 && f->inside == 0))
        return 1;
    if (f->r.depth == 1)
        find_top_level(f, slice_of((const char *)key, n));
    else
        find_second_level(f, slice_of((const char *)key, n));
    return find_go_on(f);
}

static int find_open(void *ctx)
{
    struct finder *f = ctx;

    return json_descend(&f->r);
}

static int find_close(void *ctx)
{
    struct finder       *f = ctx;
    struct wanted_range *range;

    f->r.depth--;
    if (f->r.depth < 1 || f->r.depth > 2)
        return 1;
    range = &f->open[f->r.depth - 1];
    if (range->paths != 0) {
        set_found(f, range->paths, json_type_at(f->r.doc.p[range->from]), range->from,
                  json_token_end(&f->r));
        range->paths = 0;
    }
    if (f->r.depth == 1)
        f->settled |= f->inside;
    return find_go_on(f);
}

bool json_find(struct slice doc, const struct json_path *paths, size_t n_paths,
               enum json_find_flags flags, struct json_value *found, struct err *err)
{
    static const struct json_callbacks callbacks = {
        .key = find_key,
        .open_object = find_open,
        .close_object = find_close,
        .open_array = find_open,
        .close_array = find_close,
    };
    struct finder f = { .r = { .doc = doc }, .paths = paths, .n_paths = n_paths, .found = found };

    assert(n_paths <= JSON_FIND_MAX_PATHS);
    if (flags & JSON_FIND_TRUSTED && json_skim(doc, paths, n_paths, found))
        return true;
    for (size_t i = 0; i < n_paths; i++) {
        found[i] = (struct json_value){ 0 };
        f.n_name[i] = strlen(paths[i].name);
    }
    if (flags & JSON_FIND_TRUSTED)
        f.stop_at = (1u << n_paths) - 1;
    return json_starts_object(doc, err) &&
           json_read(&f.r, &callbacks, flags & JSON_FIND_TRUSTED, err) != JSON_FAILED;
}
