/*
 * DESIGN. For each kind a search is prepared once: every member that the projection will want to
 * know, each once. A document is then searched a single time, and everything below asks the search.
 * With a trusted execution the search ends at the last of id, /state/current and deleted, a few
 * hundred bytes into the document, and the value is passed on as it lies in the batch: that is the
 * hot path.
 *
 * The order of the questions is the meaning of the outcome:
 *
 *   1 left out by rule (deleted, terminal, not selected): what nobody wants has no faults
 *   2 the keys; from here on the index knows the flow, whatever else is wrong with the document
 *   3 flow-last: an older revision of a healthy flow is left out, again whatever is wrong with it
 *   4 the document's own faults: stored key, mandatory members, size
 *   5 flows: what another revision, or another flow, does to this one
 *
 * 4 before 5, so that a later pass names each document for the same fault as the first one did.
 */
#include "lib/kestra/project.h"

#include "lib/base/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#define FIND_MAX_PATHS 16         /* json_find takes no more at a time */
#define OUT_MAX_BYTES  (1u << 30) /* PostgreSQL has no larger value */
#define OUT_KEEP_BYTES (4u << 20) /* a buffer that grew above this is given back */
#define SHOWN_BYTES    96         /* of a key in a detail */

/* What is looked for in the documents of one kind. */
struct search {
    size_t             n;
    struct json_path  *paths;
    struct json_value *found; /* of the document at hand */
    const char       **cut;   /* "source", the layout's drop, its unlock members */
};

struct projector {
    const struct layout     *layout;
    struct project_options   options;
    const struct flow_index *index;
    struct arena            *arena; /* owns what is in searches */
    struct search            searches[KIND_COUNT];

    /* Of the document at hand. */
    struct buf key;      /* what the store should have as its key */
    struct buf flow_key; /* flows: the flow-last key */
    struct buf identity; /* flows: see flow_index_add */
    struct buf text;     /* scratch for one unescaped string */
    struct buf quoted;   /* the source as a JSON string */
    struct buf value;    /* the record's value, when it is not the document's */
    struct err err;      /* here because it is too large to be cleared for each document */
};

/* One call of project(). */
struct job {
    struct projector         *p;
    enum kind                 kind;
    const struct kind_layout *layout;
    const struct search      *search;
    const struct document    *doc;
    struct projection        *out;
};

static bool is_flow(enum kind kind)
{
    return kind == KIND_FLOW || kind == KIND_FLOW_LAST;
}

const char *reason_name(enum reason reason)
{
    switch (reason) {
    case REASON_NONE: return "none";
    case REASON_NOT_SELECTED: return "not-selected";
    case REASON_DELETED: return "deleted";
    case REASON_TERMINAL: return "terminal";
    case REASON_OLD_REVISION: return "old-revision";
    case REASON_FLOW_OUT: return "flow-out";
    case REASON_UNREADABLE: return "unreadable";
    case REASON_MISSING_FIELD: return "missing-field";
    case REASON_KEY_MISMATCH: return "key-mismatch";
    case REASON_KEY_COLLISION: return "key-collision";
    case REASON_TOO_LARGE: return "too-large";
    case REASON_COUNT: break;
    }
    return "unknown";
}

bool reason_is_skip(enum reason reason)
{
    return reason >= REASON_UNREADABLE && reason < REASON_COUNT;
}

/* ---- outcomes ------------------------------------------------------------------------------ */

/* The first max bytes of s, less a character that would be cut through. */
static struct slice cut_text(struct slice s, size_t max)
{
    if (s.n <= max)
        return s;
    s.n = max;
    while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
        s.n--;
    return s;
}

/* Stored text may hold anything; a detail is one line that no terminal obeys. U+0080 to U+009F are
 * control characters too, in two bytes. */
static void disarm(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        unsigned char next = i + 1 < n ? (unsigned char)s[i + 1] : 0;

        if (c < 0x20 || c == 0x7F)
            s[i] = '?';
        if (c == 0xC2 && next >= 0x80 && next <= 0x9F)
            s[i] = s[i + 1] = '?';
    }
}

/* A fault of the document; false, so that callers can write `return skip(...)`. */
PRINTF(3, 4)
static bool skip(struct projection *out, enum reason reason, const char *fmt, ...)
{
    char         text[1024];
    struct slice line;
    va_list      args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    line = cut_text(slice_str(text), sizeof(out->detail) - 1);
    memcpy(out->detail, line.p, line.n);
    out->detail[line.n] = '\0';
    disarm(out->detail, line.n);
    out->outcome = PROJECT_SKIPPED;
    out->reason = reason;
    return false;
}

static bool leave_out(struct projection *out, enum reason reason)
{
    out->outcome = PROJECT_LEFT_OUT;
    out->reason = reason;
    return false;
}

/* ---- searching ----------------------------------------------------------------------------- */

static bool same_path(struct json_path a, struct json_path b)
{
    if (strcmp(a.name, b.name) != 0 || !a.sub != !b.sub)
        return false;
    return !a.sub || strcmp(a.sub, b.sub) == 0;
}

static void search_for(struct search *s, const char *name, const char *sub)
{
    struct json_path path = { name, sub };

    for (size_t i = 0; i < s->n; i++) {
        if (same_path(s->paths[i], path))
            return;
    }
    s->paths[s->n++] = path;
}

static void search_for_key(struct search *s, const struct key_template *t)
{
    for (size_t i = 0; i < t->n_parts; i++)
        search_for(s, t->parts[i].member, NULL);
}

static void search_for_all(struct search *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        search_for(s, names[i], NULL);
}

/* The template of the key by which the store keeps documents of this kind. */
static const struct key_template *stored_template(const struct layout *l, enum kind kind)
{
    return &l->kinds[kind == KIND_FLOW_LAST ? KIND_FLOW : kind].key;
}

static const struct key_template *flow_template(const struct layout *l)
{
    return &l->kinds[KIND_FLOW_LAST].key;
}

static void prepare(struct projector *p, enum kind kind)
{
    const struct kind_layout *kl = &p->layout->kinds[kind];
    struct search            *s = &p->searches[kind];
    size_t max = (size_t)2 * LAYOUT_MAX_KEY_PARTS + kl->n_required + kl->n_drop + kl->n_unlock + 4;

    s->paths = arena_alloc(p->arena, max * sizeof(*s->paths));
    s->found = arena_alloc(p->arena, max * sizeof(*s->found));
    s->cut = arena_alloc(p->arena, (kl->n_drop + kl->n_unlock + 1) * sizeof(*s->cut));
    search_for_key(s, stored_template(p->layout, kind));
    if (is_flow(kind)) {
        search_for_key(s, flow_template(p->layout));
        search_for(s, "revision", NULL);
    }
    if (kind == KIND_EXECUTION)
        search_for(s, "state", "current");
    if (kl->has_deleted)
        search_for(s, "deleted", NULL);
    if (kl->add_source)
        search_for(s, "source", NULL);
    search_for_all(s, kl->required, kl->n_required);
    search_for_all(s, kl->drop, kl->n_drop);
    search_for_all(s, kl->unlock, kl->n_unlock);
    assert(s->n <= max);
    s->cut[0] = "source";
    for (size_t i = 0; i < kl->n_drop; i++)
        s->cut[1 + i] = kl->drop[i];
    for (size_t i = 0; i < kl->n_unlock; i++)
        s->cut[1 + kl->n_drop + i] = kl->unlock[i];
}

struct projector *projector_new(const struct layout *layout, const struct project_options *options,
                                const struct flow_index *index)
{
    struct projector *p = mem_alloc(sizeof(*p));

    p->layout = layout;
    p->options = *options;
    p->index = index;
    p->arena = arena_new(4096);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (layout->kinds[kind].enabled)
            prepare(p, (enum kind)kind);
    }
    buf_init(&p->key, KEY_MAX_BYTES);
    buf_init(&p->flow_key, KEY_MAX_BYTES);
    /* Each part of the key has its length before it; no length has more than 8 digits. */
    buf_init(&p->identity, KEY_MAX_BYTES + 9 * LAYOUT_MAX_KEY_PARTS);
    buf_init(&p->text, KEY_MAX_BYTES);
    buf_init(&p->quoted, OUT_MAX_BYTES);
    buf_init(&p->value, OUT_MAX_BYTES);
    return p;
}

void projector_free(struct projector *p)
{
    if (!p)
        return;
    buf_release(&p->key);
    buf_release(&p->flow_key);
    buf_release(&p->identity);
    buf_release(&p->text);
    buf_release(&p->quoted);
    buf_release(&p->value);
    arena_free(p->arena);
    mem_free(p);
}

/* A path that was not searched for is an absent member. */
static struct json_value found(const struct job *j, const char *name, const char *sub)
{
    const struct search *s = j->search;
    struct json_path     path = { name, sub };

    for (size_t i = 0; i < s->n; i++) {
        if (same_path(s->paths[i], path))
            return s->found[i];
    }
    return (struct json_value){ .type = JSON_ABSENT };
}

static bool is_set(struct json_value v)
{
    return v.type != JSON_ABSENT && v.type != JSON_NULL;
}

static bool is_true(struct json_value v)
{
    return v.type == JSON_BOOL && slice_eq(v.raw, SLICE("true"));
}

static bool read_members(const struct job *j)
{
    const struct search *s = j->search;
    struct err          *err = &j->p->err;
    enum json_find_flags flags = j->doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;

    if (!j->doc->value.p)
        return skip(j->out, REASON_UNREADABLE, "the value is an SQL null");
    for (size_t at = 0; at < s->n; at += FIND_MAX_PATHS) {
        size_t n = s->n - at < FIND_MAX_PATHS ? s->n - at : FIND_MAX_PATHS;

        if (!json_find(j->doc->value, s->paths + at, n, flags, s->found + at, err))
            return skip(j->out, REASON_UNREADABLE, "%s", err->msg);
    }
    return true;
}

/* ---- left out by rule ---------------------------------------------------------------------- */

static bool is_terminal(const struct job *j)
{
    struct json_value state = found(j, "state", "current");
    struct slice      name;

    if (state.type != JSON_STRING || state.raw.n < 2)
        return false;
    name = slice_of(state.raw.p + 1, state.raw.n - 2);
    if (name.n > 0 && memchr(name.p, '\\', name.n)) {
        buf_clear(&j->p->text);
        if (!json_text(state, &j->p->text, &j->p->err))
            return false; /* no state has such a name */
        name = buf_slice(&j->p->text);
    }
    /* A layout file could list PAUSED, as its band's Kestra does; for a restore it is never the
     * end. */
    return !slice_eq(name, SLICE("PAUSED")) && layout_is_terminal(j->p->layout, name);
}

static bool is_wanted(const struct job *j)
{
    enum executions_mode mode = j->p->options.executions;

    if (is_flow(j->kind))
        return true; /* every revision, those of deleted flows too */
    if (j->layout->has_deleted && is_true(found(j, "deleted", NULL)))
        return leave_out(j->out, REASON_DELETED);
    if (j->kind != KIND_EXECUTION)
        return true;
    if (mode == EXECUTIONS_NONE)
        return leave_out(j->out, REASON_NOT_SELECTED);
    if (mode == EXECUTIONS_PENDING && is_terminal(j))
        return leave_out(j->out, REASON_TERMINAL);
    return true;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool build_key(const struct job *j, const struct key_template *t, struct buf *out)
{
    struct json_value values[LAYOUT_MAX_KEY_PARTS];
    size_t            bytes = 0;

    for (size_t i = 0; i < t->n_parts; i++) {
        values[i] = found(j, t->parts[i].member, NULL);
        bytes += values[i].raw.n;
    }
    buf_clear(out);
    if (key_build(t, values, out, &j->p->err))
        return true;
    if (bytes > KEY_MAX_BYTES)
        return skip(j->out, REASON_TOO_LARGE, "a key of about %zu bytes, %d are allowed", bytes,
                    KEY_MAX_BYTES);
    return skip(j->out, REASON_MISSING_FIELD, "%s", j->p->err.msg);
}

/* Only after build_key, which has proven that each part is a string, an integer or rightly absent.
 */
static bool build_identity(const struct job *j)
{
    const struct key_template *t = flow_template(j->p->layout);
    struct buf                *text = &j->p->text;
    struct buf                *out = &j->p->identity;
    bool                       ok = true;

    buf_clear(out);
    for (size_t i = 0; ok && i < t->n_parts; i++) {
        struct json_value v = found(j, t->parts[i].member, NULL);

        buf_clear(text);
        if (!is_set(v))
            ok = buf_append_char(out, '-'); /* no tenant is another flow than tenant "" */
        else if (v.type == JSON_STRING)
            ok = json_text(v, text, &j->p->err) && buf_printf(out, "%zu:", text->n) &&
                 buf_append(out, buf_slice(text));
        else
            ok = buf_printf(out, "%zu:", v.raw.n) && buf_append(out, v.raw);
    }
    return ok || skip(j->out, REASON_MISSING_FIELD, "%s", j->p->err.msg);
}

/* After build_key: the revision is an integer, or absent and the key says -1. */
static bool read_revision(const struct job *j, int64_t *out)
{
    struct json_value v = found(j, "revision", NULL);
    char              digits[24];
    char             *end = digits;
    long long         n = -1;

    *out = -1;
    if (!is_set(v))
        return true;
    if (v.type == JSON_NUMBER && v.raw.n < sizeof(digits)) {
        memcpy(digits, v.raw.p, v.raw.n);
        digits[v.raw.n] = '\0';
        errno = 0;
        n = strtoll(digits, &end, 10);
    }
    if (end == digits || *end != '\0' || errno == ERANGE)
        return skip(j->out, REASON_MISSING_FIELD, "member revision is no integer of 64 bits");
    *out = n;
    return true;
}

/* A flow is told to the index only as a whole: with a key but without its revision, it would count
 * as one that has no revision. */
static bool build_keys(const struct job *j)
{
    struct projector *p = j->p;
    int64_t           revision = -1;

    if (!build_key(j, stored_template(p->layout, j->kind), &p->key))
        return false;
    j->out->record.key = buf_slice(&p->key);
    if (!is_flow(j->kind) || flow_template(p->layout)->n_parts == 0)
        return true;
    if (!build_key(j, flow_template(p->layout), &p->flow_key) || !build_identity(j) ||
        !read_revision(j, &revision))
        return false;
    j->out->flow_key = buf_slice(&p->flow_key);
    j->out->flow_identity = buf_slice(&p->identity);
    j->out->revision = revision;
    if (j->kind == KIND_FLOW_LAST)
        j->out->record.key = j->out->flow_key;
    return true;
}

static bool is_last_revision(const struct job *j)
{
    const struct flow_index *index = j->p->index;
    struct slice             key = j->out->flow_key;
    enum flow_state          state;

    if (!index || j->kind != KIND_FLOW_LAST)
        return true;
    state = flow_index_state(index, key);
    if (state == FLOW_BROKEN || state == FLOW_COLLISION)
        return true; /* flow_may_go() decides */
    if (state == FLOW_OK && flow_index_last(index, key) == j->out->revision)
        return true;
    return leave_out(j->out, REASON_OLD_REVISION);
}

/* ---- the document's own faults ------------------------------------------------------------- */

static bool same_as_stored(const struct job *j)
{
    struct slice built = buf_slice(&j->p->key);
    struct slice stored = j->doc->id;
    struct slice b = cut_text(built, SHOWN_BYTES);
    struct slice s = cut_text(stored, SHOWN_BYTES);

    if (slice_eq(built, stored))
        return true;
    return skip(j->out, REASON_KEY_MISMATCH,
                "the members give the key \"%.*s%s\", stored is \"%.*s%s\"", SLICE_ARG(b),
                b.n < built.n ? "..." : "", (int)s.n, s.n > 0 ? s.p : "",
                s.n < stored.n ? "..." : "");
}

static const char *type_name(enum json_type type)
{
    switch (type) {
    case JSON_ABSENT: return "absent";
    case JSON_NULL: return "null";
    case JSON_BOOL: return "a boolean";
    case JSON_NUMBER: return "a number";
    case JSON_STRING: return "a string";
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    }
    return "unknown";
}

static bool has_mandatory_members(const struct job *j)
{
    const struct kind_layout *kl = j->layout;
    struct json_value         v;

    v = found(j, "deleted", NULL);
    if (kl->has_deleted && v.type != JSON_BOOL)
        return skip(j->out, REASON_MISSING_FIELD, "member deleted is %s, not a boolean",
                    type_name(v.type));
    v = found(j, "state", "current");
    if (j->kind == KIND_EXECUTION && v.type != JSON_STRING)
        return skip(j->out, REASON_MISSING_FIELD, "member state.current is %s, not a string",
                    type_name(v.type));
    for (size_t i = 0; i < kl->n_required; i++) {
        v = found(j, kl->required[i], NULL);
        if (!is_set(v))
            return skip(j->out, REASON_MISSING_FIELD, "member %s is %s", kl->required[i],
                        type_name(v.type));
    }
    return true;
}

/* ---- the value ----------------------------------------------------------------------------- */

/* The topic's value wants a source and the document has none; a null is none, Kestra reads it so.
 */
static bool wants_source(const struct job *j)
{
    return j->layout->add_source && j->doc->source.p && !is_set(found(j, "source", NULL));
}

static bool any_present(const struct job *j, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (found(j, names[i], NULL).type != JSON_ABSENT)
            return true;
    }
    return false;
}

static bool any_set(const struct job *j, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_set(found(j, names[i], NULL)))
            return true;
    }
    return false;
}

/* Copy the value without the members named in cut, and with the source when add is set. */
static bool edit(const struct job *j, const char *const *cut, size_t n_cut, bool add)
{
    struct projector  *p = j->p;
    struct json_member source = { .name = "source" };

    if (add && !json_quote(j->doc->source, &p->quoted))
        return skip(j->out, REASON_TOO_LARGE, "the source takes more than %u bytes", OUT_MAX_BYTES);
    source.value = buf_slice(&p->quoted);
    if (json_edit(j->doc->value, cut, n_cut, &source, add ? 1 : 0, &p->value, &p->err)) {
        j->out->record.value = buf_slice(&p->value);
        return true;
    }
    if (j->doc->value.n + p->quoted.n > OUT_MAX_BYTES - 64)
        return skip(j->out, REASON_TOO_LARGE, "the value takes more than %u bytes", OUT_MAX_BYTES);
    return skip(j->out, REASON_UNREADABLE, "%s", p->err.msg);
}

static bool build_value(const struct job *j)
{
    const struct kind_layout *kl = j->layout;
    struct projection        *out = j->out;
    const char *const        *cut = j->search->cut + 1;
    size_t                    n_cut = kl->n_drop;
    bool                      add = wants_source(j);

    out->locked = any_set(j, kl->unlock, kl->n_unlock);
    out->was_unlocked = out->locked && j->p->options.unlock == UNLOCK_ALL;
    if (out->was_unlocked)
        n_cut += kl->n_unlock;
    if (add) /* the source that is cut can only be a null */
        return edit(j, cut - 1, n_cut + 1, true);
    if (any_present(j, cut, n_cut))
        return edit(j, cut, n_cut, false);
    out->record.value = j->doc->value;
    return true;
}

static bool fits(const struct job *j)
{
    const struct record *rec = &j->out->record;
    uint64_t             bytes = (uint64_t)rec->key.n + rec->value.n;
    uint64_t             max = j->p->layout->message_max_bytes;

    if (bytes <= max)
        return true;
    return skip(j->out, REASON_TOO_LARGE,
                "key and value take %" PRIu64 " bytes, a record may have %" PRIu64, bytes, max);
}

/* ---- what keeps the whole flow out --------------------------------------------------------- */

static bool flow_may_go(const struct job *j)
{
    if (!j->p->index || !is_flow(j->kind))
        return true;
    switch (flow_index_state(j->p->index, j->out->flow_key)) {
    case FLOW_BROKEN: return leave_out(j->out, REASON_FLOW_OUT);
    case FLOW_COLLISION:
        return skip(j->out, REASON_KEY_COLLISION,
                    "another flow has the same flow-last key \"%.*s\"",
                    SLICE_ARG(j->out->flow_key));
    case FLOW_UNKNOWN:
    case FLOW_OK: break;
    }
    return true;
}

/* A hostile document may have made a buffer large once: that is not kept for the rest of the run.
 */
static void empty(struct buf *b)
{
    if (b->cap > OUT_KEEP_BYTES) {
        buf_release(b);
        buf_init(b, OUT_MAX_BYTES);
    }
    buf_clear(b);
}

void project(struct projector *p, enum kind kind, const struct document *doc,
             struct projection *out)
{
    struct job j = { p, kind, &p->layout->kinds[kind], &p->searches[kind], doc, out };

    assert(j.search->n > 0); /* the layout has this kind */
    empty(&p->quoted);
    empty(&p->value);
    *out = (struct projection){
        .outcome = PROJECT_RECORD,
        .record = { .kind = kind, .doc = doc },
        .revision = -1,
    };
    (void)(read_members(&j) && is_wanted(&j) && build_keys(&j) && is_last_revision(&j) &&
           same_as_stored(&j) && has_mandatory_members(&j) && build_value(&j) && fits(&j) &&
           flow_may_go(&j));
}
