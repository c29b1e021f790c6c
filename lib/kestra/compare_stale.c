/*
 * compare_stale.c - is one value an older one of the same entity?
 */
#include "lib/base/clock.h"
#include "lib/kestra/compare_impl.h"

#define TREE_BYTES (16u << 10)

static bool find_both(struct slice older, struct slice newer, const struct json_path *paths,
                      size_t n, struct json_value *of_older, struct json_value *of_newer)
{
    struct err err;

    return json_find(older, paths, n, JSON_FIND_ALL, of_older, &err) &&
           json_find(newer, paths, n, JSON_FIND_ALL, of_newer, &err);
}

/* ---- flow-last: a lower revision ---- */

static bool read_revision(struct json_value v, uint64_t *out)
{
    uint64_t value = 0;

    if (v.type != JSON_NUMBER || v.raw.n > 18)
        return false;
    for (size_t i = 0; i < v.raw.n; i++) {
        if (v.raw.p[i] < '0' || v.raw.p[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(v.raw.p[i] - '0');
    }
    *out = value;
    return true;
}

static bool has_lower_revision(struct slice older, struct slice newer)
{
    const struct json_path path = { "revision", NULL };
    struct json_value      a;
    struct json_value      b;
    uint64_t               of_older;
    uint64_t               of_newer;

    return find_both(older, newer, &path, 1, &a, &b) && read_revision(a, &of_older) &&
           read_revision(b, &of_newer) && of_older < of_newer;
}

/* ---- execution: fewer histories, else the same ---- */

static bool is_strict_prefix(struct comparer *c, const struct json_node *prefix,
                             const struct json_node *whole)
{
    const struct place     *state = place_member(c->root, SLICE("state"));
    const struct place     *entry = place_elements(place_member(state, SLICE("histories")));
    const struct json_node *w = whole->first;

    if (prefix->n == 0 || prefix->n >= whole->n)
        return false;
    for (const struct json_node *p = prefix->first; p; p = p->next) {
        struct digest of_prefix = walk_node(c, p, entry, false).digest;

        if (!digest_eq(of_prefix, walk_node(c, w, entry, false).digest))
            return false;
        w = w->next;
    }
    return true;
}

static bool has_earlier_histories(struct comparer *c, struct slice older, struct slice newer)
{
    const struct json_path  path = { "state", "histories" };
    struct json_value       a;
    struct json_value       b;
    const struct json_node *of_older;
    const struct json_node *of_newer;
    struct arena           *arena;
    struct err              err;
    bool                    result;

    if (!find_both(older, newer, &path, 1, &a, &b) || a.type != JSON_ARRAY || b.type != JSON_ARRAY)
        return false;
    arena = arena_new(TREE_BYTES);
    result = json_tree(a.raw, arena, &of_older, &err) && json_tree(b.raw, arena, &of_newer, &err) &&
             is_strict_prefix(c, of_older, of_newer);
    arena_free(arena);
    return result;
}

/* ---- trigger: an earlier date ---- */

/* A date cut to milliseconds, as the JDBC store does. */
static bool read_date(struct json_value v, int64_t *out)
{
    struct instant t;
    struct buf     text;
    struct err     err;
    bool           ok;

    if (v.type != JSON_STRING)
        return false;
    buf_init(&text, 256);
    ok = json_text(v, &text, &err) && instant_parse(buf_slice(&text), &t);
    buf_release(&text);
    if (ok)
        *out = t.s * 1000 + t.ns / 1000000;
    return ok;
}

static bool has_earlier_date(struct slice older, struct slice newer)
{
    const struct json_path paths[] = { { "updatedDate", NULL }, { "date", NULL } };
    struct json_value      a[COUNT_OF(paths)];
    struct json_value      b[COUNT_OF(paths)];

    if (!find_both(older, newer, paths, COUNT_OF(paths), a, b))
        return false;
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        int64_t of_older;
        int64_t of_newer;

        if (read_date(a[i], &of_older) && read_date(b[i], &of_newer))
            return of_older < of_newer;
    }
    return false;
}

static bool is_older(struct comparer *c, struct slice older, struct slice newer)
{
    switch (c->kind) {
    case KIND_FLOW_LAST: return has_lower_revision(older, newer);
    case KIND_EXECUTION: return has_earlier_histories(c, older, newer);
    case KIND_TRIGGER: return has_earlier_date(older, newer);
    case KIND_FLOW:
    case KIND_TEMPLATE:
    case KIND_SUBFLOW_LINK:
    case KIND_COUNT: break;
    }
    return false;
}

bool comparer_stale(struct comparer *c, struct slice store, struct slice topic)
{
    return is_older(c, topic, store);
}

bool comparer_newer(struct comparer *c, struct slice store, struct slice topic)
{
    return is_older(c, store, topic);
}
