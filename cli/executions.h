/*
 * executions.h - what is told of the executions that have not ended: a JSON line for each, counts
 * by verdict, by code and by what brings them back, and the texts made of these.
 *
 * pending_run() (lib/store/pending.h) hands out a judgement for each execution; execution_note()
 * takes it: counts it, writes its line beside the report, keeps its original when it is rewritten,
 * and keeps or prints it when it is to be shown. Counts are of all; only what is shown is filtered.
 * One owner thread. The texts are pure functions of the counts.
 */
#ifndef REQUEUE_EXECUTIONS_H
#define REQUEUE_EXECUTIONS_H

#include "cli/page.h"
#include "lib/base/file.h"
#include "lib/kestra/judge.h"

/* What brings an execution back: the lowest --recover that does. */
enum needs {
    NEEDS_NONE, /* nothing: it goes on as it is */
    NEEDS_SAFE,
    NEEDS_ALL,
    NEEDS_NEVER, /* no option does */
    NEEDS_COUNT,
};
const char *needs_name(enum needs n);      /* "none", "safe", "all", "never" */
enum needs  needs_of(int recover_needs);   /* of recover_needs() */
bool        remedy_by_option(enum remedy); /* does --recover apply it (else a person does) */

/* ---- counts -------------------------------------------------------------------------------- */

#define EXECUTIONS_OLDEST 3
#define EXECUTIONS_ID_MAX 48 /* bytes of an id that are kept; the rest becomes "..." */

struct old_execution {
    bool    used;
    bool    has_age;
    int64_t age_s;
    char    id[EXECUTIONS_ID_MAX + 4]; /* fit for a terminal */
};

struct executions_summary {
    uint64_t             pending; /* judged, and not ended */
    uint64_t             ended;   /* handed out all the same: they have codes, no verdict */
    uint64_t             lost;    /* only named by logs or links: there is no document */
    uint64_t             emitted;
    uint64_t             rewritten;
    uint64_t             stay_blocked; /* blocked, and not brought back by the --recover chosen */
    uint64_t             by_verdict[VERDICT_COUNT];
    uint64_t             by_code[CODE_COUNT];
    uint64_t             by_needs[NEEDS_COUNT];
    uint64_t             needs_code[NEEDS_COUNT][CODE_COUNT];
    uint64_t             needs_remedy[NEEDS_COUNT][REMEDY_COUNT];
    uint64_t             applied[REMEDY_COUNT]; /* in rewritten documents */
    uint64_t             hazards[CODE_COUNT];   /* of what the mode chosen brings back */
    struct old_execution oldest[CODE_COUNT][EXECUTIONS_OLDEST]; /* the oldest first */
    bool                 has_newest; /* the latest time in any pending execution */
    struct instant       newest;
};

void summary_note(struct executions_summary *s, const struct judgement *j, enum recover_mode mode);

/* The members of the report's "executions" that are counts. */
void summary_members(const struct executions_summary *s, struct json_writer *w);

/* ---- lines --------------------------------------------------------------------------------- */

struct execution_line {
    const char             *place; /* table or index */
    struct slice            key;   /* the store's */
    const struct judgement *j;
    const char             *originals; /* the file that keeps what is rewritten; NULL: none */
};

/* One line of NAME.executions.jsonl, with its line feed, without any other. What would pass out's
 * limit is told without its lists. */
void execution_json(const struct execution_line *l, struct buf *out);
/* The same without what grows with the document, for a page; nothing where it does not fit. */
void execution_json_short(const struct execution_line *l, struct buf *out);
/* The same for a person: up to four lines. */
void execution_text(const struct execution_line *l, struct buf *out);

/* How that remedy is applied to that execution: an option, or a call of Kestra's API with its id.
 */
void remedy_text(const struct execution_line *l, enum remedy r, struct buf *out);

/* ---- a run's list -------------------------------------------------------------------------- */

struct executions_list {
    struct executions_summary sum;
    struct recover_options    recover;        /* as chosen */
    unsigned                  verdicts;       /* bit set of what is shown; 0: all */
    uint64_t                  codes;          /* CODE_BIT() likewise */
    bool                      leave_resuming; /* what comes back as it is, is not shown */
    size_t                    max_shown;
    bool                      to_stdout;                   /* as JSON lines, instead of shown */
    struct outfile           *lines_file, *originals_file; /* NULL: none; closed by the owner */
    char                     *lines_name, *originals_name; /* owned */
    struct page              *page;                        /* borrowed; NULL: none */
    uint64_t                  matched;                     /* by the filters */
    uint64_t                  n_shown;
    struct buf                shown; /* text */
    struct buf                line;
    struct buf                out; /* for stdout */
    bool                      out_failed;
};

void executions_init(struct executions_list *x, const struct recover_options *recover);
void executions_release(struct executions_list *x);

/* A judgement of pending_run(), in the list's thread. */
void execution_note(struct executions_list *x, const char *place, const struct document *doc,
                    const struct judgement *j);

/* At the end, with to_stdout: what is still in memory. False: stdout took not all of it, told. */
MUST_CHECK bool executions_flush(struct executions_list *x);

/* ---- texts --------------------------------------------------------------------------------- */

/* The table by code, the list, and what to do next: the result of `requeue executions`. */
void executions_text(const struct executions_list *x, struct buf *out);

/* Its last part: what to do next. */
void executions_next_text(const struct executions_summary *s, struct buf *out);

/* For plan and rebuild: how many come back at each level of --recover, and what that risks. */
void executions_plan_text(const struct executions_summary *s, enum recover_mode chosen,
                          struct buf *out);

/* What the store cannot know, given the time of the loss. */
struct loss {
    bool           has_newest;
    struct instant newest;    /* in the whole store */
    const char    *newest_of; /* what has it: "execution", "trigger", "log" */
    bool           has_lost_at;
    struct instant lost_at;
    uint64_t       pending;
};
void executions_loss_text(const struct loss *l, struct buf *out);

/* `requeue help codes`: every code, what it means, what to do. A Markdown table, which is also that
 * of the runbook. */
void executions_codes_text(struct buf *out);
/* {"CODE":{"verdict":...,"text":...}} */
void executions_codes_json(struct buf *out);

#endif
