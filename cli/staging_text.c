/* staging_text.c - see staging_text.h. */
#include "cli/staging_text.h"

#include "cli/shown.h"

#include <inttypes.h>

#define SHOWN_PATH 200

static uint64_t sum(const struct config *c, const uint64_t *counts)
{
    uint64_t n = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        n += scope_has(&c->scope, (enum kind)k) ? counts[k] : 0;
    return n;
}

static bool is_in_scope(const struct config *c, const struct staging_rule_info *i)
{
    unsigned kinds = c->scope.kinds;

    if (kinds & KIND_BIT(KIND_FLOW_LAST))
        kinds |= KIND_BIT(KIND_FLOW);
    return (i->kinds & kinds) != 0;
}

static void seed_text(const struct config *c, struct buf *out)
{
    const struct staging *s = c->scope.project.staging;

    buf_add(out, "staging: neutral%s%s; ", staging_has_rules(s) ? ", rules " : "",
            staging_has_rules(s) ? c->staging : "");
    if (staging_is_seeded(s))
        buf_add(out, "seed with digest %s\n", staging_seed_digest(s));
    else
        buf_add(out, "a seed of this run only: verify and --resume would need one that is given\n");
}

/* What a document calls a member may hold anything; on the screen it is shown like any key. */
static void unmatched(const struct config *c, size_t i, const struct staging_rule_info *info,
                      struct buf *out)
{
    struct buf near = { 0 };

    buf_init(&near, 1u << 16);
    staging_near(c->scope.project.staging, i, &near);
    buf_add(out, "warning: %s:%u: %s matched nothing", c->staging, info->line, info->text);
    if (near.n > 0) {
        buf_add(out, "; the nearest that does: ");
        shown_add(out, buf_slice(&near), SHOWN_PATH);
    }
    buf_add(out, "\n");
    buf_release(&near);
}

void staging_text(const struct config *c, const char *lines, struct buf *out)
{
    const struct staging    *s = c->scope.project.staging;
    struct staging_rule_info info;
    uint64_t                 left = s ? staging_left_count(s) : 0;

    if (!s)
        return;
    seed_text(c, out);
    for (size_t i = 0; i < staging_rules(s); i++) {
        if (!staging_rule_info(s, i, &info) || !is_in_scope(c, &info))
            continue;
        if (sum(c, info.count) > 0)
            buf_add(out, "  %10" PRIu64 "  %s\n", sum(c, info.count), info.text);
        else if (info.line > 0 && sum(c, info.seen) == 0)
            unmatched(c, i, &info, out);
    }
    if (left > 0)
        buf_add(out,
                "%" PRIu64 " texts hold a name that is renamed and were left as they are%s%s\n",
                left,
                lines                        ? ": "
                : c->command == COMMAND_MASK ? ""
                                             : ", --report lists them",
                lines ? lines : "");
}

static void rules_json(const struct config *c, struct json_writer *w)
{
    const struct staging    *s = c->scope.project.staging;
    struct staging_rule_info info;

    json_open(w, '[');
    for (size_t i = 0; i < staging_rules(s); i++) {
        if (!staging_rule_info(s, i, &info) || !is_in_scope(c, &info))
            continue;
        json_open(w, '{');
        json_key(w, "rule");
        json_put_str(w, info.text);
        json_key(w, "line");
        json_put_uint(w, info.line);
        json_key(w, "changed");
        json_put_uint(w, sum(c, info.count));
        json_key(w, "matched");
        json_put_uint(w, sum(c, info.seen));
        json_close(w, '}');
    }
    json_close(w, ']');
}

void staging_json(const struct config *c, const char *lines, struct json_writer *w)
{
    const struct staging *s = c->scope.project.staging;

    json_key(w, "staging");
    if (!s) {
        json_put_null(w);
        return;
    }
    json_open(w, '{');
    json_key(w, "seeded");
    json_put_bool(w, staging_is_seeded(s));
    json_key(w, "rules");
    rules_json(c, w);
    json_key(w, "left");
    json_put_uint(w, staging_left_count(s));
    json_key(w, "left_file");
    json_put_str(w, lines);
    json_close(w, '}');
}

void staging_options_json(const struct config *c, struct json_writer *w)
{
    const struct staging *s = c->scope.project.staging;

    json_key(w, "neutral");
    json_put_bool(w, s != NULL);
    json_key(w, "staging");
    json_put_str(w, s ? c->staging : NULL);
    json_key(w, "staging_rules_digest");
    json_put_str(w, s && staging_has_rules(s) ? staging_rules_digest(s) : NULL);
    json_key(w, "staging_seed_digest");
    json_put_str(w, s ? staging_seed_digest(s) : NULL);
}

void staging_left_line(const struct staging_left *left, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out, false);
    json_open(&w, '{');
    json_key(&w, "kind");
    json_put_str(&w, kind_name(left->kind));
    json_key(&w, "key");
    json_put_text(&w, left->key);
    json_key(&w, "path");
    json_put_str(&w, left->path);
    json_key(&w, "why");
    json_put_str(&w, left->why);
    json_close(&w, '}');
    (void)json_writer_ok(&w);
    buf_add(out, "\n");
}
