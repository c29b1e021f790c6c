/*
 * test_verdict_seen.c - verdicts against what a real Kestra 0.6.0 did with documents that its own
 * executions once were (tests/data/verdicts.ndjson.gz; kestra/seen-on-real-kestra.md B.2, B.3).
 *
 * A line says what was sent and what became of it. Lines without a remedy are documents as they
 * were; those with one were rewritten first, and are judged as documents in their own right. Left
 * out are those whose outcome rests on more than the document: a seeded state store (s, Ls), a link
 * record (L).
 */
#include "tests/support/test.h"

#include "lib/store/filelines.h"
#include "tests/support/layout_files.h"
#include "tests/support/sample_docs.h"

#include "lib/kestra/verdict.h"

struct seen {
    struct slice doc;
    struct slice flow, remedy; /* remedy p NULL: none */
    enum state   in, out;
    bool         unchanged; /* state and task runs are as they were */
    bool         again;     /* some task was run more often than it has task runs */
};

struct figures {
    size_t lines, hang, hang_blocked, blocked, undecided;
    size_t go, go_resumes, paused, ended;
};

struct lab {
    struct layout *l;
    struct arena  *a; /* flows */
    size_t         n_flows;
    struct slice  *flows;
};

static int open_lab(void **state)
{
    struct lab *lab = mem_alloc(sizeof(*lab));

    lab->l = layout_file("A");
    lab->a = arena_new(1 << 16);
    lab->n_flows = sample_docs(SAMPLE_SEARCH, "kestra_flows_revisions", lab->a, &lab->flows);
    *state = lab;
    return 0;
}

static int close_lab(void **state)
{
    struct lab *lab = *state;

    arena_free(lab->a);
    layout_free(lab->l);
    mem_free(lab);
    return 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

static bool same_texts(const struct json_node *a, const struct json_node *b)
{
    if (a->n != b->n)
        return false;
    a = a->first;
    for (b = b->first; b; b = b->next, a = a->next)
        if (!slice_eq(a->text, b->text))
            return false;
    return true;
}

/* "x[v1]:SUCCESS" is a task run of x. */
static size_t runs_of(const struct json_node *tasks, struct slice task)
{
    size_t n = 0;

    for (const struct json_node *t = tasks->first; t; t = t->next)
        n += t->text.n > task.n && memcmp(t->text.p, task.p, task.n) == 0 &&
             (t->text.p[task.n] == ':' || t->text.p[task.n] == '[');
    return n;
}

static void read_line(struct slice line, struct arena *a, struct seen *s)
{
    static const struct json_path path = { "doc", NULL };
    const struct json_node       *root;
    struct json_value             doc;
    struct err                    err = ERR_INIT;

    if (!json_tree(line, a, &root, &err) || !json_find(line, &path, 1, JSON_FIND_ALL, &doc, &err))
        fail_msg("%s", err.msg);
    *s = (struct seen){ .doc = doc.raw, .flow = json_get(root, "flow")->text };
    if (json_get(root, "remedy")->type == JSON_STRING)
        s->remedy = json_get(root, "remedy")->text;
    s->in = state_parse(json_get(root, "in")->text);
    s->out = state_parse(json_get(root, "out")->text);
    s->unchanged =
        s->in == s->out && same_texts(json_get(root, "in_tasks"), json_get(root, "out_tasks"));
    for (const struct json_node *r = json_get(root, "ran")->first; r; r = r->next)
        s->again |= strtoull(arena_str(a, r->text), NULL, 10) >
                    runs_of(json_get(root, "out_tasks"), r->name);
}

static struct flow_tree *tree_of(const struct lab *lab, const struct seen *s)
{
    for (size_t i = 0; i < lab->n_flows; i++) {
        struct flow_tree *t = NULL;
        struct err        err = ERR_INIT;

        if (!flow_tree_build(lab->l, lab->flows[i], NULL, NULL, &t, &err))
            fail_msg("%s", err.msg);
        if (slice_eq(t->id, s->flow) && t->revision == 1)
            return t;
        flow_tree_free(t);
    }
    fail_msg("no flow %.*s", SLICE_ARG(s->flow));
    return NULL;
}

/* ---- figures ------------------------------------------------------------------------------ */

static void count(const struct seen *s, const struct finding *f, struct figures *n)
{
    bool terminal = (f->codes & CODE_BIT(CODE_TERMINAL_NOT_EMITTED)) != 0;

    n->lines++;
    n->undecided += f->verdict == VERDICT_UNDECIDED;
    if (s->in == STATE_PAUSED) {
        n->paused += f->verdict == VERDICT_NEEDS_ACTION && s->unchanged;
    } else if (s->in == STATE_SUCCESS || s->in == STATE_FAILED) {
        n->ended += terminal && s->unchanged;
    } else if (s->out == STATE_RUNNING || s->out == STATE_KILLING || s->again) {
        n->hang++;
        n->hang_blocked += f->verdict == VERDICT_BLOCKED;
    } else {
        n->go++;
        n->go_resumes += f->verdict == VERDICT_RESUMES && f->registered;
    }
    n->blocked += f->verdict == VERDICT_BLOCKED;
}

static bool rests_on_more(struct slice remedy)
{
    return slice_eq(remedy, SLICE("s")) || slice_eq(remedy, SLICE("L")) ||
           slice_eq(remedy, SLICE("Ls"));
}

static struct figures count_lines(const struct lab *lab, bool rewritten)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): main thread, and nobody changes the environment */
    const char       *root = getenv("REQUEUE_ROOT");
    struct figures    n = { 0 };
    struct facts      facts = { .revision = REVISION_PRESENT, .children_known = true };
    struct arena     *a = arena_new(1 << 16);
    struct filelines *lines;
    struct slice      line;
    struct err        err = ERR_INIT;
    char              path[4096];

    (void)snprintf(path, sizeof(path), "%s/tests/data/verdicts.ndjson.gz", root ? root : ".");
    if (!filelines_open(path, &lines, &err))
        fail_msg("%s", err.msg);
    while (filelines_next(lines, &line, &err) && line.p) {
        struct seen       s;
        struct execution  e;
        struct finding    f;
        struct flow_tree *t;

        read_line(line, a, &s);
        if (rewritten == (s.remedy.p != NULL) && !rests_on_more(s.remedy)) {
            t = tree_of(lab, &s);
            assert_true(execution_read(s.doc, a, &e, &err));
            verdict_of(lab->l, &e, t, &facts, a, &f);
            count(&s, &f, &n);
            flow_tree_free(t);
        }
        arena_reset(a);
    }
    assert_int_equal(err.kind, ERR_NONE);
    filelines_close(lines);
    arena_free(a);
    return n;
}

static void print_figures(const char *what, const struct figures *n)
{
    print_message("%s: %zu lines; %zu hang, %zu of them blocked; %zu blocked in all; %zu go on, "
                  "%zu of them resume; %zu undecided\n",
                  what, n->lines, n->hang, n->hang_blocked, n->blocked, n->go, n->go_resumes,
                  n->undecided);
}

static void documents_as_they_were_do_what_the_verdict_says(void **state)
{
    struct figures n = count_lines(*state, false);

    print_figures("as they were", &n);
    assert_int_equal(n.lines, 82);
    assert_int_equal(n.hang, 64);
    assert_int_equal(n.hang_blocked, n.hang); /* recall */
    assert_int_equal(n.blocked, n.hang);      /* precision */
    assert_int_equal(n.go, 9);
    assert_int_equal(n.go_resumes, n.go);
    assert_int_equal(n.paused, 1);
    assert_int_equal(n.ended, 8);
    assert_int_equal(n.undecided, 0);
}

static void rewritten_documents_do_what_the_verdict_says(void **state)
{
    struct figures n = count_lines(*state, true);

    print_figures("rewritten", &n);
    assert_int_equal(n.lines, 103);
    assert_int_equal(n.hang, 25);
    assert_int_equal(n.hang_blocked, n.hang);
    assert_int_equal(n.blocked, n.hang);
    assert_int_equal(n.go, 78);
    assert_int_equal(n.go_resumes, n.go);
    assert_int_equal(n.undecided, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_as_they_were_do_what_the_verdict_says),
        cmocka_unit_test(rewritten_documents_do_what_the_verdict_says),
    };

    return cmocka_run_group_tests(tests, open_lab, close_lab);
}
