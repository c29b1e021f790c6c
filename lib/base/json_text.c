/*
 * json_text.c - UTF-8, escapes and quotes: strings without their parser.
 *
 * DESIGN: yajl is lax where we must not be. It takes overlong forms, surrogates and code points
 * above U+10FFFF for UTF-8, and it decodes an escaped half of a surrogate pair to '?' or to bytes
 * that are no UTF-8. So UTF-8 is checked here, over the raw document (eight bytes at a time while
 * they are ASCII), and escapes are decoded here where the text leaves us.
 */
#include "lib/base/json.h"

#include "lib/base/json_impl.h"

#define ESCAPE_BAD 0xffffffffu

/* Length of the well-formed character at p (n >= 1), 0 when it is not one: Unicode table 3-7. */
static size_t utf8_char(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t        length;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    if (p[0] < 0xe0)
        length = 2;
    else
        length = p[0] < 0xf0 ? 3 : 4;
    switch (p[0]) {
    case 0xe0: low = 0xa0; break;  /* else overlong */
    case 0xed: high = 0x9f; break; /* else a surrogate */
    case 0xf0: low = 0x90; break;  /* else overlong */
    case 0xf4: high = 0x8f; break; /* else above U+10FFFF */
    default: break;
    }
    if (n < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

size_t utf8_prefix(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t               at = 0;

    while (at < s.n) {
        uint64_t word[4];
        size_t   length;

        if (s.n - at >= sizeof(word)) {
            memcpy(word, p + at, sizeof(word));
            if (((word[0] | word[1] | word[2] | word[3]) & 0x8080808080808080u) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        /* To the end of this run of other bytes, then try whole words again. */
        do {
            length = utf8_char(p + at, s.n - at);
            if (length == 0)
                return at;
            at += length;
        } while (at < s.n && (length > 1 || at % sizeof(word) != 0));
    }
    return at;
}

bool utf8_valid(struct slice s)
{
    return utf8_prefix(s) == s.n;
}

void json_rewind(struct buf *b, size_t n)
{
    if (b->n <= n)
        return;
    b->n = n;
    b->p[n] = '\0';
}

bool json_is_escaped(struct slice doc, size_t at)
{
    size_t backslashes = 0;

    while (backslashes < at && doc.p[at - backslashes - 1] == '\\')
        backslashes++;
    return backslashes % 2 != 0;
}

/* ---- reading ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The UTF-16 unit of \uXXXX at `at`, or ESCAPE_BAD. */
static uint32_t utf16_unit(struct slice s, size_t at)
{
    uint32_t unit = 0;

    if (at > s.n || s.n - at < 6 || s.p[at] != '\\' || s.p[at + 1] != 'u')
        return ESCAPE_BAD;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = hex_digit(s.p[i]);

        if (digit < 0)
            return ESCAPE_BAD;
        unit = unit << 4 | (uint32_t)digit;
    }
    return unit;
}

static uint32_t short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return (unsigned char)c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return ESCAPE_BAD;
    }
}

/* The code point of the escape at `at` (where a backslash stands) and its length in bytes. Half a
 * pair comes as it is, in 0xd800..0xdfff; ESCAPE_BAD when it is no escape. */
static uint32_t read_escape(struct slice s, size_t at, size_t *length)
{
    uint32_t code;
    uint32_t low;

    *length = 2;
    if (s.n - at < 2)
        return ESCAPE_BAD;
    if (s.p[at + 1] != 'u')
        return short_escape(s.p[at + 1]);
    *length = 6;
    code = utf16_unit(s, at);
    if (code < 0xd800 || code > 0xdbff)
        return code;
    low = utf16_unit(s, at + 6);
    if (low < 0xdc00 || low > 0xdfff)
        return code;
    *length = 12;
    return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
}

size_t json_lone_surrogate(struct slice doc)
{
    size_t at = 0;

    while (at < doc.n) {
        const char *backslash = memchr(doc.p + at, '\\', doc.n - at);
        size_t      length;
        uint32_t    code;

        if (!backslash)
            break;
        at = (size_t)(backslash - doc.p);
        code = read_escape(doc, at, &length);
        if (code >= 0xd800 && code <= 0xdfff)
            return at;
        at += length;
    }
    return doc.n;
}

static bool append_utf8(struct buf *out, uint32_t code)
{
    char   bytes[4];
    size_t n = 0;

    if (code < 0x80) {
        bytes[n++] = (char)code;
    } else if (code < 0x800) {
        bytes[n++] = (char)(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        bytes[n++] = (char)(0xe0 | code >> 12);
        bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
    } else {
        bytes[n++] = (char)(0xf0 | code >> 18);
        bytes[n++] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
    }
    if (code >= 0x80)
        bytes[n++] = (char)(0x80 | (code & 0x3f));
    return buf_append(out, slice_of(bytes, n));
}

static bool append_escape(struct slice s, size_t at, size_t *length, struct buf *out,
                          struct err *err)
{
    uint32_t code = read_escape(s, at, length);

    if (code == ESCAPE_BAD)
        return err_set(err, ERR_DATA, "JSON string: no valid escape at its byte %zu", at);
    if (code == 0)
        return err_set(err, ERR_DATA, "JSON string: U+0000 at its byte %zu", at);
    if (code >= 0xd800 && code <= 0xdfff)
        return err_set(err, ERR_DATA, "JSON string: half a surrogate pair at its byte %zu", at);
    if (!append_utf8(out, code))
        return err_set(err, ERR_DATA, "JSON string: text is longer than %zu bytes", out->limit);
    return true;
}

static bool append_decoded(struct slice s, struct buf *out, struct err *err)
{
    size_t at = 0;

    while (at < s.n) {
        const char *backslash = memchr(s.p + at, '\\', s.n - at);
        size_t      run = (backslash ? (size_t)(backslash - s.p) : s.n) - at;
        size_t      length;

        if (!buf_append(out, slice_of(s.p + at, run)))
            return err_set(err, ERR_DATA, "JSON string: text is longer than %zu bytes", out->limit);
        at += run;
        if (at == s.n)
            break;
        if (!append_escape(s, at, &length, out, err))
            return false;
        at += length;
    }
    return true;
}

bool json_text(struct json_value v, struct buf *out, struct err *err)
{
    size_t       before = out->n;
    struct slice inside;

    if (v.type != JSON_STRING || v.raw.n < 2)
        return err_set(err, ERR_DATA, "JSON: a string was expected");
    inside = slice_of(v.raw.p + 1, v.raw.n - 2);
    if (!append_decoded(inside, out, err)) {
        json_rewind(out, before);
        return false;
    }
    return true;
}

struct slice json_text_in(struct json_value v, size_t max, struct arena *a)
{
    struct slice out = { NULL, 0 };
    struct buf   text;
    struct err   ignored;

    if (v.type != JSON_STRING)
        return out;
    if (!memchr(v.raw.p, '\\', v.raw.n))
        return slice_of(v.raw.p + 1, v.raw.n - 2);
    buf_init(&text, max);
    if (json_text(v, &text, &ignored))
        out = arena_copy(a, buf_slice(&text));
    buf_release(&text);
    return out;
}

/* ---- writing ---- */

/* Bytes of s from `at` that a JSON string may hold as they are. */
static size_t plain_run(struct slice s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t               end = at;

    while (end < s.n && p[end] >= 0x20 && p[end] != '"' && p[end] != '\\') {
        size_t length = utf8_char(p + end, s.n - end);

        if (length == 0)
            break;
        end += length;
    }
    return end - at;
}

static bool append_escaped(struct buf *out, unsigned char c)
{
    switch (c) {
    case '"': return buf_append(out, SLICE("\\\""));
    case '\\': return buf_append(out, SLICE("\\\\"));
    case '\b': return buf_append(out, SLICE("\\b"));
    case '\f': return buf_append(out, SLICE("\\f"));
    case '\n': return buf_append(out, SLICE("\\n"));
    case '\r': return buf_append(out, SLICE("\\r"));
    case '\t': return buf_append(out, SLICE("\\t"));
    default: break;
    }
    if (c < 0x20)
        return buf_printf(out, "\\u%04x", c);
    return buf_append(out, SLICE("\xef\xbf\xbd"));
}

static bool append_quoted(struct slice s, struct buf *out)
{
    size_t at = 0;

    if (!buf_append_char(out, '"'))
        return false;
    while (at < s.n) {
        size_t run = plain_run(s, at);

        if (!buf_append(out, slice_of(s.p + at, run)))
            return false;
        at += run;
        if (at < s.n && !append_escaped(out, (unsigned char)s.p[at]))
            return false;
        at++;
    }
    return buf_append_char(out, '"');
}

bool json_quote(struct slice s, struct buf *out)
{
    size_t before = out->n;

    if (append_quoted(s, out))
        return true;
    json_rewind(out, before);
    return false;
}
