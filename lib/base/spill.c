/*
 * spill.c - see spill.h.
 *
 * DESIGN. A record in a file is a struct head, the data, and nothing else. The buffer serves
 * writing, then reading; a record that is larger than it makes it grow.
 */
#include "lib/base/spill.h"

#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct head {
    uint64_t rank;
    uint64_t n;
};

struct run {
    struct spill *spill;
    int           fd;
    bool          written;
    uint64_t      bytes; /* of the file */
    uint64_t      at;    /* the file's bytes that were read into the buffer */
    char         *buffer;
    size_t        size;
    size_t        from, to; /* what of the buffer is to be read; to: filled */
};

uint64_t spill_enough(const struct spill *s)
{
    uint64_t records = s->expected > s->put ? s->expected : s->put;
    double   mean = s->put > 0 ? (double)s->put_bytes / (double)s->put : 0;
    uint64_t all = (uint64_t)((double)records * mean);

    if (all > s->merge_from)
        all *= 2;
    return all > s->bytes ? all : s->bytes;
}

static void text_of(uint64_t bytes, char out[32])
{
    static const char units[] = "BKMGT";
    double            n = (double)bytes;
    size_t            unit = 0;

    for (; n >= 1024 && unit < sizeof(units) - 2; unit++)
        n /= 1024;
    (void)snprintf(out, 32, unit == 0 ? "%.0f %c" : "%.1f %c", n, units[unit]);
}

static bool fail(const struct spill *s, const char *what, int error, struct err *err)
{
    char used[32];
    char enough[32];
    char reason[128];

    text_of(s->bytes, used);
    text_of(spill_enough(s), enough);
    (void)err_set(err, ERR_OUTPUT, "cannot %s a file in folder %s: %s", what, s->dir,
                  strerror_r(error, reason, sizeof(reason)));
    if (error != ENOSPC && error != EFBIG && error != EDQUOT)
        return err_hint(err, "give --tmp another folder");
    (void)err_wrap(err, "after %s of keys", used);
    return err_hint(err, "about %s are enough: give --tmp a folder that has them, or more --memory",
                    enough);
}

/* Where the file system cannot make a file without a name, it loses its name at once: a kill just
 * then leaves an empty file. */
static int open_nameless(const char *dir)
{
    int  fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    char path[4096];

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    if ((size_t)snprintf(path, sizeof(path), "%s/requeue-XXXXXX", dir) >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

bool spill_check(const struct spill *s, struct err *err)
{
    int fd = open_nameless(s->dir);

    if (fd < 0)
        return fail(s, "make", errno, err);
    (void)close(fd);
    return true;
}

bool run_create(struct spill *s, struct run **out, struct err *err)
{
    int         fd = open_nameless(s->dir);
    struct run *r;

    if (fd < 0)
        return fail(s, "make", errno, err);
    r = mem_alloc(sizeof(*r));
    r->spill = s;
    r->fd = fd;
    r->size = RUN_BUFFER;
    r->buffer = mem_realloc(NULL, r->size);
    s->runs++;
    *out = r;
    return true;
}

void run_rest(struct run *r)
{
    mem_free(r->buffer);
    r->buffer = NULL;
    r->size = r->from = r->to = 0;
}

void run_free(struct run *r)
{
    if (!r)
        return;
    (void)close(r->fd);
    r->spill->bytes -= r->bytes;
    mem_free(r->buffer);
    mem_free(r);
}

static bool write_all(struct run *r, const char *p, size_t n, struct err *err)
{
    while (n > 0) {
        ssize_t done = write(r->fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(r->spill, "write", done < 0 ? errno : ENOSPC, err);
        p += done;
        n -= (size_t)done;
        r->bytes += (uint64_t)done;
        r->spill->bytes += (uint64_t)done;
        if (r->spill->bytes > r->spill->peak)
            r->spill->peak = r->spill->bytes;
    }
    return true;
}

static bool flush(struct run *r, struct err *err)
{
    size_t n = r->to;

    r->to = 0;
    return write_all(r, r->buffer, n, err);
}

bool run_write(struct run *r, struct ranked rec, struct err *err)
{
    struct head head = { rec.rank, rec.data.n };

    if (r->to + sizeof(head) + rec.data.n > r->size && !flush(r, err))
        return false;
    if (sizeof(head) + rec.data.n > r->size)
        return write_all(r, (const char *)&head, sizeof(head), err) &&
               write_all(r, rec.data.p, rec.data.n, err);
    memcpy(r->buffer + r->to, &head, sizeof(head));
    memcpy(r->buffer + r->to + sizeof(head), rec.data.p, rec.data.n);
    r->to += sizeof(head) + rec.data.n;
    return true;
}

bool run_rewind(struct run *r, struct err *err)
{
    if (!r->written && !flush(r, err))
        return false;
    r->written = true;
    if (!r->buffer) {
        r->size = RUN_BUFFER;
        r->buffer = mem_realloc(NULL, r->size);
    }
    r->at = 0;
    r->from = r->to = 0;
    return true;
}

/* Have the next n bytes in the buffer. */
static bool need(struct run *r, size_t n, struct err *err)
{
    if (r->to - r->from >= n)
        return true;
    memmove(r->buffer, r->buffer + r->from, r->to - r->from);
    r->to -= r->from;
    r->from = 0;
    if (n > r->size) {
        r->buffer = mem_realloc(r->buffer, n);
        r->size = n;
    }
    while (r->to < n) {
        ssize_t done = pread(r->fd, r->buffer + r->to, r->size - r->to, (off_t)r->at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fail(r->spill, "read", done < 0 ? errno : EIO, err);
        r->to += (size_t)done;
        r->at += (uint64_t)done;
    }
    return true;
}

bool run_read(struct run *r, struct ranked *out, struct err *err)
{
    struct head head;

    *out = (struct ranked){ .data = { NULL, 0 } };
    if (r->at == r->bytes && r->from == r->to)
        return true;
    if (!need(r, sizeof(head), err))
        return false;
    memcpy(&head, r->buffer + r->from, sizeof(head));
    if (!need(r, sizeof(head) + head.n, err))
        return false;
    *out = (struct ranked){ head.rank, slice_of(r->buffer + r->from + sizeof(head), head.n) };
    r->from += sizeof(head) + head.n;
    return true;
}
