/*
 * copybinary.h - rows out of a stream of PostgreSQL's COPY ... (FORMAT binary).
 *
 * Pure: bytes in, rows out, no libpq. The stream may be cut into pieces anywhere. Whatever the
 * bytes are, a row is either whole or refused: a short stream never looks like a complete one.
 *
 *     copy_binary_init(&c, 2);
 *     while a piece comes:  copy_binary_feed(&c, piece);
 *         while ((step = copy_binary_next(&c, &row, err)) == COPY_ROW)  use row
 *         COPY_MORE: give the next piece. COPY_END: the trailer was read. COPY_BROKEN: *err says
 * it. copy_binary_finish(&c, err): was that all?
 *
 * Errors: ERR_STORE. Thread-safety: one owner at a time.
 */
#ifndef REQUEUE_COPYBINARY_H
#define REQUEUE_COPYBINARY_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define COPY_MAX_FIELDS 4
/* PostgreSQL itself makes no row, and libpq takes no message, of more than 1 GB. */
#define COPY_MAX_ROW_BYTES ((size_t)1 << 30)

struct copy_row {
    size_t       n;
    struct slice fields[COPY_MAX_FIELDS]; /* p NULL: SQL null; an empty text has a p */
};

enum copy_step { COPY_ROW, COPY_MORE, COPY_END, COPY_BROKEN };

/* On the caller's stack or in its struct; all members are private. */
struct copy_binary {
    size_t       n_fields; /* that every row must have */
    struct slice in;       /* what is being read; borrowed, or the whole of carry */
    size_t       at;       /* how much of it was read */
    struct buf   carry;    /* begins with a row that was cut */
    bool         has_header;
    bool         has_ended;
    uint64_t     n_rows; /* handed out */
};

/* n_fields: 1..COPY_MAX_FIELDS, how many columns were asked for. */
void copy_binary_init(struct copy_binary *c, size_t n_fields);
void copy_binary_release(struct copy_binary *c); /* an all-zero struct is allowed */

/* Give the next piece, which is borrowed until the next feed. Only at the beginning and after
 * COPY_MORE. */
void copy_binary_feed(struct copy_binary *c, struct slice piece);

/* The next row. Its fields are valid until the next feed. After COPY_BROKEN the stream is of no
 * use. */
MUST_CHECK enum copy_step copy_binary_next(struct copy_binary *c, struct copy_row *row,
                                           struct err *err);

/* The stream is over: true when it ended with its trailer and nothing was left. */
MUST_CHECK bool copy_binary_finish(const struct copy_binary *c, struct err *err);

#endif
