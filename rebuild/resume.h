/*
 * resume.h - the topic is the ledger: what is missing of an interrupted rebuild (design part 7).
 */
#ifndef REQUEUE_RESUME_H
#define REQUEUE_RESUME_H

#include "rebuild/send.h"

/* Requests of a killed process may still land: wait until all end offsets of the plan's filled
 * topics are equal in two readings a second apart. ERR_KAFKA when they still grow after
 * RESUME_WAIT_S: somebody writes. */
#define RESUME_WAIT_S 30
MUST_CHECK bool resume_settle(struct admin *admin, const struct plan *plan, const struct stop *stop,
                              struct err *err);

/* What the topic of a kind should hold now: key, partition and raw digest of every projected
 * document, as sender_send would fill it. Nothing is sent. */
MUST_CHECK bool resume_expect(const struct send_conf *conf, enum kind kind,
                              const struct topic_plan *topic, struct tally *tally,
                              struct side *expected, struct err *err);

#endif
