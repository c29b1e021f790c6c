/*
 * execution.c - reading an execution in one pass over its text.
 *
 * DESIGN: the text is proven first, if it is not trusted, by yajl with nothing to call. Then a
 * cursor that trusts it goes down into the objects and lists that matter, the places, and passes
 * over all else 64 bytes at a time. The tables of execution_members.c say which member of which
 * place goes where. Of repeated members the last one counts: before a place is read, what it fills
 * is blanked.
 */
#include "lib/kestra/execution.h"

#include "lib/base/json_cursor.h"
#include "lib/kestra/execution_impl.h"

struct reader {
    struct json_cursor c;
    struct arena      *arena;
    struct err        *err;
    struct execution  *out;
    unsigned           depth; /* of objects and lists around the cursor */
    size_t             cap_runs;
    struct task_run   *runs; /* out->n_runs of them */
    size_t             n_histories, cap_histories;
    struct history    *histories; /* of the state being read */
    struct buf         text;
    bool               plain;    /* no text has an escape */
    bool               too_many; /* task runs */
};

/* ---- values ------------------------------------------------------------------------------- */

/* A text with escapes. What cannot be read (U+0000, half a surrogate pair) stays as it is spelled:
 * still the same where it is the same. */
static struct slice unescaped(struct reader *r, struct json_value v)
{
    struct err ignored;

    buf_clear(&r->text);
    return json_text(v, &r->text, &ignored) ? arena_copy(r->arena, buf_slice(&r->text))
                                            : slice_of(v.raw.p + 1, v.raw.n - 2);
}

/* A text as it reads, p NULL for anything else. */
static struct slice text_of(struct reader *r, struct json_value v)
{
    if (v.type != JSON_STRING)
        return slice_of(NULL, 0);
    if (r->plain || !memchr(v.raw.p, '\\', v.raw.n))
        return slice_of(v.raw.p + 1, v.raw.n - 2);
    return unescaped(r, v);
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

static bool add_run(struct reader *r)
{
    r->too_many = r->out->n_runs == EXECUTION_MAX_RUNS;
    if (r->too_many)
        return false;
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

/* ---- places ------------------------------------------------------------------------------- */

/* into: what is filled, a struct execution, task_run, run_state or history as the table says. */
static void *part(void *into, size_t at)
{
    return (char *)into + at;
}

static void blank_run(struct task_run *run, unsigned place)
{
    const struct slice none = { NULL, 0 };

    if (place == PLACE_ATTEMPTS) {
        run->n_attempts = 0;
        run->attempts_raw = none;
        run->last_attempt = (struct run_state){ .current = STATE_ABSENT };
    } else {
        run->outputs_raw = none;
        run->outputs_value = none;
        run->outputs_execution = none;
    }
}

static void blank_execution(struct execution *e, unsigned place)
{
    const struct slice none = { NULL, 0 };

    if (place == PLACE_RUNS) {
        e->n_runs = 0;
        e->has_runs = false;
        e->runs_raw = none;
        return;
    }
    if (place == PLACE_TRIGGER) {
        e->trigger_id = none;
        e->trigger_type = none;
    }
    e->parent_execution = none;
    e->trigger_date = none;
}

/* Blank what a place fills. */
static void blank(struct reader *r, unsigned place, void *into)
{
    struct run_state *state = into;

    switch (place) {
    case PLACE_STATE: *state = (struct run_state){ .current = STATE_ABSENT }; break;
    case PLACE_HISTORIES:
        r->n_histories = 0;
        state->histories = NULL;
        state->n_histories = 0;
        state->has_histories = false;
        state->histories_raw = slice_of(NULL, 0);
        break;
    case PLACE_ATTEMPTS:
    case PLACE_OUTPUTS: blank_run(into, place); break;
    default: blank_execution(into, place); break;
    }
}

/* A place has been read. */
static void settle(struct reader *r, unsigned place, void *into, struct slice raw)
{
    struct run_state *state = into;
    struct history   *histories;

    switch (place) {
    case PLACE_STATE: state->raw = raw; break;
    case PLACE_HISTORIES:
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
    case PLACE_ATTEMPTS: ((struct task_run *)into)->attempts_raw = raw; break;
    case PLACE_OUTPUTS: ((struct task_run *)into)->outputs_raw = raw; break;
    default: break;
    }
}

/* ---- the pass ----------------------------------------------------------------------------- */

static const struct member *find_member(struct reader *r, unsigned place, struct slice name)
{
    const struct member *m = execution_member(place, name);

    if (m || r->plain || !memchr(name.p, '\\', name.n))
        return m;
    return execution_member(
        place, text_of(r, (struct json_value){ JSON_STRING, slice_of(name.p - 1, name.n + 2) }));
}

static void read_scalar(struct reader *r, const struct member *m, void *into, struct json_value v)
{
    struct run_state *state = into;

    switch (m->kind) {
    case MEMBER_TEXT: *(struct slice *)part(into, m->at) = text_of(r, v); break;
    case MEMBER_BOOL: *(bool *)part(into, m->at) = v.type == JSON_BOOL && v.raw.p[0] == 't'; break;
    case MEMBER_REVISION: read_revision(into, v); break;
    case MEMBER_CURRENT:
        state->name = text_of(r, v);
        state->current = state_parse(state->name);
        state->current_raw = v.raw;
        break;
    case MEMBER_WHEN: ((struct history *)into)->state = state_parse(text_of(r, v)); break;
    case MEMBER_OBJECT:
    case MEMBER_LIST: break;
    }
}

static bool read_place(struct reader *r, const struct member *m, void *into);

static bool read_member(struct reader *r, const struct member *m, void *into)
{
    struct json_cursor *c = &r->c;
    size_t              from = c->at;
    struct json_value   v = { .type = json_type_at(json_peek(c)) };

    if (m->kind == MEMBER_OBJECT || m->kind == MEMBER_LIST)
        return read_place(r, m, part(into, m->at));
    if (!json_pass_value(c, r->depth))
        return false;
    v.raw = slice_of(c->doc.p + from, c->at - from);
    read_scalar(r, m, into, v);
    return true;
}

/* The object at the cursor. */
static bool read_object(struct reader *r, unsigned place, void *into)
{
    struct json_cursor *c = &r->c;
    struct slice        name;
    bool                more;

    r->depth++;
    json_pass_open(c, '}', &more);
    while (more) {
        const struct member *m;

        if (!json_pass_name(c, &name))
            return false;
        m = find_member(r, place, name);
        if (m ? !read_member(r, m, into) : !json_pass_value(c, r->depth))
            return false;
        if (!json_pass_next(c, '}', &more))
            return false;
    }
    r->depth--;
    return true;
}

/* How Kestra's JSON and PostgreSQL's jsonb spell a history. */
struct spelling {
    struct slice begin, between, end;
    bool         date_first;
};
static const struct spelling spellings[] = {
    { { "{\"state\":\"", 10 }, { "\",\"date\":\"", 10 }, { "\"}", 2 }, false },
    { { "{\"date\": \"", 10 }, { "\", \"state\": \"", 13 }, { "\"}", 2 }, true },
};

static bool pass_exactly(struct json_cursor *c, struct slice what)
{
    if (c->doc.n - c->at < what.n || memcmp(c->doc.p + c->at, what.p, what.n) != 0)
        return false;
    c->at += what.n;
    return true;
}

/* Up to the quote or the backslash that comes next. */
static struct slice pass_plain(struct json_cursor *c)
{
    size_t from = c->at;

    c->at = json_skip_plain(c->doc, from);
    return slice_of(c->doc.p + from, c->at - from);
}

/* Many of an execution's values are in histories, which are spelled in one of two ways: those are
 * read as they stand. False: this one is spelled otherwise, and nothing was read. */
static bool read_spelled_history(struct json_cursor *c, struct history *h)
{
    const struct spelling *s = &spellings[c->doc.n - c->at > 2 && c->doc.p[c->at + 2] == 'd'];
    struct json_cursor     ahead = *c;
    struct slice           first;
    struct slice           second;

    if (!pass_exactly(&ahead, s->begin))
        return false;
    first = pass_plain(&ahead);
    if (!pass_exactly(&ahead, s->between))
        return false;
    second = pass_plain(&ahead);
    if (!pass_exactly(&ahead, s->end))
        return false;
    h->state = state_parse(s->date_first ? second : first);
    h->date = s->date_first ? first : second;
    *c = ahead;
    return true;
}

/* A new item of a list; *into becomes what it fills. */
static bool begin_item(struct reader *r, unsigned list, void **into)
{
    struct task_run *run = *into;

    switch (list) {
    case PLACE_RUNS:
        if (!add_run(r))
            return false;
        *into = &r->runs[r->out->n_runs - 1];
        break;
    case PLACE_HISTORIES:
        add_history(r);
        *into = &r->histories[r->n_histories - 1];
        break;
    default:
        run->n_attempts++;
        run->last_attempt = (struct run_state){ .current = STATE_ABSENT };
        break;
    }
    return true;
}

/* One that is no object leaves what it fills blank. */
static bool read_item(struct reader *r, unsigned list, void *item)
{
    if (list == PLACE_HISTORIES && read_spelled_history(&r->c, item))
        return true;
    if (json_peek(&r->c) == '{')
        return read_object(r, execution_places[list].item, item);
    return json_pass_value(&r->c, r->depth);
}

/* The list at the cursor. */
static bool read_list(struct reader *r, unsigned place, void *into)
{
    struct json_cursor *c = &r->c;
    bool                more;

    r->depth++;
    json_pass_open(c, ']', &more);
    while (more) {
        void  *item = into;
        size_t from = c->at;

        if (!begin_item(r, place, &item))
            return false;
        if (!read_item(r, place, item))
            return false;
        if (place == PLACE_RUNS)
            ((struct task_run *)item)->raw = slice_of(c->doc.p + from, c->at - from);
        if (!json_pass_next(c, ']', &more))
            return false;
    }
    r->depth--;
    return true;
}

static bool read_place(struct reader *r, const struct member *m, void *into)
{
    struct json_cursor *c = &r->c;
    size_t              from = c->at;
    char                first = json_peek(c);

    blank(r, m->place, into);
    if (first != (m->kind == MEMBER_LIST ? '[' : '{'))
        return json_pass_value(c, r->depth);
    if (first == '[' ? !read_list(r, m->place, into) : !read_object(r, m->place, into))
        return false;
    settle(r, m->place, into, slice_of(c->doc.p + from, c->at - from));
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

static bool read_known(struct reader *r, struct slice doc)
{
    r->c = (struct json_cursor){ doc, 0 };
    r->plain = doc.n > 0 && !memchr(doc.p, '\\', doc.n);
    if (json_peek_token(&r->c) != '{' || !read_object(r, PLACE_DOC, r->out))
        return false;
    (void)json_peek_token(&r->c);
    return r->c.at == doc.n;
}

static const struct json_events proof = { 0 };

/* Why the cursor did not get through. */
static bool fail(const struct reader *r, struct slice doc)
{
    if (r->too_many)
        return err_set(r->err, ERR_DATA, "execution: more than %d task runs", EXECUTION_MAX_RUNS);
    return json_parse(doc, &proof, NULL, r->err) &&
           err_set(r->err, ERR_DATA, "JSON: not an object");
}

static void begin(struct execution *e, struct slice doc)
{
    *e = (struct execution){ .raw = doc, .duplicate_run = RUN_NONE, .broken_run = RUN_NONE };
}

bool execution_read_trusted(struct slice doc, struct arena *a, struct execution *out,
                            struct err *err)
{
    struct reader r = { .arena = a, .err = err, .out = out };
    bool          ok;

    begin(out, doc);
    buf_init(&r.text, doc.n);
    ok = read_known(&r, doc);
    if (ok)
        finish(&r);
    mem_free(r.runs);
    mem_free(r.histories);
    buf_release(&r.text);
    return ok || fail(&r, doc);
}

bool execution_read(struct slice doc, struct arena *a, struct execution *out, struct err *err)
{
    if (json_parse(doc, &proof, NULL, err))
        return execution_read_trusted(doc, a, out, err);
    begin(out, doc);
    return false;
}
