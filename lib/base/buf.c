/* buf.c - bytes being built, with a limit. */
#include "lib/base/buf.h"

#include "lib/base/mem.h"

#include <assert.h>
#include <stdarg.h>

#define SMALLEST 64

/* What an empty buf points to, so that p is a C string from the start. Never written: cap 0 says
 * so. */
static char nothing[1];

void buf_init(struct buf *b, size_t limit)
{
    *b = (struct buf){ .p = nothing, .limit = limit };
}

void buf_release(struct buf *b)
{
    if (b->cap > 0)
        mem_free(b->p);
    buf_init(b, b->limit);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->cap > 0)
        b->p[0] = '\0';
}

/* Room for n more bytes and the NUL; false when that passes the limit. */
static bool reserve(struct buf *b, size_t n)
{
    size_t need;
    size_t cap;

    if (b->n > b->limit || n > b->limit - b->n || n >= SIZE_MAX - b->n)
        return false;
    need = b->n + n + 1;
    if (need <= b->cap)
        return true;
    cap = b->cap > SIZE_MAX / 2 ? need : b->cap * 2;
    /* The limit is often small and known to be reached: do not go beyond it. */
    if (b->limit < SIZE_MAX && cap > b->limit + 1)
        cap = b->limit + 1;
    if (cap < SMALLEST)
        cap = SMALLEST;
    if (cap < need)
        cap = need;
    b->p = mem_realloc(b->cap > 0 ? b->p : NULL, cap);
    b->cap = cap;
    return true;
}

bool buf_append(struct buf *b, struct slice s)
{
    if (s.n == 0)
        return true;
    if (!reserve(b, s.n))
        return false;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    b->p[b->n] = '\0';
    return true;
}

bool buf_append_char(struct buf *b, char c)
{
    if (!reserve(b, 1))
        return false;
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
    return true;
}

PRINTF(2, 0) static bool append_format(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    size_t  room = b->cap > 0 ? b->cap - b->n : 0;
    bool    ok = true;
    int     n;

    va_copy(again, args);
    n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, args);
    if (n < 0 || !reserve(b, (size_t)n)) {
        if (room > 0)
            b->p[b->n] = '\0';
        ok = false;
    } else {
        if ((size_t)n >= room)
            (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    return ok;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    bool    ok;

    va_start(args, fmt);
    ok = append_format(b, fmt, args);
    va_end(args);
    return ok;
}

void buf_add(struct buf *b, const char *fmt, ...)
{
    va_list args;
    bool    ok;

    va_start(args, fmt);
    ok = append_format(b, fmt, args);
    va_end(args);
    assert(ok && "a text of ours passed its buf's limit");
    if (!ok)
        abort();
}
