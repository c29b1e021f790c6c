/* judging.c - see judging.h. */
#include "lib/store/judging.h"

/* With --unlock none locks are only told, for which nobody who does not want executions has to read
 * any. */
static bool has_locks(const struct layout *l, const struct scope *s)
{
    return scope_has(s, KIND_TRIGGER) && l->kinds[KIND_TRIGGER].enabled &&
           (s->project.unlock != UNLOCK_NONE || scope_judges(s));
}

/* Of all parts, the executions: what ages are counted from. NULL: unknown. */
static const struct instant *newest_execution(const struct judging_stats *stats)
{
    for (size_t i = 0; i < stats->n_newest; i++) {
        if (stats->newest[i].known && strcmp(stats->newest[i].what, "execution") == 0)
            return &stats->newest[i].at;
    }
    return NULL;
}

static struct judge *make_judge(const struct pending_conf *conf, const struct survey *survey,
                                const struct judging_stats *stats)
{
    struct judge_source source = {
        .exact = conf->store->grade == 'A',
        .tenant = conf->scope->tenant,
        .namespace = conf->scope->namespace,
    };

    return judge_new(conf->layout, &conf->scope->project, &source, survey->flows,
                     newest_execution(stats));
}

static bool has_listeners(const struct document *doc)
{
    static const struct json_path path = { "listeners", NULL };
    struct json_value             v;
    struct err                    err = ERR_INIT;

    return json_find(doc->value, &path, 1, doc->trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL, &v,
                     &err) &&
           v.type == JSON_ARRAY && v.raw.n > 2;
}

static bool add_revision(void *ctx, const char *place, const struct document *doc,
                         const struct projection *projection, struct err *err)
{
    const struct pending_conf *conf = ctx;

    (void)place;
    (void)projection;
    (void)err;
    if (doc->value.p && (!conf->layout->executor.skips_terminal || has_listeners(doc)))
        judge_add_revision(conf->judge, doc->id, doc->value);
    return true;
}

static bool add_template(void *ctx, const char *place, const struct document *doc,
                         const struct projection *projection, struct err *err)
{
    const struct pending_conf *conf = ctx;

    (void)place;
    (void)projection;
    (void)err;
    if (doc->value.p)
        judge_add_template(conf->judge, doc->id, doc->value);
    return true;
}

/* By which the judge sees whether something of an ended execution would run: a listener that is
 * open, and in bands whose executor looks at what has ended, tasks that were left (rows E34 to
 * E37).
 */
static bool add_flows(struct pending_conf *conf, struct err *err)
{
    struct store_query flows = survey_query(conf->scope, KIND_FLOW);
    struct store_query templates = survey_query(conf->scope, KIND_TEMPLATE);
    struct showing     what = {
            .store = conf->store, .query = &flows, .jobs = conf->jobs, .stop = conf->stop
    };

    if (!pipeline_show(&what, add_revision, conf, err))
        return false;
    what.query = &templates;
    return !conf->layout->kinds[KIND_TEMPLATE].enabled ||
           pipeline_show(&what, add_template, conf, err);
}

bool judging_run(const struct judging_conf *conf, struct survey *survey,
                 struct judging_stats *stats, struct err *err)
{
    struct pending_conf  p = conf->pending;
    const struct layout *l = p.layout;
    bool executions = survey->flows && l->kinds[KIND_EXECUTION].enabled && scope_judges(p.scope);

    memset(stats, 0, sizeof(*stats));
    if (!executions && !has_locks(l, p.scope))
        return true;
    /* Staging gets ended executions and no lock. */
    if (p.scope->project.staging) {
        if (!executions)
            return true;
        p.judge = survey->judge = make_judge(&p, survey, stats);
        return add_flows(&p, err);
    }
    stats->ran = true;
    if (!p.store->newest(p.store, stats->newest, &stats->n_newest, err))
        return false;
    p.judge = survey->judge = make_judge(&p, survey, stats);
    return (!executions || (pending_run(&p, &stats->pending, err) &&
                            named_run(&p, newest_execution(stats), &stats->pending, err))) &&
           (!has_locks(l, p.scope) ||
            locks_run(&p, conf->on_lock, &stats->pending, &stats->locks, err));
}
