/*
 * json_write.c - writing JSON: commas, nesting and indentation.
 */
#include "lib/base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

void json_writer_init(struct json_writer *w, struct buf *out, bool pretty)
{
    memset(w, 0, sizeof(*w));
    w->out = out;
    w->pretty = pretty;
}

bool json_writer_ok(const struct json_writer *w)
{
    return !w->failed;
}

static void put(struct json_writer *w, struct slice bytes)
{
    if (!w->failed && !buf_append(w->out, bytes))
        w->failed = true;
}

static void new_line(struct json_writer *w)
{
    if (!w->pretty)
        return;
    put(w, SLICE("\n"));
    for (unsigned i = 0; i < w->depth; i++)
        put(w, SLICE("  "));
}

/* What stands between the previous token and the next member, element or value. */
static void separate(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    if (w->has_items[w->depth - 1])
        put(w, SLICE(","));
    w->has_items[w->depth - 1] = true;
    new_line(w);
}

void json_open(struct json_writer *w, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    assert(w->depth < JSON_MAX_DEPTH);
    separate(w);
    put(w, slice_of(&bracket, 1));
    w->has_items[w->depth++] = false;
}

void json_close(struct json_writer *w, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    if (w->has_items[w->depth])
        new_line(w);
    put(w, slice_of(&bracket, 1));
}

void json_key_slice(struct json_writer *w, struct slice name)
{
    assert(w->depth > 0 && !w->after_key);
    json_put_text(w, name);
    put(w, w->pretty ? SLICE(": ") : SLICE(":"));
    w->after_key = true;
}

void json_key(struct json_writer *w, const char *name)
{
    json_key_slice(w, slice_str(name));
}

void json_put_raw(struct json_writer *w, struct slice json)
{
    separate(w);
    put(w, json);
}

void json_put_text(struct json_writer *w, struct slice text)
{
    separate(w);
    if (!w->failed && !json_quote(text, w->out))
        w->failed = true;
}

void json_put_str(struct json_writer *w, const char *text)
{
    if (text)
        json_put_text(w, slice_str(text));
    else
        json_put_null(w);
}

void json_put_member(struct json_writer *w, const char *name, struct slice text)
{
    json_key(w, name);
    if (text.p)
        json_put_text(w, text);
    else
        json_put_null(w);
}

void json_put_member_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_put_int(w, value);
}

void json_put_member_uint(struct json_writer *w, const char *name, uint64_t value)
{
    json_key(w, name);
    json_put_uint(w, value);
}

void json_put_int(struct json_writer *w, int64_t value)
{
    char digits[24];
    int  n = snprintf(digits, sizeof(digits), "%" PRId64, value);

    json_put_raw(w, slice_of(digits, (size_t)n));
}

void json_put_uint(struct json_writer *w, uint64_t value)
{
    char digits[24];
    int  n = snprintf(digits, sizeof(digits), "%" PRIu64, value);

    json_put_raw(w, slice_of(digits, (size_t)n));
}

void json_put_fixed(struct json_writer *w, double value, int decimals)
{
    char digits[400]; /* the largest double has 309 digits before the point */
    int  n;

    assert(decimals >= 0 && decimals <= 17);
    if (!isfinite(value)) {
        json_put_null(w);
        return;
    }
    n = snprintf(digits, sizeof(digits), "%.*f", decimals, value);
    json_put_raw(w, slice_of(digits, (size_t)n));
}

void json_put_bool(struct json_writer *w, bool value)
{
    json_put_raw(w, value ? SLICE("true") : SLICE("false"));
}

void json_put_null(struct json_writer *w)
{
    json_put_raw(w, SLICE("null"));
}
