/*
 * session.c - see session.h.
 */
#include "cli/session.h"

#include "cli/staging_options.h"
#include "lib/store/index_names.h"

/* struct strings wants an array that it may keep. */
static struct strings strings_of(const struct opt_list *list)
{
    struct strings out = { list->n, mem_array(list->n + 1, sizeof(char *)) };

    for (size_t i = 0; i < list->n; i++)
        out.items[i] = list->items[i];
    return out;
}

static enum store_read read_mode_of(const char *word)
{
    if (strcmp(word, "scroll") == 0)
        return STORE_READ_SCROLL;
    return strcmp(word, "pit") == 0 ? STORE_READ_PIT : STORE_READ_AUTO;
}

static struct store_search_conf search_conf(const struct config *conf)
{
    return (struct store_search_conf){
        .index_prefix = conf->index_prefix,
        .indices = strings_of(&conf->indices),
        .read = read_mode_of(conf->read),
        .user = conf->store_user,
        .password = conf->password,
        .api_key = conf->api_key,
        .headers = strings_of(&conf->store_headers),
        .ca_file = conf->store_ca,
        .cert_file = conf->store_cert,
        .key_file = conf->store_key,
        .insecure = conf->insecure,
        .gzip = conf->gzip,
    };
}

void session_init(struct session *s, const struct config *conf)
{
    memset(s, 0, sizeof(*s));
    s->conf = conf;
    s->store_conf = (struct store_conf){ .url = conf->store,
                                         .schema = conf->schema,
                                         .tables = strings_of(&conf->tables),
                                         .search = search_conf(conf),
                                         .jobs = (unsigned)conf->jobs,
                                         .stop = &s->stop };
    s->kafka = (struct kafka_conf){ .brokers = conf->kafka,
                                    .n_props = conf->props.n,
                                    .props = conf->props.items,
                                    .stop = &s->stop };
    s->spill.dir = conf->tmp;
    s->keys_memory = (size_t)(conf->memory > MEMORY_OTHERS ? conf->memory - MEMORY_OTHERS : 0);
    progress_init(&s->progress, !conf->quiet && !conf->no_progress);
}

/* A kind that the layout does not have has no place, and nothing that could be addressed. */
static void find_places(struct session *s)
{
    for (int k = 0; k < KIND_COUNT; k++)
        if (!kind_is_stored((enum kind)k))
            s->places[k] = kind_name((enum kind)k);
        else if (s->layout->kinds[k].enabled)
            s->places[k] = s->info.has_tables
                               ? s->layout->kinds[k].table
                               : index_name_of(s->layout, (enum kind)k, &s->store_conf.search,
                                               s->layout->arena);
}

/* A live audit looks at several instants, whatever each look is worth. */
static void finish_store(struct session *s)
{
    s->store->max_rate = s->conf->max_rate;
    if (s->conf->live)
        s->store->grade = 'D';
    s->info.grade = s->store->grade;
}

/* Who has the store from Kestra's file looks there, and not at options. */
static bool tell_origin(const struct config *conf, struct err *err)
{
    size_t i = 0;
    char   hint[sizeof(err->hint)];

    while (strcmp(options_table[i].name, "store") != 0)
        i++;
    if (!conf->origins[i] || err->kind != ERR_STORE || err->hint[0] == '\0')
        return false;
    memcpy(hint, err->hint, sizeof(hint));
    return err_hint(err, "%s (the store is named in %s)", hint, conf->origins[i]);
}

static bool open_store(struct session *s, struct err *err)
{
    const struct config *conf = s->conf;

    if (!store_open(&s->store_conf, &s->store, err) ||
        !s->store->describe(s->store, &s->info, err) ||
        !layouts_choose(conf->layout, s->store, &s->info, &s->layout, s->why, err))
        return false;
    /* Before the next step can fail: a report that has a layout has prefixes. */
    s->topic_prefix = conf->topic_prefix ? conf->topic_prefix : s->layout->topic_prefix;
    s->consumer_prefix = conf->consumer_prefix ? conf->consumer_prefix : s->layout->consumer_prefix;
    if (!topic_overrides_apply(&conf->topics, s->layout, s->topic_prefix, s->consumer_prefix, err))
        return false;
    if (!staging_options_bind(conf, s->layout, err))
        return false;
    find_places(s);
    if (!s->store->use(s->store, s->layout, err))
        return false;
    finish_store(s);
    return true;
}

bool session_open_store(struct session *s, struct err *err)
{
    return open_store(s, err) || tell_origin(s->conf, err);
}

bool session_reopen_store(struct session *s, struct err *err)
{
    struct store *now = NULL;

    if (!store_open(&s->store_conf, &now, err))
        return false;
    s->store->close(s->store);
    s->store = now;
    if (!now->describe(now, &s->info, err) || !now->use(now, s->layout, err))
        return false;
    finish_store(s);
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
    mem_free(s->store_conf.search.indices.items);
    mem_free(s->store_conf.search.headers.items);
}
