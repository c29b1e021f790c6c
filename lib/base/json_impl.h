/*
 * json_impl.h - what the json*.c files share; no other file includes it.
 */
#ifndef REQUEUE_JSON_IMPL_H
#define REQUEUE_JSON_IMPL_H

#include "lib/base/json.h"

/* ---- reading (json.c) ---- */

/* The first member of each callback's context. Whoever reads sets doc, the rest is zero. */
struct json_reader {
    void        *yajl;
    struct slice doc;
    size_t       max_nesting; /* 0: JSON_MAX_DEPTH */
    size_t       depth;
    bool         too_deep;
};

/* In yajl's own form, so that nothing stands between it and us: 0 gives up, NULL is never called
 * (and the token not decoded). open and close are for objects and lists and are never NULL; each
 * open starts with json_descend(), each close with --depth. */
struct json_callbacks {
    int (*null)(void *ctx);
    int (*boolean)(void *ctx, int value);
    int (*number)(void *ctx, const char *spelled, size_t n);
    int (*string)(void *ctx, const unsigned char *text, size_t n);
    int (*key)(void *ctx, const unsigned char *name, size_t n);
    int (*open_object)(void *ctx);
    int (*close_object)(void *ctx);
    int (*open_array)(void *ctx);
    int (*close_array)(void *ctx);
};

enum json_outcome {
    JSON_WHOLE,
    JSON_CANCELED, /* by a callback, for reasons of its own */
    JSON_FAILED,   /* *err is set */
};

/* trusted: the bytes are known to be UTF-8 and JSON. */
enum json_outcome json_read(struct json_reader *r, const struct json_callbacks *callbacks,
                            bool trusted, struct err *err);

/* One level down; false when that is one too many. */
bool json_descend(struct json_reader *r);

/* Offset just past the current token; only inside a callback. */
size_t json_token_end(const struct json_reader *r);

/* ERR_DATA unless the first token of doc is '{'. */
MUST_CHECK bool json_starts_object(struct slice doc, struct err *err);

/* ---- finding (json_find.c, json_skim.c) ---- */

size_t json_skip_space(struct slice doc, size_t at);
/* Where the value starts whose name ends at key_end; doc.n when there is none. */
size_t json_value_start(struct slice doc, size_t key_end);
/* End of the string, number or word that starts at `at`; doc.n when it has none. */
size_t json_scalar_end(struct slice doc, size_t at);

/* Just past the object or list that opens at `at` inside of `depth` others; doc.n: unexpected, or
 * it is the end. What brackets belong together is not looked at; any bytes are safe. */
size_t json_skip_nested(struct slice doc, size_t at, unsigned depth);

/* json_find in a document that is known to be JSON. False: it is not as expected (no JSON after
 * all, a name with an escape, nested too deep), look properly. Any bytes are safe. */
bool json_skim(struct slice doc, const struct json_path *paths, size_t n_paths,
               struct json_value *found);

/* ---- bytes (json_text.c) ---- */

static inline bool json_is_space(char c)
{
    /* Most bytes are above all four: one comparison then. */
    return (unsigned char)c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

/* Is the byte at `at`, inside a string or its closing quote, escaped by a backslash? */
bool json_is_escaped(struct slice doc, size_t at);

/* Bytes of s up to the first that is not well-formed UTF-8; s.n when all are. */
size_t utf8_prefix(struct slice s);

/* Offset of the first escape of half a surrogate pair in a JSON text whose escapes are well formed;
 * doc.n when there is none. */
size_t json_lone_surrogate(struct slice doc);

/* Give b back the length it had before a failed sequence of appends. */
void json_rewind(struct buf *b, size_t n);

#endif
