/*
 * sample_docs.h - real documents out of tests/data, for tests.
 */
#ifndef REQUEUE_SAMPLE_DOCS_H
#define REQUEUE_SAMPLE_DOCS_H

#include "lib/base/mem.h"

/* The documents of one index ("kestra_flows") or topic ("kestra_flow") of tests/data/FILE, below
 * $REQUEUE_ROOT or the current folder; tombstones are left out. Everything is in a. Fails the test
 * when there is none. Main thread only. */
size_t sample_docs(const char *file, const char *from, struct arena *a, struct slice **docs);

#define SAMPLE_SEARCH "kestra-es-0.6.ndjson.gz"
#define SAMPLE_KAFKA  "kestra-kafka-0.6.ndjson.gz"

#endif
