/*
 * kind.h - the kinds of entities that are replayed, in the order in which they are sent.
 *
 * The order is design part 7's: flow-last before flow, so that a replayed old revision finds its
 * flow's last one and deletes no trigger (kestra/data-model.md 2.6). Links before executions, so
 * that they have older timestamps and are read first (kestra/restartability.md 2.6, link-subflow).
 */
#ifndef REQUEUE_KIND_H
#define REQUEUE_KIND_H

#include "lib/base/err.h"

enum kind {
    KIND_FLOW_LAST,
    KIND_FLOW,
    KIND_TEMPLATE,
    KIND_TRIGGER,
    KIND_SUBFLOW_LINK, /* in no store: made by --recover all (lib/kestra/recover.h) */
    KIND_EXECUTION,
    KIND_COUNT, /* also: "no kind" */
};

/* A set of kinds: bit 1 << kind. */
#define KIND_BIT(kind) (1u << (kind))
#define KIND_ALL       ((1u << KIND_COUNT) - 1)

/* As what a store keeps it: flow-last is read where flow is. */
static inline enum kind kind_stored(enum kind kind)
{
    return kind == KIND_FLOW_LAST ? KIND_FLOW : kind;
}

static inline bool kind_is_stored(enum kind kind)
{
    return kind != KIND_SUBFLOW_LINK;
}

const char *kind_name(enum kind kind); /* "flow-last", ...; "none" for KIND_COUNT */

/* "flow,trigger" -> set. `flow` includes flow-last (design part 4); "all" is every kind. ERR_USAGE
 * names the word it does not know and those it does. */
MUST_CHECK bool kind_parse_list(const char *text, unsigned *out, struct err *err);

#endif
