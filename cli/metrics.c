/*
 * metrics.c - see metrics.h.
 */
#include "cli/metrics.h"

#include "cli/run.h"

#include <stdlib.h>

#define FILE_LIMIT (1u << 20)
#define LAST       "requeue_last_"
#define SUCCESS    LAST "success_timestamp_seconds"

static void head(struct buf *b, const char *name, const char *help)
{
    buf_add(b, "# HELP %s %s.\n# TYPE %s gauge\n", name, help, name);
}

static double seconds_of(struct instant t)
{
    return (double)t.s + (double)t.ns / 1e9;
}

static void one(struct buf *b, const struct metrics *m, const char *name, const char *help,
                double value)
{
    head(b, name, help);
    buf_add(b, "%s{command=\"%s\"} %.3f\n", name, m->command, value);
}

/* ---- the file ------------------------------------------------------------------------------ */

static bool begins(struct slice line, const char *word)
{
    size_t n = strlen(word);

    return line.n >= n && memcmp(line.p, word, n) == 0;
}

static bool is_last(struct slice line)
{
    return begins(line, LAST) || begins(line, "# HELP " LAST) || begins(line, "# TYPE " LAST);
}

/* Of another command than this one it is another time. */
static void note_success(struct metrics *m, const char *line)
{
    char name[128];

    (void)snprintf(name, sizeof(name), SUCCESS "{command=\"%s\"} ", m->command);
    if (strncmp(line, name, strlen(name)) == 0)
        m->success = strtod(line + strlen(name), NULL);
}

static void read_last(struct metrics *m)
{
    struct buf   old;
    struct err   ignored = ERR_INIT; /* there is none yet, or writing it will fail, too */
    struct slice rest;

    buf_init(&old, FILE_LIMIT);
    if (!file_read(m->path, &old, &ignored))
        buf_clear(&old);
    for (rest = buf_slice(&old); rest.n > 0;) {
        const char  *end = memchr(rest.p, '\n', rest.n);
        struct slice line = slice_of(rest.p, end ? (size_t)(end - rest.p) : rest.n);

        if (end && is_last(line)) {
            note_success(m, line.p);
            buf_add(&m->last, "%.*s\n", SLICE_ARG(line));
        }
        rest = slice_of(line.p + line.n + (end ? 1 : 0), rest.n - line.n - (end ? 1 : 0));
    }
    buf_release(&old);
}

/* ---- a run that goes on -------------------------------------------------------------------- */

static void running(const struct metrics *m, bool is, struct buf *b)
{
    one(b, m, "requeue_running", "Whether a run goes on; one that was killed leaves 1", is);
    one(b, m, "requeue_start_timestamp_seconds", "When the run began", seconds_of(m->started));
}

static void phase(const struct metrics *m, const struct progress_view *v, struct buf *b)
{
    const struct {
        const char *name, *help;
        bool        known;
        uint64_t    value;
    } of[] = {
        { "requeue_progress_done", "Documents or records of the phase so far", v->counted,
          v->done },
        { "requeue_progress_expected", "How many there will be", v->total > 0, v->total },
        { "requeue_progress_bytes", "Their bytes so far", v->has_bytes, v->bytes },
        { "requeue_progress_seconds", "For how long the phase has been going on", true,
          (uint64_t)v->seconds },
    };

    for (size_t i = 0; i < COUNT_OF(of); i++) {
        if (!of[i].known)
            continue;
        head(b, of[i].name, of[i].help);
        buf_add(b, "%s{command=\"%s\",phase=\"%s\",kind=\"%s\"} %llu\n", of[i].name, m->command,
                v->verb, v->noun, (unsigned long long)of[i].value);
    }
}

static bool replace(const struct metrics *m, struct buf *b, struct err *err)
{
    bool ok = file_replace(m->path, buf_slice(b), err);

    buf_release(b);
    if (ok)
        return true;
    (void)err_wrap(err, "option --metrics-textfile");
    return err_hint(err, "name a file in a folder that is there and may be written to");
}

bool metrics_open(struct metrics *m, const char *path, const char *command, struct err *err)
{
    struct buf b;

    memset(m, 0, sizeof(*m));
    if (!path)
        return true;
    m->path = path;
    m->command = command;
    m->started = clock_now();
    m->started_ns = m->written_ns = clock_mono_ns();
    buf_init(&m->last, FILE_LIMIT);
    buf_init(&m->result, FILE_LIMIT);
    read_last(m);
    buf_init(&b, (size_t)2 * FILE_LIMIT);
    running(m, true, &b);
    buf_add(&b, "%s", m->last.p ? m->last.p : "");
    if (replace(m, &b, err))
        return true;
    buf_release(&m->last);
    return false;
}

void metrics_tick(struct metrics *m, struct session *s, int64_t now)
{
    struct progress_view v;
    struct err           later = ERR_INIT; /* the last write tells it */
    struct buf           b;

    if (!m->path || now - m->written_ns < METRICS_EVERY_NS || !progress_look(&s->progress, now, &v))
        return;
    m->written_ns = now;
    buf_init(&b, (size_t)2 * FILE_LIMIT);
    running(m, true, &b);
    if (v.verb)
        phase(m, &v, &b);
    buf_add(&b, "%s", m->last.p ? m->last.p : "");
    (void)!replace(m, &b, &later);
}

/* ---- one that has ended -------------------------------------------------------------------- */

static void by_kind(struct metrics *m, const struct run *r)
{
    static const struct {
        const char *name, *help;
        size_t      at;
    } of[] = {
        { LAST "documents_read", "Documents read from the store", offsetof(struct row, read) },
        { LAST "documents_left_out", "Documents left out by rule", offsetof(struct row, left_out) },
        { LAST "documents_skipped", "Documents that cannot be sent",
          offsetof(struct row, skipped) },
        { LAST "records_acknowledged", "Records sent and acknowledged",
          offsetof(struct row, acknowledged) },
    };

    for (size_t i = 0; i < COUNT_OF(of); i++) {
        bool any = false;

        for (int k = 0; k < KIND_COUNT; k++) {
            struct row row = run_row(r, (enum kind)k);
            uint64_t   value;

            memcpy(&value, (const char *)&row + of[i].at, sizeof(value));
            if (!row.shown)
                continue;
            if (!any)
                head(&m->result, of[i].name, of[i].help);
            any = true;
            buf_add(&m->result, "%s{command=\"%s\",kind=\"%s\"} %llu\n", of[i].name, m->command,
                    kind_name((enum kind)k), (unsigned long long)value);
        }
    }
}

static void by_class(struct metrics *m, const struct run *r, bool explained)
{
    const char *name = explained ? LAST "differences_explained" : LAST "differences";
    bool        any = false;

    for (int k = 0; k < KIND_COUNT; k++) {
        if (r->was_verified[k] && !any)
            head(&m->result, name,
                 explained ? "Differences that an audit explains"
                           : "Keys that differ between store and topic");
        any = any || r->was_verified[k];
        for (int c = 0; r->was_verified[k] && c < DIFF_CLASS_COUNT; c++)
            buf_add(&m->result, "%s{command=\"%s\",kind=\"%s\",class=\"%s\"} %llu\n", name,
                    m->command, kind_name((enum kind)k), difference_name((enum difference_class)c),
                    (unsigned long long)(explained ? r->verified[k].explained[c]
                                                   : r->verified[k].differences[c]));
    }
}

static void by_verdict(struct metrics *m, const struct run *r)
{
    if (!r->was_judged)
        return;
    head(&m->result, LAST "executions_pending", "Executions that have not ended, by verdict");
    for (int v = 0; v < VERDICT_COUNT; v++)
        buf_add(&m->result, LAST "executions_pending{command=\"%s\",verdict=\"%s\"} %llu\n",
                m->command, verdict_name((enum verdict)v),
                (unsigned long long)r->judged.sum.by_verdict[v]);
    one(&m->result, m, LAST "executions_blocked",
        "Those that stay blocked under the --recover chosen", (double)r->judged.sum.stay_blocked);
}

void metrics_take(struct metrics *m, const struct run *r)
{
    if (!m->path)
        return;
    by_kind(m, r);
    by_class(m, r, false);
    by_class(m, r, true);
    one(&m->result, m, LAST "other_writer_records", "Records of another writer",
        (double)r->foreign);
    by_verdict(m, r);
}

bool metrics_close(struct metrics *m, int exit_status, struct err *err)
{
    double     now = seconds_of(clock_now());
    struct buf b;
    bool       ok;

    if (!m->path)
        return true;
    buf_init(&b, (size_t)2 * FILE_LIMIT);
    running(m, false, &b);
    one(&b, m, LAST "exit_status", "Exit status of the last run that ended", exit_status);
    one(&b, m, LAST "end_timestamp_seconds", "When it ended", now);
    one(&b, m, LAST "duration_seconds", "How long it took",
        (double)(clock_mono_ns() - m->started_ns) / 1e9);
    if (exit_status == EXIT_DONE)
        m->success = now;
    if (m->success > 0)
        one(&b, m, SUCCESS, "When a run last ended with exit status 0", m->success);
    buf_add(&b, "%s", m->result.p ? m->result.p : "");
    ok = replace(m, &b, err);
    buf_release(&m->last);
    buf_release(&m->result);
    return ok;
}
