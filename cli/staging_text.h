/*
 * staging_text.h - what a run did for staging: as text, in the report, and its file of lines.
 */
#ifndef REQUEUE_STAGING_TEXT_H
#define REQUEUE_STAGING_TEXT_H

#include "cli/options.h"
#include "lib/base/file.h"
#include "lib/base/json.h"

/* Lines for the screen; nothing without staging. lines: the file of what was left, NULL: none. */
void staging_text(const struct config *conf, const char *lines, struct buf *out);
/* The member "staging" of a report; null without staging. */
void staging_json(const struct config *conf, const char *lines, struct json_writer *w);
/* What verify --like reads, into the report's "options". */
void staging_options_json(const struct config *conf, struct json_writer *w);
/* One line of NAME.staging.jsonl, with its line feed. */
void staging_left_line(const struct staging_left *left, struct buf *out);

#endif
