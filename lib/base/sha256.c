/*
 * sha256.c - see sha256.h.
 */
#include "lib/base/sha256.h"

#include <openssl/sha.h>

void sha256_hex(struct slice bytes, char out[65])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)bytes.p, bytes.n, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
