/* test_copybinary.c - rows out of PostgreSQL's COPY in binary format. */
#include "tests/support/test.h"

#include "lib/base/mem.h"
#include "lib/store/copybinary.h"

/* What a server sent for the rows
 *     a     | {"x": 1} | null
 *     ключ  | (empty)  | id: x */
static const unsigned char recorded[] = {
    0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x61, 0x00, 0x00, 0x00, 0x08,
    0x7b, 0x22, 0x78, 0x22, 0x3a, 0x20, 0x31, 0x7d, 0xff, 0xff, 0xff, 0xff, 0x00, 0x03, 0x00,
    0x00, 0x00, 0x08, 0xd0, 0xba, 0xd0, 0xbb, 0xd1, 0x8e, 0xd1, 0x87, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x05, 0x69, 0x64, 0x3a, 0x20, 0x78, 0xff, 0xff
};

#define N_FIELDS 3

struct rows {
    size_t          n;
    struct copy_row row[64]; /* slices live in arena */
    struct arena   *arena;
};

/* ---- helpers -------------------------------------------------------------------------- */

static struct slice bytes_of(const struct buf *b, size_t from, size_t to)
{
    return slice_of(b->p + from, to - from);
}

static struct slice whole_recording(void)
{
    return slice_of((const char *)recorded, sizeof(recorded));
}

/* Read what there is to read now; what came of the last step. */
static enum copy_step take_rows(struct copy_binary *c, struct rows *out, struct err *err)
{
    struct copy_row row;
    enum copy_step  step;

    while ((step = copy_binary_next(c, &row, err)) == COPY_ROW) {
        struct copy_row *kept = &out->row[out->n < COUNT_OF(out->row) ? out->n++ : 0];

        kept->n = row.n;
        for (size_t i = 0; i < row.n; i++)
            kept->fields[i] = arena_copy(out->arena, row.fields[i]);
    }
    return step;
}

/* Feed a stream in pieces of `piece` bytes, each in memory of its own, so that a sanitizer sees
 * whoever reads beyond it or after its time. */
static bool read_in_pieces(struct slice stream, size_t n_fields, size_t piece, struct rows *out,
                           struct err *err)
{
    struct copy_binary c;
    enum copy_step     step = COPY_MORE;
    char              *held = NULL;
    bool               ok;

    out->n = 0;
    arena_reset(out->arena);
    copy_binary_init(&c, n_fields);
    step = take_rows(&c, out, err);
    for (size_t at = 0; at < stream.n && step == COPY_MORE; at += piece) {
        size_t n = stream.n - at < piece ? stream.n - at : piece;

        mem_free(held);
        held = mem_strndup(stream.p + at, n);
        held = mem_realloc(held, n);
        copy_binary_feed(&c, slice_of(held, n));
        step = take_rows(&c, out, err);
        /* The trailer has come; whatever follows it is fed as well. */
        if (step == COPY_END)
            step = take_rows(&c, out, err);
    }
    ok = step != COPY_BROKEN && copy_binary_finish(&c, err);
    mem_free(held);
    copy_binary_release(&c);
    return ok;
}

static int rows_setup(void **state)
{
    struct rows *r = mem_alloc(sizeof(*r));

    r->arena = arena_new(4096);
    *state = r;
    return 0;
}

static int rows_teardown(void **state)
{
    struct rows *r = *state;

    arena_free(r->arena);
    mem_free(r);
    return 0;
}

static void assert_text(struct slice field, const char *text)
{
    assert_non_null(field.p);
    assert_int_equal(field.n, strlen(text));
    assert_memory_equal(field.p, text, field.n);
}

static void assert_recorded_rows(const struct rows *r)
{
    assert_int_equal(r->n, 2);
    assert_text(r->row[0].fields[0], "a");
    assert_text(r->row[0].fields[1], "{\"x\": 1}");
    assert_null(r->row[0].fields[2].p);
    assert_text(r->row[1].fields[0], "ключ");
    assert_text(r->row[1].fields[1], "");
    assert_text(r->row[1].fields[2], "id: x");
}

/* ---- writing streams ------------------------------------------------------------------ */

static void put(struct buf *b, const void *bytes, size_t n)
{
    assert_true(buf_append(b, slice_of(bytes, n)));
}

static void put_int16(struct buf *b, int value)
{
    unsigned char bytes[2] = { (unsigned char)((unsigned)value >> 8), (unsigned char)value };

    put(b, bytes, sizeof(bytes));
}

static void put_int32(struct buf *b, int64_t value)
{
    unsigned char bytes[4];

    for (size_t i = 0; i < 4; i++)
        bytes[i] = (unsigned char)((uint64_t)value >> (24 - 8 * i));
    put(b, bytes, sizeof(bytes));
}

static void put_header(struct buf *b, int64_t flags, int64_t extension)
{
    put(b, "PGCOPY\n\377\r\n\0", 11);
    put_int32(b, flags);
    put_int32(b, extension);
}

static void put_field(struct buf *b, const char *text)
{
    put_int32(b, text ? (int64_t)strlen(text) : -1);
    if (text)
        put(b, text, strlen(text));
}

/* A table of one-column rows. */
static void put_table(struct buf *b, size_t n, const char *text)
{
    put_header(b, 0, 0);
    for (size_t i = 0; i < n; i++) {
        put_int16(b, 1);
        put_field(b, text);
    }
    put_int16(b, -1);
}

static void assert_refused(struct rows *r, const struct buf *b, size_t n_fields, const char *why)
{
    for (size_t piece = 1; piece <= b->n + 1; piece += piece < 8 ? 1 : b->n) {
        struct err err = ERR_INIT;

        assert_false(read_in_pieces(buf_slice(b), n_fields, piece, r, &err));
        assert_int_equal(err.kind, ERR_STORE);
        if (!strstr(err.msg, why))
            fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
    }
}

/* ---- tests ---------------------------------------------------------------------------- */

static void a_recorded_stream_is_read(void **state)
{
    struct rows *r = *state;
    struct err   err = ERR_INIT;

    assert_true(read_in_pieces(whole_recording(), N_FIELDS, sizeof(recorded), r, &err));
    assert_recorded_rows(r);
}

static void a_stream_cut_into_pieces_of_any_size_gives_the_same_rows(void **state)
{
    struct rows *r = *state;
    struct err   err = ERR_INIT;

    for (size_t piece = 1; piece <= sizeof(recorded); piece++) {
        assert_true(read_in_pieces(whole_recording(), N_FIELDS, piece, r, &err));
        assert_recorded_rows(r);
    }
}

static void a_stream_that_breaks_off_anywhere_is_refused(void **state)
{
    struct rows *r = *state;

    for (size_t n = 0; n < sizeof(recorded); n++) {
        for (size_t piece = 1; piece <= n + 1; piece += piece < 4 ? 1 : n) {
            struct err err = ERR_INIT;

            assert_false(
                read_in_pieces(slice_of((const char *)recorded, n), N_FIELDS, piece, r, &err));
            assert_int_equal(err.kind, ERR_STORE);
            assert_true(strstr(err.msg, n < 19 ? "ends before it begins" : "the row breaks off"));
            assert_true(r->n <= 2);
        }
    }
}

static void a_table_without_rows_is_an_end_and_no_failure(void **state)
{
    struct rows *r = *state;
    struct err   err = ERR_INIT;
    struct buf   b;

    buf_init(&b, 1024);
    put_table(&b, 0, "");
    for (size_t piece = 1; piece <= b.n; piece++) {
        assert_true(read_in_pieces(buf_slice(&b), 1, piece, r, &err));
        assert_int_equal(r->n, 0);
    }
    buf_release(&b);
}

static void an_extension_of_the_header_is_passed_over(void **state)
{
    struct rows *r = *state;
    struct err   err = ERR_INIT;
    struct buf   b;

    buf_init(&b, 1024);
    put_header(&b, 1, 5);
    put(&b, "hello", 5);
    put_int16(&b, 1);
    put_field(&b, "x");
    put_int16(&b, -1);
    for (size_t piece = 1; piece <= b.n; piece++) {
        assert_true(read_in_pieces(buf_slice(&b), 1, piece, r, &err));
        assert_int_equal(r->n, 1);
        assert_text(r->row[0].fields[0], "x");
    }
    buf_release(&b);
}

static void headers_that_nobody_knows_are_refused(void **state)
{
    static const struct {
        int64_t     flags;
        int64_t     extension;
        const char *why;
    } cases[] = {
        { 1 << 16, 0, "flags that nobody knows" }, /* rows with oids */
        { (int64_t)1 << 31, 0, "flags that nobody knows" },
        { 0, -1, "impossible length" },
        { 0, 0x7fffffff, "impossible length" },
    };
    struct buf b;

    buf_init(&b, 1024);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&b);
        put_header(&b, cases[i].flags, cases[i].extension);
        assert_refused(*state, &b, 1, cases[i].why);
    }
    buf_clear(&b);
    put(&b, "key\tvalue\n", 10); /* COPY in text format */
    assert_refused(*state, &b, 1, "does not begin like");
    buf_clear(&b);
    put(&b, "PGCOPY\n\377\r\r\0", 11); /* a line end that somebody translated */
    assert_refused(*state, &b, 1, "does not begin like");
    buf_release(&b);
}

static void impossible_lengths_are_refused(void **state)
{
    static const struct {
        int         n_fields;
        int64_t     length;
        const char *why;
    } cases[] = {
        { 1, -2, "negative length" },
        { 1, -0x80000000ll, "negative length" },
        { 1, ((int64_t)1 << 30) + 1, "larger than 1 GB" },
        { 1, 0x7fffffff, "larger than 1 GB" },
        { 0, 0, "another number of fields" },
        { 2, 0, "another number of fields" },
        { -2, 0, "another number of fields" },
        { 0x7fff, 0, "another number of fields" },
        { 1, (int64_t)1 << 30, "the row breaks off" },
        { 1, 5, "the row breaks off" },
    };
    struct buf b;

    buf_init(&b, 1024);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&b);
        put_header(&b, 0, 0);
        put_int16(&b, cases[i].n_fields);
        put_int32(&b, cases[i].length);
        put(&b, "four", 4);
        assert_refused(*state, &b, 1, cases[i].why);
    }
    buf_release(&b);
}

static void a_row_whose_fields_are_too_large_together_is_refused(void **state)
{
    struct buf b;

    buf_init(&b, 1024);
    put_header(&b, 0, 0);
    put_int16(&b, 2);
    put_field(&b, "ab");
    put_int32(&b, ((int64_t)1 << 30) - 1);
    assert_refused(*state, &b, 2, "larger than 1 GB");
    buf_release(&b);
}

static void bytes_behind_the_end_are_refused(void **state)
{
    struct buf b;

    buf_init(&b, 1024);
    put_table(&b, 3, "x");
    put(&b, "\0", 1);
    assert_refused(*state, &b, 1, "bytes follow its end");
    buf_clear(&b);
    put_table(&b, 0, "x");
    put_table(&b, 0, "x");
    assert_refused(*state, &b, 1, "bytes follow its end");
    buf_release(&b);
}

static void a_large_row_in_many_pieces_is_read(void **state)
{
    const size_t size = (size_t)3 * 1024 * 1024;
    struct rows *r = *state;
    struct err   err = ERR_INIT;
    char        *text = mem_alloc(size + 1);
    struct buf   b;

    buf_init(&b, 2 * size);
    memset(text, 'x', size);
    put_header(&b, 0, 0);
    put_int16(&b, 2);
    put_field(&b, "k");
    put_field(&b, text);
    put_int16(&b, -1);
    assert_true(read_in_pieces(buf_slice(&b), 2, 1009, r, &err));
    assert_int_equal(r->n, 1);
    assert_int_equal(r->row[0].fields[1].n, size);
    assert_memory_equal(r->row[0].fields[1].p, text, size);
    mem_free(text);
    buf_release(&b);
}

/* A recording with some bytes changed, cut anywhere, in pieces of any size: read or refused, and
 * nothing that is not in the stream comes out. */
static void damaged_streams_never_do_harm(void **state)
{
    struct rows *r = *state;
    uint64_t     seed = test_seed();
    char         stream[sizeof(recorded)];

    for (int round = 0; round < 20000; round++) {
        size_t     n = 1 + test_below(&seed, sizeof(stream));
        size_t     n_changes = test_below(&seed, 4);
        struct err err = ERR_INIT;

        memcpy(stream, recorded, sizeof(stream));
        for (size_t i = 0; i < n_changes; i++)
            stream[test_below(&seed, n)] = (char)test_below(&seed, 256);
        if (read_in_pieces(slice_of(stream, n), N_FIELDS, 1 + test_below(&seed, n), r, &err))
            assert_int_equal(err.kind, ERR_NONE);
        else
            assert_int_equal(err.kind, ERR_STORE);
        for (size_t i = 0; i < r->n; i++) {
            assert_int_equal(r->row[i].n, N_FIELDS);
            for (size_t f = 0; f < N_FIELDS; f++)
                assert_true(r->row[i].fields[f].n < sizeof(stream));
        }
    }
}

static void random_bytes_behind_a_good_header_never_do_harm(void **state)
{
    struct rows *r = *state;
    uint64_t     seed = test_seed();

    for (int round = 0; round < 20000; round++) {
        struct buf b;
        size_t     n = test_below(&seed, 60);
        struct err err = ERR_INIT;

        buf_init(&b, 1024);
        put_header(&b, 0, 0);
        /* Mostly small numbers, as lengths are. */
        for (size_t i = 0; i < n; i++)
            assert_true(buf_append_char(
                &b, (char)(test_below(&seed, 3) ? test_below(&seed, 4) : test_below(&seed, 256))));
        if (read_in_pieces(buf_slice(&b), 1 + test_below(&seed, COPY_MAX_FIELDS),
                           1 + test_below(&seed, b.n), r, &err))
            assert_memory_equal(bytes_of(&b, b.n - 2, b.n).p, "\377\377", 2);
        buf_release(&b);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rows_setup, rows_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_recorded_stream_is_read),
        TEST(a_stream_cut_into_pieces_of_any_size_gives_the_same_rows),
        TEST(a_stream_that_breaks_off_anywhere_is_refused),
        TEST(a_table_without_rows_is_an_end_and_no_failure),
        TEST(an_extension_of_the_header_is_passed_over),
        TEST(headers_that_nobody_knows_are_refused),
        TEST(impossible_lengths_are_refused),
        TEST(a_row_whose_fields_are_too_large_together_is_refused),
        TEST(bytes_behind_the_end_are_refused),
        TEST(a_large_row_in_many_pieces_is_read),
        TEST(damaged_streams_never_do_harm),
        TEST(random_bytes_behind_a_good_header_never_do_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
