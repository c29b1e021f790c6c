/*
 * project_find.c - looking into a document, once.
 */
#include "lib/kestra/project_impl.h"

#include <assert.h>

static bool same_path(struct json_path a, struct json_path b)
{
    if (strcmp(a.name, b.name) != 0 || !a.sub != !b.sub)
        return false;
    return !a.sub || strcmp(a.sub, b.sub) == 0;
}

static void search_for(struct search *s, const char *name, const char *sub)
{
    struct json_path path = { name, sub };

    for (size_t i = 0; i < s->n; i++) {
        if (same_path(s->paths[i], path))
            return;
    }
    s->paths[s->n++] = path;
}

static void search_for_key(struct search *s, const struct key_template *t)
{
    for (size_t i = 0; i < t->n_parts; i++)
        search_for(s, t->parts[i].member, NULL);
}

static void search_for_all(struct search *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        search_for(s, names[i], NULL);
}

/* What says who holds the lock comes last: a lock that is kept loses only what stands before. */
static void put_unlock(struct search *s, const struct kind_layout *kl)
{
    const char **at = s->cut + 1 + kl->n_drop;

    for (int holder = 0; holder < 2; holder++) {
        for (size_t i = 0; i < kl->n_unlock; i++) {
            bool is_holder = strncmp(kl->unlock[i], "execution", 9) == 0;

            if (is_holder == (holder == 1))
                *at++ = kl->unlock[i];
        }
        if (holder == 0)
            s->n_free = (size_t)(at - s->cut) - 1 - kl->n_drop;
    }
}

void project_prepare(struct projector *p, enum kind kind)
{
    const struct kind_layout *kl = &p->layout->kinds[kind];
    struct search            *s = &p->searches[kind];
    size_t max = (size_t)2 * LAYOUT_MAX_KEY_PARTS + kl->n_required + kl->n_drop + kl->n_unlock + 6;

    s->paths = arena_alloc(p->arena, max * sizeof(*s->paths));
    s->found = arena_alloc(p->arena, max * sizeof(*s->found));
    s->cut = arena_alloc(p->arena, (kl->n_drop + kl->n_unlock + 1) * sizeof(*s->cut));
    search_for_key(s, project_stored_key(p->layout, kind));
    if (project_is_flow(kind)) {
        search_for_key(s, project_flow_key(p->layout));
        search_for(s, "revision", NULL);
        search_for(s, "disabled", NULL);
    }
    if (kind == KIND_EXECUTION) {
        search_for(s, "state", "current");
        if (kl->has_tenant && p->judge) /* names the flow revision */
            search_for(s, "tenantId", NULL);
    }
    if (kl->has_deleted)
        search_for(s, "deleted", NULL);
    if (kl->add_source)
        search_for(s, "source", NULL);
    search_for_all(s, kl->required, kl->n_required);
    search_for_all(s, kl->drop, kl->n_drop);
    search_for_all(s, kl->unlock, kl->n_unlock);
    assert(s->n <= max);
    s->cut[0] = "source";
    for (size_t i = 0; i < kl->n_drop; i++)
        s->cut[1 + i] = kl->drop[i];
    put_unlock(s, kl);
}

struct json_value project_found(const struct job *j, const char *name, const char *sub)
{
    const struct search *s = j->search;
    struct json_path     path = { name, sub };

    for (size_t i = 0; i < s->n; i++) {
        if (same_path(s->paths[i], path))
            return s->found[i];
    }
    return (struct json_value){ .type = JSON_ABSENT };
}

struct json_value project_named(const struct job *j, const char *name)
{
    struct json_value v = project_found(j, name, NULL);

    if (j->p->stager && strcmp(name, "namespace") == 0)
        return stager_name(j->p->stager, STAGING_NAMESPACE, v);
    if (j->p->stager && strcmp(name, "tenantId") == 0)
        return stager_name(j->p->stager, STAGING_TENANT, v);
    return v;
}

bool project_find(const struct job *j)
{
    const struct search *s = j->search;
    struct err          *err = &j->p->err;
    enum json_find_flags flags = j->doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;

    if (!j->doc->value.p)
        return project_skip(j->out, REASON_UNREADABLE, "the value is an SQL null");
    for (size_t at = 0; at < s->n; at += JSON_FIND_MAX_PATHS) {
        size_t n = s->n - at < JSON_FIND_MAX_PATHS ? s->n - at : JSON_FIND_MAX_PATHS;

        if (!json_find(j->doc->value, s->paths + at, n, flags, s->found + at, err))
            return project_skip(j->out, REASON_UNREADABLE, "%s", err->msg);
    }
    return true;
}
