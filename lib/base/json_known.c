/*
 * json_known.c - the walk over a text that is known to be JSON (json_walk_known).
 *
 * DESIGN: a cursor that goes from token to token and looks only at what says where the next one is.
 * What the walk does not want is passed over by json_skip_nested(), 64 bytes at a time. An
 * execution of 3 KB takes 1 to 2 us so, with yajl 10.
 *
 * It proves nothing: wherever a byte is not what JSON has there, it stops and says so. Any bytes
 * are safe: the cursor only grows, and nothing is read at or behind the text's end.
 */
#include "lib/base/json.h"

#include <assert.h>

#include "lib/base/json_impl.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct cursor {
    struct slice            doc;
    const struct json_walk *walk;
    json_wants_fn           wants;
    void                   *ctx;
    size_t                  at;
    bool                    stopped; /* by a callback */
};

/* The byte at the cursor, 0 at the end: no token begins with it. */
static inline char peek(const struct cursor *c)
{
    return c->at < c->doc.n ? c->doc.p[c->at] : '\0';
}

static inline char peek_token(struct cursor *c)
{
    while (c->at < c->doc.n && json_is_space(c->doc.p[c->at]))
        c->at++;
    return peek(c);
}

/* How far the string that goes on at `at` surely goes on; most often up to its last quote. */
static size_t skip_plain(struct slice doc, size_t at)
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

/* Over the string at the cursor; false: it has no end. */
static bool pass_string(struct cursor *c)
{
    struct slice doc = c->doc;
    size_t       at = skip_plain(doc, c->at + 1);

    if (at < doc.n && doc.p[at] == '"') {
        c->at = at + 1;
        return true;
    }
    for (;; at++) {
        const char *quote = memchr(doc.p + at, '"', doc.n - at);

        if (!quote)
            return false;
        at = (size_t)(quote - doc.p);
        if (doc.p[at - 1] != '\\' || !json_is_escaped(doc, at))
            break;
    }
    c->at = at + 1;
    return true;
}

static bool ends_word(char c)
{
    return json_is_space(c) || c == ',' || c == '}' || c == ']';
}

/* Over the scalar at the cursor; false: there is none. */
static bool pass_scalar(struct cursor *c)
{
    size_t from = c->at;

    if (peek(c) == '"')
        return pass_string(c);
    while (c->at < c->doc.n && !ends_word(c->doc.p[c->at]))
        c->at++;
    return c->at > from;
}

static bool told(struct cursor *c, bool goes_on)
{
    c->stopped = c->stopped || !goes_on;
    return goes_on;
}

static bool pass_inside(struct cursor *c, unsigned depth, enum json_type type);

/* The object or list at the cursor. */
static bool pass_container(struct cursor *c, unsigned depth, struct slice name, enum json_type type)
{
    const struct json_walk *w = c->walk;

    if (depth == w->max_depth) {
        c->at = json_skip_nested(c->doc, c->at, depth);
        return true;
    }
    if (w->enter && !told(c, w->enter(c->ctx, depth, name, type)))
        return false;
    if (depth > 0 && c->wants && !c->wants(c->ctx, depth))
        c->at = json_skip_nested(c->doc, c->at, depth);
    else if (!pass_inside(c, depth, type))
        return false;
    return !w->leave || told(c, w->leave(c->ctx, depth, name, type));
}

static bool pass_value(struct cursor *c, unsigned depth, struct slice name)
{
    size_t            from = c->at;
    char              first = peek(c);
    bool              nested = first == '{' || first == '[';
    struct json_value v = { .type = first == '"' ? JSON_STRING : json_type_at(first) };

    if (nested ? !pass_container(c, depth, name, v.type) : !pass_scalar(c))
        return false;
    if (depth == 0)
        return true;
    if (c->at >= c->doc.n) /* the bracket around it is missing, or its own */
        return false;
    v.raw = slice_of(c->doc.p + from, c->at - from);
    return !c->walk->value || told(c, c->walk->value(c->ctx, depth, name, v, 0));
}

/* From a name to its value. */
static bool pass_name(struct cursor *c, struct slice *name)
{
    size_t from = c->at;

    if (peek(c) != '"' || !pass_string(c))
        return false;
    *name = slice_of(c->doc.p + from + 1, c->at - from - 2);
    if (peek_token(c) != ':')
        return false;
    c->at++;
    (void)peek_token(c);
    return true;
}

/* What is between the bracket at the cursor, of depth `depth`, and its like; over both. */
static bool pass_inside(struct cursor *c, unsigned depth, enum json_type type)
{
    const char   end = type == JSON_OBJECT ? '}' : ']';
    struct slice name = { NULL, 0 };
    char         next;

    c->at++;
    if (peek_token(c) == end) {
        c->at++;
        return true;
    }
    for (;;) {
        if (type == JSON_OBJECT && !pass_name(c, &name))
            return false;
        if (!pass_value(c, depth + 1, name))
            return false;
        next = peek_token(c);
        if (next != ',' && next != end)
            return false;
        c->at++;
        if (next == end)
            return true;
        (void)peek_token(c);
    }
}

enum json_known json_walk_known(struct slice doc, const struct json_walk *walk, json_wants_fn wants,
                                void *ctx)
{
    struct cursor c = { .doc = doc, .walk = walk, .wants = wants, .ctx = ctx };
    char          first = peek_token(&c);

    assert(walk->max_depth >= 1 && walk->max_depth <= JSON_WALK_MAX_DEPTH);
    if (first != '{' && first != '[')
        return JSON_KNOWN_UNSURE;
    if (!pass_value(&c, 0, slice_of(NULL, 0)))
        return c.stopped ? JSON_KNOWN_STOPPED : JSON_KNOWN_UNSURE;
    (void)peek_token(&c);
    return c.at == doc.n ? JSON_KNOWN_DONE : JSON_KNOWN_UNSURE;
}
