/*
 * remarks.c - what stands between the table and the verdict: what is left out, what needs a
 * person's eye, what to do next.
 */
#include "cli/run.h"
#include "cli/selection.h"
#include "cli/shown.h"
#include "cli/staging_text.h"

#include <inttypes.h>

static void left_out_lines(const struct run *r, struct buf *out)
{
    for (int k = 0; k < KIND_COUNT; k++)
        for (int i = REASON_NONE + 1; r->plan.topic_of[k] && i < REASON_COUNT; i++) {
            uint64_t n = run_reason(r, (enum kind)k, (enum reason)i);

            if (n > 0)
                buf_add(out, "%s: %" PRIu64 " %s: %s\n", kind_name((enum kind)k), n,
                        reason_is_skip((enum reason)i) ? "skipped" : "left out",
                        reason_name((enum reason)i));
        }
}

static void explained_lines(const struct run *r, enum kind kind, struct buf *out)
{
    const struct explained_count *c = r->explained_by[kind];

    for (size_t i = 0; i < RUN_MAX_RULES && c[i].rule; i++)
        buf_add(out, "%s: %" PRIu64 " explained by Kestra's normal life: %s%s\n", kind_name(kind),
                c[i].n, c[i].rule, r->session->conf->strict ? " (--strict: they count)" : "");
}

/* The classes that have no column of their own, and what an audit explains. */
static void class_lines(const struct run *r, struct buf *out)
{
    static const enum difference_class inside[] = { DIFF_UNDECODABLE, DIFF_DUPLICATED, DIFF_STALE };

    for (int k = 0; k < KIND_COUNT; k++) {
        const struct verify_result *v = &r->verified[k];

        for (size_t i = 0; i < COUNT_OF(inside); i++)
            if (v->differences[inside[i]] > 0)
                buf_add(out, "%s: %" PRIu64 " %s\n", kind_name((enum kind)k),
                        v->differences[inside[i]], difference_name(inside[i]));
        explained_lines(r, (enum kind)k, out);
        if (v->outside > 0)
            buf_add(out, "%s: %" PRIu64 " other keys in the topic, not compared\n",
                    kind_name((enum kind)k), v->outside);
    }
}

static void live_line(const struct run *r, struct buf *out)
{
    const struct live_count *n = &r->live;

    if (!n->was)
        return;
    buf_add(out,
            "live: %" PRIu64 " keys differed at first and were read again after %.1f s, %u times; "
            "%" PRIu64 " agree now, %" PRIu64 " stay, %" PRIu64 " were still changing\n",
            n->differed, (double)r->session->conf->settle / 1e3, n->rounds,
            n->differed - n->stayed - n->changing, n->stayed, n->changing);
}

/* kestra/restartability.md 3: a record of an ended execution counts as its end, once more. */
static void refire_line(const struct run *r, uint64_t ended, struct buf *out)
{
    uint64_t flows = r->plan.survey.listeners;

    buf_add(out, "execution: %" PRIu64 " ended ones are among them; ", ended);
    if (r->session->conf->scope.project.staging)
        buf_add(out, "every Flow trigger is disabled, they start none\n");
    else if (!r->session->layout->executor.refires_terminal)
        buf_add(out, "a Kestra of this band starts no flow triggers for them\n");
    else if (flows == 0)
        buf_add(out, "no flow has a Flow trigger that they would start\n");
    else
        buf_add(out,
                "%" PRIu64 " flows have a Flow trigger: up to %" PRIu64 " x %" PRIu64
                " executions start once more when Kestra reads this topic\n",
                flows, flows, ended);
}

static void execution_lines(const struct run *r, struct buf *out)
{
    const struct store_counts *c = &r->executions;
    enum executions_mode       mode = r->session->conf->scope.project.executions;

    if (r->executions_unknown)
        buf_add(out, "execution: not selected and not counted: no index of them can be read; how "
                     "many are pending is not known\n");
    if (c->total == 0)
        return;
    if (mode == EXECUTIONS_NONE)
        buf_add(out,
                "execution: %" PRIu64 " pending of %" PRIu64
                " left out (--executions none): they will not go on; --executions %s\n",
                c->pending, c->total,
                r->session->conf->scope.project.staging ? "all sends those that have ended"
                                                        : "resumable sends those that come back");
    else if (mode == EXECUTIONS_ALL && c->terminal > 0 &&
             r->session->conf->command != COMMAND_VERIFY)
        refire_line(r, c->terminal, out);
}

/* What the judgement found, for plan and rebuild; nothing when nothing was judged. */
static void judged_lines(const struct run *r, struct buf *out)
{
    struct loss                 loss = run_loss(r);
    const struct pending_stats *p = &r->plan.judged.pending;

    if (!r->was_judged || r->session->conf->command == COMMAND_VERIFY)
        return;
    executions_plan_text(&r->judged.sum, r->judged.recover.mode, out);
    buf_add(out,
            "  for their verdicts %" PRIu64 " flow revisions, %" PRIu64 " templates, %" PRIu64
            " children of %" PRIu64 " waiting parents were read, by %" PRIu64 " look-ups\n",
            p->revisions, p->templates, p->children, p->parents, p->lookups);
    locks_text(&r->plan.judged.locks, out);
    buf_add(out, "%s", r->shown_locks.p);
    if (r->n_shown_locks > RUN_SHOWN_LINES)
        buf_add(out, "  and %" PRIu64 " more\n", r->n_shown_locks - RUN_SHOWN_LINES);
    executions_loss_text(&loss, out);
    if (r->judged.lines_name)
        buf_add(out, "a line for each pending execution: %s\n", r->judged.lines_name);
    if (r->judged.originals_name && r->judged.sum.rewritten > 0)
        buf_add(out, "the originals of %" PRIu64 " rewritten ones: %s\n", r->judged.sum.rewritten,
                r->judged.originals_name);
}

static void trigger_lines(const struct run *r, struct buf *out)
{
    const struct tally *t = run_tally(r, KIND_TRIGGER);
    uint64_t            locked = atomic_load(&t->locked);
    uint64_t            unlocked = atomic_load(&t->unlocked);

    /* Plan and rebuild have told each of them. */
    if (locked == 0 || r->plan.judged.locks.locked > 0)
        return;
    if (unlocked > 0)
        buf_add(out, "trigger: %" PRIu64 " released from the execution they waited for\n",
                unlocked);
    else
        buf_add(out,
                "trigger: %" PRIu64 " wait for an execution and will not fire until it ends; "
                "--unlock all releases them\n",
                locked);
}

void remarks_shown(const struct run *r, struct buf *out)
{
    uint64_t listed = r->differences + r->explained;

    if (r->shown_skips.n > 0)
        buf_add(out, "\n%s", r->shown_skips.p);
    if (r->skipped > RUN_SHOWN_LINES)
        buf_add(out, "  and %" PRIu64 " more skipped\n", r->skipped - RUN_SHOWN_LINES);
    if (r->shown_differences.n > 0)
        buf_add(out, "\n%s", r->shown_differences.p);
    if (listed > RUN_SHOWN_LINES)
        buf_add(out, "  and %" PRIu64 " more\n", listed - RUN_SHOWN_LINES);
    if (r->differences_name && listed > 0)
        buf_add(out, "all differences: %s\n", r->differences_name);
    if (r->skipped_name && r->skipped > 0)
        buf_add(out, "all skipped documents: %s\n", r->skipped_name);
    if (!r->differences_name && (listed > RUN_SHOWN_LINES || r->skipped > RUN_SHOWN_LINES))
        buf_add(out, "--report FILE lists them all\n");
}

/* This run makes the topic: there is nothing of the old life in it. */
static bool is_made(const struct plan *p, const char *topic)
{
    for (size_t i = 0; i < p->n_topics; i++)
        if (strcmp(p->topics[i].name, topic) == 0)
            return p->topics[i].action == TOPIC_CREATE || p->topics[i].action == TOPIC_RECREATE;
    return false;
}

static void names(struct buf *out, const char *what, const struct plan *p, const struct strings *s)
{
    if (s->n == 0)
        return;
    buf_add(out, "  %s:\n", what);
    for (size_t i = 0; i < s->n; i++)
        if (!is_made(p, s->items[i]))
            buf_add(out, "    %s\n", s->items[i]);
}

#define STATE_DIR "<state.dir>" /* in a layout */
#define MAX_DIR   400

/* Kestra's file knows where they are. */
static void directory_lines(const struct config *c, const struct strings *s, struct buf *out)
{
    size_t mark = strlen(STATE_DIR);
    size_t n = c->state_dir ? strlen(c->state_dir) : 0;

    while (n > 1 && c->state_dir[n - 1] == '/')
        n--;
    buf_add(out, "  state directories on every server (save a copy, then delete)");
    if (c->state_dir)
        buf_add(out, ", by %s:\n", c->state_dir_where);
    else
        buf_add(out, "; " STATE_DIR " is kestra.kafka.defaults.stream.properties.state.dir, else "
                     "<java.io.tmpdir>/kafka-streams:\n");
    for (size_t i = 0; i < s->n; i++) {
        bool known = c->state_dir && strncmp(s->items[i], STATE_DIR, mark) == 0;

        buf_add(out, "    ");
        if (known)
            shown_add(out, slice_of(c->state_dir, n), MAX_DIR);
        buf_add(out, "%s\n", s->items[i] + (known ? mark : 0));
    }
}

static void reset_lines(const struct run *r, struct buf *out)
{
    const struct plan *p = &r->plan;

    buf_add(out, "\nbefore Kestra starts, reset what is there of these:\n");
    names(out, "consumer groups (delete)", p, &p->reset_groups);
    names(out, "changelog and repartition topics (delete)", p, &p->reset_changelogs);
    directory_lines(r->session->conf, &p->reset_directories, out);
}

static void prefix_lines(const struct run *r, struct buf *out)
{
    const struct session *s = r->session;

    if (strcmp(s->topic_prefix, s->layout->topic_prefix) == 0 &&
        strcmp(s->consumer_prefix, s->layout->consumer_prefix) == 0)
        return;
    buf_add(out,
            "\nto switch Kestra to these topics:\n"
            "  kestra.kafka.defaults.topic-prefix: \"%s\"\n"
            "  kestra.kafka.defaults.consumer-prefix: \"%s\"\n",
            s->topic_prefix, s->consumer_prefix);
}

/* Where no other line says what to do about the verdict. */
static void what_next(const struct run *r, struct buf *out)
{
    enum command c = r->session->conf->command;
    const char  *plan = r->session->conf->output;

    if (r->err.kind != ERR_NONE || r->foreign > 0)
        return;
    if (c == COMMAND_VERIFY && r->differences > 0 && r->differences_name)
        buf_add(out, "next: requeue repair --from %s shows what of them can be sent again\n",
                r->differences_name);
    else if (c == COMMAND_VERIFY && r->differences > 0)
        buf_add(out, "next: with --report FILE they are listed for requeue repair\n");
    else if (c == COMMAND_REBUILD && r->differences > 0)
        buf_add(out, "next: start no Kestra on these topics; requeue rebuild --resume sends what "
                     "is missing, --recreate makes them anew\n");
    else if (c == COMMAND_PLAN && r->exit == EXIT_DIFFERENT)
        buf_add(out, "next: requeue rebuild%s%s with the same options does it\n",
                plan ? " --plan " : "", plan ? plan : "");
    if (r->skipped > 0)
        buf_add(out,
                "next: what is skipped cannot be sent as it is: mend or delete it in the store, "
                "then run this again%s\n",
                c == COMMAND_REBUILD ? " with --resume" : "");
}

/* How to find who keeps a transaction open: describe-producers names the producer, list its
 * transactional id, and find-hanging tells whether anybody will ever end it. */
static void owner_line(const struct run *r, const char *topic, int partition, struct buf *out)
{
    buf_add(out,
            "  its owner: kafka-transactions.sh --bootstrap-server %s describe-producers --topic "
            "%s --partition %d (its ProducerId, which `list` knows by name; what only find-hanging "
            "--topic %s knows, nobody will end); then verify again\n",
            r->session->conf->kafka, topic, partition, topic);
}

/* What a topic held back, and what it lost while it was read. */
static void topic_lines(const struct run *r, enum kind kind, struct buf *out)
{
    const struct partition_ends *ends = r->ends[kind];
    const struct verify_result  *v = &r->verified[kind];
    uint64_t                     shown = 0;

    for (int i = 0; ends && v->open_transactions > 0 && i < r->plan.topic_of[kind]->partitions; i++)
        if (ends[i].stable < ends[i].high && shown++ < RUN_SHOWN_LINES) {
            buf_add(out,
                    "open transaction: %s[%d] was read up to its last stable offset %lld; its high "
                    "watermark is %lld\n",
                    r->plan.topic_of[kind]->name, i, (long long)ends[i].stable,
                    (long long)ends[i].high);
            if (shown == 1)
                owner_line(r, r->plan.topic_of[kind]->name, i, out);
        }
    if (shown > RUN_SHOWN_LINES)
        buf_add(out, "  and %" PRIu64 " more partitions\n", shown - RUN_SHOWN_LINES);
    if (v->gap.partitions > 0)
        buf_add(out,
                "gap: %s[%d]: its log start moved from %lld to %lld while it was read, %" PRIu64
                " partitions lost %lld offsets: see its cleanup.policy and retention, then verify "
                "again\n",
                r->plan.topic_of[kind]->name, (int)v->gap.first, (long long)v->gap.from,
                (long long)v->gap.to, v->gap.partitions, (long long)v->gap.offsets);
}

void remarks_next(const struct run *r, struct buf *out)
{
    if (r->foreign > 0)
        buf_add(out,
                "another writer: %" PRIu64 " records appeared beside ours; stop every Kestra "
                "server, then rebuild with --recreate\n",
                r->foreign);
    for (int k = 0; k < KIND_COUNT; k++)
        topic_lines(r, (enum kind)k, out);
    if (r->unproven && r->exit == EXIT_UNPROVEN)
        buf_add(out, "the topics were not read back: prove them with requeue verify\n");
    what_next(r, out);
}

/* A store that holds nothing would pass every proof. */
static void empty_lines(const struct run *r, struct buf *out)
{
    uint64_t total = 0;
    uint64_t selected = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        if (r->plan.topic_of[k]) {
            total += r->plan.survey.counts[k].total;
            selected += r->plan.survey.counts[k].selected;
        }
    if (total == 0)
        buf_add(out, "warning: the store holds no document of these kinds: is it the right one, "
                     "and was it restored?\n");
    else if (selected == 0)
        buf_add(
            out,
            "warning: nothing is selected: see --tenant, --namespace, --since, --until, --states, "
            "--ids and --executions\n");
}

/* What was written while a search store was read may be in one part of it and not in another. */
void remarks_grade(const struct run *r, struct buf *out)
{
    const struct store *store = r->session->store;

    if (!store || store->grade != 'C')
        return;
    if (store->window_ns > 0)
        buf_add(
            out,
            "grade C: all slices of a kind were opened within %.0f ms; what was written in that "
            "time may be in some of them only\n",
            (double)store->window_ns / 1e6);
    else if (store->n_places > 0)
        buf_add(out, "grade C: a point in time was lost and opened again; what was written in "
                     "between may be in one part only\n");
}

/* Records may be aged out or compacted away by what was not meant to. */
static void drift_lines(const struct run *r, struct buf *out)
{
    for (size_t i = 0; i < r->plan.n_topics; i++) {
        const struct topic_plan *t = &r->plan.topics[i];

        for (size_t d = 0; t->action == TOPIC_USE && !t->alter && d < t->n_drift; d++)
            buf_add(out, "warning: topic %s: %s is %s, the layout wants %s; --alter sets it\n",
                    t->name, t->drift[d].name, t->drift_is[d] ? t->drift_is[d] : "not set",
                    t->drift[d].value);
    }
}

/* Everything between the table and the verdict. */
void remarks_text(const struct run *r, struct buf *out)
{
    enum command c = r->session->conf->command;

    /* After an error the next step is its hint; the rest would only push it off the screen. */
    if (r->err.kind != ERR_NONE) {
        remarks_shown(r, out);
        remarks_next(r, out);
        return;
    }
    left_out_lines(r, out);
    execution_lines(r, out);
    judged_lines(r, out);
    trigger_lines(r, out);
    staging_text(r->session->conf, r->staging_name, out);
    class_lines(r, out);
    live_line(r, out);
    remarks_shown(r, out);
    selection_text(r->session->conf, out);
    empty_lines(r, out);
    remarks_grade(r, out);
    if (c == COMMAND_REBUILD)
        drift_lines(r, out);
    if (c != COMMAND_VERIFY)
        reset_lines(r, out);
    if (c == COMMAND_REBUILD)
        prefix_lines(r, out);
    remarks_next(r, out);
}

void remarks_for_page(const struct run *r, struct buf *out)
{
    enum command c = r->session->conf->command;

    if (r->err.kind == ERR_NONE && r->planned) {
        execution_lines(r, out);
        if (c == COMMAND_EXECUTIONS)
            executions_next_text(&r->judged.sum, out);
        judged_lines(r, out);
        trigger_lines(r, out);
        staging_text(r->session->conf, r->staging_name, out);
        live_line(r, out);
        selection_text(r->session->conf, out);
        if (c == COMMAND_REPAIR)
            repair_left_text(r, out);
        empty_lines(r, out);
        remarks_grade(r, out);
        if (c == COMMAND_REBUILD)
            drift_lines(r, out);
        if (c == COMMAND_PLAN || c == COMMAND_REBUILD)
            reset_lines(r, out);
        if (c == COMMAND_REBUILD)
            prefix_lines(r, out);
    }
    remarks_next(r, out);
}
