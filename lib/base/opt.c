/*
 * opt.c - one table of options: parsing and environment. Values are in opt_value.c, help and manual
 * in opt_text.c.
 *
 * DESIGN: arguments first, in order, so that the last one wins; then, for fields that no argument
 * has set, the environment; then defaults. All three go through opt_set_value(), which is told
 * where the value comes from, for its messages. Several entries may share a field (an alias and its
 * main option).
 */
#include "lib/base/opt.h"

#include "lib/base/mem.h"
#include "lib/base/nearest.h"
#include "lib/base/opt_value.h"

#define LONGEST_NAME NEAREST_MAX_BYTES /* names that are compared for "did you mean" */

struct parser {
    const struct opt *table;
    size_t            n;
    unsigned          command;
    char             *conf;
    bool             *given; /* per entry: by argument or environment */
    bool             *set;   /* per entry: its field has its value */
    struct opt_list  *operands;
    int               argc;
    char *const      *argv;
    int               at; /* the next argument */
    struct err       *err;
};

static bool is_for(const struct opt *o, unsigned command)
{
    return (o->commands & command) != 0;
}

static bool takes_argument(const struct opt *o)
{
    return o->type != OPT_FLAG && o->type != OPT_SET;
}

static void mark_set(const struct parser *p, size_t i)
{
    for (size_t k = 0; k < p->n; k++) {
        if (p->table[k].field == p->table[i].field)
            p->set[k] = true;
    }
}

/* ---- did you mean ------------------------------------------------------------------------ */

const char *opt_nearest(const struct opt *table, unsigned command, struct slice name)
{
    const char *best = NULL;
    size_t      best_distance = name.n < 4 ? 2 : name.n < 8 ? 3 : 4; /* too far */

    if (name.n < 2 || name.n > LONGEST_NAME)
        return NULL;
    for (const struct opt *o = table; o->name; o++) {
        struct slice known = slice_str(o->name);
        size_t       distance;

        if (!is_for(o, command) || known.n > LONGEST_NAME)
            continue;
        /* An abbreviation is nearer than any misspelling. */
        if (known.n > name.n && memcmp(known.p, name.p, name.n) == 0)
            return known.p;
        distance = nearest_distance(name, known);
        if (distance < best_distance) {
            best = known.p;
            best_distance = distance;
        }
    }
    return best;
}

static bool unknown_option(const struct parser *p, struct slice name)
{
    const char *near = opt_nearest(p->table, p->command, name);

    (void)err_set(p->err, ERR_USAGE, "unknown option --%.*s", SLICE_ARG(name));
    return near ? err_hint(p->err, "did you mean --%s?", near) : false;
}

/* ---- arguments --------------------------------------------------------------------------- */

static bool argument_set(struct parser *p, size_t i, const char *text)
{
    const struct opt *o = &p->table[i];
    void             *field = p->conf + o->field;
    char              where[LONGEST_NAME + 16];

    (void)snprintf(where, sizeof(where), "option --%s", o->name);
    if (!p->set[i])
        opt_clear_value(o, field);
    p->given[i] = true;
    mark_set(p, i);
    return opt_set_value(o, where, text, field, p->err);
}

/* The entry of that name for this command, or p->n with *elsewhere telling if another one has it.
 */
static size_t find_name(const struct parser *p, struct slice name, bool *elsewhere)
{
    *elsewhere = false;
    for (size_t i = 0; i < p->n; i++) {
        if (!slice_eq(slice_str(p->table[i].name), name))
            continue;
        if (is_for(&p->table[i], p->command))
            return i;
        *elsewhere = true;
    }
    return p->n;
}

/* "--name" or "--name=..." of any command. */
static bool is_option(const struct parser *p, const char *word)
{
    struct slice name = slice_of(word, strcspn(word, "="));
    bool         elsewhere;

    if (name.n < 3 || word[0] != '-' || word[1] != '-')
        return false;
    name = slice_of(word + 2, name.n - 2);
    return find_name(p, name, &elsewhere) < p->n || elsewhere;
}

/* The argument of an option is what stands behind it in its own word, or the next word; one that is
 * an option itself shows that the argument was forgotten. */
static bool next_argument(struct parser *p, const struct opt *o, const char *own, const char **text)
{
    *text = own;
    if (!own && (p->at == p->argc || is_option(p, p->argv[p->at]))) {
        return err_set(p->err, ERR_USAGE, "option --%s: its argument %s%sis missing", o->name,
                       o->arg ? o->arg : "", o->arg ? " " : "");
    }
    if (!own)
        *text = p->argv[p->at++];
    return true;
}

/* word is behind the two dashes: name or name=value. */
static bool long_option(struct parser *p, const char *word)
{
    struct slice name = slice_of(word, strcspn(word, "="));
    const char  *own = word[name.n] == '=' ? word + name.n + 1 : NULL;
    const char  *text = NULL;
    bool         elsewhere;
    size_t       i = find_name(p, name, &elsewhere);

    if (i == p->n && elsewhere)
        return err_set(p->err, ERR_USAGE, "option --%.*s belongs to another command",
                       SLICE_ARG(name));
    if (i == p->n)
        return unknown_option(p, name);
    if (!takes_argument(&p->table[i]) && own)
        return err_set(p->err, ERR_USAGE, "option --%s takes no argument", p->table[i].name);
    if (takes_argument(&p->table[i]) && !next_argument(p, &p->table[i], own, &text))
        return false;
    return argument_set(p, i, text);
}

static size_t find_letter(const struct parser *p, char letter, bool *elsewhere)
{
    *elsewhere = false;
    for (size_t i = 0; i < p->n; i++) {
        if (p->table[i].letter != letter)
            continue;
        if (is_for(&p->table[i], p->command))
            return i;
        *elsewhere = true;
    }
    return p->n;
}

static bool unknown_letter(const struct parser *p, const char *word, bool elsewhere)
{
    if (elsewhere)
        return err_set(p->err, ERR_USAGE, "option -%c belongs to another command", *word);
    /* Not the first byte of a longer character alone. */
    return err_set(p->err, ERR_USAGE, "unknown option -%.*s", (*word & 0x80) != 0 ? 64 : 1, word);
}

/* word is behind the dash: letters of flags, the last of which may take an argument. */
static bool letters(struct parser *p, const char *word)
{
    for (; *word != '\0'; word++) {
        bool        elsewhere;
        size_t      i = find_letter(p, *word, &elsewhere);
        const char *text = NULL;

        if (i == p->n)
            return unknown_letter(p, word, elsewhere);
        if (takes_argument(&p->table[i])) {
            return next_argument(p, &p->table[i], word[1] != '\0' ? word + 1 : NULL, &text) &&
                   argument_set(p, i, text);
        }
        if (!argument_set(p, i, NULL))
            return false;
    }
    return true;
}

/* Is the next word the argument of this option? */
static bool wants_next(const struct parser *p, const char *word)
{
    struct slice name = slice_of(word, strcspn(word, "="));
    bool         elsewhere;
    size_t       i;

    if (word[1] == '-') {
        i = find_name(p, slice_of(word + 2, name.n - 2), &elsewhere);
        return word[name.n] == '\0' && i < p->n && takes_argument(&p->table[i]);
    }
    while (*++word != '\0') {
        i = find_letter(p, *word, &elsewhere);
        if (i == p->n || takes_argument(&p->table[i]))
            return i < p->n && word[1] == '\0';
    }
    return false;
}

int opt_first_operand(const struct opt *table, int argc, char *const *argv)
{
    struct parser p = { .table = table, .command = ~0u };

    while (table[p.n].name)
        p.n++;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            return i;
        i += wants_next(&p, argv[i]) ? 1 : 0;
    }
    return argc;
}

static bool operand(struct parser *p, const char *word)
{
    /* What looks like a URL may hold a password. */
    const char *url = strstr(word, "://");

    if (p->operands)
        return opt_add_item(p->operands, "arguments", word, p->err);
    if (url)
        return err_set(p->err, ERR_USAGE, "unexpected argument '%.*s://...'", (int)(url - word),
                       word);
    return err_set(p->err, ERR_USAGE, "unexpected argument '%s'", word);
}

static bool parse_arguments(struct parser *p)
{
    bool only_operands = false;

    while (p->at < p->argc) {
        const char *word = p->argv[p->at++];
        bool        ok = true;

        if (only_operands || word[0] != '-' || word[1] == '\0')
            ok = operand(p, word);
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else
            ok = word[1] == '-' ? long_option(p, word + 2) : letters(p, word + 1);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- environment and defaults ------------------------------------------------------------ */

static bool parse_bool(const char *text, bool *out)
{
    static const struct {
        const char *word;
        bool        value;
    } words[] = {
        { "1", true },  { "true", true },   { "yes", true },
        { "0", false }, { "false", false }, { "no", false },
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

static bool environment_set(struct parser *p, size_t i, const char *text)
{
    const struct opt *o = &p->table[i];
    void             *field = p->conf + o->field;
    bool              on = true;
    char              where[128];

    (void)snprintf(where, sizeof(where), "environment variable %s", o->env);
    if (!takes_argument(o) && !parse_bool(text, &on))
        return err_set(p->err, ERR_USAGE, "%s: '%s' is not 1, true, yes, 0, false or no", where,
                       text);
    if (o->type == OPT_SET && !on)
        return true;
    p->given[i] = true;
    mark_set(p, i);
    opt_clear_value(o, field);
    if (o->type == OPT_SECRET) {
        ((struct opt_secret *)field)->value = text;
        return true;
    }
    return !on || opt_set_value(o, where, text, field, p->err);
}

static bool parse_environment(struct parser *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct opt *o = &p->table[i];
        const char       *text = NULL;

        if (o->env && is_for(o, p->command) && !p->set[i]) {
            /* NOLINTNEXTLINE(concurrency-mt-unsafe): options are parsed before any thread */
            text = getenv(o->env);
        }
        if (text && text[0] != '\0' && !environment_set(p, i, text))
            return false;
    }
    return true;
}

/* A default that is no good is our bug, not the caller's. */
static bool set_default(const struct parser *p, size_t i)
{
    const struct opt *o = &p->table[i];
    char              where[LONGEST_NAME + 32];

    opt_clear_value(o, p->conf + o->field);
    if (!o->def || !takes_argument(o))
        return true;
    (void)snprintf(where, sizeof(where), "default of option --%s", o->name);
    if (opt_set_value(o, where, o->def, p->conf + o->field, p->err))
        return true;
    p->err->kind = ERR_BUG;
    return false;
}

static bool set_defaults(struct parser *p)
{
    /* Aliases last: the field of one whose main option is of this command is set by then. */
    for (int aliases = 0; aliases < 2; aliases++) {
        for (size_t i = 0; i < p->n; i++) {
            const struct opt *o = &p->table[i];

            if ((o->type == OPT_SET) != (aliases == 1) || !is_for(o, p->command) || p->set[i])
                continue;
            if (!set_default(p, i))
                return false;
            mark_set(p, i);
        }
    }
    return true;
}

/* NOLINTNEXTLINE(readability-function-size): called once; a struct would only rename the eight */
bool opt_parse(const struct opt *table, unsigned command, int argc, char *const *argv, void *conf,
               bool *given, struct opt_list *operands, struct err *err)
{
    struct parser p = {
        .table = table,
        .command = command,
        .conf = conf,
        .operands = operands,
        .argc = argc,
        .argv = argv,
        .at = 1,
        .err = err,
    };
    bool ok;

    while (table[p.n].name)
        p.n++;
    p.given = mem_array(p.n, sizeof(*p.given));
    p.set = mem_array(p.n, sizeof(*p.set));
    if (operands)
        operands->n = 0;
    ok = parse_arguments(&p) && parse_environment(&p) && set_defaults(&p);
    if (given && p.n > 0)
        memcpy(given, p.given, p.n * sizeof(*given));
    mem_free(p.given);
    mem_free(p.set);
    return ok;
}
