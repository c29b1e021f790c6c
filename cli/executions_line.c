/*
 * executions_line.c - one execution as a JSON line, and as text.
 */
#include "cli/executions.h"
#include "cli/shown.h"
#include "lib/kestra/verdict_rules.h"

#define SHOWN_NAME 80
#define SHOWN_RUNS 3

bool remedy_by_option(enum remedy r)
{
    switch (r) {
    case REMEDY_R_WRAP:
    case REMEDY_RERUN_LOST:
    case REMEDY_FAIL_LOST:
    case REMEDY_LINK_SUBFLOW:
    case REMEDY_FINISH_SUBFLOW:
    case REMEDY_REARM_PAUSE:
    case REMEDY_KILL_OPEN:
    case REMEDY_LISTENER_DROP: return true;
    case REMEDY_SUPPLY_FLOW:
    case REMEDY_SUPPLY_TEMPLATE:
    case REMEDY_RESUME_BY_HAND:
    case REMEDY_UNQUEUE:
    case REMEDY_RAISE_LIMITS:
    case REMEDY_MAX_AGE:
    case REMEDY_START_AGAIN:
    case REMEDY_COUNT: break;
    }
    return false;
}

/* Needs no escape in a URL, in JSON and on a terminal. */
static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

static bool is_plain_id(struct slice id)
{
    size_t i = 0;

    while (i < id.n && is_plain(id.p[i]))
        i++;
    return i == id.n && id.n > 0 && id.n <= SHOWN_NAME;
}

/* An id as a segment of a URL's path. */
static void add_segment(struct buf *out, struct slice id)
{
    for (size_t i = 0; i < id.n && i < SHOWN_NAME; i++)
        if (is_plain(id.p[i]))
            buf_add(out, "%c", id.p[i]);
        else
            buf_add(out, "%%%02X", (unsigned)(unsigned char)id.p[i]);
}

static void add_call(struct buf *out, struct slice id, const char *call)
{
    buf_add(out, "POST /api/v1/executions/");
    add_segment(out, id);
    buf_add(out, "/%s", call);
}

/* Kestra's API takes the paused task run; later ones find it themselves. */
static void add_resume(const struct judgement *j, struct buf *out)
{
    const struct finding *f = &j->finding;

    add_call(out, j->execution.id, "resume");
    for (size_t i = 0; i < f->n_notes; i++) {
        struct slice run = j->execution.runs[f->notes[i].run].id;

        if (f->notes[i].role != ROLE_PAUSE || !is_plain_id(run))
            continue;
        buf_add(out, " (a Kestra without that call: ");
        add_call(out, j->execution.id, "state");
        buf_add(out, " with {\"taskRunId\":\"%.*s\",\"state\":\"RUNNING\"})", SLICE_ARG(run));
        return;
    }
}

void remedy_text(const struct execution_line *l, enum remedy r, struct buf *out)
{
    enum needs needs = needs_of(l->j->needs);

    if (remedy_by_option(r) && (needs == NEEDS_SAFE || needs == NEEDS_ALL)) {
        buf_add(out, "requeue rebuild --recover %s", needs_name(needs));
        if (r == REMEDY_RERUN_LOST || r == REMEDY_FAIL_LOST)
            buf_add(out, " --lost-tasks %s", r == REMEDY_RERUN_LOST ? "rerun" : "fail");
        return;
    }
    buf_add(out, "%s", remedy_how(r));
    if (!l->j->execution.id.p || (r != REMEDY_RESUME_BY_HAND && r != REMEDY_UNQUEUE))
        return;
    buf_add(out, ": ");
    if (r == REMEDY_UNQUEUE) {
        add_call(out, l->j->execution.id, "unqueue");
        return;
    }
    add_resume(l->j, out);
    if (l->j->recovery.advice)
        buf_add(out, "; but %s", l->j->recovery.advice);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void put_number(struct json_writer *w, const char *name, bool known, int64_t value)
{
    json_key(w, name);
    if (known)
        json_put_int(w, value);
    else
        json_put_null(w);
}

static void put_raw(struct json_writer *w, const char *name, struct slice json)
{
    json_key(w, name);
    if (json.p)
        json_put_raw(w, json);
    else
        json_put_null(w);
}

static void put_codes(struct json_writer *w, const char *name, uint64_t codes)
{
    json_key(w, name);
    json_open(w, '[');
    for (int c = 0; c < CODE_COUNT; c++)
        if (codes & CODE_BIT(c))
            json_put_str(w, code_name((enum code)c));
    json_close(w, ']');
}

static void put_rows(struct json_writer *w, const struct row_set *rows)
{
    json_key(w, "rows");
    json_open(w, '[');
    for (int row = 0; row < ROW_COUNT; row++)
        if (row_has(rows, (enum row)row))
            json_put_str(w, verdict_rules[row].id);
    json_close(w, ']');
}

static void put_task_runs(struct json_writer *w, const struct judgement *j)
{
    json_key(w, "task_runs");
    json_open(w, '[');
    for (size_t i = 0; i < j->finding.n_notes; i++) {
        const struct run_note *note = &j->finding.notes[i];
        const struct task_run *run = &j->execution.runs[note->run];

        json_open(w, '{');
        json_put_member(w, "id", run->id);
        json_put_member(w, "task", run->task_id);
        json_put_member(w, "value", run->value);
        json_key(w, "role");
        json_put_str(w, role_name(note->role));
        json_put_member(w, "state", run->state.name);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_remedies(struct json_writer *w, const struct execution_line *l)
{
    struct buf how;

    json_key(w, "remedies");
    json_open(w, '[');
    for (int r = 0; r < REMEDY_COUNT; r++) {
        if (!(l->j->finding.remedies & REMEDY_BIT(r)))
            continue;
        buf_init(&how, 8192);
        remedy_text(l, (enum remedy)r, &how);
        json_open(w, '{');
        json_key(w, "name");
        json_put_str(w, remedy_name((enum remedy)r));
        json_key(w, "how");
        json_put_text(w, buf_slice(&how));
        json_close(w, '}');
        buf_release(&how);
    }
    json_close(w, ']');
}

static void put_recovered(struct json_writer *w, const struct execution_line *l)
{
    const struct recovery *rec = &l->j->recovery;

    json_key(w, "recovered");
    json_open(w, '{');
    json_key(w, "remedies");
    json_open(w, '[');
    for (int r = 0; r < REMEDY_COUNT; r++)
        if (rec->remedies & REMEDY_BIT(r))
            json_put_str(w, remedy_name((enum remedy)r));
    json_close(w, ']');
    put_codes(w, "hazards", rec->hazards);
    json_key(w, "changes");
    json_open(w, '[');
    for (size_t i = 0; i < rec->n_changes; i++) {
        json_open(w, '{');
        json_key(w, "path");
        json_put_str(w, rec->changes[i].path);
        put_raw(w, "before", rec->changes[i].before);
        put_raw(w, "after", rec->changes[i].after);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_key(w, "original");
    json_put_str(w, l->originals);
    json_close(w, '}');
}

static void put_head(struct json_writer *w, const struct execution_line *l)
{
    const struct judgement *j = l->j;
    const struct execution *e = &j->execution;

    json_put_member(w, "id", e->id);
    json_put_member(w, "tenant", e->tenant);
    json_put_member(w, "namespace", e->namespace);
    json_put_member(w, "flow", e->flow_id);
    put_number(w, "revision", e->has_revision, e->revision);
    json_put_member(w, "state", e->state.name);
    put_number(w, "age", j->has_age, j->age_s);
    json_key(w, "verdict");
    json_put_str(w, j->ended ? NULL : verdict_name(j->finding.verdict));
    put_codes(w, "codes", j->finding.codes);
    put_rows(w, &j->finding.rows);
}

/* full: with the lists that grow with the document. */
static bool put_line(const struct execution_line *l, bool full, struct buf *out)
{
    const struct judgement *j = l->j;
    struct buf              store;
    struct json_writer      w;

    json_writer_init(&w, out, false);
    json_open(&w, '{');
    put_head(&w, l);
    if (full) {
        put_task_runs(&w, j);
    } else {
        json_key(&w, "task_runs");
        json_put_null(&w);
    }
    put_remedies(&w, l);
    json_key(&w, "needs");
    json_put_str(&w, needs_name(needs_of(j->needs)));
    json_key(&w, "emitted");
    json_put_bool(&w, j->emit);
    json_key(&w, "detail");
    json_put_str(&w, j->finding.detail);
    buf_init(&store, 16384);
    buf_add(&store, "%s/%.*s", l->place, SLICE_ARG(l->key));
    json_key(&w, "store");
    json_put_text(&w, buf_slice(&store));
    buf_release(&store);
    if (full && j->emit && j->recovery.changed)
        put_recovered(&w, l);
    json_close(&w, '}');
    return json_writer_ok(&w) && buf_append_char(out, '\n');
}

void execution_json_short(const struct execution_line *l, struct buf *out)
{
    size_t start = out->n;

    if (!put_line(l, false, out))
        out->n = start;
}

void execution_json(const struct execution_line *l, struct buf *out)
{
    size_t start = out->n;

    if (!put_line(l, true, out)) {
        out->n = start;
        if (!put_line(l, false, out))
            out->n = start;
    }
    /* Between the tokens of stored JSON there may be line feeds; inside of strings there are none.
     */
    for (size_t i = start; i + 1 < out->n; i++)
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->p[i] = ' ';
}

/* ---- text ---------------------------------------------------------------------------------- */

static struct slice or_dash(struct slice text)
{
    return text.n > 0 ? text : SLICE("-");
}

static void add_flow(const struct execution *e, struct buf *out)
{
    if (e->tenant.n > 0) {
        shown_add(out, e->tenant, SHOWN_NAME);
        buf_add(out, "/");
    }
    shown_add(out, or_dash(e->namespace), SHOWN_NAME);
    buf_add(out, ".");
    shown_add(out, or_dash(e->flow_id), SHOWN_NAME);
    if (e->has_revision)
        buf_add(out, " revision %lld", (long long)e->revision);
}

static void add_codes(uint64_t codes, struct buf *out)
{
    const char *before = "";

    for (int c = 0; c < CODE_COUNT; c++)
        if (codes & CODE_BIT(c)) {
            buf_add(out, "%s%s", before, code_name((enum code)c));
            before = ", ";
        }
}

static void add_runs(const struct judgement *j, struct buf *out)
{
    const struct finding *f = &j->finding;

    for (size_t i = 0; i < f->n_notes && i < SHOWN_RUNS; i++) {
        const struct task_run *run = &j->execution.runs[f->notes[i].run];

        buf_add(out, "%s%s ", i > 0 ? ", " : "      ", role_name(f->notes[i].role));
        shown_add(out, or_dash(run->task_id), SHOWN_NAME);
        if (run->value.p) {
            buf_add(out, "[");
            shown_add(out, run->value, SHOWN_NAME);
            buf_add(out, "]");
        }
        buf_add(out, " (");
        shown_add(out, or_dash(run->id), SHOWN_NAME);
        buf_add(out, ")");
    }
    if (f->n_notes > SHOWN_RUNS)
        buf_add(out, " and %zu more task runs", f->n_notes - SHOWN_RUNS);
    if (f->n_notes > 0)
        buf_add(out, "\n");
}

static void add_applied(unsigned remedies, struct buf *out)
{
    for (int r = 0; r < REMEDY_COUNT; r++)
        if (remedies & REMEDY_BIT(r))
            buf_add(out, "%s, ", remedy_name((enum remedy)r));
}

static void add_way(const struct execution_line *l, struct buf *out)
{
    unsigned    remedies = l->j->finding.remedies;
    enum needs  needs = needs_of(l->j->needs);
    const char *before = "      do: ";

    if (l->j->emit && l->j->recovery.changed) {
        buf_add(out, "      rewritten: ");
        add_applied(l->j->recovery.remedies, out);
        buf_add(out, "%zu change%s\n", l->j->recovery.n_changes,
                l->j->recovery.n_changes == 1 ? "" : "s");
        return;
    }
    if (needs == NEEDS_SAFE || needs == NEEDS_ALL) {
        buf_add(out, "      --recover %s brings it back\n", needs_name(needs));
        return;
    }
    for (int r = 0; r < REMEDY_COUNT; r++)
        if (remedies & REMEDY_BIT(r) &&
            (needs != NEEDS_NEVER || !remedy_by_option((enum remedy)r))) {
            buf_add(out, "%s", before);
            remedy_text(l, (enum remedy)r, out);
            before = "; or ";
        }
    if (before[0] == ';')
        buf_add(out, "\n");
}

void execution_text(const struct execution_line *l, struct buf *out)
{
    const struct judgement *j = l->j;
    char                    age[SHOWN_AGE] = "of unknown age";

    if (j->has_age)
        shown_age(j->age_s, age);
    buf_add(out, "  %-12s ", j->ended ? "ended" : verdict_name(j->finding.verdict));
    shown_add(out, or_dash(j->execution.id), SHOWN_NAME);
    buf_add(out, "  ");
    add_flow(&j->execution, out);
    buf_add(out, "  ");
    shown_add(out, or_dash(j->execution.state.name), SHOWN_NAME);
    buf_add(out, "  %s: ", age);
    add_codes(j->finding.codes, out);
    buf_add(out, "\n");
    add_runs(j, out);
    if (j->finding.detail[0]) {
        buf_add(out, "      ");
        shown_add(out, slice_str(j->finding.detail), sizeof(j->finding.detail));
        buf_add(out, "\n");
    }
    add_way(l, out);
}
