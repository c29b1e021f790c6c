/*
 * map.h - texts and what belongs to each: a hash map that only grows.
 *
 * Keys are copied, values are the caller's. One owner at a time. 40 bytes an entry and its key.
 */
#ifndef REQUEUE_MAP_H
#define REQUEUE_MAP_H

#include "lib/base/base.h"

struct map;

struct map *map_new(void);
void        map_free(struct map *m); /* NULL is allowed; values are not touched */

/* The place of the value of key, NULL at first; valid until map_free, *key likewise. */
void **map_put(struct map *m, struct slice *key);
/* NULL: no such key, or nothing was put there. */
void *map_get(const struct map *m, struct slice key);

size_t map_count(const struct map *m);
/* Every entry in the order of putting; *at starts at 0. NULL: no more. key may be NULL. */
void **map_next(const struct map *m, size_t *at, struct slice *key);

#endif
