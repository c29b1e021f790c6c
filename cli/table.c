/*
 * table.c - the result as text: the closing table and the verdict line.
 */
#include "cli/run.h"
#include "cli/selection.h"

#include <inttypes.h>

static bool is_rebuild(const struct run *r)
{
    return r->session->conf->command == COMMAND_REBUILD;
}

struct row run_row(const struct run *r, enum kind kind)
{
    const struct tally         *t = run_tally(r, kind);
    const struct verify_result *v = &r->verified[kind];
    struct row                  row = { 0 };

    row.shown = r->planned && r->plan.topic_of[kind];
    /* Older revisions are no flow-last: they are neither read for it nor left out of it. */
    row.read = atomic_load(&t->read) - atomic_load(&t->reasons[REASON_OLD_REVISION]);
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++)
        *(reason_is_skip((enum reason)i) ? &row.skipped : &row.left_out) +=
            run_reason(r, kind, (enum reason)i);
    row.sent = r->sent[kind].sent;
    row.acknowledged = r->sent[kind].acknowledged;
    row.keys = v->topic.keys;
    row.missing = v->differences[DIFF_MISSING];
    row.extra = v->differences[DIFF_EXTRA];
    row.changed = v->differences[DIFF_CHANGED] + v->differences[DIFF_STALE];
    row.misplaced = v->differences[DIFF_MISPLACED] + v->differences[DIFF_DUPLICATED];
    row.bytes = atomic_load(&t->record_bytes);
    row.seconds = r->seconds[kind];
    return row;
}

static void table_head(const struct run *r, struct buf *out)
{
    buf_add(out, "%-10s %10s %9s %8s", "kind", "read", "left out", "skipped");
    if (is_rebuild(r))
        buf_add(out, " %10s %12s", "sent", "acknowledged");
    buf_add(out, " %12s %8s %8s %8s %9s %8s %8s\n", "keys in topic", "missing", "extra", "changed",
            "misplaced", "seconds", "MB/s");
}

static void number_or_dash(struct buf *out, bool known, int width, uint64_t value)
{
    if (known)
        buf_add(out, " %*" PRIu64, width, value);
    else
        buf_add(out, " %*s", width, "-");
}

static void table_row(const struct run *r, enum kind kind, struct buf *out)
{
    struct row row = run_row(r, kind);
    bool       seen = r->was_verified[kind];

    if (!row.shown)
        return;
    buf_add(out, "%-10s %10" PRIu64 " %9" PRIu64 " %8" PRIu64, kind_name(kind), row.read,
            row.left_out, row.skipped);
    if (is_rebuild(r)) {
        number_or_dash(out, r->was_sent[kind], 10, row.sent);
        number_or_dash(out, r->was_sent[kind], 12, row.acknowledged);
    }
    number_or_dash(out, seen, 13, row.keys);
    number_or_dash(out, seen, 8, row.missing);
    number_or_dash(out, seen, 8, row.extra);
    number_or_dash(out, seen, 8, row.changed);
    number_or_dash(out, seen, 9, row.misplaced);
    buf_add(out, " %8.2f %8.1f\n", row.seconds,
            row.seconds > 0 ? (double)row.bytes / 1e6 / row.seconds : 0.0);
}

static void refusal_lines(const struct run *r, struct buf *out)
{
    if (r->session->conf->command == COMMAND_VERIFY)
        return;
    for (size_t i = 0; i < r->plan.n_refusals; i++)
        buf_add(out, "refused: %s\n", r->plan.refusals[i]);
}

/* Is there anything to show above the verdict? */
static bool has_result(const struct run *r, bool quiet)
{
    enum command c = r->session->conf->command;

    if (quiet || !r->planned)
        return false;
    if (c == COMMAND_EXECUTIONS)
        return r->err.kind == ERR_NONE;
    if (c == COMMAND_REPAIR)
        return r->repair != NULL;
    if (c == COMMAND_REBUILD)
        return r->sent_any || r->differences > 0 ||
               (r->plan.n_refusals == 0 && r->err.kind == ERR_NONE);
    return c != COMMAND_PLAN || r->err.kind == ERR_NONE;
}

static void executions_result(const struct run *r, struct buf *out)
{
    struct loss loss = run_loss(r);

    executions_text(&r->judged, out);
    if (r->judged.sum.pending > 0)
        executions_loss_text(&loss, out);
    if (r->plan.judged.pending.unreadable > 0)
        buf_add(out,
                "%" PRIu64 " documents are no executions that can be read, and have no verdict: "
                "requeue plan names them\n",
                r->plan.judged.pending.unreadable);
    remarks_shown(r, out);
    selection_text(r->session->conf, out);
    remarks_grade(r, out);
}

static void repair_result(const struct run *r, struct buf *out)
{
    repair_text(r, out);
    remarks_shown(r, out);
    selection_text(r->session->conf, out);
    if (r->err.kind == ERR_NONE)
        remarks_grade(r, out);
    remarks_next(r, out);
}

void table_text(const struct run *r, bool quiet, struct buf *out)
{
    if (has_result(r, quiet)) {
        if (r->session->conf->command == COMMAND_EXECUTIONS) {
            executions_result(r, out);
            buf_add(out, "%s\n", r->verdict);
            return;
        }
        if (r->session->conf->command == COMMAND_REPAIR) {
            repair_result(r, out);
            refusal_lines(r, out);
            buf_add(out, "%s\n", r->verdict);
            return;
        }
        if (r->session->conf->command == COMMAND_PLAN) {
            plan_text(r, out);
        } else {
            table_head(r, out);
            for (int k = 0; k < KIND_COUNT; k++)
                table_row(r, (enum kind)k, out);
        }
        remarks_text(r, out);
    }
    refusal_lines(r, out);
    buf_add(out, "%s\n", r->verdict);
}
