/*
 * postgres_conn.c - a connection of the PostgreSQL store at work (postgres_internal.h).
 *
 * DESIGN. Nothing blocks for long: libpq is used without waiting, and every wait is a poll of
 * 100 ms that looks at the stop flag. All settings are SET LOCAL inside the one transaction: a
 * pooling proxy may give the server's connection to others afterwards, who must not find them, and
 * needs no session of ours to work.
 */
#include "lib/store/postgres_internal.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/postgres_error.h"

#include <poll.h>

#define TICK_MS         100
#define TLS_TICK_MS     10 /* TLS may hold bytes that no poll sees */
#define FAREWELL_MS     5000
#define CANCEL_AGAIN_NS ((int64_t)250 * NS_PER_MS)
#define BEGIN_TRIES     50
#define NS_PER_MS       1000000

/* ---- failures ------------------------------------------------------------------------- */

bool pg_fail(struct pg_conn *c, const PGresult *res, const char *doing, struct err *err)
{
    const char       *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char       *text = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct pg_failure f = { .place = c->place, .doing = doing, .proxy = c->proxy };

    f.sqlstate = state ? state : "";
    f.text = text ? text : PQerrorMessage(c->pg);
    (void)snprintf(c->state, sizeof(c->state), "%s", f.sqlstate);
    return pg_failure_tell(&f, err);
}

bool pg_stopped(const char *doing, struct err *err)
{
    return err_set(err, ERR_STOPPED, "stopped while %s", doing);
}

/* ---- waiting -------------------------------------------------------------------------- */

static bool is_asked_to_end(const struct pg_conn *c, const atomic_bool *cancelled)
{
    return stop_asked(c->stop) || (cancelled && atomic_load(cancelled));
}

static bool has_passed(int64_t deadline_ns)
{
    return deadline_ns != 0 && clock_mono_ns() >= deadline_ns;
}

/* Until the socket is ready or one tick is over. */
static void wait_tick(PGconn *pg, short events)
{
    struct pollfd p = { .fd = PQsocket(pg), .events = events };

    (void)poll(&p, 1, PQsslInUse(pg) ? TLS_TICK_MS : TICK_MS);
}

bool pg_wait(struct pg_conn *c, short events, const atomic_bool *cancelled, const char *doing,
             struct err *err)
{
    if (is_asked_to_end(c, cancelled))
        return pg_stopped(doing, err);
    if (has_passed(c->deadline_ns))
        return err_set(err, ERR_STORE, "PostgreSQL %s, %s: no answer", c->place, doing);
    if (PQsocket(c->pg) == -1)
        return pg_fail(c, NULL, doing, err);
    wait_tick(c->pg, events);
    /* A failure here is told by the result that comes next. */
    (void)PQconsumeInput(c->pg);
    return true;
}

PGresult *pg_next_result(struct pg_conn *c, const atomic_bool *cancelled, const char *doing,
                         struct err *err)
{
    while (PQisBusy(c->pg)) {
        if (!pg_wait(c, POLLIN, cancelled, doing, err))
            return NULL;
    }
    return PQgetResult(c->pg);
}

/* ---- queries -------------------------------------------------------------------------- */

static bool is_success(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* The last result of all statements that were sent, or the first failure. */
static bool collect(struct pg_conn *c, const char *doing, PGresult **out, struct err *err)
{
    struct err waited = ERR_INIT;
    PGresult  *last = NULL;
    PGresult  *res;
    bool       ok = true;

    /* After a failure the server skips the rest; its end is still to be taken. */
    while ((res = pg_next_result(c, NULL, doing, &waited))) {
        if (ok && !is_success(res))
            ok = pg_fail(c, res, doing, err);
        PQclear(last);
        last = res;
    }
    if (ok && waited.kind != ERR_NONE) {
        *err = waited;
        ok = false;
    }
    if (ok && out)
        *out = last;
    else
        PQclear(last);
    return ok;
}

bool pg_run(struct pg_conn *c, const char *sql, const char *doing, PGresult **out, struct err *err)
{
    c->state[0] = '\0';
    if (is_asked_to_end(c, NULL))
        return pg_stopped(doing, err);
    if (!PQsendQuery(c->pg, sql))
        return pg_fail(c, NULL, doing, err);
    return collect(c, doing, out, err);
}

static void add_settings(const struct pg_conn *c, unsigned jobs, struct buf *sql)
{
    /* Times that a role or a database may limit for its ordinary clients. */
    buf_add(sql, "SET LOCAL statement_timeout = 0;"
                 "SET LOCAL idle_in_transaction_session_timeout = 0;"
                 "SET LOCAL lock_timeout = '30s';");
    if (c->version >= 170000)
        buf_add(sql, "SET LOCAL transaction_timeout = 0;");
    /* Rather fail than leave rows out in silence. */
    buf_add(sql, "SET LOCAL row_security = off;");
    buf_add(sql, "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO';");
    /* value::text is the work. A plan with workers makes them do it (the planner does not know its
     * cost, so everything else is made free), and compiling such simple queries only costs time. */
    buf_add(sql, "SET LOCAL max_parallel_workers_per_gather = %u;", jobs > 1 ? jobs - 1 : 0);
    buf_add(sql, "SET LOCAL parallel_tuple_cost = 0; SET LOCAL parallel_setup_cost = 0;"
                 "SET LOCAL min_parallel_table_scan_size = 0;");
    if (c->version >= 110000)
        buf_add(sql, "SET LOCAL jit = off");
}

bool pg_begin(struct pg_conn *c, unsigned jobs, const char *snapshot, struct err *err)
{
    struct buf sql;
    bool       ok = false;

    buf_init(&sql, PG_MAX_SQL_BYTES);
    buf_add(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;");
    if (snapshot)
        buf_add(&sql, "SET TRANSACTION SNAPSHOT '%s';", snapshot);
    add_settings(c, jobs > 1024 ? 1024 : jobs, &sql);
    /* A database may have a statement_timeout of a millisecond, under which BEGIN fails now and
     * then. */
    for (int i = 0; i < BEGIN_TRIES && !ok; i++) {
        ok = pg_run(c, sql.p, "beginning a transaction", NULL, err);
        if (!ok && strcmp(c->state, "57014") != 0)
            break;
        if (!ok)
            pg_rollback(c);
    }
    buf_release(&sql);
    return ok;
}

void pg_rollback(struct pg_conn *c)
{
    struct err ignored = ERR_INIT;
    char       state[sizeof(c->state)];

    if (!c->pg || PQstatus(c->pg) != CONNECTION_OK)
        return;
    /* The caller may still want to know why it had to. */
    memcpy(state, c->state, sizeof(state));
    if (pg_run(c, "ROLLBACK", "rolling back", NULL, &ignored))
        c->state[0] = '\0';
    memcpy(c->state, state, sizeof(state));
}

/* ---- the end -------------------------------------------------------------------------- */

static void ask_to_cancel(struct pg_conn *c)
{
    PGcancel *cancel = PQgetCancel(c->pg);
    char      why[256];

    if (cancel)
        (void)PQcancel(cancel, why, (int)sizeof(why));
    PQfreeCancel(cancel);
    c->cancelled_ns = clock_mono_ns();
}

/* Like pg_wait. A cancel that came before the server had begun with the query was lost: again. */
static bool wait_cancelling(struct pg_conn *c, struct err *err)
{
    if (clock_mono_ns() - c->cancelled_ns > CANCEL_AGAIN_NS)
        ask_to_cancel(c);
    return pg_wait(c, POLLIN, NULL, "cancelling", err);
}

static bool throw_rows_away(struct pg_conn *c, struct err *err)
{
    char *row = NULL;
    int   n = 0;

    while (n >= 0) {
        n = PQgetCopyData(c->pg, &row, 1);
        PQfreemem(row);
        row = NULL;
        if (n == 0 && !wait_cancelling(c, err))
            return false;
    }
    return true;
}

/* Cancel what is running and wait for its end, throwing away what still comes. */
static bool abandon(struct pg_conn *c)
{
    struct err ignored = ERR_INIT;
    PGresult  *res = NULL;

    ask_to_cancel(c);
    do {
        PQclear(res);
        while (PQisBusy(c->pg)) {
            if (!wait_cancelling(c, &ignored))
                return false;
        }
        res = PQgetResult(c->pg);
        if (PQresultStatus(res) == PGRES_COPY_OUT && !throw_rows_away(c, &ignored)) {
            PQclear(res);
            return false;
        }
    } while (res);
    return true;
}

bool pg_leave(struct pg_conn *c, const char *sql)
{
    const struct stop *stop = c->stop;
    struct err         ignored = ERR_INIT;
    bool               ok = PQstatus(c->pg) == CONNECTION_OK;

    /* The stop that brought us here must not end this as well; the deadline does. */
    c->stop = NULL;
    c->deadline_ns = clock_mono_ns() + (int64_t)FAREWELL_MS * NS_PER_MS;
    if (ok && PQtransactionStatus(c->pg) == PQTRANS_ACTIVE)
        ok = abandon(c);
    if (ok && PQtransactionStatus(c->pg) != PQTRANS_IDLE)
        ok = pg_run(c, sql, "closing", NULL, &ignored);
    c->stop = stop;
    c->deadline_ns = 0;
    return ok && PQstatus(c->pg) == CONNECTION_OK;
}

void pg_drop(struct pg_conn *c)
{
    if (c->pg)
        PQfinish(c->pg);
    c->pg = NULL;
}

void pg_disconnect(struct pg_conn *c)
{
    if (c->pg && !pg_leave(c, "ROLLBACK"))
        log_msg(LOG_DEBUG, "postgres: %s was closed without a farewell", c->place);
    pg_drop(c);
}
