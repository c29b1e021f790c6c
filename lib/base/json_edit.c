/*
 * json_edit.c - members cut out of a document and added to it, all other bytes as they are.
 *
 * DESIGN: at each top-level name the bytes between it and the value before it are looked at from
 * the right, which needs no callback on scalars. What stays is copied in runs as long as possible;
 * most documents are one.
 */
#include "lib/base/json.h"

#include <assert.h>

#include "lib/base/json_impl.h"

#define EDIT_MAX_ADD 64

static size_t back_over_space(struct slice doc, size_t at)
{
    while (at > 0 && json_is_space(doc.p[at - 1]))
        at--;
    return at;
}

/* Start of the name (its quote) that ends at key_end: nothing before a name ends in a backslash. */
static size_t key_start(struct slice doc, size_t key_end)
{
    size_t at = key_end - 2;

    while (at > 0 && (doc.p[at] != '"' || json_is_escaped(doc, at)))
        at--;
    return at;
}

struct editor {
    struct json_reader        r;
    const char *const        *drop;
    size_t                    n_drop;
    const struct json_member *add;
    size_t                    n_add;
    struct buf               *out;
    uint64_t                  there;     /* bit i: the document has add[i], and keeps it */
    size_t                    n_members; /* of the document, so far */
    bool                      keeping;   /* the latest member */
    bool                      kept_any;
    size_t                    copy_from; /* kept bytes that are not in out yet */
    size_t                    tail;      /* what follows the last member */
};

static bool copy_to(struct editor *e, size_t end)
{
    return buf_append(e->out, slice_of(e->r.doc.p + e->copy_from, end - e->copy_from));
}

static bool is_dropped(const struct editor *e, struct slice name)
{
    for (size_t i = 0; i < e->n_drop; i++)
        if (slice_eq(name, slice_str(e->drop[i])))
            return true;
    return false;
}

static void note_presence(struct editor *e, struct slice name)
{
    for (size_t i = 0; i < e->n_add; i++)
        if (slice_eq(name, slice_str(e->add[i].name)))
            e->there |= UINT64_C(1) << i;
}

/* End of the value before the name at `start`: back over white space, the comma, white space. */
static size_t previous_end(struct slice doc, size_t start)
{
    return back_over_space(doc, back_over_space(doc, start) - 1);
}

/* Members that are kept one after the other are copied in one piece, with what is between them. A
 * piece after a gap starts with its own comma, unless it is the first. */
static int edit_key(void *ctx, const unsigned char *key, size_t n)
{
    struct editor *e = ctx;
    struct slice   name = slice_of((const char *)key, n);
    size_t         start;
    size_t         before;
    bool           keep;

    if (e->r.depth != 1)
        return 1;
    start = key_start(e->r.doc, json_token_end(&e->r));
    before = e->n_members > 0 ? previous_end(e->r.doc, start) : start;
    keep = !is_dropped(e, name);
    if (keep)
        note_presence(e, name);
    if (e->n_members == 0 && !copy_to(e, start))
        return 0;
    if (e->keeping && !keep && !copy_to(e, before))
        return 0;
    if (keep && !e->keeping)
        e->copy_from = e->kept_any ? before : start;
    e->keeping = keep;
    e->kept_any = e->kept_any || keep;
    e->n_members++;
    return 1;
}

static int edit_open(void *ctx)
{
    struct editor *e = ctx;

    return json_descend(&e->r);
}

static int edit_close(void *ctx)
{
    struct editor *e = ctx;

    e->r.depth--;
    if (e->r.depth > 0)
        return 1;
    e->tail = json_token_end(&e->r) - 1;
    if (e->n_members > 0)
        e->tail = back_over_space(e->r.doc, e->tail);
    if (e->keeping || e->n_members == 0)
        return copy_to(e, e->tail);
    return 1;
}

static bool edit_finish(struct editor *e)
{
    bool comma = e->kept_any;

    for (size_t i = 0; i < e->n_add; i++) {
        if (e->there & UINT64_C(1) << i)
            continue;
        if (comma && !buf_append_char(e->out, ','))
            return false;
        if (!json_quote(slice_str(e->add[i].name), e->out) || !buf_append_char(e->out, ':') ||
            !buf_append(e->out, e->add[i].value))
            return false;
        comma = true;
    }
    return buf_append(e->out, slice_of(e->r.doc.p + e->tail, e->r.doc.n - e->tail));
}

bool json_edit(struct slice doc, const char *const *drop, size_t n_drop,
               const struct json_member *add, size_t n_add, struct buf *out, struct err *err)
{
    static const struct json_callbacks callbacks = {
        .key = edit_key,
        .open_object = edit_open,
        .close_object = edit_close,
        .open_array = edit_open,
        .close_array = edit_close,
    };
    struct editor     e = { .r = { .doc = doc }, .out = out };
    size_t            before = out->n;
    enum json_outcome outcome;

    assert(n_add <= EDIT_MAX_ADD);
    e.drop = drop;
    e.n_drop = n_drop;
    e.add = add;
    e.n_add = n_add;
    if (!json_starts_object(doc, err))
        return false;
    outcome = json_read(&e.r, &callbacks, false, err);
    if (outcome == JSON_WHOLE && edit_finish(&e))
        return true;
    json_rewind(out, before);
    if (outcome == JSON_FAILED)
        return false;
    return err_set(err, ERR_DATA, "JSON: the document is larger than %zu bytes", out->limit);
}
