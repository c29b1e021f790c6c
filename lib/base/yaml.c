/*
 * yaml.c - a YAML file as a small tree.
 *
 * DESIGN: libyaml's event interface is walked by recursive descent, at most YAML_MAX_DEPTH deep, so
 * that what we do not want (anchors, aliases, tags, a second document) is refused at the event that
 * brings it and nothing is ever expanded. Repeated keys are found by sorting a mapping's entries
 * once it is complete: comparing each with all others would be quadratic in a hostile file.
 */
#include "lib/base/yaml.h"

#include <yaml.h>

struct parse {
    yaml_parser_t parser;
    const char   *name;
    struct slice  text;
    struct arena *arena;
    size_t        n_nodes;
};

static bool parse_node(struct parse *p, const yaml_event_t *event, unsigned depth,
                       struct yaml_node **out, struct err *err);

static unsigned event_line(const yaml_event_t *event)
{
    return (unsigned)event->start_mark.line + 1;
}

/* A reader error (bytes that are not UTF-8) only knows its offset. */
static unsigned problem_line(const struct parse *p)
{
    unsigned line = 1;

    if (p->parser.error != YAML_READER_ERROR)
        return (unsigned)p->parser.problem_mark.line + 1;
    for (size_t i = 0; i < p->text.n && i < p->parser.problem_offset; i++)
        line += p->text.p[i] == '\n' ? 1 : 0;
    return line;
}

/* The caller deletes *event, also after a failure. */
static bool next_event(struct parse *p, yaml_event_t *event, struct err *err)
{
    const char *problem;
    const char *context;

    memset(event, 0, sizeof(*event));
    if (yaml_parser_parse(&p->parser, event) == 1)
        return true;
    problem = p->parser.problem ? p->parser.problem : "cannot be parsed";
    context = p->parser.context;
    return err_set(err, ERR_USAGE, "%s:%u: %s%s%s", p->name, problem_line(p),
                   context ? context : "", context ? ": " : "", problem);
}

static bool refuse(const struct parse *p, const yaml_event_t *event, const char *what,
                   struct err *err)
{
    return err_set(err, ERR_USAGE, "%s:%u: %s", p->name, event_line(event), what);
}

static struct yaml_node *node_new(struct parse *p, enum yaml_type type, const yaml_event_t *event,
                                  struct err *err)
{
    struct yaml_node *node;

    if (++p->n_nodes > YAML_MAX_NODES) {
        (void)err_set(err, ERR_USAGE, "%s:%u: more than %d values and keys in one file", p->name,
                      event_line(event), YAML_MAX_NODES);
        return NULL;
    }
    node = arena_alloc(p->arena, sizeof(*node));
    memset(node, 0, sizeof(*node));
    node->type = type;
    node->line = event_line(event);
    return node;
}

static bool check_decoration(const struct parse *p, const yaml_event_t *event,
                             const yaml_char_t *anchor, const yaml_char_t *tag, struct err *err)
{
    if (anchor)
        return refuse(p, event, "anchors (&name) are not allowed here", err);
    if (tag)
        return refuse(p, event, "tags (!type) are not allowed here", err);
    return true;
}

/* The text of a scalar event, in the arena; NULL after an error. */
static const char *scalar_text(const struct parse *p, const yaml_event_t *event, struct err *err)
{
    struct slice text = slice_of((const char *)event->data.scalar.value, event->data.scalar.length);

    if (!check_decoration(p, event, event->data.scalar.anchor, event->data.scalar.tag, err))
        return NULL;
    if (text.n > 0 && memchr(text.p, '\0', text.n)) {
        (void)refuse(p, event, "a text may not hold the character U+0000", err);
        return NULL;
    }
    return arena_str(p->arena, text);
}

static bool parse_scalar(struct parse *p, const yaml_event_t *event, struct yaml_node **out,
                         struct err *err)
{
    struct yaml_node *node = node_new(p, YAML_SCALAR, event, err);

    if (!node)
        return false;
    node->text = scalar_text(p, event, err);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *out = node;
    return node->text != NULL;
}

static void append(struct yaml_node *parent, struct yaml_node **last, struct yaml_node *child)
{
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
    parent->n++;
}

static bool parse_sequence(struct parse *p, const yaml_event_t *start, unsigned depth,
                           struct yaml_node **out, struct err *err)
{
    struct yaml_node *node = node_new(p, YAML_SEQUENCE, start, err);
    struct yaml_node *last = NULL;
    bool              ok = node && check_decoration(p, start, start->data.sequence_start.anchor,
                                                    start->data.sequence_start.tag, err);
    bool              end = false;

    while (ok && !end) {
        yaml_event_t      event;
        struct yaml_node *child = NULL;

        ok = next_event(p, &event, err);
        end = ok && event.type == YAML_SEQUENCE_END_EVENT;
        if (ok && !end)
            ok = parse_node(p, &event, depth, &child, err);
        if (ok && !end)
            append(node, &last, child);
        yaml_event_delete(&event);
    }
    *out = node;
    return ok;
}

static int by_key(const void *a, const void *b)
{
    const struct yaml_node *x = *(const struct yaml_node *const *)a;
    const struct yaml_node *y = *(const struct yaml_node *const *)b;
    int                     order = strcmp(x->key, y->key);

    if (order != 0)
        return order;
    return x->key_line < y->key_line ? -1 : x->key_line > y->key_line;
}

/* Of several repeated keys the one that is seen first is told. */
static bool check_keys(const struct parse *p, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node **entries = mem_array(map->n + 1, sizeof(*entries));
    const struct yaml_node  *twice = NULL;
    size_t                   n = 0;

    for (const struct yaml_node *e = map->first; e; e = e->next)
        entries[n++] = e;
    qsort(entries, n, sizeof(*entries), by_key);
    for (size_t i = 1; i < n; i++)
        if (strcmp(entries[i - 1]->key, entries[i]->key) == 0 &&
            (!twice || entries[i]->key_line < twice->key_line))
            twice = entries[i];
    mem_free(entries);
    if (twice)
        return err_set(err, ERR_USAGE, "%s:%u: the key \"%s\" is there already", p->name,
                       twice->key_line, twice->key);
    return true;
}

/* One `key: value` whose key event was read. */
static bool parse_entry(struct parse *p, const yaml_event_t *key, unsigned depth,
                        struct yaml_node **out, struct err *err)
{
    yaml_event_t event;
    const char  *name;
    bool         ok;

    if (key->type == YAML_ALIAS_EVENT)
        return refuse(p, key, "aliases (*name) are not allowed here", err);
    if (key->type != YAML_SCALAR_EVENT)
        return refuse(p, key, "a key must be a plain text", err);
    if (++p->n_nodes > YAML_MAX_NODES)
        return err_set(err, ERR_USAGE, "%s:%u: more than %d values and keys in one file", p->name,
                       event_line(key), YAML_MAX_NODES);
    name = scalar_text(p, key, err);
    if (!name)
        return false;
    ok = next_event(p, &event, err) && parse_node(p, &event, depth, out, err);
    yaml_event_delete(&event);
    if (ok) {
        (*out)->key = name;
        (*out)->key_line = event_line(key);
    }
    return ok;
}

static bool parse_mapping(struct parse *p, const yaml_event_t *start, unsigned depth,
                          struct yaml_node **out, struct err *err)
{
    struct yaml_node *node = node_new(p, YAML_MAPPING, start, err);
    struct yaml_node *last = NULL;
    bool              ok = node && check_decoration(p, start, start->data.mapping_start.anchor,
                                                    start->data.mapping_start.tag, err);
    bool              end = false;

    while (ok && !end) {
        yaml_event_t      event;
        struct yaml_node *child = NULL;

        ok = next_event(p, &event, err);
        end = ok && event.type == YAML_MAPPING_END_EVENT;
        if (ok && !end)
            ok = parse_entry(p, &event, depth, &child, err);
        if (ok && !end)
            append(node, &last, child);
        yaml_event_delete(&event);
    }
    *out = node;
    return ok && check_keys(p, node, err);
}

/* The value that begins with event; depth is that of its parent. */
static bool parse_node(struct parse *p, const yaml_event_t *event, unsigned depth,
                       struct yaml_node **out, struct err *err)
{
    if (event->type == YAML_SCALAR_EVENT)
        return parse_scalar(p, event, out, err);
    if (event->type == YAML_ALIAS_EVENT)
        return refuse(p, event, "aliases (*name) are not allowed here", err);
    if (depth >= YAML_MAX_DEPTH)
        return err_set(err, ERR_USAGE, "%s:%u: nested deeper than %d levels", p->name,
                       event_line(event), YAML_MAX_DEPTH);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return parse_sequence(p, event, depth + 1, out, err);
    return parse_mapping(p, event, depth + 1, out, err);
}

static bool parse_document(struct parse *p, const yaml_event_t *start, struct yaml_node **root,
                           struct err *err)
{
    yaml_event_t event;
    bool         ok;

    if (start->data.document_start.tag_directives.start !=
        start->data.document_start.tag_directives.end)
        return refuse(p, start, "%TAG is not allowed here", err);
    ok = next_event(p, &event, err) && parse_node(p, &event, 0, root, err);
    yaml_event_delete(&event);
    if (!ok)
        return false;
    ok = next_event(p, &event, err); /* the document's end */
    yaml_event_delete(&event);
    return ok;
}

static bool parse_stream(struct parse *p, struct yaml_node **root, struct err *err)
{
    yaml_event_t event;
    bool         ok = next_event(p, &event, err); /* the stream's start */
    bool         end = false;

    yaml_event_delete(&event);
    while (ok && !end) {
        ok = next_event(p, &event, err);
        if (ok && event.type == YAML_STREAM_END_EVENT)
            end = true;
        else if (ok && *root)
            ok = refuse(p, &event, "a second document (---) is not allowed here", err);
        else if (ok)
            ok = parse_document(p, &event, root, err);
        yaml_event_delete(&event);
    }
    return ok;
}

/* libyaml counts a byte order mark as a column, and the first key would be indented by it. */
static struct slice without_mark(struct slice text)
{
    return text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0 ? slice_of(text.p + 3, text.n - 3)
                                                                 : text;
}

bool yaml_parse(struct slice text, const char *name, struct arena *a, struct yaml_node **root,
                struct err *err)
{
    struct parse      p = { .name = name, .text = without_mark(text), .arena = a };
    struct yaml_node *node = NULL;
    bool              ok;

    if (text.n > YAML_MAX_BYTES)
        return err_set(err, ERR_USAGE, "%s:1: larger than %u bytes", name, YAML_MAX_BYTES);
    if (yaml_parser_initialize(&p.parser) != 1)
        return err_set(err, ERR_BUG, "%s: cannot initialise the YAML parser", name);
    /* Said and not guessed: a UTF-16 mark would have the rest read as something else. */
    yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p.parser, (const unsigned char *)(p.text.n > 0 ? p.text.p : ""),
                                 p.text.n);
    ok = parse_stream(&p, &node, err);
    yaml_parser_delete(&p.parser);
    if (!ok)
        return false;
    if (!node) {
        node = arena_alloc(a, sizeof(*node));
        *node = (struct yaml_node){ .type = YAML_MAPPING, .line = 1 };
    }
    *root = node;
    return true;
}

const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key)
{
    if (!node || node->type != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *e = node->first; e; e = e->next)
        if (strcmp(e->key, key) == 0)
            return e;
    return NULL;
}
