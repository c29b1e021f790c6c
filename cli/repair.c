/*
 * repair.c - what a repair may send; see repair.h.
 */
#include "cli/repair.h"

#include "lib/kestra/key.h"

static const struct {
    const char *name;
    const char *text;
} whys[REPAIR_WHY_COUNT] = {
    [REPAIR_WHY_NONE] = { "none", "sent, and still differ" },
    [REPAIR_WHY_EXPLAINED] = { "explained", "explained by Kestra's own life" },
    [REPAIR_WHY_NEWER] = { "topic-newer", "newer in the topic than in the store" },
    [REPAIR_WHY_EXECUTION] = { "execution", "in the topic already: the executor acts on every "
                                            "record, so only missing executions are sent" },
    [REPAIR_WHY_AUDIT] = { "audit", "named by an audit, which expects ended executions too" },
    [REPAIR_WHY_STRAY] = { "stray", "with a record in a partition that is not the key's" },
    [REPAIR_WHY_EXTRA] = { "extra", "not in the store" },
    [REPAIR_WHY_TOMBSTONE] = { "tombstone", "not in the store, to be deleted by tombstones" },
    [REPAIR_WHY_UNSURE] = { "unsure", "not expected, but the store may have them: documents of "
                                      "the kind are left out or skipped" },
    [REPAIR_WHY_KEYLESS] = { "no-key", "records without a key that can be sent over" },
    [REPAIR_WHY_SCOPE] = { "not-selected", "of a kind that this run does not handle" },
};

const char *repair_why_name(enum repair_why why)
{
    return whys[why].name;
}

const char *repair_why_text(enum repair_why why)
{
    return whys[why].text;
}

static struct repair_decision keep(enum repair_why why)
{
    return (struct repair_decision){ REPAIR_KEEP, why };
}

/* The store does not have it: nothing can be sent but a tombstone, and that for triggers only,
 * because they alone are deleted so by Kestra itself (data-model 2.6). */
static struct repair_decision decide_extra(const struct difference *d, const struct repair_may *may)
{
    if (d->kind != KIND_TRIGGER || d->class != DIFF_EXTRA)
        return keep(d->class == DIFF_EXTRA || d->class == DIFF_UNDECODABLE ? REPAIR_WHY_EXTRA
                                                                           : REPAIR_WHY_STRAY);
    if (!may->tombstones)
        return keep(REPAIR_WHY_TOMBSTONE);
    if (may->unsure)
        return keep(REPAIR_WHY_UNSURE);
    return (struct repair_decision){ REPAIR_TOMBSTONE, REPAIR_WHY_NONE };
}

struct repair_decision repair_decide(const struct difference *d, const struct repair_may *may)
{
    if (!d->key.p || !utf8_valid(d->key))
        return keep(REPAIR_WHY_KEYLESS);
    if (d->explained)
        return keep(REPAIR_WHY_EXPLAINED);
    if (d->kind == KIND_EXECUTION && d->class != DIFF_MISSING)
        return keep(REPAIR_WHY_EXECUTION);
    if (d->kind == KIND_EXECUTION && may->audit)
        return keep(REPAIR_WHY_AUDIT);
    if (!d->table)
        return decide_extra(d, may);
    if (d->newer)
        return keep(REPAIR_WHY_NEWER);
    /* Whether its own partition has the right record is not told; it may even be newer. */
    if (d->class == DIFF_DUPLICATED)
        return keep(REPAIR_WHY_STRAY);
    if (d->class == DIFF_UNDECODABLE && d->partition != key_partition(d->key, may->partitions))
        return keep(REPAIR_WHY_STRAY);
    /* The stray record stays where it is. */
    return (struct repair_decision){ REPAIR_SEND, d->class == DIFF_MISPLACED ? REPAIR_WHY_STRAY
                                                                             : REPAIR_WHY_NONE };
}
