/*
 * compare_walk.c - the canonical digest of a value, while somebody walks over it.
 *
 * DESIGN: one frame per open object or list, and beside it, for the few that need them, notes. A
 * value is finished as a part (its digest, and whether rule 5 may leave it out) and delivered to
 * the frame above: an object adds pair(name, value), a list folds. A frame knows the place of the
 * value that comes next, which is NULL almost always; all special rules hang on a place's roles.
 *
 * Computed members of a state cannot be judged before its histories are known, and members come in
 * any order: they are noted, and judged when the state ends. All dates are cut to milliseconds
 * before they are compared, so both sides of a comparison judge alike. A list of labels is folded
 * as a list and summed as a set at the same time; at its end the one that fits is taken.
 */
#include "lib/kestra/compare_impl.h"

#include "lib/base/clock.h"

#include <assert.h>

#define NS_PER_MS 1000000

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
};

static const struct digest digest_zero;

struct digest name_digest(struct slice name)
{
    return digest_bytes(TAG_NAME, name);
}

struct digest member_digest(struct digest name, struct digest value)
{
    return digest_pair(TAG_MEMBER, name, value);
}

bool part_counts(const struct comparer *c, struct part part, unsigned roles, bool verbatim)
{
    switch (part.substance) {
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
    c->result = (struct part){ digest_zero, SUBSTANCE_NULL };
}

static struct frame *top(struct comparer *c)
{
    return c->depth > 0 ? &c->frames[c->depth - 1] : NULL;
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
    *out = t.s * 1000 + t.ns / NS_PER_MS;
    return true;
}

static struct digest date_digest(int64_t ms)
{
    char bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)((uint64_t)ms >> 8 * i & 0xff);
    return digest_bytes(TAG_DATE, slice_of(bytes, sizeof(bytes)));
}

/* ---- states ---- */

static struct computed *computed_of(struct state_notes *s, unsigned roles)
{
    if (roles & PLACE_DURATION)
        return &s->duration;
    return roles & PLACE_START ? &s->start : &s->end;
}

/* Tell the state that a date or duration in it can be read; before the value is delivered. */
static void note_computed(struct comparer *c, unsigned roles, int64_t value)
{
    struct frame    *f = top(c);
    struct computed *computed;

    if (!f || !(f->roles & PLACE_STATE))
        return;
    computed = computed_of(&c->notes[c->depth - 1].state, roles);
    computed->fresh = true;
    computed->value = value;
}

/* The frames are: state, histories, entry. */
static void note_history_date(struct comparer *c, int64_t ms)
{
    struct state_notes *s;
    uint64_t            index;

    if (c->depth < 3 || !(c->frames[c->depth - 3].roles & PLACE_STATE) ||
        !c->frames[c->depth - 2].is_list)
        return;
    s = &c->notes[c->depth - 3].state;
    index = c->frames[c->depth - 2].n;
    if (index == 0) {
        s->has_first = true;
        s->first_ms = ms;
    }
    s->has_last = true;
    s->last_ms = ms;
    s->last_index = index;
}

static void begin_histories(struct state_notes *s)
{
    s->n_histories = 0; /* of a member that comes twice the last counts */
    s->has_first = false;
    s->has_last = false;
}

/* A computed member waits for the end of its state. One that comes twice is not what Kestra writes:
 * it goes into the digest at once. */
static void hold_computed(struct comparer *c, struct frame *f, unsigned roles, struct part part)
{
    struct computed *computed = computed_of(&c->notes[c->depth - 1].state, roles);

    if (!part_counts(c, part, roles, f->verbatim))
        return;
    if (computed->there) {
        f->acc = digest_add(f->acc, computed->member);
        f->n++;
    }
    computed->there = true;
    computed->readable = computed->fresh;
    computed->fresh = false;
    computed->member = member_digest(f->name, part.digest);
}

static bool duration_is_right(const struct state_notes *s)
{
    int64_t span;
    int64_t off;

    if (s->n_histories == 1)
        return true; /* it is "until now" and new at every writing */
    if (!s->duration.readable || s->n_histories == 0)
        return false;
    if (!s->has_first || !s->has_last || s->last_index + 1 != s->n_histories)
        return false;
    if (__builtin_mul_overflow(s->last_ms - s->first_ms, NS_PER_MS, &span) ||
        __builtin_sub_overflow(s->duration.value, span, &off))
        return false;
    return off >= -NS_PER_MS && off <= NS_PER_MS;
}

static bool start_is_right(const struct state_notes *s)
{
    return s->start.readable && s->has_first && s->start.value == s->first_ms;
}

static bool end_is_right(const struct state_notes *s)
{
    return s->end.readable && s->has_last && s->last_index + 1 == s->n_histories &&
           s->end.value == s->last_ms;
}

static void judge(struct frame *f, struct state_notes *s, unsigned role, bool right)
{
    const struct computed *computed = computed_of(s, role);

    if (!computed->there || right)
        return;
    f->acc = digest_add(f->acc, computed->member);
    f->n++;
    s->counted |= role;
}

static void close_state(struct frame *f, struct state_notes *s)
{
    s->counted = 0;
    judge(f, s, PLACE_DURATION, duration_is_right(s));
    judge(f, s, PLACE_START, start_is_right(s));
    judge(f, s, PLACE_END, end_is_right(s));
}

/* ---- labels ---- */

/* A string that is the key or value of what may be a label; before it is delivered. */
static void note_label_text(struct comparer *c, unsigned roles, struct slice text)
{
    struct frame       *f = top(c);
    struct label_notes *label;

    if (!f || !(f->roles & PLACE_LABEL))
        return;
    label = &c->notes[c->depth - 1].label;
    if (roles & PLACE_LABEL_KEY) {
        label->key = name_digest(text);
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

    if (c->depth == 0 || !(top(c)->roles & PLACE_LABELS) || label->other || label->n_keys != 1 ||
        label->n_values != 1)
        return;
    labels = &c->notes[c->depth - 1].labels;
    labels->n_pairs++;
    if (label->value_empty && c->drop_empty)
        return;
    labels->sum = digest_add(labels->sum, member_digest(label->key, label->value));
    labels->n_sum++;
}

/* ---- values ---- */

static void deliver_member(struct comparer *c, struct frame *f, struct part part)
{
    unsigned roles = place_roles(f->next);

    if (f->roles & PLACE_STATE && roles & PLACE_COMPUTED) {
        hold_computed(c, f, roles, part);
        return;
    }
    if (!part_counts(c, part, roles, f->verbatim))
        return;
    f->acc = digest_add(f->acc, member_digest(f->name, part.digest));
    f->n++;
}

static void deliver(struct comparer *c, struct part part)
{
    struct frame *f = top(c);

    if (!f) {
        c->result = part;
    } else if (f->is_list) {
        f->acc = digest_pair(TAG_ELEMENT, f->acc, part.digest);
        f->n++;
    } else {
        deliver_member(c, f, part);
    }
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
    deliver(c, (struct part){ digest_bytes(TAG_NULL, SLICE("")), SUBSTANCE_NULL });
}

void walk_bool(struct comparer *c, bool value)
{
    note_no_label(c);
    deliver(c, (struct part){ digest_bytes(value ? TAG_TRUE : TAG_FALSE, SLICE("")),
                              value ? SUBSTANCE_FULL : SUBSTANCE_FALSE });
}

void walk_number(struct comparer *c, struct slice spelled)
{
    unsigned      roles = place_roles(place_now(c));
    struct number number;

    note_no_label(c);
    if (NUMBER_ROOM(spelled.n) > c->n_room) {
        c->n_room = 2 * NUMBER_ROOM(spelled.n);
        c->room = mem_realloc(c->room, c->n_room);
    }
    number_read(spelled, c->room, &number);
    if (roles & PLACE_DURATION)
        note_computed(c, PLACE_DURATION, number_nanoseconds(&number));
    deliver(c, (struct part){ digest_bytes(TAG_NUMBER, number_canonical(spelled, c->room, &number)),
                              SUBSTANCE_FULL });
}

/* A text at a place with roles. */
static struct digest special_text(struct comparer *c, unsigned roles, struct slice text)
{
    const unsigned dates = PLACE_DATE | PLACE_START | PLACE_END | PLACE_HISTORY_DATE;
    int64_t        ms;

    if (roles & (PLACE_LABEL_KEY | PLACE_LABEL_VALUE))
        note_label_text(c, roles, text);
    if (!(roles & dates) || !read_milliseconds(text, &ms))
        return digest_bytes(TAG_STRING, text);
    if (roles & (PLACE_START | PLACE_END))
        note_computed(c, roles, ms);
    if (roles & PLACE_HISTORY_DATE)
        note_history_date(c, ms);
    if (!(roles & ~(unsigned)PLACE_HISTORY_DATE))
        return digest_bytes(TAG_STRING, text); /* the layout does not call it a date */
    return date_digest(ms);
}

void walk_string(struct comparer *c, struct slice text)
{
    unsigned    roles = place_roles(place_now(c));
    struct part part;

    if (!(roles & (PLACE_LABEL_KEY | PLACE_LABEL_VALUE)))
        note_no_label(c);
    part.substance = text.n == 0 ? SUBSTANCE_EMPTY : SUBSTANCE_FULL;
    part.digest = roles ? special_text(c, roles, text) : digest_bytes(TAG_STRING, text);
    deliver(c, part);
}

void walk_open(struct comparer *c, bool is_list)
{
    const struct place *place = place_now(c);
    struct frame       *up = top(c);
    struct frame       *f = &c->frames[c->depth];

    assert(c->depth < JSON_MAX_DEPTH);
    note_no_label(c);
    if (!up)
        c->is_object = !is_list;
    else if (up->roles & PLACE_STATE && place_roles(place) & PLACE_HISTORIES)
        begin_histories(&c->notes[c->depth - 1].state);
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
    struct frame *f;

    assert(c->depth > 0);
    f = &c->frames[c->depth - 1];
    f->name = name_digest(name);
    f->next = place_member(f->place, name);
}

static struct part close_list(struct comparer *c, const struct frame *f, const union notes *notes)
{
    enum tag      tag = TAG_LIST;
    struct digest acc = f->acc;
    struct digest count = { f->n, 0 };

    if (f->roles & PLACE_HISTORIES && c->depth > 0 && top(c)->roles & PLACE_STATE)
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
        close_state(f, &notes->state);
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
    deliver(c, f->is_list ? close_list(c, f, notes) : close_object(c, f, notes));
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
