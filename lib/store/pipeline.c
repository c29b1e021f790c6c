/*
 * DESIGN. Two queues hold all batches there are: `free` and `full`. A reader takes an empty batch,
 * fills it and hands it over; the calling thread works through it and gives it back. Both queues
 * have room for every batch, so a push never waits: what makes a fast reader wait is the lack of an
 * empty batch.
 *
 * The end: the last reader that is done closes `full`, and the caller drains it. A failure: whoever
 * fails first puts down its number in `failed` and aborts both queues, which wakes everyone; the
 * caller then cancels all readers (one may be waiting for its server, where no queue wakes it),
 * joins them, and takes the error of that number. Only the caller opens, cancels and closes
 * readers, so that no reader is cancelled after it was closed.
 */
#include "lib/store/pipeline.h"

#include "lib/base/queue.h"
#include "lib/kestra/judge.h"

#define NOBODY       (-1)
#define STOP_LOOK_MS 100 /* how long a stop may go unseen while no documents come */

struct run;

struct reading {
    struct run          *run;
    int                  number;
    struct store_reader *reader;
    struct thread       *thread;
    struct err           err; /* of this thread until it is joined */
};

struct run {
    struct pipeline *conf;
    struct tally    *tally;
    struct queue    *free;
    struct queue    *full;
    size_t           n_readings;
    struct reading  *readings;
    atomic_size_t    n_active; /* readers that are not done */
    atomic_int       failed;   /* number of who failed first; NOBODY */
    struct err       err;      /* the caller's own; its number is n_readings */
    int64_t          started;
    uint64_t         bytes; /* of values since then */
};

static void run_fail(struct run *run, int number)
{
    int nobody = NOBODY;

    (void)atomic_compare_exchange_strong(&run->failed, &nobody, number);
    queue_abort(run->free);
    queue_abort(run->full);
}

static bool run_failed(struct run *run)
{
    return atomic_load(&run->failed) != NOBODY;
}

static void free_batch(void *item)
{
    batch_free(item);
}

/* ---- reader threads ------------------------------------------------------------------------ */

/* Fill batches until the end; a batch that stayed empty is filled again. */
static void read_all(struct reading *r)
{
    struct run   *run = r->run;
    struct batch *b = NULL;
    bool          end = false;

    while (!end && !run_failed(run)) {
        if (!b)
            b = queue_pop(run->free);
        if (!b)
            break;
        if (!r->reader->read(r->reader, b, &end, &r->err)) {
            run_fail(run, r->number);
            break;
        }
        if (b->n == 0)
            continue;
        if (!queue_push(run->full, b))
            break;
        b = NULL;
    }
    batch_free(b);
}

static void reader_main(void *arg)
{
    struct reading *r = arg;

    read_all(r);
    if (atomic_fetch_sub(&r->run->n_active, 1) == 1)
        queue_close(r->run->full);
}

/* ---- the calling thread -------------------------------------------------------------------- */

static void count(atomic_uint_fast64_t *counter, uint64_t n)
{
    (void)atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* The sink would not have this record; its document is skipped like one that was never projected.
 */
static void refuse(struct projection *out, enum reason reason)
{
    out->outcome = PROJECT_SKIPPED;
    out->reason = reason;
    if (reason == REASON_TOO_LARGE)
        (void)snprintf(out->detail, sizeof(out->detail),
                       "the broker takes no record of %zu bytes (key and value)",
                       out->record.key.n + out->record.value.n);
    else
        (void)snprintf(out->detail, sizeof(out->detail), "its record was refused: %s",
                       reason_name(reason));
}

static bool put(struct run *run, struct projection *out)
{
    struct sink *sink = run->conf->sink;
    enum reason  refused = REASON_NONE;

    if (sink && !sink->put(sink, &out->record, &refused, &run->err))
        return false;
    if (refused != REASON_NONE) {
        refuse(out, refused);
        return true;
    }
    count(&run->tally->records, 1);
    count(&run->tally->record_bytes, out->record.key.n + out->record.value.n);
    count(&run->tally->locked, out->locked ? 1 : 0);
    count(&run->tally->unlocked, out->was_unlocked ? 1 : 0);
    return true;
}

/* What became of a document: into the sink, or counted and told. */
static bool deliver(struct run *run, const char *place, const struct document *doc,
                    struct projection *out)
{
    if (out->outcome == PROJECT_RECORD && !put(run, out))
        return false;
    if (out->outcome == PROJECT_RECORD)
        return true;
    count(&run->tally->reasons[out->reason], 1);
    if (out->outcome == PROJECT_SKIPPED && run->conf->on_skip)
        run->conf->on_skip(run->conf->ctx, place, doc, out);
    return true;
}

static bool work_document(struct run *run, const struct batch *b, const struct document *doc)
{
    struct pipeline  *conf = run->conf;
    struct projection out;

    count(&run->tally->read, 1);
    count(&run->tally->read_bytes, doc->value.n);
    if (!conf->projector)
        return conf->on_document(conf->ctx, b->place, doc, NULL, &run->err);
    project(conf->projector, conf->query->kind, doc, &out);
    if (conf->on_document && !conf->on_document(conf->ctx, b->place, doc, &out, &run->err))
        return false;
    return deliver(run, b->place, doc, &out);
}

/* Until what was read is no more than max_rate allows. */
static void slow_down(const struct run *run)
{
    double rate = (double)run->conf->store->max_rate;
    double due_ns = rate > 0 ? (double)run->bytes / rate * 1e9 : 0;
    double left;

    while ((left = due_ns - (double)(clock_mono_ns() - run->started)) > 0 &&
           !stop_asked(run->conf->stop))
        clock_sleep_ms(left < STOP_LOOK_MS * 1e6 ? (unsigned)(left / 1e6) + 1 : STOP_LOOK_MS);
}

static bool work_batch(struct run *run, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (stop_asked(run->conf->stop))
            return err_set(&run->err, ERR_STOPPED, "stopped");
        run->bytes += b->docs[i].value.n;
        if (!work_document(run, b, &b->docs[i]))
            return false;
    }
    slow_down(run);
    return true;
}

/* Until all readers are done, or anyone failed. */
static void work_all(struct run *run)
{
    int           caller = (int)run->n_readings;
    struct batch *b = NULL;
    bool          timed_out = true;

    while (b || timed_out) {
        bool ok = !b || work_batch(run, b);

        if (ok && stop_asked(run->conf->stop))
            ok = err_set(&run->err, ERR_STOPPED, "stopped");
        if (!ok)
            run_fail(run, caller);
        if (b) {
            batch_clear(b);
            if (!queue_push(run->free, b))
                batch_free(b);
        }
        timed_out = false;
        b = queue_pop_wait(run->full, STOP_LOOK_MS, &timed_out);
    }
}

/* ---- beginning and end --------------------------------------------------------------------- */

static bool open_readers(struct run *run, struct err *err)
{
    struct pipeline      *conf = run->conf;
    size_t                max = conf->jobs > 0 ? conf->jobs : 1;
    struct store_reader **readers = mem_array(max, sizeof(struct store_reader *));
    size_t                n = 0;
    bool ok = conf->store->open_readers(conf->store, conf->query, max, readers, &n, err);

    if (ok) {
        run->readings = mem_array(n, sizeof(*run->readings));
        run->n_readings = n;
    }
    for (size_t i = 0; i < run->n_readings; i++)
        run->readings[i] = (struct reading){ .run = run, .number = (int)i, .reader = readers[i] };
    mem_free(readers);
    return ok;
}

static void start_readers(struct run *run)
{
    run->free = queue_new(PIPELINE_BATCHES);
    run->full = queue_new(PIPELINE_BATCHES);
    for (size_t i = 0; i < PIPELINE_BATCHES; i++) {
        struct batch *b = batch_new();

        if (!queue_push(run->free, b))
            batch_free(b);
    }
    atomic_init(&run->n_active, run->n_readings);
    if (run->n_readings == 0)
        queue_close(run->full);
    for (size_t i = 0; i < run->n_readings; i++)
        run->readings[i].thread = thread_start(reader_main, &run->readings[i]);
}

/* The error of who failed first; ERR_NONE when nobody did. */
static bool join_readers(struct run *run, struct err *err)
{
    int first = atomic_load(&run->failed);

    for (size_t i = 0; i < run->n_readings && first != NOBODY; i++)
        run->readings[i].reader->cancel(run->readings[i].reader);
    for (size_t i = 0; i < run->n_readings; i++)
        thread_join(run->readings[i].thread);
    for (size_t i = 0; i < run->n_readings; i++)
        run->readings[i].reader->close(run->readings[i].reader);
    queue_free(run->free, free_batch);
    queue_free(run->full, free_batch);
    if (first == NOBODY)
        return true;
    *err = (size_t)first < run->n_readings ? run->readings[first].err : run->err;
    return false;
}

/* A kind that is in no store. */
static bool run_links(struct pipeline *p, struct tally *tally, struct err *err)
{
    struct run         run = { .conf = p, .tally = tally };
    struct judge      *judge = projector_judge(p->projector);
    const struct link *links = NULL;
    size_t             n = judge ? judge_links(judge, &links) : 0;

    for (size_t i = 0; i < n; i++) {
        struct document   doc = { .id = links[i].child, .value = links[i].value };
        struct projection out = {
            .outcome = PROJECT_RECORD,
            .record = { KIND_SUBFLOW_LINK, links[i].child, links[i].value, &doc },
        };

        count(&tally->read, 1);
        count(&tally->read_bytes, doc.value.n);
        if (!deliver(&run, kind_name(KIND_SUBFLOW_LINK), &doc, &out)) {
            *err = run.err;
            return false;
        }
    }
    return true;
}

bool pipeline_run(struct pipeline *p, struct err *err)
{
    struct tally unseen = { 0 };
    struct run   run = { .conf = p, .tally = p->tally ? p->tally : &unseen };
    bool         ok = false;

    if (!kind_is_stored(p->query->kind))
        return run_links(p, run.tally, err);
    atomic_init(&run.failed, NOBODY);
    if (!open_readers(&run, err))
        return false;
    run.started = clock_mono_ns();
    start_readers(&run);
    work_all(&run);
    ok = join_readers(&run, err);
    mem_free(run.readings);
    return ok;
}

bool pipeline_show(const struct showing *what, document_fn fn, void *ctx, struct err *err)
{
    struct pipeline p = {
        .store = what->store,
        .query = what->query,
        .jobs = what->query->ids ? 1 : what->jobs,
        .tally = what->tally,
        .stop = what->stop,
        .on_document = fn,
        .ctx = ctx,
    };

    return pipeline_run(&p, err);
}
