/*
 * test_yaml.c - the YAML tree: what it holds, what is refused and on which line, hostile input.
 */
#include "tests/support/test.h"

#include "lib/base/yaml.h"

struct fixture {
    struct arena     *arena;
    struct yaml_node *root;
    struct err        err;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->arena = arena_new(4096);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    mem_free(f);
    return 0;
}

static bool parse(struct fixture *f, const char *text)
{
    f->root = NULL;
    f->err = ERR_INIT;
    return yaml_parse(slice_str(text), "f.yml", f->arena, &f->root, &f->err);
}

static void refused(struct fixture *f, const char *text, const char *message)
{
    assert_false(parse(f, text));
    assert_int_equal(f->err.kind, ERR_USAGE);
    if (!strstr(f->err.msg, message))
        fail_msg("\"%s\" is not in \"%s\"", message, f->err.msg);
}

/* ---- what it holds ------------------------------------------------------------------------ */

static void an_empty_text_gives_an_empty_mapping(void **state)
{
    static const char *const texts[] = { "", "\n\n", "# only a comment\n", "  \n# x" };
    struct fixture          *f = *state;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_true(parse(f, texts[i]));
        assert_int_equal(f->root->type, YAML_MAPPING);
        assert_int_equal(f->root->n, 0);
        assert_null(f->root->first);
    }
    assert_true(yaml_parse((struct slice){ NULL, 0 }, "f.yml", f->arena, &f->root, &f->err));
    assert_int_equal(f->root->n, 0);
}

static void a_mapping_keeps_keys_values_and_lines_in_order(void **state)
{
    struct fixture         *f = *state;
    const struct yaml_node *e;

    assert_true(parse(f, "a: 1\n"
                         "b:\n"
                         "  - x\n"
                         "  - 'y'\n"
                         "c: { d: \"\", e: null }\n"));
    assert_int_equal(f->root->n, 3);
    e = f->root->first;
    assert_string_equal(e->key, "a");
    assert_string_equal(e->text, "1");
    assert_true(e->plain);
    assert_int_equal(e->line, 1);
    e = e->next;
    assert_string_equal(e->key, "b");
    assert_int_equal(e->type, YAML_SEQUENCE);
    assert_int_equal(e->n, 2);
    assert_int_equal(e->key_line, 2);
    assert_int_equal(e->line, 3);
    assert_null(e->first->key);
    assert_int_equal(e->first->key_line, 0);
    assert_int_equal(e->first->next->line, 4);
    assert_string_equal(e->first->next->text, "y");
    assert_false(e->first->next->plain);
    e = e->next;
    assert_int_equal(e->type, YAML_MAPPING);
    assert_string_equal(yaml_get(e, "d")->text, "");
    assert_false(yaml_get(e, "d")->plain);
    assert_string_equal(yaml_get(e, "e")->text, "null");
    assert_true(yaml_get(e, "e")->plain);
    assert_null(e->next);
}

static void a_look_up_of_something_else_gives_null(void **state)
{
    struct fixture *f = *state;

    assert_true(parse(f, "a: [x]\n"));
    assert_null(yaml_get(f->root, "b"));
    assert_null(yaml_get(NULL, "a"));
    assert_null(yaml_get(yaml_get(f->root, "a"), "x"));
}

static void block_texts_empty_values_and_other_alphabets_are_texts(void **state)
{
    struct fixture *f = *state;

    assert_true(parse(f, "\xef\xbb\xbf"
                         "a: |\n"
                         "  one\n"
                         "  two\n"
                         "b:\n"
                         "c: \"\\u00e9\\n\"\n"
                         "\xc3\xa9: \xe2\x82\xac\n"));
    assert_string_equal(yaml_get(f->root, "a")->text, "one\ntwo\n");
    assert_false(yaml_get(f->root, "a")->plain);
    assert_string_equal(yaml_get(f->root, "b")->text, "");
    assert_true(yaml_get(f->root, "b")->plain);
    assert_string_equal(yaml_get(f->root, "c")->text, "\xc3\xa9\n");
    assert_string_equal(yaml_get(f->root, "\xc3\xa9")->text, "\xe2\x82\xac");
}

static void a_top_that_is_no_mapping_is_told_by_its_type(void **state)
{
    struct fixture *f = *state;

    assert_true(parse(f, "- a\n"));
    assert_int_equal(f->root->type, YAML_SEQUENCE);
    assert_true(parse(f, "just text\n"));
    assert_int_equal(f->root->type, YAML_SCALAR);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static void what_we_do_not_want_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        { "a: 1\nb: &x 2\n", "f.yml:2: anchors" },
        { "a: 1\nb: &x\n  c: 2\n", "f.yml:2: anchors" },
        { "a: &x [1]\n", "f.yml:1: anchors" },
        { "&x a: 1\n", "f.yml:1: anchors" },
        { "a: 1\nb: *x\n", "f.yml:2: aliases" },
        { "a: [1, *x]\n", "f.yml:1: aliases" },
        { "a: 1\n*x : 2\n", "f.yml:2: aliases" },
        { "*x\n", "f.yml:1: aliases" },
        { "a: 1\nb: !!str 2\n", "f.yml:2: tags" },
        { "b: ! 2\n", "f.yml:1: tags" },
        { "b: !!map {}\n", "f.yml:1: tags" },
        { "b: !mine [1]\n", "f.yml:1: tags" },
        { "!!str b: 1\n", "f.yml:1: tags" },
        { "%TAG ! tag:x,2000:\n---\na: 1\n", "%TAG" },
        { "a: 1\n---\nb: 2\n", "f.yml:2: a second document" },
        { "a: 1\n...\n---\nb: 2\n", "a second document" },
        { "a: 1\nb: 2\na: 3\n", "f.yml:3: the key \"a\"" },
        { "a: 1\nb:\n  c: 1\n  d: 2\n  \"c\": 3\n  c: 4\n", "f.yml:5: the key \"c\"" },
        { "{a: 1, a: 2}\n", "f.yml:1: the key \"a\"" },
        { "[a, b]: 1\n", "f.yml:1: a key must be" },
        { "? {a: 1}\n: 2\n", "f.yml:1: a key must be" },
        { "a: \"x\\0y\"\n", "f.yml:1: a text may not hold" },
        { "a: 1\n\tb: 2\n", "f.yml:2:" },
        { "a: 1\nb: [1, 2\n", "f.yml:" },
        { "a: 1\n b: 2\n", "f.yml:2:" },
        { "a: \"open\n", "f.yml:" },
        { "a: 1\nb: \xff\xfe\n", "f.yml:2: " },
        { "a: 1\nb: \x01\n", "f.yml:2: " },
        { "a: 1\nb: \xed\xa0\x80\n", "f.yml:2: " },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(cases); i++)
        refused(f, cases[i].text, cases[i].message);
}

static void utf16_is_not_guessed(void **state)
{
    static const char utf16[] = { '\xff', '\xfe', 'a', 0, ':', 0, ' ', 0, '1', 0 };
    struct fixture   *f = *state;

    assert_false(yaml_parse(slice_of(utf16, sizeof(utf16)), "f.yml", f->arena, &f->root, &f->err));
    assert_int_equal(f->err.kind, ERR_USAGE);
}

/* "[[[...]]]" of the given depth. */
static void brackets(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
}

static void nesting_has_a_limit(void **state)
{
    static char     text[2 * 20000 + 1];
    struct fixture *f = *state;

    brackets(text, YAML_MAX_DEPTH);
    assert_true(parse(f, text));
    brackets(text, YAML_MAX_DEPTH + 1);
    refused(f, text, "f.yml:1: nested deeper than 16 levels");
    brackets(text, 20000);
    refused(f, text, "nested deeper");
    memset(text, '{', 20000);
    text[20000] = '\0';
    refused(f, text, "f.yml:1:");
}

static void the_number_of_values_has_a_limit(void **state)
{
    struct fixture *f = *state;
    size_t          n = 0;
    char           *text = mem_array(2, YAML_MAX_NODES + 16);

    text[n++] = '[';
    for (size_t i = 0; i < YAML_MAX_NODES - 1; i++) { /* the list itself is one */
        text[n++] = 'x';
        text[n++] = ',';
    }
    text[n] = ']';
    assert_true(parse(f, text));
    assert_int_equal(f->root->n, YAML_MAX_NODES - 1);
    memcpy(text + n, "x]", 3);
    refused(f, text, "f.yml:1: more than 20000 values");
    mem_free(text);
}

static void keys_count_as_values(void **state)
{
    struct fixture *f = *state;
    size_t          n = 0;
    char           *text = mem_array(12, YAML_MAX_NODES);

    for (size_t i = 0; i < YAML_MAX_NODES; i++)
        n += (size_t)snprintf(text + n, 12, "k%zu: 1\n", i);
    refused(f, text, "more than 20000 values");
    mem_free(text);
}

static void a_file_has_a_limit_of_bytes(void **state)
{
    struct fixture *f = *state;
    char           *text = mem_alloc(YAML_MAX_BYTES + 2);

    memset(text, ' ', YAML_MAX_BYTES);
    memcpy(text, "a: 1\n#", 6);
    assert_true(parse(f, text));
    text[YAML_MAX_BYTES] = ' ';
    refused(f, text, "f.yml:1: larger than 1048576 bytes");
    mem_free(text);
}

static void a_key_that_is_there_20000_times_is_found_in_time(void **state)
{
    struct fixture *f = *state;
    size_t          n = 0;
    char           *text = mem_array(6, YAML_MAX_NODES);

    for (size_t i = 0; i < YAML_MAX_NODES / 2 - 1; i++)
        n += (size_t)snprintf(text + n, 6, "k: 1\n");
    refused(f, text, "f.yml:2: the key \"k\" is there already");
    mem_free(text);
}

/* ---- hostile input ------------------------------------------------------------------------ */

static const char sample[] = "# a comment\n"
                             "name: \"A\"\n"
                             "list:\n"
                             "  - { member: 'x', missing: skip }\n"
                             "  - |\n"
                             "    block\n"
                             "map: {\"k\\u00e9\": [1, -2, \xc3\xa9]}\n"
                             "? key\n"
                             ": &a !t *b\n";

static void a_text_cut_at_any_byte_is_read_or_refused(void **state)
{
    struct fixture *f = *state;

    for (size_t n = 0; n < sizeof(sample); n++) {
        struct arena     *a = arena_new(1024);
        char             *cut = mem_strndup(sample, n);
        struct yaml_node *root = NULL;

        f->err = ERR_INIT;
        if (yaml_parse(slice_of(cut, n), "f.yml", a, &root, &f->err))
            assert_non_null(root);
        else
            assert_int_equal(f->err.kind, ERR_USAGE);
        mem_free(cut);
        arena_free(a);
    }
}

static void random_bytes_never_do_harm(void **state)
{
    static const char letters[] = "ab:-?,[]{}#&*!|>'\"%@` \n\t\\0x\xc3\xa9\xff.~<=";
    struct fixture   *f = *state;
    uint64_t          seed = test_seed();

    for (size_t round = 0; round < 20000; round++) {
        struct arena     *a = arena_new(1024);
        char              text[96];
        size_t            n = test_below(&seed, sizeof(text));
        struct yaml_node *root = NULL;
        bool              any = test_below(&seed, 4) == 0;

        for (size_t i = 0; i < n; i++)
            text[i] = any ? (char)test_below(&seed, 256)
                          : letters[test_below(&seed, sizeof(letters) - 1)];
        f->err = ERR_INIT;
        if (!yaml_parse(slice_of(text, n), "f.yml", a, &root, &f->err))
            assert_true(f->err.kind == ERR_USAGE && strncmp(f->err.msg, "f.yml:", 6) == 0);
        arena_free(a);
    }
}

static void a_sample_with_one_byte_changed_never_does_harm(void **state)
{
    struct fixture *f = *state;
    uint64_t        seed = test_seed();

    for (size_t round = 0; round < 5000; round++) {
        struct arena     *a = arena_new(1024);
        char              text[sizeof(sample)];
        struct yaml_node *root = NULL;

        memcpy(text, sample, sizeof(sample));
        text[test_below(&seed, sizeof(sample) - 1)] = (char)test_below(&seed, 256);
        f->err = ERR_INIT;
        if (!yaml_parse(slice_of(text, sizeof(text) - 1), "f.yml", a, &root, &f->err))
            assert_int_equal(f->err.kind, ERR_USAGE);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_gives_an_empty_mapping),
        cmocka_unit_test(a_mapping_keeps_keys_values_and_lines_in_order),
        cmocka_unit_test(a_look_up_of_something_else_gives_null),
        cmocka_unit_test(block_texts_empty_values_and_other_alphabets_are_texts),
        cmocka_unit_test(a_top_that_is_no_mapping_is_told_by_its_type),
        cmocka_unit_test(what_we_do_not_want_is_refused_with_its_line),
        cmocka_unit_test(utf16_is_not_guessed),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(the_number_of_values_has_a_limit),
        cmocka_unit_test(keys_count_as_values),
        cmocka_unit_test(a_file_has_a_limit_of_bytes),
        cmocka_unit_test(a_key_that_is_there_20000_times_is_found_in_time),
        cmocka_unit_test(a_text_cut_at_any_byte_is_read_or_refused),
        cmocka_unit_test(random_bytes_never_do_harm),
        cmocka_unit_test(a_sample_with_one_byte_changed_never_does_harm),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
