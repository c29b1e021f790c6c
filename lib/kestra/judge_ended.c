/* judge_ended.c - see judge.h: what is asked of ended executions, without a verdict on them. */
#include "lib/kestra/judge_impl.h"
#include "lib/kestra/verdict_rules.h"

static struct json_value named(const struct judge_names *names, const char *member)
{
    if (strcmp(member, "tenantId") == 0)
        return names->tenant;
    if (strcmp(member, "namespace") == 0)
        return names->namespace;
    return strcmp(member, "id") == 0 ? names->flow : names->revision;
}

static bool named_key(const struct key_template *t, const struct judge_names *names,
                      struct buf *out)
{
    struct json_value values[LAYOUT_MAX_KEY_PARTS];
    struct err        err;

    for (size_t i = 0; i < t->n_parts; i++)
        values[i] = named(names, t->parts[i].member);
    return key_build(t, values, out, &err);
}

bool judge_sends_revision(const struct judge *j, const struct judge_names *names)
{
    const struct kind_layout *kinds = j->layout->kinds;
    struct buf                key, flow;
    bool                      is_sent;

    buf_init(&key, KEY_MAX_BYTES);
    buf_init(&flow, KEY_MAX_BYTES);
    is_sent = named_key(&kinds[KIND_FLOW].key, names, &key) &&
              named_key(&kinds[KIND_FLOW_LAST].key, names, &flow) &&
              judge_revision_sent(j, buf_slice(&key), buf_slice(&flow));
    buf_release(&key);
    buf_release(&flow);
    return is_sent;
}

/* Without a tree the verdict on what has ended is one on the document alone. */
bool judge_is_poison(struct judge *j, const struct document *doc)
{
    const struct facts facts = { .revision = REVISION_PRESENT };
    struct execution   e;
    struct finding     finding;

    arena_reset(j->scratch);
    if (!judge_read(j, doc, &e))
        return true;
    verdict_of(j->layout, &e, NULL, &facts, j->scratch, &finding);
    return judge_is_unfit(&finding);
}

static struct revision *named_revision(const struct judge *j, const struct judge_names *names)
{
    struct revision *r = NULL;
    struct buf       key;

    buf_init(&key, KEY_MAX_BYTES);
    if (named_key(&j->layout->kinds[KIND_FLOW].key, names, &key))
        r = map_get(j->revisions, buf_slice(&key));
    buf_release(&key);
    return r;
}

bool judge_goes_on(struct judge *j, const struct judge_names *names, const struct document *doc)
{
    static const struct facts facts = { .revision = REVISION_PRESENT };
    struct revision          *r = named_revision(j, names);
    struct execution          e;
    struct finding            f;

    if (!r)
        return false;
    if (r->json)
        judge_build_tree(j, r);
    arena_reset(j->scratch);
    if (!r->tree || !judge_read(j, doc, &e))
        return false;
    verdict_of(j->layout, &e, r->tree, &facts, j->scratch, &f);
    return (f.codes & (CODE_BIT(CODE_LISTENER_PENDING) | CODE_BIT(CODE_LISTENER_STUCK))) != 0 ||
           (!j->layout->executor.skips_terminal &&
            (row_has(&f.rows, ROW_E36) || row_has(&f.rows, ROW_E37)));
}
