/*
 * children.h - the subflows of the parents that wait for them, and which task run started which.
 *
 * Where the store has an index of parents, they are asked for STORE_MAX_IDS at a time, tenant by
 * tenant (a subflow is of its parent's tenant): Kestra's index has the tenant before the parent.
 * Elsewhere every execution since the oldest parent has to be read, so that is done for all of
 * them at once. Used by pending.c alone; one owner at a time.
 */
#ifndef REQUEUE_CHILDREN_H
#define REQUEUE_CHILDREN_H

#include "lib/store/pending.h"

struct children;

/* conf and stats are borrowed; what is found goes to conf->judge and is counted. */
struct children *children_new(const struct pending_conf *conf, struct pending_stats *stats);
void             children_free(struct children *c); /* NULL is allowed */

/* A parent that waits; id: of its document. After children_find() it changes nothing. */
void children_of(struct children *c, struct slice id, const struct execution *parent);

/* Once, when all parents were named. */
MUST_CHECK bool children_find(struct children *c, struct err *err);

#endif
