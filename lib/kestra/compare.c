/*
 * compare.c - comparers, and the digest of a document.
 *
 * DESIGN: json_parse's events go straight to the walker (compare_walk.c), which holds the rules.
 */
#include "lib/kestra/compare.h"

#include "lib/kestra/compare_impl.h"

#define PLACES_BYTES 4096
#define FIRST_ROOM   256

struct comparer *comparer_new(const struct layout *layout, enum kind kind)
{
    struct comparer *c = mem_alloc(sizeof(*c));

    c->drop_empty = layout->drop_empty;
    c->kind = kind;
    c->arena = arena_new(PLACES_BYTES);
    c->root = place_build(&layout->kinds[kind], c->arena);
    c->n_room = FIRST_ROOM;
    c->room = mem_alloc(c->n_room);
    return c;
}

void comparer_free(struct comparer *c)
{
    if (!c)
        return;
    arena_free(c->arena);
    mem_free(c->room);
    mem_free(c);
}

/* JSON all the same, though no events can tell it: nested deeper than JSON_MAX_DEPTH, or with half
 * a surrogate pair. */
static bool is_json_object(struct slice value)
{
    static const struct json_walk walk = { .max_depth = 1 };
    struct err                    ignored;
    size_t                        i = 0;

    while (i < value.n && strchr(" \t\r\n", value.p[i]))
        i++;
    return i < value.n && value.p[i] == '{' && json_walk(value, &walk, NULL, &ignored);
}

bool comparer_digest(struct comparer *c, struct slice value, struct digest *out, struct err *err)
{
    static const struct json_events events = {
        .null = walk_null,
        .boolean = walk_bool,
        .number = walk_number,
        .string = walk_string,
        .start_object = walk_open_object,
        .key = walk_name,
        .end_object = walk_close,
        .start_array = walk_open_list,
        .end_array = walk_close,
    };

    walk_begin(c, c->root, false);
    if (!json_parse(value, &events, c, &c->err)) {
        if (c->err.kind != ERR_DATA || !is_json_object(value)) {
            *err = c->err;
            return false;
        }
        *out = digest_bytes(DIGEST_TAG_RAW, value);
        return true;
    }
    if (!c->is_object)
        return err_set(err, ERR_DATA, "JSON: byte 0: not an object");
    *out = c->result.digest;
    return true;
}
