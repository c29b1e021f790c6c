/*
 * staging_value.c - new values for old ones: pseudonyms, webhook keys, renamed namespaces.
 *
 * A pseudonym is no longer than what it stands for (so no record outgrows its topic), at most 16
 * letters of 5 bits each. A number keeps its digits' places, so that integers stay integers that
 * Java's long can hold; what is before "://" of a text stays.
 */
#include "lib/kestra/staging_impl.h"

#define TEXT_MAX_BYTES (1u << 30)
#define PSEUDONYM_MAX  16
#define KEY_LETTERS    32
#define SCHEME_MAX     32

static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

struct slice stage_text(struct stager *g, struct json_value v)
{
    struct slice t = json_text_in(v, TEXT_MAX_BYTES, g->arena);

    /* Half a surrogate pair, U+0000: as it is spelled. */
    return t.p || v.raw.n < 2 ? t : slice_of(v.raw.p + 1, v.raw.n - 2);
}

/* "SCHEME://" and further slashes at the beginning of a text; 0: there is none. */
static size_t scheme_of(struct slice t)
{
    size_t n = 0;

    while (n < t.n && n < SCHEME_MAX &&
           ((t.p[n] >= 'a' && t.p[n] <= 'z') || (t.p[n] >= 'A' && t.p[n] <= 'Z') ||
            (n > 0 && ((t.p[n] >= '0' && t.p[n] <= '9') || memchr("+.-:", t.p[n], 4)))))
        n++;
    /* The colon of :// was taken for one inside ("jdbc:postgresql://"). */
    if (n < 2 || t.p[n - 1] != ':' || t.n - n < 2 || memcmp(t.p + n, "//", 2) != 0)
        return 0;
    for (n += 2; n < t.n && t.p[n] == '/'; n++)
        ;
    return n;
}

static char *put_letters(char *to, const unsigned char hash[HMAC_BYTES], size_t n)
{
    for (size_t i = 0; i < n; i++)
        *to++ = letters[hash[i] & 31u];
    return to;
}

static struct slice text_pseudonym(struct stager *g, struct slice text)
{
    unsigned char hash[HMAC_BYTES];
    size_t        scheme = scheme_of(text);
    size_t        n = text.n - scheme < PSEUDONYM_MAX ? text.n - scheme : PSEUDONYM_MAX;
    char         *out = arena_alloc(g->arena, scheme + PSEUDONYM_MAX + 2);
    char         *to = out;

    hmac_of(g->s->hmac, 't', text, hash);
    *to++ = '"';
    if (scheme > 0)
        memcpy(to, text.p, scheme);
    to = put_letters(to + scheme, hash, n);
    *to++ = '"';
    return slice_of(out, (size_t)(to - out));
}

/* The first digit of an integer part that has more of them is 1 to 8: of 19 digits, a long. */
static struct slice number_pseudonym(struct stager *g, struct slice spelled)
{
    unsigned char hash[HMAC_BYTES];
    char         *out = arena_alloc(g->arena, spelled.n);
    size_t        used = 0;
    bool          first = true;

    hmac_of(g->s->hmac, 'n', spelled, hash);
    memcpy(out, spelled.p, spelled.n);
    for (size_t i = 0; i < spelled.n && out[i] != 'e' && out[i] != 'E'; i++) {
        if (out[i] < '0' || out[i] > '9')
            continue;
        if (used == HMAC_BYTES) {
            hmac_of(g->s->hmac, 'n', slice_of((const char *)hash, HMAC_BYTES), hash);
            used = 0;
        }
        out[i] = (char)(first ? '1' + hash[used] % 8 : '0' + hash[used] % 10);
        first = false;
        used++;
    }
    return slice_of(out, spelled.n);
}

struct slice stage_pseudonym(struct stager *g, struct json_value v)
{
    struct slice none = { NULL, 0 };
    struct slice text;

    if (v.type == JSON_NUMBER)
        return number_pseudonym(g, v.raw);
    if (v.type != JSON_STRING)
        return none;
    text = stage_text(g, v);
    return text.n > 0 ? text_pseudonym(g, text) : none;
}

/* All 16 letters, however short it was: two members of an object may not become one. */
struct slice stage_member_name(struct stager *g, struct slice name)
{
    unsigned char hash[HMAC_BYTES];
    char         *out = arena_alloc(g->arena, PSEUDONYM_MAX + 2);

    hmac_of(g->s->hmac, 'm', name, hash);
    out[0] = '"';
    *put_letters(out + 1, hash, PSEUDONYM_MAX) = '"';
    return slice_of(out, PSEUDONYM_MAX + 2);
}

struct slice stage_webhook_key(struct stager *g, struct json_value v)
{
    unsigned char hash[HMAC_BYTES];
    char         *out = arena_alloc(g->arena, KEY_LETTERS + 2);

    hmac_of(g->s->hmac, 'k', v.type == JSON_STRING ? stage_text(g, v) : v.raw, hash);
    out[0] = '"';
    *put_letters(out + 1, hash, KEY_LETTERS) = '"';
    return slice_of(out, KEY_LETTERS + 2);
}

/* ---- names --------------------------------------------------------------------------------- */

/* N names N and N.*. */
static bool is_below(struct slice name, struct slice prefix)
{
    return name.n >= prefix.n && memcmp(name.p, prefix.p, prefix.n) == 0 &&
           (name.n == prefix.n || name.p[prefix.n] == '.');
}

struct slice stage_rename(struct stager *g, enum staging_name what, struct json_value v, int *rule)
{
    const struct renames *r = &g->s->renames[what];
    const struct rename  *best = NULL;
    struct slice          none = { NULL, 0 };
    struct slice          name;

    if (v.type != JSON_STRING || r->n == 0)
        return none;
    name = stage_text(g, v);
    for (size_t i = 0; i < r->n; i++)
        if (is_below(name, r->items[i].from) && (!best || r->items[i].from.n > best->from.n))
            best = &r->items[i];
    if (!best)
        return none;
    *rule = best->rule;
    buf_clear(&g->text);
    buf_clear(&g->quoted);
    if (!buf_append(&g->text, best->to) ||
        !buf_append(&g->text, slice_of(name.p + best->from.n, name.n - best->from.n)) ||
        !json_quote(buf_slice(&g->text), &g->quoted))
        return none;
    return arena_copy(g->arena, buf_slice(&g->quoted));
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool holds_word(struct slice text, struct slice word)
{
    size_t at = 0;

    while (text.n - at >= word.n) {
        const char *hit = memmem(text.p + at, text.n - at, word.p, word.n);
        size_t      end;

        if (!hit)
            return false;
        at = (size_t)(hit - text.p);
        end = at + word.n;
        if ((at == 0 || !is_name_byte(text.p[at - 1])) &&
            (end == text.n || !is_name_byte(text.p[end])))
            return true;
        at++;
    }
    return false;
}

bool stage_holds_name(const struct stager *g, struct slice text)
{
    for (size_t what = 0; what < COUNT_OF(g->s->renames); what++)
        for (size_t i = 0; i < g->s->renames[what].n; i++) {
            const struct rename *r = &g->s->renames[what].items[i];

            if (!slice_eq(r->from, r->to) &&
                (holds_word(text, r->from) || (r->slashed.p && holds_word(text, r->slashed))))
                return true;
        }
    return false;
}

bool stage_is_above_name(const struct stager *g, struct slice text)
{
    const struct renames *names = &g->s->renames[STAGING_NAMESPACE];

    for (size_t i = 0; i < names->n; i++) {
        const struct rename *r = &names->items[i];

        if (!slice_eq(r->from, r->to) && text.n > 0 && text.n < r->from.n &&
            is_below(r->from, text))
            return true;
    }
    return false;
}

struct json_value stager_name(struct stager *g, enum staging_name what, struct json_value v)
{
    int          rule = -1;
    struct slice to = stage_rename(g, what, v, &rule);

    return to.p ? (struct json_value){ JSON_STRING, to } : v;
}
