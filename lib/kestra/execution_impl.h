/*
 * execution_impl.h - what the execution*.c files share; no other file includes it.
 */
#ifndef REQUEUE_EXECUTION_IMPL_H
#define REQUEUE_EXECUTION_IMPL_H

#include "lib/kestra/execution.h"

/* Fill big_integer and storage_uri. e->raw is known to be JSON. */
void execution_scan(struct execution *e);

/* Fill duplicate_run, broken_run and the parents of all runs. Linear in the number of runs. */
void execution_link(struct execution *e);

#endif
