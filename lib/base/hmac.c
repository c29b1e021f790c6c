/*
 * hmac.c - see hmac.h.
 *
 * The two states behind the padded key are made once, and each result starts from copies of them.
 * Through EVP_MAC every result would allocate and wipe three contexts: twice the time.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA256_Init() and its kin: EVP copies by allocating */
#include "lib/base/hmac.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

struct hmac {
    SHA256_CTX inner, outer; /* the padded key is in */
};

/* libcrypto fails here only without its own default provider. */
static void must(bool ok)
{
    if (ok)
        return;
    log_msg(LOG_ERROR, "libcrypto refuses SHA-256 or random bytes");
    abort();
}

static void begin(SHA256_CTX *state, const unsigned char key[SHA256_CBLOCK], unsigned char pad)
{
    unsigned char block[SHA256_CBLOCK];

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = key[i] ^ pad;
    must(SHA256_Init(state) == 1 && SHA256_Update(state, block, sizeof(block)) == 1);
    OPENSSL_cleanse(block, sizeof(block));
}

struct hmac *hmac_new(struct slice key)
{
    struct hmac  *h = mem_alloc(sizeof(*h));
    unsigned char block[SHA256_CBLOCK] = { 0 };

    if (key.n > sizeof(block))
        must(SHA256((const unsigned char *)key.p, key.n, block) != NULL);
    else if (key.n > 0)
        memcpy(block, key.p, key.n);
    begin(&h->inner, block, 0x36);
    begin(&h->outer, block, 0x5C);
    OPENSSL_cleanse(block, sizeof(block));
    return h;
}

void hmac_free(struct hmac *h)
{
    if (!h)
        return;
    OPENSSL_cleanse(h, sizeof(*h));
    mem_free(h);
}

void hmac_of(struct hmac *h, char tag, struct slice text, unsigned char out[HMAC_BYTES])
{
    SHA256_CTX    state = h->inner;
    unsigned char inside[HMAC_BYTES];

    must(SHA256_Update(&state, &tag, 1) == 1 &&
         (text.n == 0 || SHA256_Update(&state, text.p, text.n) == 1) &&
         SHA256_Final(inside, &state) == 1);
    state = h->outer;
    must(SHA256_Update(&state, inside, sizeof(inside)) == 1 && SHA256_Final(out, &state) == 1);
}

void hmac_random(unsigned char *out, size_t n)
{
    must(RAND_bytes(out, (int)n) == 1);
}
