/*
 * err.h - how a failure travels: a function returns true, or fills *err and returns false.
 *
 * err is the last parameter, never NULL, untouched on success, so calls chain with &&. The message
 * is one complete line: what was being done, to what, and what went wrong. The hint says what the
 * person should do next. Neither holds a secret. Nothing here allocates, so it works when memory is
 * the trouble. Return or log, never both: only cli/ prints.
 */
#ifndef REQUEUE_ERR_H
#define REQUEUE_ERR_H

#include "lib/base/base.h"

/* Whose fault it is; cli/ maps each kind to one exit status (in brackets). */
enum err_kind {
    ERR_NONE,    /* no error */
    ERR_USAGE,   /* command line, layout file or configuration are wrong; unknown band [1] */
    ERR_OUTPUT,  /* a report or other file of ours cannot be written [1] */
    ERR_REFUSED, /* refused for safety; nothing was changed [5] */
    ERR_STORE,   /* the store failed [6] */
    ERR_KAFKA,   /* Kafka failed [7] */
    ERR_DATA, /* one document or one input text is bad; the caller decides (a skip, a usage error)
               */
    ERR_STOPPED, /* asked to stop by a signal; not a failure to report [4] */
    ERR_BUG,     /* ours [70] */
};

struct err {
    enum err_kind kind;
    bool          retriable; /* the same call may succeed later */
    char          msg[640];  /* one line, no newline, always NUL-terminated; cut with "..." */
    char          hint[800]; /* what to do next; empty when there is nothing to say */
};

#define ERR_INIT ((struct err){ .kind = ERR_NONE })

/* Fill *err (replacing what it held) and return false, so that callers write `return err_set(...)`.
 * Control characters in the message become '?'. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);

/* Put "text: " in front of the message of an error that is already set; returns false. A text that
 * ends in a blank is put there as it is. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* Set the hint of an error that is already set; returns false. */
bool err_hint(struct err *err, const char *fmt, ...) PRINTF(2, 3);

/* For texts that go to a terminal. Control characters (C0, DEL and, in UTF-8, C1) become '?'. */
void text_clean(char *text, size_t n);

/* A text that was cut to fill size bytes and its NUL ends in "..." now, cut between characters. */
void text_cut(char *text, size_t size);

#endif
