/*
 * logline.h - a log line as evidence: which task run of which execution it is of, when, and which
 * execution that run started (kestra/restartability.md 1.9, D01).
 *
 * Pure; any thread. Kestra writes one of
 *
 *     Create new execution for flow 'NS'.'FLOW' with id 'ID' from task 'TASK' and taskrun 'RUN'
 *     Created new execution [[link execution="ID" flowId="FLOW" namespace="NS"]]
 *
 * into the log of the parent, with its task run beside the message. The message's own task run is
 * not looked at.
 */
#ifndef REQUEUE_LOGLINE_H
#define REQUEUE_LOGLINE_H

#include "lib/base/clock.h"
#include "lib/kestra/document.h"

struct log_line {
    struct slice   execution;
    struct slice   run;
    struct slice   child;                   /* p NULL: it tells of none */
    struct slice   tenant, namespace, flow; /* of the execution; p NULL: not told */
    bool           has_time;
    struct instant at;
};

/* False: it names no execution or no task run, so it is evidence of nothing; or it is no JSON
 * object. Slices are borrowed from the document or live in a. */
bool log_line_read(const struct document *doc, struct arena *a, struct log_line *out);

#endif
