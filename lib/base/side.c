/*
 * side.c - see side.h.
 *
 * DESIGN. A sorter whose rank is the hash of the key; a record is the entry up to its key, and the
 * key's text.
 */
#include "lib/base/side.h"

#include "lib/base/mem.h"

#define HEAD_BYTES offsetof(struct side_entry, key)

struct side {
    struct sorter *sorter;
    struct parts  *parts; /* NULL: not summed */
};

int slice_order(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int    order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

static void read_entry(struct slice data, struct side_entry *e)
{
    memcpy(e, data.p, HEAD_BYTES);
    e->key = slice_of(data.p + HEAD_BYTES, data.n - HEAD_BYTES);
}

static int order_entries(struct slice a, struct slice b)
{
    struct side_entry x;
    struct side_entry y;
    int               order;

    read_entry(a, &x);
    read_entry(b, &y);
    order = slice_order(x.key, y.key);
    if (order != 0)
        return order;
    return x.partition < y.partition ? -1 : x.partition > y.partition;
}

static void combine_entries(char *into, struct slice other)
{
    struct side_entry a;
    struct side_entry b;
    uint32_t          records;
    uint32_t          stays;

    memcpy(&a, into, HEAD_BYTES);
    memcpy(&b, other.p, HEAD_BYTES);
    records = a.records < UINT32_MAX - b.records ? a.records + b.records : UINT32_MAX;
    stays = (a.flags | b.flags) & SIDE_FAILED;
    if (a.records == 0 || (b.records > 0 && b.offset > a.offset))
        memcpy(&a, &b, HEAD_BYTES);
    a.records = records;
    a.flags |= stays;
    memcpy(into, &a, HEAD_BYTES);
}

struct side *side_new(size_t memory, struct spill *spill)
{
    struct side       *s = mem_alloc(sizeof(*s));
    struct sorter_conf conf = {
        .memory = memory, .spill = spill, .order = order_entries, .combine = combine_entries
    };

    s->sorter = sorter_new(&conf);
    return s;
}

struct side *side_new_summed(size_t memory, struct spill *spill)
{
    struct side *s = side_new(memory, spill);

    s->parts = parts_new(memory / 8);
    return s;
}

struct parts *side_parts(const struct side *s)
{
    return s->parts;
}

void side_free(struct side *s)
{
    if (!s)
        return;
    parts_free(s->parts);
    sorter_free(s->sorter);
    mem_free(s);
}

bool side_put(struct side *s, struct side_entry *e, struct err *err)
{
    e->hash = hash64(e->key);
    if (s->parts && e->records > 0)
        parts_add(s->parts, e->hash, e->partition, e->stands);
    return sorter_put(s->sorter, e->hash, slice_of((const char *)e, HEAD_BYTES), e->key, err);
}

bool side_rewind(struct side *s, struct err *err)
{
    return sorter_rewind(s->sorter, err);
}

bool side_next(struct side *s, struct side_entry *out, struct err *err)
{
    struct ranked r;

    out->key = (struct slice){ NULL, 0 };
    if (!sorter_next(s->sorter, &r, err))
        return false;
    if (r.data.p)
        read_entry(r.data, out);
    out->hash = r.rank;
    return true;
}

void side_rest(struct side *s)
{
    sorter_rest(s->sorter);
}

int side_order(const struct side_entry *a, const struct side_entry *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return slice_order(a->key, b->key);
}

uint64_t side_count(const struct side *s)
{
    return sorter_count(s->sorter);
}

size_t side_bytes(const struct side *s)
{
    return sorter_bytes(s->sorter) + parts_bytes(s->parts);
}
