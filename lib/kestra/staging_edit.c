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
    if (f->list) {
        (void)!buf_printf(b, "/%zu", index);
        return;
    }
    (void)!buf_append_char(b, '/');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/' || name.p[i] == '~')
            (void)!buf_printf(b, "~%c", name.p[i] == '/' ? '1' : '0');
        else
            (void)!buf_append_char(b, name.p[i]);
    }
}

const char *stage_path(struct stager *g, struct slice name)
{
    buf_clear(&g->text);
    for (size_t i = 1; i < g->n_frames; i++)
        put_step(&g->text, &g->frames[i - 1], g->frames[i].name, g->frames[i].index);
    put_step(&g->text, stage_top(g), name, stage_top(g)->n);
    if (g->text.n > PATH_MAX_BYTES)
        g->text.n = PATH_MAX_BYTES;
    return arena_str(g->arena, buf_slice(&g->text));
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

/* What the value would be by a rule that is no longer in question; p NULL: it stays. Of a member
 * that is to go: whether it does hangs on what may come after it, so it becomes a pseudonym. */
static struct slice otherwise(struct stager *g, int other, struct json_value v)
{
    const struct stage_rule *r = stage_rule_of(g, other);
    struct slice             none = { NULL, 0 };

    if (stage_is_masking(r))
        return masked(g, r, v);
    return r && r->act == STAGE_DROP ? stage_pseudonym(g, v) : none;
}

/* `id` and `type` at any depth: those of tasks, triggers and conditions stay. */
static void by_class(struct stager *g, struct slice name, struct json_value v, int other)
{
    struct slice to = otherwise(g, other, v);

    if (!to.p)
        return;
    if (slice_eq(name, SLICE("type")) && stage_is_class(stage_text(g, v)))
        return;
    if (slice_eq(name, SLICE("type")))
        replace(g, other, v, to);
    else
        stage_ask(
            g, ASK_NO_TASK, v,
            (struct stage_candidate){ .edit = { 0, 0, to }, .rule = other, .other_rule = -1 });
}

static void rename_scalar(struct stager *g, enum staging_name what, struct slice name,
                          struct json_value v)
{
    int          rule = -1;
    struct slice to = stage_rename(g, what, v, &rule);

    replace(g, rule, v, to);
    if (!to.p && memmem(v.raw.p, v.raw.n, "{{", 2))
        stage_look(g, name, v);
}

void stage_scalar(struct stager *g, struct slice name, struct json_value v, int rule, int other)
{
    const struct stage_rule *r = stage_rule_of(g, rule);

    if (!r) {
        stage_look(g, name, v);
        return;
    }
    switch (r->act) {
    case STAGE_PSEUDONYM:
    case STAGE_TEXT: replace(g, rule, v, masked(g, r, v)); break;
    case STAGE_TRUE: replace(g, rule, v, SLICE("true")); break;
    case STAGE_KEY:
        if (v.type != JSON_NULL)
            stage_ask(g, ASK_WEBHOOK, v,
                      (struct stage_candidate){ .edit = { 0, 0, stage_webhook_key(g, v) },
                                                .rule = rule,
                                                .otherwise = otherwise(g, other, v),
                                                .other_rule = other });
        break;
    case STAGE_NAMESPACE: rename_scalar(g, STAGING_NAMESPACE, name, v); break;
    case STAGE_TENANT: rename_scalar(g, STAGING_TENANT, name, v); break;
    case STAGE_PASS:
    case STAGE_KEEP:
        stage_note(g, rule, false);
        stage_look(g, name, v);
        break;
    case STAGE_DROP: stage_note(g, rule, true); break;
    case STAGE_FIXED:
        if (r->by_class)
            by_class(g, name, v, other);
        break;
    case STAGE_CUT: break;
    }
}
