/*
 * kestra_config.c - see kestra_config.h.
 *
 * DESIGN: the sources are flattened to one array of leaves with canonical names (lower case,
 * without
 * '-' and '_'), searched from its end: the last one that is set is the one that counts. A file has
 * a few hundred leaves and a run asks some thirty times.
 */
#include "cli/kestra_config.h"

#include "cli/kestra_name.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/yaml.h"

#include <unistd.h>

#define ARENA_BYTES 16384

struct leaf {
    const char             *canonical;
    const char             *written;
    const char             *source;
    const struct yaml_node *node; /* scalar or sequence */
};

struct kestra_config {
    struct arena *arena;
    size_t        n_sources;
    size_t        n;
    size_t        cap;
    struct leaf  *leaves; /* in the order of the sources */
};

/* What placeholders may name and Kestra's own file defines (kestra/data-model.md 2.1, 3.1). */
static const struct {
    const char *canonical;
    const char *value;
} built_in[] = {
    { "kestra.kafka.defaults.topicprefix", "kestra_" },
    { "kestra.kafka.defaults.consumerprefix", "kestra_" },
    { "kestra.elasticsearch.defaults.indiceprefix", "kestra_" },
};

static const char *environment(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the program changes the environment */
    return getenv(name);
}

/* ---- sources ------------------------------------------------------------------------------ */

struct kestra_config *kestra_config_new(void)
{
    struct kestra_config *kc = mem_alloc(sizeof(*kc));

    kc->arena = arena_new(ARENA_BYTES);
    return kc;
}

void kestra_config_free(struct kestra_config *kc)
{
    if (!kc)
        return;
    mem_free(kc->leaves);
    arena_free(kc->arena);
    mem_free(kc);
}

struct arena *kestra_config_arena(struct kestra_config *kc)
{
    return kc->arena;
}

static void add_leaf(struct kestra_config *kc, const char *written, const struct yaml_node *node,
                     const char *source)
{
    if (kc->n == kc->cap) {
        kc->cap = kc->cap ? 2 * kc->cap : 128;
        kc->leaves = mem_realloc(kc->leaves, kc->cap * sizeof(*kc->leaves));
    }
    kc->leaves[kc->n++] = (struct leaf){ kestra_name_canonical(kc->arena, slice_str(written)),
                                         written, source, node };
}

/* A YAML file is at most YAML_MAX_DEPTH deep. */
static void flatten(struct kestra_config *kc, const struct yaml_node *map, const char *above,
                    const char *source)
{
    for (const struct yaml_node *e = map->first; e; e = e->next) {
        size_t room = strlen(above) + strlen(e->key) + 2;
        char  *name = arena_alloc(kc->arena, room);

        (void)snprintf(name, room, "%s%s%s", above, *above ? "." : "", e->key);
        if (e->type == YAML_MAPPING)
            flatten(kc, e, name, source);
        else
            add_leaf(kc, name, e, source);
    }
}

bool kestra_config_add(struct kestra_config *kc, struct slice text, const char *name,
                       struct err *err)
{
    struct yaml_node *root;
    const char       *source = arena_str(kc->arena, slice_str(name));

    if (kc->n_sources == KESTRA_CONFIG_MAX_SOURCES)
        return err_set(err, ERR_USAGE, "%s: more than %d files of configuration", name,
                       KESTRA_CONFIG_MAX_SOURCES);
    kc->n_sources++;
    if (!yaml_parse(text, source, kc->arena, &root, err))
        return false;
    /* A file of comments only is an empty mapping, one that says `null` is no mapping. */
    if (root->type != YAML_MAPPING)
        return err_set(err, ERR_USAGE, "%s:%u: Kestra's configuration is a mapping (key: value)",
                       name, root->line);
    flatten(kc, root, "", source);
    return true;
}

bool kestra_config_add_file(struct kestra_config *kc, const char *path, struct err *err)
{
    struct buf b;
    bool       ok;

    buf_init(&b, YAML_MAX_BYTES);
    ok = (file_read(path, &b, err) ||
          err_hint(err, "-c names Kestra's application.yml; is it there, and may you read it?")) &&
         kestra_config_add(kc, buf_slice(&b), path, err);
    buf_release(&b);
    return ok;
}

/* ---- placeholders ------------------------------------------------------------------------- */

struct expansion {
    struct kestra_config *kc;
    const char           *where;
    struct buf           *out;
    unsigned              depth;
};

static bool expand(struct expansion *x, struct slice text, struct err *err);

static bool put(struct expansion *x, struct slice text, struct err *err)
{
    return buf_append(x->out, text) ||
           err_set(err, ERR_USAGE, "%s: the value is longer than %d bytes", x->where,
                   KESTRA_CONFIG_MAX_VALUE);
}

static bool is_null(const struct yaml_node *node)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

    for (size_t i = 0; node->plain && i < COUNT_OF(nulls); i++)
        if (strcmp(node->text, nulls[i]) == 0)
            return true;
    return false;
}

static const struct leaf *find_leaf(const struct kestra_config *kc, const char *canonical)
{
    for (size_t i = kc->n; i > 0; i--)
        if (strcmp(kc->leaves[i - 1].canonical, canonical) == 0)
            return &kc->leaves[i - 1];
    return NULL;
}

/* *found: name has a value, and it was put. */
static bool put_named(struct expansion *x, struct slice name, bool *found, struct err *err)
{
    struct arena      *a = x->kc->arena;
    const char        *text = environment(arena_str(a, name));
    const char        *canonical = kestra_name_canonical(a, name);
    const struct leaf *leaf = find_leaf(x->kc, canonical);

    if (!text)
        text = environment(kestra_name_variable(a, name));
    *found = true;
    if (text)
        return put(x, slice_str(text), err);
    if (leaf && leaf->node->type == YAML_SCALAR && !is_null(leaf->node))
        return expand(x, slice_str(leaf->node->text), err);
    for (size_t i = 0; i < COUNT_OF(built_in); i++)
        if (strcmp(canonical, built_in[i].canonical) == 0)
            return put(x, slice_str(built_in[i].value), err);
    *found = false;
    return true;
}

/* The first c of text that is in no inner ${...}; text.n: none. */
static size_t find_outside(struct slice text, char c)
{
    unsigned inside = 0;

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == c && inside == 0)
            return i;
        if (text.p[i] == '$' && i + 1 < text.n && text.p[i + 1] == '{')
            inside++;
        else if (text.p[i] == '}' && inside > 0)
            inside--;
    }
    return text.n;
}

static bool no_value(const struct expansion *x, struct slice name, struct err *err)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *text = arena_str(x->kc->arena, name);

    /* What does not look like a name may be part of a password. */
    if (name.n == 0 || name.n > 80 || text[strspn(text, letters)] != '\0')
        return err_set(err, ERR_USAGE, "%s: a ${...} in the value names nothing", x->where);
    (void)err_set(err, ERR_USAGE, "%s: ${%s} has no value and no default", x->where, text);
    return err_hint(err, "set the variable %s, as it is set for Kestra",
                    kestra_name_variable(x->kc->arena, name));
}

/* What stands between ${ and }. As Micronaut has it, NAME:OTHER:default tries both names, and a
 * default with colons stands between backticks. */
static bool expand_one(struct expansion *x, struct slice text, struct err *err)
{
    for (;;) {
        size_t       colon = find_outside(text, ':');
        struct slice name = slice_of(text.p, colon);
        bool         found;

        if (!put_named(x, name, &found, err))
            return false;
        if (found)
            return true;
        if (colon == text.n)
            return no_value(x, name, err);
        text = slice_of(text.p + colon + 1, text.n - colon - 1);
        if (text.n >= 2 && text.p[0] == '`' && text.p[text.n - 1] == '`')
            return put(x, slice_of(text.p + 1, text.n - 2), err);
        if (find_outside(text, ':') == text.n)
            return expand(x, text, err);
    }
}

static bool expand(struct expansion *x, struct slice text, struct err *err)
{
    bool ok = true;

    if (x->depth == KESTRA_CONFIG_MAX_NESTING)
        return err_set(err, ERR_USAGE, "%s: ${...} lead to each other more than %d deep", x->where,
                       KESTRA_CONFIG_MAX_NESTING);
    x->depth++;
    while (ok && text.n > 0) {
        const char  *mark = memmem(text.p, text.n, "${", 2);
        size_t       before = mark ? (size_t)(mark - text.p) : text.n;
        struct slice rest = slice_of(text.p + before, text.n - before);
        size_t       end;

        ok = before == 0 || put(x, slice_of(text.p, before), err);
        if (!ok || !mark)
            break;
        rest = slice_of(rest.p + 2, rest.n - 2);
        end = find_outside(rest, '}');
        ok = end < rest.n || err_set(err, ERR_USAGE, "%s: a ${ has no }", x->where);
        ok = ok && expand_one(x, slice_of(rest.p, end), err);
        if (ok)
            text = slice_of(rest.p + end + 1, rest.n - end - 1);
    }
    x->depth--;
    return ok;
}

/* ---- values ------------------------------------------------------------------------------- */

static const char *place_of(struct kestra_config *kc, const char *source, unsigned line)
{
    size_t room = strlen(source) + 16;
    char  *out = arena_alloc(kc->arena, room);

    (void)snprintf(out, room, "%s:%u", source, line);
    return out;
}

static struct kestra_entry entry_of(struct kestra_config *kc, const struct leaf *leaf,
                                    const struct yaml_node *node, const char *name)
{
    return (struct kestra_entry){
        .name = name,
        .where = place_of(kc, leaf->source, node->key_line ? node->key_line : node->line),
        .raw = node->type != YAML_SCALAR || is_null(node) ? NULL : node->text,
    };
}

bool kestra_config_expand(struct kestra_config *kc, const struct kestra_entry *entry,
                          struct kestra_value *out, struct err *err)
{
    struct buf       b;
    struct expansion x = { .kc = kc, .where = entry->where, .out = &b };
    bool             ok;

    *out = (struct kestra_value){ entry->raw, entry->where };
    if (!entry->raw || entry->literal)
        return true;
    buf_init(&b, KESTRA_CONFIG_MAX_VALUE);
    ok = expand(&x, slice_str(entry->raw), err);
    if (ok)
        out->text = arena_str(kc->arena, buf_slice(&b));
    buf_release(&b);
    return ok;
}

static bool take_scalar(struct kestra_config *kc, const struct leaf *leaf,
                        const struct yaml_node *node, struct kestra_value *out, struct err *err)
{
    struct kestra_entry e;

    if (node->type != YAML_SCALAR)
        return err_set(err, ERR_USAGE, "%s:%u: one value is expected, not a list", leaf->source,
                       node->key_line ? node->key_line : node->line);
    e = entry_of(kc, leaf, node, NULL);
    return kestra_config_expand(kc, &e, out, err);
}

static const char *variable_place(struct kestra_config *kc, const char *name)
{
    size_t room = strlen(name) + sizeof("variable ");
    char  *out = arena_alloc(kc->arena, room);

    (void)snprintf(out, room, "variable %s", name);
    return out;
}

/* An empty variable is as good as none. */
static bool from_environment(struct kestra_config *kc, const char *name, struct kestra_value *out)
{
    const char *variable = kestra_name_variable(kc->arena, slice_str(name));
    const char *text = environment(variable);

    *out = (struct kestra_value){ NULL, NULL };
    if (!text || *text == '\0')
        return false;
    *out = (struct kestra_value){ text, variable_place(kc, variable) };
    return true;
}

bool kestra_config_get(struct kestra_config *kc, const char *name, struct kestra_value *out,
                       struct err *err)
{
    const struct leaf *leaf = find_leaf(kc, kestra_name_canonical(kc->arena, slice_str(name)));

    if (from_environment(kc, name, out) || !leaf)
        return true;
    return take_scalar(kc, leaf, leaf->node, out, err);
}

static struct kestra_list split(struct kestra_config *kc, struct kestra_value v)
{
    struct kestra_value *items = arena_alloc(kc->arena, (strlen(v.text) + 1) * sizeof(*items));
    struct kestra_list   list = { 0, items };

    for (const char *p = v.text; *p;) {
        struct slice word;

        p += strspn(p, " ,\t");
        word = slice_of(p, strcspn(p, ","));
        p += word.n;
        while (word.n > 0 && (word.p[word.n - 1] == ' ' || word.p[word.n - 1] == '\t'))
            word.n--;
        if (word.n > 0)
            items[list.n++] = (struct kestra_value){ arena_str(kc->arena, word), v.where };
    }
    return list;
}

bool kestra_config_list(struct kestra_config *kc, const char *name, struct kestra_list *out,
                        struct err *err)
{
    const struct leaf   *leaf = find_leaf(kc, kestra_name_canonical(kc->arena, slice_str(name)));
    struct kestra_value *items;
    struct kestra_value  one;

    *out = (struct kestra_list){ 0, NULL };
    if (!from_environment(kc, name, &one) && leaf && leaf->node->type == YAML_SEQUENCE) {
        items = arena_alloc(kc->arena, (leaf->node->n + 1) * sizeof(*items));
        for (const struct yaml_node *e = leaf->node->first; e; e = e->next) {
            if (!take_scalar(kc, leaf, e, &items[out->n], err))
                return false;
            out->n += items[out->n].text ? 1 : 0;
        }
        out->items = items;
        return true;
    }
    if (!one.text && leaf && !take_scalar(kc, leaf, leaf->node, &one, err))
        return false;
    if (one.text)
        *out = split(kc, one);
    return true;
}

/* Set or replace the entry of that name. */
static void keep(struct kestra_entry *items, size_t *n, struct kestra_entry e)
{
    size_t i = 0;

    while (i < *n && !kestra_name_is(items[i].name, e.name))
        i++;
    items[i] = e;
    *n += i == *n ? 1 : 0;
}

/* KESTRA_KAFKA_CLIENT_PROPERTIES_SECURITY_PROTOCOL is security.protocol below ...properties. */
static void keep_variables(struct kestra_config *kc, const char *name, struct kestra_entry *items,
                           size_t *n, size_t max)
{
    const char *prefix = kestra_name_variable(kc->arena, slice_str(name));
    size_t      len = strlen(prefix);

    for (char **v = environ; *v && *n < max; v++) {
        struct slice whole = slice_of(*v, strcspn(*v, "="));
        char        *rest;

        if (whole.n <= len + 1 || memcmp(*v, prefix, len) != 0 || (*v)[len] != '_' ||
            (*v)[whole.n] == '\0' || (*v)[whole.n + 1] == '\0')
            continue;
        rest = arena_str(kc->arena, slice_of(*v + len + 1, whole.n - len - 1));
        for (char *p = rest; *p; p++)
            *p = *p == '_' ? '.' : kestra_name_lower(*p);
        keep(items, n,
             (struct kestra_entry){ rest, variable_place(kc, arena_str(kc->arena, whole)),
                                    *v + whole.n + 1, true });
    }
}

/* A list as Java's client and topics take it: its values with commas. false: no such list. */
static bool join(struct kestra_config *kc, const struct yaml_node *list, const char **out)
{
    struct buf b;
    bool       ok = true;

    buf_init(&b, YAML_MAX_BYTES);
    for (const struct yaml_node *e = list->first; ok && e; e = e->next)
        ok = e->type == YAML_SCALAR &&
             (is_null(e) || buf_printf(&b, "%s%s", b.n > 0 ? "," : "", e->text));
    if (ok)
        *out = b.n > 0 ? arena_str(kc->arena, buf_slice(&b)) : NULL;
    buf_release(&b);
    return ok;
}

#define MAX_VARIABLES 256 /* below one name */

struct kestra_entries kestra_config_below(struct kestra_config *kc, const char *name)
{
    size_t               max = kc->n + MAX_VARIABLES;
    struct kestra_entry *items = arena_alloc(kc->arena, max * sizeof(*items));
    size_t               n = 0;
    size_t               set = 0;

    for (size_t i = 0; i < kc->n; i++) {
        const struct leaf *leaf = &kc->leaves[i];
        const char        *rest = kestra_name_behind(leaf->written, name);

        struct kestra_entry e;

        if (!rest || find_leaf(kc, leaf->canonical) != leaf)
            continue;
        e = entry_of(kc, leaf, leaf->node, rest);
        if (leaf->node->type == YAML_SCALAR || join(kc, leaf->node, &e.raw))
            keep(items, &n, e);
    }
    keep_variables(kc, name, items, &n, max);
    for (size_t i = 0; i < n; i++)
        if (items[i].raw)
            items[set++] = items[i];
    return (struct kestra_entries){ set, items };
}
