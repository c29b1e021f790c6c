/*
 * judgements.h - judgements made by hand, for tests of what is told of them.
 */
#ifndef REQUEUE_JUDGEMENTS_H
#define REQUEUE_JUDGEMENTS_H

#include "lib/kestra/judge.h"

/* A judgement with two task runs; everything in it is a constant or in this struct. */
struct judgement_made {
    struct judgement j;
    struct task_run  runs[2];
    struct run_note  notes[2];
    struct change    changes[2];
    struct document  doc;
};

/* A RUNNING execution of flow lab.etl with a lost task: blocked, taskrun-lost and task-may-rerun,
 * one hour old, helped by --recover all. */
void judgement_lost(struct judgement_made *m, const char *id);
/* A CREATED one that resumes. */
void judgement_resumes(struct judgement_made *m, const char *id);
/* One that --recover safe has rewritten (R-wrap), and that is sent. */
void judgement_rewritten(struct judgement_made *m, const char *id, const char *doc);
/* PAUSED by hand: needs-action, no option helps. */
void judgement_paused(struct judgement_made *m, const char *id);

/* One that only logs or links name (D02): there is no document. */
void judgement_named(struct judgement_made *m, const char *id);

#endif
