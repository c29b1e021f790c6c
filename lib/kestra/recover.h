/*
 * recover.h - the rewritten form of an execution that Kestra alone would never bring back.
 *
 * The remedies of kestra/restartability.md 2.6 with the corrections and the FAILED rule of
 * kestra/seen-on-real-kestra.md B.3, the choice for each execution as in B.6. The document is
 * spliced: only the named members change, all other bytes stay.
 *
 * By the state of the execution:
 *
 * - CREATED, RESTARTED that resume: sent as they are.
 * - CREATED with task runs, RUNNING: R-wrap, state RESTARTED and a history entry (safe). Besides:
 *   - a lost task, a lost Worker: RESTARTED, and what is below the Worker is dropped; or FAILED
 *     (all);
 *   - a FAILED child of a Parallel: two or more open siblings become FAILED with it (safe);
 *   - a waiting call with a child: linked, or finished when the child has ended (all);
 *   - a task that is RETRYING: CREATED again (all);
 *   - an end that its first pass computes with tasks open: these may run twice (all).
 * - PAUSED with a delay: the Pause is armed again (all). By hand: never sent.
 * - KILLING that is stuck: all that is open becomes KILLED (all).
 * - Ended, with an open listener: its task runs are dropped (safe when none can have begun).
 * - QUEUED: never sent, only Kestra's API lets it out.
 *
 * A call whose child cannot be told for certain, an answer that needs rendered outputs, a document
 * without any date are left as they are and not sent. duration, startDate and endDate of a state
 * stay: Kestra computes them from the histories and reads none of them (data-model 5.3).
 *
 * The date of an appended history is the newest date that the document already has (its bytes as
 * they are spelled): so a rewritten document depends on nothing but the store, and verify can
 * expect it at any later time. Pure.
 */
#ifndef REQUEUE_RECOVER_H
#define REQUEUE_RECOVER_H

#include "lib/kestra/verdict.h"

enum recover_mode {
    RECOVER_NONE, /* documents are sent as they are */
    RECOVER_SAFE, /* where no task was lost: no task runs twice as far as the store is current */
    RECOVER_ALL,  /* also what has a price */
};
enum lost_mode { LOST_RERUN, LOST_FAIL };

struct recover_options {
    enum recover_mode mode;
    enum lost_mode    lost;
};

/* One changed member, for people and for the report. */
struct change {
    const char  *path; /* JSON pointer in the document as it was: "/taskRunList/3/state/current" */
    struct slice before; /* JSON; p NULL: was absent */
    struct slice after;  /* JSON; p NULL: removed */
};

/* A record of the kind subflow-link (restartability 2.6 link-subflow). */
struct link {
    struct slice child;  /* the key: the child's id */
    struct slice parent; /* execution id */
    struct slice value;  /* {taskRun, task, execution}, or the band's form */
};

struct recovery {
    bool           emit;     /* with this mode it goes to the topic */
    bool           changed;  /* value is not the document */
    unsigned       remedies; /* REMEDY_BIT(): those applied */
    uint64_t       hazards;  /* CODE_BIT(): codes whose risk stays (task-may-rerun, ...) */
    struct slice   value;    /* what is sent; borrowed from the document or in the arena */
    size_t         n_changes;
    struct change *changes;
    size_t         n_links;
    struct link   *links;
    const char    *advice; /* what a person can do where no mode helps, for people; NULL: nothing */
};

/* Does the risk of that code stay although the execution comes back? */
bool code_is_hazard(enum code code);

/* What a mode makes of an execution with that finding. A document with finding->poison is never
 * sent. tree: NULL unless facts->revision is REVISION_PRESENT; e has its broken_run and
 * duplicate_run found. Everything in out lives in a, or is borrowed from e and facts. Microseconds
 * for a document of some KB. */
void recover(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
             const struct facts *facts, const struct finding *finding,
             const struct recover_options *options, struct arena *a, struct recovery *out);

/* The lowest mode that brings it back: RECOVER_NONE, SAFE, ALL; -1: none does. */
int recover_needs(const struct layout *l, const struct execution *e, const struct flow_tree *tree,
                  const struct facts *facts, const struct finding *finding, struct arena *a);

#endif
