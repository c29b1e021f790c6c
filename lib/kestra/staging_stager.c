/*
 * staging_stager.c - stagers, and what they did: counts, and the nearest path of a rule that did
 * nothing.
 */
#include "lib/kestra/staging_impl.h"

#include "lib/base/nearest.h"

#define TEXT_MAX_BYTES (1u << 30)

void staging_on_left(struct staging *s, staging_left_fn fn, void *ctx)
{
    s->on_left = fn;
    s->left_ctx = ctx;
}

uint64_t staging_left_count(const struct staging *s)
{
    uint64_t n = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        n += s->left[k];
    return n;
}

/* The first n_own are as the file says them; what was bound follows. */
size_t staging_rules(const struct staging *s)
{
    return s->n_rules - s->n_own;
}

bool staging_rule_info(const struct staging *s, size_t i, struct staging_rule_info *out)
{
    const struct stage_rule *r = &s->rules[s->n_own + i];

    *out = (struct staging_rule_info){ .text = r->text, .line = r->line, .kinds = r->kinds };
    memcpy(out->count, r->count, sizeof(out->count));
    memcpy(out->seen, r->seen, sizeof(out->seen));
    return r->text != NULL;
}

/* The path of a rule with its first part that no document has replaced by the nearest they have. */
static void find_near(const struct staging *s, const struct stage_rule *r, enum kind kind,
                      struct buf *out)
{
    const struct stage_node *at = s->roots[kind];
    const char              *path = r->path;
    struct slice             best = { NULL, 0 };
    size_t                   least = SIZE_MAX;
    struct slice             part = { NULL, 0 };

    while (*path == '/') {
        const struct stage_node *c = NULL;

        part = stage_next_part(&path);
        c = slice_eq(part, SLICE("**"))  ? at->deep
            : slice_eq(part, SLICE("*")) ? at->any
                                         : at->first;
        while (c && c->name.p && !slice_eq(c->name, part))
            c = c->next;
        if (!c || (!c->met && !c->loops))
            break;
        buf_add(out, "/%.*s", SLICE_ARG(part));
        at = c;
    }
    for (size_t i = 0; at && i < at->n_others; i++) {
        size_t d = at->others[i].n > NEAREST_MAX_BYTES || part.n > NEAREST_MAX_BYTES
                       ? SIZE_MAX
                       : nearest_distance(part, at->others[i]);

        if (d < least) {
            least = d;
            best = at->others[i];
        }
    }
    if (best.p)
        buf_add(out, "/%.*s", SLICE_ARG(best));
    else
        buf_clear(out);
}

void staging_near(const struct staging *s, size_t i, struct buf *out)
{
    const struct stage_rule *r = &s->rules[s->n_own + i];

    buf_clear(out);
    for (int k = 0; k < KIND_COUNT; k++)
        if ((r->kinds & KIND_BIT(k)) && r->path && s->roots[k])
            find_near(s, r, (enum kind)k, out);
}

/* ---- stagers --------------------------------------------------------------------------------- */

struct stager *stager_new(struct staging *s)
{
    struct stager *g = mem_alloc(sizeof(*g));

    g->s = s;
    g->arena = arena_new((size_t)64 * 1024);
    buf_init(&g->text, TEXT_MAX_BYTES);
    buf_init(&g->quoted, TEXT_MAX_BYTES);
    g->count = mem_array(s->n_rules + 1, sizeof(*g->count));
    g->seen = mem_array(s->n_rules + 1, sizeof(*g->seen));
    return g;
}

/* The last whole pass over a kind is what counts. */
static void hand_in(struct stager *g)
{
    struct staging *s = g->s;

    for (int k = 0; k < KIND_COUNT; k++) {
        if (!g->ran[k])
            continue;
        s->left[k] = k == KIND_FLOW_LAST ? 0 : g->left[k];
        for (size_t i = 0; i < s->n_rules; i++) {
            s->rules[i].count[k] = g->count[i][k];
            s->rules[i].seen[k] = g->seen[i][k];
        }
    }
}

void stager_quiet(struct stager *g)
{
    g->quiet = true;
}

void stager_free(struct stager *g)
{
    if (!g)
        return;
    if (!g->quiet)
        hand_in(g);
    buf_release(&g->text);
    buf_release(&g->quoted);
    arena_free(g->arena);
    mem_free(g->edits);
    mem_free((void *)g->active);
    mem_free(g->frames);
    mem_free(g->candidates);
    mem_free(g->count);
    mem_free(g->seen);
    mem_free(g);
}

void stager_begin(struct stager *g)
{
    arena_reset(g->arena);
}
