#include "tests/support/dump_file.h"

#include <unistd.h>
#include <zlib.h>

#include "lib/base/json.h"
#include "tests/support/test.h"

#define NO_LIMIT ((size_t)1 << 40)

void dump_file_init(struct dump_file *f)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *folder = getenv("TMPDIR");
    int         fd;

    *f = (struct dump_file){ 0 };
    (void)snprintf(f->path, sizeof(f->path), "%s/requeue-dump-XXXXXX", folder ? folder : "/tmp");
    fd = mkstemp(f->path);
    assert_true(fd != -1);
    assert_int_equal(close(fd), 0);
    (void)snprintf(f->url, sizeof(f->url), "file:%s", f->path);
    buf_init(&f->text, NO_LIMIT);
}

void dump_file_release(struct dump_file *f)
{
    (void)unlink(f->path);
    buf_release(&f->text);
}

void dump_file_hit(struct dump_file *f, const char *index, const char *id, const char *source)
{
    buf_add(&f->text, "{\"_index\":\"%s\",\"_type\":\"_doc\",\"_id\":", index);
    assert_true(json_quote(slice_str(id), &f->text));
    buf_add(&f->text, ",\"_score\":1,\"_source\":%s}\n", source);
}

static void write_bytes(const char *path, struct slice bytes)
{
    FILE *out = fopen(path, "wbe");

    assert_non_null(out);
    assert_int_equal(fwrite(bytes.p ? bytes.p : "", 1, bytes.n, out), bytes.n);
    assert_int_equal(fclose(out), 0);
}

void dump_file_write(struct dump_file *f, size_t n)
{
    write_bytes(f->path, slice_of(f->text.p, n < f->text.n ? n : f->text.n));
}

void dump_file_gzip(struct slice text, struct buf *out)
{
    z_stream       z = { 0 };
    unsigned char *in = (unsigned char *)mem_strndup(text.p ? text.p : "", text.n);
    unsigned char  piece[4096];
    int            r;

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = in;
    z.avail_in = (unsigned)text.n;
    do {
        z.next_out = piece;
        z.avail_out = sizeof(piece);
        r = deflate(&z, Z_FINISH);
        assert_true(buf_append(out, slice_of((const char *)piece, sizeof(piece) - z.avail_out)));
    } while (r == Z_OK || r == Z_BUF_ERROR);
    assert_int_equal(r, Z_STREAM_END);
    (void)deflateEnd(&z);
    mem_free(in);
}

void dump_file_pack(struct dump_file *f)
{
    struct buf packed;

    buf_init(&packed, NO_LIMIT);
    dump_file_gzip(buf_slice(&f->text), &packed);
    write_bytes(f->path, buf_slice(&packed));
    buf_release(&packed);
}
