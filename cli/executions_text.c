/*
 * executions_text.c - the counts of executions as text: the table of codes, the levels of
 * --recover, and what the time of the loss says.
 */
#include "cli/executions.h"
#include "cli/shown.h"

#include <inttypes.h>

static const char *verdict_meaning(enum verdict v)
{
    switch (v) {
    case VERDICT_RESUMES: return "emitted as they are, they go on to their end";
    case VERDICT_UNDECIDED: return "the outcome rests on an expression";
    case VERDICT_NEEDS_ACTION: return "they wait: a person decides";
    case VERDICT_BLOCKED: return "they hang, fail, repeat work or harm others";
    case VERDICT_COUNT: break;
    }
    return "?";
}

/* Numbers in a sentence. */
static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void code_line(const struct executions_summary *s, enum code code, struct buf *out)
{
    const char *before = "  ";

    if (s->by_code[code] == 0)
        return;
    buf_add(out, "%-26s %8" PRIu64 "  %-12s", code_name(code), s->by_code[code],
            verdict_name(code_verdict(code)));
    for (int i = 0; i < EXECUTIONS_OLDEST && s->oldest[code][i].used; i++) {
        const struct old_execution *o = &s->oldest[code][i];
        char                        age[SHOWN_AGE] = "?";

        if (o->has_age)
            shown_age(o->age_s, age);
        buf_add(out, "%s%s (%s)", before, o->id, age);
        before = ", ";
    }
    buf_add(out, "\n");
}

static void code_table(const struct executions_summary *s, struct buf *out)
{
    buf_add(out, "\n%-26s %8s  %-12s  %s\n", "code", "number", "alone it is", "the oldest");
    for (int v = VERDICT_COUNT - 1; v >= 0; v--)
        for (int c = 0; c < CODE_COUNT; c++)
            if ((int)code_verdict((enum code)c) == v)
                code_line(s, (enum code)c, out);
}

static void list_lines(const struct executions_list *x, struct buf *out)
{
    if (x->n_shown == 0 && !x->verdicts && !x->codes)
        return;
    buf_add(out, "\n%s", x->shown.n > 0 ? x->shown.p : "");
    if (x->verdicts || x->codes)
        buf_add(out, "%" PRIu64 " of %" PRIu64 " match --verdict and --code\n", x->matched,
                x->sum.pending + x->sum.ended + x->sum.lost);
    if (x->matched > x->n_shown && x->lines_name)
        buf_add(out, "  and %" PRIu64 " more, all in %s\n", x->matched - x->n_shown, x->lines_name);
    else if (x->matched > x->n_shown)
        buf_add(out,
                "  and %" PRIu64 " more: --verdict, --code or --namespace list all of theirs, "
                "--report FILE and --format json all of all\n",
                x->matched - x->n_shown);
    else if (x->lines_name)
        buf_add(out, "all of them as JSON lines: %s\n", x->lines_name);
    if (x->leave_resuming && x->sum.by_verdict[VERDICT_RESUMES] > 0)
        buf_add(out, "  those that resume are not listed; --verdict resumes lists them\n");
}

/* What is left after everything that options can do. */
static void never_lines(const struct executions_summary *s, struct buf *out)
{
    uint64_t n = s->by_needs[NEEDS_NEVER];

    if (n == 0)
        return;
    buf_add(out,
            "%" PRIu64 " come%s back by no option; what a person can do is said with each of them, "
            "and by requeue help codes\n",
            n, n == 1 ? "s" : "");
    for (int r = 0; r < REMEDY_COUNT; r++)
        if (s->needs_remedy[NEEDS_NEVER][r] > 0 && !remedy_by_option((enum remedy)r))
            buf_add(out, "  %" PRIu64 " %s: %s\n", s->needs_remedy[NEEDS_NEVER][r],
                    remedy_name((enum remedy)r), remedy_how((enum remedy)r));
}

/* Not pending ones: those that ended with a listener open, those of which only a name is left. */
static void other_lines(const struct executions_summary *s, struct buf *out)
{
    if (s->ended > 0)
        buf_add(out,
                "%" PRIu64 " ended with a listener open or not started: the list says for each "
                "what starts it\n",
                s->ended);
    if (s->lost > 0)
        buf_add(out,
                "%" PRIu64 " lost: logs or links name %s and the store has not: start again by "
                "hand what is still wanted\n",
                s->lost, s->lost == 1 ? "it" : "them");
}

void executions_next_text(const struct executions_summary *s, struct buf *out)
{
    buf_add(out, "\nwhat to do:\n");
    if (s->by_needs[NEEDS_NONE] > 0)
        buf_add(out,
                "%" PRIu64 " come%s back unchanged: requeue rebuild sends them "
                "(--executions resumable, the default)\n",
                s->by_needs[NEEDS_NONE], s->by_needs[NEEDS_NONE] == 1 ? "s" : "");
    if (s->by_needs[NEEDS_SAFE] > 0)
        buf_add(out,
                "%" PRIu64 " come%s back with requeue rebuild --recover safe: no task was lost, "
                "and none runs twice as far as the store is current\n",
                s->by_needs[NEEDS_SAFE], s->by_needs[NEEDS_SAFE] == 1 ? "s" : "");
    if (s->by_needs[NEEDS_ALL] > 0)
        buf_add(out,
                "%" PRIu64 " come%s back with requeue rebuild --recover all: it has a price; "
                "requeue plan tells it\n",
                s->by_needs[NEEDS_ALL], s->by_needs[NEEDS_ALL] == 1 ? "s" : "");
    never_lines(s, out);
    other_lines(s, out);
}

void executions_text(const struct executions_list *x, struct buf *out)
{
    const struct executions_summary *s = &x->sum;

    if (s->pending == 0 && s->ended == 0 && s->lost == 0) {
        buf_add(out, "no execution is pending: there is nothing to bring back\n");
        return;
    }
    buf_add(out, "%-14s %8" PRIu64 "\n", "pending", s->pending);
    for (int v = 0; v < VERDICT_COUNT; v++)
        buf_add(out, "  %-12s %8" PRIu64 "  %s\n", verdict_name((enum verdict)v), s->by_verdict[v],
                verdict_meaning((enum verdict)v));
    code_table(s, out);
    list_lines(x, out);
    executions_next_text(s, out);
}

/* ---- plan and rebuild ---------------------------------------------------------------------- */

static void level_remedies(const struct executions_summary *s, enum needs n, struct buf *out)
{
    static const struct {
        enum remedy remedy;
        const char *price;
    } prices[] = {
        { REMEDY_RERUN_LOST, "tasks that were running at the loss run again (--lost-tasks rerun)" },
        { REMEDY_FAIL_LOST, "or they fail, and their flow treats that (--lost-tasks fail)" },
        { REMEDY_REARM_PAUSE, "a pause begins again, with its full delay" },
        { REMEDY_LINK_SUBFLOW, "a parent is tied to its running child again" },
        { REMEDY_FINISH_SUBFLOW, "a parent takes over the result of its ended child" },
        { REMEDY_KILL_OPEN, "a kill that was asked for is completed" },
        { REMEDY_LISTENER_DROP, "an open task of a listener is dropped, and may run again" },
    };

    for (size_t i = 0; i < COUNT_OF(prices); i++)
        if (s->needs_remedy[n][prices[i].remedy] > 0)
            buf_add(out, "    %" PRIu64 " %s: %s\n", s->needs_remedy[n][prices[i].remedy],
                    remedy_name(prices[i].remedy), prices[i].price);
}

static void level_lines(const struct executions_summary *s, enum needs n, struct buf *out)
{
    static const char *const names[NEEDS_COUNT] = {
        [NEEDS_NONE] = "as they are",
        [NEEDS_SAFE] = "--recover safe: no task was lost; none runs twice as far as the store is "
                       "current",
        [NEEDS_ALL] = "--recover all: it has a price",
        [NEEDS_NEVER] = "cannot: requeue executions says for each what a person can do",
    };

    if (s->by_needs[n] == 0)
        return;
    buf_add(out, "  %s%" PRIu64 " %s\n", n == NEEDS_SAFE || n == NEEDS_ALL ? "+" : "",
            s->by_needs[n], names[n]);
    if (n == NEEDS_ALL)
        level_remedies(s, n, out);
    for (int c = 0; n != NEEDS_NEVER && c < CODE_COUNT; c++)
        if (code_is_hazard((enum code)c) && s->needs_code[n][c] > 0)
            buf_add(out, "    %" PRIu64 " %s: %s\n", s->needs_code[n][c], code_name((enum code)c),
                    code_text((enum code)c));
    for (int c = 0; n == NEEDS_NEVER && c < CODE_COUNT; c++)
        if (code_verdict((enum code)c) == VERDICT_BLOCKED && s->needs_code[n][c] > 0)
            buf_add(out, "    %" PRIu64 " %s: %s\n", s->needs_code[n][c], code_name((enum code)c),
                    code_text((enum code)c));
}

void executions_plan_text(const struct executions_summary *s, enum recover_mode chosen,
                          struct buf *out)
{
    uint64_t back[NEEDS_COUNT];

    if (s->pending == 0)
        return;
    back[NEEDS_NONE] = s->by_needs[NEEDS_NONE];
    back[NEEDS_SAFE] = back[NEEDS_NONE] + s->by_needs[NEEDS_SAFE];
    back[NEEDS_ALL] = back[NEEDS_SAFE] + s->by_needs[NEEDS_ALL];
    buf_add(out, "executions: pending %" PRIu64, s->pending);
    buf_add(out, " · come back as they are %" PRIu64 "%s", back[NEEDS_NONE],
            chosen == RECOVER_NONE ? " (chosen)" : "");
    buf_add(out, " · with --recover safe %" PRIu64 "%s", back[NEEDS_SAFE],
            chosen == RECOVER_SAFE ? " (chosen)" : "");
    buf_add(out, " · with --recover all %" PRIu64 "%s", back[NEEDS_ALL],
            chosen == RECOVER_ALL ? " (chosen)" : "");
    buf_add(out, " · cannot %" PRIu64 "\n", s->by_needs[NEEDS_NEVER]);
    for (int n = 0; n < NEEDS_COUNT; n++)
        level_lines(s, (enum needs)n, out);
}

/* ---- the loss ------------------------------------------------------------------------------ */

static void gap_text(int64_t gap_ns, char out[SHOWN_AGE])
{
    if (gap_ns >= 0 && gap_ns < 1000000000)
        (void)snprintf(out, SHOWN_AGE, "%lld ms", (long long)(gap_ns / 1000000));
    else
        shown_age(gap_ns / 1000000000, out);
}

static const char *newest_word(const char *of)
{
    if (of && strcmp(of, "trigger") == 0)
        return "a trigger";
    return of && strcmp(of, "log") == 0 ? "a log line" : "an execution";
}

void executions_loss_text(const struct loss *l, struct buf *out)
{
    const char *of = newest_word(l->newest_of);
    char        newest[32];
    char        lost[32];
    char        gap[SHOWN_AGE];
    int64_t     ns;

    if (!l->has_newest) {
        buf_add(out, "the store holds no time to compare with that of the loss\n");
        return;
    }
    instant_format(l->newest, newest);
    if (!l->has_lost_at) {
        buf_add(out,
                "the newest time in the store, of %s, is %s: nothing later is known to it. When "
                "was Kafka "
                "lost? --lost-at TIME tells what that means\n",
                of, newest);
        return;
    }
    instant_format(l->lost_at, lost);
    ns = instant_diff_ns(l->newest, l->lost_at);
    gap_text(ns == INT64_MIN ? INT64_MAX : ns < 0 ? -ns : ns, gap);
    if (ns <= 0) {
        buf_add(
            out,
            "the newest time in the store, of %s, is %s, the loss was at %s, %s before it: either "
            "something wrote after the loss, or a clock or --lost-at is wrong. As far as times "
            "tell, the store knows all that happened until the loss\n",
            of, newest, lost, gap);
        return;
    }
    buf_add(
        out,
        "the newest time in the store, of %s, is %s, %s before the loss at %s. Of what happened in "
        "between the store knows nothing:\n"
        "  executions that started since are lost: start them again by hand, or by their "
        "triggers\n"
        "  executions that ended since are still pending here, and go on once more\n"
        "  of the %" PRIu64 " pending execution%s tasks may have ended since: they run once "
        "more, their effects twice\n",
        of, newest, gap, lost, l->pending, plural(l->pending));
}
