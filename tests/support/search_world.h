/*
 * search_world.h - what the tests of the search store share: a server with faults, the store that
 * reads from it, and a sink that notes what came.
 *
 * Documents are executions e0, e1, ...; the sink counts each by its number. One thread, the test's.
 * A failure of what a function promises fails the test.
 */
#ifndef REQUEUE_SEARCH_WORLD_H
#define REQUEUE_SEARCH_WORLD_H

#include "lib/store/pipeline.h"
#include "tests/support/fake_search.h"
#include "tests/support/http_world.h"

#define SEARCH_WORLD_MAX_DOCS 2000
#define SEARCH_WORLD_PAGE     40      /* hits in a page at most */
#define N_DOCS                250     /* of a test that needs some pages */
#define MANY                  100000u /* more than one slice is worth it */

struct search_world {
    struct sink             sink; /* first member */
    struct fake_search     *server;
    struct search_settings *faults;
    struct layout          *layout;
    struct store_conf       conf;
    struct store           *store;
    struct store_info       info;
    struct store_query      query;
    struct tally            tally;
    struct stop             stop;
    struct err              err;
    char                    url[128];
    unsigned                seen[SEARCH_WORLD_MAX_DOCS];
    size_t                  n;
    size_t                  stops_after; /* records; 0: never */
    size_t                  fails_after;
    char                    last[512]; /* value */
    char                    skipped[128];
    unsigned                jobs; /* readers at most; 1 */
};

/* Of a cmocka test: *state is a struct search_world. The server reads by scrolls (Elasticsearch 7),
 * is OpenSearch, read by scrolls or, because that was asked for, by a point in time sorted by _id,
 * or has points in time (Elasticsearch 8). */
int search_world_begin_scroll(void **state);
int search_world_begin_opensearch(void **state);
int search_world_begin_opensearch_pit(void **state);
int search_world_begin_pit(void **state);
int search_world_end(void **state);

/* A test on one of them, and on each. */
#define WITH(t, way)                                                                               \
    {                                                                                              \
#t " (" #way ")", t, search_world_begin_##way, search_world_end, NULL                      \
    }
#define EACH(t) WITH(t, scroll), WITH(t, opensearch), WITH(t, opensearch_pit), WITH(t, pit)

bool search_world_is_pit(const struct search_world *w);

/* One execution, whose only event is that it came into `state` at `date`. */
void search_world_add(struct search_world *w, const char *index, const char *id,
                      const char *namespace, const char *state, const char *date);
/* e0 to e(n-1), RUNNING in namespace n. */
void search_world_add_many(struct search_world *w, const char *index, unsigned n);
/* n answers of one kind from number `from` on are these. */
void search_world_spoil(struct search_world *w, enum search_ask what, unsigned from, unsigned n,
                        int status, const char *body);
/* In an answer, a text by another of the same length; nothing when it is not there. */
void search_world_replace(struct fake_answer *a, const char *old, const char *new);
/* For search_spoil.change: one shard failed, so that the page is a part. */
void search_world_lose_shard(void *ctx, struct fake_answer *a);

/* Open, describe and use, unless it is open; false: w->err. */
bool search_world_open(struct search_world *w);
void search_world_close(struct search_world *w);
/* Read what w->query selects, with the store as it is or opened now; false: w->err. */
bool search_world_run(struct search_world *w);
/* It succeeds, and e0 to e(n-1) come once each, and no others. */
void search_world_runs(struct search_world *w, size_t n);
/* It fails with ERR_STORE and these words. */
void search_world_fails(struct search_world *w, const char *why);
/* Closed, no scroll and no point in time is left. */
void search_world_assert_nothing_left(struct search_world *w);

#endif
