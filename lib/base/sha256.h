/*
 * sha256.h - SHA-256 as hex (the one door to libcrypto). For seals that others check with their own
 * tools; digests among ourselves are those of lib/base/hash.h.
 */
#ifndef REQUEUE_SHA256_H
#define REQUEUE_SHA256_H

#include "lib/base/base.h"

void sha256_hex(struct slice bytes, char out[65]); /* 64 lower-case digits and a NUL */

#endif
