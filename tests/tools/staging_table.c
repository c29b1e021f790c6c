/*
 * staging_table.c - prints docs/staging.md: run it in the checkout (or with $REQUEUE_ROOT) after a
 * change of what layouts say of staging, and put what it prints there.
 */
#include "tests/support/staging_doc.h"

int main(void)
{
    struct buf page;
    bool       ok;

    buf_init(&page, 4u << 20);
    staging_doc(&page);
    ok = fwrite(page.p, 1, page.n, stdout) == page.n && fflush(stdout) == 0;
    buf_release(&page);
    return ok ? 0 : 1;
}
