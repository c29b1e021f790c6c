/*
 * buf.h - bytes being built, with a limit.
 *
 * A buf grows up to its limit; an append that would pass it changes nothing and returns false (the
 * caller turns that into ERR_DATA: never a truncation, never an abort). b->p[b->n] is always NUL
 * once something was appended, and p is "" before, so p can be used as a C string.
 */
#ifndef REQUEUE_BUF_H
#define REQUEUE_BUF_H

#include "lib/base/base.h"

struct buf {
    char  *p;
    size_t n;
    size_t cap;
    size_t limit; /* bytes; the NUL is not counted */
};

void buf_init(struct buf *b, size_t limit);
void buf_release(struct buf *b); /* frees; b can be initialised again; an all-zero buf is allowed */
void buf_clear(struct buf *b);   /* empty, keeps the memory */

MUST_CHECK bool buf_append(struct buf *b, struct slice s);
MUST_CHECK bool buf_append_char(struct buf *b, char c);
MUST_CHECK bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* For texts whose size we control (help, tables, messages): passing the limit is our bug and
 * aborts. */
void buf_add(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->p, b->n);
}

#endif
