/* opt_text.c - the option table as help and as a manual. */
#include "lib/base/opt.h"

#define WIDEST_LEFT 30 /* of the left column; what is wider stands on a line of its own */
#define GAP         2

/* What stands in front: "  -s, --store URL". */
static void left_text(const struct opt *o, struct buf *out)
{
    if (o->letter)
        buf_add(out, "  -%c, --%s", o->letter, o->name);
    else
        buf_add(out, "      --%s", o->name);
    if (o->arg && o->type != OPT_FLAG && o->type != OPT_SET)
        buf_add(out, " %s", o->arg);
}

static void right_text(const struct opt *o, struct buf *out)
{
    buf_add(out, "%s", o->help);
    if (o->env)
        buf_add(out, o->type == OPT_SECRET ? " (or the secret itself in $%s)" : " (or $%s)",
                o->env);
    if (o->def && o->type != OPT_SET)
        buf_add(out, " [%s]", o->def);
}

/* Columns, not bytes: what continues a UTF-8 character takes none. */
static size_t columns(struct slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80 ? 1 : 0;
    return n;
}

/* The words of text in lines from column `left` to `width`; the first line stands at `left`
 * already. */
static void wrap(const char *text, size_t left, size_t width, struct buf *out)
{
    size_t at = left;

    for (const char *p = text; *p != '\0';) {
        struct slice word = slice_of(p, strcspn(p, " "));
        size_t       n = columns(word);

        if (at > left && at + 1 + n > width) {
            buf_add(out, "\n%*s", (int)left, "");
            at = left;
        } else if (at > left) {
            buf_add(out, " ");
            at++;
        }
        buf_add(out, "%.*s", SLICE_ARG(word));
        at += n;
        p += word.n;
        p += strspn(p, " ");
    }
    buf_add(out, "\n");
}

static size_t left_width(const struct opt *table, unsigned command)
{
    size_t     widest = 0;
    struct buf left;

    buf_init(&left, 1024);
    for (const struct opt *o = table; o->name; o++) {
        size_t n;

        buf_clear(&left);
        left_text(o, &left);
        n = columns(buf_slice(&left));
        if ((o->commands & command) != 0 && n <= WIDEST_LEFT && n > widest)
            widest = n;
    }
    buf_release(&left);
    return widest + GAP;
}

void opt_help(const struct opt *table, unsigned command, unsigned width, struct buf *out)
{
    size_t     indent = left_width(table, command);
    struct buf left;
    struct buf right;

    buf_init(&left, 1024);
    buf_init(&right, 4096);
    for (const struct opt *o = table; o->name; o++) {
        size_t n;

        if ((o->commands & command) == 0)
            continue;
        buf_clear(&left);
        buf_clear(&right);
        left_text(o, &left);
        right_text(o, &right);
        n = columns(buf_slice(&left));
        buf_add(out, "%s", left.p);
        if (n + GAP > indent)
            buf_add(out, "\n%*s", (int)indent, "");
        else
            buf_add(out, "%*s", (int)(indent - n), "");
        wrap(right.p, indent, width, out);
    }
    buf_release(&left);
    buf_release(&right);
}

/* Text for roff: a backslash is its escape, a dot or a quote that starts a line makes it a request,
 * and a new sentence stands on a new line. */
static void roff(const char *text, struct buf *out)
{
    if (*text == '.' || *text == '\'')
        buf_add(out, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            buf_add(out, "\\e");
        else if (strncmp(text, ". ", 2) == 0 && text[2] >= 'A' && text[2] <= 'Z')
            buf_add(out, ".\n%c", *(text += 2));
        else
            buf_add(out, "%c", *text);
    }
}

/* help is a line without a full stop; in the manual it is a sentence. */
static void sentence(const char *help, struct buf *out)
{
    char first[2] = { help[0], '\0' };

    if (first[0] >= 'a' && first[0] <= 'z') {
        first[0] = (char)(first[0] - 'a' + 'A');
        buf_add(out, "%s", first);
        help++;
    }
    roff(help, out);
    buf_add(out, ".\n");
}

void opt_man(const struct opt *o, struct buf *out)
{
    buf_add(out, ".It ");
    if (o->letter)
        buf_add(out, "Fl %c , ", o->letter);
    buf_add(out, "Fl -%s", o->name);
    if (o->arg && o->type != OPT_FLAG && o->type != OPT_SET) {
        buf_add(out, " Ar ");
        roff(o->arg, out);
    }
    buf_add(out, "\n");
    sentence(o->help, out);
    if (o->def && o->type != OPT_SET) {
        buf_add(out, "The default is\n.Cm ");
        roff(o->def, out);
        buf_add(out, " .\n");
    }
    if (o->env)
        buf_add(out, "Environment variable%s:\n.Ev %s .\n",
                o->type == OPT_SECRET ? ", the secret itself" : "", o->env);
}
