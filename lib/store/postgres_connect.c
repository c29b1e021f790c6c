/*
 * postgres_connect.c - how the PostgreSQL store comes to a connection (postgres_internal.h).
 *
 * DESIGN. libpq leaves connect_timeout to those who connect without waiting. TCP_USER_TIMEOUT does
 * it for each host of a list: the kernel gives a dead host up and libpq goes on to the next. The
 * deadline here is for a host that takes the connection and then says nothing.
 */
#include "lib/store/postgres_internal.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/store/postgres_error.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define OLDEST_VERSION    100000
#define TICK_MS           100
#define CONNECT_TIMEOUT_S 30 /* unless connect_timeout says something else */
#define NS_PER_S          1000000000

static void on_notice(void *arg, const PGresult *res)
{
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    (void)arg;
    log_msg(LOG_DEBUG, "postgres: %s", text ? text : PQresultErrorMessage(res));
}

/* A libpq option's value as a number; `otherwise` when it is not set. */
static int64_t option_number(const PQconninfoOption *options, const char *name, int64_t otherwise)
{
    for (const PQconninfoOption *o = options; o && o->keyword; o++) {
        if (strcmp(o->keyword, name) == 0 && o->val && o->val[0])
            return strtoll(o->val, NULL, 10);
    }
    return otherwise;
}

/* From the URL, else from the environment, else ours. 0: wait for ever. */
static int64_t connect_timeout_s(const char *url)
{
    PQconninfoOption *from_url = PQconninfoParse(url, NULL);
    PQconninfoOption *defaults = PQconndefaults();
    int64_t           s = option_number(defaults, "connect_timeout", CONNECT_TIMEOUT_S);

    s = option_number(from_url, "connect_timeout", s);
    PQconninfoFree(from_url);
    PQconninfoFree(defaults);
    if (s > 3600)
        s = 3600;
    return s > 0 ? s : 0;
}

static PGconn *start_connecting(const char *url, int64_t timeout_s)
{
    char        give_up_ms[32];
    const char *names[] = { "fallback_application_name", "keepalives_idle",
                            "keepalives_interval",       "keepalives_count",
                            "tcp_user_timeout",          "dbname",
                            "client_encoding",           NULL };
    const char *values[] = { "requeue", "60", "10", "6", give_up_ms, url, "UTF8", NULL };

    /* What stands before the URL is overruled by it, what stands behind overrules it. */
    (void)snprintf(give_up_ms, sizeof(give_up_ms), "%lld", (long long)timeout_s * 1000);
    return PQconnectStartParams(names, values, 1);
}

/* Once connected, a network that is gone for a while is no reason to give up; unless the user
 * says so. */
static void lift_tcp_timeout(PGconn *pg, int64_t timeout_s)
{
    PQconninfoOption *options = PQconninfo(pg);
    unsigned          never = 0;

    if (option_number(options, "tcp_user_timeout", 0) == timeout_s * 1000)
        (void)setsockopt(PQsocket(pg), IPPROTO_TCP, TCP_USER_TIMEOUT, &never, sizeof(never));
    PQconninfoFree(options);
}

static void write_place(struct pg_conn *c)
{
    const char *host = PQhost(c->pg);
    const char *port = PQport(c->pg);
    const char *db = PQdb(c->pg);
    bool        is_ipv6 = host && strchr(host, ':');

    if (!host || !host[0])
        host = "?";
    /* user:password/host, the @ forgotten: then this is no port, and nobody's business. */
    if (!port || !port[0] || port[strspn(port, "0123456789,")])
        port = "?";
    (void)snprintf(c->place, sizeof(c->place), "%s%s%s:%s/%s", is_ipv6 ? "[" : "", host,
                   is_ipv6 ? "]" : "", port, db ? db : "");
}

static bool connect_failed(struct pg_conn *c, struct err *err)
{
    struct pg_failure f = { .sqlstate = "", .place = c->place, .doing = "connecting" };

    write_place(c);
    f.text = PQerrorMessage(c->pg);
    return pg_failure_tell_connect(&f, err);
}

static bool connect_timed_out(struct pg_conn *c, int64_t timeout_s, struct err *err)
{
    write_place(c);
    (void)err_set(err, ERR_STORE, "PostgreSQL %s, connecting: no answer within %lld seconds",
                  c->place, (long long)timeout_s);
    (void)err_hint(err, "check host, port and network; connect_timeout in the URL waits longer");
    err->retriable = true;
    return false;
}

/* Has libpq gone on to another host or address since the last look? */
static bool has_moved(const PGconn *pg, char last[256])
{
    char        now[256];
    const char *host = PQhost(pg);
    const char *address = PQhostaddr(pg);
    const char *port = PQport(pg);

    (void)snprintf(now, sizeof(now), "%s %s %s", host ? host : "", address ? address : "",
                   port ? port : "");
    if (strcmp(now, last) == 0)
        return false;
    memcpy(last, now, sizeof(now));
    return true;
}

/* Let libpq go through its hosts until one is connected. */
static bool finish_connecting(struct pg_conn *c, int64_t timeout_s, struct err *err)
{
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    int64_t                   deadline_ns = 0;
    char                      where[256] = "";

    while (step != PGRES_POLLING_OK) {
        struct pollfd p = { .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT };

        if (step == PGRES_POLLING_FAILED || PQstatus(c->pg) == CONNECTION_BAD)
            return connect_failed(c, err);
        if (stop_asked(c->stop))
            return pg_stopped("connecting to PostgreSQL", err);
        if (has_moved(c->pg, where) && timeout_s > 0)
            deadline_ns = clock_mono_ns() + (timeout_s + 1) * NS_PER_S;
        if (deadline_ns != 0 && clock_mono_ns() >= deadline_ns)
            return connect_timed_out(c, timeout_s, err);
        /* Only when there is something to do: libpq waits when it is asked too early. */
        p.fd = PQsocket(c->pg);
        if (p.fd == -1 || poll(&p, 1, TICK_MS) > 0)
            step = PQconnectPoll(c->pg);
    }
    return true;
}

static bool check_version(struct pg_conn *c, struct err *err)
{
    const char *version = PQparameterStatus(c->pg, "server_version");

    c->version = PQserverVersion(c->pg);
    if (c->version >= OLDEST_VERSION)
        return true;
    return err_set(err, ERR_STORE, "PostgreSQL %s is version %s: at least 10 is needed", c->place,
                   version ? version : "?");
}

bool pg_connect(const struct store_conf *conf, struct pg_conn *c, struct err *err)
{
    int64_t timeout_s = connect_timeout_s(conf->url);
    bool    ok;

    *c = (struct pg_conn){ .stop = conf->stop };
    c->pg = start_connecting(conf->url, timeout_s);
    if (!c->pg)
        return err_set(err, ERR_STORE, "PostgreSQL: out of memory while connecting");
    /* Only so does libpq tell the SQLSTATE of a connection that was refused. */
    (void)PQsetErrorVerbosity(c->pg, PQERRORS_VERBOSE);
    (void)PQsetNoticeReceiver(c->pg, on_notice, NULL);
    ok = finish_connecting(c, timeout_s, err);
    if (ok) {
        (void)PQsetErrorVerbosity(c->pg, PQERRORS_DEFAULT);
        lift_tcp_timeout(c->pg, timeout_s);
        write_place(c);
        ok = check_version(c, err);
    }
    if (!ok)
        pg_drop(c);
    return ok;
}
