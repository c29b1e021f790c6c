/*
 * filelines.h - the lines of a file, plain or gzip (the one door to zlib).
 *
 * A file that ends too early is never taken for one that ends: a gzip stream without its end, a
 * broken checksum or anything behind the last stream is an error (several streams one after another
 * are one text, as for gzip itself), and so is a file that changes while it is read. The last line
 * need not end in a newline; whether it is whole is for whoever reads it to say.
 *
 * Memory: a buffer of 256 KB, or of the longest line. Errors: ERR_STORE, with the file and, where
 * there is one, the line. One thread at a time.
 */
#ifndef REQUEUE_FILELINES_H
#define REQUEUE_FILELINES_H

#include "lib/base/err.h"

#define FILELINES_MAX_BYTES ((size_t)64 << 20) /* of a line */

/* Which file, and in which state. */
struct file_mark {
    uint64_t device;
    uint64_t inode;
    int64_t  size;
    int64_t  mtime_s;
    int64_t  mtime_ns;
};

bool file_mark_same(const struct file_mark *a, const struct file_mark *b);

struct filelines;

/* path is borrowed until filelines_close. */
MUST_CHECK bool  filelines_open(const char *path, struct filelines **out, struct err *err);
struct file_mark filelines_mark(const struct filelines *l); /* as it was when opened */

/* The next line without its newline, valid until the next call; p NULL: the end, and all of the
 * file was there. */
MUST_CHECK bool filelines_next(struct filelines *l, struct slice *line, struct err *err);
uint64_t        filelines_number(const struct filelines *l); /* of that line; the first is 1 */
void            filelines_close(struct filelines *l);        /* NULL is allowed */

#endif
