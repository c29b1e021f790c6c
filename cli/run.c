/*
 * run.c - see run.h.
 */
#include "cli/run.h"

#include "cli/say.h"
#include "lib/base/clock.h"

#define TEXT_MAX (64u << 20)

/* Of a difference on the screen: bytes of a key and of a value, and how many paths. */
#define SHOWN_KEY   512
#define SHOWN_VALUE 120
#define SHOWN_PATHS 3

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
                                              EXIT_DIFFERENT, EXIT_UNPROVEN };

    for (size_t i = 0; i < COUNT_OF(order); i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return EXIT_DONE;
}

/* "r.json" -> "r.differences.jsonl". */
static char *beside(const char *report, const char *what)
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

bool run_open(struct run *r, struct session *s, struct err *err)
{
    const char *report = s->conf->report;

    memset(r, 0, sizeof(*r));
    r->session = s;
    r->started = clock_now();
    r->started_ns = clock_mono_ns();
    buf_init(&r->shown_differences, 1u << 20);
    buf_init(&r->shown_skips, 1u << 20);
    if (report) {
        r->differences_name = beside(report, "differences");
        r->skipped_name = beside(report, "skipped");
    }
    return open_file("output", s->conf->output, &r->plan_file, err) &&
           open_file("report", report, &r->report_file, err) &&
           open_file("report", r->skipped_name, &r->skipped_file, err) &&
           open_file("report", r->differences_name, &r->differences_file, err);
}

const struct tally *run_tally(const struct run *r, enum kind kind)
{
    struct session *s = r->session;

    return s->conf->command == COMMAND_VERIFY ? &s->verify_tallies[kind] : &s->tallies[kind];
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
        r->session->conf->scope.project.executions == EXECUTIONS_PENDING)
        n += c->terminal;
    if (reason == REASON_TOO_LARGE)
        n += r->sent[kind].too_large;
    return n;
}

static void put_text(struct outfile *f, struct slice text)
{
    struct err later = ERR_INIT;

    if (f && !outfile_write(f, text, &later))
        return; /* the file keeps its failure, and tells it when it is closed */
}

static void put_line(struct outfile *f, struct buf *line)
{
    if (buf_append_char(line, '\n'))
        put_text(f, buf_slice(line));
}

/* Text of others for a person's eye: one line, not too long, nothing that a terminal obeys. */
static void add_shown(struct buf *b, struct slice text, size_t max)
{
    bool   utf8 = utf8_valid(text);
    size_t start = b->n;
    size_t n = text.n < max ? text.n : max;

    while (utf8 && n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0u) == 0x80u)
        n--;
    if (n > 0 && !buf_append(b, slice_of(text.p, n)))
        return;
    text_clean(b->p + start, n);
    for (size_t i = start; !utf8 && i < b->n; i++)
        if ((unsigned char)b->p[i] >= 0x80)
            b->p[i] = '?';
    buf_add(b, "%s", n < text.n ? "..." : "");
}

static void show_skip(struct run *r, const struct skip *skip)
{
    struct buf *b = &r->shown_skips;

    buf_add(b, "  skipped %s %s/", kind_name(skip->kind), skip->place);
    add_shown(b, skip->id, SHOWN_KEY);
    buf_add(b, ": %s: %s\n", reason_name(skip->reason), skip->detail);
}

void run_on_skip(void *ctx, const struct skip *skip)
{
    struct run        *r = ctx;
    struct buf         line = { 0 };
    struct json_writer w;

    r->skipped++;
    if (r->skipped <= RUN_SHOWN_LINES)
        show_skip(r, skip);
    buf_init(&line, 1u << 20);
    json_writer_init(&w, &line, false);
    json_open(&w, '{');
    json_key(&w, "kind");
    json_put_str(&w, kind_name(skip->kind));
    json_key(&w, "reason");
    json_put_str(&w, reason_name(skip->reason));
    json_key(&w, "table");
    json_put_str(&w, skip->place);
    json_key(&w, "id");
    json_put_text(&w, skip->id);
    json_key(&w, "detail");
    json_put_str(&w, skip->detail);
    json_close(&w, '}');
    put_line(r->skipped_file, &line);
    buf_release(&line);
}

static void put_optional(struct json_writer *w, const char *name, struct slice text)
{
    json_key(w, name);
    if (text.p)
        json_put_text(w, text);
    else
        json_put_null(w);
}

static void put_paths(struct json_writer *w, const struct difference *d)
{
    json_key(w, "paths");
    json_open(w, '[');
    for (size_t i = 0; i < d->n_paths; i++) {
        json_open(w, '{');
        json_key(w, "path");
        json_put_text(w, d->paths[i].path);
        json_key(w, "store");
        if (d->paths[i].store.p)
            json_put_raw(w, d->paths[i].store);
        else
            json_put_null(w);
        json_key(w, "topic");
        if (d->paths[i].topic.p)
            json_put_raw(w, d->paths[i].topic);
        else
            json_put_null(w);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_key(w, "more_paths");
    json_put_bool(w, d->more_paths);
}

/* Where the store has it: table/key or index/key, as the members of design part 8 say. */
static void put_store_address(struct json_writer *w, const struct run *r,
                              const struct difference *d)
{
    struct buf b = { 0 };

    json_key(w, "store");
    if (!d->table) {
        json_put_null(w);
        return;
    }
    buf_init(&b, 16384);
    buf_add(&b, "%s/%.*s", d->table, SLICE_ARG(d->key));
    /* A flow-last key names no row: its row is that of the flow's highest revision. */
    if (d->kind == KIND_FLOW_LAST && r->plan.survey.flows)
        buf_add(&b, "_%lld", (long long)flow_index_last(r->plan.survey.flows, d->key));
    json_put_text(w, buf_slice(&b));
    buf_release(&b);
}

static void difference_json(const struct run *r, const struct difference *d, struct buf *line)
{
    struct json_writer w;

    json_writer_init(&w, line, false);
    json_open(&w, '{');
    json_key(&w, "kind");
    json_put_str(&w, kind_name(d->kind));
    put_optional(&w, "key", d->key);
    json_key(&w, "class");
    json_put_str(&w, difference_name(d->class));
    put_optional(&w, "tenant", d->tenant);
    put_optional(&w, "namespace", d->namespace);
    put_optional(&w, "id", d->id);
    put_store_address(&w, r, d);
    json_key(&w, "topic");
    json_put_str(&w, d->topic);
    json_key(&w, "partition");
    json_put_int(&w, d->partition);
    json_key(&w, "offset");
    if (d->offset >= 0)
        json_put_int(&w, d->offset);
    else
        json_put_null(&w);
    json_key(&w, "explained");
    json_put_str(&w, d->explained);
    put_paths(&w, d);
    json_close(&w, '}');
}

static void show_path(struct buf *b, const struct value_difference *v)
{
    buf_add(b, "\n      ");
    add_shown(b, v->path, SHOWN_KEY);
    buf_add(b, ": store ");
    add_shown(b, v->store.p ? v->store : SLICE("absent"), SHOWN_VALUE);
    buf_add(b, ", topic ");
    add_shown(b, v->topic.p ? v->topic : SLICE("absent"), SHOWN_VALUE);
}

static void show_difference(struct run *r, const struct difference *d)
{
    struct buf *b = &r->shown_differences;

    buf_add(b, "  %s %s ", difference_name(d->class), kind_name(d->kind));
    add_shown(b, d->key.p ? d->key : SLICE("(record without key)"), SHOWN_KEY);
    if (d->offset >= 0)
        buf_add(b, " at %s[%d]@%lld", d->topic, d->partition, (long long)d->offset);
    if (d->explained)
        buf_add(b, " (explained: %s)", d->explained);
    for (size_t i = 0; i < d->n_paths && i < SHOWN_PATHS; i++)
        show_path(b, &d->paths[i]);
    if (d->n_paths > SHOWN_PATHS)
        buf_add(b, "\n      and %zu more paths", d->n_paths - SHOWN_PATHS);
    buf_add(b, "\n");
}

bool run_on_difference(void *ctx, const struct difference *d, struct err *err)
{
    struct run *r = ctx;
    struct buf  line = { 0 };

    (void)err;
    if (d->explained && !r->session->conf->strict)
        r->explained++;
    else
        r->differences++;
    if (r->differences + r->explained <= RUN_SHOWN_LINES)
        show_difference(r, d);
    if (r->differences_file) {
        buf_init(&line, TEXT_MAX);
        difference_json(r, d, &line);
        put_line(r->differences_file, &line);
        buf_release(&line);
    }
    return true;
}

struct verify_conf run_verify_conf(struct run *r)
{
    struct session      *s = r->session;
    const struct config *c = s->conf;
    struct verify_conf   v = { .store = s->store,
                               .layout = s->layout,
                               .scope = &c->scope,
                               .places = s->places,
                               .survey = &r->plan.survey,
                               .kafka = &s->kafka,
                               .admin = s->admin,
                               .jobs = (unsigned)c->jobs,
                               .stop = &s->stop,
                               .audit = c->audit,
                               .keys_only_ours = scope_is_partial(&c->scope),
                               .tally = s->verify_tallies,
                               .consumed = &s->consumed,
                               .on_skip = run_on_skip,
                               .on_difference = run_on_difference,
                               .ctx = r };

    for (int k = 0; k < KIND_COUNT; k++) {
        const struct topic_plan *t = r->plan.topic_of[k];

        v.topics[k] = t ? t->name : NULL;
        v.partitions[k] = t ? t->partitions : 0;
    }
    return v;
}

bool run_is_proven(const struct run *r)
{
    bool any = false;

    for (int k = 0; k < KIND_COUNT; k++) {
        if (!r->plan.topic_of[k])
            continue;
        if (!r->was_verified[k])
            return false;
        any = true;
    }
    return any && r->err.kind == ERR_NONE && r->differences == 0 && r->foreign == 0 &&
           r->open_transactions == 0;
}

static enum exit_status found_exit(const struct run *r)
{
    enum exit_status e = exit_of(r->err.kind);

    if (r->plan.n_refusals > 0 && r->session->conf->command != COMMAND_CHECK &&
        r->session->conf->command != COMMAND_VERIFY)
        e = exit_worse(e, EXIT_REFUSED);
    if (r->differences > 0 || r->foreign > 0)
        e = exit_worse(e, EXIT_DIFFERENT);
    if (r->skipped > 0 || r->unproven || r->open_transactions > 0)
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
    if (r->exit == EXIT_DONE || r->exit == EXIT_UNPROVEN || r->exit == EXIT_DIFFERENT) {
        if (records > 0 || topics > 0)
            r->exit = exit_worse(r->exit, EXIT_DIFFERENT);
        (void)snprintf(
            r->verdict, sizeof(r->verdict),
            "PLAN: %s%llu records to send, %zu topics to make (grade %c); nothing was changed",
            r->session->conf->mode == MODE_RESUME ? "at most " : "", (unsigned long long)records,
            topics, r->session->info.grade);
    }
}

/* How far a run came that did not come to its end. */
static void judge_stopped(struct run *r, const char *word, const char *sent)
{
    const char *rest = "";

    if (r->sent_any)
        rest = sent;
    else if (r->touched)
        rest = ": topics were made, nothing was sent; run it again";
    else if (r->session->conf->command == COMMAND_REBUILD)
        rest = ": nothing was changed";
    (void)snprintf(r->verdict, sizeof(r->verdict), "%s%s", word, rest);
}

void run_judge(struct run *r)
{
    char   grade;
    char  *v = r->verdict;
    size_t n = sizeof(r->verdict);

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
    case EXIT_INTERRUPTED: judge_stopped(r, "INTERRUPTED", ": continue with --resume"); break;
    case EXIT_USAGE:
    case EXIT_STORE:
    case EXIT_KAFKA:
    case EXIT_BUG: judge_stopped(r, "FAILED", ": not proven; continue with --resume"); break;
    case EXIT_DIFFERENT:
        if (r->foreign > 0)
            (void)snprintf(v, n, "FAIL: another writer added %llu records (grade %c)",
                           (unsigned long long)r->foreign, grade);
        else
            (void)snprintf(v, n, "FAIL: %llu differences (grade %c)",
                           (unsigned long long)r->differences, grade);
        break;
    case EXIT_UNPROVEN:
        if (r->unproven || r->open_transactions > 0)
            (void)snprintf(v, n, "UNPROVEN (grade %c)", grade);
        else
            (void)snprintf(v, n, "PASS with %llu skipped (grade %c)",
                           (unsigned long long)r->skipped, grade);
        break;
    case EXIT_DONE: (void)snprintf(v, n, "PASS (grade %c)", grade); break;
    }
    if (r->session->conf->command == COMMAND_PLAN)
        judge_plan(r);
}

/* The first failure of any of them is told. */
static bool close_files(struct run *r, struct err *err)
{
    struct outfile **files[] = { &r->skipped_file, &r->differences_file, &r->report_file,
                                 &r->plan_file };
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

static void write_report(struct run *r)
{
    struct buf json = { 0 };
    struct err err = ERR_INIT;

    buf_init(&json, TEXT_MAX);
    report_json(r, &json);
    put_text(r->report_file, buf_slice(&json));
    put_text(r->plan_file, buf_slice(&json));
    buf_release(&json);
    if (close_files(r, &err))
        return;
    (void)err_set(&err, ERR_OUTPUT, "%s: the report is not complete, but the verdict stands",
                  err.msg);
    if (r->session->conf->command == COMMAND_PLAN)
        (void)err_hint(&err, "make room, then run it again");
    else
        (void)err_hint(&err, "make room, then have a new one written by requeue verify --report");
    say_error(&err);
    r->exit = exit_worse(r->exit, EXIT_USAGE);
}

static void print_result(struct run *r)
{
    struct buf out = { 0 };

    buf_init(&out, TEXT_MAX);
    if (strcmp(r->session->conf->format, "json") == 0)
        report_json(r, &out);
    else
        table_text(r, &out);
    if (!say_result(buf_slice(&out)))
        r->exit = exit_worse(r->exit, EXIT_USAGE);
    buf_release(&out);
}

void run_release(struct run *r)
{
    struct err ignored = ERR_INIT;

    (void)close_files(r, &ignored);
    for (int k = 0; k < KIND_COUNT; k++)
        mem_free(r->ends[k]);
    plan_release(&r->plan);
    mem_free(r->differences_name);
    mem_free(r->skipped_name);
    buf_release(&r->shown_differences);
    buf_release(&r->shown_skips);
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
    e = r->exit;
    run_release(r);
    return e;
}
