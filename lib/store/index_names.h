/*
 * index_names.h - in which indices of a search store a kind's documents are.
 *
 * An expression is one name or several, separated by commas, each with `*` for any characters. A
 * name also means the dated indices behind an alias of that name: kestra_executions is
 * kestra_executions-2024-03-01 too (data-model 7.3). Pure; any thread.
 */
#ifndef REQUEUE_INDEX_NAMES_H
#define REQUEUE_INDEX_NAMES_H

#include "lib/store/store.h"

/* Overrides are KIND=NAME with a kind that has an index of its own, or log; ERR_USAGE names the one
 * that is not. */
MUST_CHECK bool index_names_check(const struct store_search_conf *conf, struct err *err);

/* The expression for a kind: its override, else the layout's, with {index_prefix} replaced by
 * conf's prefix, else the layout's. KIND_FLOW_LAST is where KIND_FLOW is. Lives in a. NULL: the
 * layout knows no index for that kind. conf has been checked. */
const char *index_name_of(const struct layout *layout, enum kind kind,
                          const struct store_search_conf *conf, struct arena *a);

/* The same for log lines, which are no kind: log=NAME, else {index_prefix}logs. Never NULL. */
const char *index_name_of_logs(const struct layout *layout, const struct store_search_conf *conf,
                               struct arena *a);

/* A hint of a layout, "member:KIND.M": the kind as the store keeps it, and *member is M.
 * KIND_COUNT: it is none. */
enum kind index_hint_parse(const char *hint, const char **member);

bool index_name_matches(const char *expression, struct slice concrete);

#endif
