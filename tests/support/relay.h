/*
 * relay.h - a TCP server of the test between a client and its server, or in place of one.
 *
 * Runs in a thread of its own on 127.0.0.1. Starting and ending are for the main thread and fail
 * the test on errors.
 */
#ifndef REQUEUE_RELAY_H
#define REQUEUE_RELAY_H

#include "lib/base/thread.h"

struct relay {
    /* The server to relay to; port 0: none, `answer` is all that a client gets. */
    int to_port;
    /* Bytes from the server after which the connection is at its end. */
    size_t limit;
    /* What becomes of it then: closed, or held open in silence. */
    bool         hold;
    struct slice answer; /* sent when the client has said something */

    int            port; /* of the relay, once started */
    int            fd;
    struct thread *thread;
    struct stop    stop;
    size_t         n_forwarded; /* bytes of the last connection; valid after relay_end() */
};

void relay_start(struct relay *r);
void relay_end(struct relay *r);

#endif
