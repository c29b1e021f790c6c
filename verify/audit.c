/*
 * audit.c - see audit.h.
 */
#include "verify/audit.h"

struct rule {
    const char *name;
    const char *from; /* where it is written that this is normal */
    unsigned    kinds;
    enum difference_class class;
    unsigned needs;   /* all of these facts */
    unsigned forbids; /* none of these */
};

#define IN_STORE (FACT_STORE_DELETED | FACT_STORE_OTHER)
#define FLOWS    (KIND_BIT(KIND_FLOW) | KIND_BIT(KIND_FLOW_LAST))

/* The first that fits explains. */
static const struct rule rules[] = {
    { "execution-deleted", "data-model 3.6", KIND_BIT(KIND_EXECUTION), DIFF_EXTRA,
      FACT_TOPIC_DELETED, FACT_STORE_OTHER },
    { "execution-purged", "data-model 3.6, 5.10 rule 9", KIND_BIT(KIND_EXECUTION), DIFF_EXTRA, 0,
      IN_STORE },
    { "template-deleted", "data-model 3.6, 5.10 rule 9", KIND_BIT(KIND_TEMPLATE), DIFF_EXTRA, 0,
      FACT_STORE_OTHER },
    { "trigger-tombstone", "data-model 2.6, 3.6", KIND_BIT(KIND_TRIGGER), DIFF_MISSING,
      FACT_TOMBSTONE, 0 },
    { "aged-out", "data-model 5.10 rule 9", KIND_BIT(KIND_EXECUTION) | KIND_BIT(KIND_TRIGGER),
      DIFF_MISSING, FACT_AGED_OUT, FACT_TOMBSTONE },
    { "topic-newer", "design part 8", KIND_BIT(KIND_FLOW), DIFF_EXTRA, FACT_TOPIC_NEWER, 0 },
    { "flow-revision-removed", "data-model 5.10 rule 9", FLOWS, DIFF_EXTRA, 0, IN_STORE },
    { "topic-newer", "design part 8", KIND_ALL, DIFF_CHANGED, FACT_TOPIC_NEWER, 0 },
};

const char *audit_explain(enum kind kind, enum difference_class class, unsigned facts)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        const struct rule *r = &rules[i];

        if ((r->kinds & KIND_BIT(kind)) != 0 && r->class == class &&
            (facts & r->needs) == r->needs && (facts & r->forbids) == 0)
            return r->name;
    }
    return NULL;
}

bool audit_asks_store(enum kind kind, enum difference_class class)
{
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        const struct rule *r = &rules[i];

        if ((r->kinds & KIND_BIT(kind)) != 0 && r->class == class && (r->forbids & IN_STORE) != 0)
            return true;
    }
    return false;
}
