/*
 * flowindex.h - for each flow its highest revision, which revisions there are, and the flows that
 * must stay out.
 *
 * Filled by a first pass over all flow revisions, before anything is sent; then read by the
 * projection of flow-last and flow. A flow stays out of both topics when its highest revision is
 * skipped, or when two different flows give one flow-last key (design part 4, data-model 5.4): all
 * are named, none is sent. About 100 bytes a flow plus its key, and
 * 16 to 64 bytes a revision. One owner while it is filled, then
 * read-only for any thread.
 */
#ifndef REQUEUE_FLOWINDEX_H
#define REQUEUE_FLOWINDEX_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct flow_index;

enum flow_state {
    FLOW_UNKNOWN,   /* not in the index */
    FLOW_OK,        /* its highest revision can be sent */
    FLOW_BROKEN,    /* its highest revision is skipped: the whole flow stays out */
    FLOW_COLLISION, /* shares its flow-last key with another flow */
};

struct flow_index *flow_index_new(void);
void               flow_index_free(struct flow_index *x); /* NULL is allowed */

/* What a revision says of itself. */
#define FLOW_DELETED  1u
#define FLOW_DISABLED 2u
#define FLOW_TRIGGERS 4u /* names a Flow trigger somewhere: an ended execution may start it */

/* One revision. key: its flow-last key. identity: tenant, namespace and id, each length-prefixed,
 * so that two flows of one key are told apart. Of two rows with one revision a skipped one decides.
 */
void flow_index_add(struct flow_index *x, struct slice key, struct slice identity, int64_t revision,
                    bool skipped, unsigned flags);

/* That revision can be sent. key: its own record key. */
void flow_index_note(struct flow_index *x, struct slice key);
/* Can that revision be sent, as far as it alone is concerned? Its flow may stay out all the same.
 */
bool flow_index_has(const struct flow_index *x, struct slice key);

enum flow_state flow_index_state(const struct flow_index *x, struct slice key);

/* The highest revision of the flow with that flow-last key; -1 when unknown. */
int64_t flow_index_last(const struct flow_index *x, struct slice key);

/* FLOW_DELETED and FLOW_DISABLED of the highest revision. */
unsigned flow_index_flags(const struct flow_index *x, struct slice key);

/* Flows whose highest revision has a Flow trigger, and is neither deleted nor disabled. */
size_t flow_index_listeners(const struct flow_index *x);

size_t flow_index_count(const struct flow_index *x);

#endif
