/*
 * topics.c - see topics.h.
 */
#include "rebuild/topics.h"

struct topic_wish topics_wish(const struct topic_plan *t, struct arena *arena)
{
    size_t              n = t->layout->n_configs;
    struct topic_value *configs = arena_alloc(arena, (n + 1) * sizeof(*configs));

    for (size_t i = 0; i < n; i++)
        configs[i] =
            (struct topic_value){ t->layout->configs[i].name, t->layout->configs[i].value };
    return (struct topic_wish){ .name = t->name,
                                .partitions = t->partitions,
                                .replication = t->replication,
                                .n_configs = n,
                                .configs = configs };
}

static bool delete_recreated(struct admin *admin, const struct plan *plan, struct err *err)
{
    const char **names = mem_array(plan->n_topics + 1, sizeof(*names));
    size_t       n = 0;
    bool         ok = true;

    for (size_t i = 0; i < plan->n_topics; i++)
        if (plan->topics[i].action == TOPIC_RECREATE)
            names[n++] = plan->topics[i].name;
    if (n > 0)
        ok = admin_delete(admin, names, n, err);
    mem_free(names);
    return ok;
}

static bool create_absent(struct admin *admin, const struct plan *plan, struct err *err)
{
    struct topic_wish *wishes = mem_array(plan->n_topics + 1, sizeof(*wishes));
    size_t             n = 0;
    bool               ok = true;

    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];

        if (t->action == TOPIC_CREATE || t->action == TOPIC_RECREATE)
            wishes[n++] = topics_wish(t, plan->arena);
    }
    if (n > 0)
        ok = admin_create(admin, wishes, n, false, err);
    mem_free(wishes);
    return ok;
}

static bool alter_drifted(struct admin *admin, const struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];
        struct topic_wish wish = { .name = t->name, .n_configs = t->n_drift, .configs = t->drift };

        if (t->action == TOPIC_USE && t->alter && !admin_alter(admin, &wish, err))
            return false;
    }
    return true;
}

bool topics_apply(struct admin *admin, const struct plan *plan, struct err *err)
{
    return delete_recreated(admin, plan, err) && create_absent(admin, plan, err) &&
           alter_drifted(admin, plan, err);
}
