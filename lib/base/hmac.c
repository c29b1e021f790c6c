/* hmac.c - see hmac.h. */
#include "lib/base/hmac.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

struct hmac {
    EVP_MAC     *mac;
    EVP_MAC_CTX *ctx;
};

/* libcrypto fails here only without memory, or without its own default provider. */
static void must(bool ok)
{
    if (ok)
        return;
    log_msg(LOG_ERROR, "libcrypto refuses HMAC-SHA-256 or random bytes");
    abort();
}

struct hmac *hmac_new(struct slice key)
{
    struct hmac *h = mem_alloc(sizeof(*h));
    char         digest[] = "SHA256";
    OSSL_PARAM   params[] = {
          OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
          OSSL_PARAM_construct_end(),
    };

    h->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(h->mac != NULL);
    h->ctx = EVP_MAC_CTX_new(h->mac);
    must(h->ctx &&
         EVP_MAC_init(h->ctx, (const unsigned char *)(key.n > 0 ? key.p : ""), key.n, params) == 1);
    return h;
}

void hmac_free(struct hmac *h)
{
    if (!h)
        return;
    EVP_MAC_CTX_free(h->ctx);
    EVP_MAC_free(h->mac);
    mem_free(h);
}

void hmac_of(struct hmac *h, char tag, struct slice text, unsigned char out[HMAC_BYTES])
{
    size_t n = 0;

    must(EVP_MAC_init(h->ctx, NULL, 0, NULL) == 1 &&
         EVP_MAC_update(h->ctx, (const unsigned char *)&tag, 1) == 1 &&
         (text.n == 0 || EVP_MAC_update(h->ctx, (const unsigned char *)text.p, text.n) == 1) &&
         EVP_MAC_final(h->ctx, out, &n, HMAC_BYTES) == 1 && n == HMAC_BYTES);
}

void hmac_random(unsigned char *out, size_t n)
{
    must(RAND_bytes(out, (int)n) == 1);
}
