/*
 * splice.h - byte ranges of a text replaced, in one copy.
 *
 * Knows nothing of what the text is: whoever makes the edits answers for the result. Pure.
 */
#ifndef REQUEUE_SPLICE_H
#define REQUEUE_SPLICE_H

#include "lib/base/mem.h"

/* text instead of the bytes from .. to; from == to inserts, an empty text removes. */
struct splice {
    size_t       from, to; /* offsets in the old text */
    struct slice text;
};

/* Into the order that splice_apply() wants: by place, those of the same place as they were given.
 * Quick when they nearly are. */
void splice_sort(struct splice *edits, size_t n);

/* The new text, in a. The edits are in order, within the text, and do not overlap (asserted). */
struct slice splice_apply(struct slice text, const struct splice *edits, size_t n, struct arena *a);

#endif
