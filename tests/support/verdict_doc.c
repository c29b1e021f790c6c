#include "tests/support/verdict_doc.h"

#include "lib/base/file.h"
#include "lib/kestra/trigger_lock.h"
#include "tests/support/layout_files.h"
#include "tests/support/test.h"

/* ---- tests of rows ------------------------------------------------------------------------ */

static const char *const test_files[] = { "test_verdict.c",         "test_verdict_call.c",
                                          "test_verdict_waiting.c", "test_verdict_later.c",
                                          "test_verdict_facts.c",   "test_judging_locks.c",
                                          "test_judging_named.c" };

void verdict_doc_tests(const char *root, struct buf *out)
{
    struct err err = ERR_INIT;
    char       path[4096];

    for (size_t i = 0; i < COUNT_OF(test_files); i++) {
        (void)snprintf(path, sizeof(path), "%s/tests/unit/%s", root, test_files[i]);
        if (!file_read(path, out, &err))
            fail_msg("%s", err.msg);
    }
}

struct slice verdict_doc_test(struct slice tests, const struct rule *r)
{
    static const char begin[] = "static void test_";
    const char       *end = tests.p + tests.n;
    const char       *p = tests.p;

    while ((p = memmem(p, (size_t)(end - p), begin, sizeof(begin) - 1)) != NULL) {
        const char *name = p + sizeof("static void ") - 1;
        const char *id = p + sizeof(begin) - 1;
        size_t      n = 0;

        while (name + n < end && name[n] != '(')
            n++;
        if ((size_t)(end - id) > strlen(r->id) && memcmp(id, r->id, strlen(r->id)) == 0 &&
            id[strlen(r->id)] == '_')
            return slice_of(name, n);
        p = id;
    }
    return slice_of(NULL, 0);
}

/* ---- bands -------------------------------------------------------------------------------- */

static const char *const bands[] = { "A", "B1", "B2", "B3", "B4", "B5", "B6", "C",
                                     "D", "E",  "F",  "G",  "H1", "H2", "I",  "J" };

#define BAND_COUNT COUNT_OF(bands)

/* "A to B5, I"; "" when the row concerns all of them. */
static void add_bands(struct buf *out, const struct executor_layout *x, enum rule_bands of)
{
    const char *separator = "";
    size_t      i = 0;

    while (i < BAND_COUNT) {
        size_t first = i;

        while (i < BAND_COUNT && bands_have(of, &x[i]))
            i++;
        if (i == BAND_COUNT && first == 0)
            return;
        if (i > first + 1)
            buf_add(out, "%s%s to %s", separator, bands[first], bands[i - 1]);
        else if (i > first)
            buf_add(out, "%s%s", separator, bands[first]);
        if (i > first)
            separator = ", ";
        i++;
    }
}

/* ---- the page ----------------------------------------------------------------------------- */

static void add_codes(struct buf *out, uint64_t codes, const char *separator, const char *between)
{
    for (unsigned c = 0; c < CODE_COUNT; c++) {
        if (!(codes & CODE_BIT(c)) || c == CODE_RESUMES)
            continue;
        buf_add(out, "%s`%s`", separator, code_name((enum code)c));
        separator = between;
    }
}

static void add_verdict(struct buf *out, const struct executor_layout *x, const struct rule *r)
{
    size_t       before;
    enum verdict best;
    enum verdict worst;

    if (r->by != BY_VERDICT) {
        rule_verdicts(r, &best, &worst);
        if (r->by != BY_NOBODY && r->codes)
            buf_add(out, "%s: ", verdict_name(worst));
        buf_add(out, "%s", rule_by_name(r->by));
        return;
    }
    rule_verdicts(r, &best, &worst);
    if (r->codes & (CODE_BIT(CODE_TERMINAL_NOT_EMITTED) | CODE_BIT(CODE_DELETED_NOT_EMITTED)))
        buf_add(out, "not emitted");
    else if (best == worst)
        buf_add(out, "%s", verdict_name(best));
    else
        buf_add(out, "%s or %s", verdict_name(best), verdict_name(worst));
    before = out->n;
    buf_add(out, ": ");
    add_bands(out, x, r->bands);
    if (out->n == before + 2)
        out->n = before;
}

/* Locks have codes of their own. */
static void add_lock_codes(struct buf *out, const char *row)
{
    for (unsigned c = 0; c < LOCK_CODE_COUNT; c++)
        if (strcmp(lock_code_row((enum lock_code)c), row) == 0)
            buf_add(out, "`%s`", lock_code_name((enum lock_code)c));
    if (strcmp(row, LOCK_BEHIND_ROW) == 0)
        buf_add(out, "`" LOCK_BEHIND_NAME "`");
}

static void add_row(struct buf *out, const struct executor_layout *x, struct slice tests,
                    const struct rule *r)
{
    struct slice test = verdict_doc_test(tests, r);
    size_t       before;

    buf_add(out, "| %s | %s | ", r->id, r->situation);
    before = out->n;
    add_codes(out, r->codes, "", ", ");
    add_codes(out, r->either & ~r->codes, out->n > before ? "; " : "", " or ");
    if (r->by == BY_LOCKS)
        add_lock_codes(out, r->id);
    buf_add(out, " | ");
    add_verdict(out, x, r);
    buf_add(out, " | %s | ", r->note);
    if (test.p)
        buf_add(out, "`%.*s`", SLICE_ARG(test));
    buf_add(out, " |\n");
}

static void add_rows(struct buf *out, const struct executor_layout *x, struct slice tests)
{
    static const struct {
        char        letter;
        const char *title;
    } parts[] = { { 'E', "Executions, as Kestra 0.6 takes them" },
                  { 'H', "What later versions do otherwise" },
                  { 'F', "Flows, templates, files" },
                  { 'T', "Triggers and windows" },
                  { 'D', "A store that is behind" } };

    for (size_t p = 0; p < COUNT_OF(parts); p++) {
        buf_add(out,
                "\n## %s\n\n| row | in the document and the flow | codes | verdict | what becomes "
                "of it | test |\n| --- | --- | --- | --- | --- | --- |\n",
                parts[p].title);
        for (unsigned row = 0; row < ROW_COUNT; row++)
            if (verdict_rules[row].id[0] == parts[p].letter)
                add_row(out, x, tests, &verdict_rules[row]);
    }
}

static void add_code_list(struct buf *out)
{
    buf_add(out, "\n## Codes\n\n| code | verdict | meaning |\n| --- | --- | --- |\n");
    for (unsigned c = 0; c < CODE_COUNT; c++)
        buf_add(out, "| `%s` | %s | %s |\n", code_name((enum code)c),
                c == CODE_TERMINAL_NOT_EMITTED || c == CODE_DELETED_NOT_EMITTED
                    ? "not emitted"
                    : verdict_name(code_verdict((enum code)c)),
                code_text((enum code)c));
    buf_add(out, "\n## Remedies\n\n| remedy | how |\n| --- | --- |\n");
    for (unsigned r = 0; r < REMEDY_COUNT; r++)
        buf_add(out, "| `%s` | %s |\n", remedy_name((enum remedy)r), remedy_how((enum remedy)r));
}

void verdict_doc(struct slice tests, struct buf *out)
{
    struct executor_layout x[BAND_COUNT];

    buf_add(out, "# Verdicts: what becomes of an execution that is sent again\n\n"
                 "Printed by `build/release/tests/tools/verdict_table` from the table in "
                 "`lib/kestra/verdict_rules.c`; do not edit.\nRows are those of "
                 "kestra/restartability.md part 2, corrected by what was seen on real Kestras. "
                 "A verdict is the worst of an\nexecution's codes; rows say which situations "
                 "fitted. Where a row concerns some bands of versions only, they stand behind "
                 "the\nverdict. Rows that are not about executions say who decides them.\n\n"
                 "| band | Kestra |\n| --- | --- |\n");
    for (size_t i = 0; i < BAND_COUNT; i++) {
        struct layout *l = layout_file(bands[i]);

        x[i] = l->executor;
        buf_add(out, "| %s | %s |\n", bands[i], l->releases);
        layout_free(l);
    }
    add_rows(out, x, tests);
    add_code_list(out);
}
