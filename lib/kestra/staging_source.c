/*
 * staging_source.c - a flow as the YAML that a person could have written: its source code when the
 * old one may not be shown.
 *
 * Members in the order of the flow, two blanks a level, texts in double quotes (JSON's quoting is
 * YAML's, but for some characters). Left out is what Kestra keeps beside the source: revision,
 * deleted, tenantId, and the copies of the source itself.
 */
#include "lib/kestra/staging_impl.h"

#include <strings.h>

#define SOURCE_MAX_BYTES (256u << 20)

struct yaml_out {
    struct buf *out, *spare;
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

/* YAML's numbers with an exponent have a point and a sign, JSON's need neither. */
static bool on_number(void *ctx, struct slice spelled)
{
    struct yaml_out *y = ctx;
    size_t           e = 0;
    bool             skipped = y->skip > 0;

    while (e < spelled.n && spelled.p[e] != 'e' && spelled.p[e] != 'E')
        e++;
    (void)scalar(y, slice_of(spelled.p, e));
    if (e == spelled.n || skipped)
        return true;
    if (!memchr(spelled.p, '.', e))
        put(y, SLICE(".0"));
    put(y, SLICE("e"));
    if (spelled.p[e + 1] != '-' && spelled.p[e + 1] != '+')
        put(y, SLICE("+"));
    put(y, slice_of(spelled.p + e + 1, spelled.n - e - 1));
    return true;
}

/* Characters that JSON has as they are and YAML does not, or takes for the end of a line: U+007F to
 * U+009F, U+2028, U+2029, U+FEFF, U+FFFE and U+FFFF. 0: there is none at p, else its bytes are
 * told. */
static unsigned special(const char *p, size_t n, size_t *bytes)
{
    const unsigned char *c = (const unsigned char *)p;
    unsigned             code = 0;

    *bytes = 1;
    if (c[0] == 0x7F)
        return c[0];
    if (c[0] == 0xC2 && n > 1 && c[1] <= 0x9F) {
        *bytes = 2;
        return c[1];
    }
    if (n > 2 && (c[0] == 0xE2 || c[0] == 0xEF))
        code = ((c[0] & 0x0Fu) << 12) | ((c[1] & 0x3Fu) << 6) | (c[2] & 0x3Fu);
    if (code != 0x2028 && code != 0x2029 && code != 0xFEFF && code < 0xFFFE)
        return 0;
    *bytes = 3;
    return code;
}

/* In double quotes, as JSON; what YAML would not take, escaped. */
static void quote(struct yaml_out *y, struct slice text)
{
    size_t from = y->out->n;
    size_t done = 0;

    if (!json_quote(text, y->out)) {
        y->full = true;
        return;
    }
    buf_clear(y->spare);
    for (size_t i = from; i < y->out->n;) {
        size_t   bytes;
        unsigned code = special(y->out->p + i, y->out->n - i, &bytes);

        if (code > 0) {
            y->full = y->full ||
                      !buf_append(y->spare, slice_of(y->out->p + from + done, i - from - done)) ||
                      !buf_printf(y->spare, "\\u%04x", code);
            done = i + bytes - from;
        }
        i += bytes;
    }
    if (done == 0)
        return;
    y->full = y->full ||
              !buf_append(y->spare, slice_of(y->out->p + from + done, y->out->n - from - done));
    y->out->n = from;
    put(y, buf_slice(y->spare));
}

static bool on_string(void *ctx, struct slice text)
{
    struct yaml_out *y = ctx;

    if (y->skip > 0)
        return scalar(y, text);
    begin(y);
    quote(y, text);
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
        quote(y, name);
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
    struct yaml_out y = { .out = &g->quoted, .spare = &g->text };

    buf_clear(&g->quoted);
    if (!json_parse(flow, &events, &y, err))
        return false;
    put(&y, SLICE("\n"));
    if (y.full)
        return err_set(err, ERR_DATA, "the source takes more than %u bytes", SOURCE_MAX_BYTES);
    *out = arena_copy(g->arena, buf_slice(&g->quoted));
    stage_note(g, g->s->source_rule, true);
    return true;
}
