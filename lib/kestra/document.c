/* document.c - batches of documents. */
#include "lib/kestra/document.h"

#include <assert.h>

/* A batch fills a few blocks and keeps them; documents above half a block come and go. */
#define BLOCK_BYTES (BATCH_MAX_BYTES / 4)

struct batch *batch_new(void)
{
    struct batch *b = mem_alloc(sizeof(*b));

    b->arena = arena_new(BLOCK_BYTES);
    return b;
}

void batch_clear(struct batch *b)
{
    arena_reset(b->arena);
    b->place = NULL;
    b->n = 0;
    b->bytes = 0;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    arena_free(b->arena);
    mem_free(b);
}

bool batch_full(const struct batch *b)
{
    return b->n == BATCH_MAX_DOCS || b->bytes >= BATCH_MAX_BYTES;
}

void batch_add(struct batch *b, const struct document *doc)
{
    assert(!batch_full(b));
    b->docs[b->n++] = (struct document){
        .id = arena_copy(b->arena, doc->id),
        .value = arena_copy(b->arena, doc->value),
        .source = arena_copy(b->arena, doc->source),
        .trusted = doc->trusted,
    };
    b->bytes += doc->id.n + doc->value.n + doc->source.n;
}
