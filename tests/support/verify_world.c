/*
 * verify_world.c - see verify_world.h.
 */
#include "tests/support/verify_world.h"

#include "lib/base/clock.h"
#include "lib/kestra/key.h"
#include "tests/support/layout_files.h"
#include "tests/support/test.h"

#include <inttypes.h>

#define MAX_PLANTED  8192
#define MAX_SETTINGS 8
#define VALUE_MAX    (2u << 20)

static void must(const struct world *w, bool ok)
{
    if (!ok)
        fail_msg("%s", w->err.msg);
}

/* ---- entities ------------------------------------------------------------------------------ */

static void random_word(struct world *w, const char *prefix, char out[24])
{
    static const char *const ends[] = { "", "_x", "-y", ".z", "\xc3\xa9", "\xe6\xbc\xa2" };

    (void)snprintf(out, 24, "%s%08" PRIx32 "%s", prefix, (uint32_t)test_rand(&w->rand),
                   ends[test_below(&w->rand, COUNT_OF(ends))]);
}

static void name_keys(struct entity *e)
{
    const char *dash = e->tenant[0] ? "_" : "";

    switch (e->kind) {
    case KIND_FLOW_LAST:
        (void)snprintf(e->key, sizeof(e->key), "%s%s%s_%s", e->tenant, dash, e->namespace, e->id);
        (void)snprintf(e->store_id, sizeof(e->store_id), "%s_%d", e->key, e->revision);
        return;
    case KIND_FLOW:
        (void)snprintf(e->key, sizeof(e->key), "%s%s%s_%s_%d", e->tenant, dash, e->namespace, e->id,
                       e->revision);
        break;
    case KIND_TEMPLATE:
        (void)snprintf(e->key, sizeof(e->key), "%s%s%s_%s", e->tenant, dash, e->namespace, e->id);
        break;
    case KIND_TRIGGER:
        (void)snprintf(e->key, sizeof(e->key), "%s%s%s_%s_%s", e->tenant, dash, e->namespace,
                       e->flow, e->id);
        break;
    case KIND_EXECUTION:
    case KIND_SUBFLOW_LINK:
    case KIND_COUNT: (void)snprintf(e->key, sizeof(e->key), "%s", e->id); break;
    }
    (void)snprintf(e->store_id, sizeof(e->store_id), "%s", e->key);
}

struct entity *world_entity(struct world *w, enum kind kind)
{
    struct entity *e = arena_alloc(w->arena, sizeof(*e));

    *e = (struct entity){ .kind = kind, .revision = 2 + (int)test_below(&w->rand, 20) };
    if (test_below(&w->rand, 2))
        random_word(w, "acme", e->tenant);
    random_word(w, "io.", e->namespace);
    random_word(w, "i", e->id);
    random_word(w, "f", e->flow);
    name_keys(e);
    return e;
}

int32_t world_own(const struct entity *e)
{
    return key_partition(world_key(e), WORLD_PARTITIONS);
}

int32_t world_away(struct world *w, const struct entity *e)
{
    int by = 1 + (int)test_below(&w->rand, WORLD_PARTITIONS - 1);

    return (world_own(e) + by) % WORLD_PARTITIONS;
}

static void add_identity(struct buf *b, const struct entity *e)
{
    buf_add(b, "{");
    if (e->tenant[0])
        buf_add(b, "\"tenantId\":\"%s\",", e->tenant);
    buf_add(b, "\"namespace\":\"%s\",", e->namespace);
    if (e->kind != KIND_TRIGGER)
        buf_add(b, "\"id\":\"%s\",", e->id);
}

static void add_histories(struct buf *b, enum age age)
{
    static const char *const states[] = { "CREATED", "RUNNING", "PAUSED", "RESTARTED" };
    int                      n = 2 + (int)age;

    buf_add(b, "\"state\":{\"current\":\"%s\",\"histories\":[", states[n - 1]);
    for (int i = 0; i < n; i++)
        buf_add(b, "%s{\"state\":\"%s\",\"date\":\"2024-12-10T08:00:0%d.000Z\"}", i > 0 ? "," : "",
                states[i], i);
    buf_add(b, "]},");
}

struct slice world_json(struct world *w, const struct entity *e, enum age age, const char *note)
{
    struct buf   b;
    struct slice json;

    buf_init(&b, VALUE_MAX);
    add_identity(&b, e);
    switch (e->kind) {
    case KIND_FLOW_LAST:
    case KIND_FLOW:
        buf_add(&b, "\"revision\":%d,\"disabled\":false,\"deleted\":false,\"tasks\":[],",
                e->revision + (e->kind == KIND_FLOW ? 0 : (int)age - (int)CURRENT));
        break;
    case KIND_TEMPLATE: buf_add(&b, "\"tasks\":[],\"deleted\":false,"); break;
    case KIND_TRIGGER:
        buf_add(&b,
                "\"flowId\":\"%s\",\"triggerId\":\"%s\",\"date\":\"2024-12-10T08:00:00.000Z\","
                "\"updatedDate\":\"2024-12-10T08:00:0%d.220Z\",",
                e->flow, e->id, (int)age);
        break;
    case KIND_EXECUTION:
    case KIND_SUBFLOW_LINK:
    case KIND_COUNT:
        buf_add(&b, "\"flowId\":\"%s\",\"flowRevision\":%d,\"deleted\":false,", e->flow,
                e->revision);
        add_histories(&b, age);
        break;
    }
    buf_add(&b, "\"note\":\"%s\"}", note);
    json = arena_copy(w->arena, buf_slice(&b));
    buf_release(&b);
    return json;
}

static bool is_flow(enum kind kind)
{
    return kind == KIND_FLOW || kind == KIND_FLOW_LAST;
}

static struct document document_of(struct world *w, const struct entity *e, struct slice json)
{
    struct document doc = { .id = slice_str(e->store_id), .value = json };

    (void)w;
    if (is_flow(e->kind))
        doc.source = SLICE("id: x\n# its source\n");
    return doc;
}

struct slice world_value(struct world *w, const struct entity *e, enum age age, const char *note)
{
    struct entity     then = *e;
    struct document   doc;
    struct projection p;

    if (e->kind == KIND_FLOW_LAST)
        then.revision += (int)age - (int)CURRENT;
    name_keys(&then);
    doc = document_of(w, &then, world_json(w, e, age, note));
    project(w->projector, e->kind, &doc, &p);
    if (p.outcome != PROJECT_RECORD)
        fail_msg("%s: %s", reason_name(p.reason), p.detail);
    assert_true(slice_eq(p.record.key, world_key(e)));
    return arena_copy(w->arena, p.record.value);
}

/* ---- the two sides ------------------------------------------------------------------------- */

void world_store_json(struct world *w, const struct entity *e, struct slice json)
{
    struct document doc = document_of(w, e, json);

    kind_store_add(&w->store, e->kind, &doc);
}

void world_store(struct world *w, const struct entity *e, const char *note)
{
    world_store_json(w, e, world_json(w, e, CURRENT, note));
}

void world_put(struct world *w, enum kind kind, int32_t partition, struct slice key,
               struct slice value, int64_t *offset)
{
    planter_put(w->planter, w->conf.topics[kind], partition, key, value, offset);
    w->n_puts++;
    w->n_tombstones += value.p ? 0 : 1;
}

void world_put_current(struct world *w, const struct entity *e, const char *note)
{
    world_put(w, e->kind, world_own(e), world_key(e), world_value(w, e, CURRENT, note), NULL);
}

struct planted *world_plant(struct world *w, enum difference_class class, const struct entity *e,
                            int32_t partition)
{
    struct planted *p = arena_alloc(w->arena, sizeof(*p));

    *p = (struct planted){
        .class = class,
        .e = e,
        .key = e ? world_key(e) : world_none(),
        .partition = partition,
        .offset = -1,
        .no_identity = !e,
    };
    assert_true(w->n_planted < MAX_PLANTED);
    w->planted[w->n_planted++] = p;
    return p;
}

/* ---- fixtures ------------------------------------------------------------------------------ */

void world_topic(struct world *w, enum kind kind, const char *const *settings)
{
    struct topic_value values[MAX_SETTINGS];
    struct topic_wish  wish = { .partitions = WORLD_PARTITIONS, .replication = 1 };
    char               name[64];

    (void)snprintf(name, sizeof(name), "verify-%s-%" PRIx64, kind_name(kind), test_rand(&w->rand));
    wish.name = arena_str(w->arena, slice_str(name));
    for (; settings && settings[wish.n_configs]; wish.n_configs++) {
        const char *text = settings[wish.n_configs];
        const char *equals = strchr(text, '=');

        assert_true(equals && wish.n_configs < MAX_SETTINGS);
        values[wish.n_configs].name = arena_str(w->arena, slice_of(text, (size_t)(equals - text)));
        values[wish.n_configs].value = equals + 1;
    }
    wish.configs = values;
    must(w, admin_create(w->admin, &wish, 1, false, &w->err));
    w->conf.topics[kind] = wish.name;
    w->conf.partitions[kind] = WORLD_PARTITIONS;
}

static bool note_difference(void *ctx, const struct difference *d, struct err *err)
{
    struct world *w = ctx;
    struct seen  *s = &w->seen[w->n_seen++];

    assert_true(w->n_seen < MAX_PLANTED);
    *s = (struct seen){
        .class = d->class,
        .table = d->table ? arena_str(w->arena, slice_str(d->table)) : NULL,
        .topic = arena_str(w->arena, slice_str(d->topic)),
        .partition = d->partition,
        .offset = d->offset,
        .n_paths = d->n_paths,
        .explained = d->explained,
    };
    s->key = d->key.p ? arena_copy(w->arena, d->key) : d->key;
    s->tenant = d->tenant.p ? arena_copy(w->arena, d->tenant) : d->tenant;
    s->namespace = d->namespace.p ? arena_copy(w->arena, d->namespace) : d->namespace;
    s->id = d->id.p ? arena_copy(w->arena, d->id) : d->id;
    if (d->n_paths > 0) {
        const struct value_difference *v = d->paths;

        s->path = arena_copy(w->arena, v->path);
        s->store = v->store.p ? arena_copy(w->arena, v->store) : v->store;
        s->at_topic = v->topic.p ? arena_copy(w->arena, v->topic) : v->topic;
    }
    if (w->on_first && w->n_seen == 1)
        w->on_first(w);
    if (w->stop_after == w->n_seen)
        stop_ask(&w->stop);
    return w->fail_after != w->n_seen || err_set(err, ERR_OUTPUT, "the report is full");
}

static void note_skip(void *ctx, const struct skip *skip)
{
    struct world *w = ctx;

    (void)skip;
    w->n_skips++;
}

static void fill_conf(struct world *w)
{
    w->conf = (struct verify_conf){
        .store = &w->store.store,
        .layout = w->layout,
        .scope = &w->scope,
        .survey = &w->survey,
        .kafka = &w->kafka,
        .admin = w->admin,
        .jobs = 2,
        .memory = WORLD_MEMORY,
        .spill = &w->spill,
        .stop = &w->stop,
        .tally = w->tally,
        .consumed = &w->consumed,
        .on_skip = note_skip,
        .on_difference = note_difference,
        .ctx = w,
    };
}

int world_set_up(void **state)
{
    struct world *w = mem_alloc(sizeof(*w));

    w->rand = test_seed();
    w->arena = arena_new((size_t)64 * 1024);
    w->planted = mem_array(MAX_PLANTED, sizeof(struct planted *));
    w->seen = mem_array(MAX_PLANTED, sizeof(*w->seen));
    kind_store_init(&w->store);
    w->layout = layout_file("J");
    w->scope.kinds = KIND_ALL;
    w->scope.project.executions = EXECUTIONS_ALL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    w->kafka.brokers = getenv("REQUEUE_TEST_KAFKA");
    w->kafka.stop = &w->stop;
    must(w, admin_open(&w->kafka, &w->admin, &w->err));
    w->planter = planter_open(w->kafka.brokers, NULL);
    w->projector = projector_new(w->layout, &w->scope.project, NULL, NULL);
    w->spill.dir = "/tmp";
    fill_conf(w);
    *state = w;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *w = *state;

    planter_close(w->planter);
    admin_close(w->admin);
    projector_free(w->projector);
    survey_release(&w->survey);
    kind_store_release(&w->store);
    layout_free(w->layout);
    arena_free(w->arena);
    mem_free(w->planted);
    mem_free(w->seen);
    mem_free(w);
    return 0;
}

/* ---- running ------------------------------------------------------------------------------- */

static bool survey(struct world *w)
{
    survey_release(&w->survey);
    w->n_seen = 0;
    w->n_skips = 0;
    planter_flush(w->planter);
    return survey_run(&w->store.store, w->layout, &w->scope, 1, &w->stop, NULL, NULL, NULL,
                      &w->survey, &w->err);
}

bool world_verify(struct world *w, enum kind kind)
{
    struct side *expected = verify_side_new(&w->conf);
    bool         ok;

    ok = survey(w) && verify_store_side(&w->conf, kind, expected, &w->err) &&
         verify_topic(&w->conf, kind, expected, false, NULL, &w->result, w->ends, &w->err);
    side_free(expected);
    return ok;
}

/* What a rebuild keeps while it sends. */
struct ledger {
    struct sink  sink;
    struct side *expected;
    int64_t      n;
};

static bool enter(struct sink *s, const struct record *rec, enum reason *refused, struct err *err)
{
    struct ledger    *l = (struct ledger *)s;
    struct side_entry e = { .value = digest_bytes(DIGEST_TAG_RAW, rec->value),
                            .offset = l->n++,
                            .partition = key_partition(rec->key, WORLD_PARTITIONS),
                            .records = 1,
                            .key = rec->key };

    (void)refused;
    e.stands = e.value;
    return side_put(l->expected, &e, err);
}

bool world_prove(struct world *w, enum kind kind, const int64_t *from)
{
    struct ledger      l = { .sink = { .put = enter }, .expected = verify_side_new(&w->conf) };
    struct store_query q = survey_query(&w->scope, kind);
    struct pipeline    p = {
           .store = &w->store.store,
           .query = &q,
           .jobs = 1,
           .sink = &l.sink,
           .stop = &w->stop,
    };
    bool ok = survey(w);

    p.projector = projector_new(w->layout, &w->scope.project, w->survey.flows, w->survey.judge);
    ok = ok && pipeline_run(&p, &w->err) &&
         verify_topic(&w->conf, kind, l.expected, true, from, &w->result, w->ends, &w->err);
    projector_free(p.projector);
    side_free(l.expected);
    return ok;
}

/* ---- checking ------------------------------------------------------------------------------ */

static bool same_slice(struct slice a, struct slice b)
{
    return a.p && b.p ? slice_eq(a, b) : !a.p && !b.p;
}

static bool fits(const struct planted *p, const struct seen *s)
{
    return p->class == s->class && same_slice(p->key, s->key) && p->partition == s->partition &&
           p->offset == s->offset;
}

static void assert_text(struct slice seen, const char *wanted, bool none)
{
    if (none || !wanted[0]) {
        assert_null(seen.p);
        return;
    }
    assert_non_null(seen.p);
    assert_true(slice_eq(seen, slice_str(wanted)));
}

static void check_details(const struct planted *p, const struct seen *s)
{
    assert_text(s->tenant, p->e ? p->e->tenant : "", p->no_identity);
    assert_text(s->namespace, p->e ? p->e->namespace : "", p->no_identity);
    assert_text(s->id, p->e ? p->e->id : "", p->no_identity);
    assert_int_equal(s->table != NULL, p->in_store);
    if (p->path) {
        assert_true(s->n_paths > 0);
        assert_true(slice_eq(s->path, slice_str(p->path)));
    }
    if (p->class != DIFF_CHANGED && p->class != DIFF_STALE)
        assert_int_equal(s->n_paths, 0);
    if (p->explained) {
        assert_non_null(s->explained);
        assert_string_equal(s->explained, p->explained);
    } else {
        assert_null(s->explained);
    }
}

static void check_one(struct world *w, const struct seen *s)
{
    for (size_t i = 0; i < w->n_planted; i++) {
        struct planted *p = w->planted[i];

        if (p->found || !fits(p, s))
            continue;
        p->found = true;
        check_details(p, s);
        return;
    }
    fail_msg("not planted: %s of \"%.*s\" at %d@%lld", difference_name(s->class), SLICE_ARG(s->key),
             (int)s->partition, (long long)s->offset);
}

void world_check(struct world *w)
{
    uint64_t told[2][DIFF_CLASS_COUNT] = { { 0 } };

    for (size_t i = 0; i < w->n_planted; i++)
        w->planted[i]->found = false;
    for (size_t i = 0; i < w->n_seen; i++) {
        check_one(w, &w->seen[i]);
        told[w->seen[i].explained ? 1 : 0][w->seen[i].class]++;
    }
    for (size_t i = 0; i < w->n_planted; i++) {
        const struct planted *p = w->planted[i];

        if (!p->found)
            fail_msg("not told: %s of \"%.*s\" at %d@%lld", difference_name(p->class),
                     SLICE_ARG(p->key), (int)p->partition, (long long)p->offset);
    }
    assert_memory_equal(w->result.differences, told[0], sizeof(told[0]));
    assert_memory_equal(w->result.explained, told[1], sizeof(told[1]));
}
