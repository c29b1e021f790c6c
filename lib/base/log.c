/* log.c - log lines on stderr, and the one lock that keeps them and the progress line apart. */
#include "lib/base/log.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_MESSAGE 2048
#define MAX_LINE    (MAX_MESSAGE * 6 + 256) /* \u00XX is what a byte can become in JSON */
#define ERASE       SLICE("\r\033[K")

/* The only state of the program at file scope. level and json are written before the first thread.
 */
static struct {
    enum log_level  level;
    bool            json;
    pthread_mutex_t lock;         /* protects transient_fd and what is written */
    int             transient_fd; /* where a transient line stands; -1: nowhere */
} logger = { .level = LOG_WARN, .lock = PTHREAD_MUTEX_INITIALIZER, .transient_fd = -1 };

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_setup(enum log_level level, bool json)
{
    logger.level = level;
    logger.json = json;
}

/* All of both texts, in one write when the system lets us. */
static bool write_two(int fd, struct slice a, struct slice b)
{
    while (a.n + b.n > 0) {
        struct iovec parts[] = { { (void *)(uintptr_t)a.p, a.n }, { (void *)(uintptr_t)b.p, b.n } };
        const ssize_t n = writev(fd, parts, 2);
        size_t        of_a;

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        of_a = (size_t)n < a.n ? (size_t)n : a.n;
        a = slice_of(a.p + of_a, a.n - of_a);
        b = slice_of(b.p + ((size_t)n - of_a), b.n - ((size_t)n - of_a));
    }
    return true;
}

int log_raw(int fd, struct slice text, bool transient)
{
    int  before = errno; /* callers log first and look at errno afterwards */
    int  failed;
    bool ok;

    if (pthread_mutex_lock(&logger.lock) != 0)
        abort();
    if (logger.transient_fd == fd) {
        ok = write_two(fd, ERASE, text);
    } else {
        if (logger.transient_fd != -1)
            (void)write_two(logger.transient_fd, ERASE, SLICE(""));
        ok = write_two(fd, SLICE(""), text);
    }
    failed = ok ? 0 : errno;
    logger.transient_fd = transient ? fd : -1;
    if (pthread_mutex_unlock(&logger.lock) != 0)
        abort();
    errno = before;
    return failed;
}

static void text_line(enum log_level level, const char *message, struct buf *line)
{
    if (level == LOG_INFO)
        buf_add(line, "requeue: %s\n", message);
    else
        buf_add(line, "requeue: %s: %s\n", level_names[level], message);
}

static void json_line(enum log_level level, const char *message, struct buf *line)
{
    char now[32];

    instant_format(clock_now(), now);
    buf_add(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", now, level_names[level]);
    if (!json_quote(slice_str(message), line))
        abort();
    buf_add(line, "}\n");
}

void log_msg(enum log_level level, const char *fmt, ...)
{
    int        before = errno;
    char       message[MAX_MESSAGE];
    struct buf line;
    va_list    args;
    int        n;

    if (level > logger.level)
        return;
    va_start(args, fmt);
    n = vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    if (n < 0)
        message[0] = '\0';
    else if ((size_t)n >= sizeof(message))
        text_cut(message, sizeof(message));
    n = (int)strlen(message);
    /* The libraries' messages often end in a line feed of their own. */
    while (n > 0 && message[n - 1] == '\n')
        message[--n] = '\0';
    text_clean(message, (size_t)n);
    buf_init(&line, MAX_LINE);
    if (logger.json)
        json_line(level, message, &line);
    else
        text_line(level, message, &line);
    (void)log_raw(STDERR_FILENO, buf_slice(&line), false);
    buf_release(&line);
    errno = before;
}
