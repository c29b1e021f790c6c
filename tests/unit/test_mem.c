/* test_mem.c - memory that cannot fail, and arenas. */
#include "tests/support/test.h"

#include "lib/base/mem.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void allocated_memory_is_zeroed(void **state)
{
    unsigned char *p = mem_array(100, 7);

    (void)state;
    for (size_t i = 0; i < 700; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
}

static void size_zero_gives_a_block_that_can_be_freed(void **state)
{
    void *p = mem_alloc(0);

    (void)state;
    assert_non_null(p);
    p = mem_realloc(p, 0);
    assert_non_null(p);
    mem_free(p);
    p = mem_array(0, 8);
    assert_non_null(p);
    mem_free(p);
    mem_free(NULL);
}

static void strndup_copies_exactly_n_bytes(void **state)
{
    char *p = mem_strndup("a\0bcd", 4);

    (void)state;
    assert_memory_equal(p, "a\0bc", 5);
    mem_free(p);
    p = mem_strndup(NULL, 0);
    assert_string_equal(p, "");
    mem_free(p);
}

static void strdup_of_null_is_null(void **state)
{
    char *p = mem_strdup("text");

    (void)state;
    assert_string_equal(p, "text");
    mem_free(p);
    assert_null(mem_strdup(NULL));
}

static void an_overflow_prints_one_line_and_aborts(void **state)
{
    char    line[128] = { 0 };
    int     ends[2];
    int     status = 0;
    ssize_t n;
    pid_t   child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        mem_free(mem_array(SIZE_MAX / 2, 3));
        _exit(0);
    }
    (void)close(ends[1]);
    n = read(ends[0], line, sizeof(line) - 1);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(n > 0);
    assert_string_equal(line, "requeue: error: out of memory\n");
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void arena_pieces_are_aligned_and_apart(void **state)
{
    struct arena *a = arena_new(1000);
    char         *pieces[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        pieces[i] = arena_alloc(a, i);
        assert_non_null(pieces[i]);
        if (i > 0)
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_equal((unsigned char)pieces[i][k], i);
    }
    arena_free(a);
}

static void arena_copies_keep_null_and_end_strings(void **state)
{
    struct arena *a = arena_new(64);
    struct slice  none = arena_copy(a, slice_of(NULL, 0));
    struct slice  empty = arena_copy(a, SLICE(""));
    struct slice  text = arena_copy(a, SLICE("hello"));

    (void)state;
    assert_null(none.p);
    assert_non_null(empty.p);
    assert_int_equal(empty.n, 0);
    assert_true(slice_eq(text, SLICE("hello")));
    assert_string_equal(arena_str(a, slice_of("hello", 4)), "hell");
    assert_string_equal(arena_str(a, slice_of(NULL, 0)), "");
    arena_free(a);
}

static void an_arena_takes_pieces_larger_than_its_blocks(void **state)
{
    struct arena *a = arena_new(100);
    char         *large = arena_alloc(a, 100000);
    char         *small = arena_alloc(a, 10);

    (void)state;
    memset(large, 'x', 100000);
    memset(small, 'y', 10);
    assert_true(arena_bytes(a) >= 100010);
    assert_int_equal(large[99999], 'x');
    arena_free(a);
}

static void reset_gives_large_pieces_back(void **state)
{
    struct arena *a = arena_new(1000);
    size_t        before;

    (void)state;
    (void)arena_alloc(a, 10);
    arena_reset(a);
    before = arena_bytes(a);
    (void)arena_alloc(a, 50000);
    (void)arena_alloc(a, 501);
    assert_true(arena_bytes(a) >= before + 50501);
    arena_reset(a);
    assert_int_equal(arena_bytes(a), before);
    arena_free(a);
}

static void the_same_work_after_a_reset_takes_no_more_memory(void **state)
{
    struct arena *a = arena_new(1000);
    size_t        first = 0;

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++)
            memset(arena_alloc(a, 90), round, 90);
        if (round == 0)
            first = arena_bytes(a);
        assert_int_equal(arena_bytes(a), first);
        arena_reset(a);
    }
    assert_true(first < 18000);
    arena_free(a);
}

static void a_new_arena_holds_no_block_yet(void **state)
{
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_true(arena_bytes(a) < 200);
    arena_reset(a);
    arena_free(a);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocated_memory_is_zeroed),
        cmocka_unit_test(size_zero_gives_a_block_that_can_be_freed),
        cmocka_unit_test(strndup_copies_exactly_n_bytes),
        cmocka_unit_test(strdup_of_null_is_null),
        cmocka_unit_test(an_overflow_prints_one_line_and_aborts),
        cmocka_unit_test(arena_pieces_are_aligned_and_apart),
        cmocka_unit_test(arena_copies_keep_null_and_end_strings),
        cmocka_unit_test(an_arena_takes_pieces_larger_than_its_blocks),
        cmocka_unit_test(reset_gives_large_pieces_back),
        cmocka_unit_test(the_same_work_after_a_reset_takes_no_more_memory),
        cmocka_unit_test(a_new_arena_holds_no_block_yet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
