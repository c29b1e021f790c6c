/*
 * test_recover_random.c - random executions of random flows: whatever they are, what is sent is the
 * document with other states and nothing else, and a second recovery changes nothing.
 */
#include "tests/support/recover_world.h"

#include "tests/support/json_proof.h"

#define ROUNDS    4000
#define MAX_DEPTH 3

/* What recovery is there for. (A leaf or a call may still not be joined when the execution ends in
 * its first pass, which no Kestra leaves to it.) */
#define NOT_AFTERWARDS                                                                             \
    (CODE_BIT(CODE_TASKRUN_LOST) | CODE_BIT(CODE_FLOWABLE_NOT_JOINED) |                            \
     CODE_BIT(CODE_RETRY_DELAY_LOST) | CODE_BIT(CODE_EXECUTION_INVALID) |                          \
     CODE_BIT(CODE_FLOWABLE_UNDECIDABLE))

struct chance {
    uint64_t seed;
    size_t   n_tasks; /* so far; task i is "tI", its run "rI" */
    char     names[WORLD_MAX_RUNS][8];
};

static const char *pick(struct chance *c, const char *const *of, size_t n)
{
    return of[test_below(&c->seed, n)];
}

/* ---- a flow ---------------------------------------------------------------------------------- */

static void put_task(struct chance *c, struct buf *b, unsigned depth);

static void put_tasks(struct chance *c, struct buf *b, unsigned depth)
{
    size_t n = 1 + test_below(&c->seed, 3);

    buf_add(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add(b, ",");
        put_task(c, b, depth);
    }
    buf_add(b, "]");
}

static void put_task(struct chance *c, struct buf *b, unsigned depth)
{
    static const char *const flowables[] = { "Sequential",   "Parallel", "Parallel", "EachParallel",
                                             "AllowFailure", "Worker",   "Pause" };
    size_t                   i = c->n_tasks++;
    size_t                   kind = test_below(&c->seed, 8);

    (void)snprintf(c->names[i], sizeof(c->names[i]), "t%zu", i);
    buf_add(b, "{\"id\":\"%s\",\"type\":\"io.kestra.core.tasks.", c->names[i]);
    if (depth < MAX_DEPTH && kind < 5 && c->n_tasks < WORLD_MAX_RUNS / 2) {
        buf_add(b, "flows.%s\"", pick(c, flowables, COUNT_OF(flowables)));
        if (test_below(&c->seed, 4) == 0)
            buf_add(b, ",\"delay\":9.0");
        buf_add(b, ",\"value\":\"[1]\",\"tasks\":");
        put_tasks(c, b, depth + 1);
        if (test_below(&c->seed, 8) == 0) {
            buf_add(b, ",\"errors\":");
            put_tasks(c, b, MAX_DEPTH);
        }
        buf_add(b, "}");
    } else if (kind == 7) {
        buf_add(b, "flows.Flow\",\"namespace\":\"n\",\"flowId\":\"s\",\"wait\":%s}",
                test_below(&c->seed, 2) ? "true" : "false");
    } else {
        buf_add(b, "scripts.Bash\"}");
    }
}

static struct recover_world *random_world(struct chance *c)
{
    static const char *const bands[] = { "A", "D", "F" };
    struct recover_world    *w;
    struct buf               flow;

    c->n_tasks = 0;
    buf_init(&flow, 1u << 20);
    buf_add(&flow, "\"tasks\":");
    put_tasks(c, &flow, 0);
    if (test_below(&c->seed, 8) == 0) {
        buf_add(&flow, ",\"errors\":");
        put_tasks(c, &flow, MAX_DEPTH);
    }
    if (test_below(&c->seed, 4) == 0) {
        buf_add(&flow, ",\"listeners\":[{\"tasks\":");
        put_tasks(c, &flow, MAX_DEPTH);
        buf_add(&flow, "}]");
    }
    w = world_new(pick(c, bands, COUNT_OF(bands)), flow.p);
    buf_release(&flow);
    return w;
}

/* ---- an execution of it ---------------------------------------------------------------------- */

static const char *run_state(struct chance *c)
{
    static const char *const states[] = { "CREATED", "RUNNING", "RUNNING",  "RUNNING", "RESTARTED",
                                          "SUCCESS", "FAILED",  "SUCCESS",  "PAUSED",  "WARNING",
                                          "KILLED",  "FAILED",  "RETRYING", "SKIPPED" };

    return pick(c, states, COUNT_OF(states));
}

static void random_runs(struct chance *c, struct recover_world *w)
{
    static char ids[WORLD_MAX_RUNS][8];

    for (size_t i = 0; i < c->n_tasks && i < WORLD_MAX_RUNS; i++) {
        uint32_t          task = flow_tree_find(w->tree, slice_str(c->names[i]));
        uint32_t          parent = w->tree->tasks[task].parent;
        struct world_run *r;
        size_t            up = 0;

        if (test_below(&c->seed, 6) == 0)
            continue;
        (void)snprintf(ids[i], sizeof(ids[i]), "r%zu", i);
        while (parent != TASK_NONE && !slice_eq(w->tree->tasks[parent].id, slice_str(c->names[up])))
            up++;
        r = world_run(w, ids[i], c->names[i], parent == TASK_NONE ? NULL : ids[up], run_state(c));
        if (test_below(&c->seed, 3) == 0)
            r->attempt = test_below(&c->seed, 2) ? "RUNNING" : "FAILED";
        if (test_below(&c->seed, 30) == 0)
            r->n_past = 0;
        if (test_below(&c->seed, 10) == 0)
            r->extra = "\"items\" : [ \"\\\"x\" , {} ]";
    }
    /* A run whose parent was left out has an id that nobody has: fine, as in real documents. */
    for (size_t i = w->n_runs; i > 1; i--) {
        size_t           j = test_below(&c->seed, i);
        struct world_run other = w->runs[i - 1];

        w->runs[i - 1] = w->runs[j];
        w->runs[j] = other;
    }
}

static void random_execution(struct chance *c, struct recover_world *w)
{
    static const char *const states[] = { "RUNNING", "RUNNING", "RUNNING", "CREATED", "RESTARTED",
                                          "PAUSED",  "KILLING", "SUCCESS", "RETRYING" };
    static const enum state  children[] = { STATE_RUNNING, STATE_SUCCESS, STATE_FAILED };

    world_execution(w, pick(c, states, COUNT_OF(states)));
    random_runs(c, w);
    for (size_t i = 0; i < w->n_runs && w->n_children < 3; i++)
        if (test_below(&c->seed, 3) == 0)
            (void)world_child(w, w->n_children ? "c1" : "c2", w->runs[i].task,
                              children[test_below(&c->seed, 3)]);
    w->real = test_below(&c->seed, 2);
    w->spaced = test_below(&c->seed, 2);
    w->runs_first = test_below(&c->seed, 2);
    if (strcmp(w->execution.current, "KILLING") == 0)
        w->codes = CODE_BIT(CODE_KILLING_STUCK);
    if (strcmp(w->execution.current, "SUCCESS") == 0)
        w->codes = CODE_BIT(CODE_LISTENER_STUCK);
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* The table takes over the states that came out. */
static void learn_state(struct recover_world *w, struct world_run *r, const struct run_state *state)
{
    assert_true(state->n_histories <= WORLD_MAX_PAST);
    r->current = arena_str(w->arena, state->name);
    r->n_past = state->n_histories;
    for (size_t i = 0; i < state->n_histories; i++) {
        r->past[i] = state_name(state->histories[i].state);
        r->dates[i] = arena_str(w->arena, state->histories[i].date);
    }
}

static const struct world_run *find_run(const struct recover_world *w, struct slice id)
{
    size_t i = 0;

    while (i < w->n_runs && !slice_eq(slice_str(w->runs[i].id), id))
        i++;
    assert_true(i < w->n_runs);
    return &w->runs[i];
}

static bool in_list(const struct world_run *r, const char *member)
{
    return r->extra && strstr(r->extra, member);
}

/* Build the document again with the states that came out: it must be the same bytes. What has its
 * own tests is left out: lists of histories and outputs that were not there, attempts. */
static void only_states_have_changed(struct recover_world *w)
{
    struct recover_world again = *w;

    for (size_t i = 0; i < w->r.n_changes; i++) {
        const char *path = w->r.changes[i].path;

        if (strstr(path, "/attempts/") || strstr(path, "/outputs") ||
            (strstr(path, "/histories") && !strstr(path, "/histories/") &&
             !w->r.changes[i].before.p))
            return;
    }
    learn_state(&again, &again.execution, &w->after.state);
    again.n_runs = w->after.n_runs;
    for (size_t i = 0; i < w->after.n_runs; i++) {
        again.runs[i] = *find_run(w, w->after.runs[i].id);
        assert_false(in_list(&again.runs[i], "outputs"));
        learn_state(&again, &again.runs[i], &w->after.runs[i].state);
    }
    if (w->after.n_runs > 0 && !slice_eq(world_document(&again), w->r.value))
        fail_msg("%.*s\nis not\n%s", SLICE_ARG(w->r.value), world_document(&again).p);
}

/* Every change names something of the old document, and is in the new one. */
static void changes_are_true(struct recover_world *w)
{
    for (size_t i = 0; i < w->r.n_changes; i++) {
        const struct change *change = &w->r.changes[i];

        assert_true(change->path[0] == '/');
        assert_true(change->before.p || change->after.p);
        if (change->before.p) {
            assert_true(is_json(change->before));
            assert_true(change->before.p >= w->doc.p &&
                        change->before.p + change->before.n <= w->doc.p + w->doc.n);
        }
        if (change->after.p)
            assert_non_null(memmem(w->r.value.p, w->r.value.n, change->after.p, change->after.n));
    }
}

/* What a lost task, a price and a mode have to do with each other. */
static void modes_are_kept(const struct recover_world *w, enum recover_mode mode, size_t lost)
{
    if (mode == RECOVER_SAFE)
        assert_false(w->r.remedies &
                     (REMEDY_BIT(REMEDY_RERUN_LOST) | REMEDY_BIT(REMEDY_FAIL_LOST) |
                      REMEDY_BIT(REMEDY_LINK_SUBFLOW) | REMEDY_BIT(REMEDY_FINISH_SUBFLOW) |
                      REMEDY_BIT(REMEDY_REARM_PAUSE) | REMEDY_BIT(REMEDY_KILL_OPEN)));
    if (w->before.state.current == STATE_SUCCESS || w->before.state.current == STATE_KILLING)
        return; /* what had been lost when it ended stays */
    if (lost > 0)
        assert_int_equal(mode, RECOVER_ALL);
    for (size_t i = 0; i < w->after.n_runs; i++) {
        const struct task_run *r = &w->after.runs[i];
        uint32_t               task = flow_tree_find(w->tree, r->task_id);

        if (w->tree->tasks[task].type == TASK_LEAF && r->state.current == STATE_RUNNING)
            fail_msg("nobody will answer %.*s: %s", SLICE_ARG(r->id), w->doc.p);
        if (w->after.state.current == STATE_KILLED)
            assert_true(r->state.current != STATE_RUNNING && r->state.current != STATE_CREATED);
    }
}

/* Judged again as what it is now, a RESTARTED document resumes and is sent as it is. */
static void a_second_time_changes_nothing(struct recover_world *w)
{
    struct recover_options options = { RECOVER_ALL, LOST_RERUN };
    struct finding         resumes = { .verdict = VERDICT_RESUMES };
    struct run_note        notes[WORLD_MAX_RUNS];
    struct finding         finding;
    struct recovery        again;

    if (w->after.state.current != STATE_RESTARTED)
        return;
    recover(w->layout, &w->after, w->tree, &w->facts, &resumes, &options, w->arena, &again);
    assert_true(again.emit && !again.changed && slice_eq(again.value, w->r.value));
    /* A link record is made anew each time. Above a random pause there are Workers, which RUNNING
     * would be lost. */
    if (w->r.n_links > 0 || (w->r.remedies & REMEDY_BIT(REMEDY_REARM_PAUSE)))
        return;
    if (w->real)
        verdict_of(w->layout, &w->after, w->tree, &w->facts, w->arena, &finding);
    else
        finding_by_hand(w->tree, &w->after, notes, &finding);
    if (w->real) {
        assert_true(finding.registered);
        if (finding.codes & NOT_AFTERWARDS)
            fail_msg("codes %llx: %s became %s", (unsigned long long)finding.codes,
                     world_states(w, &w->before), world_states(w, &w->after));
    }
    recover(w->layout, &w->after, w->tree, &w->facts, &finding, &options, w->arena, &again);
    if (again.emit && again.changed) {
        const char *states = world_states(w, &w->after);
        const char *first = world_changes(w);

        w->r = again;
        fail_msg("%s\n%s\nagain:\n%s", states, first, world_changes(w));
    }
}

static size_t count_lost(const struct recover_world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->finding.n_notes; i++)
        n += w->finding.notes[i].role == ROLE_LOST;
    return n;
}

static void whatever_it_is(void **state)
{
    static const struct recover_options ways[] = { { RECOVER_SAFE, LOST_RERUN },
                                                   { RECOVER_ALL, LOST_RERUN },
                                                   { RECOVER_ALL, LOST_FAIL } };
    struct chance                       c = { .seed = test_seed() };
    size_t                              sent = 0;
    size_t                              changed = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct recover_world *w = random_world(&c);
        int                   needs = -1;

        random_execution(&c, w);
        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            world_recover(w, ways[i].mode, ways[i].lost);
            needs = world_needs(w);
            if (ways[i].lost == LOST_RERUN)
                assert_int_equal(w->r.emit, needs >= 0 && needs <= (int)ways[i].mode);
            if (!w->r.emit)
                continue;
            sent++;
            changed += w->r.changed;
            only_states_have_changed(w);
            changes_are_true(w);
            modes_are_kept(w, ways[i].mode, count_lost(w));
            a_second_time_changes_nothing(w);
        }
        world_free(w);
    }
    print_message("%zu of %d sent, %zu rewritten\n", sent, 3 * ROUNDS, changed);
    assert_true(sent > ROUNDS / 4 && changed > ROUNDS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
