/*
 * json.h - JSON as bytes (the one door to yajl).
 *
 * Documents are never parsed into a tree and printed again: json_find and json_edit work with byte
 * ranges, so numbers keep their spelling (literals of 300 digits occur) and unknown members
 * survive. The tree (json_tree) is for our own small files: reports and plans read back.
 *
 * Limits: JSON_MAX_DEPTH levels of nesting (yajl itself has none). A document is one JSON value,
 * whole, UTF-8, nothing behind it; strings with bytes that are not UTF-8 (overlong forms and
 * surrogates included) are refused. Errors are ERR_DATA with the byte offset; never retriable.
 * Thread-safety: no shared state; a call belongs to its thread.
 */
#ifndef REQUEUE_JSON_H
#define REQUEUE_JSON_H

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define JSON_MAX_DEPTH 256

enum json_type {
    JSON_ABSENT, /* no such member */
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY,
};

/* A value inside a document: its type and its bytes as they stand (a string with its quotes). */
struct json_value {
    enum json_type type;
    struct slice   raw; /* borrowed from the document */
};

/* The type of the value whose first byte this is. */
enum json_type json_type_at(char first);

/* A way to a member from the top of the document: one name, or two ("state", "current"). */
struct json_path {
    const char *name;
    const char *sub; /* NULL: the top-level member itself */
};

enum json_find_flags {
    JSON_FIND_ALL = 0, /* the whole document is parsed and so proven to be JSON */
    /* The giver guarantees valid JSON without repeated members (PostgreSQL's jsonb): stop as soon
     * as every path was found, and look at nothing else. */
    JSON_FIND_TRUSTED = 1,
};

#define JSON_FIND_MAX_PATHS 16

/* Find up to JSON_FIND_MAX_PATHS paths in a document that must be an object; found[i] belongs to
 * paths[i]. Of repeated members the last one counts (as for Kestra's reader). A path whose first
 * name leads to something other than an object has its sub ABSENT. */
MUST_CHECK bool json_find(struct slice doc, const struct json_path *paths, size_t n_paths,
                          enum json_find_flags flags, struct json_value *found, struct err *err);

/* A string value's text, unescaped, appended to out. ERR_DATA when v is no string, the text holds
 * U+0000 or a lone surrogate, or out is full. */
MUST_CHECK bool json_text(struct json_value v, struct buf *out, struct err *err);

/* The same as a slice: borrowed from v where it has no escapes, else in a. p NULL: v is no string,
 * one that cannot be read, or longer than max. */
struct slice json_text_in(struct json_value v, size_t max, struct arena *a);

/* Appended to out: s as a JSON string with its quotes; only what must be escaped is escaped. Bytes
 * that are not UTF-8 become U+FFFD, so the result is always valid JSON. */
MUST_CHECK bool json_quote(struct slice s, struct buf *out);

/* True when s is well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). */
bool utf8_valid(struct slice s);

struct json_member {
    const char  *name;
    struct slice value; /* raw JSON */
};

/* Copy the object doc to out without the top-level members named in drop, and with the members of
 * add that doc does not have appended at its end; all other bytes stay as they are. Repeated
 * members are all dropped. A name in both is replaced: an add whose name is in drop is always
 * appended. The parse proves the document, whatever drop and add hold. When it fails, out is as it
 * was; n_add <= 64. */
MUST_CHECK bool json_edit(struct slice doc, const char *const *drop, size_t n_drop,
                          const struct json_member *add, size_t n_add, struct buf *out,
                          struct err *err);

/*
 * Events, for code that looks at everything (digests, differences). A callback that is NULL is not
 * called (and the token not decoded). Texts are unescaped and borrowed for the call; numbers come
 * as they are spelled. A callback returns false, with *err of its context filled by itself, to give
 * up: json_parse then returns false and leaves err alone. A text with an escaped half of a
 * surrogate pair ("\ud800", which UTF-8 cannot say) is ERR_DATA if a callback would be given it;
 * U+0000 is passed on.
 */
struct json_events {
    bool (*null)(void *ctx);
    bool (*boolean)(void *ctx, bool value);
    bool (*number)(void *ctx, struct slice spelled);
    bool (*string)(void *ctx, struct slice text);
    bool (*start_object)(void *ctx);
    bool (*key)(void *ctx, struct slice name);
    bool (*end_object)(void *ctx);
    bool (*start_array)(void *ctx);
    bool (*end_array)(void *ctx);
};

MUST_CHECK bool json_parse(struct slice doc, const struct json_events *events, void *ctx,
                           struct err *err);

/*
 * Walking: values of the upper levels with their bytes as they stand, in one pass over the whole
 * text, which also proves it (the cutting of search answers; lib/store/hits.c).
 *
 * The top value has depth 0, its members or items depth 1, and so on. `enter` is called when an
 * object or list of depth < max_depth begins and `leave` when it ends; `value` at the end of every
 * value of depth 1 to max_depth, containers included (there: after leave). name is the member's
 * name as it stands between its quotes (escapes are not decoded), and p NULL for an item of a list.
 * height: levels of nesting inside v, 0 for what is no container. What lies deeper than max_depth
 * is proven and not told. Callbacks that are NULL are not called; they return as those of
 * json_events do. The text may be nested JSON_WALK_MAX_NESTING levels deep: more than
 * JSON_MAX_DEPTH, so that one document of an answer does not spoil the others.
 */
struct json_walk {
    unsigned max_depth; /* 1 to JSON_WALK_MAX_DEPTH */
    bool (*enter)(void *ctx, unsigned depth, struct slice name, enum json_type type);
    bool (*leave)(void *ctx, unsigned depth, struct slice name, enum json_type type);
    bool (*value)(void *ctx, unsigned depth, struct slice name, struct json_value v, size_t height);
};

#define JSON_WALK_MAX_DEPTH   8
#define JSON_WALK_MAX_NESTING 1000000

MUST_CHECK bool json_walk(struct slice doc, const struct json_walk *walk, void *ctx,
                          struct err *err);

enum json_known {
    JSON_KNOWN_DONE,
    JSON_KNOWN_STOPPED, /* a callback gave up */
    JSON_KNOWN_UNSURE,  /* not as expected: walk properly, from the start */
};

/* Asked after enter, for depth 1 and below: is what lies inside to be told? */
typedef bool (*json_wants_fn)(void *ctx, unsigned depth);

/* The same walk over a text that is known to be an object or list of JSON (proven before, or
 * PostgreSQL's jsonb), several times faster: it looks at nothing that it does not tell. Names,
 * values and order are those of json_walk; height is 0. wants may be NULL: all of it. Any bytes are
 * safe, but what is no JSON may be told as if it were some, or be JSON_KNOWN_UNSURE after half of
 * it was told. So is what is nested deeper than JSON_MAX_DEPTH. */
MUST_CHECK enum json_known json_walk_known(struct slice doc, const struct json_walk *walk,
                                           json_wants_fn wants, void *ctx);

/* A small document as a tree, in an arena. Children of objects and arrays in order. */
struct json_node {
    enum json_type          type;
    struct slice            text; /* string: unescaped; number: as spelled; bool: "true"/"false" */
    struct slice            name; /* in an object: this member's name */
    const struct json_node *first;
    const struct json_node *next;
    size_t                  n; /* children */
};

MUST_CHECK bool json_tree(struct slice doc, struct arena *a, const struct json_node **root,
                          struct err *err);

/* The member of an object (the last of repeated ones), or NULL; also NULL when node is NULL or no
 * object, so that look-ups chain. */
const struct json_node *json_get(const struct json_node *node, const char *name);

/*
 * Writing. Keeps track of commas and nesting; the result is indented by two spaces a level when
 * `pretty` was set, else one line. Passing out's limit is remembered and told by json_writer_ok().
 */
struct json_writer {
    struct buf *out;
    bool        pretty;
    bool        failed;
    bool        after_key;
    unsigned    depth;
    bool        has_items[JSON_MAX_DEPTH];
};

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty);
void json_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_key(struct json_writer *w, const char *name);
void json_key_slice(struct json_writer *w, struct slice name);
void json_put_text(struct json_writer *w, struct slice text);
void json_put_str(struct json_writer *w, const char *text); /* NULL writes null */
void json_put_member(struct json_writer *w, const char *name, struct slice text); /* p NULL: null */
void json_put_member_int(struct json_writer *w, const char *name, int64_t value);
void json_put_member_uint(struct json_writer *w, const char *name, uint64_t value);
void json_put_int(struct json_writer *w, int64_t value);
void json_put_uint(struct json_writer *w, uint64_t value);
void json_put_fixed(struct json_writer *w, double value, int decimals); /* not finite: null */
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, struct slice json); /* valid JSON, taken as it is */
bool json_writer_ok(const struct json_writer *w);

#endif
