/*
 * staging_type.c - what hangs on the type of an object, and names that stay.
 *
 * The type may come after what hangs on it, so an edit waits as a candidate until its object ends.
 * An object without a type is a part of the one around it: at the top nobody says yes.
 */
#include "lib/kestra/staging_impl.h"

static void left(struct stager *g, const char *path, const char *why)
{
    struct staging_left l = { g->kind, g->key, path, why };

    g->left[g->kind]++;
    if (g->s->on_left && !g->quiet && g->kind != KIND_FLOW_LAST)
        g->s->on_left(g->s->left_ctx, &l);
}

/* ---- types --------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

bool stage_is_class(struct slice text)
{
    size_t part = 0; /* where the last part begins */

    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '.' && i > part)
            part = i + 1;
        else if (!is_letter(text.p[i]) && (i == part || text.p[i] < '0' || text.p[i] > '9'))
            return false;
    }
    return part > 0 && part < text.n && text.p[part] >= 'A' && text.p[part] <= 'Z';
}

static bool starts_with_one_of(struct slice text, const struct strings *prefixes)
{
    for (size_t i = 0; i < prefixes->n; i++) {
        struct slice p = slice_str(prefixes->items[i]);

        if (text.n >= p.n && memcmp(text.p, p.p, p.n) == 0)
            return true;
    }
    return false;
}

static bool is_one_of(struct slice text, const struct strings *set)
{
    for (size_t i = 0; i < set->n; i++)
        if (slice_eq(text, slice_str(set->items[i])))
            return true;
    return false;
}

/* A filter of a flow trigger that compares the whole name, or its beginning. */
static bool is_name_filter(const struct layout *l, const struct stage_frame *f)
{
    return is_one_of(f->field, &l->staging.filter_fields) &&
           is_one_of(f->type, &l->staging.filter_types);
}

enum reply { YES, NO, LATER };

static enum reply answer(const struct stager *g, const struct stage_frame *f,
                         enum stage_question ask)
{
    const struct layout *l = g->s->layout;

    if (ask == ASK_NO_TASK)
        return stage_is_class(f->type) ? NO : YES;
    if (g->n_frames > 0 && (ask == ASK_FILTER ? !f->field.p : !f->type.p))
        return LATER;
    if (!f->type.p)
        return NO;
    if (ask == ASK_FILTER)
        return is_name_filter(l, f) ? YES : NO;
    return (ask == ASK_WEBHOOK ? is_one_of(f->type, &l->staging.webhooks)
                               : starts_with_one_of(f->type, &l->staging.packages))
               ? YES
               : NO;
}

static void settle(struct stager *g, const struct stage_candidate *c, bool yes)
{
    if (yes) {
        stage_note(g, c->rule, true);
        stage_edit(g, c->edit.from, c->edit.to, c->edit.text);
    } else if (c->otherwise.p) {
        stage_note(g, c->other_rule, true);
        stage_edit(g, c->edit.from, c->edit.to, c->otherwise);
    } else if (c->path) {
        left(g, c->path, c->why);
    }
}

void stage_settle(struct stager *g, const struct stage_frame *f)
{
    size_t kept = f->first_candidate;

    for (size_t i = f->first_candidate; i < g->n_candidates; i++) {
        struct stage_candidate c = g->candidates[i];
        enum reply             a = answer(g, f, c.ask);

        if (a == LATER)
            g->candidates[kept++] = c;
        else
            settle(g, &c, a == YES);
    }
    g->n_candidates = kept;
}

void stage_ask(struct stager *g, enum stage_question ask, struct json_value v,
               struct stage_candidate c)
{
    c.ask = ask;
    c.edit.from = stage_offset(g, v.raw.p);
    c.edit.to = c.edit.from + v.raw.n;
    g->candidates =
        stage_grow(g->candidates, g->n_candidates, &g->cap_candidates, sizeof(*g->candidates));
    g->candidates[g->n_candidates++] = c;
}

/* ---- names that stay ----------------------------------------------------------------------- */

static const char *why_left(struct slice text)
{
    return memmem(text.p, text.n, "{{", 2) ? "expression" : "text";
}

/* What the member, or the list that the value is in, is called. */
static bool is_called(const struct stager *g, struct slice name, const char *one, const char *many)
{
    const struct stage_frame *in = &g->frames[g->n_frames - 1];

    return slice_eq(in->list ? in->name : name, slice_str(many)) ||
           (!in->list && slice_eq(name, slice_str(one)));
}

/* A whole name where tasks and conditions have one: what is around it says whether it is one. */
static bool ask_for_name(struct stager *g, struct slice name, struct json_value v,
                         struct slice text)
{
    static const struct {
        const char         *one, *many;
        enum staging_name   what;
        enum stage_question ask;
        const char         *why;
    } places[] = {
        { "namespace", "namespaces", STAGING_NAMESPACE, ASK_OWN, "type" },
        { "tenantId", "tenantIds", STAGING_TENANT, ASK_OWN, "type" },
        { "value", "values", STAGING_NAMESPACE, ASK_FILTER, "text" },
    };

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int          rule = -1;
        struct slice to;

        if (!is_called(g, name, places[i].one, places[i].many))
            continue;
        to = stage_rename(g, places[i].what, v, &rule);
        if (!to.p)
            continue;
        stage_ask(g, places[i].ask, v,
                  (struct stage_candidate){
                      .edit = { 0, 0, to },
                      .rule = rule,
                      .path = stage_path(g, name),
                      .why = i < 2 ? places[i].why : why_left(text),
                  });
        return true;
    }
    return false;
}

void stage_look(struct stager *g, struct slice name, struct json_value v)
{
    struct slice text;

    /* A class, "io.kestra.core.tasks.flows.Flow", is in no namespace. */
    if (!g->renames || v.type != JSON_STRING || slice_eq(name, SLICE("type")))
        return;
    text = stage_text(g, v);
    if (ask_for_name(g, name, v, text))
        return;
    if (stage_holds_name(g, text))
        left(g, stage_path(g, name), why_left(text));
    else if (is_called(g, name, "namespace", "namespaces") && stage_is_above_name(g, text))
        left(g, stage_path(g, name), "above");
}

void stage_look_name(struct stager *g, struct slice name)
{
    if (g->renames && name.p && stage_holds_name(g, name))
        left(g, stage_path(g, name), "name");
}
