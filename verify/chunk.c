/*
 * chunk.c - see chunk.h.
 */
#include "verify/chunk.h"

#include "lib/base/json.h"
#include "verify/age.h"
#include "verify/audit.h"

#define IDENTITY_MAX_BYTES 4096
#define ID_MAX_BYTES       1024 /* no store has a longer one, and a query is not endless */

/* Slices live in the chunk's arena, or with the candidate. */
struct item {
    const struct candidate *c;
    struct slice            id;      /* of the store; p NULL: the store is not asked */
    struct slice            value;   /* of the topic; p NULL: not read, or no longer there */
    unsigned                facts;   /* enum audit_fact */
    int64_t                 time_ms; /* of the topic's record; -1: not known */
    bool                    told;
};

/* Members of a document that name its entity. */
struct identity {
    struct buf tenant, namespace, id;
    bool       has_tenant, has_namespace, has_id, deleted;
};

struct chunk {
    const struct verify_conf *conf;
    enum kind                 kind;
    bool                      raw;
    struct comparer          *comparer;
    struct projector         *projector;
    struct verify_result     *result;

    struct arena *arena;
    size_t        bytes; /* of values */
    size_t        n;
    struct item   items[EXPLAIN_CHUNK];
    struct item  *by_id[EXPLAIN_CHUNK]; /* those that have an id, sorted by it */
    struct slice  ids[EXPLAIN_CHUNK];

    struct arena           *paths_arena; /* of one difference */
    struct value_difference paths[COMPARE_MAX_PATHS];
    struct identity         identity;
    struct buf              text;
};

static bool check_stop(const struct chunk *x, struct err *err)
{
    if (!stop_asked(x->conf->stop))
        return true;
    return err_set(err, ERR_STOPPED, "stopped while looking up differences");
}

/* ---- one difference ------------------------------------------------------------------------ */

static bool take_text(struct json_value v, struct buf *out)
{
    struct err unused;

    buf_clear(out);
    return v.type == JSON_STRING && json_text(v, out, &unused);
}

static void read_identity(struct identity *id, struct slice value)
{
    enum { TENANT, NAMESPACE, ID, TRIGGER_ID, DELETED, COUNT };
    static const struct json_path paths[COUNT] = {
        { "tenantId", NULL },  { "namespace", NULL }, { "id", NULL },
        { "triggerId", NULL }, { "deleted", NULL },
    };
    struct json_value found[COUNT];
    struct err        unused;

    id->has_tenant = id->has_namespace = id->has_id = id->deleted = false;
    if (!value.p || !json_find(value, paths, COUNT, JSON_FIND_ALL, found, &unused))
        return;
    id->has_tenant = take_text(found[TENANT], &id->tenant);
    id->has_namespace = take_text(found[NAMESPACE], &id->namespace);
    id->has_id = take_text(found[ID], &id->id) || take_text(found[TRIGGER_ID], &id->id);
    id->deleted = found[DELETED].type == JSON_BOOL && slice_eq(found[DELETED].raw, SLICE("true"));
}

static struct slice known(const struct buf *b, bool has)
{
    return has ? buf_slice(b) : (struct slice){ NULL, 0 };
}

/* A whole value for a report: as it is, or cut as comparer_explain cuts. */
static struct slice shorten(struct chunk *x, struct slice value)
{
    struct slice cut = slice_of(value.p, COMPARE_MAX_VALUE);
    bool         ok;

    if (!value.p || value.n <= COMPARE_MAX_VALUE)
        return value;
    while (cut.n > 0 && ((unsigned char)cut.p[cut.n] & 0xc0u) == 0x80u)
        cut.n--;
    buf_clear(&x->text);
    ok = json_quote(cut, &x->text);
    if (!ok || x->text.n == 0)
        return SLICE("\"...\"");
    x->text.n--; /* the closing quote */
    ok = buf_append(&x->text, SLICE("...\""));
    return ok ? arena_copy(x->paths_arena, buf_slice(&x->text)) : SLICE("\"...\"");
}

/* The difference has no path of its own: the whole document it is. */
static void whole_document(struct chunk *x, struct slice store, struct slice topic,
                           struct difference *d)
{
    x->paths[0].path = SLICE("");
    x->paths[0].store = shorten(x, store);
    x->paths[0].topic = shorten(x, topic);
    d->paths = x->paths;
    d->n_paths = 1;
}

static void find_newer(struct chunk *x, struct item *item, struct slice store, struct difference *d)
{
    if (!x->conf->audit && !x->conf->find_newer)
        return;
    d->newer = store.p && item->value.p && comparer_newer(x->comparer, store, item->value);
    item->facts |= d->newer ? FACT_TOPIC_NEWER : 0;
}

/* Both sides have the key, and their digests differ. */
static bool explain_values(struct chunk *x, struct item *item, struct slice store,
                           struct difference *d, struct err *err)
{
    struct slice topic = item->value;
    struct err   why;

    if (x->conf->no_lookups)
        return true;
    arena_reset(x->paths_arena);
    if (!store.p || !topic.p) {
        whole_document(x, store, topic, d);
        return true;
    }
    if (comparer_stale(x->comparer, store, topic))
        d->class = DIFF_STALE;
    else
        find_newer(x, item, store, d);
    d->paths = x->paths;
    if (!comparer_explain(x->comparer, store, topic, x->paths_arena, x->paths, &d->n_paths,
                          &d->more_paths, &why)) {
        if (why.kind != ERR_DATA) {
            *err = why;
            return false;
        }
        d->n_paths = 0;
    }
    /* A proof compares bytes, which can differ although they say the same. */
    if (d->n_paths == 0)
        whole_document(x, store, topic, d);
    return true;
}

/* A proof's digests are of raw bytes: whether the value is an object shows only now. */
static bool is_undecodable(struct chunk *x, const struct item *item)
{
    struct digest unused;
    struct err    why;

    return x->raw && item->value.p && !comparer_digest(x->comparer, item->value, &unused, &why);
}

/* Where the store has the kind, as far as is known without having read a document there. */
static const char *store_place(const struct chunk *x)
{
    const struct kind_layout *kinds = x->conf->layout->kinds;

    if (x->conf->places)
        return x->conf->places[x->kind];
    return kinds[x->kind].table ? kinds[x->kind].table : kinds[KIND_FLOW].table;
}

/* Of a revision that the store does not have: its flow is there, with lower ones only. */
static bool is_revision_ahead(struct chunk *x, struct slice key)
{
    const struct flow_index *flows = x->conf->survey ? x->conf->survey->flows : NULL;
    size_t                   separator = strlen(x->conf->layout->kinds[KIND_FLOW].key.separator);
    size_t                   n = key.n;
    int64_t                  revision;

    while (n > 0 && key.p[n - 1] >= '0' && key.p[n - 1] <= '9')
        n--;
    if (!flows || n <= separator || n == key.n || key.n - n > 18)
        return false;
    revision = strtoll(arena_str(x->arena, slice_of(key.p + n, key.n - n)), NULL, 10);
    key.n = n - separator;
    return flow_index_state(flows, key) != FLOW_UNKNOWN && revision > flow_index_last(flows, key);
}

static bool is_aged_out(struct chunk *x, struct slice store, int32_t partition)
{
    int64_t        retention = x->conf->retention_ms[x->kind];
    struct instant at;

    return retention > 0 && x->result->log && x->result->log[partition].start > 0 &&
           age_of_document(x->kind, store, &at) &&
           instant_diff_ns(at, clock_now()) / 1000000 > retention;
}

/* What an audit's rules ask of a difference, beside what is known of it already. */
static void find_facts(struct chunk *x, struct item *item, struct slice store,
                       const struct difference *d)
{
    const struct candidate *c = item->c;

    if (c->topic && c->topic->flags & SIDE_GONE)
        item->facts |= FACT_TOMBSTONE;
    if (!c->expected && x->identity.deleted)
        item->facts |= FACT_TOPIC_DELETED;
    if (d->class == DIFF_MISSING && is_aged_out(x, store, d->partition))
        item->facts |= FACT_AGED_OUT;
    if (x->kind == KIND_FLOW && !c->expected && is_revision_ahead(x, d->key))
        item->facts |= FACT_TOPIC_NEWER;
}

/* store: the projected value, p NULL when there is none. place: where its document was read. */
static bool tell_item(struct chunk *x, struct item *item, struct slice store, const char *place,
                      struct err *err)
{
    const struct candidate  *c = item->c;
    const struct side_entry *at = c->topic ? c->topic : c->expected;
    struct difference        d = {
               .kind = x->kind,
               .class = c->class,
               .key = candidate_key(c),
               .topic = x->conf->topics[x->kind],
               .partition = at->partition,
               .offset = c->topic ? c->topic->offset : -1,
               .stored = c->expected ? c->expected->value : (struct digest){ 0, 0 },
               .topic_ms = item->time_ms,
    };

    item->told = true;
    if (x->conf->find_ages)
        d.has_store_at = age_of_document(x->kind, store, &d.store_at);
    if (c->expected)
        d.table = place ? place : store_place(x);
    read_identity(&x->identity, store.p ? store : item->value);
    d.tenant = known(&x->identity.tenant, x->identity.has_tenant);
    d.namespace = known(&x->identity.namespace, x->identity.has_namespace);
    d.id = known(&x->identity.id, x->identity.has_id);
    if (is_undecodable(x, item))
        d.class = DIFF_UNDECODABLE;
    else if (c->class == DIFF_CHANGED && !explain_values(x, item, store, &d, err))
        return false;
    else if (c->class == DIFF_MISPLACED && x->conf->find_newer)
        find_newer(x, item, store, &d);
    if (x->conf->audit) {
        find_facts(x, item, store, &d);
        d.explained = audit_explain(x->kind, d.class, item->facts);
    }
    return explain_tell(x->conf, x->result, &d, err);
}

/* ---- the store's part of a chunk ----------------------------------------------------------- */

static int order_by_id(const void *a, const void *b)
{
    const struct item *const *x = a;
    const struct item *const *y = b;

    return slice_order((*x)->id, (*y)->id);
}

static struct item *find_item(struct chunk *x, size_t n_ids, struct slice id)
{
    size_t low = 0;
    size_t high = n_ids;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = slice_order(x->by_id[middle]->id, id);

        if (order == 0)
            return x->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool handle_document(struct chunk *x, size_t n_ids, const struct document *doc,
                            const char *place, struct err *err)
{
    struct item      *item = find_item(x, n_ids, doc->id);
    struct projection p;

    if (!item || item->told)
        return true;
    project(x->projector, x->kind, doc, &p);
    if (item->c->expected && p.outcome == PROJECT_RECORD)
        return tell_item(x, item, p.record.value, place, err);
    item->facts |= p.reason == REASON_DELETED ? FACT_STORE_DELETED : FACT_STORE_OTHER;
    return true;
}

static bool handle_batch(struct chunk *x, size_t n_ids, const struct batch *b, struct err *err)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!check_stop(x, err) || !handle_document(x, n_ids, &b->docs[i], b->place, err))
            return false;
    }
    return true;
}

static bool read_documents(struct chunk *x, size_t n_ids, struct store_reader *r, struct err *err)
{
    struct batch *b = batch_new();
    bool          end = false;
    bool          ok = true;

    while (ok && !end) {
        batch_clear(b);
        ok = check_stop(x, err) && r->read(r, b, &end, err) && handle_batch(x, n_ids, b, err);
    }
    batch_free(b);
    return ok;
}

static bool ask_store(struct chunk *x, size_t n_ids, struct err *err)
{
    struct store        *store = x->conf->store;
    struct store_query   q = survey_query(x->conf->scope, x->kind);
    struct store_reader *reader = NULL;
    size_t               n = 0;
    bool                 ok;

    q.ids = x->ids;
    q.n_ids = n_ids;
    /* Whether the store has it at all, whatever this run wants of it. */
    if (x->conf->audit)
        q.executions = EXECUTIONS_ALL;
    if (!store->open_readers(store, &q, 1, &reader, &n, err))
        return false;
    if (n == 0)
        return true;
    ok = read_documents(x, n_ids, reader, err);
    reader->close(reader);
    return ok;
}

bool chunk_flush(struct chunk *x, struct err *err)
{
    size_t n_ids = 0;
    bool   ok = check_stop(x, err);

    for (size_t i = 0; i < x->n; i++) {
        if (x->items[i].id.p)
            x->by_id[n_ids++] = &x->items[i];
    }
    qsort(x->by_id, n_ids, sizeof(struct item *), order_by_id);
    for (size_t i = 0; i < n_ids; i++)
        x->ids[i] = x->by_id[i]->id;
    if (ok && n_ids > 0)
        ok = ask_store(x, n_ids, err);
    for (size_t i = 0; ok && i < x->n; i++) {
        struct slice none = { NULL, 0 };

        ok = x->items[i].told || tell_item(x, &x->items[i], none, NULL, err);
    }
    x->n = 0;
    x->bytes = 0;
    arena_reset(x->arena);
    return ok;
}

/* ---- filling -------------------------------------------------------------------------------- */

/* The store's id of a flow-last key: that of the flow's highest revision. */
static struct slice last_revision_id(struct chunk *x, struct slice key, int64_t revision)
{
    const char *separator = x->conf->layout->kinds[KIND_FLOW].key.separator;

    buf_clear(&x->text);
    if (!buf_append(&x->text, key) || !buf_append(&x->text, slice_str(separator)) ||
        !buf_printf(&x->text, "%lld", (long long)revision))
        return (struct slice){ NULL, 0 };
    return arena_copy(x->arena, buf_slice(&x->text));
}

static void ask_about_flow(struct chunk *x, struct item *item)
{
    const struct flow_index *flows = x->conf->survey ? x->conf->survey->flows : NULL;
    struct slice             key = candidate_key(item->c);

    if (!flows || flow_index_state(flows, key) == FLOW_UNKNOWN)
        return;
    if (item->c->expected)
        item->id = last_revision_id(x, key, flow_index_last(flows, key));
    else
        item->facts |= FACT_STORE_OTHER; /* the index has read it: no need to ask again */
}

/* Decide whether the store is asked for a document, and by which id. */
static void ask_store_for(struct chunk *x, struct item *item)
{
    const struct candidate *c = item->c;

    if (x->conf->no_lookups || !kind_is_stored(x->kind) ||
        (!c->expected && !(x->conf->audit && audit_asks_store(x->kind, c->class))))
        return;
    if (x->kind == KIND_FLOW_LAST)
        ask_about_flow(x, item);
    else if (candidate_key(c).n <= ID_MAX_BYTES)
        item->id = candidate_key(c);
}

bool chunk_add(struct chunk *x, const struct candidate *c, struct slice value, int64_t time_ms,
               struct err *err)
{
    struct item *item = &x->items[x->n++];

    *item = (struct item){ .c = c, .time_ms = time_ms };
    ask_store_for(x, item);
    if (value.p) {
        item->value = arena_copy(x->arena, value);
        x->bytes += value.n;
    }
    if (x->n < EXPLAIN_CHUNK && x->bytes < EXPLAIN_BYTES)
        return true;
    return chunk_flush(x, err);
}

struct chunk *chunk_new(const struct verify_conf *conf, enum kind kind, bool raw,
                        struct comparer *comparer, struct verify_result *result)
{
    struct chunk *x = mem_alloc(sizeof(*x));

    x->conf = conf;
    x->kind = kind;
    x->raw = raw;
    x->comparer = comparer;
    x->result = result;
    x->projector = survey_projector(conf->survey, conf->layout, conf->scope);
    x->arena = arena_new((size_t)256 * 1024);
    x->paths_arena = arena_new((size_t)16 * 1024);
    buf_init(&x->text, (size_t)8 * COMPARE_MAX_VALUE + KEY_MAX_BYTES);
    buf_init(&x->identity.tenant, IDENTITY_MAX_BYTES);
    buf_init(&x->identity.namespace, IDENTITY_MAX_BYTES);
    buf_init(&x->identity.id, IDENTITY_MAX_BYTES);
    return x;
}

void chunk_free(struct chunk *x)
{
    projector_free(x->projector);
    arena_free(x->arena);
    arena_free(x->paths_arena);
    buf_release(&x->text);
    buf_release(&x->identity.tenant);
    buf_release(&x->identity.namespace);
    buf_release(&x->identity.id);
    mem_free(x);
}
