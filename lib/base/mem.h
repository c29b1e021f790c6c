/*
 * mem.h - memory that cannot fail, and arenas.
 *
 * Out of memory writes one line to stderr and aborts (design part 13): limits elsewhere (buf,
 * queue, page, depth) are what keep a hostile document from getting that far.
 */
#ifndef REQUEUE_MEM_H
#define REQUEUE_MEM_H

#include "lib/base/base.h"

void *mem_alloc(size_t size) MUST_CHECK; /* zeroed; size 0 gives a block that can be freed */
void *mem_array(size_t n, size_t size) MUST_CHECK;  /* zeroed; n * size is checked for overflow */
void *mem_realloc(void *p, size_t size) MUST_CHECK; /* new bytes are not zeroed */
char *mem_strdup(const char *s) MUST_CHECK;         /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n) MUST_CHECK; /* NUL-terminated copy of exactly n bytes */
void  mem_free(void *p);                               /* NULL is allowed */

/* Before the first thread, once: up to 64 MB that were freed are kept for whoever allocates next.
 * Else librdkafka's buffers are new pages of the system each time: a third of the CPU of reading a
 * topic. */
void mem_keep_freed(void);

/*
 * Many small things that die together. One owner thread at a time. Under AddressSanitizer every
 * piece is its own malloc, so that an overrun inside an arena is seen.
 */
struct arena;

struct arena *arena_new(size_t block_bytes); /* first allocation takes the first block */
void         *arena_alloc(struct arena *a, size_t size); /* not zeroed, aligned for any type */
struct slice  arena_copy(struct arena *a, struct slice s);
char         *arena_str(struct arena *a, struct slice s); /* NUL-terminated copy */
void          arena_reset(struct arena *a); /* all handed out is gone; keeps ordinary blocks */
size_t        arena_bytes(const struct arena *a); /* held from the system, used or not */
void          arena_free(struct arena *a);        /* NULL is allowed */

#endif
