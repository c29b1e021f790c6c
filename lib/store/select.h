/*
 * select.h - does a document belong to a query, and what is it? For stores that have no SQL.
 *
 * The rules are those of the PostgreSQL store: by tenant, namespace and time (executions only, the
 * instant of state.startDate: a document without one is outside when a bound is given), then what
 * is left out by rule. A document that cannot be read is within every selection and, if it is an
 * execution, pending: whoever projects it will name it. It is nobody's child.
 *
 * A selector belongs to one thread at a time; layout and query are borrowed until it is released.
 */
#ifndef REQUEUE_SELECT_H
#define REQUEUE_SELECT_H

#include "lib/store/store.h"

struct selection {
    bool outside;  /* by tenant, namespace, time, states, ids, parents; nothing below is set then */
    bool deleted;  /* executions and templates */
    bool terminal; /* executions that are not deleted; PAUSED never is */
    bool pending;  /* executions that are neither */
    bool locked;   /* triggers with an unlock member that is set */
    bool selected; /* to be handed out */
};

struct selector;

struct selector *selector_new(const struct layout *layout, const struct store_query *query);
void             selector_free(struct selector *s); /* NULL is allowed */

struct selection selector_look(struct selector *s, const struct document *doc);

/* Count one document of the store. */
void selection_count(const struct selection *what, struct store_counts *counts);

/* Of a document of the selector's kind: where the topic's value carries the source and the store
 * keeps it in a member of the document (layout.source_member), doc->source becomes that member's
 * text, unescaped, valid until the next call. A member that is no string, or that UTF-8 cannot say
 * (half a surrogate pair, U+0000), is no source. */
void selector_source(struct selector *s, struct document *doc);

#endif
