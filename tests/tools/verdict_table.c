/*
 * verdict_table.c - prints docs/verdicts.md: run it in the checkout (or with $REQUEUE_ROOT) after a
 * change of the decision table, and put what it prints there.
 */
#include "tests/support/verdict_doc.h"

int main(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, and nobody changes the environment */
    const char *root = getenv("REQUEUE_ROOT");
    struct buf  tests;
    struct buf  page;
    bool        ok;

    buf_init(&tests, 4u << 20);
    buf_init(&page, 4u << 20);
    verdict_doc_tests(root ? root : ".", &tests);
    verdict_doc(buf_slice(&tests), &page);
    ok = fwrite(page.p, 1, page.n, stdout) == page.n && fflush(stdout) == 0;
    buf_release(&page);
    buf_release(&tests);
    return ok ? 0 : 1;
}
