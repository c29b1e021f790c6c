/*
 * key.h - record keys and partitions.
 *
 * A key is always built from JSON members by the layout's template, never taken from the store and
 * never parsed back into parts: `_` is legal in every part, so keys are ambiguous (data-model 5.4).
 */
#ifndef REQUEUE_KEY_H
#define REQUEUE_KEY_H

#include "lib/kestra/layout.h"

#define KEY_MAX_BYTES 4096 /* Kestra's own columns hold 250 */

/* Append the key to out. values[i] is the member of template part i: a string, or an integer
 * without fraction and exponent for a revision. ERR_DATA names the member that is missing, null,
 * empty or of the wrong type. */
MUST_CHECK bool key_build(const struct key_template *t, const struct json_value *values,
                          struct buf *out, struct err *err);

/* Kafka's default for a key (murmur2, Java's): the vectors of data-model 2.9 are its test. */
uint32_t key_murmur2(struct slice key);
int32_t  key_partition(struct slice key, int32_t n_partitions);

#endif
