/*
 * fake_search.h - a search server in memory, on fake_http: Elasticsearch or OpenSearch.
 *
 * It holds documents in indices and answers what lib/store/elastic asks: GET /, _cat/indices,
 * _refresh, _count, _field_caps, _search with scrolls, points in time and slices, and the giving
 * back of contexts, which it counts. Keyword fields compare without regard to case, as Kestra's
 * normaliser does. Answers of one kind can be spoiled, from the N-th on.
 *
 * Set up before the first request, from the test's thread; the rest is under a lock.
 */
#ifndef REQUEUE_FAKE_SEARCH_H
#define REQUEUE_FAKE_SEARCH_H

#include "tests/support/fake_http.h"

enum search_ask {
    ASK_ROOT,
    ASK_CAT,
    ASK_REFRESH,
    ASK_COUNT,
    ASK_MAPPING,
    ASK_LOOK,  /* at some documents: the size is in the URL */
    ASK_TOTAL, /* a search of size 0 */
    ASK_PAGE,  /* of a scroll, its first one too, or of a point in time */
    ASK_COPIES,
    ASK_PIT,
    ASK_RELEASE,
    ASK_UNKNOWN,
    ASK_N,
    ASK_ANY = ASK_N,
};

struct fake_search;

/* What is wrong with `n` answers of one kind from number `from` (from 1) on. */
struct search_spoil {
    enum search_ask what;
    unsigned        from;
    unsigned        n;
    int             status; /* not 0: this and `body` instead; the request is not worked on */
    const char     *body;
    bool            expire; /* all contexts are gone before the request is worked on */
    bool            skip;   /* a scroll moves on by one page that nobody gets */
    bool            repeat; /* the page before is given again, and the scroll moves on */
    /* Then: change the answer. */
    void (*change)(void *ctx, struct fake_answer *a);
    void *ctx;
};

struct search_index {
    char        name[64];
    const char *status; /* "open" */
    const char *health; /* "green" */
};

struct search_doc {
    size_t index;
    char   id[32];
    char  *json;
};

#define SEARCH_MAX_INDICES  8
#define SEARCH_MAX_CONTEXTS 64

struct fake_search *fake_search_start(const char *distribution, const char *version);
void                fake_search_end(struct fake_search *f); /* NULL is allowed */
int                 fake_search_port(const struct fake_search *f);

/* Green and open unless changed. */
struct search_index *fake_search_index(struct fake_search *f, const char *name);
void fake_search_add(struct fake_search *f, const char *index, const char *id, const char *json);

struct search_settings {
    unsigned            page_cap;  /* hits in one page at most; 0: as asked */
    unsigned            size_max;  /* a larger size is refused as `too_big` says; 0: never */
    struct search_spoil too_big;   /* status and body */
    uint64_t            count_lie; /* _count says so much more */
    const char         *mapping;   /* of _field_caps, "fields"; NULL: as Kestra maps them */
    bool                no_source;
    struct search_spoil spoil;
};
/* To be changed between requests only. */
struct search_settings *fake_search_settings(struct fake_search *f);

unsigned fake_search_open(struct fake_search *f); /* contexts that nobody gave back */
unsigned fake_search_asked(struct fake_search *f, enum search_ask what);

#endif
