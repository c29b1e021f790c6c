/*
 * json_proof.h - is a text JSON? With what every refusal must look like.
 */
#ifndef REQUEUE_TEST_JSON_PROOF_H
#define REQUEUE_TEST_JSON_PROOF_H

#include "tests/support/test.h"

#include "lib/base/json.h"

#define NO_LIMIT (64u << 20)

static inline bool is_json(struct slice doc)
{
    const struct json_events nothing = { 0 };
    struct err               err = ERR_INIT;
    bool                     ok = json_parse(doc, &nothing, NULL, &err);

    assert_int_equal(err.kind, ok ? ERR_NONE : ERR_DATA);
    assert_false(err.retriable);
    assert_true(ok || strstr(err.msg, "byte"));
    return ok;
}

#endif
