/* test_execution_trusted.c - a trusted document is read as a tree of it says, like any other, and
 * what is only glanced at is found as a parser finds it. */
#include "tests/support/json_proof.h"
#include "tests/support/sample_docs.h"
#include "tests/support/test.h"

#include <errno.h>

#include "lib/kestra/execution.h"

static int arena_setup(void **state)
{
    *state = arena_new(65536);
    return 0;
}

static int arena_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* ---- alike ---- */

static void assert_same(struct slice a, struct slice b)
{
    assert_int_equal(a.p == NULL, b.p == NULL);
    assert_true(slice_eq(a, b));
}

static void assert_same_state(const struct run_state *a, const struct run_state *b)
{
    assert_int_equal(a->current, b->current);
    assert_int_equal(a->has_histories, b->has_histories);
    assert_int_equal(a->n_histories, b->n_histories);
    assert_same(a->name, b->name);
    assert_same(a->raw, b->raw);
    assert_same(a->current_raw, b->current_raw);
    assert_same(a->histories_raw, b->histories_raw);
    for (size_t i = 0; i < a->n_histories; i++) {
        assert_int_equal(a->histories[i].state, b->histories[i].state);
        assert_same(a->histories[i].date, b->histories[i].date);
    }
}

static void assert_same_run(const struct task_run *a, const struct task_run *b)
{
    assert_same(a->id, b->id);
    assert_same(a->task_id, b->task_id);
    assert_same(a->parent_id, b->parent_id);
    assert_same(a->value, b->value);
    assert_same(a->attempts_raw, b->attempts_raw);
    assert_same(a->outputs_raw, b->outputs_raw);
    assert_same(a->outputs_value, b->outputs_value);
    assert_same(a->outputs_execution, b->outputs_execution);
    assert_same(a->raw, b->raw);
    assert_same_state(&a->state, &b->state);
    assert_same_state(&a->last_attempt, &b->last_attempt);
    assert_int_equal(a->n_attempts, b->n_attempts);
    assert_int_equal(a->dynamic, b->dynamic);
    assert_int_equal(a->parent, b->parent);
}

static void assert_same_execution(const struct execution *a, const struct execution *b)
{
    assert_same(a->id, b->id);
    assert_same(a->tenant, b->tenant);
    assert_same(a->namespace, b->namespace);
    assert_same(a->flow_id, b->flow_id);
    assert_same(a->trigger_type, b->trigger_type);
    assert_same(a->trigger_id, b->trigger_id);
    assert_same(a->parent_execution, b->parent_execution);
    assert_same(a->trigger_date, b->trigger_date);
    assert_same(a->schedule_date, b->schedule_date);
    assert_same(a->runs_raw, b->runs_raw);
    assert_same(a->newest_text, b->newest_text);
    assert_same_state(&a->state, &b->state);
    assert_int_equal(a->has_revision, b->has_revision);
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(a->deleted, b->deleted);
    assert_int_equal(a->has_runs, b->has_runs);
    assert_int_equal(a->n_runs, b->n_runs);
    assert_int_equal(a->duplicate_run, b->duplicate_run);
    assert_int_equal(a->broken_run, b->broken_run);
    assert_int_equal(a->has_newest, b->has_newest);
    assert_int_equal(a->big_integer, b->big_integer);
    assert_int_equal(a->storage_uri, b->storage_uri);
    for (size_t i = 0; i < a->n_runs; i++)
        assert_same_run(&a->runs[i], &b->runs[i]);
}

/* ---- as a tree says ---- */

static const struct json_node *of_type(const struct json_node *n, enum json_type type)
{
    return n && n->type == type ? n : NULL;
}

static void assert_text(struct slice read, const struct json_node *n)
{
    assert_same(read, of_type(n, JSON_STRING) ? n->text : slice_of(NULL, 0));
}

static enum state state_named(const struct json_node *n)
{
    return state_parse(of_type(n, JSON_STRING) ? n->text : slice_of(NULL, 0));
}

static void assert_state(const struct run_state *s, const struct json_node *n)
{
    const struct json_node *histories = of_type(json_get(n, "histories"), JSON_ARRAY);
    const struct json_node *h = histories ? histories->first : NULL;

    assert_text(s->name, json_get(n, "current"));
    assert_int_equal(s->current, state_named(json_get(n, "current")));
    assert_int_equal(s->has_histories, histories != NULL);
    assert_int_equal(s->n_histories, histories ? histories->n : 0);
    for (size_t i = 0; i < s->n_histories; i++, h = h->next) {
        assert_int_equal(s->histories[i].state, state_named(json_get(h, "state")));
        assert_text(s->histories[i].date, json_get(h, "date"));
    }
}

static void assert_run(const struct task_run *run, const struct json_node *n)
{
    const struct json_node *outputs = json_get(n, "outputs");
    const struct json_node *dynamic = of_type(json_get(n, "dynamic"), JSON_BOOL);
    const struct json_node *attempts = of_type(json_get(n, "attempts"), JSON_ARRAY);
    const struct json_node *last = attempts ? attempts->first : NULL;

    while (last && last->next)
        last = last->next;
    assert_text(run->id, json_get(n, "id"));
    assert_text(run->task_id, json_get(n, "taskId"));
    assert_text(run->parent_id, json_get(n, "parentTaskRunId"));
    assert_text(run->value, json_get(n, "value"));
    assert_text(run->outputs_value, json_get(outputs, "value"));
    assert_text(run->outputs_execution, json_get(outputs, "executionId"));
    assert_int_equal(run->dynamic, dynamic && slice_eq(dynamic->text, SLICE("true")));
    assert_int_equal(run->n_attempts, attempts ? attempts->n : 0);
    assert_state(&run->state, json_get(n, "state"));
    assert_state(&run->last_attempt, json_get(last, "state"));
}

static void assert_tree(const struct execution *e, const struct json_node *root)
{
    const struct json_node *trigger = json_get(root, "trigger");
    const struct json_node *variables = json_get(trigger, "variables");
    const struct json_node *runs = of_type(json_get(root, "taskRunList"), JSON_ARRAY);
    const struct json_node *run = runs ? runs->first : NULL;

    assert_text(e->id, json_get(root, "id"));
    assert_text(e->tenant, json_get(root, "tenantId"));
    assert_text(e->namespace, json_get(root, "namespace"));
    assert_text(e->flow_id, json_get(root, "flowId"));
    assert_text(e->schedule_date, json_get(root, "scheduleDate"));
    assert_text(e->trigger_id, json_get(trigger, "id"));
    assert_text(e->trigger_type, json_get(trigger, "type"));
    assert_text(e->parent_execution, json_get(variables, "executionId"));
    assert_text(e->trigger_date, json_get(variables, "date"));
    assert_state(&e->state, json_get(root, "state"));
    assert_int_equal(e->has_runs, runs != NULL);
    assert_int_equal(e->n_runs, runs ? runs->n : 0);
    for (size_t i = 0; i < e->n_runs; i++, run = run->next)
        assert_run(&e->runs[i], run);
}

/* True: it is an execution, and all have read the same. */
static bool reads_alike(struct arena *a, const char *bytes, size_t n)
{
    char                   *copy = mem_realloc(mem_strndup(bytes, n), n + (n == 0));
    struct slice            doc = slice_of(copy, n);
    struct err              err = ERR_INIT;
    struct execution        proven;
    struct execution        trusted;
    const struct json_node *root;
    bool                    ok = execution_read(doc, a, &proven, &err);
    bool                    taken = execution_read_trusted(doc, a, &trusted, &err);

    if (ok) {
        assert_true(taken);
        assert_same_execution(&proven, &trusted);
        if (json_tree(doc, a, &root, &err)) /* which takes no U+0000 */
            assert_tree(&trusted, root);
    }
    mem_free(copy);
    arena_reset(a);
    return ok;
}

/* Members get the names of others: so some come twice, or are of another type. */
static void rename_some(char *text, size_t n, uint64_t *seed)
{
    static const char *const names[] = { "\"histories\"", "\"namespace\"", "\"variables\"",
                                         "\"startDate\"", "\"state\"",     "\"value\"",
                                         "\"id\"",        "\"attempts\"",  "\"trigger\"",
                                         "\"outputs\"",   "\"taskId\"",    "\"flowId\"" };
    const char              *from = names[test_below(seed, COUNT_OF(names))];
    const char              *to = names[test_below(seed, COUNT_OF(names))];
    size_t                   at = test_below(seed, n);
    char                    *found = memmem(text + at, n - at, from, strlen(from));

    if (found && strlen(to) <= strlen(from)) {
        memset(found, ' ', strlen(from));
        memcpy(found, to, strlen(to));
    }
}

static void a_trusted_document_is_read_like_any_other(void **state)
{
    uint64_t      seed = test_seed();
    struct slice *docs;
    size_t        n = sample_docs(SAMPLE_SEARCH, "kestra_executions", *state, &docs);
    struct arena *a = arena_new(65536);
    size_t        good = 0;

    for (size_t i = 0; i < n; i++)
        assert_true(reads_alike(a, docs[i].p, docs[i].n));
    for (size_t round = 0; round < 20000; round++) {
        struct slice doc = docs[test_below(&seed, n)];
        char        *copy = mem_strndup(doc.p, doc.n);
        size_t       end = test_below(&seed, 4) == 0 ? test_below(&seed, doc.n) : doc.n;

        for (size_t i = test_below(&seed, 3) + 1; i > 0; i--)
            copy[test_below(&seed, doc.n)] = "az09-:,[]{}\"\\\n\0\xff"[test_below(&seed, 16)];
        if (test_below(&seed, 2) == 0)
            rename_some(copy, doc.n, &seed);
        good += reads_alike(a, copy, end) ? 1 : 0;
        mem_free(copy);
    }
    assert_true(good > 1000);
    assert_false(reads_alike(a, "", 0));
    arena_free(a);
}

/* ---- found at a glance ---- */

struct seen {
    bool big;
    bool uri;
};

static bool see_number(void *ctx, struct slice spelled)
{
    struct seen *s = ctx;
    char         text[64];

    assert_true(spelled.n < sizeof(text));
    memcpy(text, spelled.p, spelled.n);
    text[spelled.n] = '\0';
    errno = 0;
    if (!strpbrk(text, ".eE")) {
        (void)strtoll(text, NULL, 10);
        s->big = s->big || errno == ERANGE;
    }
    return true;
}

static bool see_string(void *ctx, struct slice text)
{
    struct seen *s = ctx;

    s->uri = s->uri || (text.n >= 9 && memcmp(text.p, "kestra://", 9) == 0);
    return true;
}

static const char *const pieces[] = {
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "9999999999999999999999.5",
    "1234567890123456789e1",
    "12345678901234567",
    "\"9999999999999999999999\"",
    "\"kestra://a\"",
    "\"\\u006bestra://a\"",
    "\"kestra:\\/\\/\"",
    "\"kestra:/\"",
    "\"a kestra://\"",
    "\"\\\"kestra://\"",
    "{\"kestra://\":1}",
    "{\"kestra://\" :1}",
    "{\"x\":\"kestra://\"}",
    "\"\\\\\"",
    "\"k\"",
    "\"\\\\\\\"\"",
    "\"2026-01-01T00:00:00.123456789123456789123Z\"",
    "null",
};

static void numbers_and_uris_are_found_as_a_parser_finds_them(void **state)
{
    static const struct json_events events = { .number = see_number, .string = see_string };
    uint64_t                        seed = test_seed();
    struct arena                   *a = *state;
    struct buf                      b;
    size_t                          found = 0;

    buf_init(&b, NO_LIMIT);
    for (size_t round = 0; round < 50000; round++) {
        struct seen      seen = { 0 };
        struct err       err = ERR_INIT;
        struct execution e;

        buf_clear(&b);
        buf_add(&b, "{\"%.*s\":[", (int)test_below(&seed, 40),
                "0123456789abcdefghijklmnopqrstuvwxyzabcdefgh");
        for (size_t n = test_below(&seed, 4) + 1; n > 0; n--)
            buf_add(&b, "%s%*s%s", pieces[test_below(&seed, COUNT_OF(pieces))],
                    (int)test_below(&seed, 20), "", n > 1 ? "," : "");
        buf_add(&b, "]}");
        assert_true(json_parse(buf_slice(&b), &events, &seen, &err));
        assert_true(execution_read_trusted(buf_slice(&b), a, &e, &err));
        if (e.big_integer != seen.big || e.storage_uri != seen.uri)
            fail_msg("%s", b.p);
        found += seen.big + seen.uri;
        arena_reset(a);
    }
    assert_true(found > 1000);
    buf_release(&b);
}

/* ---- the newest date ---- */

static void dates_are_compared_as_times_whatever_they_look_like(void **state)
{
    static const char *const dates[] = {
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.001Z",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01T00:00:00.0011Z",
        "2025-12-31T23:59:59.999Z",
        "2026-01-01 00:00:01.000Z",
        "2026-01-01T00:00Z",
        "2026-13-01T00:00:00.000Z",
        "2026-01-01T00:00:00.000Z[UTC]",
        "9999-99-99T99:99:99.999Z",
        "2026-01-01T00:00:00,001Z",
        "2026-01-01T00:00:00.0000000001Z",
        "2026-01-01T00:00:00.0000000009Z",
    };
    uint64_t      seed = test_seed();
    struct arena *a = *state;
    struct buf    b;

    buf_init(&b, NO_LIMIT);
    for (size_t round = 0; round < 20000; round++) {
        struct instant   newest = { 0 };
        struct slice     text = { NULL, 0 };
        struct err       err = ERR_INIT;
        struct execution e;

        buf_clear(&b);
        buf_add(&b, "{\"state\":{\"histories\":[");
        for (size_t n = test_below(&seed, 6) + 1; n > 0; n--) {
            struct slice   date = slice_str(dates[test_below(&seed, COUNT_OF(dates))]);
            struct instant at;

            buf_add(&b, "{\"date\":\"%s\"}%s", date.p, n > 1 ? "," : "");
            if (!instant_parse(date, &at) || (text.p && instant_compare(at, newest) <= 0))
                continue;
            newest = at;
            text = date;
        }
        buf_add(&b, "]}}");
        assert_true(execution_read(buf_slice(&b), a, &e, &err));
        assert_same(e.newest_text, text);
        assert_int_equal(e.has_newest, text.p != NULL);
        assert_int_equal(instant_compare(e.newest, newest), 0);
        arena_reset(a);
    }
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trusted_document_is_read_like_any_other),
        cmocka_unit_test(numbers_and_uris_are_found_as_a_parser_finds_them),
        cmocka_unit_test(dates_are_compared_as_times_whatever_they_look_like),
    };

    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
