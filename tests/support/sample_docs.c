/* sample_docs.c - real documents out of tests/data. */
#include "tests/support/sample_docs.h"

#include "lib/base/json.h"
#include "lib/store/filelines.h"
#include "tests/support/test.h"

#define MAX_DOCS 1000

/* The document of one line: an object (a hit's _source), or the text of one (a record's value). */
static bool take(struct slice line, const char *from, struct arena *a, struct slice *doc)
{
    static const struct json_path paths[] = {
        { "_index", NULL }, { "_source", NULL }, { "topic", NULL }, { "value", NULL }
    };
    struct json_value found[COUNT_OF(paths)];
    struct json_value name;
    struct json_value value;
    struct err        err = ERR_INIT;
    struct buf        text;
    bool              ok;

    assert_true(json_find(line, paths, COUNT_OF(paths), JSON_FIND_ALL, found, &err));
    name = found[0].type == JSON_STRING ? found[0] : found[2];
    value = found[0].type == JSON_STRING ? found[1] : found[3];
    if (name.raw.n != strlen(from) + 2 || memcmp(name.raw.p + 1, from, strlen(from)) != 0)
        return false;
    if (value.type == JSON_OBJECT) {
        *doc = arena_copy(a, value.raw);
        return true;
    }
    buf_init(&text, line.n);
    ok = value.type == JSON_STRING && json_text(value, &text, &err);
    if (ok)
        *doc = arena_copy(a, buf_slice(&text));
    buf_release(&text);
    return ok;
}

size_t sample_docs(const char *file, const char *from, struct arena *a, struct slice **docs)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): main thread, and nobody changes the environment */
    const char       *root = getenv("REQUEUE_ROOT");
    struct err        err = ERR_INIT;
    struct filelines *lines;
    struct slice      line;
    char              path[1024];
    size_t            n = 0;

    (void)snprintf(path, sizeof(path), "%s/tests/data/%s", root ? root : ".", file);
    *docs = arena_alloc(a, MAX_DOCS * sizeof(**docs));
    if (!filelines_open(path, &lines, &err))
        fail_msg("%s", err.msg);
    while (filelines_next(lines, &line, &err) && line.p && n < MAX_DOCS)
        n += take(line, from, a, &(*docs)[n]) ? 1 : 0;
    filelines_close(lines);
    assert_int_equal(err.kind, ERR_NONE);
    assert_true(n > 0 && n < MAX_DOCS);
    return n;
}
