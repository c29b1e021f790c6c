/* postgres_error.c - see postgres_error.h. */
#include "lib/store/postgres_error.h"

#include <ctype.h>

/* One way to fail. A state of two characters stands for its class; the first line that fits counts.
 */
struct known {
    const char *state;
    const char *says; /* must be in the text; NULL: any text */
    bool        retriable;
    const char *what; /* NULL: the server's own text says it best */
    const char *hint;
};

#define AGAIN "what was sent is kept: run it again, a rebuild with --resume"
#define GRANT                                                                                      \
    "grant the role what it reads: GRANT SELECT ON ALL TABLES IN SCHEMA ... TO ..., and USAGE on " \
    "the schema"
#define DIRECT "name the server itself in the URL, not the proxy"

/* clang-format off */
static const struct known known_failures[] = {
    { "40001", NULL, true,
      "the standby had to cancel the read: changes from its primary conflict with a snapshot this old",
      "on the standby set hot_standby_feedback = on or raise max_standby_streaming_delay (-1 waits for ever), or read from the primary" },
    { "40P01", NULL, true, "the standby had to cancel the read: it stood in the way of changes from its primary",
      "run it again, or read from the primary" },
    { "57P01", NULL, true, "the server ended the connection: an administrator stopped it or shuts the server down",
      "when the server is back: " AGAIN },
    { "57P02", NULL, true, "the server ended the connection: another of its processes crashed",
      "look into the server's log; " AGAIN },
    { "57P03", NULL, true, "the server takes no connections now", "it starts or stops: try again in a moment" },
    { "57P04", NULL, false, "the database was dropped while it was read", NULL },
    { "57P05", NULL, true, "the server ended the connection because it was idle",
      "raise idle_session_timeout for this role; " AGAIN },
    { "57014", NULL, true, "somebody cancelled the query",
      "an administrator (pg_cancel_backend) or a proxy's query_timeout did; " AGAIN },
    { "25P03", NULL, true, "the server ended the connection because its transaction was idle", AGAIN },
    { "25P04", NULL, true, "the server ended the connection because its transaction took too long",
      "raise transaction_timeout for this role; " AGAIN },
    { "72000", NULL, true, "the server has thrown away what a snapshot this old needs (old_snapshot_threshold)",
      "raise old_snapshot_threshold or set it to -1, and restart the server" },
    { "55P03", NULL, true, "a table is locked by another session for too long",
      "a migration, TRUNCATE or VACUUM FULL is at work on it: wait for it, or end it" },
    { "42501", "row-level security", false, NULL,
      "row-level security would hide rows: read as the owner of the tables, or as a role with BYPASSRLS" },
    { "42501", NULL, false, NULL, GRANT },
    { "42P01", NULL, false, NULL, "was Kestra's schema changed during the run? run it again" },
    { "42703", NULL, false, NULL, "was Kestra's schema changed during the run? run it again" },
    { "53300", NULL, true, NULL, "free a connection, raise max_connections, or use fewer with --jobs 1" },
    { "53100", NULL, true, "the server has no disk space left", "make room for its temporary files" },
    { "53200", NULL, true, "the server has no memory left", "use fewer workers: --jobs 1" },
    { "3D000", NULL, false, NULL, "name the right database in the URL or in PGDATABASE" },
    { "28P01", NULL, false, NULL,
      "check user and password: in the URL, in PGUSER and PGPASSWORD, or in ~/.pgpass" },
    { "28000", "does not exist", false, NULL, "name an existing role in the URL or in PGUSER" },
    { "28000", "pg_hba", false, NULL, "the server's pg_hba.conf lets nobody in like this: check host, user, database and sslmode" },
    { "28", NULL, false, NULL, "check the user in the URL or in PGUSER, and the server's pg_hba.conf" },
    { "XX001", NULL, false, NULL,
      "the database is damaged: check it with pg_amcheck and restore what is lost" },
    { "XX002", NULL, false, NULL, "an index is damaged: REINDEX DATABASE repairs it" },
    { "", "unsupported startup parameter", false, NULL,
      "a proxy refuses a setting of PGOPTIONS or of the URL's options: leave it out, or " DIRECT },
    { "08P01", "statement pooling", false, NULL, "the proxy pools statements: " DIRECT },
    { "08P01", " timeout", true, NULL, "that is a time limit of the proxy: raise it, or " DIRECT "; " AGAIN },
    { "08P01", NULL, false, NULL, NULL },
    { "08", NULL, true, NULL, AGAIN },
};

/* Failures that have no SQLSTATE, because no server had a say. */
static const struct known known_texts[] = {
    { "", "no password supplied", false, "a password is needed and none was given",
      "set PGPASSWORD, or write it into ~/.pgpass or into the URL" },
    { "", "could not translate host name", false, NULL, "check the host in the URL or in PGHOST" },
    { "", "Connection refused", true, NULL, "check host and port; is the server running and listening there?" },
    { "", "No such file or directory", true, NULL,
      "no server listens on that socket: name a host in the URL or in PGHOST, or start the server" },
    { "", "definition of service", false, NULL, "check PGSERVICE, PGSERVICEFILE and ~/.pg_service.conf" },
    { "", "service file", false, NULL, "check PGSERVICE, PGSERVICEFILE and ~/.pg_service.conf" },
    { "", "SSL", false, NULL, "check sslmode and the certificates that the URL or PGSSL* variables name" },
    { "", "certificate", false, NULL, "check sslmode and the certificates that the URL or PGSSL* variables name" },
    { "", "hot standby mode", false, NULL, "no host of the URL is of the kind that target_session_attrs asks for" },
    { "", "session is ", false, NULL, "no host of the URL is of the kind that target_session_attrs asks for" },
    { "", "invalid integer value", false, "a port or another number is none",
      "check the URL (user:password@host:port/database) and the PG* variables" },
    { "", "invalid ", false, NULL, "check the URL and the PG* variables" },
};
/* clang-format on */

/* ---- texts ---------------------------------------------------------------------------- */

/* The first line of a text, without the severity that libpq writes before it. */
static struct slice first_line(const char *text)
{
    size_t n = strcspn(text, "\n");

    while (n > 0 && isspace((unsigned char)text[n - 1]))
        n--;
    return slice_of(text, n);
}

static bool fits(const struct known *k, const char *state, const char *text)
{
    return strncmp(k->state, state, strlen(k->state)) == 0 && (!k->says || strstr(text, k->says));
}

static const struct known *find_known(const struct known *list, size_t n, const char *state,
                                      const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (fits(&list[i], state, text))
            return &list[i];
    }
    return NULL;
}

static bool tell(const struct pg_failure *f, const char *state, struct slice text,
                 const struct known *k, struct err *err)
{
    if (k && k->what)
        (void)err_set(err, ERR_STORE, "PostgreSQL %s, %s: %s", f->place, f->doing, k->what);
    else if (state[0])
        (void)err_set(err, ERR_STORE, "PostgreSQL %s, %s: %.*s (%s)", f->place, f->doing,
                      SLICE_ARG(text), state);
    else
        (void)err_set(err, ERR_STORE, "PostgreSQL %s, %s: %.*s", f->place, f->doing,
                      SLICE_ARG(text));
    if (k && k->hint)
        (void)err_hint(err, "%s", k->hint);
    err->retriable = k && k->retriable;
    return false;
}

/* ---- a query -------------------------------------------------------------------------- */

/* Nobody said why: the connection is gone. */
static bool tell_lost(const struct pg_failure *f, struct err *err)
{
    (void)err_set(err, ERR_STORE, "PostgreSQL %s, %s: the server closed the connection", f->place,
                  f->doing);
    if (f->proxy)
        (void)err_hint(err, "a proxy stands between and may have a time limit: " DIRECT "; " AGAIN);
    else
        (void)err_hint(err, "did it crash or restart? " AGAIN);
    err->retriable = true;
    return false;
}

bool pg_failure_tell(const struct pg_failure *f, struct err *err)
{
    const struct known *k =
        find_known(known_failures, COUNT_OF(known_failures), f->sqlstate, f->text);

    if (!f->sqlstate[0])
        return tell_lost(f, err);
    return tell(f, f->sqlstate, first_line(f->text), k, err);
}

/* ---- a connection --------------------------------------------------------------------- */

static bool is_state(const char *p)
{
    for (size_t i = 0; i < 5; i++) {
        if (!isdigit((unsigned char)p[i]) && !(p[i] >= 'A' && p[i] <= 'Z'))
            return false;
    }
    return p[5] == ':' && p[6] == ' ';
}

/* "FATAL:  28P01: password authentication failed" -> the state, and where the text behind it
 * begins. The last one: with a list of hosts that is the host the attempt ended with. */
static const char *find_state(const char *text, char state[6])
{
    const char *found = NULL;

    for (const char *p = strstr(text, ":  "); p; p = strstr(p + 1, ":  ")) {
        if (!is_state(p + 3))
            continue;
        memcpy(state, p + 3, 5);
        state[5] = '\0';
        found = p + 10;
    }
    return found;
}

/* All lines that are no advice (libpq begins those with a tab), with "; " between them. */
static void join_lines(const char *text, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    while (*text) {
        struct slice line = first_line(text);
        size_t       whole = strcspn(text, "\n");

        if (line.n > 0 && text[0] != '\t' && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%.*s", n > 0 ? "; " : "", SLICE_ARG(line));
        text += whole + (text[whole] == '\n' ? 1 : 0);
    }
}

/* With one host, libpq's "connection to server at HOST, port PORT failed: " repeats the place. */
static struct slice without_place(const char *text)
{
    const char *failed = strstr(text, " failed: ");

    if (!failed || strstr(failed + 1, " failed: "))
        return slice_str(text);
    return slice_str(failed + strlen(" failed: "));
}

bool pg_failure_tell_connect(const struct pg_failure *f, struct err *err)
{
    char                state[6] = "";
    char                joined[sizeof(err->msg)];
    const char         *said = find_state(f->text, state);
    const struct known *k;

    if (said) {
        k = find_known(known_failures, COUNT_OF(known_failures), state, said);
        return tell(f, state, first_line(said), k, err);
    }
    join_lines(f->text, joined, sizeof(joined));
    k = find_known(known_texts, COUNT_OF(known_texts), "", joined);
    (void)tell(f, "", without_place(joined), k, err);
    if (!k) {
        err->retriable = true;
        (void)err_hint(err, "check host, port and network");
    }
    return false;
}
