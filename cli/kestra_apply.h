/*
 * kestra_apply.h - Kestra's own configuration as our options: where it is, and what it sets.
 *
 * Files are -c FILE..., KESTRA_CONFIGURATION (the text itself, as Kestra's containers take it; -c
 * wins over it), and, when there is neither and no --store and no --kafka is given,
 * ~/.kestra/config.yml. Options and REQUEUE_* variables win over all of them, setting by setting.
 */
#ifndef REQUEUE_KESTRA_APPLY_H
#define REQUEUE_KESTRA_APPLY_H

#include "cli/options.h"

/* Fill what is not given in conf, and note where it comes from in conf->origins. given: of
 * opt_parse. conf->kestra owns the texts. ERR_USAGE, "FILE:LINE: ...", without any secret. */
MUST_CHECK bool kestra_apply(struct config *conf, const bool *given, struct err *err);

#endif
