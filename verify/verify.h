/*
 * verify.h - do the topics say what the store says? Exactly, key by key (design part 8).
 *
 *   store -> project -> digest sink -> side \
 *                                            compare -> differences -> explain -> told one by one
 *   topic -> fold    -> digest      -> side /
 *
 * Before that a first look at the topic settles what has the store's very bytes (glance.h): only
 * the rest is folded and compared.
 *
 * Two uses. verify_kind(): the store is read now, digests are canonical (lib/kestra/compare.h).
 * verify_proof(): the expectation was collected while a rebuild sent it, digests are of raw bytes,
 * the store is not read again; only keys that differ are looked up, to say how.
 *
 * Memory: verify_conf.memory for both sides, their sums and the differences; what does not fit is
 * spilled (lib/base/spill.h). Reading the store and the topic takes its own, which does not
 * grow with either.
 *
 * Never prints. Errors come back; differences are told through a callback in one thread.
 */
#ifndef REQUEUE_VERIFY_H
#define REQUEUE_VERIFY_H

#include "lib/base/keyset.h"
#include "lib/base/side.h"
#include "lib/kafka/admin.h"
#include "lib/kafka/consumer.h"
#include "lib/kestra/compare.h"
#include "lib/store/survey.h"
#include "verify/sums.h"

/* One per key, the first that fits, in this order. */
enum difference_class {
    DIFF_UNDECODABLE, /* no key, key not UTF-8, value not an object */
    DIFF_DUPLICATED,  /* live in its own partition and in another; in a proof also: one execution
                         key, several  records */
    DIFF_MISPLACED,   /* live only in another partition */
    DIFF_MISSING,
    DIFF_EXTRA,
    DIFF_STALE, /* the topic has an older one: comparer_stale */
    DIFF_CHANGED,
    DIFF_CLASS_COUNT,
};

const char *difference_name(enum difference_class c);

/* Told once per key. All borrowed for the call. */
struct difference {
    enum kind kind;
    enum difference_class class;
    struct slice key;    /* p NULL: a record without a key */
    struct slice tenant; /* of the entity, when one side could be read; else p NULL */
    struct slice namespace;
    struct slice id;
    const char  *table; /* or index: with key the store's address; NULL: not in the store */
    const char  *topic;
    int32_t      partition;               /* where the record is, or where it should be (missing) */
    int64_t      offset;                  /* -1: no record */
    const struct value_difference *paths; /* changed and stale */
    size_t                         n_paths;
    bool                           more_paths;
    bool newer; /* the topic's value is newer than the store's: comparer_newer. Looked at
                   for changed records in an audit, and for changed and misplaced ones
                   with find_newer */
    const char    *explained;    /* audit: name of the rule; NULL: not explained */
    struct digest  stored;       /* what the store's side expects; zero: no such key */
    int64_t        topic_ms;     /* with find_ages: when the record was written; -1: not known */
    bool           has_store_at; /* with find_ages: the document's newest date is known */
    struct instant store_at;
};
typedef bool (*difference_fn)(void *ctx, const struct difference *d, struct err *err);

/* What one partition or topic held, as the last reading of it found it. */
struct fold_stats {
    uint64_t records; /* read */
    uint64_t tombstones;
    uint64_t superseded; /* an older record of a key that came again: no difference */
    uint64_t same_bytes; /* records that were settled by the first look: no digest was made */
    uint64_t bytes;      /* of values */
    uint64_t keys;       /* live ones */
    int64_t  span;       /* sum over partitions of end - start: never used as a count, only shown */
};

/* Records that retention or DeleteRecords removed while a topic was read: what was compared is no
 * longer there. (When they are removed ahead of the reading, that is an error: consumer.h.) */
struct log_gap {
    uint64_t partitions; /* whose log start moved; 0: none */
    int64_t  offsets;    /* between their starts before and after, in all */
    int32_t  first;      /* one of them */
    int64_t  from, to;   /* its log start when the ends were captured, and when they were reached */
};

struct verify_result {
    uint64_t          expected; /* keys the store side has */
    struct fold_stats topic;
    uint64_t          differences[DIFF_CLASS_COUNT]; /* not explained */
    uint64_t          explained[DIFF_CLASS_COUNT];
    uint64_t          outside;        /* live keys of the topic that a partial scope leaves out */
    uint64_t       open_transactions; /* partitions whose last stable offset stayed below the end */
    struct log_gap gap;
    const struct partition_ends
            *log;          /* during verify_topic: where each partition begins and ends */
    size_t   memory_bytes; /* of both sides, at their largest */
    uint64_t disk_bytes;   /* of all runs, at the most */
    int64_t  topic_ns;     /* reading the topic */
    int64_t  topic_cpu_ns; /* of all threads meanwhile */
    int64_t  compare_ns;   /* comparing, and looking up what differs */
};

uint64_t verify_differences(const struct verify_result *r); /* sum, explained ones not counted */

struct verify_conf {
    struct store            *store;
    const struct layout     *layout;
    const struct scope      *scope;
    const struct survey     *survey; /* its flow index */
    const struct kafka_conf *kafka;
    struct admin            *admin;
    unsigned                 jobs;
    size_t                   memory; /* bytes, see above */
    struct spill            *spill;
    const struct stop       *stop;
    bool                     audit; /* explain what Kestra's own life produces */
    bool keys_only_ours;            /* partial scope, or append: other keys are no `extra` */
    bool no_lookups; /* tell keys and classes only: nothing is read again, `stale` is told
                        as `changed`, tenant, namespace, id and paths stay empty */
    bool                 find_newer; /* difference.newer is wanted */
    bool                 find_ages;  /* difference.topic_ms and store_at are wanted */
    bool                 by_id;      /* with `only`: the store is asked for these keys, not read */
    const struct keyset *only; /* NULL, or the keys to compare: all others are passed over on both
                                  sides and not counted (repair). Records without a usable key are
                                  told all the same. */
    const char *const    *places; /* of each kind in the store, for addresses; NULL: its tables */
    const char           *topics[KIND_COUNT]; /* names with prefix */
    int                   partitions[KIND_COUNT];
    int64_t               retention_ms[KIND_COUNT]; /* of the topics; 0: nothing ages out */
    struct kind_sums     *sums;  /* KIND_COUNT of them, filled by verify_topic; NULL: not wanted */
    struct tally         *tally; /* of the store side, KIND_COUNT of them */
    atomic_uint_fast64_t *consumed; /* records read from topics so far, for progress */
    skip_fn               on_skip;  /* NULL: not wanted */
    difference_fn         on_difference;
    void                 *ctx;
};

/* An empty store's side. */
struct side *verify_side_new(const struct verify_conf *conf);

/* Read the store's side of a kind: projected, canonical digests, partition by key. */
MUST_CHECK bool verify_store_side(const struct verify_conf *conf, enum kind kind, struct side *out,
                                  struct err *err);

/* Compare the store's side with the topic. from: per partition the first offset to read (NULL: the
 * start of the log). raw: the digests of `expected` are of raw bytes and it is a rebuild's proof:
 * more than one record of an execution key is `duplicated`. The ends are captured first and
 * returned in ends (one per partition, may be NULL). */
MUST_CHECK bool verify_topic(const struct verify_conf *conf, enum kind kind, struct side *expected,
                             bool raw, const int64_t *from, struct verify_result *out,
                             struct partition_ends *ends, struct err *err);

#endif
