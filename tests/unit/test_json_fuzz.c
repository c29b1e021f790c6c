/*
 * test_json_fuzz.c - mutated documents: nothing crashes, and what each function says fits together.
 *
 * A document is copied to a block of its exact size, so that the address sanitizer sees one byte
 * too many. REQUEUE_TEST_ROUNDS and REQUEUE_TEST_SEED make it longer, or again.
 */
#include "tests/support/compare_bands.h"

static const char *const seeds[] = {
    "{'id':'2Sg7ZnkAFD6aEYq2UqhUe1','namespace':'io.kestra.tests','flowId':'minimal','flowRevision'"
    ":2,"
    "'taskRunList':[{'id':'5I8','taskId':'date','attempts':[{'state':{'current':'SUCCESS','"
    "histories':["
    "{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'},{'state':'SUCCESS','date':"
    "'2023-02-10T08:15:33.500Z'}],'duration':3.395773000,'startDate':'2023-02-10T08:15:30.104227Z',"
    "'endDate':'2023-02-10T08:15:33.500Z'}}],'outputs':{'value':null,'n':1E-9,'b':'{\\'a\\':\\'x\\'"
    "}'},"
    "'state':{'current':'RUNNING','histories':[{'state':'CREATED','date':'2023-02-10T08:15:30Z'}]}}"
    "],"
    "'inputs':{'a':null,'b':'','c':[]},'labels':[{'key':'k','value':'v'}],'state':{'current':'"
    "RUNNING',"
    "'histories':[{'state':'CREATED','date':'2023-02-10T08:15:30.104227Z'}],'duration':1.5},"
    "'trigger':{'id':'t','variables':{'x':'\xe6\x97\xa5\xf0\x9f\x98\x80'}},'deleted':false}",
    "{'id': 'a\\'b', '\\u0069ds': [1, -2.50e+3, {'id': 'inner'}, []], 'state' : {'current': "
    "'x\\ud83d\\ude00'}}",
    "{'labels':{'a':'x','b':''},'disabled':false,'x':{'y':{'z':[[[{}]]]}},'n':"
    "123456789012345678901234567890}",
    " { 'a' : 1 , 'a' : 2 , '' : '' } ",
    "[1,2,{'a':[true,false,null]}]",
};

static const char *const tokens[] = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\\"",
    "\\u0000",
    "\\ud800",
    "\\udc00",
    "\\u00e9",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1e99",
    "1E-99999999999999999999",
    "0.0",
    " ",
    "\n",
    "\x0b",
    "\x80",
    "\xc3",
    "\xed\xa0\x80",
    "\xf0\x9f\x98\x80",
    "\"state\":{",
    "\"histories\":[",
    "\"date\":\"2023-02-10T08:15:31Z\"",
    "\"id\":1,",
    "\"labels\":[{\"key\":\"a\",\"value\":\"b\"}],",
    "\"duration\":9,",
    "[[[[[[[[[[[[[[[[",
    "]]]]]]]]]]]]]]]]",
};

struct fuzz {
    uint64_t         seed;
    struct comparer *c;
    struct buf       doc;
    struct buf       next;
    struct buf       out;
    struct arena    *arena;
    size_t           n_json; /* mutants that are still JSON */
};

static void cut_and_paste(struct fuzz *f, struct slice doc, size_t from, size_t to, struct slice in)
{
    buf_clear(&f->next);
    assert_true(buf_append(&f->next, slice_of(doc.p, from)));
    assert_true(buf_append(&f->next, in));
    assert_true(buf_append(&f->next, slice_of(doc.p + to, doc.n - to)));
    buf_clear(&f->doc);
    assert_true(buf_append(&f->doc, buf_slice(&f->next)));
}

static void mutate(struct fuzz *f)
{
    struct slice doc = buf_slice(&f->doc);
    size_t       from = test_below(&f->seed, doc.n + 1);
    size_t       to = from + test_below(&f->seed, 8);
    size_t       again = test_below(&f->seed, doc.n + 1);
    char         byte = (char)test_below(&f->seed, 256);

    to = to > doc.n ? doc.n : to;
    switch (test_below(&f->seed, 6)) {
    case 0: cut_and_paste(f, doc, from, to, slice_of(NULL, 0)); break;
    case 1: cut_and_paste(f, doc, from, from, slice_of(doc.p + from, to - from)); break;
    case 2: cut_and_paste(f, doc, from, to, slice_of(&byte, 1)); break;
    case 3: cut_and_paste(f, doc, again, again, slice_of(doc.p + from, to - from)); break;
    default:
        cut_and_paste(f, doc, from, test_below(&f->seed, 2) ? to : from,
                      slice_str(tokens[test_below(&f->seed, COUNT_OF(tokens))]));
        break;
    }
}

static bool is_json(struct slice doc)
{
    const struct json_events nothing = { 0 };
    struct err               err = ERR_INIT;

    return json_parse(doc, &nothing, NULL, &err);
}

static bool starts_object(struct slice doc)
{
    size_t at = 0;

    while (at < doc.n && strchr(" \t\r\n", doc.p[at]))
        at++;
    return at < doc.n && doc.p[at] == '{';
}

static void check_find(struct fuzz *f, struct slice doc, bool object)
{
    static const struct json_path paths[] = {
        { "id", NULL },         { "ids", NULL },         { "state", NULL },
        { "state", "current" }, { "taskRunList", NULL }, { "state", "histories" },
        { "", NULL },           { "nothing", "at all" }
    };
    struct json_value found[COUNT_OF(paths)];
    struct err        err = ERR_INIT;

    assert_int_equal(json_find(doc, paths, COUNT_OF(paths), JSON_FIND_ALL, found, &err), object);
    for (size_t i = 0; i < COUNT_OF(paths) && object; i++) {
        if (found[i].type == JSON_ABSENT)
            continue;
        assert_true(found[i].raw.p >= doc.p && found[i].raw.p + found[i].raw.n <= doc.p + doc.n);
        assert_true(is_json(found[i].raw));
        buf_clear(&f->out);
        if (json_text(found[i], &f->out, &err))
            assert_true(utf8_valid(buf_slice(&f->out)));
    }
    /* Whatever the trusted one says of a broken document, it stays inside. */
    if (json_find(doc, paths, 4, JSON_FIND_TRUSTED, found, &err))
        for (size_t i = 0; i < 4; i++)
            assert_true(
                found[i].type == JSON_ABSENT ||
                (found[i].raw.p >= doc.p && found[i].raw.p + found[i].raw.n <= doc.p + doc.n));
}

static void check_edit(struct fuzz *f, struct slice doc, bool object)
{
    static const char *const drop[] = { "id", "", "state" };
    const struct json_member add[] = { { "added", SLICE("[1]") }, { "state", SLICE("{}") } };
    const struct json_path   paths[] = {
          { "id", NULL }, { "", NULL }, { "added", NULL }, { "state", NULL }
    };
    struct json_value found[COUNT_OF(paths)];
    struct err        err = ERR_INIT;

    buf_clear(&f->out);
    assert_int_equal(json_edit(doc, drop, 0, NULL, 0, &f->out, &err), object);
    assert_true(slice_eq(buf_slice(&f->out), object ? doc : slice_of("", 0)));
    buf_clear(&f->out);
    assert_int_equal(json_edit(doc, drop, COUNT_OF(drop), add, COUNT_OF(add), &f->out, &err),
                     object);
    if (!object)
        return;
    assert_true(json_find(buf_slice(&f->out), paths, COUNT_OF(paths), JSON_FIND_ALL, found, &err));
    assert_int_equal(found[0].type, JSON_ABSENT);
    assert_int_equal(found[1].type, JSON_ABSENT);
    assert_int_not_equal(found[2].type, JSON_ABSENT);
    assert_true(slice_eq(found[3].raw, SLICE("{}")));
}

/* original is the document before the mutations. */
static void check_compare(struct fuzz *f, struct slice doc, struct slice original, bool json)
{
    const struct json_node *root;
    struct digest           d;
    struct err              err = ERR_INIT;
    bool                    tree = json_tree(doc, f->arena, &root, &err);
    bool                    ok = comparer_digest(f->c, doc, &d, &err);

    assert_true(json || !tree);
    /* What no tree can say (half a surrogate pair) is compared by its bytes. */
    assert_int_equal(ok, tree ? root->type == JSON_OBJECT : json && starts_object(doc));
    (void)comparer_stale(f->c, doc, original);
    (void)comparer_newer(f->c, doc, original);
    if (!ok || !tree)
        return;
    assert_true(bands_says_same(f->c, doc, doc));
    if (starts_object(original))
        (void)bands_says_same(f->c, doc, original);
}

static void check(struct fuzz *f, struct slice original)
{
    char        *copy = mem_realloc(mem_strndup(f->doc.p, f->doc.n), f->doc.n > 0 ? f->doc.n : 1);
    struct slice doc = slice_of(copy, f->doc.n);
    bool         json = is_json(doc);
    bool         object = json && starts_object(doc);

    f->n_json += json;
    check_find(f, doc, object);
    check_edit(f, doc, object);
    check_compare(f, doc, original, json);
    arena_reset(f->arena);
    mem_free(copy);
}

static size_t rounds(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *given = getenv("REQUEUE_TEST_ROUNDS");

    return given ? strtoul(given, NULL, 10) : 20000;
}

static void mutated_documents_are_refused_or_understood(void **state)
{
    struct bands *b = *state;
    struct fuzz   f = { .seed = test_seed(), .c = b->of_drop, .arena = arena_new(65536) };
    struct buf    original;

    buf_init(&f.doc, NO_LIMIT);
    buf_init(&f.next, NO_LIMIT);
    buf_init(&f.out, NO_LIMIT);
    buf_init(&original, NO_LIMIT);
    for (size_t i = rounds(); i > 0; i--) {
        struct slice seed = bands_json(seeds[test_below(&f.seed, COUNT_OF(seeds))], &original);

        buf_clear(&f.doc);
        assert_true(buf_append(&f.doc, seed));
        for (size_t k = 1 + test_below(&f.seed, 4); k > 0; k--)
            mutate(&f);
        check(&f, seed);
    }
    print_message("%zu were still JSON\n", f.n_json);
    assert_true(f.n_json > 0);
    buf_release(&f.doc);
    buf_release(&f.next);
    buf_release(&f.out);
    buf_release(&original);
    arena_free(f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BANDS_TEST(mutated_documents_are_refused_or_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
