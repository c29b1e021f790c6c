/*
 * layout_fields.h - reading one mapping of a layout file by its table (inside of layout.c).
 *
 * Each mapping has a table: member, type, where it goes, what it may hold. Members are read in the
 * order of the table, not of the file, so that a default (`assumed`) is known before what depends
 * on it. A member that no table knows is refused: a misspelt one would otherwise be a silent
 * default. Errors: ERR_USAGE, "FILE:LINE: ...". Texts are borrowed from the tree.
 */
#ifndef REQUEUE_LAYOUT_FIELDS_H
#define REQUEUE_LAYOUT_FIELDS_H

#include "lib/kestra/layout_tree.h"

#define FIELDS_MAX 24 /* of one table */

enum field_type {
    FIELD_TEXT,   /* const char *, not empty */
    FIELD_PREFIX, /* const char *, may be "" */
    FIELD_NAME,   /* const char *, with {placeholders} */
    FIELD_INDEX,  /* const char *, with {index_prefix} */
    FIELD_INT,    /* int, min..max */
    FIELD_SIZE,   /* uint64_t, min..max */
    FIELD_RANGE,  /* [low, high] as two int, min..max each */
    FIELD_BOOL,   /* bool */
    FIELD_LIST,   /* size_t at at_n, const char ** at at: texts that item accepts */
    FIELD_SUB,    /* sub reads it into the same struct */
};

struct place {
    struct layout *layout;
    void          *into; /* the struct that the table describes */
};

typedef bool (*item_check)(const struct entry *item, struct err *err);
typedef bool (*sub_reader)(struct place at, const struct entry *e, struct err *err);

struct field {
    const char     *name;
    enum field_type type;
    bool            mandatory;
    size_t          at;
    size_t          at_n;
    long            min, max;
    item_check      item;
    sub_reader      sub;
};

/* Read the members of map into at.into. */
MUST_CHECK bool fields_read(struct place at, const struct entry *map, const struct field *fields,
                            size_t n, struct err *err);

/* What an entry must be; else the error says what it is instead. */
MUST_CHECK bool entry_is_type(const struct entry *e, enum yaml_type type, struct err *err);
MUST_CHECK bool entry_is_text(const struct entry *e, struct err *err);    /* a scalar, not empty */
MUST_CHECK bool entry_is_name(const struct entry *e, struct err *err);    /* placeholders we know */
MUST_CHECK bool entry_is_pattern(const struct entry *e, struct err *err); /* of data-model 5.10 */
/* The same, and ** for any number of levels (lib/kestra/staging.h). */
MUST_CHECK bool entry_is_path(const struct entry *e, struct err *err);
MUST_CHECK bool entry_is_state(const struct entry *e, struct err *err);
MUST_CHECK bool entry_is_terminal_state(const struct entry *e, struct err *err);
/* The name of a Java class with its package. */
MUST_CHECK bool entry_is_class(const struct entry *e, struct err *err);
/* An index, alias or wildcard of a search server, {index_prefix} at its beginning or not at all. */
MUST_CHECK bool entry_is_index(const struct entry *e, struct err *err);

/* Fill *err with `what "word" is not known; nearest: x, y, z` and return false. names is reordered.
 */
bool entry_unknown(const struct entry *e, const char *what, const char *word, const char **names,
                   size_t n, struct err *err);

#endif
