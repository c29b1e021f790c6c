#include "tests/support/layout_files.h"

#include "lib/base/file.h"
#include "tests/support/test.h"

bool layout_file_loader(void *ctx, const char *name, struct arena *a, struct buf *out,
                        const char **file, struct err *err)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *root = getenv("REQUEUE_ROOT");
    char        path[4096];

    (void)ctx;
    (void)snprintf(path, sizeof(path), "%s/schemas/layouts/%s.yml", root ? root : ".", name);
    *file = arena_str(a, slice_str(path));
    return file_read(path, out, err);
}

struct layout *layout_file(const char *name)
{
    struct layout *l = NULL;
    struct err     err = ERR_INIT;

    if (!layout_load(name, layout_file_loader, NULL, &l, &err))
        fail_msg("%s", err.msg);
    return l;
}
