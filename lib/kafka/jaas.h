/*
 * jaas.h - the one line of JAAS that Kafka's Java clients take as sasl.jaas.config:
 *
 *     org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";
 *
 * Read as Java's own tokenizer does: texts stand in " or ', with Java's escapes (\n, \", \\,
 * octal); comments are skipped. Exactly one login module. Errors: ERR_USAGE without any part of the
 * text.
 */
#ifndef REQUEUE_KAFKA_JAAS_H
#define REQUEUE_KAFKA_JAAS_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define JAAS_MAX_OPTIONS 32

struct jaas_option {
    const char *name;
    const char *value;
};

struct jaas {
    const char        *module; /* class name */
    size_t             n;
    struct jaas_option options[JAAS_MAX_OPTIONS];
};

MUST_CHECK bool jaas_parse(const char *text, struct arena *a, struct jaas *out, struct err *err);

const char *jaas_get(const struct jaas *j, const char *name); /* NULL: not there */

#endif
