#include "tests/support/verdict_world.h"

#include "tests/support/layout_files.h"

int world_open(void **state)
{
    struct world *w = mem_alloc(sizeof(*w));

    w->a = arena_new(1 << 16);
    *state = w;
    return 0;
}

int world_close(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < w->n_layouts; i++)
        layout_free(w->layouts[i]);
    flow_tree_free(w->tree);
    arena_free(w->a);
    mem_free(w);
    return 0;
}

void world_band(struct world *w, const char *band)
{
    for (size_t i = 0; i < w->n_layouts; i++) {
        if (strcmp(w->layouts[i]->name, band) == 0) {
            w->l = w->layouts[i];
            return;
        }
    }
    assert_in_range(w->n_layouts, 0, COUNT_OF(w->layouts) - 1);
    w->l = layout_file(band);
    w->layouts[w->n_layouts++] = w->l;
}

int world_reset(void **state)
{
    struct world *w = *state;

    world_band(w, "A");
    w->facts = (struct facts){ .revision = REVISION_PRESENT, .children_known = true };
    return 0;
}

/* ---- judging ------------------------------------------------------------------------------ */

static void print_codes(uint64_t codes)
{
    for (unsigned c = 0; c < CODE_COUNT; c++)
        if (codes & CODE_BIT(c))
            print_error(" %s", code_name((enum code)c));
    print_error("\n");
}

static void hold_against_table(const struct world *w)
{
    enum verdict worst = VERDICT_RESUMES;

    for (unsigned row = 0; row < ROW_COUNT; row++) {
        const struct rule *r = &verdict_rules[row];

        if (!row_has(&w->f.rows, (enum row)row))
            continue;
        if (r->by != BY_VERDICT || !bands_have(r->bands, &w->l->executor) ||
            (w->f.codes & r->codes) != r->codes)
            fail_msg("row %s does not fit the table", r->id);
        if (r->either && !(r->either & w->f.codes))
            fail_msg("row %s does not fit the table", r->id);
    }
    for (unsigned c = 0; c < CODE_COUNT; c++)
        if ((w->f.codes & CODE_BIT(c)) && code_verdict((enum code)c) > worst)
            worst = code_verdict((enum code)c);
    assert_int_equal(w->f.verdict, worst);
    for (size_t i = 1; i < w->f.n_notes; i++)
        assert_true(w->f.notes[i - 1].run < w->f.notes[i].run);
}

static bool template_of(void *ctx, struct slice key, struct slice *out)
{
    const char *const *t = ctx;

    for (; t && t[0]; t += 2) {
        if (slice_eq(slice_str(t[0]), key)) {
            *out = slice_str(t[1]);
            return true;
        }
    }
    return false;
}

void judge_with(struct world *w, const char *flow, const char *const *templates, const char *exec)
{
    struct err  err = ERR_INIT;
    const void *ctx = templates;

    flow_tree_free(w->tree);
    w->tree = NULL;
    arena_reset(w->a);
    if (flow && !flow_tree_build(w->l, slice_str(flow), template_of, (void *)(uintptr_t)ctx,
                                 &w->tree, &err))
        fail_msg("%s", err.msg);
    if (!execution_read(slice_str(exec), w->a, &w->e, &err))
        fail_msg("%s", err.msg);
    w->facts.record_bytes = strlen(exec);
    verdict_of(w->l, &w->e, w->tree, &w->facts, w->a, &w->f);
    hold_against_table(w);
}

void judge(struct world *w, const char *flow, const char *exec)
{
    judge_with(w, flow, NULL, exec);
}

void check_(const struct world *w, enum row row, enum verdict verdict, uint64_t codes,
            const char *file, int line)
{
    if (verdict == VERDICT_RESUMES && !(codes & (CODE(LISTENER_PENDING))))
        codes |= CODE(RESUMES);
    if (w->f.verdict == verdict && w->f.codes == codes &&
        (row == NO_ROW || row_has(&w->f.rows, row)))
        return;
    print_error("%s:%d: verdict %s, \"%s\", codes", file, line, verdict_name(w->f.verdict),
                w->f.detail);
    print_codes(w->f.codes);
    print_error("wanted %s, row %s, codes", verdict_name(verdict),
                row == NO_ROW ? "-" : verdict_rules[row].id);
    print_codes(codes);
    fail();
}

bool can(const struct world *w, enum remedy r)
{
    return (w->f.remedies & REMEDY_BIT(r)) != 0;
}
