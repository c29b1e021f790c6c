/* relay.c - see relay.h. One thread serves all connections by poll(2). */
#include "tests/support/test.h"

#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_PAIRS 16
#define TICK_MS   20

struct pair {
    int    client; /* -1: free */
    int    server; /* -1: none */
    size_t n;      /* bytes that the client got */
};

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = { htonl(INADDR_LOOPBACK) },
    };
}

static int connect_to(int port)
{
    struct sockaddr_in to = loopback(port);
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void close_pair(struct pair *p)
{
    if (p->client != -1)
        (void)close(p->client);
    if (p->server != -1)
        (void)close(p->server);
    p->client = p->server = -1;
}

static void accept_one(struct relay *r, struct pair *pairs)
{
    int fd = accept(r->fd, NULL, NULL);

    for (size_t i = 0; i < MAX_PAIRS && fd != -1; i++) {
        if (pairs[i].client != -1)
            continue;
        pairs[i] = (struct pair){ fd, r->to_port ? connect_to(r->to_port) : -1, 0 };
        fd = -1;
    }
    if (fd != -1)
        (void)close(fd);
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void from_client(struct relay *r, struct pair *p)
{
    char    bytes[16384];
    ssize_t n = recv(p->client, bytes, sizeof(bytes), 0);
    bool    ok = n > 0;

    if (ok && r->to_port)
        ok = send_all(p->server, bytes, (size_t)n);
    else if (ok)
        ok = send_all(p->client, r->answer.p, r->answer.n) && r->hold;
    if (!ok)
        close_pair(p);
}

static void from_server(struct relay *r, struct pair *p)
{
    char    bytes[16384];
    size_t  room = r->limit - p->n;
    ssize_t n = recv(p->server, bytes, room < sizeof(bytes) ? room : sizeof(bytes), 0);
    bool    ok = n > 0 && send_all(p->client, bytes, (size_t)n);

    if (ok)
        p->n += (size_t)n;
    r->n_forwarded = p->n;
    if (!ok || (p->n == r->limit && !r->hold))
        close_pair(p);
}

static void relay_main(void *arg)
{
    struct relay *r = arg;
    struct pair   pairs[MAX_PAIRS];

    for (size_t i = 0; i < MAX_PAIRS; i++)
        pairs[i] = (struct pair){ -1, -1, 0 };
    while (!stop_asked(&r->stop)) {
        struct pollfd fds[1 + 2 * MAX_PAIRS] = { { r->fd, POLLIN, 0 } };

        for (size_t i = 0; i < MAX_PAIRS; i++) {
            bool silent = pairs[i].n >= r->limit;

            fds[1 + 2 * i] = (struct pollfd){ pairs[i].client, POLLIN, 0 };
            fds[2 + 2 * i] = (struct pollfd){ silent ? -1 : pairs[i].server, POLLIN, 0 };
        }
        (void)poll(fds, COUNT_OF(fds), TICK_MS);
        for (size_t i = 0; i < MAX_PAIRS; i++) {
            if (fds[1 + 2 * i].revents)
                from_client(r, &pairs[i]);
            if (fds[2 + 2 * i].revents && pairs[i].server == fds[2 + 2 * i].fd)
                from_server(r, &pairs[i]);
        }
        if (fds[0].revents)
            accept_one(r, pairs);
    }
    for (size_t i = 0; i < MAX_PAIRS; i++)
        close_pair(&pairs[i]);
}

void relay_start(struct relay *r)
{
    struct sockaddr_in at = loopback(0);
    socklen_t          n = sizeof(at);

    if (r->limit == 0)
        r->limit = SIZE_MAX;
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(r->fd, -1);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(r->fd, MAX_PAIRS), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&at, &n), 0);
    r->port = ntohs(at.sin_port);
    r->thread = thread_start(relay_main, r);
}

void relay_end(struct relay *r)
{
    stop_ask(&r->stop);
    thread_join(r->thread);
    (void)close(r->fd);
}
