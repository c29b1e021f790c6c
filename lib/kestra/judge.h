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
#include "lib/kestra/key.h"
#include "lib/kestra/recover.h"
#include "lib/kestra/scope.h"

struct judge;

/* What a run knows of its source. */
struct judge_source {
    bool        exact;     /* facts.exact */
    const char *tenant;    /* whose flows were surveyed; NULL: of all, "": of none */
    const char *namespace; /* NULL: all; N stands for N and N.* */
};

/* layout, options and flows are borrowed. flows: filled. newest: NULL unless known; the newest
 * history date of the store, which --now overrides. */
struct judge *judge_new(const struct layout *l, const struct project_options *options,
                        const struct judge_source *source, const struct flow_index *flows,
                        const struct instant *newest);
void          judge_free(struct judge *j); /* NULL is allowed */

/* ---- filling ---- */

/* A revision's JSON, as the store has it; p NULL: it is not there. Copied. */
void judge_add_revision(struct judge *j, struct slice key, struct slice json);
/* Keys of templates that the revisions of JUDGE_NEEDS_TEMPLATES name and that are not added yet, by
 * and by: NULL when there are no more. Borrowed until judge_free. */
bool judge_next_template(struct judge *j, struct slice *key);
void judge_add_template(struct judge *j, struct slice key, struct slice json); /* likewise */
/* A child of a waiting parent, once: everything is copied. */
void judge_add_child(struct judge *j, struct slice parent, const struct child *child);
/* The task run that started a child. False: that child was not added, nothing is changed. */
bool judge_add_link(struct judge *j, struct slice parent, struct slice child, struct slice run);
/* From now on the children of all parents are known. */
void judge_children_known(struct judge *j);
/* Parents that still answer JUDGE_NEEDS_CHILDREN are from now on judged as if the child that they
 * wait for did not go back: it waits for them, or is not there any more. */
void judge_stop_waiting(struct judge *j);
/* What a runner's tables know of a task run (id: its own, or of an execution delayed as a whole).
 * date: of RUN_DUE. Everything is copied. */
void judge_add_run(struct judge *j, enum run_fact what, struct slice id, struct slice date);
/* Logs of an execution know more than its document (D01). */
void judge_add_stale(struct judge *j, struct slice id);

/* That revision could not be written to its topic: from now on it is not there, and what names it
 * is never sent. Locks that were judged before stay as they were. key: of its record. */
void judge_lose_revision(struct judge *j, struct slice key);

/* ---- judging ---- */

enum judge_answer {
    JUDGE_DONE,
    JUDGE_NEEDS_REVISION, /* out->wanted is its store key: add it, ask again */
    JUDGE_NEEDS_CHILDREN, /* it waits for subflows: add them all, ask again; or it would be linked
                             to a child that waits itself: ask when that one was kept */
    JUDGE_UNREADABLE,     /* no JSON object: out->detail */
};

struct judgement {
    struct execution        execution;
    struct slice            wanted;
    char                    detail[160];
    const struct flow_tree *tree; /* NULL: missing or unreadable */
    struct facts            facts;
    struct finding          finding;
    struct recovery         recovery;
    bool                    emit;  /* by --executions and --recover */
    struct slice            value; /* then: what is sent */
    bool                    ended; /* terminal: it is not pending */
    bool                    lost;  /* there is no document, only its name (D02) */
    int                     needs; /* recover_needs() */
    bool                    has_age;
    int64_t                 age_s;
};

/* Everything in out is valid until the next call. doc has been neither deleted nor cut. */
enum judge_answer judge(struct judge *j, const struct document *doc, struct judgement *out);

/* The projection will skip what was judged to be sent: it does not go back, whatever its verdict
 * was. why: of the skip, one line. Before it is kept. */
void judge_refuse(struct judgement *j, bool too_large, const char *why);

/* The pass over the executions keeps what later questions need: that it is sent, its links, the
 * tick of its trigger. Once for each. */
void judge_keep(struct judge *j, const struct judgement *of);

/* Is this the first time that the id is asked for? So that what several name is told once. */
bool judge_sees_first(struct judge *j, struct slice id);
/* The judgement on an execution that logs or links name and the store has not (D02). False: it was
 * told before. id is borrowed. */
bool judge_tell_lost(struct judge *j, struct slice id, struct judgement *out);

/* ---- asking later ---- */

/* Which flow revision an execution names, as its JSON spells it. */
struct judge_names {
    struct json_value tenant, namespace, flow, revision;
};

/* Will that revision be in the topic? Needs nothing to be added. */
bool judge_sends_revision(const struct judge *j, const struct judge_names *names);

/* Would this ended execution harm all others, whatever its flow (kestra/restartability.md 1.7), or
 * make no sense? What cannot be read would. Needs nothing to be added; the judgement at hand is
 * gone then. */
bool judge_is_poison(struct judge *j, const struct document *doc);

/* Would the executor do anything but note the end of this ended execution: start a listener, or a
 * task that was left? Only of revisions that were added; names: as the document has them. */
bool judge_goes_on(struct judge *j, const struct judge_names *names, const struct document *doc);

bool judge_is_emitted(const struct judge *j, struct slice id);

/* Is it sent, and not ended by recovery itself (kill-open)? A record that has ended releases no
 * trigger's lock (kestra/restartability.md 2.5, T02). */
bool judge_releases(const struct judge *j, struct slice id);

/* Ended executions that are sent all the same, because a listener of theirs is open
 * (kestra/restartability.md 2.2 E34, E35): at most JUDGE_MAX_ENDED, judge_keep() ignores others. */
#define JUDGE_MAX_ENDED 1000
size_t judge_ended(const struct judge *j, const struct slice **ids);
bool   judge_is_ended(const struct judge *j, struct slice id);

/* The newest tick (trigger.variables.date) that a pending execution of that trigger has; p NULL:
 * none. */
struct slice judge_newest_tick(const struct judge *j, struct slice tenant, struct slice namespace,
                               struct slice flow, struct slice trigger);

/* Links of recovered parents that are sent, in order of judging. */
size_t judge_links(const struct judge *j, const struct link **links);

#endif
