/*
 * judge.c - see judge.h; judge_fill.c makes and fills it, judge_ended.c looks at what has ended.
 */
#include "lib/kestra/judge_impl.h"

#include "lib/kestra/scope.h"

#include <inttypes.h>

#define MAX_ANCESTORS 1000 /* of a subflow: more is a cycle, or as good as one */

/* ---- the revision ---------------------------------------------------------------------------- */

/* What a member of a flow is called in an execution. */
static struct slice member_of(const struct execution *e, const char *member, char digits[24])
{
    if (strcmp(member, "tenantId") == 0)
        return e->tenant;
    if (strcmp(member, "namespace") == 0)
        return e->namespace;
    if (strcmp(member, "id") == 0)
        return e->flow_id;
    if (strcmp(member, "revision") == 0 && e->has_revision) {
        (void)snprintf(digits, 24, "%" PRId64, e->revision);
        return slice_str(digits);
    }
    return slice_of(NULL, 0);
}

/* The key that the execution's flow has by that template, in scratch; p NULL: it names none. */
static struct slice flow_key(struct judge *j, const struct key_template *t,
                             const struct execution *e)
{
    char         digits[24];
    struct buf   key;
    bool         ok = true;
    struct slice out;

    buf_init(&key, KEY_MAX_BYTES);
    for (size_t i = 0; ok && i < t->n_parts; i++) {
        struct slice part = member_of(e, t->parts[i].member, digits);

        if (!part.p && t->parts[i].null == KEY_NULL_SKIP)
            continue;
        ok = part.p && part.n > 0 && (key.n == 0 || buf_append(&key, slice_str(t->separator))) &&
             buf_append(&key, part);
    }
    out = ok ? arena_copy(j->scratch, buf_slice(&key)) : slice_of(NULL, 0);
    buf_release(&key);
    return out;
}

static bool template_json(void *ctx, struct slice key, struct slice *out)
{
    const struct judge *j = ctx;
    const struct text  *t = map_get(j->templates, key);

    if (!t || !t->p)
        return false;
    *out = slice_of(t->p, t->n);
    return true;
}

void judge_build_tree(struct judge *j, struct revision *r)
{
    struct slice json = slice_of(r->json, r->n);

    if (!flow_tree_build(j->layout, json, template_json, j, &r->tree, &j->err))
        (void)snprintf(r->detail, sizeof(r->detail), "%.150s", j->err.msg);
    mem_free(r->json);
    r->json = NULL;
}

bool judge_revision_sent(const struct judge *j, struct slice key, struct slice flow)
{
    return key.p && flow_index_has(j->flows, key) && flow_index_state(j->flows, flow) == FLOW_OK &&
           !idset_has(j->lost, judge_digest(key));
}

/* False: the revision is to be added first. */
static bool find_revision(struct judge *j, struct judgement *out)
{
    const struct kind_layout *kinds = j->layout->kinds;
    struct slice              key = flow_key(j, &kinds[KIND_FLOW].key, &out->execution);
    struct slice              flow = flow_key(j, &kinds[KIND_FLOW_LAST].key, &out->execution);
    struct revision          *r;
    unsigned                  flags;

    out->facts.revision = REVISION_MISSING;
    if (flow.p) {
        flags = flow_index_flags(j->flows, flow);
        out->facts.flow_deleted = (flags & FLOW_DELETED) != 0;
        out->facts.flow_disabled = (flags & FLOW_DISABLED) != 0;
    }
    if (!judge_revision_sent(j, key, flow))
        return true;
    r = map_get(j->revisions, key);
    if (!r) {
        out->wanted = key;
        return false;
    }
    if (r->json)
        judge_build_tree(j, r);
    out->tree = r->tree;
    if (r->tree)
        out->facts.revision = REVISION_PRESENT;
    else if (r->detail[0] != '\0')
        out->facts.revision = REVISION_UNREADABLE;
    out->facts.revision_detail = r->detail;
    return true;
}

/* ---- the other facts ------------------------------------------------------------------------- */

/* F09. What was not surveyed is taken for present. */
static bool flow_exists(void *ctx, struct slice tenant, struct slice namespace, struct slice id)
{
    struct judge    *j = ctx;
    struct execution e = { .tenant = tenant, .namespace = namespace, .flow_id = id };
    struct slice     key = flow_key(j, &j->layout->kinds[KIND_FLOW_LAST].key, &e);

    if (!key.p)
        return false;
    if (flow_index_state(j->flows, key) == FLOW_UNKNOWN)
        return !scope_selects(j->source.tenant, j->source.namespace, tenant, namespace);
    return (flow_index_flags(j->flows, key) & (FLOW_DELETED | FLOW_DISABLED)) == 0;
}

static const struct run_known *run_known(void *ctx, struct slice id)
{
    const struct judge *j = ctx;

    return map_get(j->runs, id);
}

/* Does it wait, over its parents, for itself? */
static bool is_own_ancestor(const struct judge *j, struct slice id)
{
    const struct kin *kin = map_get(j->parents, id);

    for (int i = 0; kin && i < MAX_ANCESTORS; i++) {
        if (slice_eq(kin->parent, id))
            return true;
        kin = map_get(j->parents, kin->parent);
    }
    return kin != NULL;
}

/* A task that runs writes lines after the last date of its document. */
static bool has_running_leaf(const struct execution *e, const struct flow_tree *tree)
{
    for (size_t i = 0; i < e->n_runs; i++) {
        uint32_t task;

        if (e->runs[i].state.current != STATE_RUNNING)
            continue;
        task = flow_tree_find(tree, e->runs[i].task_id);
        if (task == TASK_NONE || !task_is_flowable(tree->tasks[task].type))
            return true;
    }
    return false;
}

static void fill_facts(struct judge *j, const struct document *doc, struct judgement *out)
{
    struct slice         id = out->execution.id;
    struct facts        *f = &out->facts;
    const struct family *family = id.p ? map_get(j->families, id) : NULL;

    f->children_known = j->children_known;
    if (family) {
        f->n_children = family->n;
        f->children = family->children;
    }
    f->cycle = id.p && is_own_ancestor(j, id);
    f->stale = id.p && idset_has(j->stale, judge_digest(id)) && out->tree &&
               !has_running_leaf(&out->execution, out->tree);
    f->exact = j->source.exact;
    f->record_bytes = (uint64_t)doc->value.n + id.n;
    f->record_max = j->layout->message_max_bytes;
    f->has_newest = j->has_newest;
    f->newest = j->newest;
    f->max_age_s = j->options->max_age_s;
    f->flow_exists = flow_exists;
    f->run_known = run_known;
    f->ctx = j;
    out->has_age = j->has_newest && out->execution.has_newest;
    if (out->has_age)
        out->age_s = j->newest.s - out->execution.newest.s;
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool waits_for_children(const struct finding *f)
{
    for (size_t i = 0; i < f->n_notes; i++) {
        if (f->notes[i].role == ROLE_CALL)
            return true;
    }
    return false;
}

/* Documents that no Kestra leaves so. */
#define CODES_SENSELESS                                                                            \
    (CODE_BIT(CODE_EXECUTION_INVALID) | CODE_BIT(CODE_TASK_NOT_IN_REVISION) |                      \
     CODE_BIT(CODE_SUBFLOW_CYCLE))

bool judge_is_unfit(const struct finding *f)
{
    return f->poison || (f->codes & CODES_SENSELESS) != 0;
}

/* By no option: a missing revision stops the executor of all, poison too. */
static bool may_be_sent(const struct judgement *g)
{
    return g->tree && !judge_is_unfit(&g->finding) && !g->execution.deleted;
}

static bool must_wait(struct judge *j, const struct execution *e)
{
    struct slice id = e->id;

    if (!id.p)
        return false;
    *map_put(j->waiting, &id) = j;
    return true;
}

/* A parent that is linked to a child goes on only if that child does. False: it is not decided. */
static bool decide_links(struct judge *j, struct judgement *out)
{
    struct recovery *r = &out->recovery;

    for (size_t i = 0; r->emit && i < r->n_links; i++) {
        struct slice child = r->links[i].child;

        if (judge_is_emitted(j, child))
            continue;
        if (!j->stopped_waiting && map_get(j->waiting, child))
            return false;
        r->emit = r->changed = false;
        r->n_links = r->n_changes = 0;
        out->needs = -1;
        (void)snprintf(out->finding.detail, sizeof(out->finding.detail),
                       "its child %.*s does not go back, so it would wait for ever",
                       (int)(child.n < 64 ? child.n : 64), child.p);
    }
    return true;
}

static void decide(const struct judge *j, const struct document *doc, struct judgement *out)
{
    bool old = (out->finding.codes & CODE_BIT(CODE_EXECUTION_OLD)) != 0;

    switch (j->options->executions) {
    case EXECUTIONS_NONE: break;
    case EXECUTIONS_RESUMABLE: out->emit = may_be_sent(out) && !old && out->recovery.emit; break;
    case EXECUTIONS_PENDING:
        out->emit = may_be_sent(out) && (out->ended ? out->recovery.emit : !old);
        break;
    case EXECUTIONS_ALL: out->emit = may_be_sent(out) && (out->ended || !old); break;
    }
    out->value = out->recovery.emit ? out->recovery.value : doc->value;
}

bool judge_read(struct judge *j, const struct document *doc, struct execution *out)
{
    if (!doc->value.p)
        return err_set(&j->err, ERR_DATA, "the value is an SQL null");
    return doc->trusted ? execution_read_trusted(doc->value, j->scratch, out, &j->err)
                        : execution_read(doc->value, j->scratch, out, &j->err);
}

enum judge_answer judge(struct judge *j, const struct document *doc, struct judgement *out)
{
    const struct layout *l = j->layout;

    arena_reset(j->scratch);
    memset(out, 0, sizeof(*out));
    if (!judge_read(j, doc, &out->execution)) {
        (void)snprintf(out->detail, sizeof(out->detail), "%.150s", j->err.msg);
        return JUDGE_UNREADABLE;
    }
    if (!find_revision(j, out))
        return JUDGE_NEEDS_REVISION;
    fill_facts(j, doc, out);
    out->ended = layout_is_terminal(l, out->execution.state.name);
    verdict_of(l, &out->execution, out->tree, &out->facts, j->scratch, &out->finding);
    if (!j->children_known && out->tree && waits_for_children(&out->finding) &&
        must_wait(j, &out->execution))
        return JUDGE_NEEDS_CHILDREN;
    recover(l, &out->execution, out->tree, &out->facts, &out->finding, &j->options->recover,
            j->scratch, &out->recovery);
    out->needs =
        recover_needs(l, &out->execution, out->tree, &out->facts, &out->finding, j->scratch);
    if (!decide_links(j, out))
        return JUDGE_NEEDS_CHILDREN;
    decide(j, doc, out);
    return JUDGE_DONE;
}

void judge_refuse(struct judgement *j, bool too_large, const char *why)
{
    struct finding *f = &j->finding;

    j->emit = false;
    j->recovery = (struct recovery){ .value = j->execution.raw };
    j->needs = -1;
    f->verdict = VERDICT_BLOCKED;
    f->codes &= ~CODE_BIT(CODE_RESUMES);
    f->codes |= CODE_BIT(too_large ? CODE_RECORD_TOO_LARGE : CODE_EXECUTION_INVALID);
    f->remedies = REMEDY_BIT(too_large ? REMEDY_RAISE_LIMITS : REMEDY_START_AGAIN);
    (void)snprintf(f->detail, sizeof(f->detail), "%s", why);
}

/* ---- keeping --------------------------------------------------------------------------------- */

static struct slice tick_key(struct arena *a, const struct slice parts[4])
{
    struct buf   key;
    struct slice out;
    bool         ok = true;

    buf_init(&key, (size_t)4 * KEY_MAX_BYTES);
    for (size_t i = 0; ok && i < 4; i++)
        ok = buf_printf(&key, "%zu:", parts[i].n) && buf_append(&key, parts[i]);
    out = ok ? arena_copy(a, buf_slice(&key)) : slice_of(NULL, 0);
    buf_release(&key);
    return out;
}

static void keep_tick(struct judge *j, const struct execution *e)
{
    struct slice   parts[4] = { e->tenant, e->namespace, e->flow_id, e->trigger_id };
    struct slice   key;
    struct instant was, is;
    struct slice  *date;
    void         **place;

    if (!e->trigger_date.p || !e->trigger_id.p || !instant_parse(e->trigger_date, &is))
        return;
    key = tick_key(j->scratch, parts);
    if (!key.p)
        return;
    place = map_put(j->ticks, &key);
    date = *place;
    if (date && instant_parse(*date, &was) && instant_compare(was, is) >= 0)
        return;
    if (!date)
        date = *place = arena_alloc(j->kept, sizeof(*date));
    *date = arena_copy(j->kept, e->trigger_date);
}

static void keep_link(struct judge *j, const struct link *l)
{
    if (j->n_links == j->room_links) {
        j->room_links = j->room_links > 0 ? j->room_links * 2 : 16;
        j->links = mem_realloc(j->links, j->room_links * sizeof(*j->links));
    }
    j->links[j->n_links++] = (struct link){ .child = judge_copy(j, l->child),
                                            .parent = judge_copy(j, l->parent),
                                            .value = judge_copy(j, l->value) };
}

void judge_keep(struct judge *j, const struct judgement *of)
{
    struct slice id = of->execution.id;

    keep_tick(j, &of->execution);
    if (id.p && map_get(j->waiting, id))
        *map_put(j->waiting, &id) = NULL;
    if (!of->emit || !of->execution.id.p)
        return;
    if (of->ended) {
        if (j->n_ended == JUDGE_MAX_ENDED)
            return;
        j->ended[j->n_ended++] = judge_copy(j, of->execution.id);
    }
    (void)idset_see(j->emitted, judge_digest(of->execution.id), 0);
    if (!(of->recovery.remedies & REMEDY_BIT(REMEDY_KILL_OPEN)))
        (void)idset_see(j->releasing, judge_digest(of->execution.id), 0);
    for (size_t i = 0; of->recovery.emit && i < of->recovery.n_links; i++)
        keep_link(j, &of->recovery.links[i]);
}

/* ---- asking later ---------------------------------------------------------------------------- */

bool judge_is_emitted(const struct judge *j, struct slice id)
{
    return idset_has(j->emitted, judge_digest(id));
}

bool judge_releases(const struct judge *j, struct slice id)
{
    return idset_has(j->releasing, judge_digest(id));
}

size_t judge_ended(const struct judge *j, const struct slice **ids)
{
    *ids = j->ended;
    return j->n_ended;
}

bool judge_is_ended(const struct judge *j, struct slice id)
{
    for (size_t i = 0; i < j->n_ended; i++)
        if (slice_eq(j->ended[i], id))
            return true;
    return false;
}

struct slice judge_newest_tick(const struct judge *j, struct slice tenant, struct slice namespace,
                               struct slice flow, struct slice trigger)
{
    struct slice        parts[4] = { tenant, namespace, flow, trigger };
    struct arena       *a = arena_new(1024);
    struct slice        key = tick_key(a, parts);
    const struct slice *date = key.p ? map_get(j->ticks, key) : NULL;

    arena_free(a);
    return date ? *date : slice_of(NULL, 0);
}

size_t judge_links(const struct judge *j, const struct link **links)
{
    *links = j->links;
    return j->n_links;
}
