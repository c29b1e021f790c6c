/*
 * staging_options.h - --neutral, --staging and the seed.
 */
#ifndef REQUEUE_STAGING_OPTIONS_H
#define REQUEUE_STAGING_OPTIONS_H

#include "cli/options.h"

/* Read rules and seed into conf->scope.project.staging (owned by conf; NULL without staging; not
 * bound to a layout yet), and set the options that follow: executions, locks. ERR_USAGE. */
MUST_CHECK bool staging_options_derive(struct config *conf, struct err *err);

/* The same for the command mask, whose rules are an operand. */
MUST_CHECK bool staging_options_mask(struct config *conf, struct err *err);

/* In the layout's words; once it is chosen. */
MUST_CHECK bool staging_options_bind(const struct config *conf, const struct layout *layout,
                                     struct err *err);

#endif
