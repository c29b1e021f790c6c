/*
 * opt_value.h - the values of options: from text into the caller's struct. Inside of opt.h's
 * module.
 *
 * where: where the text comes from, for messages ("option --jobs"). Errors: ERR_USAGE. Texts are
 * borrowed.
 */
#ifndef REQUEUE_OPT_VALUE_H
#define REQUEUE_OPT_VALUE_H

#include "lib/base/opt.h"

/* text: the argument; NULL for a flag or an alias that is set. A list gets one item more. */
MUST_CHECK bool opt_set_value(const struct opt *o, const char *where, const char *text, void *field,
                              struct err *err);

/* The value of an option that nobody set and that has no default. */
void opt_clear_value(const struct opt *o, void *field);

/* One item more; a full list is an error. */
MUST_CHECK bool opt_add_item(struct opt_list *list, const char *where, const char *text,
                             struct err *err);

#endif
