/*
 * execution_options.h - the options of executions: which are sent, which are rewritten, which are
 * listed. Inside of options.h's module.
 */
#ifndef REQUEUE_EXECUTION_OPTIONS_H
#define REQUEUE_EXECUTION_OPTIONS_H

#include "cli/options.h"

/* Refuse what contradicts itself, as it was said: once, before anything is derived. ERR_USAGE. */
MUST_CHECK bool execution_options_check(const struct config *conf, struct err *err);

/* Derive the scope's executions, unlock, recover, max_age_s, now and with_logs, the filters and
 * --lost-at. ERR_USAGE: a time that is none, a name that no verdict and no code has. */
MUST_CHECK bool execution_options_derive(struct config *conf, struct err *err);

#endif
