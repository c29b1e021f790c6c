/*
 * compare_place.c - the layout's comparison patterns as a tree of places.
 *
 * DESIGN: a document's walker holds a pointer into this tree; for most of a document it is NULL,
 * and then nothing has to be looked up. States and labels bring the places of their own members.
 */
#include "lib/kestra/compare_impl.h"

#include <assert.h>

const struct place *place_member(const struct place *place, struct slice name)
{
    const struct place *p = place ? place->members : NULL;

    while (p && !slice_eq(p->name, name))
        p = p->next;
    return p;
}

static struct place *new_place(struct slice name, struct arena *a)
{
    struct place *p = arena_alloc(a, sizeof(*p));

    *p = (struct place){ .name = name };
    return p;
}

static struct place *sure_elements(struct place *place, struct arena *a)
{
    if (!place->elements)
        place->elements = new_place(SLICE("*"), a);
    return place->elements;
}

static struct place *sure_member(struct place *place, struct slice name, struct arena *a)
{
    struct place **at = &place->members;

    while (*at && !slice_eq((*at)->name, name))
        at = &(*at)->next;
    if (!*at)
        *at = new_place(name, a);
    return *at;
}

/* The place of a pattern: "/taskRunList/<star>/state". */
static struct place *sure_place(struct place *root, const char *pattern, struct arena *a)
{
    struct place *place = root;

    while (*pattern == '/') {
        struct slice name = slice_of(pattern + 1, strcspn(pattern + 1, "/"));

        if (slice_eq(name, SLICE("*")))
            place = sure_elements(place, a);
        else
            place = sure_member(place, arena_copy(a, name), a);
        pattern = name.p + name.n;
    }
    assert(*pattern == '\0' && place != root);
    return place;
}

static void add_places(struct place *root, const char *const *patterns, size_t n,
                       enum place_role role, struct arena *a)
{
    for (size_t i = 0; i < n; i++)
        sure_place(root, patterns[i], a)->roles |= role;
}

static void complete_state(struct place *state, struct arena *a)
{
    struct place *histories = sure_member(state, SLICE("histories"), a);
    struct place *entry = sure_elements(histories, a);

    histories->roles |= PLACE_HISTORIES;
    sure_member(entry, SLICE("date"), a)->roles |= PLACE_HISTORY_DATE;
    sure_member(state, SLICE("duration"), a)->roles |= PLACE_DURATION;
    sure_member(state, SLICE("startDate"), a)->roles |= PLACE_START;
    sure_member(state, SLICE("endDate"), a)->roles |= PLACE_END;
}

static void complete_labels(struct place *labels, struct arena *a)
{
    struct place *label = sure_elements(labels, a);

    label->roles |= PLACE_LABEL;
    sure_member(label, SLICE("key"), a)->roles |= PLACE_LABEL_KEY;
    sure_member(label, SLICE("value"), a)->roles |= PLACE_LABEL_VALUE;
}

struct place *place_build(const struct kind_layout *kind, struct arena *a)
{
    struct place *root = new_place(SLICE(""), a);

    add_places(root, kind->dates, kind->n_dates, PLACE_DATE, a);
    add_places(root, kind->states, kind->n_states, PLACE_STATE, a);
    add_places(root, kind->labels, kind->n_labels, PLACE_LABELS, a);
    add_places(root, kind->verbatim, kind->n_verbatim, PLACE_VERBATIM, a);
    add_places(root, kind->absent_false, kind->n_false, PLACE_FALSE, a);
    for (size_t i = 0; i < kind->n_states; i++)
        complete_state(sure_place(root, kind->states[i], a), a);
    for (size_t i = 0; i < kind->n_labels; i++)
        complete_labels(sure_place(root, kind->labels[i], a), a);
    return root;
}
