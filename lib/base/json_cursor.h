/*
 * json_cursor.h - from token to token through a text that is known to be JSON.
 *
 * For readers that know what they look for and pass over the rest: a cursor looks only at what says
 * where the next token is, proves nothing, and decodes nothing. Each function is told where it may
 * be called; it returns false where the text is not as JSON has it there (or ends), and the cursor
 * then stands anywhere: such a text is to be read with json_parse(), which says what is wrong. Any
 * bytes are safe: the cursor only grows, and nothing is read at or behind the text's end.
 *
 * Threads: none needed, no state but the cursor.
 */
#ifndef REQUEUE_JSON_CURSOR_H
#define REQUEUE_JSON_CURSOR_H

#include "lib/base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct json_cursor {
    struct slice doc;
    size_t       at; /* offset of the next byte; doc.n: the end */
};

/* The byte at the cursor, 0 at the end: no token begins with it. */
static inline char json_peek(const struct json_cursor *c)
{
    return c->at < c->doc.n ? c->doc.p[c->at] : '\0';
}

/* The same after white space. */
static inline char json_peek_token(struct json_cursor *c)
{
    char first = json_peek(c);

    while (first == ' ' || first == '\n' || first == '\r' || first == '\t') {
        c->at++;
        first = json_peek(c);
    }
    return first;
}

/* How far the inside of a string that goes on at `at` surely goes on; most often up to its last
 * quote. */
static inline size_t json_skip_plain(struct slice doc, size_t at)
{
#ifdef __SSE2__
    while (doc.n - at >= 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(doc.p + at));
        unsigned      stop = (unsigned)_mm_movemask_epi8(_mm_or_si128(
                 _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

        if (stop != 0)
            return at + (unsigned)__builtin_ctz(stop);
        at += 16;
    }
#else
    (void)doc;
#endif
    return at;
}

/* What json_pass_string() leaves: a string with escapes, or near the text's end. at: inside. */
MUST_CHECK bool json_pass_odd_string(struct json_cursor *c, size_t at);

/* At a string: over it. */
MUST_CHECK static inline bool json_pass_string(struct json_cursor *c)
{
    size_t at = json_skip_plain(c->doc, c->at + 1);

    if (at >= c->doc.n || c->doc.p[at] != '"')
        return json_pass_odd_string(c, at);
    c->at = at + 1;
    return true;
}

/* At a value that is no object and no list: over it. */
MUST_CHECK static inline bool json_pass_scalar(struct json_cursor *c)
{
    size_t from = c->at;
    char   first = json_peek(c);

    if (first == '"')
        return json_pass_string(c);
    while ((unsigned char)first > ' ' && first != ',' && first != '}' && first != ']') {
        c->at++;
        first = json_peek(c);
    }
    return c->at > from;
}

/* At a value inside of `depth` objects and lists: over it. Too deep (JSON_MAX_DEPTH) is false. */
MUST_CHECK bool               json_pass_nested(struct json_cursor *c, unsigned depth);
MUST_CHECK static inline bool json_pass_value(struct json_cursor *c, unsigned depth)
{
    char first = json_peek(c);

    return first == '{' || first == '[' ? json_pass_nested(c, depth) : json_pass_scalar(c);
}

/* At a member's name: up to its value. name: as it is spelled, without its quotes. */
MUST_CHECK static inline bool json_pass_name(struct json_cursor *c, struct slice *name)
{
    size_t from = c->at;

    if (json_peek(c) != '"' || !json_pass_string(c))
        return false;
    *name = slice_of(c->doc.p + from + 1, c->at - from - 2);
    if (json_peek_token(c) != ':')
        return false;
    c->at++;
    (void)json_peek_token(c);
    return true;
}

/* At the bracket that opens an object or list: up to its first member or item (*more), or over it
 * when it is empty. end: the bracket that closes it. */
static inline void json_pass_open(struct json_cursor *c, char end, bool *more)
{
    c->at++;
    *more = json_peek_token(c) != end;
    if (!*more)
        c->at++;
}

/* After a value: up to the next member or item (*more), or over the bracket that ends them. */
MUST_CHECK static inline bool json_pass_next(struct json_cursor *c, char end, bool *more)
{
    char next = json_peek_token(c);

    *more = next == ',';
    if (!*more && next != end)
        return false;
    c->at++;
    if (*more)
        (void)json_peek_token(c);
    return true;
}

#endif
