/*
 * age.h - when a document last changed, as far as it says so itself.
 */
#ifndef REQUEUE_AGE_H
#define REQUEUE_AGE_H

#include "lib/base/clock.h"
#include "lib/kestra/kind.h"

/* execution: the newest date of its histories and those of its task runs. trigger: updatedDate,
 * else date. Flows and templates have no such date. False: not known; *out is not touched. */
bool age_of_document(enum kind kind, struct slice value, struct instant *out);

#endif
