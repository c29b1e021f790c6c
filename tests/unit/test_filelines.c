/* test_filelines.c - the lines of a file, plain or gzip. */
#include "tests/support/test.h"

#include "lib/base/mem.h"
#include "lib/store/filelines.h"
#include "tests/support/dump_file.h"

static int file_setup(void **state)
{
    struct dump_file *f = mem_alloc(sizeof(*f));

    dump_file_init(f);
    *state = f;
    return 0;
}

static int file_teardown(void **state)
{
    dump_file_release(*state);
    mem_free(*state);
    return 0;
}

/* All lines, each with a '|' behind it; false with the error of the first that failed. */
static bool read_all(const char *path, struct buf *out, struct err *err)
{
    struct filelines *l;
    struct slice      line;
    uint64_t          n = 0;
    bool              ok;

    buf_clear(out);
    if (!filelines_open(path, &l, err))
        return false;
    while ((ok = filelines_next(l, &line, err)) && line.p) {
        assert_int_equal(filelines_number(l), ++n);
        assert_true(buf_append(out, line) && buf_append_char(out, '|'));
    }
    filelines_close(l);
    return ok;
}

static void assert_lines(struct dump_file *f, const char *expected)
{
    struct err err = ERR_INIT;
    struct buf got;

    buf_init(&got, (size_t)1 << 30);
    if (!read_all(f->path, &got, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(got.n > 0 ? got.p : "", expected);
    buf_release(&got);
}

static void assert_fails(const char *path, const char *why)
{
    struct err err = ERR_INIT;
    struct buf got;

    buf_init(&got, (size_t)1 << 30);
    assert_false(read_all(path, &got, &err));
    assert_int_equal(err.kind, ERR_STORE);
    if (!strstr(err.msg, why) || !strstr(err.msg, path))
        fail_msg("\"%s\" does not say \"%s\" of %s", err.msg, why, path);
    assert_true(err.hint[0] != '\0');
    buf_release(&got);
}

static void a_text_is_its_lines(void **state)
{
    struct dump_file *f = *state;

    assert_lines(f, "");
    buf_add(&f->text, "a\n\nbc\r\n");
    dump_file_write(f, SIZE_MAX);
    assert_lines(f, "a||bc\r|");
    buf_add(&f->text, "d");
    dump_file_write(f, SIZE_MAX);
    assert_lines(f, "a||bc\r|d|");
    dump_file_write(f, 1);
    assert_lines(f, "a|");
}

static void gzip_is_known_by_its_first_bytes(void **state)
{
    struct dump_file *f = *state;

    buf_add(&f->text, "a\n\nbc");
    dump_file_pack(f);
    assert_lines(f, "a||bc|");
    buf_clear(&f->text);
    dump_file_pack(f);
    assert_lines(f, "");
    buf_add(&f->text, "\x1f");
    dump_file_write(f, SIZE_MAX);
    assert_lines(f, "\x1f|");
}

static void streams_one_after_another_are_one_text(void **state)
{
    struct dump_file *f = *state;

    dump_file_gzip(SLICE("a\nb"), &f->text);
    dump_file_gzip(SLICE(""), &f->text);
    dump_file_gzip(SLICE("c\nd\n"), &f->text);
    dump_file_write(f, SIZE_MAX);
    assert_lines(f, "a|bc|d|");
}

static void a_stream_cut_anywhere_is_refused(void **state)
{
    struct dump_file *f = *state;

    dump_file_gzip(SLICE("{\"a\":1}\n{\"b\":2}\n"), &f->text);
    for (size_t n = 2; n < f->text.n; n++) {
        dump_file_write(f, n);
        assert_fails(f->path, "cut short");
    }
}

static void what_follows_the_last_stream_is_refused(void **state)
{
    struct dump_file *f = *state;
    size_t            whole;

    dump_file_gzip(SLICE("a\n"), &f->text);
    whole = f->text.n;
    assert_true(buf_append(&f->text, SLICE("more")));
    dump_file_write(f, SIZE_MAX);
    assert_fails(f->path, "after line 1: incorrect header");
    f->text.n = whole;
    dump_file_gzip(SLICE("b\n"), &f->text);
    f->text.p[whole + 1] = '\0';
    dump_file_write(f, SIZE_MAX);
    assert_fails(f->path, "");
}

static void a_broken_checksum_is_refused(void **state)
{
    struct dump_file *f = *state;

    dump_file_gzip(SLICE("a\nb\n"), &f->text);
    f->text.p[f->text.n - 6] ^= 1;
    dump_file_write(f, SIZE_MAX);
    assert_fails(f->path, "check");
}

static void lines_of_any_length_come_whole(void **state)
{
    struct dump_file *f = *state;
    struct buf        expected;
    uint64_t          seed = test_seed();

    buf_init(&expected, (size_t)1 << 30);
    for (int i = 0; i < 40; i++) {
        size_t n = test_below(&seed, i % 8 == 0 ? 3000000 : 2000);

        for (size_t k = 0; k < n; k++)
            assert_true(buf_append_char(&f->text, (char)('a' + (k + (size_t)i) % 26)));
        assert_true(buf_append_char(&f->text, '\n'));
    }
    assert_true(buf_append(&expected, buf_slice(&f->text)));
    for (size_t i = 0; i < expected.n; i++) {
        if (expected.p[i] == '\n')
            expected.p[i] = '|';
    }
    dump_file_write(f, SIZE_MAX);
    assert_lines(f, expected.p);
    dump_file_pack(f);
    assert_lines(f, expected.p);
    buf_release(&expected);
}

static void a_line_above_the_limit_is_named(void **state)
{
    struct dump_file *f = *state;
    FILE             *out = fopen(f->path, "wbe");

    assert_non_null(out);
    assert_true(fputs("a\n", out) >= 0);
    for (size_t i = 0; i < FILELINES_MAX_BYTES + 32; i += 16)
        assert_int_equal(fwrite("xxxxxxxxxxxxxxxx", 1, 16, out), 16);
    assert_int_equal(fclose(out), 0);
    assert_fails(f->path, ":2: the line is longer than");
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    assert_fails("/nowhere/requeue.json", "No such file");
    assert_fails("/", "a directory");
    assert_fails("/dev/null", "a pipe or a device");
}

static void a_file_that_grows_is_refused(void **state)
{
    struct dump_file *f = *state;
    struct filelines *l;
    struct slice      line;
    struct err        err = ERR_INIT;

    buf_add(&f->text, "a\n");
    dump_file_write(f, SIZE_MAX);
    assert_true(filelines_open(f->path, &l, &err));
    assert_true(filelines_next(l, &line, &err));
    buf_add(&f->text, "b\n");
    dump_file_write(f, SIZE_MAX);
    while (filelines_next(l, &line, &err) && line.p) {
    }
    assert_int_equal(err.kind, ERR_STORE);
    assert_non_null(strstr(err.msg, "changed while it was read"));
    filelines_close(l);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, file_setup, file_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_text_is_its_lines),
        FILE_TEST(gzip_is_known_by_its_first_bytes),
        FILE_TEST(streams_one_after_another_are_one_text),
        FILE_TEST(a_stream_cut_anywhere_is_refused),
        FILE_TEST(what_follows_the_last_stream_is_refused),
        FILE_TEST(a_broken_checksum_is_refused),
        FILE_TEST(lines_of_any_length_come_whole),
        FILE_TEST(a_line_above_the_limit_is_named),
        FILE_TEST(what_is_no_file_is_refused),
        FILE_TEST(a_file_that_grows_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
