/*
 * repair.h - what `requeue repair` reads, decides and tells (design part 7). No I/O but the reading
 * of the list; decisions are pure.
 *
 * The list is what a report names: NAME.differences.jsonl, an item a line. The report may be old,
 * so an item says only which key to look at: what is done is decided by the difference that verify
 * finds now. `rebuild --resume` decides by the same function.
 */
#ifndef REQUEUE_REPAIR_H
#define REQUEUE_REPAIR_H

#include "lib/base/json.h"
#include "verify/verify.h"

enum repair_action {
    REPAIR_KEEP,      /* nothing may be sent; why says it */
    REPAIR_SEND,      /* the store's record, to the key's partition */
    REPAIR_TOMBSTONE, /* a null value, to the key's partition */
    REPAIR_ACTION_COUNT,
};

/* Why a difference stays. */
enum repair_why {
    REPAIR_WHY_NONE,      /* it does not; after sending: it was sent, and still differs */
    REPAIR_WHY_EXPLAINED, /* an audit explains it: Kestra's own life */
    REPAIR_WHY_NEWER,     /* the topic is newer than the store */
    REPAIR_WHY_EXECUTION, /* an execution that the topic has: the executor acts on every record */
    REPAIR_WHY_AUDIT,     /* an audit expects ended executions too, which nothing should start */
    REPAIR_WHY_STRAY,     /* a record in a partition that is not its key's */
    REPAIR_WHY_EXTRA,     /* the store does not have it */
    REPAIR_WHY_TOMBSTONE, /* the same of a trigger: --allow-tombstones deletes it */
    REPAIR_WHY_UNSURE,    /* the same, but the store may have it: documents were left out */
    REPAIR_WHY_KEYLESS,   /* a record without a key that could be sent over */
    REPAIR_WHY_SCOPE,     /* its kind is not among those of this run */
    REPAIR_WHY_COUNT,
};

const char *repair_why_name(enum repair_why why); /* one word, for the report */
const char *repair_why_text(enum repair_why why); /* for a person */

struct repair_decision {
    enum repair_action action;
    enum repair_why    why; /* of REPAIR_KEEP; also of what is sent and differs all the same */
};

/* What is known beside the difference. */
struct repair_may {
    int  partitions; /* of the topic */
    bool tombstones; /* --allow-tombstones */
    bool unsure; /* documents of the kind were left out or skipped: an extra key may be theirs */
    bool audit;
};

/* What to do about a difference that is there now. For executions only missing ones are sent. */
struct repair_decision repair_decide(const struct difference *d, const struct repair_may *may);

/* One line of the report. */
struct repair_item {
    enum kind kind;
    enum difference_class class; /* as the report has it */
    struct slice           key;  /* p NULL: a record without a key */
    int32_t                partition;
    int64_t                offset;  /* -1: no record */
    bool                   differs; /* still, before anything was sent */
    bool                   stays;   /* it differs after the proof, or may not be looked at */
    struct repair_decision decision;
};

struct repair_list {
    struct arena       *arena; /* keys and topics */
    struct repair_item *items;
    size_t              n;
    size_t              capacity;
    uint64_t            repeated;           /* lines that name a key once more */
    struct keyset      *keys[KIND_COUNT];   /* NULL: the kind is not named */
    struct keyset      *places[KIND_COUNT]; /* of undecodable records */
    const char         *topics[KIND_COUNT]; /* as the lines say */
};

/* The lines of a file (gzip is read, too). ERR_USAGE: FILE:NUMBER and what is wrong there. The list
 * is to be released in any case. */
MUST_CHECK bool repair_list_read(const char *path, struct repair_list *out, struct err *err);
/* One line more; the error does not say where. */
MUST_CHECK bool repair_list_add(struct repair_list *l, struct slice line, struct arena *scratch,
                                struct err *err);
void            repair_list_release(struct repair_list *l); /* an all-zero one is allowed */

size_t repair_list_bytes(const struct repair_list *l); /* held from the system */

/* The item that names a difference; NULL: none does. */
struct repair_item *repair_list_find(const struct repair_list *l, const struct difference *d);

/* The items of a line of the table: of one kind and class. */
struct repair_counts {
    uint64_t named;
    uint64_t right; /* they did not differ any more */
    uint64_t send;
    uint64_t tombstones;
    uint64_t kept;
    uint64_t stay; /* differ in the end; only after an execution */
};

/* class DIFF_CLASS_COUNT: of all classes; kind KIND_COUNT: of all kinds. */
struct repair_counts repair_count(const struct repair_list *l, enum kind kind,
                                  enum difference_class class);
/* Items of a kind that are left with that reason: kept, or (executed) staying. */
uint64_t repair_left(const struct repair_list *l, enum kind kind, enum repair_why why,
                     bool executed);

/* The report that NAME.differences.jsonl lies beside: "NAME.json", else "NAME" when that is there;
 * NULL: none. Owned by the caller (mem_free). */
char *repair_report_of(const char *differences);

#endif
