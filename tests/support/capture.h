/*
 * capture.h - stderr, taken aside: into a pipe that keeps each write apart, or a terminal of a
 * given width. Nothing may be asserted until it is back where it was. One at a time.
 */
#ifndef REQUEUE_TEST_CAPTURE_H
#define REQUEUE_TEST_CAPTURE_H

#include "lib/base/base.h"

struct capture {
    int    real;
    int    from;
    bool   terminal;
    size_t n;
    char   writes[16][8192];
};

void capture_start(struct capture *c);
void capture_end(struct capture *c); /* what was written is in writes[0..n-1] */

/* The same with a terminal: what was written is in writes[0], n is 1. False: none is to be had. */
MUST_CHECK bool capture_terminal(struct capture *c, unsigned columns);
void            capture_resize(const struct capture *c, unsigned columns);

#endif
