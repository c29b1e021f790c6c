/*
 * filelines.c - the lines of a file, plain or gzip (filelines.h).
 *
 * DESIGN: zlib's own gzread() takes what follows the last gzip stream for nothing at all, and so
 * the half of a file whose second stream has a broken head; hence inflate(), stream by stream.
 */
#include "lib/store/filelines.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/mem.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define GZIP_ONLY   (15 + 16) /* windowBits: any window, a gzip head and tail */

struct filelines {
    const char      *path;
    int              fd;
    struct file_mark mark;
    uint64_t         number; /* of the line that was given last */

    /* The text: bytes [from, to) are not given yet, up to `seen` there is no newline. */
    char  *text;
    size_t cap;
    size_t from;
    size_t seen;
    size_t to;
    bool   ended; /* no more text */

    /* gzip only */
    bool           gzip;
    bool           in_stream; /* a stream has begun and not ended */
    z_stream       z;
    unsigned char *packed;
    bool           packed_ended;
};

/* ---- the file ------------------------------------------------------------------------------ */

static bool fail_errno(const struct filelines *l, const char *doing, struct err *err)
{
    char        text[128];
    const char *why = strerror_r(errno, text, sizeof(text));

    return err_set(err, ERR_STORE, "%s: cannot be %s: %s", l->path, doing, why);
}

static struct file_mark mark_of(const struct stat *st)
{
    return (struct file_mark){
        .device = (uint64_t)st->st_dev,
        .inode = (uint64_t)st->st_ino,
        .size = (int64_t)st->st_size,
        .mtime_s = (int64_t)st->st_mtim.tv_sec,
        .mtime_ns = (int64_t)st->st_mtim.tv_nsec,
    };
}

bool file_mark_same(const struct file_mark *a, const struct file_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

struct file_mark filelines_mark(const struct filelines *l)
{
    return l->mark;
}

static bool stat_file(const struct filelines *l, struct file_mark *out, struct err *err)
{
    struct stat st;

    if (fstat(l->fd, &st) == -1)
        return fail_errno(l, "read", err);
    if (!S_ISREG(st.st_mode)) {
        (void)err_set(err, ERR_STORE, "%s: is %s, not a file", l->path,
                      S_ISDIR(st.st_mode) ? "a directory" : "a pipe or a device");
        return err_hint(err, "it is read more than once: name one file with one hit a line, plain "
                             "or gzip");
    }
    *out = mark_of(&st);
    return true;
}

/* At the end: is it still the file that was opened? */
static bool check_unchanged(const struct filelines *l, struct err *err)
{
    struct file_mark now = { 0 };

    if (!stat_file(l, &now, err))
        return false;
    if (file_mark_same(&now, &l->mark))
        return true;
    (void)err_set(err, ERR_STORE, "%s: changed while it was read", l->path);
    return err_hint(err, "wait until the dump is written, then run again");
}

/* Up to n bytes; 0 at the end. */
static bool read_bytes(const struct filelines *l, void *into, size_t n, size_t *got,
                       struct err *err)
{
    ssize_t r;

    do
        r = read(l->fd, into, n);
    while (r == -1 && errno == EINTR);
    if (r == -1)
        return fail_errno(l, "read", err);
    *got = (size_t)r;
    return true;
}

/* ---- gzip ---------------------------------------------------------------------------------- */

static bool broken(const struct filelines *l, const char *what, struct err *err)
{
    (void)err_set(err, ERR_STORE, "%s: after line %llu: %s", l->path, (unsigned long long)l->number,
                  what);
    return err_hint(err, "the file is not as it was written: `gzip -t` tests it; copy it again");
}

static bool fill_packed(struct filelines *l, struct err *err)
{
    size_t got;

    if (l->z.avail_in > 0 || l->packed_ended)
        return true;
    if (!read_bytes(l, l->packed, PIECE_BYTES, &got, err))
        return false;
    l->z.next_in = l->packed;
    l->z.avail_in = (unsigned)got;
    l->packed_ended = got == 0;
    return true;
}

/* Some text into l->text, which has room; none at the end of the file. */
static bool unpack(struct filelines *l, struct err *err)
{
    size_t room = l->cap - l->to;
    int    r;

    l->z.next_out = (unsigned char *)l->text + l->to;
    l->z.avail_out = (unsigned)room;
    while (l->z.avail_out == room) {
        if (!fill_packed(l, err))
            return false;
        if (l->z.avail_in == 0) {
            l->ended = true;
            return !l->in_stream || broken(l, "the gzip file is cut short", err);
        }
        l->in_stream = true;
        r = inflate(&l->z, Z_NO_FLUSH);
        if (r == Z_STREAM_END) {
            l->in_stream = false;
            (void)inflateReset(&l->z);
        } else if (r != Z_OK && r != Z_BUF_ERROR) {
            return broken(l, l->z.msg ? l->z.msg : "no gzip stream", err);
        }
    }
    l->to += room - l->z.avail_out;
    return true;
}

/* ---- lines --------------------------------------------------------------------------------- */

static bool too_long(const struct filelines *l, struct err *err)
{
    (void)err_set(err, ERR_STORE, "%s:%llu: the line is longer than %zu bytes", l->path,
                  (unsigned long long)l->number + 1, FILELINES_MAX_BYTES);
    return err_hint(err, "one line holds one hit: is this a dump as elasticdump writes it?");
}

/* The bytes that are not given yet to the front, and room behind them. */
static bool make_room(struct filelines *l, struct err *err)
{
    size_t held = l->to - l->from;

    if (l->from > 0) {
        memmove(l->text, l->text + l->from, held);
        l->seen -= l->from;
        l->from = 0;
        l->to = held;
    }
    /* What one long line needed is not kept for the rest of the file. */
    if (l->cap > 4 * PIECE_BYTES && held < PIECE_BYTES) {
        l->cap = PIECE_BYTES * 2;
        l->text = mem_realloc(l->text, l->cap);
    }
    if (held > FILELINES_MAX_BYTES)
        return too_long(l, err);
    if (held == l->cap) {
        l->cap *= 2;
        l->text = mem_realloc(l->text, l->cap);
    }
    return true;
}

static bool more_text(struct filelines *l, struct err *err)
{
    size_t got;

    if (!make_room(l, err))
        return false;
    if (l->gzip)
        return unpack(l, err);
    if (!read_bytes(l, l->text + l->to, l->cap - l->to, &got, err))
        return false;
    l->to += got;
    l->ended = got == 0;
    return true;
}

/* The line up to `end`; the next one starts at `next`. */
static bool give(struct filelines *l, size_t end, size_t next, struct slice *line, struct err *err)
{
    if (end - l->from > FILELINES_MAX_BYTES)
        return too_long(l, err);
    *line = slice_of(l->text + l->from, end - l->from);
    l->from = next;
    l->seen = next;
    l->number++;
    return true;
}

bool filelines_next(struct filelines *l, struct slice *line, struct err *err)
{
    for (;;) {
        const char *newline = memchr(l->text + l->seen, '\n', l->to - l->seen);
        size_t      end = newline ? (size_t)(newline - l->text) : l->to;

        if (newline)
            return give(l, end, end + 1, line, err);
        l->seen = l->to;
        if (l->ended && l->from < l->to)
            return give(l, end, end, line, err);
        if (l->ended) {
            *line = slice_of(NULL, 0);
            return check_unchanged(l, err);
        }
        if (!more_text(l, err))
            return false;
    }
}

uint64_t filelines_number(const struct filelines *l)
{
    return l->number;
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* Read the first bytes: they say what it is. */
static bool begin(struct filelines *l, struct err *err)
{
    size_t got = 0;

    while (l->to < 2) {
        if (!read_bytes(l, l->text + l->to, PIECE_BYTES - l->to, &got, err))
            return false;
        if (got == 0)
            break;
        l->to += got;
    }
    if (l->to < 2 || (unsigned char)l->text[0] != 0x1f || (unsigned char)l->text[1] != 0x8b)
        return true;
    if (inflateInit2(&l->z, GZIP_ONLY) != Z_OK)
        return err_set(err, ERR_BUG, "zlib gives no inflater");
    l->gzip = true;
    l->packed = mem_alloc(PIECE_BYTES);
    memcpy(l->packed, l->text, l->to);
    l->z.next_in = l->packed;
    l->z.avail_in = (unsigned)l->to;
    l->to = 0;
    return true;
}

bool filelines_open(const char *path, struct filelines **out, struct err *err)
{
    struct filelines *l = mem_alloc(sizeof(*l));

    l->path = path;
    l->cap = PIECE_BYTES;
    l->text = mem_alloc(l->cap);
    l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (l->fd == -1) {
        (void)fail_errno(l, "opened", err);
        (void)err_hint(err, "the store is given as file:PATH");
    }
    if (l->fd == -1 || !stat_file(l, &l->mark, err) || !begin(l, err)) {
        filelines_close(l);
        return false;
    }
    *out = l;
    return true;
}

void filelines_close(struct filelines *l)
{
    if (!l)
        return;
    if (l->gzip)
        (void)inflateEnd(&l->z);
    if (l->fd != -1)
        (void)close(l->fd);
    mem_free(l->packed);
    mem_free(l->text);
    mem_free(l);
}
