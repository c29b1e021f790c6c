/*
 * rawkafka.h - what tests need of Kafka and requeue never does: transactions, deleted records,
 * group members, a writer that goes on writing.
 *
 * Called from the main thread of a test; a failure of Kafka itself aborts with a line, because then
 * the test says nothing.
 */
#ifndef REQUEUE_RAWKAFKA_H
#define REQUEUE_RAWKAFKA_H

#include "lib/base/base.h"

enum raw_end { RAW_COMMIT, RAW_ABORT, RAW_OPEN };

/* n records with keys PREFIX0 … in one transaction. RAW_OPEN leaves it open and returns the handle,
 * which raw_close() aborts; otherwise NULL is returned. */
void *raw_transaction(const char *brokers, const char *topic, int32_t partition, const char *prefix,
                      unsigned n, enum raw_end end);
void  raw_close(void *handle);

/* Remove the records of a partition before `offset` (the log start moves there). */
void raw_delete_records(const char *brokers, const char *topic, int32_t partition, int64_t offset);

/* Join a group as its only member, reading topic; raw_leave() leaves it. */
void *raw_join(const char *brokers, const char *group, const char *topic);
void  raw_leave(void *handle);

/* A thread that writes a record of 100 bytes to each of the first n partitions every few
 * milliseconds. */
void *raw_writer_start(const char *brokers, const char *topic, int32_t n);
void  raw_writer_stop(void *writer);

#endif
