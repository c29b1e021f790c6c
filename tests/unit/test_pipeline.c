#include "tests/support/test.h"

#include "lib/base/clock.h"
#include "lib/store/pipeline.h"
#include "tests/support/fake_store.h"
#include "tests/support/layout_files.h"

#define MAX_DOCS 20000

/* ---- fixture ------------------------------------------------------------------------------- */

/* A sink that keeps what came: how often each document, by the number in its key. */
struct keeper {
    struct sink        sink; /* first member */
    unsigned          *seen; /* of MAX_DOCS */
    size_t             n;
    size_t             fails_after; /* an error at this record; SIZE_MAX: never */
    size_t             stops_after; /* ask for a stop at this record; SIZE_MAX: never */
    size_t             refuses;     /* the document with this number; SIZE_MAX: none */
    unsigned           slow_ms;     /* at each record */
    struct stop       *stop;
    struct fake_store *store;
    size_t             most_waiting; /* documents read and not yet put, at most */
};

/* What a document of the fixture points to. */
struct text {
    char id[32];
    char json[320];
};

struct fixture {
    struct layout     *layout;
    struct projector  *projector;
    struct document   *docs;  /* MAX_DOCS */
    struct text       *texts; /* of docs */
    struct fake_store  store;
    struct store_query query;
    struct keeper      keeper;
    struct stop        stop;
    struct tally       tally;
    struct pipeline    pipeline;
    size_t             n_looked_at; /* by on_document */
    bool               refuse_to_look;
    size_t             n_skips;
    char               last_skip[512];
    struct err         err;
    uint64_t           max_rate;
};

static bool keep(struct sink *s, const struct record *rec, enum reason *refused, struct err *err)
{
    struct keeper *k = (struct keeper *)s;
    size_t         number = (size_t)strtoul(rec->key.p + 1, NULL, 10);
    size_t         waiting = atomic_load(&k->store->handed_out) - k->n;

    if (waiting > k->most_waiting)
        k->most_waiting = waiting;
    if (k->n == k->fails_after)
        return err_set(err, ERR_KAFKA, "the sink failed");
    if (k->n++ == k->stops_after)
        stop_ask(k->stop);
    if (k->slow_ms > 0)
        clock_sleep_ms(k->slow_ms);
    if (number == k->refuses)
        *refused = REASON_TOO_LARGE;
    if (number < MAX_DOCS)
        k->seen[number]++;
    return true;
}

static void write_doc(struct fixture *fx, size_t i, const char *id, const char *state)
{
    struct text *t = &fx->texts[i];

    (void)snprintf(t->id, sizeof(t->id), "e%zu", i);
    (void)snprintf(t->json, sizeof(t->json),
                   "{\"id\": \"%s\", \"state\": {\"current\": \"%s\"}, \"flowId\": \"f\", "
                   "\"deleted\": false, \"namespace\": \"n\", \"flowRevision\": 1}",
                   id ? id : t->id, state);
    fx->docs[i] = (struct document){ .id = slice_str(t->id), .value = slice_str(t->json) };
}

static int setup(void **state)
{
    struct fixture        *fx = mem_alloc(sizeof(*fx));
    struct project_options options = { .executions = EXECUTIONS_PENDING };

    fx->layout = layout_file("I");
    fx->projector = projector_new(fx->layout, &options, NULL, NULL);
    fx->docs = mem_array(MAX_DOCS, sizeof(*fx->docs));
    fx->texts = mem_array(MAX_DOCS, sizeof(*fx->texts));
    for (size_t i = 0; i < MAX_DOCS; i++)
        write_doc(fx, i, NULL, "RUNNING");
    fx->keeper = (struct keeper){
        .sink = { keep },
        .seen = mem_array(MAX_DOCS, sizeof(*fx->keeper.seen)),
        .fails_after = SIZE_MAX,
        .stops_after = SIZE_MAX,
        .refuses = SIZE_MAX,
        .stop = &fx->stop,
        .store = &fx->store,
    };
    fx->query.kind = KIND_EXECUTION;
    fx->pipeline = (struct pipeline){
        .store = &fx->store.store,
        .query = &fx->query,
        .projector = fx->projector,
        .jobs = 4,
        .sink = &fx->keeper.sink,
        .tally = &fx->tally,
        .stop = &fx->stop,
    };
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    projector_free(fx->projector);
    layout_free(fx->layout);
    mem_free(fx->docs);
    mem_free(fx->texts);
    mem_free(fx->keeper.seen);
    mem_free(fx);
    return 0;
}

static void forget(struct fixture *fx)
{
    memset(fx->keeper.seen, 0, MAX_DOCS * sizeof(*fx->keeper.seen));
    fx->keeper.n = 0;
    fx->keeper.most_waiting = 0;
    memset(&fx->tally, 0, sizeof(fx->tally));
    fx->err = ERR_INIT;
}

/* docs of conf are the fixture's. Whatever comes out, every reader that was opened is closed. */
static bool run(struct fixture *fx, size_t n_docs, struct fake_store_conf conf)
{
    bool ok;

    forget(fx);
    conf.docs = fx->docs;
    conf.n_docs = n_docs;
    fake_store_init(&fx->store, &conf);
    fx->store.store.max_rate = fx->max_rate;
    ok = pipeline_run(&fx->pipeline, &fx->err);
    assert_int_equal(atomic_load(&fx->store.closed), atomic_load(&fx->store.opened));
    assert_true(atomic_load(&fx->store.n_batches) <= PIPELINE_BATCHES);
    if (ok)
        assert_int_equal(fx->err.kind, ERR_NONE);
    else
        assert_int_equal(atomic_load(&fx->store.cancelled), atomic_load(&fx->store.opened));
    return ok;
}

static void assert_each_once(const struct fixture *fx, size_t n_docs)
{
    for (size_t i = 0; i < MAX_DOCS; i++) {
        if (fx->keeper.seen[i] != (i < n_docs ? 1 : 0))
            fail_msg("document %zu of %zu came %u times", i, n_docs, fx->keeper.seen[i]);
    }
    assert_int_equal(atomic_load(&fx->tally.read), n_docs);
}

static void assert_failed(const struct fixture *fx, enum err_kind kind, const char *part)
{
    assert_int_equal(fx->err.kind, kind);
    if (!strstr(fx->err.msg, part))
        fail_msg("\"%s\" is not in \"%s\"", part, fx->err.msg);
}

/* ---- arriving ------------------------------------------------------------------------------ */

static void every_document_arrives_once_with_1_to_4_readers(void **state)
{
    struct fixture *fx = *state;

    for (size_t readers = 1; readers <= 4; readers++) {
        assert_true(run(fx, MAX_DOCS, (struct fake_store_conf){ .n_readers = readers }));
        assert_each_once(fx, MAX_DOCS);
        assert_int_equal(atomic_load(&fx->store.opened), readers);
        assert_int_equal(atomic_load(&fx->store.cancelled), 0);
    }
}

static void the_store_is_asked_for_no_more_readers_than_jobs(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.jobs = 3;
    assert_true(run(fx, 100, (struct fake_store_conf){ 0 }));
    assert_int_equal(atomic_load(&fx->store.opened), 3);
    fx->pipeline.jobs = 0;
    assert_true(run(fx, 100, (struct fake_store_conf){ 0 }));
    assert_int_equal(atomic_load(&fx->store.opened), 1);
}

static void more_readers_than_batches_take_turns(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.jobs = 3 * PIPELINE_BATCHES;
    assert_true(run(fx, MAX_DOCS, (struct fake_store_conf){ .docs_a_read = 50 }));
    assert_int_equal(atomic_load(&fx->store.opened), 3 * PIPELINE_BATCHES);
    assert_each_once(fx, MAX_DOCS);
}

static void an_empty_store_is_read_to_its_end(void **state)
{
    struct fixture *fx = *state;

    assert_true(run(fx, 0, (struct fake_store_conf){ .n_readers = 4 }));
    assert_each_once(fx, 0);
}

static void readers_without_documents_do_no_harm(void **state)
{
    struct fixture *fx = *state;

    assert_true(run(fx, 2, (struct fake_store_conf){ .n_readers = 4 }));
    assert_each_once(fx, 2);
}

static void an_end_that_comes_late_ends_the_run(void **state)
{
    struct fixture *fx = *state;

    assert_true(run(fx, 5000, (struct fake_store_conf){ .ends_late = true }));
    assert_each_once(fx, 5000);
}

static void reads_that_bring_nothing_are_repeated(void **state)
{
    struct fixture *fx = *state;

    assert_true(run(fx, 500, (struct fake_store_conf){ .reads_nothing = true, .docs_a_read = 7 }));
    assert_each_once(fx, 500);
}

static void slow_readers_only_take_longer(void **state)
{
    struct fixture *fx = *state;

    /* Longer than the look at the stop, so that the wait for a batch runs out once. */
    assert_true(run(fx, 400, (struct fake_store_conf){ .delay_ms = 120, .n_readers = 2 }));
    assert_each_once(fx, 400);
}

/* ---- counting ------------------------------------------------------------------------------ */

static void the_tally_counts_documents_records_and_reasons(void **state)
{
    struct fixture *fx = *state;
    size_t          read_bytes = 0;
    size_t          record_bytes = 0;

    for (size_t i = 0; i < 1000; i++) {
        bool terminal = i % 10 == 3;
        bool faulty = i % 10 == 4;

        write_doc(fx, i, faulty ? "another" : NULL, terminal ? "SUCCESS" : "RUNNING");
        read_bytes += fx->docs[i].value.n;
        if (!terminal && !faulty)
            record_bytes += fx->docs[i].id.n + fx->docs[i].value.n;
    }
    assert_true(run(fx, 1000, (struct fake_store_conf){ .n_readers = 3 }));
    assert_int_equal(atomic_load(&fx->tally.read), 1000);
    assert_int_equal(atomic_load(&fx->tally.read_bytes), read_bytes);
    assert_int_equal(atomic_load(&fx->tally.records), 800);
    assert_int_equal(atomic_load(&fx->tally.record_bytes), record_bytes);
    assert_int_equal(atomic_load(&fx->tally.reasons[REASON_TERMINAL]), 100);
    assert_int_equal(atomic_load(&fx->tally.reasons[REASON_KEY_MISMATCH]), 100);
    assert_int_equal(fx->keeper.n, 800);
}

static void locks_of_triggers_are_counted(void **state)
{
    struct fixture        *fx = *state;
    struct project_options options = { .executions = EXECUTIONS_ALL, .unlock = UNLOCK_ALL };

    for (size_t i = 0; i < 10; i++) {
        struct text *t = &fx->texts[i];

        (void)snprintf(t->id, sizeof(t->id), "n_f_t%zu", i);
        (void)snprintf(t->json, sizeof(t->json),
                       "{\"namespace\": \"n\", \"flowId\": \"f\", \"triggerId\": \"t%zu\"%s}", i,
                       i < 4 ? ", \"executionId\": \"e\"" : "");
        fx->docs[i].id = slice_str(t->id);
        fx->docs[i].value = slice_str(t->json);
    }
    fx->query.kind = KIND_TRIGGER;
    fx->pipeline.sink = NULL;
    assert_true(run(fx, 10, (struct fake_store_conf){ 0 }));
    assert_int_equal(atomic_load(&fx->tally.locked), 4);
    assert_int_equal(atomic_load(&fx->tally.unlocked), 0);
    projector_free(fx->projector);
    fx->projector = projector_new(fx->layout, &options, NULL, NULL);
    fx->pipeline.projector = fx->projector;
    assert_true(run(fx, 10, (struct fake_store_conf){ 0 }));
    assert_int_equal(atomic_load(&fx->tally.locked), 4);
    assert_int_equal(atomic_load(&fx->tally.unlocked), 4);
}

static void without_a_sink_records_are_only_counted(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.sink = NULL;
    assert_true(run(fx, 3000, (struct fake_store_conf){ 0 }));
    assert_int_equal(atomic_load(&fx->tally.records), 3000);
    assert_int_equal(fx->keeper.n, 0);
}

static void without_a_tally_the_run_is_the_same(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.tally = NULL;
    assert_true(run(fx, 3000, (struct fake_store_conf){ 0 }));
    assert_int_equal(fx->keeper.n, 3000);
}

/* ---- telling ------------------------------------------------------------------------------- */

static bool look(void *ctx, const char *place, const struct document *doc,
                 const struct projection *p, struct err *err)
{
    struct fixture *fx = ctx;

    assert_string_equal(place, FAKE_PLACE);
    if (p && p->record.doc == doc)
        fx->n_looked_at++;
    if (fx->refuse_to_look)
        return err_set(err, ERR_STORE, "looked enough");
    return true;
}

static bool look_at_nothing_else(void *ctx, const char *place, const struct document *doc,
                                 const struct projection *p, struct err *err)
{
    struct fixture *fx = ctx;

    (void)place;
    (void)err;
    assert_null(p);
    fx->n_looked_at += doc->value.n > 0 ? 1 : 0;
    return true;
}

static void note_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct fixture *fx = ctx;

    fx->n_skips++;
    (void)snprintf(fx->last_skip, sizeof(fx->last_skip), "%s/%.*s %s %.*s: %s", place,
                   SLICE_ARG(doc->id), reason_name(p->reason), SLICE_ARG(p->record.key), p->detail);
}

static void every_document_is_looked_at_and_every_skip_is_told(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.on_document = look;
    fx->pipeline.on_skip = note_skip;
    fx->pipeline.ctx = fx;
    write_doc(fx, 7, "another", "RUNNING");
    write_doc(fx, 8, NULL, "SUCCESS");
    assert_true(run(fx, 2000, (struct fake_store_conf){ 0 }));
    assert_int_equal(fx->n_looked_at, 2000);
    assert_int_equal(fx->n_skips, 1);
    assert_string_equal(fx->last_skip,
                        FAKE_PLACE "/e7 key-mismatch another: the members give the key "
                                   "\"another\", stored is \"e7\"");
}

static void who_looks_can_end_the_run(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.on_document = look;
    fx->pipeline.ctx = fx;
    fx->refuse_to_look = true;
    assert_false(run(fx, 2000, (struct fake_store_conf){ .n_readers = 2 }));
    assert_string_equal(fx->err.msg, "looked enough");
    assert_int_equal(fx->n_looked_at, 1);
}

static void without_a_projector_documents_are_only_shown(void **state)
{
    struct fixture *fx = *state;

    projector_free(fx->projector);
    fx->projector = fx->pipeline.projector = NULL;
    fx->pipeline.on_document = look_at_nothing_else;
    fx->pipeline.ctx = fx;
    assert_true(run(fx, 2000, (struct fake_store_conf){ .n_readers = 2 }));
    assert_int_equal(fx->n_looked_at, 2000);
    assert_int_equal(fx->keeper.n, 0);
}

static void a_record_that_the_sink_refuses_becomes_a_skip(void **state)
{
    struct fixture *fx = *state;

    fx->pipeline.on_document = look;
    fx->pipeline.on_skip = note_skip;
    fx->pipeline.ctx = fx;
    fx->keeper.refuses = 99;
    assert_true(run(fx, 200, (struct fake_store_conf){ .n_readers = 2 }));
    assert_int_equal(fx->n_skips, 1);
    assert_non_null(strstr(fx->last_skip, FAKE_PLACE "/e99 too-large e99: "));
    assert_int_equal(fx->n_looked_at, 200);
    assert_int_equal(atomic_load(&fx->tally.records), 199);
    assert_int_equal(atomic_load(&fx->tally.reasons[REASON_TOO_LARGE]), 1);
}

/* ---- failing ------------------------------------------------------------------------------- */

static void a_store_that_opens_no_reader_fails_the_run(void **state)
{
    struct fixture *fx = *state;

    assert_false(run(fx, 10, (struct fake_store_conf){ .open_fails = true }));
    assert_failed(fx, ERR_STORE, "no reader can be opened");
}

static void an_error_in_reader_2_stops_all(void **state)
{
    struct fixture *fx = *state;

    assert_false(run(fx, MAX_DOCS,
                     (struct fake_store_conf){
                         .n_readers = 4, .endless = true, .fails = 2, .fails_after = 3000 }));
    assert_failed(fx, ERR_STORE, "reader 2 failed");
}

static void an_error_wakes_readers_that_wait_for_their_server(void **state)
{
    struct fixture *fx = *state;

    assert_false(run(
        fx, 40,
        (struct fake_store_conf){ .n_readers = 4, .hangs = true, .fails = 3, .fails_after = 10 }));
    assert_failed(fx, ERR_STORE, "reader 3 failed");
}

static void an_error_before_the_first_document_is_told(void **state)
{
    struct fixture *fx = *state;

    for (size_t readers = 1; readers <= 4; readers++) {
        assert_false(
            run(fx, 1000, (struct fake_store_conf){ .n_readers = readers, .fails = readers }));
        assert_failed(fx, ERR_STORE, "failed");
    }
}

static void an_error_of_the_sink_stops_readers_that_wait_for_an_empty_batch(void **state)
{
    struct fixture *fx = *state;

    fx->keeper.fails_after = 100;
    fx->keeper.slow_ms = 1; /* time enough for the readers to fill every batch */
    assert_false(run(fx, MAX_DOCS, (struct fake_store_conf){ .n_readers = 4, .endless = true }));
    assert_failed(fx, ERR_KAFKA, "the sink failed");
    assert_int_equal(fx->keeper.n, 100);
}

static void an_error_of_the_sink_wakes_readers_that_wait_for_their_server(void **state)
{
    struct fixture *fx = *state;

    fx->keeper.fails_after = 5;
    assert_false(run(fx, 100, (struct fake_store_conf){ .n_readers = 3, .hangs = true }));
    assert_failed(fx, ERR_KAFKA, "the sink failed");
}

static void the_first_error_wins(void **state)
{
    struct fixture *fx = *state;

    /* The sink fails at the first record; the reader would fail long after. */
    fx->keeper.fails_after = 0;
    assert_false(run(fx, MAX_DOCS,
                     (struct fake_store_conf){ .n_readers = 1,
                                               .docs_a_read = 1,
                                               .delay_ms = 20,
                                               .endless = true,
                                               .fails = 1,
                                               .fails_after = 50 }));
    assert_failed(fx, ERR_KAFKA, "the sink failed");
}

/* ---- stopping ------------------------------------------------------------------------------ */

static void a_stop_asked_before_the_run_ends_it_at_once(void **state)
{
    struct fixture *fx = *state;

    stop_ask(&fx->stop);
    assert_false(run(fx, MAX_DOCS, (struct fake_store_conf){ .endless = true }));
    assert_int_equal(fx->err.kind, ERR_STOPPED);
    assert_int_equal(fx->keeper.n, 0);
}

static void a_stop_asked_in_the_middle_lets_no_further_record_through(void **state)
{
    struct fixture *fx = *state;

    fx->keeper.stops_after = 1234;
    assert_false(run(fx, MAX_DOCS, (struct fake_store_conf){ .endless = true }));
    assert_int_equal(fx->err.kind, ERR_STOPPED);
    assert_int_equal(fx->keeper.n, 1235);
}

static void stop_soon(void *arg)
{
    clock_sleep_ms(150);
    stop_ask(arg);
}

static void a_stop_is_seen_while_no_documents_come(void **state)
{
    struct fixture *fx = *state;
    struct thread  *t = thread_start(stop_soon, &fx->stop);
    bool            ok = run(fx, 0, (struct fake_store_conf){ .n_readers = 2, .hangs = true });

    thread_join(t);
    assert_false(ok);
    assert_int_equal(fx->err.kind, ERR_STOPPED);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void a_slow_sink_lets_no_more_than_all_batches_wait(void **state)
{
    struct fixture *fx = *state;

    fx->keeper.slow_ms = 1;
    fx->keeper.stops_after = 300;
    assert_false(
        run(fx, MAX_DOCS,
            (struct fake_store_conf){ .n_readers = 4, .docs_a_read = 10, .endless = true }));
    assert_true(fx->keeper.most_waiting <= (size_t)PIPELINE_BATCHES * 10);
    assert_true(atomic_load(&fx->store.n_batches) <= PIPELINE_BATCHES);
}

/* ---- anything ------------------------------------------------------------------------------ */

static void any_mixture_of_readers_batches_and_faults_ends_well(void **state)
{
    struct fixture *fx = *state;
    uint64_t        seed = test_seed();

    for (int round = 0; round < 150; round++) {
        size_t                 n_docs = test_below(&seed, 4000);
        struct fake_store_conf conf = {
            .n_readers = 1 + test_below(&seed, 6),
            .docs_a_read = test_below(&seed, 2) ? 1 + test_below(&seed, 300) : 0,
            .ends_late = test_below(&seed, 2),
            .reads_nothing = test_below(&seed, 3) == 0,
            .fails = test_below(&seed, 3) == 0 ? 1 + test_below(&seed, 6) : 0,
            .fails_after = test_below(&seed, 1000),
        };
        size_t sink_fails = test_below(&seed, 4) == 0 ? test_below(&seed, 4000) : SIZE_MAX;
        bool   ok;

        fx->pipeline.jobs = (unsigned)(1 + test_below(&seed, 8));
        fx->keeper.fails_after = sink_fails;
        ok = run(fx, n_docs, conf);
        if (ok)
            assert_each_once(fx, n_docs);
        else
            assert_true(fx->err.kind == ERR_STORE || fx->err.kind == ERR_KAFKA);
        if (conf.fails == 0 && sink_fails >= n_docs)
            assert_true(ok);
        for (size_t i = 0; i < MAX_DOCS; i++)
            assert_true(fx->keeper.seen[i] <= 1);
    }
}

/* Only that it is not faster: how much slower is the machine's affair. */
static void a_store_is_read_no_faster_than_its_rate_allows(void **state)
{
    struct fixture *fx = *state;
    int64_t         started = clock_mono_ns();
    uint64_t        bytes;

    fx->max_rate = 1000000;
    assert_true(run(fx, 3000, (struct fake_store_conf){ .docs_a_read = 100 }));
    assert_each_once(fx, 3000);
    bytes = atomic_load(&fx->tally.read_bytes);
    assert_true(bytes > 200000);
    assert_true((uint64_t)(clock_mono_ns() - started) >= bytes * 1000);
}

static void a_stop_ends_the_wait_for_the_rate(void **state)
{
    struct fixture *fx = *state;

    fx->max_rate = 1;            /* a byte a second: for ever */
    fx->keeper.stops_after = 49; /* the last of the first batch, behind which it waits */
    assert_false(run(fx, 3000, (struct fake_store_conf){ .docs_a_read = 50 }));
    assert_int_equal(fx->err.kind, ERR_STOPPED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_document_arrives_once_with_1_to_4_readers),
        T(the_store_is_asked_for_no_more_readers_than_jobs),
        T(more_readers_than_batches_take_turns),
        T(an_empty_store_is_read_to_its_end),
        T(readers_without_documents_do_no_harm),
        T(an_end_that_comes_late_ends_the_run),
        T(reads_that_bring_nothing_are_repeated),
        T(slow_readers_only_take_longer),
        T(the_tally_counts_documents_records_and_reasons),
        T(locks_of_triggers_are_counted),
        T(without_a_sink_records_are_only_counted),
        T(without_a_tally_the_run_is_the_same),
        T(every_document_is_looked_at_and_every_skip_is_told),
        T(who_looks_can_end_the_run),
        T(without_a_projector_documents_are_only_shown),
        T(a_record_that_the_sink_refuses_becomes_a_skip),
        T(a_store_that_opens_no_reader_fails_the_run),
        T(an_error_in_reader_2_stops_all),
        T(an_error_wakes_readers_that_wait_for_their_server),
        T(an_error_before_the_first_document_is_told),
        T(an_error_of_the_sink_stops_readers_that_wait_for_an_empty_batch),
        T(an_error_of_the_sink_wakes_readers_that_wait_for_their_server),
        T(the_first_error_wins),
        T(a_stop_asked_before_the_run_ends_it_at_once),
        T(a_stop_asked_in_the_middle_lets_no_further_record_through),
        T(a_stop_is_seen_while_no_documents_come),
        T(a_slow_sink_lets_no_more_than_all_batches_wait),
        T(a_store_is_read_no_faster_than_its_rate_allows),
        T(a_stop_ends_the_wait_for_the_rate),
        T(any_mixture_of_readers_batches_and_faults_ends_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
