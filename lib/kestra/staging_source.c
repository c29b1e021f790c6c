/*
 * staging_source.c - a flow as the YAML that a person could have written: its source code when the
 * old one may not be shown.
 *
 * Members in the order of the flow, two blanks a level, texts in double quotes (JSON's quoting is
 * YAML's). Left out is what Kestra keeps beside the source: revision, deleted, tenantId, and the
 * copies of the source itself.
 */
#include "lib/kestra/staging_impl.h"

#include <strings.h>

#define SOURCE_MAX_BYTES (256u << 20)

struct yaml_out {
    struct buf *out;
    unsigned    depth;
    unsigned    skip; /* depth of a member that is left out with all in it; 0: none */
    bool        list[JSON_MAX_DEPTH + 1];
    bool        any[JSON_MAX_DEPTH + 1];
    bool        after_dash; /* the item's first member goes on the line of its dash */
    bool        full;
};

static void put(struct yaml_out *y, struct slice s)
{
    y->full = y->full || !buf_append(y->out, s);
}

static void indent(struct yaml_out *y)
{
    if (y->out->n > 0)
        put(y, SLICE("\n"));
    for (unsigned i = 1; i < y->depth; i++)
        put(y, SLICE("  "));
}

/* Before a value: of an item its dash. */
static void begin(struct yaml_out *y)
{
    if (y->depth == 0 || !y->list[y->depth])
        return;
    if (!y->after_dash)
        indent(y);
    put(y, SLICE("- "));
    y->any[y->depth] = true;
    y->after_dash = true;
}

static bool scalar(struct yaml_out *y, struct slice text)
{
    if (y->skip > 0) {
        if (y->skip == y->depth)
            y->skip = 0;
        return true;
    }
    begin(y);
    put(y, text);
    y->after_dash = false;
    return true;
}

static bool on_null(void *ctx)
{
    return scalar(ctx, SLICE("null"));
}

static bool on_boolean(void *ctx, bool value)
{
    return scalar(ctx, value ? SLICE("true") : SLICE("false"));
}

static bool on_number(void *ctx, struct slice spelled)
{
    return scalar(ctx, spelled);
}

static bool on_string(void *ctx, struct slice text)
{
    struct yaml_out *y = ctx;

    if (y->skip > 0)
        return scalar(y, text);
    begin(y);
    y->full = y->full || !json_quote(text, y->out);
    y->after_dash = false;
    return true;
}

static bool start(struct yaml_out *y, bool list)
{
    if (y->skip == 0)
        begin(y);
    y->depth++;
    y->list[y->depth] = list;
    y->any[y->depth] = false;
    return true;
}

static bool end(struct yaml_out *y, struct slice empty)
{
    bool any = y->any[y->depth];

    y->depth--;
    if (y->skip > 0) {
        if (y->skip == y->depth)
            y->skip = 0;
        return true;
    }
    if (!any) {
        put(y, empty);
        y->after_dash = false;
    }
    return true;
}

static bool on_start_object(void *ctx)
{
    return start(ctx, false);
}

static bool on_end_object(void *ctx)
{
    return end(ctx, SLICE("{}"));
}

static bool on_start_array(void *ctx)
{
    return start(ctx, true);
}

static bool on_end_array(void *ctx)
{
    return end(ctx, SLICE("[]"));
}

static bool is_left_out(struct slice name)
{
    static const char *const names[] = { "revision", "deleted",    "tenantId",
                                         "source",   "sourceCode", "labelsMap" };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (slice_eq(name, slice_str(names[i])))
            return true;
    return false;
}

/* Letters only, and no truth of YAML 1.1. */
static bool is_plain(struct slice name)
{
    static const char        letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char *const words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null"
    };

    for (size_t i = 0; i < name.n; i++)
        if (!memchr(letters, name.p[i], sizeof(letters) - 1))
            return false;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (name.n == strlen(words[i]) && strncasecmp(name.p, words[i], name.n) == 0)
            return false;
    return name.n > 0;
}

static bool on_key(void *ctx, struct slice name)
{
    struct yaml_out *y = ctx;

    if (y->skip > 0)
        return true;
    if (y->depth == 1 && is_left_out(name)) {
        y->skip = y->depth;
        return true;
    }
    if (y->after_dash)
        y->after_dash = false;
    else
        indent(y);
    y->any[y->depth] = true;
    if (is_plain(name))
        put(y, name);
    else
        y->full = y->full || !json_quote(name, y->out);
    put(y, SLICE(": "));
    return true;
}

bool stager_source(struct stager *g, struct slice flow, struct slice *out, struct err *err)
{
    static const struct json_events events = {
        .null = on_null,
        .boolean = on_boolean,
        .number = on_number,
        .string = on_string,
        .start_object = on_start_object,
        .key = on_key,
        .end_object = on_end_object,
        .start_array = on_start_array,
        .end_array = on_end_array,
    };
    struct yaml_out y = { .out = &g->quoted };

    buf_clear(&g->quoted);
    if (!json_parse(flow, &events, &y, err))
        return false;
    put(&y, SLICE("\n"));
    if (y.full)
        return err_set(err, ERR_DATA, "the source takes more than %u bytes", SOURCE_MAX_BYTES);
    *out = arena_copy(g->arena, buf_slice(&g->quoted));
    return true;
}
