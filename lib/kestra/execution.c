/*
 * execution.c - reading an execution in one walk over its text.
 *
 * DESIGN: the text is proven first, if it is not trusted, by yajl with nothing to call; then a walk
 * that trusts it passes over all that is in no place (json_walk_known: together half of what
 * json_walk takes). A walk tells what a container holds before it tells the container itself. So a
 * container that matters has a place; when it begins, what it fills is blanked (of repeated members
 * the last one counts), and when it turns out to be of another type, blanked again. The tables of
 * execution_members.c say which member of which place goes where.
 */
#include "lib/kestra/execution.h"

#include "lib/kestra/execution_impl.h"

/* ---- states ------------------------------------------------------------------------------- */

static const struct slice state_names[STATE_COUNT] = {
    [STATE_ABSENT] = { "absent", 6 },   [STATE_UNKNOWN] = { "unknown", 7 },
    [STATE_CREATED] = { "CREATED", 7 }, [STATE_RUNNING] = { "RUNNING", 7 },
    [STATE_PAUSED] = { "PAUSED", 6 },   [STATE_RESTARTED] = { "RESTARTED", 9 },
    [STATE_KILLING] = { "KILLING", 7 }, [STATE_SUCCESS] = { "SUCCESS", 7 },
    [STATE_WARNING] = { "WARNING", 7 }, [STATE_FAILED] = { "FAILED", 6 },
    [STATE_KILLED] = { "KILLED", 6 },   [STATE_CANCELLED] = { "CANCELLED", 9 },
    [STATE_QUEUED] = { "QUEUED", 6 },   [STATE_RETRYING] = { "RETRYING", 8 },
    [STATE_RETRIED] = { "RETRIED", 7 }, [STATE_SKIPPED] = { "SKIPPED", 7 },
};

const char *state_name(enum state state)
{
    return state < STATE_COUNT ? state_names[state].p : state_names[STATE_UNKNOWN].p;
}

enum state state_parse(struct slice name)
{
    if (!name.p)
        return STATE_ABSENT;
    for (size_t i = STATE_CREATED; i < STATE_COUNT; i++)
        if (name.n == state_names[i].n && name.p[0] == state_names[i].p[0] &&
            slice_eq(name, state_names[i]))
            return (enum state)i;
    return STATE_UNKNOWN;
}

/* taskRunList / item / attempts / item / state / histories / item / date */
#define WALK_DEPTH 8

struct reader {
    struct arena     *arena;
    struct err       *err;
    struct execution *out;
    unsigned          at[WALK_DEPTH + 1]; /* of the open container of each depth */
    size_t            cap_runs;
    struct task_run  *runs; /* out->n_runs of them */
    size_t            n_histories, cap_histories;
    struct history   *histories; /* of the state being read */
    struct buf        text;
    bool              plain; /* no text has an escape */
};

/* ---- values ------------------------------------------------------------------------------- */

/* A text as it reads, p NULL for anything else. What cannot be read (U+0000, half a surrogate pair)
 * stays as it is spelled: still the same where it is the same. */
static struct slice text_of(struct reader *r, struct json_value v)
{
    struct err   ignored = ERR_INIT;
    struct slice inside;

    if (v.type != JSON_STRING)
        return slice_of(NULL, 0);
    inside = slice_of(v.raw.p + 1, v.raw.n - 2);
    if (r->plain || !memchr(inside.p, '\\', inside.n))
        return inside;
    buf_clear(&r->text);
    return json_text(v, &r->text, &ignored) ? arena_copy(r->arena, buf_slice(&r->text)) : inside;
}

static void read_revision(struct execution *e, struct json_value v)
{
    bool     negative = v.raw.p[0] == '-';
    uint64_t value = 0;

    e->has_revision = false;
    e->revision = 0;
    if (v.type != JSON_NUMBER || v.raw.n > 18)
        return;
    for (size_t i = negative ? 1 : 0; i < v.raw.n; i++) {
        if (v.raw.p[i] < '0' || v.raw.p[i] > '9')
            return;
        value = value * 10 + (uint64_t)(v.raw.p[i] - '0');
    }
    e->has_revision = true;
    e->revision = negative ? -(int64_t)value : (int64_t)value;
}

static struct task_run *run_of(struct reader *r)
{
    return &r->runs[r->out->n_runs - 1];
}

/* The state object that a place has. */
static struct run_state *state_of(struct reader *r, unsigned place)
{
    if (place == PLACE_DOC)
        return &r->out->state;
    return place == PLACE_RUN ? &run_of(r)->state : &run_of(r)->last_attempt;
}

static bool add_run(struct reader *r)
{
    if (r->out->n_runs == EXECUTION_MAX_RUNS)
        return err_set(r->err, ERR_DATA, "execution: more than %d task runs", EXECUTION_MAX_RUNS);
    if (r->out->n_runs == r->cap_runs) {
        r->cap_runs = r->cap_runs > 0 ? r->cap_runs * 2 : 8;
        r->runs = mem_realloc(r->runs, r->cap_runs * sizeof(*r->runs));
    }
    r->runs[r->out->n_runs++] = (struct task_run){ .parent = RUN_NONE };
    return true;
}

static void add_history(struct reader *r)
{
    if (r->n_histories == r->cap_histories) {
        r->cap_histories = r->cap_histories > 0 ? r->cap_histories * 2 : 16;
        r->histories = mem_realloc(r->histories, r->cap_histories * sizeof(*r->histories));
    }
    r->histories[r->n_histories++] = (struct history){ .state = STATE_ABSENT };
}

/* ---- containers --------------------------------------------------------------------------- */

static void blank_attempts(struct task_run *run)
{
    run->n_attempts = 0;
    run->attempts_raw = slice_of(NULL, 0);
    run->last_attempt = (struct run_state){ .current = STATE_ABSENT };
}

/* Blank what a place fills. up: the place that it is in. */
static void blank(struct reader *r, unsigned place, unsigned up)
{
    const struct slice none = { NULL, 0 };
    struct execution  *e = r->out;

    switch (place) {
    case PLACE_STATE:
        *state_of(r, up) = (struct run_state){ .current = STATE_ABSENT };
        r->n_histories = 0;
        break;
    case PLACE_HISTORIES: r->n_histories = 0; break;
    case PLACE_RUNS:
        e->n_runs = 0;
        e->has_runs = false;
        e->runs_raw = none;
        break;
    case PLACE_ATTEMPTS: blank_attempts(run_of(r)); break;
    case PLACE_OUTPUTS:
        run_of(r)->outputs_raw = none;
        run_of(r)->outputs_value = none;
        run_of(r)->outputs_execution = none;
        break;
    case PLACE_TRIGGER:
        e->trigger_id = none;
        e->trigger_type = none;
        e->parent_execution = none;
        e->trigger_date = none;
        break;
    case PLACE_VARIABLES:
        e->parent_execution = none;
        e->trigger_date = none;
        break;
    default: break;
    }
}

/* A place has been read and was what it should be. */
static void settle(struct reader *r, unsigned place, size_t depth, struct slice raw)
{
    struct run_state *state;
    struct history   *histories;

    switch (place) {
    case PLACE_STATE: state_of(r, r->at[depth - 1])->raw = raw; break;
    case PLACE_HISTORIES:
        state = state_of(r, r->at[depth - 2]);
        histories = arena_alloc(r->arena, r->n_histories * sizeof(*histories));
        if (r->n_histories > 0)
            memcpy(histories, r->histories, r->n_histories * sizeof(*histories));
        state->histories = histories;
        state->n_histories = r->n_histories;
        state->has_histories = true;
        state->histories_raw = raw;
        break;
    case PLACE_RUNS:
        r->out->has_runs = true;
        r->out->runs_raw = raw;
        break;
    case PLACE_ATTEMPTS: run_of(r)->attempts_raw = raw; break;
    case PLACE_OUTPUTS: run_of(r)->outputs_raw = raw; break;
    default: break;
    }
}

/* `histories` that are no list leave none. */
static void blank_histories(struct run_state *state)
{
    state->histories = NULL;
    state->n_histories = 0;
    state->has_histories = false;
    state->histories_raw = slice_of(NULL, 0);
}

static void end_container(struct reader *r, const struct member *m, size_t depth,
                          struct json_value v)
{
    enum json_type wanted = m->kind == MEMBER_LIST ? JSON_ARRAY : JSON_OBJECT;

    if (v.type == wanted) {
        settle(r, m->place, depth, v.raw);
        return;
    }
    blank(r, m->place, r->at[depth - 1]);
    if (m->place == PLACE_HISTORIES)
        blank_histories(state_of(r, r->at[depth - 2]));
}

/* ---- the walk ----------------------------------------------------------------------------- */

static const struct member *find_member(struct reader *r, unsigned place, struct slice name)
{
    const struct member *m = execution_member(place, name);

    if (m || r->plain || execution_places[place].n == 0 || !memchr(name.p, '\\', name.n))
        return m;
    return execution_member(
        place, text_of(r, (struct json_value){ JSON_STRING, slice_of(name.p - 1, name.n + 2) }));
}

/* A new item of a list that matters begins, or is told when it is no object. */
static bool begin_item(struct reader *r, unsigned list)
{
    switch (list) {
    case PLACE_RUNS: return add_run(r);
    case PLACE_HISTORIES: add_history(r); break;
    case PLACE_ATTEMPTS:
        run_of(r)->n_attempts++;
        run_of(r)->last_attempt = (struct run_state){ .current = STATE_ABSENT };
        break;
    default: break;
    }
    return true;
}

static bool on_enter(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct reader       *r = ctx;
    unsigned             up;
    const struct member *m;

    r->at[depth] = PLACE_OTHER;
    if (depth == 0) {
        r->at[0] = type == JSON_OBJECT ? PLACE_DOC : PLACE_OTHER;
        return true;
    }
    up = r->at[depth - 1];
    if (execution_places[up].item != PLACE_OTHER) {
        if (type != JSON_OBJECT)
            return true; /* told with its value */
        r->at[depth] = execution_places[up].item;
        return begin_item(r, up);
    }
    m = find_member(r, up, name);
    if (!m || (m->kind != MEMBER_OBJECT && m->kind != MEMBER_LIST) ||
        type != (m->kind == MEMBER_LIST ? JSON_ARRAY : JSON_OBJECT))
        return true;
    blank(r, m->place, up);
    r->at[depth] = m->place;
    return true;
}

static void read_member(struct reader *r, const struct member *m, size_t depth, struct json_value v)
{
    unsigned          place = r->at[depth - 1];
    struct run_state *state;
    char             *into;

    switch (place) {
    case PLACE_HISTORY: into = (char *)&r->histories[r->n_histories - 1]; break;
    case PLACE_RUN:
    case PLACE_OUTPUTS: into = (char *)run_of(r); break;
    default: into = (char *)r->out; break;
    }
    into += m->at;
    switch (m->kind) {
    case MEMBER_TEXT: *(struct slice *)(void *)into = text_of(r, v); break;
    case MEMBER_BOOL: *(bool *)into = v.type == JSON_BOOL && v.raw.p[0] == 't'; break;
    case MEMBER_REVISION: read_revision(r->out, v); break;
    case MEMBER_CURRENT:
        state = state_of(r, r->at[depth - 2]);
        state->name = text_of(r, v);
        state->current = state_parse(state->name);
        state->current_raw = v.raw;
        break;
    case MEMBER_WHEN: r->histories[r->n_histories - 1].state = state_parse(text_of(r, v)); break;
    case MEMBER_OBJECT:
    case MEMBER_LIST: end_container(r, m, depth, v); break;
    }
}

static bool on_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                     size_t height)
{
    struct reader       *r = ctx;
    unsigned             up = r->at[depth - 1];
    const struct member *m;

    if (depth == 1 && height >= JSON_MAX_DEPTH)
        return err_set(r->err, ERR_DATA, "JSON: nested deeper than %d levels", JSON_MAX_DEPTH);
    if (up == PLACE_OTHER)
        return true;
    if (execution_places[up].item != PLACE_OTHER) {
        if (v.type != JSON_OBJECT && !begin_item(r, up))
            return false;
        if (up == PLACE_RUNS)
            run_of(r)->raw = v.raw;
        return true;
    }
    m = find_member(r, up, name);
    if (m)
        read_member(r, m, depth, v);
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/* Both dates are UTC and of one form: their order is that of their bytes. (The form is what can
 * differ without a change of length; what is no date is told by the caller's parse.) */
static bool is_like(struct slice a, struct slice b)
{
    return a.n == b.n && a.n >= 20 && a.p[a.n - 1] == 'Z' && b.p[b.n - 1] == 'Z' &&
           a.p[10] == b.p[10] && a.p[19] == b.p[19];
}

static void note_newest(struct execution *e, const struct run_state *state)
{
    for (size_t i = 0; i < state->n_histories; i++) {
        struct slice   text = state->histories[i].date;
        struct instant date;

        if (!text.p)
            continue;
        if (e->has_newest && is_like(text, e->newest_text) &&
            memcmp(text.p, e->newest_text.p, text.n) <= 0)
            continue;
        if (!instant_parse(text, &date))
            continue;
        if (e->has_newest && instant_compare(date, e->newest) <= 0)
            continue;
        e->has_newest = true;
        e->newest = date;
        e->newest_text = text;
    }
}

static void finish(struct reader *r)
{
    struct execution *e = r->out;

    e->runs = arena_alloc(r->arena, e->n_runs * sizeof(*e->runs));
    if (e->n_runs > 0)
        memcpy(e->runs, r->runs, e->n_runs * sizeof(*e->runs));
    note_newest(e, &e->state);
    for (size_t i = 0; i < e->n_runs; i++)
        note_newest(e, &e->runs[i].state);
    execution_link(e);
    execution_scan(e);
}

/* Does anything that is inside a container matter? */
static bool wants(void *ctx, unsigned depth)
{
    const struct reader *r = ctx;

    return r->at[depth] != PLACE_OTHER;
}

static const struct json_walk walk = { WALK_DEPTH, on_enter, NULL, on_value };

static void begin(struct reader *r, struct slice doc)
{
    *r->out = (struct execution){ .raw = doc, .duplicate_run = RUN_NONE, .broken_run = RUN_NONE };
    r->at[0] = PLACE_OTHER;
    r->plain = doc.n > 0 && !memchr(doc.p, '\\', doc.n);
}

/* Read what is known to be JSON; a document that is not as expected is read properly. */
static bool read_known(struct reader *r, struct slice doc)
{
    bool ok = false;

    begin(r, doc);
    switch (json_walk_known(doc, &walk, wants, r)) {
    case JSON_KNOWN_DONE: ok = true; break;
    case JSON_KNOWN_STOPPED: return false;
    case JSON_KNOWN_UNSURE:
        begin(r, doc);
        ok = json_walk(doc, &walk, r, r->err);
        break;
    }
    if (ok && r->at[0] != PLACE_DOC)
        ok = err_set(r->err, ERR_DATA, "JSON: not an object");
    return ok;
}

bool execution_read_trusted(struct slice doc, struct arena *a, struct execution *out,
                            struct err *err)
{
    struct reader r = { .arena = a, .err = err, .out = out };
    bool          ok;

    buf_init(&r.text, doc.n);
    ok = read_known(&r, doc);
    if (ok)
        finish(&r);
    mem_free(r.runs);
    mem_free(r.histories);
    buf_release(&r.text);
    return ok;
}

bool execution_read(struct slice doc, struct arena *a, struct execution *out, struct err *err)
{
    static const struct json_events proof = { 0 };

    if (json_parse(doc, &proof, NULL, err))
        return execution_read_trusted(doc, a, out, err);
    *out = (struct execution){ .raw = doc, .duplicate_run = RUN_NONE, .broken_run = RUN_NONE };
    return false;
}
