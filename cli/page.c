/*
 * page.c - see page.h.
 */
#include "cli/page.h"

#include "lib/base/json.h"

#include <sys/random.h>

/* The two files as they are, byte for byte; the Makefile knows that this object depends on them. */
__asm__(".pushsection .rodata\n"
        ".global page_css, page_css_end, page_js, page_js_end\n"
        ".hidden page_css, page_css_end, page_js, page_js_end\n"
        "page_css: .incbin \"cli/page.css\"\n"
        "page_css_end:\n"
        "page_js: .incbin \"cli/page.js\"\n"
        "page_js_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const char page_css[];
extern const char page_css_end[];
extern const char page_js[];
extern const char page_js_end[];

#define NONCE_BYTES 16

void page_init(struct page *p, bool wanted)
{
    memset(p, 0, sizeof(*p));
    p->wanted = wanted;
    for (int i = 0; i < PAGE_LISTS; i++)
        buf_init(&p->lists[i], PAGE_LIST_MAX);
}

void page_release(struct page *p)
{
    for (int i = 0; i < PAGE_LISTS; i++)
        buf_release(&p->lists[i]);
}

bool page_has_room(const struct page *p, enum page_list list, uint64_t sorts)
{
    for (int i = 0; p->wanted && i < PAGE_SORTS; i++)
        if ((sorts >> i & 1) && p->taken[list][i] < PAGE_EACH)
            return true;
    return false;
}

void page_take(struct page *p, enum page_list list, uint64_t sorts, struct slice line)
{
    struct buf *b = &p->lists[list];
    size_t      before = b->n;

    while (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n == 0 || line.n > PAGE_LINE_MAX)
        return;
    if ((before > 0 && !buf_append(b, SLICE(",\n"))) || !buf_append(b, line)) {
        b->n = before;
        return;
    }
    for (int i = 0; i < PAGE_SORTS; i++)
        p->taken[list][i] += sorts >> i & 1;
}

bool page_text(struct slice text, struct buf *out)
{
    size_t from = 0;

    for (size_t i = 0; i < text.n; i++) {
        const char *as = text.p[i] == '&'    ? "&amp;"
                         : text.p[i] == '<'  ? "&lt;"
                         : text.p[i] == '>'  ? "&gt;"
                         : text.p[i] == '"'  ? "&quot;"
                         : text.p[i] == '\'' ? "&#39;"
                                             : NULL;

        if (!as)
            continue;
        if (!buf_append(out, slice_of(text.p + from, i - from)) || !buf_append(out, slice_str(as)))
            return false;
        from = i + 1;
    }
    return buf_append(out, slice_of(text.p + from, text.n - from));
}

/* JSON inside of <script>: where a '<' can stand, in a string, its escape says the same, and
 * neither "</script>" nor "<!--" is left. */
static bool put_json(struct slice json, struct buf *out)
{
    size_t from = 0;

    for (size_t i = 0; i < json.n; i++) {
        if (json.p[i] != '<')
            continue;
        if (!buf_append(out, slice_of(json.p + from, i - from)) ||
            !buf_append(out, SLICE("\\u003c")))
            return false;
        from = i + 1;
    }
    return buf_append(out, slice_of(json.p + from, json.n - from));
}

/* Of which no document can know: whatever one holds, it names no script that may run. */
static bool make_nonce(char out[2 * NONCE_BYTES + 1])
{
    unsigned char bytes[NONCE_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static bool put_head(const struct page_parts *parts, const char *nonce, struct buf *out)
{
    return buf_printf(out,
                      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'nonce-%s'; script-src 'nonce-%s'; img-src data:; base-uri "
                      "'none'; form-action 'none'\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n"
                      "<link rel=\"icon\" href=\"data:,\">\n<title>",
                      nonce, nonce) &&
           page_text(parts->title, out) &&
           buf_printf(out, "</title>\n<style nonce=\"%s\">\n", nonce) &&
           buf_append(out, slice_of(page_css, (size_t)(page_css_end - page_css))) &&
           buf_append(out, SLICE("</style>\n</head>\n<body>\n<main id=\"page\">\n"
                                 "<pre id=\"plain\">")) &&
           page_text(parts->screen, out) && buf_append(out, SLICE("</pre>\n</main>\n"));
}

/* A JSON list of the lines. */
static bool put_lines(struct slice text, struct buf *out)
{
    struct buf         json;
    struct json_writer w;
    bool               ok;

    buf_init(&json, out->limit);
    json_writer_init(&w, &json, false);
    json_open(&w, '[');
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t      n = end ? (size_t)(end - text.p) : text.n;

        if (n > 0)
            json_put_text(&w, slice_of(text.p, n));
        n += end ? 1 : 0;
        text = slice_of(text.p + n, text.n - n);
    }
    json_close(&w, ']');
    ok = json_writer_ok(&w) && put_json(buf_slice(&json), out);
    buf_release(&json);
    return ok;
}

static bool put_data(const struct page *p, const struct page_parts *parts, struct buf *out)
{
    static const char *const names[PAGE_LISTS] = { "differences", "executions", "skipped" };

    if (!buf_append(out, SLICE("<script type=\"application/json\" id=\"data\">{\"report\": ")) ||
        !put_json(parts->report, out) || !buf_append(out, SLICE(", \"codes\": ")) ||
        !put_json(parts->codes, out) || !buf_append(out, SLICE(", \"remarks\": ")) ||
        !put_lines(parts->remarks, out))
        return false;
    for (int i = 0; i < PAGE_LISTS; i++)
        if (!buf_printf(out, ",\n\"%s\": [", names[i]) || !put_json(buf_slice(&p->lists[i]), out) ||
            !buf_append_char(out, ']'))
            return false;
    return buf_append(out, SLICE("}</script>\n"));
}

bool page_write(const struct page *p, const struct page_parts *parts, struct buf *out)
{
    char nonce[2 * NONCE_BYTES + 1];

    return make_nonce(nonce) && put_head(parts, nonce, out) && put_data(p, parts, out) &&
           buf_printf(out, "<script nonce=\"%s\">\n", nonce) &&
           buf_append(out, slice_of(page_js, (size_t)(page_js_end - page_js))) &&
           buf_append(out, SLICE("</script>\n</body>\n</html>\n"));
}
