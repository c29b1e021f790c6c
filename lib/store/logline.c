/* logline.c - a log line as evidence (logline.h). */
#include "lib/store/logline.h"

#include "lib/base/json.h"

#define MESSAGE_MAX_BYTES ((size_t)1 << 20)

/* p NULL: it is no text, an empty one, or one that UTF-8 cannot say. */
static struct slice text_of(struct json_value v, struct arena *a)
{
    return v.raw.n == 2 ? slice_of(NULL, 0) : json_text_in(v, MESSAGE_MAX_BYTES, a);
}

/* Behind `before` up to the next `quote`; p NULL: there is none. */
static struct slice quoted(struct slice text, struct slice before, char quote)
{
    const char *p;
    const char *end;

    p = text.n > 0 ? memmem(text.p, text.n, before.p, before.n) : NULL;
    if (!p)
        return slice_of(NULL, 0);
    p += before.n;
    end = memchr(p, quote, text.n - (size_t)(p - text.p));
    return end && end > p ? slice_of(p, (size_t)(end - p)) : slice_of(NULL, 0);
}

static bool begins(struct slice text, struct slice with)
{
    return text.n >= with.n && memcmp(text.p, with.p, with.n) == 0;
}

static struct slice child_of(struct slice message)
{
    if (message.p && begins(message, SLICE("Create new execution for flow ")))
        return quoted(message, SLICE("' with id '"), '\'');
    if (message.p && begins(message, SLICE("Created new execution [[link ")))
        return quoted(message, SLICE(" execution=\""), '"');
    return slice_of(NULL, 0);
}

bool log_line_read(const struct document *doc, struct arena *a, struct log_line *out)
{
    static const struct json_path paths[] = {
        { "executionId", NULL }, { "taskRunId", NULL }, { "timestamp", NULL }, { "message", NULL },
        { "tenantId", NULL },    { "namespace", NULL }, { "flowId", NULL },
    };
    enum json_find_flags flags = doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    struct json_value    found[COUNT_OF(paths)];
    struct slice         time;
    struct err           ignored;

    memset(out, 0, sizeof(*out));
    if (!json_find(doc->value, paths, COUNT_OF(paths), flags, found, &ignored))
        return false;
    out->execution = text_of(found[0], a);
    out->run = text_of(found[1], a);
    if (!out->execution.p || !out->run.p)
        return false;
    time = text_of(found[2], a);
    out->has_time = time.p && instant_parse(time, &out->at);
    out->child = child_of(text_of(found[3], a));
    out->tenant = text_of(found[4], a);
    out->namespace = text_of(found[5], a);
    out->flow = text_of(found[6], a);
    return true;
}
