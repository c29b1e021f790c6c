/*
 * brokers.c - see brokers.h.
 */
#include "cli/brokers.h"

#include <strings.h>

#define LAST_PORT 65535

static bool is_port(struct slice s)
{
    long number = 0;

    for (size_t i = 0; i < s.n && number <= LAST_PORT; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        number = 10 * number + (s.p[i] - '0');
    }
    return number >= 1 && number <= LAST_PORT;
}

static bool is_host(struct slice s)
{
    bool in_brackets = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr(in_brackets ? "/@;" : "/@;:[]", s.p[i]))
            return false;
    return s.n > 0;
}

/* s without "PROTOCOL://"; false: of a protocol that Kafka does not have. */
static bool take_protocol(struct slice *s)
{
    static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext", "sasl_ssl" };
    const char              *mark = memmem(s->p, s->n, "://", 3);
    size_t                   n = mark ? (size_t)(mark - s->p) : 0;

    if (!mark)
        return true;
    for (size_t i = 0; i < COUNT_OF(protocols); i++)
        if (strlen(protocols[i]) == n && strncasecmp(protocols[i], s->p, n) == 0) {
            *s = slice_of(mark + 3, s->n - n - 3);
            return true;
        }
    return false;
}

static bool is_broker(struct slice s)
{
    const char *port;
    size_t      n;

    if (!take_protocol(&s))
        return false;
    port = memrchr(s.p, ':', s.n);
    if (!port || memchr(port, ']', s.n - (size_t)(port - s.p)))
        return is_host(s);
    n = (size_t)(port - s.p);
    return is_host(slice_of(s.p, n)) && is_port(slice_of(port + 1, s.n - n - 1));
}

bool brokers_check(const char *list, struct err *err)
{
    for (const char *p = list;;) {
        struct slice one;
        const char  *at;

        p += strspn(p, " ");
        one = slice_of(p, strcspn(p, ","));
        if (!is_broker(one)) {
            /* What stands before an @ may be a password. */
            at = memrchr(one.p, '@', one.n);
            if (at)
                one = slice_of(at, one.n - (size_t)(at - one.p));
            (void)err_set(err, ERR_USAGE, "option --kafka: '%.*s' is not HOST:PORT",
                          SLICE_ARG(one));
            return err_hint(err, "for example --kafka 10.0.0.5:9092,10.0.0.6:9092");
        }
        p += one.n;
        if (*p++ == '\0')
            return true;
    }
}
