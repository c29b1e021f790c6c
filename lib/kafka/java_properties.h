/*
 * java_properties.h - the Java client's settings in the words of librdkafka.
 *
 * What a Kestra is told (kestra.kafka.client.properties) is for Java's client: most of it has
 * another name or another form in librdkafka, and some of it has no meaning there. What cannot be
 * translated although the connection needs it is ERR_USAGE that says how to convert it; what is
 * left out is told in `notes`. Nothing is connected, no file is opened. No message shows a value
 * that may be a secret.
 */
#ifndef REQUEUE_KAFKA_JAVA_PROPERTIES_H
#define REQUEUE_KAFKA_JAVA_PROPERTIES_H

#include "lib/base/err.h"
#include "lib/base/mem.h"

#define JAVA_PROPERTIES_MAX 24 /* that come out */
#define JAVA_NOTES_MAX      4

struct java_property {
    const char *name;  /* "security.protocol" */
    const char *value; /* never NULL */
    const char *where; /* "FILE:LINE" */
};

struct java_input {
    size_t                      n;
    const struct java_property *properties;
    /* Properties of librdkafka that are given anyway ("name=value") and win: what they replace is
     * not translated, and so cannot fail. */
    size_t             n_given;
    const char *const *given;
    const char        *prefix; /* of the names, for messages: "kestra.kafka.client.properties." */
};

struct kafka_property {
    const char *text; /* "name=value" of librdkafka */
    const char *where;
};

struct java_output {
    struct java_property  brokers;           /* value NULL: bootstrap.servers is not said */
    uint64_t              max_request_bytes; /* max.request.size; 0: not said */
    const char           *max_request_where;
    size_t                n;
    struct kafka_property properties[JAVA_PROPERTIES_MAX];
    size_t                n_notes; /* one line each, for people */
    const char           *notes[JAVA_NOTES_MAX];
};

MUST_CHECK bool java_properties_translate(const struct java_input *in, struct arena *a,
                                          struct java_output *out, struct err *err);

/* Will the value of this Java property be looked at? For values that cost something to have. */
bool java_property_is_needed(const struct java_input *in, const char *name);

/* Is the value of this property of librdkafka never to be shown? */
bool kafka_property_is_secret(const char *name);

#endif
