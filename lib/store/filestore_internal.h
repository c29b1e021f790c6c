/*
 * filestore_internal.h - what the files lib/store/filestore*.c share; nobody else includes it.
 *
 *     filestore.c       the store: open, use, count, readers
 *     filestore_facts.c newest, links, log_newest, log_names: a pass each
 */
#ifndef REQUEUE_FILESTORE_INTERNAL_H
#define REQUEUE_FILESTORE_INTERNAL_H

#include "lib/store/filecopies.h"
#include "lib/store/filescan.h"
#include "lib/store/store.h"

/* An index that occurs in the file, and the kinds whose documents it holds. */
struct file_index {
    const char *name;
    unsigned    kinds;
    bool        has_logs;
};

struct file_store {
    struct store             base; /* first member */
    const struct store_conf *conf;
    const char              *path;
    struct file_mark         mark;
    struct arena            *arena;
    const struct layout     *layout;            /* NULL before use() */
    const char              *names[KIND_COUNT]; /* expressions */
    const char              *logs;
    struct file_index       *indices; /* none are added after use() */
    size_t                   n_indices;
    struct file_copies      *copies;
};

/* A pass over the file, which is proven to be the one that was opened. */
MUST_CHECK bool file_begin_scan(struct file_store *s, struct file_scan **out, struct err *err);

/* `last` is tried first: hits of one index mostly follow each other. NULL: a name that is new. */
const struct file_index *file_find_index(const struct file_store *s, struct slice name,
                                         const struct file_index *last);

static inline struct document file_document(const struct hit *hit)
{
    return (struct document){ .id = hit->id, .value = hit->source, .trusted = hit->trusted };
}

/* filestore_facts.c: what the store's function table has. */
bool file_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err);
bool file_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
                void *ctx, struct err *err);
bool file_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                     void *ctx, struct err *err);
bool file_log_names(struct store *base, struct instant since, store_name_fn fn, void *ctx,
                    struct err *err);

#endif
