/*
 * staging_doc.h - docs/staging.md's table, printed from the layouts: what --neutral and the default
 * mask do to each member.
 */
#ifndef REQUEUE_STAGING_DOC_H
#define REQUEUE_STAGING_DOC_H

#include "lib/base/buf.h"

/* The page. Layouts are read through tests/support/layout_files.h. */
void staging_doc(struct buf *out);

#endif
