/*
 * hits.h - the answer of a search, cut into hits as bytes.
 *
 * `_source` is passed on as it stands in the page (performance.md A.2): one pass by json_walk, no
 * tree. The same cutter takes a whole answer of `_search` or `_search/scroll`, and one line of a
 * file as elasticdump writes it. The pass proves the page to be JSON in UTF-8, `_source` included,
 * so a document may be handed on as trusted: both servers refuse to index repeated members.
 *
 * Pure, no I/O. Errors: ERR_DATA with what is wrong and where; the caller says of which page.
 */
#ifndef REQUEUE_HITS_H
#define REQUEUE_HITS_H

#include "lib/base/json.h"

/* Slices point into the page, or into the arena when they had to be unescaped. */
struct hit {
    struct slice index;  /* unescaped; p NULL: absent */
    struct slice id;     /* unescaped; p NULL: absent */
    struct slice source; /* raw JSON object; p NULL: absent or null */
    struct slice sort;   /* raw JSON list, for search_after; p NULL: absent */
    bool trusted; /* source is nested JSON_MAX_DEPTH levels at most, so nothing is left to prove */
};

struct hits_page {
    struct slice scroll_id; /* unescaped; p NULL: absent */
    struct slice pit_id;
    bool         timed_out;
    bool         has_shards; /* _shards was there */
    int64_t      shards_total;
    int64_t      shards_successful;
    int64_t      shards_skipped;
    int64_t      shards_failed;
    struct slice shard_failure; /* type and reason of the first failed shard; p NULL: none */
    bool         has_total;     /* hits.total was there */
    bool         total_exact;   /* relation "eq", or the number of older servers */
    int64_t      total;
    size_t       n;
    struct hit  *hits; /* in arena */
};

/* Cut a whole answer. a owns what is not in the page. */
MUST_CHECK bool hits_cut(struct slice page, struct arena *a, struct hits_page *out,
                         struct err *err);

/* One hit by itself, an object with _index, _id and _source. */
MUST_CHECK bool hits_cut_line(struct slice line, struct arena *a, struct hit *out, struct err *err);

/* An answer that is an error: `error` as an object (root_cause, type, reason) or as a text, and
 * `status`. What is absent is empty. Anything that is no JSON gives false and an empty *out. */
struct hits_error {
    char type[96];    /* of the root cause, else of the error: "index_not_found_exception" */
    char outer[96];   /* of the error itself: "search_phase_execution_exception" */
    char reason[320]; /* of the root cause, else of the error; one line */
};
bool hits_cut_error(struct slice page, struct hits_error *out);

#endif
