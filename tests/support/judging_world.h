/*
 * judging_world.h - a dump as the store, judged as a run judges it, for tests.
 *
 * Main thread only. What goes wrong fails the test.
 */
#ifndef REQUEUE_JUDGING_WORLD_H
#define REQUEUE_JUDGING_WORLD_H

#include "tests/support/file_world.h"
#include "tests/support/test.h"

#include "lib/store/judging.h"

#define BASH        "io.kestra.core.tasks.scripts.Bash"
#define FLOWS_CLASS "io.kestra.core.tasks.flows."

#define STARTED_BY(parent)                                                                         \
    "\"trigger\":{\"id\":\"call\",\"type\":\"" FLOWS_CLASS                                         \
    "Flow\",\"variables\":{\"executionId\":\"" parent "\"}},"

struct world {
    struct file_world   *files;
    struct scope         scope;
    struct survey        survey;
    struct judging_stats stats;
    struct err           err;
    struct buf           told;     /* a line for each execution, in no order */
    struct buf           locks;    /* a line for each lock */
    uint64_t             codes;    /* of all executions */
    bool                 parallel; /* as a store that can be asked while it is read */
};

/* Fixture: band A, executions RESUMABLE, unlock DEAD; nothing is written yet. */
int judging_setup(void **state);
int judging_teardown(void **state);
#define JUDGING_TEST(f) cmocka_unit_test_setup_teardown(f, judging_setup, judging_teardown)

/* ---- what is in the store; everything is of namespace n ---- */

void flow(struct world *w, const char *id, int revision, const char *tasks);
void two_steps(struct world *w, const char *id); /* of tasks a and b */
/* runs: of taskRunList; more: members before the state, with a comma behind. */
struct slice write_execution(char json[2048], const char *id, const char *flow_id,
                             const char *state, const char *runs, const char *more);
void         execution(struct world *w, const char *id, const char *flow_id, const char *state,
                       const char *runs, const char *more);
const char  *run_of(const char *task, const char *state); /* "r-TASK"; the last four are valid */
/* RUNNING, with that task run; NULL: with none. */
void pending(struct world *w, const char *id, const char *flow_id, const char *task,
             const char *state);
void trigger(struct world *w, const char *id, const char *members); /* of the flow f */

/* ---- the run ---- */

bool run(struct world *w);
void must_run(struct world *w);
void says(const struct buf *told, const char *line); /* that line is among them */

unsigned lines(const struct buf *told);
/* The records of a kind as the topics would have them, "key=value" lines. */
const char *records(struct world *w, enum kind kind);

#endif
