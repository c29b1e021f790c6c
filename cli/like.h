/*
 * like.h - --like REPORT.json: expect what the run of that report was asked for.
 */
#ifndef REQUEUE_LIKE_H
#define REQUEUE_LIKE_H

#include "cli/options.h"
#include "lib/base/json.h"

/* Put the options of the report c->like that shape the expectation into c, a copy of the given
 * configuration, in place of its own, and derive again. Their words live in a, which is
 * c->selection from then on, and so does what *report gets (report may be NULL): the whole report,
 * for who wants to know of which store and cluster it tells. ERR_USAGE names the file. */
MUST_CHECK bool like_apply(struct config *c, struct arena *a, const struct json_node **report,
                           struct err *err);

#endif
