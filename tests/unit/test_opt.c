/* test_opt.c - options from arguments, environment and defaults; help and manual. */
#include "tests/support/test.h"

#include "lib/base/opt.h"

struct config {
    bool            quiet;
    bool            verbose;
    const char     *store;
    const char     *format;
    const char     *unlock;
    const char     *kinds;
    uint64_t        jobs;
    uint64_t        free_number;
    uint64_t        memory;
    uint64_t        timeout_ms;
    struct opt_list props;
    bool            recreate;
};

#define FIELD(f) offsetof(struct config, f)
#define READ     1u
#define WRITE    2u
#define BOTH     (READ | WRITE)

/* clang-format off */
static const struct opt table[] = {
    { "store",     's', OPT_STRING,   FIELD(store),       0,    0,        NULL,     "TEST_STORE",   "URL",           "where documents are read", BOTH },
    { "jobs",      'j', OPT_COUNT,    FIELD(jobs),        1,    64,       "4",      "TEST_JOBS",    "N",             "parallel readers", BOTH },
    { "number",    0,   OPT_COUNT,    FIELD(free_number), 10,   0,        "10",     NULL,           "N",             "a number without end", READ },
    { "memory",    'm', OPT_BYTES,    FIELD(memory),      1024, 1u << 30, "64M",    "TEST_MEMORY",  "BYTES",         "what may be held", BOTH },
    { "timeout",   't', OPT_DURATION, FIELD(timeout_ms),  1000, 3600000,  "30s",    NULL,           "TIME",          "how long to wait", BOTH },
    { "format",    0,   OPT_CHOICE,   FIELD(format),      0,    0,        "text",   "TEST_FORMAT",  "text|json|csv", "how the result is written", BOTH },
    { "unlock",    0,   OPT_CHOICE,   FIELD(unlock),      0,    0,        "none",   "TEST_UNLOCK",  "none|all",      "which locks to release", BOTH },
    { "no-locks",  0,   OPT_SET,      FIELD(unlock),      0,    0,        "all",    NULL,           NULL,            "the same as --unlock all", BOTH },
    { "kinds",     0,   OPT_STRING,   FIELD(kinds),       0,    0,        NULL,     NULL,           "LIST",          "kinds to read", READ },
    { "no-flows",  0,   OPT_SET,      FIELD(kinds),       0,    0,        "others", "TEST_NOFLOWS", NULL,            "alias of the kinds without flows", READ },
    { "property",  'X', OPT_LIST,     FIELD(props),       0,    0,        NULL,     "TEST_PROP",    "NAME=VALUE",    "a property of the client", BOTH },
    { "quiet",     'q', OPT_FLAG,     FIELD(quiet),       0,    0,        NULL,     "TEST_QUIET",   NULL,            "say less", BOTH },
    { "verbose",   'v', OPT_FLAG,     FIELD(verbose),     0,    0,        NULL,     NULL,           NULL,            "say more", BOTH },
    { "recreate",  'R', OPT_FLAG,     FIELD(recreate),    0,    0,        NULL,     NULL,           NULL,            "delete first", WRITE },
    { NULL,        0,   OPT_FLAG,     0,                  0,    0,        NULL,     NULL,           NULL,            NULL, 0 },
};
/* clang-format on */

#define ENTRIES (COUNT_OF(table) - 1)

struct run {
    struct config   conf;
    struct err      err;
    bool            given[ENTRIES];
    struct opt_list operands;
    bool            ok;
};

/* Environment of one test; no test leaves some behind. */
static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < ENTRIES; i++) {
        if (table[i].env)
            (void)unsetenv(table[i].env);
    }
    return 0;
}

/* Parse words (ended by NULL) for READ, with operands allowed. */
static void parse(struct run *r, const char *const *words)
{
    char *argv[OPT_LIST_MAX * 2 + 8] = { (char *)(uintptr_t) "program" };
    int   argc = 1;

    memset(r, 0xee, sizeof(*r)); /* whatever was there does not matter */
    r->err = ERR_INIT;
    while (*words)
        argv[argc++] = (char *)(uintptr_t)*words++;
    r->ok = opt_parse(table, READ, argc, argv, &r->conf, r->given, &r->operands, &r->err);
}

#define PARSE(r, ...) parse(r, (const char *const[]){ __VA_ARGS__, NULL })

static bool was_given(const struct run *r, const char *name)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        if (strcmp(table[i].name, name) == 0)
            return r->given[i];
    }
    fail();
    return false;
}

static void without_arguments_there_are_defaults(void **state)
{
    struct run r;

    (void)state;
    parse(&r, (const char *const[]){ NULL });
    assert_true(r.ok);
    assert_null(r.conf.store);
    assert_int_equal(r.conf.jobs, 4);
    assert_int_equal(r.conf.memory, 64 << 20);
    assert_int_equal(r.conf.timeout_ms, 30000);
    assert_string_equal(r.conf.format, "text");
    assert_string_equal(r.conf.unlock, "none");
    assert_null(r.conf.kinds); /* what an alias would set is no default */
    assert_int_equal(r.conf.props.n, 0);
    assert_false(r.conf.quiet);
    assert_int_equal(r.operands.n, 0);
    for (size_t i = 0; i < ENTRIES; i++)
        assert_false(r.given[i]);
}

static void long_and_short_forms_mean_the_same(void **state)
{
    static const char *const forms[][3] = {
        { "--jobs", "7", NULL }, { "--jobs=7", NULL }, { "-j", "7", NULL },
        { "-j7", NULL },         { "-qj7", NULL },     { "-vqj", "7", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct run r;

        parse(&r, forms[i]);
        assert_true(r.ok);
        assert_int_equal(r.conf.jobs, 7);
        assert_true(was_given(&r, "jobs"));
        assert_int_equal(r.conf.quiet, i >= 4);
    }
}

static void values_may_be_empty_hold_equal_signs_or_dashes(void **state)
{
    struct run r;

    (void)state;
    PARSE(&r, "--store=", "-X", "a=b=c", "--property=d=e", "-X=f", "-X", "--no-option");
    assert_true(r.ok);
    assert_string_equal(r.conf.store, "");
    assert_int_equal(r.conf.props.n, 4);
    assert_string_equal(r.conf.props.items[0], "a=b=c");
    assert_string_equal(r.conf.props.items[1], "d=e");
    assert_string_equal(r.conf.props.items[2], "=f");
    assert_string_equal(r.conf.props.items[3], "--no-option");
    assert_false(r.conf.quiet);
}

static void the_last_argument_wins(void **state)
{
    struct run r;

    (void)state;
    PARSE(&r, "-j1", "-j2", "--jobs", "3");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 3);
}

static void an_alias_and_its_option_share_the_last_word(void **state)
{
    struct run r;

    (void)state;
    PARSE(&r, "--no-locks");
    assert_string_equal(r.conf.unlock, "all");
    assert_true(was_given(&r, "no-locks"));
    assert_false(was_given(&r, "unlock"));
    PARSE(&r, "--no-locks", "--unlock", "none");
    assert_string_equal(r.conf.unlock, "none");
    PARSE(&r, "--unlock=none", "--no-locks");
    assert_string_equal(r.conf.unlock, "all");
    /* The alias is an argument: the variable of its option does not count. */
    assert_int_equal(setenv("TEST_UNLOCK", "none", 1), 0);
    PARSE(&r, "--no-locks");
    assert_string_equal(r.conf.unlock, "all");
    assert_false(was_given(&r, "unlock"));
}

static void arguments_go_before_the_environment_before_defaults(void **state)
{
    struct run r;

    (void)state;
    assert_int_equal(setenv("TEST_JOBS", "8", 1), 0);
    assert_int_equal(setenv("TEST_FORMAT", "json", 1), 0);
    assert_int_equal(setenv("TEST_MEMORY", "2k", 1), 0);
    assert_int_equal(setenv("TEST_PROP", "a=b", 1), 0);
    PARSE(&r, "--jobs", "9");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 9);
    assert_string_equal(r.conf.format, "json");
    assert_int_equal(r.conf.memory, 2048);
    assert_int_equal(r.conf.timeout_ms, 30000);
    assert_int_equal(r.conf.props.n, 1);
    assert_true(was_given(&r, "format"));
    assert_false(was_given(&r, "timeout"));
    PARSE(&r, "-X", "c=d");
    assert_int_equal(r.conf.props.n, 1);
    assert_string_equal(r.conf.props.items[0], "c=d");
}

static void an_empty_variable_is_none(void **state)
{
    struct run r;

    (void)state;
    assert_int_equal(setenv("TEST_JOBS", "", 1), 0);
    assert_int_equal(setenv("TEST_STORE", "", 1), 0);
    assert_int_equal(setenv("TEST_QUIET", "", 1), 0);
    PARSE(&r, "-v");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 4);
    assert_null(r.conf.store);
    assert_false(was_given(&r, "store"));
    assert_false(r.conf.quiet);
}

static void a_flag_in_the_environment_is_true_or_false(void **state)
{
    static const struct {
        const char *text;
        bool        value;
    } cases[] = {
        { "1", true },  { "true", true },   { "yes", true },
        { "0", false }, { "false", false }, { "no", false },
    };
    struct run r;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(setenv("TEST_QUIET", cases[i].text, 1), 0);
        PARSE(&r, "-v");
        assert_true(r.ok);
        assert_int_equal(r.conf.quiet, cases[i].value);
        assert_true(was_given(&r, "quiet"));
    }
    assert_int_equal(setenv("TEST_NOFLOWS", "no", 1), 0);
    PARSE(&r, "-v");
    assert_null(r.conf.kinds);
    assert_false(was_given(&r, "no-flows"));
    assert_int_equal(setenv("TEST_NOFLOWS", "yes", 1), 0);
    PARSE(&r, "-v");
    assert_string_equal(r.conf.kinds, "others");
}

static void operands_stand_anywhere_and_behind_two_dashes(void **state)
{
    struct run r;

    (void)state;
    PARSE(&r, "one", "-q", "-", "two", "--", "--jobs", "-v", "--");
    assert_true(r.ok);
    assert_int_equal(r.operands.n, 6);
    assert_string_equal(r.operands.items[0], "one");
    assert_string_equal(r.operands.items[1], "-");
    assert_string_equal(r.operands.items[2], "two");
    assert_string_equal(r.operands.items[3], "--jobs");
    assert_string_equal(r.operands.items[4], "-v");
    assert_string_equal(r.operands.items[5], "--");
    assert_true(r.conf.quiet);
    assert_false(r.conf.verbose);
}

static void numbers_up_to_both_ends_are_taken(void **state)
{
    struct run r;

    (void)state;
    PARSE(&r, "-j1", "-m1k", "-t1s", "--number=18446744073709551615");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 1);
    assert_int_equal(r.conf.memory, 1024);
    assert_int_equal(r.conf.timeout_ms, 1000);
    assert_true(r.conf.free_number == UINT64_MAX);
    PARSE(&r, "-j64", "-m1G", "-t1h");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 64);
    assert_int_equal(r.conf.memory, 1 << 30);
    assert_int_equal(r.conf.timeout_ms, 3600000);
    PARSE(&r, "-m", "1048576", "-t", "1500ms");
    assert_int_equal(r.conf.memory, 1 << 20);
    assert_int_equal(r.conf.timeout_ms, 1500);
}

static void mistakes_are_told_in_one_line(void **state)
{
    static const struct {
        const char *words[4];
        const char *msg;
        const char *hint;
    } cases[] = {
        { { "--jobs", "0" }, "option --jobs: 0 is not between 1 and 64", "" },
        { { "-j65" }, "option --jobs: 65 is not between 1 and 64", "" },
        { { "--jobs=x" }, "option --jobs: 'x' is not a whole number", "" },
        { { "--jobs=-1" }, "option --jobs: '-1' is not a whole number", "" },
        { { "--jobs=4 " }, "option --jobs: '4 ' is not a whole number", "" },
        { { "--jobs=" }, "option --jobs: '' is not a whole number", "" },
        { { "--jobs=18446744073709551616" },
          "option --jobs: 18446744073709551616 is too large",
          "" },
        { { "--number", "9" }, "option --number: 9 is less than 10", "" },
        { { "-m1023" }, "option --memory: 1023 is not between 1K and 1G", "" },
        { { "-m2G" }, "option --memory: 2G is not between 1K and 1G", "" },
        { { "-m16777216T" }, "option --memory: 16777216T is too large", "" },
        { { "-m18446744073709551616" }, "option --memory: 18446744073709551616 is too large", "" },
        { { "-m1.5G" },
          "option --memory: '1.5G' is not a number of bytes such as 1000, 512K, 64M or 1G",
          "" },
        { { "-m", "5 " },
          "option --memory: '5 ' is not a number of bytes such as 1000, 512K, 64M or 1G",
          "" },
        { { "-mM" },
          "option --memory: 'M' is not a number of bytes such as 1000, 512K, 64M or 1G",
          "" },
        { { "-m1MM" },
          "option --memory: '1MM' is not a number of bytes such as 1000, 512K, 64M or 1G",
          "" },
        { { "-t999ms" }, "option --timeout: 999ms is not between 1s and 1h", "" },
        { { "-t2h" }, "option --timeout: 2h is not between 1s and 1h", "" },
        { { "-tsoon" },
          "option --timeout: 'soon' is not a time such as 250ms, 30s, 5m, 2h or 7d",
          "" },
        { { "-t99999999999999999d" }, "option --timeout: 99999999999999999d is too large", "" },
        { { "--format", "xml" }, "option --format: 'xml' is not text, json or csv", "" },
        { { "--format=tex" }, "option --format: 'tex' is not text, json or csv", "" },
        { { "--format=text|json" }, "option --format: 'text|json' is not text, json or csv", "" },
        { { "--format=" }, "option --format: '' is not text, json or csv", "" },
        { { "--unlock=some" }, "option --unlock: 'some' is not none or all", "" },
        { { "--store" }, "option --store: its argument URL is missing", "" },
        { { "-q", "-X" }, "option --property: its argument NAME=VALUE is missing", "" },
        { { "--store", "--quiet" }, "option --store: its argument URL is missing", "" },
        { { "--store", "--jobs=3" }, "option --store: its argument URL is missing", "" },
        { { "-X", "--recreate" }, "option --property: its argument NAME=VALUE is missing", "" },
        { { "--quiet=1" }, "option --quiet takes no argument", "" },
        { { "--no-locks=all" }, "option --no-locks takes no argument", "" },
        { { "--recreate" }, "option --recreate belongs to another command", "" },
        { { "-qR" }, "option -R belongs to another command", "" },
        { { "-z" }, "unknown option -z", "" },
        { { "-qz" }, "unknown option -z", "" },
        { { "-\xc3\xa9" }, "unknown option -\xc3\xa9", "" },
        { { "--quite" }, "unknown option --quite", "did you mean --quiet?" },
        { { "--job", "4" }, "unknown option --job", "did you mean --jobs?" },
        { { "--time=3s" }, "unknown option --time", "did you mean --timeout?" },
        { { "--fromat=json" }, "unknown option --fromat", "did you mean --format?" },
        { { "--no_locks" }, "unknown option --no_locks", "did you mean --no-locks?" },
        { { "--propertys" }, "unknown option --propertys", "did you mean --property?" },
        { { "--recreat" }, "unknown option --recreat", "" }, /* not an option of this command */
        { { "--colour" }, "unknown option --colour", "" },
        { { "--x" }, "unknown option --x", "" },
        { { "--=x" }, "unknown option --", "" },
        { { "--stor=postgres://u:secret@h/d" }, "unknown option --stor", "did you mean --store?" },
        { { "--line\nfeed" }, "unknown option --line?feed", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run r;

        parse(&r, cases[i].words);
        assert_false(r.ok);
        assert_int_equal(r.err.kind, ERR_USAGE);
        assert_string_equal(r.err.msg, cases[i].msg);
        assert_string_equal(r.err.hint, cases[i].hint);
    }
}

static void mistakes_in_the_environment_name_the_variable(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *msg;
    } cases[] = {
        { "TEST_JOBS", "0", "environment variable TEST_JOBS: 0 is not between 1 and 64" },
        { "TEST_QUIET", "on",
          "environment variable TEST_QUIET: 'on' is not 1, true, yes, 0, false or no" },
        { "TEST_FORMAT", "x", "environment variable TEST_FORMAT: 'x' is not text, json or csv" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct run r;

        (void)clear_environment(NULL);
        assert_int_equal(setenv(cases[i].name, cases[i].text, 1), 0);
        PARSE(&r, "-v");
        assert_false(r.ok);
        assert_int_equal(r.err.kind, ERR_USAGE);
        assert_string_equal(r.err.msg, cases[i].msg);
    }
}

static void a_variable_that_an_argument_replaces_may_be_wrong(void **state)
{
    struct run r;

    (void)state;
    assert_int_equal(setenv("TEST_JOBS", "many", 1), 0);
    PARSE(&r, "-j2");
    assert_true(r.ok);
    assert_int_equal(r.conf.jobs, 2);
}

static void unexpected_operands_are_named_without_secrets(void **state)
{
    struct config conf = { 0 };
    struct err    err = ERR_INIT;
    char *const   plain[] = { (char *)(uintptr_t) "p", (char *)(uintptr_t) "flows", NULL };
    char *const   url[] = { (char *)(uintptr_t) "p", (char *)(uintptr_t) "postgres://u:secret@h/d",
                            NULL };

    (void)state;
    assert_false(opt_parse(table, READ, 2, plain, &conf, NULL, NULL, &err));
    assert_string_equal(err.msg, "unexpected argument 'flows'");
    assert_false(opt_parse(table, READ, 2, url, &conf, NULL, NULL, &err));
    assert_string_equal(err.msg, "unexpected argument 'postgres://...'");
}

static void a_list_has_room_for_so_many_and_no_more(void **state)
{
    const char *words[OPT_LIST_MAX + 2] = { NULL };
    struct run  r;

    (void)state;
    for (size_t i = 0; i < OPT_LIST_MAX; i++)
        words[i] = "-Xa=b";
    parse(&r, words);
    assert_true(r.ok);
    assert_int_equal(r.conf.props.n, OPT_LIST_MAX);
    words[OPT_LIST_MAX] = "-Xa=b";
    parse(&r, words);
    assert_false(r.ok);
    assert_string_equal(r.err.msg, "option --property: more than 64 are given");
}

static void fields_of_other_commands_are_left_alone(void **state)
{
    struct config conf = { .recreate = true };
    struct err    err = ERR_INIT;
    char *const   argv[] = { (char *)(uintptr_t) "p", NULL };

    (void)state;
    assert_true(opt_parse(table, READ, 1, argv, &conf, NULL, NULL, &err));
    assert_true(conf.recreate);
    assert_true(opt_parse(table, WRITE, 1, argv, &conf, NULL, NULL, &err));
    assert_false(conf.recreate);
}

static void a_default_that_is_wrong_is_a_bug(void **state)
{
    const struct opt wrong[] = {
        { "jobs", 0, OPT_COUNT, FIELD(jobs), 1, 64, "65", NULL, "N", "readers", READ },
        { 0 },
    };
    struct config conf = { 0 };
    struct err    err = ERR_INIT;
    char *const   argv[] = { (char *)(uintptr_t) "p", NULL };

    (void)state;
    assert_false(opt_parse(wrong, READ, 1, argv, &conf, NULL, NULL, &err));
    assert_int_equal(err.kind, ERR_BUG);
    assert_string_equal(err.msg, "default of option --jobs: 65 is not between 1 and 64");
}

static const struct opt texts[] = {
    { "store", 's', OPT_STRING, 0, 0, 0, NULL, "TEST_STORE", "URL",
      "where documents are read: a URL with host, port and database", READ },
    { "jobs", 'j', OPT_COUNT, 0, 1, 64, "4", "TEST_JOBS", "N", "parallel readers", READ },
    { "a-very-long-option-name", 0, OPT_STRING, 0, 0, 0, NULL, NULL, "ARGUMENT", "stands alone",
      READ },
    { "quiet", 'q', OPT_FLAG, 0, 0, 0, NULL, NULL, NULL, "say less", READ },
    { "no-locks", 0, OPT_SET, 0, 0, 0, "all", NULL, NULL, "'--unlock all' \\ shorter", READ },
    { "hidden", 0, OPT_FLAG, 0, 0, 0, NULL, NULL, NULL, "of another command", WRITE },
    { 0 },
};

static void help_has_two_columns_and_is_wrapped(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10000);
    opt_help(texts, READ, 58, &b);
    assert_string_equal(b.p, "  -s, --store URL  where documents are read: a URL with\n"
                             "                   host, port and database (or\n"
                             "                   $TEST_STORE)\n"
                             "  -j, --jobs N     parallel readers (or $TEST_JOBS) [4]\n"
                             "      --a-very-long-option-name ARGUMENT\n"
                             "                   stands alone\n"
                             "  -q, --quiet      say less\n"
                             "      --no-locks   '--unlock all' \\ shorter\n");
    /* One column more, and a line that was wrapped just fits. */
    buf_clear(&b);
    opt_help(texts, READ, 59, &b);
    assert_non_null(strstr(b.p, "host, port and database (or $TEST_STORE)\n"));
    buf_release(&b);
}

static void help_in_a_narrow_window_is_still_whole(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10000);
    opt_help(texts, READ, 1, &b);
    assert_non_null(strstr(b.p, "database"));
    assert_non_null(strstr(b.p, "shorter\n"));
    buf_release(&b);
}

static void the_manual_has_items_in_mdoc(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10000);
    for (const struct opt *o = texts; o->name; o++)
        if ((o->commands & READ) != 0)
            opt_man(o, &b);
    assert_string_equal(b.p, ".It Fl s , Fl -store Ar URL\n"
                             "Where documents are read: a URL with host, port and database.\n"
                             "Environment variable:\n.Ev TEST_STORE .\n"
                             ".It Fl j , Fl -jobs Ar N\n"
                             "Parallel readers.\n"
                             "The default is\n.Cm 4 .\n"
                             "Environment variable:\n.Ev TEST_JOBS .\n"
                             ".It Fl -a-very-long-option-name Ar ARGUMENT\n"
                             "Stands alone.\n"
                             ".It Fl q , Fl -quiet\n"
                             "Say less.\n"
                             ".It Fl -no-locks\n"
                             "\\&'--unlock all' \\e shorter.\n");
    buf_release(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

/* ---- the first operand ------------------------------------------------------------------- */

static void the_first_operand_is_found_behind_options_and_their_arguments(void **state)
{
    static const struct {
        const char *words[6];
        int         at;
    } cases[] = {
        { { "plan" }, 1 },
        { { "-s", "there", "plan" }, 3 },
        { { "-sthere", "plan" }, 2 },
        { { "--store", "there", "plan", "-q" }, 3 },
        { { "--store=there", "plan" }, 2 },
        { { "-qv", "plan" }, 2 },
        { { "-qs", "there", "plan" }, 3 },
        { { "--recreate", "plan" }, 2 },        /* of another command */
        { { "--nothing-like-it", "plan" }, 2 }, /* unknown: a flag */
        { { "-Zs", "plan" }, 2 },
        { { "-", "plan" }, 1 },
        { { "-q" }, 2 },
        { { "-s", "plan" }, 3 }, /* it is an argument */
        { { "-s" }, 2 },
        { { "-q", "--", "plan" }, 4 },
        { { NULL }, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *argv[8] = { (char *)(uintptr_t) "program" };
        int   argc = 1;

        for (; cases[i].words[argc - 1]; argc++)
            argv[argc] = (char *)(uintptr_t)cases[i].words[argc - 1];
        assert_int_equal(opt_first_operand(table, argc, argv), cases[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_arguments_there_are_defaults),
        TEST(long_and_short_forms_mean_the_same),
        TEST(values_may_be_empty_hold_equal_signs_or_dashes),
        TEST(the_last_argument_wins),
        TEST(an_alias_and_its_option_share_the_last_word),
        TEST(arguments_go_before_the_environment_before_defaults),
        TEST(an_empty_variable_is_none),
        TEST(a_flag_in_the_environment_is_true_or_false),
        TEST(operands_stand_anywhere_and_behind_two_dashes),
        TEST(the_first_operand_is_found_behind_options_and_their_arguments),
        TEST(numbers_up_to_both_ends_are_taken),
        TEST(mistakes_are_told_in_one_line),
        TEST(mistakes_in_the_environment_name_the_variable),
        TEST(a_variable_that_an_argument_replaces_may_be_wrong),
        TEST(unexpected_operands_are_named_without_secrets),
        TEST(a_list_has_room_for_so_many_and_no_more),
        TEST(fields_of_other_commands_are_left_alone),
        TEST(a_default_that_is_wrong_is_a_bug),
        TEST(help_has_two_columns_and_is_wrapped),
        TEST(help_in_a_narrow_window_is_still_whole),
        TEST(the_manual_has_items_in_mdoc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
