/*
 * fake_search_internal.h - what the files tests/support/fake_search*.c share; nobody else includes
 * it.
 *
 *     fake_search.c       documents, which request it is, the small answers
 *     fake_search_page.c  scrolls, points in time and their pages
 *     fake_search_query.c does a document match a query?
 *
 * All of it runs under the server's lock, in the thread of fake_http.
 */
#ifndef REQUEUE_FAKE_SEARCH_INTERNAL_H
#define REQUEUE_FAKE_SEARCH_INTERNAL_H

#include "lib/base/json.h"
#include "tests/support/fake_search.h"

#include <pthread.h>

/* A scroll or a point in time. */
struct fake_context {
    bool       is_open;
    bool       is_pit;
    unsigned   id;
    char       expression[128];
    struct buf query;
    size_t     at;   /* the next document */
    uint64_t   left; /* total of a scroll */
    unsigned   size;
    unsigned   slice;
    unsigned   of;
};

struct fake_search {
    struct fake_http      *http;
    const char            *distribution;
    const char            *version;
    struct search_index    indices[SEARCH_MAX_INDICES];
    size_t                 n_indices;
    struct search_doc     *docs;
    size_t                 n_docs;
    size_t                 capacity;
    struct fake_context    contexts[SEARCH_MAX_CONTEXTS];
    unsigned               last_id;
    struct search_settings settings;
    unsigned               asked[ASK_N];
    struct buf             last_page; /* the hits of it */
    pthread_mutex_t        lock;
};

/* A query of the store's: bool, ids, exists, term, terms, prefix, range, match_none; absent or
 * empty is all. */
bool fake_matches(const struct json_node *query, const char *id, const struct json_node *document);

/* NULL: it is not open; there is no room. */
struct fake_context *fake_context_of(struct fake_search *f, const struct json_node *id);
struct fake_context *fake_context_begin(struct fake_search *f, bool is_pit, const char *expression);
void                 fake_context_end(struct fake_context *c);

/* Is this answer, the last one asked for, to be spoilt? */
bool fake_search_spoilt(const struct fake_search *f, enum search_ask what);
void fake_search_error(struct fake_answer *a, int status, const char *type, const char *reason);
/* The next page of a scroll. */
void fake_search_scroll(struct fake_search *f, const struct json_node *root, struct fake_answer *a);
/* Any other search. */
void fake_search_search(struct fake_search *f, const struct fake_request *r, const char *expression,
                        const struct json_node *root, enum search_ask what, struct fake_answer *a);

#endif
