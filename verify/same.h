/*
 * same.h - does the store most likely have this key with these very bytes?
 *
 * A table of 32-bit marks, so that a topic that we filled ourselves need not be digested again
 * (digests are dear, hashes of bytes cheap). A false yes happens about once in 2^32 questions; who
 * got a yes compares the bytes' hash with the store's when both entries are at hand. A false no
 * happens when the memory does not hold all keys.
 */
#ifndef REQUEUE_SAME_H
#define REQUEUE_SAME_H

#include "lib/base/side.h"

struct same;

/* Reads the store's side (struct side_entry.bytes) once. At most memory bytes. */
MUST_CHECK bool same_new(struct side *expected, size_t memory, struct same **out, struct err *err);
void            same_free(struct same *s); /* NULL is allowed */

/* hash: of the key; bytes: of the value. s NULL: no. */
bool   same_has(const struct same *s, uint64_t hash, uint64_t bytes);
size_t same_bytes(const struct same *s);

#endif
