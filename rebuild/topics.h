/*
 * topics.h - carry out the topic part of a plan: delete, create, alter (design part 6).
 */
#ifndef REQUEUE_TOPICS_H
#define REQUEUE_TOPICS_H

#include "rebuild/plan.h"

/* What the broker is asked for when this topic is created; in arena. */
struct topic_wish topics_wish(const struct topic_plan *t, struct arena *arena);

/* The plan has no refusals. Every topic of the plan exists with its shape afterwards. */
MUST_CHECK bool topics_apply(struct admin *admin, const struct plan *plan, struct err *err);

#endif
