/*
 * recover_write.c - the plan written into the document: edits of bytes, the list of changes, link
 * records (recover_impl.h).
 *
 * DESIGN: each edit is made once and used twice: the document is spliced with all of them, the task
 * run of a link record with those that lie inside it. duration, startDate and endDate stay as they
 * are: Kestra never reads them, it computes them from the histories (kestra/data-model.md 5.3).
 */
#include "lib/kestra/recover_impl.h"

#include <stdarg.h>

#include "lib/base/splice.h"

#define EDITS_AT_LEAST 16u

struct writer {
    const struct plan *p;
    struct arena      *a;
    struct slice       date;   /* newest_text as JSON */
    bool               spaced; /* ": " and ", ", as jsonb spells it */
    size_t             n, room;
    struct splice *edits; /* as many as changes of one list, one for one until they are sorted */
    size_t         n_changes, room_changes;
    struct change *changes;
};

/* ---- texts ----------------------------------------------------------------------------------- */

static struct slice PRINTF(2, 3) text(struct writer *w, const char *fmt, ...)
{
    va_list args;
    va_list again;
    int     n;
    char   *out;

    va_start(args, fmt);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, fmt, args);
    out = arena_alloc(w->a, (size_t)n + 1);
    (void)vsnprintf(out, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(args);
    return slice_of(out, (size_t)n);
}

static struct slice join(struct writer *w, const struct slice *parts, size_t n)
{
    size_t size = 0;
    char  *out;
    char  *to;

    for (size_t i = 0; i < n; i++)
        size += parts[i].n;
    out = arena_alloc(w->a, size + 1);
    to = out;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n > 0)
            memcpy(to, parts[i].p, parts[i].n);
        to += parts[i].n;
    }
    return slice_of(out, size);
}

static struct slice quoted(struct writer *w, struct slice s)
{
    struct buf   b;
    struct slice out = SLICE("\"\"");

    buf_init(&b, s.n * 6 + 2); /* every byte escaped */
    if (json_quote(s, &b))
        out = arena_copy(w->a, buf_slice(&b));
    buf_release(&b);
    return out;
}

#define JOIN(w, ...)                                                                               \
    join((w), (const struct slice[]){ __VA_ARGS__ },                                               \
         sizeof((const struct slice[]){ __VA_ARGS__ }) / sizeof(struct slice))

static struct slice comma(const struct writer *w)
{
    return w->spaced ? SLICE(", ") : SLICE(",");
}

static struct slice colon(const struct writer *w)
{
    return w->spaced ? SLICE(": ") : SLICE(":");
}

static struct slice state_text(struct writer *w, enum state state)
{
    return JOIN(w, SLICE("\""), slice_str(state_name(state)), SLICE("\""));
}

/* An object of two members. jsonb sorts members by the length of their names, so there the second
 * comes first. */
static struct slice pair(struct writer *w, struct slice name, struct slice value,
                         struct slice name2, struct slice value2)
{
    if (w->spaced)
        return JOIN(w, SLICE("{"), name2, SLICE(": "), value2, SLICE(", "), name, SLICE(": "),
                    value, SLICE("}"));
    return JOIN(w, SLICE("{"), name, SLICE(":"), value, SLICE(","), name2, SLICE(":"), value2,
                SLICE("}"));
}

static struct slice history(struct writer *w, enum state state, struct slice date)
{
    return pair(w, SLICE("\"state\""), state_text(w, state), SLICE("\"date\""), date);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static void edit(struct writer *w, const char *from, const char *to, struct slice with)
{
    const char *base = w->p->e->raw.p;

    if (w->n == w->room) {
        size_t         room = w->room ? w->room * 2 : EDITS_AT_LEAST;
        struct splice *more = arena_alloc(w->a, room * sizeof(*more));

        if (w->n > 0)
            memcpy(more, w->edits, w->n * sizeof(*more));
        w->edits = more;
        w->room = room;
    }
    w->edits[w->n++] = (struct splice){ (size_t)(from - base), (size_t)(to - base), with };
}

static void change(struct writer *w, struct slice path, struct slice before, struct slice after)
{
    if (w->n_changes == w->room_changes) {
        size_t         room = w->room_changes ? w->room_changes * 2 : EDITS_AT_LEAST;
        struct change *more = arena_alloc(w->a, room * sizeof(*more));

        if (w->n_changes > 0)
            memcpy(more, w->changes, w->n_changes * sizeof(*more));
        w->changes = more;
        w->room_changes = room;
    }
    w->changes[w->n_changes++] = (struct change){ path.p, before, after };
}

static void replace(struct writer *w, struct slice path, struct slice old, struct slice with)
{
    edit(w, old.p, old.p + old.n, with);
    change(w, path, old, with);
}

/* A member of an object: replaced, or added at its end. Of a member that comes twice the last
 * counts, so there the last is replaced. */
static void put_member(struct writer *w, struct slice object, const char *name, struct slice path,
                       struct slice value)
{
    const struct json_path find = { name, NULL };
    struct json_value      found = { 0 };
    struct err             err;
    const char            *end = object.p + object.n - 1;
    const char            *last = end - 1;

    if (json_find(object, &find, 1, JSON_FIND_ALL, &found, &err) && found.type != JSON_ABSENT) {
        replace(w, path, found.raw, value);
        return;
    }
    while (last > object.p && strchr(" \t\r\n", *last))
        last--;
    edit(w, last + 1, last + 1,
         JOIN(w, *last == '{' ? SLICE("") : comma(w), SLICE("\""), slice_str(name), SLICE("\""),
              colon(w), value));
    change(w, path, slice_of(NULL, 0), value);
}

/* ---- states ---------------------------------------------------------------------------------- */

static void append_history(struct writer *w, const struct run_state *s, const char *where,
                           enum state state)
{
    struct slice entry = history(w, state, w->date);
    const char  *end;

    if (!s->has_histories) {
        put_member(w, s->raw, "histories", text(w, "%s/histories", where),
                   JOIN(w, SLICE("["), entry, SLICE("]")));
        return;
    }
    end = s->histories_raw.p + s->histories_raw.n - 1;
    edit(w, end, end, JOIN(w, s->n_histories > 0 ? comma(w) : SLICE(""), entry));
    change(w, text(w, "%s/histories/%zu", where, s->n_histories), slice_of(NULL, 0), entry);
}

static void set_current(struct writer *w, const struct run_state *s, const char *where,
                        enum state state)
{
    replace(w, text(w, "%s/current", where), s->current_raw, state_text(w, state));
}

static void turn_state(struct writer *w, const struct run_state *s, const char *where,
                       enum state state)
{
    set_current(w, s, where, state);
    append_history(w, s, where, state);
}

static struct slice date_of(struct writer *w, const struct run_state *s, enum state state)
{
    for (size_t i = 0; i < s->n_histories; i++)
        if (s->histories[i].state == state && s->histories[i].date.n > 0)
            return quoted(w, s->histories[i].date);
    return w->date;
}

/* The last entry but one must not be PAUSED, or Kestra takes the Pause for one that was resumed. */
static void rearm(struct writer *w, const struct run_state *s, const char *where)
{
    struct slice created = history(w, STATE_CREATED, date_of(w, s, STATE_CREATED));
    struct slice running = history(w, STATE_RUNNING, date_of(w, s, STATE_RUNNING));
    struct slice path = text(w, "%s/histories", where);
    struct slice list = JOIN(w, SLICE("["), created, comma(w), running, SLICE("]"));

    set_current(w, s, where, STATE_RUNNING);
    if (s->has_histories)
        replace(w, path, s->histories_raw, list);
    else
        put_member(w, s->raw, "histories", path, list);
}

/* ---- task runs ------------------------------------------------------------------------------- */

static void write_answer(struct writer *w, size_t run)
{
    const struct run_plan *r = &w->p->runs[run];
    struct slice           id = quoted(w, r->child->id);
    struct slice           outputs;

    if (r->ended)
        outputs = pair(w, SLICE("\"executionId\""), id, SLICE("\"state\""),
                       state_text(w, r->child->state));
    else
        outputs = JOIN(w, SLICE("{\"executionId\""), colon(w), id, SLICE("}"));
    put_member(w, w->p->e->runs[run].raw, "outputs", text(w, "/taskRunList/%zu/outputs", run),
               outputs);
}

/* A task that fails has failed in its last attempt, as Kestra leaves it. */
static void fail_attempt(struct writer *w, size_t run)
{
    const struct task_run *r = &w->p->e->runs[run];
    struct slice           where;

    if (r->n_attempts == 0 || !r->last_attempt.current_raw.p ||
        state_ended(r->last_attempt.current))
        return;
    where = text(w, "/taskRunList/%zu/attempts/%zu/state", run, r->n_attempts - 1);
    turn_state(w, &r->last_attempt, where.p, STATE_FAILED);
}

/* With the comma before it, or, where nothing stays before it, with the one after it. */
static void drop_run(struct writer *w, size_t run, bool any_before)
{
    const struct execution *e = w->p->e;
    struct slice            raw = e->runs[run].raw;
    const char             *from = raw.p;
    const char             *to = raw.p + raw.n;

    if (any_before)
        from = e->runs[run - 1].raw.p + e->runs[run - 1].raw.n;
    else if (run + 1 < e->n_runs)
        to = e->runs[run + 1].raw.p;
    edit(w, from, to, slice_of(NULL, 0));
    change(w, text(w, "/taskRunList/%zu", run), raw, slice_of(NULL, 0));
}

static void write_run(struct writer *w, size_t run)
{
    const struct run_plan  *r = &w->p->runs[run];
    const struct run_state *s = &w->p->e->runs[run].state;
    struct slice            where;

    if (r->fate == FATE_STAYS)
        return;
    where = text(w, "/taskRunList/%zu/state", run);
    if (r->fate == FATE_REARMED) {
        rearm(w, s, where.p);
        return;
    }
    turn_state(w, s, where.p, r->state);
    if (r->answered)
        write_answer(w, run);
    if (r->state == STATE_FAILED && !r->answered)
        fail_attempt(w, run);
}

static void write_runs(struct writer *w)
{
    bool any_before = false;

    for (size_t i = 0; i < w->p->e->n_runs; i++) {
        if (w->p->runs[i].fate == FATE_DROPPED) {
            drop_run(w, i, any_before);
            continue;
        }
        any_before = true;
        write_run(w, i);
    }
}

/* ---- links ----------------------------------------------------------------------------------- */

/* A task run as it is in the new document. */
static struct slice rewritten(struct writer *w, size_t run)
{
    struct slice   raw = w->p->e->runs[run].raw;
    size_t         from = (size_t)(raw.p - w->p->e->raw.p);
    struct splice *inside = arena_alloc(w->a, (w->n + 1) * sizeof(*inside));
    size_t         n = 0;

    for (size_t i = 0; i < w->n; i++) {
        if (w->edits[i].from < from || w->edits[i].to > from + raw.n)
            continue;
        inside[n] = w->edits[i];
        inside[n].from -= from;
        inside[n++].to -= from;
    }
    return splice_apply(raw, inside, n, w->a);
}

static void write_link(struct writer *w, size_t run, struct link *out)
{
    const struct child *child = w->p->runs[run].child;
    bool                parent = w->p->l->executor.parent_task_run;
    const struct slice  parts[] = {
         parent ? SLICE("{\"parentTaskRun\":") : SLICE("{\"taskRun\":"),
        rewritten(w, run),
        parent ? SLICE(",\"parentTask\":") : SLICE(",\"task\":"),
        w->p->tree->tasks[w->p->runs[run].task].json,
        SLICE(",\"execution\":"),
        child->json,
        SLICE("}"),
    };

    *out = (struct link){ child->id, w->p->e->id, join(w, parts, COUNT_OF(parts)) };
}

static void write_links(struct writer *w, struct recovery *out)
{
    size_t n = 0;

    for (size_t i = 0; i < w->p->e->n_runs; i++)
        n += w->p->runs[i].link;
    if (n == 0)
        return;
    out->links = arena_alloc(w->a, n * sizeof(*out->links));
    for (size_t i = 0; i < w->p->e->n_runs; i++)
        if (w->p->runs[i].link)
            write_link(w, i, &out->links[out->n_links++]);
}

/* ---- the document ---------------------------------------------------------------------------- */

/* PostgreSQL writes a space after each colon and comma, Kestra none. */
static bool is_spaced(struct slice state)
{
    const char *colon = state.n > 0 ? memchr(state.p, ':', state.n - 1) : NULL;

    return colon && colon[1] == ' ';
}

void plan_write(const struct plan *p, struct recovery *out)
{
    const struct execution *e = p->e;
    struct writer           w = { .p = p, .a = p->arena };

    w.spaced = is_spaced(e->state.raw);
    if (p->edited || p->execution != STATE_ABSENT)
        w.date = quoted(&w, e->newest_text);
    if (p->execution != STATE_ABSENT)
        turn_state(&w, &e->state, "/state", p->execution);
    if (p->edited)
        write_runs(&w);
    splice_sort(w.edits, w.n);
    write_links(&w, out);
    out->changed = w.n > 0;
    if (out->changed)
        out->value = splice_apply(e->raw, w.edits, w.n, w.a);
    out->n_changes = w.n_changes;
    out->changes = w.changes;
}
