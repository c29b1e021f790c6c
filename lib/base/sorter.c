/*
 * sorter.c - see sorter.h.
 *
 * DESIGN. One mapping of conf.memory: records grow from its front, their pairs (rank, address)
 * from its end, like the lines of a database page; it is full when they meet. It is mapped, not
 * allocated, so that what is given back goes back to the system. Pairs are sorted in place, byte by
 * byte of the rank; ranks that are hashes are told apart by two or three bytes.
 *
 * SORTER_FAN_IN runs of one level are merged into one of the next level, so that there are never
 * many of them. What is in memory is one run more for the reader.
 */
#include "lib/base/sorter.h"

#include "lib/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SMALL_BUCKET 24
#define RANK_BITS    64

struct record {
    uint64_t n;
    char     data[];
};

struct pair {
    uint64_t       rank;
    struct record *record;
};

/* A run being read: on disk, or what is in memory. */
struct source {
    struct run   *run; /* NULL: memory */
    struct ranked next;
};

struct sorter {
    struct sorter_conf conf;
    char              *memory; /* NULL: none mapped */
    size_t             size;
    size_t             used; /* by records */
    size_t             n;    /* pairs */
    bool               sorted;
    size_t             most;
    uint64_t           count;

    struct run   **runs;
    unsigned      *levels; /* of each run; never rising */
    size_t         n_runs;
    size_t         max_runs;
    struct source *sources; /* a heap: the lowest record first */
    size_t         n_sources;
    size_t         at;  /* of the pairs, the next to be read */
    char          *out; /* the record handed out */
    size_t         out_size;
};

struct sorter *sorter_new(const struct sorter_conf *conf)
{
    struct sorter *s = mem_alloc(sizeof(*s));
    uint64_t       merge_from;

    s->conf = *conf;
    if (s->conf.memory < SORTER_MIN_MEMORY)
        s->conf.memory = SORTER_MIN_MEMORY;
    merge_from = SORTER_FAN_IN * (uint64_t)s->conf.memory / 2; /* half of it are pairs, or so */
    if (conf->spill->merge_from == 0 || merge_from < conf->spill->merge_from)
        conf->spill->merge_from = merge_from;
    return s;
}

static void unmap(struct sorter *s)
{
    if (s->memory)
        (void)munmap(s->memory, s->size);
    s->memory = NULL;
    s->size = s->used = s->n = 0;
    s->sorted = false;
}

static void map(struct sorter *s, size_t size)
{
    void *p;

    unmap(s);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        abort();
    s->memory = p;
    s->size = size;
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    unmap(s);
    for (size_t i = 0; i < s->n_runs; i++)
        run_free(s->runs[i]);
    mem_free(s->runs);
    mem_free(s->levels);
    mem_free(s->sources);
    mem_free(s->out);
    mem_free(s);
}

uint64_t sorter_count(const struct sorter *s)
{
    return s->count;
}

size_t sorter_bytes(const struct sorter *s)
{
    return s->most;
}

/* ---- in memory ----------------------------------------------------------------------------- */

static struct pair *pairs_of(const struct sorter *s)
{
    return (struct pair *)(void *)(s->memory + s->size) - s->n;
}

static struct slice data_of(const struct record *r)
{
    return slice_of(r->data, r->n);
}

static int order_pairs(const struct sorter *s, const struct pair *a, const struct pair *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return s->conf.order(data_of(a->record), data_of(b->record));
}

static void sift_down(const struct sorter *s, struct pair *p, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        struct pair swap = p[i];

        if (child + 1 < n && order_pairs(s, &p[child], &p[child + 1]) < 0)
            child++;
        if (order_pairs(s, &p[i], &p[child]) >= 0)
            return;
        p[i] = p[child];
        p[child] = swap;
    }
}

/* Few, or all of one rank. In place, as everything here. */
static void sort_few(const struct sorter *s, struct pair *p, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(s, p, n, i);
    for (size_t i = n; i-- > 1;) {
        struct pair swap = p[0];

        p[0] = p[i];
        p[i] = swap;
        sift_down(s, p, i, 0);
    }
}

static void insert_sort(const struct sorter *s, struct pair *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct pair x = p[i];
        size_t      k = i;

        for (; k > 0 && order_pairs(s, &x, &p[k - 1]) < 0; k--)
            p[k] = p[k - 1];
        p[k] = x;
    }
}

/* By the byte of the rank at bit `shift`, then each bucket by the bytes below it. */
/* NOLINTNEXTLINE(misc-no-recursion): at most eight deep */
static void sort_by_rank(const struct sorter *s, struct pair *p, size_t n, int shift)
{
    size_t ends[256] = { 0 };
    size_t begins[256];
    size_t sum = 0;

    if (n <= SMALL_BUCKET) {
        insert_sort(s, p, n);
        return;
    }
    if (shift < 0) {
        sort_few(s, p, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ends[(p[i].rank >> shift) & 255u]++;
    for (size_t b = 0; b < 256; b++) {
        begins[b] = sum;
        sum += ends[b];
        ends[b] = sum;
    }
    for (size_t b = 0; b < 256; b++) {
        for (size_t from = begins[b]; from < ends[b];) {
            size_t      to = (p[from].rank >> shift) & 255u;
            struct pair swap = p[from];

            if (to == b) {
                from = ++begins[b];
                continue;
            }
            p[from] = p[begins[to]];
            p[begins[to]++] = swap;
        }
    }
    for (size_t b = 0, from = 0; b < 256; from = ends[b++])
        sort_by_rank(s, p + from, ends[b] - from, shift - 8);
}

/* Sorted, and of equal records one. Those that are gone leave holes at the pairs' far end. */
static void sort_memory(struct sorter *s)
{
    struct pair *p = s->n > 0 ? pairs_of(s) : NULL;
    size_t       to = s->n;

    if (s->sorted || s->n == 0)
        return;
    sort_by_rank(s, p, s->n, RANK_BITS - 8);
    s->sorted = true;
    if (!s->conf.combine)
        return;
    for (size_t i = s->n; i-- > 0;) {
        if (to < s->n && order_pairs(s, &p[i], &p[to]) == 0)
            s->conf.combine(p[to].record->data, data_of(p[i].record));
        else
            p[--to] = p[i];
    }
    s->n -= to;
}

/* ---- merging ------------------------------------------------------------------------------- */

static int order_sources(const struct sorter *s, const struct source *a, const struct source *b)
{
    if (a->next.rank != b->next.rank)
        return a->next.rank < b->next.rank ? -1 : 1;
    return s->conf.order(a->next.data, b->next.data);
}

static void sink_source(struct sorter *s, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < s->n_sources; i = child) {
        struct source swap = s->sources[i];

        if (child + 1 < s->n_sources &&
            order_sources(s, &s->sources[child + 1], &s->sources[child]) < 0)
            child++;
        if (order_sources(s, &s->sources[i], &s->sources[child]) <= 0)
            return;
        s->sources[i] = s->sources[child];
        s->sources[child] = swap;
    }
}

static bool advance(struct sorter *s, struct source *from, struct err *err)
{
    const struct pair *p;

    if (from->run)
        return run_read(from->run, &from->next, err);
    from->next = (struct ranked){ .data = { NULL, 0 } };
    if (s->at < s->n) {
        p = &pairs_of(s)[s->at++];
        from->next = (struct ranked){ p->rank, data_of(p->record) };
    }
    return true;
}

static bool add_source(struct sorter *s, struct run *run, struct err *err)
{
    struct source *new = &s->sources[s->n_sources];

    *new = (struct source){ .run = run };
    if ((run && !run_rewind(run, err)) || !advance(s, new, err))
        return false;
    s->n_sources += new->next.data.p ? 1 : 0;
    return true;
}

/* The runs from `first` on, and with_memory what is in memory. */
static bool open_sources(struct sorter *s, size_t first, bool with_memory, struct err *err)
{
    mem_free(s->sources);
    s->sources = mem_array(s->n_runs + 1, sizeof(*s->sources));
    s->n_sources = 0;
    s->at = 0;
    for (size_t i = first; i < s->n_runs; i++)
        if (!add_source(s, s->runs[i], err))
            return false;
    if (with_memory && !add_source(s, NULL, err))
        return false;
    for (size_t i = s->n_sources / 2; i-- > 0;)
        sink_source(s, i);
    return true;
}

static bool pop_source(struct sorter *s, struct err *err)
{
    struct source *top = &s->sources[0];

    if (!advance(s, top, err))
        return false;
    if (!top->next.data.p)
        *top = s->sources[--s->n_sources];
    sink_source(s, 0);
    return true;
}

/* A copy, which equal records of other runs are combined into. */
static struct slice take_copy(struct sorter *s, struct slice data)
{
    if (data.n > s->out_size) {
        mem_free(s->out);
        s->out_size = data.n + data.n / 2 + 64;
        s->out = mem_realloc(NULL, s->out_size);
    }
    memcpy(s->out, data.p, data.n);
    return slice_of(s->out, data.n);
}

bool sorter_next(struct sorter *s, struct ranked *out, struct err *err)
{
    *out = (struct ranked){ .data = { NULL, 0 } };
    if (s->n_sources == 0)
        return true;
    *out = s->sources[0].next;
    out->data = take_copy(s, out->data);
    if (!pop_source(s, err))
        return false;
    while (s->conf.combine && s->n_sources > 0 && s->sources[0].next.rank == out->rank &&
           s->conf.order(s->sources[0].next.data, out->data) == 0) {
        s->conf.combine(s->out, s->sources[0].next.data);
        if (!pop_source(s, err))
            return false;
    }
    return true;
}

/* What the sources hold, into one run. */
static bool write_run(struct sorter *s, struct run **out, struct err *err)
{
    struct ranked rec;
    bool          ok = run_create(s->conf.spill, out, err);

    while (ok && (ok = sorter_next(s, &rec, err)) && rec.data.p)
        ok = run_write(*out, rec, err);
    return ok && run_rewind(*out, err);
}

static void add_run(struct sorter *s, struct run *run, unsigned level)
{
    if (s->n_runs == s->max_runs) {
        s->max_runs = s->max_runs * 2 + SORTER_FAN_IN;
        s->runs = mem_realloc(s->runs, s->max_runs * sizeof(struct run *));
        s->levels = mem_realloc(s->levels, s->max_runs * sizeof(*s->levels));
    }
    run_rest(run);
    s->levels[s->n_runs] = level;
    s->runs[s->n_runs++] = run;
}

/* The last runs become one while there are SORTER_FAN_IN of their level. */
static bool merge_runs(struct sorter *s, struct err *err)
{
    while (s->n_runs >= SORTER_FAN_IN) {
        size_t      first = s->n_runs - SORTER_FAN_IN;
        unsigned    level = s->levels[s->n_runs - 1];
        struct run *run = NULL;

        if (s->levels[first] != level)
            break;
        if (!open_sources(s, first, false, err) || !write_run(s, &run, err)) {
            run_free(run);
            return false;
        }
        while (s->n_runs > first)
            run_free(s->runs[--s->n_runs]);
        add_run(s, run, level + 1);
    }
    return true;
}

static bool spill_memory(struct sorter *s, struct err *err)
{
    struct run *run = NULL;

    sort_memory(s);
    if (!open_sources(s, s->n_runs, true, err) || !write_run(s, &run, err)) {
        run_free(run);
        return false;
    }
    add_run(s, run, 0);
    s->used = s->n = 0;
    s->sorted = false;
    return merge_runs(s, err);
}

/* ---- the manual's functions ---------------------------------------------------------------- */

static size_t record_bytes(size_t n)
{
    return (sizeof(struct record) + n + 7) & ~(size_t)7;
}

bool sorter_put(struct sorter *s, uint64_t rank, struct slice head, struct slice tail,
                struct err *err)
{
    size_t         n = head.n + tail.n;
    size_t         bytes = record_bytes(n);
    size_t         held = s->used + bytes + (s->n + 1) * sizeof(struct pair);
    struct record *r;

    if (s->n > 0 && held > s->size && !spill_memory(s, err))
        return false;
    if (s->n == 0 && (!s->memory || bytes + sizeof(struct pair) > s->size)) {
        size_t least = (bytes + sizeof(struct pair) + 4095) & ~(size_t)4095;

        map(s, least > s->conf.memory ? least : s->conf.memory & ~(size_t)4095);
    }
    r = (struct record *)(void *)(s->memory + s->used);
    r->n = n;
    memcpy(r->data, head.p, head.n);
    if (tail.n > 0)
        memcpy(r->data + head.n, tail.p, tail.n);
    s->used += bytes;
    s->n++;
    *pairs_of(s) = (struct pair){ rank, r };
    s->sorted = false;
    s->count++;
    s->conf.spill->put++;
    s->conf.spill->put_bytes += n + 16;
    if (s->used + s->n * sizeof(struct pair) > s->most)
        s->most = s->used + s->n * sizeof(struct pair);
    return true;
}

bool sorter_rewind(struct sorter *s, struct err *err)
{
    if (s->n_runs > 0) {
        if (s->n > 0 && !spill_memory(s, err))
            return false;
        unmap(s);
    }
    sort_memory(s);
    return open_sources(s, 0, s->n > 0, err);
}

void sorter_rest(struct sorter *s)
{
    mem_free(s->sources);
    s->sources = NULL;
    s->n_sources = 0;
    for (size_t i = 0; i < s->n_runs; i++)
        run_rest(s->runs[i]);
}
