/* staging_world.c - see staging_world.h. */
#include "tests/support/test.h"

#include "tests/support/staging_world.h"

#include "tests/support/json_proof.h"
#include "tests/support/layout_files.h"

#define SEED "0123456789abcdef"

bool open_seeded(struct world *w, const char *band, const char *rules, const char *seed)
{
    struct slice text = rules ? slice_str(rules) : slice_of(NULL, 0);
    struct slice key = seed ? slice_str(seed) : slice_of(NULL, 0);

    *w = (struct world){ .layout = layout_file(band) };
    if (!staging_parse(text, "rules.yml", key, &w->staging, &w->err) ||
        !staging_bind(w->staging, w->layout, &w->err))
        return false;
    w->stager = stager_new(w->staging);
    return true;
}

void open_world(struct world *w, const char *band, const char *rules)
{
    if (!open_seeded(w, band, rules, SEED))
        fail_msg("%s", w->err.msg);
}

void close_world(struct world *w)
{
    stager_free(w->stager);
    staging_free(w->staging);
    layout_free(w->layout);
}

struct slice become(struct world *w, enum kind kind, struct slice doc)
{
    struct slice out = { NULL, 0 };

    stager_begin(w->stager);
    if (!stager_apply(w->stager, kind, SLICE("key"), doc, &out, &w->err))
        fail_msg("%.*s: %s", SLICE_ARG(doc), w->err.msg);
    if (!is_json(out))
        fail_msg("no JSON: %.*s", SLICE_ARG(out));
    return out;
}

void expect(const char *band, const char *rules, enum kind kind, const char *doc,
            const char *expected)
{
    struct world w;
    struct slice out;

    open_world(&w, band, rules);
    out = become(&w, kind, slice_str(doc));
    if (!slice_eq(out, slice_str(expected)))
        fail_msg("%s\nbecame   %.*s\nexpected %s", doc, SLICE_ARG(out), expected);
    close_world(&w);
}

void expect_refused(const char *rules, const char *message)
{
    struct world w;

    if (open_seeded(&w, "I", rules, SEED))
        fail_msg("not refused: %s", rules);
    assert_int_equal(w.err.kind, ERR_USAGE);
    if (!strstr(w.err.msg, message))
        fail_msg("%s\ndoes not say: %s", w.err.msg, message);
    close_world(&w);
}
