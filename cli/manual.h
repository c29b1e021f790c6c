/*
 * manual.h - what is made of the option table for other programs: the manual page and the
 * completion of bash. `make install` installs both; `requeue help man` and `requeue help
 * completion` print them.
 */
#ifndef REQUEUE_MANUAL_H
#define REQUEUE_MANUAL_H

#include "lib/base/buf.h"

void manual_page(struct buf *out);       /* requeue(1) in mdoc: `requeue help man | man -l -` */
void manual_completion(struct buf *out); /* a bash script: . <(requeue help completion) */

#endif
