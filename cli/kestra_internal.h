/*
 * kestra_internal.h - what the two parts of kestra_apply share.
 */
#ifndef REQUEUE_KESTRA_INTERNAL_H
#define REQUEUE_KESTRA_INTERNAL_H

#include "cli/kestra_config.h"
#include "cli/options.h"

struct apply {
    struct config        *conf;
    struct kestra_config *kc;
    const bool           *given;
    struct err           *err;
};

size_t kestra_option(const char *name); /* its index in options_table */
bool   kestra_given(const struct apply *ap, const char *option);

/* Set a field unless its option is given, and say where the value is from. */
void kestra_set(struct apply *ap, const char *option, const char **field, struct kestra_value v);

/* The same with the value of a name, which is not even looked at when the option is given. */
MUST_CHECK bool kestra_take(struct apply *ap, const char *name, const char *option,
                            const char **field);

/* A line for the person. No secrets. */
void kestra_note(struct apply *ap, const char *fmt, ...) PRINTF(2, 3);

MUST_CHECK bool kestra_apply_store(struct apply *ap);

#endif
