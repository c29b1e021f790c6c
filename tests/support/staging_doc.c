/*
 * staging_doc.c - see staging_doc.h. Nothing is told from memory: each member is put into a
 * document, the document is staged in every band, and what became of it is what the table says.
 */
#include "tests/support/test.h"

#include "tests/support/staging_doc.h"

#include "lib/kestra/staging.h"
#include "tests/support/layout_files.h"

#define SAMPLE_TEXT "\"kestra:///sample\""
#define RULES                                                                                      \
    "flows: disabled\n"                                                                            \
    "namespaces: [{ from: 'kestra:///sample', to: renamed }]\n"                                    \
    "tenants: [{ from: 'kestra:///sample', to: renamed }]\n"

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

/* {"a":[{"b":"sample"}]} for /a/ * /b; a webhook, so that its key is one. */
static void sample(struct buf *out, const char *path)
{
    char   close[64];
    size_t n = 0;

    buf_clear(out);
    while (*path == '/') {
        size_t len = strcspn(path + 1, "/");

        if (len == 1 && path[1] == '*') {
            buf_add(out, "[");
            close[n++] = ']';
        } else {
            buf_add(out, "{%s\"%.*s\":",
                    n > 0 ? "\"type\":\"io.kestra.plugin.core.trigger.Webhook\"," : "", (int)len,
                    path + 1);
            close[n++] = '}';
        }
        path += len + 1;
    }
    buf_add(out, SAMPLE_TEXT);
    while (n > 0)
        buf_add(out, "%c", close[--n]);
}

static bool is_unlocked(const struct kind_layout *k, const char *path)
{
    for (size_t i = 0; i < k->n_unlock; i++)
        if (strcmp(k->unlock[i], path + 1) == 0)
            return true;
    return false;
}

static bool is_cut(const struct kind_layout *k, const char *path)
{
    for (size_t i = 0; i < k->n_drop; i++)
        if (strcmp(k->drop[i], path + 1) == 0)
            return true;
    return false;
}

static bool holds(struct slice text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* What became of the member, by what is in the text afterwards; ruled: with RULES. */
static const char *outcome(const struct kind_layout *k, const char *path, struct slice before,
                           struct slice after, struct slice ruled)
{
    const char *name = strrchr(path, '/') + 1;
    char        quoted[80];

    (void)snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    if (is_unlocked(k, path))
        return "taken away (lock)";
    if (holds(after, SAMPLE_TEXT) && holds(ruled, "\"renamed\""))
        return "stays, renamed by rules";
    if (holds(after, SAMPLE_TEXT) && !holds(ruled, SAMPLE_TEXT))
        return "stays, true by `flows: disabled`";
    if (holds(after, SAMPLE_TEXT))
        return "stays";
    if (!holds(after, quoted))
        return "taken away";
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":true", name);
    if (holds(after, quoted))
        return "true";
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":\"kestra:", name);
    if (after.n != before.n && !holds(after, quoted))
        return "a new key";
    return "masked";
}

struct band {
    struct layout  *layout;
    struct staging *staging[2]; /* neutral, and with RULES */
    struct stager  *stager[2];
};

static void open_band(struct band *b, const char *name)
{
    const struct slice rules[] = { { NULL, 0 }, SLICE(RULES) };
    struct err         err = ERR_INIT;

    b->layout = layout_file(name);
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        assert_true(staging_parse(rules[i], "", SLICE("0123456789abcdef"), &b->staging[i], &err));
        assert_true(staging_bind(b->staging[i], b->layout, &err));
        b->stager[i] = stager_new(b->staging[i]);
    }
}

static void close_band(struct band *b)
{
    for (size_t i = 0; i < COUNT_OF(b->stager); i++) {
        stager_free(b->stager[i]);
        staging_free(b->staging[i]);
    }
    layout_free(b->layout);
}

static const char *says(const struct band *b, enum kind kind, const char *path)
{
    const struct kind_layout *k = &b->layout->kinds[kind];
    struct buf                doc = { 0 };
    struct slice              after[2];
    struct err                err = ERR_INIT;
    const char               *what;

    if (strcmp(path, "/source") == 0)
        return k->add_source ? "written anew where the flow is touched" : "not sent";
    buf_init(&doc, 4096);
    sample(&doc, path);
    for (size_t i = 0; i < COUNT_OF(after); i++) {
        stager_begin(b->stager[i]);
        assert_true(stager_apply(b->stager[i], kind, SLICE("k"), buf_slice(&doc), &after[i], &err));
    }
    what = is_cut(k, path) ? "not sent" : outcome(k, path, buf_slice(&doc), after[0], after[1]);
    buf_release(&doc);
    return what;
}

/* "masked", or where bands differ "stays (A to D), true (E to J)". */
static void put_row(struct buf *out, const struct band *of, enum kind kind, const char *path)
{
    size_t from = 0;

    buf_add(out, "| `%s` | ", path);
    for (size_t i = 1; i <= COUNT_OF(bands); i++) {
        const char *what = says(&of[from], kind, path);
        bool        all = from == 0 && i == COUNT_OF(bands);

        if (i < COUNT_OF(bands) && strcmp(what, says(&of[i], kind, path)) == 0)
            continue;
        buf_add(out, "%s%s", from > 0 ? ", " : "", what);
        if (!all)
            buf_add(out, " (%s to %s)", bands[from], bands[i - 1]);
        from = i;
    }
    buf_add(out, " |\n");
}

void staging_doc(struct buf *out)
{
    static const enum kind kinds[] = { KIND_FLOW, KIND_TEMPLATE, KIND_TRIGGER, KIND_EXECUTION };
    struct band            of[COUNT_OF(bands)];
    const struct layout   *l;

    for (size_t i = 0; i < COUNT_OF(bands); i++)
        open_band(&of[i], bands[i]);
    l = of[COUNT_OF(bands) - 1].layout;

    buf_add(out,
            "# Staging: what becomes of each member\n\n"
            "Printed by `build/release/tests/tools/staging_table` from `schemas/layouts/`; do not "
            "edit. It says what `--neutral` does, and `--staging` before\nany rule of the file. "
            "Bands of versions are named where they differ (see `schemas/README.md`). Members "
            "that are not listed here stay in flows,\ntemplates and triggers, and are masked in "
            "executions.\n\n"
            "Pending executions are never sent, ended ones with `--executions all`. A member that "
            "holds others stays as a container: what is inside has its own\nline, or of an "
            "execution is masked. A flow that is touched gets a new `source`, written from its "
            "members: comments go.\n\n"
            "A mask leaves `true`, `false`, `null` and empty texts as they are; `do: drop` takes "
            "them away. A pseudonym has up to 16 letters and is no longer than what it\nstands "
            "for; a number keeps its digits' places, a URI its scheme. Names of inputs, outputs, "
            "variables and the like stay; names further inside are masked.\n");
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const struct strings *members = &l->kinds[kinds[k]].staging.members;

        buf_add(out, "\n## %s\n\n| member | becomes |\n| --- | --- |\n", kind_name(kinds[k]));
        for (size_t i = 0; i < members->n; i++)
            put_row(out, of, kinds[k], members->items[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bands); i++)
        close_band(&of[i]);
}
