/*
 * kestra_config.h - Kestra's own configuration (application.yml) as values with their place.
 *
 * Sources are added in order, and the later one wins, value by value (a list is one value). Above
 * all of them stand the environment variables by which Kestra itself is configured:
 * datasources.postgres.password is DATASOURCES_POSTGRES_PASSWORD. Names follow Micronaut's relaxed
 * rules: topic-prefix, topicPrefix and TOPIC_PREFIX are one name, and "a.b: 1" is "a: {b: 1}".
 * Values may hold ${NAME:default}: NAME is a variable or another name of the configuration. They
 * are expanded when they are asked for, so what nobody asks for cannot fail.
 *
 * Kestra has many more settings than we know: what is not asked for is not looked at. Everything
 * handed out lives as long as the struct kestra_config. One thread at a time. Errors: ERR_USAGE,
 * "FILE:LINE: what is wrong"; none shows a value.
 */
#ifndef REQUEUE_KESTRA_CONFIG_H
#define REQUEUE_KESTRA_CONFIG_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define KESTRA_CONFIG_MAX_SOURCES 32
#define KESTRA_CONFIG_MAX_NESTING 16 /* of placeholders in each other */
#define KESTRA_CONFIG_MAX_VALUE   65536

struct kestra_config;

struct kestra_value {
    const char *text;  /* NULL: not set, or null */
    const char *where; /* "FILE:LINE" or "variable NAME"; never NULL when text is not */
};

struct kestra_list {
    size_t                     n;
    const struct kestra_value *items;
};

/* A value that is expanded when kestra_config_expand() is asked for it. */
struct kestra_entry {
    const char *name; /* what stands behind the prefix, as it is written: "ssl.key" */
    const char *where;
    const char *raw;     /* NULL: null */
    bool        literal; /* of a variable: no placeholders */
};

struct kestra_entries {
    size_t                     n;
    const struct kestra_entry *items;
};

struct kestra_config *kestra_config_new(void);
void                  kestra_config_free(struct kestra_config *kc); /* NULL is allowed */

/* Add a text; name is for messages and is copied. */
MUST_CHECK bool kestra_config_add(struct kestra_config *kc, struct slice text, const char *name,
                                  struct err *err);
MUST_CHECK bool kestra_config_add_file(struct kestra_config *kc, const char *path, struct err *err);

/* The value of one name ("kestra.kafka.defaults.topic-prefix"). */
MUST_CHECK bool kestra_config_get(struct kestra_config *kc, const char *name,
                                  struct kestra_value *out, struct err *err);

/* A list, or one text with commas. n 0: not set. */
MUST_CHECK bool kestra_config_list(struct kestra_config *kc, const char *name,
                                   struct kestra_list *out, struct err *err);

/* All values below a name, those that are null left out, a list of single values as one text with
 * commas. In no order. */
struct kestra_entries kestra_config_below(struct kestra_config *kc, const char *name);
MUST_CHECK bool kestra_config_expand(struct kestra_config *kc, const struct kestra_entry *entry,
                                     struct kestra_value *out, struct err *err);

/* Owns what is made from its values. */
struct arena *kestra_config_arena(struct kestra_config *kc);

#endif
