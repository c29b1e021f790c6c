/* recover_world.c - an execution, its flow and what is known about it (recover_world.h). */
#include "tests/support/recover_world.h"

#include "tests/support/json_proof.h"
#include "tests/support/layout_files.h"

/* Reading a layout takes longer than all else; they stay until the program ends. */
static struct layout *band_layout(const char *band)
{
    static struct layout *layouts[16];
    size_t                i = 0;

    while (i < COUNT_OF(layouts) && layouts[i] && strcmp(layouts[i]->name, band) != 0)
        i++;
    assert_true(i < COUNT_OF(layouts));
    if (!layouts[i])
        layouts[i] = layout_file(band);
    return layouts[i];
}

struct recover_world *world_new(const char *band, const char *flow)
{
    struct recover_world *w = mem_alloc(sizeof(*w));
    struct err            err = ERR_INIT;
    struct buf            json;

    w->arena = arena_new(1u << 16);
    w->layout = band_layout(band);
    buf_init(&json, 1u << 20);
    buf_add(&json, "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1,%s}", flow);
    if (!flow_tree_build(w->layout, buf_slice(&json), NULL, NULL, &w->tree, &err))
        fail_msg("%s", err.msg);
    buf_release(&json);
    w->verdict = VERDICT_BLOCKED;
    w->facts.children_known = true;
    w->facts.children = w->children;
    world_execution(w, "RUNNING");
    return w;
}

void world_free(struct recover_world *w)
{
    flow_tree_free(w->tree);
    arena_free(w->arena);
    mem_free(w);
}

/* A life that leads to a state. */
static void give_past(struct world_run *r, const char *state)
{
    r->n_past = 0;
    r->past[r->n_past++] = "CREATED";
    if (strcmp(state, "CREATED") != 0)
        r->past[r->n_past++] = "RUNNING";
    if (r->n_past == 2 && strcmp(state, "RUNNING") != 0)
        r->past[r->n_past++] = state;
    r->current = state;
}

void world_execution(struct recover_world *w, const char *state)
{
    give_past(&w->execution, state);
}

struct world_run *world_run(struct recover_world *w, const char *id, const char *task,
                            const char *parent, const char *state)
{
    struct world_run *r = &w->runs[w->n_runs++];

    assert_true(w->n_runs <= WORLD_MAX_RUNS);
    *r = (struct world_run){ .number = w->n_runs, .task = task, .parent = parent };
    (void)snprintf(r->id, sizeof(r->id), "%s", id);
    give_past(r, state);
    return r;
}

struct child *world_child(struct recover_world *w, const char *id, const char *task,
                          enum state state)
{
    struct child *c = &w->children[w->n_children++];

    assert_true(w->n_children <= WORLD_MAX_CHILDREN);
    *c = (struct child){
        .id = slice_str(id),
        .task_id = slice_str(task),
        .state = state,
        .ended = state == STATE_SUCCESS || state == STATE_FAILED || state == STATE_KILLED ||
                 state == STATE_WARNING,
        .json = SLICE("{\"id\":\"child\"}"),
    };
    return c;
}

/* ---- the document ---------------------------------------------------------------------------- */

struct pen {
    struct buf  b;
    const char *comma, *colon;
};

static void put_state(struct pen *p, const struct world_run *r)
{
    buf_add(&p->b, "{\"current\"%s\"%s\"", p->colon, r->current);
    if (r->n_past > 0)
        buf_add(&p->b, "%s\"histories\"%s[", p->comma, p->colon);
    for (size_t i = 0; i < r->n_past; i++) {
        char date[80];

        (void)snprintf(date, sizeof(date), "2026-01-01T00:00:%02zu.%03zuZ", i, r->number);
        buf_add(&p->b, "%s{\"%s\"%s\"%s\"%s\"%s\"%s\"%s\"}", i ? p->comma : "",
                p->comma[1] ? "date" : "state", p->colon,
                p->comma[1] ? (r->dates[i] ? r->dates[i] : date) : r->past[i], p->comma,
                p->comma[1] ? "state" : "date", p->colon,
                p->comma[1] ? r->past[i] : (r->dates[i] ? r->dates[i] : date));
    }
    buf_add(&p->b, "%s%s\"duration\"%s1.5000}", r->n_past ? "]" : "", p->comma, p->colon);
}

static void put_run(struct pen *p, const struct world_run *r)
{
    buf_add(&p->b, "{\"id\"%s\"%s\"%s\"taskId\"%s\"%s\"%s\"state\"%s", p->colon, r->id, p->comma,
            p->colon, r->task, p->comma, p->colon);
    put_state(p, r);
    if (r->parent)
        buf_add(&p->b, "%s\"parentTaskRunId\"%s\"%s\"", p->comma, p->colon, r->parent);
    if (r->value)
        buf_add(&p->b, "%s\"value\"%s\"%s\"", p->comma, p->colon, r->value);
    if (r->attempt) {
        struct world_run attempt = { .current = r->attempt, .past = { r->attempt_past } };

        attempt.number = r->number;
        attempt.n_past = r->attempt_past ? 2 : 1;
        attempt.past[0] = r->attempt_past ? r->attempt_past : r->attempt;
        attempt.past[1] = r->attempt;
        buf_add(&p->b, "%s\"attempts\"%s[{\"state\"%s", p->comma, p->colon, p->colon);
        put_state(p, &attempt);
        buf_add(&p->b, "}]");
    }
    if (r->extra)
        buf_add(&p->b, "%s%s", p->comma, r->extra);
    buf_add(&p->b, "}");
}

static void put_runs(struct pen *p, const struct recover_world *w)
{
    if (w->n_runs == 0)
        return;
    buf_add(&p->b, "%s\"taskRunList\"%s[", p->comma, p->colon);
    for (size_t i = 0; i < w->n_runs; i++) {
        if (i > 0)
            buf_add(&p->b, "%s", p->comma);
        put_run(p, &w->runs[i]);
    }
    buf_add(&p->b, "]");
}

struct slice world_document(struct recover_world *w)
{
    struct pen   p = { .comma = w->spaced ? ", " : ",", .colon = w->spaced ? ": " : ":" };
    struct slice doc;

    buf_init(&p.b, 1u << 20);
    buf_add(&p.b, "{\"id\"%s\"e\"%s\"namespace\"%s\"n\"%s\"flowId\"%s\"f\"%s\"flowRevision\"%s1",
            p.colon, p.comma, p.colon, p.comma, p.colon, p.comma, p.colon);
    buf_add(&p.b, "%s\"inputs\"%s{\"a,b:]}\"%s[1.50,  \"\\u0001\\\"\"]}", p.comma, p.colon,
            p.colon);
    if (w->runs_first)
        put_runs(&p, w);
    buf_add(&p.b, "%s\"state\"%s", p.comma, p.colon);
    put_state(&p, &w->execution);
    if (!w->runs_first)
        put_runs(&p, w);
    buf_add(&p.b, "%s\"deleted\"%sfalse}", p.comma, p.colon);
    doc = arena_copy(w->arena, buf_slice(&p.b));
    buf_release(&p.b);
    return doc;
}

/* ---- the finding ----------------------------------------------------------------------------- */

static bool in_listeners(const struct flow_tree *tree, uint32_t task)
{
    while (tree->tasks[task].parent != TASK_NONE)
        task = tree->tasks[task].parent;
    return tree->branches[tree->tasks[task].branch].kind == BRANCH_LISTENERS;
}

static bool role_of(const struct flow_tree *tree, uint32_t task, enum state state, enum role *out)
{
    enum task_type type;

    if (state != STATE_CREATED && state != STATE_RUNNING && state != STATE_RESTARTED &&
        state != STATE_PAUSED && state != STATE_RETRYING)
        return false;
    *out = ROLE_STRANGER;
    if (task == TASK_NONE)
        return true;
    type = tree->tasks[task].type;
    if (in_listeners(tree, task))
        *out = ROLE_LISTENER;
    else if (state == STATE_RETRYING)
        *out = ROLE_RETRYING;
    else if (type == TASK_SUBFLOW || type == TASK_FOR_EACH_ITEM)
        *out = ROLE_CALL;
    else if (type == TASK_PAUSE || type == TASK_LOOP_UNTIL)
        *out = ROLE_PAUSE;
    else if (type == TASK_LEAF)
        *out = state == STATE_RUNNING ? ROLE_LOST : ROLE_OPEN;
    else
        *out = type == TASK_WORKER && state == STATE_RUNNING ? ROLE_WORKER : ROLE_RESULT;
    return true;
}

static uint64_t code_of(enum role role)
{
    switch (role) {
    case ROLE_LOST: return CODE_BIT(CODE_TASKRUN_LOST);
    case ROLE_WORKER: return CODE_BIT(CODE_WORKER_GROUP_LOST);
    case ROLE_OPEN: return CODE_BIT(CODE_TASKRUN_NOT_JOINED);
    case ROLE_RESULT: return CODE_BIT(CODE_FLOWABLE_NOT_JOINED);
    case ROLE_CALL: return CODE_BIT(CODE_SUBFLOW_NOT_JOINED);
    case ROLE_RETRYING: return CODE_BIT(CODE_RETRY_DELAY_LOST);
    case ROLE_STRANGER: return CODE_BIT(CODE_TASK_NOT_IN_REVISION);
    case ROLE_LISTENER:
    case ROLE_PAUSE:
    case ROLE_COUNT: break;
    }
    return 0;
}

void finding_by_hand(const struct flow_tree *tree, const struct execution *e,
                     struct run_note *notes, struct finding *out)
{
    *out = (struct finding){ .verdict = VERDICT_BLOCKED, .notes = notes };
    for (size_t i = 0; i < e->n_runs; i++) {
        struct run_note note = { i, ROLE_OPEN, flow_tree_find(tree, e->runs[i].task_id) };

        if (!role_of(tree, note.task, e->runs[i].state.current, &note.role))
            continue;
        notes[out->n_notes++] = note;
        out->codes |= code_of(note.role);
    }
}

void world_judge(struct recover_world *w)
{
    struct err err = ERR_INIT;

    w->doc = world_document(w);
    if (!execution_read(w->doc, w->arena, &w->before, &err))
        fail_msg("%s", err.msg);
    w->facts.n_children = w->n_children;
    if (w->real) {
        verdict_of(w->layout, &w->before, w->tree, &w->facts, w->arena, &w->finding);
        return;
    }
    finding_by_hand(w->tree, &w->before, w->notes, &w->finding);
    w->finding.verdict = w->verdict;
    w->finding.poison = w->poison;
    w->finding.taken = w->taken;
    w->finding.codes |= w->codes;
}

void world_recover(struct recover_world *w, enum recover_mode mode, enum lost_mode lost)
{
    struct recover_options options = { mode, lost };
    struct err             err = ERR_INIT;

    world_judge(w);
    recover(w->layout, &w->before, w->tree, &w->facts, &w->finding, &options, w->arena, &w->r);
    if (!w->r.emit) {
        assert_true(slice_eq(w->r.value, w->doc));
        assert_false(w->r.changed);
        assert_int_equal(w->r.n_changes, 0);
        assert_int_equal(w->r.n_links, 0);
        return;
    }
    assert_true(is_json(w->r.value));
    assert_int_equal(w->r.changed, w->r.n_changes > 0);
    if (!execution_read(w->r.value, w->arena, &w->after, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(w->after.broken_run, RUN_NONE);
    for (size_t i = 0; i < w->r.n_links; i++)
        assert_true(is_json(w->r.links[i].value));
}

int world_needs(struct recover_world *w)
{
    return recover_needs(w->layout, &w->before, w->tree, &w->facts, &w->finding, w->arena);
}

/* ---- as text --------------------------------------------------------------------------------- */

static const char *keep(struct recover_world *w, struct buf *b)
{
    const char *text = arena_str(w->arena, buf_slice(b));

    buf_release(b);
    return text;
}

const char *world_states(struct recover_world *w, const struct execution *e)
{
    struct buf b;

    buf_init(&b, 1u << 16);
    buf_add(&b, "%s", state_name(e->state.current));
    for (size_t i = 0; i < e->n_runs; i++) {
        const struct task_run *r = &e->runs[i];

        buf_add(&b, " %.*s:%s", SLICE_ARG(r->id), state_name(r->state.current));
    }
    return keep(w, &b);
}

static void put_side(struct buf *b, struct slice json)
{
    if (json.p)
        buf_add(b, "%.*s", SLICE_ARG(json));
    else
        buf_add(b, "none");
}

const char *world_changes(struct recover_world *w)
{
    struct buf b;

    buf_init(&b, 1u << 20);
    for (size_t i = 0; i < w->r.n_changes; i++) {
        buf_add(&b, "%s: ", w->r.changes[i].path);
        put_side(&b, w->r.changes[i].before);
        buf_add(&b, " -> ");
        put_side(&b, w->r.changes[i].after);
        buf_add(&b, "\n");
    }
    return keep(w, &b);
}

void world_expect(struct recover_world *w, enum recover_mode mode, enum lost_mode lost,
                  const char *states)
{
    world_recover(w, mode, lost);
    if (states && !w->r.emit)
        fail_msg("not emitted: %s", world_states(w, &w->before));
    if (!states && w->r.emit)
        fail_msg("emitted: %s", world_states(w, &w->after));
    if (states)
        assert_string_equal(world_states(w, &w->after), states);
}
