/*
 * layout_tree.h - a layout file and those it extends as one merged tree (inside of layout.c).
 *
 * Every entry remembers the file and line it was written in, so that a message points there
 * whichever file of the chain it came from. Everything lives in the arena the caller gives.
 */
#ifndef REQUEUE_LAYOUT_TREE_H
#define REQUEUE_LAYOUT_TREE_H

#include "lib/base/yaml.h"
#include "lib/kestra/layout.h"

struct entry {
    enum yaml_type type;
    const char    *file;
    unsigned       line;  /* of the key, where there is one, else of the value */
    const char    *key;   /* NULL in a sequence and at the top */
    const char    *text;  /* scalar */
    bool           plain; /* scalar without quotes */
    size_t         n;     /* children */
    struct entry  *first;
    struct entry  *next;
};

/* Read `name` and, while they say so, the files they extend. The result is a mapping without
 * `extends`. */
MUST_CHECK bool layout_tree(const char *name, layout_loader loader, void *ctx, struct arena *a,
                            struct entry **root, struct err *err);

const struct entry *entry_get(const struct entry *map, const char *key); /* NULL: not there */

/* Fill *err with ERR_USAGE, "FILE:LINE: ..." and return false. */
bool entry_err(struct err *err, const struct entry *at, const char *fmt, ...) PRINTF(3, 4);

/* Fill a struct from the merged tree and check what can be checked (layout_read.c, layout_check.c).
 */
MUST_CHECK bool layout_read(const struct entry *root, struct layout *l, struct err *err);
MUST_CHECK bool layout_check(const struct entry *root, struct layout *l, struct err *err);

/* True when every {placeholder} of a topic's or group's name is one we know; else *bad is the first
 * that is not. */
MUST_CHECK bool layout_placeholders_known(const char *pattern, struct slice *bad);

#endif
