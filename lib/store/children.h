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

#include "lib/store/id_list.h"
#include "lib/store/pending.h"

struct children;

/* conf and stats are borrowed; what is found goes to conf->judge and is counted. */
struct children *children_new(const struct pending_conf *conf, struct pending_stats *stats);
void             children_free(struct children *c); /* NULL is allowed */

/* A parent that waits; id: of its document. After children_find() it changes nothing. */
void children_of(struct children *c, struct slice id, const struct execution *parent);

/* Children that have ended with a task run open: it may be a listener's (E35). */
const struct id_list *children_ended(const struct children *c);

/* Once, when all parents were named. Links of children that were not found this way are looked up
 * by id; what is not there is told as lost (D02), and its call as begun. */
MUST_CHECK bool children_find(struct children *c, struct err *err);

#endif
