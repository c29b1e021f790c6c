/*
 * session.c - see session.h.
 */
#include "cli/session.h"

void session_init(struct session *s, const struct config *conf)
{
    memset(s, 0, sizeof(*s));
    s->conf = conf;
    s->store_conf = (struct store_conf){ .url = conf->store,
                                         .schema = conf->schema,
                                         .tables = { conf->tables.n, NULL },
                                         .jobs = (unsigned)conf->jobs,
                                         .stop = &s->stop };
    s->kafka = (struct kafka_conf){ .brokers = conf->kafka,
                                    .n_props = conf->props.n,
                                    .props = conf->props.items,
                                    .stop = &s->stop };
    progress_init(&s->progress, !conf->quiet && !conf->no_progress);
}

bool session_open_store(struct session *s, struct err *err)
{
    const struct config *conf = s->conf;

    /* struct strings wants an array it may keep; conf outlives the session. */
    s->store_conf.tables.items = mem_array(conf->tables.n + 1, sizeof(char *));
    for (size_t i = 0; i < conf->tables.n; i++)
        s->store_conf.tables.items[i] = conf->tables.items[i];
    if (!store_open(&s->store_conf, &s->store, err) ||
        !s->store->describe(s->store, &s->info, err) ||
        !layouts_choose(conf->layout, s->store, &s->info, &s->layout, s->why, err))
        return false;
    /* Before the next step can fail: a report that has a layout has prefixes. */
    s->topic_prefix = conf->topic_prefix ? conf->topic_prefix : s->layout->topic_prefix;
    s->consumer_prefix = conf->consumer_prefix ? conf->consumer_prefix : s->layout->consumer_prefix;
    if (!s->store->use(s->store, s->layout, err))
        return false;
    s->info.grade = s->store->grade;
    return true;
}

bool session_open_kafka(struct session *s, struct err *err)
{
    return admin_open(&s->kafka, &s->admin, err);
}

void session_close(struct session *s)
{
    admin_close(s->admin);
    if (s->store)
        s->store->close(s->store);
    layout_free(s->layout);
    mem_free(s->store_conf.tables.items);
}
