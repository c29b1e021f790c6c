/*
 * plan.h - what a rebuild would do: the one planner of plan and rebuild (design part 7).
 *
 * A dry run cannot drift from the real one, because rebuild carries out exactly this struct. Making
 * a plan changes nothing, neither in the store nor in Kafka.
 */
#ifndef REQUEUE_PLAN_H
#define REQUEUE_PLAN_H

#include "lib/kafka/admin.h"
#include "lib/store/judging.h"

/* What to do with topics that hold records (design part 6). */
enum topic_mode {
    MODE_NEW,      /* only empty or absent topics */
    MODE_RECREATE, /* delete and create the selected kinds' topics; needs the cluster's id */
    MODE_APPEND,   /* send behind what is there */
    MODE_RESUME,   /* send what is missing */
};

enum topic_action {
    TOPIC_CREATE,
    TOPIC_USE, /* present, right shape; empty, or append/resume */
    TOPIC_RECREATE,
    TOPIC_REFUSE, /* why is in `note`; the rebuild is refused */
};

struct topic_plan {
    const struct topic_layout *layout;
    const char                *name;
    enum topic_action          action;
    bool                       filled; /* its kind is in scope */
    bool                       exists;
    int                        partitions; /* to be created with, or as it is */
    int                        replication;
    uint64_t                   records;  /* upper bound on what it holds: sum of end - start */
    size_t                     n_drift;  /* configs that differ from the layout */
    struct topic_value        *drift;    /* wanted values */
    const char               **drift_is; /* what they are now; NULL: not set */
    bool                       full;     /* refused because it holds records */
    bool                       alter;    /* drift will be set (--alter) */
    int64_t retention_ms; /* after which the broker deletes records; 0: never by age */
    char    note[256];    /* refusal, or a remark; empty */
};

struct plan_conf {
    struct store            *store;
    const struct store_info *info;
    const struct layout     *layout;
    const struct scope      *scope;
    struct admin            *admin;
    const char              *topic_prefix;
    const char              *consumer_prefix;
    /* For staging: whose topics and consumer groups must not be touched. */
    const char        *production_prefix;
    const char        *production_groups;
    enum topic_mode    mode;
    const char        *confirm; /* --confirm */
    bool               alter;
    bool               kestra_running; /* --kestra-running: do not refuse */
    unsigned           jobs;
    const struct stop *stop;
    struct tally      *tally; /* one: of the pass over the flows */
    skip_fn            on_skip;
    bool               judge;     /* executions and locks: not in an audit, where none is judged */
    judged_fn          on_judged; /* NULL: nobody looks */
    lock_fn            on_lock;
    void              *ctx;
};

#define PLAN_MAX_REFUSALS 64

struct plan {
    struct cluster       cluster;
    size_t               n_topics;
    struct topic_plan   *topics;
    struct topic_plan   *topic_of[KIND_COUNT]; /* NULL: kind not in scope or not in this band */
    struct survey        survey;
    struct judging_stats judged;
    struct store_server  servers[STORE_MAX_SERVERS]; /* live ones, by the store */
    size_t               n_servers;
    unsigned             other_clients;
    size_t               n_groups; /* groups of the layout that have members */
    struct group_state  *groups;
    bool                 groups_known; /* false: some may be hidden from us for want of a right */
    size_t               n_refusals;   /* any: the rebuild is refused, exit 5 */
    const char          *refusals[PLAN_MAX_REFUSALS]; /* one line each, with what to do */
    char                 digest[33]; /* cluster id, topic state and store identity */
    struct strings       reset_groups, reset_changelogs, reset_directories; /* with prefixes */
    struct arena        *arena;                                             /* owns the above */
};

/* Two minutes: a heartbeat older than that is not a running server (design part 7). */
#define PLAN_HEARTBEAT_LIMIT_S 120

MUST_CHECK bool plan_make(const struct plan_conf *conf, struct plan *out, struct err *err);
/* Only look: names, topics as they are, drift, reset list and survey. No rehearsal, no refusals; an
 * absent topic has exists false. For verify, check and topics. */
MUST_CHECK bool plan_observe(const struct plan_conf *conf, struct plan *out, struct err *err);
void            plan_release(struct plan *p); /* an all-zero plan is allowed */

#endif
