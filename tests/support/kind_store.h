/*
 * kind_store.h - a store that holds documents of all kinds in memory, and answers by kind and by
 * ids.
 *
 * Readers are those of fake_store.h. Selection by tenant, namespace, time and state is not made:
 * the documents given are what is selected. One set of readers at a time.
 */
#ifndef REQUEUE_KIND_STORE_H
#define REQUEUE_KIND_STORE_H

#include "tests/support/fake_store.h"

struct kind_docs {
    struct document *docs; /* ids, values and sources are borrowed */
    size_t           n;
    size_t           capacity;
};

struct kind_store {
    struct store           store;             /* first member */
    struct fake_store_conf faults;            /* docs and n_docs are not looked at */
    struct kind_docs       kinds[KIND_COUNT]; /* KIND_FLOW_LAST reads those of KIND_FLOW */
    struct kind_docs       chosen;            /* of the readers now open */
    struct fake_store      readers;
    struct store_query     last; /* of open_readers */
    size_t                 n_opens;
    size_t                 n_counts[KIND_COUNT];
};

void kind_store_init(struct kind_store *s);
void kind_store_release(struct kind_store *s);

void kind_store_add(struct kind_store *s, enum kind kind, const struct document *doc);

#endif
