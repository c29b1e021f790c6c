/*
 * session.h - what every command opens: the store, its layout, and Kafka.
 */
#ifndef REQUEUE_SESSION_H
#define REQUEUE_SESSION_H

#include "cli/layouts.h"
#include "cli/metrics.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "lib/base/side.h"
#include "lib/kafka/admin.h"

struct session {
    const struct config *conf;
    struct stop          stop;
    struct progress      progress;
    struct metrics       metrics;
    struct store_conf    store_conf;
    struct store        *store; /* NULL: not open */
    struct store_info    info;
    struct layout       *layout;
    char                 why[160];           /* how the layout was chosen */
    const char          *places[KIND_COUNT]; /* tables or indices, for addresses */
    struct kafka_conf    kafka;
    struct admin        *admin;       /* NULL: not open */
    size_t               keys_memory; /* what of --memory is for keys */
    struct spill         spill;
    const char          *topic_prefix;
    const char          *consumer_prefix;
    struct tally         survey_tally;
    struct tally         tallies[KIND_COUNT]; /* of sending, or of a plan's dry run */
    struct tally         verify_tallies[KIND_COUNT];
    atomic_uint_fast64_t consumed;
};

void session_init(struct session *s, const struct config *conf);

/* Connect, find the layout, take the snapshot. The store's part is usable up to where it failed. */
MUST_CHECK bool session_open_store(struct session *s, struct err *err);
/* Another connection, which sees what is in the store now. Documents, readers and look-ups of the
 * old one are gone. */
MUST_CHECK bool session_reopen_store(struct session *s, struct err *err);
MUST_CHECK bool session_open_kafka(struct session *s, struct err *err);
void            session_close(struct session *s);

#endif
