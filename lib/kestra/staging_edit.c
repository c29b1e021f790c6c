/*
 * staging_edit.c - what a scalar becomes, as an edit; and what is told of those that stay.
 */
#include "lib/kestra/staging_impl.h"

#define PATH_MAX_BYTES 4096

void *stage_grow(void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    *cap = *cap * 2 + 16;
    return mem_realloc(items, *cap * size);
}

void stage_edit(struct stager *g, size_t from, size_t to, struct slice text)
{
    g->edits = stage_grow(g->edits, g->n_edits, &g->cap_edits, sizeof(*g->edits));
    g->edits[g->n_edits++] = (struct splice){ from, to, text };
}

void stage_note(struct stager *g, int rule, bool changed)
{
    if (rule < 0)
        return;
    g->seen[rule][g->kind]++;
    g->count[rule][g->kind] += changed ? 1 : 0;
}

/* ---- where we are -------------------------------------------------------------------------- */

static void put_step(struct buf *b, const struct stage_frame *f, struct slice name, size_t index)
{
    if (f->list)
        (void)!buf_printf(b, "/%zu", index);
    else
        (void)!buf_printf(b, "/%.*s", SLICE_ARG(name));
}

/* The JSON pointer of the value at hand, in the arena. */
static const char *path_of(struct stager *g, struct slice name)
{
    buf_clear(&g->text);
    for (size_t i = 1; i < g->n_frames; i++)
        put_step(&g->text, &g->frames[i - 1], g->frames[i].name, g->frames[i].index);
    put_step(&g->text, stage_top(g), name, stage_top(g)->n);
    if (g->text.n > PATH_MAX_BYTES)
        g->text.n = PATH_MAX_BYTES;
    return arena_str(g->arena, buf_slice(&g->text));
}

void stage_left(struct stager *g, const char *path, const char *why)
{
    struct staging_left left = { g->kind, g->key, path, why };

    g->left[g->kind]++;
    if (g->s->on_left && !g->quiet && g->kind != KIND_FLOW_LAST)
        g->s->on_left(g->s->left_ctx, &left);
}

/* ---- scalars ------------------------------------------------------------------------------- */

bool stage_is_masking(const struct stage_rule *r)
{
    return r && (r->act == STAGE_PSEUDONYM || r->act == STAGE_TEXT);
}

static void replace(struct stager *g, int rule, struct json_value v, struct slice with)
{
    bool changed = with.p && !slice_eq(with, v.raw);

    stage_note(g, rule, changed);
    if (changed)
        stage_edit(g, stage_offset(g, v.raw.p), stage_offset(g, v.raw.p) + v.raw.n, with);
}

static struct slice masked(struct stager *g, const struct stage_rule *r, struct json_value v)
{
    struct slice none = { NULL, 0 };

    if (r->act == STAGE_PSEUDONYM)
        return stage_pseudonym(g, v);
    if (v.type == JSON_NUMBER)
        return SLICE("0");
    return v.type == JSON_STRING && v.raw.n > 2 ? r->with : none;
}

static void add_candidate(struct stager *g, int rule, struct json_value v, struct slice with,
                          struct slice name)
{
    size_t from = stage_offset(g, v.raw.p);

    g->candidates =
        stage_grow(g->candidates, g->n_candidates, &g->cap_candidates, sizeof(*g->candidates));
    g->candidates[g->n_candidates++] = (struct stage_candidate){
        .edit = { from, from + v.raw.n, with },
        .rule = rule,
        .webhook = rule >= 0 && g->s->rules[rule].act == STAGE_KEY,
        .path = path_of(g, name),
    };
}

/* Texts that no rule covers: names of namespaces in them. */
static void look_for_names(struct stager *g, struct slice name, struct json_value v)
{
    int          rule = -1;
    struct slice to;
    struct slice text;

    /* A class, "io.kestra.core.tasks.flows.Flow", is in no namespace. */
    if (v.type != JSON_STRING || slice_eq(name, SLICE("type")) || !stage_holds_name(g, v.raw))
        return;
    text = stage_text(g, v);
    if (slice_eq(name, SLICE("namespace")) || slice_eq(name, SLICE("namespaces")) ||
        (stage_top(g)->list && slice_eq(stage_top(g)->name, SLICE("namespaces")))) {
        to = stage_rename(g, STAGING_NAMESPACE, v, &rule);
        if (to.p) {
            add_candidate(g, rule, v, to, name);
            return;
        }
    }
    stage_left(g, path_of(g, name), memmem(text.p, text.n, "{{", 2) ? "expression" : "text");
}

void stage_scalar(struct stager *g, struct slice name, struct json_value v, int rule)
{
    const struct stage_rule *r = stage_rule_of(g, rule);
    int                      named = -1;

    if (!r) {
        if (g->renames)
            look_for_names(g, name, v);
        return;
    }
    switch (r->act) {
    case STAGE_PSEUDONYM:
    case STAGE_TEXT: replace(g, rule, v, masked(g, r, v)); break;
    case STAGE_TRUE: replace(g, rule, v, SLICE("true")); break;
    case STAGE_KEY:
        if (v.type != JSON_NULL)
            add_candidate(g, rule, v, stage_webhook_key(g, v), name);
        break;
    case STAGE_NAMESPACE:
    case STAGE_TENANT: {
        struct slice to =
            stage_rename(g, r->act == STAGE_TENANT ? STAGING_TENANT : STAGING_NAMESPACE, v, &named);

        replace(g, named, v, to);
        break;
    }
    case STAGE_PASS:
    case STAGE_KEEP: stage_note(g, rule, false); break;
    case STAGE_DROP: stage_note(g, rule, true); break;
    case STAGE_FIXED: break;
    }
}
