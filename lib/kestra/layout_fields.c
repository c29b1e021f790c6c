/*
 * layout_fields.c - reading one mapping of a layout file by its table.
 */
#include "lib/kestra/layout_fields.h"

/* ---- unknown members ---------------------------------------------------------------------- */

#define MAX_WORD 40

/* How many letters differ (Levenshtein); a word longer than MAX_WORD is far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[MAX_WORD + 1];
    size_t na = strlen(a);
    size_t nb = strlen(b);

    if (na > MAX_WORD || nb > MAX_WORD)
        return MAX_WORD;
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t cost = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);

            diagonal = row[j];
            row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = cost < row[j] ? cost : row[j];
        }
    }
    return row[nb];
}

/* "what "word" is not known; nearest: x, y, z". names is put in the order of nearness. */
bool entry_unknown(const struct entry *e, const char *what, const char *word, const char **names,
                   size_t n, struct err *err)
{
    for (size_t i = 0; i < n && i < 3; i++)
        for (size_t j = i + 1; j < n; j++)
            if (distance(word, names[j]) < distance(word, names[i])) {
                const char *other = names[i];

                names[i] = names[j];
                names[j] = other;
            }
    return entry_err(err, e, "%s \"%s\" is not known; nearest: %s%s%s%s%s", what, word,
                     n > 0 ? names[0] : "none", n > 1 ? ", " : "", n > 1 ? names[1] : "",
                     n > 2 ? ", " : "", n > 2 ? names[2] : "");
}

/* ---- values ------------------------------------------------------------------------------- */

static const char *label(const struct entry *e)
{
    return e->key ? e->key : "an item of the list";
}

bool entry_is_type(const struct entry *e, enum yaml_type type, struct err *err)
{
    static const char *const names[] = { "one value", "a list", "a mapping (key: value)" };

    if (e->type == type)
        return true;
    return entry_err(err, e, "%s must be %s, not %s", label(e), names[type], names[e->type]);
}

bool entry_is_text(const struct entry *e, struct err *err)
{
    if (!entry_is_type(e, YAML_SCALAR, err))
        return false;
    if (e->text[0] == '\0' ||
        (e->plain && (strcmp(e->text, "null") == 0 || strcmp(e->text, "~") == 0)))
        return entry_err(err, e, "%s has no value", label(e));
    return true;
}

bool entry_is_name(const struct entry *e, struct err *err)
{
    struct slice bad;

    if (!entry_is_text(e, err))
        return false;
    if (layout_placeholders_known(e->text, &bad))
        return true;
    return entry_err(err, e, "%s: \"%.*s\" is none of {topic_prefix}, {consumer_prefix}", label(e),
                     SLICE_ARG(bad));
}

/* What no index, alias or wildcard may have; lists of names belong to the option. */
#define NOT_IN_INDEX " \"\\/?<>|,#:{}"

bool entry_is_index(const struct entry *e, struct err *err)
{
    static const char mark[] = "{index_prefix}";
    const char       *rest;
    const char       *bad;

    if (!entry_is_text(e, err))
        return false;
    rest = e->text + (strncmp(e->text, mark, sizeof(mark) - 1) == 0 ? sizeof(mark) - 1 : 0);
    bad = strpbrk(rest, NOT_IN_INDEX);
    if (bad && (*bad == '{' || *bad == '}'))
        return entry_err(err, e, "%s: braces are for %s at the beginning", label(e), mark);
    if (bad)
        return entry_err(err, e, "%s: no index has a '%c' in its name", label(e), *bad);
    return true;
}

/* A state as Kestra spells it. */
bool entry_is_state(const struct entry *e, struct err *err)
{
    if (!entry_is_text(e, err))
        return false;
    if (e->text[strspn(e->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] != '\0')
        return entry_err(err, e, "\"%s\" is no state: capital letters only", e->text);
    return true;
}

/* PAUSED ends nothing for us: before 0.8 Kestra counts it as terminated (data-model 5.5), but such
 * an execution waits for somebody (design part 3, "pending"). */
bool entry_is_terminal_state(const struct entry *e, struct err *err)
{
    if (!entry_is_state(e, err))
        return false;
    if (strcmp(e->text, "PAUSED") == 0)
        return entry_err(err, e, "PAUSED is never terminal: a paused execution is pending");
    return true;
}

bool entry_is_class(const struct entry *e, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._$";

    if (!entry_is_text(e, err))
        return false;
    if (e->text[strspn(e->text, letters)] != '\0' || !strchr(e->text, '.'))
        return entry_err(err, e, "\"%s\" is no class: its package belongs to it", e->text);
    return true;
}

/* "/taskRunList/ * /state" (without blanks): names with a slash before each; * is every item of a
 * list. */
static bool is_pattern(const struct entry *e, bool deep, struct err *err)
{
    const char *p;

    if (!entry_is_text(e, err))
        return false;
    if (e->text[0] != '/')
        return entry_err(err, e, "the path \"%s\" must begin with /", e->text);
    for (p = e->text; *p == '/'; p += strcspn(p, "/")) {
        p++;
        if (*p == '\0' || *p == '/')
            return entry_err(err, e, "the path \"%s\" has an empty part", e->text);
        if (deep && p[0] == '*' && p[1] == '*')
            p++;
        if (*p == '*' && p[1] != '\0' && p[1] != '/')
            return entry_err(err, e, "the path \"%s\": * stands alone between slashes", e->text);
    }
    return true;
}

bool entry_is_pattern(const struct entry *e, struct err *err)
{
    return is_pattern(e, false, err);
}

bool entry_is_path(const struct entry *e, struct err *err)
{
    return is_pattern(e, true, err);
}

static bool number(const struct entry *e, const struct field *f, long *out, struct err *err)
{
    if (!entry_is_text(e, err))
        return false;
    if (!e->plain || strlen(e->text) > 18 || e->text[strspn(e->text, "0123456789")] != '\0')
        return entry_err(err, e, "%s must be a whole number, not \"%s\"", f->name, e->text);
    *out = strtol(e->text, NULL, 10);
    if (*out < f->min || *out > f->max)
        return entry_err(err, e, "%s must be from %ld to %ld, not %s", f->name, f->min, f->max,
                         e->text);
    return true;
}

static bool read_bool(const struct entry *e, bool *out, struct err *err)
{
    if (!entry_is_text(e, err))
        return false;
    if (!e->plain || (strcmp(e->text, "true") != 0 && strcmp(e->text, "false") != 0))
        return entry_err(err, e, "%s must be true or false, not \"%s\"", label(e), e->text);
    *out = e->text[0] == 't';
    return true;
}

static bool read_list(struct arena *a, const struct entry *e, item_check check, size_t *n,
                      const char ***out, struct err *err)
{
    const char **items;

    if (!entry_is_type(e, YAML_SEQUENCE, err))
        return false;
    items = arena_alloc(a, (e->n + 1) * sizeof(*items));
    *n = 0;
    for (const struct entry *item = e->first; item; item = item->next) {
        if (!check(item, err))
            return false;
        for (size_t i = 0; i < *n; i++)
            if (strcmp(items[i], item->text) == 0)
                return entry_err(err, item, "\"%s\" is in the list twice", item->text);
        items[(*n)++] = item->text;
    }
    *out = items;
    return true;
}

static bool read_range(const struct entry *e, const struct field *f, int *low, int *high,
                       struct err *err)
{
    long from = 0;
    long to = 0;

    if (!entry_is_type(e, YAML_SEQUENCE, err))
        return false;
    if (e->n != 2)
        return entry_err(err, e, "%s must be [lowest, highest]", f->name);
    if (!number(e->first, f, &from, err) || !number(e->first->next, f, &to, err))
        return false;
    if (from > to)
        return entry_err(err, e, "%s: %ld is above %ld", f->name, from, to);
    *low = (int)from;
    *high = (int)to;
    return true;
}

/* ---- tables ------------------------------------------------------------------------------- */

static bool read_field(struct place at, const struct field *f, const struct entry *e,
                       struct err *err)
{
    char *to = (char *)at.into + f->at;
    long  value = 0;

    switch (f->type) {
    case FIELD_TEXT: *(const char **)(void *)to = e->text; return entry_is_text(e, err);
    case FIELD_PREFIX:
        *(const char **)(void *)to = e->text;
        return entry_is_type(e, YAML_SCALAR, err);
    case FIELD_NAME: *(const char **)(void *)to = e->text; return entry_is_name(e, err);
    case FIELD_INDEX: *(const char **)(void *)to = e->text; return entry_is_index(e, err);
    case FIELD_INT:
        if (!number(e, f, &value, err))
            return false;
        *(int *)(void *)to = (int)value;
        return true;
    case FIELD_SIZE:
        if (!number(e, f, &value, err))
            return false;
        *(uint64_t *)(void *)to = (uint64_t)value;
        return true;
    case FIELD_RANGE:
        return read_range(e, f, (int *)(void *)to, (int *)(void *)((char *)at.into + f->at_n), err);
    case FIELD_BOOL: return read_bool(e, (bool *)to, err);
    case FIELD_LIST:
        return read_list(at.layout->arena, e, f->item,
                         (size_t *)(void *)((char *)at.into + f->at_n), (const char ***)(void *)to,
                         err);
    case FIELD_SUB: return f->sub(at, e, err);
    }
    return true;
}

static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static bool check_known(const struct entry *map, const struct field *fields, size_t n,
                        struct err *err)
{
    const char *names[FIELDS_MAX];

    for (const struct entry *e = map->first; e; e = e->next) {
        if (find_field(fields, n, e->key))
            continue;
        for (size_t i = 0; i < n; i++)
            names[i] = fields[i].name;
        return entry_unknown(e, "the key", e->key, names, n, err);
    }
    return true;
}

bool fields_read(struct place at, const struct entry *map, const struct field *fields, size_t n,
                 struct err *err)
{
    if (!entry_is_type(map, YAML_MAPPING, err) || !check_known(map, fields, n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = entry_get(map, fields[i].name);

        if (e && !read_field(at, &fields[i], e, err))
            return false;
        if (!e && fields[i].mandatory)
            return entry_err(err, map, "%s%s%s is missing", map->key ? map->key : "",
                             map->key ? ": " : "", fields[i].name);
    }
    return true;
}
