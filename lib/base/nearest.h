/*
 * nearest.h - how far a misspelt name is from one that is known.
 */
#ifndef REQUEUE_NEAREST_H
#define REQUEUE_NEAREST_H

#include "lib/base/base.h"

#define NEAREST_MAX_BYTES 48 /* of either name */

/* Insertions, deletions, changes and swaps of neighbours that make a into b. */
size_t nearest_distance(struct slice a, struct slice b);

#endif
