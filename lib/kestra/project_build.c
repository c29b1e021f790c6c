/*
 * project_build.c - the record's key and value, and what the flow index wants to know.
 */
#include "lib/kestra/project_impl.h"

#include <errno.h>

/* ---- keys ---------------------------------------------------------------------------------- */

/* renamed: as the record will say, else as the document does. */
static bool build_key(const struct job *j, const struct key_template *t, bool renamed,
                      struct buf *out)
{
    struct json_value values[LAYOUT_MAX_KEY_PARTS];
    size_t            bytes = 0;

    for (size_t i = 0; i < t->n_parts; i++) {
        values[i] = renamed ? project_named(j, t->parts[i].member)
                            : project_found(j, t->parts[i].member, NULL);
        bytes += values[i].raw.n;
    }
    buf_clear(out);
    if (key_build(t, values, out, &j->p->err))
        return true;
    if (bytes > KEY_MAX_BYTES)
        return project_skip(j->out, REASON_TOO_LARGE, "a key of about %zu bytes, %d are allowed",
                            bytes, KEY_MAX_BYTES);
    return project_skip(j->out, REASON_MISSING_FIELD, "%s", j->p->err.msg);
}

/* After build_key, which has proven that each part is a string, an integer or rightly absent. */
static bool build_identity(const struct job *j)
{
    const struct key_template *t = project_flow_key(j->p->layout);
    struct buf                *text = &j->p->text;
    struct buf                *out = &j->p->identity;
    bool                       ok = true;

    buf_clear(out);
    for (size_t i = 0; ok && i < t->n_parts; i++) {
        struct json_value v = project_found(j, t->parts[i].member, NULL);

        buf_clear(text);
        if (!project_is_set(v))
            ok = buf_append_char(out, '-'); /* no tenant is another flow than tenant "" */
        else if (v.type == JSON_STRING)
            ok = json_text(v, text, &j->p->err) && buf_printf(out, "%zu:", text->n) &&
                 buf_append(out, buf_slice(text));
        else
            ok = buf_printf(out, "%zu:", v.raw.n) && buf_append(out, v.raw);
    }
    return ok || project_skip(j->out, REASON_MISSING_FIELD, "%s", j->p->err.msg);
}

/* After build_key: the revision is an integer, or absent and the key says -1. */
static bool read_revision(const struct job *j, int64_t *out)
{
    struct json_value v = project_found(j, "revision", NULL);
    char              digits[24];
    char             *end = digits;
    long long         n = -1;

    if (!project_is_set(v)) {
        *out = -1;
        return true;
    }
    if (v.type == JSON_NUMBER && v.raw.n < sizeof(digits)) {
        memcpy(digits, v.raw.p, v.raw.n);
        digits[v.raw.n] = '\0';
        errno = 0;
        n = strtoll(digits, &end, 10);
    }
    if (end == digits || *end != '\0' || errno == ERANGE)
        return project_skip(j->out, REASON_MISSING_FIELD,
                            "member revision is no integer of 64 bits");
    *out = n;
    return true;
}

/* The class as a text somewhere in the flow: good enough for a count that warns. */
static bool names_flow_trigger(struct slice json)
{
    static const struct slice classes[] = {
        { "\"io.kestra.core.models.triggers.types.Flow\"", 43 },
        { "\"io.kestra.plugin.core.trigger.Flow\"", 36 },
    };

    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (memmem(json.p, json.n, classes[i].p, classes[i].n))
            return true;
    return false;
}

/* Which flow this is a revision of comes first: what is wrong with the rest of the document is then
 * known of that flow. A revision that cannot be read may be the highest, so it counts as that. */
static bool build_flow(const struct job *j)
{
    struct projector *p = j->p;

    if (!build_key(j, project_flow_key(p->layout), true, &p->flow_key) || !build_identity(j))
        return false;
    j->out->flow_key = buf_slice(&p->flow_key);
    j->out->flow_identity = buf_slice(&p->identity);
    j->out->revision = INT64_MAX;
    if (project_is_true(project_found(j, "deleted", NULL)))
        j->out->flow_flags |= FLOW_DELETED;
    if (project_is_true(project_found(j, "disabled", NULL)))
        j->out->flow_flags |= FLOW_DISABLED;
    if (names_flow_trigger(j->doc->value))
        j->out->flow_flags |= FLOW_TRIGGERS;
    return true;
}

bool project_build_keys(const struct job *j)
{
    struct projector *p = j->p;
    bool is_flow = project_is_flow(j->kind) && project_flow_key(p->layout)->n_parts > 0;
    const struct key_template *stored = project_stored_key(p->layout, j->kind);

    if ((is_flow && !build_flow(j)) || !build_key(j, stored, false, &p->key) ||
        (p->stager && !build_key(j, stored, true, &p->new_key)) ||
        (is_flow && !read_revision(j, &j->out->revision)))
        return false;
    j->out->record.key = buf_slice(p->stager ? &p->new_key : &p->key);
    if (j->kind == KIND_FLOW_LAST && is_flow)
        j->out->record.key = j->out->flow_key;
    return true;
}

/* ---- the value ----------------------------------------------------------------------------- */

/* The topic's value wants a source and the document has none; to Kestra a null is none. */
static bool wants_source(const struct job *j)
{
    return j->layout->add_source && j->doc->source.p &&
           !project_is_set(project_found(j, "source", NULL));
}

static bool any_present(const struct job *j, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (project_found(j, names[i], NULL).type != JSON_ABSENT)
            return true;
    }
    return false;
}

static bool any_set(const struct job *j, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (project_is_set(project_found(j, names[i], NULL)))
            return true;
    }
    return false;
}

/* Copy value without the members named in cut, and with the source at its end, unless its p is
 * NULL. */
static bool edit(const struct job *j, struct slice value, const char *const *cut, size_t n_cut,
                 struct slice source)
{
    struct projector  *p = j->p;
    struct json_member add = { .name = "source" };

    if (source.p && !json_quote(source, &p->quoted))
        return project_skip(j->out, REASON_TOO_LARGE, "the source takes more than %u bytes",
                            PROJECT_OUT_MAX_BYTES);
    add.value = buf_slice(&p->quoted);
    if (json_edit(value, cut, n_cut, &add, source.p ? 1 : 0, &p->value, &p->err)) {
        j->out->record.value = buf_slice(&p->value);
        return true;
    }
    if (value.n + p->quoted.n > PROJECT_OUT_MAX_BYTES - 64)
        return project_skip(j->out, REASON_TOO_LARGE, "the value takes more than %u bytes",
                            PROJECT_OUT_MAX_BYTES);
    return project_skip(j->out, REASON_UNREADABLE, "%s", p->err.msg);
}

/* A lock that nobody will release any more is blanked whole; of one that is kept, what only says
 * that somebody was evaluating the trigger (kestra/restartability.md 2.5, T01 to T05 and T11). */
static size_t count_dead_members(const struct job *j)
{
    bool              evaluating = project_is_set(project_found(j, "evaluateRunningDate", NULL));
    struct json_value v = project_found(j, "executionId", NULL);
    bool              held;

    if (!project_is_set(v))
        return evaluating ? j->layout->n_unlock : 0;
    buf_clear(&j->p->text);
    held = json_text(v, &j->p->text, &j->p->err) &&
           judge_releases(j->p->judge, buf_slice(&j->p->text));
    if (held)
        return evaluating ? j->search->n_free : 0;
    return j->layout->n_unlock;
}

/* How many of the unlock members, in the order of search.cut, are blanked. */
static size_t count_unlocked(const struct job *j)
{
    switch (j->p->options.unlock) {
    case UNLOCK_NONE: return 0;
    case UNLOCK_DEAD: return j->p->judge ? count_dead_members(j) : 0;
    case UNLOCK_ALL: return j->layout->n_unlock;
    }
    return 0;
}

/* What the judge made of an execution, else the document's own value. */
static struct slice plain_value(const struct job *j)
{
    return j->p->judged ? j->p->judgement->value : j->doc->value;
}

/* Staging: *value is what the stager makes of it. A flow that is touched gets a new source, made of
 * what it is now: the old one may hold, in a comment, whatever shall not get there. */
static bool stage(const struct job *j, struct slice *value, struct slice *source, bool *rewritten)
{
    struct projector *p = j->p;
    struct slice      before = *value;
    bool              has_source = p->stager && j->layout->add_source &&
                      (j->doc->source.p || project_is_set(project_found(j, "source", NULL)));

    *rewritten = false;
    if (!p->stager)
        return true;
    if (!stager_apply(p->stager, j->kind, j->out->record.key, before, value, &p->err))
        return project_skip(j->out, REASON_UNREADABLE, "%s", p->err.msg);
    *rewritten =
        project_is_flow(j->kind) && (value->p != before.p || staging_has_rules(p->options.staging));
    if (!*rewritten || !has_source || stager_source(p->stager, *value, source, &p->err))
        return true;
    return project_skip(j->out, REASON_UNREADABLE, "%s", p->err.msg);
}

bool project_build_value(const struct job *j)
{
    const struct kind_layout *kl = j->layout;
    struct projection        *out = j->out;
    const char *const        *cut = j->search->cut + 1;
    size_t                    n_cut = kl->n_drop;
    size_t                    n_unlocked;
    struct slice              value = plain_value(j);
    struct slice              source = { NULL, 0 };
    bool                      rewritten;

    out->locked = any_set(j, kl->unlock, kl->n_unlock);
    n_unlocked = out->locked ? count_unlocked(j) : 0;
    out->was_unlocked = any_set(j, cut + n_cut, n_unlocked);
    if (out->was_unlocked)
        n_cut += n_unlocked;
    if (!stage(j, &value, &source, &rewritten))
        return false;
    if (!rewritten && wants_source(j)) /* the source that is cut can only be a null */
        source = j->doc->source;
    if (rewritten || source.p)
        return edit(j, value, cut - 1, n_cut + 1, source);
    if (any_present(j, cut, n_cut))
        return edit(j, value, cut, n_cut, source);
    out->record.value = value;
    return true;
}
