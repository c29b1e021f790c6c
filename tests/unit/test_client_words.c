/* test_client_words.c - what Kafka's refusals are in words. */
#include "tests/support/test.h"

#include "lib/kafka/client_internal.h"

#define CONTROLLERS_WORDS                                                                          \
    "Unable to replicate the partition 1 time(s): The target replication factor of 1 cannot be "   \
    "reached because only 0 broker(s) are registered."

static void fail_replication(int replication, int n_brokers, const char *detail, struct err *err)
{
    const struct client c = { .brokers = "k:9092" };

    *err = ERR_INIT;
    assert_false(client_fail_replication(&c, err, "flow", replication, n_brokers, detail));
    assert_int_equal(err->kind, ERR_KAFKA);
}

static void more_replicas_than_brokers_are_told_with_both_numbers(void **state)
{
    struct err err;

    (void)state;
    fail_replication(3, 1, "Replication factor: 3 larger than available brokers: 1.", &err);
    assert_string_equal(
        err.msg, "kafka k:9092: create topic flow: replication 3 but the cluster has 1 broker");
    assert_string_equal(err.hint, "wait for the other brokers, or give another replication in a "
                                  "layout file (--layout)");
    assert_false(err.retriable);
    fail_replication(3, 2, NULL, &err);
    assert_non_null(strstr(err.msg, "replication 3 but the cluster has 2 brokers"));
}

/* Seen of a broker that has just started: it is listed, and the controller does not count it. */
static void as_many_brokers_as_replicas_are_told_as_not_ready_in_the_brokers_words(void **state)
{
    struct err err;

    (void)state;
    fail_replication(1, 1, CONTROLLERS_WORDS, &err);
    assert_string_equal(
        err.msg, "kafka k:9092: create topic flow: a broker is not ready (replication 1, and the "
                 "cluster lists 1 broker): " CONTROLLERS_WORDS);
    assert_string_equal(err.hint,
                        "wait a moment until every broker has started, then run it again");
    assert_true(err.retriable);
    fail_replication(2, 3, "", &err);
    assert_string_equal(
        err.msg, "kafka k:9092: create topic flow: a broker is not ready (replication 2, and the "
                 "cluster lists 3 brokers): Broker: Invalid replication factor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_replicas_than_brokers_are_told_with_both_numbers),
        cmocka_unit_test(as_many_brokers_as_replicas_are_told_as_not_ready_in_the_brokers_words),
    };

    return cmocka_run_group_tests_name("client_words", tests, NULL, NULL);
}
