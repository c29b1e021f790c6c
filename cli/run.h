/*
 * run.h - what a run found out, and the files it writes it to.
 *
 * Skips and differences go to JSON lines as they are found (all of them, never a sample) and the
 * first few are kept as text for the screen. The report is written last. Files are opened before
 * anything is touched, so that a forbidden folder is told at once (exit 1). A disk that is full
 * later stops nothing: it is told at the end (exit 1), and the verdict stands.
 */
#ifndef REQUEUE_RUN_H
#define REQUEUE_RUN_H

#include "cli/executions.h"
#include "cli/lock_lines.h"
#include "cli/page.h"
#include "cli/repair.h"
#include "cli/session.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "rebuild/send.h"
#include "verify/verify.h"

/* design part 10; when several apply, the first of 70, 1, 5, 6, 7, 4, 2, 8, 3, 0. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_DIFFERENT = 2,
    EXIT_UNPROVEN = 3,
    EXIT_INTERRUPTED = 4,
    EXIT_REFUSED = 5,
    EXIT_STORE = 6,
    EXIT_KAFKA = 7,
    EXIT_BLOCKED = 8, /* pending executions stay blocked, with --fail-on blocked */
    EXIT_BUG = 70,
};

enum exit_status exit_of(enum err_kind kind);
enum exit_status exit_worse(enum exit_status a, enum exit_status b);

#define RUN_SHOWN_LINES 20 /* differences and skips shown on the screen, of each */

/* How many differences of a kind a rule of verify/audit.c explains; --strict or not. */
struct explained_count {
    const char *rule; /* NULL: no more */
    uint64_t    n;
};
#define RUN_MAX_RULES 8

/* verify --live (cli/live.h); of keys. */
struct live_count {
    bool     was;
    unsigned rounds;   /* readings after the first */
    uint64_t differed; /* at first: so many were read again */
    uint64_t stayed;
    uint64_t changing; /* both sides moved between all readings */
};

struct run {
    struct session        *session;
    struct plan            plan;
    bool                   planned;
    bool                   touched; /* topics may have been deleted, created or altered */
    bool                   sent_any;
    bool                   was_sent[KIND_COUNT];
    bool                   was_verified[KIND_COUNT];
    struct sent            sent[KIND_COUNT];
    struct verify_result   verified[KIND_COUNT];
    struct partition_ends *ends[KIND_COUNT];   /* owned; NULL: not verified */
    struct kind_sums       sums[KIND_COUNT];   /* owned, likewise; of the first reading */
    struct store_counts    executions;         /* also when executions are out of scope */
    bool                   executions_unknown; /* out of scope, with no index that can be read */
    uint64_t               skipped;            /* documents told as skipped */
    uint64_t               differences;
    uint64_t               explained;
    struct explained_count explained_by[KIND_COUNT][RUN_MAX_RULES];
    uint64_t               foreign; /* records of another writer */
    uint64_t               open_transactions;
    uint64_t               gaps; /* partitions whose records went away while they were read */
    struct live_count      live;
    bool                   unproven;
    struct err             err; /* the first error; kind ERR_NONE: none */
    struct instant         started, finished;
    int64_t                started_ns, finished_ns;
    double                 seconds[KIND_COUNT];
    enum exit_status       exit;
    char                   verdict[160];

    struct outfile *plan_file;   /* NULL: no --output */
    struct outfile *report_file; /* NULL: no --report */
    struct outfile *page_file;   /* NULL: no --report-html */
    struct outfile *differences_file;
    struct outfile *skipped_file;
    struct outfile *locks_file;       /* NULL: none, or nobody judges */
    struct outfile *staging_file;     /* NULL: none, or not for staging */
    char           *staging_name;     /* owned */
    char           *locks_name;       /* owned */
    char           *differences_name; /* owned */
    char           *skipped_name;
    struct page     page;
    struct buf      shown_differences; /* text */
    struct buf      shown_skips;
    struct buf      shown_locks;
    uint64_t        n_shown_locks;

    struct repair_list *repair;   /* of repair; NULL: not read. Borrowed */
    bool                repaired; /* repair: it was executed, and proven */

    bool                   was_judged; /* the pending executions were looked at */
    struct executions_list judged;
};

/* "r.json" -> "r.WHAT.jsonl"; owned by the caller (mem_free). */
char *run_beside(const char *report, const char *what);

/* Open the files of --output and --report. */
MUST_CHECK bool run_open(struct run *r, struct session *s, struct err *err);
/* Decide exit status and verdict from what was found; no text yet. */
void run_judge(struct run *r);
/* Write the report, close the files, print the result; the exit status of the program. */
enum exit_status run_finish(struct run *r);

/* What verify needs, from the session and the plan; differences and skips go to the run. */
struct verify_conf run_verify_conf(struct run *r);

/* Room for what verify_topic tells of each partition of a kind. */
void run_want_partitions(struct run *r, enum kind kind);
/* A kind's topic was read: what that says of the whole run. */
void run_note_topic(struct run *r, enum kind kind);

/* Close and free everything; run_finish does it itself. */
void run_release(struct run *r);

/* Every kind in scope was compared and nothing speaks against it. */
bool run_is_proven(const struct run *r);

/* What a sender needs, likewise; skips go to on_skip with ctx. */
struct send_conf run_send_conf(struct run *r, skip_fn on_skip, void *ctx);
/* Records that a partition has beyond the end that we know: another writer's. */
static inline uint64_t run_beyond(int64_t end, int64_t known)
{
    return end > known ? (uint64_t)(end - known) : 0;
}

/* An empty ledger of a kind: those of all kinds fit into the memory beside a comparison. */
struct side *run_ledger_new(struct run *r, enum kind kind);
/* Before a kind is read: so many sides of it are kept. What that takes of the disk is told when it
 * is much. */
void run_expect_keys(struct run *r, enum kind kind, unsigned sides);
/* What it took, at the end. */
void run_tell_disk(const struct run *r);
/* Keys that are asked for one by one, which has to be in memory. */
struct key_need {
    const char *which; /* "to be sent" */
    uint64_t    keys;
    size_t      bytes;
    const char *instead; /* what else one can do */
};
/* ERR_USAGE when it is too much for --memory. */
MUST_CHECK bool run_keys_fit(const struct run *r, const struct key_need *need, struct err *err);

/* How the pending executions are read and told. */
struct pending_conf run_pending_conf(struct run *r);

/* Callbacks for survey, pass over the executions, sender and verify; ctx is the run. */
void run_on_skip(void *ctx, const struct skip *skip);
bool run_on_judged(void *ctx, const char *place, const struct document *doc,
                   const struct judgement *j, struct err *err);
bool run_on_lock(void *ctx, const struct lock *lock, struct err *err);
bool run_on_difference(void *ctx, const struct difference *d, struct err *err);

void run_on_left(void *ctx, const struct staging_left *left);

/* What executions_loss_text() is to be told. */
struct loss run_loss(const struct run *r);

/* The counters of a kind's documents in this run: those of verify, else those of sending or the dry
 * run. */
const struct tally *run_tally(const struct run *r, enum kind kind);
/* Documents of a kind with that reason: read and told so by the projection, or never read because
 * the store selects (counted by the survey). Older revisions of flow-last are none. */
uint64_t run_reason(const struct run *r, enum kind kind, enum reason reason);

/* One line of the closing table. */
struct row {
    bool     shown;
    uint64_t read, left_out, skipped, sent, acknowledged, keys;
    uint64_t missing, extra, changed,
        misplaced; /* changed: stale ones too; misplaced: duplicated too */
    uint64_t bytes;
    double   seconds;
};
struct row run_row(const struct run *r, enum kind kind);

/* cli/run_page.c: the same as a page for people; err: it has no room. */
MUST_CHECK bool run_page(const struct run *r, struct slice report, struct buf *out);
/* cli/report.c: the report as JSON (schemas/report.schema.json). */
void report_json(const struct run *r, struct buf *out);
/* Everything that shapes the expectation, as the report's member "options". */
void report_options(struct json_writer *w, const struct session *s);
/* cli/table.c: the result as text; quiet: only the verdict, and what is refused. */
void table_text(const struct run *r, bool quiet, struct buf *out);
/* cli/remarks.c: what stands between the table and the verdict. */
void remarks_text(const struct run *r, struct buf *out);
/* Of these only what is in neither the report's counts nor its lists, and what to do next. */
void remarks_for_page(const struct run *r, struct buf *out);
/* The first skips and differences. */
void remarks_shown(const struct run *r, struct buf *out);
void remarks_grade(const struct run *r, struct buf *out);
void remarks_next(const struct run *r, struct buf *out);
/* cli/repair_text.c: a repair's table and what to do about the rest; its verdict; its member of the
 * report. */
void repair_text(const struct run *r, struct buf *out);
void repair_left_text(const struct run *r, struct buf *out); /* its second half */
void repair_judge(struct run *r);
void repair_json(const struct run *r, struct json_writer *w);
/* Something named differs, or is not known not to. */
bool repair_is_left(const struct run *r);
/* cli/plan_text.c: the plan as text, and as the member "plan" of a report, which is also what
 * `plan -o` writes and `rebuild --plan` reads. */
void plan_text(const struct run *r, struct buf *out);
/* What stands behind a topic's name that is assumed, when others are not. */
const char *plan_assumed_mark(const struct plan *p, const struct topic_plan *t);
/* The warning of connections that bear the name of Kestra's driver, without a line feed. */
void plan_clients_text(const struct plan *p, struct buf *out);
/* Where a search store keeps the kinds, a line each; nothing for other stores. */
void plan_places_text(const struct session *s, const char *indent, struct buf *out);
/* The warning that running servers may be overlooked; NULL: they are seen. */
const char *plan_unseen_text(const struct run *r);
void        plan_members(const struct run *r, struct json_writer *w);

#endif
