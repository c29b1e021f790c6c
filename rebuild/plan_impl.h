/*
 * plan_impl.h - what the plan*.c files share; no other file includes it.
 */
#ifndef REQUEUE_PLAN_IMPL_H
#define REQUEUE_PLAN_IMPL_H

#include "rebuild/plan.h"

struct planner {
    const struct plan_conf *conf;
    struct plan            *plan;
    struct topic_state     *states; /* one per topic of the plan */
    size_t                  n_full; /* topics that are refused because they hold records */
};

static inline const char *plan_text_of(struct arena *a, const struct buf *b)
{
    return arena_str(a, buf_slice(b));
}

/* plan.c: one line more why the rebuild is refused. */
void plan_refuse(struct plan *plan, const char *text);

/* plan_topics.c: names, states and needs of all declared topics. */
void            plan_name_topics(struct planner *pl);
MUST_CHECK bool plan_check_names(const struct planner *pl, struct err *err);
MUST_CHECK bool plan_describe_topics(struct planner *pl, struct err *err);
/* What each topic needs; refusals are noted. */
MUST_CHECK bool plan_each_topic(struct planner *pl, struct err *err);
/* How many records it holds, at most; of topics that are filled that is known. */
MUST_CHECK bool plan_count_records(struct planner *pl, struct topic_plan *t, struct err *err);
/* Only what there is, for plan_observe; after plan_describe_topics. */
void plan_look_at_topics(struct planner *pl);

#endif
