/* capture.c - see capture.h. */
#include "tests/support/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static void take_stderr(struct capture *c, int from, int to)
{
    c->real = dup(STDERR_FILENO);
    c->from = from;
    c->n = 0;
    c->terminal = false;
    (void)dup2(to, STDERR_FILENO);
    (void)close(to);
}

void capture_start(struct capture *c)
{
    int ends[2];

    if (pipe2(ends, O_DIRECT | O_NONBLOCK) == -1)
        abort();
    take_stderr(c, ends[0], ends[1]);
}

void capture_end(struct capture *c)
{
    size_t have = 0; /* of a terminal: it does not keep writes apart */

    (void)dup2(c->real, STDERR_FILENO);
    (void)close(c->real);
    while (c->n < COUNT_OF(c->writes)) {
        char   *at = c->writes[c->terminal ? 0 : c->n] + (c->terminal ? have : 0);
        ssize_t n = read(c->from, at, sizeof(c->writes[0]) - 1 - have);

        if (n <= 0)
            break;
        at[n] = '\0';
        c->n = c->terminal ? 1 : c->n + 1;
        have += c->terminal ? (size_t)n : 0;
    }
    (void)close(c->from);
}

bool capture_terminal(struct capture *c, unsigned columns)
{
    int            master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    int            slave = -1;
    char           name[64];
    struct termios t;

    if (master == -1)
        return false;
    if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof(name)) == 0)
        slave = open(name, O_RDWR | O_NOCTTY);
    if (slave == -1 || tcgetattr(slave, &t) == -1) {
        (void)close(master);
        return false;
    }
    t.c_oflag &= ~(tcflag_t)OPOST; /* a line feed stays one */
    (void)tcsetattr(slave, TCSANOW, &t);
    take_stderr(c, master, slave);
    c->terminal = true;
    capture_resize(c, columns);
    return true;
}

void capture_resize(const struct capture *c, unsigned columns)
{
    struct winsize size = { .ws_row = 24, .ws_col = (unsigned short)columns };

    (void)ioctl(c->from, TIOCSWINSZ, &size);
}
