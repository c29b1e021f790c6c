/*
 * dump_file.h - files to be read as a store, for tests: written in a temporary folder.
 */
#ifndef REQUEUE_DUMP_FILE_H
#define REQUEUE_DUMP_FILE_H

#include "lib/base/buf.h"

struct dump_file {
    char       path[256];
    char       url[300]; /* "file:PATH" */
    struct buf text;     /* what dump_file_write writes */
};

/* Main thread only: these fail the test. */
void dump_file_init(struct dump_file *f);
void dump_file_release(struct dump_file *f); /* removes the file */

/* One hit with its newline, added to text. source: its JSON. */
void dump_file_hit(struct dump_file *f, const char *index, const char *id, const char *source);

/* The file is text, or its first n bytes, now; plain, or as one gzip stream. */
void dump_file_write(struct dump_file *f, size_t n);
void dump_file_pack(struct dump_file *f);

/* text as a gzip stream, appended to out. */
void dump_file_gzip(struct slice text, struct buf *out);

#endif
