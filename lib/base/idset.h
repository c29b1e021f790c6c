/*
 * idset.h - which texts were seen before, by their 128-bit digests.
 *
 * For reading something again without handing anything out twice, and for sets of ids: 16 bytes an
 * entry and room to grow, at most IDSET_MAX_BYTES_PER_ID. Two texts of one digest would be taken
 * for one: at ten million texts less likely than 1 in 10^20. One owner at a time.
 */
#ifndef REQUEUE_IDSET_H
#define REQUEUE_IDSET_H

#include "lib/base/hash.h"

#define IDSET_MAX_BYTES_PER_ID 64

enum idset_answer {
    IDSET_NEW,    /* never seen */
    IDSET_BEFORE, /* seen in an earlier round */
    IDSET_AGAIN,  /* seen in this round */
};

struct idset;

struct idset *idset_new(void);
void          idset_free(struct idset *s); /* NULL is allowed */

/* See a text in a round; rounds count up from 0, and only their lowest 8 bits are kept. */
enum idset_answer idset_see(struct idset *s, struct digest id, unsigned round);

/* Was it seen, in whatever round? Changes nothing. */
bool idset_has(const struct idset *s, struct digest id);

size_t idset_count(const struct idset *s);
size_t idset_bytes(const struct idset *s);

#endif
