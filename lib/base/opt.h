/*
 * opt.h - one table of options: parsing, environment, help and manual come from it.
 *
 * A table ends with an entry whose name is NULL. Defaults are parsed like arguments, so they are
 * checked too. Values end up in the caller's struct at `field`.
 */
#ifndef REQUEUE_OPT_H
#define REQUEUE_OPT_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum opt_type {
    OPT_FLAG,     /* bool */
    OPT_STRING,   /* const char *: borrowed from argv, the environment or the table */
    OPT_CHOICE,   /* const char *: one of arg, which is written "a|b|c" */
    OPT_COUNT,    /* uint64_t between min and max */
    OPT_BYTES,    /* uint64_t: 64M, 1G, 512k, 1000; between min and max */
    OPT_DURATION, /* uint64_t milliseconds: 30s, 5m; min and max in ms */
    OPT_LIST,     /* struct opt_list: may be given several times */
    /* Sets the const char * at field to `def`: an alias such as --no-flows. It shares the field
     * with its main option; of both the last argument wins, and def is no default. */
    OPT_SET,
    /* struct opt_secret: the argument names a file that holds the secret; the variable is the
     * secret itself, because what stands on a command line can be read by everybody. */
    OPT_SECRET,
};

struct opt_secret {
    const char *file;  /* by argument; NULL: none. Read by the caller */
    const char *value; /* by environment; NULL: none */
};

#define OPT_LIST_MAX 64

struct opt_list {
    size_t      n;
    const char *items[OPT_LIST_MAX];
};

struct opt {
    const char   *name;   /* without the dashes */
    char          letter; /* 0: none */
    enum opt_type type;
    size_t        field;    /* offsetof in the caller's struct */
    uint64_t      min, max; /* max 0: none */
    const char   *def;      /* NULL: none (string NULL, number 0, flag false) */
    const char   *env;      /* NULL: none; a flag's variable is 1/true/yes or 0/false/no */
    const char   *arg;      /* how the argument is shown; NULL for flags */
    const char   *help;     /* one line, no full stop at the end */
    unsigned      commands; /* bit set of the commands that take it */
};

/* Fill conf for the command whose bit is `command`; fields of other commands are left alone. Order:
 * argument, environment (an empty variable is as good as none), default. Names are never
 * abbreviated; --name value, --name=value, -x value, -xvalue, -xyz for flags; -- ends the options.
 * A next word that is itself an option --name of the table is no value (--name=--value is).
 * Arguments that are no options are appended to operands (NULL: none allowed). An option of another
 * command, an unknown one, a bad or missing value: ERR_USAGE, with the nearest known name as hint
 * where there is one. given (may be NULL) gets given[i] = true for entries set by argument or
 * environment; it has one bool per table entry. argv[0] is skipped. */
MUST_CHECK bool opt_parse(const struct opt *table, unsigned command, int argc, char *const *argv,
                          void *conf, bool *given, struct opt_list *operands, struct err *err);

/* Where the first word stands that is neither an option of any command nor the argument of one;
 * argc: there is none, or -- ends the options before it. What is unknown is taken for a flag.
 * argv[0] is skipped. */
int opt_first_operand(const struct opt *table, int argc, char *const *argv);

/* The option of a command whose name was probably meant, or NULL. */
const char *opt_nearest(const struct opt *table, unsigned command, struct slice name);

/* The options of a command as help text, two columns, wrapped at `width`. */
void opt_help(const struct opt *table, unsigned command, unsigned width, struct buf *out);

/* One of them as an mdoc list item, for the manual. */
void opt_man(const struct opt *o, struct buf *out);

#endif
