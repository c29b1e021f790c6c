/*
 * compare_walk.c - the canonical digest of a value, while somebody walks over it.
 *
 * DESIGN: one frame per open object or list, and beside it, for the few that need them, notes. A
 * value that is finished is added to the frame above: an object sums its members, a list folds its
 * elements. A frame knows the place of the value that comes next, which is NULL almost always; all
 * special rules hang on a place's roles.
 *
 * A member is hash(type, length of name, name, value) when its value is a scalar, and pair(name,
 * value) when it is an object or list; the pairs of labels are always the latter, because in a list
 * their halves come in any order.
 *
 * A list of labels is folded as a list and summed as a set at the same time; at its end the one
 * that fits is taken. For states see compare_state.c.
 */
#include "lib/kestra/compare_impl.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <endian.h>

#define DATE_BYTES sizeof(uint64_t)
#define NAME_AT    sizeof(uint64_t) /* in the room for a member: behind its length */

/* Changing one of these changes every digest: raise DIGEST_VERSION. */
enum tag {
    TAG_NULL = 1,
    TAG_FALSE,
    TAG_TRUE,
    TAG_NUMBER,
    TAG_STRING,
    TAG_DATE,
    TAG_NAME,
    TAG_MEMBER,
    TAG_ELEMENT,
    TAG_OBJECT,
    TAG_LIST,
    TAG_LABELS,
    TAG_IN_MEMBER = 1 << 8, /* with a scalar's: name and value together */
};

/* Does a value of this substance count, as a member of an object? (Computed members apart.) */
static bool counts(const struct comparer *c, enum substance substance, unsigned roles,
                   bool verbatim)
{
    switch (substance) {
    case SUBSTANCE_NULL: return verbatim;
    case SUBSTANCE_EMPTY: return verbatim || !c->drop_empty;
    case SUBSTANCE_FALSE: return verbatim || !(roles & PLACE_FALSE);
    case SUBSTANCE_FULL: break;
    }
    return true;
}

void walk_begin(struct comparer *c, const struct place *place, bool verbatim)
{
    c->start = place;
    c->start_verbatim = verbatim;
    c->is_object = false;
    c->depth = 0;
    c->result = (struct part){ { 0, 0 }, SUBSTANCE_NULL };
}

/* Where the value is that comes now. */
static const struct place *place_now(struct comparer *c)
{
    return c->depth > 0 ? c->frames[c->depth - 1].next : c->start;
}

/* ---- dates ---- */

static bool read_milliseconds(struct slice text, int64_t *out)
{
    struct instant t;

    if (!instant_parse(text, &t))
        return false;
    *out = t.s * 1000 + t.ns / WALK_NS_PER_MS;
    return true;
}

static struct slice date_bytes(int64_t ms, char room[DATE_BYTES])
{
    uint64_t bits = htole64((uint64_t)ms);

    memcpy(room, &bits, DATE_BYTES);
    return slice_of(room, DATE_BYTES);
}

/* ---- labels ---- */

/* A string that is the key or value of what may be a label; before it is delivered. */
static void note_label_text(struct comparer *c, unsigned roles, struct slice text)
{
    struct frame       *f = walk_top(c);
    struct label_notes *label;

    if (!f || !(f->roles & PLACE_LABEL))
        return;
    label = &c->notes[c->depth - 1].label;
    if (roles & PLACE_LABEL_KEY) {
        label->key = digest_bytes(TAG_NAME, text);
        label->n_keys++;
    } else {
        label->value = digest_bytes(TAG_STRING, text);
        label->value_empty = text.n == 0;
        label->n_values++;
    }
}

/* A pair with an empty value is left out where {"key": ""} is, so that both forms stay equal. */
static void close_label(struct comparer *c, const struct label_notes *label)
{
    struct labels_notes *labels;

    if (c->depth == 0 || !(walk_top(c)->roles & PLACE_LABELS) || label->other ||
        label->n_keys != 1 || label->n_values != 1)
        return;
    labels = &c->notes[c->depth - 1].labels;
    labels->n_pairs++;
    if (label->value_empty && c->drop_empty)
        return;
    labels->sum = digest_add(labels->sum, digest_pair(TAG_MEMBER, label->key, label->value));
    labels->n_sum++;
}

/* ---- values ---- */

static void add_element(struct frame *f, struct digest value)
{
    f->acc = digest_pair(TAG_ELEMENT, f->acc, value);
    f->n++;
}

static void add_member(struct comparer *c, struct frame *f, struct digest member,
                       enum substance substance)
{
    unsigned roles = place_roles(f->next);

    if (!counts(c, substance, roles, f->verbatim))
        return;
    if (f->roles & PLACE_STATE && roles & PLACE_COMPUTED) {
        state_hold(c, f, roles, member);
        return;
    }
    f->acc = digest_add(f->acc, member);
    f->n++;
}

/* For members that are pairs: before another name takes its room. */
static void digest_name(struct comparer *c, struct frame *f)
{
    f->name = digest_bytes(TAG_NAME, slice_of(c->member + NAME_AT, c->n_name - NAME_AT));
}

static char *member_room(struct comparer *c, size_t n)
{
    if (n > c->n_member) {
        c->n_member = 2 * n;
        c->member = mem_realloc(c->member, c->n_member);
    }
    return c->member;
}

/* Name and value in one hash: most of what there is to hash, so it halves the cost. */
static struct digest scalar_member(struct comparer *c, enum tag tag, struct slice bytes)
{
    char *room = member_room(c, c->n_name + bytes.n);

    if (bytes.n > 0)
        memcpy(room + c->n_name, bytes.p, bytes.n);
    return digest_bytes((uint64_t)tag | TAG_IN_MEMBER, slice_of(room, c->n_name + bytes.n));
}

static void add_scalar(struct comparer *c, enum tag tag, struct slice bytes,
                       enum substance substance)
{
    struct frame *f = walk_top(c);

    if (!f) {
        c->result = (struct part){ digest_bytes(tag, bytes), substance };
    } else if (f->is_list) {
        add_element(f, digest_bytes(tag, bytes));
    } else if (f->roles & PLACE_LABELS) {
        digest_name(c, f);
        add_member(c, f, digest_pair(TAG_MEMBER, f->name, digest_bytes(tag, bytes)), substance);
    } else {
        add_member(c, f, scalar_member(c, tag, bytes), substance);
    }
}

static void add_container(struct comparer *c, struct part part)
{
    struct frame *f = walk_top(c);

    if (!f)
        c->result = part;
    else if (f->is_list)
        add_element(f, part.digest);
    else
        add_member(c, f, digest_pair(TAG_MEMBER, f->name, part.digest), part.substance);
}

/* The value that comes now is not what a label has: its object is none. */
static void note_no_label(struct comparer *c)
{
    if (c->depth > 0 && c->frames[c->depth - 1].roles & PLACE_LABEL)
        c->notes[c->depth - 1].label.other = true;
}

void walk_null(struct comparer *c)
{
    note_no_label(c);
    add_scalar(c, TAG_NULL, SLICE(""), SUBSTANCE_NULL);
}

void walk_bool(struct comparer *c, bool value)
{
    note_no_label(c);
    add_scalar(c, value ? TAG_TRUE : TAG_FALSE, SLICE(""),
               value ? SUBSTANCE_FULL : SUBSTANCE_FALSE);
}

void walk_number(struct comparer *c, struct slice spelled)
{
    struct number number;

    note_no_label(c);
    if (NUMBER_ROOM(spelled.n) > c->n_room) {
        c->n_room = 2 * NUMBER_ROOM(spelled.n);
        c->room = mem_realloc(c->room, c->n_room);
    }
    number_read(spelled, c->room, &number);
    if (place_roles(place_now(c)) & PLACE_DURATION)
        state_note_computed(c, PLACE_DURATION, number_nanoseconds(&number));
    add_scalar(c, TAG_NUMBER, number_canonical(spelled, c->room, &number), SUBSTANCE_FULL);
}

/* Tell whoever waits for this date; true when the digest takes it as an instant. */
static bool is_date(struct comparer *c, unsigned roles, struct slice text, int64_t *ms)
{
    const unsigned dates = PLACE_DATE | PLACE_START | PLACE_END;

    if (!(roles & (dates | PLACE_HISTORY_DATE)) || !read_milliseconds(text, ms))
        return false;
    if (roles & (PLACE_START | PLACE_END))
        state_note_computed(c, roles, *ms);
    if (roles & PLACE_HISTORY_DATE)
        state_note_history(c, *ms);
    return roles & dates;
}

void walk_string(struct comparer *c, struct slice text)
{
    unsigned roles = place_roles(place_now(c));
    char     date[DATE_BYTES];
    int64_t  ms;

    if (roles & (PLACE_LABEL_KEY | PLACE_LABEL_VALUE))
        note_label_text(c, roles, text);
    else
        note_no_label(c);
    if (roles != 0 && is_date(c, roles, text, &ms))
        add_scalar(c, TAG_DATE, date_bytes(ms, date), SUBSTANCE_FULL);
    else
        add_scalar(c, TAG_STRING, text, text.n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL);
}

void walk_open(struct comparer *c, bool is_list)
{
    const struct place *place = place_now(c);
    struct frame       *up = walk_top(c);
    struct frame       *f = &c->frames[c->depth];

    assert(c->depth < JSON_MAX_DEPTH);
    note_no_label(c);
    if (!up)
        c->is_object = !is_list;
    else if (!up->is_list)
        digest_name(c, up);
    if (up && up->roles & PLACE_STATE && place_roles(place) & PLACE_HISTORIES)
        state_begin_histories(&c->notes[c->depth - 1].state);
    *f = (struct frame){
        .place = place,
        .next = is_list ? place_elements(place) : NULL,
        .roles = place_roles(place),
        .is_list = is_list,
        .verbatim = up ? up->verbatim : c->start_verbatim,
    };
    f->verbatim = f->verbatim || f->roles & PLACE_VERBATIM;
    if (f->roles & (PLACE_STATE | PLACE_LABELS | PLACE_LABEL))
        memset(&c->notes[c->depth], 0, sizeof(c->notes[c->depth]));
    c->depth++;
}

void walk_name(struct comparer *c, struct slice name)
{
    uint64_t      length = htole64(name.n);
    struct frame *f;
    char         *room;

    assert(c->depth > 0);
    f = &c->frames[c->depth - 1];
    f->next = place_member(f->place, name);
    c->n_name = NAME_AT + name.n;
    room = member_room(c, c->n_name);
    memcpy(room, &length, sizeof(length));
    if (name.n > 0)
        memcpy(room + NAME_AT, name.p, name.n);
}

static struct part close_list(struct comparer *c, const struct frame *f, const union notes *notes)
{
    enum tag      tag = TAG_LIST;
    struct digest acc = f->acc;
    struct digest count = { f->n, 0 };

    if (f->roles & PLACE_HISTORIES && c->depth > 0 && walk_top(c)->roles & PLACE_STATE)
        c->notes[c->depth - 1].state.n_histories = f->n;
    if (f->roles & PLACE_LABELS && notes->labels.n_pairs == f->n) {
        tag = TAG_LABELS;
        acc = notes->labels.sum;
        count.lo = notes->labels.n_sum;
    }
    return (struct part){ digest_pair(tag, acc, count),
                          count.lo == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL };
}

static struct part close_object(struct comparer *c, struct frame *f, union notes *notes)
{
    enum tag      tag = f->roles & PLACE_LABELS ? TAG_LABELS : TAG_OBJECT;
    struct digest count;

    if (f->roles & PLACE_STATE)
        state_close(f, &notes->state);
    else if (f->roles & PLACE_LABEL)
        close_label(c, &notes->label);
    count = (struct digest){ f->n, 0 };
    return (struct part){ digest_pair(tag, f->acc, count),
                          f->n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL };
}

void walk_close(struct comparer *c)
{
    struct frame *f;
    union notes  *notes;

    assert(c->depth > 0);
    c->depth--;
    f = &c->frames[c->depth];
    notes = &c->notes[c->depth];
    add_container(c, f->is_list ? close_list(c, f, notes) : close_object(c, f, notes));
}

/* ---- trees ---- */

/* Depth is capped by the parser that made the tree. */
static void walk_subtree(struct comparer *c, const struct json_node *node)
{
    switch (node->type) {
    case JSON_ABSENT:
    case JSON_NULL: walk_null(c); return;
    case JSON_BOOL: walk_bool(c, slice_eq(node->text, SLICE("true"))); return;
    case JSON_NUMBER: walk_number(c, node->text); return;
    case JSON_STRING: walk_string(c, node->text); return;
    case JSON_OBJECT:
    case JSON_ARRAY: break;
    }
    walk_open(c, node->type == JSON_ARRAY);
    for (const struct json_node *child = node->first; child; child = child->next) {
        if (node->type == JSON_OBJECT)
            walk_name(c, child->name);
        walk_subtree(c, child);
    }
    walk_close(c);
}

struct part walk_node(struct comparer *c, const struct json_node *node, const struct place *place,
                      bool verbatim)
{
    walk_begin(c, place, verbatim);
    walk_subtree(c, node);
    return c->result;
}

bool walk_member(struct comparer *c, const struct json_node *node, const struct place *place,
                 bool verbatim, struct digest *out)
{
    struct frame   *f = &c->frames[0];
    struct computed computed;
    unsigned        roles;

    walk_begin(c, place, verbatim);
    walk_open(c, false);
    walk_name(c, node->name);
    walk_subtree(c, node);
    roles = place_roles(f->next);
    *out = f->acc;
    if (!(f->roles & PLACE_STATE && roles & PLACE_COMPUTED))
        return f->n > 0;
    computed = *state_computed(&c->notes[0].state, roles);
    *out = computed.member;
    return computed.there;
}
