/*
 * json.c - the one door to yajl, and json_parse.
 *
 * DESIGN: every call makes one yajl handle, gives it the whole document in one piece and frees it
 * (a handle that is used again would hide truncation, pieces make long strings quadratic). Inside a
 * callback yajl_get_bytes_consumed() is the offset just past the token that caused it: json_find.c
 * and json_edit.c work out byte ranges from that.
 *
 * yajl is lax where we must not be. It has no depth limit; it takes \v and \f for white space; its
 * UTF-8 check lets overlong forms and surrogates pass, so it is off and the document's bytes are
 * checked before. It decodes an escaped half of a surrogate pair to something else, so strings that
 * could come from one cause a look at the document's escapes, once.
 */
#include "lib/base/json.h"

#include <assert.h>
#include <yajl/yajl_parse.h>

#include "lib/base/json_impl.h"

/* ---- yajl ---- */

static void *yajl_memory_new(void *ctx, size_t size)
{
    (void)ctx;
    return mem_realloc(NULL, size); /* nothing has to be zero */
}

static void *yajl_memory_resize(void *ctx, void *p, size_t size)
{
    (void)ctx;
    return mem_realloc(p, size);
}

static void yajl_memory_free(void *ctx, void *p)
{
    (void)ctx;
    mem_free(p);
}

size_t json_token_end(const struct json_reader *r)
{
    return yajl_get_bytes_consumed(r->yajl);
}

static size_t max_nesting(const struct json_reader *r)
{
    return r->max_nesting > 0 ? r->max_nesting : JSON_MAX_DEPTH;
}

bool json_descend(struct json_reader *r)
{
    if (r->depth == max_nesting(r)) {
        r->too_deep = true;
        return false;
    }
    r->depth++;
    return true;
}

static bool refuse(struct json_reader *r, size_t at, struct err *err)
{
    unsigned char *text = yajl_get_error(r->yajl, 0, NULL, 0);
    size_t         n = text ? strcspn((const char *)text, "\n") : 0;

    (void)err_set(err, ERR_DATA, "JSON: byte %zu: %.*s", at, (int)n,
                  text ? (const char *)text : "");
    if (text)
        yajl_free_error(r->yajl, text);
    return false;
}

static enum json_outcome feed(struct json_reader *r, struct err *err)
{
    const unsigned char *bytes = (const unsigned char *)r->doc.p;
    yajl_status          status = yajl_parse(r->yajl, bytes, r->doc.n);
    size_t               at = yajl_get_bytes_consumed(r->yajl);

    if (status == yajl_status_ok) {
        status = yajl_complete_parse(r->yajl);
        at = r->doc.n;
    }
    if (status == yajl_status_ok)
        return JSON_WHOLE;
    if (status == yajl_status_error) {
        (void)refuse(r, at, err);
        return JSON_FAILED;
    }
    if (r->too_deep) {
        (void)err_set(err, ERR_DATA, "JSON: byte %zu: nested deeper than %zu levels", at - 1,
                      max_nesting(r));
        return JSON_FAILED;
    }
    return JSON_CANCELED;
}

/* What yajl lets pass: bytes that are not UTF-8, and \v and \f as white space. A JSON text holds
 * neither of the two anywhere. */
static bool check_bytes(struct slice doc, struct err *err)
{
    size_t good = utf8_prefix(doc);

    if (good < doc.n)
        return err_set(err, ERR_DATA, "JSON: byte %zu: not UTF-8", good);
    for (char c = '\v'; c <= '\f' && doc.n > 0; c++) {
        const char *found = memchr(doc.p, c, doc.n);

        if (found)
            return err_set(err, ERR_DATA, "JSON: byte %zu: a control character",
                           (size_t)(found - doc.p));
    }
    return true;
}

enum json_outcome json_read(struct json_reader *r, const struct json_callbacks *callbacks,
                            bool trusted, struct err *err)
{
    const yajl_callbacks table = {
        .yajl_null = callbacks->null,
        .yajl_boolean = callbacks->boolean,
        .yajl_number = callbacks->number,
        .yajl_string = callbacks->string,
        .yajl_start_map = callbacks->open_object,
        .yajl_map_key = callbacks->key,
        .yajl_end_map = callbacks->close_object,
        .yajl_start_array = callbacks->open_array,
        .yajl_end_array = callbacks->close_array,
    };
    yajl_alloc_funcs  memory = { yajl_memory_new, yajl_memory_resize, yajl_memory_free, NULL };
    enum json_outcome outcome;

    if (!trusted && !check_bytes(r->doc, err))
        return JSON_FAILED;
    r->yajl = yajl_alloc(&table, &memory, r);
    assert(r->yajl);
    (void)yajl_config(r->yajl, yajl_dont_validate_strings, 1);
    outcome = feed(r, err);
    yajl_free(r->yajl);
    return outcome;
}

bool json_starts_object(struct slice doc, struct err *err)
{
    size_t at = 0;

    while (at < doc.n && json_is_space(doc.p[at]))
        at++;
    if (at == doc.n)
        return err_set(err, ERR_DATA, "JSON: empty document");
    if (doc.p[at] != '{')
        return err_set(err, ERR_DATA, "JSON: byte %zu: not an object", at);
    return true;
}

/* ---- json_parse ---- */

struct parser {
    struct json_reader        r;
    const struct json_events *events;
    void                     *ctx;
    bool                      pairs_checked;
    size_t                    lone; /* offset of half a surrogate pair; doc.n: none */
};

static int parse_null(void *ctx)
{
    struct parser *p = ctx;

    return p->events->null(p->ctx);
}

static int parse_boolean(void *ctx, int value)
{
    struct parser *p = ctx;

    return p->events->boolean(p->ctx, value != 0);
}

static int parse_number(void *ctx, const char *spelled, size_t n)
{
    struct parser *p = ctx;

    return p->events->number(p->ctx, slice_of(spelled, n));
}

/* What yajl makes of half a pair: '?', a surrogate in UTF-8, or, when another escape follows, a
 * character of four bytes. */
static bool may_be_lone_surrogate(struct slice text)
{
    unsigned found = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        found |= (unsigned)(c == '?') | (unsigned)(c >= 0xed);
    }
    return found != 0;
}

static NOINLINE bool is_true_decoded(struct parser *p, struct slice text)
{
    if (!may_be_lone_surrogate(text))
        return true;
    if (!p->pairs_checked) {
        p->pairs_checked = true;
        p->lone = json_lone_surrogate(p->r.doc);
    }
    return p->lone == p->r.doc.n;
}

/* Texts without escapes are pieces of the document; only others were decoded. */
static inline bool is_true_text(struct parser *p, struct slice text)
{
    return (uintptr_t)text.p - (uintptr_t)p->r.doc.p <= p->r.doc.n || is_true_decoded(p, text);
}

static int parse_string(void *ctx, const unsigned char *text, size_t n)
{
    struct parser *p = ctx;
    struct slice   s = slice_of((const char *)text, n);

    return is_true_text(p, s) && p->events->string(p->ctx, s);
}

static int parse_key(void *ctx, const unsigned char *name, size_t n)
{
    struct parser *p = ctx;
    struct slice   s = slice_of((const char *)name, n);

    return is_true_text(p, s) && p->events->key(p->ctx, s);
}

static int parse_start_object(void *ctx)
{
    struct parser *p = ctx;

    return json_descend(&p->r) && (!p->events->start_object || p->events->start_object(p->ctx));
}

static int parse_start_array(void *ctx)
{
    struct parser *p = ctx;

    return json_descend(&p->r) && (!p->events->start_array || p->events->start_array(p->ctx));
}

static int parse_end_object(void *ctx)
{
    struct parser *p = ctx;

    p->r.depth--;
    return !p->events->end_object || p->events->end_object(p->ctx);
}

static int parse_end_array(void *ctx)
{
    struct parser *p = ctx;

    p->r.depth--;
    return !p->events->end_array || p->events->end_array(p->ctx);
}

bool json_parse(struct slice doc, const struct json_events *events, void *ctx, struct err *err)
{
    const struct json_callbacks callbacks = {
        .null = events->null ? parse_null : NULL,
        .boolean = events->boolean ? parse_boolean : NULL,
        .number = events->number ? parse_number : NULL,
        .string = events->string ? parse_string : NULL,
        .open_object = parse_start_object,
        .key = events->key ? parse_key : NULL,
        .close_object = parse_end_object,
        .open_array = parse_start_array,
        .close_array = parse_end_array,
    };
    struct parser     p = { .r = { .doc = doc }, .events = events, .ctx = ctx, .lone = doc.n };
    enum json_outcome outcome = json_read(&p.r, &callbacks, false, err);

    if (outcome == JSON_CANCELED && p.lone < doc.n)
        return err_set(err, ERR_DATA, "JSON: byte %zu: half a surrogate pair", p.lone);
    return outcome == JSON_WHOLE;
}
