/*
 * layouts.h - where the layout files are, and which one fits the store.
 *
 * Looked for, in this order: $REQUEUE_LAYOUTS, ../share/requeue/layouts and ../schemas/layouts
 * beside the program's folder (and one folder higher, for the sanitizer flavours).
 */
#ifndef REQUEUE_LAYOUTS_H
#define REQUEUE_LAYOUTS_H

#include "lib/kestra/layout.h"
#include "lib/store/store.h"

/* The layout that `wanted` names (a band or a file), or, when NULL, the one whose Flyway history is
 * the store's; without a history the newest band whose evidence (a store with tables) or hints (all
 * others) are all in the store. why says how it was chosen, for people. ERR_USAGE when none fits:
 * unknown band. */
MUST_CHECK bool layouts_choose(const char *wanted, struct store *store,
                               const struct store_info *info, struct layout **out, char why[160],
                               struct err *err);

#endif
