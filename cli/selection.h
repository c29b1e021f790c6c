/*
 * selection.h - which executions by state and id (--states, --ids), and what a selection means.
 *
 * What belongs to every kind (tenant, namespace) or is one text (since, until) is in options.c.
 */
#ifndef REQUEUE_SELECTION_H
#define REQUEUE_SELECTION_H

#include "cli/options.h"
#include "lib/base/json.h"

#define SELECTION_MAX_IDS 10000
#define SELECTION_MAX_ID  255 /* bytes of one: more than any store keeps */

/* conf->states and conf->ids_file into conf->scope; ids that are there stay when no file is named
 * (--like). Memory: conf->selection. ERR_USAGE. */
MUST_CHECK bool selection_derive(struct config *conf, struct err *err);

/* What was selected, as a report repeats it, and back again (--like); a: owns the texts. */
void selection_json(struct json_writer *w, const struct config *conf);
void selection_like(struct config *conf, const struct json_node *options, struct arena *a);

/* What a partial run was about, as one text; nothing when it is not partial. */
void selection_list(const struct config *conf, struct buf *out);
/* One line of what a partial run was about and what that proves; nothing when it is not partial. */
void selection_text(const struct config *conf, struct buf *out);

#endif
