/* newest.c - the newest time in documents (newest.h). */
#include "lib/store/newest.h"

#define DATE_MAX_BYTES 256
#define DATE_DEPTH     6 /* /taskRunList/0/state/histories/0/date */

void newest_init(struct store_newest out[STORE_NEWEST_COUNT])
{
    static const char *const names[STORE_NEWEST_COUNT] = {
        [NEWEST_EXECUTION] = "execution",
        [NEWEST_TRIGGER] = "trigger",
        [NEWEST_LOG] = "log",
    };

    for (size_t i = 0; i < STORE_NEWEST_COUNT; i++)
        out[i] = (struct store_newest){ .what = names[i] };
}

void newest_take(struct store_newest *n, struct slice text)
{
    struct instant at;

    if (text.n >= sizeof(n->text) || !instant_parse(text, &at))
        return;
    if (n->known && instant_compare(at, n->at) <= 0)
        return;
    n->known = true;
    n->at = at;
    (void)snprintf(n->text, sizeof(n->text), "%.*s", SLICE_ARG(text));
}

static void take_value(struct store_newest *n, struct json_value v)
{
    struct buf text;
    struct err ignored;

    if (v.type != JSON_STRING)
        return;
    buf_init(&text, DATE_MAX_BYTES);
    if (json_text(v, &text, &ignored))
        newest_take(n, buf_slice(&text));
    buf_release(&text);
}

/* ---- executions ---------------------------------------------------------------------------- */

enum place { IN_OTHER, IN_TOP, IN_STATE, IN_RUNS, IN_RUN, IN_HISTORIES, IN_HISTORY };

struct walker {
    struct store_newest newest;
    bool                deleted;
    enum place          at[DATE_DEPTH]; /* the containers above, by depth */
};

/* Only where Kestra keeps histories: inputs and outputs may hold anything. */
static enum place place_of(enum place above, struct slice name, enum json_type type)
{
    bool is_object = type == JSON_OBJECT;

    switch (above) {
    case IN_TOP:
        if (is_object && slice_eq(name, SLICE("state")))
            return IN_STATE;
        return !is_object && slice_eq(name, SLICE("taskRunList")) ? IN_RUNS : IN_OTHER;
    case IN_RUNS: return is_object ? IN_RUN : IN_OTHER;
    case IN_RUN: return is_object && slice_eq(name, SLICE("state")) ? IN_STATE : IN_OTHER;
    case IN_STATE:
        return !is_object && slice_eq(name, SLICE("histories")) ? IN_HISTORIES : IN_OTHER;
    case IN_HISTORIES: return is_object ? IN_HISTORY : IN_OTHER;
    case IN_HISTORY:
    case IN_OTHER: break;
    }
    return IN_OTHER;
}

static bool on_enter(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct walker *w = ctx;

    w->at[depth] = depth == 0 ? IN_TOP : place_of(w->at[depth - 1], name, type);
    return true;
}

static bool on_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                     size_t height)
{
    struct walker *w = ctx;

    (void)height;
    if (depth == 1 && slice_eq(name, SLICE("deleted")))
        w->deleted = slice_eq(v.raw, SLICE("true"));
    if (w->at[depth - 1] == IN_HISTORY && slice_eq(name, SLICE("date")))
        take_value(&w->newest, v);
    return true;
}

void newest_take_execution(struct store_newest *n, struct slice json)
{
    static const struct json_walk walk = { DATE_DEPTH, on_enter, NULL, on_value };
    struct walker                 w = { .newest = *n };
    struct err                    ignored;

    if (json_walk(json, &walk, &w, &ignored) && !w.deleted)
        *n = w.newest;
}

/* ---- triggers and logs --------------------------------------------------------------------- */

void newest_take_members(struct store_newest *n, enum newest_of what, const struct document *doc)
{
    static const struct json_path trigger[] = { { "date", NULL }, { "updatedDate", NULL } };
    static const struct json_path log[] = { { "timestamp", NULL } };
    enum json_find_flags          flags = doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    bool                          is_log = what == NEWEST_LOG;
    size_t                        count = is_log ? COUNT_OF(log) : COUNT_OF(trigger);
    struct json_value             found[COUNT_OF(trigger)];
    struct err                    ignored;

    if (!json_find(doc->value, is_log ? log : trigger, count, flags, found, &ignored))
        return;
    for (size_t i = 0; i < count; i++)
        take_value(n, found[i]);
}
