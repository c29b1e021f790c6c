/*
 * postgres_reader.c - reading a kind out of PostgreSQL (postgres_internal.h).
 *
 * DESIGN. One reader, one COPY, whatever max is: the server's own workers are what makes it fast
 * (they turn value into text, which is the work), and one stream of rows costs this side the least.
 * A second reader may be open beside it on another connection, for looking other things up.
 *
 * Each COPY stands in a savepoint: a reader that is closed early cancels its COPY, which fails the
 * transaction, and going back to the savepoint saves it and with it the snapshot.
 */
#include "lib/store/copybinary.h"
#include "lib/store/postgres_internal.h"

#include <poll.h>

#define SAVEPOINT "SAVEPOINT requeue_read"
#define GO_ON     "RELEASE SAVEPOINT requeue_read"
#define GO_BACK   "ROLLBACK TO SAVEPOINT requeue_read; RELEASE SAVEPOINT requeue_read"

/* The server sends in pieces of 8 KB. Waking up for each of them costs more than all else together;
 * after a nap there are many. Measured: a fifth of the CPU, and 10 to 20 % more throughput, since
 * the server has fewer wake-ups to give as well. A longer nap lets a local socket's buffer run
 * full. */
#define NAP_NS          (200 * 1000)
#define NAP_AFTER_BYTES ((size_t)64 * 1024) /* look-ups end before they would nap */

struct pg_reader {
    struct store_reader base; /* first member */
    struct pg_store    *store;
    struct pg_slot     *slot;
    const char         *place;
    bool                has_source;
    bool                trusted;
    bool                has_begun; /* rows come */
    bool                ended;
    atomic_bool         cancelled;
    char                doing[48]; /* "reading executions" */
    char               *piece;     /* libpq's; what the rows are read from */
    size_t              n_bytes;   /* that came */
    struct copy_binary  copy;
    bool                has_row; /* row did not fit into the last batch */
    struct copy_row     row;
};

/* ---- connections for readers ---------------------------------------------------------- */

/* A connection that nobody has; the store's own one last, so that look-ups stay possible. */
static struct pg_slot *take_slot(struct pg_store *s)
{
    unsigned n = s->snapshot ? s->n_slots : 1;

    for (unsigned i = 1; i <= n; i++) {
        struct pg_slot *slot = &s->slots[i < n ? i : 0];
        bool            was_busy = false;

        if (atomic_compare_exchange_strong(&slot->busy, &was_busy, true))
            return slot;
    }
    return NULL;
}

static void give_slot_back(struct pg_store *s, struct pg_slot *slot, bool usable)
{
    /* The store's own stays, broken or not: with it the snapshot is gone. */
    if (!usable && slot != &s->slots[0])
        pg_drop(&slot->conn);
    atomic_store(&slot->busy, false);
}

static bool import_failed(const struct pg_conn *c, struct err *err)
{
    if (strcmp(c->state, "22023") != 0 && strcmp(c->state, "55000") != 0 &&
        strcmp(c->state, "0A000") != 0 && strcmp(c->state, "42704") != 0)
        return false;
    (void)err_set(err, ERR_STORE,
                  "PostgreSQL %s: a second connection does not see the snapshot of the first: they "
                  "lead to different servers",
                  c->place);
    return err_hint(err, "a proxy or a list of hosts spreads connections: name one server in the "
                         "URL, or use one connection with --jobs 1");
}

/* Connect a slot that is not, within the store's snapshot. */
static bool connect_slot(struct pg_store *s, struct pg_slot *slot, struct err *err)
{
    if (slot->conn.pg)
        return true;
    if (!pg_connect(s->conf, &slot->conn, err))
        return false;
    slot->conn.proxy = s->slots[0].conn.proxy;
    if (pg_begin(&slot->conn, s->conf->jobs, s->snapshot, err))
        return true;
    return import_failed(&slot->conn, err);
}

/* ---- reading -------------------------------------------------------------------------- */

/* Wait for the stream of rows to begin. A server keeps its first answer back until it has some
 * rows, so this is not for open_reader(). */
static bool await_rows(struct pg_reader *r, struct err *err)
{
    struct pg_conn *c = &r->slot->conn;
    struct err      failed = ERR_INIT;
    PGresult       *res = pg_next_result(c, &r->cancelled, r->doing, &failed);

    if (failed.kind != ERR_NONE)
        *err = failed;
    else if (!res || PQresultStatus(res) != PGRES_COPY_OUT)
        (void)pg_fail(c, res, r->doing, err);
    else
        r->has_begun = true;
    PQclear(res);
    return r->has_begun;
}

/* The server says that the COPY is over: is it, and is everything here? */
static bool finish(struct pg_reader *r, struct err *err)
{
    struct pg_conn *c = &r->slot->conn;
    struct err      failed = ERR_INIT;
    PGresult       *res = pg_next_result(c, &r->cancelled, r->doing, &failed);
    bool            ok = failed.kind == ERR_NONE;

    if (!ok)
        *err = failed;
    else if (!res || PQresultStatus(res) != PGRES_COMMAND_OK)
        ok = pg_fail(c, res, r->doing, err);
    else if (!copy_binary_finish(&r->copy, err))
        ok = err_wrap(err, "PostgreSQL %s, %s", c->place, r->doing);
    else if (strtoull(PQcmdTuples(res), NULL, 10) != r->copy.n_rows)
        ok = err_set(err, ERR_STORE, "PostgreSQL %s, %s: the server sent %s rows, %llu came",
                     c->place, r->doing, PQcmdTuples(res), (unsigned long long)r->copy.n_rows);
    PQclear(res);
    if (!ok)
        return false;
    res = pg_next_result(c, &r->cancelled, r->doing, &failed);
    if (res) {
        ok = pg_fail(c, res, r->doing, err);
        PQclear(res);
    } else if (failed.kind != ERR_NONE) {
        *err = failed;
        ok = false;
    }
    r->ended = ok;
    return ok;
}

/* Give the parser its next piece, waiting for it. At the end r->ended is set. */
static bool next_piece(struct pg_reader *r, struct err *err)
{
    struct pg_conn       *c = &r->slot->conn;
    const struct timespec nap = { .tv_nsec = r->n_bytes < NAP_AFTER_BYTES ? 0 : NAP_NS };
    bool                  looked = false;
    int                   n = 0;

    if (!r->has_begun && !await_rows(r, err))
        return false;
    PQfreemem(r->piece);
    r->piece = NULL;
    while ((n = PQgetCopyData(c->pg, &r->piece, 1)) == 0) {
        /* More has often come already: a look is cheaper than a poll. */
        if (!looked) {
            looked = true;
            (void)PQconsumeInput(c->pg);
            continue;
        }
        if (nap.tv_nsec > 0)
            (void)nanosleep(&nap, NULL);
        if (!pg_wait(c, POLLIN, &r->cancelled, r->doing, err))
            return false;
    }
    if (n < 0)
        return finish(r, err);
    r->n_bytes += (size_t)n;
    copy_binary_feed(&r->copy, slice_of(r->piece, (size_t)n));
    return true;
}

/* The next row into r->row; at the end r->ended is set and there is none. */
static bool next_row(struct pg_reader *r, struct err *err)
{
    while (!r->has_row && !r->ended) {
        switch (copy_binary_next(&r->copy, &r->row, err)) {
        case COPY_ROW: r->has_row = true; break;
        case COPY_BROKEN: return err_wrap(err, "PostgreSQL %s, %s", r->slot->conn.place, r->doing);
        case COPY_MORE:
        case COPY_END:
            if (!next_piece(r, err))
                return false;
            break;
        }
    }
    return true;
}

static size_t row_bytes(const struct copy_row *row)
{
    size_t n = 0;

    for (size_t i = 0; i < row->n; i++)
        n += row->fields[i].n;
    return n;
}

static bool reader_read(struct store_reader *base, struct batch *into, bool *end, struct err *err)
{
    struct pg_reader *r = (struct pg_reader *)base;

    *end = false;
    into->place = r->place;
    while (!batch_full(into)) {
        struct document doc = { .trusted = r->trusted };

        if (!next_row(r, err))
            return false;
        if (r->ended)
            break;
        /* What is larger than a batch travels alone. */
        if (into->n > 0 && row_bytes(&r->row) > BATCH_MAX_BYTES)
            return true;
        doc.id = r->row.fields[0];
        doc.value = r->row.fields[1];
        if (r->has_source)
            doc.source = r->row.fields[2];
        batch_add(into, &doc);
        r->has_row = false;
    }
    if (stop_asked(r->store->conf->stop) || atomic_load(&r->cancelled))
        return err_set(err, ERR_STOPPED, "stopped while %s", r->doing);
    *end = r->ended;
    return true;
}

/* ---- opening and closing -------------------------------------------------------------- */

static void reader_cancel(struct store_reader *base)
{
    /* The reader's own thread sees this within a tick and comes back; close() then ends the COPY. A
     * cancel request sent from here could arrive late and hit the connection's next query. */
    atomic_store(&((struct pg_reader *)base)->cancelled, true);
}

/* Back to where the transaction was before the COPY, or on from there. */
static bool leave_copy(struct pg_reader *r)
{
    return pg_leave(&r->slot->conn, r->ended ? GO_ON : GO_BACK);
}

static void reader_close(struct store_reader *base)
{
    struct pg_reader *r = (struct pg_reader *)base;

    PQfreemem(r->piece);
    give_slot_back(r->store, r->slot, leave_copy(r));
    copy_binary_release(&r->copy);
    mem_free(r);
}

static bool write_copy(struct pg_reader *r, const struct store_query *q, struct buf *sql,
                       struct err *err)
{
    struct pg_store       *s = r->store;
    const struct pg_table *t = &s->tables[kind_stored(q->kind)];

    buf_add(sql, "COPY (");
    if (!pg_sql_select(r->slot->conn.pg, s->layout, t, q, sql, err))
        return false;
    return buf_append(sql, SLICE(") TO STDOUT (FORMAT binary)")) ||
           err_set(err, ERR_USAGE, "the selection is too long for a query");
}

static bool open_reader(struct pg_reader *r, const struct store_query *q, struct err *err)
{
    struct buf sql;
    bool       ok;

    if (!connect_slot(r->store, r->slot, err)) {
        give_slot_back(r->store, r->slot, false);
        return false;
    }
    buf_init(&sql, PG_MAX_SQL_BYTES);
    ok = write_copy(r, q, &sql, err);
    /* By itself: a cancel that hits the COPY must find the savepoint made. */
    ok = ok && pg_run(&r->slot->conn, SAVEPOINT, r->doing, NULL, err);
    if (ok && !PQsendQuery(r->slot->conn.pg, sql.p))
        ok = pg_fail(&r->slot->conn, NULL, r->doing, err);
    if (!ok)
        give_slot_back(r->store, r->slot, PQstatus(r->slot->conn.pg) == CONNECTION_OK);
    buf_release(&sql);
    return ok;
}

static struct pg_reader *reader_new(struct pg_store *s, struct pg_slot *slot,
                                    const struct store_query *q)
{
    enum kind         kind = kind_stored(q->kind);
    struct pg_reader *r = mem_alloc(sizeof(*r));

    r->base = (struct store_reader){ reader_read, reader_cancel, reader_close };
    r->store = s;
    r->slot = slot;
    r->place = s->tables[kind].place;
    r->trusted = s->tables[kind].jsonb;
    r->has_source = s->layout->kinds[kind].has_source;
    (void)snprintf(r->doing, sizeof(r->doing), "reading %ss", kind_name(kind));
    copy_binary_init(&r->copy, r->has_source ? 3 : 2);
    return r;
}

bool pg_open_readers(struct store *base, const struct store_query *q, size_t max,
                     struct store_reader **out, size_t *n, struct err *err)
{
    struct pg_store  *s = (struct pg_store *)base;
    struct pg_slot   *slot;
    struct pg_reader *r;

    (void)max;
    if (!s->layout || !s->layout->kinds[kind_stored(q->kind)].enabled || !store_query_fits(q))
        return err_set(err, ERR_BUG, "the store was asked to read %ss in a way it cannot",
                       kind_name(q->kind));
    slot = take_slot(s);
    if (!slot)
        return err_set(err, ERR_BUG, "all %u connections to the store are being read from",
                       s->n_slots);
    r = reader_new(s, slot, q);
    if (!open_reader(r, q, err)) {
        copy_binary_release(&r->copy);
        mem_free(r);
        return false;
    }
    out[0] = &r->base;
    *n = 1;
    return true;
}
