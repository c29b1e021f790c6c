/*
 * run.c - see run.h.
 */
#include "cli/run.h"

#include "cli/say.h"
#include "cli/staging_text.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

#define TEXT_MAX (64u << 20)

enum exit_status exit_of(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE: return EXIT_DONE;
    case ERR_USAGE:
    case ERR_DATA:
    case ERR_OUTPUT: return EXIT_USAGE;
    case ERR_REFUSED: return EXIT_REFUSED;
    case ERR_STORE: return EXIT_STORE;
    case ERR_KAFKA: return EXIT_KAFKA;
    case ERR_STOPPED: return EXIT_INTERRUPTED;
    case ERR_BUG: return EXIT_BUG;
    }
    return EXIT_BUG;
}

enum exit_status exit_worse(enum exit_status a, enum exit_status b)
{
    static const enum exit_status order[] = { EXIT_BUG,       EXIT_USAGE,   EXIT_REFUSED,
                                              EXIT_STORE,     EXIT_KAFKA,   EXIT_INTERRUPTED,
                                              EXIT_DIFFERENT, EXIT_BLOCKED, EXIT_UNPROVEN };

    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return EXIT_DONE;
}

char *run_beside(const char *report, const char *what)
{
    size_t     n = strlen(report);
    struct buf b = { 0 };
    char      *name;

    if (n > 5 && strcmp(report + n - 5, ".json") == 0)
        n -= 5;
    buf_init(&b, 8192);
    buf_add(&b, "%.*s.%s.jsonl", (int)n, report, what);
    name = mem_strdup(b.p);
    buf_release(&b);
    return name;
}

/* path NULL: the option was not given. */
static bool open_file(const char *option, const char *path, struct outfile **out, struct err *err)
{
    if (!path || outfile_open(path, out, err))
        return true;
    (void)err_wrap(err, "option --%s", option);
    return err_hint(err, "name a file in a folder that is there and may be written to");
}

/* Verify judges too, but what it tells are differences. */
static bool lists_executions(const struct config *c)
{
    return c->command == COMMAND_EXECUTIONS || c->command == COMMAND_PLAN ||
           c->command == COMMAND_REBUILD;
}

static bool open_executions(struct run *r, struct err *err)
{
    const struct config    *c = r->session->conf;
    struct executions_list *x = &r->judged;
    bool                    chosen = c->list_verdicts || c->list_codes || c->namespace;

    executions_init(x, &c->scope.project.recover);
    x->verdicts = c->list_verdicts;
    x->codes = c->list_codes;
    x->page = &r->page;
    x->to_stdout = c->command == COMMAND_EXECUTIONS && strcmp(c->format, "json") == 0;
    x->leave_resuming = !chosen && !x->to_stdout;
    x->max_shown = chosen ? SIZE_MAX : RUN_SHOWN_LINES;
    if (c->quiet)
        x->max_shown = 0;
    if (!c->report || !lists_executions(c))
        return true;
    r->locks_name = run_beside(c->report, "locks");
    x->lines_name = run_beside(c->report, "executions");
    x->originals_name = run_beside(c->report, "originals");
    return open_file("report", r->locks_name, &r->locks_file, err) &&
           open_file("report", x->lines_name, &x->lines_file, err) &&
           open_file("report", x->originals_name, &x->originals_file, err);
}

bool run_open(struct run *r, struct session *s, struct err *err)
{
    const char *report = s->conf->report;

    memset(r, 0, sizeof(*r));
    r->session = s;
    r->started = clock_now();
    r->started_ns = clock_mono_ns();
    buf_init(&r->shown_differences, 1u << 20);
    buf_init(&r->shown_skips, 1u << 20);
    buf_init(&r->shown_locks, 1u << 20);
    page_init(&r->page, s->conf->report_html != NULL);
    if (report) {
        r->differences_name = run_beside(report, "differences");
        r->skipped_name = run_beside(report, "skipped");
    }
    if (report && s->conf->scope.project.staging)
        r->staging_name = run_beside(report, "staging");
    if (s->conf->scope.project.staging)
        staging_on_left(s->conf->scope.project.staging, run_on_left, r);
    return open_file("output", s->conf->output, &r->plan_file, err) &&
           open_file("report", report, &r->report_file, err) &&
           open_file("report-html", s->conf->report_html, &r->page_file, err) &&
           open_file("report", r->staging_name, &r->staging_file, err) &&
           open_file("report", r->skipped_name, &r->skipped_file, err) &&
           open_file("report", r->differences_name, &r->differences_file, err) &&
           open_executions(r, err) && (!s->conf->tmp || spill_check(&s->spill, err));
}

struct loss run_loss(const struct run *r)
{
    const struct config *c = r->session->conf;
    struct loss          l = { .has_newest = r->judged.sum.has_newest,
                               .newest = r->judged.sum.newest,
                               .has_lost_at = c->has_lost_at,
                               .lost_at = c->lost_instant,
                               .pending = r->judged.sum.pending };

    for (size_t i = 0; i < r->plan.judged.n_newest; i++) {
        const struct store_newest *n = &r->plan.judged.newest[i];

        if (!n->known || (l.has_newest && instant_compare(n->at, l.newest) <= 0))
            continue;
        l.has_newest = true;
        l.newest = n->at;
        l.newest_of = n->what;
    }
    return l;
}

struct send_conf run_send_conf(struct run *r, skip_fn on_skip, void *ctx)
{
    struct session *s = r->session;

    return (struct send_conf){ .store = s->store,
                               .places = s->places,
                               .layout = s->layout,
                               .scope = &s->conf->scope,
                               .survey = &r->plan.survey,
                               .admin = s->admin,
                               .kafka = &s->kafka,
                               .jobs = (unsigned)s->conf->jobs,
                               .stop = &s->stop,
                               .on_skip = on_skip,
                               .ctx = ctx };
}

struct pending_conf run_pending_conf(struct run *r)
{
    struct session *s = r->session;

    return (struct pending_conf){ .store = s->store,
                                  .layout = s->layout,
                                  .scope = &s->conf->scope,
                                  .jobs = (unsigned)s->conf->jobs,
                                  .stop = &s->stop,
                                  .on_judged = run_on_judged,
                                  .ctx = r };
}

bool run_on_judged(void *ctx, const char *place, const struct document *doc,
                   const struct judgement *j, struct err *err)
{
    struct run *r = ctx;

    (void)err;
    r->was_judged = true;
    r->judged.recover = r->session->conf->scope.project.recover; /* --like may have changed it */
    execution_note(&r->judged, place, doc, j);
    return true;
}

const struct tally *run_tally(const struct run *r, enum kind kind)
{
    struct session *s = r->session;

    return s->conf->command == COMMAND_VERIFY || s->conf->command == COMMAND_REPAIR
               ? &s->verify_tallies[kind]
               : &s->tallies[kind];
}

uint64_t run_reason(const struct run *r, enum kind kind, enum reason reason)
{
    const struct store_counts *c = &r->plan.survey.counts[kind];
    uint64_t                   n = atomic_load(&run_tally(r, kind)->reasons[reason]);

    if (reason == REASON_OLD_REVISION || !r->planned)
        return 0;
    if (reason == REASON_NOT_SELECTED)
        n += c->outside;
    if (reason == REASON_DELETED && (kind == KIND_TEMPLATE || kind == KIND_EXECUTION))
        n += c->deleted;
    if (reason == REASON_TERMINAL &&
        (r->session->conf->scope.project.executions == EXECUTIONS_PENDING ||
         r->session->conf->scope.project.executions == EXECUTIONS_RESUMABLE))
        n += c->terminal;
    if (reason == REASON_TOO_LARGE)
        n += r->sent[kind].too_large;
    return n;
}

/* Not all of the topics was compared, or it is no longer what it was. */
static bool run_is_partial(const struct run *r)
{
    return r->unproven || r->open_transactions > 0 || r->gaps > 0;
}

bool run_is_proven(const struct run *r)
{
    bool any = false;

    for (int k = 0; k < KIND_COUNT; k++) {
        if (!r->plan.topic_of[k] || (r->repaired && !r->was_verified[k]))
            continue;
        if (!r->was_verified[k])
            return false;
        any = true;
    }
    return any && r->err.kind == ERR_NONE && r->differences == 0 && r->foreign == 0 &&
           r->open_transactions == 0 && r->gaps == 0;
}

static enum exit_status found_exit(const struct run *r)
{
    enum exit_status e = exit_of(r->err.kind);

    if (r->plan.n_refusals > 0 && r->session->conf->command != COMMAND_CHECK &&
        r->session->conf->command != COMMAND_VERIFY)
        e = exit_worse(e, EXIT_REFUSED);
    if (r->differences > 0 || r->foreign > 0)
        e = exit_worse(e, EXIT_DIFFERENT);
    if (r->repair && repair_is_left(r))
        e = exit_worse(e, EXIT_DIFFERENT);
    if (r->session->conf->fail_on_blocked && r->judged.sum.stay_blocked > 0)
        e = exit_worse(e, EXIT_BLOCKED);
    /* Of all other commands the projection tells them as skipped. */
    if (r->session->conf->command == COMMAND_EXECUTIONS && r->plan.judged.pending.unreadable > 0)
        e = exit_worse(e, EXIT_UNPROVEN);
    if (r->skipped > 0 || run_is_partial(r))
        e = exit_worse(e, EXIT_UNPROVEN);
    return e;
}

static void judge_plan(struct run *r)
{
    uint64_t records = 0;
    size_t   topics = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        records += atomic_load(&r->session->tallies[k].records);
    for (size_t i = 0; i < r->plan.n_topics; i++)
        topics += r->plan.topics[i].action != TOPIC_USE || r->plan.topics[i].alter ? 1 : 0;
    if (r->exit == EXIT_DONE || r->exit == EXIT_UNPROVEN || r->exit == EXIT_BLOCKED ||
        r->exit == EXIT_DIFFERENT) {
        if (records > 0 || topics > 0)
            r->exit = exit_worse(r->exit, EXIT_DIFFERENT);
        (void)snprintf(
            r->verdict, sizeof(r->verdict),
            "PLAN: %s%llu records to send, %zu topics to make (grade %c); nothing was changed",
            r->session->conf->mode == MODE_RESUME ? "at most " : "", (unsigned long long)records,
            topics, r->session->info.grade);
    }
}

static void judge_executions(struct run *r)
{
    const struct executions_summary *s = &r->judged.sum;

    if (r->exit != EXIT_DONE && r->exit != EXIT_BLOCKED && r->exit != EXIT_UNPROVEN)
        return;
    (void)snprintf(r->verdict, sizeof(r->verdict),
                   "%s: %llu pending, %llu come back as they are, %llu more with --recover "
                   "safe, %llu more with all, %llu do not (grade %c)",
                   r->exit == EXIT_BLOCKED ? "BLOCKED" : "EXECUTIONS",
                   (unsigned long long)s->pending, (unsigned long long)s->by_needs[NEEDS_NONE],
                   (unsigned long long)s->by_needs[NEEDS_SAFE],
                   (unsigned long long)s->by_needs[NEEDS_ALL],
                   (unsigned long long)s->by_needs[NEEDS_NEVER], r->session->info.grade);
}

/* How far a run came that did not come to its end. */
static void judge_stopped(struct run *r, const char *word, const char *sent)
{
    const char *rest = "";

    if (r->sent_any)
        rest = sent;
    else if (r->touched)
        rest = ": topics were made, nothing was sent; run it again";
    else if (r->session->conf->command == COMMAND_REBUILD ||
             r->session->conf->command == COMMAND_REPAIR)
        rest = ": nothing was changed";
    (void)snprintf(r->verdict, sizeof(r->verdict), "%s%s", word, rest);
}

void run_judge(struct run *r)
{
    char   grade;
    char  *v = r->verdict;
    size_t n = sizeof(r->verdict);
    bool   repairs = r->session->conf->command == COMMAND_REPAIR;

    /* A search store's may have fallen. */
    if (r->session->info.grade)
        r->session->info.grade = r->session->store->grade;
    grade = r->session->info.grade ? r->session->info.grade : '-';
    r->finished = clock_now();
    r->finished_ns = clock_mono_ns();
    r->exit = found_exit(r);
    switch (r->exit) {
    case EXIT_REFUSED:
        (void)snprintf(v, n,
                       r->session->conf->command == COMMAND_PLAN
                           ? "REFUSED: a rebuild would not start; nothing was changed"
                           : "REFUSED: nothing was sent");
        break;
    case EXIT_INTERRUPTED:
        judge_stopped(r, "INTERRUPTED", repairs ? ": run it again" : ": continue with --resume");
        break;
    case EXIT_USAGE:
    case EXIT_STORE:
    case EXIT_KAFKA:
    case EXIT_BUG:
        judge_stopped(r, "FAILED",
                      repairs ? ": not proven; run it again"
                              : ": not proven; continue with --resume");
        break;
    case EXIT_DIFFERENT:
        if (r->foreign > 0)
            (void)snprintf(v, n, "FAIL: another writer added %llu records (grade %c)",
                           (unsigned long long)r->foreign, grade);
        else
            (void)snprintf(v, n, "FAIL: %llu differences (grade %c)",
                           (unsigned long long)r->differences, grade);
        break;
    case EXIT_UNPROVEN:
        if (run_is_partial(r))
            (void)snprintf(v, n, "UNPROVEN (grade %c)", grade);
        else
            (void)snprintf(v, n, "PASS with %llu skipped (grade %c)",
                           (unsigned long long)r->skipped, grade);
        break;
    case EXIT_BLOCKED:
        (void)snprintf(v, n, "PASS, but %llu pending executions stay blocked (grade %c)",
                       (unsigned long long)r->judged.sum.stay_blocked, grade);
        break;
    case EXIT_DONE: (void)snprintf(v, n, "PASS (grade %c)", grade); break;
    }
    if (r->session->conf->command == COMMAND_PLAN)
        judge_plan(r);
    if (r->session->conf->command == COMMAND_EXECUTIONS)
        judge_executions(r);
    if (repairs)
        repair_judge(r);
}

/* The first failure of any of them is told. */
static bool close_files(struct run *r, struct err *err)
{
    struct outfile **files[] = { &r->skipped_file,      &r->differences_file,
                                 &r->judged.lines_file, &r->judged.originals_file,
                                 &r->locks_file,        &r->report_file,
                                 &r->staging_file,      &r->plan_file,
                                 &r->page_file };
    bool             ok = true;

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct err one = ERR_INIT;

        if (!outfile_close(*files[i], &one) && ok) {
            *err = one;
            ok = false;
        }
        *files[i] = NULL;
    }
    return ok;
}

/* A page that finds no room is not begun: better none than half of one. */
static void write_page(struct run *r, struct slice report)
{
    struct buf page = { 0 };

    if (!r->page_file)
        return;
    buf_init(&page, (size_t)4 * TEXT_MAX);
    if (run_page(r, report, &page))
        outfile_put(r->page_file, buf_slice(&page));
    else
        log_msg(LOG_ERROR, "%s: the report is too large for a page; --report FILE has it",
                r->session->conf->report_html);
    buf_release(&page);
}

static void write_report(struct run *r)
{
    struct buf json = { 0 };
    struct err err = ERR_INIT;

    buf_init(&json, TEXT_MAX);
    report_json(r, &json);
    outfile_put(r->report_file, buf_slice(&json));
    outfile_put(r->plan_file, buf_slice(&json));
    write_page(r, buf_slice(&json));
    buf_release(&json);
    if (close_files(r, &err))
        return;
    (void)err_set(&err, ERR_OUTPUT, "%s: the report is not complete, but the verdict stands",
                  err.msg);
    if (r->session->conf->command == COMMAND_PLAN ||
        r->session->conf->command == COMMAND_EXECUTIONS)
        (void)err_hint(&err, "make room, then run it again");
    else
        (void)err_hint(&err, "make room, then have a new one written by requeue verify --report");
    say_error(&err);
    r->exit = exit_worse(r->exit, EXIT_USAGE);
}

static void print_result(struct run *r)
{
    struct buf out = { 0 };
    bool       ok;

    buf_init(&out, TEXT_MAX);
    /* Lines of executions went there already, and nothing else should. */
    if (r->judged.to_stdout) {
        ok = executions_flush(&r->judged);
    } else {
        if (strcmp(r->session->conf->format, "json") == 0)
            report_json(r, &out);
        else
            table_text(r, r->session->conf->quiet, &out);
        ok = say_result(buf_slice(&out));
    }
    if (!ok)
        r->exit = exit_worse(r->exit, EXIT_USAGE);
    buf_release(&out);
}

void run_release(struct run *r)
{
    struct err ignored = ERR_INIT;

    (void)close_files(r, &ignored);
    for (int k = 0; k < KIND_COUNT; k++) {
        mem_free(r->ends[k]);
        mem_free(r->sums[k].store);
        mem_free(r->sums[k].topic);
    }
    plan_release(&r->plan);
    mem_free(r->staging_name);
    mem_free(r->differences_name);
    mem_free(r->skipped_name);
    buf_release(&r->shown_differences);
    buf_release(&r->shown_skips);
    buf_release(&r->shown_locks);
    page_release(&r->page);
    mem_free(r->locks_name);
    executions_release(&r->judged);
}

enum exit_status run_finish(struct run *r)
{
    enum exit_status e;

    progress_end(&r->session->progress);
    run_judge(r);
    if (r->err.kind != ERR_NONE)
        say_error(&r->err);
    write_report(r);
    print_result(r);
    run_tell_disk(r);
    e = r->exit;
    metrics_take(&r->session->metrics, r);
    run_release(r);
    return e;
}
