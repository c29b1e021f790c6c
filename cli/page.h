/*
 * page.h - the report as one HTML page for people (--report-html).
 *
 * The page holds the very report that --report writes, as JSON, and cli/page.js draws it; the text
 * of the screen stands there for who runs no scripts. So nothing here knows what a report has in
 * it, and there is one place where words of documents could become markup: page_text(), which
 * escapes. A Content-Security-Policy lets nothing run or load but that script and cli/page.css.
 *
 * Of long lists the page takes PAGE_EACH of each sort (class and kind, code), so that a flood of
 * one hides no other, and at most PAGE_LIST_MAX bytes; it tells how many there are and which file
 * has them all. One owner thread.
 */
#ifndef REQUEUE_PAGE_H
#define REQUEUE_PAGE_H

#include "lib/base/buf.h"

#define PAGE_EACH     1000
#define PAGE_SORTS    64          /* sorts of a list */
#define PAGE_LINE_MAX (64u << 10) /* a longer line is not on the page */
#define PAGE_LIST_MAX (8u << 20)

enum page_list { PAGE_DIFFERENCES, PAGE_EXECUTIONS, PAGE_SKIPPED, PAGE_LISTS };

struct page {
    bool       wanted;
    struct buf lists[PAGE_LISTS]; /* JSON objects with commas between */
    uint64_t   taken[PAGE_LISTS][PAGE_SORTS];
};

void page_init(struct page *p, bool wanted);
void page_release(struct page *p); /* an all-zero page is allowed */

/* Is there room for one more that is of these sorts (a bit each)? Of any of them is enough. */
bool page_has_room(const struct page *p, enum page_list list, uint64_t sorts);
/* Take that object, a line of JSON; its line feed does not matter. */
void page_take(struct page *p, enum page_list list, uint64_t sorts, struct slice line);

/* What the page is made of, besides its lists. */
struct page_parts {
    struct slice title;   /* text */
    struct slice report;  /* JSON */
    struct slice codes;   /* JSON: an object, of each code its verdict and text */
    struct slice remarks; /* text: lines */
    struct slice screen;  /* text: as on stdout */
};

/* False: out is full. */
MUST_CHECK bool page_write(const struct page *p, const struct page_parts *parts, struct buf *out);

/* Text as the content of an element or of an attribute in double quotes. */
MUST_CHECK bool page_text(struct slice text, struct buf *out);

#endif
