/*
 * test_recover_samples.c - against repairs that a real Kestra 0.6.0 was seen to accept
 * (tests/data/verdicts.ndjson.gz): our rewritten form of a document must be that repaired form.
 *
 * They differ in what the person who tried them chose: ids (a suffix for each try), the date of the
 * new entries, the input `sleep`.
 */
#include "tests/support/recover_world.h"

#include "lib/kestra/compare.h"
#include "lib/store/filelines.h"
#include "tests/support/layout_files.h"
#include "tests/support/sample_docs.h"

#define MAX_LINES 400
#define TRIED_AT  "2026-11-22T14:54:28.000000000Z"

struct line {
    struct slice id, base; /* base: without the suffix of the remedy */
    struct slice flow, remedy, out, doc;
};

static struct samples {
    struct arena    *arena;
    struct layout   *layout;
    struct comparer *comparer;
    size_t           n;
    struct line      lines[MAX_LINES];
    size_t           n_flows;
    struct slice    *flows;
} s;

static struct slice string_of(struct json_value v)
{
    return v.type == JSON_STRING ? slice_of(v.raw.p + 1, v.raw.n - 2) : slice_of(NULL, 0);
}

static void take_line(struct slice text, struct line *out)
{
    static const struct json_path paths[] = {
        { "id", NULL }, { "flow", NULL }, { "out", NULL }, { "remedy", NULL }, { "doc", NULL }
    };
    struct json_value found[COUNT_OF(paths)];
    struct err        err = ERR_INIT;
    const char       *dash;

    text = arena_copy(s.arena, text);
    assert_true(json_find(text, paths, COUNT_OF(paths), JSON_FIND_ALL, found, &err));
    *out = (struct line){ .id = string_of(found[0]),
                          .flow = string_of(found[1]),
                          .out = string_of(found[2]),
                          .remedy = string_of(found[3]),
                          .doc = found[4].raw };
    out->base = out->id;
    dash = memrchr(out->id.p, '-', out->id.n);
    if (out->remedy.p && dash)
        out->base.n = (size_t)(dash - out->id.p);
}

static int load(void **state)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): main thread, and nobody changes the environment */
    const char       *root = getenv("REQUEUE_ROOT");
    struct err        err = ERR_INIT;
    struct filelines *lines;
    struct slice      line;
    char              path[1024];

    (void)state;
    s.arena = arena_new(1u << 20);
    s.layout = layout_file("A");
    s.comparer = comparer_new(s.layout, KIND_EXECUTION);
    s.n_flows = sample_docs(SAMPLE_SEARCH, "kestra_flows_revisions", s.arena, &s.flows);
    (void)snprintf(path, sizeof(path), "%s/tests/data/verdicts.ndjson.gz", root ? root : ".");
    if (!filelines_open(path, &lines, &err))
        fail_msg("%s", err.msg);
    while (filelines_next(lines, &line, &err) && line.p && s.n < MAX_LINES)
        take_line(line, &s.lines[s.n++]);
    filelines_close(lines);
    assert_int_equal(err.kind, ERR_NONE);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    comparer_free(s.comparer);
    layout_free(s.layout);
    arena_free(s.arena);
    return 0;
}

static const struct line *original_of(const struct line *repaired)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.lines[i].remedy.p && slice_eq(s.lines[i].id, repaired->base))
            return &s.lines[i];
    fail_msg("no original of %.*s", SLICE_ARG(repaired->id));
    return NULL;
}

/* A text with every `old` replaced. */
static struct slice with(struct slice text, struct slice old, struct slice new)
{
    struct buf  b;
    const char *end = text.p + text.n;

    buf_init(&b, text.n * 2 + 1024);
    while (text.p < end) {
        const char *at = memmem(text.p, (size_t)(end - text.p), old.p, old.n);
        size_t      n = (size_t)((at ? at : end) - text.p);

        assert_true(buf_append(&b, slice_of(text.p, n)));
        if (at)
            assert_true(buf_append(&b, new));
        text.p += n + (at ? old.n : 0);
    }
    text = arena_copy(s.arena, buf_slice(&b));
    buf_release(&b);
    return text;
}

/* without_outputs: as if the flow asked for no outputs of its subflow. */
static struct flow_tree *tree_of(struct slice flow, bool without_outputs)
{
    static const struct json_path paths[] = { { "id", NULL }, { "revision", NULL } };
    struct json_value             found[COUNT_OF(paths)];
    struct flow_tree             *tree = NULL;
    struct err                    err = ERR_INIT;

    for (size_t i = 0; i < s.n_flows && !tree; i++) {
        struct slice json = s.flows[i];

        assert_true(json_find(json, paths, COUNT_OF(paths), JSON_FIND_ALL, found, &err));
        if (!slice_eq(string_of(found[0]), flow) || !slice_eq(found[1].raw, SLICE("1")))
            continue;
        if (without_outputs)
            json = with(json, SLICE("\"outputs\":{\"o\""), SLICE("\"outputz\":{\"o\""));
        if (!flow_tree_build(s.layout, json, NULL, NULL, &tree, &err))
            fail_msg("%s", err.msg);
    }
    assert_non_null(tree);
    return tree;
}

struct trial {
    struct execution e;
    struct recovery  r;
    bool             lost;
    struct child     child;
    bool             has_child;
    bool             without_outputs;
};

static void recover_sample(struct trial *t, const struct line *original, enum recover_mode mode,
                           enum lost_mode lost)
{
    struct recover_options options = { mode, lost };
    struct facts           facts = { .children_known = true,
                                     .children = &t->child,
                                     .n_children = t->has_child ? 1 : 0 };
    struct flow_tree      *tree = tree_of(original->flow, t->without_outputs);
    struct run_note        notes[32];
    struct finding         finding;
    struct err             err = ERR_INIT;

    if (!execution_read(original->doc, s.arena, &t->e, &err))
        fail_msg("%s", err.msg);
    finding_by_hand(tree, &t->e, notes, &finding);
    t->lost = (finding.codes & CODE_BIT(CODE_TASKRUN_LOST)) != 0;
    recover(s.layout, &t->e, tree, &facts, &finding, &options, s.arena, &t->r);
    flow_tree_free(tree);
}

/* The repaired document, with our ids and our date. */
static struct slice expected(const struct line *repaired, const struct trial *t)
{
    return with(with(repaired->doc, repaired->id, repaired->base), SLICE(TRIED_AT),
                t->e.newest_text);
}

/* How many paths of the rewritten document differ from the repaired one, and are not in `may`. */
static size_t differences(const struct line *repaired, const struct trial *t, const char *may)
{
    static struct value_difference out[COMPARE_MAX_PATHS];
    struct err                     err = ERR_INIT;
    size_t                         n = 0;
    size_t                         unexpected = 0;
    bool                           more = false;

    assert_true(comparer_explain(s.comparer, expected(repaired, t), t->r.value, s.arena, out, &n,
                                 &more, &err));
    assert_false(more);
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_str(s.arena, out[i].path);

        if (strcmp(path, "/inputs/sleep") == 0 || (may && strstr(path, may)))
            continue;
        print_message("%.*s: %s: %.*s, ours %.*s\n", SLICE_ARG(repaired->id), path,
                      SLICE_ARG(out[i].store), SLICE_ARG(out[i].topic));
        unexpected++;
    }
    return unexpected;
}

static bool has_remedy(size_t i, const char *remedy)
{
    return s.lines[i].remedy.p && slice_eq(s.lines[i].remedy, slice_str(remedy));
}

/* And safe recovery sends exactly those that the real executor then brought to their end. */
static void registered_documents_are_those_that_were_tried(void **state)
{
    size_t equal = 0;
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        struct trial t = { 0 };

        if (!has_remedy(i, "w"))
            continue;
        recover_sample(&t, original_of(&s.lines[i]), RECOVER_SAFE, LOST_RERUN);
        assert_int_equal(t.r.emit, !t.lost);
        assert_int_equal(t.r.emit, !slice_eq(s.lines[i].out, SLICE("RUNNING")));
        if (t.r.emit)
            assert_int_equal(differences(&s.lines[i], &t, NULL), 0);
        equal += t.r.emit;
        refused += !t.r.emit;
    }
    print_message("R-wrap: %zu equal, %zu with a lost task not sent\n", equal, refused);
    assert_int_equal(equal, 30);
    assert_int_equal(refused, 24);
}

static void lost_tasks_that_run_again_are_those_that_were_tried(void **state)
{
    size_t equal = 0;

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        struct trial t = { 0 };

        if (!has_remedy(i, "r"))
            continue;
        recover_sample(&t, original_of(&s.lines[i]), RECOVER_ALL, LOST_RERUN);
        assert_true(t.r.emit);
        assert_int_equal(differences(&s.lines[i], &t, NULL), 0);
        equal++;
    }
    print_message("rerun-lost: %zu equal\n", equal);
    assert_int_equal(equal, 24);
}

/* They were tried before the rule about siblings was found, and without failing the attempt. */
static void lost_tasks_that_fail_are_those_that_were_tried(void **state)
{
    size_t equal = 0;
    size_t closed = 0;

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        struct trial t = { 0 };
        bool         closes = slice_eq(s.lines[i].id, SLICE("n-par-v03-f"));

        if (!has_remedy(i, "f"))
            continue;
        recover_sample(&t, original_of(&s.lines[i]), RECOVER_ALL, LOST_FAIL);
        assert_true(t.r.emit);
        /* x and y, and nothing else */
        assert_int_equal(differences(&s.lines[i], &t, closes ? "/taskRunList" : "/attempts/"), 0);
        if (closes)
            assert_int_equal(t.r.n_changes, 2 * 4); /* the execution, w, and its siblings */
        equal += !closes;
        closed += closes;
    }
    print_message("fail-lost: %zu equal, %zu by the rule about siblings\n", equal, closed);
    assert_int_equal(equal, 23);
    assert_int_equal(closed, 1);
}

static void subflows_are_linked_and_finished_as_they_were(void **state)
{
    size_t linked = 0;
    size_t finished = 0;

    (void)state;
    for (size_t i = 0; i < s.n; i++) {
        bool         link = has_remedy(i, "L");
        struct trial t = { .has_child = true, .without_outputs = !link };

        if (!link && !has_remedy(i, "F"))
            continue;
        t.child = (struct child){ .id = SLICE("gone"),
                                  .task_id = SLICE("call"),
                                  .state = link ? STATE_RUNNING : STATE_SUCCESS,
                                  .ended = !link,
                                  .json = SLICE("{}") };
        recover_sample(&t, original_of(&s.lines[i]), RECOVER_ALL, LOST_RERUN);
        assert_true(t.r.emit);
        assert_int_equal(t.r.n_links, link);
        assert_int_equal(differences(&s.lines[i], &t, NULL), 0);
        linked += link;
        finished += !link;
    }
    print_message("subflows: %zu linked, %zu finished\n", linked, finished);
    assert_int_equal(linked, 1);
    assert_int_equal(finished, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_documents_are_those_that_were_tried),
        cmocka_unit_test(lost_tasks_that_run_again_are_those_that_were_tried),
        cmocka_unit_test(lost_tasks_that_fail_are_those_that_were_tried),
        cmocka_unit_test(subflows_are_linked_and_finished_as_they_were),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
