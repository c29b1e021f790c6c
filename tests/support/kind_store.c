/*
 * kind_store.c - see kind_store.h.
 */
#include "tests/support/kind_store.h"

static void add_doc(struct kind_docs *d, const struct document *doc)
{
    if (d->n == d->capacity) {
        d->capacity = d->capacity > 0 ? d->capacity * 2 : 16;
        d->docs = mem_realloc(d->docs, d->capacity * sizeof(*d->docs));
    }
    d->docs[d->n++] = *doc;
}

static struct kind_docs *docs_of(struct kind_store *s, enum kind kind)
{
    return &s->kinds[kind == KIND_FLOW_LAST ? KIND_FLOW : kind];
}

static bool is_wanted(const struct store_query *q, const struct document *doc)
{
    for (size_t i = 0; i < q->n_ids; i++) {
        if (slice_eq(q->ids[i], doc->id))
            return true;
    }
    return !q->ids;
}

static bool kind_open_readers(struct store *base, const struct store_query *q, size_t max,
                              struct store_reader **out, size_t *n, struct err *err)
{
    struct kind_store     *s = (struct kind_store *)base;
    struct kind_docs      *docs = docs_of(s, q->kind);
    struct fake_store_conf conf = s->faults;

    if (q->n_ids > STORE_MAX_IDS)
        return err_set(err, ERR_BUG, "%zu ids asked for at once", q->n_ids);
    s->last = *q;
    s->n_opens++;
    s->chosen.n = 0;
    for (size_t i = 0; i < docs->n; i++) {
        if (is_wanted(q, &docs->docs[i]))
            add_doc(&s->chosen, &docs->docs[i]);
    }
    conf.docs = s->chosen.docs;
    conf.n_docs = s->chosen.n;
    fake_store_init(&s->readers, &conf);
    return s->readers.store.open_readers(&s->readers.store, q, max, out, n, err);
}

static bool kind_count(struct store *base, const struct store_query *q, struct store_counts *out,
                       struct err *err)
{
    struct kind_store *s = (struct kind_store *)base;

    (void)err;
    s->n_counts[q->kind]++;
    *out = (struct store_counts){ .total = docs_of(s, q->kind)->n };
    return true;
}

void kind_store_init(struct kind_store *s)
{
    memset(s, 0, sizeof(*s));
    /* describe, use, servers and close need no documents: those of the fake store do. */
    fake_store_init(&s->readers, &s->faults);
    s->store = s->readers.store;
    s->store.open_readers = kind_open_readers;
    s->store.count = kind_count;
}

void kind_store_release(struct kind_store *s)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        mem_free(s->kinds[kind].docs);
    mem_free(s->chosen.docs);
    memset(s, 0, sizeof(*s));
}

void kind_store_add(struct kind_store *s, enum kind kind, const struct document *doc)
{
    add_doc(docs_of(s, kind), doc);
}
