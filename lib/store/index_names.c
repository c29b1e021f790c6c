/* index_names.c - where a kind's documents are (index_names.h). */
#include "lib/store/index_names.h"

#define MARK "{index_prefix}"
#define LOGS MARK "logs"

/* "execution=my_executions*" -> execution; KIND_COUNT: no kind has this name. */
static enum kind kind_of(const char *override)
{
    size_t n = strcspn(override, "=");

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (slice_eq(slice_of(override, n), slice_str(kind_name((enum kind)kind))))
            return kind_stored((enum kind)kind);
    }
    return KIND_COUNT;
}

static bool is_of_logs(const char *override)
{
    return strncmp(override, "log=", 4) == 0;
}

bool index_names_check(const struct store_search_conf *conf, struct err *err)
{
    for (size_t i = 0; i < conf->indices.n; i++) {
        const char *item = conf->indices.items[i];
        const char *equals = strchr(item, '=');

        if (equals && equals[1] && (kind_of(item) != KIND_COUNT || is_of_logs(item)))
            continue;
        (void)err_set(err, ERR_USAGE, "option --index: \"%s\" is not KIND=NAME", item);
        return err_hint(err, "for example --index execution=my_executions; kinds are flow, "
                             "template, trigger, execution and log");
    }
    return true;
}

static const char *replace_prefix(const char *pattern, const char *prefix, struct arena *a)
{
    struct buf  name;
    const char *mark;
    const char *text;

    buf_init(&name, SIZE_MAX);
    while ((mark = strstr(pattern, MARK))) {
        buf_add(&name, "%.*s%s", (int)(mark - pattern), pattern, prefix);
        pattern = mark + strlen(MARK);
    }
    buf_add(&name, "%s", pattern);
    text = arena_str(a, buf_slice(&name));
    buf_release(&name);
    return text;
}

static const char *prefix_of(const struct layout *layout, const struct store_search_conf *conf)
{
    const char *prefix = conf->index_prefix ? conf->index_prefix : layout->index_prefix;

    return prefix ? prefix : "";
}

const char *index_name_of_logs(const struct layout *layout, const struct store_search_conf *conf,
                               struct arena *a)
{
    const char *pattern = LOGS;

    for (size_t i = 0; i < conf->indices.n; i++) {
        if (is_of_logs(conf->indices.items[i]))
            pattern = strchr(conf->indices.items[i], '=') + 1;
    }
    return replace_prefix(pattern, prefix_of(layout, conf), a);
}

const char *index_name_of(const struct layout *layout, enum kind kind,
                          const struct store_search_conf *conf, struct arena *a)
{
    const char *pattern = layout->kinds[kind_stored(kind)].index;

    for (size_t i = 0; i < conf->indices.n; i++) {
        if (kind_of(conf->indices.items[i]) == kind_stored(kind))
            pattern = strchr(conf->indices.items[i], '=') + 1;
    }
    return pattern ? replace_prefix(pattern, prefix_of(layout, conf), a) : NULL;
}

/* Does the whole name match? `*` is any characters. */
static bool matches(struct slice pattern, struct slice name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX; /* the last one, and where in name it is tried to end */
    size_t tried = 0;

    for (;;) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            tried = n;
            continue;
        }
        /* Behind the pattern comes the end, or a dash and whatever tells dated indices apart. */
        if (p == pattern.n && (n == name.n || (name.p[n] == '-' && n + 1 < name.n)))
            return true;
        if (p < pattern.n && n < name.n && pattern.p[p] == name.p[n]) {
            p++;
            n++;
            continue;
        }
        if (star == SIZE_MAX || tried == name.n)
            return false;
        p = star + 1;
        n = ++tried;
    }
}

bool index_name_matches(const char *expression, struct slice concrete)
{
    size_t n;

    for (;; expression += n + 1) {
        n = strcspn(expression, ",");
        if (n > 0 && matches(slice_of(expression, n), concrete))
            return true;
        if (expression[n] == '\0')
            return false;
    }
}

enum kind index_hint_parse(const char *hint, const char **member)
{
    static const char prefix[] = "member:";
    const char       *name = hint + sizeof(prefix) - 1;
    const char       *dot;

    if (strncmp(hint, prefix, sizeof(prefix) - 1) != 0)
        return KIND_COUNT;
    dot = strchr(name, '.');
    if (!dot || !dot[1])
        return KIND_COUNT;
    *member = dot + 1;
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (slice_eq(slice_of(name, (size_t)(dot - name)), slice_str(kind_name((enum kind)kind))))
            return kind_stored((enum kind)kind);
    return KIND_COUNT;
}
