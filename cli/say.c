/*
 * say.c - see say.h.
 */
#include "cli/say.h"

#include "lib/base/log.h"

#include <errno.h>
#include <unistd.h>

void say_error(const struct err *err)
{
    log_msg(err->kind == ERR_STOPPED ? LOG_WARN : LOG_ERROR, "%s", err->msg);
    if (err->hint[0])
        log_msg(LOG_INFO, "hint: %s", err->hint);
}

bool say_result(struct slice text)
{
    int  failed = log_raw(STDOUT_FILENO, text, false);
    char why[128];

    if (failed != 0 && failed != EPIPE)
        log_msg(LOG_ERROR, "cannot write the result to standard output: %s",
                strerror_r(failed, why, sizeof(why)));
    return failed == 0;
}
