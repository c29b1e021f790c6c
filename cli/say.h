/*
 * say.h - what is said to the person: a result on stdout, an error with its hint on stderr.
 */
#ifndef REQUEUE_SAY_H
#define REQUEUE_SAY_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* One line, and one for the hint. Having been asked to stop is told as a warning. */
void say_error(const struct err *err);

/* Write a result to stdout. False when that is not possible, which is told, too; except that the
 * reader of a pipe who has left wants no more. */
MUST_CHECK bool say_result(struct slice text);

#endif
