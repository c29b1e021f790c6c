/* test_elastic_query.c - what a search server is asked for. Expected bodies are written with '
 * where JSON has ", and compared as JSON: members in any order. */
#include "tests/support/test.h"

#include "lib/base/json.h"
#include "lib/store/elastic_internal.h"
#include "tests/support/layout_files.h"

/* A store that was never opened, as after use() of a layout. */
struct world {
    struct es_store    store;
    struct layout     *layout;
    struct store_query query;
    struct arena      *arena;
};

static struct world *begin(const char *band)
{
    struct world *w = mem_alloc(sizeof(*w));

    w->layout = layout_file(band);
    w->store.layout = w->layout;
    /* Flows have the member too. */
    for (int kind = 0; kind < KIND_COUNT; kind++)
        w->store.kinds[kind].has_deleted = true;
    w->arena = arena_new(1u << 14);
    w->query = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_ALL };
    return w;
}

/* Kestra 0.20: with tenants. */
static int begin_i(void **state)
{
    *state = begin("I");
    return 0;
}

/* Kestra 0.6: without. */
static int begin_a(void **state)
{
    *state = begin("A");
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    layout_free(w->layout);
    arena_free(w->arena);
    mem_free(w);
    return 0;
}

/* ---- comparing ---------------------------------------------------------------------------- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a query */
static bool same(const struct json_node *a, const struct json_node *b)
{
    const struct json_node *other = b ? b->first : NULL;

    if (!a || !b || a->type != b->type || a->n != b->n)
        return false;
    if (a->type != JSON_OBJECT && a->type != JSON_ARRAY)
        return slice_eq(a->text, b->text);
    for (const struct json_node *v = a->first; v; v = v->next) {
        if (a->type == JSON_OBJECT) {
            for (other = b->first; other && !slice_eq(other->name, v->name); other = other->next)
                ;
        }
        if (!same(v, other))
            return false;
        other = other->next;
    }
    return true;
}

static const struct json_node *tree(const struct world *w, const char *text)
{
    const struct json_node *root = NULL;
    struct err              err = ERR_INIT;

    if (!json_tree(slice_str(text), w->arena, &root, &err))
        fail_msg("%s: %s", err.msg, text);
    return root;
}

static void assert_json(const struct world *w, const char *is, const char *expected)
{
    size_t n = strlen(expected);
    char  *json = arena_alloc(w->arena, n + 1);

    for (size_t i = 0; i <= n; i++)
        json[i] = expected[i] == '\'' ? '"' : expected[i];
    if (!same(tree(w, is), tree(w, json)))
        fail_msg("\n  is       %s\n  expected %s", is, json);
}

static void assert_part(const struct world *w, enum es_part part, const char *expected)
{
    struct json_writer writer;
    struct buf         out;

    buf_init(&out, ES_BODY_BYTES);
    json_writer_init(&writer, &out, false);
    assert_true(es_put_query(&writer, &w->store, &w->query, part));
    assert_json(w, out.p, expected);
    buf_release(&out);
}

/* With these in filter and must_not. */
static void assert_query(const struct world *w, enum es_part part, const char *filter,
                         const char *must_not)
{
    char text[2048];

    (void)snprintf(text, sizeof(text), "{'bool':{'filter':[%s],'must_not':[%s]}}", filter,
                   must_not);
    assert_part(w, part, text);
}

#define GONE    "{'term':{'deleted':true}}"
#define NOTHING "{'match_none':{}}"
#define ENDED_I                                                                                    \
    "{'terms':{'state.current':['SUCCESS','WARNING','FAILED','KILLED','CANCELLED','RETRIED',"      \
    "'SKIPPED']}}"
#define ENDED_A "{'terms':{'state.current':['SUCCESS','WARNING','FAILED','KILLED']}}"

/* ---- the selection ------------------------------------------------------------------------ */

static void all_of_a_kind_is_asked_for_without_conditions(void **state)
{
    struct world *w = *state;

    w->query.tenant = "t";
    w->query.namespace = "a.b";
    w->query.since = "2024-03-01T00:00:00.000Z";
    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_ALL, "", "");
}

static void nothing_selected_is_everything(void **state)
{
    struct world *w = *state;

    assert_query(w, ES_SELECTED, "", "");
    w->query.kind = KIND_FLOW;
    assert_query(w, ES_SELECTED, "", "");
    assert_query(w, ES_WANTED, "", "");
}

static void a_tenant_is_a_term_and_no_tenant_an_absent_field(void **state)
{
    struct world *w = *state;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (!kind_is_stored((enum kind)kind))
            continue;
        w->query.kind = (enum kind)kind;
        w->query.tenant = "main";
        assert_query(w, ES_SELECTED, "{'term':{'tenantId':'main'}}", "");
        w->query.tenant = "";
        assert_query(w, ES_SELECTED, "{'bool':{'must_not':[{'exists':{'field':'tenantId'}}]}}", "");
    }
}

static void where_there_are_no_tenants_one_selects_nothing_and_none_everything(void **state)
{
    struct world *w = *state;

    w->query.tenant = "main";
    assert_query(w, ES_SELECTED, NOTHING, "");
    w->query.tenant = "";
    assert_query(w, ES_SELECTED, "", "");
}

static void a_namespace_is_itself_and_what_is_below(void **state)
{
    struct world *w = *state;

    w->query.namespace = "a.b";
    assert_query(w, ES_SELECTED,
                 "{'bool':{'should':[{'term':{'namespace':'a.b'}},"
                 "{'prefix':{'namespace':'a.b.'}}]}}",
                 "");
    w->query.namespace = "a\\\"b";
    assert_query(w, ES_SELECTED,
                 "{'bool':{'should':[{'term':{'namespace':'a\\\\\\'b'}},"
                 "{'prefix':{'namespace':'a\\\\\\'b.'}}]}}",
                 "");
}

static void times_are_of_the_start_of_executions_and_of_nothing_else(void **state)
{
    struct world *w = *state;

    w->query.since = "2024-03-01T00:00:00.000Z";
    assert_query(w, ES_SELECTED, "{'range':{'state.startDate':{'gte':'2024-03-01T00:00:00.000Z'}}}",
                 "");
    w->query.until = "2024-03-02T00:00:00.000Z";
    assert_query(w, ES_SELECTED,
                 "{'range':{'state.startDate':{'gte':'2024-03-01T00:00:00.000Z',"
                 "'lt':'2024-03-02T00:00:00.000Z'}}}",
                 "");
    w->query.since = NULL;
    assert_query(w, ES_SELECTED, "{'range':{'state.startDate':{'lt':'2024-03-02T00:00:00.000Z'}}}",
                 "");
    w->query.kind = KIND_TRIGGER;
    assert_query(w, ES_SELECTED, "", "");
}

static void states_and_ids_are_of_executions_and_of_nothing_else(void **state)
{
    struct world *w = *state;
    const char   *states[] = { "RUNNING", "PAUSED" };
    const char   *ids[] = { "a", "b\"" };

    w->query.states = (struct strings){ 2, states };
    w->query.only = (struct strings){ 2, ids };
    assert_query(w, ES_SELECTED,
                 "{'terms':{'state.current':['RUNNING','PAUSED']}},"
                 "{'ids':{'values':['a','b\\'']}}",
                 "");
    w->query.kind = KIND_TRIGGER;
    assert_query(w, ES_SELECTED, "", "");
}

static void conditions_hold_together(void **state)
{
    struct world *w = *state;

    w->query.tenant = "t";
    w->query.namespace = "n";
    w->query.until = "2024-03-02T00:00:00.000Z";
    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_WANTED,
                 "{'term':{'tenantId':'t'}},"
                 "{'bool':{'should':[{'term':{'namespace':'n'}},{'prefix':{'namespace':'n.'}}]}},"
                 "{'range':{'state.startDate':{'lt':'2024-03-02T00:00:00.000Z'}}}",
                 GONE "," ENDED_I);
}

/* ---- states ------------------------------------------------------------------------------- */

static void pending_is_what_has_not_ended_and_is_not_deleted(void **state)
{
    struct world *w = *state;

    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_WANTED, "", GONE "," ENDED_I);
    w->query.executions = EXECUTIONS_ALL;
    assert_query(w, ES_WANTED, "", GONE);
    w->query.executions = EXECUTIONS_NONE;
    assert_query(w, ES_WANTED, NOTHING, GONE);
}

static void the_states_that_end_are_those_of_the_band(void **state)
{
    struct world *w = *state;

    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_WANTED, "", GONE "," ENDED_A);
    assert_query(w, ES_TERMINAL, ENDED_A, GONE);
}

/* A layout of somebody's own may call it so, as Kestra before 0.8 did. */
static void paused_never_ends(void **state)
{
    static const char *states[] = { "SUCCESS", "PAUSED", "KILLED" };
    struct world      *w = *state;
    struct layout      own = *w->layout;

    own.terminal = (struct strings){ COUNT_OF(states), states };
    w->store.layout = &own;
    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_WANTED, "", GONE ",{'terms':{'state.current':['SUCCESS','KILLED']}}");
    w->store.layout = w->layout;
}

static void states_are_of_executions_only(void **state)
{
    struct world *w = *state;

    for (int kind = 0; kind < KIND_EXECUTION; kind++) {
        w->query.kind = (enum kind)kind;
        w->query.executions = EXECUTIONS_NONE;
        assert_query(w, ES_WANTED, "", kind == KIND_TEMPLATE ? GONE : "");
        w->query.executions = EXECUTIONS_PENDING;
        assert_query(w, ES_WANTED, "", kind == KIND_TEMPLATE ? GONE : "");
    }
}

static void where_deleted_is_not_mapped_nothing_is(void **state)
{
    struct world *w = *state;

    w->store.kinds[KIND_EXECUTION].has_deleted = false;
    assert_query(w, ES_WANTED, "", "");
    assert_query(w, ES_TERMINAL, ENDED_I, "");
    w->query.executions = EXECUTIONS_PENDING;
    assert_query(w, ES_WANTED, "", ENDED_I);
}

/* ---- parts of counts ---------------------------------------------------------------------- */

static void each_part_is_within_the_selection(void **state)
{
    struct world *w = *state;

    w->query.tenant = "t";
    assert_query(w, ES_DELETED, "{'term':{'tenantId':'t'}}," GONE, "");
    assert_query(w, ES_TERMINAL, "{'term':{'tenantId':'t'}}," ENDED_I, GONE);
    w->query.kind = KIND_TRIGGER;
    assert_query(w, ES_LOCKED,
                 "{'term':{'tenantId':'t'}},"
                 "{'bool':{'should':[{'exists':{'field':'executionId'}},"
                 "{'exists':{'field':'evaluateRunningDate'}},{'exists':{'field':'workerId'}}]}}",
                 "");
}

/* ---- ids ---------------------------------------------------------------------------------- */

/* Who looks a document up wants it as it is: ended, deleted, whatever is selected. */
static void what_is_looked_up_by_ids_comes_in_any_state(void **state)
{
    const struct slice ids[] = { SLICE("e1"), SLICE("a \"b\""), SLICE("\x01\xc3\xa9") };
    struct world      *w = *state;

    w->query.ids = ids;
    w->query.n_ids = COUNT_OF(ids);
    w->query.executions = EXECUTIONS_NONE;
    assert_query(w, ES_WANTED, "{'ids':{'values':['e1','a \\'b\\'','\\u0001\\u00e9']}}", "");
    w->query.executions = EXECUTIONS_PENDING;
    w->query.namespace = "n";
    w->query.n_ids = 1;
    assert_query(w, ES_WANTED,
                 "{'bool':{'should':[{'term':{'namespace':'n'}},{'prefix':{'namespace':'n.'}}]}},"
                 "{'ids':{'values':['e1']}}",
                 "");
}

static void no_ids_are_none_and_not_all(void **state)
{
    struct world *w = *state;

    w->query.ids = &SLICE("");
    w->query.n_ids = 0;
    assert_query(w, ES_WANTED, "{'ids':{'values':[]}}", "");
}

/* ---- the rest of a body --------------------------------------------------------------------- */

static void a_point_in_time_is_kept_while_it_is_used(void **state)
{
    struct world      *w = *state;
    struct json_writer writer;
    struct buf         out;

    buf_init(&out, ES_BODY_BYTES);
    json_writer_init(&writer, &out, false);
    json_open(&writer, '{');
    es_put_pit(&writer, SLICE("46ToAw=="));
    json_close(&writer, '}');
    assert_true(json_writer_ok(&writer));
    assert_json(w, out.p, "{'pit':{'id':'46ToAw==','keep_alive':'10m'}}");
    buf_release(&out);
}

static void a_query_that_is_too_long_is_refused(void **state)
{
    struct world      *w = *state;
    struct json_writer writer;
    struct buf         out;

    w->query.namespace = "a.namespace.of.some.length";
    buf_init(&out, 60);
    json_writer_init(&writer, &out, false);
    assert_false(es_put_query(&writer, &w->store, &w->query, ES_SELECTED));
    buf_release(&out);
}

#define BAND_I(t)                                                                                  \
    {                                                                                              \
#t, t, begin_i, end, NULL                                                                  \
    }
#define BAND_A(t)                                                                                  \
    {                                                                                              \
#t " (A)", t, begin_a, end, NULL                                                           \
    }

/* ---- answers ------------------------------------------------------------------------------- */

static void a_shard_without_memory_is_asked_for_less(void **state)
{
    struct es_store  s = { .name = "search" };
    struct es_asker  a = { .store = &s, .doing = "reading" };
    struct hits_page page = {
        .has_shards = true, .shards_total = 3, .shards_successful = 2, .shards_failed = 1
    };
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(es_check_page(&a, &page, &err), ES_AGAIN);
    page.shard_failure = SLICE("circuit_breaking_exception: [parent] Data too large");
    assert_int_equal(es_check_page(&a, &page, &err), ES_TOO_BIG);
    page.shard_failure = SLICE("shard_not_found: there is none");
    assert_int_equal(es_check_page(&a, &page, &err), ES_AGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shard_without_memory_is_asked_for_less),
        BAND_I(all_of_a_kind_is_asked_for_without_conditions),
        BAND_I(nothing_selected_is_everything),
        BAND_A(nothing_selected_is_everything),
        BAND_I(a_tenant_is_a_term_and_no_tenant_an_absent_field),
        BAND_A(where_there_are_no_tenants_one_selects_nothing_and_none_everything),
        BAND_I(a_namespace_is_itself_and_what_is_below),
        BAND_I(times_are_of_the_start_of_executions_and_of_nothing_else),
        BAND_I(states_and_ids_are_of_executions_and_of_nothing_else),
        BAND_I(conditions_hold_together),
        BAND_I(pending_is_what_has_not_ended_and_is_not_deleted),
        BAND_A(the_states_that_end_are_those_of_the_band),
        BAND_I(paused_never_ends),
        BAND_I(states_are_of_executions_only),
        BAND_I(where_deleted_is_not_mapped_nothing_is),
        BAND_I(each_part_is_within_the_selection),
        BAND_I(what_is_looked_up_by_ids_comes_in_any_state),
        BAND_I(no_ids_are_none_and_not_all),
        BAND_I(a_point_in_time_is_kept_while_it_is_used),
        BAND_I(a_query_that_is_too_long_is_refused),
    };

    return cmocka_run_group_tests_name("elastic_query", tests, NULL, NULL);
}
