/*
 * filestore.c - a dump as a store: file:PATH, one hit a line, plain or gzip (filescan.h).
 *
 * DESIGN. Every question is a pass over the file, which is proven to be the same one each time.
 * use() passes over all of it first: it finds the indices, which lines are copies of others
 * (filecopies.h), and every fault that the file has, before anything is done with it. Copies that
 * do not count are nowhere to be seen afterwards, in no count either.
 *
 * One reader, whatever max is: the file is one stream.
 */
#include "lib/store/filestore_internal.h"

#include "lib/base/hash.h"
#include "lib/store/index_names.h"
#include "lib/store/select.h"

#define FILE_MAX_INDICES 10000               /* names of indices that occur */
#define SAMPLE_HITS      20000               /* of a kind, in search of a member */
#define MARK_TAG         0x66696c652d6d726bu /* "file-mrk" */

struct file_reader {
    struct store_reader      base; /* first member */
    struct file_store       *store;
    struct store_query       query;
    enum kind                kind;
    struct selector         *selector;
    struct file_scan        *scan;
    const struct file_index *index; /* of the document at hand */
    struct document          doc;
    bool                     held; /* doc did not go into the last batch */
    bool                     ended;
    atomic_bool              cancelled;
};

bool file_begin_scan(struct file_store *s, struct file_scan **out, struct err *err)
{
    struct file_mark mark;

    if (!filescan_open(s->path, s->conf->stop, out, err))
        return false;
    mark = filescan_mark(*out);
    if (file_mark_same(&mark, &s->mark))
        return true;
    filescan_close(*out);
    *out = NULL;
    (void)err_set(err, ERR_STORE, "%s: changed since it was opened", s->path);
    return err_hint(err, "wait until the dump is written, then run again");
}

/* ---- describe, has -------------------------------------------------------------------------- */

static bool file_describe(struct store *base, struct store_info *out, struct err *err)
{
    struct file_store *s = (struct file_store *)base;
    struct file_scan  *scan;
    const struct hit  *hit;
    char               hex[33];
    bool               ok;

    memset(out, 0, sizeof(*out));
    if (!file_begin_scan(s, &scan, err))
        return false;
    ok = filescan_next(scan, &hit, err);
    out->grade = filescan_grade(scan);
    filescan_close(scan);
    (void)snprintf(out->product, sizeof(out->product), "file");
    if (snprintf(out->place, sizeof(out->place), "%s", s->path) >= (int)sizeof(out->place))
        text_cut(out->place, sizeof(out->place));
    digest_hex(digest_bytes(MARK_TAG, slice_of((const char *)&s->mark, sizeof(s->mark))), hex);
    (void)snprintf(out->identity, sizeof(out->identity), "%s", hex);
    return ok;
}

static bool has_member(const struct hit *hit, const char *member)
{
    const struct json_path path = { member, NULL };
    enum json_find_flags   flags = hit->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    struct json_value      found;
    struct err             err;

    return json_find(hit->source, &path, 1, flags, &found, &err) && found.type != JSON_ABSENT;
}

static bool file_has(struct store *base, const struct layout *layout, const char *what, bool *out,
                     struct err *err)
{
    struct file_store *s = (struct file_store *)base;
    const char        *member = NULL;
    enum kind          kind = index_hint_parse(what, &member);
    const char        *names;
    struct file_scan  *scan;
    const struct hit  *hit = NULL;
    size_t             n = 0;
    bool               ok;

    *out = false;
    if (kind == KIND_COUNT) {
        (void)err_set(err, ERR_USAGE, "hint '%s' cannot be understood", what);
        return err_hint(err, "for a dump it is member:KIND.M (schemas/README.md)");
    }
    names = index_name_of(layout, kind, &s->conf->search, s->arena);
    if (!names)
        return true;
    if (!file_begin_scan(s, &scan, err))
        return false;
    while ((ok = filescan_next(scan, &hit, err)) && hit && !*out && n < SAMPLE_HITS) {
        if (!index_name_matches(names, hit->index))
            continue;
        n++;
        *out = has_member(hit, member);
    }
    filescan_close(scan);
    return ok;
}

/* ---- use ------------------------------------------------------------------------------------ */

const struct file_index *file_find_index(const struct file_store *s, struct slice name,
                                         const struct file_index *last)
{
    if (last && slice_eq(slice_str(last->name), name))
        return last;
    for (size_t i = 0; i < s->n_indices; i++) {
        if (slice_eq(slice_str(s->indices[i].name), name))
            return &s->indices[i];
    }
    return NULL;
}

static const struct file_index *add_index(struct file_store *s, struct slice name, struct err *err)
{
    struct file_index *index = &s->indices[s->n_indices];

    if (s->n_indices == FILE_MAX_INDICES) {
        (void)err_set(err, ERR_STORE, "%s: holds more than %d indices", s->path, FILE_MAX_INDICES);
        (void)err_hint(err, "dump only the indices of Kestra's flows, templates, triggers and "
                            "executions");
        return NULL;
    }
    index->name = arena_str(s->arena, name);
    index->kinds = 0;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (s->names[kind] && index_name_matches(s->names[kind], name))
            index->kinds |= KIND_BIT(kind);
    }
    index->has_logs = index_name_matches(s->logs, name);
    s->n_indices++;
    return index;
}

/* All indices, all ids; and the grade, now that all lines were seen. */
static bool see_all(struct file_store *s, struct file_scan *scan, uint64_t *n_hits, struct err *err)
{
    const struct file_index *index = NULL;
    const struct hit        *hit = NULL;
    bool                     ok;

    while ((ok = filescan_next(scan, &hit, err)) && hit) {
        index = file_find_index(s, hit->index, index);
        if (!index)
            index = add_index(s, hit->index, err);
        if (!index)
            return false;
        ++*n_hits;
        for (int kind = 0; kind < KIND_COUNT; kind++) {
            if (index->kinds & KIND_BIT(kind))
                copies_see(s->copies, (enum kind)kind, hit->id);
        }
    }
    s->base.grade = filescan_grade(scan);
    s->base.sequential = true;
    return ok;
}

static bool weigh_all(struct file_store *s, struct file_scan *scan, struct err *err)
{
    const struct file_index *index = NULL;
    const struct hit        *hit = NULL;
    bool                     ok;

    while ((ok = filescan_next(scan, &hit, err)) && hit) {
        struct document doc = file_document(hit);

        index = file_find_index(s, hit->index, index);
        for (int kind = 0; index && kind < KIND_COUNT; kind++) {
            if (index->kinds & KIND_BIT(kind))
                copies_weigh(s->copies, (enum kind)kind, &doc, slice_str(index->name),
                             filescan_line(scan));
        }
    }
    return ok;
}

/* A dump with hits and none of Kestra's: some other prefix, or some other dump. */
static bool check_indices(const struct file_store *s, struct err *err)
{
    const char *executions = s->names[KIND_EXECUTION];

    for (size_t i = 0; i < s->n_indices; i++) {
        if (s->indices[i].kinds != 0)
            return true;
    }
    (void)err_set(
        err, ERR_STORE,
        "%s: none of its %zu indices (the first is %s) holds what is rebuilt; executions, "
        "for one, would be in %s",
        s->path, s->n_indices, s->indices[0].name, executions ? executions : "none");
    return err_hint(err, "name Kestra's index prefix, or the indices of a kind (--index "
                         "execution=NAME)");
}

/* Expressions by kind as it is stored; flow-last has none of its own. */
static bool name_indices(struct file_store *s, const struct layout *layout, struct err *err)
{
    s->logs = index_name_of_logs(layout, &s->conf->search, s->arena);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (!layout->kinds[kind].enabled || kind == KIND_FLOW_LAST ||
            !kind_is_stored((enum kind)kind))
            continue;
        s->names[kind] = index_name_of(layout, (enum kind)kind, &s->conf->search, s->arena);
        if (s->names[kind])
            continue;
        (void)err_set(err, ERR_USAGE, "%s: the layout does not say in which index %ss are",
                      layout->file, kind_name((enum kind)kind));
        return err_hint(err, "name it: --index %s=NAME", kind_name((enum kind)kind));
    }
    return true;
}

static bool file_use(struct store *base, const struct layout *layout, struct err *err)
{
    struct file_store *s = (struct file_store *)base;
    struct file_scan  *scan = NULL;
    uint64_t           n_hits = 0;
    bool               ok;

    ok = name_indices(s, layout, err) && file_begin_scan(s, &scan, err) &&
         see_all(s, scan, &n_hits, err) && (n_hits == 0 || check_indices(s, err));
    filescan_close(scan);
    if (!ok)
        return false;
    if (copies_any(s->copies)) {
        if (!file_begin_scan(s, &scan, err))
            return false;
        ok = weigh_all(s, scan, err);
        filescan_close(scan);
    }
    if (ok)
        s->layout = layout;
    return ok;
}

/* ---- reading -------------------------------------------------------------------------------- */

static struct file_reader *reader_new(struct file_store *s, const struct store_query *q,
                                      struct err *err)
{
    struct file_reader *r;
    enum kind           kind = kind_stored(q->kind);

    if (!s->layout || !s->layout->kinds[kind].enabled || !store_query_fits(q)) {
        (void)err_set(err, ERR_BUG, "the store was asked to read %ss in a way it cannot",
                      kind_name(q->kind));
        return NULL;
    }
    r = mem_alloc(sizeof(*r));
    r->store = s;
    r->query = *q;
    r->kind = kind;
    atomic_init(&r->cancelled, false);
    if (!file_begin_scan(s, &r->scan, err)) {
        mem_free(r);
        return NULL;
    }
    r->selector = selector_new(s->layout, &r->query);
    return r;
}

static void reader_close(struct store_reader *base)
{
    struct file_reader *r = (struct file_reader *)base;

    filescan_close(r->scan);
    selector_free(r->selector);
    mem_free(r);
}

/* The next document of the kind, of which this is the copy that counts; at the end r->ended. */
static bool next_document(struct file_reader *r, struct err *err)
{
    const struct file_store *s = r->store;
    const struct hit        *hit;

    for (;;) {
        if (atomic_load_explicit(&r->cancelled, memory_order_relaxed))
            return err_set(err, ERR_STOPPED, "stopped while reading %s", s->path);
        if (!filescan_next(r->scan, &hit, err))
            return false;
        r->ended = hit == NULL;
        if (r->ended)
            return true;
        r->index = file_find_index(s, hit->index, r->index);
        if (r->index && r->index->kinds & KIND_BIT(r->kind) &&
            copies_counts(s->copies, r->kind, hit->id, filescan_line(r->scan)))
            break;
    }
    r->doc = file_document(hit);
    return true;
}

static bool next_selected(struct file_reader *r, struct err *err)
{
    while (!r->ended) {
        if (!next_document(r, err))
            return false;
        if (!r->ended && selector_look(r->selector, &r->doc).selected) {
            selector_source(r->selector, &r->doc);
            return true;
        }
    }
    return true;
}

static bool reader_read(struct store_reader *base, struct batch *into, bool *end, struct err *err)
{
    struct file_reader *r = (struct file_reader *)base;

    *end = false;
    while (!batch_full(into)) {
        if (!r->held && !next_selected(r, err))
            return false;
        r->held = !r->ended;
        if (r->ended)
            break;
        /* One place a batch; what is larger than a batch travels alone. */
        if (into->n > 0 &&
            (into->place != r->index->name || r->doc.value.n + r->doc.source.n > BATCH_MAX_BYTES))
            return true;
        into->place = r->index->name;
        batch_add(into, &r->doc);
        r->held = false;
    }
    *end = r->ended;
    return true;
}

static void reader_cancel(struct store_reader *base)
{
    atomic_store(&((struct file_reader *)base)->cancelled, true);
}

static bool file_open_readers(struct store *base, const struct store_query *q, size_t max,
                              struct store_reader **out, size_t *n, struct err *err)
{
    struct file_reader *r = reader_new((struct file_store *)base, q, err);

    (void)max;
    if (!r)
        return false;
    r->base = (struct store_reader){ reader_read, reader_cancel, reader_close };
    out[0] = &r->base;
    *n = 1;
    return true;
}

static bool file_count(struct store *base, const struct store_query *q, struct store_counts *out,
                       struct err *err)
{
    struct file_reader *r = reader_new((struct file_store *)base, q, err);
    bool                ok;

    memset(out, 0, sizeof(*out));
    if (!r)
        return false;
    while ((ok = next_document(r, err)) && !r->ended) {
        struct selection what = selector_look(r->selector, &r->doc);

        selection_count(&what, out);
    }
    reader_close(&r->base);
    return ok;
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* A file knows of no servers. */
static bool file_servers(struct store *base, struct store_server *out, size_t *n,
                         unsigned *other_clients, struct err *err)
{
    (void)base;
    (void)out;
    (void)err;
    *n = 0;
    *other_clients = 0;
    return true;
}

static void file_close(struct store *base)
{
    struct file_store *s = (struct file_store *)base;

    copies_free(s->copies);
    arena_free(s->arena);
    mem_free(s->indices);
    mem_free(s);
}

/* file:PATH and file:///PATH */
static const char *path_of(const char *url)
{
    const char *path = url + strlen("file:");

    if (strncmp(path, "//", 2) == 0)
        path += path[2] == '/' ? 2 : strlen(path);
    return path;
}

bool file_open(const struct store_conf *conf, struct store **out, struct err *err)
{
    struct filelines  *lines;
    struct file_store *s;
    struct file_mark   mark;
    const char        *path = path_of(conf->url);

    if (!*path) {
        (void)err_set(err, ERR_USAGE, "the store's URL names no file");
        return err_hint(err,
                        "for example file:dump/kestra.json.gz or file:///var/dump/kestra.json");
    }
    if (!index_names_check(&conf->search, err) || !filelines_open(path, &lines, err))
        return false;
    mark = filelines_mark(lines);
    filelines_close(lines);
    s = mem_alloc(sizeof(*s));
    s->base = (struct store){
        .describe = file_describe,
        .has = file_has,
        .use = file_use,
        .count = file_count,
        .open_readers = file_open_readers,
        .servers = file_servers,
        .newest = file_newest,
        .links = file_links,
        .log_newest = file_log_newest,
        .log_names = file_log_names,
        .close = file_close,
    };
    s->conf = conf;
    s->path = path;
    s->mark = mark;
    s->arena = arena_new(4096);
    s->indices = mem_array(FILE_MAX_INDICES, sizeof(*s->indices));
    s->copies = copies_new();
    *out = &s->base;
    return true;
}
