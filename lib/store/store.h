/*
 * store.h - the interface of the stores: where documents come from (design part 5).
 *
 * An implementation fills the function table of its own struct, whose first member is `struct
 * store`. PostgreSQL: lib/store/postgres.c. Tests bring their own (tests/support/fake_store.c).
 *
 * The read is consistent: everything read between open and close is one instant (grade A), or as
 * consistent as the grade says. A short read is never taken for the end: a reader says `end` only
 * after the server said that it is complete.
 *
 * Threads: a store and its look-ups belong to the thread that opened it; each reader belongs to one
 * thread at a time and may work beside the store and other readers. cancel() may be called from any
 * thread. Errors: ERR_STORE (design part 10, exit 6), ERR_USAGE for a URL that cannot be
 * understood, ERR_STOPPED.
 */
#ifndef REQUEUE_STORE_H
#define REQUEUE_STORE_H

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "lib/kestra/document.h"
#include "lib/kestra/layout.h"
#include "lib/kestra/project.h"
#include "lib/kestra/verdict.h"

#define STORE_MAX_VERSIONS 128
#define STORE_MAX_SERVERS  64

enum store_read { STORE_READ_AUTO, STORE_READ_SCROLL, STORE_READ_PIT };

/* What only a search server wants to know. */
struct store_search_conf {
    const char     *index_prefix; /* NULL: the layout's */
    struct strings  indices; /* overrides, KIND=NAME: "execution=my_executions*"; KIND may be log */
    enum store_read read;
    const char     *user; /* instead of the URL's; NULL: that one */
    const char     *password;
    const char     *api_key;
    struct strings  headers; /* "Name: value" */
    const char     *ca_file;
    const char     *cert_file;
    const char     *key_file;
    bool            insecure;
    bool            gzip;
};

struct store_conf {
    /* postgres://… or postgresql://…, or "postgres://" with PG* variables; http(s)://…; file:PATH
     */
    const char              *url;
    const char              *schema; /* NULL: as the connection's search_path says */
    struct strings           tables; /* overrides, "executions=my_executions" */
    struct store_search_conf search;
    unsigned jobs; /* at most so many connections; jobs - 1 parallel workers are asked for */
    const struct stop *stop; /* every wait ends soon after it is set, with ERR_STOPPED */
};

/* A Kestra server that left a sign of life (design part 7). */
struct store_server {
    char    type[32];  /* "EXECUTOR", or "" */
    char    state[32]; /* "RUNNING" */
    int64_t age_s;     /* since its last heartbeat by the database's own clock */
};

struct store_info {
    char        product[32];   /* "PostgreSQL" */
    char        version[64];   /* "15.18" */
    char        place[256];    /* where, without secrets: "127.0.0.1:5432/kestra" */
    char        identity[128]; /* stays the same as long as it is the same database */
    char        grade;         /* 'A'..'D', design part 3 */
    const char *versions[STORE_MAX_VERSIONS]; /* flyway_schema_history; owned by the store */
    size_t      n_versions;
    bool        has_tables; /* layout.evidence speaks of it; else layout.hints does */
};

/* What to read of a kind. Pushed down to the store. */
struct store_query {
    enum kind   kind;            /* KIND_FLOW_LAST reads what KIND_FLOW reads */
    const char *tenant;          /* NULL: all; "": only documents without a tenant */
    const char *namespace;       /* NULL: all; N selects N and N.* */
    const char          *since;  /* executions by /state/startDate, RFC 3339 UTC ms; NULL: open */
    const char          *until;  /* exclusive */
    struct strings       states; /* executions in one of these states; n 0: any */
    struct strings       only;   /* executions with one of these ids, by the rules; n 0: all */
    enum executions_mode executions; /* PENDING pushes the terminal states down; not RESUMABLE */
    const struct slice  *ids;        /* look-up by store id; NULL: all */
    size_t               n_ids;      /* at most STORE_MAX_IDS */

    /* Terminal executions (by store id) that are handed out beside the pending ones, as far as they
     * are within the selection and not deleted. Only with EXECUTIONS_PENDING; NULL: none. */
    const struct slice *also;
    size_t              n_also; /* at most STORE_MAX_IDS */

    /* Children: only executions whose trigger.variables.executionId is one of these, in whatever
     * state, deleted ones not. NULL: all. A child whose trigger.type is none of child_types
     * (class names; an inner class NAME$x is NAME as well) is outside; n 0: any type. Where
     * finds_parents is false, child_types and `since` are what keeps the store from reading every
     * execution, so give both (a child starts after its parent), and name all parents at once. An
     * index of parents is used whole only when `tenant` is given, and overlooks `since`. */
    const struct slice *parents;
    size_t              n_parents; /* at most STORE_MAX_PARENTS */
    struct strings      child_types;
};

#define STORE_MAX_IDS     1000
#define STORE_MAX_PARENTS 100000

/* Are its lists short enough? Else every store refuses it, ERR_BUG. */
bool store_query_fits(const struct store_query *q);

/* Counted by the store without handing documents out, within the same instant as the reading. All
 * are within the selection by tenant, namespace, time, states and `only` (`outside` is what that
 * leaves out). A search store cannot count by parents: there the counts are those of child_types
 * and time. */
struct store_counts {
    uint64_t total;    /* rows of the kind in the store */
    uint64_t outside;  /* not selected by tenant, namespace, time, states, ids, parents */
    uint64_t deleted;  /* executions and templates with deleted true */
    uint64_t terminal; /* executions that have ended and are not deleted */
    uint64_t pending;  /* executions that are not terminal and not deleted */
    uint64_t selected; /* what store_read would hand out */
    uint64_t locked;   /* triggers with an executionId or another lock */
};

/* The worst of a kind's indices. */
enum store_health {
    STORE_GREEN,
    STORE_YELLOW, /* replicas are missing; primaries are not */
    STORE_RED,    /* a primary is missing: the kind cannot be read */
    STORE_CLOSED, /* nor can it here */
};

const char *store_health_name(enum store_health health); /* "green" */

/* Where a kind is in a search store, as use() found it. */
struct store_place {
    enum kind          kind;
    const char        *expression; /* what was asked for: a name, an alias, a wildcard */
    size_t             n_indices;  /* what it stands for; 0: there is nothing of that name */
    const char *const *indices;
    enum store_health  health;
    const char        *worst; /* the first index that is so; NULL: all are green */
    uint64_t           docs;  /* by _count, at another instant than the reading; red, closed: 0 */
};

/* The newest sign of life in a part of the store: what came after it, the store does not know (the
 * evidence of kestra/seen-on-real-kestra.md B.7). */
struct store_newest {
    const char    *what;     /* "execution", "trigger", "log"; static */
    bool           known;    /* false: no such table or index, no date in it, no right to look */
    char           text[64]; /* RFC 3339 as the store has it; search stores: UTC, cut to ms */
    struct instant at;
};

#define STORE_NEWEST_COUNT 3

/* An execution that a task run of another one started. Borrowed for the call. */
struct store_link {
    struct slice child;  /* id of the execution that was started */
    struct slice parent; /* id of the execution that started it */
    struct slice run;    /* id of the parent's task run */
};

/* An execution that a log line names. Borrowed for the call; p NULL: the line does not tell. */
struct store_name {
    struct slice execution;
    struct slice tenant, namespace, flow;
};

/* What a runner's table knows of a task run. Borrowed for the call. */
struct store_run {
    enum run_fact what;
    struct slice  id;   /* of the task run; of the execution when it is delayed as a whole */
    struct slice  date; /* of RUN_DUE; p NULL: none */
};

typedef void (*store_run_fn)(void *ctx, const struct store_run *run);
typedef void (*store_link_fn)(void *ctx, const struct store_link *link);
typedef void (*store_name_fn)(void *ctx, const struct store_name *name);
/* id: one of those that were asked for. */
typedef void (*store_time_fn)(void *ctx, struct slice id, struct instant at);

struct store_reader {
    /* Add documents to `into` until it is full or none are left; *end is set with the last ones. */
    bool (*read)(struct store_reader *r, struct batch *into, bool *end, struct err *err);
    void (*cancel)(
        struct store_reader *r); /* any thread: a read in progress ends with ERR_STOPPED */
    void (*close)(struct store_reader *r); /* frees r; also when not read to the end */
};

struct store {
    /* Product, version, identity, Flyway history. Before use(). */
    bool (*describe)(struct store *s, struct store_info *out, struct err *err);
    /* Is this there: "table:T", "column:T.C", "member:T.M" (layout.evidence), "member:KIND.M"
     * (layout.hints)? Before use(); the layout, borrowed for the call, says where kinds are. */
    bool (*has)(struct store *s, const struct layout *layout, const char *what, bool *out,
                struct err *err);
    /* From now on read by this layout: its tables and columns exist (else ERR_STORE naming what is
     * missing: half migrated, other band), the snapshot is taken and held. Borrowed until close. */
    bool (*use)(struct store *s, const struct layout *layout, struct err *err);
    bool (*count)(struct store *s, const struct store_query *q, struct store_counts *out,
                  struct err *err);
    /* Open 1..max readers that together hand out every selected document once. */
    bool (*open_readers)(struct store *s, const struct store_query *q, size_t max,
                         struct store_reader **out, size_t *n, struct err *err);
    /* Servers in a live state, with the age of their heartbeat; other_clients: connections of
     * Kestra's driver other than ours. */
    bool (*servers)(struct store *s, struct store_server *out, size_t *n, unsigned *other_clients,
                    struct err *err); /* out has STORE_MAX_SERVERS entries */

    /* Evidence for verdicts. After use(); by the store's own thread. Tables, columns and indices
     * that are missing are no error, except where it says so. ids: at most STORE_MAX_IDS. */

    /* The newest time of executions (their own histories and those of their task runs, deleted
     * ones left out), triggers (date and updatedDate) and logs. out has STORE_NEWEST_COUNT entries;
     * *n are filled. Of the whole store, whatever the selection. PostgreSQL looks at the 1000 rows
     * with the latest end, start, and the latest start of those pending; a file is read once; a
     * search store is asked now, not in the instant of the reading. A trigger's date is that of a
     * schedule: it may lie ahead of all else. */
    bool (*newest)(struct store *s, struct store_newest *out, size_t *n, struct err *err);
    /* Which task run started which execution, of these PARENTS: fn is called for each link that is
     * known, a link perhaps more than once, in no order. PostgreSQL: the links of children that
     * have not ended (workertaskexecutions up to 0.13, subflow_executions from 0.14; the same
     * instant as the reading). Search stores and files: log lines that tell of it, of children in
     * any state, so ask only when logs are to be looked at (--with-logs); without an index of logs
     * ERR_STORE. NULL in stores that have none. */
    bool (*links)(struct store *s, const struct slice *parents, size_t n, store_link_fn fn,
                  void *ctx, struct err *err);
    /* The newest time of log lines of these executions that name a task run (D01; other lines prove
     * nothing): fn once for each that has such lines; search stores: cut to ms. As links() for the
     * rest; in PostgreSQL without a table of logs nothing is told. */
    bool (*log_newest)(struct store *s, const struct slice *ids, size_t n, store_time_fn fn,
                       void *ctx, struct err *err);

    /* The executions that log lines of task runs name (D02), of lines that are not older than
     * `since`, of every tenant and namespace: fn once or more often for each, in no order. Without
     * an index of logs ERR_STORE. NULL in stores whose executions cannot be older than their logs
     * (PostgreSQL). */
    bool (*log_names)(struct store *s, struct instant since, store_name_fn fn, void *ctx,
                      struct err *err);

    /* All that the tables of a JDBC runner know of task runs, in no order: those that a worker has
     * (worker_job_running, from 0.12), results that its executor has not seen (queues), and delays
     * (executordelayed). They hold what was under way when it stopped, and nothing where Kafka was
     * the queue. NULL in other stores. */
    bool (*runs)(struct store *s, store_run_fn fn, void *ctx, struct err *err);

    void (*close)(struct store *s);
    size_t                    n_places; /* after use(); 0: the store has tables, or is a file */
    const struct store_place *places;
    bool                      has_links; /* after use(): links() reads tables, not logs */
    bool finds_parents; /* after use(): executions are indexed by the parent that started them */
    /* After use(): while one reader is open there can be no other, or only at the price of reading
     * everything once more. */
    bool sequential;
    char snapshot[96]; /* valid after use(): names the instant that is read; "": it has no name.
                          PostgreSQL: the exported snapshot. Points in time: a hash of their ids */
    uint64_t max_rate; /* the caller's: bytes of values a second that a pipeline takes; 0: any */
    char     grade;    /* valid after use(); a search store's may fall while it is read from */
    int64_t window_ns; /* grade C: the longest time between opening a kind's first and last slice */
};

/* What a URL names, by its scheme alone. */
enum store_type {
    STORE_UNKNOWN,
    STORE_POSTGRES, /* postgres://, postgresql:// */
    STORE_SEARCH,   /* http://, https:// */
    STORE_FILE,     /* file: */
    STORE_TYPE_COUNT,
};

enum store_type store_type_of(const char *url); /* NULL is allowed */

/* Open the store that conf->url names: connect, nothing else. conf is borrowed until close. */
MUST_CHECK bool store_open(const struct store_conf *conf, struct store **out, struct err *err);
/* lib/store/postgres.c, lib/store/elastic.c, lib/store/filestore.c */
MUST_CHECK bool postgres_open(const struct store_conf *conf, struct store **out, struct err *err);
MUST_CHECK bool elastic_open(const struct store_conf *conf, struct store **out, struct err *err);
MUST_CHECK bool file_open(const struct store_conf *conf, struct store **out, struct err *err);

#endif
