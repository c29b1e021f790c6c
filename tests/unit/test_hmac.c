/*
 * test_hmac.c - HMAC-SHA-256 against the cases of RFC 4231; the tag is the first byte of the text.
 */
#include "tests/support/test.h"

#include "lib/base/hmac.h"

static void expect(struct slice key, const char *text, const char *hex)
{
    struct hmac  *h = hmac_new(key);
    unsigned char out[HMAC_BYTES];
    char          said[2 * HMAC_BYTES + 1];

    for (int round = 0; round < 2; round++) { /* the second one starts where the first did */
        hmac_of(h, text[0], slice_str(text + 1), out);
        for (size_t i = 0; i < sizeof(out); i++)
            (void)snprintf(said + 2 * i, 3, "%02x", out[i]);
        assert_string_equal(said, hex);
    }
    hmac_free(h);
}

static void it_says_what_the_rfc_says(void **state)
{
    char key[131];

    (void)state;
    memset(key, 0x0B, sizeof(key));
    expect(slice_of(key, 20), "Hi There",
           "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect(SLICE("Jefe"), "what do ya want for nothing?",
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    /* Longer than a block: it is hashed first. */
    memset(key, 0xAA, sizeof(key));
    expect(slice_of(key, sizeof(key)), "Test Using Larger Than Block-Size Key - Hash Key First",
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void random_bytes_differ(void **state)
{
    unsigned char a[16] = { 0 };
    unsigned char b[16] = { 0 };

    (void)state;
    hmac_random(a, sizeof(a));
    hmac_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_the_rfc_says),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
