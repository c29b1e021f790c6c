/* file.c - whole small files in, line files out. */
#include "lib/base/file.h"

#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)64 * 1024)

struct outfile {
    char  *path;
    int    fd;
    int    failed; /* errno of the first failure; what comes after it is not written */
    size_t n;
    char   pending[CHUNK];
};

static bool fail(struct err *err, enum err_kind kind, const char *what, const char *path, int code)
{
    char why[128];

    return err_set(err, kind, "cannot %s %s: %s", what, path, strerror_r(code, why, sizeof(why)));
}

/* Append all that fd gives. */
static bool read_all(int fd, const char *path, struct buf *b, struct err *err)
{
    char chunk[CHUNK];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n == 0)
            return true;
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return fail(err, ERR_USAGE, "read", path, errno);
        if (!buf_append(b, slice_of(chunk, (size_t)n)))
            return err_set(err, ERR_USAGE, "cannot read %s: it is larger than %zu bytes", path,
                           b->limit);
    }
}

bool file_read(const char *path, struct buf *b, struct err *err)
{
    size_t before = b->n;
    int    fd = open(path, O_RDONLY | O_CLOEXEC);
    bool   ok;

    if (fd == -1)
        return fail(err, ERR_USAGE, "open", path, errno);
    ok = read_all(fd, path, b, err);
    (void)close(fd);
    if (!ok && b->cap > 0) {
        b->n = before;
        b->p[before] = '\0';
    }
    return ok;
}

bool outfile_open(const char *path, struct outfile **out, struct err *err)
{
    int             fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct outfile *f;

    if (fd == -1)
        return fail(err, ERR_OUTPUT, "create", path, errno);
    f = mem_alloc(sizeof(*f));
    f->path = mem_strdup(path);
    f->fd = fd;
    *out = f;
    return true;
}

static void write_all(struct outfile *f, struct slice s)
{
    while (s.n > 0 && f->failed == 0) {
        ssize_t n = write(f->fd, s.p, s.n);

        if (n >= 0)
            s = slice_of(s.p + n, s.n - (size_t)n);
        else if (errno != EINTR)
            f->failed = errno;
    }
}

static void flush(struct outfile *f)
{
    write_all(f, slice_of(f->pending, f->n));
    f->n = 0;
}

bool outfile_write(struct outfile *f, struct slice s, struct err *err)
{
    if (s.n > sizeof(f->pending) - f->n)
        flush(f);
    if (s.n > sizeof(f->pending)) {
        write_all(f, s);
    } else if (s.n > 0) {
        memcpy(f->pending + f->n, s.p, s.n);
        f->n += s.n;
    }
    return f->failed == 0 || fail(err, ERR_OUTPUT, "write", f->path, f->failed);
}

void outfile_put(struct outfile *f, struct slice s)
{
    struct err later = ERR_INIT;

    if (f && !outfile_write(f, s, &later))
        return; /* the file keeps its failure */
}

bool outfile_close(struct outfile *f, struct err *err)
{
    bool ok;

    if (!f)
        return true;
    flush(f);
    /* EINVAL, ENOTSUP: a pipe, a terminal, /dev/null; they have nothing to sync. */
    if (f->failed == 0 && fsync(f->fd) == -1 && errno != EINVAL && errno != ENOTSUP)
        f->failed = errno;
    /* Never again after EINTR: Linux has closed it all the same. */
    if (close(f->fd) == -1 && errno != EINTR && f->failed == 0)
        f->failed = errno;
    ok = f->failed == 0 || fail(err, ERR_OUTPUT, "write", f->path, f->failed);
    mem_free(f->path);
    mem_free(f);
    return ok;
}

bool file_replace(const char *path, struct slice s, struct err *err)
{
    struct outfile f = { .fd = -1 };
    struct buf     beside;
    struct stat    is;

    /* rename would put a file into the place of /dev/null. */
    if (lstat(path, &is) == 0 && !S_ISREG(is.st_mode))
        return err_set(err, ERR_OUTPUT, "cannot write %s: it is no regular file", path);
    buf_init(&beside, 8192);
    if (!buf_printf(&beside, "%s.tmp", path)) {
        f.failed = ENAMETOOLONG;
    } else {
        f.fd = open(beside.p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
        if (f.fd == -1)
            f.failed = errno;
    }
    write_all(&f, s);
    if (f.fd != -1 && close(f.fd) == -1 && errno != EINTR && f.failed == 0)
        f.failed = errno;
    if (f.failed == 0 && rename(beside.p, path) == -1)
        f.failed = errno;
    if (f.failed != 0 && f.fd != -1)
        (void)unlink(beside.p);
    buf_release(&beside);
    return f.failed == 0 || fail(err, ERR_OUTPUT, "write", path, f.failed);
}
