/*
 * test_compare_explain.c - where two values differ, and which one is older.
 */
#include "tests/support/compare_bands.h"

#define TWO_HISTORIES                                                                              \
    "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'},"                       \
    "{'state':'SUCCESS','date':'2023-02-10T08:15:33.500Z'}]"
#define TWO_HISTORIES_CUT                                                                          \
    "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104Z'},"                          \
    "{'state':'SUCCESS','date':'2023-02-10T08:15:33.500Z'}]"
#define ONE_HISTORY "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'}]"

/* ---- explanations ---- */

/* What explain says, one "path store topic" a line ("-" for absent), with ' for ". */
static void expect_explained(struct comparer *c, const char *store, const char *topic,
                             const char *expected)
{
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    struct buf              rooms[3];
    size_t                  n = 0;
    bool                    more = true;

    for (size_t i = 0; i < COUNT_OF(rooms); i++)
        buf_init(&rooms[i], NO_LIMIT);
    assert_true(comparer_explain(c, bands_json(store, &rooms[0]), bands_json(topic, &rooms[1]), a,
                                 out, &n, &more, &err));
    assert_false(more);
    for (size_t i = 0; i < n; i++)
        buf_add(&rooms[2], "%.*s %.*s %.*s\n", SLICE_ARG(out[i].path),
                SLICE_ARG(out[i].store.p ? out[i].store : SLICE("-")),
                SLICE_ARG(out[i].topic.p ? out[i].topic : SLICE("-")));
    for (size_t i = 0; i < rooms[2].n; i++)
        if (rooms[2].p[i] == '"')
            rooms[2].p[i] = '\'';
    assert_string_equal(rooms[2].p, expected);
    for (size_t i = 0; i < COUNT_OF(rooms); i++)
        buf_release(&rooms[i]);
    arena_free(a);
}

static void differences_are_told_by_path_in_the_stores_order(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'z':1,'state':{'current':'A','x':[1,2,3]},'b':true}",
                     "{'b':false,'n':1.50,'state':{'x':[1,5],'current':'B'},'z':2,'m':null,'l':[]}",
                     "/z 1 2\n/state/current 'A' 'B'\n/state/x/1 2 5\n/state/x/2 3 -\n"
                     "/b true false\n/n - 1.50\n/l - []\n");
    expect_explained(b->of_drop, "{'a':'','b':{'c':''}}", "{'a':'x','b':{'d':1},'l':[]}",
                     "/a '' 'x'\n/b/d - 1\n");
    expect_explained(b->of_keep, "{'a':[{'b':1}],'c':{}}", "{'a':{'b':1},'c':null}",
                     "/a [{'b':1}] {'b':1}\n/c {} null\n");
}

static void paths_are_json_pointers(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'a/b':{'~':1},'':{'':2}}", "{'a/b':{'~':2},'':{'':3}}",
                     "/a~1b/~0 1 2\n// 2 3\n");
}

static void repeated_members_are_told_once(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'a':1,'b':0,'a':2}", "{'a':2,'b':0}", "/a 2 2\n");
    expect_explained(b->of_keep, "{'a':[1],'a':[2]}", "{'a':[2],'a':[1]}", "");
}

static void computed_members_are_told_only_when_they_count(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'state':{'duration':3.396,'current':'A'," TWO_HISTORIES "}}",
                     "{'state':{'duration':9,'current':'B'," TWO_HISTORIES_CUT "}}",
                     "/state/duration 3.396 9\n/state/current 'A' 'B'\n");
    expect_explained(
        b->of_keep, "{'state':{'duration':3.396," TWO_HISTORIES "}}",
        "{'state':{'duration':3.396," ONE_HISTORY "}}",
        "/state/histories/1 {'state':'SUCCESS','date':'2023-02-10T08:15:33.500Z'} -\n");
}

static void computed_members_that_both_states_agree_with_are_not_told(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'state':{'duration':3.395,'current':'A'," TWO_HISTORIES "}}",
                     "{'state':{'duration':3.397,'current':'B'," TWO_HISTORIES_CUT "}}",
                     "/state/current 'A' 'B'\n");
}

static void repeated_computed_members_are_told_at_their_path(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'state':{'duration':5,'duration':3.396," TWO_HISTORIES "}}",
                     "{'state':{'duration':3.396," TWO_HISTORIES "}}",
                     "/state/duration 3.396 3.396\n");
    expect_explained(b->of_keep,
                     "{'state':{'duration':3.396,'duration':null,'x':1," TWO_HISTORIES "}}",
                     "{'state':{'x':2," TWO_HISTORIES "}}", "/state/x 1 2\n");
}

static void entries_of_verbatim_members_are_told_at_their_path(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_drop, "{'inputs':{'a':{'b':null,'c':[{'d':''}]}}}",
                     "{'inputs':{'a':{'c':[{}]}}}", "/inputs/a/b null -\n/inputs/a/c/0/d '' -\n");
}

static void labels_are_told_as_a_whole(void **state)
{
    struct bands *b = *state;

    expect_explained(b->of_keep, "{'labels':{'a':'x'}}", "{'labels':[{'key':'a','value':'y'}]}",
                     "/labels {'a':'x'} [{'key':'a','value':'y'}]\n");
}

static struct slice repeat(struct buf *b, const char *before, const char *piece, size_t n,
                           const char *after)
{
    buf_clear(b);
    buf_add(b, "%s", before);
    for (size_t i = 0; i < n; i++)
        buf_add(b, "%s", piece);
    buf_add(b, "%s", after);
    return buf_slice(b);
}

static void expect_cut(struct comparer *c, struct slice store)
{
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    const struct json_node *node;
    struct err              err = ERR_INIT;
    size_t                  n;
    bool                    more;

    assert_true(comparer_explain(c, store, SLICE("{\"a\":1}"), a, out, &n, &more, &err));
    assert_int_equal(n, 1);
    assert_true(out[0].store.n <= COMPARE_MAX_VALUE);
    assert_true(out[0].store.n > COMPARE_MAX_VALUE / 2);
    if (!json_tree(out[0].store, a, &node, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(node->type, JSON_STRING);
    assert_memory_equal(node->text.p + node->text.n - 3, "...", 3);
    assert_null(memmem(node->text.p, node->text.n, "\xef\xbf\xbd", 3));
    arena_free(a);
}

static void long_values_are_cut_on_a_character_boundary(void **state)
{
    struct bands *b = *state;
    struct buf    text;

    buf_init(&text, NO_LIMIT);
    expect_cut(b->of_keep, repeat(&text, "{\"a\":\"", "x", 100000, "\"}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":\"", "\xe6\x97\xa5", 1000, "\"}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":\"x", "\xf0\x9f\x98\x80", 1000, "\"}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":\"", "\\u0001\\\"", 1000, "\"}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":\"", "\\\"", 1500, "\"}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":[\"", "\\u0001", 1000000, "\"]}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":[0", ",{\"k\":[\"\xc3\xa9\"]}", 5000, "]}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":", "9", 5000, "}"));
    expect_cut(b->of_keep, repeat(&text, "{\"a\":{\"", "k", 5000, "\":1}}"));
    buf_release(&text);
}

static void a_value_that_just_fits_is_not_cut(void **state)
{
    struct bands           *b = *state;
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    struct buf              text;
    size_t                  n;
    bool                    more;

    buf_init(&text, NO_LIMIT);
    assert_true(comparer_explain(b->of_keep,
                                 repeat(&text, "{\"a\":\"", "x", COMPARE_MAX_VALUE - 2, "\"}"),
                                 SLICE("{}"), a, out, &n, &more, &err));
    assert_int_equal(out[0].store.n, COMPARE_MAX_VALUE);
    assert_int_equal(out[0].store.p[COMPARE_MAX_VALUE - 2], 'x');
    assert_null(out[0].topic.p);
    buf_release(&text);
    arena_free(a);
}

static void explain_n_numbers(struct comparer *c, size_t count, size_t *n, bool *more)
{
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    struct buf              text;

    buf_init(&text, NO_LIMIT);
    assert_true(comparer_explain(c, repeat(&text, "{\"a\":[{}", ",7", count, "]}"),
                                 SLICE("{\"a\":[{}]}"), a, out, n, more, &err));
    buf_release(&text);
    arena_free(a);
}

static void after_two_hundred_paths_the_rest_is_left_out(void **state)
{
    struct bands *b = *state;
    size_t        n;
    bool          more;

    explain_n_numbers(b->of_keep, COMPARE_MAX_PATHS, &n, &more);
    assert_int_equal(n, COMPARE_MAX_PATHS);
    assert_false(more);
    explain_n_numbers(b->of_keep, COMPARE_MAX_PATHS + 1, &n, &more);
    assert_int_equal(n, COMPARE_MAX_PATHS);
    assert_true(more);
}

static void objects_with_very_many_members_are_explained_in_time(void **state)
{
    struct bands           *b = *state;
    struct value_difference out[COMPARE_MAX_PATHS];
    struct arena           *a = arena_new(4096);
    struct err              err = ERR_INIT;
    struct buf              one;
    struct buf              two;
    size_t                  n;
    bool                    more;

    buf_init(&one, NO_LIMIT);
    buf_init(&two, NO_LIMIT);
    buf_add(&one, "{\"m\":{\"x\":0");
    buf_add(&two, "{\"m\":{\"x\":0");
    for (size_t i = 0; i < 50000; i++) {
        buf_add(&one, ",\"member%zu\":%zu", i, i);
        buf_add(&two, ",\"member%zu\":%zu", 49999 - i, 49999 - i);
    }
    buf_add(&one, "}}");
    buf_add(&two, ",\"y\":1}}");
    assert_true(
        comparer_explain(b->of_keep, buf_slice(&one), buf_slice(&two), a, out, &n, &more, &err));
    assert_int_equal(n, 1);
    assert_true(slice_eq(out[0].path, SLICE("/m/y")));
    buf_release(&one);
    buf_release(&two);
    arena_free(a);
}

/* ---- stale and newer ---- */

enum age { OLDER, NEWER, NEITHER };

/* How old is the topic's value? */
static void expect_age(enum kind kind, const char *store, const char *topic, enum age age)
{
    static struct layout layout;
    struct comparer     *c;
    struct buf           rooms[2];
    struct slice         s;
    struct slice         t;

    bands_fill_layout(&layout, false);
    layout.kinds[KIND_FLOW] = layout.kinds[KIND_EXECUTION];
    c = comparer_new(&layout, kind);
    buf_init(&rooms[0], NO_LIMIT);
    buf_init(&rooms[1], NO_LIMIT);
    s = bands_json(store, &rooms[0]);
    t = bands_json(topic, &rooms[1]);
    assert_int_equal(comparer_stale(c, s, t), age == OLDER);
    assert_int_equal(comparer_newer(c, s, t), age == NEWER);
    assert_int_equal(comparer_stale(c, t, s), age == NEWER);
    buf_release(&rooms[0]);
    buf_release(&rooms[1]);
    comparer_free(c);
}

static void a_flow_with_a_lower_revision_is_stale(void **state)
{
    (void)state;
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{'revision':2}", OLDER);
    expect_age(KIND_FLOW_LAST, "{'revision':9}", "{'revision':10}", NEWER);
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{'revision':3,'x':1}", NEITHER);
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{}", NEITHER);
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{'revision':'2'}", NEITHER);
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{'revision':-2}", NEITHER);
    expect_age(KIND_FLOW_LAST, "{'revision':3}", "{'revision':2", NEITHER);
    expect_age(KIND_FLOW, "{'revision':3}", "{'revision':2}", NEITHER);
}

static void an_execution_whose_histories_are_a_strict_prefix_is_stale(void **state)
{
    const char *two = "{'state':{" TWO_HISTORIES "}}";
    const char *other =
        "{'state':{'histories':[{'state':'PAUSED','date':'2023-02-10T08:15:30.104Z'}]}}";

    (void)state;
    expect_age(KIND_EXECUTION, two, "{'x':1,'state':{" ONE_HISTORY "}}", OLDER);
    expect_age(KIND_EXECUTION, "{'state':{" ONE_HISTORY "}}", "{'state':{" TWO_HISTORIES_CUT "}}",
               NEWER);
    expect_age(KIND_EXECUTION, two, "{'state':{" TWO_HISTORIES_CUT ",'x':1}}", NEITHER);
    expect_age(KIND_EXECUTION, two, other, NEITHER);
    expect_age(KIND_EXECUTION, two, "{'state':{'histories':[]}}", NEITHER);
    expect_age(KIND_EXECUTION, two, "{'state':{'histories':null}}", NEITHER);
    expect_age(KIND_EXECUTION, two, "{}", NEITHER);
    expect_age(KIND_EXECUTION, two, "[]", NEITHER);
    expect_age(KIND_EXECUTION, two, "{'state':{" ONE_HISTORY "}", NEITHER);
}

static void a_trigger_with_an_earlier_date_is_stale(void **state)
{
    const char *one = "{'date':'2023-02-10T08:00:00Z','updatedDate':'2023-02-10T08:00:01.220Z'}";

    (void)state;
    expect_age(KIND_TRIGGER, one,
               "{'date':'2023-02-11T08:00:00Z','updatedDate':'2023-02-10T08:00:01.219Z'}", OLDER);
    expect_age(KIND_TRIGGER, one,
               "{'date':'2023-02-09T08:00:00Z','updatedDate':'2023-02-10T09:00:01.221+01:00'}",
               NEWER);
    /* Equal once they are cut to the store's precision: the dates are not asked. */
    expect_age(KIND_TRIGGER, one,
               "{'date':'2023-02-09T08:00:00Z','updatedDate':'2023-02-10T08:00:01.220456Z'}",
               NEITHER);
    expect_age(KIND_TRIGGER, one, "{'date':'2023-02-09T08:00:00Z'}", OLDER);
    expect_age(KIND_TRIGGER, one, "{'date':'2023-02-09T08:00:00Z','updatedDate':null}", OLDER);
    expect_age(KIND_TRIGGER, "{'date':'2023-02-09T08:00:00Z'}", one, NEWER);
    expect_age(KIND_TRIGGER, one, "{'date':'2023-02-10T09:00:00+01:00'}", NEITHER);
    expect_age(KIND_TRIGGER, one, "{'date':'soon'}", NEITHER);
    expect_age(KIND_TRIGGER, one, "{}", NEITHER);
    expect_age(KIND_TEMPLATE, one, "{'date':'2023-02-09T08:00:00Z'}", NEITHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BANDS_TEST(differences_are_told_by_path_in_the_stores_order),
        BANDS_TEST(paths_are_json_pointers),
        BANDS_TEST(repeated_members_are_told_once),
        BANDS_TEST(computed_members_are_told_only_when_they_count),
        BANDS_TEST(computed_members_that_both_states_agree_with_are_not_told),
        BANDS_TEST(repeated_computed_members_are_told_at_their_path),
        BANDS_TEST(entries_of_verbatim_members_are_told_at_their_path),
        BANDS_TEST(labels_are_told_as_a_whole),
        BANDS_TEST(long_values_are_cut_on_a_character_boundary),
        BANDS_TEST(a_value_that_just_fits_is_not_cut),
        BANDS_TEST(after_two_hundred_paths_the_rest_is_left_out),
        BANDS_TEST(objects_with_very_many_members_are_explained_in_time),
        cmocka_unit_test(a_flow_with_a_lower_revision_is_stale),
        cmocka_unit_test(an_execution_whose_histories_are_a_strict_prefix_is_stale),
        cmocka_unit_test(a_trigger_with_an_earlier_date_is_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
