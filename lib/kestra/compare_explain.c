/*
 * compare_explain.c - where two values differ.
 *
 * DESIGN: both documents become trees, and a tree's parts are compared by the digests that the
 * walker gives them, so no rule is written twice. Where digests differ we go one level down as long
 * as both sides are of the same type; the deepest places with different digests are told. Each
 * level digests its parts again, which is O(size * depth), but only below what differs.
 *
 * An object's members are compared name by name through what each name contributes to the object's
 * digest: the sum over its members that count. So different objects have a name that differs, and
 * from there down at least one difference is told.
 */
#include "lib/kestra/compare_impl.h"

#include <assert.h>

#define TREE_BYTES (256u << 10)
#define PATH_LIMIT (1u << 20)
#define MAX_NAME   512         /* bytes of one name in a path */
#define TEXT_LIMIT (64u << 10) /* a value as far as it is rendered before it is cut */

struct explain {
    struct comparer         *c;
    struct arena            *arena; /* of the caller: what is told */
    struct arena            *scratch;
    struct buf               path;
    struct buf               text;
    struct value_difference *out;
    size_t                   n;
    bool                     more;
};

/* A member of either side: what it adds to its object. */
struct member {
    struct slice            name;
    const struct json_node *node;
    struct digest           sum; /* counts only when `counts` */
    bool                    counts;
    bool                    of_topic;
    size_t                  order; /* as they stand: the store's, then the topic's */
};

/* All members of one name. */
struct group {
    size_t from; /* in the sorted members */
    size_t to;
    size_t order;
};

/* ---- what is told ---- */

/* The longest prefix of whole characters of at most n bytes. */
static struct slice cut(struct slice text, size_t n)
{
    if (text.n <= n)
        return text;
    while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--;
    return slice_of(text.p, n);
}

/* As JSON on one line. Stops when the result is longer than can be shown. */
static void render(const struct json_node *node, struct json_writer *w)
{
    switch (node->type) {
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER: json_put_raw(w, cut(node->text, COMPARE_MAX_VALUE + 1)); return;
    case JSON_STRING: json_put_text(w, cut(node->text, COMPARE_MAX_VALUE + 1)); return;
    case JSON_OBJECT:
    case JSON_ARRAY: break;
    }
    json_open(w, node->type == JSON_OBJECT ? '{' : '[');
    for (const struct json_node *child = node->first; child; child = child->next) {
        if (w->failed || w->out->n > COMPARE_MAX_VALUE)
            break;
        if (node->type == JSON_OBJECT)
            json_key_slice(w, cut(child->name, COMPARE_MAX_VALUE + 1));
        render(child, w);
    }
    json_close(w, node->type == JSON_OBJECT ? '}' : ']');
}

/* text, cut so that it fits as a JSON string with its dots. */
static struct slice shorten(struct explain *x, struct slice text)
{
    static const char dots[] = "...";
    size_t            n = COMPARE_MAX_VALUE - sizeof(dots) - 2;
    struct buf        quoted;
    struct slice      result;

    buf_init(&quoted, SIZE_MAX / 2);
    for (;;) {
        struct buf cut_text;

        buf_clear(&quoted);
        buf_init(&cut_text, SIZE_MAX / 2);
        (void)(buf_append(&cut_text, cut(text, n)) && buf_append(&cut_text, slice_str(dots)) &&
               json_quote(buf_slice(&cut_text), &quoted));
        buf_release(&cut_text);
        if (quoted.n <= COMPARE_MAX_VALUE)
            break;
        n = n / 4 * 3; /* escapes made it longer */
    }
    result = arena_copy(x->arena, buf_slice(&quoted));
    buf_release(&quoted);
    return result;
}

static struct slice value_text(struct explain *x, const struct json_node *node)
{
    struct json_writer w;

    if (!node)
        return slice_of(NULL, 0);
    if (node->type == JSON_STRING && node->text.n > COMPARE_MAX_VALUE)
        return shorten(x, node->text);
    buf_clear(&x->text);
    json_writer_init(&w, &x->text, false);
    render(node, &w);
    assert(json_writer_ok(&w)); /* render stops long before */
    if (x->text.n <= COMPARE_MAX_VALUE)
        return arena_copy(x->arena, buf_slice(&x->text));
    return shorten(x, node->type == JSON_STRING ? node->text : buf_slice(&x->text));
}

static void tell(struct explain *x, const struct json_node *store, const struct json_node *topic)
{
    if (x->n == COMPARE_MAX_PATHS) {
        x->more = true;
        return;
    }
    x->out[x->n++] = (struct value_difference){
        .path = arena_copy(x->arena, buf_slice(&x->path)),
        .store = value_text(x, store),
        .topic = value_text(x, topic),
    };
}

/* ---- paths ---- */

static struct slice pointer_char(const char *p)
{
    if (*p == '~')
        return SLICE("~0");
    return *p == '/' ? SLICE("~1") : slice_of(p, 1);
}

static void push_name(struct explain *x, struct slice name)
{
    struct slice shown = cut(name, MAX_NAME);
    bool         ok = buf_append_char(&x->path, '/');

    for (size_t i = 0; i < shown.n; i++)
        ok = ok && buf_append(&x->path, pointer_char(shown.p + i));
    if (shown.n < name.n)
        ok = ok && buf_append(&x->path, SLICE("..."));
    assert(ok); /* JSON_MAX_DEPTH names of MAX_NAME bytes fit */
}

static void pop(struct explain *x, size_t n)
{
    x->path.n = n;
    if (x->path.cap > 0)
        x->path.p[n] = '\0';
}

/* ---- comparing ---- */

static void compare_values(struct explain *x, const struct json_node *store,
                           const struct json_node *topic, const struct place *place, bool verbatim);

static int by_name(const void *a, const void *b)
{
    const struct member *m = a;
    const struct member *o = b;
    size_t               n = m->name.n < o->name.n ? m->name.n : o->name.n;
    int                  r = n > 0 ? memcmp(m->name.p, o->name.p, n) : 0;

    if (r != 0)
        return r;
    if (m->name.n != o->name.n)
        return m->name.n < o->name.n ? -1 : 1;
    return m->order < o->order ? -1 : m->order > o->order;
}

static int by_order(const void *a, const void *b)
{
    const struct group *g = a;
    const struct group *h = b;

    return g->order < h->order ? -1 : g->order > h->order;
}

/* Which computed members of this state went into its digest. */
static unsigned counted_of(struct comparer *c, const struct json_node *node,
                           const struct place *place, bool verbatim)
{
    if (!(place_roles(place) & PLACE_STATE))
        return 0;
    (void)walk_node(c, node, place, verbatim);
    return c->frames[1].notes.state.counted;
}

/* Of each computed member the last one that counts was judged by the state (compare_walk.c). */
static void judge_computed(struct member *members, size_t n, const struct place *place,
                           unsigned counted)
{
    unsigned judged = 0;

    for (size_t i = n; i-- > 0;) {
        unsigned role = place_roles(place_member(place, members[i].name)) & PLACE_COMPUTED;

        if (role == 0 || !members[i].counts || judged & role)
            continue;
        judged |= role;
        members[i].counts = counted & role;
    }
}

/* The members of one side, at `into`, with what each adds. */
static void read_members(struct explain *x, const struct json_node *object,
                         const struct place *place, bool verbatim, bool of_topic,
                         struct member *into, size_t order)
{
    unsigned counted = counted_of(x->c, object, place, verbatim);
    size_t   n = 0;

    for (const struct json_node *node = object->first; node; node = node->next) {
        struct member *m = &into[n];

        *m = (struct member){ node->name, node, .of_topic = of_topic, .order = order + n };
        m->counts = walk_member(x->c, node, place, verbatim, &m->sum);
        n++;
    }
    if (place_roles(place) & PLACE_STATE)
        judge_computed(into, n, place, counted);
}

/* The members of one name, the store's first. */
static void compare_group(struct explain *x, const struct member *m, size_t n,
                          const struct place *place, bool verbatim)
{
    const struct member *last[2] = { NULL, NULL };
    struct digest        sum[2] = { { 0, 0 }, { 0, 0 } };
    size_t               before = x->path.n;
    size_t               told = x->n;

    for (size_t i = 0; i < n; i++) {
        if (m[i].counts)
            sum[m[i].of_topic] = digest_add(sum[m[i].of_topic], m[i].sum);
        last[m[i].of_topic] = &m[i];
    }
    if (digest_eq(sum[0], sum[1]))
        return;
    push_name(x, m[0].name);
    if (n == 2 && last[0] && last[1])
        compare_values(x, last[0]->node, last[1]->node, place_member(place, m[0].name), verbatim);
    /* Repeated members, or equal ones that only one side's state agrees with, have no deeper place.
     */
    if (x->n == told && !x->more)
        tell(x, last[0] ? last[0]->node : NULL, last[1] ? last[1]->node : NULL);
    pop(x, before);
}

static size_t find_groups(const struct member *members, size_t n, struct group *groups)
{
    size_t n_groups = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !slice_eq(members[i].name, members[i - 1].name))
            groups[n_groups++] = (struct group){ .from = i, .order = members[i].order };
        groups[n_groups - 1].to = i + 1;
    }
    return n_groups;
}

static void compare_members(struct explain *x, const struct json_node *store,
                            const struct json_node *topic, const struct place *place, bool verbatim)
{
    size_t         n = store->n + topic->n;
    struct member *members = arena_alloc(x->scratch, (n + 1) * sizeof(*members));
    struct group  *groups = arena_alloc(x->scratch, (n + 1) * sizeof(*groups));
    size_t         n_groups;

    read_members(x, store, place, verbatim, false, members, 0);
    read_members(x, topic, place, verbatim, true, members + store->n, store->n);
    qsort(members, n, sizeof(*members), by_name);
    n_groups = find_groups(members, n, groups);
    qsort(groups, n_groups, sizeof(*groups), by_order);
    verbatim = verbatim || place_roles(place) & PLACE_VERBATIM;
    for (size_t i = 0; i < n_groups && !x->more; i++)
        compare_group(x, members + groups[i].from, groups[i].to - groups[i].from, place, verbatim);
}

static void compare_elements(struct explain *x, const struct json_node *store,
                             const struct json_node *topic, const struct place *place,
                             bool verbatim)
{
    const struct json_node *s = store->first;
    const struct json_node *t = topic->first;
    size_t                  before = x->path.n;

    verbatim = verbatim || place_roles(place) & PLACE_VERBATIM;
    for (size_t i = 0; (s || t) && !x->more; i++) {
        buf_add(&x->path, "/%zu", i);
        if (s && t)
            compare_values(x, s, t, place_elements(place), verbatim);
        else
            tell(x, s, t);
        pop(x, before);
        s = s ? s->next : NULL;
        t = t ? t->next : NULL;
    }
}

/* Depth is capped by the parser that made the trees. */
static void compare_values(struct explain *x, const struct json_node *store,
                           const struct json_node *topic, const struct place *place, bool verbatim)
{
    struct digest of_store = walk_node(x->c, store, place, verbatim).digest;
    struct digest of_topic = walk_node(x->c, topic, place, verbatim).digest;
    bool          deeper;

    if (digest_eq(of_store, of_topic))
        return;
    deeper = store->type == topic->type && !(place_roles(place) & PLACE_LABELS);
    if (deeper && store->type == JSON_OBJECT)
        compare_members(x, store, topic, place, verbatim);
    else if (deeper && store->type == JSON_ARRAY)
        compare_elements(x, store, topic, place, verbatim);
    else
        tell(x, store, topic);
}

static bool read_object(struct explain *x, struct slice value, const char *side,
                        const struct json_node **out, struct err *err)
{
    if (!json_tree(value, x->scratch, out, err))
        return err_wrap(err, "the %s's value: ", side);
    if ((*out)->type != JSON_OBJECT)
        return err_set(err, ERR_DATA, "the %s's value: JSON: byte 0: not an object", side);
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): two inputs and three results */
bool comparer_explain(struct comparer *c, struct slice store, struct slice topic, struct arena *a,
                      struct value_difference *out, size_t *n, bool *more, struct err *err)
{
    struct explain          x = { .c = c, .arena = a, .out = out };
    const struct json_node *of_store;
    const struct json_node *of_topic;
    bool                    ok;

    x.scratch = arena_new(TREE_BYTES);
    buf_init(&x.path, PATH_LIMIT);
    buf_init(&x.text, TEXT_LIMIT);
    ok = read_object(&x, store, "store", &of_store, err) &&
         read_object(&x, topic, "topic", &of_topic, err);
    if (ok) {
        compare_values(&x, of_store, of_topic, c->root, false);
        *n = x.n;
        *more = x.more;
    }
    buf_release(&x.text);
    buf_release(&x.path);
    arena_free(x.scratch);
    return ok;
}
