/* test_json_known.c - the walk over what is known to be JSON tells what the proving one tells. */
#include "tests/support/json_proof.h"
#include "tests/support/sample_docs.h"
#include "tests/support/test.h"

#define MAX_DEPTH JSON_WALK_MAX_DEPTH

/* What is told, one event a word. Which containers are wanted is a matter of their name and depth.
 * The proving walk tells what nobody wants, too: there it is left out here. */
struct told {
    struct buf text;
    unsigned   mask; /* bit (name's length + depth) % 8: wanted */
    bool       proves;
    bool       wanted[MAX_DEPTH + 1];
    unsigned   muted;      /* depth of the container that is not wanted; 0: none */
    size_t     n;          /* events */
    size_t     stop_after; /* 0: never */
};

static bool tell(struct told *t, const char *sign, unsigned depth, struct slice name,
                 struct slice what)
{
    if (t->muted > 0 && depth > t->muted)
        return true;
    assert_true(buf_printf(&t->text, "%s%u:", sign, depth));
    assert_true(buf_append(&t->text, name.p ? name : SLICE("-")));
    assert_true(buf_append(&t->text, what));
    assert_true(buf_append_char(&t->text, '\n'));
    return ++t->n != t->stop_after;
}

static bool tell_enter(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct told *t = ctx;
    bool         go_on = tell(t, "(", depth, name, type == JSON_OBJECT ? SLICE("{") : SLICE("["));

    t->wanted[depth] = t->mask >> (name.n + depth) % 8 & 1;
    if (t->proves && t->muted == 0 && depth > 0 && !t->wanted[depth])
        t->muted = depth;
    return go_on;
}

static bool tell_leave(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct told *t = ctx;

    if (t->muted == depth)
        t->muted = 0;
    return tell(t, ")", depth, name, type == JSON_OBJECT ? SLICE("}") : SLICE("]"));
}

static bool tell_value(void *ctx, unsigned depth, struct slice name, struct json_value v,
                       size_t height)
{
    static const char types[] = "?0bns{[";
    char              type[] = { types[v.type], '\0' };

    (void)height;
    return tell(ctx, type, depth, name, v.raw);
}

static bool wants(void *ctx, unsigned depth)
{
    const struct told *t = ctx;

    return t->wanted[depth];
}

static void told_init(struct told *t, bool proves)
{
    *t = (struct told){ .proves = proves, .mask = 0xff };
    buf_init(&t->text, NO_LIMIT);
}

static void told_clear(struct told *t, unsigned mask)
{
    buf_clear(&t->text);
    t->mask = mask;
    t->muted = 0;
    t->n = 0;
}

static bool begins_container(struct slice doc)
{
    size_t at = 0;

    while (at < doc.n && memchr(" \n\r\t", doc.p[at], 4))
        at++;
    return at < doc.n && (doc.p[at] == '{' || doc.p[at] == '[');
}

/* In memory of exactly its size, so that a sanitizer sees who reads on. True: it is JSON. */
static bool compare(struct slice text, unsigned max, unsigned mask, struct told *a, struct told *b)
{
    const struct json_walk w = { max, tell_enter, tell_leave, tell_value };
    char                  *copy = mem_realloc(mem_strndup(text.p, text.n), text.n + (text.n == 0));
    struct slice           doc = slice_of(copy, text.n);
    struct err             err = ERR_INIT;
    bool                   proven = is_json(doc);
    enum json_known        known;

    told_clear(a, mask);
    told_clear(b, mask);
    known = json_walk_known(doc, &w, mask == 0xff ? NULL : wants, a);
    assert_true(known != JSON_KNOWN_STOPPED);
    if (proven && begins_container(doc)) {
        assert_true(json_walk(doc, &w, b, &err));
        if (!slice_eq(buf_slice(&a->text), buf_slice(&b->text)))
            fail_msg("%.*s", SLICE_ARG(doc));
        /* yajl overlooks the beginning of a string behind the value. */
        assert_true(known == JSON_KNOWN_DONE || memchr(doc.p, '"', doc.n));
    }
    mem_free(copy);
    return proven;
}

static void real_documents_are_told_as_the_proving_walk_tells_them(void **state)
{
    uint64_t      seed = test_seed();
    struct slice *docs;
    size_t        n = sample_docs(SAMPLE_SEARCH, "kestra_executions", *state, &docs);
    struct told   a;
    struct told   b;
    size_t        good = 0;
    size_t        bad = 0;

    told_init(&a, false);
    told_init(&b, true);
    for (size_t i = 0; i < n; i++)
        for (unsigned max = 1; max <= MAX_DEPTH; max++)
            assert_true(compare(docs[i], max, max % 2 ? 0xff : 0x5a, &a, &b));
    for (size_t round = 0; round < 20000; round++) {
        struct slice doc = docs[test_below(&seed, n)];
        char        *copy = mem_strndup(doc.p, doc.n);
        size_t       end = test_below(&seed, 4) == 0 ? test_below(&seed, doc.n) : doc.n;

        for (size_t k = test_below(&seed, 3); k > 0; k--)
            copy[test_below(&seed, doc.n)] = "az09-:,[]{}\"\\\n\0\xff"[test_below(&seed, 16)];
        if (compare(slice_of(copy, end), (unsigned)(1 + test_below(&seed, MAX_DEPTH)),
                    (unsigned)test_below(&seed, 256), &a, &b))
            good++;
        else
            bad++;
        mem_free(copy);
    }
    assert_true(good > 1000 && bad > 1000);
    buf_release(&a.text);
    buf_release(&b.text);
}

static void put_random(uint64_t *seed, struct buf *out, unsigned depth)
{
    static const char *const scalars[] = { "1",
                                           "-2.5e3",
                                           "null",
                                           "true",
                                           "\"\"",
                                           "\"\\\\\"",
                                           " 7 ",
                                           "\"}\"",
                                           "\"\\\"\"",
                                           "false",
                                           "\"0123456789abcdef0123456789\\\"\"" };
    size_t                   n = test_below(seed, 4);
    bool                     object = depth == 0 || test_below(seed, 2) == 0;

    if (depth > 10 || (depth > 0 && test_below(seed, 4) == 0)) {
        assert_true(buf_append(out, slice_str(scalars[test_below(seed, COUNT_OF(scalars))])));
        return;
    }
    assert_true(buf_append_char(out, object ? '{' : '['));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            assert_true(buf_append(out, test_below(seed, 2) ? SLICE(",") : SLICE(" , ")));
        if (object)
            assert_true(
                buf_append(out, test_below(seed, 2) ? SLICE("\"a\":") : SLICE("\"\\\"\" : ")));
        put_random(seed, out, depth + 1);
    }
    assert_true(buf_append_char(out, object ? '}' : ']'));
}

static void random_texts_are_told_as_the_proving_walk_tells_them(void **state)
{
    uint64_t    seed = test_seed();
    struct told a;
    struct told b;
    struct buf  text;

    (void)state;
    told_init(&a, false);
    told_init(&b, true);
    buf_init(&text, NO_LIMIT);
    for (size_t i = 0; i < 20000; i++) {
        unsigned max = (unsigned)(1 + test_below(&seed, MAX_DEPTH));
        unsigned mask = (unsigned)test_below(&seed, 256);

        buf_clear(&text);
        put_random(&seed, &text, 0);
        assert_true(compare(buf_slice(&text), max, mask, &a, &b));
        for (size_t k = test_below(&seed, 4); k > 0; k--)
            text.p[test_below(&seed, text.n)] = "{}[],:\"\\0 a"[test_below(&seed, 11)];
        (void)compare(slice_of(text.p, test_below(&seed, text.n + 1)), max, mask, &a, &b);
        (void)compare(buf_slice(&text), max, mask, &a, &b);
    }
    buf_release(&text);
    buf_release(&a.text);
    buf_release(&b.text);
}

static void a_callback_stops_it_at_any_event(void **state)
{
    static const struct json_walk w = { 3, tell_enter, tell_leave, tell_value };
    struct slice                  doc = SLICE("{\"a\":[1,{\"b\":2}],\"c\":{}}");
    struct told                   t;
    size_t                        all;

    (void)state;
    told_init(&t, false);
    assert_int_equal(json_walk_known(doc, &w, NULL, &t), JSON_KNOWN_DONE);
    all = t.n;
    assert_int_equal(all, 13);
    for (size_t i = 1; i <= all; i++) {
        told_clear(&t, 0xff);
        t.stop_after = i;
        assert_int_equal(json_walk_known(doc, &w, NULL, &t), JSON_KNOWN_STOPPED);
        assert_int_equal(t.n, i);
    }
    buf_release(&t.text);
}

static void what_is_not_as_expected_is_told(void **state)
{
    static const struct json_walk w = { .max_depth = 2 };
    static const char *const      odd[] = { "",           " ",
                                            "{",          "[",
                                            "1",          "\"a\"",
                                            "{\"a\"",     "{\"a\":",
                                            "{\"a\":1",   "{\"a\":[1}",
                                            "[1,",        "[,]",
                                            "{\"a\":}",   "{\"a\":1]",
                                            "{\"a\":1,}", "{a:1}",
                                            "{\"a\" 1}",  "{\"a\":1}{",
                                            "[1 2]",      "{\"a\":[[\"]]}",
                                            "[\"\\\"]",   "[0123456789012345678901234567" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        if (json_walk_known(slice_str(odd[i]), &w, NULL, NULL) != JSON_KNOWN_UNSURE)
            fail_msg("%s", odd[i]);
    assert_int_equal(json_walk_known(SLICE(" [ ] "), &w, NULL, NULL), JSON_KNOWN_DONE);
    assert_int_equal(json_walk_known(SLICE("{ }"), &w, NULL, NULL), JSON_KNOWN_DONE);
}

static void the_limit_of_nesting_is_that_of_documents(void **state)
{
    static const struct json_walk w = { .max_depth = 2 };
    struct buf                    b;

    (void)state;
    buf_init(&b, NO_LIMIT);
    for (int depth = JSON_MAX_DEPTH - 2; depth < JSON_MAX_DEPTH + 2; depth++) {
        buf_clear(&b);
        for (int i = 0; i < depth; i++)
            buf_add(&b, "[");
        for (int i = 0; i < depth; i++)
            buf_add(&b, "]");
        assert_int_equal(json_walk_known(buf_slice(&b), &w, NULL, NULL) == JSON_KNOWN_DONE,
                         depth <= JSON_MAX_DEPTH);
    }
    buf_release(&b);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_documents_are_told_as_the_proving_walk_tells_them),
        cmocka_unit_test(random_texts_are_told_as_the_proving_walk_tells_them),
        cmocka_unit_test(a_callback_stops_it_at_any_event),
        cmocka_unit_test(what_is_not_as_expected_is_told),
        cmocka_unit_test(the_limit_of_nesting_is_that_of_documents),
    };

    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
