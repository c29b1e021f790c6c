/*
 * judge.h - all that a run knows to judge executions: flow trees, children, options; and what it
 * decides for one of them.
 *
 * Filled by lib/store/pending.c before the first record is sent; then project() asks it for each
 * execution and each locked trigger, in rebuild and verify alike, so that what is sent is by
 * construction what is expected. One owner thread at a time. Pure: no I/O.
 *
 * Memory: trees of the revisions that pending executions name (compact), children of waiting
 * parents, 16 to 64 bytes for each emitted execution.
 */
#ifndef REQUEUE_JUDGE_H
#define REQUEUE_JUDGE_H

#include "lib/kestra/document.h"
#include "lib/kestra/flowindex.h"
#include "lib/kestra/recover.h"
#include "lib/kestra/scope.h"

struct judge;

struct judge_options {
    enum executions_mode   executions;
    enum unlock_mode       unlock;
    struct recover_options recover;
    int64_t                max_age_s; /* 0: no limit */
    bool                   has_newest;
    struct instant         newest;     /* --now, or the newest history date of the store */
    uint64_t               record_max; /* 0: the layout's */
    bool                   exact;      /* facts.exact */
    bool                   whole;      /* all tenants and namespaces were surveyed */
};

struct judge *judge_new(const struct layout *l, const struct judge_options *options,
                        const struct flow_index *flows);
void          judge_free(struct judge *j); /* NULL is allowed */
/* Once known: after the pass over the flows, before the first judgement. */
void judge_set_newest(struct judge *j, struct instant newest);

/* ---- filling ---- */

/* The store key of the revision that an execution needs, in out; false: it names none, or that
 * revision will not be in the topic: nothing needs to be read for it. */
MUST_CHECK bool judge_wants(struct judge *j, const struct document *doc, struct buf *key);
bool            judge_has(const struct judge *j, struct slice key);
/* A revision's JSON, as the store has it. p NULL: it is not there after all. */
void judge_add_revision(struct judge *j, struct slice key, struct slice json);
/* Keys of templates that added revisions name and that are not added yet; borrowed until the next
 * call. Trees are built at the first judgement, so add templates before. */
size_t judge_wanted_templates(struct judge *j, const struct slice **keys);
void   judge_add_template(struct judge *j, struct slice key, struct slice json);
/* A child of a waiting parent: everything is copied. */
void judge_add_child(struct judge *j, struct slice parent, const struct child *child);
/* The children of all parents were looked for. */
void judge_children_known(struct judge *j);
/* Logs of an execution know more than its document (D01). */
void judge_add_stale(struct judge *j, struct slice id);

/* ---- judging ---- */

struct judgement {
    struct execution        execution;
    const struct flow_tree *tree; /* NULL: missing or unreadable */
    struct facts            facts;
    struct finding          finding;
    struct recovery         recovery;
    bool                    emit;  /* by --executions and --recover */
    bool                    ended; /* terminal: it has no verdict, only codes */
    int                     needs; /* recover_needs() */
    bool                    has_age;
    int64_t                 age_s;
};

/* Everything in out is valid until the next call. ERR_DATA: the document is no JSON object. */
MUST_CHECK bool judge(struct judge *j, const struct document *doc, struct judgement *out,
                      struct err *err);

/* The pass over the pending executions notes what will be sent; later questions about triggers. */
void judge_note_emitted(struct judge *j, struct slice id);
bool judge_is_emitted(const struct judge *j, struct slice id);

/* ---- links ---- */

/* Links of recovered parents, collected while judging; in order of the child. */
size_t judge_links(const struct judge *j, const struct link **links);

#endif
