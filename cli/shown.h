/*
 * shown.h - text of others, made fit for a person's eye.
 */
#ifndef REQUEUE_SHOWN_H
#define REQUEUE_SHOWN_H

#include "lib/base/buf.h"

/* One line, at most max bytes (then "..."), nothing that a terminal obeys: control characters
 * become '?', and so does what is beyond ASCII when the text is no UTF-8. A full buffer is left as
 * it is. */
void shown_add(struct buf *b, struct slice text, size_t max);

#define SHOWN_COUNT 32

/* 1234567 as "1,234,567". */
void shown_count(uint64_t n, char out[SHOWN_COUNT]);

#define SHOWN_AGE 48

/* Seconds as "2d 3h", "5m 10s", "45s": the two largest units. */
void shown_age(int64_t seconds, char out[SHOWN_AGE]);

#endif
