/*
 * execution_scan.c - what a document holds anywhere (numbers, URIs), and how its runs hang
 * together.
 */
#include "lib/base/hash.h"
#include "lib/kestra/execution_impl.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- numbers and URIs --------------------------------------------------------------------- */

#define DIGITS_MAX 19 /* of Java's long */

/* Is the literal at s.p (digits first, the sign is before it) an integer that is too large? */
static bool is_big(struct slice s, bool negative, size_t *length)
{
    static const char max[] = "9223372036854775807";
    static const char min[] = "9223372036854775808";
    size_t            n = 0;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    *length = n;
    while (*length < s.n && strchr("0123456789.eE+-", s.p[*length]))
        (*length)++;
    if (*length > n || n < DIGITS_MAX)
        return false; /* with a point or an exponent; or small */
    return n > DIGITS_MAX || memcmp(s.p, negative ? min : max, DIGITS_MAX) > 0;
}

/* s: a part of a document between two strings. */
static bool has_big(struct slice s)
{
    size_t at = 0;

    while (at < s.n) {
        size_t length = 1;

        if (s.p[at] >= '0' && s.p[at] <= '9' &&
            is_big(slice_of(s.p + at, s.n - at), at > 0 && s.p[at - 1] == '-', &length))
            return true;
        at += length;
    }
    return false;
}

static bool is_escaped(struct slice doc, size_t at)
{
    size_t backslashes = 0;

    while (backslashes < at && doc.p[at - backslashes - 1] == '\\')
        backslashes++;
    return backslashes % 2 == 1;
}

/* Offset of the quote that ends the string whose inside begins at `at`. */
static size_t string_end(struct slice doc, size_t at)
{
    while (at < doc.n) {
        const char *quote = memchr(doc.p + at, '"', doc.n - at);
        size_t      end = quote ? (size_t)(quote - doc.p) : doc.n;

        if (!quote || !is_escaped(doc, end))
            return end;
        at = end + 1;
    }
    return doc.n;
}

static bool is_hex_of(const char *hex, char c)
{
    static const char digits[] = "0123456789abcdef";

    return hex[0] == '0' && hex[1] == '0' && hex[2] == digits[(c >> 4) & 0xf] &&
           (hex[3] | 0x20) == (digits[c & 0xf] | 0x20);
}

/* Does the inside of a string begin with kestra://, however that is spelled? */
static bool is_uri(struct slice s)
{
    static const char scheme[] = "kestra://";
    size_t            at = 0;

    for (size_t i = 0; i < sizeof(scheme) - 1; i++) {
        if (at < s.n && s.p[at] == scheme[i])
            at += 1;
        else if (s.n - at >= 2 && scheme[i] == '/' && memcmp(s.p + at, "\\/", 2) == 0)
            at += 2;
        else if (s.n - at >= 6 && memcmp(s.p + at, "\\u", 2) == 0 &&
                 is_hex_of(s.p + at + 2, scheme[i]))
            at += 6;
        else
            return false;
    }
    return true;
}

static bool is_name(struct slice doc, size_t end)
{
    while (end < doc.n && strchr(" \n\r\t", doc.p[end]))
        end++;
    return end < doc.n && doc.p[end] == ':';
}

/* Look at every string and at what is between them. */
static void scan_all(struct execution *e)
{
    struct slice doc = e->raw;
    size_t       at = 0;

    while (at < doc.n) {
        const char *quote = memchr(doc.p + at, '"', doc.n - at);
        size_t      from = quote ? (size_t)(quote - doc.p) : doc.n;
        size_t      end;

        if (!e->big_integer && from - at >= DIGITS_MAX)
            e->big_integer = has_big(slice_of(doc.p + at, from - at));
        if (!quote)
            break;
        end = string_end(doc, from + 1);
        if (!e->storage_uri && is_uri(slice_of(doc.p + from + 1, end - from - 1)))
            e->storage_uri = !is_name(doc, end + 1);
        at = end + 1;
    }
}

#ifdef __SSE2__

/* Bytes of 16 that begin a string of which more has to be known: `"k`, `"\`. 17 bytes are read. */
static inline unsigned scheme_starts(const char *p)
{
    const __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
    const __m128i first = _mm_or_si128(_mm_cmpeq_epi8(next, _mm_set1_epi8('k')),
                                       _mm_cmpeq_epi8(next, _mm_set1_epi8('\\')));

    return (unsigned)_mm_movemask_epi8(
        _mm_and_si128(first, _mm_cmpeq_epi8(here, _mm_set1_epi8('"'))));
}

static inline unsigned digits_of(const char *p)
{
    const __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i from_0 = _mm_sub_epi8(here, _mm_set1_epi8('0'));

    return (unsigned)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(from_0, _mm_set1_epi8(9)), from_0));
}

/* Sixteen bytes and the sixteen before them, by their digits: may a large integer lie across both?
 * One of 19 digits does so somewhere with 17 at least. */
static inline bool has_long_run(unsigned before, unsigned digits)
{
    unsigned run = before | digits << 16;

    if ((run & 0x18000) != 0x18000)
        return false;
    run &= run >> 1;
    run &= run >> 2;
    run &= run >> 4;
    run &= run >> 8;
    return (run & run >> 1) != 0;
}

/* starts: bytes of the 16 at `at` that may begin a URI. In JSON a quote that is followed by k or by
 * a backslash opens a string, unless it is escaped itself. */
static bool begins_uri(struct slice doc, size_t at, unsigned starts)
{
    for (; starts != 0; starts &= starts - 1) {
        size_t quote = at + (unsigned)__builtin_ctz(starts);
        size_t from = quote + 1;

        if (is_uri(slice_of(doc.p + from, doc.n - from)) && !is_escaped(doc, quote) &&
            !is_name(doc, string_end(doc, from) + 1))
            return true;
    }
    return false;
}

/* DESIGN: a glance at 16 bytes at a time finds the URIs, and the few documents that have to be gone
 * through for a large integer. False: there surely is none. */
static bool glance(struct execution *e)
{
    struct slice doc = e->raw;
    char         last[17] = { 0 };
    unsigned     before = 0;
    bool         found = false;

    for (size_t at = 0; at < doc.n; at += 16) {
        bool        whole = doc.n - at >= sizeof(last);
        const char *p = whole ? doc.p + at : memcpy(last, doc.p + at, doc.n - at);
        unsigned    digits = digits_of(p);
        unsigned    starts = scheme_starts(p);

        if (starts != 0 && !e->storage_uri)
            e->storage_uri = begins_uri(doc, at, starts);
        found = has_long_run(before, digits) || found;
        before = digits;
    }
    return found;
}

#else

static bool glance(struct execution *e)
{
    (void)e;
    return true;
}

#endif

void execution_scan(struct execution *e)
{
    if (glance(e))
        scan_all(e);
}

/* ---- runs --------------------------------------------------------------------------------- */

#define FEW_RUNS 16 /* up to which comparing all with all is faster than a table */

/* First run of each id: open addressing, linear probing, at most half full. */
struct run_table {
    const struct execution *e;
    size_t                  mask;
    uint32_t               *slots; /* index + 1; 0: free. NULL: few runs */
};

/* The slot of an id, or the free one where it belongs. */
static uint32_t *slot_of(const struct run_table *t, struct slice id)
{
    size_t at = hash64(id) & t->mask;

    while (t->slots[at] != 0 && !slice_eq(t->e->runs[t->slots[at] - 1].id, id))
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

static size_t find_run(const struct run_table *t, struct slice id, size_t n)
{
    const struct task_run *runs = t->e->runs;

    if (t->slots)
        return *slot_of(t, id) == 0 ? RUN_NONE : *slot_of(t, id) - 1;
    for (size_t i = 0; i < n; i++)
        if (runs[i].id.p && slice_eq(runs[i].id, id))
            return i;
    return RUN_NONE;
}

static void add_runs(struct execution *e, struct run_table *t)
{
    size_t cap = 64;

    if (e->n_runs > FEW_RUNS) {
        while (cap < e->n_runs * 2)
            cap *= 2;
        t->slots = mem_array(cap, sizeof(*t->slots));
        t->mask = cap - 1;
    }
    for (size_t i = 0; i < e->n_runs; i++) {
        if (!e->runs[i].id.p) {
            if (e->broken_run == RUN_NONE)
                e->broken_run = i;
            continue;
        }
        if (find_run(t, e->runs[i].id, i) != RUN_NONE) {
            if (e->duplicate_run == RUN_NONE)
                e->duplicate_run = i;
        } else if (t->slots) {
            *slot_of(t, e->runs[i].id) = (uint32_t)i + 1;
        }
    }
}

/* No run is its own ancestor, so that whoever climbs arrives: one link of each circle is cut. seen:
 * the climb (from which run, + 1) that came by; zeroed. */
static void cut_circles(struct execution *e, uint32_t *seen)
{
    for (size_t i = 0; i < e->n_runs; i++) {
        size_t at = i;

        while (seen[at] == 0) {
            size_t up = e->runs[at].parent;

            seen[at] = (uint32_t)i + 1;
            if (up == RUN_NONE)
                break;
            if (seen[up] == i + 1) {
                e->runs[at].parent = RUN_NONE;
                if (e->broken_run == RUN_NONE || at < e->broken_run)
                    e->broken_run = at;
                break;
            }
            at = up;
        }
    }
}

void execution_link(struct execution *e)
{
    struct run_table t = { .e = e };
    bool             backwards = true; /* every parent stands before its child: no circle */

    if (e->n_runs == 0)
        return;
    add_runs(e, &t);
    for (size_t i = 0; i < e->n_runs; i++) {
        struct task_run *run = &e->runs[i];

        if (!run->parent_id.p)
            continue;
        run->parent = find_run(&t, run->parent_id, e->n_runs);
        backwards = backwards && (run->parent == RUN_NONE || run->parent < i);
    }
    if (!backwards) {
        uint32_t *seen = mem_array(e->n_runs, sizeof(*seen));

        cut_circles(e, seen);
        mem_free(seen);
    }
    mem_free(t.slots);
}
