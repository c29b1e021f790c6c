/*
 * verdict_doc.h - docs/verdicts.md, printed from the decision table (lib/kestra/verdict_rules.c),
 * and which test holds which row.
 */
#ifndef REQUEUE_VERDICT_DOC_H
#define REQUEUE_VERDICT_DOC_H

#include "lib/base/buf.h"
#include "lib/kestra/verdict_rules.h"

/* The name of the test of a row, "test_E07_leaf_created_hangs"; p NULL: there is none. tests: the
 * text of all test files. */
struct slice verdict_doc_test(struct slice tests, const struct rule *r);

/* The texts of the files below root where tests of rows are. Fails the test that asks. */
void verdict_doc_tests(const char *root, struct buf *out);

/* The page. Layouts are read through tests/support/layout_files.h. */
void verdict_doc(struct slice tests, struct buf *out);

#endif
