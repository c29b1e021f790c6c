/*
 * staging_walk.c - one document, gone through once; what is to change becomes an edit.
 *
 * DESIGN. The rules of a kind are a tree of paths (staging.c). On the way down a frame holds the
 * places of that tree that its value may be: one most often, more where * and ** stand. A value
 * takes the strongest rule of its places, else the one that covers what it lies in. Subtrees that
 * no rule can reach are passed over by the walk at 64 bytes a step.
 *
 *   root {places: root}  member "inputs" {places: /inputs, rule: mask}  member "a": no place,
 * masked
 *
 * Inside a masked value the names of members are data too ("alice@example.org": 1): they are masked
 * where no path of a rule leads, so from the second level of inputs or outputs on.
 *
 * Whether a namespace in a task is Kestra's or, say, Kubernetes' is known by the type of the task,
 * which may come later in the text: such edits wait as candidates until the object ends. So does
 * the `id` of something in a masked part of a task: of a task it stays, of a customer it does not.
 */
#include "lib/kestra/staging_impl.h"

#include <assert.h>

/* ---- places -------------------------------------------------------------------------------- */

static void add_node(struct stager *g, struct stage_node *node)
{
    for (; node; node = node->deep) {
        g->active = stage_grow(g->active, g->n_active, &g->cap_active, sizeof(*g->active));
        g->active[g->n_active++] = node;
    }
}

/* A name as it is, also where it is spelled with escapes. Items of a list have none. */
static struct slice plain_name(struct stager *g, struct slice name)
{
    if (!name.p || name.n == 0 || !memchr(name.p, '\\', name.n))
        return name;
    return stage_text(g, (struct json_value){ JSON_STRING, slice_of(name.p - 1, name.n + 2) });
}

/* A name that is no place of the tree, where a rule of the file may have meant it. Only names that
 * are not masked. */
static void note_other(const struct stager *g, struct stage_node *at, struct slice name)
{
    if (!at->others || at->n_others == STAGE_MAX_OTHERS || name.n > 64 || name.n == 0 || !name.p)
        return;
    for (size_t i = 0; i < at->n_others; i++)
        if (slice_eq(at->others[i], name))
            return;
    at->others[at->n_others++] = arena_copy(g->s->bound, name);
}

/* The places of a value in frame f, put behind all others; true: one of them spells its name. */
static bool find_places(struct stager *g, const struct stage_frame *f, struct slice name,
                        size_t *from, size_t *n)
{
    size_t set = f->set;
    size_t n_set = f->n_set;
    bool   list = f->list;
    bool   spelled = false;

    *from = g->n_active;
    for (size_t i = 0; i < n_set; i++) {
        struct stage_node *at = g->active[set + i];
        bool               here = false;

        for (struct stage_node *c = list || !name.p ? NULL : at->first; c; c = c->next)
            if (slice_eq(c->name, name)) {
                c->met = here = spelled = true;
                add_node(g, c);
            }
        if (!here && !list && (f->below == 0 || !stage_is_masking(stage_rule_of(g, f->mode))))
            note_other(g, at, name);
        if (at->any)
            at->any->met = true;
        add_node(g, at->any);
        if (at->loops) {
            g->active = stage_grow(g->active, g->n_active, &g->cap_active, sizeof(*g->active));
            g->active[g->n_active++] = at;
        }
    }
    *n = g->n_active - *from;
    return spelled;
}

static bool is_for_containers(enum stage_act act)
{
    return act == STAGE_PSEUDONYM || act == STAGE_TEXT || act == STAGE_KEEP || act == STAGE_DROP ||
           act == STAGE_CUT;
}

/* sure: without those that hang on a type. */
static int best_rule(const struct stager *g, size_t from, size_t n, bool sure)
{
    int best = -1;

    for (size_t i = 0; i < n; i++) {
        const struct stage_node *at = g->active[from + i];
        int                      rule = sure ? at->sure : at->rule;

        if (rule > best)
            best = rule;
    }
    return best;
}

/* Likewise for a container, of which some rules say nothing. */
static int best_of_container(const struct stager *g, size_t from, size_t n)
{
    int best = -1;

    for (size_t i = 0; i < n; i++) {
        int rule = g->active[from + i]->sure;

        if (rule > best && is_for_containers(g->s->rules[rule].act))
            best = rule;
    }
    return best;
}

/* ---- containers ---------------------------------------------------------------------------- */

/* A member that is to be true, where a place of f spells one. */
static void find_insert(struct stager *g, struct stage_frame *f)
{
    f->insert = -1;
    for (size_t i = 0; i < f->n_set && !f->list; i++)
        for (const struct stage_node *c = g->active[f->set + i]->first; c; c = c->next)
            if (c->rule >= 0 && g->s->rules[c->rule].act == STAGE_TRUE) {
                f->insert = c->rule;
                f->insert_name = c->name;
            }
}

/* The stronger one of what its places say and of what covers it. */
static int rule_for(const struct stage_frame *in, int own)
{
    return own > in->mode ? own : in->mode;
}

/* Mask a member's name where names are data; else it may hold one that is renamed. */
static void mask_name(struct stager *g, const struct stage_frame *in, struct slice name,
                      bool spelled)
{
    const struct stage_rule *r = stage_rule_of(g, in->mode);

    if (in->list || spelled)
        return;
    if (!stage_is_masking(r) || in->below == 0) {
        stage_look_name(g, plain_name(g, name));
        return;
    }
    stage_edit(g, stage_offset(g, name.p) - 1, stage_offset(g, name.p) + name.n + 1,
               stage_member_name(g, plain_name(g, name)));
}

/* Some path leads here step by step: what the names in it are, Kestra says. ** leads anywhere. */
static bool is_spelled(const struct stager *g, const struct stage_frame *f)
{
    for (size_t i = 0; i < f->n_set; i++)
        if (!g->active[f->set + i]->loops)
            return true;
    return false;
}

static void push(struct stager *g, struct slice name, enum json_type type)
{
    struct stage_frame  f = { .name = name, .list = type == JSON_ARRAY, .drop_from = SIZE_MAX };
    struct stage_frame *in = stage_top(g);
    bool                spelled = find_places(g, in, plain_name(g, name), &f.set, &f.n_set);
    const struct stage_rule *r;

    f.mode = rule_for(in, best_of_container(g, f.set, f.n_set));
    r = stage_rule_of(g, f.mode);
    f.below = is_spelled(g, &f) ? 0 : in->below + 1;
    f.index = in->n;
    f.first_candidate = g->n_candidates;
    f.skip = (r && (r->act == STAGE_DROP || r->act == STAGE_CUT)) ||
             (f.n_set == 0 && !g->renames && (!r || !stage_is_masking(r)));
    find_insert(g, &f);
    if (!r || (r->act != STAGE_DROP && r->act != STAGE_CUT))
        mask_name(g, in, name, spelled);
    g->frames = stage_grow(g->frames, g->n_frames, &g->cap_frames, sizeof(*g->frames));
    g->frames[g->n_frames++] = f;
}

/* The container on top ends at `end` (behind its bracket). */
static int pop(struct stager *g, size_t end)
{
    struct stage_frame f = *stage_top(g);

    g->n_frames--;
    g->n_active = f.set;
    stage_settle(g, &f);
    if (f.drop_from != SIZE_MAX && !f.any_kept)
        stage_edit(g, f.drop_from, f.last_end, SLICE(""));
    if (f.insert >= 0 && !f.insert_seen && !f.skip) {
        buf_clear(&g->text);
        if (buf_printf(&g->text, "%s\"%.*s\":true", f.any_kept ? "," : "",
                       SLICE_ARG(f.insert_name)))
            stage_edit(g, end - 1, end - 1, arena_copy(g->arena, buf_slice(&g->text)));
        stage_note(g, f.insert, true);
    }
    return f.mode;
}

/* A value of the frame on top was passed; it goes with its name and a comma, or it stays. */
static void member_ends(struct stager *g, size_t from, size_t end, bool drop)
{
    struct stage_frame *f = stage_top(g);

    f->n++;
    f->last_end = end;
    if (!drop && f->drop_from != SIZE_MAX && !f->any_kept)
        stage_edit(g, f->drop_from, from, SLICE(""));
    if (drop && f->any_kept)
        stage_edit(g, f->kept_end, end, SLICE(""));
    else if (drop && f->drop_from == SIZE_MAX)
        f->drop_from = from;
    f->any_kept = f->any_kept || !drop;
    f->kept_end = end;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static bool descend(struct stager *g, struct slice container);

static bool on_enter(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    if (depth > 0)
        push(ctx, name, type);
    return true;
}

static bool wants(void *ctx, unsigned depth)
{
    (void)depth;
    return !stage_top(ctx)->skip;
}

static void leaf(struct stager *g, struct slice name, struct json_value v, bool *drop)
{
    struct stage_frame      *in = stage_top(g);
    struct slice             plain = plain_name(g, name);
    size_t                   from;
    size_t                   n;
    bool                     spelled = find_places(g, in, plain, &from, &n);
    int                      rule = rule_for(in, best_rule(g, from, n, false));
    int                      other = rule_for(in, best_rule(g, from, n, true));
    const struct stage_rule *r = stage_rule_of(g, rule);

    g->n_active = from;
    if (!in->list && v.type == JSON_STRING && slice_eq(plain, SLICE("type")))
        in->type = stage_text(g, v);
    if (!in->list && v.type == JSON_STRING && slice_eq(plain, SLICE("field")))
        in->field = stage_text(g, v);
    in->insert_seen = in->insert_seen || (in->insert >= 0 && slice_eq(plain, in->insert_name));
    *drop = r && r->act == STAGE_DROP;
    if (!*drop)
        mask_name(g, in, name, spelled);
    stage_scalar(g, plain, v, rule, other);
}

static bool on_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                     size_t height)
{
    struct stager *g = ctx;
    size_t         end = stage_offset(g, v.raw.p) + v.raw.n;
    size_t         from = name.p ? stage_offset(g, name.p) - 1 : stage_offset(g, v.raw.p);
    bool           container = v.type == JSON_OBJECT || v.type == JSON_ARRAY;
    bool           drop = false;
    int            mode;

    (void)height;
    if (!container) {
        leaf(g, name, v, &drop);
        member_ends(g, from, end, drop);
        return true;
    }
    if (depth == JSON_WALK_MAX_DEPTH) {
        push(g, name, v.type);
        if (!stage_top(g)->skip && !descend(g, v.raw))
            return false;
    }
    mode = pop(g, end);
    drop = mode >= 0 && g->s->rules[mode].act == STAGE_DROP;
    if (drop)
        stage_note(g, mode, true);
    if (stage_top(g)->insert >= 0 && name.p && slice_eq(name, stage_top(g)->insert_name))
        stage_top(g)->insert_seen = true;
    member_ends(g, from, end, drop);
    return true;
}

/* The container whose frame is on top, eight levels of it; deeper ones come here again. */
static bool descend(struct stager *g, struct slice container)
{
    static const struct json_walk walk = {
        .max_depth = JSON_WALK_MAX_DEPTH,
        .enter = on_enter,
        .value = on_value,
    };

    if (g->n_frames > JSON_MAX_DEPTH + 1)
        return false;
    return json_walk_known(container, &walk, wants, g) == JSON_KNOWN_DONE;
}

static void push_root(struct stager *g)
{
    struct stage_frame f = { .mode = -1, .drop_from = SIZE_MAX };
    struct stage_node *root = g->s->roots[g->kind];

    g->n_active = 0;
    add_node(g, root);
    f.n_set = g->n_active;
    f.mode = root->rule;
    find_insert(g, &f);
    g->n_frames = 0;
    g->frames = stage_grow(g->frames, 0, &g->cap_frames, sizeof(*g->frames));
    g->frames[g->n_frames++] = f;
}

bool stager_apply(struct stager *g, enum kind kind, struct slice key, struct slice doc,
                  struct slice *out, struct err *err)
{
    size_t end = doc.n;

    *out = doc;
    g->kind = kind;
    g->key = key;
    if (!g->s->roots[kind])
        return true;
    g->ran[kind] = true;
    g->doc = doc;
    g->n_edits = g->n_candidates = 0;
    g->renames = staging_renames(g->s);
    push_root(g);
    if (!descend(g, doc))
        return err_set(err, ERR_DATA, "nested deeper than %d levels", JSON_MAX_DEPTH);
    while (end > 0 && doc.p[end - 1] != '}')
        end--;
    (void)pop(g, end);
    splice_sort(g->edits, g->n_edits);
    if (g->n_edits > 0)
        *out = splice_apply(doc, g->edits, g->n_edits, g->arena);
    return true;
}
