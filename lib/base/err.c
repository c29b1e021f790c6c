/* err.c - errors that travel up the call chain. */
#include "lib/base/err.h"

#include <assert.h>
#include <stdarg.h>

void text_clean(char *text, size_t n)
{
    unsigned char *p = (unsigned char *)text;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f) {
            p[i] = '?';
        } else if (p[i] == 0xc2 && i + 1 < n && p[i + 1] >= 0x80 && p[i + 1] <= 0x9f) {
            /* U+0080 to U+009F: terminals obey these as they do ESC sequences. */
            p[i] = '?';
            p[i + 1] = '?';
        }
    }
}

void text_cut(char *text, size_t size)
{
    size_t at = size - sizeof("...");

    /* Not in the middle of a character. */
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    memcpy(text + at, "...", sizeof("..."));
}

/* Format into out, cut and cleaned. Never reads out, so that arguments may point into what the
 * caller is about to replace. */
PRINTF(3, 0)
static void format(char *out, size_t size, const char *fmt, va_list args)
{
    int n = vsnprintf(out, size, fmt, args);

    if (n < 0)
        out[0] = '\0';
    else if ((size_t)n >= size)
        text_cut(out, size);
    text_clean(out, strlen(out));
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    struct err made = { .kind = kind };
    va_list    args;

    assert(kind != ERR_NONE);
    va_start(args, fmt);
    format(made.msg, sizeof(made.msg), fmt, args);
    va_end(args);
    *err = made;
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
    char        front[sizeof(err->msg)];
    char        whole[2 * sizeof(err->msg) + 2];
    const char *between = ": ";
    size_t      n;
    va_list     args;

    assert(err->kind != ERR_NONE);
    va_start(args, fmt);
    format(front, sizeof(front), fmt, args);
    va_end(args);
    n = strlen(front);
    if (n == 0 || front[n - 1] == ' ')
        between = "";
    (void)snprintf(whole, sizeof(whole), "%s%s%s", front, between, err->msg);
    n = strlen(whole);
    memcpy(err->msg, whole, n < sizeof(err->msg) ? n + 1 : sizeof(err->msg));
    if (n >= sizeof(err->msg))
        text_cut(err->msg, sizeof(err->msg));
    return false;
}

bool err_hint(struct err *err, const char *fmt, ...)
{
    char    made[sizeof(err->hint)];
    va_list args;

    assert(err->kind != ERR_NONE);
    va_start(args, fmt);
    format(made, sizeof(made), fmt, args);
    va_end(args);
    memcpy(err->hint, made, sizeof(err->hint));
    return false;
}
