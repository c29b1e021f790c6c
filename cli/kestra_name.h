/*
 * kestra_name.h - the names in Kestra's configuration, by Micronaut's relaxed rules.
 *
 * topic-prefix, topicPrefix, topic_prefix and TOPIC_PREFIX are one name. Pure.
 */
#ifndef REQUEUE_KESTRA_NAME_H
#define REQUEUE_KESTRA_NAME_H

#include "lib/base/mem.h"

char kestra_name_lower(char c); /* ASCII only */

/* The one spelling that all spellings of a name have in common: lower case, without '-' and '_'. */
const char *kestra_name_canonical(struct arena *a, struct slice name);

/* The variable that stands for a name: kestra.queue.type is KESTRA_QUEUE_TYPE. */
char *kestra_name_variable(struct arena *a, struct slice name);

bool kestra_name_is(const char *written, const char *name);

/* What stands behind "PREFIX." in a name, as it is written; NULL: it does not begin so. */
const char *kestra_name_behind(const char *written, const char *prefix);

#endif
