/*
 * staging_world.h - a band's layout, rules and a stager, and what documents become there.
 */
#ifndef REQUEUE_STAGING_WORLD_H
#define REQUEUE_STAGING_WORLD_H

#include "lib/kestra/staging.h"

struct world {
    struct layout  *layout;
    struct staging *staging;
    struct stager  *stager;
    struct err      err;
};

/* rules NULL: neutral only. seed NULL: a random one. False: refused, err says why; close it all the
 * same. */
bool open_seeded(struct world *w, const char *band, const char *rules, const char *seed);
/* With a seed that is always the same; it has to succeed. */
void open_world(struct world *w, const char *band, const char *rules);
void close_world(struct world *w);

/* Valid until the next call; proven to be JSON. */
struct slice become(struct world *w, enum kind kind, struct slice doc);

/* The test fails unless doc becomes expected; unless the rules are refused with that message. */
void expect(const char *band, const char *rules, enum kind kind, const char *doc,
            const char *expected);
void expect_refused(const char *rules, const char *message);

#endif
