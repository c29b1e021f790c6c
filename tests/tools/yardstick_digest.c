/*
 * yardstick_digest.c - what the canonical digests of these executions cost, with nothing else to
 * do.
 *
 *   yardstick_digest LAYOUT ROUNDS < ROWS
 *
 * ROWS is what COPY (SELECT key, value::text ...) TO STDOUT (FORMAT binary) wrote. All of it is
 * read into memory first; then the values are digested ROUNDS times, as verify does. LAYOUT is the
 * name of a file in schemas/layouts. Prints one line of JSON: the time of the round that took the
 * least CPU time, and the sum of all digests, so that two versions of the program can be compared.
 * Other than its siblings it measures the program itself.
 */
#include "lib/kestra/compare.h"
#include "lib/store/copybinary.h"
#include "tests/support/layout_files.h"
#include "tests/tools/yardstick.h"

#define PIECE_BYTES ((size_t)1 << 20)
#define MAX_BYTES   ((size_t)4 << 30)

struct rows {
    struct buf    stream; /* owns the values */
    struct slice *values;
    size_t        n;
    size_t        capacity;
    size_t        bytes;
};

static void add_row(struct rows *rows, struct slice value)
{
    if (rows->n == rows->capacity) {
        rows->capacity = rows->capacity > 0 ? rows->capacity * 2 : 1024;
        rows->values = mem_realloc(rows->values, rows->capacity * sizeof(*rows->values));
    }
    rows->values[rows->n++] = value;
    rows->bytes += value.n;
}

/* The stream is one piece, so that rows stay where they are. */
static void cut_rows(struct rows *rows)
{
    struct copy_binary c;
    struct copy_row    row;
    struct err         err = ERR_INIT;
    enum copy_step     step;

    copy_binary_init(&c, 2);
    copy_binary_feed(&c, buf_slice(&rows->stream));
    while ((step = copy_binary_next(&c, &row, &err)) == COPY_ROW)
        add_row(rows, row.fields[1]);
    if (step == COPY_BROKEN || !copy_binary_finish(&c, &err) || rows->n == 0)
        die("stdin: %s", rows->n == 0 ? "no rows" : err.msg);
    copy_binary_release(&c);
}

static void read_rows(struct rows *rows)
{
    char  *piece = mem_alloc(PIECE_BYTES);
    size_t got;

    buf_init(&rows->stream, MAX_BYTES);
    while ((got = fread(piece, 1, PIECE_BYTES, stdin)) > 0)
        if (!buf_append(&rows->stream, slice_of(piece, got)))
            die("stdin: more than %zu bytes", MAX_BYTES);
    cut_rows(rows);
    mem_free(piece);
}

static struct digest digest_all(struct comparer *c, const struct rows *rows)
{
    struct digest sum = { 0, 0 };
    struct digest one;
    struct err    err = ERR_INIT;

    for (size_t i = 0; i < rows->n; i++) {
        if (!comparer_digest(c, rows->values[i], &one, &err))
            die("row %zu: %s", i, err.msg);
        sum = digest_add(sum, one);
    }
    return sum;
}

int main(int argc, char **argv)
{
    long             rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    struct rows      rows = { .n = 0 };
    struct took      best = { .cpu = 0 };
    struct err       err = ERR_INIT;
    struct layout   *layout;
    struct comparer *c;
    char             hex[33];

    if (rounds <= 0)
        die("usage: yardstick_digest LAYOUT ROUNDS < ROWS");
    if (!layout_load(argv[1], layout_file_loader, NULL, &layout, &err))
        die("%s", err.msg);
    read_rows(&rows);
    c = comparer_new(layout, KIND_EXECUTION);
    for (long i = 0; i < rounds; i++) {
        struct took begun = took_begin();
        struct took took;

        digest_hex(digest_all(c, &rows), hex);
        took = took_end(begun);
        if (i == 0 || took.cpu < best.cpu)
            best = took;
    }
    took_print(best, (long)rows.n, rows.bytes);
    (void)printf(", \"digest\": \"%s\"}\n", hex);
    comparer_free(c);
    layout_free(layout);
    buf_release(&rows.stream);
    mem_free(rows.values);
    return 0;
}
