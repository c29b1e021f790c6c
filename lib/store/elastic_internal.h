/*
 * elastic_internal.h - what the files lib/store/elastic*.c share; nobody else includes it, except
 * tests.
 *
 *     elastic.c        the store: open, describe, has, close
 *     elastic_use.c    which indices a kind has, are they whole, are they Kestra's
 *     elastic_count.c  counts
 *     elastic_query.c  the bodies of requests
 *     elastic_ask.c    one request and its answer; what went wrong, in one line
 *     elastic_slice.c  a slice of a kind, page by page, through scrolls or a point in time
 *     elastic_copies.c several indices: which copy of a document counts
 *     elastic_newest.c newest: the newest times, by aggregations
 *     elastic_logs.c   links, log_newest and log_names, out of log lines
 *     elastic_reader.c a reader: a thread that fetches pages, batches made of them
 *
 * What the servers really answer: servers/search.md. A 200 can hide loss, so every page is checked.
 */
#ifndef REQUEUE_ELASTIC_INTERNAL_H
#define REQUEUE_ELASTIC_INTERNAL_H

#include "lib/base/idset.h"
#include "lib/base/queue.h"
#include "lib/store/hits.h"
#include "lib/store/http.h"
#include "lib/store/store.h"

#define ES_PAGE_BYTES  (8u << 20) /* aimed at */
#define ES_PAGE_HITS   10000      /* index.max_result_window */
#define ES_FIRST_HITS  100        /* a first look at how large the documents are */
#define ES_SCROLL_KEEP "2m"       /* between two pages */
#define ES_PIT_KEEP    "10m"      /* between two uses of a kind */
#define ES_RESTARTS    8          /* of a slice that gets no further */
#define ES_PAUSE_MS    100        /* before the first restart */
#define ES_FEW_DOCS    10000      /* one slice is enough */
#define ES_RELEASE_S   5          /* for giving a context back */
#define ES_BODY_BYTES  (4u << 20) /* of a request */
#define ES_MAX_SLICES  64
#define ES_MAX_INDICES 1000 /* of one kind */

enum es_pit { ES_NO_PIT, ES_PIT_ELASTIC, ES_PIT_OPENSEARCH };

/* Fields that a query may ask for. */
enum es_field {
    ES_NAMESPACE,
    ES_TENANT,
    ES_START,
    ES_STATE,
    ES_DELETED_FIELD,
    ES_TRIGGER_TYPE,
    ES_FIELD_COUNT
};

/* One kind in the server. Filled by use(), then only read, but for what the store's own thread
 * alone looks after: the point in time, which it opens and closes, and the fields, of which it asks
 * before the first use of the kind. */
struct es_kind {
    const char       *expression; /* NULL: the layout has no such kind */
    size_t            n_indices;  /* concrete ones; 0: there is nothing of that name */
    const char      **indices;
    unsigned          shards; /* primaries of all of them */
    uint64_t          docs;
    enum store_health health;
    const char       *worst;                     /* an index that is so; NULL: all are green */
    double            mean_bytes;                /* of a hit, by a look at some; 0: unknown */
    bool              knows_fields;              /* the two below are filled */
    bool              has_field[ES_FIELD_COUNT]; /* mapped as Kestra maps it */
    bool              has_deleted;               /* has_field[ES_DELETED_FIELD] */
    struct buf        pit;                       /* the id; n 0: none is open */
};

struct es_store {
    struct store             base; /* first member */
    const struct store_conf *conf;
    const struct layout     *layout; /* NULL before use() */
    struct arena            *arena;
    struct http             *http;   /* the store's own thread's */
    struct http_answer       answer; /* of http */
    bool                     is_opensearch;
    unsigned                 major;
    unsigned                 minor;
    enum es_pit              pit; /* what the server has */
    bool                     uses_pit;
    const char              *name; /* "Elasticsearch 8.2.3 at http://..." for messages */
    struct es_kind           kinds[KIND_COUNT];
    struct store_place       places[KIND_COUNT];
    struct arena            *sample_arena; /* names of members that has() saw */
    const char             **sampled[KIND_COUNT];
    size_t                   n_sampled[KIND_COUNT];
    const char              *sampled_at[KIND_COUNT]; /* the expression that was looked at */
    unsigned                 pause_ms;     /* before the first restart; doubled each time */
    atomic_bool              was_reopened; /* a point in time was lost: the grade falls */
};

/* ---- requests (elastic_ask.c) -------------------------------------------------------------- */

/* Who asks: the store itself, or a reader with a connection of its own. */
struct es_asker {
    const struct es_store *store;
    struct http           *http;
    struct http_answer    *answer;
    const char            *doing; /* "reading executions" */
};

enum es_outcome {
    ES_OK,
    ES_AGAIN,   /* the same may succeed: an answer was lost or incomplete; *err says how */
    ES_LOST,    /* the context (scroll, point in time) is gone */
    ES_TOO_BIG, /* ask for less at a time */
    ES_FAILED,
};

/* Send and take a 2xx answer, else *err is filled, whatever the outcome. */
enum es_outcome es_ask(const struct es_asker *a, const struct http_request *request,
                       struct err *err);
/* The same where nothing but success is of use. */
MUST_CHECK bool es_request(const struct es_asker *a, const char *method, const char *path,
                           struct slice body, struct err *err);
/* A text of an answer, or what is written like one; empty when it is absent, null or a container.
 */
struct slice es_text(const struct json_node *object, const char *name);
/* As a tree in an arena. */
MUST_CHECK bool es_request_tree(const struct es_asker *a, const char *method, const char *path,
                                struct slice body, struct arena *arena,
                                const struct json_node **root, struct err *err);
/* Is what a search answered whole? Else *err is filled; it may be so another time, or with less. */
enum es_outcome es_check_page(const struct es_asker *a, const struct hits_page *page,
                              struct err *err);
struct es_asker es_own(struct es_store *s, const char *doing);
/* Give back a scroll or point in time, in a few seconds, while reading: false when a stop or cancel
 * came first, then it is still open. */
MUST_CHECK bool es_give_back(struct es_store *s, struct http *http, struct http_answer *answer,
                             bool is_pit, struct slice id, struct err *err);
/* At the end, also after stop or cancel; never fails loudly. */
void es_release(struct es_store *s, struct http *http, struct http_answer *answer, bool is_pit,
                struct slice id);
/* Percent-encoded for a path: an index expression. */
const char *es_path_text(struct slice text, struct arena *a);
/* "/EXPRESSION" and what comes behind it; lives in a. */
const char *es_index_path(const char *expression, const char *rest, struct arena *a);

/* ---- bodies (elastic_query.c) -------------------------------------------------------------- */

/* What of a query: the parts of struct store_counts. */
enum es_part { ES_ALL, ES_SELECTED, ES_DELETED, ES_TERMINAL, ES_LOCKED, ES_WANTED };

/* A `query` object for documents of the query's kind. */
MUST_CHECK bool es_put_query(struct json_writer *w, const struct es_store *s,
                             const struct store_query *q, enum es_part part);
/* The member `pit`: read in this point in time, and keep it. */
void es_put_pit(struct json_writer *w, struct slice id);
/* A query by ids. */
void es_put_ids(struct json_writer *w, const struct slice *ids, size_t n);

/* ---- indices and counts -------------------------------------------------------------------- */

MUST_CHECK bool es_use(struct store *base, const struct layout *layout, struct err *err);
MUST_CHECK bool es_count(struct store *base, const struct store_query *q, struct store_counts *out,
                         struct err *err);
/* Which indices k->expression stands for, and their health; none is no error. Own thread. */
MUST_CHECK bool es_resolve(struct es_store *s, struct es_kind *k, struct err *err);
/* There is an index, none is red or closed, and they can answer the query; else an error that names
 * what is missing. Asks the server once for each kind. Own thread. */
MUST_CHECK bool es_check_kind(struct es_store *s, const struct store_query *q, struct err *err);
/* Open the kind's point in time unless it is. Own thread. */
MUST_CHECK bool es_open_pit(struct es_store *s, const struct es_asker *a, enum kind kind,
                            struct buf *id, struct err *err);
/* Where a search of a kind goes: "/INDEX/_search?...", or "/_search?..." with a point in time. */
const char *es_search_path(const struct es_store *s, enum kind kind, const char *arguments,
                           struct arena *a);

/* Of the "fields" of _field_caps: every index maps it so, as far as it maps it at all. */
bool es_has_type(const struct json_node *fields, const char *name, const char *type);

/* ---- evidence (elastic_newest.c, elastic_logs.c) --------------------------------------------- */

bool es_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err);
bool es_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
              void *ctx, struct err *err);
bool es_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                   void *ctx, struct err *err);
bool es_log_names(struct store *base, struct instant since, store_name_fn fn, void *ctx,
                  struct err *err);

/* The aggregations that a search answers, which is proven to be whole; NULL: there is no such
 * index, or no right to look. */
MUST_CHECK bool es_ask_aggregations(struct es_store *s, const char *expression, struct slice body,
                                    struct arena *arena, const struct json_node **out,
                                    struct err *err);
/* What a max aggregation over a date found; false: nothing. */
bool es_max_date(const struct json_node *aggregation, struct instant *out);

/* ---- slices (elastic_slice.c) -------------------------------------------------------------- */

/* One page: the answer's bytes, cut; keep[i] says whether hit i is to be handed out. */
struct es_page {
    struct http_answer answer;
    struct arena      *arena;
    struct hits_page   hits;
    bool              *keep; /* in arena */
    size_t             at;   /* the reader's: the next hit to hand out */
};

struct es_page *es_page_new(void);
void            es_page_free(struct es_page *p); /* NULL is allowed */

/* What the slices of one reading share. */
struct es_shared {
    struct es_store *store;
    unsigned         of;   /* slices in all */
    struct queue    *lock; /* holds one token: who has it may touch the rest */
    struct idset    *seen;
    unsigned         rounds;     /* numbers given out so far */
    bool             taken_over; /* one slice reads everything, see es_slice_page */
    unsigned         n_slices;   /* not released yet; the thread that opens and closes */
};

struct es_shared *es_shared_new(struct es_store *store, unsigned of);
/* One slice less; the last one frees it. */
void es_shared_release(struct es_shared *s);

/* A slice belongs to one thread at a time. */
struct es_slice {
    struct es_store          *store;
    const struct store_query *query;
    enum kind                 kind; /* as the server has it */
    struct http              *http;
    const char               *doing;
    unsigned                  number;
    unsigned                  of;       /* slices in all */
    unsigned                  size;     /* hits a page */
    unsigned                  max_size; /* lowered when a page was too large for the server */
    struct buf                scroll;   /* id; n 0: none is open */
    struct buf                pit;      /* id */
    bool                      own_pit;  /* opened by this slice after the kind's was lost */
    bool                      is_over;  /* another slice has taken over what is left */
    struct buf                after;    /* point in time: sort values of the last hit */
    bool                      has_total;
    uint64_t                  total;
    uint64_t                  n_read; /* in this round, each document once */
    unsigned                  round;
    uint64_t                  furthest; /* n_read at most, of all rounds */
    unsigned                  restarts; /* since it got that far */
    struct es_shared         *shared;
    struct buf                body;
    struct http_answer        lookup; /* of copies */
};

void es_slice_init(struct es_slice *s, struct es_shared *shared, const struct store_query *query,
                   struct http *http, const char *doing, unsigned number);
/* The next page; *end: it is the last one (it may be empty). */
MUST_CHECK bool es_slice_page(struct es_slice *s, struct es_page *page, bool *end, struct err *err);
/* After the point in time was lost: another one. The next page is the first of a new round; what
 * was handed out is not handed out again. */
MUST_CHECK bool es_slice_reopen(struct es_slice *s, struct err *err);
/* Gives the contexts back; http is still the caller's. */
void es_slice_release(struct es_slice *s);
/* What failed as *err says may be tried again, after a pause that doubles with each of *tries;
 * false with *err: there were enough, or a stop came meanwhile. */
MUST_CHECK bool es_slice_try_again(const struct es_slice *s, unsigned *tries, struct err *err);

/* Of a page of a kind in several indices: keep only the copies that count (data-model 7.3). */
MUST_CHECK bool es_keep_latest(struct es_slice *s, struct es_page *page, struct err *err);

/* ---- readers (elastic_reader.c) ------------------------------------------------------------ */

MUST_CHECK bool es_open_http(const struct store_conf *conf, struct http **out, struct err *err);
MUST_CHECK bool es_open_readers(struct store *base, const struct store_query *q, size_t max,
                                struct store_reader **out, size_t *n, struct err *err);

#endif
