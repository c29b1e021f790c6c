/*
 * filestore_facts.c - evidence for verdicts out of a dump (filestore_internal.h).
 */
#include "lib/store/filestore_internal.h"

#include "lib/base/keyset.h"
#include "lib/store/logline.h"
#include "lib/store/newest.h"

static bool not_in_use(const struct file_store *s, size_t n, struct err *err)
{
    if (s->layout && n <= STORE_MAX_IDS)
        return false;
    (void)err_set(err, ERR_BUG, "the store was asked for evidence in a way it cannot");
    return true;
}

/* ---- newest -------------------------------------------------------------------------------- */

static void take_hit(const struct file_store *s, const struct file_index *index,
                     const struct hit *hit, uint64_t line, struct store_newest *out)
{
    struct document doc = file_document(hit);

    if (index->kinds & KIND_BIT(KIND_EXECUTION) &&
        copies_counts(s->copies, KIND_EXECUTION, hit->id, line))
        newest_take_execution(&out[NEWEST_EXECUTION], hit->source);
    if (index->kinds & KIND_BIT(KIND_TRIGGER) &&
        copies_counts(s->copies, KIND_TRIGGER, hit->id, line))
        newest_take_members(&out[NEWEST_TRIGGER], NEWEST_TRIGGER, &doc);
    if (index->has_logs)
        newest_take_members(&out[NEWEST_LOG], NEWEST_LOG, &doc);
}

bool file_newest(struct store *base, struct store_newest *out, size_t *n, struct err *err)
{
    struct file_store       *s = (struct file_store *)base;
    const struct file_index *index = NULL;
    const struct hit        *hit = NULL;
    struct file_scan        *scan;
    bool                     ok;

    *n = 0;
    if (not_in_use(s, 0, err) || !file_begin_scan(s, &scan, err))
        return false;
    newest_init(out);
    while ((ok = filescan_next(scan, &hit, err)) && hit) {
        index = file_find_index(s, hit->index, index);
        if (index)
            take_hit(s, index, hit, filescan_line(scan), out);
    }
    filescan_close(scan);
    *n = ok ? STORE_NEWEST_COUNT : 0;
    return ok;
}

/* ---- logs ---------------------------------------------------------------------------------- */

static bool has_logs(const struct file_store *s, struct err *err)
{
    for (size_t i = 0; i < s->n_indices; i++) {
        if (s->indices[i].has_logs)
            return true;
    }
    (void)err_set(err, ERR_STORE, "%s: holds no log lines: there is no index %s in it", s->path,
                  s->logs);
    return err_hint(err, "dump that index as well, name it with --index log=NAME, or do without "
                         "--with-logs");
}

typedef void (*line_fn)(void *ctx, const struct log_line *line);

static bool each_line(struct file_store *s, line_fn fn, void *ctx, struct err *err)
{
    const struct file_index *index = NULL;
    const struct hit        *hit = NULL;
    struct arena            *arena;
    struct file_scan        *scan;
    bool                     ok;

    if (!has_logs(s, err) || !file_begin_scan(s, &scan, err))
        return false;
    arena = arena_new(1u << 12);
    while ((ok = filescan_next(scan, &hit, err)) && hit) {
        struct document doc = file_document(hit);
        struct log_line line;

        index = file_find_index(s, hit->index, index);
        if (!index || !index->has_logs)
            continue;
        arena_reset(arena);
        if (log_line_read(&doc, arena, &line))
            fn(ctx, &line);
    }
    filescan_close(scan);
    arena_free(arena);
    return ok;
}

/* at: where it stands among the ids that were asked for. */
typedef void (*wanted_fn)(void *ctx, size_t at, const struct log_line *line);

struct wanted {
    struct keyset *ids;
    wanted_fn      fn;
    void          *ctx;
};

static void show_wanted(void *ctx, const struct log_line *line)
{
    const struct wanted       *w = ctx;
    const struct keyset_entry *entry = keyset_find(w->ids, line->execution, NULL);

    if (entry)
        w->fn(w->ctx, (size_t)entry->offset, line);
}

static bool each_wanted(struct file_store *s, const struct slice *ids, size_t n, wanted_fn fn,
                        void *ctx, struct err *err)
{
    struct wanted w = { keyset_new(), fn, ctx };
    bool          ok;

    for (size_t i = 0; i < n; i++)
        keyset_put(w.ids, ids[i], 0)->offset = (int64_t)i;
    ok = !not_in_use(s, n, err) && each_line(s, show_wanted, &w, err);
    keyset_free(w.ids);
    return ok;
}

struct teller {
    store_link_fn fn;
    void         *ctx;
};

static void tell_link(void *ctx, size_t at, const struct log_line *line)
{
    const struct teller *t = ctx;

    (void)at;
    if (line->child.p)
        t->fn(t->ctx, &(struct store_link){ line->child, line->execution, line->run });
}

bool file_links(struct store *base, const struct slice *parents, size_t n, store_link_fn fn,
                void *ctx, struct err *err)
{
    struct teller t = { fn, ctx };

    return each_wanted((struct file_store *)base, parents, n, tell_link, &t, err);
}

struct newest_line {
    bool           known;
    struct instant at;
};

static void keep_newest(void *ctx, size_t at, const struct log_line *line)
{
    struct newest_line *x = (struct newest_line *)ctx + at;

    if (!line->has_time || (x->known && instant_compare(line->at, x->at) <= 0))
        return;
    *x = (struct newest_line){ true, line->at };
}

bool file_log_newest(struct store *base, const struct slice *ids, size_t n, store_time_fn fn,
                     void *ctx, struct err *err)
{
    struct newest_line *newest = mem_array(n, sizeof(*newest));
    bool                ok;

    ok = each_wanted((struct file_store *)base, ids, n, keep_newest, newest, err);
    for (size_t i = 0; ok && i < n; i++) {
        if (newest[i].known)
            fn(ctx, ids[i], newest[i].at);
    }
    mem_free(newest);
    return ok;
}

struct namer {
    struct instant since;
    store_name_fn  fn;
    void          *ctx;
};

static void tell_name(void *ctx, const struct log_line *line)
{
    const struct namer *n = ctx;

    if (line->has_time && instant_compare(line->at, n->since) >= 0)
        n->fn(n->ctx,
              &(struct store_name){ line->execution, line->tenant, line->namespace, line->flow });
}

bool file_log_names(struct store *base, struct instant since, store_name_fn fn, void *ctx,
                    struct err *err)
{
    struct file_store *s = (struct file_store *)base;
    struct namer       n = { since, fn, ctx };

    return !not_in_use(s, 0, err) && each_line(s, tell_name, &n, err);
}
