/*
 * verdict_impl.h - shared by the files that make a verdict; nobody else includes it.
 *
 *   verdict.c          the whole: which way a document goes, the worst code
 *   verdict_document.c what the document alone tells: broken, poison, too large, old
 *   verdict_runs.c     task runs that are open: their roles, what becomes of them
 *   verdict_call.c     calls of subflows and their children
 */
#ifndef REQUEUE_VERDICT_IMPL_H
#define REQUEUE_VERDICT_IMPL_H

#include "lib/kestra/step.h"
#include "lib/kestra/verdict_rules.h"

struct look {
    const struct layout    *l;
    const struct execution *e;
    const struct flow_tree *t; /* NULL: not there */
    const struct facts     *f;
    struct arena           *a;
    struct finding         *out;

    struct step step;      /* once t is there and the document is sound */
    bool        listening; /* it has ended: only its listeners are looked at */
    size_t      by_role[ROLE_COUNT];
    size_t      moot_open; /* open leaves whose flowable ends whatever they do */
    uint8_t    *progress;  /* by task, enum progress; NULL: nobody asked yet */
    bool        paused;    /* it is PAUSED */
    bool        ends;      /* its first pass computes its end; to become PAUSED is none */
};

/* How far a task is, over all its task runs. */
enum progress { TASK_TO_COME, TASK_OPEN, TASK_DONE };

static inline void give(struct look *k, enum code code)
{
    k->out->codes |= CODE_BIT(code);
}

static inline void fits(struct look *k, enum row row)
{
    row_add(&k->out->rows, row);
}

static inline void cure(struct look *k, enum remedy remedy)
{
    k->out->remedies |= REMEDY_BIT(remedy);
}

static inline bool given(const struct look *k, enum code code)
{
    return (k->out->codes & CODE_BIT(code)) != 0;
}

/* verdict_runs.c; after the step was made. */
enum progress progress_of(struct look *k, uint32_t task);

/* The finding's line for people; the first one stays. */
void detail(struct look *k, const char *fmt, ...) PRINTF(2, 3);

/* verdict_document.c: false when an executor cannot take it at all. */
bool look_at_document(struct look *k);
void look_at_age(struct look *k);

/* verdict_runs.c: what a runner's tables, or links, know of a task run; never NULL. */
const struct run_known *known_of(const struct look *k, size_t run);

/* verdict_runs.c: after the step was made. */
void look_at_runs(struct look *k);     /* notes and roles */
void look_at_unjoined(struct look *k); /* codes of what is open, by what the first pass registers */
void look_at_pauses(struct look *k);
void look_at_templates(struct look *k);

/* verdict_call.c */
void look_at_targets(struct look *k); /* F09; before what the pass registers is asked */
void look_at_calls(struct look *k);
void look_at_ahead(struct look *k); /* a part of it: of calls that no task run is there for yet */

#endif
