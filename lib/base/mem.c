/*
 * mem.c - memory that cannot fail, and arenas.
 *
 * DESIGN: an arena has a list of blocks of one size, filled in order; reset only goes back to the
 * first one, so a batch that is filled again and again costs no malloc. A piece larger than half a
 * block would waste too much of one: it gets a block of its own, which reset gives back. Under
 * AddressSanitizer all pieces do.
 */
#include "lib/base/mem.h"

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef __SANITIZE_ADDRESS__
#define PIECE_BY_PIECE true
#else
#define PIECE_BY_PIECE false
#endif

#define ALIGNMENT _Alignof(max_align_t)

#define KEEP_BYTES      (64 << 20)
#define OWN_PAGES_BYTES (4 << 20) /* what is larger comes from the system and goes back to it */

struct block {
    struct block *next;
    size_t        used;
    _Alignas(max_align_t) char data[];
};

struct arena {
    size_t        block_bytes; /* of data */
    size_t        held;
    struct block *blocks; /* of block_bytes each */
    struct block *at;     /* the one being filled; NULL: none yet */
    struct block *large;  /* one piece each */
};

NORETURN static void out_of_memory(void)
{
    static const char line[] = "requeue: error: out of memory\n";

    /* No stdio, no log: they may want memory. */
    if (write(STDERR_FILENO, line, sizeof(line) - 1) == -1)
        abort();
    abort();
}

static void *not_null(void *p)
{
    if (!p)
        out_of_memory();
    return p;
}

static size_t sum(size_t a, size_t b)
{
    size_t c;

    if (__builtin_add_overflow(a, b, &c))
        out_of_memory();
    return c;
}

void *mem_alloc(size_t size)
{
    return not_null(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        out_of_memory();
    return mem_alloc(bytes);
}

void *mem_realloc(void *p, size_t size)
{
    return not_null(realloc(p, size ? size : 1));
}

char *mem_strdup(const char *s)
{
    return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy = not_null(malloc(sum(n, 1)));

    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

void mem_keep_freed(void)
{
#ifdef __GLIBC__
    /* NOLINTBEGIN(concurrency-mt-unsafe): there is no second thread yet */
    (void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
    /* NOLINTEND(concurrency-mt-unsafe) */
#endif
}

struct arena *arena_new(size_t block_bytes)
{
    struct arena *a = mem_alloc(sizeof(*a));

    a->block_bytes = block_bytes;
    a->held = sizeof(*a);
    return a;
}

static struct block *block_new(struct arena *a, size_t bytes)
{
    size_t        size = sum(sizeof(struct block), bytes);
    struct block *b = not_null(malloc(size));

    b->next = NULL;
    b->used = 0;
    a->held += size;
    return b;
}

static void blocks_free(struct block *b)
{
    while (b) {
        struct block *next = b->next;

        free(b);
        b = next;
    }
}

/* Make a->at the next empty block, one kept by a reset if there is one. */
static void next_block(struct arena *a)
{
    struct block **link = a->at ? &a->at->next : &a->blocks;

    if (!*link)
        *link = block_new(a, a->block_bytes);
    a->at = *link;
    a->at->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    char *p;

    if (PIECE_BY_PIECE || size > a->block_bytes / 2) {
        struct block *b = block_new(a, size);

        b->used = size;
        b->next = a->large;
        a->large = b;
        return b->data;
    }
    if (!a->at || a->block_bytes - a->at->used < size)
        next_block(a);
    p = a->at->data + a->at->used;
    a->at->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (a->at->used > a->block_bytes)
        a->at->used = a->block_bytes;
    return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *p;

    if (!s.p)
        return s;
    p = arena_alloc(a, s.n);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return slice_of(p, s.n);
}

char *arena_str(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, sum(s.n, 1));

    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

void arena_reset(struct arena *a)
{
    for (const struct block *b = a->large; b; b = b->next)
        a->held -= sizeof(*b) + b->used;
    blocks_free(a->large);
    a->large = NULL;
    a->at = NULL;
}

size_t arena_bytes(const struct arena *a)
{
    return a->held;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    blocks_free(a->large);
    blocks_free(a->blocks);
    free(a);
}
