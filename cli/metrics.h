/*
 * metrics.h - what a run tells Prometheus, by way of the node exporter's textfile collector
 * (--metrics-textfile FILE.prom).
 *
 * requeue_progress_* is of the run that goes on; requeue_last_* of the last one that ended: while a
 * run goes on they stay as the file had them, so that no alert is lifted by a new attempt. The time
 * of the last success lives in the file only, one file a command. The file is replaced whole
 * (written beside it, then renamed), may be read by everybody, and holds no word of a document.
 *
 * Locality: the supervisor, but metrics_take(), which the command's thread calls before it ends.
 */
#ifndef REQUEUE_METRICS_H
#define REQUEUE_METRICS_H

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

#define METRICS_EVERY_NS 10000000000LL

struct run;
struct session;

struct metrics {
    const char    *path;    /* NULL: nobody wants them */
    const char    *command; /* "verify" */
    struct buf     last;    /* the requeue_last_* of the file, as they are */
    struct buf     result;  /* of this run; empty until metrics_take() */
    double         success; /* seconds since 1970; 0: none yet */
    struct instant started;
    int64_t        started_ns;
    int64_t        written_ns;
};

/* Read what the file has, and write it anew: a run has begun. ERR_OUTPUT. */
MUST_CHECK bool metrics_open(struct metrics *m, const char *path, const char *command,
                             struct err *err);
/* Write progress, when it is time. A failure shows at the end. */
void metrics_tick(struct metrics *m, struct session *s, int64_t now);
void metrics_take(struct metrics *m, const struct run *r);
/* The run has ended with that exit status. ERR_OUTPUT. Frees in any case. */
MUST_CHECK bool metrics_close(struct metrics *m, int exit_status, struct err *err);

#endif
