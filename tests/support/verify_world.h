/*
 * verify_world.h - a store in memory and topics of a real Kafka, and what verify says of the two.
 *
 * A test makes entities with random names, stores them, puts records, and notes for each difference
 * that it plants what verify should say; world_check() wants exactly those. Fails the test on
 * any other error. Main thread only.
 */
#ifndef REQUEUE_VERIFY_WORLD_H
#define REQUEUE_VERIFY_WORLD_H

#include "tests/support/kind_store.h"
#include "tests/support/planter.h"
#include "verify/verify.h"

#define WORLD_PARTITIONS 3
#define WORLD_MEMORY     ((size_t)2 << 20) /* for keys */

/* One thing of a kind. Strings are "" when the kind, or this one, has none. */
struct entity {
    enum kind kind;
    char      tenant[24];
    char namespace[24];
    char id[24]; /* of a trigger: its triggerId */
    char flow[24];
    int  revision;
    char key[128];
    char store_id[140];
};

/* The same entity at three times; CURRENT is what the store has. */
enum age { OLDER, CURRENT, NEWER };

/* What verify should tell once. */
struct planted {
    enum difference_class class;
    const struct entity *e; /* NULL: nobody knows whose it is */
    struct slice         key;
    int32_t              partition;
    int64_t              offset; /* -1: no record */
    bool                 in_store;
    bool                 no_identity;
    const char          *path;      /* first one; NULL: not looked at */
    const char          *explained; /* NULL: not explained */
    bool                 found;
};

/* What verify told. */
struct seen {
    enum difference_class class;
    struct slice key, tenant, namespace, id;
    const char  *table;
    const char  *topic;
    int32_t      partition;
    int64_t      offset;
    size_t       n_paths;
    struct slice path, store, at_topic; /* of the first path */
    const char  *explained;
};

struct world {
    uint64_t              rand;
    struct arena         *arena;
    struct kind_store     store;
    struct layout        *layout;
    struct scope          scope;
    struct survey         survey;
    struct kafka_conf     kafka;
    struct admin         *admin;
    struct planter       *planter;
    struct projector     *projector;
    struct stop           stop;
    struct tally          tally[KIND_COUNT];
    atomic_uint_fast64_t  consumed;
    struct verify_conf    conf;
    struct spill          spill;
    struct verify_result  result;
    struct partition_ends ends[WORLD_PARTITIONS];
    struct err            err;

    size_t           n_planted, n_seen, n_skips;
    struct planted **planted;
    struct seen     *seen;
    uint64_t         n_puts, n_tombstones; /* records put into the topic under test */

    size_t fail_after;                 /* on_difference fails at this one; 0: never */
    size_t stop_after;                 /* and asks to stop at this one */
    void (*on_first)(struct world *w); /* called when the first difference is told */

    const struct entity *victim; /* for on_first */
    int64_t              victim_at;
};

/* cmocka fixtures: *state is a struct world with an empty topic for every kind. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* Give a kind another topic, with these settings ("name=value", NULL ends). */
void world_topic(struct world *w, enum kind kind, const char *const *settings);

struct entity *world_entity(struct world *w, enum kind kind);
int32_t        world_own(const struct entity *e);
int32_t        world_away(struct world *w, const struct entity *e); /* any other partition */

/* The document of an entity, and the record's value that its projection gives. */
struct slice world_json(struct world *w, const struct entity *e, enum age age, const char *note);
struct slice world_value(struct world *w, const struct entity *e, enum age age, const char *note);

void world_store_json(struct world *w, const struct entity *e, struct slice json);
void world_store(struct world *w, const struct entity *e, const char *note);

/* offset as planter_put. */
void world_put(struct world *w, enum kind kind, int32_t partition, struct slice key,
               struct slice value, int64_t *offset);
void world_put_current(struct world *w, const struct entity *e, const char *note);

struct planted *world_plant(struct world *w, enum difference_class class, const struct entity *e,
                            int32_t partition);

/* False: *w->err says why. */
bool world_verify(struct world *w, enum kind kind);
/* A rebuild's proof of what the store holds now. from: as verify_topic. */
bool world_prove(struct world *w, enum kind kind, const int64_t *from);

/* All that was planted was told once, and nothing else. */
void world_check(struct world *w);

static inline struct slice world_none(void)
{
    return (struct slice){ NULL, 0 };
}

static inline struct slice world_key(const struct entity *e)
{
    return slice_str(e->key);
}

#endif
