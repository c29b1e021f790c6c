/*
 * staging.c - rules bound to a layout: for each kind a tree of paths, strongest rule last.
 *
 * The order of strength: what no path names; the layout's mask and pass; RULES.yml, line by line;
 * neutral and the names of tenants and namespaces; what is fixed.
 */
#include "lib/kestra/staging_impl.h"

#include "lib/base/hash.h"

const char *staging_act_name(enum stage_act act)
{
    switch (act) {
    case STAGE_PASS:
    case STAGE_KEEP: return "keep";
    case STAGE_PSEUDONYM: return "pseudonym";
    case STAGE_TEXT: return "text";
    case STAGE_DROP: return "drop";
    case STAGE_TRUE: return "true";
    case STAGE_KEY: return "new key";
    case STAGE_NAMESPACE:
    case STAGE_TENANT: return "rename";
    case STAGE_FIXED:
    case STAGE_CUT: return "fixed";
    }
    return "unknown";
}

int staging_add_rule(struct staging *s, const struct stage_rule *rule)
{
    if (s->n_rules == s->cap) {
        s->cap = s->cap * 2 + 64;
        s->rules = mem_realloc(s->rules, s->cap * sizeof(*s->rules));
    }
    s->rules[s->n_rules] = *rule;
    return (int)s->n_rules++;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void take_seed(struct staging *s, struct slice seed)
{
    unsigned char random[HMAC_BYTES];
    unsigned char digest[HMAC_BYTES];

    s->seeded = seed.p != NULL;
    if (!s->seeded) {
        hmac_random(random, sizeof(random));
        seed = slice_of((const char *)random, sizeof(random));
    }
    s->hmac = hmac_new(seed);
    hmac_of(s->hmac, 'd', SLICE("digest of the seed"), digest);
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(s->seed_digest + 2 * i, 3, "%02x", digest[i]);
}

bool staging_parse(struct slice text, const char *name, struct slice seed, struct staging **out,
                   struct err *err)
{
    struct staging *s;

    if (seed.p && seed.n < STAGING_SEED_MIN_BYTES) {
        (void)err_set(err, ERR_USAGE, "the staging seed has %zu bytes: at least %d", seed.n,
                      STAGING_SEED_MIN_BYTES);
        return err_hint(err, "openssl rand -hex 32 > seed makes a good one");
    }
    s = mem_alloc(sizeof(*s));
    s->arena = arena_new(1u << 14);
    s->name = name ? arena_str(s->arena, slice_str(name)) : "";
    s->has_rules = text.p != NULL;
    take_seed(s, seed);
    if (s->has_rules)
        digest_hex(digest_bytes(0, text), s->rules_digest);
    if (s->has_rules && !staging_read_rules(s, text, err)) {
        staging_free(s);
        return false;
    }
    s->n_own = s->n_rules;
    *out = s;
    return true;
}

void staging_free(struct staging *s)
{
    if (!s)
        return;
    hmac_free(s->hmac);
    mem_free(s->rules);
    arena_free(s->bound);
    arena_free(s->arena);
    mem_free(s);
}

bool staging_has_rules(const struct staging *s)
{
    return s->has_rules;
}

bool staging_renames(const struct staging *s)
{
    return s->renames[0].n + s->renames[1].n > 0;
}

bool staging_is_seeded(const struct staging *s)
{
    return s->seeded;
}

const char *staging_seed_digest(const struct staging *s)
{
    return s->seed_digest;
}

const char *staging_rules_digest(const struct staging *s)
{
    return s->rules_digest;
}

/* ---- the tree of paths ----------------------------------------------------------------------- */

static struct stage_node *node_new(struct staging *s, struct slice name)
{
    struct stage_node *node = arena_alloc(s->bound, sizeof(*node));

    *node = (struct stage_node){ .name = name, .rule = -1, .sure = -1 };
    return node;
}

/* A part of a path: ~1 is a slash, ~0 a tilde. */
static struct slice part_name(struct staging *s, struct slice part)
{
    char  *out = arena_alloc(s->bound, part.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < part.n; i++) {
        if (part.p[i] == '~' && i + 1 < part.n && (part.p[i + 1] == '0' || part.p[i + 1] == '1'))
            out[n++] = part.p[++i] == '1' ? '/' : '~';
        else
            out[n++] = part.p[i];
    }
    return slice_of(out, n);
}

static struct stage_node *child(struct staging *s, struct stage_node *at, struct slice part)
{
    struct stage_node **to = NULL;
    struct slice        name = { NULL, 0 };

    if (slice_eq(part, SLICE("**"))) {
        to = &at->deep;
    } else if (slice_eq(part, SLICE("*"))) {
        to = &at->any;
    } else {
        name = part_name(s, part);
        for (to = &at->first; *to && !slice_eq((*to)->name, name);)
            to = &(*to)->next;
    }
    if (!*to) {
        *to = node_new(s, name);
        (*to)->loops = slice_eq(part, SLICE("**"));
    }
    return *to;
}

/* Later rules are stronger. */
static void put_path(struct staging *s, enum kind kind, const char *path, int rule)
{
    struct stage_node *at = s->roots[kind];

    while (*path == '/')
        at = child(s, at, stage_next_part(&path));
    at->rule = rule;
    if (!s->rules[rule].by_class && s->rules[rule].act != STAGE_KEY)
        at->sure = rule;
}

/* Its last steps are ** and a name: whatever is called so. */
static bool is_at_any_depth(const char *path)
{
    const char *deep = strstr(path, "/**/");

    return deep && !strchr(deep + 4, '/');
}

static void put_layout(struct staging *s, enum kind kind, const struct strings *paths,
                       enum stage_act act, const char *what)
{
    for (size_t i = 0; i < paths->n; i++) {
        struct stage_rule r = {
            .act = act,
            .path = paths->items[i],
            .kinds = KIND_BIT(kind),
            .by_class = act == STAGE_FIXED && is_at_any_depth(paths->items[i]),
        };
        struct buf text = { 0 };

        buf_init(&text, 1u << 16);
        buf_add(&text, "%s %s %.300s", what, kind_name(kind), r.path);
        r.text = what ? arena_str(s->bound, buf_slice(&text)) : NULL;
        buf_release(&text);
        put_path(s, kind, r.path, staging_add_rule(s, &r));
    }
}

static void put_cut(struct staging *s, enum kind kind, const char *member)
{
    struct stage_rule r = { .act = STAGE_CUT, .kinds = KIND_BIT(kind) };
    char              path[128];

    (void)snprintf(path, sizeof(path), "/%s", member);
    put_path(s, kind, path, staging_add_rule(s, &r));
}

/* ---- rules that would break something -------------------------------------------------------- */

/* Does the pattern p name the place q? */
static bool covers(const char *p, const char *q)
{
    struct slice a;
    struct slice b;

    if (*p == '\0')
        return *q == '\0';
    a = stage_next_part(&p);
    if (slice_eq(a, SLICE("**"))) {
        for (;;) {
            if (covers(p, q))
                return true;
            if (*q == '\0')
                return false;
            (void)stage_next_part(&q);
        }
    }
    if (*q == '\0')
        return false;
    b = stage_next_part(&q);
    return (slice_eq(a, SLICE("*")) || slice_eq(a, b)) && covers(p, q);
}

static bool ends_in_name(const char *path)
{
    const char *last = strrchr(path, '/');

    return last && last[1] != '*';
}

/* What holds something mandatory and is not mandatory itself may go with all that is in it. A mask
 * that names no member, /tasks/ **, passes over what is fixed. */
static bool breaks(const struct stage_rule *r, const char *fixed)
{
    return (r->act == STAGE_DROP || ends_in_name(r->path)) && covers(r->path, fixed);
}

static bool refuse(const struct staging *s, const struct stage_rule *r, const char *fixed,
                   struct err *err)
{
    (void)err_set(err, ERR_USAGE,
                  "%s:%u: %.200s would break %s, which is part of the key or mandatory", s->name,
                  r->line, r->text, fixed);
    return err_hint(err, "namespaces and tenants are renamed with namespaces: and tenants:");
}

static bool check_rule(const struct staging *s, const struct layout *l, const struct stage_rule *r,
                       enum kind kind, struct err *err)
{
    const struct kind_layout *k = &l->kinds[kind];
    const struct strings     *sets[] = { &k->staging.fixed, &k->staging.namespaces,
                                         &k->staging.tenants };
    char                      path[128];

    for (size_t i = 0; i < k->staging.whole.n && r->act == STAGE_DROP; i++)
        if (breaks(r, k->staging.whole.items[i]))
            return refuse(s, r, k->staging.whole.items[i], err);
    for (size_t set = 0; set < COUNT_OF(sets); set++)
        for (size_t i = 0; i < sets[set]->n; i++)
            if (breaks(r, sets[set]->items[i]))
                return refuse(s, r, sets[set]->items[i], err);
    for (size_t i = 0; i < k->key.n_parts + k->n_required; i++) {
        (void)snprintf(path, sizeof(path), "/%s",
                       i < k->key.n_parts ? k->key.parts[i].member
                                          : k->required[i - k->key.n_parts]);
        if (breaks(r, path))
            return refuse(s, r, path, err);
    }
    return true;
}

/* ---- binding --------------------------------------------------------------------------------- */

/* Names that documents have beside each part of the path are kept, for staging_near(). */
static void watch(struct staging *s, enum kind kind, const char *path)
{
    struct stage_node *at = s->roots[kind];

    while (*path == '/') {
        if (!at->others)
            at->others = arena_alloc(s->bound, STAGE_MAX_OTHERS * sizeof(*at->others));
        at = child(s, at, stage_next_part(&path));
    }
}

static bool put_own(struct staging *s, const struct stage_rule *own, enum kind kind,
                    struct err *err)
{
    for (size_t i = 0; i < s->n_own; i++) {
        const struct stage_rule *r = &own[i];

        if ((r->kinds & KIND_BIT(kind)) == 0)
            continue;
        if (r->act != STAGE_KEEP && !check_rule(s, s->layout, r, kind, err))
            return false;
        put_path(s, kind, r->path, staging_add_rule(s, r));
        watch(s, kind, r->path);
    }
    return true;
}

static bool bind_kind(struct staging *s, const struct stage_rule *own, enum kind kind,
                      struct err *err)
{
    const struct kind_layout    *k = &s->layout->kinds[kind];
    const struct staging_layout *st = &k->staging;
    struct stage_rule            key = { .act = STAGE_FIXED, .kinds = KIND_BIT(kind) };
    char                         path[128];

    s->roots[kind] = node_new(s, slice_of(NULL, 0));
    if (st->mask_rest) {
        struct stage_rule rest = { .act = STAGE_PSEUDONYM,
                                   .text = "mask execution: what is not listed",
                                   .path = "",
                                   .kinds = KIND_BIT(kind) };

        put_path(s, kind, "", staging_add_rule(s, &rest));
    }
    put_layout(s, kind, &st->mask, STAGE_PSEUDONYM, "mask");
    put_layout(s, kind, &st->pass, STAGE_PASS, NULL);
    put_cut(s, kind, "source");
    for (size_t i = 0; i < k->n_drop; i++)
        put_cut(s, kind, k->drop[i]);
    if (!put_own(s, own, kind, err))
        return false;
    put_layout(s, kind, &st->clear, STAGE_DROP, "neutral: take away");
    put_layout(s, kind, &st->keys, STAGE_KEY, "neutral: new webhook key");
    put_layout(s, kind, &st->off, STAGE_TRUE, "neutral: true");
    if (s->disable_flows)
        put_layout(s, kind, &st->disable, STAGE_TRUE, "disable");
    put_layout(s, kind, &st->fixed, STAGE_FIXED, NULL);
    for (size_t i = 0; i < k->key.n_parts + k->n_required; i++) {
        (void)snprintf(path, sizeof(path), "/%s",
                       i < k->key.n_parts ? k->key.parts[i].member
                                          : k->required[i - k->key.n_parts]);
        put_path(s, kind, path, staging_add_rule(s, &key));
    }
    put_layout(s, kind, &st->tenants, STAGE_TENANT, NULL);
    put_layout(s, kind, &st->namespaces, STAGE_NAMESPACE, NULL);
    return true;
}

static void bind_renames(struct staging *s)
{
    for (size_t what = 0; what < COUNT_OF(s->renames); what++)
        for (size_t i = 0; i < s->renames[what].n; i++) {
            struct rename    *r = &s->renames[what].items[i];
            struct stage_rule rule = { .act =
                                           what == STAGING_TENANT ? STAGE_TENANT : STAGE_NAMESPACE,
                                       .text = r->from_text,
                                       .line = r->line,
                                       .kinds = KIND_ALL };

            r->rule = staging_add_rule(s, &rule);
        }
}

static void bind_source(struct staging *s)
{
    static const struct stage_rule rule = {
        .act = STAGE_CUT,
        .text = "source: written anew from the flow, without its comments",
        .kinds = KIND_BIT(KIND_FLOW),
    };

    s->source_rule = staging_add_rule(s, &rule);
}

bool staging_bind(struct staging *s, const struct layout *layout, struct err *err)
{
    struct stage_rule *own = mem_array(s->n_own + 1, sizeof(*own));
    bool               ok = true;

    if (s->n_own > 0)
        memcpy(own, s->rules, s->n_own * sizeof(*own));
    s->n_rules = s->n_own;
    memset(s->left, 0, sizeof(s->left));
    arena_free(s->bound);
    s->bound = arena_new(1u << 15);
    s->layout = layout;
    for (int k = 0; ok && k < KIND_COUNT; k++) {
        s->roots[k] = NULL;
        if (layout->kinds[k].enabled && kind_is_stored((enum kind)k) && k != KIND_FLOW_LAST)
            ok = bind_kind(s, own, (enum kind)k, err);
    }
    s->roots[KIND_FLOW_LAST] = s->roots[KIND_FLOW];
    bind_renames(s);
    bind_source(s);
    mem_free(own);
    return ok;
}
