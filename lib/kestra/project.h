/*
 * project.h - projection: a store's document becomes a record, or is left out, or is skipped.
 *
 * The same function for rebuild, verify and plan: what rebuild sends is by construction what verify
 * expects. Pure: bytes in, bytes out, no I/O. The value is the stored JSON as bytes (design part
 * 4): members are cut out and put in by byte range, nothing is printed again. For staging, names in
 * the record's key and its value are those that the copy shall have; what is asked of the store's
 * own key and of the index's identities is asked of the document as it is.
 *
 * Thread-safety: a projector and its judge belong to one thread; layout and index are only read.
 */
#ifndef REQUEUE_PROJECT_H
#define REQUEUE_PROJECT_H

#include "lib/kestra/document.h"
#include "lib/kestra/flowindex.h"
#include "lib/kestra/key.h"
#include "lib/kestra/recover.h"
#include "lib/kestra/staging.h"

enum outcome { PROJECT_RECORD, PROJECT_LEFT_OUT, PROJECT_SKIPPED };

/* By rule, counted per reason, exit status unchanged. The names in reports come from reason_name().
 */
enum reason {
    REASON_NONE,
    /* left out */
    REASON_NOT_SELECTED, /* --executions none, tenant, namespace, time */
    REASON_DELETED,      /* execution with deleted:true; template that is not live */
    REASON_TERMINAL,     /* execution that has ended */
    REASON_VERDICT,      /* execution that would not go on, or would harm others */
    REASON_NEUTRAL,      /* staging: something of the execution would run there */
    REASON_OLD_REVISION, /* flow-last: not the flow's highest revision (not counted in reports) */
    REASON_FLOW_OUT,     /* another revision keeps the whole flow out; that one is named */
    /* skipped: a fault of the document, counted and listed, exit 3 */
    REASON_UNREADABLE,    /* not JSON, not an object */
    REASON_MISSING_FIELD, /* a mandatory member is absent, null or of the wrong type */
    REASON_KEY_MISMATCH,  /* the key built from the members is not the store's key */
    REASON_KEY_COLLISION, /* two documents give one key */
    REASON_TOO_LARGE,     /* above what the layout lets a record be, or what the broker takes */
    REASON_COUNT,
};

const char *reason_name(enum reason reason); /* kebab-case */
bool        reason_is_skip(enum reason reason);

enum executions_mode {
    EXECUTIONS_NONE,
    EXECUTIONS_RESUMABLE, /* pending ones that go on by themselves, or by --recover */
    EXECUTIONS_PENDING,   /* all that have not ended */
    EXECUTIONS_ALL,
};
enum unlock_mode {
    UNLOCK_NONE,
    UNLOCK_DEAD, /* locks whose execution is missing, has ended or is not sent */
    UNLOCK_ALL,
};

struct project_options {
    enum executions_mode   executions;
    enum unlock_mode       unlock;
    struct recover_options recover;
    int64_t                max_age_s; /* pending executions older than that stay out; 0: no limit */
    bool                   has_now;   /* --now */
    struct instant         now;
    struct staging        *staging; /* bound; NULL: documents are not for staging. Borrowed */
};

/* A record before it has an offset. key and value are borrowed: from the document, or from the
 * projector until its next call. */
struct record {
    enum kind              kind;
    struct slice           key;
    struct slice           value;
    const struct document *doc; /* where it came from */
};

struct projection {
    enum outcome  outcome;
    enum reason   reason;
    struct record record;       /* for PROJECT_RECORD */
    bool          locked;       /* trigger: a lock member is set */
    bool          was_unlocked; /* and was blanked */
    char          detail[256];  /* skipped: one line on what is wrong */
    /* flow: for the index; empty when it could not be read */
    struct slice flow_key;      /* the flow-last key */
    struct slice flow_identity; /* see flow_index_add */
    int64_t      revision;      /* INT64_MAX: cannot be read, and may be the highest */
    unsigned     flow_flags;    /* FLOW_DELETED, FLOW_DISABLED */
};

struct projector;
struct judge; /* lib/kestra/judge.h */

/* index: NULL while the first pass over the flows fills it (then no flow is kept out). judge: asked
 * for each execution that could be sent and each trigger's lock; NULL: executions are sent as
 * EXECUTIONS_PENDING says, and no lock is dead. Both are borrowed. */
struct projector *projector_new(const struct layout *layout, const struct project_options *options,
                                const struct flow_index *index, struct judge *judge);
struct judge     *projector_judge(const struct projector *p);
/* This pass only looks: what it does for staging is neither counted nor told. */
void projector_quiet(struct projector *p);
void projector_free(struct projector *p); /* NULL is allowed */

/* Fill *out. Everything in it is valid until the next call with p, and as long as doc lives. */
void project(struct projector *p, enum kind kind, const struct document *doc,
             struct projection *out);

#endif
