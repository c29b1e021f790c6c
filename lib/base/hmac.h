/*
 * hmac.h - HMAC-SHA-256, and bytes that nobody can guess (the one door to OpenSSL's libcrypto).
 *
 * For pseudonyms: who does not have the key can neither compute nor check one. One owner at a time.
 */
#ifndef REQUEUE_HMAC_H
#define REQUEUE_HMAC_H

#include "lib/base/base.h"

#define HMAC_BYTES 32

struct hmac;

/* The key is not kept; what is made of it is wiped when it is freed. */
struct hmac *hmac_new(struct slice key);
void         hmac_free(struct hmac *h); /* NULL is allowed */

/* tag: so that equal texts of different meaning have different results. About 0.2 us. */
void hmac_of(struct hmac *h, char tag, struct slice text, unsigned char out[HMAC_BYTES]);

/* Fill out with n random bytes; aborts when the system has none. */
void hmac_random(unsigned char *out, size_t n);

#endif
