/*
 * audit.h - differences that Kestra's own normal life produces (design part 8).
 *
 * Asked for in an audit only. A rule explains a difference by facts that were looked up for it,
 * never by its kind alone: an extra key whose document is in the store after all has no
 * explanation.
 */
#ifndef REQUEUE_AUDIT_H
#define REQUEUE_AUDIT_H

#include "verify/verify.h"

enum audit_fact {
    FACT_TOMBSTONE = 1,     /* the last record of the key in its partition is a tombstone */
    FACT_TOPIC_DELETED = 2, /* the topic's value says deleted:true */
    FACT_TOPIC_NEWER = 4,   /* comparer_newer() */
    FACT_STORE_DELETED = 8, /* the store has the document, with deleted:true */
    FACT_STORE_OTHER = 16,  /* the store has it, but it is left out or skipped for another reason */
    FACT_AGED_OUT = 32,     /* its topic deletes by age, did so in its partition, and the document
                               has not changed for longer than that */
};

/* The name of the rule that explains a difference; NULL: none does. */
const char *audit_explain(enum kind kind, enum difference_class class, unsigned facts);

/* Whether a rule would have to know if the store has the document of an unexpected key. */
bool audit_asks_store(enum kind kind, enum difference_class class);

#endif
