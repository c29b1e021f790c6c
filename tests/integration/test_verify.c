/*
 * test_verify.c - every class of difference, planted into real topics, is told once and exactly.
 *
 * What verify makes of logs (transactions, compaction, empty topics) is in test_verify_logs.c.
 */
#include "tests/support/test.h"

#include "tests/support/rawkafka.h"
#include "tests/support/verify_world.h"

/* What becomes of an entity; the first part is in the store, the second is not. */
enum fate {
    FATE_FINE,
    FATE_SUPERSEDED, /* an older record, then the right one */
    FATE_REVIVED,    /* a tombstone, then the right one */
    FATE_MISSING,
    FATE_BURIED, /* the right one, then a tombstone */
    FATE_CHANGED,
    FATE_STALE,
    FATE_NEWER,
    FATE_MISPLACED,
    FATE_DUPLICATED,
    FATE_BAD_VALUE,
    FATE_EXTRA,
    FATE_EXTRA_BURIED,
    FATE_EXTRA_MISPLACED,
    FATE_EXTRA_DUPLICATED,
    FATE_EXTRA_BAD,
    FATE_COUNT,
};

#define N_ENTITIES 120

static bool has_ages(enum kind kind)
{
    return kind == KIND_FLOW_LAST || kind == KIND_TRIGGER || kind == KIND_EXECUTION;
}

static struct slice bad_value(struct world *w)
{
    static const char *const values[] = { "no json", "[{}]", "\"text\"",        "",
                                          "{\"a\":", "null", "{\"a\":\"\xff\"}" };

    return slice_str(values[test_below(&w->rand, COUNT_OF(values))]);
}

/* Put a record in the entity's own partition or elsewhere, which is where a difference of this
 * class will be told. */
static struct planted *put_wrong(struct world        *w, enum difference_class class,
                                 const struct entity *e, int32_t partition, struct slice value)
{
    struct planted *p = world_plant(w, class, e, partition);

    world_put(w, e->kind, partition, world_key(e), value, &p->offset);
    p->in_store = true;
    return p;
}

static void put_other_age(struct world *w, const struct entity *e, enum age age)
{
    bool            stale = age == OLDER && has_ages(e->kind);
    struct planted *p = put_wrong(w, stale ? DIFF_STALE : DIFF_CHANGED, e, world_own(e),
                                  world_value(w, e, age, has_ages(e->kind) ? "x" : "y"));

    if (!has_ages(e->kind))
        p->path = "/note";
    else if (e->kind == KIND_FLOW_LAST)
        p->path = "/revision";
    else if (e->kind == KIND_TRIGGER)
        p->path = "/updatedDate";
}

static void put_stored(struct world *w, const struct entity *e, enum fate fate)
{
    struct slice right = world_value(w, e, CURRENT, "x");

    switch ((int)fate) {
    case FATE_SUPERSEDED:
        world_put(w, e->kind, world_own(e), world_key(e), world_value(w, e, OLDER, "z"), NULL);
        break;
    case FATE_REVIVED: world_put(w, e->kind, world_own(e), world_key(e), world_none(), NULL); break;
    case FATE_MISSING: world_plant(w, DIFF_MISSING, e, world_own(e))->in_store = true; return;
    case FATE_BURIED:
        world_put_current(w, e, "x");
        (void)put_wrong(w, DIFF_MISSING, e, world_own(e), world_none());
        return;
    case FATE_CHANGED:
        put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "y"))->path =
            "/note";
        return;
    case FATE_STALE: put_other_age(w, e, OLDER); return;
    case FATE_NEWER: put_other_age(w, e, NEWER); return;
    case FATE_MISPLACED: (void)put_wrong(w, DIFF_MISPLACED, e, world_away(w, e), right); return;
    case FATE_DUPLICATED: (void)put_wrong(w, DIFF_DUPLICATED, e, world_away(w, e), right); break;
    case FATE_BAD_VALUE:
        world_put_current(w, e, "x");
        (void)put_wrong(w, DIFF_UNDECODABLE, e, world_own(e), bad_value(w));
        return;
    default: break;
    }
    world_put_current(w, e, "x");
}

static void put_foreign(struct world *w, const struct entity *e, enum fate fate)
{
    struct slice value = world_value(w, e, CURRENT, "x");

    switch ((int)fate) {
    case FATE_EXTRA: put_wrong(w, DIFF_EXTRA, e, world_own(e), value)->in_store = false; return;
    case FATE_EXTRA_BURIED:
        world_put_current(w, e, "x");
        world_put(w, e->kind, world_own(e), world_key(e), world_none(), NULL);
        return;
    case FATE_EXTRA_MISPLACED:
        put_wrong(w, DIFF_MISPLACED, e, world_away(w, e), value)->in_store = false;
        return;
    case FATE_EXTRA_DUPLICATED:
        world_put_current(w, e, "x");
        put_wrong(w, DIFF_DUPLICATED, e, world_away(w, e), value)->in_store = false;
        return;
    default: {
        struct planted *p = put_wrong(w, DIFF_UNDECODABLE, e, world_own(e), bad_value(w));

        p->in_store = false;
        p->no_identity = true;
    }
    }
}

/* A record whose key is none. */
static void put_keyless(struct world *w, enum kind kind, struct slice key, struct slice value)
{
    int32_t         partition = (int32_t)test_below(&w->rand, WORLD_PARTITIONS);
    struct planted *p = world_plant(w, DIFF_UNDECODABLE, NULL, partition);

    p->key = key;
    world_put(w, kind, partition, key, value, &p->offset);
}

/* At least one entity for each fate, the others by chance. */
static void plant_all(struct world *w, enum kind kind)
{
    for (int i = 0; i < N_ENTITIES; i++) {
        struct entity *e = world_entity(w, kind);
        enum fate fate = (enum fate)(i < FATE_COUNT ? (size_t)i : test_below(&w->rand, FATE_COUNT));

        if (fate < FATE_EXTRA) {
            world_store(w, e, "x");
            put_stored(w, e, fate);
        } else {
            put_foreign(w, e, fate);
        }
    }
    put_keyless(w, kind, world_none(), SLICE("{}"));
    put_keyless(w, kind, world_none(), world_none());
    put_keyless(w, kind, SLICE("\xff\xfe"), SLICE("{\"id\":\"a\"}"));
    put_keyless(w, kind, SLICE("ab\xc3"), SLICE("{}"));
}

static uint64_t span_of(const struct world *w)
{
    int64_t sum = 0;

    for (int i = 0; i < WORLD_PARTITIONS; i++)
        sum += w->ends[i].stable - w->ends[i].start;
    return (uint64_t)sum;
}

static void each_class_is_told(void **state, enum kind kind)
{
    struct world *w = *state;

    world_topic(w, kind, NULL);
    plant_all(w, kind);
    if (!world_verify(w, kind))
        fail_msg("%s", w->err.msg);
    world_check(w);
    assert_int_equal(w->result.topic.records, w->n_puts);
    assert_int_equal(w->result.topic.tombstones, w->n_tombstones - 1); /* one has no key */
    assert_int_equal(w->result.topic.span, span_of(w));
    assert_int_equal(atomic_load(&w->consumed), w->n_puts);
    assert_int_equal(w->result.open_transactions, 0);
    assert_int_equal(w->result.outside, 0);
    assert_int_equal(verify_differences(&w->result), w->n_planted);
    assert_true(w->result.memory_bytes > 0);
    assert_int_equal(w->n_skips, 0);
}

static void each_class_is_told_of_flow_last(void **state)
{
    each_class_is_told(state, KIND_FLOW_LAST);
}

static void each_class_is_told_of_flow(void **state)
{
    each_class_is_told(state, KIND_FLOW);
}

static void each_class_is_told_of_template(void **state)
{
    each_class_is_told(state, KIND_TEMPLATE);
}

static void each_class_is_told_of_trigger(void **state)
{
    each_class_is_told(state, KIND_TRIGGER);
}

static void each_class_is_told_of_execution(void **state)
{
    each_class_is_told(state, KIND_EXECUTION);
}

static void must_verify(struct world *w, enum kind kind)
{
    if (!world_verify(w, kind))
        fail_msg("%s", w->err.msg);
    world_check(w);
}

static void a_topic_that_says_the_same_in_other_words_has_no_difference(void **state)
{
    struct world  *w = *state;
    struct entity *e = world_entity(w, KIND_EXECUTION);
    char           text[512];

    world_topic(w, KIND_EXECUTION, NULL);
    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"%s\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"deleted\":false,\"state\":{\"current\":\"CREATED\",\"histories\":[]},"
                   "\"parentId\":null,\"cost\":90.0}",
                   e->id);
    world_store_json(w, e, arena_copy(w->arena, slice_str(text)));
    (void)snprintf(text, sizeof(text),
                   "{ \"cost\": 90.000000000, \"deleted\": false, \"flowId\": \"f\", "
                   "\"flowRevision\": 1, \"namespace\": \"\\u006e\", \"id\": \"%s\", "
                   "\"state\": {\"histories\": [], \"current\": \"CREATED\"}}",
                   e->id);
    world_put(w, KIND_EXECUTION, world_own(e), world_key(e), slice_str(text), NULL);
    must_verify(w, KIND_EXECUTION);
    assert_int_equal(w->result.topic.same_bytes, 0);
}

static void only_the_stores_bytes_of_the_same_key_are_not_digested_again(void **state)
{
    struct world  *w = *state;
    struct entity *same = world_entity(w, KIND_TEMPLATE);
    struct entity *other;

    do /* not in one part */
        other = world_entity(w, KIND_TEMPLATE);
    while (hash64(world_key(other)) >> 52 == hash64(world_key(same)) >> 52);
    world_topic(w, KIND_TEMPLATE, NULL);
    world_store(w, same, "x");
    world_store(w, other, "x");
    world_put_current(w, same, "x");
    w->conf.no_lookups = true;
    put_wrong(w, DIFF_CHANGED, other, world_own(other), world_value(w, same, CURRENT, "x"))
        ->no_identity = true;
    must_verify(w, KIND_TEMPLATE);
    assert_int_equal(w->result.topic.same_bytes, 1);
}

/* The same with a blank more. */
static struct slice other_spelling(struct world *w, const struct entity *e)
{
    struct slice value = world_value(w, e, CURRENT, "x");
    char        *text = arena_alloc(w->arena, value.n + 2);

    (void)snprintf(text, value.n + 2, "{ %.*s", (int)value.n - 1, value.p + 1);
    return slice_of(text, value.n + 1);
}

/* So many that the first look at the topic is given up. */
static void a_topic_with_other_bytes_throughout_is_compared_by_what_it_says(void **state)
{
    struct world  *w = *state;
    struct entity *e;
    enum { N = 400 };

    world_topic(w, KIND_TRIGGER, NULL);
    for (int i = 0; i < N; i++) {
        e = world_entity(w, KIND_TRIGGER);
        world_store(w, e, "x");
        world_put(w, KIND_TRIGGER, world_own(e), world_key(e), other_spelling(w, e), NULL);
    }
    put_keyless(w, KIND_TRIGGER, world_none(), SLICE("{}"));
    e = world_entity(w, KIND_TRIGGER);
    world_store(w, e, "x");
    put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "y"))->path = "/note";
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->result.topic.same_bytes, 0);
    assert_int_equal(w->result.topic.records, N + 2);
    assert_int_equal(w->result.topic.keys, N + 1);
}

static void a_topic_with_the_stores_bytes_is_read_once_and_not_folded(void **state)
{
    struct world *w = *state;
    enum { N = 400 };

    world_topic(w, KIND_TRIGGER, NULL);
    for (int i = 0; i < N; i++) {
        struct entity *e = world_entity(w, KIND_TRIGGER);

        world_store(w, e, "x");
        world_put_current(w, e, "x");
    }
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->result.topic.same_bytes, N);
    assert_int_equal(w->result.topic.keys, N);
    assert_int_equal(w->result.expected, N);
    assert_int_equal(atomic_load(&w->consumed), N);
}

static void both_values_of_a_changed_member_are_told(void **state)
{
    struct world  *w = *state;
    struct entity *e = world_entity(w, KIND_TEMPLATE);

    world_topic(w, KIND_TEMPLATE, NULL);
    world_store(w, e, "left");
    put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "right"))->path =
        "/note";
    must_verify(w, KIND_TEMPLATE);
    assert_int_equal(w->seen[0].n_paths, 1);
    assert_true(slice_eq(w->seen[0].store, SLICE("\"left\"")));
    assert_true(slice_eq(w->seen[0].at_topic, SLICE("\"right\"")));
    assert_string_equal(w->seen[0].table, FAKE_PLACE);
    assert_string_equal(w->seen[0].topic, w->conf.topics[KIND_TEMPLATE]);
}

/* More than two chunks, in stretches that are far apart. */
static void many_differences_far_apart_are_all_told(void **state)
{
    struct world *w = *state;
    enum { N = 2300, FILLER = 21000 };

    world_topic(w, KIND_TRIGGER, NULL);
    for (int i = 0; i < N; i++) {
        struct entity *e = world_entity(w, KIND_TRIGGER);

        world_store(w, e, "x");
        put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "y"))->path =
            "/note";
        if (i == N / 2) {
            struct entity *same = world_entity(w, KIND_TRIGGER);

            world_store(w, same, "x");
            for (int j = 0; j < FILLER * WORLD_PARTITIONS; j++)
                world_put(w, KIND_TRIGGER, j % WORLD_PARTITIONS, world_key(same),
                          j == world_own(same) ? SLICE("{}") : world_none(), NULL);
            world_put_current(w, same, "x");
        }
    }
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->result.differences[DIFF_CHANGED], N);
    /* one for the store's side, one for each chunk of a thousand */
    assert_int_equal(w->store.n_opens, 1 + 3 + 1);
}

static void large_values_are_told_in_chunks_of_bounded_size(void **state)
{
    struct world *w = *state;
    enum { N = 40, SIZE = 900000 };
    char *note = mem_alloc(SIZE + 1);

    world_topic(w, KIND_EXECUTION, NULL);
    memset(note, 'n', SIZE);
    for (int i = 0; i < N; i++) {
        struct entity *e = world_entity(w, KIND_EXECUTION);

        world_store(w, e, "x");
        put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, note))->path =
            "/note";
        if (i % 10 == 9)
            planter_flush(w->planter);
    }
    must_verify(w, KIND_EXECUTION);
    mem_free(note);
    /* 36 MB of values: three chunks, beside the survey's pass and the store's side */
    assert_int_equal(w->store.n_opens, 2 + 3);
}

static void a_partial_scope_counts_the_keys_of_others(void **state)
{
    struct world  *w = *state;
    struct entity *ours = world_entity(w, KIND_TEMPLATE);
    struct entity *wrong = world_entity(w, KIND_TEMPLATE);

    world_topic(w, KIND_TEMPLATE, NULL);
    w->conf.keys_only_ours = true;
    world_store(w, ours, "x");
    world_put_current(w, ours, "x");
    world_store(w, wrong, "x");
    (void)put_wrong(w, DIFF_MISPLACED, wrong, world_away(w, wrong),
                    world_value(w, wrong, CURRENT, "x"));
    for (int i = 0; i < 7; i++)
        world_put_current(w, world_entity(w, KIND_TEMPLATE), "x");
    must_verify(w, KIND_TEMPLATE);
    assert_int_equal(w->result.outside, 7);
    assert_int_equal(w->result.expected, 2);
}

static void without_look_ups_only_keys_and_classes_are_told(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_TRIGGER);
    struct entity  *extra = world_entity(w, KIND_TRIGGER);
    struct planted *p;

    world_topic(w, KIND_TRIGGER, NULL);
    w->conf.no_lookups = true;
    world_store(w, e, "x");
    put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, OLDER, "x"))->no_identity = true;
    p = put_wrong(w, DIFF_EXTRA, extra, world_own(extra), world_value(w, extra, CURRENT, "x"));
    p->in_store = false;
    p->no_identity = true;
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->seen[0].n_paths, 0);
    assert_int_equal(w->store.n_opens, 2); /* survey and store's side */
}

static void a_document_that_the_store_lost_meanwhile_is_told_with_what_is_known(void **state)
{
    struct world  *w = *state;
    struct entity *e = world_entity(w, KIND_TEMPLATE);
    struct side   *expected = verify_side_new(&w->conf);

    world_topic(w, KIND_TEMPLATE, NULL);
    world_store(w, e, "x");
    put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "y"))->path = "";
    planter_flush(w->planter);
    assert_true(verify_store_side(&w->conf, KIND_TEMPLATE, expected, &w->err));
    w->store.kinds[KIND_TEMPLATE].n = 0;
    assert_true(
        verify_topic(&w->conf, KIND_TEMPLATE, expected, false, NULL, &w->result, NULL, &w->err));
    side_free(expected);
    world_check(w);
    assert_null(w->seen[0].store.p);
    assert_non_null(w->seen[0].at_topic.p);
}

static void a_document_that_comes_twice_is_not_expected_and_told(void **state)
{
    struct world  *w = *state;
    struct entity *twice = world_entity(w, KIND_TRIGGER);
    struct entity *once = world_entity(w, KIND_TRIGGER);

    world_topic(w, KIND_TRIGGER, NULL);
    world_store(w, twice, "x");
    world_store(w, twice, "y");
    world_store(w, once, "x");
    world_put_current(w, once, "x");
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->n_skips, 1);
    assert_int_equal(w->result.expected, 1);
    assert_int_equal(atomic_load(&w->tally[KIND_TRIGGER].reasons[REASON_KEY_COLLISION]), 1);
}

/* As often, and with the same bytes: all the same the record may not be there. */
static void a_document_that_comes_twice_is_extra_also_when_the_topic_has_both(void **state)
{
    struct world   *w = *state;
    struct entity  *twice = world_entity(w, KIND_TRIGGER);
    struct planted *p;

    world_topic(w, KIND_TRIGGER, NULL);
    world_store(w, twice, "x");
    world_store(w, twice, "y");
    world_put_current(w, twice, "x");
    p = put_wrong(w, DIFF_EXTRA, twice, world_own(twice), world_value(w, twice, CURRENT, "y"));
    p->in_store = false;
    must_verify(w, KIND_TRIGGER);
    assert_int_equal(w->n_skips, 1);
    assert_int_equal(w->result.expected, 0);
    assert_int_equal(w->result.topic.superseded, 1);
}

/* A store's word that its documents are JSON lets the projection stop early. */
static void a_trusted_document_that_cannot_be_compared_is_told_as_skipped(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct slice    json = world_json(w, e, CURRENT, "x");
    struct document doc = { .id = slice_str(e->store_id), .trusted = true };
    struct buf      broken;

    world_topic(w, KIND_EXECUTION, NULL);
    buf_init(&broken, 65536);
    /* Behind all that the projection looks for. */
    buf_add(&broken, "%.*s,\"broken\":tru}", (int)json.n - 1, json.p);
    doc.value = arena_copy(w->arena, buf_slice(&broken));
    buf_release(&broken);
    kind_store_add(&w->store, KIND_EXECUTION, &doc);
    must_verify(w, KIND_EXECUTION);
    assert_int_equal(w->n_skips, 1);
    assert_int_equal(w->result.expected, 0);
}

/* ---- audit --------------------------------------------------------------------------------- */

/* The same case with and without an audit. */
static void audit_both_ways(struct world *w, enum kind kind, struct planted *p, const char *name)
{
    p->explained = NULL;
    w->conf.audit = false;
    must_verify(w, kind);
    assert_int_equal(verify_differences(&w->result), w->n_planted);
    p->explained = name;
    w->conf.audit = true;
    must_verify(w, kind);
    assert_int_equal(verify_differences(&w->result), w->n_planted - (name ? 1 : 0));
}

static struct planted *put_extra(struct world *w, const struct entity *e, struct slice value)
{
    struct planted *p = put_wrong(w, DIFF_EXTRA, e, world_own(e), value);

    p->in_store = false;
    return p;
}

static struct slice as_deleted(struct world *w, struct slice value)
{
    const char  *text = arena_str(w->arena, value);
    const char  *at = strstr(text, "\"deleted\":false");
    struct buf   b;
    struct slice out;

    assert_non_null(at);
    buf_init(&b, 65536);
    buf_add(&b, "{\"deleted\":true,%s", strstr(at, ",") + 1);
    /* what stood before `deleted`, less the opening brace */
    b.n--;
    buf_add(&b, ",%.*s}", (int)(at - text - 2), text + 1);
    out = arena_copy(w->arena, buf_slice(&b));
    buf_release(&b);
    return out;
}

static void an_audit_explains_a_purged_execution(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    p = put_extra(w, e, world_value(w, e, CURRENT, "x"));
    audit_both_ways(w, KIND_EXECUTION, p, "execution-purged");
}

static void an_audit_explains_a_deleted_execution(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    p = put_extra(w, e, as_deleted(w, world_value(w, e, CURRENT, "x")));
    audit_both_ways(w, KIND_EXECUTION, p, "execution-deleted");
}

static void an_audit_does_not_explain_an_execution_that_only_the_store_calls_deleted(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    world_store_json(w, e, as_deleted(w, world_json(w, e, CURRENT, "x")));
    p = put_extra(w, e, world_value(w, e, CURRENT, "x"));
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
}

static void an_audit_does_not_explain_an_execution_that_the_store_has_but_cannot_read(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    world_store_json(w, e, SLICE("{\"id\":"));
    p = put_extra(w, e, world_value(w, e, CURRENT, "x"));
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
    assert_int_equal(w->n_skips, 1);
}

/* With another selection than an audit's own, the store is asked for what that leaves out too. */
static void an_audit_does_not_explain_an_execution_that_was_not_selected(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    char           *text = arena_str(w->arena, world_json(w, e, CURRENT, "x"));
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    w->scope.project.executions = EXECUTIONS_PENDING;
    memcpy(strstr(text, "PAUSED"), "FAILED", 6); /* the current state: it has ended */
    world_store_json(w, e, slice_str(text));
    p = put_extra(w, e, slice_str(text));
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
    assert_int_equal(w->store.last.n_ids, 1);
    assert_int_equal(w->store.last.executions, EXECUTIONS_ALL);
}

static void an_audit_explains_a_deleted_template(void **state)
{
    struct world   *w = *state;
    struct entity  *gone = world_entity(w, KIND_TEMPLATE);
    struct entity  *marked = world_entity(w, KIND_TEMPLATE);
    struct planted *p;

    world_topic(w, KIND_TEMPLATE, NULL);
    p = put_extra(w, gone, world_value(w, gone, CURRENT, "x"));
    audit_both_ways(w, KIND_TEMPLATE, p, "template-deleted");
    world_store_json(w, marked, as_deleted(w, world_json(w, marked, CURRENT, "x")));
    put_extra(w, marked, world_value(w, marked, CURRENT, "x"))->explained = "template-deleted";
    must_verify(w, KIND_TEMPLATE);
    assert_int_equal(verify_differences(&w->result), 0);
}

static void an_audit_explains_a_missing_trigger_by_its_tombstone_only(void **state)
{
    struct world   *w = *state;
    struct entity  *buried = world_entity(w, KIND_TRIGGER);
    struct entity  *absent = world_entity(w, KIND_TRIGGER);
    struct entity  *extra = world_entity(w, KIND_TRIGGER);
    struct planted *p;

    world_topic(w, KIND_TRIGGER, NULL);
    world_store(w, buried, "x");
    p = put_wrong(w, DIFF_MISSING, buried, world_own(buried), world_none());
    world_store(w, absent, "x");
    world_plant(w, DIFF_MISSING, absent, world_own(absent))->in_store = true;
    (void)put_extra(w, extra, world_value(w, extra, CURRENT, "x"));
    audit_both_ways(w, KIND_TRIGGER, p, "trigger-tombstone");
}

/* Only where the broker has deleted in that partition, and only what is older than it keeps. */
static void an_audit_explains_what_has_aged_out_of_its_topic(void **state)
{
    struct world   *w = *state;
    struct entity  *old = world_entity(w, KIND_EXECUTION);
    struct entity  *other = world_entity(w, KIND_EXECUTION);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    world_store(w, old, "x");
    p = world_plant(w, DIFF_MISSING, old, world_own(old));
    p->in_store = true;
    while (world_own(other) != world_own(old))
        other = world_entity(w, KIND_EXECUTION);
    world_put_current(w, other, "x");
    world_store(w, other, "x");
    world_put_current(w, other, "x");
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
    w->conf.retention_ms[KIND_EXECUTION] = 3600000;
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
    raw_delete_records(w->kafka.brokers, w->conf.topics[KIND_EXECUTION], world_own(old), 1);
    audit_both_ways(w, KIND_EXECUTION, p, "aged-out");
    w->conf.retention_ms[KIND_EXECUTION] = INT64_MAX / 1000000; /* ms: centuries */
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
    w->conf.retention_ms[KIND_EXECUTION] = 0;
    audit_both_ways(w, KIND_EXECUTION, p, NULL);
}

static void an_audit_explains_a_flow_revision_above_the_stores_highest(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_FLOW);
    struct entity   next = *e;
    struct planted *p;
    char           *end;

    world_topic(w, KIND_FLOW, NULL);
    world_store(w, e, "x");
    world_put_current(w, e, "x");
    next.revision++;
    end = strrchr(next.key, '_');
    (void)snprintf(end, sizeof(next.key) - (size_t)(end - next.key), "_%d", next.revision);
    p = put_extra(w, &next, world_value(w, &next, CURRENT, "x"));
    audit_both_ways(w, KIND_FLOW, p, "topic-newer");
}

static void an_audit_explains_a_flow_revision_that_was_removed(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_FLOW);
    struct planted *p;

    world_topic(w, KIND_FLOW, NULL);
    p = put_extra(w, e, world_value(w, e, CURRENT, "x"));
    audit_both_ways(w, KIND_FLOW, p, "flow-revision-removed");
}

/* Its highest revision is skipped, so the whole flow is kept out; a Kestra has it all the same. */
static void an_audit_does_not_explain_the_flow_that_a_skip_keeps_out(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_FLOW_LAST);
    struct entity   as_flow = *e;
    struct slice    json = world_json(w, e, CURRENT, "x");
    char           *text = arena_str(w->arena, json);
    struct planted *p;

    world_topic(w, KIND_FLOW_LAST, NULL);
    /* No such member is no boolean: a fault of the document. */
    memcpy(strstr(text, "\"deleted\""), "\"dismiss\"", 9);
    world_store_json(w, e, slice_str(text));
    as_flow.kind = KIND_FLOW_LAST;
    p = put_extra(w, &as_flow, world_value(w, e, CURRENT, "x"));
    audit_both_ways(w, KIND_FLOW_LAST, p, NULL);
}

static void an_audit_explains_a_topic_that_is_newer(void **state)
{
    static const enum kind kinds[] = { KIND_FLOW_LAST, KIND_TRIGGER, KIND_EXECUTION };
    struct world          *w = *state;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct entity  *e = world_entity(w, kinds[i]);
        struct planted *p;

        w->n_planted = 0;
        world_topic(w, kinds[i], NULL);
        world_store(w, e, "x");
        p = put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, NEWER, "x"));
        audit_both_ways(w, kinds[i], p, "topic-newer");
    }
}

static void an_audit_does_not_explain_an_older_or_another_value(void **state)
{
    struct world  *w = *state;
    struct entity *old = world_entity(w, KIND_TRIGGER);
    struct entity *other = world_entity(w, KIND_TRIGGER);

    world_topic(w, KIND_TRIGGER, NULL);
    world_store(w, old, "x");
    (void)put_wrong(w, DIFF_STALE, old, world_own(old), world_value(w, old, OLDER, "x"));
    world_store(w, other, "x");
    (void)put_wrong(w, DIFF_CHANGED, other, world_own(other), world_value(w, other, CURRENT, "y"));
    w->conf.audit = true;
    must_verify(w, KIND_TRIGGER);
}

/* ---- ends ---------------------------------------------------------------------------------- */

static void plant_many_changed(struct world *w, int n)
{
    world_topic(w, KIND_TRIGGER, NULL);
    for (int i = 0; i < n; i++) {
        struct entity *e = world_entity(w, KIND_TRIGGER);

        world_store(w, e, "x");
        (void)put_wrong(w, DIFF_CHANGED, e, world_own(e), world_value(w, e, CURRENT, "y"));
    }
}

static void a_stop_ends_the_telling(void **state)
{
    struct world *w = *state;

    plant_many_changed(w, 1500);
    w->stop_after = 10;
    assert_false(world_verify(w, KIND_TRIGGER));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_int_equal(w->n_seen, 10);
}

static void an_error_of_the_listener_ends_the_telling(void **state)
{
    struct world *w = *state;

    plant_many_changed(w, 30);
    w->fail_after = 5;
    assert_false(world_verify(w, KIND_TRIGGER));
    assert_int_equal(w->err.kind, ERR_OUTPUT);
    assert_int_equal(w->n_seen, 5);
}

static void an_error_of_the_listener_at_a_keyless_record_ends_the_reading(void **state)
{
    struct world *w = *state;

    world_topic(w, KIND_TRIGGER, NULL);
    put_keyless(w, KIND_TRIGGER, world_none(), SLICE("{}"));
    put_keyless(w, KIND_TRIGGER, world_none(), SLICE("{}"));
    w->fail_after = 1;
    assert_false(world_verify(w, KIND_TRIGGER));
    assert_int_equal(w->err.kind, ERR_OUTPUT);
    assert_int_equal(w->n_seen, 1);
}

static void a_store_that_fails_at_a_look_up_is_an_error(void **state)
{
    struct world *w = *state;
    struct side  *expected = verify_side_new(&w->conf);

    plant_many_changed(w, 30);
    planter_flush(w->planter);
    assert_true(verify_store_side(&w->conf, KIND_TRIGGER, expected, &w->err));
    w->store.faults = (struct fake_store_conf){ .fails = 1, .fails_after = 7 };
    assert_false(
        verify_topic(&w->conf, KIND_TRIGGER, expected, false, NULL, &w->result, NULL, &w->err));
    side_free(expected);
    assert_int_equal(w->err.kind, ERR_STORE);
    assert_int_equal(atomic_load(&w->store.readers.opened), 1);
    assert_int_equal(atomic_load(&w->store.readers.closed), 1);
}

static void a_stop_ends_a_verify_before_it_begins(void **state)
{
    struct world *w = *state;

    plant_many_changed(w, 3);
    stop_ask(&w->stop);
    assert_false(world_verify(w, KIND_TRIGGER));
    assert_int_equal(w->err.kind, ERR_STOPPED);
}

static void needs_a_kafka(void **state)
{
    (void)state;
    skip();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest none[] = { cmocka_unit_test(needs_a_kafka) };
    const struct CMUnitTest tests[] = {
        CASE(each_class_is_told_of_flow_last),
        CASE(each_class_is_told_of_flow),
        CASE(each_class_is_told_of_template),
        CASE(each_class_is_told_of_trigger),
        CASE(each_class_is_told_of_execution),
        CASE(a_topic_that_says_the_same_in_other_words_has_no_difference),
        CASE(only_the_stores_bytes_of_the_same_key_are_not_digested_again),
        CASE(a_topic_with_other_bytes_throughout_is_compared_by_what_it_says),
        CASE(a_topic_with_the_stores_bytes_is_read_once_and_not_folded),
        CASE(both_values_of_a_changed_member_are_told),
        CASE(many_differences_far_apart_are_all_told),
        CASE(large_values_are_told_in_chunks_of_bounded_size),
        CASE(a_partial_scope_counts_the_keys_of_others),
        CASE(without_look_ups_only_keys_and_classes_are_told),
        CASE(a_document_that_the_store_lost_meanwhile_is_told_with_what_is_known),
        CASE(a_document_that_comes_twice_is_not_expected_and_told),
        CASE(a_document_that_comes_twice_is_extra_also_when_the_topic_has_both),
        CASE(a_trusted_document_that_cannot_be_compared_is_told_as_skipped),
        CASE(an_audit_explains_a_purged_execution),
        CASE(an_audit_explains_a_deleted_execution),
        CASE(an_audit_does_not_explain_an_execution_that_only_the_store_calls_deleted),
        CASE(an_audit_does_not_explain_an_execution_that_the_store_has_but_cannot_read),
        CASE(an_audit_does_not_explain_an_execution_that_was_not_selected),
        CASE(an_audit_explains_a_deleted_template),
        CASE(an_audit_explains_a_missing_trigger_by_its_tombstone_only),
        CASE(an_audit_explains_what_has_aged_out_of_its_topic),
        CASE(an_audit_explains_a_flow_revision_above_the_stores_highest),
        CASE(an_audit_explains_a_flow_revision_that_was_removed),
        CASE(an_audit_does_not_explain_the_flow_that_a_skip_keeps_out),
        CASE(an_audit_explains_a_topic_that_is_newer),
        CASE(an_audit_does_not_explain_an_older_or_another_value),
        CASE(a_stop_ends_the_telling),
        CASE(an_error_of_the_listener_ends_the_telling),
        CASE(an_error_of_the_listener_at_a_keyless_record_ends_the_reading),
        CASE(a_store_that_fails_at_a_look_up_is_an_error),
        CASE(a_stop_ends_a_verify_before_it_begins),
    };

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    if (!getenv("REQUEUE_TEST_KAFKA"))
        return cmocka_run_group_tests_name("verify (no REQUEUE_TEST_KAFKA)", none, NULL, NULL);
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
