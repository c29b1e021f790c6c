/*
 * staging_rules.c - RULES.yml.
 *
 *   flows: disabled                # optional: every flow, too
 *   tenants:    [{ from: acme, to: acme-staging }]
 *   namespaces: [{ from: prod, to: staging }]      # prod and prod.*; the longest `from` wins
 *   mask:                                          # the last that fits wins
 *     - { kind: execution, path: /inputs/country, do: keep }
 *     - { kind: flow, path: /tasks/ ** /password, do: text, text: secret }    (without the blanks)
 */
#include "lib/base/yaml.h"
#include "lib/kestra/staging_impl.h"

#include <assert.h>
#include <stdarg.h>

#include "lib/base/nearest.h"

static bool PRINTF(4, 5)
    wrong(const struct staging *s, unsigned line, struct err *err, const char *fmt, ...)
{
    char    text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return err_set(err, ERR_USAGE, "%s:%u: %s", s->name, line, text);
}

/* "WHAT "word" is not known; nearest: x". */
static bool unknown(const struct staging *s, const struct yaml_node *at, const char *what,
                    const char *word, const char *const *names, struct err *err)
{
    const char *best = names[0];
    size_t      least = SIZE_MAX;
    char        list[256] = "";
    size_t      n = 0;

    for (size_t i = 0; names[i]; i++) {
        size_t d = strlen(word) > NEAREST_MAX_BYTES
                       ? SIZE_MAX
                       : nearest_distance(slice_str(word), slice_str(names[i]));

        if (d < least) {
            least = d;
            best = names[i];
        }
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "", names[i]);
    }
    return wrong(s, at->key_line ? at->key_line : at->line, err,
                 "the %s \"%.60s\" is not known; nearest: %s (there are %s)", what, word, best,
                 list);
}

static bool check_members(const struct staging *s, const struct yaml_node *map,
                          const char *const *names, struct err *err)
{
    if (map->type != YAML_MAPPING)
        return wrong(s, map->line, err, "a mapping (key: value) is expected here");
    for (const struct yaml_node *e = map->first; e; e = e->next) {
        size_t i = 0;

        while (names[i] && strcmp(names[i], e->key) != 0)
            i++;
        if (!names[i])
            return unknown(s, e, "rule", e->key, names, err);
    }
    return true;
}

static bool need_text(const struct staging *s, const struct yaml_node *map, const char *name,
                      const char **out, struct err *err)
{
    const struct yaml_node *e = yaml_get(map, name);

    if (!e)
        return wrong(s, map->line, err, "%s is missing", name);
    if (e->type != YAML_SCALAR || e->text[0] == '\0')
        return wrong(s, e->line, err, "%s must be a text", name);
    *out = e->text;
    return true;
}

static bool list_of(const struct staging *s, const struct yaml_node *root, const char *name,
                    const struct yaml_node **out, struct err *err)
{
    const struct yaml_node *list = yaml_get(root, name);

    *out = NULL;
    if (!list)
        return true;
    if (list->type != YAML_SEQUENCE)
        return wrong(s, list->line, err, "%s must be a list", name);
    if (list->n > STAGING_MAX_RULES)
        return wrong(s, list->line, err, "%zu %s; at most %d", list->n, name, STAGING_MAX_RULES);
    *out = list;
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool below(struct slice name, struct slice prefix)
{
    return name.n >= prefix.n && memcmp(name.p, prefix.p, prefix.n) == 0 &&
           (name.n == prefix.n || name.p[prefix.n] == '.');
}

/* Two names may not become one: where b's target lies in a's, b's names must be those that a would
 * bring there anyway. */
static bool overlaps(const struct rename *a, const struct rename *b)
{
    size_t rest = b->to.n - a->to.n;

    if (!below(b->to, a->to))
        return false;
    return !(b->from.n == a->from.n + rest && below(b->from, a->from) &&
             memcmp(b->from.p + a->from.n, b->to.p + a->to.n, rest) == 0);
}

static bool check_renames(const struct staging *s, const struct renames *r, struct err *err)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->n; k++) {
            const struct rename *a = &r->items[i];
            const struct rename *b = &r->items[k];

            if (i == k)
                continue;
            if (slice_eq(a->from, b->from))
                return wrong(s, b->line, err, "%.*s is renamed twice", SLICE_ARG(b->from));
            if (overlaps(a, b))
                return wrong(s, b->line, err,
                             "%.*s and %.*s (line %u) would become the same names, below %.*s",
                             SLICE_ARG(b->from), SLICE_ARG(a->from), a->line, SLICE_ARG(b->to));
        }
    return true;
}

/* "a.b" as "a/b"; nothing for "a". */
static struct slice with_slashes(struct staging *s, const char *name)
{
    char *out = arena_str(s->arena, slice_str(name));

    if (!strchr(name, '.'))
        return slice_of(NULL, 0);
    for (char *p = out; *p; p++)
        if (*p == '.')
            *p = '/';
    return slice_str(out);
}

static bool read_renames(struct staging *s, const struct yaml_node *root, const char *name,
                         const char *what, struct renames *out, struct err *err)
{
    static const char *const names[] = { "from", "to", NULL };
    const struct yaml_node  *list;

    if (!list_of(s, root, name, &list, err))
        return false;
    if (!list)
        return true;
    out->items = arena_alloc(s->arena, (list->n + 1) * sizeof(*out->items));
    for (const struct yaml_node *e = list->first; e; e = e->next) {
        const char *from = "";
        const char *to = "";
        struct buf  text = { 0 };

        if (!check_members(s, e, names, err) || !need_text(s, e, "from", &from, err) ||
            !need_text(s, e, "to", &to, err))
            return false;
        buf_init(&text, 4096);
        if (!buf_printf(&text, "rename %s %s: %s", what, from, to)) {
            buf_release(&text);
            return wrong(s, e->line, err, "a name is too long");
        }
        out->items[out->n++] = (struct rename){ .from = slice_str(from),
                                                .to = slice_str(to),
                                                .slashed = with_slashes(s, from),
                                                .from_text = arena_str(s->arena, buf_slice(&text)),
                                                .line = e->line };
        buf_release(&text);
    }
    return check_renames(s, out, err);
}

/* ---- masks --------------------------------------------------------------------------------- */

static bool check_path(const struct staging *s, const struct yaml_node *e, struct err *err)
{
    const char *p = e->text;

    if (*p != '/')
        return wrong(s, e->line, err, "the path \"%.100s\" must begin with /", p);
    for (; *p == '/'; p += strcspn(p, "/")) {
        size_t n = strcspn(p + 1, "/");

        p++;
        if (n == 0)
            return wrong(s, e->line, err, "the path \"%.100s\" has an empty part", e->text);
        if (*p == '*' && n != 1 && !(n == 2 && p[1] == '*'))
            return wrong(s, e->line, err,
                         "the path \"%.100s\": * and ** stand alone between slashes", e->text);
    }
    return true;
}

static bool read_kind(const struct staging *s, const struct yaml_node *e, unsigned *out,
                      struct err *err)
{
    static const char *const names[] = { "flow", "template", "trigger", "execution", NULL };
    static const enum kind   kinds[] = { KIND_FLOW, KIND_TEMPLATE, KIND_TRIGGER, KIND_EXECUTION };
    const char              *word = "";

    if (!need_text(s, e, "kind", &word, err))
        return false;
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], word) == 0) {
            *out = KIND_BIT(kinds[i]);
            return true;
        }
    return unknown(s, yaml_get(e, "kind"), "kind", word, names, err);
}

static bool read_act(const struct staging *s, const struct yaml_node *e, struct stage_rule *r,
                     struct err *err)
{
    static const char *const    names[] = { "keep", "pseudonym", "text", "drop", NULL };
    static const enum stage_act acts[] = { STAGE_KEEP, STAGE_PSEUDONYM, STAGE_TEXT, STAGE_DROP };
    const struct yaml_node     *text = yaml_get(e, "text");
    const char                 *word = "";
    struct buf                  quoted = { 0 };
    size_t                      i = 0;

    if (!need_text(s, e, "do", &word, err))
        return false;
    while (names[i] && strcmp(names[i], word) != 0)
        i++;
    if (!names[i])
        return unknown(s, yaml_get(e, "do"), "action", word, names, err);
    r->act = acts[i];
    if ((r->act == STAGE_TEXT) != (text != NULL))
        return wrong(s, e->line, err, "text: belongs to do: text, and to nothing else");
    if (!text)
        return true;
    if (text->type != YAML_SCALAR)
        return wrong(s, text->line, err, "text must be a text");
    buf_init(&quoted, 1u << 20);
    if (!json_quote(slice_str(text->text), &quoted))
        return wrong(s, text->line, err, "text is too long");
    r->with = arena_copy(s->arena, buf_slice(&quoted));
    buf_release(&quoted);
    return true;
}

static bool read_mask(struct staging *s, const struct yaml_node *e, struct err *err)
{
    static const char *const names[] = { "kind", "path", "do", "text", NULL };
    struct stage_rule        r = { .line = e->line };
    struct buf               text = { 0 };

    if (!check_members(s, e, names, err) || !read_kind(s, e, &r.kinds, err) ||
        !need_text(s, e, "path", &r.path, err) || !check_path(s, yaml_get(e, "path"), err) ||
        !read_act(s, e, &r, err))
        return false;
    buf_init(&text, 1u << 16);
    if (!buf_printf(&text, "mask %s %s: %s", yaml_get(e, "kind")->text, r.path,
                    staging_act_name(r.act))) {
        buf_release(&text);
        return wrong(s, e->line, err, "the path is too long");
    }
    r.text = arena_str(s->arena, buf_slice(&text));
    buf_release(&text);
    (void)staging_add_rule(s, &r);
    s->masks = true;
    return true;
}

bool staging_read_rules(struct staging *s, struct slice text, struct err *err)
{
    static const char *const names[] = { "flows", "tenants", "namespaces", "mask", NULL };
    struct yaml_node        *root = NULL;
    const struct yaml_node  *list;
    const struct yaml_node  *flows;

    if (!yaml_parse(text, s->name, s->arena, &root, err) || !check_members(s, root, names, err))
        return false;
    flows = yaml_get(root, "flows");
    if (flows && (flows->type != YAML_SCALAR || strcmp(flows->text, "disabled") != 0))
        return wrong(s, flows->line, err, "flows: can only be \"disabled\"");
    s->disable_flows = flows != NULL;
    if (!read_renames(s, root, "tenants", "tenant", &s->renames[STAGING_TENANT], err) ||
        !read_renames(s, root, "namespaces", "namespace", &s->renames[STAGING_NAMESPACE], err) ||
        !list_of(s, root, "mask", &list, err))
        return false;
    for (const struct yaml_node *e = list ? list->first : NULL; e; e = e->next)
        if (!read_mask(s, e, err))
            return false;
    return true;
}
