/* select.c - does a document belong to a query, and what is it? (select.h) */
#include "lib/store/select.h"

#include "lib/kestra/scope.h"

#include <assert.h>

#include "lib/base/clock.h"
#include "lib/base/keyset.h"

#define TEXT_MAX_BYTES  ((size_t)256 << 20)
#define TEXT_KEEP_BYTES ((size_t)4 << 20)
#define MAX_UNLOCK      16 /* json_find takes no more at a time */

enum looked_at {
    AT_TENANT,
    AT_NAMESPACE,
    AT_DELETED,
    AT_STATE,
    AT_START,
    AT_TYPE,
    AT_VARIABLES,
    AT_COUNT,
    AT_COUNT_PLAIN = AT_TYPE, /* what is looked for when nobody asks for children */
};

static const struct json_path paths[AT_COUNT] = {
    [AT_TENANT] = { "tenantId", NULL },          [AT_NAMESPACE] = { "namespace", NULL },
    [AT_DELETED] = { "deleted", NULL },          [AT_STATE] = { "state", "current" },
    [AT_START] = { "state", "startDate" },       [AT_TYPE] = { "trigger", "type" },
    [AT_VARIABLES] = { "trigger", "variables" },
};

struct selector {
    const struct layout      *layout;
    const struct store_query *query;
    enum kind                 kind; /* as which the store keeps it */
    const struct kind_layout *kl;
    const char               *source_member; /* NULL: not asked for */
    struct keyset            *ids;           /* NULL: all */
    struct keyset            *also;          /* NULL: none */
    struct keyset            *parents;       /* NULL: all */
    struct keyset            *only;          /* NULL: all */
    bool                      has_since;
    bool                      has_until;
    struct instant            since;
    struct instant            until;
    struct buf                text;   /* one unescaped member */
    struct buf                source; /* what selector_source gave */
};

/* NULL for none. */
static struct keyset *set_of(const struct slice *ids, size_t n)
{
    struct keyset *set = ids ? keyset_new() : NULL;

    for (size_t i = 0; set && i < n; i++)
        (void)keyset_put(set, ids[i], 0);
    return set;
}

static struct keyset *set_of_strings(const struct strings *list)
{
    struct keyset *set = list->n > 0 ? keyset_new() : NULL;

    for (size_t i = 0; i < list->n; i++)
        (void)keyset_put(set, slice_str(list->items[i]), 0);
    return set;
}

struct selector *selector_new(const struct layout *layout, const struct store_query *query)
{
    struct selector *s = mem_alloc(sizeof(*s));

    s->layout = layout;
    s->query = query;
    s->kind = kind_stored(query->kind);
    s->kl = &layout->kinds[s->kind];
    if (layout->kinds[query->kind].add_source)
        s->source_member = s->kl->source_member;
    if (s->kind == KIND_EXECUTION) {
        /* Bounds were checked where they came from; one that is none leaves everything outside. */
        s->has_since = query->since != NULL;
        s->has_until = query->until != NULL;
        if (query->since && !instant_parse(slice_str(query->since), &s->since))
            s->since.s = INT64_MAX;
        if (query->until && !instant_parse(slice_str(query->until), &s->until))
            s->until.s = INT64_MIN;
    }
    s->ids = set_of(query->ids, query->n_ids);
    if (s->kind == KIND_EXECUTION) {
        s->also = set_of(query->also, query->n_also);
        s->parents = set_of(query->parents, query->n_parents);
        s->only = set_of_strings(&query->only);
    }
    buf_init(&s->text, TEXT_MAX_BYTES);
    buf_init(&s->source, TEXT_MAX_BYTES);
    return s;
}

void selector_free(struct selector *s)
{
    if (!s)
        return;
    keyset_free(s->ids);
    keyset_free(s->also);
    keyset_free(s->parents);
    keyset_free(s->only);
    buf_release(&s->text);
    buf_release(&s->source);
    mem_free(s);
}

/* ---- members ------------------------------------------------------------------------------- */

static bool is_set(struct json_value v)
{
    return v.type != JSON_ABSENT && v.type != JSON_NULL;
}

/* A member's text; valid until the next one. False: it is no string. */
static bool text_of(struct selector *s, struct json_value v, struct slice *out)
{
    struct err err;

    if (v.type != JSON_STRING)
        return false;
    *out = slice_of(v.raw.p + 1, v.raw.n - 2);
    if (out->n == 0 || !memchr(out->p, '\\', out->n))
        return true;
    buf_clear(&s->text);
    if (!json_text(v, &s->text, &err))
        return false;
    *out = buf_slice(&s->text);
    return true;
}

static bool is_of_tenant(struct selector *s, struct json_value v)
{
    const char  *tenant = s->query->tenant;
    struct slice text;

    if (!tenant)
        return true;
    /* Where there are no tenants, every document is one without. */
    if (!s->kl->has_tenant)
        return tenant[0] == '\0';
    if (tenant[0] == '\0')
        return !is_set(v);
    return text_of(s, v, &text) && slice_eq(text, slice_str(tenant));
}

/* N and N.* */
static bool is_of_namespace(struct selector *s, struct json_value v)
{
    const char  *name = s->query->namespace;
    struct slice text;

    return !name || (text_of(s, v, &text) && scope_is_within(text, name));
}

static bool is_of_time(struct selector *s, struct json_value v)
{
    struct slice   text;
    struct instant start;

    if (!s->has_since && !s->has_until)
        return true;
    if (!text_of(s, v, &text) || !instant_parse(text, &start))
        return false;
    return (!s->has_since || instant_compare(start, s->since) >= 0) &&
           (!s->has_until || instant_compare(start, s->until) < 0);
}

static bool is_of_state(struct selector *s, struct json_value v)
{
    const struct strings *states = &s->query->states;
    struct slice          text;

    if (s->kind != KIND_EXECUTION || states->n == 0)
        return true;
    if (!text_of(s, v, &text))
        return false;
    for (size_t i = 0; i < states->n; i++)
        if (slice_eq(text, slice_str(states->items[i])))
            return true;
    return false;
}

/* NAME, or NAME$x. */
static bool is_of_type(struct slice type, const char *name)
{
    size_t n = strlen(name);

    return type.n >= n && memcmp(type.p, name, n) == 0 && (type.n == n || type.p[n] == '$');
}

/* Was it started by a task of one of the parents? variables: of its trigger. */
static bool is_child(struct selector *s, struct json_value type, struct json_value variables,
                     enum json_find_flags flags)
{
    const struct json_path path = { "executionId", NULL };
    const struct strings  *types = &s->query->child_types;
    struct json_value      parent;
    struct slice           text;
    struct err             err;
    bool                   fits = types->n == 0;

    if (!fits && !text_of(s, type, &text))
        return false;
    for (size_t i = 0; i < types->n && !fits; i++)
        fits = is_of_type(text, types->items[i]);
    return fits && variables.type == JSON_OBJECT &&
           json_find(variables.raw, &path, 1, flags, &parent, &err) && text_of(s, parent, &text) &&
           keyset_find(s->parents, text, NULL);
}

static bool is_terminal(struct selector *s, struct json_value v)
{
    struct slice state;

    return text_of(s, v, &state) && layout_is_terminal(s->layout, state);
}

static bool is_locked(struct selector *s, const struct document *doc, enum json_find_flags flags)
{
    struct json_path  unlock[MAX_UNLOCK];
    struct json_value found[MAX_UNLOCK];
    struct err        err;

    for (size_t at = 0; at < s->kl->n_unlock; at += MAX_UNLOCK) {
        size_t n = s->kl->n_unlock - at < MAX_UNLOCK ? s->kl->n_unlock - at : MAX_UNLOCK;

        for (size_t i = 0; i < n; i++)
            unlock[i] = (struct json_path){ s->kl->unlock[at + i], NULL };
        if (!json_find(doc->value, unlock, n, flags, found, &err))
            return false;
        for (size_t i = 0; i < n; i++) {
            if (is_set(found[i]))
                return true;
        }
    }
    return false;
}

/* ---- the document -------------------------------------------------------------------------- */

/* Is it handed out, as far as the rules go? Who asks for ids wants to know what is there. */
static bool is_wanted(const struct selector *s, const struct selection *what, struct slice id)
{
    if (s->query->ids)
        return true;
    if (what->deleted)
        return false;
    if (s->kind != KIND_EXECUTION || s->parents)
        return true;
    switch (s->query->executions) {
    case EXECUTIONS_NONE: return false;
    case EXECUTIONS_RESUMABLE: /* a store knows states, not verdicts (survey_query) */
    case EXECUTIONS_PENDING:
        return what->pending || (s->also && keyset_find(s->also, id, NULL) != NULL);
    case EXECUTIONS_ALL: break;
    }
    return true;
}

struct selection selector_look(struct selector *s, const struct document *doc)
{
    enum json_find_flags flags = doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    struct json_value    found[AT_COUNT];
    struct selection     what = { 0 };
    struct err           err;
    bool                 has_live_rule = s->kind == KIND_EXECUTION || s->kind == KIND_TEMPLATE;

    what.outside = (s->ids && !keyset_find(s->ids, doc->id, NULL)) ||
                   (s->only && !keyset_find(s->only, doc->id, NULL));
    if (what.outside)
        return what;
    if (json_find(doc->value, paths, s->parents ? AT_COUNT : AT_COUNT_PLAIN, flags, found, &err)) {
        what.outside = !is_of_tenant(s, found[AT_TENANT]) ||
                       !is_of_namespace(s, found[AT_NAMESPACE]) ||
                       !is_of_time(s, found[AT_START]) || !is_of_state(s, found[AT_STATE]) ||
                       (s->parents && !is_child(s, found[AT_TYPE], found[AT_VARIABLES], flags));
        if (what.outside)
            return what;
        what.deleted = has_live_rule && found[AT_DELETED].type == JSON_BOOL &&
                       slice_eq(found[AT_DELETED].raw, SLICE("true"));
        what.terminal =
            s->kind == KIND_EXECUTION && !what.deleted && is_terminal(s, found[AT_STATE]);
        what.locked = s->kind == KIND_TRIGGER && is_locked(s, doc, flags);
    } else if (s->parents) {
        /* Nobody knows whose child it is. */
        what.outside = true;
        return what;
    }
    what.pending = s->kind == KIND_EXECUTION && !what.deleted && !what.terminal;
    what.selected = is_wanted(s, &what, doc->id);
    return what;
}

void selection_count(const struct selection *what, struct store_counts *counts)
{
    counts->total++;
    counts->outside += what->outside;
    counts->deleted += what->deleted;
    counts->terminal += what->terminal;
    counts->pending += what->pending;
    counts->locked += what->locked;
    counts->selected += what->selected;
}

/* ---- source -------------------------------------------------------------------------------- */

void selector_source(struct selector *s, struct document *doc)
{
    enum json_find_flags flags = doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    struct json_path     path = { s->source_member, NULL };
    struct json_value    found;
    struct err           err;

    doc->source = slice_of(NULL, 0);
    if (!s->source_member || !json_find(doc->value, &path, 1, flags, &found, &err) ||
        found.type != JSON_STRING)
        return;
    if (s->source.cap > TEXT_KEEP_BYTES) {
        buf_release(&s->source);
        buf_init(&s->source, TEXT_MAX_BYTES);
    }
    buf_clear(&s->source);
    if (json_text(found, &s->source, &err))
        doc->source = buf_slice(&s->source);
}
