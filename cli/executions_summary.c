/*
 * executions_summary.c - the counts of the pending executions, and as members of the report.
 */
#include "cli/executions.h"
#include "cli/shown.h"

const char *needs_name(enum needs n)
{
    switch (n) {
    case NEEDS_NONE: return "none";
    case NEEDS_SAFE: return "safe";
    case NEEDS_ALL: return "all";
    case NEEDS_NEVER:
    case NEEDS_COUNT: break;
    }
    return "never";
}

enum needs needs_of(int recover_needs)
{
    switch (recover_needs) {
    case RECOVER_NONE: return NEEDS_NONE;
    case RECOVER_SAFE: return NEEDS_SAFE;
    case RECOVER_ALL: return NEEDS_ALL;
    default: return NEEDS_NEVER;
    }
}

/* Is a older than b? What has no age is younger than anything. */
static bool is_older(const struct judgement *a, const struct old_execution *b)
{
    if (!b->used || !b->has_age)
        return !b->used || a->has_age;
    return a->has_age && a->age_s > b->age_s;
}

static void keep_id(struct old_execution *o, struct slice id)
{
    struct buf b = { 0 };

    buf_init(&b, sizeof(o->id) - 1);
    shown_add(&b, id.n > 0 ? id : SLICE("-"), EXECUTIONS_ID_MAX);
    memcpy(o->id, b.p, b.n);
    o->id[b.n] = '\0';
    buf_release(&b);
}

static void note_oldest(struct old_execution *oldest, const struct judgement *j)
{
    size_t at = 0;

    while (at < EXECUTIONS_OLDEST && !is_older(j, &oldest[at]))
        at++;
    if (at == EXECUTIONS_OLDEST)
        return;
    memmove(&oldest[at + 1], &oldest[at], (EXECUTIONS_OLDEST - at - 1) * sizeof(*oldest));
    oldest[at] = (struct old_execution){ .used = true, .has_age = j->has_age, .age_s = j->age_s };
    keep_id(&oldest[at], j->execution.id);
}

static void note_recovery(struct executions_summary *s, const struct judgement *j)
{
    const struct recovery *rec = &j->recovery;

    if (!j->emit)
        return;
    s->emitted++;
    for (int c = 0; c < CODE_COUNT; c++)
        s->hazards[c] += rec->hazards & CODE_BIT(c) ? 1 : 0;
    if (!rec->changed)
        return;
    s->rewritten++;
    for (int r = 0; r < REMEDY_COUNT; r++)
        s->applied[r] += rec->remedies & REMEDY_BIT(r) ? 1 : 0;
}

void summary_note(struct executions_summary *s, const struct judgement *j, enum recover_mode mode)
{
    enum needs     needs = needs_of(j->needs);
    const uint64_t codes = j->finding.codes;

    for (int c = 0; c < CODE_COUNT; c++)
        if (codes & CODE_BIT(c)) {
            s->by_code[c]++;
            note_oldest(s->oldest[c], j);
        }
    s->ended += j->ended ? 1 : 0;
    s->lost += j->lost ? 1 : 0;
    if (j->ended || j->lost)
        return;
    s->pending++;
    s->by_verdict[j->finding.verdict]++;
    s->by_needs[needs]++;
    for (int c = 0; c < CODE_COUNT; c++)
        s->needs_code[needs][c] += codes & CODE_BIT(c) ? 1 : 0;
    for (int r = 0; r < REMEDY_COUNT; r++)
        s->needs_remedy[needs][r] += j->finding.remedies & REMEDY_BIT(r) ? 1 : 0;
    if (j->finding.verdict == VERDICT_BLOCKED && (int)needs > (int)needs_of((int)mode))
        s->stay_blocked++;
    if (j->execution.has_newest &&
        (!s->has_newest || instant_compare(j->execution.newest, s->newest) > 0)) {
        s->has_newest = true;
        s->newest = j->execution.newest;
    }
    note_recovery(s, j);
}

/* ---- the report ---------------------------------------------------------------------------- */

static void put_codes(struct json_writer *w, const char *name, const uint64_t *counts)
{
    json_key(w, name);
    json_open(w, '{');
    for (int c = 0; c < CODE_COUNT; c++)
        if (counts[c] > 0)
            json_put_member_uint(w, code_name((enum code)c), counts[c]);
    json_close(w, '}');
}

static void put_remedies(struct json_writer *w, const char *name, const uint64_t *counts)
{
    json_key(w, name);
    json_open(w, '{');
    for (int r = 0; r < REMEDY_COUNT; r++)
        if (counts[r] > 0)
            json_put_member_uint(w, remedy_name((enum remedy)r), counts[r]);
    json_close(w, '}');
}

/* Per level: its codes that stay a risk, and the remedies it applies. */
static void put_levels(struct json_writer *w, const struct executions_summary *s)
{
    uint64_t risks[CODE_COUNT];

    json_key(w, "levels");
    json_open(w, '{');
    for (int n = 0; n < NEEDS_COUNT; n++) {
        for (int c = 0; c < CODE_COUNT; c++)
            risks[c] = code_is_hazard((enum code)c) ? s->needs_code[n][c] : 0;
        json_key(w, needs_name((enum needs)n));
        json_open(w, '{');
        json_put_member_uint(w, "executions", s->by_needs[n]);
        put_codes(w, "hazards", risks);
        put_remedies(w, "remedies", s->needs_remedy[n]);
        json_close(w, '}');
    }
    json_close(w, '}');
}

static void put_oldest(struct json_writer *w, const struct executions_summary *s)
{
    json_key(w, "oldest");
    json_open(w, '{');
    for (int c = 0; c < CODE_COUNT; c++) {
        if (s->by_code[c] == 0)
            continue;
        json_key(w, code_name((enum code)c));
        json_open(w, '[');
        for (int i = 0; i < EXECUTIONS_OLDEST && s->oldest[c][i].used; i++)
            json_put_str(w, s->oldest[c][i].id);
        json_close(w, ']');
    }
    json_close(w, '}');
}

void summary_members(const struct executions_summary *s, struct json_writer *w)
{
    json_put_member_uint(w, "pending", s->pending);
    json_put_member_uint(w, "ended", s->ended);
    json_put_member_uint(w, "lost", s->lost);
    json_put_member_uint(w, "emitted", s->emitted);
    json_put_member_uint(w, "rewritten", s->rewritten);
    json_put_member_uint(w, "stay_blocked", s->stay_blocked);
    json_key(w, "by_verdict");
    json_open(w, '{');
    for (int v = 0; v < VERDICT_COUNT; v++)
        json_put_member_uint(w, verdict_name((enum verdict)v), s->by_verdict[v]);
    json_close(w, '}');
    put_codes(w, "by_code", s->by_code);
    put_levels(w, s);
    put_codes(w, "hazards", s->hazards);
    put_remedies(w, "applied", s->applied);
    put_oldest(w, s);
}
