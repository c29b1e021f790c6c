/*
 * brokers.h - is the argument of --kafka a list of addresses?
 */
#ifndef REQUEUE_BROKERS_H
#define REQUEUE_BROKERS_H

#include "lib/base/err.h"

/* HOST, HOST:PORT or [ADDRESS]:PORT, any of them behind PROTOCOL://, with commas between. Anything
 * else is told here as ERR_USAGE: librdkafka would look for the strangest names for a while. */
MUST_CHECK bool brokers_check(const char *list, struct err *err);

#endif
