/*
 * jaas.c - see jaas.h.
 */
#include "lib/kafka/jaas.h"

#include <strings.h>

enum token_type { TOKEN_END, TOKEN_WORD, TOKEN_EQUALS, TOKEN_SEMICOLON, TOKEN_BAD };

struct token {
    enum token_type type;
    const char     *text; /* of a word */
};

struct scanner {
    const char   *at;
    struct arena *arena;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* A comment that does not end reaches to the end, as in Java. */
static void skip_blanks(struct scanner *s)
{
    for (;;) {
        const char *end;

        while (is_blank(*s->at))
            s->at++;
        if (s->at[0] == '/' && s->at[1] == '/') {
            s->at += strcspn(s->at, "\r\n");
        } else if (s->at[0] == '/' && s->at[1] == '*') {
            end = strstr(s->at + 2, "*/");
            s->at = end ? end + 2 : s->at + strlen(s->at);
        } else {
            return;
        }
    }
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* One character behind a backslash: at most three octal digits, up to 255. */
static char unescape(struct scanner *s)
{
    static const char from[] = "abfnrtv";
    static const char to[] = "\a\b\f\n\r\t\v";
    const char       *known;
    unsigned          value = 0;

    if (is_octal(*s->at)) {
        unsigned max = *s->at <= '3' ? 3 : 2;

        for (unsigned i = 0; i < max && is_octal(*s->at); i++)
            value = 8 * value + (unsigned)(*s->at++ - '0');
        return (char)value;
    }
    known = strchr(from, *s->at);
    s->at++;
    return known ? to[known - from] : s->at[-1];
}

static struct token quoted(struct scanner *s)
{
    char   quote = *s->at++;
    char  *text = arena_alloc(s->arena, strlen(s->at) + 1);
    size_t n = 0;

    while (*s->at != quote) {
        char c = *s->at;

        if (c == '\0' || c == '\n' || c == '\r')
            return (struct token){ TOKEN_BAD, NULL };
        s->at++;
        if (c == '\\' && *s->at == '\0')
            return (struct token){ TOKEN_BAD, NULL };
        if (c == '\\')
            c = unescape(s);
        if (c == '\0')
            return (struct token){ TOKEN_BAD, NULL };
        text[n++] = c;
    }
    s->at++;
    text[n] = '\0';
    return (struct token){ TOKEN_WORD, text };
}

static struct token next_token(struct scanner *s)
{
    size_t n;

    skip_blanks(s);
    if (*s->at == '\0')
        return (struct token){ TOKEN_END, NULL };
    if (*s->at == '=' || *s->at == ';')
        return (struct token){ *s->at++ == '=' ? TOKEN_EQUALS : TOKEN_SEMICOLON, NULL };
    if (*s->at == '"' || *s->at == '\'')
        return quoted(s);
    n = strcspn(s->at, " \t\n\r\f=;\"'");
    s->at += n;
    return (struct token){ TOKEN_WORD, arena_str(s->arena, slice_of(s->at - n, n)) };
}

static bool is_flag(const char *word)
{
    static const char *const flags[] = { "required", "requisite", "sufficient", "optional" };

    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (strcasecmp(word, flags[i]) == 0)
            return true;
    return false;
}

static bool bad(const char *what, struct err *err)
{
    (void)err_set(err, ERR_USAGE, "%s", what);
    return err_hint(err, "it is written CLASS required username=\"...\" password=\"...\";");
}

bool jaas_parse(const char *text, struct arena *a, struct jaas *out, struct err *err)
{
    struct scanner s = { text, a };
    struct token   t = next_token(&s);

    *out = (struct jaas){ .module = t.text };
    if (t.type != TOKEN_WORD)
        return bad("there is no login module", err);
    t = next_token(&s);
    if (t.type != TOKEN_WORD || !is_flag(t.text))
        return bad("behind the login module must be: required", err);
    for (t = next_token(&s); t.type == TOKEN_WORD; t = next_token(&s)) {
        struct token equals = next_token(&s);
        struct token value = next_token(&s);

        if (equals.type != TOKEN_EQUALS || value.type != TOKEN_WORD)
            return bad("an option is not written name=\"value\"", err);
        if (out->n == JAAS_MAX_OPTIONS)
            return bad("it has too many options", err);
        out->options[out->n++] = (struct jaas_option){ t.text, value.text };
    }
    if (t.type != TOKEN_SEMICOLON)
        return bad(t.type == TOKEN_BAD ? "a text has no closing quote"
                                       : "the ; at its end is missing",
                   err);
    t = next_token(&s);
    return t.type == TOKEN_END || bad("there is more than one login module", err);
}

const char *jaas_get(const struct jaas *j, const char *name)
{
    for (size_t i = j->n; i > 0; i--)
        if (strcmp(j->options[i - 1].name, name) == 0)
            return j->options[i - 1].value;
    return NULL;
}
