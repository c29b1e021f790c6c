/*
 * http_world.h - what the tests of lib/store/http share: a scripted server and a client for it.
 */
#ifndef REQUEUE_HTTP_WORLD_H
#define REQUEUE_HTTP_WORLD_H

#include "lib/store/http.h"
#include "tests/support/fake_http.h"

#define FOR_EVER 1000000u

struct http_world {
    struct fake_http  *server;
    struct http       *h; /* NULL until http_world_open */
    struct http_conf   conf;
    struct http_answer answer;
    struct stop        stop;
    struct err         err;
    char               url[512];

    /* What the server does: `n_bad` answers first (0: none, FOR_EVER), made of `script`,
     * then 200 and `body`. The server's thread reads them: change them between requests. */
    unsigned    n_bad;
    int         bad_status;
    const char *bad_body; /* NULL: the good one */
    const char *body;
    void (*script)(struct http_world *w, struct fake_answer *a); /* NULL: only bad_status */

    /* For scripts. */
    size_t cut_at;
    size_t chunk;
    long   lie;
    bool   reset;
};

int http_world_begin(void **state); /* of a cmocka test: *state is a struct http_world */
int http_world_end(void **state);

/* Open the client on w->conf; url NULL: the server's own. Failures fail the test. */
void http_world_open(struct http_world *w, const char *url);
/* Close it, to open it anew. */
void http_world_close(struct http_world *w);

bool http_world_get(struct http_world *w, const char *path); /* repeatable */
/* A POST; false: w->err says why. */
bool http_world_post(struct http_world *w, const char *path, const char *body, bool repeatable);

/* Fail the test with w->err when not ok. */
void http_world_check(const struct http_world *w, bool ok);
void assert_text_has(const char *text, const char *part);

/* A port of 127.0.0.1 that nobody listens at. */
int     http_world_dead_port(void);
int64_t http_world_ms_since(int64_t since_ns);

#endif
