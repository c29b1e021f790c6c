/* test_file.c - whole files in, line files out, full disks. */
#include "tests/support/test.h"

#include "lib/base/file.h"
#include "lib/base/mem.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96]; /* of a file in it, which is not there */
};

static int setup(void **state)
{
    struct place *at = mem_alloc(sizeof(*at));

    (void)snprintf(at->folder, sizeof(at->folder), "/tmp/requeue-test-XXXXXX");
    if (!mkdtemp(at->folder))
        return -1;
    (void)snprintf(at->path, sizeof(at->path), "%s/file", at->folder);
    *state = at;
    return 0;
}

static int teardown(void **state)
{
    struct place *at = *state;

    (void)unlink(at->path);
    (void)rmdir(at->folder);
    mem_free(at);
    return 0;
}

static void write_file(const char *path, struct slice s)
{
    struct err      err = ERR_INIT;
    struct outfile *f = NULL;

    assert_true(outfile_open(path, &f, &err));
    assert_true(outfile_write(f, s, &err));
    assert_true(outfile_close(f, &err));
    assert_int_equal(err.kind, ERR_NONE);
}

static void what_was_written_is_read_again(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    struct buf          b;

    write_file(at->path, slice_of("a\0b\n", 4));
    buf_init(&b, 100);
    assert_true(buf_append(&b, SLICE("before ")));
    assert_true(file_read(at->path, &b, &err));
    assert_int_equal(b.n, 11);
    assert_memory_equal(b.p, "before a\0b\n", 12);
    buf_release(&b);
}

static void pieces_of_any_size_arrive_in_order(void **state)
{
    const struct place *at = *state;
    uint64_t            rng = test_seed();
    struct err          err = ERR_INIT;
    struct outfile     *f = NULL;
    struct buf          expected;
    struct buf          b;
    char               *piece = mem_alloc(200000);

    buf_init(&expected, SIZE_MAX);
    buf_init(&b, SIZE_MAX);
    assert_true(outfile_open(at->path, &f, &err));
    for (int i = 0; i < 300; i++) {
        size_t n = test_below(&rng, i % 20 == 0 ? 200000 : 1000);

        memset(piece, 'a' + i % 26, n);
        assert_true(outfile_write(f, slice_of(piece, n), &err));
        assert_true(buf_append(&expected, slice_of(piece, n)));
    }
    assert_true(outfile_close(f, &err));
    assert_true(file_read(at->path, &b, &err));
    assert_int_equal(b.n, expected.n);
    assert_memory_equal(b.p, expected.p, b.n);
    buf_release(&expected);
    buf_release(&b);
    mem_free(piece);
}

static void a_file_of_exactly_the_limit_is_read(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    struct buf          b;

    write_file(at->path, SLICE("12345678"));
    buf_init(&b, 8);
    assert_true(file_read(at->path, &b, &err));
    assert_string_equal(b.p, "12345678");
    buf_release(&b);
}

static void a_larger_file_is_refused_with_name_and_limit(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    struct buf          b;
    char                msg[256];

    write_file(at->path, SLICE("12345678"));
    buf_init(&b, 7);
    assert_false(file_read(at->path, &b, &err));
    (void)snprintf(msg, sizeof(msg), "cannot read %s: it is larger than 7 bytes", at->path);
    assert_string_equal(err.msg, msg);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_string_equal(b.p, "");
    buf_release(&b);
}

static void a_failed_read_leaves_the_buf_as_it_was(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    char               *large = mem_alloc(150000);
    struct buf          b;

    write_file(at->path, slice_of(large, 150000));
    buf_init(&b, 140000);
    assert_true(buf_append(&b, SLICE("kept")));
    assert_false(file_read(at->path, &b, &err));
    assert_int_equal(b.n, 4);
    assert_string_equal(b.p, "kept");
    buf_release(&b);
    mem_free(large);
}

static void an_empty_file_is_no_error(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    struct buf          b;

    write_file(at->path, SLICE(""));
    buf_init(&b, 10);
    assert_true(file_read(at->path, &b, &err));
    assert_int_equal(b.n, 0);
    buf_release(&b);
}

static void absent_files_and_folders_are_named(void **state)
{
    const struct place *at = *state;
    struct err          err = ERR_INIT;
    struct outfile     *f = NULL;
    struct buf          b;
    char                msg[256];

    buf_init(&b, 10);
    assert_false(file_read(at->path, &b, &err));
    (void)snprintf(msg, sizeof(msg), "cannot open %s: No such file or directory", at->path);
    assert_string_equal(err.msg, msg);
    assert_false(file_read(at->folder, &b, &err));
    (void)snprintf(msg, sizeof(msg), "cannot read %s: Is a directory", at->folder);
    assert_string_equal(err.msg, msg);
    assert_int_equal(err.kind, ERR_USAGE);
    assert_false(outfile_open(at->folder, &f, &err));
    (void)snprintf(msg, sizeof(msg), "cannot create %s: Is a directory", at->folder);
    assert_string_equal(err.msg, msg);
    assert_int_equal(err.kind, ERR_OUTPUT);
    assert_null(f);
    buf_release(&b);
}

static void our_files_are_for_the_owner_only(void **state)
{
    const struct place *at = *state;
    struct stat         st;
    mode_t              before = umask(0);

    write_file(at->path, SLICE("x"));
    (void)umask(before);
    assert_int_equal(stat(at->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_older_file_is_replaced(void **state)
{
    const struct place *at = *state;
    struct stat         st;

    write_file(at->path, SLICE("a long text"));
    write_file(at->path, SLICE("short"));
    assert_int_equal(stat(at->path, &st), 0);
    assert_int_equal(st.st_size, 5);
}

static void a_full_disk_is_told_by_close_at_the_latest(void **state)
{
    struct err      err = ERR_INIT;
    struct outfile *f = NULL;

    (void)state;
    assert_true(outfile_open("/dev/full", &f, &err));
    assert_true(outfile_write(f, SLICE("one small line\n"), &err));
    assert_int_equal(err.kind, ERR_NONE);
    assert_false(outfile_close(f, &err));
    assert_int_equal(err.kind, ERR_OUTPUT);
    assert_string_equal(err.msg, "cannot write /dev/full: No space left on device");
}

static void who_goes_on_in_any_case_is_told_at_the_end(void **state)
{
    struct err      err = ERR_INIT;
    struct outfile *f = NULL;
    char           *large = mem_alloc(1000000);

    (void)state;
    outfile_put(NULL, SLICE("for nobody"));
    assert_true(outfile_open("/dev/full", &f, &err));
    outfile_put(f, slice_of(large, 1000000));
    outfile_put(f, SLICE("x"));
    assert_int_equal(err.kind, ERR_NONE);
    assert_false(outfile_close(f, &err));
    assert_string_equal(err.msg, "cannot write /dev/full: No space left on device");
    mem_free(large);
}

static void a_full_disk_is_told_by_every_call_after_it_was_seen(void **state)
{
    struct err      err = ERR_INIT;
    struct outfile *f = NULL;
    char           *large = mem_alloc(1000000);

    (void)state;
    assert_true(outfile_open("/dev/full", &f, &err));
    assert_false(outfile_write(f, slice_of(large, 1000000), &err));
    assert_string_equal(err.msg, "cannot write /dev/full: No space left on device");
    assert_false(outfile_write(f, SLICE("x"), &err));
    err = ERR_INIT;
    assert_false(outfile_close(f, &err));
    assert_string_equal(err.msg, "cannot write /dev/full: No space left on device");
    mem_free(large);
}

/* Half of it fits: the write is short first, and fails then. */
static void a_disk_that_fills_in_the_middle_is_told(void **state)
{
    const struct place *at = *state;
    struct rlimit       before;
    struct rlimit       small;
    struct err          err = ERR_INIT;
    struct outfile     *f = NULL;
    char               *large = mem_alloc(30000);
    bool                wrote;
    bool                closed;

    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10000;
    assert_true(outfile_open(at->path, &f, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    wrote = outfile_write(f, slice_of(large, 30000), &err);
    closed = outfile_close(f, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(wrote);
    assert_false(closed);
    assert_non_null(strstr(err.msg, ": File too large"));
    mem_free(large);
}

static void closing_nothing_succeeds(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_true(outfile_close(NULL, &err));
}

static void what_cannot_be_synced_is_no_error(void **state)
{
    (void)state;
    write_file("/dev/null", SLICE("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read_again, setup, teardown),
        cmocka_unit_test(who_goes_on_in_any_case_is_told_at_the_end),
        cmocka_unit_test_setup_teardown(pieces_of_any_size_arrive_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_exactly_the_limit_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_larger_file_is_refused_with_name_and_limit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_failed_read_leaves_the_buf_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_is_no_error, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_files_and_folders_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(our_files_are_for_the_owner_only, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_file_is_replaced, setup, teardown),
        cmocka_unit_test(a_full_disk_is_told_by_close_at_the_latest),
        cmocka_unit_test(a_full_disk_is_told_by_every_call_after_it_was_seen),
        cmocka_unit_test_setup_teardown(a_disk_that_fills_in_the_middle_is_told, setup, teardown),
        cmocka_unit_test(closing_nothing_succeeds),
        cmocka_unit_test(what_cannot_be_synced_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
