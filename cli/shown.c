/*
 * shown.c - see shown.h.
 */
#include "cli/shown.h"

#include "lib/base/err.h"
#include "lib/base/json.h"

void shown_add(struct buf *b, struct slice text, size_t max)
{
    bool   utf8 = utf8_valid(text);
    size_t start = b->n;
    size_t n = text.n < max ? text.n : max;

    while (utf8 && n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0u) == 0x80u)
        n--;
    if (n > 0 && !buf_append(b, slice_of(text.p, n)))
        return;
    text_clean(b->p + start, n);
    for (size_t i = start; !utf8 && i < b->n; i++)
        if ((unsigned char)b->p[i] >= 0x80)
            b->p[i] = '?';
    buf_add(b, "%s", n < text.n ? "..." : "");
}

void shown_count(uint64_t n, char out[SHOWN_COUNT])
{
    char   plain[SHOWN_COUNT];
    size_t digits = (size_t)snprintf(plain, sizeof(plain), "%llu", (unsigned long long)n);
    size_t at = 0;

    for (size_t i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = plain[i];
    }
    out[at] = '\0';
}

void shown_age(int64_t seconds, char out[SHOWN_AGE])
{
    static const struct {
        int64_t     size;
        const char *name;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
    const char *sign = seconds < 0 ? "-" : "";
    /* The least of all has no opposite. */
    int64_t n = seconds < -INT64_MAX ? INT64_MAX : seconds < 0 ? -seconds : seconds;
    size_t  u = 0;

    while (u + 1 < COUNT_OF(units) && n < units[u].size)
        u++;
    if (u + 1 == COUNT_OF(units) || n % units[u].size / units[u + 1].size == 0)
        (void)snprintf(out, SHOWN_AGE, "%s%lld%s", sign, (long long)(n / units[u].size),
                       units[u].name);
    else
        (void)snprintf(out, SHOWN_AGE, "%s%lld%s %lld%s", sign, (long long)(n / units[u].size),
                       units[u].name, (long long)(n % units[u].size / units[u + 1].size),
                       units[u + 1].name);
}
