/* staging_options.c - see staging_options.h. */
#include "cli/staging_options.h"

#include "cli/store_options.h"
#include "lib/base/file.h"

#define RULES_MAX_BYTES (1u << 20)

/* What is made up anew in each run can neither be expected nor continued. */
static bool check_seed(const struct config *c, struct err *err)
{
    const char *what = c->command == COMMAND_VERIFY ? "verify" : c->resume ? "--resume" : NULL;

    if (!what || c->seed)
        return true;
    (void)err_set(err, ERR_USAGE,
                  "%s needs the seed of the rebuild: webhook keys and pseudonyms come of it", what);
    return err_hint(err,
                    "--staging-seed-file FILE, or the variable REQUEUE_STAGING_SEED; a rebuild "
                    "without a seed cannot be %s",
                    c->command == COMMAND_VERIFY ? "verified" : "resumed");
}

static bool is(const char *word, const char *is_this)
{
    return word && strcmp(word, is_this) == 0;
}

static bool check_others(const struct config *c, struct err *err)
{
    if (c->command == COMMAND_REPAIR) {
        (void)err_set(err, ERR_USAGE, "a staging copy is not repaired");
        return err_hint(err, "make it again: requeue rebuild --recreate");
    }
    if (c->live)
        return err_set(err, ERR_USAGE,
                       "--live asks the store again for keys that differ; a staging "
                       "copy's are others");
    if (c->audit)
        return err_set(err, ERR_USAGE,
                       "--audit expects what the store has, not what a staging "
                       "copy has");
    if (c->recover && !is(c->recover, "none"))
        return err_set(err, ERR_USAGE,
                       "--recover %s brings executions back, a staging copy has none that go on",
                       c->recover);
    if (c->unlock_given && !is(c->unlock, "all"))
        return err_set(err, ERR_USAGE, "a staging copy releases every lock, --unlock %s does not",
                       c->unlock);
    if (c->executions_given && !is(c->executions, "none") && !is(c->executions, "all")) {
        (void)err_set(err, ERR_USAGE, "--executions %s sends executions that would go on",
                      c->executions);
        return err_hint(err, "staging takes none, or with --executions all those that have ended");
    }
    return check_seed(c, err);
}

static bool read_rules(const char *option, const char *path, struct slice seed,
                       struct staging **out, struct err *err)
{
    struct buf   text = { 0 };
    struct slice none = { NULL, 0 };
    bool         ok = true;

    buf_init(&text, RULES_MAX_BYTES);
    if (path && !file_read(path, &text, err)) {
        (void)err_wrap(err, "%s", option);
        ok = err_hint(err, "it is to be a file of rules; docs/runbook.md shows one under \"Refresh "
                           "staging\"");
    }
    ok = ok && staging_parse(path ? buf_slice(&text) : none, path, seed, out, err);
    buf_release(&text);
    return ok;
}

static struct slice seed_of(const struct config *c)
{
    return c->seed ? slice_str(c->seed) : slice_of(NULL, 0);
}

bool staging_options_derive(struct config *c, struct err *err)
{
    struct staging *staging = NULL;

    if (!c->neutral && !c->staging) {
        if (!c->staging_seed.file || c->like) /* a report may ask for it */
            return true;
        return err_set(err, ERR_USAGE, "--staging-seed-file belongs to --neutral or --staging");
    }
    if (!c->seed && !take_secret(&c->staging_seed, "staging-seed-file", "REQUEUE_STAGING_SEED",
                                 c->seed_buf, &c->seed, err))
        return false;
    if (!check_others(c, err) ||
        !read_rules("option --staging", c->staging, seed_of(c), &staging, err))
        return false;
    staging_free(c->scope.project.staging);
    c->scope.project.staging = staging;
    c->unlock = "all";
    if (!is(c->executions, "all"))
        c->executions = "none";
    return true;
}

bool staging_options_mask(struct config *c, struct err *err)
{
    if (c->operands.n != 1) {
        (void)err_set(err, ERR_USAGE, "mask wants the name of one file of rules");
        return err_hint(err, "requeue mask RULES.yml < document.json");
    }
    return take_secret(&c->staging_seed, "staging-seed-file", "REQUEUE_STAGING_SEED", c->seed_buf,
                       &c->seed, err) &&
           read_rules("requeue mask", c->operands.items[0], seed_of(c), &c->scope.project.staging,
                      err);
}

bool staging_options_bind(const struct config *c, const struct layout *layout, struct err *err)
{
    return !c->scope.project.staging || staging_bind(c->scope.project.staging, layout, err);
}
