/*
 * repair_text.c - a repair as text and as a member of the report; see run.h.
 */
#include "cli/run.h"

#include <inttypes.h>

/* What an audit explains is no difference that anybody has to do something about. */
static uint64_t explained(const struct run *r)
{
    uint64_t n = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        n += repair_left(r->repair, (enum kind)k, REPAIR_WHY_EXPLAINED, r->repaired);
    return n;
}

bool repair_is_left(const struct run *r)
{
    const struct repair_counts c = repair_count(r->repair, KIND_COUNT, DIFF_CLASS_COUNT);

    return (r->repaired ? c.stay : c.named - c.right) > explained(r);
}

static void table(const struct run *r, struct buf *out)
{
    buf_add(out, "%-10s %-12s %8s %8s %10s %14s %8s%s\n", "kind", "class", "named", "to send",
            "tombstones", "already right", "may not", r->repaired ? "     stay" : "");
    for (int k = 0; k < KIND_COUNT; k++)
        for (int c = 0; c < DIFF_CLASS_COUNT; c++) {
            struct repair_counts n =
                repair_count(r->repair, (enum kind)k, (enum difference_class)c);

            if (n.named == 0)
                continue;
            buf_add(out,
                    "%-10s %-12s %8" PRIu64 " %8" PRIu64 " %10" PRIu64 " %14" PRIu64 " %8" PRIu64,
                    kind_name((enum kind)k), difference_name((enum difference_class)c), n.named,
                    n.send, n.tombstones, n.right, n.kept);
            if (r->repaired)
                buf_add(out, " %8" PRIu64, n.stay);
            buf_add(out, "\n");
        }
    if (r->repair->n == 0)
        buf_add(out, "the report names no difference\n");
    if (r->repair->repeated > 0)
        buf_add(out, "%" PRIu64 " lines name a key once more, and count once\n",
                r->repair->repeated);
}

/* What a rebuild of the kind's topic would be started with. flow includes flow-last. */
static void recreate_line(const struct run *r, enum kind kind, struct buf *out)
{
    const struct config *c = r->session->conf;

    buf_add(out, "requeue rebuild --kinds %s", kind_name(kind));
    if (kind == KIND_EXECUTION)
        buf_add(out, " --executions %s", c->executions);
    buf_add(out, " --recreate --confirm %s", r->plan.cluster.id);
}

static void what_to_do(const struct run *r, enum kind kind, enum repair_why why, struct buf *out)
{
    switch (why) {
    case REPAIR_WHY_EXECUTION:
    case REPAIR_WHY_STRAY:
    case REPAIR_WHY_EXTRA:
    case REPAIR_WHY_KEYLESS: recreate_line(r, kind, out); break;
    case REPAIR_WHY_TOMBSTONE: buf_add(out, "--allow-tombstones deletes them"); break;
    case REPAIR_WHY_NEWER:
        buf_add(out, "look at them: is the store older than the topics? To take the store's all "
                     "the same: ");
        recreate_line(r, kind, out);
        break;
    case REPAIR_WHY_AUDIT:
        buf_add(out, "name those that may go on with requeue verify --executions resumable");
        break;
    case REPAIR_WHY_UNSURE:
        buf_add(out, "requeue verify without --tenant and --namespace tells what was skipped");
        break;
    case REPAIR_WHY_SCOPE: buf_add(out, "see --kinds and --executions"); break;
    case REPAIR_WHY_EXPLAINED: buf_add(out, "nothing is to be done"); break;
    case REPAIR_WHY_NONE:
    case REPAIR_WHY_COUNT:
        buf_add(out, "who writes to this topic? Stop it, then run the repair again");
        break;
    }
}

void repair_left_text(const struct run *r, struct buf *out)
{
    for (int k = 0; k < KIND_COUNT; k++)
        for (int w = 0; w < REPAIR_WHY_COUNT; w++) {
            uint64_t n = repair_left(r->repair, (enum kind)k, (enum repair_why)w, r->repaired);

            if (n == 0)
                continue;
            buf_add(out, "%s: %" PRIu64 " stay: %s; ", kind_name((enum kind)k), n,
                    repair_why_text((enum repair_why)w));
            what_to_do(r, (enum kind)k, (enum repair_why)w, out);
            buf_add(out, "\n");
        }
}

void repair_text(const struct run *r, struct buf *out)
{
    if (r->err.kind != ERR_NONE || (r->plan.n_refusals > 0 && r->session->conf->execute))
        return; /* not all was looked at: numbers would mislead */
    table(r, out);
    repair_left_text(r, out);
}

void repair_judge(struct run *r)
{
    struct repair_counts c;
    char                *v = r->verdict;
    size_t               n = sizeof(r->verdict);
    char                 grade = r->session->info.grade;

    if (!r->repair || r->err.kind != ERR_NONE || r->plan.n_refusals > 0 || r->foreign > 0)
        return;
    c = repair_count(r->repair, KIND_COUNT, DIFF_CLASS_COUNT);
    if (!r->session->conf->execute)
        (void)snprintf(v, n,
                       "REPAIR: %" PRIu64 " records to send, %" PRIu64 " right already, %" PRIu64
                       " may not be repaired (grade %c); nothing was changed",
                       c.send + c.tombstones, c.right, c.kept - explained(r), grade);
    else if (r->exit == EXIT_DIFFERENT)
        (void)snprintf(v, n,
                       "FAIL: %" PRIu64 " of %" PRIu64 " named differences stay, %" PRIu64
                       " were sent (grade %c)",
                       c.stay - explained(r), c.named, c.send + c.tombstones, grade);
    else if (r->exit == EXIT_DONE)
        (void)snprintf(v, n, "PASS: %" PRIu64 " repaired, %" PRIu64 " right already (grade %c)",
                       c.send + c.tombstones, c.right, grade);
}

static void counts_json(struct json_writer *w, const struct repair_counts *c)
{
    json_put_member_uint(w, "named", c->named);
    json_put_member_uint(w, "right", c->right);
    json_put_member_uint(w, "send", c->send);
    json_put_member_uint(w, "tombstones", c->tombstones);
    json_put_member_uint(w, "kept", c->kept);
    json_put_member_uint(w, "stay", c->stay);
}

static void kind_json(const struct run *r, enum kind kind, struct json_writer *w)
{
    struct repair_counts c = repair_count(r->repair, kind, DIFF_CLASS_COUNT);

    if (c.named == 0)
        return;
    json_key(w, kind_name(kind));
    json_open(w, '{');
    counts_json(w, &c);
    json_key(w, "left");
    json_open(w, '{');
    for (int i = 0; i < REPAIR_WHY_COUNT; i++) {
        uint64_t n = repair_left(r->repair, kind, (enum repair_why)i, r->repaired);

        if (n > 0)
            json_put_member_uint(w, repair_why_name((enum repair_why)i), n);
    }
    json_close(w, '}');
    json_close(w, '}');
}

void repair_json(const struct run *r, struct json_writer *w)
{
    const struct config *c = r->session->conf;
    struct repair_counts all = repair_count(r->repair, KIND_COUNT, DIFF_CLASS_COUNT);

    json_key(w, "repair");
    json_open(w, '{');
    json_key(w, "from");
    json_put_str(w, c->from);
    json_key(w, "like");
    json_put_str(w, c->like);
    json_key(w, "execute");
    json_put_bool(w, c->execute);
    json_key(w, "allow_tombstones");
    json_put_bool(w, c->allow_tombstones);
    json_key(w, "done");
    json_put_bool(w, r->repaired);
    json_put_member_uint(w, "repeated", r->repair->repeated);
    counts_json(w, &all);
    json_key(w, "kinds");
    json_open(w, '{');
    for (int k = 0; k < KIND_COUNT; k++)
        kind_json(r, (enum kind)k, w);
    json_close(w, '}');
    json_close(w, '}');
}
