#include "tests/support/fake_store.h"

#include "lib/base/clock.h"

struct fake_reader {
    struct store_reader reader; /* first member */
    struct fake_store  *store;
    size_t              number; /* 0-based */
    size_t              at;     /* next document */
    size_t              step;
    size_t              handed_out;
    size_t              n_reads;
    atomic_bool         cancelled;
    size_t              n_batches;
    const struct batch *batches[FAKE_MAX_BATCHES];
};

static void note_batch(const struct batch **batches, size_t *n, const struct batch *b)
{
    for (size_t i = 0; i < *n; i++) {
        if (batches[i] == b)
            return;
    }
    if (*n < FAKE_MAX_BATCHES)
        batches[(*n)++] = b;
}

static bool is_cancelled(struct fake_reader *r, struct err *err)
{
    if (!atomic_load(&r->cancelled))
        return false;
    (void)err_set(err, ERR_STOPPED, "fake store: reader %zu was cancelled", r->number + 1);
    return true;
}

/* Like a server that is slow to answer; false when it was cancelled meanwhile. */
static bool wait_ms(struct fake_reader *r, unsigned ms, struct err *err)
{
    for (unsigned i = 0; i < ms && !is_cancelled(r, err); i++)
        clock_sleep_ms(1);
    return !is_cancelled(r, err);
}

static bool hang(struct fake_reader *r, struct err *err)
{
    while (!is_cancelled(r, err))
        clock_sleep_ms(1);
    return false;
}

static bool fails_now(const struct fake_reader *r)
{
    const struct fake_store_conf *conf = &r->store->conf;

    return conf->fails == r->number + 1 && r->handed_out >= conf->fails_after;
}

/* Add documents until one of the limits; at the end of the documents r->at is behind them. */
static bool fill(struct fake_reader *r, struct batch *into, struct err *err)
{
    struct fake_store *f = r->store;
    size_t             max = f->conf.docs_a_read > 0 ? f->conf.docs_a_read : BATCH_MAX_DOCS;

    for (size_t n = 0; n < max && !batch_full(into); n++) {
        if (is_cancelled(r, err))
            return false;
        if (fails_now(r))
            return err_set(err, ERR_STORE, "fake store: reader %zu failed", r->number + 1);
        if (f->conf.endless && f->conf.n_docs > 0 && r->at >= f->conf.n_docs)
            r->at = r->number % f->conf.n_docs;
        if (r->at >= f->conf.n_docs)
            return true;
        batch_add(into, &f->conf.docs[r->at]);
        r->at += r->step;
        r->handed_out++;
        (void)atomic_fetch_add(&f->handed_out, 1);
    }
    return true;
}

static bool fake_read(struct store_reader *reader, struct batch *into, bool *end, struct err *err)
{
    struct fake_reader           *r = (struct fake_reader *)reader;
    const struct fake_store_conf *conf = &r->store->conf;
    bool                          was_done = r->at >= conf->n_docs && !conf->endless;

    note_batch(r->batches, &r->n_batches, into);
    into->place = FAKE_PLACE;
    if (!wait_ms(r, conf->delay_ms, err))
        return false;
    if (conf->reads_nothing && r->n_reads++ % 2 == 0)
        return true;
    if (!fill(r, into, err))
        return false;
    if (conf->hangs && was_done)
        return hang(r, err);
    *end = r->at >= conf->n_docs && !conf->endless && !conf->hangs &&
           (!conf->ends_late || into->n == 0);
    return true;
}

static void fake_cancel(struct store_reader *reader)
{
    struct fake_reader *r = (struct fake_reader *)reader;

    (void)atomic_fetch_add(&r->store->cancelled, 1);
    atomic_store(&r->cancelled, true);
}

static void fake_close_reader(struct store_reader *reader)
{
    struct fake_reader *r = (struct fake_reader *)reader;
    struct fake_store  *f = r->store;
    size_t              n = atomic_load(&f->n_batches);

    for (size_t i = 0; i < r->n_batches; i++)
        note_batch(f->batches, &n, r->batches[i]);
    atomic_store(&f->n_batches, n);
    (void)atomic_fetch_add(&f->closed, 1);
    mem_free(r);
}

static bool fake_open_readers(struct store *s, const struct store_query *q, size_t max,
                              struct store_reader **out, size_t *n, struct err *err)
{
    struct fake_store *f = (struct fake_store *)s;
    size_t             wanted = f->conf.n_readers > 0 ? f->conf.n_readers : max;

    (void)q;
    if (f->conf.open_fails)
        return err_set(err, ERR_STORE, "fake store: no reader can be opened");
    *n = wanted < max ? wanted : max;
    for (size_t i = 0; i < *n; i++) {
        struct fake_reader *r = mem_alloc(sizeof(*r));

        r->reader = (struct store_reader){ fake_read, fake_cancel, fake_close_reader };
        r->store = f;
        r->number = i;
        r->at = i;
        r->step = *n;
        atomic_init(&r->cancelled, false);
        out[i] = &r->reader;
        (void)atomic_fetch_add(&f->opened, 1);
    }
    return true;
}

static bool fake_describe(struct store *s, struct store_info *out, struct err *err)
{
    (void)s;
    (void)err;
    *out = (struct store_info){ .product = "fake", .version = "1", .grade = 'A' };
    return true;
}

static bool fake_use(struct store *s, const struct layout *layout, struct err *err)
{
    (void)layout;
    (void)err;
    s->grade = 'A';
    return true;
}

static bool fake_count(struct store *s, const struct store_query *q, struct store_counts *out,
                       struct err *err)
{
    struct fake_store *f = (struct fake_store *)s;

    (void)q;
    (void)err;
    *out = (struct store_counts){ .total = f->conf.n_docs, .selected = f->conf.n_docs };
    return true;
}

static bool fake_servers(struct store *s, struct store_server *out, size_t *n,
                         unsigned *other_clients, struct err *err)
{
    (void)s;
    (void)out;
    (void)err;
    *n = 0;
    *other_clients = 0;
    return true;
}

static void fake_close(struct store *s)
{
    (void)s;
}

void fake_store_init(struct fake_store *f, const struct fake_store_conf *conf)
{
    *f = (struct fake_store){
        .store = {
            .describe = fake_describe,
            .use = fake_use,
            .count = fake_count,
            .open_readers = fake_open_readers,
            .servers = fake_servers,
            .close = fake_close,
        },
        .conf = *conf,
    };
}
