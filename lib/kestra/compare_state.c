/*
 * compare_state.c - the computed members of a state against its histories (compare.h, rule 4).
 *
 * DESIGN: duration, startDate and endDate cannot be judged before the histories are known, and
 * members come in any order: they are held, and judged when the state ends. All dates are cut to
 * milliseconds before they are compared, so both sides of a comparison judge alike.
 */
#include "lib/kestra/compare_impl.h"

struct computed *state_computed(struct state_notes *s, unsigned roles)
{
    if (roles & PLACE_DURATION)
        return &s->duration;
    return roles & PLACE_START ? &s->start : &s->end;
}

/* Tell the state that a date or duration in it can be read; before the value is delivered. */
void state_note_computed(struct comparer *c, unsigned roles, int64_t value)
{
    struct frame    *f = c->top;
    struct computed *computed;

    if (!(f->roles & PLACE_STATE))
        return;
    computed = state_computed(&f->notes.state, roles);
    computed->fresh = true;
    computed->value = value;
}

/* The frames are: state, histories, entry. */
void state_note_history(struct comparer *c, int64_t ms)
{
    struct frame       *entry = c->top;
    struct state_notes *s;
    uint64_t            index;

    if (entry - c->frames < 3 || !(entry[-2].roles & PLACE_STATE) || entry[-1].shape != SHAPE_LIST)
        return;
    s = &entry[-2].notes.state;
    index = entry[-1].n;
    if (index == 0) {
        s->has_first = true;
        s->first_ms = ms;
    }
    s->has_last = true;
    s->last_ms = ms;
    s->last_index = index;
}

void state_begin_histories(struct state_notes *s)
{
    s->n_histories = 0; /* of a member that comes twice the last counts */
    s->has_first = false;
    s->has_last = false;
}

/* A computed member waits for the end of its state. One that comes twice is not what Kestra writes:
 * it goes into the digest at once. */
void state_hold(struct frame *f, unsigned roles, struct digest member)
{
    struct computed *computed = state_computed(&f->notes.state, roles);

    if (computed->there) {
        f->acc = digest_add(f->acc, computed->member);
        f->n++;
    }
    computed->there = true;
    computed->readable = computed->fresh;
    computed->fresh = false;
    computed->member = member;
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
    if (__builtin_mul_overflow(s->last_ms - s->first_ms, WALK_NS_PER_MS, &span) ||
        __builtin_sub_overflow(s->duration.value, span, &off))
        return false;
    return off >= -WALK_NS_PER_MS && off <= WALK_NS_PER_MS;
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

static void judge(struct frame *f, unsigned role, bool right)
{
    struct state_notes    *s = &f->notes.state;
    const struct computed *computed = state_computed(s, role);

    if (!computed->there || right)
        return;
    f->acc = digest_add(f->acc, computed->member);
    f->n++;
    s->counted |= role;
}

void state_close(struct frame *f)
{
    struct state_notes *s = &f->notes.state;

    s->counted = 0;
    judge(f, PLACE_DURATION, duration_is_right(s));
    judge(f, PLACE_START, start_is_right(s));
    judge(f, PLACE_END, end_is_right(s));
}
