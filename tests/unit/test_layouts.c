/*
 * test_layouts.c - which of the shipped layouts is taken for a store, and how that is said.
 */
#include "tests/support/test.h"

#include "cli/layouts.h"

/* A store of which only is known what it has; ends with NULL. */
struct signs {
    struct store       store; /* first member */
    const char *const *there;
    size_t             asked;
    bool               fails;
};

static bool signs_has(struct store *base, const struct layout *layout, const char *what, bool *out,
                      struct err *err)
{
    struct signs *s = (struct signs *)base;

    assert_non_null(layout);
    s->asked++;
    *out = false;
    for (size_t i = 0; s->there[i]; i++)
        if (strcmp(s->there[i], what) == 0)
            *out = true;
    return !s->fails || err_set(err, ERR_STORE, "no answer");
}

struct choice {
    struct layout *layout; /* NULL: none; the caller frees it */
    char           why[160];
    struct err     err;
    size_t         asked;
};

static struct choice choose(const struct store_info *info, const char *const *there)
{
    struct signs  s = { .store = { .has = signs_has }, .there = there };
    struct choice c = { .err = ERR_INIT };

    if (!layouts_choose(NULL, &s.store, info, &c.layout, c.why, &c.err))
        c.layout = NULL;
    c.asked = s.asked;
    return c;
}

static void assert_band(const struct store_info *info, const char *const *there, const char *band,
                        const char *why)
{
    struct choice c = choose(info, there);

    if (!c.layout) {
        fail_msg("%s, not %s", c.err.msg, band);
        return;
    }
    assert_string_equal(c.layout->name, band);
    assert_non_null(strstr(c.why, why));
    layout_free(c.layout);
}

static void a_search_store_is_taken_for_the_newest_band_whose_members_it_has(void **state)
{
    static const struct {
        const char *there[8];
        const char *band;
    } cases[] = {
        { { "member:flow.tasks" }, "A" },
        /* as real stores have them: 0.6, upgraded from 0.6 to 0.16, 0.20 */
        { { "member:flow.tasks", "member:execution.flowRevision" }, "A" },
        { { "member:flow.tasks", "member:execution.labels", "member:execution.originalId",
            "member:execution.metadata", "member:trigger.nextExecutionDate" },
          "F" },
        { { "member:flow.tasks", "member:execution.labels", "member:execution.originalId",
            "member:execution.metadata", "member:trigger.nextExecutionDate", "member:flow.source" },
          "I" },
        /* each band by what it brought, also when older members are gone */
        { { "member:execution.originalId" }, "B2" },
        { { "member:execution.labels", "member:execution.originalId" }, "B3" },
        { { "member:trigger.executionCurrentState" }, "B4" },
        { { "member:flow.tenantId", "member:trigger.executionCurrentState" }, "C" },
        { { "member:trigger.nextExecutionDate", "member:flow.tenantId" }, "E" },
        { { "member:flow.pluginDefaults", "member:execution.metadata" }, "G" },
        { { "member:trigger.workerId", "member:flow.pluginDefaults" }, "H1" },
        { { "member:execution.scheduleDate", "member:trigger.workerId" }, "H2" },
        { { "member:flow.source", "member:execution.scheduleDate" }, "I" },
    };
    const struct store_info info = { .product = "OpenSearch" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_band(&info, cases[i].there, cases[i].band,
                    "guessed from members of the documents (a search store has no migration "
                    "history): name it with --layout if this is wrong");
}

/* What tells the bands of a database says nothing about a search store, and the other way round. */
static void evidence_is_for_tables_and_hints_are_for_documents(void **state)
{
    static const char *const tables[] = { "table:executorstate", "table:sla_monitor", NULL };
    static const char *const members[] = { "member:flow.tasks", "member:flow.source", NULL };
    const struct store_info  database = { .has_tables = true };
    const struct store_info  search = { .has_tables = false };

    (void)state;
    assert_band(&database, tables, "I", "guessed from tables and members");
    assert_band(&search, members, "I", "guessed from members of the documents");
    assert_null(choose(&database, members).layout);
    assert_null(choose(&search, tables).layout);
}

static void a_migration_history_is_believed_and_nothing_else_is_asked(void **state)
{
    static const char *const none[] = { NULL };
    const struct store_info  info = { .has_tables = true,
                                      .versions = { "1", "2", "3" },
                                      .n_versions = 3 };
    struct choice            c = choose(&info, none);

    (void)state;
    assert_non_null(c.layout);
    assert_string_equal(c.layout->name, "A");
    assert_string_equal(c.why, "detected from flyway_schema_history");
    assert_int_equal(c.asked, 0);
    layout_free(c.layout);
}

static void a_store_of_no_band_is_told_with_what_to_do(void **state)
{
    static const char *const none[] = { NULL };
    static const struct {
        struct store_info info;
        const char       *says;
        const char       *hint;
    } cases[] = {
        { { .has_tables = false },
          "members of no band",
          "see --index-prefix and --index, or name" },
        { { .has_tables = true }, "flyway_schema_history is missing or empty", "name the band" },
        { { .has_tables = true, .versions = { "2.1" }, .n_versions = 1 },
          "no layout fits the store's 1 migrations, of which 2.1 is the newest",
          "name the band" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct choice c = choose(&cases[i].info, none);

        assert_null(c.layout);
        assert_int_equal(c.err.kind, ERR_USAGE);
        assert_non_null(strstr(c.err.msg, cases[i].says));
        assert_non_null(strstr(c.err.hint, cases[i].hint));
        assert_non_null(strstr(c.err.hint, "--layout: A B1 B2 B3 B4 B5 B6 C D E F G H1 H2 I J;"));
    }
}

static void a_store_that_cannot_answer_is_no_guess(void **state)
{
    static const char *const none[] = { NULL };
    const struct store_info  info = { .has_tables = false };
    struct signs             s = { .store = { .has = signs_has }, .there = none, .fails = true };
    struct layout           *l = NULL;
    struct err               err = ERR_INIT;
    char                     why[160];

    (void)state;
    assert_false(layouts_choose(NULL, &s.store, &info, &l, why, &err));
    assert_int_equal(err.kind, ERR_STORE);
    assert_int_equal(s.asked, 1);
}

static void a_named_band_is_taken_without_asking(void **state)
{
    const struct store_info info = { .has_tables = false };
    struct layout          *l = NULL;
    struct err              err = ERR_INIT;
    char                    why[160];

    (void)state;
    assert_true(layouts_choose("H1", NULL, &info, &l, why, &err));
    assert_string_equal(l->name, "H1");
    assert_string_equal(why, "given by --layout");
    layout_free(l);
    assert_false(layouts_choose("K", NULL, &info, &l, why, &err));
    assert_non_null(strstr(err.msg, "there is no band \"K\""));
}

static int name_layouts(void **state)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    const char *root = getenv("REQUEUE_ROOT");
    char        path[4096];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/schemas/layouts", root ? root : ".");
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    return setenv("REQUEUE_LAYOUTS", path, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_store_is_taken_for_the_newest_band_whose_members_it_has),
        cmocka_unit_test(evidence_is_for_tables_and_hints_are_for_documents),
        cmocka_unit_test(a_migration_history_is_believed_and_nothing_else_is_asked),
        cmocka_unit_test(a_store_of_no_band_is_told_with_what_to_do),
        cmocka_unit_test(a_store_that_cannot_answer_is_no_guess),
        cmocka_unit_test(a_named_band_is_taken_without_asking),
    };

    return cmocka_run_group_tests(tests, name_layouts, NULL);
}
