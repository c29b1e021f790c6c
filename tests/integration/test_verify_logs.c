/*
 * test_verify_logs.c - what verify makes of the shapes that a log can have: control records,
 * aborted and open transactions, holes, an empty topic; and a rebuild's proof, of a whole topic or
 * of what was appended to one.
 */
#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/kestra/key.h"
#include "tests/support/rawkafka.h"
#include "tests/support/verify_world.h"
#include "verify/fold.h"

#define KIND KIND_EXECUTION

static void must_verify(struct world *w)
{
    if (!world_verify(w, KIND))
        fail_msg("%s", w->err.msg);
    world_check(w);
}

static void must_prove(struct world *w, enum kind kind, const int64_t *from)
{
    if (!world_prove(w, kind, from))
        fail_msg("%s", w->err.msg);
    world_check(w);
}

static void a_topic_that_is_empty_lacks_everything(void **state)
{
    struct world *w = *state;

    world_topic(w, KIND, NULL);
    must_verify(w); /* nothing in the store either */
    for (int i = 0; i < 5; i++) {
        struct entity *e = world_entity(w, KIND);

        world_store(w, e, "x");
        world_plant(w, DIFF_MISSING, e, world_own(e))->in_store = true;
    }
    must_verify(w);
    assert_int_equal(w->result.topic.records, 0);
    assert_int_equal(w->result.expected, 5);
}

/* Another planter that writes transactions; the world's own counts what it puts. */
static struct planter *transactions(struct world *w)
{
    char id[40];

    (void)snprintf(id, sizeof(id), "t%llx", (unsigned long long)test_rand(&w->rand));
    return planter_open(w->kafka.brokers, id);
}

static void put_in(struct world *w, struct planter *t, const struct entity *e, const char *note)
{
    planter_put(t, w->conf.topics[KIND], world_own(e), world_key(e),
                world_value(w, e, CURRENT, note), NULL);
}

static void control_records_at_the_end_are_no_records(void **state)
{
    struct world   *w = *state;
    struct planter *t = transactions(w);

    world_topic(w, KIND, NULL);
    planter_begin(t);
    for (int i = 0; i < 30; i++) {
        struct entity *e = world_entity(w, KIND);

        world_store(w, e, "x");
        put_in(w, t, e, "x");
    }
    assert_true(planter_commit(t));
    planter_close(t);
    /* A commit returns before the broker has written its control records. */
    for (int i = 0; i < 100 && w->result.topic.span <= 30; i++) {
        clock_sleep_ms(100);
        must_verify(w);
    }
    assert_true(w->result.topic.span > 30);
    assert_int_equal(w->result.topic.records, 30);
    assert_int_equal(w->result.open_transactions, 0);
}

static void records_of_an_aborted_transaction_are_not_seen(void **state)
{
    struct world   *w = *state;
    struct planter *t = transactions(w);

    world_topic(w, KIND, NULL);
    planter_begin(t);
    for (int i = 0; i < 20; i++)
        put_in(w, t, world_entity(w, KIND), "aborted");
    planter_flush(t);
    planter_abort(t);
    planter_close(t);
    for (int i = 0; i < 20; i++) {
        struct entity *e = world_entity(w, KIND);

        world_store(w, e, "x");
        world_put_current(w, e, "x");
    }
    must_verify(w);
    assert_int_equal(w->result.topic.records, 20);
}

/* Put and aborted again and again, until only markers are left in the log. */
static void a_partition_with_a_tail_of_markers_only_is_empty(void **state)
{
    struct world   *w = *state;
    struct planter *t = transactions(w);
    struct entity  *e = world_entity(w, KIND);

    world_topic(w, KIND, NULL);
    for (int i = 0; i < 3; i++) {
        planter_begin(t);
        put_in(w, t, e, "aborted");
        planter_flush(t);
        planter_abort(t);
    }
    /* An abort returns before the broker has written its control record. */
    for (int i = 0; i < 100 && w->ends[world_own(e)].high < 6; i++) {
        clock_sleep_ms(100);
        must_verify(w);
    }
    assert_int_equal(w->ends[world_own(e)].high, 6);
    assert_int_equal(w->result.topic.records, 0);
    raw_delete_records(w->kafka.brokers, w->conf.topics[KIND], world_own(e), 5);
    must_verify(w);
    assert_int_equal(w->result.topic.span, 1);
    assert_int_equal(w->result.topic.records, 0);
    assert_int_equal(w->result.topic.keys, 0);
    planter_close(t);
}

static void an_open_transaction_is_waited_for_and_then_counted(void **state)
{
    struct world   *w = *state;
    struct planter *t = transactions(w);
    struct entity  *before = world_entity(w, KIND);
    struct entity  *open = world_entity(w, KIND);
    struct entity  *behind = world_entity(w, KIND);
    int64_t         started;

    world_topic(w, KIND, NULL);
    while (world_own(open) != world_own(before))
        open = world_entity(w, KIND);
    while (world_own(behind) != world_own(before))
        behind = world_entity(w, KIND);
    world_store(w, before, "x");
    world_put_current(w, before, "x");
    planter_flush(w->planter);
    planter_begin(t);
    world_store(w, open, "x");
    put_in(w, t, open, "x");
    planter_flush(t);
    world_store(w, behind, "x");
    world_put_current(w, behind, "x");
    world_plant(w, DIFF_MISSING, open, world_own(open))->in_store = true;
    world_plant(w, DIFF_MISSING, behind, world_own(behind))->in_store = true;
    started = clock_mono_ns();
    must_verify(w);
    assert_true(clock_mono_ns() - started > (int64_t)9 * 1000000000);
    assert_int_equal(w->result.open_transactions, 1);
    assert_int_equal(w->result.topic.records, 1);
    assert_int_equal(w->ends[world_own(before)].high - w->ends[world_own(before)].stable, 2);
    planter_abort(t);
    planter_close(t);
}

struct later {
    struct planter *t;
    bool            ok;
};

static void commit_later(void *arg)
{
    struct later *l = arg;

    clock_sleep_ms(2000);
    l->ok = planter_commit(l->t);
}

static void a_transaction_that_ends_meanwhile_is_read(void **state)
{
    struct world  *w = *state;
    struct later   l = { .t = transactions(w) };
    struct entity *e = world_entity(w, KIND);
    struct thread *thread;
    bool           ok;

    world_topic(w, KIND, NULL);
    world_store(w, e, "x");
    planter_begin(l.t);
    put_in(w, l.t, e, "x");
    planter_flush(l.t);
    thread = thread_start(commit_later, &l);
    ok = world_verify(w, KIND);
    thread_join(thread);
    planter_close(l.t);
    assert_true(ok);
    assert_true(l.ok);
    world_check(w);
    assert_int_equal(w->result.open_transactions, 0);
    assert_int_equal(w->result.topic.records, 1);
}

static void a_stop_ends_the_wait_for_a_transaction(void **state)
{
    struct world   *w = *state;
    struct planter *t = transactions(w);
    struct side    *expected = verify_side_new(&w->conf);
    int64_t         started = clock_mono_ns();
    struct stop     stop = { false };

    world_topic(w, KIND, NULL);
    planter_begin(t);
    put_in(w, t, world_entity(w, KIND), "x");
    planter_flush(t);
    /* The clients are not told, so that it is the wait itself that has to see it. */
    stop_ask(&stop);
    w->conf.stop = &stop;
    assert_false(verify_topic(&w->conf, KIND, expected, false, NULL, &w->result, NULL, &w->err));
    assert_int_equal(w->err.kind, ERR_STOPPED);
    assert_true(clock_mono_ns() - started < (int64_t)5 * 1000000000);
    side_free(expected);
    planter_abort(t);
    planter_close(t);
}

static const char *const compacting[] = {
    "cleanup.policy=compact",
    "segment.ms=100",
    "min.cleanable.dirty.ratio=0.001",
    "delete.retention.ms=60000",
    NULL,
};

/* Rounds of the same keys, each in a segment of its own; with the last one come the right values.
 */
static void put_rounds(struct world *w, struct entity **entities, size_t n, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n; i++)
            world_put_current(w, entities[i], round == rounds - 1 ? "x" : "old");
        planter_flush(w->planter);
        clock_sleep_ms(150);
    }
}

/* The active segment is never compacted: a record that comes later closes it. */
static void close_segments(struct world *w)
{
    for (int32_t p = 0; p < WORLD_PARTITIONS; p++)
        world_put(w, KIND, p, SLICE("closing"), world_none(), NULL);
    planter_flush(w->planter);
}

static void holes_that_compaction_left_are_no_records(void **state)
{
    struct world  *w = *state;
    struct entity *entities[20];
    int64_t        deadline = clock_mono_ns() + (int64_t)60 * 1000000000;

    world_topic(w, KIND, compacting);
    for (size_t i = 0; i < COUNT_OF(entities); i++) {
        entities[i] = world_entity(w, KIND);
        world_store(w, entities[i], "x");
    }
    put_rounds(w, entities, COUNT_OF(entities), 6);
    do {
        clock_sleep_ms(500);
        close_segments(w);
        must_verify(w);
    } while (w->result.topic.records > w->n_puts / 2 && clock_mono_ns() < deadline);
    assert_true(w->result.topic.records <= w->n_puts / 2);
    assert_true((uint64_t)w->result.topic.span >= w->n_puts);
    assert_int_equal(w->result.topic.keys, COUNT_OF(entities));
}

static bool count_record(void *ctx, const struct topic_record *rec, struct err *err)
{
    size_t *n = ctx;

    (void)rec;
    (void)err;
    ++*n;
    return true;
}

static size_t records_at(struct world *w, int32_t partition, int64_t offset)
{
    struct topic_range range = { partition, offset, offset + 1 };
    size_t             n = 0;

    if (!topic_read(&w->kafka, w->conf.topics[KIND], &range, 1, count_record, &n, &w->err))
        fail_msg("%s", w->err.msg);
    return n;
}

/* A newer record takes the victim's place, and compaction removes the one that was folded. */
static void compact_away(struct world *w)
{
    int64_t deadline = clock_mono_ns() + (int64_t)60 * 1000000000;
    int32_t partition = world_own(w->victim);

    world_put_current(w, w->victim, "newer");
    do {
        clock_sleep_ms(500);
        close_segments(w);
    } while (records_at(w, partition, w->victim_at) > 0 && clock_mono_ns() < deadline);
    assert_int_equal(records_at(w, partition, w->victim_at), 0);
}

static struct planted *put_changed(struct world *w, int32_t partition)
{
    struct entity  *e = world_entity(w, KIND);
    struct planted *p;

    while (world_own(e) != partition)
        e = world_entity(w, KIND);
    world_store(w, e, "x");
    p = world_plant(w, DIFF_CHANGED, e, partition);
    p->in_store = true;
    world_put(w, KIND, partition, world_key(e), world_value(w, e, CURRENT, "y"), &p->offset);
    return p;
}

static void a_record_that_vanished_since_it_was_folded_is_told_without_its_value(void **state)
{
    struct world   *w = *state;
    struct planted *first, *victim, *last, *keyless;

    world_topic(w, KIND, compacting);
    first = put_changed(w, 0);
    victim = put_changed(w, 0);
    last = put_changed(w, 0);
    keyless = world_plant(w, DIFF_UNDECODABLE, NULL, 0);
    keyless->key = SLICE("\xff");
    world_put(w, KIND, 0, keyless->key, SLICE("{}"), &keyless->offset);
    planter_flush(w->planter);
    first->path = last->path = "/note";
    victim->path = "";
    w->victim = victim->e;
    w->victim_at = victim->offset;
    w->on_first = compact_away;
    must_verify(w);
}

static void a_log_that_does_not_start_at_zero_is_read_from_its_start(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND);
    struct planted *p;

    world_topic(w, KIND, NULL);
    for (int i = 0; i < 10; i++)
        world_put_current(w, e, "old");
    world_store(w, e, "x");
    p = world_plant(w, DIFF_CHANGED, e, world_own(e));
    p->in_store = true;
    world_put(w, KIND, world_own(e), world_key(e), world_value(w, e, CURRENT, "y"), &p->offset);
    planter_flush(w->planter);
    raw_delete_records(w->kafka.brokers, w->conf.topics[KIND], world_own(e), 7);
    must_verify(w);
    assert_int_equal(p->offset, 10);
    assert_int_equal(w->result.topic.records, 4);
    assert_int_equal(w->ends[world_own(e)].start, 7);
}

static void delete_first_records(struct world *w)
{
    raw_delete_records(w->kafka.brokers, w->conf.topics[KIND], world_own(w->victim), 3);
}

/* What was read was there; it is not any more. */
static void a_log_start_that_moves_behind_the_reading_is_a_gap(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND);
    struct planted *keyless;

    world_topic(w, KIND, NULL);
    world_store(w, e, "x");
    for (int i = 0; i < 5; i++)
        world_put_current(w, e, "x");
    keyless = world_plant(w, DIFF_UNDECODABLE, NULL, world_own(e));
    keyless->key = SLICE("\xff");
    world_put(w, KIND, world_own(e), keyless->key, SLICE("{}"), &keyless->offset);
    w->victim = e;
    w->on_first = delete_first_records;
    must_verify(w);
    assert_int_equal(w->result.gap.partitions, 1);
    assert_int_equal(w->result.gap.first, world_own(e));
    assert_int_equal(w->result.gap.from, 0);
    assert_int_equal(w->result.gap.to, 3);
    assert_int_equal(w->result.gap.offsets, 3);
    w->on_first = NULL;
    must_verify(w);
    assert_int_equal(w->result.gap.partitions, 0);
}

/* Retention takes what differs, between the reading and the look at what differs. */
static void records_that_went_since_they_were_folded_are_told_without_their_values(void **state)
{
    struct world   *w = *state;
    struct planted *changed[3];
    struct planted *keyless;

    world_topic(w, KIND, NULL);
    for (int i = 0; i < 3; i++)
        changed[i] = put_changed(w, 0);
    keyless = world_plant(w, DIFF_UNDECODABLE, NULL, 0);
    keyless->key = SLICE("\xff");
    world_put(w, KIND, 0, keyless->key, SLICE("{}"), &keyless->offset);
    planter_flush(w->planter);
    for (int i = 0; i < 3; i++)
        changed[i]->path = "";
    w->victim = changed[0]->e;
    w->on_first = delete_first_records;
    must_verify(w);
    assert_int_equal(w->result.gap.partitions, 1);
    assert_int_equal(w->result.gap.to, 3);
}

/* The first records go once the reading has passed them. */
static void delete_passed_records(void *arg)
{
    struct world *w = arg;

    while (atomic_load(&w->consumed) < 100)
        clock_sleep_ms(1);
    delete_first_records(w);
}

/* Where a key comes more than once the topic is read twice: then from where it begins by then. */
static void a_log_start_that_moves_between_two_readings_is_a_gap(void **state)
{
    static const char *const slow[] = { "queued.max.messages.kbytes=100",
                                        "fetch.message.max.bytes=20000" };
    struct world            *w = *state;
    struct entity           *e = world_entity(w, KIND);
    char                     note[10001] = { 0 };
    struct thread           *t;

    memset(note, 'n', sizeof(note) - 1);
    world_topic(w, KIND, NULL);
    world_store(w, e, note);
    for (int i = 0; i < 3000; i++)
        world_put_current(w, e, note);
    planter_flush(w->planter);
    w->victim = e;
    w->kafka.props = slow;
    w->kafka.n_props = 2;
    atomic_store(&w->consumed, 0);
    t = thread_start(delete_passed_records, w);
    must_verify(w);
    thread_join(t);
    assert_int_equal(w->result.gap.partitions, 1);
    assert_int_equal(w->result.gap.from, 0);
    assert_int_equal(w->result.gap.to, 3);
}

/* ---- fold alone ---------------------------------------------------------------------------- */

struct heard {
    size_t       n;
    int32_t      partition;
    int64_t      offset;
    struct slice key;
};

static bool hear(void *ctx, int32_t partition, int64_t offset, struct slice key, struct err *err)
{
    struct heard *h = ctx;

    (void)err;
    *h = (struct heard){ h->n + 1, partition, offset, key };
    return true;
}

static struct side_entry entry_of(struct world *w, struct side *side, struct slice key,
                                  int32_t partition)
{
    struct side_entry e;

    assert_true(side_rewind(side, &w->err));
    while (side_next(side, &e, &w->err) && e.key.p)
        if (slice_eq(e.key, key) && e.partition == partition)
            return e;
    fail();
    return e;
}

static void the_last_record_of_a_key_and_partition_counts(void **state)
{
    struct world      *w = *state;
    struct heard       heard = { 0 };
    struct topic_range ranges[2] = { { 0, 1, 5 }, { 1, 0, 2 } };
    struct fold_stats  stats;
    struct side       *side = verify_side_new(&w->conf);
    struct side_entry  e;
    struct fold        f = {
               .kafka = &w->kafka, .ranges = ranges, .n_ranges = 2, .on_undecodable = hear, .ctx = &heard
    };

    world_topic(w, KIND, NULL);
    f.topic = w->conf.topics[KIND];
    world_put(w, KIND, 0, SLICE("before"), SLICE("not in the range"), NULL);
    world_put(w, KIND, 0, SLICE("a"), SLICE("1"), NULL);
    world_put(w, KIND, 0, SLICE("a"), world_none(), NULL);
    world_put(w, KIND, 0, SLICE("a"), SLICE("three"), NULL);
    world_put(w, KIND, 0, SLICE(""), SLICE("of the empty key"), NULL);
    world_put(w, KIND, 0, SLICE("behind"), SLICE("not in the range"), NULL);
    world_put(w, KIND, 1, SLICE("a"), SLICE("elsewhere"), NULL);
    world_put(w, KIND, 1, world_none(), SLICE("x"), NULL);
    planter_flush(w->planter);
    assert_true(fold_topic(&f, side, &stats, &w->err));
    assert_int_equal(side_count(side), 5);
    assert_int_equal(stats.records, 6);
    assert_int_equal(stats.tombstones, 1);
    assert_int_equal(stats.span, 6);
    assert_int_equal(stats.bytes, strlen("1threeof the empty keyelsewherex"));
    e = entry_of(w, side, SLICE(""), 0);
    assert_int_equal(e.offset, 4);
    assert_int_equal(entry_of(w, side, SLICE("a"), 1).records, 1);
    e = entry_of(w, side, SLICE("a"), 0);
    assert_int_equal(e.records, 3);
    assert_int_equal(e.offset, 3);
    assert_int_equal(e.flags, 0);
    assert_true(digest_eq(e.value, digest_bytes(DIGEST_TAG_RAW, SLICE("three"))));
    assert_int_equal(heard.n, 1);
    assert_int_equal(heard.partition, 1);
    assert_int_equal(heard.offset, 1);
    assert_null(heard.key.p);
    side_free(side);
}

/* ---- proofs -------------------------------------------------------------------------------- */

static void a_proof_wants_the_very_bytes(void **state)
{
    struct world   *w = *state;
    struct entity  *same = world_entity(w, KIND);
    struct entity  *spaced = world_entity(w, KIND);
    struct entity  *other = world_entity(w, KIND);
    struct planted *p;
    struct slice    value;
    char            text[1024];

    world_topic(w, KIND, NULL);
    world_store(w, same, "x");
    world_put_current(w, same, "x");
    world_store(w, spaced, "x");
    value = world_value(w, spaced, CURRENT, "x");
    (void)snprintf(text, sizeof(text), " %.*s", SLICE_ARG(value));
    p = world_plant(w, DIFF_CHANGED, spaced, world_own(spaced));
    p->in_store = true;
    p->path = "";
    world_put(w, KIND, world_own(spaced), world_key(spaced), slice_str(text), &p->offset);
    must_prove(w, KIND, NULL);
    assert_int_equal(w->seen[0].n_paths, 1);
    assert_true(slice_eq(w->seen[0].store, value));
    assert_true(slice_eq(w->seen[0].at_topic, slice_str(text)));

    world_store(w, other, "x");
    p = world_plant(w, DIFF_CHANGED, other, world_own(other));
    p->in_store = true;
    p->path = "/note";
    world_put(w, KIND, world_own(other), world_key(other), world_value(w, other, CURRENT, "y"),
              &p->offset);
    must_prove(w, KIND, NULL);
}

/* The rest of a character that was cut through would have become this. */
static bool has_replacement(struct slice s)
{
    return memmem(s.p, s.n, "\xef\xbf\xbd", 3) != NULL;
}

/* An execution all of whose names are as long as those of the next one. */
static struct entity *even_entity(struct world *w)
{
    struct entity *e = world_entity(w, KIND);

    (void)snprintf(e->namespace, sizeof(e->namespace), "n");
    (void)snprintf(e->flow, sizeof(e->flow), "f");
    e->tenant[0] = e->id[9] = '\0';
    e->revision = 2;
    (void)snprintf(e->key, sizeof(e->key), "%s", e->id);
    (void)snprintf(e->store_id, sizeof(e->store_id), "%s", e->id);
    return e;
}

static void the_whole_values_of_a_proof_are_cut_between_characters(void **state)
{
    struct world *w = *state;
    char          note[4096];
    char          text[8192];

    world_topic(w, KIND, NULL);
    /* Characters of three bytes, behind as many bytes that the cut falls everywhere. */
    for (size_t before = 0; before < 3; before++) {
        struct entity  *e = even_entity(w);
        struct planted *p = world_plant(w, DIFF_CHANGED, e, world_own(e));
        struct slice    value;

        memset(note, 'a', before);
        for (size_t i = before; i + 4 < sizeof(note); i += 3)
            memcpy(note + i, "\xe6\xbc\xa2", 4);
        world_store(w, e, note);
        value = world_value(w, e, CURRENT, note);
        (void)snprintf(text, sizeof(text), " %.*s", (int)value.n, value.p);
        p->in_store = true;
        p->path = "";
        world_put(w, KIND, world_own(e), world_key(e), slice_str(text), &p->offset);
    }
    must_prove(w, KIND, NULL);
    for (size_t i = 0; i < w->n_seen; i++) {
        struct slice cut = w->seen[i].store;

        assert_true(cut.n > COMPARE_MAX_VALUE && cut.n / 2 < COMPARE_MAX_VALUE);
        assert_int_equal(cut.p[0], '"');
        assert_memory_equal(cut.p + cut.n - 4, "...\"", 4);
        assert_true(utf8_valid(cut) && !has_replacement(cut));
        assert_true(!has_replacement(w->seen[i].at_topic));
    }
}

static void a_proof_takes_a_second_record_of_an_execution_for_a_duplicate(void **state)
{
    struct world   *w = *state;
    struct entity  *e = world_entity(w, KIND_EXECUTION);
    struct entity  *t = world_entity(w, KIND_TRIGGER);
    struct planted *p;

    world_topic(w, KIND_EXECUTION, NULL);
    world_topic(w, KIND_TRIGGER, NULL);
    world_store(w, t, "x");
    world_put_current(w, t, "x");
    world_put_current(w, t, "x");
    must_prove(w, KIND_TRIGGER, NULL);
    world_store(w, e, "x");
    world_put_current(w, e, "x");
    p = world_plant(w, DIFF_DUPLICATED, e, world_own(e));
    p->in_store = true;
    world_put(w, KIND_EXECUTION, world_own(e), world_key(e), world_value(w, e, CURRENT, "x"),
              &p->offset);
    must_prove(w, KIND_EXECUTION, NULL);
}

static void a_proof_finds_values_that_are_no_object(void **state)
{
    struct world   *w = *state;
    struct entity  *ours = world_entity(w, KIND);
    struct entity  *extra = world_entity(w, KIND);
    struct planted *p;

    world_topic(w, KIND, NULL);
    world_store(w, ours, "x");
    p = world_plant(w, DIFF_UNDECODABLE, ours, world_own(ours));
    p->in_store = true;
    world_put(w, KIND, world_own(ours), world_key(ours), SLICE("[]"), &p->offset);
    p = world_plant(w, DIFF_UNDECODABLE, extra, world_own(extra));
    p->no_identity = true;
    world_put(w, KIND, world_own(extra), world_key(extra), SLICE("?"), &p->offset);
    must_prove(w, KIND, NULL);
}

static void a_proof_of_an_append_reads_only_what_was_added(void **state)
{
    struct world  *w = *state;
    int64_t        from[WORLD_PARTITIONS];
    struct entity *before = world_entity(w, KIND);
    struct entity *lost = world_entity(w, KIND);

    world_topic(w, KIND, NULL);
    w->conf.keys_only_ours = true;
    world_put(w, KIND, 0, world_none(), SLICE("a record without a key"), NULL);
    world_put_current(w, before, "x"); /* would be a duplicate, were it read */
    world_store(w, lost, "x");
    world_put_current(w, lost, "x"); /* there, but not by this rebuild */
    planter_flush(w->planter);
    assert_true(admin_ends(w->admin, w->conf.topics[KIND], WORLD_PARTITIONS, w->ends, &w->err));
    for (int i = 0; i < WORLD_PARTITIONS; i++)
        from[i] = w->ends[i].high;
    world_store(w, before, "x");
    world_put_current(w, before, "x");
    for (int i = 0; i < 3; i++)
        world_put_current(w, world_entity(w, KIND), "x"); /* of somebody else */
    world_plant(w, DIFF_MISSING, lost, world_own(lost))->in_store = true;
    must_prove(w, KIND, from);
    assert_int_equal(w->result.topic.records, 4);
    assert_int_equal(w->result.outside, 3);
    assert_int_equal(w->result.expected, 2);
}

static void an_append_to_nothing_reads_nothing(void **state)
{
    struct world *w = *state;
    int64_t       from[WORLD_PARTITIONS] = { 0 };

    world_topic(w, KIND, NULL);
    must_prove(w, KIND, from);
    assert_int_equal(w->result.topic.records, 0);
    assert_int_equal(w->result.topic.span, 0);
}

static void a_topic_that_is_not_there_is_an_error(void **state)
{
    struct world *w = *state;

    w->conf.topics[KIND] = "verify-no-such-topic";
    w->conf.partitions[KIND] = WORLD_PARTITIONS;
    w->kafka.timeout_ms = 5000;
    assert_false(world_verify(w, KIND));
    assert_int_equal(w->err.kind, ERR_KAFKA);
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
        CASE(a_topic_that_is_empty_lacks_everything),
        CASE(control_records_at_the_end_are_no_records),
        CASE(records_of_an_aborted_transaction_are_not_seen),
        CASE(a_partition_with_a_tail_of_markers_only_is_empty),
        CASE(an_open_transaction_is_waited_for_and_then_counted),
        CASE(a_transaction_that_ends_meanwhile_is_read),
        CASE(a_stop_ends_the_wait_for_a_transaction),
        CASE(holes_that_compaction_left_are_no_records),
        CASE(a_record_that_vanished_since_it_was_folded_is_told_without_its_value),
        CASE(a_log_that_does_not_start_at_zero_is_read_from_its_start),
        CASE(a_log_start_that_moves_behind_the_reading_is_a_gap),
        CASE(a_log_start_that_moves_between_two_readings_is_a_gap),
        CASE(records_that_went_since_they_were_folded_are_told_without_their_values),
        CASE(the_last_record_of_a_key_and_partition_counts),
        CASE(a_proof_wants_the_very_bytes),
        CASE(the_whole_values_of_a_proof_are_cut_between_characters),
        CASE(a_proof_takes_a_second_record_of_an_execution_for_a_duplicate),
        CASE(a_proof_finds_values_that_are_no_object),
        CASE(a_proof_of_an_append_reads_only_what_was_added),
        CASE(an_append_to_nothing_reads_nothing),
        CASE(a_topic_that_is_not_there_is_an_error),
    };

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    if (!getenv("REQUEUE_TEST_KAFKA"))
        return cmocka_run_group_tests_name("verify_logs (no REQUEUE_TEST_KAFKA)", none, NULL, NULL);
    return cmocka_run_group_tests_name("verify_logs", tests, NULL, NULL);
}
