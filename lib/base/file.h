/*
 * file.h - whole small files in, line files out.
 */
#ifndef REQUEUE_FILE_H
#define REQUEUE_FILE_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Append the file's bytes to b; passing b's limit is an error that names the file and the limit. */
MUST_CHECK bool file_read(const char *path, struct buf *b, struct err *err); /* ERR_USAGE */

/* A file of ours: created 0600 and written through a buffer. Every error (full disk, quota, I/O) is
 * kept and told at the latest by outfile_close; nothing is reported written before that said so. */
struct outfile;

/* Creates or truncates path. ERR_OUTPUT names the path. */
MUST_CHECK bool outfile_open(const char *path, struct outfile **out, struct err *err);
MUST_CHECK bool outfile_write(struct outfile *f, struct slice s, struct err *err);
/* The same for who goes on in any case: outfile_close tells the failure. f NULL: nobody wants it.
 */
void outfile_put(struct outfile *f, struct slice s);
/* Flush, fsync, close, free f in any case. NULL is allowed and succeeds. */
MUST_CHECK bool outfile_close(struct outfile *f, struct err *err);

/* Replace a regular file by one that holds s and may be read by everybody (0644, less the umask):
 * written beside it as PATH.tmp, then renamed, so that a reader sees the old or the new, never half
 * of it. Not synced: after a power cut it may be empty. ERR_OUTPUT names the path. */
MUST_CHECK bool file_replace(const char *path, struct slice s, struct err *err);

#endif
