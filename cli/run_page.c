/*
 * run_page.c - what a run gives to its page (cli/page.h).
 */
#include "cli/run.h"

#define TEXT_LIMIT (64u << 20)

bool run_page(const struct run *r, struct slice report, struct buf *out)
{
    struct buf        title;
    struct buf        codes;
    struct buf        remarks;
    struct buf        screen;
    struct page_parts parts;
    bool              ok;

    buf_init(&title, 1024);
    buf_init(&codes, 1u << 20);
    buf_init(&remarks, TEXT_LIMIT);
    buf_init(&screen, TEXT_LIMIT);
    buf_add(&title, "requeue %s: %s", command_name(r->session->conf->command), r->verdict);
    executions_codes_json(&codes);
    remarks_for_page(r, &remarks);
    if (r->err.kind != ERR_NONE)
        buf_add(&screen, "error: %s\n%s%s%s", r->err.msg, r->err.hint[0] ? "hint: " : "",
                r->err.hint, r->err.hint[0] ? "\n" : "");
    table_text(r, false, &screen);
    parts = (struct page_parts){ .title = buf_slice(&title),
                                 .report = report,
                                 .codes = buf_slice(&codes),
                                 .remarks = buf_slice(&remarks),
                                 .screen = buf_slice(&screen) };
    ok = page_write(&r->page, &parts, out);
    buf_release(&title);
    buf_release(&codes);
    buf_release(&remarks);
    buf_release(&screen);
    return ok;
}
