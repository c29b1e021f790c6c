/*
 * commands.h - one function a command, each in its own file command_NAME.c.
 *
 * They run in the command's thread, print their result to stdout, and return the exit status.
 * Errors go into the run (run_finish tells them) or, before there is one, are told by command_fail.
 */
#ifndef REQUEUE_COMMANDS_H
#define REQUEUE_COMMANDS_H

#include "cli/run.h"

enum exit_status command_check(struct session *s);
enum exit_status command_plan(struct session *s);
enum exit_status command_rebuild(struct session *s);
enum exit_status command_verify(struct session *s);
enum exit_status command_executions(struct session *s);
enum exit_status command_repair(struct session *s);
enum exit_status command_topics(struct session *s);
enum exit_status command_config(const struct config *conf); /* asks no server */
enum exit_status command_mask(struct config *conf);         /* likewise */
enum exit_status command_help(const struct config *conf);
enum exit_status command_version(void);

/* Tell an error: one line, then the hint; its exit status. */
enum exit_status command_fail(const struct err *err);

/* What plan and rebuild hand to the planner. */
struct plan_conf command_plan_conf(struct session *s, struct run *r);

/* Count all executions of the store, also when none are in scope: the report says how many stay
 * behind. Then an index that is missing or cannot be read is no error: executions_unknown. */
MUST_CHECK bool command_count_executions(struct run *r, struct err *err);

#endif
