/*
 * store_options.h - the options of the store: which belong to which store, and its secrets.
 */
#ifndef REQUEUE_STORE_OPTIONS_H
#define REQUEUE_STORE_OPTIONS_H

#include "cli/options.h"

/* Refuse options that the store of conf->store has no use for or that contradict each other, and
 * read the files that hold secrets into conf. given: of opt_parse. Errors: ERR_USAGE; none shows a
 * password, a key or the value of a header. */
MUST_CHECK bool store_options_check(struct config *conf, const bool *given, struct err *err);

/* The secret of s in *out, NULL when there is none; into: room for that of a file. */
MUST_CHECK bool take_secret(const struct opt_secret *s, const char *option, const char *variable,
                            char into[SECRET_MAX + 1], const char **out, struct err *err);

#endif
