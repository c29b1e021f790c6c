/* test_document.c - batches of documents. */
#include "tests/support/test.h"

#include "lib/kestra/document.h"

#define LARGE ((size_t)2 * BATCH_MAX_BYTES)

static struct document document_of(struct slice id, struct slice value)
{
    return (struct document){ .id = id, .value = value };
}

static void a_document_is_copied_with_all_its_parts(void **state)
{
    struct batch   *b = batch_new();
    char            id[] = "id";
    struct document doc = {
        .id = slice_str(id), .value = SLICE("{}"), .source = SLICE("id: x"), .trusted = true
    };

    (void)state;
    batch_add(b, &doc);
    id[0] = 'x';
    assert_int_equal(b->n, 1);
    assert_int_equal(b->bytes, 9);
    assert_true(slice_eq(b->docs[0].id, SLICE("id")));
    assert_true(slice_eq(b->docs[0].value, SLICE("{}")));
    assert_true(slice_eq(b->docs[0].source, SLICE("id: x")));
    assert_true(b->docs[0].trusted);
    batch_free(b);
}

static void null_stays_different_from_empty(void **state)
{
    struct batch   *b = batch_new();
    struct document null = document_of(SLICE("a"), slice_of(NULL, 0));
    struct document empty = document_of(SLICE("b"), SLICE(""));

    (void)state;
    empty.source = SLICE("");
    batch_add(b, &null);
    batch_add(b, &empty);
    assert_null(b->docs[0].value.p);
    assert_null(b->docs[0].source.p);
    assert_non_null(b->docs[1].value.p);
    assert_non_null(b->docs[1].source.p);
    assert_false(b->docs[0].trusted);
    batch_free(b);
}

static void a_batch_is_full_at_its_number_of_documents(void **state)
{
    struct batch   *b = batch_new();
    struct document doc = document_of(SLICE("id"), SLICE("{}"));

    (void)state;
    for (int i = 0; i < BATCH_MAX_DOCS; i++) {
        assert_false(batch_full(b));
        batch_add(b, &doc);
    }
    assert_true(batch_full(b));
    batch_free(b);
}

static void a_batch_is_full_at_its_number_of_bytes(void **state)
{
    struct batch   *b = batch_new();
    char           *large = mem_alloc(LARGE);
    struct document doc = document_of(SLICE(""), slice_of(large, BATCH_MAX_BYTES - 1));

    (void)state;
    batch_add(b, &doc);
    assert_false(batch_full(b));
    doc.value.n = 1;
    batch_add(b, &doc);
    assert_true(batch_full(b));
    batch_clear(b);
    assert_false(batch_full(b));
    doc.value.n = LARGE;
    batch_add(b, &doc);
    assert_true(batch_full(b));
    assert_int_equal(b->docs[0].value.n, LARGE);
    mem_free(large);
    batch_free(b);
}

static void clear_makes_it_as_new_and_memory_stays_flat(void **state)
{
    struct batch   *b = batch_new();
    char           *text = mem_alloc(3000);
    struct document doc = document_of(SLICE("id"), slice_of(text, 3000));
    size_t          first = 0;

    (void)state;
    for (int round = 0; round < 10; round++) {
        b->place = "flows";
        while (!batch_full(b))
            batch_add(b, &doc);
        if (round == 0)
            first = arena_bytes(b->arena);
        assert_int_equal(arena_bytes(b->arena), first);
        batch_clear(b);
        assert_int_equal(b->n, 0);
        assert_int_equal(b->bytes, 0);
        assert_null(b->place);
    }
    assert_true(first < LARGE);
    mem_free(text);
    batch_free(b);
    batch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_copied_with_all_its_parts),
        cmocka_unit_test(null_stays_different_from_empty),
        cmocka_unit_test(a_batch_is_full_at_its_number_of_documents),
        cmocka_unit_test(a_batch_is_full_at_its_number_of_bytes),
        cmocka_unit_test(clear_makes_it_as_new_and_memory_stays_flat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
