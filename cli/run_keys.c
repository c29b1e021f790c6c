/*
 * run_keys.c - keys of a run that may not fit into memory: see run.h.
 */
#include "cli/run.h"

#include "lib/base/log.h"

#define KEY_BYTES 90 /* of an entry with a key of usual length, in memory or in a file */

static double megabytes(uint64_t bytes)
{
    return (double)bytes / (1u << 20);
}

void run_expect_keys(struct run *r, enum kind kind, unsigned sides)
{
    struct session *s = r->session;
    uint64_t        keys = r->plan.survey.counts[kind].selected;

    s->spill.expected = s->spill.put + keys * sides;
    if (keys * KEY_BYTES <= s->keys_memory / 4)
        return;
    log_msg(LOG_INFO, "%llu keys of %s take up to %.0f MB of disk in %s, beside --memory",
            (unsigned long long)keys, kind_name(kind), megabytes(keys * sides * KEY_BYTES),
            s->conf->tmp);
}

void run_tell_disk(const struct run *r)
{
    const struct session *s = r->session;

    if (s->spill.peak > 0)
        log_msg(LOG_INFO, "keys took %.1f MB of disk in %s, which are free again",
                megabytes(s->spill.peak), s->conf->tmp);
}

struct side *run_ledger_new(struct run *r, enum kind kind)
{
    struct session *s = r->session;

    run_expect_keys(r, kind, 2);
    return side_new_summed(s->keys_memory / 8, &s->spill);
}

bool run_keys_fit(const struct run *r, const struct key_need *need, struct err *err)
{
    const struct session *s = r->session;

    if (need->bytes <= s->keys_memory / 4)
        return true;
    (void)err_set(err, ERR_USAGE, "%llu keys %s do not fit into --memory %lluM",
                  (unsigned long long)need->keys, need->which,
                  (unsigned long long)(s->conf->memory >> 20));
    return err_hint(err, "give it more, at least %.0fM so far; or %s",
                    megabytes(s->conf->memory - s->keys_memory) + 4 * megabytes(need->bytes) + 1,
                    need->instead);
}
