/*
 * selection.c - see selection.h.
 */
#include "cli/selection.h"

#include "cli/shown.h"
#include "lib/base/file.h"
#include "lib/kestra/execution.h"

#include <ctype.h>

#define SHOWN_TEXT 100

static void add(struct strings *list, const char *text)
{
    list->items[list->n++] = text;
}

/* ---- states ------------------------------------------------------------------------------- */

static bool unknown_state(struct slice word, struct err *err)
{
    struct buf known;

    buf_init(&known, 1024);
    for (int s = STATE_CREATED; s < STATE_COUNT; s++)
        buf_add(&known, "%s%s", known.n ? ", " : "", state_name((enum state)s));
    (void)err_set(err, ERR_USAGE, "option --states: '%.*s' is no state of an execution",
                  SLICE_ARG(word));
    (void)err_hint(err, "states are %s", known.p);
    buf_release(&known);
    return false;
}

static bool derive_states(struct config *c, struct err *err)
{
    struct strings *out = &c->scope.states;
    const char     *p = c->states ? c->states : "";

    *out = (struct strings){ 0, NULL };
    if (!c->states)
        return true;
    out->items = arena_alloc(c->selection, (strlen(p) + 1) * sizeof(*out->items));
    while (*p) {
        size_t n = strcspn(p, ",");
        char  *word = arena_str(c->selection, slice_of(p, n));

        for (char *l = word; *l; l++)
            *l = (char)toupper((unsigned char)*l);
        if (state_parse(slice_str(word)) == STATE_UNKNOWN)
            return unknown_state(slice_of(p, n), err);
        add(out, word);
        p += n + (p[n] == ',' ? 1 : 0);
    }
    return out->n > 0 || err_set(err, ERR_USAGE, "option --states names no state");
}

/* ---- ids ---------------------------------------------------------------------------------- */

static bool take_line(struct config *c, struct slice line, unsigned number, struct err *err)
{
    while (line.n > 0 && isspace((unsigned char)line.p[line.n - 1]))
        line.n--;
    while (line.n > 0 && isspace((unsigned char)line.p[0]))
        line = slice_of(line.p + 1, line.n - 1);
    if (line.n == 0)
        return true;
    if (line.n > SELECTION_MAX_ID || memchr(line.p, '\0', line.n))
        return err_set(err, ERR_USAGE, "%s:%u: that is no id of an execution", c->ids_file, number);
    if (c->scope.ids.n == SELECTION_MAX_IDS)
        return err_set(err, ERR_USAGE, "%s:%u: more than %d ids", c->ids_file, number,
                       SELECTION_MAX_IDS);
    add(&c->scope.ids, arena_str(c->selection, line));
    return true;
}

static bool read_ids(struct config *c, struct err *err)
{
    struct buf   text;
    struct slice rest;
    unsigned     number = 0;
    bool         ok;

    buf_init(&text, (size_t)SELECTION_MAX_IDS * 2 * (SELECTION_MAX_ID + 1));
    ok = file_read(c->ids_file, &text, err) || err_wrap(err, "option --ids");
    c->scope.ids = (struct strings){ .n = 0 };
    c->scope.ids.items = arena_alloc(c->selection, SELECTION_MAX_IDS * sizeof(char *));
    rest = buf_slice(&text);
    while (ok && rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t      n = end ? (size_t)(end - rest.p) : rest.n;

        ok = take_line(c, slice_of(rest.p, n), ++number, err);
        n += end ? 1 : 0;
        rest = slice_of(rest.p + n, rest.n - n);
    }
    buf_release(&text);
    return ok && (c->scope.ids.n > 0 ||
                  err_set(err, ERR_USAGE, "option --ids: %s names none", c->ids_file));
}

bool selection_derive(struct config *c, struct err *err)
{
    if (!c->selection && (c->states || c->ids_file))
        c->selection = arena_new(4096);
    return derive_states(c, err) && (!c->ids_file || read_ids(c, err));
}

/* ---- reports ------------------------------------------------------------------------------ */

static void put_list(struct json_writer *w, const char *name, const struct strings *list)
{
    json_key(w, name);
    if (list->n == 0) {
        json_put_str(w, NULL);
        return;
    }
    json_open(w, '[');
    for (size_t i = 0; i < list->n; i++)
        json_put_str(w, list->items[i]);
    json_close(w, ']');
}

void selection_json(struct json_writer *w, const struct config *c)
{
    put_list(w, "states", &c->scope.states);
    put_list(w, "ids", &c->scope.ids);
}

void selection_like(struct config *c, const struct json_node *options, struct arena *a)
{
    const struct json_node *ids = json_get(options, "ids");
    const struct json_node *states = json_get(options, "states");
    struct buf              b;

    buf_init(&b, 4096);
    for (const struct json_node *s = states ? states->first : NULL; s; s = s->next)
        buf_add(&b, "%s%.*s", b.n ? "," : "", SLICE_ARG(s->text));
    c->states = b.n ? arena_str(a, buf_slice(&b)) : NULL;
    buf_release(&b);
    c->ids_file = NULL;
    c->scope.ids = (struct strings){ .n = 0 };
    if (!ids || ids->n == 0)
        return;
    c->scope.ids.items = arena_alloc(a, ids->n * sizeof(char *));
    for (const struct json_node *i = ids->first; i; i = i->next)
        add(&c->scope.ids, arena_str(a, i->text));
}

static void part(struct buf *out, size_t begin, const char *name, const char *value)
{
    buf_add(out, "%s%s ", out->n > begin ? ", " : "", name);
    shown_add(out, slice_str(value), SHOWN_TEXT);
}

void selection_list(const struct config *c, struct buf *out)
{
    const struct scope *s = &c->scope;
    size_t              begin = out->n;

    if (s->tenant)
        part(out, begin, "tenant", s->tenant[0] ? s->tenant : "(none)");
    if (s->namespace)
        part(out, begin, "namespace", s->namespace);
    if (s->since)
        part(out, begin, "executions since", s->since);
    if (s->until)
        part(out, begin, "executions until", s->until);
    for (size_t i = 0; i < s->states.n; i++)
        part(out, begin, i == 0 ? "executions in state" : "or", s->states.items[i]);
    if (s->ids.n > 0)
        buf_add(out, "%s%zu execution id%s", out->n > begin ? ", " : "", s->ids.n,
                s->ids.n == 1 ? "" : "s");
}

void selection_text(const struct config *c, struct buf *out)
{
    if (!scope_is_partial(&c->scope))
        return;
    buf_add(out, "selected: ");
    selection_list(c, out);
    if (c->command != COMMAND_PLAN && c->command != COMMAND_EXECUTIONS)
        buf_add(out, "; what is proven is this part of the topics, nothing is said of other keys");
    buf_add(out, "\n");
}
