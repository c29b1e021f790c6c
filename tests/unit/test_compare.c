/*
 * test_compare.c - when do two spellings say the same? The rules of compare.h.
 */
#include "tests/support/compare_bands.h"

static void expect(struct comparer *c, const char *a, const char *b, bool same)
{
    struct buf room[2];

    buf_init(&room[0], NO_LIMIT);
    buf_init(&room[1], NO_LIMIT);
    if (bands_says_same(c, bands_json(a, &room[0]), bands_json(b, &room[1])) != same)
        fail_msg("expected to be %s:\n%s\n%s", same ? "equal" : "different", a, b);
    buf_release(&room[0]);
    buf_release(&room[1]);
}

static void expect_same(void **state, const char *a, const char *b)
{
    struct bands *bands = *state;

    expect(bands->of_keep, a, b, true);
    expect(bands->of_drop, a, b, true);
}

static void expect_different(void **state, const char *a, const char *b)
{
    struct bands *bands = *state;

    expect(bands->of_keep, a, b, false);
    expect(bands->of_drop, a, b, false);
}

/* Equal only where empty values are dropped. */
static void expect_same_modulo_empties(void **state, const char *a, const char *b)
{
    struct bands *bands = *state;

    expect(bands->of_keep, a, b, false);
    expect(bands->of_drop, a, b, true);
}

/* ---- rules 1 and 2: order, white space, numbers, texts ---- */

static void member_order_and_white_space_never_matter(void **state)
{
    expect_same(state, "{'a':1,'b':{'c':[1,2],'d':'x'}}",
                " { 'b' : {'d':'x' , 'c':[ 1,2 ]},\n'a':1 }");
    expect_same(state, "{}", " {\t} \n");
}

static void elements_of_lists_are_in_order(void **state)
{
    expect_different(state, "{'a':[1,2]}", "{'a':[2,1]}");
    expect_different(state, "{'a':[[],[1]]}", "{'a':[[1],[]]}");
    expect_different(state, "{'a':[[1],[2]]}", "{'a':[[1,2]]}");
    expect_different(state, "{'a':[1,[2]]}", "{'a':[[1],2]}");
    expect_different(state, "{'a':[[]]}", "{'a':[[],[]]}");
    expect_different(state, "{'a':[{'x':1},{'y':1}]}", "{'a':[{'y':1},{'x':1}]}");
}

static void numbers_are_compared_by_decimal_value_not_text(void **state)
{
    static const char *const groups[][7] = {
        { "90", "90.0", "90.000000000", "9E1", "9e+1", "0.9e2", "900e-1" },
        { "1200", "1.2e3", "1200.00", "12E+02", "120000e-2", "0.0012e6", "1.2E0003" },
        { "0", "-0", "0.0", "-0.00", "0e5", "0E-99999999999999999999", "0.000e999999999999999999" },
        { "-1.5", "-15e-1", "-1.50", "-0.15e1", "-1500E-3", "-1.5e0", "-1.5e-0" },
        { "0.000000001", "1E-9", "1.0e-9", "10e-10", "0.1e-8", "0.0000000010", "1e-009" },
        { "1000000000.000000005", "1000000000000000005e-9", "1.000000000000000005E9",
          "1000000000.0000000050", "10000000000000000050e-10", "0.1000000000000000005e10",
          "1000000000.000000005e0" },
        { "12345678901234567890123", "1.2345678901234567890123E22", "12345678901234567890123.0",
          "123456789012345678901230e-1", "1234567890123456789012.3e1",
          "0.12345678901234567890123e23", "12345678901234567890123e0" },
    };

    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (size_t k = 0; k < 7; k++) {
            char a[100];
            char b[100];

            (void)snprintf(a, sizeof(a), "{'n':%s}", groups[i][0]);
            (void)snprintf(b, sizeof(b), "{'n':%s}", groups[i][k]);
            expect_same(state, a, b);
            (void)snprintf(b, sizeof(b), "{'n':%s}", groups[(i + 1) % COUNT_OF(groups)][k]);
            expect_different(state, a, b);
        }
    }
}

static void numbers_are_never_compared_as_doubles(void **state)
{
    expect_different(state, "{'n':9007199254740992}", "{'n':9007199254740993}");
    expect_different(state, "{'n':0.1}", "{'n':0.1000000000000000055511151231257827}");
    expect_different(state, "{'n':1e400}", "{'n':1e401}");
    expect_different(state, "{'n':1}", "{'n':-1}");
    expect_different(state, "{'n':1}", "{'n':10}");
    expect_different(state, "{'n':1.01}", "{'n':1.1}");
    expect_different(state, "{'n':101}", "{'n':1001}");
    expect_different(state, "{'n':[1,23]}", "{'n':[12,3]}");
}

static void a_number_of_300_digits_is_exact(void **state)
{
    char digits[301];
    char a[700];
    char b[700];

    for (size_t i = 0; i < 300; i++)
        digits[i] = (char)('1' + i % 9);
    digits[300] = '\0';
    (void)snprintf(a, sizeof(a), "{'n':%s}", digits);
    (void)snprintf(b, sizeof(b), "{'n':%.1s.%se299}", digits, digits + 1);
    expect_same(state, a, b);
    (void)snprintf(b, sizeof(b), "{'n':%s000000.0e-6}", digits);
    expect_same(state, a, b);
    digits[299] = '1';
    (void)snprintf(b, sizeof(b), "{'n':%s}", digits);
    expect_different(state, a, b);
}

static void exponents_without_bound_are_told_apart(void **state)
{
    expect_different(state, "{'n':1e99999999999999999999}", "{'n':1e99999999999999999998}");
    expect_different(state, "{'n':1e99999999999999999999}", "{'n':1e-99999999999999999999}");
    expect_different(state, "{'n':1e9223372036854775807}", "{'n':1e9223372036854775806}");
    expect_same(state, "{'n':1e99999999999999999999}", "{'n':1e99999999999999999999}");
    expect_different(state, "{'n':1e18446744073709551617}", "{'n':10}");
    expect_different(state, "{'n':1e9223372036854775809}", "{'n':1e-9223372036854775807}");
    expect_same(state, "{'n':1e999999999999999999}", "{'n':10e999999999999999998}");
    expect_same(state, "{'n':1e0000000000000000000000000005}", "{'n':100000}");
}

static void values_of_different_types_are_never_equal(void **state)
{
    static const char *const values[] = { "1",        "'1'",  "true",   "'true'", "false",
                                          "'false'",  "null", "'null'", "[]",     "{}",
                                          "''",       "0",    "'0'",    "[1]",    "['1']",
                                          "[null]",   "['']", "[[]]",   "[{}]",   "{'1':1}",
                                          "{'a':'1'}" };

    /* In a list everything counts. */
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        for (size_t k = 0; k < COUNT_OF(values); k++) {
            char a[64];
            char b[64];

            (void)snprintf(a, sizeof(a), "{'x':[%s]}", values[i]);
            (void)snprintf(b, sizeof(b), "{'x':[%s]}", values[k]);
            if (i == k)
                expect_same(state, a, b);
            else
                expect_different(state, a, b);
        }
    }
}

static void texts_and_names_are_compared_unescaped(void **state)
{
    expect_same(state, "{'a':'\\u00e9\\/\\ud83d\\ude00'}",
                "{'\\u0061':'\xc3\xa9/\xf0\x9f\x98\x80'}");
    expect_different(state, "{'a':'e\\u0301'}", "{'a':'\\u00e9'}");
    expect_different(state, "{'a':'x\\u0000y'}", "{'a':'x'}");
    expect_different(state, "{'a':'A'}", "{'a':'a'}");
    expect_different(state, "{'a':' '}", "{'a':'  '}");
}

static void values_are_bound_to_their_names(void **state)
{
    expect_different(state, "{'a':1,'b':2}", "{'a':2,'b':1}");
    expect_different(state, "{'ab':'c'}", "{'a':'bc'}");
    expect_different(state, "{'a':'b'}", "{'b':'a'}");
    expect_different(state, "{'a':{'x':1},'b':2}", "{'a':2,'b':{'x':1}}");
    expect_different(state, "{'a':{'b':1}}", "{'a':1,'b':1}");
    expect_different(state, "{'a':{'x':1,'y':2}}", "{'a':{'x':1},'y':2}");
    expect_different(state, "{'a':1}", "{'a':1,'b':1}");
}

static void repeated_members_do_not_cancel(void **state)
{
    expect_different(state, "{'a':1,'a':1}", "{}");
    expect_different(state, "{'a':1,'a':1}", "{'a':1}");
    expect_different(state, "{'a':1,'a':1}", "{'b':1,'b':1}");
    expect_different(state, "{'a':1,'a':2}", "{'a':2}");
    expect_different(state, "{'a':1,'a':2}", "{'a':1}");
    expect_different(state, "{'x':{'a':1,'a':1}}", "{'x':{'b':1,'b':1}}");
    expect_same(state, "{'a':1,'a':null}", "{'a':1}");
}

/* ---- rule 3: dates ---- */

static void known_dates_are_compared_as_instants(void **state)
{
    const char *utc = "{'scheduleDate':'2023-07-15T09:00:00Z'}";

    expect_same(state, utc, "{'scheduleDate':'2023-07-15T09:00:00.000Z'}");
    expect_same(state, utc, "{'scheduleDate':'2023-07-15T11:00:00+02:00'}");
    expect_same(state, utc, "{'scheduleDate':'2023-07-15T11:00:00.000+02:00[Europe/Paris]'}");
    expect_same(state, utc, "{'scheduleDate':'2023-07-15T09:00Z'}");
    expect_different(state, utc, "{'scheduleDate':'2023-07-15T09:00:00+02:00'}");
    expect_different(state, utc, "{'scheduleDate':'2023-07-15T09:00:00.001Z'}");
}

static void known_dates_are_cut_to_milliseconds_not_rounded(void **state)
{
    const char *cut = "{'scheduleDate':'2023-02-10T08:15:30.104Z'}";

    expect_same(state, cut, "{'scheduleDate':'2023-02-10T08:15:30.104227Z'}");
    expect_same(state, cut, "{'scheduleDate':'2023-02-10T08:15:30.104999999Z'}");
    expect_different(state, cut, "{'scheduleDate':'2023-02-10T08:15:30.105Z'}");
    expect_different(state, cut, "{'scheduleDate':'2023-02-10T08:15:30.103999999Z'}");
    expect_same(state, "{'scheduleDate':'1969-12-31T23:59:59.999Z'}",
                "{'scheduleDate':'1969-12-31T23:59:59.999999Z'}");
}

static void no_other_text_is_a_date(void **state)
{
    static const char *const names[] = { "other", "inputs", "outputs", "variables", "message" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char a[100];
        char b[100];

        (void)snprintf(a, sizeof(a), "{'%s':{'date':'2023-07-15T09:00:00Z'}}", names[i]);
        (void)snprintf(b, sizeof(b), "{'%s':{'date':'2023-07-15T09:00:00.000Z'}}", names[i]);
        expect_different(state, a, b);
    }
    expect_different(state, "{'deep':{'scheduleDate':'2023-07-15T09:00:00Z'}}",
                     "{'deep':{'scheduleDate':'2023-07-15T09:00:00.000Z'}}");
    expect_different(state, "{'scheduleDate':['2023-07-15T09:00:00Z']}",
                     "{'scheduleDate':['2023-07-15T09:00:00.000Z']}");
    expect_different(state, "{'state':{'histories':{'date':'2023-07-15T09:00:00Z'}}}",
                     "{'state':{'histories':{'date':'2023-07-15T09:00:00.000Z'}}}");
}

static void a_star_stands_for_every_element(void **state)
{
    expect_same(state, "{'days':['2023-07-15T09:00:00Z','2023-07-16T09:00Z']}",
                "{'days':['2023-07-15T09:00:00.0Z','2023-07-16T11:00:00+02:00']}");
    expect_different(state, "{'days':{'*':'2023-07-15T09:00:00Z'}}",
                     "{'days':{'*':'2023-07-15T09:00:00.0Z'}}");
}

static void a_date_that_is_none_is_compared_as_text(void **state)
{
    expect_same(state, "{'scheduleDate':'tomorrow'}", "{'scheduleDate':'tomorro\\u0077'}");
    expect_different(state, "{'scheduleDate':'tomorrow'}", "{'scheduleDate':'today'}");
    expect_different(state, "{'scheduleDate':'2023-02-30T00:00:00Z'}",
                     "{'scheduleDate':'2023-03-02T00:00:00Z'}");
    expect_different(state, "{'scheduleDate':1689411600}",
                     "{'scheduleDate':'2023-07-15T09:00:00Z'}");
    expect_same(state, "{'scheduleDate':null}", "{}");
}

/* ---- rule 4: states ---- */

#define TWO_HISTORIES                                                                              \
    "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'},"                       \
    "{'state':'SUCCESS','date':'2023-02-10T08:15:33.500Z'}]"
#define TWO_HISTORIES_CUT                                                                          \
    "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104Z'},"                          \
    "{'state':'SUCCESS','date':'2023-02-10T08:15:33.500Z'}]"
#define ONE_HISTORY "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'}]"

static void a_state_as_the_jdbc_store_cuts_it_is_equal(void **state)
{
    const char *kafka = "{'state':{'current':'SUCCESS'," TWO_HISTORIES
                        ",'duration':3.395773000,'startDate':'2023-02-10T08:15:30.104227Z',"
                        "'endDate':'2023-02-10T08:15:33.500Z'}}";

    expect_same(
        state, kafka,
        "{'state':{'current':'SUCCESS','endDate':'2023-02-10T08:15:33.500Z','duration':3.395773000,"
        "'startDate':'2023-02-10T08:15:30.104Z'," TWO_HISTORIES_CUT "}}");
    /* Read and written again the duration becomes that of the cut dates. */
    expect_same(
        state, kafka,
        "{'state':{'current':'SUCCESS','endDate':'2023-02-10T08:15:33.500Z','duration':3.396,"
        "'startDate':'2023-02-10T08:15:30.104Z'," TWO_HISTORIES_CUT "}}");
}

static void computed_members_that_agree_with_the_histories_do_not_count(void **state)
{
    const char *bare = "{'state':{'current':'SUCCESS'," TWO_HISTORIES "}}";

    expect_same(state, bare, "{'state':{'current':'SUCCESS','duration':3.396," TWO_HISTORIES "}}");
    expect_same(
        state, bare,
        "{'state':{'startDate':'2023-02-10T08:15:30.104999Z','current':'SUCCESS'," TWO_HISTORIES
        "}}");
    expect_same(state, bare,
                "{'state':{" TWO_HISTORIES
                ",'endDate':'2023-02-10T09:15:33.5+01:00','current':'SUCCESS'}}");
    expect_same(state, bare,
                "{'state':{'endDate':null,'startDate':null,'duration':null,'current':'SUCCESS'"
                "," TWO_HISTORIES "}}");
}

static void a_duration_more_than_a_millisecond_off_counts(void **state)
{
    const char *bare = "{'state':{" TWO_HISTORIES "}}";
    /* The cut dates are 3.396 s apart. */
    static const char *const right[] = { "3.395", "3.397", "3.3950000001", "33960e-4", "3396E-3" };
    static const char *const wrong[] = {
        "3.394999999", "3.397000001", "0",    "-3.396",
        "3396",        "1e99",        "1e-9", "99999999999999999999",
        "'3.396'",     "'PT3.396S'",  "true", "[3.396]",
        "{'a':3.396}", "-1e300"
    };

    for (size_t i = 0; i < COUNT_OF(right) + COUNT_OF(wrong); i++) {
        bool is_right = i < COUNT_OF(right);
        char text[400];

        (void)snprintf(text, sizeof(text), "{'state':{'duration':%s," TWO_HISTORIES "}}",
                       is_right ? right[i] : wrong[i - COUNT_OF(right)]);
        if (is_right)
            expect_same(state, bare, text);
        else
            expect_different(state, bare, text);
    }
}

static void a_computed_member_that_disagrees_goes_in_as_it_is(void **state)
{
    const char *wrong = "{'state':{'duration':7," TWO_HISTORIES "}}";

    expect_same(state, wrong, "{'state':{" TWO_HISTORIES_CUT ",'duration':7.00}}");
    expect_different(state, wrong, "{'state':{" TWO_HISTORIES ",'duration':8}}");
    wrong = "{'state':{'startDate':'2023-02-10T08:15:31Z'," TWO_HISTORIES "}}";
    expect_same(state, wrong,
                "{'state':{" TWO_HISTORIES_CUT ",'startDate':'2023-02-10T08:15:31.000Z'}}");
    expect_different(state, wrong, "{'state':{" TWO_HISTORIES "}}");
    expect_different(state, wrong, "{'state':{" TWO_HISTORIES ",'startDate':'soon'}}");
    wrong = "{'state':{'endDate':'2023-02-10T08:15:30.104Z'," TWO_HISTORIES "}}";
    expect_different(state, wrong, "{'state':{" TWO_HISTORIES "}}");
}

static void duration_of_a_single_history_entry_is_ignored(void **state)
{
    expect_same(state, "{'state':{'duration':3.000796748," ONE_HISTORY "}}",
                "{'state':{" ONE_HISTORY ",'duration':3.051526320}}");
    expect_same(state, "{'state':{'duration':123456," ONE_HISTORY "}}",
                "{'state':{" ONE_HISTORY "}}");
    expect_same(state,
                "{'state':{'startDate':'2023-02-10T08:15:30.104Z','duration':1," ONE_HISTORY "}}",
                "{'state':{" ONE_HISTORY "}}");
    expect_different(state, "{'state':{'startDate':'2023-02-10T08:15:30.105Z'," ONE_HISTORY "}}",
                     "{'state':{" ONE_HISTORY "}}");
}

static void an_end_date_that_is_absent_is_never_wrong(void **state)
{
    expect_same(
        state, "{'state':{'current':'RUNNING'," TWO_HISTORIES "}}",
        "{'state':{'endDate':'2023-02-10T08:15:33.500999Z','current':'RUNNING'," TWO_HISTORIES_CUT
        "}}");
}

static void without_histories_nothing_can_be_computed(void **state)
{
    expect_different(state, "{'state':{'x':1,'duration':1}}", "{'state':{'x':1}}");
    expect_different(state, "{'state':{'x':1,'startDate':'2023-02-10T08:15:30Z'}}",
                     "{'state':{'x':1}}");
    expect_different(state, "{'state':{'x':1,'histories':[],'duration':0}}",
                     "{'state':{'x':1,'histories':[]}}");
    expect_different(state, "{'state':{'x':1,'histories':'y','duration':0}}",
                     "{'state':{'x':1,'histories':'y'}}");
    expect_different(state, "{'state':{'histories':[{'date':'?'},{'date':'?'}],'duration':0}}",
                     "{'state':{'histories':[{'date':'?'},{'date':'?'}]}}");
}

#define UNDATED_END                                                                                \
    "'histories':[{'date':'2023-02-10T08:15:30Z'},{'date':'2023-02-10T08:15:31Z'},{'state':'X'}]"

static void the_last_entry_is_meant_not_the_last_date(void **state)
{
    expect_different(state,
                     "{'state':{'duration':1,'endDate':'2023-02-10T08:15:31Z'," UNDATED_END "}}",
                     "{'state':{'duration':1," UNDATED_END "}}");
    expect_different(state, "{'state':{'duration':1," UNDATED_END "}}",
                     "{'state':{" UNDATED_END "}}");
}

static void histories_themselves_count(void **state)
{
    expect_different(state, "{'state':{" TWO_HISTORIES "}}", "{'state':{" ONE_HISTORY "}}");
    expect_different(state, "{'state':{" ONE_HISTORY "}}", "{'state':{}}");
    expect_different(
        state,
        "{'state':{'histories':[{'date':'2023-02-10T08:15:30Z'},{'date':'2023-02-10T08:15:31Z'}]}}",
        "{'state':{'histories':[{'date':'2023-02-10T08:15:31Z'},{'date':'2023-02-10T08:15:30Z'}]}"
        "}");
}

static void repeated_computed_members_count(void **state)
{
    const char *once = "{'state':{'duration':3.396," TWO_HISTORIES "}}";

    expect_different(state, once,
                     "{'state':{'duration':3.396,'duration':3.396," TWO_HISTORIES "}}");
    expect_different(
        state,
        "{'state':{'startDate':'2023-02-10T08:15:30.104Z','startDate':'x'," TWO_HISTORIES "}}",
        "{'state':{'startDate':'2023-02-10T08:15:30.104Z','startDate':'y'," TWO_HISTORIES "}}");
    expect_same(state, once, "{'state':{'duration':3.396,'duration':null," TWO_HISTORIES "}}");
    expect_different(state, once, "{'state':{'duration':5,'duration':null," TWO_HISTORIES "}}");
}

static void of_repeated_histories_the_last_ones_are_checked(void **state)
{
    expect_different(state,
                     "{'state':{'startDate':'2023-02-10T08:15:30.104Z'," ONE_HISTORY
                     ",'histories':[{'x':1}]}}",
                     "{'state':{" ONE_HISTORY ",'histories':[{'x':1}]}}");
    expect_same(
        state,
        "{'state':{'startDate':'2023-02-10T08:15:30.104Z','histories':[{'x':1}]," ONE_HISTORY "}}",
        "{'state':{'histories':[{'x':1}]," ONE_HISTORY "}}");
}

static void a_history_date_is_text_unless_the_layout_calls_it_a_date(void **state)
{
    struct bands    *b = *state;
    struct layout    undated = b->keep;
    struct comparer *c;

    undated.kinds[KIND_EXECUTION].n_dates = 0;
    c = comparer_new(&undated, KIND_EXECUTION);
    expect(c, "{'state':{" TWO_HISTORIES "}}", "{'state':{" TWO_HISTORIES_CUT "}}", false);
    expect(c, "{'state':{'duration':3.396," TWO_HISTORIES "}}", "{'state':{" TWO_HISTORIES "}}",
           true);
    comparer_free(c);
}

static void a_repeated_date_is_seen_by_its_state(void **state)
{
    /* The sums of the entries are equal; only the state's view of its first date differs. */
    expect_different(state,
                     "{'state':{'startDate':'2023-02-10T08:15:30Z','histories':["
                     "{'date':'2023-02-10T08:15:30Z','date':'2023-02-10T08:15:31Z'}]}}",
                     "{'state':{'startDate':'2023-02-10T08:15:30Z','histories':["
                     "{'date':'2023-02-10T08:15:31Z','date':'2023-02-10T08:15:30Z'}]}}");
}

#define RUN_WITH(of_attempt, of_run)                                                               \
    "{'taskRunList':[{'attempts':[{'state':{" of_attempt TWO_HISTORIES "}}],'state':{" of_run      \
    "'histories':[{'date':'2023-02-10T08:00:00Z'},{'date':'2023-02-10T08:00:02Z'}]}}]}"

static void states_of_task_runs_and_attempts_are_checked_by_their_own_histories(void **state)
{
    const char *bare = RUN_WITH("", "");

    expect_same(state, bare, RUN_WITH("'duration':3.396,", "'duration':2,"));
    expect_different(state, bare, RUN_WITH("'duration':2,", ""));
    expect_different(state, bare, RUN_WITH("", "'duration':3.396,"));
}

static void no_other_object_has_computed_members(void **state)
{
    expect_different(state, "{'other':{'duration':3.396," TWO_HISTORIES "}}",
                     "{'other':{" TWO_HISTORIES "}}");
    expect_different(state, "{'state':[{'duration':3.396," TWO_HISTORIES "}]}",
                     "{'state':[{" TWO_HISTORIES "}]}");
    expect_different(state, "{'inputs':{'state':{'duration':1," ONE_HISTORY "}}}",
                     "{'inputs':{'state':{" ONE_HISTORY "}}}");
}

/* ---- rule 5: absent, null and empty ---- */

static void absent_is_null_everywhere(void **state)
{
    expect_same(state, "{'a':null}", "{}");
    expect_same(state, "{'a':{'b':null,'c':1}}", "{'a':{'c':1}}");
    expect_same(state, "{'a':[{'b':null}]}", "{'a':[{}]}");
    expect_different(state, "{'a':null}", "{'a':0}");
    expect_different(state, "{'a':null}", "{'a':false}");
    expect_different(state, "{'a':null}", "{'a':'null'}");
}

static void empty_values_are_absent_only_in_bands_that_drop_them(void **state)
{
    expect_same_modulo_empties(state, "{'a':''}", "{}");
    expect_same_modulo_empties(state, "{'a':[]}", "{}");
    expect_same_modulo_empties(state, "{'a':{}}", "{}");
    expect_same_modulo_empties(state, "{'a':''}", "{'a':[]}");
    expect_same_modulo_empties(state, "{'a':{}}", "{'a':null}");
    expect_same_modulo_empties(state, "{'scheduleDate':''}", "{}");
    expect_different(state, "{'a':0}", "{}");
    expect_different(state, "{'a':false}", "{}");
    expect_different(state, "{'a':' '}", "{}");
}

static void emptiness_is_recursive_in_maps(void **state)
{
    expect_same_modulo_empties(state, "{'v':{'a':'','n':null,'l':[],'nested':{'k':''}}}", "{}");
    expect_same_modulo_empties(state, "{'v':{'a':'','x':1}}", "{'v':{'x':1}}");
    expect_same_modulo_empties(state, "{'taskRunList':[{'outputs':{'a':{'b':''}},'id':'t'}]}",
                               "{'taskRunList':[{'id':'t'}]}");
    expect_same_modulo_empties(state, "{'a':[{'b':''}]}", "{'a':[{}]}");
    expect_same_modulo_empties(state, "{'state':{}}", "{}");
}

static void elements_of_lists_always_count(void **state)
{
    expect_different(state, "{'a':['',null,'a']}", "{'a':['a']}");
    expect_different(state, "{'a':['']}", "{}");
    expect_different(state, "{'a':[null]}", "{'a':[]}");
    expect_different(state, "{'a':[[]]}", "{'a':[]}");
    expect_different(state, "{'a':[{}]}", "{}");
    expect_different(state, "{'a':['']}", "{'a':[null]}");
}

static void entries_of_verbatim_members_always_count(void **state)
{
    expect_different(state, "{'inputs':{'a':null}}", "{'inputs':{}}");
    expect_different(state, "{'inputs':{'a':null}}", "{}");
    expect_different(state, "{'inputs':{'a':''}}", "{}");
    expect_different(state, "{'inputs':{'a':''}}", "{'inputs':{'a':null}}");
    expect_different(state, "{'outputs':{'a':{'b':{}}}}", "{'outputs':{'a':{}}}");
    expect_different(state, "{'outputs':{'a':{'b':null}}}", "{'outputs':{'a':{}}}");
    expect_different(state, "{'outputs':{'a':[{'b':null}]}}", "{'outputs':{'a':[{}]}}");
}

static void a_verbatim_member_is_dropped_as_a_whole_when_it_is_empty(void **state)
{
    expect_same_modulo_empties(state, "{'inputs':{}}", "{}");
    expect_same(state, "{'inputs':null}", "{}");
    expect_different(state, "{'inputs':{'a':1}}", "{}");
}

static void verbatim_is_a_place_not_a_name(void **state)
{
    expect_same(state, "{'x':{'inputs':{'a':null}}}", "{'x':{'inputs':{}}}");
    expect_same_modulo_empties(state, "{'x':{'inputs':{'a':null}}}", "{}");
}

/* ---- rule 6: labels ---- */

static void labels_as_a_map_equal_labels_as_a_list(void **state)
{
    expect_same(state, "{'labels':{'a':'x','b':'y'}}",
                "{'labels':[{'key':'b','value':'y'},{'value':'x','key':'a'}]}");
    expect_same(state, "{'backfill':{'labels':{'a':'x'}}}",
                "{'backfill':{'labels':[{'key':'a','value':'x'}]}}");
    expect_different(state, "{'labels':{'a':'x'}}", "{'labels':[{'key':'x','value':'a'}]}");
    expect_different(state, "{'labels':{'a':'x'}}", "{'labels':[{'key':'a','value':'y'}]}");
    expect_different(state, "{'labels':{'a':'x'}}", "{}");
    expect_different(state, "{'x':{'a':'x'}}", "{'x':[{'key':'a','value':'x'}]}");
}

static void labels_are_a_set_but_duplicates_count(void **state)
{
    expect_same(state, "{'labels':[{'key':'a','value':'1'},{'key':'a','value':'2'}]}",
                "{'labels':[{'key':'a','value':'2'},{'key':'a','value':'1'}]}");
    expect_different(state, "{'labels':[{'key':'a','value':'1'},{'key':'a','value':'1'}]}",
                     "{'labels':[{'key':'a','value':'1'}]}");
    expect_different(state, "{'labels':[{'key':'a','value':'1'},{'key':'b','value':'2'}]}",
                     "{'labels':[{'key':'a','value':'2'},{'key':'b','value':'1'}]}");
}

static void a_list_of_labels_with_anything_else_is_an_ordinary_list(void **state)
{
    static const char *const odd[] = { "{'key':'b'}",
                                       "{'key':'b','value':1}",
                                       "{'key':'b','value':null}",
                                       "{'key':'b','value':'y','more':'z'}",
                                       "{'key':'b','value':'y','more':null}",
                                       "{'key':'b','key':'b','value':'y'}",
                                       "{'key':'b','value':'y','value':'y'}",
                                       "{'key':['b'],'value':'y'}",
                                       "['key','value']",
                                       "'b'",
                                       "null",
                                       "{}" };

    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        char a[200];
        char b[200];

        (void)snprintf(a, sizeof(a), "{'labels':[{'key':'a','value':'x'},%s]}", odd[i]);
        (void)snprintf(b, sizeof(b), "{'labels':[%s,{'key':'a','value':'x'}]}", odd[i]);
        expect_different(state, a, b);
        expect_same(state, a, a);
    }
    expect_different(state, "{'labels':[{'key':'b','value':1}]}", "{'labels':{'b':1}}");
}

static void empty_labels_are_empty_in_each_form(void **state)
{
    expect_same(state, "{'labels':[]}", "{'labels':{}}");
    expect_same(state, "{'labels':null}", "{}");
    expect_same(state, "{'labels':{'a':null}}", "{'labels':{}}");
    expect_same_modulo_empties(state, "{'labels':[]}", "{}");
    expect_same_modulo_empties(state, "{'labels':{}}", "{}");
    expect_same_modulo_empties(state, "{'labels':{'a':''}}", "{}");
    expect_same(state, "{'labels':{'a':''}}", "{'labels':[{'key':'a','value':''}]}");
}

/* ---- rule 7: absent and false ---- */

static void absent_is_false_where_the_layout_says_so(void **state)
{
    expect_same(state, "{'disabled':false}", "{}");
    expect_same(state, "{'disabled':false}", "{'disabled':null}");
    expect_same(state, "{'deep':{'disabled':false,'x':1}}", "{'deep':{'x':1}}");
    expect_different(state, "{'disabled':true}", "{}");
    expect_different(state, "{'disabled':'false'}", "{}");
    expect_different(state, "{'disabled':0}", "{}");
    expect_different(state, "{'deleted':false}", "{}");
    expect_different(state, "{'other':{'disabled':false}}", "{'other':{}}");
}

/* ---- errors ---- */

static void what_is_no_object_is_refused(void **state)
{
    static const char *const bad[] = {
        "",         "null",     "[]",   "[{}]",         "1", "'a'", "{",
        "{'a':1}}", "{'a':01}", "true", "{'a':'\xff'}", "x"
    };
    struct bands           *b = *state;
    struct arena           *a = arena_new(4096);
    struct value_difference out[COMPARE_MAX_PATHS];
    struct buf              room;

    buf_init(&room, NO_LIMIT);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct slice  text = bands_json(bad[i], &room);
        struct digest d = { 1, 2 };
        size_t        n;
        bool          more;
        struct err    err = ERR_INIT;

        assert_false(comparer_digest(b->of_keep, text, &d, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_int_equal(d.lo, 1);
        assert_false(comparer_explain(b->of_keep, SLICE("{}"), text, a, out, &n, &more, &err));
        assert_int_equal(err.kind, ERR_DATA);
        assert_non_null(strstr(err.msg, "topic"));
        assert_false(comparer_explain(b->of_keep, text, SLICE("{}"), a, out, &n, &more, &err));
        assert_non_null(strstr(err.msg, "store"));
    }
    buf_release(&room);
    arena_free(a);
}

static void a_comparer_works_on_after_an_error(void **state)
{
    struct bands *b = *state;
    struct digest before = bands_digest(b->of_keep, SLICE("{\"a\":[1]}"));
    struct digest d;
    struct err    err = ERR_INIT;

    assert_false(comparer_digest(b->of_keep, SLICE("{\"state\":{\"a\":[[["), &d, &err));
    assert_true(digest_eq(before, bands_digest(b->of_keep, SLICE("{\"a\":[1]}"))));
    comparer_free(NULL);
}

static void nesting_to_the_limit_is_compared(void **state)
{
    struct bands *b = *state;
    struct buf    one;
    struct buf    two;

    buf_init(&one, NO_LIMIT);
    buf_init(&two, NO_LIMIT);
    buf_add(&one, "{\"a\":");
    for (size_t i = 0; i < JSON_MAX_DEPTH - 1; i++)
        buf_add(&one, "[");
    assert_true(buf_append(&two, buf_slice(&one)));
    buf_add(&two, "0");
    for (size_t i = 0; i < JSON_MAX_DEPTH - 1; i++) {
        buf_add(&one, "]");
        buf_add(&two, "]");
    }
    buf_add(&one, "}");
    buf_add(&two, "}");
    assert_false(bands_says_same(b->of_keep, buf_slice(&one), buf_slice(&two)));
    assert_true(bands_says_same(b->of_keep, buf_slice(&one), buf_slice(&one)));
    buf_release(&one);
    buf_release(&two);
}

/* A search store may hold such documents, and a jsonb column documents that are nested so. */
static void what_no_event_can_tell_is_compared_as_bytes(void **state)
{
    struct bands *b = *state;
    struct buf    deep;
    struct digest of_deep;
    struct digest of_half = bands_digest(b->of_keep, SLICE(" {\"a\":\"\\ud800\"}"));
    struct err    err = ERR_INIT;

    buf_init(&deep, NO_LIMIT);
    buf_add(&deep, "{\"a\":");
    for (size_t i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add(&deep, "[");
    for (size_t i = 0; i < JSON_MAX_DEPTH; i++)
        buf_add(&deep, "]");
    assert_false(comparer_digest(b->of_keep, buf_slice(&deep), &of_deep, &err));
    buf_add(&deep, "}");
    of_deep = bands_digest(b->of_keep, buf_slice(&deep));
    assert_true(digest_eq(of_deep, bands_digest(b->of_keep, buf_slice(&deep))));
    buf_add(&deep, " ");
    assert_false(digest_eq(of_deep, bands_digest(b->of_keep, buf_slice(&deep))));
    assert_true(digest_eq(of_half, bands_digest(b->of_keep, SLICE(" {\"a\":\"\\ud800\"}"))));
    assert_false(digest_eq(of_half, bands_digest(b->of_keep, SLICE(" {\"a\":\"\\ud801\"}"))));
    assert_false(comparer_digest(b->of_keep, SLICE("[\"\\ud800\"]"), &of_half, &err));
    buf_release(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BANDS_TEST(member_order_and_white_space_never_matter),
        BANDS_TEST(elements_of_lists_are_in_order),
        BANDS_TEST(numbers_are_compared_by_decimal_value_not_text),
        BANDS_TEST(numbers_are_never_compared_as_doubles),
        BANDS_TEST(a_number_of_300_digits_is_exact),
        BANDS_TEST(exponents_without_bound_are_told_apart),
        BANDS_TEST(values_of_different_types_are_never_equal),
        BANDS_TEST(texts_and_names_are_compared_unescaped),
        BANDS_TEST(values_are_bound_to_their_names),
        BANDS_TEST(repeated_members_do_not_cancel),
        BANDS_TEST(known_dates_are_compared_as_instants),
        BANDS_TEST(known_dates_are_cut_to_milliseconds_not_rounded),
        BANDS_TEST(no_other_text_is_a_date),
        BANDS_TEST(a_star_stands_for_every_element),
        BANDS_TEST(a_date_that_is_none_is_compared_as_text),
        BANDS_TEST(a_state_as_the_jdbc_store_cuts_it_is_equal),
        BANDS_TEST(computed_members_that_agree_with_the_histories_do_not_count),
        BANDS_TEST(a_duration_more_than_a_millisecond_off_counts),
        BANDS_TEST(a_computed_member_that_disagrees_goes_in_as_it_is),
        BANDS_TEST(duration_of_a_single_history_entry_is_ignored),
        BANDS_TEST(an_end_date_that_is_absent_is_never_wrong),
        BANDS_TEST(without_histories_nothing_can_be_computed),
        BANDS_TEST(the_last_entry_is_meant_not_the_last_date),
        BANDS_TEST(histories_themselves_count),
        BANDS_TEST(repeated_computed_members_count),
        BANDS_TEST(of_repeated_histories_the_last_ones_are_checked),
        BANDS_TEST(a_history_date_is_text_unless_the_layout_calls_it_a_date),
        BANDS_TEST(a_repeated_date_is_seen_by_its_state),
        BANDS_TEST(states_of_task_runs_and_attempts_are_checked_by_their_own_histories),
        BANDS_TEST(no_other_object_has_computed_members),
        BANDS_TEST(absent_is_null_everywhere),
        BANDS_TEST(empty_values_are_absent_only_in_bands_that_drop_them),
        BANDS_TEST(emptiness_is_recursive_in_maps),
        BANDS_TEST(elements_of_lists_always_count),
        BANDS_TEST(entries_of_verbatim_members_always_count),
        BANDS_TEST(a_verbatim_member_is_dropped_as_a_whole_when_it_is_empty),
        BANDS_TEST(verbatim_is_a_place_not_a_name),
        BANDS_TEST(labels_as_a_map_equal_labels_as_a_list),
        BANDS_TEST(labels_are_a_set_but_duplicates_count),
        BANDS_TEST(a_list_of_labels_with_anything_else_is_an_ordinary_list),
        BANDS_TEST(empty_labels_are_empty_in_each_form),
        BANDS_TEST(absent_is_false_where_the_layout_says_so),
        BANDS_TEST(what_is_no_object_is_refused),
        BANDS_TEST(a_comparer_works_on_after_an_error),
        BANDS_TEST(nesting_to_the_limit_is_compared),
        BANDS_TEST(what_no_event_can_tell_is_compared_as_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
