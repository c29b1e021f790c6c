/*
 * compare_walk.c - the canonical digest of a value, while somebody walks over it.
 *
 * DESIGN: one frame per open object or list, with notes for the few that need them, and one around
 * them all, so that every value stands in a frame. A value that is finished is added to its frame:
 * an object sums its members, a list folds its elements. A frame knows the place of the value that
 * comes next, which is NULL almost always; all special rules hang on a place's roles.
 *
 * A member is one hash of its name's and its value when that is a scalar, and pair(name, value)
 * when it is an object or list; the pairs of labels are always the latter, because in a list their
 * halves come in any order.
 *
 * A list of labels is folded as a list and summed as a set at the same time; at its end the one
 * that fits is taken. For states see compare_state.c.
 */
#include "lib/kestra/compare_impl.h"

#include "lib/base/clock.h"

#include <assert.h>
#include <endian.h>

#define DATE_BYTES sizeof(uint64_t)

/* Changing one of these changes every digest: raise DIGEST_VERSION. */
enum tag {
    TAG_NULL = 1,
    TAG_FALSE,
    TAG_TRUE,
    TAG_NUMBER,
    TAG_STRING,
    TAG_DATE,
    TAG_MEMBER,
    TAG_ELEMENT,
    TAG_OBJECT,
    TAG_LIST,
    TAG_LABELS,
};

/* Does a value of this substance count, as the member of f that comes now? (Computed members
 * apart.) */
static inline bool counts(const struct comparer *c, const struct frame *f, enum substance substance)
{
    switch (substance) {
    case SUBSTANCE_FULL: break;
    case SUBSTANCE_NULL: return f->verbatim;
    case SUBSTANCE_EMPTY: return f->verbatim || !c->drop_empty;
    case SUBSTANCE_FALSE: return f->verbatim || !(place_roles(f->next) & PLACE_FALSE);
    }
    return true;
}

void walk_begin(struct comparer *c, const struct place *place, bool verbatim)
{
    c->is_object = false;
    c->result = (struct part){ { 0, 0 }, SUBSTANCE_NULL };
    c->top = c->frames;
    c->top->shape = SHAPE_OUTSIDE;
    c->top->next = place;
    c->top->roles = 0;
    c->top->verbatim = verbatim;
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
static void note_label_text(struct frame *f, unsigned roles, struct slice text)
{
    struct label_notes *label = &f->notes.label;

    if (!(f->roles & PLACE_LABEL))
        return;
    if (roles & PLACE_LABEL_KEY) {
        label->key = digest_name(text);
        label->n_keys++;
    } else {
        label->value = digest_bytes(TAG_STRING, text);
        label->value_empty = text.n == 0;
        label->n_values++;
    }
}

/* The value that comes now is not what a label has: its object is none. */
static void note_no_label(struct frame *f)
{
    if (f->roles & PLACE_LABEL)
        f->notes.label.other = true;
}

/* A pair with an empty value is left out where {"key": ""} is, so that both forms stay equal. */
static void close_label(struct comparer *c, const struct label_notes *label)
{
    struct labels_notes *labels = &c->top->notes.labels;

    if (!(c->top->roles & PLACE_LABELS) || label->other || label->n_keys != 1 ||
        label->n_values != 1)
        return;
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

/* One that counts. */
static inline void add_member(struct frame *f, struct digest member)
{
    unsigned computed = place_roles(f->next) & PLACE_COMPUTED;

    if (computed && f->roles & PLACE_STATE) {
        state_hold(f, computed, member);
        return;
    }
    f->acc = digest_add(f->acc, member);
    f->n++;
}

static NOINLINE void add_no_member(struct comparer *c, enum tag tag, struct slice bytes,
                                   enum substance substance)
{
    struct frame *f = c->top;
    struct digest value = digest_bytes(tag, bytes);

    if (f->shape == SHAPE_OUTSIDE)
        c->result = (struct part){ value, substance };
    else if (f->shape == SHAPE_LIST)
        add_element(f, value);
    else if (counts(c, f, substance))
        add_member(f, digest_pair(TAG_MEMBER, f->name, value));
}

static void add_scalar(struct comparer *c, enum tag tag, struct slice bytes,
                       enum substance substance)
{
    struct frame *f = c->top;

    if (f->shape != SHAPE_OBJECT)
        add_no_member(c, tag, bytes, substance);
    else if (counts(c, f, substance))
        add_member(f, digest_member(tag, f->name, bytes));
}

static void add_container(struct comparer *c, struct digest digest, enum substance substance)
{
    struct frame *f = c->top;

    if (f->shape == SHAPE_OUTSIDE)
        c->result = (struct part){ digest, substance };
    else if (f->shape == SHAPE_LIST)
        add_element(f, digest);
    else if (counts(c, f, substance))
        add_member(f, digest_pair(TAG_MEMBER, f->name, digest));
}

bool walk_null(void *ctx)
{
    struct comparer *c = ctx;

    note_no_label(c->top);
    add_scalar(c, TAG_NULL, SLICE(""), SUBSTANCE_NULL);
    return true;
}

bool walk_bool(void *ctx, bool value)
{
    struct comparer *c = ctx;

    note_no_label(c->top);
    add_scalar(c, value ? TAG_TRUE : TAG_FALSE, SLICE(""),
               value ? SUBSTANCE_FULL : SUBSTANCE_FALSE);
    return true;
}

bool walk_number(void *ctx, struct slice spelled)
{
    struct comparer *c = ctx;
    struct number    number;

    note_no_label(c->top);
    if (NUMBER_ROOM(spelled.n) > c->n_room) {
        c->n_room = 2 * NUMBER_ROOM(spelled.n);
        c->room = mem_realloc(c->room, c->n_room);
    }
    number_read(spelled, c->room, &number);
    if (place_roles(c->top->next) & PLACE_DURATION)
        state_note_computed(c, PLACE_DURATION, number_nanoseconds(&number));
    add_scalar(c, TAG_NUMBER, number_canonical(spelled, c->room, &number), SUBSTANCE_FULL);
    return true;
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

/* A string at a place with roles. */
static NOINLINE void special_string(struct comparer *c, unsigned roles, struct slice text)
{
    enum substance substance = text.n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL;
    char           date[DATE_BYTES];
    int64_t        ms;

    if (roles & (PLACE_LABEL_KEY | PLACE_LABEL_VALUE))
        note_label_text(c->top, roles, text);
    else
        note_no_label(c->top);
    if (is_date(c, roles, text, &ms))
        add_scalar(c, TAG_DATE, date_bytes(ms, date), SUBSTANCE_FULL);
    else
        add_scalar(c, TAG_STRING, text, substance);
}

bool walk_string(void *ctx, struct slice text)
{
    struct comparer *c = ctx;
    unsigned         roles = place_roles(c->top->next);

    if (roles != 0) {
        special_string(c, roles, text);
        return true;
    }
    note_no_label(c->top);
    add_scalar(c, TAG_STRING, text, text.n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL);
    return true;
}

/* One level down. */
static struct frame *open_frame(struct comparer *c)
{
    struct frame       *up = c->top;
    struct frame       *f = up + 1;
    const struct place *place = up->next;

    assert(f < c->frames + COUNT_OF(c->frames));
    note_no_label(up);
    f->acc = (struct digest){ 0, 0 };
    f->n = 0;
    f->place = place;
    f->roles = place_roles(place);
    f->verbatim = up->verbatim || f->roles & PLACE_VERBATIM;
    if (up->roles & PLACE_STATE && f->roles & PLACE_HISTORIES)
        state_begin_histories(&up->notes.state);
    if (f->roles & (PLACE_STATE | PLACE_LABELS | PLACE_LABEL))
        memset(&f->notes, 0, sizeof(f->notes));
    c->top = f;
    return f;
}

bool walk_open_object(void *ctx)
{
    struct comparer *c = ctx;
    struct frame    *f = open_frame(c);

    f->shape = f->roles & PLACE_LABELS ? SHAPE_LABELS : SHAPE_OBJECT;
    c->is_object = c->is_object || f == c->frames + 1;
    return true;
}

bool walk_open_list(void *ctx)
{
    struct frame *f = open_frame(ctx);

    f->shape = SHAPE_LIST;
    f->next = place_elements(f->place);
    return true;
}

bool walk_name(void *ctx, struct slice name)
{
    struct comparer *c = ctx;
    struct frame    *f = c->top;

    assert(f > c->frames);
    f->next = f->place ? place_member(f->place, name) : NULL;
    f->name = digest_name(name);
    return true;
}

static void close_list(struct comparer *c, const struct frame *f)
{
    enum tag      tag = TAG_LIST;
    struct digest acc = f->acc;
    struct digest count = { f->n, 0 };

    if (f->roles & PLACE_HISTORIES && c->top->roles & PLACE_STATE)
        c->top->notes.state.n_histories = f->n;
    if (f->roles & PLACE_LABELS && f->notes.labels.n_pairs == f->n) {
        tag = TAG_LABELS;
        acc = f->notes.labels.sum;
        count.lo = f->notes.labels.n_sum;
    }
    add_container(c, digest_pair(tag, acc, count),
                  count.lo == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL);
}

static void close_object(struct comparer *c, struct frame *f)
{
    struct digest count;

    if (f->roles & PLACE_STATE)
        state_close(f);
    else if (f->roles & PLACE_LABEL)
        close_label(c, &f->notes.label);
    count = (struct digest){ f->n, 0 };
    add_container(c, digest_pair(f->shape == SHAPE_LABELS ? TAG_LABELS : TAG_OBJECT, f->acc, count),
                  f->n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL);
}

bool walk_close(void *ctx)
{
    struct comparer *c = ctx;
    struct frame    *f = c->top;

    assert(f > c->frames);
    c->top = f - 1;
    if (f->shape == SHAPE_LIST)
        close_list(c, f);
    else
        close_object(c, f);
    return true;
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
    node->type == JSON_ARRAY ? walk_open_list(c) : walk_open_object(c);
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
    struct frame          *f = &c->frames[1];
    const struct computed *computed;
    unsigned               roles;

    walk_begin(c, place, verbatim);
    walk_open_object(c);
    walk_name(c, node->name);
    walk_subtree(c, node);
    roles = place_roles(f->next);
    *out = f->acc;
    if (!(f->roles & PLACE_STATE && roles & PLACE_COMPUTED))
        return f->n > 0;
    computed = state_computed(&f->notes.state, roles);
    *out = computed->member;
    return computed->there;
}
