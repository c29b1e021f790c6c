/*
 * mockkafka.h - librdkafka's mock cluster, for failures on purpose without a server.
 *
 * It knows no administration and no transactions, and its partitions keep about 5 MiB: older
 * messages are dropped silently.
 */
#ifndef REQUEUE_MOCKKAFKA_H
#define REQUEUE_MOCKKAFKA_H

#include "lib/base/base.h"

struct mockkafka;

enum mock_request { MOCK_PRODUCE = 0, MOCK_FETCH = 1, MOCK_LIST_OFFSETS = 2 };

/* The protocol's own numbers. */
enum mock_error {
    MOCK_DISCONNECT = -195,
    MOCK_NONE = 0,
    MOCK_MSG_SIZE_TOO_LARGE = 10,
    MOCK_NOT_ENOUGH_REPLICAS = 19,
    MOCK_TOPIC_AUTHORIZATION_FAILED = 29,
    MOCK_OUT_OF_ORDER_SEQUENCE_NUMBER = 45,
};

struct mockkafka *mockkafka_new(int brokers);
void              mockkafka_free(struct mockkafka *m); /* NULL is allowed */
const char       *mockkafka_address(const struct mockkafka *m);

void mockkafka_topic(struct mockkafka *m, const char *topic, int partitions);

/* The next n requests of this kind to broker 1 are answered with the error, and not carried out. */
void mockkafka_fail(struct mockkafka *m, enum mock_request request, enum mock_error error, int n);

/* The next request of this kind to broker 1 is carried out, but answered delay_ms late, and so are
 * those behind it on its connection. */
void mockkafka_delay(struct mockkafka *m, enum mock_request request, int delay_ms);

void mockkafka_rtt(struct mockkafka *m, int ms);
void mockkafka_down(struct mockkafka *m);
void mockkafka_up(struct mockkafka *m);

#endif
