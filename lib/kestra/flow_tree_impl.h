/*
 * flow_tree_impl.h - what the flow_tree*.c files share; no other file includes it.
 */
#ifndef REQUEUE_FLOW_TREE_IMPL_H
#define REQUEUE_FLOW_TREE_IMPL_H

#include "lib/kestra/flow_tree.h"

/* ---- looking up (flow_tree.c) ---- */

/* Make the table of ids; everything else is there. */
void flow_tree_index(struct flow_tree *t);

/* ---- members (flow_tree_task.c) ---- */

/* A text member; p NULL when it is absent or no text. */
struct slice flow_text(const struct json_node *node, const char *name);
bool         flow_true(const struct json_node *node, const char *name);

/* Fill what the flow says about itself; texts are copied to t->arena. */
void flow_members(const struct json_node *root, struct flow_tree *t);

/* Fill what a task says about itself; id, type, parent and branch are set. Texts are copied to a.
 * tenant: of the flow. */
void flow_task_members(const struct layout *l, const struct json_node *node, struct slice tenant,
                       struct arena *a, struct task *t);

/* The key of the template that a Template task names, in a; p NULL when it names none. tenant: of
 * the flow, where the task has none. */
struct slice template_key(const struct layout *l, const struct json_node *node, struct slice tenant,
                          struct arena *a);

#endif
