/*
 * layout.c - loading a layout, and the questions asked of one.
 *
 * The way of a load: layout_tree.c reads and merges the files, layout_read.c fills the struct by
 * tables, layout_check.c looks at the members together.
 */
#include "lib/kestra/layout.h"

#include "lib/kestra/layout_tree.h"

#define LAYOUT_ARENA_BYTES 16384

static const char topic_mark[] = "{topic_prefix}";
static const char consumer_mark[] = "{consumer_prefix}";

/* ---- names -------------------------------------------------------------------------------- */

bool layout_placeholders_known(const char *pattern, struct slice *bad)
{
    for (const char *p = strpbrk(pattern, "{}"); p; p = strpbrk(p, "{}")) {
        size_t n = strcspn(p, "}");

        n += p[n] == '}' ? 1 : 0;
        *bad = slice_of(p, n);
        if (!slice_eq(*bad, slice_str(topic_mark)) && !slice_eq(*bad, slice_str(consumer_mark)))
            return false;
        p += n;
    }
    return true;
}

/* The text that stands for the placeholder at p, with its length in the pattern; NULL: none there.
 */
static const char *placeholder(const char *p, const char *topic_prefix, const char *consumer_prefix,
                               size_t *n)
{
    if (strncmp(p, topic_mark, sizeof(topic_mark) - 1) == 0) {
        *n = sizeof(topic_mark) - 1;
        return topic_prefix;
    }
    if (strncmp(p, consumer_mark, sizeof(consumer_mark) - 1) == 0) {
        *n = sizeof(consumer_mark) - 1;
        return consumer_prefix;
    }
    return NULL;
}

const char *layout_name(const char *pattern, const char *topic_prefix, const char *consumer_prefix,
                        struct arena *a)
{
    size_t n = strlen(pattern);
    size_t longest = strlen(topic_prefix);
    size_t n_marks = 0;
    size_t at = 0;
    char  *name;

    longest = strlen(consumer_prefix) > longest ? strlen(consumer_prefix) : longest;
    for (const char *p = pattern; *p; p++)
        n_marks += *p == '{' ? 1 : 0;
    name = arena_alloc(a, n + n_marks * longest + 1);
    while (*pattern) {
        size_t      skip = 1;
        const char *text = placeholder(pattern, topic_prefix, consumer_prefix, &skip);

        if (text) {
            memcpy(name + at, text, strlen(text));
            at += strlen(text);
        } else {
            name[at++] = *pattern;
        }
        pattern += skip;
    }
    name[at] = '\0';
    return name;
}

/* ---- load --------------------------------------------------------------------------------- */

/* A file that only others extend has no name of a band and need not be complete. */
static bool check_abstract(struct entry *root, struct err *err)
{
    const struct entry *e = entry_get(root, "abstract");

    if (!e)
        return true;
    if (e->type != YAML_SCALAR || strcmp(e->text, "true") != 0)
        return entry_err(err, e, "abstract must be true, or be left out");
    return entry_err(err, e, "this file is only there for others to extend, it is no layout");
}

bool layout_load(const char *name, layout_loader loader, void *ctx, struct layout **out,
                 struct err *err)
{
    struct arena  *a = arena_new(LAYOUT_ARENA_BYTES);
    struct layout *l = arena_alloc(a, sizeof(*l));
    struct entry  *root = NULL;

    memset(l, 0, sizeof(*l));
    l->arena = a;
    if (!layout_tree(name, loader, ctx, a, &root, err) || !check_abstract(root, err) ||
        !layout_read(root, l, err) || !layout_check(root, l, err)) {
        arena_free(a);
        return false;
    }
    l->file = root->file;
    *out = l;
    return true;
}

void layout_free(struct layout *l)
{
    if (l)
        arena_free(l->arena);
}

/* ---- questions ---------------------------------------------------------------------------- */

/* "22" or "1.24": up to six digits, nothing else; false for anything Kestra has never used. */
static bool parse_version(const char *version, bool *is_minor, int *number)
{
    const char *digits = version;
    size_t      n;

    *is_minor = strncmp(version, "1.", 2) == 0;
    if (*is_minor)
        digits += 2;
    n = strspn(digits, "0123456789");
    if (n == 0 || n > 6 || digits[n] != '\0')
        return false;
    *number = (int)strtol(digits, NULL, 10);
    return true;
}

bool layout_matches_flyway(const struct layout *l, const char *const *versions, size_t n)
{
    int plain = 0;
    int minor = 0;

    for (size_t i = 0; i < n; i++) {
        bool is_minor = false;
        int  number = 0;

        if (!versions[i])
            continue;
        /* A spelling of no Kestra we know: guessing a band from the other rows would be worse. */
        if (!parse_version(versions[i], &is_minor, &number))
            return false;
        if (is_minor && number > minor)
            minor = number;
        if (!is_minor && number > plain)
            plain = number;
    }
    if (minor > 0)
        return l->minor_max > 0 && minor >= l->minor_min && minor <= l->minor_max;
    return plain > 0 && l->plain_max > 0 && plain >= l->plain_min && plain <= l->plain_max;
}

static bool is_in(const struct strings *list, struct slice text)
{
    for (size_t i = 0; i < list->n; i++)
        if (slice_eq(slice_str(list->items[i]), text))
            return true;
    return false;
}

bool layout_is_terminal(const struct layout *l, struct slice state)
{
    return !slice_eq(state, SLICE("PAUSED")) && is_in(&l->terminal, state);
}

bool layout_knows_state(const struct layout *l, struct slice state)
{
    return is_in(&l->known, state);
}

enum task_type layout_task_type(const struct layout *l, struct slice class_name)
{
    for (size_t i = TASK_LEAF + 1; i < TASK_TYPE_COUNT; i++)
        if (is_in(&l->tasks[i], class_name))
            return (enum task_type)i;
    return TASK_LEAF;
}

const struct topic_layout *layout_topic_of(const struct layout *l, enum kind kind)
{
    for (size_t i = 0; i < l->n_topics; i++)
        if (kind != KIND_COUNT && l->topics[i].kind == kind)
            return &l->topics[i];
    return NULL;
}
