/*
 * layout_files.h - the real layout files of the checkout, for tests.
 */
#ifndef REQUEUE_LAYOUT_FILES_H
#define REQUEUE_LAYOUT_FILES_H

#include "lib/kestra/layout.h"

/* schemas/layouts/NAME.yml below $REQUEUE_ROOT, or below the current folder: a layout_loader. */
bool layout_file_loader(void *ctx, const char *name, struct arena *a, struct buf *out,
                        const char **file, struct err *err);

/* Load it, or fail the test. The caller frees it. Main thread only. */
struct layout *layout_file(const char *name);

#endif
