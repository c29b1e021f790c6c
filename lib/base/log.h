/*
 * log.h - log lines on stderr: one write(2) a line, control characters replaced by '?'.
 *
 * The one place below cli/ that writes, and only because libraries call back from their own threads
 * (librdkafka's log callback, libpq's notices). Our own modules return errors instead of logging;
 * they may log that they retry. Thread-safe. No secrets: callers scrub.
 */
#ifndef REQUEUE_LOG_H
#define REQUEUE_LOG_H

#include "lib/base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above `level` are dropped. json: one JSON object a line instead of text. Called once,
 * before any thread; the default is LOG_WARN, text. */
void log_setup(enum log_level level, bool json);

void log_msg(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* Write a finished block of text (a progress line, a table) to fd in one piece, so that log lines
 * and progress never interleave. With `transient`, the text is a line that the next write erases
 * first (the redrawn progress line of a terminal). Short writes are continued. 0, or the errno for
 * which not all could be written (which matters for results only); errno itself stays. */
int log_raw(int fd, struct slice text, bool transient);

#endif
