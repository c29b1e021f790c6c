/*
 * judge_fill.c - what a judge knows: made, filled, freed.
 */
#include "lib/kestra/judge_impl.h"

#include "lib/kestra/verdict_rules.h"

#define SCRATCH_BYTES (256u << 10)
#define KEPT_BYTES    (64u << 10)

struct judge *judge_new(const struct layout *l, const struct project_options *options,
                        const struct judge_source *source, const struct flow_index *flows,
                        const struct instant *newest)
{
    struct judge *j = mem_alloc(sizeof(*j));

    j->layout = l;
    j->options = options;
    j->source = *source;
    j->flows = flows;
    j->has_newest = options->has_now || newest;
    if (options->has_now)
        j->newest = options->now;
    else if (newest)
        j->newest = *newest;
    j->scratch = arena_new(SCRATCH_BYTES);
    j->kept = arena_new(KEPT_BYTES);
    j->revisions = map_new();
    j->templates = map_new();
    j->families = map_new();
    j->parents = map_new();
    j->waiting = map_new();
    j->runs = map_new();
    j->ticks = map_new();
    j->emitted = idset_new();
    j->releasing = idset_new();
    j->stale = idset_new();
    j->told = idset_new();
    j->lost = idset_new();
    return j;
}

static void free_texts(struct map *m)
{
    size_t at = 0;
    void **place;

    while ((place = map_next(m, &at, NULL))) {
        struct text *t = *place;

        if (t)
            mem_free(t->p);
        mem_free(t);
    }
    map_free(m);
}

static void free_revisions(struct map *m)
{
    size_t at = 0;
    void **place;

    while ((place = map_next(m, &at, NULL))) {
        struct revision *r = *place;

        mem_free(r->json);
        flow_tree_free(r->tree);
        mem_free(r);
    }
    map_free(m);
}

static void free_families(struct map *m)
{
    size_t at = 0;
    void **place;

    while ((place = map_next(m, &at, NULL))) {
        struct family *f = *place;

        mem_free(f->children);
        mem_free(f);
    }
    map_free(m);
}

void judge_free(struct judge *j)
{
    if (!j)
        return;
    free_revisions(j->revisions);
    free_texts(j->templates);
    free_families(j->families);
    map_free(j->parents);
    map_free(j->waiting);
    map_free(j->runs);
    map_free(j->ticks);
    idset_free(j->emitted);
    idset_free(j->releasing);
    idset_free(j->stale);
    idset_free(j->told);
    idset_free(j->lost);
    mem_free(j->links);
    arena_free(j->scratch);
    arena_free(j->kept);
    mem_free(j);
}

/* ---- filling --------------------------------------------------------------------------------- */

/* The templates that a flow or a template names become wanted. What cannot be read names none. */
static void want_templates(struct judge *j, struct slice json)
{
    struct arena *a = arena_new(4096);
    size_t        n = 0;
    struct slice *keys;

    if (flow_tree_templates(j->layout, json, a, &n, &keys, &j->err)) {
        for (size_t i = 0; i < n; i++)
            (void)map_put(j->templates, &keys[i]);
    }
    arena_free(a);
}

void judge_add_revision(struct judge *j, struct slice key, struct slice json)
{
    void           **place = map_put(j->revisions, &key);
    struct revision *r;

    if (*place)
        return;
    r = mem_alloc(sizeof(*r));
    *place = r;
    if (!json.p)
        return;
    r->json = mem_strndup(json.p, json.n);
    r->n = json.n;
    if (j->layout->kinds[KIND_TEMPLATE].enabled)
        want_templates(j, json);
}

bool judge_next_template(struct judge *j, struct slice *key)
{
    void **place;

    while ((place = map_next(j->templates, &j->next_template, key))) {
        if (!*place)
            return true;
    }
    return false;
}

void judge_add_template(struct judge *j, struct slice key, struct slice json)
{
    void       **place = map_put(j->templates, &key);
    struct text *t;

    if (*place)
        return;
    t = mem_alloc(sizeof(*t));
    *place = t;
    if (!json.p)
        return;
    t->p = mem_strndup(json.p, json.n);
    t->n = json.n;
    want_templates(j, json);
}

/* Known by one look-up: an Each, or a file, may have a hundred thousand children. */
static struct child *find_child(const struct judge *j, struct slice parent, struct slice id)
{
    const struct kin    *kin = map_get(j->parents, id);
    const struct family *f =
        kin && slice_eq(kin->parent, parent) ? map_get(j->families, parent) : NULL;

    return f ? &f->children[kin->at] : NULL;
}

static void note_parent(struct judge *j, struct slice parent, size_t at, struct slice *child)
{
    void      **place = map_put(j->parents, child);
    struct kin *kin;

    if (*place) /* a second document of that id names another parent; there it is unknown to links
                 */
        return;
    kin = arena_alloc(j->kept, sizeof(*kin));
    *kin = (struct kin){ parent, at };
    *place = kin;
}

void judge_add_child(struct judge *j, struct slice parent, const struct child *child)
{
    struct slice   id = child->id;
    struct family *f;
    struct child  *known;
    void         **place;

    if (find_child(j, parent, id))
        return;
    place = map_put(j->families, &parent);
    f = *place;
    if (!f)
        f = *place = mem_alloc(sizeof(*f));
    if (f->n == f->room) {
        f->room = f->room > 0 ? f->room * 2 : 2;
        f->children = mem_realloc(f->children, f->room * sizeof(*f->children));
    }
    note_parent(j, parent, f->n, &id);
    known = &f->children[f->n++];
    *known = *child;
    known->id = id;
    known->task_id = judge_copy(j, child->task_id);
    known->run_id = judge_copy(j, child->run_id);
    known->json = judge_copy(j, child->json);
}

bool judge_add_link(struct judge *j, struct slice parent, struct slice child, struct slice run)
{
    struct child *known = find_child(j, parent, child);

    if (known && !known->run_id.p)
        known->run_id = judge_copy(j, run);
    return known != NULL;
}

void judge_children_known(struct judge *j)
{
    j->children_known = true;
}

void judge_stop_waiting(struct judge *j)
{
    j->stopped_waiting = true;
}

void judge_add_run(struct judge *j, enum run_fact what, struct slice id, struct slice date)
{
    void            **place = map_put(j->runs, &id);
    struct run_known *known = *place;

    if (!known) {
        known = *place = arena_alloc(j->kept, sizeof(*known));
        *known = (struct run_known){ 0 };
    }
    switch (what) {
    case RUN_TAKEN: known->taken = true; break;
    case RUN_ENDED: known->ended = true; break;
    case RUN_DUE: known->due = judge_copy(j, date); break;
    }
}

void judge_add_stale(struct judge *j, struct slice id)
{
    (void)idset_see(j->stale, judge_digest(id), 0);
}

void judge_lose_revision(struct judge *j, struct slice key)
{
    (void)idset_see(j->lost, judge_digest(key), 0);
}

/* ---- telling once ---------------------------------------------------------------------------- */

bool judge_sees_first(struct judge *j, struct slice id)
{
    return idset_see(j->told, judge_digest(id), 0) == IDSET_NEW;
}

bool judge_tell_lost(struct judge *j, struct slice id, struct judgement *out)
{
    *out = (struct judgement){
        .lost = true,
        .needs = -1,
        .execution = { .id = id, .duplicate_run = RUN_NONE, .broken_run = RUN_NONE },
        .finding = { .verdict = VERDICT_BLOCKED,
                     .codes = CODE_BIT(CODE_EXECUTION_LOST),
                     .remedies = REMEDY_BIT(REMEDY_START_AGAIN) },
    };
    row_add(&out->finding.rows, ROW_D02);
    return judge_sees_first(j, id);
}
