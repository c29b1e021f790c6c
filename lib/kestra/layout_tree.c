/*
 * layout_tree.c - reading layout files and merging those that extend each other.
 *
 * DESIGN: the chain is read from the named file to the last one it extends, then merged from that
 * end: each file is laid over what was merged so far. Mappings are merged member by member;
 * sequences and scalars replace what was there; a plain null takes a member away. What says which
 * versions a file is for (`name`, `releases`, `flyway`, `evidence`, `hints`, `abstract`) is never
 * inherited: a band that forgot its own would pass for another one.
 */
#include "lib/kestra/layout_tree.h"

#include <stdarg.h>

static const char *const not_inherited[] = { "name",  "releases", "flyway", "evidence",
                                             "hints", "abstract", "extends" };

struct chain {
    layout_loader loader;
    void         *ctx;
    struct arena *arena;
    size_t        n;
    struct entry *files[LAYOUT_MAX_EXTENDS + 1];
};

bool entry_err(struct err *err, const struct entry *at, const char *fmt, ...)
{
    char    what[sizeof(err->msg)];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    return err_set(err, ERR_USAGE, "%s:%u: %s", at->file, at->line, what);
}

static bool is_named(const struct entry *e, const char *key)
{
    return e->key && strcmp(e->key, key) == 0;
}

const struct entry *entry_get(const struct entry *map, const char *key)
{
    if (!map || map->type != YAML_MAPPING)
        return NULL;
    for (const struct entry *e = map->first; e; e = e->next)
        if (is_named(e, key))
            return e;
    return NULL;
}

static struct entry *copy(const struct yaml_node *node, const char *file, struct arena *a)
{
    struct entry  *e = arena_alloc(a, sizeof(*e));
    struct entry **end = &e->first;

    *e = (struct entry){
        .type = node->type,
        .file = file,
        .line = node->key ? node->key_line : node->line,
        .key = node->key,
        .text = node->text,
        .plain = node->plain,
        .n = node->n,
    };
    for (const struct yaml_node *child = node->first; child; child = child->next) {
        *end = copy(child, file, a);
        end = &(*end)->next;
    }
    return e;
}

static bool is_null(const struct entry *e)
{
    return e->type == YAML_SCALAR && e->plain &&
           (strcmp(e->text, "null") == 0 || strcmp(e->text, "~") == 0);
}

/* Where the member is linked into its mapping, or would be. */
static struct entry **find_link(struct entry *map, const char *key)
{
    struct entry **link = &map->first;

    while (*link && !is_named(*link, key))
        link = &(*link)->next;
    return link;
}

static void unlink_entry(struct entry *map, struct entry **link)
{
    if (!*link)
        return;
    *link = (*link)->next;
    map->n--;
}

/* Nothing is left to take away: the nulls of a tree that is complete. */
static void remove_nulls(struct entry *map)
{
    struct entry **link = &map->first;

    if (map->type != YAML_MAPPING)
        return;
    while (*link) {
        if (is_null(*link)) {
            unlink_entry(map, link);
            continue;
        }
        remove_nulls(*link);
        link = &(*link)->next;
    }
}

/* Lay `over` onto `base`; entries of `over` are used up. Members keep the order of `base`, new ones
 * follow. */
static void merge(struct entry *base, struct entry *over)
{
    struct entry *next;

    for (struct entry *e = over->first; e; e = next) {
        struct entry **link = find_link(base, e->key);
        struct entry  *old = *link;

        next = e->next;
        if (old && old->type == YAML_MAPPING && e->type == YAML_MAPPING) {
            merge(old, e);
            continue;
        }
        e->next = old ? old->next : NULL;
        *link = e;
        base->n += old ? 0 : 1;
    }
    base->file = over->file;
    base->line = over->line;
}

static void drop_own_members(struct entry *map)
{
    for (size_t i = 0; i < COUNT_OF(not_inherited); i++)
        unlink_entry(map, find_link(map, not_inherited[i]));
}

static bool read_file(struct chain *c, const char *name, struct entry **out, struct err *err)
{
    struct yaml_node *root = NULL;
    const char       *file = name;
    struct buf        text;
    bool              ok;

    buf_init(&text, YAML_MAX_BYTES);
    ok = c->loader(c->ctx, name, c->arena, &text, &file, err) &&
         yaml_parse(buf_slice(&text), file, c->arena, &root, err);
    buf_release(&text);
    if (!ok)
        return false;
    *out = copy(root, file, c->arena);
    if (root->type != YAML_MAPPING)
        return entry_err(err, *out, "a layout is a mapping (key: value)");
    return true;
}

/* A file is known by what the loader calls it: one file has several names (A, ./A.yml). */
static bool in_chain(const struct chain *c, const char *file)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->files[i]->file, file) == 0)
            return true;
    return false;
}

/* Read one more file of the chain; *next is the name it extends, NULL for the last one. */
static bool read_next(struct chain *c, const char *name, const struct entry *from,
                      const struct entry **next, struct err *err)
{
    struct entry *file = NULL;

    if (from && c->n > LAYOUT_MAX_EXTENDS)
        return entry_err(err, from, "a chain of more than %d files that extend each other",
                         LAYOUT_MAX_EXTENDS);
    if (!read_file(c, name, &file, err)) {
        if (from)
            (void)err_wrap(err, "%s:%u: extends", from->file, from->line);
        return false;
    }
    if (from && in_chain(c, file->file))
        return entry_err(err, from, "extends: %s is read already: the files extend each other",
                         file->file);
    c->files[c->n++] = file;
    *next = entry_get(file, "extends");
    if (*next && ((*next)->type != YAML_SCALAR || (*next)->text[0] == '\0'))
        return entry_err(err, *next, "extends: must be the name of a layout");
    return true;
}

bool layout_tree(const char *name, layout_loader loader, void *ctx, struct arena *a,
                 struct entry **root, struct err *err)
{
    struct chain        c = { .loader = loader, .ctx = ctx, .arena = a };
    const struct entry *from = NULL;
    struct entry       *tree;

    do {
        const struct entry *next = NULL;

        if (!read_next(&c, from ? from->text : name, from, &next, err))
            return false;
        from = next;
    } while (from);
    tree = c.files[c.n - 1];
    for (size_t i = c.n - 1; i > 0; i--) {
        drop_own_members(tree);
        merge(tree, c.files[i - 1]);
    }
    unlink_entry(tree, find_link(tree, "extends"));
    remove_nulls(tree);
    *root = tree;
    return true;
}
