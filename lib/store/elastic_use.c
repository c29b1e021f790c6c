/*
 * elastic_use.c - the indices of a layout: which there are, whole, and Kestra's
 * (elastic_internal.h).
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/hash.h"

#include "lib/base/log.h"
#include "lib/store/index_names.h"

#include <inttypes.h>

/* ---- helpers ---------------------------------------------------------------------------- */

static uint64_t number_of(struct slice text)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    return n;
}

static const char *join(struct arena *a, const char *x, const char *y, const char *z)
{
    size_t n = strlen(x) + strlen(y) + strlen(z) + 1;
    char  *out = arena_alloc(a, n);

    (void)snprintf(out, n, "%s%s%s", x, y, z);
    return out;
}

const char *es_search_path(const struct es_store *s, enum kind kind, const char *arguments,
                           struct arena *a)
{
    if (s->uses_pit)
        return join(a, "/_search?", arguments, "");
    return join(a, join(a, "/", es_path_text(slice_str(s->kinds[kind].expression), a), "/_search?"),
                arguments, "");
}

/* ---- which indices ---------------------------------------------------------------------- */

static enum store_health health_of(const struct json_node *row)
{
    struct slice health = es_text(row, "health");

    if (slice_eq(es_text(row, "status"), SLICE("close")))
        return STORE_CLOSED;
    if (slice_eq(health, SLICE("red")))
        return STORE_RED;
    return slice_eq(health, SLICE("yellow")) ? STORE_YELLOW : STORE_GREEN;
}

/* One index as _cat tells it. */
static void take_index(struct es_store *s, struct es_kind *k, const struct json_node *row)
{
    const char       *name = arena_str(s->arena, es_text(row, "index"));
    enum store_health health = health_of(row);

    if (health > k->health) {
        k->health = health;
        k->worst = name;
    }
    k->indices[k->n_indices++] = name;
    k->shards += (unsigned)number_of(es_text(row, "pri"));
}

/* Open, and able to answer for all shards? */
static bool check_health(const struct es_store *s, const struct es_kind *k, struct err *err)
{
    if (k->health < STORE_RED)
        return true;
    if (k->health == STORE_CLOSED) {
        (void)err_set(err, ERR_STORE, "%s: index %s is closed", s->name, k->worst);
        return err_hint(err, "open it: POST /%s/_open", k->worst);
    }
    (void)err_set(err, ERR_STORE, "%s: index %s is red: a primary shard is missing", s->name,
                  k->worst);
    return err_hint(err, "see GET _cluster/allocation/explain; a restore that still runs ends "
                         "by itself");
}

bool es_resolve(struct es_store *s, struct es_kind *k, struct err *err)
{
    struct es_asker         a = es_own(s, "listing indices");
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *root = NULL;
    const char *path = join(arena, "/_cat/indices/", es_path_text(slice_str(k->expression), arena),
                            "?format=json&h=index,status,health,pri&expand_wildcards=all");
    bool        ok = es_request_tree(&a, "GET", path, slice_of("", 0), arena, &root, err);

    k->n_indices = 0;
    k->shards = 0;
    k->health = STORE_GREEN;
    k->worst = NULL;
    k->knows_fields = false;
    if (!ok && a.answer->status == 404) {
        *err = ERR_INIT;
        ok = true;
        root = NULL;
    }
    if (ok && root && root->n > ES_MAX_INDICES)
        ok = err_set(err, ERR_STORE, "%s: %s stands for more than %d indices", s->name,
                     k->expression, ES_MAX_INDICES);
    k->indices = arena_alloc(s->arena, ((root ? root->n : 0) + 1) * sizeof(*k->indices));
    for (const struct json_node *row = root ? root->first : NULL; ok && row; row = row->next)
        take_index(s, k, row);
    arena_free(arena);
    return ok;
}

/* What there is instead, for a message. */
static void list_others(struct es_store *s, struct buf *out)
{
    struct es_asker         a = es_own(s, "listing indices");
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *root = NULL;
    struct err              why;
    size_t                  n = 0;

    if (es_request_tree(&a, "GET", "/_cat/indices?format=json&h=index&s=index", slice_of("", 0),
                        arena, &root, &why)) {
        for (const struct json_node *row = root->first; row && n < 8; row = row->next) {
            struct slice name = es_text(row, "index");

            if (name.n > 0 && name.p[0] != '.' && name.n < 128)
                buf_add(out, "%s%.*s", n++ ? ", " : "", SLICE_ARG(name));
        }
    }
    if (n == 0)
        buf_add(out, "none");
    arena_free(arena);
}

static bool no_index(struct es_store *s, const char *what, const char *expression, struct err *err)
{
    struct buf others;

    buf_init(&others, 4096);
    list_others(s, &others);
    (void)err_set(err, ERR_STORE, "%s: there is no index %s%s", s->name, expression, what);
    (void)err_hint(err, "indices there are: %s; see --index-prefix and --index", others.p);
    buf_release(&others);
    return false;
}

/* ---- mapping ---------------------------------------------------------------------------- */

static const struct field {
    const char *name;
    const char *type;
    const char *asked_by; /* for the message */
} es_fields[ES_FIELD_COUNT] = {
    [ES_NAMESPACE] = { "namespace", "keyword", "--namespace" },
    [ES_TENANT] = { "tenantId", "keyword", "--tenant" },
    [ES_START] = { "state.startDate", "date", "--since and --until" },
    [ES_STATE] = { "state.current", "keyword", "the state of executions" },
    [ES_DELETED_FIELD] = { "deleted", "boolean", "what is deleted" },
    [ES_TRIGGER_TYPE] = { "trigger.type", "keyword", "what started an execution" },
};

/* Without `deleted` nothing counts as deleted. */
static bool is_needed(const struct es_store *s, const struct store_query *q, enum es_field field)
{
    enum kind kind = kind_stored(q->kind);

    switch (field) {
    case ES_NAMESPACE: return q->namespace != NULL;
    case ES_TENANT: return q->tenant && s->layout->kinds[kind].has_tenant;
    case ES_START: return kind == KIND_EXECUTION && (q->since || q->until);
    case ES_STATE: return kind == KIND_EXECUTION;
    case ES_DELETED_FIELD:
    case ES_TRIGGER_TYPE: /* else every execution is looked at */
    case ES_FIELD_COUNT: break;
    }
    return false;
}

bool es_has_type(const struct json_node *fields, const char *name, const char *type)
{
    const struct json_node *types = json_get(fields, name);

    if (!types || types->n == 0)
        return false;
    for (const struct json_node *t = types->first; t; t = t->next)
        if (!slice_eq(t->name, slice_str(type)) && !slice_eq(t->name, SLICE("unmapped")))
            return false;
    return true;
}

static bool wrong_mapping(const struct es_store *s, const struct es_kind *k, const struct field *f,
                          struct err *err)
{
    (void)err_set(err, ERR_STORE,
                  "%s: %s does not map the field %s as %s, as Kestra does: %s cannot be asked for",
                  s->name, k->expression, f->name, f->type, f->asked_by);
    return err_hint(err, "was the index made without Kestra's mapping? Restore it from a snapshot, "
                         "or do without the option");
}

static bool ask_fields(struct es_store *s, struct es_kind *k, struct err *err)
{
    struct es_asker         a = es_own(s, "asking for the mapping");
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *root = NULL;
    const char             *path = join(arena, "/", es_path_text(slice_str(k->expression), arena),
                                        "/_field_caps?include_unmapped=true&fields=");
    bool                    ok;

    for (int i = 0; i < ES_FIELD_COUNT; i++)
        path = join(arena, path, i > 0 ? "," : "", es_fields[i].name);
    ok = es_request_tree(&a, "GET", path, slice_of("", 0), arena, &root, err);

    for (int i = 0; ok && i < ES_FIELD_COUNT; i++)
        k->has_field[i] =
            es_has_type(json_get(root, "fields"), es_fields[i].name, es_fields[i].type);
    k->has_deleted = k->has_field[ES_DELETED_FIELD];
    k->knows_fields = ok;
    arena_free(arena);
    return ok;
}

bool es_check_kind(struct es_store *s, const struct store_query *q, struct err *err)
{
    enum kind       kind = kind_stored(q->kind);
    struct es_kind *k = &s->kinds[kind];

    if (k->n_indices == 0) {
        char what[64];

        (void)snprintf(what, sizeof(what), ", where %ss should be", kind_name(kind));
        return no_index(s, what, k->expression, err);
    }
    if (!check_health(s, k, err))
        return false;
    if (!k->knows_fields && !ask_fields(s, k, err))
        return false;
    for (int i = 0; i < ES_FIELD_COUNT; i++)
        if (is_needed(s, q, (enum es_field)i) && !k->has_field[i])
            return wrong_mapping(s, k, &es_fields[i], err);
    return true;
}

/* ---- point in time ---------------------------------------------------------------------- */

/* An id is too long to be told, so it goes into a hash of all that were opened so far. */
static void name_snapshot(struct store *base, struct slice id)
{
    uint64_t both[2] = { hash64(slice_str(base->snapshot)), hash64(id) };

    (void)snprintf(base->snapshot, sizeof(base->snapshot), "pit-%016llx",
                   (unsigned long long)hash64(slice_of((const char *)both, sizeof(both))));
}

bool es_open_pit(struct es_store *s, const struct es_asker *a, enum kind kind, struct buf *id,
                 struct err *err)
{
    bool                    is_other = s->pit == ES_PIT_OPENSEARCH;
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *root = NULL;
    const char  *path = join(arena, "/", es_path_text(slice_str(s->kinds[kind].expression), arena),
                            is_other ? "/_search/point_in_time?keep_alive=" ES_PIT_KEEP
                                      : "/_pit?keep_alive=" ES_PIT_KEEP);
    struct slice text = { NULL, 0 };
    bool         ok = es_request_tree(a, "POST", path, slice_of("", 0), arena, &root, err);

    if (ok) {
        text = es_text(root, is_other ? "pit_id" : "id");
        buf_clear(id);
        ok = text.n > 0 && buf_append(id, text);
        if (!ok)
            (void)err_set(err, ERR_STORE, "%s: opening a point in time gave no id", s->name);
        else if (id == &s->kinds[kind].pit)
            name_snapshot(&s->base, text);
    }
    arena_free(arena);
    return ok;
}

/* ---- a look ----------------------------------------------------------------------------- */

/* How large are the documents? A few tell; where they are too large for one answer, fewer. */
static bool look_at_sizes(struct es_store *s, enum kind kind, struct err *err)
{
    struct es_kind     *k = &s->kinds[kind];
    struct es_asker     a = es_own(s, "looking at documents");
    struct arena       *arena = arena_new(1u << 14);
    unsigned            n = ES_FIRST_HITS;
    struct hits_page    hits;
    enum es_outcome     o = ES_TOO_BIG;
    struct http_request r = { .method = "POST", .repeatable = true };

    while (o == ES_TOO_BIG && n > 0) {
        char text[160];

        arena_reset(arena);
        (void)snprintf(text, sizeof(text), "/_search?size=%u&sort=_doc&track_total_hits=false", n);
        r.path = join(arena, "/", es_path_text(slice_str(k->expression), arena), text);
        o = es_ask(&a, &r, err);
        n /= 10;
    }
    if (o == ES_OK && hits_cut(buf_slice(&a.answer->body), arena, &hits, err) && hits.n > 0)
        k->mean_bytes = (double)a.answer->body.n / (double)hits.n;
    arena_free(arena);
    return o == ES_OK;
}

static bool count_docs(struct es_store *s, struct es_kind *k, struct err *err)
{
    struct es_asker         a = es_own(s, "counting documents");
    struct arena           *arena = arena_new(1u << 14);
    const struct json_node *root = NULL;
    const char *path = join(arena, "/", es_path_text(slice_str(k->expression), arena), "/_count");
    bool        ok = es_request_tree(&a, "GET", path, slice_of("", 0), arena, &root, err);

    if (ok)
        k->docs = number_of(es_text(root, "count"));
    arena_free(arena);
    return ok;
}

/* What was indexed a moment ago is to be seen. */
static bool refresh(struct es_store *s, const struct es_kind *k, struct err *err)
{
    struct es_asker a = es_own(s, "refreshing");
    struct arena   *arena = arena_new(1024);
    const char *path = join(arena, "/", es_path_text(slice_str(k->expression), arena), "/_refresh");
    bool        ok = es_request(&a, "POST", path, slice_of("", 0), err);

    arena_free(arena);
    if (ok || s->answer.status != 403)
        return ok;
    log_msg(LOG_WARN,
            "%s: no right to refresh %s: what was written in the last seconds may be missing",
            s->name, k->expression);
    return true;
}

/* Which kinds are selected is not known here: one that cannot be read is noted, and an error when
 * it is counted or read (es_check_kind). */
static bool use_kind(struct es_store *s, enum kind kind, struct err *err)
{
    struct es_kind *k = &s->kinds[kind];

    return es_resolve(s, k, err) &&
           (k->n_indices == 0 || k->health >= STORE_RED ||
            (refresh(s, k, err) && count_docs(s, k, err) && look_at_sizes(s, kind, err)));
}

static void tell_place(struct es_store *s, enum kind kind)
{
    const struct es_kind *k = &s->kinds[kind];

    s->places[s->base.n_places++] = (struct store_place){
        .kind = kind,
        .expression = k->expression,
        .n_indices = k->n_indices,
        .indices = k->indices,
        .health = k->health,
        .worst = k->worst,
        .docs = k->docs,
    };
    s->base.places = s->places;
}

/* Where every page comes from. */
static bool choose_way(struct es_store *s, struct err *err)
{
    bool wants = s->conf->search.read == STORE_READ_PIT;

    if (wants && s->pit == ES_NO_PIT) {
        (void)err_set(err, ERR_USAGE, "%s has no point in time to read from", s->name);
        return err_hint(err, "--read scroll, or leave --read out");
    }
    s->uses_pit = wants || (s->conf->search.read == STORE_READ_AUTO && s->pit == ES_PIT_ELASTIC);
    s->base.grade = s->uses_pit ? 'B' : 'C';
    return true;
}

bool es_use(struct store *base, const struct layout *layout, struct err *err)
{
    struct es_store *s = (struct es_store *)base;
    size_t           n = 0;

    s->layout = layout;
    if (!choose_way(s, err))
        return false;
    for (int k = 0; k < KIND_COUNT; k++) {
        if (!layout->kinds[k].enabled || !kind_is_stored((enum kind)k) ||
            kind_stored((enum kind)k) != (enum kind)k)
            continue;
        s->kinds[k].expression = index_name_of(layout, (enum kind)k, &s->conf->search, s->arena);
        if (!s->kinds[k].expression)
            return err_set(err, ERR_USAGE, "layout %s names no index for %ss", layout->name,
                           kind_name((enum kind)k));
        if (!use_kind(s, (enum kind)k, err))
            return false;
        tell_place(s, (enum kind)k);
        n += s->kinds[k].n_indices;
    }
    if (n > 0)
        return true;
    return no_index(s, ", nor any other of Kestra's", s->kinds[KIND_FLOW].expression, err);
}
