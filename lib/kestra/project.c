/*
 * DESIGN. For each kind a search is prepared once: every member that the projection will want to
 * know, each once. A document is then searched a single time, and everything below asks the search.
 * In a trusted document it ends at the last member that is wanted, and a value that needs no change
 * is passed on as it lies in the batch: that is the hot path, and all there is to most executions.
 *
 * The order of the questions is the meaning of the outcome:
 *
 *   1 left out by rule (deleted, terminal, not selected): what nobody wants has no faults
 *   2 the keys; from here on the index knows the flow, whatever else is wrong with the document
 *   3 flow-last: an older revision of a healthy flow is left out, again whatever is wrong with it
 *   4 the document's own faults: stored key, mandatory members, size
 *   5 executions: the verdict; it may replace the value
 *   6 flows: what another revision, or another flow, does to this one
 *
 * 4 before 6, so that a later pass names each document for the same fault as the first one did.
 */
#include "lib/kestra/project_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>

#define OUT_KEEP_BYTES (4u << 20) /* a buffer that grew above this is given back */
#define SHOWN_BYTES    96         /* of a key in a detail */

const char *reason_name(enum reason reason)
{
    switch (reason) {
    case REASON_NONE: return "none";
    case REASON_NOT_SELECTED: return "not-selected";
    case REASON_DELETED: return "deleted";
    case REASON_TERMINAL: return "terminal";
    case REASON_VERDICT: return "verdict";
    case REASON_NEUTRAL: return "neutral";
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

bool project_skip(struct projection *out, enum reason reason, const char *fmt, ...)
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

/* ---- life ------------------------------------------------------------------------------------ */

struct projector *projector_new(const struct layout *layout, const struct project_options *options,
                                const struct flow_index *index, struct judge *judge)
{
    struct projector *p = mem_alloc(sizeof(*p));

    p->layout = layout;
    p->options = *options;
    p->index = index;
    p->judge = judge;
    p->judgement = mem_alloc(sizeof(*p->judgement));
    p->arena = arena_new(4096);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (layout->kinds[kind].enabled)
            project_prepare(p, (enum kind)kind);
    }
    if (options->staging)
        p->stager = stager_new(options->staging);
    buf_init(&p->key, KEY_MAX_BYTES);
    buf_init(&p->new_key, KEY_MAX_BYTES);
    buf_init(&p->flow_key, KEY_MAX_BYTES);
    /* Each part of the key has its length before it; no length has more than 8 digits. */
    buf_init(&p->identity, KEY_MAX_BYTES + 9 * LAYOUT_MAX_KEY_PARTS);
    buf_init(&p->text, KEY_MAX_BYTES);
    buf_init(&p->quoted, PROJECT_OUT_MAX_BYTES);
    buf_init(&p->value, PROJECT_OUT_MAX_BYTES);
    return p;
}

struct judge *projector_judge(const struct projector *p)
{
    return p->judge;
}

void projector_quiet(struct projector *p)
{
    if (p->stager)
        stager_quiet(p->stager);
}

void projector_free(struct projector *p)
{
    if (!p)
        return;
    stager_free(p->stager);
    buf_release(&p->new_key);
    buf_release(&p->key);
    buf_release(&p->flow_key);
    buf_release(&p->identity);
    buf_release(&p->text);
    buf_release(&p->quoted);
    buf_release(&p->value);
    mem_free(p->judgement);
    arena_free(p->arena);
    mem_free(p);
}

/* ---- left out by rule ---------------------------------------------------------------------- */

static bool is_terminal(const struct job *j)
{
    struct json_value state = project_found(j, "state", "current");
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
    return layout_is_terminal(j->p->layout, name);
}

/* Its listeners are open: the judge has seen it before. */
static bool is_ended_and_sent(const struct job *j)
{
    return j->p->judge && judge_is_ended(j->p->judge, j->doc->id);
}

static bool is_wanted(const struct job *j)
{
    enum executions_mode mode = j->p->options.executions;

    if (project_is_flow(j->kind))
        return true; /* every revision, those of deleted flows too */
    if (j->layout->has_deleted && project_is_true(project_found(j, "deleted", NULL)))
        return leave_out(j->out, REASON_DELETED);
    if (j->kind != KIND_EXECUTION)
        return true;
    if (mode == EXECUTIONS_NONE)
        return leave_out(j->out, REASON_NOT_SELECTED);
    if (mode != EXECUTIONS_ALL && is_terminal(j) && !is_ended_and_sent(j))
        return leave_out(j->out, REASON_TERMINAL);
    if (j->p->stager && !is_terminal(j))
        return leave_out(j->out, REASON_NEUTRAL);
    return true;
}

/* Staging: it has ended, and still something of it would run. */
static bool goes_on(const struct job *j)
{
    struct judge_names names = {
        .tenant = project_found(j, "tenantId", NULL),
        .namespace = project_found(j, "namespace", NULL),
        .flow = project_found(j, "flowId", NULL),
        .revision = project_found(j, "flowRevision", NULL),
    };

    return judge_goes_on(j->p->judge, &names, j->doc);
}

/* The flow revision that an ended execution names is in the topic: without it the executor of all
 * executions stops (kestra/seen-on-real-kestra.md B.4 F01). Nor may it be poison. */
static bool may_go_ended(const struct job *j)
{
    struct judge_names names = {
        .tenant = project_named(j, "tenantId"),
        .namespace = project_named(j, "namespace"),
        .flow = project_found(j, "flowId", NULL),
        .revision = project_found(j, "flowRevision", NULL),
    };

    if (j->p->stager && goes_on(j))
        return leave_out(j->out, REASON_NEUTRAL);
    return (judge_sends_revision(j->p->judge, &names) && !judge_is_poison(j->p->judge, j->doc)) ||
           leave_out(j->out, REASON_VERDICT);
}

/* Executions: what the judge says. Its value is set then. */
static bool is_let_go(const struct job *j)
{
    struct projector *p = j->p;

    if (j->kind != KIND_EXECUTION || !p->judge)
        return true;
    if (is_terminal(j) && !is_ended_and_sent(j))
        return may_go_ended(j);
    p->judged = judge(p->judge, j->doc, p->judgement) == JUDGE_DONE && p->judgement->emit;
    return p->judged || leave_out(j->out, REASON_VERDICT);
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
    return project_skip(j->out, REASON_KEY_MISMATCH,
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

    v = project_found(j, "deleted", NULL);
    if (kl->has_deleted && v.type != JSON_BOOL)
        return project_skip(j->out, REASON_MISSING_FIELD, "member deleted is %s, not a boolean",
                            type_name(v.type));
    v = project_found(j, "state", "current");
    if (j->kind == KIND_EXECUTION && v.type != JSON_STRING)
        return project_skip(j->out, REASON_MISSING_FIELD,
                            "member state.current is %s, not a string", type_name(v.type));
    for (size_t i = 0; i < kl->n_required; i++) {
        v = project_found(j, kl->required[i], NULL);
        if (!project_is_set(v))
            return project_skip(j->out, REASON_MISSING_FIELD, "member %s is %s", kl->required[i],
                                type_name(v.type));
    }
    return true;
}

static bool fits(const struct job *j)
{
    const struct record *rec = &j->out->record;
    uint64_t             bytes = (uint64_t)rec->key.n + rec->value.n;
    uint64_t             max = j->p->layout->message_max_bytes;

    if (bytes <= max)
        return true;
    return project_skip(j->out, REASON_TOO_LARGE,
                        "key and value take %" PRIu64 " bytes, a record may have %" PRIu64, bytes,
                        max);
}

/* ---- what keeps the whole flow out --------------------------------------------------------- */

static bool flow_may_go(const struct job *j)
{
    if (!j->p->index || !project_is_flow(j->kind))
        return true;
    switch (flow_index_state(j->p->index, j->out->flow_key)) {
    case FLOW_BROKEN: return leave_out(j->out, REASON_FLOW_OUT);
    case FLOW_COLLISION:
        return project_skip(j->out, REASON_KEY_COLLISION,
                            "another flow has the same flow-last key \"%.*s\"",
                            SLICE_ARG(j->out->flow_key));
    case FLOW_UNKNOWN:
    case FLOW_OK: break;
    }
    return true;
}

/* A hostile document may have made a buffer large: that is not kept for the rest of the run. */
static void empty(struct buf *b)
{
    if (b->cap > OUT_KEEP_BYTES) {
        buf_release(b);
        buf_init(b, PROJECT_OUT_MAX_BYTES);
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
    if (p->stager)
        stager_begin(p->stager);
    p->judged = false;
    *out = (struct projection){
        .outcome = PROJECT_RECORD,
        .record = { .kind = kind, .doc = doc },
        .revision = -1,
    };
    (void)(project_find(&j) && is_wanted(&j) && project_build_keys(&j) && is_last_revision(&j) &&
           same_as_stored(&j) && has_mandatory_members(&j) && is_let_go(&j) &&
           project_build_value(&j) && fits(&j) && flow_may_go(&j));
}
