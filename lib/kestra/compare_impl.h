/*
 * compare_impl.h - what the compare*.c files share; no other file includes it.
 *
 * A comparer is a walker: whoever walks over a value (json_parse's events, or a tree) tells it each
 * part in the document's order, and it computes the canonical digest with the rules of compare.h.
 */
#ifndef REQUEUE_COMPARE_IMPL_H
#define REQUEUE_COMPARE_IMPL_H

#include "lib/kestra/compare.h"

/* ---- places: the layout's patterns as a tree (compare_place.c) ---- */

/* What is special about the values at one place. */
enum place_role {
    PLACE_DATE = 1 << 0,         /* compared as an instant */
    PLACE_STATE = 1 << 1,        /* has computed members */
    PLACE_LABELS = 1 << 2,       /* map or list of pairs */
    PLACE_VERBATIM = 1 << 3,     /* inside, everything counts */
    PLACE_FALSE = 1 << 4,        /* absent means false */
    PLACE_DURATION = 1 << 5,     /* of a state; computed, like the next two */
    PLACE_START = 1 << 6,        /* startDate */
    PLACE_END = 1 << 7,          /* endDate */
    PLACE_HISTORIES = 1 << 8,    /* of a state */
    PLACE_HISTORY_DATE = 1 << 9, /* of one entry */
    PLACE_LABEL = 1 << 10,       /* an element of labels that may be a pair */
    PLACE_LABEL_KEY = 1 << 11,
    PLACE_LABEL_VALUE = 1 << 12,
};

#define PLACE_COMPUTED (PLACE_DURATION | PLACE_START | PLACE_END)

/* A way into documents; there are only as many as the patterns need. NULL: nothing special below.
 */
struct place {
    struct slice  name;  /* of this member; "*" for elements */
    unsigned      roles; /* of enum place_role */
    struct place *members;
    struct place *elements; /* of a list */
    struct place *next;     /* the next member of the same object */
};

/* The tree for one kind, in a. */
struct place *place_build(const struct kind_layout *kind, struct arena *a);

const struct place *place_member(const struct place *place, struct slice name);

static inline const struct place *place_elements(const struct place *place)
{
    return place ? place->elements : NULL;
}

static inline unsigned place_roles(const struct place *place)
{
    return place ? place->roles : 0;
}

/* ---- numbers (compare_number.c) ---- */

/* digits * 10^exponent, digits without zeros at either end (none at all: zero). */
struct number {
    bool         negative;
    bool         unusual; /* the exponent is out of range: only the text counts */
    struct slice digits;
    int64_t      exponent;
};

/* Room that number_read needs for a number of n characters. */
#define NUMBER_ROOM(n) ((n) + 16)

/* spelled is a JSON number; room has NUMBER_ROOM(spelled.n) bytes and is borrowed by *out. */
void number_read(struct slice spelled, char *room, struct number *out);

/* The one spelling of the value: what is hashed. Borrowed from spelled or room. */
struct slice number_canonical(struct slice spelled, char *room, const struct number *number);

/* number * 10^9, cut towards zero, at most +-INT64_MAX. */
int64_t number_nanoseconds(const struct number *number);

/* ---- the walker (compare_walk.c) ---- */

/* Which values may be left out of an object (compare.h, rules 5 and 7). */
enum substance {
    SUBSTANCE_FULL,
    SUBSTANCE_NULL,
    SUBSTANCE_EMPTY, /* "", [], {}, or an object of which nothing is left */
    SUBSTANCE_FALSE,
};

/* A value that was walked over. */
struct part {
    struct digest  digest;
    enum substance substance;
};

/* startDate, endDate and duration until their state ends. */
struct computed {
    bool          there;
    bool          fresh;    /* value was read and not delivered yet */
    bool          readable; /* value holds it */
    int64_t       value;    /* dates: milliseconds; duration: nanoseconds */
    struct digest member;
};

struct state_notes {
    struct computed duration;
    struct computed start;
    struct computed end;
    uint64_t        n_histories;
    bool            has_first; /* the first entry has a date */
    bool            has_last;  /* of the latest dated entry, whose index is last_index */
    int64_t         first_ms;
    int64_t         last_ms;
    uint64_t        last_index;
    unsigned        counted; /* roles of the computed members that went into the digest */
};

/* A list of labels: the sum over its pairs, in case it has nothing else. */
struct labels_notes {
    struct digest sum;
    uint64_t      n_sum;   /* summands */
    uint64_t      n_pairs; /* elements that are pairs */
};

struct label_notes {
    struct digest key;
    struct digest value;
    bool          value_empty;
    unsigned      n_keys;
    unsigned      n_values;
    bool          other; /* has what a pair has not */
};

/* What an object or list remembers for its end. */
union notes {
    struct state_notes  state;
    struct labels_notes labels;
    struct label_notes  label;
};

/* How values are added to what they stand in. */
enum shape {
    SHAPE_OUTSIDE, /* nothing is open: the value walked over */
    SHAPE_LIST,
    SHAPE_OBJECT,
    SHAPE_LABELS, /* an object in which every member is a pair */
};

/* One open object or list. */
struct frame {
    struct digest       acc;  /* of what was delivered so far */
    struct digest       name; /* of the member that comes next */
    const struct place *next; /* where that member, or each element, is */
    const struct place *place;
    uint64_t            n; /* members that count; elements */
    unsigned            roles;
    enum shape          shape;
    bool                verbatim;
    union notes         notes; /* for the few that need them: begun when roles say so */
};

struct comparer {
    bool          drop_empty;
    enum kind     kind;
    struct place *root;
    struct arena *arena; /* owns the places */
    char         *room;  /* for numbers */
    size_t        n_room;
    bool          is_object; /* the value walked over */
    struct err    err;       /* here because it is too large to be cleared for each document */
    struct part   result;
    struct frame *top; /* the innermost one; frames[0] is what the walked value stands in */
    struct frame  frames[1 + JSON_MAX_DEPTH];
};

/* Walk over one value that stands at `place`, inside a verbatim member or not: walk_begin, then the
 * parts in order, then c->result is it. The parts are callbacks of json_events, with the comparer
 * as their context: they always return true. */
void walk_begin(struct comparer *c, const struct place *place, bool verbatim);
bool walk_null(void *ctx);
bool walk_bool(void *ctx, bool value);
bool walk_number(void *ctx, struct slice spelled);
bool walk_string(void *ctx, struct slice text);
bool walk_open_object(void *ctx);
bool walk_open_list(void *ctx);
bool walk_name(void *ctx, struct slice name);
bool walk_close(void *ctx);

/* The whole subtree. */
struct part walk_node(struct comparer *c, const struct json_node *node, const struct place *place,
                      bool verbatim);

/* What one member adds to an object that stands at `place`; false: nothing. Computed members as if
 * their state did not know them. */
bool walk_member(struct comparer *c, const struct json_node *node, const struct place *place,
                 bool verbatim, struct digest *out);

/* ---- states (compare_state.c) ---- */

#define WALK_NS_PER_MS 1000000

struct computed *state_computed(struct state_notes *s, unsigned role);

/* Of the value that comes now, before it is added: it can be read, as a number of milliseconds
 * (dates) or nanoseconds (duration). */
void state_note_computed(struct comparer *c, unsigned role, int64_t value);
void state_note_history(struct comparer *c, int64_t ms);

void state_begin_histories(struct state_notes *s);

/* Keep what a computed member adds to its state f until the state ends. */
void state_hold(struct frame *f, unsigned role, struct digest member);

/* Add those that disagree with the histories. */
void state_close(struct frame *f);

#endif
