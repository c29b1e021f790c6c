/*
 * recover_world.h - an execution, its flow and what is known about it, for tests of recovery.
 *
 * A document is built from a table of task runs, so a test says only what matters. The finding is
 * made by hand: the role of each run from its task and its state, the verdict BLOCKED, and codes to
 * match, unless the test sets them; or verdict_of() makes it.
 */
#ifndef REQUEUE_RECOVER_WORLD_H
#define REQUEUE_RECOVER_WORLD_H

#include "lib/kestra/recover.h"
#include "tests/support/test.h"

#define WORLD_MAX_RUNS     64
#define WORLD_MAX_CHILDREN 8
#define WORLD_MAX_PAST     12

struct world_run {
    char        id[16];
    size_t      number; /* the milliseconds of its dates; of the execution: 0 */
    const char *task;
    const char *parent;                /* the run's id; NULL: top level */
    const char *value;                 /* NULL: none */
    const char *past[WORLD_MAX_PAST];  /* states of the histories */
    const char *dates[WORLD_MAX_PAST]; /* NULL: one that grows with the run */
    size_t      n_past;                /* 0: no member `histories` */
    const char *current;
    const char *attempt; /* state of its only attempt; NULL: no attempts */
    const char *attempt_past;
    const char *extra; /* further members: "\"outputs\":{}"; NULL: none */
};

struct recover_world {
    struct arena     *arena;
    struct layout    *layout; /* shared, never freed */
    struct flow_tree *tree;
    bool              spaced; /* as jsonb spells documents */
    bool              runs_first;
    struct world_run  execution; /* current and histories only */
    size_t            n_runs;
    struct world_run  runs[WORLD_MAX_RUNS];
    size_t            n_children;
    struct child      children[WORLD_MAX_CHILDREN];

    bool         real;  /* verdict_of() judges */
    uint64_t     codes; /* by hand: besides those that the roles give */
    enum verdict verdict;
    bool         poison;
    bool         taken;
    struct facts facts;

    struct slice     doc;
    struct execution before;
    struct run_note  notes[WORLD_MAX_RUNS];
    struct finding   finding;
    struct recovery  r;
    struct execution after; /* r.value, read again */
};

/* flow: the members of a flow after id, namespace, revision: "\"tasks\":[...]". band: a layout. */
struct recover_world *world_new(const char *band, const char *flow);
void                  world_free(struct recover_world *w);
void                  world_execution(struct recover_world *w, const char *state);

/* A run with the usual histories: CREATED, and RUNNING and the state where they come before. */
struct world_run *world_run(struct recover_world *w, const char *id, const char *task,
                            const char *parent, const char *state);
struct child     *world_child(struct recover_world *w, const char *id, const char *task,
                              enum state state);

/* The finding that a world makes, of any execution; notes has room for all its runs. */
void finding_by_hand(const struct flow_tree *tree, const struct execution *e,
                     struct run_note *notes, struct finding *out);

/* Build, read and judge the document; then recover. */
void world_judge(struct recover_world *w);
void world_recover(struct recover_world *w, enum recover_mode mode, enum lost_mode lost);
int  world_needs(struct recover_world *w); /* after world_judge() */

/* The document of the table as it is now, in the arena. */
struct slice world_document(struct recover_world *w);

/* "RESTARTED p:RUNNING x:FAILED" of an execution; a value as x[v1]. In the arena. */
const char *world_states(struct recover_world *w, const struct execution *e);
/* "/state/current: \"RUNNING\" -> \"RESTARTED\"\n" for each change. */
const char *world_changes(struct recover_world *w);

/* Recover, and compare world_states() of the result; NULL: it must not be emitted. */
void world_expect(struct recover_world *w, enum recover_mode mode, enum lost_mode lost,
                  const char *states);

#define LEAF(id) "{\"id\":\"" id "\",\"type\":\"io.kestra.core.tasks.scripts.Bash\"}"
#define FLOWABLE(id, class, tasks)                                                                 \
    "{\"id\":\"" id "\",\"type\":\"io.kestra.core.tasks.flows." class "\",\"tasks\":[" tasks "]}"
#define FLOWABLE_WITH(id, class, more, tasks)                                                      \
    "{\"id\":\"" id "\",\"type\":\"io.kestra.core.tasks.flows." class "\"," more                   \
                                                                      ",\"tasks\":[" tasks "]}"
#define TASKS(tasks) "\"tasks\":[" tasks "]"

#endif
