/*
 * copybinary.c - see copybinary.h.
 *
 * DESIGN. libpq gives a message a row, so nearly every row is read where it stands. Only a row that
 * is cut between two pieces is copied: into `carry`, where the next piece is put behind it. A row
 * is looked at from its beginning each time, which costs a few steps whatever its size.
 *
 * The format: 11 bytes of signature, int32 flags, int32 length of an extension and the extension;
 * then for each row int16 number of fields and for each field int32 length (-1: null) and the
 * bytes; at last int16 -1. All integers are big-endian.
 */
#include "lib/store/copybinary.h"

#include <assert.h>

#define MAX_EXTENSION_BYTES (64 * 1024)
#define CRITICAL_FLAGS      0xffff0000u /* a reader that does not know one of these must give up */
#define CARRY_MAX_BYTES     (4 * COPY_MAX_ROW_BYTES) /* a cut row and a whole message behind it */

static const char signature[11] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', '\0' };

void copy_binary_init(struct copy_binary *c, size_t n_fields)
{
    assert(n_fields >= 1 && n_fields <= COPY_MAX_FIELDS);
    memset(c, 0, sizeof(*c));
    c->n_fields = n_fields;
    buf_init(&c->carry, CARRY_MAX_BYTES);
}

void copy_binary_release(struct copy_binary *c)
{
    buf_release(&c->carry);
    memset(c, 0, sizeof(*c));
}

/* ---- reading integers ----------------------------------------------------------------- */

/* A look ahead over what has come so far; the stream's own position moves only past whole rows. */
struct cursor {
    const unsigned char *p;
    size_t               left;
};

static struct cursor cursor_of(const struct copy_binary *c)
{
    return (struct cursor){ (const unsigned char *)c->in.p + c->at, c->in.n - c->at };
}

static bool take_int16(struct cursor *at, int16_t *out)
{
    if (at->left < 2)
        return false;
    *out = (int16_t)(uint16_t)(((unsigned)at->p[0] << 8) | at->p[1]);
    at->p += 2;
    at->left -= 2;
    return true;
}

static bool take_int32(struct cursor *at, int32_t *out)
{
    if (at->left < 4)
        return false;
    *out = (int32_t)(((uint32_t)at->p[0] << 24) | ((uint32_t)at->p[1] << 16) |
                     ((uint32_t)at->p[2] << 8) | (uint32_t)at->p[3]);
    at->p += 4;
    at->left -= 4;
    return true;
}

static bool take_bytes(struct cursor *at, size_t n, struct slice *out)
{
    if (at->left < n)
        return false;
    *out = slice_of((const char *)at->p, n);
    at->p += n;
    at->left -= n;
    return true;
}

/* ---- the parts of a stream ------------------------------------------------------------ */

static enum copy_step broken(const struct copy_binary *c, struct err *err, const char *what)
{
    (void)err_set(err, ERR_STORE, "the server's stream of rows cannot be read: %s, after %llu rows",
                  what, (unsigned long long)c->n_rows);
    return COPY_BROKEN;
}

static enum copy_step read_header(struct copy_binary *c, struct err *err)
{
    struct cursor at = cursor_of(c);
    struct slice  text;
    int32_t       flags;
    int32_t       extension;
    size_t        n = at.left < sizeof(signature) ? at.left : sizeof(signature);

    if (memcmp(at.p, signature, n) != 0)
        return broken(c, err, "it does not begin like COPY in binary format");
    if (!take_bytes(&at, sizeof(signature), &text) || !take_int32(&at, &flags))
        return COPY_MORE;
    if (((uint32_t)flags & CRITICAL_FLAGS) != 0)
        return broken(c, err, "its header has flags that nobody knows");
    if (!take_int32(&at, &extension))
        return COPY_MORE;
    if (extension < 0 || extension > MAX_EXTENSION_BYTES)
        return broken(c, err, "its header has an impossible length");
    if (!take_bytes(&at, (size_t)extension, &text))
        return COPY_MORE;
    c->at = c->in.n - at.left;
    c->has_header = true;
    return COPY_ROW;
}

static enum copy_step read_fields(struct copy_binary *c, struct cursor *at, struct copy_row *row,
                                  struct err *err)
{
    size_t total = 0;

    for (size_t i = 0; i < c->n_fields; i++) {
        int32_t n;

        row->fields[i] = slice_of(NULL, 0);
        if (!take_int32(at, &n))
            return COPY_MORE;
        if (n < -1)
            return broken(c, err, "a field has a negative length");
        if (n == -1)
            continue;
        total += (size_t)n;
        if (total > COPY_MAX_ROW_BYTES)
            return broken(c, err, "a row says that it is larger than 1 GB");
        if (!take_bytes(at, (size_t)n, &row->fields[i]))
            return COPY_MORE;
    }
    row->n = c->n_fields;
    return COPY_ROW;
}

static enum copy_step read_row(struct copy_binary *c, struct copy_row *row, struct err *err)
{
    struct cursor  at = cursor_of(c);
    enum copy_step step;
    int16_t        n;

    if (!take_int16(&at, &n))
        return COPY_MORE;
    if (n == -1) {
        if (at.left > 0)
            return broken(c, err, "bytes follow its end");
        c->at = c->in.n;
        c->has_ended = true;
        return COPY_END;
    }
    if (n < 0 || (size_t)n != c->n_fields)
        return broken(c, err, "a row has another number of fields than was asked for");
    step = read_fields(c, &at, row, err);
    if (step == COPY_ROW) {
        c->at = c->in.n - at.left;
        c->n_rows++;
    }
    return step;
}

/* ---- the stream ----------------------------------------------------------------------- */

/* Keep the beginning of what is not whole yet, so that the next piece can be put behind it. */
static void keep_rest(struct copy_binary *c)
{
    size_t rest = c->in.n - c->at;

    if (c->carry.n > 0) {
        memmove(c->carry.p, c->carry.p + c->at, rest);
        c->carry.n = rest;
        c->carry.p[rest] = '\0';
    } else if (!buf_append(&c->carry, slice_of(c->in.p + c->at, rest))) {
        assert(!"a row in parts is below the limit of its buffer");
    }
    c->in = buf_slice(&c->carry);
    c->at = 0;
}

void copy_binary_feed(struct copy_binary *c, struct slice piece)
{
    assert(c->in.n == c->carry.n);
    if (c->carry.n == 0) {
        c->in = piece;
        c->at = 0;
        return;
    }
    if (!buf_append(&c->carry, piece))
        assert(!"a row in parts is below the limit of its buffer");
    c->in = buf_slice(&c->carry);
}

enum copy_step copy_binary_next(struct copy_binary *c, struct copy_row *row, struct err *err)
{
    enum copy_step step = COPY_ROW;

    if (c->in.n == c->at)
        step = COPY_MORE;
    else if (c->has_ended)
        return broken(c, err, "bytes follow its end");
    if (step == COPY_ROW && !c->has_header)
        step = read_header(c, err);
    if (step == COPY_ROW)
        step = read_row(c, row, err);
    if (step == COPY_MORE)
        keep_rest(c);
    return step;
}

bool copy_binary_finish(const struct copy_binary *c, struct err *err)
{
    if (c->has_ended && c->at == c->in.n)
        return true;
    if (!c->has_header)
        return err_set(err, ERR_STORE, "the server's stream of rows ends before it begins");
    return err_set(err, ERR_STORE, "the row breaks off: the server's stream ends after %llu rows",
                   (unsigned long long)c->n_rows);
}
