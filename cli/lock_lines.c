/* lock_lines.c - see lock_lines.h. */
#include "cli/lock_lines.h"

#include "cli/shown.h"
#include "lib/base/json.h"

#include <inttypes.h>

#define SHOWN_KEY 200

/* A lock that has no code is a trigger that is only behind (T06). */
static void put_codes(struct json_writer *w, const struct lock *l)
{
    json_key(w, "codes");
    json_open(w, '[');
    if (l->code != LOCK_NONE)
        json_put_str(w, lock_code_name(l->code));
    if (l->behind.p)
        json_put_str(w, LOCK_BEHIND_NAME);
    json_close(w, ']');
    json_key(w, "rows");
    json_open(w, '[');
    if (l->code != LOCK_NONE)
        json_put_str(w, lock_code_row(l->code));
    if (l->behind.p)
        json_put_str(w, LOCK_BEHIND_ROW);
    json_close(w, ']');
}

void lock_json(const struct lock *l, struct buf *out)
{
    const struct trigger *t = l->trigger;
    size_t                before = out->n;
    struct json_writer    w;

    json_writer_init(&w, out, false);
    json_open(&w, '{');
    json_put_member(&w, "key", l->key);
    json_put_member(&w, "tenant", t->tenant);
    json_put_member(&w, "namespace", t->namespace);
    json_put_member(&w, "flow", t->flow);
    json_put_member(&w, "trigger", t->id);
    json_put_member(&w, "execution", t->execution);
    put_codes(&w, l);
    json_key(&w, "unlocked");
    json_put_bool(&w, l->unlocked);
    json_put_member(&w, "date", t->date);
    json_put_member(&w, "executed_until", l->behind);
    json_key(&w, "table");
    json_put_str(&w, l->place);
    json_close(&w, '}');
    if (json_writer_ok(&w) && buf_append_char(out, '\n'))
        return;
    out->n = before;
}

static const char *why(enum lock_code code)
{
    switch (code) {
    case LOCK_NONE: return "no lock";
    case LOCK_HELD: return "its execution goes on and releases it";
    case LOCK_MISSING: return "its execution is not in the store";
    case LOCK_TERMINAL: return "its execution has ended";
    case LOCK_PAUSED: return "its execution is paused";
    case LOCK_PENDING: return "its execution is pending and will not release it";
    case LOCK_EVALUATING: return "it was being evaluated, and nobody goes on with that";
    case LOCK_CODE_COUNT: break;
    }
    return "";
}

static const char *what_became(const struct lock *l)
{
    if (l->code == LOCK_NONE)
        return "behind";
    if (l->unlocked)
        return "unlocked";
    return lock_code_is_dead(l->code) ? "locked, kept" : "locked";
}

void lock_text(const struct lock *l, struct buf *out)
{
    buf_add(out, "  %s ", what_became(l));
    shown_add(out, l->key, SHOWN_KEY);
    if (l->code != LOCK_NONE)
        buf_add(out, ": %s", why(l->code));
    if (l->held)
        buf_add(out, "; it stays locked by its execution, which goes on and releases it");
    if (l->trigger->execution.p) {
        buf_add(out, " (");
        shown_add(out, l->trigger->execution, SHOWN_KEY);
        buf_add(out, ")");
    }
    if (l->behind.p) {
        buf_add(out, "%s the tick of ", l->code == LOCK_NONE ? ":" : ";");
        shown_add(out, l->behind, SHOWN_KEY);
        buf_add(out, " was executed, and its row says ");
        shown_add(out, l->trigger->date, SHOWN_KEY);
        buf_add(out, ": it runs again");
    }
    buf_add(out, "\n");
}

void locks_text(const struct locks_stats *s, struct buf *out)
{
    if (s->locked > 0)
        buf_add(out,
                "trigger: %" PRIu64 " locked, %" PRIu64
                " of them unlocked (execution missing %" PRIu64 ", ended %" PRIu64
                ", paused %" PRIu64 ", pending and never releasing it %" PRIu64
                ", was being evaluated %" PRIu64 ")\n",
                s->locked, s->unlocked, s->by_code[LOCK_MISSING], s->by_code[LOCK_TERMINAL],
                s->by_code[LOCK_PAUSED], s->by_code[LOCK_PENDING], s->by_code[LOCK_EVALUATING]);
    if (s->kept > 0)
        buf_add(out,
                "trigger: %" PRIu64 " locked for ever, and kept so by --unlock none: --unlock dead "
                "releases them\n",
                s->kept);
    if (s->behind > 0)
        buf_add(out,
                "trigger: %" PRIu64
                " behind: a tick that was executed runs again when Kestra starts\n",
                s->behind);
}
