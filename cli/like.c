/*
 * like.c - see like.h.
 */
#include "cli/like.h"

#include "cli/selection.h"
#include "lib/base/file.h"
#include "lib/base/json.h"

static const char *like_word(const struct json_node *options, const char *name, struct arena *a)
{
    const struct json_node *n = json_get(options, name);

    return n && n->type == JSON_STRING ? arena_str(a, n->text) : NULL;
}

/* A number of seconds; `otherwise` when the report has none. In milliseconds, as an option. */
static uint64_t like_seconds(const struct json_node *options, const char *name, uint64_t otherwise)
{
    const struct json_node *n = json_get(options, name);
    char                    digits[20];
    uint64_t                ms;

    if (!n || n->type != JSON_NUMBER || n->text.n >= sizeof(digits))
        return otherwise;
    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(n->text));
    return duration_parse(digits, &ms) ? ms : otherwise;
}

/* How executions were judged; reports of before have none of it: nothing was rewritten. */
static void apply_like_judging(struct config *c, const struct json_node *o, struct arena *a)
{
    const struct json_node *logs = json_get(o, "with_logs");
    const char             *recover = like_word(o, "recover", a);
    const char             *lost = like_word(o, "lost_tasks", a);

    c->recover = recover ? recover : "none";
    c->lost_tasks = lost ? lost : "rerun";
    c->max_age = like_seconds(o, "max_age_s", c->max_age);
    c->now = like_word(o, "now", a);
    c->with_logs = logs && logs->type == JSON_BOOL && slice_eq(logs->text, SLICE("true"));
}

/* Rules are read again from where they were; the seed has to be given again. */
static void apply_like_staging(struct config *c, const struct json_node *o, struct arena *a)
{
    const struct json_node *neutral = json_get(o, "neutral");

    c->neutral = neutral && neutral->type == JSON_BOOL && slice_eq(neutral->text, SLICE("true"));
    if (!c->staging || !like_word(o, "staging", a))
        c->staging = like_word(o, "staging", a);
}

static bool same_text(const struct json_node *o, const char *name, const char *is)
{
    const struct json_node *n = json_get(o, name);

    return n && n->type == JSON_STRING ? slice_eq(n->text, slice_str(is)) : is[0] == '\0';
}

static bool same_staging(const struct config *c, const struct json_node *o, struct err *err)
{
    const struct staging *s = c->scope.project.staging;

    if (!s)
        return true;
    if (!same_text(o, "staging_seed_digest", staging_seed_digest(s)))
        return err_set(err, ERR_USAGE, "the staging seed is not the one of the report %s", c->like);
    if (!same_text(o, "staging_rules_digest", staging_rules_digest(s)))
        return err_set(err, ERR_USAGE, "the rules in %s are not those of the report %s", c->staging,
                       c->like);
    return true;
}

/* As --kinds would name them: links follow from the other options (scope_derive). */
static const char *like_kinds(const struct json_node *options, struct arena *a)
{
    const struct json_node *kinds = json_get(options, "kinds");
    struct buf              b = { 0 };
    const char             *text;

    buf_init(&b, 4096);
    for (const struct json_node *k = kinds ? kinds->first : NULL; k; k = k->next)
        if (!slice_eq(k->text, slice_str(kind_name(KIND_SUBFLOW_LINK))))
            buf_add(&b, "%s%.*s", b.n ? "," : "", SLICE_ARG(k->text));
    text = b.n ? arena_str(a, buf_slice(&b)) : NULL;
    buf_release(&b);
    return text;
}

bool like_apply(struct config *c, struct arena *a, const struct json_node **report, struct err *err)
{
    static const char wanted[] = "name what requeue rebuild or verify wrote with --report FILE";
    struct buf        text = { 0 };
    const struct json_node *root = NULL;
    const struct json_node *o;
    bool                    ok;

    buf_init(&text, 64u << 20);
    ok = file_read(c->like, &text, err) || err_hint(err, "%s", wanted);
    if (ok && !json_tree(buf_slice(&text), a, &root, err)) {
        err->kind = ERR_USAGE;
        ok = err_wrap(err, "report %s", c->like) || err_hint(err, "%s", wanted);
    }
    if (ok) {
        o = json_get(root, "options");
        c->selection = a; /* c is a copy: what the command line selected stays with its owner */
        c->kinds = like_kinds(o, a);
        c->executions = like_word(o, "executions", a);
        c->unlock = like_word(o, "unlock", a);
        if (!c->kinds || !c->executions || !c->unlock)
            ok =
                err_set(err, ERR_USAGE, "%s is no report of requeue: it has no options", c->like) ||
                err_hint(err, "%s", wanted);
    }
    if (ok) {
        apply_like_judging(c, o, a);
        apply_like_staging(c, o, a);
        c->tenant = like_word(o, "tenant", a);
        c->namespace = like_word(o, "namespace", a);
        c->since = like_word(o, "since", a);
        c->until = like_word(o, "until", a);
        selection_like(c, o, a);
        c->topic_prefix = like_word(o, "topic_prefix", a);
        c->consumer_prefix = like_word(o, "consumer_prefix", a);
        c->no_flows = c->no_templates = c->no_triggers = false;
        ok = options_derive(c, err) && same_staging(c, o, err);
    }
    buf_release(&text);
    if (ok && report)
        *report = root;
    return ok;
}
