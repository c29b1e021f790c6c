/*
 * filescan.h - the hits of a dump, line by line.
 *
 * A line is a hit as elasticdump writes it: an object with _index, _id and _source; its other
 * members (_type, _score, sort) are ignored, blank lines too. The first line may be ours instead:
 *
 *     {"requeue":{"grade":"B"}}
 *
 * says how consistent the read was that the dump was made by (design part 3): B, C or D.
 * elasticdump has no such line, and what has none is C. So is a dump that has such a line further
 * down: it was put together from several.
 *
 * Errors: ERR_STORE with file and line for anything else, ERR_STOPPED. One thread at a time.
 */
#ifndef REQUEUE_FILESCAN_H
#define REQUEUE_FILESCAN_H

#include "lib/base/thread.h"
#include "lib/store/filelines.h"
#include "lib/store/hits.h"

#define FILESCAN_GRADE 'C' /* of a dump that does not say */

struct file_scan;

/* path and stop (which may be NULL) are borrowed until filescan_close. */
MUST_CHECK bool filescan_open(const char *path, const struct stop *stop, struct file_scan **out,
                              struct err *err);
void            filescan_close(struct file_scan *s); /* NULL is allowed */

struct file_mark filescan_mark(const struct file_scan *s);

/* The next hit, with _index, _id and _source, valid until the next call; NULL: the end. */
MUST_CHECK bool filescan_next(struct file_scan *s, const struct hit **out, struct err *err);
uint64_t        filescan_line(const struct file_scan *s); /* of that hit */

/* As far as the file was read. */
char filescan_grade(const struct file_scan *s);

#endif
