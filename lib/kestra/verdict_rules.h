/*
 * verdict_rules.h - the decision table: one row for each situation of kestra/restartability.md part
 * 2, to be read side by side with it, corrected by kestra/seen-on-real-kestra.md B.4.
 *
 * The table is what is documented (docs/verdicts.md is printed from it) and what tests hold the
 * code to: where verdict_of() says that a row fitted, it gives the row's codes. Constant data.
 */
#ifndef REQUEUE_VERDICT_RULES_H
#define REQUEUE_VERDICT_RULES_H

#include "lib/kestra/verdict.h"

/* clang-format off */
enum row {
    /* 2.2 executions, 0.6 */
    ROW_E01, ROW_E02, ROW_E03, ROW_E04, ROW_E05, ROW_E06, ROW_E07, ROW_E08, ROW_E09, ROW_E10,
    ROW_E11, ROW_E12, ROW_E13, ROW_E14, ROW_E15, ROW_E16, ROW_E17, ROW_E18, ROW_E19, ROW_E20,
    ROW_E21, ROW_E22, ROW_E23, ROW_E24, ROW_E25, ROW_E26, ROW_E27, ROW_E28, ROW_E29, ROW_E30,
    ROW_E31, ROW_E32, ROW_E33, ROW_E34, ROW_E35, ROW_E36, ROW_E37, ROW_E38, ROW_E39, ROW_E40,
    ROW_E41,
    /* 2.3 what later versions do otherwise */
    ROW_H01, ROW_H02, ROW_H03, ROW_H04, ROW_H05, ROW_H06, ROW_H07, ROW_H08, ROW_H09, ROW_H10,
    ROW_H11, ROW_H12, ROW_H13, ROW_H14, ROW_H15, ROW_H16, ROW_H17,
    /* 2.4 dependencies */
    ROW_F01, ROW_F02, ROW_F03, ROW_F04, ROW_F05, ROW_F06, ROW_F07, ROW_F08, ROW_F09, ROW_F10,
    ROW_F11,
    /* 2.5 triggers, windows, staleness */
    ROW_T01, ROW_T02, ROW_T03, ROW_T04, ROW_T05, ROW_T06, ROW_T07, ROW_T08, ROW_T09, ROW_T10,
    ROW_T11, ROW_T12, ROW_T13, ROW_T14,
    ROW_D01, ROW_D02, ROW_D03, ROW_D04, ROW_D05,
    ROW_COUNT, /* at most 128 */
};
/* clang-format on */

/* Who decides a row. */
enum rule_by {
    BY_VERDICT, /* verdict_of() */
    BY_LOCKS,   /* the trigger rows: --unlock */
    BY_STORE,   /* what is read, and in which order it is sent */
    BY_NOBODY,  /* not decidable; the note says why */
};
const char *rule_by_name(enum rule_by by); /* "verdict", "locks", "store", "not decidable" */

/* Which bands a row concerns, by the executor's flags (layout.h). */
enum rule_bands {
    BANDS_ALL,
    BANDS_PAUSED_ENDS, /* up to 0.7.1 */
    BANDS_PAUSED_WAITS,
    BANDS_CALL_CREATED, /* up to 0.11 */
    BANDS_CALL_RUNS,
    BANDS_SKIPS_TERMINAL, /* from 0.13 */
    BANDS_KILL_WAITS,     /* up to 0.13 */
    BANDS_KILL_AT_ONCE,
    BANDS_REFIRES, /* up to 0.18 */
    BANDS_SILENT,
};
bool bands_have(enum rule_bands bands, const struct executor_layout *x);

struct rule {
    const char     *id;        /* "E07" */
    const char     *situation; /* what is in the document and the flow */
    uint64_t        codes;     /* CODE_BIT(): what it gives at least; 0: it resumes, or info */
    enum rule_bands bands;
    enum rule_by    by;
    const char     *note;   /* what becomes of it, or why nobody can tell */
    uint64_t        either; /* and at least one of these; 0: nothing more */
};

extern const struct rule verdict_rules[ROW_COUNT];

/* The verdicts that a row can give: from the best to the worst, most often the same. */
void rule_verdicts(const struct rule *r, enum verdict *best, enum verdict *worst);

static inline void row_add(struct row_set *set, enum row row)
{
    set->bits[row / 64] |= UINT64_C(1) << (row % 64);
}

static inline bool row_has(const struct row_set *set, enum row row)
{
    return (set->bits[row / 64] >> (row % 64)) & 1;
}

#endif
